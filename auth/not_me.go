package auth

import (
	"fmt"
	"time"
)

// This file is what is left of "this was not me" once it is said: the parts hear what it was about, and one of them
// keeps it for those who help.
//
//	Undo ──► what was done is reverted, paused or stopped; all access ends ──► Part.NotMe, in the same pass

// A NotMe is what somebody has said "this was not me" to: the act, when, where from and by what it was done, and what
// his word has made of it.
type NotMe struct {
	Link    string // names the link that was pressed: Work.LinkName
	What    string // as ChangeInfo.What; of a part's notice its template
	Kind    Kind   // of the method that it was about
	Flavour Flavour
	Item    string // its name, or what the change was about
	At      time.Time
	Agent   string // the browser that it was done in; "" where nobody's was
	Place   string // its network address, likewise
	Became  Became
}

// Became is what has become of an act that was not its owner's.
type Became string

// What may have become of it.
const (
	BecameStopped  Became = "stopped"  // it waited, and never happens
	BecameReverted Became = "reverted" // it is as it was before
	BecamePaused   Became = "paused"   // a strong proof did it: it stays, and nothing more changes
	BecameEnded    Became = "ended"    // there was nothing to put back: all access has ended
)

// LinkName names a mailed link where it is kept: whoever reads the name cannot make the link of it.
func (w *Work) LinkName(token string) string { return linkKey(token) }

// seen is where from, and by what, an act was done. It is stored with what tells of the act.
type seen struct {
	Agent string `json:"ag,omitempty"`
	Place string `json:"pl,omitempty"`
}

// seen is that of this pass; what the service does by itself is of who had asked for it.
func (w *Work) seen() seen {
	if w.caller.system {
		return w.asker
	}
	s := seen{Agent: w.caller.Agent}
	if w.caller.IP.IsValid() {
		s.Place = w.caller.IP.String()
	}
	return s
}

// tellParts tells the parts that "this was not me" was said.
func (w *Work) tellParts(id AccountID, token string, info *ChangeInfo, by seen) error {
	said := NotMe{Link: linkKey(token), What: info.What, Kind: info.Kind, Flavour: info.Flavour, Item: info.Item,
		At: info.AskAt, Agent: by.Agent, Place: by.Place, Became: info.became()}
	own := w.door
	defer func() { w.door = own }()
	for _, d := range w.s.rulebook.Load().doors {
		if d.part.NotMe == nil {
			continue
		}
		w.door = d
		if err := d.part.NotMe(w, id, said); err != nil {
			return fmt.Errorf("part %s: %w", d.part.Name, err)
		}
	}
	return nil
}

func (c *ChangeInfo) became() Became {
	switch {
	case !c.Done:
		return BecameStopped
	case c.Ends:
		return BecameEnded
	case c.Pauses:
		return BecamePaused
	}
	return BecameReverted
}
