package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// The head of every refusal, by its code: how long to wait, by what to sign in, and whose cookie falls.
func TestHeadsOfRefusals(t *testing.T) {
	s := newServer(t, nil)
	now := s.now()
	strong := auth.Demand{Class: auth.Strong, MaxAge: 10 * time.Minute}
	step := `Bearer error="insufficient_user_authentication", error_description="A fresh second step is needed", acr_values="`
	for _, c := range []struct {
		name    string
		err     *auth.Error
		program bool
		status  int
		wait    string // Retry-After
		sign    string // WWW-Authenticate
		dropped bool
	}{
		{"wait", auth.Refuse(auth.SignInLocked).At(now.Add(90 * time.Second)), false, 429, "90", "", false},
		{"wait a little more", auth.Refuse(auth.SignInLocked).At(now.Add(90*time.Second + 1)), false, 429, "91", "",
			false},
		{"wait less than a second", auth.Refuse(auth.SignInLocked).At(now.Add(1)), false, 429, "1", "", false},
		{"over", auth.Refuse(auth.SignInLocked).At(now.Add(-time.Hour)), false, 429, "1", "", false},
		{"too many, until nobody knows", auth.Refuse(auth.TooManyRequests), false, 429, "1", "", false},
		{"resting, until nobody knows", auth.Refuse(auth.MethodResting), false, 429, "", "", false},
		{"unavailable", auth.Refuse(auth.Unavailable), false, 503, "1", "", false},
		{"code unavailable", auth.Refuse(auth.CodeUnavailable), false, 503, "1", "", false},
		{"wrong", auth.Refuse(auth.CodeWrong), false, 422, "", "", false},
		{"media type", auth.RefuseField(auth.MalformedRequest, web.ContentType), false, 415, "", "", false},
		{"a member", auth.RefuseField(auth.MalformedRequest, "email"), false, 400, "", "", false},
		{"another code with that member", auth.RefuseField(auth.UnknownMember, web.ContentType), false, 400, "", "", false},
		{"a code that nobody knows", auth.Refuse("nobody-knows"), false, 500, "", "", false},
		{"no session", auth.Refuse(auth.SessionRequired), false, 401, "", `Bearer realm="latchkey"`, false},
		{"ended", auth.Refuse(auth.SessionEnded), false, 401, "", `Bearer error="invalid_token"`, true},
		{"ended, of a program", auth.Refuse(auth.SessionEnded), true, 401, "", `Bearer error="invalid_token"`, false},
		{"step-up", &auth.Error{Code: auth.StepUpRequired, Demand: strong}, false, 401, "", step +
			`strong", max_age="600"`, false},
		{"too weak", &auth.Error{Code: auth.TooWeak, Demand: strong}, false, 401, "", step +
			`strong", max_age="600"`, false},
		{"step-up of any age", &auth.Error{Code: auth.StepUpRequired, Demand: auth.Demand{Class: auth.Weak}}, false,
			401, "",
			step + `weak"`, false},
	} {
		x := asking(s, "POST", "/")
		x.program = c.program
		status, h := x.deny(c.err), x.Header()
		if status != c.status || h.Get("Retry-After") != c.wait || h.Get("WWW-Authenticate") != c.sign {
			t.Errorf("%s: got %d, %q, %q, want %d, %q, %q", c.name, status, h.Get("Retry-After"),
				h.Get("WWW-Authenticate"),
				c.status, c.wait, c.sign)
		}
		if dropped := h.Get("Set-Cookie") != ""; dropped != c.dropped || x.Code != c.err.Code {
			t.Errorf("%s: got the session's cookie dropped %v and %q for the log, want %v", c.name, dropped, x.Code,
				c.dropped)
		}
	}
	for class, want := range map[auth.Class]string{auth.Weak: "weak", auth.Strong: "strong", auth.Best: "best",
		auth.Same: "same", 0: "none"} {
		if got := acr(class); got != want {
			t.Errorf("class %d: got %q, want %q", class, got, want)
		}
	}
}

// Whatever a use case returns, a refusal is told as it is; a failure is "internal", and "unavailable" where it passes
// or nobody waits for it any more: no word of it reaches anybody.
func TestFailuresAreNotTold(t *testing.T) {
	s := newServer(t, nil)
	gone, leave := context.WithCancel(t.Context())
	leave()
	for _, c := range []struct {
		name string
		ctx  context.Context
		err  error
		want auth.Code
	}{
		{"a refusal", t.Context(), auth.Refuse(auth.CodeWrong), auth.CodeWrong},
		{"a refusal within", t.Context(), fmt.Errorf("doing: %w", auth.Refuse(auth.CodeWrong)), auth.CodeWrong},
		{"a failure", t.Context(), errors.New("canary"), auth.Internal},
		{"a store that is full", t.Context(), fmt.Errorf("canary: %w", auth.ErrUnavailable), auth.Unavailable},
		{"nobody waits", gone, errors.New("canary"), auth.Unavailable},
	} {
		x := asking(s, "POST", "/")
		x.r = x.r.WithContext(c.ctx)
		x.Refuse(c.err)
		w := x.ResponseWriter.(*httptest.ResponseRecorder)
		if got := refused(t, w); got.Code != string(c.want) || strings.Contains(w.Body.String(), "canary") {
			t.Errorf("%s: got %s, want %s and none of its words", c.name, w.Body, c.want)
		}
	}
}

