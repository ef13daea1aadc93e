package desk

import (
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/staff"
)

// stocked is how many tokens the stock has.
func (w *world) stocked() int {
	w.t.Helper()
	list, _, err := w.stock.List(w.t.Context(), inventory.Selection{}, "", 100)
	w.check(err)
	return len(list)
}

// An administrator checks a file, of which nothing is stored, and takes it in: once, however often it is sent. What is
// not taken is told by its line, in words.
func TestAFileOfTokensAtTheDesk(t *testing.T) {
	w := newWorld(t)
	boss := w.worker("boss", staff.Administrator).fresh()
	const file = `serial,secret,type
2001,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,hotp
2002,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJA,hotp
,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJB,hotp
2004,GEZDGNBV,hotp
2001,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJC,hotp
`
	send := func(do string, pairs ...string) string {
		t.Helper()
		rec := boss.upload(importPath, file, append(pairs, "do", do, "box", "box 9", "maker", "ACME", "secrets", "")...)
		if rec.Code != http.StatusOK {
			t.Fatalf("%s: got %d %s", do, rec.Code, rec.Body)
		}
		return html.UnescapeString(rec.Body.String())
	}
	page := send("check")
	for _, want := range []string{"Checked: nothing is stored yet", "Line 4", "It has no serial number.", "Line 5",
		"2004", "Its secret is not 16 to 64 bytes long.", "Line 6", "A line before has the same maker and serial number.",
		`value="box 9"`, `value="ACME"`} {
		if !strings.Contains(page, want) {
			t.Errorf("checked: got no %q in %s", want, page)
		}
	}
	if n := w.stocked(); n != 0 || strings.Contains(page, "GEZDGNBV") {
		t.Fatalf("checked: got %d tokens in the stock, want none, and no secret on the page", n)
	}
	if page = send("import"); !strings.Contains(page, "Hardware tokens taken into the stock: 2") || w.stocked() != 2 {
		t.Fatalf("imported: got %d in the stock and %s, want 2", w.stocked(), page)
	}
	if page = send("import"); !strings.Contains(page, "Hardware tokens taken into the stock: 0") || w.stocked() != 2 {
		t.Errorf("once more: got %d in the stock and %s, want 2", w.stocked(), page)
	}
	page = boss.post(tokensPath, "serial", "2002")
	if !strings.Contains(page, "<h1>2002</h1>") || !strings.Contains(page, "box 9") || !strings.Contains(page, "ACME") {
		t.Errorf("found: got %s, want it with its box and maker", page)
	}
	if n := w.trail(w.worker("eve", staff.Auditor), w.id(boss), inventory.ActDeskImport); n != 2 {
		t.Errorf("got %d imports in the trail, want 2", n)
	}
}

// What a whole file is refused with is said on its page, nothing is stored, and what was typed stays but for secrets.
func TestFilesThatAreNotTakenAtTheDesk(t *testing.T) {
	w := newWorld(t)
	boss := w.worker("boss", staff.Administrator).fresh()
	const row = "serial,manufacturer,secret,type\n1,ACME,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,hotp\n"
	for name, bad := range map[string]struct {
		file  string
		pairs []string
		says  string
	}{
		"no file":         {"", nil, "Choose a file."},
		"another file":    {"what\n", nil, "names no column"},
		"a short key":     {row, []string{"key", "abcd"}, "not 16, 24 or 32 bytes"},
		"no hexadecimal":  {row, []string{"key", strings.Repeat("xy", 16)}, "not 16, 24 or 32 bytes"},
		"a long box":      {row, []string{"box", strings.Repeat("b", 65)}, "The name of the box is too long"},
		"too many bytes":  {strings.Repeat("x", inventory.MaxFile+1), nil, "too large for this page"},
		"too many tokens": {manyRows(inventory.MostAtOnce + 1), nil, "too many hardware tokens"},
		"broken XML": {`<KeyContainer Version="1.0" xmlns="urn:ietf:params:xml:ns:keyprov:pskc"><Key`, nil,
			"cannot be read from there on"},
	} {
		rec := boss.upload(importPath, bad.file, append(bad.pairs, "do", "import", "maker", "Maker & Sons", "passphrase",
			"open sesame")...)
		page := html.UnescapeString(rec.Body.String())
		if rec.Code != http.StatusUnprocessableEntity || !strings.Contains(page, "Nothing was stored") ||
			!strings.Contains(page, bad.says) || !strings.Contains(page, `value="Maker & Sons"`) || strings.Contains(page, "sesame") {
			t.Errorf("%s: got %d %s, want %q", name, rec.Code, page, bad.says)
		}
		if n := w.stocked(); n != 0 {
			t.Fatalf("%s: got %d tokens in the stock, want none", name, n)
		}
	}
	rec := w.worker("sue", staff.Support).fresh().upload(importPath, row, "do", "import")
	if rec.Code != http.StatusForbidden || w.stocked() != 0 {
		t.Errorf("support: got %d, want it refused", rec.Code)
	}
}

func manyRows(n int) string {
	return "serial,manufacturer,secret,type\n" + strings.Repeat("1,ACME,GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ,hotp\n", n)
}

// Every reason has words.
func TestEveryReasonOfAFileHasWords(t *testing.T) {
	texts, err := assets.NewTexts(time.UTC)
	if err != nil {
		t.Fatal(err)
	}
	for _, why := range append(inventory.Reasons(), "no-file", "large", "key") {
		if !texts.Has("stock-why." + why) {
			t.Errorf("got no words for %q", why)
		}
	}
}
