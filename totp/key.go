package totp

import (
	"encoding/base32"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/latchkey-auth/latchkey/auth"
)

// An Algorithm is the hash of the HMAC, spelt as in otpauth URIs.
type Algorithm string

// The algorithms of RFC 6238 §1.2. Many apps know SHA1 only and silently
// compute wrong codes for the others.
const (
	SHA1   Algorithm = "SHA1"
	SHA256 Algorithm = "SHA256"
	SHA512 Algorithm = "SHA512"
)

// Limits of what a Key may be. RFC 4226 §4 R6 asks for secrets of 128 bits at
// least and recommends 160, which is what is generated here.
const (
	minSecret  = 16
	newSecret  = 20
	maxSecret  = 128
	minPeriod  = 15
	maxPeriod  = 300
	maxCounter = 1<<53 - 1 // what every JSON reader can hold
	maxLabel   = 64        // code points of an issuer or an account
)

// b32 is the encoding of secrets in otpauth URIs: RFC 4648 §6, unpadded.
func b32() *base32.Encoding { return base32.StdEncoding.WithPadding(base32.NoPadding) }

// A Key is an OATH key: what an otpauth URI says.
type Key struct {
	Kind      auth.Kind // auth.TOTP or auth.HOTP
	Issuer    string    // the site; no colon
	Account   string    // the account at the site; no colon
	Secret    []byte    // 16 to 128 bytes
	Algorithm Algorithm
	Digits    int    // 6 or 8
	Period    int    // TOTP: seconds a code lasts, 15 to 300
	Counter   uint64 // HOTP: the counter of the next code
}

// generate returns a secret of 160 bits.
func generate(r io.Reader) ([]byte, error) {
	secret := make([]byte, newSecret)
	if _, err := io.ReadFull(r, secret); err != nil {
		return nil, fmt.Errorf("generating a secret: %w", err)
	}
	return secret, nil
}

// Validate reports what is wrong with k; the error holds no secret. Codes of a
// key that does not validate are never computed: the library below accepts an
// empty secret, any number of digits, and panics for MD5.
func (k Key) Validate() error {
	if err := errors.Join(params(k.Secret, k.Algorithm, k.Digits), inApps(k.Digits)); err != nil {
		return err
	}
	switch {
	case k.Kind == auth.TOTP && (k.Period < minPeriod || k.Period > maxPeriod):
		return fmt.Errorf("period of %d seconds, want %d to %d", k.Period, minPeriod, maxPeriod)
	case k.Kind == auth.TOTP && k.Counter != 0:
		return errors.New("a time-based key has no counter")
	case k.Kind == auth.HOTP && k.Period != 0:
		return errors.New("a counter-based key has no period")
	case k.Kind == auth.HOTP && k.Counter > maxCounter:
		return errors.New("the counter is too high")
	case k.Kind != auth.TOTP && k.Kind != auth.HOTP:
		return errors.New("neither time-based nor counter-based")
	case k.Account == "":
		return errors.New("no account")
	case k.Issuer != label(k.Issuer) || k.Account != label(k.Account):
		return errors.New("the issuer or the account is too long or holds a colon or a control character")
	}
	return nil
}

// params validates what a code is computed from.
func params(secret []byte, a Algorithm, digits int) error {
	switch {
	case len(secret) < minSecret || len(secret) > maxSecret:
		return fmt.Errorf("secret of %d bytes, want %d to %d", len(secret), minSecret, maxSecret)
	case a != SHA1 && a != SHA256 && a != SHA512:
		return errors.New("unknown algorithm")
	case digits < 6 || digits > 8:
		return fmt.Errorf("%d digits, want 6 to 8", digits)
	}
	return nil
}

// inApps refuses the seven digits that some hardware tokens show, and no app.
func inApps(digits int) error {
	if digits == 7 {
		return errors.New("7 digits, want 6 or 8")
	}
	return nil
}

