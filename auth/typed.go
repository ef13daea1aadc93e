package auth

import (
	"errors"
	"strconv"

	"github.com/latchkey-auth/latchkey/ident"
)

// typedRefusals is what each problem of package ident is refused with.
func typedRefusals() map[ident.Problem]*Error {
	return map[ident.Problem]*Error{
		ident.EmailMalformed:    RefuseField(EmailMalformed, "email"),
		ident.PhoneMissing:      RefuseField(PhoneMissing, "phone"),
		ident.PhoneMalformed:    RefuseField(PhoneMalformed, "phone"),
		ident.PhoneNoCountry:    RefuseField(PhoneNoCountry, "phone"),
		ident.PhoneOtherCountry: RefuseField(PhoneOtherCountry, "phone"),
		ident.CountryNotServed:  RefuseField(CountryNotServed, "phone"),
		ident.UserNameMissing:   RefuseField(UserNameMissing, "userName"),
		ident.UserNameMalformed: RefuseField(UserNameMalformed, "userName"),
		ident.NameMissing:       RefuseField(NameMissing, "name"),
		ident.SerialMalformed:   RefuseField(SerialMalformed, "serial"),
		ident.NameTooLong:       RefuseField(NameTooLong, "name").With("n", strconv.Itoa(ident.MaxName)),
	}
}

// RefuseTyped turns the error of a Parse function of package ident into the
// refusal that says so; other errors, and nil, stay what they are.
func RefuseTyped(err error) error {
	var p ident.Problem
	if !errors.As(err, &p) {
		return err
	}
	if e := typedRefusals()[p]; e != nil {
		return e
	}
	return err
}
