package assets

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/net/html"

	"github.com/latchkey-auth/latchkey/auth"
)

var noon = time.Date(2026, time.March, 3, 14, 3, 10, 0, time.FixedZone("", 8*3600))

func newPages(t *testing.T, config Config) *Pages {
	t.Helper()
	if config.Zone == nil {
		config.Zone = noon.Location()
	}
	texts, err := NewTexts(config.Zone)
	if err != nil {
		t.Fatal(err)
	}
	config.Methods = builtIn(t)
	p, err := NewPages(config, texts)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// builtIn is the table of the methods that are built in, as the program hands it over.
func builtIn(t *testing.T) []Row {
	t.Helper()
	table, err := auth.Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	var rows []Row
	for i := range table {
		rows = append(rows, Row(table[i].Face))
		rows[i].Served = true
	}
	return rows
}

func render(t *testing.T, p *Pages, lang string, v View) string {
	t.Helper()
	var b bytes.Buffer
	if err := p.Render(&b, lang, v); err != nil {
		t.Fatalf("rendering %T in %s: %v", v, lang, err)
	}
	return b.String()
}

// everyPage calls f with each page in each language: the samples, each also empty, signed in and not.
func everyPage(t *testing.T, p *Pages, f func(t *testing.T, name, lang, page string)) {
	t.Helper()
	for _, lang := range []string{English, Chinese} {
		seen := map[reflect.Type]bool{}
		for _, s := range Samples(noon) {
			name := lang + "/" + s.Name
			f(t, name, lang, render(t, p, lang, s.View))
			kind := reflect.TypeOf(s.View).Elem()
			if seen[kind] {
				continue
			}
			seen[kind] = true
			empty := reflect.New(kind).Interface().(View)
			f(t, name+" empty", lang, render(t, p, lang, empty))
			hurt := reflect.New(kind).Interface().(View)
			*hurt.frame() = Frame{Path: "/security", Now: noon, Who: `<b>"x"</b>`, SignedIn: true, Enrolled: true,
				WeChat: true, Ticket: "T-1", Notice: &Notice{Key: "key-added"},
				Problems: []Problem{{Code: "internal"}, {Code: "never-heard-of", Field: "nowhere"}},
				Signals:  &Signals{RPID: "localhost", UserID: "dXNlcg"}}
			f(t, name+" refused", lang, render(t, p, lang, hurt))
		}
	}
}

func TestEveryViewHasASample(t *testing.T) {
	sampled := map[string]bool{}
	for _, s := range Samples(noon) {
		sampled[reflect.TypeOf(s.View).Elem().Name()] = true
	}
	files, err := filepath.Glob("view*.go")
	if err != nil || len(files) == 0 {
		t.Fatalf("got files %v, error %v", files, err)
	}
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			spec, ok := n.(*ast.TypeSpec)
			if !ok {
				return true
			}
			s, ok := spec.Type.(*ast.StructType)
			if !ok {
				return true
			}
			for _, f := range s.Fields.List {
				if id, ok := f.Type.(*ast.Ident); ok && len(f.Names) == 0 && id.Name == "Frame" &&
					!sampled[spec.Name.Name] {
					t.Errorf("view %s: got no sample, want one", spec.Name.Name)
				}
			}
			return true
		})
	}
}

func TestPagesAreWellFormed(t *testing.T) {
	p := newPages(t, Config{Host: "login.example.com", Privacy: "/privacy", Terms: "/terms"})
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		checkNesting(t, name, page)
		doc, err := html.Parse(strings.NewReader(page))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		checkTree(t, name, lang, doc)
		for _, bad := range []string{"<no value>", "ZgotmplZ", "%!", notesHere, "{{", "[]"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: got %q in the page, want none", name, bad)
			}
		}
	})
}

