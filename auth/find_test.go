package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// However many accounts claim a number, the one that proved it is found by it.
func TestClaimsTakeNoNumberAway(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", phoneIndex)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), phoneIndex)
	for i := range 24 {
		w.seller(fmt.Sprintf("thief%d@example.com", i), phoneIndex)
	}
	info, err := w.s.SignIn(t.Context(), caller("home"), auth.SignInForm{Identifier: phoneIndex, Password: password})
	ok(t, "sign in by the number", err)
	if info.Step != auth.StepSecond {
		t.Errorf("sign in by the number: got step %s, want that of the account that proved it", info.Step)
	}
	w.pass(time.Minute)
	w.seller("late@example.com", phoneIndex)
	_, c := w.addPhone(with(caller("late"), w.signIn(caller("late"), "late@example.com").Token), phoneIndex)
	over, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	if !over.PhoneConfirmed {
		t.Error("a number that came late and was proved: not confirmed")
	}
	ok(t, "forgot", w.s.Forgot(t.Context(), caller("x"), phoneIndex))
	if m := w.lastMail(auth.TemplateReset); m.Recipient != "late@example.com" {
		t.Errorf("forgot by the number: mailed to %s, want the one who proved it last", m.Recipient)
	}
}

// Texts to one number are capped whoever asks for them: many accounts bind no
// more of them (promise 11), and stop nobody who has bound it.
func TestTextsToOneNumberAreCapped(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", phoneIndex)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), phoneIndex)
	sent := 0
	for i := range 4 {
		email := fmt.Sprintf("thief%d@example.com", i)
		w.seller(email, "+8613800138001")
		c := with(caller("thief"), w.signIn(caller("thief"), email).Token)
		for range 8 {
			w.pass(31 * time.Second)
			_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: phoneIndex, Channel: auth.SMS})
			if err == nil {
				sent++
			} else if !errors.Is(err, auth.Refuse(auth.SendLimitReached)) {
				t.Fatal(err)
			}
		}
	}
	if sent > 10 {
		t.Errorf("texts to one number by four accounts: got %d, want at most 10", sent)
	}
	w.mail()
	info := w.signIn(caller("home"), "seller@example.com")
	_, err := w.s.SignInBegin(t.Context(), caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Phone,
		Channel: auth.SMS})
	ok(t, "the text of the one who has bound it", err)
}

// Nor does one account text any number of numbers.
func TestTextsOfOneAccountAreCapped(t *testing.T) {
	w := newWorld(t)
	w.seller("thief@example.com", phoneIndex)
	c := with(caller("thief"), w.signIn(caller("thief"), "thief@example.com").Token)
	sent := 0
	for i := range 60 {
		w.pass(31 * time.Second)
		_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: fmt.Sprintf("+86138001380%02d",
			i), Channel: auth.SMS})
		if err == nil {
			sent++
		} else if !errors.Is(err, auth.Refuse(auth.SendLimitReached)) {
			t.Fatal(err)
		}
	}
	if sent > 20 {
		t.Errorf("numbers texted by one account in a day: got %d, want at most 20", sent)
	}
}
