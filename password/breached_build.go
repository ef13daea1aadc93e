package password

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha1"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A BreachedBuild is what BuildBreached has made.
type BreachedBuild struct {
	Entries uint64 // hashes, each once
	Ranges  int    // of the 16^5 that have some
	Bytes   int64  // of the list
}

// BuildBreached makes a list of what is published as SHA-1 hashes: in is one file of lines HASH:COUNT in the order of
// the hashes, or a folder of the ranges, files ABCDE or ABCDE.txt with lines SUFFIX:COUNT. Lines of count 0 are padding.
// It keeps one range in memory at a time, however many lines there are. out is replaced once the new one is complete.
func BuildBreached(ctx context.Context, in, out string) (made BreachedBuild, err error) {
	info, err := os.Stat(in)
	if err != nil {
		return made, fmt.Errorf("looking at the hashes: %w", err)
	}
	f, err := os.CreateTemp(filepath.Dir(out), filepath.Base(out)+".*")
	if err != nil {
		return made, fmt.Errorf("making the list: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}()
	w, err := newBreachedWriter(ctx, f)
	if err != nil {
		return made, err
	}
	read := w.readFile
	if info.IsDir() {
		read = w.readFolder
	}
	if err := read(in); err != nil {
		return made, err
	}
	if made, err = w.finish(); err != nil {
		return made, err
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return made, fmt.Errorf("writing the list: %w", err)
	}
	if err := os.Chmod(f.Name(), 0o644); err != nil { // nothing in it is secret
		return made, fmt.Errorf("writing the list: %w", err)
	}
	return made, os.Rename(f.Name(), out)
}

// A breachedWriter gathers one range at a time.
type breachedWriter struct {
	ctx     context.Context
	file    *os.File
	to      *bufio.Writer
	number  uint32 // of the range that is gathered
	rests   []uint64
	lengths []byte
	made    BreachedBuild
}

func newBreachedWriter(ctx context.Context, f *os.File) (*breachedWriter, error) {
	if _, err := f.Seek(headerSize+2*ranges, io.SeekStart); err != nil {
		return nil, fmt.Errorf("making the list: %w", err)
	}
	return &breachedWriter{ctx: ctx, file: f, to: bufio.NewWriterSize(f, 1<<20), lengths: make([]byte, 2*ranges)}, nil
}

// readFile reads one file of all hashes.
func (w *breachedWriter) readFile(path string) error {
	return eachLine(path, func(line []byte) error { return w.add(line, nil) })
}

// The names that files of ranges go by.
func rangeNames() []string { return []string{"%05X", "%05X.txt", "%05x", "%05x.txt"} }

// readFolder reads the ranges in their order. Of their names a byte each is kept.
func (w *breachedWriter) readFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the ranges: %w", err)
	}
	defer dir.Close()
	names, there := rangeNames(), make([]byte, ranges)
	for {
		batch, err := dir.Readdirnames(4096)
		for _, name := range batch {
			stem, _ := strings.CutSuffix(name, ".txt")
			n, bad := strconv.ParseUint(stem, 16, rangeBits)
			if bad != nil || len(stem) != 5 {
				continue // no range
			}
			form := slices.IndexFunc(names, func(f string) bool { return fmt.Sprintf(f, n) == name })
			if form < 0 || there[n] != 0 {
				return fmt.Errorf("%s: the range %05X is there twice, or in letters of both sizes", path, n)
			}
			there[n] = byte(form) + 1
		}
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("listing the ranges: %w", err)
		}
	}
	for n, form := range there {
		if form == 0 {
			continue
		}
		prefix := fmt.Appendf(nil, "%05X", n)
		file := filepath.Join(path, fmt.Sprintf(names[form-1], n))
		if err := eachLine(file, func(line []byte) error { return w.add(line, prefix) }); err != nil {
			return err
		}
	}
	return nil
}

