package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// as is a seller of the golden store in his kept session.
func (f *facts) as(w *world, name string) *goldenPerson {
	s := &goldenPerson{goldenSeller: f.Sellers[name], name: name, w: w, p: w.program()}
	s.p.bearer = s.Token
	return s
}

// client is a browser with a software authenticator that was exported.
func (s *goldenPerson) client(exported json.RawMessage) *virtual.Client {
	s.w.t.Helper()
	device, err := virtual.Import(exported, nil)
	if err != nil {
		s.w.t.Fatal(err)
	}
	return &virtual.Client{Origin: testOrigin, Authenticators: []*virtual.Authenticator{device}}
}

// Nothing is lost: every seller is shown what he was shown by the version that wrote the store.
func checkShown(t *testing.T, w *world, f *facts) {
	for name, s := range f.Sellers {
		p := w.program()
		p.bearer = s.Token
		for path, want := range s.Shown {
			var before, after any
			got := p.api("GET", path, nil, &after)
			if err := json.Unmarshal(want, &before); err != nil || got.Code != http.StatusOK {
				t.Fatalf("%s: %s: got %d %s (%v)", name, path, got.Code, got.Body, err)
			}
			if lost := missing(after, before); lost != "" {
				t.Errorf("%s: %s: got %s\nwant what it was: %s\nbut: %s", name, path, got.Body, want, lost)
			}
		}
	}
}

// missing says where an answer of today lacks what an older one had, "" for nowhere. More members are no loss.
func missing(got, want any) string {
	switch w := want.(type) {
	case map[string]any:
		g, _ := got.(map[string]any)
		for name := range w {
			if lost := missing(g[name], w[name]); lost != "" {
				return "." + name + lost
			}
		}
		return ""
	case []any:
		g, _ := got.([]any)
		if len(g) != len(w) {
			return fmt.Sprintf(": %d of %d", len(g), len(w))
		}
		for i := range w {
			if lost := missing(g[i], w[i]); lost != "" {
				return fmt.Sprintf("[%d]%s", i, lost)
			}
		}
		return ""
	}
	if got != want {
		return fmt.Sprintf(": got %v, want %v", got, want)
	}
	return ""
}

func checkSignIn(t *testing.T, w *world, f *facts) {
	wei := f.as(w, "wei")
	key, passkey := wei.client(wei.Key), wei.client(wei.Passkey)
	for _, c := range []struct {
		what, kind string
		more       m
		response   func() any
		want       int
	}{
		{"the USB key", "webauthn", nil, func() any { return key }, 200},
		{"the passkey", "webauthn", nil, func() any { return passkey }, 200},
		{"the app", "totp", nil, func() any { return w.code(wei.Secret) }, 200},
		{"a text", "phone", m{"channel": "sms"}, nil, 200},
		{"a call", "phone", m{"channel": "voice"}, nil, 200},
		{"the mailbox", "email", nil, nil, 200},
		{"a recovery code", "lookup", nil, func() any { return wei.Codes[1] }, 200},
		{"a recovery code that was used then", "lookup", nil, func() any { return wei.Codes[0] }, 422},
		{"a recovery code that was used now", "lookup", nil, func() any { return wei.Codes[1] }, 422},
	} {
		w.pass(time.Minute)
		var response any
		if c.response != nil {
			response = c.response()
		}
		if done, code := wei.finish(c.kind, c.more, response); code != c.want || (done.Token != "") != (code == 200) {
			t.Errorf("with %s: got %d, want %d", c.what, code, c.want)
		}
	}
	var begun, done answer // the passkey alone, which names the account itself
	p := w.program()
	p.must("POST", "/sign-in/key", m{}, &begun)
	p.must("POST", "/sign-in/finish", m{"ceremony": begun.Ceremony, "response": wei.get(passkey, begun.Prompt)}, &done)
	if done.Session == nil || done.Session.AAL != 2 {
		t.Errorf("with the passkey alone: got %+v, want a session", done)
	}
}

// A sign-in that was begun before the change of versions is finished after it, with the code that was not sent yet.
func checkUnderWay(t *testing.T, w *world, f *facts) {
	var done answer
	in := m{"ceremony": f.Flow, "response": m{"code": w.mailed(auth.TemplateCode).Args["code"]}}
	w.program().must("POST", "/sign-in/finish", in, &done)
	if done.Token == "" {
		t.Error("got no session, want one")
	}
}

