package auth_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

func TestSignUpConfirmsByLink(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	info, err := w.s.SignUp(ctx, caller("a"), form("seller@example.com", "+86 138 0013 8000"))
	ok(t, "sign up", err)
	if info.MaskedEmail != "s•••@example.com" {
		t.Errorf("masked address: got %q, want s•••@example.com", info.MaskedEmail)
	}
	_, err = w.s.SignIn(ctx, caller("a"), auth.SignInForm{Identifier: "seller@example.com", Password: password})
	wantCode(t, "sign in before the link", err, auth.SignInRefused)
	link := w.lastMail(auth.TemplateSignUp).Args["link"]
	ok(t, "look at the link", w.s.LookLink(ctx, caller("b"), auth.LinkSignUp, token(link)))
	_, err = w.s.ConfirmSignUp(ctx, caller("b"), token(link))
	ok(t, "confirm", err)
	for _, id := range []string{"seller@example.com", " SELLER@Example.COM ", "+8613800138000", "0086 138-0013-8000",
		"＋８６１３８００１３８０００"} {
		got, err := w.s.SignIn(ctx, caller("a"), auth.SignInForm{Identifier: id, Password: password})
		ok(t, "sign in as "+id, err)
		if got.Step != auth.StepEnrol {
			t.Errorf("sign in as %q: got step %s, want %s", id, got.Step, auth.StepEnrol)
		}
	}
}

// A mailed link used twice is a fault of others (CVE-2026-37982).
func TestLinkWorksOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	_, err := w.s.SignUp(ctx, caller("a"), form("seller@example.com", "+8613800138000"))
	ok(t, "sign up", err)
	link := token(w.lastMail(auth.TemplateSignUp).Args["link"])
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if _, err := w.s.ConfirmSignUp(ctx, caller("a"), link); err == nil {
				won.Add(1)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("64 requests with one link: got %d winners, want 1", won.Load())
	}
	wantCode(t, "look at a used link", w.s.LookLink(ctx, caller("a"), auth.LinkSignUp, link), auth.LinkUsed)
}

func TestLinkExpires(t *testing.T) {
	w := newWorld(t)
	_, err := w.s.SignUp(t.Context(), caller("a"), form("seller@example.com", "+8613800138000"))
	ok(t, "sign up", err)
	link := token(w.lastMail(auth.TemplateSignUp).Args["link"])
	w.pass(24 * time.Hour)
	_, err = w.s.ConfirmSignUp(t.Context(), caller("a"), link)
	wantCode(t, "an expired link", err, auth.LinkUsed)
	_, err = w.s.ConfirmSignUp(t.Context(), caller("a"), "never-issued")
	wantCode(t, "an unknown link", err, auth.LinkUsed)
}

// Whether an address has an account is told to its mailbox, not to whoever
// asks.
func TestSignUpTellsNobodyWhoHasAnAccount(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", "+8613800138000")
	w.pass(time.Hour)
	known, err := w.s.SignUp(t.Context(), caller("x"), form("Seller@example.com", "+8613800138001"))
	ok(t, "sign up again", err)
	// where he has it, not as a stranger typed it
	if m := w.lastMail(auth.TemplateSignUpExisting); m.Recipient != "seller@example.com" {
		t.Errorf("the owner is told at %q", m.Recipient)
	}
	fresh, err := w.s.SignUp(t.Context(), caller("x"), form("s.other@example.com", "+8613800138001"))
	ok(t, "sign up anew", err)
	known.MaskedEmail, fresh.MaskedEmail = "", ""
	if *known != *fresh {
		t.Errorf("answers differ: got %+v for a known address, %+v for a new one", known, fresh)
	}
}

// Two links for one mailbox: the first makes the account, the second does not
// make another.
func TestSecondLinkMakesNoSecondAccount(t *testing.T) {
	w := newWorld(t)
	var links []string
	for range 2 {
		_, err := w.s.SignUp(t.Context(), caller("a"), form("seller@example.com", "+8613800138000"))
		ok(t, "sign up", err)
		links = append(links, token(w.lastMail(auth.TemplateSignUp).Args["link"]))
		w.pass(time.Minute)
	}
	_, err := w.s.ConfirmSignUp(t.Context(), caller("a"), links[0])
	ok(t, "the first link", err)
	_, err = w.s.ConfirmSignUp(t.Context(), caller("a"), links[1])
	wantCode(t, "the second link", err, auth.LinkUsed)
}

func TestSignUpRefusals(t *testing.T) {
	w := newWorld(t)
	cases := []struct {
		name string
		with func(*auth.SignUpForm)
		want auth.Code
	}{
		{"no name", func(f *auth.SignUpForm) { f.Name = "  " }, auth.NameMissing},
		{"no user name", func(f *auth.SignUpForm) { f.UserName = "" }, auth.UserNameMissing},
		{"no address", func(f *auth.SignUpForm) { f.Email = "seller" }, auth.EmailMalformed},
		{"no country code", func(f *auth.SignUpForm) { f.Phone = "13800138000" }, auth.PhoneNoCountry},
		{"no such number", func(f *auth.SignUpForm) { f.Phone = "+86 1" }, auth.PhoneMalformed},
		{"short", func(f *auth.SignUpForm) { f.Password = "Ab1-xyz" }, auth.PasswordTooShort},
		{"long", func(f *auth.SignUpForm) { f.Password = "Ab1-xyzAb1-xyzAb1-xyz" }, auth.PasswordTooLong},
		{"no upper case", func(f *auth.SignUpForm) { f.Password = "correct-horse9" }, auth.PasswordNoUpper},
		{"no lower case", func(f *auth.SignUpForm) { f.Password = "CORRECT-HORSE9" }, auth.PasswordNoLower},
		{"no digit", func(f *auth.SignUpForm) { f.Password = "Correct-Horse" }, auth.PasswordNoDigit},
		{"no sign", func(f *auth.SignUpForm) { f.Password = "CorrectHorse9" }, auth.PasswordNoSign},
		{"terms", func(f *auth.SignUpForm) { f.Terms = false }, auth.TermsNotAccepted},
	}
	for _, c := range cases {
		f := form("seller@example.com", "+8613800138000")
		c.with(&f)
		_, err := w.s.SignUp(t.Context(), caller("a"), f)
		wantCode(t, c.name, err, c.want)
	}
	if n := len(w.mail()); n != 0 {
		t.Errorf("refused sign-ups: got %d mails, want 0", n)
	}
}

// A number that was only claimed does not keep its bearer out.
func TestClaimedNumberYieldsToProof(t *testing.T) {
	w := newWorld(t)
	w.seller("squatter@example.com", "+8613800138000")
	w.pass(time.Hour)
	w.seller("bearer@example.com", "+8613800138000")
	// Both passwords are the same here, so what tells them apart is whom the
	// second step belongs to.
	info := w.signIn(caller("home"), "+8613800138000")
	me, err := w.s.Me(t.Context(), with(caller("home"), info.Token))
	ok(t, "session check", err)
	if me.MaskedEmail != "s•••@example.com" {
		t.Errorf("while nobody proved the number: got %s, want the first claim", me.MaskedEmail)
	}
}
