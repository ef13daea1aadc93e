package main

import (
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// From the setting to what people see: pages, the contract, mails and texts go by the site's one name, and the address
// line by its address.
func TestTheSiteHasOneName(t *testing.T) {
	h := testHouse(t, func(config *Config) { config.Site = "示例商城" })
	for path, want := range map[string]string{
		"/sign-in": " · 示例商城</title>", "/openapi.json": `"title":"示例商城"`,
	} {
		w := httptest.NewRecorder()
		r := httptest.NewRequest("GET", h.config.Origin+path, nil)
		r.RemoteAddr = "127.0.0.1:1234"
		h.face.ServeHTTP(w, r)
		body := strings.NewReplacer(`": "`, `":"`).Replace(w.Body.String())
		if w.Code != 200 || !strings.Contains(body, want) || strings.Contains(body, "Latchkey") {
			t.Errorf("%s: got %d and no %q, or the program's own name", path, w.Code, want)
		}
	}
	say := render(h.pages, h.service.Methods(), h.config.Origin, "account.shop.example")
	for _, channel := range []auth.Channel{auth.SMS, auth.Mail} {
		text, err := say(auth.Message{Template: auth.TemplateCode, Channel: channel, Language: "zh-CN",
			Args: map[string]string{"code": "482913", "label": "KQ", "minutes": "5",
				"purpose": string(auth.ForSignIn)}})
		if err != nil || !strings.Contains(text.Subject+text.Body, "示例商城") || strings.Contains(text.HTML, "Latchkey") {
			t.Errorf("%s: got %q, %v, want the site's name", channel, text.Body, err)
		}
	}
}
