package e2e

import (
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
)

func hardshipJourneys() []journey {
	return []journey{
		{"without script", (*person).withoutScript},
		{"a browser that refuses cookies", (*person).cookiesOff},
		{"WeChat's own browser", (*person).weChat},
		{"a browser that knows no keys", (*person).noWebAuthn},
		{"a clock that is wrong", (*person).wrongClock},
		{"an add-on in the place of keys", (*person).addOns},
		{"a ticket for support", (*person).ticket},
		{"numbers and codes as people type them", (*person).asTyped},
		{"links that are over", (*person).deadLinks},
		{"the other language half-way", (*person).otherLanguage},
	}
}

// withoutScript does with plain forms what can be done without a key: all the rest.
func (p *person) withoutScript() {
	p.scriptOff()
	p.signUp()
	p.open("/security/keys/new").at("/security/keys/new").says(p.word("problem.key-needs-script.title"))
	if p.has("main [data-ask]:not([hidden])") {
		p.t.Error("the key's page without script: got a button that can do nothing, want none")
	}
	p.follow(`main a[href="/security/start"]`).follow(`main a[href="/security/app/new"]`).at("/security/app/new")
	p.addApp().at("/security/start").says(p.word("done.enrolled.title"))
	p.addPhone("sms").at("/security/start") // the phone that the app is on is no backup of it (R61)
	mailbox := "backup-" + p.email
	p.open("/security/email/new").fill("email", mailbox).submit("/security/email/new")
	p.fill("code", p.house.code(p.t, "email", mailbox)).submit("/security/email/new").at("/security")
	codes := p.saveCodes()

	p.signOut().signIn().at("/sign-in/verify").says(p.word("verify.app.title"))
	p.fill("code", p.code()).submit("/sign-in/verify").at("/security")
	for _, way := range []struct{ with, channel, to string }{{"sms", "sms", p.phone}, {"email", "email", mailbox}} {
		p.signOut().signIn().at("/sign-in/verify").follow(`main .go button[name=with][value=` + way.with + `]`)
		p.fill("code", p.house.code(p.t, way.channel, way.to)).submit("/sign-in/verify").at("/security")
	}
	p.signOut().signIn().at("/sign-in/verify").follow(`main a[href*="with=recovery"]`)
	p.fill("code", codes[0]).submit("/sign-in/verify").at("/security").says(p.word("codes.count", "n", 9, "total", 10))
	const way = `main a[href^="/security/email/"]:not([href*=new])`
	p.open("/security").follow(way).follow(`main a[href$="/remove"]`).follow("main .ask button.btn-bad")
	if p.open("/security").at("/security").has(way) {
		p.t.Error("without script: got the mailbox still there, want it removed")
	}
	p.open("/help/check").says(p.word("check.noscript"))

	p.script(true)
	p.plug(usb())
	p.addKey("Red")
	p.scriptOff()
	p.signOut().signIn().at("/sign-in/verify")
	if got := eval[string](p, "document.querySelector('main h1').innerText"); got != p.word("help.others") {
		p.t.Errorf("the second step of a key's owner, without script: got the title %q, want other ways", got)
	}
}

// cookiesOff sends the form without the cookie that it was shown with.
func (p *person) cookiesOff() {
	p.registered()
	p.open("/sign-in").at("/sign-in").fill("identifier", p.email, "password", password)
	send(p, network.ClearBrowserCookies, cdp.Empty{})
	p.submit("/sign-in").says(p.word("problem.cookies-off.title"), p.word("no-cookie.2"), p.word("no-cookie.do"))
	p.follow("main .acts a.btn-main").at("/sign-in")
	p.fill("identifier", p.email, "password", password).submit("/sign-in").at("/security/start")
}

const weChatAgent = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) " +
	"Mobile/15E148 MicroMessenger/8.0.54(0x18003630) NetType/WIFI"

// weChat opens the pages where mailed links open on many phones.
func (p *person) weChat() {
	q := p.s.person(p.t, p.house, p.lang) // who has never been elsewhere
	q.pretend(weChatAgent, eval[string](q, "navigator.language"))
	q.signUp().open("/security/keys/new").says(q.word("wechat.title"))
	if q.has("main [data-ask]") {
		q.t.Error("in WeChat: got a button that asks a key, want none")
	}
	q.follow(`main a.btn-main[href="/security/start"]`).follow(`main a[href="/security/app/new"]`)
	q.addApp().at("/security/start").signOut().signIn().at("/sign-in/verify")
	q.fill("code", q.code()).submit("/sign-in/verify").at("/security")

	p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addPhone("sms").at("/security")
	p.signOut()
	accept := eval[string](p, "navigator.language")
	p.pretend(weChatAgent, accept)
	p.signIn().at("/sign-in/verify").says(p.word("wechat.title"), p.word("wechat.detail"))
	if p.has("main [data-key]") || p.has("main [data-state=failed]") {
		p.t.Error("in WeChat: got a panel that asks the key, want none")
	}
	p.follow(`main button[name=with][value=sms]`).fill("code",
		p.house.code(p.t, "sms", p.phone)).submit("/sign-in/verify").at("/security")
	p.open("/security/keys/new").says(p.word("wechat.title"))
}

