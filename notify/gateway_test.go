package notify

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// provider is a gateway as they are: it sends once for each idempotency key,
// whatever it then answers.
type provider struct {
	*httptest.Server
	mu   sync.Mutex
	sent map[string]int // texts that left, by key
	asks map[string]int // requests, by key
	seen []*http.Request
	body []string
}

// A manner gets the number of the request for its key and says whether the
// text leaves; it writes the answer itself.
type manner func(w http.ResponseWriter, r *http.Request, n int, send func())

// newProvider serves play.
func newProvider(t *testing.T, play manner) *provider {
	return newProviderOn(t, nil, play)
}

// newProviderOn is newProvider on a listener, on a socket if l is nil.
func newProviderOn(t *testing.T, l net.Listener, play manner) *provider {
	p := &provider{sent: map[string]int{}, asks: map[string]int{}}
	p.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		key := r.Header.Get("Idempotency-Key")
		p.mu.Lock()
		p.asks[key]++
		n := p.asks[key]
		p.seen, p.body = append(p.seen, r), append(p.body, string(b))
		p.mu.Unlock()
		play(w, r, n, func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.sent[key] == 0 {
				p.sent[key]++
			}
		})
	}))
	if l != nil {
		_ = p.Listener.Close()
		p.Listener = l
	}
	p.Start()
	t.Cleanup(func() {
		p.CloseClientConnections()
		p.Close()
	})
	return p
}

// pipes is a network in memory, where time may be a test's own. Its hosts are
// named by ports of this machine, which nobody listens on.
type pipes struct {
	mu    sync.Mutex
	hosts map[string]*pipeListener
}

