package auth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A shut is a seller with every sort of method and two security keys.
type shut struct {
	*keyless
	one, two *virtual.Client
	slot     *virtual.YubicoOTP
	touches  *typing // the codes that the first key types
}

func newShut(t *testing.T) *shut {
	t.Helper()
	x := &shut{keyless: newKeyless(t)}
	c := x.atHome()
	x.one, x.two = stick(t, virtual.Options{}), stick(t, virtual.Options{Seed: []byte("two")})
	bound, c := x.addKey(c, x.one, auth.SecurityKey, "One")
	_, c = x.addKey(c, x.two, auth.SecurityKey, "Two")
	x.addTyped(c, bound.Authenticator.Device)
	x.pass(time.Hour)
	x.mail()
	return x
}

// addTyped binds to a key what it types.
func (x *shut) addTyped(c auth.Caller, device string) {
	x.t.Helper()
	ctx := x.t.Context()
	ch, err := x.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.HOTP})
	ok(x.t, "touch codes", err)
	var prompt struct{ Secret string }
	ok(x.t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
	x.touches = &typing{world: x.world, secret: prompt.Secret}
	ok(x.t, "touch codes", lastErr(x.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Device: device,
		Response: twoCodes(x.touches.types(0), x.touches.types(1))})))
	ch, err = x.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.YubiOTP})
	ok(x.t, "Yubico OTP", err)
	var v auth.KeyValues
	ok(x.t, "prompt", json.Unmarshal(ch.Prompt, &v))
	x.slot = programmed(x.world, v)
	ok(x.t, "Yubico OTP", lastErr(x.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony, Device: device,
		Response: twoCodes(x.slot.Touch(), x.slot.Touch())})))
}

// key signs in by a security key.
func (x *shut) key(browser *virtual.Client, at string) auth.Caller {
	x.t.Helper()
	c := caller(at)
	ch := x.begun(c, byKey)
	done, err := x.s.SignInFinish(x.t.Context(), c, ch.Ceremony, touch(x.t, browser, ch))
	ok(x.t, "the key", err)
	return with(c, done.Token)
}

// on has the protection on, by a session that has shown a key.
func (x *shut) on() auth.Caller {
	x.t.Helper()
	c := x.key(x.one, "home")
	ok(x.t, "switching it on", lastErr(x.s.SwitchKeysOnly(x.t.Context(), c, true)))
	return c
}

// answers are what each sort of method is asked for by, and what it answers to a challenge.
func (x *shut) answers() map[string]struct {
	by     auth.MethodChoice
	answer func(*auth.Challenge) []byte
} {
	type way = struct {
		by     auth.MethodChoice
		answer func(*auth.Challenge) []byte
	}
	sent := func(ch auth.Channel) func(*auth.Challenge) []byte {
		return func(*auth.Challenge) []byte { return x.sent(ch)() }
	}
	return map[string]way{
		"key": {byKey, func(ch *auth.Challenge) []byte { return touch(x.t, x.one, ch) }},
		"app": {byApp, func(*auth.Challenge) []byte { x.pass(31 * time.Second); return x.app(x.secret) }},
		"touch": {auth.MethodChoice{Kind: auth.HOTP}, func(*auth.Challenge) []byte {
			return typed(x.touches.types(2))
		}},
		"yubiotp":  {byYubico, func(*auth.Challenge) []byte { return typed(x.slot.Touch()) }},
		"sms":      {bySMS, sent(auth.SMS)},
		"call":     {auth.MethodChoice{Kind: auth.Phone, Channel: auth.Voice}, sent(auth.Voice)},
		"email":    {auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail}, sent(auth.Mail)},
		"recovery": {auth.MethodChoice{Kind: auth.Lookup}, func(*auth.Challenge) []byte { return typed(x.codes[0]) }},
		"passkey":  {byKey, func(ch *auth.Challenge) []byte { return x.unasked(x.passkey, ch) }},
	}
}

