package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/assets"
)

// A visitor sits before one window of Firefox that shares nothing with any other: what a person is
// in Chromium. What he reads is read by the test; what he types and presses goes through the
// browser's own input. The seller that he is, and his app, are the same as there.
type visitor struct {
	*person // the seller without a window: only what needs none is used
	fox     *firefox
	room    string // his user context: cookies of his own
	window  string // his browsing context

	mu     sync.Mutex
	seen   []string // what nobody should ever see
	loaded []string // files that were downloaded
}

// visitor opens a window for a new seller who reads the language.
func (s *stage) visitor(t *testing.T, f *firefox, lang string) *visitor {
	t.Helper()
	v := &visitor{person: &person{seller: s.seller(), t: t, s: s, house: s.house, lang: lang}, fox: f}
	var room struct {
		ID string `json:"userContext"`
	}
	f.must(t, "browser.createUserContext", obj{}, &room)
	v.room = room.ID
	t.Cleanup(func() {
		v.leave()
		_ = f.call("browser.removeUserContext", obj{"userContext": v.room}, nil)
	})
	locale := map[string]string{assets.English: "en-GB", assets.Chinese: "zh-CN"}[lang]
	f.must(t, "emulation.setLocaleOverride", obj{"locale": locale, "userContexts": []string{v.room}}, nil)
	// A breach of the policy for content is told of on the console, where notice finds it.
	f.must(t, "script.addPreloadScript", obj{"userContexts": []string{v.room},
		"functionDeclaration": `() => addEventListener("securitypolicyviolation",
		e => console.error("against the policy for content: " + e.violatedDirective + " " + e.blockedURI))`}, nil)
	var window struct {
		ID string `json:"context"`
	}
	f.must(t, "browsingContext.create", obj{"type": "window", "userContext": v.room}, &window)
	v.window = window.ID
	f.mu.Lock()
	f.visitors[v.window] = v
	f.mu.Unlock()
	f.must(t, "browsingContext.setViewport", obj{"context": v.window, "viewport": obj{"width": 1280, "height": 900}},
		nil)
	return v
}

// notice keeps what Firefox tells of.
func (v *visitor) notice(method string, raw json.RawMessage) {
	var e struct {
		Level, Text, Type, Filepath string
		Request                     struct{ URL string }
	}
	if json.Unmarshal(raw, &e) != nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	switch method {
	case "log.entryAdded":
		v.seen = append(v.seen, fmt.Sprintf("on the console: %s %s %s", e.Type, e.Level, e.Text))
	case "network.beforeRequestSent":
		if u := e.Request.URL; !strings.HasPrefix(u, v.house.origin+"/") && u != "about:blank" {
			v.seen = append(v.seen, "a request to "+u)
		}
	case "browsingContext.downloadEnd":
		v.loaded = append(v.loaded, e.Filepath)
	}
}

// leave ends the visit: what nobody should see fails the test, and a failed test shows where he stood.
func (v *visitor) leave() {
	v.mu.Lock()
	for _, s := range v.seen {
		v.t.Errorf("nobody should see %s", s)
	}
	v.mu.Unlock()
	if v.t.Failed() {
		var at [3]string
		_ = v.fox.evaluate(v.window, `[location.href, document.title, document.body ? document.body.innerText : ""]`,
			&at)
		name := v.shot("failed")
		v.t.Logf("stood at %s, %q (a picture is %s); it says:\n%s\nthe program said:\n%s", at[0], at[1], name, at[2],
			v.house.out)
	}
	v.fox.mu.Lock()
	delete(v.fox.visitors, v.window)
	v.fox.mu.Unlock()
}

// shot takes a picture of the page and says where it is.
func (v *visitor) shot(name string) string {
	v.t.Helper()
	picture, err := v.fox.picture(v.window)
	if err != nil {
		v.t.Logf("taking a picture: %v", err)
		return ""
	}
	dir := v.t.ArtifactDir()
	path := filepath.Join(dir, "firefox-"+name+"-"+v.lang+".png")
	// a test that has ended took its folder along
	if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(path, picture, 0o600)); err != nil {
		v.t.Logf("taking a picture: %v", err)
	}
	return path
}

// ask asks the page. While pages change there is none to ask: then it asks the next one.
func (v *visitor) ask(js string, out any) {
	v.t.Helper()
	var err error
	if !try(patience, func() bool {
		err = v.fox.evaluate(v.window, js, out)
		return err == nil
	}) {
		v.t.Fatalf("asking the page %s: %v", js, err)
	}
}

// until waits for a condition of the page.
func (v *visitor) until(what, js string) *visitor {
	v.t.Helper()
	if !try(patience, func() bool {
		var ok bool
		return v.fox.evaluate(v.window, "!!("+js+")", &ok) == nil && ok
	}) {
		v.t.Fatalf("got no %s within %s", what, patience)
	}
	return v
}

// open loads an address of ours.
func (v *visitor) open(path string) *visitor {
	v.t.Helper()
	if !strings.HasPrefix(path, "http") {
		path = v.house.origin + path
	}
	v.fox.must(v.t, "browsingContext.navigate", obj{"context": v.window, "url": path, "wait": "complete"}, nil)
	return v
}

