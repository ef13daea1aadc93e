package recovery_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
)

const month = 31 * day

// shop makes a shop that p owns.
func (p *person) shop() string {
	p.w.t.Helper()
	x, err := p.w.shops.CreateShop(p.w.t.Context(), p.signedIn(), p.name+"'s shop")
	if err != nil {
		p.w.t.Fatal(err)
	}
	return x.ID
}

// joins takes a place in a shop that p has invited him to.
func (p *person) joins(boss *person, shop string, as team.Role) *person {
	p.w.t.Helper()
	p.w.mail()
	if _, err := p.w.shops.InviteMember(p.w.t.Context(), boss.signedIn(), shop, p.name+"@example.com", as); err != nil {
		p.w.t.Fatal(err)
	}
	for _, m := range p.w.mail() {
		if m.Template == auth.TemplateShopInvite {
			p.w.does("joining", func() error {
				_, err := p.w.shops.AcceptInvitation(p.w.t.Context(), p.signedIn(), lastPart(m.Args["link"]))
				return err
			})
		}
	}
	return p
}

// vouch is p's word for a case.
func (p *person) vouch(link string) error {
	_, err := p.w.cases.Vouch(p.w.t.Context(), p.signedIn(), idOf(link), true)
	return err
}

// pair is wei, who owns a shop, and mo, its member for a month, who has lost everything.
func pair(t testing.TB, change ...func(*recovery.Config)) (w *world, wei, mo *person, shop string) {
	w = newWorld(t, change...)
	wei = w.person("wei")
	mo = w.person("mo")
	shop = wei.shop()
	mo.joins(wei, shop, team.Member)
	w.pass(month)
	return w, wei, mo, shop
}

// Whose word counts for whom, by their roles: for an owner that of another owner or of two administrators, for others
// that of one of the same rank or above. Whose does not is told of no case.
func TestWhoseWordCounts(t *testing.T) {
	w := newWorld(t)
	wei := w.person("wei")
	shop := wei.shop()
	people := map[team.Role][]*person{team.Owner: {wei}}
	for r, names := range map[team.Role][]string{team.Owner: {"owen"}, team.Administrator: {"ann", "amy", "abe"},
		team.Member: {"mo", "mia"}, team.ReadOnly: {"ron", "ria"}} {
		for _, name := range names {
			people[r] = append(people[r], w.person(name).joins(wei, shop, r))
		}
	}
	w.pass(month)
	for _, of := range team.Roles() {
		who := people[of][0]
		for at, by := range team.Roles() {
			link, _ := w.opened(who.name+"@example.com", "")
			speakers := people[by]
			if by == of {
				speakers = speakers[1:]
			}
			err := speakers[0].vouch(link)
			counts := of == team.Owner && by == team.Administrator || at <= indexOf(of)
			if !counts {
				wantCode(t, string(by)+" for "+string(of), err, auth.NotFound)
				if list := toVouch(speakers[0], shop); len(list) > 0 {
					t.Errorf("%s for %s: got %v shown, want nothing", by, of, list)
				}
			} else if err != nil {
				t.Errorf("%s for %s: got %v, want it taken", by, of, err)
			}
			enough := counts && (of != team.Owner || by == team.Owner)
			if got := w.at(link).State == recovery.Approved; got != enough {
				t.Errorf("%s for %s: got it approved %v, want %v", by, of, got, enough)
			}
			if counts && !enough {
				wantCode(t, "a second administrator", speakers[1].vouch(link), "")
				if got := w.at(link).State; got != recovery.Approved {
					t.Errorf("two administrators for an owner: got %s, want it approved", got)
				}
			}
			w.does("withdrawing", func() error { _, err := w.cases.WithdrawCase(t.Context(), auth.Caller{}, link); return err })
			w.pass(day) // three a day
		}
	}
}

func indexOf(r team.Role) int {
	for i, x := range team.Roles() {
		if x == r {
			return i
		}
	}
	return -1
}

func toVouch(p *person, shop string) []recovery.VouchInfo {
	p.w.t.Helper()
	list, err := p.w.cases.CasesToVouch(p.w.t.Context(), p.signedIn(), shop)
	if err != nil {
		p.w.t.Fatal(err)
	}
	return list
}

