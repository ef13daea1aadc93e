package auth

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// maxItem and maxPlace bound what a person writes about a method, in
// characters.
const (
	maxItem  = 40
	maxPlace = 60
)

// newMethodName is the name of a new method: the one given, or one that tells it
// from its like.
func (s *Service) newMethodName(given string, x *Authenticator, list []*Authenticator) string {
	if n := clip(given, maxItem); n != "" {
		return n
	}
	if x.Traits.Model != "" && !slices.ContainsFunc(list, func(o *Authenticator) bool { return o.Name == x.Traits.Model }) {
		return x.Traits.Model
	}
	called := s.row(x).Called
	if called == "" {
		return ""
	}
	n := 1
	for _, o := range list {
		if o.Kind == x.Kind {
			n++
		}
	}
	return called + " " + strconv.Itoa(n)
}

// nameOfBound is the name of the account's method with that credential or secret.
func nameOfBound(list []*Authenticator, once string) string {
	for _, x := range list {
		if slices.Contains(x.boundOnce(), once) {
			return x.Name
		}
	}
	return ""
}

// clip is a name that somebody has given, as ident.CleanName, cut to n characters.
func clip(s string, n int) string {
	s = ident.CleanName(s)
	if r := []rune(s); len(r) > n {
		s = ident.CleanName(string(r[:n]))
	}
	return s
}

// describe returns an authenticator as its owner sees it.
func (w *Work) describe(x *Authenticator) (AuthenticatorInfo, error) {
	info := AuthenticatorInfo{
		ID: x.ID, Kind: x.Kind, Name: x.Name, Device: x.Device, Flavour: x.Traits.Flavour,
		Serial: x.Traits.Serial, Model: x.Traits.Model, ModelID: x.Traits.ModelID, Maker: x.Traits.Maker,
		Firmware: x.Traits.Firmware, Level: x.Traits.Level.String(), Certified: x.Traits.Certified,
		Masked: x.Traits.Masked, Channels: w.s.methods.Reaching(x.Kind, x.Traits.Channels),
		Class: w.s.worth(x.Kind).Class, Synced: x.Traits.Synced,
		VerifiesUser: x.Traits.VerifiesUser, Discoverable: x.Traits.Discoverable,
		Left: x.Traits.Left, State: x.State, BoundAt: x.BoundAt, UsedAt: x.UsedAt,
		Regression: x.regression(), Recall: x.recall(),
	}
	d, err := w.s.devices.Get(w.tx, authenticatorKey(x.Account, x.Device))
	if errors.Is(err, store.ErrNotFound) {
		return info, nil
	}
	if err == nil {
		info.Place, info.DeviceKind = d.Place, d.Kind
	}
	return info, err
}

// Security is the overview of Advanced security settings: everything that is
// set up, and what would be left if something were lost.
func (s *Service) Security(ctx context.Context, c Caller) (*SecurityInfo, error) {
	return do(ctx, s, c, ActSecurity, func(w *Work) (*SecurityInfo, error) {
		a := w.account
		me, err := w.me()
		if err != nil {
			return nil, err
		}
		info := &SecurityInfo{Me: *me, MaskedPhone: a.Phone.Mask(), PhoneConfirmed: !a.PhoneAt.IsZero(),
			PasswordAt: a.PasswordAt, TemporaryAt: a.TemporaryAt, EnrolledAt: a.EnrolledAt, KeysOnlyAt: a.KeysOnlyAt,
			SecurityCode: a.SecurityCode.info()}
		if a.Question != nil {
			info.QuestionAt = a.Question.SetAt
		}
		if info.PasswordOut, err = w.passwordOut(a.ID); err != nil {
			return nil, err
		}
		if info.KeysAsked, err = w.keysAsked(); err != nil {
			return nil, err
		}
		if err := w.listMethods(info); err != nil {
			return nil, err
		}
		if err := w.revealOwn(info); err != nil {
			return nil, err
		}
		if err := w.listReminders(info); err != nil {
			return nil, err
		}
		return info, w.listPlaces(info)
	})
}

// listMethods fills in the methods, what waits to happen to them, and the
// forecast.
func (w *Work) listMethods(info *SecurityInfo) error {
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return err
	}
	changes, err := w.changes(w.account.ID)
	if err != nil {
		return err
	}
	info.Region = w.ownRegion(list)
	for _, x := range list {
		m, err := w.describe(x)
		if err != nil {
			return err
		}
		m.Last = w.isLast(x, list)
		if w.s.isSet(x.Kind) && m.Left <= fewCodes {
			info.FewCodes = m.Left
		}
		for _, ch := range changes {
			if slices.Contains(ch.Remove, x.ID) {
				m.RemovalDue = ch.Due
			}
		}
		info.Methods = append(info.Methods, m)
	}
	slices.SortStableFunc(info.Methods, func(x, y AuthenticatorInfo) int {
		return w.s.methods.order(x.Kind) - w.s.methods.order(y.Kind)
	})
	for _, ch := range changes {
		info.Changes = append(info.Changes, w.describeChange(ch, list))
	}
	if x := w.liveCodeWait(w.account); x != nil {
		info.Changes = append(info.Changes, x.info())
	}
	devices, err := w.devices(w.account.ID)
	if err != nil {
		return err
	}
	info.Forecast = w.s.methods.forecast(info.Methods, devices)
	info.Covered = !w.account.EnrolledAt.IsZero() && isCovered(info.Forecast)
	info.Offers = w.offers(list)
	info.BackupNeeded, err = w.backupNeeded()
	return err
}

