package desk

import (
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// showsNobody are the pages that show nothing of anybody but who looks, each with the reason.
func showsNobody() map[string]string {
	return map[string]string{
		"/desk":                        "leads on",
		"/desk/sign-in":                "asks who it is",
		"/desk/sign-in/key":            "asks for a key",
		"/desk/join/{link}":            "shows what its link invites to",
		"/desk/keys":                   "one's own",
		"/desk/touch":                  "asks for a key",
		"/desk/accounts":               "an empty form",
		"/desk/accounts/{id}/sessions": "asks before it acts, and reads nothing",
		"/desk/accounts/{id}/unlock":   "asks before it acts, and reads nothing",
		"/desk/keys/{id}/remove":       "asks before it acts, and reads nothing",
		"/desk/tickets":                "an empty form",
		"/desk/tokens":                 "numbers of tokens, and nobody who has one",
		"/desk/tokens/stock":           "how many there are",
		"/desk/tokens/import":          "an empty form",
		"/desk/tokens/{id}/retire":     "asks before it acts, and reads nothing",
		"/desk/recalls":                "how many there are",
		"/desk/recalls/{model}/push":   "asks before it acts, and reads nothing",
		"/desk/audit":                  "an empty form",
		"/desk/responses/list":         "an empty form",
		"/desk/responses/search":       "an empty form",
		"/desk/recovery/{case}/refuse": "asks before it acts, and reads nothing",
		"/desk/staff/{id}/suspend":     "likewise",
		"/desk/staff/{id}/new-keys":    "likewise",
	}
}

// Every page that shows somebody is in the trail of whoever looked, once for each look, by the act of the page; every
// page is there, or is named above.
func TestEveryLookIsWrittenDown(t *testing.T) {
	w := newWorld(t)
	id := string(w.seller("wei"))
	found, picture := w.caseWithPicture("wei")
	other := w.id(w.worker("other", staff.Support))
	auditor := w.worker("eve", staff.Auditor)
	ticket := w.ticket()
	report := w.saysNotMe(auth.AccountID(id), auth.TemplateShopLeft)
	response := w.worker("rita", staff.Reviewer).responds("wei@example.com")
	token := w.box()["ACME 1001"]
	looked := 0
	for _, p := range pages() {
		if p.get == nil {
			continue
		}
		if _, nobody := showsNobody()[p.path]; nobody {
			continue
		}
		var b *browser
		for _, r := range staff.Roles() {
			if mayVisit(r, p.path) && b == nil {
				b = w.worker(strings.Trim(strings.NewReplacer("/", "-", "{", "", "}", "").Replace(p.path), "-"), r)
			}
		}
		if b == nil {
			t.Errorf("%s: got no role that it is for", p.path)
			continue
		}
		path := strings.NewReplacer("{case}", found, "{id}", id, "{ticket}", ticket, "{picture}", picture,
			"{report}", report).Replace(p.path)
		if strings.HasPrefix(p.path, "/desk/staff/") {
			path = strings.Replace(p.path, "{id}", other, 1)
		}
		if strings.HasPrefix(p.path, "/desk/responses/") {
			path = strings.Replace(p.path, "{id}", response, 1)
		}
		if strings.HasPrefix(p.path, tokensPath+"/") {
			path = strings.Replace(p.path, "{id}", token, 1)
		}
		before := w.trail(auditor, w.id(b), p.act)
		for range 2 {
			if rec := b.send(http.MethodGet, path, nil); rec.Code != http.StatusOK {
				t.Fatalf("%s: got %d", path, rec.Code)
			}
			w.pass(1)
		}
		if got := w.trail(auditor, w.id(b), p.act) - before; got != 2 {
			t.Errorf("%s: got %d looks in the trail of who looked, want 2 of %s", p.path, got, p.act)
		}
		looked++
	}
	if looked < 6 {
		t.Errorf("got %d pages that show somebody, want all of them", looked)
	}
}

// id is who a browser is signed in as.
func (w *world) id(b *browser) string {
	w.t.Helper()
	me, err := w.staff.Me(w.t.Context(), auth.Caller{Token: b.cookies["__Secure-latchkey-desk"]})
	w.check(err)
	return me.ID
}

// trail is how often an act was done by somebody of the staff, as an auditor reads it.
func (w *world) trail(auditor *browser, of string, a auth.Action) int {
	w.t.Helper()
	info, err := w.staff.Trail(w.t.Context(), auth.Caller{Token: auditor.cookies["__Secure-latchkey-desk"]}, of, 0)
	w.check(err)
	n := 0
	for _, e := range info.Events {
		if e.Action == a && e.Outcome == "" {
			n += e.Times
		}
	}
	return n
}
