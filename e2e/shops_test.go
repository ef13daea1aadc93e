package e2e

import (
	"slices"
	"strings"
)

// shopName is in both scripts, as shops are called.
const shopName = "Blue 店"

func shopJourneys() []journey {
	return []journey{
		{"a shop and its people", func(p *person) { p.shop(p.s.person(p.t, p.house, p.lang)) }},
		{"a shop without script", func(p *person) {
			q := p.s.person(p.t, p.house, p.lang)
			p.scriptOff()
			q.scriptOff()
			p.shop(q)
		}},
	}
}

// shop has two sellers meet: one makes a shop and invites; the other, who has no account yet, joins by the link alone.
// His role changes, he leaves, and comes back with the account that he has by now.
func (p *person) shop(q *person) {
	p.registered().signIn(remember).at("/security/start")
	p.addApp().at("/security/start")
	p.open("/security").follow(`main a[href="/shop"]`).at("/shop").says(p.word("shop.none"))
	p.follow(`main a[href="/shop/new"]`)
	at := p.makeShop()
	p.invites(q, at, "administrator").says(p.word("shop.waits"))
	q.joins(at)
	p.open(at).says(p.word("shop.by", "name", p.name))
	p.asksKeys(q, at)
	p.movesContact(q, at)
	p.open(at).follow(`main a[href*="/members/"]`).press(`main [name=role][value=member]`)
	p.submit(eval[string](p, "location.pathname")).at(at)
	p.says(p.word("done.shop-role.title"))
	q.open(at).says(q.word("shop.own", "role", q.word("role.member")))
	if q.has(`main a[href$="/invite"]`) {
		q.t.Error("a member's page of the shop: got an invitation offered, want none")
	}
	q.follow(`main a[href$="/leave"]`).submit(at+"/leave").at("/shop").says(q.word("done.shop-left.title"),
		q.word("shop.none"))
	q.open(at).says(q.word("problem.not-found.title"))

	p.invites(q, at, "read-only")
	link := q.invitation()
	q.signOut().open(link).says(q.word("shop.join.title", "shop", shopName)).follow("main button.btn-main").at("/sign-in")
	q.fill("identifier", q.email, "password", password).press(remember).submit("/sign-in").at("/sign-in/verify")
	q.fill("code", q.code()).submit("/sign-in/verify").at("/sign-in/trust")
	q.follow("main button[name=trust][value=no]").at(strings.TrimPrefix(link, q.house.origin))
	q.says(q.word("shop.join.as", "name", q.user)).follow("main button.btn-main").at(at)
	q.says(q.word("done.shop-joined.title", "name", shopName))
	q.open(link).says(q.word("problem.invitation-over.title"))
	p.open(at).follow(`main a[href$="/leave"]`).says(p.word("shop.leave.not")) // the only owner
}

// asksKeys has a shop ask for security keys: the other one, who has none, reads it in his settings. It thinks better of
// it.
func (p *person) asksKeys(q *person, at string) {
	p.t.Helper()
	p.follow(`main a[href$="/keys"]`).says(p.word("shop.keys.lacking", "n", 2), q.name)
	p.fill("days", "1").submit(at + "/keys").says(p.word("problem.days-out-of-range.title"))
	p.fill("days", "7").submit(at + "/keys").says(p.word("done.keys-asked.detail"))
	words := strings.Split(q.word("security.key-asked.title", "shop", shopName, "time", "|"), "|")
	q.open("/security").says(words...)
	p.follow(`main form[action$="/drop"] button`).says(p.word("done.keys-dropped.title"))
	q.open("/security").silent(slices.MaxFunc(words, func(a, b string) int { return len(a) - len(b) }))
}

// movesContact has the other one's e-mail moved: he reads of it in his mail and in his settings, and stops it by the
// link. The next one has to wait.
func (p *person) movesContact(q *person, at string) {
	p.t.Helper()
	p.open(at).follow(`main a[href*="/members/"]`)
	who := eval[string](p, "location.pathname")
	p.follow(`main a[href$="/contact"]`).says(p.word("shop.contact.told"))
	p.fill("email", "nonsense").submit(who + "/contact/email").says(p.word("problem.email-malformed.title"))
	p.fill("email", "moved-"+q.email).submit(who + "/contact/email").at(who)
	p.says(p.word("done.contact-planned.detail"), p.word("pending.stop"))
	q.open("/security").says(q.word("pending.contact.detail", "name", shopName))
	q.open(q.house.letter(q.t, "email", q.email, "/undo/").link(q.t, q.house.origin)).says(q.word("undo.contact.1"))
	q.submit(eval[string](q, "location.pathname")).at("/done/contact-stopped")
	q.open("/security").silent(q.word("pending.contact.detail", "name", shopName))
	p.open(who+"/contact").fill("email", "again-"+q.email).submit(who + "/contact/email")
	p.says(p.word("problem.move-stopped.title"))
}

