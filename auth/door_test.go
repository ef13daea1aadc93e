package auth

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// parsed returns this package's sources without its tests.
func parsed(t *testing.T) []*ast.File {
	t.Helper()
	names, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(gotoken.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	return files
}

// Every use case goes through Do: by itself, or by a method of Service that
// does. The data base is opened nowhere else.
func TestEveryUseCaseGoesThroughTheDoor(t *testing.T) {
	calls := map[string]map[string]bool{} // method -> what it calls on s
	exported := []string{}
	for _, f := range parsed(t) {
		for _, d := range f.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv == nil || receiver(fn) != "Service" {
				continue
			}
			calls[fn.Name.Name] = map[string]bool{}
			ast.Inspect(fn.Body, func(n ast.Node) bool {
				sel, ok := n.(*ast.SelectorExpr)
				if !ok {
					return true
				}
				if x, ok := sel.X.(*ast.Ident); ok && x.Name == "s" {
					calls[fn.Name.Name][sel.Sel.Name] = true
				}
				return true
			})
			if fn.Name.IsExported() && strings.Contains(signature(fn), "Context") {
				exported = append(exported, fn.Name.Name)
			}
		}
	}
	var reaches func(name string, seen map[string]bool) bool
	reaches = func(name string, seen map[string]bool) bool {
		if name == "Do" {
			return true
		}
		if seen[name] {
			return false
		}
		seen[name] = true
		for callee := range calls[name] {
			if reaches(callee, seen) {
				return true
			}
		}
		return false
	}
	if len(exported) < 30 {
		t.Fatalf("found %d use cases, want at least 30: the test has lost sight of them", len(exported))
	}
	for _, name := range exported {
		if !reaches(name, map[string]bool{}) {
			t.Errorf("%s does not go through Do", name)
		}
	}
	for name, callees := range calls {
		if callees["db"] && name != "do" && name != "startSite" && name != "seed" {
			t.Errorf("%s opens the data base beside the door", name)
		}
	}
}

func receiver(fn *ast.FuncDecl) string {
	if star, ok := fn.Recv.List[0].Type.(*ast.StarExpr); ok {
		if id, ok := star.X.(*ast.Ident); ok {
			return id.Name
		}
	}
	return ""
}

func signature(fn *ast.FuncDecl) string {
	var b strings.Builder
	for _, p := range fn.Type.Params.List {
		if sel, ok := p.Type.(*ast.SelectorExpr); ok {
			b.WriteString(sel.Sel.Name + " ")
		}
	}
	return b.String()
}

// Every action that the package names has a rule, and is done somewhere.
func TestEveryActionHasARule(t *testing.T) {
	table := rules()
	named := 0
	for _, f := range parsed(t) {
		ast.Inspect(f, func(n ast.Node) bool {
			v, ok := n.(*ast.ValueSpec)
			if !ok {
				return true
			}
			id, ok := v.Type.(*ast.Ident)
			if !ok || id.Name != "Action" || len(v.Values) != 1 {
				return true
			}
			named++
			act := Action(strings.Trim(v.Values[0].(*ast.BasicLit).Value, `"`))
			if _, ok := table[act]; !ok {
				t.Errorf("%s has no rule", v.Names[0].Name)
			}
			return true
		})
	}
	if named != len(table) {
		t.Errorf("%d actions are named, %d have rules", named, len(table))
	}
}

// So does every use case of a lab: by the service's door (do, for the one that holds the world itself), or by a use case
// of the lab that does.
func TestEveryUseCaseOfALabGoesThroughTheDoor(t *testing.T) {
	reaches := map[string]bool{}
	exported := 0
	for range 3 { // Move reaches it by Clock
		exported = 0
		for _, f := range parsed(t) {
			for _, d := range f.Decls {
				fn, ok := d.(*ast.FuncDecl)
				if !ok || fn.Recv == nil || receiver(fn) != "Lab" {
					continue
				}
				ast.Inspect(fn.Body, func(n ast.Node) bool {
					sel, ok := n.(*ast.SelectorExpr)
					if !ok {
						return true
					}
					if inner, ok := sel.X.(*ast.SelectorExpr); ok && inner.Sel.Name == "s" && (sel.Sel.Name == "Do" || sel.Sel.Name == "do") || reaches[sel.Sel.Name] {
						reaches[fn.Name.Name] = true
					}
					if inner, ok := sel.X.(*ast.SelectorExpr); ok && inner.Sel.Name == "s" && sel.Sel.Name == "db" {
						t.Errorf("%s opens the data base beside the door", fn.Name.Name)
					}
					return true
				})
				if fn.Name.IsExported() && strings.Contains(signature(fn), "Context") {
					exported++
				}
			}
		}
	}
	got := 0
	for name := range reaches {
		if ast.IsExported(name) {
			got++
		}
	}
	if exported < 8 || got != exported {
		t.Errorf("got %d of %d use cases of a lab through the door (%v), want all of at least 8", got, exported, reaches)
	}
}

func TestAnActionWithoutARuleCannotBeDone(t *testing.T) {
	s := &Service{rules: rules()}
	if err := s.Do(t.Context(), Caller{}, "pay-out", func(*Work) error { return nil }); err == nil {
		t.Error("an action without a rule: got no error")
	}
	if err := s.Do(t.Context(), Caller{}, ActSweep, func(*Work) error { return nil }); err == nil {
		t.Error("a request acting as the service itself: got no error")
	}
}

// No stored record and no secret can be reached from what use cases return.
func TestInfosHoldNoRecords(t *testing.T) {
	records := []any{Account{}, Authenticator{}, Device{}, Session{}, Browser{}, Event{}, throttle{}, spentMark{},
		link{}, change{}, Ceremony{}, siteMeta{}, chainHead{}}
	forbidden := map[reflect.Type]bool{}
	for _, r := range records {
		forbidden[reflect.TypeOf(r)] = true
	}
	outputs := []any{SignUpInfo{}, SignInInfo{}, MethodInfo{}, Challenge{}, DeliveryInfo{}, StepUpInfo{}, StepUpDone{}, BindInfo{},
		AuthenticatorInfo{}, SessionInfo{}, Me{}, SecurityInfo{}, Forecast{}, DeviceInfo{}, ChangeInfo{}, RemoveInfo{},
		BrowserInfo{}, CodesInfo{}, HistoryInfo{}, EventInfo{}, Error{}, LabInfo{}, ClockInfo{}, InboxMessage{}}
	for _, o := range outputs {
		walk(t, reflect.TypeOf(o), reflect.TypeOf(o).Name(), forbidden, map[reflect.Type]bool{})
	}
}

func walk(t *testing.T, typ reflect.Type, path string, forbidden, seen map[reflect.Type]bool) {
	if seen[typ] {
		return
	}
	seen[typ] = true
	if forbidden[typ] {
		t.Errorf("%s reaches the record %s", path, typ)
		return
	}
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Array:
		walk(t, typ.Elem(), path+"[]", forbidden, seen)
	case reflect.Struct:
		if typ.PkgPath() != reflect.TypeOf(Account{}).PkgPath() {
			return
		}
		for i := range typ.NumField() {
			f := typ.Field(i)
			for _, word := range []string{"Secret", "Password", "Handle", "Hash", "Seed"} {
				if f.Name == word {
					t.Errorf("%s.%s looks like a secret", path, f.Name)
				}
			}
			walk(t, f.Type, path+"."+f.Name, forbidden, seen)
		}
	}
}
