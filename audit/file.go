package audit

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/latchkey-auth/latchkey/store"
)

// Why a checkpoint waits.
var (
	errGone  = errors.New("the file of checkpoints is gone: put it back, or begin a new one with latchkey audit checkpoint --new-file")
	errOther = errors.New("the file of checkpoints does not end with the one before: put the right one back, or begin a new one elsewhere")
)

// lastLine returns the last whole line of a file, without its end, and what stands behind it. It reads the end of the
// file alone.
func lastLine(file io.ReaderAt, size int64) (last, torn []byte, err error) {
	from := max(0, size-2*maxLine)
	end := make([]byte, size-from)
	if _, err := file.ReadAt(end, from); err != nil && !errors.Is(err, io.EOF) {
		return nil, nil, fmt.Errorf("reading the file of checkpoints: %w", err)
	}
	at := bytes.LastIndexByte(end, '\n')
	torn = end[at+1:]
	if at < 0 {
		return nil, torn, nil
	}
	whole := end[:at]
	return whole[bytes.LastIndexByte(whole, '\n')+1:], torn, nil
}

// lastOf is the last checkpoint of a file, nil if there is none. What stands behind it unfinished does not count.
func lastOf(path string) (*checkpoint, error) {
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("opening the file of checkpoints: %w", err)
	}
	defer file.Close()
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the file of checkpoints: %w", err)
	}
	last, _, err := lastLine(file, info.Size())
	if err != nil || last == nil {
		return nil, err
	}
	c, err := parse(last)
	if err != nil {
		return nil, errOther
	}
	return c, nil
}

// appendLine writes a checkpoint at the end of the file, durably, where the one before it is the last there; begin says
// that it may be the first of a file. If it is there already, or a part of it, what is missing is written.
func appendLine(path string, line []byte, begin bool) (err error) {
	c, err := parse(bytes.TrimSuffix(line, []byte{'\n'}))
	if err != nil {
		return fmt.Errorf("a checkpoint that waits: %w", err)
	}
	if begin {
		if err := makeFile(path); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_RDWR|os.O_APPEND, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return errGone
	}
	if err != nil {
		return fmt.Errorf("opening the file of checkpoints: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	rest, err := missing(file, c, line, begin)
	if err != nil {
		return err
	}
	if _, err := file.Write(rest); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	if err := file.Sync(); err != nil {
		return fmt.Errorf("writing a checkpoint: %w", err)
	}
	return nil
}

// missing is what of a line is not yet at the end of the file.
func missing(file *os.File, c *checkpoint, line []byte, begin bool) ([]byte, error) {
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("opening the file of checkpoints: %w", err)
	}
	last, torn, err := lastLine(file, info.Size())
	if err != nil {
		return nil, err
	}
	if !bytes.HasPrefix(line, torn) {
		return nil, errOther
	}
	if last == nil {
		if !begin && len(torn) == 0 {
			return nil, errGone
		}
		return line[len(torn):], nil
	}
	if len(torn) == 0 && bytes.Equal(last, bytes.TrimSuffix(line, []byte{'\n'})) {
		return nil, nil
	}
	before, err := parse(last)
	if err != nil || before.hash() != c.After {
		return nil, errOther
	}
	return line[len(torn):], nil
}

// makeFile makes an empty file unless there is one. What root makes is its folder's owner's.
func makeFile(path string) error {
	err := store.WriteFile(path, nil, false)
	if err == nil || errors.Is(err, fs.ErrExist) {
		return nil
	}
	return fmt.Errorf("making the file of checkpoints in %s: %w", filepath.Dir(path), err)
}

// eachLine reads a file line by line; a line that is too long, or has no end, is told as torn.
func eachLine(path string, visit func(line []byte, torn bool) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening a file of checkpoints: %w", err)
	}
	defer file.Close()
	r := bufio.NewReaderSize(file, maxLine)
	for {
		line, err := r.ReadSlice('\n')
		torn := err != nil
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = r.ReadSlice('\n')
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("reading a file of checkpoints: %w", err)
		}
		if len(line) > 0 {
			if err := visit(bytes.TrimSuffix(line, []byte{'\n'}), torn); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}
