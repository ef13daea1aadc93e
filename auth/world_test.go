package auth_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/pquerna/otp"
	potp "github.com/pquerna/otp/totp"

	"github.com/latchkey-auth/latchkey/auth"
	hashing "github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/puzzle"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
)

// A world is a service over a real store and real factors, with a clock that
// tests move and a mailbox that they read.
type world struct {
	t    *testing.T
	s    *auth.Service
	db   store.DB
	keys *store.Keys
	path string
	cfg  auth.Config

	between *between // what db is

	mu  sync.Mutex
	now time.Time
}

const password = "Correct-Horse9"

// newWorld starts a world on bbolt, behind the decorator that runs every
// function twice.
func newWorld(t *testing.T, change ...func(*auth.Config)) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC), path: filepath.Join(t.TempDir(), "latchkey.db")}
	db, err := bolt.Open(w.path, bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.between = &between{DB: storetest.Twice(db, 1)}
	w.db, w.keys = w.between, store.Plain()
	w.cfg = auth.Config{
		DB: w.db, Keys: w.keys, Factors: realFactors(t), Policy: auth.Marketplace(), Site: "Latchkey", Tokens: true,
		Hash:   hashing.Cost{Memory: 64, Time: 1, Threads: 1}, // what a hash costs is not what these tests are about
		Origin: "http://localhost:8080", RPID: "localhost", Now: w.time, Pause: func(context.Context, time.Duration) {},
		Pace: auth.Pace{Burst: -1},
	}
	for _, f := range change {
		f(&w.cfg)
	}
	if w.s, err = auth.New(w.cfg); err != nil {
		t.Fatal(err)
	}
	return w
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

// mail delivers the outbox and returns what was in it.
func (w *world) mail() []auth.Message {
	w.t.Helper()
	list, err := w.s.Due(w.t.Context(), 100)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range list {
		if err := w.s.Settle(w.t.Context(), m.ID, auth.Outcome{State: auth.Accepted, Gateway: "test", Reference: m.ID}); err != nil {
			w.t.Fatal(err)
		}
	}
	return list
}

// lastMail returns the newest message with that template.
func (w *world) lastMail(template string) auth.Message {
	w.t.Helper()
	var last *auth.Message
	list := w.mail() // of one rank in any order
	for i := range list {
		if m := &list[i]; m.Template == template && (last == nil || m.CreatedAt.After(last.CreatedAt)) {
			last = m
		}
	}
	if last != nil {
		return *last
	}
	w.t.Fatalf("no %s message in the outbox", template)
	return auth.Message{}
}

func token(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// caller returns somebody at a browser of that name.
func caller(browser string) auth.Caller {
	return auth.Caller{Browser: browser, IP: netip.MustParseAddr("127.0.0.1"), Agent: "Chromium · Linux", Language: "en", RequestID: "r1"}
}

func with(c auth.Caller, token string) auth.Caller {
	c.Token = token
	return c
}

func form(phone string) auth.SignUpForm {
	return auth.SignUpForm{Name: "Wei", UserName: "小明的店", Phone: phone, Password: password, Terms: true}
}

// seller signs up, by a program that keeps no cookie: "home" is as unknown as any other browser.
func (w *world) seller(email, phone string) {
	w.t.Helper()
	link := w.signUpLink(email)
	if _, err := w.s.ConfirmSignUp(w.t.Context(), caller(""), link, form(phone)); err != nil {
		w.t.Fatal(err)
	}
}

// signUpLink asks for an account and returns the token of the mailed link.
func (w *world) signUpLink(email string) string {
	w.t.Helper()
	if _, err := w.s.SignUp(w.t.Context(), caller("home"), email); err != nil {
		w.t.Fatal(err)
	}
	return token(w.lastMail(auth.TemplateSignUp).Args["link"])
}

func (w *world) signIn(c auth.Caller, email string) *auth.SignInInfo {
	w.t.Helper()
	info, err := w.s.SignIn(w.t.Context(), c, auth.SignInForm{Identifier: email, Password: password})
	if err != nil {
		w.t.Fatal(err)
	}
	return info
}

// enrolApp binds an authenticator app and returns its secret and the session
// that is now beyond the second step.
func (w *world) enrolApp(c auth.Caller) (secret string, signedIn auth.Caller) {
	w.t.Helper()
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.TOTP})
	if err != nil {
		w.t.Fatal(err)
	}
	var prompt struct{ Secret string }
	if err := json.Unmarshal(ch.Prompt, &prompt); err != nil {
		w.t.Fatal(err)
	}
	info, err := w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: w.app(prompt.Secret)})
	if err != nil {
		w.t.Fatal(err)
	}
	if info.Token != "" {
		c.Token = info.Token
	}
	return prompt.Secret, c
}

