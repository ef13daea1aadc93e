package e2e

import "strings"

// asksForCase is asks, and returns the path that the mail leads to.
func (p *person) asksForCase() string {
	p.t.Helper()
	p.asks()
	return strings.TrimPrefix(p.house.letter(p.t, "email", p.email, "/recovery/case/").link(p.t, p.house.origin), p.house.origin)
}

// asks says that the phone is lost.
func (p *person) asks() {
	p.t.Helper()
	p.open("/recovery").follow(`main a[href="/recovery/ask"]`).fill("identifier", p.email).press("main [name=lost-phone]")
	p.until("the picture", "document.querySelector('main img').naturalWidth === 300")
	p.follow("main [data-work]").at("/recovery/sent")
}

// recovering are the pages of whoever has nothing left, and of the owner who finds that it was not he.
func (w *sweep) recovering() {
	w.see("/recovery")
	w.see("/recovery/ask")
	w.fill("identifier", w.email, "signs", "no").submit("/recovery/ask").problem("lost-missing")
	w.look("a request, refused")
	path := w.asksForCase()
	w.look("/recovery/sent")
	w.see(path)
	w.submit(path + "/open").at(path).says(w.word("recovery-case.open.title"))
	w.look("a request, open")
	w.until("an old browser, which knows no longest text", `document.querySelector('textarea').removeAttribute('maxlength') === undefined`)
	w.fill("text", strings.Repeat("long ", 200)).submit(path + "/answer").problem("story-too-long")
	w.look("a request, too long")
	w.fill("text", "It fell into the sea. 掉进海里了。").submit(path + "/answer").at(path).says(w.word("recovery-case.review.title"))
	w.look("a request, in review")
	w.see(path + "/withdraw")
	stop := w.house.letter(w.t, "email", w.email, "/recovery/stop/").link(w.t, w.house.origin)
	w.see(stop)
	w.submit(strings.TrimPrefix(stop, w.house.origin)).at("/done/case-waits")
	w.look("a request, delayed")
	w.see(stop)
	w.open("/security").says(w.word("security.case"))
	w.look("overview, with a request")
	w.follow(`main a[href^="/security/recovery/"]`)
	w.look("a request of the owner's own account")
	w.submit(eval[string](w.person, "location.pathname")).at("/security").says(w.word("done.case-stopped.title"))
	w.look("a request, stopped")
	w.open(path).says(w.word("recovery-case.closed.title"))
	w.look("a request, closed")
	w.open("/security") // what follows signs out from there
}

func recoveryJourneys() []journey {
	return []journey{
		{"nothing left", (*person).nothingLeft},
		{"nothing left without script", func(p *person) {
			p.scriptOff()
			p.open("/recovery/ask").fill("identifier", p.email, "signs", "no").press("main [name=lost-key]")
			p.submit("/recovery/ask").problem("puzzle-wrong")
			if !p.has("main [name=lost-key]:checked") {
				p.t.Error("after a refusal: got what was ticked forgotten, want it kept")
			}
		}},
	}
}

// nothingLeft asks for a case, says what happened, and takes it back; the owner hears of both.
func (p *person) nothingLeft() {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	q := p.another()
	q.email = p.email
	path := q.asksForCase()
	q.open(path).submit(path + "/open").says(q.word("recovery-case.open.title"))
	q.fill("text", "掉进海里了 into the sea").submit(path+"/answer").says(q.word("recovery-case.review.title"),
		"掉进海里了 into the sea")
	p.open("/security").says(p.word("security.case"))
	q.follow("main a[href$='/withdraw']").submit(path + "/withdraw").says(q.word("recovery-case.withdrawn.title"))
	p.open("/security").silent(p.word("security.case"))
}
