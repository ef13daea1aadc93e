package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// mostBrowsers is how many browsers one account knows. maxBrowsers bounds what
// its lists read: more, so that forgetting all of them forgets all.
const (
	mostBrowsers = 100
	maxBrowsers  = 200
)

// recordBrowser notes that the account signed in from the caller's browser, tells the
// owner if it is a new one, and reports whether it might be trusted.
func (w *Work) recordBrowser(a *Account, ids messageIDs) (mayTrust bool, err error) {
	id := w.s.browserID(w.caller)
	key := sessionKey(a.ID, id)
	b, err := w.s.browsers.Get(w.tx, key)
	if errors.Is(err, store.ErrNotFound) {
		others, err := w.forgetOldestBrowsers(a.ID)
		if err != nil {
			return false, err
		}
		b = &browser{ID: id, FirstAt: w.now, SeenAt: w.now, Agent: w.caller.Agent, By: w.session.shown()}
		if others && w.action != ActCodeSignIn || w.hasPast() {
			if err := w.tell(a, toldNewBrowser, nil, ids); err != nil {
				return false, err
			}
		}
		return w.mayTrust(a), w.s.browsers.Insert(w.tx, key, b)
	}
	if err != nil {
		return false, err
	}
	mayTrust = w.mayTrust(a) && !w.now.Before(b.TrustedUntil)
	shown := slices.DeleteFunc(w.session.shown(), func(id string) bool { return slices.Contains(b.By, id) })
	recent := w.now.Sub(b.SeenAt) < 24*time.Hour // a day's grain spares a write a sign-in
	if recent && len(shown) == 0 {
		return mayTrust, nil
	}
	b.By = append(b.By, shown...)
	if !recent {
		b.SeenAt, b.Agent = w.now, w.caller.Agent
	}
	return mayTrust, w.s.browsers.Put(w.tx, key, b)
}

// tellUnknownBrowser tells the owner of a sign-in from a browser that will not be
// remembered, a shared computer's or a program, unless the account knows it already:
// to call a computer shared, or to bring no cookie, must not keep a thief unseen.
func (w *Work) tellUnknownBrowser(a *Account, ids messageIDs) error {
	if id := w.s.browserID(w.caller); id != "" {
		_, err := w.s.browsers.Get(w.tx, sessionKey(a.ID, id))
		if !errors.Is(err, store.ErrNotFound) {
			return err
		}
	}
	if !w.hasPast() {
		return nil
	}
	return w.tell(a, toldNewBrowser, nil, ids)
}

// hasPast reports whether anything is known of the account that a browser could be new to: not yet where it has to
// enrol, or is made just now. A sign-in by the security code has a notice of its own.
func (w *Work) hasPast() bool {
	return !w.session.Restricted && w.action != ActConfirmSignUp && w.action != ActCodeSignIn
}

// forgetOldestBrowsers makes room for one more browser, and reports whether the account
// knows any.
func (w *Work) forgetOldestBrowsers(a AccountID) (others bool, err error) {
	list, err := w.knownBrowsers(a)
	if err != nil {
		return false, err
	}
	slices.SortFunc(list, func(x, y *browser) int { return x.SeenAt.Compare(y.SeenAt) })
	for _, b := range list[:max(0, len(list)+1-mostBrowsers)] {
		if err := w.forgetBrowser(a, b.ID); err != nil {
			return false, err
		}
	}
	return len(list) > 0, nil
}

// forgetBrowser deletes what is kept about a browser: its next sign-in is a stranger's.
func (w *Work) forgetBrowser(a AccountID, id string) error {
	if err := w.s.browsers.Delete(w.tx, sessionKey(a, id)); err != nil {
		return err
	}
	return w.clearCounts(a, func(family string, whose string, _ Kind) bool { return family == "b" && whose == id })
}

// forgetBrowsers forgets the browsers of an account that are over, nil for all: whoever made one known may be why a
// password is new or an owner says "this was not me", and would go on as one of the owner's.
func (w *Work) forgetBrowsers(a AccountID, over func(*browser) bool) error {
	list, err := w.knownBrowsers(a)
	if err != nil {
		return err
	}
	gone := map[string]bool{}
	for _, b := range list {
		if over != nil && !over(b) {
			continue
		}
		gone[b.ID] = true
		if err := w.s.browsers.Delete(w.tx, sessionKey(a, b.ID)); err != nil {
			return err
		}
	}
	if over != nil && len(gone) == 0 {
		return nil
	}
	return w.clearCounts(a, func(family, whose string, _ Kind) bool {
		return family == "b" && (over == nil || gone[whose])
	})
}

