package staff_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/store"
)

// acts is every act of the staff, done as somebody; the answers are what the table of roles says.
func (p *worker) acts(seller auth.AccountID, other string) map[auth.Action]func() error {
	s := p.w.staff
	ctx, c := p.w.t.Context(), p.Caller
	return map[auth.Action]func() error{
		staff.ActMe:       func() error { _, err := s.Me(ctx, c); return err },
		staff.ActTouch:    func() error { return p.touch() },
		staff.ActAddKey:   func() error { return p.addKey() },
		staff.ActFind:     func() error { _, err := s.Find(ctx, c, "wei@example.com"); return err },
		staff.ActAccount:  func() error { _, err := s.Account(ctx, c, seller); return err },
		staff.ActTicket:   func() error { _, err := s.Ticket(ctx, c, p.w.ticket(p.w.browser("t"), "")); return err },
		staff.ActReset:    func() error { return s.StartReset(ctx, c, seller, "wei@example.com") },
		staff.ActSessions: func() error { return s.EndSessions(ctx, c, seller) },
		staff.ActUnlock: func() error {
			err := s.Unlock(ctx, c, seller, "wei@example.com", staff.Assurances())
			if code(err) == auth.NotFound && p.may(staff.ActUnlock) { // it is not off
				return nil
			}
			return err
		},
		staff.ActTrail:  func() error { _, err := s.Trail(ctx, c, string(seller), 0); return err },
		staff.ActPeople: func() error { _, err := s.People(ctx, c); return err },
		staff.ActInvite: func() error {
			return s.Invite(ctx, c, p.email[:3]+"new@desk.example", "New",
				staff.Support)
		},
		staff.ActRole:    func() error { return s.SetRole(ctx, c, other, staff.Auditor) },
		staff.ActSuspend: func() error { return s.Suspend(ctx, c, other, false) },
		staff.ActAskKeys: func() error { return s.AskNewKeys(ctx, c, other) },
		staff.ActNewKeys: func() error {
			err := s.GrantNewKeys(ctx, c, other)
			if code(err) == auth.Forbidden && p.may(staff.ActNewKeys) { // he has asked himself
				return nil
			}
			return err
		},
		staff.ActResponses: func() error { _, err := s.Responses(ctx, c); return err },
		staff.ActRespond: func() error {
			_, err := s.ListAccounts(ctx, c, freeze, staff.AccountList{Typed: "nobody@example.com"}, p.w.time())
			return p.judged(staff.ActRespond, err)
		},
		staff.ActResponse:  func() error { _, err := s.Response(ctx, c, "none"); return p.judged(staff.ActResponse, err) },
		staff.ActPropose:   func() error { return p.judged(staff.ActPropose, s.ProposeResponse(ctx, c, "none")) },
		staff.ActWithdraw:  func() error { return p.judged(staff.ActWithdraw, s.WithdrawResponse(ctx, c, "none")) },
		staff.ActAgree:     func() error { return p.judged(staff.ActAgree, s.AgreeToResponse(ctx, c, "none")) },
		staff.ActUndo:      func() error { return p.judged(staff.ActUndo, s.ProposeUndo(ctx, c, "none")) },
		staff.ActAgreeUndo: func() error { return p.judged(staff.ActAgreeUndo, s.AgreeToUndo(ctx, c, "none")) },

		staff.ActAssign:  func() error { return s.Assign(ctx, c, other, "wei@example.com", true) },
		staff.ActSignOut: func() error { return s.SignOut(ctx, c) },
		staff.ActEndOwn:  func() error { return s.EndOwnSessions(ctx, c, "") },
		staff.ActRemoveKey: func() error {
			return p.judged(staff.ActRemoveKey, s.RemoveKey(ctx, c, "none"))
		},
	}
}

// judged is the answer to an act about what there is not: to whoever may do it, that there is none.
func (p *worker) judged(a auth.Action, err error) error {
	if code(err) == auth.NotFound && p.may(a) {
		return nil
	}
	return err
}

func (p *worker) may(a auth.Action) bool {
	me, err := p.w.staff.Me(p.w.t.Context(), p.Caller)
	return err == nil && p.w.staff.May(me.Role, a)
}

