package auth_test

import (
	"encoding/json"
	"net/netip"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// behind is a caller at a browser behind an address.
func behind(browser, address string) auth.Caller {
	c := caller(browser)
	c.IP = netip.MustParseAddr(address)
	return c
}

// A besieged is a seller with every kind of method that can be guessed, and two known browsers.
type besieged struct {
	*world
	secret string
	codes  []string
	home   auth.Caller // with its session
	inbox  string      // the newest mailed code
}

const (
	target  = "seller@example.com"
	mailbox = "backup@example.org"
)

func newBesieged(t *testing.T, change ...func(*auth.Config)) *besieged {
	t.Helper()
	b := &besieged{world: newWorld(t, change...)}
	b.secret, b.home = b.enrolled(target, sellerNumber)
	if b.cfg.Policy.EmailSecondStep {
		b.addMailbox(b.home, mailbox)
	}
	b.addPhone(b.home, sellerNumber)
	set, err := b.s.RecoveryCodes(t.Context(), b.home)
	ok(t, "recovery codes", err)
	b.codes = set.Codes
	b.pass(time.Hour)
	b.second(caller("shop"), b.signIn(caller("shop"), target), b.secret)
	b.pass(25 * time.Hour) // the day's messages of the making are over
	b.mail()
	return b
}

var guessed = []auth.Kind{auth.Password, auth.TOTP, auth.Phone, auth.Email, auth.Lookup}

// begin takes the password and begins the second step of a kind.
func (b *besieged) begin(c auth.Caller, k auth.Kind) (*auth.Challenge, error) {
	info, err := b.s.SignIn(b.t.Context(), c, auth.SignInForm{Identifier: target, Password: password})
	if err != nil {
		return nil, err
	}
	return b.s.SignInBegin(b.t.Context(), c, info.Ceremony, choice(info, k))
}

// right is the right answer to a begun second step.
func (b *besieged) right(k auth.Kind) json.RawMessage {
	switch k {
	case auth.TOTP:
		return b.app(b.secret)
	case auth.Lookup:
		code := b.codes[0]
		b.codes = b.codes[1:]
		return typed(code)
	case auth.Email:
		code, _ := b.code(auth.Mail)
		return code
	}
	code, _ := b.code(auth.SMS)
	return code
}

// succeed signs in with a kind, or with the password alone.
func (b *besieged) succeed(c auth.Caller, k auth.Kind) error {
	b.pass(31 * time.Second) // an app's code counts once; the next text may be sent
	if k == auth.Password {
		_, err := b.s.SignIn(b.t.Context(), c, auth.SignInForm{Identifier: target, Password: password})
		return err
	}
	b.mail() // codes of before
	ch, err := b.begin(c, k)
	if err != nil {
		return err
	}
	_, err = b.s.SignInFinish(b.t.Context(), c, ch.Ceremony, b.right(k))
	return err
}

// fail gives n wrong answers to a kind, waiting as long as it must between them.
func (b *besieged) fail(c auth.Caller, k auth.Kind, n int, wait time.Duration) {
	b.t.Helper()
	for range n {
		b.pass(wait)
		if k == auth.Password {
			_, err := b.s.SignIn(b.t.Context(), c, auth.SignInForm{Identifier: target, Password: "Wrong-Horse9"})
			wantCode(b.t, "a wrong password", err, auth.SignInRefused)
			continue
		}
		ch, err := b.begin(c, k)
		ok(b.t, "begin", err)
		if _, err = b.s.SignInFinish(b.t.Context(), c, ch.Ceremony, b.wrong(k)); err == nil {
			b.t.Fatal("a wrong answer was accepted")
		}
	}
}

// wrong is a wrong answer to a begun second step.
func (b *besieged) wrong(k auth.Kind) json.RawMessage {
	if k != auth.Lookup {
		return typed("000000")
	}
	reversed := []byte(b.codes[0])
	slices.Reverse(reversed)
	return typed(string(reversed))
}

// Whoever gives wrong answers makes only himself wait, and his like: D12, for every kind and side.
func TestWrongAnswersMakeOnlyTheirOwnSideWait(t *testing.T) {
	parties := map[string]auth.Caller{
		"a known browser": caller("home"), "another": caller("shop"), "a stranger": behind("thief", "203.0.113.7"),
		"strangers elsewhere":     behind("thief2", "198.51.100.9"),
		"strangers elsewhere yet": behind("thief3", "2001:db8:1:2::3"),
	}
	for _, k := range guessed {
		for who, guesses := range parties {
			t.Run(string(k)+" by "+who, func(t *testing.T) {
				b := newBesieged(t)
				b.fail(guesses, k, 5, 31*time.Second)
				if err := b.succeed(guesses, k); err == nil {
					t.Error("after five wrong ones: the right answer was judged at once")
				}
				for other, c := range parties {
					if c == guesses {
						continue
					}
					err := b.succeed(c, k)
					if k != auth.Password && guesses.Browser[:1] == "t" && c.Browser[:1] == "t" {
						wantCode(t, other+", who shows the password alone", err, auth.MailCodeNeeded)
					} else if err != nil {
						t.Errorf("%s: got %v, want no error", other, err)
					}
				}
			})
		}
	}
}

// A network is one stranger, whatever its addresses and browsers.
func TestANetworkIsOneStranger(t *testing.T) {
	for one, other := range map[string]string{"203.0.113.7": "203.0.113.250", "2001:db8:1:2::3": "2001:db8:1:ffff::1",
		"::ffff:203.0.113.7": "203.0.113.9"} {
		b := newBesieged(t)
		b.fail(behind("a", one), auth.Password, 5, 0)
		_, err := b.s.SignIn(t.Context(), behind("b", other), auth.SignInForm{Identifier: target, Password: password})
		wantCode(t, other+" after "+one, err, auth.SignInRefused)
	}
}

// The hundred consecutive wrong answers are one sum over known browsers, and
// over all sides where the policy has one limit. What strangers did ends with
// the password.
func TestTheHundredIsOneSum(t *testing.T) {
	oneLimit := func(c *auth.Config) { c.Policy.OneLimit, c.Policy.StrangersPerDay = true, 1000 }
	thief := behind("thief", "203.0.113.7")
	for _, k := range []auth.Kind{auth.Password, auth.TOTP, auth.Lookup} {
		t.Run(string(k), func(t *testing.T) {
			b := newBesieged(t)
			b.fail(caller("home"), k, 50, 2*time.Hour)
			b.fail(caller("shop"), k, 50, 2*time.Hour)
			b.pass(2 * time.Hour)
			wantCode(t, "after a hundred in two known browsers", b.succeed(caller("home"), k), auth.MethodDisabled)
		})
		t.Run(string(k)+", strangers", func(t *testing.T) {
			b := newBesieged(t)
			b.fail(thief, k, 4, 0)
			b.fail(caller("home"), k, 96, 2*time.Hour)
			b.pass(2 * time.Hour)
			ok(t, "after a hundred, four by strangers", b.succeed(caller("home"), k))
		})
		t.Run(string(k)+", one limit", func(t *testing.T) {
			b := newBesieged(t, oneLimit)
			b.fail(thief, k, 4, 0)
			b.fail(caller("home"), k, 96, 2*time.Hour)
			b.pass(2 * time.Hour)
			wantCode(t, "after a hundred, four by strangers", b.succeed(caller("home"), k), auth.MethodDisabled)
			b.reset(target, password)
			b.pass(2 * time.Hour)
			ok(t, "after a new password", b.succeed(caller("home"), k))
		})
	}
}

// Only binding anew brings back what the owner's own browsers disabled.
func TestBindingAnewBringsADisabledKindBack(t *testing.T) {
	b := newBesieged(t)
	b.fail(caller("home"), auth.TOTP, 100, 2*time.Hour)
	b.reset(target, password)
	b.pass(2 * time.Hour)
	wantCode(t, "after a new password", b.succeed(caller("shop"), auth.TOTP), auth.MethodDisabled)
	info := b.signIn(caller("shop"), target)
	ch, err := b.s.SignInBegin(t.Context(), caller("shop"), info.Ceremony, auth.MethodChoice{Kind: auth.Lookup})
	ok(t, "begin", err)
	done, err := b.s.SignInFinish(t.Context(), caller("shop"), ch.Ceremony, b.right(auth.Lookup))
	ok(t, "a recovery code", err)
	b.secret, _ = b.enrolApp(with(caller("shop"), done.Token))
	b.pass(31 * time.Second)
	for _, c := range []auth.Caller{caller("shop"), caller("home"), behind("elsewhere", "203.0.113.7")} {
		if err := b.succeed(c, auth.TOTP); err != nil {
			t.Errorf("the new app at %s: got %v, want no error", c.Browser, err)
		}
	}
}

// A new password ends what strangers have counted, and no wait of the owner's outlives it.
func TestANewPasswordEndsStrangersCounts(t *testing.T) {
	for _, k := range guessed {
		b := newBesieged(t)
		thief := behind("thief", "203.0.113.7")
		b.fail(thief, k, 5, 31*time.Second)
		b.reset(target, password)
		if err := b.succeed(thief, k); err != nil {
			t.Errorf("%s: after a new password: got %v, want no error", k, err)
		}
	}
}

// Strangers have a hundred wrong answers a day together, from however many networks; known browsers have theirs.
func TestStrangersHaveADayTogether(t *testing.T) {
	b := newBesieged(t)
	for i := range 120 {
		c := behind("thief", netip.AddrFrom4([4]byte{198, 51, byte(i), 1}).String())
		_, err := b.s.SignIn(t.Context(), c, auth.SignInForm{Identifier: target, Password: "Wrong-Horse9"})
		wantCode(t, "a wrong password", err, auth.SignInRefused)
	}
	late := behind("late", "203.0.113.7")
	wantCode(t, "the right one after them", b.succeed(late, auth.Password), auth.SignInRefused)
	ok(t, "in a known browser", b.succeed(caller("home"), auth.TOTP))
	b.pass(24 * time.Hour)
	ok(t, "the next day", b.succeed(late, auth.Password))
	for range 200 {
		if err := b.succeed(late, auth.Password); err != nil {
			t.Fatalf("right passwords are no wrong answers: got %v", err)
		}
	}
	locks := 0
	for _, m := range b.mail() {
		if m.Template == auth.TemplateLocked {
			locks++
		}
	}
	if locks > 1 {
		t.Errorf("got %d mails about one day's guesses, want 1 at most", locks)
	}
}

// Who has the password spends his own texts, not the owner's.
func TestStrangersSpendNoTextsOfTheOwners(t *testing.T) {
	for k, to := range map[auth.Kind]int{auth.Phone: 10, auth.Email: 10} {
		b := newBesieged(t)
		sent := 0
		for i := range 40 {
			b.pass(31 * time.Second)
			if _, err := b.begin(behind("thief", netip.AddrFrom4([4]byte{198, 51, byte(i), 1}).String()), k); err == nil {
				sent++
			}
		}
		if sent != to {
			t.Errorf("%s: strangers were sent %d codes, want %d", k, sent, to)
		}
		b.mail()
		for i := range 10 {
			if err := b.succeed(caller("home"), k); err != nil {
				t.Errorf("%s: the owner's code %d: got %v, want no error", k, i+1, err)
			}
		}
	}
}

// Who is signed in without a browser's cookie is counted by his session, and neither spends nor shares what the
// strangers of his network have.
func TestAProgramIsCountedByItsSession(t *testing.T) {
	b := newBesieged(t)
	program := caller("")
	program.Token = b.second(program, b.signIn(program, target), b.secret).Token
	try := func(c auth.Caller, answer func() []byte) error {
		b.pass(31 * time.Second)
		ch, err := b.s.StepUpBegin(t.Context(), c, auth.ActRename, "", byApp)
		if err != nil {
			return err
		}
		done, err := b.s.StepUpFinish(t.Context(), c, ch.Ceremony, answer())
		if err == nil {
			program.Token = done.Token
		}
		return err
	}
	right := func() []byte { return b.app(b.secret) }
	for i := range 8 { // the last makes it wait eight minutes
		if i >= 5 {
			b.pass(time.Hour)
		}
		if try(program, func() []byte { return otherCode(right()) }) == nil {
			t.Fatal("a wrong code was accepted")
		}
	}
	wantCode(t, "the right one after eight", try(program, right), auth.MethodResting)
	ok(t, "a stranger of its network", b.succeed(behind("stranger", "127.0.0.9"), auth.TOTP))
	ok(t, "another program", func() error {
		b.pass(31 * time.Second)
		info := b.second(caller(""), b.signIn(caller(""), target), b.secret)
		b.pass(31 * time.Second)
		return b.finish(caller(""), b.begunAs(info), right())()
	}())
	b.pass(8 * time.Minute)
	ok(t, "after the wait", try(program, right))
}

// begunAs begins the app in a new sign-in by a program.
func (b *besieged) begunAs(*auth.SignInInfo) *auth.Challenge {
	b.t.Helper()
	ch, err := b.begin(caller(""), auth.TOTP)
	ok(b.t, "begin", err)
	return ch
}

// A limit of none disables nothing, however many answers are wrong.
func TestNoLimitDisablesNothing(t *testing.T) {
	b := newBesieged(t, func(c *auth.Config) { c.Policy.Guesses.Limit, c.Policy.Passwords.Limit = 0, 0 })
	for _, k := range []auth.Kind{auth.Password, auth.TOTP} {
		b.fail(caller("home"), k, 12, 2*time.Hour)
		b.pass(2 * time.Hour)
		ok(t, string(k), b.succeed(caller("home"), k))
	}
}

// What was counted against the password before, also in the owner's own browser, is not counted against the new one.
func TestANewPasswordIsCountedAnew(t *testing.T) {
	b := newBesieged(t)
	shop := with(caller("shop"), b.second(caller("shop"), b.signIn(caller("shop"), target), b.secret).Token)
	ok(t, "a question", b.s.SetQuestion(t.Context(), shop, ownQuestion, ownAnswer))
	b.fail(caller("shop"), auth.Password, 4, 0) // the fifth would make it wait
	ok(t, "change", lastErr(b.s.ChangePasswordByAnswer(t.Context(), shop, ownAnswer, newPassword)))
	b.fail(caller("shop"), auth.Password, 4, 0)
	ok(t, "the new password", lastErr(b.s.SignIn(t.Context(), caller("shop"), auth.SignInForm{Identifier: target,
		Password: newPassword})))
}

// A new password ends what was counted against it, and no more: a known browser that rests at its codes rests on, and
// what the owner's own browsers have disabled is not offered.
func TestANewPasswordEndsNoWaitOfAKnownBrowser(t *testing.T) {
	b := newBesieged(t)
	b.fail(caller("home"), auth.TOTP, 8, 2*time.Hour) // the last rests eight minutes
	ch, err := b.begin(caller("home"), auth.Lookup)
	ok(t, "begin", err)
	done, err := b.s.SignInFinish(t.Context(), caller("home"), ch.Ceremony, b.right(auth.Lookup))
	ok(t, "a recovery code", err)
	session := with(caller("home"), done.Token)
	ok(t, "change", lastErr(b.s.ChangePassword(t.Context(), session, password, newPassword)))
	info, err := b.s.SignIn(t.Context(), caller("home"), auth.SignInForm{Identifier: target, Password: newPassword})
	ok(t, "the new password", err)
	_, err = b.s.SignInBegin(t.Context(), caller("home"), info.Ceremony, byApp)
	wantCode(t, "the app, while it rests", err, auth.MethodResting)

	b = newBesieged(t, fewAllowed)
	b.fail(caller("home"), auth.TOTP, 7, 2*time.Hour)
	b.pass(2 * time.Hour)
	b.reset(target, password)
	for _, m := range b.signIn(caller("shop"), target).Methods {
		if m.Kind == auth.TOTP {
			t.Errorf("got %+v offered, want it disabled", m)
		}
	}
}
