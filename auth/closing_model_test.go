package auth_test

import (
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
)

// A closingModel is what becomes of an account that its owner asks to have closed, whatever is done in
// whichever order.
type closingModel struct {
	*parting
	password string
	due      time.Time // zero: nobody has asked
	last     time.Time // when its last day began; zero: it has not
	pauses   time.Time // until then nothing is asked for: another session's wish was stopped
	gone     bool
}

// No path closes an account but a wish behind a fresh strongest step, all of its days, and a last one that was
// told, with no answer of its owner between.
func TestClosingModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		m := &closingModel{parting: parts(t), password: password}
		for range rapid.IntRange(4, 14).Draw(r, "steps") {
			m.step(r)
			m.look(r)
			if m.gone {
				return
			}
		}
	})
}

func (m *closingModel) step(r *rapid.T) {
	ctx := m.t.Context()
	acts := []string{"ask", "ask", "ask", "keep", "wait", "wait", "wait", "wait", "bar", "password"}
	switch act := rapid.SampledFrom(acts).Draw(r, "act"); act {
	case "ask":
		m.ask(r)
	case "keep":
		if err := m.s.KeepAccount(ctx, m.enter()); (err == nil) == m.due.IsZero() {
			r.Fatalf("keep: got %v, with the end at %s", err, m.due)
		}
		if !m.due.IsZero() {
			m.pauses = m.time().Add(day)
		}
		m.due, m.last = time.Time{}, time.Time{}
	case "bar":
		m.bars = !m.bars
	case "password":
		next := map[string]string{password: newPassword, newPassword: password}[m.password]
		ok(m.t, act, lastErr(m.s.ChangePassword(ctx, m.enter(), m.password, next)))
		m.password = next
		m.due, m.last = time.Time{}, time.Time{}
	default:
		m.pass(time.Duration(rapid.IntRange(0, 40).Draw(r, "half days"))*12*time.Hour + time.Minute)
		ok(m.t, "sweep", m.s.Sweep(ctx))
		m.swept()
	}
}

// enter signs in by the key, in the browser that the account knows.
func (m *closingModel) enter() auth.Caller {
	m.t.Helper()
	m.pass(time.Minute)
	c := caller("home")
	info, err := m.s.SignIn(m.t.Context(), c, auth.SignInForm{Identifier: sellerMail, Password: m.password})
	ok(m.t, "the password", err)
	ch, err := m.s.SignInBegin(m.t.Context(), c, info.Ceremony, byKey)
	ok(m.t, "begin", err)
	done, err := m.s.SignInFinish(m.t.Context(), c, ch.Ceremony, touch(m.t, m.stick, ch))
	ok(m.t, "sign in", err)
	return with(c, done.Token)
}

func (m *closingModel) ask(r *rapid.T) {
	info, err := m.s.CloseAccount(m.t.Context(), m.enter(), true)
	got := auth.Code("")
	if e, refused := errors.AsType[*auth.Error](err); refused {
		got = e.Code
	}
	want := auth.Code("")
	switch {
	case !m.due.IsZero(): // asked twice is once
	case m.time().Before(m.pauses):
		want = auth.ClosingCooling
	case m.bars:
		want = auth.AccountDisputed
	default:
		if got == auth.SendLimitReached {
			return
		}
	}
	if got != want {
		r.Fatalf("ask: got %v, want %q", err, want)
	}
	if want == "" && m.due.IsZero() {
		m.due = m.time().Add(14 * day)
	}
	if want == "" && !info.Due.Equal(m.due) {
		r.Fatalf("ask: got the end at %s, want %s", info.Due, m.due)
	}
}

// swept is what one sweep should do.
func (m *closingModel) swept() {
	now := m.time()
	begins := m.last.IsZero() && !now.Before(m.due.Add(-day))
	ends := !m.last.IsZero() && !now.Before(m.due)
	switch {
	case m.due.IsZero() || !begins && !ends:
	case m.bars:
		m.due, m.last = now.Add(2*day), time.Time{}
	case ends:
		m.gone = true
	default:
		if m.last = now; m.due.Before(now.Add(day)) {
			m.due = now.Add(day)
		}
	}
}

func (m *closingModel) look(r *rapid.T) {
	state, err := m.s.AccountState(m.t.Context(), m.of)
	if (err != nil) != m.gone {
		r.Fatalf("got %v, want it gone: %v", err, m.gone)
	}
	if err == nil && !state.ClosesAt.Equal(m.due) {
		r.Fatalf("got the end at %s, want %s", state.ClosesAt, m.due)
	}
}
