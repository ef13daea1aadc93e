package auth_test

import (
	"github.com/latchkey-auth/latchkey/ident"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// D13: the e-mail first; the link opens the form in whichever browser, and its end is a session that may only enrol.
func TestSignUp(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	info, err := w.s.SignUp(ctx, caller("a"), "seller@example.com")
	ok(t, "sign up", err)
	if info.MaskedEmail != "s•••@example.com" {
		t.Errorf("masked address: got %q, want s•••@example.com", info.MaskedEmail)
	}
	m := w.lastMail(auth.TemplateSignUp)
	link := token(m.Args["link"])
	for range 2 { // mail scanners look as well
		email, err := w.s.LookLink(ctx, caller("b"), auth.LinkSignUp, link)
		ok(t, "look at the link", err)
		if string(email) != "seller@example.com" {
			t.Errorf("the form: got it for %q", string(email))
		}
	}
	done, err := w.s.ConfirmSignUp(ctx, caller("b"), link, form("+86 138 0013 8000"))
	ok(t, "confirm", err)
	if done.Step != auth.StepEnrol || !done.Session.Restricted {
		t.Errorf("the end of sign-up: got step %s, restricted %t, want a session that may only enrol", done.Step,
			done.Session.Restricted)
	}
	_, c := w.enrolApp(with(caller("b"), done.Token))
	me, err := w.s.Me(ctx, c)
	ok(t, "session check", err)
	if me.MaskedEmail != "s•••@example.com" || me.UserName != "小明的店" {
		t.Errorf("got %s called %s", me.MaskedEmail, me.UserName)
	}
	for _, id := range []string{"seller@example.com", " SELLER@Example.COM "} {
		got, err := w.s.SignIn(ctx, caller("a"), auth.SignInForm{Identifier: id, Password: password})
		ok(t, "sign in as "+id, err)
		if got.Step != auth.StepSecond {
			t.Errorf("sign in as %q: got step %s, want %s", id, got.Step, auth.StepSecond)
		}
	}
}

// Promise 16: a stranger who signs up with somebody else's address, before and after its owner does, leaves nothing in
// the account that the owner opens, and takes nothing of it away.
func TestStrangerThenOwnerSignUp(t *testing.T) {
	const email = "owner@example.com"
	strangers := auth.SignUpForm{Name: "Stranger", UserName: "stranger", Phone: "+8613900139000",
		Password: "Stranger-Horse9", Terms: true}
	for name, tt := range map[string]struct {
		before, after func(w *world)
	}{
		"asks ten times first": {before: func(w *world) {
			for range 10 {
				_, err := w.s.SignUp(w.t.Context(), caller("stranger"), email)
				ok(w.t, "the stranger asks", err)
				w.pass(31 * time.Second)
			}
		}},
		"asks under aliases": {before: func(w *world) {
			for _, alias := range []string{"owner+a@example.com", "Owner+b@example.com", "ｏwner+c@example.com",
				"owner+d@example.com"} {
				_, err := w.s.SignUp(w.t.Context(), caller("stranger"), alias)
				ok(w.t, "the stranger asks", err)
				w.pass(31 * time.Second)
			}
			if n := len(w.mail()); n > 3 {
				w.t.Errorf("to one mailbox in a day: got %d mails, want at most 3", n)
			}
			w.pass(24 * time.Hour)
		}},
		"guesses links": {before: func(w *world) {
			_, err := w.s.ConfirmSignUp(w.t.Context(), caller("stranger"), "no-such-link", strangers)
			wantCode(w.t, "a guessed link", err, auth.LinkUsed)
		}},
		"asks afterwards": {after: func(w *world) {
			w.mail()
			for range 5 {
				_, err := w.s.SignUp(w.t.Context(), caller("stranger"), email)
				ok(w.t, "the stranger asks", err)
				w.pass(31 * time.Second)
			}
			for _, m := range w.mail() {
				if m.Template == auth.TemplateSignUp {
					w.t.Error("a link to an address that has an account")
				}
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if tt.before != nil {
				tt.before(w)
			}
			_, err := w.s.SignUp(t.Context(), caller("owner"), email)
			ok(t, "the owner asks", err)
			links := w.signUpLinks(t)
			if len(links) == 0 {
				t.Fatal("the owner's mailbox holds no link")
			}
			done, err := w.s.ConfirmSignUp(t.Context(), caller("owner"), links[0], form("+8613800138000"))
			ok(t, "the owner's press", err)
			if tt.after != nil {
				tt.after(w)
			}
			_, c := w.enrolApp(with(caller("owner"), done.Token))
			me, err := w.s.Me(t.Context(), c)
			ok(t, "session check", err)
			if me.Name != "Wei" || me.UserName != "小明的店" {
				t.Errorf("the owner's account: got %s, %s", me.Name, me.UserName)
			}
			_, err = w.s.SignIn(t.Context(), caller("stranger"),
				auth.SignInForm{Identifier: email, Password: strangers.Password})
			wantCode(t, "the stranger's password", err, auth.SignInRefused)
			for _, link := range links { // whoever holds one of them comes too late
				_, err := w.s.LookLink(t.Context(), caller("stranger"), auth.LinkSignUp, link)
				wantCode(t, "look at a link of an address that has an account", err, auth.SignedUp)
				_, err = w.s.ConfirmSignUp(t.Context(), caller("stranger"), link, strangers)
				wantCode(t, "press it", err, auth.SignedUp)
			}
		})
	}
}

// signUpLinks reads the links out of all mails that wait, and of those that were delivered.
func (w *world) signUpLinks(t *testing.T) []string {
	t.Helper()
	var links []string
	outbox := store.NewCollection[auth.Message]("outbox", w.keys)
	err := w.db.View(t.Context(), func(tx store.Tx) error {
		links = nil
		for item, err := range outbox.Scan(tx, "", "", 100) {
			if err != nil {
				return err
			}
			if item.Doc.Template == auth.TemplateSignUp {
				links = append(links, token(item.Doc.Args["link"]))
			}
		}
		return nil
	})
	ok(t, "read the outbox", err)
	return links
}

// Three mails a day go to a mailbox about sign-ups, then one in a link's life, whatever the mail says: there is a good
// link in the mailbox all the while. Whoever asks is refused nothing.
func TestSignUpMailsAreCapped(t *testing.T) {
	for name, known := range map[string]bool{"an address without an account": false, "an address with one": true} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			if known {
				w.seller("seller@example.com", sellerNumber)
				w.pass(48 * time.Hour)
			}
			w.mail()
			spellings := []string{"seller@example.com", "Seller@example.com", "seller+x@example.com", "ſeller@example.com"}
			sent := 0
			for i := range 24 * 60 {
				w.pass(time.Minute)
				info, err := w.s.SignUp(t.Context(), caller("x"), spellings[i%len(spellings)])
				ok(t, "sign up", err)
				if !info.ResendAt.After(w.time()) {
					t.Fatalf("asked at %s, and may ask again at %s", w.time(), info.ResendAt)
				}
				sent += len(w.mail())
			}
			if sent != 3 {
				t.Errorf("a day of asking each minute: got %d mails, want 3", sent)
			}
		})
	}
}

