package desk

import (
	"errors"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/web"
)

// A page is one address. GET shows; POST changes, and answers with 303.
type page struct {
	path string
	act  auth.Action // whom it is for: whose role has this act; "" is anybody
	file bool        // its form may bring a file
	back string      // the page that tells what a POST was refused with; "" is its own
	get  func(*exchange) error
	post func(*exchange) error
}

// pages is the one table of what can be reached.
func pages() []page {
	return slices.Concat(inPages(), accountPages(), trailPages(), ticketPages(), notMePages(), casePages(),
		responsePages(), peoplePages(), tokenPages(), recallPages())
}

// told is what a form leaves for the page that follows: what was refused, beside what was typed, or what was done.
type told struct {
	Path   string            `json:"p"`
	At     time.Time         `json:"t"`
	Error  *auth.Error       `json:"e,omitempty"`
	Typed  map[string]string `json:"f,omitempty"`
	Notice string            `json:"n,omitempty"`
	Name   string            `json:"na,omitempty"`
}

const toldLife = 5 * time.Minute

// typed are the fields that a form shows again. None of them is a secret.
func typedFields() []string {
	list := []string{"identifier", "email", "name", "role", "text", "reason", "of", "note", "ticket", "why", "list", "serial",
		"since", "network", "from", "to", "freeze", "password", "outcome"}
	for _, w := range recovery.Wants() {
		list = append(list, wantField(w))
	}
	for _, a := range staff.Assurances() {
		list = append(list, sureField(a))
	}
	for _, c := range recovery.Checks() {
		list = append(list, checkField(c))
	}
	return list
}

// visit serves one page.
func (x *exchange) visit(p *page, handle func(*exchange) error) {
	x.Route = x.r.Method + " " + p.path
	err := x.identify()
	if err == nil && x.r.Method == http.MethodPost {
		err = x.readForm(p)
	}
	if err == nil {
		x.takeTold()
		err = x.admit(p)
	}
	if err == nil {
		if handle == nil { // it is only posted to
			handle = func(x *exchange) error { return x.redirect(x.backOf(p)) }
		}
		err = handle(x)
	}
	if err != nil {
		x.refused(p, err)
	}
}

func (x *exchange) readForm(p *page) (err error) {
	if p.path != signOutPath {
		if err := x.Bound(); err != nil {
			return err
		}
	}
	if x.Uploads() { // it is read once somebody is found who may send it
		x.posted = url.Values{}
		return nil
	}
	if x.posted, err = x.Form(); err == nil && x.fresh {
		err = auth.Refuse(auth.CookiesOff) // the form was shown with our cookie, and came back without
	}
	return err
}

// Uploads implements web.Uploader.
func (x *exchange) Uploads() bool {
	media, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
	return x.r.Method == http.MethodPost && err == nil && media == "multipart/form-data" &&
		slices.ContainsFunc(pages(), func(p page) bool {
			return p.file && p.path == strings.TrimPrefix(x.r.URL.Path, x.d.site.Base)
		})
}

// readUpload reads the fields and the file of a form that brings one. Refuses TooLarge, TooSlow, MalformedRequest.
func (x *exchange) readUpload(field string, most int) error {
	if !x.Uploads() {
		return nil
	}
	file, err := x.File(field, most)
	for name, values := range x.Beside {
		if x.posted.Set(name, values[0]); !utf8.ValidString(name + values[0]) {
			return auth.Refuse(auth.MalformedRequest)
		}
	}
	if err != nil {
		return err
	}
	x.file = file
	x.Received = append([]byte(x.posted.Encode()+"\n"), file...)
	x.caller.Request = x.Fingerprint() // by what was sent
	return nil
}

// admit finds out who is signed in, and refuses whom the page is not for. What the domain does for a page it judges
// again.
func (x *exchange) admit(p *page) (err error) {
	if p.act == "" {
		return nil
	}
	if x.me, err = x.d.Staff.Me(x.r.Context(), x.caller); err != nil {
		return err
	}
	switch {
	case !x.d.Staff.May(x.me.Role, p.act):
		return auth.Refuse(auth.Forbidden)
	case !x.me.Ready && !slices.Contains(early(), p.act):
		return auth.Refuse(auth.MustEnrol)
	}
	return nil
}

// early are the acts of pages that somebody with one key sees.
func early() []auth.Action {
	return []auth.Action{staff.ActMe, staff.ActAddKey, staff.ActTouch, staff.ActEndOwn}
}

