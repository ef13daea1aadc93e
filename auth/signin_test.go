package auth_test

import (
	"encoding/json"
	"errors"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

func TestPasswordAloneIsNoSession(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", "+8613800138000")
	c := caller("elsewhere")
	info := w.signIn(c, "seller@example.com")
	if info.Step != auth.StepSecond || info.Token != "" || info.Session != nil {
		t.Fatalf("right password: got %+v, want a sealed ceremony and no session", info)
	}
	_, err := w.s.Me(t.Context(), with(c, info.Ceremony))
	wantCode(t, "the ceremony as a session", err, auth.SessionEnded)
	done := w.second(c, info, secret)
	if done.Step != auth.StepDone || done.Session.AAL != 2 {
		t.Fatalf("after the second step: got %+v, want signed in at level 2", done)
	}
	me, err := w.s.Me(t.Context(), with(c, done.Token))
	ok(t, "session check", err)
	if !slices.Equal(me.Session.AMR, []string{"pwd", "otp", "mfa"}) {
		t.Errorf("amr: got %v, want pwd otp mfa", me.Session.AMR)
	}
}

func TestRestrictedSessionCanOnlyEnrol(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.seller("seller@example.com", "+8613800138000")
	info := w.signIn(caller("home"), "seller@example.com")
	c := with(caller("home"), info.Token)
	for what, act := range map[string]func() error{
		"sessions": func() error { _, err := w.s.Sessions(ctx, c); return err },
		"history":  func() error { _, err := w.s.History(ctx, c, "", 10); return err },
		"step-up":  func() error { _, err := w.s.StepUp(ctx, c, auth.ActRename, ""); return err },
		"rename":   func() error { _, err := w.s.Rename(ctx, c, "x", "y", ""); return err },
		"remove":   func() error { _, err := w.s.Remove(ctx, c, "x"); return err },
		"trust":    func() error { _, err := w.s.TrustBrowser(ctx, c); return err },
		"password": func() error { _, err := w.s.ChangePassword(ctx, c, password, "Another-Horse9"); return err },
		"browsers": func() error { _, err := w.s.Browsers(ctx, c); return err },
		"others":   func() error { return w.s.EndOtherSessions(ctx, c) },
	} {
		wantCode(t, what, act(), auth.MustEnrol)
	}
	_, c = w.enrolApp(c)
	_, err := w.s.Sessions(ctx, with(c, info.Token))
	wantCode(t, "sessions by the restricted token after it was raised", err, auth.MustEnrol)
	w.exchanged(with(c, info.Token))
	_, err = w.s.Sessions(ctx, c)
	ok(t, "sessions after enrolment", err)
}

// One code, 64 sign-ins in three browsers: exactly one session.
func TestOneWinnerPerCode(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	w.pass(time.Minute)
	code := w.app(secret)
	var begun [64]func() error
	for i := range begun {
		c := caller("b" + string(rune('0'+i%3)))
		begun[i] = w.finish(c, w.begun(c, byApp), code)
	}
	if won := w.winners(64, func(i int) error { return begun[i]() }); won != 1 {
		t.Errorf("one code in 64 sign-ins: got %d winners, want 1", won)
	}
}

// One challenge, 64 finishes: exactly one session, and the sign-in is over.
func TestOneWinnerPerChallenge(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	c := caller("elsewhere")
	info := w.signIn(c, sellerMail)
	w.pass(time.Minute)
	ch, err := w.s.SignInBegin(t.Context(), c, info.Ceremony, byApp)
	ok(t, "begin", err)
	code := w.app(secret)
	if won := w.winners(64, func(int) error { return w.finish(c, ch, code)() }); won != 1 {
		t.Errorf("one challenge, 64 finishes: got %d winners, want 1", won)
	}
	w.pass(time.Minute)
	_, err = w.s.SignInFinish(t.Context(), c, ch.Ceremony, w.app(secret))
	wantCode(t, "a spent challenge with a fresh code", err, auth.CeremonyUsed)
	_, err = w.s.SignInBegin(t.Context(), c, info.Ceremony, byApp)
	wantCode(t, "the flow after its success", err, auth.CeremonyUsed)
}

func TestCeremonyBelongsToItsBrowserAndPurpose(t *testing.T) {
	w := newWorld(t)
	secret, me := w.enrolled("seller@example.com", "+8613800138000")
	ctx := t.Context()
	c := caller("elsewhere")
	info := w.signIn(c, "seller@example.com")
	w.pass(time.Minute)
	_, err := w.s.SignInBegin(ctx, caller("thief"), info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	wantCode(t, "another browser", err, auth.CeremonyOtherBrowser)
	ch, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	_, err = w.s.StepUpFinish(ctx, with(c, me.Token), ch.Ceremony, w.app(secret))
	wantCode(t, "a sign-in's challenge for a step-up", err, auth.CeremonyOtherBrowser)
	_, err = w.s.BindFinish(ctx, with(c, me.Token), auth.BindDone{Ceremony: ch.Ceremony, Response: w.app(secret)})
	wantCode(t, "a sign-in's challenge for a binding", err, auth.CeremonyOtherBrowser)
	tampered := []byte(ch.Ceremony)
	tampered[len(tampered)/2] ^= 1
	_, err = w.s.SignInFinish(ctx, c, string(tampered), w.app(secret))
	wantCode(t, "a tampered ceremony", err, auth.CeremonyOtherBrowser)
	w.pass(15 * time.Minute)
	_, err = w.s.SignInFinish(ctx, c, ch.Ceremony, w.app(secret))
	wantCode(t, "an expired ceremony", err, auth.CeremonyExpired)
}

// Guesses are counted per account and kind, not per flow (Kratos #4251), not
// forgotten by starting again (caddy-security #271), and a right code changes
// nothing while the method rests (CVE-2026-16103: checked at redemption too).
func TestGuessesAreCountedAcrossFlows(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", "+8613800138000")
	ctx := t.Context()
	w.pass(time.Minute)
	var flows []string
	c := caller("home") // strangers would be led elsewhere: see TestThePasswordIsOut
	for range 8 {
		info := w.signIn(c, "seller@example.com")
		ch, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
		ok(t, "begin", err)
		flows = append(flows, ch.Ceremony)
	}
	wrong := otherCode(w.app(secret))
	for i := range 5 {
		_, err := w.s.SignInFinish(ctx, c, flows[i], wrong)
		e := wantCode(t, "a wrong code", err, auth.CodeWrong)
		if want := string(rune('0' + 4 - i)); e.Args["n"] != want {
			t.Errorf("tries left after %d: got %s, want %s", i+1, e.Args["n"], want)
		}
	}
	_, err := w.s.SignInFinish(ctx, c, flows[5], w.app(secret))
	e := wantCode(t, "a right code while the method rests", err, auth.MethodResting)
	if got := e.Until.Sub(w.time()); got != time.Minute {
		t.Errorf("rests for %s, want 1m", got)
	}
	w.pass(time.Minute)
	_, err = w.s.SignInFinish(ctx, c, flows[5], w.app(secret))
	ok(t, "a right code after the wait", err)
}

func otherCode(right json.RawMessage) json.RawMessage {
	var r auth.CodeResponse
	_ = json.Unmarshal(right, &r)
	b := []byte(r.Code)
	b[0] = '0' + (b[0]-'0'+5)%10
	return typed(string(b))
}

// A hundred parallel guesses get no more tries than five in a row.
func TestParallelGuessesMultiplyNothing(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", "+8613800138000")
	ctx := t.Context()
	w.pass(time.Minute)
	c := caller("thief")
	info := w.signIn(c, "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "begin", err)
	wrong := otherCode(w.app(secret))
	var heard atomic.Int32
	w.winners(100, func(int) error {
		_, err := w.s.SignInFinish(ctx, c, ch.Ceremony, wrong)
		if errors.Is(err, auth.Refuse(auth.CodeWrong)) {
			heard.Add(1)
		}
		return err
	})
	if heard.Load() != 5 {
		t.Errorf("100 parallel guesses: %d were judged, want 5", heard.Load())
	}
}

func TestHundredWrongCodesDisable(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.SignInLife, c.Policy.CodeLife = 1000*time.Hour, 1000*time.Hour })
	secret, _ := w.enrolled("seller@example.com", "+8613800138000")
	ctx := t.Context()
	c := caller("home")
	info := w.signIn(c, "seller@example.com")
	for i := range 100 {
		w.pass(2 * time.Hour)
		ch, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
		ok(t, "begin", err)
		_, err = w.s.SignInFinish(ctx, c, ch.Ceremony, otherCode(w.app(secret)))
		if err == nil {
			t.Fatalf("wrong code %d was accepted", i)
		}
	}
	w.pass(48 * time.Hour)
	_, err := w.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	wantCode(t, "after 100 consecutive wrong codes", err, auth.MethodDisabled)
}

// D5: strangers who guess passwords lock out strangers, not the owner.
func TestStrangersCannotLockTheOwnerOut(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", "+8613800138000")
	ctx := t.Context()
	for range 12 {
		for _, id := range []string{"seller@example.com", "SELLER@example.com", "+8613800138000"} {
			_, err := w.s.SignIn(ctx, caller("thief"), auth.SignInForm{Identifier: id, Password: "Wrong-Horse9"})
			wantCode(t, "a stranger's wrong password", err, auth.SignInRefused)
		}
	}
	_, err := w.s.SignIn(ctx, caller("thief2"), auth.SignInForm{Identifier: "seller@example.com", Password: password})
	wantCode(t, "a stranger's right password while strangers wait", err, auth.SignInRefused)
	w.lastMail(auth.TemplateLocked) // the owner is told
	info := w.signIn(caller("home"), "seller@example.com")
	w.second(caller("home"), info, secret)
	// The owner's own slips lock his browser, and he is told so.
	for range 5 {
		_, err = w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Slip-Slip9"})
		wantCode(t, "a slip", err, auth.SignInRefused)
	}
	e := wantCode(t, "locked",
		lastErr(w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: "seller@example.com", Password: password})),
		auth.SignInLocked)
	if !e.Until.After(w.time()) {
		t.Error("a lock without the time it ends")
	}
	w.pass(2 * time.Minute)
	w.signIn(caller("home"), "seller@example.com")
}

