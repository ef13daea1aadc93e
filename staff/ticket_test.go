package staff_test

import (
	"slices"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/staff"
)

// ticket is one of the self-check, made in a browser; flow is a sign-in under way there, "" for none.
func (w *world) ticket(c auth.Caller, flow string) string {
	w.t.Helper()
	info, err := w.s.MakeTicket(w.t.Context(), c, auth.TicketForm{Ceremony: flow, Check: auth.SelfCheck{Key: auth.No}})
	if err != nil {
		w.t.Fatal(err)
	}
	return info.Ticket
}

// A look at a ticket stands in the trail of who looked, and of the seller whom it names; the one that finds nothing,
// too.
func TestATicketAtTheDesk(t *testing.T) {
	w := newWorld(t)
	seller := w.seller("wei")
	p, auditor := w.worker("ann", staff.Support), w.worker("eve", staff.Auditor)
	c := w.browser("shop")
	flow, err := w.s.SignIn(t.Context(), c, auth.SignInForm{Identifier: "wei@example.com", Password: lab.Password})
	if err != nil {
		t.Fatal(err)
	}
	signs := w.ticket(c, flow.Ceremony)
	for looks := 1; looks <= 2; looks++ {
		v, err := w.staff.Ticket(t.Context(), p.Caller, signs)
		if err != nil || v.Account != seller || v.Check.Key != auth.No || v.Looks != looks {
			t.Fatalf("got %+v, %v, want look %d of the seller's", v, err, looks)
		}
	}
	_, err = w.staff.Ticket(t.Context(), p.Caller, "0000-0000")
	wantCode(t, "none", err, auth.NotFound)
	for of, want := range map[string][]auth.Code{string(seller): {"", ""}, p.id: {auth.NotFound, "", ""}} {
		trail, err := w.staff.Trail(t.Context(), auditor.Caller, of, 0)
		if err != nil {
			t.Fatal(err)
		}
		var got []auth.Code
		for _, e := range trail.Events {
			if e.Action == staff.ActTicket {
				got = append(got, e.Outcome)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got the looks %q, want %q", of, got, want)
		}
	}
}

// Nobody of the staff looks tickets up without end.
func TestTicketsAtTheDeskHaveAnEnd(t *testing.T) {
	w := newWorld(t)
	p := w.worker("ann", staff.Support)
	signs := w.ticket(w.browser("b"), "")
	for i := range 201 {
		want := auth.Code("")
		if i == 200 {
			want = auth.SendLimitReached
		}
		_, err := w.staff.Ticket(t.Context(), p.Caller, signs)
		wantCode(t, "a look", err, want)
	}
	_, err := w.staff.Ticket(t.Context(), w.worker("bob", staff.Support).Caller, signs)
	wantCode(t, "another's look", err, "")
}
