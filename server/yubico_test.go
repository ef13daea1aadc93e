package server

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/latchkey-auth/latchkey/auth"
	machine "github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/virtual"
)

// valueOf is what a page shows under an id, "" for nothing.
func valueOf(s *sheet, id string) string {
	for n := range parsed(s.text).Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id && n.FirstChild != nil {
			return strings.ReplaceAll(n.FirstChild.Data, " ", "")
		}
	}
	return ""
}

// slotOf is a key that is programmed with the values on a page.
func slotOf(t testing.TB, s *sheet) *virtual.YubicoOTP {
	t.Helper()
	slot, err := virtual.NewYubicoOTP(valueOf(s, "public"), valueOf(s, "private"), valueOf(s, "secret"))
	if err != nil {
		t.Fatalf("%s: %v", s.path, err)
	}
	return slot
}

// addYubico has a key type a Yubico OTP, over the API, and returns the method's id, and what the key types from.
func (p *person) addYubico(key string) (string, *virtual.YubicoOTP) {
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
	p.must("POST", "/methods/begin", m{"kind": "yubiotp"}, &begun)
	var v auth.KeyValues
	if err := json.Unmarshal(begun.Prompt, &v); err != nil {
		p.w.t.Fatal(err)
	}
	slot, err := virtual.NewYubicoOTP(v.PublicID, v.PrivateID, v.Secret)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return p.finishCounted(m{"ceremony": begun.Ceremony, "device": device,
		"response": m{"code": slot.Touch(), "second": slot.Touch()}}), slot
}

// file asks for the values as a file.
func (p *person) file(at string) (status int, kind http.Header, text string) {
	got := p.send("POST", at+"/file", "application/x-www-form-urlencoded", "public=other&secret=other")
	return got.Code, got.Header(), got.Body.String()
}

// The page of a Yubico OTP that was copied says so, lets it work again, and leads to its key.
func TestACopiedYubicoOTPWorksAgain(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	p.addKey("Red key")
	key := "/security/keys/" + p.methodID("Red key")
	at := key + "/yubico-otp/new"
	s := p.open(at).at(at, 200)
	slot := slotOf(t, s)
	p.fill(s, at, "code", slot.Touch(), "second", slot.Touch()).at(key, 200)
	w.pass(time.Hour)
	copied := *slot
	types := func(code string) *sheet {
		s := p.open("/confirm?for=rename&next="+key+"&with=yubiotp").at("/confirm", 200)
		return p.fill(s, "/confirm", "code", code)
	}
	types(slot.Touch()).at(key, 200)
	w.pass(time.Hour)
	types(copied.Touch()).says("may have been copied")
	own := "/security/yubiotp/" + p.methodID("yubiotp")
	p.open(own).at(own, 200).says("Paused: it may have been copied", "It had counted to", "I touched it both times")
	s = p.open(own+"/unfreeze").at("/confirm", 200)
	p.fill(p.open(s.path+"&with=app").at("/confirm", 200), "/confirm", "code", w.code(secret)).at(own+"/unfreeze", 200)
	p.fill(p.open(own+"/unfreeze").at(own+"/unfreeze", 200), own+"/unfreeze").at(own, 200).
		says("The key works again")
	p.open(own+"/unfreeze").at(own, 200)
	w.pass(time.Hour)
	types(slot.Touch()).at(key, 200)
}

