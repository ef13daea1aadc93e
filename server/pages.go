package server

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/strictjson"
	"github.com/latchkey-auth/latchkey/web"
)

// A page is one address that people see. GET shows and can be loaded again; POST changes, and answers with 303: to what
// comes next, or to the page that tells what was refused (setback.go).
type page struct {
	path string
	who  who
	uses []string // the use cases that it reaches, of auth.Service
	what string   // what a fresh second step would be for: the texts "for.<what>"
	get  func(x *request) error
	post func(x *request) error
	file bool // what is posted is a file, which post reads
}

// pageTable is the one table of pages: guide, page map.
func (s *Server) pageTable() []page {
	all := joinPages(signPages(), signUpPages(), introducePages(),
		forgotPages(), forgotPhonePages(), securityPages(s.methods), secretPages(), contactPages(),
		historyPages(), notMePages(), dataPages(), closingPages(), keysOnlyPages(), approvePages(),
		bindPages(), countedPages(), yubicoPages(), shopPages(), shopContactPages(), shopKeyPages(), shopHandOverPages(), accountHandPages(),
		recoveryPages(), helpPages())
	return append(all, methodPages(s.methods, all)...)
}

func joinPages(lists ...[]page) []page {
	var all []page
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}

// mountPages registers the pages.
func (s *Server) mountPages(e *echo.Echo) {
	if s.pages == nil {
		return
	}
	if s.site.Base != "" { // people leave the slash at the end out
		e.GET(s.site.Base, func(c echo.Context) error {
			x := c.Response().Writer.(*request)
			x.Route = "GET /"
			to := "/"
			if query := x.r.URL.RawQuery; query != "" {
				to += "?" + query
			}
			return x.redirect(to)
		})
	}
	for _, p := range s.pageTable() {
		if p.path == messagesPath && !s.showsMessages() {
			continue
		}
		if p.get != nil {
			s.at(e, http.MethodGet, p.path, "GET "+p.path, func(x *request) error { return x.visit(&p, p.get) })
		}
		if p.post != nil {
			s.at(e, http.MethodPost, p.path, "POST "+p.path, func(x *request) error { return x.visit(&p, p.post) })
		}
	}
}

// visit serves one page. A refusal that the page did not show leads to where it can be answered.
func (x *request) visit(p *page, handle func(*request) error) error {
	x.Page = true
	if err := x.identify(); err != nil {
		return err
	}
	err := x.readForm(p)
	read := err == nil
	if read {
		err = handle(x)
	}
	if errors.Is(err, errAnswered) {
		return nil
	}
	var e *auth.Error
	if !errors.As(err, &e) {
		return err
	}
	switch e.Code {
	case auth.SessionRequired, auth.SessionEnded:
		if e.Code == auth.SessionEnded {
			x.drop(sessionCookie)
		}
		x.put(returnCookie, x.here(), flowLife)
		return x.redirect("/sign-in")
	case auth.MustEnrol:
		return x.redirect("/security/start")
	case auth.StepUpRequired, auth.TooWeak:
		return x.redirect("/confirm?" + url.Values{"for": {p.what}, "next": {x.local()}}.Encode())
	}
	if read && x.movesOn(p, e) {
		if err = x.leaveSetback(x.local(), e); errors.Is(err, errAnswered) {
			return nil
		}
	}
	return err
}

// readForm reads the form that was posted, or what a refused one has left.
func (x *request) readForm(p *page) error {
	if x.r.Method != http.MethodPost {
		x.takeSetback()
		return nil
	}
	if p.path != signOutPath {
		if err := x.Bound(); err != nil {
			return err
		}
	}
	if !p.file {
		if err := x.form(); err != nil {
			return err
		}
	}
	if x.fresh && p.path != "/language" && p.path != ticketPath { // the form came back without our cookie
		if err := x.noCookie(); err != nil {
			return err
		}
		return errAnswered
	}
	if _, n := web.Cookie(x.r, x.s.cookieName(setbackCookie)); n > 0 {
		x.drop(setbackCookie)
	}
	return nil
}

// here is the address of this page with the base, as a path to come back to. Addresses that are only posted to lead on
// when they are opened.
func (x *request) here() string { return x.s.site.Base + x.local() }

// local is the path and query of this page without the base.
func (x *request) local() string {
	path := strings.TrimPrefix(x.r.URL.EscapedPath(), x.s.site.Base)
	if x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		if x.r.URL.RawQuery != "" {
			path += "?" + x.r.URL.RawQuery
		}
		return path
	}
	return x.asBackup(path)
}

