package server

import (
	"encoding/json"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/web"
)

func TestPagesFromSignUpToSignInWithAnApp(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/app/new").at("/security/app/new", 200)
	secret := secretOf(s)
	s = p.fill(s, "/security/app/new", "code", "000000").at("/security/app/new", 200)
	if got := secretOf(s); got != secret {
		t.Errorf("after a wrong code: got secret %s, want %s: the scan is not lost", got, secret)
	}
	p.fill(s, "/security/app/new", "code", w.code(secret)).at("/security/start", 200).says("Two-step verification is on")
	s = p.fill(p.open("/security/codes"), "/security/codes").at("/security/codes", 200)
	if n := strings.Count(s.text, "<li>"); n < 10 {
		t.Errorf("got %d list items, want ten recovery codes", n)
	}
	file := p.send("POST", "/security/codes/file", "application/x-www-form-urlencoded", url.Values{"sealed": {s.form("/security/codes/file").fields.Get("sealed")}}.Encode())
	if file.Code != 200 || strings.Count(file.Body.String(), "-") < 10 || !strings.HasPrefix(file.Header().Get("Content-Disposition"), "attachment") {
		t.Errorf("download: got %d %s, want a file of codes", file.Code, file.Body)
	}
	p.fill(s, "/security/codes/saved", "saved", "yes").at("/security", 200).says("Your recovery codes are ready")
	p.fill(p.open("/security"), "/sign-out").at("/sign-out", 200)
	p.open("/security").at("/sign-in", 200)

	w.pass(time.Minute)
	s = p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "shared", "yes").at("/sign-in/verify", 200)
	s = p.fill(s, "/sign-in/verify", "code", "123456").at("/sign-in/verify", 200).says("This code is not right")
	if got := s.form("/sign-in/verify").fields.Get("code"); got != "" {
		t.Errorf("after a wrong code: got %q in the field, want nothing", got)
	}
	p.fill(s, "/sign-in/verify", "code", w.code(secret)).at("/security", 200)
}

func TestPagesWithAKey(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	key, spare := stick(t, "red"), stick(t, "blue")
	p.touch(p.open("/security/keys/new"), key, "/security/keys/new", "name", "Red key", "place", "Till").at("/security/start", 200)
	p.touch(p.open("/security/keys/new"), spare, "/security/keys/new", "name", "Blue key").at("/security", 200).says("Red key", "Blue key", "Till")
	p.fill(p.open("/security"), "/sign-out")

	// Password, then the key.
	s := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes").at("/sign-in/verify", 200)
	s = p.fill(s, "/sign-in/verify", "response", "").at("/sign-in/verify", 200)
	s = p.touch(s, key, "/sign-in/verify").at("/sign-in/trust", 200)
	p.fill(s, "/sign-in/trust", "trust", "no").at("/security", 200)
	p.fill(p.open("/security"), "/sign-out")

	// Key first, then the password; trust is not offered again.
	s = p.fill(p.open("/sign-in/key"), "/sign-in/key", "identifier", testEmail).at("/sign-in/key", 200)
	s = p.touch(s, key, "/sign-in/key").at("/sign-in/key", 200)
	s = p.fill(s, "/sign-in/key/password", "password", "Wrong-Horse9").at("/sign-in/key", 200)
	p.fill(s, "/sign-in/key/password", "password", testPassword).at("/security", 200)

	// Which one is it; rename; remove, with the signal to the browser; lose the other.
	p.touch(p.open("/security/keys/which"), spare, "/security/keys/which").at("/security/keys/which", 200).says("Blue key")
	id := p.methodID("Blue key")
	p.fill(p.open("/security/keys/"+id), "/security/keys/"+id, "name", "Green key", "place", "Safe").at("/security/keys/"+id, 200).says("Green key")
	p.fill(p.open("/security/keys/"+id), "/security/keys/"+id, "name", strings.Repeat("x", 41), "place", "").at("/security/keys/"+id, 200).says("Error:")
	s = p.fill(p.open("/security/keys/"+id+"/remove"), "/security/keys/"+id+"/remove").at("/security", 200).says("“Green key” was removed")
	if !strings.Contains(s.text, "data-signals=") || !strings.Contains(s.text, "accepted") {
		t.Errorf("after a removal: got no signal to the browser, want what is still accepted")
	}
	if strings.Contains(p.open("/security").text, "data-signals=") {
		t.Error("the next page: got the signal again, want it once")
	}
}

