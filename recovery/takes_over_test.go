package recovery_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
)

const (
	takersMail = "mei@example.org"
	threeDays  = 72 * time.Hour
)

// takesOver asks for an account, opens the case and sends it to the reviewers; it returns the applicant's link.
func (w *world) takesOver(identifier string) string {
	w.t.Helper()
	w.mail()
	c := auth.Caller{Language: "en"}
	w.does("asking", func() error {
		return w.cases.Ask(w.t.Context(), c, recovery.AskForm{Identifier: identifier, NewEmail: takersMail, Name: "Mei",
			TakesOver: true, PuzzleAnswer: w.solved(c)})
	})
	link := ""
	for _, m := range w.mail() {
		if m.Template == auth.TemplateRecoveryNew && string(m.Recipient) == takersMail {
			link = m.Args["link"][strings.LastIndex(m.Args["link"], "/")+1:]
		}
	}
	w.does("opening", func() error { return lastErr(w.cases.OpenCase(w.t.Context(), auth.Caller{}, link)) })
	w.does("answering", func() error {
		return lastErr(w.cases.AnswerCase(w.t.Context(), auth.Caller{}, link, "I bought it in May."))
	})
	return link
}

func lastErr[T any](_ T, err error) error { return err }

// sold is a seller's account that he sold, on a site where one reviewer is enough for others.
func sold(t *testing.T) (*world, *person) {
	w := newWorld(t, func(c *recovery.Config) { c.Reviewers, c.DelayNew = 1, time.Hour })
	return w, w.person("wei")
}

// An account goes to who has taken it over by the word of two reviewers, whatever a site asks for else, and three days
// later: all of its former owner's ends, and no payout is approved for a week. Colleagues are not asked.
func TestAnAccountByACase(t *testing.T) {
	w, p := sold(t)
	ctx := t.Context()
	session := p.signedIn()
	link := w.takesOver("wei@example.com")
	if info := w.at(link); !info.TakesOver || info.Vouching != recovery.NoVouching {
		t.Errorf("got %+v, want a case for the account, and nobody to vouch", info)
	}
	f, err := w.cases.ViewCase(ctx, auth.Caller{}, by("ann"), idOf(link))
	if err != nil || f.Name != "Mei" || f.Needed != 2 || !f.TakesOver {
		t.Errorf("got %+v, %v, want what is asked for, by two", f, err)
	}
	w.approve(link, "ann")
	if got := w.at(link).State; got != recovery.Review {
		t.Fatalf("got %s after one reviewer, want it in review", got)
	}
	w.approve(link, "bob")
	if info := w.at(link); info.State != recovery.Approved || !info.Due.Equal(w.time().Add(threeDays)) {
		t.Errorf("got %+v, want it due in three days", info)
	}
	w.pass(threeDays - time.Second)
	w.does("sweeping", func() error { return w.s.Sweep(ctx) })
	if got := w.at(link).State; got != recovery.Approved {
		t.Errorf("a second before: got %s", got)
	}
	w.pass(time.Second)
	w.does("sweeping", func() error { return w.s.Sweep(ctx) })
	if info := w.at(link); info.State != recovery.Done || !info.Payout.Equal(w.time().Add(7*24*time.Hour)) {
		t.Errorf("got %+v, want it done, and no payout for a week", info)
	}
	if _, err := w.s.Me(ctx, session); err == nil {
		t.Error("got the former owner's session, want it ended")
	}
	stays := auth.SignInForm{Identifier: "wei@example.com", Password: "Quiet-Harbour-417"}
	if _, err := w.s.SignIn(ctx, auth.Caller{}, stays); err == nil {
		t.Error("got the former owner in, want nothing of his")
	}
}

