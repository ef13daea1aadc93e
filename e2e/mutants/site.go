package main

import (
	"cmp"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"strings"
)

// The kinds of mutation.
const (
	kindGuard   = "guard"   // an if that ends in return, continue or break is never taken
	kindNegate  = "negate"  // any other if is taken when it should not be
	kindBound   = "bound"   // < for <=, > for >=, and the other way round
	kindEqual   = "equal"   // == for !=, and the other way round
	kindOperand = "operand" // a part of && or || has no say
	kindCall    = "call"    // a call whose result is an error, or none, is not made
	kindRefusal = "refusal" // an error that ends a function is not returned
	kindAssign  = "assign"  // an assignment is left out
	kindBool    = "bool"    // true for false
	kindZero    = "zero"    // a number is 0
	kindSwap    = "swap"    // a duration is another one of the package
)

// A site is one place that can be mutated. The mutation is text around what stands there, so that many can be made at
// once; \x00 stands for the number of the switch that turns it on.
type site struct {
	pkg    *source
	file   *ast.File
	name   string // of the file
	line   int
	within string // the function
	kind   string
	text   string // what stands there, shortened
	nth    int    // of those that are alike in their function

	from, to      int // offsets in the file
	before, after string
	id            int // the number of its switch, from 1
}

// place names the function that a site is in.
func (s *site) place() string { return s.pkg.short + "/" + s.name + " " + s.within }

// key names a site, as long as its function does not change.
func (s *site) key() string {
	key := fmt.Sprintf("%s/%s %s %s `%s`", s.pkg.short, s.name, s.within, s.kind, s.text)
	if s.nth > 1 {
		key += fmt.Sprintf(" #%d", s.nth)
	}
	return key
}

// A finder collects the sites of a package.
type finder struct {
	pkg       *source
	file      *ast.File
	stack     []ast.Node // from the file down to the parent of what is looked at
	seen      map[string]int
	durations []int64 // all that the package knows, in order
	sites     []*site
}

// find returns every site of a package, in the order of its files.
func find(s *source) []*site {
	f := &finder{pkg: s, seen: map[string]int{}, durations: durationsOf(s)}
	for _, file := range s.files {
		f.file = file
		f.stack = nil
		ast.Inspect(file, func(n ast.Node) bool {
			if n == nil {
				f.stack = f.stack[:len(f.stack)-1]
				return true
			}
			if !f.look(n) {
				return false
			}
			f.stack = append(f.stack, n)
			return true
		})
	}
	return f.sites
}

// parent is what stands around what is looked at.
func (f *finder) parent() ast.Node {
	if len(f.stack) == 0 {
		return nil
	}
	return f.stack[len(f.stack)-1]
}

// inBlock reports whether what is looked at is a statement among others, which another may stand before.
func (f *finder) inBlock() bool {
	switch f.parent().(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.CommClause:
		return true
	}
	return false
}

// text is what was written in a place.
func (f *finder) text(n ast.Node) string {
	file := f.pkg.fset.File(n.Pos())
	return string(f.pkg.texts[f.file][file.Offset(n.Pos()):file.Offset(n.End())])
}

// add notes a site: where what is written in n is put between two texts.
func (f *finder) add(kind string, n ast.Node, before, after string) {
	const most = 70
	file := f.pkg.fset.File(n.Pos())
	at := f.pkg.fset.Position(n.Pos())
	text := strings.Join(strings.Fields(f.text(n)), " ")
	if runes := []rune(text); len(runes) > most {
		text = string(runes[:most]) + "…"
	}
	one := &site{
		pkg: f.pkg, file: f.file, name: filepath.Base(at.Filename), line: at.Line, within: f.function(), kind: kind,
		text: text, from: file.Offset(n.Pos()), to: file.Offset(n.End()), before: before, after: after,
	}
	like := one.key()
	f.seen[like]++
	one.nth = f.seen[like]
	f.sites = append(f.sites, one)
}

// function names the declaration around what is looked at.
func (f *finder) function() string {
	for _, n := range f.stack {
		if d, ok := n.(*ast.FuncDecl); ok {
			return cmp.Or(receiver(d), d.Name.Name)
		}
	}
	return "(package)"
}

// receiver is a method's name with its type's, "" for a function.
func receiver(d *ast.FuncDecl) string {
	if d.Recv == nil {
		return ""
	}
	t := d.Recv.List[0].Type
	for {
		switch x := t.(type) {
		case *ast.StarExpr:
			t = x.X
		case *ast.IndexExpr:
			t = x.X
		case *ast.IndexListExpr:
			t = x.X
		case *ast.Ident:
			return x.Name + "." + d.Name.Name
		default:
			return ""
		}
	}
}

// look notes the sites of one node and reports whether to look into it.
func (f *finder) look(n ast.Node) bool {
	switch n := n.(type) {
	case *ast.GenDecl:
		return n.Tok == token.VAR // constants and types are needed when it is compiled
	case *ast.ImportSpec, *ast.ArrayType, *ast.Field:
		return false
	case *ast.IfStmt:
		f.condition(n)
	case *ast.ReturnStmt:
		f.returned(n)
	case *ast.ExprStmt:
		f.called(n)
	case *ast.AssignStmt:
		f.assigned(n)
	case *ast.IncDecStmt:
		f.drop(kindAssign, n)
	case *ast.BinaryExpr:
		if !f.constant(n) {
			return false
		}
		f.binary(n)
	case ast.Expr:
		return f.constant(n)
	}
	return true
}
