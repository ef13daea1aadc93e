package audit_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/store"
)

// due is what the service does every minute; it returns how many checkpoints the file has then.
func (s *site) due() int {
	s.Helper()
	must(s, s.audit.TakeDue(s.Context()))
	return bytes.Count(s.read(s.file), []byte("\n"))
}

// A checkpoint is made every ten minutes if something has moved, every day if nothing has, and of what has moved alone.
func TestWhenACheckpointIsMade(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a", "acct-b")
	for _, step := range []struct {
		later time.Duration
		acts  string
		want  int
	}{
		{0, "", 1}, {time.Minute, "", 1}, {0, "acct-a", 1}, {8 * time.Minute, "", 1}, {2 * time.Minute, "", 2},
		{time.Hour, "", 2}, {22 * time.Hour, "", 2}, {time.Hour, "", 3}, {time.Hour, "acct-b", 4},
	} {
		s.now = s.now.Add(step.later)
		if step.acts != "" {
			s.acts(step.acts)
		}
		if got := s.due(); got != step.want {
			t.Errorf("%s later, after %q: got %d checkpoints, want %d", step.later, step.acts, got, step.want)
		}
	}
	lines := strings.Split(string(s.read(s.file)), "\n")
	for i, want := range []string{"acct-a 1 ,acct-b 1 ", "acct-a 2 ", "", "acct-b 2 "} {
		_, heads, _ := strings.Cut(lines[i], `"heads":[`)
		if n := strings.Count(heads, "acct-"); n != strings.Count(want, "acct-") {
			t.Errorf("checkpoint %d: got heads %s, want those of %q", i+1, heads, want)
		}
		for _, h := range strings.Split(want, ",") {
			if !strings.Contains(heads, h) {
				t.Errorf("checkpoint %d: got heads %s, want %q among them", i+1, heads, h)
			}
		}
	}
	s.holds("at the end")
	if got := strings.Count(s.log.String(), "a checkpoint of the audit trail"); got != 4 {
		t.Errorf("got %d checkpoints in the log, want 4", got)
	}
}

// A last checkpoint has what has moved, and is none if nothing has.
func TestTheLastCheckpoint(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a")
	s.take()
	for _, want := range []int{1, 2, 2} {
		must(t, s.audit.TakeLast(t.Context()))
		if got := bytes.Count(s.read(s.file), []byte("\n")); got != want {
			t.Errorf("got %d checkpoints, want %d", got, want)
		}
		if want == 1 {
			s.acts("acct-a")
		}
	}
}

// A site whose trail is older than its checkpoints has all of it in the first ones, a bounded number of heads each.
func TestChainsOfBefore(t *testing.T) {
	s := newSite(t).trail()
	const chains = 2345
	for i := range chains {
		s.acts(fmt.Sprintf("acct-%05d", i))
	}
	for _, d := range s.marks() {
		s.update(func(tx store.Tx) error { return tx.Delete("moved", d) })
	}
	s.acts("acct-00007")
	if got := s.due(); got != 3 {
		t.Errorf("got %d checkpoints, want 3", got)
	}
	all := s.read(s.file)
	if got := bytes.Count(all, []byte("acct-")); got != chains {
		t.Errorf("got %d heads, want %d", got, chains)
	}
	s.holds("all of it")
	for i, line := range bytes.Split(all, []byte("\n")) {
		if n := bytes.Count(line, []byte("acct-")); n > 1000 {
			t.Errorf("checkpoint %d has %d heads, want 1000 at most", i+1, n)
		}
	}
}

func (s *trail) marks() (keys []string) {
	s.Helper()
	must(s, s.handle.View(s.Context(), func(tx store.Tx) error {
		for d, err := range tx.Scan("moved", "", "", 1<<20) {
			if err != nil {
				return err
			}
			keys = append(keys, d.Key)
		}
		return nil
	}))
	return keys
}

