package server

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/virtual"
)

// What a key's page tells of its ceremony: how long it may take, and whether a PIN may be asked for.
func TestPromptsOfKeys(t *testing.T) {
	for _, c := range []struct {
		prompt, pin string
		seconds     int
	}{
		{`{"publicKey":{"timeout":90500,"userVerification":"required"}}`, "required", 90},
		{`{"publicKey":{"userVerification":"preferred"}}`, "maybe", 0},
		{`{"publicKey":{"userVerification":"discouraged"}}`, "none", 0},
		{`{"publicKey":{"authenticatorSelection":{"userVerification":"required"}}}`, "required", 0},
		{`{"publicKey":{"authenticatorSelection":{"userVerification":"preferred"}}}`, "maybe", 0},
		{`{"publicKey":{}}`, "none", 0},
	} {
		for _, auto := range []bool{false, true} {
			got := keyPrompt(&auth.Challenge{Ceremony: "c", Prompt: json.RawMessage(c.prompt)}, auto)
			if got == nil || got.PIN != c.pin || got.Seconds != c.seconds || got.Ceremony != "c" || got.Auto != auto ||
				`{"publicKey":`+got.Options+`}` != c.prompt {
				t.Errorf("%s: got %+v, want PIN %s and %d s", c.prompt, got, c.pin, c.seconds)
			}
		}
	}
	for _, bad := range []string{"", "[]", `{"publicKey":1}`, `{}`} {
		if got := keyPrompt(&auth.Challenge{Prompt: json.RawMessage(bad)}, true); got != nil {
			t.Errorf("%q: got %+v, want none", bad, got)
		}
	}
}

// What is known of a code on its way, and that nothing is known where nothing was sent.
func TestHelpOfCodes(t *testing.T) {
	at := start()
	none := help("c", nil, []assets.Method{{ID: "o"}})
	if none.Ceremony != "c" || len(none.Others) != 1 || none.Texts != -1 || none.CanSend || none.To != "" ||
		!none.SentAt.IsZero() {
		t.Errorf("got %+v, want nothing known", none)
	}
	d := &auth.DeliveryInfo{Masked: "+86•••", SentAt: at, Label: "AB", State: auth.Delivered, ChangedAt: at.Add(1),
		ResendAt:  at.Add(2),
		LeftToday: 7}
	got := help("c", d, nil)
	if got.To != "+86•••" || !got.SentAt.Equal(at) || got.Label != "AB" || got.Delivery != "delivered" ||
		!got.Heard.Equal(at.Add(1)) ||
		!got.Resend.Equal(at.Add(2)) || got.Texts != 7 || !got.CanSend {
		t.Errorf("got %+v, want all of %+v", got, d)
	}
}

// Limits of passwords that nobody reaches are not told.
func TestRulesOfPasswords(t *testing.T) {
	for max, want := range map[int]int{20: 20, 64: 64, 65: 0, 128: 0} {
		got := passwordRules(password.Policy{Min: 8, Max: max, Classes: true})
		if got.Max != want || got.Min != 8 || !got.Mixed {
			t.Errorf("at most %d: got %+v, want %d told", max, got, want)
		}
	}
}

// Every kind of device has a place to lie in, and a name when it is lost.
func TestPlacesAndLosses(t *testing.T) {
	want := map[auth.DeviceKind]string{auth.Stick: "key key", auth.Handset: "phone phone", auth.Computer: "pc pc",
		auth.Extension: "extension pc", auth.Cloud: " passkey", auth.Mailbox: " mailbox", auth.Paper: " paper",
		auth.Display: " token", "": " all"}
	for kind, names := range want {
		if got := placeOf(kind) + " " + lostKind(kind); got != names {
			t.Errorf("%q: got %q, want %q", kind, got, names)
		}
	}
}

// The forecast tells one thing lost before two and everything last, of these what shuts out longest first, then in the
// order of the methods.
func TestOrderOfLosses(t *testing.T) {
	thing := func(ids ...string) (out []auth.DeviceInfo) {
		for _, id := range ids {
			out = append(out, auth.DeviceInfo{Kind: auth.Stick, Name: id})
		}
		return out
	}
	falls := func(ids ...string) (out []auth.AuthenticatorInfo) {
		for _, id := range ids {
			out = append(out, auth.AuthenticatorInfo{ID: id, Kind: auth.WebAuthn, Flavour: auth.SecurityKey})
		}
		return out
	}
	row := func(soon auth.Soon, lost []auth.DeviceInfo, ids ...string) auth.Forecast {
		return auth.Forecast{Lost: lost, Falls: falls(ids...), Soon: soon}
	}
	rows := []auth.Forecast{
		row(auth.SoonDesk, nil, "a", "b", "c"), row(auth.SoonNow, thing("pair ab", "x"), "a", "b"), row(auth.SoonNow,
			thing("now b"), "b"),
		row(auth.SoonDesk, thing("pair ac", "x"), "a", "c"), row(auth.SoonNow, thing("now a"), "a"),
		row(auth.SoonDesk, thing("desk c"), "c"),
		row(auth.SoonLater, thing("later c"), "c"), row(auth.SoonLater, thing("later a"), "a"), row(auth.SoonNow,
			thing("nothing falls")),
	}
	s := newServer(t, nil)
	var got []string
	for _, l := range s.losses(rows) {
		name := l.Name
		if l.What == "pair" {
			name = l.Both[0].Name
		}
		got = append(got, l.What+" "+name+" "+l.Soon)
	}
	want := []string{"key desk c documents", "key later a later", "key later c later", "key now a now", "key now b now",
		"pair pair ac documents",
		"pair pair ab now", "all  documents", "key nothing falls now"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got  %s\nwant %s", strings.Join(got, " | "), strings.Join(want, " | "))
	}
}

