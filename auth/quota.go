package auth

import (
	"errors"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A quota counts messages, or what else a day has only so many of, in one
// place. A day begins with the first of it.
//
//	n/<account>/<address>   codes sent to one address       Policy.SendsPerDay
//	m/<address>             codes that would bind it        Policy.SendsPerDay
//	o/<account>             codes that would bind anything  twice Policy.SendsPerDay
//	r/<account>             reset links                     Policy.SendsPerDay, then one a ResetLife
//	u/<mailbox>             sign-up links                   Policy.SignUpsPerDay, then one a LinkLife
//	pn/<number>             texts and calls to a number     Policy.SendsPerNumber
//	pp/<prefix>             to numbers that begin alike     Policy.SendsPerPrefix
//	pc/<country>/<part>     to a country, in 16 parts       Policy.SendsPerCountry
//	x/<part>/<key>          what a part counts              as it says
type quota struct {
	Count  int       `json:"f"`
	Since  time.Time `json:"u,omitzero"` // when the day began that Count is of
	LastAt time.Time `json:"t"`
}

// quota returns the count of the day that it is, with its beginning.
func (w *Work) quota(key string) (quota, error) {
	q, err := w.s.quotas.Get(w.tx, key)
	if errors.Is(err, store.ErrNotFound) {
		return quota{Since: w.now}, nil
	}
	if err != nil {
		return quota{}, err
	}
	if w.now.Sub(q.Since) > quiet {
		return quota{Since: w.now, LastAt: q.LastAt}, nil
	}
	return *q, nil
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
	q, err := w.quota(key)
	if err != nil {
		return 0, err
	}
	if !q.LastAt.IsZero() && w.now.Sub(q.LastAt) < pause {
		return 0, Refuse(ResendTooSoon).At(q.LastAt.Add(pause))
	}
	if q.Count >= most {
		return 0, Refuse(SendLimitReached, "n", strconv.Itoa(most)).At(q.Since.Add(quiet))
	}
	q.Count++
	q.LastAt = w.now
	return most - q.Count, w.s.quotas.Put(w.tx, key, &q)
}

// takeLinkQuota counts one mail with a link under a key. Beyond perDay it allows
// one in the life of a link: a stranger who keeps asking never stops the owner,
// who has a good link in his mailbox or can be sent one (D4). It counts apart from
// codes, which the owner signs in with.
func (w *Work) takeLinkQuota(key string, perDay int, life time.Duration) error {
	q, err := w.quota(key)
	if err != nil {
		return err
	}
	pause := w.s.policy.ResendAfter
	if q.Count >= perDay {
		pause = life
	}
	if !q.LastAt.IsZero() && w.now.Sub(q.LastAt) < pause {
		return Refuse(ResendTooSoon).At(q.LastAt.Add(pause))
	}
	q.Count++
	q.LastAt = w.now
	return w.s.quotas.Put(w.tx, key, &q)
}

func (s *Service) sendKey(a AccountID, to ident.Recipient) string {
	return "n/" + string(a) + "/" + s.shortMAC("address", to.Key())
}

// signUpKey is that of a mailbox, whatever alias of it is typed.
func (s *Service) signUpKey(to ident.Email) string {
	return "u/" + s.shortMAC("mailbox", to.Unaliased())
}

func resetKey(a AccountID) string { return "r/" + string(a) }
