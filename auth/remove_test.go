package auth_test

import (
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A removing is a seller who takes methods away, in a session that has shown some.
type removing struct {
	*waiting
	c auth.Caller
}

// stepped raises the session by the key or by a text.
func (r *removing) stepped(m auth.MethodChoice) {
	r.t.Helper()
	r.pass(time.Minute)
	ch, err := r.s.StepUpBegin(r.t.Context(), r.c, auth.ActRemove, r.key, m)
	ok(r.t, "begin a step-up", err)
	answer := func() []byte {
		if m.Kind == auth.WebAuthn {
			return touch(r.t, r.stick, ch)
		}
		code, _ := r.code(auth.SMS)
		return code
	}()
	done, err := r.s.StepUpFinish(r.t.Context(), r.c, ch.Ceremony, answer)
	ok(r.t, "step up", err)
	r.c.Token = done.Token
}

func (r *removing) gone(id string) *auth.RemoveInfo {
	r.t.Helper()
	info, err := r.s.Remove(r.t.Context(), r.c, id)
	ok(r.t, "remove", err)
	if !info.Due.IsZero() {
		r.t.Fatal("the removal waits, want it done")
	}
	return info
}

func removes(t *testing.T, change ...func(*auth.Config)) *removing {
	r := &removing{waiting: owner(newWorld(t, change...))}
	r.c = r.owner
	return r
}

// A session that removes what it has shown goes on by what else it has shown, and by that alone: the proof that is gone
// counts for nothing more, and a token of before that had no other opens nothing.
func TestASessionGoesOnByWhatItHasShownBesides(t *testing.T) {
	for name, shows := range map[string]func(r *removing){
		"the key, then a text": func(r *removing) { r.c = r.byKey("home"); r.stepped(bySMS) },
		"a text, then the key": func(r *removing) { r.c = r.byText("home"); r.stepped(byKey) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := removes(t)
			secret, _ := r.enrolApp(r.owner)
			shows(r)
			if info := r.gone(r.key); info.Ended {
				t.Error("got the session ended, want it to go on by the text")
			}
			me, err := r.s.Me(t.Context(), r.c)
			ok(t, "the session", err)
			amr := me.Session.AMR
			if slices.Contains(amr, "hwk") || !slices.Contains(amr, "sms") || me.Session.Restricted {
				t.Errorf("got %+v, want a session by the text alone", me.Session)
			}
			info, err := r.s.Security(t.Context(), r.c)
			ok(t, "overview", err)
			app := info.Methods[slices.IndexFunc(info.Methods, func(m auth.AuthenticatorInfo) bool {
				return m.Kind == auth.TOTP
			})]
			later, err := r.s.Remove(t.Context(), r.c, app.ID)
			ok(t, "the app", err)
			if later.Due.IsZero() {
				t.Error("the key that is gone removed the app at once, want the removal to wait")
			}
			r.stepUp(r.c, secret)
		})
	}
}

// A session that has shown nothing else is over, and its owner is told so; every token of it is.
func TestASessionEndsWithAllItHasShown(t *testing.T) {
	r := removes(t)
	r.enrolApp(r.owner)
	r.c = r.byKey("home")
	if info := r.gone(r.key); !info.Ended {
		t.Error("got no word that the session is over")
	}
	wantCode(t, "the session", r.me(&r.c)(), auth.SessionEnded)
}

// Without any method two-step verification is off: where it is compulsory the session may only enrol, else it goes on;
// all others end, were they by a recovery code.
func TestTheLastMethodSwitchesTwoStepVerificationOff(t *testing.T) {
	for _, must := range []bool{true, false} {
		r := removes(t, func(c *auth.Config) { c.Policy.MustEnrol = must })
		set, err := r.s.RecoveryCodes(t.Context(), r.owner)
		ok(t, "codes", err)
		r.gone(r.phone.Authenticator.ID)
		ch := r.begun(caller("elsewhere"), auth.MethodChoice{Kind: auth.Lookup})
		other, err := r.s.SignInFinish(t.Context(), caller("elsewhere"), ch.Ceremony, typed(set.Codes[0]))
		ok(t, "another session by a code", err)
		r.gone(r.key)
		me, err := r.s.Me(t.Context(), r.c)
		ok(t, "the session", err)
		if me.Session.Restricted != must || me.Session.AAL != 1 {
			t.Errorf("compulsory %v: got %+v, want it to enrol only where it must", must, me.Session)
		}
		elsewhere := with(caller("elsewhere"), other.Token)
		wantCode(t, "another session", r.me(&elsewhere)(), auth.SessionEnded)
		info, err := r.s.Security(t.Context(), r.c)
		ok(t, "overview", err)
		if !info.EnrolledAt.IsZero() || info.Covered {
			t.Errorf("got %+v, want two-step verification off", info)
		}
	}
}

// What is done at once waits no longer, and what is not there cannot be lost.
func TestARemovalAtOnceEndsTheOneThatWaits(t *testing.T) {
	w := waits(t)
	for _, device := range []string{"", "nothing", "a/b"} {
		wantCode(t, "a device "+device, lastErr(w.s.LoseDevice(t.Context(), w.owner, device)), auth.NoSuchMethod)
		wantCode(t, "a method "+device, lastErr(w.s.Remove(t.Context(), w.owner, device)), auth.NoSuchMethod)
	}
	ok(t, "at once", lastErr(w.s.Remove(t.Context(), w.owner, w.key)))
	if info := w.overview(); len(info.Changes) > 0 {
		t.Errorf("got %+v, want nothing that waits", info.Changes)
	}
	if left := w.documents("change"); left != "" {
		t.Errorf("got %s, want no change stored", left)
	}
	w.pass(25 * time.Hour)
	w.mail()
	ok(t, "sweep", w.s.Sweep(t.Context()))
	w.hears("what was to come due")
}

// A change that waited in a backup is swept, undone.
func TestAChangeOfABackupIsSwept(t *testing.T) {
	w := waits(t)
	ok(t, "restored", lastErr(w.s.Restored(t.Context(), true)))
	w.pass(25 * time.Hour)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	if left := w.documents("change"); left != "" {
		t.Errorf("got %s, want it swept", left)
	}
	if !slices.ContainsFunc(w.overview().Methods, func(m auth.AuthenticatorInfo) bool { return m.ID == w.key }) {
		t.Error("the key went, want it to stay")
	}
}
