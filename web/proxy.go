package web

import (
	"errors"
	"net/http"
	"net/netip"
	"strings"
	"sync/atomic"
)

// A Network is an address or a network of them: 10.0.0.1, 10.0.0.0/8, fd00::/8. An IPv4 one may be written as mapped
// into IPv6 (::ffff:10.0.0.0/104).
type Network struct{ netip.Prefix }

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Network) UnmarshalText(text []byte) error {
	s := strings.TrimSpace(string(text))
	p, err := netip.ParsePrefix(s)
	if err != nil {
		a, err := netip.ParseAddr(s)
		if err != nil || a.Zone() != "" {
			return errors.New("want an address or a network, such as 10.0.0.0/8")
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	n.Prefix = unmapped(p)
	return nil
}

// unmapped is the IPv4 network that an IPv6 one is mapped from, if it is, without bits behind its mask.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// Networks are addresses and networks, as text with commas or blanks between them.
type Networks []Network

// UnmarshalText implements encoding.TextUnmarshaler.
func (n *Networks) UnmarshalText(text []byte) error {
	var all Networks
	for _, one := range strings.Fields(strings.ReplaceAll(string(text), ",", " ")) {
		var network Network
		if err := network.UnmarshalText([]byte(one)); err != nil {
			return err
		}
		all = append(all, network)
	}
	*n = all
	return nil
}

// prefixes are the networks as they are compared with addresses.
func (n Networks) prefixes() []netip.Prefix {
	var all []netip.Prefix
	for _, one := range n {
		all = append(all, unmapped(one.Prefix))
	}
	return all
}

// suspects remembers what was said of proxies that are not configured: once of one nearby, once of any other.
type suspects struct{ near, far atomic.Bool }

// suspect says in the log that a proxy seems to stand before us of which the settings do not know: all who come through
// it count as one client, which soon is refused. Anybody can send such a header, so that what comes from afar is said
// apart, and without the address, which may be a person's.
func (f *Front) suspect(r *http.Request) {
	if f.suspects.near.Load() || !Forwarded(r) {
		return
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || f.trusted(peer.Addr().Unmap()) {
		return
	}
	at := peer.Addr().Unmap()
	if at.IsLoopback() || at.IsPrivate() || at.IsLinkLocalUnicast() {
		if f.suspects.near.CompareAndSwap(false, true) {
			f.Log.Warn("a proxy that is not in server.trusted-proxies passes requests on:"+
				" all who come through it count as one client,"+
				" with policy.binds-per-network texts to new numbers a day", "address", at.String())
		}
		return
	}
	if f.suspects.far.CompareAndSwap(false, true) {
		f.Log.Warn("a request from another network came with a proxy's headers: if it is your proxy," +
			" name it in server.trusted-proxies, or all who come through it count as one client," +
			" with policy.binds-per-network texts to new numbers a day")
	}
}