// app returns the response with the code that an app shows now.
func (w *world) app(secret string) json.RawMessage {
	w.t.Helper()
	code, err := potp.GenerateCodeCustom(secret, w.time(), potp.ValidateOpts{Period: 30, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil {
		w.t.Fatal(err)
	}
	return typed(code)
}

func typed(code string) json.RawMessage {
	text, _ := json.Marshal(auth.CodeResponse{Code: code})
	return text
}

// enrolled returns a seller with an app, signed in from browser "home".
func (w *world) enrolled(email, phone string) (secret string, c auth.Caller) {
	w.t.Helper()
	w.seller(email, phone)
	info := w.signIn(caller("home"), email)
	return w.enrolApp(with(caller("home"), info.Token))
}

// second takes the second step with the app.
func (w *world) second(c auth.Caller, info *auth.SignInInfo, secret string) *auth.SignInInfo {
	w.t.Helper()
	w.pass(31 * time.Second) // a code counts once
	ch, err := w.s.SignInBegin(w.t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	if err != nil {
		w.t.Fatal(err)
	}
	done, err := w.s.SignInFinish(w.t.Context(), c, ch.Ceremony, w.app(secret))
	if err != nil {
		w.t.Fatal(err)
	}
	return done
}

// wantCode fails the test unless err is a refusal with the code.
func wantCode(t *testing.T, what string, err error, want auth.Code) *auth.Error {
	t.Helper()
	var e *auth.Error
	if !errors.As(err, &e) {
		t.Fatalf("%s: got %v, want the refusal %s", what, err, want)
	}
	if e.Code != want {
		t.Fatalf("%s: got the refusal %s, want %s", what, e.Code, want)
	}
	return e
}

func ok(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: got %v, want no error", what, err)
	}
}

// forgot asks for a new password as a stranger does: behind a picture that a person has read, or behind work, where no
// browser was shown one. Work takes its time, which a siege of strangers has not.
func forgot(ctx context.Context, s *auth.Service, c auth.Caller, identifier string) error {
	_, err := forgotten(ctx, s, c, identifier)
	return err
}

func forgotten(ctx context.Context, s *auth.Service, c auth.Caller, identifier string) (*auth.Challenge, error) {
	p, err := s.Puzzle(ctx, c)
	if err != nil {
		return nil, err
	}
	answer := auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: s.SignsOf(c, p.Puzzle)}
	if answer.Signs == "" {
		answer = auth.PuzzleAnswer{Work: worked(p.Work)}
	}
	return s.Forgot(ctx, c, auth.ForgotForm{Identifier: identifier, PuzzleAnswer: answer})
}

// worked is the solution of work, as any client of ALTCHA finds it.
func worked(w puzzle.Work) string {
	for n := 0; n <= w.MaxNumber; n++ {
		if fmt.Sprintf("%x", sha256.Sum256([]byte(w.Salt+strconv.Itoa(n)))) == w.Challenge {
			raw, _ := json.Marshal(puzzle.Solution{Algorithm: w.Algorithm, Challenge: w.Challenge, Number: n, Salt: w.Salt,
				Signature: w.Signature})
			return base64.StdEncoding.EncodeToString(raw)
		}
	}
	return ""
}
