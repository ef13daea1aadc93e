package main

import (
	"go/ast"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// speaking are the folders whose strings name texts.
func speaking() []string {
	return []string{"assets", "auth", "webauthn", "server", "cmd/latchkey", "notify", "team", "recovery", "staff", "desk",
		"pdf", "web", "inventory"}
}

// Every text is said by somebody. A text is named whole, by a template or by Go, or it is put together: of a beginning
// that stands in a string, up to a dot, and of words that stand in strings as well. What is told of methods is put
// together from the table's stems and what was done.
func TestEveryTextIsSaid(t *testing.T) {
	texts, err := assets.NewTexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	v := vocabularyOf(t)
	for _, key := range texts.Keys() {
		if strings.HasPrefix(key, "problem.") {
			continue // judged by their codes, below
		}
		if !v.says(strings.TrimSuffix(key, "-bare")) {
			t.Errorf("%s: got a text that nobody says, want it said or gone", key)
		}
	}
}

// A vocabulary is every string of the program, and the words that they consist of, with the files that have them.
type vocabulary struct {
	whole map[string]bool
	words map[string][]string
}

// narrow says where the first word after a beginning must stand, for beginnings whose words come from one place: the
// same word elsewhere means something else.
func narrow() map[string][]string {
	return map[string][]string{
		"message": {"server/page_"}, "done": {"server/page_", "desk/page_", "table"}, "event": {"server/view.go", "auth/table.go", "table"},
		"change": {"cmd/latchkey/messages.go", "server/view.go", "server/page_", "web/deeds.go", "table"},
		"state":  {"server/view.go"},
		"offer":  {"server/page_security.go", "auth/table.go", "assets/pages/security.html"},
		"for":    {"server/page_"}, "banner": {"server/pages.go"}, "advice": {"auth/reminders.go"},
		"delivery": {"auth/message.go"}, "mail": {"cmd/latchkey/messages.go", "assets/"},
		"holds": {"server/", "auth/table.go"}, "lost": {"server/view.go", "server/page_security.go", "recovery/case.go"},
	}
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9-]+$`)

func (v *vocabulary) add(path, s string) {
	v.whole[s] = true
	for word := range strings.SplitSeq(s, ".") {
		if plainWord.MatchString(word) {
			v.words[word] = append(v.words[word], path)
		}
	}
}

func (v *vocabulary) says(key string) bool {
	if v.whole[key] {
		return true
	}
	parts := strings.Split(key, ".")
	for i := len(parts) - 1; i > 0; i-- {
		begin := strings.Join(parts[:i], ".")
		unknown := func(word string) bool { return v.words[word] == nil }
		if v.begins(begin) && !slices.ContainsFunc(parts[i:], unknown) {
			return v.standsIn(parts[1], narrow()[parts[0]])
		}
	}
	return false
}

// begins reports whether texts are put together from this beginning. One word alone is too little to tell, but for
// those by which the table names the short texts of a channel.
func (v *vocabulary) begins(begin string) bool {
	return v.whole[begin+"."] || v.whole[begin] && (strings.Contains(begin, ".") || v.standsIn(begin, []string{"says"}))
}

// standsIn reports whether a word stands in a file whose path begins with one of those given; none given: anywhere.
func (v *vocabulary) standsIn(word string, paths []string) bool {
	return len(paths) == 0 || slices.ContainsFunc(v.words[word], func(at string) bool {
		return slices.ContainsFunc(paths, func(p string) bool { return strings.HasPrefix(at, p) })
	})
}

func vocabularyOf(t *testing.T) *vocabulary {
	t.Helper()
	v := &vocabulary{whole: map[string]bool{}, words: map[string][]string{}}
	for _, s := range sources(t) {
		if slices.Contains(speaking(), s.dir) && !strings.HasSuffix(s.path, "_test.go") {
			v.addGo(s.path, s.file)
		}
	}
	files, err := filepath.Glob("../../assets/pages/*.html")
	if err != nil || len(files) == 0 {
		t.Fatalf("got templates %v, error %v", files, err)
	}
	action, quoted := regexp.MustCompile(`(?s){{.*?}}`), regexp.MustCompile(`"[^"]*"`)
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range action.FindAllString(string(raw), -1) {
			for _, s := range quoted.FindAllString(a, -1) {
				v.add("assets/pages/"+filepath.Base(file), strings.Trim(s, `"`))
			}
		}
	}
	methods, err := auth.Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range changes(methods) {
		v.words[name] = append(v.words[name], "table")
	}
	for i := range methods {
		for _, word := range []string{methods[i].Face.Made, methods[i].Face.Gone, methods[i].Face.Contact} {
			v.words[word] = append(v.words[word], "table")
		}
		v.words[methods[i].Face.Says] = append(v.words[methods[i].Face.Says], "says")
	}
	return v
}

