package auth

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/store"
)

// Config is what a Service is made of. DB, Keys, Origin and at least one
// Factor are required.
type Config struct {
	DB      store.DB
	Keys    *store.Keys
	Factors []Factor
	Methods Table // a row or more for each factor; nil: what is built in
	// Channels are those by which somebody delivers messages: codes by others are
	// neither offered nor sent. nil: all.
	Channels []Channel
	Tokens   bool // a part keeps a stock of hardware tokens (Part.Tokens), from which they are claimed
	Policy   Policy
	Site     string        // the site's name, for people and as issuer
	Origin   string        // the public address, https://host[:port][/path]; links are built from it alone
	RPID     string        // the relying party id, for signals to browsers
	Hash     password.Cost // of passwords; zero: 19 MiB and two passes
	// Breached are passwords that nobody may choose since they were published; nil: none.
	Breached *password.Breached
	Now      func() time.Time // the wall clock; nil: the machine's
	// Boot is the time since the machine's start, suspend included. nil: as far as
	// Go tells it; beside a Now that is not nil: what that goes forward has passed.
	Boot     func() time.Duration
	AnyClock bool      // start even where the clock is so far ahead that it is rather wrong
	Pace     Pace      // of what one session changes
	Rand     io.Reader // nil: crypto/rand
	Log      *slog.Logger
	// Lab makes the service a lab by that clock, which then is Now as well. Its
	// store must be new or a lab's.
	Lab *Clock
	// Pause waits so that refusals of unknown and known accounts take alike
	// long; nil: a real wait. Tests pass one that returns at once.
	Pause func(ctx context.Context, d time.Duration)
}

// Service is every use case. It is safe for concurrent use.
type Service struct {
	db           store.DB
	keys         *store.Keys
	factors      map[Kind]Factor
	methods      Table
	policy       Policy
	siteName     string
	origin       string
	rpID         string
	rand         io.Reader
	log          *slog.Logger
	pause        func(context.Context, time.Duration)
	hasher       *password.Hasher
	breached     *password.Breached
	rulebook     atomic.Pointer[rulebook]
	wake         chan struct{}
	sweepCursors sweepCursors
	repeats      repeats
	pacer        *pacer
	storeFails   atomic.Bool // the last pass that wrote could not be stored

	breachedFails atomic.Bool // the list could not be read when it was last asked
	lab           *Lab        // nil: a real site
	floors        struct{ signIn, keyFirst, forgot, introduce delayFloor }
	drawing       chan struct{} // a place for each picture that is drawn

	clock      serviceClock
	siteRecord atomic.Pointer[siteMeta] // as read at the start, and as Restored left it

	accounts       *store.Collection[Account]
	authenticators *store.Collection[Authenticator]
	devices        *store.Collection[Device]
	sessions       *store.Collection[session]
	browsers       *store.Collection[browser]
	attempts       *store.Collection[attempts] // both in "throttle"
	quotas         *store.Collection[quota]
	introductions  *store.Collection[introduction]
	mailed         *store.Collection[mailedCodes]
	tickets        *store.Collection[ticket]
	consumed       *store.Collection[consumedMark]
	links          *store.Collection[link]
	changes        *store.Collection[change]
	outbox         *store.Collection[Message]
	sentBox        *store.Collection[Message]
	events         *store.Collection[Event]
	chains         *store.Collection[chainHead]
	meta           *store.Collection[siteMeta]
	recallRuns     *store.Collection[recallRun]
	recallModels   *store.Collection[recallModel]

	dummies struct {
		accounts       *store.Collection[Account]
		authenticators *store.Collection[Authenticator]
	}
}

// siteMeta is what the site remembers about itself, under "site".
type siteMeta struct {
	High     time.Time `json:"h"`           // service time, as it was last saved
	ClockSet uint64    `json:"c,omitempty"` // how often an operator has set it
	Restore  uint64    `json:"r,omitempty"` // restore epoch
	Restored time.Time `json:"ra,omitzero"` // when a backup was last put back: app codes of until then are dead
	NoCodes  time.Time `json:"nc,omitzero"` // recovery codes made until then are void
	Secret   []byte    `json:"s"`           // keys what must stay the same when the store's keys rotate
	Lab      []byte    `json:"l,omitempty"` // the mark of a lab, set when the store is made; a real site has none
}

