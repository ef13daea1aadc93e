package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// heard empties the outbox and says who hears what: "<channel> <address>: <template> <what>", sorted, codes apart.
func (w *world) heard() []string {
	w.t.Helper()
	var list []string
	for _, m := range w.mail() {
		if m.Template != auth.TemplateCode {
			said := fmt.Sprintf("%s %s: %s %s", m.Channel, string(m.Recipient), m.Template, m.Args["what"])
			list = append(list, strings.TrimSpace(said))
		}
	}
	slices.Sort(list)
	return list
}

func (w *world) hears(what string, want ...string) {
	w.t.Helper()
	slices.Sort(want)
	if got := w.heard(); !slices.Equal(got, want) {
		w.t.Errorf("%s: got\n\t%s\nwant\n\t%s", what, strings.Join(got, "\n\t"), strings.Join(want, "\n\t"))
	}
}

// A notice reaches every address there is, however many, and a waiting change every number that a code came back from.
func TestEveryAddressHears(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.ResendAfter = 0 })
	_, c := w.enrolled(sellerMail, "+8613800138009") // a number that is only claimed
	var mails, texts []string
	for i := range 7 {
		to := fmt.Sprintf("box%d@example.com", i)
		w.addMailbox(c, to)
		mails = append(mails, to)
	}
	for _, n := range []string{"+8613800138001", "+8613800138002"} {
		w.addPhone(c, n)
		texts = append(texts, n)
	}
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	app := info.Methods[slices.IndexFunc(info.Methods, func(m auth.AuthenticatorInfo) bool {
		return m.Kind == auth.TOTP
	})].ID
	w.pass(time.Hour)
	weak := &waiting{world: w}
	asker := weak.byText("thief")
	w.mail()
	_, err = w.s.Remove(t.Context(), asker, app)
	ok(t, "ask", err)
	want := []string{"email seller@example.com: removal-delayed removed-totp"}
	for _, to := range mails {
		want = append(want, "email "+to+": removal-delayed removed-totp")
	}
	for _, n := range texts {
		want = append(want, "sms "+n+": removal-delayed removed-totp")
	}
	w.hears("a removal that waits", want...)
}

// Who asked, where and until when stands in the notice; in a text stands no link and no code.
func TestANoticeSaysWhoWhereAndUntilWhen(t *testing.T) {
	w := waits(t)
	ok(t, "stop", w.s.CancelChange(t.Context(), w.asker, w.changeID()))
	w.mail()
	w.pass(time.Minute)
	w.ask(w.byText("thief"))
	for _, m := range w.mail() {
		switch {
		case m.Template != auth.TemplateRemoval:
		case m.Channel == auth.SMS:
			if len(m.Args) != 2 || m.Args["what"] != "removed-webauthn" || m.Args["item"] != "Blue key" {
				t.Errorf("the text: got %v, want what it is about alone", m.Args)
			}
		default:
			if m.Args["person"] != "Wei" || m.Args["agent"] != "Chromium · Linux" || m.Args["place"] != "127.0.0.1" ||
				m.Args["due"] != w.time().Add(24*time.Hour).Format(time.RFC3339) || m.Args["undo"] == "" {
				t.Errorf("the mail: got %v, want who, where, until when and the way to stop it", m.Args)
			}
		}
	}
}

// What is told of what, from the act to the outbox.
func TestWhatIsToldOfWhat(t *testing.T) {
	const mail, text = "email seller@example.com: ", "sms +8613800138000: "
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	secret, c := w.enrolApp(c)
	w.hears("an app", mail+"change added-totp")
	_, c = w.addPhone(c, sellerNumber)
	w.hears("a number", mail+"change added-phone")
	set, err := w.s.RecoveryCodes(t.Context(), c)
	ok(t, "codes", err)
	w.hears("recovery codes", mail+"change recovery-codes")
	fresh := w.second(caller("else"), w.signIn(caller("else"), sellerMail), secret)
	w.hears("a new browser", mail+"new-browser")
	ch, err := w.s.SignInBegin(t.Context(), caller("else"), w.signIn(caller("else"), sellerMail).Ceremony,
		auth.MethodChoice{Kind: auth.Lookup})
	ok(t, "begin", err)
	_, err = w.s.SignInFinish(t.Context(), caller("else"), ch.Ceremony, typed(set.Codes[0]))
	ok(t, "a recovery code", err)
	w.hears("a recovery code used", mail+"change used-lookup")
	c = with(caller("else"), fresh.Token)
	token, err := w.s.ChangePassword(t.Context(), c, password, "Another-Horse9")
	ok(t, "password", err)
	w.hears("a new password", mail+"change password", text+"change password")
	c.Token = token
	_, err = w.s.ChangePhone(t.Context(), c, "+8613800138001", "")
	ok(t, "another number", err)
	w.hears("another number", mail+"change phone", text+"change phone")
	info, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	for _, m := range info.Methods {
		if m.Kind == auth.Phone {
			_, err = w.s.Remove(t.Context(), c, m.ID)
			ok(t, "remove", err)
		}
	}
	w.hears("a removal", mail+"change removed-phone")
}

// A notice by text goes to numbers that texts reach, in countries that are served, and to no more in a day than the
// site pays for; the mail goes all the same.
func TestANoticeByTextKeepsItsLimits(t *testing.T) {
	const landline, hongKong = "+861012345678", "+85251234567"
	for name, c := range map[string]struct {
		change func(*auth.Config)
		number string
		texts  int
	}{
		"a mobile":                       {func(*auth.Config) {}, sellerNumber, 10},
		"a landline, which is called":    {func(*auth.Config) {}, landline, 0},
		"a country that is not served":   {func(c *auth.Config) { c.Policy.Countries = []string{"CN"} }, hongKong, 0},
		"a number that has had its many": {func(c *auth.Config) { c.Policy.SendsPerNumber = 3 }, sellerNumber, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			secret, session := w.enrolled(sellerMail, "+8613800138009")
			channel := auth.SMS
			if c.number == landline {
				channel = auth.Voice
			}
			w.addNumber(session, c.number, channel)
			w.pass(25 * time.Hour)
			c.change(&w.cfg)
			restarted, err := auth.New(w.cfg)
			ok(t, "the service with its limits", err)
			w.s = restarted
			session.Token = w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret).Token
			w.mail()
			mails, texts := 0, 0
			for i := range 12 {
				next := fmt.Sprintf("+86138001380%02d", 10+i)
				ok(t, "another number", lastErr(w.s.ChangePhone(t.Context(), session, next, "")))
			}
			for _, line := range w.heard() {
				switch {
				case strings.HasPrefix(line, "email "):
					mails++
				case strings.HasPrefix(line, "sms "+c.number+": "):
					texts++
				}
			}
			if mails != 12 || texts != c.texts {
				t.Errorf("got %d mails and %d texts, want 12 and %d", mails, texts, c.texts)
			}
		})
	}
}

// addNumber binds a number by a text or a call.
func (w *world) addNumber(c auth.Caller, n string, by auth.Channel) {
	w.t.Helper()
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.Phone, Number: n, Channel: by})
	ok(w.t, "begin", err)
	code, _ := w.code(by)
	ok(w.t, "bind", lastErr(w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: code})))
}
