package conform_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// shopMapping uses everything that a mapping has, against a shop that asks for everything: a form with a token in it, a
// cookie that must come back as a header, an identifier for each flow, options within a string, redirects as answers.
const shopMapping = `version: 1
name: shop
features: [discoverable, verification, second-visit, second-key, attestation, unique-ids, sign-counter, expiry, removal, disabling, fido-u2f, tpm, android-key, apple, compound]
vars: {plan: basic & more}
headers: {X-Plan: '{{.plan}}'}
visit:
  - path: /sign-up
    take: {form: {text: 'value="([^"]+)"'}, csrf: {cookie: csrf}}
  - path: /sign-up
    headers: {Content-Type: application/x-www-form-urlencoded, X-CSRF: '{{.cookies.csrf}}'}
    body: user={{form .name}}&plan={{form .plan}}&form={{form .form}}
    accepted: {status: [303], header: {Location: '^/home$'}}
    take: {account: {header: X-Account}}
again:
  - path: /session
    body: '{"account":{{json .account}}}'
    accepted: {text: welcome back}
register:
  begin: &begin
    path: /begin
    headers: {X-CSRF: '{{.csrf}}'}
    body: '{"kind":"registration","verify":{{.verify}},"discoverable":{{.discoverable}}}'
    options: $.data[0].options
    take: {flow: {json: '$.data[-1].flow'}}
  finish: &finish
    method: PUT
    path: /registrations/{{.flow}}
    body: '{{.response}}'
    accepted: {status: [200], json: {$.verified: true, $.errors: []}}
    code: $.errors[0].code
    text: $.errors[0].message
sign_in:
  begin:
    <<: *begin
    body: '{"kind":"authentication","verify":{{.verify}},"discoverable":{{.discoverable}}}'
  finish:
    <<: *finish
    path: /sign-ins/{{.flow}}
expire: [{path: /desk/expire, method: POST}]
remove: [{path: '/desk/remove?id={{form .credential}}', method: POST}]
disable: [{path: /desk/disable, method: POST}]
oracle:
  codes: {spent-flow: [spent], bad-origin: [origin]}
  texts: [{match: '^E-(.*)', reasons: [malformed]}]
`

// A shop puts an HTTP interface of its own before a fixture party.
type shop struct {
	party  fault.Party
	t      testing.TB
	mu     sync.Mutex
	visits map[string]fault.Visit // by session
	flows  map[string]*fault.Begun
	count  int
}

func (s *shop) number() string {
	s.count++
	return fmt.Sprintf("n%d", s.count)
}

func (s *shop) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		s.t.Error(err)
	}
	if got := r.Header.Get("X-Plan"); got != "basic & more" {
		s.t.Errorf("%s: got plan %q", r.URL, got)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	session := ""
	if c, err := r.Cookie("session"); err == nil {
		session = c.Value
	}
	visit := s.visits[session]
	switch name := r.Method + " " + r.URL.Path; {
	case name == "GET /sign-up":
		http.SetCookie(w, &http.Cookie{Name: "csrf", Value: s.number(), Path: "/"})
		_, _ = io.WriteString(w, `<form><input type="hidden" name="form" value="of-today"></form>`)
	case name == "POST /sign-up":
		s.signUp(w, r, string(body))
	case name == "POST /session":
		s.again(w, r, body)
	case visit == nil:
		http.Error(w, "who are you", http.StatusUnauthorized)
	case name == "POST /begin":
		s.begin(w, r, visit, body)
	case strings.HasPrefix(name, "PUT /registrations/"):
		s.finish(w, r, visit.RegisterFinish, body)
	case strings.HasPrefix(name, "PUT /sign-ins/"):
		s.finish(w, r, visit.SignInFinish, body)
	case name == "POST /desk/expire":
		err = visit.(fault.Desk).Expire(r.Context())
	case name == "POST /desk/disable":
		err = visit.(fault.Desk).Disable(r.Context())
	case name == "POST /desk/remove":
		id, _ := base64.RawURLEncoding.DecodeString(r.URL.Query().Get("id"))
		err = visit.(fault.Desk).Remove(r.Context(), id)
	default:
		s.t.Errorf("got %s, which the mapping does not have", name)
	}
	if err != nil {
		s.t.Errorf("%s: %v", r.URL, err)
	}
}

func (s *shop) open(w http.ResponseWriter, v fault.Visit) string {
	session := s.number()
	s.visits[session] = v
	http.SetCookie(w, &http.Cookie{Name: "session", Value: session, Path: "/", HttpOnly: true, Secure: true})
	return session
}