// An address is claimed once, by the creation of its account, whichever of its links are pressed, and however often.
func TestAddressIsClaimedOnce(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	links := []string{w.signUpLink("seller@example.com")}
	w.pass(time.Minute)
	links = append(links, w.signUpLink("seller@example.com"))
	won := w.winners(64, func(i int) error {
		return lastErr(w.s.ConfirmSignUp(ctx, caller("a"), links[i%2], form("+8613800138000")))
	})
	if won != 1 {
		t.Errorf("64 requests with two links: got %d winners, want 1", won)
	}
	for _, link := range links {
		_, err := w.s.LookLink(ctx, caller("a"), auth.LinkSignUp, link)
		wantCode(t, "look at a link afterwards", err, auth.SignedUp)
	}
}

func TestLinkExpires(t *testing.T) {
	w := newWorld(t)
	link := w.signUpLink("seller@example.com")
	w.pass(24 * time.Hour)
	_, err := w.s.ConfirmSignUp(t.Context(), caller("a"), link, form("+8613800138000"))
	wantCode(t, "an expired link", err, auth.LinkUsed)
	_, err = w.s.ConfirmSignUp(t.Context(), caller("a"), "never-issued", form("+8613800138000"))
	wantCode(t, "an unknown link", err, auth.LinkUsed)
}

