package server

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"
)

// namesIn lists the members of bodies that hold what somebody calls a person or a thing.
func namesIn(t *testing.T, w *world) []string {
	t.Helper()
	type schema struct {
		Type       string
		Properties map[string]json.RawMessage
	}
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct{ Schema schema }
			}
		}
	}
	if err := json.Unmarshal(ask(w.server, "GET", "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	var all []string
	for path, methods := range doc.Paths {
		for method, o := range methods {
			for _, c := range o.RequestBody.Content {
				for member := range c.Schema.Properties {
					if l := strings.ToLower(member); strings.HasSuffix(l, "name") || l == "place" {
						all = append(all, method+" "+path+" "+member)
					}
				}
			}
		}
	}
	slices.Sort(all)
	return all
}

// No name that anybody gives is of characters that cannot be seen, or that move others: those between others go, and
// what shows nothing is no name. A new body with a name in it fails here until it is tried, too.
func TestEveryNameCanBeSeen(t *testing.T) {
	w := newWorld(t)
	const hidden, odd = "\u3164\u202e", "Bl\u202eue\U000e0041\u2066"
	p := w.program()
	p.must("POST", "/sign-up", m{"email": testEmail}, nil)
	link := lastPart(w.mailed("sign-up").Args["link"])
	form := func(change m) m {
		f := m{"link": link, "name": odd, "userName": "wei", "phone": "+8613800138000", "password": testPassword, "terms": true}
		maps.Copy(f, change)
		return f
	}
	tried := map[string]string{} // the member: what becomes of nothing that can be seen
	for member, code := range map[string]string{"name": "name-missing", "userName": "user-name-malformed"} {
		tried["post /sign-up/confirm "+member] = code
		got := refused(t, p.api("POST", "/sign-up/confirm", form(m{member: hidden}), nil))
		if got.Code != code {
			t.Errorf("signed up with the %s of nothing: got %s, want %s", member, got.Code, code)
		}
	}
	if got := refused(t, p.api("POST", "/sign-up/confirm", form(m{"userName": odd}), nil)); got.Field != "userName" {
		t.Errorf("signed up with a user name that turns: got %s of %q", got.Code, got.Field)
	}
	p.must("POST", "/sign-up/confirm", form(nil), nil)
	p.password()
	var a answer
	p.must("POST", "/methods/begin", m{"kind": "totp"}, &a)
	var prompt struct{ Secret string }
	if err := json.Unmarshal(a.Prompt, &prompt); err != nil {
		t.Fatal(err)
	}
	var done struct {
		Token         string
		Authenticator struct{ ID string }
	}
	tried["post /methods/finish name"], tried["post /methods/finish place"] = "", ""
	p.must("POST", "/methods/finish", m{"ceremony": a.Ceremony, "name": odd, "place": odd,
		"response": m{"code": w.code(prompt.Secret)}}, &done)
	p.bearer = done.Token
	unseen := func(when string) {
		t.Helper()
		for _, path := range []string{"/session", "/security", "/history"} {
			var answer any
			p.must("GET", path, nil, &answer)
			if said := fmt.Sprint(answer); strings.ContainsAny(said, hidden+odd[2:5]+"\U000e0041\u2066") ||
				!strings.Contains(said, "Blue") {
				t.Errorf("%s: %s says %q", when, path, said)
			}
		}
	}
	unseen("made")
	path := "/methods/" + done.Authenticator.ID
	tried["patch /methods/{id} name"], tried["patch /methods/{id} place"] = "name-missing", ""
	if got := refused(t, p.api("PATCH", path, m{"name": hidden}, nil)); got.Code != "name-missing" {
		t.Errorf("renamed to nothing: got %s, want name-missing", got.Code)
	}
	p.must("PATCH", path, m{"name": odd, "place": odd}, nil)
	tried["post /user-name userName"] = "user-name-malformed"
	for _, name := range []string{hidden, odd} {
		if got := refused(t, p.api("POST", "/user-name", m{"userName": name}, nil)); got.Code != "user-name-malformed" {
			t.Errorf("a user name of what cannot be seen: got %s", got.Code)
		}
	}
	tried["post /shops name"], tried["patch /shops/{shop} name"] = "name-missing", "name-missing"
	shop := p.shop(odd)
	for _, ask := range []func() *httptest.ResponseRecorder{
		func() *httptest.ResponseRecorder { return p.api("POST", "/shops", m{"name": hidden}, nil) },
		func() *httptest.ResponseRecorder { return p.api("PATCH", "/shops/"+shop, m{"name": hidden}, nil) },
	} {
		if got := refused(t, ask()); got.Code != "name-missing" {
			t.Errorf("a shop called nothing: got %s, want name-missing", got.Code)
		}
	}
	unseen("a shop made")
	p.must("PATCH", "/shops/"+shop, m{"name": odd}, nil)
	unseen("renamed")
	p.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613800138000", "channel": "sms"}, &a)
	p.must("POST", "/methods/finish",
		m{"ceremony": a.Ceremony, "response": m{"code": w.mailed("code").Args["code"]}}, nil)
	w.pass(time.Minute)
	q := w.program()
	shown, code := q.texted("+8613800138000")
	q.must("POST", "/forgot/phone/code", m{"ceremony": shown.Ceremony, "code": code}, &shown)
	tried["post /forgot/phone/name userName"] = "user-name-malformed"
	got := refused(t, q.api("POST", "/forgot/phone/name", m{"ceremony": shown.Ceremony, "userName": hidden}, nil))
	if got.Code != "user-name-malformed" {
		t.Errorf("a reset with a user name of nothing: got %s", got.Code)
	}
	tried["post /recovery name"] = "name-missing"
	got = refused(t, w.program().api("POST", "/recovery", m{"identifier": testEmail, "lost": []string{}, "takesOver": true,
		"newEmail": "mei@example.net", "name": hidden}, nil))
	if got.Code != "name-missing" {
		t.Errorf("an account asked for by nobody's name: got %s", got.Code)
	}
	if got, want := slices.Sorted(maps.Keys(tried)), namesIn(t, w); !slices.Equal(got, want) {
		t.Errorf("the bodies hold the names %q, want each tried: %q", want, got)
	}
}
