package auth

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/latchkey-auth/latchkey/ident"
)

// BindBegin begins a new method. A session that must enrol may bind its first
// one; from then on binding demands the best class that the account has, so
// that a stolen session adds nothing.
//
// Refuses NoSuchMethod, MethodExists, TooManyMethods, MethodRefused, KeysOnly, KeyValuesMalformed, and for
// numbers PhoneNoCountry, PhoneOtherCountry, PhoneMalformed, PhoneLandline, CountryNotServed, TextsLater.
func (s *Service) BindBegin(ctx context.Context, c Caller, f BindForm) (*Challenge, error) {
	return s.challengeOnce(ctx, c, c.Token, func(c Caller) (*begunChallenge, error) { return s.beginBinding(ctx, c, f) })
}

func (s *Service) beginBinding(ctx context.Context, c Caller, f BindForm) (*begunChallenge, error) {
	factor := s.factors[f.Kind]
	if factor == nil || s.isSet(f.Kind) || !s.methods.Serves(f.Kind, s.methods.Of(f.Kind, "").Flavour) {
		return nil, Refuse(NoSuchMethod)
	}
	if err := s.admitted(ctx, c, ActLookBind); err != nil {
		return nil, err
	}
	serial, err := s.claimedSerial(f)
	if err != nil {
		return nil, err
	}
	f.Serial = serial
	input, to, err := s.bindInput(ctx, c, f)
	if err != nil {
		return nil, err
	}
	id := s.newID()
	next, err := do(ctx, s, c, ActLookBind, func(w *Work) (*Ceremony, error) {
		if err := w.refuseBesideKeys(f.Kind, f.Flavour, false); err != nil {
			return nil, err
		}
		list, err := w.mayBind(f.Kind, to)
		if err != nil {
			return nil, err
		}
		next := &Ceremony{ID: id, Purpose: ForBind, Kind: f.Kind, Channel: f.Channel, Recipient: to, Typed: !f.Own,
			Serial: serial, Input: input, Language: c.Language, Greeting: ident.Greeting(w.account.Email.Mask()),
			Begun: w.now, Now: w.now, Expires: w.now.Add(s.policy.SignInLife),
			Account: w.account.ID, Session: w.session.lineID(), Epochs: w.epochs(w.account)}
		return next, factor.BeginBind(next, s.subject(w.account, list))
	})
	if err != nil {
		return nil, err
	}
	begun := &begunChallenge{Ceremony: *next}
	return begun, s.sendCode(ctx, c, begun)
}

// bindInput checks what the person chose and returns it for the factor, with
// the number or mailbox that it is about.
func (s *Service) bindInput(ctx context.Context, c Caller, f BindForm) (json.RawMessage, ident.Recipient, error) {
	in, to := BindInput{Flavour: f.Flavour, Serial: f.Serial}, ident.Recipient("")
	in.KeyWish = KeyWish{Verify: f.Verify, Resident: f.Resident, Attest: f.Attest, Certified: f.Certified}
	in.KeyValues = KeyValues{f.PublicID, f.PrivateID, f.Secret}
	row := s.methods.Of(f.Kind, "")
	if !s.policy.Takes(row) {
		return nil, "", Refuse(MethodRefused)
	}
	var err error
	if row.Channel == Mail {
		in.Email, err = ident.ParseEmail(f.Address)
		to = ident.Recipient(in.Email)
	} else if row.Channel != "" {
		if f.Own {
			f.Number, err = s.ownNumber(ctx, c)
		}
		if err == nil {
			in.Phone, err = s.parseNumber(c, f.Number, f.Region, s.policy.Countries)
		}
		to = ident.Recipient(in.Phone)
	}
	if err != nil {
		return nil, "", RefuseTyped(err)
	}
	if f.Channel == SMS && in.Phone != "" && !in.Phone.TakesSMS() {
		return nil, "", RefuseField(PhoneLandline, "phone") // R60: it is offered a call
	}
	text, err := json.Marshal(in)
	return text, to, err
}

// ownNumber is the number that names the account, proved or not.
func (s *Service) ownNumber(ctx context.Context, c Caller) (string, error) {
	return do(ctx, s, c, ActMe, func(w *Work) (string, error) { return string(w.account.Phone), nil })
}

// mayBind refuses what is bound already, what would be too much, and a mailbox that
// would undo what it is to protect.
func (w *Work) mayBind(k Kind, to ident.Recipient) ([]*Authenticator, error) {
	list, err := w.authenticators(w.account.ID)
	if err != nil {
		return nil, err
	}
	if len(list) >= w.s.policy.MaxMethods {
		return nil, Refuse(TooManyMethods)
	}
	for _, x := range list {
		if to != "" && x.State == Active && x.Recipient.Key() == to.Key() {
			return nil, Refuse(MethodExists, "name", x.Name)
		}
	}
	next := &Authenticator{Kind: k, Recipient: to, State: Active}
	return list, w.refuseSoleMailbox(w.account.Email, append(slices.Clone(list), next))
}

