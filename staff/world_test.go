package staff_test

import (
	"context"
	"encoding/json"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

const origin = "http://localhost:8080"

// A world is a staff over a real store, with a clock that tests move. Its sellers come from the lab's maker.
type world struct {
	t     testing.TB
	s     *auth.Service
	lab   *lab.Service
	staff *staff.Service
	db    store.DB

	mu    sync.Mutex
	now   time.Time
	drawn int
}

// newWorld is behind the decorator that runs every pass twice. The staff's factor may be one around that of keys.
func newWorld(t testing.TB, around ...func(auth.Factor) auth.Factor) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	db, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	w.db = db
	keys, err := webauthn.New(webauthn.Config{RPID: "localhost", Origins: []string{origin}})
	if err != nil {
		t.Fatal(err)
	}
	apps, err := totp.New(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w.s, err = auth.New(auth.Config{DB: storetest.Twice(db, 1), Keys: store.Plain(), Factors: []auth.Factor{keys, apps},
		Policy: auth.Marketplace(), Site: "Latchkey", Origin: origin, RPID: "localhost",
		Lab: auth.NewClock(w.time), Pause: func(context.Context, time.Duration) {}, Pace: auth.Pace{Burst: -1}})
	if err != nil {
		t.Fatal(err)
	}
	if w.lab, err = lab.New(w.s, nil); err != nil {
		t.Fatal(err)
	}
	var factor auth.Factor = keys
	for _, wrap := range around {
		factor = wrap(factor)
	}
	if w.staff, err = staff.New(w.s, factor, origin, "Latchkey"); err != nil {
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

// seller is an account with an app.
func (w *world) seller(name string) auth.AccountID { return w.sellerAt(name, name+"@example.com") }

func (w *world) sellerAt(name, email string) auth.AccountID {
	w.t.Helper()
	_, err := w.lab.Make(w.t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Email: email,
		Methods: []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return lab.FixtureID(name)
}

// mail delivers the outbox and returns what was in it.
func (w *world) mail() []auth.Message {
	w.t.Helper()
	var all []auth.Message
	for {
		list, err := w.s.Due(w.t.Context(), 100)
		if err != nil {
			w.t.Fatal(err)
		}
		if len(list) == 0 {
			return all
		}
		for _, m := range list {
			err := w.s.Settle(w.t.Context(), m.ID, auth.Outcome{State: auth.Accepted, Gateway: "test", Reference: m.ID})
			if err != nil {
				w.t.Fatal(err)
			}
		}
		all = append(all, list...)
	}
}

// link is the token at the end of the address in the only mail of a kind.
func (w *world) link(template string) string {
	w.t.Helper()
	for _, m := range w.mail() {
		if m.Template == template {
			return lastPart(m.Args["link"])
		}
	}
	w.t.Fatalf("no mail %s", template)
	return ""
}

func lastPart(link string) string { return link[strings.LastIndexByte(link, '/')+1:] }

// A worker is a person of the staff with a browser and keys.
type worker struct {
	w     *world
	email string
	id    string
	auth.Caller
	keys []*virtual.Authenticator
}

// key is one more key; plain ones verify nobody.
func (w *world) key(plain bool) *virtual.Authenticator {
	w.t.Helper()
	w.drawn++
	o := virtual.Options{Seed: []byte{byte(w.drawn >> 8), byte(w.drawn)}, UserVerification: virtual.UVSucceeds}
	if plain {
		o.UserVerification = virtual.UVNone
	}
	key, err := virtual.New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

// answers is what a key answers to a prompt: it is registered if create.
func answers(key *virtual.Authenticator, p *staff.Prompt, create bool) (json.RawMessage, error) {
	client := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{key}}
	if create {
		return client.Create(p.Options)
	}
	return client.Get(p.Options)
}

func (w *world) browser(name string) auth.Caller {
	return auth.Caller{Browser: name, Language: "en", Agent: "Firefox on Linux"}
}

// invited is a worker by a link: his first key is there.
func (w *world) invited(email, link string) (*worker, error) {
	p := &worker{w: w, email: email, Caller: w.browser(email)}
	prompt, err := w.staff.Join(w.t.Context(), p.Caller, link)
	if err != nil {
		return nil, err
	}
	p.keys = append(p.keys, w.key(false))
	response, err := answers(p.keys[0], prompt, true)
	if err != nil {
		w.t.Fatal(err)
	}
	done, err := w.staff.FinishJoin(w.t.Context(), p.Caller, link, prompt.Ceremony, response)
	if err != nil {
		return nil, err
	}
	p.id, p.Token = done.ID, done.Token
	return p, nil
}

// addKey registers a key in the worker's session.
func (p *worker) addKey() error {
	prompt, err := p.w.staff.AddKey(p.w.t.Context(), p.Caller)
	if err != nil {
		return err
	}
	key := p.w.key(false)
	response, err := answers(key, prompt, true)
	if err != nil {
		p.w.t.Fatal(err)
	}
	if _, err = p.w.staff.FinishAddKey(p.w.t.Context(), p.Caller, prompt.Ceremony, response); err == nil {
		p.keys = append(p.keys, key)
	}
	return err
}

// worker is somebody of a role who may act.
func (w *world) worker(name string, r staff.Role) *worker {
	w.t.Helper()
	email := name + "@desk.example"
	link, err := w.staff.Add(w.t.Context(), "root (uid 0)", email, name, r)
	if err != nil {
		w.t.Fatal(err)
	}
	p, err := w.invited(email, lastPart(link))
	if err == nil {
		err = p.addKey()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// signIn opens a new session by a key.
func (p *worker) signIn(key *virtual.Authenticator) error {
	prompt, err := p.w.staff.SignIn(p.w.t.Context(), p.Caller, p.email)
	if err != nil {
		return err
	}
	response, err := answers(key, prompt, false)
	if err != nil {
		return err
	}
	done, err := p.w.staff.FinishSignIn(p.w.t.Context(), p.Caller, prompt.Ceremony, response)
	if err == nil {
		p.Token = done.Token
	}
	return err
}

func (p *worker) touch() error {
	prompt, err := p.w.staff.Touch(p.w.t.Context(), p.Caller)
	if err != nil {
		return err
	}
	response, err := answers(p.keys[0], prompt, false)
	if err != nil {
		return err
	}
	return p.w.staff.FinishTouch(p.w.t.Context(), p.Caller, prompt.Ceremony, response)
}

func code(err error) auth.Code {
	var e *auth.Error
	if errors.As(err, &e) {
		return e.Code
	}
	if err != nil {
		return auth.Code("failure: " + err.Error())
	}
	return ""
}

func wantCode(t testing.TB, what string, err error, want auth.Code) {
	t.Helper()
	if got := code(err); got != want {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}
