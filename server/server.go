package server

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
)

// The bounds of a connection: a slow or silent client costs one connection for this long and no more.
const (
	readHeaderTimeout = 5 * time.Second
	readTimeout       = 15 * time.Second
	writeTimeout      = 30 * time.Second
	idleTimeout       = 2 * time.Minute
	maxHeaderBytes    = 32 << 10
	drainTimeout      = 9 * time.Second // of the 10 that the program has
	defaultInFlight   = 1024
)

// Server is Latchkey over HTTP. It is safe for concurrent use.
type Server struct {
	service  *auth.Service
	methods  auth.Table
	texts    Texts
	pages    assets.Renderer
	config   Config
	site     site
	proxies  []netip.Prefix
	echo     *echo.Echo
	csrf     *http.CrossOriginProtection
	suspects suspects
	limit    *limiter
	inFlight *room // requests
	reading  *room // bytes of bodies
	refusals queue // to strangers
	signUps  queue
	headers  map[string][]string
	statuses map[auth.Code]int
	problem  *shape
	regions  func(lang string) []assets.Country // that numbers may be of
	log      *slog.Logger
	shops    *team.Service
	recovery *recovery.Service
	lab      *lab.Service    // nil: a real site
	messages *messageDoor    // nil: messages are sent, or a lab's
	stopping context.Context // ends when no new requests are taken
	stop     func()
	now      func() time.Time
	random   io.Reader

	logAddresses             bool
	sessionName, browserName string // of cookies, joined once

	assetLinks, siteAssociation []byte // for native apps; nil: there are none
}

// New returns a server of cfg. Errors: a required part is missing, or an address in cfg is not one.
func New(cfg Config) (*Server, error) {
	if cfg.Service == nil || cfg.Texts == nil {
		return nil, errors.New("server needs a service and texts")
	}
	at, err := newSite(cfg)
	if err != nil {
		return nil, err
	}
	s := &Server{
		service: cfg.Service, methods: cfg.Service.Methods(), texts: cfg.Texts, pages: cfg.Pages, config: cfg, site: at,
		proxies: cfg.TrustedProxies.prefixes(),
		csrf:    http.NewCrossOriginProtection(), headers: headers(at), statuses: statuses(),
		problem: shapeOf(typeProblem), regions: served(cfg.Policy.Countries),
		log: cfg.Logger, now: cfg.Now, random: cfg.Random, logAddresses: cfg.LogAddresses,
	}
	if (cfg.Lab == nil) != (cfg.Service.Lab() == nil) {
		return nil, errors.New("server needs a lab's use cases with a lab, and with nothing else")
	}
	s.shops = cfg.Shops
	s.recovery = cfg.Recovery
	if s.lab = cfg.Lab; s.lab != nil {
		s.site.prefix += labPrefix(at.origin)
	} else {
		s.site.prefix += portPrefix(at)
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	if err := s.csrf.AddTrustedOrigin(at.origin); err != nil {
		return nil, fmt.Errorf("trusting the own origin: %w", err)
	}
	s.defaults()
	if s.assetLinks, err = assetLinks(cfg.AndroidApps); err != nil {
		return nil, err
	}
	if s.siteAssociation, err = siteAssociation(cfg.AppleApps); err != nil {
		return nil, err
	}
	if s.showsMessages() && s.lab == nil {
		if s.messages, err = newMessageDoor(s.secret); err != nil {
			return nil, err
		}
	}
	s.sessionName, s.browserName = s.site.prefix+sessionCookie, s.site.prefix+browserCookie
	s.mount()
	return s, nil
}

func (s *Server) defaults() {
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	if s.random == nil {
		s.random = rand.Reader
	}
	rate := s.config.Rate
	if rate.Burst == 0 || rate.Burst > 0 && rate.PerSecond <= 0 {
		rate = DefaultRate()
	}
	s.limit = newLimiter(rate)
	n := s.config.InFlight
	if n <= 0 {
		n = defaultInFlight
	}
	s.inFlight, s.reading = newRoom(n), newRoom(readingRoom)
	s.refusals.every, s.refusals.most = refusalEvery, turnWait
	s.signUps.every, s.signUps.most = signUpEvery, turnWait
}

// Handler returns the server as a handler, for tests and for programs that bring their own listener.
func (s *Server) Handler() http.Handler { return s }

// Serve answers on l until ctx ends, then takes no new requests and lets those under way finish. It returns nil after
// an orderly end, and closes l in any case. Requests that outlast the drain are cut off, which is an error.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	h := &http.Server{
		Handler: s, ReadHeaderTimeout: readHeaderTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug),
	}
	ended := make(chan error, 1)
	go func() { ended <- h.Serve(l) }()
	select {
	case err := <-ended:
		return fmt.Errorf("serving: %w", err)
	case <-ctx.Done():
	}
	s.stop() // whoever waits for a message waits no longer
	drain, cancel := context.WithTimeout(context.WithoutCancel(ctx), drainTimeout)
	defer cancel()
	if err := h.Shutdown(drain); err != nil {
		_ = h.Close()
		return fmt.Errorf("draining: %w", err)
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &request{ResponseWriter: w, s: s, r: r, began: s.now(), route: "none"}
	h := w.Header()
	for k, v := range s.headers {
		h[k] = v
	}
	x.id = requestID(r.Header.Get("X-Request-Id"))
	if x.id == "" {
		x.id = s.newRequestID()
	}
	h.Set("X-Request-Id", x.id)
	defer x.end()
	x.page = s.pages != nil && !strings.HasPrefix(r.URL.Path, s.site.base+"/api/") && strings.Contains(r.Header.Get("Accept"), "text/html")
	x.caller.Language = x.language()
	if strings.HasPrefix(r.URL.Path, s.site.base+"/health/") { // asked by address, and also when the rest is full
		s.echo.ServeHTTP(x, r)
		return
	}
	s.suspect(r)
	x.who = networks(s.client(r))
	if err := x.receive(x.who); err != nil {
		x.refuse(err)
		return
	}
	if err := s.inFlight.take(x.who, 1); err != nil {
		x.refuse(err)
		return
	}
	x.placed = true
	defer x.leavePlace()
	if err := s.gate(x); err != nil {
		x.refuse(err)
		return
	}
	if s.hasOtherName(x) {
		http.Redirect(x, r, s.site.origin+r.URL.RequestURI(), http.StatusFound)
		return
	}
	s.echo.ServeHTTP(x, r)
}

