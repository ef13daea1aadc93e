package needs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
)

// A recorder is a test that notes how it ends instead of ending.
type recorder struct {
	testing.TB
	skipped, failed bool
}

func (r *recorder) Helper()               {}
func (r *recorder) Skipf(string, ...any)  { r.skipped = true }
func (r *recorder) Fatalf(string, ...any) { r.failed = true; panic(r) }

// What is missing skips, and fails where nothing may be left out.
func TestMissingFailsAWholeRun(t *testing.T) {
	empty := t.TempDir()
	for _, c := range []struct{ all, ci string }{{"", ""}, {"1", ""}, {"", "true"}} {
		t.Setenv("LATCHKEY_TEST_ALL", c.all)
		t.Setenv("CI", c.ci)
		whole := c.all+c.ci != ""
		if needs.Whole() != whole {
			t.Errorf("%+v: got whole %t, want %t", c, needs.Whole(), whole)
		}
		for name, ask := range map[string]func(testing.TB){
			"program": func(t testing.TB) { needs.Program(t, "no-program-has-this-name") },
			"module":  func(t testing.TB) { needs.Python(t, "no_module_has_this_name") },
		} {
			r := &recorder{}
			func() {
				defer func() {
					if got := recover(); got != nil && got != any(r) {
						panic(got)
					}
				}()
				ask(r)
			}()
			if r.failed != whole || r.skipped == whole {
				t.Errorf("%s, %+v: got failed %t and skipped %t, want failed %t", name, c, r.failed, r.skipped, whole)
			}
		}
	}
	there := filepath.Join(empty, "there")
	if err := os.WriteFile(there, []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", empty)
	if got := needs.Program(t, "there"); got != there {
		t.Errorf("got %q, want %q", got, there)
	}
}
