package auth_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A keyed is a besieged seller who has a key as well.
type keyed struct {
	*besieged
	stick *virtual.Client
}

func newKeyed(t *testing.T, change ...func(*auth.Config)) *keyed {
	k := &keyed{besieged: newBesieged(t, change...), stick: stick(t, virtual.Options{})}
	done := k.second(caller("home"), k.signIn(caller("home"), target), k.secret)
	_, k.home = k.addKey(with(caller("home"), done.Token), k.stick, auth.SecurityKey, "Blue key")
	k.mail()
	return k
}

// secondSteps are the kinds of a second step.
var secondSteps = []auth.Kind{auth.TOTP, auth.Phone, auth.Email, auth.Lookup, auth.WebAuthn}

// answer is the right answer to a challenge, or a wrong one.
func (k *keyed) answer(kind auth.Kind, ch *auth.Challenge, right bool) json.RawMessage {
	k.t.Helper()
	switch {
	case !right:
		return wrongAnswer(kind)
	case kind == auth.WebAuthn:
		return touch(k.t, k.stick, ch)
	}
	return k.right(kind)
}

// wrongAnswer is an answer that might be right, and is not.
func wrongAnswer(kind auth.Kind) json.RawMessage {
	switch kind {
	case auth.WebAuthn:
		return json.RawMessage(`{"id":"AA","rawId":"AA","type":"public-key","response":{"clientDataJSON":"e30",` +
			`"authenticatorData":"AA","signature":"AA"},"clientExtensionResults":{}}`)
	case auth.Lookup:
		return typed("0000000000")
	}
	return typed("000000")
}

// steps takes the password and the second step.
func (k *keyed) steps(c auth.Caller, kind auth.Kind, right bool) error {
	k.pass(31 * time.Second)
	k.mail()
	ch, err := k.begin(c, kind)
	if err != nil {
		return err
	}
	_, err = k.s.SignInFinish(k.t.Context(), c, ch.Ceremony, k.answer(kind, ch, right))
	return err
}

// slip gives n wrong second steps, each from another network.
func (k *keyed) slip(kind auth.Kind, n int) {
	k.t.Helper()
	for i := range n {
		c := behind("thief", netip.AddrFrom4([4]byte{198, 51, byte(i), 1}).String())
		if err := k.steps(c, kind, false); err == nil {
			k.t.Fatal("a wrong second step was accepted")
		} else if e := new(auth.Error); i < n-1 && errors.As(err, &e) && e.Code == auth.MailCodeNeeded {
			k.t.Fatalf("after %d wrong ones: got %s already", i, e.Code)
		}
	}
}

// Five wrong second steps by strangers say that the password is out: it alone leads no unknown browser any further,
// whatever the second step is. Introduced and known browsers go on, and so does the key before the password.
func TestThePasswordIsOut(t *testing.T) {
	for _, kind := range secondSteps {
		t.Run(string(kind), func(t *testing.T) {
			k := newKeyed(t)
			late := behind("late", "203.0.113.9")
			before, err := k.s.SignIn(t.Context(), late, auth.SignInForm{Identifier: target, Password: password})
			ok(t, "a stranger before", err)
			k.slip(kind, 5)
			for _, with := range secondSteps {
				wantCode(t, "a stranger's right password", k.steps(late, with, true), auth.MailCodeNeeded)
			}
			for _, with := range []auth.Kind{auth.TOTP, auth.Phone, auth.Email, auth.Lookup} {
				_, err := k.s.SignInBegin(t.Context(), late, before.Ceremony, choice(before, with))
				wantCode(t, "what a stranger had begun, by "+string(with), err, auth.MailCodeNeeded)
			}
			_, err = k.s.SignIn(t.Context(), late, auth.SignInForm{Identifier: target, Password: "Wrong-Horse9"})
			wantCode(t, "who has not the password", err, auth.SignInRefused)
			ch, err := k.s.SignInKeyFirst(t.Context(), late, auth.KeyFirstForm{Identifier: target})
			ok(t, "the key first", err)
			at, err := k.s.SignInFinish(t.Context(), late, ch.Ceremony, touch(t, k.stick, ch))
			ok(t, "the key", err)
			_, err = k.s.SignInPassword(t.Context(), behind("late", "203.0.113.9"), at.Ceremony, password)
			ok(t, "the password after the key", err)
			for _, with := range secondSteps {
				ok(t, "a known browser by "+string(with), k.steps(caller("home"), with, true))
				c := behind("new "+string(with), "203.0.113.7")
				ok(t, "the mailed code", k.introduce(c))
				ok(t, "an introduced browser by "+string(with), k.steps(c, with, true))
			}
		})
	}
}

