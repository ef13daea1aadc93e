package auth

import (
	"errors"
	"path/filepath"
	"testing"
)

// Who fills the queue of the hasher must not use up the owner's tries: a
// password that was not judged was no guess.
func TestUnjudgedPasswordIsNoGuess(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	ctx := t.Context()
	hashed, err := s.hasher.Hash(ctx, "Correct-Horse9")
	if err != nil {
		t.Fatal(err)
	}
	a := Account{ID: "AAAAAAAAAAAAAAAAAAAAAA", Name: "Wei", UserName: "Wei", Email: "seller@example.com", Password: hashed, Handle: make([]byte, 64)}
	if err := Seed(ctx, s.db, s.keys, []Seeded{{Account: a}}); err != nil {
		t.Fatal(err)
	}
	form := SignInForm{Identifier: "seller@example.com", Password: "Correct-Horse9"}
	for range cap(s.hasher.queue) {
		s.hasher.queue <- struct{}{}
	}
	for range 7 {
		if _, err := s.SignIn(ctx, Caller{}, form); !errors.Is(err, Refuse(Unavailable)) {
			t.Fatalf("with a full queue: got %v, want %s", err, Unavailable)
		}
	}
	for range cap(s.hasher.queue) {
		<-s.hasher.queue
	}
	if _, err := s.SignIn(ctx, Caller{}, form); err != nil {
		t.Errorf("the right password afterwards: got %v, want no error", err)
	}
}
