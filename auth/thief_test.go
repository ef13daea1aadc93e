package auth_test

import (
	"cmp"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A robbed is a seller of whom a thief holds something: with a key, or with weak methods alone.
type robbed struct {
	*guarded
	named   string                           // what the owner signs in by; "": his e-mail
	current string                           // the password by now
	codes   []string                         // recovery codes
	pressed string                           // the link in the notice that the owner presses; "": any
	enter   func(browser string) auth.Caller // how the thief signs in; nil: by a text
}

// A loot is what a thief puts in place with what he holds: it returns what he does with it later, which says nothing if
// it still works.
type loot func(*robbed) func() error

// A holding is what a thief has, what he may put in place with it, and the answers of an owner that are about it.
type holding struct {
	weak    bool // of a seller who has no strong method
	loots   map[string]loot
	answers []string
	stands  map[string]string // "<loot>: <answer>" that leaves it, and why that is no harm
}

const thiefs = "thief@example.net"

func holdings() map[string]holding {
	const sim = "removes the number"
	return map[string]holding{
		"the password": {
			loots:   map[string]loot{"a sign-in begun": lootFlow, "the wait of strangers": lootWait},
			answers: []string{"resets", "changes the password"},
		},
		"the password and the SIM": {
			loots: map[string]loot{
				"a session":                         lootSession,
				"a known browser":                   lootKnown,
				"a trusted browser":                 lootTrust,
				"a removal that waits":              lootRemoval,
				"one of a session that has run out": lootLongAgo,
				"a second step begun":               lootSecondStep,
				"a step-up begun":                   lootStepUp,
			},
			answers: []string{"resets", "says not me", "changes the password", sim},
		},
		"the password and the SIM of a seller without a key": {
			weak: true,
			loots: map[string]loot{
				"a session":           lootSession,
				"a method of his own": lootMethod,
				"a binding begun":     lootBinding,
				"the end of it":       lootClosing,
			},
			answers: []string{"resets", "says not me", "changes the password", sim},
			stands: map[string]string{
				"a method of his own: " + sim: "a method like another: its notice reverts it, and its own removal",
			},
		},
		"the password and the SIM of such a seller, and a method of his own": {
			weak:    true,
			loots:   map[string]loot{"by it": lootMethod},
			answers: []string{"resets", "says not me", "changes the password", "removes the thief's method"},
		},
		"the password and the SIM of such a seller, whose e-mail he has moved": {
			weak:    true,
			loots:   map[string]loot{"the e-mail": lootEmail},
			answers: []string{"says not me", "moves the e-mail back"},
		},
		"the password and a recovery code": {
			loots: map[string]loot{
				"a session":         byCode(lootSession),
				"a known browser":   byCode(lootKnown),
				"a trusted browser": byCode(lootTrust),
			},
			answers: []string{"resets", "says not me", "changes the password", "makes new codes", "removes the codes"},
		},
		"the mailbox": {
			loots: map[string]loot{"a mailed code": lootMailedCode, "an introduced browser": lootIntroduced,
				"a reset link": lootLink},
			answers: []string{"resets", "says not me", "changes the password", "moves the e-mail"},
		},
		"the mailbox, by which he has reset the password": {
			loots:   map[string]loot{"the password": lootReset},
			answers: []string{"resets", "says not me"},
		},
		"the password, the SIM and the security code": {
			loots:   map[string]loot{"what the code has raised": lootShownCode, "a password by it": lootCodePassword},
			answers: []string{"resets", "says not me"},
		},
		"the password and the security code": {
			loots:   map[string]loot{"a sign-in that waits": lootCodeWait},
			answers: []string{"resets", "says not me", "changes the password", "ends the others", "stops the sign-in"},
		},
		"the password and the security code, by which he has come in": {
			loots: map[string]loot{"a session": lootCodeSession, "a key of his own": lootCodeKey,
				"the e-mail": lootCodeEmail},
			answers: []string{"says not me"},
		},
		"a session": {
			loots:   map[string]loot{"itself": lootCookie, "a step-up begun": lootCookieStepUp},
			answers: []string{"resets", "says not me", "changes the password", "ends the others"},
		},
		"a trusted browser's cookie and the password": {
			loots:   map[string]loot{"itself": lootTrustedCookie},
			answers: []string{"resets", "says not me", "changes the password", "forgets the browsers"},
		},
	}
}

// answers are what an owner does who notices, at his desk.
func answers() map[string]func(*robbed) {
	return map[string]func(*robbed){
		"resets": func(r *robbed) {
			r.pass(time.Minute)
			r.reset(sellerMail, "Owner-Marmot77")
			r.current = "Owner-Marmot77"
		},
		"says not me": func(r *robbed) {
			link := r.pressed
			for _, m := range r.mail() {
				if link == "" && string(m.Recipient) == otherMail && m.Args["undo"] != "" {
					link = token(m.Args["undo"])
				}
			}
			if link == "" { // nothing has told of the thief; any notice ends what he has
				r.in("till")
				link = r.undo(auth.TemplateNewBrowser, otherMail)
			}
			ok(r.t, "not me", lastErr(r.s.Undo(r.t.Context(), caller("desk"), link)))
			r.current = password
		},
		"changes the password": func(r *robbed) {
			ok(r.t, "change", lastErr(r.s.ChangePassword(r.t.Context(), r.atDesk(), password, "Owner-Marmot77")))
			r.current = "Owner-Marmot77"
		},
		"removes the number": func(r *robbed) {
			c := r.atDesk()
			ok(r.t, "remove", lastErr(r.s.Remove(r.t.Context(), c, r.only(c, auth.Phone).ID)))
		},
		"makes new codes": func(r *robbed) { ok(r.t, "codes", lastErr(r.s.RecoveryCodes(r.t.Context(), r.atDesk()))) },
		"removes the codes": func(r *robbed) {
			c := r.atDesk()
			ok(r.t, "remove", lastErr(r.s.Remove(r.t.Context(), c, r.only(c, auth.Lookup).ID)))
		},
		"removes the thief's method": func(r *robbed) {
			c := r.atDesk()
			info, err := r.s.Security(r.t.Context(), c)
			ok(r.t, "overview", err)
			for _, m := range info.Methods {
				if m.Masked == "t•••@example.net" {
					ok(r.t, "remove", lastErr(r.s.Remove(r.t.Context(), c, m.ID)))
				}
			}
		},
		"moves the e-mail back": func(r *robbed) { r.emailTo(r.atDesk(), sellerMail) },
		"moves the e-mail":      func(r *robbed) { r.emailTo(r.atDesk(), "new@example.com") },
		"ends the others":       func(r *robbed) { ok(r.t, "end", r.s.EndOtherSessions(r.t.Context(), r.atDesk())) },
		"stops the sign-in": func(r *robbed) {
			c := r.atDesk()
			info, err := r.s.Security(r.t.Context(), c)
			ok(r.t, "overview", err)
			ok(r.t, "stop", r.s.CancelChange(r.t.Context(), c, info.Changes[0].ID))
		},
		"forgets the browsers": func(r *robbed) {
			ok(r.t, "forget", r.s.ForgetBrowser(r.t.Context(), r.atDesk(), ""))
		},
	}
}

// What a thief has put in place falls with the owner's answer (promise 17): whatever he holds, whatever he did with it,
// and whichever answer is about it.
func TestWhatAThiefPutInPlaceFalls(t *testing.T) {
	all := holdings()
	maps.Copy(all, resetHoldings())
	for holds, h := range all {
		for puts, place := range h.loots {
			t.Run(holds+": "+puts, func(t *testing.T) {
				t.Parallel()
				ok(t, "before any answer", place(rob(newWorld(t), h.weak))())
				for _, answer := range h.answers {
					r := rob(newWorld(t), h.weak)
					use := place(r)
					answers()[answer](r)
					_, stands := h.stands[puts+": "+answer]
					if err := use(); (err == nil) != stands {
						t.Errorf("the owner %s: got %v; it stands: want %v", answer, err, stands)
					}
				}
			})
		}
	}
}

func rob(w *world, weak bool) *robbed {
	r := &robbed{guarded: guardIn(w, !weak), current: password}
	c := r.in("desk")
	if !weak {
		set, err := w.s.RecoveryCodes(w.t.Context(), c)
		ok(w.t, "codes", err)
		r.codes = set.Codes
	}
	w.pass(time.Hour)
	w.mail()
	return r
}

// mails is the mailbox of a seller or a thief among the methods that are offered, -1 if it is not.
func mails(info *auth.SignInInfo, masked ident.Masked) int {
	return slices.IndexFunc(info.Methods, func(m auth.MethodInfo) bool { return m.Masked == masked })
}

// atDesk is a session of the owner's that has just shown the best that he has: of weak methods one that is his alone.
func (r *robbed) atDesk() auth.Caller {
	if r.stick != nil {
		return r.byKey("desk")
	}
	c := caller("desk")
	info := r.signIn(c, cmp.Or(r.named, sellerMail))
	own := info.Methods[mails(info, "o•••@example.com")]
	choice := auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail, ID: own.ID}
	ch, err := r.s.SignInBegin(r.t.Context(), c, info.Ceremony, choice)
	ok(r.t, "begin", err)
	code, _ := r.code(auth.Mail)
	done, err := r.s.SignInFinish(r.t.Context(), c, ch.Ceremony, code)
	ok(r.t, "sign in", err)
	return with(c, done.Token)
}

