package auth_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A stranger who guesses passwords on and on fills nobody's history: what is
// not judged is not written.
func TestGuessesWhileLockedFillNoHistory(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	for range 30 {
		_, err := w.s.SignIn(t.Context(), caller("stranger"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Wrong-Horse9"})
		wantCode(t, "a stranger", err, auth.SignInRefused)
	}
	w.pass(time.Minute)
	ok(t, "sweep", w.s.Sweep(t.Context()))
	if events, times := refusals(t, w, c, auth.ActSignIn); events != 2 || times != 5 {
		t.Errorf("30 wrong passwords: got %d events of %d, want the 5 that were judged, in two", events, times)
	}
}

// The history is read page by page, the newest first, without a gap or a repeat, whatever a page holds.
func TestHistoryIsReadPageByPage(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	app := w.only(c, auth.TOTP)
	for i := range 5 {
		ok(t, "rename", lastErr(w.s.Rename(t.Context(), c, app.ID, fmt.Sprint("App ", i), "")))
	}
	whole, err := w.s.History(t.Context(), c, "", auth.MaxHistory)
	ok(t, "history", err)
	all := len(whole.Events)
	if whole.Next != "" || all < 7 || whole.Events[0].Action != auth.ActRename || whole.Events[0].Item != "App 4" {
		t.Fatalf("got %d events, then %q: %+v", all, whole.Next, whole.Events)
	}
	for limit := 1; limit <= all+1; limit++ {
		var got []auth.EventInfo
		cursor := ""
		for {
			page, err := w.s.History(t.Context(), c, cursor, limit)
			ok(t, "a page", err)
			got = append(got, page.Events...)
			if len(page.Events) > limit || len(page.Events) == 0 {
				t.Fatalf("pages of %d: got one of %d", limit, len(page.Events))
			}
			if cursor = page.Next; cursor == "" {
				break
			}
		}
		if !slices.Equal(got, whole.Events) {
			t.Errorf("pages of %d: got %d events, want the %d that there are", limit, len(got), all)
		}
	}
	beyond, err := w.s.History(t.Context(), c, "1000000", auth.MaxHistory)
	ok(t, "from beyond the end", err)
	if !slices.Equal(beyond.Events, whole.Events) {
		t.Errorf("from beyond the end: got %d events, want all", len(beyond.Events))
	}
	for cursor, limits := range map[string][]int{"": {0, -1, auth.MaxHistory + 1}, "x": {1}, "-1": {1}} {
		for _, limit := range limits {
			field := "limit"
			if cursor != "" {
				field = "cursor"
			}
			e := wantCode(t, "no page", lastErr(w.s.History(t.Context(), c, cursor, limit)), auth.MalformedRequest)
			if e.Field != field {
				t.Errorf("from %q at most %d: got %s refused, want %s", cursor, limit, e.Field, field)
			}
			if cursor == "" {
				e := wantCode(t, "no list", lastErr(w.s.MethodHistory(t.Context(), c, app.ID, limit)),
					auth.MalformedRequest)
				if e.Field != "limit" {
					t.Errorf("at most %d of a method: got %s refused", limit, e.Field)
				}
			}
		}
	}
}

// The history of one method is of its newest acts, as many as are asked for, among the account's last three hundred.
func TestHowFarAMethodsHistoryReaches(t *testing.T) {
	w := newWorld(t)
	secret, c := w.enrolled(sellerMail, sellerNumber)
	app := w.only(c, auth.TOTP)
	number, c := w.addPhone(w.stepUp(c, secret), sellerNumber)
	of := func(id string, limit int) (names []string) {
		t.Helper()
		h, err := w.s.MethodHistory(t.Context(), c, id, limit)
		ok(t, "history", err)
		for _, e := range h.Events {
			names = append(names, string(e.Action)+" "+e.Item)
		}
		return names
	}
	ok(t, "rename", lastErr(w.s.Rename(t.Context(), c, number.Authenticator.ID, "Shop phone", "")))
	whole := of(number.Authenticator.ID, auth.MaxHistory)
	if len(whole) != 2 || whole[0] != "rename-method Shop phone" {
		t.Fatalf("got %q, want how it was bound and renamed", whole)
	}
	if got := of(number.Authenticator.ID, 1); !slices.Equal(got, whole[:1]) {
		t.Errorf("one: got %q, want %q", got, whole[:1])
	}
	for i := range 299 {
		ok(t, "rename the other", lastErr(w.s.Rename(t.Context(), c, app.ID, fmt.Sprint("App ", i), "")))
	}
	if got := of(number.Authenticator.ID, auth.MaxHistory); !slices.Equal(got, whole[:1]) {
		t.Errorf("299 later: got %q, want %q", got, whole[:1])
	}
	ok(t, "rename the other", lastErr(w.s.Rename(t.Context(), c, app.ID, "App", "")))
	if got := of(number.Authenticator.ID, auth.MaxHistory); len(got) != 0 {
		t.Errorf("300 later: got %q, want none", got)
	}
	if got := of(app.ID, auth.MaxHistory); len(got) != auth.MaxHistory {
		t.Errorf("of the other: got %d, want %d", len(got), auth.MaxHistory)
	}
}

// An entry says what the act was about: which kind of method, by which channel a code went, and its name then; of a
// refused one as well.
func TestWhatAnActWritesDown(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	o := owner(w)
	c := o.byKey("home")
	newest := func(what, want string) {
		t.Helper()
		h, err := w.s.History(ctx, c, "", 1)
		ok(t, "history", err)
		e := h.Events[0]
		got := strings.Join(strings.Fields(fmt.Sprintln(e.Action, e.Kind, e.Flavour, e.Channel, e.Item, e.Outcome)),
			" ")
		if got != want {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	newest("a touch", "second-step webauthn Blue key")
	wantCode(t, "guess", w.guess("home", "Wrong-Horse9"), auth.SignInRefused)
	newest("a wrong password", "sign-in password sign-in-refused")
	step, err := w.s.StepUpBegin(ctx, c, auth.ActAdd, "", byKey)
	ok(t, "begin", err)
	done, err := w.s.StepUpFinish(ctx, c, step.Ceremony, touch(t, o.stick, step))
	ok(t, "step up", err)
	c.Token = done.Token
	newest("a step-up", "step-up webauthn Blue key")
	w.mail()
	number, err := w.s.BindBegin(ctx, c, textTo("+8613800138007"))
	ok(t, "begin", err)
	code, _ := w.code(auth.SMS)
	finish := func(code json.RawMessage) error {
		return lastErr(w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: number.Ceremony, Name: "Shop", Response: code}))
	}
	wantCode(t, "a wrong code", finish(otherCode(code)), auth.CodeWrong)
	newest("a wrong code of a binding", "add-method phone sms code-wrong")
	ok(t, "the right one", finish(code))
	newest("another number", "add-method phone sms Shop")
	_, c = w.addKey(c, stick(t, virtual.Options{ResidentKeys: true, Platform: true}), auth.Passkey, "PC")
	newest("a passkey", "add-method webauthn passkey PC")
	ok(t, "codes", lastErr(w.s.RecoveryCodes(ctx, c)))
	newest("codes", "recovery-codes lookup")
	ok(t, "ask", lastErr(w.s.ChangeEmail(ctx, c, "new@example.com")))
	newest("asked for another e-mail", "change-contact email")
	link := token(w.lastMail(auth.TemplateEmailChange).Args["link"])
	ok(t, "number", lastErr(w.s.ChangePhone(ctx, c, "+8613800138009", "")))
	newest("another number that names the account", "change-contact phone")
	ok(t, "confirm", lastErr(w.s.ConfirmEmail(ctx, c, link)))
	newest("another e-mail", "confirm-email email")
	ok(t, "remove", lastErr(w.s.Remove(ctx, c, o.phone.Authenticator.ID)))
	newest("a number removed", "remove-method phone")
}

// Who is not admitted is told so first: nothing of what he sent is looked at, and nothing dear is done.
func TestTheDoorComesFirst(t *testing.T) {
	w := newWorld(t)
	ctx := t.Context()
	o := owner(w)
	stale := o.byKey("home")
	w.seller("other@example.com", "+8613800138001")
	w.pass(16 * time.Minute)
	enrolling := with(caller("till"), w.signIn(caller("till"), "other@example.com").Token)
	made := 0
	cfg := w.cfg
	cfg.Factors = nil
	for _, f := range w.cfg.Factors {
		cfg.Factors = append(cfg.Factors, counting{f, &made})
	}
	s, err := auth.New(cfg)
	ok(t, "a site that counts", err)
	for who, x := range map[string]struct {
		c    auth.Caller
		want auth.Code
	}{
		"nobody":                  {caller("home"), auth.SessionRequired},
		"a forged session":        {with(caller("home"), "forged"), auth.SessionEnded},
		"who has to enrol":        {enrolling, auth.MustEnrol},
		"who has shown it before": {stale, auth.StepUpRequired},
	} {
		for what, err := range map[string]error{
			"another e-mail": lastErr(s.ChangeEmail(ctx, x.c, "nonsense")),
			"another number": lastErr(s.ChangePhone(ctx, x.c, "nonsense", "")),
			"codes":          lastErr(s.RecoveryCodes(ctx, x.c)),
			"a new password": lastErr(s.ChangePassword(ctx, x.c, "x", "y")),
		} {
			wantCode(t, who+": "+what, err, x.want)
		}
		if who != "who has to enrol" {
			wantCode(t, who+": a number", lastErr(s.BindBegin(ctx, x.c, textTo("nonsense"))), x.want)
		}
	}
	if made != 0 {
		t.Errorf("got %d methods begun, want none", made)
	}
}

// A counting is a factor that counts what it begins.
type counting struct {
	auth.Factor
	n *int
}

func (c counting) BeginBind(cer *auth.Ceremony, s auth.Subject) error {
	*c.n++
	return c.Factor.BeginBind(cer, s)
}
