package recovery_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
)

// A vouchModel is the case of a shop's member for whom two others may speak, kept by simple rules beside the real
// one.
type vouchModel struct {
	*caseModel
	boss  *person
	two   map[string]*person
	shop  string
	words []string
	away  []string // suspended
}

func newVouchModel(t *testing.T, lost recovery.Thing) *vouchModel {
	w := newWorld(t, func(c *recovery.Config) { c.Cases = false })
	boss := w.person("boss")
	m := &vouchModel{boss: boss, shop: boss.shop(), two: map[string]*person{}}
	for _, name := range []string{"ann", "bob"} {
		m.two[name] = w.person(name).joins(boss, m.shop, team.Administrator)
	}
	p := w.person("wei").joins(boss, m.shop, team.Administrator)
	w.pass(month)
	m.caseModel = &caseModel{world: w, p: p, lost: lost, state: recovery.Open}
	m.link, m.objects = w.opened("wei@example.com", "", lost)
	return m
}

// enough reports whether those speak who are there: one, or two against an objection.
func (m *vouchModel) enough() bool {
	n := 0
	for _, by := range m.words {
		if !slices.Contains(m.away, by) {
			n++
		}
	}
	return n > 1 || n == 1 && !m.objected
}

func (m *vouchModel) judge() {
	if m.state == recovery.Approved && !m.enough() {
		m.state = recovery.Open
	}
}

func (m *vouchModel) vouch(by string) {
	here := !slices.Contains(m.away, by)
	if !m.acts("vouching", m.isLive() && here, func() error { return m.two[by].vouch(m.link) }) {
		return
	}
	if !slices.Contains(m.words, by) {
		m.words = append(m.words, by)
	}
	if m.state == recovery.Open && m.enough() {
		m.state, m.due = recovery.Approved, m.time().Add(12*hour)
		if m.objected {
			m.due = m.due.Add(day)
		}
	}
}

func (m *vouchModel) takeBack(by string) {
	if m.acts("taking back", m.isLive() && slices.Contains(m.words, by), func() error {
		return m.cases.TakeWordBack(m.t.Context(), m.two[by].signedIn(), idOf(m.link))
	}) {
		m.words = slices.DeleteFunc(m.words, func(x string) bool { return x == by })
		m.judge()
	}
}

// suspend keeps somebody out of the shop, or lets him in again.
func (m *vouchModel) suspend(by string) {
	c := m.boss.signedIn()
	if slices.Contains(m.away, by) {
		m.does("resuming", func() error { return m.shops.ResumeMember(m.t.Context(), c, m.shop, m.two[by].id) })
		m.away = slices.DeleteFunc(m.away, func(x string) bool { return x == by })
		return
	}
	m.does("suspending", func() error { return m.shops.SuspendMember(m.t.Context(), c, m.shop, m.two[by].id) })
	m.away = append(m.away, by)
}

func (m *vouchModel) wait() {
	m.pass(13 * hour)
	if m.state != recovery.Approved || m.time().Before(m.due) {
		return
	}
	if m.judge(); m.state == recovery.Approved {
		m.state = recovery.Done
	}
}

func (m *vouchModel) steps(by string) map[string]func() {
	all := m.caseModel.steps(by)
	return map[string]func(){
		"vouch": func() { m.vouch(by) }, "take back": func() { m.takeBack(by) }, "suspend": func() { m.suspend(by) },
		"wait": m.wait, "withdraw": all["withdraw"],
		"stop":   func() { m.stop(); m.judge() },
		"object": func() { all["object"](); m.judge() },
	}
}

// Whatever colleagues, the shop's owner and the account's owner do in any order: the second step is off when enough
// people who are still there have vouched, the time is over and nobody has ended the case, and never else. The
// password alone opens no session.
func TestVouchModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := newVouchModel(t, rapid.SampledFrom([]recovery.Thing{recovery.Phone, recovery.Key}).Draw(rt, "lost"))
		names := []string{"vouch", "vouch", "vouch", "wait", "wait", "take back", "suspend", "object", "stop", "withdraw"}
		for range rapid.IntRange(1, 12).Draw(rt, "steps") {
			by := rapid.SampledFrom([]string{"ann", "bob"}).Draw(rt, "colleague")
			m.steps(by)[rapid.SampledFrom(names).Draw(rt, "step")]()
			if got := m.at(m.link).State; got != m.state {
				t.Fatalf("got %s, want %s", got, m.state)
			}
			if off := m.p.methods() == 0; off != (m.state == recovery.Done) {
				t.Fatalf("at %s: got the second step off %v", m.state, off)
			}
			info, err := m.s.SignIn(t.Context(), auth.Caller{}, auth.SignInForm{Identifier: "wei@example.com",
				Password: lab.Password})
			if err == nil && info.Token != "" {
				t.Fatalf("at %s: got a session for the password alone", m.state)
			}
			if m.state == recovery.Done {
				return
			}
		}
	})
}
