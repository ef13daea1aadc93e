package e2e

import (
	"fmt"
	"os/exec"
	"strings"

	"github.com/chromedp/cdproto/webauthn"
)

// pinKey is a USB security key that knows its user.
func pinKey() webauthn.VirtualAuthenticatorOptions {
	o := platform()
	o.Transport = webauthn.AuthenticatorTransportUsb
	return o
}

// letIn is what an operator does on the host: it returns the path of the link that the command prints.
func (p *person) letIn(email, role string) string {
	p.t.Helper()
	c := exec.Command(p.house.binary, "staff", "add", "--data", p.house.data, "--role", role, email, "Ann 安")
	c.Env = p.house.cmd.Env
	out, err := c.Output()
	if err != nil {
		p.t.Fatalf("staff add: %v %s", err, out)
	}
	link, _, _ := strings.Cut(string(out), "\n")
	return strings.TrimPrefix(link, p.house.origin)
}

// worksAs registers two keys in a window of its own; the second one stays plugged in.
func (p *person) worksAs(role string, look func(q *person, name string)) (q *person, email string) {
	p.t.Helper()
	email = role + "-" + p.email
	return p.another().takesKeys(email, role, look), email
}

// colleague is somebody else of the staff, in a window of their own.
func (p *person) colleague(role string) *person {
	p.t.Helper()
	q := p.s.person(p.t, p.house, p.lang)
	return q.takesKeys(role+"-"+q.email, role, unseen)
}

// takesKeys registers both keys by the link of an invitation.
func (p *person) takesKeys(email, role string, look func(q *person, name string)) *person {
	p.t.Helper()
	path := p.letIn(email, role)
	first := p.plug(pinKey())
	p.open(path).at(path).says(p.word("desk-join.title"), p.word("role.desk."+role))
	look(p, "an invitation to the desk")
	p.follow("main [data-ask]").at("/desk/keys").says(p.word("desk-keys.one"))
	look(p, "one key at the desk")
	first.unplug()
	p.plug(pinKey())
	return p.follow("main [data-ask]").says(p.word("done.desk-ready.title"))
}

func deskJourneys() []journey {
	return []journey{{"support at the desk", func(p *person) { p.supported(false) }},
		{"support at the desk without script", func(p *person) { p.supported(true) }},
		{"an auditor takes the trail out", (*person).audited},
		{"two reviewers at the desk", (*person).reviewed},
		{"a reviewer sees the pages of a PDF", (*person).reviewsPDF}}
}

func unseen(*person, string) {}

// supported is a seller for whom support has a link mailed, after he has named his e-mail: he sets a new password by
// it, and shows his second step as ever.
func (p *person) supported(plain bool) {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	q, email := p.worksAs("support", unseen)
	if plain {
		p.scriptOff()
		q.scriptOff()
	}
	q.at("/desk/accounts").fill("identifier", "nobody@example.com").submit("/desk/accounts").problem("account-unknown")
	q.fill("identifier", p.email).submit("/desk/accounts").says(q.word("desk-reset.title")).silent(p.email)
	account := eval[string](q, "location.pathname")
	q.fill("email", "other@example.com").submit(account + "/reset").problem("not-registered")
	q.fill("email", p.email).submit(account + "/reset").says(q.word("done.desk-reset.title"))
	link := p.house.letter(p.t, "email", p.email, "/forgot/").link(p.t, p.house.origin)
	p.open(link).says(p.word("forgot-password.title")).fill("password", "Copper-Lamp-59")
	p.follow(resets).at("/done/password-changed")
	p.signIn().problem("sign-in-refused")
	p.fill("identifier", p.email, "password", "Copper-Lamp-59").submit("/sign-in").at("/sign-in/verify")
	p.fill("code", p.code()).submit("/sign-in/verify").home()
	q.follow(`main a[href$="/sessions"]`).submit(account + "/sessions").at(account)
	q.says(q.word("done.desk-sessions.title"))
	p.open("/security").at("/sign-in")
	q.script(true)
	q.open("/desk/staff").says(q.word("problem.forbidden.title"))
	q.open("/desk/accounts").follow(`form[action="/desk/sign-out"] button`).at("/desk/sign-in")
	q.open(account).at("/desk/sign-in").fill("email", email).submit("/desk/sign-in").at("/desk/sign-in/key")
	q.follow("main [data-ask]").at("/desk/accounts")
}