// unasked has a key answer that the challenge does not name: a browser would not ask it.
func (x *shut) unasked(browser *virtual.Client, ch *auth.Challenge) []byte {
	x.t.Helper()
	var prompt map[string]any
	ok(x.t, "prompt", json.Unmarshal(publicKey(x.t, ch.Prompt), &prompt))
	delete(prompt, "allowCredentials")
	options, err := json.Marshal(prompt)
	ok(x.t, "prompt", err)
	response, err := browser.Get(options)
	ok(x.t, "the browser signs", err)
	return response
}

// Whatever else is bound, nothing but a security key opens a keys-only account or shows anything in it: each sort of
// method at each gate. Without the protection each is right there.
func TestNothingButKeys(t *testing.T) {
	for _, row := range auth.Methods() {
		way := row.Face.Way
		if row.Input == auth.NoInput || way == "key" || row.Stock { // a token shows what an app shows
			continue
		}
		for name, gate := range map[string]func(*shut, auth.MethodChoice, func(*auth.Challenge) []byte) error{
			"sign-in": func(x *shut, by auth.MethodChoice, answer func(*auth.Challenge) []byte) error {
				c := caller("new")
				ch, err := x.s.SignInBegin(x.t.Context(), c, x.signIn(c, sellerMail).Ceremony, by)
				if err != nil {
					return err
				}
				return x.finish(c, ch, answer(ch))()
			},
			"step-up": func(x *shut, by auth.MethodChoice, answer func(*auth.Challenge) []byte) error {
				c := x.key(x.two, "new")
				ch, err := x.s.StepUpBegin(x.t.Context(), c, auth.ActRename, "", by)
				if err != nil {
					return err
				}
				return lastErr(x.s.StepUpFinish(x.t.Context(), c, ch.Ceremony, answer(ch)))
			},
		} {
			t.Run(way+"/"+name, func(t *testing.T) {
				x := newShut(t)
				x.t = t
				w, known := x.answers()[way]
				if !known {
					t.Fatalf("no answer by %s", way)
				}
				ok(t, "before", gate(x, w.by, w.answer))
				x.on()
				x.pass(time.Hour)
				err := gate(x, w.by, w.answer)
				if way == "passkey" {
					wantCode(t, "while it is on", err, auth.KeyWrong)
				} else {
					wantCode(t, "while it is on", err, auth.NoSuchMethod)
				}
			})
		}
	}
}

// What is offered, in a sign-in, a step-up and behind what stands in for the password, is the security keys alone.
func TestAKeysOnlyAccountOffersKeys(t *testing.T) {
	x := newShut(t)
	c := x.on()
	ctx := t.Context()
	introduced := caller("introduced")
	ch, err := x.s.IntroduceBegin(ctx, introduced, sellerMail, "")
	ok(t, "a mailed code", err)
	code := x.lastMail(auth.TemplateIntroduce).Args["code"]
	ok(t, "introduced", x.s.IntroduceFinish(ctx, introduced, ch.Ceremony, code))
	step, err := x.s.StepUp(ctx, c, auth.ActContact, "")
	ok(t, "step-up", err)
	elsewhere := caller("elsewhere")
	for name, methods := range map[string][]auth.MethodInfo{
		"a sign-in":             x.signIn(caller("new"), sellerMail).Methods,
		"an introduced browser": x.signIn(introduced, sellerMail).Methods,
		"a temporary code":      x.temporary(elsewhere, x.resetProof(elsewhere, sellerMail)).Methods,
		"a step-up":             step.Methods,
	} {
		if len(methods) != 1 || methods[0].Kind != auth.WebAuthn || methods[0].Passkeys ||
			!slices.Equal(slices.Sorted(slices.Values(methods[0].Names)), []string{"One", "Two"}) {
			t.Errorf("%s: got %+v, want the two keys", name, methods)
		}
	}
	x.key(x.two, "new")
}