// A stick that is touched and keeps codes is one row that tells of both, and is lost as one; codes of another stick, or of
// none, are rows of their own.
func TestWhatLivesOnOneStick(t *testing.T) {
	s := newServer(t, nil)
	key := func(id, device string, kind auth.DeviceKind) auth.AuthenticatorInfo {
		return auth.AuthenticatorInfo{ID: id, Kind: auth.WebAuthn, Flavour: auth.SecurityKey, Device: device,
			DeviceKind: kind}
	}
	app := func(id, device string, kind auth.DeviceKind) auth.AuthenticatorInfo {
		return auth.AuthenticatorInfo{ID: id, Kind: auth.TOTP, Device: device, DeviceKind: kind}
	}
	for name, c := range map[string]struct {
		list []auth.AuthenticatorInfo
		want string
	}{
		"a key alone": {[]auth.AuthenticatorInfo{key("k", "d", auth.Stick)}, "k[]"},
		"a key with codes": {[]auth.AuthenticatorInfo{key("k", "d", auth.Stick), app("a", "d", auth.Stick)},
			"k[key app]"},
		"codes first": {[]auth.AuthenticatorInfo{app("a", "d", auth.Stick), key("k", "d", auth.Stick)},
			"k[key app]"},
		"two codes on it": {[]auth.AuthenticatorInfo{key("k", "d", auth.Stick), app("a", "d", auth.Stick),
			app("b", "d", auth.Stick)}, "k[key app]"},
		"codes elsewhere": {[]auth.AuthenticatorInfo{key("k", "d", auth.Stick), app("a", "e",
			auth.Handset)}, "k[] a[]"},
		"no device": {[]auth.AuthenticatorInfo{key("k", "", ""), app("a", "", "")}, "k[] a[]"},
		"a computer that has both": {[]auth.AuthenticatorInfo{key("k", "d", auth.Computer), app("a", "d",
			auth.Computer)}, "k[] a[]"},
		"two keys, one with codes": {[]auth.AuthenticatorInfo{key("k", "d", auth.Stick), key("l", "e", auth.Stick),
			app("a", "e", auth.Stick)}, "k[] l[key app]"},
		"a number beside a key": {[]auth.AuthenticatorInfo{key("k", "d", auth.Stick), {ID: "p", Kind: auth.Phone,
			Device: "d"}}, "k[] p[]"},
		"recovery codes beside one": {[]auth.AuthenticatorInfo{key("k", "d", auth.Stick), {ID: "r",
			Kind: auth.Lookup, Device: "d"}}, "k[] r[]"},
	} {
		var got, rows, lost []string
		for _, h := range s.holders(c.list) {
			got = append(got, h.ID+fmt.Sprint(h.Holds))
			rows = append(rows, h.ID)
		}
		for _, m := range s.losses([]auth.Forecast{{Falls: c.list}})[0].Goes { // each thing once, by its name
			lost = append(lost, m.ID)
		}
		if !slices.Equal(lost, rows) {
			t.Errorf("%s: got %q lost, want %q", name, lost, rows)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: got %s, want %s", name, strings.Join(got, " "), c.want)
		}
	}
}

// A method is listed as what it is and how it stands: a removal that waits is told before a state.
func TestHowAMethodStands(t *testing.T) {
	s := newServer(t, nil)
	due := start()
	for _, c := range []struct {
		a           auth.AuthenticatorInfo
		state       string
		until       time.Time
		place       string
		total, left int
	}{
		{auth.AuthenticatorInfo{Kind: auth.WebAuthn, Flavour: auth.SecurityKey, DeviceKind: auth.Stick}, "",
			time.Time{}, "", 0, 0},
		{auth.AuthenticatorInfo{Kind: auth.TOTP, State: auth.Frozen, DeviceKind: auth.Handset}, "frozen",
			time.Time{}, "phone", 0, 0},
		{auth.AuthenticatorInfo{Kind: auth.TOTP, State: auth.Disabled, Place: "pc"}, "disabled", time.Time{}, "pc",
			0, 0},
		{auth.AuthenticatorInfo{Kind: auth.TOTP, State: auth.Frozen, RemovalDue: due}, "pending-removal", due, "", 0,
			0},
		{auth.AuthenticatorInfo{Kind: auth.Lookup, Left: 3, State: auth.Active}, "", time.Time{}, "", 10, 3},
	} {
		got := s.method(&c.a)
		if got.State != c.state || !got.Until.Equal(c.until) || got.Total != c.total || got.Left != c.left ||
			got.Place != c.place {
			t.Errorf("%+v: got %+v, want state %q until %v, place %q, %d of %d", c.a, got, c.state, c.until, c.place,
				c.left, c.total)
		}
	}
}

