package server

import (
	"bytes"
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// TestSnapshotAPI calls every operation of the API, as a program and where it matters as a browser, and what is neither
// page nor API.
func TestSnapshotAPI(t *testing.T) {
	s := newSnapshot(t, "api.txt")
	list := reports{}
	w := newWorld(t, inOrder, func(_ *auth.Config, c *Config) { c.Receipts = &list })
	w.watch = s.add
	o := &tour{world: w, t: t, lang: "en", client: w.program}
	o.takeAPI()
	list = reports{{Gateway: "test", Reference: "nobody's", State: auth.Failed}}
	o.p.send("POST", "/api/v1/gateways/test/receipt", "application/json", "{}")
	list = nil
	for _, gateway := range []string{"test", "words", "silent"} {
		o.p.send("POST", "/api/v1/gateways/"+gateway+"/receipt", "application/json", "{}")
	}
	o.p.send("POST", "/api/v1/gateways/silent/receipt/secret-of-the-address", "application/json", "{}")
	for _, path := range []string{"/.well-known/change-password", "/.well-known/webauthn", "/.well-known/passkey-endpoints",
		"/.well-known/security.txt", "/robots.txt", "/health/live", "/health/ready", "/problems/code-wrong", "/problems/nothing",
		"/api/v1/nothing"} {
		o.p.send("GET", path, "", "")
	}
	o.p.send("PUT", "/api/v1/session", "application/json", "{}")
	s.check()
	wantRoutes(t, w, routes())
}

// takeAPI calls every operation that is no gateway's.
func (o *tour) takeAPI() {
	o.p = o.client()
	for _, part := range []func(){
		o.apiSignUp, o.apiBind, o.apiSignIn, o.apiStepUp, o.apiBrowser, o.apiContact, o.apiShops, o.apiRecovery, o.apiRemove,
		o.apiPassword, o.apiVouch, o.apiHands, o.apiHandsAccounts, o.apiKeysOnly,
	} {
		part()
		o.pass(time.Second)
	}
}

// wantRoutes fails the test for a route that was not called.
func wantRoutes(t *testing.T, w *world, all []route) {
	t.Helper()
	for _, rt := range all {
		if name := rt.method + " " + rt.path; !slices.Contains(w.routes, name) {
			t.Errorf("%s: got it left out of the snapshot, want it in", name)
		}
	}
}

func (o *tour) apiSignUp() {
	o.p.must("POST", "/sign-up", m{"email": testEmail}, nil)
	o.p.must("POST", "/sign-up/confirm", m{"link": lastPart(o.link(auth.TemplateSignUp, "link")), "name": "Wei",
		"userName": "小明的店", "phone": "+8613800138000", "password": testPassword, "terms": true}, nil)
	o.p.password()
	for _, path := range []string{"/session", "/security"} {
		o.p.must("GET", path, nil, nil)
	}
}

func (o *tour) apiBind() {
	o.secret = o.p.addApp()
	o.pass(time.Second)
	o.key = o.p.addKey("Red key")
	o.pass(time.Second)
	var a answer
	o.p.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613800138000", "channel": "sms"}, &a)
	o.p.must("POST", "/challenge", m{"purpose": "bind", "ceremony": a.Ceremony}, nil)
	o.pass(time.Minute)
	o.p.must("POST", "/methods/resend", m{"ceremony": a.Ceremony, "channel": "voice"}, &a)
	o.p.must("POST", "/methods/finish", m{"ceremony": a.Ceremony, "name": "Shop phone", "response": m{"code": o.sent()}}, nil)
	o.apiByPhone()
	o.p.must("POST", "/methods/begin", m{"kind": "email", "address": "codes@example.com"}, &a)
	var mailbox struct{ Authenticator struct{ ID string } }
	o.p.must("POST", "/methods/finish", m{"ceremony": a.Ceremony, "response": m{"code": o.sent()}}, &mailbox)
	o.p.must("POST", "/recovery-codes", nil, &a)
	o.saved = a.Codes
	for _, path := range []string{"/session", "/security", "/sessions", "/browsers", "/history",
		"/history?limit=3", "/history/" + mailbox.Authenticator.ID,
		"/methods/" + mailbox.Authenticator.ID + "/history?limit=5"} {
		o.p.must("GET", path, nil, nil)
	}
}

// apiFinish is a client that takes the second step; response nil is the code that was sent.
func (o *tour) apiFinish(kind string, more m, response func(prompt json.RawMessage) any) *person {
	o.later()
	var a answer
	q := o.client()
	q.must("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, &a)
	q.must("POST", "/sign-in/state", m{"ceremony": a.Ceremony}, nil)
	in := m{"ceremony": a.Ceremony, "kind": kind}
	maps.Copy(in, more)
	q.must("POST", "/sign-in/begin", in, &a)
	var answered any
	if response != nil {
		answered = response(a.Prompt)
	} else {
		answered = m{"code": o.sent()}
	}
	q.must("POST", "/sign-in/finish", m{"ceremony": a.Ceremony, "response": answered}, &a)
	q.bearer = a.Token
	return q
}

func (o *tour) touched(prompt json.RawMessage) any {
	response, err := o.key.Get(prompt)
	if err != nil {
		o.t.Fatal(err)
	}
	return json.RawMessage(response)
}

func (o *tour) apiSignIn() {
	o.apiFinish("webauthn", nil, o.touched)
	o.apiFinish("totp", nil, func(json.RawMessage) any { return m{"code": o.code(o.secret)} })
	o.apiFinish("phone", m{"channel": "voice"}, nil)
	o.apiFinish("email", nil, nil)
	o.apiFinish("lookup", nil, func(json.RawMessage) any { return m{"code": o.saved[0]} })
	var a answer
	q := o.client()
	q.must("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, &a)
	q.must("POST", "/sign-in/begin", m{"ceremony": a.Ceremony, "kind": "phone", "channel": "sms"}, &a)
	q.must("POST", "/challenge", m{"purpose": "sign-in", "ceremony": a.Ceremony}, nil)
	o.later()
	q.must("POST", "/sign-in/resend", m{"ceremony": a.Ceremony, "channel": "sms"}, &a)
	o.sent()
	q.must("POST", "/sign-in/key", m{"identifier": testEmail}, &a)
	q.must("POST", "/sign-in/finish", m{"ceremony": a.Ceremony, "response": o.touched(a.Prompt)}, &a)
	q.must("POST", "/sign-in/password", m{"ceremony": a.Ceremony, "password": testPassword}, &a)
	q.bearer = a.Token
	q.must("DELETE", "/session", nil, nil)
	q.must("POST", "/sign-in/key", m{}, nil)
}

func (o *tour) apiStepUp() {
	o.pass(time.Hour)
	p := o.p
	var a answer
	p.must("POST", "/step-up", m{"action": auth.ActRename}, nil)
	p.must("POST", "/step-up/begin", m{"action": auth.ActRename, "kind": "phone", "channel": "sms"}, &a)
	o.sent()
	o.later()
	p.must("POST", "/step-up/resend", m{"ceremony": a.Ceremony, "channel": "voice"}, &a)
	p.must("POST", "/step-up/finish", m{"ceremony": a.Ceremony, "response": m{"code": o.sent()}}, &a)
	p.bearer = a.Token
	p.must("PATCH", "/methods/"+p.methodID("totp"), m{"name": "My app", "place": "Till"}, nil)
	o.prove()
	const text = "¥ 12,000.00 to account •••• 8000"
	o.pass(time.Minute)
	o.p.must("POST", "/step-up/begin", m{"action": auth.ActPayout, "target": text, "kind": "totp"}, &a)
	o.p.must("POST", "/step-up/finish", m{"ceremony": a.Ceremony, "response": m{"code": o.code(o.secret)}}, &a)
	o.p.bearer = a.Token
	o.p.must("POST", "/step-up", m{"action": auth.ActPayout, "target": text}, nil)
	o.p.must("POST", "/payout", m{"text": text}, nil)
	o.pass(time.Minute)
}

// prove shows the app once more.
func (o *tour) prove() {
	o.later()
	var a answer
	o.p.must("POST", "/step-up/begin", m{"action": auth.ActContact, "kind": "totp"}, &a)
	o.p.must("POST", "/step-up/finish", m{"ceremony": a.Ceremony, "response": m{"code": o.code(o.secret)}}, &a)
	o.p.bearer = a.Token
}

// apiBrowser is a script of our pages: its token is a cookie.
func (o *tour) apiBrowser() {
	o.later()
	b := o.browser()
	var a answer
	b.must("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword, "remember": true}, &a)
	b.must("POST", "/sign-in/begin", m{"ceremony": a.Ceremony, "kind": "totp"}, &a)
	b.must("POST", "/sign-in/finish", m{"ceremony": a.Ceremony, "response": m{"code": o.code(o.secret)}}, nil)
	var trusted struct{ ID string }
	b.must("POST", "/browsers/trust", nil, &trusted)
	b.must("GET", "/browsers", nil, nil)
	b.must("DELETE", "/browsers/"+trusted.ID, nil, nil)
	b.must("DELETE", "/browsers", nil, nil)
	var list struct{ Sessions []struct{ ID string } }
	b.must("GET", "/sessions", nil, &list)
	o.p.must("DELETE", "/sessions/"+list.Sessions[len(list.Sessions)-1].ID, nil, nil)
	b.api("GET", "/session", nil, nil)
	b.must("DELETE", "/session", nil, nil)
}

func (o *tour) apiContact() {
	o.prove()
	o.p.must("POST", "/contact/email", m{"email": "new@example.com"}, nil)
	o.p.must("POST", "/contact/email/confirm", m{"link": lastPart(o.link(auth.TemplateEmailChange, "link"))}, nil)
	o.p.must("POST", "/contact/phone", m{"phone": "+8613800138001"}, nil)
	o.p.must("POST", "/user-name", m{"userName": "wei-two"}, nil)
	o.p.must("POST", "/question", m{"question": "My first teacher?", "answer": "nobody at all"}, nil)
	o.p.must("GET", "/question", nil, nil)
	o.p.must("DELETE", "/question", nil, nil)
	o.p.must("POST", "/password/mail", nil, nil)
	o.p.must("POST", "/contact/email", m{"email": testEmail}, nil)
	o.pass(time.Second)
	o.p.must("POST", "/contact/email/confirm", m{"link": lastPart(o.link(auth.TemplateEmailChange, "link"))}, nil)
}

// apiShops makes a shop, has somebody in it who signs up by its invitation, and does with him all that can be done.
func (o *tour) apiShops() {
	o.prove()
	p := o.p
	var made struct{ ID string }
	p.must("POST", "/shops", m{"name": "Blue shop"}, &made)
	at := "/shops/" + made.ID
	p.must("PATCH", at, m{"name": "Green shop"}, nil)
	marketplace := o.world.program()
	marketplace.bearer = hostToken
	marketplace.must("PUT", at+"/value", m{"value": 250_000}, nil)
	marketplace.must("GET", "/accounts/"+o.p.idOf(), nil, nil)
	invite := func(email, role string) (id, token string) {
		var waits struct{ ID string }
		p.must("POST", at+"/invitations", m{"email": email, "role": role}, &waits)
		return waits.ID, lastPart(o.link(auth.TemplateShopInvite, "link"))
	}
	id, _ := invite("nobody@example.com", "member")
	p.must("GET", at, nil, nil)
	p.must("DELETE", at+"/invitations/"+id, nil, nil)
	o.pass(time.Second)
	_, token := invite("mo@example.com", "administrator")
	q := o.client()
	q.must("POST", "/shop-invitation", m{"link": token}, nil)
	var link struct{ Link, Token string }
	q.must("POST", "/shop-invitation/sign-up", m{"link": token}, &link)
	q.must("POST", "/sign-up/confirm", m{"link": link.Link, "name": "Mo", "userName": "mo", "phone": "+8613900139000",
		"password": testPassword, "terms": true}, &link)
	q.bearer = link.Token
	q.addApp()
	q.must("GET", "/shop-invitation", nil, nil)
	q.must("POST", "/shop-invitation/accept", m{}, nil)
	var me struct{ Account string }
	q.must("GET", "/session", nil, &me)
	q.must("GET", "/shops", nil, nil)
	q.must("GET", at, nil, nil)
	who := at + "/members/" + me.Account
	p.must("POST", who+"/suspend", nil, nil)
	p.must("POST", who+"/resume", nil, nil)
	p.must("POST", at+"/keys", m{"days": 7}, nil)
	p.must("GET", at+"/keys", nil, nil)
	q.must("GET", "/security", nil, nil)
	p.must("DELETE", at+"/keys", nil, nil)
	q.must("PATCH", at+"/membership", m{"role": "member"}, nil)
	p.must("POST", who+"/contact", m{"email": "new@example.com", "phone": "+8613800138055"}, nil)
	p.must("GET", at, nil, nil)
	q.must("GET", "/security", nil, nil)
	p.must("DELETE", who+"/contact", nil, nil)
	p.must("PATCH", who, m{"role": "read-only"}, nil)
	q.must("DELETE", at+"/membership", nil, nil)
	_, token = invite("mo2@example.com", "member")
	q.must("POST", "/shop-invitation/accept", m{"link": token}, nil)
	p.must("DELETE", who, nil, nil)
}

func (o *tour) apiRemove() {
	for n := range 2 { // a text removes an app, but not before tomorrow
		weak := o.apiFinish("phone", m{"channel": "sms"}, nil)
		weak.must("DELETE", "/methods/"+weak.methodID("totp"), nil, nil)
		var info struct{ Changes []struct{ ID string } }
		weak.must("GET", "/security", nil, &info)
		if link := o.mailed(auth.TemplateRemoval).Args["undo"]; n == 1 { // after it none is asked for that day
			o.client().must("POST", "/undo", m{"link": lastPart(link)}, nil)
			o.client().must("POST", "/undo/case", m{"link": lastPart(link)}, nil)
			o.saved = nil
		} else {
			weak.must("DELETE", "/changes/"+info.Changes[0].ID, nil, nil)
		}
	}
	o.p = o.apiFinish("webauthn", nil, o.touched)
	o.p.must("GET", "/not-me-cases", nil, nil)
	o.p.must("DELETE", "/sessions", nil, nil)
	var info struct {
		Methods []struct{ ID, Kind, Device string }
	}
	o.p.must("GET", "/security", nil, &info)
	for _, x := range info.Methods {
		switch x.Kind {
		case "webauthn":
			o.p.must("POST", "/methods/"+x.ID+"/unfreeze", nil, nil)
		case "email":
			o.p.must("DELETE", "/methods/"+x.ID, nil, nil)
		case "totp":
			o.p.must("POST", "/devices/"+x.Device+"/lost", nil, nil)
		}
	}
}

// apiSecrets changes the password by what only the owner knows.
func (o *tour) apiSecrets() {
	var a struct{ Token, Code string }
	raised := func(path string, in m) {
		o.p.must("POST", path, in, &a)
		o.p.bearer = a.Token
	}
	o.p.must("POST", "/question", m{"question": "My first teacher?", "answer": "nobody at all"}, nil)
	raised("/password/by-answer", m{"answer": "Nobody at all", "password": "Vivid-Marmot7"})
	o.p.must("POST", "/security-code", nil, &a)
	raised("/security-code/use", m{"securityCode": a.Code})
	raised("/password/by-security-code", m{"securityCode": a.Code, "password": "Another-Horse9"})
	o.owners = a.Code
}

// apiByPhone goes as far as the proof that a number and a user name give.
func (o *tour) apiByPhone() {
	o.later()
	q := o.client()
	asked, code := q.texted("+8613800138000")
	q.must("POST", "/forgot/phone/code", m{"ceremony": asked.Ceremony, "code": code}, &asked)
	q.must("POST", "/forgot/phone/name", m{"ceremony": asked.Ceremony, "userName": "小明的店"}, nil)
	q.must("POST", "/tickets", m{"script": "yes", "key": "no", "ahead": -3}, nil)
}

func (o *tour) apiPassword() {
	var a struct{ Token string }
	o.p.must("POST", "/password/it-was-me", nil, nil)
	o.p.must("POST", "/password/keep", nil, nil)
	o.p.must("POST", "/reminders/old-settings/put-off", nil, nil)
	o.p.api("POST", "/reminders/none/put-off", nil, nil)
	o.p.must("POST", "/password", m{"current": testPassword, "password": "Another-Horse9"}, &a)
	o.p.bearer = a.Token
	o.apiSecrets()
	q := o.client()
	var puzzle struct{ Puzzle string }
	q.must("GET", "/puzzle", nil, &puzzle)
	q.must("GET", "/puzzle/"+puzzle.Puzzle, nil, nil)
	var proof answer
	code := m{"ceremony": q.forgot(testEmail).Ceremony, "code": o.mailed(auth.TemplateReset).Args["code"]}
	q.must("POST", "/forgot/code", code, &proof)
	q.must("POST", "/forgot/code/password", m{"ceremony": proof.Ceremony, "password": "Third-Horse99"}, nil)
	o.later()
	q.forgot(testEmail)
	link := lastPart(o.link(auth.TemplateReset, "link"))
	q.must("POST", "/forgot/password", m{"link": link, "password": testPassword}, nil)
	o.later()
	code = m{"ceremony": q.forgot(testEmail).Ceremony, "code": o.mailed(auth.TemplateReset).Args["code"]}
	q.must("POST", "/forgot/code", code, &proof)
	q.must("POST", "/forgot/sign-in", m{"ceremony": proof.Ceremony}, nil)
	b := o.browser()
	b.open("/sign-in")
	var asked answer
	b.must("POST", "/sign-in/mail", m{"identifier": testEmail}, &asked)
	b.must("POST", "/sign-in/mail/finish", m{"ceremony": asked.Ceremony,
		"code": o.mailed(auth.TemplateIntroduce).Args["code"]}, nil)
	o.pass(25 * time.Hour) // a removal was stopped
	q.must("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, &asked)
	q.must("POST", "/sign-in/security-code", m{"ceremony": asked.Ceremony, "securityCode": o.owners}, nil)
}

// TestSnapshotLab calls what only a lab has.
func TestSnapshotLab(t *testing.T) {
	s := newSnapshot(t, "lab.txt")
	w := newLabWorld(t, inOrder)
	w.watch = s.add
	p := w.program()
	var made fixture
	p.must("GET", "/lab", nil, nil)
	p.must("GET", "/lab/clock", nil, nil)
	p.must("POST", "/lab/clock", m{"advance": "1h", "stop": true}, nil)
	p.must("POST", "/lab/accounts", m{"name": "ann", "phone": "+8613800138000", "session": true, "methods": []m{
		{"kind": "webauthn", "name": "Blue", "virtual": exportedKey(t, stick(t, "fixture"))}, {"kind": "totp"},
		{"kind": "phone", "number": "+8613800138000"}, {"kind": "email", "address": "other@example.com"},
		{"kind": "lookup"}}}, &made)
	at := "/lab/accounts/" + made.ID
	for _, c := range [][2]string{{"POST", at + "/session"}, {"POST", at + "/disable"}, {"POST", at + "/enable"},
		{"DELETE", at + "/methods/" + made.Methods[1].ID}, {"GET", "/lab/inbox"}, {"DELETE", "/lab/inbox"},
		{"GET", "/lab/inbox/faults"}, {"DELETE", "/lab/inbox/faults"}} {
		p.must(c[0], c[1], nil, nil)
	}
	p.must("PUT", "/lab/inbox/faults", m{"faults": []m{{"channel": "sms", "delay": "1s", "copies": 2}}}, nil)
	p.must("GET", "/lab/inbox/faults", nil, nil)
	for _, path := range []string{"/attestation/options", "/attestation/result", "/assertion/options", "/assertion/result"} {
		p.send("POST", path, "application/json", `{"username":"bob","displayName":"Bob"}`)
	}
	p.must("POST", "/lab/reset", nil, nil)
	s.check()
	wantRoutes(t, w, slices.Concat(labRoutes(), conformRoutes()))
}

// TestSnapshotContract is the OpenAPI document of a lab, which has every operation.
func TestSnapshotContract(t *testing.T) {
	var doc any
	if err := json.Unmarshal(ask(newLabWorld(t).server, "GET", "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(doc, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	s := newSnapshot(t, "openapi.json")
	words := regexp.MustCompile(`\[(\s+"[^"]*",?)+\s+\]`) // a list of words stands on one line
	s.text.Write(words.ReplaceAllFunc(raw, func(list []byte) []byte { return bytes.Join(bytes.Fields(list), []byte(" ")) }))
	s.check()
}

// TestSnapshotProblems is every refusal in both languages, by the requests that provoke them.
func TestSnapshotProblems(t *testing.T) {
	estate, tries := newEstate(t), provocations()
	s := newSnapshot(t, "problems.txt")
	for _, code := range slices.Sorted(maps.Keys(tries)) {
		for _, lang := range []string{"en", "zh-CN"} {
			c := estate.trial(t, lang, tries[code])
			s.write(string(code)+" in "+lang, tries[code].do(c))
			if err := c.db.Close(); err != nil {
				t.Fatal(err)
			}
		}
	}
	s.check()
}
