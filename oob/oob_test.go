package oob_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/auth/factortest"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/oob"
)

const (
	mobile   = "+8613800138000"
	second   = "+8613800138001"
	landline = "+861062345678"
	mailbox  = "li@example.com"
)

// start is when ceremonies begin.
func start() time.Time { return time.Date(2026, 3, 3, 14, 3, 7, 500, time.UTC) }

func reply(code string) json.RawMessage {
	text, err := json.Marshal(auth.CodeResponse{Code: code})
	if err != nil {
		panic(err)
	}
	return text
}

// reader reads messages as the person does who gets them.
type reader struct{}

func (reader) last(c *auth.Ceremony) (string, error) {
	if len(c.Messages) != 1 {
		return "", fmt.Errorf("got %d messages, want 1", len(c.Messages))
	}
	return c.Messages[0].Args["code"], nil
}

func (r reader) Bind(c *auth.Ceremony) (json.RawMessage, error) { return r.Answer(c) }

func (r reader) Answer(c *auth.Ceremony) (json.RawMessage, error) {
	code, err := r.last(c)
	return reply(code), err
}

func (r reader) Wrong(c *auth.Ceremony) (json.RawMessage, error) {
	code, err := r.last(c)
	return reply(other(code)), err
}

// other returns a code that differs from code in its last digit.
func other(code string) string {
	if code == "" {
		return "000000"
	}
	return code[:5] + string('0'+(code[5]-'0'+1)%10)
}

