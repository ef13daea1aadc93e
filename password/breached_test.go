package password

import (
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// lines are the hashes of texts as they are published: sorted, with counts.
func lines(texts ...string) []string {
	var list []string
	for i, s := range texts {
		list = append(list, fmt.Sprintf("%X:%d", sha1.Sum([]byte(s)), i+1))
	}
	slices.Sort(list)
	return list
}

// rangeFile is the name that a range goes by, in each form for some.
func rangeFile(prefix string) string {
	return []string{prefix, prefix + ".txt", strings.ToLower(prefix) + ".txt"}[int(prefix[4])%3]
}

// built makes a list of a file with the text, and opens it.
func built(t testing.TB, text string) *Breached {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := BuildBreached(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
	return opened(t, out)
}

func opened(t testing.TB, path string) *Breached {
	t.Helper()
	b, file, err := OpenBreached(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { file.Close() })
	return b
}

// What was published is found, in the form in which it would be hashed, and nothing else is; whichever way it was
// published.
func TestBreached(t *testing.T) {
	texts := []string{"Vivid-Marmot7", "caf\u00e9 Noir7!", "password", "我的Shop在7楼!wq"}
	for i := range 3000 {
		texts = append(texts, fmt.Sprint("published ", i))
	}
	list := lines(texts...)
	dir := t.TempDir()
	folder, out := filepath.Join(dir, "ranges"), filepath.Join(dir, "out")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, line := range list {
		name := filepath.Join(folder, rangeFile(line[:5]))
		f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(f, "%s\r\n%s:0\r\n", line[5:], strings.Repeat("F", 35)) // as they are served, padding with them
		f.Close()
	}
	made, err := BuildBreached(t.Context(), folder, out)
	if err != nil || made.Entries != uint64(len(list)) {
		t.Fatalf("of a folder: got %+v, %v, want %d entries", made, err, len(list))
	}
	if info, err := os.Stat(out); err != nil || info.Size() != made.Bytes {
		t.Errorf("got a file of %v bytes, %v, want %d", info.Size(), err, made.Bytes)
	}
	for name, b := range map[string]*Breached{
		"folder": opened(t, out), "file": built(t, "\ufeff"+strings.Join(list, "\n")),
		"twice": built(t, strings.ToLower(strings.Join(slices.Sorted(slices.Values(slices.Concat(list, list))), "\n"))),
	} {
		if b.Entries() != uint64(len(list)) {
			t.Errorf("%s: got %d entries, want %d", name, b.Entries(), len(list))
		}
		for _, s := range append(texts, " Vivid-Marmot7\n", "cafe\u0301 Noir7!") {
			if found, err := b.Has(s); !found || err != nil {
				t.Errorf("%s: %q: got %v, %v, want it found", name, s, found, err)
			}
		}
		for i := range 3000 {
			if found, err := b.Has(fmt.Sprint("never ", i)); found || err != nil {
				t.Errorf("%s: one that is in no breach: got %v, %v", name, found, err)
			}
		}
		if found, err := b.Has(strings.Repeat("x", MaxBytes+1)); found || err != nil {
			t.Errorf("%s: longer than any password: got %v, %v", name, found, err)
		}
	}
	var none *Breached
	if found, err := none.Has("password"); found || err != nil {
		t.Errorf("no list: got %v, %v, want nothing found", found, err)
	}
}

// dense are the hashes of one full range, evenly spread.
func dense(n int) string {
	var b strings.Builder
	r := rand.New(rand.NewPCG(1, 2))
	suffixes := make([]uint64, n)
	for i := range suffixes {
		suffixes[i] = r.Uint64()
	}
	slices.Sort(suffixes)
	for _, s := range suffixes {
		fmt.Fprintf(&b, "ABCDE%016X%019X:1\n", s, 7)
	}
	return b.String()
}

// A range that is as full as any finds all it has, at the size that is promised; of others it finds one in a million.
func TestBreachedRange(t *testing.T) {
	const n = maxInRange
	text := dense(n)
	b := built(t, text)
	for line := range strings.Lines(text) {
		var hash [sha1.Size]byte
		if _, err := fmt.Sscanf(line[:40], "%X", (*hexBytes)(&hash)); err != nil {
			t.Fatal(err)
		}
		if found, err := b.hasHash(hash); !found || err != nil {
			t.Fatalf("%s: got %v, %v, want it found", line, found, err)
		}
	}
	perEntry := float64(8*b.header.Blocks) / n
	if perEntry < 21 || perEntry > 21.7 {
		t.Errorf("got %.2f bits an entry, want 21.54", perEntry)
	}
	// Of all values of the range, those that are taken are one in 2^20: counted, not sampled.
	values := map[uint64]bool{}
	for line := range strings.Lines(text) {
		var rest uint64
		if _, err := fmt.Sscanf(line[5:21], "%X", &rest); err != nil {
			t.Fatal(err)
		}
		values[reduce(rest, n, breachedBits)] = true
	}
	if got := float64(len(values)) / float64(uint64(n)<<breachedBits); got > 1.0/(1<<20) {
		t.Errorf("got %g of others taken for published, want one in 2^20 at most", got)
	}
}

type hexBytes [sha1.Size]byte

func (h *hexBytes) Scan(s fmt.ScanState, _ rune) error {
	word, err := s.Token(false, nil)
	for i := range h {
		if err == nil {
			_, err = fmt.Sscanf(string(word[2*i:2*i+2]), "%02X", &h[i])
		}
	}
	return err
}

// What cannot be a list of hashes is refused with its line, and leaves the list of before as it was.
func TestBreachedIsNotBuilt(t *testing.T) {
	two := lines("a", "b")
	for text, want := range map[string]string{
		"":                             "no hash",
		"\n\n":                         "no hash",
		two[1] + "\n" + two[0]:         "line 2: a hash before the one above it",
		two[0] + "\n" + two[1][:39]:    "line 2: want a SHA-1 hash",
		strings.Repeat("A", 32) + ":3": "line 1: want a SHA-1 hash",
		strings.Repeat("G", 40) + ":3": "line 1: want a SHA-1 hash",
		strings.Repeat("A", 40) + ":":  "want a count",
		strings.Repeat("A", 40) + ":x": "want a count",
		strings.Repeat("A", 40) + ":0": "no hash",
		strings.Repeat("A", 1<<17):     "token too long",
		dense(maxInRange + 1):          "begin alike",
	} {
		dir := t.TempDir()
		in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
		if err := errors.Join(os.WriteFile(in, []byte(text), 0o600), os.WriteFile(out, []byte("before"), 0o600)); err != nil {
			t.Fatal(err)
		}
		if _, err := BuildBreached(t.Context(), in, out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.50q: got %v, want %q", text, err, want)
		}
		if got, _ := os.ReadFile(out); string(got) != "before" {
			t.Errorf("%.50q: the list of before is %.20q", text, got)
		}
		if left, _ := os.ReadDir(dir); len(left) != 2 {
			t.Errorf("%.50q: got %d files left, want two", text, len(left))
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	in := filepath.Join(t.TempDir(), "in")
	if err := os.WriteFile(in, []byte(two[0]), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := BuildBreached(ctx, in, in+".out"); !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: got %v, want %v", err, context.Canceled)
	}
}

// sparse is a list without the blanks of a file on disk: header, index, blocks.
func sparse(t testing.TB) []byte {
	t.Helper()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	err := os.WriteFile(in, []byte(strings.Join(lines("password", "Vivid-Marmot7", "x"), "\n")), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := BuildBreached(t.Context(), in, out); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// A list that is damaged anywhere is refused: its header and its length when it is opened, its index and its blocks
// when they are asked. Every byte of what a question reads is turned over once.
func TestBreachedIsRefusedWhenDamaged(t *testing.T) {
	raw := sparse(t)
	number, _ := splitHash(sha1.Sum([]byte("password")))
	places := []int{headerSize, headerSize + int(2*number), headerSize + 2*ranges - 1}
	for i := range headerSize {
		places = append(places, i)
	}
	b, err := newBreached(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	block, err := b.block(number)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(raw[headerSize+2*ranges:], block) + headerSize + 2*ranges
	for i := range block {
		places = append(places, at+i)
	}
	for _, i := range places {
		bad := slices.Clone(raw)
		bad[i] ^= 0x10
		b, err := newBreached(bytes.NewReader(bad), int64(len(bad)))
		if err == nil {
			_, err = b.Has("password")
		}
		if !errors.Is(err, ErrBreachedFile) {
			t.Errorf("byte %d: got %v, want %v", i, err, ErrBreachedFile)
		}
	}
	moved := slices.Clone(raw) // the block belongs to the next range: no length is wrong
	entry := moved[headerSize+2*number : headerSize+2*number+4]
	copy(entry, []byte{0, 0, entry[0], entry[1]})
	if b, err = newBreached(bytes.NewReader(moved), int64(len(moved))); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Has("password"); !errors.Is(err, ErrBreachedFile) {
		t.Errorf("an index that was moved: got %v, want %v", err, ErrBreachedFile)
	}
	for _, n := range []int{0, headerSize - 1, headerSize, len(raw) - 1} {
		if _, err := newBreached(bytes.NewReader(raw[:n]), int64(n)); !errors.Is(err, ErrBreachedFile) {
			t.Errorf("cut to %d bytes: got %v, want %v", n, err, ErrBreachedFile)
		}
	}
	if _, err := newBreached(bytes.NewReader(append(slices.Clone(raw), 0)), int64(len(raw)+1)); !errors.Is(err, ErrBreachedFile) {
		t.Errorf("a byte too many: got %v, want %v", err, ErrBreachedFile)
	}
	if _, _, err := OpenBreached(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: got %v, want %v", err, os.ErrNotExist)
	}
}

// FuzzBreached: whatever lies in a block and in the header, a question ends without a panic, and an answer is given only
// of what has its checksums. The header's own is put right, so that what lies behind it is reached.
func FuzzBreached(f *testing.F) {
	raw := sparse(f)
	f.Add(raw[:headerSize], []byte{1, 0, 0x80, 0, 0, 0, 0, 0, 0}, true)
	f.Add(raw[:headerSize], []byte{255, 255, 0xff, 0xff}, true)
	f.Add(raw[:headerSize], []byte{}, false)
	index := make([]byte, 2*ranges)
	f.Fuzz(func(t *testing.T, head, block []byte, right bool) {
		number, _ := splitHash(sha1.Sum([]byte("password")))
		if len(head) < headerSize || len(block) > 1<<15 {
			return
		}
		head = slices.Clone(head[:headerSize])
		if right && len(block) > 0 {
			block = binary.LittleEndian.AppendUint32(slices.Clone(block), blockSum(number, block))
		}
		binary.LittleEndian.PutUint16(index[2*number:], uint16(len(block)))
		binary.LittleEndian.PutUint64(head[24:], uint64(len(block)))
		binary.LittleEndian.PutUint32(head[32:], checksum(index))
		binary.LittleEndian.PutUint32(head[headerSize-4:], checksum(head[:headerSize-4]))
		file := slices.Concat(head, index, block)
		b, err := newBreached(bytes.NewReader(file), int64(len(file)))
		if err != nil {
			return
		}
		if found, err := b.Has("password"); found && (err != nil || !right || len(block) < blockFrame) {
			t.Errorf("got %v, %v of a block of %d bytes without its checksum", found, err, len(block))
		}
	})
}

// BenchmarkBreached asks a list whose ranges are as full as those of a thousand million hashes.
func BenchmarkBreached(b *testing.B) {
	list := built(b, dense(950))
	var hash [sha1.Size]byte
	for b.Loop() {
		copy(hash[:], []byte{0xab, 0xcd, 0xe0})
		binary.BigEndian.PutUint32(hash[3:], hash2(hash))
		if _, err := list.hasHash(hash); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(8*list.header.Blocks)/950, "bits/entry")
}

// hash2 draws the next place to ask at.
func hash2(h [sha1.Size]byte) uint32 { return binary.BigEndian.Uint32(h[3:])*1664525 + 1013904223 }
