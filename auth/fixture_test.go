package auth_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"

	fixtures "github.com/latchkey-auth/latchkey/lab"
)

// virtualKey is a key of a fixture with a credential id.
func virtualKey(t *testing.T, id string) auth.MethodForm {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	ok(t, "draw a key", err)
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	ok(t, "write it", err)
	text, err := json.Marshal(map[string]any{"credentialId": b64([]byte(id)), "rpId": "localhost",
		"privateKey": base64.StdEncoding.EncodeToString(pkcs8)})
	ok(t, "write it", err)
	return auth.MethodForm{Kind: auth.WebAuthn, Virtual: text}
}

var (
	fixtureApp   = auth.MethodForm{Kind: auth.TOTP}
	fixturePhone = auth.MethodForm{Kind: auth.Phone, Number: sellerNumber}
	fixtureMail  = auth.MethodForm{Kind: auth.Email, Address: mailbox}
	fixtureCodes = auth.MethodForm{Kind: auth.Lookup}
)

// A fixture is an account as if it had signed up and bound its methods just now: on the devices that they would be on,
// with the names that they would have, and its session has shown the strongest.
func TestAFixtureIsAnAccount(t *testing.T) {
	w := newWorld(t, asLab)
	lab := maker(t, w)
	form := fixtures.AccountForm{Name: strings.Repeat("Ann ", 100), Email: sellerMail, Phone: sellerNumber,
		Session: true,
		Methods: []auth.MethodForm{fixtureMail, fixturePhone, fixtureApp, fixtureCodes, virtualKey(t, "one"),
			virtualKey(t, "two"), virtualKey(t, "three")}}
	form.Methods[4].Name = "Blue key"
	made, err := lab.Make(t.Context(), caller("home"), form)
	ok(t, "make", err)
	if x := made.Session; x == nil || x.AAL != 2 || x.Kind != auth.TOTP && x.Kind != auth.WebAuthn {
		t.Errorf("got the session %+v, want one by a strong method", made.Session)
	}
	c := with(caller("home"), made.Token)
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	if n := len([]rune(info.Me.Name)); n == 0 || n > 100 || !info.PhoneConfirmed || !info.PasswordAt.Equal(w.time()) ||
		!info.EnrolledAt.Equal(w.time()) || len(info.Methods) != 7 || info.Me.UserName == "" {
		t.Errorf("got %+v", info)
	}
	names, on := map[string]bool{}, map[auth.Kind][]string{}
	for _, m := range info.Methods {
		if m.State != auth.Active || !m.BoundAt.Equal(w.time()) || m.Kind == auth.WebAuthn && m.Name == "" {
			t.Errorf("got the method %+v", m)
		}
		if m.Kind == auth.WebAuthn && names[m.Name] {
			t.Errorf("got two keys of the name %q", m.Name)
		}
		names[m.Name] = true
		on[m.Kind] = append(on[m.Kind], string(m.DeviceKind)+m.Device)
	}
	all := map[string]bool{}
	for _, list := range on {
		for _, d := range list {
			all[d] = true
		}
	}
	if on[auth.TOTP][0] != on[auth.Phone][0] || len(all) != 6 {
		t.Errorf("got the devices %v, want one phone, three keys, a mailbox and a sheet", on)
	}
	if !slices.ContainsFunc(info.Methods, func(m auth.AuthenticatorInfo) bool { return m.Name == "Blue key" }) {
		t.Error("a named key: got it by another name")
	}
	for what, methods := range map[string][]auth.MethodForm{"none": nil, "codes": {fixtureCodes}} {
		made, err := lab.Make(t.Context(), caller("shop"), fixtures.AccountForm{Name: what, Session: true,
			Methods: methods})
		ok(t, what, err)
		if made.Session == nil || made.Session.AAL != 1 || !made.Session.Restricted {
			t.Errorf("with %s: got %+v, want a session that has to enrol", what, made.Session)
		}
		info, err := w.s.Security(t.Context(), with(caller("shop"), made.Token))
		ok(t, what, err)
		if !info.EnrolledAt.IsZero() || info.PhoneConfirmed {
			t.Errorf("with %s: got it on since %s", what, info.EnrolledAt)
		}
	}
}

