package recovery_test

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

const (
	hour = time.Hour
	day  = 24 * time.Hour
)

// A case from the first word to the end: the second step is off, the password void, and the way in leads to enrolling.
func TestACaseToItsEnd(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	session := p.signedIn()
	link := w.ask(auth.Caller{Language: "en"}, "wei@example.com", "", recovery.Phone, recovery.Paper)
	if got := w.at(link); got.State != recovery.Asked || !slices.Equal(got.Lost, []recovery.Thing{recovery.Phone, recovery.Paper}) {
		t.Errorf("got %+v, want it asked for", got)
	}
	_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "It is me")
	wantCode(t, "answering before it is open", err, auth.CaseMoved)
	w.does("opening", func() error { _, err := w.cases.OpenCase(t.Context(), auth.Caller{}, link); return err })
	if got := told(w.mail()); got[auth.TemplateRecoveryOpened] != "wei@example.com" || got[auth.TemplateChange] != "+8613800138000" {
		t.Errorf("opened: got %v told, want the address and the number", got)
	}
	w.does("answering", func() error {
		_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, " Stolen.\r\n\r\nToday \u202e ")
		return err
	})
	if got := w.at(link); got.State != recovery.Review || got.Steps[0].Text != "Stolen.\n\nToday" || !got.Steps[0].Own {
		t.Errorf("got %+v, want it in review", got)
	}
	w.approve(link, "ann")
	if got := w.at(link); got.State != recovery.Review || !got.Due.IsZero() {
		t.Errorf("one approval: got %s, want another one needed", got.State)
	}
	w.approve(link, "bob")
	got := w.at(link)
	if got.State != recovery.Approved || !got.Due.Equal(w.time().Add(day)) {
		t.Errorf("got %s, due %v, want it approved for tomorrow", got.State, got.Due)
	}
	if got := told(w.mail()); got[auth.TemplateRecoveryApproved] != "wei@example.com" || got[auth.TemplateRecoveryNews] == "" {
		t.Errorf("approved: got %v told, want the owner and who applied", got)
	}
	w.pass(day - time.Second)
	if n := p.methods(); n != 2 || w.at(link).State != recovery.Approved {
		t.Errorf("a second early: got %d methods, want both", n)
	}
	w.pass(time.Second)
	if n := p.methods(); n != 0 || w.at(link).State != recovery.Done {
		t.Errorf("got %d methods, state %s, want none, and it done", n, w.at(link).State)
	}
	if _, err := w.s.Me(t.Context(), session); !errors.Is(err, auth.Refuse(auth.SessionEnded)) {
		t.Errorf("a session of before: got %v, want it ended", err)
	}
	if got := told(w.mail()); got[auth.TemplateRecoveryDone] != "wei@example.com" {
		t.Errorf("done: got %v told, want the owner", got)
	}
}

// Whoever has the old password alone is not let in by an approved case: the next password comes by the mailbox.
func TestTheOldPasswordOpensNothingAfterwards(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.inReview("wei@example.com", "")
	w.approve(link, "ann", "bob")
	w.pass(day)
	_, err := w.s.SignIn(t.Context(), auth.Caller{Browser: "b"}, auth.SignInForm{Identifier: "wei@example.com",
		Password: "Quiet-Harbour-417"})
	wantCode(t, "the old password", err, auth.SignInRefused)
	_, err = w.s.SignIn(t.Context(), auth.Caller{Browser: "b"}, auth.SignInForm{Identifier: "wei@example.com"})
	wantCode(t, "no password", err, auth.SignInRefused)
	w.mail()
	c := auth.Caller{Language: "en"}
	w.does("forgot", func() error {
		_, err := w.s.Forgot(t.Context(), c, auth.ForgotForm{Identifier: "wei@example.com", PuzzleAnswer: w.solved(c)})
		return err
	})
	reset := lastPart(w.mail()[0].Args["link"])
	w.does("reset", func() error { return w.s.ResetPassword(t.Context(), c, reset, "New-Harbour-518") })
	info, err := w.s.SignIn(t.Context(), auth.Caller{Browser: "b"}, auth.SignInForm{Identifier: "wei@example.com",
		Password: "New-Harbour-518"})
	if err != nil || info.Step != auth.StepEnrol || !info.Session.Restricted {
		t.Fatalf("got %+v, %v, want a session that has to enrol", info, err)
	}
	me, err := w.s.Me(t.Context(), auth.Caller{Token: info.Token})
	if err != nil || !me.Payout.Until.Equal(w.time().Add(3*day)) {
		t.Errorf("got payouts %v, %v, want them refused for three days", me.Payout, err)
	}
}

