package server

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
)

// Every form of every page is sent twice by a browser that has lost the first answer: it is told the same, and goes on
// from there through the whole tour.
func TestEveryFormTwice(t *testing.T) {
	for _, atOnce := range []bool{false, true} {
		t.Run(map[bool]string{false: "one after the other", true: "at once"}[atOnce], func(t *testing.T) {
			w := newWorld(t)
			w.again = func(send func() *httptest.ResponseRecorder, r *http.Request) *httptest.ResponseRecorder {
				program := strings.HasPrefix(r.URL.Path, "/api/")
				if r.Method != http.MethodPost || program || r.Header.Get("Cookie") == "" {
					return send()
				}
				return pressTwice(t, send, r, atOnce)
			}
			takeTour(t, w, "en")
		})
	}
}

// Every unsafe operation of the API is asked for twice by a script of our pages: it is told the same, its session
// goes on, and no second message is written.
func TestEveryOperationTwice(t *testing.T) {
	for _, atOnce := range []bool{false, true} {
		t.Run(map[bool]string{false: "one after the other", true: "at once"}[atOnce], func(t *testing.T) {
			w := newWorld(t)
			twice := map[string]bool{}
			w.again = func(send func() *httptest.ResponseRecorder, r *http.Request) *httptest.ResponseRecorder {
				if r.Method == http.MethodGet || r.Header.Get("Cookie") == "" {
					return send()
				}
				n := len(w.routes)
				got := askTwice(t, w, send, r, atOnce)
				if got.Code < 400 {
					twice[w.routes[n]] = true
				}
				return got
			}
			o := &tour{world: w, t: t, lang: "en", client: func() *person {
				p := w.browser()
				p.api("GET", "/session", nil, nil) // for its cookie
				return p
			}}
			o.takeAPI()
			for _, rt := range routes() {
				if name := rt.method + " " + rt.path; rt.method != http.MethodGet && rt.who != gateway && rt.who != host && !twice[name] {
					t.Errorf("%s: got it never asked for twice, want it", name)
				}
			}
		})
	}
}

// A program that asks twice is told that it has asked already.
func TestAProgramGetsNothingAgain(t *testing.T) {
	w := newWorld(t)
	secret := w.enrolled(w.program())
	w.pass(time.Minute)
	p := w.program()
	var a answer
	p.must("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, &a)
	p.must("POST", "/sign-in/begin", m{"ceremony": a.Ceremony, "kind": "totp"}, &a)
	finish := m{"ceremony": a.Ceremony, "response": m{"code": w.code(secret)}}
	p.must("POST", "/sign-in/finish", finish, &a)
	if got := p.api("POST", "/sign-in/finish", finish, nil); got.Code < 400 {
		t.Errorf("the second step twice: got %d %s, want it refused", got.Code, got.Body)
	}
	p.bearer = a.Token
	p.must("DELETE", "/session", nil, nil)
	if got := p.api("DELETE", "/session", nil, nil); got.Code != http.StatusUnauthorized {
		t.Errorf("signing out twice: got %d, want 401", got.Code)
	}
}

// askTwice sends a request of a script twice and returns the answer that it goes on from.
func askTwice(t *testing.T, w *world, send func() *httptest.ResponseRecorder, r *http.Request,
	atOnce bool) *httptest.ResponseRecorder {
	before := w.written()
	var answers []*httptest.ResponseRecorder
	if atOnce {
		answers = sendTogether(send)
	} else {
		answers = append(answers, send())
	}
	answers = append(answers, send()) // of two that come at once nobody knows which token is the last
	for i, got := range answers {
		told := func(got *httptest.ResponseRecorder) string {
			random := randomness{got.Header().Get("X-Request-Id"), map[string]string{}}
			return fmt.Sprint(got.Code, " ", random.replace(got.Body.String()))
		}
		if told(got) != told(answers[0]) {
			t.Errorf("%s %s, time %d: got %s, want %s", r.Method, r.URL.Path, i+1, told(got), told(answers[0]))
		}
	}
	for message, n := range w.written() {
		if n > before[message]+1 {
			t.Errorf("%s %s again: got %d messages %s, want one", r.Method, r.URL.Path, n-before[message], message)
		}
	}
	return answers[len(answers)-1]
}

// sendTogether sends a request twice at once.
func sendTogether(send func() *httptest.ResponseRecorder) []*httptest.ResponseRecorder {
	var barrier, done sync.WaitGroup
	answers := make([]*httptest.ResponseRecorder, 2)
	barrier.Add(len(answers))
	for i := range answers {
		done.Go(func() {
			barrier.Done()
			barrier.Wait()
			answers[i] = send()
		})
	}
	done.Wait()
	return answers
}

// written counts the messages of the outbox by what they say to whom, codes and links apart.
func (w *world) written() map[string]int {
	w.t.Helper()
	all := map[string]int{}
	if err := w.db.View(w.t.Context(), func(tx store.Tx) error {
		clear(all)
		for doc, err := range tx.Scan("outbox", "", "", 1000) {
			if err != nil {
				return err
			}
			var m auth.Message
			text := bytes.NewReader(doc.Data[bytes.IndexByte(doc.Data, '{'):])
			if err := json.NewDecoder(text).Decode(&m); err != nil {
				return err
			}
			all[fmt.Sprint(m.Template, " to ", m.Recipient, " of ", m.Args["what"], m.Args["item"])]++
		}
		return nil
	}); err != nil {
		w.t.Fatal(err)
	}
	return all
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

// pressTwice sends a form twice and returns the answer that the browser gets: the second, where the first was a
// success.
func pressTwice(t *testing.T, send func() *httptest.ResponseRecorder, r *http.Request,
	atOnce bool) *httptest.ResponseRecorder {
	answers := make([]*httptest.ResponseRecorder, 2)
	if atOnce {
		answers = sendTogether(send)
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
		t.Errorf("%s twice: got %d %s refused %v, then %d %s refused %v", r.URL.Path,
			first.Code, first.Header().Get("Location"),
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
