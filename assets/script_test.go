package assets

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/webauthn"
	"github.com/chromedp/chromedp"

	"github.com/latchkey-auth/latchkey/needs"
)

// policy is the Content-Security-Policy that the pages are made for.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// A stage is a browser before a server that shows one view and keeps what is posted.
type stage struct {
	t      *testing.T
	ctx    context.Context
	url    string
	lang   string // of the views, "" for English
	views  chan View
	posted chan post
}

type post struct {
	path string
	form url.Values
}

func newStage(t *testing.T) *stage {
	t.Helper()
	return stageOf(t, needs.Chromium)
}

// stageOf has the browser of a path.
func stageOf(t *testing.T, program func(testing.TB) string) *stage {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow to start")
	}
	path := program(t)
	s := &stage{t: t, views: make(chan View, 1), posted: make(chan post, 8)}
	pages := newPages(t, Config{Host: "localhost"})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasPrefix(r.URL.Path, "/assets/"):
			pages.Static().ServeHTTP(w, r)
		case r.Method == http.MethodPost:
			if err := r.ParseForm(); err != nil {
				t.Errorf("reading a form: %v", err)
			}
			s.posted <- post{r.URL.Path, r.PostForm}
			http.Redirect(w, r, "/done", http.StatusSeeOther)
		case r.URL.Path == "/shown":
			w.Header().Set("Content-Security-Policy", policy)
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			select {
			case v := <-s.views:
				if err := pages.Render(w, cmp.Or(s.lang, English), v); err != nil {
					t.Errorf("rendering: %v", err)
				}
			case <-r.Context().Done(): // nobody waits for it any more
			}
		default:
			w.Header().Set("Content-Security-Policy", policy)
			fmt.Fprint(w, `<!doctype html><title>done</title><p id="done">done`)
		}
	}))
	t.Cleanup(server.Close)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(server.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s.url = "http://localhost:" + port // a key speaks to names, not to 127.0.0.1
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	t.Cleanup(cancel)
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox)
	ctx, cancel = chromedp.NewContext(ctx, chromedp.WithAllocatorOptions(options...))
	t.Cleanup(cancel)
	s.ctx = ctx
	if _, err := chromedp.Call(ctx, webauthn.Enable, webauthn.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *stage) authenticator(o webauthn.VirtualAuthenticatorOptions) webauthn.AuthenticatorID {
	s.t.Helper()
	o.AutomaticPresenceSimulation = true
	r, err := chromedp.Call(s.ctx, webauthn.AddVirtualAuthenticator,
		webauthn.AddVirtualAuthenticatorParams{Options: &o})
	if err != nil {
		s.t.Fatal(err)
	}
	return r.AuthenticatorID
}

func (s *stage) show(v View, then ...chromedp.Action[chromedp.Void]) {
	s.t.Helper()
	s.views <- v
	if err := chromedp.Do(s.ctx, append([]chromedp.Action[chromedp.Void]{chromedp.Navigate(s.url + "/shown")},
		then...)...); err != nil {
		s.t.Fatal(err)
	}
}

// showQuick shows a view that sends its form by itself, perhaps before it has finished loading.
func (s *stage) showQuick(v View) {
	s.t.Helper()
	s.views <- v
	if err := chromedp.Do(s.ctx, chromedp.Navigate(s.url+"/shown")); err != nil &&
		!strings.Contains(err.Error(), "ERR_ABORTED") {
		s.t.Fatal(err)
	}
}

func (s *stage) post() post {
	s.t.Helper()
	select {
	case p := <-s.posted:
		// or the next page would race with this one
		if err := chromedp.Do(s.ctx, chromedp.WaitReady(chromedp.CSS("#done"))); err != nil {
			s.t.Fatal(err)
		}
		return p
	case <-time.After(20 * time.Second):
		said, _ := chromedp.Run(s.ctx, chromedp.Evaluate[string](`document.body.innerText`))
		s.t.Fatalf("got nothing posted, want a form; the page says:\n%s", said)
		return post{}
	}
}

func creation(exclude string) *KeyPrompt {
	list := ""
	if exclude != "" {
		list = `{"type":"public-key","id":"` + exclude + `"}`
	}
	return &KeyPrompt{Ceremony: "sealed-1", Seconds: 60, PIN: "none",
		Options: `{"rp":{"id":"localhost","name":"Latchkey"},"user":{"id":"dXNlcg","name":"seller@example.com","displayName":"Seller"},
"challenge":"Y2hhbGxlbmdl","pubKeyCredParams":[{"type":"public-key","alg":-7}],"timeout":60000,"excludeCredentials":[` +
			list + `],
"authenticatorSelection":{"residentKey":"discouraged","userVerification":"discouraged"},"attestation":"none"}`}
}

func request(allow string, auto bool) *KeyPrompt {
	list := ""
	if allow != "" {
		list = `{"type":"public-key","id":"` + allow + `"}`
	}
	return &KeyPrompt{Ceremony: "sealed-2", Seconds: 60, Auto: auto,
		Options: `{"challenge":"Y2hhbGxlbmdl","rpId":"localhost","timeout":60000,"allowCredentials":[` + list +
			`],"userVerification":"discouraged"}`}
}

