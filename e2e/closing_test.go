package e2e

func closingJourneys() []journey {
	return []journey{
		{"an account that is closed", func(p *person) { closed(p, false) }},
		{"an account that is closed, without script", func(p *person) { closed(p, true) }},
		{"an account that its owner keeps", keepsAccount},
	}
}

const (
	closeAccount = `main form[action="/security/close"] button`
	keepAccount  = `main form[action="/security/close/keep"] button`
)

// leaver is somebody signed in, in a lab, who has just shown his second step.
func (p *person) leaver() *person {
	q, _ := p.inLab(p.deskLab(), "wei")
	return q.comesIn()
}

// asksToClose finds the way from the overview, and asks for the end of the account.
func (p *person) asksToClose() *person {
	p.t.Helper()
	p.open("/security").at("/security").follow(`main a[href="/security/close"]`).at("/security/close")
	p.press("main [name=understood]").follow(closeAccount).at("/security").says(p.word("closes.keep"))
	return p
}

// hearsOf wants the newest mail to be of that sort.
func (p *person) hearsOf(mail string) *person {
	p.t.Helper()
	m := p.house.message(p.t, "email", p.email)
	if want := p.word("mail." + mail + ".subject"); m.Subject != want {
		p.t.Errorf("got the mail %q, want %q", m.Subject, want)
	}
	return p
}

// closed has an account closed, two weeks after its owner has asked for that.
func closed(p *person, plain bool) {
	q := p.leaver()
	if plain {
		q.scriptOff()
	}
	q.asksToClose().hearsOf("closing")
	q.passes(13 * day)
	q.hearsOf("closing")
	q.passes(day)
	q.hearsOf("account-closed")
	q.open("/security").at("/sign-in")
	q.signIn().problem("sign-in-refused")
}

// keepsAccount stops it twice: on the page, and by the link in the mail, without signing in.
func keepsAccount(p *person) {
	q := p.leaver().asksToClose()
	q.follow(keepAccount).at("/security").says(q.word("done.account-kept.title"))
	if q.has(keepAccount) {
		q.t.Error("kept: got it offered again")
	}
	q.asksToClose()
	q.open(q.stopLink()).says(q.word("undo.closing.title")).follow(`main form button`).says(q.word("message.account-kept.title"))
	q.passes(20 * day)
	q.comesIn().at("/security")
}

// stopLink is the link of the newest mail that tells of the end of the account.
func (p *person) stopLink() string {
	p.t.Helper()
	return p.house.letter(p.t, "email", p.email, "/undo/").link(p.t, p.house.origin)
}

// closing are the pages of the end of an account, in a lab of its own.
func (w *sweep) closing() {
	q := w.leaver()
	v := w.beside(q)
	q.open("/security/close").at("/security/close")
	v.look("closing an account")
	q.asksToClose()
	v.look("overview, an account that is closed soon")
	q.open("/security/close").at("/security/close")
	v.look("closing an account, that waits")
	q.open(q.stopLink())
	v.look("a link that keeps an account")
	q.follow(`main form button`)
	v.look("an account, kept by a link")
}