// What a thief or a stranger in a voucher's place gets: nothing, and no word of the case.
func TestWhoseWordDoesNotCount(t *testing.T) {
	ctx := t.Context()
	for name, row := range map[string]struct {
		code auth.Code
		do   func(w *world, wei, mo *person, shop, link string) error
	}{
		"the applicant himself": {auth.NotFound, func(_ *world, _, mo *person, _, link string) error { return mo.vouch(link) }},
		"a stranger": {auth.NotFound, func(w *world, _, _ *person, _, link string) error {
			return w.person("eve").vouch(link)
		}},
		"somebody of another shop": {auth.NotFound, func(w *world, _, _ *person, _, link string) error {
			eve := w.person("eve")
			eve.shop()
			w.pass(29 * day) // the case lives for 30
			return eve.vouch(link)
		}},
		"a new member": {auth.NotFound, func(w *world, wei, _ *person, shop, link string) error {
			eve := w.person("eve").joins(wei, shop, team.Member)
			w.pass(29 * day)
			return eve.vouch(link)
		}},
		"a suspended member": {auth.NotFound, func(w *world, wei, mo *person, shop, link string) error {
			eve := w.person("eve").joins(wei, shop, team.Member)
			w.does("suspending", func() error { return w.shops.SuspendMember(ctx, wei.signedIn(), shop, eve.id) })
			return eve.vouch(link)
		}},
		"a session that is known by nothing fresh": {auth.StepUpRequired, func(w *world, wei, _ *person, _, link string) error {
			c := wei.signedIn()
			w.pass(11 * time.Minute)
			_, err := w.cases.Vouch(ctx, c, idOf(link), true)
			return err
		}},
		"nobody signed in": {auth.SessionRequired, func(w *world, _, _ *person, _, link string) error {
			_, err := w.cases.Vouch(ctx, auth.Caller{}, idOf(link), true)
			return err
		}},
		"who has not spoken to him": {auth.SpokeMissing, func(w *world, wei, _ *person, _, link string) error {
			_, err := w.cases.Vouch(ctx, wei.signedIn(), idOf(link), false)
			return err
		}},
		"no such case": {auth.NotFound, func(w *world, wei, _ *person, _, _ string) error {
			return wei.vouch(strings.Repeat("x", 30))
		}},
		"a case that nobody has opened": {auth.NotFound, func(w *world, wei, _ *person, _, _ string) error {
			w.pass(day)
			return wei.vouch(w.ask(auth.Caller{}, "mo@example.com", ""))
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, wei, mo, shop := pair(t)
			link, _ := w.opened("mo@example.com", "")
			wantCode(t, name, row.do(w, wei, mo, shop, link), row.code)
			w.pass(day)
			if mo.methods() == 0 {
				t.Error("got the second step off")
			}
		})
	}
}

// Who has a place in two shops needs the word of each; who is new in one, or alone there, has nobody to ask.
func TestEachShopHasToVouch(t *testing.T) {
	w, wei, mo, _ := pair(t)
	li := w.person("li")
	other := li.shop()
	w.pass(month) // they know each other, and mo is new
	mo.joins(li, other, team.Member)
	link, _ := w.opened("mo@example.com", "")
	if got := w.at(link).Vouching; got != recovery.VouchingNobody {
		t.Errorf("new in the other shop: got %q, want nobody to ask", got)
	}
	w.pass(day)
	wantCode(t, "the first shop", wei.vouch(link), "")
	w.pass(29 * day)
	link, _ = w.opened("mo@example.com", "")
	w.pass(day)
	wantCode(t, "the first shop", wei.vouch(link), "")
	got := w.at(link)
	if got.State != recovery.Open || got.Vouching != recovery.VouchingAsk || got.Words != 1 {
		t.Errorf("one shop of two: got %+v, want it to wait for the other", got)
	}
	wantCode(t, "the second shop", li.vouch(link), "")
	if got := w.at(link).State; got != recovery.Approved {
		t.Errorf("both: got %s, want it approved", got)
	}
}

