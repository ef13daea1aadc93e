package e2e

// What only the owner knows: the question, the security code, the four ways to another password; and a payout.

func secretJourneys() []journey {
	return []journey{
		{"the question, the code and the four ways", (*person).fourWays},
		{"the four ways without script", func(p *person) { p.scriptOff(); p.fourWays() }},
		{"a payout", (*person).approves},
		{"a payout without script", func(p *person) { p.scriptOff(); p.approves() }},
		{"the security code without a second step", (*person).codeAlone},
		{"the security code without a second step, without script", func(p *person) { p.scriptOff(); p.codeAlone() }},
	}
}

// secrets sets the question and the security code of a seller with an app, and returns the code.
func (p *person) secrets() string {
	p.t.Helper()
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	p.open("/security/question").fill("question", "My first teacher?", "answer", "teacher").submit("/security/question").
		problem("answer-too-plain")
	p.fill("question", "My first teacher?", "answer", "nobody at all").submit("/security/question").at("/security").says(p.word("done.question-set.title"))
	p.open("/security/security-code").says(p.word("security-code.bought.title"))
	p.submit("/security/security-code").says(p.word("security-code-shown.title"))
	code := p.text("#cs")
	p.press("main [name=saved]").submit("/security/security-code/saved").at("/security").
		says(p.word("done.security-code-saved.title"))
	if p.open("/security/security-code").at("/security/security-code").has("#cs") {
		p.t.Error("after it was saved: got the security code shown again, want it shown once")
	}
	return code
}

func (p *person) fourWays() {
	code := p.secrets()
	for _, by := range []struct{ way, field, wrong, refused, right, next string }{
		{"question", "answer", "somebody", "answer-wrong", "Nobody  at all", "Vivid-Marmot7"},
		{"security-code", "security-code", "00000", "security-code-wrong", code, "Vivid-Marmot8"},
		{"current", "current", "Wrong-Lamp-57", "password-wrong", "Vivid-Marmot8", "Vivid-Marmot9"},
	} {
		p.open("/security/password")
		if by.way != "current" {
			p.follow(`main a[href="/security/password?by=` + by.way + `"]`)
		}
		p.fill(by.field, by.wrong, "password", by.next).submit("/security/password").problem(by.refused)
		p.fill(by.field, by.right, "password", by.next).submit("/security/password").at("/security").
			says(p.word("done.password-changed.title"))
	}
	p.open("/security/password").follow(`main a[href="/security/password?by=email"]`)
	p.submit("/security/password/mail").at("/security").says(p.word("done.password-mailed.title"))
	p.open(p.house.letter(p.t, "email", p.email, "/forgot/link/").link(p.t, p.house.origin))
	p.fill("password", password).follow(`main form[action^="/forgot/password/"] button.btn-main`).at("/done/password-changed")
	p.signIn().at("/sign-in/verify").fill("code", p.code()).submit("/sign-in/verify").home()

	p.open("/security/password").follow(`main a[href="/security/contact?for=password"]`).at("/security/contact")
	p.follow(`main a.back[href="/security/password"]`).at("/security/password")
}

func (p *person) approves() {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	const text = "¥ 12,000.00 to account 8000"
	p.open("/approve?text=%C2%A5+12%2C000.00+to+account+8000").at("/confirm").says(p.word("confirm.why.payout"), text)
	p.fill("code", "000000").submit("/confirm").problem("code-wrong").says(text)
	p.fill("code", p.code()).submit("/confirm").at("/approve").says(p.word("approve.title"), text)
	p.open("/approve?text=something+else").at("/confirm").says("something else") // for that text alone
	p.open("/security/history").says(p.word("event.second-step-refused", "way", p.word("way.app")))
}

// codeAlone shows the security code in place of the second step, and stops what waits by the mailed link.
func (p *person) codeAlone() {
	code := p.secrets()
	p.signOut().signIn().at("/sign-in/verify").follow(`main a[href="/sign-in/security-code"]`)
	p.fill("security-code", "00000").submit("/sign-in/security-code").problem("security-code-wrong")
	p.fill("security-code", code).submit("/sign-in/security-code").at("/done/code-waits").
		says(p.word("message.code-waits.title"))
	p.open("/sign-in/verify").at("/sign-in")
	p.open(p.house.letter(p.t, "email", p.email, "/undo/").link(p.t, p.house.origin)).says(p.word("undo.code.title"))
	p.follow("main form button.btn-main").at("/done/removal-stopped")
	p.signIn().at("/sign-in/verify").fill("code", p.code()).submit("/sign-in/verify").home()
	p.open("/security/history").says(p.word("event.security-code-refused"))
}
