package notify

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// TestEndsOfGatewaySettings holds each bound from both sides, and what is told of it.
func TestEndsOfGatewaySettings(t *testing.T) {
	sign := func(s Signing) func(*Gateway) { return func(g *Gateway) { g.Signing = s } }
	hmac := func(change func(*Signing)) func(*Gateway) {
		s := Signing{Scheme: "hmac-sha256", Secret: "a", Header: "X-S"}
		change(&s)
		return sign(s)
	}
	cloud := func(change func(*Gateway)) func(*Gateway) {
		return func(g *Gateway) {
			g.Headers = map[string]string{"x-acs-action": "a", "x-acs-version": "b"}
			g.Signing = Signing{Scheme: "acs3", User: "id", Secret: "k"}
			change(g)
		}
	}
	bare := func(g *Gateway) {
		g.Method = "GET"
		g.Body = ""
		g.ContentType = ""
	}
	for _, tt := range []struct {
		name   string
		change func(*Gateway)
		want   string // "" for good
	}{
		{"PUT", func(g *Gateway) { g.Method = "PUT" }, ""},
		{"neither body nor type", bare, ""},
		{"no time", func(g *Gateway) { g.Timeout = -1 }, "below 45s"},
		{"all the time there is", func(g *Gateway) { g.Timeout = Hold }, "below 45s"},
		{"a little less", func(g *Gateway) { g.Timeout = Hold - 1 }, ""},
		{"less than no answer", func(g *Gateway) { g.MaxResponse = -1 }, "max-response"},
		{"16 MiB", func(g *Gateway) { g.MaxResponse = 16 << 20 }, ""},
		{"a byte more", func(g *Gateway) { g.MaxResponse = 16<<20 + 1 }, "max-response"},
		{"a name with a blank", func(g *Gateway) { g.IdempotencyHeader = "X Y" }, "idempotency-header"},
		{"status 199", func(g *Gateway) { g.Success.Statuses = []int{199} }, "199"},
		{"status 200 to 599", func(g *Gateway) { g.Success.Statuses = []int{200, 599} }, ""},
		{"status 600", func(g *Gateway) { g.Success.Statuses = []int{599, 600} }, "600"},
		{"no host", func(g *Gateway) { g.URL = "https:///path" }, "scheme://host"},
		{"no host but a query", func(g *Gateway) { g.URL = "https://?a=b" }, "scheme://host"},
		{"a fragment", func(g *Gateway) { g.URL += "#x" }, "fragment"},
		{"a template for the port", func(g *Gateway) { g.URL = "https://a.example:{{.Code}}/" }, "template"},
		{"another scheme on this machine", func(g *Gateway) { g.URL = "ftp://127.0.0.1/" }, "https"},
		{"this machine", func(g *Gateway) { g.URL = "http://localhost:9/" }, ""},
		{"this machine, IPv6", func(g *Gateway) { g.URL = "http://[::1]:9/" }, ""},
		{"another machine", func(g *Gateway) { g.URL = "http://10.0.0.1/" }, "https"},
		{"a query escaped as a path", func(g *Gateway) { g.URL += "?t={{.Text | url}}" }, "form"},
		{"a form escaped as a path", func(g *Gateway) {
			g.ContentType, g.Body = "application/x-www-form-urlencoded", "t={{.Text | url}}"
		}, "form"},
		{"a scheme that is none", sign(Signing{Scheme: "md5", User: "u", Secret: "a"}), "is none of none, basic"},
		{"a user with a colon", sign(Signing{Scheme: "basic", User: "a:b", Secret: "c"}), "colon"},
		{"hmac", hmac(func(*Signing) {}), ""},
		{"hex", hmac(func(s *Signing) { s.Encoding = "hex" }), ""},
		{"base64", hmac(func(s *Signing) { s.Encoding = "base64" }), ""},
		{"a time in no header", hmac(func(s *Signing) { s.TimestampHeader = "X Y" }), "timestamp-header"},
		{"acs3 without a content-type", cloud(bare), ""},
		{"acs3, an id with a comma", cloud(func(g *Gateway) { g.Signing.User = "a,b" }), "access key"},
		{"acs3, a prefix", cloud(func(g *Gateway) { g.Signing.Prefix = "a" }), "its own headers"},
		{"acs3, a time", cloud(func(g *Gateway) { g.Signing.TimestampHeader = "X-T" }), "its own headers"},
		{"acs3, over", cloud(func(g *Gateway) { g.Signing.Over = "{{.Body}}" }), "its own headers"},
		{"a slip in a condition", func(g *Gateway) { g.URL += "?a={{if .Kode}}1{{end}}" }, "no field .Kode"},
		{"a slip behind else", func(g *Gateway) {
			g.URL += "?a={{if .Code}}1{{else}}{{.Kode | form}}{{end}}"
		}, "no field .Kode"},
		{"a slip within with", func(g *Gateway) { g.URL += "?a={{with .Code}}{{$.Kode | form}}{{end}}" }, "no field .Kode"},
		{"a slip within range", func(g *Gateway) { g.URL += "?a={{range .Kode}}1{{end}}" }, "no field .Kode"},
		{"a variable", func(g *Gateway) { g.URL += "?a={{with $x := .Code}}{{$x | form}}{{end}}" }, ""},
	} {
		g := gateway("first", "https://sms.example.com/v1")
		tt.change(&g)
		_, err := NewHTTP(g, time.Now)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that says %q", tt.name, err, tt.want)
		}
	}
}

