package server

import (
	"errors"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// A Problem is the body of every refusal (RFC 9457). It never holds what was submitted.
type Problem struct {
	Type      string            // Origin + "/problems/" + Code
	Title     string            // what happened, in the language of the request
	Detail    string            // what to do now
	Status    int               // as in the status line
	Code      auth.Code         // what programs look at; never renamed
	Field     string            // the member at fault
	Args      map[string]string // the values that the texts name
	Until     time.Time         // when trying again makes sense; also Retry-After
	AcrValues string            // what a step-up must show (RFC 9470): weak, strong, best or same
	MaxAge    *time.Duration    // and how old it may be, in seconds
	Also      []Fault           `json:"also,omitempty"` // what else is wrong: a form is told all at once
	Step      string            // where WebAuthn Level 3 asks for what was refused: "7.1.9"
	Cause     auth.Code         // in a lab, where the code is deliberately blunt: that of the check that refused
	// of a key's response: nobody has that credential here, and the browser that made it should be told so
	UnknownCredential *bool
	RequestID         string // for support and the log
}

// A Fault is one more thing that was refused.
type Fault struct {
	Code          auth.Code
	Field         string
	Title, Detail string
	Args          map[string]string
}

// refusal turns whatever a use case returned into what may be said. Anything that is not a refusal is logged here,
// once, and told as "internal" or "unavailable".
func (x *request) refusal(err error) *auth.Error {
	var e *auth.Error
	if errors.As(err, &e) {
		return e
	}
	code, level := auth.Internal, slog.LevelError
	if errors.Is(err, auth.ErrUnavailable) || x.r.Context().Err() != nil {
		code, level = auth.Unavailable, slog.LevelWarn
	}
	x.s.log.LogAttrs(x.r.Context(), level, "request failed", slog.String("id", x.ID), slog.String("route", x.Route),
		slog.String("error", err.Error()))
	return auth.Refuse(code)
}

// statusOf returns the status of a refusal. MalformedRequest with the wrong media type is 415.
func (s *Server) statusOf(e *auth.Error) int {
	if e.Code == auth.MalformedRequest && e.Field == web.ContentType {
		return http.StatusUnsupportedMediaType
	}
	if status, ok := s.statuses[e.Code]; ok {
		return status
	}
	return http.StatusInternalServerError
}

// deny sets what every refusal has in its head, and returns its status.
func (x *request) deny(e *auth.Error) int {
	status := x.s.statusOf(e)
	x.Code = e.Code
	h := x.Header()
	if !e.Until.IsZero() {
		wait := math.Ceil(e.Until.Sub(x.s.now()).Seconds())
		h.Set("Retry-After", strconv.Itoa(int(max(wait, 1))))
	} else if status == http.StatusServiceUnavailable || e.Code == auth.TooManyRequests {
		h.Set("Retry-After", "1")
	}
	if status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", challenge(e))
	}
	if e.Code == auth.SessionEnded && !x.program {
		x.drop(sessionCookie)
	}
	return status
}

// challenge is the WWW-Authenticate of a 401: RFC 6750 §3, and RFC 9470 §3 for a step-up.
func challenge(e *auth.Error) string {
	switch e.Code {
	case auth.StepUpRequired, auth.TooWeak:
		v := `Bearer error="insufficient_user_authentication", error_description="A fresh second step is needed", acr_values="` + acr(e.Demand.Class) + `"`
		if e.Demand.MaxAge > 0 {
			v += `, max_age="` + strconv.Itoa(int(e.Demand.MaxAge.Seconds())) + `"`
		}
		return v
	case auth.SessionEnded:
		return `Bearer error="invalid_token"`
	}
	return `Bearer realm="latchkey"`
}

// acr names a class of methods as API.
func acr(c auth.Class) string {
	switch c {
	case auth.Weak:
		return "weak"
	case auth.Strong:
		return "strong"
	case auth.Best:
		return "best"
	case auth.Same:
		return "same"
	}
	return "none"
}

// document writes the problem document of a refusal.
func (x *request) document(err error) {
	e := x.refusal(err)
	status := x.deny(e)
	title, detail := x.s.texts.Problem(x.caller.Language, string(e.Code), x.says(e))
	p := Problem{Type: x.s.site.Problems + string(e.Code), Title: title, Detail: detail, Status: status, Code: e.Code,
		Field: e.Field, Args: e.Args, Until: e.Until, Step: e.Step, Cause: e.Cause,
		RequestID: x.ID}
	if e.Unknown != nil {
		p.UnknownCredential = new(true)
	}
	if e.Code == auth.StepUpRequired || e.Code == auth.TooWeak {
		p.AcrValues, p.MaxAge = acr(e.Demand.Class), &e.Demand.MaxAge
	}
	for _, also := range e.Also {
		title, detail := x.s.texts.Problem(x.caller.Language, string(also.Code), x.says(also))
		p.Also = append(p.Also, Fault{Code: also.Code, Field: also.Field, Title: title, Detail: detail, Args: also.Args})
	}
	x.Header().Set("Content-Language", x.caller.Language)
	x.Send(status, "application/problem+json", x.s.problem.append(nil, &p))
}

// says returns the values of a refusal's texts. Values are what the domain made public, and what the face itself set;
// nothing of the request is among them.
func (x *request) says(e *auth.Error) assets.Args {
	args := assets.Args{"now": x.s.now(), "ticket": x.ID}
	switch e.Code {
	case auth.TooLarge:
		args["limit"] = strconv.Itoa(web.MaxBody>>10) + " KB"
	case auth.DuplicateMember, auth.UnknownMember:
		args["name"] = e.Field // one of our own members, never what was sent
	}
	for k, v := range e.Args {
		if n, err := strconv.Atoi(v); err == nil && k == "n" {
			if n == 0 { // no tries left are not counted to anybody: what comes next says how long to wait
				continue
			}
			args["n"] = n
			args["min"] = n
			args["max"] = n
			continue
		}
		args[k] = v
	}
	if !e.Until.IsZero() {
		args["time"] = x.untilWhen(e.Until)
	}
	return args
}

// untilWhen is how a moment ahead is told: to the second where somebody may sit and wait for it. Whoever is told the
// minute that has begun comes back too early.
func (x *request) untilWhen(t time.Time) any {
	if left := t.Sub(x.s.now()); left > 0 && left < time.Hour {
		return assets.Clock(t)
	}
	return t
}
