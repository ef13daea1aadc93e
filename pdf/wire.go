package pdf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A Fault is why a file has no pages to show.
type Fault string

// The faults.
const (
	Locked  Fault = "locked"   // it wants a password
	Damaged Fault = "damaged"  // it is no PDF, or none that can be read
	Empty   Fault = "empty"    // it has no pages
	TooMany Fault = "too-many" // more than were asked for
	TooDear Fault = "too-dear" // drawing it takes more memory than a document does
)

func (f Fault) Error() string { return "the PDF is " + string(f) }

// faults are all of them: nothing else is believed of a process that has read a stranger's file.
func faults() []Fault { return []Fault{Locked, Damaged, Empty, TooMany, TooDear} }

// ErrDied is a renderer that has ended, or was ended, without an answer.
var ErrDied = errors.New("the renderer ended without an answer")

// MaxFile is how many bytes a file may have.
const MaxFile = 10 << 20

// maxFrame is how long the body of a frame may be: a page of maxPixels that nothing makes smaller.
const maxFrame = maxPixels*3 + 1<<16

// A kind is what a frame is.
type kind byte

const (
	framePage  kind = 'p'
	frameFault kind = 'f'
	frameEnd   kind = 'e'
)

func writeFrame(w io.Writer, k kind, body []byte) error {
	head := binary.BigEndian.AppendUint32([]byte{byte(k)}, uint32(len(body)))
	if _, err := w.Write(head); err != nil {
		return fmt.Errorf("writing a frame: %w", err)
	}
	if _, err := w.Write(body); err != nil {
		return fmt.Errorf("writing a frame: %w", err)
	}
	return nil
}

func readFrame(r io.Reader) (kind, []byte, error) {
	var head [5]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return 0, nil, fmt.Errorf("reading a frame: %w", err)
	}
	n := binary.BigEndian.Uint32(head[1:])
	if n > maxFrame {
		return 0, nil, fmt.Errorf("reading a frame: it says that it has %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(r, body); err != nil {
		return 0, nil, fmt.Errorf("reading a frame: %w", err)
	}
	return kind(head[0]), body, nil
}

// request is what a renderer reads.
func request(file []byte, most int) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(most)), file...)
}

func readRequest(r io.Reader) (file []byte, most int, err error) {
	all, err := io.ReadAll(io.LimitReader(r, MaxFile+5))
	if err != nil {
		return nil, 0, fmt.Errorf("reading the file: %w", err)
	}
	if len(all) < 4 || len(all) > MaxFile+4 {
		return nil, 0, fmt.Errorf("reading the file: got %d bytes", len(all))
	}
	return all[4:], int(binary.BigEndian.Uint32(all)), nil
}
