package server

import (
	"net/http"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/web"
)

// Refusals of strangers wait for their turn, and sign-ups do; nothing that a session asks does.
func TestWhoWaitsForATurn(t *testing.T) {
	w := newWorld(t)
	own := w.registered()
	s := w.server
	moved := func(q *web.Queue, act func()) bool {
		*q = web.Queue{Every: q.Every, Most: q.Most}
		before := time.Now()
		act()
		return q.Turn(before) > 0 // somebody has taken the first one
	}
	strangers := 0
	for _, rt := range s.table() {
		if rt.method == http.MethodGet {
			continue
		}
		strangers++
		path := s.site.Base + apiBase + rt.path
		if rt.root {
			path = s.site.Base + rt.path
		}
		var status int
		waited := moved(&s.front.Refusals, func() {
			status = ask(s, rt.method, path, "{", "Authorization", "Bearer made-up").Code
		})
		if (status >= 400) != waited {
			t.Errorf("%s %s by a stranger: got %d, and waited %v", rt.method, path, status, waited)
		}
	}
	if strangers < 30 {
		t.Errorf("got %d routes, want all that change something", strangers)
	}
	if moved(&s.front.Refusals, func() {
		if got := own.api(http.MethodDelete, "/sessions/none", nil, nil).Code; got < 400 {
			t.Errorf("another's session: got %d, want a refusal", got)
		}
	}) {
		t.Error("a refusal of a session: it waited")
	}
	for _, email := range []string{"new@example.com", testEmail, "no address"} {
		if !moved(&s.signUps, func() { w.program().api(http.MethodPost, "/sign-up", m{"email": email}, nil) }) {
			t.Errorf("sign-up of %q over the API: no turn was taken", email)
		}
		b := w.browser()
		form := b.open("/sign-up")
		if !moved(&s.signUps, func() { b.fill(form, "/sign-up", "email", email) }) {
			t.Errorf("sign-up of %q on its page: no turn was taken", email)
		}
	}
}
