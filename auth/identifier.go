package auth

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// A UserName is a name chosen by its bearer, in any script, kept as typed.
type UserName string

// An Address is an e-mail address, normalised for delivery: the local part in
// the case that was typed, the domain in lower-case ASCII (A-labels).
type Address string

// A Number is a telephone number in E.164, with its plus sign.
type Number string

// A Login is what was typed into the sign-in box, made comparable.
type Login struct {
	Kind Kind   // Email, Phone, or "" where it is neither
	Key  string // Address.Key, Number.Key, or a stand-in that no account has
}

// The longest identifiers, in the unit of each.
const (
	maxAddress  = 254  // bytes, RFC 5321 §4.5.3.1.3 less the angle brackets
	maxLocal    = 64   // bytes, RFC 5321 §4.5.3.1.1
	maxUserName = 40   // code points
	maxName     = 80   // code points
	maxMarks    = 4    // combining marks on one letter
	maxTyped    = 1024 // bytes, before anything is cleaned
)

// ParseAddress returns the e-mail address in s, forgiving blanks, invisible
// characters and the full-width forms of Chinese keyboards. Refuses
// EmailMalformed, with the field email.
func ParseAddress(s string) (Address, error) {
	refused := RefuseField(EmailMalformed, "email")
	if len(s) > maxTyped || !utf8.ValidString(s) {
		return "", refused
	}
	local, domain, ok := strings.Cut(tidy(s), "@")
	if !ok || len(local) > maxLocal || !validLocal(local) {
		return "", refused
	}
	// The mapping also turns the Chinese full stop into a dot. UTS #46 §4.
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
	ascii, err := profile.ToASCII(domain)
	if err != nil || !validDomain(ascii) || len(local)+1+len(ascii) > maxAddress {
		return "", refused
	}
	return Address(local + "@" + ascii), nil
}

// validLocal reports whether s is a dot-string, in ASCII or in letters of any
// script (RFC 6531 §3.3). Everything that could break out of a mail header, or
// become another "@" when normalised, is outside it.
func validLocal(s string) bool {
	const signs = "!#$%&'*+-/=?^_`{|}~"
	atomStart := true
	for _, r := range s {
		switch {
		case r == '.':
			if atomStart {
				return false
			}
			atomStart = true
			continue
		case r < utf8.RuneSelf:
			if !isASCIIAlnum(r) && !strings.ContainsRune(signs, r) {
				return false
			}
		case unicode.IsMark(r):
			if atomStart {
				return false
			}
		case !unicode.IsLetter(r) && !unicode.IsNumber(r):
			return false
		}
		atomStart = false
	}
	return !atomStart
}

// validDomain asks for two labels at least and a top one with a letter, so
// that neither "user@gmail" nor an IP address passes.
func validDomain(s string) bool {
	dot := strings.LastIndexByte(s, '.')
	return dot > 0 && strings.ContainsFunc(s[dot+1:], func(r rune) bool { return r > '9' })
}

func isASCIIAlnum(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

// Key returns the form in which addresses are compared: NFKC and case folded
// as a whole. Two spellings of one mailbox must not be two accounts, nor double
// the guesses at one.
func (a Address) Key() string { return foldKey(string(a)) }

// local returns the part before the "@".
func (a Address) local() string {
	local, _, _ := strings.Cut(string(a), "@")
	return local
}

// ParseNumber returns the telephone number in s, which must begin with its
// country code; digits of any script, blanks, dashes and brackets are taken.
// regions lists the ISO regions served; empty means all. Refuses
// PhoneNoCountry, PhoneMalformed and CountryNotServed, with the field phone.
// Numbers whose callers pay extra are malformed: they invite toll fraud.
func ParseNumber(s string, regions []string) (Number, error) {
	digits, ok := dialled(s)
	switch {
	case !ok:
		return "", RefuseField(PhoneMalformed, "phone")
	case !strings.HasPrefix(digits, "+"):
		return "", RefuseField(PhoneNoCountry, "phone")
	}
	n, err := phonenumbers.Parse(digits, "")
	if err != nil || !reachable(n) {
		return "", RefuseField(PhoneMalformed, "phone")
	}
	if len(regions) > 0 && !slices.Contains(regions, phonenumbers.GetRegionCodeForNumber(n)) {
		return "", RefuseField(CountryNotServed, "phone")
	}
	return Number(phonenumbers.Format(n, phonenumbers.E164)), nil
}

// dialled returns the digits in s, with "+" before them if s has it or "00",
// and false if s holds anything that is not part of a number.
func dialled(s string) (string, bool) {
	if len(s) > maxTyped {
		return "", false
	}
	var b strings.Builder
	for _, r := range norm.NFKC.String(s) {
		d, isDigit := digitOf(r)
		switch {
		case isDigit:
			b.WriteByte(d)
		case r == '+' && b.Len() == 0:
			b.WriteByte('+')
		case !isBlank(r) && !isFiller(r) && !isDash(r) && !strings.ContainsRune("()[]./", r):
			return "", false
		}
	}
	digits := b.String()
	if abroad, ok := strings.CutPrefix(digits, "00"); ok {
		digits = "+" + abroad
	}
	// E.164 allows 15 digits; a few more may be trunk prefixes.
	return digits, 1 < len(digits) && len(digits) <= 20
}

func reachable(n *phonenumbers.PhoneNumber) bool {
	if !phonenumbers.IsValidNumber(n) {
		return false
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.PREMIUM_RATE, phonenumbers.SHARED_COST, phonenumbers.VOICEMAIL, phonenumbers.PAGER:
		return false
	}
	return true
}

// Key returns the form in which numbers are compared, E.164 itself.
func (n Number) Key() string { return string(n) }

// Region returns the ISO region of n, "001" for numbers of no country and ""
// if n is not a number.
func (n Number) Region() string {
	p, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(p)
}

// TakesSMS reports whether a text could arrive at n: false for landlines and
// service numbers, which can only be called (R60).
func (n Number) TakesSMS() bool {
	p, err := phonenumbers.Parse(string(n), "")
	if err != nil {
		return false
	}
	switch phonenumbers.GetNumberType(p) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER:
		return true
	}
	return false
}

