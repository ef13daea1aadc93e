package conform_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// A timeless party has no desk at which time could be moved.
type timeless struct{ fault.Party }

func (p timeless) About() fault.About {
	a := p.Party.About()
	a.Features = slices.DeleteFunc(slices.Clone(a.Features), func(f fault.Feature) bool { return f == fault.Expiry })
	return a
}

// Where no clock can be moved, a ceremony is waited for as long as its options allow it, and no longer than was said.
func TestExpiryIsWaitedFor(t *testing.T) {
	var mu sync.Mutex
	now := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	clock := func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		return now
	}
	sleep := func(_ context.Context, d time.Duration) error {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(d)
		return nil
	}
	var faults []*fault.Fault
	for _, id := range []string{"reg-challenge-expired", "get-challenge-expired", "get-credential-deleted"} {
		faults = append(faults, fault.Find(id))
	}
	for _, c := range []struct {
		wait    time.Duration
		without []fault.Check
		want    conform.Verdict
	}{
		{0, nil, conform.Skipped},
		{6 * time.Minute, nil, conform.Pass},
		{6 * time.Minute, []fault.Check{fault.CheckStateCreateTime, fault.CheckStateGetTime}, conform.Lax},
		{time.Minute, nil, conform.Inconclusive}, // the options allow five
	} {
		p := timeless{partyOf(t, party.Options{Without: c.without, Now: clock})}
		rep := run(t, p, faults, conform.Options{Seed: "wait", Parallel: 1, Wait: c.wait, Sleep: sleep})
		for _, res := range rep.Results[:2] {
			if res.Verdict != c.want {
				t.Errorf("wait %s, without %v: %s: got %s (%s), want %s",
					c.wait, c.without, res.ID, res.Verdict, res.Detail, c.want)
			}
		}
		if rep.Results[2].Verdict != conform.Pass {
			t.Errorf("wait %s: got %s for what needs a desk, want the party's own to serve",
				c.wait, rep.Results[2].Detail)
		}
	}
}

// What is taken at the desk is known to what comes after, ceremonies that had begun before included.
func TestWhatTheDeskTakesIsKept(t *testing.T) {
	const mapping = `version: 1
name: desk
features: [expiry]
vars: {token: old}
register: &ceremony
  begin: {path: /begin, body: '{{.token}}'}
  finish: {path: /finish, body: '{{.token}}'}
sign_in: *ceremony
expire: [{path: /expire, method: POST, take: {token: {json: $.token}}}]
`
	m, err := conform.ReadMapping(strings.NewReader(mapping))
	if err != nil {
		t.Fatal(err)
	}
	var sent []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		sent = append(sent, r.URL.Path+" "+string(body))
		_, _ = io.WriteString(w, `{"token":"new","challenge":"AAAA"}`)
	}))
	defer s.Close()
	p, err := m.Open(conform.Target{URL: s.URL})
	if err != nil {
		t.Fatal(err)
	}
	visit, err := p.Visit(t.Context(), "mei")
	if err != nil {
		t.Fatal(err)
	}
	begun, err := visit.RegisterBegin(t.Context(), fault.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	if err := visit.(fault.Desk).Expire(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := visit.RegisterFinish(t.Context(), begun, []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if _, err := visit.SignInBegin(t.Context(), fault.Wish{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"/begin old", "/expire ", "/finish new", "/begin new"}; !slices.Equal(sent, want) {
		t.Errorf("got %q sent, want %q", sent, want)
	}
}

// Options whose byte strings are in another base64 are read as their own page would read them.
func TestOptionsInAnotherBase64AreRead(t *testing.T) {
	for _, c := range []struct{ given, want string }{
		{`{"challenge":"+/+/+w=="}`, `{"challenge":"-_-_-w"}`},
		{`{"publicKey":{"challenge":"AA==","user":{"id":"AQ==","name":"=="}}}`,
			`{"publicKey":{"challenge":"AA","user":{"id":"AQ","name":"=="}}}`},
		{`{"challenge":"AA","allowCredentials":[{"id":"AQ==","type":"public-key"}]}`,
			`{"allowCredentials":[{"id":"AQ","type":"public-key"}],"challenge":"AA"}`},
		{`{"challenge":"AA","excludeCredentials":[{"id":"+w"}]}`,
			`{"challenge":"AA","excludeCredentials":[{"id":"-w"}]}`},
		{`{ "challenge": "AA" }`, `{ "challenge": "AA" }`},
		{`{"challenge":"not base64 at all"}`, `{"challenge":"not base64 at all"}`},
		{`[]`, `[]`},
	} {
		if got := string(conform.Unpadded([]byte(c.given))); got != c.want {
			t.Errorf("%s: got %s, want %s", c.given, got, c.want)
		}
	}
	p := fixture(t)
	whole := p.Handler()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		answer := httptest.NewRecorder()
		whole.ServeHTTP(answer, r)
		for _, c := range answer.Result().Cookies() {
			http.SetCookie(w, c)
		}
		body := answer.Body.String()
		if i := strings.Index(body, `"challenge":"`); i >= 0 {
			end := i + len(`"challenge":"`) + strings.IndexByte(body[i+len(`"challenge":"`):], '"')
			body = body[:end] + "=" + body[end:] // 43 letters of 32 bytes
		}
		w.WriteHeader(answer.Code)
		_, _ = io.WriteString(w, body)
	}))
	defer s.Close()
	target := conform.Target{URL: s.URL, Origin: p.About().Origin, RPID: p.About().RPID}
	opened, err := conform.FIDO{Target: target}.Open()
	if err != nil {
		t.Fatal(err)
	}
	if bad := wrong(run(t, opened, rows()[:30], conform.Options{Seed: "padded"})); len(bad) > 0 {
		t.Errorf("got %d wrong, want none: %s", len(bad), bad[0])
	}
}
