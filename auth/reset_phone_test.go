package auth_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// askNumber asks for a text to a number, as a stranger does: behind a puzzle.
func (w *world) askNumber(c auth.Caller, number string) (*auth.Challenge, error) {
	w.t.Helper()
	p, err := w.s.Puzzle(w.t.Context(), c)
	ok(w.t, "puzzle", err)
	f := auth.ForgotPhoneForm{Phone: number}
	if f.Puzzle, f.Signs = p.Puzzle, w.s.SignsOf(c, p.Puzzle); f.Signs == "" {
		f.PuzzleAnswer = auth.PuzzleAnswer{Work: worked(p.Work)}
	}
	return w.s.ForgotPhone(w.t.Context(), c, f)
}

// texted asks for a text to a number of a seller and returns its ceremony and code.
func (w *world) textedCode(c auth.Caller, number string) (ceremony, code string) {
	w.t.Helper()
	w.mail()
	ch, err := w.askNumber(c, number)
	ok(w.t, "forgot by phone", err)
	m := w.lastMail(auth.TemplateCode)
	if string(m.Recipient) != number || m.Channel != auth.SMS {
		w.t.Fatalf("got a code by %s to %s", m.Channel, string(m.Recipient))
	}
	return ch.Ceremony, m.Args["code"]
}

// numberShown returns the ceremony that waits for the user name.
func (w *world) numberShown(c auth.Caller) string {
	w.t.Helper()
	asked, code := w.textedCode(c, sellerNumber)
	ch, err := w.s.ForgotPhoneCode(w.t.Context(), c, asked, code)
	ok(w.t, "the code", err)
	return ch.Ceremony
}

// numberProof is what a right user name after it gives.
func (w *world) numberProof(c auth.Caller) string {
	w.t.Helper()
	ch, err := w.s.ForgotUserName(w.t.Context(), c, w.numberShown(c), "小明的店")
	ok(w.t, "the user name", err)
	return ch.Ceremony
}

// withNumber is a seller with an app whose number is proved, and a second step as well.
func withNumber(t *testing.T, change ...func(*auth.Config)) (w *world, secret string, c auth.Caller) {
	w = newWorld(t, change...)
	secret, c = w.enrolled("seller@example.com", sellerNumber)
	_, c = w.addPhone(c, sellerNumber)
	w.pass(time.Minute)
	w.mail()
	return w, secret, c
}

// R16 to R18, D14: the number's code and then the user name reset the password, in the browser that asked; the number
// is no second step then, and the browser is no more known for it.
func TestANumberAndAUserNameResetThePassword(t *testing.T) {
	w, secret, session := withNumber(t)
	ctx := t.Context()
	x := caller("x")
	asked, code := w.textedCode(x, sellerNumber)
	_, err := w.s.ForgotPhoneCode(ctx, caller("y"), asked, code)
	wantCode(t, "another browser", err, auth.CeremonyOtherBrowser)
	_, err = w.s.ForgotPhoneCode(ctx, x, asked, code[:4])
	wantCode(t, "half a code", err, auth.CodeMalformed)
	_, err = w.s.ForgotUserName(ctx, x, asked, "小明的店")
	wantCode(t, "a user name before the code", err, auth.CeremonyOtherBrowser)
	wantCode(t, "a password before the code", w.s.ResetByCode(ctx, x, asked, newPassword), auth.CeremonyOtherBrowser)
	shown, err := w.s.ForgotPhoneCode(ctx, x, asked, code)
	ok(t, "the code", err)
	_, err = w.s.ForgotPhoneCode(ctx, x, asked, code)
	wantCode(t, "the code again", err, auth.CeremonyUsed)
	wantCode(t, "a password before the name", w.s.ResetByCode(ctx, x, shown.Ceremony, newPassword),
		auth.CeremonyOtherBrowser)
	_, err = w.s.SignInTemporary(ctx, x, auth.TemporaryForm{Ceremony: shown.Ceremony})
	wantCode(t, "a sign-in before the name", err, auth.CeremonyOtherBrowser)
	proof, err := w.s.ForgotUserName(ctx, x, shown.Ceremony, "小明的店")
	ok(t, "the user name", err)
	_, err = w.s.ForgotUserName(ctx, x, shown.Ceremony, "小明的店")
	wantCode(t, "the user name again", err, auth.CeremonyUsed)
	ok(t, "reset", w.s.ResetByCode(ctx, x, proof.Ceremony, newPassword))
	_, err = w.s.Me(ctx, session)
	wantCode(t, "the session before", err, auth.SessionEnded)
	info, err := w.s.SignIn(ctx, x, auth.SignInForm{Identifier: sellerNumber, Password: newPassword})
	ok(t, "the new password", err)
	if len(info.Methods) != 1 || info.Methods[0].Kind != auth.TOTP {
		t.Errorf("behind a number's reset: got %+v, want the app alone (D14)", info.Methods)
	}
	w.second(x, info, secret)
	info, err = w.s.SignIn(ctx, x, auth.SignInForm{Identifier: sellerNumber, Password: newPassword})
	ok(t, "sign in", err)
	if len(info.Methods) != 2 {
		t.Errorf("after the app: got %+v, want the number again", info.Methods)
	}
}

