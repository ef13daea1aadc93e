package auth_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A telling is an act from its beginning to the outbox: who hears of it hears that, and by text as well or not.
type telling struct {
	does func(*robbed)
	says string
	text bool
}

// tellings are the acts that tell somebody, by what is told and the act.
func tellings() map[string]telling {
	return map[string]telling{
		"added by add-method":            {actAdd, "change added-totp", false},
		"removed by remove-method":       {actRemove(auth.TOTP), "change removed-totp", false},
		"removed by lose-device":         {actLose, "change removed-webauthn", false},
		"removed by delayed-removal":     {actRemoved, "change removed-webauthn", false},
		"waiting by remove-method":       {actWait(false), "removal-delayed removed-webauthn", true},
		"waiting by lose-device":         {actWait(true), "removal-delayed removed-webauthn", true},
		"codes-made by recovery-codes":   {actCodes, "change recovery-codes", false},
		"codes-void by sweep":            {actRestored, "codes-void", false},
		"password by change-password":    {actPassword, "change password", true},
		"password by reset-password":     {actReset, "change password", true},
		"email by confirm-email":         {actEmail, "change email", true},
		"phone by change-contact":        {actPhone, "change phone", true},
		"email by delayed-move":          {actMoved(auth.ContactMove{Email: "new@example.com"}), "change email", true},
		"phone by delayed-move":          {actMoved(auth.ContactMove{Phone: "+8613800138055"}), "change phone", true},
		"user-name by change-user-name":  {actUserName, "change user-name", false},
		"new-browser by sign-in":         {actTouchFirst, "new-browser", false},
		"new-browser by second-step":     {func(r *robbed) { r.byKey("elsewhere") }, "new-browser", false},
		"locked by sign-in":              {actLocked, "password-locked", false},
		"unused by dormant":              {actUnused(335 * day), "unused", false},
		"dormant by dormant":             {actUnused(335*day, 23*day, 7*day), "dormant", false},
		"key-recalled by key-recalled":   {actRecalled(), "key-recalled", false},
		"key-recalled by recall-told":    {actRecalled((*listed).pushes), "key-recalled", false},
		"recall-lifted by recall-lifted": {actRecalled((*listed).lifts), "recall-lifted", false},
		"password-out by second-step":    {actOut, "password-out", false},
		"password-out by sign-in":        {actOutAgain, "password-out", false},
		"code-used by second-step":       {actSecond(usedCode), "change used-lookup", false},
		"code-used by step-up":           {actStep(auth.ActRename, usedCode), "change used-lookup", false},
		"code-used by test-method":       {actStep(auth.ActTest, usedCode), "change used-lookup", false},
		"frozen by second-step":          {actSecond(copiedKey), "change frozen-webauthn", false},
		"frozen by step-up":              {actStep(auth.ActRename, copiedKey), "change frozen-webauthn", false},
		"frozen by test-method":          {actStep(auth.ActTest, copiedKey), "change frozen-webauthn", false},
		"unfrozen by unfreeze-method":    {actUnfreeze, "change unfrozen-webauthn", false},
		"disabled by second-step":        {actSecond(wrongCodes), "change disabled-totp", false},
		"disabled by step-up":            {actStep(auth.ActRename, wrongCodes), "change disabled-totp", false},
		"disabled by test-method":        {actStep(auth.ActTest, wrongCodes), "change disabled-totp", false},

		"keys-only by keys-only":          {actKeysOnly(), "change keys-only", true},
		"keys-only-ends by keys-only-off": {actKeysOnly(keysOnlyEnds), "keys-only-ends", true},
		"keys-only-ended by keys-only-ended": {actKeysOnly(keysOnlyEnds, keysOnlyEnded),
			"change keys-only-ended", true},

		"question by change-question":             {actQuestion, "change question", false},
		"question-removed by change-question":     {actQuestionGone, "change question-removed", false},
		"security-code-set by set-security-code":  {actSecurityCode, "change security-code-set", true},
		"security-code-used by use-security-code": {actSecurityCodeUsed, "change security-code-used", true},
		"security-code-waits by code-sign-in":     {actCodeWaits, "security-code-waits", true},
		"signed-in-by-code by code-sign-in":       {actCodeSignIn, "change signed-in-by-code", true},
		"data-taken by take-data":                 {actTakeData, "change data-taken", false},
		"reset-closed by take-reset-name":         {actThreeNames, "reset-closed", false},
		"password-out by code-sign-in":            {actOutByCode, "password-out", false},
	}
}