// steal signs the thief in.
func (r *robbed) steal(browser string) auth.Caller {
	if r.enter != nil {
		return r.enter(browser)
	}
	return r.byText(browser)
}

func lootSession(r *robbed) func() error {
	c := r.steal("thief")
	return r.me(&c)
}

// toldApart says whether a browser is told that it waits, as the owner's are, or is answered as a stranger.
func (r *robbed) toldApart(browser string) func() error {
	return func() error {
		var err error
		for range 6 {
			err = r.guess(browser, "Wrong-Horse9")
		}
		if wantSaid(err, auth.SignInLocked) {
			return nil
		}
		return err
	}
}

func wantSaid(err error, code auth.Code) bool {
	refused, is := err.(*auth.Error)
	return is && refused.Code == code
}

func lootKnown(r *robbed) func() error {
	r.steal("thief")
	return r.toldApart("thief")
}

// signsIn says whether a browser needs the password alone.
func (r *robbed) signsIn(browser string) func() error {
	return func() error {
		f := auth.SignInForm{Identifier: sellerMail, Password: r.current}
		info, err := r.s.SignIn(r.t.Context(), caller(browser), f)
		if err == nil && info.Step != auth.StepDone {
			return auth.Refuse(auth.StepUpRequired)
		}
		return err
	}
}

