package ident

import (
	"slices"
	"strings"

	"golang.org/x/text/unicode/norm"
)

// DigitsIn returns a code of n digits out of what was typed or pasted: as CleanCode, and where that is something else,
// the only run of n digits in it, since phones copy whole messages. Where there is none, or several that differ, it
// returns what CleanCode does: a code is read, never guessed.
func DigitsIn(s string, n int) string {
	cleaned := CleanCode(s)
	if len(cleaned) == n {
		return cleaned
	}
	runs := strings.FieldsFunc(strings.Map(func(r rune) rune {
		if d, ok := digitOf(r); ok {
			return rune(d)
		}
		return ' '
	}, norm.NFKC.String(s)), func(r rune) bool { return r == ' ' })
	runs = slices.DeleteFunc(runs, func(run string) bool { return len(run) != n })
	slices.Sort(runs)
	if runs = slices.Compact(runs); len(runs) == 1 {
		return runs[0]
	}
	return cleaned
}
