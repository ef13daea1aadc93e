package server

import (
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// shop makes a shop that p owns and returns its id.
func (p *person) shop(name string) string {
	p.w.t.Helper()
	var made struct{ ID string }
	p.must("POST", "/shops", m{"name": name}, &made)
	return made.ID
}

// invite mails an invitation and returns its token.
func (p *person) invite(shop, email, role string) string {
	p.w.t.Helper()
	p.must("POST", "/shops/"+shop+"/invitations", m{"email": email, "role": role}, nil)
	return lastPart(p.w.mailed(auth.TemplateShopInvite).Args["link"])
}

// colleague is somebody new who signs up by an invitation to a shop, enrols an app and takes the place.
func (p *person) colleague(shop, name, role string) *person {
	p.w.t.Helper()
	q := p.w.invited(p.invite(shop, name+"@example.com", role), name)
	q.must("POST", "/shop-invitation/accept", m{}, nil)
	return q
}

// invited signs up by an invitation and enrols an app.
func (w *world) invited(token, name string) *person {
	w.t.Helper()
	q := w.program()
	var made struct{ Link, Token string }
	q.must("POST", "/shop-invitation/sign-up", m{"link": token}, &made)
	q.must("POST", "/sign-up/confirm", m{"link": made.Link, "name": name, "userName": name, "phone": "+8613900139000",
		"password": testPassword, "terms": true}, &made)
	q.bearer = made.Token
	q.addApp()
	return q
}

// idOf is the account that p is signed in to.
func (p *person) idOf() string {
	p.w.t.Helper()
	var me struct{ Account string }
	p.must("GET", "/session", nil, &me)
	return me.Account
}

// shopFaults provoke the codes of shops.
func shopFaults() map[auth.Code]provocation {
	return map[auth.Code]provocation{
		auth.InvitationOver: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/shop-invitation/accept", m{"link": "no such link"})
		}),
		auth.RoleTooLow: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.shop("Blue")
			q := c.p.colleague(shop, "mo", "member")
			q.lang = c.lang
			return q.api("POST", "/shops/"+shop+"/invitations", m{"email": "x@example.com", "role": "member"}, nil)
		}),
		auth.LastOwner: do(func(c *trial) *httptest.ResponseRecorder {
			return c.p.api("DELETE", "/shops/"+c.p.shop("Blue")+"/membership", nil, nil)
		}),
		auth.OwnerTooNew: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.shop("Blue")
			c.p.colleague(shop, "mo", "owner")
			return c.p.api("DELETE", "/shops/"+shop+"/membership", nil, nil)
		}),
		auth.AlreadyMember: do(func(c *trial) *httptest.ResponseRecorder {
			token := c.p.invite(c.p.shop("Blue"), "mo@example.com", "member")
			return c.post("/shop-invitation/accept", m{"link": token})
		}),
		auth.NotShopsAccount: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.shop("Blue")
			q := c.p.colleague(shop, "mo", "member")
			q.shop("his own")
			return c.post("/shops/"+shop+"/members/"+q.idOf()+"/contact", m{"email": "new@example.com"})
		}),
		auth.MoveStopped: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.shop("Blue")
			path := "/shops/" + shop + "/members/" + c.p.colleague(shop, "mo", "member").idOf() + "/contact"
			c.p.must("POST", path, m{"email": "new@example.com"}, nil)
			link := lastPart(c.mailed(auth.TemplateMove).Args["undo"])
			c.p.must("POST", "/undo", m{"link": link}, nil)
			return c.post(path, m{"email": "new@example.com"})
		}),
		auth.DaysOutOfRange: do(func(c *trial) *httptest.ResponseRecorder {
			return c.post("/shops/"+c.p.shop("Blue")+"/keys", m{"days": 2})
		}),
		auth.ShopFull: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.shop("Blue")
			for i := range fewOfAll().Members - 1 {
				c.p.colleague(shop, "mo"+string(rune('a'+i)), "member")
			}
			q := c.invited(c.p.invite(shop, "late@example.com", "member"), "late")
			q.lang = c.lang
			return q.api("POST", "/shop-invitation/accept", m{}, nil)
		}),
		auth.TooManyShops: do(func(c *trial) *httptest.ResponseRecorder {
			for range fewOfAll().Shops {
				c.p.shop("Blue")
			}
			return c.post("/shops", m{"name": "one more"})
		}),
		auth.TooManyOwners: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.shop("Blue")
			for i := range fewOfAll().Owners - 1 {
				c.p.colleague(shop, "mo"+string(rune('a'+i)), "owner")
			}
			q := c.p.colleague(shop, "late", "member")
			return c.p.api("PATCH", "/shops/"+shop+"/members/"+q.idOf(), m{"role": "owner"}, nil)
		}),
		auth.TooManyInvitations: do(func(c *trial) *httptest.ResponseRecorder {
			shop := c.p.shop("Blue")
			for i := range fewOfAll().Invitations {
				c.p.invite(shop, string(rune('a'+i))+"@example.com", "member")
			}
			return c.post("/shops/"+shop+"/invitations", m{"email": "late@example.com", "role": "member"})
		}),
	}
}

