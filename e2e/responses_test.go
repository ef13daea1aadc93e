package e2e

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/chromedp/chromedp"
)

func responseJourneys() []journey {
	return []journey{
		{"many accounts at once", func(p *person) { responded(p, false) }},
		{"many accounts at once, without script", func(p *person) { responded(p, true) }},
	}
}

// attacked is a seller who is signed in, in a lab where thieves may have been in accounts for a minute.
func (p *person) attacked() *person {
	q, _ := p.inLab(p.deskLab(), "wei")
	q.house.api(q, http.MethodPost, "/lab/accounts", "", map[string]any{"name": "lin", "email": "lin@example.com",
		"language": q.lang}, nil)
	q.comesIn().at("/security")
	q.passes(time.Hour)
	return q
}

// lists is refused a time that is none, and begins a response; it returns its path. A list comes as a file as well.
func (p *person) lists(list string, since time.Time, file bool) string {
	p.t.Helper()
	p.open("/desk/responses").follow(`main a[href$="/responses/list"]`)
	p.fill("list", list, "since", "tomorrow", "why", "泄露 leaked").press("main [name=freeze]")
	p.submit("/desk/responses/list").problem("hours-malformed")
	if file {
		p.choosesList("e-mail\n"+list, since).says(p.word("desk-response.unread"))
	} else {
		p.fill("since", since.UTC().Format("2006-01-02 15:04")).submit("/desk/responses/list")
	}
	return eval[string](p, "location.pathname")
}

// responded is a response to two accounts: from the list to its end and back, by two; one owner lifts it for himself.
func responded(p *person, plain bool) {
	q := p.attacked()
	a, b := q.colleague("reviewer"), q.colleague("administrator")
	if plain {
		for _, who := range []*person{q, a, b} {
			who.scriptOff()
		}
	}
	one := a.lists(q.email+"\nlin@example.com\nnobody@example.com", time.Now().Add(q.ahead), plain)
	a.says(a.word("desk-stage.ready.lead"), a.word("desk-left.unknown", "n", 1)).silent(q.email)
	number := strings.TrimPrefix(one, "/desk/responses/")[:8]
	a.submit(one+"/propose").says(a.word("done.desk-response-proposed.title", "number", number),
		a.word("desk-response.another"))
	b.open(one).submit(one + "/agree").says(b.word("done.desk-response-agreed.title", "number", number))
	q.passes(time.Minute)
	b.open(one).says(b.word("desk-stage.done.lead"))

	for _, to := range []string{q.email, "lin@example.com"} {
		q.hears(to, "mail.safety-frozen.subject")
	}
	q.open("/security").at("/sign-in")
	q.comesIn().open("/security/history").says(q.word("event.hold-lifted"))

	b.open(one).follow(`main form[action="` + one + `/undo"] button`)
	b.says(b.word("done.desk-response-undo.title", "number", number), b.word("desk-response.another"))
	a.open(one).submit(one + "/agree-undo").says(a.word("done.desk-response-undoing.title", "number", number))
	q.passes(time.Minute)
	a.open(one).says(a.word("desk-stage.undone.lead"))
	q.hears("lin@example.com", "mail.safety-over.subject")
}

// hears waits for a mail by its subject.
func (p *person) hears(to, subject string) {
	p.t.Helper()
	p.house.newest(p.t, "email", to, p.word(subject), func(m message) bool { return m.Subject == p.word(subject) })
}

// responding are the pages of a response, in a lab of its own: its clock moves.
func (w *sweep) responding() {
	q := w.attacked()
	first, second := q.colleague("reviewer"), q.colleague("administrator")
	a, b := w.beside(first), w.beside(second)
	first.open("/desk/responses")
	a.look("responses, none")
	first.open("/desk/responses/search")
	a.look("responses, a search")
	first.open("/desk/responses/list")
	a.look("responses, a list")
	first.fill("list", "lin@", "since", "tomorrow", "why", "泄露 leaked").submit("/desk/responses/list")
	a.look("responses, a list that is refused")
	first.choosesList("name,e-mail\nWei,"+q.email+"\nLin,lin@example.com\nNobody,nobody@example.com\n",
		time.Now().Add(q.ahead))
	one := eval[string](first, "location.pathname")
	for range eval[int](first, "document.querySelectorAll('main details').length") {
		first.press("main details:not([open]) summary")
	}
	a.look("a response, ready")
	first.submit(one + "/propose")
	a.look("a response, proposed")
	second.open(one)
	b.look("a response, to be agreed to")
	second.submit(one + "/agree")
	b.look("a response, running")
	q.passes(time.Minute)
	second.open(one)
	b.look("a response, done")
	second.follow(`main form[action="` + one + `/undo"] button`)
	b.look("a response, undoing proposed")
	first.open(one)
	a.look("a response, undoing to be agreed to")
	first.submit(one + "/agree-undo")
	q.passes(time.Minute)
	first.open(one)
	a.look("a response, undone")
	first.open("/desk/responses")
	a.look("responses")
}

// chooses puts a file into the form.
func (p *person) chooses(name, text string) *person {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := chromedp.Do(p.ctx, chromedp.SetUploadFiles(chromedp.CSS("main [name=file]"),
		[]string{path})); err != nil {
		p.t.Fatalf("choosing a file: %v", err)
	}
	return p
}

// choosesList begins a response to the accounts of a file.
func (p *person) choosesList(list string, since time.Time) *person {
	p.t.Helper()
	p.chooses("list.csv", list)
	eval[bool](p, "document.querySelector('main [name=list]').value = '', true")
	p.fill("since", since.UTC().Format("2006-01-02 15:04"), "why", "泄露 leaked")
	return p.submit("/desk/responses/list")
}
