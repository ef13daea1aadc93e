package puzzle

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Work is a challenge in ALTCHA's wire format, as its clients read it: find the number whose SHA-256 behind the salt is
// the challenge. The salt says until when; the signature that it is ours.
type Work struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int    `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// A Solution is what a client sends back, as base64 of JSON. Members that are not named here are its own affair.
type Solution struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	Number    int    `json:"number"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

const (
	algorithm   = "SHA-256"
	maxSolution = 2048 // bytes of base64
)

// MaxNumber is how far a client counts at most: half of it is one to four seconds of a telephone.
const MaxNumber = 100_000

// ErrWork says that a solution is none of ours, is wrong, or comes too late.
var ErrWork = errors.New("the work is not done")

// NewWork returns a challenge that key signs. random makes the salt, chance the number: both are the caller's, and
// nobody may guess either. It can be solved until expires.
func NewWork(key, random []byte, chance uint32, expires time.Time) Work {
	// The delimiter at the end keeps the number out of the parameter before it: digits that a client moves from the one
	// into the other would make a new expiry of the same signature (CVE-2025-68113).
	salt := hex.EncodeToString(random) + "?expires=" + strconv.FormatInt(expires.Unix(), 10) + "&"
	w := Work{Algorithm: algorithm, MaxNumber: MaxNumber, Salt: salt}
	w.Challenge = hashOf(salt, int(chance%(MaxNumber+1)))
	w.Signature = hex.EncodeToString(sign(key, w.Challenge))
	return w
}

// CheckWork returns the challenge that a solution has solved: what may be used once. It costs two hashes at most, and
// none for what is not read. It returns ErrWork for a solution that is no good at a time.
func CheckWork(key []byte, solution string, at time.Time) (challenge string, expires time.Time, err error) {
	s, ok := readSolution(solution)
	if !ok {
		return "", time.Time{}, ErrWork
	}
	signature, err := hex.DecodeString(s.Signature)
	if err != nil || !hmac.Equal(signature, sign(key, s.Challenge)) || hashOf(s.Salt, s.Number) != s.Challenge {
		return "", time.Time{}, ErrWork
	}
	expires, ok = expiryOf(s.Salt)
	if !ok || !at.Before(expires) {
		return "", time.Time{}, ErrWork
	}
	return s.Challenge, expires, nil
}

func readSolution(text string) (s Solution, ok bool) {
	if len(text) > maxSolution {
		return s, false
	}
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return s, false
	}
	dec := json.NewDecoder(bytes.NewReader(raw))
	if dec.Decode(&s) != nil || dec.More() {
		return s, false
	}
	return s, s.Algorithm == algorithm && s.Number >= 0 && s.Number <= MaxNumber && strings.HasSuffix(s.Salt, "&")
}

// expiryOf reads the time out of a salt.
func expiryOf(salt string) (time.Time, bool) {
	_, query, _ := strings.Cut(salt, "?")
	values, err := url.ParseQuery(query)
	if err != nil || len(values["expires"]) != 1 {
		return time.Time{}, false
	}
	seconds, err := strconv.ParseInt(values.Get("expires"), 10, 64)
	return time.Unix(seconds, 0), err == nil
}

func hashOf(salt string, number int) string {
	sum := sha256.Sum256([]byte(salt + strconv.Itoa(number)))
	return hex.EncodeToString(sum[:])
}

func sign(key []byte, challenge string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(challenge)) // a hash takes everything
	return h.Sum(nil)
}