// What the frame says of a page agrees with what the page holds: its title is its heading, the address stands below
// what asks for a secret, the language button belongs to a form that may be half filled, and the zone is named where a
// time is written.
func TestTheFrameAgreesWithThePage(t *testing.T) {
	p := newPages(t, Config{Host: "login.example.com", Privacy: "/privacy", Terms: "/terms"})
	seen := map[string][2]bool{}
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		_, main, _ := strings.Cut(page, `<main id="main"`)
		main, frame, _ := strings.Cut(main, "</main>")
		head, _, _ := strings.Cut(page, `<main id="main"`)
		_, h1, _ := strings.Cut(main, "<h1>")
		h1, _, _ = strings.Cut(h1, "</h1>")
		h1, _, _ = strings.Cut(h1, `<span class="no-script">`) // what it says instead where no script runs
		words := strings.TrimSpace(marks.ReplaceAllString(h1, ""))
		_, title, _ := strings.Cut(head, "<title>")
		title, _, _ = strings.Cut(title, "</title>")
		if words == "" || !strings.HasSuffix(html.UnescapeString(title), html.UnescapeString(words)+" · Latchkey") {
			t.Errorf("%s: got the title %q, want that of the heading %q", name, title, words)
		}
		secret := regexp.MustCompile(`type="password"|class="in otp|data-key=`)
		for what, c := range map[string]struct{ holds, says bool }{
			"the address line":    {secret.MatchString(main), strings.Contains(frame, `class="addr"`)},
			"the form's language": {strings.Contains(main, ` id="form"`), strings.Contains(head, `form="form"`)},
			"the zone":            {strings.Contains(main, "<time "), strings.Contains(frame, `class="zone"`)},
		} {
			if c.holds != c.says {
				t.Errorf("%s: %s: the page holds it: %v, the frame says so: %v", name, what, c.holds, c.says)
			}
			both := seen[what]
			seen[what] = [2]bool{both[0] || c.holds, both[1] || !c.holds}
		}
	})
	for what, both := range seen {
		if both != [2]bool{true, true} {
			t.Errorf("%s: the samples show with and without it: %v, want both", what, both)
		}
	}
}