func (s *Service) subject(a *Account, list []*Authenticator) Subject {
	return Subject{Handle: a.Handle, Name: string(a.Email), Display: a.Name, Site: s.siteName, Existing: list}
}

// BindResend sends the code of a begun binding again, perhaps by another
// channel.
func (s *Service) BindResend(ctx context.Context, c Caller, ceremony string, ch Channel) (*Challenge, error) {
	return s.resendCode(ctx, c, ForBind, ceremony, ch)
}

// resendBinding asks the factor of a begun binding to send again.
func (s *Service) resendBinding(ctx context.Context, c Caller, begun *Ceremony) (*begunChallenge, error) {
	factor := s.factors[begun.Kind]
	if factor == nil {
		return nil, Refuse(NoSuchMethod)
	}
	typed := string(begun.Recipient)
	input, _, err := s.bindInput(ctx, c, BindForm{Kind: begun.Kind, Number: typed, Address: typed,
		Channel: begun.Channel})
	if err != nil {
		return nil, err
	}
	next, err := do(ctx, s, c, ActLookBind, func(w *Work) (*Ceremony, error) {
		next := *begun
		next.Now, next.Messages = w.now, nil
		next.Input, next.Language = input, c.Language
		if _, err := w.flowAccount(&next); err != nil {
			return nil, err
		}
		if err := w.requireOwnSession(&next); err != nil {
			return nil, err
		}
		return &next, factor.BeginBind(&next, s.subject(w.account, nil))
	})
	if err != nil {
		return nil, err
	}
	asked := &begunChallenge{Ceremony: *next}
	return asked, s.sendCode(ctx, c, asked)
}

// BindFinish checks the response and binds the new method. The first one turns
// two-step verification on and raises the session. A claim of a hardware token
// is refused with TokenWrong, whatever is wrong with it.
func (s *Service) BindFinish(ctx context.Context, c Caller, d BindDone) (*BindInfo, error) {
	info, err := s.bindFinish(ctx, c, d)
	return info, s.signalRefused(ctx, c, d.Response, err)
}

func (s *Service) bindFinish(ctx context.Context, c Caller, d BindDone) (*BindInfo, error) {
	cer, err := s.unseal(d.Ceremony, ForBind, c)
	if err != nil {
		return nil, err
	}
	return once(ctx, s, c, ActAdd, cer.ID, func(c Caller) (*BindInfo, error) { return s.finishBinding(ctx, c, cer, d) },
		func(_ *Work, r *priorSuccess) (*BindInfo, error) {
			info := new(BindInfo)
			if err := r.read(info); err != nil || r.session == nil {
				return info, err
			}
			x := s.sessionInfo(r.session, r.session)
			info.Token, info.Session = r.token, &x
			return info, nil
		})
}

func (s *Service) finishBinding(ctx context.Context, c Caller, cer *Ceremony, d BindDone) (*BindInfo, error) {
	factor := s.factors[cer.Kind]
	if factor == nil {
		return nil, Refuse(NoSuchMethod)
	}
	type answer struct {
		bound   *Authenticator
		refused *Error
		token   *Token // that is claimed
	}
	said, err := do(ctx, s, c, ActLookBind, func(w *Work) (answer, error) {
		asked := *cer
		asked.Now, asked.Wall = w.now, w.codesNow
		var said answer
		var err error
		if said.token, err = w.findToken(cer); err != nil {
			return said, err
		}
		asked.Token = said.token
		said.bound, err = factor.FinishBind(&asked, d.Response)
		if err != nil && !errors.As(err, &said.refused) {
			return said, fmt.Errorf("binding %s: %w", cer.Kind, err)
		}
		return said, nil
	})
	if err != nil {
		return nil, err
	}
	id, device := s.newID(), s.newID()
	drawn := s.newSessionDraw()
	info, err := do(ctx, s, c, ActAdd, func(w *Work) (*BindInfo, error) {
		w.entry.Kind, w.entry.Channel = cer.Kind, cer.Channel
		if err := w.checkBindable(cer, said.token, said.refused); err != nil {
			return nil, err
		}
		x := *said.bound
		if err := w.refuseBesideKeys(x.Kind, x.Traits.Flavour, x.Traits.Synced); err != nil {
			return nil, err
		}
		x.ID, x.Device = id, device
		if said.token != nil {
			x.Token = said.token.ID
		}
		return w.bind(cer, &x, d, drawn)
	})
	return info, s.uncheckedRefusal(cer.Kind, err)
}