// What cannot be written waits and raises the alarm, while people go on acting; then it is written, and nothing was left
// out.
func TestWhatCannotBeWrittenWaits(t *testing.T) {
	for name, row := range map[string]struct {
		spoil func(*site) (mend func())
		want  string
	}{
		"gone": {func(s *site) func() {
			must(s, os.Rename(s.file, s.file+".away"))
			return func() { must(s, os.Rename(s.file+".away", s.file)) }
		}, "is gone"},
		"a folder in its place": {func(s *site) func() {
			must(s, os.Rename(s.file, s.file+".away"))
			must(s, os.Mkdir(s.file, 0o700))
			return func() { must(s, os.Remove(s.file)); must(s, os.Rename(s.file+".away", s.file)) }
		}, "directory"},
		"an older one": {func(s *site) func() {
			whole := s.read(s.file)
			must(s, os.WriteFile(s.file, whole[:bytes.IndexByte(whole, '\n')+1], 0o600))
			return func() { must(s, os.WriteFile(s.file, whole, 0o600)) }
		}, "does not end with the one before"},
		"emptied": {func(s *site) func() {
			whole := s.read(s.file)
			must(s, os.WriteFile(s.file, nil, 0o600))
			return func() { must(s, os.WriteFile(s.file, whole, 0o600)) }
		}, "is gone"},
		"with something behind it": {func(s *site) func() {
			whole := s.read(s.file)
			must(s, os.WriteFile(s.file, append(bytes.Clone(whole), "xyz"...), 0o600))
			return func() { must(s, os.WriteFile(s.file, whole, 0o600)) }
		}, "does not end with the one before"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.acts("acct-a")
			s.take()
			s.acts("acct-b")
			s.take()
			mend := row.spoil(s)
			for range 3 {
				s.acts("acct-a", "acct-c")
				s.now = s.now.Add(time.Hour)
				if err := s.audit.TakeDue(t.Context()); err == nil || !strings.Contains(err.Error(), row.want) {
					t.Errorf("got %v, want %q", err, row.want)
				}
				if !s.audit.Alarm() {
					t.Error("got no alarm")
				}
				s.restart()
			}
			mend()
			s.due()
			if s.audit.Alarm() {
				t.Error("got an alarm when all is well again")
			}
			s.holds("afterwards")
			s.take()
			s.holds("and after one more")
		})
	}
}

// A panic is one more thing that was in the way: it is an error and an alarm, ends nothing, and the next one is made.
func TestAPanicHoldsACheckpointUpAndNothingElse(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a")
	s.broken = true
	if err := s.audit.TakeDue(t.Context()); err == nil || !strings.Contains(err.Error(), "panic") {
		t.Errorf("got %v, want the panic", err)
	}
	if !s.audit.Alarm() {
		t.Error("got no alarm")
	}
	s.broken = false
	if got := s.due(); got != 1 || s.audit.Alarm() {
		t.Errorf("got %d checkpoints and an alarm %v, want 1 and none", got, s.audit.Alarm())
	}
}

// Of a checkpoint that broke off while it was written, the rest is written: nothing of the file is ever taken away.
func TestWhatBrokeOffIsWrittenToItsEnd(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a")
	s.take()
	before := s.read(s.file)
	must(t, os.Rename(s.file, s.file+".away"))
	s.acts("acct-b")
	if _, err := s.audit.Take(t.Context(), false); err == nil {
		t.Fatal("got a checkpoint in no file")
	}
	db := s.read(s.db)
	must(t, os.Rename(s.file+".away", s.file))
	s.due()
	line := s.read(s.file)[len(before):]
	if bytes.Count(line, []byte("\n")) != 1 {
		t.Fatalf("got %q, want the one that waited", line)
	}
	for n := range len(line) + 1 {
		o := s.over(db, append(bytes.Clone(before), line[:n]...))
		o.holds(fmt.Sprintf("%d bytes written", n))
		must(t, o.audit.TakeDue(t.Context()))
		if got := o.read(o.file); !bytes.HasPrefix(got, append(bytes.Clone(before), line...)) {
			t.Errorf("after %d bytes: got %q", n, got[len(before):])
		}
		o.holds(fmt.Sprintf("%d bytes written, and the rest", n))
		must(t, o.handle.Close())
	}
}

// A file is begun anew only on an operator's word; both together hold, and each alone, as far as it goes, shows what is
// missing.
func TestANewFile(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a")
	s.take()
	old := s.file + ".2026"
	must(t, os.Rename(s.file, old))
	s.acts("acct-a")
	if err := s.audit.TakeLast(t.Context()); err == nil {
		t.Error("a new file without a word: got nil")
	}
	if _, err := s.audit.Take(t.Context(), true); err != nil {
		t.Fatal(err)
	}
	s.acts("acct-a")
	s.take()
	if r := s.ask(audit.Question{Files: []string{old, s.file}}); len(r.Findings) > 0 || r.Last != 4 {
		t.Errorf("both: got %q, last %d, want 4", r.Findings, r.Last)
	}
	s.finds("the new one alone", "the file begins with checkpoint 2: those before are missing")
	wants(t, "the old one alone", s.ask(audit.Question{Files: []string{old}}), "the files end at checkpoint 1")
	wants(t, "the other way round", s.ask(audit.Question{Files: []string{s.file, old}}), "does not follow")
}

