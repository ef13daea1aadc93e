package web

import (
	"bytes"
	"crypto/tls"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
)

// proxies are networks as they stand in a file.
func proxies(texts ...string) Networks {
	var n Networks
	if err := n.UnmarshalText([]byte(strings.Join(texts, ","))); err != nil {
		panic(err)
	}
	return n
}

// However a proxy is written, it is the proxy that is meant.
func TestProxiesAsPeopleWriteThem(t *testing.T) {
	for _, c := range []struct {
		text, peer string
		trusted    bool
	}{
		{"10.0.0.0/8", "10.1.2.3:1", true}, {"10.0.0.0/8", "11.1.2.3:1", false},
		{"10.0.0.1", "10.0.0.1:1", true}, {"10.0.0.1", "10.0.0.2:1", false}, {"10.0.0.1/8", "10.9.9.9:1", true},
		{"::ffff:10.0.0.0/104", "10.1.2.3:1", true},
		{"::ffff:10.0.0.0/104", "[::ffff:10.1.2.3]:1", true},
		{"::ffff:10.0.0.1", "10.0.0.1:1", true},
		{"::ffff:10.0.0.1", "10.0.0.2:1", false},
		{"fd00::/8", "[fd00::7]:1", true},
		{"fd00::7", "[fd00::7]:1", true}, {"fd00::7", "[fd00::8]:1", false},
		{"192.0.2.1 10.0.0.0/8", "10.1.2.3:1", true},
		{" 192.0.2.1 ,\t10.0.0.0/8\n", "10.1.2.3:1", true},
		{"192.0.2.1,10.0.0.0/8", "192.0.2.1:1", true},
		{"", "10.1.2.3:1", false},
	} {
		s := newFront(t, Config{Proxies: proxies(c.text)})
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		if got := s.Client(r).String() == "203.0.113.9"; got != c.trusted {
			t.Errorf("%q, from %s: got believed %v, want %v", c.text, c.peer, got, c.trusted)
		}
	}
	for _, text := range []string{"10.0.0.0/33", "proxy", "10.0.0", "fe80::1%eth0", "10.0.0.1;10.0.0.2", "10.0.0.0/"} {
		var n Networks
		if err := n.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q: got %v, want an error", text, n)
		}
	}
}

