package desk

import (
	"html"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/web"
)

// Every act that is done leads on to a page that says so.
func TestEveryActSaysThatItIsDone(t *testing.T) {
	w := newWorld(t)
	sleeper := string(w.seller("sleeper"))
	for _, days := range []time.Duration{335, 23, 7} {
		w.pass(days * 24 * time.Hour)
		w.check(w.s.Sweep(t.Context()))
	}
	id := string(w.seller("wei"))
	more := w.caseInReview("wei")
	w.seller("lin")
	refused := w.caseInReview("lin")
	other := w.id(w.worker("other", staff.Manager))
	support, reviewer := w.worker("ann", staff.Support), w.worker("bob", staff.Reviewer)
	boss, chief := w.worker("boss", staff.Administrator), w.worker("chief", staff.Administrator)
	sure := []string{"email", "sleeper@example.com"}
	for _, a := range staff.Assurances() {
		sure = append(sure, sureField(a), "yes")
	}
	person := "/desk/staff/" + other
	for _, act := range []struct {
		by   *browser
		path string
		form []string
		says string
	}{
		{support, "/desk/accounts/" + id + "/reset", []string{"email", "wei@example.com"}, "The link was mailed"},
		{support, "/desk/accounts/" + id + "/sessions", []string{"x", "y"}, "Signed out everywhere"},
		{support, "/desk/accounts/" + sleeper + "/unlock", sure, "The account is switched on"},
		{reviewer, "/desk/recovery/" + more + "/note", []string{"note", "x"}, "Request " + more[:8] + ": saved"},
		{reviewer, "/desk/recovery/" + more + "/more", []string{"text", "Which goods?"}, "Request " + more[:8] + ": more was asked for"},
		{reviewer, "/desk/recovery/" + refused + "/refuse", []string{"reason", "not-proved"}, "Request " + refused[:8] + ": refused"},
		{boss, "/desk/staff/invite", []string{"email", "new@desk.example", "name", "New", "role", "support"}, "was invited"},
		{boss, person + "/assign", []string{"identifier", "wei@example.com", "on", "yes"}, "Accounts in their care were changed"},
		{boss, person + "/role", []string{"role", "auditor"}, "The role was changed"},
		{boss, person + "/suspend", []string{"out", "yes"}, "Locked out"},
		{boss, person + "/suspend", []string{"out", "no"}, "Let in again"},
		{boss, person + "/ask-keys", []string{"x", "y"}, "New keys were asked for"},
		{chief, person + "/new-keys", []string{"x", "y"}, "New keys were granted"},
	} {
		if page := act.by.post(act.path, act.form...); !strings.Contains(html.UnescapeString(page), act.says) {
			t.Errorf("%s: got %s, want %q", act.path, page, act.says)
		}
	}
}

// What was typed is there again after the touch of a key that it needed first.
func TestWhatWasTypedOutlivesATouch(t *testing.T) {
	w := newWorld(t)
	id := string(w.seller("wei"))
	found := w.caseInReview("wei")
	other := w.id(w.worker("other", staff.Manager))
	unlock := []string{"email", "typed@example.com"}
	for _, a := range staff.Assurances() {
		unlock = append(unlock, sureField(a), "yes")
	}
	more := []string{"text", "Which goods?"}
	for _, want := range recovery.Wants() {
		more = append(more, wantField(want), "yes")
	}
	for i, f := range []struct {
		role       staff.Role
		path, back string
		form       []string
	}{
		{staff.Support, "/desk/accounts/" + id + "/reset", "/desk/accounts/" + id, []string{"email", "typed@example.com"}},
		{staff.Support, "/desk/accounts/" + id + "/unlock", "/desk/accounts/" + id + "/unlock", unlock},
		{staff.Reviewer, "/desk/recovery/" + found + "/more", "/desk/recovery/" + found, more},
		{staff.Administrator, "/desk/staff/invite", "/desk/staff",
			[]string{"email", "typed@example.com", "name", "Typed", "role", "auditor"}},
		{staff.Administrator, "/desk/staff/" + other + "/assign", "/desk/staff/" + other, []string{"identifier", "typed@example.com"}},
		{staff.Auditor, "/desk/audit/export", "/desk/audit",
			[]string{"identifier", "typed@example.com", "from", "2026-03-01 00:00", "to", "2026-03-02 00:00"}},
	} {
		b := w.worker("worker-"+strconv.Itoa(i), f.role)
		w.pass(11 * time.Minute)
		asks := b.post(f.path, f.form...)
		if !strings.Contains(asks, "Use your key once more") {
			t.Fatalf("%s: got %s, want a touch asked for", f.path, asks)
		}
		page := b.touches(asks, "/desk/touch", "next", f.back)
		for i := 0; i < len(f.form); i += 2 {
			name, v := f.form[i], f.form[i+1]
			is := `name="` + name + `" value="` + v + `" checked`
			switch name {
			case "text":
				is = v + "</textarea>"
			case "email", "name", "identifier", "from", "to":
				is = `value="` + v + `"`
			}
			if !strings.Contains(page, is) {
				t.Errorf("%s: got %s, want %q as it was typed", f.path, page, is)
			}
		}
	}
}

