package auth_test

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

// A stall is a package on the subjects' floor, in small: it has a noun, rules,
// two collections and something that comes due.
type stall struct {
	door  *auth.Door
	goods *auth.Records[good]
	bids  *auth.Records[bid]
	sold  []string
}

type good struct {
	Name string    `json:"n"`
	Code string    `json:"c"`
	Gone time.Time `json:"g,omitzero"`
	Sale time.Time `json:"s,omitzero"`
}

type bid struct {
	By auth.AccountID `json:"b"`
}

const (
	actOffer auth.Action = "stall-offer"
	actLook  auth.Action = "stall-look"
	actShut  auth.Action = "stall-shut"
	actSell  auth.Action = "stall-sell"
	actLab   auth.Action = "stall-lab"
)

func stallRules() map[auth.Action]auth.Rule {
	return map[auth.Action]auth.Rule{
		actOffer: {Who: auth.Enrolled, Demand: auth.Demand{Class: auth.Weak, MaxAge: 10 * time.Minute}, Audit: true},
		actLook:  {Who: auth.Anyone, Reads: true},
		actShut:  {Who: auth.Anyone},
		actSell:  {Who: auth.System},
		actLab:   {Who: auth.Tester},
	}
}

func newStall() *stall {
	x := new(stall)
	x.goods = auth.NewRecords("good", store.Blind("code", true, func(g *good) []string { return []string{g.Code} })).
		Sweep(func(g *good, now time.Time) bool { return !g.Gone.IsZero() && now.After(g.Gone) }).
		Due(func(g *good, now time.Time) bool { return !g.Sale.IsZero() && !now.Before(g.Sale) }, x.sell)
	x.bids = auth.NewRecords[bid]("bid").Perishable()
	return x
}

func (x *stall) part() auth.Part {
	return auth.Part{Name: "stall", Rules: stallRules(), Collections: []auth.Collection{x.goods, x.bids}}
}

// sell is what comes due.
func (x *stall) sell(ctx context.Context, c auth.Caller, id string) error {
	name, err := auth.Do(ctx, x.door, c, actSell, func(w *auth.Work) (string, error) {
		g, err := x.goods.Get(w, id)
		if err != nil {
			return "", err
		}
		g.Sale = time.Time{}
		return g.Name, x.goods.Put(w, id, g)
	})
	x.sold = append(x.sold, name)
	return err
}

func (w *world) stall() *stall {
	w.t.Helper()
	x := newStall()
	door, err := auth.Register(w.s, x.part())
	ok(w.t, "registering", err)
	x.door = door
	return x
}

// in is a pass of a stall that anybody may make and that is not audited.
func (x *stall) in(t *testing.T, fn func(*auth.Work) error) error {
	t.Helper()
	return x.door.Do(t.Context(), auth.Caller{}, actShut, fn)
}

func TestRegisterRefuses(t *testing.T) {
	w := newWorld(t)
	w.stall()
	rule := func(a auth.Action) map[auth.Action]auth.Rule { return map[auth.Action]auth.Rule{a: {}} }
	first, taken := auth.NewRecords[bid]("bid"), auth.NewRecords[bid]("bid")
	if _, err := auth.Register(newWorld(t).s, auth.Part{Name: "team", Collections: []auth.Collection{taken}}); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		part auth.Part
		want string
	}{
		"a rule of auth's":         {auth.Part{Name: "team", Rules: rule(auth.ActSignIn)}, "has a rule already"},
		"a rule of another part's": {auth.Part{Name: "team", Rules: rule(actOffer)}, "has a rule already"},
		"a part twice":             {auth.Part{Name: "stall"}, "registered twice"},
		"no name":                  {auth.Part{}, "its name"},
		"a name with a sign":       {auth.Part{Name: "a_b"}, "its name"},
		"a collection twice":       {auth.Part{Name: "team", Collections: []auth.Collection{first, auth.NewRecords[good]("bid")}}, "two collections"},
		"one collection twice":     {auth.Part{Name: "desk", Collections: []auth.Collection{taken}}, "registered already"},
		"a collection of no name":  {auth.Part{Name: "team", Collections: []auth.Collection{auth.NewRecords[bid]("")}}, "no name"},
	} {
		if _, err := auth.Register(w.s, tt.part); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that says %q", name, err, tt.want)
		}
	}
}

