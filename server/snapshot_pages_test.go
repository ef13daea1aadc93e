package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// TestSnapshotPages tours every page in both languages: each address that shows something and each form, as they are
// answered when all is well and, where people often err, when it is not.
func TestSnapshotPages(t *testing.T) {
	for _, lang := range []string{"en", "zh-CN"} {
		t.Run(lang, func(t *testing.T) {
			w := newWorld(t, inOrder, servingIn("CN", "GB", "US"))
			s := newSnapshot(t, "pages."+lang+".txt")
			w.watch = func(r *http.Request, got *httptest.ResponseRecorder) {
				if !strings.HasPrefix(r.URL.Path, "/api/") {
					s.add(r, got)
				}
			}
			takeTour(t, w, lang)
			s.check()
			been := map[string]bool{}
			for _, route := range w.routes {
				been[route] = true
			}
			for _, pg := range w.server.pageTable() {
				if pg.path == "/dev/messages" {
					continue // of a site on one's own machine
				}
				if pg.get != nil && !been["GET "+pg.path] || pg.post != nil && !been["POST "+pg.path] {
					t.Errorf("%s: got it left out of the tour, want it in", pg.path)
				}
			}
		})
	}
}

// takeTour goes through all pages.
func takeTour(t *testing.T, w *world, lang string) {
	o := &tour{world: w, t: t, lang: lang}
	o.p = o.visitor()
	for _, part := range []func(){
		o.signUp, o.firstKey, o.app, o.countedCodes, o.passkey, o.phone, o.byPhone, o.mailbox, o.codes, o.overviews, o.methods, o.signIns,
		o.passwordOut, o.keyFirst, o.stepUps, o.contacts, o.shops, o.recovery, o.undo, o.forgot, o.sessions, o.removals, o.codeSignIn,
		o.strays, o.vouching, o.hands, o.handsAccounts,
		o.closesAccounts, o.keysOnly,
	} {
		part()
		o.pass(time.Second) // what is listed by time has its order
	}
}

// A tour is one seller's way through all pages.
type tour struct {
	*world
	t      *testing.T
	lang   string
	p      *person // the seller's own browser
	key    *virtual.Client
	spare  *virtual.Client
	secret string
	saved  []string       // recovery codes
	owners string         // the security code
	client func() *person // of the API: a program, or a script of our pages
}

func (o *tour) visitor() *person {
	p := o.browser()
	p.lang = o.lang
	return p
}

// firstStep opens the sign-in, fills it in and ticks a box: remember or shared.
func (p *person) firstStep(identifier, password, tick string) *sheet {
	p.w.t.Helper()
	return p.fill(p.open("/sign-in"), "/sign-in", "identifier", identifier, "password", password, tick, "yes")
}

func (o *tour) link(template, arg string) string { return path(o.mailed(template).Args[arg]) }

func (o *tour) sent() string {
	o.t.Helper()
	return o.mailed(auth.TemplateCode).Args["code"]
}

// later lets a minute pass: codes count once, and may be asked for again.
func (o *tour) later() { o.pass(time.Minute) }

func (o *tour) signUp() {
	p := o.p
	p.open("/sign-in")
	p.open("/")
	p.open("/sign-in/key")
	p.fill(p.open("/help/check"), "/help/ticket")
	p.open("/help/ticket")
	p.open("/help/contact")
	p.open("/help/bought")
	p.fill(p.open("/recovery/bought"), "/recovery/bought", "new-email", "nonsense")
	s := p.fill(p.open("/sign-up"), "/sign-up", "email", "nonsense")
	s = p.fill(s, "/sign-up", "email", testEmail)
	s = p.fill(s, "/sign-up")
	o.later()
	p.fill(s, "/sign-up")
	link := o.link(auth.TemplateSignUp, "link")
	form := []string{"name", "Wei", "user-name", "小明的店", "phone", "138", "password", "short", "terms", "yes"}
	s = p.fill(p.open(link), link, form...)
	p.fill(s, link, "phone", "+8613800138000", "password", testPassword)
	p.open(link)
	p.open("/sign-out")
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", "Wrong-Horse9")
	p.firstStep(testEmail, testPassword, "remember")
	p.open("/security")
	p.open("/security/sessions") // nothing but to enrol
}

