package server

import (
	"net"
	"net/http"
	"regexp"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
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
func checkPage(x *exchange) error {
	if x.query("c") == "" {
		return x.redirect("/help/check?c=1")
	}
	return x.show(http.StatusOK, &assets.Check{Frame: x.frame(), Tried: true, Cookies: !x.fresh, Browser: x.caller.Agent})
}

func contactPage(x *exchange) error {
	v := &assets.Contact{Frame: x.frame(), Phone: x.s.config.Phone}
	v.Email, _ = strings.CutPrefix(x.s.config.Contact, "mailto:")
	if v.Email == x.s.config.Contact {
		v.Email = ""
	}
	v.Ticket = x.id
	return x.show(http.StatusOK, v)
}

// devShown is how many messages the page shows: with more of them it would outgrow the weight of a page.
const devShown = 20

// devMessages shows what would have been sent, to this machine alone: the page is served only with a sink, only under
// http://localhost, and only to a peer on loopback. Whoever reads it can sign in as anybody.
func devMessages(x *exchange) error {
	host, _, err := net.SplitHostPort(x.r.RemoteAddr)
	if err != nil || !isLoopback(host) || forwarded(x.r) {
		return auth.Refuse(auth.NotFound)
	}
	list, err := x.s.config.Sink.Recent(devShown)
	if err != nil {
		return err
	}
	v := &assets.DevMessages{Frame: x.frame()}
	for _, m := range list {
		v.Messages = append(v.Messages, assets.DevMessage{At: m.At, Channel: string(m.Channel), To: string(m.Recipient), Subject: m.Subject, Text: m.Text, Links: x.s.links(m.Text)})
	}
	return x.show(http.StatusOK, v)
}

// links finds addresses of ours in a text.
func (s *Server) links(text string) []string {
	return regexp.MustCompile(regexp.QuoteMeta(s.site.origin+s.site.base)+`/[A-Za-z0-9/_-]+`).FindAllString(text, -1)
}
