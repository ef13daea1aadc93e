package auth

import "time"

// A FleetAccount is what one account signs in with, for who counts over all of them.
type FleetAccount struct {
	ID       AccountID
	Off      bool // it is switched off
	KeysOnly bool // security keys alone open it
	Methods  []FleetMethod
}

// A FleetMethod is one of its methods. Of whom nothing is said in it: no number, no mailbox, no name.
type FleetMethod struct {
	Way       string // its row's name (Face.Way)
	Kind      Kind
	Class     Class
	Phishable bool
	Set       bool // recovery codes: a way back, and no method to live by
	Key       bool // a ceremony of the browser; of the others there is no model and no grade
	State     State
	Shut      bool // keys-only protection lets it do nothing
	Model     string
	ModelID   string // AAGUID, "" if not told
	Grade     Grade
	Recalled  bool // its model is: the grade has fallen
	BoundAt   time.Time
	UsedAt    time.Time // zero: never
}

// Works reports whether the account can be opened by it.
func (m *FleetMethod) Works() bool { return m.State == Active && !m.Shut }

// Fleet reads up to n accounts behind one, "" for the first, in an order that says nothing.
func (w *Work) Fleet(after AccountID, n int) ([]FleetAccount, error) {
	from := ""
	if after != "" {
		from = string(after) + "\x00"
	}
	var all []FleetAccount
	for item, err := range w.s.accounts.Scan(w.tx, from, "", n) {
		if err != nil {
			return nil, err
		}
		a := FleetAccount{ID: item.Doc.ID, Off: item.Doc.disabled(), KeysOnly: item.Doc.keysOnly()}
		list, err := w.authenticators(a.ID)
		if err != nil {
			return nil, err
		}
		for _, x := range list {
			m := w.s.fleetMethod(x)
			m.Shut = !w.s.accepts(item.Doc, x)
			a.Methods = append(a.Methods, m)
		}
		all = append(all, a)
	}
	return all, nil
}

func (s *Service) fleetMethod(x *Authenticator) FleetMethod {
	row := s.row(x)
	m := FleetMethod{Way: row.Face.Way, Kind: x.Kind, Class: row.Worth.Class, Phishable: row.Worth.Phishable,
		Set: row.Set, State: x.State, BoundAt: x.BoundAt, UsedAt: x.UsedAt}
	if m.Key = row.Input == KeyTouch; m.Key {
		m.Model, m.ModelID = x.Traits.Model, x.Traits.ModelID
		m.Grade, m.Recalled = x.Traits.Grade(), x.Traits.Recall != nil
	}
	return m
}