type pipeListener struct {
	at     string
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (n *pipes) listen(at string) *pipeListener {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.hosts == nil {
		n.hosts = map[string]*pipeListener{}
	}
	n.hosts[at] = &pipeListener{at: at, conns: make(chan net.Conn), closed: make(chan struct{})}
	return n.hosts[at]
}

// dial takes the place of a gateway's way to the network.
func (n *pipes) dial(ctx context.Context, _, at string) (net.Conn, error) {
	n.mu.Lock()
	l := n.hosts[at]
	n.mu.Unlock()
	near, far := net.Pipe()
	select {
	case l.conns <- far:
		return near, nil
	case <-l.closed:
		return nil, net.ErrClosed
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *pipeListener) Addr() net.Addr { return pipeAddr(l.at) }

type pipeAddr string

func (a pipeAddr) Network() string { return "tcp" }
func (a pipeAddr) String() string  { return string(a) }

func answer(w http.ResponseWriter, status int, body string) {
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// drop ends the connection without an answer.
func drop(w http.ResponseWriter) {
	c, _, err := w.(http.Hijacker).Hijack()
	if err == nil {
		_ = c.Close()
	}
}

func gateway(name, address string) Gateway {
	return Gateway{
		Name: name, Channels: []auth.Channel{auth.SMS, auth.Voice}, URL: address,
		Body: `{"to":{{.To | json}},"text":{{.Text | json}},"code":{{.Code | json}},"say":{{.Digits | json}},` +
			`"label":{{.Label | json}},"lang":{{.Language | json}}}`,
		ContentType: "application/json", IdempotencyHeader: "Idempotency-Key", Timeout: 30 * time.Second,
		Success: Success{Path: "code", Equals: []string{"0"}, Temporary: []string{"busy"}}, Reference: "data.0.id",
	}
}

func driver(t *testing.T, g Gateway) *HTTP {
	t.Helper()
	h, err := NewHTTP(g, newClock().now)
	if err != nil {
		t.Fatalf("NewHTTP: %v", err)
	}
	return h
}

// says answers at once.
func says(status int, body string) func(w http.ResponseWriter, stop <-chan struct{}) {
	return func(w http.ResponseWriter, _ <-chan struct{}) { answer(w, status, body) }
}

func TestGatewayAnswers(t *testing.T) {
	good := `{"code":"0","data":[{"id":12345678901234567890}]}`
	tests := []struct {
		name   string
		play   func(w http.ResponseWriter, stop <-chan struct{})
		class  Class
		word   string // "" for accepted
		status int
		ref    string
	}{
		{"accepted, with a long number as id", says(200, good), 0, "", 0, "12345678901234567890"},
		{"accepted without an id", says(202, `{"code":0}`), 0, "", 0, "m1"},
		{"accepted with an unfit id", says(200, `{"code":0,"data":[{"id":"a b"}]}`), 0, "", 0, "m1"},
		{"refused by its value", says(200, `{"code":"17"}`), Never, WordRefused, 200, ""},
		{"busy by its value", says(200, `{"code":"busy"}`), Later, WordBusy, 200, ""},
		{"200 that cannot be read", says(200, "<html>"+canaryAnswer), Unsure, WordUnreadable, 200, ""},
		{"200 cut short", func(w http.ResponseWriter, _ <-chan struct{}) {
			w.Header().Set("Content-Length", "500")
			answer(w, 200, good)
		}, Unsure, WordUnreadable, 200, ""},
		{"200 larger than is read", func(w http.ResponseWriter, _ <-chan struct{}) {
			answer(w, 200, good+strings.Repeat(" ", 64<<10))
		}, Unsure, WordUnreadable, 200, ""},
		{"redirect", func(w http.ResponseWriter, _ <-chan struct{}) {
			w.Header().Set("Location", "http://127.0.0.1:1/elsewhere")
			answer(w, 307, "")
		}, Never, WordRedirect, 307, ""},
		{"400", says(400, canaryAnswer), Never, WordRefused, 400, ""},
		{"408", says(408, ""), Later, WordBusy, 408, ""},
		{"429", says(429, ""), Later, WordBusy, 429, ""},
		{"500", says(500, canaryAnswer), Unsure, WordServerError, 500, ""},
		{"502", says(502, ""), Unsure, WordServerError, 502, ""},
		{"503", says(503, ""), Later, WordBusy, 503, ""},
		{"lost without an answer", func(w http.ResponseWriter, _ <-chan struct{}) { drop(w) },
			Unsure, WordNoAnswer, 0, ""},
		{"never answers", func(w http.ResponseWriter, stop <-chan struct{}) { <-stop }, Unsure, WordNoAnswer, 0, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			stop := make(chan struct{})
			p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { tt.play(w, stop) })
			defer close(stop)
			g := gateway("first", p.URL)
			if tt.name == "never answers" {
				g.Timeout = time.Second // long enough for the request to be sent on a busy machine
			}
			ref, err := driver(t, g).Deliver(context.Background(), sms("m1", time.Now()), Text{Body: "x"})
			f, _ := errors.AsType[*Failure](err)
			if tt.word == "" {
				if err != nil || ref != tt.ref {
					t.Errorf("got %q, %v, want %q accepted", ref, err, tt.ref)
				}
				return
			}
			if f == nil || f.Class != tt.class || f.Word != tt.word || f.Status != tt.status {
				t.Errorf("got %#v, want %s %s %d", f, tt.class, tt.word, tt.status)
			}
		})
	}
}

func TestAnswerWithoutEnd(t *testing.T) {
	written := make(chan int, 1)
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) {
		total := 0
		for {
			n, err := w.Write(make([]byte, 1<<16))
			if total += n; err != nil {
				written <- total
				return
			}
		}
	})
	g := gateway("first", p.URL)
	g.Timeout = 3 * time.Second
	_, err := driver(t, g).Deliver(context.Background(), sms("m1", time.Now()), Text{Body: "x"})
	if f, _ := errors.AsType[*Failure](err); f == nil || f.Class != Unsure || f.Word != WordUnreadable {
		t.Errorf("got %v, want unsure unreadable", err)
	}
	if n := <-written; n > 32<<20 { // what sockets hold is less
		t.Errorf("got %d bytes taken, want the 64 KiB allowed and what was under way", n)
	}
}