func (o *tour) firstKey() {
	p := o.p
	o.key, o.spare = stick(o.t, "red"), stick(o.t, "blue")
	s := p.open("/security/keys/new")
	p.speak(s, o.lang)
	p.speak(p.open("/help/check"), o.lang)
	p.fill(s, "/security/keys/new", "response", "{}")
	p.touch(p.open("/security/keys/new"), o.key, "/security/keys/new", "name", "Red key", "place", "Till")
	o.pass(time.Second)
	p.touch(p.open("/security/keys/new?backup=1"), o.spare, "/security/keys/new", "name", "Blue key")
}

func (o *tour) app() {
	p := o.p
	s := p.open("/security/app/new")
	o.secret = secretOf(s)
	s = p.fill(s, "/security/app/new", "code", "000000")
	p.fill(s, "/security/app/new", "code", o.code(o.secret))
}

// countedCodes sets up what two codes in a row bind: a key that types codes, and a hardware token.
func (o *tour) countedCodes() {
	p := o.p
	key := "/security/keys/" + p.methodID("Red key")
	page := key + "/touch-code/new"
	p.open(key)
	s := p.open(page)
	secret := secretOf(s)
	s = p.fill(s, page, "code", "000000", "second", "000000")
	p.fill(s, page, "code", counted(o.t, secret, 0), "second", counted(o.t, secret, 1))
	p.open(key)
	s = p.fill(p.open("/security/token/new"), "/security/token/new", "serial", "7", "code", "000000", "second", "000000")
	p.fill(s, "/security/token/new", "serial", boxedSerial, "code", boxed(o.t, 0), "second", boxed(o.t, 1))
	o.yubicoOTP(key)
	ids := p.methodIDs("hotp")
	for _, id := range ids {
		for _, path := range []string{"/security/touch/" + id, "/security/token/" + id} {
			if s := p.open(path); s.status != 200 {
				continue // it is the other sort
			}
			p.fill(p.open(path), path, "name", "Red key") // what a key types has its name
			p.fill(p.open(path+"/remove"), path+"/remove")
		}
	}
}

// yubicoOTP sets up what a key types: by values of its own, then by those that are made here.
func (o *tour) yubicoOTP(key string) {
	p, at := o.p, key+"/yubico-otp"
	s := p.open(at + "/new")
	p.speak(s, o.lang)
	p.open(at + "/file")
	p.fill(s, at+"/file")
	s = p.fill(p.open(at+"/own"), at+"/own", "public-id", "dteffuje", "private-id", "8792", "secret-key", "ecde")
	p.fill(s, at+"/own", "private-id", "8792ebfe26cc", "secret-key", "ecde18dbe76fbd0c33330f1c354871db")
	s = p.open(at + "/new?anew=1")
	slot := slotOf(o.t, s)
	s = p.fill(s, at+"/new", "code", "000000", "second", "000000")
	s = p.fill(s, at+"/new", "code", slot.Touch(), "second", "vvcb")
	p.fill(s, at+"/new", "code", slot.Touch(), "second", slot.Touch())
	p.open(key)
	own := "/security/yubiotp/" + p.methodID("yubiotp")
	p.fill(p.open(own), own, "name", "Red key")
	p.freezeCode(slot)
	p.open(own)
	p.fill(p.open(own+"/unfreeze"), own+"/unfreeze")
	p.fill(p.open(own+"/remove"), own+"/remove")
}

func (o *tour) passkey() {
	device, err := virtual.New(virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds,
		Backup: true, BackedUp: true, Seed: []byte("passkey")})
	if err != nil {
		o.t.Fatal(err)
	}
	client := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
	o.p.touch(o.p.open("/security/keys/new?kind=passkey"), client, "/security/keys/new", "name", "This PC")
}

