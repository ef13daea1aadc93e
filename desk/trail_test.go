package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/store"
)

const exportPath = "/desk/audit/export"

// takesOut has the trail handed out to a browser: it fails unless that is a file.
func (b *browser) takesOut(pairs ...string) string {
	b.w.t.Helper()
	rec := b.send(http.MethodPost, exportPath, form(pairs...))
	h := rec.Header()
	if rec.Code != http.StatusOK || h.Get("Content-Type") != "application/x-ndjson" ||
		h.Get("Content-Disposition") != `attachment; filename="audit.jsonl"` {
		b.w.t.Fatalf("%q: got %d %v %s, want a file", pairs, rec.Code, h, rec.Body)
	}
	return rec.Body.String()
}

// An act of a trail, as far as tests look at it.
type act struct{ Chain, Action, Outcome, Item, Network, Address, Who string }

func (w *world) acts(lines string) (list []act) {
	w.t.Helper()
	for _, line := range strings.SplitAfter(lines, "\n") {
		var a act
		if line != "" {
			w.check(json.Unmarshal([]byte(line), &a))
			list = append(list, a)
		}
	}
	return list
}

// chains are those with an act that was done.
func chains(list []act, done auth.Action) (in []string) {
	for _, a := range list {
		if a.Action == string(done) && a.Outcome == "" {
			in = append(in, a.Chain)
		}
	}
	return in
}

func (b *browser) asks() auth.Caller {
	return auth.Caller{Token: b.cookies["__Secure-latchkey-desk"], Browser: "c"}
}

// What the desk hands out of an account is what the command on the host does, line for line, however the account is
// named; and that it was handed out is in the account's history and in that of who took it, not in the site's.
func TestTheTrailOfAnAccount(t *testing.T) {
	w := newWorld(t)
	id := w.seller("wei")
	w.seller("lin")
	w.worker("sue", staff.Support).post("/desk/accounts", "identifier", "wei@example.com")
	for i, of := range []string{"wei@example.com", " " + string(id) + " "} {
		b := w.worker("ann-"+string(rune('a'+i)), []staff.Role{staff.Auditor, staff.Administrator}[i])
		var want bytes.Buffer
		_, err := w.audit.Export(t.Context(), "root", audit.Selection{Account: string(id)}, &want)
		w.check(err)
		got := b.takesOut("identifier", of)
		if !strings.HasPrefix(got, want.String()) || strings.Count(got, "\n") != strings.Count(want.String(), "\n")+1 {
			t.Errorf("%q: got %s, want %s and that it was handed out", of, got, &want)
		}
		list := w.acts(got)
		last := list[len(list)-1]
		if last.Chain != string(id) || last.Action != string(audit.ActDeskExport) || last.Who != w.id(b) {
			t.Errorf("%q: got %v at the end, want that he has taken it", of, last)
		}
		all := chains(w.acts(b.takesOut()), audit.ActDeskExport)
		own := slices.Index(all, "staff-"+w.id(b))
		if own < 0 || slices.Contains(all, "staff-lin") || slices.Contains(all, string(lab.FixtureID("lin"))) {
			t.Errorf("%q: got it in %q, want it in his own and in no other's", of, all)
		}
	}
}

// Of the whole site there is every chain; of network addresses the network, of e-mail addresses and numbers what is left
// of them. It is in the site's own trail and in who took it, in that of no account.
func TestTheTrailOfTheSite(t *testing.T) {
	w := newWorld(t)
	_, err := w.lab.Make(t.Context(), auth.Caller{}, lab.AccountForm{Name: "wei", Email: "wei@example.com",
		Phone: "+8613800138000"})
	w.check(err)
	w.seller("lin")
	sue := w.worker("sue", staff.Support)
	for _, of := range []string{"wei@example.com", "lin@example.com", "+8613800138000"} {
		sue.post("/desk/accounts", "identifier", of)
	}
	b := w.worker("ann", staff.Auditor)
	var want bytes.Buffer
	_, err = w.audit.Export(t.Context(), "root", audit.Selection{}, &want)
	w.check(err)
	got := b.takesOut()
	list := w.acts(got)
	for _, a := range w.acts(want.String()) {
		if !slices.Contains(list, a) {
			t.Errorf("got no %v, want all that the command has", a)
		}
	}
	in := chains(list, audit.ActDeskExport)
	if len(in) != 2 || !strings.HasPrefix(in[0]+" "+in[1], "site-") || in[1] != "staff-"+w.id(b) {
		t.Errorf("got it in %q, want it in the site's trail and in his own", in)
	}
	var asked bytes.Buffer
	_, err = w.audit.ExportAtDesk(t.Context(), b.asks(), audit.Selection{Addresses: true}, &asked)
	w.check(err)
	got += asked.String()
	if !strings.Contains(got, `"network":"192.0.2.0/24"`) || !strings.Contains(got, "w•••@example.com") {
		t.Errorf("got %s, want networks, and masked addresses", got)
	}
	for _, whole := range []string{"192.0.2.1\"", `"address"`, "wei@", "lin@", "sue@", "ann@", "13800138000"} {
		if strings.Contains(got, whole) {
			t.Errorf("got %q in %s", whole, got)
		}
	}
}

