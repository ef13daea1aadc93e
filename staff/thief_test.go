package staff_test

import (
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// A stolen is a session of somebody of the staff that is in a thief's hands too, soon after its owner touched his key.
type stolen struct {
	*world
	p     *worker // the thief's, and the owner's
	other *worker // a colleague
	boss  *worker // an honest administrator
	chief *worker // and another one
}

// A spoil is what a thief puts in place with the session. It returns what he does with it later.
func spoils() map[string]func(*stolen) func() error {
	return map[string]func(*stolen) func() error{
		"the session": func(r *stolen) func() error {
			c := r.p.Caller
			return func() error { _, err := r.staff.Me(r.t.Context(), c); return err }
		},
		"a key of his own": func(r *stolen) func() error {
			thief := *r.p
			wantCode(r.t, "his key", thief.addKey(), "")
			key := thief.keys[len(thief.keys)-1]
			return func() error { return thief.signIn(key) }
		},
		"a key half registered": func(r *stolen) func() error {
			thief := *r.p
			prompt, err := r.staff.AddKey(r.t.Context(), thief.Caller)
			wantCode(r.t, "a key begun", err, "")
			response, err := answers(r.key(false), prompt, true)
			wantCode(r.t, "a key's answer", err, "")
			return func() error {
				_, err := r.staff.FinishAddKey(r.t.Context(), thief.Caller, prompt.Ceremony, response)
				return err
			}
		},
		"a colleague invited": func(r *stolen) func() error {
			const friend = "friend@elsewhere.example"
			if err := r.staff.Invite(r.t.Context(), r.p.Caller, friend, "Fay", staff.Administrator); err != nil {
				return nil
			}
			link := r.link(auth.TemplateDeskInvitation)
			return func() error { _, err := r.invited(friend, link); return err }
		},
		"a colleague's new keys asked for": func(r *stolen) func() error {
			if r.staff.AskNewKeys(r.t.Context(), r.p.Caller, r.other.id) != nil {
				return nil
			}
			return func() error { return r.staff.GrantNewKeys(r.t.Context(), r.chief.Caller, r.other.id) }
		},
	}
}

// replies are what the house does about it.
func replies() map[string]func(*stolen) error {
	out := func(r *stolen) error { return r.staff.Suspend(r.t.Context(), r.boss.Caller, r.p.id, true) }
	return map[string]func(*stolen) error{
		"locked out": out,
		"locked out, and let in again": func(r *stolen) error {
			return errors.Join(out(r), r.staff.Suspend(r.t.Context(), r.boss.Caller, r.p.id, false))
		},
		"new keys by two others": func(r *stolen) error {
			return errors.Join(r.staff.AskNewKeys(r.t.Context(), r.boss.Caller, r.p.id),
				r.staff.GrantNewKeys(r.t.Context(), r.chief.Caller, r.p.id))
		},
		"new keys from the host": func(r *stolen) error {
			_, err := r.staff.Add(r.t.Context(), "root (uid 0)", r.p.email, "Pat", staff.Support)
			return err
		},
		"another role": func(r *stolen) error {
			return r.staff.SetRole(r.t.Context(), r.boss.Caller, r.p.id, staff.Auditor)
		},
	}
}

// stands is what a reply leaves, and why that is no harm.
func stands() map[string]string {
	const told = "its owner was told of it by mail; new keys are the reply to it"
	return map[string]string{
		"a key of his own: locked out, and let in again": told,
		"a key of his own: another role":                 told,
	}
}

// What a thief with a session of the staff has put in place falls with what the house does about it, whatever the role.
func TestWhatAThiefAtTheDeskPutInPlaceFalls(t *testing.T) {
	for _, role := range staff.Roles() {
		for spoil, puts := range spoils() {
			for reply, does := range replies() {
				t.Run(string(role)+"/"+spoil+"/"+reply, func(t *testing.T) {
					t.Parallel()
					w := newWorld(t)
					r := &stolen{world: w, p: w.worker("pat", role), other: w.worker("other", staff.Support),
						boss: w.worker("boss", staff.Administrator), chief: w.worker("chief", staff.Administrator)}
					w.mail()
					later := puts(r)
					if later == nil {
						return // not with this role
					}
					wantCode(t, "the reply", does(r), "")
					err := later()
					if _, left := stands()[spoil+": "+reply]; (err == nil) != left {
						t.Errorf("got %v, want it to stand %v", err, left)
					}
					if e := new(auth.Error); err != nil && !errors.As(err, &e) && spoil != "a key of his own" {
						t.Errorf("got the failure %v, want it refused", err)
					}
				})
			}
		}
	}
}

// Without any reply all of it works: the table above would notice.
func TestAThiefAtTheDeskCanWhatTheTableSays(t *testing.T) {
	for spoil, puts := range spoils() {
		w := newWorld(t)
		r := &stolen{world: w, p: w.worker("pat", staff.Administrator), other: w.worker("other", staff.Support),
			boss: w.worker("boss", staff.Administrator), chief: w.worker("chief", staff.Administrator)}
		w.mail()
		wantCode(t, spoil, puts(r)(), "")
	}
}

// Whose key was registered is told of it, each time.
func TestARegisteredKeyIsTold(t *testing.T) {
	w := newWorld(t)
	p := w.worker("ann", staff.Support)
	wantCode(t, "a third key", p.addKey(), "")
	told := 0
	for _, m := range w.mail() {
		if m.Template == auth.TemplateDeskKey && string(m.Recipient) == p.email {
			told++
		}
	}
	if told != 3 {
		t.Errorf("got %d mails of three keys", told)
	}
}

// Of several links for one member's new keys the last is good, and none once it was used.
func TestOnlyTheNewestLinkForNewKeys(t *testing.T) {
	w := newWorld(t)
	p := w.worker("ann", staff.Support)
	var links []string
	for range 3 {
		link, err := w.staff.Add(t.Context(), "root (uid 0)", p.email, "Ann", staff.Support)
		wantCode(t, "new keys", err, "")
		links = append(links, lastPart(link))
	}
	for _, old := range links[:2] {
		_, err := w.invited(p.email, old)
		wantCode(t, "an older link", err, auth.LinkUsed)
	}
	again, err := w.invited(p.email, links[2])
	if err != nil || again.id != p.id {
		t.Fatalf("the newest: got %+v, %v", again, err)
	}
	if p.signIn(p.keys[0]) == nil {
		t.Error("by a key of before: got a session, want none")
	}
}

// A thief who has locked out or demoted every honest administrator does not keep them out: the host lets them in again.
func TestTheHostLetsInAgain(t *testing.T) {
	w := newWorld(t)
	thief, boss := w.worker("pat", staff.Administrator), w.worker("boss", staff.Administrator)
	chief := w.worker("chief", staff.Administrator)
	wantCode(t, "locking out", w.staff.Suspend(t.Context(), thief.Caller, boss.id, true), "")
	wantCode(t, "demoting", w.staff.SetRole(t.Context(), thief.Caller, chief.id, staff.Support), "")
	for _, p := range []struct {
		who  *worker
		role staff.Role
	}{{boss, ""}, {chief, staff.Administrator}} {
		link, err := w.staff.Add(t.Context(), "root (uid 0)", p.who.email, "Again", p.role)
		wantCode(t, "from the host", err, "")
		again, err := w.invited(p.who.email, lastPart(link))
		if err != nil {
			t.Fatal(err)
		}
		wantCode(t, "a second key", again.addKey(), "")
		_, err = w.staff.People(t.Context(), again.Caller)
		wantCode(t, "as administrator", err, "")
	}
}