// A new address takes longer, is told with the account's own, and is the account's in the end; the old one is not.
func TestANewAddress(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.inReview("wei@example.com", "new@example.org", recovery.Phone, recovery.Mailbox)
	w.approve(link, "ann", "bob")
	if got := told(w.mail()); got[auth.TemplateRecoveryApproved] != "wei@example.com" || got[auth.TemplateRecoveryNews] != "new@example.org" {
		t.Errorf("got %v told, want the owner at the old address, who applied at the new one", got)
	}
	w.pass(3*day - time.Second)
	if w.at(link).State != recovery.Approved {
		t.Error("done before three days are over")
	}
	w.pass(time.Second)
	c := auth.Caller{Language: "en"}
	for _, identifier := range []string{"wei@example.com", "+8613800138000", "new@example.org"} {
		w.mail()
		w.does("forgot", func() error {
			_, err := w.s.Forgot(t.Context(), c, auth.ForgotForm{Identifier: identifier, PuzzleAnswer: w.solved(c)})
			return err
		})
		want := map[string]string{}
		if identifier == "new@example.org" { // the number was said to be lost
			want[auth.TemplateReset] = "new@example.org"
		}
		if got := told(w.mail()); got[auth.TemplateReset] != want[auth.TemplateReset] {
			t.Errorf("%s: got %v, want %v", identifier, got, want)
		}
	}
}

// The clock of twelve hours runs in review alone.
func TestTheClockPauses(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.inReview("wei@example.com", "")
	began := w.time()
	w.pass(2 * hour)
	if got := w.at(link).Clock; got.Used != 120 || got.Paused || !got.Due.Equal(began.Add(12*hour)) {
		t.Errorf("got %+v, want two hours used", got)
	}
	w.approve(link, "bob")
	w.does("more", func() error {
		_, err := w.cases.AskMore(t.Context(), auth.Caller{}, by("ann"), idOf(link), []recovery.Want{recovery.WantShop}, "Which goods?")
		return err
	})
	w.pass(day)
	if got := w.at(link); got.Clock.Used != 120 || !got.Clock.Paused || !got.Clock.Due.IsZero() || got.Wants[0] != recovery.WantShop {
		t.Errorf("got %+v, want the clock to stand at two hours", got)
	}
	w.does("answer", func() error {
		_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "Tea")
		return err
	})
	if got := w.at(link); !got.Clock.Due.Equal(w.time().Add(10*hour)) || len(got.Wants) > 0 {
		t.Errorf("got %+v, want ten hours left", got)
	}
	w.approve(link, "bob") // he has seen more by now, and his word of before counts no more
	if got := w.at(link).State; got != recovery.Review {
		t.Errorf("one approval of what was said since: got %s, want another one needed", got)
	}
	w.pass(11 * hour)
	w.does("refuse", func() error {
		_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, by("ann"), idOf(link), recovery.NotProved)
		return err
	})
	w.does("appeal", func() error {
		_, err := w.cases.AppealCase(t.Context(), auth.Caller{}, link, "But it is me")
		return err
	})
	if got := w.at(link).Clock; got.Used != 0 || !got.Due.Equal(w.time().Add(12*hour)) {
		t.Errorf("after the appeal: got %+v, want it anew", got)
	}
}

