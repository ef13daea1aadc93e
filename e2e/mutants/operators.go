package main

import (
	"fmt"
	"go/ast"
	"go/constant"
	"go/token"
	"go/types"
	"slices"
)

var errorType = types.Universe.Lookup("error").Type()

// failure reports whether a condition asks for an error: those of the store and the disk are not mutated, for nothing
// but a broken machine shows what becomes of them.
func (f *finder) failure(e ast.Expr) bool {
	b, ok := ast.Unparen(e).(*ast.BinaryExpr)
	if !ok || b.Op != token.NEQ && b.Op != token.EQL {
		return false
	}
	t := f.pkg.info.TypeOf(b.X)
	return t != nil && types.Identical(t, errorType)
}

// condition looks at an if.
func (f *finder) condition(n *ast.IfStmt) {
	if f.failure(n.Cond) {
		if a, ok := n.Init.(*ast.AssignStmt); ok && n.Else == nil && len(a.Rhs) == 1 && f.onlyErrors(a) {
			f.add(kindCall, n, "if mutantIs(\x00) {} else ", "")
		}
		return
	}
	if n.Else == nil && leaves(n.Body) {
		f.add(kindGuard, n.Cond, "((", ") && !mutantIs(\x00))")
		return
	}
	f.add(kindNegate, n.Cond, "((", ") != mutantIs(\x00))")
}

// onlyErrors reports whether an assignment is of one error that a call returned.
func (f *finder) onlyErrors(a *ast.AssignStmt) bool {
	_, called := a.Rhs[0].(*ast.CallExpr)
	t := f.pkg.info.TypeOf(a.Lhs[0])
	return called && len(a.Lhs) == 1 && t != nil && types.Identical(t, errorType)
}

// leaves reports whether a block ends by leaving what is around it.
func leaves(b *ast.BlockStmt) bool {
	if len(b.List) == 0 {
		return false
	}
	switch b.List[len(b.List)-1].(type) {
	case *ast.ReturnStmt, *ast.BranchStmt:
		return true
	}
	return false
}

// returned looks at a return: one of an error alone, and true and false among the results.
func (f *finder) returned(n *ast.ReturnStmt) {
	for _, e := range n.Results {
		if id, ok := e.(*ast.Ident); ok && f.isBool(id) {
			f.add(kindBool, id, "(", " != mutantIs(\x00))")
		}
	}
	if len(n.Results) != 1 || !f.inBlock() || !f.returnsOneError() {
		return
	}
	call, ok := n.Results[0].(*ast.CallExpr)
	if !ok {
		return
	}
	kind := kindCall
	if makesErrors(call) {
		kind = kindRefusal
		if len(f.stack) > 1 {
			if i, ok := f.stack[len(f.stack)-2].(*ast.IfStmt); ok && i.Body == f.parent() && i.Else == nil {
				return // its guard is a site already
			}
		}
	}
	f.add(kind, n, "if mutantIs(\x00) { return nil }; ", "")
}

// isBool reports whether a name is true or false itself.
func (f *finder) isBool(id *ast.Ident) bool {
	c, ok := f.pkg.info.Uses[id].(*types.Const)
	return ok && c.Pkg() == nil && c.Val().Kind() == constant.Bool
}

// makesErrors reports whether a call does nothing but make an error.
func makesErrors(call *ast.CallExpr) bool {
	switch fn := call.Fun.(type) {
	case *ast.Ident:
		return fn.Name == "Refuse" || fn.Name == "RefuseField"
	case *ast.SelectorExpr:
		x, ok := fn.X.(*ast.Ident)
		return ok && (fn.Sel.Name == "Refuse" || fn.Sel.Name == "RefuseField" || fn.Sel.Name == "Errorf" && x.Name == "fmt" ||
			x.Name == "errors")
	}
	return false
}

// returnsOneError reports whether the nearest function returns an error and nothing else.
func (f *finder) returnsOneError() bool {
	for _, n := range slices.Backward(f.stack) {
		var t *ast.FuncType
		switch n := n.(type) {
		case *ast.FuncDecl:
			t = n.Type
		case *ast.FuncLit:
			t = n.Type
		default:
			continue
		}
		return t.Results != nil && len(t.Results.List) == 1 && len(t.Results.List[0].Names) < 2 &&
			types.Identical(f.pkg.info.TypeOf(t.Results.List[0].Type), errorType)
	}
	return false
}

// unseen are calls that nothing is missed of but in a race, or in a log.
var unseen = []string{
	"Lock", "Unlock", "RLock", "RUnlock", "Wait", "Done", "Add", "Close", "Stop", "panic", "close",
	"Debug", "Info", "Warn", "Error", "Log", "LogAttrs", "InfoContext", "WarnContext", "ErrorContext",
}