// A key learns to type a Yubico OTP on its own page, and is one thing with it: one name, one list, one loss.
func TestPagesOfAYubicoOTP(t *testing.T) {
	p := withRedKey(t)
	w := p.w
	key := "/security/keys/" + p.methodID("Red key")
	at := key + "/yubico-otp"
	p.open(key).holds(at + "/new")
	s := p.open(at+"/new").at(at+"/new", 200).says("1. Save these three values on it", "2. Let the key type two codes")
	slot := slotOf(t, s)
	secret := valueOf(s, "secret")
	if again := valueOf(p.open(at+"/new"), "secret"); again != secret {
		t.Error("a reload: got another secret, want the one that may be on the key")
	}
	other := *slot
	for _, wrong := range [][3]string{{"123456", "123456", "Switch the computer’s keyboard"},
		{slot.Touch(), "", "This is not one whole code"}, {slot.Touch(), "cc" + slot.Touch()[2:], "This code is not right"}} {
		s = p.fill(s, at+"/new", "code", wrong[0], "second", wrong[1]).at(at+"/new", 200).says("Error:", wrong[2])
	}
	code := other.Touch()
	s = p.fill(s, at+"/new", "code", code, "second", code).at(at+"/new", 200).says("A key types a new one at every touch")
	if got := valueOf(s, "secret"); got != secret {
		t.Error("after wrong codes: got another secret, want the one that is on the key")
	}
	p.fill(s, at+"/new", "code", slot.Touch(), "second", slot.Touch()).at(key, 200).
		says("The key’s Yubico OTP is set up", "The key types 44 letters like a keyboard")
	s = p.open(key)
	s.holds(key + "/touch-code/new")
	if strings.Contains(s.text, at+"/new") {
		t.Error("the key's page: got the link again, want it once")
	}
	own := "/security/yubiotp/" + p.methodID("yubiotp")
	p.fill(p.open(key), key, "name", "Green key", "place", "")
	p.open(own).at(own, 200).says("Green key")
	p.open("/security/history").says("Yubico OTP added")
	p.fill(p.open("/security"), "/sign-out")

	w.pass(time.Minute)
	in := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes")
	in.at("/sign-in/verify", 200).says("Yubico OTP")
	s = p.open("/sign-in/verify?with=yubiotp").at("/sign-in/verify", 200).says("Let your key type its letters")
	s = p.fill(s, "/sign-in/verify", "code", code).at("/sign-in/verify", 200).says("This code has been used")
	s = p.fill(s, "/sign-in/verify", "code", "测试").at("/sign-in/verify", 200).
		says("These are not the letters that a key types", "Switch the computer’s keyboard")
	p.fill(s, "/sign-in/verify", "code", strings.ToUpper(slot.Touch())).at("/sign-in/trust", 200)
	w.pass(time.Hour)
	s = p.open("/confirm?for=rename&next="+key+"&with=yubiotp").at("/confirm", 200)
	p.fill(s, "/confirm", "code", slot.Touch()).at(key, 200)
	p.fill(p.open(key+"/lost"), key+"/lost").at("/sign-in", 200).says("“Green key” was stopped")
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes")
	p.open("/sign-in/verify?with=yubiotp").at("/sign-in/verify", 200).says("Enter the code from your app")
}

// A key that has its values already is taken by them; they are never shown again, and a wrong code costs none.
func TestPagesOfAKeyThatHasItsValues(t *testing.T) {
	p := withRedKey(t)
	key := "/security/keys/" + p.methodID("Red key")
	at := key + "/yubico-otp"
	const public = "dteffuje"
	const private, secret = "8792ebfe26cc", "ecde18dbe76fbd0c33330f1c354871db"
	first := valueOf(p.open(at+"/new"), "secret")
	for _, wrong := range [][3]string{{"0a0b", private, secret}, {public, "8792", secret}, {public, private, "ecde"}, {"", "", ""}} {
		s := p.fill(p.open(at+"/own"), at+"/own", "public-id", wrong[0], "private-id", wrong[1], "secret-key", wrong[2])
		s.at(at+"/own", 200).says("Error:", "Copy it again from the key’s companion app")
		if f := s.form(at + "/own").fields; f.Get("public-id") != wrong[0] || f.Get("private-id")+f.Get("secret-key") != "" {
			t.Errorf("%v: got %v in the form, want the public id alone", wrong, f)
		}
	}
	s := p.fill(p.open(at+"/own"), at+"/own", "public-id", public, "private-id", private, "secret-key", secret).
		at(at+"/new", 200).says("1. The key’s own values")
	if strings.Contains(s.text, private) || strings.Contains(s.text, secret) || valueOf(s, "secret") != "" {
		t.Error("got the secret shown, want it never again")
	}
	if status, _, text := p.file(at); status != http.StatusSeeOther || strings.Contains(text, secret) {
		t.Errorf("as a file: got %d %s, want none", status, text)
	}
	slot, err := virtual.NewYubicoOTP(public, private, secret)
	if err != nil {
		t.Fatal(err)
	}
	slot.Use = 300
	s = p.fill(p.open(at+"/new"), at+"/new", "code", slot.Touch(), "second", "vvcb").at(at+"/new", 200)
	p.fill(s, at+"/new", "code", slot.Touch(), "second", slot.Touch()).at(key, 200).says("The key’s Yubico OTP is set up")

	s = p.open(at+"/new").at(at+"/new", 200)
	if valueOf(s, "secret") == first {
		t.Error("after it is bound: got the values of before, want new ones")
	}
	s = p.fill(p.open(at+"/own"), at+"/own", "public-id", public, "private-id", private, "secret-key", secret)
	p.fill(s, at+"/new", "code", slot.Touch(), "second", slot.Touch()).at(at+"/new", 200).says("on your list")
	s = p.open(at+"/new?anew=1").at(at+"/new", 200)
	if got := valueOf(s, "secret"); got == "" || got != valueOf(p.open(at+"/new"), "secret") {
		t.Errorf("new values instead: got %q, want some, and the same after a reload", got)
	}
}