// Nobody decides his own case, or that of somebody whom he looks after; nobody votes twice; an appeal is for others.
func TestWhoMayDecide(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	link, _ := w.inReview("wei@example.com", "")
	approve := func(r recovery.Reviewer) error {
		_, err := w.cases.ApproveCase(t.Context(), auth.Caller{}, r, idOf(link))
		return err
	}
	refuse := func(r recovery.Reviewer, why recovery.Reason) error {
		_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, r, idOf(link), why)
		return err
	}
	wantCode(t, "nobody", approve(by("")), auth.Forbidden)
	wantCode(t, "his own", approve(recovery.Reviewer{ID: "ann", Accounts: []auth.AccountID{p.id}}), auth.Forbidden)
	_, err := w.cases.ViewCase(t.Context(), auth.Caller{}, recovery.Reviewer{ID: "ann", Accounts: []auth.AccountID{p.id}}, idOf(link))
	wantCode(t, "looking at his own", err, auth.Forbidden)
	wantCode(t, "ann, who has checked nothing", approve(by("ann")), auth.ChecksMissing)
	w.checks(link, "ann")
	wantCode(t, "ann", approve(by("ann")), "")
	wantCode(t, "ann again", approve(by("ann")), auth.Forbidden)
	wantCode(t, "no reason", refuse(by("bob"), "because"), auth.MalformedRequest)
	wantCode(t, "there is an account", refuse(by("bob"), recovery.NoAccount), auth.MalformedRequest)
	wantCode(t, "refusing", refuse(by("bob"), recovery.NoMatch), "")
	wantCode(t, "approving what is refused", approve(by("cid")), auth.CaseMoved)
	if got := w.at(link); got.State != recovery.Refused || got.Reason != recovery.NoMatch || !got.MayAppeal {
		t.Errorf("got %+v, want it refused with the reason", got)
	}
	appeal := func() error { _, err := w.cases.AppealCase(t.Context(), auth.Caller{}, link, "Look again"); return err }
	wantCode(t, "appeal", appeal(), "")
	wantCode(t, "bob on the appeal against him", approve(by("bob")), auth.Forbidden)
	wantCode(t, "what ann has checked is of before", approve(by("ann")), auth.ChecksMissing)
	w.checks(link, "ann")
	wantCode(t, "ann's vote is of before", approve(by("ann")), "")
	wantCode(t, "refusing again", refuse(by("cid"), recovery.NotProved), "")
	wantCode(t, "a second appeal", appeal(), auth.CaseMoved)
	f, err := w.cases.ViewCase(t.Context(), auth.Caller{}, by("dan"), idOf(link))
	if err != nil || f.Needed != 2 || !f.Appealed {
		t.Errorf("got %+v, %v, want the file", f, err)
	}
	history, err := w.s.History(t.Context(), p.signedIn(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[auth.Action]int{}
	for _, e := range history.Events {
		if e.Outcome == "" {
			seen[e.Action]++
		}
	}
	if seen[recovery.ActView] != 1 || seen[recovery.ActApprove] != 2 || seen[recovery.ActRefuse] != 2 || seen[recovery.ActAppeal] != 1 {
		t.Errorf("got %v in the trail, want every look and word", seen)
	}
}

// The owner's word, by what he shows and what the case says is lost.
func TestWhoStopsACase(t *testing.T) {
	app := auth.MethodForm{Kind: auth.TOTP, Name: "app"}
	number := auth.MethodForm{Kind: auth.Phone, Number: "+8613800138000"}
	for name, row := range map[string]struct {
		methods []auth.MethodForm
		lost    recovery.Thing
		stops   bool
	}{
		"a strong one that is there":     {[]auth.MethodForm{app, number}, recovery.Key, true},
		"a strong one on a lost phone":   {[]auth.MethodForm{app, number}, recovery.Phone, false},
		"one weak one":                   {[]auth.MethodForm{number}, recovery.Key, false},
		"a weak one that is said stolen": {[]auth.MethodForm{number}, recovery.Phone, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.person("wei", row.methods...)
			link, _ := w.inReview("wei@example.com", "", row.lost)
			w.approve(link, "ann", "bob")
			c := p.signedIn()
			own, err := w.cases.OwnCases(t.Context(), c)
			if err != nil || len(own) != 1 {
				t.Fatalf("got %v, %v, want one case", own, err)
			}
			due := w.at(link).Due
			info, err := w.cases.StopCase(t.Context(), c, own[0].ID)
			if err != nil || info.Stopped != row.stops {
				t.Fatalf("got %+v, %v, want stopped %v", info, err, row.stops)
			}
			if row.stops {
				if got := w.at(link); got.State != recovery.Closed {
					t.Errorf("got %s, want it closed", got.State)
				}
				w.pass(30 * day)
				if p.methods() == 0 {
					t.Error("a stopped case has ended the second step")
				}
				return
			}
			if got := w.at(link).Due; !got.Equal(due.Add(day)) {
				t.Errorf("got %v, want a day later than %v", got, due)
			}
			if _, err := w.cases.StopCase(t.Context(), c, own[0].ID); err != nil {
				t.Fatal(err)
			}
			if got := w.at(link).Due; !got.Equal(due.Add(day)) {
				t.Errorf("a second time: got %v, want no longer", got)
			}
			w.pass(2 * day)
			if p.methods() != 0 {
				t.Error("what is said to be lost has stopped the case for good")
			}
		})
	}
}

