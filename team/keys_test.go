package team_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

const keyDay = 24 * time.Hour

// asked is a shop whose administrator has asked for security keys from a week on.
func askedForKeys(t *testing.T) (w *world, shop string, people map[team.Role]*person) {
	t.Helper()
	w = newWorld(t)
	shop, people = w.staffed()
	w.mail()
	from, err := w.shops.DemandKeys(t.Context(), people[team.Administrator].Caller, shop, 7)
	wantCode(t, "asking", err, "")
	if want := w.time().Add(7 * keyDay); !from.Equal(want) {
		t.Errorf("got from %s, want %s", from, want)
	}
	return w, shop, people
}

// heardOfKeys is who was told that a key will be needed.
func (w *world) heardOfKeys() (all []string) {
	w.t.Helper()
	for range 3 {
		if err := w.s.Sweep(w.t.Context()); err != nil {
			w.t.Fatal(err)
		}
	}
	for _, m := range w.mail() {
		if m.Template == auth.TemplateShopKeys {
			all = append(all, string(m.Recipient)+" "+m.Args["shop"]+" "+m.Args["due"])
		}
	}
	slices.Sort(all)
	return all
}

// Whoever has no key hears at once, and again a day before; nobody hears more often, and nobody when the demand is
// dropped.
func TestWhoHearsOfKeys(t *testing.T) {
	w, shop, people := askedForKeys(t)
	from := w.time().Add(7 * keyDay).Format(time.RFC3339)
	var want []string
	for _, r := range team.Roles() {
		name := people[r].name
		want = append(want, name+"@example.com owner's shop "+from)
	}
	slices.Sort(want)
	if got := w.heardOfKeys(); !slices.Equal(got, want) {
		t.Errorf("at once: got %q, want %q", got, want)
	}
	w.pass(6*keyDay - time.Second)
	if got := w.heardOfKeys(); len(got) > 0 {
		t.Errorf("before the last day: got %q, want nobody told", got)
	}
	people[team.Owner].signIn()
	err := w.shops.SuspendMember(t.Context(), people[team.Owner].Caller, shop, people[team.Member].id)
	wantCode(t, "suspending", err, "")
	w.pass(time.Second)
	if got := w.heardOfKeys(); len(got) != len(want)-1 {
		t.Errorf("a day before: got %q, want all but who is suspended", got)
	}
	w.pass(2 * keyDay)
	if got := w.heardOfKeys(); len(got) > 0 {
		t.Errorf("after the date: got %q, want nobody told", got)
	}
}

// A demand that is dropped is told to nobody but the owners, and keeps nobody back.
func TestDroppedKeys(t *testing.T) {
	w, shop, people := askedForKeys(t)
	owner, ctx := people[team.Owner], t.Context()
	did := map[string]int{}
	for _, m := range w.mail() {
		did[string(m.Recipient)+" "+m.Args["did"]+" "+m.Args["member"]]++
	}
	if len(did) != 1 || did["owner@example.com keys administrator"] != 1 {
		t.Errorf("got %v, want the owner told who asked", did)
	}
	wantCode(t, "dropping", w.shops.DropKeys(ctx, owner.Caller, shop), "")
	wantCode(t, "dropping again", w.shops.DropKeys(ctx, owner.Caller, shop), "")
	if got := w.heardOfKeys(); len(got) > 0 {
		t.Errorf("got %q, want nobody told", got)
	}
	w.pass(8 * keyDay)
	owner.signIn()
	if info, err := w.shops.Shop(ctx, owner.Caller, shop); err != nil || !info.KeysFrom.IsZero() {
		t.Errorf("got %+v, %v, want the shop open and nothing asked", info, err)
	}
}

// From the date on, those of the shop who have no key are kept back in it and in any other; who is suspended is not,
// and neither is an outsider. Who joins later is as bound.
func TestFromTheDateOnNobodyActsWithoutAKey(t *testing.T) {
	w, shop, people := askedForKeys(t)
	ctx, owner := t.Context(), people[team.Owner]
	outsider := w.person("outsider")
	wantCode(t, "suspending", w.shops.SuspendMember(ctx, owner.Caller, shop, people[team.ReadOnly].id), "")
	token := owner.invite(shop, "outsider@example.com", team.Member)
	open, err := w.shops.LookInvitation(ctx, auth.Caller{}, token)
	if err != nil || !open.KeysFrom.Equal(w.time().Add(7*keyDay)) {
		t.Errorf("got %+v, %v, want the invitation to say from when", open, err)
	}
	w.pass(7*keyDay - time.Second)
	outsider.signIn()
	for _, p := range people {
		p.signIn()
		_, err := w.shops.Shops(ctx, p.Caller)
		wantCode(t, p.name+" a second early", err, "")
	}
	again := owner.invite(shop, "outsider@example.com", team.Member)
	w.pass(time.Second)
	for r, p := range people {
		_, err := w.shops.Shops(ctx, p.Caller)
		want := auth.MustEnrol
		if r == team.ReadOnly {
			want = ""
		}
		wantCode(t, p.name, err, want)
	}
	_, err = w.shops.Shops(ctx, outsider.Caller)
	wantCode(t, "an outsider", err, "")
	_, err = w.shops.AcceptInvitation(ctx, outsider.Caller, again)
	wantCode(t, "joining", err, "")
	_, err = w.shops.Shops(ctx, outsider.Caller)
	wantCode(t, "who has just joined", err, auth.MustEnrol)
}

// Who may ask, for how many days, and who sees who is ready.
func TestWhoAsksForKeys(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	people["outsider"] = w.person("outsider")
	ctx := t.Context()
	for r, p := range people {
		want := auth.RoleTooLow
		switch r {
		case "outsider":
			want = auth.NotFound
		case team.Owner, team.Administrator:
			want = ""
		}
		_, err := w.shops.DemandKeys(ctx, p.Caller, shop, 3)
		wantCode(t, string(r)+" asks", err, want)
		info, err := w.shops.Keys(ctx, p.Caller, shop)
		wantCode(t, string(r)+" looks", err, want)
		if want == "" && (len(info.People) != 4 || info.People[0].Ready || info.From.IsZero() || info.By != p.name) {
			t.Errorf("%s: got %+v, want four people without a key, and who asked", r, info)
		}
		wantCode(t, string(r)+" drops", w.shops.DropKeys(ctx, p.Caller, shop), want)
	}
	for days, want := range map[int]auth.Code{-1: auth.DaysOutOfRange, 0: auth.DaysOutOfRange,
		2: auth.DaysOutOfRange,
		3: "", 90: "", 91: auth.DaysOutOfRange} {
		_, err := w.shops.DemandKeys(ctx, people[team.Owner].Caller, shop, days)
		wantCode(t, fmt.Sprint(days, " days"), err, want)
	}
}
