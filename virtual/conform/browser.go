package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A browser makes requests to the one target with cookies of its own. Redirects are answers to it: it follows none.
type browser struct {
	web    *web
	client *http.Client
	jar    *jar
}

func (w *web) browser() *browser {
	j := &jar{cookies: map[string]*http.Cookie{}}
	return &browser{web: w, jar: j, client: &http.Client{
		Transport: w.transport, Jar: j, Timeout: w.timeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// A request is what a browser is to send.
type request struct {
	method string
	path   string            // behind the target's own path; may have a query
	header map[string]string // besides Content-Type, which is JSON when there is a body
	body   []byte            // nil: none
}

// A reply is what came back, and what had been sent, as reports show both.
type reply struct {
	status   int
	header   http.Header
	body     []byte
	sent     []byte
	received []byte
	took     time.Duration
}

// do sends a request and reads the whole answer, whatever its status. Errors wrap ErrUnreachable when there was none.
func (b *browser) do(ctx context.Context, r request) (*reply, error) {
	target := *b.web.base
	path, query, _ := strings.Cut(r.path, "?")
	target.Path, target.RawQuery = target.Path+path, query
	req, err := http.NewRequestWithContext(ctx, r.method, target.String(), bytes.NewReader(r.body))
	if err != nil {
		return nil, fmt.Errorf("building %s %s: %w", r.method, r.path, err)
	}
	if r.body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	req.Header.Set("Accept", "application/json, text/html;q=0.9, */*;q=0.8")
	req.Header.Set("Origin", b.web.origin)
	if _, host, ok := strings.Cut(b.web.origin, "://"); ok {
		req.Host = host // as a browser on that page sends it, whatever address the target is dialled at
	}
	req.Header.Set("User-Agent", "virtualkey-conform")
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	begun := time.Now()
	resp, err := b.client.Do(req)
	if err != nil {
		return nil, unreachable(r, err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, responseLimit+1))
	if err != nil {
		return nil, unreachable(r, err)
	}
	if len(body) > responseLimit {
		return nil, fmt.Errorf("%s %s: the answer is longer than %d bytes", r.method, r.path, responseLimit)
	}
	return &reply{
		status: resp.StatusCode, header: resp.Header, body: body, took: time.Since(begun),
		sent:     fmt.Appendf(nil, "%s %s\n\n%s", r.method, target.RequestURI(), r.body),
		received: fmt.Appendf(nil, "%d %s\n\n%s", resp.StatusCode, http.StatusText(resp.StatusCode), body),
	}, nil
}

func unreachable(r request, err error) error {
	var deep *url.Error
	if errors.As(err, &deep) {
		err = deep.Err // its text repeats method and address
	}
	if errors.Is(err, ErrNotLoopback) || errors.Is(err, context.Canceled) {
		return fmt.Errorf("%s %s: %w", r.method, r.path, err)
	}
	if cut(err) {
		return fmt.Errorf("%s %s: %w: %w: %w", r.method, r.path, ErrUnreachable, ErrCut, err)
	}
	return fmt.Errorf("%s %s: %w: %w", r.method, r.path, ErrUnreachable, err)
}

// cut reports whether a connection ended before its answer did. One that was never made, or takes too long, is none.
func cut(err error) bool {
	var dialling *net.OpError
	if errors.As(err, &dialling) && dialling.Op == "dial" {
		return false
	}
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		errors.Is(err, syscall.EPIPE)
}

// answer begins the Answer that a reply is; the adapter reports whether it accepts, and in what words it refuses.
func (r *reply) answer() *fault.Answer {
	return &fault.Answer{Status: r.status, Request: r.sent, Response: r.received, Took: r.took}
}

// refused is the error of a ceremony that could not be begun.
func (r *reply) refused(doing string) error {
	return fmt.Errorf("%s: %d: %s", doing, r.status, excerpt(r.body))
}

// excerpt is the beginning of a body, on one line, for errors and for oracles that read texts.
func excerpt(body []byte) string {
	text := strings.Join(strings.Fields(strings.ToValidUTF8(string(body), "\uFFFD")), " ")
	if len(text) <= 400 {
		return text
	}
	cut := 400
	for !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// decodeObject reads a JSON object; ok is false for anything else.
func decodeObject(body []byte) (object map[string]any, ok bool) {
	err := json.Unmarshal(body, &object)
	return object, err == nil && object != nil
}

// A jar keeps the cookies of one browser for one host. Unlike net/http/cookiejar it sends Secure cookies over plain
// HTTP too: browsers do so for localhost, and nothing but the target is ever reached.
type jar struct {
	mu      sync.Mutex
	cookies map[string]*http.Cookie // by name and path
}

// SetCookies keeps what a response set, and forgets what it expired.
func (j *jar) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range cookies {
		if !strings.HasPrefix(c.Path, "/") {
			c.Path = u.Path[:strings.LastIndex(u.Path, "/")+1]
		}
		key := c.Name + "\x00" + c.Path
		if c.MaxAge < 0 || c.MaxAge == 0 && !c.Expires.IsZero() && c.Expires.Before(time.Now()) {
			delete(j.cookies, key)
			continue
		}
		j.cookies[key] = c
	}
}

// Cookies lists what a request to u carries, by name.
func (j *jar) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var out []*http.Cookie
	for _, key := range slices.Sorted(maps.Keys(j.cookies)) {
		c := j.cookies[key]
		if u.Path == c.Path || strings.HasPrefix(u.Path, strings.TrimSuffix(c.Path, "/")+"/") {
			out = append(out, &http.Cookie{Name: c.Name, Value: c.Value})
		}
	}
	return out
}

// value returns a cookie by its name; empty: there is none.
func (j *jar) value(name string) string {
	j.mu.Lock()
	defer j.mu.Unlock()
	for _, c := range j.cookies {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// values returns all cookies by name.
func (j *jar) values() map[string]string {
	j.mu.Lock()
	defer j.mu.Unlock()
	out := make(map[string]string, len(j.cookies))
	for _, c := range j.cookies {
		out[c.Name] = c.Value
	}
	return out
}
