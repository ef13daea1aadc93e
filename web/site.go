package web

import (
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// AppOrigin begins the origin of an Android app, as its answers name it: the rest is the SHA-256 of the certificate
// that signs it, in base64 for URLs. It is no address, so it stands in no list for browsers.
const AppOrigin = "android:apk-key-hash:"

// Site is what a site's public address says.
type Site struct {
	Origin   string // scheme://host[:port], no path
	Base     string // "" or "/path", without a slash at the end
	Host     string // host[:port]
	Secure   bool   // https
	Local    bool   // http on localhost or a loopback address
	Prefix   string // of cookies' names
	Related  []string
	Problems string // origin + base + "/problems/"

	known map[string]bool
}

// NewSite reads a public address, and those of other sites with the same keys.
func NewSite(origin string, related []string) (Site, error) {
	u, err := url.Parse(origin)
	if err != nil || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return Site{}, fmt.Errorf("origin %q is not an address like https://accounts.example", origin)
	}
	s := Site{
		Origin: u.Scheme + "://" + u.Host, Base: strings.TrimRight(u.EscapedPath(), "/"), Host: u.Host,
		Secure: u.Scheme == "https", Local: u.Scheme == "http" && IsLoopback(u.Hostname()),
		known: map[string]bool{strings.ToLower(u.Host): true}, Related: append([]string{}, related...),
	}
	if !s.Secure && !s.Local {
		return Site{}, fmt.Errorf("origin %q is neither https nor http://localhost: browsers keep keys from it", origin)
	}
	if strings.ContainsAny(s.Base, "{}:*%") {
		return Site{}, fmt.Errorf("origin %q has a path with characters that routes cannot hold", origin)
	}
	for _, o := range related {
		if strings.HasPrefix(o, AppOrigin) { // of an app, which asks the API by no other name
			continue
		}
		r, err := url.Parse(o)
		if err != nil || r.Scheme != "https" || r.Host == "" || r.Path != "" {
			return Site{}, fmt.Errorf("related origin %q is not like https://shop.example", o)
		}
		s.known[strings.ToLower(r.Host)] = true
	}
	s.Prefix = cookiePrefix(s)
	s.Problems = s.Origin + s.Base + "/problems/"
	return s, nil
}

// IsLoopback reports whether a host's name or address, without port, is this machine.
func IsLoopback(host string) bool {
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	a, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil && a.IsLoopback()
}

// cookiePrefix makes browsers hold the promise of the name: __Host- is Secure, no Domain, Path=/, so no sibling host
// can plant one. A sub-path cannot have it. Browsers refuse both prefixes over http.
func cookiePrefix(s Site) string {
	switch {
	case !s.Secure:
		return ""
	case s.Base != "":
		return "__Secure-"
	}
	return "__Host-"
}

// PortPrefix tells the cookies of sites on different ports of one host apart: browsers keep one jar for all of them,
// and two sites on one machine would sign each other out.
func (s Site) PortPrefix() string {
	if _, port, err := net.SplitHostPort(s.Host); err == nil && port != "" {
		return port + "-"
	}
	return ""
}

// SetCookie sets a cookie for a path of the site. life 0 ends it with the browser. Lax, not Strict: mailed links and
// redirects of a shop's own host must find it; unsafe cross-site requests are refused at the gate.
func (s Site) SetCookie(w http.ResponseWriter, name, value, path string, life time.Duration) {
	if path = s.Base + path; path == "" {
		path = "/"
	}
	http.SetCookie(w, &http.Cookie{Name: name, Value: value, Path: path, MaxAge: int(life / time.Second),
		Secure: s.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// Cookie returns the value and the number of cookies of one name, without parsing the others.
func Cookie(r *http.Request, name string) (value string, n int) {
	for _, line := range r.Header["Cookie"] {
		for line != "" {
			var part string
			part, line, _ = strings.Cut(line, ";")
			k, v, ok := strings.Cut(strings.TrimSpace(part), "=")
			if ok && k == name {
				if n == 0 {
					value = strings.Trim(v, `"`)
				}
				n++
			}
		}
	}
	return value, n
}
