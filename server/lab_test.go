package server

import (
	"context"
	"encoding/json"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/notify"
	"github.com/latchkey-auth/latchkey/virtual"
)

// asLab makes a world a lab, by a clock over the world's.
func asLab(a *auth.Config, c *Config) {
	clock := auth.NewClock(a.Now)
	a.Lab = clock
	c.Now = clock.Now
	c.Inbox = notify.NewInbox(clock.Now)
}

func newLabWorld(t testing.TB, change ...func(*auth.Config, *Config)) *world {
	t.Helper()
	return newWorld(t, append([]func(*auth.Config, *Config){asLab}, change...)...)
}

// labFaults provoke the codes that only a lab has a short way to.
func labFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.AccountExists: {lab: true, do: func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			p.must("POST", "/lab/accounts", m{"name": "ann"}, nil)
			return p.api("POST", "/lab/accounts", m{"name": "ann"}, nil)
		}},
		auth.CeremonyVoid: {lab: true, do: func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var made fixture
			p.must("POST", "/lab/accounts", m{"name": "ann", "email": testEmail, "password": testPassword, "methods": []m{{"kind": "totp"}, {"kind": "totp"}}}, &made)
			info := p.password()
			p.must("DELETE", "/lab/accounts/"+made.ID+"/methods/"+made.Methods[0].ID, nil, nil)
			return p.api("POST", "/sign-in/state", m{"ceremony": info.Ceremony}, nil)
		}},
		auth.AccountDisabled: {lab: true, do: func(c *trial) *httptest.ResponseRecorder {
			p := c.stranger()
			var made fixture
			p.must("POST", "/lab/accounts", m{"name": "ann", "email": testEmail, "password": testPassword}, &made)
			p.must("POST", "/lab/accounts/"+made.ID+"/disable", nil, nil)
			return p.api("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, nil)
		}},
	}
}

// A fixture is an account of a lab, as its maker reads it.
type fixture struct {
	ID, UserID, Email, Password, Token string
	Methods                            []struct {
		ID, Kind, Name, Credential, Secret, PublicID, PrivateID string
		Codes                                                   []string
	}
}

func TestEveryLabUseCaseHasARoute(t *testing.T) {
	elsewhere := map[string]string{"PastPassword": "the conformance endpoints", "Wake": "follows the clock", "Queued": "the inbox itself asks",
		"MakeFixture": "a part of Make"}
	routed := map[string]bool{}
	for _, rt := range labRoutes() {
		routed[rt.use] = true
	}
	var all []string
	for _, typ := range []reflect.Type{reflect.TypeFor[*lab.Service](), reflect.TypeFor[Inbox]()} {
		for i := range typ.NumMethod() {
			all = append(all, typ.Method(i).Name)
		}
	}
	for _, use := range all {
		if _, not := elsewhere[use]; routed[use] == not {
			t.Errorf("%s: got routed %v and listed as not the API's %v, want exactly one", use, routed[use], not)
		}
	}
	for use := range routed {
		if !slices.Contains(all, use) {
			t.Errorf("%s: got a route to it, want a use case of a lab", use)
		}
	}
}

// Outside of a lab there is no trace of one.
func TestASiteHasNoLab(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	for _, rt := range slices.Concat(labRoutes(), conformRoutes()) {
		path := "/api/v1" + rt.path
		if rt.root {
			path = rt.path
		}
		if got := p.send(rt.method, path, "application/json", "{}"); got.Code != 404 {
			t.Errorf("%s %s: got %d, want 404", rt.method, path, got.Code)
		}
	}
	if doc := p.send("GET", "/openapi.json", "", "").Body.String(); strings.Contains(doc, `"/lab`) || strings.Contains(doc, "/attestation") {
		t.Error("the contract: got routes of a lab, want none")
	}
	w.enrolled(p)
	r := p.send("GET", "/api/v1/session", "", "")
	if !strings.Contains(r.Body.String(), `"lab":false`) {
		t.Errorf("session: got %s, want no lab", r.Body)
	}
	r = httptest.NewRecorder() // the header is a lab's alone
	req := httptest.NewRequest("GET", testOrigin+"/api/v1/session", nil)
	req.RemoteAddr = p.address
	req.Header.Set("Authorization", "Bearer "+p.bearer)
	req.Header.Set(laterHeader, "1000h")
	if w.server.ServeHTTP(r, req); r.Code != 200 {
		t.Errorf("a session with the header of a lab: got %d, want 200", r.Code)
	}
}