func TestGatewayThatIsNotThere(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := "http://" + l.Addr().String()
	_ = l.Close()
	_, err = driver(t, gateway("first", address)).Deliver(context.Background(), sms("m1", time.Now()), Text{Body: "x"})
	f, _ := errors.AsType[*Failure](err)
	if f == nil || f.Class != Later || f.Word != WordUnreachable || f.Detail == "" {
		t.Errorf("got %#v, want later unreachable with a detail", f)
	}
}

func TestRetryAfter(t *testing.T) {
	h := driver(t, gateway("first", "http://127.0.0.1:9"))
	for _, tt := range []struct {
		value string
		want  time.Duration
	}{{"", 0}, {"7", 7 * time.Second}, {"-7", 0}, {"1.5", 0}, {"9h", 0}, {"soon", 0}, {"99999999999999999999", 0},
		{"Sun, 22 Nov 2026 09:02:00 GMT", 2 * time.Minute}, {"Sun, 22 Nov 2026 08:00:00 GMT", 0}} {
		got := h.after(&http.Response{Header: http.Header{"Retry-After": {tt.value}}})
		if got != tt.want {
			t.Errorf("Retry-After %q: got %s, want %s", tt.value, got, tt.want)
		}
	}
}

func TestGatewayRequest(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { answer(w, 200, `{"code":0}`) })
	g := gateway("first", p.URL+"/v1/{{.Channel | url}}?from={{.From | form}}&t={{.Text | form}}")
	g.From = "Latch & Key"
	g.Headers = map[string]string{"X-Label": "no {{.Label}}"}
	g.Signing = Signing{Scheme: "hmac-sha256", Secret: canarySecret, Header: "X-Signature", Prefix: "v1=",
		TimestampHeader: "X-Time",
		Over:            "{{.Method}}\n{{.Path}}\n{{.Timestamp}}\n{{.ID}}\n{{.Body}}"}
	text := "\"您的验证码\"\n&x=1 \\ </script>"
	if _, err := driver(t, g).Deliver(context.Background(), sms("m1", time.Now()), Text{Body: text}); err != nil {
		t.Fatal(err)
	}
	r, body := p.seen[0], p.body[0]
	var got map[string]string
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatalf("body %q: %v", body, err)
	}
	want := map[string]string{"to": canaryPhone, "text": text, "code": canaryCode, "say": "9, 1, 8, 2, 7, 3",
		"label": "K7", "lang": "zh-CN"}
	for k, v := range want {
		if got[k] != v {
			t.Errorf("%s: got %q, want %q", k, got[k], v)
		}
	}
	if r.URL.Path != "/v1/sms" || r.URL.Query().Get("from") != g.From || r.URL.Query().Get("t") != text {
		t.Errorf("got URL %s", r.URL)
	}
	if r.Header.Get("X-Label") != "no K7" || r.Header.Get("Idempotency-Key") != "m1" ||
		r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("got headers %v", r.Header)
	}
	stamp := fmt.Sprint(newClock().now().Unix())
	mac := hmac.New(sha256.New, []byte(canarySecret))
	mac.Write([]byte("POST\n" + r.URL.RequestURI() + "\n" + stamp + "\nm1\n" + body))
	sum := "v1=" + hex.EncodeToString(mac.Sum(nil))
	proof, at := r.Header.Get("X-Signature"), r.Header.Get("X-Time")
	if proof != sum || at != stamp {
		t.Errorf("got signature %q at %q, want %q at %q", proof, at, sum, stamp)
	}
}

