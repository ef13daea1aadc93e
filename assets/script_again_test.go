package assets

import (
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-auth/latchkey/needs"
)

// fromNow runs a script in each page to come, before those of the page.
func (s *stage) fromNow(script string) {
	s.t.Helper()
	if _, err := chromedp.Call(s.ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: script}); err != nil {
		s.t.Fatal(err)
	}
}

// wants waits until the page says so; between two pages there is none to ask.
func (s *stage) wants(what, js string) {
	s.t.Helper()
	for end := time.Now().Add(20 * time.Second); ; time.Sleep(20 * time.Millisecond) {
		got, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		if err == nil && got {
			return
		}
		if time.Now().After(end) {
			s.t.Fatalf("%s: got %v, %v", what, got, err)
		}
	}
}

// do runs a script of the test in the page.
func (s *stage) do(js string) {
	s.t.Helper()
	if err := chromedp.Do(s.ctx, chromedp.Evaluate[chromedp.Void](js)); err != nil {
		s.t.Fatalf("%s: %v", js, err)
	}
}

// A form is sent once until its page is shown again: by the browser's memory of it, too, where nothing is loaded.
func TestAFormIsSentOnce(t *testing.T) {
	s := stageOf(t, needs.WholeChromium)
	s.fromNow(`addEventListener('pageshow', e => { document.documentElement.dataset.kept = e.persisted; });
const timer = setTimeout, ten = [];
window.setTimeout = (f, ms) => ms === 10000 ? ten.push(f) : timer(f, ms);
const sends = form => form.dispatchEvent(new SubmitEvent('submit', {cancelable: true, bubbles: true}));`)
	s.show(&SignUp{Email: "lin@example.com"})
	if err := chromedp.Do(s.ctx, chromedp.Click(chromedp.CSS("main form button.btn-main"))); err != nil {
		t.Fatal(err)
	}
	s.post()
	h, err := chromedp.Call(s.ctx, page.GetNavigationHistory, cdp.Empty{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := chromedp.Call(s.ctx, page.NavigateToHistoryEntry,
		page.NavigateToHistoryEntryParams{EntryID: h.Entries[h.CurrentIndex-1].ID}); err != nil {
		t.Fatal(err)
	}
	s.wants("the page as it was left", `document.documentElement.dataset.kept === 'true'`)
	s.do(`document.querySelector('main form button.btn-main').click()`)
	if p := s.post(); p.path != "/sign-up" {
		t.Errorf("after going back: got %s sent, want the form again", p.path)
	}

	s.show(&SignUp{Email: "lin@example.com"})
	s.wants("one of three sent, and one more where the page is shown again", `(form => {
		const one = [sends(form), sends(form), sends(form)];
		dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}));
		return String([...one, sends(form), sends(form)]) === 'true,false,false,true,false' })(document.querySelector('main form'))`)
	s.show(&SignUp{Email: "lin@example.com"})
	s.wants("another one after ten seconds, in which somebody may have stopped the loading", `(form => {
		const one = [sends(form), sends(form)];
		ten.forEach(f => f());
		return String([...one, sends(form), sends(form)]) === 'true,false,true,false' })(document.querySelector('main form'))`)
	s.show(&CodesShown{Codes: []string{"AAAA-BBBB"}, Sealed: "sealed"})
	s.wants("a download as often as it is asked for",
		`(form => String([sends(form), sends(form)]) === 'true,true')(document.querySelector('form[data-many]'))`)
}

// late is a browser whose clock and timers the test moves, and whose key answers nothing.
const late = `{ let by = 0;
const now = Date.now, timer = setTimeout, due = [];
Date.now = () => now() + by;
window.setTimeout = (f, ms) => ms < 60000 ? timer(f, ms) : due.push({f, at: Date.now() + ms});
window.clearTimeout = n => { if (due[n - 1]) due[n - 1].f = () => {}; };
window.pass = minutes => { by += minutes * 60000; };
window.ring = () => { for (const d of due.filter(d => d.at <= Date.now())) { const f = d.f; d.f = () => {}; f(); } };
window.asked = [];
const ask = o => new Promise((_, no) => { asked.push(o.publicKey); o.signal.addEventListener('abort', () => no(o.signal.reason)); });
navigator.credentials.get = navigator.credentials.create = ask;
PublicKeyCredential.isConditionalMediationAvailable = async () => true;
PublicKeyCredential.parseCreationOptionsFromJSON = PublicKeyCredential.parseRequestOptionsFromJSON = o => o; }`

// A question on a page that stays open is renewed before it runs out, or at the press that would come too late; the
// panel says so, and what was typed stays.
func TestAQuestionThatRunsOutIsRenewed(t *testing.T) {
	s := newStage(t)
	s.fromNow(late)
	said := `document.querySelector('[data-more]').textContent.startsWith('The page was open for a long time')`
	next := func(challenge string) *KeyNew {
		key := creation("")
		key.Ceremony = "sealed-" + challenge
		return &KeyNew{Key: key, Number: 1}
	}
	ceremony := func(want string) string {
		return `document.querySelector('main [name=ceremony]').value === '` + want + `'`
	}
	s.show(next("first"))
	s.do(`document.querySelector('#f-name').value = 'Blue'`)
	s.views <- next("second")
	s.do(`pass(15); document.querySelector('[data-ask]').click()`)
	s.wants("the press after a quarter of an hour", `asked.length === 1 && `+ceremony("sealed-second"))
	s.wants("the panel that waits anew", `document.querySelector('[data-key]').dataset.state === 'waiting' && `+said)
	s.wants("what was typed", `document.querySelector('#f-name').value === 'Blue'`)

	s.show(next("first"))
	s.do(`pass(13); ring()`)
	s.wants("the first question after 13 minutes", ceremony("sealed-first")+` && !(`+said+`)`)
	s.views <- next("second")
	s.do(`pass(1); ring()`)
	s.wants("the next question after 14", ceremony("sealed-second")+` && `+said+` && asked.length === 0`)
	s.do(`pass(13); document.querySelector('[data-ask]').click()`)
	s.wants("a press in time of the second", `asked.length === 1 && `+ceremony("sealed-second"))

	s.show(next("first"))
	s.views <- &SignIn{}
	s.do(`pass(15); document.querySelector('[data-ask]').click()`)
	s.views <- &SignIn{}
	s.wants("the page that asks to sign in, where the session is over", `!!document.querySelector('#f-identifier')`)

	s.show(&SignIn{Key: request("", false)})
	s.wants("the offer of a passkey", `asked.length === 1`)
	s.views <- &SignIn{Key: request("", false)}
	s.do(`pass(4); ring()`)
	s.wants("the offer after four minutes", `asked.length === 2`)
	s.views <- &SignIn{Key: request("", false)}
	s.do(`dispatchEvent(new PageTransitionEvent('pagehide'));
		dispatchEvent(new PageTransitionEvent('pageshow', {persisted: true}))`)
	s.wants("the offer on a page that was left and shown again", `asked.length === 3`)
}

// Work in place of a picture begins only where what is asked for is filled in.
func TestWorkNeedsWhatTheFormNeeds(t *testing.T) {
	s := newStage(t)
	s.show(&RecoveryAsk{Things: []Tick{{Name: "phone"}}, Puzzle: "p", Picture: "/api/v1/puzzle/p", Work: "{}"})
	s.do(`document.querySelector('[data-work]').click()`)
	s.wants("the empty field in focus, and no work begun",
		`document.activeElement.name === 'identifier' && !document.querySelector('[data-work]').disabled`)
}
