package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

const payText = "¥ 12,000.00 to account •••• 8000"

// approve approves a text with the key, and returns the session with its next token.
func (w *waiting) approve(c auth.Caller, text string) auth.Caller {
	w.t.Helper()
	ch, err := w.s.StepUpBegin(w.t.Context(), c, auth.ActPayout, text, byKey)
	ok(w.t, "begin", err)
	done, err := w.s.StepUpFinish(w.t.Context(), c, ch.Ceremony, touch(w.t, w.stick, ch))
	ok(w.t, "approve", err)
	return with(c, done.Token)
}

// R7: one text, one strong proof, once, within five minutes.
func TestPayout(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	c := o.byKey("home")
	_, err := w.s.Payout(ctx, c, payText)
	wantCode(t, "a strong proof of a moment ago, for the sign-in", err, auth.StepUpRequired)
	if d := refusal(t, err).Demand; d.Class != auth.Strong || d.MaxAge != 5*time.Minute {
		t.Errorf("got the demand %+v, want a strong one of five minutes", d)
	}
	need, err := w.s.StepUp(ctx, c, auth.ActPayout, payText)
	ok(t, "look", err)
	if need.Done || len(need.Methods) != 1 {
		t.Errorf("got %+v, want the key asked for", need)
	}
	c = o.approve(c, payText)
	need, err = w.s.StepUp(ctx, c, auth.ActPayout, payText)
	ok(t, "look", err)
	if !need.Done {
		t.Error("got it asked for again, want it approved")
	}
	_, err = w.s.Payout(ctx, c, payText+" and more")
	wantCode(t, "another text", err, auth.StepUpRequired)
	done, err := w.s.Payout(ctx, c, payText)
	ok(t, "the text", err)
	if done.Text != payText || !done.ApprovedAt.Equal(w.time()) {
		t.Errorf("got %+v", done)
	}
	_, err = w.s.Payout(ctx, c, payText)
	wantCode(t, "a second time", err, auth.StepUpRequired)
	c = o.approve(c, payText)
	w.pass(5*time.Minute + time.Second)
	_, err = w.s.Payout(ctx, c, payText)
	wantCode(t, "after five minutes", err, auth.StepUpRequired)
	c = o.approve(c, payText)
	w.pass(5 * time.Minute)
	ok(t, "within five minutes", lastErr(w.s.Payout(ctx, c, payText)))
	for _, text := range []string{"", " blank", "two  blanks", "a\u202eb", strings.Repeat("长", 201)} {
		wantCode(t, text, lastErr(w.s.Payout(ctx, c, text)), auth.PayoutTextMalformed)
		wantCode(t, text, lastErr(w.s.StepUpBegin(ctx, c, auth.ActPayout, text, byKey)), auth.PayoutTextMalformed)
	}
	if n := o.history(auth.ActPayout); n < 3 {
		t.Errorf("got %d entries of payouts, want each", n)
	}
}

// A later proof, of something else, makes the approval no younger.
func TestAnApprovalIsAsOldAsItsProof(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := o.approve(o.byKey("home"), payText)
	w.pass(4 * time.Minute)
	ch, err := w.s.StepUpBegin(t.Context(), c, auth.ActRename, "", byKey)
	ok(t, "begin", err)
	done, err := w.s.StepUpFinish(t.Context(), c, ch.Ceremony, touch(t, o.stick, ch))
	ok(t, "another proof", err)
	w.pass(time.Minute + time.Second)
	wantCode(t, "after five minutes", lastErr(w.s.Payout(t.Context(), with(c, done.Token), payText)), auth.StepUpRequired)
}

// history counts the entries of an act.
func (w *waiting) history(a auth.Action) (n int) {
	w.t.Helper()
	list, err := w.s.History(w.t.Context(), w.byKey("till"), "", 100)
	ok(w.t, "history", err)
	for _, e := range list.Events {
		if e.Action == a {
			n++
		}
	}
	return n
}

// A text message approves nothing, and neither does the security code beside it.
func TestWeakProofsApproveNoPayout(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	code := w.setCode(o.byKey("home"))
	c := o.byText("shop")
	shown, err := w.s.ShowSecurityCode(ctx, c, code)
	ok(t, "the code", err)
	c = with(c, shown)
	w.pass(time.Minute)
	ch, err := w.s.StepUpBegin(ctx, c, auth.ActPayout, payText, bySMS)
	ok(t, "begin", err)
	typed, _ := w.code(auth.SMS)
	done, err := w.s.StepUpFinish(ctx, c, ch.Ceremony, typed)
	ok(t, "a text", err)
	_, err = w.s.Payout(ctx, with(c, done.Token), payText)
	wantCode(t, "by a text", err, auth.StepUpRequired)
}

