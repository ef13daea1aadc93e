package totp

import (
	"errors"
	"fmt"

	"github.com/latchkey-auth/latchkey/auth"
)

// A Token is a hardware token whose secret its maker delivered: what an import
// knows of it before anybody owns it.
type Token struct {
	Serial    string    `json:"serial"` // as printed on it; 1 to 64 code points
	Secret    []byte    `json:"secret"`
	Counter   uint64    `json:"counter"` // the counter of the next code
	Digits    int       `json:"digits"`
	Algorithm Algorithm `json:"algorithm"`
}

// Validate reports what is wrong with t; the error holds no secret.
func (t Token) Validate() error {
	if t.Serial == "" || t.Serial != label(t.Serial) {
		return errors.New("validating a token: the serial number is missing or malformed")
	}
	if t.Counter > maxCounter {
		return errors.New("validating a token: the counter is too high")
	}
	if err := params(t.Secret, t.Algorithm, t.Digits); err != nil {
		return fmt.Errorf("validating a token: %w", err)
	}
	return nil
}

// An Input is Ceremony.Input for binding by HOTP. Token is never the client's
// word: the caller looks it up by Serial among the tokens that were imported.
type Input struct {
	auth.BindInput
	Token *Token `json:"token,omitempty"`
}
