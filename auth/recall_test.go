package auth_test

import (
	"crypto/x509"
	"encoding/json"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// A listed is a list of models, signed by a tester's CA, of which one is recalled or not.
type listed struct {
	t      *testing.T
	ca     *virtual.CA
	number int
	until  time.Time // the day of the next list; zero: far away
	now    atomic.Pointer[webauthn.Metadata]
}

var blueModel, redModel = [16]byte{0xb1}, [16]byte{0x4e}

func newListed(t *testing.T) *listed {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("maker")})
	ok(t, "make a CA", err)
	return &listed{t: t, ca: ca, number: 40}
}

// key is a key of a model that proves it and has a PIN.
func (l *listed) key(model [16]byte) virtual.Options {
	return virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: l.ca,
		UserVerification: virtual.UVSucceeds, AlwaysUV: true, ResidentKeys: true}
}

// says puts the next list to use: the models, each with a status beside that of its level; "" for none.
func (l *listed) says(status map[[16]byte]string) {
	l.t.Helper()
	l.number++
	m := virtual.Metadata{Number: l.number, NextUpdate: l.until}
	for model, bad := range status {
		key, err := virtual.New(l.key(model))
		ok(l.t, "make a key", err)
		reports := []virtual.StatusReport{{Status: "FIDO_CERTIFIED_L2", EffectiveDate: "2020-01-01"}}
		if bad != "" {
			reports = append(reports, virtual.StatusReport{Status: bad, EffectiveDate: "2026-02-01"})
		}
		m.Entries = append(m.Entries, virtual.MetadataEntry{Authenticator: key, Status: reports,
			Description: "Blue key"})
	}
	blob, err := l.ca.SignMetadata(m)
	ok(l.t, "sign", err)
	at := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	read, err := webauthn.ParseMetadata(blob, webauthn.Trust{Roots: []*x509.Certificate{l.ca.Root()}}, at)
	ok(l.t, "verify", err)
	l.now.Store(read)
}

// in makes a world go by the list.
func (l *listed) in(c *auth.Config) {
	key, err := webauthn.New(webauthn.Config{RPID: "localhost", Origins: []string{"http://localhost:8080"},
		Metadata: l.now.Load, Attestation: webauthn.AttestationPolicy{Ask: true}})
	ok(l.t, "make the factor", err)
	c.Factors = slices.Clone(c.Factors)
	c.Factors[0] = key
}

// recalls sweeps, and returns what owners were told by it.
func (w *world) recalls() []auth.Message {
	w.t.Helper()
	ok(w.t, "sweep", w.s.Sweep(w.t.Context()))
	return slices.DeleteFunc(w.mail(), func(m auth.Message) bool {
		return m.Template != auth.TemplateRecalled && m.Template != auth.TemplateRecallLifted
	})
}

// actRecalled has a key recalled, and then what follows; the mails of before are read.
func actRecalled(then ...func(*listed, *robbed)) func(*robbed) {
	return func(r *robbed) {
		l := newListed(r.t)
		l.says(map[[16]byte]string{blueModel: ""})
		r.restartWith(l.in)
		_, r.c = r.addKey(r.c, stick(r.t, l.key(blueModel)), auth.SecurityKey, "Blue key")
		l.says(map[[16]byte]string{blueModel: "REVOKED"})
		r.mail()
		ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
		for _, do := range then {
			r.mail()
			do(l, r)
			ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
		}
	}
}

func (l *listed) lifts(*robbed) { l.says(map[[16]byte]string{blueModel: ""}) }

func (l *listed) pushes(r *robbed) {
	r.pass(time.Hour)
	ok(l.t, "push", lastErr(newPusher(r.world).push(webauthn.AAGUID(blueModel).String())))
}

// A pusher does at recalled models what the staff do, through a part of its own.
type pusher struct {
	*world
	door *auth.Door
}

func newPusher(w *world) pusher {
	w.t.Helper()
	door, err := auth.Register(w.s, auth.Part{Name: "pusher", Rules: map[auth.Action]auth.Rule{
		"push": {Who: auth.System}, "models": {Who: auth.System, Reads: true}}})
	ok(w.t, "register", err)
	return pusher{w, door}
}

func (p pusher) push(model string) (*auth.RecalledModel, error) {
	return auth.Do(p.t.Context(), p.door, p.door.Operator(""), "push",
		func(k *auth.Work) (*auth.RecalledModel, error) { return k.PushRecall(model) })
}

func (p pusher) models() []auth.RecalledModel {
	p.t.Helper()
	list, err := auth.Do(p.t.Context(), p.door, p.door.Operator(""), "models", (*auth.Work).RecalledModels)
	ok(p.t, "list", err)
	return list
}

