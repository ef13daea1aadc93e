package inventory

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/ident"
)

// A Kind is how the codes of a token are counted.
type Kind string

// Both kinds.
const (
	HOTP Kind = "hotp" // by presses, RFC 4226
	TOTP Kind = "totp" // by time, RFC 6238
)

// An Item is one token, as the file describes it that came with it.
type Item struct {
	Line int // of the file, where it begins

	Maker  string // as written
	Serial string // as printed on it
	Model  string

	Kind    Kind
	Secret  []byte
	Hash    string // "SHA1", "SHA256" or "SHA512"
	Digits  int
	Counter uint64        // HOTP: of the next code
	Period  time.Duration // TOTP
	Drift   int           // TOTP: periods by which its clock is known to be off
	Until   time.Time     // its maker lets it work until then; zero: no word of it
}

// String names an item without its secret.
func (t Item) String() string { return fmt.Sprintf("%s %s", t.Maker, t.Serial) }

// Format prints an item as String does, whatever the verb: a secret must not come into a log by %+v.
func (t Item) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(t.String())) }

// A Fault is a token of a file that is not taken.
type Fault struct {
	Line   int
	Serial string // "" where it was not read
	Why    error
}

func (f *Fault) Error() string {
	if f.Serial == "" {
		return fmt.Sprintf("line %d: %s", f.Line, f.Why)
	}
	return fmt.Sprintf("line %d, token %s: %s", f.Line, f.Serial, f.Why)
}

// Unwrap is the reason.
func (f *Fault) Unwrap() error { return f.Why }

// A FileError ends the reading of a file: it is none of tokens, or broken from there on.
type FileError struct {
	Line int // 0: it is about all of it
	Why  error
}

func (e *FileError) Error() string {
	if e.Line == 0 {
		return e.Why.Error()
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Why)
}

// Unwrap is the reason.
func (e *FileError) Unwrap() error { return e.Why }

// ofFile makes what ends a reading a FileError.
func ofFile(err error) error {
	if _, is := errors.AsType[*FileError](err); is || err == nil {
		return err
	}
	return &FileError{Why: err}
}

// Why a token is not taken.
var (
	ErrNoSerial     = errors.New("it has no serial number")
	ErrSerial       = errors.New("its serial number has signs that are on no token, or more than 64")
	ErrNoSecret     = errors.New("it has no secret: the file names a key that is kept elsewhere")
	ErrSecret       = errors.New("its secret is not 16 to 64 bytes long")
	ErrEncoding     = errors.New("its secret cannot be read")
	ErrKind         = errors.New("it is neither HOTP nor TOTP")
	ErrHash         = errors.New("its hash is not SHA-1, SHA-256 or SHA-512")
	ErrDigits       = errors.New("its codes do not have 6 to 8 digits")
	ErrPeriod       = errors.New("its period is not 30 or 60 seconds")
	ErrCounter      = errors.New("its counter cannot be read")
	ErrDrift        = errors.New("its drift cannot be read")
	ErrDate         = errors.New("a date cannot be read")
	ErrOver         = errors.New("its maker lets it work no more")
	ErrChallenge    = errors.New("its codes answer a challenge")
	ErrPIN          = errors.New("its codes are mixed with a PIN")
	ErrPolicy       = errors.New("its policy has a rule that is not known here, so it may not be used")
	ErrUsage        = errors.New("its policy does not let it make codes")
	ErrTwice        = errors.New("something stands in it twice")
	ErrNoKey        = errors.New("it is encrypted, and no key or passphrase was given")
	ErrCipher       = errors.New("it is encrypted in a way that is not known here")
	ErrNoMAC        = errors.New("nothing proves its encrypted secret whole")
	ErrMAC          = errors.New("its encrypted secret is damaged, or the key or passphrase is another one")
	ErrNoMaker      = errors.New("nothing names its maker: name the maker of the whole file")
	ErrSame         = errors.New("a line before has the same maker and serial number")
	ErrConflict     = errors.New("another token of this maker and serial number is in the stock, and stays as it is")
	ErrLong         = errors.New("it is longer than any token")
	ErrUndecided    = errors.New("the secrets can be hexadecimal and base32: say which")
	ErrNoTokens     = errors.New("there are no tokens in it")
	ErrMany         = errors.New("it has more tokens than are taken at once")
	ErrBox          = errors.New("the name of a box has 64 signs at most, all of them printed")
	ErrBehind       = errors.New("something stands behind its end: it may be two files in one")
	ErrUnknownTable = errors.New("the first line names no column for serial numbers and secrets")
)

// maxSerial is how many code points a serial number has.
const maxSerial = 64

// check says what is wrong with an item.
func (t *Item) check(now time.Time) error {
	switch {
	case ident.SerialKey(t.Serial) == "":
		return ErrNoSerial
	case !isPrinted(t.Serial) || !isPrinted(t.Maker) || !isPrinted(t.Model):
		return ErrSerial
	case t.Kind != HOTP && t.Kind != TOTP:
		return ErrKind
	case len(t.Secret) == 0:
		return ErrNoSecret
	case len(t.Secret) < 16 || len(t.Secret) > 64: // RFC 4226 §4, R6: 128 bits at least
		return ErrSecret
	case t.Hash != "SHA1" && t.Hash != "SHA256" && t.Hash != "SHA512":
		return ErrHash
	case t.Digits < 6 || t.Digits > 8:
		return ErrDigits
	case t.Kind == TOTP && t.Period != 30*time.Second && t.Period != 60*time.Second:
		return ErrPeriod
	case t.Counter >= 1<<53:
		return ErrCounter
	case t.Drift < -1000 || t.Drift > 1000:
		return ErrDrift
	case !t.Until.IsZero() && !now.Before(t.Until):
		return ErrOver
	}
	return nil
}

// isPrinted reports whether a text can stand on a token.
func isPrinted(s string) bool {
	return utf8.ValidString(s) && utf8.RuneCountInString(s) <= maxSerial &&
		!strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsPrint(r) })
}

// hashOf is the name of a hash function, however it is written: "HMAC-SHA256", "sha-1", "".
func hashOf(s string) string {
	s = strings.ToUpper(without(s, "-_ "))
	switch s = strings.TrimPrefix(s, "HMAC"); s {
	case "":
		return "SHA1"
	case "SHA1", "SHA256", "SHA512":
		return s
	}
	return "?"
}

// kindOf is a kind, however it is written.
func kindOf(s string) Kind {
	s = strings.ToLower(strings.TrimSpace(s))
	if i := strings.LastIndexAny(s, ":#/"); i >= 0 {
		s = s[i+1:]
	}
	switch s {
	case "hotp", "event", "event-based", "counter":
		return HOTP
	case "totp", "time", "time-based":
		return TOTP
	}
	return ""
}