// What no account could have is planted in none, and what is there already is not there twice; a refusal leaves
// nothing.
func TestWhatNoFixtureHas(t *testing.T) {
	w := newWorld(t, asLab)
	lab := maker(t, w)
	one := virtualKey(t, "one")
	ok(t, "make", lastErr(lab.Make(t.Context(), caller(""), fixtures.AccountForm{Name: "ann", Email: sellerMail,
		Methods: []auth.MethodForm{one}})))
	other := auth.MethodForm{Kind: auth.Phone, Number: "+8613800138001"}
	of := func(list ...auth.MethodForm) fixtures.AccountForm {
		return fixtures.AccountForm{Name: "carl", Methods: list}
	}
	before := w.documents("account", "authenticator", "device")
	for what, x := range map[string]struct {
		form  fixtures.AccountForm
		want  auth.Code
		field string
	}{
		"its name again":    {fixtures.AccountForm{Name: "ann", Email: "other@example.com"}, auth.AccountExists, ""},
		"its e-mail again":  {fixtures.AccountForm{Name: "bob", Email: "Seller@Example.com"}, auth.AccountExists, ""},
		"its key again":     {of(virtualKey(t, "one")), auth.KeyExcluded, ""},
		"one key twice":     {of(virtualKey(t, "x"), virtualKey(t, "x")), auth.KeyExcluded, ""},
		"two sets of codes": {of(fixtureCodes, fixtureCodes), auth.MalformedRequest, "methods"},
		"one number twice":  {of(fixturePhone, other, fixturePhone), auth.MalformedRequest, "methods"},
		"one mailbox twice": {of(fixtureMail, fixtureMail), auth.MalformedRequest, "methods"},
		"a fax":             {of(auth.MethodForm{Kind: "fax"}), auth.NoSuchMethod, "methods"},
		"a key of no sort":  {of(auth.MethodForm{Kind: auth.WebAuthn, Flavour: "x"}), auth.MalformedRequest, "flavour"},
		"too many":          {of(slices.Repeat([]auth.MethodForm{fixtureApp}, 201)...), auth.NoSuchMethod, "methods"},
	} {
		e := wantCode(t, what, lastErr(lab.Make(t.Context(), caller(""), x.form)), x.want)
		if e.Field != x.field {
			t.Errorf("%s: got the field %q, want %q", what, e.Field, x.field)
		}
		if w.documents("account", "authenticator", "device") != before {
			t.Errorf("%s: got something stored", what)
		}
	}
	many := func(p *auth.Work) error {
		list := slices.Repeat([]auth.Authenticator{{Kind: auth.TOTP}}, 201)
		return lastErr(p.MakeAccount(auth.Account{ID: "x", Email: "x@example.com"}, list))
	}
	wantCode(t, "too many, past the form", w.stall().door.Do(t.Context(), caller(""), actLab, many), auth.NoSuchMethod)
	two := fixtures.AccountForm{Name: "dora", Methods: []auth.MethodForm{fixturePhone, other, fixtureApp, fixtureApp,
		{Kind: auth.WebAuthn, Flavour: auth.Passkey, Virtual: virtualKey(t, "y").Virtual},
		{Kind: auth.WebAuthn, Flavour: auth.SecurityKey, Virtual: virtualKey(t, "z").Virtual}}}
	ok(t, "what an account may have", lastErr(lab.Make(t.Context(), caller(""), two)))
}

// A fixture is signed in by what works; what is switched off signs nobody in, and neither does an account that is.
func TestFixturesSignInByWhatWorks(t *testing.T) {
	w := newWorld(t, asLab, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 })
	lab := maker(t, w)
	made, err := lab.Make(t.Context(), caller("home"), fixtures.AccountForm{Name: "ann", Email: sellerMail,
		Methods: []auth.MethodForm{fixtureApp, fixturePhone}})
	ok(t, "make", err)
	session := func() (*auth.SignInInfo, error) { return lab.Session(t.Context(), caller("home"), made.ID) }
	info, err := session()
	ok(t, "session", err)
	if info.Session.Kind != auth.TOTP {
		t.Errorf("got one by %s, want by the app", info.Session.Kind)
	}
	past, err := lab.PastPassword(t.Context(), caller("home"), made.ID)
	ok(t, "past the password", err)
	if past.Step != auth.StepSecond || len(past.Methods) != 2 || past.Token != "" {
		t.Errorf("past the password: got %+v, want the second step asked for", past)
	}
	last := w.cfg.Policy.SignInLife
	w.pass(last - time.Second)
	ch, err := w.s.SignInBegin(t.Context(), caller("home"), past.Ceremony, byApp)
	ok(t, "in its last second", err)
	done, err := w.s.SignInFinish(t.Context(), caller("home"), ch.Ceremony, w.app(made.Methods[0].Secret))
	ok(t, "the app", err)
	if done.Session.AAL != 2 {
		t.Errorf("then: got %+v, want signed in", done.Session)
	}
	for range 3 {
		again, err := lab.PastPassword(t.Context(), caller("home"), made.ID)
		ok(t, "past the password", err)
		ch, err := w.s.SignInBegin(t.Context(), caller("home"), again.Ceremony, byApp)
		ok(t, "begin", err)
		_ = w.finish(caller("home"), ch, typed("000000"))()
	}
	if info, err = session(); err != nil || info.Session.Kind != auth.Phone {
		t.Errorf("the app switched off: got %v, by %+v, want by the number", err, info)
	}
	ok(t, "switch off", lab.Switch(t.Context(), caller(""), made.ID, false))
	wantCode(t, "a session", lastErr(session()), auth.AccountDisabled)
	wantCode(t, "past the password", lastErr(lab.PastPassword(t.Context(), caller(""), made.ID)), auth.AccountDisabled)
	ok(t, "switch on", lab.Switch(t.Context(), caller(""), made.ID, true))
	ok(t, "a session again", lastErr(session()))
	wantCode(t, "nobody's", lastErr(lab.Session(t.Context(), caller(""), "x")), auth.NotFound)
	wantCode(t, "nobody's", lastErr(lab.PastPassword(t.Context(), caller(""), "x")), auth.NotFound)
}

