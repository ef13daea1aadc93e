package yubiotp

import (
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// alphabet are the signs of modhex, from 0 to 15.
const alphabet = "cbdefghijklnrtuv"

// dvorak is what the keys of alphabet type on a computer that is set to Dvorak, in the same order.
const dvorak = "jxe.uidchtnbpygk"

// The parts of what a key types, in signs.
const (
	blockSigns  = 32
	maxIDSigns  = 16
	signsInByte = 2
)

// encode writes bytes in modhex.
func encode(raw []byte) string {
	var b strings.Builder
	for _, c := range raw {
		b.WriteByte(alphabet[c>>4])
		b.WriteByte(alphabet[c&15])
	}
	return b.String()
}

// decode reads modhex; ok is false for what is none.
func decode(text string) (raw []byte, ok bool) {
	if len(text)%signsInByte != 0 || strings.Trim(text, alphabet) != "" {
		return nil, false
	}
	raw = make([]byte, len(text)/signsInByte)
	for i := range raw {
		high, low := strings.IndexByte(alphabet, text[2*i]), strings.IndexByte(alphabet, text[2*i+1])
		raw[i] = byte(high<<4 | low)
	}
	return raw, true
}

// signs returns what was typed in the signs of modhex: without capitals, and as the key has meant it where the
// computer's keyboard is a Turkish or a Dvorak one. Refuses CodeLayout for signs that the key cannot have
// meant.
func signs(typed string) (string, error) {
	text := strings.Map(func(r rune) rune {
		switch {
		case r == 'ı' || r == 'İ':
			return 'i'
		case r >= 'A' && r <= 'Z':
			return r + 'a' - 'A'
		}
		return r
	}, typed)
	if strings.Trim(text, alphabet) == "" {
		return text, nil
	}
	if strings.Trim(text, dvorak) != "" {
		return "", auth.Refuse(auth.CodeLayout)
	}
	return strings.Map(func(r rune) rune { return rune(alphabet[strings.IndexRune(dvorak, r)]) }, text), nil
}