// What a lab hands out is good in no real site, not even over the same keys.
func TestNothingOfALabIsGoodOutside(t *testing.T) {
	lab, site := newLabWorld(t), newWorld(t)
	site.seller()
	p := lab.program()
	var made fixture
	p.must("POST", "/lab/accounts", m{"name": "ann", "email": testEmail, "password": testPassword, "session": true, "methods": []m{{"kind": "totp"}}}, &made)
	if !strings.HasPrefix(made.Token, "lab.") {
		t.Errorf("got token %.8s…, want one that says what it is", made.Token)
	}
	out := site.program()
	for _, token := range []string{made.Token, strings.TrimPrefix(made.Token, "lab.")} {
		out.bearer = token
		if r := out.api("GET", "/session", nil, nil); r.Code != 401 {
			t.Errorf("a lab's token at a site: got %d, want 401", r.Code)
		}
	}
	p.bearer = strings.TrimPrefix(made.Token, "lab.")
	if r := p.api("GET", "/session", nil, nil); r.Code != 401 {
		t.Errorf("a token without its mark in the lab: got %d, want 401", r.Code)
	}
	p.bearer = ""
	var begun answer
	p.must("POST", "/sign-in", m{"identifier": testEmail, "password": testPassword}, &begun)
	if r := site.program().api("POST", "/sign-in/state", m{"ceremony": begun.Ceremony}, nil); !strings.Contains(r.Body.String(), string(auth.CeremonyOtherBrowser)) {
		t.Errorf("a lab's ceremony at a site: got %s, want %s", r.Body, auth.CeremonyOtherBrowser)
	}
	p.bearer = made.Token
	if r := p.api("GET", "/session", nil, nil); !strings.Contains(r.Body.String(), `"lab":true`) {
		t.Errorf("session: got %s, want that it is a lab's", r.Body)
	}
}

// Fixtures are the same for the same seed, and can do what anybody can who signed up.
func TestFixtures(t *testing.T) {
	key := stick(t, "fixture")
	exported := exportedKey(t, key)
	form := m{"name": "ann", "phone": "+8613800138000", "session": true, "methods": []m{
		{"kind": "webauthn", "name": "Blue", "virtual": exported}, {"kind": "totp"}, {"kind": "totp", "secret": "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"},
		{"kind": "phone", "number": "+8613800138000"}, {"kind": "email", "address": "other@example.com"}, {"kind": "lookup"}}}
	var made [2]fixture
	var w *world
	for i := range made {
		w = newLabWorld(t)
		w.program().must("POST", "/lab/accounts", form, &made[i])
	}
	p := w.program()
	p.bearer = made[1].Token
	if made[0].Token == made[1].Token {
		t.Error("two sessions: got the same token, want it drawn")
	}
	made[0].Token = made[1].Token
	if !reflect.DeepEqual(made[0], made[1]) {
		t.Errorf("got %+v and %+v from one seed, want the same", made[0], made[1])
	}
	var security struct {
		Methods []struct{ Kind, Name string }
	}
	p.must("GET", "/security", nil, &security)
	for _, secret := range []string{made[1].Methods[1].Secret, "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"} {
		q, begun := signInAs(w, made[1], "totp")
		q.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": w.code(secret)}}, nil)
		w.pass(time.Minute)
	}
	q, begun := signInAs(w, made[1], "lookup")
	q.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": made[1].Methods[5].Codes[3]}}, nil)
	q, begun = signInAs(w, made[1], "webauthn")
	response, err := key.Get(begun.Prompt)
	if err != nil {
		t.Fatal(err)
	}
	q.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": json.RawMessage(response)}, nil)
	for _, kind := range []string{"phone", "email"} {
		q, begun = signInAs(w, made[1], kind)
		q.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": w.mailed(auth.TemplateCode).Args["code"]}}, nil)
	}
}

