package recovery_test

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/oob"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/totp"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// A world is recovery over a real store, with a clock that tests move. Its people come from the lab's maker.
type world struct {
	t     testing.TB
	s     *auth.Service
	lab   *lab.Service
	cases *recovery.Service
	shops *team.Service
	vault *store.Vault
	db    *bolt.DB

	mu  sync.Mutex
	now time.Time
}

// newWorld is behind the decorator that runs every pass twice.
func newWorld(t testing.TB, change ...func(*recovery.Config)) *world {
	t.Helper()
	return newWorldIn(t, t.TempDir(), time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC), store.Plain(), change...)
}

// newWorldIn is one over the data of a folder.
func newWorldIn(t testing.TB, folder string, now time.Time, keys *store.Keys, change ...func(*recovery.Config)) *world {
	t.Helper()
	w := &world{t: t, now: now}
	db, err := bolt.Open(filepath.Join(folder, "latchkey.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w.db = db
	t.Cleanup(func() { db.Close() })
	apps, err := totp.New(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	phones, err := oob.NewPhone(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	mails, err := oob.NewEmail(oob.Config{})
	if err != nil {
		t.Fatal(err)
	}
	sticks, err := webauthn.New(webauthn.Config{RPID: "localhost", Origins: []string{"http://localhost:8080"}})
	if err != nil {
		t.Fatal(err)
	}
	w.s, err = auth.New(auth.Config{DB: storetest.Twice(db, 1), Keys: keys,
		Factors: []auth.Factor{apps, phones, mails, sticks},
		Policy:  auth.Marketplace(), Site: "Latchkey", Origin: "http://localhost:8080", RPID: "localhost",
		Lab: auth.NewClock(w.time), Pause: func(context.Context, time.Duration) {}, Pace: auth.Pace{Burst: -1}})
	if err != nil {
		t.Fatal(err)
	}
	if w.lab, err = lab.New(w.s, nil); err != nil {
		t.Fatal(err)
	}
	config := recovery.Default()
	config.Cases = true
	for _, f := range change {
		f(&config)
	}
	if w.shops, err = team.New(w.s, "http://localhost:8080", team.DefaultLimits()); err != nil {
		t.Fatal(err)
	}
	if w.cases, err = recovery.New(w.s, "http://localhost:8080", config, w.shops); err != nil {
		t.Fatal(err)
	}
	w.vault = store.OpenVault(filepath.Join(folder, "evidence"), keys)
	w.cases.TakePictures(w.vault)
	return w
}

func (w *world) time() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// pass lets time pass, and does what comes due.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.mu.Lock()
	w.now = w.now.Add(d)
	w.mu.Unlock()
	if err := w.s.Sweep(w.t.Context()); err != nil {
		w.t.Fatal(err)
	}
}

// A person is an account with an app and a number.
type person struct {
	w    *world
	id   auth.AccountID
	name string
}

func (w *world) person(name string, methods ...auth.MethodForm) *person {
	w.t.Helper()
	if methods == nil {
		methods = []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}, {Kind: auth.Phone, Number: "+8613800138000"}}
	}
	_, err := w.lab.Make(w.t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Email: name + "@example.com",
		Phone: "+8613800138000", Methods: methods})
	if err != nil {
		w.t.Fatal(err)
	}
	return &person{w: w, id: lab.FixtureID(name), name: name}
}

