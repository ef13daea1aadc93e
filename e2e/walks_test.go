package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/fetch"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// What people do to a form besides filling it in: they press twice, load again, go back, and have it open in two tabs.
func walkJourneys() []journey {
	return []journey{
		{"every form pressed twice", func(p *person) { p.pressedTwice(true) }},
		{"every form pressed twice, without script", func(p *person) { p.pressedTwice(false) }},
		{"reload and back after each form", (*person).reloadAndBack},
		{"reload and back on the pages of keys", (*person).aroundKeys},
		{"two tabs", (*person).twoTabs},
	}
}

// slow makes each answer come so much later; 0 is as fast as it can.
func (p *person) slow(by time.Duration) {
	p.t.Helper()
	send(p, network.EmulateNetworkConditionsByRule, network.EmulateNetworkConditionsByRuleParams{
		MatchedNetworkConditions: []*network.Conditions{{Latency: float64(by.Milliseconds()),
			DownloadThroughput: -1, UploadThroughput: -1}}})
}

// pressTwice is follow for whoever presses twice, on a slow network: the second press finds the page still there.
func (p *person) pressTwice(selector string) *person {
	p.t.Helper()
	at, err := settled(func() (*[2]float64, error) {
		return chromedp.Run(p.ctx, chromedp.Evaluate[*[2]float64](whereToPress(selector)))
	})
	if err != nil {
		p.t.Fatalf("pressing %s: %v", selector, err)
	}
	p.presses++
	apart := []time.Duration{60, 120, 200, 300}[p.presses%4] * time.Millisecond
	p.slow(time.Second)
	p.fresh(func() {
		for n := range 2 {
			if n > 0 {
				time.Sleep(apart) // as a finger does
			}
			if err := chromedp.Do(p.ctx, chromedp.MouseClickXY(at[0], at[1])); err != nil {
				p.t.Fatalf("pressing %s: %v", selector, err)
			}
		}
		p.slow(0)
	})
	if p.has("main .note.bad, main [aria-invalid=true]") {
		path, _, says := p.where()
		p.t.Errorf("%s pressed twice: got a refusal on %s: %s", selector, path, says)
	}
	return p
}

// submitTwice is submit for whoever presses twice.
func (p *person) submitTwice(action string) *person {
	p.t.Helper()
	return p.pressTwice(fmt.Sprintf(`main form[action=%q] button.btn-main`, action))
}

// sentOnce wants so many messages to an address by now that say part.
func (p *person) sentOnce(what, channel, to, part string) {
	p.t.Helper()
	n := 0
	for _, m := range p.house.messages(p.t) {
		if m.Channel == channel && m.To == to && strings.Contains(m.Text, part) {
			n++
		}
	}
	if n != 1 {
		p.t.Errorf("%s, pressed twice: got %d messages to %s, want one", what, n, to)
	}
}

// pressedTwice goes through every form that uses something up; each button is pressed twice.
func (p *person) pressedTwice(script bool) {
	p.script(script)
	p.open("/sign-up").fill("email", p.email).submitTwice("/sign-up").at("/sign-up/sent")
	link := p.house.message(p.t, "email", p.email).link(p.t, p.house.origin)
	if script { // without, one machine that waits for no second mail is sent one
		p.sentOnce("sign-up", "email", p.email, "/sign-up/")
	}
	p.open(link).fill("name", p.name, "user-name", p.user, "phone", p.phone, "password", password)
	p.press("main [name=terms]").submitTwice(strings.TrimPrefix(link, p.house.origin)).at("/security/start")

	p.open("/security/app/new").press("main details:has(#sec) summary")
	p.secret = strings.Join(strings.Fields(p.text("#sec")), "")
	p.fill("code", p.code()).submitTwice("/security/app/new").at("/security/start").says(p.word("done.enrolled.title"))
	p.open("/security/phone/new").press("main [name=via][value=sms]").submitTwice("/security/phone/new")
	p.fill("code", p.house.code(p.t, "sms", p.phone))
	p.sentOnce("Text me the code, at a binding", "sms", p.phone, "")
	p.submitTwice("/security/phone/new").at("/security/start")
	p.open("/security/codes").submitTwice("/security/codes").says(p.word("codes-shown.title", "n", 10))
	codes := eval[[]string](p, "[...document.querySelectorAll('#cs li')].map(e => e.textContent)")
	p.press("main [name=saved]").submitTwice("/security/codes/saved").at("/security")
	p.says(p.word("codes.count", "n", 10, "total", 10))

	p.enterTwice().follow(`main a[href*="with=recovery"]`).fill("code", codes[0])
	p.submitTwice("/sign-in/verify").at("/security").says(p.word("codes.count", "n", 9, "total", 10))
	p.enterTwice().fill("code", p.code()).submitTwice("/sign-in/verify").at("/security")
	p.enterTwice().pressTwice(`main .go button[name=with][value=sms]`).at("/sign-in/verify")
	p.fill("code", p.house.code(p.t, "sms", p.phone)).submitTwice("/sign-in/verify").at("/security")

	changed := "Copper-Lamp-59"
	p.open("/security/password").at("/confirm").fill("code", p.code()).submitTwice("/confirm").at("/security/password")
	p.fill("current", password, "password", changed).submitTwice("/security/password").at("/security")
	p.open("/forgot").fill("identifier", p.email).submitTwice("/forgot").at("/forgot/sent")
	link = p.house.letter(p.t, "email", p.email, "/forgot/").link(p.t, p.house.origin)
	if script {
		p.sentOnce("a forgotten password", "email", p.email, "/forgot/")
	}
	p.open(link).fill("password", password).pressTwice(`main form[action^="/forgot/"] button.btn-main`)
	p.at("/done/password-changed").enterTwice().fill("code", p.code()).submitTwice("/sign-in/verify").at("/security")
}

