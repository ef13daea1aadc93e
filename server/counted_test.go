package server

import (
	"encoding/base32"
	"encoding/json"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// counted is the code of a secret in base 32 at a counter.
func counted(t testing.TB, secret string, at uint64) string {
	t.Helper()
	code, err := hotp.GenerateCodeCustom(secret, at, hotp.ValidateOpts{Digits: otp.DigitsSix})
	if err != nil {
		t.Fatal(err)
	}
	return code
}

// boxed is what the token of the box shows at a counter.
func boxed(t testing.TB, at uint64) string {
	t.Helper()
	return counted(t, base32.StdEncoding.EncodeToString([]byte(boxedSecret)), at)
}

// addTouch has a key type codes, over the API, and returns the method's id.
func (p *person) addTouch(key string) string {
	p.w.t.Helper()
	var info struct {
		Methods []struct{ ID, Device string }
	}
	p.must("GET", "/security", nil, &info)
	var device string
	for _, x := range info.Methods {
		if x.ID == key {
			device = x.Device
		}
	}
	var begun answer
	p.must("POST", "/methods/begin", m{"kind": "hotp"}, &begun)
	var prompt struct{ Secret string }
	if err := json.Unmarshal(begun.Prompt, &prompt); err != nil {
		p.w.t.Fatal(err)
	}
	return p.finishCounted(m{"ceremony": begun.Ceremony, "device": device, "response": m{
		"code": counted(p.w.t, prompt.Secret, 0), "second": counted(p.w.t, prompt.Secret, 1)}})
}

// addToken claims the token of the box, over the API.
func (p *person) addToken() string {
	p.w.t.Helper()
	var begun answer
	p.must("POST", "/methods/begin", m{"kind": "hotp", "serial": boxedSerial}, &begun)
	return p.finishCounted(m{"ceremony": begun.Ceremony, "response": m{"code": boxed(p.w.t, 0), "second": boxed(p.w.t, 1)}})
}

func (p *person) finishCounted(in m) string {
	p.w.t.Helper()
	var done struct{ Authenticator struct{ ID string } }
	p.must("POST", "/methods/finish", in, &done)
	return done.Authenticator.ID
}

// withRedKey is a seller with a USB key and an app, and his browser.
func withRedKey(t *testing.T) *person {
	t.Helper()
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/app/new")
	p.fill(s, "/security/app/new", "code", w.code(secretOf(s))).at("/security/start", 200)
	p.touch(p.open("/security/keys/new"), stick(t, "red"), "/security/keys/new", "name", "Red key")
	return p
}

// A key learns to type codes on its own page, and is one thing with them: one name, one list, one loss.
func TestPagesOfTouchCodes(t *testing.T) {
	p := withRedKey(t)
	w := p.w
	key := "/security/keys/" + p.methodID("Red key")
	page := key + "/touch-code/new"
	if s := p.open(key); !strings.Contains(s.text, page) {
		t.Fatalf("the key's page: got no link to %s", page)
	}
	s := p.open(page).at(page, 200)
	secret := secretOf(s)
	if again := secretOf(p.open(page)); again != secret {
		t.Errorf("a reload: got another secret, want the one that may be on the key")
	}
	for _, wrong := range [][2]string{{counted(t, secret, 0), ""}, {counted(t, secret, 0), counted(t, secret, 0)},
		{counted(t, secret, 0), "123"}} {
		p.fill(s, page, "code", wrong[0], "second", wrong[1]).at(page, 200).says("Error:")
	}
	s = p.open(page)
	if got := secretOf(s); got != secret {
		t.Errorf("after wrong codes: got another secret, want the one that is on the key")
	}
	p.fill(s, page, "code", counted(t, secret, 0), "second", counted(t, secret, 1)).at(key, 200).
		says("The key can type codes now").says("Touch code (HOTP)")
	if s := p.open(key); strings.Contains(s.text, page) {
		t.Error("the key's page: got the link again, want it once")
	}
	touch := "/security/touch/" + p.methodID("hotp")
	p.open(touch).at(touch, 200).says("Red key")
	p.fill(p.open(key), key, "name", "Green key", "place", "")
	p.open(touch).at(touch, 200).says("Green key")
	p.fill(p.open("/security"), "/sign-out")

	w.pass(time.Minute)
	in := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes")
	in.at("/sign-in/verify", 200)
	s = p.open("/sign-in/verify?with=touch").at("/sign-in/verify", 200).says("Let your key type a code")
	s = p.fill(s, "/sign-in/verify", "code", counted(t, secret, 50)).at("/sign-in/verify", 200).says("Error:").
		says("two in a row put it right")
	p.fill(s, "/sign-in/verify", "code", counted(t, secret, 51)).at("/sign-in/trust", 200)
	p.fill(p.open(key+"/lost"), key+"/lost").at("/sign-in", 200).says("“Green key” was stopped") // what had opened the session
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes")
	p.open("/sign-in/verify?with=touch").at("/sign-in/verify", 200).says("Enter the code from your app")
}

// Codes are typed by what can be plugged in: a passkey has no such page.
func TestPasskeysTypeNothing(t *testing.T) {
	p := withRedKey(t)
	device, err := virtual.New(virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds})
	if err != nil {
		t.Fatal(err)
	}
	client := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
	p.touch(p.open("/security/keys/new?kind=passkey"), client, "/security/keys/new", "name", "Phone")
	id := p.methodID("Phone")
	if s := p.open("/security/keys/" + id); strings.Contains(s.text, "touch-code/new") {
		t.Error("a passkey's page: got the link, want none")
	}
	p.open("/security/keys/"+id+"/touch-code/new").at("/security/keys/"+id+"/touch-code/new", 404)
}

