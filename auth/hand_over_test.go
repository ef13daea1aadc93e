package auth_test

import (
	"cmp"
	"encoding/json"
	"maps"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
)

const (
	buyers      = "buyer@example.org"
	buyersWords = "Quiet-Heron551"
	week        = 7 * day
)

// numberOf is whose number that is.
func (w *world) numberOf(number string) (id auth.AccountID) {
	w.t.Helper()
	door, err := auth.Register(w.s, auth.Part{Name: "finder", Rules: map[auth.Action]auth.Rule{"find": {}}})
	ok(w.t, "a part", err)
	ok(w.t, "find", door.Do(w.t.Context(), auth.Caller{}, "find", func(p *auth.Work) error {
		info, err := p.Find(number)
		if err == nil && info != nil {
			id = info.ID
		}
		return err
	}))
	return id
}

// handOver gives an account to a buyer, as a part does that has decided it.
func (w *world) handOver(id auth.AccountID) error {
	w.t.Helper()
	door, err := auth.Register(w.s, auth.Part{Name: "handover", Rules: map[auth.Action]auth.Rule{
		"handed": {Who: auth.System, Audit: true}}})
	ok(w.t, "a part", err)
	return door.Do(w.t.Context(), door.Operator("notary"), "handed", func(p *auth.Work) error {
		return p.HandOver(id, auth.Successor{Name: "Mei", Email: buyers, Language: "zh-CN", CoolOff: week})
	})
}

// succeeds has the buyer set his password and enrol with an app.
func (w *world) succeeds() auth.Caller {
	w.t.Helper()
	w.pass(time.Minute)
	w.reset(buyers, buyersWords)
	info, err := w.s.SignIn(w.t.Context(), caller("buyer"), auth.SignInForm{Identifier: buyers, Password: buyersWords})
	ok(w.t, "sign in", err)
	if info.Step != auth.StepEnrol {
		w.t.Fatalf("the buyer: got step %s, want that he enrols", info.Step)
	}
	_, c := w.enrolApp(with(caller("buyer"), info.Token))
	return c
}

// An account changes hands by an act of the service itself that is in the trail, and by no other; not to an address
// that somebody has, its former owner included.
func TestWhoHandsAnAccountOver(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	w.seller("other@example.com", "+8613800138001")
	me, err := w.s.Me(ctx, o.byKey("home"))
	ok(t, "who", err)
	strongly := auth.Demand{Class: auth.Strong, MaxAge: 10 * time.Minute}
	door, err := auth.Register(w.s, auth.Part{Name: "notary", Rules: map[auth.Action]auth.Rule{
		"give": {Who: auth.System, Audit: true}, "give-unseen": {Who: auth.System},
		"give-any":  {Who: auth.Anyone, Audit: true},
		"give-mine": {Who: auth.Enrolled, Demand: strongly, Audit: true},
	}})
	ok(t, "a part", err)
	give := func(a auth.Action, c auth.Caller, id auth.AccountID, to auth.Successor) error {
		return door.Do(ctx, c, a, func(p *auth.Work) error { return p.HandOver(id, to) })
	}
	buyer := auth.Successor{Name: "Mei", Email: buyers}
	for a, c := range map[auth.Action]auth.Caller{"give-unseen": door.Operator("ann"), "give-mine": o.byKey("home"),
		"give-any": {}} {
		if err := give(a, c, me.Account, buyer); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: got %v, want a failure", a, err)
		}
	}
	wantCode(t, "a seller as the service", give("give", o.byKey("home"), me.Account, buyer), auth.Forbidden)
	wantCode(t, "nobody's", give("give", door.Operator("ann"), "x", buyer), auth.NotFound)
	for _, taken := range []ident.Email{"other@example.com", "Seller@Example.com"} {
		to := auth.Successor{Name: "Mei", Email: taken}
		wantCode(t, "to "+string(taken), give("give", door.Operator("ann"), me.Account, to), auth.AccountExists)
	}
	if len(o.overview().Methods) == 0 {
		t.Fatal("got the account handed over, want it the owner's")
	}
}

// successions are the ways in which an account is another one's: who has a mailbox alone sets a password by it, and who
// has an account that was made for it brings all that he has set up. Each returns a session of the buyer's.
func successions() map[string]func(*robbed) auth.Caller {
	return map[string]func(*robbed) auth.Caller{
		"to a mailbox": func(r *robbed) auth.Caller {
			ok(r.t, "hand over", r.handOver(r.numberOf(sellerNumber)))
			return r.succeeds()
		},
		"to an account": func(r *robbed) auth.Caller {
			id := r.numberOf(sellerNumber)
			n := r.notary()
			ok(r.t, "hand over", n.give(id, auth.Successor{From: n.successor(), CoolOff: week}))
			return n.signsIn()
		},
	}
}