// Sessions that are kept live on, to their end and not beyond.
func checkSession(t *testing.T, w *world, f *facts) {
	for _, c := range []struct {
		wait time.Duration
		want int
	}{{20 * 24 * time.Hour, 200}, {10 * 24 * time.Hour, 401}} {
		w.pass(c.wait)
		if got := f.as(w, "wei").p.api("GET", "/session", nil, nil); got.Code != c.want {
			t.Errorf("%v later: got %d, want %d", c.wait, got.Code, c.want)
		}
	}
}

func checkTrust(t *testing.T, w *world, f *facts) {
	for _, c := range []struct {
		wait time.Duration
		step string
	}{{time.Hour, "signed-in"}, {30 * 24 * time.Hour, "second-step"}} {
		w.pass(c.wait)
		b := w.browser()
		var all []*http.Cookie
		for name, value := range f.Sellers["wei"].Trusted {
			all = append(all, &http.Cookie{Name: name, Value: value, Path: "/", Secure: true})
		}
		b.jar.SetCookies(&url.URL{Scheme: "https", Host: "accounts.example", Path: "/"}, all)
		var a answer
		b.must("POST", "/sign-in", m{"identifier": goldenEmail("wei"), "password": testPassword}, &a)
		if a.Step != c.step {
			t.Errorf("%v later: got the step %s, want %s", c.wait, a.Step, c.step)
		}
	}
}

// A removal that waits comes due, one that was undone does not, and one that can still be undone is.
func checkRemovals(t *testing.T, w *world, f *facts) {
	w.program().must("POST", "/undo", m{"link": f.Links["tao"]}, nil)
	if got := w.program().api("POST", "/undo", m{"link": f.Links["zhu"]}, nil); got.Code != http.StatusGone {
		t.Errorf("the link that was used then: got %d, want 410", got.Code)
	}
	for _, c := range []struct {
		wait time.Duration
		lin  bool
	}{{20 * time.Hour, true}, {5 * time.Hour, false}} {
		w.pass(c.wait)
		if err := w.service.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]bool{"lin": c.lin, "zhu": true, "tao": true} {
			got := slices.Contains(kinds(f.as(w, name).begin()), "totp")
			if got != want {
				t.Errorf("%v later: %s has the app %v, want %v", c.wait, name, got, want)
			}
		}
	}
}

// kinds are those of the methods that a sign-in offers.
func kinds(a answer) (list []string) {
	for _, x := range a.Methods {
		list = append(list, x.Kind)
	}
	return list
}

func checkLinks(t *testing.T, w *world, f *facts) {
	p := w.program()
	p.must("POST", "/sign-up/confirm", m{"link": f.Links["sign-up"], "name": "Newest", "userName": "newest-shop",
		"phone": "+8613900139010", "password": "Vivid-Marmot7", "terms": true}, nil)
	mei := f.as(w, "mei").p
	mei.must("POST", "/contact/email/confirm", m{"link": f.Links["email"]}, nil)
	p.must("POST", "/forgot/password", m{"link": f.Links["reset"], "password": "Another-Horse9"}, nil)
	for identifier, password := range map[string]string{
		goldenEmail("new"): "Vivid-Marmot7", goldenEmail("mei-moved"): testPassword, f.Sellers["mei"].Number: testPassword,
		goldenEmail("han"): "Another-Horse9",
	} {
		got := p.api("POST", "/sign-in", m{"identifier": identifier, "password": password}, nil)
		if got.Code != http.StatusOK {
			t.Errorf("%s: got %d %s, want the second step", identifier, got.Code, got.Body)
		}
	}
	// What was typed when the link was asked for may have been a stranger's: it is in no account.
	got := p.api("POST", "/sign-in", m{"identifier": goldenEmail("new"), "password": testPassword}, nil)
	if got.Code == http.StatusOK {
		t.Error("the password that was typed before the mailbox was shown: got in")
	}
	for _, path := range []string{"/sign-up/confirm", "/contact/email/confirm", "/undo"} {
		if got := mei.api("POST", path, m{"link": f.Links["reset"]}, nil); got.Code != http.StatusGone {
			t.Errorf("%s: got %d for the link of another purpose, want 410", path, got.Code)
		}
	}
}