func lastErr[T any](_ T, err error) error { return err }

func TestTrustedBrowser(t *testing.T) {
	w := newWorld(t)
	secret, home := w.enrolled("seller@example.com", "+8613800138000")
	w.seller("other@example.com", "+8613800138001")
	ctx := t.Context()
	b, err := w.s.TrustBrowser(ctx, home)
	ok(t, "trust", err)
	if got := b.TrustedUntil.Sub(w.time()); got != 30*24*time.Hour {
		t.Errorf("trusted for %s, want 720h", got)
	}
	if info := w.signIn(caller("home"), "seller@example.com"); info.Step != auth.StepSecond {
		t.Fatalf("with the cookie from before, which somebody may have planted: got step %s, want %s", info.Step,
			auth.StepSecond)
	}
	own := caller(b.Cookie)
	info := w.signIn(own, "seller@example.com")
	if info.Step != auth.StepDone || info.Session.AAL != 1 {
		t.Fatalf("sign-in from the trusted browser: got %+v, want signed in at level 1", info)
	}
	trusted := with(own, info.Token)
	// Keeping signed in, and trust, never spare a step-up.
	_, err = w.s.Remove(ctx, trusted, "x")
	wantCode(t, "a change from a trusted browser", err, auth.StepUpRequired)
	// Bound to account and browser (privacyIDEA dce6036a).
	if info := w.signIn(caller("elsewhere"), "seller@example.com"); info.Step != auth.StepSecond {
		t.Errorf("another browser: got step %s, want %s", info.Step, auth.StepSecond)
	}
	if info := w.signIn(own, "other@example.com"); info.Step != auth.StepEnrol {
		t.Errorf("another account: got step %s, want %s", info.Step, auth.StepEnrol)
	}
	if info, err := w.s.SignIn(ctx, own, auth.SignInForm{Identifier: "seller@example.com", Password: password,
		Shared: true}); err != nil || info.Step != auth.StepSecond {
		t.Errorf("a shared computer: got %+v, %v, want the second step", info, err)
	}
	ok(t, "forget", w.s.ForgetBrowser(ctx, trusted, b.ID))
	info = w.signIn(own, "seller@example.com")
	if info.Step != auth.StepSecond {
		t.Errorf("after trust was ended: got step %s, want %s", info.Step, auth.StepSecond)
	}
	w.second(own, info, secret)
}

