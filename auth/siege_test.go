package auth_test

import (
	"encoding/json"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A besiegedOwner is a seller under siege, with a key, an app and a number, who signs in at home and wherever he is.
type besiegedOwner struct {
	*siege
	email, phone string
	secret       string
	stick        *virtual.Client
	mailed       auth.Message // the newest with a code that introduces a browser
	text         string       // the newest code by text
}

// A siege is owners and what strangers do to them. The password of the first is out.
type siege struct {
	*world
	owners  []*besiegedOwner
	refused int
}

func newSiege(t *testing.T) *siege {
	s := &siege{world: newWorld(t)}
	for i := range 3 {
		o := &besiegedOwner{siege: s, email: fmt.Sprintf("seller%d@example.com", i),
			phone: fmt.Sprintf("+861380013800%d", i)}
		s.owners = append(s.owners, o)
		form := form(o.phone)
		form.UserName = fmt.Sprintf("shop%d", i)
		_, err := s.s.ConfirmSignUp(t.Context(), caller(""), s.signUpLink(o.email), form)
		ok(t, "sign up", err)
		o.stick = stick(t, virtual.Options{})
		_, c := s.addKey(with(o.home(), s.signIn(o.home(), o.email).Token), o.stick, auth.SecurityKey, "Blue key")
		o.secret, c = s.enrolApp(c)
		s.addPhone(c, o.phone)
		s.pass(time.Hour)
	}
	s.pass(25 * time.Hour) // the day's messages of the making are over
	s.deliver()
	return s
}

func (o *besiegedOwner) home() auth.Caller { return caller("home of " + o.email) }

// deliver empties the outbox, however full, into the owners' hands.
func (s *siege) deliver() {
	for {
		list := s.mail()
		if len(list) == 0 {
			return
		}
		for _, o := range s.owners {
			o.read(list)
		}
	}
}

func (o *besiegedOwner) read(list []auth.Message) {
	for _, m := range list {
		switch {
		case m.Template == auth.TemplateIntroduce && string(m.Recipient) == o.email:
			if !m.CreatedAt.Before(o.mailed.CreatedAt) {
				o.mailed = m
			}
		case m.Template == auth.TemplateCode && m.Channel == auth.SMS && string(m.Recipient) == o.phone:
			o.text = m.Args["code"]
		}
	}
}

// signs takes the password and the second step by a kind, as people do who know both.
func (o *besiegedOwner) signs(c auth.Caller, k auth.Kind) error {
	o.pass(31 * time.Second) // an app's code counts once; the next text may be sent
	ctx := o.t.Context()
	info, err := o.s.SignIn(ctx, c, auth.SignInForm{Identifier: o.email, Password: password})
	if err != nil {
		return err
	}
	o.deliver()
	ch, err := o.s.SignInBegin(ctx, c, info.Ceremony, choice(info, k))
	if err != nil {
		return err
	}
	o.deliver()
	answers := map[auth.Kind]func() json.RawMessage{
		auth.WebAuthn: func() json.RawMessage { return touch(o.t, o.stick, ch) },
		auth.TOTP:     func() json.RawMessage { return o.app(o.secret) },
		auth.Phone:    func() json.RawMessage { return typed(o.text) },
	}
	_, err = o.s.SignInFinish(ctx, c, ch.Ceremony, answers[k]())
	return err
}

// touches signs in with the key first, then the password.
func (o *besiegedOwner) touches(c auth.Caller) error {
	ctx := o.t.Context()
	ch, err := o.s.SignInKeyFirst(ctx, c, auth.KeyFirstForm{Identifier: o.email})
	if err != nil {
		return err
	}
	at, err := o.s.SignInFinish(ctx, c, ch.Ceremony, touch(o.t, o.stick, ch))
	if err != nil {
		return err
	}
	_, err = o.s.SignInPassword(ctx, c, at.Ceremony, password)
	return err
}

// arrives makes a browser the owner's by the mailed code.
func (o *besiegedOwner) arrives(c auth.Caller) error {
	ch, err := o.s.IntroduceBegin(o.t.Context(), c, o.email, "")
	if err != nil {
		return err
	}
	o.deliver()
	return o.s.IntroduceFinish(o.t.Context(), c, ch.Ceremony, o.mailed.Args["code"])
}

// must counts an owner who was refused.
func (o *besiegedOwner) must(how string, err error) {
	if err != nil {
		o.refused++
		o.t.Errorf("%s, %s: got %v, want no error", o.email, how, err)
	}
}

// strike is what one stranger does, at an address and in a browser that nobody has had before.
func (s *siege) strike(n int) {
	o, ctx := s.owners[n%len(s.owners)], s.t.Context()
	address := netip.AddrFrom4([4]byte{11, byte(n / 250), byte(n % 250), 1})
	c := behind(fmt.Sprintf("thief%d", n), address.String())
	for _, identifier := range []string{o.email, o.phone} {
		_, _ = s.s.SignIn(ctx, c, auth.SignInForm{Identifier: identifier, Password: "Wrong-Horse9"})
	}
	if o == s.owners[0] {
		s.behindPassword(c, o, n/len(s.owners))
	}
	if ch, err := s.s.SignInKeyFirst(ctx, c, auth.KeyFirstForm{Identifier: o.email}); err == nil {
		_, _ = s.s.SignInFinish(ctx, c, ch.Ceremony, wrongAnswer(auth.WebAuthn))
	}
	if ch, err := s.s.IntroduceBegin(ctx, c, o.email, ""); err == nil {
		_ = s.s.IntroduceFinish(ctx, c, ch.Ceremony, "0000-0000")
	}
	_ = forgot(ctx, s.s, c, o.email)
	_ = s.s.ResetPassword(ctx, c, "no-such-link", "Another-Horse9")
	for _, address := range []string{o.email, fmt.Sprintf("seller+%d@example.com", n),
		fmt.Sprintf("new%d@example.com", n)} {
		_, _ = s.s.SignUp(ctx, c, address)
	}
}

// behindPassword is what a stranger does who has the password: he has texts sent and guesses codes, by each kind in
// turn.
func (s *siege) behindPassword(c auth.Caller, o *besiegedOwner, n int) {
	ctx := s.t.Context()
	info, err := s.s.SignIn(ctx, c, auth.SignInForm{Identifier: o.email, Password: password})
	if err != nil {
		return
	}
	kind := []auth.Kind{auth.TOTP, auth.Phone, auth.WebAuthn}[n%3]
	ch, err := s.s.SignInBegin(ctx, c, info.Ceremony, choice(info, kind))
	if err != nil {
		return
	}
	for range 6 {
		_, _ = s.s.SignInFinish(ctx, c, ch.Ceremony, wrongAnswer(kind))
	}
	s.pass(31 * time.Second)
	_, _ = s.s.SignInResend(ctx, c, ch.Ceremony, auth.SMS)
}

// An hour of strangers at a thousand addresses, who guess, ask and send at every second, the password of one owner
// among what they have: no owner is refused in a known browser by key, app, text or password, nor in a new one by the
// mailed code.
func TestSiege(t *testing.T) {
	s := newSiege(t)
	kinds := []auth.Kind{auth.TOTP, auth.WebAuthn, auth.Phone}
	for n := range 1000 {
		s.strike(n)
		s.pass(3600 * time.Millisecond)
		if n%100 != 99 {
			continue
		}
		for _, o := range s.owners {
			o.must("in a known browser by app", o.signs(o.home(), auth.TOTP))
			o.must("in a known browser by key", o.signs(o.home(), auth.WebAuthn))
			o.must("in a known browser, the key first", o.touches(o.home()))
			if n%200 == 199 {
				o.must("in a known browser by text", o.signs(o.home(), auth.Phone))
			}
			c, k := behind(fmt.Sprintf("new%d of %s", n, o.email), "198.51.100.7"), kinds[n/100%3]
			o.must("in a new browser, the mailed code", o.arrives(c))
			o.must("in a new browser by "+string(k), o.signs(c, k))
		}
	}
	if s.refused > 0 {
		t.Errorf("strangers kept owners out %d times, want 0", s.refused)
	}
}
