package virtual

import (
	"context"
	"time"
)

// A demand is what a command for credentials asks of the user.
type demand struct {
	rpID       string
	hash       []byte // clientDataHash
	verify     bool   // the uv option
	auth       []byte // pinUvAuthParam; nil: absent
	protocol   int
	permission int
	resident   bool // the rk option of makeCredential
	touch      bool // the up option
}

// builtIn reports whether the authenticator itself can verify its user.
func (a *Authenticator) builtIn() bool { return a.options.UserVerification != UVNone }

func (a *Authenticator) pinSet() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pin.hash != nil
}

func (a *Authenticator) alwaysUV() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.pin.alwaysUV
}

// protected is "protected by some form of user verification" (CTAP 2.1 §5).
func (a *Authenticator) protected() bool { return a.builtIn() || a.pinSet() }

// unverified is the refusal for want of verification: a PIN can still be given, or nothing can be done.
func (a *Authenticator) unverified(pin bool) error {
	if pin {
		return StatusPUATRequired
	}
	return StatusOperationDenied
}

// settle decides whether the user is to be verified, as steps 5 to 8 of makeCredential and 4 and 5 of getAssertion do
// (CTAP 2.1 §6.1.2, §6.2.2).
func (a *Authenticator) settle(d *demand) error {
	if d.auth != nil {
		d.verify = false
	}
	if d.verify && !a.builtIn() {
		if a.options.Version == FIDO20 {
			return StatusUnsupportedOption
		}
		return StatusInvalidOption
	}
	making := d.permission == PermitMakeCredential
	always := a.alwaysUV()
	if always && d.touch {
		d.verify = d.verify || d.auth == nil && a.builtIn()
		if !a.protected() || d.auth == nil && !d.verify {
			return a.unverified(a.options.ClientPIN)
		}
	}
	if !making || d.verify || d.auth != nil {
		return nil
	}
	if a.options.Version == FIDO20 { // knows no makeCredUvNotRqd: a PIN that is set is asked for
		if a.pinSet() {
			return StatusPUATRequired
		}
		return nil
	}
	if a.protected() && (d.resident || always) {
		return a.unverified(a.pinSet())
	}
	return nil
}

// verifyUser checks the token or asks the user, and returns the flags that follow: built-in verification is a touch
// as well.
func (a *Authenticator) verifyUser(ctx context.Context, d *demand) (byte, error) {
	switch {
	case d.auth != nil && a.protected():
		if err := a.authorise(d.protocol, d.hash, d.auth, d.permission, d.rpID); err != nil {
			return 0, err
		}
		return FlagUV, nil
	case d.verify:
		if err := a.verifyBuiltIn(ctx, d.rpID, StatusOperationDenied, StatusPINBlocked); err != nil {
			return 0, err
		}
		return FlagUV | FlagUP, nil
	}
	return 0, nil
}

// verifyBuiltIn is performBuiltInUv: wrong and blocked are the answers of the calling command.
func (a *Authenticator) verifyBuiltIn(ctx context.Context, rpID string, wrong, blocked Status) error {
	if err := a.ask(ctx, rpID, StatusUserActionTimeout); err != nil {
		return err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.pin.uvRetries == 0 {
		return blocked
	}
	if a.options.UserVerification == UVSucceeds {
		a.pin.uvRetries = maxUVRetries
		return nil
	}
	a.pin.uvRetries--
	if a.pin.uvRetries == 0 {
		return blocked
	}
	return wrong
}

// present sees to the touch, unless built-in verification was one (flags) or the token stands for one.
func (a *Authenticator) present(ctx context.Context, d *demand, flags byte) (byte, error) {
	if !d.touch || flags&FlagUP != 0 {
		return flags, nil
	}
	a.mu.Lock()
	a.expire(&a.session.token)
	stands := d.auth != nil && a.session.token.present
	a.mu.Unlock()
	if !stands {
		if err := a.ask(ctx, d.rpID, StatusOperationDenied); err != nil {
			return 0, err
		}
	}
	a.spend()
	return flags | FlagUP, nil
}

// ask waits for the user's touch; refused is the answer when there is none.
func (a *Authenticator) ask(ctx context.Context, rpID string, refused Status) error {
	ok := true
	switch o := a.Options(); {
	case o.Touch != nil:
		ok = o.Touch(ctx, rpID)
	case o.Presence != nil:
		ok = o.Presence(rpID)
	}
	switch {
	case ctx.Err() != nil:
		return StatusKeepaliveCancel
	case !ok:
		return refused
	}
	return nil
}

// wait lets Options.Latency pass.
func (a *Authenticator) wait(ctx context.Context) error {
	if a.options.Latency > 0 {
		timer := time.NewTimer(a.options.Latency)
		defer timer.Stop()
		select {
		case <-timer.C:
		case <-ctx.Done():
		}
	}
	if ctx.Err() != nil {
		return StatusKeepaliveCancel
	}
	return nil
}
