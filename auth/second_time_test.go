package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A secondTime is an act, what is done within the ten seconds after it, and the same request then: it wants something
// new, and gets it.
type secondTime struct {
	act  func() error
	then func()
	done func() error // of what the second time should have done
}

func secondTimes() map[string]func(*world) secondTime {
	return map[string]func(*world) secondTime{
		"a mail, whose code was typed": func(w *world) secondTime {
			_, c := w.enrolled(sellerMail, sellerNumber)
			w.addMailbox(c, "seller+codes@example.com")
			w.pass(time.Minute)
			c = asked(caller("home"), "body")
			last := ""
			act := func() error {
				ch, err := forgotten(w.t.Context(), w.s, c, sellerMail)
				if err == nil {
					last = ch.Ceremony
				}
				return err
			}
			code := ""
			typed := func() error {
				_, err := w.s.ForgotCode(w.t.Context(), caller("home"), last, code)
				return err
			}
			return secondTime{act, func() {
				code = w.lastMail(auth.TemplateReset).Args["code"]
				ok(w.t, "the code", typed())
			}, typed}
		},
		"a user name, and another": func(w *world) secondTime {
			_, c := w.enrolled(sellerMail, sellerNumber)
			name := func(c auth.Caller, n string) error {
				_, err := w.s.ChangeUserName(w.t.Context(), c, n)
				return err
			}
			act := func() error { return name(asked(c, "a lamp"), "Lamp and Shade") }
			return secondTime{act,
				func() { ok(w.t, "another", name(asked(c, "an oven"), "Oven and Kettle")) },
				func() error {
					me, err := w.s.Me(w.t.Context(), c)
					if err == nil && me.UserName != "Lamp and Shade" {
						w.t.Errorf("got the name %q, want the one of the second time", me.UserName)
					}
					return err
				}}
		},
	}
}

// Twice is once, but a second time after something else is none of it: it does what it says.
func TestASecondTimeIsNotTwice(t *testing.T) {
	for name, prepare := range secondTimes() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			s := prepare(w)
			ok(t, "the first time", s.act())
			s.then()
			ok(t, "the second time", s.act())
			ok(t, "what it does", s.done())
		})
	}
}