func TestGatewayForms(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { answer(w, 200, "OK") })
	g := Gateway{Name: "f", Channels: []auth.Channel{auth.Voice}, URL: p.URL,
		ContentType: "application/x-www-form-urlencoded",
		Body:        "to={{.To | form}}&say={{.Digits | form}}&ref={{.ID | form}}&key={{.Secret | form}}",
		Signing:     Signing{Scheme: "basic", User: "shop", Secret: canarySecret}}
	ref, err := driver(t, g).Deliver(context.Background(), sms("m1", time.Now()), Text{})
	if err != nil || ref != "m1" {
		t.Fatalf("got %q, %v, want m1 accepted", ref, err)
	}
	form, _ := url.ParseQuery(p.body[0])
	user, password, _ := p.seen[0].BasicAuth()
	if form.Get("to") != canaryPhone || form.Get("ref") != "m1" || form.Get("key") != canarySecret || user != "shop" ||
		password != canarySecret {
		t.Errorf("got form %v by %q", form, user)
	}
	g.Method = "GET"
	g.Body = ""
	g.URL = p.URL + "/?to={{.To | form}}&ref={{.ID | form}}"
	g.Signing = Signing{Scheme: "bearer", Secret: canarySecret}
	if _, err := driver(t, g).Deliver(context.Background(), sms("m2", time.Now()), Text{}); err != nil {
		t.Fatal(err)
	}
	if r := p.seen[1]; r.Method != "GET" || r.URL.Query().Get("to") != canaryPhone ||
		r.Header.Get("Authorization") != "Bearer "+canarySecret {
		t.Errorf("got %s %s", r.Method, r.URL)
	}
}

// TestNothingLostNothingDoubled has gateways that fail in every way while they
// keep sending; each message must leave exactly once, by one of them.
func TestNothingLostNothingDoubled(t *testing.T) { synctest.Test(t, nothingLostNothingDoubled) }

func nothingLostNothingDoubled(t *testing.T) {
	stop, network := make(chan struct{}), &pipes{}
	manners := []func(w http.ResponseWriter, n int, send func()){
		func(w http.ResponseWriter, _ int, send func()) { send(); answer(w, 200, `{"code":0}`) },
		func(w http.ResponseWriter, n int, send func()) { // sends, then says 500
			if send(); n == 1 {
				answer(w, 500, canaryAnswer)
				return
			}
			answer(w, 200, `{"code":0}`)
		},
		func(w http.ResponseWriter, n int, send func()) { // sends, then never answers
			if send(); n == 1 {
				<-stop
				return
			}
			answer(w, 200, `{"code":0}`)
		},
		func(w http.ResponseWriter, n int, send func()) { // sends, hangs up twice
			if send(); n <= 2 {
				drop(w)
				return
			}
			answer(w, 200, `{"code":0}`)
		},
		func(w http.ResponseWriter, n int, send func()) { // sends, hangs up, is then too busy to say so
			if send(); n == 1 {
				drop(w)
				return
			} else if n == 2 {
				answer(w, 503, "")
				return
			}
			answer(w, 200, `{"code":0}`)
		},
		func(w http.ResponseWriter, _ int, _ func()) { answer(w, 429, "") },
		func(w http.ResponseWriter, _ int, _ func()) { answer(w, 403, canaryAnswer) },
		func(w http.ResponseWriter, _ int, _ func()) { answer(w, 200, `{"code":"no"}`) },
	}
	failing := func(w http.ResponseWriter, r *http.Request, n int, send func()) {
		var i int
		_, _ = fmt.Sscanf(r.Header.Get("Idempotency-Key"), "m%d", &i)
		manners[i%len(manners)](w, n, send)
	}
	first := newProviderOn(t, network.listen("127.0.0.1:1"), failing)
	defer close(stop)
	hangsUp := func(w http.ResponseWriter, _ *http.Request, n int, send func()) {
		if send(); n == 1 {
			drop(w)
			return
		}
		answer(w, 200, `{"code":0}`)
	}
	second := newProviderOn(t, network.listen("127.0.0.1:2"), hangsUp)
	log, b := &journal{}, newBox(time.Now)
	one, two := gateway("first", first.URL), gateway("second", second.URL)
	one.Slots, two.Slots = 64, 64
	d, err := New(Config{Gateways: []Gateway{one, two}}, b, render, time.Now, log.logger())
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range d.all {
		client := l.Driver.(*HTTP).client
		client.Transport.(*http.Transport).DialContext = network.dial
		defer client.CloseIdleConnections()
	}
	const many = 64
	for i := range many {
		b.put(sms(fmt.Sprintf("m%d", i), time.Now()))
	}
	for range 12 {
		pump(d)
		time.Sleep(15 * time.Second)
	}
	for i := range many {
		id := fmt.Sprintf("m%d", i)
		if n := first.sent[id] + second.sent[id]; n != 1 {
			t.Errorf("%s: left %d times (%d and %d), want once", id, n, first.sent[id], second.sent[id])
		}
		if m := b.get(id); m.State != auth.Accepted {
			t.Errorf("%s: got %s %q, want accepted", id, m.State, m.Reason)
		}
	}
	if len(second.sent) != many*3/8 {
		t.Errorf("got %d by the second gateway, want %d", len(second.sent), many*3/8)
	}
	log.clean(t)
}