// A tester takes one method away, by its id or its credential's, and no other.
func TestFixturesLoseOneMethod(t *testing.T) {
	w := newWorld(t, asLab)
	lab := maker(t, w)
	made, err := lab.Make(t.Context(), caller("home"), fixtures.AccountForm{Name: "ann", Session: true,
		Methods: []auth.MethodForm{fixtureApp, fixturePhone, virtualKey(t, "one")}})
	ok(t, "make", err)
	c := with(caller("home"), made.Token)
	if app, number := w.only(c, auth.TOTP), w.only(c, auth.Phone); app.Device != number.Device {
		t.Error("an app and a number: got two phones")
	}
	for _, x := range []struct {
		id   auth.AccountID
		what string
		want auth.Code
		left string
	}{
		{made.ID, "", auth.NotFound, "webauthn totp phone"},
		{made.ID, "x", auth.NotFound, "webauthn totp phone"},
		{"x", made.Methods[1].ID, auth.NotFound, "webauthn totp phone"},
		{made.ID, made.Methods[1].ID, "", "webauthn totp"},
		{made.ID, made.Methods[1].ID, auth.NotFound, "webauthn totp"},
	} {
		says(t, fmt.Sprint(x.what), lab.Forget(t.Context(), caller(""), x.id, x.what), x.want)
		info, err := lab.Session(t.Context(), caller("home"), made.ID)
		ok(t, "session", err)
		if got := w.methods(with(c, info.Token)); got != x.left {
			t.Errorf("%q: got %s left, want %s", x.what, got, x.left)
		}
	}
	devices := func() int { return strings.Count(w.documents("device"), "\n") }
	before := devices()
	ok(t, "by its credential", lab.Forget(t.Context(), caller(""), made.ID, made.Methods[2].Credential))
	if devices() != before-1 {
		t.Errorf("the key that is gone: got %d devices of %d, want one less", devices(), before)
	}
}

// To write accounts at will and to sign people in is a tester's, in a lab: no part does it by an act that is anybody's.
func TestOnlyTestersMakeFixtures(t *testing.T) {
	for name, change := range map[string]func(*auth.Config){"a site": func(*auth.Config) {}, "a lab": asLab} {
		w := newWorld(t, change)
		_, c := w.enrolled(sellerMail, sellerNumber)
		app := w.only(c, auth.TOTP).ID
		me, err := w.s.Me(t.Context(), c)
		ok(t, "who", err)
		stall := w.stall()
		before := w.documents("account", "session", "authenticator")
		for what, act := range map[string]func(*auth.Work) error{
			"make":   func(p *auth.Work) error { return lastErr(p.MakeAccount(auth.Account{ID: "x"}, nil)) },
			"enter":  func(p *auth.Work) error { return lastErr(p.SignInFixture(me.Account)) },
			"unbind": func(p *auth.Work) error { return p.Unbind(me.Account, app) },
		} {
			wantCode(t, name+": "+what, stall.in(t, act), auth.NotFound)
		}
		if w.documents("account", "session", "authenticator") != before {
			t.Errorf("%s: got something written", name)
		}
	}
}
