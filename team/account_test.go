package team_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/team"
)

// A deal is an account that its owner hands over to a buyer, who has none.
type deal struct {
	*world
	owner *person
	buyer *person // nil before he has signed up by the link
	link  string  // as it was mailed last
	kept  []auth.Message
}

func (d *deal) mail() []auth.Message {
	list := d.world.mail()
	d.kept = append(d.kept, list...)
	return list
}

const buyersMail = "buyer@example.org"

func newDeal(t testing.TB) *deal {
	t.Helper()
	w := newWorld(t)
	d := &deal{world: w, owner: w.person("owner")}
	w.mail()
	return d
}

func (d *deal) begin() error {
	d.mail()
	_, err := d.shops.HandAccountOver(d.t.Context(), d.owner.Caller, buyersMail)
	if err != nil {
		return err
	}
	for _, m := range d.mail() {
		if m.Template == auth.TemplateAccountHandLink {
			d.link = m.Args["link"][strings.LastIndex(m.Args["link"], "/")+1:]
		}
	}
	return nil
}

// comes has the buyer make an account by the link.
func (d *deal) comes() {
	d.t.Helper()
	link, err := d.shops.SignUpOffered(d.t.Context(), auth.Caller{}, d.link)
	wantCode(d.t, "the form", err, "")
	d.buyer = d.signsUp(link, "buyer")
	d.mail()
}

func (d *deal) take() error { return lastErr(d.shops.TakeAccount(d.t.Context(), d.buyer.Caller, "")) }

// signs are what the buyer reads to the owner.
func (d *deal) signs() string {
	info, err := d.shops.MyAccountOffer(d.t.Context(), d.buyer.Caller)
	if err != nil {
		return ""
	}
	return info.Signs
}

func (d *deal) confirm(signs string) error {
	return lastErr(d.shops.ConfirmAccount(d.t.Context(), d.owner.Caller, signs))
}

func (d *deal) taken() {
	d.t.Helper()
	wantCode(d.t, "begin", d.begin(), "")
	d.comes()
	wantCode(d.t, "take", d.take(), "")
	d.mail()
}

func (d *deal) agreed() {
	d.t.Helper()
	d.taken()
	wantCode(d.t, "confirm", d.confirm(d.signs()), "")
	d.mail()
}

// due lets time pass, does what comes due, and gives both fresh sessions, as far as they have accounts.
func (d *deal) due(after time.Duration) {
	d.t.Helper()
	d.pass(after)
	wantCode(d.t, "sweep", d.s.Sweep(d.t.Context()), "")
	d.owner.signIn()
	if d.buyer == nil {
		return
	}
	if info, err := d.lab.Session(d.t.Context(), auth.Caller{}, d.buyer.id); err == nil {
		d.buyer.Token = info.Token
	}
}

// isBuyers reports whose the account is by now: the buyer's name and mailbox are on it, or the owner's.
func (d *deal) isBuyers() bool {
	d.t.Helper()
	me, err := d.s.Me(d.t.Context(), d.owner.Caller)
	wantCode(d.t, "whose it is", err, "")
	switch {
	case me.Name == "owner" && strings.HasSuffix(string(me.MaskedEmail), "example.com"):
		return false
	case me.Name == "buyer" && strings.HasSuffix(string(me.MaskedEmail), "example.org"):
		return true
	}
	d.t.Fatalf("got the account of %s at %s, want the one's or the other's", me.Name, me.MaskedEmail)
	return false
}

// signsInAs shows a password and the code of an app.
func (d *deal) signsInAs(email, password, secret string) (*auth.SignInInfo, error) {
	d.t.Helper()
	ctx, c := d.t.Context(), auth.Caller{Browser: "new", Language: "en"}
	info, err := d.s.SignIn(ctx, c, auth.SignInForm{Identifier: email, Password: password})
	if err != nil {
		return nil, err
	}
	ch, err := d.s.SignInBegin(ctx, c, info.Ceremony, auth.MethodChoice{Kind: auth.TOTP})
	if err != nil {
		return nil, err
	}
	typed, _ := json.Marshal(auth.CodeResponse{Code: d.code(secret)})
	return d.s.SignInFinish(ctx, c, ch.Ceremony, typed)
}

