package desk

import (
	"html"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// A form that names somebody or something who is not there says so beside what was typed, which it keeps; no form of the
// desk speaks of a page that is missing.
func TestWhatIsNotThereIsSaidBesideIt(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	other := w.id(w.worker("other", staff.Manager))
	support, auditor := w.worker("ann", staff.Support), w.worker("bob", staff.Auditor)
	boss := w.worker("boss", staff.Administrator)
	const account = "No account was found by this address"
	for _, row := range []struct {
		by          *browser
		path, field string
		typed       []string
		says        string
	}{
		{support, "/desk/accounts", "identifier", []string{"nobody@example.com", "+8613800138000", "nobody", "-"}, account},
		{auditor, "/desk/audit", "of", []string{"nobody@example.com", "nobody@desk.example", "nobody"}, account},
		{auditor, exportPath, "identifier", []string{"nobody@example.com", "nobody"}, account},
		{boss, "/desk/staff/" + other + "/assign", "identifier", []string{"nobody@example.com", "nobody"}, account},
		{support, "/desk/tickets", "ticket", []string{"AAAA-2222", "nothing", "", strings.Repeat("A", 41)}, "No ticket was found by this number"},
	} {
		for _, typed := range row.typed {
			page := html.UnescapeString(row.by.post(row.path, row.field, typed, "on", "yes"))
			if got := wrong(page); len(got) != 1 || got[0] != row.field || !strings.Contains(page, row.says) ||
				!strings.Contains(page, `value="`+typed+`"`) {
				t.Errorf("%s, %q: got %s, want %q beside it", row.path, typed, page, row.says)
			}
		}
	}
}

// The page of an account says until when it stands, if its owner has asked to close it.
func TestTheDeskSeesThatAnAccountCloses(t *testing.T) {
	w := newWorld(t)
	id := w.seller("wei")
	b := w.worker("ann", staff.Support)
	if page := b.open("/desk/accounts/" + string(id)); strings.Contains(page, "This account closes at") {
		t.Errorf("before: got %s", page)
	}
	in, err := w.lab.Session(t.Context(), auth.Caller{}, id)
	w.check(err)
	_, err = w.s.CloseAccount(t.Context(), auth.Caller{Token: in.Token}, true)
	w.check(err)
	if page := b.open("/desk/accounts/" + string(id)); !strings.Contains(page, "This account closes at") {
		t.Errorf("after: got %s, want until when it stands", page)
	}
}
