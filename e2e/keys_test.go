package e2e

import (
	"github.com/chromedp/cdproto/webauthn"
)

func keyJourneys() []journey {
	return []journey{
		{"from sign-up to sign-in with a FIDO2 key", func(p *person) { p.firstDemonstration(usb()) }},
		{"from sign-up to sign-in with a U2F key", func(p *person) { p.firstDemonstration(u2f()) }},
	}
}

// firstDemonstration is the main job: an account, its key, and signing in with it.
func (p *person) firstDemonstration(o webauthn.VirtualAuthenticatorOptions) {
	p.plug(o)
	p.signUp().says(p.word("start.title"), p.word("problem.must-enrol.title"),
		p.word("state.off"))

	// Nothing else opens to a session that has to enrol.
	for _, path := range []string{"/security", "/security/password", "/security/sessions", "/security/history",
		"/security/browsers", "/confirm?for=password"} {
		p.open(path).at("/security/start")
	}

	// The page says what will be asked before the browser asks (D10).
	p.follow(`main a[href="/security/keys/new"]`).at("/security/keys/new").says(p.word("key-new.what"))
	if !p.has(".note-info") {
		p.t.Error("registering: got no word about a PIN before the ceremony, want one")
	}
	p.fill("name", "红色 key", "place", "Till")
	p.follow("main [data-ask]").at("/security/start").says(p.word("done.enrolled.title"), p.word("start.backup.title"),
		"红色 key")

	p.signOut()
	p.open("/security").at("/sign-in") // nothing opens any more
	p.signIn()                         // the page asks the key by itself
	p.at("/security").says("红色 key", "Till")
}
