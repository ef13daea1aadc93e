package auth_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A pressed is one request that a browser sends, and sends again: act is what it asks for, which returns the token that
// the browser gets and what else the answer says.
type pressed struct {
	c     auth.Caller
	act   func(auth.Caller) (token string, answer any, err error)
	code  auth.Code // what the request is refused with when it is too old to be the same
	fresh bool      // it gets a token
}

// presses are the acts that are done once: each is prepared in a world of its own.
func presses() map[string]func(*world) pressed {
	return map[string]func(*world) pressed{
		"recovery codes":       pressCodes,
		"trusted browser":      pressTrust,
		"second step":          pressSecondStep,
		"recovery code":        pressRecoveryCode,
		"touched key first":    pressKeyFirst,
		"password after a key": pressKeyPassword,
		"step-up":              pressStepUp,
		"first app":            pressFirstApp,
		"another method":       pressAnotherMethod,
		"text at sign-in":      pressText,
		"text for a binding":   pressBindText,
		"end of sign-up":       pressSignUp,
		"forgotten":            pressForgot,
		"code of a reset":      pressForgotCode,
		"reset by code":        pressResetByCode,
		"temporary code":       pressTemporary,
		"reset by phone":       pressForgotPhone,
		"its code":             pressPhoneCode,
		"its user name":        pressPhoneName,
		"ticket":               pressTicket,
		"reset":                pressReset,
		"new password":         pressNewPassword,
		"removal":              pressRemoval,
		"undo":                 pressUndo,
		"stopped removal":      pressStop,
		"new e-mail":           pressNewEmail,
		"confirmed e-mail":     pressConfirmEmail,
		"ended session":        pressEndSession,
	}
}

func pressCodes(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		set, err := w.s.RecoveryCodes(w.t.Context(), c)
		if err != nil {
			return "", nil, err
		}
		file, err := w.s.CodesFile(w.t.Context(), c, set.Sealed)
		if err != nil {
			return "", nil, err
		}
		return "", []any{set.Codes, set.MadeAt, set.MaskedEmail, file.Codes}, nil
	}, "", false}
}

func pressTrust(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.TrustBrowser(w.t.Context(), c)
		return "", info, err
	}, auth.Forbidden, false}
}

// asked is a caller whose browser sends a request with that body.
func asked(c auth.Caller, body string) auth.Caller {
	c.Request = body
	return c
}

func pressSecondStep(w *world) pressed {
	secret, _ := w.enrolled("seller@example.com", sellerNumber)
	return w.pressFinish(auth.MethodChoice{Kind: auth.TOTP}, func() json.RawMessage { return w.app(secret) })
}

func (w *world) pressFinish(m auth.MethodChoice, response func() json.RawMessage) pressed {
	w.pass(31 * time.Second)
	c := caller("home")
	ch, err := w.s.SignInBegin(w.t.Context(), c, w.signIn(c, "seller@example.com").Ceremony, m)
	ok(w.t, "begin", err)
	answer := response()
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, answer)
		if err != nil {
			return "", nil, err
		}
		return info.Token, []any{info.Step, info.Who, info.MayTrust, info.Session.AAL, info.Session.AMR}, nil
	}, auth.CeremonyUsed, true}
}

func pressRecoveryCode(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	set, err := w.s.RecoveryCodes(w.t.Context(), c)
	ok(w.t, "recovery codes", err)
	return w.pressFinish(auth.MethodChoice{Kind: auth.Lookup}, func() json.RawMessage { return typed(set.Codes[0]) })
}

// touched is a sign-in whose key was touched first, and is still to be followed by the password.
func (w *world) touched() (auth.Caller, *auth.Challenge, json.RawMessage) {
	browser, _, _ := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	c := caller("elsewhere")
	ch, err := w.s.SignInKeyFirst(w.t.Context(), c, auth.KeyFirstForm{Identifier: "seller@example.com"})
	ok(w.t, "begin", err)
	return c, ch, touch(w.t, browser, ch)
}