// response decodes what the script put into the form.
func response(t *testing.T, p post) (id string, members map[string]any) {
	t.Helper()
	var r struct {
		ID, RawID, Type string
		Response        map[string]any
	}
	if err := json.Unmarshal([]byte(p.form.Get("response")), &r); err != nil {
		t.Fatalf("reading the response %q: %v", p.form.Get("response"), err)
	}
	if r.ID == "" || r.ID != r.RawID || r.Type != "public-key" {
		t.Errorf("got id %q, rawId %q, type %q", r.ID, r.RawID, r.Type)
	}
	return r.ID, r.Response
}

const byHand = `delete PublicKeyCredential.parseCreationOptionsFromJSON; delete PublicKeyCredential.parseRequestOptionsFromJSON; delete PublicKeyCredential.prototype.toJSON;`

func TestKeyScript(t *testing.T) {
	s := newStage(t)
	s.authenticator(webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2,
		Transport: webauthn.AuthenticatorTransportUsb})
	for _, how := range []string{"native", "by hand"} {
		if how == "by hand" {
			if _, err := chromedp.Call(s.ctx, page.AddScriptToEvaluateOnNewDocument,
				page.AddScriptToEvaluateOnNewDocumentParams{Source: byHand}); err != nil {
				t.Fatal(err)
			}
		}
		s.show(&KeyNew{Name: "Key 1", Place: "safe", Key: creation("")}, chromedp.Click(chromedp.CSS("[data-ask]")))
		p := s.post()
		if p.path != "/security/keys/new" || p.form.Get("ceremony") != "sealed-1" || p.form.Get("name") != "Key 1" ||
			p.form.Get("place") != "safe" || p.form.Get("kind") != "key" {
			t.Errorf("%s, registering: got %s %v", how, p.path, p.form)
		}
		id, made := response(t, p)
		if made["attestationObject"] == nil || made["clientDataJSON"] == nil || made["transports"] == nil {
			t.Errorf("%s, registering: got members %v", how, made)
		}

		s.showQuick(&Verify{With: WayKey, ID: "k1", Key: request(id, true)}) // begins by itself
		p = s.post()
		if p.path != "/sign-in/verify" || p.form.Get("ceremony") != "sealed-2" || p.form.Get("with") != "key" ||
			p.form.Get("id") != "k1" {
			t.Errorf("%s, verifying: got %s %v", how, p.path, p.form)
		}
		if used, asserted := response(t, p); used != id || asserted["signature"] == nil ||
			asserted["authenticatorData"] == nil {
			t.Errorf("%s, verifying: got id %s and members %v, want %s", how, used, asserted, id)
		}

		s.show(&KeyNew{Key: creation(id), Name: "x"}, chromedp.Click(chromedp.CSS("[data-ask]")),
			chromedp.WaitVisible(chromedp.CSS(`[data-key][data-state="failed"]`)))
		s.says(how+", the same key again", "[data-say]", "This key is already on your list")
		s.says(how+", the same key again", "[data-ask]", "Try again")
	}
	s.show(&Verify{With: WayKey, Key: request("AAECAwQFBgcICQoLDA0ODw", false)},
		chromedp.Click(chromedp.CSS("[data-ask]")),
		chromedp.WaitVisible(chromedp.CSS(`[data-key][data-state="failed"]`)))
	s.says("another key", "[data-say]", "The key did not answer, or you cancelled")
	if n := len(s.posted); n != 0 {
		t.Errorf("after refusals: got %d forms posted, want none", n)
	}
}

// refusing is a browser that refuses every question once it is told to, at once by the page's clock.
const refusing = `{ const now = Date.now(); Date.now = () => now;
const waiting = [];
let asked = 0;
window.refuse = name => waiting.splice(0).forEach(no => no(new DOMException('no', name)));
navigator.credentials.get = navigator.credentials.create = () => new Promise((_, no) => { document.documentElement.dataset.asked = ++asked; waiting.push(no) }); }`

// Some browsers ask no key before somebody has pressed something. Who presses while such a question is still open must
// not find that nothing comes of it.
func TestKeyScriptHeedsAnEarlyPress(t *testing.T) {
	s := newStage(t)
	if _, err := chromedp.Call(s.ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: refusing}); err != nil {
		t.Fatal(err)
	}
	state := func(want string) chromedp.Action[chromedp.Void] {
		return chromedp.WaitVisible(chromedp.CSS(`[data-key][data-state="` + want + `"]`))
	}
	do := func(js string) chromedp.Action[chromedp.Void] { return chromedp.Evaluate[chromedp.Void](js) }
	twice := chromedp.WaitVisible(chromedp.CSS(`html[data-asked="2"]`))
	ask := chromedp.Click(chromedp.CSS("[data-ask]"))
	view := &Verify{With: WayKey, Key: request("AAECAw", true)}
	s.show(view, state("waiting"), do(`refuse("NotAllowedError")`), state("idle"))
	s.show(view, state("waiting"), ask, do(`refuse("NotAllowedError")`), twice, state("waiting"),
		do(`refuse("NotAllowedError")`), state("failed"))
	s.says("a press while the page asked by itself", "[data-say]", "The key did not answer, or you cancelled")

	// A question that the browser ends without a reason is put once more; ended again, the person is told.
	s.show(&KeyNew{Name: "x", Key: creation("")}, ask, state("waiting"), do(`refuse("AbortError")`), twice,
		state("waiting"),
		do(`refuse("AbortError")`), state("failed"))
	s.says("a question that ended twice", "[data-say]", "The key did not answer, or you cancelled")
}