// Every route of shops with every role, by an outsider and by a session that has to enrol: what each of them gets.
func TestShopRoutesByRole(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, _ *Config) { a.Pace.Burst = -1 })
	owner := w.program()
	w.enrolled(owner)
	shop := owner.shop("Blue")
	who := map[string]*person{"owner": owner, "outsider": w.another(), "nobody": w.program()}
	for _, r := range []string{"administrator", "member", "read-only"} {
		who[r] = owner.colleague(shop, r, r)
	}
	restricted := w.program()
	w.signUp(restricted, "late@example.com", m{"name": "Late", "userName": "late", "phone": "+8613900139001"})
	var signedIn struct{ Token string }
	restricted.must("POST", "/sign-in", m{"identifier": "late@example.com", "password": testPassword}, &signedIn)
	restricted.bearer = signedIn.Token
	who["restricted"] = restricted
	victim := owner.colleague(shop, "victim", "read-only").idOf()
	// What each gets: done for those named and above, the code for who is below, and nothing found by outsiders.
	inShop := map[string]struct {
		least string
		body  any
	}{
		"GET /shops/{shop}":                             {"read-only", nil},
		"PATCH /shops/{shop}":                           {"owner", m{"name": "Green"}},
		"GET /shops/{shop}/keys":                        {"administrator", nil},
		"POST /shops/{shop}/keys":                       {"administrator", m{"days": 7}},
		"DELETE /shops/{shop}/keys":                     {"administrator", nil},
		"PATCH /shops/{shop}/members/{member}":          {"administrator", m{"role": "read-only"}},
		"POST /shops/{shop}/members/{member}/suspend":   {"administrator", nil},
		"POST /shops/{shop}/members/{member}/resume":    {"administrator", nil},
		"POST /shops/{shop}/invitations":                {"administrator", m{"email": "x@example.com", "role": "member"}},
		"POST /shops/{shop}/members/{member}/contact":   {"administrator", m{"email": "new@example.com"}},
		"DELETE /shops/{shop}/members/{member}/contact": {"administrator", nil},
		"DELETE /shops/{shop}/members/{member}":         {"administrator", nil},
		"DELETE /shops/{shop}/membership":               {"", nil}, // below
		"PATCH /shops/{shop}/membership":                {"", m{"role": "read-only"}},
		"DELETE /shops/{shop}/invitations/{invitation}": {"administrator", nil},
		"GET /shops/{shop}/hand-over":                   {"owner", nil},
		"POST /shops/{shop}/hand-over":                  {"owner", m{"email": "new@example.com"}},
		"POST /shops/{shop}/hand-over/confirm":          {"owner", m{"to": "nobody"}},
		"DELETE /shops/{shop}/hand-over":                {"owner", nil},
	}
	ranks := []string{"owner", "administrator", "member", "read-only"}
	tried := 0
	for _, rt := range slices.Concat(shopRoutes(), shopKeyRoutes(), peopleRoutes(), invitationRoutes(), handOverRoutes()) {
		row, has := inShop[rt.method+" "+rt.path]
		if strings.Contains(rt.path, "{shop}") != has {
			t.Errorf("%s %s: got no row in the table, want one", rt.method, rt.path)
			continue
		}
		if !has {
			continue
		}
		path := strings.NewReplacer("{shop}", shop, "{member}", victim, "{invitation}", "nothing").Replace(rt.path)
		for _, name := range append(slices.Clone(ranks), "outsider", "restricted", "nobody") {
			var want []auth.Code
			switch at := slices.Index(ranks, name); {
			case name == "nobody":
				want = codes(auth.SessionRequired)
			case name == "restricted":
				want = codes(auth.MustEnrol)
			case name == "outsider":
				want = codes(auth.NotFound)
			case row.least == "":
				continue // by oneself, tried elsewhere
			case at > slices.Index(ranks, row.least):
				want = codes(auth.RoleTooLow)
			default:
				// gone by now, or asked a moment ago
				want = codes("", auth.NotFound, auth.ResendTooSoon, auth.ChangePending, auth.HandOverTooSoon)
			}
			tried++
			if got := codeIn(who[name].api(rt.method, path, row.body, nil)); !slices.Contains(want, got) {
				t.Errorf("%s %s by %s: got %q, want %q", rt.method, rt.path, name, got, want)
			}
		}
	}
	if tried < 50 {
		t.Errorf("got %d requests, want each route by everybody", tried)
	}
}

