package desk

import (
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
)

// permitted is which roles a page is for, by where it begins: the longest beginning says it. It is written down here
// once more, so that no slip in the tables goes unnoticed.
func permitted() map[string][]staff.Role {
	finders := []staff.Role{staff.Support, staff.Manager}
	return map[string][]staff.Role{
		"/desk":                        staff.Roles(),
		"/desk/accounts":               finders,
		"/desk/accounts/{id}/sessions": {staff.Support},
		"/desk/accounts/{id}/unlock":   {staff.Support},
		"/desk/tickets":                {staff.Support},
		"/desk/tokens":                 {staff.Support, staff.Administrator},
		"/desk/recalls":                {staff.Support, staff.Administrator},
		"/desk/recalls/{model}/push":   {staff.Administrator},
		"/desk/tokens/{id}/retire":     {staff.Administrator},
		"/desk/tokens/import":          {staff.Administrator},
		"/desk/not-me":                 {staff.Support, staff.Reviewer},
		"/desk/recovery":               {staff.Reviewer},
		"/desk/responses":              {staff.Reviewer, staff.Administrator},
		"/desk/audit":                  {staff.Auditor, staff.Administrator},
		"/desk/staff":                  {staff.Administrator},
	}
}

func mayVisit(r staff.Role, path string) bool {
	longest := ""
	for begins := range permitted() {
		if (path == begins || strings.HasPrefix(path, begins+"/")) && len(begins) > len(longest) {
			longest = begins
		}
	}
	return slices.Contains(permitted()[longest], r)
}

// Every route with every role, with none, with a seller's session and with one key: whom a page is not for is told
// so, or led to sign in, and sees nothing of it.
func TestEveryRouteWithEveryRole(t *testing.T) {
	w := newWorld(t)
	id := string(w.seller("wei"))
	session, err := w.lab.Session(t.Context(), auth.Caller{}, auth.AccountID(id))
	w.check(err)
	found := w.caseInReview("wei")
	other := w.worker("other", staff.Support)
	me, err := w.staff.Me(t.Context(), auth.Caller{Token: other.cookies["__Secure-latchkey-desk"]})
	w.check(err)
	path := strings.NewReplacer("{id}", id, "{case}", found, "{link}", "none", "{ticket}", w.ticket(),
		"{report}", w.saysNotMe(auth.AccountID(id), auth.TemplateShopLeft))
	roles := map[string]*browser{"nobody": w.browser(), "a seller": w.browser()}
	roles["a seller"].cookies["__Secure-latchkey-desk"] = session.Token
	for _, r := range staff.Roles() {
		roles[string(r)] = w.worker("a-"+string(r), r)
	}
	open := 0
	own := []auth.Action{staff.ActNewKeys} // who asks grants nothing
	for _, p := range pages() {
		at := path.Replace(p.path)
		if strings.HasPrefix(p.path, "/desk/staff/{id}") {
			at = strings.ReplaceAll(p.path, "{id}", me.ID)
		}
		for who, b := range roles {
			for _, method := range []string{http.MethodGet, http.MethodPost} {
				if method == http.MethodPost && (p.post == nil || p.path == signOutPath || p.path == "/desk/keys") ||
					method == http.MethodGet && p.get == nil {
					continue
				}
				b.open("/desk/sign-in") // with the browser's cookie
				rec := b.send(method, at, form("email", "nobody@example.com", "identifier", "wei@example.com"))
				in := strings.Contains(rec.Header().Get("Location"), "/desk/sign-in")
				switch may := p.act == "" || mayVisit(staff.Role(who), p.path); {
				case p.act == "":
					open++
				case who == "nobody" || who == "a seller":
					if rec.Code != http.StatusSeeOther || !in {
						t.Errorf("%s %s by %s: got %d %q, want it led to sign in", method, p.path, who, rec.Code,
							rec.Header().Get("Location"))
					}
				case !may && rec.Code != http.StatusForbidden:
					t.Errorf("%s %s by %s: got %d, want 403", method, p.path, who, rec.Code)
				case may && method == http.MethodPost && slices.Contains(own, p.act):
					if rec.Code != http.StatusForbidden {
						t.Errorf("%s by %s: got %d, want the second word refused to him", p.path, who, rec.Code)
					}
				case may && (rec.Code == http.StatusForbidden || in || rec.Code >= 500):
					t.Errorf("%s %s by %s: got %d %q, want it let in", method, p.path, who, rec.Code,
						rec.Header().Get("Location"))
				}
			}
			if who == "a seller" {
				b.cookies["__Secure-latchkey-desk"] = session.Token
			}
		}
	}
	if open == 0 {
		t.Error("got no open page, want those of signing in")
	}
}

