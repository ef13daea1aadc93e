package auth

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A quota counts messages, or what else a day has only so many of, in one
// place. A day begins with the first of it.
//
//	n/<account>/<address>   codes sent to one address       Policy.SendsPerDay, each side (see side)
//	m/<address>             codes that would bind it        Policy.SendsPerDay
//	o/<mailbox>             codes that would bind anything  Policy.SendsPerDay
//	kw/<network>            tickets for support             ticketsPerNetwork
//	ks/<part>               those of the site               ticketsPerSite
//	r/<account>             reset links                     Policy.SendsPerDay, then one a ResetLife
//	v/<account>             codes that introduce a browser  Policy.SendsPerDay, then one a MailCodeLife
//	u/<mailbox>             sign-up links                   Policy.SignUpsPerDay, then one a LinkLife
//	pn/<number>             texts and calls to a number     Policy.SendsPerNumber
//	pw/<network>            texts that would bind, fresh    Policy.BindsPerNetwork, four times that of a wider one
//	pp<budget>/<prefix>     to numbers that begin alike     Policy.SendsPerPrefix, by budget
//	pc<budget>/<country>/…  to a country, in 16 parts       Policy.SendsPerCountry, by budget
//	ps<budget>/<part>       of the whole site, in 16 parts  Policy.SendsPerSite, by budget
//	pu/<number>             of pn, what strangers cause     half of it
//	fn/<number>             codes of a forgotten password   Policy.ResetTextsPerNumber, whoever has it or nobody
//	fw/<network>            the same of one network         Policy.ResetTextsPerNetwork, four times that of a wider one
//	fs/<part>               of the whole site, in 16 parts  Policy.ResetTextsPerSite
//	tc/<serial number>      wrong claims of a token         claimsPerToken, of all accounts together
//	w/<account>             wrong answers of all strangers  Policy.StrangersPerDay
//	l/<account>/<template>  notices of a kind               one
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
	if w.now.Sub(q.Since) >= quiet { // a refusal says that there is more from then on
		return quota{Since: w.now, LastAt: q.LastAt}, nil
	}
	return *q, nil
}

// A draw is one message counted under one key: at most most in 24 hours, and not two within pause; beyond
// that it is refused with the code.
type draw struct {
	key   string
	most  int
	pause time.Duration
	code  Code
	alarm bool // the operator is told when little is left
}

// sendDraw is one code to an address, of those that its account may be sent by one side.
func (w *Work) sendDraw(account AccountID, to ident.Recipient, by side) draw {
	p := w.s.policy
	return draw{key: w.s.sendKey(account, to, by), most: p.SendsPerDay, pause: p.ResendAfter, code: SendLimitReached}
}

// takeAll counts one message under every key, or under none where one has no more: what is refused costs nobody
// anything. It returns how many are left of the first.
func (w *Work) takeAll(draws ...draw) (left int, err error) {
	counted := make([]quota, len(draws))
	for i, d := range draws {
		if counted[i], err = w.mayDraw(d); err != nil {
			return 0, err
		}
	}
	for i, d := range draws {
		q := counted[i]
		q.Count++
		q.LastAt = w.now
		if d.alarm && (q.Count == d.most*4/5 || q.Count == d.most) {
			w.alarms = append(w.alarms, alarm{key: d.key, count: q.Count, most: d.most})
		}
		if err := w.s.quotas.Put(w.tx, d.key, &q); err != nil {
			return 0, err
		}
	}
	return draws[0].most - counted[0].Count - 1, nil
}

// mayDraw returns the count behind a draw, or refuses it.
func (w *Work) mayDraw(d draw) (quota, error) {
	q, err := w.quota(d.key)
	if err != nil {
		return quota{}, err
	}
	if !q.LastAt.IsZero() && w.now.Sub(q.LastAt) < d.pause {
		return quota{}, Refuse(ResendTooSoon).At(q.LastAt.Add(d.pause))
	}
	if q.Count >= d.most {
		e := Refuse(d.code)
		// how much the site has is nobody's business
		if !slices.Contains([]Code{TextsLater, PhoneResetLater, TicketLater}, d.code) {
			e.With("n", strconv.Itoa(d.most))
		}
		return quota{}, e.At(q.Since.Add(quiet))
	}
	return q, nil
}

// An alarm says that little is left, or nothing, of what the whole site may send in a day.
type alarm struct {
	key   string
	count int
	most  int
}

// sound tells the operator, once the pass is durable.
func (s *Service) sound(alarms []alarm) {
	for _, a := range alarms {
		say := s.log.Warn
		if a.count == a.most {
			say = s.log.Error
		}
		say("texts and calls: a part of the day's budget is used up", "budget", a.key, "sent", a.count, "of", a.most)
	}
}

// takeQuota counts one message under a key, at most most in 24 hours and not two
// within pause; it returns how many are left.
func (w *Work) takeQuota(key string, most int, pause time.Duration) (int, error) {
	return w.takeAll(draw{key: key, most: most, pause: pause, code: SendLimitReached})
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

// sendKey is where a side's codes to an address are counted: that of known browsers is as it always was.
func (s *Service) sendKey(a AccountID, to ident.Recipient, by side) string {
	key := "n/" + string(a) + "/" + s.shortMAC("address", to.Key())
	if by == known {
		return key
	}
	return key + "/" + string(by)
}

// takeNotice counts a notice that strangers can cause, and reports whether it is the day's first.
func (w *Work) takeNotice(a AccountID, template string) (bool, error) {
	_, err := w.takeQuota("l/"+string(a)+"/"+template, 1, 0)
	if e := new(Error); errors.As(err, &e) {
		return false, nil
	}
	return err == nil, err
}

// signUpKey is that of a mailbox, whatever alias of it is typed.
func (s *Service) signUpKey(to ident.Email) string {
	return "u/" + s.shortMAC("mailbox", to.Unaliased())
}

func resetKey(a AccountID) string { return "r/" + string(a) }
