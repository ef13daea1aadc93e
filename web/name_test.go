package web

import (
	"bytes"
	"log/slog"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

// Where a proxy passes on another name than the origin's the operator is told, until somebody comes by the right one;
// addresses and this machine's own names tell nothing.
func TestAnotherNameThanTheOrigins(t *testing.T) {
	for name, row := range map[string]struct {
		hosts []string
		from  string
		want  string
	}{
		"the right one":      {[]string{"accounts.example"}, "192.0.2.1:5", ""},
		"another":            {[]string{"acounts.example"}, "192.0.2.1:5", "acounts.example"},
		"another, twice":     {[]string{"acounts.example:443", "other.example"}, "192.0.2.1:5", "acounts.example"},
		"another, then ours": {[]string{"scan.example", "Accounts.example"}, "192.0.2.1:5", ""},
		"ours, then another": {[]string{"accounts.example", "scan.example"}, "192.0.2.1:5", ""},
		"addresses":          {[]string{"192.0.2.7", "[2001:db8::1]:8080", "localhost:8080"}, "192.0.2.1:5", ""},
		"by nobody's proxy":  {[]string{"scan.example"}, "203.0.113.9:5", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			f := &Front{Log: slog.New(slog.NewTextHandler(&log, nil)), proxies: []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")},
				Site: Site{Origin: "https://accounts.example", known: map[string]bool{"accounts.example": true}}}
			for _, host := range row.hosts {
				r := httptest.NewRequest("GET", "/", nil)
				r.Host, r.RemoteAddr = host, row.from
				_ = f.host(r)
			}
			if got := f.OtherName(); got != row.want {
				t.Errorf("got the name %q, want %q", got, row.want)
			}
			if said := strings.Count(log.String(), "another name"); row.want != "" && said != 1 {
				t.Errorf("got %d lines in the log, want one", said)
			}
		})
	}
}
