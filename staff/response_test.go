package staff_test

import (
	"context"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/staff"
)

// A victim is a seller whom a response may reach, with all that he knows.
type victim struct {
	w *world
	*lab.FixtureInfo
	auth.Caller
}

func (w *world) victim(name string) *victim {
	w.t.Helper()
	info, err := w.lab.Make(w.t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Email: name + "@example.com",
		Methods: []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}}, Session: true})
	if err != nil {
		w.t.Fatal(err)
	}
	c := w.browser("home of " + name)
	c.Token = info.Token
	return &victim{w, info, c}
}

// password signs in as far as the password goes.
func (v *victim) password(c auth.Caller) (*auth.SignInInfo, error) {
	return v.w.s.SignIn(v.w.t.Context(), c, auth.SignInForm{Identifier: string(v.Email), Password: v.Password})
}

// signIn signs in by the password and the app.
func (v *victim) signIn() error {
	v.w.pass(31 * time.Second) // a code is good once
	info, err := v.password(v.Caller)
	if err != nil {
		return err
	}
	ch, err := v.w.s.SignInBegin(v.w.t.Context(), v.Caller, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	if err != nil {
		return err
	}
	answer, _ := json.Marshal(map[string]string{"code": v.w.code(v.Methods[0].Secret)})
	done, err := v.w.s.SignInFinish(v.w.t.Context(), v.Caller, ch.Ceremony, answer)
	if err == nil {
		v.Caller.Token = done.Token
	}
	return err
}

func (v *victim) standing(by *worker) *auth.Standing {
	v.w.t.Helper()
	x, err := v.w.staff.Account(v.w.t.Context(), by.Caller, v.ID)
	if err != nil {
		v.w.t.Fatal(err)
	}
	return x
}

// code is what an app shows now. RFC 6238.
func (w *world) code(secret string) string {
	w.t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	wantCode(w.t, "the secret", err, "")
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(w.time().Unix()/30)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// A desk is a staff that responds.
type desk struct {
	*world
	ann, bob, sue *worker // two reviewers, and support
}

func newDesk(t testing.TB) *desk {
	w := newWorld(t)
	return &desk{w, w.worker("ann", staff.Reviewer), w.worker("bob", staff.Administrator),
		w.worker("sue", staff.Support)}
}

var freeze = staff.ResponseForm{Why: "a wave", Measures: staff.Measures{Freeze: true}}

// begun is a response to a list.
func (d *desk) begun(f staff.ResponseForm, names ...string) string {
	d.t.Helper()
	d.pass(time.Minute) // what they had set up was before
	for _, p := range []*worker{d.ann, d.bob} {
		wantCode(d.t, "signing in", p.signIn(p.keys[0]), "")
	}
	list := make([]string, len(names))
	for i, n := range names {
		list[i] = n + "@example.com"
	}
	id, err := d.staff.ListAccounts(d.t.Context(), d.ann.Caller, f,
		staff.AccountList{Typed: strings.Join(list, "\n")}, d.time())
	if err != nil {
		d.t.Fatal(err)
	}
	return id
}

// agreed is a response that two have agreed to, and done.
func (d *desk) agreed(f staff.ResponseForm, names ...string) string {
	d.t.Helper()
	id := d.begun(f, names...)
	wantCode(d.t, "proposing", d.staff.ProposeResponse(d.t.Context(), d.ann.Caller, id), "")
	wantCode(d.t, "agreeing", d.staff.AgreeToResponse(d.t.Context(), d.bob.Caller, id), "")
	d.sweep()
	return id
}

func (d *desk) undone(id string) {
	d.t.Helper()
	for _, p := range []*worker{d.ann, d.bob} {
		wantCode(d.t, "signing in", p.signIn(p.keys[0]), "")
	}
	wantCode(d.t, "undoing", d.staff.ProposeUndo(d.t.Context(), d.bob.Caller, id), "")
	wantCode(d.t, "agreeing", d.staff.AgreeToUndo(d.t.Context(), d.ann.Caller, id), "")
	d.sweep()
}

func (d *desk) sweep() {
	d.t.Helper()
	if err := d.s.Sweep(d.t.Context()); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) look(id string) *staff.ResponseInfo {
	d.t.Helper()
	x, err := d.staff.Response(d.t.Context(), d.ann.Caller, id)
	if err != nil {
		d.t.Fatal(err)
	}
	return x
}

// From a list to accounts that are frozen, told and lifted by their owners, and the rest in one act.
func TestAResponse(t *testing.T) {
	d := newDesk(t)
	wei, li := d.victim("wei"), d.victim("li")
	d.mail()
	id := d.begun(freeze, "wei", "li", "wei", "nobody", "x", "ann")
	x := d.look(id)
	if x.Stage != staff.Ready || x.Count != 2 || x.Unknowns != 3 || x.Left[staff.Double] != 1 || len(x.Accounts) != 2 ||
		x.Most != 10 || x.Today != 30 {
		t.Errorf("the preview: got %+v", x)
	}
	wantCode(t, "agreeing before anybody has proposed", d.staff.AgreeToResponse(t.Context(), d.bob.Caller, id),
		auth.CaseMoved)
	wantCode(t, "proposing", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), "")
	wantCode(t, "agreeing to one's own", d.staff.AgreeToResponse(t.Context(), d.ann.Caller, id), auth.Forbidden)
	d.sweep()
	if _, err := d.s.Me(t.Context(), wei.Caller); err != nil || len(d.mail()) != 0 {
		t.Errorf("by one alone: got %v, want nothing done", err)
	}
	wantCode(t, "agreeing", d.staff.AgreeToResponse(t.Context(), d.bob.Caller, id), "")
	d.sweep()
	if x = d.look(id); x.Stage != staff.Done || x.Reached != 2 || x.AgreedBy != "bob" || !x.Accounts[0].Reached {
		t.Errorf("done: got %+v", x)
	}
	mails := d.mail()
	for _, v := range []*victim{wei, li} {
		_, err := d.s.Me(t.Context(), v.Caller)
		wantCode(t, "a session of before", err, auth.SessionEnded)
		if !v.standing(d.sue).Held || !slices.ContainsFunc(mails, func(m auth.Message) bool {
			return m.Template == auth.TemplateSafetyFrozen && string(m.Recipient) == string(v.Email)
		}) {
			t.Errorf("%s: got %+v and %v, want it frozen and told", v.Name, v.standing(d.sue), mails)
		}
	}
	wantCode(t, "its owner, by his app", wei.signIn(), "")
	if wei.standing(d.sue).Held || !li.standing(d.sue).Held {
		t.Error("after one owner's sign-in: want his account alone lifted")
	}
	history, err := d.s.History(t.Context(), wei.Caller, "", 50)
	wantCode(t, "his history", err, "")
	for _, a := range []auth.Action{staff.ActFrozen, auth.ActLifted} {
		if !slices.ContainsFunc(history.Events, func(e auth.EventInfo) bool { return e.Action == a }) {
			t.Errorf("got no %s in the history", a)
		}
	}
	d.undone(id)
	if x = d.look(id); x.Stage != staff.Undone || x.Lifted != 1 || x.UndoneBy != "ann" || li.standing(d.sue).Held {
		t.Errorf("undone: got %+v, want the other account lifted", x)
	}
	over := 0
	for _, m := range d.mail() {
		if m.Template == auth.TemplateSafetyOver {
			over++
		}
	}
	if over != 1 {
		t.Errorf("got %d mails that it is over, want one: his who was frozen still", over)
	}
}

// What lifts a freeze is a strong method of before; a password, however right, or what was set up since, does not.
func TestWhatLiftsAFreeze(t *testing.T) {
	d := newDesk(t)
	wei := d.victim("wei")
	d.pass(time.Minute)
	id := d.begun(freeze, "wei")
	late, err := d.staff.ListAccounts(t.Context(), d.ann.Caller, freeze, staff.AccountList{Typed: "wei@example.com"},
		d.time().Add(-2*time.Hour))
	wantCode(t, "from before the app", err, "")
	for _, r := range []string{id, late} {
		wantCode(t, "proposing", d.staff.ProposeResponse(t.Context(), d.ann.Caller, r), "")
	}
	wantCode(t, "agreeing", d.staff.AgreeToResponse(t.Context(), d.bob.Caller, late), "")
	d.sweep()
	wantCode(t, "by an app of later", wei.signIn(), auth.AccountHeld)
	d.undone(late)
	wantCode(t, "undone", wei.signIn(), "")
}

// A new password is asked for: the old one opens nothing, in no browser, until there is a new one or it is undone.
func TestANewPasswordIsAskedFor(t *testing.T) {
	d := newDesk(t)
	wei, li := d.victim("wei"), d.victim("li")
	f := staff.ResponseForm{Why: "a leak", Measures: staff.Measures{Password: true}}
	id := d.agreed(f, "wei", "li")
	for _, v := range []*victim{wei, li} {
		_, err := v.password(v.Caller)
		wantCode(t, "the old password", err, auth.PasswordDue)
	}
	d.mail()
	wantCode(t, "a link", d.staff.StartReset(t.Context(), d.sue.Caller, wei.ID, "wei@example.com"), "")
	wei.Password = "Better-Horse9"
	wantCode(t, "a new password", d.s.ResetPassword(t.Context(), wei.Caller, d.link(auth.TemplateResetLink),
		wei.Password), "")
	wantCode(t, "with the new one", wei.signIn(), "")
	d.undone(id)
	wantCode(t, "undone, with the old one", li.signIn(), "")
}

// What an owner has asked for himself, or the house for another reason, is not undone with a response.
func TestUndoLiftsNothingElse(t *testing.T) {
	d := newDesk(t)
	wei, li := d.victim("wei"), d.victim("li")
	mo := d.victim("mo")
	d.mail()
	wantCode(t, "a sign-in elsewhere", func() error { wei.Caller = d.browser("cafe"); return wei.signIn() }(), "")
	undo := ""
	for _, m := range d.mail() {
		undo = max(undo, m.Args["undo"])
	}
	first := d.agreed(freeze, "wei", "li", "mo")
	_, err := d.s.Undo(t.Context(), wei.Caller, lastPart(undo))
	wantCode(t, "not me", err, "")
	paused := wei.standing(d.sue).PausedUntil
	second := d.agreed(freeze, "li")
	wantCode(t, "switching off", d.lab.Switch(t.Context(), auth.Caller{}, mo.ID, false), "")
	d.undone(first)
	if x := wei.standing(d.sue); x.Held || paused.IsZero() || !x.PausedUntil.Equal(paused) {
		t.Errorf("not me: got %+v, want the owner's pause until %s", x, paused)
	}
	if !li.standing(d.sue).Held {
		t.Error("held by another response: got it lifted")
	}
	if mo.standing(d.sue).FrozenAt.IsZero() {
		t.Error("switched off since: got it switched on")
	}
	d.undone(second)
	wantCode(t, "both undone", li.signIn(), "")
}

// Sixty-four agree at once, and broken off anywhere: each account has it once, and is told once.
func TestAResponseIsDoneOnce(t *testing.T) {
	d := newDesk(t)
	var names []string
	for i := range 8 {
		names = append(names, fmt.Sprintf("v%d", i))
		d.victim(names[i])
	}
	id := d.begun(freeze, names...)
	wantCode(t, "proposing", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), "")
	d.mail()
	var wait sync.WaitGroup
	var wins atomic.Int32
	for range 64 {
		wait.Go(func() {
			if d.staff.AgreeToResponse(t.Context(), d.bob.Caller, id) == nil {
				wins.Add(1)
			}
		})
	}
	wait.Wait()
	if wins.Load() != 1 {
		t.Errorf("got %d agreements, want one", wins.Load())
	}
	for range 200 { // it stops after a random number of looks at its context, as a program that is stopped
		ctx := &stops{Context: t.Context(), left: rand.IntN(12)}
		_ = d.s.Sweep(ctx)
	}
	for range 4 {
		wait.Go(func() { _ = d.s.Sweep(t.Context()) })
	}
	wait.Wait()
	d.sweep()
	if x := d.look(id); x.Stage != staff.Done || x.Reached != 8 {
		t.Errorf("got %+v, want all reached", x)
	}
	told := map[string]int{}
	for _, m := range d.mail() {
		told[string(m.Recipient)]++
	}
	for _, n := range names {
		if told[n+"@example.com"] != 1 {
			t.Errorf("%s: got %d mails, want one", n, told[n+"@example.com"])
		}
	}
}

