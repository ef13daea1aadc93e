package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
)

func TestMedianAndQuantile(t *testing.T) {
	ten := make([]time.Duration, 100)
	for i := range ten {
		ten[i] = time.Duration(i + 1)
	}
	for _, c := range []struct {
		what      string
		got, want time.Duration
	}{
		{"median of none", median([]time.Duration{}), 0},
		{"median of three", median([]time.Duration{9, 1, 5}), 5},
		{"median of four", median([]time.Duration{9, 1, 5, 7}), 6},
		{"p50 of 1..100", quantile(ten, 0.5), 50},
		{"p99 of 1..100", quantile(ten, 0.99), 99},
		{"p99 of one", quantile(ten[:1], 0.99), 1},
		{"p99 of none", quantile(nil, 0.99), 0},
	} {
		if c.got != c.want {
			t.Errorf("%s: got %d, want %d", c.what, c.got, c.want)
		}
	}
}

func TestReadingTheKernelsFiles(t *testing.T) {
	cpu, err := parseCPU([]byte("42 (a ) b) S 1 2 3 4 5 6 7 8 9 10 150 50 13 14 15"))
	if err != nil || cpu != 2*time.Second {
		t.Errorf("got %v, %v, want 2 s", cpu, err)
	}
	if _, err := parseCPU([]byte("42 S")); err == nil {
		t.Error("got no error for a line without a name")
	}
	before, err1 := parseMachine("cpu  100 0 100 700 0 0 0 100 0 0\ncpu0 1 2\n")
	after, err2 := parseMachine("cpu  150 0 150 1100 0 0 0 600 0 0\n")
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	if got := after.stolen(before); got != 0.5 {
		t.Errorf("steal: got %v, want 0.5", got)
	}
	if got := statusBytes("Name:\tx\nVmHWM:\t  2048 kB\nVmRSS:\t    12 kB\n", "VmRSS:"); got != 12<<10 {
		t.Errorf("VmRSS: got %d, want %d", got, 12<<10)
	}
	if now, high, err := memory(os.Getpid()); err != nil || now <= 0 || high < now/2 {
		t.Errorf("own memory: got %d, %d, %v", now, high, err)
	}
}

func TestReadingStracesSummary(t *testing.T) {
	got, err := parseCalls(`% time     seconds  usecs/call     calls    errors syscall
------ ----------- ----------- --------- --------- ----------------
 90.00    0.001209          12       100           fdatasync
 10.00    0.000100           5         7         1 pwrite64
------ ----------- ----------- --------- --------- ----------------
100.00    0.001309          12       107         1 total
`)
	want := map[string]int{"fdatasync": 100, "pwrite64": 7, "total": 107}
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

// What the generator reads from the file must be what the store says of itself.
func TestCommitsAreCountedFromTheFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	count := func() uint64 {
		n, err := commits(path)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	before, counted := count(), db.Stats().Commits
	for i := range 5 {
		err := db.Update(t.Context(), func(tx store.Tx) error { return tx.Put("c", fmt.Sprint(i), []byte("x")) })
		if err != nil {
			t.Fatal(err)
		}
		if got, want := count()-before, db.Stats().Commits-counted; got != want || got != uint64(i+1) {
			t.Errorf("after %d updates: got %d commits in the file, want %d", i+1, got, want)
		}
	}
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, make([]byte, 8192), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := commits(wrong); err == nil {
		t.Error("got no error for a file that is no store")
	}
}

func TestSharesTouchEverythingOnce(t *testing.T) {
	for _, of := range []int{1, 7, 8, 64} {
		const n = 100
		times := make([]int, n)
		for i := range of {
			w := &worker{index: i, of: of}
			from, to := w.mine(n)
			for range to - from {
				times[w.pick(n)]++
			}
		}
		for i, got := range times {
			if got != 1 {
				t.Errorf("%d workers: thing %d was picked %d times, want once", of, i, got)
			}
		}
	}
}

// The clients must keep their connection, count errors, and tell the first.
func TestClientKeepsOneConnection(t *testing.T) {
	var mu sync.Mutex
	from := map[string]int{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		from[r.RemoteAddr]++
		mu.Unlock()
		if r.URL.Path == "/no" {
			http.Error(w, "not you", http.StatusForbidden)
			return
		}
		fmt.Fprint(w, strings.Repeat("x", 3000))
	}))
	defer s.Close()
	c := &client{addr: strings.TrimPrefix(s.URL, "http://")}
	defer c.close()
	for range 3 {
		if body, err := c.post(t.Context(), "/yes", []byte("{}")); err != nil || len(body) != 3000 {
			t.Fatalf("got %d bytes, %v, want 3000", len(body), err)
		}
	}
	if _, err := c.get(t.Context(), "/no", "t"); err == nil || !strings.Contains(err.Error(), "403: not you") {
		t.Errorf("got %v, want the status and what was said", err)
	}
	if len(from) != 1 {
		t.Errorf("got %d connections, want 1", len(from))
	}
}