// Within a week of a case that its owner has stopped the next one waits from its beginning; later it does not.
func TestAfterAStoppedCase(t *testing.T) {
	for after, want := range map[time.Duration]time.Duration{day: 2 * day, 7 * day: day} {
		w := newWorld(t)
		p := w.person("wei")
		link, _ := w.opened("wei@example.com", "", recovery.Key)
		w.does("stopping", func() error { _, err := w.cases.StopCase(t.Context(), p.signedIn(), idOf(link)); return err })
		w.pass(after)
		link, _ = w.inReview("wei@example.com", "")
		w.approve(link, "ann", "bob")
		if got := w.at(link).Due.Sub(w.time()); got != want {
			t.Errorf("%v after it was stopped: got a delay of %v, want %v", after, got, want)
		}
	}
}

// No link in a notice of before brings back what the case has ended, not even that of a removal by a weak proof.
func TestNoOlderNoticeBringsBackWhatWasLost(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei", auth.MethodForm{Kind: auth.Phone, Number: "+8613800138000"}, auth.MethodForm{Kind: auth.Email,
		Address: "backup@example.com"})
	c := p.signedIn()
	all, err := w.s.Security(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	w.does("removing", func() error { _, err := w.s.Remove(t.Context(), c, all.Methods[0].ID); return err })
	undo := ""
	for _, m := range w.mail() {
		if m.Args["undo"] != "" && m.Recipient == "wei@example.com" {
			undo = lastPart(m.Args["undo"])
		}
	}
	link, _ := w.inReview("wei@example.com", "")
	w.approve(link, "ann", "bob")
	w.pass(day)
	if n := p.methods(); n != 0 {
		t.Fatalf("got %d methods, want none", n)
	}
	if _, err := w.s.Undo(t.Context(), auth.Caller{}, undo); err != nil && !errors.Is(err, auth.Refuse(auth.LinkUsed)) {
		t.Fatal(err)
	}
	if n := p.methods(); n != 0 {
		t.Errorf("got %d methods, want none back", n)
	}
}

// Another account's case is nobody's, and so is one that was only asked for.
func TestOnlyTheOwnerStops(t *testing.T) {
	w := newWorld(t)
	p, q := w.person("wei"), w.person("mo")
	asked := w.ask(auth.Caller{}, "wei@example.com", "")
	list, err := w.cases.OwnCases(t.Context(), p.signedIn())
	if err != nil || len(list) > 0 {
		t.Errorf("got %v, %v, want nothing told of what was only asked for", list, err)
	}
	_, err = w.cases.StopCase(t.Context(), p.signedIn(), idOf(asked))
	wantCode(t, "asked for", err, auth.NotFound)
	link, _ := w.opened("wei@example.com", "")
	_, err = w.cases.StopCase(t.Context(), q.signedIn(), idOf(link))
	wantCode(t, "somebody else", err, auth.NotFound)
	_, err = w.cases.StopCase(t.Context(), auth.Caller{}, idOf(link))
	wantCode(t, "nobody", err, auth.SessionRequired)
	if got := w.at(link); got.State != recovery.Open {
		t.Errorf("got %s, want it open", got.State)
	}
}