func (o *tour) phone() {
	p := o.p
	p.open("/security/phone/new")
	s := p.open("/security/phone/new?other=1")
	s = p.fill(s, "/security/phone/new", "phone", "12025550123", "via", "sms")
	s = p.fill(s, "/security/phone/new", "phone", "+8613800138000", "via", "sms")
	s = p.fill(s, "/security/phone/new", "code", "000000")
	o.later()
	p.open("/security/phone/new/send")
	s = p.fill(s, "/security/phone/new/send", "with", "call")
	p.fill(s, "/security/phone/new", "code", o.sent(), "place", "new")
}

// byPhone goes as far as the choice that a number and a user name lead to.
func (o *tour) byPhone() {
	o.later()
	p := o.visitor()
	p.open("/forgot/phone/code")
	p.open("/forgot/phone/name")
	p.fill(p.open("/forgot/phone"), "/forgot/phone", "phone", "12")
	s := p.fillPhone("+8613800138000")
	code := o.sent()
	s = p.fill(s, "/forgot/phone/code", "code", "000000")
	s = p.fill(s, "/forgot/phone/code", "code", code)
	s = p.fill(s, "/forgot/phone/name", "user-name", "another shop")
	p.fill(s, "/forgot/phone/name", "user-name", "小明的店")
	o.later()
	p.fill(p.open("/forgot/phone/check?region=CN"), "/forgot/phone/check", "signs", "no")
}

func (o *tour) mailbox() {
	p := o.p
	s := p.fill(p.open("/security/email/new"), "/security/email/new", "email", "nonsense")
	s = p.fill(s, "/security/email/new", "email", "codes@example.com")
	o.later()
	p.open("/security/email/new/send")
	s = p.fill(s, "/security/email/new/send")
	p.fill(s, "/security/email/new", "code", o.sent())
}

func (o *tour) codes() {
	p := o.p
	s := p.fill(p.open("/security/codes"), "/security/codes")
	p.open("/security/codes/file")
	p.fill(s, "/security/codes/file")
	p.fill(s, "/security/codes/saved")
	p.open("/security/codes/saved")
	p.fill(s, "/security/codes/saved", "saved", "yes")
	for line := range strings.Lines(wordsOf(s.text)) {
		if line = strings.TrimSpace(line); len(line) == 9 && line[4] == '-' {
			o.saved = append(o.saved, line)
		}
	}
	if len(o.saved) != 10 {
		o.t.Fatalf("got the recovery codes %v, want ten", o.saved)
	}
}

func (o *tour) overviews() {
	for _, path := range []string{"", "/start", "/keys", "/keys/new", "/app/new", "/phone/new", "/email/new", "/codes",
		"/password", "/sessions", "/browsers", "/history", "/history/file/csv", "/data", "/data/file",
		"/contact", "/contact/email", "/contact/phone",
		"/sessions/end", "/browsers/end",
		"/password/mail", "/security-code/use", "/security-code/saved"} {
		o.p.open("/security" + path)
	}
	o.p.fill(o.p.open("/security/data"), "/security/data/file")
}

// methods visits the page of each method, and those that its removal leads through, up to the last button.
func (o *tour) methods() {
	p := o.p
	p.touch(p.open("/security/keys/which"), o.key, "/security/keys/which")
	test := "/security/keys/" + p.methodID("Blue key") + "/test"
	p.open("/security/keys/" + p.methodID("Blue key") + "/picture")
	p.touch(p.open(test), o.spare, test)
	for _, c := range [][2]string{{"keys", "Red key"}, {"app", "totp"}, {"phone", "phone"}, {"email", "email"}} {
		at := "/security/" + c[0] + "/" + p.methodID(c[1])
		s := p.open(at)
		p.fill(s, at, "name", strings.Repeat("x", 41))
		p.fill(s, at, "name", "My "+c[0], "place", "Shop")
		p.open(at + "/remove")
	}
	p.open("/security/keys/" + p.methodID("My keys") + "/lost")
	p.open("/security/codes/all/remove")
	p.open("/security/keys/nothing")
}

