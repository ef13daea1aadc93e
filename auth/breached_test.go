package auth

import (
	"crypto/sha1"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/password"
)

// breachedList is a list of one password.
func breachedList(t *testing.T, text string) (list *password.Breached, path string) {
	t.Helper()
	dir := t.TempDir()
	in, path := filepath.Join(dir, "in"), filepath.Join(dir, "list")
	if err := os.WriteFile(in, fmt.Appendf(nil, "%X:1\n", sha1.Sum([]byte(text))), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := password.BuildBreached(t.Context(), in, path); err != nil {
		t.Fatal(err)
	}
	list, file, err := password.OpenBreached(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return list, path
}

// A password that was published is refused beside what else it lacks, wherever one is chosen; where the list cannot be
// read none can be, and an alarm says why.
func TestBreachedPasswordsAreRefused(t *testing.T) {
	const typed = "Vivid-Marmot7"
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	list, path := breachedList(t, typed)
	s.breached = list
	a := &Account{UserName: "BestShop", Email: "mailbox77@example.com", Name: "Lei Wang"}
	chosen := map[string]func(string) error{
		"change and reset": func(p string) error { _, err := s.acceptedHash(t.Context(), p, a); return err },
		"sign-up": func(p string) error {
			_, err := s.newAccount(Caller{}, a.Email, SignUpForm{Name: a.Name, UserName: "BestShop", Phone: "+8613800138000",
				Password: p, Terms: true})
			return err
		},
	}
	for name, choose := range chosen {
		err := choose(typed)
		var e *Error
		if !errors.As(err, &e) || e.Code != PasswordBreached || e.Field != "password" {
			t.Errorf("%s: got %v, want %s", name, err, PasswordBreached)
		}
		if err := choose("Vivid-Marmot8"); err != nil {
			t.Errorf("%s with one that was never published: got %v", name, err)
		}
	}
	if s.BreachedAlarm() {
		t.Error("got an alarm, want none: the list was read")
	}
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	raw[len(raw)-1] ^= 1
	if err := os.WriteFile(path, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, choose := range chosen {
		if err := choose(typed); !errors.Is(err, Refuse(Unavailable)) || !s.BreachedAlarm() {
			t.Errorf("%s with a damaged list: got %v, alarm %v, want %s and an alarm", name, err, s.BreachedAlarm(), Unavailable)
		}
	}
}

// Whoever hashes a password that was chosen has it judged by the one validator: none is set past it.
func TestEveryChosenPasswordIsJudged(t *testing.T) {
	calls := map[string][]string{}
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		if strings.HasSuffix(path, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			f, ok := d.(*ast.FuncDecl)
			if !ok {
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				call, ok := n.(*ast.CallExpr)
				if !ok {
					return true
				}
				name := ""
				switch fun := call.Fun.(type) {
				case *ast.Ident:
					name = fun.Name
				case *ast.SelectorExpr:
					name = fun.Sel.Name
				}
				calls[name] = append(calls[name], f.Name.Name)
				return true
			})
		}
	}
	for name, want := range map[string][]string{
		"HashPassword":   {"SetQuestion", "SetSecurityCode", "acceptedHash", "confirmSignUp"}, // two of them of no password
		"acceptPassword": {"acceptedHash", "newAccount"},
		"newAccount":     {"confirmSignUp"},
		"isBreached":     {"acceptPassword", "usedBreached"},
	} {
		slices.Sort(calls[name])
		if !slices.Equal(calls[name], want) {
			t.Errorf("%s: got it called by %q, want %q", name, calls[name], want)
		}
	}
}

// Every reminder has its row, once.
func TestEveryReminderHasItsRow(t *testing.T) {
	var got []string
	for _, row := range reminderTable() {
		got = append(got, string(row.reminder))
	}
	want := constants(t, ".", "Reminder")
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("got rows of %q, want %q", got, want)
	}
}
