package auth

import (
	"crypto/rand"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/password"
)

// A right password that cannot be hashed anew now, because others wait or it is longer than any is by now, signs in all
// the same: it is raised another time. Where one is chosen, both are refused, with how long it may be.
func TestAPasswordThatCannotBeRaisedNow(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	old := password.NewHasher(rand.Reader, 1, 1)
	old.Cost = password.Cost{Memory: 64, Time: 1, Threads: 1}
	stored, err := old.Hash(t.Context(), "Correct-Horse9")
	if err != nil {
		t.Fatal(err)
	}
	g := &guess{account: &Account{Password: stored}}
	long := strings.Repeat("x", password.MaxBytes+1)
	for typed, places := range map[string]int{"Correct-Horse9": 0, long: 1} {
		s.HashWith(password.NewHasher(rand.Reader, places, 0))
		s.hasher.Cost = password.Cost{Memory: 128, Time: 1, Threads: 1}
		if raised, err := s.rehash(t.Context(), g, true, typed); raised != "" || err != nil {
			t.Errorf("%d places: got %q, %v, want nothing and no failure", places, raised, err)
		}
		_, err := HashPassword(t.Context(), s.hasher, typed)
		if places == 0 && refusedAs(err) != Unavailable {
			t.Errorf("a new one without a place: got %v, want %s", err, Unavailable)
		}
		if e, _ := err.(*Error); places == 1 && (e == nil || e.Code != PasswordTooLong ||
			e.Args["n"] != strconv.Itoa(password.MaxBytes)) {
			t.Errorf("a new one that is too long: got %+v, want to be told how long", err)
		}
	}
	s.HashWith(password.NewHasher(rand.Reader, 1, 0))
	s.hasher.Cost = password.Cost{Memory: 128, Time: 1, Threads: 1}
	if raised, err := s.rehash(t.Context(), g, true, "Correct-Horse9"); raised == "" || err != nil {
		t.Errorf("with a place: got %q, %v, want it raised", raised, err)
	}
}