func (s *shop) signUp(w http.ResponseWriter, r *http.Request, body string) {
	r.Body = io.NopCloser(strings.NewReader(body))
	csrf, err := r.Cookie("csrf")
	if err != nil || csrf.Value != r.Header.Get("X-CSRF") || r.FormValue("form") != "of-today" ||
		r.FormValue("plan") != "basic & more" {
		http.Error(w, "forged", http.StatusForbidden)
		return
	}
	v, err := s.party.Visit(r.Context(), r.FormValue("user"))
	if err != nil {
		http.Redirect(w, r, "/sign-up?taken", http.StatusSeeOther)
		return
	}
	w.Header().Set("X-Account", s.open(w, v))
	http.Redirect(w, r, "/home", http.StatusSeeOther)
}

func (s *shop) again(w http.ResponseWriter, r *http.Request, body []byte) {
	var in struct{ Account string }
	if err := json.Unmarshal(body, &in); err != nil || s.visits[in.Account] == nil {
		http.Error(w, "no such account", http.StatusNotFound)
		return
	}
	v, err := s.visits[in.Account].Again(r.Context())
	if err != nil {
		s.t.Error(err)
	}
	s.open(w, v)
	_, _ = io.WriteString(w, "welcome back")
}

func (s *shop) begin(w http.ResponseWriter, r *http.Request, v fault.Visit, body []byte) {
	var in struct {
		Kind                 fault.Ceremony
		Verify, Discoverable bool
	}
	csrf, err := r.Cookie("csrf")
	if json.Unmarshal(body, &in) != nil || err == nil && csrf.Value != r.Header.Get("X-CSRF") {
		http.Error(w, "forged", http.StatusForbidden)
		return
	}
	start := v.RegisterBegin
	if in.Kind == fault.Authentication {
		start = v.SignInBegin
	}
	b, err := start(r.Context(), fault.Wish{Verify: in.Verify, Discoverable: in.Discoverable})
	if err != nil {
		s.t.Error(err)
		return
	}
	flow := s.number()
	s.flows[flow] = b
	_ = json.NewEncoder(w).Encode(map[string]any{"data": []any{
		map[string]any{"options": string(b.Options)}, map[string]any{"flow": flow},
	}})
}

type finish func(context.Context, *fault.Begun, []byte) (*fault.Answer, error)

func (s *shop) finish(w http.ResponseWriter, r *http.Request, end finish, body []byte) {
	_, flow, _ := strings.Cut(r.URL.Path[1:], "/")
	a, err := end(r.Context(), s.flows[flow], body)
	if err != nil {
		s.t.Error(err)
		return
	}
	errors := []any{}
	if !a.Accepted {
		errors = append(errors, map[string]any{"code": a.Code, "message": a.Text})
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"verified": a.Accepted, "errors": errors})
}

func TestAMappingOfAnUnfriendlyShop(t *testing.T) {
	m, err := conform.ReadMapping(strings.NewReader(shopMapping))
	if err != nil {
		t.Fatal(err)
	}
	p := fixture(t)
	s := httptest.NewServer(&shop{party: p, t: t, visits: map[string]fault.Visit{}, flows: map[string]*fault.Begun{}})
	defer s.Close()
	opened, err := m.Open(conform.Target{URL: s.URL, Origin: p.About().Origin, RPID: p.About().RPID})
	if err != nil {
		t.Fatal(err)
	}
	var faults []*fault.Fault
	for i, f := range fault.Catalogue() {
		if f.Reason == fault.Spent || i%5 == 0 || f.Ceremony == fault.Authentication && i%2 == 0 {
			faults = append(faults, f)
		}
	}
	rep := run(t, opened, faults, conform.Options{Parallel: 4, Strict: true})
	if bad := wrong(rep); len(bad) > 0 {
		t.Errorf("got %d wrong, want none:\n%s", len(bad), strings.Join(bad, "\n"))
	}
	if rep.Summary.Verdicts[conform.Pass] < len(faults)/2 {
		t.Errorf("got %s, want most of it played", rep.Line())
	}
}

func TestAWrongAdapterIsAnErrorNotAReport(t *testing.T) {
	s := httptest.NewServer(http.NotFoundHandler())
	defer s.Close()
	opened, err := conform.FIDO{Target: conform.Target{URL: s.URL}}.Open()
	if err != nil {
		t.Fatal(err)
	}
	rep, err := conform.Run(t.Context(), opened, fault.Catalogue(), conform.Options{})
	if rep != nil || err == nil || !strings.Contains(err.Error(), "404") {
		t.Errorf("got %v and %v, want an error that tells the status", rep, err)
	}
}
