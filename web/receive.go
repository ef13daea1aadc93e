package web

import (
	"errors"
	"io"
	"net/http"
	"net/netip"
	"os"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// MaxBody is how many bytes a request's body may have.
const MaxBody = 64 << 10

// The bounds of reading bodies. A body may take readTimeout, and longer as its bytes arrive: phones are slow, but they
// do send. Bodies that are being read hold none of the places that answering needs: they share bytes of memory.
const (
	leastRate   = 512      // bytes a second
	readingRoom = 64 << 20 // bytes that bodies and their connections may hold while they are being read
	readingCost = 4 << 10  // of them what a body costs beside itself
)

// receive reads the body before the request takes a place, so that whoever sends slowly keeps nobody from being
// answered. What is too long is not read: whoever wants the body says so.
func (x *Exchange) receive(who [3]netip.Prefix) error {
	r := x.r
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return nil
	}
	if r.ContentLength > MaxBody {
		x.TooLarge = true
		x.Header().Set("Connection", "close") // else what is still to come would be waited for
		return nil
	}
	size := int(r.ContentLength)
	if size < 0 {
		size = MaxBody
	}
	if err := x.front.Reading.Take(who, size+readingCost); err != nil {
		x.Header().Set("Connection", "close")
		return err
	}
	defer x.front.Reading.Give(who, size+readingCost)
	if err := x.inhale(); err != nil {
		x.Header().Set("Connection", "close")
		return err
	}
	if x.TooLarge {
		x.Header().Set("Connection", "close")
	}
	return nil
}

// inhale reads the body while it comes at the least rate or faster. The deadlines are the connection's, whose clock is
// the machine's; a connection that has none is a test's.
func (x *Exchange) inhale() error {
	conn, began := http.NewResponseController(x.ResponseWriter), time.Now()
	b := make([]byte, 0, min(max(x.r.ContentLength, 511), 4<<10)+1) // one more, so that the end is seen without growing
	for {
		_ = conn.SetReadDeadline(began.Add(readTimeout + time.Duration(len(b))*time.Second/leastRate))
		n, err := x.r.Body.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case len(b) > MaxBody:
			x.TooLarge = true
			return nil
		case err == io.EOF:
			x.Received = b
			_ = conn.SetReadDeadline(time.Time{})
			// the answer has its time, however long the question took
			_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			return nil
		case errors.Is(err, os.ErrDeadlineExceeded):
			_ = conn.SetWriteDeadline(time.Now().Add(writeTimeout))
			return auth.Refuse(auth.TooSlow)
		case err != nil:
			return auth.Refuse(auth.MalformedRequest)
		case len(b) == cap(b):
			b = append(b, 0)[:len(b)]
		}
	}
}
