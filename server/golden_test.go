package server

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"io"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/virtual"
)

// Golden stores are what older versions left: the file, the keyset that seals it and the secret that seals that, as
// they lie in a data folder, and what the sellers in it know. Today's code must open each of them and lose nothing.
//
//	go test ./server -run GoldenStores -golden 2026-12-31
//
// writes another one with the code as it is. Those that are there are never written anew: what they hold is the point.
const goldenFolder = "testdata/golden"

// newGolden names the golden store that is to be written.
var newGolden = flag.String("golden", "", "write a golden store of this name")

// facts is what the sellers of a golden store know, and what they were shown when it was written.
type facts struct {
	At      time.Time                // when the store was left
	Sellers map[string]*goldenSeller // by their e-mail's name
	Links   map[string]string        // mailed and not used yet, but for "undone"
	Flow    string                   // wei's sign-in that waits for the code of a text still in the outbox
	Sent    string                   // a gateway's reference to a message that it accepted
	Shop    string                   // wei's, with lin and zhu in it; "" in stores from before there were any
	Chains  uint64                   // of the audit trail
	Events  uint64
}

// A goldenSeller is one account with everything that its owner knows.
type goldenSeller struct {
	Token   string            // of a session kept signed in
	Trusted map[string]string // cookies of a browser that is trusted
	Secret  string            // of the app
	Codes   []string          // recovery codes; the first is used
	Number  string
	Mailbox string
	Key     json.RawMessage // the software authenticator, private keys included
	Passkey json.RawMessage
	Shown   map[string]json.RawMessage // answers of the reading routes
}

func goldenEmail(name string) string { return name + "@example.com" }

// shown are the reading routes: what they say of a seller is all that he has.
func shown() []string {
	return []string{"/session", "/security", "/sessions", "/browsers", "/history?limit=100", "/shops"}
}

// A goldenPerson tells the story of one seller.
type goldenPerson struct {
	*goldenSeller
	name string
	w    *world
	p    *person
}

// TestGoldenStores opens every golden store with today's code.
func TestGoldenStores(t *testing.T) {
	if *newGolden != "" {
		writeGolden(t, filepath.Join(goldenFolder, *newGolden))
	}
	folders, err := filepath.Glob(goldenFolder + "/*")
	if err != nil || len(folders) == 0 {
		t.Fatalf("got no golden store: %v", err)
	}
	for _, folder := range folders {
		for name, check := range map[string]func(*testing.T, *world, *facts){
			"read": checkShown, "sign-in": checkSignIn, "sign-in under way": checkUnderWay, "session": checkSession,
			"trust": checkTrust, "removals": checkRemovals, "links": checkLinks, "counts": checkCounts,
			"audit": checkAudit, "sent": checkSent, "shop": checkShop,
		} {
			t.Run(filepath.Base(folder)+"/"+name, func(t *testing.T) {
				w, f := openGolden(t, folder)
				check(t, w, f)
			})
		}
	}
}