// signIns takes the second step by each method, with its refusals, and lets the browser be trusted at last.
func (o *tour) signIns() {
	o.p.fill(o.p.open("/security"), "/sign-out")
	verify := "/sign-in/verify"
	for _, c := range []struct {
		with, wrong string
		code        func() string
	}{
		{"app", "000000", func() string { return o.code(o.secret) }},
		{"sms", "000000", o.sent},
		{"call", "", o.sent},
		{"email", "000000", o.sent},
		{"recovery", "AAAA-AAAA", func() string { return o.saved[0] }},
		{"recovery", "", func() string { return o.saved[0] }},
	} {
		o.later()
		p := o.visitor()
		p.firstStep(testEmail, testPassword, "shared")
		p.open("/sign-in/help")
		p.open("/sign-in/send")
		s := p.open(verify + "?with=" + c.with)
		if c.with == "sms" || c.with == "call" || c.with == "email" {
			s = p.fill(s, "/sign-in/send", "with", c.with)
		}
		if c.wrong != "" {
			s = p.fill(s, verify, "code", c.wrong)
		}
		p.fill(s, verify, "code", c.code())
	}
	o.later()
	p := o.p
	s := p.firstStep(testEmail, testPassword, "remember")
	s = p.touch(s, o.key, verify)
	p.fill(s, "/sign-in/trust", "trust", "yes")
	p.open("/security/browsers")
	p.fill(p.open("/security"), "/sign-out")
	p.open("/sign-out")
	p.firstStep(testEmail, testPassword, "remember")
}

func (o *tour) keyFirst() {
	p := o.visitor()
	s := p.fill(p.open("/sign-in/key"), "/sign-in/key", "identifier", testEmail)
	s = p.touch(s, o.key, "/sign-in/key")
	p.open("/sign-in/key/password")
	s = p.fill(s, "/sign-in/key/password", "password", "Wrong-Horse9")
	p.fill(s, "/sign-in/key/password", "password", testPassword)
}

// stepUps goes through the fresh step that each change demands, by the app and by a text.
func (o *tour) stepUps() {
	p := o.p
	o.pass(time.Hour)
	for _, path := range []string{"/security/keys/new", "/security/app/new", "/security/phone/new", "/security/email/new",
		"/security/codes", "/security/contact", "/security/password", "/security/app/" + p.methodID("totp") + "/remove"} {
		p.open(path)
	}
	p.open("/confirm/send")
	s := p.open("/security/app/" + p.methodID("totp") + "/remove")
	p.fill(p.open(s.path+"&with=sms"), "/confirm/send", "with", "sms")
	s = p.open("/approve?text=%C2%A5+12%2C000.00+to+account+8000")
	p.fill(p.open(s.path+"&with=app"), "/confirm", "code", o.code(o.secret))
	o.pass(time.Hour)
	s = p.open("/security/password")
	s = p.fill(p.open(s.path+"&with=app"), "/confirm", "code", "000000")
	s = p.fill(s, "/confirm", "code", o.code(o.secret))
	s = p.fill(s, "/security/password", "current", "Wrong-Horse9", "password", "Another-Horse9")
	s = p.fill(s, "/security/password", "current", testPassword, "password", "password")
	p.fill(s, "/security/password", "current", testPassword, "password", "Another-Horse9")
}

func (o *tour) contacts() {
	p := o.p
	s := p.open("/security/contact")
	p.fill(s, "/security/contact/email", "email", "nonsense")
	p.fill(s, "/security/contact/email", "email", "new@example.com")
	link := o.link(auth.TemplateEmailChange, "link")
	o.visitor().open(link)
	p.fill(p.open(link), link)
	p.open(link)
	p.fill(s, "/security/contact/phone", "phone", "13800138001")
	p.fill(s, "/security/contact/phone", "phone", "+8613800138001")
	p.fill(p.open("/security/contact/phone/remove"), "/security/contact/phone")
	p.open("/security/password?by=email")
	s = p.open("/security/question")
	p.fill(s, "/security/question", "question", "My first teacher?", "answer", "teacher")
	p.fill(s, "/security/question", "question", "My first teacher?", "answer", "nobody at all")
	p.open("/security/question")
	s = p.open("/security/password?by=question")
	p.fill(s, "/security/password", "answer", "somebody", "password", "Another-Horse9")
	p.fill(p.open("/security/question/remove"), "/security/question/remove")
	s = p.open("/security/security-code")
	o.owners = codeOn(o.t, p.fill(s, "/security/security-code"))
	p.fill(p.open("/security/security-code?made=now"), "/security/security-code/saved", "saved", "yes")
	s = p.open("/security/password?by=security-code")
	p.fill(s, "/security/password", "security-code", "00000", "password", "Another-Horse9")
	s = p.open("/security/security-code")
	p.fill(s, "/security/security-code/use", "security-code", "00000")
	p.fill(p.open("/security/password?by=email"), "/security/password/mail")
	s = p.open("/security/name")
	p.fill(s, "/security/name", "user-name", "")
	p.fill(s, "/security/name", "user-name", "wei-two")
}

