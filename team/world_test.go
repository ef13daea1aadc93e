package team_test

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/store/storetest"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/totp"
)

// A world is shops over a real store, with a clock that tests move. Its people come from the lab's maker.
type world struct {
	t     testing.TB
	s     *auth.Service
	lab   *lab.Service
	shops *team.Service

	mu  sync.Mutex
	now time.Time
}

func few() team.Limits { return team.Limits{Shops: 3, Members: 8, Owners: 3, Invitations: 3} }

// newWorld is behind the decorator that runs every pass twice.
func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{t: t, now: time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)}
	db, err := bolt.Open(filepath.Join(t.TempDir(), "latchkey.db"), bolt.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	apps, err := totp.New(totp.Config{})
	if err != nil {
		t.Fatal(err)
	}
	w.s, err = auth.New(auth.Config{DB: storetest.Twice(db, 1), Keys: store.Plain(), Factors: []auth.Factor{apps},
		Policy: auth.Marketplace(), Site: "Latchkey", Origin: "http://localhost:8080", RPID: "localhost",
		Lab: auth.NewClock(w.time), Pause: func(context.Context, time.Duration) {}, Pace: auth.Pace{Burst: -1}})
	if err != nil {
		t.Fatal(err)
	}
	if w.lab, err = lab.New(w.s, nil); err != nil {
		t.Fatal(err)
	}
	if w.shops, err = team.New(w.s, "http://localhost:8080", few()); err != nil {
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

// A person is an account with a session that has just shown its app.
type person struct {
	w    *world
	id   auth.AccountID
	name string
	auth.Caller
	secret string // of the app, where it has signed up
}

func (w *world) person(name string) *person {
	w.t.Helper()
	_, err := w.lab.Make(w.t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Email: name + "@example.com",
		Methods: []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}}})
	if err != nil {
		w.t.Fatal(err)
	}
	p := &person{w: w, id: lab.FixtureID(name), name: name}
	p.signIn()
	return p
}

// signIn gives the person a fresh session.
func (p *person) signIn() {
	p.w.t.Helper()
	info, err := p.w.lab.Session(p.w.t.Context(), auth.Caller{}, p.id)
	if err != nil {
		p.w.t.Fatal(err)
	}
	p.Caller = auth.Caller{Token: info.Token, Language: "en"}
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

// shop makes a shop that p owns.
func (p *person) shop() string {
	p.w.t.Helper()
	x, err := p.w.shops.CreateShop(p.w.t.Context(), p.Caller, p.name+"'s shop")
	if err != nil {
		p.w.t.Fatal(err)
	}
	return x.ID
}

// invite mails an invitation and returns its token.
func (p *person) invite(shop, to string, as team.Role) string {
	p.w.t.Helper()
	p.w.mail()
	if _, err := p.w.shops.InviteMember(p.w.t.Context(), p.Caller, shop, to, as); err != nil {
		p.w.t.Fatal(err)
	}
	for _, m := range p.w.mail() {
		if m.Template == auth.TemplateShopInvite {
			link := m.Args["link"]
			return link[strings.LastIndex(link, "/")+1:]
		}
	}
	p.w.t.Fatal("no invitation was mailed")
	return ""
}

// joins takes a place in a shop that p has invited him to.
func (q *person) joins(p *person, shop string, as team.Role) {
	q.w.t.Helper()
	token := p.invite(shop, q.name+"@example.com", as)
	if _, err := q.w.shops.AcceptInvitation(q.w.t.Context(), q.Caller, token); err != nil {
		q.w.t.Fatal(err)
	}
}

// staffed is a shop with one of each role, who are owners for long enough.
func (w *world) staffed() (shop string, people map[team.Role]*person) {
	w.t.Helper()
	people = map[team.Role]*person{team.Owner: w.person("owner")}
	shop = people[team.Owner].shop()
	for _, r := range []team.Role{team.Administrator, team.Member, team.ReadOnly} {
		people[r] = w.person(string(r))
		people[r].joins(people[team.Owner], shop, r)
	}
	return shop, people
}

// roles is who is what in a shop, as p sees it; suspended ones with a star.
func (p *person) roles(shop string) string {
	p.w.t.Helper()
	info, err := p.w.shops.Shop(p.w.t.Context(), p.Caller, shop)
	if err != nil {
		return err.Error()
	}
	var list []string
	for _, m := range info.Members {
		star := map[bool]string{true: "*"}[m.Suspended]
		list = append(list, m.Name+star+" "+string(m.Role))
	}
	return strings.Join(list, ", ")
}

func wantCode(t testing.TB, what string, err error, code auth.Code) {
	t.Helper()
	if code == "" && err == nil || code != "" && errors.Is(err, auth.Refuse(code)) {
		return
	}
	t.Errorf("%s: got %v, want %q", what, err, code)
}
