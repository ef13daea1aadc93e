package auth_test

import (
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// What is wished of a key reaches it, and nothing that was not wished; what another kind's form says changes nothing.
func TestABindingIsBegunAsItWasAskedFor(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	for what, x := range map[string]struct {
		form                        auth.BindForm
		verify, resident, attesting string
	}{
		"nothing":                   {auth.BindForm{}, "discouraged", "discouraged", "none"},
		"a PIN or a finger":         {auth.BindForm{Verify: true}, "required", "discouraged", "none"},
		"that it names the account": {auth.BindForm{Resident: true}, "discouraged", "required", "none"},
		"its attestation":           {auth.BindForm{Attest: true}, "discouraged", "discouraged", "direct"},
		"one with a root":           {auth.BindForm{Certified: true}, "discouraged", "discouraged", "direct"},
	} {
		x.form.Kind, x.form.Flavour = auth.WebAuthn, auth.SecurityKey
		ch, err := w.s.BindBegin(t.Context(), c, x.form)
		ok(t, what, err)
		var options struct {
			Attestation            string
			AuthenticatorSelection struct{ UserVerification, ResidentKey string }
		}
		ok(t, what, json.Unmarshal(publicKey(t, ch.Prompt), &options))
		got := options.AuthenticatorSelection
		if got.UserVerification != x.verify || got.ResidentKey != x.resident || options.Attestation != x.attesting {
			t.Errorf("wished %s: got %+v", what, options)
		}
	}
	ok(t, "an app, by a form that names a channel",
		lastErr(w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP, Channel: auth.SMS})))
}

// What is no method of this site is none to bind, whoever asks; it costs no commit.
func TestWhatIsNoMethodIsNotBound(t *testing.T) {
	w := newWorld(t, without(auth.HOTP))
	w.seller(sellerMail, sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	for _, k := range []auth.Kind{"", "nonsense", auth.HOTP, auth.Lookup, auth.Password, auth.Trusted} {
		commits := w.between.counted(func() {
			_, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: k})
			wantCode(t, string(k), err, auth.NoSuchMethod)
		})
		if commits != 0 {
			t.Errorf("%q: got %d commits, want none", k, commits)
		}
	}
}

// without leaves a kind out of what a site has.
func without(k auth.Kind) func(*auth.Config) {
	return func(c *auth.Config) {
		c.Factors = slices.DeleteFunc(slices.Clone(c.Factors), func(f auth.Factor) bool { return f.Kind() == k })
	}
}

// A kind that the site has no more when an exchange goes on is refused: nothing of it is believed, and nothing falls
// over.
func TestAKindThatIsGoneMeanwhile(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := o.byKey("home")
	app, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP})
	ok(t, "begin to bind", err)
	number, err := w.s.BindBegin(t.Context(), c, textTo("+8613800138007"))
	ok(t, "begin to bind a number", err)
	step, err := w.s.StepUpBegin(t.Context(), c, auth.ActRename, "", byKey)
	ok(t, "begin a step-up", err)
	signIn := w.begun(caller("shop"), byKey)
	touched := touch(t, o.stick, signIn)
	first, err := w.s.SignInKeyFirst(t.Context(), caller("shop"), auth.KeyFirstForm{Identifier: sellerMail})
	ok(t, "begin with the key", err)
	cfg := w.cfg
	for _, k := range []auth.Kind{auth.TOTP, auth.Phone, auth.WebAuthn} {
		without(k)(&cfg)
	}
	w.s, err = auth.New(cfg)
	ok(t, "the site without them", err)
	code := typed("000000")
	for what, err := range map[string]error{
		"bind": lastErr(w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: app.Ceremony,
			Response: code})),
		"bind a number": lastErr(w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: number.Ceremony,
			Response: code})),
		"text again":       lastErr(w.s.BindResend(t.Context(), c, number.Ceremony, auth.SMS)),
		"sign in":          lastErr(w.s.SignInFinish(t.Context(), caller("shop"), signIn.Ceremony, touched)),
		"sign in by touch": lastErr(w.s.SignInFinish(t.Context(), caller("shop"), first.Ceremony, touched)),
		"step up":          lastErr(w.s.StepUpFinish(t.Context(), c, step.Ceremony, touched)),
	} {
		wantCode(t, what, err, auth.NoSuchMethod)
	}
}

// A broken is a factor whose judgement fails, which is no refusal.
type broken struct {
	auth.Factor
	err error
}

func (b broken) FinishBind(*auth.Ceremony, json.RawMessage) (*auth.Authenticator, error) {
	return nil, b.err
}

func (b broken) FinishVerify(*auth.Ceremony, []*auth.Authenticator, json.RawMessage) (*auth.Authenticator, error) {
	return nil, b.err
}

// Where a factor fails nobody is told a refusal, nothing is bound, opened or counted, and the same may be tried again.
func TestAFactorThatFailsRefusesNothing(t *testing.T) {
	broke := errors.New("out of order")
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	w.addPhone(c, sellerNumber)
	w.pass(day)
	well, cfg := w.s, w.cfg
	cfg.Factors = nil
	for _, f := range w.cfg.Factors {
		cfg.Factors = append(cfg.Factors, broken{f, broke})
	}
	ill, err := auth.New(cfg)
	ok(t, "a site whose factors fail", err)
	c = with(c, w.second(c, w.signIn(c, sellerMail), secret).Token)
	w.pass(31 * time.Second)
	flow := w.begun(caller("home"), byApp)
	step, err := w.s.StepUpBegin(t.Context(), c, auth.ActRename, "", byApp)
	ok(t, "begin a step-up", err)
	bind, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.HOTP})
	ok(t, "begin to bind", err)
	before := w.documents("throttle", "authenticator", "session", "event")
	for what, try := range map[string]func(*auth.Service) error{
		"a binding": func(s *auth.Service) error {
			return lastErr(s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: bind.Ceremony,
				Response: typed("000000")}))
		},
		"a sign-in": func(s *auth.Service) error {
			return lastErr(s.SignInFinish(t.Context(), caller("home"), flow.Ceremony, w.app(secret)))
		},
		"a step-up": func(s *auth.Service) error {
			return lastErr(s.StepUpFinish(t.Context(), c, step.Ceremony, w.app(secret)))
		},
	} {
		var e *auth.Error
		if err := try(ill); !errors.Is(err, broke) || errors.As(err, &e) {
			t.Errorf("%s: got %v, want the failure", what, err)
		}
	}
	if after := w.documents("throttle", "authenticator", "session", "event"); after != before {
		t.Errorf("got\n%s\nwant what was there\n%s", after, before)
	}
	ok(t, "then", lastErr(well.SignInFinish(t.Context(), caller("home"), flow.Ceremony, w.app(secret))))
}
