// Package needs is what tests ask of the machine that they run on: programs and libraries that nobody here wrote. What
// is missing skips a test, and fails it in a run that has to be whole, so that a green one has run everything.
package needs

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// Whole reports whether this run may leave nothing out.
func Whole() bool { return os.Getenv("LATCHKEY_TEST_ALL") != "" || os.Getenv("CI") != "" }

// Missing ends a test for want of something.
func Missing(t testing.TB, what string) {
	t.Helper()
	if Whole() {
		t.Fatalf("NOT TESTED: %s", what)
	}
	t.Skipf("NOT TESTED: %s", what)
}

// Program returns the path of a program.
func Program(t testing.TB, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		Missing(t, name+" is not installed (.ci/needs installs it)")
	}
	return path
}

// Chromium returns the path of Chromium without windows, which keeps no page for Back as it was left.
func Chromium(t testing.TB) string {
	t.Helper()
	// Debian's command for it is a shell that would outlive its end.
	if path, err := exec.LookPath("/usr/lib/chromium/chromium-headless-shell"); err == nil {
		return path
	}
	return WholeChromium(t)
}

// WholeChromium returns the path of Chromium as people have it, which is twice the work.
func WholeChromium(t testing.TB) string {
	t.Helper()
	return Program(t, "chromium")
}

// Python returns an interpreter that has some modules. Debian's own comes first: one that stands before it in PATH does
// not see Debian's packages.
func Python(t testing.TB, modules ...string) string {
	t.Helper()
	imports := strings.Join(modules, ", ")
	for _, path := range []string{"/usr/bin/python3", "python3"} {
		if exec.Command(path, "-c", "import "+imports).Run() == nil {
			return path
		}
	}
	Missing(t, "no python3 has "+imports+" (.ci/needs installs it)")
	return ""
}