// A push tells once more who has neither removed the key nor registered another one, and then rests for seven
// days; the counts say how far all have come.
func TestPushOfARecalledModel(t *testing.T) {
	l := newListed(t)
	l.says(map[[16]byte]string{blueModel: "", redModel: ""})
	w := newWorld(t, l.in)
	p := newPusher(w)
	w.withKey(sellerMail, sellerNumber, l.key(blueModel), auth.SecurityKey)
	_, _, keen := w.withKey("keen@example.com", "+8613800138001", l.key(blueModel), auth.SecurityKey)
	_, _, done := w.withKey("done@example.com", "+8613800138002", l.key(blueModel), auth.SecurityKey)
	model := webauthn.AAGUID(blueModel).String()
	wantCode(t, "push what is not recalled", lastErr(p.push(model)), auth.NotFound)
	w.mail()
	l.says(map[[16]byte]string{blueModel: "REVOKED", redModel: ""})
	if told := w.recalls(); len(told) != 3 {
		t.Fatalf("got %v, want three told", told)
	}
	w.pass(time.Minute)
	w.addKey(keen, stick(t, l.key(redModel)), auth.SecurityKey, "Red key")
	_, done = w.addKey(done, stick(t, l.key(redModel)), auth.SecurityKey, "Red key")
	for _, m := range security(t, w, done).Methods {
		if m.Name == "Blue key" {
			ok(t, "remove", lastErr(w.s.Remove(t.Context(), done, m.ID)))
		}
	}
	w.mail()
	w.pass(time.Hour)
	at := w.time()
	ok(t, "push", lastErr(p.push(model)))
	told := w.recalls()
	if len(told) != 1 || told[0].Recipient != sellerMail || told[0].Args["due"] == "" {
		t.Errorf("pushed: got %v, want the one who has done nothing", told)
	}
	list := p.models()
	if len(list) != 1 || list[0].ID != model || list[0].Keys != 3 || list[0].Accounts != 3 ||
		list[0].Found != (auth.RecallCount{Keys: 2, Accounts: 2, Replaced: 1}) || !list[0].FoundAt.Equal(at) ||
		!list[0].PushedAt.Equal(at) || list[0].Name != "Blue key" || list[0].Status != "REVOKED" {
		t.Errorf("got %+v, want three keys, two of them there, and of one its owner has another", list)
	}
	w.pass(7*day - time.Second)
	if told = w.recalls(); len(told) != 0 {
		t.Errorf("nights later: got %v, want nobody told", told)
	}
	wantCode(t, "push again", lastErr(p.push(model)), auth.RecallPushed)
	w.pass(time.Second)
	ok(t, "push after seven days", lastErr(p.push(model)))
	w.pass(30 * day) // the program stood still
	if told = w.recalls(); len(told) != 1 || told[0].Args["due"] != "" {
		t.Errorf("pushed, after the day: got %v, want one mail that names no day", told)
	}
	l.says(map[[16]byte]string{blueModel: "", redModel: ""})
	if told = w.recalls(); len(told) != 2 || len(p.models()) != 0 {
		t.Errorf("lifted: got %v and %v, want two told, and no recalled model", told, p.models())
	}
}

