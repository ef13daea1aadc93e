package auth_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
)

// A waitModel is what a sign-in by the security code should be, whatever was done in whichever order.
type waitModel struct {
	*codeModel
	due    time.Time // of what waits; zero: nothing does
	paused time.Time // until then none is asked for
	cool   time.Time // until then no payout is approved
}

func (m *waitModel) waits() bool { return !m.due.IsZero() && m.time().Before(m.due.Add(7*day)) }

// wanted is what the code should say at a sign-in: a refusal, or a step.
func (m *waitModel) wanted(typed string) (auth.Code, auth.Step) {
	switch {
	case m.code == "":
		return auth.SecurityCodeNotSet, ""
	case typed != m.code:
		return auth.SecurityCodeWrong, ""
	case !m.waits() && m.time().Before(m.paused):
		return auth.ChangePaused, ""
	case !m.waits() || m.time().Before(m.due):
		return "", auth.StepWait
	}
	return "", auth.StepEnrol
}

// enter shows the password and a code at a sign-in in a known browser, after any wait.
func (m *waitModel) enter(typed string) {
	info, err := m.byCode(caller("home"), typed)
	if m.refusedAs(err) == auth.MethodResting {
		m.pass(time.Hour)
		info, err = m.byCode(caller("home"), typed)
	}
	code, step := m.wanted(typed)
	if got := m.refusedAs(err); got != code {
		m.t.Fatalf("the code at a sign-in, due %s, at %s: got %q, want %q", m.due, m.time(), got, code)
	}
	if code != "" {
		return
	}
	if info.Step != step {
		m.t.Fatalf("the code at a sign-in, due %s, at %s: got the step %s, want %s", m.due, m.time(), info.Step, step)
	}
	if step == auth.StepWait {
		if !m.waits() {
			m.due = m.time().Add(72 * time.Hour)
		}
		if !info.Due.Equal(m.due) || info.Token != "" {
			m.t.Fatalf("asked for: got it due %s, want %s and no session", info.Due, m.due)
		}
		return
	}
	m.due, m.state = time.Time{}, auth.SecretUsed
	m.cool = m.time().Add(72 * time.Hour)
	m.enrol(with(caller("home"), info.Token))
}

// enrol binds the key and the number anew: the session may do nothing else.
func (m *waitModel) enrol(c auth.Caller) {
	wantCode(m.t, "anything but to enrol", m.s.SetQuestion(m.t.Context(), c, ownQuestion, ownAnswer), auth.MustEnrol)
	info, c := m.addKey(c, m.stick, auth.SecurityKey, "Blue key")
	m.key = info.Authenticator.ID
	m.pass(time.Minute)
	m.addPhone(c, sellerNumber)
	m.mail()
}

// stop ends what waits in the settings, one way or the other.
func (m *waitModel) stop(others bool) {
	c := m.byKey("home")
	if others {
		ok(m.t, "end the others", m.s.EndOtherSessions(m.t.Context(), c))
		m.due = time.Time{}
		return
	}
	info, err := m.s.Security(m.t.Context(), c)
	ok(m.t, "overview", err)
	for _, ch := range info.Changes {
		ok(m.t, "stop", m.s.CancelChange(m.t.Context(), c, ch.ID))
		m.due, m.paused = time.Time{}, m.time().Add(day)
	}
}

// check holds the overview against the model.
func (m *waitModel) check() {
	info, err := m.s.Security(m.t.Context(), m.byKey("home"))
	ok(m.t, "overview", err)
	if got := len(info.Changes) == 1; got != m.waits() || info.SecurityCode.State != m.state {
		m.t.Fatalf("due %s, at %s: got %d changes and the state %s, want that it waits %v and %s", m.due, m.time(),
			len(info.Changes), info.SecurityCode.State, m.waits(), m.state)
	}
	refused := m.waits() && m.time().Before(m.due) || m.time().Before(m.cool)
	if info.Me.Payout.Allowed == refused {
		m.t.Fatalf("due %s, cool until %s, at %s: got payouts %+v", m.due, m.cool, m.time(), info.Me.Payout)
	}
}

// In any order: no session by the code but the one that may only enrol, and that only after three days in which nobody
// has stopped it; no payout meanwhile, and none as long as it can be undone.
func TestCodeSignInModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		m := &waitModel{codeModel: newCodeModel(t)}
		codes := func() string {
			all := append(slices.Clone(m.retired), "00000-00000-00000-00000")
			if m.code != "" {
				all = append(all, m.code, m.code, m.code, m.code)
			}
			return rapid.SampledFrom(all).Draw(rt, "code")
		}
		steps := map[string]func(){
			"set":    func() { m.set(true) },
			"enter":  func() { m.enter(codes()) },
			"stop":   func() { m.stop(rapid.Bool().Draw(rt, "by ending the others")) },
			"retire": func() { m.retire(); m.due = time.Time{} },
			"pass":   func() { m.pass(time.Duration(rapid.IntRange(1, 90).Draw(rt, "hours")) * time.Hour) },
			"pass on": func() {
				m.pass(time.Duration(rapid.SampledFrom([]int{71, 72, 239, 240}).Draw(rt, "hours")) * time.Hour)
			},
		}
		names := []string{"set", "enter", "enter", "enter", "stop", "retire", "pass", "pass on"}
		m.set(true)
		for range rapid.IntRange(1, 10).Draw(rt, "steps") {
			steps[rapid.SampledFrom(names).Draw(rt, "step")]()
			m.pass(time.Minute)
			m.check()
		}
	})
}