// R13, D14: the number as a temporary code is no second step of that sign-in, and its level says how it came.
func TestANumberSignsInOnceBeforeAnotherStep(t *testing.T) {
	w, secret, _ := withNumber(t)
	x := caller("x")
	info := w.temporary(x, w.numberProof(x))
	if info.Step != auth.StepSecond || len(info.Methods) != 1 || info.Methods[0].Kind != auth.TOTP {
		t.Errorf("got %s with %+v, want the app", info.Step, info.Methods)
	}
	_, err := w.s.SignInBegin(t.Context(), x, info.Ceremony, auth.MethodChoice{Kind: auth.Phone, Channel: auth.Voice})
	wantCode(t, "a call to the same number", err, auth.NoSuchMethod)
	if amr := fmt.Sprint(w.second(x, info, secret).Session.AMR); amr != "[sms otp mfa]" {
		t.Errorf("got a session by %s", amr)
	}
}

// R18: the current user name and that of the sign-up, folded; nothing that was one in between.
func TestUserNamesOfAResetAreFolded(t *testing.T) {
	w, _, c := withNumber(t)
	ctx := t.Context()
	for _, name := range []string{"Between", "Ｗei's SHOP"} {
		_, err := w.s.ChangeUserName(ctx, c, name)
		ok(t, "rename", err)
	}
	for typed, want := range map[string]auth.Code{"wei's shop": "", "WEI'S shop": "", " 小明的店 ": "",
		"Between": auth.UserNameWrong, " ": auth.UserNameMissing, strings.Repeat("x", 60): auth.UserNameMalformed} {
		w.pass(25 * time.Hour)
		x := caller("x")
		_, err := w.s.ForgotUserName(ctx, x, w.numberShown(x), typed)
		if want == "" {
			ok(t, typed, err)
			continue
		}
		wantCode(t, typed, err, want)
	}
}

// R19, R20, D4: after the third wrong user name of a day this way is closed for another, and no other way is; what
// could not be right is no try, and a right one ends the count.
func TestThreeUserNamesADay(t *testing.T) {
	w, _, _ := withNumber(t, func(c *auth.Config) { c.Policy.ResetTextsPerNumber = 0 })
	ctx := t.Context()
	x := caller("x")
	shown := w.numberShown(x)
	wrong := func(left string) {
		t.Helper()
		_, err := w.s.ForgotUserName(ctx, x, shown, "another shop")
		if e := wantCode(t, "a wrong name", err, auth.UserNameWrong); e.Args["n"] != left || e.Field != "userName" {
			t.Errorf("got %v at %q, want %s tries left", e.Args, e.Field, left)
		}
	}
	wrong("2")
	_, err := w.s.ForgotUserName(ctx, x, shown, " ")
	wantCode(t, "none", err, auth.UserNameMissing)
	wrong("1")
	_, err = w.s.ForgotUserName(ctx, x, shown, "小明的店")
	ok(t, "the right one", err)
	w.pass(time.Minute)
	shown = w.numberShown(x)
	wrong("2")
	wrong("1")
	late, name := w.numberProofWaiting(caller("z"))
	_, err = w.s.ForgotUserName(ctx, x, shown, "another shop")
	until := w.time().Add(24 * time.Hour)
	if e := wantCode(t, "the third", err, auth.UserNameClosed); !e.Until.Equal(until) {
		t.Errorf("got it closed until %s, want %s", e.Until, until)
	}
	_, err = w.s.ForgotUserName(ctx, caller("z"), late, name)
	wantCode(t, "the right one elsewhere", err, auth.UserNameClosed)
	asked, code := w.laterCode(x)
	_, err = w.s.ForgotPhoneCode(ctx, x, asked, code)
	wantCode(t, "another code", err, auth.UserNameClosed)
	if info := w.signIn(caller("home"), sellerNumber); info.Step != auth.StepSecond {
		t.Errorf("signing in meanwhile: got %s", info.Step)
	}
	w.resetProof(x, "seller@example.com")
	w.pass(24 * time.Hour)
	shown = w.numberShown(x)
	wrong("2")
	w.pass(14 * time.Minute)
	_, err = w.s.ForgotUserName(ctx, x, shown, name)
	ok(t, "a day later", err)
}

// numberProofWaiting is a ceremony that waits for the user name in another browser, and the name.
func (w *world) numberProofWaiting(c auth.Caller) (ceremony, name string) {
	w.t.Helper()
	w.pass(time.Minute)
	return w.numberShown(c), "小明的店"
}