// ownRegion is that of the number that names the account or, without one, of a number that it gets codes at.
func (w *Work) ownRegion(list []*Authenticator) string {
	n := w.account.Phone
	for _, x := range list {
		if n == "" && x.Kind == Phone {
			n = ident.Phone(x.Recipient)
		}
	}
	return n.Region()
}

// fewCodes is how many recovery codes are few: their owner is told to make new ones (R78).
const fewCodes = 3

// isLast reports whether nothing that works would be left without x, recovery codes apart.
func (w *Work) isLast(x *Authenticator, list []*Authenticator) bool {
	return !w.s.isSet(x.Kind) && !slices.ContainsFunc(list, func(o *Authenticator) bool {
		return o.ID != x.ID && !w.s.isSet(o.Kind) && o.State == Active
	})
}

// offers are the sorts of methods that are served here, and whether the account may set each of them up. Codes lead
// back to something, so they wait for the first method.
func (w *Work) offers(list []*Authenticator) []OfferInfo {
	var out []OfferInfo
	for i := range w.s.methods {
		row := &w.s.methods[i]
		usual := i == 0 || w.s.methods[i-1].Kind != row.Kind || w.s.methods[i-1].Flavour != row.Flavour
		if !w.s.methods.Serves(row.Kind, row.Flavour) || !usual || row.Joins || row.Set && w.account.EnrolledAt.IsZero() {
			continue
		}
		out = append(out, OfferInfo{Kind: row.Kind, Flavour: row.Flavour, Refused: w.offerRefused(row, list)})
	}
	return out
}

// offerRefused is why a sort of method cannot be set up; "" if it can.
func (w *Work) offerRefused(row *Method, list []*Authenticator) Code {
	switch {
	case row.Set && slices.ContainsFunc(list, func(x *Authenticator) bool {
		return x.Kind == row.Kind && x.Traits.Left > 0
	}):
		return MethodExists
	case w.refuseBesideKeys(row.Kind, row.Flavour, false) != nil:
		return KeysOnly
	case !w.s.policy.Takes(row):
		return MethodRefused
	case len(list) >= w.s.policy.MaxMethods:
		return TooManyMethods
	}
	return ""
}

// listPlaces fills in where the account is signed in and trusted.
func (w *Work) listPlaces(info *SecurityInfo) error {
	sessions, err := w.sessions(w.account.ID)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		if !x.exchanged() {
			info.Sessions++
		}
	}
	browsers, err := w.browsers()
	if err != nil {
		return err
	}
	for _, b := range browsers {
		if !b.TrustedUntil.IsZero() {
			info.Trusted++
			info.TrustUntil = laterOf(info.TrustUntil, b.TrustedUntil)
		}
		if b.Current && w.mayTrust(w.account) && b.TrustedUntil.IsZero() {
			info.MayTrust = !w.session.restricted() && !w.session.Shared
		}
	}
	return nil
}

// ownAuthenticator returns the account's authenticator with the id. Refuses NoSuchMethod.
func (w *Work) ownAuthenticator(id string) (*Authenticator, error) {
	x, err := w.s.authenticators.Get(w.tx, authenticatorKey(w.account.ID, id))
	if errors.Is(err, store.ErrNotFound) {
		return nil, Refuse(NoSuchMethod)
	}
	return x, err
}

// Rename changes a method's name and where its device is kept. Refuses
// NoSuchMethod, NameMissing, NameTooLong.
func (s *Service) Rename(ctx context.Context, c Caller, id, name, place string) (*AuthenticatorInfo, error) {
	return do(ctx, s, c, ActRename, func(w *Work) (*AuthenticatorInfo, error) {
		x, err := w.ownAuthenticator(id)
		if err != nil {
			return nil, err
		}
		if utf8.RuneCountInString(ident.CleanName(name)) > maxItem || len(name) > ident.MaxTyped {
			return nil, RefuseField(NameTooLong, "name").With("n", strconv.Itoa(maxItem))
		}
		if x.Name = clip(name, maxItem); x.Name == "" {
			return nil, RefuseField(NameMissing, "name")
		}
		x.Rev++
		w.entry.setMethod(x)
		if err := s.authenticators.Put(w.tx, authenticatorKey(x.Account, x.ID), x); err != nil {
			return nil, err
		}
		if err := w.saveDevicePlace(x, place); err != nil {
			return nil, err
		}
		if err := w.renameJoined(x); err != nil {
			return nil, err
		}
		info, err := w.describe(x)
		return &info, err
	})
}

// renameJoined gives a key and what has joined it one name: that of the one which was renamed.
func (w *Work) renameJoined(x *Authenticator) error {
	list, err := w.authenticators(x.Account)
	if err != nil {
		return err
	}
	for _, o := range list {
		joined := w.s.row(o).Joins || w.s.row(x).Joins && w.s.row(o).Input == KeyTouch
		if o.ID == x.ID || o.Device != x.Device || !joined {
			continue
		}
		o.Name = x.Name
		o.Rev++
		if err := w.s.authenticators.Put(w.tx, authenticatorKey(o.Account, o.ID), o); err != nil {
			return err
		}
	}
	return nil
}

// saveDevicePlace notes where the device of a method is kept, and its new name.
func (w *Work) saveDevicePlace(x *Authenticator, place string) error {
	key := authenticatorKey(x.Account, x.Device)
	d, err := w.s.devices.Get(w.tx, key)
	if err != nil {
		return ignoreMissing(err)
	}
	d.Place = clip(place, maxPlace)
	if d.Kind == Stick {
		d.Name = x.Name
	}
	return w.s.devices.Put(w.tx, key, d)
}