func TestSharedComputerIsNotRemembered(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", "+8613800138000")
	ctx := t.Context()
	c := caller("library")
	info, err := w.s.SignIn(ctx, c, auth.SignInForm{Identifier: "seller@example.com", Password: password,
		Remember: true, Shared: true})
	ok(t, "sign in", err)
	done := w.second(c, info, secret)
	if done.Session.Remember || done.MayTrust {
		t.Errorf("shared computer: got remember %v, trust offered %v, want neither", done.Session.Remember,
			done.MayTrust)
	}
	_, err = w.s.TrustBrowser(ctx, with(c, done.Token))
	wantCode(t, "trusting a shared computer", err, auth.Forbidden)
}

func TestSessionEnds(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", "+8613800138000")
	ctx := t.Context()
	for range 3 { // use moves the idle time on
		w.pass(6 * time.Hour)
		_, err := w.s.Me(ctx, c)
		ok(t, "session check", err)
	}
	w.pass(12 * time.Hour)
	_, err := w.s.Me(ctx, c)
	wantCode(t, "an idle session", err, auth.SessionEnded)
	_, err = w.s.Me(ctx, auth.Caller{})
	wantCode(t, "no session", err, auth.SessionRequired)
	_, err = w.s.Me(ctx, with(c, "forged"))
	wantCode(t, "a forged token", err, auth.SessionEnded)
}