// The times bound it, the first moment is in it and the last is not; where nothing was done it is empty.
func TestTheTrailOfATime(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	sue, b := w.worker("sue", staff.Support), w.worker("ann", staff.Auditor)
	for range 3 {
		sue.post("/desk/accounts", "identifier", "wei@example.com")
		w.pass(time.Minute)
	}
	for _, row := range []struct {
		from, to string
		want     int
	}{
		{"", "", 3}, {"2026-03-03 12:01", "", 2}, {"", "2026-03-03T12:01", 1}, {" 2026-03-03 12:01 ", "2026-03-03 12:02", 1},
		{"2026-03-04 12:00", "", 0}, {"", "2026-03-02 12:00", 0},
	} {
		got := b.takesOut("identifier", "wei@example.com", "from", row.from, "to", row.to)
		if n := len(chains(w.acts(got), staff.ActFind)); n != row.want {
			t.Errorf("%+v: got %d looks in %s, want %d", row, n, got, row.want)
		}
		if row.want == 0 && got != "" {
			t.Errorf("%+v: got %s, want nothing", row, got)
		}
	}
}

// Whose role has it not, or who is nobody here, gets no line of it, also beside the pages; that it was refused is in the
// trail of who asked, and in nobody else's.
func TestWhoTakesATrailOut(t *testing.T) {
	w := newWorld(t)
	id := w.seller("wei")
	session, err := w.lab.Session(t.Context(), auth.Caller{}, id)
	w.check(err)
	reader := w.worker("eve", staff.Auditor)
	rows := map[string]auth.Caller{"nobody": {}, "a seller": {Token: session.Token}}
	want := map[string]auth.Code{"nobody": auth.SessionRequired, "a seller": auth.SessionEnded}
	for _, r := range staff.Roles() {
		b := w.worker("a-"+string(r), r)
		rows[string(r)] = b.asks()
		if r != staff.Auditor && r != staff.Administrator {
			want[string(r)] = auth.Forbidden
		}
		defer func() {
			refused := 0
			info, err := w.staff.Trail(t.Context(), reader.asks(), w.id(b), 0)
			w.check(err)
			for _, e := range info.Events {
				if e.Action == audit.ActDeskExport && e.Outcome != "" {
					refused += e.Times
				}
			}
			if wanted := want[string(r)] != ""; (refused > 0) != wanted {
				t.Errorf("%s: got %d refusals in his trail", r, refused)
			}
		}()
	}
	for who, c := range rows {
		var out bytes.Buffer
		n, err := w.audit.ExportAtDesk(t.Context(), c, audit.Selection{Account: string(id)}, &out)
		code := auth.Code("")
		if e, ok := errors.AsType[*auth.Error](err); ok {
			code = e.Code
		}
		if code != want[who] || (err == nil) != (n > 0) || (out.Len() > 0) != (n > 0) {
			t.Errorf("%s: got %d lines, %v and %s, want %q", who, n, err, &out, want[who])
		}
	}
	history, err := w.s.History(t.Context(), auth.Caller{Token: session.Token}, "", auth.MaxHistory)
	w.check(err)
	n := 0
	for _, e := range history.Events {
		if e.Action == audit.ActDeskExport {
			n++
		}
	}
	if n != 2 {
		t.Errorf("got %d downloads in the owner's history, want the two that were", n)
	}
}

