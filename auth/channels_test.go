package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/oob"
)

const landline = "+86 10 6552 9988"

// deliveredBy makes the world's service anew, with gateways for those channels alone.
func (w *world) deliveredBy(channels []auth.Channel) {
	w.t.Helper()
	cfg := w.cfg
	cfg.Channels = channels
	phone, err := oob.NewPhone(oob.Config{Channels: channels})
	ok(w.t, "a factor of numbers", err)
	cfg.Factors = slices.Clone(cfg.Factors)
	for i, f := range cfg.Factors {
		if f.Kind() == auth.Phone {
			cfg.Factors[i] = phone
		}
	}
	w.s, err = auth.New(cfg)
	ok(w.t, "a service with fewer gateways", err)
}

// What nobody delivers by is neither offered nor sent, for whoever asks: not at a sign-in, a binding or a forgotten
// password, nor as a notice; and what is left is sent where no channel is named.
func TestOnlyWhatSomebodyDeliversIsOffered(t *testing.T) {
	for name, row := range map[string]struct {
		by     []auth.Channel
		mobile []auth.Channel // what a number that takes both is offered
		refuse []auth.Channel
		usual  auth.Channel
		line   bool // a landline can be bound
	}{
		"all":             {nil, []auth.Channel{auth.SMS, auth.Voice}, nil, auth.SMS, true},
		"no calls":        {[]auth.Channel{auth.Mail, auth.SMS}, []auth.Channel{auth.SMS}, []auth.Channel{auth.Voice}, auth.SMS, false},
		"no texts":        {[]auth.Channel{auth.Mail, auth.Voice}, []auth.Channel{auth.Voice}, []auth.Channel{auth.SMS}, auth.Voice, true},
		"mail, no number": {[]auth.Channel{auth.Mail}, nil, []auth.Channel{auth.SMS, auth.Voice}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			_, c := w.enrolled(sellerMail, sellerNumber)
			w.addPhone(c, sellerNumber)
			w.mail()
			w.deliveredBy(row.by)
			ctx, browser := t.Context(), caller("home")
			w.pass(2 * time.Minute)
			info := w.signIn(browser, sellerMail)
			at := slices.IndexFunc(info.Methods, func(m auth.MethodInfo) bool { return m.Kind == auth.Phone })
			if (at >= 0) != (row.mobile != nil) {
				t.Errorf("at the sign-in: got the number offered: %v", at >= 0)
			} else if at >= 0 && !slices.Equal(info.Methods[at].Channels, row.mobile) {
				t.Errorf("at the sign-in: got %v offered, want %v", info.Methods[at].Channels, row.mobile)
			}
			for _, by := range row.refuse {
				_, err := w.s.SignInBegin(ctx, browser, info.Ceremony, auth.MethodChoice{Kind: auth.Phone, Channel: by})
				wantCode(t, "by "+string(by), err, auth.NoSuchMethod)
				_, err = w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Number: "+8613900139000", Channel: by})
				wantCode(t, "a number, by "+string(by), err, auth.NoSuchMethod)
			}
			ch, err := w.s.SignInBegin(ctx, browser, info.Ceremony, auth.MethodChoice{Kind: auth.Phone})
			if row.usual == "" {
				wantCode(t, "a code by whatever there is", err, auth.NoSuchMethod)
			} else if ok(t, "a code by whatever there is", err); ch.Channel != row.usual {
				t.Errorf("got a code by %s, want by %s", ch.Channel, row.usual)
			}
			_, err = w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.Phone, Number: landline})
			if row.line {
				ok(t, "a landline", err)
			} else if err == nil {
				t.Error("got a landline taken that nobody calls")
			}
			w.offersPhone(c, row.usual != "")
			w.forgottenByPhone(row.usual, row.line)
		})
	}
}

// offersPhone wants the settings to offer a number, or not.
func (w *world) offersPhone(c auth.Caller, want bool) {
	w.t.Helper()
	s, err := w.s.Security(w.t.Context(), c)
	ok(w.t, "the settings", err)
	if got := slices.ContainsFunc(s.Offers, func(o auth.OfferInfo) bool { return o.Kind == auth.Phone }); got != want {
		w.t.Errorf("in the settings: got a number offered: %v, want %v", got, want)
	}
}

// forgottenByPhone wants numbers that somebody has and that nobody has judged alike.
func (w *world) forgottenByPhone(usual auth.Channel, line bool) {
	w.t.Helper()
	ask := func(number string) (*auth.Challenge, error) {
		p, signs := w.puzzled(caller("home"))
		f := auth.ForgotPhoneForm{Phone: number}
		f.Puzzle, f.Signs = p.Puzzle, signs
		return w.s.ForgotPhone(w.t.Context(), caller("home"), f)
	}
	for _, number := range []string{sellerNumber, "+8613700137000"} {
		ch, err := ask(number)
		if usual == "" {
			wantCode(w.t, "forgotten, "+number, err, auth.PhoneLandline)
			continue
		}
		if ok(w.t, "forgotten, "+number, err); ch.Channel != usual {
			w.t.Errorf("forgotten, %s: got a code by %s, want by %s", number, ch.Channel, usual)
		}
	}
	if _, err := ask(landline); (err == nil) != line {
		w.t.Errorf("forgotten, a landline: got %v, want it taken: %v", err, line)
	}
}
