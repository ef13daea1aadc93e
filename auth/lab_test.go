package auth_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store/bolt"

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

// sealedWith puts a world's documents under keys.
func sealedWith(k *store.Keys) func(*auth.Config) {
	return func(c *auth.Config) { c.Keys = k }
}

// rows is everything in some collections of a store, as it lies there.
func rows(t *testing.T, db store.DB, names ...string) (out []store.Doc) {
	t.Helper()
	ok(t, "reading the store", db.View(t.Context(), func(tx store.Tx) error {
		for _, name := range names {
			for d, err := range tx.Scan(name, "", "", 100) {
				if err != nil {
					return err
				}
				out = append(out, store.Doc{Key: name + "/" + d.Key, Data: append([]byte(nil), d.Data...)})
			}
		}
		return nil
	}))
	return out
}

// Over the same keys, whoever can write to the file can still not make a site's
// accounts a lab's, nor a lab's a site's: not by its record, nor by losing it.
func TestNoRecordMakesASiteALab(t *testing.T) {
	keys, err := store.NewKeys(store.Secret{7}, func([]byte) error { return nil })
	ok(t, "making keys", err)
	site, lab := newWorld(t, sealedWith(keys)), newWorld(t, sealedWith(keys), asLab)
	site.seller("wei@example.com", "+8613800138000")
	_, err = maker(t, lab).Make(t.Context(), auth.Caller{}, fixtures.AccountForm{Name: "ann"})
	ok(t, "making a fixture", err)
	put := func(w *world, docs []store.Doc) {
		ok(t, "writing into the store", w.db.Update(t.Context(), func(tx store.Tx) error {
			for _, d := range docs {
				if err := tx.Put("meta", d.Key[len("meta/"):], d.Data); err != nil {
					return err
				}
			}
			return nil
		}))
	}
	open := func(w *world, isLab bool, want error) {
		t.Helper()
		again := w.cfg
		again.Lab = nil
		if isLab {
			again.Lab = auth.NewClock(w.time)
		}
		if _, err := auth.New(again); !errors.Is(err, want) {
			t.Errorf("lab %v: got %v, want %v", isLab, err, want)
		}
	}
	ofSite, ofLab := rows(t, site.db, "meta"), rows(t, lab.db, "meta")
	if len(ofSite) != 1 || len(ofLab) != 1 {
		t.Fatalf("got %d and %d records, want one each", len(ofSite), len(ofLab))
	}
	put(site, ofLab)
	open(site, true, auth.ErrRealStore)
	open(site, false, auth.ErrLabStore)
	put(lab, ofSite)
	open(lab, true, auth.ErrRealStore)
	lose := func(tx store.Tx) error { return tx.Delete("meta", "site") }
	for _, w := range []*world{site, lab} {
		ok(t, "losing the record", w.db.Update(t.Context(), lose))
	}
	open(lab, false, store.ErrSealed)
	open(site, true, auth.ErrRealStore)
	put(site, ofSite)
	put(lab, ofLab)
	open(site, false, nil)
	open(lab, true, nil)
}

// A program that knows of no labs reads no document of one: it would drop the
// mark with the next record of the time that it writes.
func TestALabsDocumentsOpenInNoSite(t *testing.T) {
	keys, err := store.NewKeys(store.Secret{7}, func([]byte) error { return nil })
	ok(t, "making keys", err)
	w := newWorld(t, sealedWith(keys), asLab)
	type any struct{}
	old := store.NewCollection[any]("meta", keys)
	ok(t, "reading", w.db.View(t.Context(), func(tx store.Tx) error {
		if _, err := old.Get(tx, "site"); !errors.Is(err, store.ErrSealed) {
			t.Errorf("got %v, want %v", err, store.ErrSealed)
		}
		return nil
	}))
}

// Where the clock was moved to is durable when the move is answered: a lab that
// is killed and opened again revives nothing.
func TestALabsTimeSurvives(t *testing.T) {
	w := newWorld(t, asLab)
	lab := w.s.Lab()
	_, err := lab.Move(t.Context(), auth.Caller{}, auth.ClockForm{Advance: 48 * time.Hour})
	ok(t, "moving the clock", err)
	again := w.cfg
	again.Lab = auth.NewClock(w.time)
	s, err := auth.New(again)
	ok(t, "opening the lab again", err)
	clock, err := s.Lab().Clock(t.Context(), auth.Caller{})
	ok(t, "reading the clock", err)
	if want := w.time().Add(48 * time.Hour); clock.Told.Before(want) {
		t.Errorf("got %v, want not before %v", clock.Told, want)
	}
}

// The clock shows what it was set to, or refuses.
func TestALabsClockIsExact(t *testing.T) {
	w := newWorld(t, asLab)
	for _, at := range []time.Time{time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(2300, 12, 31, 0, 0, 0, 0, time.UTC), time.Date(2399, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC), time.Unix(1<<62, 0), time.Unix(-1<<62, 0)} {
		for _, stop := range []bool{true, false} {
			got, err := w.s.Lab().Move(t.Context(), auth.Caller{}, auth.ClockForm{Set: at, Stop: stop, Run: !stop})
			if err == nil && !got.Now.Equal(at) {
				t.Errorf("set to %v, stopped %v: got %v", at, stop, got.Now)
			} else if err != nil && !errors.Is(err, auth.Refuse(auth.MalformedRequest)) {
				t.Errorf("set to %v: got %v, want %v", at, err, auth.MalformedRequest)
			}
		}
	}
	for _, d := range []time.Duration{1<<63 - 1, -1 << 63} {
		for range 3 {
			before := w.s.Lab()
			got, err := before.Move(t.Context(), auth.Caller{}, auth.ClockForm{Advance: d})
			if err == nil && (got.Now.Year() < 2000 || got.Now.Year() > 2400) {
				t.Errorf("advanced by %v: got %v", d, got.Now)
			}
		}
	}
}