// What a key types lives on the key before it, a token is a thing of its own, and each signs in.
func TestFixturesThatType(t *testing.T) {
	w := newLabWorld(t)
	var made fixture
	w.program().must("POST", "/lab/accounts", m{"name": "ann", "session": true, "methods": []m{
		{"kind": "webauthn", "name": "Blue", "virtual": exportedKey(t, stick(t, "blue"))},
		{"kind": "webauthn", "name": "Red", "virtual": exportedKey(t, stick(t, "red"))},
		{"kind": "hotp", "counter": 7}, {"kind": "yubiotp"},
		{"kind": "hotp", "flavour": "token", "serial": "T-1", "counter": 90},
		{"kind": "yubiotp", "publicId": "dteffuje", "privateId": "8792ebfe26cc",
			"secret": "ecde18dbe76fbd0c33330f1c354871db"},
	}}, &made)
	p := w.program()
	p.bearer = made.Token
	var info struct {
		Methods []struct{ ID, Flavour, Name, Device, Serial string }
	}
	p.must("GET", "/security", nil, &info)
	device := map[string]string{}
	for _, x := range info.Methods {
		device[x.ID] = x.Device
	}
	id := func(i int) string { return device[made.Methods[i].ID] }
	if red := id(1); red == "" || red == id(0) || id(2) != red || id(3) != red || id(5) != red || id(4) == red {
		t.Errorf("got %q, want what types on the red key, and a token of its own", device)
	}
	slot := func(i int) *virtual.YubicoOTP {
		x := made.Methods[i]
		slot, err := virtual.NewYubicoOTP(x.PublicID, x.PrivateID, x.Secret)
		if err != nil {
			t.Fatal(err)
		}
		return slot
	}
	if made.Methods[5].PublicID != "dteffuje" {
		t.Errorf("got public id %q, want that of the form", made.Methods[5].PublicID)
	}
	for i, code := range map[int]string{2: counted(t, made.Methods[2].Secret, 7), 3: slot(3).Touch(),
		4: counted(t, made.Methods[4].Secret, 91), 5: slot(5).Touch()} {
		q, begun := signInAs(w, made, made.Methods[i].Kind)
		r := q.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": code}}, nil)
		if r.Code != 200 {
			t.Errorf("%d, %s: got %d %s, want to be in", i, made.Methods[i].Kind, r.Code, r.Body)
		}
		w.pass(time.Minute)
	}
}

// signInAs takes the first step as a fixture and begins the second.
func signInAs(w *world, f fixture, kind string) (*person, answer) {
	w.t.Helper()
	p := w.program()
	var info, begun answer
	p.must("POST", "/sign-in", m{"identifier": f.Email, "password": f.Password}, &info)
	in := m{"ceremony": info.Ceremony, "kind": kind}
	if kind == "phone" {
		in["channel"] = "sms"
	}
	p.must("POST", "/sign-in/begin", in, &begun)
	return p, begun
}

