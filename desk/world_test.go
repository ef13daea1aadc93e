package desk

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"html"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/web"
	"github.com/latchkey-auth/latchkey/webauthn"
)

const origin = "https://accounts.example"

// sellers answer what is not the desk's, as nobody.
type sellers struct{ x *web.Exchange }

func (s sellers) Open(x *web.Exchange) web.Request { return sellers{x} }
func (s sellers) Answer()                          { s.x.Send(http.StatusTeapot, "text/plain", nil) }
func (s sellers) Refuse(error)                     { s.x.Send(http.StatusTeapot, "text/plain", nil) }

// A world is a desk over a real store, behind a front, with a clock that tests move.
type world struct {
	t     testing.TB
	s     *auth.Service
	lab   *lab.Service
	staff *staff.Service
	cases *recovery.Service
	audit *audit.Service
	stock *inventory.Service
	known *webauthn.Metadata // nil: no list of models
	db    store.DB
	log   bytes.Buffer // of the front
	front *web.Front

	mu    sync.Mutex
	now   time.Time
	drawn int
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	db, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"), bolt.Options{})
	w.check(err)
	t.Cleanup(func() { db.Close() })
	w.db = db
	keys, err := webauthn.New(webauthn.Config{RPID: "accounts.example", Origins: []string{origin},
		Metadata: func() *webauthn.Metadata { return w.known }})
	w.check(err)
	apps, err := totp.New(totp.Config{})
	w.check(err)
	w.s, err = auth.New(auth.Config{DB: storetest.Twice(db, 1), Keys: store.Plain(), Factors: []auth.Factor{keys, apps},
		Policy: auth.Marketplace(), Site: "Latchkey", Origin: origin, RPID: "accounts.example",
		Lab: auth.NewClock(w.time), Pause: func(context.Context, time.Duration) {}, Pace: auth.Pace{Burst: -1}})
	w.check(err)
	w.lab, err = lab.New(w.s, nil)
	w.check(err)
	w.staff, err = staff.New(w.s, keys, origin, "Latchkey")
	w.check(err)
	config := recovery.Default()
	config.Cases = true
	w.cases, err = recovery.New(w.s, origin, config, nil)
	w.check(err)
	w.cases.TakePictures(store.OpenVault(filepath.Join(t.TempDir(), "evidence"), store.Plain()))
	texts, err := assets.NewTexts(time.UTC)
	w.check(err)
	w.audit, err = audit.New(w.s, origin, audit.Default(), slog.New(slog.DiscardHandler))
	w.check(err)
	w.stock, err = inventory.New(w.s)
	w.check(err)
	pages, err := assets.NewPages(assets.Config{Methods: rows(w.s.Methods())}, texts)
	w.check(err)
	d, err := New(Config{Service: w.s, Staff: w.staff, Cases: w.cases, Trail: w.audit, Stock: w.stock, Texts: texts, Pages: pages,
		Origin: origin, Now: w.time})
	w.check(err)
	site, err := web.NewSite(origin, nil)
	w.check(err)
	w.front, err = web.NewFront(web.Config{Site: site, Rate: web.Rate{Burst: -1}, Now: w.time,
		Logger: slog.New(slog.NewTextHandler(&w.log, nil))}, sellers{})
	w.check(err)
	w.front.Beside("desk", d)
	return w
}

func rows(t auth.Table) []assets.Row {
	all := make([]assets.Row, len(t))
	for i := range t {
		all[i] = assets.Row(t[i].Face)
	}
	return all
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

func (w *world) seller(name string) auth.AccountID {
	w.t.Helper()
	_, err := w.lab.Make(w.t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Email: name + "@example.com",
		Methods: []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}}})
	w.check(err)
	return lab.FixtureID(name)
}