// The delay, and who hears of it: the owner at every address, with the link by which he objects, and the speaker.
func TestWhatAWordDoes(t *testing.T) {
	for email, delay := range map[string]time.Duration{"": 12 * hour, "new@example.org": 72 * hour} {
		w, wei, mo, shop := pair(t)
		link, _ := w.opened("mo@example.com", email)
		if list := toVouch(wei, shop); len(list) != 1 || list[0].Name != "mo" || list[0].Lost[0] != recovery.Phone ||
			(list[0].NewEmail != "") != (email != "") {
			t.Errorf("got %+v, want what is to be vouched for", list)
		}
		w.mail()
		wantCode(t, "vouching", wei.vouch(link), "")
		told := told(w.mail())
		if told[auth.TemplateRecoveryApproved] != "mo@example.com" || told[auth.TemplateVouched] != "wei@example.com" {
			t.Errorf("got %v, want both told", told)
		}
		if got := w.at(link); got.State != recovery.Approved || !got.Due.Equal(w.time().Add(delay)) {
			t.Errorf("got %+v, want it approved and to wait for %v", got, delay)
		}
		wantCode(t, "vouching again", wei.vouch(link), "")
		if n := len(w.mail()); n != 0 {
			t.Errorf("again: got %d messages, want none", n)
		}
		w.pass(delay - time.Second)
		if mo.methods() == 0 {
			t.Error("too early: got the second step off")
		}
		w.pass(time.Second)
		if mo.methods() != 0 || w.at(link).State != recovery.Done {
			t.Error("in time: got the second step on, want it off")
		}
	}
}

// A word falls with what ends all that its speaker has begun, with his place, and with his own wish; a case that
// rested on it waits again, and the applicant hears of it.
func TestAWordFalls(t *testing.T) {
	ctx := t.Context()
	for name, end := range map[string]func(w *world, wei, ann *person, shop, link string) error{
		"taken back": func(w *world, _, ann *person, _, link string) error {
			return w.cases.TakeWordBack(ctx, ann.signedIn(), idOf(link))
		},
		"removed": func(w *world, wei, ann *person, shop, _ string) error {
			return w.shops.RemoveMember(ctx, wei.signedIn(), shop, ann.id)
		},
		"suspended": func(w *world, wei, ann *person, shop, _ string) error {
			return w.shops.SuspendMember(ctx, wei.signedIn(), shop, ann.id)
		},
		"switched off": func(w *world, _, ann *person, _, _ string) error {
			return w.lab.Switch(ctx, auth.Caller{}, ann.id, false)
		},
		"what he had begun was ended": func(w *world, _, ann *person, _, _ string) error {
			return errors.Join(w.lab.Switch(ctx, auth.Caller{}, ann.id, false), w.lab.Switch(ctx, auth.Caller{}, ann.id, true))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			wei := w.person("wei")
			shop := wei.shop()
			mo := w.person("mo").joins(wei, shop, team.Member)
			ann := w.person("ann").joins(wei, shop, team.Administrator)
			w.pass(month)
			link, _ := w.opened("mo@example.com", "")
			wantCode(t, "vouching", ann.vouch(link), "")
			w.does(name, func() error { return end(w, wei, ann, shop, link) })
			w.mail()
			w.pass(day)
			if mo.methods() == 0 {
				t.Fatal("got the second step off, want it on")
			}
			if got := w.at(link); got.State != recovery.Open || !got.Due.IsZero() {
				t.Errorf("got %+v, want it to wait again", got)
			}
			if got := told(w.mail()); name != "taken back" && got[auth.TemplateRecoveryNews] != "mo@example.com" {
				t.Errorf("got %v, want the applicant told", got)
			}
			wantCode(t, "somebody else's word", wei.vouch(link), "")
			w.pass(12 * hour)
			if mo.methods() != 0 {
				t.Error("got the second step on, want it off by another word")
			}
		})
	}
}