// methodID finds a method of the seller by name, over the API.
func (p *person) methodID(name string) string {
	p.w.t.Helper()
	all := p.methodIDs(name)
	if len(all) == 0 {
		p.w.t.Fatalf("got no method %q", name)
	}
	return all[0]
}

// methodIDs are the ids of the methods of a name or kind.
func (p *person) methodIDs(name string) (all []string) {
	p.w.t.Helper()
	var info struct {
		Methods []struct{ ID, Name, Kind string }
	}
	p.must("GET", "/security", nil, &info)
	for _, m := range info.Methods {
		if m.Name == name || m.Kind == name {
			all = append(all, m.ID)
		}
	}
	return all
}

func TestPagesOfCodesByTextAndCall(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.fill(p.open("/security/phone/new"), "/security/phone/new", "phone", "13800138000", "via", "sms").at("/security/phone/new", 200).says("Choose the country or region")
	if got := s.form("/security/phone/new").fields.Get("phone"); got != "13800138000" {
		t.Errorf("refused number: got %q in the field, want it kept", got)
	}
	s = p.fill(s, "/security/phone/new", "phone", "+8613800138000", "via", "sms").at("/security/phone/new", 200)
	s = p.fill(s, "/security/phone/new", "code", "000000").at("/security/phone/new", 200)
	code := w.mailed(auth.TemplateCode).Args["code"]
	p.fill(s, "/security/phone/new", "code", code).at("/security/start", 200)
	p.fill(p.open("/security"), "/sign-out")

	w.pass(time.Minute)
	s = p.fill(p.open("/sign-in"), "/sign-in", "identifier", "+8613800138000", "password", testPassword, "remember", "yes").at("/sign-in/verify", 200)
	s = p.fill(s, "/sign-in/send", "with", "sms").at("/sign-in/verify", 200).says("The newest message is marked")
	texted := w.mailed(auth.TemplateCode).Args["code"]
	early := p.fill(s, "/sign-in/send", "with", "sms")
	early.at("/sign-in/verify", 200)
	early = p.fill(s, "/sign-in/send", "with", "call").at("/sign-in/verify", 200).says("Enter the code we texted you")
	if strings.Contains(early.text, "We called") {
		t.Error("a call that was refused: the page says that it was made")
	}
	w.pass(time.Minute)
	again := p.open(s.path).at("/sign-in/verify", 200)
	s = p.fill(again, "/sign-in/send", "with", "call").at("/sign-in/verify", 200).says("The same code is on its way")
	m := w.mailed(auth.TemplateCode)
	if m.Args["code"] != texted {
		t.Errorf("called with %s after a text with %s, want one code", m.Args["code"], texted)
	}
	if m.Channel != auth.Voice {
		t.Errorf("got channel %s, want a call", m.Channel)
	}
	w.pass(time.Minute)
	p.fill(p.open(s.path), "/sign-in/send", "with", "sms").at("/sign-in/verify", 200).says("Older codes no longer work")
	p.fill(p.open(s.path), "/sign-in/verify", "code", w.mailed(auth.TemplateCode).Args["code"]).at("/sign-in/trust", 200)
}

// A removal that waits is no removal yet, and is named by what would go.
func TestWaitingRemovalIsCalledWhatItIs(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/app/new")
	p.fill(s, "/security/app/new", "code", w.code(secretOf(s)))
	s = p.fill(p.open("/security/phone/new"), "/security/phone/new", "phone", "+8613800138000", "via", "sms")
	p.fill(s, "/security/phone/new", "code", w.mailed(auth.TemplateCode).Args["code"], "place", "new")
	app := "/security/app/" + p.methodID("totp")
	w.pass(time.Hour)
	s = p.open(app+"/remove").at("/confirm", 200)
	s = p.fill(s, "/confirm/send", "with", "sms").at("/confirm", 200)
	s = p.fill(s, "/confirm", "code", w.mailed(auth.TemplateCode).Args["code"]).at(app+"/remove", 200)
	s = p.fill(s, app+"/remove").at("/security", 200).says("The authenticator app will be removed at")
	if strings.Contains(s.text, "A security key will be removed") {
		t.Error("an app that waits to be removed: got it called a security key")
	}
	s = p.open("/security/history").says("Removal pending until")
	if strings.Contains(s.text, "Method removed") {
		t.Error("a removal that waits: the history says that it is done")
	}
}