// What the staff may see of an account is this list. A field more is a decision.
func TestWhatTheStaffSee(t *testing.T) {
	want := map[reflect.Type][]string{
		reflect.TypeFor[auth.Standing](): {"ID", "Name", "UserName", "MaskedEmail", "MaskedPhone", "Language",
			"CreatedAt",
			"EnrolledAt", "PasswordAt", "FrozenAt", "Held", "PasswordDue", "PausedUntil", "CoolUntil", "Dormant",
			"KeysOnlyAt", "ClosesAt", "Sessions", "Methods"},
		reflect.TypeFor[auth.MethodStanding](): {"Kind", "Flavour", "State", "BoundAt", "UsedAt"},
	}
	for of, fields := range want {
		var got []string
		for i := range of.NumField() {
			got = append(got, of.Field(i).Name)
		}
		if !slices.Equal(got, fields) {
			t.Errorf("%s: got %v, want %v", of, got, fields)
		}
	}
	w := newWorld(t)
	id := string(w.seller("wei"))
	page := w.worker("ann", staff.Support).open("/desk/accounts/" + id)
	if strings.Contains(page, "wei@example.com") || !strings.Contains(page, "Mail the link") {
		t.Errorf("got a page with the whole address, or without its form: %s", page)
	}
}

// A day of support: signing in, finding, a wrong and a right e-mail, everything said once.
func TestSupportStartsAReset(t *testing.T) {
	w := newWorld(t)
	id := string(w.seller("wei"))
	b := w.worker("ann", staff.Support)
	b.cookies = map[string]string{}
	if page := b.signIn(); !strings.Contains(page, "Find an account") {
		t.Fatalf("signed in: got %s", page)
	}
	page := b.post("/desk/accounts", "identifier", "nobody@example.com")
	if !strings.Contains(page, `value="nobody@example.com"`) || !strings.Contains(page, `class="err"`) {
		t.Errorf("nobody: got %s, want it said beside what was typed", page)
	}
	page = b.post("/desk/accounts", "identifier", "wei@example.com")
	if !strings.Contains(page, "/desk/accounts/"+id+"/reset") {
		t.Fatalf("found: got %s", page)
	}
	page = b.post("/desk/accounts/"+id+"/reset", "email", "other@example.com")
	if !strings.Contains(page, "That is not this account’s e-mail") || w.mailed(auth.TemplateResetLink) != nil {
		t.Errorf("another e-mail: got %s, or a mail", page)
	}
	page = b.post("/desk/accounts/"+id+"/reset", "email", "wei@example.com")
	if !strings.Contains(page, "The link was mailed") || w.mailed(auth.TemplateResetLink) == nil {
		t.Errorf("the e-mail: got %s, or no mail", page)
	}
	if again := b.open("/desk/accounts/" + id); strings.Contains(again, "The link was mailed") {
		t.Error("loaded again: it is said twice")
	}
	w.pass(11 * time.Minute)
	page = b.post("/desk/accounts/"+id+"/sessions", "x", "y")
	if !strings.Contains(page, "Use your key once more") {
		t.Fatalf("an old touch: got %s", page)
	}
	page = b.touches(page, "/desk/touch", "next", "/desk/accounts/"+id)
	if !strings.Contains(page, "/desk/accounts/"+id+"/sessions") {
		t.Errorf("touched: got %s, want the account", page)
	}
	if page = b.post("/desk/accounts/"+id+"/sessions", "x", "y"); !strings.Contains(page, "Signed out everywhere") {
		t.Errorf("a fresh touch: got %s", page)
	}
}

