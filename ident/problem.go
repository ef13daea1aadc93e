package ident

// A Problem is what is wrong with something typed: the error of the Parse
// functions. It says nothing of what was typed.
type Problem string

// The problems.
const (
	EmailMalformed    Problem = "email-malformed"
	PhoneMissing      Problem = "phone-missing"
	PhoneMalformed    Problem = "phone-malformed"
	PhoneNoCountry    Problem = "phone-no-country"
	PhoneOtherCountry Problem = "phone-other-country"
	CountryNotServed  Problem = "country-not-served"
	UserNameMissing   Problem = "user-name-missing"
	UserNameMalformed Problem = "user-name-malformed"
	NameMissing       Problem = "name-missing"
	NameTooLong       Problem = "name-too-long"
	SerialMalformed   Problem = "serial-malformed"
)

// Error returns the problem's name.
func (p Problem) Error() string { return string(p) }
