package server

import (
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The cookies, by what stands behind the prefix.
const (
	sessionCookie  = "latchkey"
	browserCookie  = "latchkey-browser"
	flowCookie     = "latchkey-flow"
	stepCookie     = "latchkey-step"
	languageCookie = "latchkey-lang"
	returnCookie   = "latchkey-return"
	noticeCookie   = "latchkey-notice"
	untrustCookie  = "latchkey-untrusted"
	draftCookie    = "latchkey-sign-up"
	messagesCookie = "latchkey-messages"
	setbackCookie  = "latchkey-refused"
	sharedCookie   = "latchkey-shared"
	appCookie      = "latchkey-app"
	codesCookie    = "latchkey-codes"
	secretCookie   = "latchkey-security-code"
)

const (
	browserLife = 400 * 24 * time.Hour // what browsers allow at most (RFC 6265bis §5.5)
	flowLife    = 20 * time.Minute     // longer than any sealed ceremony: its own expiry decides
)

func (s *Server) cookieName(name string) string {
	switch name { // the common ones are joined once
	case sessionCookie:
		return s.sessionName
	case browserCookie:
		return s.browserName
	}
	return s.site.Prefix + name
}

// put sets a cookie. life 0 ends it with the browser.
func (x *request) put(name, value string, life time.Duration) {
	x.s.site.SetCookie(x, x.s.cookieName(name), value, "", life)
}

// sealed is what a cookie of that name keeps of what somebody typed: whoever else looks into the browser, or at what it
// sends, reads nothing of it.
func (x *request) sealed(name string, plain []byte) string {
	if len(plain) == 0 {
		return ""
	}
	text, err := x.s.service.SealForBrowser(x.caller, name, plain)
	if err != nil {
		return "" // then it is typed again
	}
	return text
}

// opened is what sealed has sealed, nil for what this browser was not given.
func (x *request) opened(name, text string) []byte {
	if text == "" {
		return nil
	}
	plain, err := x.s.service.OpenForBrowser(x.caller, name, text)
	if err != nil {
		return nil
	}
	return plain
}

// drop ends a cookie.
func (x *request) drop(name string) { x.put(name, "", -time.Second) }

func (x *request) keepBrowser() { x.put(browserCookie, x.caller.Browser, browserLife) }

// issueSession hands a new session's token to whoever asked: a browser finds it in a cookie and nowhere else, so that
// no script can read it; a program finds it in the answer. What the use case returned is emptied for browsers.
func (x *request) issueSession(token *string, session *auth.SessionInfo) error {
	if *token == "" {
		return nil
	}
	x.caller.Token = *token
	if x.program {
		return nil
	}
	if session == nil { // a rotation: the session's life has not changed, but only the domain knows it
		me, err := x.s.service.Me(x.r.Context(), x.caller)
		if err != nil {
			return err
		}
		session = &me.Session
	}
	life := time.Duration(0)
	if session.Remember {
		life = max(session.Expires.Sub(x.s.now()), time.Second)
	}
	x.put(sessionCookie, *token, life)
	*token = ""
	return nil
}
