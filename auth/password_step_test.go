package auth_test

import (
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// Zitadel CVE-2025-64102, Authelia CVE-2025-24806: one count, by whichever
// spelling, browser or way of asking the guesses come in.
func TestGuessesAtAPasswordAreOneCount(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	_, c = w.addPhone(c, sellerNumber)
	ctx := t.Context()
	for i, id := range []string{"seller@example.com", "SELLER@EXAMPLE.COM", " seller＠example.com ", sellerNumber,
		"0086 138 0013 8000"} {
		_, err := w.s.SignIn(ctx, caller("thief"+id[:1]+string(rune('a'+i))),
			auth.SignInForm{Identifier: id, Password: "Wrong-Horse9"})
		wantCode(t, id, err, auth.SignInRefused)
	}
	_, err := w.s.SignIn(ctx, caller(""), auth.SignInForm{Identifier: "seller@example.com", Password: password})
	wantCode(t, "the right one after five in other spellings", err, auth.SignInRefused)
	for range 5 { // the owner's own settings count apart, and are counted
		wantCode(t, "a wrong current password", lastErr(w.s.ChangePassword(ctx, c, "Wrong-Horse9", "Another-Horse9")),
			auth.PasswordWrong)
	}
	wantCode(t, "the right one then", lastErr(w.s.ChangePassword(ctx, c, password, "Another-Horse9")),
		auth.SignInLocked)
}

// privacyIDEA #1227: nobody's name is nobody's account, and locks nothing.
func TestBlankIdentifierIsNobody(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	for _, id := range []string{"", " ", "\u200b", "\x00", "@", "+", "%", "*", "/", "?"} {
		for range 7 {
			_, err := w.s.SignIn(ctx, caller("x"), auth.SignInForm{Identifier: id, Password: password})
			wantCode(t, "sign in as nobody", err, auth.SignInRefused)
		}
		ok(t, "forgot by nobody", forgot(ctx, w.s, caller("x"), id))
	}
	ch, err := w.s.SignInKeyFirst(ctx, caller("x"), auth.KeyFirstForm{Identifier: " "})
	ok(t, "key first as nobody", err)
	response := touchAnything(t, browser, ch)
	if response != nil {
		_, err = w.s.SignInFinish(ctx, caller("x"), ch.Ceremony, response)
		wantCode(t, "a key as nobody", err, auth.KeyWrong)
	}
	w.signIn(caller("home"), "seller@example.com")
	h, err := w.s.History(ctx, c, "", 100)
	ok(t, "history", err)
	for _, e := range h.Events {
		if e.Outcome != "" {
			t.Errorf("history: got %+v, want no refusal", e)
		}
	}
}

// Whoever keeps guessing has the owner mailed of it once a day, from however many networks.
func TestTheOwnerIsMailedOnceADayOfALock(t *testing.T) {
	b := newBesieged(t)
	locks := func() (n int) {
		for _, m := range b.mail() {
			if m.Template == auth.TemplateLocked {
				n++
			}
		}
		return n
	}
	for day, want := range []int{2, 2} { // to both mailboxes
		n := 0
		for i := range 4 {
			thief := behind("thief", netip.AddrFrom4([4]byte{198, 51, byte(10*day + i), 1}).String())
			b.fail(thief, auth.Password, 5, 0)
			n += locks()
		}
		if n != want {
			t.Errorf("day %d: got %d mails, want %d", day, n, want)
		}
		b.pass(25 * time.Hour)
	}
}
