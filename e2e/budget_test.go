package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// The program as it is delivered has 45 MB at most.
func TestTheProgramIsWithinItsBudget(t *testing.T) {
	if testing.Short() {
		t.Skip("links the program once more")
	}
	path := filepath.Join(t.TempDir(), "latchkey")
	c := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", path, "../cmd/latchkey")
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("building the program: %v\n%s", err, out)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if got := info.Size(); got > 45_000_000 {
		t.Errorf("got %d bytes, want 45 MB at most", got)
	}
}
