package staff_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// brought is an administrator whom another one has invited, with both keys.
func (w *world) brought(by *worker, name string) *worker {
	w.t.Helper()
	email := name + "@desk.example"
	wantCode(w.t, "inviting "+name, w.staff.Invite(w.t.Context(), by.Caller, email, name, staff.Administrator), "")
	p, err := w.invited(email, w.link(auth.TemplateDeskInvitation))
	if err == nil {
		err = p.addKey()
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return p
}

// What takes two persons is not done by one with two accounts: whom the proposer has brought in does not agree, nor does
// the proposer to what his own guest proposes; two whom one colleague has brought in decide nothing between them for a
// week.
func TestTwoAccountsOfOneAreNotTwo(t *testing.T) {
	w := newWorld(t)
	boss, chief := w.worker("boss", staff.Administrator), w.worker("chief", staff.Administrator)
	guest, second := w.brought(boss, "guest"), w.brought(boss, "second")
	grandchild := w.brought(guest, "grandchild")
	lost := w.worker("pat", staff.Support)
	try := func(what string, asks, grants *worker, want auth.Code) {
		t.Helper()
		w.pass(5 * time.Minute) // mails to one address keep their distance
		for _, p := range []*worker{asks, grants} {
			wantCode(t, "signing in", p.signIn(p.keys[0]), "")
		}
		wantCode(t, what+": asking", w.staff.AskNewKeys(t.Context(), asks.Caller, lost.id), "")
		person, err := w.staff.Person(t.Context(), grants.Caller, lost.id)
		wantCode(t, what+": looking", err, "")
		if person.MayGrant != (want == "") {
			t.Errorf("%s: got MayGrant %v, want %v", what, person.MayGrant, want == "")
		}
		wantCode(t, what, w.staff.GrantNewKeys(t.Context(), grants.Caller, lost.id), want)
		if want == "" {
			if again, err := w.invited(lost.email, w.link(auth.TemplateDeskInvitation)); err != nil || again.addKey() != nil {
				t.Fatalf("%s: got %v, want a new beginning", what, err)
			}
		}
	}
	try("the proposer's guest", boss, guest, auth.Forbidden)
	try("the guest's host", guest, boss, auth.Forbidden)
	try("two guests of one", guest, second, auth.Forbidden)
	wantCode(t, "asking for a colleague", w.staff.AskNewKeys(t.Context(), boss.Caller, chief.id), "")
	if own, err := w.staff.Person(t.Context(), chief.Caller, chief.id); err != nil || own.MayGrant || own.AskedBy != "boss" {
		t.Errorf("one's own: got %+v, %v, want it shown, and not offered", own, err)
	}
	try("the guest of a guest, and his", guest, grandchild, auth.Forbidden)
	try("a guest and somebody else's", guest, chief, "")
	try("somebody else's and a guest", chief, second, "")
	w.pass(7 * 24 * time.Hour)
	try("two guests of one, a week later", guest, second, "")
	try("the proposer's guest, a week later", boss, guest, auth.Forbidden)
	link, err := w.staff.Add(t.Context(), "root (uid 0)", guest.email, "guest", staff.Administrator)
	wantCode(t, "from the host", err, "")
	again, err := w.invited(guest.email, lastPart(link))
	if err != nil || again.addKey() != nil {
		t.Fatal("the guest does not begin anew")
	}
	try("a guest whom the host has let in", boss, again, "")
}

// A proposal lapses, falls with its proposer's place, and asks for the touch of both.
func TestAProposalLapses(t *testing.T) {
	w := newWorld(t)
	a, b := w.worker("ann", staff.Administrator), w.worker("bob", staff.Administrator)
	boss := w.worker("boss", staff.Administrator)
	lost := w.worker("pat", staff.Support)
	ask := func() error { return w.staff.AskNewKeys(t.Context(), a.Caller, lost.id) }
	grant := func() error { return w.staff.GrantNewKeys(t.Context(), b.Caller, lost.id) }
	w.pass(11 * time.Minute)
	wantCode(t, "an old touch of who proposes", ask(), auth.StepUpRequired)
	wantCode(t, "touching", a.touch(), "")
	wantCode(t, "proposing", ask(), "")
	wantCode(t, "an old touch of who agrees", grant(), auth.StepUpRequired)
	wantCode(t, "touching", b.touch(), "")
	wantCode(t, "touching", boss.touch(), "")
	wantCode(t, "suspending", w.staff.Suspend(t.Context(), boss.Caller, a.id, true), "")
	wantCode(t, "after the proposer's place", grant(), auth.NotFound)
	wantCode(t, "letting in", w.staff.Suspend(t.Context(), boss.Caller, a.id, false), "")
	wantCode(t, "back again", grant(), auth.NotFound)
	wantCode(t, "signing in", a.signIn(a.keys[0]), "")
	w.pass(time.Second)
	wantCode(t, "proposing", ask(), "")
	w.pass(24*time.Hour - time.Second)
	wantCode(t, "signing in", b.signIn(b.keys[0]), "")
	wantCode(t, "just in time", grant(), "")
	if names := w.people(b); !slices.Contains(names, "pat") {
		t.Errorf("got %v, want everybody still there", names)
	}
}

// people are the names of the staff, as one of them sees them.
func (w *world) people(by *worker) []string {
	w.t.Helper()
	list, err := w.staff.People(w.t.Context(), by.Caller)
	if err != nil {
		w.t.Fatal(err)
	}
	var names []string
	for _, p := range list {
		names = append(names, p.Name)
	}
	return names
}
