package totp_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

const maxCounter = 1<<53 - 1

// edited returns JSON with some members set to other values.
func edited(t *testing.T, data json.RawMessage, edit map[string]any) json.RawMessage {
	t.Helper()
	members := map[string]any{}
	if err := json.Unmarshal(data, &members); err != nil {
		t.Fatal(err)
	}
	for name, value := range edit {
		members[name] = value
	}
	out, err := json.Marshal(members)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestWhatIsStoredIsChecked reads authenticators whose data are at the ends of what may be, and beyond.
func TestWhatIsStoredIsChecked(t *testing.T) {
	secret := func(bytes int) string { return strings.Repeat("A", (bytes*8+4)/5) }
	type edit = map[string]any
	for _, tt := range []struct {
		f     auth.Factor
		edit  edit
		taken bool
	}{
		{app(t, totp.Config{}), edit{"p": 15}, true},
		{app(t, totp.Config{}), edit{"p": 14}, false},
		{app(t, totp.Config{}), edit{"p": 300}, true},
		{app(t, totp.Config{}), edit{"p": 301}, false},
		{app(t, totp.Config{}), edit{"p": 0}, false},
		{app(t, totp.Config{}), edit{"d": 7}, false},
		{app(t, totp.Config{}), edit{"a": "MD5"}, false},
		{app(t, totp.Config{}), edit{"s": secret(16)}, true},
		{app(t, totp.Config{}), edit{"s": secret(15)}, false},
		{app(t, totp.Config{}), edit{"s": secret(128)}, true},
		{app(t, totp.Config{}), edit{"s": secret(129)}, false},
		{app(t, totp.Config{}), edit{"s": "0189"}, false},
		{token(t, totp.Config{}), edit{"c": maxCounter}, true},
		{token(t, totp.Config{}), edit{"c": maxCounter + 1}, false},
		{token(t, totp.Config{}), edit{"r": 2 * maxCounter}, true},
		{token(t, totp.Config{}), edit{"r": 2*maxCounter + 1}, false},
		{token(t, totp.Config{}), edit{"d": 7}, true},
		{token(t, totp.Config{}), edit{"d": 9}, false},
		{token(t, totp.Config{}), edit{"p": 30}, true},
		{token(t, totp.Config{}), edit{"p": 14}, false},
		{token(t, totp.Config{}), edit{"p": 301}, false},
		{token(t, totp.Config{}), edit{"p": 30, "s": ""}, false},
	} {
		_, a := bindAt(t, tt.f, noon)
		a.Data = edited(t, a.Data, tt.edit)
		_, err := verifyAt(tt.f, a, noon, "000000")
		if refused := errors.As(err, new(*auth.Error)); refused != tt.taken {
			t.Errorf("%s, %v: got %v, want it read %v", tt.f.Kind(), tt.edit, err, tt.taken)
		}
	}
}

// TestBeginningsAreChecked finishes bindings that another factor, or nobody, has begun.
func TestBeginningsAreChecked(t *testing.T) {
	for _, f := range []auth.Factor{app(t, totp.Config{}), token(t, totp.Config{})} {
		other := auth.HOTP
		if f.Kind() == auth.HOTP {
			other = auth.TOTP
		}
		for name, edit := range map[string]func(state, key map[string]any){
			"as it was":           func(_, _ map[string]any) {},
			"of another kind":     func(s, _ map[string]any) { s["f"] = other },
			"a key of another":    func(_, k map[string]any) { k["Kind"] = other },
			"of seven digits":     func(_, k map[string]any) { k["Digits"] = 7 },
			"without a secret":    func(_, k map[string]any) { k["Secret"] = "" },
			"without an account":  func(_, k map[string]any) { k["Account"] = "" },
			"of a wrong hash":     func(_, k map[string]any) { k["Algorithm"] = "MD5" },
			"with another period": func(_, k map[string]any) { k["Period"] = 7 },
		} {
			d := &device{}
			c := &auth.Ceremony{Purpose: auth.ForBind, Kind: f.Kind(), Now: noon}
			if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
				t.Fatal(err)
			}
			res, err := d.Bind(c)
			if err != nil {
				t.Fatal(err)
			}
			state := map[string]any{}
			if err := json.Unmarshal(c.State, &state); err != nil {
				t.Fatal(err)
			}
			edit(state, state["k"].(map[string]any))
			c.State, _ = json.Marshal(state)
			a, err := f.FinishBind(c, res)
			if ok := err == nil && a != nil; ok != (name == "as it was") {
				t.Errorf("%s, %s: got %v, %v", f.Kind(), name, a, err)
			}
		}
		if err := f.BeginBind(&auth.Ceremony{Now: noon}, auth.Subject{Site: "s"}); err == nil {
			t.Errorf("%s for an account without a name: got no error, want one", f.Kind())
		}
	}
}

// TestLengthOfACode refuses digits of another number than the key's as malformed: nobody has guessed.
func TestLengthOfACode(t *testing.T) {
	for _, f := range []auth.Factor{app(t, totp.Config{}), token(t, totp.Config{})} {
		_, a := bindAt(t, f, noon)
		for _, code := range []string{"", "12345", "1234567", "12345678"} {
			_, err := verifyAt(f, a, noon, code)
			wants(t, err, auth.CodeMalformed)
			c := &auth.Ceremony{Purpose: auth.ForBind, Kind: f.Kind(), Now: noon}
			if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
				t.Fatal(err)
			}
			response := reply(code)
			if f.Kind() == auth.HOTP {
				response = pair(code, code)
			}
			_, err = f.FinishBind(c, response)
			wants(t, err, auth.CodeMalformed)
		}
	}
}

