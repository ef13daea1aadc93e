package server

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// A request is one request and its answer: everything the face knows about them. It is the http.ResponseWriter
// that the router is given, so that no context values are needed.
type request struct {
	*web.Exchange
	s       *Server
	r       *http.Request
	path    interface{ Param(string) string } // the router's path parameters
	caller  auth.Caller
	program bool // not a browser: the token travels in Authorization and in the body
	fresh   bool // the browser's cookie was set by this answer: it showed none
	posted  url.Values
	setback *setback // what was refused before this page
	flashed *flash   // what this request leaves to be said
	found   string   // the key that was touched before this page
}

// reply writes v, a pointer to a struct of shape s; nil is 204.
func (x *request) reply(s *shape, v any) {
	if s == nil {
		x.WriteHeader(http.StatusNoContent)
		return
	}
	x.Send(http.StatusOK, "application/json", s.append(make([]byte, 0, 512), v))
}

// param is a part of the route's path.
func (x *request) param(name string) string {
	if x.path == nil {
		return ""
	}
	return x.path.Param(name)
}

// query is a value of the query string.
func (x *request) query(name string) string {
	if x.r.URL.RawQuery == "" {
		return ""
	}
	return x.r.URL.Query().Get(name)
}

// field is one posted field.
func (x *request) field(name string) string { return x.posted.Get(name) }

// identify works out who asks. It believes nothing: the domain reads the session.
func (x *request) identify() error {
	r, s := x.r, x.s
	browser, browsers := web.Cookie(r, s.cookieName(browserCookie))
	session, sessions := web.Cookie(r, s.cookieName(sessionCookie))
	x.program = !x.Page && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" && browsers == 0 &&
		sessions == 0
	x.caller = auth.Caller{IP: x.Client(), Agent: web.Describe(r.UserAgent()), RequestID: x.ID,
		Language: x.caller.Language}
	if err := x.judgedLater(); err != nil {
		return err
	}
	if x.program {
		x.caller.Token = bearer(r)
		return nil
	}
	x.caller.Request = x.Fingerprint()
	// Two cookies of one name: a sibling host planted one (cookie tossing). Neither is believed.
	if sessions == 1 {
		x.caller.Token = session
	}
	if browsers == 1 && web.WellFormedBrowser(browser) {
		x.caller.Browser = browser
		return nil
	}
	id, err := s.front.Secret()
	if err != nil {
		return err
	}
	x.caller.Browser, x.fresh = id, true
	x.keepBrowser()
	return nil
}

// language is what the person chose, else what the browser prefers.
func (x *request) language() string {
	chosen, _ := web.Cookie(x.r, x.s.cookieName(languageCookie))
	return x.s.texts.Match(chosen, x.r.Header.Get("Accept-Language"))
}

// bearer returns the token of RFC 6750 §2.1, "" for none.
func bearer(r *http.Request) string {
	scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}
