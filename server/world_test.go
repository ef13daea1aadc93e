package server

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	potp "github.com/pquerna/otp/totp"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/lookup"
	"github.com/latchkey-auth/latchkey/oob"
	"github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/web"
	"github.com/latchkey-auth/latchkey/webauthn"
	"github.com/latchkey-auth/latchkey/yubiotp"
)

// A world is the whole face over a real domain, real factors and a real store,
// with a clock that tests move and an outbox that they read.
type world struct {
	domain  auth.Config // as the service was made
	t       testing.TB
	server  *Server
	service *auth.Service
	texts   *assets.Texts
	pages   *assets.Pages

	cases    *recovery.Service
	sketches *sketcher // of PDFs, once a test has cases draw them

	db     *bolt.DB
	file   string
	routes []string // of the requests so far, as the access log names them
	watch  func(*http.Request, *httptest.ResponseRecorder)
	again  func(send func() *httptest.ResponseRecorder, r *http.Request) *httptest.ResponseRecorder // nil: once

	mu  sync.Mutex
	now time.Time
}

// start is when every world begins.
func start() time.Time { return time.Date(2026, 3, 3, 14, 0, 0, 0, time.UTC) }

const (
	testOrigin   = "https://accounts.example"
	testPassword = "Correct-Horse9"
	testEmail    = "seller@example.com"
	hostToken    = "token-of-the-marketplace"
)

func newWorld(t testing.TB, change ...func(*auth.Config, *Config)) *world {
	t.Helper()
	return newWorldAt(t, start(), nil, change...)
}