// A ticket that is read out shows what the browser found out, each time counted, and nothing else.
func TestSupportOpensATicket(t *testing.T) {
	w := newWorld(t)
	b := w.worker("ann", staff.Support)
	ticket := w.ticket()
	page := b.post("/desk/tickets", "ticket", "zzzz zzzz")
	if !strings.Contains(page, `value="zzzz zzzz"`) || !strings.Contains(page, `class="err"`) {
		t.Errorf("none: got %s, want it said beside what was typed", page)
	}
	for looks := 1; looks <= 2; looks++ {
		page = b.post("/desk/tickets", "ticket", strings.ToLower(strings.ReplaceAll(ticket, "-", " ")))
		for _, says := range []string{"Ticket " + ticket, "It proves nothing", "Firefox · Linux", "Blocked.",
			"Seconds ahead of our clock: -340.", "Not named.", "<dd>" + strconv.Itoa(looks) + "</dd>"} {
			if !strings.Contains(page, says) {
				t.Errorf("look %d: got %s, want %q", looks, page, says)
			}
		}
		w.pass(time.Minute)
	}
}

// Two reviewers decide a case, each once, however often and from however many browsers they press.
func TestTwoReviewersDecide(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	id := w.caseInReview("wei")
	ann, bob := w.worker("ann", staff.Reviewer), w.worker("bob", staff.Reviewer)
	page := ann.open("/desk/recovery")
	if !strings.Contains(page, "/desk/recovery/"+id) {
		t.Fatalf("the queue: got %s", page)
	}
	if page = ann.open("/desk/recovery/" + id); !strings.Contains(page, "It fell into the sea.") ||
		strings.Contains(page, id+`/approve"`) {
		t.Fatalf("the case: got %s, want what was said, and no button before it is checked", page)
	}
	page = ann.post("/desk/recovery/"+id+"/note", "check-fits", "yes", "note", strings.Repeat("x", 601))
	if !strings.Contains(page, `class="err"`) || !strings.Contains(page, `name="check-fits" value="yes" checked`) {
		t.Errorf("too long a note: got %s, want it said, and what was ticked kept", page)
	}
	page = ann.checks(id, "The shop fits.")
	if !strings.Contains(page, id+`/approve"`) || strings.Count(page, `value="yes" checked`) != 3 {
		t.Fatalf("checked: got %s, want it ticked, and the button", page)
	}
	if page = bob.open("/desk/recovery/" + id); !strings.Contains(page, "The shop fits.") ||
		!strings.Contains(page, "Another reviewer") {
		t.Errorf("the second reviewer: got %s, want the note of the first", page)
	}
	page = bob.post("/desk/recovery/"+id+"/approve", "x", "y")
	if !strings.Contains(page, "Tick and save what you have checked") {
		t.Errorf("unchecked: got %s, want it refused", page)
	}
	bob.checks(id, "")
	var wait sync.WaitGroup
	for i := range 64 {
		by := ann
		if i%2 == 1 {
			by = bob
		}
		c := auth.Caller{Token: by.cookies["__Secure-latchkey-desk"], Browser: "b", RequestID: "r"}
		wait.Go(func() {
			who, err := w.staff.Acting(t.Context(), c, recovery.ActApprove)
			if err != nil {
				t.Error(err)
				return
			}
			_, _ = w.cases.ApproveCase(t.Context(), c, recovery.Reviewer{ID: who.ID, Accounts: who.Accounts}, id)
		})
	}
	wait.Wait()
	if page = bob.open("/desk/recovery"); strings.Contains(page, "/desk/recovery/"+id) {
		t.Errorf("approved: got it waiting still: %s", page)
	}
	page = bob.open("/desk/recovery/" + id)
	if !strings.Contains(page, "Approvals: 2 of 2") {
		t.Errorf("got %s, want each one's word once", page)
	}
}

