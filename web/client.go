package web

import (
	"net/http"
	"net/netip"
	"strings"
)

// Client is the address of whoever sent the request. X-Forwarded-For is a list that anyone can begin: it is read from
// its end, and only as far as configured proxies vouch for it. Believing its first entry would let an attacker choose
// his own rate-limit bucket for every request.
func (f *Front) Client(r *http.Request) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	at := peer.Addr().Unmap()
	if !f.trusted(at) {
		return at
	}
	lines := r.Header["X-Forwarded-For"]
	for i := len(lines) - 1; i >= 0; i-- {
		hops := lines[i]
		for hops != "" {
			cut := strings.LastIndexByte(hops, ',')
			hop := strings.TrimSpace(hops[cut+1:])
			hops = hops[:max(cut, 0)]
			next, err := hopAddr(hop)
			if err != nil {
				return at // whatever stands before it, nobody vouches for
			}
			if at = next.Unmap(); !f.trusted(at) {
				return at
			}
		}
	}
	return at
}

// hopAddr reads one entry of X-Forwarded-For: an address, or with some proxies an address and a port.
func hopAddr(hop string) (netip.Addr, error) {
	if a, err := netip.ParseAddr(hop); err == nil {
		return a, nil
	}
	p, err := netip.ParseAddrPort(hop)
	return p.Addr(), err
}

// Forwarded reports whether a proxy stands between us and the client, as far as it says so.
func Forwarded(r *http.Request) bool {
	for _, name := range []string{"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip",
		"Forwarded", "Via"} {
		if len(r.Header[name]) > 0 {
			return true
		}
	}
	return false
}

// trusted reports whether an address is one of the configured proxies.
func (f *Front) trusted(a netip.Addr) bool {
	for _, p := range f.proxies {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// viaProxy reports whether the request came from a configured proxy.
func (f *Front) viaProxy(r *http.Request) bool {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	return err == nil && f.trusted(peer.Addr().Unmap())
}

// Scheme is how the client reached us: by the connection, or by the word of a configured proxy.
func (f *Front) Scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	if f.viaProxy(r) {
		protos := r.Header["X-Forwarded-Proto"]
		if len(protos) > 0 && strings.EqualFold(strings.TrimSpace(protos[len(protos)-1]), "https") {
			return "https"
		}
	}
	return "http"
}
