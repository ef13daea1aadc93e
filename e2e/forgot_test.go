package e2e

// A forgotten password: the mailed code and the way by phone, to a new password or to one sign-in without it. Whoever
// runs no script reads the picture; a program cannot, so there a browser that the account knows asks, or a script does
// the work of that one page.

// resets is the button that sets a new password by a link.
const resets = `main form[action^="/forgot/"] button.btn-main`

func forgotJourneys() []journey {
	return []journey{
		{"a mailed code instead of the link", (*person).mailedReset},
		{"a temporary code", (*person).temporaryCode},
		{"a forgotten password by phone", func(p *person) { p.resetByPhone(true) }},
		{"a forgotten password by phone without script", func(p *person) { p.resetByPhone(false) }},
		{"a mailed and a temporary code without script", func(p *person) {
			p.scriptOff()
			p.mailedReset()
			p.signOut()
			p.stands()
		}},
	}
}

// mailedReset resets the password by the code of the mail, in the browser that asked.
func (p *person) mailedReset() {
	p.registered().signIn(remember).at("/security/start")
	p.addApp().at("/security/start")
	p.signOut().follow(`main a[href="/sign-in"]`).follow(`main a[href="/forgot"]`).at("/forgot")
	p.choosesByMail()
	p.fill("password", "abc").submit("/forgot/choose").problem("password-too-short")
	p.fill("password", "Copper-Lamp-59").submit("/forgot/choose").at("/done/password-changed")
	if p.open("/forgot/sent").at("/forgot/sent").has("main [name=code]") {
		p.t.Error("after the reset: got a field for the code, want none")
	}
	p.open("/sign-in").fill("identifier", p.email, "password", "Copper-Lamp-59").submit("/sign-in")
	p.at("/sign-in/verify")
	p.fill("code", p.code()).submit("/sign-in/verify").home()
	p.open("/security/history").says(p.word("event.password-reset"))
}

// choosesByMail types the mailed code, after a wrong one.
func (p *person) choosesByMail() *person {
	p.t.Helper()
	p.open("/forgot").fill("identifier", p.email).submit("/forgot").at("/forgot/sent")
	p.fill("code", "0000-0000").submit("/forgot/sent").problem("code-wrong")
	code := p.house.letter(p.t, "email", p.email, "/forgot/").mailedCode(p.t)
	p.fill("code", code).submit("/forgot/sent").at("/forgot/choose").says(p.word("forgot-password.temporary"))
	return p
}

// temporaryCode signs in by the code in place of the password, and keeps the password.
func (p *person) temporaryCode() {
	p.registered().signIn(remember).at("/security/start")
	p.addApp().at("/security/start")
	p.signOut()
	p.stands()
	p.signOut().signIn() // the old password
	p.at("/sign-in/verify").fill("code", p.code()).submit("/sign-in/verify").home()
}

// stands has a mailed code stand in for the password once: the second step is asked for as ever, and a new password is
// offered, not demanded.
func (p *person) stands() {
	p.t.Helper()
	p.choosesByMail().follow(`form[action="/forgot/choose/sign-in"] button`).at("/sign-in/verify")
	p.fill("code", p.code()).submit("/sign-in/verify").home().says(p.word("security.temporary.title"))
	p.follow(`main form[action="/security/password/keep"] button`)
	p.at("/security").silent(p.word("security.temporary.title"))
}

// resetByPhone asks by the number, shows its code and the user name, and comes in by the app: the number is no second
// step of it.
func (p *person) resetByPhone(script bool) {
	p.registered().signIn(remember).at("/security/start")
	p.addApp().at("/security/start")
	p.addPhone("sms").at("/security/start")
	q := p.another()
	q.script(script)
	q.open("/sign-in").follow(`main a[href="/forgot"]`).follow(`main a[href="/forgot/phone"]`).at("/forgot/phone")
	q.fill("phone", p.phone).submit("/forgot/phone").at("/forgot/phone/check")
	q.until("the picture", "document.querySelector('main img').naturalWidth === 300")
	if !script {
		q.script(true)
		q.open("/forgot/phone/check").at("/forgot/phone/check")
	}
	q.follow("main [data-work]").at("/forgot/phone/code")
	if !script {
		q.script(false)
		q.open("/forgot/phone/code").at("/forgot/phone/code")
	}
	text := q.house.newest(q.t, "sms", p.phone, "holds a code", func(m message) bool { return m.Label != "" })
	q.says(text.Label)
	q.fill("code", "000000").submit("/forgot/phone/code").problem("code-wrong")
	q.fill("code", text.code(q.t)).submit("/forgot/phone/code").at("/forgot/phone/name")
	q.fill("user-name", "another shop").submit("/forgot/phone/name").problem("user-name-wrong")
	q.fill("user-name", p.user).submit("/forgot/phone/name").at("/forgot/choose")
	q.fill("password", "Copper-Lamp-59").submit("/forgot/choose").at("/done/password-changed")
	p.open("/security").at("/sign-in")
	q.open("/sign-in").fill("identifier", p.phone, "password", "Copper-Lamp-59").submit("/sign-in")
	q.at("/sign-in/verify")
	if q.has("main .go button[name=with][value=sms]") {
		q.t.Error("behind a reset by a number: got a text offered as the second step, want another way alone")
	}
	q.fill("code", q.code()).submit("/sign-in/verify").home()
}