// TestDefaultsOfAGateway are those that its settings name.
func TestDefaultsOfAGateway(t *testing.T) {
	g := gateway("first", "https://sms.example.com/v1")
	g.Timeout = 0
	h := driver(t, g)
	if h.g.Timeout != 10*time.Second || h.g.MaxResponse != 64<<10 || h.g.Method != "POST" {
		t.Errorf("got %s, %d bytes and %s, want 10 s, 64 KiB and POST", h.g.Timeout, h.g.MaxResponse, h.g.Method)
	}
	c := h.client.Transport.(*http.Transport)
	if c.MaxIdleConnsPerHost != 8 || c.IdleConnTimeout != 90*time.Second || c.MaxResponseHeaderBytes != 64<<10 ||
		c.TLSHandshakeTimeout != h.g.Timeout || c.TLSClientConfig.MinVersion != tls.VersionTLS12 {
		t.Errorf("got %+v, want 8 connections kept for 90 s, 64 KiB of headers and TLS 1.2", c)
	}
	r, _, err := h.request(t.Context(), h.fields.of(sms("m1", time.Now()), Text{}, time.Now()))
	if err != nil || r.UserAgent() != "latchkey" {
		t.Errorf("got %v, %v, want it to say who asks", r, err)
	}
}

// TestEndsOfConfig holds what the configuration says of machines, files and channels.
func TestEndsOfConfig(t *testing.T) {
	for host, want := range map[string]bool{"localhost": true, "127.0.0.1": true, "127.9.9.9": true, "::1": true,
		"10.0.0.1": false, "example.com": false, "localhost.example.com": false, "": false} {
		if got := loopback(host); got != want {
			t.Errorf("%q: got this machine %v, want %v", host, got, want)
		}
	}
	dir := t.TempDir()
	file := filepath.Join(dir, "empty")
	if err := os.WriteFile(file, []byte("\ufeff\r\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := reveal("", file); err == nil || got != "" {
		t.Errorf("got %q, %v of an empty file, want an error", got, err)
	}
	if _, err := trust("a", file); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Errorf("got %v of a file without certificates, want an error", err)
	}
	path := filepath.Join(dir, "m.jsonl")
	for name, c := range map[string]Config{
		"host is missing":    {SMTP: SMTPConfig{Username: "a"}, Sink: SinkConfig{Path: path}},
		"channel \"fax\" is": {Sink: SinkConfig{Path: path, Channels: []auth.Channel{"fax"}}},
	} {
		if _, err := c.drivers(time.Now); err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that says %q", err, name)
		}
	}
	one := Config{Sink: SinkConfig{Path: path, Channels: []auth.Channel{auth.SMS}}}
	list, err := one.drivers(time.Now)
	if err != nil || len(list) != 1 || len(list[0].Channels()) != 1 {
		t.Errorf("got %v, %v, want the one channel that was asked for", list, err)
	}
	for site, want := range map[string]string{"a\x01b": "a b", "a  b": "a b", " a\t": "a"} {
		if got, err := SignatureOf("", site); err != nil || got != want {
			t.Errorf("%q: got the signature %q, %v, want %q", site, got, err, want)
		}
	}
}

// TestDetailIsOfTheConnectionAlone: a URL, which may hold number and code, is not among it.
func TestDetailIsOfTheConnectionAlone(t *testing.T) {
	name := &net.DNSError{Err: "no such host", Name: "a.example"}
	dial := &net.OpError{Op: "dial", Net: "tcp", Err: errors.New("refused")}
	trusted := &tls.CertificateVerificationError{Err: errors.New("unknown authority")}
	long := &net.OpError{Op: strings.Repeat("x", 400), Err: errors.New("y")}
	for _, tt := range []struct {
		err  error
		want string
	}{
		{name, name.Error()},
		{&net.OpError{Op: "dial", Err: name}, name.Error()},
		{dial, dial.Error()},
		{trusted, trusted.Error()},
		{long, long.Error()[:300]},
		{errors.New(canaryPhone), ""},
	} {
		err := &url.Error{Op: "Post", URL: "https://a.example/" + canaryPhone, Err: tt.err}
		if got := connectionDetail(err); got != tt.want {
			t.Errorf("%v: got %q, want %q", tt.err, got, tt.want)
		}
	}
	for f, want := range map[*Failure]string{
		{Word: WordBusy, Status: 429}: "not accepted: busy (429)", {Word: WordBusy}: "not accepted: busy",
	} {
		if got := fmt.Sprint(f); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