// checkNesting holds that every element that is opened is closed, in order.
func checkNesting(t *testing.T, name, page string) {
	t.Helper()
	void := []string{"meta", "link", "input", "br", "img"}
	var open []string
	for z := html.NewTokenizer(strings.NewReader(page)); ; {
		kind := z.Next()
		if kind == html.ErrorToken {
			break
		}
		tag, _ := z.TagName()
		element := string(tag)
		switch kind {
		case html.StartTagToken:
			if !slices.Contains(void, element) {
				open = append(open, element)
			}
		case html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != element {
				t.Errorf("%s: got </%s> inside %v", name, element, open)
				return
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) != 0 {
		t.Errorf("%s: got %v left open, want none", name, open)
	}
}

// A survey is what checkTree notes on its way through a page.
type survey struct {
	t      *testing.T
	name   string
	ids    map[string]int
	labels []string // what labels are for
	refs   []string // ids that something points to
	h1     int
	inputs []*html.Node
}

func checkTree(t *testing.T, name, lang string, doc *html.Node) {
	t.Helper()
	s := &survey{t: t, name: name, ids: map[string]int{}}
	s.walk(doc)
	for id, n := range s.ids {
		if n > 1 {
			t.Errorf("%s: got id %q %d times, want once", name, id, n)
		}
	}
	for _, ref := range append(s.refs, s.labels...) {
		if s.ids[ref] == 0 {
			t.Errorf("%s: got a reference to %q, want an element with that id", name, ref)
		}
	}
	for _, in := range s.inputs {
		if id := attr(in, "id"); !slices.Contains(s.labels, id) && !within(in, "label") &&
			attr(in, "aria-hidden") != "true" {
			t.Errorf("%s: field %q has no label", name, attr(in, "name"))
		}
	}
	if s.h1 != 1 {
		t.Errorf("%s: got %d h1, want 1", name, s.h1)
	}
	if got := attr(doc.LastChild, "lang"); got != lang {
		t.Errorf("%s: got lang %q, want %q", name, got, lang)
	}
}

func (s *survey) walk(n *html.Node) {
	if n.Type == html.ElementNode {
		s.element(n)
	}
	for c := n.FirstChild; c != nil; c = c.NextSibling {
		s.walk(c)
	}
}

func (s *survey) element(n *html.Node) {
	for _, a := range n.Attr {
		switch {
		case a.Key == "style" || strings.HasPrefix(a.Key, "on"):
			s.t.Errorf("%s: got attribute %s on <%s>, want no inline code", s.name, a.Key, n.Data)
		case a.Key == "id":
			s.ids[a.Val]++
		case a.Key == "aria-describedby" || a.Key == "aria-labelledby":
			s.refs = append(s.refs, strings.Fields(a.Val)...)
		case a.Key == "href" || a.Key == "src" || a.Key == "action":
			s.address(n, a)
		}
	}
	switch n.Data {
	case "h1":
		s.h1++
	case "label":
		if f := attr(n, "for"); f != "" {
			s.labels = append(s.labels, f)
		}
	case "style":
		s.t.Errorf("%s: got a style element, want none", s.name)
	case "script":
		if n.FirstChild != nil {
			s.t.Errorf("%s: got an inline script, want none", s.name)
		}
	case "input", "select", "textarea":
		if attr(n, "type") != "hidden" {
			s.inputs = append(s.inputs, n)
		}
	case "form":
		if within(n.Parent, "form") || within(n, "p") {
			s.t.Errorf("%s: got a form inside a form or paragraph", s.name)
		}
		method := "post"
		if attr(n, "action") == "/security/history" { // it chooses what is shown
			method = "get"
		}
		if attr(n, "method") != method || attr(n, "action") == "" {
			s.t.Errorf("%s: got form method %q action %q, want %s and a path", s.name, attr(n, "method"),
				attr(n, "action"), method)
		}
	case "ul", "div", "section", "ol", "h2":
		if within(n, "p") {
			s.t.Errorf("%s: got <%s> inside <p>", s.name, n.Data)
		}
	case "button":
		if within(n, "form") == (attr(n, "form") != "") && attr(n, "type") != "button" {
			s.t.Errorf("%s: got a button outside a form", s.name)
		}
	}
}

func (s *survey) address(n *html.Node, a html.Attribute) {
	switch {
	case strings.HasPrefix(a.Val, "#i-") && n.Data == "use":
		s.refs = append(s.refs, a.Val[1:])
	case strings.HasPrefix(a.Val, "#"):
		s.refs = append(s.refs, a.Val[1:])
	case strings.HasPrefix(a.Val, "/") && !strings.HasPrefix(a.Val, "//"):
	case n.Data == "a" && (strings.HasPrefix(a.Val, "otpauth://") || strings.HasPrefix(a.Val, "mailto:") ||
		strings.HasPrefix(a.Val, "http://localhost")):
	default:
		s.t.Errorf("%s: got %s=%q on <%s>, want an address of ours", s.name, a.Key, a.Val, n.Data)
	}
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func within(n *html.Node, element string) bool {
	for ; n != nil; n = n.Parent {
		if n.Type == html.ElementNode && n.Data == element {
			return true
		}
	}
	return false
}

func TestPagesKeepTheirBudget(t *testing.T) {
	p := newPages(t, Config{Host: "login.example.com"})
	css, js := p.static.files[filepath.Base(p.static.Path("latchkey.css"))].plain,
		p.static.files[filepath.Base(p.static.Path("latchkey.js"))].plain
	if len(js) >= 15<<10 {
		t.Errorf("got %d bytes of script, want less than %d", len(js), 15<<10)
	}
	most, at := 0, ""
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		if n := len(page) + len(css) + len(js); n > most {
			most, at = n, name
		}
	})
	if most > 60<<10 {
		t.Errorf("got %d bytes for %s with style and script, want at most %d", most, at, 60<<10)
	}
	t.Logf("style %d, script %d, heaviest page with both %d (%s)", len(css), len(js), most, at)
}

// Every text that a template names must be there, in whatever state the page is; a missing one shows as its key.
// In a lab every page says so, in its language, and nowhere else does any.
func TestEveryPageOfALabSaysSo(t *testing.T) {
	for _, lab := range []bool{true, false} {
		p := newPages(t, Config{Lab: lab})
		everyPage(t, p, func(t *testing.T, name, lang, page string) {
			said := strings.Contains(page, p.Texts().Say(lang, "frame.lab", nil))
			if said != lab || strings.Contains(page, `class="lab"`) != lab {
				t.Errorf("%s: got the lab's banner %v, want %v", name, said, lab)
			}
		})
	}
}

func TestPagesSayNoKeys(t *testing.T) {
	p := newPages(t, Config{})
	key := regexp.MustCompile(`[>"]([a-z][a-z-]*(\.[a-z0-9-]+)+)["<]`)
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		for _, m := range key.FindAllStringSubmatch(page, -1) {
			if !slices.Contains([]string{"login.example.com"}, m[1]) && !strings.HasSuffix(m[1], "example.com") {
				t.Errorf("%s: got the key %q, want its text", name, m[1])
			}
		}
	})
}

