package ident

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
	blackFlag = '\U0001f3f4' // carries the tags of regional flags
)

// Fold returns the form in which identifiers are compared: NFKC, case
// folded in full (Σ, σ and ς are one letter), runs of blanks made one and those
// at the edges removed, characters that cannot be seen removed. Folding can
// undo normalisation and the reverse, hence the rounds.
func Fold(s string) string {
	fold := cases.Fold()
	for range 4 {
		next := squeeze(norm.NFKC.String(fold.String(norm.NFKC.String(s))))
		if next == s {
			break
		}
		s = next
	}
	return s
}

// squeeze collapses blanks and drops what cannot be seen. A joiner between two
// pictures stays, because it changes the picture; elsewhere it only makes
// names differ that look alike.
func squeeze(s string) string {
	var b strings.Builder
	var last rune                 // the last one written
	blank, joined := false, false // seen since then
	for _, r := range s {
		switch {
		case isBlank(r):
			blank = true
			continue
		case r == joiner:
			joined = true
			continue
		case isIgnorable(r):
			continue
		}
		switch {
		case blank && b.Len() > 0:
			b.WriteByte(' ')
		case joined && !blank && isPicture(last) && isPicture(r):
			b.WriteRune(joiner)
		}
		b.WriteRune(r)
		last = r
		blank = false
		joined = false
	}
	return b.String()
}

// tidy removes what pasting and Chinese keyboards bring into an identifier:
// blanks around it, invisible characters, full-width signs.
func tidy(s string) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case isFiller(r):
			return -1
		case '！' <= r && r <= '～':
			return r - '！' + '!'
		}
		return r
	}, s)
	return norm.NFC.String(strings.TrimFunc(s, isBlank))
}

// unended removes the end of a sentence, which thumbs and Chinese keyboards put behind an address or a number.
func unended(s string) string {
	return strings.TrimRightFunc(s, func(r rune) bool { return isBlank(r) || strings.ContainsRune(".,;。｡．，；、", r) })
}

// seemly reports whether every character of s can be seen and stays in place.
func seemly(s string) bool {
	x := newSieve()
	for _, r := range s {
		if !x.takes(r) {
			return false
		}
	}
	return true
}

// onlySeemly returns s without the characters that are not seemly where they stand.
func onlySeemly(s string) string {
	x := newSieve()
	return strings.Map(func(r rune) rune {
		if x.takes(r) {
			return r
		}
		return -1
	}, s)
}

// A sieve reads a name, character by character.
type sieve struct {
	marks int // on the letter that was read last
	last  rune
}

// newSieve is at the start of a name: there is no letter that could carry a mark.
func newSieve() *sieve { return &sieve{marks: maxMarks} }

// takes reports whether the next character is seemly after those that were taken.
func (x *sieve) takes(r rune) bool {
	marks := x.marks
	switch {
	case unicode.Is(unicode.Variation_Selector, r):
		if marks == maxMarks {
			return false
		}
	case unicode.IsMark(r):
		if marks++; marks > maxMarks || isIgnorable(r) {
			return false
		}
	case isBlank(r):
		if r == '\u2028' || r == '\u2029' || unicode.IsControl(r) {
			return false
		}
		marks = maxMarks
	case r == joiner || r == nonJoiner:
	case isTag(r):
		if x.last != blackFlag && !isTag(x.last) {
			return false
		}
	case isIgnorable(r), !isAssigned(r):
		return false
	default:
		marks = 0
	}
	x.marks, x.last = marks, r
	return true
}

// dropStray removes what pasting leaves in a name and nobody types: marks of
// direction, byte order and hyphenation.
func dropStray(r rune) rune {
	switch r {
	case '\u00ad', '\u061c', '\u200b', '\u200e', '\u200f', '\u2060', '\ufeff':
		return -1
	}
	return r
}

func isEdge(r rune) bool { return isBlank(r) || r == joiner || r == nonJoiner }

// isBlank includes the empty Braille cell, which is a symbol that shows nothing.
func isBlank(r rune) bool { return unicode.IsSpace(r) || r == '\u2800' }

func isDash(r rune) bool { return unicode.Is(unicode.Pd, r) || r == '\u2212' }

// isFiller reports whether r can be dropped from a code, a number or an
// address, where nothing invisible means anything: marks of direction are among them.
func isFiller(r rune) bool { return isIgnorable(r) }

// isIgnorable is Unicode's Default_Ignorable_Code_Point, derived as in its
// DerivedCoreProperties.
func isIgnorable(r rune) bool {
	if r < 0xad {
		return false
	}
	if unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return true
	}
	return unicode.Is(unicode.Cf, r) && !unicode.Is(unicode.Prepended_Concatenation_Mark, r) &&
		(r < 0xfff9 || 0xfffb < r) && (r < 0x13430 || 0x1343f < r)
}

func isTag(r rune) bool { return 0xe0020 <= r && r <= 0xe007f }

// isAssigned reports whether r is a character, or one that a newer phone may
// know as an emoji: those blocks are set aside for pictures (UTS #51 §1.4).
func isAssigned(r rune) bool {
	return r != utf8.RuneError && unicode.In(r, unicode.L, unicode.M, unicode.N, unicode.P, unicode.S, unicode.Z,
		unicode.Cf) || isEmojiBlock(r)
}

func isEmojiBlock(r rune) bool { return 0x1f000 <= r && r <= 0x1faff }

func isPicture(r rune) bool {
	return isEmojiBlock(r) || unicode.Is(unicode.So, r) || 0x2190 <= r && r <= 0x21ff
}

// digitOf returns r as an ASCII digit if it is a decimal digit of any script.
// Unicode encodes them in runs from zero to nine.
func digitOf(r rune) (byte, bool) {
	if '0' <= r && r <= '9' {
		return byte(r), true
	}
	if !unicode.IsDigit(r) {
		return 0, false
	}
	for _, t := range unicode.Nd.R16 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10), true
		}
	}
	for _, t := range unicode.Nd.R32 {
		if rune(t.Lo) <= r && r <= rune(t.Hi) {
			return '0' + byte((r-rune(t.Lo))%10), true
		}
	}
	return 0, false
}
