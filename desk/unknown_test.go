package desk

import (
	"encoding/json"
	"html"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/virtual"
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

// The page of an account says that security keys alone open it, for whoever is asked why an app does not.
func TestTheDeskSeesThatKeysAloneOpenAnAccount(t *testing.T) {
	w := newWorld(t)
	var keys []auth.MethodForm
	for _, name := range []string{"red", "blue"} {
		key, err := virtual.New(virtual.Options{Seed: []byte(name)})
		w.check(err)
		client := &virtual.Client{Origin: "https://accounts.example", Authenticators: []*virtual.Authenticator{key}}
		_, err = client.Create([]byte(`{"rp":{"id":"accounts.example","name":"x"},"challenge":"AAECAwQFBgcICQoLDA0ODw",
			"user":{"id":"AAEC","name":"a","displayName":"a"},"pubKeyCredParams":[{"type":"public-key","alg":-7}]}`))
		w.check(err)
		held, err := key.Credentials()[0].CDP()
		w.check(err)
		text, err := json.Marshal(held)
		w.check(err)
		keys = append(keys, auth.MethodForm{Kind: auth.WebAuthn, Name: name, Virtual: text})
	}
	made, err := w.lab.Make(t.Context(), auth.Caller{}, lab.AccountForm{Name: "wei", Methods: keys, Session: true})
	w.check(err)
	b := w.worker("ann", staff.Support)
	at := "/desk/accounts/" + string(made.ID)
	if page := b.open(at); strings.Contains(page, "Keys-only") {
		t.Errorf("before: got %s", page)
	}
	_, err = w.s.SwitchKeysOnly(t.Context(), auth.Caller{Token: made.Token}, true)
	w.check(err)
	if page := b.open(at); !strings.Contains(page, "Keys-only protection is on since") {
		t.Errorf("after: got %s, want it said", page)
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
