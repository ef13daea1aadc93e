package server

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// askCase asks for a case as a program does, and returns the link that was mailed.
func (p *person) askCase(identifier string, lost ...string) string {
	p.w.t.Helper()
	p.must("POST", "/recovery", m{"identifier": identifier, "lost": lost, "work": p.worked()}, nil)
	return lastPart(p.w.mailed(auth.TemplateRecoveryLink).Args["link"])
}

// caseInReview is a case that was opened and sent to the reviewers.
func (p *person) caseInReview(identifier string, lost ...string) string {
	p.w.t.Helper()
	link := p.askCase(identifier, lost...)
	p.must("POST", "/recovery/case/open", m{"link": link}, nil)
	p.must("POST", "/recovery/case/answer", m{"link": link, "text": "It fell into the sea."}, nil)
	return link
}

// reviewers do with a case what is done, one after the other, each by somebody of his own.
func (w *world) reviewers(link string, acts ...string) {
	w.t.Helper()
	id, ctx := link[:22], w.t.Context()
	for i, act := range acts {
		by, err := recovery.Reviewer{ID: "reviewer " + string(rune('a'+i))}, error(nil)
		switch act {
		case "approve":
			_, err = w.server.recovery.NoteCase(ctx, auth.Caller{}, by, id, recovery.Checks(), "")
			if err != nil {
				break
			}
			_, err = w.server.recovery.ApproveCase(ctx, auth.Caller{}, by, id)
		case "refuse":
			_, err = w.server.recovery.RefuseCase(ctx, auth.Caller{}, by, id, recovery.NotProved)
		case "more":
			_, err = w.server.recovery.AskMore(ctx, auth.Caller{}, by, id, []recovery.Want{recovery.WantShop}, "Which goods?")
		}
		if err != nil {
			w.t.Fatalf("%s: %v", act, err)
		}
	}
}

const bossEmail = "boss@example.com"

// asksColleague is a case of xia, who has been a member of the boss's shop for a month. The boss, whose browser or
// program it is, has just signed in.
func (w *world) asksColleague(boss *person) (shop, link string) {
	w.t.Helper()
	w.signUp(w.program(), bossEmail, m{"name": "Bo", "userName": "boss", "phone": "+8613800138002"})
	p := w.program()
	var a answer
	p.must("POST", "/sign-in", m{"identifier": bossEmail, "password": testPassword}, &a)
	p.bearer = a.Token
	secret := p.addApp()
	shop = p.shop("Red")
	p.colleague(shop, "xia", "member")
	w.pass(31 * 24 * time.Hour)
	link = w.program().caseInReview("xia@example.com", "key")
	boss.byApp(bossEmail, secret)
	return shop, link
}

// byApp signs in by the password and an app.
func (p *person) byApp(identifier, secret string) {
	p.w.t.Helper()
	var a answer
	p.must("POST", "/sign-in", m{"identifier": identifier, "password": testPassword,
		"remember": true}, &a)
	p.must("POST", "/sign-in/begin", m{"ceremony": a.Ceremony, "kind": "totp"}, &a)
	p.must("POST", "/sign-in/finish", m{"ceremony": a.Ceremony, "response": m{"code": p.w.code(secret)}}, &a)
	p.bearer = a.Token
}

// changesApp binds another app and shows it alone, a quarter of an hour after the one that he signed in with.
func (p *person) changesApp() string {
	p.w.t.Helper()
	secret := p.addApp()
	p.w.pass(time.Hour)
	var a answer
	p.must("POST", "/step-up/begin", m{"action": recovery.ActVouch, "kind": "totp"}, &a)
	p.must("POST", "/step-up/finish", m{"ceremony": a.Ceremony, "response": m{"code": p.w.code(secret)}}, &a)
	p.bearer = a.Token
	return secret
}

