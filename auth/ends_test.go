package auth_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// An ending is something in the last second of its life: what its use says until then, and what it says afterwards. ""
// is no refusal.
type ending struct {
	use          func() error
	before, then auth.Code
}

const (
	tick = time.Second // of service time
	day  = 24 * time.Hour
)

// lives is what ends, by the numbers of the policy that say when. Each is prepared in a world of its own.
func lives() map[string]map[string]func(*world) ending {
	return map[string]map[string]func(*world) ending{
		"CeremonyLife": {"a key's challenge": keyAfterPassword, "a key first": keyAlone,
			"a key at a step-up": keyStepUp},
		"SignInLife": {"from the password to a method": passwordShown, "a method begun late": begunLate,
			"an app's code": appAtSignIn, "an app's code at a step-up": appAtStepUp,
			"from a touch to the password": touchedFirst, "a binding": bindingBegun,
			"a text sent again": resentAtSignIn, "a text of a step-up sent again": resentAtStepUp,
			"a text of a binding sent again": resentForBinding},
		"CodeLife": {"a text": textAtSignIn, "a text of a binding": textForBinding,
			"a text of a step-up": textAtStepUp},
		"LinkLife":     {"a sign-up": signUpLink, "a new e-mail": emailLink},
		"ResetLife":    {"a reset": resetLink},
		"MailCodeLife": {"a mailed code": introductionBegun},
		"ResendAfter":  {"a code again": codeAgain},
		"SessionIdle":  {"a session unused": sessionUnused},
		"SessionShort": {"a session in use": sessionInUse, "a session in use and raised": sessionRaised},
		"SessionLife":  {"a session that is kept": sessionKept, "one in use and raised": sessionKeptRaised},
		"TrustLife":    {"a trusted browser": trustedBrowser, "one that signs in every day": trustedDaily},
		"RemovalDelay": {"a removal waits": removalWaits, "the way to stop it": removalUndone,
			"the pause after a veto": pauseAfterVeto, "the pause after not me": pauseAfterNotMe},
		"Dormant":   {"an account that nobody uses": unusedAccount},
		"Closing":   {"an account that is closed": closingEnds},
		"UndoLife":  {"not me": undoLink, "a sign-in by the code": codeSignInUndone},
		"CodeDelay": {"a sign-in by the code": codeSignInWaits},
		"CodeOpen":  {"one that is not used": codeSignInOpen, "the way to stop it": codeSignInStopped},
		"": {
			"a ticket":                      ticketLooked,
			"a sealed set of codes":         codesFile,
			"an introduced browser":         introducedBrowser,
			"a token before the last":       tokenBefore,
			"a day's codes":                 daysCodes,
			"a wait after wrong passwords":  waitAfterFive,
			"a second step for a name":      fresh(auth.ActRename, 15*time.Minute),
			"one for another method":        fresh(auth.ActAdd, 15*time.Minute),
			"one for trust":                 fresh(auth.ActTrust, 15*time.Minute),
			"one for a removal":             fresh(auth.ActRemove, 10*time.Minute),
			"one for a lost device":         fresh(auth.ActLose, 10*time.Minute),
			"one for recovery codes":        fresh(auth.ActCodes, 10*time.Minute),
			"one for a number or an e-mail": fresh(auth.ActContact, 10*time.Minute),
			"one for a password":            fresh(auth.ActNewPassword, 10*time.Minute),
			"one for a user name":           fresh(auth.ActUserName, 10*time.Minute),
			"one for a question":            fresh(auth.ActQuestion, 10*time.Minute),
			"one for the own question":      fresh(auth.ActOwnQuestion, 10*time.Minute),
			"one for a security code":       fresh(auth.ActSetSecurityCode, 10*time.Minute),
			"one beside a security code":    fresh(auth.ActSecurityCode, 10*time.Minute),
			"one for a link":                fresh(auth.ActMailPassword, 10*time.Minute),
			"the approval of a payout":      approvedPayout,
			"one for the own address":       fresh(auth.ActOwnEmail, 10*time.Minute),
		},
	}
}

// Everything that has a life is good for all of it and over one second later, however it is used meanwhile.
func TestEveryLifeEndsOnTime(t *testing.T) {
	for of, rows := range lives() {
		for name, prepare := range rows {
			t.Run(of+" "+name, func(t *testing.T) {
				t.Parallel()
				e := prepare(newWorld(t))
				says(t, "the last second", e.use(), e.before)
				w := newWorld(t)
				e = prepare(w)
				w.pass(tick)
				says(t, "one second later", e.use(), e.then)
			})
		}
	}
}

func says(t *testing.T, what string, err error, want auth.Code) {
	t.Helper()
	if want == "" {
		ok(t, what, err)
		return
	}
	wantCode(t, what, err, want)
}