// A problem document has a member for all that a refusal says, and none for what it does not.
func TestMembersOfAProblem(t *testing.T) {
	s := newServer(t, nil)
	until := s.now().Add(time.Minute)
	lone := `{"type":"https://accounts.example/problems/code-wrong","title":"T code-wrong","detail":"D code-wrong",` +
		`"status":422,"code":"code-wrong","requestId":"id-of-request"}`
	full := `{"type":"https://accounts.example/problems/fresh-step-needed","title":"T fresh-step-needed",` +
		`"detail":"D fresh-step-needed","status":401,"code":"fresh-step-needed","field":"code","args":{"n":"3"},` +
		`"until":"2026-03-03T14:01:00Z","acrValues":"strong","maxAge":300,"also":[{"code":"name-missing","field":"name",` +
		`"title":"T name-missing","detail":"D name-missing","args":{"label":"x"}}],"step":"7.1.9","cause":"key-wrong",` +
		`"unknownCredential":true,"requestId":"id-of-request"}`
	all := &auth.Error{Code: auth.StepUpRequired, Field: "code", Args: map[string]string{"n": "3"}, Until: until,
		Step:  "7.1.9",
		Cause: auth.KeyWrong, Unknown: &auth.UnknownCredential{}, Demand: auth.Demand{Class: auth.Strong,
			MaxAge: 5 * time.Minute},
		Also: []*auth.Error{{Code: auth.NameMissing, Field: "name", Args: map[string]string{"label": "x"}}}}
	for want, err := range map[string]*auth.Error{lone: auth.Refuse(auth.CodeWrong), full: all} {
		x := asking(s, "POST", "/")
		x.ID = "id-of-request"
		x.caller.Language = "en"
		x.s.texts = codeTexts{}
		x.document(err)
		w := x.ResponseWriter.(*httptest.ResponseRecorder)
		if got := w.Body.String(); !sameJSON(got, want) || w.Header().Get("Content-Language") != "en" {
			t.Errorf("got  %s\nwant %s", got, want)
		}
	}
}

// codeTexts name the code.
type codeTexts struct{ plainTexts }

func (codeTexts) Problem(_, code string, _ assets.Args) (title, detail string) {
	return "T " + code, "D " + code
}

// sameJSON compares documents.
func sameJSON(got, want string) bool {
	var a, b any
	if json.Unmarshal([]byte(got), &a) != nil || json.Unmarshal([]byte(want), &b) != nil {
		return false
	}
	return fmt.Sprint(a) == fmt.Sprint(b)
}

// The values that texts name: what the refusal made public, and what only the face knows.
func TestValuesOfARefusal(t *testing.T) {
	s := newServer(t, nil)
	until := s.now().Add(time.Hour)
	for _, c := range []struct {
		err  *auth.Error
		name string
		want any
	}{
		{auth.Refuse(auth.TooLarge), "limit", "64 KB"}, {auth.Refuse(auth.CodeWrong), "limit", nil},
		{auth.RefuseField(auth.DuplicateMember, "email"), "name", "email"},
		{auth.RefuseField(auth.UnknownMember, "email"), "name", "email"},
		{auth.RefuseField(auth.EmailMalformed, "email"), "name", nil},
		{auth.Refuse(auth.CodeWrong, "n", "3"), "n", 3}, {auth.Refuse(auth.CodeWrong, "n", "3"), "min", 3},
		{auth.Refuse(auth.CodeWrong, "n", "3"), "max", 3}, {auth.Refuse(auth.CodeWrong, "n", "three"), "n", "three"},
		{auth.Refuse(auth.CodeWrong, "label", "42"), "label", "42"}, {auth.Refuse(auth.CodeWrong, "label", "42"),
			"n", nil},
		{auth.Refuse(auth.CodeWrong), "time", nil}, {auth.Refuse(auth.CodeWrong).At(until), "time", until},
		{auth.Refuse(auth.CodeWrong), "now", s.now()}, {auth.Refuse(auth.Internal), "ticket", "id-of-request"},
	} {
		x := asking(s, "POST", "/")
		x.ID = "id-of-request"
		if got := x.says(c.err)[c.name]; got != c.want {
			t.Errorf("%s %v: got %s %v, want %v", c.err.Code, c.err.Args, c.name, got, c.want)
		}
	}
}

// A failure of the house names a ticket beside its words, and can be tried again; a refusal has neither.
func TestFailuresNameATicket(t *testing.T) {
	for _, c := range []struct {
		sink   Sink
		path   string
		status int
		ticket bool
	}{{brokenSink{}, "/dev/messages", 500, true}, {noMessages{}, "/nothing", 404, false}} {
		w := localWorld(t, nil)
		w.server.config.Sink = c.sink
		got := opens(w.server, http.MethodGet, "http://localhost:8080"+c.path, letIn(t, w.server))
		id := got.Header().Get("X-Request-Id")
		says := wordsOf(got.Body.String())
		ticket := strings.Contains(says, "Your ticket number is")
		if again := strings.Contains(says, w.texts.Say("en", "act.again", nil)); ticket != c.ticket || again != c.ticket ||
			got.Code != c.status || id == "" {
			t.Errorf("%s: got %d with ticket %q in %s, want %d and ticket %v", c.path, got.Code, id, got.Body, c.status, c.ticket)
		}
	}
}

type brokenSink struct{}

func (brokenSink) Recent(int) ([]Sent, error) { return nil, errors.New("canary") }