// eachLine calls f with the lines of a file, without their ends; empty ones are none.
func eachLine(path string, f func([]byte) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening hashes: %w", err)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	lines.Buffer(make([]byte, 1<<16), 1<<16)
	n := 0
	for lines.Scan() {
		n++
		line := bytes.TrimSpace(lines.Bytes())
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if len(line) == 0 {
			continue
		}
		if err := f(line); err != nil {
			return fmt.Errorf("%s, line %d: %w", path, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading %s after line %d: %w", path, n, err)
	}
	return nil
}

// add takes one line: the hash, or what follows prefix, and how often it was seen.
func (w *breachedWriter) add(line, prefix []byte) error {
	digits, count, counted := bytes.Cut(line, []byte(":"))
	seen, err := strconv.ParseUint(string(count), 10, 64)
	if counted && err != nil {
		return errors.New("want a count behind the colon")
	}
	if counted && seen == 0 {
		return nil
	}
	var text [2 * sha1.Size]byte
	if len(prefix)+len(digits) != len(text) {
		return fmt.Errorf("want a SHA-1 hash: %d hexadecimal digits and a count", len(text)-len(prefix))
	}
	copy(text[copy(text[:], prefix):], digits)
	var hash [sha1.Size]byte
	if _, err := hex.Decode(hash[:], text[:]); err != nil {
		return fmt.Errorf("want a SHA-1 hash: %d hexadecimal digits and a count", len(text)-len(prefix))
	}
	number, rest := splitHash(hash)
	if number != w.number {
		if number < w.number {
			return errors.New("a hash before the one above it: want them in their order")
		}
		if err := w.flush(); err != nil {
			return err
		}
		w.number = number
	}
	if len(w.rests) == 2*maxInRange {
		return fmt.Errorf("more than %d hashes begin alike: these are no SHA-1 hashes", maxInRange)
	}
	w.rests = append(w.rests, rest)
	return nil
}

// flush writes the block of the range that was gathered.
func (w *breachedWriter) flush() error {
	if err := w.ctx.Err(); err != nil {
		return err
	}
	slices.Sort(w.rests)
	w.rests = slices.Compact(w.rests)
	n := len(w.rests)
	if n == 0 {
		return nil
	}
	if n > maxInRange {
		return fmt.Errorf("more than %d hashes begin alike: these are no SHA-1 hashes", maxInRange)
	}
	codes := bitWriter{to: binary.LittleEndian.AppendUint16(nil, uint16(n))}
	var last uint64
	for _, rest := range w.rests {
		value := reduce(rest, uint64(n), breachedBits)
		codes.rice(value-last, breachedBits-1)
		last = value
	}
	block := codes.to
	block = binary.LittleEndian.AppendUint32(block, blockSum(w.number, block))
	binary.LittleEndian.PutUint16(w.lengths[2*w.number:], uint16(len(block)))
	w.made.Entries += uint64(n)
	w.made.Ranges++
	w.made.Bytes += int64(len(block))
	w.rests = w.rests[:0]
	if _, err := w.to.Write(block); err != nil {
		return fmt.Errorf("writing the list: %w", err)
	}
	return nil
}

// finish writes what is left, and the index and the header before it.
func (w *breachedWriter) finish() (BreachedBuild, error) {
	if err := w.flush(); err != nil {
		return w.made, err
	}
	if w.made.Entries == 0 {
		return w.made, errors.New("there is no hash of a password")
	}
	h := breachedHeader{Magic: breachedMagic(), Version: breachedVersion, Bits: breachedBits, Entries: w.made.Entries,
		Blocks: w.made.Bytes, Index: checksum(w.lengths)}
	raw, err := binary.Append(nil, binary.LittleEndian, h)
	if err != nil {
		return w.made, fmt.Errorf("writing the header: %w", err)
	}
	binary.LittleEndian.PutUint32(raw[headerSize-4:], checksum(raw[:headerSize-4]))
	_, err1 := w.file.WriteAt(raw, 0)
	_, err2 := w.file.WriteAt(w.lengths, headerSize)
	if err := errors.Join(w.to.Flush(), err1, err2); err != nil {
		return w.made, fmt.Errorf("writing the list: %w", err)
	}
	w.made.Bytes += headerSize + 2*ranges
	return w.made, nil
}

// A bitWriter writes what bitReader reads.
type bitWriter struct {
	to   []byte
	free int // bits of the last byte
}

func (w *bitWriter) bits(v uint64, n int) {
	for n > 0 {
		if w.free == 0 {
			w.to, w.free = append(w.to, 0), 8
		}
		take := min(n, w.free)
		w.to[len(w.to)-1] |= byte(v>>(n-take)&(1<<take-1)) << (w.free - take)
		n, w.free = n-take, w.free-take
	}
}

func (w *bitWriter) rice(v uint64, k int) {
	for range v >> k {
		w.bits(1, 1)
	}
	w.bits(0, 1)
	w.bits(v, k)
}