// The file is a line that YubiKey Manager takes, of what is on its way in this very session, and of nothing that is
// posted.
func TestTheFileOfAYubicoOTP(t *testing.T) {
	p := withRedKey(t)
	at := "/security/keys/" + p.methodID("Red key") + "/yubico-otp"
	if status, h, text := p.file(at); status != http.StatusSeeOther || !strings.HasSuffix(h.Get("Location"), at+"/new") {
		t.Errorf("before anything has begun: got %d %s, want to be led to the page", status, text)
	}
	s := p.open(at + "/new")
	status, h, text := p.file(at)
	if status != http.StatusOK || h.Get("Cache-Control") != "no-store" || !strings.HasPrefix(h.Get("Content-Type"), "text/plain") ||
		h.Get("Content-Disposition") != `attachment; filename="yubico-otp.txt"` {
		t.Fatalf("got %d %v, want a file that nothing keeps", status, h)
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	command, ok := strings.CutPrefix(lines[len(lines)-1], "ykman otp yubiotp ")
	if !ok || len(lines) != 4 || strings.Contains(text, "other") {
		t.Fatalf("got %q, want three comments and a line for ykman", text)
	}
	for _, line := range lines[:3] {
		if !strings.HasPrefix(line, "# ") {
			t.Errorf("got %q, want a comment", line)
		}
	}
	// YubiKey Manager itself reads the line: no key is there, so it is stopped before it looks for one.
	const reads = `import sys
from ykman.cli.otp import otp
p = otp.commands["yubiotp"].make_context("yubiotp", sys.argv[1:]).params
print(int(p["slot"]), p["public_id"], p["private_id"].hex(), p["key"].hex(), p["upload"], p["force"])`
	args := append([]string{"-c", reads}, strings.Fields(command)...)
	out, err := exec.Command(machine.Python(t, "ykman.cli.otp"), args...).CombinedOutput()
	want := strings.Join([]string{"2", valueOf(s, "public"), valueOf(s, "private"), valueOf(s, "secret"), "False False"}, " ")
	if err != nil || strings.TrimSpace(string(out)) != want {
		t.Errorf("ykman: got %s (%v), want %s", out, err, want)
	}
	if got := p.send("GET", at+"/file", "", ""); got.Code != http.StatusSeeOther {
		t.Errorf("opened: got %d, want to be led to the page", got.Code)
	}
	p.fill(p.open("/security"), "/sign-out")
	if status, _, text := p.file(at); status == http.StatusOK {
		t.Errorf("signed out: got %d %s, want no file", status, text)
	}
}

// A passkey types nothing, and a key of somebody else's is none.
func TestWhoseKeyTypes(t *testing.T) {
	p := withRedKey(t)
	for _, id := range []string{"none", p.methodID("totp")} {
		for _, page := range []string{"/new", "/own"} {
			path := "/security/keys/" + id + "/yubico-otp" + page
			p.open(path).at(path, 404)
		}
	}
}