// Whether an address has an account is told to its mailbox, not to whoever
// asks.
func TestSignUpTellsNobodyWhoHasAnAccount(t *testing.T) {
	w := newWorld(t)
	w.seller("seller@example.com", "+8613800138000")
	w.pass(time.Hour)
	known, err := w.s.SignUp(t.Context(), caller("x"), "Seller@example.com")
	ok(t, "sign up again", err)
	// where he has it, not as a stranger typed it
	if m := w.lastMail(auth.TemplateSignUpExisting); m.Recipient != "seller@example.com" {
		t.Errorf("the owner is told at %q", m.Recipient)
	}
	fresh, err := w.s.SignUp(t.Context(), caller("x"), "s.other@example.com")
	ok(t, "sign up anew", err)
	if m := w.lastMail(auth.TemplateSignUp); len(m.Args) != 1 || m.Args["link"] == "" {
		t.Errorf("the mail to an address that nobody has shown says %v, want a link alone", m.Args)
	}
	known.MaskedEmail, fresh.MaskedEmail = "", ""
	if *known != *fresh {
		t.Errorf("answers differ: got %+v for a known address, %+v for a new one", known, fresh)
	}
}

// A link of an older version holds what whoever asked had typed. It opens the same empty form as any other.
func TestOlderSignUpLink(t *testing.T) {
	w := newWorld(t)
	link := w.signUpLink("seller@example.com")
	links := store.NewCollection[map[string]any]("link", w.keys)
	err := w.db.Update(t.Context(), func(tx store.Tx) error {
		for item, err := range links.Scan(tx, "", "", 100) {
			if err != nil {
				return err
			}
			old := *item.Doc
			delete(old, "em")
			old["su"] = map[string]any{"id": "x", "n": "Stranger", "un": "stranger", "e": "seller@example.com",
				"p": "+8613900139000", "pw": "$argon2id$", "h": "eA==", "pwt": w.time(), "c": w.time()}
			if err := links.Put(tx, item.ID, &old); err != nil {
				return err
			}
		}
		return nil
	})
	ok(t, "write as an older version did", err)
	email, err := w.s.LookLink(t.Context(), caller("a"), auth.LinkSignUp, link)
	ok(t, "look", err)
	if string(email) != "seller@example.com" {
		t.Errorf("the form: got it for %q", string(email))
	}
	done, err := w.s.ConfirmSignUp(t.Context(), caller("a"), link, form("+8613800138000"))
	ok(t, "confirm", err)
	me, err := w.s.Me(t.Context(), with(caller("a"), done.Token))
	ok(t, "session check", err)
	if me.Name != "Wei" || me.UserName != "小明的店" {
		t.Errorf("got the account of %s, %s, want nothing of what was typed before", me.Name, me.UserName)
	}
}