// checkBindable refuses a binding that is spent, void, of another session or wrong.
// Wrong answers are recorded as everywhere.
func (w *Work) checkBindable(c *Ceremony, t *Token, refused *Error) error {
	if _, err := w.flowAccount(c); err != nil {
		return err
	}
	if err := w.requireOwnSession(c); err != nil {
		return err
	}
	if w.session.exchanged() { // the first method raises the session, and a key that it waits for
		if on, err := w.hasMethods(c.Account); err != nil || !on || w.session.keyDue {
			return cmp.Or(err, w.requireExchange())
		}
	}
	if err := w.mayAnswer(c); err != nil {
		return err
	}
	if err := w.mayClaim(c, t); err != nil {
		return err
	}
	if refused == nil {
		var err error
		if refused, err = w.stillFree(c, t); err != nil {
			return err
		}
	}
	if refused != nil {
		if err := w.countClaim(c, refused); err != nil {
			return err
		}
		return w.recordFailure(c, refused)
	}
	return w.clearAnswers(c)
}

// bind stores a new authenticator, tells every address, and raises the session
// if it is the first. x.Device is the id of a new device, should it need one.
func (w *Work) bind(c *Ceremony, x *Authenticator, d BindDone, drawn sessionDraw) (*BindInfo, error) {
	list, err := w.mayBind(c.Kind, c.Recipient)
	if err != nil {
		return nil, err
	}
	x.Account = w.account.ID
	x.State = Active
	x.BoundAt = w.now
	x.Weakly = !w.actedStrongly()
	x.Recipient = c.Recipient
	x.Name = w.s.newMethodName(d.Name, x, list)
	device, err := w.assignDevice(x, d, x.Device)
	if err != nil {
		return nil, err
	}
	if d.Backup && device == nil { // it joins a device that is there
		if err := w.refuseSharedDevice(x, list); err != nil {
			return nil, err
		}
	}
	if err := w.consume(c.ID, c.Expires, CeremonyUsed); err != nil {
		return nil, err
	}
	before, err := w.hasMethods(w.account.ID)
	if err != nil {
		return nil, err
	}
	if err := w.refuseKnownCredential(x, list); err != nil { // first: a refusal keeps what was written
		return nil, err
	}
	if err := w.s.authenticators.Insert(w.tx, authenticatorKey(x.Account, x.ID), x); err != nil {
		return nil, err
	}
	if err := cmp.Or(w.saveDevice(device), w.assignToken(x)); err != nil {
		return nil, err
	}
	if err := w.endCountsOf(x.Account, x.Kind); err != nil {
		return nil, err
	}
	if err := w.markPhoneVerified(x); err != nil {
		return nil, err
	}
	w.entry.setMethod(x)
	if err := w.tell(w.account, toldAdded, nil, drawn.messageIDs, x); err != nil {
		return nil, err
	}
	info := new(BindInfo)
	if info.Authenticator, err = w.describe(x); err != nil {
		return nil, err
	}
	if err := w.raiseByBound(x, !before, drawn.sessionSecret, info); err != nil {
		return nil, err
	}
	if info.BackupNeeded, err = w.backupNeeded(); err != nil {
		return nil, err
	}
	return info, w.rememberBinding(*info)
}

// rememberBinding notes what a binding got, for the same request.
func (w *Work) rememberBinding(info BindInfo) error {
	var raised *session
	if info.Token != "" {
		raised = w.session
	}
	info.Token, info.Session = "", nil
	return w.remember(&info, raised)
}

// refuseKnownCredential refuses a credential id, or a secret, that is bound, here or elsewhere. Only who knows a secret
// can be told so.
func (w *Work) refuseKnownCredential(x *Authenticator, list []*Authenticator) error {
	for _, once := range x.boundOnce() {
		_, err := w.s.authenticators.One(w.tx, "credential", once)
		if err == nil {
			e := Refuse(KeyExcluded, "name", nameOfBound(list, once))
			if x.Kind == WebAuthn {
				e = e.In("7.1.26")
			}
			return e
		}
		if err := ignoreMissing(err); err != nil {
			return err
		}
	}
	return nil
}

// raiseByBound raises a session that may only bind by what it had to: the account's first method, or the security key
// that a shop asks for.
func (w *Work) raiseByBound(x *Authenticator, first bool, secret []byte, info *BindInfo) error {
	if first {
		return w.enrol(x, secret, info)
	}
	if !w.session.keyDue {
		return nil
	}
	due, err := w.keyDue(w.account.ID)
	if err != nil || due {
		return err
	}
	return w.grantBound(x, secret, info)
}

