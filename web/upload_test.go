package web

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A taker answers uploads under /files, and whatever else as a plain face.
type taker struct {
	plain
	take func(x *Exchange) error
}

type takerRequest struct {
	plainRequest
	take func(x *Exchange) error
}

func (f taker) Open(x *Exchange) Request { return takerRequest{plainRequest{f.plain, x}, f.take} }

func (q takerRequest) Uploads() bool { return strings.HasPrefix(q.x.r.URL.Path, "/files") }

func (q takerRequest) Answer() {
	if err := q.take(q.x); err != nil {
		q.Refuse(err)
		return
	}
	q.x.Send(http.StatusOK, "text/plain", q.x.Received)
}

const mostFile = 1000

// formOf is a form with files under the names of their fields.
func formOf(t *testing.T, pairs ...string) (media, body string) {
	t.Helper()
	var b bytes.Buffer
	form := multipart.NewWriter(&b)
	for i := 0; i+1 < len(pairs); i += 2 {
		part, err := form.CreateFormFile(pairs[i], "photo.jpg")
		if err == nil {
			_, err = io.WriteString(part, pairs[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := form.Close(); err != nil {
		t.Fatal(err)
	}
	return form.FormDataContentType(), b.String()
}

// What is sent as a file is read whole, up to the limit; what is longer, or no form, is refused, and nothing is held
// afterwards.
func TestFiles(t *testing.T) {
	long := strings.Repeat("a", mostFile)
	media, form := formOf(t, "picture", "a file")
	_, empty := formOf(t, "picture", "")
	_, other := formOf(t, "something", "else")
	_, full := formOf(t, "picture", long)
	_, over := formOf(t, "picture", long+"a")
	_, two := formOf(t, "picture", "one", "picture", "two")
	_, beside := formOf(t, "name", "Wei", "picture", "a file", "more", "words")
	boundary := strings.TrimPrefix(media, "multipart/form-data; boundary=")
	in := func(body string) string { // the boundary of each form is its own
		return strings.ReplaceAll(body, strings.Trim(strings.SplitN(body, "\r\n", 2)[0], "-"), boundary)
	}
	for _, c := range []struct {
		name, field, media, body string
		chunked                  bool
		want                     string
		code                     auth.Code
	}{
		{"a body", "", "image/jpeg", "a file", false, "a file", ""},
		{"a body in chunks", "", "image/jpeg", "a file", true, "a file", ""},
		{"no body", "", "image/jpeg", "", false, "", ""},
		{"the longest body", "", "", long, false, long, ""},
		{"one byte more", "", "", long + "a", false, "", auth.TooLarge},
		{"one byte more in chunks", "", "", long + "a", true, "", auth.TooLarge},
		{"a form", "picture", media, form, false, "a file", ""},
		{"a form in chunks", "picture", media, form, true, "a file", ""},
		{"nothing chosen", "picture", media, in(empty), false, "", ""},
		{"no field", "picture", media, "--" + boundary + "--\r\n", false, "", ""},
		{"another field", "picture", media, in(other), false, "", ""},
		{"other fields beside it", "picture", media, in(beside), false, "a file", ""},
		{"two files", "picture", media, in(two), false, "", auth.DuplicateMember},
		{"the longest file", "picture", media, in(full), false, long, ""},
		{"a longer file", "picture", media, in(over), true, "", auth.TooLarge},
		{"much that is no file", "picture", media, in(other) + strings.Repeat("x", formCost+mostFile), true, "",
			auth.TooLarge},
		{"a form that was cut off", "picture", media, form[:len(form)-20], false, "", auth.MalformedRequest},
		{"a form of fields", "picture", "application/x-www-form-urlencoded", "picture=a", false, "", auth.MalformedRequest},
		{"a form without boundary", "picture", "multipart/form-data", form, false, "", auth.MalformedRequest},
		{"no form", "picture", "", form, false, "", auth.MalformedRequest},
	} {
		f := frontOf(t, Config{}, taker{take: func(x *Exchange) error {
			_, err := x.File(c.field, mostFile)
			return err
		}})
		r := httptest.NewRequest(http.MethodPost, testOrigin+"/files", strings.NewReader(c.body))
		if c.chunked {
			r.ContentLength = -1
		}
		r.Header.Set("Content-Type", c.media)
		w := httptest.NewRecorder()
		f.ServeHTTP(w, r)
		status, want := http.StatusOK, c.want
		if c.code != "" {
			status, want = Statuses()[c.code], string(c.code)
		}
		if w.Code != status || w.Body.String() != want {
			t.Errorf("%s: got %d %.40q, want %d %.40q", c.name, w.Code, w.Body, status, want)
		}
		if closes := w.Header().Get("Connection") == "close"; closes != (c.code != "") {
			t.Errorf("%s: got the connection closed %v, want %v", c.name, closes, c.code != "")
		}
		if f.Uploading.taken() != 0 || f.InFlight.taken() != 0 || f.Reading.taken() != 0 {
			t.Errorf("%s: got %d bytes and %d places held, want none", c.name, f.Uploading.taken(), f.InFlight.taken())
		}
	}
}

// Nothing of an upload is read before whoever answers asks for it: who is refused is refused before.
func TestAnUploadIsNotReadUnasked(t *testing.T) {
	read := false
	f := frontOf(t, Config{}, taker{take: func(x *Exchange) error {
		if read || x.Received != nil {
			t.Error("it was read before anybody has asked")
		}
		return auth.Refuse(auth.LinkUsed)
	}})
	r := httptest.NewRequest(http.MethodPost, testOrigin+"/files", readerFunc(func([]byte) (int, error) {
		read = true
		return 0, io.EOF
	}))
	r.ContentLength = 100
	w := httptest.NewRecorder()
	if f.ServeHTTP(w, r); w.Code != http.StatusGone || read {
		t.Errorf("got %d, read %v, want it refused unread", w.Code, read)
	}
	other := httptest.NewRequest(http.MethodPost, testOrigin+"/else", strings.NewReader(strings.Repeat("a", MaxBody+1)))
	x := f.Exchange(httptest.NewRecorder(), other)
	if err := x.enter(taker{}.Open(x)); err != nil || !x.TooLarge {
		t.Errorf("what is no upload: got %v, too large %v, want the limit of bodies", err, x.TooLarge)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// Uploads share a room of their own: when it is full one more is told so, and whoever signs in notices nothing.
func TestUploadsHaveARoomOfTheirOwn(t *testing.T) {
	f := frontOf(t, Config{}, taker{take: func(x *Exchange) error {
		if !strings.HasPrefix(x.r.URL.Path, "/files") {
			return nil
		}
		_, err := x.File("", mostFile)
		return err
	}})
	f.Uploading = NewRoom(uploadCost + 100)
	for _, c := range []struct {
		path   string
		size   int
		status int
	}{{"/files", 100, 200}, {"/files", 101, 503}, {"/else", 101, 200}} {
		w := httptest.NewRecorder()
		body := strings.NewReader(strings.Repeat("a", c.size))
		f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, testOrigin+c.path, body))
		if w.Code != c.status {
			t.Errorf("%d bytes to %s: got %d, want %d", c.size, c.path, w.Code, c.status)
		}
	}
}

// An upload holds none of the places that answering needs while it comes in, and what it has brought until it is
// answered.
func TestWhatAnUploadHolds(t *testing.T) {
	var f *Front
	f = frontOf(t, Config{}, taker{take: func(x *Exchange) error {
		x.r.Body = io.NopCloser(io.MultiReader(readerFunc(func([]byte) (int, error) {
			if f.InFlight.taken() != 0 || f.Uploading.taken() != uploadCost+4 {
				t.Errorf("while it comes in: got %d places and %d bytes held", f.InFlight.taken(), f.Uploading.taken())
			}
			return 0, io.EOF
		}), strings.NewReader("file")))
		_, err := x.File("", mostFile)
		if f.Uploading.taken() != uploadCost+4 {
			t.Errorf("before it is answered: got %d bytes held", f.Uploading.taken())
		}
		return err
	}})
	w := httptest.NewRecorder()
	f.ServeHTTP(w, httptest.NewRequest(http.MethodPost, testOrigin+"/files", strings.NewReader("file")))
	if w.Code != http.StatusOK || f.Uploading.taken() != 0 {
		t.Errorf("got %d, %d bytes held, want none", w.Code, f.Uploading.taken())
	}
}

// A phone gets its picture through; one that comes slower than that does not, and hears why. What is too long is read
// all the same, so that a browser hears it.
func TestFilesComeAtTheLeastRate(t *testing.T) {
	const large = 2 << 20
	for _, c := range []struct {
		name     string
		size     int
		chunk    int
		every    time.Duration
		status   int
		from, to time.Duration
	}{
		{"at once", large, large, 0, 200, 0, time.Second},
		{"a phone", large, 64 << 10, 2 * time.Second, 200, 60 * time.Second, 70 * time.Second},
		{"a trickle", large, 1 << 10, time.Second, 408, 15 * time.Second, 20 * time.Second},
		{"a byte a minute", 100, 1, time.Minute, 408, 15 * time.Second, 16 * time.Second},
		{"too long", 2 * large, large, time.Second, 413, time.Second, 3 * time.Second},
		{"too long, in a trickle", 2 * large, 1 << 10, time.Second, 408, 15 * time.Second, 20 * time.Second},
		{"much too long", 50 << 20, 1 << 10, time.Second, 413, 0, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				f := frontOf(t, Config{}, taker{take: func(x *Exchange) error {
					_, err := x.File("", large)
					x.Received = nil
					return err
				}})
				l := &pipes{made: make(chan net.Conn), closed: make(chan struct{})}
				ctx, stop := context.WithCancel(t.Context())
				served := make(chan error, 1)
				go func() { served <- f.Serve(ctx, l, func() {}) }()
				ours, theirs := net.Pipe()
				l.made <- theirs
				began := time.Now()
				said := make(chan struct{})
				go func() {
					defer close(said)
					_, err := fmt.Fprintf(ours,
						"POST /files HTTP/1.1\r\nHost: accounts.example\r\nContent-Length: %d\r\n\r\n", c.size)
					for sent := 0; err == nil && sent < c.size; sent += c.chunk {
						_, err = io.WriteString(ours, strings.Repeat("{", min(c.chunk, c.size-sent)))
						time.Sleep(c.every) // of the bubble
					}
				}()
				r, err := http.ReadResponse(bufio.NewReader(ours), nil)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); r.StatusCode != c.status || took < c.from || took > c.to {
					t.Errorf("got %d after %s, want %d between %s and %s", r.StatusCode, took, c.status, c.from, c.to)
				}
				_ = ours.Close()
				stop()
				<-served
				<-said
				if f.Uploading.taken() != 0 || f.InFlight.taken() != 0 {
					t.Errorf("got %d bytes and %d places still taken", f.Uploading.taken(), f.InFlight.taken())
				}
			})
		})
	}
}

// The same file from the same browser is the same request, whatever the form around it is marked with.
func TestTheSameFileIsTheSameRequest(t *testing.T) {
	var prints []string
	f := frontOf(t, Config{}, taker{take: func(x *Exchange) error {
		_, err := x.File("picture", mostFile)
		prints = append(prints, x.Fingerprint())
		return err
	}})
	for _, file := range []string{"one", "one", "another"} {
		media, body := formOf(t, "picture", file)
		r := httptest.NewRequest(http.MethodPost, testOrigin+"/files", strings.NewReader(body))
		r.Header.Set("Content-Type", media)
		f.ServeHTTP(httptest.NewRecorder(), r)
	}
	if len(prints) != 3 || prints[0] != prints[1] || prints[0] == prints[2] {
		t.Errorf("got %v, want the first two alike", prints)
	}
}
