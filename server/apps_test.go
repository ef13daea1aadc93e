package server

import (
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/web"
)

const (
	certificate = "FB:45:0B:A1:89:06:67:D4:CA:26:95:5D:35:C1:66:25:F9:C4:0C:B8:D7:CD:E0:D7:BD:7B:95:38:60:C8:C7:0D"
	appHash     = web.AppOrigin + "-0ULoYkGZ9TKJpVdNcFmJfnEDLjXzeDXvXuVOGDIxw0"
)

// Native apps find what they look for at the site, behind a sub-path at its host as well.
func TestFilesForApps(t *testing.T) {
	for _, origin := range []string{"https://accounts.example", "https://accounts.example/shop"} {
		s := newServer(t, func(c *Config) {
			c.Origin, c.RelatedOrigins = origin, []string{"https://retail.example", appHash}
			c.AndroidApps = []AndroidApp{{Package: "example.shop_seller.app",
				Fingerprints: []string{certificate, strings.ToLower(certificate)}}}
			c.AppleApps = []string{"ABCDE12345.example.shop.seller"}
		})
		for path, want := range map[string]string{
			"/.well-known/assetlinks.json": `[{"relation":["delegate_permission/common.handle_all_urls",` +
				`"delegate_permission/common.get_login_creds"],"target":{"namespace":"android_app",` +
				`"package_name":"example.shop_seller.app","sha256_cert_fingerprints":["` +
				certificate + `","` + certificate + `"]}}]`,
			"/.well-known/apple-app-site-association": `{"webcredentials":{"apps":["ABCDE12345.example.shop.seller"]}}`,
			"/.well-known/webauthn": `{"origins":["https://accounts.example",` +
				`"https://retail.example"]}`,
		} {
			for _, base := range []string{"", s.site.Base} {
				w := ask(s, "GET", base+path, "")
				if w.Code != 200 || w.Body.String() != want || w.Header().Get("Content-Type") != "application/json" {
					t.Errorf("%s: got %d %s, want %s", base+path, w.Code, w.Body, want)
				}
			}
		}
	}
	none := newServer(t, nil)
	for _, path := range []string{"/.well-known/assetlinks.json", "/.well-known/apple-app-site-association"} {
		if w := ask(none, "GET", path, ""); w.Code != 404 {
			t.Errorf("%s without apps: got %d, want 404", path, w.Code)
		}
	}
}

func TestMistypedAppsAreRefused(t *testing.T) {
	for name, change := range map[string]func(*Config){
		"package": func(c *Config) {
			c.AndroidApps = []AndroidApp{{Package: "seller", Fingerprints: []string{certificate}}}
		},
		"no certificate": func(c *Config) { c.AndroidApps = []AndroidApp{{Package: "shop.example"}} },
		"SHA-1": func(c *Config) {
			c.AndroidApps = []AndroidApp{{Package: "shop.example", Fingerprints: []string{certificate[:59]}}}
		},
		"no colons": func(c *Config) {
			c.AndroidApps = []AndroidApp{{Package: "shop.example", Fingerprints: []string{strings.Repeat("AB", 32)}}}
		},
		"bundle alone":       func(c *Config) { c.AppleApps = []string{"shop.example.seller"} },
		"team alone":         func(c *Config) { c.AppleApps = []string{"ABCDE12345"} },
		"another app scheme": func(c *Config) { c.RelatedOrigins = []string{"ios:bundle-id:shop.example"} },
	} {
		cfg := Config{Service: newWorld(t).service, Texts: plainTexts{}, Origin: "https://accounts.example"}
		change(&cfg)
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: got no error, want it refused at the start", name)
		}
	}
}

// The address of a site under a path leads there without its last slash as well.
func TestSubPathWithoutSlash(t *testing.T) {
	w := newWorld(t)
	s := newServer(t, func(c *Config) {
		c.Origin, c.Pages = "https://accounts.example/shop", w.pages
		c.Texts = w.texts
	})
	for path, want := range map[string]string{"/shop": "/shop/", "/shop?a=b": "/shop/?a=b"} {
		got := ask(s, "GET", path, "", "Accept", "text/html")
		if got.Code != 303 || got.Header().Get("Location") != want {
			t.Errorf("%s: got %d to %q, want to be led to %s", path, got.Code, got.Header().Get("Location"), want)
		}
	}
	if got := ask(s, "GET", "/shopping", "", "Accept", "text/html").Code; got != 404 {
		t.Errorf("another path that begins like it: got %d, want 404", got)
	}
	if got := ask(newServer(t, nil), "GET", "/shop", "").Code; got != 404 {
		t.Errorf("without a path: got %d, want 404", got)
	}
}