// What was refused is no change, and a passkey is no security key (D10): the history says so.
func TestHistoryCallsThingsByTheirNames(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	p.fill(p.open("/security/app/new"), "/security/app/new", "code", "000000").at("/security/app/new", 200)
	device, err := virtual.New(virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds})
	if err != nil {
		t.Fatal(err)
	}
	client := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
	p.touch(p.open("/security/keys/new?kind=passkey"), client, "/security/keys/new", "name", "This PC").at("/security/start", 200)
	s := p.open("/security/history").says("Not added: Authenticator app", "Passkey added: “This PC”")
	for _, not := range []string{"A change to the account", "Security key added"} {
		if strings.Contains(s.text, not) {
			t.Errorf("got %q in the history, want it absent", not)
		}
	}
	if m := w.mailed(auth.TemplateChange); m.Args["what"] != "added-passkey" {
		t.Errorf("got a mail about %s, want the passkey", m.Args["what"])
	}
}

func TestStepUpPages(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/app/new")
	secret := secretOf(s)
	p.fill(s, "/security/app/new", "code", w.code(secret))
	w.pass(time.Hour)
	for _, path := range []string{"/security/password", "/security/phone/new", "/security/app/new", "/security/keys/new", "/security/email/new"} {
		p.open(path).at("/confirm", 200)
	}
	s = p.open("/security/password").at("/confirm", 200)
	s = p.fill(s, "/confirm", "code", "000000").at("/confirm", 200)
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/security/password", 200)
	s = p.fill(s, "/security/password", "current", "Wrong-Horse9", "password", "Another-Horse9").at("/security/password", 200)
	p.fill(s, "/security/password", "current", testPassword, "password", "Another-Horse9").at("/security", 200).says("Password changed")
}

func TestForgottenPasswordPages(t *testing.T) {
	w := newWorld(t)
	w.seller()
	p := w.browser()
	known := p.fillForgot(testEmail).at("/forgot/sent", 200)
	unknown := w.browser().fillForgot("nobody@example.com")
	bare := func(s *sheet, identifier string) string {
		sealed := s.form("/forgot/sent").fields.Get("ceremony")
		return strings.NewReplacer(identifier, "", sealed, strconv.Itoa(len(sealed))).Replace(s.text)
	}
	if bare(known, testEmail) != bare(unknown, "nobody@example.com") {
		t.Error("known and unknown: got different pages, want the same")
	}
	sent := w.mailed(auth.TemplateReset)
	link := path(sent.Args["link"])
	typed := p.fill(known, "/forgot/sent", "code", "0000-0000").at("/forgot/sent", 200).says("Error:")
	typed = p.fill(typed, "/forgot/sent", "code", sent.Args["code"]).at("/forgot/choose", 200)
	typed = p.fill(typed, "/forgot/choose", "password", "short").at("/forgot/choose", 200).says("Error:")
	s := p.open(link)
	p.open(link) // a mail scanner
	s = p.fill(s, s.path, "password", "short").at(s.path, 200).says("Error:")
	p.fill(s, s.path, "password", "Another-Horse9").at("/done/password-changed", 200)
	if p.cookie("__Host-latchkey") != "" {
		t.Error("after a reset: got a session, want none (D7)")
	}
	p.open(link).at("/forgot/password/"+lastPart(link), 410).says("This link has been used or is too old")
	p.fill(typed, "/forgot/choose", "password", "Third-Horse99").at("/forgot", 200).says("Error:") // void
}

