package e2e

import (
	"strings"

	"github.com/chromedp/chromedp/kb"

	"github.com/latchkey-auth/latchkey/virtual"
)

func yubicoJourneys() []journey {
	return []journey{
		{"a key that types a Yubico OTP", func(p *person) { p.typesYubico(false) }},
		{"a key that types a Yubico OTP, without script", func(p *person) { p.typesYubico(true) }},
	}
}

// shown is a value on the page, without the blanks that make it readable.
func (p *person) shown(id string) string {
	p.t.Helper()
	return strings.Join(strings.Fields(p.text("#"+id)), "")
}

// programmed is a key that was given the values on the page.
func (p *person) programmed() *virtual.YubicoOTP {
	p.t.Helper()
	slot, err := virtual.NewYubicoOTP(p.shown("public"), p.shown("private"), p.shown("secret"))
	if err != nil {
		p.t.Fatal(err)
	}
	return slot
}

// types has the key type into the field that has the focus: letters, then Enter.
func (p *person) types(code string) {
	p.t.Helper()
	p.hit(code)
	p.fresh(func() { p.hit(kb.Enter) })
}

// typesYubico programs a key with what the page shows, which then types: letters and Enter, as from a keyboard.
// It signs in with that, with Caps Lock on as well, and with no code twice; and what is lost is lost as a
// whole.
func (p *person) typesYubico(bare bool) {
	key := p.plug(usb())
	p.signUp().open("/security/keys/new").fill("name", "Till key")
	p.follow("main [data-ask]").at("/security/start")
	p.addApp()
	if bare {
		p.script(false)
	}
	p.open("/security/keys").follow(p.linkTo("Till key")).says(p.word("key.type.yubiotp"))
	p.follow(`main a[href$="/yubico-otp/new"]`).says(p.word("yubiotp-new.save"), p.word("touch-new.type"))
	secret := p.shown("secret")
	p.open(eval[string](p, "location.pathname"))
	if again := p.shown("secret"); again != secret {
		p.t.Error("a reload: got another secret, want the one that may be on the key")
	}
	slot := p.programmed()

	// Enter behind the first code leads to the field of the second.
	p.press("#f-code").hit(slot.Touch()).hit(kb.Enter)
	p.until("the field of the second code", "document.activeElement.id === 'f-second'")
	p.types(slot.Touch())
	p.says(p.word("done.yubiotp-added.title"), p.word("holds.yubiotp.meta"))

	key.touched(false) // nobody touches it when the browser asks
	p.signOut().signIn().at("/sign-in/verify")
	p.open("/sign-in/verify?with=yubiotp").says(p.word("verify.yubiotp.title"))
	p.until("the focus in the field", "document.activeElement.id === 'f-code'")
	p.types("123456")
	p.problem("code-layout").press("#f-code")
	code := slot.Touch()
	p.types(strings.ToUpper(code))
	p.at("/security").signOut().signIn().at("/sign-in/verify").open("/sign-in/verify?with=yubiotp").press("#f-code")
	p.types(code)
	p.problem("code-used").press("#f-code")
	p.types(slot.Touch())
	p.at("/security").open("/security/keys").follow(p.linkTo("Till key"))
	p.follow(`main a[href$="/lost"]`)
	p.follow(`main form[action$="/lost"] button.btn-bad`)
	p.says(p.word("done.key-lost.title", "name", "Till key"))
}
