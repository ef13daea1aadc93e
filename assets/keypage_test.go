package assets

import (
	"strings"
	"testing"
)

// inOrder reports the first of words that does not stand behind the one before it.
func inOrder(page string, words ...string) string {
	for _, word := range words {
		_, rest, ok := strings.Cut(page, word)
		if !ok {
			return word
		}
		page = rest
	}
	return ""
}

// Registering a key begins with the touch: what it is called is asked after. Where no key can be asked, the page leads
// with what works there.
func TestKeyPageLeadsWithTheAct(t *testing.T) {
	p := newPages(t, Config{})
	prompt := &KeyPrompt{Options: "{}", Ceremony: "sealed", Seconds: 300, PIN: "none"}
	other := []Method{{Way: WayApp, Name: "My app"}}
	for _, c := range []struct {
		name  string
		view  View
		words []string
	}{
		{"a key", &KeyNew{Number: 1, Key: prompt},
			[]string{"<noscript>", `href="/security/start"`, "</noscript>", `<form id="form" hidden data-js`, "data-key=",
				"data-ask", "note-info", `class="kinds"`, `id="f-name"`, `id="f-place"`}},
		{"a passkey", &KeyNew{Passkey: true, Number: 1, Key: prompt},
			[]string{"<noscript>", "data-key=", "data-ask", `id="f-name"`}},
		{"on WeChat", &KeyNew{Frame: Frame{WeChat: true}, Number: 1},
			[]string{"WeChat’s browser", `class="btn btn-main" href="/security/start"`, "<details>"}},
		{"second step", &Verify{With: WayKey, Key: prompt, Help: Help{Others: other}},
			[]string{"<noscript>", "hidden data-js", "data-key=", "data-ask", "with=app"}},
		{"second step on WeChat", &Verify{Frame: Frame{WeChat: true}, With: WayKey, Help: Help{Others: other}},
			[]string{"WeChat’s browser", "with=app"}},
		{"the drill", &KeyTest{Key: prompt}, []string{"<noscript>", "hidden data-js", "data-key=", "data-ask"}},
	} {
		page := render(t, p, English, c.view)
		if missing := inOrder(page, c.words...); missing != "" {
			t.Errorf("%s: got no %q in its place, want in this order %q", c.name, missing, c.words)
		}
		if strings.Contains(page, "k-pin") || strings.Contains(page, "k-shear") {
			t.Errorf("%s: got a lock drawn, want the key with its contact", c.name)
		}
		if strings.Contains(page, "<progress") && !strings.Contains(page, `<div class="while" hidden>`) {
			t.Errorf("%s: got seconds from the start, want them in the last 30", c.name)
		}
	}
	if page := render(t, p, English, &KeyNew{Frame: Frame{WeChat: true}, Number: 1}); strings.Contains(page, "f-name") {
		t.Error("on WeChat: got the form of a key that cannot be asked, want it left out")
	}
}
