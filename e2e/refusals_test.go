package e2e

import (
	"github.com/chromedp/cdproto/webauthn"
)

func refusalJourneys() []journey {
	return []journey{
		{"no touch, and then a touch", (*person).noTouch},
		{"answers that are not right", (*person).badAnswers},
		{"somebody else's key", (*person).foreignKey},
		{"a copied key", (*person).copied},
		{"the same key twice", (*person).twice},
	}
}

// noTouch waits for a touch that does not come in time.
func (p *person) noTouch() {
	p.house = p.s.hasty
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addApp().at("/security")
	k.touched(false)
	p.signOut().signIn().at("/sign-in/verify").says(p.word("touch.waiting"), p.word("verify.no-key"))
	others := `main a[href*="with=app"]`
	if !p.has(others) {
		p.t.Error("while the key is awaited: got no other methods in sight, want them")
	}
	p.says(p.word("problem.key-timed-out.title"), p.word("problem.key-timed-out.detail"), p.word("touch.again"))
	if !p.has(others) {
		p.t.Error("after the time ran out: got no other methods in sight, want them")
	}
	// He has found it: one more press, and the touch counts, though the first question has run out.
	k.touched(true)
	p.press("main [data-ask]").at("/security")
}

// badAnswers has the authenticator answer wrongly, one way after the other. Each is told in its own
// words, nothing is lost, and the page goes on asking.
func (p *person) badAnswers() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addApp().at("/security")
	p.signOut()
	yes, no := true, false
	for _, bad := range []struct {
		bits webauthn.SetResponseOverrideBitsParams
		code string
	}{
		{webauthn.SetResponseOverrideBitsParams{IsBogusSignature: &yes}, "key-signature-wrong"},
		{webauthn.SetResponseOverrideBitsParams{IsBadUP: &yes}, "key-no-touch"},
	} {
		bad.bits.AuthenticatorID = k.id
		send(p, webauthn.SetResponseOverrideBits, bad.bits)
		p.signIn().problem(bad.code).says(p.word("verify.no-key"))
		if got := p.cookies()["latchkey"]; got != nil {
			p.t.Errorf("%s: got a session, want none", bad.code)
		}
	}
	send(p, webauthn.SetResponseOverrideBits, webauthn.SetResponseOverrideBitsParams{AuthenticatorID: k.id,
		IsBogusSignature: &no, IsBadUP: &no})
	p.press("main [data-ask]").at("/security")
}

// foreignKey has only another seller's key at hand. The browser itself finds that it is not the one.
func (p *person) foreignKey() {
	q := p.s.person(p.t, p.house, p.lang)
	other := q.plug(usb())
	q.registered().signIn().at("/security/start")
	q.addKey("Not yours").at("/security/start")

	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.addApp().at("/security")
	k.unplug()
	other.carry(p, usb())
	p.signOut().signIn().at("/sign-in/verify")
	p.press("main [data-ask]").says(p.word("problem.key-cancelled.title"), p.word("verify.no-key"))
	p.follow(`main a[href*="with=app"]`).fill("code", p.code()).submit("/sign-in/verify").at("/security")
}

// copied has a key that answers with a count that it has passed already, as one of two copies does.
func (p *person) copied() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	// Where it is the only method, he is told why, and nothing opens.
	q := p.s.person(p.t, p.house, p.lang)
	only := q.plug(usb())
	q.registered().signIn().at("/security/start")
	q.addKey("Only key").at("/security/start")
	r := q.another()
	only.carry(r, usb())
	r.signIn().home()
	q.signOut().signIn().says(q.word("problem.key-frozen.title"))
	q.open("/security").at("/sign-in")

	p.addApp().at("/security")
	q = p.another()
	k.carry(q, usb())
	q.signIn().home()
	p.signOut().signIn().at("/sign-in/verify").problem("key-frozen").says(p.word("verify.app.title"))
	p.fill("code", p.code()).submit("/sign-in/verify").at("/security").says(p.word("state.frozen"))

	// It was he, both times: the page says when that was, and the key works on from its count.
	p.open("/security/keys").follow(p.linkTo("Key 1")).says(p.word("key.paused.had"), p.word("key.paused.shown"))
	p.follow(`main a[href$="/unfreeze"]`).says(p.word("unfreeze.ask"))
	p.submit(eval[string](p, "location.pathname")).says(p.word("done.key-unfrozen.title"))
	p.signOut().signIn().home()
}

// twice registers one key a second time: the browser itself finds it (excludeCredentials).
func (p *person) twice() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.open("/security/keys/new").fill("name",
		"Again").press("main [data-ask]").says(p.word("problem.key-already-registered.title"))
	// A second stick of the same batch is another key.
	k.touched(false)
	p.plug(usb())
	p.open("/security/keys/new").fill("name", "Its twin").follow("main [data-ask]").at("/security").says("Key 1",
		"Its twin")
}
