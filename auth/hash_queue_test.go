package auth

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/latchkey-auth/latchkey/password"
)

// Who fills the queue of the hasher must not use up the owner's tries: a
// password that was not judged was no guess.
func TestUnjudgedPasswordIsNoGuess(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	ctx := t.Context()
	stored, err := s.hasher.Hash(ctx, "Correct-Horse9")
	if err != nil {
		t.Fatal(err)
	}
	a := Account{ID: "AAAAAAAAAAAAAAAAAAAAAA", Name: "Wei", UserName: "Wei", Email: "seller@example.com", Password: stored, Handle: make([]byte, 64)}
	if err := Seed(ctx, s.db, s.keys, []Seeded{{Account: a}}); err != nil {
		t.Fatal(err)
	}
	form := SignInForm{Identifier: "seller@example.com", Password: "Correct-Horse9"}
	free := s.hasher
	s.hasher = new(password.Hasher) // whose queue is always full
	for range 7 {
		if _, err := s.SignIn(ctx, Caller{}, form); !errors.Is(err, Refuse(Unavailable)) {
			t.Fatalf("with a full queue: got %v, want %s", err, Unavailable)
		}
	}
	s.hasher = free
	if _, err := s.SignIn(ctx, Caller{}, form); err != nil {
		t.Errorf("the right password afterwards: got %v, want no error", err)
	}
}