// leavePlace gives back the place that the request has taken.
func (x *request) leavePlace() {
	if x.placed {
		x.placed = false
		x.s.inFlight.give(x.who, 1)
	}
}

// end logs the request, and answers for a handler that panicked.
func (x *request) end() {
	if p := recover(); p != nil {
		if p == http.ErrAbortHandler {
			panic(p)
		}
		x.s.log.Error("panic", "id", x.id, "route", x.route, "value", fmt.Sprint(p), "stack", string(debug.Stack()))
		if x.status == 0 {
			x.refuse(auth.Refuse(auth.Internal))
		}
	}
	x.access()
}

// refuse answers with a page to people and with a problem document to programs.
func (x *request) refuse(err error) {
	x.awaitRefusal(err)
	if x.page {
		x.failure(err)
		return
	}
	x.document(err)
}

func (s *Server) newRequestID() string {
	var b [12]byte
	if _, err := io.ReadFull(s.random, b[:]); err != nil {
		return "unknown-"
	}
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// mount makes the router.
func (s *Server) mount() {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = func(r *http.Request) string { return s.client(r).String() }
	e.SchemeExtractor = s.scheme
	e.HTTPErrorHandler = notFound
	s.echo = e
	s.mountAPI(e)
	s.mountKnown(e)
	s.mountPages(e)
}

// notFound answers requests that no route took.
func notFound(err error, c echo.Context) {
	x := c.Response().Writer.(*request)
	if x.status != 0 {
		return
	}
	var e *echo.HTTPError
	if !errors.As(err, &e) {
		x.refuse(err)
		return
	}
	if e.Code == http.StatusMethodNotAllowed {
		x.refuse(auth.Refuse(auth.MethodNotAllowed))
		return
	}
	x.refuse(auth.Refuse(auth.NotFound))
}

// at registers a handler of ours; HEAD goes wherever GET does.
func (s *Server) at(e *echo.Echo, method, path, name string, handle func(x *request) error) {
	path = strings.NewReplacer("{", ":", "}", "").Replace(s.site.base + path)
	h := func(c echo.Context) error {
		x := c.Response().Writer.(*request)
		x.path, x.route = c, name
		if err := handle(x); err != nil {
			x.refuse(err)
		}
		return nil
	}
	e.Add(method, path, h)
	if method == http.MethodGet {
		e.Add(http.MethodHead, path, h)
	}
}