// Every row of the table of notices is true of each of its acts: every address hears, the proved number where the row
// says so, and nobody hears anything else.
func TestEveryNoticedActIsHeardOf(t *testing.T) {
	list := tellings()
	for _, row := range auth.NoticedActs() {
		if _, there := list[row]; !there {
			t.Errorf("%s: no act is tried that tells of it", row)
		}
	}
	for row, told := range list {
		t.Run(row, func(t *testing.T) {
			t.Parallel()
			r := rob(newWorld(t, func(c *auth.Config) { c.Policy.Guesses.Limit = 3 }), false)
			r.c = r.byKey("home")
			r.enrolApp(r.c)
			r.mail()
			told.does(r)
			want := []string{"email " + sellerMail + ": " + told.says, "email " + otherMail + ": " + told.says}
			if told.text {
				want = append(want, "sms "+sellerNumber+": "+told.says)
			}
			r.hears(row, want...)
		})
	}
}

// actKeysOnly has nothing but keys open the account, and what follows; what the last of it tells is heard.
func actKeysOnly(then ...func(*robbed)) func(*robbed) {
	return func(r *robbed) {
		_, c := r.addKey(r.c, stick(r.t, virtual.Options{Seed: []byte("spare")}), auth.SecurityKey, "Spare")
		r.mail()
		ok(r.t, "keys only", lastErr(r.s.SwitchKeysOnly(r.t.Context(), c, true)))
		for _, next := range then {
			r.mail()
			next(r)
		}
	}
}

func keysOnlyEnds(r *robbed) { ok(r.t, "its end", lastErr(r.s.EndKeysOnly(r.t.Context(), r.c))) }

func keysOnlyEnded(r *robbed) {
	r.pass(day)
	ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
}

func actAdd(r *robbed) { r.enrolApp(r.c) }

func actRemove(k auth.Kind) func(*robbed) {
	return func(r *robbed) {
		ok(r.t, "remove", lastErr(r.s.Remove(r.t.Context(), r.c, r.only(r.c, k).ID)))
	}
}

// actUnfreeze lets a key work again that was frozen, behind an app.
func actUnfreeze(r *robbed) {
	key := r.only(r.c, auth.WebAuthn)
	secret, _ := r.enrolApp(r.c)
	actStep(auth.ActRename, copiedKey)(r)
	c := caller("home")
	c.Token = r.second(c, r.signIn(c, sellerMail), secret).Token
	r.mail()
	ok(r.t, "unfreeze", lastErr(r.s.Unfreeze(r.t.Context(), c, key.ID)))
}

func actLose(r *robbed) {
	ok(r.t, "lose", lastErr(r.s.LoseDevice(r.t.Context(), r.c, r.only(r.c, auth.WebAuthn).Device)))
}

// actWait asks with a text for what a text removes only later.
func actWait(lost bool) func(*robbed) {
	return func(r *robbed) {
		c := r.byText("home")
		key := r.only(c, auth.WebAuthn)
		if lost {
			ok(r.t, "lose", lastErr(r.s.LoseDevice(r.t.Context(), c, key.Device)))
			return
		}
		ok(r.t, "remove", lastErr(r.s.Remove(r.t.Context(), c, key.ID)))
	}
}

func actRemoved(r *robbed) {
	actWait(false)(r)
	r.mail()
	r.pass(day)
	ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
}

func actRestored(r *robbed) { ok(r.t, "a backup", lastErr(r.s.Restored(r.t.Context(), false))) }

func actPassword(r *robbed) {
	ok(r.t, "change", lastErr(r.s.ChangePassword(r.t.Context(), r.c, password, newPassword)))
}

func actCodes(r *robbed) { ok(r.t, "codes", lastErr(r.s.RecoveryCodes(r.t.Context(), r.c))) }
func actReset(r *robbed) { r.reset(sellerMail, newPassword) }
func actEmail(r *robbed) { r.emailTo(r.c, "new@example.com") }
func actPhone(r *robbed) { ok(r.t, "number", lastErr(r.s.ChangePhone(r.t.Context(), r.c, "", ""))) }
func actUserName(r *robbed) {
	ok(r.t, "name", lastErr(r.s.ChangeUserName(r.t.Context(), r.c, "小明二店")))
}

