package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every settings example of the operator's guide can be used as it stands.
func TestExamplesOfTheOperatorsGuide(t *testing.T) {
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) < 4 {
		t.Fatalf("got %d examples, want at least 4", len(blocks))
	}
	for i, block := range blocks {
		c := load(t, block[1], nil, nil)
		if strings.Contains(block[1], "origin:") && c.Origin != "https://account.shop.example" {
			t.Errorf("example %d: got origin %q", i+1, c.Origin)
		}
		if strings.Contains(block[1], "name: first") &&
			(len(c.Notify.Gateways) != 2 || c.Notify.Gateways[0].Receipt.Format != "json") {
			t.Errorf("example %d: got gateways %+v", i+1, c.Notify.Gateways)
		}
	}
}

// The example in the manual of package notify is read and accepted as it stands.
func TestExampleOfTheManualOfNotify(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "..", "notify", "doc.go"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, begins := strings.Cut(string(source), "//\tnotify:\n")
	example, _, ends := strings.Cut(rest, "//\n")
	if !begins || !ends {
		t.Fatal("got no example in doc.go")
	}
	dir := t.TempDir()
	for _, name := range []string{"smtp", "first", "first-receipt"} {
		writeFile(t, filepath.Join(dir, name), "secret-"+name+"\n")
	}
	example = strings.ReplaceAll(example, "/run/secrets/", dir+"/")
	read := load(t, "policy: {countries: [CN]}\nnotify:\n"+strings.ReplaceAll(example, "//\t", ""), nil, nil)
	h := testHouse(t, func(c *Config) {
		read.Notify.Sink.Path = filepath.Join(c.Data, messagesFile)
		c.Notify = read.Notify
	})
	if got := h.config.Notify; got.SMTP.Host == "" || len(got.Gateways) != 2 || got.Gateways[1].Name != "second" {
		t.Errorf("got %+v, want a mail server and two gateways", got)
	}
}

// Every path that a document links to exists.
func TestLinksOfTheDocuments(t *testing.T) {
	top := filepath.Join("..", "..")
	files, err := filepath.Glob(filepath.Join(top, "docs", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range append(files, filepath.Join(top, "README.md")) {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range regexp.MustCompile(`\]\(([^):#]+)\)`).FindAllStringSubmatch(string(text), -1) {
			if _, err := os.Stat(filepath.Join(filepath.Dir(file), m[1])); err != nil {
				t.Errorf("%s links to %s: %v", file, m[1], err)
			}
		}
	}
}