// A part goes through the door for what it has registered, and touches nothing
// that it has not.
func TestAPartDoesOnlyWhatItHasRegistered(t *testing.T) {
	w := newWorld(t)
	x, other := w.stall(), newWorld(t).stall()
	nothing := func(*auth.Work) error { t.Error("got through"); return nil }
	for _, a := range []auth.Action{auth.ActSignIn, auth.ActSweep, "unheard-of"} {
		var refused *auth.Error
		if err := x.door.Do(t.Context(), auth.Caller{}, a, nothing); err == nil || errors.As(err, &refused) {
			t.Errorf("%s: got %v, want a failure", a, err)
		}
	}
	wantCode(t, "a tester at a site", x.door.Do(t.Context(), auth.Caller{}, actLab, nothing), auth.NotFound)
	wantCode(t, "somebody as the service", x.door.Do(t.Context(), auth.Caller{}, actSell, nothing), auth.Forbidden)
	wantCode(t, "nobody", x.door.Do(t.Context(), auth.Caller{}, actOffer, nothing), auth.SessionRequired)
	unregistered := auth.NewRecords[good]("good")
	for name, goods := range map[string]*auth.Records[good]{"not registered": unregistered, "registered elsewhere": other.goods} {
		for call, fn := range map[string]func(*auth.Work) error{
			"Get":    func(w *auth.Work) error { _, err := goods.Get(w, "id"); return err },
			"One":    func(w *auth.Work) error { _, err := goods.One(w, "code", "c"); return err },
			"Find":   func(w *auth.Work) error { _, err := goods.Find(w, "code", "c", 1); return err },
			"Insert": func(w *auth.Work) error { return goods.Insert(w, "id", &good{}) },
			"Put":    func(w *auth.Work) error { return goods.Put(w, "id", &good{}) },
			"Delete": func(w *auth.Work) error { return goods.Delete(w, "id") },
			"Prefix": func(w *auth.Work) (err error) {
				for _, err = range goods.Prefix(w, "", 1) {
				}
				return err
			},
		} {
			if err := x.in(t, fn); err == nil || !strings.Contains(err.Error(), "not registered") {
				t.Errorf("%s, %s: got %v, want an error", name, call, err)
			}
		}
	}
	for name, act := range map[string]func(*auth.Work) error{ // acts of a lab, at a site
		"PlantAccount":  func(w *auth.Work) error { _, err := w.MakeAccount(auth.Account{ID: "a"}, nil); return err },
		"SignInPlanted": func(w *auth.Work) error { _, err := w.SignInFixture("a"); return err },
		"Unbind":        func(w *auth.Work) error { return w.Unbind("a", "m") },
	} {
		wantCode(t, name, x.in(t, act), auth.NotFound)
	}
	lab := newWorld(t, asLab)
	y := lab.stall() // and in a lab where no tester acts
	wantCode(t, "planting by anybody", y.in(t, func(w *auth.Work) error { _, err := w.MakeAccount(auth.Account{ID: "a"}, nil); return err }), auth.NotFound)
}

