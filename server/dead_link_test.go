package server

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
)

// So does pressing the button of a page whose link is over by then.
func TestDeadLinksSayWhyWhenPressed(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	p.open("/sign-in")
	got := p.send(http.MethodPost, "/undo/no-such-link", "application/x-www-form-urlencoded", "")
	p.follow("/undo/no-such-link", got).at("/undo/no-such-link", 200).says("This link has been used or is too old")
}

// A link that is over leads to a page that says so: it asks nothing that can only be refused, and offers nothing to
// press.
func TestDeadLinksAskNothing(t *testing.T) {
	w := newWorld(t)
	heading := regexp.MustCompile(`(?s)<h1[^>]*>(.*?)</h1>`)
	tried := 0
	p := w.browser()
	w.enrolled(p)
	for _, lang := range []string{"en", "zh-CN"} {
		p.lang = lang
		for _, page := range w.server.pageTable() {
			if !strings.Contains(page.path, "{link}") {
				continue
			}
			tried++
			answer := p.send(http.MethodGet, strings.ReplaceAll(page.path, "{link}", "no-such-link"), "", "")
			if answer.Code == http.StatusSeeOther {
				continue // it leads to a page of this table
			}
			body := answer.Body.String()
			found := heading.FindStringSubmatch(body)
			if found == nil {
				t.Errorf("%s in %s: got no heading", page.path, lang)
				continue
			}
			if strings.ContainsAny(found[1], "?？") || strings.Contains(body, `action="`+strings.TrimSuffix(page.path, "{link}")) {
				t.Errorf("%s in %s: got %q and perhaps a form, want a page that asks nothing", page.path, lang, found[1])
			}
			if found[1] == w.texts.Say(lang, "forgot-password.title", nil) {
				t.Errorf("%s in %s: got %q, which can only be refused", page.path, lang, found[1])
			}
		}
	}
	if tried < 8 {
		t.Errorf("got %d pages tried, want those of the table in both languages", tried)
	}
}