// recoveryFaults provoke the codes of cases.
func recoveryFaults() map[auth.Code]provocation {
	said := func(text string) provocation {
		return do(func(c *trial) *httptest.ResponseRecorder {
			link := c.program().askCase(testEmail, "phone")
			c.post("/recovery/case/open", m{"link": link})
			return c.post("/recovery/case/answer", m{"link": link, "text": text})
		})
	}
	return map[auth.Code]provocation{
		auth.LostMissing: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/recovery", m{"identifier": testEmail, "lost": []string{}})
		}),
		auth.CaseMoved: do(func(c *trial) *httptest.ResponseRecorder {
			link := c.program().askCase(testEmail, "phone")
			return c.post("/recovery/case/answer", m{"link": link, "text": "Too early"})
		}),
		auth.StoryMissing: said(" "),
		auth.StoryTooLong: said(strings.Repeat("long ", 500)),
		auth.SpokeMissing: do(func(c *trial) *httptest.ResponseRecorder {
			boss := c.program()
			_, link := c.asksColleague(boss)
			boss.lang = c.lang
			return boss.api("POST", "/recovery-cases/"+link[:22]+"/vouch", m{"spoke": false}, nil)
		}),
		auth.VouchTooNew: do(func(c *trial) *httptest.ResponseRecorder {
			boss := c.program()
			_, link := c.asksColleague(boss)
			boss.lang = c.lang
			boss.changesApp()
			return boss.api("POST", "/recovery-cases/"+link[:22]+"/vouch", m{"spoke": true}, nil)
		}),
	}
}

// apiRecovery asks for cases about the account: one that its owner makes wait and then stops, and one that is
// withdrawn.
func (o *tour) apiRecovery() {
	o.prove()
	q := o.client()
	link := q.caseInReview(testEmail, "phone")
	objection := lastPart(o.link(auth.TemplateRecoveryOpened, "link"))
	o.reviewers(link, "more")
	q.must("POST", "/recovery/case", m{"link": link}, nil)
	o.apiPictures(q, link)
	q.must("POST", "/recovery/case/answer", m{"link": link, "text": "Tea"}, nil)
	o.reviewers(link, "refuse")
	q.must("POST", "/recovery/case/appeal", m{"link": link, "text": "Look again"}, nil)
	q.must("POST", "/recovery/objection", m{"link": objection}, nil)
	q.must("POST", "/recovery/objection/confirm", m{"link": objection}, nil)
	var own struct{ Cases []struct{ ID string } }
	o.p.must("GET", "/recovery-cases", nil, &own)
	o.p.must("DELETE", "/recovery-cases/"+own.Cases[0].ID, nil, nil)
	o.pass(time.Minute)
	q.must("POST", "/recovery/case/withdraw", m{"link": q.caseInReview(testEmail, "key")}, nil)
}

// apiVouch is the word of a colleague, given and taken back.
func (o *tour) apiVouch() {
	boss := o.client()
	shop, link := o.asksColleague(boss)
	path := "/recovery-cases/" + link[:22] + "/vouch"
	boss.must("GET", "/shops/"+shop+"/recovery-cases", nil, nil)
	boss.must("GET", path, nil, nil)
	boss.must("POST", path, m{"spoke": true}, nil)
	boss.must("DELETE", path, nil, nil)
}

// vouching is what a colleague sees who is asked for his word, and what the applicant sees meanwhile.
func (o *tour) vouching() {
	boss := o.visitor()
	shop, link := o.asksColleague(boss)
	path := "/security/vouch/" + link[:22]
	boss.open("/shop/" + shop)
	s := boss.fill(boss.open(path), path)
	boss.fill(s, path, "spoke", "yes")
	o.visitor().open("/recovery/case/" + link)
	boss.open("/shop/" + shop)
	boss.open(path + "/back")
	boss.fill(boss.open(path), path+"/back")
	o.visitor().open("/recovery/case/" + link)
}