// What is refused says what to do, keeps all that was typed, and counts for nothing.
func TestATrailThatIsRefused(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	b := w.worker("ann", staff.Auditor)
	const typed, nobody = "wei@example.com", "nobody@example.com"
	for _, row := range []struct {
		identifier, from, to string
		says                 []string
		beside               []string
	}{
		{typed, "yesterday", "", []string{"Check this time"}, []string{"from"}},
		{typed, "", "2026-03-03 25:00", []string{"Check this time"}, []string{"to"}},
		{typed, "03/03/2026", "now", []string{"Check this time"}, []string{"from", "to"}},
		{typed, "2026-03-03 12:00", "2026-03-02 12:00", []string{"“From” has to be before “To”"}, []string{"from"}},
		{"", "2026-03-03 12:00", "2026-03-03 12:00", []string{"“From” has to be before “To”"}, []string{"from"}},
		{nobody, "2026-03-03 12:00", "", []string{"No account was found by this address", "exactly as the seller gave it"},
			[]string{"identifier"}},
		{"+8613800138000", "", "", []string{"No account was found by this address"}, []string{"identifier"}},
		{"export", "", "", []string{"No account was found by this address"}, []string{"identifier"}},
	} {
		page := html.UnescapeString(b.post(exportPath, "identifier", row.identifier, "from", row.from, "to", row.to))
		for _, v := range append(row.says, `value="`+row.identifier+`"`, `value="`+row.from+`"`, `value="`+row.to+`"`) {
			if !strings.Contains(page, v) {
				t.Errorf("%+v: got %s, want %q", row, page, v)
			}
		}
		if got := wrong(page); !slices.Equal(got, row.beside) {
			t.Errorf("%+v: got it said beside %q", row, got)
		}
	}
	for range 20 { // all that a day has
		b.takesOut("identifier", typed)
	}
}

var wrongIn = regexp.MustCompile(`id="f-([a-z]+)-e"`)

// wrong are the fields that a page says something is wrong with.
func wrong(page string) (names []string) {
	for _, m := range wrongIn.FindAllStringSubmatch(page, -1) {
		names = append(names, m[1])
	}
	return names
}

// Twenty a day are one person's; the next is refused before it writes anything, whoever else has some left, until a day
// has gone by.
func TestHowOftenATrailIsTakenOut(t *testing.T) {
	w := newWorld(t)
	id := w.seller("wei")
	b, other := w.worker("ann", staff.Auditor), w.worker("bob", staff.Administrator)
	for range 20 {
		b.takesOut("to", "2026-03-01 00:00")
	}
	page := b.post(exportPath, "identifier", string(id), "from", "2026-03-01 00:00")
	if !strings.Contains(page, "No more downloads today") || !strings.Contains(page, `value="`+string(id)+`"`) ||
		!strings.Contains(page, `value="2026-03-01 00:00"`) || !strings.Contains(page, `datetime="2026-03-04T12:00:00Z"`) {
		t.Errorf("the 21st: got %s, want it refused until tomorrow, with what was typed", page)
	}
	if in := chains(w.acts(other.takesOut("identifier", string(id))), audit.ActDeskExport); len(in) != 1 {
		t.Errorf("got %q of the account, want the other's alone", in)
	}
	w.pass(24*time.Hour + time.Second)
	b.signIn()
	b.takesOut("identifier", string(id))
}

// A heldWriter is an answer that nobody reads until it is let go.
type heldWriter struct {
	*httptest.ResponseRecorder
	begun chan<- struct{}
	let   <-chan struct{}
	once  sync.Once
}

func (h *heldWriter) Write(b []byte) (int, error) {
	h.once.Do(func() { h.begun <- struct{}{} })
	<-h.let
	return h.ResponseRecorder.Write(b)
}

// request is an export by a browser as it is, without what comes back.
func (b *browser) request(pairs ...string) *http.Request {
	r := httptest.NewRequest(http.MethodPost, origin+exportPath, strings.NewReader(form(pairs...).Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for name, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: v})
	}
	return r
}

// Of 64 at once by one person one is handed out; the others are refused, and have neither been counted nor written
// down as done. Somebody else is not in the way, and the next is handed out as soon as the first has ended.
func TestOneTrailAtATime(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	b, other := w.worker("ann", staff.Auditor), w.worker("bob", staff.Auditor)
	begun, let := make(chan struct{}, 64), make(chan struct{})
	answers := make(chan *httptest.ResponseRecorder, 64)
	for range 64 {
		r := b.request("identifier", "wei@example.com")
		go func() {
			h := &heldWriter{ResponseRecorder: httptest.NewRecorder(), begun: begun, let: let}
			w.front.ServeHTTP(h, r)
			answers <- h.ResponseRecorder
		}()
	}
	letGo := sync.OnceFunc(func() { close(let) })
	defer letGo()
	<-begun
	for range 63 {
		var rec *httptest.ResponseRecorder
		select {
		case rec = <-answers:
		case <-begun:
			t.Fatal("got a second one handed out, want one")
		}
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/desk/audit" {
			t.Errorf("got %d %s, want it led back to the form", rec.Code, rec.Body)
		}
	}
	page := b.post(exportPath, "identifier", "wei@example.com", "from", "2026-03-01 00:00")
	if !strings.Contains(page, "A download of yours is still running") ||
		!strings.Contains(page, `value="wei@example.com"`) || !strings.Contains(page, `value="2026-03-01 00:00"`) {
		t.Errorf("one more: got %s, want it refused with what was typed", page)
	}
	other.takesOut("identifier", "wei@example.com")
	letGo()
	if rec := <-answers; rec.Code != http.StatusOK {
		t.Errorf("the first: got %d %s", rec.Code, rec.Body)
	}
	for range 18 {
		b.takesOut("to", "2026-03-01 00:00")
	}
	if in := chains(w.acts(b.takesOut("identifier", "wei@example.com")), audit.ActDeskExport); len(in) != 3 {
		t.Errorf("got %q in the account's history, want the first, the other's and the last", in)
	}
}