// R13, R14: the code signs in without a new password, which is offered calmly from then on.
func TestTemporaryCodePages(t *testing.T) {
	w := newWorld(t)
	_, secret := w.withApp()
	w.pass(time.Hour)
	p := w.browser()
	s := p.fillForgot(testEmail).at("/forgot/sent", 200)
	sent := w.mailed(auth.TemplateReset)
	s = p.fill(s, "/forgot/sent", "code", sent.Args["code"]).at("/forgot/choose", 200).says("Or sign in once")
	verify := p.fill(s, "/forgot/choose/sign-in").at("/sign-in/verify", 200)
	w.pass(15 * time.Second) // at once it is the same press
	p.fill(s, "/forgot/choose/sign-in").at("/forgot", 200).says("Error:")
	p.fill(verify, "/sign-in/verify", "code", w.code(secret)).at("/sign-in/trust", 200)
	s = p.open("/security").at("/security", 200).says("A new password, when you have a moment", "that you use nowhere else")
	s = p.fill(s, "/security/password/keep").at("/security", 200).says("Your password stays as it is")
	lacks(s, "when you have a moment")
	q := w.browser()
	s = q.open(path(sent.Args["link"])).says("Or sign in once")
	q.fill(s, s.path+"/sign-in").at("/sign-in/verify", 200)
	w.pass(15 * time.Second)
	q.fill(s, s.path+"/sign-in").says("This link has been used or is too old")
}

// R16 to R20: by phone, the pages are the same for a number that nobody has; behind the right code stands the user
// name, and after the third wrong one only the mail.
func TestForgottenPasswordByPhonePages(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	s := p.fill(p.open("/security/phone/new?other=1"), "/security/phone/new", "phone", "+8613800138000", "via", "sms")
	p.fill(s, "/security/phone/new", "code", w.mailed(auth.TemplateCode).Args["code"])
	w.pass(time.Minute)
	p = w.browser()
	s = p.fill(p.open("/forgot/phone"), "/forgot/phone", "phone", "138").at("/forgot/phone", 200).says("Error:")
	s.holds(`value="138"`)
	known := p.fillPhone("+8613800138000").at("/forgot/phone/code", 200)
	sent := w.mailed(auth.TemplateCode)
	code := sent.Args["code"]
	unknown := w.browser().fillPhone("+8613800138001")
	marked := regexp.MustCompile(`marked <b><span translate="no">([A-Z]\d)</span></b>`)
	if got := marked.FindStringSubmatch(known.text); len(got) < 2 || got[1] != sent.Label {
		t.Errorf("got the text marked %v, want %s", got, sent.Label)
	}
	bare := func(s *sheet) string {
		sealed := s.form("/forgot/phone/code").fields.Get("ceremony")
		return marked.ReplaceAllString(strings.ReplaceAll(s.text, sealed, strconv.Itoa(len(sealed))), "marked")
	}
	if bare(known) != bare(unknown) {
		t.Error("a number that somebody has and one that nobody has: got different pages, want the same")
	}
	s = p.fill(known, "/forgot/phone/code", "code", "000000").at("/forgot/phone/code", 200).says("4 tries left")
	s = p.fill(s, "/forgot/phone/code", "code", code).at("/forgot/phone/name", 200)
	s = p.fill(s, "/forgot/phone/name", "user-name", "another").at("/forgot/phone/name", 200).says("2 tries left")
	s.holds(`value="another"`)
	right := p.fill(s, "/forgot/phone/name", "user-name", "小明的店").at("/forgot/choose", 200)
	p.fill(right, "/forgot/choose", "password", "Another-Horse9").at("/done/password-changed", 200)
	w.pass(time.Minute)
	s = p.fillPhone("+8613800138000").at("/forgot/phone/code", 200)
	s = p.fill(s, "/forgot/phone/code", "code", w.mailed(auth.TemplateCode).Args["code"]).at("/forgot/phone/name", 200)
	for _, name := range []string{"one", "two"} {
		s = p.fill(s, "/forgot/phone/name", "user-name", name).at("/forgot/phone/name", 200)
	}
	p.fill(s, "/forgot/phone/name", "user-name", "three").at("/forgot", 200).says("Reset by text is closed until")
}

func TestExpiredFlowKeepsTheIdentifier(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	p := w.browser()
	s := p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes").at("/sign-in/verify", 200)
	w.pass(16 * time.Minute)
	s = p.fill(s, "/sign-in/verify", "code", "123456")
	if got := s.form("/sign-in").fields.Get("identifier"); got != testEmail {
		t.Errorf("got identifier %q, want %q kept", got, testEmail)
	}
	s.at("/sign-in", 200).says("Error:")
	p.fill(s, "/sign-in", "password", testPassword, "remember", "yes").at("/sign-in/verify", 200)
	w.browser().open("/sign-in/verify").at("/sign-in", 200)
}

