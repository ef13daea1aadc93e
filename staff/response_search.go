package staff

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is a response that asks the trail whom it is to reach. There is no index of who signed in from where: it
// would be written at every sign-in for what is asked on few days. A search reads the accounts instead, a slice at a
// snapshot, in the background: of those that were used since, the newest events.

// SearchSignIns begins a response to whoever was signed in to from a network within some hours. The search goes on in
// the background. Refuses NetworkMalformed, HoursMalformed, StoryMissing, StoryTooLong, SendLimitReached.
func (s *Service) SearchSignIns(ctx context.Context, c auth.Caller, f ResponseForm, network string, from,
	to time.Time) (string, error) {
	return auth.DoOnce(ctx, s.door, c, ActRespond, func(w *auth.Work) (string, error) {
		at, err := parseNetwork(network)
		if err := errors.Join(f.clean(), err, checkHours(w, from, to)); err != nil {
			return "", first(err)
		}
		if _, err := w.Count("search", searchesPerDay, 0); err != nil {
			return "", err
		}
		x, err := s.beginResponse(w, f, from)
		if err != nil {
			return "", err
		}
		x.Stage = Searching
		x.Search = &signInSearch{Network: at, From: from, To: to}
		w.Note(x.ID, at.String())
		return x.ID, s.responses.Put(w, x.ID, x)
	})
}

// parseNetwork reads an address, or a network in the notation with a slash, that is not half the world.
func parseNetwork(typed string) (netip.Prefix, error) {
	bad := auth.RefuseField(auth.NetworkMalformed, "network")
	typed = strings.TrimSpace(typed)
	p, err := netip.ParsePrefix(typed)
	if err != nil {
		ip, err := netip.ParseAddr(typed)
		if err != nil || ip.Zone() != "" {
			return p, bad
		}
		ip = ip.Unmap()
		return netip.PrefixFrom(ip, ip.BitLen()), nil
	}
	fewest := fewestBits6
	if p.Addr().Is4() {
		fewest = fewestBits4
	}
	if p.Bits() < fewest || p.Addr().Is4In6() {
		return p, bad
	}
	return p.Masked(), nil
}

func checkHours(w *auth.Work, from, to time.Time) error {
	if from.IsZero() || !from.Before(to) || to.Sub(from) > mostWindow || from.After(w.Now()) ||
		w.Now().Sub(from) > oldestSearch {
		return auth.RefuseField(auth.HoursMalformed, "from")
	}
	return nil
}

// search goes on with a search until it is through, or has read enough for one sweep.
func (s *Service) search(ctx context.Context, c auth.Caller, id string) error {
	for range accountsPerSweep / accountsPerLook {
		more, err := s.searchOn(ctx, c, id)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// searchOn reads one slice on a snapshot, and writes down what it has found. It reports whether there is more.
func (s *Service) searchOn(ctx context.Context, c auth.Caller, id string) (bool, error) {
	type look struct {
		at    signInSearch
		found *auth.Found
	}
	seen, err := auth.Do(ctx, s.door, c, ActReadTrails, func(w *auth.Work) (*look, error) {
		x, err := s.responses.Get(w, id)
		if err != nil || x.Stage != Searching {
			return nil, ignoreGone(err)
		}
		q := x.Search
		found, err := w.SignedIn(auth.SignInSearch{Network: q.Network, From: q.From, To: q.To, After: q.After,
			Accounts: accountsPerLook})
		return &look{*q, found}, err
	})
	if err != nil || seen == nil {
		return false, err
	}
	return auth.Do(ctx, s.door, c, ActStep, func(w *auth.Work) (bool, error) {
		x, err := s.responses.Get(w, id)
		if err != nil || x.Stage != Searching || x.Search.After != seen.at.After { // somebody else was here
			return false, ignoreGone(err)
		}
		return s.takeFound(w, x, seen.found)
	})
}

func (s *Service) takeFound(w *auth.Work, x *response, found *auth.Found) (more bool, err error) {
	most, err := limit(w)
	if err != nil {
		return false, err
	}
	by, err := s.members.Get(w, x.Begun.By)
	if errors.Is(err, auth.ErrNoRecord) {
		by, err = new(member), nil
	}
	if err != nil {
		return false, err
	}
	q := x.Search
	q.Read += found.Read
	q.Cut += found.Cut
	q.After = found.Next
	for _, id := range found.Accounts {
		a, err := w.AccountOf(id)
		if err != nil {
			return false, err
		}
		if why := leftOut(a, by); why != "" {
			x.leaveOut(why)
			continue
		}
		if x.Count == most {
			q.Full = true
			break
		}
		if err := s.addTarget(w, x, id); err != nil {
			return false, err
		}
	}
	if more = q.After != "" && !q.Full; !more {
		x.Stage = Ready
	}
	return more, s.responses.Put(w, x.ID, x)
}

func ignoreGone(err error) error {
	if errors.Is(err, auth.ErrNoRecord) {
		return nil
	}
	return err
}

// shown are the first accounts of a response.
func (s *Service) shown(w *auth.Work, id string) ([]ResponseAccount, error) {
	list := []ResponseAccount{}
	for item, err := range s.targets.Prefix(w, id+"/", mostShown) {
		if err != nil {
			return nil, err
		}
		a, err := w.AccountOf(item.Doc.Account)
		if errors.Is(err, auth.Refuse(auth.NotFound)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, ResponseAccount{ID: a.ID, Email: a.MaskedEmail, Reached: item.Doc.Reached})
	}
	slices.SortFunc(list, func(a, b ResponseAccount) int {
		return strings.Compare(string(a.Email),
			string(b.Email))
	})
	return list, nil
}
