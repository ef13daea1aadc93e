package web

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

const testOrigin = "https://accounts.example"

func start() time.Time { return time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC) }

// A plain face answers its name to whoever is let in, and the code to whoever is not.
type plain struct {
	name   string
	answer func(*Exchange)
}

type plainRequest struct {
	plain
	x *Exchange
}

func (p plain) Open(x *Exchange) Request { return plainRequest{p, x} }

func (q plainRequest) Answer() {
	if q.answer != nil {
		q.answer(q.x)
		return
	}
	q.x.Send(http.StatusOK, "text/plain", []byte(q.name))
}

func (q plainRequest) Refuse(err error) {
	q.x.AwaitRefusal(err)
	e, _ := errors.AsType[*auth.Error](err)
	q.x.Send(Statuses()[e.Code], "text/plain", []byte(e.Code))
}

// newFront is the front of a plain face.
func newFront(t *testing.T, cfg Config) *Front {
	t.Helper()
	return frontOf(t, cfg, plain{name: "sellers"})
}

func frontOf(t *testing.T, cfg Config, face Face) *Front {
	t.Helper()
	var err error
	if cfg.Site, err = NewSite(testOrigin, nil); err != nil {
		t.Fatal(err)
	}
	f, err := NewFront(cfg, face)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// What stands under a first element of the path is another face's; what only begins like it is not.
func TestFacesBeside(t *testing.T) {
	f := newFront(t, Config{})
	f.Beside("desk", plain{name: "staff"})
	for path, want := range map[string]string{"/": "sellers", "/desk": "staff", "/desk/": "staff", "/desk/a/b": "staff",
		"/desks": "sellers", "/a/desk": "sellers", "/desk-a": "sellers", "//desk": "sellers"} {
		w := httptest.NewRecorder()
		f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, testOrigin+path, nil))
		if got := w.Body.String(); got != want || w.Header().Get("X-Frame-Options") != "DENY" {
			t.Errorf("%s: got %q by %v, want %q with the headers of all", path, got, w.Header(), want)
		}
	}
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "https://elsewhere.example/desk", nil))
	if w.Code != http.StatusForbidden {
		t.Errorf("another host: got %d, want the face beside behind the same gate", w.Code)
	}
}

// Whoever waits for a turn holds no place that answering needs.
func TestWaitingForATurnHoldsNoPlace(t *testing.T) {
	f := frontOf(t, Config{}, plain{answer: func(x *Exchange) { x.AwaitRefusal(auth.Refuse(auth.SessionRequired)) }})
	f.Refusals.Every, f.Refusals.Most = time.Hour, 2*time.Hour
	ask := func(ctx context.Context) {
		f.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(ctx, http.MethodGet, testOrigin+"/", nil))
	}
	ask(t.Context()) // takes the turn of this hour
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan struct{})
	go func() {
		defer close(left)
		ask(ctx)
	}()
	waits := func() bool {
		f.Refusals.mu.Lock()
		defer f.Refusals.mu.Unlock()
		return time.Until(f.Refusals.next) > time.Hour
	}
	for !waits() {
		time.Sleep(time.Millisecond)
	}
	if got := f.InFlight.taken(); got != 0 {
		t.Errorf("got %d places taken, want none", got)
	}
	leave()
	<-left
	if got := f.InFlight.taken(); got != 0 {
		t.Errorf("afterwards: got %d places taken, want none", got)
	}
}

// A rate that gives nothing back would shut a client out for good once it is used up: the usual one counts instead.
func TestARateThatGivesNothingBackIsNone(t *testing.T) {
	for rate, want := range map[Rate]int{{}: DefaultRate().Burst, {Burst: 5}: DefaultRate().Burst,
		{Burst: 5, PerSecond: -1}: DefaultRate().Burst, {Burst: 5, PerSecond: 0.001}: 5} {
		f, got := newFront(t, Config{Rate: rate}), 0
		for range 1000 {
			if taken, _ := f.limit.take(netip.MustParseAddr("203.0.113.7"), start()); taken {
				got++
			}
		}
		if got != want {
			t.Errorf("%+v: got %d requests taken at once, want %d", rate, got, want)
		}
	}
}

// What a client may send before its request is known is bounded.
func TestHeadersHaveABound(t *testing.T) {
	for size, want := range map[int]string{16 << 10: "200", 64 << 10: "431"} {
		f := newFront(t, Config{})
		l := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error, 1)
		go func() { served <- f.Serve(ctx, l, func() {}) }()
		ours, theirs := net.Pipe()
		l.made <- theirs
		go func() {
			_, _ = fmt.Fprintf(ours, "GET / HTTP/1.1\r\nHost: accounts.example\r\nConnection: close\r\nX: %s\r\n\r\n",
				strings.Repeat("x", size))
		}()
		status, err := bufio.NewReader(ours).ReadString('\n')
		if err != nil || !strings.Contains(status, want) {
			t.Errorf("%d bytes of headers: got %q (%v), want %s", size, status, err, want)
		}
		_ = ours.Close()
		stop()
		if err := <-served; err != nil {
			t.Error(err)
		}
	}
}