func TestPagesOfAHardwareToken(t *testing.T) {
	p := withRedKey(t)
	w := p.w
	const page = "/security/token/new"
	if s := p.open("/security/start"); !strings.Contains(s.text, page) {
		t.Errorf("the choice of methods: got no link to %s", page)
	}
	for i, wrong := range [][3]string{{"AB-1235", boxed(t, 3), boxed(t, 4)}, {boxedSerial, boxed(t, 3), boxed(t, 5)},
		{"", boxed(t, 3), boxed(t, 4)}, {boxedSerial, "", boxed(t, 4)}} {
		s := p.fill(p.open(page), page, "serial", wrong[0], "code", wrong[1], "second", wrong[2]).at(page, 200).says("Error:")
		if got := s.form(page).fields; got.Get("serial") != wrong[0] || got.Get("code")+got.Get("second") != "" {
			t.Errorf("refusal %d: got %v in the form, want the number alone", i, got)
		}
	}
	p.fill(p.open(page), page, "serial", "ab 1234", "code", boxed(t, 3), "second", boxed(t, 4)).at("/security", 200).
		says("The hardware token is set up")
	id := p.methodID("hotp")
	p.open("/security/token/"+id).at("/security/token/"+id, 200).says("serial number " + boxedSerial)
	p.fill(p.open("/security/token/"+id), "/security/token/"+id, "name", "Till token").at("/security/token/"+id, 200).
		says("Till token")
	p.fill(p.open("/security"), "/sign-out")
	w.pass(time.Minute)
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes")
	s := p.open("/sign-in/verify?with=token").at("/sign-in/verify", 200).says("Enter the code from your hardware token")
	s = p.fill(s, "/sign-in/verify", "code", boxed(t, 4)).at("/sign-in/verify", 200).says("Error:")
	p.fill(s, "/sign-in/verify", "code", boxed(t, 5)).at("/sign-in/trust", 200)
	w.pass(time.Hour)
	s = p.open("/confirm?for=add-token&next="+page+"&with=token").at("/confirm", 200)
	p.fill(s, "/confirm", "code", boxed(t, 6)).at(page, 200)
	p.fill(p.open("/security/token/"+id+"/remove"), "/security/token/"+id+"/remove").at("/sign-in", 200) // it had opened the session
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes")
	p.open("/sign-in/verify?with=token").at("/sign-in/verify", 200).says("Plug in your key and touch it")
}

// Where the site keeps no stock a token is nowhere offered, and its page is none.
func TestNoStockNoTokens(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, _ *Config) { a.Tokens = false })
	p := w.registered()
	if s := p.open("/security/start"); strings.Contains(s.text, "/security/token/new") {
		t.Error("the choice of methods: got a hardware token, want none")
	}
	p.open("/security/token/new").at("/security/token/new", 404)
	q := w.program()
	q.password()
	if got := q.api("POST", "/methods/begin", m{"kind": "hotp", "serial": boxedSerial}, nil); got.Code != 404 {
		t.Errorf("over the API: got %s, want 404", strconv.Itoa(got.Code))
	}
}