// A key whose model is recalled goes on signing in, and proves a touch and nothing more; its owner is told
// once, and registers another one by it. When the list takes it back, all is as before.
func TestRecalledKey(t *testing.T) {
	l := newListed(t)
	l.says(map[[16]byte]string{blueModel: "", redModel: ""})
	w := newWorld(t, l.in)
	browser, _, c := w.withKey(sellerMail, sellerNumber, l.key(blueModel), auth.SecurityKey)
	w.mail()
	first := func() *auth.SignInInfo {
		x := caller("elsewhere")
		ch, err := w.s.SignInKeyFirst(t.Context(), x, auth.KeyFirstForm{Identifier: sellerMail})
		ok(t, "key first", err)
		done, err := w.s.SignInFinish(t.Context(), x, ch.Ceremony, touch(t, browser, ch))
		ok(t, "key first, touched", err)
		return done
	}
	if got := w.recalls(); len(got) != 0 || first().Session == nil {
		t.Fatalf("before: got %v told, want nobody, and the key alone signs in", got)
	}

	l.says(map[[16]byte]string{blueModel: "USER_VERIFICATION_BYPASS", redModel: ""})
	w.pass(time.Hour)
	at := w.time()
	told := w.recalls()
	due := at.Add(30 * day)
	if len(told) != 1 || told[0].Template != auth.TemplateRecalled || told[0].Args["item"] != "Blue key" ||
		told[0].Args["due"] != due.Format(time.RFC3339) {
		t.Fatalf("got %v, want one mail that names the key and the day", told)
	}
	key := w.only(c, auth.WebAuthn)
	if r := key.Recall; r == nil || r.Status != "USER_VERIFICATION_BYPASS" || r.Claimed || !r.At.Equal(at) ||
		!r.Due.Equal(due) || key.State != auth.Active {
		t.Fatalf("got %s and %+v, want it active and recalled", key.State, key.Recall)
	}
	if x := auth.AllMethods(t, w.s)[0]; x.Traits.Grade() != auth.AnyKey || x.Traits.Level != auth.L2 {
		t.Errorf("got the grade %q of level %s, want none, and what was known", x.Traits.Grade(), x.Traits.Level)
	}
	list, err := w.s.MethodHistory(t.Context(), c, key.ID, 1)
	if err != nil || list.Events[0].Action != auth.ActRecalled {
		t.Errorf("got %+v, %v, want it in the key's own history", list, err)
	}
	if done := first(); done.Session != nil {
		t.Error("the recalled key alone: got a session, want the password asked")
	}
	x := caller("elsewhere")
	ch, err := w.s.SignInBegin(t.Context(), x, w.signIn(x, sellerMail).Ceremony, byKey)
	ok(t, "begin", err)
	in, err := w.s.SignInFinish(t.Context(), x, ch.Ceremony, touch(t, browser, ch))
	ok(t, "sign in by the recalled key", err)
	if in.Session == nil || in.Session.AAL != 2 {
		t.Fatalf("got %+v, want a session of level 2", in.Session)
	}
	x.Token = in.Token
	w.pass(40 * day) // the day passes without effect
	if again := w.recalls(); len(again) != 0 {
		t.Errorf("after the day: got %v told again, want nobody", again)
	}
	x = caller("elsewhere")
	ch, err = w.s.SignInBegin(t.Context(), x, w.signIn(x, sellerMail).Ceremony, byKey)
	ok(t, "begin", err)
	in, err = w.s.SignInFinish(t.Context(), x, ch.Ceremony, touch(t, browser, ch))
	ok(t, "sign in after the day", err)
	w.addKey(with(x, in.Token), stick(t, l.key(redModel)), auth.SecurityKey, "Red key")

	l.says(map[[16]byte]string{blueModel: "", redModel: ""})
	w.mail()
	if told = w.recalls(); len(told) != 1 || told[0].Template != auth.TemplateRecallLifted {
		t.Errorf("got %v, want one mail that it is over", told)
	}
	if done := first(); done.Session == nil {
		t.Error("lifted: got the password asked, want the key alone to sign in")
	}
}

// What changes demand does not fall with a recalled key: where it is the best that an account has, a text adds
// and removes nothing at once.
func TestARecalledKeyLowersNoDemand(t *testing.T) {
	l := newListed(t)
	l.says(map[[16]byte]string{blueModel: ""})
	r := rob(newWorld(t, l.in), false)
	_, c := r.addKey(r.byKey("home"), stick(t, l.key(blueModel)), auth.SecurityKey, "Proved")
	for _, m := range security(t, r.world, c).Methods { // the recalled one alone is left
		if m.Kind == auth.WebAuthn && m.Name != "Proved" {
			ok(t, "remove the other", lastErr(r.s.Remove(t.Context(), c, m.ID)))
		}
	}
	l.says(map[[16]byte]string{blueModel: "REVOKED"})
	if told := r.recalls(); len(told) == 0 {
		t.Fatal("got nobody told, want the key recalled")
	}
	x := r.byText("shop")
	_, err := r.s.BindBegin(t.Context(), x, auth.BindForm{Kind: auth.TOTP})
	wantCode(t, "add by a text", err, auth.TooWeak)
	info, err := r.s.Remove(t.Context(), x, r.only(x, auth.WebAuthn).ID)
	if err != nil || info.Due.IsZero() {
		t.Errorf("remove it by a text: got %+v, %v, want it to wait", info, err)
	}
}

// security is the overview of whoever asks.
func security(t *testing.T, w *world, c auth.Caller) *auth.SecurityInfo {
	t.Helper()
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	return info
}