// An owner's objection: one word alone is not enough any more, two are, a day later. His strong method ends the case.
func TestObjectionToAWord(t *testing.T) {
	w := newWorld(t)
	wei := w.person("wei")
	shop := wei.shop()
	mo := w.person("mo").joins(wei, shop, team.Member)
	ann := w.person("ann").joins(wei, shop, team.Administrator)
	w.pass(month)
	link, objection := w.opened("mo@example.com", "", recovery.Things()...)
	wantCode(t, "vouching", wei.vouch(link), "")
	w.does("objecting", func() error { _, err := w.cases.ObjectCase(t.Context(), auth.Caller{}, objection); return err })
	if got := w.at(link); got.State != recovery.Open || got.Vouching != recovery.VouchingAsk {
		t.Errorf("one word against the owner's: got %+v, want it to wait for another", got)
	}
	w.pass(3 * day)
	if mo.methods() == 0 {
		t.Fatal("one word against the owner's: got the second step off")
	}
	wantCode(t, "a second one", ann.vouch(link), "")
	if got := w.at(link); got.State != recovery.Approved || !got.Due.Equal(w.time().Add(36*hour)) {
		t.Errorf("two words: got %+v, want it approved, and a day longer", got)
	}
	w.does("withdrawing", func() error { _, err := w.cases.WithdrawCase(t.Context(), auth.Caller{}, link); return err })
	wantCode(t, "vouching for what is over", wei.vouch(link), auth.NotFound)
	w.does("leaving", func() error { return w.shops.RemoveMember(t.Context(), wei.signedIn(), shop, ann.id) })
	link, objection = w.opened("mo@example.com", "", recovery.Key)
	w.does("objecting", func() error { _, err := w.cases.ObjectCase(t.Context(), auth.Caller{}, objection); return err })
	if got := w.at(link).Vouching; got != recovery.VouchingNobody {
		t.Errorf("after an objection, one person is there: got %q, want nobody to ask", got)
	}
	wantCode(t, "vouching", wei.vouch(link), "")
	info, err := w.cases.StopCase(t.Context(), mo.signedIn(), idOf(link))
	if err != nil || !info.Stopped {
		t.Fatalf("got %+v, %v, want it stopped", info, err)
	}
	w.pass(3 * day)
	if mo.methods() == 0 {
		t.Error("a stopped case has ended the second step")
	}
}

// An owner's second objection makes a case wait no longer; but it is judged again, and one whose words have become
// too few meanwhile goes back at once.
func TestObjectingOnceMore(t *testing.T) {
	w := newWorld(t)
	boss := w.person("boss")
	shop := boss.shop()
	ann, bob := w.person("ann").joins(boss, shop, team.Administrator), w.person("bob").joins(boss, shop, team.Administrator)
	w.person("wei").joins(boss, shop, team.Administrator)
	w.pass(month)
	link, objection := w.opened("wei@example.com", "", recovery.Phone)
	objects := func() error {
		_, err := w.cases.ObjectCase(t.Context(), auth.Caller{}, objection)
		return err
	}
	wantCode(t, "objecting", objects(), "")
	wantCode(t, "ann's word", ann.vouch(link), "")
	wantCode(t, "bob's word", bob.vouch(link), "")
	due := w.at(link).Due
	wantCode(t, "objecting again", objects(), "")
	if got := w.at(link); got.State != recovery.Approved || !got.Due.Equal(due) {
		t.Errorf("got %s, due %v, want it to wait no longer than before", got.State, got.Due)
	}
	w.does("suspending", func() error { return w.shops.SuspendMember(t.Context(), boss.signedIn(), shop, bob.id) })
	w.mail()
	wantCode(t, "objecting once more", objects(), "")
	if got := w.at(link); got.State != recovery.Open || !got.Due.IsZero() {
		t.Errorf("got %s, due %v, want it back where it was", got.State, got.Due)
	}
	if told(w.mail())[auth.TemplateRecoveryNews] == "" {
		t.Error("who applied is not told")
	}
}

// What an applicant is told of his colleagues: nothing where he has not shown the account's own mailbox, the same for
// nobody's case.
func TestWhatAnApplicantIsToldOfColleagues(t *testing.T) {
	w, _, _, _ := pair(t)
	w.person("sole")
	for identifier, want := range map[string]recovery.Vouching{"mo@example.com": recovery.VouchingAsk,
		"wei@example.com": recovery.VouchingNobody, "sole@example.com": recovery.VouchingAlone} {
		link, _ := w.opened(identifier, "")
		if got := w.at(link).Vouching; got != want {
			t.Errorf("%s: got %q, want %q", identifier, got, want)
		}
	}
	for i, identifier := range []string{"mo@example.com", "sole@example.com", "nobody@example.com"} {
		link, _ := w.opened(identifier, "n"+string(rune('0'+i))+"@example.org")
		if got := w.at(link); got.Vouching != recovery.VouchingMaybe || got.Words != 0 {
			t.Errorf("%s with a new address: got %+v, want the same for everybody", identifier, got)
		}
	}
}