// mailed is the last message of a template.
func (w *world) mailed(template string) *auth.Message {
	w.t.Helper()
	var found *auth.Message
	for {
		list, err := w.s.Due(w.t.Context(), 100)
		w.check(err)
		if len(list) == 0 {
			return found
		}
		for i, m := range list {
			w.check(w.s.Settle(w.t.Context(), m.ID, auth.Outcome{State: auth.Accepted, Gateway: "t", Reference: m.ID}))
			if m.Template == template {
				found = &list[i]
			}
		}
	}
}

// A browser is one with its cookies and a security key.
type browser struct {
	w       *world
	cookies map[string]string
	lang    string
	key     *virtual.Client
	keys    []*virtual.Authenticator
	email   string
	shown   map[string]int // pages, by path
}

func (w *world) browser() *browser {
	return &browser{w: w, cookies: map[string]string{}, shown: map[string]int{}, lang: "en",
		key: &virtual.Client{Origin: origin}}
}

// send sends one request; the cookies that come back are kept.
func (b *browser) send(method, path string, form url.Values) *httptest.ResponseRecorder {
	return b.exchange(httptest.NewRequest(method, origin+path, strings.NewReader(form.Encode())),
		"application/x-www-form-urlencoded")
}

// sendBody posts a body of another kind than forms are.
func (b *browser) sendBody(path, media, body string) *httptest.ResponseRecorder {
	return b.exchange(httptest.NewRequest(http.MethodPost, origin+path, strings.NewReader(body)), media)
}

func (b *browser) exchange(r *http.Request, media string) *httptest.ResponseRecorder {
	path := r.URL.Path
	if r.Method == http.MethodPost {
		r.Header.Set("Content-Type", media)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
	}
	r.Header.Set("Accept", "text/html")
	r.Header.Set("Accept-Language", b.lang)
	for name, v := range b.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: v})
	}
	rec := httptest.NewRecorder()
	b.w.front.ServeHTTP(rec, r)
	if r.Method == http.MethodGet && rec.Code == http.StatusOK {
		b.shown[path]++
	}
	for _, c := range rec.Result().Cookies() {
		if c.Path != "/desk" || !c.HttpOnly || !c.Secure {
			b.w.t.Errorf("%s: got the cookie %v, want it the desk's alone", path, c)
		}
		if len(c.Name)+len(c.Value) > 4096 {
			b.w.t.Errorf("%s: got a cookie of %d bytes, want one that browsers keep", path, len(c.Value))
		}
		if b.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(b.cookies, c.Name)
		}
	}
	return rec
}

// open loads a page, following where it leads.
func (b *browser) open(path string) string {
	b.w.t.Helper()
	for range 5 {
		rec := b.send(http.MethodGet, path, nil)
		if rec.Code == http.StatusOK {
			return rec.Body.String()
		}
		if rec.Code != http.StatusSeeOther {
			b.w.t.Fatalf("%s: got %d %s", path, rec.Code, rec.Body)
		}
		path = rec.Header().Get("Location")
	}
	b.w.t.Fatalf("%s leads nowhere", path)
	return ""
}

