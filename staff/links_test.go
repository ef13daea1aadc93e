package staff_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// links are the ways in which a link comes to somebody of pat's name, and what its page says.
func links() map[string]struct {
	comes func(w *world) string
	want  staff.JoinInfo
} {
	host := func(w *world, name string, r staff.Role) string {
		w.t.Helper()
		link, err := w.staff.Add(w.t.Context(), "root (uid 0)", "pat@desk.example", name, r)
		wantCode(w.t, "from the host", err, "")
		return lastPart(link)
	}
	return map[string]struct {
		comes func(w *world) string
		want  staff.JoinInfo
	}{
		"new, from the host": {func(w *world) string { return host(w, "Pat", staff.Auditor) },
			staff.JoinInfo{Name: "Pat", Role: staff.Auditor}},
		"new, of no role": {func(w *world) string { return host(w, "Pat", "") },
			staff.JoinInfo{Name: "Pat", Role: staff.Administrator}},
		"new, invited": {func(w *world) string {
			boss := w.worker("boss", staff.Administrator)
			w.mail()
			wantCode(w.t, "inviting", w.staff.Invite(w.t.Context(), boss.Caller, "pat@desk.example", "Pat", staff.Manager), "")
			return w.link(auth.TemplateDeskInvitation)
		}, staff.JoinInfo{Name: "Pat", Role: staff.Manager}},
		"new keys, from the host": {func(w *world) string {
			w.worker("pat", staff.Reviewer)
			return host(w, "Another", "")
		}, staff.JoinInfo{Name: "pat", Role: staff.Reviewer, Again: true}},
		"new keys, by two others": {func(w *world) string {
			p := w.worker("pat", staff.Support)
			boss, chief := w.worker("boss", staff.Administrator), w.worker("chief", staff.Administrator)
			wantCode(w.t, "asking", w.staff.AskNewKeys(w.t.Context(), boss.Caller, p.id), "")
			w.mail()
			wantCode(w.t, "granting", w.staff.GrantNewKeys(w.t.Context(), chief.Caller, p.id), "")
			return w.link(auth.TemplateDeskInvitation)
		}, staff.JoinInfo{Name: "pat", Role: staff.Support, Again: true}},
	}
}

// A link says whom it is for, as what, and whether keys begin anew by it. It is good for a day to the second, and once.
func TestWhatALinkSaysAndForHowLong(t *testing.T) {
	for name, row := range links() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			link := row.comes(w)
			want := row.want
			want.Email, want.Expires = "pat@desk.example", w.time().Add(24*time.Hour)
			w.pass(24*time.Hour - time.Second)
			got, err := w.staff.Invited(t.Context(), w.browser("b"), link)
			if err != nil || *got != want {
				t.Errorf("got %+v, %v, want %+v", got, err, want)
			}
			late := w.joining(w.browser("late"), link)
			w.pass(time.Second)
			_, err = w.staff.Invited(t.Context(), w.browser("b"), link)
			wantCode(t, "a day later", err, auth.LinkUsed)
			wantCode(t, "a key begun in time, a day later", late(), auth.LinkUsed)
			_, err = w.invited("pat@desk.example", link)
			wantCode(t, "joining a day later", err, auth.LinkUsed)

			w = newWorld(t)
			link = row.comes(w)
			w.pass(24*time.Hour - time.Second)
			p, err := w.invited("pat@desk.example", link)
			wantCode(t, "joining in time", err, "")
			if me, err := w.staff.Me(t.Context(), p.Caller); err != nil || me.Role != want.Role || me.Name != want.Name {
				t.Errorf("got %+v, %v, want who was invited", me, err)
			}
			_, err = w.staff.Invited(t.Context(), w.browser("b"), link)
			wantCode(t, "once it was used", err, auth.LinkUsed)
		})
	}
}

// Nobody has more than ten keys, however many he has begun to register.
func TestNobodyHasMoreThanTenKeys(t *testing.T) {
	w := newWorld(t)
	p := w.worker("ann", staff.Support)
	for len(p.keys) < 9 {
		wantCode(t, "a key", p.addKey(), "")
	}
	begun := make([]func() error, 2) // while there was room for one
	for i := range begun {
		prompt, err := w.staff.AddKey(t.Context(), p.Caller)
		wantCode(t, "beginning", err, "")
		response, err := answers(w.key(false), prompt, true)
		wantCode(t, "a key's answer", err, "")
		begun[i] = func() error {
			_, err := w.staff.FinishAddKey(t.Context(), p.Caller, prompt.Ceremony, response)
			return err
		}
	}
	wantCode(t, "the tenth", begun[0](), "")
	wantCode(t, "the eleventh, begun before", begun[1](), auth.TooManyMethods)
	_, err := w.staff.AddKey(t.Context(), p.Caller)
	wantCode(t, "the eleventh", err, auth.TooManyMethods)
	if me, err := w.staff.Me(t.Context(), p.Caller); err != nil || len(me.Keys) != 10 {
		t.Errorf("got %+v, %v, want ten keys", me, err)
	}
}