// openGolden opens a golden store as it was left: not a second has passed.
func openGolden(t *testing.T, folder string) (*world, *facts) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(folder, "facts.json"))
	if err != nil {
		t.Fatal(err)
	}
	f := &facts{}
	if err := json.Unmarshal(raw, f); err != nil {
		t.Fatal(err)
	}
	secret, err := store.ReadSecret(filepath.Join(folder, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	keyset, err := os.ReadFile(filepath.Join(folder, "keyset"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.LoadKeys(keyset, secret, nil)
	if err != nil {
		t.Fatal(err)
	}
	left := gunzip(t, filepath.Join(folder, "latchkey.db.gz"))
	return newWorldAt(t, f.At, left, func(a *auth.Config, _ *Config) { a.Keys, a.Tokens = keys, false }), f
}

func gunzip(t *testing.T, path string) []byte {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	z, err := gzip.NewReader(file)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// writeGolden lets the sellers live and leaves the folder behind.
func writeGolden(t *testing.T, folder string) {
	t.Helper()
	if err := os.Mkdir(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	secret, err := store.CreateSecret(filepath.Join(folder, "secret"))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := store.CreateKeys(filepath.Join(folder, "keyset"), secret)
	if err != nil {
		t.Fatal(err)
	}
	w := newWorldAt(t, start(), nil, func(a *auth.Config, _ *Config) { a.Keys = keys })
	f := &facts{Sellers: map[string]*goldenSeller{}, Links: map[string]string{}}
	live(w, f)
	if f.Chains, f.Events, err = w.service.VerifyAudit(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	raw, err := json.MarshalIndent(f, "", " ")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "facts.json"), append(raw, '\n'), 0o644); err != nil {
		t.Fatal(err)
	}
	small := filepath.Join(t.TempDir(), "small.db")
	if err := w.db.Compact(small); err != nil {
		t.Fatal(err)
	}
	left, err := os.ReadFile(small)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(left); err != nil || z.Close() != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "latchkey.db.gz"), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
}

// live is what happens in the store: every method, a session kept, a browser trusted, removals that wait, that were
// undone and that can be, links, counts, and messages before and after their delivery.
func live(w *world, f *facts) {
	names := []string{"wei", "lin", "zhu", "tao", "mei", "han"}
	people := map[string]*goldenPerson{}
	for i, name := range names {
		people[name] = w.settle(name, "+861380013800"+string(rune('0'+i)))
		f.Sellers[name] = people[name].goldenSeller
		w.pass(time.Minute)
	}
	f.Shop = liveShop(people, f)
	people["wei"].everything()
	for _, name := range []string{"zhu", "lin", "tao"} { // a text removes an app, but not before tomorrow
		link := people[name].askRemoval()
		f.Links[name] = link
		if name == "zhu" {
			w.program().must("POST", "/undo", m{"link": link}, nil)
			w.pass(time.Minute)
			again, _ := people[name].finish("totp", nil, w.code(people[name].Secret)) // it ended every session
			people[name].p.bearer = again.Token
		}
		w.pass(time.Minute)
	}
	p := w.program()
	p.must("POST", "/sign-up", m{"email": goldenEmail("new")}, nil)
	f.Links["sign-up"] = lastPart(w.mailed(auth.TemplateSignUp).Args["link"])
	people["mei"].proveFreshly(auth.ActContact)
	people["mei"].p.must("POST", "/contact/email", m{"email": goldenEmail("mei-moved")}, nil)
	f.Links["email"] = lastPart(w.mailed(auth.TemplateEmailChange).Args["link"])
	for range 3 { // of five wrong codes that are free
		people["mei"].finish("totp", nil, "000000")
	}
	for range 4 { // of five wrong passwords
		p.api("POST", "/sign-in", m{"identifier": goldenEmail("han"), "password": "Wrong-Horse9"}, nil)
	}
	p.forgot(goldenEmail("han"))
	f.Links["reset"] = lastPart(w.mailed(auth.TemplateReset).Args["link"])
	w.pass(time.Minute)
	f.Flow, f.Sent = people["wei"].underWay()
	for _, s := range people {
		s.Token = s.p.bearer
		s.Shown = map[string]json.RawMessage{}
		for _, path := range shown() {
			got := s.p.api("GET", path, nil, nil)
			s.Shown[path] = json.RawMessage(got.Body.String())
		}
	}
	f.At = w.time()
}

// settle signs a seller up, with an app and a number, in a session kept signed in.
func (w *world) settle(name, number string) *goldenPerson {
	w.t.Helper()
	s := &goldenPerson{goldenSeller: &goldenSeller{Number: number}, name: name, w: w, p: w.program()}
	w.signUp(s.p, goldenEmail(name), m{"name": "Seller " + name, "userName": name + "的店", "phone": number})
	s.p.bearer = s.begin().Token
	s.Secret = s.p.addApp()
	s.bind(m{"kind": "phone", "number": number, "channel": "sms"}, nil)
	return s
}

// begin takes the first step.
func (s *goldenPerson) begin() answer {
	s.w.t.Helper()
	var a answer
	in := m{"identifier": goldenEmail(s.name), "password": testPassword, "remember": true}
	s.w.program().must("POST", "/sign-in", in, &a)
	return a
}

// finish signs in from a program of its own; code nil is the one that was sent.
func (s *goldenPerson) finish(kind string, more m, response any) (answer, int) {
	s.w.t.Helper()
	p := s.w.program()
	info := s.begin()
	begun := answer{}
	done := answer{}
	in := m{"ceremony": info.Ceremony, "kind": kind}
	maps.Copy(in, more)
	if got := p.api("POST", "/sign-in/begin", in, &begun); got.Code != http.StatusOK {
		return done, got.Code
	}
	switch r := response.(type) {
	case nil:
		response = m{"code": s.w.mailed(auth.TemplateCode).Args["code"]}
	case string:
		response = m{"code": r}
	case *virtual.Client:
		response = s.get(r, begun.Prompt)
	}
	got := p.api("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": response}, &done)
	return done, got.Code
}

func (s *goldenPerson) get(client *virtual.Client, prompt json.RawMessage) json.RawMessage {
	s.w.t.Helper()
	response, err := client.Get(prompt)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return response
}

// bind adds a method; client nil types the code that was sent.
func (s *goldenPerson) bind(in m, client *virtual.Client) {
	s.w.t.Helper()
	var begun, done answer
	s.p.must("POST", "/methods/begin", in, &begun)
	var response any
	if client != nil {
		raw, err := client.Create(begun.Prompt)
		if err != nil {
			s.w.t.Fatal(err)
		}
		response = json.RawMessage(raw)
	} else {
		response = m{"code": s.w.mailed(auth.TemplateCode).Args["code"]}
	}
	s.p.must("POST", "/methods/finish", m{"ceremony": begun.Ceremony, "response": response}, &done)
	if done.Token != "" {
		s.p.bearer = done.Token
	}
}

// everything gives the seller every other method there is, and a trusted browser.
func (s *goldenPerson) everything() {
	t := s.w.t
	key, passkey := s.stick(), s.phoneWithPasskey()
	for _, c := range []struct {
		flavour string
		client  *virtual.Client
		to      *json.RawMessage
	}{{"key", key, &s.Key}, {"passkey", passkey, &s.Passkey}} {
		s.bind(m{"kind": "webauthn", "flavour": c.flavour, "resident": c.flavour == "passkey"}, c.client)
		s.w.pass(time.Minute)
		if _, code := s.finish("webauthn", nil, c.client); code != http.StatusOK {
			t.Fatalf("a sign-in with the %s: got %d", c.flavour, code)
		}
		raw, err := c.client.Authenticators[0].Export()
		if err != nil {
			t.Fatal(err)
		}
		*c.to = raw
	}
	s.Mailbox = goldenEmail("wei-codes")
	s.bind(m{"kind": "email", "address": s.Mailbox}, nil)
	var made answer
	s.p.must("POST", "/recovery-codes", nil, &made)
	if made.Token != "" {
		s.p.bearer = made.Token
	}
	s.Codes = made.Codes
	if _, code := s.finish("lookup", nil, s.Codes[0]); code != http.StatusOK {
		t.Fatalf("a sign-in with a recovery code: got %d", code)
	}
	s.w.pass(time.Minute)
	b := s.w.browser()
	var begun answer
	b.must("POST", "/sign-in", m{"identifier": goldenEmail(s.name), "password": testPassword, "remember": true}, &begun)
	b.must("POST", "/sign-in/begin", m{"ceremony": begun.Ceremony, "kind": "totp"}, &begun)
	b.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": m{"code": s.w.code(s.Secret)}}, nil)
	b.must("POST", "/browsers/trust", nil, nil)
	s.Trusted = b.cookies()
}

func (s *goldenPerson) stick() *virtual.Client { return stick(s.w.t, "a key of gold") }

func (s *goldenPerson) phoneWithPasskey() *virtual.Client {
	device, err := virtual.New(virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds,
		Backup: true, BackedUp: true, Seed: []byte("a passkey of gold")})
	if err != nil {
		s.w.t.Fatal(err)
	}
	return &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
}

// askRemoval asks, in a session that a text opened, to remove the app, and returns the link that stops it.
func (s *goldenPerson) askRemoval() string {
	s.w.t.Helper()
	s.w.pass(time.Minute)
	weak, _ := s.finish("phone", m{"channel": "sms"}, nil)
	p := s.w.program()
	p.bearer = weak.Token
	p.must("DELETE", "/methods/"+s.method(p, "totp"), nil, nil)
	return lastPart(s.w.mailed(auth.TemplateRemoval).Args["undo"])
}

// proveFreshly shows the app once more for an act.
func (s *goldenPerson) proveFreshly(act auth.Action) {
	s.w.t.Helper()
	var begun, done answer
	s.p.must("POST", "/step-up/begin", m{"action": act, "kind": "totp"}, &begun)
	s.p.must("POST", "/step-up/finish", m{"ceremony": begun.Ceremony, "response": m{"code": s.w.code(s.Secret)}}, &done)
	s.p.bearer = done.Token
}

// method is the id of the seller's method of a kind, "" for none.
func (s *goldenPerson) method(p *person, kind string) string {
	s.w.t.Helper()
	var info struct{ Methods []struct{ ID, Kind string } }
	p.must("GET", "/security", nil, &info)
	for _, x := range info.Methods {
		if x.Kind == kind {
			return x.ID
		}
	}
	return ""
}

// underWay begins a sign-in whose text stays in the outbox, after one that a gateway took.
func (s *goldenPerson) underWay() (flow, sent string) {
	s.w.t.Helper()
	p := s.w.program()
	for range 2 {
		var begun answer
		p.must("POST", "/sign-in/begin", m{"ceremony": s.begin().Ceremony, "kind": "phone", "channel": "sms"}, &begun)
		if flow = begun.Ceremony; sent == "" {
			sent = s.w.mailed(auth.TemplateCode).ID
		}
		s.w.pass(time.Minute)
	}
	return flow, sent
}

// cookies are the browser's, by name.
func (p *person) cookies() map[string]string {
	all := map[string]string{}
	for _, c := range p.jar.Cookies(&url.URL{Scheme: "https", Host: "accounts.example", Path: "/"}) {
		all[c.Name] = c.Value
	}
	return all
}
