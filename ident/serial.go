package ident

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// maxSerial is how many signs the number on a thing has at most.
const maxSerial = 64

// ParseSerial reads the number that is printed on a thing, as somebody types it. Refuses SerialMalformed.
func ParseSerial(s string) (string, error) {
	s = tidy(s)
	odd := func(r rune) bool { return !unicode.IsPrint(r) }
	if SerialKey(s) == "" || utf8.RuneCountInString(s) > maxSerial || strings.ContainsFunc(s, odd) {
		return "", SerialMalformed
	}
	return s, nil
}

// SerialKey is what such numbers are compared by: letters and digits alone, whichever case and width they have
// and whatever parts them. Two numbers that a person would call the same have one key.
func SerialKey(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) {
			return r
		}
		return -1
	}, Fold(s))
}
