package server

import (
	"net"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// gate refuses requests that no route should see.
func (s *Server) gate(x *request) error {
	if err := s.host(x.r); err != nil {
		return err
	}
	if s.csrf.Check(x.r) != nil {
		return auth.Refuse(auth.CrossOrigin)
	}
	return nil
}

// hasOtherName reports whether a person opened the program on this machine by another of the machine's names. Keys belong to
// one name, so he is led to it. An address without a path ("http:@evil.example") would be glued to our name.
func (s *Server) hasOtherName(x *request) bool {
	return s.site.local && x.page && x.r.Method == http.MethodGet && strings.HasPrefix(x.r.URL.Path, "/") &&
		!s.site.known[strings.ToLower(x.r.Host)]
}

// host refuses names that are not ours. A page of another name that was made to point at this machine (DNS rebinding)
// is same-origin with itself; only the name gives it away. Configured proxies have chosen us already.
func (s *Server) host(r *http.Request) error {
	if s.site.known[strings.ToLower(r.Host)] || s.viaProxy(r) {
		return nil
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	if s.site.local && isLoopback(name) {
		return nil
	}
	return auth.Refuse(auth.CrossOrigin)
}

// bound spends one of the client's requests to an unsafe route. All are bounded but the gateways' and
// signing out, which nobody may keep anybody from.
func (x *request) bound() error {
	if x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		return nil
	}
	return x.spend()
}

// spend takes one of the requests that the client has.
func (x *request) spend() error {
	at := x.s.now()
	if ok, wait := x.s.limit.take(x.s.client(x.r), at); !ok {
		return auth.Refuse(auth.TooManyRequests).At(at.Add(wait))
	}
	return nil
}
