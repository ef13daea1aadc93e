package auth_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// A number that was claimed and not proved finds nobody, whoever claims it, and keeps its bearer from nothing.
func TestClaimedNumberFindsNobody(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	for i := range 24 {
		w.seller(fmt.Sprintf("squatter%d@example.com", i), sellerNumber)
	}
	_, err := w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: sellerNumber, Password: password})
	wantCode(t, "sign in by a number that was claimed", err, auth.SignInRefused)
	w.mail()
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), sellerNumber))
	if n := len(w.mail()); n != 0 {
		t.Errorf("forgot by a number that was claimed: got %d mails", n)
	}
	w.seller("seller@example.com", sellerNumber)
	_, c := w.enrolApp(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token))
	over, err := w.s.Security(ctx, c)
	ok(t, "overview", err)
	if over.PhoneConfirmed {
		t.Error("a number that was claimed: got it confirmed")
	}
	// Nothing is typed twice to prove it.
	ch, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Own: true, Channel: auth.SMS})
	ok(t, "begin to prove it", err)
	code, m := w.code(auth.SMS)
	if string(m.Recipient) != sellerNumber {
		t.Errorf("the code went to %s", string(m.Recipient))
	}
	_, err = w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Response: code})
	ok(t, "prove it", err)
	info, err := w.s.SignIn(ctx, caller("home"), auth.SignInForm{Identifier: sellerNumber, Password: password})
	ok(t, "sign in by the number", err)
	if info.Step != auth.StepSecond {
		t.Errorf("sign in by the number: got step %s, want that of the account that proved it", info.Step)
	}
	ok(t, "take the number away", lastErr(w.s.ChangePhone(ctx, c, "", "")))
	_, err = w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Own: true, Channel: auth.SMS})
	wantCode(t, "prove none", err, auth.PhoneMissing)
}

// A number that is handed on finds whoever proved it last, however many have had it before.
func TestRecycledNumber(t *testing.T) {
	w := newWorld(t)
	finds := func(want, when string) {
		t.Helper()
		w.mail()
		ok(t, "forgot", forgot(t.Context(), w.s, caller("x"), sellerNumber))
		if m := w.lastMail(auth.TemplateReset); string(m.Recipient) != want {
			t.Errorf("%s: the number finds %s, want %s", when, string(m.Recipient), want)
		}
	}
	const holders = 25
	email := func(i int) string { return fmt.Sprintf("holder%d@example.com", i) }
	for i := range holders {
		w.seller(email(i), sellerNumber)
		w.addPhone(with(caller("home"), w.signIn(caller("home"), email(i)).Token), sellerNumber)
		finds(email(i), fmt.Sprintf("after %d had it", i+1))
		w.pass(25 * time.Hour)
	}
	// A store of an older version holds the proofs of all of them.
	accounts := store.NewCollection("account", w.keys,
		store.Blind("email", true, func(a *auth.Account) []string { return []string{a.Email.Key()} }),
		store.Blind("phone", false, func(a *auth.Account) []string {
			if a.PhoneAt.IsZero() {
				return nil
			}
			return []string{string(a.Phone)}
		}))
	newest := ""
	err := w.db.Update(t.Context(), func(tx store.Tx) error {
		var all []*auth.Account
		for item, err := range accounts.Scan(tx, "", "", 100) {
			if err != nil {
				return err
			}
			all = append(all, item.Doc)
		}
		for i, a := range all { // in the order of their ids: the newest is the last to be read
			a.PhoneAt, newest = w.time().Add(time.Duration(i)*time.Second), string(a.Email)
			if err := accounts.Put(tx, string(a.ID), a); err != nil {
				return err
			}
		}
		return nil
	})
	ok(t, "write as an older version did", err)
	w.pass(time.Hour)
	finds(newest, "in an older store")
	older := email(0)
	if older == newest {
		older = email(1)
	}
	c := with(caller("home"), w.textIn(older))
	secret, _ := w.enrolApp(c)
	c = w.stepUp(c, secret)
	ok(t, "remove", lastErr(w.s.Remove(t.Context(), c, w.only(c, auth.Phone).ID)))
	w.addPhone(c, sellerNumber)
	finds(older, "proved again in an older store")
}

// Who once had a number gets it back by no change of his own while somebody else has proved it since.
func TestFormerHolderTakesNoNumberBack(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	w.seller("former@example.com", sellerNumber)
	_, former := w.addPhone(with(caller("home"), w.signIn(caller("home"), "former@example.com").Token), sellerNumber)
	w.pass(time.Minute)
	w.seller("holder@example.com", sellerNumber)
	w.addPhone(with(caller("desk"), w.signIn(caller("desk"), "holder@example.com").Token), sellerNumber)
	for _, number := range []string{"", sellerNumber} {
		ok(t, "change the number", lastErr(w.s.ChangePhone(ctx, former, number, "")))
		over, err := w.s.Security(ctx, former)
		ok(t, "overview", err)
		if over.PhoneConfirmed {
			t.Errorf("changed to %q: got it confirmed", number)
		}
	}
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), sellerNumber))
	if m := w.lastMail(auth.TemplateReset); string(m.Recipient) != "holder@example.com" {
		t.Errorf("the number finds %s, want who has it", string(m.Recipient))
	}
}

func TestHomeRegion(t *testing.T) {
	for _, c := range []struct {
		countries []string
		language  string
		want      string
	}{
		{nil, "zh-CN", "CN"}, {nil, "en", ""}, {[]string{"GB"}, "zh-CN", "GB"}, {[]string{"GB", "DE"}, "zh-CN", ""},
		{[]string{"GB", "CN"}, "zh-CN", "CN"}, {[]string{"GB", "CN"}, "en", ""},
	} {
		p := auth.Policy{Countries: c.countries}
		if got := p.HomeRegion(c.language); got != c.want {
			t.Errorf("served %v, in %s: got %q, want %q", c.countries, c.language, got, c.want)
		}
	}
}

// Texts to one number are capped whoever asks for them: many accounts bind no
// more of them (promise 11), and stop nobody who has bound it.
func TestTextsToOneNumberAreCapped(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", sellerNumber)
	w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
	sent := 0
	for i := range 4 {
		email := fmt.Sprintf("thief%d@example.com", i)
		w.seller(email, "+8613800138001")
		c := with(caller("thief"), w.signIn(caller("thief"), email).Token)
		for range 8 {
			w.pass(31 * time.Second)
			_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: sellerNumber, Channel: auth.SMS})
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
	w.seller("thief@example.com", sellerNumber)
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