func TestRefusedFormsKeepWhatWasTypedButSecrets(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	s := p.fill(p.open("/sign-up"), "/sign-up", "email", "half@").at("/sign-up", 200)
	if got := s.form("/sign-up").fields.Get("email"); got != "half@" {
		t.Errorf("got the address %q, want it as typed", got)
	}
	link := w.signUpPath(testEmail)
	s = p.fill(p.open(link), link, "name", "Wei & Co", "user-name", "", "phone", "138", "password", "Canary-Pass",
		"terms", "yes").at(link, 200)
	s.says("Type a user name", "Choose the country or region", "digit") // all that is wrong, at once
	f := s.form(link).fields
	if f.Get("name") != "Wei & Co" || f.Get("phone") != "138" || f.Get("terms") != "yes" ||
		strings.Contains(s.text, "Canary-Pass") {
		t.Errorf("got %v, want everything but the password kept", f)
	}
	s = p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", "Canary-Pass9", "remember", "yes").at("/sign-in", 200)
	if strings.Contains(s.text, "Canary-Pass9") || s.form("/sign-in").fields.Get("identifier") != testEmail || s.form("/sign-in").fields.Get("remember") != "yes" {
		t.Errorf("got %v, want identifier and choice kept, and no password", s.form("/sign-in").fields)
	}
}

func TestCookiesOff(t *testing.T) {
	w := newWorld(t)
	r := w.browser().send("POST", "/sign-in", "application/x-www-form-urlencoded", "identifier=a&password=b")
	if r.Code != 400 || !strings.Contains(wordsOf(r.Body.String()), "Cookies are blocked") {
		t.Errorf("got %d %s, want the page about cookies", r.Code, wordsOf(r.Body.String()))
	}
}