// What was counted then counts now: mei has two wrong codes left of five, han one wrong password.
func checkCounts(t *testing.T, w *world, f *facts) {
	mei := f.as(w, "mei")
	for i, want := range []int{422, 422, 429} {
		if i == 2 && f.Shop != "" { // since there are shops, strangers' wrong steps are counted before they begin another
			in := m{"identifier": goldenEmail("mei"), "password": testPassword}
			if got := codeIn(w.program().api("POST", "/sign-in", in, nil)); got != auth.MailCodeNeeded {
				t.Errorf("a sign-in after five wrong steps: got %q, want %q", got, auth.MailCodeNeeded)
			}
			break
		}
		if _, got := mei.finish("totp", nil, "000000"); got != want {
			t.Errorf("wrong code %d: got %d, want %d", i+1, got, want)
		}
	}
	// then the right one rests as well, in the same words
	for _, typed := range []string{"Wrong-Horse9", testPassword} {
		in := m{"identifier": goldenEmail("han"), "password": typed}
		if got := w.program().api("POST", "/sign-in", in, nil); got.Code != http.StatusUnprocessableEntity {
			t.Errorf("%s: got %d %s, want 422", typed, got.Code, got.Body)
		}
	}
}

func checkAudit(t *testing.T, w *world, f *facts) {
	chains, events, err := w.service.VerifyAudit(t.Context(), nil)
	if err != nil || chains != f.Chains || events != f.Events {
		t.Errorf("got %d chains and %d events (%v), want %d and %d", chains, events, err, f.Chains, f.Events)
	}
	wei := f.as(w, "wei")
	wei.proveFreshly(auth.ActRename)
	wei.p.must("PATCH", "/methods/"+wei.method(wei.p, "totp"), m{"name": "App of today"}, nil)
	if _, after, err := w.service.VerifyAudit(t.Context(), nil); err != nil || after <= events {
		t.Errorf("after one more act: got %d events (%v), want more than %d", after, err, events)
	}
}

// A receipt for a message that was sent then finds it.
func checkSent(t *testing.T, w *world, f *facts) {
	if err := w.service.Receipt(t.Context(), "test", f.Sent, auth.Delivered, ""); err != nil {
		t.Errorf("got %v, want the receipt taken", err)
	}
	if err := w.service.Receipt(t.Context(), "test", "nobody's", auth.Delivered, ""); err != nil {
		t.Errorf("somebody else's, while nothing is under way: got %v, want it taken as no news", err)
	}
}

// keysAhead is in how many days the shop of a golden store asks for security keys.
const keysAhead = 60

// liveShop has wei make a shop, in which lin and zhu are; somebody is invited and has not come yet.
func liveShop(people map[string]*goldenPerson, f *facts) string {
	wei := people["wei"]
	wei.w.pass(time.Minute)
	wei.proveFreshly(auth.ActRename)
	shop := wei.p.shop("Blue 店")
	for name, role := range map[string]string{"lin": "administrator", "zhu": "read-only"} {
		p := people[name]
		p.proveFreshly(auth.ActRename)
		p.p.must("POST", "/shop-invitation/accept", m{"link": wei.p.invite(shop, goldenEmail(name), role)}, nil)
		wei.w.pass(time.Minute)
	}
	f.Links["invitation"] = wei.p.invite(shop, goldenEmail("late"), "member")
	wei.p.must("POST", "/shops/"+shop+"/keys", m{"days": keysAhead}, nil)
	return shop
}

// A shop of then has its people in their roles, its invitation is good once, and its demand comes due.
func checkShop(t *testing.T, w *world, f *facts) {
	if f.Shop == "" { // it is of before there were shops
		return
	}
	lin := f.as(w, "lin")
	var shop struct {
		Name, Role string
		KeysFrom   time.Time
		Members    []struct{ Name, Role string }
		Invited    []struct{ Email string }
	}
	lin.p.must("GET", "/shops/"+f.Shop, nil, &shop)
	got := fmt.Sprint(shop.Name, shop.Role, shop.Members, shop.Invited)
	want := "Blue 店administrator[{Seller wei owner} {Seller lin administrator} {Seller zhu read-only}] [{l•••@example.com}]"
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	late := w.invited(f.Links["invitation"], "late")
	if got := codeIn(late.api("POST", "/shop-invitation/accept", m{}, nil)); got != "" {
		t.Errorf("the invitation of then: got %q, want it good", got)
	}
	again := lin.p.api("POST", "/shop-invitation", m{"link": f.Links["invitation"]}, nil)
	if got := codeIn(again); got != auth.InvitationOver {
		t.Errorf("the same again: got %q, want it used", got)
	}
	w.pass(shop.KeysFrom.Sub(w.time()))
	for name, want := range map[string]string{"lin": "enrol", "wei": "signed-in"} {
		s := f.as(w, name)
		done, _ := s.finish("phone", m{"channel": "sms"}, nil)
		if done.Step != want {
			t.Errorf("%s, when the shop asks for keys: got the step %s, want %s", name, done.Step, want)
		}
	}
}