func lootTrust(r *robbed) func() error {
	b, err := r.s.TrustBrowser(r.t.Context(), r.steal("thief"))
	ok(r.t, "trust", err)
	return r.signsIn(b.Cookie)
}

func lootTrustedCookie(r *robbed) func() error {
	b, err := r.s.TrustBrowser(r.t.Context(), r.in("home"))
	ok(r.t, "trust", err)
	return r.signsIn(b.Cookie)
}

// lootRemoval works if the key is gone in the end.
func lootRemoval(r *robbed) func() error {
	c := r.byText("thief")
	r.key = r.only(c, auth.WebAuthn).ID
	r.ask(c)
	return func() error {
		r.pass(25 * time.Hour)
		ok(r.t, "sweep", r.s.Sweep(r.t.Context()))
		f := auth.SignInForm{Identifier: sellerMail, Password: r.current}
		info, err := r.s.SignIn(r.t.Context(), caller("desk"), f)
		ok(r.t, "sign in", err)
		if slices.ContainsFunc(info.Methods, func(m auth.MethodInfo) bool { return m.Kind == auth.WebAuthn }) {
			return auth.Refuse(auth.NotFound)
		}
		return nil
	}
}

func lootLongAgo(r *robbed) func() error {
	use := lootRemoval(r)
	r.pass(13 * time.Hour)
	return use
}

func lootFlow(r *robbed) func() error {
	flow := r.signIn(caller("thief"), sellerMail).Ceremony
	return func() error { return lastErr(r.s.SignInBegin(r.t.Context(), caller("thief"), flow, bySMS)) }
}

// lootWait works if the owner's right password is refused in a browser that is new to him.
func lootWait(r *robbed) func() error {
	for range 5 {
		wantCode(r.t, "a wrong password", r.guess("thief", "Wrong-Horse9"), auth.SignInRefused)
	}
	return func() error {
		if r.guess("new", r.current) == nil {
			return auth.Refuse(auth.NotFound)
		}
		return nil
	}
}

func lootSecondStep(r *robbed) func() error {
	ch := r.begun(caller("thief"), bySMS)
	code, _ := r.code(auth.SMS)
	return r.finish(caller("thief"), ch, code)
}

// stepUpBegun begins a step-up and has its code.
func (r *robbed) stepUpBegun(c auth.Caller) func() error {
	r.pass(time.Minute)
	ch, err := r.s.StepUpBegin(r.t.Context(), c, auth.ActRename, "", bySMS)
	ok(r.t, "begin", err)
	code, _ := r.code(auth.SMS)
	return func() error { return lastErr(r.s.StepUpFinish(r.t.Context(), c, ch.Ceremony, code)) }
}