func TestAcceptedAndLaterReportedFailed(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request, _ int, send func()) {
		send()
		answer(w, 200, `{"code":0,"data":[{"id":"ref-`+r.Header.Get("Idempotency-Key")+`"}]}`)
	})
	c := newClock()
	b := newBox(c.now)
	g := gateway("first", p.URL)
	g.Receipt = ReceiptRule{Format: "json", Reference: "id", Status: "status",
		Delivered: []string{"DELIVRD"}, Failed: []string{"UNDELIV"},
		Auth: Signing{Scheme: "bearer", Secret: canarySecret}}
	cfg := Config{Gateways: []Gateway{g}}
	d, err := New(cfg, b, render, c.now, (&journal{}).logger())
	if err != nil {
		t.Fatal(err)
	}
	receipts, err := NewReceipts(cfg, c.now)
	if err != nil {
		t.Fatal(err)
	}
	b.put(sms("m1", c.now()))
	b.put(sms("m2", c.now()))
	pump(d)
	say := func(body string) {
		t.Helper()
		proof := http.Header{"Authorization": {"Bearer " + canarySecret}}
		list, err := receipts.Handle("first", "", proof, []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list {
			b.receipt(r)
		}
	}
	for range 2 { // replays are harmless, and nothing goes back
		say(`{"id":"ref-m1","status":"UNDELIV"}`)
		say(`[{"id":"ref-m2","status":"DELIVRD"},{"id":"ref-m1","status":"ACCEPTED"}]`)
		say(`{"id":"ref-m2","status":"ENROUTE"}`)
		say(`{"id":"ref-m2","status":"UNDELIV"}`)
	}
	if m := b.get("m1"); m.State != auth.Failed || m.Reason != WordUndelivered {
		t.Errorf("m1: got %s %q, want failed undelivered", m.State, m.Reason)
	}
	if m := b.get("m2"); m.State != auth.Delivered {
		t.Errorf("m2: got %s, want delivered", m.State)
	}
	pump(d)
	if n := p.asks["m1"] + p.asks["m2"]; n != 2 {
		t.Errorf("got %d requests, want 2: a reported failure is not sent again", n)
	}
}

