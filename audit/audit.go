package audit

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/latchkey-auth/latchkey/auth"
)

// The actions of the service itself and of operators. They are API and never renamed.
const (
	ActTake   auth.Action = "take-checkpoint" // leaves no event: it would be one more to take
	ActLook   auth.Action = "look-checkpoints"
	ActNewKey auth.Action = "rotate-checkpoint-key"
	ActExport auth.Action = "export-trail"

	ActDeskExport auth.Action = "desk-export-trail" // by one of the staff
	ActDeskRead   auth.Action = "desk-read-export"  // a slice of that
)

func rules() map[auth.Action]auth.Rule {
	return map[auth.Action]auth.Rule{
		ActTake:   {Who: auth.System},
		ActLook:   {Who: auth.System, Reads: true},
		ActNewKey: {Who: auth.System, Audit: true},
		ActExport: {Who: auth.System, Audit: true},

		ActDeskExport: {Who: auth.OfStaff, Audit: true},
		ActDeskRead:   {Who: auth.OfStaff, Reads: true},
	}
}

// Config is where checkpoints go and how often one is made.
type Config struct {
	Checkpoints string        // the file, best on another machine's disk; "": checkpoints in the data folder
	Every       time.Duration // what may be changed without trace is the trail of so long, at most
}

// Default is what a site has that says nothing else.
func Default() Config { return Config{Every: 10 * time.Minute} }

// quiet is how long nothing may be written to the file: who watches it sees that the site lives.
const quiet = 24 * time.Hour

// maxHeads bounds one checkpoint, and with it how long the transaction that makes it takes.
const maxHeads = 1000

// state is what is known of the checkpoints, under "state".
type state struct {
	Number   uint64    `json:"n"` // of the last one
	Hash     string    `json:"h"` // of its note
	At       time.Time `json:"at"`
	Restore  uint64    `json:"r"`           // the restore epoch that it was made in
	Key      string    `json:"k"`           // who signs
	Read     bool      `json:"rd"`          // every chain is in some checkpoint
	ReadFrom string    `json:"rf"`          // else: where the reading of them goes on
	Waiting  []byte    `json:"w,omitempty"` // the line of the last one, while it is not known to be in the file
}

// signer is a key that signs, under its number in four digits. Older ones stay, to tell their signatures by.
type signer struct {
	Secret   string `json:"s"`
	Verifier string `json:"v"`
}

// Service makes checkpoints and holds the trail against them. It is safe for concurrent use.
type Service struct {
	auth   *auth.Service
	door   *auth.Door
	config Config
	name   string // of keys
	log    *slog.Logger
	states *auth.Records[state]
	keys   *auth.Records[signer]

	handed sync.Map // by id, who of the staff is being handed a trail

	turn  sync.Mutex  // one at a time: a checkpoint, or a check
	fails atomic.Bool // the last one could not be made or written
}

// New registers the part with a service. origin is the site's public address.
func New(s *auth.Service, origin string, config Config, log *slog.Logger) (*Service, error) {
	at, err := url.Parse(origin)
	if err != nil || at.Host == "" {
		return nil, fmt.Errorf("the origin %q has no host to name keys by", origin)
	}
	t := &Service{auth: s, config: config, name: at.Host + "/audit", log: log}
	t.states = auth.NewRecords[state]("state")
	t.keys = auth.NewRecords[signer]("key")
	t.door, err = auth.Register(s, auth.Part{Name: "audit", Rules: rules(),
		Collections: []auth.Collection{t.states, t.keys}})
	if err != nil {
		return nil, fmt.Errorf("registering audit: %w", err)
	}
	return t, nil
}

// Alarm reports whether checkpoints wait, because the last one could not be written.
func (s *Service) Alarm() bool { return s.fails.Load() }

func (s *Service) system() auth.Caller { return s.door.Operator("") }

// state reads the state, empty before the first checkpoint.
func (s *Service) state(w *auth.Work) (*state, error) {
	st, err := s.states.Get(w, "state")
	if errors.Is(err, auth.ErrNoRecord) {
		return &state{}, nil
	}
	return st, err
}

// A standing is the state with what else decides whether a checkpoint is due.
type standing struct {
	state
	now   time.Time
	moved bool
	epoch uint64 // the restore epoch of now
}

func (s *Service) standing(ctx context.Context) (standing, error) {
	return auth.Do(ctx, s.door, s.system(), ActLook, func(w *auth.Work) (standing, error) {
		st, err := s.state(w)
		if err != nil {
			return standing{}, err
		}
		moved, err := w.AnyMoved()
		return standing{state: *st, now: w.Now(), moved: moved, epoch: w.RestoreEpoch()}, err
	})
}

// due reports whether a checkpoint is to be made or written now.
func (t *standing) due(every time.Duration) bool {
	since := t.now.Sub(t.At)
	return !t.Read || t.Restore != t.epoch || since >= every && t.moved || since >= quiet
}

// TakeDue makes the checkpoints that are due. Call it every minute or so.
func (s *Service) TakeDue(ctx context.Context) error {
	return s.take(ctx, false, func(t *standing) bool { return t.due(s.config.Every) })
}

// TakeLast makes a checkpoint of what has moved, before the service ends.
func (s *Service) TakeLast(ctx context.Context) error {
	return s.take(ctx, false, func(t *standing) bool { return t.moved })
}

// Take makes a checkpoint now, on an operator's word; begin says that it may be the first of a new file. It returns the
// number of the last one.
func (s *Service) Take(ctx context.Context, begin bool) (uint64, error) {
	err := s.take(ctx, begin, func(*standing) bool { return true })
	if err != nil {
		return 0, err
	}
	t, err := s.standing(ctx)
	return t.Number, err
}

