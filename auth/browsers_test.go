package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// at signs in with the app, in a browser of that name that calls itself something, and returns the end of it.
func (w *world) at(browser, agent, secret string) (auth.Caller, *auth.SignInInfo) {
	w.t.Helper()
	c := caller(browser)
	c.Agent = agent
	info := w.signIn(c, sellerMail)
	if info.Step == auth.StepSecond {
		info = w.second(c, info, secret)
	}
	return with(c, info.Token), info
}

// listed is a browser as the list of a caller has it, without its id.
func (w *world) listed(c auth.Caller) (all []auth.BrowserInfo) {
	w.t.Helper()
	list, err := w.s.Browsers(w.t.Context(), c)
	ok(w.t, "browsers", err)
	for _, b := range list {
		b.ID = ""
		all = append(all, b)
	}
	return all
}

// The list says of a browser since when it is known, when and as what it was last seen to the day, and until when it is
// trusted; the newest first.
func TestTheListOfBrowsers(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	first := w.time()
	home := auth.BrowserInfo{Current: true, Agent: c.Agent, FirstAt: first, SeenAt: first}
	want := func(when string, c auth.Caller, list ...auth.BrowserInfo) {
		t.Helper()
		if got := w.listed(c); !slices.Equal(got, list) {
			t.Errorf("%s: got\n%+v, want\n%+v", when, got, list)
		}
	}
	want("at first", c, home)
	w.pass(day - 32*time.Second)
	c, _ = w.at("home", "Firefox", secret)
	want("a second less than a day later", c, home)
	w.pass(time.Second - 31*time.Second)
	c, _ = w.at("home", "Firefox", secret)
	home.SeenAt, home.Agent = first.Add(day), "Firefox"
	want("a day later", c, home)
	c, _ = w.at("shop", "Safari", secret)
	shop := auth.BrowserInfo{Current: true, Agent: "Safari", FirstAt: w.time(), SeenAt: w.time()}
	home.Current = false
	want("another one", c, shop, home)
	trusted, err := w.s.TrustBrowser(t.Context(), c)
	ok(t, "trust", err)
	if !trusted.Current || trusted.Agent != "Safari" {
		t.Errorf("trusted: got %+v, want the one at hand", trusted)
	}
	c.Browser = trusted.Cookie
	shop.TrustedUntil = w.time().Add(30 * day)
	want("that is trusted", c, shop, home)
	w.pass(shop.TrustedUntil.Sub(w.time()) - time.Second)
	c, info := w.at(trusted.Cookie, "Safari", "")
	if info.MayTrust {
		t.Error("while it is trusted: got it offered")
	}
	shop.SeenAt = w.time()
	want("in the last second", c, shop, home)
	w.pass(time.Second)
	shop.TrustedUntil = time.Time{}
	want("after it", c, shop, home)
	if _, info := w.at(trusted.Cookie, "Safari", secret); !info.MayTrust {
		t.Error("after it: got it not offered")
	}
}

// Trust is offered where it is to be had, in new browsers and known ones, and refused elsewhere; it ends with the
// password that it was given behind, and where the site does not want it any more.
func TestWhereTrustIsToBeHad(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	offered := func(where, browser string, want bool) (c auth.Caller) {
		t.Helper()
		c, info := w.at(browser, "Firefox", secret)
		if info.MayTrust != want {
			t.Errorf("%s: got trust offered %v, want %v", where, info.MayTrust, want)
		}
		if !want {
			wantCode(t, where, lastErr(w.s.TrustBrowser(t.Context(), c)), auth.Forbidden)
		}
		return c
	}
	home := offered("known", "home", true)
	shop := offered("new", "shop", true)
	offered("none", "", false)
	b, err := w.s.TrustBrowser(t.Context(), home)
	ok(t, "trust", err)
	if again, err := w.s.TrustBrowser(t.Context(), with(caller(b.Cookie), home.Token)); err != nil ||
		again.Cookie == b.Cookie {
		t.Errorf("again: got %v, the same cookie %v", err, again.Cookie == b.Cookie)
	} else {
		b = again
	}
	ok(t, "forget", w.s.ForgetBrowser(t.Context(), home, ""))
	wantCode(t, "a browser that was forgotten", lastErr(w.s.TrustBrowser(t.Context(), shop)), auth.Forbidden)
	home, _ = w.at("home", "Firefox", secret)
	b, err = w.s.TrustBrowser(t.Context(), home)
	ok(t, "trust", err)
	offered("known too", "till", true)
	wish := w.cfg
	wish.Policy.TrustLife = 0
	var without *auth.Service
	without, err = auth.New(wish)
	ok(t, "a site that does not want it", err)
	with30 := w.s
	w.s = without
	if _, info := w.at(b.Cookie, "Firefox", secret); info.Session.AAL != 2 {
		t.Error("a site that wants no trust any more: the second step was skipped")
	}
	offered("trusted, at such a site", b.Cookie, false)
	offered("known, at such a site", "till", false)
	offered("new, at such a site", "other", false)
	w.s = with30
	if _, info := w.at(b.Cookie, "Firefox", ""); info.Step != auth.StepDone {
		t.Error("at a site that wants it again: got no trust")
	}
	w.pass(time.Minute)
	c, _ := w.at("home", "Firefox", secret)
	c.Token, err = w.s.ChangePassword(t.Context(), with(caller(b.Cookie), c.Token), password, newPassword)
	ok(t, "a new password", err)
	for _, x := range w.listed(with(caller(b.Cookie), c.Token)) {
		if !x.TrustedUntil.IsZero() {
			t.Errorf("after a new password: got %+v, want no trust", x)
		}
	}
}

