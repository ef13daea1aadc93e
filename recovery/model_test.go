package recovery_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/recovery"
)

// A caseModel is one case, kept by simple rules beside the real one.
type caseModel struct {
	*world
	p        *person
	link     string
	objects  string
	lost     recovery.Thing
	state    recovery.State
	votes    []string
	refusers []string
	checked  []string // who has checked all that was said
	objected bool
	appealed bool
	due      time.Time
}

func newCaseModel(t *testing.T, lost recovery.Thing) *caseModel {
	w := newWorld(t)
	m := &caseModel{world: w, p: w.person("wei"), lost: lost, state: recovery.Open}
	m.link, m.objects = w.opened("wei@example.com", "", lost)
	return m
}

// acts does a step that is allowed or not, and fails where the service sees that otherwise.
func (m *caseModel) acts(what string, allowed bool, act func() error) bool {
	err := act()
	if refused := new(auth.Error); err != nil && !errors.As(err, &refused) || (err == nil) != allowed {
		m.t.Fatalf("%s at %s: got %v, want it allowed %v", what, m.state, err, allowed)
	}
	return allowed
}

func (m *caseModel) isIn(states ...recovery.State) bool { return slices.Contains(states, m.state) }

func (m *caseModel) isLive() bool {
	return m.isIn(recovery.Open, recovery.Review, recovery.More, recovery.Approved)
}

func (m *caseModel) approve(by string) {
	may := m.isIn(recovery.Review) && !slices.Contains(m.votes, by) && !slices.Contains(m.refusers, by) &&
		slices.Contains(m.checked, by)
	if !m.acts("approving", may, func() error {
		_, err := m.cases.ApproveCase(m.t.Context(), auth.Caller{}, recovery.Reviewer{ID: by}, idOf(m.link))
		return err
	}) {
		return
	}
	if m.votes = append(m.votes, by); len(m.votes) == 2 {
		m.state, m.due = recovery.Approved, m.time().Add(day)
		if m.objected {
			m.due = m.due.Add(day)
		}
	}
}

func (m *caseModel) check(by string) {
	if m.acts("checking", m.isIn(recovery.Review, recovery.More), func() error {
		_, err := m.cases.NoteCase(m.t.Context(), auth.Caller{}, recovery.Reviewer{ID: by}, idOf(m.link),
			recovery.Checks(), "")
		return err
	}) {
		m.checked = append(m.checked, by)
	}
}

func (m *caseModel) refuse(by string) {
	may := m.isIn(recovery.Review) && !slices.Contains(m.votes, by) && !slices.Contains(m.refusers, by)
	if m.acts("refusing", may, func() error {
		_, err := m.cases.RefuseCase(m.t.Context(), auth.Caller{}, recovery.Reviewer{ID: by}, idOf(m.link), recovery.NotProved)
		return err
	}) {
		m.state, m.refusers = recovery.Refused, append(m.refusers, by)
	}
}

func (m *caseModel) object() {
	if m.objected {
		return
	}
	m.objected = true
	if m.state == recovery.Approved {
		m.due = m.due.Add(day)
	}
}

// stop is the owner's word with his app, which lives on his phone.
func (m *caseModel) stop() {
	if !m.acts("stopping", m.isLive(), func() error {
		_, err := m.cases.StopCase(m.t.Context(), m.p.signedIn(), idOf(m.link))
		return err
	}) {
		return
	}
	if m.lost == recovery.Phone {
		m.object()
	} else {
		m.state = recovery.Closed
	}
}

func (m *caseModel) steps(by string) map[string]func() {
	c := auth.Caller{}
	return map[string]func(){
		"approve": func() { m.approve(by) },
		"check and approve": func() {
			m.check(by)
			m.approve(by)
		},
		"refuse": func() { m.refuse(by) },
		"stop":   m.stop,
		"answer": func() {
			if m.acts("answering", m.isIn(recovery.Open, recovery.More), func() error {
				_, err := m.cases.AnswerCase(m.t.Context(), c, m.link, "It is me")
				return err
			}) {
				m.state, m.checked = recovery.Review, nil
			}
		},
		"more": func() {
			may := m.isIn(recovery.Review) && !slices.Contains(m.votes, by) && !slices.Contains(m.refusers, by)
			if m.acts("asking for more", may, func() error {
				_, err := m.cases.AskMore(m.t.Context(), c, recovery.Reviewer{ID: by}, idOf(m.link), nil, "Who?")
				return err
			}) {
				m.state, m.votes = recovery.More, nil
			}
		},
		"appeal": func() {
			if m.acts("appealing", m.isIn(recovery.Refused) && !m.appealed, func() error {
				_, err := m.cases.AppealCase(m.t.Context(), c, m.link, "Again")
				return err
			}) {
				m.state, m.votes = recovery.Review, nil
				m.appealed, m.checked = true, nil
			}
		},
		"withdraw": func() {
			if m.acts("withdrawing", m.isLive(), func() error {
				_, err := m.cases.WithdrawCase(m.t.Context(), c, m.link)
				return err
			}) {
				m.state = recovery.Withdrawn
			}
		},
		"object": func() {
			if m.acts("objecting", m.isLive(), func() error {
				_, err := m.cases.ObjectCase(m.t.Context(), c, m.objects)
				return err
			}) {
				m.object()
			}
		},
		"wait": func() {
			m.pass(13 * hour)
			if m.state == recovery.Approved && !m.time().Before(m.due) {
				m.state = recovery.Done
			}
		},
	}
}

