package ident

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
)

// A Masked is a number or mailbox for display to someone who may not be its
// owner. Nothing turns it back.
type Masked string

const hidden = "•••"

// Mask returns p for display to someone who may not be its owner: the
// country code and the last four digits, as in "+86 ••• •••• 8000". Of numbers
// with fewer than eight digits it shows the last two, and the dots never tell
// how many digits there are. No number is "".
func (p Phone) Mask() Masked {
	if p == "" {
		return ""
	}
	n, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return hidden
	}
	digits := phonenumbers.GetNationalSignificantNumber(n)
	shown := 4
	if len(digits) < 8 {
		shown = 2
	}
	code, _, _ := strings.Cut(phonenumbers.Format(n, phonenumbers.INTERNATIONAL), " ")
	return Masked(code + " " + hidden + " " + hidden + "• " + digits[max(0, len(digits)-shown):])
}

// Mask returns e for display to someone who may not be its owner: the
// first letter and the domain, as in "s•••@example.com". No address is "".
func (e Email) Mask() Masked {
	if e == "" {
		return ""
	}
	local, domain, ok := strings.Cut(string(e), "@")
	if !ok {
		return hidden
	}
	if shown, err := idna.Display.ToUnicode(domain); err == nil {
		domain = shown
	}
	return Masked(firstLetter(local) + hidden + "@" + domain)
}

// Mask returns r for display to someone who may not be its owner.
func (r Recipient) Mask() Masked {
	if strings.Contains(string(r), "@") {
		return Email(r).Mask()
	}
	return Phone(r).Mask()
}

// Mask returns g where it is a mask; what a person typed is hidden.
func (g Greeting) Mask() Masked {
	if g == "" || strings.Contains(string(g), hidden) {
		return Masked(g)
	}
	return hidden
}

// firstLetter returns the first letter of s with its marks, or "" where that
// would be all of s.
func firstLetter(s string) string {
	_, n := utf8.DecodeRuneInString(s)
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if !unicode.IsMark(r) {
			return s[:n]
		}
		n += size
	}
	return ""
}