// What any use case needs, by a part's own rule: the session and the account are
// read, the demand is held, and the act is in the history.
func TestAPartsUseCase(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	_, c := w.enrolled("wei@example.com", sellerNumber)
	w.mail()
	offer := func(c auth.Caller) (string, error) {
		return auth.Do(t.Context(), x.door, c, actOffer, func(p *auth.Work) (string, error) {
			id := p.NewID()
			if !strings.Contains(string(p.Account().MaskedEmail), "•") || p.Session() == nil || !p.Session().Current {
				t.Errorf("got %+v, %+v, want the caller's", p.Account(), p.Session())
			}
			if p.Now() != p.ClockNow() || p.Caller().Token != c.Token {
				t.Error("got another time or caller")
			}
			p.Note(id, "a lamp")
			if err := x.bids.Put(p, id, &bid{By: p.Account().ID}); err != nil {
				return "", err
			}
			if err := p.Notify(p.Account().ID, auth.TemplateChange, map[string]string{"what": "password"}); err != nil {
				return "", err
			}
			return id, x.goods.Insert(p, id, &good{Name: "lamp", Code: "lamp-1"})
		})
	}
	id, err := offer(c)
	ok(t, "offering", err)
	if _, err := offer(c); !errors.Is(err, store.ErrExists) {
		t.Errorf("a second good of that code: got %v, want %v", err, store.ErrExists)
	}
	g, err := auth.Do(t.Context(), x.door, auth.Caller{}, actLook, func(p *auth.Work) (*good, error) { return x.goods.Get(p, id) })
	if err != nil || g.Name != "lamp" {
		t.Errorf("got %+v, %v, want the lamp under the id that the pass returned", g, err)
	}
	if n := len(w.mail()); n != 1 {
		t.Errorf("got %d notices, want one", n)
	}
	h, err := w.s.History(t.Context(), c, "", 10)
	ok(t, "history", err)
	if e := h.Events[0]; e.Action != actOffer || e.Item != "a lamp" || e.Outcome != "" {
		t.Errorf("got %+v, want the offer on top of the history", e)
	}
	info, err := w.s.StepUp(t.Context(), c, actOffer, "")
	if err != nil || !info.Done || info.Demand.Class != auth.Weak {
		t.Errorf("step-up for a part's action: got %+v, %v, want what its rule demands", info, err)
	}
	w.pass(time.Hour)
	_, err = offer(c)
	wantCode(t, "an hour later", err, auth.StepUpRequired)
}

// Every world runs each pass twice: both runs draw the same.
func TestAPartDrawsOnce(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	var drawn []string
	ok(t, "drawing", x.in(t, func(p *auth.Work) error {
		drawn = append(drawn, p.NewID()+" "+p.NewID())
		return nil
	}))
	if len(drawn) != 2 || drawn[0] != drawn[1] || drawn[0][:22] == drawn[0][23:] {
		t.Errorf("got %q, want two runs with the same two ids", drawn)
	}
}

func TestAPartConsumesAndCounts(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	until := w.time().Add(time.Hour)
	consume := func(p *auth.Work) error { return p.Consume("r4nd0m", until, auth.LinkUsed) }
	unused := func(p *auth.Work) error { return p.NotConsumed("r4nd0m", auth.LinkUsed) }
	ok(t, "before", x.in(t, unused))
	ok(t, "the first", x.in(t, consume))
	wantCode(t, "the second", x.in(t, consume), auth.LinkUsed)
	wantCode(t, "after", x.in(t, unused), auth.LinkUsed)
	count := func(p *auth.Work) error { _, err := p.Count("bids", 2, 0); return err }
	ok(t, "one of two", x.in(t, count))
	ok(t, "two of two", x.in(t, count))
	wantCode(t, "three of two", x.in(t, count), auth.SendLimitReached)
	send := func(to string) error {
		return x.in(t, func(p *auth.Work) error {
			return p.Send(auth.Message{Channel: auth.Mail, Recipient: ident.Recipient(to), Language: "en", Template: auth.TemplateChange})
		})
	}
	ok(t, "a mail", send("guest@example.com"))
	wantCode(t, "another at once", send("guest@example.com"), auth.ResendTooSoon)
}

