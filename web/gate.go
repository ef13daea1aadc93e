package web

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"

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

// names are by which names people come through a proxy.
type names struct {
	own   atomic.Bool            // somebody came by the origin's
	other atomic.Pointer[string] // the first that is not
}

// noteName says in the log that a proxy passes on another name than ours, before it has passed on ours: links and keys
// would be of a name by which nobody comes. Whoever looks for machines sends any name, so that one of ours ends it; an
// address is a proxy's own name for us.
func (f *Front) noteName(name string) {
	if _, err := netip.ParseAddr(strings.Trim(name, "[]")); err == nil || IsLoopback(name) || f.names.own.Load() {
		return
	}
	if f.names.other.CompareAndSwap(nil, &name) {
		f.Log.Warn("a proxy passes on another name than the origin's: links and keys are of the origin",
			"name", name, "origin", f.Site.Origin)
	}
}

// OtherName is by which name people come instead of the origin's, "" where somebody came by that.
func (f *Front) OtherName() string {
	name := f.names.other.Load()
	if name == nil || f.names.own.Load() {
		return ""
	}
	return *name
}

// hasOtherName reports whether a person opened the program on this machine by another of the machine's names. Keys
// belong to one name, so he is led to it. An address without a path ("http:@evil.example") would be glued to our name.
func (f *Front) hasOtherName(x *Exchange) bool {
	return f.Site.Local && x.Page && x.r.Method == http.MethodGet && strings.HasPrefix(x.r.URL.Path, "/") &&
		!f.Site.known[strings.ToLower(x.r.Host)]
}

// host refuses names that are not ours. A page of another name that was made to point at this machine (DNS rebinding)
// is same-origin with itself; only the name gives it away. Configured proxies have chosen us already.
func (f *Front) host(r *http.Request) error {
	if f.Site.known[strings.ToLower(r.Host)] {
		if !f.names.own.Load() && f.viaProxy(r) {
			f.names.own.Store(true)
		}
		return nil
	}
	name := r.Host
	if h, _, err := net.SplitHostPort(name); err == nil {
		name = h
	}
	if f.viaProxy(r) {
		f.noteName(name)
		return nil
	}
	if f.Site.Local && IsLoopback(name) {
		return nil
	}
	return auth.Refuse(auth.CrossOrigin)
}
