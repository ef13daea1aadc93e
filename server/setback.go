package server

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// A setback is a form that was refused, or whose page is wanted in the other language. Its POST answers with 303, so
// that going back and loading again show a page of ours and not the browser's own; the page that is shown then says
// what was refused, beside what was typed. It travels in
// a cookie, sealed for this browser. Passwords, codes and answers of keys are no part of it, and on a shared computer
// nothing that was typed is.
type setback struct {
	Path  string            `json:"p"` // of the page, without the base
	At    time.Time         `json:"t"`
	Error *auth.Error       `json:"e,omitempty"`
	Typed map[string]string `json:"f,omitempty"`
}

const (
	setbackLife = 5 * time.Minute
	setbackTold = 30 * time.Second // for so long the page says what was refused; then it only keeps what was typed
	setbackSeal = "refused form"
)

// errAnswered says that the request has been answered while its page was being made.
var errAnswered = errors.New("answered with a redirect")

// leaveSetback answers a refused form of a person: the page at that path tells of it.
func (x *request) leaveSetback(path string, e *auth.Error) error {
	x.deny(e)
	for _, name := range []string{"Retry-After", "WWW-Authenticate"} { // the page says when; a redirect needs none
		x.Header().Del(name)
	}
	x.setback = &setback{Path: path, At: x.s.now(), Error: e, Typed: x.typed()} // the redirect carries it
	if err := x.redirectOrDraw(path); err != nil {
		return err
	}
	return errAnswered
}

// backWithTyped goes back to a page from a form of it that did something else: what was typed there stays.
func (x *request) backWithTyped(path string) error {
	if typed := x.typed(); len(typed) > 0 {
		x.setback = &setback{Path: path, At: x.s.now(), Typed: typed}
	}
	return x.redirectOrDraw(path)
}

// redirectOrDraw answers with 303, and the setback in its cookie. What was typed and is too long for one is no less
// dear to who has typed it: then the page is drawn at once.
func (x *request) redirectOrDraw(path string) error {
	if x.setback == nil || len(x.setback.Typed) == 0 || x.fits(x.setback) {
		return x.redirect(path)
	}
	x.posted = url.Values{}
	for name, v := range x.setback.Typed {
		x.posted.Set(name, v)
	}
	if x.setback.Error == nil {
		x.setback = nil
	}
	return x.again(path)
}

// fits reports whether a setback has room in its cookie.
func (x *request) fits(b *setback) bool {
	_, ok := x.sealedSetback(b)
	return ok
}

func (x *request) sealedSetback(b *setback) (text string, fits bool) {
	raw, err := json.Marshal(b)
	if err != nil {
		return "", false
	}
	text, err = x.s.service.SealForBrowser(x.caller, setbackSeal, raw)
	return text, err == nil && len(text) <= maxFlash
}

// refuseTo is leaveSetback for whatever went wrong with a form: failures are told where they arose.
func (x *request) refuseTo(path string, err error) error {
	e := new(auth.Error)
	if errors.As(err, &e) && !leadsElsewhere(e) && e.Code != auth.Unavailable {
		return x.leaveSetback(path, e)
	}
	return err
}

// leadsElsewhere reports whether a refusal is answered by what comes first: signing in, enrolling, a fresh step.
func leadsElsewhere(e *auth.Error) bool {
	switch e.Code {
	case auth.SessionRequired, auth.SessionEnded, auth.MustEnrol, auth.StepUpRequired, auth.TooWeak:
		return true
	}
	return false
}

// sharedComputer reports whether the person has said that others use this browser too.
func (x *request) sharedComputer() bool {
	_, n := web.Cookie(x.r, x.s.cookieName(sharedCookie))
	return n > 0 || x.field("shared") == "yes"
}

// carrySetback puts a setback into its cookie, without what was typed if it is too long for one. It reports whether
// all of it is there.
func (x *request) carrySetback(b *setback) bool {
	whole := true
	for range 2 {
		if text, ok := x.sealedSetback(b); ok {
			x.put(setbackCookie, text, setbackLife)
			return whole
		}
		b.Typed, whole = nil, false
	}
	return false
}

// typedFields are the fields that a form shows again after a refusal.
func typedFields() []string {
	return []string{"name", "user-name", "email", "phone", "region", "identifier", "place", "serial", "public-id", "terms", "remember",
		"shared", "via", "kind", "question", "role", "new-email", "text", "lost-phone", "lost-key", "lost-passkey", "lost-pc",
		"lost-mailbox", "lost-paper", "lost-code", "days"}
}

func (x *request) typed() map[string]string {
	if x.sharedComputer() {
		return nil
	}
	typed := map[string]string{}
	for _, name := range typedFields() {
		if v := x.field(name); v != "" {
			typed[name] = v
		}
	}
	return typed
}

// keptSetback is the one that this browser carries for a page, nil for none.
func (x *request) keptSetback(path string) *setback {
	text, n := web.Cookie(x.r, x.s.cookieName(setbackCookie))
	if n == 0 {
		return nil
	}
	raw, err := x.s.service.OpenForBrowser(x.caller, setbackSeal, text)
	b := new(setback)
	if err != nil || json.Unmarshal(raw, b) != nil {
		x.drop(setbackCookie)
		return nil
	}
	if x.s.now().Sub(b.At) >= setbackLife || b.Path != path {
		return nil
	}
	return b
}

// takeSetback takes up what a form has left for this page.
func (x *request) takeSetback() {
	b := x.keptSetback(x.local())
	if b == nil {
		return
	}
	if x.posted == nil {
		x.posted = map[string][]string{}
		for name, v := range b.Typed {
			x.posted.Set(name, v)
		}
	}
	if b.Error != nil && x.s.now().Sub(b.At) < setbackTold {
		x.setback = b
	}
}

// setBack reports whether this page follows a refusal; with codes, one of these.
func (x *request) setBack(codes ...auth.Code) bool {
	if x.setback == nil {
		return false
	}
	for _, c := range codes {
		if x.setback.Error.Code == c {
			return true
		}
	}
	return len(codes) == 0
}

// unknownSignal is how a page tells the browser of a credential that nobody has here.
func unknownSignal(u *auth.UnknownCredential) *assets.Signals {
	if u == nil {
		return nil
	}
	return &assets.Signals{RPID: u.RPID, Unknown: u.CredentialID}
}

// tellSetback says on a page what was refused.
func (x *request) tellSetback(f *assets.Frame) {
	if x.setback != nil && x.r.Method == http.MethodGet {
		x.addProblems(f, x.setback.Error)
		if f.Signals == nil {
			f.Signals = unknownSignal(x.setback.Error.Unknown)
		}
	}
}

// movesOn reports whether a refusal that no form has shown is told by the page that stands at the form's address. What
// is no form of ours is answered where it is, like all that was not read.
func (x *request) movesOn(p *page, e *auth.Error) bool {
	if x.r.Method != http.MethodPost || p.get == nil || x.fresh {
		return false
	}
	switch e.Code {
	case auth.MalformedRequest, auth.UnknownMember, auth.DuplicateMember, auth.TooLarge, auth.TooSlow, auth.CrossOrigin:
		return false
	}
	return x.s.statusOf(e) < http.StatusInternalServerError
}