// exportedKey registers a key somewhere else and returns it as DevTools would export it.
func exportedKey(t *testing.T, c *virtual.Client) virtual.CDPCredential {
	t.Helper()
	options := `{"rp":{"id":"accounts.example","name":"x"},"user":{"id":"AAEC","name":"a","displayName":"a"},"challenge":"AAECAwQFBgcICQoLDA0ODw",
		"pubKeyCredParams":[{"type":"public-key","alg":-7}],"authenticatorSelection":{"residentKey":"preferred"}}`
	if _, err := c.Create([]byte(options)); err != nil {
		t.Fatal(err)
	}
	out, err := c.Authenticators[0].Credentials()[0].CDP()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// A discoverable credential names the account that it was made for somewhere else.
func TestFixtureOfAResidentKey(t *testing.T) {
	w := newLabWorld(t)
	device, err := virtual.New(virtual.Options{Seed: []byte("resident"), ResidentKeys: true, UserVerification: virtual.UVSucceeds})
	if err != nil {
		t.Fatal(err)
	}
	key := &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
	p := w.program()
	p.must("POST", "/lab/accounts", m{"name": "ann", "methods": []m{{"kind": "webauthn", "virtual": exportedKey(t, key)}}}, nil)
	var begun, done answer
	p.must("POST", "/sign-in/key", m{}, &begun)
	response, err := key.Get(begun.Prompt)
	if err != nil {
		t.Fatal(err)
	}
	p.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": json.RawMessage(response)}, &done)
	if done.Token == "" {
		t.Errorf("got %+v, want a session", done)
	}
}

func TestFixturesAreRefusedWhatCannotBe(t *testing.T) {
	w := newLabWorld(t)
	p := w.program()
	p.must("POST", "/lab/accounts", m{"name": "ann"}, nil)
	for name, c := range map[string]struct {
		form m
		code auth.Code
	}{
		"no name":          {m{}, auth.NameMissing},
		"name twice":       {m{"name": "ann"}, auth.AccountExists},
		"address twice":    {m{"name": "bob", "email": "Ann@lab.example"}, auth.AccountExists},
		"no such kind":     {m{"name": "bob", "methods": []m{{"kind": "palm"}}}, auth.NoSuchMethod},
		"no credential":    {m{"name": "bob", "methods": []m{{"kind": "webauthn"}}}, auth.MalformedRequest},
		"no key":           {m{"name": "bob", "methods": []m{{"kind": "webauthn", "credential": "AAEC", "publicKey": "oA"}}}, auth.MalformedRequest},
		"no virtual key":   {m{"name": "bob", "methods": []m{{"kind": "webauthn", "virtual": m{"credentialId": "AAEC"}}}}, auth.MalformedRequest},
		"short secret":     {m{"name": "bob", "methods": []m{{"kind": "totp", "secret": "JBSWY3DP"}}}, auth.MalformedRequest},
		"bad code":         {m{"name": "bob", "methods": []m{{"kind": "lookup", "codes": []string{"what"}}}}, auth.MalformedRequest},
		"bad number":       {m{"name": "bob", "methods": []m{{"kind": "phone", "number": "1"}}}, auth.PhoneMalformed},
		"bad address":      {m{"name": "bob", "methods": []m{{"kind": "email", "address": "x"}}}, auth.EmailMalformed},
		"bad handle":       {m{"name": "bob", "handle": "=="}, auth.MalformedRequest},
		"unknown member":   {m{"name": "bob", "methods": []m{{"kind": "totp", "secrets": ""}}}, auth.UnknownMember},
		"text for number":  {m{"name": "bob", "methods": []m{{"kind": "totp", "signCount": "1"}}}, auth.MalformedRequest},
		"number for text":  {m{"name": "bob", "methods": []any{1}}, auth.MalformedRequest},
		"object for list":  {m{"name": "bob", "methods": m{}}, auth.MalformedRequest},
		"broken number":    {m{"name": "bob", "methods": []m{{"kind": "totp", "signCount": 1.5}}}, auth.MalformedRequest},
		"negative count":   {m{"name": "bob", "methods": []m{{"kind": "hotp", "counter": -1}}}, auth.MalformedRequest},
		"short touch":      {m{"name": "bob", "methods": []m{{"kind": "hotp", "secret": "JBSWY3DP"}}}, auth.MalformedRequest},
		"another flavour":  {m{"name": "bob", "methods": []m{{"kind": "hotp", "flavour": "key"}}}, auth.MalformedRequest},
		"half of a key":    {m{"name": "bob", "methods": []m{{"kind": "yubiotp", "publicId": "dteffuje"}}}, auth.MalformedRequest},
		"negative counter": {m{"name": "bob", "methods": []m{{"kind": "webauthn", "credential": "AAEC", "signCount": -1}}}, auth.MalformedRequest},
	} {
		if r := p.api("POST", "/lab/accounts", c.form, nil); codeIn(r) != c.code {
			t.Errorf("%s: got %d %s, want %s", name, r.Code, r.Body, c.code)
		}
	}
}

func codeIn(r *httptest.ResponseRecorder) auth.Code {
	var p struct{ Code auth.Code }
	_ = json.Unmarshal(r.Body.Bytes(), &p)
	return p.Code
}

// The clock moves all that time decides, and back it revives nothing (promise of the clock's high-water mark).
func TestLabClock(t *testing.T) {
	w := newLabWorld(t)
	p := w.program()
	var made fixture
	p.must("POST", "/lab/accounts", m{"name": "ann", "session": true, "methods": []m{{"kind": "totp"}}}, &made)
	p.bearer = made.Token
	clock := func(in m) (c struct {
		Now, Told time.Time
		Stopped   bool
	}) {
		t.Helper()
		p.must("POST", "/lab/clock", in, &c)
		return c
	}
	if got := clock(m{"advance": "11h59m"}); !got.Told.Equal(start().Add(11*time.Hour+59*time.Minute)) || !got.Now.Equal(got.Told) {
		t.Errorf("got %v, want 11 h 59 min on", got)
	}
	p.must("GET", "/session", nil, nil)
	clock(m{"advance": "12h"})
	if r := p.api("GET", "/session", nil, nil); codeIn(r) != auth.SessionEnded {
		t.Errorf("after 12 h without use: got %s, want %s", r.Body, auth.SessionEnded)
	}
	back := clock(m{"set": start(), "stop": true})
	if !back.Now.Equal(start()) || !back.Told.Equal(start().Add(23*time.Hour+59*time.Minute)) || !back.Stopped {
		t.Errorf("set back: got %+v, want the clock back and the service's time standing", back)
	}
	if r := p.api("GET", "/session", nil, nil); codeIn(r) != auth.SessionEnded {
		t.Errorf("with the clock set back: got %s, want %s", r.Body, auth.SessionEnded)
	}
	w.pass(time.Hour)
	if got := clock(m{}); !got.Now.Equal(start()) {
		t.Errorf("stopped: got %v, want %v", got.Now, start())
	}
	if got := clock(m{"run": true, "set": start().Add(48 * time.Hour)}); got.Stopped || !got.Told.Equal(start().Add(48*time.Hour)) {
		t.Errorf("run: got %+v, want it on", got)
	}
	for name, in := range map[string]m{"no time": {"set": "soon"}, "no length": {"advance": "24"}, "both": {"stop": true, "run": true},
		"too far": {"set": "9999-01-01T00:00:00Z"}, "too early": {"set": "1999-01-01T00:00:00Z"}} {
		if r := p.api("POST", "/lab/clock", in, nil); codeIn(r) != auth.MalformedRequest {
			t.Errorf("%s: got %s, want %s", name, r.Body, auth.MalformedRequest)
		}
	}
}

// One request may be judged as if it came later; nobody else's time moves by that.
func TestOneRequestJudgedLater(t *testing.T) {
	w := newLabWorld(t)
	p := w.program()
	var made fixture
	p.must("POST", "/lab/accounts", m{"name": "ann", "methods": []m{{"kind": "totp"}}}, &made)
	_, begun := signInAs(w, made, "totp")
	body := `{"ceremony":"` + begun.Ceremony + `","response":{"code":"` + w.code(made.Methods[0].Secret) + `"}}`
	send := func(later string) *httptest.ResponseRecorder {
		r := httptest.NewRequest("POST", testOrigin+"/api/v1/sign-in/finish", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		if later != "" {
			r.Header.Set(laterHeader, later)
		}
		out := httptest.NewRecorder()
		w.server.ServeHTTP(out, r)
		return out
	}
	if r := send("15m1s"); codeIn(r) != auth.CeremonyExpired {
		t.Errorf("later: got %s, want %s", r.Body, auth.CeremonyExpired)
	}
	if r := send("soon"); codeIn(r) != auth.MalformedRequest {
		t.Errorf("no length: got %s, want %s", r.Body, auth.MalformedRequest)
	}
	if r := send(""); r.Code != 200 {
		t.Errorf("now: got %s, want it done", r.Body)
	}
}

func TestLabReset(t *testing.T) {
	w := newLabWorld(t)
	p := w.program()
	for range 2 {
		var made fixture
		p.must("POST", "/lab/accounts", m{"name": "ann", "session": true, "methods": []m{{"kind": "totp"}}}, &made)
		_, begun := signInAs(w, made, "totp")
		p.must("PUT", "/lab/inbox/faults", m{"faults": []m{{"channel": "sms", "lose": true}}}, nil)
		p.must("POST", "/lab/clock", m{"advance": "24h"}, nil)
		p.must("POST", "/lab/reset", nil, nil)
		p.bearer = made.Token
		if r := p.api("GET", "/session", nil, nil); codeIn(r) != auth.SessionEnded {
			t.Errorf("the session: got %s, want %s", r.Body, auth.SessionEnded)
		}
		if r := p.api("POST", "/sign-in/state", m{"ceremony": begun.Ceremony}, nil); codeIn(r) != auth.CeremonyOtherBrowser {
			t.Errorf("the ceremony: got %s, want %s", r.Body, auth.CeremonyOtherBrowser)
		}
		var state struct {
			Clock struct{ Told time.Time }
			RPID  string `json:"rpId"`
		}
		p.must("GET", "/lab", nil, &state)
		if !state.Clock.Told.Equal(start()) || state.RPID != "accounts.example" {
			t.Errorf("the lab: got %+v, want it as at the start", state)
		}
		if r := p.api("GET", "/lab/inbox/faults", nil, nil); !strings.Contains(r.Body.String(), `"faults":[]`) {
			t.Errorf("faults: got %s, want none", r.Body)
		}
	}
}

// A switched-off account is told so only to who knows its password; a removed method is gone at once.
func TestSwitchedOffAndForgotten(t *testing.T) {
	w := newLabWorld(t)
	p := w.program()
	var made fixture
	p.must("POST", "/lab/accounts", m{"name": "ann", "session": true, "methods": []m{{"kind": "totp"}, {"kind": "totp"}}}, &made)
	_, begun := signInAs(w, made, "totp")
	p.must("POST", "/lab/accounts/"+made.ID+"/disable", nil, nil)
	p.bearer = made.Token
	if r := p.api("GET", "/session", nil, nil); codeIn(r) != auth.SessionEnded {
		t.Errorf("its session: got %s, want %s", r.Body, auth.SessionEnded)
	}
	p.bearer = ""
	for name, c := range map[string]struct {
		path string
		in   m
		code auth.Code
	}{
		"begun":          {"/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": w.code(made.Methods[0].Secret)}}, auth.AccountDisabled},
		"right password": {"/sign-in", m{"identifier": made.Email, "password": made.Password}, auth.AccountDisabled},
		"wrong password": {"/sign-in", m{"identifier": made.Email, "password": "Wrong-Horse-99"}, auth.SignInRefused},
		"lab session":    {"/lab/accounts/" + made.ID + "/session", nil, auth.AccountDisabled},
	} {
		if r := p.api("POST", c.path, c.in, nil); codeIn(r) != c.code {
			t.Errorf("%s: got %s, want %s", name, r.Body, c.code)
		}
	}
	p.must("POST", "/lab/accounts/"+made.ID+"/enable", nil, nil)
	if r := p.api("POST", "/sign-in/state", m{"ceremony": begun.Ceremony}, nil); codeIn(r) != auth.CeremonyVoid {
		t.Errorf("what was begun before: got %s, want %s", r.Body, auth.CeremonyVoid)
	}
	signInAs(w, made, "totp")
	p.must("DELETE", "/lab/accounts/"+made.ID+"/methods/"+made.Methods[1].ID, nil, nil)
	for _, path := range []string{made.ID + "/methods/" + made.Methods[1].ID, "nobody/methods/x"} {
		if r := p.api("DELETE", "/lab/accounts/"+path, nil, nil); codeIn(r) != auth.NotFound {
			t.Errorf("%s: got %s, want %s", path, r.Body, auth.NotFound)
		}
	}
	var session answer
	p.must("POST", "/lab/accounts/"+made.ID+"/session", nil, &session)
	if session.Step != "signed-in" || session.Session.AAL != 2 {
		t.Errorf("a session: got %+v, want one beyond the second step", session)
	}
}

