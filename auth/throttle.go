package auth

import (
	"errors"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A throttle counts wrong answers in one place. Its key says whose: the
// account and the kind of method, or the account and the browser; never the
// ceremony, so that parallel sign-ins multiply nothing.
//
//	c/<account>/<kind>     codes of a kind           Policy.Guesses
//	b/<account>/<browser>  passwords, known browser  Policy.Passwords
//	s/<account>            passwords, strangers      Policy.Strangers
//	k/<account>/<id>       passwords behind a key    Policy.Proven
//	n/<account>/<address>  codes sent today          Policy.SendsPerDay
//	m/<address>            codes that would bind it  Policy.SendsPerDay
//	o/<account>            codes that would bind     twice Policy.SendsPerDay
//	r/<account>            reset links sent today    Policy.SendsPerDay, then one a ResetLife
//	x/<part>/<key>         what a part counts        as it says
type throttle struct {
	Fails int       `json:"f"`           // consecutive, ended by a right answer
	Burst int       `json:"b,omitempty"` // consecutive without a quiet day between
	At    time.Time `json:"t"`
	Until time.Time `json:"u,omitzero"`
	Keep  bool      `json:"k,omitempty"` // counts towards a limit: never swept
}

const quiet = 24 * time.Hour

// afterFailure returns the throttle after one more wrong answer.
func (t throttle) afterFailure(g GuessPolicy, now time.Time) throttle {
	if now.Sub(t.At) > quiet {
		t.Burst = 0
	}
	t.Fails++
	t.Burst++
	t.At, t.Keep = now, g.Limit > 0
	if over := t.Burst - g.Free; over >= 0 {
		wait := g.Wait
		for range over {
			if wait *= 2; wait >= g.Cap {
				break
			}
		}
		t.Until = now.Add(min(wait, g.Cap))
	}
	return t
}

// freeTries says how many wrong answers are still free of a wait.
func (t throttle) freeTries(g GuessPolicy, now time.Time) int {
	if now.Sub(t.At) > quiet {
		return g.Free
	}
	return max(0, g.Free-t.Burst)
}

// limitReached reports whether the limit on consecutive wrong answers is reached.
func (t throttle) limitReached(g GuessPolicy) bool { return g.Limit > 0 && t.Fails >= g.Limit }

func (w *Work) throttle(key string) (throttle, error) {
	t, err := w.s.throttles.Get(w.tx, key)
	if errors.Is(err, store.ErrNotFound) {
		return throttle{}, nil
	}
	if err != nil {
		return throttle{}, err
	}
	return *t, nil
}

// countFailure counts one wrong answer, before it is known to be wrong where that
// takes long.
func (w *Work) countFailure(key string, g GuessPolicy) (throttle, error) {
	t, err := w.throttle(key)
	if err != nil {
		return t, err
	}
	t = t.afterFailure(g, w.now)
	return t, w.s.throttles.Put(w.tx, key, &t)
}

// clearFailures ends a count. It writes only if there is one.
func (w *Work) clearFailures(key string) error {
	t, err := w.throttle(key)
	if err != nil || t == (throttle{}) {
		return err
	}
	return w.s.throttles.Delete(w.tx, key)
}

// takeSendQuota counts one message to an address, at most SendsPerDay in 24 hours
// and not two within ResendAfter; it returns how many are left.
func (w *Work) takeSendQuota(account AccountID, to ident.Recipient) (int, error) {
	p := w.s.policy
	return w.takeQuota(w.s.sendKey(account, to), p.SendsPerDay, p.ResendAfter)
}

// takeBindQuota counts one code to an address that is nobody's yet: SendsPerDay to
// one address whoever asks, twice as many by one account. Who has bound the
// address is counted apart, so that this stops nobody's sign-in.
func (w *Work) takeBindQuota(account AccountID, to ident.Recipient) error {
	if _, err := w.takeQuota("m/"+w.s.shortMAC("address", to.Key()), w.s.policy.SendsPerDay, 0); err != nil {
		return err
	}
	_, err := w.takeQuota("o/"+string(account), 2*w.s.policy.SendsPerDay, 0)
	return err
}

// takeSiteQuota counts one text or call against what the site pays for in a day:
// by number whoever asks, by the number's prefix and by its country, so that
// nobody can pump traffic to numbers of his own. The country's count lies in
// 16 parts, that no one document is everyone's.
func (w *Work) takeSiteQuota(n ident.Phone) error {
	const parts, prefix = 16, 8
	p, mark := w.s.policy, w.s.shortMAC("address", string(n))
	counts := []struct {
		key  string
		most int
	}{
		{"pn/" + mark, p.SendsPerNumber},
		{"pp/" + w.s.shortMAC("prefix", string(n[:min(prefix, len(n))])), p.SendsPerPrefix},
		{"pc/" + n.Region() + "/" + string("0123456789abcdef"[mark[0]%parts]), p.SendsPerCountry / parts},
	}
	for _, c := range counts {
		if c.most == 0 {
			continue
		}
		if _, err := w.takeQuota(c.key, c.most, 0); err != nil {
			return err
		}
	}
	return nil
}

// takeQuota counts one message under a key, at most most in 24 hours and not two
// within pause; it returns how many are left.
func (w *Work) takeQuota(key string, most int, pause time.Duration) (int, error) {
	t, err := w.throttle(key)
	if err != nil {
		return 0, err
	}
	if w.now.Sub(t.Until) > quiet { // Until is when today's count began
		t = throttle{Until: w.now}
	}
	if !t.At.IsZero() && w.now.Sub(t.At) < pause {
		return 0, Refuse(ResendTooSoon).At(t.At.Add(pause))
	}
	if t.Fails >= most {
		return 0, Refuse(SendLimitReached, "n", strconv.Itoa(most)).At(t.Until.Add(quiet))
	}
	t.Fails++
	t.At = w.now
	return most - t.Fails, w.s.throttles.Put(w.tx, key, &t)
}

// takeResetQuota counts one mail with a reset link. Beyond SendsPerDay it allows one
// in the life of a link: a stranger who keeps asking never stops the owner, who
// has a good link in his mailbox or can be sent one (D4). It counts apart from
// codes, which the owner signs in with.
func (w *Work) takeResetQuota(a AccountID) error {
	t, err := w.throttle(resetKey(a))
	if err != nil {
		return err
	}
	if w.now.Sub(t.Until) > quiet { // as above
		t = throttle{Until: w.now, At: t.At}
	}
	pause := w.s.policy.ResendAfter
	if t.Fails >= w.s.policy.SendsPerDay {
		pause = w.s.policy.ResetLife
	}
	if !t.At.IsZero() && w.now.Sub(t.At) < pause {
		return Refuse(ResendTooSoon).At(t.At.Add(pause))
	}
	t.Fails++
	t.At = w.now
	return w.s.throttles.Put(w.tx, resetKey(a), &t)
}

func (s *Service) sendKey(a AccountID, to ident.Recipient) string {
	return "n/" + string(a) + "/" + s.shortMAC("address", to.Key())
}

func codesKey(a AccountID, k Kind) string     { return "c/" + string(a) + "/" + string(k) }
func browserKey(a AccountID, b string) string { return "b/" + string(a) + "/" + b }
func strangersKey(a AccountID) string         { return "s/" + string(a) }
func resetKey(a AccountID) string             { return "r/" + string(a) }
func provenKey(a AccountID, id string) string { return "k/" + string(a) + "/" + id }
