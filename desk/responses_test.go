package desk

import (
	"bytes"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
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
	report := w.saysNotMe(auth.AccountID(id), auth.TemplateShopLeft)
	ticket := w.ticket()
	response := w.worker("ann-reviewer", staff.Reviewer).responds("wei@example.com")
	n := 0
	token := w.box()["ACME 1001"]
	for i, p := range pages() {
		if p.get == nil || p.act == "" || p.path == "/desk" || strings.HasSuffix(p.path, "{picture}") {
			continue
		}
		for _, r := range staff.Roles() {
			if !mayVisit(r, p.path) || r == staff.Manager && strings.HasPrefix(p.path, "/desk/accounts/") {
				continue // managers see whom they look after
			}
			path := strings.NewReplacer("{case}", found, "{ticket}", ticket, "{id}", id, "{report}",
				report).Replace(p.path)
			if strings.HasPrefix(p.path, "/desk/staff/") {
				path = strings.Replace(p.path, "{id}", other, 1)
			}
			if strings.HasPrefix(p.path, "/desk/responses/") {
				path = strings.Replace(p.path, "{id}", response, 1)
			}
			if strings.HasPrefix(p.path, tokensPath+"/") {
				path = strings.Replace(p.path, "{id}", token, 1)
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

// upload is a form with a file, as browsers send it.
func (b *browser) upload(path, file string, pairs ...string) *httptest.ResponseRecorder {
	b.w.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for i := 0; i+1 < len(pairs); i += 2 {
		b.w.check(form.WriteField(pairs[i], pairs[i+1]))
	}
	part, err := form.CreateFormFile("file", "list.csv")
	b.w.check(err)
	_, _ = io.WriteString(part, file)
	b.w.check(form.Close())
	return b.sendBody(path, form.FormDataContentType(), body.String())
}

// A list comes as a file as well: it is previewed as a typed one, by lines; what is refused is there again to be
// mended, and the same press twice is one response.
func TestAListInAFile(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	w.pass(time.Minute)
	ann := w.worker("ann", staff.Reviewer)
	const file = "name,e-mail\r\nWei,wei@example.com\r\nNobody,nobody@example.com\r\n"
	rec := ann.upload(listPath, file, "list", "", "since", "tomorrow", "why", "wave", "freeze", "yes")
	if page := rec.Body.String(); rec.Code != http.StatusUnprocessableEntity ||
		!strings.Contains(page, strings.TrimSpace(file)+"</textarea>") ||
		!strings.Contains(page, "Check this time") || !strings.Contains(page, `name="freeze" value="yes" checked`) {
		t.Errorf("a time that is none: got %d %s, want all of it again", rec.Code, page)
	}
	since := w.time().UTC().Format("2006-01-02 15:04")
	for what, bad := range map[string]struct {
		file   string
		status int
		says   string
	}{
		"a workbook": {"PK\x03\x04", http.StatusUnprocessableEntity, "This file is not text"},
		"too long":   {strings.Repeat("x", staff.MaxList+1), http.StatusRequestEntityTooLarge, "The file is too large"},
	} {
		rec := ann.upload(listPath, bad.file, "list", "wei@example.com", "since", since, "why", "kept")
		if page := rec.Body.String(); rec.Code != bad.status || !strings.Contains(page, bad.says) ||
			!strings.Contains(page, `value="kept"`) || !strings.Contains(page, "wei@example.com</textarea>") {
			t.Errorf("%s: got %d %s, want it said beside what was typed", what, rec.Code, page)
		}
	}
	for range 2 {
		rec = ann.upload(listPath, file, "list", "", "since", since, "why", "wave")
		if rec.Code != http.StatusSeeOther {
			t.Fatalf("got %d %s", rec.Code, rec.Body)
		}
	}
	page := ann.open(rec.Header().Get("Location"))
	for _, says := range []string{"Nobody’s here: 1", "Lines that could not be read: 1", "Line 1 of the file:",
		"name,e-mail",
		"Propose it"} {
		if !strings.Contains(page, says) {
			t.Errorf("the preview: got %s, want %q", page, says)
		}
	}
	if n := strings.Count(ann.open("/desk/responses"), `<h2><a href="/desk/responses/`); n != 1 {
		t.Errorf("pressed twice: got %d responses, want one", n)
	}
	ann.upload(listPath, file, "list", "", "since", since, "why", "another wave")
	if n := strings.Count(ann.open("/desk/responses"), `<h2><a href="/desk/responses/`); n != 2 {
		t.Errorf("the same file for another reason: got %d responses, want two", n)
	}
}

// Nobody's file is read who may not send it, and no other page takes one.
func TestWhoSendsAList(t *testing.T) {
	w := newWorld(t)
	ann := w.worker("ann", staff.Reviewer)
	for what, test := range map[string]struct {
		by   *browser
		path string
		want int
	}{
		"support":      {w.worker("sue", staff.Support), listPath, http.StatusForbidden},
		"nobody":       {w.browser(), listPath, http.StatusSeeOther},
		"another page": {ann, "/desk/responses/search", http.StatusBadRequest},
	} {
		rec := test.by.upload(test.path, "wei@example.com\n", "why", "x")
		if rec.Code != test.want || what == "nobody" && rec.Header().Get("Location") != "/desk/sign-in" {
			t.Errorf("%s: got %d %s, want %d", what, rec.Code, rec.Body, test.want)
		}
	}
	if page := ann.open("/desk/responses"); !strings.Contains(page, "There are none of late") {
		t.Errorf("got %s, want nothing begun", page)
	}
}