func TestWeChatGetsEveryMethodButTheKey(t *testing.T) {
	w := newWorld(t)
	w.seller()
	q := w.program()
	q.password()
	q.addKey("Red key")
	q.addApp()
	p := w.browser()
	p.agent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148 MicroMessenger/8.0.50"
	s := p.fill(p.open("/sign-in").says("WeChat"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes").at("/sign-in/verify", 200)
	if strings.Contains(s.text, "data-options=") || !strings.Contains(s.text, "with=app") {
		t.Error("got a key's panel or no app, want every method but the key")
	}
}

// R73: our script does not run in a browser that old, so the page itself has to say why no key is asked.
func TestOldBrowserIsTold(t *testing.T) {
	w := newWorld(t)
	w.seller()
	q := w.program()
	q.password()
	q.addKey("Red key")
	p := w.browser()
	p.agent = "Mozilla/5.0 (Windows NT 6.1; Trident/7.0; rv:11.0) like Gecko"
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember", "yes").
		at("/sign-in/verify", 200).says("too old for security keys")
	p.open("/help/check").says("too old for security keys")
	p.agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"
	if s := p.open("/help/check"); strings.Contains(s.text, "too old") {
		t.Error("got advice for an old browser in a new one, want none")
	}
}

// R74: a ticket is made by a press, even in a browser that keeps no cookies; it shows support what the request showed,
// and the page looks nothing up.
func TestTicketPages(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	look := func(s *sheet) *auth.TicketView {
		t.Helper()
		number := regexp.MustCompile(`<p class="secret" translate="no">(.{9})</p>`).FindStringSubmatch(s.text)
		if len(number) < 2 {
			t.Fatalf("got no number on the page\n%s", s.text)
		}
		v, err := w.service.LookTicket(t.Context(), "support", number[1])
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	v := look(p.fill(p.open("/help/check"), "/help/ticket", "key", "no", "clock", "no", "ahead", "-300",
		"script", "maybe"))
	want := auth.SelfCheck{Cookies: auth.Yes, Window: auth.Yes, Key: auth.No, Clock: auth.No, Ahead: -300,
		Version: v.Check.Version, Current: v.Check.Current}
	if v.Check != want || v.Account == "" {
		t.Errorf("got %+v of %q, want %+v of who is signed in", v.Check, v.Account, want)
	}
	bare := w.browser()
	s := bare.open("/help/check")
	bare.jar, _ = cookiejar.New(nil)
	if v := look(bare.fill(s, "/help/ticket")); v.Check.Cookies != auth.No || v.Account != "" {
		t.Errorf("without cookies: got %+v of %q", v.Check, v.Account)
	}
	for _, none := range []string{"7KQ4M2XD", "7KQ4-M2XI", "7kq4-m2xd", "7KQ4-M2XD1"} {
		p.open("/help/ticket/"+none).at("/help/ticket/"+none, 404)
	}
}

func TestReturnLeadsToThisSiteOnly(t *testing.T) {
	for _, c := range []struct {
		to   string
		safe bool
	}{
		{"/shop/orders?x=1", true}, {"/", true}, {"//evil.example", false}, {"/\\evil.example", false}, {"https://evil.example", false},
		{"javascript:alert(1)", false}, {"", false}, {"/a\nb", false}, {"/\t/evil.example", false}, {"evil", false}, {"/" + strings.Repeat("a", 2000), false},
	} {
		if got := safeReturn(c.to) != ""; got != c.safe {
			t.Errorf("%q: got safe %v, want %v", c.to, got, c.safe)
		}
	}
	w := newWorld(t)
	p := w.registered()
	p.fill(p.open("/security"), "/sign-out")
	p.open("/sign-in?return=/shop/orders")
	r := p.send("POST", "/sign-in", "application/x-www-form-urlencoded", url.Values{"identifier": {testEmail}, "password": {testPassword}, "remember": {"yes"}}.Encode())
	if r.Header().Get("Location") != "/security/start" {
		t.Errorf("must enrol: got %q, want that first", r.Header().Get("Location"))
	}
}

func TestLanguageOfPages(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	s := p.open("/sign-in").says("Sign in")
	s = p.speak(s, "zh-CN").at("/sign-in", 200).says("登录")
	if !strings.Contains(s.text, `<html lang="zh-CN"`) {
		t.Error("got another language attribute, want zh-CN")
	}
	q := w.browser()
	q.lang = "zh-TW,zh;q=0.9,en;q=0.5"
	q.open("/sign-in").says("登录")
}

func TestPagesOfUnknownAddresses(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	s := p.open("/nothing/here")
	if s.status != 404 || !strings.Contains(s.text, "<h1") {
		t.Errorf("got %d %s, want a page that says so", s.status, s.text)
	}
	q := w.registered()
	if s = q.open("/nothing/here").says("Signed in as", "Account security"); s.status != 404 {
		t.Errorf("signed in: got %d, want 404 with the way home", s.status)
	}
	if r := p.send("PUT", "/sign-in", "", ""); r.Code != 405 || !strings.Contains(r.Body.String(), "<h1") {
		t.Errorf("got %d, want 405 as a page", r.Code)
	}
}

type sink []Sent

func (s sink) Recent(int) ([]Sent, error) { return s, nil }

func TestMessagesAreShownToThisMachineAlone(t *testing.T) {
	w := newWorld(t)
	for _, c := range []struct {
		name, origin, peer, forwarded string
		sink                          Sink
		want                          int
	}{
		{"here", "http://localhost:8080", "127.0.0.1:99", "", sink{}, 200},
		{"here, IPv6", "http://localhost:8080", "[::1]:99", "", sink{}, 200},
		{"from elsewhere", "http://localhost:8080", "192.0.2.1:99", "", sink{}, 404},
		{"through a proxy here", "http://localhost:8080", "127.0.0.1:99", "192.0.2.1", sink{}, 404},
		{"no sink", "http://localhost:8080", "127.0.0.1:99", "", nil, 404},
		{"a real site", "https://accounts.example", "127.0.0.1:99", "", sink{}, 404},
	} {
		s := newServer(t, func(cfg *Config) {
			cfg.Origin = c.origin
			cfg.Sink = c.sink
			cfg.Pages = w.pages
			cfg.Texts = w.texts
		})
		r := httptest.NewRequest("GET", c.origin+"/dev/messages", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("Accept", "text/html")
		if s.messages != nil {
			r.AddCookie(letIn(t, s))
		}
		if c.forwarded != "" {
			r.Header.Set("X-Forwarded-For", c.forwarded)
		}
		got := httptest.NewRecorder()
		s.ServeHTTP(got, r)
		if got.Code != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got.Code, c.want)
		}
	}
}

// Every page of the table is reached, in both languages, with a session and without, and none fails.
func TestEveryPageAnswers(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	key := stick(t, "red")
	p.touch(p.open("/security/keys/new"), key, "/security/keys/new", "name", "Red key")
	p.touch(p.open("/security/keys/new"), stick(t, "blue"), "/security/keys/new", "name", "Blue key")
	s := p.open("/security/app/new")
	p.fill(s, "/security/app/new", "code", w.code(secretOf(s)))
	p.fill(p.open("/security/codes"), "/security/codes")
	for _, who := range []*person{p, w.browser()} {
		for _, lang := range []string{"en", "zh-CN"} {
			who.lang = lang
			for _, pg := range w.server.pageTable() {
				if pg.get == nil || pg.path == "/dev/messages" {
					continue
				}
				path := strings.NewReplacer("{link}", "no-such-link", "{what}", "confirmed", "{id}", p.methodID("Red key")).Replace(pg.path)
				got := who.open(path)
				if got.status >= 500 || !strings.Contains(got.text, "</html>") && got.status < 400 {
					t.Errorf("%s in %s: got %d %s, want a page", path, lang, got.status, wordsOf(got.text))
				}
				if strings.Contains(got.text, ".title") || strings.Contains(got.text, "{{") {
					t.Errorf("%s in %s: got the name of a text, want its words", path, lang)
				}
			}
		}
	}
}

func TestEveryPageDeclaresItself(t *testing.T) {
	seen := map[string]bool{}
	reached := map[string]bool{}
	for _, p := range newWorld(t).server.pageTable() {
		if seen[p.path] || p.who == 0 || p.get == nil && p.post == nil {
			t.Errorf("%s: got twice %v, who %d, want one page with its demand", p.path, seen[p.path], p.who)
		}
		seen[p.path] = true
		for _, use := range p.uses {
			reached[use] = true
			if !slices.Contains(everyUseCase(), use) {
				t.Errorf("%s: got use case %q, want one of the domain", p.path, use)
			}
		}
	}
	for _, use := range everyUseCase() {
		switch use {
		case "Do", "DemandOf", "VerifyAudit", "Restored", "Due", "DueUpTo", "Settle", "Wake", "Sweep", "Receipt", "Me",
			"Lab", "Methods", "Rules", "ClockState", "AcceptClock", "RepairClock", "ClockAlarm", "StoreAlarm",
			"BreachedAlarm", "Reclaim", "Now", "SealForBrowser",
			"OpenForBrowser", "RotateKeys", "Roots", "LookTicket", "Payout", "MayAsk", "Times", "WordsFor", "PeopleOf",
			"Queue", "ViewCase", "NoteCase", "AskMore", "ApproveCase",
			"RefuseCase", "Reports", "ViewReport", "CloseReport", "OwnReports", "TakePictures", "Purge",
			"PurgeDecided", "Tidy", "ViewPicture", "SetValue",
			"ValueFor", "DrawPDFs", "DrawNext", "Drafted", "AccountState", "ClosingDelay":
		default:
			if !reached[use] {
				t.Errorf("%s: got no page, want one", use)
			}
		}
	}
}

func TestFormsAreReadStrictly(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	p.open("/sign-in")
	for body, want := range map[string]int{
		"identifier=a&identifier=b&password=c":           400,
		"identifier=%zz":                                 400,
		"identifier=" + strings.Repeat("a", web.MaxBody): 413,
	} {
		if r := p.send("POST", "/sign-in", "application/x-www-form-urlencoded", body); r.Code != want {
			t.Errorf("%.40s: got %d, want %d", body, r.Code, want)
		}
	}
	if r := p.send("POST", "/sign-in", "application/json", "{}"); r.Code != 415 {
		t.Errorf("JSON to a page: got %d, want 415", r.Code)
	}
	var doc json.RawMessage
	if _, err := rawJSON(`{"id":"a","id":"b"}`); err == nil {
		t.Errorf("a response with a name twice: got %s, want a refusal", doc)
	}
}

// A passkey of the phone or PC signs in without anything typed: the conditional ceremony of the sign-in page.
func TestPasskeyInAutofillSignsIn(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	phone, err := virtual.New(virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds, Seed: []byte("phone")})
	if err != nil {
		t.Fatal(err)
	}
	client := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{phone}}
	p.touch(p.open("/security/keys/new?kind=passkey"), client, "/security/keys/new", "name", "My phone").at("/security/start", 200)
	p.fill(p.open("/security"), "/sign-out")
	s := p.touch(p.open("/sign-in"), client, "/sign-in/key")
	if !strings.Contains(s.text, "/sign-out") && s.path != "/sign-in/trust" {
		t.Errorf("got %s (%d): %s, want signed in", s.path, s.status, wordsOf(s.text))
	}
	p.fill(p.open("/security"), "/sign-out")
	s = p.touch(p.open("/sign-in"), stickOf(t, client), "/sign-in/key")
	s.at("/sign-in", 200).says("Error:")
}