// enterTwice signs out, and takes the first step anew.
func (p *person) enterTwice() *person {
	p.t.Helper()
	if p.has(`form[action="/sign-out"]`) {
		p.pressTwice(`form[action="/sign-out"] button`).at("/sign-out")
	}
	p.open("/sign-in").fill("identifier", p.email, "password", password).press("main [name=shared]")
	return p.submitTwice("/sign-in").at("/sign-in/verify")
}

// around loads the page again, goes back and comes forward: each time it is a page of ours, and nobody is signed out.
func (p *person) around() *person {
	p.t.Helper()
	path := eval[string](p, "location.pathname + location.search")
	in := p.cookies()["latchkey"] != nil
	p.fresh(func() { send(p, page.Reload, page.ReloadParams{}) })
	p.ours("loaded again, " + path)
	var h page.GetNavigationHistoryResult
	look := func() (err error) { // between two pages there is none to ask
		h, err = chromedp.Call(p.ctx, page.GetNavigationHistory, cdp.Empty{})
		return err
	}
	within(p.t, "the history of the tab", func() bool { return look() == nil })
	now := h
	for _, to := range []int64{now.CurrentIndex - 1, now.CurrentIndex} {
		send(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: now.Entries[to].ID})
		within(p.t, "the browser to go back or forward", func() bool { return look() == nil && h.CurrentIndex == to })
		p.until("the page, back or forward", "document.readyState === 'complete'")
		p.ours(fmt.Sprintf("entry %d of %d, around %s", to+1, now.CurrentIndex+1, path))
	}
	if still := p.cookies()["latchkey"] != nil; still != in {
		p.t.Errorf("around %s: got signed in %v, was %v", path, still, in)
	}
	return p
}

// ours wants a page of ours, not the browser's own.
func (p *person) ours(how string) *person {
	p.t.Helper()
	at := eval[string](p, "location.href + (document.querySelector('main h1') ? '' : ' without a title')")
	if !strings.HasPrefix(at, p.house.origin+"/") || strings.HasSuffix(at, "title") {
		p.t.Errorf("%s: got %s, want a page of ours", how, at)
	}
	return p
}

