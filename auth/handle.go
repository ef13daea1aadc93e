package auth

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A Part is what a package with nouns of its own (recovery, team, inventory)
// brings into the house. It is registered once, before anything is served.
type Part struct {
	Name        string          // one word of a-z: the prefix of all that is stored for the part
	Rules       map[Action]Rule // of its use cases; an action belongs to one part
	Collections []Collection    // made by NewRecords
	Shops       Shops           // who answers what shops an account has; nil but for one part
	Staff       Staff           // who knows the staff; nil but for one part
	Tokens      Tokens          // who keeps the stock of hardware tokens; nil but for one part
	// HandedOver ends what the part keeps of an account's former owner that could still open it; nil: it keeps nothing
	// of the kind. It is asked in the pass of the hand-over, before anything is retired.
	HandedOver func(w *Work, id AccountID) error
	// NotMe is told what an account's owner has said "this was not me" to, in the pass that does what his word is worth;
	// nil: the part keeps nothing of it.
	NotMe func(w *Work, id AccountID, said NotMe) error
	// Held is what the part holds about an account, for its owner to take away as JSON; nil: it holds nothing. What
	// opens something is in none of it, nor what others have said of themselves.
	Held func(w *Work, id AccountID) (any, error)
	// MayClose refuses to have an account closed, and says why: others depend on it, or it is in dispute. It is asked
	// when its owner wants that, and again when it comes due; nil: nothing of the part's is in the way.
	MayClose func(w *Work, id AccountID) error
	// Closed deletes what the part holds of an account that is closed, in the pass that deletes the account, and before
	// it; nil: it holds nothing.
	Closed func(w *Work, id AccountID) error
}

// A Collection is a Records of some type, as Register takes it.
type Collection interface {
	register(*Door) error
	chores() chores
}

// chores is what the house does to a collection without its part's asking.
type chores struct {
	name       string // as stored
	findOver   sweeper
	remove     func(store.Tx, string) error
	emptyBatch func(store.Tx) (bool, error) // deletes a batch, and reports whether there is more
	findDue    sweeper                      // nil: nothing in it comes due
	apply      func(ctx context.Context, c Caller, id string) error
}

// A Door is the one door to the data as a part finds it: it opens for the
// actions that the part has registered, and for no other.
//
//	Register(Part) ──► Door ── Do(action, fn) ──► Work ──► Records, Notify, Consume, ...
//
// What opens a session, seals a ceremony or counts wrong answers at sign-in is
// no part's: where one needs such an effect, auth has a named act for it.
type Door struct {
	s    *Service
	part Part
}

// rulebook is the rules of auth and of every part. It is replaced as a whole.
type rulebook struct {
	rules map[Action]Rule
	owner map[Action]*Door // nil: auth's own
	doors []*Door
	shops Shops
	staff Staff

	tokens Tokens
}

// Register takes a part into a service and returns its door. It is an error if an action
// or a collection is there already, or a name cannot be stored.
func Register(s *Service, p Part) (*Door, error) {
	before := s.rulebook.Load()
	d := &Door{s: s, part: p}
	if p.Name == "" || strings.Trim(p.Name, "abcdefghijklmnopqrstuvwxyz") != "" {
		return nil, fmt.Errorf("part %q: its name is not one word of a-z", p.Name)
	}
	if slices.ContainsFunc(before.doors, func(o *Door) bool { return o.part.Name == p.Name }) {
		return nil, fmt.Errorf("part %s is registered twice", p.Name)
	}
	next := &rulebook{rules: maps.Clone(before.rules), owner: maps.Clone(before.owner), doors: append(slices.Clip(before.doors), d)}
	for a, rule := range p.Rules {
		if _, twice := next.rules[a]; twice {
			return nil, fmt.Errorf("part %s: action %q has a rule already", p.Name, a)
		}
		next.rules[a], next.owner[a] = rule, d
	}
	if next.shops = before.shops; p.Shops != nil {
		if next.shops != nil {
			return nil, fmt.Errorf("part %s: another one answers for shops already", p.Name)
		}
		next.shops = p.Shops
	}
	if next.staff = before.staff; p.Staff != nil {
		if next.staff != nil {
			return nil, fmt.Errorf("part %s: another one knows the staff already", p.Name)
		}
		next.staff = p.Staff
	}
	if next.tokens = before.tokens; p.Tokens != nil {
		if next.tokens != nil {
			return nil, fmt.Errorf("part %s: another one keeps tokens already", p.Name)
		}
		next.tokens = p.Tokens
	}
	var names []string
	for _, c := range p.Collections {
		if err := c.register(d); err != nil {
			return nil, fmt.Errorf("part %s: %w", p.Name, err)
		}
		if name := c.chores().name; slices.Contains(names, name) {
			return nil, fmt.Errorf("part %s has two collections %s", p.Name, name)
		} else {
			names = append(names, name)
		}
	}
	if !s.rulebook.CompareAndSwap(before, next) {
		return nil, errors.New("two parts are registered at the same time")
	}
	return d, nil
}