// stops is a context that is over after it was looked at some times.
type stops struct {
	context.Context
	mu   sync.Mutex
	left int
}

func (s *stops) Err() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.left--; s.left < 0 {
		return context.Canceled
	}
	return nil
}

// A site in slices, too long a list, and lists by whom it is not for.
func TestAResponseHasLimits(t *testing.T) {
	d := newDesk(t)
	var names []string
	for i := range 42 {
		names = append(names, fmt.Sprintf("v%d", i))
		d.seller(names[i])
	}
	list := func(by *worker, text string, since time.Time) error {
		_, err := d.staff.ListAccounts(t.Context(), by.Caller, freeze, staff.AccountList{Typed: text}, since)
		return err
	}
	hour := d.time().Add(-time.Hour)
	wantCode(t, "eleven", list(d.ann, strings.Join(names[:11], "@example.com\n")+"@example.com", hour),
		auth.TooManyAccounts)
	wantCode(t, "none", list(d.ann, " \n\n", hour), auth.AccountsMissing)
	wantCode(t, "of tomorrow", list(d.ann, "a@example.com", d.time().Add(time.Hour)), auth.HoursMalformed)
	wantCode(t, "of old", list(d.ann, "a@example.com", d.time().Add(-61*24*time.Hour)), auth.HoursMalformed)
	wantCode(t, "support", list(d.sue, "a@example.com", hour), auth.Forbidden)
	id := d.begun(freeze, "nobody")
	wantCode(t, "nobody", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), auth.AccountsMissing)
	for i := range 3 {
		id = d.agreed(freeze, names[10*i:10*i+10]...)
		d.undone(id) // which makes the day no longer
		d.pass(5 * time.Minute)
	}
	id = d.begun(freeze, names[30:40]...)
	wantCode(t, "a fourth slice", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), auth.TooManyAccounts)
	d.pass(23 * time.Hour)
	if x, err := d.staff.Response(t.Context(), d.ann.Caller, id); err == nil {
		t.Errorf("in a session of yesterday: got %+v", x)
	}
	id = d.begun(freeze, names[30:40]...)
	wantCode(t, "the hour before", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), auth.TooManyAccounts)
	d.pass(2 * time.Hour)
	d.agreed(freeze, names[30:40]...)
}

