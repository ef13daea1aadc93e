package server

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// mountKnown registers what is neither API nor page: health, well-known addresses, the contract, static files.
// Behind a sub-path the well-known addresses of the host lie outside of it: they are served there too, for a proxy
// that passes them on.
func (s *Server) mountKnown(e *echo.Echo) {
	known := map[string]func(*request) error{
		"/.well-known/change-password": func(x *request) error {
			http.Redirect(x, x.r, s.site.Base+"/security/password", http.StatusFound)
			return nil
		},
		"/.well-known/webauthn":                   fixed("application/json", related(s.site)),
		"/.well-known/passkey-endpoints":          fixed("application/json", passkeyEndpoints(s.site)),
		"/.well-known/security.txt":               s.securityTxt,
		"/.well-known/assetlinks.json":            forApps(s.assetLinks),
		"/.well-known/apple-app-site-association": forApps(s.siteAssociation),
		"/robots.txt":                             fixed("text/plain; charset=utf-8", []byte("User-agent: *\nDisallow: /\n")),
	}
	for path, handle := range known {
		s.at(e, http.MethodGet, path, path, handle)
		if s.site.Base != "" {
			e.GET(path, func(c echo.Context) error {
				x := c.Response().Writer.(*request)
				x.Route = path
				return handle(x)
			})
		}
	}
	s.at(e, http.MethodGet, "/openapi.json", "/openapi.json", s.openAPI())
	s.at(e, http.MethodGet, "/health/live", "/health/live", fixed("text/plain; charset=utf-8", []byte("ok\n")))
	s.at(e, http.MethodGet, "/health/ready", "/health/ready", ready)
	s.at(e, http.MethodGet, "/problems/{code}", "/problems/{code}", explain)
	if s.config.Static != nil {
		s.at(e, http.MethodGet, "/assets/*", "/assets", func(x *request) error {
			x.Header().Del("Cache-Control") // the files' names hold their hash: Static says how long
			s.config.Static.ServeHTTP(x, x.r)
			return nil
		})
	}
}

// fixed answers with the same bytes every time.
func fixed(media string, body []byte) func(*request) error {
	return func(x *request) error {
		x.Send(http.StatusOK, media, body)
		return nil
	}
}

// openAPI answers with the contract, written when it is first asked for: at the start it would be half of the work.
func (s *Server) openAPI() func(*request) error {
	contract := sync.OnceValues(s.contract)
	return func(x *request) error {
		doc, err := contract()
		if err != nil {
			return err
		}
		x.Send(http.StatusOK, "application/json", doc)
		return nil
	}
}

// related lists the origins that may use our relying party id. WebAuthn Level 3 §5.11.
func related(s web.Site) []byte {
	origins := []string{s.Origin}
	for _, o := range s.Related {
		if !strings.HasPrefix(o, web.AppOrigin) {
			origins = append(origins, o)
		}
	}
	raw, _ := json.Marshal(map[string][]string{"origins": origins}) // strings: it cannot fail
	return raw
}

// passkeyEndpoints tells password managers where keys are added and managed (W3C Passkey Endpoints).
func passkeyEndpoints(s web.Site) []byte {
	raw, _ := json.Marshal(map[string]string{ // strings: it cannot fail
		"enroll": s.Origin + s.Base + "/security/keys/new", "manage": s.Origin + s.Base + "/security/keys"})
	return raw
}

// securityTxt is RFC 9116. It expires, so that a copy does not outlive us.
func (s *Server) securityTxt(x *request) error {
	if s.config.Contact == "" {
		return auth.Refuse(auth.NotFound)
	}
	expires := s.now().UTC().Truncate(24*time.Hour).AddDate(0, 6, 0).Format(time.RFC3339)
	x.Send(http.StatusOK, "text/plain; charset=utf-8", []byte("Contact: "+s.config.Contact+"\nExpires: "+expires+
		"\nPreferred-Languages: zh, en\nCanonical: "+s.site.Origin+"/.well-known/security.txt\n"))
	return nil
}

// ready reports whether requests would be served now. Why not is for the log, not for whoever asks.
func ready(x *request) error {
	if check := x.s.config.Ready; check != nil {
		if err := check(x.r.Context()); err != nil {
			x.s.log.Warn("not ready", "error", err)
			x.Send(http.StatusServiceUnavailable, "text/plain; charset=utf-8", []byte("not ready\n"))
			return nil
		}
	}
	text := "ok\n"
	if alarms := x.s.config.Alarms; alarms != nil {
		for _, a := range alarms() {
			text += "alarm: " + a + "\n"
		}
	}
	x.Send(http.StatusOK, "text/plain; charset=utf-8", []byte(text))
	return nil
}

// explain is what the type of a problem document leads to.
func explain(x *request) error {
	code := auth.Code(x.param("code"))
	status, ok := x.s.statuses[code]
	if !ok {
		return auth.Refuse(auth.NotFound)
	}
	title, detail := x.s.texts.Problem(x.caller.Language, string(code), nil)
	p := Problem{Type: x.s.site.Problems + string(code), Title: title, Detail: detail, Status: status, Code: code}
	x.Header().Set("Content-Language", x.caller.Language)
	x.Send(http.StatusOK, "application/json", x.s.problem.append(nil, &p))
	return nil
}
