package main

import (
	"go/ast"
	"go/token"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/server"
)

// builtIn is the table of the methods that are built in.
func builtIn(t *testing.T) auth.Table {
	t.Helper()
	table, err := auth.Methods().Complete()
	if err != nil {
		t.Fatal(err)
	}
	return table
}

func testPages(t *testing.T) *assets.Pages {
	t.Helper()
	texts, err := assets.NewTexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	pages, err := assets.NewPages(assets.Config{Site: "shop.example", Methods: server.Rows(builtIn(t))}, texts)
	if err != nil {
		t.Fatal(err)
	}
	return pages
}

// usedTemplates reads from the sources of the domain and the factors which templates they write.
func usedTemplates(t *testing.T) []string {
	values, used := map[string]string{}, map[string]bool{}
	for _, s := range sources(t) {
		if s.test {
			continue
		}
		ast.Inspect(s.file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.ValueSpec:
				if s.dir == "auth" && len(n.Names) == 1 && strings.HasPrefix(n.Names[0].Name, "Template") {
					if lit, ok := n.Values[0].(*ast.BasicLit); ok && lit.Kind == token.STRING {
						values[n.Names[0].Name], _ = strconv.Unquote(lit.Value)
					}
					return false
				}
			case *ast.Ident:
				if s.dir != "cmd/latchkey" && strings.HasPrefix(n.Name, "Template") {
					used[n.Name] = true
				}
			}
			return true
		})
	}
	var list []string
	for name, value := range values {
		if used[name] {
			list = append(list, value)
		}
	}
	slices.Sort(list)
	if len(list) < 5 {
		t.Fatalf("got templates %v, want those of the domain", list)
	}
	return list
}

// Every message that the domain can write has words in both languages, on every channel it may take.
func TestEveryMessageHasWords(t *testing.T) {
	say := render(testPages(t), builtIn(t), "https://shop.example/account", "shop.example")
	for _, template := range usedTemplates(t) {
		for _, language := range []string{"en", "zh-CN"} {
			m := auth.Message{Template: template, Channel: auth.Mail, Language: language, Expires: time.Unix(2e9, 0),
				Args: map[string]string{
					"code": "123456", "label": "KQ", "purpose": "sign-in", "minutes": "5",
					"link": "https://shop.example/x/abc",
					"name": "Wei", "at": "2026-11-22T02:00:00Z",
					"shop": "Blue shop", "member": "Mo", "role": "member", "did": "joined", "by": "Mo",
					"stands": "approved",
				}}
			text, err := say(m)
			if err != nil {
				t.Errorf("%s in %s: %v", template, language, err)
				continue
			}
			if text.Subject == "" || text.HTML == "" || len(text.Body) < 40 {
				t.Errorf("%s in %s: got subject %q and %d bytes of text, want a whole mail", template, language,
					text.Subject, len(text.Body))
			}
			if strings.Contains(text.Body, "{{") || strings.Contains(text.Body, "no value") {
				t.Errorf("%s in %s: got a gap in %q", template, language, text.Body)
			}
		}
	}
}

func TestWordsOfMessages(t *testing.T) {
	at := "2026-11-22T02:00:00Z"
	code := map[string]string{"code": "482913", "label": "KQ", "minutes": "5"}
	with := func(k, v string) map[string]string {
		m := map[string]string{k: v}
		for k, v := range code {
			m[k] = v
		}
		return m
	}
	for _, c := range []struct {
		name string
		m    auth.Message
		want []string
		not  []string
	}{
		{"a text for signing in fills itself in on the right site alone",
			auth.Message{Template: auth.TemplateCode, Channel: auth.SMS, Language: "en",
				Args: with("purpose", "sign-in")},
			[]string{"482913", "KQ", "to sign in", "\n@shop.example #482913"}, nil},
		{"a text for a new number says so",
			auth.Message{Template: auth.TemplateCode, Channel: auth.SMS, Language: "en", Args: with("purpose", "bind")},
			[]string{"482913", "to set up this number"}, []string{"sign in"}},
		{"a text for a change says so",
			auth.Message{Template: auth.TemplateCode, Channel: auth.SMS, Language: "en",
				Args: with("purpose", "step-up")},
			[]string{"482913", "to confirm a change"}, []string{"sign in"}},
		{"a call spells the code", auth.Message{Template: auth.TemplateCode, Channel: auth.Voice, Language: "en",
			Args: with("purpose", "sign-in")},
			[]string{"4, 8, 2, 9, 1, 3"}, []string{"482913"}},
		{"a reset leads by its own link", auth.Message{Template: auth.TemplateReset, Channel: auth.Mail, Language: "en",
			Expires: time.Unix(2e9, 0),
			Args:    map[string]string{"link": "https://shop.example/account/forgot/password/abc", "name": "Wei"}},
			[]string{"Hello Wei", "https://shop.example/account/forgot/password/abc", "2033"}, nil},
		{"a change names what changed", auth.Message{Template: auth.TemplateChange, Channel: auth.Mail, Language: "en",
			Args: map[string]string{"what": "removed-webauthn", "item": "Blue key", "at": at}},
			[]string{"A security key was removed: “Blue key”", "Not you?"}, []string{"Hello Blue"}},
		{"a passkey is no security key", auth.Message{Template: auth.TemplateChange, Channel: auth.Mail, Language: "en",
			Args: map[string]string{"what": "added-passkey", "item": "This PC", "at": at}},
			[]string{"A passkey was added: “This PC”"}, []string{"security key"}},
		{"a waiting removal can be stopped", auth.Message{Template: auth.TemplateRemoval, Channel: auth.Mail,
			Language: "en",
			Args: map[string]string{"item": "Blue key", "at": at, "due": at,
				"undo": "https://shop.example/account/undo/xyz"}},
			[]string{"Blue key", "https://shop.example/account/undo/xyz", "2026"}, nil},
		{"a new browser is described", auth.Message{Template: auth.TemplateNewBrowser, Channel: auth.Mail,
			Language: "en",
			Args:     map[string]string{"at": at, "agent": "Firefox on Linux"}},
			[]string{"Firefox on Linux", "https://shop.example/account/security/sessions"}, nil},
		{"Chinese is Chinese", auth.Message{Template: auth.TemplateCode, Channel: auth.SMS, Language: "zh-CN",
			Args: with("purpose", "sign-in")},
			[]string{"482913", "验证码"}, []string{"code"}},
	} {
		text, err := render(testPages(t), builtIn(t), "https://shop.example/account", "shop.example")(c.m)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		all := text.Subject + "\n" + text.Body
		for _, want := range c.want {
			if !strings.Contains(all, want) {
				t.Errorf("%s: got %q, want %q in it", c.name, all, want)
			}
		}
		for _, not := range c.not {
			if strings.Contains(all, not) {
				t.Errorf("%s: got %q in %q, want it absent", c.name, not, all)
			}
		}
	}
}