// TestFirstSecondsOfTime binds and verifies at the beginning of Unix time, where steps are zero.
func TestFirstSecondsOfTime(t *testing.T) {
	f := app(t, totp.Config{})
	start := time.Unix(0, 0)
	d, a := bindAt(t, f, start)
	_, err := verifyAt(f, a, start, d.step(start, 0))
	wants(t, err, auth.CodeUsed)
	_, err = verifyAt(f, a, start.Add(150*time.Second), d.step(start, 0))
	wants(t, err, auth.CodeUsed)
	_, err = verifyAt(f, a, start, d.step(start, 1))
	wants(t, err, "")
	if _, err = verifyAt(f, a, time.Unix(-1, 0), d.step(start, 0)); err == nil || errors.As(err, new(*auth.Error)) {
		t.Errorf("before Unix time: got %v, want a failure", err)
	}
	c := &auth.Ceremony{Purpose: auth.ForBind, Kind: auth.TOTP, Now: start.Add(150 * time.Second)}
	if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
		t.Fatal(err)
	}
	late := &device{}
	if err := late.learn(c); err != nil {
		t.Fatal(err)
	}
	_, err = f.FinishBind(c, reply(late.step(start, 0)))
	wants(t, err, auth.AppClock)
}

// TestVoidCodes keeps of what was told beforehand only what could still come.
func TestVoidCodes(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	at := noon.Add(time.Hour)
	if got, err := verifyAt(f, a, at, d.step(at, -5)); got != nil || codeOf(err) != auth.AppClock {
		t.Errorf("a code of the past: got %v and %v, want a hint alone", got, err)
	}
	a, err := verifyAt(f, a, at, d.step(at, 5))
	wants(t, err, auth.AppClock)
	if got, err := verifyAt(f, a, at, d.step(at, 5)); got != nil || codeOf(err) != auth.AppClock {
		t.Errorf("the same hint again: got %v and %v, want it alone: nothing is new", got, err)
	}
	edge := at.Add(6 * 30 * time.Second) // the void step is the last that the window takes
	a, err = verifyAt(f, a, edge, d.step(edge, 5))
	wants(t, err, auth.AppClock)
	_, err = verifyAt(f, a, edge, d.step(at, 5))
	wants(t, err, auth.CodeUsed)
	a, err = verifyAt(f, a, edge, d.step(edge, 1))
	wants(t, err, "")
	later := edge.Add(time.Hour)
	a, err = verifyAt(f, a, later, d.step(later, 0))
	wants(t, err, "")
	if strings.Contains(string(a.Data), `"v"`) {
		t.Errorf("after all of them: got void steps remembered, want none")
	}
	_, err = verifyAt(f, a, later.Add(150*time.Second), d.step(later, 0))
	wants(t, err, auth.CodeUsed) // not a wrong clock: this one was used
}

// TestResyncIsOver once a code was right: the successor of the far one leads nowhere any more.
func TestResyncIsOver(t *testing.T) {
	f := token(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	a, err := verifyAt(f, a, noon, d.count(60))
	wants(t, err, auth.CodeWrong)
	a, err = verifyAt(f, a, noon, d.count(5))
	wants(t, err, "")
	_, err = verifyAt(f, a, noon, d.count(61))
	wants(t, err, auth.CodeWrong)

	twin := *a
	twin.ID = "b"
	c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.HOTP, Now: noon}
	far, err := f.FinishVerify(c, []*auth.Authenticator{a, &twin}, reply(d.count(60)))
	wants(t, err, auth.CodeWrong)
	if far == nil || far.ID != a.ID {
		t.Errorf("far ahead of two tokens: got %v, want the first", far)
	}
}

// TestFixtures makes apps with a secret that was given or drawn, and none with one that could not be an app's.
func TestFixtures(t *testing.T) {
	f := app(t, totp.Config{})
	const given = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for secret, want := range map[string]string{
		given: given, "gezd gnbv gy3t qojq gezd gnbv gy3t qojq====": given, "": "",
	} {
		a, shown, err := f.MakeFixture(auth.FixtureInput{MethodForm: auth.MethodForm{Secret: secret}, Random: seeded(1)})
		if err != nil || a.Kind != auth.TOTP || want != "" && shown.Secret != want || len(shown.Secret) != 32 {
			t.Fatalf("%q: got %v, %v, %v", secret, a, shown, err)
		}
		k, err := totp.ParseKeyURI("otpauth://totp/li?secret=" + shown.Secret)
		if err != nil {
			t.Fatal(err)
		}
		_, err = verifyAt(f, a, time.Unix(0, 0), oath(k.Secret, totp.SHA1, 6, 0))
		wants(t, err, "")
	}
	for _, secret := range []string{"0189", "AAAA", strings.Repeat("A", 400)} {
		_, _, err := f.MakeFixture(auth.FixtureInput{MethodForm: auth.MethodForm{Secret: secret}, Random: seeded(1)})
		wants(t, err, auth.MalformedRequest)
	}
}
