package e2e

import (
	"strings"
	"time"
)

func handOverJourneys() []journey {
	return []journey{
		{"a shop handed over", func(p *person) { handedOver(p, false) }},
		{"a shop handed over without script", func(p *person) { handedOver(p, true) }},
		{"an account handed over", func(p *person) { deal(p, false) }},
		{"an account handed over without script", func(p *person) { deal(p, true) }},
	}
}

// handOver is the page of a shop's hand-over.
func (f *shopful) handOver() string { return f.shop + "/hand-over" }

// begins has the owner, who is signed in, mail the link to the member; it returns the link's path.
func (f *shopful) begins() string {
	b := f.boss
	b.open(f.shop).follow(`main a[href$="/hand-over"]`).says(b.word("hand.lead"), b.word("hand.3"))
	b.fill("email", "nonsense").submit(f.handOver()).says(b.word("problem.email-malformed.title"))
	b.fill("email", f.mo.email).submit(f.handOver()).says(b.word("done.hand-begun.detail"), b.word("hand.stop"))
	return f.mo.labLink()
}

// handedOver has a shop's owner hand it over to a member: once it is stopped, then it is done.
func handedOver(p *person, plain bool) {
	f := p.fillShop(startLab(p.t, p.s.binary, "LATCHKEY_TOTP_WINDOW=4"))
	b, mo := f.boss, f.mo
	if plain {
		b.scriptOff()
		mo.scriptOff()
	}
	b.comesIn()
	link := f.begins()
	mo.open(link).says(mo.word("hand.offer.title", "shop", shopName), mo.word("hand.offer.sign-in"))
	mo.comesIn().open(link).follow("main button.btn-main").at("/shop").says(mo.word("done.hand-taken.title"),
		mo.word("hand.yours"))
	b.open(f.handOver()).says(b.word("hand.taken", "name", "mo"))
	b.follow(`main form[action$="/stop"] button`).at(f.shop).says(b.word("done.hand-stopped.title"))
	mo.open("/shop").silent(mo.word("hand.yours"))
	mo.open(link).says(mo.word("problem.hand-over-over.title"))

	b.passes(2*time.Minute, mo) // mails to one address have a pace
	link = f.begins()
	mo.open(link).follow("main button.btn-main").at("/shop")
	b.open(f.handOver()).follow(`main form[action$="/confirm"] button`).at(f.handOver())
	b.says(strings.Split(b.word("hand.agreed", "name", "mo", "time", "|"), "|")...)
	b.open("/security").says(b.word("pending.hand-over.detail"))
	b.passes(24*time.Hour, mo)
	mo.open(f.shop).says(mo.word("shop.own", "role", mo.word("role.owner")))
	b.open(f.shop).says(b.word("problem.not-found.title"))
}

// handingOver are the pages of a shop that gets another owner, in a lab of its own: its clock moves.
func (w *sweep) handingOver() {
	f := w.fillShop(startLab(w.t, w.s.binary, "LATCHKEY_TOTP_WINDOW=4"))
	look := func(p *person) *sweep {
		return &sweep{person: p, axe: w.axe, reached: w.reached, stops: w.stops, routes: w.routes}
	}
	boss, mo := look(f.boss), look(f.mo)
	boss.comesIn().open(f.handOver())
	boss.look("a hand-over, not begun")
	boss.fill("email", "nonsense").submit(f.handOver())
	boss.look("a hand-over, refused")
	link := f.begins()
	boss.look("a hand-over, begun")
	mo.see(link)
	mo.comesIn().open(link)
	mo.look("an offer, signed in")
	mo.follow("main button.btn-main").at("/shop")
	mo.look("shops, one taken over")
	mo.open(link)
	mo.look("an offer, used")
	boss.open(f.handOver())
	boss.look("a hand-over, taken")
	boss.follow(`main form[action$="/confirm"] button`).at(f.handOver())
	boss.look("a hand-over, agreed")
	boss.see("/security")
	mo.open("/shop")
	mo.look("shops, one is his soon")
}

// A dealing is the two sides of an account's hand-over, in a lab.
type dealing struct{ giver, taker *person }

const accountPage = "/security/hand-over"

