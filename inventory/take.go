package inventory

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode"

	"github.com/latchkey-auth/latchkey/auth"
)

// takenAtOnce is how many tokens are stored in one transaction: so long whoever else writes waits, and so many are in
// memory.
const takenAtOnce = 200

// An Order is what is to be done with a file of tokens.
type Order struct {
	Options        // Now is the service's own
	File    string // its name, for the audit trail
	Box     string // in which the tokens lie; "": none is known
	Dry     bool   // nothing is stored
	most    int    // how many tokens it may have; 0: any number
}

// A Tally is what became of the tokens of a file.
type Tally struct {
	New       int // in stock from now on
	Here      int // they were before
	Conflicts int // others of the same names are here
	Faults    int // they cannot be taken from any file
}

func (t Tally) String() string {
	return fmt.Sprintf("%d new, %d here already, %d in conflict, %d not to be taken", t.New, t.Here,
		t.Conflicts, t.Faults)
}

// Import takes a file of tokens into the stock, as an operator commands. All of it is read before anything is
// stored: of a file that is broken nothing is. Each token that is not taken is told of once. What an import that
// ended early has stored stays, and is found by the next one.
func (s *Service) Import(ctx context.Context, operator string, file io.ReadSeeker, o Order,
	tell func(*Fault) error) (Tally, error) {
	return s.importBy(ctx, s.door.Operator(operator), taking{ActLook, ActImport, ActTake}, file, o, tell)
}

// What one file may hold at the desk, where somebody waits for the answer.
const (
	MaxFile    = 4 << 20 // bytes
	MostAtOnce = 20_000  // tokens
)

// ImportAtDesk is Import as somebody of the staff does it. It refuses ErrMany besides.
func (s *Service) ImportAtDesk(ctx context.Context, c auth.Caller, file io.ReadSeeker, o Order,
	tell func(*Fault) error) (Tally, error) {
	o.most = MostAtOnce
	return s.importBy(ctx, c, taking{ActDeskCheck, ActDeskImport, ActDeskTake}, file, o, tell)
}

// taking are the actions of an import: what compares, what stores first, and what stores the rest.
type taking struct{ check, first, rest auth.Action }

func (s *Service) importBy(ctx context.Context, c auth.Caller, by taking, file io.ReadSeeker, o Order,
	tell func(*Fault) error) (Tally, error) {
	compare := func(list []*Item) ([]verdict, error) {
		return auth.Do(ctx, s.door, c, by.check, func(w *auth.Work) ([]verdict, error) { return s.judge(w, list) })
	}
	if _, err := compare(nil); err != nil { // before a file is read, which can take long
		return Tally{}, err
	}
	o.Now = s.door.Now(c)
	if !isPrinted(o.Box) {
		return Tally{}, ofFile(ErrBox)
	}
	if o.Dry {
		return eachBatch(file, o, tell, compare)
	}
	plan, err := eachBatch(file, o, func(*Fault) error { return nil }, compare)
	if err != nil {
		return Tally{}, err
	}
	act := by.first
	return eachBatch(file, o, tell, func(list []*Item) ([]verdict, error) {
		verdicts, err := auth.Do(ctx, s.door, c, act, func(w *auth.Work) ([]verdict, error) {
			if act == by.first {
				w.AboutSite(site)
				w.Note("", fmt.Sprintf("%s: %s", fileName(o.File), plan))
			}
			return s.take(w, list, o.Box)
		})
		act = by.rest
		return verdicts, err
	})
}

// fileName is a file's name as the audit trail may have it.
func fileName(name string) string {
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	if signs := []rune(name); len(signs) > maxSerial {
		name = string(signs[:maxSerial])
	}
	return name
}

// A verdict is what becomes of a token that can be taken.
type verdict int

const (
	isNew verdict = iota
	isHere
	inConflict
)

// judge compares tokens with the stock.
func (s *Service) judge(w *auth.Work, list []*Item) ([]verdict, error) {
	verdicts := make([]verdict, len(list))
	for i, t := range list {
		x, err := s.tokens.Get(w, s.keyOf(t.Maker, t.Serial))
		switch {
		case errors.Is(err, auth.ErrNoRecord):
			verdicts[i] = isNew
		case err != nil:
			return nil, err
		case x.provesAs(t):
			verdicts[i] = isHere
		default:
			verdicts[i] = inConflict
		}
	}
	return verdicts, nil
}

// take stores those that are new.
func (s *Service) take(w *auth.Work, list []*Item, box string) ([]verdict, error) {
	verdicts, err := s.judge(w, list)
	for i, v := range verdicts {
		if err == nil && v == isNew {
			t := list[i]
			err = s.tokens.Insert(w, s.keyOf(t.Maker, t.Serial), newRecord(t, box, w.Now()))
		}
	}
	return verdicts, err
}

// A run is one reading of a file.
type run struct {
	judge  func([]*Item) ([]verdict, error) // called once at least
	judged bool
	list   []*Item  // read, and not judged yet
	faults []*Fault // not told of yet
	sum    Tally
	read   int // of the file
}

// eachBatch has the tokens of a file judged, some hundred at a time. It tells of each that is not taken, in the
// order of the file, and counts.
func eachBatch(file io.ReadSeeker, o Order, tell func(*Fault) error, judge func([]*Item) ([]verdict, error)) (Tally,
	error) {
	r := &run{judge: judge}
	for t, err := range Read(file, o.Options) {
		if f, ok := errors.AsType[*Fault](err); ok {
			r.sum.Faults++
			r.faults = append(r.faults, f)
		} else if err != nil {
			return r.sum, errors.Join(r.tellAll(tell), err)
		} else {
			r.list = append(r.list, t)
		}
		if r.read++; o.most > 0 && r.read > o.most {
			return r.sum, ofFile(ErrMany)
		}
		if max(len(r.list), len(r.faults)) == takenAtOnce {
			if err := errors.Join(r.flush(), r.tellAll(tell)); err != nil {
				return r.sum, err
			}
		}
	}
	err := errors.Join(r.flush(), r.tellAll(tell))
	return r.sum, err
}

// flush has what was read judged.
func (r *run) flush() error {
	if len(r.list) == 0 && r.judged {
		return nil
	}
	verdicts, err := r.judge(r.list)
	if err != nil {
		return err
	}
	for i, v := range verdicts {
		switch v {
		case isNew:
			r.sum.New++
		case isHere:
			r.sum.Here++
		case inConflict:
			r.sum.Conflicts++
			r.faults = append(r.faults, &Fault{Line: r.list[i].Line, Serial: r.list[i].Serial, Why: ErrConflict})
		}
	}
	r.judged = true
	r.list = r.list[:0]
	return nil
}

// tellAll tells of those that are not taken, of what was judged.
func (r *run) tellAll(tell func(*Fault) error) error {
	slices.SortStableFunc(r.faults, func(a, b *Fault) int { return cmp.Compare(a.Line, b.Line) })
	for _, f := range r.faults {
		if err := tell(f); err != nil {
			return err
		}
	}
	r.faults = r.faults[:0]
	return nil
}