// reviewed is a case that two reviewers approve, each in a window of his own.
func (p *person) reviewed() {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	a := p.another()
	a.email = p.email
	path := a.asksForCase()
	a.open(path).submit(path+"/open").fill("text", "掉进海里了 into the sea").submit(path + "/answer")
	id := strings.TrimPrefix(path, "/recovery/case/")[:22]
	for i, done := range []string{"desk-case-first", "desk-case-approved"} {
		r := p.another()
		r.email = string(rune('a'+i)) + "-" + p.email
		q, _ := r.worksAs("reviewer", unseen)
		q.at("/desk/recovery").follow(`main a[href="/desk/recovery/` + id + `"]`).says("掉进海里了 into the sea")
		if i > 0 {
			q.says("那家店对得上 the shop fits", q.word("desk-case.another"))
		}
		q.checks(id, "那家店对得上 the shop fits")
		q.submit("/desk/recovery/" + id + "/approve").at("/desk/recovery")
		q.says(q.word("done."+done+".title", "number", id[:8]))
	}
	a.open(path).says(a.word("recovery-case.approved.title"))
}

// reviewsPDF sends a PDF with a case; a reviewer sees its pages, with who looks written across them.
func (p *person) reviewsPDF() {
	p.registered()
	path := p.asksForCase()
	p.open(path).submit(path + "/open").sends(twoPages()).at(path).says(p.word("done.pdf-added.title"))
	p.isDrawn()
	p.open(path).fill("text", "掉进海里了 into the sea").submit(path + "/answer")
	r := p.colleague("reviewer")
	r.open("/desk/recovery/" + caseID(path)).looksAtPages(2)
}

// looksAtPages opens the pictures of a case. What this PDF shows is white at its top, but for what is written across.
func (p *person) looksAtPages(want int) {
	p.t.Helper()
	if n := eval[int](p, "document.querySelectorAll('main details').length"); n != want {
		p.t.Fatalf("got %d pictures at the desk, want %d", n, want)
	}
	for i := range want {
		p.press(fmt.Sprintf("main details:nth-of-type(%d) summary", i+1))
		img := fmt.Sprintf("document.querySelectorAll('main details img')[%d]", i)
		p.until("a page", img+".complete && "+img+".naturalWidth > 100")
		ink := eval[int](p, `((img, c) => { c.width = img.naturalWidth; c.height = img.naturalHeight >> 2;
			const on = c.getContext('2d'); on.drawImage(img, 0, 0);
			const d = on.getImageData(0, 0, c.width, c.height).data; let n = 0;
			for (let i = 0; i < d.length; i += 4) n += d[i] - d[i + 1] > 20;
			return n })(`+img+`, document.createElement('canvas'))`)
		if ink < 500 {
			p.t.Errorf("page %d: got %d points written on, want the name of whoever looks", i+1, ink)
		}
	}
}

// checks ticks all that a reviewer has to check, and writes a note.
func (p *person) checks(id, note string) {
	p.t.Helper()
	for _, c := range []string{"owner", "fits", "only"} {
		p.press("main [name=check-" + c + "]")
	}
	p.fill("note", note).submit("/desk/recovery/" + id + "/note")
	p.says(p.word("done.desk-case-noted.title", "number", id[:8]), note)
}