// shops makes a shop and has somebody in it who signs up by its invitation.
func (o *tour) shops() {
	p := o.p
	p.open("/shop")
	p.fill(p.open("/shop/new"), "/shop/new", "name", "")
	s := p.fill(p.open("/shop/new"), "/shop/new", "name", "Blue shop")
	at := s.path
	p.fill(p.open(at+"/name"), at+"/name", "name", "Green shop")
	p.fill(p.open(at+"/invite"), at+"/invite", "email", "nonsense", "role", "member")
	s = p.fill(p.open(at+"/invite"), at+"/invite", "email", "nobody@example.com", "role", "read-only")
	p.fill(s, s.actionWith("/withdraw"))
	o.mailed(auth.TemplateShopInvite)
	p.fill(p.open(at+"/invite"), at+"/invite", "email", "mo@example.com", "role", "administrator")
	link := o.link(auth.TemplateShopInvite, "link")
	q := o.visitor()
	q.open(link + "/sign-up")
	s = q.fill(q.open(link), link+"/sign-up")
	q.fill(s, s.path, "name", "Mo", "user-name", "mo", "phone", "+8613900139000", "password", testPassword, "terms", "yes")
	s = q.open("/security/app/new")
	q.fill(s, "/security/app/new", "code", o.code(secretOf(s)))
	q.open("/security")
	q.fill(q.open("/shop"), "/shop/joined")
	q.open("/shop/joined")
	q.open(at)
	q.open(at + "/leave")
	who := at + "/members/" + q.idOf()
	o.later()
	p.open(at)
	s = p.fill(p.open(who), who+"/suspend")
	p.fill(s, who+"/resume")
	p.open(who + "/suspend")
	p.open(who + "/resume")
	o.asksKeys(at, q)
	q.fill(q.open(at+"/leave"), at+"/role", "role", "member")
	q.open(at + "/role")
	o.moves(q, who)
	p.fill(p.open(who), who, "role", "read-only")
	q.fill(q.open(at+"/leave"), at+"/leave")
	q.open(at)
	p.open(at + "/leave")
	o.later()
	p.fill(p.open(at+"/invite"), at+"/invite", "email", "mo@example.com", "role", "member")
	link = o.link(auth.TemplateShopInvite, "link")
	q.fill(q.open(link), link)
	q.open(link)
	p.fill(p.open(who+"/remove"), who+"/remove")
	p.open(at + "/invitations/none/withdraw")
	for _, path := range []string{"/security/history", "/security/not-me"} {
		q.open(path)
		p.open(path)
	}
}

// asksKeys has the shop ask for security keys, and drop that.
func (o *tour) asksKeys(at string, q *person) {
	p := o.p
	p.open(at + "/keys")
	p.fill(p.open(at+"/keys"), at+"/keys", "days", "one")
	p.fill(p.open(at+"/keys"), at+"/keys", "days", "3")
	p.open(at)
	q.open("/security")
	p.open(at + "/keys/drop")
	p.fill(p.open(at+"/keys"), at+"/keys/drop")
}

