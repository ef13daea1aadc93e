package e2e

import "time"

// deskLab is a lab with a desk.
func (p *person) deskLab() *program {
	p.t.Helper()
	return startLab(p.t, p.s.binary, "LATCHKEY_TOTP_WINDOW=4", "LATCHKEY_DESK=true", "LATCHKEY_RECOVERY_CASES=true")
}

func dormantJourneys() []journey {
	return []journey{
		{"an account that nobody uses", func(p *person) { slept(p, false) }},
		{"an account that nobody uses, without script", func(p *person) { slept(p, true) }},
	}
}

const day = 24 * time.Hour

// sleeper is somebody who has not signed in for a year: he was told twice, and then his account was switched off.
func (p *person) sleeper() *person {
	q, _ := p.inLab(p.deskLab(), "wei")
	for _, told := range []struct {
		after time.Duration
		key   string
	}{{335 * day, "unused"}, {23 * day, "unused"}, {7 * day, "dormant"}} {
		q.passes(told.after)
		m := q.house.message(q.t, "email", q.email)
		if want := q.word("mail." + told.key + ".subject"); m.Subject != want {
			q.t.Errorf("after %s more: got the mail %q, want %q", told.after, m.Subject, want)
		}
	}
	return q
}

// slept has the account of a sleeper switched on again by support, which makes sure of a list of things first.
func slept(p *person, plain bool) {
	q := p.sleeper()
	if plain {
		q.scriptOff()
	}
	q.signIn().problem("account-disabled")
	s := q.colleague("support")
	if plain {
		s.scriptOff()
	}
	account := s.unlocks(q)
	s.says(s.word("done.desk-unlocked.title"))
	if s.has(`main a[href="` + account + `/unlock"]`) {
		s.t.Error("once it is on: got it offered to be switched on, want it no more")
	}
	m := q.house.message(q.t, "email", q.email)
	if want := q.word("mail.awake.subject"); m.Subject != want {
		q.t.Errorf("switched on: got the mail %q, want %q", m.Subject, want)
	}
	q.comesIn().at("/security")
}

// unlocks finds an account, is refused without the right e-mail, and switches it on.
func (p *person) unlocks(of *person) (account string) {
	p.t.Helper()
	p.open("/desk/accounts").fill("identifier", of.email).submit("/desk/accounts").says(p.word("desk-unlock.title"))
	account = eval[string](p, "location.pathname")
	p.follow(`main a[href$="/unlock"]`)
	for _, name := range eval[[]string](p, "[...document.querySelectorAll('main [name^=sure-]')].map(e => e.name)") {
		p.press("main [name=" + name + "]")
	}
	p.fill("email", "other@example.com").submit(account + "/unlock").problem("not-registered")
	p.fill("email", of.email).submit(account + "/unlock").at(account)
	return account
}

// sleeping are the pages of an account that nobody has used, in a lab of its own.
func (w *sweep) sleeping() {
	q := w.sleeper()
	q.signIn().problem("account-disabled")
	w.beside(q).look("sign-in, an account that nobody used")
	s := q.colleague("support")
	v := w.beside(s)
	s.open("/desk/accounts").fill("identifier", q.email).submit("/desk/accounts").says(s.word("desk-unlock.title"))
	v.look("the desk, an account that nobody used")
	account := eval[string](s, "location.pathname")
	s.follow(`main a[href$="/unlock"]`)
	v.look("the desk, switching an account on")
	s.unlocks(q)
	v.look("the desk, an account that was switched on")
	if got := eval[string](s, "location.pathname"); got != account {
		w.t.Errorf("switched on: got at %s, want %s", got, account)
	}
}