// An app on the computer that keeps a passkey stands beside it on the overview: only a stick is one row with what is
// on it.
func TestAppBesideThePasskeyOfAComputer(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	device, err := virtual.New(virtual.Options{Platform: true, ResidentKeys: true,
		UserVerification: virtual.UVSucceeds})
	if err != nil {
		t.Fatal(err)
	}
	client := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
	p.touch(p.open("/security/keys/new?kind=passkey"), client, "/security/keys/new", "name", "This PC")
	s := p.open("/security/app/new")
	p.fill(s, "/security/app/new", "code", w.code(secretOf(s)), "place", "pc").at("/security/start", 200)
	app := "/security/app/" + p.methodID("totp")
	if s := p.open("/security"); !strings.Contains(s.text, app) {
		t.Errorf("got no app in the overview, want it beside the passkey:\n%s", wordsOf(s.text))
	}
}

// Before a stick goes, its page lists what goes with it and what is left: lost, all that is on it; removed, it alone.
func TestWhatGoesWithAStick(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	p.addKey("Blue key")
	key := p.methodID("webauthn")
	w.pass(time.Minute)
	s := p.open("/security/app/new")
	p.fill(s, "/security/app/new", "code", w.code(secretOf(s)), "place", "key:"+key)
	for path, says := range map[string]string{
		"/lost": "Every method on this key stops working now, everywhere. " +
			"You can still sign in with: Authenticator app.",
		"/remove": "It stops working now, everywhere. " +
			"You can still sign in with: Authenticator app, Authenticator app.",
	} {
		s := p.open("/security/keys/"+key+path).at("/security/keys/"+key+path, 200)
		if got := strings.Join(strings.Fields(wordsOf(s.text)), " "); !strings.Contains(got, says) {
			t.Errorf("%s: got %s, want %q", path, got, says)
		}
	}
}

// An entry of the history has the words of what happened: of a refusal never those of a change, a key that was frozen
// before anything else, and how often only where it was more than once.
func TestWordsOfTheHistory(t *testing.T) {
	s := newServer(t, nil)
	due := start()
	for _, c := range []struct {
		e          auth.EventInfo
		what, or   string
		bad, timed bool
		times      int
	}{
		{auth.EventInfo{Action: auth.ActSignIn}, "sign-in", "", false, false, 0},
		{auth.EventInfo{Action: auth.ActSignIn, Times: 1}, "sign-in", "", false, false, 0},
		{auth.EventInfo{Action: auth.ActSignIn, Times: 2, Outcome: auth.SignInRefused}, "sign-in-refused", "", true,
			false, 2},
		{auth.EventInfo{Action: auth.ActSecondStep, Outcome: auth.KeyFrozen}, "key-frozen", "", true, false, 0},
		{auth.EventInfo{Action: auth.ActSecondStep, Outcome: auth.CodeWrong}, "second-step-refused", "", true, false,
			0},
		{auth.EventInfo{Action: auth.ActStepUp, Outcome: auth.CodeWrong}, "second-step-refused", "", true, false, 0},
		{auth.EventInfo{Action: auth.ActAdd, Outcome: auth.CodeWrong}, "add-refused", "", true, false, 0},
		{auth.EventInfo{Action: auth.ActSendCode, Outcome: auth.SendLimitReached}, "code-refused", "", true, false, 0},
		{auth.EventInfo{Action: auth.ActNewPassword, Outcome: auth.PasswordWrong}, "password-refused", "", true,
			false, 0},
		{auth.EventInfo{Action: auth.ActRename, Outcome: auth.NameTooLong}, "refused", "", true, false, 0},
		{auth.EventInfo{Action: auth.ActRemove, Kind: auth.TOTP, Due: due}, "removal-planned", "", false, true, 0},
		{auth.EventInfo{Action: auth.ActRemove, Kind: auth.TOTP, Due: due, Outcome: auth.TooWeak}, "refused", "",
			true, true, 0},
		{auth.EventInfo{Action: auth.ActRemove, Kind: auth.TOTP}, "app-removed", "removed", false, false, 0},
		{auth.EventInfo{Action: auth.ActNewPassword}, "password-changed", "", false, false, 0},
		{auth.EventInfo{Action: "nobody-knows"}, "", "", false, false, 0},
	} {
		c.e.Item = "Blue"
		got := s.event(c.e)
		_, timed := got.Args["time"]
		if got.What != c.what || got.Else != c.or || got.Bad != c.bad || got.Times != c.times || timed != c.timed ||
			got.Args["name"] != "Blue" {
			t.Errorf("%s %s: got %+v, want %q or %q, bad %v, %d times", c.e.Action, c.e.Outcome, got, c.what, c.or,
				c.bad, c.times)
		}
	}
}