// enrol turns two-step verification on: the first method counts as shown,
// and the restricted session becomes a full one with a new token.
func (w *Work) enrol(x *Authenticator, secret []byte, info *BindInfo) error {
	w.account.EnrolledAt = w.now
	if !w.account.provedFirst(x.Recipient) {
		w.account.setFirstBy("") // the sign-in after the reset is over
	}
	if err := w.s.accounts.Put(w.tx, string(w.account.ID), w.account); err != nil {
		return err
	}
	if err := w.grantBound(x, secret, info); err != nil {
		return err
	}
	// Whoever else had the password and waited to enrol has nothing to wait for.
	if err := w.endSessions(w.account.ID, func(x *session) bool { return x.Restricted && !w.isOwnSession(x) }); err != nil {
		return err
	}
	alone := func(b *browser) bool { return len(b.By) == 0 && !w.isOwnBrowser(b) }
	if err := w.forgetBrowsers(w.account.ID, alone); err != nil {
		return err
	}
	info.First = true
	return nil
}

// grantBound gives the caller's session the next token: what was bound just now counts as shown.
func (w *Work) grantBound(x *Authenticator, secret []byte, info *BindInfo) error {
	proofs := append(slices.Clone(w.session.Proofs), w.proofBy(x, w.entry.Channel))
	var err error
	if info.Token, err = w.grant(w.account, secret, proofs, w.session.Remember); err != nil {
		return err
	}
	session := w.s.sessionInfo(w.session, w.session)
	info.Session = &session
	return nil
}

// markPhoneVerified notes that a code sent to the account's own number came back: the
// number names this account from now on.
func (w *Work) markPhoneVerified(x *Authenticator) error {
	if x.Recipient == "" || x.Recipient != ident.Recipient(w.account.Phone) {
		return nil
	}
	if err := w.supersedeHolders(w.account.Phone); err != nil {
		return err
	}
	w.account.PhoneAt = w.now
	return w.s.accounts.Put(w.tx, string(w.account.ID), w.account)
}

// assignDevice puts a new authenticator on the device that it lives on: one that was
// named, one of the sort that was named, or a new one. An app and the texts of
// "my phone" so stand on one device and are no backup for each other (R61).
// It returns the new device, to be stored with what lives on it, or nil.
func (w *Work) assignDevice(x *Authenticator, d BindDone, id string) (*Device, error) {
	devices, err := w.devices(w.account.ID)
	if err != nil {
		return nil, err
	}
	kind := w.s.row(x).device(x, d.Device)
	at := slices.IndexFunc(devices, func(v *Device) bool { return v.ID == d.Device })
	if at < 0 && sharesDevice(kind) && d.Device != "new" {
		at = slices.IndexFunc(devices, func(v *Device) bool { return v.Kind == kind })
	}
	if at >= 0 {
		x.Device = devices[at].ID
		if w.s.row(x).Joins {
			x.Name = devices[at].Name
		}
		return nil, nil
	}
	v := Device{ID: id, Kind: kind, Place: clip(d.Place, 60)}
	if kind == Stick {
		v.Name = x.Name
	}
	x.Device = id
	return &v, nil
}

// saveDevice stores a new device; nil is none.
func (w *Work) saveDevice(d *Device) error {
	if d == nil {
		return nil
	}
	return w.s.devices.Insert(w.tx, authenticatorKey(w.account.ID, d.ID), d)
}

// refuseSharedDevice refuses a backup that would be lost together with all that it is
// to back up.
func (w *Work) refuseSharedDevice(x *Authenticator, list []*Authenticator) error {
	with := ""
	for _, o := range list {
		if !w.usable(w.account, o, "") || !w.s.worth(o.Kind).Backup {
			continue
		}
		if o.Device != x.Device {
			return nil
		}
		with = cmp.Or(o.Name, string(o.Traits.Masked))
	}
	return Refuse(BackupFallsWith, "name", with)
}

// sharesDevice reports whether a new authenticator joins a device of its kind that is
// there already: a person has one phone until he says otherwise.
func sharesDevice(k DeviceKind) bool {
	return k == Handset || k == Computer || k == Extension || k == Paper
}

func (w *Work) devices(a AccountID) ([]*Device, error) {
	var list []*Device
	for item, err := range w.s.devices.Prefix(w.tx, string(a)+"/", maxAuthenticators) {
		if err != nil {
			return nil, err
		}
		list = append(list, item.Doc)
	}
	return list, nil
}