func lootStepUp(r *robbed) func() error { return r.stepUpBegun(r.byText("thief")) }

// lootMethod works if his own mailbox completes a sign-in with the password that he knows.
func lootMethod(r *robbed) func() error {
	c := r.byText("thief")
	r.addMailbox(c, thiefs)
	r.pressed = r.undo(auth.TemplateChange, otherMail)
	return func() error {
		r.pressHis()
		r.pass(time.Minute)
		f := auth.SignInForm{Identifier: sellerMail, Password: password}
		info, err := r.s.SignIn(r.t.Context(), caller("thief"), f)
		if err != nil {
			return err
		}
		his := mails(info, "t•••@example.net")
		if his < 0 {
			return auth.Refuse(auth.NoSuchMethod)
		}
		choice := auth.MethodChoice{Kind: auth.Email, Channel: auth.Mail, ID: info.Methods[his].ID}
		ch, err := r.s.SignInBegin(r.t.Context(), caller("thief"), info.Ceremony, choice)
		if err != nil {
			return err
		}
		code, _ := r.code(auth.Mail)
		return r.finish(caller("thief"), ch, code)()
	}
}

// pressHis has the thief say "not me" by every notice that came to his mailbox.
func (r *robbed) pressHis() {
	for _, m := range r.mail() {
		if string(m.Recipient) == thiefs && m.Args["undo"] != "" {
			_, _ = r.s.Undo(r.t.Context(), caller("thief"), token(m.Args["undo"]))
		}
	}
}

// lootEmail works if a new password is still mailed to the thief.
func lootEmail(r *robbed) func() error {
	r.emailTo(r.byText("thief"), thiefs)
	r.pressed = r.undo(auth.TemplateChange, otherMail)
	r.named = sellerNumber
	return func() error {
		r.pressHis()
		r.pass(time.Minute)
		ok(r.t, "forgot", forgot(r.t.Context(), r.s, caller("thief"), thiefs))
		for _, m := range r.mail() {
			if m.Template == auth.TemplateReset && string(m.Recipient) == thiefs {
				return nil
			}
		}
		return auth.Refuse(auth.NotFound)
	}
}

func lootBinding(r *robbed) func() error {
	c := r.byText("thief")
	ch, err := r.s.BindBegin(r.t.Context(), c, auth.BindForm{Kind: auth.Email, Address: thiefs, Channel: auth.Mail})
	ok(r.t, "begin", err)
	code, _ := r.code(auth.Mail)
	d := auth.BindDone{Ceremony: ch.Ceremony, Response: code}
	return func() error { return lastErr(r.s.BindFinish(r.t.Context(), c, d)) }
}

// byCode has the thief come in by a recovery code where another comes by a text.
func byCode(l loot) loot {
	return func(r *robbed) func() error {
		r.enter = func(browser string) auth.Caller {
			code := r.codes[0]
			r.codes = r.codes[1:]
			c := caller(browser)
			ch := r.begun(c, auth.MethodChoice{Kind: auth.Lookup})
			done, err := r.s.SignInFinish(r.t.Context(), c, ch.Ceremony, typed(code))
			ok(r.t, "a recovery code", err)
			return with(c, done.Token)
		}
		return l(r)
	}
}

func lootMailedCode(r *robbed) func() error { return r.askedMail(caller("thief")) }

func lootIntroduced(r *robbed) func() error {
	ok(r.t, "introduce", r.askedMail(caller("thief"))())
	return r.toldApart("thief")
}

// resetLink is a mailed link to a new password.
func (r *robbed) resetLink() string {
	ok(r.t, "forgot", forgot(r.t.Context(), r.s, caller("thief"), sellerMail))
	return token(r.lastMail(auth.TemplateReset).Args["link"])
}

func lootLink(r *robbed) func() error {
	link := r.resetLink()
	return func() error { return r.s.ResetPassword(r.t.Context(), caller("thief"), link, "Thief-Magpie7") }
}

// lootReset works if the password that the thief has set still opens the first step.
func lootReset(r *robbed) func() error {
	ok(r.t, "reset", r.s.ResetPassword(r.t.Context(), caller("thief"), r.resetLink(), "Thief-Magpie7"))
	r.pressed = r.undo(auth.TemplateChange, otherMail)
	return func() error { return r.guess("thief", "Thief-Magpie7") }
}

func lootCookie(r *robbed) func() error {
	c := r.in("home")
	return r.me(&c)
}

func lootCookieStepUp(r *robbed) func() error { return r.stepUpBegun(r.in("home")) }