// What a form has left is told for five minutes, once, and on its own page alone.
func TestHowLongARefusalIsTold(t *testing.T) {
	w := newWorld(t)
	b := w.worker("ann", staff.Support)
	for after, told := range map[time.Duration]bool{0: true, 5*time.Minute - time.Second: true, 5 * time.Minute: false} {
		rec := b.send(http.MethodPost, "/desk/accounts", form("identifier", "nobody@example.com"))
		if rec.Code != http.StatusSeeOther {
			t.Fatalf("got %d", rec.Code)
		}
		w.pass(after)
		if page := b.open("/desk/tickets"); strings.Contains(page, "nobody@example.com") {
			t.Errorf("on another page: got %s", page)
		}
		for i, want := range []bool{told, false} {
			if got := strings.Contains(b.open("/desk/accounts"), `value="nobody@example.com"`); got != want {
				t.Errorf("%s later, look %d: got it told %v, want %v", after, i+1, got, want)
			}
		}
	}
}

// A refusal is told though what was typed has no room in a cookie, and it says by how much.
func TestEveryRefusalIsTold(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	note := "/desk/recovery/" + w.caseInReview("wei") + "/note"
	reviewer, boss := w.worker("ann", staff.Reviewer), w.worker("boss", staff.Administrator)
	for name, text := range map[string]string{"a long note": strings.Repeat("x", 601), "one of many lines": strings.Repeat("x\n", 900),
		"a page": strings.Repeat("<p>&", 450), "a book": strings.Repeat("很长", 1500)} {
		if page := reviewer.post(note, "note", text); !strings.Contains(page, "That is too long") {
			t.Errorf("%s: got %s, want it refused in words", name, page)
		}
	}
	page := boss.post("/desk/staff/invite", "email", "new@desk.example", "name", strings.Repeat("x", 81), "role", "support")
	if !strings.Contains(page, "At most 80 characters.") {
		t.Errorf("a long name: got %s, want it said how long it may be", page)
	}
}