// A store that was killed before it was marked is empty, and may become either.
func TestAStoreWithoutARecordIsEitherOnce(t *testing.T) {
	for _, first := range []bool{true, false} {
		w := newWorld(t)
		db, err := bolt.Open(filepath.Join(t.TempDir(), "new.db"), bolt.Options{})
		ok(t, "opening a new store", err)
		t.Cleanup(func() { db.Close() })
		for i, lab := range []bool{first, !first} {
			c := w.cfg
			c.DB = db
			if lab {
				asLab(&c)
			}
			if _, err := auth.New(c); (err == nil) != (i == 0) {
				t.Errorf("lab first %v, time %d: got %v", first, i, err)
			}
		}
	}
}

// A reset during traffic mixes no worlds: who is answered after it finds an empty
// lab, and nothing that was under way comes through with what is gone.
func TestResetDuringTraffic(t *testing.T) {
	w := newWorld(t, asLab)
	lab := maker(t, w)
	var clients sync.WaitGroup
	stop := make(chan struct{})
	fine := []auth.Code{auth.AccountExists, auth.NotFound, auth.SignInRefused, auth.SessionEnded, auth.CeremonyVoid, auth.CeremonyExpired, auth.CeremonyOtherBrowser,
		auth.CodeWrong, auth.CodeUsed, auth.MethodResting, auth.NoSuchMethod, auth.CeremonyUsed}
	check := func(err error) bool {
		if err != nil && !slices.ContainsFunc(fine, func(c auth.Code) bool { return errors.Is(err, auth.Refuse(c)) }) {
			t.Errorf("during a reset: got %v", err)
		}
		return err == nil
	}
	for i := range 16 {
		clients.Go(func() {
			name := fmt.Sprintf("ann %d", i%8) // two at each name
			for {
				select {
				case <-stop:
					return
				default:
				}
				made, err := lab.Make(t.Context(), auth.Caller{}, fixtures.AccountForm{Name: name, Session: true, Methods: []auth.MethodForm{{Kind: auth.TOTP}}})
				if !check(err) {
					continue
				}
				info, err := w.s.SignIn(t.Context(), auth.Caller{}, auth.SignInForm{Identifier: string(made.Email), Password: fixtures.Password})
				if !check(err) {
					continue
				}
				begun, err := w.s.SignInBegin(t.Context(), auth.Caller{}, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
				if check(err) {
					_, err = w.s.SignInFinish(t.Context(), auth.Caller{}, begun.Ceremony, json.RawMessage(`{"code":"000000"}`))
					check(err)
				}
				_, err = w.s.Security(t.Context(), auth.Caller{Token: made.Token})
				check(err)
			}
		})
	}
	for range 20 {
		if err := lab.Reset(t.Context(), auth.Caller{}); err != nil {
			t.Error(err)
		}
	}
	close(stop)
	clients.Wait()
	ok(t, "the last reset", lab.Reset(t.Context(), auth.Caller{}))
	if left := rows(t, w.db, "account", "authenticator", "device", "session", "outbox", "spent", "event"); len(left) > 0 {
		t.Errorf("got %d documents, want an empty lab", len(left))
	}
}

// A sign-in that was begun before a reset ends in no account made after it,
// though seeds give it the same id, methods and secrets.
func TestNothingFromBeforeAReset(t *testing.T) {
	w := newWorld(t, asLab)
	lab := maker(t, w)
	make := func() *fixtures.FixtureInfo {
		t.Helper()
		made, err := lab.Make(t.Context(), auth.Caller{}, fixtures.AccountForm{Name: "ann", Session: true, Methods: []auth.MethodForm{{Kind: auth.TOTP}}})
		ok(t, "making a fixture", err)
		return made
	}
	before := make()
	info, err := w.s.SignIn(t.Context(), auth.Caller{}, auth.SignInForm{Identifier: string(before.Email), Password: fixtures.Password})
	ok(t, "signing in", err)
	ok(t, "resetting", lab.Reset(t.Context(), auth.Caller{}))
	after := make()
	if before.ID != after.ID || before.Methods[0].Secret != after.Methods[0].Secret {
		t.Fatal("the same seed: got another account")
	}
	if _, err := w.s.SignInBegin(t.Context(), auth.Caller{}, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP}); !errors.Is(err, auth.Refuse(auth.CeremonyOtherBrowser)) {
		t.Errorf("a ceremony from before: got %v, want %s", err, auth.CeremonyOtherBrowser)
	}
	if _, err := w.s.Me(t.Context(), auth.Caller{Token: before.Token}); !errors.Is(err, auth.Refuse(auth.SessionEnded)) {
		t.Errorf("a session from before: got %v, want %s", err, auth.SessionEnded)
	}
}