// ofTheService are the acts by which the service does what two of the staff have agreed to.
func ofTheService() []auth.Action {
	return []auth.Action{staff.ActReached, staff.ActRenewed, staff.ActFrozen, staff.ActFrozenRenewed, staff.ActReleased,
		staff.ActReadTrails, staff.ActStep}
}

// Every act with every role: who may is let, who may not is told so, and nobody without a session, with a seller's, or
// with one key alone.
func TestEveryActWithEveryRole(t *testing.T) {
	w := newWorld(t)
	seller := w.seller("wei")
	other := w.worker("other", staff.Support)
	responses := []auth.Action{staff.ActResponses, staff.ActResponse, staff.ActRespond, staff.ActPropose, staff.ActWithdraw,
		staff.ActAgree, staff.ActUndo, staff.ActAgreeUndo}
	allowed := map[staff.Role][]auth.Action{
		staff.Support: {staff.ActFind, staff.ActAccount, staff.ActTicket, staff.ActReset, staff.ActSessions,
			staff.ActUnlock},
		staff.Manager:  {staff.ActFind, staff.ActAccount, staff.ActReset},
		staff.Reviewer: responses,
		staff.Auditor:  {staff.ActTrail},
		staff.Administrator: {staff.ActTrail, staff.ActPeople, staff.ActInvite, staff.ActRole, staff.ActSuspend,
			staff.ActAskKeys, staff.ActNewKeys, staff.ActAssign},
	}
	allowed[staff.Administrator] = append(allowed[staff.Administrator], responses...)
	own := []auth.Action{staff.ActMe, staff.ActTouch, staff.ActAddKey, staff.ActSignOut, staff.ActEndOwn,
		staff.ActRemoveKey}
	admin := w.worker("boss", staff.Administrator)
	for _, r := range staff.Roles() {
		p := w.worker("a-"+string(r), r)
		if r == staff.Manager {
			wantCode(t, "touching", admin.touch(), "")
			wantCode(t, "assigning", w.staff.Assign(t.Context(), admin.Caller, p.id, "wei@example.com", true), "")
		}
		acts := p.acts(seller, other.id)
		for _, a := range staff.Actions() {
			act, there := acts[a]
			if !there {
				if !slices.Contains([]auth.Action{staff.ActLook, staff.ActJoin, staff.ActSignIn, staff.ActCommand}, a) &&
					!slices.Contains(ofTheService(), a) {
					t.Errorf("%s: no test does it", a)
				}
				continue
			}
			w.pass(time.Minute + time.Second) // between two links to one mailbox
			want := auth.Code("")
			if !slices.Contains(allowed[r], a) && !slices.Contains(own, a) {
				want = auth.Forbidden
			}
			if a != staff.ActSignOut {
				wantCode(t, fmt.Sprintf("%s by %s", a, r), act(), want)
			}
			if err := p.touch(); err != nil {
				t.Fatal(err)
			}
		}
	}
	seen, err := w.lab.Session(t.Context(), auth.Caller{}, seller)
	if err != nil {
		t.Fatal(err)
	}
	for name, token := range map[string]string{"nobody": "", "a seller": seen.Token,
		"a forger": "desk-" + admin.id + "x"} {
		p := *admin
		p.Token = token
		for a, act := range p.acts(seller, other.id) {
			if err := act(); code(err) != auth.SessionEnded && code(err) != auth.SessionRequired {
				t.Errorf("%s by %s: got %v, want no session", a, name, err)
			}
		}
	}
	if _, err := w.s.Me(t.Context(), admin.Caller); code(err) != auth.SessionEnded {
		t.Errorf("a session of the staff as a seller's: got %v, want it to open nothing", err)
	}
}