// Seconds hurry nobody: they are shown in the last half minute of a question, not before.
func TestSecondsShowInTheLastHalfMinute(t *testing.T) {
	s := newStage(t)
	if _, err := chromedp.Call(s.ctx, page.AddScriptToEvaluateOnNewDocument,
		page.AddScriptToEvaluateOnNewDocumentParams{Source: refusing}); err != nil {
		t.Fatal(err)
	}
	for seconds, want := range map[int]bool{300: false, 31: false, 30: true, 12: true} {
		key := request("AAECAw", true)
		key.Seconds = seconds
		s.show(&Verify{With: WayKey, Key: key}, chromedp.WaitVisible(chromedp.CSS(`[data-state="waiting"]`)))
		got, err := chromedp.Run(s.ctx, chromedp.Evaluate[bool](`!document.querySelector(".while").hidden`))
		if err != nil || got != want {
			t.Errorf("%d s left: got seconds shown %v, error %v, want %v", seconds, got, err, want)
		}
	}
}

func (s *stage) says(what, selector, want string) {
	s.t.Helper()
	got, err := chromedp.Run(s.ctx, chromedp.Text(chromedp.CSS(selector)))
	if err != nil || strings.TrimSpace(got) != want {
		s.t.Errorf("%s: got %q, error %v; want %q", what, got, err, want)
	}
}

func TestConditionalScript(t *testing.T) {
	s := newStage(t)
	s.authenticator(webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2,
		Transport: webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
		IsUserVerified: true})
	prompt := creation("")
	prompt.Options = strings.Replace(prompt.Options, `"residentKey":"discouraged","userVerification":"discouraged"`,
		`"residentKey":"required","userVerification":"required"`, 1)
	s.show(&KeyNew{Passkey: true, Name: "Phone", Key: prompt}, chromedp.Click(chromedp.CSS("[data-ask]")))
	id, _ := response(t, s.post())
	s.showQuick(&SignIn{Key: request("", false)})
	p := s.post()
	if p.path != "/sign-in/key" || p.form.Get("ceremony") != "sealed-2" {
		t.Errorf("got %s %v", p.path, p.form)
	}
	if used, members := response(t, p); used != id || members["userHandle"] != "dXNlcg" {
		t.Errorf("got id %s and members %v, want %s with its user handle", used, members, id)
	}
	removed := chromedp.Events(s.ctx, webauthn.CredentialDeleted)
	view := &Keys{}
	view.Signals = &Signals{RPID: "localhost", UserID: "dXNlcg", Accepted: []string{}}
	s.show(view)
	for e, err := range removed {
		if err != nil {
			t.Fatal(err)
		}
		if got := base64.RawURLEncoding.EncodeToString(e.CredentialID); got != id {
			t.Errorf("signal: got credential %s removed, want %s", got, id)
		}
		break
	}
}

func TestFieldScripts(t *testing.T) {
	s := newStage(t)
	show := chromedp.CSS("[data-reveal]")
	s.show(&SignIn{}, chromedp.SendKeys(chromedp.CSS("#f-password"), "secret"), chromedp.Click(show))
	for _, want := range []string{"text true Show password", "password false Show password"} {
		got, err := chromedp.Run(s.ctx,
			chromedp.Evaluate[string](`(b => document.getElementById('f-password').type + ' ' + b.getAttribute('aria-pressed') + ' ' + b.textContent)(document.querySelector('[data-reveal]'))`))
		if err != nil || got != want {
			t.Errorf("got %q, error %v; want %q", got, err, want)
		}
		if err := chromedp.Do(s.ctx, chromedp.Click(show)); err != nil {
			t.Fatal(err)
		}
	}
	s.show(&Check{Tried: true, Cookies: true},
		chromedp.WaitVisible(chromedp.CSS(`[data-test="key"] [data-answer="yes"]`)))
}

// The browser itself says whether a page breaks the policy or a script throws.
func TestPagesObeyThePolicy(t *testing.T) {
	s := newStage(t)
	said := chromedp.Console(s.ctx)
	seen := map[reflect.Type]bool{}
	for _, sample := range Samples(noon) {
		if kind := reflect.TypeOf(sample.View); !seen[kind] {
			seen[kind] = true
			s.show(sample.View)
		}
	}
	if err := chromedp.Do(s.ctx, chromedp.Evaluate[chromedp.Void](`console.log('last')`)); err != nil {
		t.Fatal(err)
	}
	for m, err := range said {
		if err != nil {
			t.Fatal(err)
		}
		if m.Text == "last" {
			break
		}
		t.Errorf("got %q from the browser, want silence", m.Text)
	}
}
