package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A demanding is a part whose one shop has everybody as its member, and asks each for a security key from a time on.
type demanding struct {
	door *auth.Door
	from time.Time
}

// ShopsOf implements auth.Shops.
func (x *demanding) ShopsOf(*auth.Work, auth.AccountID) ([]auth.Membership, error) {
	return []auth.Membership{{ID: "blue", Name: "Blue shop", Role: "member", KeysFrom: x.from}}, nil
}

// OwnedAlone implements auth.Shops.
func (*demanding) OwnedAlone(*auth.Work, auth.AccountID) ([]auth.Membership, error) { return nil, nil }

// MayMove implements auth.Shops.
func (*demanding) MayMove(*auth.Work, string, auth.AccountID, auth.AccountID) error { return nil }

func (w *world) demanding() *demanding {
	w.t.Helper()
	x := new(demanding)
	var err error
	x.door, err = auth.Register(w.s, auth.Part{Name: "demanding", Shops: x,
		Rules: map[auth.Action]auth.Rule{"demanding-case": {Who: auth.System, Audit: true}}})
	ok(w.t, "registering", err)
	return x
}

// A keyless is a seller with everything but a security key, whose shop asks for one.
type keyless struct {
	*world
	shop    *demanding
	secret  string // of the app
	home    auth.Caller
	passkey *virtual.Client
	codes   []string
	code    string // the security code
}

func newKeyless(t *testing.T) *keyless {
	t.Helper()
	w := newWorld(t)
	k := &keyless{world: w, shop: w.demanding()}
	k.secret, k.home = w.enrolled(sellerMail, sellerNumber)
	_, k.home = w.addPhone(k.home, sellerNumber)
	w.pass(time.Minute)
	_, k.home = w.addMailbox(k.home, "codes@example.com")
	k.passkey = stick(t, virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true})
	_, k.home = w.addKey(k.home, k.passkey, auth.Passkey, "PC")
	set, err := w.s.RecoveryCodes(t.Context(), k.home)
	ok(t, "recovery codes", err)
	k.codes = set.Codes
	k.code = w.setCode(k.home)
	w.pass(time.Hour)
	w.mail()
	return k
}

// by signs in with the password and a code that is sent or typed.
func (k *keyless) by(m auth.MethodChoice, typed func() []byte) auth.Caller {
	k.t.Helper()
	c := caller("new")
	ch, err := k.s.SignInBegin(k.t.Context(), c, k.signIn(c, sellerMail).Ceremony, m)
	ok(k.t, "begin", err)
	done, err := k.s.SignInFinish(k.t.Context(), c, ch.Ceremony, typed())
	ok(k.t, "finish", err)
	return with(c, done.Token)
}

func (k *keyless) sent(ch auth.Channel) func() []byte {
	return func() []byte {
		code, _ := k.world.code(ch)
		return code
	}
}

