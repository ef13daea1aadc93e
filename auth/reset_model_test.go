package auth_test

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
)

// A resetItem is something on the way from a forgotten password to a new one, or to a sign-in.
type resetItem struct {
	kind    string // "mailed", "texted", "shown", "link", "proof" or "flow"
	token   string // a ceremony, or that of a link
	code    string
	by      auth.Kind // Email or Phone: what it is a proof of
	browser string    // that asked; a link is good in any
	until   time.Time
	epoch   int
	tries   int
	used    bool
}

// A resetModel is what a forgotten password should lead to, whatever was done in whichever order.
type resetModel struct {
	*world
	t       *testing.T
	secret  string
	current string
	epoch   int       // of the password
	firstBy auth.Kind // what set it, until another second step was shown
	items   []*resetItem
	mailed  []string  // codes of this epoch
	lastAt  time.Time // of the newest
	names   int       // wrong ones
	since   time.Time
	closed  time.Time // until then the way by phone is
	n       int
}

func newResetModel(t *testing.T) *resetModel {
	w, secret, c := withNumber(t, func(c *auth.Config) {
		c.Policy.SendsPerDay = 1000
		c.Policy.ResetTextsPerNumber, c.Policy.ResetTextsPerNetwork = 0, 0
	})
	w.addMailbox(c, "seller+codes@example.com")
	w.mail()
	return &resetModel{world: w, t: t, secret: secret, current: password}
}

// good reports whether an item is good in a browser.
func (m *resetModel) good(i *resetItem, browser string) bool {
	return !i.used && i.epoch == m.epoch && m.time().Before(i.until) && (i.kind == "link" || i.browser == browser)
}

func (m *resetModel) add(i resetItem, life time.Duration) {
	i.epoch = m.epoch
	if i.until.IsZero() {
		i.until = m.time().Add(life)
	}
	m.items = append(m.items, &i)
}

// judge holds a step against what it should have come to, and reports whether it came to it.
func (m *resetModel) judge(what string, i *resetItem, browser string, want bool, err error) bool {
	m.t.Helper()
	if e := new(auth.Error); err != nil && !errors.As(err, &e) {
		m.t.Fatal(err)
	}
	if (err == nil) != want {
		m.t.Fatalf("%s in %s, %+v, epoch %d, closed until %s, at %s: got %v, want it taken: %v", what, browser, *i, m.epoch,
			m.closed, m.time(), err, want)
	}
	return want
}

func (m *resetModel) askMail(browser string) {
	asked := m.askReset(caller(browser), sellerMail)
	sent := m.lastMail(auth.TemplateReset)
	m.add(resetItem{kind: "mailed", token: asked, code: sent.Args["code"], by: auth.Email, browser: browser}, 30*time.Minute)
	m.add(resetItem{kind: "link", token: token(sent.Args["link"]), by: auth.Email}, 30*time.Minute)
	if m.time().Sub(m.lastAt) > time.Hour { // what an older one is good for has ended, and stays so
		m.mailed = nil
	}
	m.mailed = append(m.mailed, sent.Args["code"])
	m.lastAt = m.time()
}

func (m *resetModel) askText(browser string) {
	asked, code := m.textedCode(caller(browser), sellerNumber)
	m.add(resetItem{kind: "texted", token: asked, code: code, by: auth.Phone, browser: browser}, 5*time.Minute)
}

// typeMailed types a code: its own is good, and no other but one of the last three.
func (m *resetModel) typeMailed(i *resetItem, browser, code string) {
	recent := m.mailed[max(0, len(m.mailed)-3):]
	ch, err := m.s.ForgotCode(m.t.Context(), caller(browser), i.token, code)
	right := code == i.code || slices.Contains(recent, code) && m.time().Sub(m.lastAt) <= time.Hour
	if m.judge("a mailed code", i, browser, m.good(i, browser) && right, err) {
		i.used = true
		m.add(resetItem{kind: "proof", token: ch.Ceremony, by: auth.Email, browser: browser}, 15*time.Minute)
	}
}

func (m *resetModel) shut() bool { return m.time().Before(m.closed) }

func (m *resetModel) typeTexted(i *resetItem, browser, code string) {
	read := !i.used && m.time().Before(i.until) && browser == i.browser
	ch, err := m.s.ForgotPhoneCode(m.t.Context(), caller(browser), i.token, code)
	if m.judge("a texted code", i, browser, m.good(i, browser) && code == i.code && !m.shut(), err) {
		m.add(resetItem{kind: "shown", token: ch.Ceremony, by: auth.Phone, browser: browser}, 15*time.Minute)
	}
	if !read {
		return
	}
	if i.tries++; code == i.code || i.tries == 5 {
		i.used = true // the right one, too, where it leads nowhere
	}
}