// New returns the service over an open store. It goes on from
// the service time that is stored: a clock that went back while the service was
// down unlocks nothing. Its error is ErrClockAhead if the clock is far ahead.
func New(cfg Config) (*Service, error) {
	if cfg.DB == nil || cfg.Keys == nil || cfg.Origin == "" || len(cfg.Factors) == 0 {
		return nil, errors.New("auth needs a store, keys, an origin and a factor")
	}
	s := &Service{
		db: cfg.DB, keys: cfg.Keys, policy: cfg.Policy, siteName: cfg.Site, origin: cfg.Origin, rpID: cfg.RPID,
		rand: cfg.Rand, log: cfg.Log, pause: cfg.Pause, breached: cfg.Breached,
		factors: map[Kind]Factor{}, wake: make(chan struct{}, 1), drawing: make(chan struct{}, drawAtOnce),
		repeats: repeats{found: map[repeatKey]*repeated{}},
	}
	s.rulebook.Store(&rulebook{rules: rules(), owner: map[Action]*Door{}})
	if s.rand == nil {
		s.rand = rand.Reader
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.pause == nil {
		s.pause = realPause
	}
	if err := s.setFactors(cfg); err != nil {
		return nil, err
	}
	s.hasher = password.NewHasher(s.rand, hashesAtOnce(runtime.GOMAXPROCS(0)), 256)
	if cfg.Hash != (password.Cost{}) {
		s.hasher.Cost = cfg.Hash
	}
	if cfg.Lab != nil {
		s.lab = &Lab{s: s, clock: cfg.Lab}
		cfg.Now, cfg.Boot = cfg.Lab.Now, nil
		cfg.Pace.Burst = -1 // testers are not bounded
	}
	s.pacer = newPacer(cfg.Pace)
	s.openCollections(cfg.Keys)
	s.clock.start(cfg.Now, cfg.Boot)
	if err := s.startSite(cfg.AnyClock); err != nil {
		return nil, err
	}
	return s, nil
}

// openCollections names the collections and their indexes. Keys hold no personal data.
// What a lab seals opens in no site, and the other way round, over the same
// keys: no record that is moved or lost makes the one the other.
func (s *Service) openCollections(k *store.Keys) {
	r := s.realm()
	s.accounts = store.NewCollection("account", k,
		store.Blind("email", true, func(a *Account) []string { return []string{a.Email.Key()} }),
		store.Blind("phone", false, (*Account).provedPhone), store.Blind("mailbox", false, (*Account).aliased)).In(r)
	s.authenticators = store.NewCollection("authenticator", k,
		store.Blind("credential", true, (*Authenticator).boundOnce)).In(r)
	s.devices = store.NewCollection[Device]("device", k).In(r)
	s.sessions = store.NewCollection[session]("session", k).In(r)
	s.browsers = store.NewCollection[browser]("browser", k).In(r)
	s.attempts = store.NewCollection[attempts]("throttle", k).In(r)
	s.quotas = store.NewCollection[quota]("throttle", k).In(r)
	s.consumed = store.NewCollection("spent", k, store.Ordered("ends", (*consumedMark).ends)).In(r)
	s.links = store.NewCollection[link]("link", k).In(r)
	s.introductions = store.NewCollection[introduction]("introduction", k).In(r)
	s.mailed = store.NewCollection[mailedCodes]("mailed-code", k).In(r)
	s.tickets = store.NewCollection[ticket]("ticket", k).In(r)
	s.changes = store.NewCollection[change]("change", k).In(r)
	s.outbox = store.NewCollection[Message]("outbox", k).In(r)
	s.sentBox = store.NewCollection("sent", k,
		store.Blind("reference", false, func(m *Message) []string { return indexValue(receiptKey(m.Gateway, m.Reference)) })).In(r)
	s.events = store.NewCollection[Event]("event", k).In(r)
	s.chains = store.NewCollection[chainHead]("chain", k).In(r)
	s.meta = store.NewCollection[siteMeta]("meta", k).In(r)
	s.recallRuns = store.NewCollection[recallRun]("recall-run", k).In(r)
	s.recallModels = store.NewCollection[recallModel]("recall-model", k).In(r)
	s.dummies.accounts = store.NewCollection[Account]("stand-in", k).In(r)
	s.dummies.authenticators = store.NewCollection[Authenticator]("stand-in-method", k).In(r)
}

// provedPhone is the account's number as an index value: it is found by it once proved.
func (a *Account) provedPhone() []string {
	if a.PhoneAt.IsZero() {
		return nil
	}
	return indexValue(string(a.Phone))
}

// indexValue is an index value that may be absent.
func indexValue(v string) []string {
	if v == "" {
		return nil
	}
	return []string{v}
}

// random returns n random bytes.
func (s *Service) random(n int) []byte {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.rand, b); err != nil {
		panic(fmt.Sprintf("no randomness: %v", err)) // going on would hand out guessable tokens
	}
	return b
}

// newID returns 128 random bits, but for those that idText takes, in 22 characters.
func (s *Service) newID() string { return idText(s.random(16)) }

// idText writes an id that begins with a letter or a digit: people read it out, and commands would take "-" for a flag.
func idText(random []byte) string {
	if random[0]>>2 > 61 { // "-" and "_" are the last two of the 64 signs
		random[0] &= 0x7f
	}
	return base64.RawURLEncoding.EncodeToString(random)
}

// shortMAC returns 128 bits of a keyed hash: a name for what must not be spelt
// out in a key.
func (s *Service) shortMAC(purpose, value string) string {
	return base64.RawURLEncoding.EncodeToString(s.mac(purpose, value)[:16])
}

// mac is a keyed hash that stays the same when the store's keys rotate: decoy
// credentials that changed would tell who has none.
func (s *Service) mac(purpose, value string) []byte {
	h := hmac.New(sha256.New, s.siteRecord.Load().Secret)
	h.Write([]byte(purpose + "\x00" + value))
	return h.Sum(nil)
}

// browserID names a browser by its cookie without keeping the cookie.
func (s *Service) browserID(c Caller) string {
	if c.Browser == "" {
		return ""
	}
	h := sha256.Sum256([]byte("browser\x00" + c.Browser)) // unkeyed: the cookie is random, and keys rotate
	return base64.RawURLEncoding.EncodeToString(h[:16])
}

func ignoreMissing(err error) error {
	if errors.Is(err, store.ErrNotFound) {
		return nil
	}
	return err
}

func realPause(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
