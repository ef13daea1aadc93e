package server

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Alone nobody waits; in a crowd each waits one turn longer; a full queue makes nobody wait longer than all of it, and
// takes no turn from whoever comes later; time that nobody used is lost.
func TestTurns(t *testing.T) {
	q := queue{every: 10 * time.Millisecond, most: 30 * time.Millisecond}
	at := time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC)
	for i, c := range []struct{ later, want time.Duration }{
		{0, 0}, {0, 10}, {0, 20}, {0, 30}, {0, 30}, {5, 25}, {0, 30}, {10, 25}, {1000, 0}, {0, 10},
	} {
		at = at.Add(c.later * time.Millisecond)
		if got := q.turn(at); got != c.want*time.Millisecond {
			t.Errorf("%d: got a wait of %v, want %v", i, got, c.want*time.Millisecond)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		q := queue{every: time.Minute, most: time.Hour}
		for i := range 3 {
			began := time.Now()
			q.next = began.Add(time.Duration(i) * time.Minute)
			q.wait(t.Context())
			if got, want := time.Since(began), time.Duration(i)*time.Minute; got != want {
				t.Errorf("turn %d: waited %v, want %v", i, got, want)
			}
		}
		ctx, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		began := time.Now()
		q.next = began.Add(time.Hour - 1)
		if q.wait(ctx); time.Since(began) != time.Second {
			t.Errorf("who leaves: waited %v, want as long as he was there", time.Since(began))
		}
	})
}

// Refusals of strangers wait for their turn, and sign-ups do; nothing that a session asks does.
func TestWhoWaitsForATurn(t *testing.T) {
	w := newWorld(t)
	own := w.registered()
	s := w.server
	moved := func(q *queue, act func()) bool {
		q.next = time.Time{}
		act()
		return !q.next.IsZero()
	}
	strangers := 0
	for _, rt := range s.table() {
		if rt.method == http.MethodGet {
			continue
		}
		strangers++
		path := s.site.base + apiBase + rt.path
		if rt.root {
			path = s.site.base + rt.path
		}
		var status int
		waited := moved(&s.refusals, func() {
			status = ask(s, rt.method, path, "{", "Authorization", "Bearer made-up").Code
		})
		if (status >= 400) != waited {
			t.Errorf("%s %s by a stranger: got %d, and waited %v", rt.method, path, status, waited)
		}
	}
	if strangers < 30 {
		t.Errorf("got %d routes, want all that change something", strangers)
	}
	if moved(&s.refusals, func() {
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

// Whoever waits for a turn holds no place that answering needs.
func TestWaitingForATurnHoldsNoPlace(t *testing.T) {
	s := newServer(t, nil)
	s.refusals.every, s.refusals.most = time.Hour, 2*time.Hour
	ask(s, http.MethodPost, "/api/v1/recovery-codes", "{}") // takes the turn of this hour
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/v1/recovery-codes", strings.NewReader("{}"))
		r.Host = s.site.host
		s.ServeHTTP(httptest.NewRecorder(), r)
	}()
	waits := func() bool {
		s.refusals.mu.Lock()
		defer s.refusals.mu.Unlock()
		return time.Until(s.refusals.next) > time.Hour
	}
	for !waits() {
		time.Sleep(time.Millisecond)
	}
	if got := s.inFlight.taken(); got != 0 {
		t.Errorf("got %d places taken, want none", got)
	}
	leave()
	<-left
	if got := s.inFlight.taken(); got != 0 {
		t.Errorf("afterwards: got %d places taken, want none", got)
	}
}