// The texts of a refusal have all its values; a number is the least and the most as well.
func TestWhatTheTextsOfARefusalKnow(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	x := &exchange{Exchange: new(web.Exchange), d: &Desk{Config: Config{Now: func() time.Time { return now }}}}
	x.ID = "ticket"
	got := x.says(auth.Refuse(auth.CodeWrong).With("label", "A7").With("n", "5").At(now.Add(time.Hour)))
	want := assets.Args{"now": now, "ticket": "ticket", "label": "A7", "n": 5, "min": 5, "max": 5, "time": now.Add(time.Hour)}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Whoever comes to the page of the key without having said who he is, is led to say it.
func TestTheKeysPageAsksWhoItIsFirst(t *testing.T) {
	w := newWorld(t)
	for name, cookie := range map[string]string{"none": "", "nonsense": "nonsense", "another browser's": "x"} {
		b := w.browser()
		b.open("/desk/sign-in")
		switch name {
		case "nonsense":
			b.cookies["__Secure-latchkey-desk-who"] = cookie
		case "another browser's":
			other := w.browser()
			other.open("/desk/sign-in")
			other.post("/desk/sign-in", "email", "ann@desk.example")
			b.cookies["__Secure-latchkey-desk-who"] = other.cookies["__Secure-latchkey-desk-who"]
		}
		rec := b.send(http.MethodGet, "/desk/sign-in/key", nil)
		if rec.Code != http.StatusSeeOther || rec.Header().Get("Location") != "/desk/sign-in" {
			t.Errorf("%s: got %d %q, want it led to where one says who one is", name, rec.Code, rec.Header().Get("Location"))
		}
	}
}

// Whoever changes the language comes back to the very page, with what stood behind its path.
func TestTheLanguageComesBackToThePage(t *testing.T) {
	w := newWorld(t)
	auditor := w.worker("ann", staff.Auditor)
	for _, path := range []string{"/desk/audit", "/desk/audit/" + w.id(auditor), "/desk/audit/" + w.id(auditor) + "?before=3"} {
		page := html.UnescapeString(auditor.open(path))
		if want := "/language?" + (url.Values{"return": {path}}).Encode() + `"`; !strings.Contains(page, want) {
			t.Errorf("%s: got %s, want %q", path, page, want)
		}
	}
}

// What a reviewer asks for is what the applicant is told, and nothing else.
func TestWhatAReviewerAsksFor(t *testing.T) {
	w := newWorld(t)
	b := w.worker("ann", staff.Reviewer)
	rows := [][]recovery.Want{nil, recovery.Wants()}
	for _, one := range recovery.Wants() {
		rows = append(rows, []recovery.Want{one})
	}
	w.seller("wei")
	link := w.openCase("wei")
	for _, wants := range rows {
		_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "It fell into the sea.")
		w.check(err)
		fields := []string{"text", "Which goods?"}
		for _, want := range wants {
			fields = append(fields, wantField(want), "yes")
		}
		b.post("/desk/recovery/"+link[:22]+"/more", fields...)
		if info, err := w.cases.Case(t.Context(), auth.Caller{}, link); err != nil || !slices.Equal(info.Wants, wants) {
			t.Errorf("got %+v, %v, want %v asked for", info, err, wants)
		}
	}
}

// Each finding of a ticket is shown as the browser found it: one that is bad as bad, alone.
func TestEachFindingOfATicket(t *testing.T) {
	w := newWorld(t)
	b := w.worker("ann", staff.Support)
	texts, err := assets.NewTexts(time.UTC)
	w.check(err)
	const old = "check.version.old"
	fields := func(c *auth.SelfCheck) map[string]*auth.Finding {
		return map[string]*auth.Finding{"check.window": &c.Window, "check.cookies": &c.Cookies, "check.clock": &c.Clock,
			"check.script": &c.Script, "check.secure": &c.Secure, "check.key": &c.Key, "check.addon": &c.AddOn,
			"check.autofill": &c.Autofill, old: &c.Current}
	}
	rows := []string{"none", "untried"}
	for name := range fields(new(auth.SelfCheck)) {
		rows = append(rows, name)
	}
	for _, bad := range rows {
		var c auth.SelfCheck
		for name, is := range fields(&c) {
			switch {
			case name == bad:
				*is = auth.No
			case bad != "untried":
				*is = auth.Yes
			}
		}
		info, err := w.s.MakeTicket(t.Context(), auth.Caller{Browser: "b"}, auth.TicketForm{Check: c})
		w.check(err)
		page := html.UnescapeString(b.post("/desk/tickets", "ticket", info.Ticket))
		for name := range fields(&c) {
			key := name + ".no"
			if name == old {
				key = old
			}
			if got := strings.Contains(page, texts.Say("en", key, nil)); got != (name == bad) {
				t.Errorf("%s is bad: got %s said %v", bad, key, got)
			}
		}
	}
}
