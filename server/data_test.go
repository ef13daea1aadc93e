package server

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// taken is the file of everything, as a program reads it.
type taken struct {
	Account struct{ Email, Phone, UserName string }
	Methods []struct{ Kind, Name, Address string }
	Parts   struct {
		Team struct {
			Shops           []struct{ Name, Role string }
			InvitationsSent []struct{ Email, Role string }
			HandOvers       []struct{ Gives bool }
		}
		Recovery struct {
			Cases []struct {
				State, NewEmail string
				BySomebodyElse  bool
				Steps           []struct{ Text string }
			}
		}
	}
	History []struct{ Time, What, Browser string }
}

// Everything that is held comes in one file after a fresh second step: account, methods, shops, invitations, cases and
// the whole history in the page's words; every address hears of it.
func TestEverythingIsTakenAsAFile(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	shop := p.shop("Blue shop")
	p.invite(shop, "friend@example.com", "member")
	q := w.program()
	q.must("POST", "/recovery", m{"identifier": testEmail, "lost": []string{"phone"}, "newEmail": "other@example.net",
		"work": q.worked()}, nil)
	w.pass(time.Hour)
	s := p.open("/security/data").at("/confirm", 200).says("take everything that we hold about you")
	s = p.fill(s, "/confirm", "code", w.code(secret)).at("/security/data", 200).says("What we hold about you")
	form := s.form("/security/data/file")
	got := p.send("POST", "/security/data/file", "application/x-www-form-urlencoded", form.fields.Encode())
	if got.Code != 200 || !strings.HasPrefix(got.Header().Get("Content-Disposition"), "attachment") {
		t.Fatalf("got %d %v, want a file", got.Code, got.Header())
	}
	var d taken
	if err := json.Unmarshal(got.Body.Bytes(), &d); err != nil {
		t.Fatalf("got %s: %v", got.Body, err)
	}
	if d.Account.Email != testEmail || d.Account.UserName == "" || len(d.Methods) != 1 ||
		len(d.Parts.Team.Shops) != 1 ||
		d.Parts.Team.Shops[0].Name != "Blue shop" || d.Parts.Team.Shops[0].Role != "owner" ||
		len(d.Parts.Team.InvitationsSent) != 1 || d.Parts.Team.InvitationsSent[0].Email == "friend@example.com" {
		t.Errorf("got %s", got.Body)
	}
	if c := d.Parts.Recovery.Cases; len(c) != 1 || !c[0].BySomebodyElse || strings.Contains(c[0].NewEmail, "other@") {
		t.Errorf("a case by another address: got %+v, want it told and its writer masked", c)
	}
	if len(d.History) < 5 || d.History[0].What != "Everything that we hold about you was downloaded" {
		t.Errorf("got the history %+v, want all of it, this act first", d.History)
	}
	if n := w.mailed(auth.TemplateChange); n.Args["what"] != "data-taken" {
		t.Errorf("got the mail %v, want that it was taken", n.Args)
	}
	for _, c := range []string{secret, testPassword, p.cookie("__Host-latchkey"), p.cookie("__Host-latchkey-browser")} {
		if c == "" || strings.Contains(got.Body.String(), c) {
			t.Errorf("got the secret %q in the file", c)
		}
	}
}
