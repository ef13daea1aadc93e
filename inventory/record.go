package inventory

import (
	"crypto/subtle"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// A record is one token of the stock, as it is stored.
type record struct {
	Maker  string `json:"m"` // as its file has it
	Serial string `json:"sn"`
	Model  string `json:"md,omitempty"`

	Kind    Kind      `json:"k"`
	Secret  []byte    `json:"s"`
	Hash    string    `json:"h"`
	Digits  int       `json:"dg"`
	Counter uint64    `json:"c,omitempty"`  // HOTP: of the next code
	Period  int       `json:"p,omitempty"`  // TOTP: seconds
	Drift   int       `json:"dr,omitempty"` // TOTP: periods
	Last    int64     `json:"l,omitempty"`  // TOTP: the last step whose code was used
	Until   time.Time `json:"u,omitzero"`   // its maker lets it work until then

	Box  string `json:"b,omitempty"`
	Note string `json:"n,omitempty"`

	State   State          `json:"st"`
	Owner   auth.AccountID `json:"o,omitempty"`  // who has it, may claim it alone, or had it last: as its state says
	Leaves  bool           `json:"lv,omitempty"` // its owner's account closes or changes hands: it is nobody's once it is returned
	TakenAt time.Time      `json:"at"`           // when it came into the stock
	MovedAt time.Time      `json:"mv"`           // when it came into its state
}

// String names a record without its secret.
func (x record) String() string { return fmt.Sprintf("%s %s", x.Maker, x.Serial) }

// Format prints a record as String does, whatever the verb.
func (x record) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(x.String())) }

func (x *record) serials() []string { return []string{ident.SerialKey(x.Serial)} }

func (x *record) owners() []string { return []string{string(x.Owner)} }

// newRecord is an item as it comes into the stock.
func newRecord(t *Item, box string, now time.Time) *record {
	x := &record{Maker: t.Maker, Serial: t.Serial, Model: t.Model, Kind: t.Kind, Secret: t.Secret, Hash: t.Hash,
		Digits: t.Digits, Counter: t.Counter, Period: int(t.Period / time.Second), Drift: t.Drift, Until: t.Until,
		Box: box, State: InStock, TakenAt: now, MovedAt: now}
	if t.Kind == HOTP {
		x.Period, x.Drift = 0, 0
	} else {
		x.Counter = 0
	}
	return x
}

// provesAs reports whether a token proves by what an item says. Counter, drift and last step are none of it: they go on
// with its use. Nor are words about it.
func (x *record) provesAs(t *Item) bool {
	return x.Kind == t.Kind && x.Hash == t.Hash && x.Digits == t.Digits &&
		(x.Kind == HOTP || x.Period == int(t.Period/time.Second)) &&
		subtle.ConstantTimeCompare(x.Secret, t.Secret) == 1
}

// nameOf is by what a token is the same as another.
func nameOf(maker, serial string) string { return ident.Fold(maker) + "\x00" + ident.SerialKey(serial) }

// keyOf is the key of a token in the store: 132 bits that only this site can make.
func (s *Service) keyOf(maker, serial string) string {
	return s.door.Secret("token\x00" + nameOf(maker, serial))[:22]
}
