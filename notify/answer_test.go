package notify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"
)

// TestStatusOfAnswers takes the first and the last of each hundred, without a list of good ones and with one.
func TestStatusOfAnswers(t *testing.T) {
	g := gateway("first", "http://127.0.0.1:9")
	any2xx := driver(t, g)
	g.Success.Statuses = []int{202, 418}
	listed := driver(t, g)
	for _, tt := range []struct {
		status int
		h      *HTTP
		word   string // "" for good
		class  Class
	}{
		{199, any2xx, WordUnreadable, Unsure}, {200, any2xx, "", 0}, {299, any2xx, "", 0},
		{300, any2xx, WordRedirect, Never}, {399, any2xx, WordRedirect, Never}, {400, any2xx, WordRefused, Never},
		{499, any2xx, WordRefused, Never}, {500, any2xx, WordServerError, Unsure},
		{599, any2xx, WordServerError, Unsure}, {600, any2xx, WordUnreadable, Unsure},
		{202, listed, "", 0}, {418, listed, "", 0}, {200, listed, WordUnreadable, Unsure},
		{400, listed, WordRefused, Never},
	} {
		f := tt.h.status(&http.Response{StatusCode: tt.status})
		if (f == nil) != (tt.word == "") || f != nil && (f.Word != tt.word || f.Class != tt.class) {
			t.Errorf("%d: got %#v, want %s %s", tt.status, f, tt.class, tt.word)
		}
	}
}

// TestReadingAnswers holds how much is read of an answer, and what of it says what.
func TestReadingAnswers(t *testing.T) {
	const all = 64 << 10
	pad := func(s string, to int) string { return s + strings.Repeat(" ", to-len(s)) }
	plain := func(g *Gateway) { g.Success, g.Reference = Success{}, "" }
	failing := func(g *Gateway) {
		plain(g)
		g.Failure = Refusal{Path: "error", Temporary: []string{"busy"}}
	}
	for _, tt := range []struct {
		name, body string
		change     func(*Gateway)
		ref        string
		word       string
		class      Class
	}{
		{"all that is read", pad(`{"code":"0"}`, all), func(*Gateway) {}, "m1", "", 0},
		{"a byte more", pad(`{"code":"0"}`, all+1), func(*Gateway) {}, "", WordUnreadable, Unsure},
		{"no reference is asked for", `"x1"`, plain, "m1", "", 0},
		{"nothing to read", "", plain, "m1", "", 0},
		{"no error", `{"a":1}`, failing, "m1", "", 0},
		{"an error that is null", `{"error":null}`, failing, "m1", "", 0},
		{"an error that is empty", `{"error":""}`, failing, "m1", "", 0},
		{"an error of parts", `{"error":{"a":"busy"}}`, failing, "", WordRefused, Never},
		{"an error that passes", `{"error":"busy"}`, failing, "", WordBusy, Later},
		{"no place for an error", "<html>", failing, "", WordUnreadable, Unsure},
	} {
		p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { answer(w, 200, tt.body) })
		g := gateway("first", p.URL)
		tt.change(&g)
		ref, err := driver(t, g).Deliver(context.Background(), sms("m1", time.Now()), Text{Body: "x"})
		f, _ := errors.AsType[*Failure](err)
		if ref != tt.ref || (f == nil) != (tt.word == "") || f != nil && (f.Word != tt.word || f.Class != tt.class) {
			t.Errorf("%s: got %q, %#v, want %q, %s %s", tt.name, ref, f, tt.ref, tt.class, tt.word)
		}
	}
}

// TestPathsAndReferences holds what a path finds in an answer, and what may be stored of it.
func TestPathsAndReferences(t *testing.T) {
	v, err := decode([]byte(`{"l":["a",{"b":7}],"t":true,"n":null}`))
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{"l.0": "a", "l.1.b": "7", "t": "true"} {
		if got, ok := pick(v, path); !ok || got != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, ok, want)
		}
	}
	for _, path := range []string{"l.2", "l.-1", "l.x", "l", "n", "gone", "t.x", ""} {
		if got, ok := pick(v, path); ok {
			t.Errorf("%s: got %q, want nothing", path, got)
		}
	}
	for s, want := range map[string]bool{strings.Repeat("a", 200): true, strings.Repeat("a", 201): false, "": false,
		"!~": true, "a b": false, "a\x7f": false, "a\u0080": false, "\x1f": false} {
		if got, ok := reference(s); ok != want || ok && got != s {
			t.Errorf("%q: got %q, %v, want fit: %v", s, got, ok, want)
		}
	}
	if got, err := jsonString("<&>"); err != nil || got != `"<&>"` {
		t.Errorf("got %s, %v, want it as it is", got, err)
	}
	for text, want := range map[string][]string{
		"{{$}}": nil, "{{$.To}}": {"To"}, "{{with $x := .Code}}{{$x.Foo}}{{end}}": {"Code"},
		"{{if .To}}{{.ID}}{{else}}{{.Code}}{{end}}": {"To", "ID", "Code"},
	} {
		parsed, err := parse("t", text)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := used(parsed); !slices.Equal(got, want) {
			t.Errorf("%s: got the fields %v, want %v", text, got, want)
		}
	}
}

// TestAnswerToARepetition: net/http sends a request again by itself when a kept connection breaks. "Not now" then
// speaks of the repetition alone; a no to the same key speaks of both.
func TestAnswerToARepetition(t *testing.T) {
	for status, want := range map[int]*Failure{
		503: {Class: Unsure, Word: WordNoAnswer}, 400: {Class: Never, Word: WordRefused}, 200: nil,
	} {
		p := newProvider(t, func(w http.ResponseWriter, r *http.Request, n int, _ func()) {
			switch {
			case r.Header.Get("Idempotency-Key") == "warm":
				answer(w, 200, `{"code":"0"}`)
			case n == 1:
				drop(w)
			default:
				answer(w, status, `{"code":"0"}`)
			}
		})
		h := driver(t, gateway("first", p.URL))
		for _, id := range []string{"warm", "m1"} {
			_, err := h.Deliver(t.Context(), sms(id, time.Now()), Text{Body: "x"})
			f, _ := errors.AsType[*Failure](err)
			if id == "warm" || want == nil {
				if err != nil {
					t.Errorf("%d, %s: got %v, want it taken", status, id, err)
				}
			} else if f == nil || f.Class != want.Class || f.Word != want.Word {
				t.Errorf("%d: got %#v, want %s %s", status, f, want.Class, want.Word)
			}
		}
		if len(p.seen) != 3 {
			t.Errorf("%d: got %d requests, want the second sent again", status, len(p.seen))
		}
	}
}

// A refusal adds a provider's word to the log where the gateway's settings say in which place it stands, and there alone.
func TestWhereARefusalsWordStands(t *testing.T) {
	for path, want := range map[string]string{"": "", "code": "busy.LATER"} {
		p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) {
			body := `{"code":"busy.LATER"}`
			if path == "" {
				body = `"busy.LATER"`
			}
			answer(w, 400, body)
		})
		g := gateway("first", p.URL)
		g.Success = Success{Path: path, Equals: map[string][]string{"code": {"0"}}[path]}
		_, err := driver(t, g).Deliver(t.Context(), sms("m1", time.Now()), Text{Body: "x"})
		if f, _ := errors.AsType[*Failure](err); f == nil || f.Detail != want {
			t.Errorf("at %q: got %#v, want the word %q", path, f, want)
		}
	}
}
