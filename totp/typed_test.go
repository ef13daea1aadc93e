package totp

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// FuzzTyped: what is read is digits only, reads the same again, and anything
// else is the one refusal.
func FuzzTyped(f *testing.F) {
	for _, s := range []string{`{"code":"123456"}`, `{"code":"１２３ ４５６"}`, `{"code":"12-34"}`, `{"code":"\ud83d"}`, `{}`,
		`null`, `{"code":"1","code":"2"}`, `{"Code":"1"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, response []byte) {
		digits, err := typed(response)
		if err != nil {
			if refusal, ok := err.(*auth.Error); !ok || refusal.Code != auth.CodeMalformed {
				t.Fatalf("got %v, want the refusal %s", err, auth.CodeMalformed)
			}
			return
		}
		if digits == "" || strings.Trim(digits, "0123456789") != "" || len(digits) > len(response) {
			t.Fatalf("got %q from %q, want digits", digits, response)
		}
		text, err := json.Marshal(auth.CodeResponse{Code: digits})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := typed(text); err != nil || again != digits {
			t.Fatalf("got %q and %v from %s, want %q", again, err, text, digits)
		}
	})
}
