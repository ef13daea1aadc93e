package main

import (
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/latchkey-auth/latchkey/auth"
)

// From the settings to the text: signed as set, else with the site's name, in one segment, whatever the code is for and
// however long the name is. The address never stands in for the name.
func TestTextsAreSignedAsSet(t *testing.T) {
	long := strings.Repeat("很长的店名", 12)
	for _, c := range []struct{ site, set, want string }{
		{"示例商城", "", "【示例商城】"}, {"示例商城", "注册签名", "【注册签名】"},
		{long, "", "【" + string([]rune(long)[:20]) + "】"}, {"Latchkey", "", "【Latchkey】"},
	} {
		h := testHouse(t, func(config *Config) { config.Site, config.Notify.Signature = c.site, c.set })
		say := render(h.pages, h.service.Methods(), h.config.Origin, "account.shop.example")
		for _, purpose := range []auth.Purpose{auth.ForSignIn, auth.ForBind, auth.ForStepUp} {
			text, err := say(auth.Message{Template: auth.TemplateCode, Channel: auth.SMS, Language: "zh-CN",
				Args: map[string]string{"code": "482913", "label": "KQ", "minutes": "5", "purpose": string(purpose)}})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.HasPrefix(text.Body, c.want+"验证码 482913，用于") || len(utf16.Encode([]rune(text.Body))) > 70 {
				t.Errorf("%s for %s: got %q, want one segment that begins with %s", c.site, purpose, text.Body, c.want)
			}
		}
	}
}