// addGo adds the strings of a file, but for the paths of its imports and the tags of its fields.
func (v *vocabulary) addGo(path string, file *ast.File) {
	ast.Inspect(file, func(n ast.Node) bool {
		switch x := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.Field:
			x.Tag = nil
		case *ast.BasicLit:
			if s, err := strconv.Unquote(x.Value); err == nil && x.Kind == token.STRING {
				v.add(path, s)
			}
		}
		return true
	})
}

// The test would notice: a text whose word nobody has, and one whose beginning nobody has.
func TestVocabularyKnowsStrangers(t *testing.T) {
	v := vocabularyOf(t)
	for key, want := range map[string]bool{
		"act.continue": true, "message.password-changed.title": true, "message.already-password-changed.title": false,
		"stranger.confirmed": false, "done.mail-sent.title": false,
	} {
		if v.says(key) != want {
			t.Errorf("%s: got said %v, want %v", key, !want, want)
		}
	}
	if n := len(slices.Collect(maps.Keys(v.words))); n < 500 {
		t.Errorf("got %d words, want the program's", n)
	}
}

// Every refusal's text has a code that somebody refuses with: the domain, or the script that asks a key, whose words
// stand in its panel. Some a page says by itself, named whole. And what pages do for a code, they do for one there is.
func TestEveryProblemHasACode(t *testing.T) {
	texts, err := assets.NewTexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	codes, panel, known := problemCodes(t)
	v := vocabularyOf(t)
	texted := map[string]bool{}
	for _, key := range texts.Keys() {
		rest, ok := strings.CutPrefix(key, "problem.")
		if !ok {
			continue
		}
		code, _, _ := strings.Cut(rest, ".")
		texted[code] = true
		if !codes[code] && !panel[code] && !v.whole[strings.TrimSuffix(key, "-bare")] {
			t.Errorf("%s: got a text of no code, want one that somebody refuses with", key)
		}
	}
	for code := range codes {
		if !texted[code] {
			t.Errorf("%s: got a code without a text, want one", code)
		}
	}
	for code := range known {
		if !codes[code] && !panel[code] {
			t.Errorf("%s: got a page that knows what to do about it, want it a code", code)
		}
	}
}

// problemCodes are the codes of the domain, those of the key's panel, and those that pages have a tone or a way out
// for.
func problemCodes(t *testing.T) (codes, panel, known map[string]bool) {
	t.Helper()
	codes = map[string]bool{}
	panel = map[string]bool{}
	known = map[string]bool{}
	for _, s := range sources(t) {
		for _, d := range s.file.Decls {
			switch x := d.(type) {
			case *ast.GenDecl:
				if s.dir == "auth" && x.Tok == token.CONST {
					addCodes(x, codes)
				}
			case *ast.FuncDecl:
				if s.dir != "assets" {
					continue
				}
				switch x.Name.Name {
				case "TouchWords":
					addCodeWords(x.Body, panel)
				case "WayOut", "ToneOf":
					ast.Inspect(x.Body, func(n ast.Node) bool {
						if c, ok := n.(*ast.CaseClause); ok {
							for _, e := range c.List {
								addCodeWords(e, known)
							}
						}
						return true
					})
				}
			}
		}
	}
	if len(codes) < 50 || len(panel) < 5 || len(known) < 20 {
		t.Fatalf("got %d codes, %d of the panel, %d known to pages, want all of them", len(codes), len(panel), len(known))
	}
	return codes, panel, known
}

// addCodes adds the constants of type Code.
func addCodes(d *ast.GenDecl, to map[string]bool) {
	for _, s := range d.Specs {
		v, ok := s.(*ast.ValueSpec)
		if !ok {
			continue
		}
		if typ, ok := v.Type.(*ast.Ident); ok && typ.Name == "Code" {
			for _, value := range v.Values {
				addCodeWords(value, to)
			}
		}
	}
}

var codeWord = regexp.MustCompile(`^[a-z]+(-[a-z]+)*$`)

// addCodeWords adds the strings below a node that look like a code.
func addCodeWords(n ast.Node, to map[string]bool) {
	ast.Inspect(n, func(n ast.Node) bool {
		if x, ok := n.(*ast.BasicLit); ok && x.Kind == token.STRING {
			if s, err := strconv.Unquote(x.Value); err == nil && codeWord.MatchString(s) {
				to[s] = true
			}
		}
		return true
	})
}

// Every value that a text names is one that somebody gives under that name. What templates give, package assets checks
// text by text.
func TestEveryValueOfATextIsGiven(t *testing.T) {
	v := vocabularyOf(t)
	raw, err := os.ReadFile("../../assets/texts/en.json")
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`"([a-z0-9-]+\.[^"]*)": |{{\.(\w+)}}`)
	key := ""
	for _, m := range names.FindAllStringSubmatch(string(raw), -1) {
		if m[1] != "" {
			key = m[1]
		} else if !v.whole[m[2]] {
			t.Errorf("%s: got the value %q, which nobody gives", key, m[2])
		}
	}
}
