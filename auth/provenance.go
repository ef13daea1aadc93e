package auth

import (
	"errors"
	"slices"
	"strings"
)

// A Level is how far the FIDO Alliance has certified the model of a key. The zero value is not at all.
type Level uint8

// The levels, each above the one before.
const (
	Uncertified Level = iota
	L1
	L1Plus
	L2
	L2Plus
	L3
	L3Plus
)

var levelNames = [...]string{"", "L1", "L1+", "L2", "L2+", "L3", "L3+"}

// String is what FIDO calls it, "" of no level.
func (l Level) String() string {
	if int(l) >= len(levelNames) {
		return "?"
	}
	return levelNames[l]
}

// MarshalText is String.
func (l Level) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// UnmarshalText reads what FIDO calls it, in either case.
func (l *Level) UnmarshalText(text []byte) error {
	i := slices.Index(levelNames[:], strings.ToUpper(string(text)))
	if i < 0 {
		return errors.New("want one of L1, L1+, L2, L2+, L3, L3+")
	}
	*l = Level(i)
	return nil
}

// A Grade is what a key must be, each more than the one before. Above ProvedKey stand the levels.
type Grade uint8

// The grades below the levels.
const (
	AnyKey    Grade = iota
	BoundKey        // its secret stays in one thing: no passkey that a cloud account copies
	ProvedKey       // and its attestation leads to a trust anchor
)

var gradeNames = append([]string{"", "bound", "proved"}, levelNames[L1:]...)

// Graded is the grade of keys that are certified up to a level.
func Graded(l Level) Grade { return ProvedKey + Grade(l) }

// Level is what a grade asks of the certification, Uncertified if nothing.
func (g Grade) Level() Level {
	if g <= ProvedKey {
		return Uncertified
	}
	return Level(g - ProvedKey)
}

// String is the name of a grade in settings, "" of any key.
func (g Grade) String() string {
	if int(g) >= len(gradeNames) {
		return "?"
	}
	return gradeNames[g]
}

// MarshalText is String.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads the name of a grade, in either case.
func (g *Grade) UnmarshalText(text []byte) error {
	i := slices.IndexFunc(gradeNames, func(name string) bool { return strings.EqualFold(name, string(text)) })
	if i < 0 {
		return errors.New("want one of bound, proved, L1, L1+, L2, L2+, L3, L3+")
	}
	*g = Grade(i)
	return nil
}

// Grade is the highest grade that a key has. What its maker promised is worth nothing once its model is recalled: not
// even that its secret stays in it.
func (t *Traits) Grade() Grade {
	switch {
	case t.Synced, t.Recall != nil:
		return AnyKey
	case !t.Certified:
		return BoundKey
	}
	return Graded(t.Level)
}

// A Provenance is what is known of where a key comes from, as it was when it was bound: it stays what it is
// when the list that it was read from is gone. What is proved rests on a chain of certificates; an AAGUID
// without one is what the key says of itself.
type Provenance struct {
	Model     string `json:"m,omitempty"`  // model name by AAGUID, or by a token's maker; "" if unknown
	ModelID   string `json:"mi,omitempty"` // the AAGUID; "" if the key tells none
	Certified bool   `json:"ce,omitempty"` // proved: its attestation leads to a trust anchor
	Maker     string `json:"mk,omitempty"` // proved: who its attestation certificate names
	Firmware  string `json:"fw,omitempty"` // proved: the version that the certificate names
	Level     Level  `json:"lv,omitempty"` // proved, and certified so far by metadata
}
