package oob

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// FuzzTyped: what is read is six digits and reads the same again; anything else
// is the one refusal.
func FuzzTyped(f *testing.F) {
	for _, s := range []string{`{"code":"123456"}`, `{"code":"１２３ ４５６"}`, `{"code":"12-34-56"}`, `{}`, `null`,
		`{"code":"1","code":"2"}`, `{"Code":"123456"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, response []byte) {
		code, err := typed(response)
		if err != nil {
			if refusal, ok := err.(*auth.Error); !ok || refusal.Code != auth.CodeMalformed {
				t.Fatalf("got %v, want the refusal %s", err, auth.CodeMalformed)
			}
			return
		}
		if len(code) != digits || strings.Trim(code, "0123456789") != "" {
			t.Fatalf("got %q from %q, want six digits", code, response)
		}
		text, err := json.Marshal(auth.CodeResponse{Code: code})
		if err != nil {
			t.Fatal(err)
		}
		if again, err := typed(text); err != nil || again != code {
			t.Fatalf("got %q and %v from %s, want %q", again, err, text, code)
		}
	})
}
