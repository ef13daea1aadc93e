package desk

import (
	"errors"
	"net/http"
	"net/url"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

func ticketPages() []page {
	return []page{
		{path: "/desk/tickets", act: staff.ActTicket, get: ticketForm, post: ticketPost},
		{path: "/desk/tickets/{ticket}", act: staff.ActTicket, get: ticketPage},
	}
}

func ticketForm(x *exchange) error {
	return x.show(http.StatusOK, &assets.DeskTicket{Frame: x.frame(), Typed: x.posted.Get("ticket")})
}

// ticketPost leads to the ticket, which is looked up there, once. Its number says nothing to who finds it in an
// address.
func ticketPost(x *exchange) error {
	typed := x.field("ticket")
	if typed == "" || len(typed) > 40 {
		return auth.RefuseField(auth.TicketUnknown, "ticket")
	}
	return x.redirect("/desk/tickets/" + url.PathEscape(typed))
}

func ticketPage(x *exchange) error {
	typed := x.r.PathValue("ticket")
	t, err := x.d.Staff.Ticket(x.r.Context(), x.caller, typed)
	if e, ok := errors.AsType[*auth.Error](err); ok && e.Code == auth.NotFound {
		x.leave(told{Path: "/desk/tickets", Error: auth.RefuseField(auth.TicketUnknown, "ticket"),
			Typed: map[string]string{"ticket": typed}})
		return x.redirect("/desk/tickets")
	}
	if err != nil {
		return err
	}
	v := &assets.DeskTicket{Frame: x.frame(), Ticket: t.Ticket, Made: t.At, Until: t.Expires, Browser: t.Browser,
		Version: t.Check.Version, Ahead: t.Check.Ahead, Account: string(t.Account), Email: string(t.MaskedEmail),
		Looks: t.Looks, Looked: t.LookedAt, Old: t.Check.Current == auth.No}
	for _, c := range []struct {
		name string
		is   auth.Finding
	}{{"window", t.Check.Window}, {"cookies", t.Check.Cookies}, {"clock", t.Check.Clock}, {"script", t.Check.Script},
		{"secure", t.Check.Secure}, {"key", t.Check.Key}, {"addon", t.Check.AddOn}, {"autofill", t.Check.Autofill}} {
		v.Checks = append(v.Checks, assets.DeskFinding{Name: c.name, Is: string(c.is)})
	}
	return x.show(http.StatusOK, v)
}
