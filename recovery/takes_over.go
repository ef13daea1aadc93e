package recovery

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the case of somebody who has taken an account over, and whose former owner does not hand it over.

// What such a case has at least: it takes everything from whoever has the account now.
const (
	takesDelay = 72 * time.Hour
	takesCools = 7 * 24 * time.Hour
)

// takesOver reads the form of such a case. Refuses NotFound where nobody reviews cases, EmailMalformed, NameMissing,
// NameTooLong.
func (s *Service) takesOver(x *record, f AskForm) error {
	if !s.config.Cases {
		return auth.Refuse(auth.NotFound)
	}
	var err error
	if x.Email, err = newEmail(f.NewEmail); err != nil {
		return err
	}
	if x.Name, err = ident.ParseName(f.Name); err != nil {
		return auth.RefuseTyped(err)
	}
	x.Takes = true
	return nil
}

// coolOff is for how long no payout is approved once a case is done.
func (s *Service) coolOff(x *record) time.Duration {
	if x.Takes {
		return max(s.config.CoolOff, takesCools)
	}
	return s.config.CoolOff
}