func actQuestion(r *robbed) {
	ok(r.t, "question", r.s.SetQuestion(r.t.Context(), r.c, ownQuestion, ownAnswer))
}

func actQuestionGone(r *robbed) {
	actQuestion(r)
	r.mail()
	ok(r.t, "no question", r.s.RemoveQuestion(r.t.Context(), r.c))
}

func actSecurityCode(r *robbed) { r.setCode(r.c) }

func actSecurityCodeUsed(r *robbed) {
	code := r.setCode(r.c)
	r.mail()
	ok(r.t, "the code", lastErr(r.s.ShowSecurityCode(r.t.Context(), r.c, code)))
}

func actTakeData(r *robbed) { ok(r.t, "take", lastErr(r.s.TakeData(r.t.Context(), r.c))) }

func actTouchFirst(r *robbed) {
	c := caller("elsewhere")
	ch, err := r.s.SignInKeyFirst(r.t.Context(), c, auth.KeyFirstForm{Identifier: sellerMail})
	ok(r.t, "begin", err)
	info, err := r.s.SignInFinish(r.t.Context(), c, ch.Ceremony, touch(r.t, r.stick, ch))
	ok(r.t, "touch", err)
	ok(r.t, "the password", lastErr(r.s.SignInPassword(r.t.Context(), c, info.Ceremony, password)))
}

func actLocked(r *robbed) {
	for range 5 {
		wantCode(r.t, "a wrong password", r.guess("thief", "Wrong-Horse9"), auth.SignInRefused)
	}
}

func actOut(r *robbed) {
	for range 5 {
		ch := r.begun(caller("thief"), byApp)
		wantCode(r.t, "a wrong code", r.finish(caller("thief"), ch, typed("000000"))(), auth.CodeWrong)
	}
}

func actOutAgain(r *robbed) {
	actOut(r)
	r.mail()
	r.pass(25 * time.Hour)
	wantCode(r.t, "the password that is out", r.guess("thief", password), auth.MailCodeNeeded)
}

// actThreeNames has the number, and not the user name: of the three tries that close the way the last is told of.
func actThreeNames(r *robbed) {
	thief := caller("thief")
	shown := r.numberShown(thief)
	for _, want := range []auth.Code{auth.UserNameWrong, auth.UserNameWrong, auth.UserNameClosed, auth.UserNameClosed} {
		wantCode(r.t, "a wrong name", lastErr(r.s.ForgotUserName(r.t.Context(), thief, shown, "another shop")), want)
	}
}

// An answering is a way to answer a second step: how it is begun, with what it is answered, and how often.
type answering func(*robbed) (m auth.MethodChoice, answer func(*auth.Challenge) []byte, times int)

func usedCode(r *robbed) (auth.MethodChoice, func(*auth.Challenge) []byte, int) {
	return auth.MethodChoice{Kind: auth.Lookup}, func(*auth.Challenge) []byte { return typed(r.codes[0]) }, 1
}

func wrongCodes(*robbed) (auth.MethodChoice, func(*auth.Challenge) []byte, int) {
	return byApp, func(*auth.Challenge) []byte { return typed("000000") }, 3
}

func copiedKey(r *robbed) (auth.MethodChoice, func(*auth.Challenge) []byte, int) {
	copied := *r.stick
	copied.Authenticators = []*virtual.Authenticator{r.stick.Authenticators[0].Clone()}
	r.byKey("home")
	return byKey, func(ch *auth.Challenge) []byte { return touch(r.t, &copied, ch) }, 1
}

// actSecond answers at a sign-in in a known browser.
func actSecond(by answering) func(*robbed) {
	return func(r *robbed) {
		m, answer, times := by(r)
		for range times {
			ch := r.begun(caller("home"), m)
			_ = r.finish(caller("home"), ch, answer(ch))()
		}
	}
}

// actStep answers at a step-up.
func actStep(a auth.Action, by answering) func(*robbed) {
	return func(r *robbed) {
		m, answer, times := by(r)
		for range times {
			ch, err := r.s.StepUpBegin(r.t.Context(), r.c, a, "", m)
			ok(r.t, "begin", err)
			_, _ = r.s.StepUpFinish(r.t.Context(), r.c, ch.Ceremony, answer(ch))
		}
	}
}
