package lookup

import (
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/ident"
)

// FuzzClean: what is taken for a code has the shape of one and is read the
// same again.
func FuzzClean(f *testing.F) {
	for _, s := range []string{"7KQM-2X9D", "7kqm 2x9d", "７ＫＱＭ－２Ｘ９Ｄ", "oil0-OIL0", "", "UUUUUUUU", "\u200e7KQM2X9D",
		"7KQM2X9\u0660"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, typed string) {
		code, ok := clean(ident.CleanCode(typed))
		if !ok {
			return
		}
		if len(code) != symbols || strings.Trim(code, alphabet) != "" {
			t.Fatalf("got %q from %q", code, typed)
		}
		for _, again := range []string{code, strings.ToLower(code), code[:4] + "-" + code[4:]} {
			if got, ok := clean(ident.CleanCode(again)); !ok || got != code {
				t.Fatalf("got %q and %t from %q, want %q", got, ok, again, code)
			}
		}
	})
}
