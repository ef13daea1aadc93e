package server

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// byKey shows a security key in a session, for an act.
func (p *person) byKey(client *virtual.Client, act string) {
	p.w.t.Helper()
	var a answer
	p.must("POST", "/step-up/begin", m{"action": act, "kind": "webauthn"}, &a)
	response, err := client.Get(a.Prompt)
	if err != nil {
		p.w.t.Fatal(err)
	}
	var done answer
	p.must("POST", "/step-up/finish", m{"ceremony": a.Ceremony, "response": json.RawMessage(response)}, &done)
	if done.Token != "" && p.bearer != "" {
		p.bearer = done.Token
	}
}

// withKeys is a seller with an app and two security keys, one of which he has just shown.
func (w *world) withKeys() (p *person, client *virtual.Client, secret string) {
	w.t.Helper()
	p, secret = w.withApp()
	client = p.addKey("Blue key")
	p.addKey("Red key")
	w.pass(time.Minute)
	p.byKey(client, "keys-only")
	return p, client, secret
}

// keysOnlyFaults provoke the codes of keys-only protection.
func keysOnlyFaults() map[auth.Code]provocation {
	on := func(c *trial, understood bool) *httptest.ResponseRecorder {
		client := c.p.addKey("North key")
		c.p.byKey(client, "keys-only")
		return c.post("/keys-only", m{"understood": understood})
	}
	return map[auth.Code]provocation{
		auth.KeysOnlyNeedsKeys: do(func(c *trial) *httptest.ResponseRecorder {
			c.p.must("DELETE", "/methods/"+c.p.methodID("webauthn"), nil, nil)
			return c.post("/keys-only", m{"understood": true})
		}),
		auth.KeysOnlyNotUnderstood: do(func(c *trial) *httptest.ResponseRecorder { return on(c, false) }),
		auth.KeysOnly: do(func(c *trial) *httptest.ResponseRecorder {
			on(c, true)
			return c.post("/methods/begin", m{"kind": "totp"})
		}),
		auth.KeysOnlyLastKey: do(func(c *trial) *httptest.ResponseRecorder {
			on(c, true)
			c.p.must("DELETE", "/methods/"+c.p.methodID("Red key"), nil, nil)
			return c.p.api("DELETE", "/methods/"+c.p.methodID("North key"), nil, nil)
		}),
	}
}

// keysOnly has a newcomer go through all pages of the protection.
func (o *tour) keysOnly() {
	const at = "/security/keys-only"
	p := o.visitor()
	o.newcomer(p, "keys@example.com", "Bo", "+8613800138024")
	p.open(at)
	client := p.addKey("North key")
	p.addKey("South key")
	p.byKey(client, "keys-only")
	p.fill(p.open(at), at)
	p.fill(p.open(at), at, "understood", "yes")
	p.open("/security/start")
	s := p.open(at + "/off")
	p.fill(s, at+"/off")
	p.open("/security")
	stop := "/security/pending/" + p.changeID() + "/stop"
	p.fill(p.open(at), stop)
	o.later()
	p.fill(p.open(at+"/off"), at+"/off")
	link := o.link(auth.TemplateKeysOnlyEnds, "undo")
	q := o.visitor()
	q.fill(q.open(link), link)
}

// apiKeysOnly has a newcomer switch the protection on and off.
func (o *tour) apiKeysOnly() {
	p := o.client()
	o.newcomer(p, "keys@example.com", "Bo", "+8613800138024")
	client := p.addKey("North key")
	p.addKey("South key")
	p.byKey(client, "keys-only")
	p.must("GET", "/keys-only", nil, nil)
	p.must("POST", "/keys-only", m{"understood": true}, nil)
	p.must("DELETE", "/keys-only", nil, nil)
}