// What a former owner holds, or a thief of before, opens nothing once the account has another owner: the table of
// thieves, with that as the answer. What he presses in notices of before neither brings anything back nor ends
// anything.
func TestNothingOfAFormerOwnerStands(t *testing.T) {
	const gone = "it is the owner's password that says so, and it is gone: see the table of what is stored"
	apart := map[string]string{"a removal that waits": gone, "one of a session that has run out": gone,
		"the wait of strangers": "it holds the right password up, which is another one now"}
	all := holdings()
	maps.Copy(all, resetHoldings())
	all["a former owner"] = holding{loots: formerLoots()}
	for holds, h := range all {
		for puts, place := range h.loots {
			if apart[puts] != "" {
				continue
			}
			for way, hand := range successions() {
				t.Run(way+": "+holds+": "+puts, func(t *testing.T) {
					t.Parallel()
					if h.answers == nil {
						ok(t, "before", place(rob(newWorld(t), h.weak))())
					}
					r := rob(newWorld(t), h.weak)
					use := place(r)
					c := hand(r)
					r.current, r.named = buyersWords, buyers
					at := r.time()
					if err := use(); err == nil {
						t.Error("it still works")
					}
					if r.time().Sub(at) < 12*time.Hour { // it has not run out meanwhile
						ok(t, "the buyer's session", r.me(&c)())
					}
				})
			}
		}
	}
}

// formerLoots are what a former owner has, who even knows the buyer's password: it alone opens nothing.
func formerLoots() map[string]loot {
	return map[string]loot{
		"the security code": func(r *robbed) func() error {
			code := r.setCode(r.atDesk())
			r.pass(time.Hour)
			return r.behindPassword("former", func(c auth.Caller, flow string) error {
				return lastErr(r.s.CodeSignIn(r.t.Context(), c, flow, code))
			})
		},
		"recovery codes": func(r *robbed) func() error {
			return r.behindPassword("former", func(c auth.Caller, flow string) error {
				return r.shows(c, flow, auth.MethodChoice{Kind: auth.Lookup}, func(*auth.Challenge) json.RawMessage {
					return typed(r.codes[0])
				})
			})
		},
		"a key": func(r *robbed) func() error {
			return r.behindPassword("former", func(c auth.Caller, flow string) error {
				return r.shows(c, flow, byKey, func(ch *auth.Challenge) json.RawMessage {
					return touch(r.t, r.stick, ch)
				})
			})
		},
		"a trusted browser": func(r *robbed) func() error {
			b, err := r.s.TrustBrowser(r.t.Context(), r.in("home"))
			ok(r.t, "trust", err)
			return r.behindPassword(b.Cookie, func(_ auth.Caller, flow string) error {
				if flow != "" {
					return auth.Refuse(auth.StepUpRequired)
				}
				return nil
			})
		},
		"a known browser":    lootStillKnown,
		"a mailed code":      func(r *robbed) func() error { return r.askedMail(caller("former")) },
		"a notice of before": lootNotice,
	}
}

// lootStillKnown works if his browser is told that it waits, which strangers are not told so soon.
func lootStillKnown(r *robbed) func() error {
	r.in("home")
	return func() error {
		f := auth.SignInForm{Identifier: cmp.Or(r.named, sellerMail), Password: "Wrong-Horse9"}
		var err error
		for range 6 {
			err = lastErr(r.s.SignIn(r.t.Context(), caller("home"), f))
		}
		if wantSaid(err, auth.SignInLocked) {
			return nil
		}
		return err
	}
}

// lootNotice works if a link in a notice stops anything, such as of the mailbox that was the account's, which may
// always say that it was not him who moved it.
func lootNotice(r *robbed) func() error {
	c := r.atDesk()
	r.emailTo(c, "second@example.com")
	ok(r.t, "remove", lastErr(r.s.Remove(r.t.Context(), c, r.only(c, auth.Email).ID)))
	var links []string
	for _, m := range r.mail() {
		if m.Args["undo"] != "" {
			links = append(links, token(m.Args["undo"]))
		}
	}
	return func() (err error) {
		for _, link := range links {
			if err = lastErr(r.s.Undo(r.t.Context(), caller("former"), link)); err == nil {
				return nil
			}
		}
		return err
	}
}

