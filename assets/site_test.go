package assets

import (
	"fmt"
	"regexp"
	"strings"
	"testing"
)

// TestOneNameEverywhere: a site with a name of its own goes by that name on every page, in every mail and text, in both
// languages; neither the program's name nor the address stands in for it.
func TestOneNameEverywhere(t *testing.T) {
	const site, host = "示例商城", "login.example.com"
	p := newPages(t, Config{Site: site, Host: host})
	everyPage(t, p, func(t *testing.T, name, _, page string) {
		_, head, _ := strings.Cut(page, "<title>")
		title, _, _ := strings.Cut(head, "</title>")
		brand := `<span translate="no">` + site + `</span></a>`
		if !strings.HasSuffix(title, " · "+site) || !strings.Contains(page, brand) {
			t.Errorf("%s: got title %q, want the name in it and in the page's head", name, title)
		}
		if said := spoken(page); strings.Contains(said, "Latchkey") {
			t.Errorf("%s: got the program's name: %s", name, around(said, "Latchkey"))
		}
	})
	for _, key := range p.texts.Keys() {
		for _, lang := range []string{English, Chinese} {
			if strings.Contains(p.texts.all[lang]()[key].other, "Latchkey") {
				t.Errorf("%s %s: got the program's name in a text", lang, key)
			}
		}
	}
	args := Args{"code": "482913", "label": "K7", "minutes": 5, "until": noon, "at": noon, "person": "Wei",
		"what": "key-added", "name": "Blue", "link": "https://other.example/x"}
	for _, key := range p.texts.Keys() {
		name, isMail := strings.CutSuffix(key, ".subject")
		isText := strings.HasPrefix(key, "sms.") && map[string]bool{"code": true, "enrol": true, "confirm": true,
			"changed": true, "waiting": true}[key[len("sms."):]]
		if !isText && (!isMail || !strings.HasPrefix(key, "mail.")) {
			continue
		}
		for _, lang := range []string{English, Chinese} {
			wantNamed(t, p, lang, name, args, site, host)
		}
	}
}

func wantNamed(t *testing.T, p *Pages, lang, name string, args Args, site, host string) {
	t.Helper()
	subject, text, html, err := p.Message(lang, name, args)
	if err != nil {
		t.Errorf("%s %s: %v", lang, name, err)
		return
	}
	if !strings.Contains(text, site) || html != "" && strings.Count(html, site) < 2 {
		t.Errorf("%s %s: got no name in %q or its HTML", lang, name, text)
	}
	if all := subject + text + html; strings.Contains(all, "Latchkey") || strings.Contains(all, host) {
		t.Errorf("%s %s: got another name in %q", lang, name, text)
	}
}

var (
	spokenTag  = regexp.MustCompile(`<[^>]*>`)
	spokenWord = regexp.MustCompile(`(?:aria-label|title|placeholder|alt)="[^"]*"`)
)

// spoken is what a person is shown of a page, or hears.
func spoken(page string) string {
	return spokenTag.ReplaceAllString(page, " ") + fmt.Sprint(spokenWord.FindAllString(page, -1))
}

func around(s, word string) string {
	at := strings.Index(s, word)
	return s[max(0, at-60):min(len(s), at+60)]
}