// Two who agree are two: nobody who looks after an account of the list, no guest, nobody without a fresh touch, and no
// word of a session that was a thief's.
func TestWhoAgreesToAResponse(t *testing.T) {
	d := newDesk(t)
	for _, n := range []string{"wei", "li"} {
		d.seller(n)
	}
	wantCode(t, "assigning", d.staff.Assign(t.Context(), d.bob.Caller, d.ann.id, "li@example.com", true), "")
	id := d.begun(freeze, "wei", "li")
	if x := d.look(id); x.Count != 1 || x.Left[staff.Cared] != 1 {
		t.Errorf("one's own seller: got %+v, want him left out", x)
	}
	cid := d.worker("cid", staff.Reviewer)
	wantCode(t, "assigning", d.staff.Assign(t.Context(), d.bob.Caller, cid.id, "wei@example.com", true), "")
	guest := d.brought(d.bob, "guest")
	d.pass(11 * time.Minute)
	wantCode(t, "an old touch", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), auth.StepUpRequired)
	wantCode(t, "touching", d.ann.touch(), "")
	wantCode(t, "proposing", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), "")
	wantCode(t, "an old touch", d.staff.AgreeToResponse(t.Context(), d.bob.Caller, id), auth.StepUpRequired)
	wantCode(t, "touching", cid.touch(), "")
	wantCode(t, "who looks after one", d.staff.AgreeToResponse(t.Context(), cid.Caller, id), auth.Forbidden)
	for _, s := range []*worker{d.sue} {
		wantCode(t, "touching", s.touch(), "")
		wantCode(t, "support", d.staff.AgreeToResponse(t.Context(), s.Caller, id), auth.Forbidden)
	}
	wantCode(t, "touching", d.bob.touch(), "")
	wantCode(t, "suspending", d.staff.Suspend(t.Context(), d.bob.Caller, d.ann.id, true), "")
	wantCode(t, "after the proposer's place", d.staff.AgreeToResponse(t.Context(), d.bob.Caller, id),
		auth.NotFound)
	wantCode(t, "withdrawing", d.staff.WithdrawResponse(t.Context(), d.bob.Caller, id), "")
	wantCode(t, "proposing again", d.staff.ProposeResponse(t.Context(), d.bob.Caller, id), "")
	wantCode(t, "touching", guest.touch(), "")
	wantCode(t, "a guest of who proposes", d.staff.AgreeToResponse(t.Context(), guest.Caller, id), auth.Forbidden)
	d.pass(24 * time.Hour)
	wantCode(t, "signing in", cid.signIn(cid.keys[0]), "")
	if _, err := d.staff.Response(t.Context(), cid.Caller, id); !errors.Is(err, auth.Refuse(auth.NotFound)) {
		t.Errorf("a day later: got %v, want it lapsed", err)
	}
}