// With one key nothing can be done but to register the second one; with both, anything that the role may.
func TestTwoKeysBeforeAnyAct(t *testing.T) {
	w := newWorld(t)
	link, err := w.staff.Add(t.Context(), "root (uid 0)", "ann@desk.example", "Ann", staff.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	ann, err := w.invited("ann@desk.example", lastPart(link))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.staff.People(t.Context(), ann.Caller)
	wantCode(t, "with one key", err, auth.MustEnrol)
	wantCode(t, "the second key", ann.addKey(), "")
	_, err = w.staff.People(t.Context(), ann.Caller)
	wantCode(t, "with both", err, "")
	for i, key := range ann.keys {
		wantCode(t, fmt.Sprintf("signing in by key %d", i), ann.signIn(key), "")
	}
}

// A key that verifies nobody opens nothing, and becomes nobody's.
func TestOnlyKeysThatVerifyTheirUser(t *testing.T) {
	w := newWorld(t)
	link, err := w.staff.Add(t.Context(), "root (uid 0)", "ann@desk.example", "Ann", staff.Administrator)
	if err != nil {
		t.Fatal(err)
	}
	c := w.browser("b")
	prompt, err := w.staff.Join(t.Context(), c, lastPart(link))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := answers(w.key(true), prompt, true); err == nil {
		t.Error("the browser registered a key that cannot verify, want it asked for one that does")
	}
	var options map[string]map[string]any
	if err := json.Unmarshal(prompt.Options, &options); err != nil {
		t.Fatal(err)
	}
	options["publicKey"]["authenticatorSelection"].(map[string]any)["userVerification"] = "discouraged"
	lax, err := json.Marshal(options)
	if err != nil {
		t.Fatal(err)
	}
	response, err := answers(w.key(true), &staff.Prompt{Options: lax}, true)
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.staff.FinishJoin(t.Context(), c, lastPart(link), prompt.Ceremony, response)
	wantCode(t, "a touch alone", err, auth.KeyNotVerified)
}

// One link makes one member, however many press at the same moment, whoever has sent it; and of many links to one
// mailbox one does.
func TestOneLinkMakesOneMember(t *testing.T) {
	const n = 64
	const mailbox = "new@desk.example"
	add := func(w *world) string {
		link, err := w.staff.Add(t.Context(), "root (uid 0)", mailbox, "New", staff.Administrator)
		wantCode(t, "from the host", err, "")
		return lastPart(link)
	}
	for name, row := range map[string]struct {
		link func(w *world, i int, before string) string
		lost []auth.Code // what the others are told
	}{
		"the first administrator": {func(w *world, _ int, before string) string {
			if before == "" {
				before = add(w)
			}
			return before
		}, []auth.Code{auth.LinkUsed}},
		"invited": {func(w *world, _ int, before string) string {
			if before == "" {
				boss := w.worker("boss", staff.Administrator)
				w.mail()
				wantCode(t, "inviting", w.staff.Invite(t.Context(), boss.Caller, mailbox, "New", staff.Support), "")
				before = w.link(auth.TemplateDeskInvitation)
			}
			return before
		}, []auth.Code{auth.LinkUsed}},
		"new keys": {func(w *world, _ int, before string) string {
			if before == "" {
				w.worker("new", staff.Reviewer)
				before = add(w)
			}
			return before
		}, []auth.Code{auth.LinkUsed}},
		"as many links": {func(w *world, i int, _ string) string { return add(w) },
			[]auth.Code{auth.LinkUsed, auth.AddressTaken}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			joins := make([]func() error, n)
			link := ""
			for i := range joins {
				link = row.link(w, i, link)
				joins[i] = w.joining(w.browser(fmt.Sprintf("browser %d", i)), link)
			}
			var won atomic.Int32
			var wait sync.WaitGroup
			for _, join := range joins {
				wait.Go(func() {
					if err := join(); err == nil {
						won.Add(1)
					} else if !slices.Contains(row.lost, code(err)) {
						t.Errorf("got %v, want one of %v", err, row.lost)
					}
				})
			}
			wait.Wait()
			if won.Load() != 1 {
				t.Errorf("got %d members, want one", won.Load())
			}
		})
	}
}

