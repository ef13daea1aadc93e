package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A useCase is an exported method with a context of a type that holds the service.
type useCase struct {
	name string
	fn   types.Object
}

// doors of the data base: who of auth may name it. Everybody else goes through Do.
var opensTheStore = map[string]string{
	"New":       "keeps it",
	"passBy":    "is the door",
	"startSite": "reads the site's record before there is a service",
	"Seed":      "writes into a store that no service uses yet",
}

// Every use case of every package that has some goes through auth.Do: by itself, or by a function of its package that
// does. The data base is opened nowhere else, and no subject holds it.
func TestEveryUseCaseGoesThroughTheDoor(t *testing.T) {
	found := 0
	for _, dir := range useCaseDirs(t) {
		p := loadPackage(t, dir)
		calls := p.calls()
		for _, u := range p.useCases() {
			found++
			if !reachesDoor(calls, u.fn, map[types.Object]bool{}) {
				t.Errorf("%s.%s does not go through auth.Do", dir, u.name)
			}
		}
		for _, opener := range p.opens() {
			if dir != "auth" || opensTheStore[opener] == "" {
				t.Errorf("%s.%s opens the data base beside the door", dir, opener)
			}
		}
	}
	if found < 55 {
		t.Errorf("found %d use cases, want at least 55: the test has lost sight of them", found)
	}
}

// door marks a call of auth.Do in calls.
var door types.Object = types.NewLabel(token.NoPos, nil, "the door")

func reachesDoor(calls map[types.Object][]types.Object, fn types.Object, seen map[types.Object]bool) bool {
	if fn == door {
		return true
	}
	if seen[fn] {
		return false
	}
	seen[fn] = true
	return slices.ContainsFunc(calls[fn], func(next types.Object) bool { return reachesDoor(calls, next, seen) })
}

// carriesOut is the passes that may write to a variable from outside of them, by function, with the reason: what a pass
// finds out is what its closure returns.
var carriesOut = map[string]string{"auth.resultOf": "hands out what the last run returned, where no error did"}

// A pass through the door may run twice, and the second run must not find what the first one left. So no closure that
// is given a *Work writes to a variable declared outside of it: not by an assignment, not through a pointer that it
// lends, and not by lending a ceremony from outside to a factor, which writes to it.
func TestNoPassWritesOutside(t *testing.T) {
	passes := 0
	for _, dir := range useCaseDirs(t) {
		p := loadPackage(t, dir)
		for _, file := range p.files {
			for _, decl := range file.Decls {
				fn, ok := decl.(*ast.FuncDecl)
				if !ok || fn.Body == nil {
					continue
				}
				where := dir + "." + fn.Name.Name
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					lit, ok := n.(*ast.FuncLit)
					if !ok || !takesWork(lit.Type) {
						return true
					}
					passes++
					for _, w := range p.writesOutside(lit) {
						if carriesOut[where] == "" {
							t.Errorf("%s: %s: the pass %s", p.fset.Position(w.at), where, w.what)
						}
					}
					return true
				})
			}
		}
	}
	if passes < 50 {
		t.Errorf("found %d passes, want at least 50: the test has lost sight of them", passes)
	}
}

// useCaseDirs is every package whose sources say auth.Work, and auth itself: those that have use cases.
func useCaseDirs(t *testing.T) []string {
	t.Helper()
	dirs := []string{"auth"}
	for _, s := range sources(t) {
		if s.test || slices.Contains(dirs, s.dir) || !slices.Contains(s.imports(), modulePath+"/auth") {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			if x, ok := n.(*ast.SelectorExpr); ok && x.Sel.Name == "Work" && isIdent(x.X, "auth") &&
				!slices.Contains(dirs, s.dir) {
				dirs = append(dirs, s.dir)
			}
			return true
		})
	}
	return dirs
}

func isIdent(x ast.Expr, name string) bool {
	id, ok := x.(*ast.Ident)
	return ok && id.Name == name
}

// takesWork reports whether a function's first parameter is the *Work of a pass.
func takesWork(fn *ast.FuncType) bool {
	if len(fn.Params.List) == 0 {
		return false
	}
	star, ok := fn.Params.List[0].Type.(*ast.StarExpr)
	if !ok {
		return false
	}
	if sel, ok := star.X.(*ast.SelectorExpr); ok {
		return isIdent(sel.X, "auth") && sel.Sel.Name == "Work"
	}
	return isIdent(star.X, "Work")
}

// loaded is a package with its names resolved. What it imports is not read: the names of its own variables are enough.
type loaded struct {
	dir   string
	fset  *token.FileSet
	files []*ast.File
	info  types.Info
}