// at waits until the page of that path has loaded.
func (v *visitor) at(path string) *visitor {
	v.t.Helper()
	return v.until("page "+path, fmt.Sprintf("location.pathname === %s && document.readyState === 'complete'",
		quote(path)))
}

// home waits for the overview, and wants no trust for this browser if it is offered on the way.
func (v *visitor) home() *visitor {
	v.t.Helper()
	v.until("page /security", `['/security', '/sign-in/trust'].includes(location.pathname) && document.readyState === 'complete'`)
	var asked bool
	if v.ask(`!!document.querySelector("main button[name=trust]")`, &asked); asked {
		v.follow("main button[name=trust][value=no]")
	}
	return v.at("/security")
}

// says wants all the words on the page, as a reader sees them.
func (v *visitor) says(words ...string) *visitor {
	v.t.Helper()
	for _, w := range words {
		v.until(fmt.Sprintf("words %q", w),
			fmt.Sprintf(`document.body && (document.title + '\n' + document.body.innerText).replace(/\s+/g, ' ').includes(%s)`,
				quote(strings.Join(strings.Fields(w), " "))))
	}
	return v
}

// problem wants the page to say what was refused, and to be marked as refused.
func (v *visitor) problem(code string) *visitor {
	v.t.Helper()
	return v.says(v.word("frame.error"), v.word("problem."+code+".title"))
}

// text is what an element says.
func (v *visitor) text(selector string) string {
	v.t.Helper()
	v.until(selector, fmt.Sprintf("document.querySelector(%s)", quote(selector)))
	var text string
	v.ask(fmt.Sprintf("document.querySelector(%s).textContent", quote(selector)), &text)
	return text
}

// fill types into the fields of those names: what stood in them goes.
func (v *visitor) fill(pairs ...string) *visitor {
	v.t.Helper()
	for i := 0; i+1 < len(pairs); i += 2 {
		v.until("field "+pairs[i],
			fmt.Sprintf(`(e => { if (!e) return false; e.focus(); e.select(); return document.activeElement === e })(document.querySelector('main [name=%q]:not([type=hidden])'))`, pairs[i]))
		var keys []obj
		for _, r := range pairs[i+1] {
			keys = append(keys, obj{"type": "keyDown", "value": string(r)}, obj{"type": "keyUp", "value": string(r)})
		}
		v.act(obj{"type": "key", "id": "keyboard", "actions": keys})
		v.until("what was typed in "+pairs[i],
			fmt.Sprintf(`document.querySelector('main [name=%q]:not([type=hidden])').value === %s`, pairs[i],
				quote(pairs[i+1])))
	}
	return v
}

// press clicks what the selector finds, in its middle, where nothing may lie above it.
func (v *visitor) press(selector string) *visitor {
	v.t.Helper()
	at, err := settled(func() (at *[2]float64, err error) {
		err = v.fox.evaluate(v.window, whereToPress(selector), &at)
		return at, err
	})
	if err != nil {
		v.t.Fatalf("pressing %s: %v", selector, err)
	}
	v.act(obj{"type": "pointer", "id": "mouse",
		"actions": []obj{{"type": "pointerMove", "x": at[0], "y": at[1], "origin": "viewport"},
			{"type": "pointerDown", "button": 0}, {"type": "pointerUp", "button": 0}}})
	return v
}

// act is one input. A page that goes away under it has been left by it.
func (v *visitor) act(source obj) {
	v.t.Helper()
	err := v.fox.call("input.performActions", obj{"context": v.window, "actions": []obj{source}}, nil)
	if err != nil && !regexp.MustCompile(`no such frame|discarded|unloaded`).MatchString(err.Error()) {
		v.t.Fatal(err)
	}
}

// follow presses a link or button and waits for the next page.
func (v *visitor) follow(selector string) *visitor {
	v.t.Helper()
	var marked bool
	v.ask("window.seenByTest = true", &marked)
	v.press(selector)
	return v.until("new page", "!window.seenByTest && document.readyState === 'complete'")
}

// submit presses the main button of the form to that path and waits for the page that answers.
func (v *visitor) submit(action string) *visitor {
	v.t.Helper()
	return v.follow(fmt.Sprintf(`main form[action=%q] button.btn-main`, action))
}

// signIn takes the first step: identifier and password.
func (v *visitor) signIn() *visitor {
	v.t.Helper()
	v.open("/sign-in").at("/sign-in").fill("identifier", v.email, "password", password)
	return v.press("main [name=shared]").submit("/sign-in")
}

// signOut presses the button at the head of each page.
func (v *visitor) signOut() *visitor {
	v.t.Helper()
	return v.follow(`form[action="/sign-out"] button`).at("/sign-out")
}

// addApp connects the seller's app by the secret that the page shows to whoever can't scan.
func (v *visitor) addApp() *visitor {
	v.t.Helper()
	v.open("/security/app/new").at("/security/app/new").press("main details:has(#sec) summary").says(v.word("app-new.cant"))
	v.secret = strings.Join(strings.Fields(v.text("#sec")), "")
	return v.fill("code", v.code()).submit("/security/app/new")
}