// moves has the contact data of somebody moved, and stopped by each who may.
func (o *tour) moves(q *person, who string) {
	p := o.p
	p.open(who + "/contact/stop")
	p.open(who + "/contact/email")
	p.open(who + "/contact/phone")
	p.fill(p.open(who+"/contact"), who+"/contact/email", "email", "nonsense")
	p.fill(p.open(who+"/contact"), who+"/contact/phone", "phone", "12")
	s := p.fill(p.open(who+"/contact"), who+"/contact/phone", "phone", "+8613800138055")
	p.fill(s, who+"/contact/stop")
	o.mailed(auth.TemplateMove)
	o.later()
	p.fill(p.open(who+"/contact"), who+"/contact/email", "email", "new@example.com")
	p.open("/security")
	q.open("/security")
	link := o.link(auth.TemplateMove, "undo")
	p.fill(p.open(who+"/contact"), who+"/contact/email", "email", "other@example.com")
	q.fill(q.open(link), link)
	p.fill(p.open(who+"/contact"), who+"/contact/email", "email", "other@example.com")
}

// undo asks for a removal with a weak method, stops it from the page and, asked for again, by the mailed link.
func (o *tour) undo() {
	o.later()
	p := o.visitor()
	p.firstStep("new@example.com", "Another-Horse9", "remember")
	s := p.fill(p.open("/sign-in/verify?with=sms"), "/sign-in/send", "with", "sms")
	p.fill(s, "/sign-in/verify", "code", o.sent())
	gone := "/security/app/" + p.methodID("totp") + "/remove"
	s = p.fill(p.open(gone), gone)
	for _, f := range s.forms {
		if strings.HasSuffix(f.action, "/stop") {
			p.open(f.action)
			p.fill(s, f.action)
		}
	}
	o.mailed(auth.TemplateRemoval)
	o.later()
	p.fill(p.open(gone), gone)
	p.open("/security/history")
	link := o.link(auth.TemplateRemoval, "undo")
	q := o.visitor()
	q.fill(q.open(link), link)
	q.open(link)
}

func (o *tour) forgot() {
	p := o.visitor()
	s := p.fillForgot("new@example.com")
	sent := o.mailed(auth.TemplateReset)
	link := path(sent.Args["link"])
	s = p.fill(s, "/forgot/sent", "code", "0000-0000")
	choice := p.fill(s, "/forgot/sent", "code", sent.Args["code"])
	choice = p.fill(choice, "/forgot/choose", "password", "short")
	p.open("/forgot/link/" + lastPart(link))
	s = p.open(link)
	s = p.fill(s, s.path, "password", "short")
	p.fill(s, s.path, "password", testPassword)
	p.fill(choice, "/forgot/choose", "password", "Third-Horse99")
	p.open(link)
	p.open("/done/email-changed")
	o.mailCode()
	p.open("/done/removal-stopped")
	o.temporary()
}

// temporary signs in by the code of a forgotten password, and by its link.
func (o *tour) temporary() {
	o.later()
	p := o.visitor()
	s := p.fillForgot("new@example.com")
	sent := o.mailed(auth.TemplateReset)
	choice := p.fill(s, "/forgot/sent", "code", sent.Args["code"])
	p.open("/forgot/choose/sign-in")
	p.fill(choice, "/forgot/choose/sign-in")
	p.fill(p.open("/sign-in/verify?with=app"), "/sign-in/verify", "code", o.code(o.secret))
	p.fill(choice, "/forgot/choose/sign-in")
	p.open("/security/password/keep")
	p.fill(p.open("/security"), "/security/password/keep")
	p.open("/security/reminders/old-settings/put-off")
	p.send(http.MethodPost, "/security/reminders/old-settings/put-off", "application/x-www-form-urlencoded", "")
	q := o.visitor()
	s = q.open(path(sent.Args["link"]))
	q.open(s.path + "/sign-in")
	q.fill(s, s.path+"/sign-in")
	q.fill(s, s.path+"/sign-in")
}

// passwordOut gives wrong codes in an unknown browser until the password alone leads it nowhere; they were the owner's.
func (o *tour) passwordOut() {
	o.later()
	p := o.visitor()
	p.firstStep(testEmail, testPassword, "shared")
	for s := p.open("/sign-in/verify?with=app"); strings.HasPrefix(s.path, "/sign-in/verify"); {
		s = p.fill(s, "/sign-in/verify", "code", "123456")
	}
	o.p.open("/security/password/mine")
	o.p.fill(o.p.open("/security"), "/security/password/mine")
}

