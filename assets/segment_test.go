package assets

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

func TestOneSegment(t *testing.T) {
	if n, m := utf8.RuneCountInString(gsmOne), utf8.RuneCountInString(gsmTwo); n != 127 || m != 10 {
		t.Errorf("got %d and %d characters, want the 127 and 10 of GSM 03.38", n, m)
	}
	for _, c := range []struct {
		text string
		want bool
	}{
		{strings.Repeat("a", 160), true}, {strings.Repeat("a", 161), false},
		{strings.Repeat("é", 160), true}, {strings.Repeat("ê", 70), true}, {strings.Repeat("ê", 71), false},
		{strings.Repeat("€", 80), true}, {strings.Repeat("€", 80) + "a", false}, {strings.Repeat("[", 81), false},
		{strings.Repeat("店", 70), true}, {strings.Repeat("店", 71), false},
		{strings.Repeat("😀", 35), true}, {strings.Repeat("😀", 36), false},
		{strings.Repeat("a", 160) + "’", false}, {strings.Repeat("a", 69) + "店", true},
		{strings.Repeat("a", 70) + "店", false}, {"", true},
	} {
		if got := oneSegment(c.text); got != c.want {
			t.Errorf("%.12s… of %d: got one segment %t, want %t", c.text, utf8.RuneCountInString(c.text), got, c.want)
		}
	}
}

// units counts a text as a carrier does, written apart from what composes it.
func units(text string) (n, limit int) {
	gsm := true
	for _, r := range text {
		switch {
		case r == '\n', r >= ' ' && r <= '~' && !strings.ContainsRune("^{}[]\\|~`", r):
			n++
		case strings.ContainsRune("^{}[]\\|~€", r):
			n += 2
		default:
			gsm = false
		}
	}
	if gsm {
		return n, 160
	}
	return len(utf16.Encode([]rune(text))), 70
}

// Every text in every language, for every purpose, signed by names of every length and script: one segment, with the
// signature, the code and what it is for in it, and what is left out is the last of the order of keeping.
func TestEveryTextIsOneSegment(t *testing.T) {
	var names []string
	for n := 1; n <= 20; n++ { // what a signature may be
		names = append(names, strings.Repeat("店", n), strings.Repeat("m", n), strings.Repeat("{", n),
			strings.Repeat("😀", (n+1)/2))
	}
	hosts := []string{"", "s.cn", "account.shop.example", strings.Repeat("a", 60) + ".example"}
	changes := []string{"key-added", "password-changed", "phone-removed", "nothing-known"}
	count, whole := 0, 0
	for _, name := range names {
		for _, line := range []string{"", "fit", "never"} {
			p := newPages(t, Config{Site: "account.shop.example", Signature: name, CodeLine: line})
			for _, lang := range []string{English, Chinese} {
				for _, kind := range []string{"sms.code", "sms.enrol", "sms.confirm", "sms.reset"} {
					for _, host := range hosts {
						for _, minutes := range []string{"1", "10"} {
							args := Args{"code": "482913", "label": "KQ", "minutes": minutes, "host": host}
							_, text, _, err := p.Message(lang, kind, args)
							if err != nil {
								t.Fatal(err)
							}
							count++
							if checkText(t, p, lang, kind, name, text) {
								whole++
							}
						}
					}
				}
				for _, what := range changes {
					for _, thing := range []string{"", "Blue key", strings.Repeat("钥", 64)} {
						_, text, _, err := p.Message(lang, "sms.changed", Args{"what": what, "name": thing})
						if n, limit := units(text); err != nil || n > limit {
							t.Errorf("%s %s signed %q: got %d units of %d, %v in %q",
								lang, what, name, n, limit, err, text)
						}
						if strings.Contains(text, "://") || !strings.Contains(text, name) {
							t.Errorf("%s %s: got %q, want it signed and without a link", lang, what, text)
						}
						count++
					}
				}
			}
		}
	}
	if count < 10000 || whole < count/3 {
		t.Errorf("got %d texts, %d of them whole, want 10,000 and a third", count, whole)
	}
}

// checkText looks at one text with a code and reports whether all its parts are there.
func checkText(t *testing.T, p *Pages, lang, kind, name, text string) bool {
	t.Helper()
	if n, limit := units(text); n > limit {
		t.Errorf("%s %s signed %q: got %d units of %d in %q", lang, kind, name, n, limit, text)
	}
	say := func(key string, a Args) string { return p.texts.Say(lang, key, a) }
	begin := say("sms.signature", Args{"signature": name}) + say("sms.digits", Args{"code": "482913"}) + say(kind, nil)
	if !strings.HasPrefix(text, begin) {
		t.Errorf("%s %s signed %q: got %q, want signature, code and purpose: %q", lang, kind, name, text, begin)
	}
	said, line, lined := strings.Cut(text, "\n")
	label := strings.Contains(said, "KQ")
	minutes := strings.Contains(said, "10") || strings.Contains(said, "1 min") || strings.Contains(said, "1 分钟")
	warning := strings.Contains(said, strings.Trim(say("sms.warning", nil), "，. "))
	if lined && (!label || !minutes || !warning) {
		t.Errorf("%s %s: got %q, where the last line took the room of the rest", lang, kind, text)
	}
	if lined && !strings.HasSuffix(line, " #482913") {
		t.Errorf("%s %s: got the last line %q", lang, kind, line)
	}
	if !label && len(say("sms.label", Args{"label": "KQ"})) <= len(say("sms.warning", nil)) && warning {
		t.Errorf("%s %s: got the warning kept and the label not: %q", lang, kind, text)
	}
	return label && minutes && warning
}

func TestCodeLine(t *testing.T) {
	args := Args{"code": "482913", "label": "KQ", "minutes": 5, "host": "account.shop.example"}
	const short = "【示例商城】验证码 482913，用于登录（编号 KQ），5 分钟内有效，请勿告知他人。"
	const english = "Example Shop: 482913 is your code to sign in (KQ), valid 5 min. Tell nobody."
	const line = "\n@account.shop.example #482913"
	for _, c := range []struct{ lang, signature, set, want string }{
		{Chinese, "示例商城", "", short}, {Chinese, "示例商城", "fit", short}, {Chinese, "示例商城", "never", short},
		{Chinese, "示例商城", "always", short + line},
		{English, "Example Shop", "", english + line}, {English, "Example Shop", "never", english},
		{English, "Example Shop", "always", english + line},
	} {
		p := newPages(t, Config{Site: "x.example", Signature: c.signature, CodeLine: c.set})
		if _, got, _, err := p.Message(c.lang, "sms.code", args); err != nil || got != c.want {
			t.Errorf("%s %q: got %q, %v, want %q", c.lang, c.set, got, err, c.want)
		}
	}
	p := newPages(t, Config{Site: "x.example", Signature: "示例商城"})
	args["host"] = "s.cn"
	if _, got, _, _ := p.Message(Chinese, "sms.code", args); got != fmt.Sprintf("%s\n@s.cn #482913", short) {
		t.Errorf("got %q, want the line where there is room for it", got)
	}
}