// waysIn are all that lead to a session.
func waysIn() map[string]func(*keyless) auth.Caller {
	return map[string]func(*keyless) auth.Caller{
		"an app": func(k *keyless) auth.Caller {
			return with(caller("new"), k.second(caller("new"), k.signIn(caller("new"), sellerMail), k.secret).Token)
		},
		"a text": func(k *keyless) auth.Caller { return k.by(bySMS, k.sent(auth.SMS)) },
		"a mailed code": func(k *keyless) auth.Caller {
			return k.by(auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail}, k.sent(auth.Mail))
		},
		"a recovery code": func(k *keyless) auth.Caller {
			return k.by(auth.MethodChoice{Kind: auth.Lookup}, func() []byte { return typed(k.codes[0]) })
		},
		"a passkey": func(k *keyless) auth.Caller { return k.world.passkey(k.passkey, "new") },
		"a temporary code": func(k *keyless) auth.Caller {
			c := caller("new")
			return with(c, k.second(c, k.temporary(c, k.resetProof(c, sellerMail)), k.secret).Token)
		},
		"a trusted browser": func(k *keyless) auth.Caller {
			trusted, err := k.s.TrustBrowser(k.t.Context(), k.atHome())
			ok(k.t, "trust", err)
			k.demand()
			c := caller(trusted.Cookie)
			return with(c, k.signIn(c, sellerMail).Token)
		},
		"a session of before": func(k *keyless) auth.Caller {
			c := k.atHome()
			k.demand()
			return c
		},
		"a fresh step in it": func(k *keyless) auth.Caller {
			c := k.atHome()
			k.demand()
			return k.stepUp(c, k.secret)
		},
		"another method, bound first": func(k *keyless) auth.Caller {
			c := k.atHome()
			k.demand()
			other := stick(k.t, virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true,
				Seed: []byte("another")})
			_, c = k.addKey(c, other, auth.Passkey, "tablet")
			return c
		},
		"a new password": func(k *keyless) auth.Caller {
			c := k.atHome()
			token, err := k.s.ChangePassword(k.t.Context(), c, password, "Another-Horse9")
			ok(k.t, "a new password", err)
			k.demand()
			return with(c, token)
		},
		"the security code": func(k *keyless) auth.Caller {
			_, err := k.byCode(caller("new"), k.code)
			ok(k.t, "asking", err)
			k.pass(72 * time.Hour)
			info, err := k.byCode(caller("new"), k.code)
			ok(k.t, "the code", err)
			_, c := k.enrolApp(with(caller("new"), info.Token))
			return c
		},
		"a recovery case": func(k *keyless) auth.Caller {
			id := k.accountOf(k.atHome())
			k.demand()
			c := k.shop.door.Staff(auth.Caller{}, "ann")
			ok(k.t, "a case", k.shop.door.Do(k.t.Context(), c, "demanding-case", func(p *auth.Work) error {
				return p.SwitchOffSecondStep(id, auth.SwitchOff{})
			}))
			k.reset(sellerMail, "Another-Horse9")
			info, err := k.s.SignIn(k.t.Context(), caller("new"), auth.SignInForm{Identifier: sellerMail,
				Password: "Another-Horse9"})
			ok(k.t, "signing in", err)
			_, bound := k.enrolApp(with(caller("new"), info.Token))
			return bound
		},
		"the same sign-in again": func(k *keyless) auth.Caller {
			c := asked(caller("new"), "a body")
			ch, err := k.s.SignInBegin(k.t.Context(), c, k.signIn(caller("new"), sellerMail).Ceremony, byApp)
			ok(k.t, "begin", err)
			answer := k.app(k.secret)
			var token string
			for range 2 {
				done, err := k.s.SignInFinish(k.t.Context(), asked(c, "another body"), ch.Ceremony, answer)
				ok(k.t, "finish", err)
				if done.Step != auth.StepEnrol || !done.Session.KeyNeeded {
					k.t.Errorf("got %s with %+v, want a session that has to bind a key", done.Step, done.Session)
				}
				token = done.Token
			}
			return with(caller("new"), token)
		},
	}
}

// atHome signs in at home, while the shop asks for nothing yet.
func (k *keyless) atHome() auth.Caller {
	k.t.Helper()
	k.shop.from = time.Time{}
	return with(caller("home"), k.second(caller("home"), k.signIn(caller("home"), sellerMail), k.secret).Token)
}

// demand has the date of the shop's demand come.
func (k *keyless) demand() { k.shop.from = k.time() }

// From the date on there is no way round a security key: whatever a session was opened or raised by, and whenever, it
// does nothing but bind one; that raises it.
func TestNoWayRoundTheKeyThatAShopAsksFor(t *testing.T) {
	for name, in := range waysIn() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			k := newKeyless(t)
			ctx := t.Context()
			k.demand()
			c := in(k)
			me, err := k.s.Me(ctx, c)
			ok(t, "who", err)
			if !me.Session.Restricted || !me.Session.KeyNeeded || len(me.Shops) > 0 || me.Payout.Allowed {
				t.Errorf("got %+v, want a session that acts nowhere", me)
			}
			acts := k.s.ActsOf(auth.Enrolled)
			if len(acts) < 20 {
				t.Fatalf("got the acts %v, want all of them", acts)
			}
			for _, a := range acts {
				wantCode(t, string(a), k.s.Try(ctx, c, a), auth.MustEnrol)
			}
			if asked := k.security(c).KeysAsked; len(asked) != 1 || asked[0].Name != "Blue shop" {
				t.Errorf("got %+v, want the shop that asks", asked)
			}
			c = k.freshly(c)
			bound, raised := k.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Blue key")
			if bound.Token == "" || bound.Session == nil || bound.Session.Restricted || bound.First {
				t.Errorf("got %+v, want the session raised", bound)
			}
			me, err = k.s.Me(ctx, raised)
			ok(t, "who", err)
			if me.Session.Restricted || len(me.Shops) != 1 || len(k.security(raised).KeysAsked) > 0 {
				t.Errorf("with a key: got %+v, want a session that acts", me)
			}
			ok(t, "an act", k.s.Try(ctx, raised, auth.ActCodes))
		})
	}
}

