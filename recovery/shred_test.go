package recovery_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/store"
)

// keys is how many cases have a key.
func (w *world) keys() int {
	w.t.Helper()
	ids, err := w.vault.IDs()
	if err != nil {
		w.t.Fatal(err)
	}
	return len(ids)
}

// pieces is how many documents of pictures are stored.
func (w *world) pieces() int {
	w.t.Helper()
	n := 0
	err := w.db.View(w.t.Context(), func(tx store.Tx) error {
		for _, err := range tx.Scan("recovery_piece", "", "", 1000) {
			if err != nil {
				return err
			}
			n++
		}
		return nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// Pictures go some time after every end of a case: the key first, and with it all that it has sealed.
func TestPicturesAreDestroyed(t *testing.T) {
	for name, c := range map[string]struct {
		end   func(w *world, p *person, link string)
		after time.Duration
	}{
		"done": {func(w *world, _ *person, link string) {
			w.approve(link, "ann", "bob")
			w.pass(day)
		}, 30 * day},
		"refused": {func(w *world, _ *person, link string) {
			w.does("refusing", func() error {
				_, err := w.cases.RefuseCase(w.t.Context(), auth.Caller{}, by("ann"), idOf(link), recovery.NotProved)
				return err
			})
		}, 30 * day},
		"withdrawn": {func(w *world, _ *person, link string) {
			w.does("withdrawing", func() error { return w.withdraw(link) })
		}, 30 * day},
		"stopped": {func(w *world, p *person, link string) {
			w.does("stopping", func() error {
				_, err := w.cases.StopCase(w.t.Context(), p.signedIn(), idOf(link))
				return err
			})
		}, 30 * day},
		"nobody has answered": {func(w *world, _ *person, link string) {
			w.does("asking", func() error {
				_, err := w.cases.AskMore(w.t.Context(), auth.Caller{}, by("ann"), idOf(link), nil, "Which goods?")
				return err
			})
		}, 30 * day},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.person("wei", auth.MethodForm{Kind: auth.TOTP, Name: "app"})
			link, _ := w.opened("wei@example.com", "", recovery.Key)
			w.does("showing", func() error { return w.show(link, photo(t, 200)) })
			w.does("answering", func() error { return w.answer(link) })
			picture := w.at(link).Pictures[0].ID
			c.end(w, p, link)
			info := w.at(link)
			if name != "nobody has answered" && !info.ShredAt.Equal(w.time().Add(c.after)) {
				t.Errorf("got it told for %v, want %v", info.ShredAt, w.time().Add(c.after))
			}
			w.pass(c.after - time.Second)
			if w.keys() != 1 || w.pieces() == 0 {
				t.Errorf("a second early: got %d keys, %d pieces, want them there", w.keys(), w.pieces())
			}
			w.pass(time.Second)
			if w.keys() != 0 || w.pieces() != 0 {
				t.Errorf("got %d keys, %d pieces, want none", w.keys(), w.pieces())
			}
			if name != "nobody has answered" {
				if got := w.at(link); !got.Shredded.Equal(w.time()) || len(got.Pictures) != 0 || !got.ShredAt.IsZero() {
					t.Errorf("got %+v, want it told that they are gone", got)
				}
			}
			_, err := w.view(by("ann"), link, picture)
			wantCode(t, "a look afterwards", err, auth.NotFound)
			w.pass(365 * day)
			if _, err := w.cases.Case(t.Context(), auth.Caller{}, link); !errors.Is(err, auth.Refuse(auth.LinkUsed)) {
				t.Errorf("a year later: got %v, want the case gone", err)
			}
		})
	}
}

// An appeal has its pictures as long as it is not decided.
func TestPicturesOfAnAppeal(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, picture := w.showing("wei")
	refuse := func(who string) {
		w.does("refusing", func() error {
			_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, by(who), idOf(link), recovery.NotReadable)
			return err
		})
	}
	refuse("ann")
	w.does("showing a better one", func() error { return w.show(link, photo(t, 50)) })
	w.does("appealing", func() error {
		_, err := w.cases.AppealCase(t.Context(), auth.Caller{}, link, "Look again.")
		return err
	})
	w.pass(60 * day)
	if n := len(w.at(link).Pictures); n != 2 || w.keys() != 1 {
		t.Errorf("under appeal: got %d pictures, want both", n)
	}
	if _, err := w.view(by("bob"), link, picture); err != nil {
		t.Errorf("a look: got %v, want it seen", err)
	}
	refuse("bob")
	if w.at(link).MayShow {
		t.Error("after the second refusal pictures are taken")
	}
	w.pass(30 * day)
	if w.keys() != 0 || w.pieces() != 0 {
		t.Error("the pictures outlive the appeal")
	}
}

