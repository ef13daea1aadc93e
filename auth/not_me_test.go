package auth_test

import (
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A heeding is a part that hears of "this was not me": what was said, by the link that was pressed.
type heeding map[string]auth.NotMe

func (w *world) heeds() heeding {
	w.t.Helper()
	said := heeding{}
	_, err := auth.Register(w.s, auth.Part{Name: "heeding", NotMe: func(_ *auth.Work, id auth.AccountID,
		n auth.NotMe) error {
		if id == "" {
			w.t.Error("said of nobody's account")
		}
		said[n.Link] = n
		return nil
	}})
	ok(w.t, "register", err)
	return said
}

// askNobody are the notices that have no "this was not me", each with the reason.
func askNobody() map[string]string {
	return map[string]string{
		"codes-void by sweep": "a backup was put back: nobody has acted in the owner's name",
		"unused by dormant":   "nobody has acted",
		"dormant by dormant":  "nobody has acted",

		"key-recalled by key-recalled":   "nobody has acted: the list of models says it",
		"key-recalled by recall-told":    "nobody has acted in the owner's name",
		"recall-lifted by recall-lifted": "nobody has acted: the list of models says it",
	}
}

// notMeIn is the link of a notice that says "this was not me", wherever the mail has it.
func notMeIn(m auth.Message) string {
	if link := m.Args["undo"]; link != "" {
		return token(link)
	}
	return token(m.Args["not-me"])
}

// becomes is what an owner's word makes of a notice, where that is not to end all access.
func becomes() map[string]auth.Became {
	stopped, paused := auth.BecameStopped, auth.BecamePaused
	return map[string]auth.Became{
		"waiting by remove-method": stopped, "waiting by lose-device": stopped,
		"security-code-waits by code-sign-in": stopped, "keys-only-ends by keys-only-off": stopped,
		"added by add-method": paused, "removed by remove-method": paused, "removed by lose-device": paused,
		"codes-made by recovery-codes": paused, "password by change-password": paused, "email by confirm-email": paused,
		"phone by change-contact": paused, "user-name by change-user-name": paused,
		"question by change-question":         paused,
		"question-removed by change-question": paused, "security-code-set by set-security-code": paused,
		"removed by delayed-removal": auth.BecameReverted, "password by reset-password": auth.BecameReverted,
		"email by delayed-move": auth.BecameReverted, "phone by delayed-move": auth.BecameReverted,
		"signed-in-by-code by code-sign-in": auth.BecameReverted,
	}
}

// Every notice has the link that says "this was not me" to each address, or a reason to have none. Looking at it does
// nothing, however often; the first press ends every session and pauses changes, the parts hear which act it was, when,
// where from and by what; and no other press of that notice does anything.
func TestEveryNoticeSaysThisWasNotMe(t *testing.T) {
	list := tellings()
	for row := range askNobody() {
		if _, there := list[row]; !there {
			t.Errorf("%s is named, and is no notice", row)
		}
	}
	for row, told := range list {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			r := rob(newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 }), false)
			said := r.heeds()
			r.c = r.byKey("home")
			r.enrolApp(r.c)
			r.mail()
			told.does(r)
			var links []string
			for _, m := range r.mail() {
				if m.Channel == auth.Mail && strings.HasPrefix(told.says, m.Template) {
					links = append(links, notMeIn(m))
				}
			}
			if reason := askNobody()[row]; reason != "" {
				if got := strings.Join(links, ""); got != "" {
					t.Errorf("got the links %s, want none: %s", got, reason)
				}
				return
			}
			waits := becomes()[row] == auth.BecameStopped // one link stops it, whoever presses
			if len(links) != 2 || links[0] == "" || links[1] == "" || (links[0] == links[1]) != waits {
				t.Fatalf("got the links %q, want one of its own to each address", links)
			}
			r.presses(row, links, said)
		})
	}
}

// presses follows the links of one notice to their end.
func (r *robbed) presses(row string, links []string, said heeding) {
	r.t.Helper()
	t := r.t
	before, alive := "", r.me(&r.c)() == nil
	for range 3 { // mail scanners
		info, err := r.s.LookUndo(t.Context(), caller("scanner"), links[0])
		ok(t, "look", err)
		before = info.What
	}
	if len(said) != 0 || alive != (r.me(&r.c)() == nil) {
		t.Errorf("looking: got %v said and the session alive %v, want nothing done", said, !alive)
	}
	r.pass(time.Minute)
	ok(t, "not me", lastErr(r.s.Undo(t.Context(), caller("mail"), links[0])))
	if r.me(&r.c)() == nil {
		t.Error("the session lives on")
	}
	for _, link := range links {
		wantCode(t, "another press", lastErr(r.s.Undo(t.Context(), caller("another"), link)), auth.LinkUsed)
	}
	if len(said) != 1 {
		t.Fatalf("got %d times said, want once", len(said))
	}
	var got auth.NotMe
	for got = range maps.Values(said) {
		break
	}
	want := auth.BecameEnded
	if b := becomes()[row]; b != "" {
		want = b
	}
	if got.What != before || got.Became != want || got.At.IsZero() || got.At.After(r.time()) {
		t.Errorf("got %+v said, want %s, when it was, and that it is %s", got, before, want)
	}
	byHouse := strings.HasSuffix(row, "delayed-move")
	if got.Agent != map[bool]string{false: "Chromium · Linux"}[byHouse] ||
		got.Place != map[bool]string{false: "127.0.0.1"}[byHouse] {
		t.Errorf("got it done in %q at %q, want the browser and the address of who did it", got.Agent, got.Place)
	}
}

// Whoever reads the owner's mail presses "this was not me" as often as there are notices, and shuts nobody out: with a
// strong proof the owner is in at once each time, and changes what he likes.
func TestNotMeOfAThiefWithTheMailboxShutsNobodyOut(t *testing.T) {
	for name, provoke := range map[string]func(r *robbed){
		"by wrong passwords": func(r *robbed) {
			for range 5 {
				_ = r.guess("thief", "Wrong-Horse9")
			}
		},
		"by sign-ins of the owner's": func(r *robbed) { r.byKey("browser-" + r.time().Format(time.RFC3339)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := rob(newWorld(t), false)
			said := r.heeds()
			for day := range 4 {
				provoke(r)
				for _, m := range r.mail() {
					if link := notMeIn(m); link != "" && m.Channel == auth.Mail {
						_ = lastErr(r.s.Undo(t.Context(), caller("thief"), link))
					}
				}
				if len(said) <= day {
					t.Fatalf("got %d presses after %d notices, want one of each", len(said), day+1)
				}
				r.pass(time.Second)
				key := r.keyFirst("home")
				ok(t, "a change at once", lastErr(r.s.RecoveryCodes(t.Context(), key)))
				r.mail()
				r.pass(25 * time.Hour)
			}
		})
	}
}

// keyFirst signs in by the key before the password, which strangers may have locked.
func (r *robbed) keyFirst(browser string) auth.Caller {
	r.t.Helper()
	c := caller(browser)
	ch, err := r.s.SignInKeyFirst(r.t.Context(), c, auth.KeyFirstForm{Identifier: sellerMail})
	ok(r.t, "begin", err)
	info, err := r.s.SignInFinish(r.t.Context(), c, ch.Ceremony, touch(r.t, r.stick, ch))
	ok(r.t, "touch", err)
	if info.Ceremony != "" {
		info, err = r.s.SignInPassword(r.t.Context(), c, info.Ceremony, password)
		ok(r.t, "the password", err)
	}
	return with(c, info.Token)
}
