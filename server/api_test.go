package server

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

func TestProgramSignsInWithAnApp(t *testing.T) {
	w := newWorld(t)
	secret := w.enrolled(w.program())
	w.pass(time.Minute)
	p := w.program()
	info := p.password()
	if info.Step != "second-step" || info.Token != "" || info.Ceremony == "" || p.bearer != "" {
		t.Fatalf("right password: got %+v, want a ceremony and no session", info)
	}
	if got := refused(t, p.api("GET", "/session", nil, nil)); got.Code != "session-required" {
		t.Errorf("session before the second step: got %s, want session-required", got.Code)
	}
	var begun, done answer
	p.must("POST", "/sign-in/begin", m{"ceremony": info.Ceremony, "kind": "totp"}, &begun)
	res := p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": w.code(secret)}}, &done)
	if done.Step != "signed-in" || done.Token == "" || done.Session.AAL != 2 || !slices.Equal(done.Session.AMR, []string{"pwd", "otp", "mfa"}) {
		t.Fatalf("second step: got %+v, want a session at level 2 with its token", done)
	}
	if res.Header().Values("Set-Cookie") != nil {
		t.Errorf("a program: got cookies %q, want none", res.Header().Values("Set-Cookie"))
	}
	p.bearer = done.Token
	p.must("GET", "/session", nil, nil)
	p.must("DELETE", "/session", nil, nil)
	w2 := p.api("GET", "/session", nil, nil)
	if got := refused(t, w2); got.Code != "session-ended" || !strings.Contains(w2.Header().Get("WWW-Authenticate"), "invalid_token") {
		t.Errorf("after signing out: got %s and %q, want session-ended", got.Code, w2.Header().Get("WWW-Authenticate"))
	}
}

func TestBrowserNeverSeesItsToken(t *testing.T) {
	w := newWorld(t)
	secret := w.enrolled(w.program())
	w.pass(time.Minute)
	p := w.browser()
	info := p.password()
	var begun answer
	p.must("POST", "/sign-in/begin", m{"ceremony": info.Ceremony, "kind": "totp"}, &begun)
	res := p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": w.code(secret)}}, nil)
	if res.Code != 200 || strings.Contains(res.Body.String(), "token") {
		t.Fatalf("got %d %s, want no token", res.Code, res.Body)
	}
	var session *http.Cookie
	for _, c := range res.Result().Cookies() {
		if c.Name == "__Host-latchkey" {
			session = c
		}
	}
	if session == nil || !session.HttpOnly || !session.Secure || session.SameSite != http.SameSiteLaxMode || session.Path != "/" || session.Domain != "" || session.MaxAge == 0 {
		t.Fatalf("got session cookie %v, want __Host-, HttpOnly, Secure, Lax, kept", session)
	}
	p.must("GET", "/session", nil, nil)
	if res := p.api("GET", "/session", nil, nil); res.Header().Values("Set-Cookie") != nil {
		t.Errorf("session check: got cookies %q, want none", res.Header().Values("Set-Cookie"))
	}
	var again answer
	w.pass(time.Minute)
	p.must("POST", "/step-up/begin", m{"action": "rename-method", "kind": "totp"}, &again)
	p.must("POST", "/step-up/finish", m{"ceremony": again.Ceremony, "response": m{"code": w.code(secret)}}, nil)
	if got := p.cookie("__Host-latchkey"); got == session.Value || got == "" {
		t.Errorf("after a step-up: got token %q, want another one", got)
	}
	p.must("DELETE", "/session", nil, nil)
	if got := p.cookie("__Host-latchkey"); got != "" {
		t.Errorf("after signing out: got cookie %q, want none", got)
	}
}

