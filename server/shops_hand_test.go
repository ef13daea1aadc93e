package server

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// settled is a shop that p, who has an app, has owned for longer than a day; he has just signed in.
func (p *person) settled(identifier, secret string) (shop string) {
	p.w.t.Helper()
	shop = p.shop("Blue")
	p.w.pass(25 * time.Hour)
	p.byApp(identifier, secret)
	return shop
}

// newcomer is a seller with an app, who has just signed in to stay; his secret is the app's.
func (w *world) newcomer(p *person, email, name, phone string) (secret string) {
	w.t.Helper()
	q := w.program()
	w.signUp(q, email, m{"name": name, "userName": name + "的店", "phone": phone})
	var a answer
	q.must("POST", "/sign-in", m{"identifier": email, "password": testPassword}, &a)
	q.bearer = a.Token
	secret = q.addApp()
	w.pass(time.Minute)
	p.byApp(email, secret)
	return secret
}

// handsTo mails the link of a hand-over and returns its token.
func (p *person) handsTo(shop, email string) string {
	p.w.t.Helper()
	p.must("POST", "/shops/"+shop+"/hand-over", m{"email": email}, nil)
	return lastPart(p.w.mailed(auth.TemplateHandOverLink).Args["link"])
}

// handOverFaults provoke the codes of hand-overs.
func handOverFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.HandOverOver: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/shop-hand-over", m{"link": "no such link"})
		}),
		auth.HandOverOwn: do(func(c *trial) *httptest.ResponseRecorder {
			link := c.p.handsTo(c.p.settled(testEmail, c.secret), "mei@example.com")
			return c.post("/shop-hand-over/take", m{"link": link})
		}),
		auth.HandOverNotTaken: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.settled(testEmail, c.secret)
			c.p.handsTo(shop, "mei@example.com")
			return c.post("/shops/"+shop+"/hand-over/confirm", m{"to": "nobody"})
		}),
		auth.HandOverTooSoon: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/shops/"+c.p.shop("Blue")+"/hand-over", m{"email": "mei@example.com"})
		}),
	}
}

// A shop changes hands over the API: the session check of each side tells of it, and of no payout for a week.
func TestHandOverOverHTTP(t *testing.T) {
	w := newWorld(t)
	owner := w.program()
	shop := owner.settled(testEmail, w.enrolled(owner))
	buyer := w.program()
	w.newcomer(buyer, "mei@example.com", "Mei", "+8613800138022")
	token := owner.handsTo(shop, "mei@example.com")
	var offer struct{ Shop, By string }
	w.program().must("POST", "/shop-hand-over", m{"link": token}, &offer)
	if offer.Shop != "Blue" || offer.By != "Wei" {
		t.Errorf("got %+v, want what the link is for", offer)
	}
	var hand struct{ ID, State, To, ToName string }
	buyer.must("POST", "/shop-hand-over/take", m{"link": token}, &hand)
	owner.must("GET", "/shops/"+shop+"/hand-over", nil, &hand)
	if hand.State != "taken" || hand.To != buyer.idOf() || hand.ToName != "Mei" {
		t.Errorf("got %+v, want who has taken it", hand)
	}
	other := owner.api("POST", "/shops/"+shop+"/hand-over/confirm", m{"to": owner.idOf()}, nil)
	if got := codeIn(other); got != auth.HandOverNotTaken {
		t.Errorf("confirming somebody else: got %q", got)
	}
	owner.must("POST", "/shops/"+shop+"/hand-over/confirm", m{"to": hand.To}, nil)
	var list struct{ HandOvers []struct{ ID, State string } }
	buyer.must("GET", "/shop-hand-overs", nil, &list)
	if got := codeIn(owner.api("DELETE", "/shop-hand-overs/"+list.HandOvers[0].ID, nil, nil)); got != auth.NotFound {
		t.Errorf("declining for another: got %q, want nothing found", got)
	}
	if len(list.HandOvers) != 1 || list.HandOvers[0].State != "agreed" {
		t.Errorf("got %+v, want it agreed", list)
	}
	type session struct {
		Shops  []struct{ ID, Role string }
		Payout struct {
			Allowed bool
			Why     string
		}
	}
	var before session
	owner.must("GET", "/session", nil, &before)
	if len(before.Shops) != 1 || before.Payout.Allowed || before.Payout.Why != "handing-over" {
		t.Errorf("the owner before it is done: got %+v", before)
	}
	w.pass(24 * time.Hour)
	if err := w.server.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for p, shops := range map[*person]int{owner: 0, buyer: 1} {
		var me session
		p.must("GET", "/session", nil, &me)
		if len(me.Shops) != shops || shops == 1 && me.Shops[0].Role != "owner" || me.Payout.Allowed ||
			me.Payout.Why != "handed-over" {
			t.Errorf("got %+v, want %d shops and no payout", me, shops)
		}
	}
	if got := codeIn(owner.api("GET", "/shops/"+shop, nil, nil)); got != auth.NotFound {
		t.Errorf("the former owner: got %q, want nothing found", got)
	}
}

// hands gives shops to other people, with all that both see and may do.
func (o *tour) hands() {
	email, to := "sells@example.com", "buys@example.com"
	p, q := o.visitor(), o.visitor()
	secret := o.newcomer(p, email, "Bo", "+8613800138021")
	others := o.newcomer(q, to, "Mei", "+8613800138022")
	at := "/shop/" + p.settled(email, secret) + "/hand-over"
	q.byApp(to, others)
	p.open(strings.TrimSuffix(at, "/hand-over"))
	p.fill(p.open(at), at, "email", "nonsense")
	p.fill(p.open(at), at, "email", to)
	p.open("/security")
	link := o.link(auth.TemplateHandOverLink, "link")
	p.fill(p.open(link), link)
	o.visitor().open(link)
	q.fill(q.open(link), link)
	q.open(link)
	p.open(at + "/confirm")
	p.open(at + "/stop")
	p.fill(p.open(at), at+"/confirm")
	p.open("/security")
	s := q.open("/shop")
	decline := s.actionWith("/decline")
	q.open(decline)
	q.fill(s, decline)
	o.later()
	p.fill(p.open(at), at, "email", to)
	p.fill(p.open(at), at+"/stop")
	o.mailed(auth.TemplateHandOver)
	o.later()
	p.fill(p.open(at), at, "email", to)
	link = o.link(auth.TemplateHandOver, "undo")
	v := o.visitor()
	v.fill(v.open(link), link)
	q.open("/security/history")
}

// apiHands is the same over the API.
func (o *tour) apiHands() {
	p, q := o.client(), o.client()
	secret := o.newcomer(p, "sells@example.com", "Bo", "+8613800138021")
	others := o.newcomer(q, "buys@example.com", "Mei", "+8613800138022")
	shop := p.settled("sells@example.com", secret)
	q.byApp("buys@example.com", others)
	at := "/shops/" + shop + "/hand-over"
	link := p.handsTo(shop, "buys@example.com")
	q.must("POST", "/shop-hand-over", m{"link": link}, nil)
	q.must("POST", "/shop-hand-over/take", m{"link": link}, nil)
	p.must("GET", at, nil, nil)
	p.must("POST", at+"/confirm", m{"to": q.idOf()}, nil)
	p.must("GET", "/security", nil, nil)
	var list struct{ HandOvers []struct{ ID string } }
	q.must("GET", "/shop-hand-overs", nil, &list)
	q.must("DELETE", "/shop-hand-overs/"+list.HandOvers[0].ID, nil, nil)
	o.later()
	p.handsTo(shop, "buys@example.com")
	p.must("DELETE", at, nil, nil)
}
