package server

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
)

// An request is one request and its answer: everything the face knows about them. It is the http.ResponseWriter
// that the router is given, so that no context values are needed.
type request struct {
	http.ResponseWriter
	s       *Server
	r       *http.Request
	path    interface{ Param(string) string } // the router's path parameters
	route   string                            // the route's name for the log: never the path, which holds links
	id      string                            // request id
	began   time.Time
	status  int       // what was answered; 0: nothing yet
	code    auth.Code // of a refusal
	caller  auth.Caller
	program bool // not a browser: the token travels in Authorization and in the body
	page    bool // people are answered: refusals are pages
	fresh   bool // the browser's cookie was set by this answer: it showed none
	posted  url.Values
	setback *setback // what was refused before this page
	found   string   // the key that was touched before this page

	who    [3]netip.Prefix // whom the request counts against
	placed bool            // it holds a place

	received []byte // the body, read before the request took a place
	tooLarge bool   // it was not, for its length
}

// WriteHeader notes the status for the access log.
func (x *request) WriteHeader(status int) {
	if x.status == 0 {
		x.status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (x *request) Write(b []byte) (int, error) {
	if x.status == 0 {
		x.status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *request) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// send writes a whole answer.
func (x *request) send(status int, media string, body []byte) {
	h := x.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.Write(body) // the client may have gone; there is nobody to tell
	}
}

// reply writes v, a pointer to a struct of shape s; nil is 204.
func (x *request) reply(s *shape, v any) {
	if s == nil {
		x.WriteHeader(http.StatusNoContent)
		return
	}
	x.send(http.StatusOK, "application/json", s.append(make([]byte, 0, 512), v))
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

// fields parses posted fields, each once.
func (x *request) fields(body string) error {
	v, err := url.ParseQuery(body)
	if err != nil {
		return auth.Refuse(auth.MalformedRequest)
	}
	for name, values := range v {
		if !utf8.ValidString(name) || !utf8.ValidString(values[0]) { // as strict as JSON is
			return auth.Refuse(auth.MalformedRequest)
		}
		if len(values) > 1 {
			return auth.Refuse(auth.DuplicateMember).With("name", fieldName(name))
		}
	}
	x.posted = v
	return nil
}

// fieldName lets only plain names through to a text.
func fieldName(s string) string {
	if len(s) > 24 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return ""
	}
	return s
}

// field is one posted field.
func (x *request) field(name string) string { return x.posted.Get(name) }

// identify works out who asks. It believes nothing: the domain reads the session.
func (x *request) identify() error {
	r, s := x.r, x.s
	browser, browsers := cookie(r, s.cookieName(browserCookie))
	session, sessions := cookie(r, s.cookieName(sessionCookie))
	x.program = !x.page && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" && browsers == 0 &&
		sessions == 0
	x.caller = auth.Caller{IP: s.client(r), Agent: describe(r.UserAgent()), RequestID: x.id,
		Language: x.caller.Language}
	if err := x.judgedLater(); err != nil {
		return err
	}
	if x.program {
		x.caller.Token = bearer(r)
		return nil
	}
	x.caller.Request = x.fingerprint()
	// Two cookies of one name: a sibling host planted one (cookie tossing). Neither is believed.
	if sessions == 1 {
		x.caller.Token = session
	}
	if browsers == 1 && wellFormedBrowser(browser) {
		x.caller.Browser = browser
		return nil
	}
	id, err := s.secret()
	if err != nil {
		return err
	}
	x.caller.Browser, x.fresh = id, true
	x.keepBrowser()
	return nil
}

// fingerprint tells the same request of a browser, sent again, from any other: "" for one that changes nothing.
func (x *request) fingerprint() string {
	if x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		return ""
	}
	h := sha256.New()
	_, _ = io.WriteString(h, x.r.Method+" "+x.r.URL.RequestURI()+"\n") // a hash takes everything
	_, _ = h.Write(x.received)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// language is what the person chose, else what the browser prefers.
func (x *request) language() string {
	chosen, _ := cookie(x.r, x.s.cookieName(languageCookie))
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

// secret returns 256 random bits in 43 characters.
func (s *Server) secret() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return "", fmt.Errorf("reading randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}

func wellFormedBrowser(v string) bool {
	if len(v) != 43 {
		return false
	}
	for _, c := range []byte(v) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
