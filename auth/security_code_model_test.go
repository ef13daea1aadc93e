package auth_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
)

// A codeModel is what the security code of one account should be, whatever was done in whichever order.
type codeModel struct {
	*waiting
	t       *testing.T
	code    string // the live one, "" for none
	retired []string
	state   auth.SecretState
	handing func() error // retires it
}

func newCodeModel(t *testing.T) *codeModel {
	w := newWorld(t)
	m := &codeModel{waiting: owner(w), t: t, state: auth.SecretNotSet}
	me, err := w.s.Me(t.Context(), m.byKey("home"))
	ok(t, "who", err)
	strongly := auth.Demand{Class: auth.Strong, MaxAge: 10 * time.Minute}
	door, err := auth.Register(w.s, auth.Part{Name: "handover", Rules: map[auth.Action]auth.Rule{
		"hand-over": {Who: auth.Enrolled, Demand: strongly, Audit: true}}})
	ok(t, "a part", err)
	m.handing = func() error {
		return door.Do(t.Context(), m.byKey("desk"), "hand-over", func(p *auth.Work) error {
			return p.RetireSecurityCode(me.Account)
		})
	}
	return m
}

// refusedAs is the code of a refusal, "" for none; anything else fails the test.
func (m *codeModel) refusedAs(err error) auth.Code {
	m.t.Helper()
	e := new(auth.Error)
	if err != nil && !errors.As(err, &e) {
		m.t.Fatal(err)
	}
	return e.Code
}

// session is one whose second step was the key, or a text.
func (m *codeModel) session(strong bool) auth.Caller {
	if strong {
		return m.byKey("home")
	}
	return m.text("shop")
}

// text signs in by a text, of which there are ten a day.
func (m *codeModel) text(browser string) auth.Caller {
	m.pass(3 * time.Hour)
	return m.byText(browser)
}

func (m *codeModel) set(strong bool) {
	info, err := m.s.SetSecurityCode(m.t.Context(), m.session(strong))
	got, want := m.refusedAs(err), auth.Code("")
	switch {
	case !strong:
		want = auth.TooWeak
	case m.code != "":
		want = auth.SecurityCodeSet
	}
	if got != want {
		m.t.Fatalf("setting a code, state %s: got %q, want %q", m.state, got, want)
	}
	if got == "" {
		m.code, m.state = info.Code, auth.SecretSet
	}
}

// show tries a code in a session, after any wait, and returns the session that it has raised.
func (m *codeModel) show(strong bool, typed string) (auth.Caller, bool) {
	c := m.session(strong)
	next, err := m.s.ShowSecurityCode(m.t.Context(), c, typed)
	if m.refusedAs(err) == auth.MethodResting {
		m.pass(time.Hour)
		c = m.session(strong)
		next, err = m.s.ShowSecurityCode(m.t.Context(), c, typed)
	}
	want := auth.Code("")
	switch {
	case m.code == "":
		want = auth.SecurityCodeNotSet
	case typed != m.code:
		want = auth.SecurityCodeWrong
	}
	if got := m.refusedAs(err); got != want {
		m.t.Fatalf("showing %q, state %s: got %q, want %q", typed, m.state, got, want)
	}
	if want != "" {
		return c, false
	}
	m.state = auth.SecretUsed
	return with(c, next), true
}

func (m *codeModel) retire() {
	want := auth.Code("")
	if m.code == "" {
		want = auth.SecurityCodeNotSet
	}
	if got := m.refusedAs(m.handing()); got != want {
		m.t.Fatalf("retiring, state %s: got %q, want %q", m.state, got, want)
	}
	if want == "" {
		m.retired = append(m.retired, m.code)
		m.code, m.state = "", auth.SecretRetired
	}
}

// actsStrongly tries what asks for the best, in a session that a text has opened.
func (m *codeModel) actsStrongly(c auth.Caller, shown bool) {
	want := auth.TooWeak
	if shown {
		want = ""
	}
	if got := m.refusedAs(m.s.SetQuestion(m.t.Context(), c, ownQuestion, ownAnswer)); got != want {
		m.t.Fatalf("acting behind a text, the code shown %v: got %q, want %q", shown, got, want)
	}
}

// The machine of the security code, in any order: one code at a time, no way to change it, no way back for one that is
// retired, and none that raises a session but the live one, shown in that session.
func TestSecurityCodeModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := newCodeModel(t)
		codes := func() string {
			all := append(slices.Clone(m.retired), "00000-00000-00000-00000")
			if m.code != "" {
				all = append(all, m.code, m.code)
			}
			return rapid.SampledFrom(all).Draw(rt, "code")
		}
		steps := map[string]func(){
			"set":    func() { m.set(rapid.Bool().Draw(rt, "strong")) },
			"retire": m.retire,
			"show": func() {
				c, shown := m.show(false, codes())
				m.actsStrongly(c, shown)
			},
			"show, retire": func() {
				c, _ := m.show(false, codes())
				m.retire()
				m.actsStrongly(c, false)
			},
			"show elsewhere": func() {
				m.show(true, codes())
				m.actsStrongly(m.text("till"), false)
			},
			"pass": func() { m.pass(time.Duration(rapid.IntRange(1, 100).Draw(rt, "hours")) * time.Hour) },
		}
		names := []string{"set", "retire", "show", "show, retire", "show elsewhere", "pass"}
		for range rapid.IntRange(1, 8).Draw(rt, "steps") {
			steps[rapid.SampledFrom(names).Draw(rt, "step")]()
			m.pass(time.Minute)
			info, err := m.s.Security(t.Context(), m.byKey("home"))
			ok(t, "overview", err)
			if got := info.SecurityCode.State; got != m.state {
				t.Fatalf("got the state %s, want %s", got, m.state)
			}
		}
	})
}
