package auth

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
)

// noFactor stands where the factor does not matter.
type noFactor struct{}

func (noFactor) Kind() Kind                         { return TOTP }
func (noFactor) BeginBind(*Ceremony, Subject) error { return errors.New("unused") }
func (noFactor) FinishBind(*Ceremony, json.RawMessage) (*Authenticator, error) {
	return nil, errors.New("unused")
}
func (noFactor) BeginVerify(*Ceremony, []*Authenticator) error { return errors.New("unused") }
func (noFactor) FinishVerify(*Ceremony, []*Authenticator, json.RawMessage) (*Authenticator, error) {
	return nil, errors.New("unused")
}

func service(t *testing.T, path string, now func() time.Time) (*Service, func()) {
	t.Helper()
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(Config{DB: db, Keys: store.Plain(), Factors: []Factor{noFactor{}}, Policy: Marketplace(),
		Origin: "http://localhost:8080", Now: now, Pause: func(context.Context, time.Duration) {}})
	if err != nil {
		t.Fatal(err)
	}
	return s, func() { db.Close() }
}

func TestChainShowsEveryEdit(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	ctx := t.Context()
	for i := range 5 {
		err := s.do(ctx, Caller{system: true, RequestID: string(rune('a' + i))}, ActRemoved, func(w *Work) error {
			w.About("acct")
			if i == 3 {
				return Refuse(NotFound)
			}
			return nil
		})
		if err != nil && i != 3 {
			t.Fatal(err)
		}
	}
	if chains, n, err := s.VerifyAudit(ctx, nil); chains != 1 || n != 5 || err != nil {
		t.Fatalf("an honest chain: got %d events of %d chains, %v, want 5 of 1 and no error", n, chains, err)
	}
	restore := func(name string, spoil func(tx store.Tx) error) {
		t.Helper()
		undo := errors.New("undo")
		_ = s.db.Update(ctx, func(tx store.Tx) error {
			if err := spoil(tx); err != nil {
				t.Fatal(err)
			}
			if _, broken := s.checkChain(tx, "acct"); broken == nil {
				t.Errorf("%s: got a chain that holds", name)
			}
			return undo
		})
	}
	edit := func(seq uint64, change func(*Event)) func(store.Tx) error {
		return func(tx store.Tx) error {
			e, err := s.events.Get(tx, eventKey("acct", seq))
			if err != nil {
				return err
			}
			change(e)
			return s.events.Put(tx, eventKey("acct", seq), e)
		}
	}
	restore("an edited outcome", edit(4, func(e *Event) { e.Outcome = "" }))
	restore("an edited time", edit(1, func(e *Event) { e.At = e.At.Add(time.Second) }))
	restore("a cut in the middle", func(tx store.Tx) error { return s.events.Delete(tx, eventKey("acct", 2)) })
	restore("a cut at the end", func(tx store.Tx) error { return s.events.Delete(tx, eventKey("acct", 5)) })
	restore("two in another order", func(tx store.Tx) error {
		a, err := s.events.Get(tx, eventKey("acct", 2))
		if err != nil {
			return err
		}
		b, err := s.events.Get(tx, eventKey("acct", 3))
		if err != nil {
			return err
		}
		if err := s.events.Put(tx, eventKey("acct", 2), b); err != nil {
			return err
		}
		return s.events.Put(tx, eventKey("acct", 3), a)
	})
}

