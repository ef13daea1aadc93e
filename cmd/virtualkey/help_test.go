package main

import (
	"bytes"
	"path"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// called walks over every verb.
func called(t *testing.T, visit func(*cobra.Command)) {
	t.Helper()
	p := &program{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, now: time.Now}
	var walk func(*cobra.Command)
	walk = func(c *cobra.Command) {
		visit(c)
		for _, below := range c.Commands() {
			walk(below)
		}
	}
	walk(p.commands())
}

// Every verb says what it does and shows how; every flag says what it takes.
func TestEveryVerbIsExplained(t *testing.T) {
	verbs := 0
	called(t, func(c *cobra.Command) {
		if c.HasSubCommands() || c.Name() == "help" {
			return
		}
		verbs++
		if c.Short == "" || !strings.Contains(c.Example, c.CommandPath()) {
			t.Errorf("%s: got %q and the example %q, want both", c.CommandPath(), c.Short, c.Example)
		}
		for _, line := range strings.Split(c.UsageString(), "\n") {
			if strings.HasSuffix(strings.TrimSpace(line), "string") {
				t.Errorf("%s: a flag without words: %s", c.CommandPath(), line)
			}
		}
	})
	if verbs < 25 {
		t.Errorf("got %d verbs, want them all", verbs)
	}
}

// The examples can be typed: their verbs, flags and faults exist.
func TestEveryExampleCanBeTyped(t *testing.T) {
	var examples []string
	called(t, func(c *cobra.Command) { examples = append(examples, c.Example) })
	for _, line := range strings.Split(strings.Join(examples, "\n"), "\n") {
		for _, one := range strings.Split(line, "|") {
			if at := strings.Index(one, "virtualkey "); at >= 0 {
				typed(t, one[at:])
			}
		}
	}
}

// typed checks one command line without running it.
func typed(t *testing.T, line string) {
	t.Helper()
	p := &program{stdin: strings.NewReader(""), stdout: &bytes.Buffer{}, stderr: &bytes.Buffer{}, now: time.Now}
	args := strings.Fields(strings.ReplaceAll(line, "'", ""))[1:]
	c, rest, err := p.commands().Find(args)
	if err != nil {
		t.Errorf("%s: %v", line, err)
		return
	}
	if err := c.ParseFlags(rest); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	if err := c.ValidateArgs(c.Flags().Args()); err != nil {
		t.Errorf("%s: %v", line, err)
	}
	for _, id := range regexp.MustCompile(`\b(reg|get)-[a-z0-9*-]+`).FindAllString(line, -1) {
		found := false
		for _, f := range fault.Catalogue() {
			ok, err := path.Match(id, f.ID)
			found = found || ok && err == nil
		}
		if !found {
			t.Errorf("%s: there is no fault %s", line, id)
		}
	}
}