// A browser brings back the cookie by which it is known, and no session; a program brings nothing.
func TestBrowsersAreKnownAgain(t *testing.T) {
	var got []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		got = append(got, r.Header.Get("Origin")+" "+r.Header.Get("Cookie"))
		w.Header().Add("Set-Cookie", "8443-latchkey-browser=b1; Path=/; HttpOnly")
		if r.URL.Path == "/finish" {
			w.Header().Add("Set-Cookie", "8443-latchkey=s1; Path=/")
		}
		w.Header().Add("Set-Cookie", "8443-latchkey-flow=; Max-Age=0")
	}))
	defer s.Close()
	b := &browser{origin: "http://localhost:8443"}
	c := &client{addr: strings.TrimPrefix(s.URL, "http://"), from: b}
	defer c.close()
	for _, path := range []string{"/begin", "/finish", "/begin"} {
		if _, err := c.post(t.Context(), path, []byte("{}")); err != nil {
			t.Fatal(err)
		}
		if b.signed != (path == "/finish") {
			t.Errorf("%s: got a session %t", path, b.signed)
		}
	}
	c.from = nil
	if _, err := c.post(t.Context(), "/begin", []byte("{}")); err != nil {
		t.Fatal(err)
	}
	known := "http://localhost:8443 8443-latchkey-browser=b1"
	if want := []string{"http://localhost:8443 ", known, known, " "}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLoopCountsErrorsAndEnds(t *testing.T) {
	op := operation{name: "x", count: 40, once: func(_ context.Context, w *worker) error {
		if w.pick(40)%4 == 0 {
			return errors.New("every fourth")
		}
		return nil
	}}
	l := newLoop(&child{addr: "127.0.0.1:1"}, op, 8, 40)
	<-l.start(t.Context())
	r := l.result(edge{at: time.Unix(0, 0)}, edge{at: time.Unix(10, 0), commits: 60}, time.Millisecond)
	if r.Done != 30 || r.Errors != 10 || r.FirstError != "every fourth" || r.PerSecond != 3 || r.Commits != 2 {
		t.Errorf("got %+v, want 30 done, 10 errors, 3 a second, 2 commits", r)
	}
}

// A page's weight is itself, what it links, and what its scripts import; other sites are counted.
func TestWeight(t *testing.T) {
	files := map[string]string{
		"/page":    `<!doctype html><link rel="stylesheet" href="/a.css"><script type="module" src="/a.js"></script><img src="http://elsewhere.example/x.png">`,
		"/a.css":   strings.Repeat("a", 1000),
		"/a.js":    `import {b} from "./b.js"`,
		"/b.js":    strings.Repeat("b", 2000),
		"/unasked": strings.Repeat("u", 50_000),
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/" {
			http.Redirect(w, r, "/page", http.StatusSeeOther)
			return
		}
		text, ok := files[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		fmt.Fprint(w, text)
	}))
	defer s.Close()
	total, strangers, err := weigh(t.Context(), strings.TrimPrefix(s.URL, "http://"), "/")
	if err != nil {
		t.Fatal(err)
	}
	if total < 3200 || total > 5000 || strangers != 1 {
		t.Errorf("got %d bytes and %d requests elsewhere, want about 4000 and 1", total, strangers)
	}
}

func TestCodesAreThoseOfRFC6238(t *testing.T) {
	a := &appSeller{secret: []byte("12345678901234567890")}
	for at, want := range map[int64]string{59: "287082", 1111111109: "081804", 20000000000: "353130"} {
		if got := a.code(time.Unix(at, 0)); got != want {
			t.Errorf("at %d: got %s, want %s", at, got, want)
		}
	}
}