// A day after both have spoken an account is the other one's: he signs in with what he has set up in his own, which is
// no more; the former owner with nothing, and nobody moves money for a week.
func TestAnAccountChangesHands(t *testing.T) {
	d := newDeal(t)
	ctx := t.Context()
	wantCode(t, "begin", d.begin(), "")
	offer, err := d.shops.LookAccountOffer(ctx, auth.Caller{}, d.link)
	if err != nil || offer.By != "owner" || offer.UserName != "owner" || !offer.HasNone {
		t.Errorf("got the offer %+v, %v", offer, err)
	}
	wantCode(t, "confirming before anybody has taken it", d.confirm("0000-0000"), auth.HandOverNotTaken)
	d.comes()
	if d.signs() != "" {
		t.Error("got signs before it was taken")
	}
	wantCode(t, "take", d.take(), "")
	wantCode(t, "take again", d.take(), auth.HandOverOver)
	wantCode(t, "the link again", lastErr(d.shops.LookAccountOffer(ctx, auth.Caller{}, d.link)), auth.HandOverOver)
	info, err := d.shops.AccountHandOver(ctx, d.owner.Caller)
	if err != nil || info.State != team.HandOverTaken || info.ToName != "buyer" || info.Signs != "" {
		t.Errorf("got %+v, %v, want who has taken it, and no signs", info, err)
	}
	d.due(day - time.Second)
	typed := strings.ToLower(strings.ReplaceAll(d.signs(), "-", " ")) // as people type them
	wantCode(t, "confirm", d.confirm(typed), "")
	wantCode(t, "confirm again", d.confirm(typed), auth.HandOverNotTaken)
	d.due(day - time.Second)
	if me, err := d.s.Me(ctx, d.owner.Caller); d.isBuyers() || err != nil || me.Payout.Why != "handing-over" {
		t.Errorf("a second before: got %+v, %v, want the owner's, and no payout", me, err)
	}
	own := d.buyer.Caller
	d.due(time.Second)
	if !d.isBuyers() {
		t.Fatal("got the owner's account, want it the buyer's")
	}
	wantCode(t, "the session in the buyer's own account", lastErr(d.s.Me(ctx, own)), auth.SessionEnded)
	wantCode(t, "the former owner's password", lastErr(d.signsInAs("owner@example.com", lab.Password, "")),
		auth.SignInRefused)
	wantCode(t, "it with the new mailbox", lastErr(d.signsInAs(buyersMail, lab.Password, "")), auth.SignInRefused)
	in, err := d.signsInAs(buyersMail, strangersPassword, d.buyer.secret)
	wantCode(t, "the buyer signs in", err, "")
	me, err := d.s.Me(ctx, auth.Caller{Token: in.Token})
	if err != nil || me.Account != d.owner.id || me.UserName != "buyer's name" || me.Session.Restricted {
		t.Errorf("got %+v, %v, want the buyer in the owner's account", me, err)
	}
	if p := me.Payout; p.Allowed || p.Why != "handed-over" || !p.Until.Equal(d.time().Add(week)) {
		t.Errorf("got payouts %+v, want none for a week", p)
	}
	list, err := d.s.History(ctx, auth.Caller{Token: in.Token}, "", auth.MaxHistory)
	if err != nil || list.Events[len(list.Events)-1].Action != team.ActAccountHanded {
		t.Errorf("got the history %+v, %v, want it to begin with the hand-over", list, err)
	}
	wantCode(t, "handing it on at once", lastErr(d.shops.HandAccountOver(ctx, d.owner.Caller, "x@example.org")),
		auth.HandOverCooling)
	_, err = d.lab.Make(ctx, auth.Caller{}, lab.AccountForm{Name: "anew", Email: "owner@example.com"})
	wantCode(t, "an account at the former owner's mailbox", err, "")
}