// Undoing takes two persons as well, and a word for it stands for a day. While one's word waits, for a response or its
// undoing, there is no other first word.
func TestTwoUndoAResponse(t *testing.T) {
	d := newDesk(t)
	wei := d.victim("wei")
	id := d.begun(freeze, "wei")
	wantCode(t, "proposing", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), "")
	wantCode(t, "proposing too", d.staff.ProposeResponse(t.Context(), d.bob.Caller, id), auth.CaseMoved)
	wantCode(t, "agreeing", d.staff.AgreeToResponse(t.Context(), d.bob.Caller, id), "")
	d.sweep()
	wantCode(t, "a word that nobody has asked for", d.staff.AgreeToUndo(t.Context(), d.ann.Caller, id), auth.NotFound)
	guest := d.brought(d.bob, "guest")
	wantCode(t, "undoing", d.staff.ProposeUndo(t.Context(), d.bob.Caller, id), "")
	wantCode(t, "undoing too", d.staff.ProposeUndo(t.Context(), d.ann.Caller, id), auth.CaseMoved)
	wantCode(t, "agreeing with himself", d.staff.AgreeToUndo(t.Context(), d.bob.Caller, id), auth.Forbidden)
	wantCode(t, "touching", guest.touch(), "")
	wantCode(t, "a guest of his", d.staff.AgreeToUndo(t.Context(), guest.Caller, id), auth.Forbidden)
	d.sweep()
	if !wei.standing(d.sue).Held {
		t.Error("got it undone by one person alone")
	}
	d.pass(25 * time.Hour)
	for _, p := range []*worker{d.ann, d.bob, d.sue} {
		wantCode(t, "signing in", p.signIn(p.keys[0]), "")
	}
	wantCode(t, "a word of yesterday", d.staff.AgreeToUndo(t.Context(), d.ann.Caller, id), auth.NotFound)
	wantCode(t, "undoing a day later", d.staff.ProposeUndo(t.Context(), d.ann.Caller, id), "")
	wantCode(t, "agreeing", d.staff.AgreeToUndo(t.Context(), d.bob.Caller, id), "")
	d.sweep()
	if wei.standing(d.sue).Held {
		t.Error("got it frozen, want it undone by two")
	}
}

