package auth

import (
	"errors"
	"net/netip"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// A side is whose wrong answers and codes are counted together (D12): what
// strangers can spend closes nothing that the owner needs.
type side string

const (
	strangers  side = "strangers"
	introduced side = "introduced" // browsers of who reads the account's mail
	known      side = "known"      // browsers with a complete sign-in, and what has a session
)

// A party is one side, and who of it: a known browser, a session, a strangers' network.
type party struct {
	side side
	id   string
}

// partyOf says who the caller is to an account.
func (w *Work) partyOf(a AccountID) (party, error) {
	id := w.s.browserID(w.caller)
	if id != "" {
		_, err := w.s.browsers.Get(w.tx, sessionKey(a, id))
		if err == nil {
			return party{known, id}, nil
		}
		if !errors.Is(err, store.ErrNotFound) {
			return party{}, err
		}
	}
	if w.session != nil && w.session.Account == a && !w.session.Restricted {
		return party{known, w.session.lineID()}, nil
	}
	met, err := w.isIntroduced(a, id)
	if err != nil {
		return party{}, err
	}
	if met {
		return party{introduced, id}, nil
	}
	return party{strangers, w.s.network(w.caller.IP)}, nil
}

// partyIn says who the caller is to the account of a ceremony: what a session has begun is the owner's.
func (w *Work) partyIn(a AccountID, session string) (party, error) {
	p, err := w.partyOf(a)
	if p.side != known && session != "" {
		p = party{known, session}
	}
	return p, err
}

// network names the network of an address: /24, or /48, which one customer of a
// provider has or can have.
func (s *Service) network(ip netip.Addr) string {
	ip = ip.Unmap().WithZone("")
	bits := 48
	if ip.Is4() {
		bits = 24
	}
	p, err := ip.Prefix(bits)
	if err != nil {
		return s.shortMAC("network", "")
	}
	return s.shortMAC("network", p.String())
}

// A counter says where one party's wrong answers to one kind of question are
// counted, and what else they count towards.
type counter struct {
	key    string      // the party's own, with its waits
	older  string      // where a version before counted it; goes on until it is quiet
	waits  GuessPolicy // of that
	into   string      // towards the limit; "": these disable nothing
	limits []string    // what reaches the limit together
	limit  int
	crowd  string    // the day's count of all strangers; "" for others
	stepOf AccountID // whose second step a stranger takes behind a right password; "" for others
}

// counterOf says where the caller's answers to a kind are counted.
func (w *Work) counterOf(a AccountID, k Kind) (counter, error) {
	p, err := w.partyOf(a)
	if err != nil {
		return counter{}, err
	}
	policy := w.s.policy.Guesses
	if k == Password {
		policy = w.s.policy.Passwords
	}
	c := counter{older: codesKey(a, k), waits: policy, limits: []string{codesKey(a, k)}, limit: policy.Limit}
	if w.s.policy.OneLimit {
		c.into = othersKey(a, k)
		c.limits = append(c.limits, c.into)
	}
	switch p.side {
	case known:
		c.key, c.into = browserKey(a, p.id, k), codesKey(a, k)
	case introduced:
		c.key, c.older = introducedKey(a, k), ""
	case strangers:
		c.key, c.crowd = strangersKey(a, p.id, k), crowdKey(a)
		if k == Password {
			c.waits, c.older = w.s.policy.Strangers, "s/"+string(a)
		} else {
			c.stepOf = a
		}
	}
	c.waits.Limit = 0 // it is on the sum
	return c, nil
}

// ownCounter counts apart what no other party can answer.
func ownCounter(key string, p GuessPolicy) counter {
	return counter{key: key, waits: p, limits: []string{key}, limit: p.Limit}
}

// provenCounter counts passwords of who has shown a key or a session, towards the limit of the account's password.
func (s *Service) provenCounter(key string, a AccountID) counter {
	sum := codesKey(a, Password)
	c := counter{key: key, waits: s.policy.Proven, into: sum, limits: []string{sum}, limit: s.policy.Proven.Limit}
	c.waits.Limit = 0
	return c
}

// limitReached reports whether too many consecutive wrong answers were given.
func (w *Work) limitReached(c counter) (bool, error) {
	n := 0
	for _, key := range c.limits {
		t, err := w.attempts(key)
		if err != nil {
			return false, err
		}
		n += t.Failures
	}
	return c.limit > 0 && n >= c.limit, nil
}

// ownAttempts reads a party's own count.
func (w *Work) ownAttempts(c counter) (attempts, error) {
	t, err := w.attempts(c.key)
	if err != nil || c.older == "" || t != (attempts{}) {
		return t, err
	}
	old, err := w.attempts(c.older)
	if old.Burst == 0 || err != nil {
		return attempts{}, err
	}
	return attempts{Burst: old.Burst, At: old.At, RestsUntil: old.RestsUntil}, nil
}

// countFailure counts one wrong answer, before it is known to be wrong where that
// takes long.
func (w *Work) countFailure(c counter) (attempts, error) {
	t, err := w.ownAttempts(c)
	if err != nil {
		return t, err
	}
	t = t.afterFailure(c.waits, w.now)
	if err := w.s.attempts.Put(w.tx, c.key, &t); err != nil {
		return t, err
	}
	if err := w.addTowardsLimit(c, 1); err != nil {
		return t, err
	}
	return t, w.addToCrowd(c, 1)
}

// uncountFailure takes back what was counted for an answer that was not judged, or was right.
func (w *Work) uncountFailure(c counter) error {
	t, err := w.attempts(c.key)
	if err != nil {
		return err
	}
	t = t.withoutOne()
	if err := w.s.attempts.Put(w.tx, c.key, &t); err != nil {
		return err
	}
	if err := w.addTowardsLimit(c, -1); err != nil {
		return err
	}
	return w.addToCrowd(c, -1)
}

func (w *Work) addTowardsLimit(c counter, n int) error {
	if c.into == "" {
		return nil
	}
	t, err := w.attempts(c.into)
	if err != nil {
		return err
	}
	t.Failures = max(0, t.Failures+n)
	if w.now.Sub(t.At) > quiet { // of a version before: see ownAttempts
		t.Burst, t.RestsUntil = 0, time.Time{}
	}
	if t.Burst == 0 {
		t.At = w.now
	}
	t.Keep = true
	return w.s.attempts.Put(w.tx, c.into, &t)
}

func (w *Work) addToCrowd(c counter, n int) error {
	if c.crowd == "" {
		return nil
	}
	q, err := w.quota(c.crowd)
	if err != nil {
		return err
	}
	q.Count, q.LastAt = max(0, q.Count+n), w.now
	return w.s.quotas.Put(w.tx, c.crowd, &q)
}

// clearAnswered ends the counts that a right answer ends: the party's own, and
// what was consecutive.
func (w *Work) clearAnswered(c counter) error {
	for _, key := range append([]string{c.key}, c.limits...) {
		if err := w.clearFailures(key); err != nil {
			return err
		}
	}
	return nil
}

// clearCounts ends all counts of an account that a test picks by family and kind.
func (w *Work) clearCounts(a AccountID, over func(family, whose string, k Kind) bool) error {
	for _, family := range []string{"a", "b", "c", "e", "i", "k", "s"} {
		var keys []string
		for item, err := range w.s.attempts.Prefix(w.tx, family+"/"+string(a)+"/", maxCounts) {
			if err != nil {
				return err
			}
			if over(family, whoseCount(item.ID), kindOfCount(item.ID)) {
				keys = append(keys, item.ID)
			}
		}
		for _, key := range keys {
			if err := w.s.attempts.Delete(w.tx, key); err != nil {
				return err
			}
		}
	}
	return nil
}

// maxCounts bounds what is read of one family: the day's count of strangers keeps it far below.
const maxCounts = 2000

// kindOfCount is the kind whose answers a key counts.
func kindOfCount(key string) Kind {
	parts := strings.Split(key, "/")
	switch {
	case parts[0] == "k", parts[0] == "b" && len(parts) == 3:
		return Password
	}
	return Kind(parts[len(parts)-1])
}

// whoseCount is the browser, network or key that a count is of, "" for one of all.
func whoseCount(key string) string {
	parts := strings.Split(key, "/")
	if len(parts) == 4 || kindOfCount(key) == Password && parts[0] != "c" {
		return parts[2]
	}
	return ""
}

// endOldCounts ends what was counted against a password that is replaced: by
// whoever guessed it, and by strangers behind it, with what they disabled.
func (w *Work) endOldCounts(a AccountID) error {
	err := w.clearCounts(a, func(family, _ string, k Kind) bool {
		return k == Password || family != "b" && family != "c"
	})
	if err != nil {
		return err
	}
	if err := w.clearFailures(outKey(a)); err != nil {
		return err
	}
	if err := w.s.quotas.Delete(w.tx, crowdKey(a)); err != nil {
		return err
	}
	list, err := w.authenticators(a)
	if err != nil {
		return err
	}
	for _, x := range list {
		if x.State != Disabled {
			continue
		}
		t, err := w.attempts(codesKey(a, x.Kind))
		if err != nil {
			return err
		}
		if t.Failures >= w.s.policy.Guesses.Limit {
			continue // known browsers did that
		}
		x.State = Active
		x.Rev++
		if err := w.s.authenticators.Put(w.tx, authenticatorKey(a, x.ID), x); err != nil {
			return err
		}
	}
	return nil
}

// endCountsOf ends every count of a kind that was bound anew.
func (w *Work) endCountsOf(a AccountID, k Kind) error {
	return w.clearCounts(a, func(_, _ string, of Kind) bool { return of == k })
}

func codesKey(a AccountID, k Kind) string      { return "c/" + string(a) + "/" + string(k) }
func othersKey(a AccountID, k Kind) string     { return "e/" + string(a) + "/" + string(k) }
func bindingKey(a AccountID, k Kind) string    { return "a/" + string(a) + "/" + string(k) }
func introducedKey(a AccountID, k Kind) string { return "i/" + string(a) + "/" + string(k) }
func provenKey(a AccountID, id string) string  { return "k/" + string(a) + "/" + id }
func crowdKey(a AccountID) string              { return "w/" + string(a) }

// browserKey is without a kind for passwords, as it always was.
func browserKey(a AccountID, browser string, k Kind) string {
	if k == Password {
		return "b/" + string(a) + "/" + browser
	}
	return "b/" + string(a) + "/" + browser + "/" + string(k)
}

func strangersKey(a AccountID, network string, k Kind) string {
	return "s/" + string(a) + "/" + network + "/" + string(k)
}
