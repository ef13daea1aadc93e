// Package desk is the staff's face: pages under /desk, beside those of sellers and behind the same front (package web).
// It holds no business rule: who may do what is package staff's, who decides about cases package recovery's.
//
//	path                              act                        who (staff.permits)
//	/desk/sign-in, /desk/sign-in/key  a key that verified        anybody
//	/desk/join/{link}                 the first key              who holds a link
//	/desk/keys, /desk/touch           the others; a fresh touch  all
//	/desk/accounts, …/{id}…           find, link, sessions       support, account managers
//	/desk/tickets, …/{ticket}         of the self-check          support
//	/desk/tokens, …/{token}…          hardware tokens            support, administrators
//	/desk/recalls, …/{model}/push     recalled models of keys    support, administrators; administrators push
//	/desk/not-me, …/{report}…         "this was not me"          support, reviewers
//	/desk/recovery, …/{case}…         cases                      reviewers
//	/desk/responses, …/{id}…          acts on many accounts      reviewers, administrators
//	/desk/audit, …/{id}, …/export     the trail                  auditors, administrators
//	/desk/staff…                      the staff                  administrators
//
// Cookies: __Secure-latchkey-desk (the session), -desk-browser, -desk-who and -desk-told, all for the path /desk alone:
// no page of sellers is sent one. A session of a seller is no session here, nor the other way round.
package desk

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/web"
)

// Config is what a Desk is made of. All but Now is required.
type Config struct {
	Service *auth.Service
	Staff   *staff.Service
	Cases   *recovery.Service
	Trail   *audit.Service
	Stock   *inventory.Service
	Texts   Texts
	Pages   assets.Renderer
	Origin  string           // the site's public address
	Now     func() time.Time // nil: time.Now
}

// Texts choose a language; *assets.Texts do.
type Texts interface {
	// Match chooses the language: what the person chose, else the best of Accept-Language.
	Match(chosen, accept string) string
}

// Desk answers what stands under /desk. It is safe for concurrent use.
type Desk struct {
	Config
	site web.Site
	mux  *http.ServeMux
}

// New returns the desk of cfg. It is called before anything is served: it says what reviewers may.
func New(cfg Config) (*Desk, error) {
	at, err := web.NewSite(cfg.Origin, nil)
	if err != nil {
		return nil, err
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	d := &Desk{Config: cfg, site: at, mux: http.NewServeMux()}
	d.permit()
	d.mount()
	return d, nil
}

// permit says which role has what other parts leave to the staff.
func (d *Desk) permit() {
	for _, a := range []auth.Action{recovery.ActQueue, recovery.ActView, recovery.ActPicture, recovery.ActNote} {
		d.Staff.Permit(a, false, staff.Reviewer)
	}
	for _, a := range []auth.Action{recovery.ActReports, recovery.ActViewReport, recovery.ActCloseReport} {
		d.Staff.Permit(a, false, staff.Support, staff.Reviewer)
	}
	for _, a := range []auth.Action{recovery.ActMore, recovery.ActApprove, recovery.ActRefuse} {
		d.Staff.Permit(a, true, staff.Reviewer)
	}
	for _, a := range []auth.Action{inventory.ActDeskFind, inventory.ActDeskStock, inventory.ActDeskToken,
		inventory.ActDeskNote, inventory.ActDeskLose, inventory.ActDeskRegain} {
		d.Staff.Permit(a, false, staff.Support, staff.Administrator)
	}
	d.Staff.Permit(inventory.ActDeskRecalls, false, staff.Support, staff.Administrator)
	d.Staff.Permit(inventory.ActDeskPush, true, staff.Administrator)
	d.Staff.Permit(inventory.ActDeskGive, true, staff.Support, staff.Administrator)
	for _, a := range []auth.Action{inventory.ActDeskRetire, inventory.ActDeskImport, inventory.ActDeskTake} {
		d.Staff.Permit(a, true, staff.Administrator)
	}
	d.Staff.Permit(inventory.ActDeskCheck, false, staff.Administrator)
	d.Staff.Permit(audit.ActDeskExport, true, staff.Auditor, staff.Administrator)
	d.Staff.Permit(audit.ActDeskRead, false, staff.Auditor, staff.Administrator)
}

// mount makes the router out of the table of pages.
func (d *Desk) mount() {
	for _, p := range pages() {
		path := d.site.Base + p.path
		d.mux.HandleFunc("GET "+path, func(w http.ResponseWriter, _ *http.Request) { w.(*exchange).visit(&p, p.get) })
		if p.post != nil {
			d.mux.HandleFunc("POST "+path, func(w http.ResponseWriter, _ *http.Request) {
				w.(*exchange).visit(&p,
					p.post)
			})
		}
	}
	d.mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) {
		w.(*exchange).Refuse(auth.Refuse(auth.NotFound))
	})
}

// An exchange is one request and its answer.
type exchange struct {
	*web.Exchange
	d      *Desk
	r      *http.Request
	caller auth.Caller
	fresh  bool // it showed no cookie of ours
	posted url.Values
	file   []byte    // that was sent beside them
	me     *staff.Me // nil: nobody is signed in
	told   *told     // what the form before has left for this page
}