// redirect answers with 303 to a path of ours, without the base.
func (x *request) redirect(path string) error {
	if x.setback != nil { // the form's address leads on
		x.setback.Path = path
		x.carrySetback(x.setback)
	}
	x.Header().Set("Location", x.s.site.Base+path)
	x.WriteHeader(http.StatusSeeOther)
	return nil
}

// show renders a page.
func (x *request) show(status int, v assets.View) error {
	var b bytes.Buffer
	if err := x.s.pages.Render(&b, x.caller.Language, v); err != nil {
		return err
	}
	x.Header().Set("Content-Language", x.caller.Language)
	x.Send(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// frame is what the page shares with all others. It also takes up what the last act left to be said.
func (x *request) frame() assets.Frame {
	f := assets.Frame{Path: x.local(), Now: x.s.now(), WeChat: strings.Contains(x.r.UserAgent(), "MicroMessenger"), Old: web.Outdated(x.r.UserAgent())}
	f.Notice, f.Signals = x.takeFlash()
	x.tellSetback(&f)
	if x.s.site.Local && x.s.config.Sink != nil {
		f.Banner = "fresh-local"
		if x.s.messages == nil { // a lab shows them to anybody
			f.Banner = "fresh-lab"
		}
	}
	return f
}

// signedFrame is frame for a seller who is signed in.
func (x *request) signedFrame() (assets.Frame, error) {
	me, err := x.s.service.Me(x.r.Context(), x.caller)
	if err != nil {
		return assets.Frame{}, err
	}
	return x.frameOf(me), nil
}

func (x *request) frameOf(me *auth.Me) assets.Frame {
	f := x.frame()
	f.Who = me.UserName
	f.SignedIn = true
	f.Enrolled = !me.Session.Restricted
	return f
}

// refused adds a refusal to a page and returns its status. Refusals that no form can answer come back as errors; a
// form that was posted is answered here, with the way to the page that tells of it.
func (x *request) refused(f *assets.Frame, err error) (int, error) {
	var e *auth.Error
	if !errors.As(err, &e) {
		return 0, err
	}
	switch e.Code {
	case auth.SessionRequired, auth.SessionEnded, auth.MustEnrol, auth.StepUpRequired, auth.TooWeak, auth.Internal, auth.Unavailable:
		return 0, err
	}
	if x.r.Method == http.MethodPost {
		return 0, x.refuseTo(f.Path, e)
	}
	if x.setBack() && len(f.Problems) > 0 { // the page tells of it already
		return http.StatusOK, nil
	}
	x.addProblems(f, e)
	return x.deny(e), nil
}

// addProblems says on a page what was refused; what it says already is not said twice.
func (x *request) addProblems(f *assets.Frame, e *auth.Error) {
	for _, one := range slices.Concat([]*auth.Error{e}, e.Also) {
		code := string(one.Code)
		if !slices.ContainsFunc(f.Problems, func(p assets.Problem) bool { return p.Code == code }) {
			f.Problems = append(f.Problems, assets.Problem{Code: code, Args: x.says(one), Field: formField(one)})
		}
	}
}

// formField is the form's name for the domain's field, and the field of the codes that belong to one.
func formField(e *auth.Error) string {
	switch e.Field {
	case "userName":
		return "user-name"
	case "securityCode":
		return "security-code"
	case "publicId":
		return "public-id"
	case "privateId":
		return "private-id"
	case "secret":
		return "secret-key"
	case "":
		if strings.HasPrefix(string(e.Code), "code-") && e.Code != auth.CodeUnavailable || strings.HasPrefix(string(e.Code), "recovery-code-") || e.Code == auth.AppClock {
			return "code"
		}
		if e.Code == auth.PasswordWrong || strings.HasPrefix(string(e.Code), "password-") {
			return "password"
		}
	}
	return e.Field
}

// failure shows a refusal that has no form to return to.
func (x *request) failure(err error) {
	e := x.refusal(err)
	v := &assets.Failure{Frame: assets.Frame{Path: x.local(), Now: x.s.now()}}
	status := x.deny(e)
	if _, n := web.Cookie(x.r, x.s.cookieName(sessionCookie)); n == 1 && status < http.StatusInternalServerError && x.identify() == nil {
		if me, err := x.s.service.Me(x.r.Context(), x.caller); err == nil { // who is signed in is led home
			v.Who = me.UserName
			v.SignedIn = true
			v.Enrolled = !me.Session.Restricted
		}
	}
	v.Problems = []assets.Problem{{Code: string(e.Code), Args: x.says(e)}}
	if e.Code == auth.Internal || e.Code == auth.Unavailable {
		v.Ticket, v.Retry = x.ID, "/security"
	}
	if err := x.show(status, v); err != nil {
		x.s.log.Error("showing a refusal", "id", x.ID, "error", err)
		x.Page = false
		x.document(e)
	}
}

// noCookie says that the browser refuses our cookie, and tries again.
func (x *request) noCookie() error {
	e := auth.Refuse(auth.CookiesOff)
	return x.show(x.deny(e), &assets.NoCookie{Frame: assets.Frame{Path: "/sign-in", Now: x.s.now()}, Retry: x.local()})
}

// What an act leaves to be said on the next page travels in a cookie: in an address, anybody could make our pages say
// that a key was removed.
type flash struct {
	Key     string       `json:"k,omitempty"`
	Name    string       `json:"n,omitempty"`
	Time    time.Time    `json:"t,omitzero"`
	Tone    string       `json:"o,omitempty"`
	Signals *auth.Signal `json:"s,omitempty"`
	Found   string       `json:"f,omitempty"` // the key that was touched
	Link    string       `json:"l,omitempty"` // where more of it stands

	Unknown *auth.UnknownCredential `json:"u,omitempty"`
}

// maxFlash is what fits in a cookie; a longer one is left unsaid.
const maxFlash = 3500

func (x *request) leaveFlash(p flash) {
	x.flashed = &p
	raw, err := json.Marshal(p)
	if text := base64.RawURLEncoding.EncodeToString(raw); err == nil && len(text) <= maxFlash {
		x.put(noticeCookie, text, flowLife)
	}
}

// takeFlash takes up what was left to be said.
func (x *request) takeFlash() (*assets.Notice, *assets.Signals) {
	text, n := web.Cookie(x.r, x.s.cookieName(noticeCookie))
	if n == 0 && x.flashed == nil || x.r.Method != http.MethodGet {
		return nil, nil
	}
	x.drop(noticeCookie)
	var p flash
	if x.flashed != nil { // the page is drawn at once
		p = *x.flashed
	} else if raw, err := base64.RawURLEncoding.DecodeString(text); err != nil || json.Unmarshal(raw, &p) != nil {
		return nil, nil
	}
	x.found = p.Found
	signals := unknownSignal(p.Unknown)
	if p.Signals != nil {
		signals = &assets.Signals{RPID: p.Signals.RPID, UserID: p.Signals.UserID, Accepted: p.Signals.Accepted}
	}
	if p.Key == "" {
		return nil, signals
	}
	said := assets.Args{"name": p.Name, "time": x.untilWhen(p.Time), "now": x.s.now()}
	if p.Key == "phone-changed" {
		said["link"] = x.s.site.Base + "/security/phone/new"
	}
	if p.Link = safeReturn(p.Link); p.Link != "" { // a cookie is anybody's who can plant one
		said["link"] = x.s.site.Base + p.Link
	}
	return &assets.Notice{Key: p.Key, Tone: p.Tone, Args: said}, signals
}

// safeReturn is a path on this very site, "" for anything else: an address that leads elsewhere would lend our name to
// a false page (open redirect).
func safeReturn(v string) string {
	if len(v) < 1 || len(v) > 1024 || v[0] != '/' || strings.HasPrefix(v, "//") || strings.ContainsAny(v, "\\\r\n\t\x00") {
		return ""
	}
	u, err := url.Parse(v)
	if err != nil || u.Host != "" || u.Scheme != "" || u.Opaque != "" {
		return ""
	}
	return v
}

// next is where a form wants to go on, a path of ours without the base.
func next(v string) string {
	if v = safeReturn(v); v == "" {
		return "/security"
	}
	return v
}

// rawJSON reads a key's answer from a form field, as strictly as the API does.
func rawJSON(text string) (json.RawMessage, error) {
	if text == "" || text[0] != '{' || len(text) > web.MaxBody {
		return nil, auth.Refuse(auth.KeyMalformed)
	}
	b := []byte(text)
	if err := strictjson.Each(b, func(_, _ []byte) error { return nil }); err != nil {
		return nil, auth.Refuse(auth.KeyMalformed)
	}
	return b, nil
}

// codeJSON is the response of methods that type something back.
func codeJSON(code string) json.RawMessage {
	raw, _ := json.Marshal(auth.CodeResponse{Code: code}) // a string: it cannot fail
	return raw
}