// makeShop fills in the form of a new shop and returns the path of its page.
func (p *person) makeShop() string {
	p.t.Helper()
	p.fill("name", shopName).submit("/shop/new").says(p.word("done.shop-created.title"))
	return eval[string](p, "location.pathname")
}

// invites has an invitation mailed from the shop at that path.
func (p *person) invites(q *person, at, role string) *person {
	p.t.Helper()
	p.open(at).follow(`main a[href$="/invite"]`).fill("email", q.email).press(`main [name=role][value=` + role + `]`)
	return p.submit(at + "/invite").at(at).says(strings.SplitN(p.word("done.shop-invited.title", "name", "|"), "|", 2)[0])
}

// invitation is the link that was mailed to the seller.
func (p *person) invitation() string {
	p.t.Helper()
	return p.house.letter(p.t, "email", p.email, "/shop/invitation/").link(p.t, p.house.origin)
}

// joins has somebody without an account take the place in a shop that a mailed link is for.
func (p *person) joins(at string) *person {
	p.t.Helper()
	p.open(p.invitation()).says(p.word("shop.join.title", "shop", shopName))
	p.follow(`main form[action$="/sign-up"] button`).says(p.word("sign-up-confirm.title"))
	p.fill("name", p.name, "user-name", p.user, "phone", p.phone, "password", password).press("main [name=terms]")
	p.submit(eval[string](p, "location.pathname")).at("/security/start")
	p.addApp()
	p.open("/security").says(p.word("shop.invited", "shop", shopName)).follow(`main a[href="/shop"]`)
	return p.submit("/shop/joined").at(at).says(p.word("done.shop-joined.title", "name", shopName))
}

// shops are the pages of a shop, with a second seller who has signed up by its invitation.
func (w *sweep) shops() {
	w.see("/shop")
	w.see("/shop/new")
	w.fill("name", " ").submit("/shop/new")
	w.look("a shop without a name")
	at := w.makeShop()
	w.look("a shop, just made")
	w.see(at + "/name")
	w.see(at + "/leave") // the only owner
	w.see(at + "/invite")
	w.fill("email", "nonsense").submit(at + "/invite")
	w.look("an invitation, refused")
	guest := w.s.person(w.t, w.house, w.lang)
	q := &sweep{person: guest, axe: w.axe, reached: w.reached, stops: w.stops, routes: w.routes}
	w.invites(guest, at, "administrator")
	w.look("a shop, somebody invited")
	link := guest.invitation()
	w.open(link).says(w.word("shop.join.as", "name", w.user))
	w.look("an invitation, signed in")
	q.see(link)
	q.follow(`main form[action$="/sign-up"] button`)
	q.fill("name", "Mo Mo 🌸", "user-name", q.user, "phone", q.phone, "password", password).press("main [name=terms]")
	q.submit(eval[string](q.person, "location.pathname")).at("/security/start")
	q.addApp()
	q.open("/security").says(q.word("shop.invited", "shop", shopName))
	q.look("overview, invited to a shop")
	q.open("/shop").says(q.word("shop.invited", "shop", shopName))
	q.look("shops, invited to one")
	q.submit("/shop/joined").at(at)
	q.look("a shop, just joined")
	q.see("/shop")
	q.see(at + "/leave")
	w.open(link)
	w.look("an invitation, used")
	w.open(at).follow(`main a[href*="/members/"]`)
	who := eval[string](w.person, "location.pathname")
	w.look("somebody of a shop")
	w.moves(q, who)
	w.open(who).follow(`main form[action$="/suspend"] button`).says(w.word("done.shop-suspended.title"))
	w.look("somebody of a shop, suspended")
	w.see(at)
	w.see(who + "/remove")
	w.open(at+"/keys").fill("days", "x").submit(at + "/keys")
	w.look("security keys of a shop, refused")
	w.fill("days", "7").submit(at + "/keys")
	w.look("security keys of a shop, asked for")
	w.see(at)
	w.see("/security")
	w.look("overview, a security key asked for")
	w.open(at + "/keys").follow(`main form[action$="/drop"] button`)
	w.look("security keys of a shop, not asked for")
	w.see("/shop/no-such-shop")
}

// moves has the contact data of somebody of a shop moved, and him stop it.
func (w *sweep) moves(q *sweep, who string) {
	w.see(who + "/contact")
	w.fill("email", "nonsense").submit(who + "/contact/email")
	w.look("somebody's contact data, refused")
	w.fill("email", "moved-"+q.email).submit(who + "/contact/email").at(who)
	w.look("somebody's contact data, pending")
	w.see("/security")
	w.look("overview, contact data of somebody pending")
	q.open("/security").says(q.word("pending.contact.detail", "name", shopName))
	q.look("overview, contact data pending")
	q.see(q.house.letter(q.t, "email", q.email, "/undo/").link(q.t, q.house.origin))
	q.submit(eval[string](q.person, "location.pathname")).at("/done/contact-stopped")
	q.look("contact data, stopped")
}
