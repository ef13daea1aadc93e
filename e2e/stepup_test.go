package e2e

import (
	"fmt"
	"slices"
	"strings"

	"github.com/chromedp/cdproto/webauthn"
)

func stepUpJourneys() []journey {
	return []journey{
		{"a change asks for a fresh second step", (*person).stepUp},
		{"a removed key, and what the browser is told", (*person).removal},
		{"a weak method removes a strong one only later", (*person).delayedRemoval},
	}
}

// stepUp signs in with a text and stays signed in; a change asks for the key all the same (R4, R76).
func (p *person) stepUp() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addPhone("sms").at("/security")
	k.touched(false)
	p.signOut().signInByText(remember)

	p.open("/security/password").at("/confirm").says(p.word("for.password"), p.word("verify.key.title"))
	if p.has(`main button[value=sms]`) {
		p.t.Error("the fresh second step of a password: got a text offered, want the key only (it is the stronger)")
	}
	p.says(p.word("act.forgot")) // R4
	k.touched(true)
	p.open("/security/password").at("/security/password")
	changed := "Copper-Lamp-59"
	p.fill("current", "Wrong-Lamp-57", "password", changed).submit("/security/password").problem("password-wrong")
	p.fill("current", password, "password",
		changed).submit("/security/password").at("/security").says(p.word("done.password-changed.title"))
	m := p.house.message(p.t, "email", p.email)
	if !strings.Contains(m.Text, p.word("change.password-changed")) {
		p.t.Errorf("the notice of the change: got %q, want it to say so", m.Text)
	}

	// Within its time the same proof opens the next change, and a rename needs no more.
	p.open("/security/keys").follow(`main .rows a.end`).says("Key 1")
	p.fill("name", "Blue 钥匙", "place", "Safe").follow(`main form[action^="/security/keys/"] button`).says("Blue 钥匙",
		p.word("done.renamed.title"))
	p.open("/security/history").at("/security/history").says(p.word("event.password-changed"))
}

// signInByText signs in with a text in place of the key.
func (p *person) signInByText(more ...string) *person {
	p.t.Helper()
	p.signIn(more...).at("/sign-in/verify").follow(`main button[name=with][value=sms]`)
	p.fill("code", p.house.code(p.t, "sms", p.phone)).submit("/sign-in/verify")
	return p.home()
}

// removal takes one of two keys away. Browsers are told which are left (WebAuthn Level 3, Signal API).
func (p *person) removal() {
	stick := usb()
	stick.HasResidentKey = true
	stick.HasUserVerification = true
	stick.IsUserVerified = true
	first := p.plug(stick)
	p.registered().signIn().at("/security/start")
	p.addKey("Red").at("/security/start")
	gone := text64(first.holds()[0].CredentialID)
	resident := first.holds()[0].IsResidentCredential
	first.touched(false)
	second := p.plug(usb())
	p.addKey("Green").at("/security")
	p.signOut().signIn().at("/security") // with Green: nothing else answers

	// Which one is it? The page says so.
	p.open("/security/keys/which").says(p.word("key-test.which.title")).follow("main [data-ask]").says(p.word("key-test.found.title", "name", "Green"))

	p.open("/security/keys").follow(p.linkTo("Red")).says(p.word("key.remove"))
	p.follow(`main a[href$="/remove"]`).says(p.word("remove.title", "name", "Red"),
		p.word("remove.left", "names", "“Green”"))
	p.follow(`main .ask button.btn-bad`).at("/security").says(p.word("done.key-removed.title", "name", "Red"), "Green")
	told := eval[string](p, "document.querySelector('[data-signals]').dataset.signals")
	if strings.Contains(told, gone) || !strings.Contains(told, text64(second.holds()[0].CredentialID)) {
		p.t.Errorf("the browser is told %s, want the key that is left and not the one that is gone", told)
	}
	p.signal("deleted "+gone, stick, resident)
	p.open("/security").silent(p.word("done.key-removed.title", "name", "Red"))

	// The removed one opens nothing. Green would, and by itself.
	second.touched(false)
	p.signOut().signIn().at("/sign-in/verify").says("Green")
}

// signal waits for what the browser did with what it was told.
func (p *person) signal(want string, o webauthn.VirtualAuthenticatorOptions, resident bool) {
	p.t.Helper()
	seen := func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return slices.Contains(p.signals, want)
	}
	if !try(patience/4, seen) {
		p.t.Errorf("transport %s, %s, discoverable %v: got no %q, signals were %q", o.Transport, o.Protocol, resident,
			want, p.signals)
	}
}

// linkTo is the link that leads to a method of that name.
func (p *person) linkTo(name string) string {
	p.t.Helper()
	href := eval[string](p,
		fmt.Sprintf(`[...document.querySelectorAll('main .rows > li')].find(e => e.textContent.includes(%s))?.querySelector('a.end')?.getAttribute('href') ?? ''`, quote(name)))
	if href == "" {
		p.t.Fatalf("got no link to %q", name)
	}
	return fmt.Sprintf("main a.end[href=%q]", href)
}

// delayedRemoval loses the key, signs in with a text, and has to wait with the removal; the link in
// the notice stops it (D6).
func (p *person) delayedRemoval() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addPhone("sms").at("/security")
	k.touched(false)
	p.signOut().signInByText()
	p.open("/security/keys").follow(`main .rows a.end`).follow(`main a[href$="/remove"]`)
	p.follow(`main .ask button.btn-bad`).at("/security").says(p.word("pending.do"), "Key 1")
	undo := p.house.letter(p.t, "email", p.email, "/undo/").link(p.t, p.house.origin)
	q := p.another()
	q.open(undo).says(q.word("undo.ahead.title")).follow("main form button.btn-main").at("/done/removal-stopped")
	p.open("/security").at("/sign-in") // whoever asked is out
	p.signInByText()
	p.open("/security").says("Key 1").silent(p.word("pending.do"))
}