// A cuttingWriter does something when the first of an answer is written.
type cuttingWriter struct {
	*httptest.ResponseRecorder
	first func()
}

func (c *cuttingWriter) Write(b []byte) (int, error) {
	if c.first != nil {
		c.first()
		c.first = nil
	}
	return c.ResponseRecorder.Write(b)
}

// cut is how a download ends that something happens to when it has begun: it fails unless it is cut off.
func (b *browser) cut(what string, first func()) {
	b.w.t.Helper()
	got := &cuttingWriter{httptest.NewRecorder(), first}
	defer func() {
		b.w.t.Helper()
		n := strings.Count(got.Body.String(), "\n")
		if why := recover(); why != http.ErrAbortHandler || n == 0 || n > 500 {
			b.w.t.Errorf("%s: got %v after %d lines, want it cut off", what, why, n)
		}
	}()
	b.w.front.ServeHTTP(got, b.request("identifier", "wei@example.com"))
}

// spoil makes an event of a chain one that nobody can read, and returns what mends it.
func (w *world) spoil(key string) (mend func()) {
	w.t.Helper()
	put := func(data []byte) {
		w.t.Helper()
		w.check(w.db.Update(w.t.Context(), func(tx store.Tx) error { return tx.Put("event", key, data) }))
	}
	var was []byte
	w.check(w.db.View(w.t.Context(), func(tx store.Tx) (err error) {
		was, err = tx.Get("event", key)
		was = bytes.Clone(was)
		return err
	}))
	put([]byte("spoilt"))
	return func() { put(was) }
}

// lengthen makes a chain longer than one slice: its first event is in it 520 times more, as 64 to 26b.
func (w *world) lengthen(chain string) {
	w.t.Helper()
	w.check(w.db.Update(w.t.Context(), func(tx store.Tx) error {
		first, err := tx.Get("event", chain+"/000000000001")
		for i := 100; i < 620 && err == nil; i++ {
			err = tx.Put("event", fmt.Sprintf("%s/%012x", chain, i), bytes.Clone(first))
		}
		return err
	}))
}

// What fails once a download has begun cuts it off, so that half a trail does not look like a whole one: who signs out,
// who loses his role, a trail that cannot be read. What cannot be read from the beginning is told on a page. The log has
// what broke; and whoever was cut off can take it out again at once.
func TestHalfATrailIsNoTrail(t *testing.T) {
	w := newWorld(t)
	id := string(w.seller("wei"))
	b, boss := w.worker("ann", staff.Auditor), w.worker("boss", staff.Administrator)
	ann := w.id(b)
	w.worker("sue", staff.Support).post("/desk/accounts", "identifier", "wei@example.com")
	w.lengthen(id)
	mend := func() {}
	b.cut("an event that nobody can read", func() { mend = w.spoil(id + "/00000000026b") })
	if !strings.Contains(w.log.String(), "a trail was handed out in part") {
		t.Errorf("got the log %s, want it said", &w.log)
	}
	mend()
	mend = w.spoil(id + "/000000000001")
	rec := b.send(http.MethodPost, exportPath, form("identifier", "wei@example.com"))
	if rec.Code != http.StatusInternalServerError || strings.Contains(rec.Body.String(), `"chain"`) ||
		!strings.Contains(w.log.String(), "reading the audit trail") {
		t.Errorf("the first event: got %d %s, want a page that says so", rec.Code, rec.Body)
	}
	mend()
	b.cut("signed out", func() { w.check(w.staff.SignOut(t.Context(), b.asks())) })
	b.signIn()
	b.cut("another role", func() { w.check(w.staff.SetRole(t.Context(), boss.asks(), ann, staff.Support)) })
	w.check(w.staff.SetRole(t.Context(), boss.asks(), ann, staff.Auditor))
	b.signIn()
	if n := strings.Count(b.takesOut("identifier", "wei@example.com"), "\n"); n < 521 {
		t.Errorf("got %d lines, want all", n)
	}
}
