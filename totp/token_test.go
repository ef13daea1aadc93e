package totp_test

import (
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

// claim claims a token with two codes; nil is one that the caller has not found.
func claim(t *testing.T, f *totp.Counter, tok *auth.Token, at time.Time, code, second string) (*auth.Authenticator, error) {
	t.Helper()
	c := &auth.Ceremony{Purpose: auth.ForBind, Kind: auth.HOTP, Now: at, Input: json.RawMessage(`{"serial":"T-0001"}`)}
	if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
		t.Fatal(err)
	}
	c.Token = tok
	a, err := f.FinishBind(c, pair(code, second))
	if a != nil {
		a.ID, a.BoundAt = "a", at
	}
	return a, err
}

// byCount is a token that has counted to 40, of eight digits.
func byCount() *auth.Token {
	return &auth.Token{ID: "1", Serial: "T-0001", Model: "Model C", Kind: auth.HOTP, Secret: []byte("12345678901234567890"),
		Algorithm: "SHA256", Digits: 8, Counter: 40}
}

// onTime is a token of a minute whose clock is right, of seven digits.
func onTime() *auth.Token {
	return &auth.Token{ID: "2", Serial: "T-0002", Kind: auth.TOTP, Secret: []byte("12345678901234567890"),
		Algorithm: "SHA512", Digits: 7, Period: 60}
}

// shows is the code of a token at a counter, or so many steps from a time.
func shows(k *auth.Token, at uint64) string {
	return oath(k.Secret, totp.Algorithm(k.Algorithm), k.Digits, at)
}

func showsAt(k *auth.Token, at time.Time, steps int64) string {
	return shows(k, uint64(at.Unix()/int64(k.Period)+steps))
}

func TestClaimByCount(t *testing.T) {
	f := token(t, totp.Config{})
	for name, x := range map[string]struct {
		first, second uint64
		want          auth.Code
	}{
		"the next two":       {40, 41, ""},
		"pressed in the box": {43, 44, ""},
		"at the far end":     {139, 140, ""},
		"beyond":             {140, 141, auth.TokenWrong},
		"before it was ours": {39, 40, auth.TokenWrong},
		"the same twice":     {43, 43, auth.TokenWrong},
		"the other way":      {44, 43, auth.TokenWrong},
		"one left out":       {43, 45, auth.TokenWrong},
		"one, and a guess":   {43, 9000, auth.TokenWrong},
	} {
		k := byCount()
		a, err := claim(t, f, k, noon, shows(k, x.first), shows(k, x.second))
		if got := codeOf(err); got != x.want {
			t.Errorf("%s: got %q, want %q", name, got, x.want)
		}
		if err != nil {
			continue
		}
		if a.Kind != auth.HOTP || a.Traits.Flavour != auth.HardwareToken || a.Traits.Serial != k.Serial ||
			a.Traits.Model != k.Model {
			t.Errorf("%s: got %+v, want the hardware token", name, a.Traits)
		}
		_, err = verifyAt(f, a, noon, shows(k, x.second))
		wants(t, err, auth.CodeUsed)
		a, err = verifyAt(f, a, noon, shows(k, x.second+1))
		wants(t, err, "")
		if got := f.Reached(a).Counter; got != x.second+2 {
			t.Errorf("%s: got %d reached, want %d", name, got, x.second+2)
		}
	}
}

