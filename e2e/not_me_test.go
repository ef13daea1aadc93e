package e2e

import "fmt"

func notMeJourneys() []journey {
	return []journey{
		{"this was not me", func(p *person) { wasNotMe(p, false) }},
		{"this was not me, without script", func(p *person) { wasNotMe(p, true) }},
	}
}

// disowns says "this was not me" to the newest notice that has such a link, and returns that link.
func (p *person) disowns() string {
	p.t.Helper()
	link := p.house.letter(p.t, "email", p.email, "/undo/").link(p.t, p.house.origin)
	p.open(link).follow("main form button.btn-main").says(p.word("done.not-me.title"))
	return link
}

// wasNotMe is an owner who has not added the app: his word ends all sessions and opens a case, which a reviewer reads and
// closes; by the same link he reads what came of it.
func wasNotMe(p *person, plain bool) {
	p.registered().signIn().at("/security/start")
	p.addApp()
	r := p.colleague("reviewer")
	if plain {
		p.scriptOff()
	}
	link := p.disowns()
	p.open(link).says(p.word("not-me.happened"), p.word("change.app-added"))
	number := eval[string](p, "document.querySelector('h1').textContent.trim().match(/[\\w-]{8}$/)[0]")
	p.open("/security").at("/sign-in")
	r.open("/desk/not-me")
	one := eval[string](r, fmt.Sprintf(
		"[...document.querySelectorAll('main li a')].find(a => a.textContent.trim() === %q).getAttribute('href')", number))
	if plain {
		r.scriptOff()
	}
	r.open(one).says(r.word("not-me.happened"), r.word("change.app-added"))
	r.press("main [name=outcome][value=own]").fill("note", "自己加的 his own").submit(one + "/close")
	r.says(r.word("done.desk-not-me-closed.title", "number", number))
	p.open(link).says(p.word("not-me.outcome.own"))
}

// notMe are the pages of a case that "this was not me" opens, of its owner and at the desk.
func (w *sweep) notMe() {
	q := w.s.person(w.t, w.house, w.lang)
	q.registered().signIn().at("/security/start")
	q.addApp()
	v := w.beside(q)
	link := q.disowns()
	v.look("not me, said")
	q.open(link)
	v.look("not me, the case")
	q.signIn().at("/security/start")
	q.addApp()
	v.see("/security/not-me")

	r := q.colleague("reviewer")
	v = w.beside(r)
	r.open("/desk/not-me")
	v.look("the desk, cases of not me")
	r.follow(`main li a[href^="/desk/not-me/"]`)
	v.look("the desk, a case of not me")
}