// Who hands an account over is in no shop and in no cooling-off, and shows a strong method; who takes it over has an
// account that was made for it, and in no shop either.
func TestWhoGivesAndTakesAnAccount(t *testing.T) {
	d := newDeal(t)
	ctx := t.Context()
	begin := func(to string) error { return lastErr(d.shops.HandAccountOver(ctx, d.owner.Caller, to)) }
	wantCode(t, "to nobody", begin("nonsense"), auth.EmailMalformed)
	wantCode(t, "none is under way", lastErr(d.shops.AccountHandOver(ctx, d.owner.Caller)), auth.NotFound)
	wantCode(t, "stopping none", d.shops.StopAccount(ctx, d.owner.Caller), auth.NotFound)
	other := d.person("other")
	shop := other.shop()
	wantCode(t, "one in a shop", lastErr(d.shops.HandAccountOver(ctx, other.Caller, buyersMail)),
		auth.HandOverInShop)
	wantCode(t, "begin", d.begin(), "")
	wantCode(t, "a second one", begin("y@example.org"), auth.ChangePending)
	wantCode(t, "nobody's offer", lastErr(d.shops.MyAccountOffer(ctx, other.Caller)), auth.NotFound)
	wantCode(t, "an account with a life of its own", lastErr(d.shops.TakeAccount(ctx, other.Caller, d.link)),
		auth.HandOverOther)
	wantCode(t, "without a link", lastErr(d.shops.TakeAccount(ctx, other.Caller, "")), auth.NotFound)
	wantCode(t, "declining what is another's", d.shops.DeclineAccount(ctx, other.Caller), auth.NotFound)
	wantCode(t, "an account's link is no shop's", lastErr(d.shops.LookHandOver(ctx, auth.Caller{}, d.link)),
		auth.HandOverOver)
	d.comes()
	wantCode(t, "the address has one now", lastErr(d.shops.SignUpOffered(ctx, auth.Caller{}, d.link)),
		auth.SignedUp)
	d.buyer.joins(other, shop, team.ReadOnly)
	wantCode(t, "who is in a shop", d.take(), auth.HandOverInShop)
	wantCode(t, "leaving", d.shops.LeaveShop(ctx, d.buyer.Caller, shop), "")
	d.pass(11 * time.Minute)
	wantCode(t, "without a fresh proof", d.take(), auth.StepUpRequired)
	d.buyer.signIn()
	wantCode(t, "take", d.take(), "")
	wantCode(t, "confirming without a fresh proof", d.confirm(d.signs()), auth.StepUpRequired)
	d.owner.signIn()
	wantCode(t, "stop", d.shops.StopAccount(ctx, d.owner.Caller), "")
	d.due(day)
	wantCode(t, "begin anew", d.begin(), "")
	wantCode(t, "his account was made for it before", lastErr(d.shops.MyAccountOffer(ctx, d.buyer.Caller)),
		auth.NotFound)
	wantCode(t, "by the link", lastErr(d.shops.TakeAccount(ctx, d.buyer.Caller, d.link)), "")
	for _, link := range []string{"", "x", d.link[1:], d.link[:len(d.link)-1] + "_"} {
		wantCode(t, "no link", lastErr(d.shops.LookAccountOffer(ctx, auth.Caller{}, link)), auth.HandOverOver)
	}
}

// Whoever has come by the link, and not the one whom the owner speaks to, is not confirmed: the fifth wrong signs end it.
func TestTheTwoSidesSpeakToEachOther(t *testing.T) {
	d := newDeal(t)
	d.taken()
	right := d.signs()
	for i, typed := range []string{"", "0000-0000", right[1:], right + "0"} {
		err := d.confirm(typed)
		wantCode(t, "wrong signs", err, auth.HandOverSignsWrong)
		if refused, _ := err.(*auth.Error); refused == nil || refused.Args["n"] != string('4'-rune(i)) {
			t.Errorf("got %v, want how many tries are left", refused)
		}
	}
	wantCode(t, "the fifth", d.confirm("zzzz-zzzz"), auth.HandOverNotTaken)
	wantCode(t, "the right ones then", d.confirm(right), auth.NotFound)
	d.due(2 * day)
	if d.isBuyers() {
		t.Error("got it the buyer's")
	}
}

