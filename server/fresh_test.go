package server

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A page whose form needs a fresh second step asks for it before the form is filled in, not after: every page of the
// table that names one leads there from a session whose step is an hour old, and comes back once it is shown.
func TestFreshStepComesBeforeTheForm(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	p.freeze(p.addKey("Blue key"))
	w.pass(time.Second)
	for kind, to := range map[string]m{"phone": {"kind": "phone", "number": "+8613900139000", "channel": "sms"},
		"email": {"kind": "email", "address": "backup@example.com", "channel": "email"}} {
		var begun answer
		p.must("POST", "/methods/begin", to, &begun)
		code := w.mailed(auth.TemplateCode).Args["code"]
		p.must("POST", "/methods/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, nil)
		w.pass(time.Minute)
		if p.methodID(kind) == "" {
			t.Fatalf("got no %s", kind)
		}
	}
	p.must("POST", "/recovery-codes", nil, nil)
	touch := p.addTouch(p.methodID("webauthn"))
	token := p.addToken()
	yubico, slot := p.addYubico(p.methodID("webauthn"))
	w.pass(time.Minute)
	p.freezeCode(slot)
	shop := p.shop("Blue shop")
	member := p.colleague(shop, "mo", "member").idOf()
	ids := map[string]string{"keys": p.methodID("webauthn"), "app": p.methodID("totp"), "phone": p.methodID("phone"),
		"email": p.methodID("email"), "codes": "all",
		"touch": touch, "token": token, "yubiotp": yubico}
	w.pass(31 * 24 * time.Hour)
	p.byApp(testEmail, secret)
	requests := map[string]string{"recovery": w.program().caseInReview(testEmail, "key")[:22],
		"vouch": w.program().caseInReview("mo@example.com", "key")[:22]}
	not := map[string]string{
		"/security/keys/{id}": "shows the key, and a form to rename it", "/security/app/{id}": "likewise",
		"/security/phone/{id}": "likewise", "/security/email/{id}": "likewise", "/security/touch/{id}": "likewise",
		"/security/token/{id}": "likewise", "/security/yubiotp/{id}": "likewise",
		"/security/keys/{id}/yubico-otp/file": "leads to the values", "/security/codes": "shows what is left",
		"/sign-in/trust": "comes right behind a step", "/security/password/mine": "leads to the overview",
		"/security/contact/email": "leads to the contacts", "/security/contact/phone": "leads to the contacts",
		"/security/phone/new/send": "leads to the number", "/security/email/new/send": "leads to the mailbox",
		"/security/security-code": "says how it stands", "/security/security-code/use": "leads there",
		"/security/password/mail": "leads to the password", "/approve": "asks for a text first",
		"/security/contact/email/{link}": "came by mail", "/shop/invitation/{link}": "likewise",
		"/security/hand-over": "says first that the account is in a shop", "/security/hand-over/confirm": "leads there",
		"/hand-over": "says who hands an account over", "/hand-over/{link}": "came by mail",
		"/shop/hand-over/{link}": "likewise", "/shop/{shop}/hand-over/confirm": "leads to the hand-over",
		"/shop/{shop}/keys": "shows who is ready, and a form", "/shop/{shop}/keys/drop": "leads there",
		"/security/data/file": "leads to its page", "/security/close": "says first what is in the way",
		"/security/keys-only": "says first how many keys there are", "/security/keys-only/off": "leads there",
		"/shop/joined": "leads to the shops", "/shop/{shop}/role": "leads to where one leaves",
		"/shop/{shop}/members/{member}/suspend":       "leads to the person",
		"/shop/{shop}/members/{member}/resume":        "likewise",
		"/shop/{shop}/members/{member}/contact/email": "leads to the contact data",
		"/shop/{shop}/members/{member}/contact/phone": "likewise",
	}
	for _, pg := range w.server.pageTable() {
		sort := strings.Split(pg.path, "/")
		if pg.what == "" || pg.get == nil {
			continue
		}
		path := pg.path
		if len(sort) > 2 {
			path = strings.NewReplacer("{id}", ids[sort[2]], "{link}", "none", "{shop}", shop,
				"{member}", member, "{case}", requests[sort[2]]).Replace(path)
		}
		w.pass(time.Hour)
		got := p.send(http.MethodGet, path, "", "")
		confirm := got.Header().Get("Location")
		to, _ := url.Parse(confirm)
		asked := to.Path == "/confirm" && to.Query().Get("for") == pg.what && to.Query().Get("next") == path
		if want := not[pg.path] == ""; asked != want {
			t.Errorf("%s: got %d to %q, want to be asked for a fresh step: %v", pg.path, got.Code, to, want)
		}
		if !asked {
			continue
		}
		s := p.open(confirm+"&with=app").at("/confirm", 200)
		p.fill(s, "/confirm", "code", other(w.code(secret))).at("/confirm", 200).says("Error:")
		p.fill(s, "/confirm", "code", w.code(secret)).at(path, 200)
		if got := p.send(http.MethodGet, confirm, "", "").Header().Get("Location"); got != path {
			t.Errorf("%s, confirmed: got to %q, want to go on at once", pg.path, got)
		}
	}
}