// behindPassword does something with the password in a browser; flow is "" where that alone signed in.
func (r *robbed) behindPassword(browser string, act func(c auth.Caller, flow string) error) func() error {
	return func() error {
		f := auth.SignInForm{Identifier: cmp.Or(r.named, sellerMail), Password: r.current}
		info, err := r.s.SignIn(r.t.Context(), caller(browser), f)
		if err != nil {
			return err
		}
		return act(caller(browser), info.Ceremony)
	}
}

func (r *robbed) shows(
	c auth.Caller, flow string, m auth.MethodChoice, answer func(*auth.Challenge) json.RawMessage,
) error {
	ch, err := r.s.SignInBegin(r.t.Context(), c, flow, m)
	if err != nil {
		return err
	}
	return r.finish(c, ch, answer(ch))()
}

// fate is what becomes of one kind of stored thing when an account is handed over.
type fate struct {
	stored string // the collection
	stays  string // why what is there of the account's opens nothing; "": nothing is there
}

func fates() map[string]fate {
	const table = "what of it is the former owner's is in the table of fields"
	return map[string]fate{
		"accounts":       {"account", table},
		"authenticators": {"authenticator", ""},
		"devices":        {"device", ""},
		"sessions":       {"session", ""},
		"browsers":       {"browser", ""},
		"attempts":       {"throttle", ""},
		"quotas":         {"throttle", ""},
		"introductions":  {"introduction", ""},
		"mailed":         {"mailed-code", ""},
		"changes":        {"change", ""},
		"links":          {"link", "void by the epoch or the time of the hand-over: see the former owner's rows above"},
		"tickets":        {"ticket", "support's; it opens nothing"},
		"consumed":       {"spent", "they say that something was used"},
		"outbox":         {"outbox", "notices on their way, and codes that are void"},
		"sentBox":        {"sent", "what has left"},
		"events":         {"event", "the audit trail"},
		"chains":         {"chain", "the audit trail"},
		"meta":           {"meta", "the site's"},
		"recallRuns":     {"recall-run", "the site's"},
		"recallModels":   {"recall-model", "the site's: counts of all accounts together"},
	}
}

// Of every kind of thing that is stored it is said what becomes of it when an account gets another owner. A new
// collection must be added here.
func TestEveryKindOfStoredThingAtAHandOver(t *testing.T) {
	r := rob(newWorld(t), false)
	id := r.numberOf(sellerNumber)
	lootRemoval(r)
	lootTrust(r)
	_, by := r.enrolled("admin@example.com", "+8613800138056")
	moves := auth.ContactMove{Account: id, Email: "new@example.com"}
	ok(t, "a shop moves it", r.mover(movesContact()).move(t, by, moves))
	ok(t, "introduce", r.askedMail(caller("somewhere"))())
	wantCode(t, "a wrong password", r.guess("thief", "Wrong-Horse9"), auth.SignInRefused)
	rows := fates()
	s := reflect.TypeFor[auth.Service]()
	for i := range s.NumField() {
		f := s.Field(i)
		if !strings.HasPrefix(f.Type.String(), "*store.Collection[") {
			continue
		}
		row, there := rows[f.Name]
		if !there {
			t.Errorf("Service.%s: nothing says what becomes of it", f.Name)
		}
		if row.stays == "" && len(r.keysOf(row.stored, id)) == 0 {
			t.Errorf("%s: got nothing of the former owner's, so nothing can go", row.stored)
		}
		delete(rows, f.Name)
	}
	if len(rows) > 0 {
		t.Errorf("rows of what is not stored: %v", rows)
	}
	ok(t, "hand over", r.handOver(id))
	for _, row := range fates() {
		if left := r.keysOf(row.stored, id); row.stays == "" && len(left) > 0 {
			t.Errorf("%s: got %q left", row.stored, left)
		}
	}
}

// keysOf are the keys of a collection that name an account.
func (w *world) keysOf(collection string, id auth.AccountID) []string {
	w.t.Helper()
	var keys []string
	ok(w.t, "read", w.db.View(w.t.Context(), func(tx store.Tx) error {
		keys = nil
		for d, err := range tx.Scan(collection, "", "", 2000) {
			if err != nil {
				return err
			}
			if strings.Contains(d.Key, string(id)) {
				keys = append(keys, d.Key)
			}
		}
		return nil
	}))
	return keys
}

