package server

import (
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/web"
)

func helpPages() []page {
	return []page{
		{path: "/language", who: anyone, post: languagePost},
		{path: "/help/check", who: anyone, get: checkPage},
		{path: "/help/contact", who: anyone, get: contactPage},
		{path: "/dev/messages", who: anyone, get: devMessages},
	}
}

// checkPage answers "Why can't I get in?". Cookies are tried by coming back: ?c=1 is loaded with the cookie that the
// first visit set, or without.
func checkPage(x *request) error {
	if x.query("c") == "" {
		return x.redirect("/help/check?c=1")
	}
	v := &assets.Check{Frame: x.frame(), Tried: true, Cookies: !x.fresh, Browser: x.caller.Agent}
	if v.InApp = web.InApp(x.r.UserAgent()); !v.InApp { // in an app it is the version of what the app is made with
		told := web.VersionOf(x.r.UserAgent(), x.s.now())
		v.Version, v.Dated = told.Number, told.Old
	}
	return x.show(http.StatusOK, v)
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
