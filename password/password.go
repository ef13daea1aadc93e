// Package password judges new passwords (policy, lists of common ones, an estimate of
// strength) and hashes those that were taken (argon2id, RFC 9106), a bounded number
// at a time. It knows nothing of accounts: what a guesser may know of one comes as
// an Owner.
package password

import (
	"context"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// MaxBytes bounds a password under any policy, so that no one can have megabytes
// normalised, judged and hashed.
const MaxBytes = 1024

// A Policy is what a new password must be (R36 to R39).
type Policy struct {
	Min, Max int  // characters (code points after NFC)
	Classes  bool // upper, lower, digit and sign each at least once
}

// A Config is what an operator says of passwords beside the policy.
type Config struct {
	Breached string // file that BuildBreached made; "": none is asked
}

// A Problem is one thing that a new password lacks, and the error of Hash for
// one that nobody may have.
type Problem string

// The problems.
const (
	TooShort   Problem = "too-short"
	TooLong    Problem = "too-long"
	NoUpper    Problem = "no-upper"
	NoLower    Problem = "no-lower"
	NoDigit    Problem = "no-digit"
	NoSign     Problem = "no-sign"
	IsUserName Problem = "is-user-name"
	TooCommon  Problem = "too-common"
	TooSimple  Problem = "too-simple"
	IsBreached Problem = "breached" // published in a breach: found by a Breached list
)

// Error returns the problem's name.
func (p Problem) Error() string { return string(p) }

// An Owner is what is known of whoever wants a password: what a guesser tries
// first. Texts that are "" are none.
type Owner struct {
	Identifiers []string            // what the password must not be, nor be with little around it
	Words       []string            // what it must not lean on, whole or in parts
	Fold        func(string) string // the form in which identifiers are compared; nil: as they are
}

// normalPassword returns the form of a password that is judged and hashed: the
// OpaqueString profile of RFC 8265 §4.2, which maps every blank to a space and
// composes by NFC, so that two keyboards make one password; NFKC would make one
// of characters that look different. Beyond it, blanks around are dropped: they
// come from pasting (R2).
func normalPassword(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Zs, r) {
			return ' '
		}
		return r
	}, strings.TrimSpace(strings.ToValidUTF8(s, "\ufffd")))
	return norm.NFC.String(s)
}

// Problems lists everything that a new password lacks, in the order in which a
// page should say it; nothing if the password is accepted. The owner's
// words must not carry it.
func (p Policy) Problems(password string, o Owner) []Problem {
	var list []Problem
	tooLong := len(password) > MaxBytes
	if tooLong {
		password = password[:MaxBytes]
	}
	password = normalPassword(password)
	switch n := utf8.RuneCountInString(password); {
	case n < p.Min:
		list = append(list, TooShort)
	case n > p.Max || tooLong:
		list = append(list, TooLong)
	}
	if p.Classes {
		list = append(list, missingClasses(password)...)
	}
	if slices.Contains(list, TooShort) {
		return list // what it will be is not known yet
	}
	own := ownWords(o.Words)
	// A guesser who knows full-width forms needs no more tries for them.
	typed := []rune(norm.NFKC.String(password))
	typed = typed[:min(len(typed), estimateWindow)]
	switch lower := []rune(strings.ToLower(string(typed))); {
	case o.isNamed(password):
		list = append(list, IsUserName)
	case isCommon(lower):
		list = append(list, TooCommon)
	case isSimple(typed, own):
		list = append(list, TooSimple)
	}
	return list
}

// missingClasses asks for each of the four (R37). Letters without case, such as
// Chinese ones, are letters of neither kind; a sign is whatever else shows.
func missingClasses(s string) []Problem {
	var upper, lower, digit, sign bool
	for _, r := range s {
		switch {
		case unicode.IsUpper(r), unicode.IsTitle(r):
			upper = true
		case unicode.IsLower(r):
			lower = true
		case unicode.IsDigit(r):
			digit = true
		case unicode.IsLetter(r), unicode.IsMark(r):
		case unicode.IsPrint(r):
			sign = true
		}
	}
	var list []Problem
	for _, c := range []struct {
		there   bool
		problem Problem
	}{{upper, NoUpper}, {lower, NoLower}, {digit, NoDigit}, {sign, NoSign}} {
		if !c.there {
			list = append(list, c.problem)
		}
	}
	return list
}

// isNamed reports whether the password is an identifier of its owner (R38), or
// one with at most four characters around it.
func (o Owner) isNamed(password string) bool {
	fold := o.Fold
	if fold == nil {
		fold = strings.Clone
	}
	key := fold(password)
	for _, word := range o.Identifiers {
		word = fold(word)
		if word == "" {
			continue
		}
		if key == word {
			return true
		}
		n := utf8.RuneCountInString(word)
		if n >= shortestWord && strings.Contains(key, word) && utf8.RuneCountInString(key)-n <= 4 {
			return true
		}
	}
	return false
}

// ownWords returns the words that a guesser knows from the account, whole and in
// parts, in lower case.
func ownWords(words []string) [][]rune {
	const most = 16 // a name of many words must not cost more
	var list [][]rune
	for _, s := range words {
		s = strings.ToLower(norm.NFKC.String(s[:min(len(s), MaxBytes)]))
		parts := strings.FieldsFunc(s, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsMark(r) &&
				!unicode.IsDigit(r)
		})
		for _, w := range append(parts, s, strings.Join(parts, "")) {
			if r := []rune(w); len(list) < most && (len(r) >= 3 || len(r) == 2 && r[0] >= 0x80) {
				list = append(list, r)
			}
		}
	}
	return list
}