func TestAPartEndsAndFreezes(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	secret, c := w.enrolled("wei@example.com", sellerNumber)
	me, err := w.s.Me(t.Context(), c)
	ok(t, "me", err)
	ok(t, "ending", x.in(t, func(p *auth.Work) error { return p.EndSessions(me.Account) }))
	_, err = w.s.Me(t.Context(), c)
	wantCode(t, "after the end", err, auth.SessionEnded)
	again := with(caller("home"), w.second(caller("home"), w.signIn(caller("home"), "wei@example.com"), secret).Token)
	ok(t, "freezing", x.in(t, func(p *auth.Work) error { return p.Freeze(me.Account) }))
	_, err = w.s.Me(t.Context(), again)
	wantCode(t, "a session of a frozen account", err, auth.SessionEnded)
	_, err = w.s.SignIn(t.Context(), caller("home"), auth.SignInForm{Identifier: "wei@example.com", Password: password})
	wantCode(t, "signing in to one", err, auth.AccountDisabled)
	ok(t, "thawing", x.in(t, func(p *auth.Work) error { return p.Thaw(me.Account) }))
	w.pass(time.Minute)
	last := with(caller("home"), w.second(caller("home"), w.signIn(caller("home"), "wei@example.com"), secret).Token)
	if list, err := w.s.Sessions(t.Context(), last); err != nil || len(list) != 1 {
		t.Errorf("thawed: got the sessions %v (%v), want the newest alone", list, err)
	}
	for name, act := range map[string]func(*auth.Work) error{
		"freezing": func(p *auth.Work) error { return p.Freeze("nobody") },
		"reading":  func(p *auth.Work) error { _, err := p.AccountOf("nobody"); return err },
		"telling":  func(p *auth.Work) error { return p.Notify("nobody", auth.TemplateChange, nil) },
	} {
		wantCode(t, name+" nobody", x.in(t, act), auth.NotFound)
	}
}

// What comes with the registration: a sweep, what comes due, the restore epoch.
func TestWhatComesWithAPart(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	ok(t, "filling", x.in(t, func(p *auth.Work) error {
		return errors.Join(
			x.goods.Put(p, "over", &good{Code: "1", Gone: p.Now().Add(time.Minute)}),
			x.goods.Put(p, "kept", &good{Code: "2", Gone: p.Now().Add(time.Hour)}),
			x.goods.Put(p, "due", &good{Code: "3", Name: "kettle", Sale: p.Now().Add(time.Minute)}),
			x.bids.Put(p, "bid", &bid{By: "a"}))
	}))
	left := func() (ids string) {
		t.Helper()
		ids, err := auth.Do(t.Context(), x.door, auth.Caller{}, actLook, func(p *auth.Work) (string, error) {
			var list []string
			for item, err := range x.goods.Prefix(p, "", 10) {
				if err != nil {
					return "", err
				}
				list = append(list, item.ID)
			}
			for item, err := range x.bids.Prefix(p, "", 10) {
				if err != nil {
					return "", err
				}
				list = append(list, item.ID)
			}
			return strings.Join(list, " "), nil
		})
		ok(t, "reading", err)
		return ids
	}
	ok(t, "sweeping", w.s.Sweep(t.Context()))
	if got := left(); got != "due kept over bid" || len(x.sold) > 0 {
		t.Errorf("before its time: got %q, sold %q", got, x.sold)
	}
	w.pass(2 * time.Minute)
	ok(t, "sweeping", w.s.Sweep(t.Context()))
	ok(t, "sweeping again", w.s.Sweep(t.Context()))
	if got := left(); got != "due kept bid" || len(x.sold) != 1 || x.sold[0] != "kettle" {
		t.Errorf("in its time: got %q, sold %q, want what is over gone, and the kettle sold once", got, x.sold)
	}
	w.putBack(w.backup())
	x = w.stall()
	_, err := w.s.Restored(t.Context(), true)
	ok(t, "restoring", err)
	if got := left(); got != "due kept" {
		t.Errorf("after a restore: got %q, want no bid of before", got)
	}
	ok(t, "a new bid of that id", x.in(t, func(p *auth.Work) error { return x.bids.Insert(p, "bid", &bid{By: "b"}) }))
	if got := left(); got != "due kept bid" {
		t.Errorf("a bid of after the restore: got %q, want it", got)
	}
}

