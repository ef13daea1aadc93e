package staff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/staff"
)

// Support switches an account on again that nobody had used, once all is made sure of and its e-mail was named; every
// address is told. Nothing else that is off is switched on so.
func TestUnlocking(t *testing.T) {
	w := newWorld(t)
	seller := w.seller("wei")
	for _, wait := range []time.Duration{335, 23, 7} {
		w.pass(wait * 24 * time.Hour)
		if err := w.s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	other := w.seller("li")
	p := w.worker("ann", staff.Support)
	signIn := func() error {
		_, err := w.s.SignIn(t.Context(), w.browser("shop"), auth.SignInForm{Identifier: "wei@example.com", Password: lab.Password})
		return err
	}
	unlock := func(id auth.AccountID, email string, sure ...staff.Assurance) error {
		return w.staff.Unlock(t.Context(), p.Caller, id, email, sure)
	}
	all := staff.Assurances()
	wantCode(t, "before", signIn(), auth.AccountDisabled)
	if x, err := w.staff.Account(t.Context(), p.Caller, seller); err != nil || !x.Dormant {
		t.Errorf("got %+v, %v, want it to be seen why it is off", x, err)
	}
	for i := range all {
		wantCode(t, "one thing left", unlock(seller, "wei@example.com", slices.Delete(slices.Clone(all), i, i+1)...), auth.ChecksMissing)
	}
	wantCode(t, "another e-mail", unlock(seller, "li@example.com", all...), auth.NotRegistered)
	wantCode(t, "one that is on", unlock(other, "li@example.com", all...), auth.NotFound)
	wantCode(t, "still off", signIn(), auth.AccountDisabled)
	w.mail()
	wantCode(t, "all made sure of", unlock(seller, "wei@example.com", all...), "")
	if !slices.ContainsFunc(w.mail(), func(m auth.Message) bool {
		return m.Template == auth.TemplateAwake && string(m.Recipient) == "wei@example.com"
	}) {
		t.Error("got nobody told")
	}
	wantCode(t, "afterwards", signIn(), "")
	wantCode(t, "once more", unlock(seller, "wei@example.com", all...), auth.NotFound)
}
