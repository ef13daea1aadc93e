package auth_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// codeState is how the account stands with its security code.
func (w *waiting) codeState() auth.SecretState {
	w.t.Helper()
	return w.overview().SecurityCode.State
}

// R30 to R32: made by the service, shown once, set once, in every spelling that people type.
func TestSecurityCodeIsSetOnce(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	c := o.byKey("home")
	if got := o.codeState(); got != auth.SecretNotSet {
		t.Errorf("before: got %s", got)
	}
	_, err := w.s.ChangePasswordByCode(ctx, c, "00000-00000-00000-00000", newPassword)
	wantCode(t, "without a code", err, auth.SecurityCodeNotSet)
	_, err = w.s.SetSecurityCode(ctx, o.byText("weak"))
	wantCode(t, "behind a text, where there is a key", err, auth.TooWeak)
	w.mail()
	info, err := w.s.SetSecurityCode(ctx, c)
	ok(t, "set", err)
	if !regexp.MustCompile(`^([0-9A-HJKMNP-TV-Z]{5}-){3}[0-9A-HJKMNP-TV-Z]{5}$`).MatchString(info.Code) {
		t.Errorf("got the code %q, want four groups of five", info.Code)
	}
	w.hears("set", "email "+sellerMail+": change security-code-set", "sms "+sellerNumber+": change security-code-set")
	again, err := w.s.SecurityCodeAgain(ctx, c, info.Sealed)
	ok(t, "the page again", err)
	if again.Code != info.Code {
		t.Errorf("got %q again, want %q", again.Code, info.Code)
	}
	_, err = w.s.SecurityCodeAgain(ctx, o.byKey("till"), info.Sealed)
	wantCode(t, "in another browser", err, auth.CeremonyOtherBrowser)
	_, err = w.s.CodesFile(ctx, c, info.Sealed)
	wantCode(t, "as recovery codes", err, auth.CeremonyOtherBrowser)
	_, err = w.s.SetSecurityCode(ctx, c)
	wantCode(t, "another one", err, auth.SecurityCodeSet)
	w.pass(5 * time.Minute)
	_, err = w.s.SecurityCodeAgain(ctx, c, info.Sealed)
	wantCode(t, "after five minutes", err, auth.CeremonyExpired)
	if got := o.codeState(); got != auth.SecretSet {
		t.Errorf("set: got %s", got)
	}
	for _, typed := range []string{strings.ToLower(info.Code), strings.ReplaceAll(info.Code, "-", " "),
		strings.NewReplacer("0", "o", "1", "l").Replace(info.Code)} {
		token, err := w.s.ShowSecurityCode(ctx, o.byText("home"), typed)
		ok(t, typed, err)
		if token == "" {
			t.Error("got no new token")
		}
	}
	if got := o.codeState(); got != auth.SecretUsed {
		t.Errorf("used: got %s", got)
	}
}

// R30: beside a fresh second step of any class the code is as good as a strong one: what would wait is done at once. It
// spares no second step.
func TestSecurityCodeRaisesASecondStep(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	code := w.setCode(o.byKey("home"))
	w.pass(time.Hour)
	stale := o.byText("desk")
	w.pass(11 * time.Minute)
	_, err := w.s.ShowSecurityCode(ctx, stale, code)
	wantCode(t, "without a fresh second step", err, auth.StepUpRequired)
	c := o.byText("shop")
	wantCode(t, "a number behind a text", lastErr(w.s.ChangePhone(ctx, c, "", "")), auth.TooWeak)
	w.mail()
	_, err = w.s.ShowSecurityCode(ctx, c, "00000-00000-00000-00000")
	wantCode(t, "a wrong code", err, auth.SecurityCodeWrong)
	token, err := w.s.ShowSecurityCode(ctx, c, code)
	ok(t, "show it", err)
	const told = ": change security-code-used"
	w.hears("shown", "email "+sellerMail+told, "sms "+sellerNumber+told)
	c = with(c, token)
	ok(t, "a number", lastErr(w.s.ChangePhone(ctx, c, "", "")))
	ok(t, "a question", w.s.SetQuestion(ctx, c, ownQuestion, ownAnswer))
	done, err := w.s.Remove(ctx, c, o.key)
	ok(t, "the key", err)
	if !done.Due.IsZero() {
		t.Errorf("got a removal at %s, want it done", done.Due)
	}
	_, err = w.s.SetSecurityCode(ctx, o.byText("till")) // nothing strong is left, so that a text is the best
	wantCode(t, "another code", err, auth.SecurityCodeSet)
	w.pass(11 * time.Minute)
	wantCode(t, "later", w.s.SetQuestion(ctx, c, ownQuestion, ownAnswer), auth.StepUpRequired)
}

// What the code does is told with a link that ends every session: what a strong proof did it only pauses.
func TestNotMeAgainstASecurityCode(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	code := w.setCode(o.byKey("home"))
	w.pass(time.Hour)
	w.mail()
	c := o.byText("thief")
	token1, err := w.s.ShowSecurityCode(ctx, c, code)
	ok(t, "show it", err)
	link := token(w.lastMail(auth.TemplateChange).Args["undo"])
	info, err := w.s.Undo(ctx, caller("mail"), link)
	ok(t, "not me", err)
	if !info.Pauses {
		t.Error("got a deed that is reverted, want a pause")
	}
	_, err = w.s.Me(ctx, with(c, token1))
	wantCode(t, "the thief's session", err, auth.SessionEnded)
	_, err = w.s.ShowSecurityCode(ctx, o.byText("thief"), code)
	wantCode(t, "the code while changes are paused", err, auth.ChangePaused)
}

