package web

import (
	"net"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/auth"
)

// gate refuses requests that no route should see.
func (f *Front) gate(r *http.Request) error {
	if err := f.host(r); err != nil {
		return err
	}
	if f.csrf.Check(r) != nil {
		return auth.Refuse(auth.CrossOrigin)
	}
	return nil
}

// hasOtherName reports whether a person opened the program on this machine by another of the machine's names. Keys belong to
// one name, so he is led to it. An address without a path ("http:@evil.example") would be glued to our name.
func (f *Front) hasOtherName(x *Exchange) bool {
	return f.Site.Local && x.Page && x.r.Method == http.MethodGet && strings.HasPrefix(x.r.URL.Path, "/") &&
		!f.Site.known[strings.ToLower(x.r.Host)]
}

// host refuses names that are not ours. A page of another name that was made to point at this machine (DNS rebinding)
// is same-origin with itself; only the name gives it away. Configured proxies have chosen us already.
func (f *Front) host(r *http.Request) error {
	if f.Site.known[strings.ToLower(r.Host)] || f.viaProxy(r) {
		return nil
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	if f.Site.Local && IsLoopback(name) {
		return nil
	}
	return auth.Refuse(auth.CrossOrigin)
}