func TestClaimByTime(t *testing.T) {
	f := token(t, totp.Config{})
	for name, x := range map[string]struct {
		known, first, second int64 // steps by which the stock knows it off, and of the codes
		want                 auth.Code
	}{
		"on time":                   {0, -1, 0, ""},
		"fast":                      {0, 20, 21, ""},
		"slow":                      {0, -30, -29, ""},
		"at the far end":            {0, 49, 50, ""},
		"beyond":                    {0, 50, 51, auth.TokenWrong},
		"at the slow end":           {0, -50, -49, ""},
		"slower":                    {0, -51, -50, auth.TokenWrong},
		"as far off as it is known": {90, 90, 91, ""},
		"not as it is known":        {90, 0, 1, auth.TokenWrong},
		"one left out":              {0, 0, 2, auth.TokenWrong},
		"the same twice":            {0, 0, 0, auth.TokenWrong},
	} {
		k := onTime()
		k.Drift = int(x.known)
		a, err := claim(t, f, k, noon, showsAt(k, noon, x.first), showsAt(k, noon, x.second))
		if got := codeOf(err); got != x.want {
			t.Errorf("%s: got %q, want %q", name, got, x.want)
		}
		if err != nil {
			continue
		}
		if got := f.Reached(a).Drift; got != int(x.second) {
			t.Errorf("%s: got a drift of %d, want %d", name, got, x.second)
		}
		_, err = verifyAt(f, a, noon, showsAt(k, noon, x.second))
		wants(t, err, auth.CodeUsed)
		_, err = verifyAt(f, a, noon.Add(time.Hour), showsAt(k, noon.Add(time.Hour), x.second))
		wants(t, err, "")
	}
}

// A token that comes back is claimed by codes of steps that were never used.
func TestAClaimBelievesNoStepThatWasUsed(t *testing.T) {
	f := token(t, totp.Config{})
	step := noon.Unix() / int64(onTime().Period)
	for name, x := range map[string]struct {
		used, first int64 // steps from noon
		want        auth.Code
	}{
		"those of before":    {0, -1, auth.TokenWrong},
		"one of before":      {0, 0, auth.TokenWrong},
		"the next ones":      {0, 1, ""},
		"used long ago":      {-1000, -1, ""},
		"used up to the end": {49, 49, auth.TokenWrong},
		"used beyond it":     {1000, 20, auth.TokenWrong},
	} {
		k := onTime()
		k.Last = step + x.used
		a, err := claim(t, f, k, noon, showsAt(k, noon, x.first), showsAt(k, noon, x.first+1))
		if got := codeOf(err); got != x.want {
			t.Errorf("%s: got %q, want %q", name, got, x.want)
		}
		if err == nil && f.Reached(a).Last != step+x.first+1 {
			t.Errorf("%s: got %d steps from noon reached, want %d", name, f.Reached(a).Last-step, x.first+1)
		}
	}
}

// Nothing tells a token that is not there from one whose codes are others: not the beginning, not the refusal.
func TestClaimsOfNothingAnswerAlike(t *testing.T) {
	f := token(t, totp.Config{})
	k := byCount()
	answers := map[string]bool{}
	for _, tok := range []*auth.Token{nil, k, onTime()} {
		c := &auth.Ceremony{Purpose: auth.ForBind, Kind: auth.HOTP, Now: noon, Input: json.RawMessage(`{"serial":"T-0001"}`)}
		if err := f.BeginBind(c, auth.Subject{Name: "li", Site: "s"}); err != nil {
			t.Fatal(err)
		}
		c.Token = tok
		a, err := f.FinishBind(c, pair("00000000", "11111111"))
		refused := new(auth.Error)
		if a != nil || !errors.As(err, &refused) {
			t.Fatalf("got %v and %v, want a refusal", a, err)
		}
		said, _ := json.Marshal(refused)
		answers[fmt.Sprintf("%s %s %s", c.Prompt, c.State, said)] = true
	}
	if len(answers) != 1 {
		t.Errorf("got %v, want one answer", answers)
	}
}

// What is typed wrongly is told apart from a wrong code: nobody has guessed.
func TestClaimsAreTyped(t *testing.T) {
	f := token(t, totp.Config{})
	for _, x := range []struct{ code, second, field string }{
		{"", "", "code"}, {"12345", "123456", "code"}, {"123456789", "123456", "code"}, {"123456", "", "second"},
		{"123456", "1234567", "second"}, {"12345x", "123456", "code"}, {"123456", "abcdef", "second"},
	} {
		_, err := claim(t, f, byCount(), noon, x.code, x.second)
		refused := new(auth.Error)
		if !errors.As(err, &refused) || refused.Code != auth.CodeMalformed || refused.Field != x.field {
			t.Errorf("%q, %q: got %v, want %s about %s", x.code, x.second, err, auth.CodeMalformed, x.field)
		}
	}
	k := byCount()
	blank := func(s string) string { return s[:4] + " " + s[4:] }
	_, err := claim(t, f, k, noon, blank(shows(k, 40)), blank(shows(k, 41)))
	wants(t, err, "")
}

