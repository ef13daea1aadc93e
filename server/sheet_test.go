package server

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A sheet is one page as a browser has it.
type sheet struct {
	t      testing.TB
	path   string
	status int
	text   string
	forms  []form
	also   map[string]string // where buttons of a form post instead: its id
}

type form struct {
	action, method string
	id             string
	fields         url.Values
	options        string // of the key's panel
	buttons        url.Values
}

// open loads a page and follows where it leads, as a browser does.
func (p *person) open(path string) *sheet {
	p.w.t.Helper()
	return p.follow(path, p.send("GET", path, "", ""))
}

func (p *person) follow(path string, w *httptest.ResponseRecorder) *sheet {
	p.w.t.Helper()
	for range 8 {
		if w.Code != http.StatusSeeOther {
			return p.sheet(path, w)
		}
		path = strings.TrimPrefix(w.Header().Get("Location"), testOrigin)
		w = p.send("GET", path, "", "")
	}
	p.w.t.Fatalf("%s: got no end of redirects", path)
	return nil
}

func (p *person) sheet(path string, w *httptest.ResponseRecorder) *sheet {
	p.w.t.Helper()
	s := &sheet{t: p.w.t, path: path, status: w.Code, text: w.Body.String(), also: map[string]string{}}
	doc, err := html.Parse(strings.NewReader(s.text))
	if err != nil {
		p.w.t.Fatal(err)
	}
	var at *form
	for n := range doc.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if at != nil && attr(n, "data-options") != "" {
			at.options = attr(n, "data-options")
		}
		switch n.Data {
		case "form":
			s.forms = append(s.forms, form{id: attr(n, "id"), action: attr(n, "action"), method: attr(n, "method"),
				fields: url.Values{}, buttons: url.Values{}, options: attr(n, "data-conditional")})
			at = &s.forms[len(s.forms)-1]
		case "input", "select":
			kind := attr(n, "type")
			_ = attr(n, "name")
			checked := has(n, "checked")
			if at != nil && attr(n, "name") != "" && kind != "file" && (kind != "radio" && kind != "checkbox" || checked) {
				at.fields.Set(attr(n, "name"), attr(n, "value"))
			}
		case "option":
			if at != nil && has(n, "selected") {
				at.fields.Set(attr(n.Parent, "name"), attr(n, "value"))
			}
		case "button":
			if to := attr(n, "formaction"); to != "" && attr(n, "name") == "" {
				s.also[to] = attr(n, "form")
			}
			if at != nil && attr(n, "name") != "" {
				at.buttons.Add(attr(n, "name"), attr(n, "value"))
			}
		}
	}
	return s
}

func attr(n *html.Node, name string) string {
	for _, a := range n.Attr {
		if a.Key == name {
			return a.Val
		}
	}
	return ""
}

func has(n *html.Node, name string) bool {
	return slices.ContainsFunc(n.Attr, func(a html.Attribute) bool { return a.Key == name })
}

// form is the form that posts to action.
func (s *sheet) form(action string) *form {
	s.t.Helper()
	for i := range s.forms {
		if s.forms[i].action == action || s.also[action] != "" && s.forms[i].id == s.also[action] {
			return &s.forms[i]
		}
	}
	s.t.Fatalf("%s (%d): got no form to %s, want one; text:\n%s", s.path, s.status, action, wordsOf(s.text))
	return nil
}

// actionWith is where the form posts whose action ends like that.
func (s *sheet) actionWith(end string) string {
	s.t.Helper()
	for i := range s.forms {
		if strings.HasSuffix(s.forms[i].action, end) {
			return s.forms[i].action
		}
	}
	s.t.Fatalf("%s: got no form to …%s, want one; text:\n%s", s.path, end, wordsOf(s.text))
	return ""
}

// kept is a name or a sign within a sentence, which no browser translates.
var kept = regexp.MustCompile(`<span translate="no">([^<]*)</span>`)

// wordsOf is what a page says.
func wordsOf(page string) string {
	doc, err := html.Parse(strings.NewReader(kept.ReplaceAllString(page, "$1")))
	if err != nil {
		return page
	}
	var b strings.Builder
	for n := range doc.Descendants() {
		if n.Type == html.TextNode && n.Parent.Data != "script" {
			if s := strings.TrimSpace(n.Data); s != "" {
				b.WriteString(s + "\n")
			}
		}
	}
	return b.String()
}

