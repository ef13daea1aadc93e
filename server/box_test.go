package server

import (
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// A box is a stock of one hardware token, which whoever asks may claim.
type box struct{}

const (
	boxedSerial = "AB-1234"
	boxedSecret = "12345678901234567890"
)

// FindToken finds the one token.
func (box) FindToken(_ *auth.Work, _ auth.AccountID, serial string) (*auth.Token, error) {
	if ident.SerialKey(serial) != ident.SerialKey(boxedSerial) {
		return nil, nil
	}
	return &auth.Token{ID: "1", Serial: boxedSerial, Model: "Model C", Kind: auth.HOTP, Secret: []byte(boxedSecret), Algorithm: "SHA1",
		Digits: 6}, nil
}

// AssignToken takes every answer: whose it is by then is not what these tests are about.
func (box) AssignToken(*auth.Work, auth.AccountID, string) error { return nil }

// ReturnToken takes every answer.
func (box) ReturnToken(*auth.Work, auth.AccountID, string, auth.Reached) error { return nil }