func TestSignOutEndsTheSession(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", "+8613800138000")
	ok(t, "sign out", w.s.SignOut(t.Context(), c))
	_, err := w.s.Me(t.Context(), c)
	wantCode(t, "after signing out", err, auth.SessionEnded)
}

// Where one country is served, or the page is in the language of one, its numbers need no country code at sign-in;
// elsewhere nobody guesses which.
func TestSignInByANumberWithoutItsCountry(t *testing.T) {
	for _, c := range []struct {
		countries []string
		language  string
		want      auth.Code
	}{
		{[]string{"CN"}, "en", ""},
		{[]string{"CN", "GB"}, "en", auth.SignInRefused},
		{[]string{"CN", "GB"}, "zh-CN", ""},
		{nil, "en", auth.SignInRefused},
		{nil, "zh-CN", ""},
	} {
		w := newWorld(t, func(o *auth.Config) { o.Policy.Countries = c.countries })
		w.seller("seller@example.com", sellerNumber)
		w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
		at := caller("home")
		at.Language = c.language
		info, err := w.s.SignIn(t.Context(), at, auth.SignInForm{Identifier: "138 0013 8000", Password: password})
		if c.want == "" && (err != nil || info.Step != auth.StepSecond) || c.want != "" &&
			!errors.Is(err, auth.Refuse(c.want)) {
			t.Errorf("served %v, in %s: got %+v, %v, want %q", c.countries, c.language, info, err, c.want)
		}
	}
}

