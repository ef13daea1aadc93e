package inventory

import (
	"bufio"
	"io"
)

// maxToken is how many bytes one token of a file may take: a signed one with a certificate takes some thousand.
const maxToken = 64 << 10

// bounded reads a file of which no part may be longer than a token. Whoever reads says where the next part begins.
type bounded struct {
	r    *bufio.Reader
	left int
	long bool
}

func newBounded(r io.Reader) *bounded {
	b := &bounded{r: bufio.NewReaderSize(r, 16<<10)}
	b.next()
	return b
}

// next begins another part.
func (b *bounded) next() { b.left = maxToken }

// ReadByte makes the reader one of bytes, so that nobody reads ahead of what he needs.
func (b *bounded) ReadByte() (byte, error) {
	if b.left <= 0 {
		b.long = true
		return 0, ErrLong
	}
	b.left--
	return b.r.ReadByte()
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		b.long = true
		return 0, ErrLong
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
