package server

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// Everything that changes or sends is bounded by client, over the API and by page alike, whatever else it counts
// against. Only signing out is not.
func TestEveryUnsafeRouteIsBounded(t *testing.T) {
	w := newWorld(t, func(_ *auth.Config, c *Config) { c.Rate = web.Rate{Burst: 2, PerSecond: 1} })
	w.seller()
	client := 0
	third := func(p *person, ask func(*person) int) int {
		client++
		p.address = fmt.Sprintf("203.0.113.%d:1", 1+client%250)
		w.pass(1000 * time.Second) // the networks around him have theirs again
		ask(p)
		ask(p)
		return ask(p)
	}
	ids := strings.NewReplacer("{id}", "x", "{link}", "x", "{kind}", "phone")
	for _, rt := range routes() {
		if rt.method == http.MethodGet || rt.who == gateway {
			continue
		}
		got := third(w.program(), func(p *person) int {
			return p.api(rt.method, ids.Replace(rt.path), map[string]string{}, nil).Code
		})
		if bounded := got == http.StatusTooManyRequests; bounded == (rt.act == auth.ActSignOut) {
			t.Errorf("%s %s: the third request at once: got %d", rt.method, rt.path, got)
		}
	}
	for _, page := range w.server.pageTable() {
		if page.post == nil || page.path == messagesPath {
			continue
		}
		got := third(w.browser(), func(p *person) int {
			return p.send(http.MethodPost, ids.Replace(page.path), "application/x-www-form-urlencoded", "").Code
		})
		if bounded := got == http.StatusTooManyRequests; bounded == (page.path == signOutPath) {
			t.Errorf("POST %s: the third at once: got %d", page.path, got)
		}
	}
}
