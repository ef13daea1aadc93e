package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// The token of the marketplace's program comes from a file, without what an editor puts at its end; one that could be
// guessed is refused at the start, and so is a file that is not there.
func TestTheMarketplacesToken(t *testing.T) {
	long := strings.Repeat("t", 44)
	for name, c := range map[string]struct{ text, want, fails string }{
		"a token":           {long + "\n", long, ""},
		"one that is short": {"secret\n", "", "32 characters at least"},
		"nothing":           {"\n", "", "32 characters at least"},
	} {
		path := filepath.Join(t.TempDir(), "token")
		writeFile(t, path, c.text)
		got, err := readHostToken(path)
		if got != c.want || (c.fails == "") != (err == nil) || err != nil && !strings.Contains(err.Error(), c.fails) {
			t.Errorf("%s: got %q, %v, want %q, %q", name, got, err, c.want, c.fails)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: the error tells the token: %v", name, err)
		}
	}
	if got, err := readHostToken(""); got != "" || err != nil {
		t.Errorf("none: got %q, %v, want none", got, err)
	}
	if _, err := readHostToken(filepath.Join(t.TempDir(), "none")); err == nil {
		t.Error("a file that is not there: got nil, want an error")
	}
	h := testHouse(t, func(c *Config) {
		c.HostToken = filepath.Join(c.Data, "token")
		writeFile(t, c.HostToken, long)
	})
	if h.config.HostToken == "" {
		t.Error("got no token in the settings")
	}
}