// The owner stops such a case with a strong method, whoever it is; by the link in a notice it waits a day longer.
func TestWhoStopsACaseForAnAccount(t *testing.T) {
	w, p := sold(t)
	ctx := t.Context()
	link := w.takesOver("wei@example.com")
	w.approve(link, "ann", "bob")
	due := w.at(link).Due
	objection := ""
	for _, m := range w.mail() {
		if m.Template == auth.TemplateTakesOver && m.Args["link"] != "" {
			objection = m.Args["link"][strings.LastIndex(m.Args["link"], "/")+1:]
			if strings.Contains(m.Args["person"]+m.Args["member"], "Mei") {
				t.Errorf("got %v in the notice, want no word of whoever asks", m.Args)
			}
		}
	}
	w.does("objecting", func() error { return lastErr(w.cases.ObjectCase(ctx, auth.Caller{}, objection)) })
	if got := w.at(link).Due; !got.Equal(due.Add(24 * time.Hour)) {
		t.Errorf("got it due at %v, want a day after %v", got, due)
	}
	c := p.signedIn()
	list, err := w.cases.OwnCases(ctx, c)
	if err != nil || len(list) != 1 || !list[0].TakesOver {
		t.Fatalf("got %+v, %v, want the case", list, err)
	}
	info, err := w.cases.StopCase(ctx, c, list[0].ID)
	if err != nil || !info.Stopped {
		t.Fatalf("got %+v, %v, want it stopped", info, err)
	}
	w.pass(5 * threeDays)
	w.does("sweeping", func() error { return w.s.Sweep(ctx) })
	if got := w.at(link).State; got != recovery.Closed {
		t.Errorf("got %s, want it closed", got)
	}
}

// Nobody asks for an account where nobody reviews cases, without a name, or without a mailbox of his own.
func TestWhoAsksForAnAccount(t *testing.T) {
	w, _ := sold(t)
	c := auth.Caller{}
	ask := func(w *world, f recovery.AskForm) error {
		f.Identifier, f.TakesOver = "wei@example.com", true
		f.PuzzleAnswer = w.solved(c)
		return w.cases.Ask(t.Context(), c, f)
	}
	wantCode(t, "without a mailbox", ask(w, recovery.AskForm{Name: "Mei"}), auth.EmailMalformed)
	wantCode(t, "without a name", ask(w, recovery.AskForm{NewEmail: takersMail}), auth.NameMissing)
	none := newWorld(t, func(c *recovery.Config) { c.Cases = false })
	wantCode(t, "where nobody reviews", ask(none, recovery.AskForm{NewEmail: takersMail, Name: "Mei"}), auth.NotFound)
}

// Places in shops go with the account, but for what was given to a person: who administers a shop, or owns it with
// others, has left it; its only owner has not, or it would have none.
func TestTheShopsOfAnAccountByACase(t *testing.T) {
	w := newWorld(t)
	boss, wei := w.person("boss"), w.person("wei")
	alone := wei.shop()
	boss.joins(wei, alone, team.Member)
	shops := map[team.Role]string{}
	for _, role := range []team.Role{team.Owner, team.Administrator, team.Member} {
		shops[role] = boss.shop()
		wei.joins(boss, shops[role], role)
		w.pass(time.Minute)
	}
	w.pass(25 * time.Hour)
	link := w.takesOver("wei@example.com")
	w.approve(link, "ann", "bob")
	w.pass(threeDays)
	w.does("sweeping", func() error { return w.s.Sweep(t.Context()) })
	for id, want := range map[string]bool{alone: true, shops[team.Owner]: false, shops[team.Administrator]: false,
		shops[team.Member]: true} {
		info, err := w.shops.Shop(t.Context(), boss.signedIn(), id)
		if err != nil {
			t.Fatal(err)
		}
		has := slices.ContainsFunc(info.Members, func(m team.MemberInfo) bool { return m.Name == "Mei" })
		if has != want || len(info.Members) != 1+map[bool]int{true: 1}[want] {
			t.Errorf("got %+v in %s, want the new owner there: %v", info.Members, id, want)
		}
	}
}
