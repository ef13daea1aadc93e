package server

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Mails to addresses that want an account have a pace, of the whole site, as refusals of strangers have (package web).
const signUpEvery = 10 * time.Millisecond

// signUp has a mail sent to an address that wants an account. Its answer waits for its turn.
func (x *request) signUp(email string) (*auth.SignUpInfo, error) {
	info, err := x.s.service.SignUp(x.r.Context(), x.caller, email)
	x.Await(&x.s.signUps)
	return info, err
}
