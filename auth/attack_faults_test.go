package auth_test

import (
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// Hanko #2723: a code of the app counts once, for whatever purpose it is shown.
func TestAppCodeIsNotReplayed(t *testing.T) {
	w := newWorld(t)
	secret, owner := w.enrolled("seller@example.com", phoneIndex)
	ctx := t.Context()
	_, err := w.s.StepUpBegin(ctx, owner, auth.ActRename, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	info := w.signIn(caller("elsewhere"), "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, caller("elsewhere"), info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	_, err = w.s.SignInFinish(ctx, caller("elsewhere"), ch.Ceremony, w.app(secret))
	wantCode(t, "the code that enrolled the app", err, auth.CodeUsed)
	w.pass(31 * time.Second)
	seen := w.app(secret)
	_, err = w.s.SignInFinish(ctx, caller("elsewhere"), ch.Ceremony, seen)
	ok(t, "a fresh code", err)
	up, err := w.s.StepUpBegin(ctx, owner, auth.ActRename, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin a step-up", err)
	_, err = w.s.StepUpFinish(ctx, owner, up.Ceremony, seen)
	wantCode(t, "the code of the sign-in, for a step-up", err, auth.CodeUsed)
}

// Keycloak CVE-2026-37982: of many requests with one mailed link, one wins.
func TestResetLinkHasOneWinner(t *testing.T) {
	w := newWorld(t)
	w.enrolled("seller@example.com", phoneIndex)
	ctx := t.Context()
	w.mail()
	ok(t, "forgot", w.s.Forgot(ctx, caller("x"), "seller@example.com"))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	w.pass(time.Minute)
	ok(t, "forgot again", w.s.Forgot(ctx, caller("x"), "seller@example.com"))
	other := token(w.lastMail(auth.TemplateReset).Args["link"])
	var won atomic.Int32
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if w.s.ResetPassword(ctx, caller("x"), link, "Another-Horse"+string(rune('A'+i))+"9") == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("16 resets by one link: got %d winners, want 1", won.Load())
	}
	wantCode(t, "a link from before the reset", w.s.ResetPassword(ctx, caller("x"), other, "Third-Horse99"),
		auth.LinkUsed)
}

// Zitadel CVE-2025-64101: links lead to the configured origin, whatever the
// request says about itself.
func TestLinksAreBuiltFromConfiguration(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Origin = "https://login.example.com" })
	w.seller("seller@example.com", phoneIndex)
	c := caller("x")
	c.Agent = "Host: evil.example"
	c.RequestID = "https://evil.example"
	c.Language = "evil.example"
	ok(t, "forgot", w.s.Forgot(t.Context(), c, "seller@example.com"))
	if link := w.lastMail(auth.TemplateReset).Args["link"]; !strings.HasPrefix(link,
		"https://login.example.com/forgot/link/") {
		t.Errorf("link: got %s, want it at the configured origin", link)
	}
}

// Zitadel CVE-2025-64102, Authelia CVE-2025-24806: one count, by whichever
// spelling, browser or way of asking the guesses come in.
func TestGuessesAtAPasswordAreOneCount(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", phoneIndex)
	ctx := t.Context()
	for i, id := range []string{"seller@example.com", "SELLER@EXAMPLE.COM", " seller＠example.com ", phoneIndex,
		"0086 138 0013 8000"} {
		_, err := w.s.SignIn(ctx, caller("thief"+id[:1]+string(rune('a'+i))),
			auth.SignInForm{Identifier: id, Password: "Wrong-Horse9"})
		wantCode(t, id, err, auth.SignInRefused)
	}
	_, err := w.s.SignIn(ctx, auth.Caller{}, auth.SignInForm{Identifier: "seller@example.com", Password: password})
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
	browser, _, c := w.withKey("seller@example.com", phoneIndex, virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	for _, id := range []string{"", " ", "\u200b", "\x00", "@", "+", "%", "*", "/", "?"} {
		for range 7 {
			_, err := w.s.SignIn(ctx, caller("x"), auth.SignInForm{Identifier: id, Password: password})
			wantCode(t, "sign in as nobody", err, auth.SignInRefused)
		}
		ok(t, "forgot by nobody", w.s.Forgot(ctx, caller("x"), id))
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

// touchAnything returns what the browser answers, nil if it has no such key.
func touchAnything(t *testing.T, browser *virtual.Client, ch *auth.Challenge) []byte {
	t.Helper()
	response, err := browser.Get(publicKey(t, ch.Prompt))
	if err != nil {
		return nil
	}
	return response
}

// tinyauth GHSA-3q28: what a sign-in holds half-way is accepted nowhere else.
func TestHalfASignInIsNoSession(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", phoneIndex, virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	c := caller("elsewhere")
	half := w.signIn(c, "seller@example.com").Ceremony
	ch, err := w.s.SignInKeyFirst(ctx, c, auth.KeyFirstForm{Identifier: "seller@example.com"})
	ok(t, "key first", err)
	touched, err := w.s.SignInFinish(ctx, c, ch.Ceremony, touch(t, browser, ch))
	ok(t, "the touch", err)
	for _, sealed := range []string{half, ch.Ceremony, touched.Ceremony, half[:64], ""} {
		if _, err := w.s.Me(ctx, with(c, sealed)); err == nil {
			t.Error("a sealed sign-in is taken for a session")
		}
		if _, err := w.s.BindBegin(ctx, with(c, sealed), auth.BindForm{Kind: auth.TOTP}); err == nil {
			t.Error("a sealed sign-in enrols")
		}
		if _, err := w.s.CodesFile(ctx, with(c, sealed), sealed); err == nil {
			t.Error("a sealed sign-in opens recovery codes")
		}
	}
	_, err = w.s.SignInFinish(ctx, c, half, typed("000000"))
	wantCode(t, "a flow with no method begun", err, auth.NoSuchMethod)
}

// idenplane #407: a step-up is believed for its signature, not for its fields.
func TestStepUpChecksTheSignature(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey("seller@example.com", phoneIndex, virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	w.pass(time.Hour)
	ch, err := w.s.StepUpBegin(ctx, c, auth.ActRename, "", auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	good := string(touch(t, browser, ch))
	at := strings.Index(good, `"signature":"`) + len(`"signature":"`) + 20
	other := byte('A')
	if good[at] == 'A' {
		other = 'B'
	}
	_, err = w.s.StepUpFinish(ctx, c, ch.Ceremony, []byte(good[:at]+string(other)+good[at+1:]))
	if err == nil {
		t.Fatal("a step-up with another signature was believed")
	}
	info, err := w.s.StepUp(ctx, c, auth.ActRename, "")
	ok(t, "ask", err)
	if info.Done {
		t.Error("a forged step-up counts")
	}
}

// A mistyped action, and one of the service's own, is no action: the answer "all is shown" would let a caller through
// who asks for what he thinks is guarded.
func TestStepUpKnowsItsActions(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", phoneIndex)
	for _, a := range []auth.Action{"", "no-such-action", auth.ActDeliver, auth.ActSweep} {
		_, err := w.s.StepUp(t.Context(), c, a, "")
		wantCode(t, "ask about "+string(a), err, auth.NotFound)
		_, err = w.s.StepUpBegin(t.Context(), c, a, "", auth.MethodChoice{Kind: auth.TOTP})
		wantCode(t, "begin for "+string(a), err, auth.NotFound)
	}
}