// joining has a key at hand for a link, and returns the press that uses it.
func (w *world) joining(c auth.Caller, link string) func() error {
	w.t.Helper()
	prompt, err := w.staff.Join(w.t.Context(), c, link)
	wantCode(w.t, "beginning", err, "")
	response, err := answers(w.key(false), prompt, true)
	wantCode(w.t, "a key's answer", err, "")
	return func() error {
		_, err := w.staff.FinishJoin(w.t.Context(), c, link, prompt.Ceremony, response)
		return err
	}
}

// Nobody is seller and staff at once, whoever came first, and by whatever alias.
func TestNobodyIsSellerAndStaff(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	w.sellerAt("mo", "mo+shop@example.com")
	w.sellerAt("jo", "J.o.Li+shop@gmail.com")
	for email, want := range map[string]auth.Code{
		"wei@example.com": auth.AddressTaken, "WEI@example.com": auth.AddressTaken,
		"wei+desk@example.com": auth.AddressTaken,
		"mo@example.com":       auth.AddressTaken, "Mo+desk@example.com": auth.AddressTaken,
		"jo.li@gmail.com": auth.AddressTaken, "joli+x@googlemail.com": auth.AddressTaken,
		"w.ei@example.com": "", "mo@example.org": "", "joli@example.com": "", // others
	} {
		_, err := w.staff.Add(t.Context(), "root (uid 0)", email, "Wei", staff.Support)
		wantCode(t, "a seller as staff: "+email, err, want)
	}
	admin := w.worker("boss", staff.Administrator)
	for _, email := range []string{"wei@example.com", admin.email} {
		wantCode(t, "inviting "+email, w.staff.Invite(t.Context(), admin.Caller, email, "Wei", staff.Support),
			auth.AddressTaken)
	}
	link, err := w.staff.Add(t.Context(), "root (uid 0)", "li@example.com", "Li", staff.Support)
	if err != nil {
		t.Fatal(err)
	}
	w.seller("li") // between the link and its use
	_, err = w.invited("li@example.com", lastPart(link))
	wantCode(t, "a seller by now", err, auth.AddressTaken)
	for _, email := range []string{admin.email, "Boss+shop@desk.example", "BOSS@desk.example"} {
		w.pass(time.Hour)
		if _, err := w.s.SignUp(t.Context(), w.browser("x"), email); err != nil {
			t.Fatal(err)
		}
		_, err := w.s.ConfirmSignUp(t.Context(), w.browser("x"), w.link(auth.TemplateSignUp),
			auth.SignUpForm{Name: "Boss",
				UserName: "boss", Phone: "+8613800138000", Password: "Correct-Horse9", Terms: true})
		wantCode(t, "staff as a seller: "+email, err, auth.SignedUp)
	}
}