// label returns s as it may stand in the label of an otpauth URI: without
// colons, which separate issuer and account, and without control characters.
func label(s string) string {
	s = strings.Map(func(r rune) rune {
		if r == ':' || r == utf8.RuneError || unicode.IsControl(r) {
			return ' '
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if n := []rune(s); len(n) > maxLabel {
		s = strings.TrimSpace(string(n[:maxLabel]))
	}
	return s
}

// URI returns k as an otpauth URI for a QR code. Names are percent-encoded
// throughout and blanks are %20: apps read a plus sign as a plus sign. What every
// app takes for granted (SHA1, 6 digits, 30 seconds) is left out, for each letter
// makes the code's modules smaller.
func (k Key) URI() string {
	escape := func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "+", "%20") }
	var b strings.Builder
	fmt.Fprintf(&b, "otpauth://%s/", k.Kind)
	if k.Issuer != "" {
		b.WriteString(escape(k.Issuer) + ":")
	}
	fmt.Fprintf(&b, "%s?secret=%s", escape(k.Account), b32().EncodeToString(k.Secret))
	if k.Issuer != "" {
		b.WriteString("&issuer=" + escape(k.Issuer))
	}
	if k.Algorithm != SHA1 {
		fmt.Fprintf(&b, "&algorithm=%s", k.Algorithm)
	}
	if k.Digits != 6 {
		fmt.Fprintf(&b, "&digits=%d", k.Digits)
	}
	switch {
	case k.Kind == auth.HOTP:
		fmt.Fprintf(&b, "&counter=%d", k.Counter)
	case k.Period != 30:
		fmt.Fprintf(&b, "&period=%d", k.Period)
	}
	return b.String()
}

// ParseKeyURI reads an otpauth URI. It is strict: another scheme, digits other
// than 6 or 8, an unknown algorithm or parameter, a parameter given twice, a
// short secret, or an issuer that the label contradicts is an error, never a
// default. The error holds no secret.
func ParseKeyURI(uri string) (Key, error) {
	if len(uri) > 4096 || !utf8.ValidString(uri) {
		return Key{}, errors.New("reading a key URI: too long or not UTF-8")
	}
	u, err := url.Parse(uri)
	if err != nil {
		// The error of url.Parse quotes the URI, and with it the secret.
		return Key{}, errors.New("reading a key URI: not a URI")
	}
	if u.Scheme != "otpauth" || u.Opaque != "" || u.User != nil || u.Fragment != "" || !strings.HasPrefix(u.Path, "/") {
		return Key{}, errors.New("reading a key URI: not an otpauth URI")
	}
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Key{}, errors.New("reading a key URI: malformed parameters")
	}
	k := Key{Kind: auth.Kind(u.Host), Algorithm: SHA1, Digits: 6}
	if k.Kind == auth.TOTP {
		k.Period = 30
	}
	if err := k.readParams(q); err != nil {
		return Key{}, fmt.Errorf("reading a key URI: %w", err)
	}
	if err := k.readLabel(strings.TrimPrefix(u.Path, "/")); err != nil {
		return Key{}, fmt.Errorf("reading a key URI: %w", err)
	}
	if err := k.Validate(); err != nil {
		return Key{}, fmt.Errorf("reading a key URI: %w", err)
	}
	return k, nil
}

// readParams reads the query of an otpauth URI into k.
func (k *Key) readParams(q url.Values) error {
	number := func(s string) (uint64, error) {
		n, err := strconv.ParseUint(s, 10, 63)
		if err != nil {
			return 0, errors.New("a number that cannot be read")
		}
		return n, nil
	}
	for name, values := range q {
		if len(values) != 1 {
			return errors.New("a parameter given twice")
		}
		var n uint64
		var err error
		switch v := values[0]; name {
		case "secret":
			k.Secret, err = b32().DecodeString(strings.TrimRight(strings.ToUpper(v), "="))
			if err != nil {
				err = errors.New("the secret is not base32")
			}
		case "issuer":
			k.Issuer = v
		case "algorithm":
			k.Algorithm = Algorithm(strings.ToUpper(v))
		case "digits":
			n, err = number(v)
			k.Digits = int(min(n, 1<<16))
		case "period":
			n, err = number(v)
			k.Period = int(min(n, 1<<16))
		case "counter":
			k.Counter, err = number(v)
		default:
			err = errors.New("an unknown parameter")
		}
		if err != nil {
			return err
		}
	}
	if k.Kind == auth.HOTP && !q.Has("counter") {
		return errors.New("a counter-based key without a counter")
	}
	return nil
}

// readLabel reads "issuer:account" or "account" into k.
func (k *Key) readLabel(s string) error {
	issuer, account, both := strings.Cut(s, ":")
	if !both {
		issuer, account = "", s
	}
	k.Account = strings.TrimLeft(account, " ")
	if issuer == "" {
		return nil
	}
	if k.Issuer != "" && k.Issuer != issuer {
		return errors.New("the label names another issuer")
	}
	k.Issuer = issuer
	return nil
}

// library maps to the library's algorithms. It never yields MD5, for which the
// library panics.
func (a Algorithm) library() otp.Algorithm {
	switch a {
	case SHA256:
		return otp.AlgorithmSHA256
	case SHA512:
		return otp.AlgorithmSHA512
	}
	return otp.AlgorithmSHA1
}

// code computes one code (RFC 4226 §5.3). The parameters were validated.
func code(secret string, a Algorithm, digits int, counter uint64) (string, error) {
	got, err := hotp.GenerateCodeCustom(secret, counter, hotp.ValidateOpts{
		Digits: otp.Digits(digits), Algorithm: a.library(),
	})
	if err != nil {
		return "", errors.New("computing a code: the secret cannot be read")
	}
	return got, nil
}