// What goes round a second step is closed, and what is bound can be nothing but a key.
func TestWhatGoesRoundAKey(t *testing.T) {
	x := newShut(t)
	ctx := t.Context()
	trusted, err := x.s.TrustBrowser(ctx, x.key(x.one, "home"))
	ok(t, "trust", err)
	_, err = x.byCode(caller("thief"), x.keyless.code)
	ok(t, "the security code, asked for before", err)
	app := x.begun(caller("late"), byApp)
	other := x.key(x.two, "other")
	c := x.on()

	if info := x.signIn(caller(trusted.Cookie), sellerMail); info.Step != auth.StepSecond {
		t.Errorf("a browser that was trusted: got %s, want the second step", info.Step)
	}
	wantCode(t, "another session", lastErr(x.s.Me(ctx, other)), auth.SessionEnded)
	x.pass(31 * time.Second)
	wantCode(t, "begun before", x.finish(caller("late"), app, x.app(x.secret))(), auth.CeremonyVoid)
	if over, err := x.s.Security(ctx, c); err != nil || over.MayTrust || over.Trusted > 0 {
		t.Errorf("got trust offered: %v, %v and %d browsers trusted, want none", err, over.MayTrust, over.Trusted)
	}
	wantCode(t, "trusting", lastErr(x.s.TrustBrowser(ctx, c)), auth.KeysOnly)
	wantCode(t, "recovery codes", lastErr(x.s.RecoveryCodes(ctx, c)), auth.KeysOnly)
	for _, f := range []auth.BindForm{{Kind: auth.TOTP}, {Kind: auth.WebAuthn, Flavour: auth.Passkey},
		{Kind: auth.Phone, Number: "+8613900139000", Channel: auth.SMS}, {Kind: auth.HOTP}, {Kind: auth.YubiOTP},
		{Kind: auth.Email, Address: "new@example.com"}} {
		wantCode(t, "binding "+string(f.Kind), lastErr(x.s.BindBegin(ctx, c, f)), auth.KeysOnly)
	}
	synced := stick(t, virtual.Options{Seed: []byte("cloud"), Backup: true})
	ch, err := x.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.WebAuthn})
	ok(t, "a third key", err)
	response, err := synced.Create(publicKey(t, ch.Prompt))
	ok(t, "the browser registers", err)
	wantCode(t, "one that a cloud keeps", lastErr(x.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ch.Ceremony,
		Response: response})), auth.KeysOnly)
	x.addKey(c, stick(t, virtual.Options{Seed: []byte("three")}), auth.SecurityKey, "Three")
	x.pass(73 * time.Hour)
	wantCode(t, "the security code", lastErr(x.byCode(caller("thief"), x.keyless.code)), auth.KeysOnly)
	anybody := caller("stranger")
	first, err := x.s.SignInKeyFirst(ctx, anybody, auth.KeyFirstForm{})
	ok(t, "key first", err)
	wantCode(t, "the passkey alone", x.finish(anybody, first, touch(t, x.passkey, first))(), auth.KeyWrong)
}

// What a session has shown before by another method shows nothing from then on: each act that asks for anything.
func TestAProofOfBeforeIsNone(t *testing.T) {
	x := newShut(t)
	c := x.key(x.one, "home")
	x.pass(8 * time.Minute)
	c = x.stepUp(c, x.secret)
	ok(t, "switching it on", lastErr(x.s.SwitchKeysOnly(t.Context(), c, true)))
	ok(t, "by the key", lastErr(x.s.TakeData(t.Context(), c)))
	x.pass(3 * time.Minute) // the key was shown 11 minutes ago, the app 3
	for act, err := range map[string]error{
		"data":       lastErr(x.s.TakeData(t.Context(), c)),
		"the end":    lastErr(x.s.EndKeysOnly(t.Context(), c)),
		"a removal":  lastErr(x.s.Remove(t.Context(), c, x.only(c, auth.TOTP).ID)),
		"codes":      lastErr(x.s.RecoveryCodes(t.Context(), c)),
		"a password": lastErr(x.s.ChangePassword(t.Context(), c, password, "Another-Horse9")),
	} {
		if e := wantCode(t, act, err, auth.StepUpRequired); e != nil && e.Demand.Class == auth.NoClass {
			t.Errorf("%s: got no demand", act)
		}
	}
}

