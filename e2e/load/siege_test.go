package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// A flood opens as many connections as it says and no more at a time, none from the address of the owners, and ends.
func TestFloodsAreBounded(t *testing.T) {
	own := &sellers{keys: []keySeller{{email: "a@example.com"}, {email: "b@example.com"}}}
	for _, f := range floods() {
		var mu sync.Mutex
		open, most := map[net.Conn]bool{}, 0
		full := make(chan struct{})
		filled := sync.OnceFunc(func() { close(full) })
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
		s.Config.ConnState = func(c net.Conn, state http.ConnState) {
			mu.Lock()
			defer mu.Unlock()
			switch state {
			case http.StateNew:
				open[c] = true
				if most = max(most, len(open)); most == f.connections {
					filled()
				}
				if host, _, _ := net.SplitHostPort(c.RemoteAddr().String()); host == "127.0.0.1" {
					t.Errorf("%s: comes from %s, which is the owners'", f.name, host)
				}
			case http.StateClosed:
				delete(open, c)
			}
		}
		s.Start()
		stop := f.start(t.Context(), &child{addr: strings.TrimPrefix(s.URL, "http://")}, own)
		select {
		case <-full:
		case <-time.After(time.Minute):
			t.Errorf("%s: got %d connections, want %d", f.name, most, f.connections)
		}
		asked := stop()
		s.Close()
		if most > f.connections || asked < int64(f.connections) {
			t.Errorf("%s: got %d connections and %d requests, want %d of each at least", f.name, most, asked,
				f.connections)
		}
	}
}

// The ratio is that of the ninety-ninth percentiles over all rounds, with its own target where there is one.
func TestWhatAFloodMakesOfASignIn(t *testing.T) {
	var all []*besieged
	f := floods()[0]
	b := f.of("key sign-in", &all)
	for i := range 200 {
		b.calm = append(b.calm, time.Duration(200-i)*time.Millisecond)
		b.hot = append(b.hot, time.Duration(i+1)*3*time.Millisecond)
	}
	if again := f.of("key sign-in", &all); again != b || len(all) != 1 {
		t.Error("the next round: got figures of its own, want them together")
	}
	b.judge()
	if b.Without != 198*time.Millisecond || b.Ratio != 3 || b.N != 200 || b.Target != 2.5 {
		t.Errorf("got %s without, %v times, of %d, target %v; want 198ms, 3, 200, 2.5", b.Without, b.Ratio, b.N,
			b.Target)
	}
	if other := f.of("app-code second step", &all); other.Target != 2 {
		t.Errorf("an operation that is not named: got a target of %v, want 2", other.Target)
	}
}