// accountStops are what ends an account's hand-over, of either side.
func accountStops() map[string]func(*deal) error {
	settings := func(d *deal) error {
		info, err := d.s.Security(d.t.Context(), d.owner.Caller)
		if err != nil {
			return err
		}
		return d.s.CancelChange(d.t.Context(), d.owner.Caller, info.Changes[0].ID)
	}
	joins := func(p func(*deal) *person) func(*deal) error {
		return func(d *deal) error {
			p(d).shop()
			return nil
		}
	}
	return map[string]func(*deal) error{
		"the owner stops it": func(d *deal) error { return d.shops.StopAccount(d.t.Context(), d.owner.Caller) },
		"the other one declines": func(d *deal) error {
			return d.shops.DeclineAccount(d.t.Context(), d.buyer.Caller)
		},
		"the link in a notice": func(d *deal) error {
			for _, m := range d.kept {
				if link := m.Args["undo"]; m.Template == auth.TemplateAccountHand && link != "" {
					return lastErr(d.s.Undo(d.t.Context(), auth.Caller{}, link[strings.LastIndex(link, "/")+1:]))
				}
			}
			return auth.Refuse(auth.NotFound)
		},
		"in the owner's settings": settings,
		"the owner's new password": func(d *deal) error {
			return lastErr(d.s.ChangePassword(d.t.Context(), d.owner.Caller, lab.Password, "Another-Horse9"))
		},
		"the owner signs out":        func(d *deal) error { return d.s.SignOut(d.t.Context(), d.owner.Caller) },
		"the owner makes a shop":     joins(func(d *deal) *person { return d.owner }),
		"the other one makes a shop": joins(func(d *deal) *person { return d.buyer }),
		"the other one's new password": func(d *deal) error {
			return lastErr(d.s.ChangePassword(d.t.Context(), d.buyer.Caller, strangersPassword, "Another-Horse9"))
		},
		"nobody goes on": func(*deal) error { return nil },
	}
}

// Whoever stops it, at whatever step: the account stays its owner's, and the other one's own stays his.
func TestWhatStopsAnAccountsHandOver(t *testing.T) {
	steps := map[string]func(*deal){
		"begun": func(d *deal) { wantCode(d.t, "begin", d.begin(), "") },
		"come": func(d *deal) {
			wantCode(d.t, "begin", d.begin(), "")
			d.comes()
		},
		"taken": (*deal).taken, "agreed": (*deal).agreed,
	}
	for at, come := range steps {
		for what, stop := range accountStops() {
			early := at == "begun" || at == "come" && what != "the other one declines"
			if strings.HasPrefix(what, "the other one") && early || what == "nobody goes on" && at == "agreed" {
				continue
			}
			t.Run(at+": "+what, func(t *testing.T) {
				t.Parallel()
				d := newDeal(t)
				come(d)
				wantCode(t, "stopping", stop(d), "")
				d.due(day + time.Minute)
				d.due(day + time.Minute)
				if d.isBuyers() {
					t.Error("got it the buyer's")
				}
				wantCode(t, "the link", lastErr(d.shops.LookAccountOffer(t.Context(), auth.Caller{}, d.link)),
					auth.HandOverOver)
				if d.buyer == nil {
					return
				}
				if _, err := d.shops.MyAccountOffer(t.Context(), d.buyer.Caller); err == nil {
					t.Error("got it offered still")
				}
			})
		}
	}
}

// Both sides hear of every step: the owner at every address, with a link that stops it; who gets the link is told
// nothing by the mail.
func TestWhoHearsOfAnAccountsHandOver(t *testing.T) {
	d := newDeal(t)
	heard := func(what string, want ...string) {
		t.Helper()
		var got []string
		for _, m := range d.mail() {
			if m.Template == auth.TemplateAccountHandLink {
				d.link = m.Args["link"][strings.LastIndex(m.Args["link"], "/")+1:]
				if len(m.Args) != 1 || m.Account != "" {
					t.Errorf("got the link mailed with %v", m.Args)
				}
			}
			to, _, _ := strings.Cut(string(m.Recipient), "@")
			got = append(got, to+" "+strings.TrimSpace(m.Template+" "+m.Args["step"]))
			if undo := m.Args["undo"] != ""; undo != (m.Template == auth.TemplateAccountHand) {
				t.Errorf("%s: got a link that stops it %v in %s", what, undo, m.Template)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	_, err := d.shops.HandAccountOver(t.Context(), d.owner.Caller, buyersMail)
	wantCode(t, "begin", err, "")
	heard("begun", "buyer account-hand-link", "owner account-hand account-begun")
	d.comes()
	wantCode(t, "take", d.take(), "")
	heard("taken", "buyer account-hand-taker account-to-taken", "owner account-hand account-taken")
	wantCode(t, "confirm", d.confirm(d.signs()), "")
	heard("agreed", "buyer account-hand-taker account-to-agreed", "owner account-hand account-agreed")
	d.pass(day)
	wantCode(t, "sweep", d.s.Sweep(t.Context()), "")
	heard("done", "buyer account-hand-yours", "owner account-hand-done")
	d = newDeal(t)
	d.taken()
	d.mail()
	wantCode(t, "decline", d.shops.DeclineAccount(t.Context(), d.buyer.Caller), "")
	heard("stopped", "buyer account-hand-stopped", "owner account-hand-stopped")
}