// stickOf has a key of the same site that nobody has registered here.
func stickOf(t *testing.T, like *virtual.Client) *virtual.Client {
	t.Helper()
	o := like.Authenticators[0].Options()
	o.Seed = []byte("another phone")
	a, err := virtual.New(o)
	if err != nil {
		t.Fatal(err)
	}
	c := like.Authenticators[0].Credentials()[0]
	c.ID[0] ^= 1
	a.Add(c)
	return &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{a}}
}

func TestLanguageButtonLeadsBackToThePage(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/app/new")
	secret := secretOf(s)
	p.fill(s, "/security/app/new", "code", w.code(secret))
	w.pass(time.Hour)
	s = p.fill(p.open("/security/password").at("/confirm", 200), "/confirm", "code", "000000").at("/confirm", 200)
	s = p.speak(s, "zh-CN").at("/confirm", 200)
	p.fill(s, "/confirm", "code", w.code(secret)).at("/security/password", 200)
}

func TestPagesUnderASubPath(t *testing.T) {
	w := newWorld(t)
	look := assets.Config{Base: "/account", Host: "shop.example", Methods: Rows(w.service.Methods())}
	pages, err := assets.NewPages(look, w.texts)
	if err != nil {
		t.Fatal(err)
	}
	s := newServer(t, func(c *Config) {
		c.Origin = "https://shop.example/account"
		c.Pages = pages
		c.Texts = w.texts
		c.Static = pages.Static()
	})
	got := ask(s, "GET", "/account/security", "", "Accept", "text/html")
	if got.Code != 303 || got.Header().Get("Location") != "/account/sign-in" {
		t.Fatalf("without a session: got %d %q, want 303 to the sign-in under the path", got.Code, got.Header().Get("Location"))
	}
	for _, c := range got.Result().Cookies() {
		if c.Path != "/account" || !strings.HasPrefix(c.Name, "__Secure-latchkey") {
			t.Errorf("got cookie %s with path %s, want it under the path", c.Name, c.Path)
		}
		if strings.HasSuffix(c.Name, "-return") && c.Value != "/account/security" {
			t.Errorf("got return path %q, want the whole path", c.Value)
		}
	}
	page := ask(s, "GET", "/account/sign-in", "", "Accept", "text/html").Body.String()
	for n := range parsed(page).Descendants() {
		for _, name := range []string{"href", "src", "action"} {
			v := attr(n, name)
			if !strings.HasPrefix(v, "/") {
				continue
			}
			if !strings.HasPrefix(v, "/account/") {
				t.Errorf("got %s=%q, want it under the path", name, v)
			}
			if strings.HasPrefix(v, "/account/assets/") && ask(s, "GET", v, "").Code != 200 {
				t.Errorf("%s: got no file, want it", v)
			}
		}
	}
}

func TestStaticFilesMayBeKept(t *testing.T) {
	w := newWorld(t)
	file := w.pages.Static().Path("latchkey.css")
	r := ask(w.server, "GET", file, "")
	if r.Code != 200 || !strings.Contains(r.Header().Get("Cache-Control"), "immutable") || r.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("%s: got %d and %q, want it kept for ever", file, r.Code, r.Header().Get("Cache-Control"))
	}
	if r := ask(w.server, "GET", "/assets/../../etc/passwd", ""); r.Code != 404 {
		t.Errorf("another file: got %d, want 404", r.Code)
	}
}

func TestThisMachineByAnotherName(t *testing.T) {
	w := newWorld(t)
	s := newServer(t, func(c *Config) {
		c.Origin = "http://localhost:8080"
		c.Pages = w.pages
		c.Texts = w.texts
	})
	r := ask(s, "GET", "/sign-in?a=b", "", "Host", "127.0.0.1:8080", "Accept", "text/html")
	if r.Code != 302 || r.Header().Get("Location") != "http://localhost:8080/sign-in?a=b" {
		t.Errorf("got %d %q, want to be led to the name that keys belong to", r.Code, r.Header().Get("Location"))
	}
}