// A shared computer is not kept signed in, whichever way the sign-in begins.
func TestASharedComputerIsNotKeptSignedIn(t *testing.T) {
	for shared, want := range map[bool]bool{true: false, false: true} {
		w := newWorld(t)
		o := virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}
		browser, _, _ := w.withKey(sellerMail, sellerNumber, o, auth.Passkey)
		c := caller("cafe")
		ch, err := w.s.SignInKeyFirst(t.Context(), c, auth.KeyFirstForm{Remember: true, Shared: shared})
		ok(t, "begin", err)
		first, err := w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, browser, ch))
		ok(t, "the key alone", err)
		f := auth.SignInForm{Identifier: sellerMail, Password: password, Remember: true, Shared: shared}
		info, err := w.s.SignIn(t.Context(), c, f)
		ok(t, "password", err)
		ch, err = w.s.SignInBegin(t.Context(), c, info.Ceremony, byKey)
		ok(t, "begin", err)
		second, err := w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, browser, ch))
		ok(t, "the key after the password", err)
		for _, s := range []*auth.SessionInfo{first.Session, second.Session} {
			if s.Remember != want {
				t.Errorf("shared %v: got it kept signed in: %v, want %v", shared, s.Remember, want)
			}
		}
	}
}

// The password follows a key that was shown, and nothing else: not a challenge to one, nor a password.
func TestThePasswordFollowsAKeyAlone(t *testing.T) {
	w := newWorld(t)
	owner(w)
	c := caller("home")
	ch, err := w.s.SignInKeyFirst(t.Context(), c, auth.KeyFirstForm{Identifier: sellerMail})
	ok(t, "begin", err)
	for what, ceremony := range map[string]string{
		"a challenge": ch.Ceremony, "a password": w.signIn(c, sellerMail).Ceremony,
		"a text begun": w.begun(c, bySMS).Ceremony,
	} {
		_, err := w.s.SignInPassword(t.Context(), c, ceremony, password)
		wantCode(t, what, err, auth.CeremonyOtherBrowser)
	}
}

// A password that is changed while it is checked behind a key opens nothing.
func TestAPasswordThatChangesBehindAKey(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := caller("shop")
	ch, err := w.s.SignInKeyFirst(t.Context(), c, auth.KeyFirstForm{Identifier: sellerMail})
	ok(t, "begin", err)
	at, err := w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, o.stick, ch))
	ok(t, "the key", err)
	o.owner = o.byKey("home")
	w.between.before(2, func() { // after its guess was counted and before it is concluded
		w.rehashed(sellerMail)
	})
	_, err = w.s.SignInPassword(t.Context(), c, at.Ceremony, password)
	wantCode(t, "the password of before", err, auth.PasswordWrong)
}

// rehashed writes the account's password anew, as a change does that leaves its epoch: the stored hash is another.
func (w *world) rehashed(email string) {
	w.t.Helper()
	accounts := store.NewCollection("account", w.keys,
		store.Blind("email", true, func(a *auth.Account) []string { return []string{a.Email.Key()} }),
		store.Blind("phone", false, func(a *auth.Account) []string {
			if a.PhoneAt.IsZero() || a.Phone == "" {
				return nil
			}
			return []string{string(a.Phone)}
		}))
	hash, err := w.s.Hasher().Hash(w.t.Context(), newPassword)
	ok(w.t, "hash", err)
	ok(w.t, "write", w.db.Update(w.t.Context(), func(tx store.Tx) error {
		for item, err := range accounts.Prefix(tx, "", 10) {
			if err != nil {
				return err
			}
			if string(item.Doc.Email) != email {
				continue
			}
			item.Doc.Password = hash
			return accounts.Put(tx, item.ID, item.Doc)
		}
		return nil
	}))
}