// Who was let in a moment ago and is locked out since does nothing any more, though the face had admitted him.
func TestWhoIsLockedOutDecidesNothing(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	id := w.caseInReview("wei")
	ann, admin := w.worker("ann", staff.Reviewer), w.worker("boss", staff.Administrator)
	ann.checks(id, "")
	c := auth.Caller{Token: ann.cookies["__Secure-latchkey-desk"], Browser: "b"}
	who, err := w.staff.Acting(t.Context(), c, recovery.ActApprove)
	w.check(err)
	boss := auth.Caller{Token: admin.cookies["__Secure-latchkey-desk"], Browser: "c"}
	w.check(w.staff.SetRole(t.Context(), boss, who.ID, staff.Support))
	if _, err := w.cases.ApproveCase(t.Context(), c, recovery.Reviewer{ID: who.ID}, id); err == nil {
		t.Error("got the case approved, want the session over")
	}
	bob := w.worker("bob", staff.Reviewer)
	bob.checks(id, "")
	c.Token = bob.cookies["__Secure-latchkey-desk"]
	if _, err := w.cases.ApproveCase(t.Context(), c, recovery.Reviewer{ID: who.ID}, id); err == nil {
		t.Error("in another's name: got the case approved, want it refused")
	}
}

// An approval counts as long as who gave it may give it: one that was given in a session that a thief had falls with
// it, and brings the case back to the reviewers while it still waits.
func TestAVoteFallsWithItsReviewersPlace(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	id := w.caseInReview("wei")
	boss := auth.Caller{Token: w.worker("boss", staff.Administrator).cookies["__Secure-latchkey-desk"], Browser: "c"}
	state := func() string {
		b := w.worker("look-"+w.time().Format("150405"), staff.Reviewer)
		return b.open("/desk/recovery/" + id)
	}
	approves := func(b *browser) string {
		b.checks(id, "")
		return b.post("/desk/recovery/"+id+"/approve", "x", "y")
	}
	ann, bob := w.worker("ann", staff.Reviewer), w.worker("bob", staff.Reviewer)
	approves(ann)
	out := w.id(ann)
	w.check(w.staff.Suspend(t.Context(), boss, out, true))
	w.check(w.staff.Suspend(t.Context(), boss, out, false)) // she is back: her word of before is not
	if page := approves(bob); !strings.Contains(page, "Another reviewer has to approve") {
		t.Errorf("the second word after the first has fallen: got %s", page)
	}
	if page := approves(w.worker("cid", staff.Reviewer)); !strings.Contains(page, "The wait begins") {
		t.Errorf("a second word: got %s", page)
	}
	w.check(w.staff.SetRole(t.Context(), boss, w.id(bob), staff.Support))
	w.pass(25 * time.Hour)
	w.check(w.s.Sweep(t.Context()))
	if page := state(); !strings.Contains(page, "Approvals: 1 of 2") || !strings.Contains(page, `id="ap"`) {
		t.Errorf("come due: got %s, want it back with the reviewers", page)
	}
	if again := w.worker("dan", staff.Reviewer); !strings.Contains(approves(again), "The wait begins") {
		t.Error("approved again: got it waiting for another word, want the one that stands counted")
	}
	w.pass(25 * time.Hour)
	w.check(w.s.Sweep(t.Context()))
	if w.mailed(auth.TemplateRecoveryDone) == nil {
		t.Error("with two words that stand: got nothing done")
	}
}

// What the staff's templates name as a path is a page of the table.
func TestEveryPathNamedIsAPage(t *testing.T) {
	text, err := os.ReadFile("../assets/pages/desk.html")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, p := range pages() {
		known[regexp.MustCompile(`\{[a-z]+\}`).ReplaceAllString(p.path, "x")] = true
	}
	named := regexp.MustCompile(`\$\.To (?:"(/[^"]*)"|\(print "(/[^"]*)" [$.A-Za-z]+(?: "([^"]*)")?\))`)
	found := named.FindAllStringSubmatch(string(text), -1)
	for _, m := range found {
		path := m[1]
		if path == "" {
			path = m[2] + "x" + m[3]
		}
		if !known[path] {
			t.Errorf("%s: got the path %q, want a page", m[0], path)
		}
	}
	for _, m := range regexp.MustCompile(`print \$here "(/[a-z-]+)"`).FindAllStringSubmatch(string(text), -1) {
		if !slices.ContainsFunc(pages(), func(p page) bool { return strings.HasSuffix(p.path, "}"+m[1]) }) {
			t.Errorf("%s: got the path %q, want a page that ends so", m[0], m[1])
		}
	}
	for _, l := range stations() {
		if !known[l.path] {
			t.Errorf("the navigation: got the path %q, want a page", l.path)
		}
	}
	if len(found) < 12 {
		t.Errorf("got %d paths, want all that the templates name", len(found))
	}
}