func TestSessionEndsWithTheBrowserUnlessKept(t *testing.T) {
	for _, c := range []struct {
		remember, shared bool
		kept             bool
	}{{true, false, true}, {false, false, false}, {true, true, false}} {
		w := newWorld(t)
		w.seller()
		p := w.browser()
		res := p.api("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword, "remember": c.remember, "shared": c.shared}, nil)
		for _, k := range res.Result().Cookies() {
			if k.Name == "__Host-latchkey" && (k.MaxAge > 0) != c.kept {
				t.Errorf("remember %v, shared %v: got life %d, want kept %v", c.remember, c.shared, k.MaxAge, c.kept)
			}
		}
		if p.cookie("__Host-latchkey") == "" {
			t.Errorf("remember %v, shared %v: got no session, want the restricted one", c.remember, c.shared)
		}
	}
}

func TestKeyOverTheAPI(t *testing.T) {
	w := newWorld(t)
	w.seller()
	p := w.program()
	p.password()
	client := p.addKey("Red key")
	w.pass(time.Minute)

	p = w.program()
	info := p.password()
	var begun, done answer
	p.must("POST", "/sign-in/begin", m{"ceremony": info.Ceremony, "kind": "webauthn"}, &begun)
	response, err := client.Get(begun.Prompt)
	if err != nil {
		t.Fatal(err)
	}
	p.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": json.RawMessage(response)}, &done)
	if done.Step != "signed-in" || !slices.Contains(done.Session.AMR, "hwk") {
		t.Fatalf("got %+v, want signed in by a hardware key", done)
	}
	if got := refused(t, p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": json.RawMessage(response)}, nil)); got.Code != "ceremony-used" {
		t.Errorf("the same answer again: got %s, want ceremony-used", got.Code)
	}

	// Key first: a touched key still needs the password (D5).
	q := w.program()
	q.must("POST", "/sign-in/key", m{"identifier": testEmail}, &begun)
	if response, err = client.Get(begun.Prompt); err != nil {
		t.Fatal(err)
	}
	q.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": json.RawMessage(response)}, &done)
	if done.Step != "password" || done.Token != "" && done.Ceremony == "" {
		t.Fatalf("key first: got %+v, want the password asked", done)
	}
	done = answer{Ceremony: done.Ceremony}
	q.must("POST", "/sign-in/password", m{"ceremony": done.Ceremony, "password": testPassword}, &done)
	if done.Step != "signed-in" || done.Token == "" {
		t.Errorf("password after the key: got %+v, want signed in", done)
	}
}

func TestStepUpIsAskedByItsStandardNames(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	w.enrolled(p)
	w.pass(time.Hour)
	res := p.api("POST", "/password", m{"current": testPassword, "password": "Another-Horse9"}, nil)
	got := refused(t, res)
	head := res.Header().Get("WWW-Authenticate")
	if res.Code != 401 || got.Code != "fresh-step-needed" {
		t.Fatalf("got %d %s, want 401 fresh-step-needed", res.Code, got.Code)
	}
	for _, want := range []string{`error="insufficient_user_authentication"`, `acr_values="strong"`, `max_age="600"`} {
		if !strings.Contains(head, want) {
			t.Errorf("got %q, want %s in it", head, want)
		}
	}
	if !strings.Contains(res.Body.String(), `"acrValues":"strong","maxAge":600`) {
		t.Errorf("got %s, want the demand in the body too", res.Body)
	}
}

func TestRestrictedSessionOverTheAPI(t *testing.T) {
	w := newWorld(t)
	w.seller()
	p := w.program()
	if info := p.password(); info.Step != "enrol" || !info.Session.Restricted {
		t.Fatalf("got %+v, want a session that must enrol", info)
	}
	for _, rt := range routes() {
		if rt.who != enrolled {
			continue
		}
		path := strings.NewReplacer("{id}", "x").Replace(rt.path)
		var in any
		if rt.in != nil {
			in = m{}
			if rt.use == "StepUpBegin" {
				in = m{"action": "rename-method", "kind": "totp"}
			}
			if rt.use == "ChangeEmail" {
				in = m{"email": "new@example.com"}
			}
		}
		got := refused(t, p.api(rt.method, path, in, nil))
		sealed := slices.Contains(rt.codes, auth.CeremonyOtherBrowser) && got.Code == "ceremony-other-browser"
		if got.Code != "must-enrol" && !sealed {
			t.Errorf("%s %s: got %s, want must-enrol", rt.method, path, got.Code)
		}
	}
}

// Every route that declares a session refuses without one.
func TestNoSession(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	for _, rt := range routes() {
		if rt.who != enrolled && rt.who != session {
			continue
		}
		var in any
		if rt.in != nil {
			in = m{}
			if rt.use == "BindBegin" || rt.use == "StepUpBegin" {
				in = m{"kind": "totp"}
			}
			if rt.use == "StepUpBegin" {
				in = m{"action": "rename-method", "kind": "totp"}
			}
			if rt.use == "ChangeEmail" {
				in = m{"email": "new@example.com"}
			}
		}
		path := strings.NewReplacer("{id}", "x").Replace(rt.path)
		got := refused(t, p.api(rt.method, path, in, nil))
		sealed := slices.Contains(rt.codes, auth.CeremonyOtherBrowser) && got.Code == "ceremony-other-browser"
		if got.Code != "session-required" && !sealed {
			t.Errorf("%s %s: got %s, want session-required", rt.method, path, got.Code)
		}
	}
}

func TestTwoSessionCookiesAreNone(t *testing.T) {
	w := newWorld(t)
	p := w.browser()
	w.seller()
	p.password()
	mine := p.cookie("__Host-latchkey")
	res := ask(w.server, "GET", "/api/v1/session", "", "Sec-Fetch-Site", "same-origin", "Cookie", "__Host-latchkey=planted; __Host-latchkey="+mine)
	if got := refused(t, res); got.Code != "session-required" {
		t.Errorf("got %s, want session-required: neither is believed", got.Code)
	}
}

func TestCeremonyWithoutCookieIsCookiesOff(t *testing.T) {
	w := newWorld(t)
	w.seller()
	p := w.browser()
	info := p.password()
	res := ask(w.server, "POST", "/api/v1/sign-in/state", `{"ceremony":"`+info.Ceremony+`"}`, "Sec-Fetch-Site", "same-origin")
	if got := refused(t, res); got.Code != "cookies-off" && got.Code != "ceremony-other-browser" {
		t.Errorf("got %s, want cookies-off", got.Code)
	}
}

// Whoever holds a mailed link may have it opened in any browser, also in one that has no cookie yet; an exchange goes
// on in the browser that began it alone.
func TestLinksNeedNoCookie(t *testing.T) {
	w := newWorld(t)
	links := 0
	for _, rt := range routes() {
		if rt.who != holder {
			continue
		}
		raw, err := json.Marshal(plausible(rt))
		if err != nil {
			t.Fatal(err)
		}
		res := ask(w.server, rt.method, "/api/v1"+rt.path, string(raw), "Sec-Fetch-Site", "same-origin")
		if code := codeIn(res); rt.link == (code == auth.CookiesOff) {
			t.Errorf("%s %s: got %d %s, want cookies-off: %v", rt.method, rt.path, res.Code, code, !rt.link)
		}
		if rt.link {
			links++
		}
	}
	if links < 3 {
		t.Errorf("got %d routes of links", links)
	}
}

func TestCookieNames(t *testing.T) {
	for origin, want := range map[string]struct {
		name, path string
		secure     bool
	}{
		"https://accounts.example":     {"__Host-latchkey-browser", "/", true},
		"https://shop.example/account": {"__Secure-latchkey-browser", "/account", true},
		"http://localhost:8080":        {"8080-latchkey-browser", "/", false},
		"http://localhost:8081":        {"8081-latchkey-browser", "/", false},
		"http://localhost":             {"latchkey-browser", "/", false},
		"https://shop.example:8443":    {"__Host-8443-latchkey-browser", "/", true},
	} {
		s := newServer(t, func(c *Config) { c.Origin = origin })
		c := ask(s, "GET", s.site.Base+"/api/v1/session", "", "Sec-Fetch-Site", "same-origin").Result().Cookies()
		if len(c) == 0 || c[0].Name != want.name || c[0].Path != want.path || c[0].Secure != want.secure || !c[0].HttpOnly {
			t.Errorf("%s: got %v, want %+v", origin, c, want)
		}
	}
}

func TestMediaTypesAndSizes(t *testing.T) {
	s := newServer(t, nil)
	for _, c := range []struct {
		name, media, body string
		status            int
		code              auth.Code
	}{
		{"form", "application/x-www-form-urlencoded", "a=b", 415, auth.MalformedRequest},
		{"no type", "", "{}", 415, auth.MalformedRequest},
		{"with charset", "application/json; charset=utf-8", `{"a":1}`, 400, auth.UnknownMember},
		{"too large", "application/json", `{"identifier":"` + strings.Repeat("a", web.MaxBody) + `"}`, 413, auth.TooLarge},
		{"just fits", "application/json", `{"nobody":"` + strings.Repeat("a", web.MaxBody-len(`{"nobody":""}`)) + `"}`, 400, auth.UnknownMember},
	} {
		w := ask(s, "POST", "/api/v1/sign-in", c.body, "Content-Type", c.media)
		if got := refused(t, w); w.Code != c.status || got.Code != string(c.code) {
			t.Errorf("%s: got %d %s, want %d %s", c.name, w.Code, got.Code, c.status, c.code)
		}
	}
}

func TestRefusalsNeverRepeatWhatWasSent(t *testing.T) {
	s := newServer(t, nil)
	for _, body := range []string{`{"canary":1}`, `{"identifier":{"canary":1}}`, `{"identifier":"canary","password":"canary-pass"}`, `canary`, `{"Identifier":"canary"}`} {
		if w := ask(s, "POST", "/api/v1/sign-in", body); strings.Contains(w.Body.String(), "canary") || w.Code < 400 {
			t.Errorf("%s: got %d %s, want a refusal without it", body, w.Code, w.Body)
		}
	}
}

func BenchmarkSessionCheck(b *testing.B) {
	w := newWorld(b)
	p := w.program()
	w.enrolled(p)
	b.ReportAllocs()
	for b.Loop() {
		if r := p.send("GET", "/api/v1/session", "", ""); r.Code != 200 {
			b.Fatalf("got %d, want 200", r.Code)
		}
	}
}

// BenchmarkFace is what the face adds to a use case: a strict body of the size of a key's answer, refused by the
// domain at once because its ceremony is not sealed.
func BenchmarkFace(b *testing.B) {
	w := newWorld(b)
	p := w.program()
	body := `{"ceremony":"` + strings.Repeat("x", 1400) + `","response":{"id":"` + strings.Repeat("i", 43) + `","rawId":"` + strings.Repeat("i", 43) +
		`","type":"public-key","response":{"clientDataJSON":"` + strings.Repeat("c", 180) + `","authenticatorData":"` + strings.Repeat("a", 50) +
		`","signature":"` + strings.Repeat("s", 96) + `"},"clientExtensionResults":{}}}`
	b.ReportAllocs()
	for b.Loop() {
		if r := p.send("POST", "/api/v1/sign-in/finish", "application/json", body); r.Code != 403 {
			b.Fatalf("got %d %s, want 403", r.Code, r.Body)
		}
	}
}