func TestTemplatesNameOnlyTextsThatExist(t *testing.T) {
	texts, err := NewTexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	named := regexp.MustCompile(`(?:Say|text\(|With|"(?:label|lead|hint|name|ready|more|do|else|backsay|example)")\s*\(?"?([a-z0-9-]+(?:\.[a-z0-9-]+)+)"`)
	files, err := filepath.Glob("pages/*.html")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(files, "words.go", "canvas.go", "message.go") {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`Say "([a-z0-9.-]+)"|text\("([a-z0-9.-]+)"`).FindAllStringSubmatch(string(raw), -1) {
			found++
			if key := m[1] + m[2]; !strings.HasSuffix(key, ".") && !texts.Has(key) {
				t.Errorf("%s: got key %q, want a text", file, key)
			}
		}
		for _, m := range named.FindAllStringSubmatch(string(raw), -1) {
			if !texts.Has(m[1]) {
				t.Errorf("%s: got key %q, want a text", file, m[1])
			}
		}
	}
	if found < 300 {
		t.Errorf("got %d keys in templates, want the search to find them all", found)
	}
}

func TestValuesAreEscaped(t *testing.T) {
	p := newPages(t, Config{})
	const evil = `"><script>alert(1)</script>{{.x}}`
	views := []View{
		&SignIn{Identifier: evil, Frame: Frame{Who: evil, Path: evil,
			Problems: []Problem{{Code: "code-wrong", Args: Args{"label": evil, "n": 2}}}}},
		&Security{Methods: []Holder{{Method: Method{ID: evil, Way: WayKey, Name: evil, Place: evil, Model: evil}}},
			Losses: []Loss{{Name: evil, Goes: []Method{{Name: evil}}}}},
		&Verify{With: WaySMS, Sent: true, Help: Help{To: evil, Label: evil, SentAt: noon, Ceremony: evil,
			Others: []Method{{Way: WayKey, Name: evil}, {Way: WaySMS, To: evil, ID: evil}}}},
		&Verify{With: WayKey, Keys: []string{evil}, Key: &KeyPrompt{Options: evil}},
		&History{Events: []Event{{What: "key-added", Args: Args{"name": evil}, Browser: evil, ID: evil}}, Older: evil},
		&Undo{Link: evil, What: "key-added", Name: evil, At: noon, Until: noon},
		&AppNew{URL: "otpauth://totp/x?secret=" + evil, Secret: evil, Account: evil},
		&PhoneNew{Sent: true, Phone: evil},
		&DevMessages{Messages: []DevMessage{{Text: evil, Subject: evil, Links: []string{"javascript:alert(1)", evil}}}},
		&Remove{Method: Method{Way: WayKey, ID: evil, Name: evil}, Left: []Method{{Name: evil}}},
		&KeyTest{Found: &Method{Way: WayKey, Name: evil, ID: evil}, ID: evil, Name: evil},
	}
	for _, v := range views {
		for _, lang := range []string{English, Chinese} {
			page := render(t, p, lang, v)
			if strings.Contains(page, "<script>") || strings.Contains(page, `="javascript:`) {
				t.Errorf("%T in %s: got a typed value as markup", v, lang)
			}
			checkNesting(t, fmt.Sprintf("%T", v), page)
		}
	}
}

