package assets

import (
	"strings"
	"testing"

	"golang.org/x/net/html"
)

// seen calls f with every element that the page shows without a press: what is folded or hidden is left out.
func seen(n *html.Node, f func(*html.Node)) {
	if n.Type == html.ElementNode {
		if n.Data == "details" || n.Data == "noscript" || hasAttr(n, "hidden") {
			return
		}
		f(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		seen(c, f)
	}
}

func hasAttr(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// Whoever has no code at hand sees on the same page what else works: nothing has to be unfolded first.
func TestEveryCodePageShowsAnotherWay(t *testing.T) {
	p := newPages(t, Config{})
	pages := 0
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		asks, leads := false, false
		seen(doc, func(n *html.Node) {
			asks = asks || n.Data == "input" && strings.Contains(attr(n, "class"), "otp")
			leads = leads || n.Data == "a" && attr(n, "href") == "/security/start" || attr(n, "aria-labelledby") == "alt"
		})
		if !asks {
			return
		}
		if pages++; !leads {
			t.Errorf("%s: got a code asked for and no other way in sight, want one", name)
		}
	})
	if pages < 30 {
		t.Errorf("got %d pages that ask for a code, want every one of them", pages)
	}
}

// R4: wherever the password is asked for, and wherever a change asks who it is once more, "Forgot password?" is in
// sight.
func TestEveryPasswordQuestionOffersToForgetIt(t *testing.T) {
	p := newPages(t, Config{})
	asked := map[string]bool{} // by where the answer goes
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		to, leads := "", false
		seen(doc, func(n *html.Node) {
			switch {
			case n.Data == "a" && attr(n, "href") == "/forgot":
				leads = true
			case n.Data == "form" && attr(n, "action") == "/confirm":
				to = attr(n, "action")
			case n.Data == "input" && attr(n, "type") == "password" && attr(n, "autocomplete") != "new-password":
				form := n
				for form.Data != "form" {
					form = form.Parent
				}
				to = attr(form, "action")
			}
		})
		if to == "" {
			return
		}
		if asked[to] = true; !leads {
			t.Errorf("%s: got a question that %s answers and no way on for who forgot the password, want one", name, to)
		}
	})
	for _, to := range []string{"/sign-in", "/sign-in/key/password", "/security/password", "/confirm"} {
		if !asked[to] {
			t.Errorf("got no page whose answer goes to %s, want one", to)
		}
	}
}

// What takes something away from the account is pressed on a page that asks first. Ending a session takes nothing.
func TestNothingIsRemovedUnasked(t *testing.T) {
	p := newPages(t, Config{})
	ends := map[string]bool{"/security/sessions/end": true, "/security/browsers/end": true,
		"/desk/keys/sessions": true}
	asked := map[string]bool{}
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		seen(doc, func(n *html.Node) {
			if n.Data != "button" || !strings.Contains(attr(n, "class"), "btn-bad") {
				return
			}
			form, asks := n, false
			for form.Data != "form" {
				form = form.Parent
			}
			for at := form; at != nil; at = at.Parent {
				asks = asks || strings.Contains(attr(at, "class"), "ask")
			}
			to := attr(form, "action")
			if asked[to] = true; !asks && !ends[to] {
				t.Errorf("%s: got a press that posts to %s at once, want a page that asks first", name, to)
			}
		})
	})
	if len(asked) < 5 {
		t.Errorf("got removals %v, want every one of them", asked)
	}
}