// What a stock hands over is checked like what was stored.
func TestTokensAreChecked(t *testing.T) {
	f := token(t, totp.Config{})
	for name, spoil := range map[string]func(count, time *auth.Token){
		"no kind":      func(c, k *auth.Token) { c.Kind, k.Kind = "", "" },
		"no secret":    func(c, k *auth.Token) { c.Secret, k.Secret = nil, nil },
		"short secret": func(c, k *auth.Token) { c.Secret, k.Secret = c.Secret[:10], k.Secret[:10] },
		"digits":       func(c, k *auth.Token) { c.Digits, k.Digits = 9, 5 },
		"algorithm":    func(c, k *auth.Token) { c.Algorithm, k.Algorithm = "MD5", "" },
		"counter":      func(c, k *auth.Token) { c.Counter, k.Counter = 1<<60, 1 },
		"period":       func(c, k *auth.Token) { c.Period, k.Period = 30, 0 },
		"long period":  func(c, k *auth.Token) { c.Period, k.Period = 30, 301 },
	} {
		c, k := byCount(), onTime()
		spoil(c, k)
		for _, tok := range []*auth.Token{c, k} {
			_, err := claim(t, f, tok, noon, "00000000", "11111111")
			if err == nil || errors.As(err, new(*auth.Error)) || strings.Contains(err.Error(), "1234567890") {
				t.Errorf("%s: got %v, want a failure without the secret", name, err)
			}
		}
	}
}

// timed is a token by time that was claimed at noon, on time.
func timed(t *testing.T, f *totp.Counter) (*auth.Token, *auth.Authenticator) {
	t.Helper()
	k := onTime()
	a, err := claim(t, f, k, noon, showsAt(k, noon, -1), showsAt(k, noon, 0))
	wants(t, err, "")
	return k, a
}

// A clock that runs away a step at a time is followed, code by code, further than any window (RFC 6238 §6).
func TestDriftIsRemembered(t *testing.T) {
	f := token(t, totp.Config{})
	k, a := timed(t, f)
	at := noon
	var err error
	for off := range int64(30) {
		at = at.Add(24 * time.Hour)
		a, err = verifyAt(f, a, at, showsAt(k, at, off+1))
		wants(t, err, "")
	}
	if got := f.Reached(a).Drift; got != 30 {
		t.Errorf("got a drift of %d, want 30", got)
	}
	at = at.Add(time.Hour)
	_, err = verifyAt(f, a, at, showsAt(k, at, 0))
	wants(t, err, auth.CodeWrong)
}

func TestStepsOnlyRise(t *testing.T) {
	f := token(t, totp.Config{})
	k, a := timed(t, f)
	at := noon.Add(time.Hour)
	a, err := verifyAt(f, a, at, showsAt(k, at, 1))
	wants(t, err, "")
	for steps := int64(-40); steps <= 1; steps++ { // further back was before the claim
		_, err := verifyAt(f, a, at, showsAt(k, at, steps))
		wants(t, err, auth.CodeUsed)
	}
}

func TestTokenByTimeComesBack(t *testing.T) {
	for _, x := range []struct {
		name          string
		first, second int64
		wait          time.Duration
		want          auth.Code
	}{
		{"two in a row", 20, 21, time.Minute, ""},
		{"slow", -20, -19, time.Minute, ""},
		{"at the far end", 50, 51, time.Second, ""},
		{"beyond", 51, 52, time.Second, auth.CodeWrong},
		{"the same twice", 20, 20, time.Second, auth.CodeWrong},
		{"with a gap", 20, 22, time.Second, auth.CodeWrong},
		{"backwards", 20, 19, time.Second, auth.CodeWrong},
		{"too late", 20, 21, 5 * time.Minute, auth.CodeWrong},
	} {
		t.Run(x.name, func(t *testing.T) {
			f := token(t, totp.Config{})
			k, a := timed(t, f)
			at := noon.Add(24 * time.Hour)
			far, err := verifyAt(f, a, at, showsAt(k, at, x.first))
			wants(t, err, auth.CodeWrong)
			if far != nil {
				a = far
			}
			after, err := verifyAt(f, a, at.Add(x.wait), showsAt(k, at, x.second))
			wants(t, err, x.want)
			if x.want == "" {
				_, err = verifyAt(f, after, at.Add(x.wait), showsAt(k, at, x.second))
				wants(t, err, auth.CodeUsed)
			}
		})
	}
}

