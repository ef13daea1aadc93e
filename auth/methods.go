package auth

import (
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// activeMethods returns the account's active authenticators of a kind, only the
// chosen one if id is set.
func (w *Work) activeMethods(a AccountID, k Kind, id string) ([]*Authenticator, error) {
	list, err := w.authenticators(a)
	return slices.DeleteFunc(list, func(x *Authenticator) bool {
		return x.Kind != k || x.State != Active || id != "" && x.ID != id
	}), err
}

// usable reports whether policy takes a method as second step of this account
// now. The mailbox or number that proved the first factor cannot also be the
// second step of the sign-in that follows (D14): the account remembers it, or the
// sign-in under way does, which is firstBy, else "".
func (w *Work) usable(a *Account, x *Authenticator, firstBy ident.Recipient) bool {
	if x.State != Active || !w.s.reaches(x) || !w.s.accepts(a, x) || a.frozen() && !w.lifts(a, x) {
		return false
	}
	return w.s.policy.Takes(w.s.row(x)) && !a.provedFirst(x.Recipient) &&
		(firstBy == "" || firstBy.Unaliased() != x.Recipient.Unaliased())
}

// reaches reports whether the site has the factor of an authenticator, and a channel to it.
func (s *Service) reaches(x *Authenticator) bool {
	if len(x.Traits.Channels) > 0 {
		return len(s.methods.Reaching(x.Kind, x.Traits.Channels)) > 0
	}
	return s.methods.Serves(x.Kind, s.methods.Of(x.Kind, "").Flavour)
}

// refuseSoleMailbox refuses what would leave the mailbox that resets the password as
// the only second step: whoever reads it would need nothing else (D14). list
// is the methods that there would be.
func (w *Work) refuseSoleMailbox(email ident.Email, list []*Authenticator) error {
	resets := false
	for _, x := range list {
		if x.State != Active || w.s.isSet(x.Kind) || !w.s.policy.Takes(w.s.row(x)) {
			continue
		}
		if x.Recipient.Unaliased() != email.Unaliased() {
			return nil
		}
		resets = true
	}
	if resets {
		return RefuseField(MailboxResets, "email")
	}
	return nil
}

// offeredMethods lists the ways to take the second step, best first. firstBy is as
// in usable.
func (w *Work) offeredMethods(a *Account, firstBy ident.Recipient) ([]MethodInfo, error) {
	return w.offered(a, firstBy, Rule{})
}

// offered is offeredMethods for an act, by its rule.
func (w *Work) offered(a *Account, firstBy ident.Recipient, rule Rule) ([]MethodInfo, error) {
	list, err := w.authenticators(a.ID)
	if err != nil {
		return nil, err
	}
	var out []MethodInfo
	at := map[Kind]int{}
	for _, x := range list {
		if !w.usable(a, x, firstBy) || rule.Key && !w.s.isKey(x) || w.s.isSet(x.Kind) && x.Traits.Left == 0 {
			continue
		}
		i, seen := at[x.Kind]
		if !seen || x.Recipient != "" {
			i = len(out)
			at[x.Kind] = i
			m := MethodInfo{Kind: x.Kind, Class: w.s.worth(x.Kind).Class, Masked: x.Traits.Masked,
				Channels: w.s.methods.Reaching(x.Kind, x.Traits.Channels)}
			if x.Recipient != "" {
				m.ID = x.ID
			}
			if m.Resting, err = w.restsUntil(a.ID, x.Kind); err != nil {
				return nil, err
			}
			out = append(out, m)
		}
		m := &out[i]
		m.Names = append(m.Names, x.Name)
		m.Left += x.Traits.Left
		if f := w.s.row(x).Flavour; f != "" && !slices.Contains(m.Flavours, f) {
			m.Flavours = append(m.Flavours, f)
		}
		m.Keys = m.Keys || x.Traits.Flavour == SecurityKey
		m.Passkeys = m.Passkeys || x.Traits.Flavour == Passkey
	}
	slices.SortStableFunc(out, func(x, y MethodInfo) int { return w.s.methods.order(x.Kind) - w.s.methods.order(y.Kind) })
	for _, m := range out { // each time the same, whatever their ids
		slices.SortFunc(m.Flavours, func(x, y Flavour) int { return w.s.methods.place(m.Kind, x) - w.s.methods.place(m.Kind, y) })
	}
	return out, nil
}

// restsUntil returns until when a kind rests after the caller's wrong answers; zero if ready.
func (w *Work) restsUntil(a AccountID, k Kind) (time.Time, error) {
	c, err := w.counterOf(a, k)
	if err != nil {
		return time.Time{}, err
	}
	t, err := w.ownAttempts(c)
	if err != nil || !w.now.Before(t.RestsUntil) {
		return time.Time{}, err
	}
	return t.RestsUntil, nil
}
