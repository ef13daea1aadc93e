package web

import (
	"cmp"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The bounds of uploads. They have a room of their own, so that who sends pictures takes none of what signing in needs,
// and hold it until they are answered: what was read is kept in memory.
const (
	uploadRate  = 16 << 10     // bytes a second, at least
	uploadRoom  = 64 << 20     // bytes of all uploads together
	uploadCost  = 256 << 10    // of them what an upload costs beside its bytes
	formCost    = 80 << 10     // bytes that stand around a file in a form: as much as a form without one has, and its lines
	maxBeside   = 64 << 10     // bytes of the fields beside it
	uploadDrain = 4 * 10 << 20 // bytes that are read and dropped, so that a browser hears that they are too many
)

// An Uploader is a Request that may bring a file. The body of one that does is not read as it comes in: whoever answers
// asks for it by Exchange.File, once he knows from whom he takes it.
type Uploader interface {
	Uploads() bool
}

// errTooLong ends the reading of a body.
var errTooLong = errors.New("too long")

// File reads the file of an upload, at most most bytes: that of a field of a posted form, or the body itself with no
// field. What else the form says is in Beside, also beside a file that is too long. It comes at a least rate. Refuses TooLarge, TooSlow, MalformedRequest, and what a full room refuses.
func (x *Exchange) File(field string, most int) ([]byte, error) {
	x.LeavePlace() // slow senders hold none
	limit := int64(most)
	if field != "" {
		limit += formCost
	}
	size := x.r.ContentLength
	if size > limit {
		return nil, x.drain(field, size)
	}
	if size < 0 {
		size = limit
	}
	held := int(size) + uploadCost
	if err := x.front.Uploading.Take(x.who, held); err != nil {
		x.Header().Set("Connection", "close")
		return nil, err
	}
	x.held = held // until the answer
	p := x.paced(limit)
	file, err := p.file(field, most, int(size))
	if err = p.end(err); err != nil {
		return nil, err
	}
	x.Received = file
	return file, nil
}

// drain reads what is too long and keeps nothing of the file, and refuses.
func (x *Exchange) drain(field string, size int64) error {
	refusal := auth.Refuse(auth.TooLarge)
	x.Header().Set("Connection", "close")
	if size > uploadDrain || x.front.Uploading.Take(x.who, uploadCost) != nil {
		return refusal
	}
	x.held = uploadCost
	p := x.paced(size)
	var err error
	if field != "" {
		_, err = p.file(field, 0, 0)
	}
	if err == nil || errors.Is(err, errTooLong) {
		_, err = io.Copy(io.Discard, p)
	}
	if err = p.end(err); err != nil {
		return err
	}
	return refusal
}

// A paced body is read as long as it comes at the least rate. The deadlines are the connection's, as in inhale.
type paced struct {
	x     *Exchange
	conn  *http.ResponseController
	began time.Time
	read  int64
	most  int64
}

func (x *Exchange) paced(most int64) *paced {
	return &paced{x: x, conn: http.NewResponseController(x.ResponseWriter), began: time.Now(), most: most}
}

func (p *paced) Read(b []byte) (int, error) {
	if p.read > p.most {
		return 0, errTooLong
	}
	_ = p.conn.SetReadDeadline(p.began.Add(readTimeout + time.Duration(p.read)*time.Second/uploadRate))
	n, err := p.x.r.Body.Read(b)
	p.read += int64(n)
	if p.read > p.most && (err == nil || err == io.EOF) {
		return n, errTooLong
	}
	return n, err
}

// file reads all of the body, and keeps the file.
func (p *paced) file(field string, most, size int) ([]byte, error) {
	if field == "" {
		return p.keep(p, most, size)
	}
	media, params, err := mime.ParseMediaType(p.x.r.Header.Get("Content-Type"))
	if err != nil || media != "multipart/form-data" || params["boundary"] == "" {
		return nil, auth.RefuseField(auth.MalformedRequest, ContentType)
	}
	form, found := multipart.NewReader(p, params["boundary"]), 0
	p.x.Beside = url.Values{}
	left := maxBeside
	var file []byte
	var long error // told at the end, by which all that stands beside the file has been read
	for {
		part, err := form.NextRawPart()
		if err == io.EOF {
			_, err = io.Copy(io.Discard, p) // what follows the form
			return file, cmp.Or(long, err)
		}
		if err != nil {
			return nil, err
		}
		name := part.FormName()
		if name != field {
			if p.x.Beside.Has(name) || name == "" || part.FileName() != "" {
				continue
			}
			v, err := p.keep(part, left, 0)
			if err != nil {
				return nil, err
			}
			left -= len(v)
			p.x.Beside.Set(name, string(v))
			continue
		}
		if found++; found > 1 {
			return nil, auth.Refuse(auth.DuplicateMember).With("name", fieldName(field))
		}
		p.x.FileName = part.FileName()
		file, err = p.keep(part, most, size)
		if errors.Is(err, errTooLong) && p.read <= p.most {
			long = err
			_, err = io.Copy(io.Discard, part)
		}
		if err != nil {
			return nil, err
		}
	}
}

// keep reads at most most bytes.
func (p *paced) keep(from io.Reader, most, size int) ([]byte, error) {
	b := make([]byte, 0, min(size, most)+1)
	for {
		n, err := from.Read(b[len(b):cap(b)])
		b = b[:len(b)+n]
		switch {
		case len(b) > most:
			return nil, errTooLong
		case err == io.EOF:
			return b, nil
		case err != nil:
			return nil, err
		case len(b) == cap(b):
			b = append(b, 0)[:len(b)]
		}
	}
}

// end gives the answer its time, and says what a body is refused with that could not be read.
func (p *paced) end(err error) error {
	_ = p.conn.SetReadDeadline(time.Time{})
	_ = p.conn.SetWriteDeadline(time.Now().Add(writeTimeout))
	if err == nil {
		return nil
	}
	p.x.Header().Set("Connection", "close")
	e := new(auth.Error)
	switch {
	case errors.As(err, &e):
		return e
	case errors.Is(err, errTooLong):
		return auth.Refuse(auth.TooLarge)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return auth.Refuse(auth.TooSlow)
	}
	return auth.Refuse(auth.MalformedRequest)
}