// A trail is read whole, however long its chains are, and past those that do not hold; each of those is named.
func TestVerifyReadsLongChainsAndPastBrokenOnes(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	ctx := t.Context()
	const long = 2*scanBatch + 7
	write := func(chain string, n int) {
		err := s.do(ctx, Caller{system: true}, ActSweep, func(w *Work) error {
			w.About(AccountID(chain))
			for range n {
				if err := w.appendEvent(Event{Action: ActRemoved}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, chain := range []string{"acct-a", "acct-b", "acct-c", "acct-d", "acct-e"} {
		write(chain, 3)
	}
	write("long", long)
	if chains, events, err := s.VerifyAudit(ctx, nil); chains != 6 || events != 15+long || err != nil {
		t.Fatalf("got %d chains, %d events and %v, want 6 and %d", chains, events, err, 15+long)
	}
	err := s.db.Update(ctx, func(tx store.Tx) error {
		last, err := s.events.Get(tx, eventKey("long", long))
		if err != nil {
			return err
		}
		last.Item = "edited"
		return errors.Join(s.events.Put(tx, eventKey("long", long), last),
			s.events.Delete(tx, eventKey("acct-a", 1)), // cut in front
			s.chains.Delete(tx, "acct-b"),              // the head cut off
			s.events.Delete(tx, eventKey("acct-d", 1)), s.events.Delete(tx, eventKey("acct-d", 2)), s.events.Delete(tx, eventKey("acct-d", 3)),
			tx.Put("event", eventKey("acct-e", 2), []byte("not sealed by us")))
	})
	if err != nil {
		t.Fatal(err)
	}
	_, _, err = s.VerifyAudit(ctx, nil)
	var broken *BrokenAudit
	if !errors.As(err, &broken) {
		t.Fatalf("got %v, want the chains that do not hold", err)
	}
	got := map[string]uint64{}
	for _, b := range broken.Chains {
		got[b.Chain] = b.Event
	}
	want := map[string]uint64{"acct-a": 1, "acct-b": 4, "acct-d": 1, "acct-e": 2, "long": long}
	if !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// If the entry cannot be written, the act does not happen.
func TestNoActWithoutItsEntry(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	ctx := t.Context()
	err := s.do(ctx, Caller{system: true}, ActRemoved, func(w *Work) error {
		w.About(AccountID(strings.Repeat("x", 2000))) // a chain whose key no store takes
		return s.consumed.Put(w.tx, "act", &consumedMark{})
	})
	if err == nil {
		t.Fatal("an entry that cannot be written: got no error")
	}
	err = s.do(ctx, Caller{}, ActLook, func(w *Work) error { return w.notConsumed("act", CeremonyUsed) })
	if err != nil {
		t.Errorf("the act happened without its entry: %v", err)
	}
}

// Law 1: a refusal commits what it counted, a failure rolls it back.
func TestRefusalCommitsFailureRollsBack(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	ctx := t.Context()
	put := func(key string, result error) error {
		return s.do(ctx, Caller{}, ActPassword, func(w *Work) error {
			if err := s.consumed.Put(w.tx, key, &consumedMark{}); err != nil {
				return err
			}
			return result
		})
	}
	if err := put("refused", Refuse(CodeWrong)); !errors.Is(err, Refuse(CodeWrong)) {
		t.Fatalf("got %v, want the refusal", err)
	}
	if err := put("failed", errors.New("disk")); err == nil || errors.Is(err, Refuse(CodeWrong)) {
		t.Fatalf("got %v, want the failure", err)
	}
	look := func(key string) error {
		return s.do(ctx, Caller{}, ActLook, func(w *Work) error { return w.notConsumed(key, CeremonyUsed) })
	}
	if err := look("refused"); !errors.Is(err, Refuse(CeremonyUsed)) {
		t.Errorf("what a refusal wrote: got %v, want it there", err)
	}
	if err := look("failed"); err != nil {
		t.Errorf("what a failure wrote: got %v, want it gone", err)
	}
}

// Promise 9: a clock that jumps back unlocks and revives nothing, across a
// restart either.
func TestClockNeverGoesBack(t *testing.T) {
	path := filepath.Join(t.TempDir(), "l.db")
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	now := at
	s, end := service(t, path, func() time.Time { return now })
	if err := s.do(t.Context(), Caller{system: true}, ActRemoved, func(w *Work) error {
		w.About("acct")
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	now = at.Add(-time.Hour)
	if got := s.now(); !got.Equal(at) {
		t.Errorf("after a jump back: got %s, want %s", got, at)
	}
	end()
	s, end = service(t, path, func() time.Time { return now })
	defer end()
	if got := s.now(); !got.Equal(at) {
		t.Errorf("after a jump back and a restart: got %s, want %s", got, at)
	}
	now = at.Add(time.Hour)
	if got := s.now(); !got.Equal(now) {
		t.Errorf("when time goes on: got %s, want %s", got, now)
	}
}

func TestAttemptsWait(t *testing.T) {
	g := GuessPolicy{Free: 3, Wait: time.Minute, Cap: 10 * time.Minute, Limit: 8}
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	var th attempts
	for i, want := range []time.Duration{0, 0, time.Minute, 2 * time.Minute, 4 * time.Minute, 8 * time.Minute, 10 * time.Minute, 10 * time.Minute} {
		th = th.afterFailure(g, now)
		got := time.Duration(0)
		if !th.RestsUntil.IsZero() {
			got = th.RestsUntil.Sub(now)
		}
		if got != want {
			t.Errorf("after %d: waits %s, want %s", i+1, got, want)
		}
	}
	if th.Failures < g.Limit {
		t.Error("8 consecutive of 8: not spent")
	}
	th = th.afterFailure(g, now.Add(25*time.Hour))
	if got := th.freeTries(g, now.Add(25*time.Hour)); got != 2 {
		t.Errorf("after a quiet day: %d left, want 2", got)
	}
	if th.Failures != 9 {
		t.Errorf("a quiet day forgot the consecutive count: got %d, want 9", th.Failures)
	}
}

// What an entry says of who asked and of the method it is about.
func TestWhatAnEntrySays(t *testing.T) {
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	c := Caller{IP: netip.MustParseAddr("203.0.113.7"), Agent: "Firefox", RequestID: "r1", operator: "root"}
	want := Event{At: now, IP: "203.0.113.7", Agent: "Firefox", Request: "r1", Who: "root", Item: "x"}
	w := &Work{now: now, caller: c}
	if got := w.stamped(Event{Item: "x"}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	w.session, w.caller = &session{ID: "s"}, Caller{}
	if got := w.stamped(Event{Item: "x"}); got != (Event{At: now, Item: "x", Session: "s"}) {
		t.Errorf("in a session, of no address: got %+v", got)
	}
	var e Event
	for _, x := range []struct {
		flavour, want Flavour
	}{{Passkey, Passkey}, {SecurityKey, ""}, {Passkey, Passkey}, {"", ""}} {
		e.setMethod(&Authenticator{ID: "1", Name: "Blue", Kind: WebAuthn, Traits: Traits{Flavour: x.flavour}})
		if e != (Event{ID: "1", Item: "Blue", Kind: WebAuthn, Flavour: x.want}) {
			t.Errorf("of a %q: got %+v", x.flavour, e)
		}
	}
}

// The keys of events are in their order, and the chains of the site are sixty-four.
func TestKeysOfChains(t *testing.T) {
	for seq, want := range map[uint64]string{
		0: "a/000000000000", 1: "a/000000000001", 0x0123456789abcdef: "a/456789abcdef", 1<<48 - 1: "a/ffffffffffff",
	} {
		if got := eventKey("a", seq); got != want {
			t.Errorf("event %x: got %s, want %s", seq, got, want)
		}
	}
	chains := map[AccountID]bool{}
	for i := range 2000 {
		chains[siteChain(strconv.Itoa(i))] = true
	}
	if len(chains) != 64 || !chains["site-00"] || !chains["site-3f"] {
		t.Errorf("got %d chains of the site, want 64", len(chains))
	}
}

// Every way in which a chain does not hold is named with its place and why; beyond a thousand they are counted.
func TestWhyAChainDoesNotHold(t *testing.T) {
	s, end := service(t, filepath.Join(t.TempDir(), "l.db"), nil)
	defer end()
	ctx := t.Context()
	spoilt := map[string]struct {
		spoil func(store.Tx) error
		event uint64
		why   string
	}{
		"a": {func(tx store.Tx) error { return s.chains.Put(tx, "a", &chainHead{Seq: 9}) }, 4,
			"the chain ends before it, its head says 9"},
		"b": {func(tx store.Tx) error { return s.chains.Delete(tx, "b") }, 4,
			"the chain ends before it, its head says 0"},
		"c": {func(tx store.Tx) error { return tx.Put("chain", "c", []byte("not ours")) }, 4,
			"the head of its chain cannot be read"},
		"d": {func(tx store.Tx) error { return tx.Put("event", eventKey("d", 2), []byte("not ours")) }, 2,
			"it cannot be read"},
		"e": {func(tx store.Tx) error { return s.events.Delete(tx, eventKey("e", 1)) }, 1,
			"it does not follow from the one before it"},
		"f": {func(tx store.Tx) error {
			head, err := s.chains.Get(tx, "f")
			if err != nil {
				return err
			}
			head.Hash = "another"
			return s.chains.Put(tx, "f", head)
		}, 4, "the chain ends before it, its head says 3"},
		"g": {func(tx store.Tx) error {
			last, err := s.events.Get(tx, eventKey("g", 3))
			if err != nil {
				return err
			}
			return errors.Join(s.events.Delete(tx, eventKey("g", 3)), s.events.Put(tx, eventKey("g", 9), last))
		}, 3, "it does not follow from the one before it"},
		"h": {func(tx store.Tx) error {
			return errors.Join(s.events.Delete(tx, eventKey("h", 1)), s.events.Delete(tx, eventKey("h", 2)),
				s.events.Delete(tx, eventKey("h", 3)))
		}, 1, "the chain ends before it, its head says 3"},
	}
	for chain := range spoilt {
		err := s.do(ctx, Caller{system: true}, ActSweep, func(w *Work) error {
			w.About(AccountID(chain))
			return errors.Join(w.appendEvent(Event{Action: ActRemoved}), w.appendEvent(Event{Action: ActRemoved}),
				w.appendEvent(Event{Action: ActRemoved}))
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for chain, x := range spoilt {
		if err := s.db.Update(ctx, x.spoil); err != nil {
			t.Fatal(chain, err)
		}
	}
	_, _, err := s.VerifyAudit(ctx, nil)
	var broken *BrokenAudit
	if !errors.As(err, &broken) || len(broken.Chains) != len(spoilt) {
		t.Fatalf("got %v, want every one of them", err)
	}
	for _, b := range broken.Chains {
		if x := spoilt[b.Chain]; b.Event != x.event || b.Why != x.why {
			t.Errorf("chain %s: got event %d: %s, want event %d: %s", b.Chain, b.Event, b.Why, x.event, x.why)
		}
	}
	if got := broken.Error(); strings.Count(got, "\n") != len(spoilt)-1 || !strings.HasPrefix(got,
		"chain a, event 4: the chain ends") {
		t.Errorf("got %q", got)
	}
	var many BrokenAudit
	for range 1002 {
		many.add(BrokenChain{})
	}
	if len(many.Chains) != 1000 || many.More != 2 || !strings.HasSuffix(many.Error(), "\nand 2 chains more") {
		t.Errorf("of 1002: got %d named and %d more", len(many.Chains), many.More)
	}
}
