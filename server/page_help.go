package server

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

const (
	checkPath  = "/help/check?c=1"
	ticketPath = "/help/ticket"
)

func helpPages() []page {
	return []page{
		{path: "/language", who: anyone, post: languagePost},
		{path: "/help/check", who: anyone, get: checkPage},
		{path: "/help/ticket", who: anyone, uses: []string{"MakeTicket"},
			get: func(x *request) error { return x.redirect(checkPath) }, post: ticketPost},
		{path: "/help/ticket/{ticket}", who: anyone, get: ticketPage},
		{path: "/help/contact", who: anyone, get: contactPage},
		{path: "/help/pictures", who: anyone, get: pictureHelp},
		{path: "/help/bought", who: anyone, get: boughtHelp},
		{path: "/dev/messages", who: anyone, get: devMessages},
	}
}

// checkPage answers "Why can't I get in?". Cookies are tried by coming back: ?c=1 is loaded with the cookie that the
// first visit set, or without.
func checkPage(x *request) error {
	if x.query("c") == "" {
		return x.redirect(checkPath)
	}
	v := &assets.Check{Frame: x.frame(), Tried: true, Cookies: !x.fresh, Browser: x.caller.Agent}
	if v.InApp = web.InApp(x.r.UserAgent()); !v.InApp { // in an app it is the version of what the app is made with
		told := web.VersionOf(x.r.UserAgent(), x.s.now())
		v.Version, v.Dated = told.Number, told.Old
	}
	return x.show(http.StatusOK, v)
}

// makeTicket keeps what the browser found out, and what it showed: cookies, the app around it, its version.
func makeTicket(x *request, in *ticketBody) (*auth.TicketInfo, error) {
	check := auth.SelfCheck{Script: auth.Finding(in.Script), Secure: auth.Finding(in.Secure), Key: auth.Finding(in.Key),
		AddOn: auth.Finding(in.AddOn), Autofill: auth.Finding(in.Autofill), Clock: auth.Finding(in.Clock),
		Ahead: in.Ahead}
	if !x.program {
		told := web.VersionOf(x.r.UserAgent(), x.s.now())
		check.Cookies, check.Window = finding(!x.fresh), finding(!web.InApp(x.r.UserAgent()))
		if check.Version = told.Number; told.Number > 0 {
			check.Current = finding(!told.Old)
		}
	}
	return x.s.service.MakeTicket(x.r.Context(), x.caller, auth.TicketForm{Ceremony: in.Ceremony, Check: check})
}

func finding(yes bool) auth.Finding {
	if yes {
		return auth.Yes
	}
	return auth.No
}

// ticketPost makes a ticket. Its number is in the address that follows: a browser without cookies needs it most.
func ticketPost(x *request) error {
	ceremony, _ := x.flow()
	ahead, _ := strconv.Atoi(x.field("ahead")) // "" without script
	info, err := makeTicket(x, &ticketBody{Ceremony: ceremony, Script: x.field("script"), Secure: x.field("secure"),
		Key: x.field("key"), AddOn: x.field("addon"), Autofill: x.field("autofill"), Clock: x.field("clock"),
		Ahead: ahead})
	if err != nil {
		return x.refuseTo(checkPath, err)
	}
	return x.redirect("/help/ticket/" + info.Ticket)
}

// ticketPage shows the number of a ticket. It looks nothing up: the number says nothing to who has it.
func ticketPage(x *request) error {
	number := x.param("ticket")
	if !regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$`).MatchString(number) {
		return auth.Refuse(auth.NotFound)
	}
	return x.show(http.StatusOK, &assets.Ticket{Frame: x.frame(), Number: number,
		Days: int(auth.TicketLife.Hours()) / 24})
}

func pictureHelp(x *request) error {
	return x.show(http.StatusOK, &assets.PictureHelp{Frame: x.frame()})
}

// boughtHelp is for who has bought an account, or taken one over: what its former owner may know, and what to do (R33).
func boughtHelp(x *request) error {
	return x.show(http.StatusOK, &assets.BoughtHelp{Frame: x.frame(), Cases: x.s.recovery.Times().Cases})
}

func contactPage(x *request) error {
	v := &assets.Contact{Frame: x.frame(), Phone: x.s.config.Phone}
	v.Email, _ = strings.CutPrefix(x.s.config.Contact, "mailto:")
	if v.Email == x.s.config.Contact {
		v.Email = ""
	}
	v.Ticket = x.ID
	return x.show(http.StatusOK, v)
}