// rule returns the rule of an action, if it has one.
func (s *Service) rule(a Action) (Rule, bool) {
	rule, ok := s.rulebook.Load().rules[a]
	return rule, ok
}

// Do is the door for a part's use cases: it looks the action's rule up, reads
// the caller's session in the same transaction, refuses what the rule refuses,
// runs fn and writes the audit event. The result is what fn returned; beside a
// refusal or a failure there is none.
//
// Laws: a refusal (*Error) commits what fn wrote, any other error rolls back;
// fn may run more than once, so it writes to nothing outside of it and uses no
// clock, no network, and no randomness but NewID's; no slow work inside.
func Do[T any](ctx context.Context, d *Door, c Caller, a Action, fn func(*Work) (T, error)) (T, error) {
	if d.s.rulebook.Load().owner[a] != d {
		var none T
		return none, fmt.Errorf("part %s: action %q is not among its rules", d.part.Name, a)
	}
	passDraws := new(passDraws)
	return do(ctx, d.s, c, a, func(w *Work) (T, error) {
		w.door, w.passDraws = d, passDraws
		return fn(w)
	})
}

// Do is the door for a use case that has no result.
func (d *Door) Do(ctx context.Context, c Caller, a Action, fn func(*Work) error) error {
	_, err := Do(ctx, d, c, a, func(w *Work) (struct{}, error) { return struct{}{}, fn(w) })
	return err
}

// DoOnce is Do for an act that a browser may send twice: the same request of the
// same browser soon gets the success again, and nothing is done anew (once.go).
// What fn returns is stored for as long: it holds no secret.
func DoOnce[T any](ctx context.Context, d *Door, c Caller, a Action, fn func(*Work) (T, error)) (T, error) {
	return once(ctx, d.s, c, a, "", func(c Caller) (T, error) {
		return Do(ctx, d, c, a, func(w *Work) (T, error) {
			result, err := fn(w)
			if err != nil {
				return result, err
			}
			return result, w.remember(result, nil)
		})
	}, recall[T])
}

// DoOnce is the door for such an act that has no result.
func (d *Door) DoOnce(ctx context.Context, c Caller, a Action, fn func(*Work) error) error {
	_, err := DoOnce(ctx, d, c, a, func(w *Work) (struct{}, error) { return struct{}{}, fn(w) })
	return err
}

// ParseNumber reads a number as people type it, for whom the rule of an action of the part admits: to read one takes
// the plans of the world. region is the one that it is dialled in, "" to go by the language. Refuses what the rule
// refuses, and PhoneNoCountry, PhoneOtherCountry, PhoneMalformed.
func (d *Door) ParseNumber(ctx context.Context, c Caller, a Action, typed, region string) (ident.Phone, error) {
	if d.s.rulebook.Load().owner[a] != d {
		return "", fmt.Errorf("part %s: action %q is not among its rules", d.part.Name, a)
	}
	if err := d.s.admitted(ctx, c, a); err != nil {
		return "", err
	}
	n, err := d.s.parseNumber(c, typed, region, nil)
	if err != nil {
		return "", RefuseTyped(err)
	}
	return n, nil
}

// eachCollection calls visit for every collection of every part.
func (s *Service) eachCollection(visit func(chores) error) error {
	for _, d := range s.rulebook.Load().doors {
		for _, c := range d.part.Collections {
			if err := visit(c.chores()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Staff is a caller for acts of a member of the staff, whom the part has been told
// of by a face that he has shown himself to: who he is stands in the audit trail. It
// is good for the part's own actions. With a token, the pass that acts asks who
// it is once more, and whether his role has the act.
func (d *Door) Staff(c Caller, who string) Caller {
	c.system, c.staff = true, c.Token != ""
	c.operator = who
	return c
}
