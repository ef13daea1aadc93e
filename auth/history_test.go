package auth_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A stranger who guesses passwords on and on fills nobody's history: what is
// not judged is not written.
func TestGuessesWhileLockedFillNoHistory(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	for range 30 {
		_, err := w.s.SignIn(t.Context(), caller("stranger"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Wrong-Horse9"})
		wantCode(t, "a stranger", err, auth.SignInRefused)
	}
	w.pass(time.Minute)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	if events, times := refusals(t, w, c, auth.ActSignIn); events != 2 || times != 5 {
		t.Errorf("30 wrong passwords: got %d events of %d, want the 5 that were judged, in two", events, times)
	}
}

// The history is read page by page, the newest first, without a gap or a repeat, whatever a page holds.
func TestHistoryIsReadPageByPage(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	app := w.only(c, auth.TOTP)
	for i := range 5 {
		ok(t, "rename", lastErr(w.s.Rename(t.Context(), c, app.ID, fmt.Sprint("App ", i), "")))
	}
	whole, err := w.s.History(t.Context(), c, "", auth.MaxHistory)
	ok(t, "history", err)
	all := len(whole.Events)
	if whole.Next != "" || all < 7 || whole.Events[0].Action != auth.ActRename || whole.Events[0].Item != "App 4" {
		t.Fatalf("got %d events, then %q: %+v", all, whole.Next, whole.Events)
	}
	for limit := 1; limit <= all+1; limit++ {
		var got []auth.EventInfo
		cursor := ""
		for {
			page, err := w.s.History(t.Context(), c, cursor, limit)
			ok(t, "a page", err)
			got = append(got, page.Events...)
			if len(page.Events) > limit || len(page.Events) == 0 {
				t.Fatalf("pages of %d: got one of %d", limit, len(page.Events))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if !slices.Equal(got, whole.Events) {
			t.Errorf("pages of %d: got %d events, want the %d that there are", limit, len(got), all)
		}
	}
	beyond, err := w.s.History(t.Context(), c, "1000000", auth.MaxHistory)
	ok(t, "from beyond the end", err)
	if !slices.Equal(beyond.Events, whole.Events) {
		t.Errorf("from beyond the end: got %d events, want all", len(beyond.Events))
	}
	for cursor, limits := range map[string][]int{"": {0, -1, auth.MaxHistory + 1}, "x": {1}, "-1": {1}} {
		for _, limit := range limits {
			field := "limit"
			if cursor != "" {
				field = "cursor"
			}
			e := wantCode(t, "no page", lastErr(w.s.History(t.Context(), c, cursor, limit)), auth.MalformedRequest)
			if e.Field != field {
				t.Errorf("from %q at most %d: got %s refused, want %s", cursor, limit, e.Field, field)
			}
			if cursor == "" {
				e := wantCode(t, "no list", lastErr(w.s.MethodHistory(t.Context(), c, app.ID, limit)), auth.MalformedRequest)
				if e.Field != "limit" {
					t.Errorf("at most %d of a method: got %s refused", limit, e.Field)
				}
			}
		}
	}
}

// The history of one method is of its newest acts, as many as are asked for, among the account's last three hundred.
func TestHowFarAMethodsHistoryReaches(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	app := w.only(c, auth.TOTP)
	number, c := w.addPhone(w.stepUp(c, secret), sellerNumber)
	of := func(id string, limit int) (names []string) {
		t.Helper()
		h, err := w.s.MethodHistory(t.Context(), c, id, limit)
		ok(t, "history", err)
		for _, e := range h.Events {
			names = append(names, string(e.Action)+" "+e.Item)
		}
		return names
	}
	ok(t, "rename", lastErr(w.s.Rename(t.Context(), c, number.Authenticator.ID, "Shop phone", "")))
	whole := of(number.Authenticator.ID, auth.MaxHistory)
	if len(whole) != 2 || whole[0] != "rename-method Shop phone" {
		t.Fatalf("got %q, want how it was bound and renamed", whole)
	}
	if got := of(number.Authenticator.ID, 1); !slices.Equal(got, whole[:1]) {
		t.Errorf("one: got %q, want %q", got, whole[:1])
	}
	for i := range 299 {
		ok(t, "rename the other", lastErr(w.s.Rename(t.Context(), c, app.ID, fmt.Sprint("App ", i), "")))
	}
	if got := of(number.Authenticator.ID, auth.MaxHistory); !slices.Equal(got, whole[:1]) {
		t.Errorf("299 later: got %q, want %q", got, whole[:1])
	}
	ok(t, "rename the other", lastErr(w.s.Rename(t.Context(), c, app.ID, "App", "")))
	if got := of(number.Authenticator.ID, auth.MaxHistory); len(got) != 0 {
		t.Errorf("300 later: got %q, want none", got)
	}
	if got := of(app.ID, auth.MaxHistory); len(got) != auth.MaxHistory {
		t.Errorf("of the other: got %d, want %d", len(got), auth.MaxHistory)
	}
}