// freshly steps up where the session's step is no fresh one.
func (k *keyless) freshly(c auth.Caller) auth.Caller {
	k.t.Helper()
	if err := k.s.Try(k.t.Context(), c, auth.ActLookBind); err == nil {
		return c
	}
	return k.stepUp(c, k.secret)
}

// Before the date nothing is kept back; a passkey is no security key; and one that is removed was one: the next pass
// asks for another.
func TestWhatCountsAsTheKeyThatAShopAsksFor(t *testing.T) {
	k := newKeyless(t)
	ctx := t.Context()
	c := k.atHome()
	k.shop.from = k.time().Add(time.Hour)
	me, err := k.s.Me(ctx, c)
	ok(t, "who", err)
	if me.Session.Restricted || len(me.Shops) != 1 || !me.Shops[0].KeysFrom.Equal(k.shop.from) {
		t.Errorf("before the date: got %+v, want the shop with its date", me)
	}
	if asked := k.security(c).KeysAsked; len(asked) != 1 {
		t.Errorf("before the date: got %+v, want it told beforehand", asked)
	}
	_, c = k.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Blue key")
	k.demand()
	ok(t, "with a key", k.s.Try(ctx, c, auth.ActCodes))
	for _, m := range k.security(c).Methods {
		if m.Flavour == auth.SecurityKey {
			_, err := k.s.Remove(ctx, c, m.ID)
			ok(t, "removing it", err)
		}
	}
	wantCode(t, "without it", k.s.Try(ctx, c, auth.ActCodes), auth.MustEnrol)
	if me, err := k.s.Me(ctx, c); err != nil || !me.Session.KeyNeeded {
		t.Errorf("without it: got %+v, %v, want a key asked for", me, err)
	}
	k.shop.from = time.Time{}
	ok(t, "nobody asks any more", k.s.Try(ctx, c, auth.ActCodes))
}

// A key that is frozen, as one that may have been copied, opens no shop: another one has to be bound.
func TestAFrozenKeyIsNotTheOneThatAShopAsksFor(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	shop := w.demanding()
	browser, _, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	shop.from = w.time()
	clone := *browser
	clone.Authenticators = []*virtual.Authenticator{browser.Authenticators[0].Clone()}
	for i, b := range []*virtual.Client{browser, browser, &clone} {
		ok(t, "before", w.s.Try(ctx, c, auth.ActCodes))
		ch, err := w.s.StepUpBegin(ctx, c, auth.ActRename, "", byKey)
		ok(t, "begin", err)
		done, err := w.s.StepUpFinish(ctx, c, ch.Ceremony, touch(t, b, ch))
		if i == 2 {
			wantCode(t, "the copy", err, auth.KeyFrozen)
			break
		}
		ok(t, "the original", err)
		c = with(c, done.Token)
	}
	wantCode(t, "with the key frozen", w.s.Try(ctx, c, auth.ActCodes), auth.MustEnrol)
}

// Who has the password alone binds no key in place of the second step, and steps up to nothing.
func TestTheKeyOfAShopIsNoSecondStep(t *testing.T) {
	k := newKeyless(t)
	ctx := t.Context()
	k.demand()
	k.seller("new@example.com", "+8613800138009")
	c := with(caller("new"), k.signIn(caller("new"), "new@example.com").Token)
	me, err := k.s.Me(ctx, c)
	ok(t, "who", err)
	if !me.Session.Restricted || me.Session.KeyNeeded {
		t.Errorf("got %+v, want a session that has to enrol", me.Session)
	}
	for _, a := range append(k.s.ActsOf(auth.Stepped), k.s.ActsOf(auth.Enrolled)...) {
		wantCode(t, string(a), k.s.Try(ctx, c, a), auth.MustEnrol)
	}
	info, c := k.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Blue key")
	if !info.First || info.Session.Restricted {
		t.Errorf("got %+v, want the first method to be the key as well", info)
	}
	ok(t, "an act", k.s.Try(ctx, c, auth.ActCodes))
}