// A link in a notice makes a case wait, once; with too few approvals it goes back to the reviewers.
func TestTheLinkInANotice(t *testing.T) {
	w := newWorld(t, func(c *recovery.Config) { c.Reviewers = 1 })
	p := w.person("wei")
	link, objection := w.inReview("wei@example.com", "")
	w.approve(link, "ann")
	if w.at(link).State != recovery.Approved {
		t.Fatal("one reviewer is not enough, want it where the site says so")
	}
	info, err := w.cases.Objection(t.Context(), auth.Caller{}, objection)
	if err != nil || info.Objected {
		t.Fatalf("got %+v, %v, want the case", info, err)
	}
	for range 2 {
		w.does("objecting", func() error { _, err := w.cases.ObjectCase(t.Context(), auth.Caller{}, objection); return err })
	}
	if got := w.at(link); got.State != recovery.Review || !got.Due.IsZero() {
		t.Errorf("got %s, want it back in review", got.State)
	}
	w.pass(day)
	if p.methods() == 0 {
		t.Error("done with one approval after an objection")
	}
	w.approve(link, "bob")
	if got := w.at(link).Due; !got.Equal(w.time().Add(2 * day)) {
		t.Errorf("got %v, want two days", got)
	}
	w.pass(2 * day)
	_, err = w.cases.ObjectCase(t.Context(), auth.Caller{}, objection)
	wantCode(t, "what is done", err, auth.LinkUsed)
	for _, wrong := range []string{link, "", "x", objection[:len(objection)-1] + "A", objection + "A"} {
		_, err = w.cases.ObjectCase(t.Context(), auth.Caller{}, wrong)
		wantCode(t, "another link", err, auth.LinkUsed)
	}
	_, err = w.cases.Case(t.Context(), auth.Caller{}, objection)
	wantCode(t, "the owner's link as an applicant's", err, auth.LinkUsed)
}

// Who asks is told the same whoever exists; only what a day has is mailed, and strangers do not use up what the owner's
// browser has.
func TestAskingTellsNothing(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	for name, f := range map[string]recovery.AskForm{
		"known": {Identifier: "wei@example.com"}, "unknown": {Identifier: "nobody@example.com"},
		"nonsense": {Identifier: "\x00"}, "known, new": {Identifier: "wei@example.com", NewEmail: "new@example.org"},
		"unknown, new": {Identifier: "nobody@example.com", NewEmail: "other@example.org"},
	} {
		w.mail()
		f.Lost = []recovery.Thing{recovery.Key}
		wantCode(t, name+" without the puzzle", w.cases.Ask(t.Context(), auth.Caller{}, f), auth.PuzzleNeeded)
		f.PuzzleAnswer = w.solved(auth.Caller{})
		wantCode(t, name, w.cases.Ask(t.Context(), auth.Caller{}, f), "")
		if got := len(w.mail()); got != map[bool]int{true: 1}[strings.HasPrefix(name, "known") || f.NewEmail != ""] {
			t.Errorf("%s: got %d mails", name, got)
		}
	}
	for i := range 3 {
		if link := w.ask(auth.Caller{}, "wei@example.com", ""); (link != "") != (i < 1) {
			t.Errorf("asking a %d. time: got a mail %v", i+3, link != "")
		}
	}
	for code, f := range map[auth.Code]recovery.AskForm{
		auth.LostMissing: {Lost: []recovery.Thing{"hat"}}, auth.EmailMalformed: {Lost: []recovery.Thing{recovery.Key}, NewEmail: "x"},
	} {
		wantCode(t, "malformed", w.cases.Ask(t.Context(), auth.Caller{}, f), code)
	}
}

// Strangers of many networks together have ten mails a day about one account.
func TestStrangersAskTogether(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	mailed := 0
	for i := range 12 {
		c := auth.Caller{IP: netip.AddrFrom4([4]byte{192, 0, byte(i), 1})}
		if w.ask(c, "wei@example.com", "") != "" {
			mailed++
		}
	}
	if mailed != 10 {
		t.Errorf("got %d mails, want 10", mailed)
	}
}

