package auth_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A letter is somebody's asking for a mailed code, and the code that it brought; "" for none.
type letter struct {
	by   auth.Caller
	ch   *auth.Challenge
	code string
}

// asks asks for a code in a browser, with what was asked for there before.
func (w *world) asks(browser, identifier string, before *letter) *letter {
	w.t.Helper()
	w.pass(31 * time.Second)
	w.mail()
	l := &letter{by: caller(browser)}
	sealed := ""
	if before != nil {
		sealed = before.ch.Ceremony
	}
	var err error
	l.ch, err = w.s.IntroduceBegin(w.t.Context(), l.by, identifier, sealed)
	ok(w.t, "ask", err)
	for _, m := range w.mail() {
		if m.Template == auth.TemplateIntroduce {
			l.code = m.Args["code"]
		}
	}
	return l
}

// asksThrice pushes every code of before out of the last three.
func (w *world) asksThrice(browser string) []*letter {
	w.t.Helper()
	return []*letter{w.asks(browser, target, nil), w.asks(browser, target, nil), w.asks(browser, target, nil)}
}

// takes says what a code comes to where a letter was asked for.
func (l *letter) takes(w *world, code string) error {
	return w.s.IntroduceFinish(w.t.Context(), l.by, l.ch.Ceremony, code)
}

// The last three codes are good in whichever browser asked, however many strangers ask; those that were mailed to a
// browser stay good in it, the last three of its own, and none of another account's or another browser's.
func TestWhichMailedCodesAreGood(t *testing.T) {
	const owners, other = "owner's browser", "stranger's browser"
	for name, c := range map[string]struct {
		asks func(w *world) (in *letter, codes []*letter)
		good string // of each code: whether it is
	}{
		"its own": {func(w *world) (*letter, []*letter) {
			one := w.asks(owners, target, nil)
			return one, []*letter{one}
		}, "y"},
		"mailed to somebody else since": {func(w *world) (*letter, []*letter) {
			one := w.asks(owners, target, nil)
			return one, append([]*letter{one}, w.asksThrice(other)...)
		}, "yyyy"},
		"mailed to somebody else before": {func(w *world) (*letter, []*letter) {
			three := w.asksThrice(other)
			four := w.asks(owners, target, nil)
			return four, append(three, four)
		}, "nyyy"},
		"its own of before": {func(w *world) (*letter, []*letter) {
			one := w.asks(owners, target, nil)
			two := w.asks(owners, target, one)
			w.asksThrice(other)
			return two, []*letter{one, two}
		}, "yy"},
		"its own of before that": {func(w *world) (*letter, []*letter) {
			one := w.asks(owners, target, nil)
			two := w.asks(owners, target, one)
			three := w.asks(owners, target, two)
			four := w.asks(owners, target, three)
			w.asksThrice(other)
			return four, []*letter{one, two, three, four}
		}, "nyyy"},
		"its own of before, which it does not bring": {func(w *world) (*letter, []*letter) {
			one := w.asks(owners, target, nil)
			two := w.asks(owners, target, nil)
			w.asksThrice(other)
			return two, []*letter{one, two}
		}, "ny"},
		"what another browser brings": {func(w *world) (*letter, []*letter) {
			one := w.asks(owners, target, nil)
			two := w.asks(other, target, one)
			w.asksThrice(owners)
			return two, []*letter{one, two}
		}, "ny"},
		"another account's": {func(w *world) (*letter, []*letter) {
			w.seller("other@example.com", "+8613800138001")
			one := w.asks(owners, "other@example.com", nil)
			two := w.asks(owners, target, one)
			return two, []*letter{one, two}
		}, "ny"},
	} {
		t.Run(name, func(t *testing.T) {
			for i, good := range c.good {
				w := newWorld(t)
				w.seller(target, sellerNumber)
				in, codes := c.asks(w)
				want := auth.Code("")
				if good == 'n' {
					want = auth.CodeWrong
				}
				says(t, string('a'+rune(i)), in.takes(w, codes[i].code), want)
			}
		})
	}
}

// A day has so many mails with a code, then one in a code's life; the last of them stays good where it is asked for,
// and who asks beyond them hears nothing else.
func TestMailedCodesAreFew(t *testing.T) {
	w := newWorld(t)
	w.seller(target, sellerNumber)
	w.pass(2 * day)
	began := w.time()
	var last *letter
	sent := 0
	for range 40 {
		l := w.asks("owner's browser", target, nil)
		if l.code != "" {
			last = l
			sent++
		}
	}
	if sent != w.cfg.Policy.SendsPerDay {
		t.Errorf("in 20 minutes: got %d mails, want %d", sent, w.cfg.Policy.SendsPerDay)
	}
	w.pass(began.Add(31*time.Second*10 + 29*time.Minute).Sub(w.time()))
	late := w.asks("owner's browser", target, nil)
	if late.code != "" {
		t.Error("within a code's life: got one more mail")
	}
	ok(t, "the last one, where nothing was mailed", late.takes(w, last.code))
	for range 2 {
		w.pass(29*time.Minute + 29*time.Second)
		if l := w.asks("owner's browser", target, nil); l.code == "" {
			t.Error("after a code's life: got no mail")
		}
	}
}