// noWebAuthn is an old browser, or one whose keys somebody has switched off.
func (p *person) noWebAuthn() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addApp().at("/security")
	k.unplug()
	send(p, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: "delete window.PublicKeyCredential"})
	p.signOut().signIn().at("/sign-in/verify").says(p.word("problem.key-not-supported.title"), p.word("verify.no-key"))
	p.follow(`main a[href*="with=app"]`).fill("code", p.code()).submit("/sign-in/verify").at("/security")
	p.open("/help/check").at("/help/check").says(p.word("check.key.no"), p.word("check.cookies.yes"),
		p.word("check.clock.yes"), p.word("check.window.yes"), p.word("check.addon.no"))
	p.open("/security/keys/new").fill("name",
		"Key 2").press("main [data-ask]").says(p.word("problem.key-not-supported.title"))
}

// ticket makes a ticket behind a right password, and without script and cookies, and support on the host looks them up.
func (p *person) ticket() {
	p.registered().signIn(remember).at("/security/start")
	p.addApp().at("/security/start")
	p.signOut().signIn().at("/sign-in/verify")
	looks := func(want ...string) {
		p.t.Helper()
		p.open("/help/check").follow(`main form[action="/help/ticket"] button`).says(p.word("ticket.title"))
		number := strings.ToLower(p.text("main .secret"))
		said, err := exec.Command(p.s.binary, "ticket", "--data", p.house.data, number).Output()
		for _, line := range want {
			if !regexp.MustCompile(line).Match(said) {
				p.t.Errorf("the ticket says\n%s%v, want %s", said, err, line)
			}
		}
	}
	looks(`runs scripts +yes`, `keeps cookies +yes`, `can use keys +yes`, `ahead by -?[0-9] s`, `s•+@example\.com`,
		`looked up +1 time`)
	p.scriptOff()
	send(p, network.ClearBrowserCookies, cdp.Empty{})
	looks(`runs scripts +not tried`, `not named`)
}

// addOns are ways in which something answers in place of the browser: each is found, support sees it in the ticket, and
// the browser as it is has none of it.
func (p *person) addOns() {
	looks := func(want string) {
		p.t.Helper()
		p.open("/help/check").at("/help/check").says(p.word("check.addon." + want))
		p.follow(`main form[action="/help/ticket"] button`).says(p.word("ticket.title"))
		number := strings.ToLower(p.text("main .secret"))
		said, err := exec.Command(p.s.binary, "ticket", "--data", p.house.data, number).Output()
		if !regexp.MustCompile(`no add-on interferes +` + want).Match(said) {
			p.t.Errorf("the ticket says\n%s%v, want no add-on: %s", said, err, want)
		}
	}
	looks("yes")
	for _, source := range []string{
		"CredentialsContainer.prototype.get = async () => null",
		"CredentialsContainer.prototype.create = async () => null",
		"navigator.credentials.get = navigator.credentials.get",
		"Object.defineProperty(navigator, 'credentials', {value: navigator.credentials})",
		"window.PublicKeyCredential = class PublicKeyCredential {}",
		"{ const say = Function.prototype.toString; " +
			"Function.prototype.toString = function () { return say.call(this) } }",
		"delete window.PublicKeyCredential",
	} {
		added := send(p, page.AddScriptToEvaluateOnNewDocument,
			page.AddScriptToEvaluateOnNewDocumentParams{Source: source})
		looks("no")
		send(p, page.RemoveScriptToEvaluateOnNewDocument, page.RemoveScriptToEvaluateOnNewDocumentParams(added))
	}
}

// wrongClock looks why nothing works on a computer whose clock is two minutes behind, and in the window of an app.
func (p *person) wrongClock() {
	p.pretend(weChatAgent, eval[string](p, "navigator.language"))
	send(p, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{
		Source: "{ const now = Date.now; Date.now = () => now() - 120000 }"})
	p.open("/help/check").at("/help/check").says(p.word("check.clock.no"), p.word("check.window.no"))
}