func pressKeyFirst(w *world) pressed {
	c, ch, response := w.touched()
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, response)
		if err != nil {
			return "", nil, err
		}
		_, err = w.s.SignInState(w.t.Context(), c, info.Ceremony)
		return "", []any{info.Step, info.Who, info.Expires}, err
	}, auth.CeremonyUsed, false}
}

func pressKeyPassword(w *world) pressed {
	c, ch, response := w.touched()
	info, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, response)
	ok(w.t, "the key", err)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		done, err := w.s.SignInPassword(w.t.Context(), c, info.Ceremony, password)
		if err != nil {
			return "", nil, err
		}
		return done.Token, []any{done.Step, done.Who}, nil
	}, auth.CeremonyUsed, true}
}

func pressStepUp(w *world) pressed {
	secret, c := w.enrolled("seller@example.com", sellerNumber)
	w.pass(time.Hour)
	ch, err := w.s.StepUpBegin(w.t.Context(), c, auth.ActRename, "", auth.MethodChoice{Kind: auth.TOTP})
	ok(w.t, "begin", err)
	code := w.app(secret)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		done, err := w.s.StepUpFinish(w.t.Context(), c, ch.Ceremony, code)
		if err != nil {
			return "", nil, err
		}
		return done.Token, []any{done.Answered, done.Session.AuthTime}, nil
	}, auth.CeremonyUsed, true}
}

func pressFirstApp(w *world) pressed {
	w.seller("seller@example.com", sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), "seller@example.com").Token)
	return w.pressBind(c, auth.StepUpRequired)
}

func (w *world) pressBind(c auth.Caller, late auth.Code) pressed {
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.TOTP})
	ok(w.t, "begin", err)
	var prompt struct{ Secret string }
	ok(w.t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
	d := auth.BindDone{Ceremony: ch.Ceremony, Response: w.app(prompt.Secret)}
	first := late == auth.StepUpRequired
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.BindFinish(w.t.Context(), c, d)
		if err != nil {
			return "", nil, err
		}
		return info.Token, []any{info.Authenticator.Name, info.First, info.BackupNeeded}, nil
	}, late, first}
}

func pressAnotherMethod(w *world) pressed {
	_, _, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	return w.pressBind(c, auth.CeremonyUsed)
}

func pressText(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.addPhone(c, sellerNumber)
	w.pass(time.Minute)
	flow := w.signIn(caller("home"), "seller@example.com").Ceremony
	choice := auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS}
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		ch, err := w.s.SignInBegin(w.t.Context(), c, flow, choice)
		return w.sent(c, auth.ForSignIn, ch, err)
	}, auth.ResendTooSoon, false}
}

// sent is what the answer to a send says, with the exchange opened: it is that of the code that was sent.
func (w *world) sent(c auth.Caller, p auth.Purpose, ch *auth.Challenge, err error) (string, any, error) {
	if err != nil {
		return "", nil, err
	}
	again, err := w.s.Challenge(w.t.Context(), c, p, ch.Ceremony)
	if err != nil {
		return "", nil, err
	}
	return "", []any{ch.Kind, ch.Channel, ch.Expires, ch.Delivery, ch.Methods, string(ch.Prompt), again.Delivery.Label}, nil
}

func pressBindText(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: sellerNumber, Channel: auth.SMS})
		return w.sent(c, auth.ForBind, ch, err)
	}, auth.ResendTooSoon, false}
}

func pressSignUp(w *world) pressed {
	c := caller("home")
	_, err := w.s.SignUp(w.t.Context(), c, "seller@example.com")
	ok(w.t, "sign up", err)
	link := token(w.lastMail(auth.TemplateSignUp).Args["link"])
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.ConfirmSignUp(w.t.Context(), c, link, form(sellerNumber))
		if err != nil {
			return "", nil, err
		}
		return info.Token, []any{info.Step, info.Who}, nil
	}, auth.SignedUp, true}
}

func pressForgot(w *world) pressed {
	w.seller("seller@example.com", sellerNumber)
	p, signs := w.puzzled(caller("home"))
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		f := auth.ForgotForm{Identifier: "seller@example.com"}
		f.Puzzle, f.Signs = p.Puzzle, signs
		_, err := w.s.Forgot(w.t.Context(), c, f)
		return "", nil, err
	}, auth.PuzzleOver, false}
}