// A list that says nothing changes nothing: none, one that is overdue, one with a lower number than was gone
// by, one that does not have the model.
func TestListsThatSayNothingOfAKey(t *testing.T) {
	good, bad := map[[16]byte]string{blueModel: ""}, map[[16]byte]string{blueModel: "REVOKED"}
	older := func(says map[[16]byte]string) func(*world, *listed) {
		return func(w *world, l *listed) { w.pass(day); l.number = 30; l.says(says) } // a night later
	}
	for name, row := range map[string]struct {
		first, then map[[16]byte]string
		change      func(*world, *listed)
	}{
		"missing, recalls nothing":        {good, bad, func(_ *world, l *listed) { l.now.Store(nil) }},
		"missing, lifts nothing":          {bad, good, func(_ *world, l *listed) { l.now.Store(nil) }},
		"lower number, recalls nothing":   {good, bad, older(bad)},
		"lower number, lifts nothing":     {bad, good, older(good)},
		"overdue, recalls nothing":        {good, bad, func(w *world, l *listed) { w.pass(20 * day) }},
		"overdue, lifts nothing":          {bad, good, func(w *world, l *listed) { w.pass(20 * day) }},
		"does not list it, lifts nothing": {bad, map[[16]byte]string{redModel: ""}, func(*world, *listed) {}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newListed(t)
			l.says(good)
			w := newWorld(t, l.in)
			_, _, c := w.withKey(sellerMail, sellerNumber, l.key(blueModel), auth.SecurityKey)
			l.says(row.first)
			w.recalls()
			was := w.only(c, auth.WebAuthn).Recall != nil
			if want := row.first[blueModel] != ""; was != want {
				t.Fatalf("first: got it recalled %v, want %v", was, want)
			}
			l.until = w.time().Add(10 * day)
			l.says(row.then)
			row.change(w, l)
			if told := w.recalls(); len(told) != 0 {
				t.Errorf("got %v told, want nobody", told)
			}
			if is := auth.AllMethods(t, w.s)[0].Traits.Recall != nil; is != was {
				t.Errorf("got it recalled %v, want %v as before", is, was)
			}
		})
	}
}

// A wrong claim of a model does no more than a right one: the key that claims it is recalled as one that has
// only said so, its owner signs in by it, and a key that proves another model stays what it is.
func TestAClaimedModelIsRecalledAsClaimed(t *testing.T) {
	l := newListed(t)
	l.says(map[[16]byte]string{blueModel: "", redModel: ""})
	w := newWorld(t, l.in)
	o := l.key(blueModel)
	o.Attestation, o.CA = virtual.AttestSelf, nil
	_, _, c := w.withKey(sellerMail, sellerNumber, o, auth.SecurityKey)
	_, c = w.addKey(c, stick(t, l.key(redModel)), auth.SecurityKey, "Red key")
	l.says(map[[16]byte]string{blueModel: "USER_KEY_REMOTE_COMPROMISE", redModel: ""})
	if told := w.recalls(); len(told) != 1 || told[0].Args["item"] != "Blue key" {
		t.Errorf("got %v, want one mail, of the key that claims it", told)
	}
	for _, m := range security(t, w, c).Methods {
		if claims := m.Name == "Blue key"; (m.Recall != nil) != claims || claims && !m.Recall.Claimed {
			t.Errorf("%s: got %+v", m.Name, m.Recall)
		}
	}
}

// More accounts than one sweep looks at are gone through from where it ended, by another service over the same
// store, too, and each key once; the trail has one entry a run.
func TestACheckOfManyGoesOnWhereItEnded(t *testing.T) {
	l := newListed(t)
	l.says(map[[16]byte]string{blueModel: "REVOKED"})
	w := newWorld(t, l.in)
	var all []auth.Seeded
	for i := range 2050 {
		id := auth.AccountID(fmt.Sprintf("%022d", i))
		email := ident.Email(fmt.Sprintf("s%d@example.com", i))
		one := auth.Seeded{Account: auth.Account{ID: id, Email: email, Language: "en"}}
		if i == 0 || i == 2049 {
			data, err := json.Marshal(map[string]any{"g": blueModel[:], "f": 1})
			ok(t, "write a key", err)
			one.Authenticators = []auth.Authenticator{{ID: "key", Account: id, Kind: auth.WebAuthn, Name: "Blue key",
				Credential: fmt.Sprint(i), Data: data, State: auth.Active,
				Traits: auth.Traits{Flavour: auth.SecurityKey}}}
		}
		all = append(all, one)
	}
	ok(t, "seed", auth.Seed(t.Context(), w.db, w.keys, all))
	checks := func() int { return auth.CountEvents(t, w.s, auth.ActRecallCheck) }
	if told := w.recalls(); len(told) != 1 || told[0].Recipient != "s0@example.com" {
		t.Fatalf("the first sweep: got %v, want the first account told", told)
	}
	if got := checks(); got != 0 {
		t.Errorf("got %d runs in the trail, want none: it is under way", got)
	}
	w.restartWith(func(*auth.Config) {})
	if told := w.recalls(); len(told) != 1 || told[0].Recipient != "s2049@example.com" {
		t.Errorf("the second sweep: got %v, want the last account told", told)
	}
	for range 2 {
		if told, n := w.recalls(), checks(); len(told) != 0 || n != 1 {
			t.Errorf("it is done: got %v, and %d runs in the trail, want one", told, n)
		}
	}
	w.pass(day) // the next night finds nothing new
	for range 2 {
		if told := w.recalls(); len(told) != 0 {
			t.Errorf("the next night: got %v, want nobody", told)
		}
	}
	if got := checks(); got != 2 {
		t.Errorf("got %d runs in the trail, want two", got)
	}
}