// signedIn is a session that has just shown the person's strongest method.
func (p *person) signedIn() auth.Caller {
	p.w.t.Helper()
	info, err := p.w.lab.Session(p.w.t.Context(), auth.Caller{}, p.id)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return auth.Caller{Token: info.Token, Language: "en"}
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

// told is where the messages by each template went.
func told(list []auth.Message) map[string]string {
	all := map[string]string{}
	for _, m := range list {
		all[m.Template] = strings.TrimSpace(all[m.Template] + " " + string(m.Recipient))
	}
	return all
}

// solved is a puzzle that was solved by work.
func (w *world) solved(c auth.Caller) auth.PuzzleAnswer {
	w.t.Helper()
	p, err := w.s.Puzzle(w.t.Context(), c)
	if err != nil {
		w.t.Fatal(err)
	}
	number := 0
	for number <= p.Work.MaxNumber && fmt.Sprintf("%x", sha256.Sum256([]byte(p.Work.Salt+strconv.Itoa(number)))) != p.Work.Challenge {
		number++
	}
	raw, err := json.Marshal(map[string]any{"algorithm": p.Work.Algorithm, "challenge": p.Work.Challenge, "number": number,
		"salt": p.Work.Salt, "signature": p.Work.Signature})
	if err != nil {
		w.t.Fatal(err)
	}
	return auth.PuzzleAnswer{Work: base64.StdEncoding.EncodeToString(raw)}
}

// ask asks for a case and returns the link that was mailed, "" if none was.
func (w *world) ask(c auth.Caller, identifier, email string, lost ...recovery.Thing) string {
	w.t.Helper()
	w.mail()
	if lost == nil {
		lost = []recovery.Thing{recovery.Phone}
	}
	err := w.cases.Ask(w.t.Context(), c, recovery.AskForm{Identifier: identifier, NewEmail: email, Lost: lost,
		PuzzleAnswer: w.solved(c)})
	if err != nil {
		w.t.Fatal(err)
	}
	for _, m := range w.mail() {
		if m.Template == auth.TemplateRecoveryLink || m.Template == auth.TemplateRecoveryNew {
			return lastPart(m.Args["link"])
		}
	}
	return ""
}

func lastPart(link string) string { return link[strings.LastIndex(link, "/")+1:] }

// opened is a case that was opened, and the link by which the owner objects.
func (w *world) opened(identifier, email string, lost ...recovery.Thing) (link, objection string) {
	w.t.Helper()
	link = w.ask(auth.Caller{Language: "en"}, identifier, email, lost...)
	if link == "" {
		w.t.Fatal("no link was mailed")
	}
	w.does("opening", func() error { _, err := w.cases.OpenCase(w.t.Context(), auth.Caller{}, link); return err })
	for _, m := range w.mail() {
		if m.Template == auth.TemplateRecoveryOpened {
			objection = lastPart(m.Args["link"])
		}
	}
	return link, objection
}

// inReview is an open case that reviewers have.
func (w *world) inReview(identifier, email string, lost ...recovery.Thing) (link, objection string) {
	w.t.Helper()
	link, objection = w.opened(identifier, email, lost...)
	w.does("answering", func() error {
		_, err := w.cases.AnswerCase(w.t.Context(), auth.Caller{}, link, "It fell into the sea.")
		return err
	})
	return link, objection
}

// idOf is a case's id, as reviewers know it.
func idOf(link string) string { return link[:22] }

func by(id string) recovery.Reviewer { return recovery.Reviewer{ID: id} }

// checks has a reviewer check all of a case.
func (w *world) checks(link, id string) {
	w.t.Helper()
	w.does("checking by "+id, func() error {
		_, err := w.cases.NoteCase(w.t.Context(), auth.Caller{}, by(id), idOf(link), recovery.Checks(), "")
		return err
	})
}

// approve is the word of reviewers, one after the other, who have checked all of it.
func (w *world) approve(link string, ids ...string) {
	w.t.Helper()
	for _, id := range ids {
		w.checks(link, id)
		w.does("approving by "+id, func() error {
			_, err := w.cases.ApproveCase(w.t.Context(), auth.Caller{}, by(id), idOf(link))
			return err
		})
	}
}

func (w *world) does(what string, act func() error) {
	w.t.Helper()
	if err := act(); err != nil {
		w.t.Fatalf("%s: %v", what, err)
	}
}

// at is where a case stands, as its applicant is told.
func (w *world) at(link string) *recovery.CaseInfo {
	w.t.Helper()
	info, err := w.cases.Case(w.t.Context(), auth.Caller{}, link)
	if err != nil {
		w.t.Fatal(err)
	}
	return info
}

// methods is how many second steps an account has, and whether it has one that is on.
func (p *person) methods() int {
	p.w.t.Helper()
	info, err := p.w.lab.Session(p.w.t.Context(), auth.Caller{}, p.id)
	if err != nil {
		p.w.t.Fatal(err)
	}
	if info.Session.Restricted {
		return 0
	}
	all, err := p.w.s.Security(p.w.t.Context(), auth.Caller{Token: info.Token})
	if err != nil {
		p.w.t.Fatal(err)
	}
	return len(all.Methods)
}

func wantCode(t testing.TB, what string, err error, code auth.Code) {
	t.Helper()
	if code == "" && err == nil || code != "" && errors.Is(err, auth.Refuse(code)) {
		return
	}
	t.Errorf("%s: got %v, want %q", what, err, code)
}