// Forgetting is told of by what it is about: the history names the browser, one that is not there is said to be none,
// and to forget all is no fault where there is none.
func TestForgettingBrowsersIsWrittenDown(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	shop, _ := w.at("shop", "Safari", secret)
	trusted, err := w.s.TrustBrowser(t.Context(), shop)
	ok(t, "trust", err)
	wantCode(t, "none", w.s.ForgetBrowser(t.Context(), c, "x"), auth.NotFound)
	ok(t, "forget", w.s.ForgetBrowser(t.Context(), c, trusted.ID))
	wantCode(t, "again", w.s.ForgetBrowser(t.Context(), c, trusted.ID), auth.NotFound)
	ok(t, "all", w.s.ForgetBrowser(t.Context(), c, ""))
	ok(t, "all of none", w.s.ForgetBrowser(t.Context(), c, ""))
	w.mail()
	w.at("home", "Firefox", secret)
	w.lastMail(auth.TemplateNewBrowser) // it is new once more
	h, err := w.s.History(t.Context(), c, "", 100)
	ok(t, "history", err)
	var got []string
	for _, e := range h.Events {
		if e.Action == auth.ActForget && e.Outcome == "" || e.Action == auth.ActTrust {
			got = append(got, string(e.Action)+" "+e.Item)
			if e.Item == "Safari" && e.ItemID != trusted.ID {
				t.Errorf("%s: got the id %s, want %s", e.Action, e.ItemID, trusted.ID)
			}
		}
	}
	want := []string{"forget-browser ", "forget-browser Chromium · Linux", "forget-browser Safari",
		"trust-browser Safari"}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// The owner of an account that has to enrol hears of the second browser, not of the first, which is his own sign-up's,
// and not of those that leave nothing behind.
func TestNewBrowsersBeforeEnrolment(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	for _, x := range []struct {
		browser string
		shared  bool
		told    bool
	}{{"home", false, false}, {"shop", false, true}, {"shop", false, false}, {"cafe", true, false}, {"", false,
		false}} {
		w.mail()
		f := auth.SignInForm{Identifier: sellerMail, Password: password, Shared: x.shared}
		ok(t, "sign in", lastErr(w.s.SignIn(t.Context(), caller(x.browser), f)))
		told := slices.ContainsFunc(w.mail(),
			func(m auth.Message) bool { return m.Template == auth.TemplateNewBrowser })
		if told != x.told {
			t.Errorf("at %q: got told %v, want %v", x.browser, told, x.told)
		}
	}
}

// A browser is forgotten with what was counted in it: known again, it begins anew.
func TestAForgottenBrowserBeginsAnew(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	for range 2 {
		w.at("shop", "Safari", secret)
		for range 4 {
			wantCode(t, "a slip", w.guess("shop", "Wrong-Horse9"), auth.SignInRefused)
		}
		ok(t, "forget", w.s.ForgetBrowser(t.Context(), c, ""))
	}
	ok(t, "known once more", w.guess("shop", password))
}

// The same request for trust gets the same cookie again, while the browser is known that it is for.
func TestTrustAskedForTwice(t *testing.T) {
	w := newWorld(t)
	secret, home := w.enrolled(sellerMail, sellerNumber)
	shop, _ := w.at("shop", "Safari", secret)
	once := asked(shop, "trust")
	first, err := w.s.TrustBrowser(t.Context(), once)
	ok(t, "trust", err)
	again, err := w.s.TrustBrowser(t.Context(), once)
	ok(t, "again", err)
	if *again != *first || first.Cookie == "" {
		t.Errorf("again: got %+v, want %+v", again, first)
	}
	ok(t, "forget", w.s.ForgetBrowser(t.Context(), home, first.ID))
	wantCode(t, "after it was forgotten", lastErr(w.s.TrustBrowser(t.Context(), once)), auth.Forbidden)
}