func TestRefusals(t *testing.T) {
	p := newPages(t, Config{})
	one := render(t, p, English, &SignUp{Frame: Frame{Problems: []Problem{{Code: "email-malformed", Field: "email"}}},
		Email: "x"})
	for _, want := range []string{"<title>Error: Create your account · Latchkey</title>", `value="x"`,
		`aria-invalid="true"`, `aria-describedby="f-email-e f-email-h"`, `id="f-email-e"`,
		"Check this address. It should look like", "autofocus"} {
		if !strings.Contains(one, want) {
			t.Errorf("one refused field: got a page without %q", want)
		}
	}
	if strings.Contains(one, `role="alert"`) {
		t.Error("one refused field: got a summary, want the field alone")
	}
	two := render(t, p, English,
		&SignUpConfirm{Link: "x", Frame: Frame{Problems: []Problem{{Code: "phone-malformed", Field: "phone"},
			{Code: "terms-not-accepted", Field: "terms"}}}})
	for _, want := range []string{`role="alert"`, `href="#f-phone"`, `href="#f-terms"`, "2 things need correcting"} {
		if !strings.Contains(two, want) {
			t.Errorf("two refused fields: got a page without %q", want)
		}
	}
	if n := strings.Count(two, " autofocus"); n != 1 {
		t.Errorf("two refused fields: got %d autofocus, want 1", n)
	}
	stray := render(t, p, English, &SignIn{Frame: Frame{Problems: []Problem{{Code: "code-used", Field: "elsewhere"}}}})
	if !strings.Contains(stray, "This code has been used") {
		t.Error("a problem of a field that the page lacks: got it lost, want it above the form")
	}
	wrong := render(t, p, Chinese,
		&Verify{With: WaySMS, Sent: true, Help: Help{Ceremony: "sealed"},
			Frame: Frame{Problems: []Problem{{Code: "code-wrong", Field: "code", Args: Args{"label": "K7", "n": 4}}}}})
	for _, want := range []string{"<title>错误：", `验证码不正确。请查看编号为 <span translate="no">K7</span> 的最新消息。还可尝试 4 次。`} {
		if !strings.Contains(wrong, want) {
			t.Errorf("wrong code in Chinese: got a page without %q", want)
		}
	}
}

// What is said of a message on its way must be true of its channel: no carrier takes a mail.
func TestDeliverySpeaksOfItsChannel(t *testing.T) {
	p := newPages(t, Config{})
	sent := Help{Delivery: "accepted", Heard: noon, Texts: -1}
	for _, c := range []struct {
		name, want string
		v          View
	}{
		{"text", "Handed to the phone network", &Verify{With: WaySMS, Sent: true, Help: sent}},
		{"call", "Call handed to the phone network", &Verify{With: WayCall, Sent: true, Help: sent}},
		{"mail", "The mail was sent", &Verify{With: WayEmail, Sent: true, Help: sent}},
		{"new number", "Handed to the phone network", &PhoneNew{Sent: true, Help: sent}},
		{"new number, called", "Call handed to the phone network", &PhoneNew{Sent: true, Via: WayCall, Help: sent}},
		{"new mailbox", "The mail was sent", &EmailNew{Sent: true, Help: sent}},
	} {
		got := render(t, p, English, c.v)
		if !strings.Contains(got, c.want) || c.want != "Handed to the phone network" &&
			strings.Contains(got, "Handed to") {
			t.Errorf("%s: got %q, want %q and nothing else of its sort", c.name, got, c.want)
		}
	}
}

func TestBasePathAndAddressLine(t *testing.T) {
	p := newPages(t, Config{Base: "/accounts", Host: "login.example.com"})
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		for _, m := range regexp.MustCompile(`(?:href|src|action)="(/[^"]*)"`).FindAllStringSubmatch(page, -1) {
			if !strings.HasPrefix(m[1], "/accounts/") {
				t.Errorf("%s: got %q, want it below /accounts", name, m[1])
			}
		}
	})
	for view, want := range map[View]bool{&SignIn{}: true, &Verify{With: WayApp, Help: Help{Ceremony: "sealed"}}: true,
		&Verify{With: WayKey, Key: &KeyPrompt{}}: true, &History{}: false, &Forgot{}: false} {
		if got := strings.Contains(render(t, p, English, view), "login.example.com"); got != want {
			t.Errorf("%T: got address line %v, want %v: it stands where a secret is asked for", view, got, want)
		}
	}
}

func TestSpriteHoldsOnlyWhatIsUsed(t *testing.T) {
	p := newPages(t, Config{})
	everyPage(t, p, func(t *testing.T, name, lang, page string) {
		for _, m := range regexp.MustCompile(`<symbol id="(i-[a-z]+)"`).FindAllStringSubmatch(page, -1) {
			if !strings.Contains(page, `href="#`+m[1]+`"`) {
				t.Errorf("%s: got symbol %s, want it used", name, m[1])
			}
		}
	})
}
