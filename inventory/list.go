package inventory

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// Info is what is known of a token: all but its secret.
type Info struct {
	Key    string `json:"key"` // of the token in the stock: where a list goes on
	Maker  string `json:"maker"`
	Serial string `json:"serial"`
	Model  string `json:"model,omitempty"`

	Kind    Kind      `json:"type"`
	Hash    string    `json:"hash"`
	Digits  int       `json:"digits"`
	Period  int       `json:"period,omitempty"`  // by time: seconds
	Counter uint64    `json:"counter,omitempty"` // by presses: of the next code
	Until   time.Time `json:"until,omitzero"`    // its maker lets it work until then

	Box     string         `json:"box,omitempty"`
	Note    string         `json:"note,omitempty"`
	State   State          `json:"state"`
	Owner   auth.AccountID `json:"owner,omitempty"`
	TakenAt time.Time      `json:"takenAt"`
	MovedAt time.Time      `json:"movedAt"`
}

func (x *kept) info() *Info {
	return &Info{Key: x.key, Maker: x.Maker, Serial: x.Serial, Model: x.Model, Kind: x.Kind, Hash: x.Hash,
		Digits: x.Digits,
		Period: x.Period, Counter: x.Counter, Until: x.Until, Box: x.Box, Note: x.Note, State: x.State, Owner: x.Owner,
		TakenAt: x.TakenAt, MovedAt: x.MovedAt}
}

// A Selection is which tokens are meant; of what is empty, all.
type Selection struct {
	State State          `json:"state,omitempty"`
	Box   string         `json:"box,omitempty"`
	Model string         `json:"model,omitempty"`
	Maker string         `json:"maker,omitempty"`
	Owner auth.AccountID `json:"owner,omitempty"`
	Worn  *Wear          `json:"worn,omitempty"` // those whose battery is at its end
}

func (q *Selection) has(x *record) bool {
	return (q.State == "" || q.State == x.State) && (q.Box == "" || q.Box == x.Box) &&
		(q.Model == "" || q.Model == x.Model) &&
		(q.Owner == "" || q.Owner == x.Owner) && x.isOf(q.Maker) && (q.Worn == nil || q.Worn.of(x))
}

// readAtOnce is how many tokens are read in one pass.
const readAtOnce = 500

// each visits every token of a selection, in the order of keys: in none that says something, and the same each time.
func (s *Service) each(ctx context.Context, q Selection, visit func(*kept) error) error {
	return s.eachBy(ctx, s.door.Operator(""), ActLook, q, visit)
}

func (s *Service) eachBy(ctx context.Context, c auth.Caller, act auth.Action, q Selection, visit func(*kept) error) error {
	for from, more := "", true; more; {
		list, err := auth.Do(ctx, s.door, c, act, func(w *auth.Work) ([]*kept, error) {
			keys, err := s.tokens.IDs(w, from, readAtOnce)
			if err != nil {
				return nil, err
			}
			return s.read(w, keys)
		})
		if err != nil {
			return err
		}
		for _, x := range list {
			if from = x.key + "\x00"; q.has(x.record) {
				if err := visit(x); err != nil {
					return err
				}
			}
		}
		more = len(list) == readAtOnce
	}
	return nil
}

// MaxPage is how many tokens a page of a list has at most.
const MaxPage = 1000

// List returns a page of the tokens of a selection, by serial number and maker; after is the key of the last one of the
// page before, "" for the first. more says that another page follows. Refuses ErrUnknown for an after that is no
// token's.
func (s *Service) List(ctx context.Context, q Selection, after string, limit int) (page []*Info, more bool, err error) {
	limit = min(max(limit, 1), MaxPage)
	start := ""
	if after != "" {
		start, err = auth.Do(ctx, s.door, s.door.Operator(""), ActLook, func(w *auth.Work) (string, error) {
			x, err := s.tokens.Get(w, after)
			if errors.Is(err, auth.ErrNoRecord) {
				err = ErrUnknown
			}
			if err != nil {
				return "", err
			}
			return x.rank(), nil
		})
		if err != nil {
			return nil, false, plain(err)
		}
	}
	least, err := s.least(ctx, q, start, limit+1)
	if err != nil {
		return nil, false, err
	}
	for _, x := range least[:min(len(least), limit)] {
		page = append(page, x.info())
	}
	return page, len(least) > limit, nil
}

// ranked is a token with its rank.
type ranked struct {
	*kept
	rank string
}

// least returns the first of a selection whose rank is behind start, n at most. Only so many are in memory.
func (s *Service) least(ctx context.Context, q Selection, start string, n int) ([]ranked, error) {
	var least []ranked
	err := s.each(ctx, q, func(x *kept) error {
		next := ranked{x, x.rank()}
		if next.rank <= start {
			return nil
		}
		i, _ := slices.BinarySearchFunc(least, next, func(a, b ranked) int { return strings.Compare(a.rank, b.rank) })
		if i < n {
			least = slices.Insert(least, i, next)
			least = least[:min(len(least), n)]
		}
		return nil
	})
	return least, err
}

// rank is by what tokens are put in order.
func (x *record) rank() string { return ident.SerialKey(x.Serial) + "\x00" + nameOf(x.Maker, "") }

// columns are those of an export.
func columns() []string {
	return []string{"serial", "manufacturer", "model", "type", "hash", "digits", "period", "counter", "expiry",
		"box", "state",
		"owner", "note", "taken", "moved"}
}

// Export writes the tokens of a selection as a table, without their secrets. That somebody has had it is in the trail
// before the first line is written.
func (s *Service) Export(ctx context.Context, operator string, q Selection, out io.Writer) (int, error) {
	err := s.door.Do(ctx, s.door.Operator(operator), ActExport, func(w *auth.Work) error {
		w.AboutSite(site)
		return nil
	})
	if err != nil {
		return 0, err
	}
	lines := csv.NewWriter(out)
	if err := lines.Write(columns()); err != nil {
		return 0, err
	}
	n := 0
	err = s.each(ctx, q, func(x *kept) error {
		n++
		return lines.Write(x.row())
	})
	lines.Flush()
	if err == nil {
		err = lines.Error()
	}
	return n, err
}

func (x *record) row() []string {
	period := ""
	counter := ""
	if x.Kind == HOTP {
		counter = strconv.FormatUint(x.Counter, 10)
	} else {
		period = strconv.Itoa(x.Period)
	}
	row := []string{x.Serial, x.Maker, x.Model, string(x.Kind), x.Hash, strconv.Itoa(x.Digits), period, counter,
		day(x.Until),
		x.Box, string(x.State), string(x.Owner), x.Note, day(x.TakenAt), day(x.MovedAt)}
	for i, cell := range row {
		row[i] = harmless(cell)
	}
	return row
}

// harmless is a cell that no program for tables takes for a formula: what a maker or a colleague wrote is text.
func harmless(cell string) string {
	if cell != "" && strings.ContainsRune("=+-@", rune(cell[0])) {
		return "'" + cell
	}
	return cell
}

// day is a day, "" for none.
func day(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}