// choice is the method of a kind that a sign-in offers.
func choice(info *auth.SignInInfo, kind auth.Kind) auth.MethodChoice {
	m := auth.MethodChoice{Kind: kind}
	for _, x := range info.Methods {
		if x.Kind == kind {
			m.ID = x.ID
		}
	}
	switch kind {
	case auth.Phone:
		m.Channel = auth.SMS
	case auth.Email:
		m.Channel = auth.Mail
	}
	return m
}

// A second step that a stranger had begun before is refused as well, though its answer is right.
func TestWhatWasBegunBeforeIsRefused(t *testing.T) {
	k := newKeyed(t)
	late := behind("late", "203.0.113.9")
	ch, err := k.begin(late, auth.TOTP)
	ok(t, "begin", err)
	k.slip(auth.TOTP, 4)
	c := behind("thief", "198.51.99.1")
	wantCode(t, "the fifth", k.steps(c, auth.TOTP, false), auth.CodeWrong)
	_, err = k.s.SignInFinish(t.Context(), late, ch.Ceremony, k.right(auth.TOTP))
	wantCode(t, "the right answer", err, auth.MailCodeNeeded)
}

// Only wrong second steps of strangers count, and a right one in an unknown browser says that they were slips.
func TestSlipsAreNotAThief(t *testing.T) {
	for who, slip := range map[string]func(*keyed){
		"in a known browser": func(k *keyed) {
			for range 6 {
				k.pass(2 * time.Hour)
				_ = k.steps(caller("home"), auth.TOTP, false)
			}
		},
		"in an introduced one": func(k *keyed) {
			c := behind("new", "203.0.113.7")
			ok(k.t, "the mailed code", k.introduce(c))
			for range 6 {
				k.pass(2 * time.Hour)
				_ = k.steps(c, auth.TOTP, false)
			}
		},
		"four": func(k *keyed) { k.slip(auth.TOTP, 4) },
		"four, then a right one": func(k *keyed) {
			k.slip(auth.TOTP, 4)
			ok(k.t, "a right one", k.steps(behind("owner", "203.0.113.8"), auth.TOTP, true))
			k.pass(2 * time.Hour)
			k.slip(auth.TOTP, 4)
		},
		"codes that cannot be right": func(k *keyed) {
			for i := range 6 {
				c := behind("owner", netip.AddrFrom4([4]byte{198, 51, byte(i), 1}).String())
				ch, err := k.begin(c, auth.TOTP)
				ok(k.t, "begin", err)
				_, err = k.s.SignInFinish(k.t.Context(), c, ch.Ceremony, typed("12"))
				wantCode(k.t, "half a code", err, auth.CodeMalformed)
			}
		},
	} {
		t.Run(who, func(t *testing.T) {
			k := newKeyed(t)
			slip(k)
			ok(t, "a stranger afterwards", k.steps(behind("late", "203.0.113.9"), auth.TOTP, true))
		})
	}
}

// A new password ends it, by a link or in the settings; time does not.
func TestANewPasswordIsNotOut(t *testing.T) {
	for by, change := range map[string]func(*keyed){
		"a reset": func(k *keyed) { k.reset(target, password) },
		"the settings": func(k *keyed) {
			done := k.second(caller("home"), k.signIn(caller("home"), target), k.secret)
			_, err := k.s.ChangePassword(k.t.Context(), with(caller("home"), done.Token), password, password)
			ok(k.t, "change it", err)
		},
	} {
		t.Run(by, func(t *testing.T) {
			k := newKeyed(t)
			k.slip(auth.TOTP, 5)
			k.pass(72 * time.Hour)
			ok(t, "sweep", k.s.Sweep(t.Context()))
			late := behind("late", "203.0.113.9")
			wantCode(t, "three days later", k.steps(late, auth.TOTP, true), auth.MailCodeNeeded)
			change(k)
			ok(t, "then", k.steps(late, auth.TOTP, true))
		})
	}
}

