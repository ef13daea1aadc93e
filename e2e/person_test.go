package e2e

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/input"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-auth/latchkey/assets"
)

// A person sits before one incognito window. What he reads is read by the test; what he types and
// presses goes through the browser's own input.
type person struct {
	*seller
	t     *testing.T
	s     *stage
	house *program
	ctx   context.Context
	lang  string

	presses int // twice on one button, so far

	mu      sync.Mutex
	faults  []string // what nobody should ever see
	signals []string // "deleted ID" and "updated ID": what authenticators did when the browser was told
}

// person opens a window of its own: no cookies, one language, a screen as on a desk.
func (s *stage) person(t *testing.T, house *program, lang string) *person {
	t.Helper()
	ctx, cancel := chromedp.NewContext(s.browser, chromedp.WithNewBrowserContext())
	p := &person{seller: s.seller(), t: t, s: s, house: house, ctx: ctx, lang: lang}
	t.Cleanup(func() {
		p.report()
		cancel()
	})
	p.sit()
	return p
}

// sit takes a place before a window that has opened.
func (p *person) sit() {
	p.t.Helper()
	if err := chromedp.Listen(p.ctx, p.notice); err != nil {
		p.t.Fatalf("opening a window: %v", err)
	}
	accept := "en-GB,en"
	if p.lang == assets.Chinese {
		accept = "zh-CN,zh"
	}
	p.pretend(p.s.agent, accept)
	// Windows of one process share one focus; keys are asked only in a window that has it.
	send(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.screen(1280, 900)
}

// another opens a second window for the same seller: another browser of his, or a stranger's.
func (p *person) another() *person {
	p.t.Helper()
	q := p.s.person(p.t, p.house, p.lang)
	q.seller = p.seller
	return q
}

// send gives the browser one command.
func send[P, R any](p *person, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	r, err := chromedp.Call(p.ctx, command, params)
	if err != nil {
		p.t.Fatalf("%s: %v", command.Method, err)
	}
	return r
}

func (p *person) pretend(agent, accept string) {
	p.t.Helper()
	send(p, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{UserAgent: agent,
		AcceptLanguage: accept})
}

func (p *person) screen(width, height int64) {
	p.t.Helper()
	send(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{Width: width, Height: height,
		DeviceScaleFactor: 1})
}

func (p *person) scriptOff() { p.script(false) }

// script reports whether scripts run in the pages to come.
func (p *person) script(on bool) {
	p.t.Helper()
	send(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// notice keeps what the browser tells of.
func (p *person) notice(event any) {
	fault, signal := "", ""
	switch e := event.(type) {
	case *network.EventRequestWillBeSent:
		if u := e.Request.URL; !strings.HasPrefix(u, p.house.origin+"/") && u != "about:blank" {
			fault = "a request to " + u
		}
	case *runtime.EventExceptionThrown:
		fault = "an exception: " + e.ExceptionDetails.Text
		if x := e.ExceptionDetails.Exception; x != nil {
			fault += " " + x.Description
		}
	case *runtime.EventConsoleAPICalled:
		fault = fmt.Sprintf("on the console: %s %s", e.Type, args(e.Args))
	case *cdplog.EventEntryAdded:
		// That a refused form answers with 4xx is as it should be, and advice is no error.
		advice := e.Entry.Level == cdplog.EntryLevelVerbose || e.Entry.Level == cdplog.EntryLevelInfo
		if !advice && (e.Entry.Source != cdplog.EntrySourceNetwork || !strings.Contains(e.Entry.Text, "status of 4")) {
			fault = fmt.Sprintf("in the log: %s %s %s (%s)", e.Entry.Source, e.Entry.Level, e.Entry.Text, e.Entry.URL)
		}
	case *webauthn.EventCredentialDeleted:
		signal = "deleted " + base64.RawURLEncoding.EncodeToString(e.CredentialID)
	case *webauthn.EventCredentialUpdated:
		signal = "updated " + base64.RawURLEncoding.EncodeToString(e.Credential.CredentialID)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if fault != "" {
		p.faults = append(p.faults, fault)
	}
	if signal != "" {
		p.signals = append(p.signals, signal)
	}
}

func args(list []*runtime.RemoteObject) string {
	var b strings.Builder
	for _, o := range list {
		b.WriteString(string(o.Value) + o.Description + " ")
	}
	return b.String()
}

// report ends a person's part: faults fail the test, and a failed test shows where he stood.
func (p *person) report() {
	p.mu.Lock()
	for _, f := range p.faults {
		p.t.Errorf("nobody should see %s", f)
	}
	p.mu.Unlock()
	if !p.t.Failed() {
		return
	}
	html, _ := chromedp.Run(p.ctx, chromedp.Evaluate[string]("document.documentElement.outerHTML"))
	picture, _ := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	dir := p.t.ArtifactDir()
	_ = os.MkdirAll(dir, 0o700) // a test that has ended took it along
	name := filepath.Join(dir, fmt.Sprintf("window-%p", p))
	_ = os.WriteFile(name+".html", []byte(html), 0o600)
	_ = os.WriteFile(name+".png", picture, 0o600)
	where, title, text := p.where()
	p.t.Logf("stood at %s, %q (a picture is beside %s.html); it says:\n%s", where, title, name, text)
}

func (p *person) where() (path, title, text string) {
	got, err := chromedp.Run(p.ctx,
		chromedp.Evaluate[[3]string](`[location.pathname + location.search, document.title, document.body ? document.body.innerText : ""]`))
	if err != nil {
		return err.Error(), "", ""
	}
	return got[0], got[1], got[2]
}

// eval asks the page. While pages change there is none to ask: then it asks the next one.
func eval[T any](p *person, js string) T {
	p.t.Helper()
	var v T
	var err error
	if !try(patience, func() bool {
		v, err = chromedp.Run(p.ctx, chromedp.Evaluate[T](js))
		return err == nil
	}) {
		p.t.Fatalf("asking the page %s: %v", js, err)
	}
	return v
}

// patience is how long a person waits for a page: long, since tests share two cores.
const patience = 40 * time.Second

// until waits for a condition of the page.
func (p *person) until(what, js string) {
	p.t.Helper()
	if !try(patience, func() bool {
		ok, err := chromedp.Run(p.ctx, chromedp.Evaluate[bool]("!!("+js+")"))
		return err == nil && ok
	}) {
		path, title, _ := p.where()
		p.t.Fatalf("at %s, %q: got no %s within %s", path, title, what, patience)
	}
}

// open loads an address of ours. Pages that ask the key by themselves may be gone before they have loaded.
func (p *person) open(path string) *person {
	p.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = p.house.origin + path
	}
	if err := chromedp.Do(p.ctx, chromedp.Navigate(path)); err != nil && !strings.Contains(err.Error(), "ERR_ABORTED") {
		p.t.Fatalf("opening %s: %v", path, err)
	}
	return p
}

// at waits until the page of that path has loaded.
func (p *person) at(path string) *person {
	p.t.Helper()
	p.until("page "+path, fmt.Sprintf("location.pathname === %s && document.readyState === 'complete'", quote(path)))
	return p
}

// fresh marks the page, so that the next one can be told from it.
func (p *person) fresh(act func()) {
	p.t.Helper()
	eval[bool](p, "window.seenByTest = true")
	act()
	p.until("new page", "!window.seenByTest && document.readyState === 'complete'")
}

// fill types into the field of that name: what stood in it goes.
func (p *person) fill(pairs ...string) *person {
	p.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		p.until("field "+pairs[i],
			fmt.Sprintf(`(e => { if (!e) return false; e.focus(); e.select(); return document.activeElement === e })(document.querySelector('main [name=%q]:not([type=hidden])'))`, pairs[i]))
		send(p, input.InsertText, input.InsertTextParams{Text: pairs[i+1]})
	}
	return p
}

// press clicks what the selector finds, in its middle, where nothing may lie above it.
func (p *person) press(selector string) *person {
	p.t.Helper()
	at, err := settled(func() (*[2]float64, error) {
		return chromedp.Run(p.ctx, chromedp.Evaluate[*[2]float64](whereToPress(selector)))
	})
	if err == nil {
		err = chromedp.Do(p.ctx, chromedp.MouseClickXY(at[0], at[1]))
	}
	if err != nil {
		p.t.Fatalf("pressing %s: %v", selector, err)
	}
	return p
}

// submit presses the main button of the form to that path and waits for the page that answers.
func (p *person) submit(action string) *person {
	p.t.Helper()
	p.fresh(func() { p.press(fmt.Sprintf(`main form[action=%q] button.btn-main`, action)) })
	return p
}

// follow presses a link or button and waits for the next page.
func (p *person) follow(selector string) *person {
	p.t.Helper()
	p.fresh(func() { p.press(selector) })
	return p
}

// says wants all the words on the page, as a reader sees them.
func (p *person) says(words ...string) *person {
	p.t.Helper()
	for _, w := range words {
		p.until(fmt.Sprintf("words %q", w),
			fmt.Sprintf(`document.body && (document.title + '\n' + document.body.innerText).replace(/\s+/g, ' ').includes(%s)`, quote(strings.Join(strings.Fields(w), " "))))
	}
	return p
}

// silent wants none of the words on the page.
func (p *person) silent(words ...string) *person {
	p.t.Helper()
	for _, w := range words {
		if eval[bool](p, fmt.Sprintf(`document.body.innerText.includes(%s)`, quote(w))) {
			p.t.Errorf("at %s: got the words %q, want none of them", eval[string](p, "location.pathname"), w)
		}
	}
	return p
}

// word is one of the product's texts in the person's language.
func (p *person) word(key string, pairs ...any) string { return p.s.say(p.lang, key, pairs...) }

// problem wants the page to say what was refused, and to be marked as refused.
func (p *person) problem(code string) *person {
	p.t.Helper()
	return p.says(p.word("frame.error"), p.word("problem."+code+".title"))
}

// has reports whether the page has such an element.
func (p *person) has(selector string) bool {
	p.t.Helper()
	return eval[bool](p, fmt.Sprintf("!!document.querySelector(%s)", quote(selector)))
}

// text is what an element says.
func (p *person) text(selector string) string {
	p.t.Helper()
	p.until(selector, fmt.Sprintf("document.querySelector(%s)", quote(selector)))
	return eval[string](p, fmt.Sprintf("document.querySelector(%s).textContent", quote(selector)))
}

// cookies are those of the site, by name, without the port that stands before each on this machine.
func (p *person) cookies() map[string]*network.Cookie {
	p.t.Helper()
	all := map[string]*network.Cookie{}
	for _, c := range send(p, network.GetCookies,
		network.GetCookiesParams{URLs: []string{p.house.origin + "/"}}).Cookies {
		all[strings.TrimPrefix(c.Name, fmt.Sprintf("%d-", p.house.port))] = c
	}
	return all
}

// quote is a text as JavaScript has it.
func quote(s string) string {
	raw, _ := json.Marshal(s) // a string: it cannot fail
	return string(raw)
}