// A colleague's word over HTTP: not by a session that has shown nothing of late, nor by a method of a week ago at most,
// and not for whom he does not know.
func TestAWordOverHTTP(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	boss := w.program()
	shop, link := w.asksColleague(boss)
	path := "/recovery-cases/" + link[:22] + "/vouch"
	stranger := w.another()
	for _, of := range []string{path, "/shops/" + shop + "/recovery-cases"} {
		if got := codeIn(stranger.api("GET", of, nil, nil)); got != auth.NotFound {
			t.Errorf("a stranger at %s: got %q, want nothing found", of, got)
		}
	}
	if got := codeIn(stranger.api("POST", path, m{"spoke": true}, nil)); got == "" {
		t.Error("a stranger: got his word taken")
	}
	w.pass(11 * time.Minute)
	if got := codeIn(boss.api("POST", path, m{"spoke": true}, nil)); got != auth.StepUpRequired {
		t.Errorf("a session that somebody has found: got %q, want a second step asked for", got)
	}
	secret := boss.changesApp()
	if got := codeIn(boss.api("POST", path, m{"spoke": true}, nil)); got != auth.VouchTooNew {
		t.Errorf("a method that a thief has just added: got %q, want it too new", got)
	}
	w.pass(7*24*time.Hour - 2*time.Hour)
	boss.byApp(bossEmail, secret)
	if got := codeIn(boss.api("POST", path, m{"spoke": true}, nil)); got != auth.VouchTooNew {
		t.Errorf("two hours before the week is over: got %q, want it too new", got)
	}
	w.pass(2 * time.Hour)
	boss.byApp(bossEmail, secret)
	var now struct {
		Given, More bool
		Due         time.Time
	}
	boss.must("POST", path, m{"spoke": true}, &now)
	if !now.Given || now.More || !now.Due.Equal(w.time().Add(12*time.Hour)) {
		t.Errorf("a week later: got %+v, want his word taken, and 12 hours", now)
	}
}

// recovery goes through all that may become of a case, and the owner's answer.
func (o *tour) recovery() {
	q := o.visitor()
	q.open("/recovery")
	s := q.fill(q.open("/recovery/ask"), "/recovery/ask", "identifier", "new@example.com")
	q.fill(s, "/recovery/ask", "identifier", "new@example.com", "lost-phone", "yes", "work", s.work().solve())
	link := o.link(auth.TemplateRecoveryLink, "link")
	s = q.fill(q.open(link), link+"/open")
	stop := o.link(auth.TemplateRecoveryOpened, "link")
	o.pictures(q, link)
	s = q.fill(s, link+"/answer", "text", "")
	q.fill(s, link+"/answer", "text", "It fell into the sea.\r\nI sell tea.")
	o.reviewers(lastPart(link), "more")
	q.fill(q.open(link), link+"/answer", "text", "Tea")
	o.reviewers(lastPart(link), "refuse")
	q.fill(q.open(link), link+"/appeal", "text", "Look again")
	q.fill(q.open(stop), stop)
	q.open(stop)
	for _, below := range []string{"/open", "/answer", "/appeal", "/withdraw"} {
		q.open(link + below)
	}
	o.p.open("/security")
	own := "/security/recovery/" + lastPart(link)[:22]
	o.p.fill(o.p.open(own), own)
	o.p.open(own)
	q.open(link)
	q.open(stop)
	o.pass(time.Minute)
	s = q.open("/recovery/ask")
	q.fill(s, "/recovery/ask", "identifier", "new@example.com", "lost-key", "yes", "work", s.work().solve())
	link = o.link(auth.TemplateRecoveryLink, "link")
	q.fill(q.open(link), link+"/open")
	q.fill(q.open(link+"/withdraw"), link+"/withdraw")
	q.open("/done/case-waits")
}

// A case over HTTP: refused to whoever is no owner, waiting by the link of a notice, ended by the owner's own app.
func TestACaseOverHTTP(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	w.enrolled(p)
	q := w.program()
	link := q.caseInReview(testEmail, "key")
	w.reviewers(link, "approve", "approve")
	var now struct {
		State string
		Due   time.Time
	}
	q.must("POST", "/recovery/case", m{"link": link}, &now)
	if now.State != "approved" || !now.Due.Equal(w.time().Add(24*time.Hour)) {
		t.Errorf("got %+v, want it approved for tomorrow", now)
	}
	if got := codeIn(w.another().api("DELETE", "/recovery-cases/"+link[:22], nil, nil)); got != auth.NotFound {
		t.Errorf("somebody else: got %q, want it not found", got)
	}
	if got := codeIn(q.api("DELETE", "/recovery-cases/"+link[:22], nil, nil)); got != auth.SessionRequired {
		t.Errorf("nobody: got %q, want a session asked for", got)
	}
	w.pass(11 * time.Minute)
	if got := codeIn(p.api("DELETE", "/recovery-cases/"+link[:22], nil, nil)); got != auth.StepUpRequired {
		t.Errorf("without a fresh step: got %q, want one asked for", got)
	}
}