// What was switched off after two have agreed is left out, is told nothing, and counts as gone.
func TestWhatIsGoneIsLeftOut(t *testing.T) {
	d := newDesk(t)
	d.victim("wei")
	gone := d.victim("gone")
	id := d.begun(freeze, "wei", "gone")
	d.mail()
	wantCode(t, "proposing", d.staff.ProposeResponse(t.Context(), d.ann.Caller, id), "")
	wantCode(t, "agreeing", d.staff.AgreeToResponse(t.Context(), d.bob.Caller, id), "")
	wantCode(t, "switching off", d.lab.Switch(t.Context(), auth.Caller{}, gone.ID, false), "")
	d.sweep()
	if x := d.look(id); x.Stage != staff.Done || x.Reached != 1 || x.Left[staff.Gone] != 1 {
		t.Errorf("got %+v, want one reached and one gone", x)
	}
	for _, m := range d.mail() {
		if m.Template == auth.TemplateSafetyFrozen && string(m.Recipient) == string(gone.Email) {
			t.Errorf("got told %v, want nothing", m)
		}
	}
}

// Staff and accounts that are off are never reached; a number names an account as well as an address does.
func TestWhoIsLeftOut(t *testing.T) {
	d := newDesk(t)
	off := d.victim("off")
	wantCode(t, "switching off", d.lab.Switch(t.Context(), auth.Caller{}, off.ID, false), "")
	id, err := d.staff.ListAccounts(t.Context(), d.ann.Caller, freeze,
		staff.AccountList{Typed: "off@example.com\nbob@desk.example\n+8613800138000"},
		d.time())
	wantCode(t, "listing", err, "")
	x := d.look(id)
	if x.Count != 0 || x.Left[staff.Off] != 1 || x.Left[staff.Staff] != 1 || x.Unknowns != 1 ||
		x.Unknown[0] != "+8613800138000" {
		t.Errorf("got %+v", x)
	}
}