// Behind a proxy that the settings do not know all sellers are one client. The operator is told, once.
func TestUnknownProxyIsToldOf(t *testing.T) {
	for _, c := range []struct {
		name, peer, header string
		want               string
		address            bool
	}{
		{"beside us", "127.0.0.1:5", "X-Forwarded-For", "a proxy that is not in server.trusted-proxies", true},
		{"in our network", "10.9.9.9:5", "X-Forwarded-Proto", "a proxy that is not in server.trusted-proxies", true},
		{"mapped", "[::ffff:172.16.0.9]:5", "Via", "a proxy that is not in server.trusted-proxies", true},
		{"anywhere", "203.0.113.9:5", "Forwarded", "if it is your proxy, name it in server.trusted-proxies", false},
		{"the one that is configured", "192.0.2.1:5", "X-Forwarded-For", "", false},
		{"none", "10.9.9.9:5", "", "", false},
	} {
		var log bytes.Buffer
		s := newFront(t, Config{Proxies: proxies("192.0.2.1"), Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for range 3 {
			r := httptest.NewRequest("GET", "https://accounts.example/openapi.json", nil)
			r.RemoteAddr = c.peer
			if c.header != "" {
				r.Header.Set(c.header, "203.0.113.7")
			}
			s.ServeHTTP(httptest.NewRecorder(), r)
		}
		want := 0
		if c.want != "" {
			want = 1
		}
		said := log.String()
		if got := strings.Count(said, "trusted-proxies"); got != want || !strings.Contains(said, c.want) {
			t.Errorf("%s: got %d warnings in %s, want %d that say %q", c.name, got, &log, want, c.want)
		}
		if got := strings.Count(said, "with policy.binds-per-network texts to new numbers a day"); got != want {
			t.Errorf("%s: got %s, want it to say what that means for texts", c.name, &log)
		}
		if got := strings.Contains(said, "address="); got != c.address || strings.Contains(said, "203.0.113") {
			t.Errorf("%s: got an address %v in %s, want %v, and nobody's from afar", c.name, got, &log, c.address)
		}
	}
}

// Once the operator was told of a proxy beside us, what comes from afar is no news to him; the other way round it is.
func TestProxyNearbySilencesThoseAfar(t *testing.T) {
	const near, far = "127.0.0.1:5", "203.0.113.9:5"
	for want, peers := range map[int][]string{1: {near, far, near}, 2: {far, near, far}} {
		var log bytes.Buffer
		s := newFront(t, Config{Logger: slog.New(slog.NewTextHandler(&log, nil))})
		for _, peer := range peers {
			r := httptest.NewRequest("GET", "https://accounts.example/openapi.json", nil)
			r.RemoteAddr = peer
			r.Header.Set("X-Forwarded-For", "203.0.113.7")
			s.ServeHTTP(httptest.NewRecorder(), r)
		}
		if got := strings.Count(log.String(), "trusted-proxies"); got != want {
			t.Errorf("%v: got %d warnings in %s, want %d", peers, got, &log, want)
		}
	}
}

// The address of whoever asks, and how, as far as configured proxies vouch for it.
func TestWhoAsksAndHow(t *testing.T) {
	s := newFront(t, Config{Proxies: proxies("10.0.0.0/8", "fd00::/8")})
	for _, c := range []struct {
		peer   string
		lines  []string
		client string
	}{
		{"", nil, "invalid IP"}, {"10.0.0.1", []string{"203.0.113.9"}, "invalid IP"}, {"@", nil, "invalid IP"},
		{"10.0.0.1:1", nil, "10.0.0.1"}, {"10.0.0.1:1", []string{""}, "10.0.0.1"}, {"10.0.0.1:1", []string{","},
			"10.0.0.1"},
		{"10.0.0.1:1", []string{"203.0.113.9,"}, "10.0.0.1"}, {"10.0.0.1:1", []string{",203.0.113.9"}, "203.0.113.9"},
		{"10.0.0.1:1", []string{"10.0.0.3,10.0.0.2"}, "10.0.0.3"}, {"10.0.0.1:1", []string{"10.0.0.3", "10.0.0.2"},
			"10.0.0.3"},
		{"10.0.0.1:1", []string{"203.0.113.9", "203.0.113.8", "10.0.0.2"}, "203.0.113.8"},
		{"[::ffff:10.0.0.1]:1", []string{"::ffff:10.0.0.2 , [::ffff:10.0.0.3]:7"}, "10.0.0.2"},
		{"[fd00::1]:1", []string{"203.0.113.9:443"}, "203.0.113.9"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-For"] = c.lines
		if got := s.Client(r).String(); got != c.client {
			t.Errorf("%q %q: got %s, want %s", c.peer, c.lines, got, c.client)
		}
	}
	for _, c := range []struct {
		peer   string
		tls    bool
		protos []string
		want   string
	}{
		{"192.0.2.1:1", false, nil, "http"}, {"192.0.2.1:1", true, nil, "https"}, {"10.0.0.1:1", false, nil, "http"},
		{"10.0.0.1:1", true, []string{"http"}, "https"}, {"10.0.0.1:1", false, []string{"https"}, "https"},
		{"10.0.0.1:1", false, []string{" HTTPS "}, "https"}, {"10.0.0.1:1", false, []string{"https", "http"}, "http"},
		{"10.0.0.1:1", false, []string{"http", "https"}, "https"}, {"10.0.0.1:1", false, []string{"wss"}, "http"},
		{"192.0.2.1:1", false, []string{"https"}, "http"}, {"nobody", false, []string{"https"}, "http"},
		{"[::ffff:10.0.0.1]:1", false, []string{"https"}, "https"},
	} {
		r := httptest.NewRequest("GET", "/", nil)
		r.RemoteAddr = c.peer
		r.Header["X-Forwarded-Proto"] = c.protos
		if c.tls {
			r.TLS = &tls.ConnectionState{}
		}
		if got := s.Scheme(r); got != c.want {
			t.Errorf("%s, TLS %v, %q: got %s, want %s", c.peer, c.tls, c.protos, got, c.want)
		}
	}
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP",
		"Forwarded", "Via", "Accept"} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header.Set(name, "x")
		if got := Forwarded(r); got != (name != "Accept") {
			t.Errorf("%s: got a proxy seen %v", name, got)
		}
	}
	for text, want := range map[string]string{"::ffff:10.0.0.0/104": "10.0.0.0/8", "::ffff:0:0/96": "0.0.0.0/0",
		"::ffff:0:0/95": "::fffe:0:0/95", "::ffff:10.0.0.1": "10.0.0.1/32", "10.9.9.9/8": "10.0.0.0/8",
		"fd00::7": "fd00::7/128"} {
		var n Network
		if err := n.UnmarshalText([]byte(text)); err != nil || n.String() != want {
			t.Errorf("%s: got %s, %v, want %s", text, n, err, want)
		}
	}
}
