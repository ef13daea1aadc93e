package server

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/server/testdata/badge"
)

// badges adds a factor of the test's own to a site: its package, its row and its texts.
func badges(domain *auth.Config, face *Config) {
	texts, err := assets.NewTexts(nil, badge.Texts)
	if err != nil {
		panic(err)
	}
	domain.Factors = append(domain.Factors, badge.Factor{})
	domain.Methods = append(auth.Methods(), badge.Row())
	face.Texts = texts
}

// A new factor is its package, its row and its texts: every page that methods have is there for it.
func TestPagesOfANewFactor(t *testing.T) {
	w := newWorld(t, badges)
	p := w.registered()
	const setUp = "/security/badge/new"
	p.open("/security/start").at("/security/start", 200).
		says("Staff badge", "The one you wear").holds(`href="` + setUp + `"`)
	s := p.open(setUp).at(setUp, 200).says("Add your staff badge", "As in QUAY-7.")
	s = p.fill(s, setUp, "code", "QUAY", "name", "Front desk").at(setUp, 200).says("Error:")
	s = p.fill(s, setUp, "code", "QUAY-1", "name", "Front desk").at("/security/start", 200).
		says("Two-step verification is on")
	s.says("Front desk")
	if got := w.mailed(auth.TemplateChange).Args["what"]; got != "added-badge" {
		t.Errorf("the notice: got what %q, want added-badge", got)
	}
	p.fill(p.open("/security"), "/sign-out")

	w.pass(time.Minute)
	s = p.fill(p.open("/sign-in"), "/sign-in",
		"identifier", testEmail, "password", testPassword, "shared", "yes").at("/sign-in/verify", 200)
	s.says("Enter the code of your badge", "Code of your badge").holds(`value="badge"`)
	s = p.fill(s, "/sign-in/verify", "code", "QUAY-1").at("/sign-in/verify", 200)
	s = p.fill(s, "/sign-in/verify", "code", "DOCK-9").at("/sign-in/verify", 200)
	p.fill(s, "/sign-in/verify", "code", "QUAY-2").at("/security", 200).
		says("Front desk", "Staff badge").holds("/security/badge/")
	if s := p.open(setUp).at("/security/badge/new", 200); strings.Contains(s.text, "badge-new") {
		t.Error("got the name of a text, want its words")
	}

	id := p.methodID("Front desk")
	own := "/security/badge/" + id
	p.fill(p.open(own).at(own, 200).says("It is your only method that works"), own, "name", "Back door").
		at(own, 200).says("Back door")
	s = p.open("/security/app/new")
	secret := secretOf(s)
	p.fill(s, "/security/app/new", "code", w.code(secret))
	p.open("/security/history").at("/security/history", 200).says("Staff badge added")

	// Beside it stands another way; a step-up offers it by its own words, in both languages.
	w.pass(time.Hour)
	s = p.open(own+"/remove").at("/confirm", 200).says("Staff badge", "Number and count")
	s = p.open(s.path+"&with=badge").at("/confirm", 200).says("Enter the code of your badge")
	s = p.speak(s, "zh-CN").at("/confirm", 200).says("请输入工牌代码")
	s = p.speak(s, "en").at("/confirm", 200)
	s = p.fill(s, "/confirm", "code", "QUAY-3").at(own+"/remove", 200).says("Back door")
	p.fill(s, own+"/remove").at("/sign-in", 200) // the session rested on it
	if got := w.mailed(auth.TemplateChange).Args["what"]; got != "removed-badge" {
		t.Errorf("the notice: got what %q, want removed-badge", got)
	}
	s = p.fill(p.open("/sign-in"), "/sign-in", "identifier", testEmail, "password", testPassword, "shared", "yes")
	p.fill(s.at("/sign-in/verify", 200), "/sign-in/verify", "code", w.code(secret)).at("/security", 200)
	p.open("/security/history").says("Staff badge removed")
	if s := p.open("/security"); strings.Contains(s.text, "/security/badge/") {
		t.Error("after its removal: got it on the list")
	}
}

// holds checks what the page says to the browser.
func (s *sheet) holds(part string) {
	s.t.Helper()
	if !strings.Contains(s.text, part) {
		s.t.Errorf("%s: got no %s, want it", s.path, part)
	}
}

// So is every operation of the API.
func TestAPIOfANewFactor(t *testing.T) {
	w := newWorld(t, badges)
	w.seller()
	p := w.program()
	p.password()
	var begun, done answer
	p.must("POST", "/methods/begin", m{"kind": "badge"}, &begun)
	p.must("POST", "/methods/finish", m{"ceremony": begun.Ceremony, "name": "Front desk",
		"response": m{"code": "QUAY-1"}}, &done)
	if done.Authenticator.Kind != "badge" || !done.First {
		t.Fatalf("bound: got %+v, want the first method, a badge", done)
	}

	p = w.program()
	a := p.password()
	if len(a.Methods) != 1 || a.Methods[0].Kind != "badge" {
		t.Fatalf("at sign-in: got methods %+v, want the badge", a.Methods)
	}
	p.must("POST", "/sign-in/begin", m{"ceremony": a.Ceremony, "kind": "badge"}, &begun)
	if got := p.api("POST", "/sign-in/finish",
		m{"ceremony": begun.Ceremony, "response": m{"code": "QUAY-1"}}, nil); got.Code != 422 {
		t.Errorf("a used code: got %d %s, want it refused", got.Code, got.Body)
	}
	var in answer
	p.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": "QUAY-2"}}, &in)
	if in.Session == nil || in.Session.AAL != 2 || !slices.Equal(in.Session.AMR, []string{"pwd", "otp", "mfa"}) {
		t.Fatalf("signed in: got %+v, want level 2 by password and code", in.Session)
	}
	p.bearer = in.Token

	var tested struct {
		Token    string
		Answered struct{ Name, Kind, Class string }
	}
	p.must("POST", "/step-up/begin", m{"action": "test-method", "kind": "badge"}, &begun)
	p.must("POST", "/step-up/finish", m{"ceremony": begun.Ceremony, "response": m{"code": "QUAY-3"}}, &tested)
	if tested.Answered.Name != "Front desk" || tested.Answered.Class != "strong" {
		t.Errorf("tested: got %+v, want the strong badge that answered", tested.Answered)
	}
	p.bearer = tested.Token
	secret := p.addApp()
	p.must("PATCH", "/methods/"+done.Authenticator.ID, m{"name": "Back door"}, nil)
	p.must("DELETE", "/methods/"+p.methodID("Back door"), nil, nil)
	w.pass(time.Minute) // and an app's next code
	a = w.program().password()
	p.must("POST", "/sign-in/begin", m{"ceremony": a.Ceremony, "kind": "totp"}, &begun)
	p.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": w.code(secret)}}, &in)
	p.bearer = in.Token
	var history struct {
		Events []struct{ Action, Kind, Item string }
	}
	p.must("GET", "/history", nil, &history)
	acts := map[string]string{}
	for _, e := range history.Events {
		if e.Kind == "badge" {
			acts[e.Action] = e.Item
		}
	}
	for act, item := range map[string]string{
		"add-method": "Front desk", "rename-method": "Back door", "remove-method": "Back door",
	} {
		if acts[act] != item {
			t.Errorf("history: got %q of %s, want %s", acts[act], act, item)
		}
	}
	doc := w.program().send("GET", "/openapi.json", "", "").Body.String()
	if !strings.Contains(doc, `"lookup","badge"]`) {
		t.Error("the OpenAPI document: got no badge among the kinds")
	}
}
