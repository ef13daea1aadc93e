package web

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/auth"
)

// An Exchange is one request and its answer, as every face has them. It is the http.ResponseWriter of the answer.
type Exchange struct {
	http.ResponseWriter
	Route  string    // the route's name for the log: never the path, which holds links
	ID     string    // request id
	Status int       // what was answered; 0: nothing yet
	Code   auth.Code // of a refusal
	Page   bool      // people are answered, not programs

	Received []byte // the body, read before the request took a place
	TooLarge bool   // it was not, for its length

	Beside   url.Values // the fields of a form that has brought a file
	FileName string     // what its sender calls it: a text of a stranger

	front  *Front
	r      *http.Request
	began  time.Time
	who    [3]netip.Prefix // whom the request counts against
	placed bool            // it holds a place
	held   int             // bytes that it holds of the room for uploads
}

// Exchange returns the exchange of a request that has just come in.
func (f *Front) Exchange(w http.ResponseWriter, r *http.Request) *Exchange {
	return &Exchange{ResponseWriter: w, front: f, r: r, began: f.Now(), Route: "none"}
}

// Request is the request as it came in.
func (x *Exchange) Request() *http.Request { return x.r }

// Log is where what went wrong is written.
func (x *Exchange) Log() *slog.Logger { return x.front.Log }

// Secret returns 256 random bits in 43 characters.
func (x *Exchange) Secret() (string, error) { return x.front.Secret() }

// Client is the address of whoever sent the request, as far as proxies are believed.
func (x *Exchange) Client() netip.Addr { return x.front.Client(x.r) }

// WriteHeader notes the status for the access log.
func (x *Exchange) WriteHeader(status int) {
	if x.Status == 0 {
		x.Status = status
	}
	x.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (x *Exchange) Write(b []byte) (int, error) {
	if x.Status == 0 {
		x.Status = http.StatusOK
	}
	return x.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController reach the connection.
func (x *Exchange) Unwrap() http.ResponseWriter { return x.ResponseWriter }

// Send writes a whole answer.
func (x *Exchange) Send(status int, media string, body []byte) {
	h := x.Header()
	h.Set("Content-Type", media)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	x.WriteHeader(status)
	if x.r.Method != http.MethodHead {
		_, _ = x.Write(body) // the client may have gone; there is nobody to tell
	}
}

// LeavePlace gives back the place that the request has taken, and what an upload holds.
func (x *Exchange) LeavePlace() {
	if x.placed {
		x.placed = false
		x.front.InFlight.Give(x.who, 1)
	}
	if x.held > 0 {
		x.front.Uploading.Give(x.who, x.held)
		x.held = 0
	}
}

// Await holds an answer back until its turn.
func (x *Exchange) Await(q *Queue) {
	x.LeavePlace()
	q.Wait(x.r.Context())
}

// AwaitRefusal holds a refusal back, unless it is said to somebody whose session was found.
func (x *Exchange) AwaitRefusal(err error) {
	if e, ok := errors.AsType[*auth.Error](err); !ok || !e.InSession {
		x.Await(&x.front.Refusals)
	}
}

// Bound spends one of the client's requests to an unsafe route. All are bounded but the gateways' and signing out,
// which nobody may keep anybody from.
func (x *Exchange) Bound() error {
	if x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		return nil
	}
	return x.Spend()
}

// Spend takes one of the requests that the client has.
func (x *Exchange) Spend() error {
	at := x.front.Now()
	if ok, wait := x.front.limit.take(x.Client(), at); !ok {
		return auth.Refuse(auth.TooManyRequests).At(at.Add(wait))
	}
	return nil
}

// ContentType is the Field of a request whose media type is refused.
const ContentType = "Content-Type"

// Body is the whole body, of the given media type ("" is any).
func (x *Exchange) Body(media string) ([]byte, error) {
	if media != "" {
		got, _, err := mime.ParseMediaType(x.r.Header.Get("Content-Type"))
		if err != nil || got != media {
			return nil, auth.RefuseField(auth.MalformedRequest, ContentType)
		}
	}
	if x.TooLarge {
		return nil, auth.Refuse(auth.TooLarge)
	}
	return x.Received, nil
}

// Form reads the fields of a posted form. Each may come once.
func (x *Exchange) Form() (url.Values, error) {
	b, err := x.Body("application/x-www-form-urlencoded")
	if err != nil {
		return nil, err
	}
	x.r.Body = http.NoBody
	return Fields(string(b))
}

// Fields parses posted fields, each once.
func Fields(body string) (url.Values, error) {
	v, err := url.ParseQuery(body)
	if err != nil {
		return nil, auth.Refuse(auth.MalformedRequest)
	}
	for name, values := range v {
		if !utf8.ValidString(name) || !utf8.ValidString(values[0]) { // as strict as JSON is
			return nil, auth.Refuse(auth.MalformedRequest)
		}
		if len(values) > 1 {
			return nil, auth.Refuse(auth.DuplicateMember).With("name", fieldName(name))
		}
	}
	return v, nil
}

// fieldName lets only plain names through to a text.
func fieldName(s string) string {
	if len(s) > 24 || strings.Trim(s, "abcdefghijklmnopqrstuvwxyz-") != "" {
		return ""
	}
	return s
}

// Fingerprint tells the same request of a browser, sent again, from any other: "" for one that changes nothing.
func (x *Exchange) Fingerprint() string {
	if x.r.Method == http.MethodGet || x.r.Method == http.MethodHead {
		return ""
	}
	h := sha256.New()
	_, _ = io.WriteString(h, x.r.Method+" "+x.r.URL.RequestURI()+"\n") // a hash takes everything
	_, _ = h.Write(x.Received)
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil))
}

// WellFormedBrowser reports whether a browser's cookie is one that Secret may have made.
func WellFormedBrowser(v string) bool {
	if len(v) != 43 {
		return false
	}
	for _, c := range []byte(v) {
		if c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
