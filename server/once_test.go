package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// Every form of every page is sent twice by a browser that has lost the first answer: it is told the same, and goes on
// from there through the whole tour.
func TestEveryFormTwice(t *testing.T) {
	for _, atOnce := range []bool{false, true} {
		t.Run(map[bool]string{false: "one after the other", true: "at once"}[atOnce], func(t *testing.T) {
			w := newWorld(t)
			w.again = func(send func() *httptest.ResponseRecorder, r *http.Request) *httptest.ResponseRecorder {
				if r.Method != http.MethodPost || strings.HasPrefix(r.URL.Path, "/api/") || r.Header.Get("Cookie") == "" {
					return send()
				}
				return pressTwice(t, send, r, atOnce)
			}
			takeTour(t, w, "en")
		})
	}
}

// Fresh codes are shown again after a reload, in that browser and for 5 minutes; a person who has them saved is not.
func TestFreshCodesOutliveAReload(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	s := p.fill(p.open("/security/codes"), "/security/codes")
	first := p.open(s.path)
	if s.status != http.StatusOK || s.form("/security/codes/file") == nil || wordsOf(first.text) != wordsOf(s.text) {
		t.Errorf("after a reload: got %s, want the codes again: %s", wordsOf(first.text), wordsOf(s.text))
	}
	p.fill(first, "/security/codes/saved")
	if s := p.open(s.path); strings.Contains(s.text, "/security/codes/file") {
		t.Error("codes that were saved are shown again")
	}
	s = p.fill(p.open("/security/codes"), "/security/codes")
	w.pass(5 * time.Minute)
	if s := p.open(s.path); strings.Contains(s.text, "/security/codes/file") {
		t.Error("codes are shown again after 5 minutes")
	}
}

// pressTwice sends a form twice and returns the answer that the browser gets: the second, where the first was a success.
func pressTwice(t *testing.T, send func() *httptest.ResponseRecorder, r *http.Request, atOnce bool) *httptest.ResponseRecorder {
	var answers [2]*httptest.ResponseRecorder
	if atOnce {
		var barrier, done sync.WaitGroup
		barrier.Add(len(answers))
		for i := range answers {
			done.Go(func() {
				barrier.Done()
				barrier.Wait()
				answers[i] = send()
			})
		}
		done.Wait()
		if !refusedForm(answers[0]) {
			answers[0] = send() // of two that come at once nobody knows which token is the last
		}
	} else {
		if answers[0] = send(); refusedForm(answers[0]) {
			return answers[0]
		}
		answers[1] = send()
	}
	first, second := answers[0], answers[1]
	if first.Code != second.Code || first.Header().Get("Location") != second.Header().Get("Location") ||
		refusedForm(first) != refusedForm(second) {
		t.Errorf("%s twice: got %d %s refused %v, then %d %s refused %v", r.URL.Path, first.Code, first.Header().Get("Location"),
			refusedForm(first), second.Code, second.Header().Get("Location"), refusedForm(second))
	}
	if atOnce {
		return first
	}
	return second
}

// refusedForm reports whether an answer leads to a page that tells of a refusal.
func refusedForm(got *httptest.ResponseRecorder) bool {
	for _, c := range got.Result().Cookies() {
		if strings.HasSuffix(c.Name, setbackCookie) && c.Value != "" {
			return true
		}
	}
	return got.Code >= 400
}