// Whatever applicants, reviewers and the owner do in any order: the second step is off when two reviewers have approved
// the case in one round, its time is over and nobody has ended it, and never else. The password alone opens no session.
func TestCaseModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newCaseModel(t, rapid.SampledFrom([]recovery.Thing{recovery.Phone, recovery.Key}).Draw(rt, "lost"))
		names := []string{"approve", "check and approve", "check and approve", "check and approve",
			"answer", "answer", "wait", "wait", "refuse", "appeal", "more", "object",
			"stop", "withdraw"}
		for range rapid.IntRange(1, 14).Draw(rt, "steps") {
			by := rapid.SampledFrom([]string{"ann", "bob", "cid"}).Draw(rt, "reviewer")
			m.steps(by)[rapid.SampledFrom(names).Draw(rt, "step")]()
			if got := m.at(m.link).State; got != m.state {
				t.Fatalf("got %s, want %s", got, m.state)
			}
			if off := m.p.methods() == 0; off != (m.state == recovery.Done) {
				t.Fatalf("at %s: got the second step off %v", m.state, off)
			}
			info, err := m.s.SignIn(t.Context(), auth.Caller{}, auth.SignInForm{Identifier: "wei@example.com", Password: lab.Password})
			if err == nil && info.Token != "" {
				t.Fatalf("at %s: got a session for the password alone", m.state)
			}
			if m.state == recovery.Done {
				return
			}
		}
	})
}

// atOnce calls act 64 times at the same moment and returns how many were done; any failure but a refusal is an error.
func atOnce(t *testing.T, act func(i int) error) int {
	t.Helper()
	var begin, end sync.WaitGroup
	var done atomic.Int32
	begin.Add(1)
	for i := range 64 {
		end.Go(func() {
			begin.Wait()
			err := act(i)
			if refused := new(auth.Error); err != nil && !errors.As(err, &refused) {
				t.Errorf("call %d: got %v", i, err)
			}
			if err == nil {
				done.Add(1)
			}
		})
	}
	begin.Done()
	end.Wait()
	return int(done.Load())
}

// Approvals at the same moment: a reviewer has one vote, and the case is approved by two.
func TestApprovalsAtOnce(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.inReview("wei@example.com", "")
	approve := func(by string) error {
		_, err := w.cases.ApproveCase(t.Context(), auth.Caller{}, recovery.Reviewer{ID: by}, idOf(link))
		return err
	}
	for _, id := range strings.Split("ann b c d e f g h i", " ") {
		w.checks(link, id)
	}
	if n := atOnce(t, func(int) error { return approve("ann") }); n != 1 || w.at(link).State != recovery.Review {
		t.Errorf("one reviewer: got %d approvals, state %s, want one, and another reviewer needed", n, w.at(link).State)
	}
	w.mail()
	if n := atOnce(t, func(i int) error { return approve(string(rune('b' + i%8))) }); n != 1 {
		t.Errorf("eight more: got %d approvals, want one", n)
	}
	told := 0
	for _, m := range w.mail() {
		if m.Template == auth.TemplateRecoveryApproved {
			told++
		}
	}
	if told != 1 {
		t.Errorf("got the owner told %d times, want once", told)
	}
}

// A decision against the owner's word at the same moment: one of them, never both.
func TestStoppingWhileItComesDue(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	link, _ := w.inReview("wei@example.com", "", recovery.Key)
	w.approve(link, "ann", "bob")
	w.mu.Lock()
	w.now = w.now.Add(day)
	w.mu.Unlock()
	c := p.signedIn()
	stopped := atOnce(t, func(i int) error {
		if i%2 == 0 {
			return w.s.Sweep(t.Context())
		}
		_, err := w.cases.StopCase(t.Context(), c, idOf(link))
		return err
	}) - 32
	if done := p.methods() == 0; done == (stopped > 0) || w.at(link).State == recovery.Approved {
		t.Errorf("got it done %v and stopped %d times, at %s, want one of them", done, stopped, w.at(link).State)
	}
}