func (w *world) laterCode(c auth.Caller) (ceremony, code string) {
	w.t.Helper()
	w.pass(time.Minute)
	return w.textedCode(c, sellerNumber)
}

// Three wrong names at once are three, and the fourth finds the way closed; of many who type one code, or the right
// name, or use the proof, one wins.
func TestAResetByPhoneHasOneWinner(t *testing.T) {
	w, _, _ := withNumber(t, func(c *auth.Config) { c.Policy.ResetTextsPerNumber = 0 })
	ctx := t.Context()
	x := caller("x")
	asked, code := w.textedCode(x, sellerNumber)
	shown, proof := make([]string, 64), make([]string, 64)
	take := func(into []string, try func() (*auth.Challenge, error)) func(int) error {
		return func(i int) error {
			ch, err := try()
			if err == nil {
				into[i] = ch.Ceremony
			}
			return err
		}
	}
	if won := w.winners(64, take(shown, func() (*auth.Challenge, error) {
		return w.s.ForgotPhoneCode(ctx, x, asked, code)
	})); won != 1 {
		t.Errorf("one code: got %d winners, want 1", won)
	}
	if won := w.winners(64, take(proof, func() (*auth.Challenge, error) {
		return w.s.ForgotUserName(ctx, x, strings.Join(shown, ""), "小明的店")
	})); won != 1 {
		t.Errorf("one name: got %d winners, want 1", won)
	}
	if won := w.winners(64, func(i int) error {
		return w.s.ResetByCode(ctx, x, strings.Join(proof, ""), fmt.Sprintf("Another-Horse%c9", 'A'+i%26))
	}); won != 1 {
		t.Errorf("one proof: got %d winners, want 1", won)
	}
	w.pass(time.Minute)
	waits := w.numberShown(x)
	w.winners(64, func(int) error { return lastErr(w.s.ForgotUserName(ctx, x, waits, "another shop")) })
	_, err := w.s.ForgotUserName(ctx, x, waits, "小明的店")
	wantCode(t, "the right name after 64 wrong ones", err, auth.UserNameClosed)
}

// A number that nobody has, or that was only claimed, is answered as one that is proved: in the same words, as long,
// for as many texts a day, and for as many wrong codes. No text goes to it.
func TestNobodysNumberIsAnsweredAlike(t *testing.T) {
	w, _, _ := withNumber(t)
	ctx := t.Context()
	w.seller("claims@example.com", "+8613800138009")
	w.mail()
	var told [3]string
	for i, number := range []string{sellerNumber, "+8613800138008", "+8613800138009"} {
		x := caller(fmt.Sprint("browser ", i))
		x.IP = from(i).IP
		say := func(ch *auth.Challenge, err error) {
			if err != nil {
				e := wantCodeOf(t, err)
				told[i] += fmt.Sprintln(e.Code, len(e.Args), e.Args["n"], e.Until.IsZero())
				return
			}
			d := ch.Delivery
			told[i] += fmt.Sprintln(len(ch.Ceremony), ch.Kind, ch.Channel, ch.Expires.Sub(w.time()), len(ch.Methods),
				d.Channel, d.State, d.Expires.Sub(w.time()), d.ResendAt.Sub(d.SentAt), d.LeftToday)
		}
		ch, err := w.askNumber(x, number)
		say(ch, err)
		texts := len(w.mail())
		for range 6 {
			say(w.s.ForgotPhoneCode(ctx, x, ch.Ceremony, "000000"))
		}
		for range 3 {
			say(w.askNumber(x, number)) // too soon
			w.pass(time.Minute)
			say(w.askNumber(x, number))
		}
		texts += len(w.mail())
		if want := []int{3, 0, 0}[i]; texts != want {
			t.Errorf("%s: got %d texts, want %d", number, texts, want)
		}
	}
	if told[0] != told[1] || told[0] != told[2] {
		t.Errorf("got\n%s\n%s\n%s, want the same", told[0], told[1], told[2])
	}
}

// wantCodeOf is the refusal in err.
func wantCodeOf(t *testing.T, err error) *auth.Error {
	t.Helper()
	e, is := err.(*auth.Error)
	if !is {
		t.Fatalf("got %v, want a refusal", err)
	}
	return e
}

