package ident

import (
	"crypto/sha256"
	"encoding/base64"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"
	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// A UserName is a name chosen by its bearer, in any script, kept as typed.
type UserName string

// An Email is an e-mail address, normalised for delivery: the local part in
// the case that was typed, the domain in lower-case ASCII (A-labels). It prints
// masked.
type Email string

// A Phone is a telephone number in E.164, with its plus sign. It prints masked.
type Phone string

// A Recipient is where a message goes: a Phone or an Email. It prints masked.
type Recipient string

// A Greeting is what a page calls a person who is signing in: what he typed
// himself, or a mask. It prints masked.
type Greeting string

// A Login is what was typed into the sign-in box, made comparable. One of its
// fields is set.
type Login struct {
	Email  Email  // in the form of Email.Key
	Phone  Phone  //
	Nobody string // where it is neither: a stand-in that no account has
}

// Key returns the form in which logins are compared.
func (l Login) Key() string { return string(l.Email) + string(l.Phone) + l.Nobody }

// The longest identifiers, in the unit of each.
const (
	MaxUserName = 40   // code points
	MaxName     = 80   // code points
	MaxTyped    = 1024 // bytes, before anything is cleaned

	maxEmail = 254 // bytes, RFC 5321 §4.5.3.1.3 less the angle brackets
	maxLocal = 64  // bytes, RFC 5321 §4.5.3.1.1
	maxMarks = 4   // combining marks on one letter
)

// ParseEmail returns the e-mail address in s, forgiving blanks, invisible
// characters and the full-width forms of Chinese keyboards. Its error is
// EmailMalformed.
func ParseEmail(s string) (Email, error) {
	if len(s) > MaxTyped || !utf8.ValidString(s) {
		return "", EmailMalformed
	}
	local, domain, ok := strings.Cut(unended(tidy(s)), "@")
	if !ok || len(local) > maxLocal || !validLocal(local) {
		return "", EmailMalformed
	}
	// The mapping also turns the Chinese full stop into a dot. UTS #46 §4.
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
	ascii, err := profile.ToASCII(domain)
	if err != nil || !validDomain(ascii) || len(local)+1+len(ascii) > maxEmail {
		return "", EmailMalformed
	}
	return Email(local + "@" + ascii), nil
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
func (e Email) Key() string { return Fold(string(e)) }

// Unaliased returns the key of the mailbox behind e: without the tag after a
// plus sign and, at Gmail, without the dots. It serves to refuse and to count,
// never to find or to merge: elsewhere the two may be two people's.
func (e Email) Unaliased() string {
	local, domain, _ := strings.Cut(e.Key(), "@")
	if tag := strings.IndexByte(local, '+'); tag > 0 {
		local = local[:tag]
	}
	if domain == "gmail.com" || domain == "googlemail.com" {
		local, domain = strings.ReplaceAll(local, ".", ""), "gmail.com"
	}
	return local + "@" + domain
}

// Local returns the part before the "@".
func (e Email) Local() string {
	local, _, _ := strings.Cut(string(e), "@")
	return local
}

// ParsePhone returns the telephone number in s; digits of any script, blanks,
// dashes and brackets are taken. It must begin with its country code, unless it
// is a number of one of the home regions, which are tried in order.
// regions lists the ISO regions served; empty means all. Its errors
// are PhoneMissing, PhoneNoCountry, PhoneMalformed and CountryNotServed. Numbers whose callers pay extra are malformed:
// they invite toll fraud.
func ParsePhone(s string, regions []string, home ...string) (Phone, error) {
	digits, err := typedNumber(s)
	if err != nil {
		return "", err
	}
	if digits[0] != '+' {
		n, ok := domestic(digits, home)
		if !ok {
			return "", PhoneNoCountry
		}
		digits = string(n)
	}
	return servedNumber(digits, regions)
}

// typedNumber returns the digits that somebody typed, as dialled does. Its errors are PhoneMissing and PhoneMalformed.
func typedNumber(s string) (string, error) {
	if strings.TrimFunc(s, func(r rune) bool { return isBlank(r) || isFiller(r) }) == "" {
		return "", PhoneMissing
	}
	digits, ok := dialled(s)
	if !ok {
		return "", PhoneMalformed
	}
	return digits, nil
}

// servedNumber returns the number of digits that begin with "+", if its region is among those served.
func servedNumber(digits string, regions []string) (Phone, error) {
	n, err := phonenumbers.Parse(digits, "")
	if err != nil || !reachable(n) {
		return "", PhoneMalformed
	}
	if len(regions) > 0 && !slices.Contains(regions, phonenumbers.GetRegionCodeForNumber(n)) {
		return "", CountryNotServed
	}
	return Phone(phonenumbers.Format(n, phonenumbers.E164)), nil
}

// dialled returns the digits in s, with "+" before them if s has it or "00",
// and false if s holds anything that is not part of a number.
func dialled(s string) (string, bool) {
	if len(s) > MaxTyped {
		return "", false
	}
	var b strings.Builder
	for _, r := range norm.NFKC.String(unended(s)) {
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
func (p Phone) Key() string { return string(p) }

// Key returns the form in which recipients are compared: two spellings of one
// mailbox are one.
func (r Recipient) Key() string {
	if strings.Contains(string(r), "@") {
		return Email(r).Key()
	}
	return string(r)
}

// Unaliased returns the number, or the key of the mailbox behind r, as
// Email.Unaliased says.
func (r Recipient) Unaliased() string {
	if strings.Contains(string(r), "@") {
		return Email(r).Unaliased()
	}
	return string(r)
}

// Region returns the ISO region of p, "001" for numbers of no country and ""
// if p is not a number.
func (p Phone) Region() string {
	n, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return ""
	}
	return phonenumbers.GetRegionCodeForNumber(n)
}

// TakesSMS reports whether a text could arrive at p: false for landlines and
// service numbers, which can only be called (R60).
func (p Phone) TakesSMS() bool {
	n, err := phonenumbers.Parse(string(p), "")
	if err != nil {
		return false
	}
	switch phonenumbers.GetNumberType(n) {
	case phonenumbers.MOBILE, phonenumbers.FIXED_LINE_OR_MOBILE, phonenumbers.VOIP, phonenumbers.PERSONAL_NUMBER:
		return true
	}
	return false
}

// ParseUserName returns the user name in s, in NFC and otherwise as typed.
// Emoji are welcome (R6). Its errors are UserNameMissing, and UserNameMalformed
// for more than 40 code points and for characters that cannot be seen, reorder
// the text around them, or float without a letter.
func ParseUserName(s string) (UserName, error) {
	if len(s) > MaxTyped || !utf8.ValidString(s) {
		return "", UserNameMalformed
	}
	s = strings.TrimFunc(norm.NFC.String(strings.Map(dropStray, s)), isEdge)
	if s == "" {
		return "", UserNameMissing
	}
	if utf8.RuneCountInString(s) > MaxUserName || !seemly(s) {
		return "", UserNameMalformed
	}
	return UserName(s), nil
}

// Key returns the form in which user names are compared: NFKC, case folded,
// blanks collapsed, invisible characters removed.
func (u UserName) Key() string { return Fold(string(u)) }

// ParseName returns the name of a person in s, as CleanName does. Its errors are
// NameMissing, and NameTooLong beyond MaxName.
func ParseName(s string) (string, error) {
	if len(s) > MaxTyped {
		return "", NameTooLong
	}
	s = CleanName(s)
	switch {
	case s == "":
		return "", NameMissing
	case utf8.RuneCountInString(s) > MaxName:
		return "", NameTooLong
	}
	return s, nil
}

// CleanName returns what somebody calls a person or a thing, with blanks collapsed and without what is not seemly in a
// user name: a name that shows nothing is "", and none shows as another.
func CleanName(s string) string {
	s = strings.Map(func(r rune) rune {
		if isBlank(r) {
			return ' '
		}
		return dropStray(r)
	}, strings.ToValidUTF8(s[:min(len(s), MaxTyped)], ""))
	s = strings.Join(strings.Fields(onlySeemly(norm.NFC.String(s))), " ")
	return strings.TrimFunc(s, isEdge)
}

// maxGreeting is how much of what was typed a page says again, in bytes: no identifier is longer.
const maxGreeting = 254

// Greet returns what was typed as a page may say it again: without blanks around and without characters that control,
// cut to the length of the longest identifier. What is typed beyond that must not show in the length of anything
// sealed.
func Greet(typed string) Greeting {
	typed = strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return -1
		}
		return r
	}, typed[:min(len(typed), MaxTyped)]))
	for len(typed) > maxGreeting {
		_, last := utf8.DecodeLastRuneInString(typed)
		typed = typed[:len(typed)-last]
	}
	return Greeting(typed)
}

// ParseLogin reads what was typed into the sign-in box: an e-mail address
// or a telephone number. It never fails: what is neither gets a stable key
// that no account has, so that to a stranger malformed looks like unknown.
// home lists regions in which a number without country code is tried, in order.
func ParseLogin(s string, home ...string) Login {
	if a, err := ParseEmail(s); err == nil {
		return Login{Email: Email(a.Key())}
	}
	if n, err := ParsePhone(s, nil); err == nil {
		return Login{Phone: n}
	}
	if n, ok := domestic(s, home); ok {
		return Login{Phone: n}
	}
	sum := sha256.Sum256([]byte(Fold(s[:min(len(s), MaxTyped)])))
	return Login{Nobody: "?" + base64.RawURLEncoding.EncodeToString(sum[:16])}
}

func domestic(s string, home []string) (Phone, bool) {
	digits, ok := dialled(s)
	if !ok {
		return "", false
	}
	for _, region := range home {
		if n, err := phonenumbers.Parse(digits, region); err == nil && phonenumbers.IsValidNumberForRegion(n, region) &&
			reachable(n) {
			return Phone(phonenumbers.Format(n, phonenumbers.E164)), true
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