// A search finds who signed in from a network within some hours, wherever his account lies, and nobody else.
func TestSearchingSignIns(t *testing.T) {
	d := newDesk(t)
	begin := d.time()
	for i := range 9 {
		v := d.victim(fmt.Sprintf("v%d", i))
		v.Caller = d.browser("thief")
		v.IP = netip.MustParseAddr([]string{"203.0.113.7", "203.0.114.7", "203.0.113.200"}[i%3])
		if i < 6 {
			wantCode(t, "signing in", v.signIn(), "")
		} else if _, err := v.password(v.Caller); err != nil {
			t.Fatal(err) // the right password alone is no sign-in
		}
	}
	d.pass(time.Hour)
	later := d.victim("later")
	later.IP = netip.MustParseAddr("203.0.113.7")
	wantCode(t, "an hour later", later.signIn(), "")
	wantCode(t, "signing in", d.ann.signIn(d.ann.keys[0]), "")
	search := func(network string, from, to time.Time) (*staff.ResponseInfo, error) {
		id, err := d.staff.SearchSignIns(t.Context(), d.ann.Caller, freeze, network, from, to)
		if err != nil {
			return nil, err
		}
		if x := d.look(id); x.Stage != staff.Searching {
			t.Errorf("before the sweep: got %+v", x)
		}
		d.sweep()
		return d.look(id), nil
	}
	for network, want := range map[string]int{"203.0.113.0/24": 4, "203.0.113.7": 2, "203.0.114.0/24": 2,
		"198.51.0.0/16": 0, "203.0.0.0/16": 6} {
		x, err := search(network, begin, begin.Add(time.Hour))
		if err != nil || x.Stage != staff.Ready || x.Count != want || x.Read != 10 || x.Cut != 0 || x.Full {
			t.Errorf("%s: got %+v, %v, want %d", network, x, err, want)
		}
	}
	for _, network := range []string{"", "nonsense", "203.0.113.0/15", "::/0", "::ffff:203.0.113.0/120",
		"0.0.0.0/0"} {
		_, err := search(network, begin, begin.Add(time.Hour))
		wantCode(t, network, err, auth.NetworkMalformed)
	}
	for _, hours := range [][2]time.Time{{begin, begin}, {begin, begin.Add(73 * time.Hour)}, {{}, begin},
		{d.time().Add(time.Hour), d.time().Add(2 * time.Hour)}} {
		_, err := search("203.0.113.7", hours[0], hours[1])
		wantCode(t, fmt.Sprint(hours), err, auth.HoursMalformed)
	}
	wantCode(t, "signing in", d.bob.signIn(d.bob.keys[0]), "")
	wantCode(t, "assigning", d.staff.Assign(t.Context(), d.bob.Caller, d.ann.id, "v0@example.com", true), "")
	if x, err := search("203.0.113.7", begin, begin.Add(time.Hour)); err != nil || x.Count != 1 || x.Left[staff.Cared] != 1 {
		t.Errorf("one's own seller: got %+v, %v, want him left out", x, err)
	}
	d.pass(60 * 24 * time.Hour)
	wantCode(t, "signing in", d.ann.signIn(d.ann.keys[0]), "")
	_, err := search("203.0.113.7", begin, begin.Add(time.Hour))
	wantCode(t, "two months ago", err, auth.HoursMalformed)
}