// A part's documents are of the lab in which they were written, and gone with it.
func TestALabsPart(t *testing.T) {
	keys, err := store.NewKeys(store.Secret{7}, func([]byte) error { return nil })
	ok(t, "making keys", err)
	w := newWorld(t, sealedWith(keys), asLab)
	x := w.stall()
	put := func(p *auth.Work) error { return x.goods.Put(p, "g", &good{Code: "1"}) }
	ok(t, "writing", x.in(t, put))
	if list := rows(t, w.db, "stall_good", "stall_good.code"); len(list) != 2 {
		t.Fatalf("got %d rows, want a document and its index", len(list))
	}
	site := store.NewCollection[good]("stall_good", keys)
	ok(t, "reading", w.db.View(t.Context(), func(tx store.Tx) error {
		if _, err := site.Get(tx, "g"); !errors.Is(err, store.ErrSealed) {
			t.Errorf("as a site's: got %v, want %v", err, store.ErrSealed)
		}
		return nil
	}))
	ok(t, "resetting", w.s.Lab().Reset(t.Context(), auth.Caller{}))
	if list := rows(t, w.db, "stall_good", "stall_good.code"); len(list) > 0 {
		t.Errorf("got %d rows, want none", len(list))
	}
	later, err := auth.Do(t.Context(), x.door, auth.Caller{Later: time.Hour}, actShut, func(p *auth.Work) (time.Duration, error) {
		return p.Now().Sub(p.ClockNow()), nil
	})
	if err != nil || later != time.Hour {
		t.Errorf("an hour later: got %v, %v, want both times", later, err)
	}
}

// What a part sends is within what the site pays for: to countries that it serves, on the budget of new numbers, and it
// is written.
func TestAPartSendsWithinLimits(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) {
		c.Policy.Countries = []string{"CN"}
		c.Policy.SendsPerPrefix = 4 // one for new numbers that begin alike
	})
	x := w.stall()
	send := func(ch auth.Channel, to string) error {
		return x.in(t, func(p *auth.Work) error {
			return p.Send(auth.Message{Channel: ch, Recipient: ident.Recipient(to), Template: auth.TemplateChange})
		})
	}
	wantCode(t, "a text to a country that is not served", send(auth.SMS, "+85251234567"), auth.CountryNotServed)
	ok(t, "a text", send(auth.SMS, sellerNumber))
	w.hears("a text", "sms "+sellerNumber+": change")
	wantCode(t, "another that begins alike", send(auth.SMS, "+8613800138001"), auth.TextsLater)
	for _, to := range []string{"a@example.com", "b@example.com"} {
		ok(t, "a mail", send(auth.Mail, to))
		w.hears("a mail", "email "+to+": change")
	}
}

// What a part sends in somebody's act is in his language, unless it says another.
func TestAPartSendsInTheLanguageOfWhoActs(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	_, c := w.enrolled("wei@example.com", sellerNumber)
	w.mail()
	for said, want := range map[string]string{"": "en", "zh-CN": "zh-CN"} {
		ok(t, "sending", x.door.Do(t.Context(), c, actOffer, func(p *auth.Work) error {
			return p.Send(auth.Message{Channel: auth.Mail, Recipient: "a" + ident.Recipient(want) + "@example.com",
				Template: auth.TemplateChange, Language: said})
		}))
		if m := w.lastMail(auth.TemplateChange); m.Language != want {
			t.Errorf("%q said: got a mail in %q, want %q", said, m.Language, want)
		}
	}
}

// Where the rule reads no session there is none, nor an account; a frozen account has nothing that waits.
func TestAPartWithoutASession(t *testing.T) {
	w := waits(t)
	w.pass(13 * time.Hour) // who asked is idle
	w.owner = w.byKey("home")
	x := w.stall()
	me, err := w.s.Me(t.Context(), w.owner)
	ok(t, "me", err)
	ok(t, "freezing", x.in(t, func(p *auth.Work) error {
		if p.Session() != nil || p.Account() != nil {
			t.Errorf("got %+v of %+v, want none", p.Session(), p.Account())
		}
		return p.Freeze(me.Account)
	}))
	if left := w.documents("change"); left != "" {
		t.Errorf("got %s, want nothing that waits", left)
	}
	ok(t, "thawing", x.in(t, func(p *auth.Work) error { return p.Thaw(me.Account) }))
	if info := w.overview(); len(info.Changes) > 0 {
		t.Errorf("got %+v, want nothing that waits", info.Changes)
	}
}