func pressForgotCode(w *world) pressed {
	w.enrolled("seller@example.com", sellerNumber)
	w.pass(time.Minute)
	asked := w.askReset(caller("home"), "seller@example.com")
	code := w.lastMail(auth.TemplateReset).Args["code"]
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		ch, err := w.s.ForgotCode(w.t.Context(), c, asked, code)
		if err != nil {
			return "", nil, err
		}
		return "", []any{ch.Expires, ch.Who}, nil
	}, auth.CeremonyUsed, false}
}

func pressResetByCode(w *world) pressed {
	w.enrolled("seller@example.com", sellerNumber)
	w.pass(time.Minute)
	proof := w.resetProof(caller("home"), "seller@example.com")
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		return "", nil, w.s.ResetByCode(w.t.Context(), c, proof, "Another-Horse9")
	}, auth.CeremonyUsed, false}
}

func pressTemporary(w *world) pressed {
	w.enrolled("seller@example.com", sellerNumber)
	w.pass(time.Minute)
	proof := w.resetProof(caller("home"), "seller@example.com")
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		info, err := w.s.SignInTemporary(w.t.Context(), c, auth.TemporaryForm{Ceremony: proof})
		if err != nil {
			return "", nil, err
		}
		return "", []any{info.Step, info.Who, info.Expires, info.Methods}, nil
	}, auth.CeremonyUsed, false}
}

func pressForgotPhone(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.addPhone(c, sellerNumber)
	w.pass(time.Minute)
	p, signs := w.puzzled(caller("home"))
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		f := auth.ForgotPhoneForm{Phone: sellerNumber}
		f.Puzzle, f.Signs = p.Puzzle, signs
		ch, err := w.s.ForgotPhone(w.t.Context(), c, f)
		if err != nil {
			return "", nil, err
		}
		return "", []any{ch.Expires, ch.Who, *ch.Delivery}, nil
	}, auth.PuzzleOver, false}
}

func pressPhoneCode(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.addPhone(c, sellerNumber)
	w.pass(time.Minute)
	asked, code := w.textedCode(caller("home"), sellerNumber)
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		ch, err := w.s.ForgotPhoneCode(w.t.Context(), c, asked, code)
		if err != nil {
			return "", nil, err
		}
		return "", []any{ch.Expires, ch.Who}, nil
	}, auth.CeremonyUsed, false}
}

func pressPhoneName(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.addPhone(c, sellerNumber)
	w.pass(time.Minute)
	shown := w.numberShown(caller("home"))
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		ch, err := w.s.ForgotUserName(w.t.Context(), c, shown, "小明的店")
		if err != nil {
			return "", nil, err
		}
		return "", []any{ch.Expires, ch.Who}, nil
	}, auth.CeremonyUsed, false}
}

func pressReset(w *world) pressed {
	w.enrolled("seller@example.com", sellerNumber)
	w.pass(time.Minute)
	ok(w.t, "forgot", forgot(w.t.Context(), w.s, caller("home"), "seller@example.com"))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		return "", nil, w.s.ResetPassword(w.t.Context(), c, link, "Another-Horse9")
	}, auth.LinkUsed, false}
}

func pressNewPassword(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		token, err := w.s.ChangePassword(w.t.Context(), c, password, "Another-Horse9")
		return token, nil, err
	}, auth.CeremonyOtherBrowser, true}
}

// pressRemoval removes a key by a text: it waits.
func pressRemoval(w *world) pressed {
	c, id := w.weaklyConfirmed()
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.Remove(w.t.Context(), c, id)
		return "", info, err
	}, auth.ChangePending, false}
}