// With the id of another shop's member, invitation or shop nothing is found, whatever one is in one's own shop: a
// person of two shops carries nothing from one into the other.
func TestIDsOfAnotherShopFindNothing(t *testing.T) {
	w := newWorld(t, func(a *auth.Config, _ *Config) { a.Pace.Burst = -1 })
	owner, other := w.program(), w.another()
	w.enrolled(owner)
	blue, red := owner.shop("Blue"), other.shop("Red")
	both := owner.colleague(blue, "both", "administrator")
	w.pass(time.Minute)
	both.must("POST", "/shop-invitation/accept", m{"link": other.invite(red, "both@example.com", "read-only")}, nil)
	victim := other.colleague(red, "victim", "member").idOf()
	var invited struct{ ID string }
	other.must("POST", "/shops/"+red+"/invitations", m{"email": "guest@example.com", "role": "member"}, &invited)
	var before, after struct{ Members, Invited []m }
	other.must("GET", "/shops/"+red, nil, &before)
	for _, c := range []struct {
		by           *person
		method, path string
		body         any
		want         auth.Code
	}{
		{owner, "GET", "/shops/" + red, nil, auth.NotFound},
		{owner, "DELETE", "/shops/" + blue + "/members/" + victim, nil, auth.NotFound},
		{owner, "PATCH", "/shops/" + blue + "/members/" + victim, m{"role": "member"}, auth.NotFound},
		{owner, "DELETE", "/shops/" + blue + "/invitations/" + invited.ID, nil, auth.NotFound},
		{both, "DELETE", "/shops/" + blue + "/members/" + victim, nil, auth.NotFound},
		{both, "POST", "/shops/" + blue + "/members/" + victim + "/suspend", nil, auth.NotFound},
		{both, "DELETE", "/shops/" + red + "/members/" + victim, nil, auth.RoleTooLow},
		{both, "DELETE", "/shops/" + red + "/invitations/" + invited.ID, nil, auth.RoleTooLow},
		{both, "POST", "/shops/" + red + "/invitations", m{"email": "x@example.com", "role": "read-only"},
			auth.RoleTooLow},
		{owner, "GET", "/shops/" + blue + "%2F" + victim, nil, auth.NotFound},
	} {
		if got := codeIn(c.by.api(c.method, c.path, c.body, nil)); got != c.want {
			t.Errorf("%s %s: got %q, want %q", c.method, c.path, got, c.want)
		}
	}
	other.must("GET", "/shops/"+red, nil, &after)
	if len(after.Members) != len(before.Members) || len(after.Invited) != len(before.Invited) {
		t.Errorf("got %v, want %v as before", after, before)
	}
}

// Whoever is invited and has no account signs up by the invitation alone: no second mail, the mailbox is shown; enrols;
// and takes the place. The session check tells of it, and of its end at once.
func TestJoiningByAnInvitation(t *testing.T) {
	w := newWorld(t)
	owner := w.program()
	w.enrolled(owner)
	shop := owner.shop("Blue")
	token := owner.invite(shop, "mo@example.com", "administrator")
	stranger := w.program()
	var open struct {
		Shop, Role, By string
		HasNone        bool
	}
	stranger.must("POST", "/shop-invitation", m{"link": token}, &open)
	if open.Shop != "Blue" || open.Role != "administrator" || open.By != "Wei" || !open.HasNone {
		t.Errorf("got %+v, want what the invitation is for", open)
	}
	q := w.invited(token, "mo")
	var me struct {
		Shops []struct{ ID, Name, Role string }
	}
	q.must("GET", "/session", nil, &me)
	if len(me.Shops) > 0 {
		t.Errorf("got %v before the invitation is accepted, want none", me.Shops)
	}
	if got := codeIn(stranger.api("POST", "/shop-invitation/sign-up", m{"link": token}, nil)); got != auth.SignedUp {
		t.Errorf("signing up again: got %q, want %q", got, auth.SignedUp)
	}
	q.must("GET", "/shop-invitation", nil, &open)
	q.must("POST", "/shop-invitation/accept", m{}, nil)
	q.must("GET", "/session", nil, &me)
	if len(me.Shops) != 1 || me.Shops[0].ID != shop || me.Shops[0].Role != "administrator" ||
		me.Shops[0].Name != "Blue" {
		t.Errorf("got %v, want the place", me.Shops)
	}
	if got := codeIn(q.api("GET", "/shop-invitation", nil, nil)); got != auth.NotFound {
		t.Errorf("the used invitation: got %q, want it not found", got)
	}
	owner.must("DELETE", "/shops/"+shop+"/members/"+q.idOf(), nil, nil)
	q.must("GET", "/session", nil, &me)
	if len(me.Shops) > 0 {
		t.Errorf("got %v in the session of who was removed, want none", me.Shops)
	}
}
