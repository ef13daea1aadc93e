package desk

import (
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/staff"
)

// box puts tokens into the stock, two makers' of one number among them. It returns the keys by maker and number.
func (w *world) box() map[string]string {
	w.t.Helper()
	const table = `manufacturer,serial,model,secret,type,digits,counter,period
ACME,1001,Card 3,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,hotp,6,3,
ACME,1002,Card 3,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJA,totp,8,,60
Other,1002,,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJB,hotp,6,0,
`
	tally, err := w.stock.Import(w.t.Context(), "lin", strings.NewReader(table), inventory.Order{Box: "box 7"},
		func(f *inventory.Fault) error { return f })
	if w.check(err); tally.New != 3 {
		w.t.Fatalf("got %+v taken, want 3", tally)
	}
	list, _, err := w.stock.List(w.t.Context(), inventory.Selection{}, "", 10)
	w.check(err)
	keys := map[string]string{}
	for _, t := range list {
		keys[t.Maker+" "+t.Serial] = t.Key
	}
	return keys
}

// fresh touches a key, for what is not done without.
func (b *browser) fresh() *browser {
	b.w.t.Helper()
	b.touches(b.open("/desk/touch"), "/desk/touch")
	return b
}

// Support finds a token by its number, sees whose it is, sets it aside, and says what became of it; the page offers
// what can be done with it, to whom it is permitted.
func TestTokensAtTheDesk(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	keys := w.box()
	ann, boss := w.worker("ann", staff.Support), w.worker("boss", staff.Administrator)
	at := tokensPath + "/" + keys["ACME 1001"]

	page := ann.post(tokensPath, "serial", " 10-01 ")
	if !strings.Contains(page, "<h1>1001</h1>") || !strings.Contains(page, "In stock") ||
		!strings.Contains(page, "box 7") || strings.Contains(page, at+"/retire") || strings.Contains(page, "GEZDGNBV") {
		t.Fatalf("found: got %s", page)
	}
	page = ann.post(tokensPath, "serial", "1002")
	for _, maker := range []string{"ACME", "Other"} {
		if !strings.Contains(page, tokensPath+"/"+keys[maker+" 1002"]+`"`) {
			t.Errorf("of two makers: got %s, want %s's", page, maker)
		}
	}
	steps := []struct {
		by         *browser
		act        string
		pairs      []string
		says       string
		offers     string // the acts that the page offers then
		ownerShown bool
	}{
		{ann, "note", []string{"note", "scratched"}, "The note is saved", "give lost", false},
		{ann.fresh(), "give", []string{"identifier", "wei@example.com"}, "is set aside<", "give lost", true},
		{ann, "lost", nil, "is noted as lost<", "found", false},
		{ann, "found", nil, "is in stock again<", "give lost", false},
		{boss.fresh(), "give", []string{"identifier", "wei@example.com"}, "is set aside<", "give lost retire", true},
		{boss, "retire", nil, "is retired<", "", false},
	}
	for _, step := range steps {
		page := html.UnescapeString(step.by.post(at+"/"+step.act, step.pairs...))
		if !strings.Contains(page, step.says) {
			t.Errorf("%s: got %s, want %q", step.act, page, step.says)
		}
		var offers []string
		for _, act := range []string{"give", "found", "lost", "retire"} {
			if strings.Contains(page, at+"/"+act+`"`) {
				offers = append(offers, act)
			}
		}
		if got := strings.Join(offers, " "); got != step.offers {
			t.Errorf("after %s: got %q offered, want %q", step.act, got, step.offers)
		}
		if got := strings.Contains(page, "Set aside for"); got != step.ownerShown {
			t.Errorf("after %s: got it said for whom %v", step.act, got)
		}
		w.pass(time.Second)
	}
	if page := ann.open(at); !strings.Contains(page, "scratched") || !strings.Contains(page, "Retired") {
		t.Errorf("at the end: got %s", page)
	}
}

// What cannot be done with a token is said on its page, beside what was typed; nothing of it changes.
func TestRefusalsOfTokensAtTheDesk(t *testing.T) {
	w := newWorld(t)
	keys := w.box()
	boss := w.worker("boss", staff.Administrator).fresh()
	at := tokensPath + "/" + keys["ACME 1001"]
	for _, row := range []struct{ path, field, typed, says string }{
		{tokensPath, "serial", "9999", "No hardware token was found by this number"},
		{tokensPath, "serial", "", "No hardware token was found by this number"},
		{at + "/give", "identifier", "nobody@example.com", "No account was found by this address"},
		{at + "/note", "note", strings.Repeat("字", 201), "A note has 200 characters at most"},
	} {
		page := html.UnescapeString(boss.post(row.path, row.field, row.typed))
		if got := wrong(page); len(got) != 1 || got[0] != row.field || !strings.Contains(page, row.says) ||
			!strings.Contains(page, `value="`+row.typed+`"`) {
			t.Errorf("%s, %q: got %s, want %q beside it", row.path, row.typed, page, row.says)
		}
	}
	if page := boss.post(at + "/found"); !strings.Contains(page, "That cannot be done with this hardware token now") ||
		!strings.Contains(page, "In stock") {
		t.Errorf("found, in stock: got %s", page)
	}
	if rec := boss.send(http.MethodGet, tokensPath+"/nothing", nil); rec.Code != http.StatusNotFound {
		t.Errorf("no token: got %d, want 404", rec.Code)
	}
	old := w.worker("old", staff.Support)
	w.pass(11 * time.Minute)
	if page := old.post(at+"/give", "identifier", "wei@example.com"); !strings.Contains(page, `action="/desk/touch"`) {
		t.Errorf("a touch that is old: got %s, want to be asked for another", page)
	}
}

// The page of the stock says how many there are, and which boxes are low.
func TestStockAtTheDesk(t *testing.T) {
	w := newWorld(t)
	w.box()
	page := w.worker("ann", staff.Support).open(tokensPath + "/stock")
	for _, want := range []string{"<dt>In stock</dt><dd>3</dd>", "box 7", "ACME Card 3"} {
		if !strings.Contains(page, want) {
			t.Errorf("got %s, want %q", page, want)
		}
	}
	w.pass(6 * 365 * 24 * time.Hour)
	page = w.worker("bob", staff.Support).open(tokensPath + "/stock")
	_, worn, _ := strings.Cut(page, `id="worn"`)
	worn, _, _ = strings.Cut(worn, `id="models"`)
	if !strings.Contains(worn, "ACME Card 3") {
		t.Errorf("6 years later: got %s, want their batteries pointed out", page)
	}
}

// No other role has anything of the stock.
func TestWhoHasTheStock(t *testing.T) {
	w := newWorld(t)
	key := w.box()["ACME 1001"]
	c := w.worker("eve", staff.Auditor).fresh().asCaller()
	for name, err := range map[string]error{
		"find":  lastErr(w.stock.FindAtDesk(t.Context(), c, "1001")),
		"show":  lastErr(w.stock.ShowAtDesk(t.Context(), c, key)),
		"count": lastErr(w.stock.StatsAtDesk(t.Context(), c, 1, inventory.Wear{})),
		"lose":  lastErr(w.stock.Change(t.Context(), c, inventory.ActDeskLose, key, "")),
		"give":  lastErr(w.stock.Change(t.Context(), c, inventory.ActDeskGive, key, "wei@example.com")),
	} {
		if e, ok := err.(*auth.Error); !ok || e.Code != auth.Forbidden {
			t.Errorf("%s: got %v, want %s", name, err, auth.Forbidden)
		}
	}
}

func lastErr[T any](_ T, err error) error { return err }
