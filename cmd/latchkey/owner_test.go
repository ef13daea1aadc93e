//go:build unix

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/latchkey-auth/latchkey/store"
)

// strangers are the files in a folder that are not of that user and group.
func strangers(t *testing.T, dir string, uid, gid uint32) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var others []string
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if s := info.Sys().(*syscall.Stat_t); s.Uid != uid || s.Gid != gid {
			others = append(others, e.Name())
		}
	}
	return others
}

// What root does to the data of a service that runs as somebody else leaves every file that one's: else the service
// could not open them again.
func TestRootLeavesTheDataTheirOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving files away is root's right")
	}
	const uid, gid = 64001, 64002
	dir := filepath.Join(t.TempDir(), "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(dir, uid, gid); err != nil {
		t.Fatal(err)
	}
	made := *load(t, "", nil, map[string]string{"data": dir})
	db, _, err := openStore(&made)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for _, words := range []string{"", "keys rotate", "clock", "audit verify", "store restored", "store compact"} {
		if words != "" {
			var out, complaints bytes.Buffer
			cmd := commands(nil, &out, &complaints)
			cmd.SetArgs(append(strings.Fields(words), "--data", dir))
			if err := cmd.ExecuteContext(t.Context()); err != nil {
				t.Fatalf("%s: %v", words, err)
			}
		}
		if others := strangers(t, dir, uid, gid); len(others) > 0 {
			t.Errorf("after %q: got %v of root's, want every file the owner's of the folder", words, others)
		}
		if _, err := os.Stat(filepath.Join(dir, messagesFile)); err == nil {
			t.Errorf("after %q: got a file of messages, want none: no command delivers any", words)
		}
	}
}

// In a folder of somebody who means ill root gives away nothing but what it has just made.
func TestRootGivesAwayNothingElse(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("giving files away is root's right")
	}
	dir := t.TempDir()
	mine := filepath.Join(dir, "mine")
	writeFile(t, mine, "root's own")
	folder := filepath.Join(dir, "folder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	hard, soft := filepath.Join(folder, "hard"), filepath.Join(folder, "soft")
	for _, err := range []error{os.Link(mine, hard), os.Symlink(mine, soft), os.Chown(folder, 64001, 64001)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, from := range []string{hard, soft} {
		if err := store.MoveFile(from, filepath.Join(folder, "keyset"), true); err == nil {
			t.Errorf("%s: got it moved, want it refused", from)
		}
	}
	if others := strangers(t, dir, 0, uint32(os.Getegid())); len(others) > 1 { // the folder alone
		t.Errorf("got %v given away, want nothing", others)
	}
}

// Who may not open a file is told what to do.
func TestFilesOfAnotherAreNamed(t *testing.T) {
	err := ofAnother("/data/keyset", &os.PathError{Op: "open", Path: "/data/keyset", Err: syscall.EACCES})
	if !strings.Contains(err.Error(), "chown /data/keyset") {
		t.Errorf("got %v, want what to do", err)
	}
}