// weaklyConfirmed is the session of a seller with a key, after a text.
func (w *world) weaklyConfirmed() (c auth.Caller, key string) {
	_, bound, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	_, c = w.addPhone(c, sellerNumber)
	w.pass(time.Hour)
	ch, err := w.s.StepUpBegin(w.t.Context(), c, auth.ActRemove, bound.Authenticator.ID,
		auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
	ok(w.t, "begin a step-up by text", err)
	code, _ := w.code(auth.SMS)
	up, err := w.s.StepUpFinish(w.t.Context(), c, ch.Ceremony, code)
	ok(w.t, "step up by text", err)
	return with(c, up.Token), bound.Authenticator.ID
}

func pressUndo(w *world) pressed {
	c, id := w.weaklyConfirmed()
	_, err := w.s.Remove(w.t.Context(), c, id)
	ok(w.t, "remove", err)
	link := token(w.lastMail(auth.TemplateRemoval).Args["undo"])
	return pressed{caller("home"), func(c auth.Caller) (string, any, error) {
		info, err := w.s.Undo(w.t.Context(), c, link)
		return "", info, err
	}, auth.LinkUsed, false}
}

func pressStop(w *world) pressed {
	c, id := w.weaklyConfirmed()
	_, err := w.s.Remove(w.t.Context(), c, id)
	ok(w.t, "remove", err)
	info, err := w.s.Security(w.t.Context(), c)
	ok(w.t, "look", err)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		return "", nil, w.s.CancelChange(w.t.Context(), c, info.Changes[0].ID)
	}, auth.NotFound, false}
}

func pressNewEmail(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.ChangeEmail(w.t.Context(), c, "new@example.com")
		return "", info, err
	}, auth.ResendTooSoon, false}
}

func pressConfirmEmail(w *world) pressed {
	_, c := w.enrolled("seller@example.com", sellerNumber)
	_, err := w.s.ChangeEmail(w.t.Context(), c, "new@example.com")
	ok(w.t, "ask", err)
	link := token(w.lastMail(auth.TemplateEmailChange).Args["link"])
	return pressed{c, func(c auth.Caller) (string, any, error) {
		masked, err := w.s.ConfirmEmail(w.t.Context(), c, link)
		return "", masked, err
	}, auth.LinkUsed, false}
}

func pressEndSession(w *world) pressed {
	secret, c := w.enrolled("seller@example.com", sellerNumber)
	other := w.second(caller("elsewhere"), w.signIn(caller("elsewhere"), "seller@example.com"), secret)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		return "", nil, w.s.EndSession(w.t.Context(), c, other.Session.ID)
	}, auth.NotFound, false}
}

// The same request of the same browser gets its success again, for 10 s: the answer in the same words and a new token
// of the same session. It grants nothing anew: no other session, no other code, message or method.
func TestTheSameRequestGetsItsSuccessAgain(t *testing.T) {
	for name, prepare := range presses() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := prepare(w)
			c := asked(p.c, "body")
			first, said, err := p.act(c)
			ok(t, "the first", err)
			before := w.granted()
			w.pass(9 * time.Second)
			second, again, err := p.act(c)
			ok(t, "the second", err)
			if fmt.Sprint(again) != fmt.Sprint(said) && asJSON(again) != asJSON(said) {
				t.Errorf("the answer to the second: got %s, want %s", asJSON(again), asJSON(said))
			}
			if after := w.granted(); after != before {
				t.Errorf("the second granted anew: %s, before %s", after, before)
			}
			if p.fresh != (first != "") || p.fresh != (second != "") || p.fresh && first == second {
				t.Errorf("tokens: got %q and %q", first, second)
			}
			if _, repeats := w.stored(); repeats != 1 {
				t.Errorf("the audit trail tells of %d repeated answers, want 1", repeats)
			}
			w.pass(time.Second)
			if _, late, err := p.act(c); p.code != "" {
				wantCode(t, "after 10 s", err, p.code)
			} else if err != nil || asJSON(late) == asJSON(said) {
				t.Errorf("after 10 s: got %v and the same answer, want it done anew", err)
			}
			if p.fresh {
				w.sameSession(p.c, first, second)
			}
		})
	}
}

// Two that come at once are one as well.
func TestTheSameRequestAtOnce(t *testing.T) {
	for name, prepare := range presses() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := prepare(w)
			c := asked(p.c, "body")
			var said [4]string
			w.winners(len(said), func(i int) error {
				_, answer, err := p.act(c)
				if err != nil {
					t.Errorf("one of several at once: %v", err)
				}
				said[i] = asJSON(answer)
				return err
			})
			for i := range said {
				if said[i] != said[0] {
					t.Errorf("at once: one was told %s, another %s", said[0], said[i])
				}
			}
		})
	}
}