// Another key signs after a rotation, and who kept the first verifier key goes on with it. What the old key signs after
// that is no checkpoint, nor is what a key of somebody else does.
func TestAnotherKeySigns(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a")
	s.take()
	first, err := s.audit.Keys(t.Context())
	must(t, err)
	second, err := s.audit.RotateKey(t.Context(), "lin")
	must(t, err)
	s.acts("acct-a")
	s.take()
	both, err := s.audit.Keys(t.Context())
	must(t, err)
	if len(first) != 1 || len(both) != 2 || both[0] != first[0] || both[1] != second {
		t.Errorf("got keys %q, then %q, and %q from the rotation", first, both, second)
	}
	if r := s.verify(first[0]); len(r.Findings) > 0 || len(r.Remarks) > 0 {
		t.Errorf("with the first key: got %q, %q", r.Findings, r.Remarks)
	}
	wants(t, "with the second alone", s.verify(second), "line 1: it is signed by a foreign key")
	other := newSite(t)
	other.acts("acct-a")
	other.take()
	foreign, err := other.audit.Keys(t.Context())
	must(t, err)
	wants(t, "with a foreign key", s.verify(foreign...), "it is signed by a foreign key")
	must(t, os.WriteFile(s.file, append(s.read(s.file), other.read(other.file)...), 0o600))
	s.finds("a line of another site", "it is signed by a foreign key")
	if _, err := s.audit.Verify(t.Context(), audit.Question{Files: []string{s.file},
		Keys: []string{"nonsense"}}); err == nil {
		t.Error("a key that is none: got nil")
	}
}

// The keys of the data may rotate: what signs stays what it was.
func TestKeysOfTheDataRotate(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a")
	s.take()
	_, err := s.auth.RotateKeys(t.Context(), "lin")
	must(t, err)
	s.take()
	s.restart()
	s.acts("acct-a")
	s.take()
	s.holds("after a rotation")
}

// A backup that is put back, with the word for it, goes on where the file ends: what came after the backup is said to be
// lost, and everything else is held against the trail as ever. A backup that lies beside holds as far as it goes.
func TestABackupIsPutBack(t *testing.T) {
	for _, rotated := range []bool{false, true} {
		s := newSite(t)
		s.acts("acct-a", "acct-b")
		s.take()
		s.acts("acct-b")
		backup := s.read(s.db)
		s.take()
		s.acts("acct-a", "acct-c")
		if rotated {
			_, err := s.audit.RotateKey(t.Context(), "lin")
			must(t, err)
		}
		s.take()
		o := s.over(backup, s.read(s.file))
		if r := o.ask(audit.Question{Files: []string{o.file}, Backup: true}); len(r.Findings) > 0 {
			t.Errorf("as a backup: got %q", r.Findings)
		}
		o.finds("put back without a word", "older copy")
		_, err := o.auth.Restored(t.Context(), false)
		must(t, err)
		o.holds("put back, with the word")
		o.acts("acct-a", "acct-c")
		must(t, o.audit.TakeDue(t.Context()))
		o.holds("going on")
		if remarks := strings.Join(o.verify().Remarks, "\n"); !strings.Contains(remarks,
			"a backup was put back whose last was 1") {
			t.Errorf("got remarks %q", remarks)
		}
		o.acts("acct-b")
		o.take()
		o.holds("and on")
		tr := o.trail()
		list := tr.chain("acct-a")
		list[0].Item = "edited"
		tr.rewrite("acct-a", list)
		o.finds("an edit of before the backup", "chain acct-a, event 1: checkpoint 1 saw it, and it is another")
	}
}

// What a backup holds that was taken between the two steps of a checkpoint is no reason to stop.
func TestABackupOfAMomentBetween(t *testing.T) {
	s := newSite(t)
	s.acts("acct-a")
	s.take()
	must(t, os.Rename(s.file, s.file+".away"))
	s.acts("acct-b")
	if _, err := s.audit.Take(t.Context(), false); err == nil {
		t.Fatal("got a checkpoint in no file")
	}
	backup := s.read(s.db)
	must(t, os.Rename(s.file+".away", s.file))
	for _, more := range []bool{false, true} {
		file := s.read(s.file)
		if more {
			s.due()
			s.acts("acct-a")
			s.take()
			file = s.read(s.file)
		}
		o := s.over(backup, file)
		_, err := o.auth.Restored(t.Context(), false)
		must(t, err)
		o.acts("acct-c")
		must(t, o.audit.TakeDue(t.Context()))
		o.holds(fmt.Sprintf("more had come: %v", more))
	}
}

// Nothing is read or made where a file of checkpoints is asked for that is not there.
func TestAFileThatIsNotThere(t *testing.T) {
	s := small(t)
	path := filepath.Join(t.TempDir(), "none")
	if _, err := s.audit.Verify(t.Context(), audit.Question{Files: []string{path}}); err == nil {
		t.Error("got nil, want an error")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("it was made")
	}
}
