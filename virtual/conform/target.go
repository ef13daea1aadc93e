package conform

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// ErrNotLoopback is returned for a target that is neither on the loopback interface nor one of Target.Own: faults are
// attacks, and must not reach servers by a slip of the hand.
var ErrNotLoopback = errors.New("neither loopback nor a host that you said is yours")

// ErrUnreachable is returned when nothing could be exchanged with the relying party at all.
var ErrUnreachable = errors.New("the relying party cannot be reached")

// ErrCut is returned when the relying party cut a connection that it had taken, before it had answered.
var ErrCut = errors.New("the connection was cut")

// Limits of what an adapter takes from a relying party.
const (
	exchangeTimeout = 10 * time.Second
	responseLimit   = 1 << 20 // bytes
)

// A Target says where a relying party is found.
type Target struct {
	URL     string        // "http://localhost:8080"; a path in it stands before every route
	Origin  string        // of its pages; empty: that of URL, with localhost for a loopback address
	RPID    string        // empty: the host of Origin
	Own     []string      // hosts besides loopback that the tester owns
	Timeout time.Duration // of one exchange; 10 s when 0
	Tops    []string      // pages in whose frames Origin may be shown (feature framing)
	TLS     *tls.Config   // roots for a server with a certificate of its own; nil: the system's
	CA      *virtual.CA   // the relying party trusts its root for attestation; nil: it trusts none of ours
}

// A web is a target that was found good: what all browsers of one run share.
type web struct {
	base      *url.URL
	origin    string
	rpID      string
	tops      []string
	ca        *virtual.CA
	timeout   time.Duration
	transport *http.Transport
}

// open checks a target and readies connections to it. Nothing is sent yet.
func (t Target) open() (*web, error) {
	base, err := url.Parse(t.URL)
	if err != nil {
		return nil, fmt.Errorf("reading the target's address: %w", err)
	}
	if (base.Scheme != "http" && base.Scheme != "https") || base.Hostname() == "" || base.User != nil {
		return nil, fmt.Errorf("reading the target's address: %q is not http://HOST or https://HOST", t.URL)
	}
	base.Path = strings.TrimSuffix(base.Path, "/")
	base.RawQuery = ""
	base.Fragment = ""
	own := slices.ContainsFunc(t.Own, func(h string) bool { return strings.EqualFold(h, base.Hostname()) })
	if !own && !loopbackName(base.Hostname()) {
		return nil, fmt.Errorf("%s: %w", base.Hostname(), ErrNotLoopback)
	}
	w := &web{base: base, origin: t.Origin, rpID: t.RPID, tops: t.Tops, ca: t.CA, timeout: t.Timeout}
	if w.origin == "" {
		w.origin = originOf(base)
	}
	if w.rpID == "" {
		o, err := url.Parse(w.origin)
		if err != nil || o.Hostname() == "" {
			return nil, fmt.Errorf("reading the origin: %q is not one", w.origin)
		}
		w.rpID = o.Hostname()
	}
	if w.timeout == 0 {
		w.timeout = exchangeTimeout
	}
	w.transport = &http.Transport{
		// No Proxy: whatever the environment says, a proxy is somebody else's machine.
		DialContext:         dialer(base, own),
		TLSClientConfig:     t.TLS,
		TLSHandshakeTimeout: w.timeout,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     time.Minute,
	}
	return w, nil
}

// about tells what every adapter tells, and those of its features that the target can be played with.
func (w *web) about(features []fault.Feature) fault.About {
	return fault.About{
		Origin: w.origin, RPID: w.rpID, TopOrigins: w.tops, CA: w.ca,
		Features: slices.DeleteFunc(slices.Clone(features), func(f fault.Feature) bool {
			return f == fault.Trust && w.ca == nil || f == fault.Framing && len(w.tops) == 0
		}),
	}
}

// originOf serialises the origin of base as a browser does; a loopback address becomes localhost, for an address
// cannot be an RP ID (Level 3 §5.1.3 step 7 wants a domain).
func originOf(base *url.URL) string {
	host := strings.ToLower(base.Hostname())
	if ip, err := netip.ParseAddr(host); err == nil && ip.IsLoopback() {
		host = "localhost"
	}
	if port := base.Port(); port != "" && !(base.Scheme == "http" && port == "80") &&
		!(base.Scheme == "https" && port == "443") {
		host = net.JoinHostPort(host, port)
	}
	return base.Scheme + "://" + host
}

// loopbackName reports whether a host names the loopback interface: an address of it, or localhost and what is below
// (RFC 6761 §6.3).
func loopbackName(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback()
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	return host == "localhost" || strings.HasSuffix(host, ".localhost")
}

// dialer connects to the target's host and no other. Unless the host is the tester's own, the address that it was
// resolved to must be loopback as well: a name proves nothing.
func dialer(base *url.URL, own bool) func(context.Context, string, string) (net.Conn, error) {
	plain := &net.Dialer{Timeout: exchangeTimeout}
	local := &net.Dialer{Timeout: exchangeTimeout, Control: func(_, address string, _ syscall.RawConn) error {
		if at, err := netip.ParseAddrPort(address); err != nil || !at.Addr().IsLoopback() {
			return fmt.Errorf("connecting to %s: %w", address, ErrNotLoopback)
		}
		return nil
	}}
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		host, port, err := net.SplitHostPort(address)
		if err != nil {
			return nil, err
		}
		if !strings.EqualFold(host, base.Hostname()) {
			return nil, fmt.Errorf("connecting to %s: not the target: %w", host, ErrNotLoopback)
		}
		if own {
			return plain.DialContext(ctx, network, address)
		}
		if _, err := netip.ParseAddr(host); err != nil {
			// Whatever a resolver says of it, a .localhost name is loopback (RFC 6761 §6.3).
			if conn, err := local.DialContext(ctx, network, net.JoinHostPort("127.0.0.1", port)); err == nil {
				return conn, nil
			}
			address = net.JoinHostPort("::1", port)
		}
		return local.DialContext(ctx, network, address)
	}
}