// Open implements web.Face.
func (d *Desk) Open(e *web.Exchange) web.Request {
	x := &exchange{Exchange: e, d: d, r: e.Request()}
	x.Page = true
	chosen, _ := web.Cookie(x.r, d.languageCookie())
	x.caller.Language = d.Texts.Match(chosen, x.r.Header.Get("Accept-Language"))
	return x
}

// Answer implements web.Request.
func (x *exchange) Answer() { x.d.mux.ServeHTTP(x, x.r) }

// Refuse implements web.Request: a page that says what was refused.
func (x *exchange) Refuse(err error) {
	x.AwaitRefusal(err)
	e, ok := errors.AsType[*auth.Error](err)
	if !ok {
		code := auth.Internal
		if errors.Is(err, auth.ErrUnavailable) {
			code = auth.Unavailable
		}
		x.Log().Error("request failed", "id", x.ID, "route", x.Route, "error", err)
		e = auth.Refuse(code)
	}
	x.Code = e.Code
	v := &assets.Failure{Frame: x.frame()}
	v.Problems = []assets.Problem{{Code: string(e.Code), Args: x.says(e)}}
	status, known := web.Statuses()[e.Code]
	if !known {
		status = http.StatusInternalServerError
	}
	if err := x.show(status, v); err != nil {
		x.Log().Error("showing a refusal", "id", x.ID, "error", err)
		x.Send(status, "text/plain; charset=utf-8", []byte(e.Code))
	}
}

// The cookies, by what stands behind the prefix. The prefix __Host- forbids a path.
const (
	sessionCookie = "latchkey-desk"
	browserCookie = "latchkey-desk-browser"
	whoCookie     = "latchkey-desk-who"  // sealed: the address that signs in
	toldCookie    = "latchkey-desk-told" // sealed: what a form has left
	flowLife      = 20 * time.Minute
	browserLife   = 400 * 24 * time.Hour
)

func (d *Desk) cookieName(name string) string {
	prefix := ""
	if d.site.Secure {
		prefix = "__Secure-"
	}
	return prefix + d.site.PortPrefix() + name
}

// languageCookie is the one of the sellers' pages, which is for all pages of the site.
func (d *Desk) languageCookie() string { return d.site.Prefix + d.site.PortPrefix() + "latchkey-lang" }

func (x *exchange) put(name, value string, life time.Duration) {
	x.d.site.SetCookie(x, x.d.cookieName(name), value, "/desk", life)
}

func (x *exchange) drop(name string) { x.put(name, "", -time.Second) }

// seal keeps something in a cookie that this browser alone brings back, and reports whether it did.
func (x *exchange) seal(name string, v any, life time.Duration) bool {
	raw, err := json.Marshal(v)
	if err != nil {
		return false
	}
	text, err := x.d.Service.SealForBrowser(x.caller, name, raw)
	if err != nil || len(text) > maxSealed {
		return false
	}
	x.put(name, text, life)
	return true
}

// maxSealed is what fits in a cookie; a longer thing is not kept.
const maxSealed = 3500

// opened reads what seal has kept, and reports whether there was something.
func (x *exchange) opened(name string, v any) bool {
	text, n := web.Cookie(x.r, x.d.cookieName(name))
	if n != 1 || text == "" {
		return false
	}
	raw, err := x.d.Service.OpenForBrowser(x.caller, name, text)
	return err == nil && json.Unmarshal(raw, v) == nil
}

// identify works out who asks. It believes nothing: the domain reads the session.
func (x *exchange) identify() error {
	session, sessions := web.Cookie(x.r, x.d.cookieName(sessionCookie))
	browser, browsers := web.Cookie(x.r, x.d.cookieName(browserCookie))
	x.caller = auth.Caller{IP: x.Client(), Agent: web.Describe(x.r.UserAgent()), RequestID: x.ID,
		Language: x.caller.Language, Request: x.Fingerprint()}
	if sessions == 1 { // of two a sibling host has planted one
		x.caller.Token = session
	}
	if browsers == 1 && web.WellFormedBrowser(browser) {
		x.caller.Browser = browser
		return nil
	}
	id, err := x.Secret()
	if err != nil {
		return err
	}
	x.caller.Browser, x.fresh = id, true
	x.put(browserCookie, id, browserLife)
	return nil
}

// show renders a page.
func (x *exchange) show(status int, v assets.View) error {
	var b bytes.Buffer
	if err := x.d.Pages.Render(&b, x.caller.Language, v); err != nil {
		return fmt.Errorf("showing a page of the desk: %w", err)
	}
	x.Header().Set("Content-Language", x.caller.Language)
	x.Send(status, "text/html; charset=utf-8", b.Bytes())
	return nil
}

// redirect answers with 303 to a path of ours, without the base.
func (x *exchange) redirect(path string) error {
	x.Header().Set("Location", x.d.site.Base+path)
	x.WriteHeader(http.StatusSeeOther)
	return nil
}

// local is the path of this page without the base, with its query if it is looked at.
func (x *exchange) local() string {
	path := strings.TrimPrefix(x.r.URL.EscapedPath(), x.d.site.Base)
	if x.r.Method != http.MethodPost && x.r.URL.RawQuery != "" {
		path += "?" + x.r.URL.RawQuery
	}
	return path
}

func (x *exchange) field(name string) string { return strings.TrimSpace(x.posted.Get(name)) }