// The first method rests on the password alone: who reads the mailbox decides for three days whether it was the owner
// who enrolled. Later, and of a key behind a strong method, he takes nothing away.
func TestTheMailboxTakesTheFirstMethodAwayForThreeDays(t *testing.T) {
	first := func(w *world) (link string, key auth.Caller) {
		w.seller(sellerMail, sellerNumber)
		thief := with(caller("thief"), w.signIn(caller("thief"), sellerMail).Token)
		_, thief = w.addKey(thief, stick(t, virtual.Options{}), auth.SecurityKey, "His key")
		return token(w.lastMail(auth.TemplateChange).Args["undo"]), thief
	}
	w := newWorld(t)
	link, thief := first(w)
	w.pass(3*day - tick)
	ok(t, "not me", lastErr(w.s.Undo(t.Context(), caller("mail"), link)))
	wantCode(t, "who enrolled", w.me(&thief)(), auth.SessionEnded)
	w.reset(sellerMail, newPassword)
	f := auth.SignInForm{Identifier: sellerMail, Password: newPassword}
	info, err := w.s.SignIn(t.Context(), caller("home"), f)
	ok(t, "the owner", err)
	if info.Step != auth.StepEnrol {
		t.Errorf("the owner, with a new password: got step %s, want that he enrols", info.Step)
	}
	wantCode(t, "the old password", w.guess("thief", password), auth.SignInRefused)

	w = newWorld(t)
	link, _ = first(w)
	w.pass(3 * day)
	wantCode(t, "after three days", lastErr(w.s.Undo(t.Context(), caller("mail"), link)), auth.LinkUsed)
	if got := w.signIn(caller("home"), sellerMail).Step; got != auth.StepSecond {
		t.Errorf("after three days: got step %s, want the key asked for", got)
	}
}

// shownCode is the thief's session, by a text, in which he has shown the owner's security code.
func (r *robbed) shownCode() (c auth.Caller, code string) {
	code = r.setCode(r.atDesk())
	r.pass(time.Hour)
	r.mail()
	c = r.byText("thief")
	next, err := r.s.ShowSecurityCode(r.t.Context(), c, code)
	ok(r.t, "the code", err)
	r.pressed = r.undo(auth.TemplateChange, otherMail)
	return with(c, next), code
}

func lootShownCode(r *robbed) func() error {
	c, _ := r.shownCode()
	return func() error { return r.s.SetQuestion(r.t.Context(), c, "His own?", "something else") }
}

// lootCodePassword works if the session in which he has changed the password by the code still lives.
func lootCodePassword(r *robbed) func() error {
	c, code := r.shownCode()
	next, err := r.s.ChangePasswordByCode(r.t.Context(), c, code, "Thief-Magpie7")
	ok(r.t, "a password", err)
	c = with(c, next)
	r.pressed = r.undo(auth.TemplateChange, otherMail)
	return r.me(&c)
}

// A former owner who knows the code, and the password too: a right password is no session, and the code no second step,
// not even in a browser that is trusted.
func TestTheSecurityCodeIsNoSecondStep(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	ctx := t.Context()
	trusted, err := w.s.TrustBrowser(ctx, o.byKey("shop"))
	ok(t, "trust", err)
	code := w.setCode(o.byKey("home"))
	w.pass(time.Hour)

	info := w.signIn(caller("former"), sellerMail)
	if info.Step != auth.StepSecond || info.Token != "" {
		t.Fatalf("got step %s, want a second step", info.Step)
	}
	for what, c := range map[string]auth.Caller{"without a session": caller("former"),
		"with a sealed sign-in": with(caller("former"), info.Ceremony)} {
		if err := lastErr(w.s.ShowSecurityCode(ctx, c, code)); err == nil {
			t.Errorf("%s: got the code taken", what)
		}
		if err := lastErr(w.s.ChangePasswordByCode(ctx, c, code, newPassword)); err == nil {
			t.Errorf("%s: got the password changed", what)
		}
	}
	c := caller(trusted.Cookie)
	in := w.signIn(c, sellerMail)
	if in.Step != auth.StepDone {
		t.Fatalf("got step %s in the trusted browser, want it signed in", in.Step)
	}
	c = with(c, in.Token)
	wantCode(t, "in a trusted browser", lastErr(w.s.ShowSecurityCode(ctx, c, code)), auth.StepUpRequired)
	wantCode(t, "a password there", lastErr(w.s.ChangePasswordByCode(ctx, c, code, newPassword)), auth.StepUpRequired)
	ok(t, "the password of before", w.guess("home", password))
}
