package webauthn_test

import (
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// TestAndroidApps: an app names itself by the certificate that signs it; only one that is configured is taken.
func TestAndroidApps(t *testing.T) {
	app := "android:apk-key-hash:-0ULoYkGZ9TKJpVdNcFmJfnEDLjXzeDXvXuVOGDIxw0"
	ours := func(c *webauthn.Config) { c.Origins = append([]string{app}, c.Origins...) }
	other := "android:apk-key-hash:" + strings.Repeat("A", 43)
	for _, tc := range []struct {
		origin string
		want   auth.Code
	}{
		{app, ""}, {origin, ""}, {other, auth.KeyOriginWrong}, {strings.ToLower(app), auth.KeyOriginWrong},
		{app + "=", auth.KeyOriginWrong}, {strings.Replace(app, "android", "ios", 1), auth.KeyOriginWrong},
		{"android:apk-key-hash:", auth.KeyOriginWrong},
	} {
		named := clientData(func(d *virtual.ClientData) { d.Origin = tc.origin })
		b := newBench(t, ours, virtual.Options{})
		b.browser.Hooks = named
		c := b.binding(auth.SecurityKey)
		_, err := b.factor.FinishBind(c, b.create(c))
		wantCode(t, err, tc.want)
		b = newBench(t, ours, virtual.Options{})
		b.bind(auth.SecurityKey)
		b.browser.Hooks = named
		_, _, err = b.verify()
		wantCode(t, err, tc.want)
	}
	for _, bad := range []string{"android:apk-key-hash:", "android:apk-key-hash:short", app + "=",
		"android:apk-key-hash-sha256:" + app[21:], "ios:bundle-id:shop.example"} {
		if _, err := webauthn.New(webauthn.Config{RPID: "shop.example", Origins: []string{origin, bad}}); err == nil {
			t.Errorf("%s: got no error, want it refused at the start", bad)
		}
	}
	framed := webauthn.Config{RPID: "shop.example", Origins: []string{origin}, TopOrigins: []string{app}}
	if _, err := webauthn.New(framed); err == nil {
		t.Error("an app as the page around ours: got no error, want it refused")
	}
}
