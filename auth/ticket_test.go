package auth_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

func (w *world) ticket(c auth.Caller, f auth.TicketForm) string {
	w.t.Helper()
	info, err := w.s.MakeTicket(w.t.Context(), c, f)
	ok(w.t, "a ticket", err)
	if !info.Expires.Equal(w.time().Add(30 * day)) {
		w.t.Errorf("got a ticket until %s", info.Expires)
	}
	return info.Ticket
}

func (w *world) lookTicket(typed string) *auth.TicketView {
	w.t.Helper()
	v, err := w.s.LookTicket(w.t.Context(), "support", typed)
	ok(w.t, "look up "+typed, err)
	return v
}

// A ticket is eight signs without I, L, O and U; read back as it is heard it shows what the browser found out, nothing
// that it could not be, and each look is counted.
func TestATicketShowsWhatABrowserFound(t *testing.T) {
	w := newWorld(t)
	check := auth.SelfCheck{Cookies: auth.No, Key: auth.Yes, Script: "<b>", Version: 131, Ahead: -340}
	signs := w.ticket(caller(""), auth.TicketForm{Check: check})
	if !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(signs) {
		t.Errorf("got the ticket %q", signs)
	}
	check.Script = ""
	w.pass(time.Hour)
	misheard := strings.NewReplacer("0", "o", "1", "l", "-", " ").Replace(strings.ToLower(signs))
	for i, typed := range []string{signs, misheard, strings.ReplaceAll(signs, "1", "I"),
		" " + strings.ReplaceAll(signs, "-", "")} {
		v := w.lookTicket(typed)
		if v.Check != check || v.Ticket != signs || v.Browser != "Chromium · Linux" || v.Looks != i+1 ||
			v.Account != "" || !v.At.Equal(w.time().Add(-time.Hour)) || v.LookedAt.IsZero() != (i == 0) {
			t.Errorf("%q: got %+v, want look %d of %+v", typed, v, i+1, check)
		}
	}
	other := w.ticket(caller("x"), auth.TicketForm{})
	if other == signs {
		t.Error("two tickets: got the same signs twice")
	}
	for _, none := range []string{"", "0000-0000", signs[:8], signs + "0"} {
		_, err := w.s.LookTicket(t.Context(), "support", none)
		wantCode(t, none, err, auth.NotFound)
	}
}

// It names an account where a password was right, in the browser that asks, or where somebody is signed in: nowhere
// else.
func TestATicketNamesWhoShowedAFirstFactor(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	w.mail()
	x := caller("x")
	flow := w.signIn(x, sellerMail).Ceremony
	first, err := w.s.SignInKeyFirst(t.Context(), x, auth.KeyFirstForm{Identifier: sellerMail})
	ok(t, "a key first", err)
	done := w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret)
	for name, c := range map[string]struct {
		who   auth.Caller
		flow  string
		named bool
	}{
		"nobody":                    {x, "", false},
		"a right password":          {x, flow, true},
		"one in another browser":    {caller("y"), flow, false},
		"a key that is awaited":     {x, first.Ceremony, false},
		"a reset that is asked for": {x, w.askReset(x, sellerMail), false},
		"a session":                 {with(caller("home"), done.Token), "", true},
		"an ended session":          {with(caller("home"), done.Token[:len(done.Token)-4]+"AAAA"), "", false},
	} {
		v := w.lookTicket(w.ticket(c.who, auth.TicketForm{Ceremony: c.flow}))
		if (v.Account != "") != c.named || (v.MaskedEmail == "s•••@example.com") != c.named {
			t.Errorf("%s: got it named %q %q, want it named: %v", name, v.Account, v.MaskedEmail, c.named)
		}
		w.pass(time.Second)
	}
	w.reset(sellerMail, newPassword)
	if v := w.lookTicket(w.ticket(x, auth.TicketForm{Ceremony: flow})); v.Account != "" {
		t.Error("a sign-in that a new password has ended: got the account named")
	}
}

// A look at a ticket that names a seller stands in his history, as its making does.
func TestALookAtATicketIsWrittenDown(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled(sellerMail, sellerNumber)
	c := caller("home")
	signs := w.ticket(c, auth.TicketForm{Ceremony: w.signIn(c, sellerMail).Ceremony})
	w.lookTicket(signs)
	c = with(c, w.second(c, w.signIn(c, sellerMail), secret).Token)
	list, err := w.s.History(t.Context(), c, "", 20)
	ok(t, "history", err)
	said := ""
	for _, e := range list.Events {
		said += fmt.Sprint(e.Action, " ")
	}
	for _, a := range []auth.Action{auth.ActTicket, auth.ActLookTicket} {
		if strings.Count(said, string(a)) != 1 {
			t.Errorf("got the history %s, want %s in it once", said, a)
		}
	}
}

// Anybody may make tickets, and nobody without end.
func TestTicketsHaveAnEnd(t *testing.T) {
	w := newWorld(t)
	for i := range 21 {
		c := from(1)
		c.Browser = fmt.Sprint(i)
		_, err := w.s.MakeTicket(t.Context(), c, auth.TicketForm{})
		if i < 20 {
			ok(t, "a ticket", err)
			continue
		}
		if e := wantCode(t, "one more", err, auth.TicketLater); !e.Until.Equal(w.time().Add(day)) || e.Args["n"] != "" {
			t.Errorf("got %v until %s", e.Args, e.Until)
		}
	}
	_, err := w.s.MakeTicket(t.Context(), from(1000), auth.TicketForm{})
	ok(t, "from elsewhere", err)
}

func ticketLooked(w *world) ending {
	signs := w.ticket(caller("home"), auth.TicketForm{})
	look := func() error { return lastErr(w.s.LookTicket(w.t.Context(), "support", signs)) }
	return w.after(30*day-tick, look, auth.NotFound)
}

func pressTicket(w *world) pressed {
	_, c := w.enrolled(sellerMail, sellerNumber)
	return pressed{c, func(c auth.Caller) (string, any, error) {
		info, err := w.s.MakeTicket(w.t.Context(), c, auth.TicketForm{})
		if err != nil {
			return "", nil, err
		}
		return "", *info, nil
	}, "", false}
}
