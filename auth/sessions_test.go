package auth_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

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
	browser, _, _ := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
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

// What one account may keep is bounded, so that ending all of it ends all of
// it: a thief cannot hide a session or a trusted browser behind hundreds.
func TestSessionsAndBrowsersAreBounded(t *testing.T) {
	w := newWorld(t)
	o := virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}
	browser, _, owner := w.withKey("seller@example.com", sellerNumber, o, auth.Passkey)
	ctx := t.Context()
	var last auth.Caller
	for i := range 110 {
		w.pass(time.Second)
		c := caller(fmt.Sprint("browser ", i))
		ch, err := w.s.SignInKeyFirst(ctx, c, auth.KeyFirstForm{})
		ok(t, "begin", err)
		done, err := w.s.SignInFinish(ctx, c, ch.Ceremony, touch(t, browser, ch))
		ok(t, "finish", err)
		last = with(c, done.Token)
	}
	list, err := w.s.Sessions(ctx, last)
	ok(t, "sessions", err)
	if len(list) < 80 || len(list) > 100 { // at 100 they are cut to 80
		t.Errorf("sessions: got %d, want 80 to 100", len(list))
	}
	_, err = w.s.Me(ctx, owner)
	wantCode(t, "the one that was longest unused", err, auth.SessionEnded)
	known, err := w.s.Browsers(ctx, last)
	ok(t, "browsers", err)
	if len(known) != 100 {
		t.Errorf("browsers: got %d, want 100", len(known))
	}
	newest := func(a, b auth.BrowserInfo) int { return b.SeenAt.Compare(a.SeenAt) }
	if oldest := known[len(known)-1].SeenAt; !slices.IsSortedFunc(known, newest) ||
		w.time().Sub(oldest) != 99*time.Second {
		t.Errorf("browsers: got the last of %s ago, want the newest hundred, the newest first", w.time().Sub(oldest))
	}
	ok(t, "forget all", w.s.ForgetBrowser(ctx, last, ""))
	known, err = w.s.Browsers(ctx, last)
	ok(t, "browsers", err)
	if len(known) != 0 {
		t.Errorf("browsers after all were forgotten: got %d, want none", len(known))
	}
}

// R42: a sign-in that was called one at a shared computer trusts no browser,
// though the browser is known from before, nor after a step-up.
func TestSharedSignInTrustsNothing(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	c := caller("home")
	info, err := w.s.SignIn(ctx, c, auth.SignInForm{Identifier: "seller@example.com", Password: password, Shared: true})
	ok(t, "sign in", err)
	c.Token = w.second(c, info, secret).Token
	_, err = w.s.TrustBrowser(ctx, c)
	wantCode(t, "trust", err, auth.Forbidden)
	ch, err := w.s.StepUpBegin(ctx, c, auth.ActTrust, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(t, "step up", err)
	w.pass(31 * time.Second)
	up, err := w.s.StepUpFinish(ctx, c, ch.Ceremony, w.app(secret))
	ok(t, "step up", err)
	_, err = w.s.TrustBrowser(ctx, with(c, up.Token))
	wantCode(t, "trust after a step-up", err, auth.Forbidden)
}

// NIST SP 800-63B-4 §2.2.3: under that preset an hour unused ends every session;
// keeping signed in has nothing to lengthen.
func TestIdleEndsKeptSessionsUnderNIST(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) {
		c.Policy.SessionIdle, c.Policy.SessionLife = time.Hour,
			c.Policy.SessionShort
	})
	secret, _ := w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	c := caller("home")
	info, err := w.s.SignIn(ctx, c, auth.SignInForm{Identifier: "seller@example.com", Password: password,
		Remember: true})
	ok(t, "sign in", err)
	c.Token = w.second(c, info, secret).Token
	w.pass(59 * time.Minute)
	_, err = w.s.Me(ctx, c)
	ok(t, "within the hour", err)
	w.pass(time.Hour)
	_, err = w.s.Me(ctx, c)
	wantCode(t, "after an hour", err, auth.SessionEnded)
}

// Enrolment ends what somebody else with the password was waiting with.
func TestEnrolmentEndsOtherRestrictedSessions(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	thief := with(caller("thief"), w.signIn(caller("thief"), "seller@example.com").Token)
	w.enrolApp(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token))
	_, err := w.s.Security(t.Context(), thief)
	wantCode(t, "a restricted session from before the enrolment", err, auth.SessionEnded)
}

