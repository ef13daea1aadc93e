package server

import (
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// Whoever opens the link of a notice reads what would go, and when: he may own three keys. Each strong method that a
// weak one can ask away is tried.
func TestVetoPageSaysWhatItVetoes(t *testing.T) {
	for sort, named := range map[string]string{"keys": "Red", "app": "authenticator app"} {
		w := newWorld(t)
		p := w.program()
		w.enrolled(p)
		p.addKey("Red")
		var sms answer
		p.must("POST", "/methods/begin", m{"kind": "phone", "number": "+8613800138000", "channel": "sms"}, &sms)
		p.must("POST", "/methods/finish", m{"ceremony": sms.Ceremony,
			"response": m{"code": w.mailed(auth.TemplateCode).Args["code"]}}, nil)
		w.pass(2 * time.Minute)
		q := w.browser()
		s := q.fill(q.signInAs(testEmail), "/sign-in/send", "with", "sms")
		q.fill(s, "/sign-in/verify", "code", w.mailed(auth.TemplateCode).Args["code"])
		kind := map[string]string{"keys": "webauthn", "app": "totp"}[sort]
		gone := "/security/" + sort + "/" + q.methodID(kind) + "/remove"
		q.fill(q.open(gone), gone)
		link := path(w.mailed(auth.TemplateRemoval).Args["undo"])
		r := w.browser()
		s = r.open(link).at(link, 200).says("Stop this removal?")
		says := wordsOf(s.text)
		if !strings.Contains(says, named) || !strings.Contains(says, "will be removed at") {
			t.Errorf("%s: got %q, want it named and when it goes", sort, says)
		}
		r.fill(s, link).at("/done/removal-stopped", 200)
		r.open(link).at(link, 200).says("We stopped it. It never took effect.")
	}
}

// A refused name stands in the form; the page's title keeps the name that the method has.
func TestEmptyRenameKeepsTheTitle(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	for path, typed := range map[string][2]string{"/security/phone/new": {"phone", "+86 138 0013 8001"},
		"/security/email/new": {"email", "spare@example.com"}} {
		p.fill(p.fill(p.open(path), path, typed[0], typed[1]), path, "code", w.mailed(auth.TemplateCode).Args["code"])
	}
	s := p.open("/security/keys/new")
	p.touch(s, stick(t, "red"), "/security/keys/new", "name", "Red")
	for sort, kind := range map[string]string{"keys": "webauthn", "app": "totp", "phone": "phone", "email": "email"} {
		page := "/security/" + sort + "/" + p.methodID(kind)
		p.fill(p.open(page), page, "name", "Its name")
		for _, typed := range []string{"", "\u2800"} {
			says := wordsOf(p.fill(p.open(page), page, "name", typed).text)
			if !strings.HasPrefix(says, "Error: Its name ·") {
				t.Errorf("%s named %q: got %q, want the refusal below the name that it has", page, typed, says)
			}
		}
	}
}

// The table of losses is in an order, whatever ids were drawn.
func TestLossesAreInOrder(t *testing.T) {
	row := func(soon auth.Soon, falls string, lost ...string) auth.Forecast {
		r := auth.Forecast{Soon: soon}
		for _, id := range lost {
			r.Lost = append(r.Lost, auth.DeviceInfo{ID: id})
		}
		for _, id := range strings.Fields(falls) {
			r.Falls = append(r.Falls, auth.AuthenticatorInfo{ID: id})
		}
		return r
	}
	rows := []auth.Forecast{row(auth.SoonDesk, "1 2 3"), row(auth.SoonNow, "2", "b"),
		row(auth.SoonLater, "1 2", "a", "b"), row(auth.SoonNow, "1", "a"), row(auth.SoonDesk, "3", "c")}
	for range rows {
		var got []string
		for _, r := range inOrderOfLoss(rows) {
			one := ""
			for _, d := range r.Lost {
				one += d.ID
			}
			got = append(got, one)
		}
		if now := strings.Join(got, " "); now != "c a b ab " {
			t.Errorf("got the order %q, want one thing before two, the worst first, everything last", now)
		}
		rows = append(rows[1:], rows[0])
	}
}