// Nobody else gets it: no other body, no other browser, no program.
func TestAnotherRequestGetsNoSuccess(t *testing.T) {
	for name, prepare := range presses() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := prepare(w)
			_, _, err := p.act(asked(p.c, "body"))
			ok(t, "the first", err)
			elsewhere, program := asked(p.c, "body"), asked(p.c, "body")
			elsewhere.Browser, program.Browser = "another", ""
			for what, c := range map[string]auth.Caller{
				"another body": asked(p.c, "other"), "no body": p.c, "another browser": elsewhere, "a program": program,
			} {
				if token, _, err := p.act(c); err == nil && token != "" {
					t.Errorf("%s: got a token", what)
				}
				if _, repeats := w.stored(); repeats > 0 {
					t.Fatalf("%s: got the success again", what)
				}
			}
		})
	}
}

// granted counts what the store holds of what acts grant, with what was done in the audit trail. Of a session every
// token but the last is left out, as are the answers that were repeated.
func (w *world) granted() string {
	w.t.Helper()
	counts, _ := w.stored()
	return fmt.Sprint(counts)
}

// stored counts documents by their collection, and the answers that were repeated.
func (w *world) stored() (counts map[string]int, repeats int) {
	w.t.Helper()
	counts = map[string]int{}
	ok(w.t, "look", w.db.View(w.t.Context(), func(tx store.Tx) error {
		clear(counts)
		repeats = 0
		for _, name := range []string{"session", "authenticator", "device", "link", "change", "outbox", "event", "account"} {
			for doc, err := range tx.Scan(name, "", "", 1000) {
				if err != nil {
					return err
				}
				again := bytes.Contains(doc.Data, []byte(auth.ActAnswerAgain))
				if again {
					repeats++
				}
				if !again && !bytes.Contains(doc.Data, []byte(`"nx":`)) {
					counts[name]++
				}
			}
		}
		return nil
	}))
	return counts, repeats
}

// sameSession fails the test unless the second token opens the session that the first does, at its level, and the first
// is the one before it.
func (w *world) sameSession(c auth.Caller, first, second string) {
	w.t.Helper()
	before, err := w.s.Me(w.t.Context(), with(c, first))
	ok(w.t, "the first token", err)
	after, err := w.s.Me(w.t.Context(), with(c, second))
	ok(w.t, "the second token", err)
	if fmt.Sprint(before.Session.AMR, before.Session.AuthTime, before.Session.Opened) !=
		fmt.Sprint(after.Session.AMR, after.Session.AuthTime, after.Session.Opened) {
		w.t.Errorf("the second token: got %+v, want %+v", after.Session, before.Session)
	}
	w.pass(30 * time.Second)
	_, err = w.s.Me(w.t.Context(), with(c, first))
	wantCode(w.t, "the first token after 30 s", err, auth.SessionRequired)
	_, err = w.s.Me(w.t.Context(), with(c, second))
	ok(w.t, "the second token after 30 s", err)
}

func asJSON(v any) string {
	text, _ := json.Marshal(v)
	return string(text)
}

// A code asked for in the next sign-in is that sign-in's, though its form says the same as the one before.
func TestTheNextSignInIsSentItsOwnCode(t *testing.T) {
	w := newWorld(t, func(cfg *auth.Config) { cfg.Policy.ResendAfter = 0 })
	_, c := w.enrolled("seller@example.com", sellerNumber)
	w.addPhone(c, sellerNumber)
	w.pass(time.Minute)
	c = asked(caller("home"), "with=sms")
	for range 2 {
		ch, err := w.s.SignInBegin(t.Context(), c, w.signIn(c, "seller@example.com").Ceremony,
			auth.MethodChoice{Kind: auth.Phone, Channel: auth.SMS})
		ok(t, "begin", err)
		code, _ := w.code(auth.SMS)
		_, err = w.s.SignInFinish(t.Context(), asked(c, asJSON(code)), ch.Ceremony, code)
		ok(t, "finish", err)
		w.pass(time.Second)
	}
}
