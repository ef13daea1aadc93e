package web

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/latchkey-auth/latchkey/auth"
)

// How a body is received, by its length and by what it turns out to be: what is too long is not waited for, a
// connection whose body was not read to its end is closed, and what bodies held while they were read is given back.
func TestHowBodiesAreReceived(t *testing.T) {
	text := func(n int) io.Reader { return strings.NewReader(strings.Repeat("a", n)) }
	broken := io.MultiReader(text(10), iotest.ErrReader(errors.New("reset by peer")))
	who := networks(netip.MustParseAddr("203.0.113.1"))
	for _, c := range []struct {
		name    string
		body    io.Reader
		says    int64 // Content-Length, -1: chunked
		room    int
		got     int
		tooLong bool
		code    auth.Code
		closes  bool
	}{
		{"none", nil, 0, 0, 0, false, "", false},
		{"no byte", text(0), 0, 0, 0, false, "", false},
		{"a byte", text(1), 1, readingRoom, 1, false, "", false},
		{"511 bytes", text(511), 511, readingRoom, 511, false, "", false},
		{"512 bytes", text(512), 512, readingRoom, 512, false, "", false},
		{"4096 bytes", text(4096), 4096, readingRoom, 4096, false, "", false},
		{"4097 bytes", text(4097), 4097, readingRoom, 4097, false, "", false},
		{"the limit", text(MaxBody), MaxBody, readingRoom, MaxBody, false, "", false},
		{"one more, not read", iotest.ErrReader(io.ErrNoProgress), MaxBody + 1, readingRoom, 0, true, "", true},
		{"chunked, no byte", text(0), -1, readingRoom, 0, false, "", false},
		{"chunked, a byte", text(1), -1, readingRoom, 1, false, "", false},
		{"chunked, the limit", text(MaxBody), -1, readingRoom, MaxBody, false, "", false},
		{"chunked, one more", text(MaxBody + 1), -1, readingRoom, 0, true, "", true},
		{"cut off", broken, 20, readingRoom, 0, false, auth.MalformedRequest, true},
		{"byte by byte", iotest.OneByteReader(text(600)), -1, readingRoom, 600, false, "", false},
		{"the end with the last byte", iotest.DataErrReader(text(600)), 600, readingRoom, 600, false, "", false},
		{"just the room there is", text(100), 100, 100 + readingCost, 100, false, "", false},
		{"a byte more than there is", text(101), 101, 100 + readingCost, 0, false, auth.Unavailable, true},
		{"chunked, just the room", text(1), -1, MaxBody + readingCost, 1, false, "", false},
		{"chunked, less than the longest", text(1), -1, MaxBody + readingCost - 1, 0, false, auth.Unavailable, true},
	} {
		f := newFront(t, Config{})
		f.Reading = NewRoom(c.room)
		x := asking(f, http.MethodPost, "/")
		if c.body != nil {
			x.r.Body = io.NopCloser(c.body)
		}
		x.r.ContentLength = c.says
		err := x.receive(who)
		var e *auth.Error
		if errors.As(err, &e); (c.code == "") != (err == nil) || e != nil && e.Code != c.code {
			t.Errorf("%s: got %v, want %q", c.name, err, c.code)
		}
		closes := x.Header().Get("Connection") == "close"
		if len(x.Received) != c.got || x.TooLarge != c.tooLong || closes != c.closes || f.Reading.taken() != 0 {
			t.Errorf("%s: got %d bytes, too long %v, closed %v, %d still held, want %d, %v, %v, 0", c.name,
				len(x.Received),
				x.TooLarge, closes, f.Reading.taken(), c.got, c.tooLong, c.closes)
		}
	}
}

// A body is read by its media type alone, and what was too long is said to be.
func TestBodiesOfATypeAlone(t *testing.T) {
	f := newFront(t, Config{})
	for _, c := range []struct {
		media, want string
		long        bool
		code        auth.Code
	}{
		{"application/json", "application/json", false, ""}, {"Application/JSON; charset=utf-8", "application/json",
			false, ""},
		{"application/json", "application/json", true, auth.TooLarge}, {"", "", false, ""}, {"odd/one", "", false, ""},
		{"odd/one", "", true, auth.TooLarge}, {"", "application/json", false, auth.MalformedRequest},
		{"text/json", "application/json", true, auth.MalformedRequest}, {"application/json;;", "application/json",
			false, auth.MalformedRequest},
		{"application/jsonp", "application/json", false, auth.MalformedRequest},
	} {
		x := asking(f, http.MethodPost, "/", "Content-Type", c.media)
		x.Received, x.TooLarge = []byte("it"), c.long
		b, err := x.Body(c.want)
		var e *auth.Error
		errors.As(err, &e)
		switch {
		case c.code == "" && (err != nil || string(b) != "it"):
			t.Errorf("%q for %q: got %q, %v, want it read", c.media, c.want, b, err)
		case c.code != "" && (e == nil || e.Code != c.code ||
			(e.Field == ContentType) != (c.code == auth.MalformedRequest)):
			t.Errorf("%q for %q, too long %v: got %v, want %s", c.media, c.want, c.long, err, c.code)
		}
	}
}

// An answer says its length and its type, to HEAD as well, which gets no body; the first status is the one that counts.
func TestAnswersAreWhole(t *testing.T) {
	f := newFront(t, Config{})
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodPost} {
		x := asking(f, method, "/")
		x.Send(http.StatusTeapot, "text/plain", []byte("short"))
		w := x.ResponseWriter.(*httptest.ResponseRecorder)
		want := "short"
		if method == http.MethodHead {
			want = ""
		}
		if w.Code != http.StatusTeapot || w.Header().Get("Content-Length") != "5" ||
			w.Header().Get("Content-Type") != "text/plain" ||
			w.Body.String() != want || x.Status != http.StatusTeapot {
			t.Errorf("%s: got %d %v %q, want all of it", method, w.Code, w.Header(), w.Body)
		}
		x.WriteHeader(http.StatusOK)
		if _, _ = x.Write(nil); x.Status != http.StatusTeapot {
			t.Errorf("%s: got %d for the log afterwards, want what was answered", method, x.Status)
		}
	}
	x := asking(f, http.MethodGet, "/")
	if _, _ = x.Write([]byte("a")); x.Status != http.StatusOK {
		t.Errorf("a body without a status: got %d for the log, want 200", x.Status)
	}
}