// ParseUserName returns the user name in s, in NFC and otherwise as typed.
// Emoji are welcome (R6). Refuses UserNameMissing, and UserNameMalformed for
// more than 40 code points and for characters that cannot be seen, reorder the
// text around them, or float without a letter; both with the field userName.
func ParseUserName(s string) (UserName, error) {
	malformed := RefuseField(UserNameMalformed, "userName")
	if len(s) > maxTyped || !utf8.ValidString(s) {
		return "", malformed
	}
	s = strings.TrimFunc(norm.NFC.String(strings.Map(dropStray, s)), isEdge)
	if s == "" {
		return "", RefuseField(UserNameMissing, "userName")
	}
	if utf8.RuneCountInString(s) > maxUserName || !seemly(s) || foldKey(s) == "" {
		return "", malformed
	}
	return UserName(s), nil
}

// Key returns the form in which user names are compared: NFKC, case folded,
// blanks collapsed, invisible characters removed.
func (u UserName) Key() string { return foldKey(string(u)) }

// ParseName returns the name of a person in s, with blanks collapsed and
// control characters removed. Refuses NameMissing, and NameTooLong beyond 80
// code points, with the field name.
func ParseName(s string) (string, error) {
	if len(s) > maxTyped {
		return "", RefuseField(NameTooLong, "name").With("n", strconv.Itoa(maxName))
	}
	s = strings.Map(func(r rune) rune {
		switch {
		case isBlank(r):
			return ' '
		case unicode.Is(unicode.Cc, r), isBidi(r), r == utf8.RuneError:
			return -1
		}
		return dropStray(r)
	}, s)
	s = strings.Join(strings.Fields(norm.NFC.String(s)), " ")
	switch {
	case foldKey(s) == "":
		return "", RefuseField(NameMissing, "name")
	case utf8.RuneCountInString(s) > maxName:
		return "", RefuseField(NameTooLong, "name").With("n", strconv.Itoa(maxName))
	}
	return s, nil
}

// ParseIdentifier reads what was typed into the sign-in box: an e-mail address
// or a telephone number. It never fails: what is neither gets a stable key
// that no account has, so that to a stranger malformed looks like unknown.
// home lists regions in which a number without country code is tried, in order.
func ParseIdentifier(s string, home ...string) Login {
	if a, err := ParseAddress(s); err == nil {
		return Login{Email, a.Key()}
	}
	if n, err := ParseNumber(s, nil); err == nil {
		return Login{Phone, n.Key()}
	}
	if n, ok := domestic(s, home); ok {
		return Login{Phone, n.Key()}
	}
	sum := sha256.Sum256([]byte(foldKey(s[:min(len(s), maxTyped)])))
	return Login{"", "?" + base64.RawURLEncoding.EncodeToString(sum[:16])}
}

func domestic(s string, home []string) (Number, bool) {
	digits, ok := dialled(s)
	if !ok || digits[0] == '+' {
		return "", false
	}
	for _, region := range home {
		if n, err := phonenumbers.Parse(digits, region); err == nil && phonenumbers.IsValidNumberForRegion(n, region) && reachable(n) {
			return Number(phonenumbers.Format(n, phonenumbers.E164)), true
		}
	}
	return "", false
}

// CleanCode returns a typed or pasted code as it was issued: digits of any
// script and full-width letters in ASCII, without blanks, dashes and invisible
// characters.
func CleanCode(s string) string {
	// Normalised again: two characters can meet where a blank was.
	return norm.NFKC.String(strings.Map(func(r rune) rune {
		if d, ok := digitOf(r); ok {
			return rune(d)
		}
		if isBlank(r) || isDash(r) || isFiller(r) {
			return -1
		}
		return r
	}, norm.NFKC.String(s)))
}