// asTyped types numbers and codes as they come out of phones, papers and input methods.
func (p *person) asTyped() {
	p.registered().signIn(remember).at("/security/start") // a shared computer would not keep what was typed
	const abroad = "12025550123"                          // not of the country that the account's own number is of
	p.open("/security/phone/new?other=1").fill("phone", abroad).submit("/security/phone/new").says(p.word("frame.error"),
		p.word("problem.phone-other-country.title"))
	p.until("the number still there", "document.querySelector('[name=phone]').value === "+quote(abroad))

	// A landline can't take texts: it is offered a call (R60).
	landline := "+86 10 6552 " + p.phone[len(p.phone)-4:]
	p.fill("phone", landline).submit("/security/phone/new").problem("sms-landline")
	p.until("the call chosen", "document.querySelector('[name=via][value=call]').checked")
	p.submit("/security/phone/new").says(p.word("verify.call.title"))
	call := p.house.message(p.t, "voice", strings.ReplaceAll(landline, " ", ""))
	full := strings.Map(func(r rune) rune { return r - '0' + '０' }, call.code(p.t))
	p.fill("code", "　"+full[:9]+" "+full[9:]+
		" ").submit("/security/phone/new").at("/security/start").says(p.word("done.enrolled.title"))

	p.addApp().at("/security/start") // on a phone as well: no other device
	p.signOut()
	// Blanks around the identifier go; the password is taken as it is.
	p.open("/sign-in").fill("identifier", "  "+strings.ToUpper(p.email[:1])+p.email[1:]+" ", "password",
		password).submit("/sign-in").at("/sign-in/verify")
	code := p.code()
	p.fill("code", " "+code[:3]+" "+code[3:]+"\t").submit("/sign-in/verify").home()

	// A refused form keeps what was typed, passwords apart, and names each field.
	q := p.another()
	lin := "lin-" + strings.ToLower(q.lang) + "@example.com" // the same journey goes on in another language
	q.open("/sign-up").fill("email", lin).submit("/sign-up").at("/sign-up/sent")
	link := q.house.message(q.t, "email", lin).link(q.t, q.house.origin)
	q.open(link).fill("name", "Lin Yi", "user-name", "小店", "phone", "13800138000", "password",
		"short").press("main [name=terms]")
	q.submit(strings.TrimPrefix(link, q.house.origin)).says(q.word("frame.error"))
	q.until("the fields kept",
		`document.querySelector('[name=user-name]').value === '小店' && document.querySelector('[name=password]').value === '' && document.querySelector('[name=terms]').checked`)
	q.until("the wrong field marked and described",
		`[...document.querySelectorAll('[aria-invalid=true]')].every(e => e.getAttribute('aria-describedby').split(' ').some(id => document.getElementById(id)?.innerText.trim())) && document.querySelector('[aria-invalid=true]')`)
}

// deadLinks opens mailed links too late and twice.
func (p *person) deadLinks() {
	q := p.s.person(p.t, startLab(p.t, p.s.binary), p.lang)
	q.open("/sign-up").fill("email", q.email).submit("/sign-up").at("/sign-up/sent")
	late := q.labLink()
	q.passes(48 * time.Hour)
	q.open(late).says(q.word("problem.link-used.title"), q.word("sign-up-confirm.new"))
	if q.has("main form button.btn-main") {
		q.t.Error("an expired link: got a button to confirm, want none")
	}
	q.follow("main .acts a.btn-main").at("/sign-up")

	p.signUp()
	used := ""
	for _, m := range p.house.messages(p.t) {
		if m.To == p.email {
			used = m.link(p.t, p.house.origin)
		}
	}
	p.open(used).says(p.word("sign-up-confirm.done")).follow("main .acts a.btn-main").at("/security/start")
	p.another().open(used).says(p.word("problem.signed-up.title")).follow("main .acts a.btn-main").at("/sign-in")
	p.open(p.house.origin + "/sign-up/confirm/no-such-link").says(p.word("frame.error"))
}

// otherLanguage switches on a page that is filled in already; the choice stays.
func (p *person) otherLanguage() {
	other := map[string]string{"en": "zh-CN", "zh-CN": "en"}[p.lang]
	button := ".langs button[name=lang]"
	p.open("/forgot").follow(button).at("/forgot")
	if got := eval[string](p, "document.documentElement.lang"); got != other {
		p.t.Errorf("after the switch: got lang %s, want %s", got, other)
	}
	p.lang = other
	p.says(p.word("forgot.title")).open("/sign-in").says(p.word("sign-in.title"))
	// What was typed comes along, there and back; the password does not.
	p.open("/sign-in").fill("identifier", "half@", "password",
		password).follow(button).follow(button).says(p.word("sign-in.title"))
	got := eval[[]string](p, "['identifier', 'password'].map(n => document.querySelector(`main [name=${n}]`).value)")
	if want := []string{"half@", ""}; !slices.Equal(got, want) {
		p.t.Errorf("after the switches: got %q in the form, want %q", got, want)
	}
	p.signUp() // and mails come in it
}