// A wareV0 and a ware are one document in two versions.
type wareV0 struct {
	Title string `json:"t"`
}

type ware struct {
	Name string `json:"n"`
}

func (*ware) Version() byte { return 1 }

func (x *ware) Upgrade(_ byte, old []byte) error {
	var was wareV0
	err := json.Unmarshal(old, &was)
	x.Name = was.Title
	return err
}

// A part's documents are brought up to date when they are read, and each of its calls does what it says.
func TestAPartsDocuments(t *testing.T) {
	w := newWorld(t)
	x := w.stall()
	old := auth.NewRecords[wareV0]("ware")
	shop, err := auth.Register(w.s, auth.Part{Name: "shop", Collections: []auth.Collection{old},
		Rules: map[auth.Action]auth.Rule{"shop-act": {Who: auth.Anyone}}})
	ok(t, "registering", err)
	in := func(fn func(*auth.Work) error) error { return shop.Do(t.Context(), auth.Caller{}, "shop-act", fn) }
	ok(t, "writing", in(func(p *auth.Work) error { return old.Put(p, "w", &wareV0{Title: "lamp"}) }))
	ok(t, "bids", x.in(t, func(p *auth.Work) error {
		return errors.Join(x.bids.Insert(p, "a", &bid{By: "a"}), x.bids.Insert(p, "b", &bid{By: "b"}),
			x.bids.Insert(p, "c", &bid{By: "c"}))
	}))
	ok(t, "a second of one id", x.in(t, func(p *auth.Work) error {
		if err := x.bids.Insert(p, "a", &bid{By: "d"}); !errors.Is(err, store.ErrExists) {
			t.Errorf("got %v, want %v", err, store.ErrExists)
		}
		var seen []string
		for item, err := range x.bids.Prefix(p, "", 10) {
			if err != nil {
				return err
			}
			if seen = append(seen, item.ID); len(seen) == 2 {
				break
			}
		}
		if strings.Join(seen, " ") != "a b" {
			t.Errorf("got %v, want the first two", seen)
		}
		return x.bids.Delete(p, "b")
	}))
	get := func(id string) error {
		return x.in(t, func(p *auth.Work) error { return lastErr(x.bids.Get(p, id)) })
	}
	ok(t, "one that stays", get("c"))
	if err := get("b"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("one that was deleted: got %v, want %v", err, store.ErrNotFound)
	}
	w.putBack(w.backup())
	x = w.stall()
	now := auth.NewRecords[ware]("ware").Perishable().Due(func(*ware, time.Time) bool { return true },
		func(_ context.Context, _ auth.Caller, id string) error {
			t.Errorf("%s came due, want nothing of a backup", id)
			return nil
		})
	shop, err = auth.Register(w.s, auth.Part{Name: "shop", Collections: []auth.Collection{now},
		Rules: map[auth.Action]auth.Rule{"shop-act": {Who: auth.Anyone}}})
	ok(t, "registering", err)
	ok(t, "reading", in(func(p *auth.Work) error {
		got, err := now.Get(p, "w")
		if err == nil && got.Name != "lamp" {
			t.Errorf("got %+v, want it brought up to date", got)
		}
		return err
	}))
	ok(t, "restoring", lastErr(w.s.Restored(t.Context(), true)))
	if err := get("c"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("after a restore: got %v, want %v", err, store.ErrNotFound)
	}
	ok(t, "sweep", w.s.Sweep(t.Context()))
	if left := w.documents("stall_bid", "shop_ware"); left != "" {
		t.Errorf("got %s, want all of it swept", left)
	}
}
