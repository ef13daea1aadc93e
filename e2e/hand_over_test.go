package e2e

import (
	"net/http"
	"strings"
	"time"
)

func handOverJourneys() []journey {
	return []journey{
		{"a shop handed over", func(p *person) { handedOver(p, false) }},
		{"a shop handed over without script", func(p *person) { handedOver(p, true) }},
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
	f := p.fillShop(lab(p.t, p.s.binary, "LATCHKEY_TOTP_WINDOW=4"))
	b, mo := f.boss, f.mo
	if plain {
		b.scriptOff()
		mo.scriptOff()
	}
	pass := func(d time.Duration) {
		b.house.api(b, http.MethodPost, "/lab/clock", "", map[string]any{"advance": d.String()}, nil)
		b.ahead += d
		mo.ahead += d
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

	pass(2 * time.Minute) // mails to one address have a pace
	link = f.begins()
	mo.open(link).follow("main button.btn-main").at("/shop")
	b.open(f.handOver()).follow(`main form[action$="/confirm"] button`).at(f.handOver())
	b.says(strings.Split(b.word("hand.agreed", "name", "mo", "time", "|"), "|")...)
	b.open("/security").says(b.word("pending.hand-over.detail"))
	pass(24 * time.Hour)
	mo.open(f.shop).says(mo.word("shop.own", "role", mo.word("role.owner")))
	b.open(f.shop).says(b.word("problem.not-found.title"))
}

// handingOver are the pages of a shop that gets another owner, in a lab of its own: its clock moves.
func (w *sweep) handingOver() {
	f := w.fillShop(lab(w.t, w.s.binary, "LATCHKEY_TOTP_WINDOW=4"))
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