// A model of what a response does to one account, beside the real one: what holds it is what two responses, its owner
// and a new password have left.
func TestHoldsModel(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d := newDesk(t)
		v := d.victim("wei")
		type held struct {
			id     string
			f      staff.Measures
			undone bool
		}
		var all []*held
		does := func(pick func(staff.Measures) bool) bool {
			return slices.ContainsFunc(all, func(h *held) bool { return pick(h.f) })
		}
		check := func() {
			x := v.standing(d.sue)
			frozen := does(func(m staff.Measures) bool { return m.Freeze })
			due := does(func(m staff.Measures) bool { return m.Password })
			if x.Held != frozen || x.PasswordDue != due {
				r.Fatalf("got held %v, due %v, want %v, %v", x.Held, x.PasswordDue, frozen, due)
			}
		}
		for range rapid.IntRange(1, 7).Draw(r, "steps") {
			d.pass(2 * time.Minute)
			wantCode(t, "support", d.sue.signIn(d.sue.keys[0]), "")
			switch rapid.IntRange(0, 3).Draw(r, "what") {
			case 0:
				if len(all) == 3 {
					continue
				}
				m := staff.Measures{Freeze: rapid.Bool().Draw(r, "freeze"), Password: rapid.Bool().Draw(r, "password")}
				all = append(all, &held{id: d.agreed(staff.ResponseForm{Why: "x", Measures: m}, "wei"), f: m})
			case 1:
				for _, h := range all {
					if !h.undone {
						d.undone(h.id)
						h.f, h.undone = staff.Measures{}, true
						break
					}
				}
			case 2:
				err := v.signIn()
				want := auth.Code("")
				if does(func(m staff.Measures) bool { return m.Password }) {
					want = auth.PasswordDue
				} else {
					for _, h := range all {
						h.f.Freeze = false
					}
				}
				if code(err) != want {
					r.Fatalf("the owner: got %v, want %q", err, want)
				}
			case 3:
				d.mail()
				if d.staff.StartReset(t.Context(), d.sue.Caller, v.ID, string(v.Email)) != nil {
					continue // too many of them
				}
				v.Password = fmt.Sprintf("Better-Horse%d!", d.drawn)
				if err := d.s.ResetPassword(t.Context(), v.Caller, d.link(auth.TemplateResetLink), v.Password); err != nil {
					r.Fatal(err)
				}
				for _, h := range all {
					h.f.Password = false
				}
			}
			check()
		}
	})
}
