package auth_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	fixtures "github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/store"
)

// asLab makes a world a lab over the world's clock.
func asLab(c *auth.Config) { c.Lab = auth.NewClock(c.Now) }

// maker is the lab of a world, with the use cases of its maker.
func maker(t *testing.T, w *world) *fixtures.Service {
	t.Helper()
	lab, err := fixtures.New(w.s, nil)
	ok(t, "registering the maker", err)
	return lab
}

// A store is a lab from its first moment or never, and a lab's never anything else.
func TestALabIsMarkedWhenItsStoreIsMade(t *testing.T) {
	site := newWorld(t)
	again := site.cfg
	asLab(&again)
	if _, err := auth.New(again); !errors.Is(err, auth.ErrRealStore) {
		t.Errorf("a lab over a site's store: got %v, want %v", err, auth.ErrRealStore)
	}
	if _, err := auth.New(site.cfg); err != nil {
		t.Errorf("the site itself again: got %v, want it", err)
	}
	lab := newWorld(t, asLab)
	again = lab.cfg
	again.Lab = nil
	if _, err := auth.New(again); !errors.Is(err, auth.ErrLabStore) {
		t.Errorf("a site over a lab's store: got %v, want %v", err, auth.ErrLabStore)
	}
	if _, err := auth.New(lab.cfg); err != nil {
		t.Errorf("the lab itself again: got %v, want it", err)
	}
}

// A store that was seeded and never served has accounts, too.
func TestNoLabOverSeededAccounts(t *testing.T) {
	w := newWorld(t)
	ok(t, "emptying the site's record", w.db.Update(t.Context(), func(tx store.Tx) error { return tx.Delete("meta", "site") }))
	ok(t, "seeding", auth.Seed(t.Context(), w.db, w.keys, []auth.Seeded{{Account: auth.Account{ID: "AAAAAAAAAAAAAAAAAAAAAA", Email: "a@example.com"}}}))
	again := w.cfg
	asLab(&again)
	if _, err := auth.New(again); !errors.Is(err, auth.ErrRealStore) {
		t.Errorf("got %v, want %v", err, auth.ErrRealStore)
	}
	if _, err := auth.New(w.cfg); err != nil {
		t.Errorf("a site after the refusal: got %v, want it: a refusal must mark nothing", err)
	}
}

// A lab that is opened again goes on at the time where it was.
func TestALabGoesOnWhereItWas(t *testing.T) {
	w := newWorld(t, asLab)
	lab := maker(t, w)
	_, err := lab.Move(t.Context(), auth.Caller{}, auth.ClockForm{Advance: 48 * time.Hour})
	ok(t, "moving the clock", err)
	_, err = lab.Make(t.Context(), auth.Caller{}, fixtures.AccountForm{Name: "ann"})
	ok(t, "making an account", err)
	info, err := w.s.SignIn(t.Context(), auth.Caller{}, auth.SignInForm{Identifier: "ann@lab.example", Password: fixtures.Password})
	ok(t, "signing in, which saves the time", err)
	again := w.cfg
	again.Lab = auth.NewClock(w.time)
	s, err := auth.New(again)
	ok(t, "opening the lab again", err)
	clock, err := s.Lab().Clock(t.Context(), auth.Caller{})
	ok(t, "reading the clock", err)
	if want := w.time().Add(48 * time.Hour); !clock.Now.Equal(want) || !clock.Told.Equal(want) {
		t.Errorf("got %+v, want both at %v", clock, want)
	}
	if _, err := s.Me(t.Context(), auth.Caller{Token: info.Token}); err != nil {
		t.Errorf("the session of before: got %v, want it good", err)
	}
}

// What testers may do, nobody may at a site, whatever way he finds to the door.
func TestNoTesterAtASite(t *testing.T) {
	w := newWorld(t)
	if w.s.Lab() != nil {
		t.Error("a site: got a lab, want none")
	}
	long := auth.Caller{Later: 1000 * time.Hour} // and time is everybody's
	_, err := w.s.SignIn(t.Context(), long, auth.SignInForm{Identifier: "nobody@example.com"})
	if !errors.Is(err, auth.Refuse(auth.SignInRefused)) {
		t.Errorf("got %v, want %s", err, auth.SignInRefused)
	}
}