// However many ask at once, an approval counts once; the token before the last buys no second one.
func TestOnePayoutOfSixtyFour(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := o.approve(o.byKey("home"), payText)
	if won := w.winners(64, func(int) error { return lastErr(w.s.Payout(t.Context(), c, payText)) }); won != 1 {
		t.Errorf("got %d payouts of one approval, want 1", won)
	}
	before := o.approve(o.byKey("shop"), payText)
	ch, err := w.s.StepUpBegin(t.Context(), before, auth.ActRename, "", byKey)
	ok(t, "begin", err)
	done, err := w.s.StepUpFinish(t.Context(), before, ch.Ceremony, touch(t, o.stick, ch))
	ok(t, "another step", err)
	ok(t, "by the next token", lastErr(w.s.Payout(t.Context(), with(before, done.Token), payText)))
	if err := lastErr(w.s.Payout(t.Context(), before, payText)); err == nil {
		t.Error("the token before approved it once more")
	}
}

// What makes an account less sure refuses payouts: the session check says until when and why, and nothing is asked for.
func TestWhatRefusesPayouts(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	c := o.byKey("home")
	me, err := w.s.Me(ctx, c)
	ok(t, "me", err)
	if !me.Payout.Allowed || me.Payout.Why != "" || !me.Payout.Until.IsZero() {
		t.Errorf("got %+v, want them allowed", me.Payout)
	}
	c = o.approve(c, payText)
	stall := w.stall()
	until := w.time().Add(time.Hour)
	ok(t, "cool off", stall.in(t, func(p *auth.Work) error { return p.CoolOff(me.Account, until, "handed-over") }))
	sooner := until.Add(-time.Minute)
	ok(t, "for less", stall.in(t, func(p *auth.Work) error { return p.CoolOff(me.Account, sooner, "other") }))
	for what, err := range map[string]error{
		"what was approved": lastErr(w.s.Payout(ctx, c, payText)),
		"a look":            lastErr(w.s.StepUp(ctx, c, auth.ActPayout, payText)),
		"a step-up":         lastErr(w.s.StepUpBegin(ctx, c, auth.ActPayout, payText, byKey)),
	} {
		wantCode(t, what, err, auth.PayoutRefused)
		if e := refusal(t, err); !e.Until.Equal(until) || e.Args["reason"] != "handed-over" {
			t.Errorf("%s: got %s for %q, want %s", what, e.Until, e.Args["reason"], until)
		}
	}
	me, err = w.s.Me(ctx, c)
	ok(t, "me", err)
	if me.Payout.Allowed || me.Payout.Why != "handed-over" || !me.Payout.Until.Equal(until) {
		t.Errorf("got %+v, want them refused", me.Payout)
	}
	w.pass(time.Hour)
	c = o.approve(o.byKey("home"), payText)
	ok(t, "after it", lastErr(w.s.Payout(ctx, c, payText)))

	w.pass(time.Minute)
	w.mail()
	o.byText("elsewhere")
	ok(t, "not me", lastErr(w.s.Undo(ctx, caller("mail"), token(w.lastMail(auth.TemplateNewBrowser).Args["undo"]))))
	weak, err := w.s.Me(ctx, o.byText("home"))
	ok(t, "me", err)
	strong, err := w.s.Me(ctx, o.byKey("home"))
	ok(t, "me", err)
	if weak.Payout.Allowed || weak.Payout.Why != "paused" || !strong.Payout.Allowed {
		t.Errorf("after \"not me\": got %+v behind a text and %+v behind the key", weak.Payout, strong.Payout)
	}
}

// approvedPayout is an approval that is not taken.
func approvedPayout(w *world) ending {
	o := owner(w)
	c := o.approve(o.byKey("home"), payText)
	take := func() error { return lastErr(w.s.Payout(w.t.Context(), c, payText)) }
	return w.after(5*time.Minute, take, auth.StepUpRequired)
}

// What was begun before a cooling-off approves nothing after it.
func TestCoolingOffStopsWhatIsUnderWay(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	c := o.byKey("home")
	me, err := w.s.Me(t.Context(), c)
	ok(t, "me", err)
	ch, err := w.s.StepUpBegin(t.Context(), c, auth.ActPayout, payText, byKey)
	ok(t, "begin", err)
	until := w.time().Add(time.Hour)
	ok(t, "cool off", w.stall().in(t, func(p *auth.Work) error { return p.CoolOff(me.Account, until, "handed-over") }))
	_, err = w.s.StepUpFinish(t.Context(), c, ch.Ceremony, touch(t, o.stick, ch))
	wantCode(t, "finish", err, auth.PayoutRefused)
}
