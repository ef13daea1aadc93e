package server

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

const buyersMail = "buyer@example.org"

// handsAccount mails the link of a hand-over of p's account and returns its token.
func (p *person) handsAccount() string {
	p.w.t.Helper()
	p.must("POST", "/account-hand-over", m{"email": buyersMail}, nil)
	return lastPart(p.w.mailed(auth.TemplateAccountHandLink).Args["link"])
}

// comesBy makes an account by the link, with an app, whose secret it returns.
func (p *person) comesBy(token string) string {
	p.w.t.Helper()
	var made struct{ Link, Token string }
	p.must("POST", "/account-offer/sign-up", m{"link": token}, &made)
	p.must("POST", "/sign-up/confirm", m{"link": made.Link, "name": "Mei", "userName": "mei", "phone": "+8613900139000",
		"password": testPassword, "terms": true}, &made)
	p.bearer = made.Token
	return p.addApp()
}

// accountHandFaults provoke the codes of an account's hand-over.
func accountHandFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.HandOverInShop: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.shop("Blue")
			return c.post("/account-hand-over", m{"email": buyersMail})
		}),
		auth.HandOverOther: do(func(c *trial) *httptest.ResponseRecorder {
			link := c.p.handsAccount()
			other := c.program()
			c.newcomer(other, "mei@example.com", "Mei", "+8613800138022")
			c.p.bearer = other.bearer
			return c.post("/account-offer/take", m{"link": link})
		}),
		auth.HandOverSignsWrong: do(func(c *trial) *httptest.ResponseRecorder {
			q := c.program()
			q.comesBy(c.p.handsAccount())
			q.must("POST", "/account-offer/take", m{}, nil)
			return c.post("/account-hand-over/confirm", m{"signs": "0000-0000"})
		}),
		auth.HandOverCooling: do(func(c *trial) *httptest.ResponseRecorder {
			q := c.program()
			q.comesBy(c.p.handsAccount())
			q.must("POST", "/account-offer/take", m{}, nil)
			var offer struct{ Signs string }
			q.must("GET", "/account-offer", nil, &offer)
			c.p.must("POST", "/account-hand-over/confirm", m{"signs": offer.Signs}, nil)
			c.p.must("DELETE", "/account-hand-over", nil, nil)
			return c.post("/account-hand-over", m{"email": "other@example.org"})
		}),
	}
}

// An account changes hands over the API: the one's session is over, the other one signs in to it with what he has set
// up, and no money leaves for a week.
func TestAccountHandOverOverHTTP(t *testing.T) {
	w := newWorld(t)
	owner, buyer := w.program(), w.program()
	w.enrolled(owner)
	account := owner.idOf()
	token := owner.handsAccount()
	var offer struct {
		By, UserName, State, Signs, ToName string
		HasNone                            bool
	}
	w.program().must("POST", "/account-offer/look", m{"link": token}, &offer)
	if offer.By != "Wei" || !offer.HasNone {
		t.Errorf("got %+v, want what the link is for", offer)
	}
	secret := buyer.comesBy(token)
	own := buyer.idOf()
	buyer.must("POST", "/account-offer/take", m{}, nil)
	buyer.must("GET", "/account-offer", nil, &offer)
	signs := offer.Signs
	offer.Signs = ""
	owner.must("GET", "/account-hand-over", nil, &offer)
	if offer.State != "taken" || offer.ToName != "Mei" || offer.Signs != "" || len(signs) != 9 {
		t.Errorf("got %+v and signs %q, want them told to the one side alone", offer, signs)
	}
	owner.must("POST", "/account-hand-over/confirm", m{"signs": signs}, nil)
	buyer.must("GET", "/account-offer", nil, &offer)
	w.pass(24 * time.Hour)
	if err := w.server.service.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	for who, p := range map[string]*person{"the owner": owner, "the buyer's own": buyer} {
		if got := codeIn(p.api("GET", "/session", nil, nil)); got != auth.SessionEnded {
			t.Errorf("%s session: got %q, want it ended", who, got)
		}
	}
	buyer.byApp(buyersMail, secret)
	var me struct {
		Account, Name string
		Payout        struct{ Why string }
	}
	buyer.must("GET", "/session", nil, &me)
	if me.Account != account || me.Account == own || me.Name != "Mei" || me.Payout.Why != "handed-over" {
		t.Errorf("got %+v, want the buyer in the owner's account, without payouts", me)
	}
}

// signsOn are the signs that a page shows.
func signsOn(s *sheet) string {
	_, rest, _ := strings.Cut(s.text, `<p class="num" translate="no">`)
	signs, _, _ := strings.Cut(rest, "<")
	return signs
}

// handsAccounts gives an account to somebody else, with all that both see and may do.
func (o *tour) handsAccounts() {
	const at = "/security/hand-over"
	p, q := o.visitor(), o.visitor()
	o.newcomer(p, "gives@example.com", "Bo", "+8613800138021")
	p.fill(p.open(at), at, "email", "nonsense")
	p.fill(p.open(at), at, "email", buyersMail)
	p.open("/security")
	link := o.link(auth.TemplateAccountHandLink, "link")
	q.open(link + "/sign-up")
	s := q.fill(q.open(link), link+"/sign-up")
	q.fill(s, s.path, "name", "Mei", "user-name", "mei", "phone", "+8613900139000", "password", testPassword, "terms", "yes")
	s = q.open("/security/app/new")
	q.fill(s, "/security/app/new", "code", o.code(secretOf(s)))
	q.open("/security")
	o.visitor().open(link)
	q.open(link)
	q.open("/hand-over/decline")
	q.fill(q.open("/hand-over"), "/hand-over")
	p.fill(p.open(at), at+"/stop")
	q.open("/security")
	o.later()
	p.fill(p.open(at), at, "email", buyersMail)
	link = o.link(auth.TemplateAccountHandLink, "link")
	q.fill(q.open(link), link)
	signs := signsOn(q.open("/hand-over"))
	q.open(link)
	p.open(at + "/confirm")
	p.open(at + "/stop")
	p.fill(p.open(at), at+"/confirm", "signs", "0000")
	o.mailed(auth.TemplateAccountHand)
	p.fill(p.open(at), at+"/confirm", "signs", signs)
	o.visitor().open(o.link(auth.TemplateAccountHand, "undo"))
	p.open("/security")
	q.fill(q.open("/hand-over"), "/hand-over/decline")
	q.open("/hand-over")
	p.open("/security/history")
}

// apiHandsAccounts is the same over the API.
func (o *tour) apiHandsAccounts() {
	p, q := o.client(), o.client()
	o.newcomer(p, "gives@example.com", "Bo", "+8613800138021")
	p.handsAccount()
	p.must("DELETE", "/account-hand-over", nil, nil)
	o.later()
	token := p.handsAccount()
	q.must("POST", "/account-offer/look", m{"link": token}, nil)
	q.comesBy(token)
	q.must("GET", "/account-offer", nil, nil)
	q.must("POST", "/account-offer/take", m{}, nil)
	var offer struct{ Signs string }
	q.must("GET", "/account-offer", nil, &offer)
	p.must("GET", "/account-hand-over", nil, nil)
	p.must("POST", "/account-hand-over/confirm", m{"signs": offer.Signs}, nil)
	q.must("DELETE", "/account-offer", nil, nil)
	o.apiCloses()
}
