package e2e

func reminderJourneys() []journey {
	return []journey{
		{"a reminder, and not now", func(p *person) { reminded(p, false) }},
		{"a reminder, and not now, without script", func(p *person) { reminded(p, true) }},
	}
}

const secondKey = `main form[action="/security/reminders/second-key/put-off"] button`

// hasOneKey sets up a key, an app and recovery codes: all is well, but for a second key.
func (p *person) hasOneKey() *person {
	p.t.Helper()
	p.plug(usb())
	p.registered().signIn(remember).at("/security/start")
	p.addKey("Red 钥匙").at("/security/start")
	p.addApp().at("/security")
	p.open("/security/codes").submit("/security/codes").press("main [name=saved]").submit("/security/codes/saved")
	return p.at("/security")
}

// reminded is told of one thing that is better mended, follows it, and puts it off: it stays away, and the next one
// comes.
func reminded(p *person, plain bool) {
	title := p.word("advice.second-key.title", "name", "Red 钥匙")
	p.hasOneKey().says(title).silent(p.word("advice.phone-not-proved.title"))
	if plain {
		p.scriptOff()
		p.open("/security")
	}
	p.follow(`main section[aria-labelledby=rm] a`).at("/security/keys/new")
	p.open("/security").follow(secondKey).at("/security").says(p.word("done.reminder-put-off.title"),
		p.word("advice.phone-not-proved.title")).silent(title)
	p.open("/security").says(p.word("advice.phone-not-proved.title")).silent(title,
		p.word("done.reminder-put-off.title"))
}

// reminding is the overview with a reminder, and once it was put off.
func (w *sweep) reminding() {
	q := w.s.person(w.t, w.house, w.lang)
	v := w.beside(q)
	q.hasOneKey()
	v.look("overview, with a reminder")
	q.follow(secondKey).at("/security")
	v.look("overview, a reminder put off")
}
