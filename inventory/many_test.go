package inventory

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/metrics"
	"syscall"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is about boxes by the hundred thousand.

// once is a store as it is.
func once(db store.DB) store.DB { return db }

// killedIn is how the test's own program is told that it is the one to be killed.
const killedIn = "LATCHKEY_KILLED_IN"

// An import that is killed in the middle is run again: no token is lost, and none is there twice.
func TestKilledImport(t *testing.T) {
	const many = 1000
	text := manyTokens(many)
	if folder := os.Getenv(killedIn); folder != "" {
		w := newWorldIn(t, folder, once)
		_, err := w.stock.Import(t.Context(), "ann", broken(text, func() error {
			return syscall.Kill(os.Getpid(), syscall.SIGKILL)
		}), Order{}, new(told).tell)
		t.Fatalf("got %v, want to be dead", err)
	}
	folder := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestKilledImport$")
	child.Env = append(os.Environ(), killedIn+"="+folder)
	out, err := child.CombinedOutput()
	dead, _ := errors.AsType[*exec.ExitError](err)
	if dead == nil || dead.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("got %v and %s, want it killed", err, out)
	}
	w := newWorldIn(t, folder, once)
	stored := len(w.all())
	if stored == 0 || stored == many || len(w.trail()) != 1 {
		t.Fatalf("got %d tokens and %q, want some of them and the entry of the import", stored, w.trail())
	}
	if sum, _ := w.imports(text, Order{}); sum != (Tally{New: many - stored, Here: stored}) {
		t.Errorf("got %v, want the other %d", sum, many-stored)
	}
	w.holds(many)
}

// A weighed file weighs what is alive now and then, while it is read.
type weighed struct {
	io.ReadSeeker
	left  int
	heavy uint64
}

func (f *weighed) Read(p []byte) (int, error) {
	if f.left--; f.left < 0 {
		f.left = 20
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		f.heavy = max(f.heavy, m.HeapAlloc)
	}
	return f.ReadSeeker.Read(p)
}

// What an import has in memory does not grow with its file, but for a few bytes a token by which it tells that one
// stands in it twice.
func TestMemoryOfAnImport(t *testing.T) {
	weigh := func(n int) uint64 {
		w := newWorldIn(t, t.TempDir(), once)
		file := &weighed{ReadSeeker: onDisk(t, n)}
		sum, err := w.stock.Import(t.Context(), "ann", file, Order{}, new(told).tell)
		if err != nil || sum.New != n {
			t.Fatalf("got %v, %v, want %d taken", sum, err, n)
		}
		return file.heavy
	}
	few, many := weigh(1_000), weigh(10_000)
	if many > few+9_000*250 { // to keep what was read of one would take more, and to store all at once some thousand
		t.Errorf("got %d bytes alive for 10,000 tokens, and %d for 1,000", many, few)
	}
}

// onDisk is a table of n tokens in a file.
func onDisk(t testing.TB, n int) *os.File {
	t.Helper()
	file, err := os.Create(filepath.Join(t.TempDir(), "box.csv"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	out := bufio.NewWriter(file)
	fmt.Fprintln(out, "serial,secret,manufacturer,model")
	for i := range n {
		fmt.Fprintf(out, "%07d,%s,ACME,Card 3\n", i, secretOf(i))
	}
	if err := out.Flush(); err != nil {
		t.Fatal(err)
	}
	return file
}

// peak returns the most that the heap has held between now and when its answer is called.
func peak() func() uint64 {
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	stop, most := make(chan struct{}), make(chan uint64)
	go func() {
		every := time.NewTicker(time.Millisecond)
		defer every.Stop()
		for top := uint64(0); ; {
			metrics.Read(sample)
			top = max(top, sample[0].Value.Uint64())
			select {
			case <-stop:
				most <- top
				return
			case <-every.C:
			}
		}
	}()
	return func() uint64 { close(stop); return <-most }
}

// BenchmarkImport takes boxes of two sizes into empty stores on this disk, and says how many tokens a second that
// is, what the heap has held at most, and what a token takes on the disk.
func BenchmarkImport(b *testing.B) {
	for _, n := range []int{10_000, 100_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			file := onDisk(b, n)
			var most, size, commits uint64
			for b.Loop() {
				b.StopTimer()
				w := newWorldIn(b, b.TempDir(), once)
				runtime.GC()
				end := peak()
				b.StartTimer()
				sum, err := w.stock.Import(b.Context(), "ann", file, Order{}, new(told).tell)
				if err != nil || sum.New != n {
					b.Fatal(sum, err)
				}
				b.StopTimer()
				most = max(most, end())
				commits = uint64(w.db.Stats().Commits)
				size = uint64(len(w.bytes()))
				b.StartTimer()
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "tokens/s")
			b.ReportMetric(float64(most)/(1<<20), "MiB-heap")
			b.ReportMetric(float64(size)/float64(n), "B/token")
			b.ReportMetric(float64(commits), "commits")
			b.ReportMetric(0, "ns/op")
		})
	}
}