// Who may switch it on, and when.
func TestWhoSwitchesKeysOnlyOn(t *testing.T) {
	for name, row := range map[string]struct {
		does func(*shut) (auth.Caller, bool)
		want auth.Code
	}{
		"two keys": {func(x *shut) (auth.Caller, bool) { return x.key(x.one, "home"), true }, ""},
		"unread": {func(x *shut) (auth.Caller, bool) {
			return x.key(x.one, "home"), false
		}, auth.KeysOnlyNotUnderstood},
		"a key, long ago": {func(x *shut) (auth.Caller, bool) {
			c := x.key(x.one, "home")
			x.pass(11 * time.Minute)
			return c, true
		}, auth.StepUpRequired},
		"an app": {func(x *shut) (auth.Caller, bool) { return x.atHome(), true }, auth.StepUpRequired},
		"a passkey": {func(x *shut) (auth.Caller, bool) {
			return x.world.passkey(x.keyless.passkey, "home"), true
		}, auth.StepUpRequired},
		"one key is gone": {(*shut).withoutTwo, auth.KeysOnlyNeedsKeys},
		"one that leaves": {(*shut).twoLeaves, auth.KeysOnlyNeedsKeys},
		"one recalled": {func(x *shut) (auth.Caller, bool) {
			auth.HaveRecalled(x.t, x.s, "Two")
			return x.key(x.one, "home"), true
		}, auth.KeysOnlyNeedsKeys},
		"one that is new": {(*shut).twoIsWeak, auth.KeysOnlyNeedsKeys},
		"one, settled now": {func(x *shut) (auth.Caller, bool) {
			x.twoIsWeak()
			x.pass(72 * time.Hour)
			return x.key(x.one, "home"), true
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			x := newShut(t)
			x.t = t
			c, understood := row.does(x)
			info, err := x.s.SwitchKeysOnly(t.Context(), c, understood)
			if row.want != "" {
				wantCode(t, name, err, row.want)
			} else if ok(t, name, err); !info.On || !info.Since.Equal(x.time()) || info.Keys != 2 {
				t.Errorf("got %+v, want it on", info)
			}
		})
	}
}

// keyNamed is the id of a key.
func (x *shut) keyNamed(c auth.Caller, name string) string {
	x.t.Helper()
	info, err := x.s.Security(x.t.Context(), c)
	ok(x.t, "overview", err)
	at := slices.IndexFunc(info.Methods, func(m auth.AuthenticatorInfo) bool {
		return m.Kind == auth.WebAuthn && m.Name == name
	})
	if at < 0 {
		x.t.Fatalf("no key %s", name)
	}
	return info.Methods[at].ID
}

func (x *shut) withoutTwo() (auth.Caller, bool) {
	c := x.key(x.one, "home")
	ok(x.t, "removing one", lastErr(x.s.Remove(x.t.Context(), c, x.keyNamed(c, "Two"))))
	return c, true
}

// twoLeaves has a removal of one key wait that a text has asked for.
func (x *shut) twoLeaves() (auth.Caller, bool) {
	c := x.by(bySMS, x.sent(auth.SMS))
	info, err := x.s.Remove(x.t.Context(), c, x.keyNamed(c, "Two"))
	if ok(x.t, "removing one", err); info.Due.IsZero() {
		x.t.Fatal("got it removed, want it to wait")
	}
	return x.key(x.one, "home"), true
}

// twoIsWeak has one of the two keys be the first method of the account: nothing but the password has bound it.
func (x *shut) twoIsWeak() (auth.Caller, bool) {
	w := newWorld(x.t)
	first, _, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	x.world, x.one = w, first
	x.two = stick(x.t, virtual.Options{Seed: []byte("two")})
	_, c = x.addKey(c, x.two, auth.SecurityKey, "Two")
	return c, true
}

