package assets

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"golang.org/x/net/html"
)

// elements are all elements of a page with that name.
func elements(t *testing.T, page, name string) []*html.Node {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	var list []*html.Node
	for n := range doc.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			list = append(list, n)
		}
	}
	return list
}

func attribute(n *html.Node, name string) (string, bool) {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val, true
		}
	}
	return "", false
}

// The server judges what was typed: no form on any page keeps back what the server would take. Browsers know neither
// full-width signs nor addresses in Chinese, count the characters of a name otherwise than we do, and refuse without a
// word of ours.
func TestNoFormJudgesForTheServer(t *testing.T) {
	free := []string{"", "text", "tel", "password", "hidden", "checkbox", "radio", "file"}
	everyPage(t, newPages(t, Config{Host: "localhost"}), func(t *testing.T, name, _, page string) {
		for _, input := range elements(t, page, "input") {
			field, _ := attribute(input, "name")
			if kind, _ := attribute(input, "type"); !slices.Contains(free, kind) {
				t.Errorf("%s: the field %s has the type %s, which browsers judge", name, field, kind)
			}
			for _, judge := range []string{"pattern", "maxlength", "minlength", "min", "max", "step"} {
				if _, has := attribute(input, judge); has {
					t.Errorf("%s: the field %s has %s, want the server to judge", name, field, judge)
				}
			}
		}
	})
}

// What the server takes gets there, out of a browser.
func TestBrowserSendsWhatTheServerTakes(t *testing.T) {
	s := newStage(t)
	press := chromedp.Click(chromedp.CSS("main .btn-main"))
	for _, typed := range []string{"user＠example.com", "李@例子.中国", " seller@example.com ", "half@"} {
		s.show(&SignUp{Email: typed}, press)
		if got := s.post().form.Get("email"); got != typed {
			t.Errorf("got the address %q, want %q", got, typed)
		}
	}
	for _, typed := range []string{"１２３４５６", "123 456", "123\u200b456", "\u202a123456\u202c", "123－456"} {
		s.show(&Verify{With: WayApp, Help: Help{Ceremony: "sealed"}}, chromedp.Evaluate[chromedp.Void](
			`void (document.querySelector('[name=code]').value = '`+typed+`')`), press)
		if got := s.post().form.Get("code"); got != typed {
			t.Errorf("got the code %q, want %q", got, typed)
		}
	}
}

// A password's rules are marked as they are met; without script they stand there all the same.
func TestPasswordRulesAreMarkedAsTheyAreMet(t *testing.T) {
	s := newStage(t)
	s.show(&SignUpConfirm{Link: "x", Rules: PasswordRules{Min: 8, Max: 20, Mixed: true}})
	for _, c := range []struct{ typed, met string }{
		{"", ""}, {"a", "lowercase"}, {"Ab", "capital lowercase"}, {"Ab1-", "capital lowercase digit symbol"},
		{"Ab1-Ab1-", "8 capital lowercase digit symbol"}, {"Ab1-Ab1-Ab1-Ab1-Ab1-A", "capital lowercase digit symbol"},
		{"é１😀密密密密密", "8 lowercase digit symbol"}, {"  Ab1-  ", "capital lowercase digit symbol"},
	} {
		got, err := chromedp.Run(s.ctx, chromedp.Evaluate[string](`(() => {
			const input = document.getElementById('f-password');
			input.value = '`+c.typed+`';
			input.dispatchEvent(new Event('input'));
			const met = [...document.querySelectorAll('.rules .met')].map(l => l.innerText);
			return ['8', 'capital', 'lowercase', 'digit', 'symbol'].filter(w => met.some(m => m.includes(w))).join(' ');
		})()`))
		if err != nil {
			t.Fatal(err)
		}
		if got != c.met {
			t.Errorf("typed %q: got %q met, want %q", c.typed, got, c.met)
		}
	}
	page := render(t, newPages(t, Config{Host: "localhost"}), English, &SignUpConfirm{Link: "x",
		Rules: PasswordRules{Min: 8, Max: 20, Mixed: true}})
	if want := `passwordrules="minlength: 8; maxlength: 20; required: upper; required: lower; required: digit; ` +
		`required: special;"`; !strings.Contains(page, want) {
		t.Errorf("got no %s, want it for password managers", want)
	}
}

// What is no word of a language stays as it is when a browser translates the page: codes, secrets, labels and names.
func TestNamesAndSecretsAreNotTranslated(t *testing.T) {
	words := []string{"Blue key", "Spare key", "Grey token", "7KQ4-M2XD", "Y1CW-D8RP", "K7"}
	found := map[string]bool{}
	everyPage(t, newPages(t, Config{Host: "localhost"}), func(t *testing.T, name, _, page string) {
		if strings.Contains(name, "dev-messages") { // for whoever tries the site out
			return
		}
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatal(err)
		}
		for n := range doc.Descendants() {
			for _, word := range words {
				if n.Type != html.TextNode || !strings.Contains(n.Data, word) {
					continue
				}
				found[word] = true
				kept := false
				for up := range n.Ancestors() {
					_, marked := attribute(up, "translate")
					kept = kept || marked || slices.Contains([]string{"title", "option"}, up.Data) // hold no marks
				}
				if !kept {
					t.Errorf("%s: got %q open to translation, want it kept", name, word)
				}
			}
		}
	})
	for _, word := range words {
		if !found[word] {
			t.Errorf("got no page that says %q, want one", word)
		}
	}
	secret := render(t, newPages(t, Config{Host: "localhost"}), English, &AppNew{Secret: "JBSWY3DPEHPK3PXP"})
	if !strings.Contains(secret, `<p class="secret" id="sec" translate="no">`) {
		t.Error("got the secret of an app open to translation, want it kept")
	}
}
