package puzzle

import (
	"strings"

	"golang.org/x/text/unicode/norm"
)

// signs are the letters and digits that are drawn: none looks like another when it is bent and crossed by a line. There
// is no B, D, O, Q, 0 and 8, no E, no G, no I, L and 1, no S and 5, no U and V, no Z and 2, no 4.
const signs = "ACFHJKMNPRTWXY3679"

// Length is how many signs a picture has.
const Length = 6

// Text spells random bytes as signs, one for each byte that falls to none more often than to another. It needs Length
// good ones of them: 32 bytes always do but for one time in 10^18, which is spelled with the first sign.
func Text(random []byte) string {
	text := make([]byte, 0, Length)
	for _, b := range random {
		if int(b) < 256/len(signs)*len(signs) && len(text) < Length {
			text = append(text, signs[int(b)%len(signs)])
		}
	}
	for len(text) < Length {
		text = append(text, signs[0])
	}
	return string(text)
}

// Fold reads signs as people type them: in small letters, full-width, with blanks between, and with E, 4 and G for F, A
// and 6, which a line across can make of them.
func Fold(typed string) string {
	read := strings.NewReplacer(" ", "", "-", "", "E", "F", "4", "A", "G", "6")
	return read.Replace(strings.ToUpper(norm.NFKC.String(typed[:min(len(typed), 128)])))
}