// fill posts the form to action with its fields and those given.
func (p *person) fill(s *sheet, action string, pairs ...string) *sheet {
	p.w.t.Helper()
	f := s.form(action)
	v := url.Values{}
	for k := range f.fields {
		v.Set(k, f.fields.Get(k))
	}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return p.follow(action, p.send("POST", action, "application/x-www-form-urlencoded", v.Encode()))
}

// speak presses the language button. Where it belongs to the page's form, what that holds comes along with what is
// typed, as a browser sends it.
func (p *person) speak(s *sheet, lang string, typed ...string) *sheet {
	p.w.t.Helper()
	v, action := url.Values{}, ""
	for n := range parsed(s.text).Descendants() {
		if n.Type == html.ElementNode && attr(n, "name") == "lang" {
			if action = attr(n, "formaction"); action == "" {
				action = attr(n.Parent, "action")
			}
		}
	}
	for _, f := range s.forms {
		if f.id == "form" {
			for k := range f.fields {
				v.Set(k, f.fields.Get(k))
			}
		}
	}
	v.Set("lang", lang)
	for i := 0; i+1 < len(typed); i += 2 {
		v.Set(typed[i], typed[i+1])
	}
	return p.follow(action, p.send("POST", action, "application/x-www-form-urlencoded", v.Encode()))
}

// at fails the test unless the page is at path.
func (s *sheet) at(path string, status int) *sheet {
	s.t.Helper()
	got, _, _ := strings.Cut(s.path, "?")
	if got != path || s.status != status {
		s.t.Fatalf("got %s (%d), want %s (%d); it says:\n%s", s.path, s.status, path, status, wordsOf(s.text))
	}
	return s
}

// says fails the test unless the page says all of it.
func (s *sheet) says(parts ...string) *sheet {
	s.t.Helper()
	for _, part := range parts {
		if !strings.Contains(wordsOf(s.text), part) {
			s.t.Errorf("%s: got no %q, want it; it says:\n%s", s.path, part, wordsOf(s.text))
		}
	}
	return s
}

// touch answers the key's panel of the form to action.
func (p *person) touch(s *sheet, client *virtual.Client, action string, pairs ...string) *sheet {
	p.w.t.Helper()
	f := s.form(action)
	answer, err := client.Get, error(nil)
	if strings.Contains(f.options, `"user":`) {
		answer = client.Create
	}
	response, err := answer([]byte(f.options))
	if err != nil {
		p.w.t.Fatalf("%s: the key says %v; options %s", s.path, err, f.options)
	}
	return p.fill(s, action, append([]string{"response", string(response)}, pairs...)...)
}

// secret reads the app's secret off the page.
func secretOf(s *sheet) string {
	s.t.Helper()
	for n := range parsed(s.text).Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == "sec" {
			return strings.ReplaceAll(n.FirstChild.Data, " ", "")
		}
	}
	s.t.Fatalf("%s: got no secret, want one", s.path)
	return ""
}

func parsed(page string) *html.Node {
	doc, _ := html.Parse(strings.NewReader(page))
	return doc
}

// registered is a browser of a seller who has signed up and signed in anew: he must enrol.
func (w *world) registered() *person {
	w.t.Helper()
	p := w.browser()
	p.fill(p.open("/sign-up"), "/sign-up", "email", testEmail).at("/sign-up/sent", 200)
	s := p.open(path(w.mailed(auth.TemplateSignUp).Args["link"]))
	p.fill(s, s.path, "name", "Wei", "user-name", "小明的店", "phone", "+8613800138000", "password", testPassword,
		"terms", "yes").at("/security/start", 200)
	p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "remember",
		"yes").at("/security/start", 200)
	return p
}

// signUpPath asks for an account and returns the path that the mailed link leads to.
func (w *world) signUpPath(email string) string {
	w.t.Helper()
	w.program().must("POST", "/sign-up", m{"email": email}, nil)
	return path(w.mailed(auth.TemplateSignUp).Args["link"])
}
