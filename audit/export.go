package audit

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A Selection is what of the trail is handed out.
type Selection struct {
	Account   string    // its id, or an e-mail address or number that is signed in with; "": all chains
	From      time.Time // the first moment; zero: from the beginning
	To        time.Time // the first moment that is no more in it; zero: to the end
	Addresses bool      // whole network addresses, instead of the network that they are in
}

// A line is one act as a line of JSON. Names are the trail's own, as docs/operations.md tells them. Nobody needs to know
// from which flat an act came who reads a trail: of an address it has the network (/24, /48), unless whole ones were
// asked for. Codes, secrets, passwords, e-mail addresses and numbers are in no event.
type line struct {
	Chain   string     `json:"chain"`
	Number  uint64     `json:"number"`
	At      time.Time  `json:"at"`
	Action  string     `json:"action"`
	Outcome string     `json:"outcome,omitempty"`
	Method  string     `json:"method,omitempty"`
	Flavour string     `json:"flavour,omitempty"`
	Channel string     `json:"channel,omitempty"`
	Due     *time.Time `json:"due,omitempty"`
	Item    string     `json:"item,omitempty"`
	About   string     `json:"about,omitempty"`
	Session string     `json:"session,omitempty"`
	Agent   string     `json:"agent,omitempty"`
	Network string     `json:"network,omitempty"`
	Address string     `json:"address,omitempty"`
	Request string     `json:"request,omitempty"`
	Who     string     `json:"who,omitempty"`
	Times   int        `json:"times"`
	Hash    string     `json:"hash"`
}

// exportSlice is how many events are read in one pass, and so how much of them is in memory.
const exportSlice = 500

// Export writes the events of a selection, a line of JSON each: chain after chain, each in its order. That somebody has
// had them is in the trail before the first is written: in the site's, and in the account's own if it is of one. Events
// that come about meanwhile may be in it or not. It returns how many were written. Refuses TimesReversed,
// NotFound.
func (s *Service) Export(ctx context.Context, operator string, sel Selection, out io.Writer) (int, error) {
	chain, err := auth.Do(ctx, s.door, s.door.Operator(operator), ActExport, func(w *auth.Work) (string, error) {
		w.AboutSite("export")
		return noteExport(w, sel)
	})
	if err != nil {
		return 0, err
	}
	return s.write(ctx, s.system(), ActLook, chain, sel, out)
}

// exportsPerDay is how often one of the staff is handed a trail in a day, exportPiece how much of it goes out at once.
const (
	exportsPerDay = 20
	exportPiece   = 32 << 10
)

// ExportAtDesk is Export for one of the staff: never with whole addresses, and his session and his role are looked at
// again for every slice. It is counted and in his own trail before the first line is written, and in that of the
// account, or in the site's if it is of all. Of one person one runs at a time, on a node, until all of it has gone out:
// another's never waits for it. Refuses TimesReversed, NotFound, ExportRuns, ExportLater, and what his role is refused
// with.
func (s *Service) ExportAtDesk(ctx context.Context, c auth.Caller, sel Selection, out io.Writer) (int, error) {
	sel.Addresses = false
	who, err := auth.Do(ctx, s.door, c, ActDeskRead, func(w *auth.Work) (string, error) { return w.Staff().ID, nil })
	if _, refused := errors.AsType[*auth.Error](err); err != nil && !refused {
		return 0, err
	}
	runs := who == "" // whoever is refused here has no turn: the next pass refuses him as well, and writes it down
	if !runs {
		if _, runs = s.handed.LoadOrStore(who, true); !runs {
			defer s.handed.Delete(who)
		}
	}
	chain, err := auth.Do(ctx, s.door, c, ActDeskExport, func(w *auth.Work) (string, error) {
		return noteAtDesk(w, sel, runs || w.Staff().ID != who)
	})
	if err != nil {
		return 0, err
	}
	pieces := bufio.NewWriterSize(out, exportPiece)
	n, err := s.write(ctx, c, ActDeskRead, chain, sel, pieces)
	if err == nil {
		err = pieces.Flush() // before the next may begin
	}
	return n, err
}