// reloadAndBack sends each form refused and well, and after each looks around.
func (p *person) reloadAndBack() {
	p.open("/sign-up").fill("email", "lin@").submit("/sign-up").around()
	p.open("/sign-up").fill("email", p.email).submit("/sign-up").at("/sign-up/sent").around()
	link := p.house.message(p.t, "email", p.email).link(p.t, p.house.origin)
	path := strings.TrimPrefix(link, p.house.origin)
	p.open(link).fill("name", p.name, "user-name", p.user, "phone", "1", "password", "abc")
	p.press("main [name=terms]").submit(path).around()
	p.open(link).fill("name", p.name, "user-name", p.user, "phone", p.phone, "password", password)
	if !eval[bool](p, "document.querySelector('[name=terms]').checked") {
		p.press("main [name=terms]")
	}
	p.submit(path).at("/security/start").around()
	p.open("/security/app/new").press("main details:has(#sec) summary")
	p.secret = strings.Join(strings.Fields(p.text("#sec")), "")
	p.fill("code", "000000").submit("/security/app/new").problem("code-wrong").around().at("/security/app/new")
	p.fill("code", p.code()).submit("/security/app/new").at("/security/start").around()
	p.open("/security/phone/new?other=1").fill("phone", "1").submit("/security/phone/new").around()
	p.open("/security/phone/new").press("main [name=via][value=sms]").submit("/security/phone/new").around()
	p.fill("code", "000000").submit("/security/phone/new").problem("code-wrong").around()
	p.fill("code", p.house.code(p.t, "sms", p.phone)).submit("/security/phone/new").at("/security/start").around()
	p.open("/security/codes").submit("/security/codes").says(p.word("codes-shown.title", "n", 10)).around()
	p.says(p.word("codes-shown.title", "n", 10)).press("main [name=saved]").submit("/security/codes/saved")
	p.at("/security").around()
	p.open("/security/contact").fill("email", "moved@").follow(".langs button[name=lang]").around()
	p.follow(".langs button[name=lang]").at("/security/contact")
	p.signOut().around()

	p.open("/sign-in").fill("identifier", p.email, "password", "Wrong-Lamp-57").press(remember)
	p.submit("/sign-in").problem("sign-in-refused").around()
	p.open("/sign-in").fill("identifier", p.email, "password", password).press(remember)
	p.submit("/sign-in").at("/sign-in/verify").around()
	p.at("/sign-in/verify").fill("code", "000000").submit("/sign-in/verify").problem("code-wrong").around()
	p.at("/sign-in/verify").fill("code", p.code()).submit("/sign-in/verify").around()
	p.open("/security").at("/security")
	p.signOut().signInByText()
	p.open("/security/password").at("/confirm").fill("code", "000000").submit("/confirm").problem("code-wrong").around()
	p.open("/security/password").at("/confirm").fill("code", p.code()).submit("/confirm")
	p.at("/security/password").around()
	p.fill("current", "Wrong-Lamp-57", "password", "Copper-Lamp-59").submit("/security/password")
	p.problem("password-wrong").around()
	p.open("/security/password").fill("current", password, "password", "Copper-Lamp-59").submit("/security/password")
	p.at("/security").around()
	p.open("/security/contact").fill("email", "no").submit("/security/contact/email").around()
	p.open("/security/contact").fill("email", "moved-"+p.email).submit("/security/contact/email")
	p.at("/security/contact").around()
	p.open("/security").follow(`main a[href^="/security/phone/"]:not([href*=new])`).follow(`main a[href$="/remove"]`)
	p.follow("main .ask button.btn-bad").around()
	p.open("/forgot").fill("identifier", p.email).submit("/forgot").at("/forgot/sent").around()
	link = p.house.letter(p.t, "email", p.email, "/forgot/").link(p.t, p.house.origin)
	const reset = `main form[action^="/forgot/"] button.btn-main`
	p.open(link).fill("password", "abc").follow(reset).around()
	p.open(link).fill("password", password).follow(reset).at("/done/password-changed").around()
}

// aroundKeys is reloadAndBack for the forms of keys.
func (p *person) aroundKeys() {
	k := p.plug(usb())
	p.registered().signIn(remember).at("/security/start")
	p.addKey("Red").at("/security/start").around()
	p.open("/security/keys/which").follow("main [data-ask]").says(p.word("key-test.found.title", "name", "Red")).around()
	p.signOut()
	k.touched(false)
	p.open("/sign-in/key").fill("identifier", p.email).submit("/sign-in/key").says(p.word("touch.waiting")).around()
	k.touched(true)
	p.open("/sign-in/key").fill("identifier", p.email).submit("/sign-in/key")
	p.says(p.word("sign-in-key.password.title")).around()
	p.says(p.word("sign-in-key.password.title"))
	p.fill("password", "Wrong-Lamp-57").submit("/sign-in/key/password").says(p.word("frame.error"))
	p.fill("password", password).submit("/sign-in/key/password").home().around()
}

// newTab opens another tab of the same window: one jar of cookies.
func (p *person) newTab() *person {
	p.t.Helper()
	ctx, cancel := chromedp.NewContext(p.ctx)
	q := &person{seller: p.seller, t: p.t, s: p.s, house: p.house, ctx: ctx, lang: p.lang}
	p.t.Cleanup(func() {
		q.report()
		cancel()
	})
	q.sit()
	return q
}

