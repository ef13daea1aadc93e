package inventory

import "errors"

// A reason is why a token or a file is not taken, and what pages call it.
type reason struct {
	word string
	err  error
}

// reasons are all of them; of an error that is two of them it is the first.
func reasons() []reason {
	return []reason{
		{"no-serial", ErrNoSerial}, {"serial", ErrSerial}, {"no-secret", ErrNoSecret}, {"secret", ErrSecret},
		{"encoding", ErrEncoding}, {"kind", ErrKind}, {"hash", ErrHash}, {"digits", ErrDigits}, {"period", ErrPeriod},
		{"counter", ErrCounter}, {"drift", ErrDrift}, {"date", ErrDate}, {"over", ErrOver},
		{"challenge", ErrChallenge}, {"pin", ErrPIN}, {"policy", ErrPolicy}, {"usage", ErrUsage}, {"no-key", ErrNoKey},
		{"no-mac", ErrNoMAC}, {"mac", ErrMAC}, {"cipher", ErrCipher}, {"no-maker", ErrNoMaker}, {"same", ErrSame},
		{"conflict", ErrConflict}, {"long", ErrLong}, {"undecided", ErrUndecided}, {"no-tokens", ErrNoTokens},
		{"many", ErrMany}, {"box", ErrBox}, {"behind", ErrBehind}, {"table", ErrUnknownTable}, {"twice", ErrTwice},
	}
}

// Broken is the word for what has none of its own.
const Broken = "broken"

// Reason is why a token or a file is not taken, in one of Reasons.
func Reason(err error) string {
	for _, r := range reasons() {
		if errors.Is(err, r.err) {
			return r.word
		}
	}
	return Broken
}

// Reasons lists the words of Reason. They are keys of texts.
func Reasons() (words []string) {
	for _, r := range reasons() {
		words = append(words, r.word)
	}
	return append(words, Broken)
}