// post posts a form and opens where it leads.
func (b *browser) post(path string, pairs ...string) string {
	b.w.t.Helper()
	rec := b.send(http.MethodPost, path, form(pairs...))
	if rec.Code != http.StatusSeeOther {
		b.w.t.Fatalf("POST %s: got %d %s, want 303", path, rec.Code, rec.Body)
	}
	return b.open(rec.Header().Get("Location"))
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

var (
	optionsIn  = regexp.MustCompile(`data-options="([^"]*)"`)
	ceremonyIn = regexp.MustCompile(`name="ceremony" value="([^"]*)"`)
	createIn   = regexp.MustCompile(`data-key="create"`)
)

// touches answers the prompt of a page, and posts the answer.
func (b *browser) touches(page, path string, pairs ...string) string {
	b.w.t.Helper()
	options := optionsIn.FindStringSubmatch(page)
	if options == nil {
		b.w.t.Fatalf("%s asks for no key: %s", path, page)
	}
	asked := []byte(`{"publicKey":` + html.UnescapeString(options[1]) + `}`)
	answer, err := b.key.Get, error(nil)
	if createIn.MatchString(page) {
		b.w.drawn++
		key, err := virtual.New(virtual.Options{Seed: []byte{byte(b.w.drawn)}, UserVerification: virtual.UVSucceeds})
		b.w.check(err)
		b.keys = append(b.keys, key)
		b.key.Authenticators, answer = []*virtual.Authenticator{key}, b.key.Create
	}
	response, err := answer(asked)
	b.w.check(err)
	return b.post(path, append(pairs, "ceremony", ceremonyIn.FindStringSubmatch(page)[1], "response",
		string(response))...)
}

// worker is somebody of a role, signed in with both keys.
func (w *world) worker(name string, r staff.Role) *browser {
	w.t.Helper()
	b := w.browser()
	b.email = name + "@desk.example"
	link, err := w.staff.Add(w.t.Context(), "root (uid 0)", b.email, name, r)
	w.check(err)
	path := strings.TrimPrefix(link, origin)
	b.touches(b.open(path), path)
	if page := b.touches(b.open("/desk/keys"), "/desk/keys"); !strings.Contains(page, "Both keys are registered") {
		w.t.Errorf("the second key: got %s, want it said that all is there", page)
	}
	return b
}

func (b *browser) signIn() string {
	b.w.t.Helper()
	b.open("/desk/sign-in")
	return b.touches(b.post("/desk/sign-in", "email", b.email), "/desk/sign-in/key")
}

// ticket is one of the self-check, of nobody's.
func (w *world) ticket() string {
	w.t.Helper()
	info, err := w.s.MakeTicket(w.t.Context(), auth.Caller{Browser: "b", Agent: "Firefox · Linux"},
		auth.TicketForm{Check: auth.SelfCheck{Cookies: auth.No, Key: auth.Yes, Ahead: -340}})
	w.check(err)
	return info.Ticket
}

// checks ticks all of a case and writes a note, and returns the page that follows.
func (b *browser) checks(id, note string) string {
	b.w.t.Helper()
	pairs := []string{"note", note}
	for _, c := range recovery.Checks() {
		pairs = append(pairs, checkField(c), "yes")
	}
	return b.post("/desk/recovery/"+id+"/note", pairs...)
}

// caseInReview is a case about somebody that reviewers have.
func (w *world) caseInReview(name string) string {
	w.t.Helper()
	link := w.openCase(name)
	_, err := w.cases.AnswerCase(w.t.Context(), auth.Caller{}, link, "It fell into the sea.")
	w.check(err)
	return link[:22]
}

// openCase is the link of a case that waits for what its applicant has to say.
func (w *world) openCase(name string) string {
	w.t.Helper()
	ctx, c := w.t.Context(), auth.Caller{Browser: "applicant", Language: "en"}
	p, err := w.s.Puzzle(ctx, c)
	w.check(err)
	want, err := hex.DecodeString(p.Work.Challenge)
	w.check(err)
	n := 0
	for text := []byte(p.Work.Salt); n <= p.Work.MaxNumber; n++ {
		if sum := sha256.Sum256(strconv.AppendInt(text, int64(n), 10)); bytes.Equal(sum[:], want) {
			break
		}
	}
	raw, err := json.Marshal(map[string]any{"algorithm": p.Work.Algorithm, "challenge": p.Work.Challenge, "number": n,
		"salt": p.Work.Salt, "signature": p.Work.Signature})
	w.check(err)
	answer := auth.PuzzleAnswer{Work: base64.StdEncoding.EncodeToString(raw)}
	w.check(w.cases.Ask(ctx, c, recovery.AskForm{Identifier: name + "@example.com",
		Lost:         []recovery.Thing{recovery.Phone},
		PuzzleAnswer: answer}))
	link := w.mailed(auth.TemplateRecoveryLink).Args["link"]
	link = link[strings.LastIndexByte(link, '/')+1:]
	_, err = w.cases.OpenCase(ctx, c, link)
	w.check(err)
	return link
}
