package web

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The bounds of a connection: a slow or silent client costs one connection for this long and no more.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	drainTimeout      = 9 * time.Second // of the 10 that the program has
)

// DefaultInFlight is how many requests are answered at once where nobody says otherwise.
const DefaultInFlight = 1024

// Refusals of whoever has shown no session have a pace, of the whole site. Such an answer waits for its turn, at most
// TurnWait, and holds no place meanwhile: so many connections that ask again as soon as they are answered take
// little of what answering owners needs (promise 14). Whoever comes alone waits for nothing.
const (
	refusalEvery = 500 * time.Microsecond
	TurnWait     = time.Second
)

// Config is what a Front is made of. Site is required.
type Config struct {
	Site         Site
	Proxies      Networks         // whose X-Forwarded-For is believed
	Rate         Rate             // of unsafe requests to open routes, by client; zero: DefaultRate
	InFlight     int              // requests answered at once; 0: DefaultInFlight
	Logger       *slog.Logger     // nil: nothing is logged
	LogAddresses bool             // write clients' addresses to the access log
	Now          func() time.Time // nil: time.Now
	Random       io.Reader        // nil: crypto/rand
}

// A Front lets requests in: to one face, or by the path to another. It is safe for concurrent use.
type Front struct {
	Site     Site
	InFlight *Room // requests
	Reading  *Room // bytes of bodies
	Refusals Queue // to strangers

	Uploading *Room // bytes of files
	Log       *slog.Logger
	Now       func() time.Time

	face         Face
	beside       map[string]Face // by the first element of the path
	proxies      []netip.Prefix
	csrf         *http.CrossOriginProtection
	suspects     suspects
	names        names
	limit        *limiter
	headers      map[string][]string
	random       io.Reader
	logAddresses bool
}

// A Face answers requests that a Front has let in.
type Face interface {
	// Open takes up a request, before it is known whether it is let in. It is called once for each and does nothing
	// dear.
	Open(x *Exchange) Request
}

// A Request is one request of a face, which answers it by one of the two.
type Request interface {
	Answer()
	Refuse(err error) // a refusal (auth.Error), or a failure
}

// NewFront returns the front of a face.
func NewFront(cfg Config, face Face) (*Front, error) {
	f := &Front{
		Site: cfg.Site, Log: cfg.Logger, Now: cfg.Now, face: face, beside: map[string]Face{},
		proxies: cfg.Proxies.prefixes(),
		csrf:    http.NewCrossOriginProtection(), headers: headers(cfg.Site), random: cfg.Random,
		logAddresses: cfg.LogAddresses,
		Refusals:     Queue{Every: refusalEvery, Most: TurnWait},
	}
	if err := f.csrf.AddTrustedOrigin(cfg.Site.Origin); err != nil {
		return nil, fmt.Errorf("trusting the own origin: %w", err)
	}
	if f.Log == nil {
		f.Log = slog.New(slog.DiscardHandler)
	}
	if f.Now == nil {
		f.Now = time.Now
	}
	if f.random == nil {
		f.random = rand.Reader
	}
	rate := cfg.Rate
	if rate.Burst == 0 || rate.Burst > 0 && rate.PerSecond <= 0 {
		rate = DefaultRate()
	}
	f.limit = newLimiter(rate)
	n := cfg.InFlight
	if n <= 0 {
		n = DefaultInFlight
	}
	f.InFlight, f.Reading = NewRoom(n), NewRoom(readingRoom)
	f.Uploading = NewRoom(uploadRoom)
	return f, nil
}

// Beside has another face answer what stands under a first element of the path. It is called before anything is served.
func (f *Front) Beside(first string, face Face) { f.beside[first] = face }

// Serve answers on l by h until ctx ends, then takes no new requests and lets those under way finish; stopping is
// called in between. It returns nil after an orderly end, and closes l in any case. Requests that outlast the drain
// are cut off, which is an error.
func (f *Front) Serve(ctx context.Context, l net.Listener, stopping func()) error {
	h := &http.Server{
		Handler: f, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(f.Log.Handler(),
			slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	stopping()
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := h.Shutdown(drain); err != nil {
		_ = h.Close()
		return fmt.Errorf("draining: %w", err)
	}
	return nil
}

// faceOf is the face that answers a path.
func (f *Front) faceOf(path string) Face {
	path = strings.TrimPrefix(path, f.Site.Base)
	first, _, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	if face, ok := f.beside[first]; ok {
		return face
	}
	return f.face
}

// ServeHTTP answers one request.
func (f *Front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := f.Exchange(w, r)
	h := w.Header()
	for k, v := range f.headers {
		h[k] = v
	}
	x.ID = requestID(r.Header.Get("X-Request-Id"))
	if x.ID == "" {
		x.ID = f.newRequestID()
	}
	h.Set("X-Request-Id", x.ID)
	q := f.faceOf(r.URL.Path).Open(x)
	defer f.end(x, q)
	if strings.HasPrefix(r.URL.Path, f.Site.Base+"/health/") { // asked by address, and also when the rest is full
		q.Answer()
		return
	}
	f.suspect(r)
	if err := x.enter(q); err != nil {
		q.Refuse(err)
		return
	}
	defer x.LeavePlace()
	if err := f.gate(r); err != nil {
		q.Refuse(err)
		return
	}
	if f.hasOtherName(x) {
		http.Redirect(x, r, f.Site.Origin+r.URL.RequestURI(), http.StatusFound)
		return
	}
	q.Answer()
}

// enter reads the body, but for that of an upload, and takes a place for the request.
func (x *Exchange) enter(q Request) error {
	x.who = networks(x.Client())
	if u, ok := q.(Uploader); !ok || !u.Uploads() {
		if err := x.receive(x.who); err != nil {
			return err
		}
	}
	if err := x.front.InFlight.Take(x.who, 1); err != nil {
		return err
	}
	x.placed = true
	return nil
}

// end logs the request, and answers for a handler that panicked.
func (f *Front) end(x *Exchange, q Request) {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		f.Log.Error("panic", "id", x.ID, "route", x.Route, "value", fmt.Sprint(p), "stack", string(debug.Stack()))
		if x.Status == 0 {
			q.Refuse(auth.Refuse(auth.Internal))
		}
	}
	x.access()
}

func (f *Front) newRequestID() string {
	var b [12]byte
	if _, err := io.ReadFull(f.random, b[:]); err != nil {
		return "unknown-"
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// Secret returns 256 random bits in 43 characters.
func (f *Front) Secret() (string, error) {
	var b [32]byte
	if _, err := io.ReadFull(f.random, b[:]); err != nil {
		return "", fmt.Errorf("reading randomness: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b[:]), nil
}