// A mailed code is good for as long as its letter, or that of the next asked for in time; a new password ends it.
func TestMailedCodesEnd(t *testing.T) {
	for name, c := range map[string]struct {
		meanwhile func(*world)
		want      auth.Code
	}{
		"an hour":        {func(w *world) { w.pass(time.Hour - 31*time.Second) }, ""},
		"a second more":  {func(w *world) { w.pass(time.Hour - 30*time.Second) }, auth.CodeWrong},
		"a new password": {func(w *world) { w.reset(target, newPassword) }, auth.CodeWrong},
		"a restored backup": {func(w *world) { ok(w.t, "a backup", lastErr(w.s.Restored(w.t.Context(), false))) },
			auth.CodeWrong},
	} {
		w := newWorld(t)
		w.seller(target, sellerNumber)
		one := w.asks("owner's browser", target, nil)
		c.meanwhile(w)
		two := w.asks("owner's browser", target, nil)
		says(t, name+": in another letter", two.takes(w, one.code), c.want)
		if c.want == "" {
			continue
		}
		if name == "a second more" {
			says(t, name+": in its own", one.takes(w, one.code), auth.CeremonyExpired)
		} else {
			says(t, name+": in its own", one.takes(w, one.code), auth.CodeWrong)
			says(t, name+": the next one, in a letter of before", one.takes(w, two.code), auth.CodeWrong)
		}
		three := w.asks("another browser", target, nil)
		says(t, name+": the one after the next", two.takes(w, three.code), "")
	}
}

// The letter says the code in two halves, for how long it is good and to whom, in the account's language; a letter for
// nobody, or by a name without end, is as long and takes nothing. The history has what a code did, and no guess.
func TestWhatALetterSays(t *testing.T) {
	pauses := 0
	w := newWorld(t, func(c *auth.Config) { c.Pause = func(context.Context, time.Duration) { pauses++ } })
	secret, c := w.enrolled(target, sellerNumber)
	w.mail()
	ch, err := w.s.IntroduceBegin(t.Context(), caller("new"), target, "")
	ok(t, "ask", err)
	m := w.lastMail(auth.TemplateIntroduce)
	code := m.Args["code"]
	if len(code) != 9 || code[4] != '-' || strings.Trim(code, "0123456789ABCDEFGHJKMNPQRSTVWXYZ-") != "" {
		t.Errorf("got the code %q, want eight signs in two halves", code)
	}
	if m.Args["minutes"] != "30" || m.Args["name"] != "Wei" || m.Language != "en" || m.Recipient != target {
		t.Errorf("got %+v", m)
	}
	if got := m.Expires.Sub(w.time()); got != 30*time.Minute || !ch.Expires.Equal(m.Expires) {
		t.Errorf("got it good for %s, the letter until %s, want half an hour", got, ch.Expires)
	}
	if ch.Who != target {
		t.Errorf("got %q greeted, want what was typed", ch.Who)
	}
	endless, err := w.s.IntroduceBegin(t.Context(), caller("new"), strings.Repeat("x", 100000), "")
	ok(t, "ask by a name without end", err)
	if len(endless.Ceremony) != len(ch.Ceremony) {
		t.Errorf("a name without end: got a letter of %d signs, want %d", len(endless.Ceremony), len(ch.Ceremony))
	}
	pauses = 0
	for range 5 {
		wantCode(t, "a guess", w.s.IntroduceFinish(t.Context(), caller("new"), ch.Ceremony, "0000-0000"),
			auth.CodeWrong)
	}
	ok(t, "the code", w.s.IntroduceFinish(t.Context(), caller("new"), ch.Ceremony, code))
	if pauses != 5 {
		t.Errorf("got %d answers held back, want those of the guesses", pauses)
	}
	wantCode(t, "half a code after it", w.s.IntroduceFinish(t.Context(), caller("new"), ch.Ceremony, "00"),
		auth.CeremonyUsed)
	w.pass(time.Minute)
	c = with(c, w.second(c, w.signIn(c, target), secret).Token)
	h, err := w.s.History(t.Context(), c, "", 100)
	ok(t, "history", err)
	if done, all := count(h, auth.ActIntroduce), count(h, auth.ActAskMail); done != 1 || all != 1 {
		t.Errorf("history: got %d codes taken and %d asked for, want one of each", done, all)
	}
}
