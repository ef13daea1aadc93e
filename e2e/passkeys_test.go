package e2e

import (
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/webauthn"
)

func passkeyJourneys() []journey {
	return []journey{
		{"a passkey is another item", (*person).passkey},
		{"sign-in without typing", (*person).withoutTyping},
		{"a passkey that does not know its user", (*person).unverified},
		{"a passkey that nobody has here", (*person).unknownPasskey},
		{"the key before the password", (*person).keyFirst},
		{"strangers lock the password, the key still opens", (*person).locked},
	}
}

func (p *person) addPasskey(name string) *person {
	p.t.Helper()
	p.open("/security/keys/new?kind=passkey").at("/security/keys/new").says(p.word("passkey-new.title"))
	return p.fill("name", name).follow("main [data-ask]")
}

// passkey registers what the PC has built in, beside a USB key (D10).
func (p *person) passkey() {
	stick := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Stick").at("/security/start")
	stick.touched(false)
	own := p.plug(platform())
	p.addPasskey("This PC").at("/security").says(p.word("done.passkey-added.title"))
	p.open("/security/keys").says("Stick", "This PC", p.word("keys.passkeys"))
	if !eval[bool](p,
		`[...document.querySelectorAll('[aria-labelledby=pk] .rows li')].some(e => e.textContent.includes('This PC')) && ![...document.querySelectorAll('[aria-labelledby=pk] .rows li')].some(e => e.textContent.includes('Stick'))`) {
		p.t.Error("the passkey and the key: got them in one list, want two")
	}
	// A USB key is wanted, and the PC answers: told, not taken.
	stick.unplug()
	p.open("/security/keys/new").fill("name", "Third").press("main [data-ask]")
	p.until("a panel that waits or has failed",
		`['waiting', 'failed'].includes(document.querySelector('.touch').dataset.state)`)
	if n := len(own.holds()); n != 1 {
		p.t.Errorf("the PC's own authenticator: got %d credentials, want the passkey alone", n)
	}
}

// withoutTyping signs in by what the browser offers in the first field.
func (p *person) withoutTyping() {
	k := p.plug(platform())
	p.registered().signIn().at("/security/start")
	p.addPasskey("This PC").at("/security/start")
	k.touched(false)
	p.signOut()
	p.open("/sign-in").at("/sign-in")
	if got := eval[string](p, `document.querySelector('[name=identifier]').autocomplete`); got != "username webauthn" {
		p.t.Errorf("the first field: got autocomplete %q, want username webauthn", got)
	}
	k.touched(true)
	p.open("/sign-in").home().says("This PC")

	// The browser forgets it when it is told so.
	p.addApp().at("/security")
	p.open("/security/keys").follow(p.linkTo("This PC")).follow(`main a[href$="/remove"]`)
	id := k.holds()[0]
	p.follow(`main .ask button.btn-bad`)
	p.signal("deleted "+text64(id.CredentialID), platform(), id.IsResidentCredential)
}

// unknownPasskey has a passkey whose registration is refused, and one that is removed in another browser: the browser
// is told of both, and offers neither any more.
func (p *person) unknownPasskey() {
	k := p.plug(platform())
	p.registered().signIn(remember).at("/security/start")
	p.open("/security/keys/new?kind=passkey").at("/security/keys/new").fill("name", "Never")
	eval[bool](p, "document.querySelector('main [name=ceremony]').value += 'x', true")
	p.follow("main [data-ask]").says(p.word("frame.error"))
	within(p.t, "the refused passkey to be forgotten", func() bool { return len(k.holds()) == 0 })

	p.addPasskey("This PC").at("/security/start")
	p.addApp().at("/security")
	id := k.holds()[0]
	q := p.another()
	q.signIn().at("/sign-in/verify").open("/sign-in/verify?with=app").fill("code", q.code()).submit("/sign-in/verify")
	q.open("/security/keys").follow(q.linkTo("This PC")).follow(`main a[href$="/remove"]`)
	q.follow(`main .ask button.btn-bad`).at("/security")
	send(p, network.ClearBrowserCookies, cdp.Empty{})
	p.open("/sign-in").problem("key-wrong")
	p.signal("deleted "+text64(id.CredentialID), platform(), id.IsResidentCredential)
}

// unverified has a passkey whose user is not recognised by his device.
func (p *person) unverified() {
	o := platform()
	k := p.plug(o)
	p.registered().signIn().at("/security/start")
	p.addPasskey("This PC").at("/security/start")
	p.addApp().at("/security")
	p.signOut()
	send(p, webauthn.SetUserVerified, webauthn.SetUserVerifiedParams{AuthenticatorID: k.id, IsUserVerified: false})
	p.script(false) // the first page must not ask by itself
	p.open("/sign-in").at("/sign-in").fill("identifier", p.email, "password", password)
	p.script(true)
	p.submit("/sign-in").at("/sign-in/verify")
	// Refused at once and unasked, the page thinks that the browser wants a click; after one it says what happened.
	p.press("main [data-ask]").says(p.word("problem.key-cancelled.title"), p.word("verify.no-key"))
	p.follow(`main a[href*="with=app"]`).fill("code", p.code()).submit("/sign-in/verify").home()
}

// keyFirst touches the key before the password is typed (D5).
func (p *person) keyFirst() {
	p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.signOut()
	p.open("/sign-in").follow(`main a[href="/sign-in/key"]`).at("/sign-in/key")
	p.fill("identifier", p.email).submit("/sign-in/key").says(p.word("sign-in-key.password.title"))
	p.fill("password", "Wrong-Lamp-57").submit("/sign-in/key/password").says(p.word("frame.error"))
	p.fill("password", password).submit("/sign-in/key/password").home().says("Key 1")
}

// locked has strangers guess until they are locked out; the owner is not.
func (p *person) locked() {
	k := p.plug(usb())
	p.registered().signIn(remember).at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.signOut()
	for range 6 {
		status, _ := p.house.ask(p, "POST", "/sign-in", "", map[string]any{"identifier": p.email,
			"password": "Wrong-Lamp-57"})
		if status < 400 {
			p.t.Fatalf("a wrong password: got %d, want it refused", status)
		}
	}
	// A browser that the account has never seen is kept out, even with the right password…
	q := p.another()
	other := k.carry(q, usb())
	q.signIn().at("/sign-in").says(q.word("frame.error"), q.word("sign-in.key"))
	// …but not with the key.
	q.follow(`main a[href="/sign-in/key"]`).fill("identifier",
		q.email).submit("/sign-in/key").says(q.word("sign-in-key.password.title"))
	q.fill("password", password).submit("/sign-in/key/password").home().says("Key 1")
	// The browser that the owner uses knows nothing of it: his password opens as ever.
	k.unplug()
	other.carry(p, usb())
	p.signIn().at("/security")
}