// called looks at a call that stands alone.
func (f *finder) called(n *ast.ExprStmt) {
	call, ok := n.X.(*ast.CallExpr)
	if !ok {
		return
	}
	name := ""
	switch fn := call.Fun.(type) {
	case *ast.Ident:
		name = fn.Name
	case *ast.SelectorExpr:
		name = fn.Sel.Name
	}
	if !slices.Contains(unseen, name) {
		f.drop(kindCall, n)
	}
}

// assigned looks at an assignment that declares nothing.
func (f *finder) assigned(n *ast.AssignStmt) {
	if n.Tok == token.DEFINE || len(n.Lhs) != 1 {
		return
	}
	if id, ok := n.Lhs[0].(*ast.Ident); ok && id.Name == "_" {
		return
	}
	kind := kindAssign
	if f.onlyErrors(n) {
		kind = kindCall
	}
	f.drop(kind, n)
}

// drop notes a statement that is left out.
func (f *finder) drop(kind string, n ast.Stmt) {
	if f.inBlock() {
		f.add(kind, n, "if !mutantIs(\x00) { ", " }")
	}
}

// binary looks at a comparison, and at what is joined.
func (f *finder) binary(n *ast.BinaryExpr) {
	if f.failure(n) {
		return
	}
	switch n.Op {
	case token.LSS, token.GTR:
		f.add(kindBound, n, "(", " || mutantIs(\x00) && ("+f.text(n.X)+") == ("+f.text(n.Y)+"))")
	case token.LEQ, token.GEQ:
		f.add(kindBound, n, "(", " && !(mutantIs(\x00) && ("+f.text(n.X)+") == ("+f.text(n.Y)+")))")
	case token.EQL, token.NEQ:
		if _, whole := f.parent().(*ast.IfStmt); !whole {
			f.add(kindEqual, n, "((", ") != mutantIs(\x00))")
		}
	case token.LAND, token.LOR:
		for _, part := range []ast.Expr{n.X, n.Y} {
			f.operand(n.Op, part)
		}
	}
}

// operand notes a part of && that is always true, of || that is always false.
func (f *finder) operand(op token.Token, part ast.Expr) {
	if b, ok := part.(*ast.BinaryExpr); ok && b.Op == op || f.failure(part) {
		return // the parts of a chain are sites of their own
	}
	after := " || mutantIs(\x00))"
	if op == token.LOR {
		after = ") && !mutantIs(\x00))"
		f.add(kindOperand, part, "((", after)
		return
	}
	f.add(kindOperand, part, "(", after)
}

// constant notes a number, and reports whether to look into the expression: not into one that is a number as a whole.
func (f *finder) constant(e ast.Expr) bool {
	v, ok := f.pkg.info.Types[e]
	if !ok || v.Value == nil {
		return true
	}
	number, exact := constant.Int64Val(constant.ToInt(v.Value))
	if v.Value.Kind() != constant.Int || !exact || number == 0 || !f.switchable(e) {
		return false
	}
	duration := v.Type.String() == "time.Duration"
	name, ok := f.typeName(v.Type, duration)
	if !ok || !duration && number == 1 {
		return false
	}
	f.add(kindZero, e, "mutantOf["+name+"](\x00, ", ", 0)")
	if duration && len(f.durations) > 1 {
		i, _ := slices.BinarySearch(f.durations, number)
		other := f.durations[(i+1)%len(f.durations)]
		f.add(kindSwap, e, "mutantOf["+name+"](\x00, ", fmt.Sprintf(", %d)", other))
	}
	return false
}

// typeName is how a number's type is written in the file: basic types and durations alone, no enumerations.
func (f *finder) typeName(t types.Type, duration bool) (string, bool) {
	if duration {
		return "time.Duration", slices.ContainsFunc(f.file.Imports, func(i *ast.ImportSpec) bool {
			return i.Path.Value == `"time"` && i.Name == nil
		})
	}
	b, ok := t.(*types.Basic)
	return t.String(), ok && b.Info()&types.IsInteger != 0 && b.Info()&types.IsUntyped == 0
}

// switchable reports whether a number may come from a variable where it stands, and would be missed there: an index or
// a width of a shift only makes the program fall over.
func (f *finder) switchable(e ast.Expr) bool {
	switch p := f.parent().(type) {
	case *ast.IndexExpr, *ast.SliceExpr, *ast.CaseClause:
		return false
	case *ast.BinaryExpr:
		return p.Op != token.SHL && p.Op != token.SHR && p.Op != token.QUO && p.Op != token.REM
	case *ast.KeyValueExpr:
		return p.Key != e
	case *ast.CallExpr:
		id, ok := p.Fun.(*ast.Ident)
		return p.Fun != e && (!ok || id.Name != "make")
	}
	return true
}

// durationsOf are the different durations that a package names or writes, in order.
func durationsOf(s *source) []int64 {
	var all []int64
	for e, v := range s.info.Types {
		if _, ok := e.(*ast.BinaryExpr); !ok || v.Value == nil || v.Type.String() != "time.Duration" {
			continue
		}
		if number, exact := constant.Int64Val(constant.ToInt(v.Value)); exact && number > 0 {
			all = append(all, number)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}