// All that is wrong with the form is said at once, and nothing wrong makes an account.
func TestSignUpRefusals(t *testing.T) {
	w := newWorld(t)
	cases := []struct {
		name string
		with func(*auth.SignUpForm)
		want string
	}{
		{"no name", func(f *auth.SignUpForm) { f.Name = "  " }, "name-missing"},
		{"no user name", func(f *auth.SignUpForm) { f.UserName = "" }, "user-name-missing"},
		{"no country code", func(f *auth.SignUpForm) { f.Phone = "13800138000" }, "sms-no-country"},
		{"no such number", func(f *auth.SignUpForm) { f.Phone = "+86 1" }, "phone-malformed"},
		{"short", func(f *auth.SignUpForm) { f.Password = "Ab1-xyz" }, "password-too-short"},
		{"long", func(f *auth.SignUpForm) { f.Password = "Ab1-xyzAb1-xyzAb1-xyz" }, "password-too-long"},
		{"no upper case", func(f *auth.SignUpForm) { f.Password = "correct-horse9" }, "password-no-upper"},
		{"no lower case", func(f *auth.SignUpForm) { f.Password = "CORRECT-HORSE9" }, "password-no-lower"},
		{"no digit", func(f *auth.SignUpForm) { f.Password = "Correct-Horse" }, "password-no-digit"},
		{"no sign", func(f *auth.SignUpForm) { f.Password = "Vivid9Marmot7Ox" }, "password-no-sign"},
		{"user name as password", func(f *auth.SignUpForm) { f.UserName, f.Password = "Marmot-Shop7", "Marmot-Shop7" },
			"password-is-user-name"},
		{"e-mail as password", func(f *auth.SignUpForm) { f.Password = "Seller@example.com1" }, "password-is-user-name"},
		{"terms", func(f *auth.SignUpForm) { f.Terms = false }, "terms-not-accepted"},
		{"everything", func(f *auth.SignUpForm) { *f = auth.SignUpForm{Phone: "138", Password: "correct-horse"} },
			"name-missing user-name-missing sms-no-country password-no-upper password-no-digit terms-not-accepted"},
	}
	link := w.signUpLink("seller@example.com")
	long := form("+8613800138000")
	long.Name = strings.Repeat("n", ident.MaxName+1)
	_, err := w.s.ConfirmSignUp(t.Context(), caller("a"), link, long)
	if e := wantCode(t, "a long name", err, auth.NameTooLong); e.Args["n"] != strconv.Itoa(ident.MaxName) {
		t.Errorf("got %v, want to be told %d", e.Args, ident.MaxName)
	}
	for _, c := range cases {
		f := form("+8613800138000")
		c.with(&f)
		_, err = w.s.ConfirmSignUp(t.Context(), caller("a"), link, f)
		if got := codesOf(t, err); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
	_, err = w.s.SignUp(t.Context(), caller("a"), "seller")
	wantCode(t, "no address", err, auth.EmailMalformed)
	if n := len(w.mail()); n != 0 {
		t.Errorf("refused sign-ups: got %d mails, want 0", n)
	}
	_, err = w.s.ConfirmSignUp(t.Context(), caller("a"), link, form("+8613800138000"))
	ok(t, "the link after all refusals", err)
}

// codesOf lists the codes of a refusal, the first and those beside it.
func codesOf(t *testing.T, err error) string {
	t.Helper()
	e, is := err.(*auth.Error)
	if !is {
		t.Fatalf("got %v, want a refusal", err)
	}
	var codes []string
	for _, one := range slices.Concat([]*auth.Error{e}, e.Also) {
		codes = append(codes, string(one.Code))
		if one.Field == "" {
			t.Errorf("%s: names no field", one.Code)
		}
	}
	return strings.Join(codes, " ")
}

// Where two-step verification is not compulsory, whoever signs up is signed in and may do everything; he is told of
// nothing but his own sign-up, and of the next unknown browser.
func TestSignUpWhereNobodyHasToEnrol(t *testing.T) {
	for _, browser := range []string{"home", ""} {
		w := newWorld(t, func(c *auth.Config) { c.Policy.MustEnrol = false })
		info, err := w.s.ConfirmSignUp(t.Context(), caller(browser), w.signUpLink(sellerMail), form(sellerNumber))
		ok(t, "sign up", err)
		if info.Step != auth.StepDone || info.Session.Restricted {
			t.Errorf("got %+v, want a session that may do everything", info)
		}
		ok(t, "what needs more than enrolling", lastErr(w.s.Sessions(t.Context(), with(caller(browser), info.Token))))
		w.hears("a sign-up")
		if info := w.signIn(caller("elsewhere"), sellerMail); info.Step != auth.StepDone || info.Session.AAL != 1 {
			t.Errorf("the next sign-in: got %+v, want a session by the password", info)
		}
		w.hears("an unknown browser", "email seller@example.com: new-browser")
	}
}
