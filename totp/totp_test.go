package totp_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

// noon begins a step of 30 seconds.
var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// bindAt binds a device at the given time.
func bindAt(t rapid.TB, f auth.Factor, at time.Time) (*device, *auth.Authenticator) {
	t.Helper()
	d := &device{}
	c := &auth.Ceremony{Purpose: auth.ForBind, Kind: f.Kind(), Now: at}
	if err := f.BeginBind(c, auth.Subject{Name: "li@example.com", Site: "Tom & Co"}); err != nil {
		t.Fatal(err)
	}
	res, err := d.Bind(c)
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.FinishBind(c, res)
	if err != nil {
		t.Fatal(err)
	}
	a.ID = "a"
	return d, a
}

// verifyAt gives one code at the given time.
func verifyAt(f auth.Factor, a *auth.Authenticator, at time.Time, code string) (*auth.Authenticator, error) {
	c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: f.Kind(), Now: at}
	return f.FinishVerify(c, []*auth.Authenticator{a}, reply(code))
}

// wants fails unless err is a refusal with the code, or nil for "".
func wants(t rapid.TB, err error, want auth.Code) {
	t.Helper()
	if want == "" && err != nil {
		t.Fatalf("got %v, want success", err)
	}
	if want != "" && !errors.Is(err, auth.Refuse(want)) {
		t.Fatalf("got %v, want the refusal %s", err, want)
	}
}

// step returns the code of the step that lies so many steps from at.
func (d *device) step(at time.Time, steps int) string {
	return oath(d.secret, totp.SHA1, 6, uint64(at.Unix()/30+int64(steps)))
}

func TestWindow(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	at := noon.Add(time.Hour)
	for steps, want := range map[int]auth.Code{
		-11: auth.CodeWrong, -10: auth.AppClock, -2: auth.AppClock, -1: "", 0: "", 1: "",
		2: auth.AppClock, 10: auth.AppClock, 11: auth.CodeWrong,
	} {
		_, err := verifyAt(f, a, at, d.step(at, steps))
		if got := codeOf(err); got != want {
			t.Errorf("a code %d steps away: got %q, want %q", steps, got, want)
		}
	}
}

// codeOf returns the code of a refusal, "" for success.
func codeOf(err error) auth.Code {
	var refusal *auth.Error
	switch {
	case errors.As(err, &refusal):
		return refusal.Code
	case err != nil:
		return auth.Code("failure: " + err.Error())
	}
	return ""
}

func TestEdgesOfAStep(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	at := noon.Add(time.Hour)
	code := d.step(at, 0)
	for after, want := range map[time.Duration]auth.Code{
		-31 * time.Second: auth.AppClock, -30 * time.Second: "", 0: "",
		59*time.Second + 999*time.Millisecond: "", 60 * time.Second: auth.AppClock,
	} {
		_, err := verifyAt(f, a, at.Add(after), code)
		if got := codeOf(err); got != want {
			t.Errorf("%s after the step began: got %q, want %q", after, got, want)
		}
	}
}

// TestEarlierStepIsDead: a code seen over the shoulder in the step before the
// accepted one cannot be used after it.
func TestEarlierStepIsDead(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	at := noon.Add(time.Hour)
	a, err := verifyAt(f, a, at, d.step(at, 1))
	wants(t, err, "")
	for steps := -10; steps <= 1; steps++ {
		_, err = verifyAt(f, a, at, d.step(at, steps))
		wants(t, err, auth.CodeUsed)
	}
	_, err = verifyAt(f, a, at.Add(30*time.Second), d.step(at, 2))
	wants(t, err, "")
}

// TestBindingCodeIsUsed: the code that ended the binding does not sign in.
func TestBindingCodeIsUsed(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	_, err := verifyAt(f, a, noon, d.step(noon, 0))
	wants(t, err, auth.CodeUsed)
}

// TestClockHintVoidsTheCode: a guesser who is told that a code will be right
// in some minutes cannot come back with it.
func TestClockHintVoidsTheCode(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	at := noon.Add(time.Hour)
	hinted := d.step(at, 5)
	a, err := verifyAt(f, a, at, hinted)
	wants(t, err, auth.AppClock)
	if a == nil {
		t.Fatal("got no authenticator beside the hint, want one in which the code is void")
	}
	_, err = verifyAt(f, a, at.Add(150*time.Second), hinted)
	wants(t, err, auth.CodeUsed)
	_, err = verifyAt(f, a, at.Add(180*time.Second), d.step(at, 6))
	wants(t, err, "")
}

// TestHintsNameDeadCodes plays any guesses at any times and holds the rule: a
// code is accepted at most once, steps only rise, and no code that earned a
// hint is ever accepted.
func TestHintsNameDeadCodes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		f, err := totp.New(totp.Config{})
		if err != nil {
			t.Fatal(err)
		}
		f.Rand = seeded(rapid.Byte().Draw(t, "seed"))
		d, a := bindAt(t, f, noon)
		at := noon.Add(time.Hour)
		last := int64(0)
		hinted := map[int64]bool{}
		for range rapid.IntRange(1, 40).Draw(t, "guesses") {
			at = at.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "seconds")) * time.Second)
			away := rapid.IntRange(-12, 12).Draw(t, "steps")
			step := at.Unix()/30 + int64(away)
			if !d.unique(uint64(step)) {
				continue // one code in a million is that of a neighbour, too
			}
			after, err := verifyAt(f, a, at, d.step(at, away))
			switch code := codeOf(err); {
			case code == "" && (step <= last || hinted[step] || away < -1 || away > 1):
				t.Fatalf("a dead code was accepted: step %d after %d, hinted %t", step, last, hinted[step])
			case code == "":
				last = step
			case code == auth.AppClock:
				hinted[step] = true
			case code != auth.CodeUsed && code != auth.CodeWrong:
				t.Fatalf("got %s", code)
			}
			if after != nil {
				a = after
			}
			if n := len(a.Data); n > 400 {
				t.Fatalf("the data grew to %d bytes", n)
			}
		}
	})
}

