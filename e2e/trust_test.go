package e2e

import "strings"

func trustJourneys() []journey {
	return []journey{
		{"a trusted browser", (*person).trusted},
		{"a shared computer", (*person).shared},
		{"sessions elsewhere", (*person).elsewhere},
		{"a forgotten password", (*person).forgotten},
	}
}

// trusted has one browser spared the second step, and nothing else (R4).
func (p *person) trusted() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	p.signOut().signIn(remember).at("/sign-in/trust").says(p.word("trust.2"))
	p.follow("main button[name=trust][value=yes]").at("/security").says(p.word("done.browser-trusted.title"))

	k.touched(false)
	p.signOut().signIn(remember).at("/security") // no touch, and not asked again whether to trust
	p.open("/security/password").at("/confirm")  // but a change wants the key
	p.open("/security/keys/new").at("/confirm")

	// Another browser with the same password is asked.
	q := p.another()
	q.signIn(remember).at("/sign-in/verify")

	k.touched(true)
	p.open("/security/browsers").says(p.word("browsers.end"),
		p.word("tag.here")).follow(`main .rows form button`).says(p.word("done.browser-ended.title"),
		p.word("browsers.none"))
	k.touched(false)
	p.signOut().signIn(remember).at("/sign-in/verify")

	// Whoever says "not now" is not asked at every sign-in.
	k.touched(true)
	p.signIn(remember).at("/sign-in/trust").follow("main button[name=trust][value=no]").at("/security")
	p.signOut().signIn(remember).at("/security")
}

// shared leaves nothing on a computer that others use (R42).
func (p *person) shared() {
	k := p.plug(usb())
	p.registered().signIn().at("/security/start")
	p.addKey("Key 1").at("/security/start")
	q := p.another()
	p.signOut()
	p.signIn().at("/security")
	if c := p.cookies()["latchkey"]; c == nil || !c.Session || !c.HTTPOnly {
		p.t.Errorf("the session's cookie: got %+v, want one that scripts cannot read and that ends with the browser", c)
	}
	p.open("/security/browsers").says(p.word("browsers.none"))
	if got := eval[int](p, "localStorage.length + sessionStorage.length"); got != 0 {
		p.t.Errorf("what the pages keep in the browser: got %d values, want none", got)
	}
	p.signOut()
	for name, c := range p.cookies() {
		if strings.Contains("latchkey latchkey-flow latchkey-step latchkey-return", name) {
			p.t.Errorf("after signing out: got cookie %s (%d characters), want none", name, len(c.Value))
		}
	}
	if got := eval[string](p.open("/sign-in"), "document.querySelector('[name=identifier]').value"); got != "" {
		p.t.Errorf("the next person's sign-in: got %q in the first field, want nothing", got)
	}
	// One's own device keeps the session.
	k.carry(q, usb())
	q.signIn(remember).home()
	if c := q.cookies()["latchkey"]; c == nil || c.Session {
		q.t.Errorf("kept signed in: got cookie %+v, want one that outlives the browser", c)
	}
}

// elsewhere ends the session of another browser.
func (p *person) elsewhere() {
	p.registered().signIn(remember).at("/security/start")
	p.addApp().at("/security/start")
	q := p.another()
	q.signIn(remember).at("/sign-in/verify")
	q.fill("code", q.code()).submit("/sign-in/verify").home()
	_, unseen, _ := strings.Cut(p.word("mail.new-browser.lead", "at", "|"), "|")
	p.house.letter(p.t, "email", p.email, strings.TrimSpace(unseen)) // the owner is told of the new browser
	p.open("/security/sessions").says(p.word("tag.here"), p.word("tag.kept"))
	p.follow(`main .rows form[action$="/end"] button`).at("/security/sessions").says(p.word("done.session-ended.title"))
	q.open("/security").at("/sign-in")
	p.open("/security").at("/security")
}

// solve does the work instead of reading the picture, which a program cannot: the page goes on by itself.
func (p *person) solve() *person {
	p.t.Helper()
	p.at("/forgot/check").until("the picture", "document.querySelector('main img').naturalWidth === 300")
	return p.follow("main [data-work]")
}

// forgotten resets the password by mail: every session ends, and the second step is asked as always.
func (p *person) forgotten() {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	q := p.another()
	q.open("/sign-in").follow(`main a[href="/forgot"]`).fill("identifier", p.email).submit("/forgot").solve()
	q.at("/forgot/sent").says(q.word("problem.reset-sent.title"))
	link := q.house.letter(q.t, "email", p.email, "/forgot/").link(q.t, q.house.origin)
	q.open(link).says(q.word("forgot-password.title"))
	path := eval[string](q, "location.pathname")
	q.fill("password", "abc").submit(path).problem("password-too-short")
	q.fill("password", "Copper-Lamp-59").submit(path).at("/done/password-changed")
	p.open("/security").at("/sign-in")
	q.open("/sign-in").fill("identifier", p.email, "password",
		"Copper-Lamp-59").submit("/sign-in").at("/sign-in/verify")
	q.fill("code", q.code()).submit("/sign-in/verify").home()
	q.open(link).says(q.word("problem.link-used.title"), q.word("act.new-link"))
}