func (m *resetModel) typeName(i *resetItem, browser, name string) {
	good := m.good(i, browser) && !m.shut()
	ch, err := m.s.ForgotUserName(m.t.Context(), caller(browser), i.token, name)
	if m.judge("a user name", i, browser, good && name == "小明的店", err) {
		i.used, m.names = true, 0
		m.add(resetItem{kind: "proof", token: ch.Ceremony, by: auth.Phone, browser: browser, until: i.until}, 0)
		return
	}
	if !good {
		return
	}
	if m.names == 0 || m.time().Sub(m.since) >= day {
		m.names, m.since = 0, m.time()
	}
	if m.names++; m.names == 3 {
		m.closed = m.time().Add(day)
	}
}

// newPassword is what a password that was set ends: everything asked for before.
func (m *resetModel) newPassword(typed string, by auth.Kind) {
	old := m.current
	m.current, m.firstBy = typed, by
	m.epoch++
	m.mailed = nil
	m.n++
	f := auth.SignInForm{Identifier: sellerMail, Password: old}
	wantCode(m.t, "the old password", lastErr(m.s.SignIn(m.t.Context(), from(m.n), f)), auth.SignInRefused)
}

func (m *resetModel) reset(i *resetItem, browser string) {
	typed := fmt.Sprintf("Another-Horse%d", 10+m.n)
	var err error
	if i.kind == "link" {
		err = m.s.ResetPassword(m.t.Context(), caller(browser), i.token, typed)
	} else {
		err = m.s.ResetByCode(m.t.Context(), caller(browser), i.token, typed)
	}
	if m.judge("a new password", i, browser, m.good(i, browser) && isProof(i), err) {
		i.used = true
		m.newPassword(typed, i.by)
	}
}

// again uses what is used up once more, where and as it was good.
func (m *resetModel) again(i *resetItem, toReset bool) {
	browser := cmp.Or(i.browser, "x")
	switch {
	case i.kind == "mailed":
		m.typeMailed(i, browser, i.code)
	case i.kind == "texted":
		m.typeTexted(i, browser, i.code)
	case i.kind == "shown":
		m.typeName(i, browser, "小明的店")
	case i.kind == "flow":
		m.finish(i, browser)
	case toReset:
		m.reset(i, browser)
	default:
		m.temporary(i, browser)
	}
}

// isProof reports whether an item is what a reset can be done by.
func isProof(i *resetItem) bool { return i.kind == "link" || i.kind == "proof" }

func (m *resetModel) temporary(i *resetItem, browser string) {
	f := auth.TemporaryForm{Ceremony: i.token}
	if i.kind == "link" {
		f = auth.TemporaryForm{Link: i.token}
	}
	info, err := m.s.SignInTemporary(m.t.Context(), caller(browser), f)
	if m.judge("a temporary code", i, browser, m.good(i, browser) && isProof(i), err) {
		i.used = true
		m.halfway(info, i.by)
		m.add(resetItem{kind: "flow", token: info.Ceremony, by: i.by, browser: browser}, 15*time.Minute)
	}
}

// halfway wants a sign-in that asks for a second step, and offers none that has proved the first one.
func (m *resetModel) halfway(info *auth.SignInInfo, by auth.Kind) {
	m.t.Helper()
	if info.Token != "" || info.Step != auth.StepSecond {
		m.t.Fatalf("got the step %s, a session %v, want the second step and no session", info.Step, info.Token != "")
	}
	for _, k := range []auth.Kind{auth.TOTP, auth.Email, auth.Phone} {
		offered := slices.ContainsFunc(info.Methods, func(o auth.MethodInfo) bool { return o.Kind == k })
		if want := k != by && k != m.firstBy; offered != want {
			m.t.Fatalf("behind %q, set by %q: got %s offered %v, want %v", by, m.firstBy, k, offered, want)
		}
	}
}

// finish shows the app at a sign-in that has begun by something else.
func (m *resetModel) finish(i *resetItem, browser string) {
	m.pass(31 * time.Second)
	c, want := caller(browser), m.good(i, browser) && i.kind == "flow"
	ch, err := m.s.SignInBegin(m.t.Context(), c, i.token, byApp)
	if !m.judge("the app", i, browser, want, err) {
		return
	}
	done, err := m.s.SignInFinish(m.t.Context(), c, ch.Ceremony, m.app(m.secret))
	ok(m.t, "the app", err)
	if done.Step != auth.StepDone || done.Session.AAL != 2 {
		m.t.Fatalf("after the app: got %s", done.Step)
	}
	i.used = true
	m.firstBy = ""
}

