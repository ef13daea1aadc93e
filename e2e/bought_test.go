package e2e

import (
	"strings"
	"time"
)

func boughtJourneys() []journey {
	return []journey{
		{"an account that was bought", func(p *person) { bought(p, false) }},
		{"an account that was bought, without script", func(p *person) { bought(p, true) }},
		{"an account that was not sold", func(p *person) { notSold(p, false) }},
		{"an account that was not sold, without script", func(p *person) { notSold(p, true) }},
	}
}

// A sale is a seller in a lab, and somebody who says that the account is his by now.
type sale struct{ owner, taker *person }

func (p *person) sale() *sale {
	owner, _ := p.inLab(p.deskLab(), "wei")
	taker := p.s.person(p.t, owner.house, p.lang)
	taker.name, taker.email = "Mei 梅", "taker@example.org"
	return &sale{owner, taker}
}

// asks has the taker ask for the account; it returns the path of the case. A program cannot read the picture: for that
// one page it has a script do the work.
func (d *sale) asks(plain bool) string {
	q := d.taker
	q.script(!plain)
	q.open("/help/bought").follow(`main a[href="/recovery/bought"]`)
	q.fill("identifier", d.owner.email, "name", q.name, "new-email", "nonsense", "signs",
		"no").submit("/recovery/bought")
	q.problem("email-malformed")
	if got := eval[string](q, "document.querySelector('[name=name]').value"); got != q.name {
		q.t.Errorf("after a refusal: got the name %q, want what was typed", got)
	}
	q.script(true)
	q.open("/recovery/bought").fill("identifier", d.owner.email, "name", q.name, "new-email", q.email)
	q.until("the picture", "document.querySelector('main img').naturalWidth === 300")
	q.follow("main [data-work]").at("/recovery/sent")
	q.script(!plain)
	link := q.house.letter(q.t, "email", q.email, "/recovery/case/").link(q.t, q.house.origin)
	return strings.TrimPrefix(link, q.house.origin)
}

// sends has the taker say how he came by the account.
func (d *sale) sends(path string) {
	q := d.taker
	q.open(path).submit(path+"/open").says(q.word("recovery-takes.open.title"), q.word("recovery-case.takes.story"))
	q.fill("text", "五月买的 bought in May").submit(path + "/answer").says(q.word("recovery-case.review.title"))
}

// caseID is the case of an applicant's path.
func caseID(path string) string { return strings.TrimPrefix(path, "/recovery/case/")[:22] }

// bought is an account that goes to who has taken it over: two reviewers agree, three days pass in which its owner
// hears of it, and then nothing of his opens it.
func bought(p *person, plain bool) {
	d := p.sale()
	q, id := d.taker, ""
	path := d.asks(plain)
	d.sends(path)
	id = caseID(path)
	d.owner.hears(d.owner.email, "mail.takes-over.subject")
	for _, done := range []string{"desk-case-first", "desk-case-approved"} {
		r := q.colleague("reviewer")
		r.script(!plain)
		r.open("/desk/recovery").says(r.word("desk-cases.takes")).follow(`main a[href="/desk/recovery/` + id + `"]`)
		r.says("五月买的 bought in May", r.word("desk-case.takes", "name", q.name))
		r.checks(id, "合同对得上 the contract fits")
		r.submit("/desk/recovery/" + id + "/approve").says(r.word("done."+done+".title", "number", id[:8]))
	}
	q.open(path).says(q.word("recovery-takes.approved.title"))
	q.passes(72*time.Hour-time.Minute, d.owner)
	q.open(path).says(q.word("recovery-takes.approved.title"))
	q.passes(time.Minute, d.owner)
	q.open(path).says(q.word("recovery-takes.done.title"))
	q.follow(`main a[href="/forgot"]`)
	q.script(true)
	q.open("/forgot").fill("identifier", q.email).submit("/forgot").solve().at("/forgot/sent")
	q.script(!plain)
	link := q.house.letter(q.t, "email", q.email, "/forgot/").link(q.t, q.house.origin)
	q.open(link).fill("password", "Copper-Lamp-59").follow(resets)
	q.at("/done/password-changed").open("/sign-in").fill("identifier", q.email, "password", "Copper-Lamp-59")
	q.submit("/sign-in").at("/security/start")
	q.script(true) // the secret of an app unfolds by a press
	q.addApp().open("/security").says(q.word("security.backup.title"))
	d.owner.signIn().problem("sign-in-refused")
}

// notSold is an account whose owner stops the case of somebody who asks for it.
func notSold(p *person, plain bool) {
	d := p.sale()
	path := d.asks(plain)
	d.sends(path)
	b := d.owner
	b.script(!plain)
	b.comesIn().open("/security").says(b.word("security.case.takes")).follow(`main a[href^="/security/recovery/"]`)
	b.says(b.word("recovery-stop.takes"))
	b.submit(eval[string](b, "location.pathname")).at("/security").says(b.word("done.case-stopped.title"))
	d.taker.open(path).says(d.taker.word("recovery-case.closed.title"))
}

// buying are the pages of a case for who has taken an account over, in a lab of its own.
func (w *sweep) buying() {
	d := w.sale()
	q, b := w.beside(d.taker), w.beside(d.owner)
	d.taker.open("/recovery/bought").fill("identifier", "wei", "name", "Mei", "new-email", "nonsense", "signs", "no")
	d.taker.submit("/recovery/bought")
	q.look("asking for an account, refused")
	path := d.asks(false)
	d.taker.open(path)
	q.look("a case for an account, asked")
	d.taker.submit(path + "/open")
	q.look("a case for an account, open")
	d.taker.fill("text", "五月买的 bought in May").submit(path + "/answer")
	q.look("a case for an account, in review")
	link := d.owner.house.letter(w.t, "email", d.owner.email, "/recovery/stop/").link(w.t, d.owner.house.origin)
	d.owner.open(link)
	b.look("a case for an account, in a notice")
	d.owner.comesIn()
	b.look("overview, with a case for the account")
	d.owner.follow(`main a[href^="/security/recovery/"]`)
	b.look("a case for the owner's account")
	for range 2 {
		r := d.taker.colleague("reviewer")
		v := w.beside(r)
		r.open("/desk/recovery")
		v.look("the desk, the queue with a case for an account")
		r.open("/desk/recovery/" + caseID(path))
		v.look("the desk, a case for an account")
		r.checks(caseID(path), "合同对得上 the contract fits")
		r.submit("/desk/recovery/" + caseID(path) + "/approve")
		v.look("the desk, a case for an account decided")
	}
	d.taker.open(path)
	q.look("a case for an account, approved")
	d.taker.passes(72 * time.Hour)
	d.taker.open(path)
	q.look("a case for an account, done")
}