// The last key that works is not removed, and one of two switches nothing off.
func TestTheLastKeyStays(t *testing.T) {
	x := newShut(t)
	c := x.on()
	ok(t, "one of two", lastErr(x.s.Remove(t.Context(), c, x.keyNamed(c, "Two"))))
	info, err := x.s.KeysOnly(t.Context(), c)
	if ok(t, "how it stands", err); !info.On || info.Keys != 1 {
		t.Errorf("got %+v, want it on, with one key", info)
	}
	over, err := x.s.Security(t.Context(), c)
	ok(t, "overview", err)
	second := func(r auth.ReminderInfo) bool { return r.Reminder == auth.RemindSecondKey }
	if !slices.ContainsFunc(over.Reminders, second) {
		t.Errorf("got reminded of %+v, want of a second key", over.Reminders)
	}
	last := x.keyNamed(c, "One")
	wantCode(t, "the last", lastErr(x.s.Remove(t.Context(), c, last)), auth.KeysOnlyLastKey)
	at := slices.IndexFunc(over.Methods, func(m auth.AuthenticatorInfo) bool { return m.ID == last })
	wantCode(t, "the last, lost", lastErr(x.s.LoseDevice(t.Context(), c, over.Methods[at].Device)),
		auth.KeysOnlyLastKey)
	ok(t, "an app", lastErr(x.s.Remove(t.Context(), c, x.only(c, auth.TOTP).ID)))
}

// A key that is paused, as one that may have been copied, opens nothing: the other one is the last that works.
func TestTheLastKeyThatWorksStays(t *testing.T) {
	x := newShut(t)
	c := x.on()
	clone := *x.two
	clone.Authenticators = []*virtual.Authenticator{x.two.Authenticators[0].Clone()}
	for i, browser := range []*virtual.Client{x.two, &clone} {
		begun := caller("shop")
		ch := x.begun(begun, byKey)
		_, err := x.s.SignInFinish(t.Context(), begun, ch.Ceremony, touch(t, browser, ch))
		if i == 0 {
			ok(t, "the key itself", err)
		} else {
			wantCode(t, "its copy", err, auth.KeyFrozen)
		}
	}
	wantCode(t, "the other one", lastErr(x.s.Remove(t.Context(), c, x.keyNamed(c, "One"))), auth.KeysOnlyLastKey)
	ok(t, "the paused one", lastErr(x.s.Remove(t.Context(), c, x.keyNamed(c, "Two"))))
}

// It ends a day after its owner has asked for that, told at once and then, and everything counts again.
func TestEndingKeysOnly(t *testing.T) {
	x := newShut(t)
	c := x.on()
	x.mail()
	ctx := t.Context()
	info, err := x.s.EndKeysOnly(ctx, c)
	if ok(t, "the end", err); !info.On || !info.Due.Equal(x.time().Add(day)) || info.Change == "" {
		t.Errorf("got %+v, want it to wait a day", info)
	}
	x.wantTold("email keys-only-ends, email keys-only-ends, sms keys-only-ends")
	again, err := x.s.EndKeysOnly(ctx, c)
	if ok(t, "asked twice", err); again.Change != info.Change {
		t.Errorf("asked twice: got %+v, want the one that waits", again)
	}
	over, err := x.s.Security(ctx, c)
	ok(t, "overview", err)
	if len(over.Changes) != 1 || over.Changes[0].What != "keys-only-off" {
		t.Errorf("got the changes %+v", over.Changes)
	}
	x.pass(day - tick)
	ok(t, "sweep", x.s.Sweep(ctx))
	flow := x.signIn(caller("new"), sellerMail).Ceremony
	wantCode(t, "an app, just before", lastErr(x.s.SignInBegin(ctx, caller("new"), flow, byApp)), auth.NoSuchMethod)
	x.mail()
	x.pass(tick)
	ok(t, "sweep", x.s.Sweep(ctx))
	x.wantTold("email change keys-only-ended, email change keys-only-ended, sms change keys-only-ended")
	x.atHome()
	c = x.key(x.one, "home")
	if info, err = x.s.KeysOnly(ctx, c); err != nil || info.On || !info.Due.IsZero() {
		t.Errorf("got %+v, %v, want it off", info, err)
	}
	wantCode(t, "the end of nothing", lastErr(x.s.EndKeysOnly(ctx, c)), auth.NotFound)
}

