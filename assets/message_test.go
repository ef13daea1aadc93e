package assets

import (
	"strings"
	"testing"
	"time"
)

func TestMessages(t *testing.T) {
	p := newPages(t, Config{Site: "login.example.com"})
	full := Args{"code": "482913", "label": "K7", "minutes": 5, "site": "login.example.com",
		"host": "login.example.com", "link": "https://login.example.com/x?a=1&b=2",
		"until": noon, "at": noon, "person": `Wei <b>`, "what": "key-added", "name": "Blue <key>", "undo": true,
		"browser": "Chrome on Windows"}
	names := []string{"mail.sign-up-confirm", "mail.sign-up-known", "mail.code", "mail.reset", "mail.reset-link",
		"mail.changed", "mail.new-browser", "mail.removal-delayed", "mail.locked", "mail.password-out", "mail.codes-void",
		"mail.code-waits", "mail.reset-closed", "sms.code", "sms.enrol", "sms.confirm", "sms.reset", "sms.changed", "sms.code-waits", "voice.code"}
	for _, lang := range []string{English, Chinese} {
		for _, name := range names {
			for _, args := range []Args{full, {"code": "482913"}} {
				subject, text, html, err := p.Message(lang, name, args)
				if err != nil {
					t.Errorf("%s %s: %v", lang, name, err)
					continue
				}
				mail := strings.HasPrefix(name, "mail.")
				if text == "" || (subject == "") == mail || (html == "") == mail {
					t.Errorf("%s %s: got subject %q, text %q, %d bytes of HTML", lang, name, subject, text, len(html))
				}
				for _, bad := range []string{"{{", "<no value>", "mail.", "sms.", "voice.", "change.key",
					"change.other"} {
					if strings.Contains(subject+text+html, bad) {
						t.Errorf("%s %s: got %q in %q", lang, name, bad, text)
					}
				}
				if strings.ContainsAny(subject, "\r\n") {
					t.Errorf("%s %s: got a line break in the subject %q", lang, name, subject)
				}
				if strings.Contains(html, "<b>") || strings.Contains(html, "<key>") {
					t.Errorf("%s %s: got a value as markup", lang, name)
				}
				if mail {
					checkNesting(t, name, html)
				}
			}
		}
	}
}

func TestMessageWords(t *testing.T) {
	p := newPages(t, Config{Site: "login.example.com"})
	for _, c := range []struct {
		lang, name string
		args       Args
		want       string
	}{
		{English, "sms.code", Args{"code": "482913", "label": "K7", "minutes": 5},
			"login.example.com: 482913 is your code to sign in (K7), valid 5 min. Tell nobody."},
		{Chinese, "sms.code", Args{"code": "482913", "label": "K7", "minutes": 5, "host": "login.example.com"},
			"【login.example.com】验证码 482913，用于登录（编号 K7），5 分钟内有效，请勿告知他人。"},
		{English, "voice.code", Args{"code": "482"}, "Your code is: 4, 8, 2. Again: 4, 8, 2."},
		{Chinese, "voice.code", Args{"code": "482"}, "您的验证码是：4，8，2。再读一遍：4，8，2。"},
	} {
		_, got, _, err := p.Message(c.lang, c.name, c.args)
		if err != nil || got != c.want {
			t.Errorf("%s %s: got %q, error %v; want %q", c.lang, c.name, got, err, c.want)
		}
	}
	subject, text, html, err := p.Message(English, "mail.changed", Args{"what": "key-added", "name": "Blue key",
		"at": noon, "until": noon.Add(time.Hour), "link": "https://login.example.com/undo/x", "undo": true})
	if err != nil {
		t.Fatal(err)
	}
	if want := "A security key was added: “Blue key”"; subject != want {
		t.Errorf("subject: got %q, want %q", subject, want)
	}
	for _, want := range []string{"14:03 on 3 March 2026 (UTC+8)", "until 15:03 on 3 March 2026 (UTC+8)",
		"https://login.example.com/undo/x"} {
		if !strings.Contains(text, want) || !strings.Contains(html, strings.ReplaceAll(want, "+", "&#43;")) &&
			!strings.Contains(html, want) {
			t.Errorf("got text and HTML without %q", want)
		}
	}
	_, text, _, err = p.Message(Chinese, "mail.removal-delayed", Args{"what": "key-removed", "name": "蓝色密钥",
		"until": noon, "link": "https://login.example.com/undo/x"})
	for _, want := range []string{"“蓝色密钥”将于 2026 年 3 月 3 日 14:03（UTC+8）移除。", "阻止移除："} {
		if err != nil || !strings.Contains(text, want) || strings.ContainsAny(text, ":(") &&
			strings.Contains(strings.ReplaceAll(strings.ReplaceAll(text, "https:", ""), "14:03", ""), ":") {
			t.Errorf("a mail in Chinese: got %q, error %v, want %q and no mark of half width", text, err, want)
		}
	}
	const forgot = "https://login.example.com/forgot"
	_, text, html, err = p.Message(English, "mail.changed", Args{"what": "key-added", "link": forgot})
	if err != nil || strings.Contains(text, "undo") || !strings.Contains(text, "Reset your password") ||
		!strings.Contains(text, "Reset my password:\n"+forgot) || !strings.Contains(html, `href="`+forgot+`"`) {
		t.Errorf("a change that cannot be undone: got %q, error %v", text, err)
	}
}

func TestMessageRefuses(t *testing.T) {
	p := newPages(t, Config{})
	for _, name := range []string{"", "mail", "mail.nothing", "sms.nothing", "problem.internal", "mail.hello"} {
		if _, _, _, err := p.Message(English, name, nil); err == nil {
			t.Errorf("%q: got no error, want one", name)
		}
	}
	for _, name := range []string{"mail.code", "sms.code", "sms.enrol", "sms.confirm", "sms.reset", "voice.code"} {
		if _, _, _, err := p.Message(English, name, Args{"label": "K7"}); err == nil {
			t.Errorf("%s without a code: got no error, want one", name)
		}
	}
}
