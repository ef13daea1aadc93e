package auth_test

import (
	"slices"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// Whoever signs in from a browser that the account does not know is told of, whatever he ticks and whether or not he
// brings a cookie; who is known is not.
func TestUnknownBrowsersAreMailedAbout(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("wei@example.com", "+8613800138000")
	w.mail()
	for _, tt := range []struct {
		name    string
		browser string
		shared  bool
		want    bool
	}{
		{"known", "home", false, false},
		{"known, called shared", "home", true, false},
		{"unknown", "new", false, true},
		{"unknown, called shared", "cafe", true, true},
		{"called shared again", "cafe", true, true},
		{"no cookie", "", false, true},
	} {
		c := caller(tt.browser)
		info, err := w.s.SignIn(t.Context(), c, auth.SignInForm{Identifier: "wei@example.com", Password: password, Shared: tt.shared})
		ok(t, tt.name, err)
		w.second(c, info, secret)
		told := slices.ContainsFunc(w.mail(), func(m auth.Message) bool { return m.Template == auth.TemplateNewBrowser })
		if told != tt.want {
			t.Errorf("%s: got a mail %v, want %v", tt.name, told, tt.want)
		}
	}
}
