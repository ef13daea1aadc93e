package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// freeze has a copy of a person's key answer behind it.
func (p *person) freeze(client *virtual.Client) {
	p.w.t.Helper()
	copied := *client
	copied.Authenticators = []*virtual.Authenticator{client.Authenticators[0].Clone()}
	p.freezeBy("webauthn", func(by int, prompt json.RawMessage) any {
		response, err := []*virtual.Client{client, &copied}[by].Get(prompt)
		if err != nil {
			p.w.t.Fatal(err)
		}
		return json.RawMessage(response)
	})
}

// freezeCode has a copy of what a key types answer beside it.
func (p *person) freezeCode(slot *virtual.YubicoOTP) {
	p.w.t.Helper()
	copied := *slot
	p.freezeBy("yubiotp", func(by int, _ json.RawMessage) any {
		return m{"code": []*virtual.YubicoOTP{slot, &copied}[by].Touch()}
	})
}

// freezeBy has a method answer, as number 0, and its copy, as number 1.
func (p *person) freezeBy(kind string, answers func(by int, prompt json.RawMessage) any) {
	p.w.t.Helper()
	for by, want := range []auth.Code{"", auth.KeyFrozen} {
		var a answer
		p.must("POST", "/step-up/begin", m{"action": "test-method", "kind": kind}, &a)
		var done answer
		got := p.api("POST", "/step-up/finish", m{"ceremony": a.Ceremony, "response": answers(by, a.Prompt)}, &done)
		if codeIn(got) != want {
			p.w.t.Fatalf("got %s, want %q", got.Body, want)
		}
		if done.Token != "" && p.bearer != "" {
			p.bearer = done.Token
		}
	}
}

// The page of a frozen key says by which counts it was found out, and lets it work again; a touch of it is refused
// until then.
func TestAFrozenKeyWorksAgain(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	key := p.addKey("Blue key")
	w.pass(time.Minute)
	p.freeze(key)
	at := "/security/keys/" + p.methodID("webauthn")
	s := p.open(at).at(at, 200).says("Paused: it may have been copied", "It had counted to", "Then it answered with",
		"I touched it both times")
	if strings.Contains(s.text, at+"/test") {
		t.Error("got it offered for a test, want none while it is frozen")
	}
	w.pass(time.Hour)
	s = p.open(at + "/unfreeze")
	s = p.fill(p.open(s.path+"&with=app").at("/confirm", 200), "/confirm", "code", w.code(secret)).at(at+"/unfreeze", 200)
	p.fill(s, at+"/unfreeze").at(at, 200).says("The key works again")
	if s = p.open(at+"/unfreeze").at(at, 200); strings.Contains(s.text, "It had counted to") {
		t.Error("got counts on the page of a key that works")
	}
	got := p.send(http.MethodPost, at+"/unfreeze", "application/x-www-form-urlencoded", "")
	if got.Code != http.StatusSeeOther {
		t.Errorf("once more: got %d, want 303", got.Code)
	}
	told := 0
	for message, n := range w.written() {
		if strings.Contains(message, " of unfrozen-webauthn") {
			told += n
		}
	}
	if told != 1 {
		t.Errorf("got %d mails that it works again, want 1", told)
	}
}