// An operator destroys the pictures of one case at once, and those of all that are decided; no copy of the data opens
// them any more, and the trail keeps who said so.
func TestPurge(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	w.person("lin")
	link, picture := w.showing("wei")
	other, _ := w.showing("lin")
	backup := t.TempDir()
	if err := w.db.Compact(filepath.Join(backup, "latchkey.db")); err != nil {
		t.Fatal(err)
	}
	for _, number := range []string{"", "short", "nothing-like-it", idOf(link)[:7]} {
		wantCode(t, number, w.cases.Purge(t.Context(), "root", number), auth.NotFound)
	}
	wantCode(t, "purging", w.cases.Purge(t.Context(), "root (uid 0)", idOf(link)[:8]), "")
	wantCode(t, "purging twice", w.cases.Purge(t.Context(), "root (uid 0)", idOf(link)), "")
	if got := w.at(link); len(got.Pictures) != 0 || got.Shredded.IsZero() || got.State != recovery.Review {
		t.Errorf("got %+v, want the pictures gone and the case going on", got)
	}
	if len(w.at(other).Pictures) != 1 || w.keys() != 1 {
		t.Error("another case has lost its pictures")
	}
	history, err := w.s.History(t.Context(), p.signedIn(), "", 20)
	if err != nil {
		t.Fatal(err)
	}
	said := 0
	for _, e := range history.Events {
		if e.Action == recovery.ActPurge {
			said++
		}
	}
	if said == 0 {
		t.Error("the history does not tell of it")
	}

	restored := newWorldIn(t, backup, w.time(), store.Plain())
	restored.cases.TakePictures(w.vault) // the folder of keys is where it was
	if got := restored.at(link); len(got.Pictures) != 1 {
		t.Fatalf("got %+v, want the backup to have the picture", got)
	}
	if got, err := restored.view(by("ann"), link, picture); got != nil || !errors.Is(err, auth.Refuse(auth.NotFound)) {
		t.Errorf("a backup of before: got %d bytes, %v, want them unreadable", len(got), err)
	}

	if n, err := w.cases.PurgeDecided(t.Context(), "root"); n != 0 || err != nil {
		t.Errorf("got %d, %v, want none: none is decided", n, err)
	}
	w.does("withdrawing", func() error { return w.withdraw(other) })
	if n, err := w.cases.PurgeDecided(t.Context(), "root"); n != 1 || err != nil || w.keys() != 0 || w.pieces() != 0 {
		t.Errorf("got %d, %v, %d keys, want the one that is decided", n, err, w.keys())
	}
}

// purging is a vault in which something happens while a picture is sealed.
type purging struct {
	*store.Vault
	meanwhile func()
}

func (v purging) Seal(id, place string, parts [][]byte) ([][]byte, error) {
	sealed, err := v.Vault.Seal(id, place, parts)
	v.meanwhile()
	return sealed, err
}

// A picture whose key was destroyed while it was being sealed is not stored: nobody could open it.
func TestPurgeWhileAPictureComesIn(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.opened("wei@example.com", "")
	w.cases.TakePictures(purging{w.vault, func() {
		w.does("purging", func() error { return w.cases.Purge(t.Context(), "root", idOf(link)) })
	}})
	wantCode(t, "a picture", w.show(link, photo(t, 1)), auth.CaseMoved)
	if len(w.at(link).Pictures) != 0 || w.pieces() != 0 || w.keys() != 0 {
		t.Errorf("got %d pieces, %d keys, want nothing left", w.pieces(), w.keys())
	}
	w.cases.TakePictures(w.vault)
	wantCode(t, "sent again", w.show(link, photo(t, 1)), "")
}

// remaking is a vault in which somebody makes a key anew as soon as it is destroyed.
type remaking struct {
	*store.Vault
	before func()
	again  bool
}

func (v *remaking) Destroy(id string) error {
	v.before()
	err := v.Vault.Destroy(id)
	if !v.again {
		v.again = true
		err = errors.Join(err, v.Make(id))
	}
	return err
}

// The key goes before what it has sealed: broken off in between, nothing can be read. And it is gone afterwards, though
// somebody whose picture came in at that moment has made another.
func TestTheKeyGoesFirstAndStaysAway(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.showing("wei")
	var left []int
	w.cases.TakePictures(&remaking{Vault: w.vault, before: func() { left = append(left, w.pieces()) }})
	w.does("purging", func() error { return w.cases.Purge(t.Context(), "root", idOf(link)) })
	if len(left) == 0 || left[0] == 0 {
		t.Errorf("got %v pieces left when a key was destroyed, want them there at first", left)
	}
	if w.keys() != 0 || w.pieces() != 0 {
		t.Errorf("got %d keys, %d pieces, want none", w.keys(), w.pieces())
	}
}

// A backup that was put back ends the cases that were in it: their keys and pictures go at the next start. So do keys
// of cases that it does not know.
func TestTidyAfterABackup(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	w.person("lin")
	w.showing("wei")
	if err := w.vault.Make("of-a-case-that-is-younger"); err != nil {
		t.Fatal(err)
	}
	w.does("tidying", func() error { return w.cases.Tidy(t.Context()) })
	if w.keys() != 1 || w.pieces() == 0 {
		t.Fatalf("got %d keys, %d pieces, want those of the case alone", w.keys(), w.pieces())
	}
	if _, err := w.s.Restored(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	link, _ := w.showing("lin")
	w.does("tidying", func() error { return w.cases.Tidy(t.Context()) })
	if w.keys() != 1 || len(w.at(link).Pictures) != 1 {
		t.Errorf("got %d keys, want that of the new case", w.keys())
	}
	if _, err := w.view(by("ann"), link, w.at(link).Pictures[0].ID); err != nil {
		t.Errorf("the new one: got %v, want it seen", err)
	}
	if n := w.pieces(); n != 1 {
		t.Errorf("got %d pieces, want that of the new case", n)
	}
}