// No life is in the policy that this is not about.
func TestEveryLifeOfThePolicyHasItsEnd(t *testing.T) {
	p := reflect.TypeFor[auth.Policy]()
	rows := lives()
	// They end nothing: reminders begin (TestReminders).
	for _, advice := range []string{"PasswordAge", "TestKeysAfter", "ReviewAfter"} {
		rows[advice] = map[string]func(*world) ending{"": nil}
	}
	for i := range p.NumField() {
		f := p.Field(i)
		if f.Type == reflect.TypeFor[time.Duration]() && len(rows[f.Name]) == 0 {
			t.Errorf("Policy.%s: no row says when what it bounds is over", f.Name)
		}
		delete(rows, f.Name)
	}
	if delete(rows, ""); len(rows) > 0 {
		t.Errorf("rows of no policy: got %v", rows)
	}
}

// after lets time pass until the last second of a life.
func (w *world) after(last time.Duration, use func() error, then auth.Code) ending {
	w.pass(last)
	return ending{use: use, then: then}
}

// owner is a seller with a key, a number and a session at home.
func owner(w *world) *waiting {
	stick, bound, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	phone, c := w.addPhone(c, sellerNumber)
	w.pass(time.Minute)
	w.mail()
	return &waiting{world: w, key: bound.Authenticator.ID, phone: *phone, stick: stick, owner: c}
}

var (
	byKey = auth.MethodChoice{Kind: auth.WebAuthn}
	byApp = auth.MethodChoice{Kind: auth.TOTP}
	bySMS = auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS}
)

// textTo is the form that binds a number by a text.
func textTo(n string) auth.BindForm {
	return auth.BindForm{Kind: auth.Phone, Number: n, Channel: auth.SMS}
}

// guess tries a password in a browser.
func (w *world) guess(browser, typed string) error {
	f := auth.SignInForm{Identifier: sellerMail, Password: typed}
	return lastErr(w.s.SignIn(w.t.Context(), caller(browser), f))
}

// begun begins a second step in a browser that has just shown the password.
func (w *world) begun(c auth.Caller, m auth.MethodChoice) *auth.Challenge {
	w.t.Helper()
	ch, err := w.s.SignInBegin(w.t.Context(), c, w.signIn(c, sellerMail).Ceremony, m)
	ok(w.t, "begin", err)
	return ch
}

func (w *world) finish(c auth.Caller, ch *auth.Challenge, response json.RawMessage) func() error {
	return func() error { return lastErr(w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, response)) }
}

func keyAfterPassword(w *world) ending {
	o := owner(w)
	ch := w.begun(caller("home"), byKey)
	return w.after(5*time.Minute-tick, w.finish(caller("home"), ch, touch(w.t, o.stick, ch)), auth.CeremonyExpired)
}

func keyAlone(w *world) ending {
	o := owner(w)
	ch, err := w.s.SignInKeyFirst(w.t.Context(), caller("home"), auth.KeyFirstForm{Identifier: sellerMail})
	ok(w.t, "begin", err)
	return w.after(5*time.Minute-tick, w.finish(caller("home"), ch, touch(w.t, o.stick, ch)), auth.CeremonyExpired)
}

func keyStepUp(w *world) ending {
	o := owner(w)
	ch, err := w.s.StepUpBegin(w.t.Context(), o.owner, auth.ActRename, "", byKey)
	ok(w.t, "begin", err)
	answer := touch(w.t, o.stick, ch)
	return w.after(5*time.Minute-tick, func() error {
		return lastErr(w.s.StepUpFinish(w.t.Context(), o.owner, ch.Ceremony, answer))
	}, auth.CeremonyExpired)
}

func passwordShown(w *world) ending {
	owner(w)
	flow := w.signIn(caller("home"), sellerMail).Ceremony
	return w.after(15*time.Minute-tick, func() error {
		return lastErr(w.s.SignInBegin(w.t.Context(), caller("home"), flow, byKey))
	}, auth.CeremonyExpired)
}

// begunLate begins a method when the sign-in is nearly over: the challenge is no longer than that.
func begunLate(w *world) ending {
	o := owner(w)
	flow := w.signIn(caller("home"), sellerMail).Ceremony
	w.pass(12 * time.Minute)
	ch, err := w.s.SignInBegin(w.t.Context(), caller("home"), flow, byKey)
	ok(w.t, "begin", err)
	return w.after(3*time.Minute-tick, w.finish(caller("home"), ch, touch(w.t, o.stick, ch)), auth.CeremonyExpired)
}

func touchedFirst(w *world) ending {
	o := owner(w)
	ch, err := w.s.SignInKeyFirst(w.t.Context(), caller("home"), auth.KeyFirstForm{Identifier: sellerMail})
	ok(w.t, "begin", err)
	w.pass(4 * time.Minute)
	info, err := w.s.SignInFinish(w.t.Context(), caller("home"), ch.Ceremony, touch(w.t, o.stick, ch))
	ok(w.t, "touch", err)
	return w.after(15*time.Minute-tick, func() error {
		return lastErr(w.s.SignInPassword(w.t.Context(), caller("home"), info.Ceremony, password))
	}, auth.CeremonyExpired)
}

