package auth

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
)

const hidden = "•••"

// MaskNumber returns n for display to someone who may not be its owner: the
// country code and the last four digits, as in "+86 ••• •••• 8000". Of numbers
// with fewer than eight digits it shows the last two, and the dots never tell
// how many digits there are. No number is "".
func MaskNumber(n Number) string {
	if n == "" {
		return ""
	}
	p, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return hidden
	}
	digits := phonenumbers.GetNationalSignificantNumber(p)
	shown := 4
	if len(digits) < 8 {
		shown = 2
	}
	code, _, _ := strings.Cut(phonenumbers.Format(p, phonenumbers.INTERNATIONAL), " ")
	return code + " " + hidden + " " + hidden + "• " + digits[max(0, len(digits)-shown):]
}

// MaskAddress returns a for display to someone who may not be its owner: the
// first letter and the domain, as in "s•••@example.com". No address is "".
func MaskAddress(a Address) string {
	if a == "" {
		return ""
	}
	local, domain, ok := strings.Cut(string(a), "@")
	if !ok {
		return hidden
	}
	if shown, err := idna.Display.ToUnicode(domain); err == nil {
		domain = shown
	}
	return firstLetter(local) + hidden + "@" + domain
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
