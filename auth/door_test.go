package auth

import (
	"errors"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
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

func TestAnActionWithoutARuleCannotBeDone(t *testing.T) {
	s := new(Service)
	s.rulebook.Store(&rulebook{rules: rules()})
	if err := s.do(t.Context(), Caller{}, "pay-out", func(*Work) error { return nil }); err == nil {
		t.Error("an action without a rule: got no error")
	}
	for _, a := range []Action{ActLabLook, ActLabClock, ActLabReset} { // what testers may do, nobody may at a site
		if err := s.do(t.Context(), Caller{}, a, func(*Work) error { return nil }); !errors.Is(err, Refuse(NotFound)) {
			t.Errorf("%s at a site: got %v, want %s", a, err, NotFound)
		}
	}
	if err := s.do(t.Context(), Caller{}, ActSweep, func(*Work) error { return nil }); err == nil {
		t.Error("a request acting as the service itself: got no error")
	}
}

// No stored record and no secret can be reached from what use cases return.
func TestInfosHoldNoRecords(t *testing.T) {
	records := []any{Account{}, Authenticator{}, Device{}, session{}, browser{}, Event{}, attempts{}, quota{}, consumedMark{},
		link{}, change{}, Ceremony{}, siteMeta{}, chainHead{}}
	forbidden := map[reflect.Type]bool{}
	for _, r := range records {
		forbidden[reflect.TypeOf(r)] = true
	}
	outputs := []any{SignUpInfo{}, SignInInfo{}, MethodInfo{}, Challenge{}, DeliveryInfo{}, StepUpInfo{}, StepUpDone{}, BindInfo{},
		AuthenticatorInfo{}, SessionInfo{}, Me{}, SecurityInfo{}, OfferInfo{}, Forecast{}, DeviceInfo{}, ChangeInfo{},
		RemoveInfo{},
		BrowserInfo{}, Data{}, CodesInfo{}, HistoryInfo{}, EventInfo{}, Error{}, LabInfo{}, ClockInfo{}, InboxMessage{}}
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

// What a session has shown against what an act demands: its class and its age, to the second, and what is asked for
// then.
func TestWhatADemandAsks(t *testing.T) {
	const age = 10 * time.Minute
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for _, x := range []struct {
		shown  Class
		ago    time.Duration
		demand Class
		same   Class
		want   Code
		asked  Class
	}{
		{NoClass, 0, NoClass, Strong, "", NoClass},
		{NoClass, 0, Same, NoClass, "", NoClass},
		{NoClass, 0, Weak, NoClass, StepUpRequired, Weak},
		{Weak, age, Weak, NoClass, "", NoClass},
		{Weak, age + time.Second, Weak, NoClass, StepUpRequired, Weak},
		{Strong, age, Weak, NoClass, "", NoClass},
		{Strong, age, Strong, NoClass, "", NoClass},
		{Strong, age + time.Second, Strong, NoClass, StepUpRequired, Strong},
		{Weak, age, Strong, NoClass, TooWeak, Strong},
		{Weak, age + time.Second, Strong, NoClass, StepUpRequired, Strong},
		{Weak, age, Same, Strong, TooWeak, Strong},
		{Weak, age, Same, Weak, "", NoClass},
		{NoClass, 0, Same, Weak, StepUpRequired, Weak},
	} {
		w := &Work{now: now, session: &session{Proofs: []Proof{{At: now}, {Class: x.shown, At: now.Add(-x.ago)}}}}
		err := w.Require(Demand{Class: x.demand, MaxAge: age}, x.same)
		var e *Error
		if errors.As(err, &e); x.want == "" && err != nil || x.want != "" && (e == nil || e.Code != x.want) {
			t.Errorf("%+v: got %v", x, err)
		} else if e != nil && e.Demand != (Demand{Class: x.asked, MaxAge: age}) {
			t.Errorf("%+v: got %+v asked for", x, e.Demand)
		}
	}
}
