package assets

import (
	"encoding/json"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
)

func newTexts(t *testing.T) *Texts {
	t.Helper()
	texts, err := NewTexts(noon.Location())
	if err != nil {
		t.Fatal(err)
	}
	return texts
}

func TestCataloguesAreEqual(t *testing.T) {
	texts := newTexts(t)
	en, zh := texts.all[English](), texts.all[Chinese]()
	if len(en) < 900 {
		t.Fatalf("got %d texts, want all of them", len(en))
	}
	for key, e := range en {
		z, ok := zh[key]
		if !ok {
			t.Errorf("%s: got no Chinese text, want one", key)
			continue
		}
		if !slices.Equal(e.names, z.names) {
			t.Errorf("%s: got placeholders %v in English and %v in Chinese, want the same", key, e.names, z.names)
		}
		if e.other == "" || z.other == "" {
			t.Errorf("%s: got an empty text", key)
		}
		if strings.Count(e.other, "{{") != len(placeholder.FindAllString(e.other, -1)) ||
			strings.Count(z.other, "{{") != len(placeholder.FindAllString(z.other, -1)) {
			t.Errorf("%s: got a placeholder that is not {{.name}}", key)
		}
	}
	for key := range zh {
		if _, ok := en[key]; !ok {
			t.Errorf("%s: got no English text, want one", key)
		}
	}
}