// newWorldAt begins at a later time, with the store that another world left.
func newWorldAt(t testing.TB, at time.Time, left []byte, change ...func(*auth.Config, *Config)) *world {
	t.Helper()
	w := &world{t: t, now: at, file: filepath.Join(t.TempDir(), "latchkey.db")}
	if left != nil {
		if err := os.WriteFile(w.file, left, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	db, err := bolt.Open(w.file, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.db = db
	t.Cleanup(func() { _ = db.Close() })
	domain := auth.Config{DB: db, Keys: store.Plain(), Factors: factors(t, webauthn.Config{}), Policy: auth.Marketplace(), Site: "Latchkey", Tokens: true,
		Hash:   password.Cost{Memory: 64, Time: 1, Threads: 1},
		Origin: testOrigin, RPID: "accounts.example", Now: w.time, Pause: func(context.Context, time.Duration) {}}
	if w.texts, err = assets.NewTexts(nil); err != nil {
		t.Fatal(err)
	}
	face := Config{Texts: w.texts, Origin: testOrigin, Site: "Latchkey", Policy: domain.Policy,
		Contact: "mailto:security@accounts.example", HostToken: hostToken, Rate: web.Rate{Burst: -1}, Now: w.time, Logger: slog.New(routeLog{slog.DiscardHandler, w})}
	for _, f := range change {
		f(&domain, &face)
	}
	w.domain = domain
	if w.service, err = auth.New(domain); err != nil {
		t.Fatal(err)
	}
	if domain.Tokens {
		if _, err = auth.Register(w.service, auth.Part{Name: "box", Tokens: box{}}); err != nil {
			t.Fatal(err)
		}
	}
	if own, ok := face.Texts.(*assets.Texts); ok {
		w.texts = own
	}
	look := assets.Config{Host: "accounts.example", Methods: Rows(w.service.Methods())}
	if w.pages, err = assets.NewPages(look, w.texts); err != nil {
		t.Fatal(err)
	}
	face.Service = w.service
	face.Pages = w.pages
	face.Static = w.pages.Static()
	if face.Shops, err = team.New(w.service, testOrigin, fewOfAll()); err != nil {
		t.Fatal(err)
	}
	cases := recovery.Default()
	cases.Cases = true
	if face.Recovery, err = recovery.New(w.service, testOrigin, cases, face.Shops); err != nil {
		t.Fatal(err)
	}
	face.Recovery.TakePictures(store.OpenVault(filepath.Join(filepath.Dir(w.file), "evidence"), domain.Keys))
	w.sketches = &sketcher{}
	w.cases = face.Recovery
	if w.service.Lab() != nil {
		if face.Lab, err = lab.New(w.service, domain.Policy.Countries); err != nil {
			t.Fatal(err)
		}
	}
	if w.server, err = New(face); err != nil {
		t.Fatal(err)
	}
	return w
}

// fewOfAll are limits that tests reach soon.
func fewOfAll() team.Limits { return team.Limits{Shops: 3, Members: 8, Owners: 3, Invitations: 8} }

// routeLog remembers which routes were asked for.
type routeLog struct {
	slog.Handler
	w *world
}

func (l routeLog) Enabled(context.Context, slog.Level) bool { return true }

func (l routeLog) Handle(_ context.Context, r slog.Record) error {
	r.Attrs(func(a slog.Attr) bool {
		if a.Key == "route" && r.Message == "request" {
			l.w.mu.Lock()
			defer l.w.mu.Unlock()
			l.w.routes = append(l.w.routes, a.Value.String())
		}
		return true
	})
	return nil
}

func factors(t testing.TB, keys webauthn.Config) []auth.Factor {
	t.Helper()
	app, err := totp.New(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	keys.RPID = "accounts.example"
	keys.RPName = "Latchkey"
	keys.Origins = []string{testOrigin}
	key, err := webauthn.New(keys)
	if err != nil {
		t.Fatal(err)
	}
	phone, err := oob.NewPhone(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	email, err := oob.NewEmail(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	codes, err := lookup.New(lookup.Config{})
	if err != nil {
		t.Fatal(err)
	}
	counted, err := totp.NewHOTP(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return []auth.Factor{key, app, counted, yubiotp.New(), phone, email, codes}
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

// mailed returns the newest message of a template and settles the rest.
func (w *world) mailed(template string) auth.Message {
	w.t.Helper()
	list, err := w.service.Due(context.Background(), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	var found auth.Message
	for _, m := range list {
		if err := w.service.Settle(context.Background(), m.ID, auth.Outcome{State: auth.Accepted, Gateway: "test", Reference: m.ID}); err != nil {
			w.t.Fatal(err)
		}
		if m.Template == template && (found.ID == "" || m.CreatedAt.After(found.CreatedAt)) {
			found = m
		}
	}
	if found.ID == "" {
		w.t.Fatalf("got no message %q, want one", template)
	}
	return found
}

// path is the path of the link in a message, the way its reader follows it.
func path(link string) string { return strings.TrimPrefix(link, testOrigin) }

func lastPart(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// code is what an app with that secret shows now.
func (w *world) code(secret string) string {
	w.t.Helper()
	code, err := potp.GenerateCodeCustom(secret, w.time(), potp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		w.t.Fatal(err)
	}
	return code
}

// A person is one browser, or one program, before the server.
type person struct {
	w       *world
	jar     http.CookieJar // nil: a program
	bearer  string
	lang    string
	address string
	agent   string
}

func (w *world) browser() *person {
	jar, err := cookiejar.New(nil)
	if err != nil {
		w.t.Fatal(err)
	}
	return &person{w: w, jar: jar, lang: "en", address: "192.0.2.1:4321",
		agent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
}

func (w *world) program() *person { return &person{w: w, lang: "en", address: "192.0.2.2:4321"} }

// send makes one request, as the browser or program would.
func (p *person) send(method, path, media, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, testOrigin+path, strings.NewReader(body))
	r.RemoteAddr = p.address
	r.Header.Set("Accept-Language", p.lang)
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	if p.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+p.bearer)
	}
	if p.jar != nil {
		r.Header.Set("User-Agent", p.agent)
		r.Header.Set("Sec-Fetch-Site", "same-origin")
		if !strings.HasPrefix(path, "/api/") {
			r.Header.Set("Accept", "text/html,application/xhtml+xml")
		}
		for _, c := range p.jar.Cookies(r.URL) {
			r.AddCookie(c)
		}
	}
	answer := func() *httptest.ResponseRecorder {
		again, w := r.Clone(r.Context()), httptest.NewRecorder()
		again.Body = io.NopCloser(strings.NewReader(body))
		p.w.server.ServeHTTP(w, again)
		return w
	}
	var w *httptest.ResponseRecorder
	if p.w.again == nil {
		w = answer()
	} else {
		w = p.w.again(answer, r)
	}
	if p.w.watch != nil {
		p.w.watch(r, w)
	}
	if p.jar != nil {
		p.jar.SetCookies(r.URL, w.Result().Cookies())
	}
	return w
}

// api calls an operation with in as its body (nil for none) and reads the answer into out.
func (p *person) api(method, path string, in, out any) *httptest.ResponseRecorder {
	p.w.t.Helper()
	media, body := "", ""
	if in != nil {
		raw, err := json.Marshal(in)
		if err != nil {
			p.w.t.Fatal(err)
		}
		media, body = "application/json", string(raw)
	}
	w := p.send(method, "/api/v1"+path, media, body)
	if out != nil && w.Code < 300 {
		if err := json.Unmarshal(w.Body.Bytes(), out); err != nil {
			p.w.t.Fatalf("%s %s: got %s: %v", method, path, w.Body, err)
		}
	}
	return w
}

// must is api that fails the test unless it is answered well.
func (p *person) must(method, path string, in, out any) {
	p.w.t.Helper()
	if w := p.api(method, path, in, out); w.Code >= 300 {
		p.w.t.Fatalf("%s %s: got %d %s, want it done", method, path, w.Code, w.Body)
	}
}

// cookie is the value of one of the browser's cookies.
func (p *person) cookie(name string) string {
	u, _ := url.Parse(testOrigin + "/")
	for _, c := range p.jar.Cookies(u) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

type m map[string]any

// answer is what sign-ins and the rest answer with, as a client reads them.
type answer struct {
	Step, Ceremony, Token, Who string
	Methods                    []struct{ Kind, ID string }
	MayTrust                   bool
	Session                    *struct {
		ID         string
		AAL        int
		AMR        []string
		Restricted bool
	}
	Prompt        json.RawMessage
	Authenticator struct{ ID, Kind, Name, Device string }
	Kind          string
	First         bool
	Codes         []string
}

// seller registers, confirms and returns nothing: whoever wants a session signs in.
func (w *world) seller() {
	w.t.Helper()
	w.signUp(w.program(), testEmail, m{"name": "Wei", "userName": "小明的店", "phone": "+8613800138000"})
}

// signUp asks for the link, and fills in the form behind it.
func (w *world) signUp(p *person, email string, form m) {
	w.t.Helper()
	p.must("POST", "/sign-up", m{"email": email}, nil)
	form["link"] = lastPart(w.mailed(auth.TemplateSignUp).Args["link"])
	form["password"], form["terms"] = testPassword, true
	p.must("POST", "/sign-up/confirm", form, nil)
}

// password takes the first step.
func (p *person) password() answer {
	p.w.t.Helper()
	var a answer
	p.must("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword, "remember": true}, &a)
	if a.Token != "" {
		p.bearer = a.Token
	}
	return a
}

// addApp binds an authenticator app in a session and returns its secret.
func (p *person) addApp() string {
	p.w.t.Helper()
	var a answer
	p.must("POST", "/methods/begin", m{"kind": "totp"}, &a)
	var prompt struct{ Secret string }
	if err := json.Unmarshal(a.Prompt, &prompt); err != nil {
		p.w.t.Fatal(err)
	}
	var done answer
	p.must("POST", "/methods/finish", m{"ceremony": a.Ceremony, "response": m{"code": p.w.code(prompt.Secret)}}, &done)
	if done.Token != "" {
		p.bearer = done.Token
	}
	return prompt.Secret
}

// addKey binds a USB key in a session.
func (p *person) addKey(name string) *virtual.Client {
	p.w.t.Helper()
	return p.addKeyOf(name, virtual.Options{Seed: []byte(name)})
}

// addKeyOf adds a USB key of a kind.
func (p *person) addKeyOf(name string, o virtual.Options) *virtual.Client {
	p.w.t.Helper()
	client := stickWith(p.w.t, o)
	var a answer
	p.must("POST", "/methods/begin", m{"kind": "webauthn", "flavour": "key"}, &a)
	response, err := client.Create(a.Prompt)
	if err != nil {
		p.w.t.Fatal(err)
	}
	var done answer
	p.must("POST", "/methods/finish", m{"ceremony": a.Ceremony, "name": name, "response": json.RawMessage(response)}, &done)
	if done.Token != "" {
		p.bearer = done.Token
	}
	return client
}

// stick is a browser with one USB key.
func stick(t testing.TB, seed string) *virtual.Client {
	t.Helper()
	return stickWith(t, virtual.Options{Seed: []byte(seed)})
}

func stickWith(t testing.TB, o virtual.Options) *virtual.Client {
	t.Helper()
	key, err := virtual.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{key}}
}

// enrolled is a seller with an app, signed in beyond the second step.
func (w *world) enrolled(p *person) (secret string) {
	w.t.Helper()
	w.seller()
	p.password()
	return p.addApp()
}

// worked is the solution of work that the server has given, as any client of ALTCHA finds it.
func (p *person) worked() string {
	p.w.t.Helper()
	var puzzle struct{ Work solution }
	p.must("GET", "/puzzle", nil, &puzzle)
	return puzzle.Work.solve()
}

// A solution is work, and the number that was found.
type solution struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int    `json:"maxnumber"`
	Number    int    `json:"number"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

func (s solution) solve() string {
	for ; s.Number <= s.MaxNumber; s.Number++ {
		if fmt.Sprintf("%x", sha256.Sum256([]byte(s.Salt+strconv.Itoa(s.Number)))) == s.Challenge {
			break
		}
	}
	raw, _ := json.Marshal(s) // strings and numbers: it cannot fail
	return base64.StdEncoding.EncodeToString(raw)
}

// forgot asks for a new password as a program does.
func (p *person) forgot(identifier string) (asked answer) {
	p.w.t.Helper()
	p.must("POST", "/forgot", m{"identifier": identifier, "work": p.worked()}, &asked)
	return asked
}

// fillForgot asks for a new password on the pages, with the browser's work where it is asked for some.
func (p *person) fillForgot(identifier string) *sheet {
	p.w.t.Helper()
	s := p.fill(p.open("/forgot"), "/forgot", "identifier", identifier)
	if s.path != "/forgot/check" {
		return s
	}
	return p.fill(s, "/forgot/check", "work", s.work().solve())
}

// fillPhone asks for a text on the pages, behind the browser's work.
func (p *person) fillPhone(number string) *sheet {
	p.w.t.Helper()
	s := p.fill(p.open("/forgot/phone"), "/forgot/phone", "phone", number).at("/forgot/phone/check", 200)
	return p.fill(s, "/forgot/phone/check", "work", s.work().solve())
}

// texted asks for a text as a program does, and returns what waits for the code, and the code.
func (p *person) texted(number string) (asked answer, code string) {
	p.w.t.Helper()
	p.must("POST", "/forgot/phone", m{"phone": number, "work": p.worked()}, &asked)
	return asked, p.w.mailed(auth.TemplateCode).Args["code"]
}

// work is what the page gives the browser to calculate.
func (s *sheet) work() (w solution) {
	s.t.Helper()
	_, text, _ := strings.Cut(s.text, `data-work="`)
	text, _, _ = strings.Cut(text, `"`)
	if err := json.Unmarshal([]byte(html.UnescapeString(text)), &w); err != nil {
		s.t.Fatalf("reading the work of %s: %v", s.path, err)
	}
	return w
}

func asText(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
