package oob

import (
	"crypto/subtle"
	"encoding/json"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// check refuses a response that does not hold the code of s, or comes when it
// has ended: then, whatever was typed, it could not have been right.
func (s state) check(now time.Time, response json.RawMessage) error {
	code, err := typed(response)
	if err != nil {
		return err
	}
	if now.UnixMicro() >= s.Ends {
		return auth.RefuseField(auth.CodeExpired, "code")
	}
	if subtle.ConstantTimeCompare([]byte(code), []byte(s.Code)) != 1 {
		return s.wrong()
	}
	return nil
}

// wrong is the refusal of a wrong code, with the label of the one that counts.
func (s state) wrong() error {
	return auth.RefuseField(auth.CodeWrong, "code").With("label", s.Label)
}

// typed reads an auth.CodeResponse, strictly, and returns its six digits. It
// refuses with CodeMalformed.
func typed(response json.RawMessage) (string, error) {
	code, err := auth.ReadDigits(response, digits)
	if err != nil || len(code) != digits || strings.Trim(code, "0123456789") != "" {
		return "", auth.RefuseField(auth.CodeMalformed, "code")
	}
	return code, nil
}