// Messages come late, never, twice, or as they are.
func TestLabInbox(t *testing.T) {
	w := newLabWorld(t)
	inbox := w.server.config.Inbox.(*notify.Inbox)
	p := w.program()
	n := 0
	deliver := func(to ident.Recipient) error {
		n++
		_, err := inbox.Deliver(context.Background(), auth.Message{ID: strings.Repeat("x", n), Channel: auth.SMS, Recipient: to, Args: map[string]string{"code": "123456"}}, notify.Text{Body: "123456"})
		return err
	}
	read := func(query string) (in struct {
		Messages []struct{ To, Text, Code string }
		Cursor   int
		Code     string
	}) {
		t.Helper()
		p.must("GET", "/lab/inbox"+query, nil, &in)
		return in
	}
	p.must("PUT", "/lab/inbox/faults", m{"faults": []m{{"to": "+861", "lose": true, "times": 1}, {"to": "+862", "delay": "30s", "copies": 2}, {"to": "+863", "refuse": true}}}, nil)
	for _, to := range []ident.Recipient{"+861", "+862", "+861"} {
		if err := deliver(to); err != nil {
			t.Errorf("%s: got %v, want it taken", to, err)
		}
	}
	if err := deliver("+863"); err == nil {
		t.Error("refused: got it taken, want an error")
	}
	if got := read(""); len(got.Messages) != 1 || got.Messages[0].To != "+861" || got.Code != "123456" || got.Cursor != 1 {
		t.Errorf("at first: got %+v, want the second to +861", got)
	}
	p.must("POST", "/lab/clock", m{"advance": "30s"}, nil)
	if got := read("?after=1&to=%2B862&channel=sms"); len(got.Messages) != 2 || got.Cursor != 3 {
		t.Errorf("after 30 s: got %+v, want two to +862", got)
	}
	if got := read("?channel=email&wait=1ms"); len(got.Messages) != 0 {
		t.Errorf("mails: got %+v, want none", got)
	}
	p.must("DELETE", "/lab/inbox", nil, nil)
	p.must("DELETE", "/lab/inbox/faults", nil, nil)
	found := make(chan int)
	go func() {
		found <- len(inbox.Messages(context.Background(), auth.InboxQuery{Recipient: "+863", Wait: time.Minute}))
	}()
	if err := deliver("+863"); err != nil {
		t.Error(err)
	}
	if got := <-found; got != 1 {
		t.Errorf("waiting: got %d messages, want 1", got)
	}
	for _, query := range []string{"?after=x", "?wait=x"} {
		if r := p.api("GET", "/lab/inbox"+query, nil, nil); codeIn(r) != auth.MalformedRequest {
			t.Errorf("%s: got %s, want %s", query, r.Body, auth.MalformedRequest)
		}
	}
	if r := p.api("PUT", "/lab/inbox/faults", m{"faults": []m{{"delay": "x"}}}, nil); codeIn(r) != auth.MalformedRequest {
		t.Errorf("a delay of x: got %s, want %s", r.Body, auth.MalformedRequest)
	}
}

// The conformance tools ask for an authenticator of the platform by its attachment: that is a passkey here.
func TestAttachmentsOfTheConformanceTools(t *testing.T) {
	w := newLabWorld(t)
	for attachment, want := range map[string]string{"platform": "client-device", "cross-platform": "security-key"} {
		var options struct{ Hints []string }
		r := w.browser().send("POST", "/attestation/options", "application/json", `{"username":"`+attachment+
			`","displayName":"Bob","authenticatorSelection":{"authenticatorAttachment":"`+attachment+`"}}`)
		if err := json.Unmarshal(r.Body.Bytes(), &options); err != nil || !slices.Equal(options.Hints, []string{want}) {
			t.Errorf("%s: got %d %s, want the hint %s", attachment, r.Code, r.Body, want)
		}
	}
}