// forgetBrowsersOf forgets the browsers in which nothing was shown but what is gone, save the caller's own.
func (w *Work) forgetBrowsersOf(a AccountID, gone map[string]bool) error {
	list, err := w.knownBrowsers(a)
	if err != nil {
		return err
	}
	for _, b := range list {
		left := slices.DeleteFunc(slices.Clone(b.By), func(id string) bool { return gone[id] })
		if len(left) == len(b.By) {
			continue
		}
		if len(left) == 0 && !w.isOwnBrowser(b) {
			err = w.forgetBrowser(a, b.ID)
		} else {
			b.By = left
			err = w.s.browsers.Put(w.tx, sessionKey(a, b.ID), b)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// isOwnBrowser reports whether b is the caller's browser.
func (w *Work) isOwnBrowser(b *browser) bool { return b.ID == w.s.browserID(w.caller) }

func (w *Work) knownBrowsers(a AccountID) ([]*browser, error) {
	var list []*browser
	for item, err := range w.s.browsers.Prefix(w.tx, string(a)+"/", maxBrowsers) {
		if err != nil {
			return nil, err
		}
		list = append(list, item.Doc)
	}
	return list, nil
}

// mayTrust reports whether a browser may stand in for the second step of an account at all.
func (w *Work) mayTrust(a *Account) bool { return w.s.policy.TrustLife > 0 && !a.keysOnly() }

// browserTrusted reports whether the caller's browser may skip the second step of this
// account: bound to both, within its time, and not from before a change that
// ends trust.
func (w *Work) browserTrusted(a *Account) (bool, error) {
	id := w.s.browserID(w.caller)
	if id == "" || !w.mayTrust(a) || a.FirstBy != "" {
		return false, nil
	}
	b, err := w.s.browsers.Get(w.tx, sessionKey(a.ID, id))
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return w.now.Before(b.TrustedUntil) && b.Epochs == w.epochs(a), nil
}

// TrustBrowser lets the caller's browser skip the second step for a while. It
// needs a fresh second step, a policy that wants it, and a browser that was
// not called shared at sign-in. Refuses Forbidden, KeysOnly.
//
// The browser gets a new cookie (BrowserInfo.Cookie): one that somebody planted
// before, from a neighbouring site, is worth nothing afterwards.
func (s *Service) TrustBrowser(ctx context.Context, c Caller) (*BrowserInfo, error) {
	fresh := c
	fresh.Browser = s.freshBrowser(c)
	return once(ctx, s, c, ActTrust, "", func(c Caller) (*BrowserInfo, error) { return s.trustBrowser(ctx, c, fresh) },
		func(w *Work, r *priorSuccess) (*BrowserInfo, error) {
			info := new(BrowserInfo)
			if err := r.read(info); err != nil {
				return nil, err
			}
			info.Cookie = fresh.Browser
			_, err := s.browsers.Get(w.tx, sessionKey(w.account.ID, info.ID))
			if errors.Is(err, store.ErrNotFound) { // forgotten since
				return nil, Refuse(Forbidden)
			}
			return info, err
		})
}

// freshBrowser is a new cookie for a browser: random, or for a request that may come
// twice what nobody can know who has not the session's token, and for both the same.
func (s *Service) freshBrowser(c Caller) string {
	if c.Request == "" {
		return base64.RawURLEncoding.EncodeToString(s.random(32))
	}
	h := hmac.New(sha256.New, s.siteRecord.Load().Secret)
	fmt.Fprintf(h, "browser\x00%s\x00%s", s.requestMark(c, ActTrust), c.Token)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

func (s *Service) trustBrowser(ctx context.Context, c, fresh Caller) (*BrowserInfo, error) {
	return do(ctx, s, c, ActTrust, func(w *Work) (*BrowserInfo, error) {
		id := s.browserID(c)
		if w.account.keysOnly() {
			return nil, Refuse(KeysOnly)
		}
		if id == "" || s.policy.TrustLife == 0 || w.session.Shared {
			return nil, Refuse(Forbidden)
		}
		b, err := s.browsers.Get(w.tx, sessionKey(w.account.ID, id))
		if errors.Is(err, store.ErrNotFound) {
			return nil, Refuse(Forbidden)
		}
		if err != nil {
			return nil, err
		}
		b.TrustedUntil, b.Epochs = w.now.Add(s.policy.TrustLife), w.epochs(w.account)
		if err := s.browsers.Delete(w.tx, sessionKey(w.account.ID, id)); err != nil {
			return nil, err
		}
		b.ID = s.browserID(fresh)
		w.entry.ID, w.entry.Item = b.ID, b.Agent
		if err := s.browsers.Insert(w.tx, sessionKey(w.account.ID, b.ID), b); err != nil {
			return nil, err
		}
		info := w.browserInfo(b)
		info.Current = true
		if err := w.remember(&info, nil); err != nil { // without the cookie
			return nil, err
		}
		info.Cookie = fresh.Browser
		return &info, nil
	})
}

func (w *Work) browserInfo(b *browser) BrowserInfo {
	info := BrowserInfo{ID: b.ID, Current: b.ID == w.s.browserID(w.caller), Agent: b.Agent, FirstAt: b.FirstAt, SeenAt: b.SeenAt}
	if w.now.Before(b.TrustedUntil) && b.Epochs == w.epochs(w.account) {
		info.TrustedUntil = b.TrustedUntil
	}
	return info
}

// Browsers lists the browsers that the account has signed in from.
func (s *Service) Browsers(ctx context.Context, c Caller) ([]BrowserInfo, error) {
	return do(ctx, s, c, ActHistory, (*Work).browsers)
}

func (w *Work) browsers() ([]BrowserInfo, error) {
	var list []BrowserInfo
	for item, err := range w.s.browsers.Prefix(w.tx, string(w.account.ID)+"/", maxBrowsers) {
		if err != nil {
			return nil, err
		}
		list = append(list, w.browserInfo(item.Doc))
	}
	slices.SortFunc(list, func(a, b BrowserInfo) int { return b.SeenAt.Compare(a.SeenAt) })
	return list, nil
}

// ForgetBrowser ends the trust in one browser, or with id "" in all, and
// forgets it: its next sign-in is a stranger's. Refuses NotFound.
func (s *Service) ForgetBrowser(ctx context.Context, c Caller, id string) error {
	return s.doOnce(ctx, c, ActForget, func(w *Work) error {
		list, err := w.browsers()
		if err != nil {
			return err
		}
		found := id == ""
		for _, b := range list {
			if id != "" && b.ID != id {
				continue
			}
			found = true
			w.entry.ID, w.entry.Item = b.ID, b.Agent
			if err := w.forgetBrowser(w.account.ID, b.ID); err != nil {
				return err
			}
		}
		if !found {
			return Refuse(NotFound)
		}
		return nil
	})
}
