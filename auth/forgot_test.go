package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Keycloak CVE-2026-37982: of many requests with one mailed link, one wins.
func TestResetLinkHasOneWinner(t *testing.T) {
	w := newWorld(t)
	w.enrolled("seller@example.com", sellerNumber)
	ctx := t.Context()
	w.mail()
	ok(t, "forgot", forgot(ctx, w.s, caller("x"), "seller@example.com"))
	link := token(w.lastMail(auth.TemplateReset).Args["link"])
	w.pass(time.Minute)
	ok(t, "forgot again", forgot(ctx, w.s, caller("x"), "seller@example.com"))
	other := token(w.lastMail(auth.TemplateReset).Args["link"])
	won := w.winners(16, func(i int) error {
		return w.s.ResetPassword(ctx, caller("x"), link, "Another-Horse"+string(rune('A'+i))+"9")
	})
	if won != 1 {
		t.Errorf("16 resets by one link: got %d winners, want 1", won)
	}
	wantCode(t, "a link from before the reset", w.s.ResetPassword(ctx, caller("x"), other, "Third-Horse99"),
		auth.LinkUsed)
}

// Zitadel CVE-2025-64101: links lead to the configured origin, whatever the
// request says about itself.
func TestLinksAreBuiltFromConfiguration(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Origin = "https://login.example.com" })
	w.seller("seller@example.com", sellerNumber)
	c := caller("x")
	c.Agent = "Host: evil.example"
	c.RequestID = "https://evil.example"
	c.Language = "evil.example"
	ok(t, "forgot", forgot(t.Context(), w.s, c, "seller@example.com"))
	if link := w.lastMail(auth.TemplateReset).Args["link"]; !strings.HasPrefix(link,
		"https://login.example.com/forgot/link/") {
		t.Errorf("link: got %s, want it at the configured origin", link)
	}
}