func loadPackage(t *testing.T, dir string) *loaded {
	t.Helper()
	p := &loaded{dir: dir, fset: token.NewFileSet()}
	p.info = types.Info{Uses: map[*ast.Ident]types.Object{}, Defs: map[*ast.Ident]types.Object{}}
	names, err := filepath.Glob(filepath.Join("..", "..", dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		file, err := parser.ParseFile(p.fset, name, text, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		p.files = append(p.files, file)
	}
	conf := types.Config{Error: func(error) {}}
	_, _ = conf.Check(dir, p.fset, p.files, &p.info) // without its imports it has errors, and its names all the same
	return p
}

// outside returns the variable at the root of an expression if it is declared outside of lit, else nil.
func (p *loaded) outside(x ast.Expr, lit *ast.FuncLit) types.Object {
	for {
		switch e := x.(type) {
		case *ast.ParenExpr:
			x = e.X
		case *ast.SelectorExpr:
			x = e.X
		case *ast.IndexExpr:
			x = e.X
		case *ast.StarExpr:
			x = e.X
		case *ast.Ident:
			obj, ok := p.info.Uses[e].(*types.Var)
			if !ok || obj.Pos() >= lit.Pos() && obj.Pos() < lit.End() {
				return nil
			}
			return obj
		default:
			return nil
		}
	}
}

// fillsCeremony names what a factor does with the ceremony that it is lent: it writes to it.
var fillsCeremony = []string{"BeginBind", "FinishBind", "BeginVerify", "FinishVerify"}

type outsideWrite struct {
	at   token.Pos
	what string
}

// writesOutside lists what lit writes to that is declared outside of it.
func (p *loaded) writesOutside(lit *ast.FuncLit) []outsideWrite {
	var list []outsideWrite
	note := func(x ast.Expr, what string) {
		if obj := p.outside(x, lit); obj != nil {
			list = append(list, outsideWrite{x.Pos(), what + " " + obj.Name() + ", which is declared outside of it"})
		}
	}
	ast.Inspect(lit.Body, func(n ast.Node) bool {
		switch s := n.(type) {
		case *ast.AssignStmt:
			for _, x := range s.Lhs {
				note(x, "writes to")
			}
		case *ast.IncDecStmt:
			note(s.X, "writes to")
		case *ast.RangeStmt:
			note(s.Key, "writes to")
			note(s.Value, "writes to")
		case *ast.UnaryExpr:
			if s.Op == token.AND {
				note(s.X, "lends a pointer to")
			}
		case *ast.CallExpr:
			if sel, ok := s.Fun.(*ast.SelectorExpr); ok && len(s.Args) > 0 &&
				slices.Contains(fillsCeremony, sel.Sel.Name) {
				note(s.Args[0], "lends to a factor")
			}
		}
		return true
	})
	return list
}

// functions calls visit for every function and method that has a body.
func (p *loaded) functions(visit func(*ast.FuncDecl)) {
	for _, file := range p.files {
		for _, decl := range file.Decls {
			if fn, ok := decl.(*ast.FuncDecl); ok && fn.Body != nil {
				visit(fn)
			}
		}
	}
}

// calls lists what each function of the package names of its own, and the door if it names that. In auth the door is
// Do and what it is made of; elsewhere it is auth.Do, or Do of what is no type of the package.
func (p *loaded) calls() map[types.Object][]types.Object {
	all := map[types.Object][]types.Object{}
	p.functions(func(fn *ast.FuncDecl) {
		self := p.info.Defs[fn.Name]
		if p.dir == "auth" && fn.Name.Name == "pass" {
			all[self] = []types.Object{door}
			return
		}
		ast.Inspect(fn.Body, func(n ast.Node) bool {
			switch x := n.(type) {
			case *ast.SelectorExpr:
				if (x.Sel.Name == "Do" || x.Sel.Name == "DoOnce") && p.info.Uses[x.Sel] == nil && p.dir != "auth" {
					all[self] = append(all[self], door)
				}
			case *ast.Ident:
				if callee, ok := p.info.Uses[x].(*types.Func); ok {
					all[self] = append(all[self], callee.Origin())
				}
			}
			return true
		})
	})
	return all
}

// useCases lists the exported methods with a context of the types that hold the service.
func (p *loaded) useCases() []useCase {
	var list []useCase
	p.functions(func(fn *ast.FuncDecl) {
		if fn.Recv == nil || !fn.Name.IsExported() || len(fn.Type.Params.List) == 0 ||
			!p.holdsService(fn.Recv.List[0].Type) {
			return
		}
		if sel, ok := fn.Type.Params.List[0].Type.(*ast.SelectorExpr); ok && isIdent(sel.X, "context") {
			list = append(list, useCase{fn.Name.Name, p.info.Defs[fn.Name]})
		}
	})
	return list
}

// holdsService reports whether a receiver is auth's Service, or a struct with a field that is one.
func (p *loaded) holdsService(x ast.Expr) bool {
	if star, ok := x.(*ast.StarExpr); ok {
		x = star.X
	}
	id, ok := x.(*ast.Ident)
	if !ok {
		return false
	}
	holds := p.dir == "auth" && id.Name == "Service"
	for _, file := range p.files {
		ast.Inspect(file, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok || spec.Name.Name != id.Name {
				return true
			}
			if s, ok := spec.Type.(*ast.StructType); ok {
				holds = holds ||
					slices.ContainsFunc(s.Fields.List, func(f *ast.Field) bool { return isService(f.Type, p.dir) })
			}
			return false
		})
	}
	return holds
}

func isService(x ast.Expr, dir string) bool {
	star, ok := x.(*ast.StarExpr)
	if !ok {
		return false
	}
	if sel, ok := star.X.(*ast.SelectorExpr); ok {
		return isIdent(sel.X, "auth") && (sel.Sel.Name == "Service" || sel.Sel.Name == "Door")
	}
	return dir == "auth" && isIdent(star.X, "Service")
}

// opens lists the functions that name the data base: the field db of auth's service or the type store.DB. A type that
// does is listed by its own name.
func (p *loaded) opens() []string {
	var list []string
	for _, file := range p.files {
		for _, decl := range file.Decls {
			name := ""
			switch d := decl.(type) {
			case *ast.FuncDecl:
				name = d.Name.Name
			case *ast.GenDecl:
				if p.dir == "auth" { // its service and its configuration hold it
					continue
				}
				name = "a declaration"
			}
			opens := false
			ast.Inspect(decl, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				opens = opens || ok && (sel.Sel.Name == "db" || sel.Sel.Name == "DB" &&
					(isIdent(sel.X, "store") || isIdent(sel.X, "cfg")))
				return true
			})
			if opens {
				list = append(list, name)
			}
		}
	}
	return list
}