// A site without reviewers takes cases for colleagues alone, and one without vouching for reviewers alone.
func TestWhoDecidesHere(t *testing.T) {
	w, wei, mo, _ := pair(t, func(c *recovery.Config) { c.Cases = false })
	link, _ := w.opened("mo@example.com", "")
	_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "It fell into the sea.")
	wantCode(t, "telling reviewers", err, auth.CaseMoved)
	wantCode(t, "vouching", wei.vouch(link), "")
	w.pass(12 * hour)
	if mo.methods() != 0 {
		t.Error("got the second step on, want it off")
	}
	w, wei, _, shop := pair(t, func(c *recovery.Config) { c.Vouching = false })
	link, _ = w.opened("mo@example.com", "")
	wantCode(t, "vouching where nobody vouches", wei.vouch(link), auth.NotFound)
	if list := toVouch(wei, shop); len(list) > 0 || w.at(link).Vouching != recovery.NoVouching {
		t.Errorf("got %v, want nothing of it", list)
	}
}

// Words at the same moment: an administrator's counts once, however often it is sent.
func TestWordsAtOnce(t *testing.T) {
	w := newWorld(t)
	wei := w.person("wei")
	shop := wei.shop()
	ann := w.person("ann").joins(wei, shop, team.Administrator)
	amy := w.person("amy").joins(wei, shop, team.Administrator)
	w.pass(month)
	link, _ := w.opened("wei@example.com", "")
	w.mail()
	one, other := ann.signedIn(), amy.signedIn()
	vouch := func(c auth.Caller) error { _, err := w.cases.Vouch(t.Context(), c, idOf(link), true); return err }
	if n := atOnce(t, func(int) error { return vouch(one) }); n != 64 {
		t.Errorf("got %d answered, want all of them", n)
	}
	if got := w.at(link); got.State != recovery.Open || got.Words != 1 {
		t.Errorf("one administrator, 64 times: got %+v, want one word", got)
	}
	atOnce(t, func(i int) error { return vouch([]auth.Caller{one, other}[i%2]) })
	count := map[string]int{}
	for _, m := range w.mail() {
		count[m.Template]++
	}
	if w.at(link).State != recovery.Approved || count[auth.TemplateRecoveryApproved] != 1 || count[auth.TemplateVouched] != 2 {
		t.Errorf("got %v, want it approved once, and each speaker told once", count)
	}
}

// What was said before a refusal counts no more after the appeal.
func TestWordsOfBeforeAnAppeal(t *testing.T) {
	w := newWorld(t)
	wei := w.person("wei")
	shop := wei.shop()
	ann := w.person("ann").joins(wei, shop, team.Administrator)
	amy := w.person("amy").joins(wei, shop, team.Administrator)
	w.pass(month)
	link, _ := w.inReview("wei@example.com", "")
	wantCode(t, "one administrator", ann.vouch(link), "")
	w.does("refusing", func() error {
		_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, by("bob"), idOf(link), recovery.NotProved)
		return err
	})
	wantCode(t, "vouching for what is refused", amy.vouch(link), auth.NotFound)
	w.does("appealing", func() error {
		_, err := w.cases.AppealCase(t.Context(), auth.Caller{}, link, "Again")
		return err
	})
	wantCode(t, "the other administrator", amy.vouch(link), "")
	if got := w.at(link); got.State != recovery.Review || got.Words != 1 {
		t.Errorf("after the appeal: got %+v, want one word alone", got)
	}
	wantCode(t, "the first one again", ann.vouch(link), "")
	if got := w.at(link).State; got != recovery.Approved {
		t.Errorf("both, after the appeal: got %s, want it approved", got)
	}
}