// refused leads on from a refusal: to where it can be answered, or to the page that tells of it.
func (x *exchange) refused(p *page, err error) {
	e, ok := errors.AsType[*auth.Error](err)
	if !ok {
		x.Refuse(err)
		return
	}
	x.Code = e.Code
	switch e.Code {
	case auth.SessionRequired, auth.SessionEnded:
		x.drop(sessionCookie)
		_ = x.redirect("/desk/sign-in")
		return
	case auth.MustEnrol:
		_ = x.redirect("/desk/keys")
		return
	case auth.StepUpRequired:
		x.leave(told{Path: x.backOf(p), Typed: x.typed()})
		_ = x.redirect("/desk/touch?" + url.Values{"next": {x.backOf(p)}}.Encode())
		return
	}
	if x.r.Method != http.MethodPost || e.Code == auth.Forbidden || e.Code == auth.CookiesOff || x.posted == nil {
		x.Refuse(err)
		return
	}
	x.AwaitRefusal(err)
	x.leave(told{Path: x.backOf(p), Error: e, Typed: x.typed()})
	_ = x.redirect(x.backOf(p))
}

// backOf is the path of the page that a form belongs to.
func (x *exchange) backOf(p *page) string {
	if p.back == "" {
		return x.local()
	}
	back := p.back
	for _, name := range []string{"id", "case", "link", "report"} {
		back = strings.ReplaceAll(back, "{"+name+"}", url.PathEscape(x.r.PathValue(name)))
	}
	return back
}

func (x *exchange) typed() map[string]string {
	all := map[string]string{}
	for _, name := range typedFields() {
		if v := x.field(name); v != "" && len(v) <= 2000 {
			all[name] = v
		}
	}
	return all
}

func (x *exchange) leave(t told) {
	t.At = x.d.Now()
	if !x.seal(toldCookie, t, toldLife) { // what was typed has no room: what became of it is told without
		t.Typed = nil
		x.seal(toldCookie, t, toldLife)
	}
}

// done leads on from an act, and has the next page say so.
func (x *exchange) done(path, notice, name string) error {
	x.leave(told{Path: path, Notice: notice, Name: name})
	return x.redirect(path)
}

// takeTold takes up what a form has left for this page.
func (x *exchange) takeTold() {
	var t told
	if x.r.Method != http.MethodGet || !x.opened(toldCookie, &t) || t.Path != x.local() ||
		x.d.Now().Sub(t.At) >= toldLife {
		return
	}
	x.drop(toldCookie)
	x.told = &t
	x.posted = url.Values{}
	for name, v := range t.Typed {
		x.posted.Set(name, v)
	}
}

// frame is what a page shares with all others.
func (x *exchange) frame() assets.Frame {
	f := assets.Frame{Path: x.local(), Now: x.d.Now(), Old: web.Outdated(x.r.UserAgent()), Desk: &assets.Desk{}}
	if x.me != nil {
		f.Who, f.SignedIn = x.me.Name, true
		f.Desk.Role = string(x.me.Role)
		if x.me.Ready {
			f.Desk.Links = x.links()
		}
	}
	if x.told == nil {
		return f
	}
	if x.told.Notice != "" {
		f.Notice = &assets.Notice{Key: x.told.Notice, Args: assets.Args{"name": x.told.Name, "number": x.told.Name}}
	}
	if x.told.Error != nil {
		for _, e := range append([]*auth.Error{x.told.Error}, x.told.Error.Also...) {
			f.Problems = append(f.Problems, assets.Problem{Code: string(e.Code), Args: x.says(e), Field: e.Field})
		}
	}
	return f
}

// A station is one entry of the navigation.
type station struct {
	path, text string
	act        auth.Action
}

// stations are all of them, in the order in which they are offered: the first that a role may is its home.
func stations() []station {
	return []station{{"/desk/accounts", "desk.find", staff.ActFind}, {"/desk/tickets", "desk.tickets", staff.ActTicket},
		{tokensPath, "desk.tokens", inventory.ActDeskFind}, {recallsPath, "desk.recalls", inventory.ActDeskRecalls},
		{"/desk/recovery", "desk.cases", recovery.ActView}, {notMePath, "desk.not-me", recovery.ActReports},
		{"/desk/responses", "desk.responses", staff.ActResponses},
		{"/desk/staff", "desk.staff", staff.ActPeople}, {"/desk/audit", "desk.trail", staff.ActTrail},
		{"/desk/keys", "desk.keys", staff.ActAddKey}}
}

// links is the navigation: what the role may.
func (x *exchange) links() []assets.DeskLink {
	var all []assets.DeskLink
	for _, l := range stations() {
		if x.d.Staff.May(x.me.Role, l.act) {
			path, _, _ := strings.Cut(x.local(), "?")
			all = append(all, assets.DeskLink{Path: l.path, Text: l.text, Here: strings.HasPrefix(path+"/",
				l.path+"/")})
		}
	}
	return all
}

// says are the values of a refusal's texts: what the domain made public.
func (x *exchange) says(e *auth.Error) assets.Args {
	args := assets.Args{"now": x.d.Now(), "ticket": x.ID}
	for k, v := range e.Args {
		args[k] = v
		if n, err := strconv.Atoi(v); err == nil && k == "n" { // the texts call it by what it bounds
			args["n"] = n
			args["min"] = n
			args["max"] = n
		}
	}
	if !e.Until.IsZero() {
		args["time"] = e.Until
	}
	return args
}