// wantTold fails unless just that was told since.
func (x *shut) wantTold(want string) {
	x.t.Helper()
	var got []string
	for _, m := range x.mail() {
		got = append(got, strings.TrimSpace(string(m.Channel)+" "+m.Template+" "+m.Args["what"]))
	}
	slices.Sort(got)
	if all := strings.Join(got, ", "); all != want {
		x.t.Errorf("got told %q, want %q", all, want)
	}
}

// What stops the end of the protection, as it stops what else waits.
func TestWhatStopsTheEndOfKeysOnly(t *testing.T) {
	for name, stops := range map[string]func(*shut, auth.Caller, auth.Message){
		"the link": func(x *shut, _ auth.Caller, m auth.Message) {
			info, err := x.s.LookUndo(x.t.Context(), caller("mail"), token(m.Args["undo"]))
			if ok(x.t, "look", err); info.What != "keys-only-off" || info.Done {
				x.t.Errorf("the link: got %+v", info)
			}
			ok(x.t, "the link", lastErr(x.s.Undo(x.t.Context(), caller("mail"), token(m.Args["undo"]))))
		},
		"another session": func(x *shut, _ auth.Caller, _ auth.Message) {
			c := x.key(x.two, "desk")
			info, err := x.s.KeysOnly(x.t.Context(), c)
			ok(x.t, "look", err)
			ok(x.t, "stop", x.s.CancelChange(x.t.Context(), c, info.Change))
			wantCode(x.t, "again", lastErr(x.s.EndKeysOnly(x.t.Context(), c)), auth.ChangePaused)
		},
		"a new password": func(x *shut, _ auth.Caller, _ auth.Message) { x.reset(sellerMail, "Another-Horse9") },
		"a restored backup": func(x *shut, _ auth.Caller, _ auth.Message) {
			_, err := x.s.Restored(x.t.Context(), false)
			ok(x.t, "restore", err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			x := newShut(t)
			x.t = t
			c := x.on()
			x.mail()
			ok(t, "the end", lastErr(x.s.EndKeysOnly(t.Context(), c)))
			stops(x, c, x.lastMail(auth.TemplateKeysOnlyEnds))
			x.pass(2 * day)
			ok(t, "sweep", x.s.Sweep(t.Context()))
			form := auth.SignInForm{Identifier: sellerMail, Password: password}
			if name == "a new password" {
				form.Password = "Another-Horse9"
			}
			info, err := x.s.SignIn(t.Context(), caller("new"), form)
			if ok(t, "the password", err); len(info.Methods) != 1 || info.Methods[0].Kind != auth.WebAuthn {
				t.Errorf("got %+v offered, want the keys alone", info.Methods)
			}
		})
	}
}

// A stranger with no password, or a wrong one, is answered as for any other account.
func TestStrangersDoNotSeeKeysOnly(t *testing.T) {
	x := newShut(t)
	x.on()
	x.seller("other@example.com", "+8613900139000")
	for _, email := range []string{sellerMail, "other@example.com", "nobody@example.com"} {
		c := caller("stranger " + email)
		wrong := auth.SignInForm{Identifier: email, Password: "Wrong-Horse9"}
		wantCode(t, email, lastErr(x.s.SignIn(t.Context(), c, wrong)), auth.SignInRefused)
		ch, err := x.s.IntroduceBegin(t.Context(), c, email, "")
		if ok(t, email, err); len(ch.Methods) > 0 {
			t.Errorf("%s: got told %+v", email, ch.Methods)
		}
		first, err := x.s.SignInKeyFirst(t.Context(), c, auth.KeyFirstForm{Identifier: email})
		if ok(t, email, err); len(first.Methods) > 0 {
			t.Errorf("%s: got told %+v", email, first.Methods)
		}
		asked, err := forgotten(t.Context(), x.s, c, email)
		if ok(t, email, err); len(asked.Methods) > 0 {
			t.Errorf("%s: got told %+v", email, asked.Methods)
		}
	}
}