// A key that stands twice would silently lose its first text.
func TestCataloguesNameNoKeyTwice(t *testing.T) {
	for _, lang := range []string{English, Chinese} {
		raw, err := os.ReadFile("texts/" + lang + ".json")
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		d := json.NewDecoder(strings.NewReader(string(raw)))
		for depth := 0; ; {
			tok, err := d.Token()
			if err != nil {
				break
			}
			switch tok := tok.(type) {
			case json.Delim:
				if tok == '{' {
					depth++
				} else {
					depth--
				}
			case string:
				if depth == 1 && strings.Contains(tok, ".") && !strings.ContainsAny(tok, " 。") &&
					regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[A-Za-z0-9-]+)+$`).MatchString(tok) {
					if seen[tok] {
						t.Errorf("%s: got key %s twice", lang, tok)
					}
					seen[tok] = true
				}
			}
		}
	}
}

func TestTextsKeepTheVoice(t *testing.T) {
	texts := newTexts(t)
	english := regexp.MustCompile(`(?i)\bplease\b|invalid|\boops\b|failed to|successfully|authenticate|credential|\btokens?\b|log ?in\b|\b2fa\b|'|!`)
	chinese := regexp.MustCompile(`密匙|帐号|登陆|二次验证|双因素|密保|温馨提示|亲爱|[！!]|口令|备用码|可信设备|[,;?] ?\p{Han}|\p{Han}[,;:?!]|你`)
	token := regexp.MustCompile(`(?i)hardware token|grey token`)
	for _, key := range texts.Keys() {
		for _, said := range []string{texts.all[English]()[key].one, texts.all[English]()[key].other} {
			said = marks.ReplaceAllString(token.ReplaceAllString(said, ""), "")
			said = strings.TrimSuffix(said, ", please wait") // asks for patience, not for an act
			if bad := english.FindString(said); bad != "" {
				t.Errorf("%s: got %q in %q, want plain words", key, bad, said)
			}
		}
		said := marks.ReplaceAllString(texts.all[Chinese]()[key].other, "")
		if bad := chinese.FindString(said); bad != "" {
			t.Errorf("%s: got %q in %q", key, bad, said)
		}
		if strings.Contains(strings.ReplaceAll(said, "硬件令牌", ""), "令牌") {
			t.Errorf("%s: got 令牌 for a key in %q", key, said)
		}
	}
}

// Between Han and Latin letters or digits stands one blank; beside full-width marks none.
func TestChineseSpacing(t *testing.T) {
	texts := newTexts(t)
	bad := regexp.MustCompile(`\p{Han}[A-Za-z0-9]|[A-Za-z0-9]\p{Han}|[，。：；？（）、“”] | [，。：；？（）、“”]`)
	for _, key := range texts.Keys() {
		said := marks.ReplaceAllString(placeholder.ReplaceAllString(texts.all[Chinese]()[key].other, "…"), "")
		if at := bad.FindString(said); at != "" {
			t.Errorf("%s: got %q in %q", key, at, said)
		}
	}
}

func TestTextsForProgramsHoldNoMarkup(t *testing.T) {
	texts := newTexts(t)
	plain := regexp.MustCompile(`^(problem|mail|sms|voice|change|list)\.`)
	for _, key := range texts.Keys() {
		for _, lang := range []string{English, Chinese} {
			said := texts.all[lang]()[key].other
			if plain.MatchString(key) && strings.ContainsAny(said, "<>&") {
				t.Errorf("%s in %s: got markup in %q, want plain text", key, lang, said)
			}
		}
	}
}

func TestProblems(t *testing.T) {
	texts := newTexts(t)
	for _, key := range texts.Keys() {
		code, is := strings.CutSuffix(strings.TrimPrefix(key, "problem."), ".title")
		if !is || !strings.HasPrefix(key, "problem.") {
			continue
		}
		for _, lang := range []string{English, Chinese} {
			title, detail := texts.Problem(lang, code, nil)
			if title == "" || strings.Contains(title+detail, "{{") || strings.Contains(title+detail, "<no value>") ||
				strings.HasPrefix(title, "problem.") {
				t.Errorf("%s in %s without values: got %q, %q; want whole sentences", code, lang, title, detail)
			}
			if strings.HasSuffix(title, ".") || strings.HasSuffix(title, "。") {
				t.Errorf("%s in %s: got title %q, want it without a stop", code, lang, title)
			}
		}
	}
	for _, c := range []struct {
		lang, code    string
		args          Args
		title, detail string
	}{
		{English, "sign-in-locked", Args{"time": noon, "now": noon}, "Sign-in with a password is locked until 14:03 (UTC+8)",
			"If you have a security key, it still works. You can also reset the password now."},
		{English, "sign-in-locked", Args{"time": noon}, "Sign-in with a password is locked until 14:03 on 3 March 2026 (UTC+8)",
			"If you have a security key, it still works. You can also reset the password now."},
		{Chinese, "sign-in-locked", Args{"time": noon}, "密码登录已锁定至 2026 年 3 月 3 日 14:03（UTC+8）", "如果您有安全密钥，仍可用它登录。您也可以现在重设密码。"},
		{English, "sign-in-locked", nil, "Sign-in with a password is locked for a while",
			"If you have a security key, it still works. You can also reset the password now."},
		{English, "code-wrong", Args{"n": 1}, "This code is not right", "One try left."},
		{English, "code-wrong", Args{"label": "K7", "n": 3}, "This code is not right",
			"Check the newest message, marked K7. 3 tries left."},
		{English, "code-wrong", nil, "This code is not right", ""},
		{Chinese, "code-wrong", Args{"n": 1}, "验证码不正确", "还可尝试 1 次。"},
		{English, "never-heard-of", nil, "Something went wrong on our side",
			"We have noted it. Try again in a minute. If it happens again, tell support."},
		{"fr", "code-expired", nil, "This code is too old", "Ask for a new one."},
		{English, "unknown-member", Args{"name": "{{.x}}<b>"}, "The request holds a field we don’t know",
			"Its name: {{.x}}<b>. Nothing was changed."},
	} {
		title, detail := texts.Problem(c.lang, c.code, c.args)
		if title != c.title || detail != c.detail {
			t.Errorf("%s %s %v:\ngot  %q, %q\nwant %q, %q", c.lang, c.code, c.args, title, detail, c.title, c.detail)
		}
	}
}

func TestSayForms(t *testing.T) {
	texts := newTexts(t)
	for _, c := range []struct {
		lang, key string
		args      Args
		want      string
	}{
		{English, "security.sessions", Args{"n": 1}, "One session: this one"},
		{English, "security.sessions", Args{"n": 3}, "3 sessions"},
		{Chinese, "security.sessions", Args{"n": 1}, "1 个会话"},
		{English, "method.used", Args{"when": When(noon), "now": noon}, "used today at 14:03"},
		{English, "method.used", Args{"when": When(noon)}, "used on 3 March 2026"},
		{Chinese, "method.used", Args{"when": When(noon), "now": noon}, "最近使用：今天 14:03"},
		{Chinese, "codes.made", Args{"day": Day(noon)}, "2026 年 3 月 3 日生成"},
		{English, "help.wait", Args{"time": Clock(noon)}, "You can ask for a new code at 14:03:10"},
		{English, "no.such.key", nil, "no.such.key"},
	} {
		if got := texts.Say(c.lang, c.key, c.args); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.lang, c.key, got, c.want)
		}
	}
	got := texts.fill(English, "verify.sms.sent", Args{"time": noon, "now": noon, "to": Phone("+86 <")},
		anyName(texts.html))
	if want := `You asked for a code to <bdi dir="ltr" class="nb">+86 &lt;</bdi> at ` +
		`<time datetime="2026-03-03T14:03:10+08:00" data-time="time">14:03</time>.`; got != want {
		t.Errorf("on a page: got %q, want %q", got, want)
	}
}

func TestMatch(t *testing.T) {
	texts := newTexts(t)
	for _, c := range []struct{ cookie, accept, want string }{
		{"", "", English},
		{"", "zh-CN,zh;q=0.9,en;q=0.8", Chinese},
		{"", "zh-TW", Chinese},
		{"", "zh-Hans-CN", Chinese},
		{"", "de-DE,de;q=0.9", English},
		{"", "fr,zh;q=0.5,en;q=0.4", Chinese},
		{"", "fr,en;q=0.5,zh;q=0.4", English},
		{"zh-CN", "en", Chinese},
		{"en", "zh", English},
		{"klingon", "zh", Chinese},
		{"", ";;;", English},
		{"", strings.Repeat("zh-CN,", 10000), English},
	} {
		if got := texts.Match(c.cookie, c.accept); got != c.want {
			t.Errorf("cookie %q, header %.40q: got %s, want %s", c.cookie, c.accept, got, c.want)
		}
	}
}

func TestOffset(t *testing.T) {
	for seconds, want := range map[int]string{0: "UTC", 8 * 3600: "UTC+8", -3*3600 - 1800: "UTC-3:30"} {
		if got := offset(noon.In(time.FixedZone("", seconds))); got != want {
			t.Errorf("%d s: got %q, want %q", seconds, got, want)
		}
	}
}