// change is the owner's own, signed in.
func (m *resetModel) change() {
	c := caller("home")
	c = with(c, m.second(c, m.signedIn(c), m.secret).Token)
	typed := fmt.Sprintf("Own-Marmot%d", 10+m.n)
	_, err := m.s.ChangePassword(m.t.Context(), c, m.current, typed)
	ok(m.t, "change", err)
	m.newPassword(typed, "")
}

func (m *resetModel) signedIn(c auth.Caller) *auth.SignInInfo {
	m.t.Helper()
	info, err := m.s.SignIn(m.t.Context(), c, auth.SignInForm{Identifier: sellerMail, Password: m.current})
	ok(m.t, "the password of now", err)
	m.halfway(info, "")
	return info
}

// steps are what can happen; each draws what it is done with.
func (m *resetModel) steps(rt *rapid.T) map[string]func() {
	browser := func() string { return rapid.SampledFrom([]string{"x", "x", "x", "y"}).Draw(rt, "browser") }
	of := func(kinds ...string) *resetItem {
		var list []*resetItem
		for _, i := range m.items {
			if slices.Contains(kinds, i.kind) {
				list = append(list, i)
			}
		}
		if len(list) == 0 {
			return nil
		}
		last := list[len(list)-1]
		return rapid.SampledFrom(append(list, last, last, last)).Draw(rt, "item")
	}
	with := func(kinds []string, f func(*resetItem)) func() {
		return func() {
			if i := of(kinds...); i != nil {
				f(i)
			}
		}
	}
	ceremonies := []string{"link", "proof", "proof", "shown", "texted", "mailed", "flow"}
	return map[string]func(){
		"ask for a mail": func() { m.askMail(browser()) },
		"ask for a text": func() { m.askText(browser()) },
		"mailed": with([]string{"mailed"}, func(i *resetItem) {
			other := of("mailed")
			m.typeMailed(i, browser(), rapid.SampledFrom([]string{i.code, i.code, other.code, "0000-0000"}).Draw(rt, "code"))
		}),
		"texted": with([]string{"texted"}, func(i *resetItem) {
			m.typeTexted(i, browser(), rapid.SampledFrom([]string{i.code, i.code, i.code, "000000"}).Draw(rt, "code"))
		}),
		"name": with([]string{"shown"}, func(i *resetItem) {
			m.typeName(i, browser(), rapid.SampledFrom([]string{"小明的店", "another shop"}).Draw(rt, "name"))
		}),
		"reset":     with(ceremonies, func(i *resetItem) { m.reset(i, browser()) }),
		"temporary": with(ceremonies, func(i *resetItem) { m.temporary(i, browser()) }),
		"finish":    with(ceremonies, func(i *resetItem) { m.finish(i, browser()) }),
		"change":    m.change,
		"again": func() {
			for _, i := range m.items {
				if i.used {
					m.again(i, rapid.Bool().Draw(rt, "to reset"))
				}
			}
		},
		"pass": func() {
			m.pass(time.Duration(rapid.SampledFrom([]int{4, 13, 29, 24 * 60}).Draw(rt, "minutes")) * time.Minute)
		},
	}
}

// In any order: the password changes by a proof alone that was shown in its browser, once, in time, and of this
// password; no such proof is a session, nor its own second step; and three wrong user names close the way by phone,
// and no other.
func TestResetModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newResetModel(t)
		steps := m.steps(rt)
		names := []string{"ask for a mail", "ask for a text", "mailed", "mailed", "texted", "texted", "name", "name", "name",
			"reset", "temporary", "finish", "change", "pass", "again"}
		m.askMail("x")
		m.askText("x")
		if rapid.Bool().Draw(rt, "half-way") {
			mailed, texted := m.items[0], m.items[2]
			m.typeMailed(mailed, "x", mailed.code)
			m.typeTexted(texted, "x", texted.code)
		}
		m.pass(time.Minute)
		for range rapid.IntRange(4, 16).Draw(rt, "steps") {
			steps[rapid.SampledFrom(names).Draw(rt, "step")]()
			m.pass(time.Minute)
			m.signedIn(caller("home"))
		}
	})
}
