package auth

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/store"
)

// Every problem that package password can find is refused with a code of ours.
func TestEveryProblemOfPasswordsIsRefused(t *testing.T) {
	values := constants(t, "../password", "Problem")
	table := passwordRefusals(password.Policy{Min: 8, Max: 20})
	if len(values) < 9 || len(values) != len(table) {
		t.Errorf("got %d problems and %d rows, want a row for each of 9 at least", len(values), len(table))
	}
	for _, v := range values {
		if e := table[password.Problem(v)]; e == nil || string(e.Code) != "password-"+v || e.Field != "password" {
			t.Errorf("%s: got %+v, want the refusal of its name", v, e)
		}
	}
}

func TestNewPasswordsAreRefused(t *testing.T) {
	s := &Service{policy: Marketplace()}
	if err := s.acceptPassword("vK7#mq2L", "", "", ""); err != nil {
		t.Errorf("accept of a good password: got %v, want nil", err)
	}
	tests := []struct {
		password string
		want     Code
		n        string
	}{
		{"vK7#m", PasswordTooShort, "8"},
		{strings.Repeat("vK7#mq2L", 4), PasswordTooLong, "20"},
		{"vk7#mq2l", PasswordNoUpper, ""},
	}
	for _, tt := range tests {
		err := s.acceptPassword(tt.password, "BestShop", "mailbox77@example.com", "Lei Wang")
		var e *Error
		if !errors.As(err, &e) || e.Code != tt.want || e.Field != "password" || e.Args["n"] != tt.n {
			t.Errorf("accept(%q): got %+v, want %s with n=%q", tt.password, e, tt.want, tt.n)
		}
		if strings.Contains(err.Error(), tt.password) {
			t.Errorf("accept(%q): got error %q, which says the password", tt.password, err)
		}
	}
}

// A password that was hashed at another cost is hashed at today's when it is right, and only then; an account that
// changed between is left alone.
func TestARightPasswordIsRaisedToTodaysCost(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	const typed = "Correct-Horse9"
	cheap := *s.hasher
	cheap.Cost = password.Cost{Memory: 32, Time: 1, Threads: 1}
	old, err := cheap.Hash(t.Context(), typed)
	if err != nil {
		t.Fatal(err)
	}
	a := Account{ID: "AAAAAAAAAAAAAAAAAAAAAA", Name: "Wei", UserName: "Wei", Email: "seller@example.com", Password: old, Handle: make([]byte, 64)}
	if err := Seed(t.Context(), s.db, s.keys, []Seeded{{Account: a}}); err != nil {
		t.Fatal(err)
	}
	stored := func() (a *Account) {
		t.Helper()
		err := s.db.View(t.Context(), func(tx store.Tx) (err error) {
			a, err = s.accounts.Get(tx, "AAAAAAAAAAAAAAAAAAAAAA")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	signIn := func(typed string) error {
		_, err := s.SignIn(t.Context(), Caller{}, SignInForm{Identifier: "seller@example.com", Password: typed})
		return err
	}
	if err := signIn("Wrong-Horse9"); !errors.Is(err, Refuse(SignInRefused)) || stored().Password != old {
		t.Errorf("a wrong password: got %v, want it refused and nothing changed", err)
	}
	if err := signIn(typed); err != nil {
		t.Fatal(err)
	}
	after := stored()
	if after.Password == old || s.hasher.NeedsRehash(after.Password) {
		t.Errorf("after a right password: got %.40s, want it at today's cost", after.Password)
	}
	if after.Epoch != a.Epoch || !after.PasswordAt.Equal(a.PasswordAt) {
		t.Errorf("got epoch %d, set at %v, want them as before: it is the same password", after.Epoch, after.PasswordAt)
	}
	if err := signIn(typed); err != nil || stored().Password != after.Password {
		t.Errorf("once more: got %v, want the same hash as after the first", err)
	}
	if raised, err := s.rehash(t.Context(), &guess{account: &Account{Password: old}}, false, "Wrong-Horse9"); raised != "" || err != nil {
		t.Errorf("a wrong password: got %q, %v, want nothing to store", raised, err)
	}
}