// Of every field of an account it is said what becomes of it. A new field must be added here.
func TestEveryFieldOfAnAccountAtAHandOver(t *testing.T) {
	const (
		stays = "stays"
		gone  = "gone"
		anew  = "anew"
	)
	want := map[string]string{"V": stays, "ID": stays, "Parent": stays, "UserName": stays, "CreatedAt": stays,
		"PasswordAt": stays, "DisabledAt": stays,
		"Name": anew, "Email": anew, "Language": anew, "Handle": anew, "Epoch": anew, "StrongAt": anew,
		"SecurityCode": anew, "CoolUntil": anew, "CoolWhy": anew, "HandedAt": anew,
		"UsedAt": anew, "Dormancy": gone, "DormancyAt": gone,
		"Phone": gone, "PhoneAt": gone, "Password": gone, "TemporaryAt": gone, "BreachedAt": gone, "PutOff": gone, "EnrolledAt": gone, "FirstBy": gone,
		"EmailWeakAt": gone, "PausedUntil": gone, "PausedAt": gone, "FirstUserName": gone, "MadeBy": gone,
		"Question": gone, "Holds": gone, "KeysOnlyAt": gone}
	r := rob(newWorld(t), false)
	id := r.numberOf(sellerNumber)
	full := func(a *auth.Account) { // what the acts below do not set
		now := r.time()
		a.Parent, a.MadeBy = "parent", "team/x"
		a.FirstBy = sellerMail
		for _, at := range []*time.Time{&a.TemporaryAt, &a.BreachedAt, &a.EmailWeakAt, &a.PausedUntil, &a.PausedAt, &a.DisabledAt,
			&a.DormancyAt, &a.KeysOnlyAt} {
			*at = now
		}
		a.Dormancy, a.UsedAt = 1, now.Add(-day)
		a.FirstUserName = "first"
		a.Holds = []auth.Hold{{By: "x", Password: true}}
		a.PutOff = map[auth.Reminder]time.Time{auth.RemindPhone: now}
	}
	c := r.atDesk()
	r.setCode(c)
	ok(t, "a question", r.s.SetQuestion(t.Context(), c, "Where is the harbour?", "behind the mill"))
	before := auth.ReadAccount(t, r.s, id, full)
	ok(t, "hand over", r.handOver(id))
	after := auth.ReadAccount(t, r.s, id, nil)
	was, is := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range was.NumField() {
		name := was.Type().Field(i).Name
		got := anew
		switch {
		case reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()):
			got = stays
		case is.Field(i).IsZero():
			got = gone
		}
		if got != want[name] {
			t.Errorf("Account.%s: got it %q, want %q", name, got, want[name])
		}
		delete(want, name)
	}
	if len(want) > 0 {
		t.Errorf("rows of no field: %v", want)
	}
}

// The buyer finds an account without a past: his name and mailbox, no number, no question, a code that is retired, a
// history that begins with the hand-over, and no payout for a week.
func TestABuyerFindsAnAccountWithoutAPast(t *testing.T) {
	r := rob(newWorld(t), false)
	ctx := t.Context()
	id := r.numberOf(sellerNumber)
	r.setCode(r.atDesk())
	r.pass(time.Minute)
	ok(t, "hand over", r.handOver(id))
	handed := r.time()
	c := r.succeeds()
	info, err := r.s.Security(ctx, c)
	ok(t, "overview", err)
	if me := info.Me; me.Name != "Mei" || me.MaskedEmail != "b•••@example.org" || info.MaskedPhone != "" ||
		!info.QuestionAt.IsZero() || info.SecurityCode.State != auth.SecretRetired || r.methods(c) != "totp" {
		t.Errorf("got %+v", info)
	}
	if p := info.Me.Payout; p.Allowed || p.Why != "handed-over" || !p.Until.Equal(handed.Add(week)) {
		t.Errorf("payout: got %+v, want it refused until a week later", p)
	}
	list, err := r.s.History(ctx, c, "", auth.MaxHistory)
	ok(t, "history", err)
	if first := list.Events[len(list.Events)-1]; first.Action != "handed" || list.Next != "" {
		t.Errorf("got the history begin with %+v, and %q before it, want the hand-over", first, list.Next)
	}
	r.setCode(c)
	wantCode(t, "the former e-mail", r.guess("former", buyersWords), auth.SignInRefused)
	r.seller(sellerMail, "+8613800138009") // it is free for an account of his own
}