// A Cost is what one argon2id hash costs.
type Cost struct {
	Memory  uint32 // KiB
	Time    uint32 // passes
	Threads uint8
}

// The bounds of what is believed in a stored string: one that was tampered
// with must not exhaust the memory or the time of the machine.
const (
	maxHashMemory  = 128 * 1024 // KiB
	maxHashTime    = 16
	maxHashThreads = 8
	saltLength     = 16
	sumLength      = 32
)

// A Hasher hashes passwords with argon2id (RFC 9106), a bounded number of them
// at a time: a flood of guesses must not starve sign-ins with a key. Set Cost
// before first use, if at all. The zero Hasher has no places: it is always busy.
type Hasher struct {
	Cost   Cost
	random io.Reader
	places *places
	lane   lane // where who finds no place waits
}

// NewHasher returns a Hasher of 19 MiB and two passes that runs at most busy
// hashes at a time, with none all wait, while at most waiting others wait in each
// of two queues; salts come from random.
func NewHasher(random io.Reader, busy, waiting int) *Hasher {
	return &Hasher{
		Cost:   Cost{Memory: 19 * 1024, Time: 2, Threads: 1},
		random: random,
		places: &places{free: max(busy, 0), room: max(waiting, 0)},
	}
}

// First returns the Hasher of those who come first: it has the same places, and a
// queue of its own that is served before any other.
func (h *Hasher) First() *Hasher {
	f := *h
	f.lane = first
	return &f
}

// Hash returns password as a PHC string:
//
//	$argon2id$v=19$m=19456,t=2,p=1$<salt>$<sum>
//
// with both parts in unpadded base64. Refuses Unavailable when too many wait
// already, and TooLong.
func (h *Hasher) Hash(ctx context.Context, password string) (string, error) {
	if len(password) > MaxBytes {
		return "", TooLong
	}
	salt := make([]byte, saltLength)
	if _, err := io.ReadFull(h.random, salt); err != nil {
		return "", fmt.Errorf("drawing a salt: %w", err)
	}
	p := phc{cost: h.Cost, salt: salt}
	var err error
	if p.sum, err = h.sum(ctx, password, p.cost, salt, sumLength); err != nil {
		return "", err
	}
	return p.String(), nil
}

// Verify reports whether stored was made from password, in a time that tells
// nothing about where they differ. Without a stored string, for an account that
// does not exist, it takes as long and is false. Fails with ErrBusy, and
// on a stored string that Hash cannot have made.
func (h *Hasher) Verify(ctx context.Context, stored, password string) (bool, error) {
	if stored == "" {
		return false, h.Dummy(ctx, password)
	}
	p, err := parsePHC(stored)
	if err != nil {
		return false, fmt.Errorf("reading a stored password: %w", err)
	}
	sum, err := h.sum(ctx, password, p.cost, p.salt, len(p.sum))
	if err != nil {
		return false, err
	}
	return subtle.ConstantTimeCompare(sum, p.sum) == 1 && len(password) <= MaxBytes, nil
}

// Dummy takes as long as Verify and its queue: else the time of an answer
// would tell which accounts exist.
func (h *Hasher) Dummy(ctx context.Context, password string) error {
	_, err := h.sum(ctx, password, h.Cost, make([]byte, saltLength), sumLength)
	return err
}

// NeedsRehash reports whether stored was made at another cost than today's, or
// cannot be read.
func (h *Hasher) NeedsRehash(stored string) bool {
	p, err := parsePHC(stored)
	return err != nil || p.cost != h.Cost || len(p.salt) != saltLength || len(p.sum) != sumLength
}

// sum waits for its turn and hashes; what is longer than any password is cut.
func (h *Hasher) sum(ctx context.Context, password string, c Cost, salt []byte, length int) ([]byte, error) {
	if err := h.places.take(ctx, h.lane); err != nil {
		return nil, err
	}
	defer h.places.leave()
	password = normalPassword(password[:min(len(password), MaxBytes)])
	return argon2.IDKey([]byte(password), salt, c.Time, c.Memory, c.Threads, uint32(length)), nil
}

// A phc is a stored password, read.
type phc struct {
	cost      Cost
	salt, sum []byte
}

func (p phc) String() string {
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.Memory, p.cost.Time, p.cost.Threads, b64.EncodeToString(p.salt), b64.EncodeToString(p.sum))
}

var errNotPHC = errors.New("not an argon2id string of version 19 within bounds")

// parsePHC reads the one spelling that String writes, and no other.
func parsePHC(s string) (phc, error) {
	var p phc
	parts := strings.Split(s, "$")
	if len(s) > 256 || len(parts) != 6 {
		return phc{}, errNotPHC
	}
	var errs [3]error
	_, errs[0] = fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &p.cost.Memory, &p.cost.Time, &p.cost.Threads)
	p.salt, errs[1] = base64.RawStdEncoding.Strict().DecodeString(parts[4])
	p.sum, errs[2] = base64.RawStdEncoding.Strict().DecodeString(parts[5])
	if errors.Join(errs[:]...) != nil || !p.bounded() || p.String() != s {
		return phc{}, errNotPHC
	}
	return p, nil
}

func (p phc) bounded() bool {
	c := p.cost
	return 1 <= c.Threads && c.Threads <= maxHashThreads && 1 <= c.Time && c.Time <= maxHashTime &&
		8*uint32(c.Threads) <= c.Memory && c.Memory <= maxHashMemory &&
		8 <= len(p.salt) && len(p.salt) <= 64 && 16 <= len(p.sum) && len(p.sum) <= 64
}