// twoTabs has a sign-in and a fresh second step in one tab while the other is in the middle of something.
func (p *person) twoTabs() {
	p.registered().signIn(remember).at("/security/start")
	p.addApp().at("/security/start")
	p.addPhone("sms").at("/security/start")
	p.signOut()
	q := p.newTab()

	// Two sign-ins: the one that ends second finds itself signed in, and nothing is refused.
	p.signIn(remember).at("/sign-in/verify")
	q.signIn(remember).at("/sign-in/verify")
	q.fill("code", q.code()).submit("/sign-in/verify").home()
	p.fill("code", p.code()).submit("/sign-in/verify")
	p.open("/security").at("/security")
	q.open("/security").at("/security")

	// A fresh second step in one, while what the other had asked for before is still on its way: it comes with the
	// cookie of before, when there is another already, and its answer comes last.
	p.signOut().signInByText(remember)
	p.open("/security/password").at("/confirm").fill("code", p.code())
	q.open("/security").at("/security")
	onItsWay := q.holdRequest("/security/history")
	eval[bool](q, "location.assign('/security/history'), true")
	old := onItsWay.arrive()
	p.submit("/confirm").at("/security/password")
	if now := p.cookies()["latchkey"]; now == nil || strings.Contains(old, now.Value) {
		p.t.Errorf("after a fresh second step: got cookie %v, want another than before", now)
	}
	onItsWay.goOn(old)
	q.at("/security/history")
	for _, tab := range []*person{p, q, p} {
		tab.open("/security/sessions").at("/security/sessions")
	}
	if got := p.cookies()["latchkey"]; got == nil {
		p.t.Error("after a fresh second step in one of two tabs: got no session, want it in both")
	}
}

// A heldRequest is one that a window has sent and that has not come to the server yet.
type heldRequest struct {
	p    *person
	path string
	came chan *fetch.EventRequestPaused
	sent *fetch.EventRequestPaused
}

// holdRequest holds the next request of the window for a path back.
func (p *person) holdRequest(path string) *heldRequest {
	p.t.Helper()
	h := &heldRequest{p: p, path: path, came: make(chan *fetch.EventRequestPaused, 1)}
	if err := chromedp.Listen(p.ctx, func(event any) {
		if e, ok := event.(*fetch.EventRequestPaused); ok {
			select {
			case h.came <- e:
			default:
			}
		}
	}); err != nil {
		p.t.Fatal(err)
	}
	send(p, fetch.Enable, fetch.EnableParams{Patterns: []*fetch.RequestPattern{{URLPattern: p.house.origin + path}}})
	return h
}

// arrive waits until the request is held, and returns the cookies that it carries.
func (h *heldRequest) arrive() string {
	h.p.t.Helper()
	select {
	case h.sent = <-h.came:
	case <-time.After(patience):
		h.p.t.Fatalf("a request for %s: none was sent", h.path)
	}
	var list []string
	for _, c := range send(h.p, network.GetCookies, network.GetCookiesParams{URLs: []string{h.p.house.origin + "/"}}).Cookies {
		list = append(list, c.Name+"="+c.Value)
	}
	return strings.Join(list, "; ")
}

// goOn lets it come to the server with the cookies that it carried when it was sent, and its answer to the window. The
// browser itself would add the cookies of now.
func (h *heldRequest) goOn(cookies string) {
	h.p.t.Helper()
	r, err := http.NewRequestWithContext(h.p.ctx, http.MethodGet, h.sent.Request.URL, nil)
	if err != nil {
		h.p.t.Fatal(err)
	}
	for name, value := range h.sent.Request.Headers {
		r.Header.Set(name, fmt.Sprint(value))
	}
	r.Header.Set("Cookie", cookies)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		h.p.t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		h.p.t.Fatal(err)
	}
	f := fetch.FulfillRequestParams{RequestID: h.sent.RequestID, ResponseCode: int64(answer.StatusCode), Body: body}
	for name, values := range answer.Header {
		for _, v := range values {
			f.ResponseHeaders = append(f.ResponseHeaders, &fetch.HeaderEntry{Name: name, Value: v})
		}
	}
	send(h.p, fetch.FulfillRequest, f)
	send(h.p, fetch.Disable, cdp.Empty{})
}