// unique reports whether no step or counter nearby has the same code.
func (d *device) unique(n uint64) bool {
	want := d.count(n)
	for i := n - min(n, 150); i <= n+150; i++ {
		if i != n && d.count(i) == want {
			return false
		}
	}
	return true
}

func TestTypedAsPeopleDo(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	at := noon.Add(time.Hour)
	code := d.step(at, 0)
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
	for _, typed := range []string{
		code, wide, " " + code + "\n", code[:3] + " " + code[3:], code[:3] + "-" + code[3:],
		wide[:9] + "　" + wide[9:], code[:3] + "\u2011" + code[3:], code[:3] + "－" + code[3:],
		"\u200e" + code + "\u200f", "\ufeff" + code, code[:3] + "\u00a0" + code[3:],
	} {
		if _, err := verifyAt(f, a, at, typed); err != nil {
			t.Errorf("typed %q: got %v, want success", typed, err)
		}
	}
	for _, typed := range []string{
		"", " ", "-", code[:5], code + "0", code + "00", "abcdef", "12345O", "１２３４５a", "+" + code, code + ".",
		"１２３四五六", strings.Repeat("1", 10000),
	} {
		_, err := verifyAt(f, a, at, typed)
		wants(t, err, auth.CodeMalformed)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []totp.Config{
		{Digits: 7}, {Digits: 9999}, {Digits: -6}, {Algorithm: "MD5"}, {Algorithm: "sha1"}, {Period: 1}, {Period: -30},
		{Period: 3600}, {Window: 5}, {Window: -1}, {Drift: 1000}, {LookAhead: 1000}, {Resync: -1},
	} {
		if _, err := totp.New(c); err == nil {
			t.Errorf("New(%+v): got no error, want one", c)
		}
		if _, err := totp.NewHOTP(c); err == nil {
			t.Errorf("NewHOTP(%+v): got no error, want one", c)
		}
	}
}

// TestConfiguredKeys binds with every algorithm and both lengths, which stay
// as they were bound when the site chooses others.
func TestConfiguredKeys(t *testing.T) {
	for _, algorithm := range []totp.Algorithm{totp.SHA1, totp.SHA256, totp.SHA512} {
		for _, digits := range []int{6, 8} {
			f := app(t, totp.Config{Algorithm: algorithm, Digits: digits, Period: 60})
			c := &auth.Ceremony{Now: noon}
			if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
				t.Fatal(err)
			}
			d := &device{}
			if err := d.learn(c); err != nil {
				t.Fatal(err)
			}
			at := uint64(noon.Unix() / 60)
			a, err := f.FinishBind(c, reply(oath(d.secret, algorithm, digits, at)))
			wants(t, err, "")
			later := app(t, totp.Config{})
			_, err = verifyAt(later, a, noon.Add(time.Minute), oath(d.secret, algorithm, digits, at+1))
			wants(t, err, "")
		}
	}
}

func TestPrompt(t *testing.T) {
	c := &auth.Ceremony{Now: noon}
	if err := app(t, totp.Config{}).BeginBind(c, auth.Subject{Name: "li@example.com", Site: "Tom & Co"}); err != nil {
		t.Fatal(err)
	}
	var p map[string]any
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		t.Fatal(err)
	}
	secret, _ := p["secret"].(string)
	if len(secret) != 32 || strings.Contains(secret, "=") {
		t.Errorf("got secret of %d characters, want 160 bits as 32 without padding", len(secret))
	}
	for name, want := range map[string]any{"account": "li@example.com", "issuer": "Tom & Co", "digits": 6.0,
		"period": 30.0} {
		if p[name] != want {
			t.Errorf("prompt: got %s %v, want %v", name, p[name], want)
		}
	}
	if len(p) != 6 {
		t.Errorf("got %d members in the prompt, want 6", len(p))
	}
}

// TestRandomnessFails: a secret is never made of what could not be read.
func TestRandomnessFails(t *testing.T) {
	f, h := app(t, totp.Config{}), token(t, totp.Config{})
	f.Rand, h.Rand = strings.NewReader("short"), strings.NewReader("short")
	for _, f := range []auth.Factor{f, h} {
		c := &auth.Ceremony{Now: noon}
		if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err == nil ||
			codeOf(err) != auth.Code("failure: "+err.Error()) {
			t.Errorf("%s: got %v, want a failure", f.Kind(), err)
		}
		if c.Prompt != nil || c.State != nil {
			t.Errorf("%s: got a prompt or a state beside the failure", f.Kind())
		}
	}
}

// TestTimeNotSet: the zero time is a fault of the caller, not step 0.
func TestTimeNotSet(t *testing.T) {
	f := app(t, totp.Config{})
	_, a := bindAt(t, f, noon)
	_, err := verifyAt(f, a, time.Time{}, "123456")
	if err == nil || errors.Is(err, auth.Refuse(auth.CodeWrong)) {
		t.Errorf("got %v, want a failure", err)
	}
}