func phone(t testing.TB) *oob.Factor {
	t.Helper()
	f, err := oob.NewPhone(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	f.Rand = rand.NewChaCha8([32]byte{1})
	return f
}

func email(t testing.TB) *oob.Factor {
	t.Helper()
	f, err := oob.NewEmail(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	f.Rand = rand.NewChaCha8([32]byte{2})
	return f
}

func suite(f func() auth.Factor, ch auth.Channel, in func(int) auth.BindInput) factortest.Suite {
	return factortest.Suite{
		New: f, Channel: ch, Input: in,
		Claimant:  func(int) factortest.Claimant { return reader{} },
		Wrong:     []auth.Code{auth.CodeWrong},
		Malformed: []auth.Code{auth.CodeMalformed},
		Replayed:  []auth.Code{auth.CodeUsed},
		Secrets: func(c *auth.Ceremony, a *auth.Authenticator) []string {
			return []string{c.Messages[0].Args["code"], string(a.Recipient)}
		},
	}
}

func number(n int) auth.BindInput {
	return auth.BindInput{Phone: ident.Phone(fmt.Sprintf("+86138001380%02d", n))}
}

func TestPhoneBySMS(t *testing.T) {
	factortest.Run(t, suite(func() auth.Factor { return phone(t) }, auth.SMS, number))
}

func TestPhoneByVoice(t *testing.T) {
	factortest.Run(t, suite(func() auth.Factor { return phone(t) }, auth.Voice, number))
}

func TestEmail(t *testing.T) {
	factortest.Run(t, suite(func() auth.Factor { return email(t) }, auth.Mail, func(n int) auth.BindInput {
		return auth.BindInput{Email: ident.Email(fmt.Sprintf("li%d@example.com", n))}
	}))
}

// begun begins a binding of to by a channel.
func begun(t testing.TB, f *oob.Factor, to string, ch auth.Channel) (*auth.Ceremony, error) {
	t.Helper()
	in, err := json.Marshal(auth.BindInput{Phone: ident.Phone(to), Email: ident.Email(to)})
	if err != nil {
		t.Fatal(err)
	}
	c := &auth.Ceremony{Account: "acc", Purpose: auth.ForBind, Kind: f.Kind(), Channel: ch, Input: in, Now: start(),
		Language: "en"}
	return c, f.BeginBind(c, auth.Subject{})
}

// bound binds to.
func bound(t testing.TB, f *oob.Factor, id, to string) *auth.Authenticator {
	t.Helper()
	c, err := begun(t, f, to, "")
	if err != nil {
		t.Fatal(err)
	}
	a, err := f.FinishBind(c, reply(c.Messages[0].Args["code"]))
	if err != nil {
		t.Fatal(err)
	}
	a.ID = id
	return a
}

// asked begins a verification, or sends again where c has a state.
func asked(t testing.TB, f *oob.Factor, c auth.Ceremony, ch auth.Channel, at time.Time,
	list ...*auth.Authenticator) *auth.Ceremony {
	t.Helper()
	c.Purpose = auth.ForSignIn
	c.Kind = f.Kind()
	c.Channel = ch
	c.Now = at
	c.Messages = nil
	if err := f.BeginVerify(&c, list); err != nil {
		t.Fatal(err)
	}
	return &c
}

// at returns the ceremony at a later time.
func at(c *auth.Ceremony, now time.Time) *auth.Ceremony {
	later := *c
	later.Now = now
	return &later
}

func wants(t testing.TB, err error, want auth.Code) {
	t.Helper()
	if want == "" && err != nil {
		t.Fatalf("got %v, want success", err)
	}
	if want != "" && !errors.Is(err, auth.Refuse(want)) {
		t.Fatalf("got %v, want the refusal %s", err, want)
	}
}

func TestMessage(t *testing.T) {
	for _, c := range []struct {
		f        *oob.Factor
		to       string
		asked    auth.Channel
		want     auth.Channel
		channels []auth.Channel
		masked   ident.Masked
	}{
		{phone(t), mobile, "", auth.SMS, []auth.Channel{auth.SMS, auth.Voice}, "+86 ••• •••• 8000"},
		{phone(t), mobile, auth.Voice, auth.Voice, []auth.Channel{auth.SMS, auth.Voice}, "+86 ••• •••• 8000"},
		{phone(t), landline, "", auth.Voice, []auth.Channel{auth.Voice}, "+86 ••• •••• 5678"},
		{email(t), mailbox, "", auth.Mail, []auth.Channel{auth.Mail}, "l•••@example.com"},
	} {
		cer, err := begun(t, c.f, c.to, c.asked)
		if err != nil {
			t.Fatal(err)
		}
		m := cer.Messages[0]
		if m.ID != "" || m.Account != "acc" || m.Channel != c.want || string(m.Recipient) != c.to ||
			m.Language != "en" || m.Template != auth.TemplateCode ||
			m.State != auth.Queued || !m.CreatedAt.Equal(start()) || m.Label == "" || m.Label != m.Args["label"] {
			t.Errorf("got message %+v", m)
		}
		if want := start().Add(5 * time.Minute).Truncate(time.Microsecond); !m.Expires.Equal(want) {
			t.Errorf("got expiry %s, want %s", m.Expires, want)
		}
		if m.Args["minutes"] != "5" && m.Args["minutes"] != "4" || m.Args["purpose"] != "bind" || len(m.Args) != 4 {
			t.Errorf("got arguments %v", m.Args)
		}
		if cer.Channel != c.want {
			t.Errorf("got channel %q in the ceremony, want %q", cer.Channel, c.want)
		}
		a, err := c.f.FinishBind(cer, reply(m.Args["code"]))
		wants(t, err, "")
		if string(a.Recipient) != c.to || a.Traits.Masked != c.masked ||
			fmt.Sprint(a.Traits.Channels) != fmt.Sprint(c.channels) {
			t.Errorf("got %q %+v, want %q %v", string(a.Recipient), a.Traits, c.masked, c.channels)
		}
	}
}

func TestWhereTo(t *testing.T) {
	for _, c := range []struct {
		f    *oob.Factor
		to   string
		ch   auth.Channel
		want auth.Code
	}{
		{phone(t), landline, auth.SMS, auth.PhoneLandline},
		{phone(t), mobile, auth.Mail, auth.NoSuchMethod},
		{phone(t), mobile, "pigeon", auth.NoSuchMethod},
		{phone(t), "", auth.SMS, auth.PhoneMissing},
		{phone(t), "13800138000", auth.SMS, auth.PhoneNoCountry},
		{phone(t), "+8613", auth.SMS, auth.PhoneMalformed},
		{email(t), "li", auth.Mail, auth.EmailMalformed},
		{email(t), "", auth.Mail, auth.EmailMalformed},
		{email(t), mailbox, auth.SMS, auth.NoSuchMethod},
	} {
		cer, err := begun(t, c.f, c.to, c.ch)
		if !errors.Is(err, auth.Refuse(c.want)) {
			t.Errorf("%s to %q by %q: got %v, want %s", c.f.Kind(), c.to, c.ch, err, c.want)
		}
		if cer.Messages != nil || cer.State != nil {
			t.Errorf("%s to %q: got a message or a state beside the refusal", c.f.Kind(), c.to)
		}
	}
}

// TestOtherChannelSameCode: a code that was texted is read aloud, with the same
// label and end, and counts however it came.
func TestOtherChannelSameCode(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	first := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
	called := asked(t, f, *first, auth.Voice, start().Add(90*time.Second), a)
	one, two := first.Messages[0], called.Messages[0]
	if one.Args["code"] != two.Args["code"] || one.Label != two.Label || !one.Expires.Equal(two.Expires) {
		t.Errorf("got %v %s, want the code, label and end of %v %s", two.Args, two.Expires, one.Args, one.Expires)
	}
	if two.Channel != auth.Voice || two.Args["minutes"] != "3" {
		t.Errorf("got %s for %s minutes, want voice for 3", two.Channel, two.Args["minutes"])
	}
	_, err := f.FinishVerify(at(called, start().Add(100*time.Second)), []*auth.Authenticator{a},
		reply(one.Args["code"]))
	wants(t, err, "")
}

// TestSameChannelNewCode: what is sent again by the same channel is new, and
// the new ceremony knows nothing else.
func TestSameChannelNewCode(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	list := []*auth.Authenticator{a}
	first := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
	again := asked(t, f, *first, auth.SMS, start().Add(30*time.Second), a)
	if first.Messages[0].Args["code"] == again.Messages[0].Args["code"] ||
		first.Messages[0].Label == again.Messages[0].Label {
		t.Errorf("got %v after %v, want a new code and label", again.Messages[0].Args, first.Messages[0].Args)
	}
	_, err := f.FinishVerify(again, list, reply(first.Messages[0].Args["code"]))
	wants(t, err, auth.CodeWrong)
	var refusal *auth.Error
	if errors.As(err, &refusal); refusal.Args["label"] != again.Messages[0].Label {
		t.Errorf("got label %q, want that of the newest, %q", refusal.Args["label"], again.Messages[0].Label)
	}
	// SMS, voice, SMS: the third is by a channel that the code went by.
	called := asked(t, f, *again, auth.Voice, start().Add(60*time.Second), a)
	third := asked(t, f, *called, auth.SMS, start().Add(90*time.Second), a)
	if called.Messages[0].Label != again.Messages[0].Label || third.Messages[0].Label == again.Messages[0].Label {
		t.Errorf("got labels %s, %s, %s, want two alike and a new one",
			again.Messages[0].Label, called.Messages[0].Label, third.Messages[0].Label)
	}
	// Once the newer one has counted, the older ceremony's code is dead.
	after, err := f.FinishVerify(third, list, reply(third.Messages[0].Args["code"]))
	wants(t, err, "")
	_, err = f.FinishVerify(first, []*auth.Authenticator{after}, reply(first.Messages[0].Args["code"]))
	wants(t, err, auth.CodeExpired)
	_, err = f.FinishVerify(third, []*auth.Authenticator{after}, reply(third.Messages[0].Args["code"]))
	wants(t, err, auth.CodeUsed)
}

// TestShortLivedCodeIsNotReused: a call would come too late for the old code.
func TestShortLivedCodeIsNotReused(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	first := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
	for after, same := range map[time.Duration]bool{
		3 * time.Minute: true, 4 * time.Minute: true, 4*time.Minute + time.Second: false, 10 * time.Minute: false,
	} {
		called := asked(t, f, *first, auth.Voice, start().Add(after), a)
		if got := called.Messages[0].Label == first.Messages[0].Label; got != same {
			t.Errorf("%s later: got the same code %t, want %t", after, got, same)
		}
	}
}

// TestResendWhileBinding: the number is that of the ceremony, whatever the
// input says by now.
func TestResendWhileBinding(t *testing.T) {
	f := phone(t)
	first, err := begun(t, f, mobile, auth.SMS)
	wants(t, err, "")
	code := first.Messages[0].Args["code"]
	for _, in := range []string{``, `{"number":"` + second + `"}`} {
		again := at(first, start().Add(time.Minute))
		again.Channel = auth.Voice
		again.Input = json.RawMessage(in)
		again.Messages = nil
		wants(t, f.BeginBind(again, auth.Subject{}), "")
		if m := again.Messages[0]; m.Recipient != mobile || m.Args["code"] != code || m.Channel != auth.Voice {
			t.Errorf("got %+v, want the same code to the same number by voice", m)
		}
	}
}

func TestLifeOfACode(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	c := asked(t, f, auth.Ceremony{}, auth.SMS, start().Add(time.Hour), a)
	code := c.Messages[0].Args["code"]
	for after, want := range map[time.Duration]auth.Code{
		0: "", 5*time.Minute - time.Millisecond: "", 5 * time.Minute: auth.CodeExpired,
		24 * time.Hour: auth.CodeExpired,
	} {
		_, err := f.FinishVerify(at(c, start().Add(time.Hour+after)), []*auth.Authenticator{a}, reply(code))
		if want == "" && err != nil || want != "" && !errors.Is(err, auth.Refuse(want)) {
			t.Errorf("%s later: got %v, want %q", after, err, want)
		}
	}
}

func TestWhichAuthenticator(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	b := bound(t, f, "b", second)
	l := bound(t, f, "l", landline)
	to := func(c auth.Ceremony, ch auth.Channel, list ...*auth.Authenticator) ident.Recipient {
		return asked(t, f, c, ch, start(), list...).Messages[0].Recipient
	}
	if got := to(auth.Ceremony{}, auth.SMS, a, b); got != mobile {
		t.Errorf("got %s, want the first", got)
	}
	if got := to(auth.Ceremony{AuthenticatorID: "b"}, auth.SMS, a, b); got != second {
		t.Errorf("got %s, want the target", got)
	}
	if got := to(auth.Ceremony{}, auth.SMS, l, b); got != second {
		t.Errorf("got %s, want the first that takes texts", got)
	}
	if got := to(auth.Ceremony{}, auth.Voice, l, b); got != landline {
		t.Errorf("got %s, want the first", got)
	}
	earlier := asked(t, f, auth.Ceremony{AuthenticatorID: "b"}, auth.SMS, start(), a, b)
	earlier.AuthenticatorID = ""
	if got := to(*earlier, auth.Voice, a, b); got != second {
		t.Errorf("got %s, want the one that the code went to", got)
	}
	c := &auth.Ceremony{AuthenticatorID: "gone", Now: start(), Channel: auth.SMS}
	wants(t, f.BeginVerify(c, []*auth.Authenticator{a}), auth.NoSuchMethod)
	// The code of one number is not sent to another with the same label.
	moved := asked(t, f, auth.Ceremony{AuthenticatorID: "b", State: asked(t, f, auth.Ceremony{}, auth.SMS, start(), a, b).State},
		auth.Voice, start(), a, b)
	_, err := f.FinishVerify(moved, []*auth.Authenticator{a}, reply(moved.Messages[0].Args["code"]))
	wants(t, err, auth.CodeWrong)
}

// TestSameInstant: a code that is asked for in the instant in which another one
// was accepted counts.
func TestSameInstant(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	for range 3 {
		c := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
		var err error
		a, err = f.FinishVerify(c, []*auth.Authenticator{a}, reply(c.Messages[0].Args["code"]))
		wants(t, err, "")
	}
}

// TestNumberChanged: a code proves the number that it went to.
func TestNumberChanged(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	c := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
	b := *a
	b.Recipient = second
	_, err := f.FinishVerify(c, []*auth.Authenticator{&b}, reply(c.Messages[0].Args["code"]))
	wants(t, err, auth.CodeWrong)
}

func TestKindsDoNotMix(t *testing.T) {
	p, e := phone(t), email(t)
	a := bound(t, p, "a", mobile)
	c := asked(t, p, auth.Ceremony{}, auth.SMS, start(), a)
	if _, err := e.FinishVerify(c, []*auth.Authenticator{a}, reply(c.Messages[0].Args["code"])); err == nil {
		t.Error("a code by SMS passed as one by e-mail")
	}
	b, err := begun(t, p, mobile, auth.SMS)
	wants(t, err, "")
	if _, err := e.FinishBind(b, reply(b.Messages[0].Args["code"])); err == nil {
		t.Error("a code by SMS bound a mailbox")
	}
	c.Messages = nil
	if err := e.BeginVerify(c, []*auth.Authenticator{a}); err == nil || c.Messages != nil {
		t.Error("a ceremony by SMS was sent again by e-mail")
	}
}

func TestTypedAsPeopleDo(t *testing.T) {
	f := email(t)
	a := bound(t, f, "a", mailbox)
	c := asked(t, f, auth.Ceremony{}, auth.Mail, start(), a)
	code := c.Messages[0].Args["code"]
	wide := strings.Map(func(r rune) rune { return r - '0' + '０' }, code)
	for _, typed := range []string{code, wide, " " + code + "\r\n", code[:3] + " " + code[3:], code[:3] + "-" +
		code[3:], "\u200e" + code, "#" + code, code + ".", "【示例商城】验证码 " + code + "，5 分钟内有效，请勿告知他人。"} {
		_, err := f.FinishVerify(c, []*auth.Authenticator{a}, reply(typed))
		wants(t, err, "")
	}
	for _, typed := range []string{"", " ", code[:5], code + "0", code + " 123456", "K7", "abcdef"} {
		_, err := f.FinishVerify(c, []*auth.Authenticator{a}, reply(typed))
		wants(t, err, auth.CodeMalformed)
	}
}

// TestCodesAreEven draws many codes and labels: every digit stands everywhere
// about as often, and a label never follows itself.
func TestCodesAreEven(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	var seen [6][10]int
	labels := map[string]int{}
	c, before := auth.Ceremony{}, ""
	const n = 4000
	for range n {
		c = *asked(t, f, c, auth.SMS, start(), a)
		m := c.Messages[0]
		for i, d := range m.Args["code"] {
			seen[i][d-'0']++
		}
		if m.Label == before || len(m.Label) != 2 || strings.ContainsAny(m.Label, "BGILOQSZ018") {
			t.Fatalf("got label %q after %q", m.Label, before)
		}
		before = m.Label
		labels[m.Label]++
	}
	for i, row := range seen {
		for d, k := range row {
			if k < n/10*7/10 || k > n/10*13/10 {
				t.Errorf("digit %d stands %d times in place %d, want about %d", d, k, i+1, n/10)
			}
		}
	}
	if len(labels) != 18*7 {
		t.Errorf("got %d labels, want %d", len(labels), 18*7)
	}
}

func TestRandomnessFails(t *testing.T) {
	f := phone(t)
	f.Rand = strings.NewReader("")
	c, err := begun(t, f, mobile, auth.SMS)
	if err == nil || c.Messages != nil || c.State != nil {
		t.Errorf("got %v and %v, want a failure and no message", err, c.Messages)
	}
}

func TestConfig(t *testing.T) {
	for _, c := range []oob.Config{{CodeLife: time.Minute - 1, Reuse: 1}, {CodeLife: 10*time.Minute + 1}, {CodeLife: -1},
		{Reuse: 5*time.Minute + 1}, {Reuse: -1}} {
		if f, err := oob.NewPhone(c); err == nil || f != nil {
			t.Errorf("%+v: got no error, want one", c)
		}
	}
	for _, c := range []oob.Config{{}, {CodeLife: time.Minute}, {CodeLife: 10 * time.Minute}, {Reuse: 5 * time.Minute},
		{CodeLife: 2 * time.Minute, Reuse: 1}} {
		if _, err := oob.NewEmail(c); err != nil {
			t.Errorf("%+v: got %v, want no error", c, err)
		}
	}
}

// TestTimeNotSet: the zero time is a fault of the caller.
func TestTimeNotSet(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	for _, now := range []time.Time{{}, time.Unix(0, 0)} {
		c := &auth.Ceremony{Channel: auth.SMS, Now: now}
		if err := f.BeginVerify(c, []*auth.Authenticator{a}); err == nil || c.Messages != nil {
			t.Errorf("%v: got %v, want a failure", now, err)
		}
	}
}

// TestNumbersOfCodes: a code that is also read out keeps its number, so that none that was made before it lives on; and
// one that was made before an accepted one is not sent again.
func TestNumbersOfCodes(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	older := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
	sent := asked(t, f, auth.Ceremony{}, auth.SMS, start().Add(time.Second), a)
	called := asked(t, f, *sent, auth.Voice, start().Add(2*time.Second), a)
	after, err := f.FinishVerify(called, []*auth.Authenticator{a}, reply(called.Messages[0].Args["code"]))
	wants(t, err, "")
	_, err = f.FinishVerify(older, []*auth.Authenticator{after}, reply(older.Messages[0].Args["code"]))
	wants(t, err, auth.CodeExpired)
	again := asked(t, f, *older, auth.Voice, start().Add(3*time.Second), after)
	if again.Messages[0].Args["code"] == older.Messages[0].Args["code"] {
		t.Error("got the old code by another channel, want a new one: the old one is over")
	}
	_, err = f.FinishVerify(again, []*auth.Authenticator{after}, reply(again.Messages[0].Args["code"]))
	wants(t, err, "")
}

// TestAnotherNumberGetsAnotherCode: what went to one number does not go to the next.
func TestAnotherNumberGetsAnotherCode(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	first := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
	moved := *a
	moved.Recipient = second
	again := asked(t, f, *first, auth.Voice, start().Add(time.Second), &moved)
	if again.Messages[0].Args["code"] == first.Messages[0].Args["code"] {
		t.Error("got the code of the old number, want a new one")
	}
	anew := *a
	anew.ID = "b" // the same number, bound anew since
	_, err := f.FinishVerify(first, []*auth.Authenticator{&anew}, reply(first.Messages[0].Args["code"]))
	wants(t, err, auth.CodeWrong)
	one := asked(t, f, auth.Ceremony{AuthenticatorID: "a"}, auth.SMS, start(), a, &anew)
	if len(one.Messages) != 1 {
		t.Errorf("asked for the first by name: got %d messages, want 1", len(one.Messages))
	}
}

// TestDecoysAnswerAlike: for nobody as for somebody, what is malformed is said to be, and what is over is over.
func TestDecoysAnswerAlike(t *testing.T) {
	f := phone(t)
	c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.Phone, Channel: auth.SMS, Now: start(), Decoy: []byte("d"),
		Messages: []auth.Message{{Label: "of before"}}}
	if err := f.BeginVerify(c, nil); err != nil {
		t.Fatal(err)
	}
	if c.Messages != nil {
		t.Errorf("for nobody: got %d messages, want none", len(c.Messages))
	}
	for code, want := range map[string]auth.Code{"123456": auth.CodeWrong, "12": auth.CodeMalformed} {
		_, err := f.FinishVerify(c, nil, reply(code))
		wants(t, err, want)
	}
	_, err := f.FinishVerify(at(c, start().Add(time.Hour)), nil, reply("123456"))
	wants(t, err, auth.CodeExpired)
}

// TestStatesAreChecked refuses what no Begin has left.
func TestStatesAreChecked(t *testing.T) {
	f := phone(t)
	a := bound(t, f, "a", mobile)
	for name, edit := range map[string]func(map[string]any){
		"as it was": func(map[string]any) {}, "without a code": func(s map[string]any) { s["c"] = "" },
		"of five digits": func(s map[string]any) { s["c"] = "12345" },
		"without an end": func(s map[string]any) { s["e"] = 0 },
		"of a binding":   func(s map[string]any) { s["b"] = true }, "by e-mail": func(s map[string]any) { s["k"] = auth.Email },
	} {
		c := asked(t, f, auth.Ceremony{}, auth.SMS, start(), a)
		state := map[string]any{}
		dec := json.NewDecoder(strings.NewReader(string(c.State)))
		dec.UseNumber()
		if err := dec.Decode(&state); err != nil {
			t.Fatal(err)
		}
		edit(state)
		c.State, _ = json.Marshal(state)
		_, err := f.FinishVerify(c, []*auth.Authenticator{a}, reply(c.Messages[0].Args["code"]))
		if (err == nil) != (name == "as it was") {
			t.Errorf("%s: got %v", name, err)
		}
		if name != "as it was" && errors.As(err, new(*auth.Error)) {
			t.Errorf("%s: got the refusal %v, want a failure", name, err)
		}
	}
}
