package desk

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/staff"
)

// A response from the form to the end and back, by two, without script; what is refused keeps all that was typed.
func TestTwoRespond(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	w.pass(time.Minute)
	ann, bob := w.worker("ann", staff.Reviewer), w.worker("bob", staff.Administrator)
	list := "wei@example.com\nnobody@example.com\n" + strings.Repeat("x", 3000)
	rec := ann.send(http.MethodPost, "/desk/responses/list", form("list", list, "since", "tomorrow", "why", "leak"))
	if page := rec.Body.String(); rec.Code != http.StatusUnprocessableEntity || !strings.Contains(page, list) ||
		!strings.Contains(page, `value="tomorrow"`) || !strings.Contains(page, "Check this time") {
		t.Errorf("a time that is none: got %d %s", rec.Code, page)
	}
	page := ann.post("/desk/responses/list", "list", list, "since", w.time().UTC().Format("2006-01-02 15:04"), "why",
		"leaked list", "freeze", "yes")
	if !strings.Contains(page, "Nobody’s here: 1") || !strings.Contains(page, "Propose it") ||
		strings.Contains(page, "wei@example.com") {
		t.Fatalf("the preview: got %s", page)
	}
	id := ann.newest()
	one := "/desk/responses/" + id
	if page = ann.post(one+"/propose", "x", "y"); !strings.Contains(page, "Another person has to agree") ||
		strings.Contains(page, one+`/agree"`) {
		t.Errorf("proposed: got %s", page)
	}
	if rec = ann.send(http.MethodPost, one+"/agree", form("x", "y")); rec.Code != http.StatusForbidden {
		t.Errorf("agreeing to one's own: got %d", rec.Code)
	}
	if page = bob.open(one); !strings.Contains(page, one+`/agree"`) {
		t.Errorf("the second person: got %s", page)
	}
	bob.post(one+"/agree", "x", "y")
	w.check(w.s.Sweep(t.Context()))
	if page = bob.open(one); !strings.Contains(page, "Every account was dealt with") {
		t.Errorf("done: got %s", page)
	}
	bob.post(one+"/undo", "x", "y")
	ann.post(one+"/agree-undo", "x", "y")
	w.check(w.s.Sweep(t.Context()))
	if page = ann.open(one); !strings.Contains(page, "What was left of it was taken back") {
		t.Errorf("undone: got %s", page)
	}
	page = ann.post("/desk/responses/search", "network", "203.0.113.0/24", "why", "wave", "from",
		w.time().Add(-time.Hour).Format("2006-01-02T15:04"), "to", w.time().Format("2006-01-02 15:04"))
	if !strings.Contains(page, "We are reading the audit trail") {
		t.Errorf("a search: got %s", page)
	}
}

// newest is the response that was begun last.
func (b *browser) newest() string {
	b.w.t.Helper()
	_, id, _ := strings.Cut(b.open("/desk/responses"), `<h2><a href="/desk/responses/`)
	id, _, _ = strings.Cut(id, `"`)
	return id
}

// responds begins a response to accounts.
func (b *browser) responds(list string) string {
	b.w.t.Helper()
	b.post("/desk/responses/list", "list", list, "since", b.w.time().Format("2006-01-02 15:04"), "why", "x")
	return b.newest()
}

// Every screen of who is signed in says what was looked at, by whom and when.
func TestEveryScreenSaysWhoLooks(t *testing.T) {
	w := newWorld(t)
	id := string(w.seller("wei"))
	found := w.caseInReview("wei")
	other := w.id(w.worker("other", staff.Support))
	ticket := w.ticket()
	response := w.worker("ann-reviewer", staff.Reviewer).responds("wei@example.com")
	n := 0
	for i, p := range pages() {
		if p.get == nil || p.act == "" || p.path == "/desk" || strings.HasSuffix(p.path, "{picture}") {
			continue
		}
		for _, r := range staff.Roles() {
			if !mayVisit(r, p.path) || r == staff.Manager && strings.HasPrefix(p.path, "/desk/accounts/") {
				continue // managers see whom they look after
			}
			path := strings.NewReplacer("{case}", found, "{ticket}", ticket, "{id}", id).Replace(p.path)
			if strings.HasPrefix(p.path, "/desk/staff/") {
				path = strings.Replace(p.path, "{id}", other, 1)
			}
			if strings.HasPrefix(p.path, "/desk/responses/") {
				path = strings.Replace(p.path, "{id}", response, 1)
			}
			name := "looker " + strconv.Itoa(i)
			page := w.worker(strings.ReplaceAll(name, " ", "-")+string(r), r).open(path)
			_, look, _ := strings.Cut(page, `data-look>`)
			look, _, _ = strings.Cut(look, "</p>")
			_, title, _ := strings.Cut(page, "<title>")
			title, _, _ = strings.Cut(title, " · ")
			if !strings.Contains(look, title) || !strings.Contains(look, "looker-"+strconv.Itoa(i)+string(r)) ||
				!strings.Contains(look, "<time") {
				t.Errorf("%s by %s: got %q, want what, who and when", p.path, r, look)
			}
			n++
		}
	}
	if n < 25 {
		t.Errorf("got %d screens, want all", n)
	}
}
