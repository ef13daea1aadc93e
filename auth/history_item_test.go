package auth_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// take is the whole history of one thing, and in how many slices it came.
func take(t *testing.T, w *world, c auth.Caller, item string) (all []auth.EventInfo, slices int) {
	t.Helper()
	ok(t, "take", w.s.TakeHistory(t.Context(), c, item, func(e []auth.EventInfo) error {
		all = append(all, e...)
		slices++
		return nil
	}))
	return all, slices
}

// Who takes his history away takes all that its pages show, in their order and whatever its length; of one thing what
// was done with it. A device is all that lives on it.
func TestHistoryIsTakenWhole(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	app := w.only(c, auth.TOTP)
	ok(t, "codes", lastErr(w.s.RecoveryCodes(t.Context(), c)))
	for i := range 520 {
		ok(t, "rename", lastErr(w.s.Rename(t.Context(), c, app.ID, fmt.Sprint("App ", i), "")))
	}
	var paged []auth.EventInfo
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := w.s.History(t.Context(), c, cursor, auth.MaxHistory)
		ok(t, "a page", err)
		paged, cursor = append(paged, page.Events...), page.Next
	}
	whole, n := take(t, w, c, "")
	if !slices.Equal(whole, paged) || n < 2 {
		t.Errorf("got %d events in %d slices, want the %d of the pages, in two at least", len(whole), n, len(paged))
	}
	for item, want := range map[string]func(auth.EventInfo) bool{
		app.ID:     func(e auth.EventInfo) bool { return e.ItemID == app.ID },
		app.Device: func(e auth.EventInfo) bool { return e.ItemID == app.ID },
		"nothing":  func(auth.EventInfo) bool { return false },
	} {
		all := slices.DeleteFunc(slices.Clone(whole), func(e auth.EventInfo) bool { return !want(e) })
		if got, _ := take(t, w, c, item); !slices.Equal(got, all) {
			t.Errorf("of %s: got %d events, want %d", item, len(got), len(all))
		}
		var read []auth.EventInfo
		for cursor, more := "", true; more; more = cursor != "" {
			page, err := w.s.ItemHistory(t.Context(), c, item, cursor)
			ok(t, "a page", err)
			read, cursor = append(read, page.Events...), page.Next
		}
		if !slices.Equal(read, all) {
			t.Errorf("pages of %s: got %d events, want %d", item, len(read), len(all))
		}
	}
	e := wantCode(t, "no page", lastErr(w.s.ItemHistory(t.Context(), c, app.ID, "x")), auth.MalformedRequest)
	if e.Field != "cursor" {
		t.Errorf("got %s refused, want the cursor", e.Field)
	}
}

// A history that is being taken ends with the session, and where its taker has enough.
func TestTakingAHistoryEnds(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	app := w.only(c, auth.TOTP)
	for i := range 520 {
		ok(t, "rename", lastErr(w.s.Rename(t.Context(), c, app.ID, fmt.Sprint("App ", i), "")))
	}
	enough, n := errors.New("enough"), 0
	err := w.s.TakeHistory(t.Context(), c, "", func([]auth.EventInfo) error {
		n++
		return enough
	})
	if !errors.Is(err, enough) || n != 1 {
		t.Errorf("got %v after %d slices, want what the taker said of the first", err, n)
	}
	n = 0
	err = w.s.TakeHistory(t.Context(), c, "", func([]auth.EventInfo) error {
		n++
		return w.s.SignOut(t.Context(), c)
	})
	wantCode(t, "signed out meanwhile", err, auth.SessionEnded)
	if n != 1 {
		t.Errorf("got %d slices, want the one of before", n)
	}
}

// Of an account that has another owner nobody takes the former one's history.
func TestFormerHistoryIsNotTaken(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	w.pass(time.Minute)
	me, err := w.s.Me(t.Context(), c)
	ok(t, "me", err)
	id := me.Account
	auth.ReadAccount(t, w.s, id, func(a *auth.Account) { a.HandedAt = w.time() })
	if got, _ := take(t, w, c, ""); len(got) != 0 {
		t.Errorf("got %d events, want none of before", len(got))
	}
}