// mailCode introduces a browser.
func (o *tour) mailCode() {
	p := o.visitor()
	s := p.fill(p.open("/sign-in/mail"), "/sign-in/mail", "identifier", "new@example.com")
	code := o.mailed(auth.TemplateIntroduce).Args["code"]
	s = p.fill(s, "/sign-in/mail/code", "code", "0000-0000")
	p.fill(s, "/sign-in/mail/code", "code", code)
}

// codeSignIn shows the security code in place of a second step: it waits, and is stopped.
func (o *tour) codeSignIn() {
	o.pass(25 * time.Hour) // a removal was stopped
	p := o.visitor()
	p.firstStep("new@example.com", testPassword, "remember")
	s := p.open("/sign-in/security-code")
	s = p.fill(s, "/sign-in/security-code", "security-code", "00000")
	p.fill(s, "/sign-in/security-code", "security-code", o.owners)
	o.visitor().open(o.link(auth.TemplateCodeWaits, "undo"))
	o.later()
	q := o.visitor()
	q.firstStep("new@example.com", testPassword, "remember")
	q.fill(q.open("/sign-in/verify?with=app"), "/sign-in/verify", "code", o.code(o.secret))
	s = q.open("/security")
	for _, f := range s.forms {
		if strings.HasSuffix(f.action, "/stop") {
			q.fill(s, f.action)
		}
	}
}

// sessions ends one, then the others; and forgets one browser, then all.
func (o *tour) sessions() {
	for range 3 {
		o.later()
		o.p = o.visitor()
		s := o.p.firstStep("new@example.com", testPassword, "remember")
		s = o.p.touch(s, o.key, "/sign-in/verify")
		o.p.fill(s, "/sign-in/trust", "trust", "yes")
	}
	for _, list := range []string{"/security/sessions", "/security/browsers"} {
		s := o.p.open(list)
		for _, f := range s.forms {
			if strings.HasPrefix(f.action, list+"/") && f.action != list+"/end" {
				o.p.open(f.action)
				o.p.fill(s, f.action)
				break
			}
		}
		o.p.fill(o.p.open(list), list+"/end")
	}
}

// removals removes one method of each sort in a strong session.
func (o *tour) removals() {
	p := o.p
	o.freezes("Blue key")
	lost := "/security/keys/" + p.methodID("Blue key") + "/lost"
	p.fill(p.open(lost), lost)
	for _, gone := range []string{"email/" + p.methodID("email"), "codes/all", "phone/" + p.methodID("phone"),
		"keys/" + p.methodID("My keys")} {
		gone = "/security/" + gone + "/remove"
		p.fill(p.open(gone), gone)
	}
	p.open("/security/history")
}

// freezes has a copy of the spare key answer, and lets the key work again.
func (o *tour) freezes(name string) {
	p, at := o.p, "/security/keys/"+o.p.methodID(name)
	p.freeze(o.spare)
	p.open(at)
	p.fill(p.open(at+"/unfreeze"), at+"/unfreeze")
}

// strays are the addresses that lead nowhere, old browsers, and WeChat's own.
func (o *tour) strays() {
	q := o.visitor()
	for _, path := range []string{"/nothing", "/done/nothing", "/security/keys", "/sign-in/verify", "/sign-in/trust",
		"/sign-up/confirm/nothing",
		"/forgot/password/nothing", "/undo/nothing", "/security/contact/email/nothing", "/forgot/sent", "/sign-up/sent"} {
		q.open(path)
	}
	q.send("POST", "/help/check", "application/x-www-form-urlencoded", "")
	o.p.open("/nothing")
	q.agent = "Mozilla/5.0 (Linux; Android 14; wv) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile MicroMessenger/8.0.50"
	q.open("/sign-in")
	q.agent = "Mozilla/5.0 (Windows NT 6.1; rv:60.0) Gecko/20100101 Firefox/60.0"
	q.open("/sign-in")
}