// A case that is nobody's goes on like any other, and nobody approves it.
func TestACaseOfNobody(t *testing.T) {
	w := newWorld(t)
	link, _ := w.inReview("nobody@example.com", "new@example.org")
	if got := w.at(link); got.State != recovery.Review || got.Clock.Paused {
		t.Errorf("got %+v, want it in review", got)
	}
	_, err := w.cases.ApproveCase(t.Context(), auth.Caller{}, by("ann"), idOf(link))
	wantCode(t, "approving", err, auth.NotFound)
	w.does("refusing", func() error {
		_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, by("ann"), idOf(link), recovery.NoAccount)
		return err
	})
	if got := w.at(link); got.State != recovery.Closed || got.Reason != "" || got.MayAppeal {
		t.Errorf("got %+v, want it closed like one that its owner has stopped", got)
	}
}

// What waits for the applicant ends, and what is over is forgotten.
func TestCasesEnd(t *testing.T) {
	for name, row := range map[string]struct {
		make func(w *world) string
		life time.Duration
	}{
		"asked": {func(w *world) string { return w.ask(auth.Caller{}, "wei@example.com", "") }, day},
		"open":  {func(w *world) string { link, _ := w.opened("wei@example.com", ""); return link }, 30 * day},
		"withdrawn": {func(w *world) string {
			link, _ := w.inReview("wei@example.com", "")
			w.does("withdraw", func() error { _, err := w.cases.WithdrawCase(w.t.Context(), auth.Caller{}, link); return err })
			return link
		}, 90 * day},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.person("wei")
			link := row.make(w)
			w.pass(row.life - time.Second)
			if got := w.at(link); !got.Until.Equal(w.time().Add(time.Second)) {
				t.Errorf("got it until %v, want a second more", got.Until)
			}
			w.mu.Lock()
			w.now = w.now.Add(time.Second) // unswept
			w.mu.Unlock()
			_, err := w.cases.Case(t.Context(), auth.Caller{}, link)
			wantCode(t, "afterwards", err, auth.LinkUsed)
			_, err = w.cases.WithdrawCase(t.Context(), auth.Caller{}, link)
			wantCode(t, "afterwards", err, auth.LinkUsed)
		})
	}
	w := newWorld(t)
	w.person("wei")
	link, _ := w.inReview("wei@example.com", "")
	w.pass(365 * day)
	if w.at(link).State != recovery.Review {
		t.Error("a case that waits for reviewers was forgotten")
	}
}

// Where nobody decides cases, nobody is let into opening one.
func TestNoReviewersNoCases(t *testing.T) {
	w := newWorld(t, func(c *recovery.Config) { c.Cases, c.Vouching = false, false })
	w.person("wei")
	err := w.cases.Ask(t.Context(), auth.Caller{}, recovery.AskForm{Identifier: "wei@example.com",
		Lost: []recovery.Thing{recovery.Key}, PuzzleAnswer: w.solved(auth.Caller{})})
	wantCode(t, "asking", err, auth.NotFound)
	if w.cases.MayAsk() || len(w.mail()) > 0 {
		t.Error("got a case, want none")
	}
}

// A new address that another account has, or takes meanwhile, is none.
func TestTheNewAddressOfAnother(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	w.person("mo")
	link := w.ask(auth.Caller{}, "wei@example.com", "mo@example.com")
	_, err := w.cases.OpenCase(t.Context(), auth.Caller{}, link)
	wantCode(t, "opening", err, auth.SignedUp)
	link, _ = w.inReview("wei@example.com", "li@example.com")
	w.approve(link, "ann", "bob")
	w.person("li")
	w.pass(3 * day)
	if got := w.at(link); got.State != recovery.Refused || got.Reason != recovery.MailboxUsed || got.MayAppeal || p.methods() != 2 {
		t.Errorf("got %+v, %d methods, want it refused and nothing changed", got, p.methods())
	}
}
