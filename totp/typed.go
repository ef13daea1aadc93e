package totp

import (
	"encoding/json"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// typed reads an auth.CodeResponse and returns the digits of its code: digits
// of any width are ordinary ones, blanks, dashes and invisible marks are gone.
// It refuses with auth.CodeMalformed.
func typed(response json.RawMessage) (string, error) {
	digits, err := auth.ReadCode(response)
	if err != nil || digits == "" || strings.Trim(digits, "0123456789") != "" {
		return "", auth.RefuseField(auth.CodeMalformed, "code")
	}
	return digits, nil
}
