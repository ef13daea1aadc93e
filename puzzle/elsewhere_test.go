package puzzle_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/puzzle"
)

// A client that nobody here wrote solves our work, and its own server takes what ours takes: altcha-lib under node.
func TestALTCHASolvesOurWork(t *testing.T) {
	node := needs.Program(t, "node")
	home, err := filepath.Abs(filepath.Join("..", ".cache", "altcha-lib"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, "dist", "index.js")); err != nil {
		needs.Missing(t, "altcha-lib is not here (.ci/needs fetches it)")
	}
	w := work(1234)
	raw, err := json.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(node, filepath.Join("testdata", "solve.mjs"), filepath.Join(home, "dist", "index.js"), "key")
	cmd.Stdin = strings.NewReader(string(raw))
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("asking altcha-lib: %v", err)
	}
	var got struct {
		Payload  string
		Verified bool
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("reading %q: %v", out, err)
	}
	if challenge, _, err := puzzle.CheckWork([]byte("key"), got.Payload, noon); err != nil || challenge != w.Challenge {
		t.Errorf("got %s, %v, want its solution taken", challenge, err)
	}
	if !got.Verified {
		t.Error("its own server does not take the solution of our work")
	}
}