// The owner hears of it once a day, however often strangers come.
func TestTheOwnerHearsOncePerDayThatThePasswordIsOut(t *testing.T) {
	k := newKeyed(t)
	heard := func() (n int) {
		for _, m := range k.mail() {
			if m.Template == auth.TemplatePasswordOut && m.Recipient == target {
				n++
			}
		}
		return n
	}
	late := behind("late", "203.0.113.9")
	k.slip(auth.TOTP, 4)
	if n := heard(); n != 0 {
		t.Errorf("after four: got %d notices, want none", n)
	}
	wantCode(t, "the fifth", k.steps(behind("thief", "198.51.99.1"), auth.TOTP, false), auth.CodeWrong)
	for day := range 3 {
		for i := range 4 {
			_, err := k.s.SignIn(t.Context(), late, auth.SignInForm{Identifier: target, Password: password})
			wantCode(t, "a right password", err, auth.MailCodeNeeded)
			want := 0
			if i == 0 {
				want = 1
			}
			if n := heard(); n != want {
				t.Errorf("day %d, try %d: got %d notices, want %d", day, i, n, want)
			}
		}
		k.pass(25 * time.Hour)
	}
}

// Beyond what strangers have in a day, a second step that one has begun leads to the mailed code, not to a wait.
func TestACrowdLeadsToTheMailedCode(t *testing.T) {
	k := newKeyed(t)
	late := behind("late", "203.0.113.9")
	ch, err := k.begin(late, auth.TOTP)
	ok(t, "begin", err)
	for i := range 100 {
		c := behind("thief", netip.AddrFrom4([4]byte{198, 51, byte(i), 1}).String())
		_, err := k.s.SignIn(t.Context(), c, auth.SignInForm{Identifier: target, Password: "Wrong-Horse9"})
		wantCode(t, "a wrong password", err, auth.SignInRefused)
	}
	_, err = k.s.SignInFinish(t.Context(), late, ch.Ceremony, k.right(auth.TOTP))
	wantCode(t, "a right second step after a hundred wrong passwords", err, auth.MailCodeNeeded)
	wantCode(t, "a right password", k.steps(behind("later", "203.0.114.9"), auth.TOTP, true), auth.SignInRefused)
	ok(t, "the mailed code", k.introduce(late))
	ok(t, "then", k.steps(late, auth.TOTP, true))
}

// signedIn takes both steps and returns the caller with the session.
func (k *keyed) signedIn(c auth.Caller, kind auth.Kind) auth.Caller {
	k.t.Helper()
	k.pass(31 * time.Second)
	k.mail()
	ch, err := k.begin(c, kind)
	ok(k.t, "begin", err)
	done, err := k.s.SignInFinish(k.t.Context(), c, ch.Ceremony, k.answer(kind, ch, true))
	ok(k.t, "finish", err)
	return with(c, done.Token)
}

// "It was me" counts in a browser that was known before, or after a strong proof. Who has come since with something
// weak may be who gave the wrong answers.
func TestItWasMe(t *testing.T) {
	for who, tt := range map[string]struct {
		browser string // "" is a program
		kind    auth.Kind
		later   time.Duration
		want    auth.Code
	}{
		"in a known browser, by text":                 {"home", auth.Phone, time.Hour, ""},
		"in a browser that came since, by text":       {"new", auth.Phone, 0, auth.TooWeak},
		"in a browser that came since, by app":        {"new", auth.TOTP, 0, ""},
		"in a browser that came since, by app, later": {"new", auth.TOTP, time.Hour, auth.StepUpRequired},
	} {
		t.Run(who, func(t *testing.T) {
			k := newKeyed(t)
			k.slip(auth.TOTP, 5)
			c := behind(tt.browser, "203.0.113.7")
			if tt.browser == "new" {
				ok(t, "the mailed code", k.introduce(c))
			}
			c = k.signedIn(c, tt.kind)
			k.pass(tt.later)
			info, err := k.s.Security(t.Context(), c)
			ok(t, "overview", err)
			if !info.PasswordOut {
				t.Error("the overview does not tell that the password is out")
			}
			late, err := behind("late", "203.0.113.9"), k.s.ItWasMe(t.Context(), c)
			if tt.want != "" {
				wantCode(t, "it was me", err, tt.want)
				wantCode(t, "a stranger", k.steps(late, auth.TOTP, true), auth.MailCodeNeeded)
				return
			}
			ok(t, "it was me", err)
			ok(t, "a stranger", k.steps(late, auth.TOTP, true))
			if info, err = k.s.Security(t.Context(), c); err != nil || info.PasswordOut {
				t.Errorf("the overview afterwards: got %v, %v, want nothing of it", info, err)
			}
		})
	}
}