// Over the API: how it stands, on, what a sign-in offers then, off after a day, and stopped.
func TestKeysOnlyOverTheAPI(t *testing.T) {
	w := newWorld(t)
	p, client, _ := w.withKeys()
	type standing struct {
		On         bool
		Keys       int
		Since, Due time.Time
		Change     string
		Wanted     int
	}
	var is standing
	p.must("GET", "/keys-only", nil, &is)
	if is.On || is.Keys != 2 || is.Wanted != 2 {
		t.Errorf("before: got %+v, want two keys that count", is)
	}
	p.must("POST", "/keys-only", m{"understood": true}, &is)
	if !is.On || !is.Since.Equal(w.time()) {
		t.Errorf("on: got %+v", is)
	}
	q := w.program()
	got := q.password()
	if len(got.Methods) != 1 || got.Methods[0].Kind != string(auth.WebAuthn) {
		t.Errorf("a sign-in: got %+v, want the keys alone", got.Methods)
	}
	app := q.api("POST", "/sign-in/begin", m{"ceremony": got.Ceremony, "kind": "totp"}, nil)
	if got := refused(t, app); got.Code != string(auth.NoSuchMethod) {
		t.Errorf("an app: got %s", got.Code)
	}
	p.must("DELETE", "/keys-only", nil, &is)
	if is.Change == "" || !is.Due.Equal(w.time().Add(day)) {
		t.Errorf("off: got %+v, want it to wait a day", is)
	}
	p.must("DELETE", "/changes/"+is.Change, nil, nil)
	w.pass(time.Hour)
	if got := refused(t, p.api("DELETE", "/keys-only", nil, nil)); got.Code != string(auth.StepUpRequired) {
		t.Errorf("off, with nothing shown: got %s", got.Code)
	}
	p.byKey(client, "keys-only-off")
	p.must("DELETE", "/keys-only", nil, nil)
	w.pass(day)
	w.sweep()
	is = standing{}
	w.pass(time.Minute)
	p.must("GET", "/keys-only", nil, &is)
	if is.On || is.Change != "" {
		t.Errorf("a day later: got %+v, want it off", is)
	}
}

// On pages: what is missing, what it costs, a tick, how it stands, off, and the ways to stop that.
func TestKeysOnlyOnPages(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	const at = "/security/keys-only"
	s := p.open(at).at(at, 200).says("You need two security keys for this")
	if strings.Contains(s.text, "understood") {
		t.Error("without keys: got a form, want none")
	}
	client := p.addKey("Blue key")
	p.addKey("Red key")
	s = p.open(at).at("/confirm", 200).says("You are about to let only security keys open your account")
	if strings.Contains(s.text, "with=app") {
		t.Error("got an app offered, want a security key alone")
	}
	s = p.touch(s, client, "/confirm").at(at, 200).says("If you lose all your keys")
	s = p.fill(s, at).at(at, 200).says("Tick the box to go on")
	p.fill(s, at, "understood", "yes").at(at, 200).says("Only security keys open your account now", "Switch it off")
	p.open("/security").says("Keys-only protection is on")

	s = p.open(at+"/off").at(at+"/off", 200).says("It ends in 24 hours")
	p.fill(s, at+"/off").at(at, 200).says("Keys-only protection ends at", "Stop the change")
	p.open("/security").says("Keys-only protection ends at")
	p.open(at+"/off").at(at, 200)
	link := path(w.mailed(auth.TemplateKeysOnlyEnds).Args["undo"])
	id := p.changeID()
	p.fill(p.open(at), "/security/pending/"+id+"/stop").at("/security", 200).says("Keys-only protection stays on")
	p.open("/security/history").says("Keys-only protection switched on", "Switching off keys-only protection asked for",
		"Switching off keys-only protection stopped")
	q := w.browser()
	q.open(link).says("Nothing left to undo here")
	p.fill(p.open(at+"/off"), at+"/off").at(at, 200)
	link = path(w.mailed(auth.TemplateKeysOnlyEnds).Args["undo"])
	s = q.open(link).at(link, 200).says("Keep keys-only protection?")
	q.fill(s, link).says("Keys-only protection stays on")
	p.open(at).at("/sign-in", 200)
	if got := p.send(http.MethodGet, "/security/keys-only/off", "", "").Code; got != http.StatusSeeOther {
		t.Errorf("after it ended all access: got %d", got)
	}
}

// changeID is the first change that waits.
func (p *person) changeID() string {
	p.w.t.Helper()
	var info struct{ Changes []struct{ ID string } }
	p.must("GET", "/security", nil, &info)
	if len(info.Changes) == 0 {
		p.w.t.Fatal("nothing waits")
	}
	return info.Changes[0].ID
}