// A seller who has an alias for his address is known behind it, also one of before there was an index of aliases.
func TestSellersOfBeforeTheIndexOfAliases(t *testing.T) {
	w := newWorld(t)
	w.sellerAt("mo", "mo+shop@example.com")
	err := w.db.Update(t.Context(), func(tx store.Tx) error {
		n := 0
		for d, err := range tx.Scan("account.mailbox", "", "", 10) {
			if err != nil {
				return err
			}
			if err := tx.Delete("account.mailbox", d.Key); err != nil {
				return err
			}
			n++
		}
		if n != 1 {
			t.Errorf("got %d entries in the index, want one", n)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	add := func() error {
		_, err := w.staff.Add(t.Context(), "root (uid 0)", "mo@example.com", "Mo", staff.Support)
		return err
	}
	wantCode(t, "before the sweep", add(), "")
	if err := w.s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantCode(t, "after it", add(), auth.AddressTaken)
}

// What is sent twice is done once: a sign-in gets its session again, and another browser gets nothing.
func TestTwiceIsOnce(t *testing.T) {
	w := newWorld(t)
	p := w.worker("ann", staff.Support)
	prompt, err := w.staff.SignIn(t.Context(), p.Caller, p.email)
	if err != nil {
		t.Fatal(err)
	}
	response, err := answers(p.keys[0], prompt, false)
	if err != nil {
		t.Fatal(err)
	}
	c := p.Caller
	c.Request = "the same"
	first, err := w.staff.FinishSignIn(t.Context(), c, prompt.Ceremony, response)
	if err != nil {
		t.Fatal(err)
	}
	again, err := w.staff.FinishSignIn(t.Context(), c, prompt.Ceremony, response)
	if err != nil || again.Token != first.Token {
		t.Errorf("sent twice: got %v, %v, want the same session", again, err)
	}
	c.Request = "another"
	if _, err = w.staff.FinishSignIn(t.Context(), c, prompt.Ceremony, response); err == nil {
		t.Error("another request with the same answer: got a session, want it refused")
	}
	c.Request, c.Browser = "the same", "another browser"
	_, err = w.staff.FinishSignIn(t.Context(), c, prompt.Ceremony, response)
	wantCode(t, "another browser", err, auth.CeremonyOtherBrowser)
}

// A session ends after half an hour of nothing, after twelve hours of anything, and with the role that it was for.
func TestSessionsOfTheStaffEnd(t *testing.T) {
	w := newWorld(t)
	p := w.worker("ann", staff.Auditor)
	look := func() error { _, err := w.staff.Trail(t.Context(), p.Caller, p.id, 0); return err }
	w.pass(30*time.Minute - time.Second)
	wantCode(t, "just in time", look(), "")
	w.pass(30 * time.Minute)
	wantCode(t, "idle", look(), auth.SessionEnded)
	wantCode(t, "signing in", p.signIn(p.keys[0]), "")
	for range 12 * 60 / 29 {
		w.pass(29 * time.Minute)
		wantCode(t, "at work", look(), "")
	}
	w.pass(24 * time.Minute)
	wantCode(t, "after twelve hours", look(), auth.SessionEnded)

	admin := w.worker("boss", staff.Administrator)
	wantCode(t, "signing in", p.signIn(p.keys[0]), "")
	wantCode(t, "another role", w.staff.SetRole(t.Context(), admin.Caller, p.id, staff.Support), "")
	wantCode(t, "in the role of before", look(), auth.SessionEnded)
	wantCode(t, "suspending", w.staff.Suspend(t.Context(), admin.Caller, p.id, true), "")
	if err := p.signIn(p.keys[0]); err == nil {
		t.Error("suspended: got a session, want none")
	}
	wantCode(t, "letting in", w.staff.Suspend(t.Context(), admin.Caller, p.id, false), "")
	wantCode(t, "signing in again", p.signIn(p.keys[0]), "")
	wantCode(t, "signing out", w.staff.SignOut(t.Context(), p.Caller), "")
	_, err := w.staff.Me(t.Context(), p.Caller)
	wantCode(t, "signed out", err, auth.SessionEnded)
}

// What cannot be taken back asks for a fresh touch.
func TestFreshTouch(t *testing.T) {
	w := newWorld(t)
	seller := w.seller("wei")
	p := w.worker("ann", staff.Support)
	w.pass(10*time.Minute + time.Second)
	wantCode(t, "an old touch", w.staff.EndSessions(t.Context(), p.Caller, seller), auth.StepUpRequired)
	wantCode(t, "touching", p.touch(), "")
	wantCode(t, "a fresh one", w.staff.EndSessions(t.Context(), p.Caller, seller), "")
}

// A lost key is replaced by two others, never by its owner, and never by one of them alone.
func TestLostKeysTakeTwoOthers(t *testing.T) {
	w := newWorld(t)
	a, b := w.worker("ann", staff.Administrator), w.worker("bob", staff.Administrator)
	p := w.worker("pat", staff.Support)
	ask := func(by *worker) error { return w.staff.AskNewKeys(t.Context(), by.Caller, p.id) }
	grant := func(by *worker) error { return w.staff.GrantNewKeys(t.Context(), by.Caller, p.id) }
	wantCode(t, "granting what nobody asked for", grant(b), auth.NotFound)
	wantCode(t, "asking", ask(a), "")
	wantCode(t, "granting one's own asking", grant(a), auth.Forbidden)
	wantCode(t, "asking for oneself", w.staff.AskNewKeys(t.Context(), a.Caller, a.id), auth.Forbidden)
	var wins int
	var mu sync.Mutex
	var wait sync.WaitGroup
	for range 64 {
		wait.Go(func() {
			if grant(b) == nil {
				mu.Lock()
				wins++
				mu.Unlock()
			}
		})
	}
	wait.Wait()
	if wins != 1 {
		t.Errorf("got %d grants, want one", wins)
	}
	_, err := w.staff.Me(t.Context(), p.Caller)
	wantCode(t, "the session of before", err, auth.SessionEnded)
	if err := p.signIn(p.keys[0]); err == nil {
		t.Error("a key of before: got a session, want none")
	}
	again, err := w.invited(p.email, w.link(auth.TemplateDeskInvitation))
	if err != nil || again.id != p.id {
		t.Fatalf("by the link: got %+v, %v, want the same member", again, err)
	}
	wantCode(t, "a second key", again.addKey(), "")

	wantCode(t, "asking once more", ask(a), "")
	w.pass(24 * time.Hour)
	wantCode(t, "signing in", b.signIn(b.keys[0]), "")
	wantCode(t, "granting a day later", grant(b), auth.NotFound)
}

// Support sees how an account stands and nothing of what opens it; the link goes to the account's own mailbox,
// after its e-mail was named, and each look stands in both trails.
func TestStartingAReset(t *testing.T) {
	w := newWorld(t)
	seller := w.seller("wei")
	p := w.worker("ann", staff.Support)
	w.mail()
	wantCode(t, "another e-mail", w.staff.StartReset(t.Context(), p.Caller, seller, "wei2@example.com"),
		auth.NotRegistered)
	if got := w.mail(); len(got) != 0 {
		t.Errorf("another e-mail: got %v mailed, want nothing", got)
	}
	wantCode(t, "the e-mail", w.staff.StartReset(t.Context(), p.Caller, seller, "Wei@example.com"), "")
	sent := w.mail()
	if len(sent) != 1 || sent[0].Template != auth.TemplateResetLink ||
		sent[0].Recipient != ident.Recipient("wei@example.com") {
		t.Fatalf("got %v, want the link to the account's own mailbox", sent)
	}
	auditor := w.worker("bob", staff.Auditor)
	for _, of := range []string{string(seller), p.id} {
		trail, err := w.staff.Trail(t.Context(), auditor.Caller, of, 0)
		if err != nil {
			t.Fatal(err)
		}
		found := slices.ContainsFunc(trail.Events, func(e auth.TrailEvent) bool {
			return e.Action == staff.ActReset && e.Outcome == "" && e.Who == p.id && e.About == string(seller)
		})
		if !found {
			t.Errorf("the trail of %s: got %+v, want the act and who did it", of, trail.Events)
		}
	}
	if err := w.s.ResetPassword(t.Context(), w.browser("s"), lastPart(sent[0].Args["link"]),
		"Better-Horse9"); err != nil {
		t.Errorf("by the link: got %v, want a new password", err)
	}
}

// An account manager reaches the accounts that he looks after, and is told of no other whether it is there.
func TestManagersReachTheirAccounts(t *testing.T) {
	w := newWorld(t)
	own, other := w.seller("wei"), w.seller("li")
	admin, p := w.worker("boss", staff.Administrator), w.worker("max", staff.Manager)
	wantCode(t, "assigning", w.staff.Assign(t.Context(), admin.Caller, p.id, "wei@example.com", true), "")
	wantCode(t, "his own", w.staff.StartReset(t.Context(), p.Caller, own, "wei@example.com"), "")
	wantCode(t, "another's", w.staff.StartReset(t.Context(), p.Caller, other, "li@example.com"), auth.NotFound)
	for _, name := range []string{"li@example.com", "nobody@example.com"} {
		_, err := w.staff.Find(t.Context(), p.Caller, name)
		wantCode(t, name, err, auth.NotFound)
	}
	wantCode(t, "taking it away", w.staff.Assign(t.Context(), admin.Caller, p.id, "wei@example.com", false), "")
	_, err := w.staff.Account(t.Context(), p.Caller, own)
	wantCode(t, "no longer his", err, auth.NotFound)
}
