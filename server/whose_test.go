package server

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// belongings are those of a seller with everything that has an id: methods on devices, a removal that waits, sessions
// and browsers.
type belongings struct {
	*person
	ids map[string]string // by what they are of
}

func (w *world) belongings() *belongings {
	w.t.Helper()
	p := w.browser()
	w.enrolled(p)
	p.addPhone("+8613800138000")
	w.pass(time.Hour)
	weak := w.browser()
	a := weak.password()
	var begun answer
	weak.must("POST", "/sign-in/begin", m{"ceremony": a.Ceremony, "kind": "phone", "channel": "sms"}, &begun)
	code := w.mailed(auth.TemplateCode).Args["code"]
	weak.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, nil)
	weak.must("DELETE", "/methods/"+weak.methodID("totp"), nil, nil)
	var info struct {
		Methods []struct{ ID, Device string }
		Changes []struct{ ID string }
	}
	weak.must("GET", "/security", nil, &info)
	var places struct{ Sessions, Browsers []struct{ ID string } }
	weak.must("GET", "/sessions", nil, &places)
	weak.must("GET", "/browsers", nil, &places)
	return &belongings{weak, map[string]string{"methods": info.Methods[0].ID, "devices": info.Methods[0].Device,
		"changes": info.Changes[0].ID, "sessions": places.Sessions[0].ID, "browsers": places.Browsers[0].ID}}
}

// addPhone binds a number by a text in a session.
func (p *person) addPhone(number string) {
	p.w.t.Helper()
	var a answer
	p.must("POST", "/methods/begin", m{"kind": "phone", "number": number, "channel": "sms"}, &a)
	code := p.w.mailed(auth.TemplateCode).Args["code"]
	p.must("POST", "/methods/finish", m{"ceremony": a.Ceremony, "response": m{"code": code}}, nil)
}

// all is everything that a seller has, as he reads it.
func (p *person) all() string {
	p.w.t.Helper()
	var s strings.Builder
	for _, path := range []string{"/security", "/sessions", "/browsers"} {
		w := p.api("GET", path, nil, nil)
		if w.Code != http.StatusOK {
			p.w.t.Fatalf("GET %s: got %d %s", path, w.Code, w.Body)
		}
		s.WriteString(w.Body.String())
	}
	return s.String()
}

// another is another seller, who has just shown the best there is.
func (w *world) another() *person {
	w.t.Helper()
	const email = "other@example.com"
	w.signUp(w.program(), email, m{"name": "Mo", "userName": "别的店", "phone": "+8613800138001"})
	p := w.browser()
	p.must("POST", "/sign-in", m{"identifier": email, "password": testPassword}, nil)
	p.addApp()
	return p
}

// withID are the operations of the API and the pages whose path has an id, with what a request to them says.
func (w *world) withID(id string) (list []struct{ method, path, media, body string }) {
	type request = struct{ method, path, media, body string }
	at := func(path string) (string, bool) {
		return strings.ReplaceAll(path, "{id}", id), strings.Contains(path, "{id}")
	}
	for _, rt := range routes() {
		path, has := at(rt.path)
		r := request{rt.method, "/api/v1" + path, "", ""}
		if rt.in != nil {
			r.media, r.body = "application/json", `{"name":"Mine now"}`
		}
		if has {
			list = append(list, r)
		}
	}
	for _, pg := range w.server.pageTable() {
		path, has := at(pg.path)
		if has && pg.get != nil {
			list = append(list, request{http.MethodGet, path, "", ""})
		}
		if has && pg.post != nil {
			const form = "application/x-www-form-urlencoded"
			list = append(list, request{http.MethodPost, path, form, "name=Mine&place=Mine"})
		}
	}
	return list
}

// Whatever has an id is its account's: with the id of another account's every operation and every page finds nothing,
// and nothing of either changes.
func TestAnotherAccountsIDsFindNothing(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, _ *Config) { a.Pace.Burst = -1 })
	e := w.belongings()
	p := w.another()
	before, own := e.all(), p.all()
	tried := 0
	for of, id := range e.ids {
		for _, r := range w.withID(id) {
			tried++
			got := p.send(r.method, r.path, r.media, r.body)
			missing := codeIn(got) == auth.NotFound || codeIn(got) == auth.NoSuchMethod
			if code := codeIn(got); strings.HasPrefix(r.path, "/api/") && !missing {
				t.Errorf("%s %s with the id of another's %s: got %q, want it not found", r.method, r.path, of, code)
			}
			if got.Code == http.StatusOK && r.method == http.MethodGet && strings.Contains(got.Body.String(), id) {
				t.Errorf("%s with the id of another's %s: got a page about it", r.path, of)
			}
		}
	}
	if tried < 100 {
		t.Errorf("got %d requests, want those of every operation and page with an id", tried)
	}
	method, device := e.ids["methods"], e.ids["devices"]
	for action, target := range map[string]string{"remove-method": method, "lose-device": device} {
		body := m{"action": action, "target": target}
		if got := codeIn(p.api("POST", "/step-up", body, nil)); got != auth.NoSuchMethod {
			t.Errorf("a step-up for %v: got %q, want no such method", body, got)
		}
	}
	body := m{"action": "rename-method", "kind": "totp", "id": method}
	if got := codeIn(p.api("POST", "/step-up/begin", body, nil)); got != auth.NoSuchMethod {
		t.Errorf("a step-up by another's method: got %q, want no such method", got)
	}
	if after := e.all(); after != before {
		t.Errorf("the other's: got\n%s\nwant\n%s", after, before)
	}
	if after := p.all(); after != own {
		t.Errorf("the caller's own: got\n%s\nwant\n%s", after, own)
	}
}

// With the right id the same requests of the owner find something: what the test above tries is what there is.
func TestOwnIDsFindSomething(t *testing.T) {
	found := 0
	for _, rt := range routes() {
		before, _, has := strings.Cut(rt.path, "/{id}")
		if !has {
			continue
		}
		found++
		e := newWorld(t).belongings()
		var body any
		if rt.in != nil {
			body = m{"name": "Mine"}
		}
		e.ids["reminders"] = string(auth.RemindSecondKey) // nobody's own
		path := strings.ReplaceAll(rt.path, "{id}", e.ids[strings.TrimPrefix(before, "/")])
		if got := e.api(rt.method, path, body, nil); got.Code >= 400 && codeIn(got) != auth.ChangePending &&
			codeIn(got) != auth.TooWeak { // what asks for more than this session has shown, before it looks
			t.Errorf("%s %s by its owner: got %d %s, want it done", rt.method, rt.path, got.Code, got.Body)
		}
	}
	if found < 7 {
		t.Errorf("got %d operations with an id, want 7 at least", found)
	}
}