// A far code that was overtaken leads nowhere.
func TestTokenByTimeNeverGoesBack(t *testing.T) {
	f := token(t, totp.Config{})
	k, a := timed(t, f)
	at := noon.Add(24 * time.Hour)
	a, err := verifyAt(f, a, at, showsAt(k, at, -20))
	wants(t, err, auth.CodeWrong)
	a, err = verifyAt(f, a, at, showsAt(k, at, 0))
	wants(t, err, "")
	_, err = verifyAt(f, a, at, showsAt(k, at, -19))
	wants(t, err, auth.CodeUsed)
}

// Unlike a count, the steps of a clock are known after a restore: what can have been used by then is dead, the
// rest works.
func TestTokensByTimeOutliveARestore(t *testing.T) {
	f := token(t, totp.Config{})
	k, a := timed(t, f)
	restored := noon.Add(time.Hour)
	verify := func(at time.Time, steps int64) auth.Code {
		c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.HOTP, Now: at, Restored: restored}
		_, err := f.FinishVerify(c, []*auth.Authenticator{a}, reply(showsAt(k, restored, steps)))
		return codeOf(err)
	}
	for _, x := range []struct {
		after time.Duration
		steps int64
		want  auth.Code
	}{
		{0, 0, auth.CodeUsed}, {0, 1, auth.CodeUsed}, {time.Minute, 1, auth.CodeUsed}, {time.Minute, 2, ""},
	} {
		if got := verify(restored.Add(x.after), x.steps); got != x.want {
			t.Errorf("step %+d, %v after the restore: got %q, want %q", x.steps, x.after, got, x.want)
		}
	}
}

// Touch codes and tokens of both sorts are one kind: any of an account's answers, and only that one moves.
func TestSeveralTokens(t *testing.T) {
	f := token(t, totp.Config{})
	d, touch := bindAt(t, f, noon)
	k, clock := timed(t, f)
	c := byCount()
	pressed, err := claim(t, f, c, noon, shows(c, 40), shows(c, 41))
	wants(t, err, "")
	touch.ID, clock.ID = "touch", "clock"
	pressed.ID = "count"
	list := []*auth.Authenticator{touch, clock, pressed}
	at := noon.Add(time.Hour)
	for _, x := range []struct{ code, id string }{
		{d.count(2), "touch"}, {showsAt(k, at, 0), "clock"}, {shows(c, 42), "count"},
	} {
		got, err := f.FinishVerify(&auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.HOTP, Now: at}, list, reply(x.code))
		if err != nil || got.ID != x.id {
			t.Errorf("the code of %s: got %v and %v", x.id, got, err)
		}
	}
}

func TestOathtoolAsHardwareToken(t *testing.T) {
	f := token(t, totp.Config{})
	for _, k := range []*auth.Token{byCount(), onTime()} {
		k.Digits = 8
		secret := base32.StdEncoding.EncodeToString(k.Secret)
		show := func(n int) string {
			if k.Kind == auth.HOTP { // which the tool knows with SHA-1 alone
				k.Algorithm = "SHA1"
				return oathtool(t, "--hotp", "--base32", "--digits=8", "--counter="+strconv.Itoa(40+n), secret)
			}
			at := noon.Add(time.Duration(n) * time.Minute)
			return oathtool(t, "--totp="+k.Algorithm, "--base32", "--digits=8", "--time-step-size=60s",
				"--now="+at.Format("2006-01-02 15:04:05 UTC"), secret)
		}
		first, second := show(2), show(3)
		a, err := claim(t, f, k, noon, first, second)
		wants(t, err, "")
		_, err = verifyAt(f, a, noon.Add(time.Minute), show(4))
		wants(t, err, "")
	}
}