func bindingBegun(w *world) ending {
	o := owner(w)
	c := o.byKey("home") // its proof counts for as long
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.TOTP})
	ok(w.t, "begin", err)
	var prompt struct{ Secret string }
	ok(w.t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
	return w.after(15*time.Minute-tick, func() error {
		d := auth.BindDone{Ceremony: ch.Ceremony, Response: w.app(prompt.Secret)}
		return lastErr(w.s.BindFinish(w.t.Context(), c, d))
	}, auth.CeremonyExpired)
}

// resent has a text sent again every two minutes: the exchange is over when it would have been without.
func (w *world) resent(ch *auth.Challenge, again func(sealed string) (*auth.Challenge, error),
	use func(sealed string, code json.RawMessage) error) ending {
	for range 7 {
		w.pass(2 * time.Minute)
		w.mail() // the codes of before
		next, err := again(ch.Ceremony)
		ok(w.t, "send again", err)
		ch = next
	}
	code, _ := w.code(auth.SMS)
	return w.after(time.Minute-tick, func() error { return use(ch.Ceremony, code) }, auth.CeremonyExpired)
}

func resentAtSignIn(w *world) ending {
	owner(w)
	c := caller("home")
	return w.resent(w.begun(c, bySMS), func(sealed string) (*auth.Challenge, error) {
		return w.s.SignInResend(w.t.Context(), c, sealed, auth.SMS)
	}, func(sealed string, code json.RawMessage) error {
		return lastErr(w.s.SignInFinish(w.t.Context(), c, sealed, code))
	})
}

func resentAtStepUp(w *world) ending {
	o := owner(w)
	ch, err := w.s.StepUpBegin(w.t.Context(), o.owner, auth.ActRename, "", bySMS)
	ok(w.t, "begin", err)
	return w.resent(ch, func(sealed string) (*auth.Challenge, error) {
		return w.s.StepUpResend(w.t.Context(), o.owner, sealed, auth.SMS)
	}, func(sealed string, code json.RawMessage) error {
		return lastErr(w.s.StepUpFinish(w.t.Context(), o.owner, sealed, code))
	})
}

func resentForBinding(w *world) ending {
	o := owner(w)
	c := o.byKey("home")
	ch, err := w.s.BindBegin(w.t.Context(), c, textTo("+8613800138007"))
	ok(w.t, "begin", err)
	return w.resent(ch, func(sealed string) (*auth.Challenge, error) {
		return w.s.BindResend(w.t.Context(), c, sealed, auth.SMS)
	}, func(sealed string, code json.RawMessage) error {
		return lastErr(w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: sealed, Response: code}))
	})
}

func textAtSignIn(w *world) ending {
	owner(w)
	ch := w.begun(caller("home"), bySMS)
	code, _ := w.code(auth.SMS)
	return w.after(5*time.Minute-tick, w.finish(caller("home"), ch, code), auth.CeremonyExpired)
}

func appAtSignIn(w *world) ending {
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	ch := w.begun(caller("home"), byApp)
	w.pass(15*time.Minute - tick)
	return ending{use: func() error {
		return lastErr(w.s.SignInFinish(w.t.Context(), caller("home"), ch.Ceremony, w.app(secret)))
	}, then: auth.CeremonyExpired}
}

func appAtStepUp(w *world) ending {
	secret, c := w.enrolled(sellerMail, sellerNumber)
	ch, err := w.s.StepUpBegin(w.t.Context(), c, auth.ActRename, "", byApp)
	ok(w.t, "begin", err)
	w.pass(15*time.Minute - tick)
	return ending{use: func() error {
		return lastErr(w.s.StepUpFinish(w.t.Context(), c, ch.Ceremony, w.app(secret)))
	}, then: auth.CeremonyExpired}
}

func textForBinding(w *world) ending {
	o := owner(w)
	c := o.byKey("home")
	ch, err := w.s.BindBegin(w.t.Context(), c, textTo("+8613800138007"))
	ok(w.t, "begin", err)
	code, _ := w.code(auth.SMS)
	return w.after(5*time.Minute-tick, func() error {
		return lastErr(w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: code}))
	}, auth.CodeExpired)
}

func textAtStepUp(w *world) ending {
	o := owner(w)
	ch, err := w.s.StepUpBegin(w.t.Context(), o.owner, auth.ActRename, "", bySMS)
	ok(w.t, "begin", err)
	code, _ := w.code(auth.SMS)
	return w.after(5*time.Minute-tick, func() error {
		return lastErr(w.s.StepUpFinish(w.t.Context(), o.owner, ch.Ceremony, code))
	}, auth.CeremonyExpired)
}
