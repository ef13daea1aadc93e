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

// typedPair reads an auth.PairResponse: two codes of 6 to 8 digits, as long as
// each other. It refuses with auth.CodeMalformed.
func typedPair(response json.RawMessage) ([2]string, error) {
	first, second, err := auth.ReadPair(response)
	if err != nil {
		return [2]string{}, err
	}
	for _, c := range []struct{ field, code string }{{"code", first}, {"second", second}} {
		if len(c.code) < 6 || len(c.code) > 8 || strings.Trim(c.code, "0123456789") != "" {
			return [2]string{}, auth.RefuseField(auth.CodeMalformed, c.field)
		}
	}
	if len(first) != len(second) {
		return [2]string{}, auth.RefuseField(auth.CodeMalformed, "second")
	}
	return [2]string{first, second}, nil
}