// Promise 11: the day's texts have an end by number, by network and for the site, each of this way alone; the puzzle
// comes first.
func TestTextsOfAResetHaveAnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*auth.Policy)
		ask    func(w *world, i int) (auth.Caller, string)
		sent   int
	}{
		"a number": {func(*auth.Policy) {}, func(_ *world, i int) (auth.Caller, string) { return from(i), sellerNumber }, 3},
		"a network": {func(p *auth.Policy) { p.ResetTextsPerNetwork = 4 }, func(_ *world, i int) (auth.Caller, string) {
			return caller(fmt.Sprint(i)), fmt.Sprintf("+86138001382%02d", i)
		}, 4},
		"a wider one": {func(p *auth.Policy) { p.ResetTextsPerNetwork = 1 }, func(_ *world, i int) (auth.Caller, string) {
			return nearby(i), fmt.Sprintf("+86138001382%02d", i)
		}, 4},
		"the site": {func(p *auth.Policy) { p.ResetTextsPerSite, p.ResetTextsPerNumber = 32, 0 },
			func(_ *world, i int) (auth.Caller, string) { return from(i), sellerNumber }, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w, _, _ := withNumber(t, func(cfg *auth.Config) { c.change(&cfg.Policy) })
			sent := 0
			for i := range 8 {
				w.pass(time.Minute)
				x, number := c.ask(w, i)
				_, err := w.askNumber(x, number)
				if err == nil {
					sent++
					continue
				}
				if e := wantCode(t, "one more", err, auth.PhoneResetLater); e.Until.IsZero() || e.Args["n"] != "" {
					t.Errorf("got %v until %s", e.Args, e.Until)
				}
			}
			if sent != c.sent {
				t.Errorf("got %d asked for, want %d", sent, c.sent)
			}
			info := w.signIn(caller("home"), sellerNumber)
			_, err := w.s.SignInBegin(t.Context(), caller("home"), info.Ceremony, auth.MethodChoice{Kind: auth.Phone,
				Channel: auth.SMS})
			ok(t, "a text of a sign-in", err)
			ok(t, "a mail", forgot(t.Context(), w.s, caller("x"), "seller@example.com"))
		})
	}
	w, _, c := withNumber(t)
	_, err := w.s.ForgotPhone(t.Context(), c, auth.ForgotPhoneForm{Phone: sellerNumber})
	wantCode(t, "without a puzzle, in a known browser", err, auth.PuzzleNeeded)
	_, err = w.askNumber(c, "138")
	wantCode(t, "no number", err, auth.PhoneNoCountry)
	if n := len(w.mail()); n != 0 {
		t.Errorf("got %d messages, want none", n)
	}
}

// D14: a number that is all of the second step, or was handed on, or taken away since, resets nothing.
func TestANumberAloneResetsNothing(t *testing.T) {
	ctx := context.Background()
	x := caller("x")
	t.Run("the only second step", func(t *testing.T) {
		w := newWorld(t)
		w.seller("seller@example.com", sellerNumber)
		w.addPhone(with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token), sellerNumber)
		w.pass(time.Minute)
		asked, code := w.textedCode(x, sellerNumber)
		_, err := w.s.ForgotPhoneCode(ctx, x, asked, code)
		wantCode(t, "the code", err, auth.NumberIsOnlyStep)
	})
	for name, c := range map[string]struct {
		change func(w *world, c auth.Caller, secret string)
		want   auth.Code
	}{
		"the other one gone": {func(w *world, c auth.Caller, _ string) {
			ok(w.t, "remove", lastErr(w.s.Remove(ctx, c, w.only(c, auth.TOTP).ID)))
		}, auth.CeremonyVoid},
		"the number changed": {func(w *world, c auth.Caller, _ string) {
			ok(w.t, "change", lastErr(w.s.ChangePhone(ctx, c, "+8613800138007", "")))
		}, auth.CeremonyVoid},
		"the number handed on": {func(w *world, _ auth.Caller, _ string) {
			w.seller("other@example.com", sellerNumber)
			w.addPhone(with(caller("there"), w.signIn(caller("there"), "other@example.com").Token), sellerNumber)
		}, auth.CeremonyVoid},
	} {
		t.Run(name, func(t *testing.T) {
			w, secret, session := withNumber(t, func(c *auth.Config) { c.Policy.ResetTextsPerNumber = 0 })
			session = w.stepUp(session, secret)
			proof := w.numberProof(x)
			w.pass(time.Minute)
			waits := w.numberShown(x)
			c.change(w, session, secret)
			wantCode(t, "the proof", w.s.ResetByCode(ctx, x, proof, newPassword), c.want)
			_, err := w.s.SignInTemporary(ctx, x, auth.TemporaryForm{Ceremony: proof})
			wantCode(t, "to sign in", err, c.want)
			_, err = w.s.ForgotUserName(ctx, x, waits, "小明的店")
			wantCode(t, "the name", err, c.want)
		})
	}
}

// nearby is a caller in a network with all others of it.
func nearby(i int) auth.Caller {
	c := from(0)
	c.Browser = fmt.Sprint("nearby ", i)
	a := c.IP.As4()
	a[3] = byte(i + 1)
	c.IP = netip.AddrFrom4(a)
	return c
}