// Every use keeps a session from idling, were it one that only changes something, or is refused elsewhere meanwhile.
func TestEveryUseKeepsASessionFromIdling(t *testing.T) {
	for name, use := range map[string]func(*world, auth.Caller) error{
		"one that looks":    func(w *world, c auth.Caller) error { return w.me(&c)() },
		"one that changes":  func(w *world, c auth.Caller) error { return w.s.EndOtherSessions(w.t.Context(), c) },
		"the overview":      func(w *world, c auth.Caller) error { return lastErr(w.s.Security(w.t.Context(), c)) },
		"one that forgets":  func(w *world, c auth.Caller) error { return w.s.ForgetBrowser(w.t.Context(), c, "") },
		"its own end later": func(w *world, c auth.Caller) error { return lastErr(w.s.Sessions(w.t.Context(), c)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			c := owner(w).byKey("home")
			for range 3 {
				w.pass(7 * time.Hour)
				ok(t, "use", use(w, c))
			}
			list, err := w.s.Sessions(t.Context(), c)
			ok(t, "list", err)
			i := slices.IndexFunc(list, func(x auth.SessionInfo) bool { return x.Current })
			if !list[i].Seen.Equal(w.time()) {
				t.Errorf("got it seen at %v, want now, %v", list[i].Seen, w.time())
			}
		})
	}
}

// A session is ended by whatever name it has had: the page with the list may be older than its token.
func TestASessionIsEndedByAnyOfItsNames(t *testing.T) {
	for steps := range 3 {
		w := newWorld(t)
		o := owner(w)
		thief := &waiting{world: w, stick: o.stick, owner: o.byKey("thief")}
		me, err := w.s.Me(t.Context(), thief.owner)
		ok(t, "its first name", err)
		for range steps {
			w.step(thief, byKey)
		}
		if steps > 0 {
			w.pass(10 * time.Second)
		}
		o.owner = o.byKey("home")
		ok(t, "end it by its first name", w.s.EndSession(t.Context(), o.owner, me.Session.ID))
		wantCode(t, "it", w.me(&thief.owner)(), auth.SessionEnded)
		ok(t, "the owner", w.me(&o.owner)())
		for _, id := range []string{"", "nothing", "a/b", "../" + me.Session.ID} {
			wantCode(t, "no session "+id, w.s.EndSession(t.Context(), o.owner, id), auth.NotFound)
		}
	}
}

// A token of before whose session is over says so, while its record still lies there: the browser may drop its cookie.
func TestAnOlderTokenOfASessionThatIsOver(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	o.owner = o.byKey("home")
	before := o.owner
	w.step(o, byKey)
	w.pass(30 * time.Second)
	wantCode(t, "while the session lives", w.me(&before)(), auth.SessionRequired)
	w.pass(12*time.Hour - 30*time.Second - tick)
	wantCode(t, "in its last second", w.me(&before)(), auth.SessionRequired)
	w.pass(tick)
	wantCode(t, "when it is over", w.me(&before)(), auth.SessionEnded)
	wantCode(t, "as its last token says", w.me(&o.owner)(), auth.SessionEnded)
}

// A list of sessions begins with the one that was used last, and one of them is the caller's.
func TestTheListOfSessions(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	var all []auth.Caller
	for _, browser := range []string{"a", "b", "c"} {
		w.pass(time.Minute)
		all = append(all, o.byKey(browser))
	}
	w.pass(2 * time.Hour)
	ok(t, "the second is used", w.me(&all[1])())
	list, err := w.s.Sessions(t.Context(), all[0])
	ok(t, "list", err)
	if len(list) != 4 || !slices.IsSortedFunc(list, func(a, b auth.SessionInfo) int { return b.Seen.Compare(a.Seen) }) {
		t.Errorf("got %+v, want four, the newest use first", list)
	}
	for i, s := range list {
		me, err := w.s.Me(t.Context(), all[0])
		ok(t, "me", err)
		if s.Current != (s.ID == me.Session.ID) {
			t.Errorf("number %d: got current %v, want the caller's alone", i, s.Current)
		}
	}
}

// A sweep takes no token from a session that goes on: the one before opens it for as long as ever, and is known as
// exchanged for five minutes.
func TestASweepTakesNoTokenEarly(t *testing.T) {
	for age, want := range map[time.Duration]auth.Code{29 * time.Second: "", 30 * time.Second: auth.SessionRequired,
		5 * time.Minute: auth.SessionRequired, 5*time.Minute + tick: auth.SessionEnded} {
		w := newWorld(t)
		o := owner(w)
		before := o.owner
		w.step(o, byKey)
		w.pass(age)
		ok(t, "sweep", w.s.Sweep(t.Context()))
		says(t, "the token before, after "+age.String(), w.me(&before)(), want)
		ok(t, "the session", w.me(&o.owner)())
	}
}