// desk are the staff's pages, of a window of each role.
func (w *sweep) desk() {
	seen := func(q *person, name string) { w.beside(q).look(name) }
	a := w.another()
	a.email = w.email
	path := a.asksForCase()
	a.open(path).submit(path + "/open").sends(photo(200)).at(path)
	a.fill("text", "It fell into the sea.").submit(path + "/answer")
	id := strings.TrimPrefix(path, "/recovery/case/")[:22]

	q, email := w.worksAs("support", seen)
	v := w.beside(q)
	v.look("the desk, finding")
	q.fill("identifier", w.email).submit("/desk/accounts").says(q.word("desk-reset.title"))
	v.look("the desk, an account")
	account := eval[string](q, "location.pathname")
	q.follow(`main a[href$="/sessions"]`)
	v.look("the desk, signing somebody out")
	number := a.open("/help/check").follow(`main form[action="/help/ticket"] button`).text("main .secret")
	q.open("/desk/tickets").fill("ticket", "0000-0000").submit("/desk/tickets").problem("ticket-unknown")
	v.look("the desk, no such ticket")
	q.fill("ticket", number).submit("/desk/tickets").says(q.word("desk-ticket.proves"))
	v.look("the desk, a ticket")
	q.open("/desk/keys")
	v.look("the desk, keys")
	q.open("/desk/keys/0/remove")
	v.look("the desk, removing a key")
	q.open("/desk/touch?next=/desk/keys")
	v.look("the desk, a touch")
	q.open("/desk/staff")
	v.look("the desk, another's page")
	q.follow(`form[action="/desk/sign-out"] button`).at("/desk/sign-in")
	v.look("the desk, signing in")
	q.fill("email", email).submit("/desk/sign-in").at("/desk/sign-in/key")
	v.look("the desk, a key")

	q, _ = w.worksAs("reviewer", unseen)
	v = w.beside(q)
	v.look("the desk, the queue")
	q.open("/desk/recovery/" + id)
	v.look("the desk, a case")
	q.press("main details summary").until("the picture",
		"document.querySelector('main details img').naturalWidth > 100")
	v.look("the desk, a case with its picture")
	q.checks(id, "The shop fits. 店铺对得上。")
	v.look("the desk, a case that was checked")
	q.follow(`main a[href$="/refuse"]`)
	v.look("the desk, a refusal")

	q, _ = w.worksAs("administrator", unseen)
	v = w.beside(q)
	v.look("the desk, the staff")
	q.open("/desk/audit")
	v.look("the desk, whose trail")
	q.fill("identifier", "nobody@example.com", "from", "yesterday").submit("/desk/audit/export").problem("time-malformed")
	v.look("the desk, a trail that is not handed out")
	q.fill("of", w.email).submit("/desk/audit").at("/desk/audit/" + account[len("/desk/accounts/"):])
	v.look("the desk, a trail")
	q.open("/desk/staff").follow(`main li a[href^="/desk/staff/"]`)
	v.look("the desk, one of the staff")
	one := eval[string](q, "location.pathname")
	for _, asks := range []string{"/suspend", "/new-keys"} {
		q.open(one + asks)
		v.look("the desk, asked first: " + asks)
	}
	v.tokensAtTheDesk()
}

// audited is a seller whose history an auditor downloads, twice from the same page: what was refused before is there to
// be mended, the file has no address of hers, and she reads in her history that it was taken.
func (p *person) audited() {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	q, _ := p.worksAs("auditor", unseen)
	q.open("/desk/audit").fill("identifier", "nobody@example.com", "from", "yesterday")
	q.submit("/desk/audit/export").problem("time-malformed")
	q.fill("from", "2026-01-01 00:00").submit("/desk/audit/export").problem("account-unknown")
	q.fill("identifier", p.email)
	for n := 1; n <= 2; n++ {
		file := q.downloads(`main form[action="/desk/audit/export"] button`, "audit.jsonl")
		if got := strings.Count(file, `"desk-export-trail"`); got != n || !strings.Contains(file, `"sign-in"`) ||
			strings.Contains(file, p.email) {
			p.t.Errorf("got %d downloads in the file, want %d, the sign-in and no address: %s", got, n, file)
		}
	}
	p.open("/security/history").says(p.word("event.desk-exported"))
}

// beside is the sweep in another window.
func (w *sweep) beside(q *person) *sweep {
	v := *w
	v.person = q
	return &v
}