func TestGatewaySettings(t *testing.T) {
	good := gateway("first", "https://sms.example.com/v1")
	if _, err := NewHTTP(good, time.Now); err != nil {
		t.Fatalf("got %v for good settings", err)
	}
	tests := []struct {
		name   string
		change func(*Gateway)
		want   string
	}{
		{"no name", func(g *Gateway) { g.Name = "" }, "name"},
		{"path in name", func(g *Gateway) { g.Name = "../x" }, "name"},
		{"no channel", func(g *Gateway) { g.Channels = nil }, "channels are missing"},
		{"strange channel", func(g *Gateway) { g.Channels = []auth.Channel{"fax"} }, "fax"},
		{"plain http", func(g *Gateway) { g.URL = "http://sms.example.com/" }, "https"},
		{"looks like loopback", func(g *Gateway) { g.URL = "http://localhost.example.com/" }, "https"},
		{"other scheme", func(g *Gateway) { g.URL = "file:///etc/passwd" }, "url"},
		{"password in url", func(g *Gateway) { g.URL = "https://a:b@sms.example.com/" }, "without user"},
		{"host by template", func(g *Gateway) { g.URL = "https://{{.To}}.example.com/" }, "template"},
		{"host with a value after it", func(g *Gateway) { g.URL = "https://sms.example.com{{.To}}" }, "template"},
		{"unescaped query", func(g *Gateway) { g.URL += "?t={{.Text}}" }, "form"},
		{"unescaped path", func(g *Gateway) { g.URL += "/{{.Text}}" }, "form"},
		{"unescaped json", func(g *Gateway) { g.Body = `{"text":"{{.Text}}","ref":"{{.ID}}"}` }, "json"},
		{"json quoted twice", func(g *Gateway) { g.Body = `{"text":"{{.Text | json}}"}` }, "json"},
		{"unescaped form", func(g *Gateway) {
			g.ContentType, g.Body = "application/x-www-form-urlencoded", "t={{.Text}}"
		}, "form"},
		{"unescaped header", func(g *Gateway) { g.Headers = map[string]string{"X-A": "{{.Text}}"} }, "header X-A"},
		{"strange header", func(g *Gateway) { g.Headers = map[string]string{"X A": "b"} }, "no name of a header"},
		{"unknown field", func(g *Gateway) { g.Body = "{{.Password}}" }, "Password"},
		{"broken template", func(g *Gateway) { g.Body = "{{.To" }, "body"},
		{"no content type", func(g *Gateway) { g.ContentType = "" }, "content-type"},
		{"body of GET", func(g *Gateway) { g.Method = "GET" }, "GET"},
		{"method", func(g *Gateway) { g.Method = "DELETE" }, "method"},
		{"id does not travel", func(g *Gateway) { g.IdempotencyHeader = "" }, "id must travel"},
		{"success without values", func(g *Gateway) { g.Success.Equals = nil }, "belong together"},
		{"status", func(g *Gateway) { g.Success.Statuses = []int{20} }, "20"},
		{"too patient", func(g *Gateway) { g.Timeout = time.Hour }, "timeout"},
		{"too big", func(g *Gateway) { g.MaxResponse = 1 << 40 }, "max-response"},
		{"authorities", func(g *Gateway) { g.CAFile = "/does/not/exist" }, "ca-file"},
		{"scheme of signing", func(g *Gateway) { g.Signing.Scheme = "md5" }, "md5"},
		{"no secret", func(g *Gateway) { g.Signing.Scheme = "bearer" }, "secret"},
		{"secret with a line end", func(g *Gateway) {
			g.Signing = Signing{Scheme: "bearer", Secret: "a\nb"}
		}, "header"},
		{"two secrets", func(g *Gateway) {
			g.Signing = Signing{Scheme: "bearer", Secret: "a", SecretFile: "b"}
		}, "both"},
		{"basic without user", func(g *Gateway) { g.Signing = Signing{Scheme: "basic", Secret: "a"} }, "user"},
		{"hmac without header", func(g *Gateway) { g.Signing = Signing{Scheme: "hmac-sha256", Secret: "a"} }, "header"},
		{"hmac over nothing", func(g *Gateway) {
			g.Signing = Signing{Scheme: "hmac-sha256", Secret: "a", Header: "X-S", Over: "{{.Timestamp}}"}
		}, "Body"},
		{"encoding", func(g *Gateway) {
			g.Signing = Signing{Scheme: "hmac-sha256", Secret: "a", Header: "X-S", Encoding: "rot13"}
		}, "rot13"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			g := good
			g.Channels = slices.Clone(good.Channels)
			tt.change(&g)
			if _, err := NewHTTP(g, time.Now); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
}
