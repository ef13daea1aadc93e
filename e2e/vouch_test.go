package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A shopful is an owner and a member of a shop of a lab, where a month passes at once. The member has lost
// everything.
type shopful struct {
	boss, mo *person
	shop     string // the path of its page
}

func vouchJourneys() []journey {
	return []journey{
		{"a colleague's word", func(p *person) { vouched(p, false) }},
		{"a colleague's word without script", func(p *person) { vouched(p, true) }},
	}
}

// inLab is a window on a lab, of somebody who has an account there with an app.
func (p *person) inLab(house *program, name string) (q *person, token string) {
	p.t.Helper()
	q = p.s.person(p.t, house, p.lang)
	q.name, q.email = name, name+"@example.com"
	var made struct {
		Token   string
		Methods []struct{ Secret string }
	}
	q.house.api(q, http.MethodPost, "/lab/accounts", "", map[string]any{"name": name, "email": q.email, "password": password,
		"language": p.lang, "session": true, "methods": []map[string]any{{"kind": "totp", "name": "app"}}}, &made)
	q.secret = made.Methods[0].Secret
	return q, made.Token
}

// labLink is the link in the newest mail of a lab to the seller.
func (p *person) labLink() string {
	p.t.Helper()
	var in struct{ Link string }
	p.house.api(p, http.MethodGet, "/lab/inbox?wait=20s&channel=email&to="+url.QueryEscape(p.email), "", nil, &in)
	return strings.TrimPrefix(in.Link, p.house.origin)
}

// passes moves the clock of the person's lab, for whoever else is there as well.
func (p *person) passes(d time.Duration, others ...*person) {
	p.t.Helper()
	p.house.api(p, http.MethodPost, "/lab/clock", "", map[string]any{"advance": d.String()}, nil)
	for _, q := range append(others, p) {
		q.ahead += d
	}
}

// fillShop makes a shop with two people, and has a month pass.
func (p *person) fillShop(house *program) *shopful {
	p.t.Helper()
	boss, owns := p.inLab(house, "bo")
	mo, joins := p.inLab(house, "mo")
	var shop struct{ ID string }
	boss.house.api(boss, http.MethodPost, "/shops", owns, map[string]any{"name": shopName}, &shop)
	boss.house.api(boss, http.MethodPost, "/shops/"+shop.ID+"/invitations", owns,
		map[string]any{"email": mo.email, "role": "member"}, nil)
	link := mo.labLink()
	mo.house.api(mo, http.MethodPost, "/shop-invitation/accept", joins,
		map[string]any{"link": link[strings.LastIndex(link, "/")+1:]}, nil)
	boss.passes(31*24*time.Hour, mo)
	return &shopful{boss, mo, "/shop/" + shop.ID}
}

// asks has the member open a case and returns its path.
func (f *shopful) asks() string {
	q := f.mo
	q.asks()
	path := q.labLink()
	q.open(path).submit(path + "/open").at(path)
	return path
}

// comesIn signs the owner in.
func (p *person) comesIn() *person {
	p.t.Helper()
	p.open("/sign-in").fill("identifier", p.email, "password", password).press(remember).submit("/sign-in").at("/sign-in/verify")
	return p.fill("code", p.code()).submit("/sign-in/verify").home()
}

// vouched has a shop's owner give his word for a member, take it back and give it again; the member's second step
// goes.
func vouched(p *person, plain bool) {
	f := p.fillShop(startLab(p.t, p.s.binary, "LATCHKEY_TOTP_WINDOW=4"))
	path := f.asks()
	f.mo.says(f.mo.word("recovery.word"), f.mo.word("recovery-case.word.title"))
	b := f.boss
	if plain {
		b.scriptOff()
	}
	b.comesIn().open(f.shop).says(b.word("shop.vouch")).follow(`main a[href^="/security/vouch/"]`)
	at := eval[string](b, "location.pathname")
	b.says(b.word("vouch.title", "name", "mo"), b.word("vouch.thief"), b.word("lost.phone"))
	b.press("main [name=spoke]").submit(at).at(at).says(b.word("done.vouched.title"), b.word("vouch.given"))
	f.mo.open(path).says(f.mo.word("recovery-case.approved.title"))
	b.follow(`main form[action$="/back"] button`).at("/shop").says(b.word("done.vouch-back.title"))
	f.mo.open(path).says(f.mo.word("recovery-case.word.title"))
	b.passes(time.Minute) // the same press sooner would be the same word
	b.open(at).press("main [name=spoke]").submit(at).at(at)
	b.passes(12 * time.Hour)
	f.mo.open(path).says(f.mo.word("recovery-case.done.title"))
}

// vouching are the pages of a colleague's word, in a lab of its own: its clock moves.
func (w *sweep) vouching() {
	f := w.fillShop(startLab(w.t, w.s.binary, "LATCHKEY_TOTP_WINDOW=4"))
	look := func(p *person) *sweep {
		return &sweep{person: p, axe: w.axe, reached: w.reached, stops: w.stops, routes: w.routes}
	}
	boss, mo := look(f.boss), look(f.mo)
	path := f.asks()
	mo.look("a request for colleagues")
	boss.comesIn().open(f.shop)
	boss.look("a shop, somebody asks for a word")
	boss.follow(`main a[href^="/security/vouch/"]`)
	at := eval[string](boss.person, "location.pathname")
	boss.look("a colleague's request")
	boss.press("main [name=spoke]").submit(at).at(at)
	boss.look("a word, given")
	mo.open(path)
	mo.look("a request, approved by a colleague")
}