// A code that a weak proof has set counts only when nobody can undo it any more, and is gone once somebody does: a
// thief with a number must not make himself the highest authority.
func TestSecurityCodeOfAWeakProofWaits(t *testing.T) {
	w := newWorld(t)
	r := rob(w, true)
	ctx := t.Context()
	c := r.byText("thief")
	w.mail()
	code := w.setCode(c)
	link := token(w.lastMail(auth.TemplateChange).Args["undo"])
	_, err := w.s.ShowSecurityCode(ctx, c, code)
	wantCode(t, "at once", err, auth.SecurityCodeWaits)
	_, err = w.s.ChangePasswordByCode(ctx, c, code, newPassword)
	wantCode(t, "for a password", err, auth.SecurityCodeWaits)
	w.pass(72*time.Hour - 2*time.Minute)
	_, err = w.s.ShowSecurityCode(ctx, r.byText("thief"), code)
	wantCode(t, "before it counts", err, auth.SecurityCodeWaits)
	ok(t, "not me", lastErr(w.s.Undo(ctx, caller("mail"), link)))
	w.pass(25 * time.Hour)
	_, err = w.s.ShowSecurityCode(ctx, r.byText("thief"), code)
	wantCode(t, "undone", err, auth.SecurityCodeNotSet)
	code = w.setCode(r.byText("home"))
	w.pass(72 * time.Hour)
	ok(t, "after three days", lastErr(w.s.ShowSecurityCode(ctx, r.byText("home"), code)))
}

// D3: retired by an act that asks for enough, and by no other; every address hears, sessions lose what the code had
// shown, and a new one may be set.
func TestRetireSecurityCode(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	me, err := w.s.Me(ctx, o.byKey("home"))
	ok(t, "who", err)
	strongly := auth.Demand{Class: auth.Strong, MaxAge: 10 * time.Minute}
	case4 := auth.Rule{Who: auth.Enrolled, Demand: strongly, Audit: true}
	door, err := auth.Register(w.s, auth.Part{Name: "handover", Rules: map[auth.Action]auth.Rule{
		"hand-over": case4, "hand-over-unseen": {Who: auth.Enrolled, Demand: case4.Demand},
		"hand-over-weakly": {Who: auth.Enrolled, Demand: auth.Demand{Class: auth.Weak, MaxAge: time.Hour}, Audit: true},
	}})
	ok(t, "a part", err)
	retire := func(a auth.Action, c auth.Caller) error {
		return door.Do(ctx, c, a, func(p *auth.Work) error { return p.RetireSecurityCode(me.Account) })
	}
	wantCode(t, "none", retire("hand-over", o.byKey("home")), auth.SecurityCodeNotSet)
	code := w.setCode(o.byKey("home"))
	w.pass(time.Hour)
	c := o.byText("shop")
	shown, err := w.s.ShowSecurityCode(ctx, c, code)
	ok(t, "show it", err)
	for _, a := range []auth.Action{"hand-over-unseen", "hand-over-weakly"} {
		if err := retire(a, o.byKey("home")); err == nil || strings.Contains(err.Error(), "refused") {
			t.Errorf("%s: got %v, want a failure", a, err)
		}
	}
	w.mail()
	ok(t, "retire it", retire("hand-over", o.byKey("home")))
	w.hears("retired", "email "+sellerMail+": change security-code-retired")
	info := o.overview().SecurityCode
	if info.State != auth.SecretRetired || info.RetiredAt.IsZero() || info.SetAt.IsZero() {
		t.Errorf("got %+v, want it retired", info)
	}
	wantCode(t, "what it had shown", w.s.SetQuestion(ctx, with(c, shown), ownQuestion, ownAnswer), auth.TooWeak)
	_, err = w.s.ShowSecurityCode(ctx, o.byText("till"), code)
	wantCode(t, "the retired code", err, auth.SecurityCodeNotSet)
	w.pass(time.Minute)
	next := w.setCode(o.byKey("home"))
	wantCode(t, "what the retired one had shown, beside a new one", w.s.SetQuestion(ctx, with(c, shown), ownQuestion,
		ownAnswer), auth.TooWeak)
	wantCode(t, "the retired code, beside a new one", lastErr(w.s.ShowSecurityCode(ctx, o.byText("till"), code)),
		auth.SecurityCodeWrong)
	ok(t, "the new one", lastErr(w.s.ShowSecurityCode(ctx, o.byText("till"), next)))
}

// A lost answer shows the code again to the browser that asked, and sets no other.
func TestSecurityCodeTwiceIsOnce(t *testing.T) {
	w := newWorld(t)
	c := owner(w).byKey("home")
	c.Request = "a press"
	first, err := w.s.SetSecurityCode(t.Context(), c)
	ok(t, "a press", err)
	second, err := w.s.SetSecurityCode(t.Context(), c)
	ok(t, "the same press", err)
	if first.Code != second.Code {
		t.Errorf("got %q and %q, want one code", first.Code, second.Code)
	}
}

// However many ask at once, one code is set.
func TestOneSecurityCodeOfSixtyFour(t *testing.T) {
	w := newWorld(t)
	c := owner(w).byKey("home")
	if won := w.winners(64, func(int) error { return lastErr(w.s.SetSecurityCode(t.Context(), c)) }); won != 1 {
		t.Errorf("got %d codes of 64 at once, want 1", won)
	}
}