func (p *person) dealing() *dealing {
	giver, _ := p.inLab(startLab(p.t, p.s.binary, "LATCHKEY_TOTP_WINDOW=4"), "giver")
	taker := p.s.person(p.t, giver.house, p.lang)
	taker.email = "taker@example.org"
	return &dealing{giver, taker}
}

// begins has the giver, who is signed in, mail the link; it returns the link's path.
func (d *dealing) begins() string {
	b := d.giver
	b.open("/security").follow(`main a[href="`+accountPage+`"]`).says(b.word("account-hand.lead"), b.word("account-hand.2"))
	b.fill("email", "nonsense").submit(accountPage).says(b.word("problem.email-malformed.title"))
	b.fill("email", d.taker.email).submit(accountPage).says(b.word("done.account-begun.detail"), b.word("hand.stop"))
	return d.taker.labLink()
}

// comes has the taker set up a sign-in of his own by the link.
func (d *dealing) comes(link string) {
	q := d.taker
	q.open(link).says(q.word("account-offer.next", "name", "giver"))
	q.follow(`main form[action$="/sign-up"] button`).says(q.word("sign-up-confirm.title"))
	q.fill("name", q.name, "user-name", q.user, "phone", q.phone, "password", password).press("main [name=terms]")
	q.submit(eval[string](q, "location.pathname")).at("/security/start")
	q.addApp()
	q.open("/security").says(q.word("account-offer.note", "name", "giver")).follow(`main a[href="/hand-over"]`)
}

// deal has a seller give his account to somebody who has none, who reads his signs to him: he is in a day later, with
// what he has set up, and the former owner is out.
func deal(p *person, plain bool) {
	d := p.dealing()
	b, q := d.giver, d.taker
	b.comesIn()
	link := d.begins()
	d.comes(link) // the secret of an app unfolds by a press
	if plain {
		b.scriptOff()
		q.scriptOff()
	}
	q.open("/hand-over").follow("main button.btn-main").at("/hand-over")
	q.says(q.word("done.account-taken.title"), q.word("account-offer.taken", "name", "giver"))
	signs := q.text("main .num")
	q.open(link).says(q.word("problem.hand-over-over.title"))
	b.open(accountPage).says(b.word("account-hand.taken", "name", q.name))
	b.fill("signs", "0000-0000").submit(accountPage + "/confirm").says(b.word("problem.hand-over-signs-wrong.title"))
	b.fill("signs", strings.ToLower(signs)).submit(accountPage + "/confirm").at(accountPage)
	b.says(strings.Split(b.word("account-hand.agreed", "name", q.name, "time", "|"), "|")...)
	b.open("/security").says(b.word("pending.hand-over-account.detail"))
	q.open("/hand-over").says(q.word("account-offer.agreed.detail"))
	b.passes(24*time.Hour, q)
	b.open("/security").at("/sign-in")
	b.fill("identifier", b.email, "password", password).press(remember).submit("/sign-in")
	b.says(b.word("problem.sign-in-refused.title"))
	q.comesIn().open("/security").says(q.user)
}

// dealings are the pages of an account that gets another owner, in a lab of its own.
func (w *sweep) dealings() {
	d := w.dealing()
	look := func(p *person) *sweep {
		return &sweep{person: p, axe: w.axe, reached: w.reached, stops: w.stops, routes: w.routes}
	}
	b, q := look(d.giver), look(d.taker)
	b.comesIn().open(accountPage)
	b.look("an account's hand-over, not begun")
	b.fill("email", "nonsense").submit(accountPage)
	b.look("an account's hand-over, refused")
	link := d.begins()
	b.look("an account's hand-over, begun")
	q.see(link)
	d.comes(link)
	q.look("an account's offer")
	q.see("/security")
	q.see(link)
	q.open("/hand-over").follow("main button.btn-main").at("/hand-over")
	q.look("an account's offer, with signs")
	signs := q.text("main .num")
	q.see(link)
	b.open(accountPage)
	b.look("an account's hand-over, taken")
	b.fill("signs", "0000").submit(accountPage + "/confirm")
	b.look("an account's hand-over, wrong signs")
	b.fill("signs", signs).submit(accountPage + "/confirm")
	b.look("an account's hand-over, agreed")
	b.see("/security")
	q.see("/hand-over")
}
