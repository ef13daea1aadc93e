package server

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/web"
)

// Server is Latchkey over HTTP. It is safe for concurrent use.
type Server struct {
	service  *auth.Service
	methods  auth.Table
	texts    Texts
	pages    assets.Renderer
	config   Config
	site     web.Site
	front    *web.Front
	echo     *echo.Echo
	signUps  web.Queue
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

	sessionName, browserName string // of cookies, joined once

	assetLinks, siteAssociation []byte // for native apps; nil: there are none
}

// New returns a server of cfg. Errors: a required part is missing, or an address in cfg is not one.
func New(cfg Config) (*Server, error) {
	if cfg.Service == nil || cfg.Texts == nil {
		return nil, errors.New("server needs a service and texts")
	}
	at, err := web.NewSite(cfg.Origin, cfg.RelatedOrigins)
	if err != nil {
		return nil, err
	}
	s := &Server{
		service: cfg.Service, methods: cfg.Service.Methods(), texts: cfg.Texts, pages: cfg.Pages, config: cfg, site: at,
		statuses: web.Statuses(), problem: shapeOf(typeProblem), regions: served(cfg.Policy.Countries),
		shops: cfg.Shops, recovery: cfg.Recovery, lab: cfg.Lab,
		signUps: web.Queue{Every: signUpEvery, Most: web.TurnWait},
	}
	if (cfg.Lab == nil) != (cfg.Service.Lab() == nil) {
		return nil, errors.New("server needs a lab's use cases with a lab, and with nothing else")
	}
	if s.lab != nil {
		s.site.Prefix += labPrefix(at.Origin)
	} else {
		s.site.Prefix += at.PortPrefix()
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	s.front, err = web.NewFront(web.Config{Site: s.site, Proxies: cfg.TrustedProxies, Rate: cfg.Rate, InFlight: cfg.InFlight,
		Logger: cfg.Logger, LogAddresses: cfg.LogAddresses, Now: cfg.Now, Random: cfg.Random}, s)
	if err != nil {
		return nil, err
	}
	s.log, s.now = s.front.Log, s.front.Now
	if cfg.Desk != nil {
		s.front.Beside("desk", cfg.Desk)
	}
	if s.assetLinks, err = assetLinks(cfg.AndroidApps); err != nil {
		return nil, err
	}
	if s.siteAssociation, err = siteAssociation(cfg.AppleApps); err != nil {
		return nil, err
	}
	if s.showsMessages() && s.lab == nil {
		if s.messages, err = newMessageDoor(s.front.Secret); err != nil {
			return nil, err
		}
	}
	s.sessionName, s.browserName = s.site.Prefix+sessionCookie, s.site.Prefix+browserCookie
	s.mount()
	return s, nil
}

// Handler returns the server as a handler, for tests and for programs that bring their own listener.
func (s *Server) Handler() http.Handler { return s }

// Serve answers on l until ctx ends, then takes no new requests and lets those under way finish. It returns nil after
// an orderly end, and closes l in any case. Requests that outlast the drain are cut off, which is an error.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	return s.front.Serve(ctx, l, s.stop) // whoever waits for a message waits no longer
}

// OtherName is by which name people come through a proxy instead of the origin's, "" for none.
func (s *Server) OtherName() string { return s.front.OtherName() }

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.front.ServeHTTP(w, r) }

// Open implements web.Face.
func (s *Server) Open(e *web.Exchange) web.Request {
	x := &request{Exchange: e, s: s, r: e.Request()}
	x.Page = s.pages != nil && !strings.HasPrefix(x.r.URL.Path, s.site.Base+"/api/") &&
		strings.Contains(x.r.Header.Get("Accept"), "text/html")
	x.caller.Language = x.language()
	return x
}

// Answer implements web.Request.
func (x *request) Answer() { x.s.echo.ServeHTTP(x, x.r) }

// Refuse answers with a page to people and with a problem document to programs.
func (x *request) Refuse(err error) {
	x.AwaitRefusal(err)
	if x.Page {
		x.failure(err)
		return
	}
	x.document(err)
}

// mount makes the router.
func (s *Server) mount() {
	e := echo.New()
	e.HideBanner, e.HidePort = true, true
	e.IPExtractor = func(r *http.Request) string { return s.front.Client(r).String() }
	e.SchemeExtractor = s.front.Scheme
	e.HTTPErrorHandler = notFound
	s.echo = e
	s.mountAPI(e)
	s.mountKnown(e)
	s.mountPages(e)
}

// notFound answers requests that no route took.
func notFound(err error, c echo.Context) {
	x := c.Response().Writer.(*request)
	if x.Status != 0 {
		return
	}
	var e *echo.HTTPError
	if !errors.As(err, &e) {
		x.Refuse(err)
		return
	}
	if e.Code == http.StatusMethodNotAllowed {
		x.Refuse(auth.Refuse(auth.MethodNotAllowed))
		return
	}
	x.Refuse(auth.Refuse(auth.NotFound))
}

// at registers a handler of ours; HEAD goes wherever GET does.
func (s *Server) at(e *echo.Echo, method, path, name string, handle func(x *request) error) {
	path = strings.NewReplacer("{", ":", "}", "").Replace(s.site.Base + path)
	h := func(c echo.Context) error {
		x := c.Response().Writer.(*request)
		x.path, x.Route = c, name
		if err := handle(x); err != nil {
			x.Refuse(err)
		}
		return nil
	}
	e.Add(method, path, h)
	if method == http.MethodGet {
		e.Add(http.MethodHead, path, h)
	}
}