func (s *Service) take(ctx context.Context, begin bool, due func(*standing) bool) (err error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	defer func() { s.fails.Store(err != nil && ctx.Err() == nil) }()
	return auth.WithoutPanic(func() error {
		if err := s.publish(ctx, begin); err != nil {
			return err
		}
		t, err := s.standing(ctx)
		if err != nil || !due(&t) {
			return err
		}
		return s.takeAll(ctx, begin, "")
	})
}

// takeAll makes as many checkpoints as it takes until all that has moved is in one. With next, the last of them says
// that the key of that number signs from then on.
func (s *Service) takeAll(ctx context.Context, begin bool, next string) error {
	last, err := lastOf(s.config.Checkpoints)
	if err != nil {
		return err
	}
	for more := true; more; {
		if more, err = s.makeOne(ctx, last, begin, next); err != nil {
			return fmt.Errorf("making a checkpoint: %w", err)
		}
		if err := s.publish(ctx, begin); err != nil {
			return err
		}
	}
	return nil
}

// publish writes the checkpoint that waits, if one does.
func (s *Service) publish(ctx context.Context, begin bool) error {
	t, err := s.standing(ctx)
	if err != nil || t.Waiting == nil {
		return err
	}
	err = appendLine(s.config.Checkpoints, t.Waiting, begin || t.Number == 1)
	if t.Restore != t.epoch && errors.Is(err, errOther) {
		err = nil // it is of a backup that was put back, and the file has gone on since: so does goOn
	} else if err == nil {
		c, err := parse(bytes.TrimSuffix(t.Waiting, []byte{'\n'}))
		if err != nil {
			return err
		}
		s.log.Info("a checkpoint of the audit trail", "number", c.Number, "heads", len(c.Heads), "note", c.signed)
	}
	if err != nil {
		return err
	}
	return s.door.Do(ctx, s.system(), ActTake, func(w *auth.Work) error {
		st, err := s.state(w)
		if err != nil {
			return err
		}
		st.Waiting = nil
		return s.states.Put(w, "state", st)
	})
}

// makeOne makes the next checkpoint, durably, and reports whether there is more to be in one. last is the one at the end
// of the file, which is behind the store's after a backup was put back.
func (s *Service) makeOne(ctx context.Context, last *checkpoint, begin bool, next string) (more bool,
	err error) {
	drawn, err := s.newSigner()
	if err != nil {
		return false, err
	}
	return auth.Do(ctx, s.door, s.system(), ActTake, func(w *auth.Work) (bool, error) {
		st, err := s.state(w)
		if err != nil {
			return false, err
		}
		c := &checkpoint{Number: st.Number + 1, At: w.Now(), After: st.Hash}
		if st.Number == 0 {
			c.After = none
			st.Key = "0001"
			if err := s.keys.Put(w, st.Key, drawn); err != nil {
				return false, err
			}
		} else if st.Restore != w.RestoreEpoch() {
			if err := s.goOn(w, c, st, last, begin); err != nil {
				return false, err
			}
		}
		more, err := s.heads(w, c, st)
		if err != nil {
			return false, err
		}
		return more, s.sign(w, c, st, next, more)
	})
}

// goOn makes c the one that follows the last of the file, after a backup was put back.
func (s *Service) goOn(w *auth.Work, c *checkpoint, st *state, last *checkpoint, begin bool) error {
	from := st.Number
	c.Restored = &from
	if last == nil {
		if !begin {
			return errGone
		}
		return nil
	}
	if last.Number < st.Number {
		return errOther
	}
	verifiers, err := s.verifiers(w)
	if err != nil {
		return err
	}
	if verifiers, err = learn(s.config.Checkpoints, verifiers); err != nil {
		return err
	}
	if err := last.check(verifierList(verifiers)); err != nil {
		return errors.Join(errOther, err)
	}
	c.Number, c.After = last.Number+1, last.hash()
	return nil
}

// heads gathers what a checkpoint commits to: what has moved, and while not all chains were read once, some more of them.
func (s *Service) heads(w *auth.Work, c *checkpoint, st *state) (more bool, err error) {
	if c.Heads, err = w.TakeMoved(maxHeads); err != nil {
		return false, err
	}
	if room := maxHeads - len(c.Heads); !st.Read && room > 0 {
		list, err := w.HeadsFrom(st.ReadFrom, room)
		if err != nil {
			return false, err
		}
		if st.Read = len(list) < room; !st.Read {
			st.ReadFrom = list[len(list)-1].Chain + "\x00"
		}
		c.Heads = merge(c.Heads, list)
	}
	moved, err := w.AnyMoved()
	return moved || !st.Read, err
}

// sign signs a checkpoint and stores it as the last one, which waits to be written.
func (s *Service) sign(w *auth.Work, c *checkpoint, st *state, next string, more bool) error {
	key, err := s.keys.Get(w, st.Key)
	if err != nil {
		return fmt.Errorf("the key that signs: %w", err)
	}
	by, err := note.NewSigner(key.Secret)
	if err != nil {
		return fmt.Errorf("the key that signs: %w", err)
	}
	if next != "" && !more {
		k, err := s.keys.Get(w, next)
		if err != nil {
			return err
		}
		c.Next, st.Key = k.Verifier, next
	}
	line, err := c.line(by)
	if err != nil {
		return err
	}
	st.Number, st.At = c.Number, c.At
	st.Hash, st.Waiting = c.hash(), line
	st.Restore = w.RestoreEpoch()
	return s.states.Put(w, "state", st)
}

func (s *Service) newSigner() (*signer, error) {
	secret, verifier, err := note.GenerateKey(rand.Reader, s.name)
	if err != nil {
		return nil, fmt.Errorf("making a key that signs: %w", err)
	}
	return &signer{Secret: secret, Verifier: verifier}, nil
}
