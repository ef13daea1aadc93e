package server

import (
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// What a shop is worth the marketplace's own program says, by its token, and nobody else: no seller, whatever his role,
// nor anybody where the site has no token.
func TestOnlyTheMarketplaceSetsAValue(t *testing.T) {
	w := newWorld(t)
	owner := w.program()
	w.enrolled(owner)
	path := "/shops/" + owner.shop("Red") + "/value"
	marketplace := w.program()
	marketplace.bearer = hostToken
	for name, c := range map[string]struct {
		p    *person
		path string
		body m
		want auth.Code
	}{
		"the marketplace":      {marketplace, path, m{"value": 5}, ""},
		"a shop of nobody":     {marketplace, "/shops/none/value", m{"value": 5}, auth.NotFound},
		"less than nothing":    {marketplace, path, m{"value": -1}, auth.MalformedRequest},
		"more than JSON holds": {marketplace, path, m{"value": 1 << 53}, auth.MalformedRequest},
		"the shop's owner":     {owner, path, m{"value": 5}, auth.Forbidden},
		"nobody":               {w.program(), path, m{"value": 5}, auth.Forbidden},
		"a browser":            {w.browser(), path, m{"value": 5}, auth.Forbidden},
	} {
		if got := codeIn(c.p.api("PUT", c.path, c.body, nil)); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	for _, token := range []string{"", " ", hostToken[1:], hostToken + "x"} {
		other := w.program()
		other.bearer = token
		if got := codeIn(other.api("PUT", path, m{"value": 5}, nil)); got != auth.Forbidden {
			t.Errorf("the token %q: got %q, want it refused", token, got)
		}
	}
	none := newWorld(t, func(_ *auth.Config, c *Config) { c.HostToken = "" })
	if got := codeIn(none.program().api("PUT", "/shops/x/value", m{"value": 5}, nil)); got != auth.Forbidden {
		t.Errorf("a site without a token: got %q, want it refused", got)
	}
}