// noteAtDesk is noteExport for one of the staff, and counts. runs says that one before has not ended.
func noteAtDesk(w *auth.Work, sel Selection, runs bool) (string, error) {
	if runs {
		return "", auth.Refuse(auth.ExportRuns)
	}
	chain, err := noteExport(w, sel)
	if err != nil {
		return "", err
	}
	return chain, countExport(w)
}

// countExport counts one more export of a member of the staff. Refuses ExportLater.
func countExport(w *auth.Work) error {
	_, err := w.Count("export/"+w.Staff().ID, exportsPerDay, 0)
	if e, ok := errors.AsType[*auth.Error](err); ok && e.Code == auth.SendLimitReached {
		return auth.Refuse(auth.ExportLater).At(e.Until)
	}
	return err
}

// write writes the events of a chain, "" for all, slice by slice, as an act that may read them.
func (s *Service) write(ctx context.Context, c auth.Caller, look auth.Action, chain string, sel Selection,
	out io.Writer) (int, error) {
	type slice struct {
		lines []auth.TrailLine
		next  string
	}
	written := 0
	encoder := json.NewEncoder(out)
	encoder.SetEscapeHTML(false)
	for from, more := "", true; more; {
		got, err := auth.Do(ctx, s.door, c, look, func(w *auth.Work) (slice, error) {
			lines, next, err := w.TrailLines(chain, from, exportSlice)
			return slice{lines, next}, err
		})
		if err != nil {
			return written, fmt.Errorf("reading the audit trail: %w", err)
		}
		for i := range got.lines {
			if !sel.has(got.lines[i].At) {
				continue
			}
			if err := encoder.Encode(lineOf(&got.lines[i], sel.Addresses)); err != nil {
				return written, fmt.Errorf("writing the audit trail: %w", err)
			}
			written++
		}
		from, more = got.next, got.next != ""
	}
	return written, nil
}

// noteExport writes down who has had the trail, and returns which chain, "" for all. Refuses TimesReversed,
// NotFound.
func noteExport(w *auth.Work, sel Selection) (string, error) {
	if !sel.To.IsZero() && !sel.From.Before(sel.To) {
		return "", auth.RefuseField(auth.TimesReversed, "from")
	}
	if sel.Account == "" {
		w.AboutSite("export")
		w.Note("", sel.said())
		return "", nil
	}
	a, err := w.Find(sel.Account)
	if err == nil && a == nil {
		a, err = w.AccountOf(auth.AccountID(sel.Account))
	}
	if err != nil {
		return "", err
	}
	w.NoteFor(a.ID)
	w.Note(string(a.ID), sel.said())
	return string(a.ID), nil
}

// said is a selection in words, for the trail.
func (sel *Selection) said() string {
	said := "all"
	if !sel.From.IsZero() || !sel.To.IsZero() {
		said = timeText(sel.From) + " - " + timeText(sel.To)
	}
	if sel.Addresses {
		said += ", whole addresses"
	}
	return said
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return "..."
	}
	return t.UTC().Format(time.RFC3339)
}

func (sel *Selection) has(at time.Time) bool {
	return !at.Before(sel.From) && (sel.To.IsZero() || at.Before(sel.To))
}

func lineOf(e *auth.TrailLine, addresses bool) *line {
	l := &line{Chain: e.Chain, Number: e.Seq, At: e.At.UTC(), Action: string(e.Action), Outcome: string(e.Outcome),
		Method: string(e.Kind), Flavour: string(e.Flavour), Channel: string(e.Channel), Item: e.Item, About: e.About,
		Session: e.Session, Agent: e.Agent, Request: e.Request, Who: e.Who, Times: e.Times, Hash: e.Hash}
	if !e.Due.IsZero() {
		due := e.Due.UTC()
		l.Due = &due
	}
	if addresses {
		l.Address = e.IP
	} else {
		l.Network = networkOf(e.IP)
	}
	return l
}

// networkOf is the network that an address is in, "" for none.
func networkOf(address string) string {
	a, err := netip.ParseAddr(address)
	if err != nil {
		return ""
	}
	bits := 48
	if a = a.Unmap().WithZone(""); a.Is4() {
		bits = 24
	}
	p, err := a.Prefix(bits)
	if err != nil {
		return ""
	}
	return p.String()
}
