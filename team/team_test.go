package team_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// An account alone has no shop, and the session check tells of what there is.
func TestShopsOfOne(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	list, err := w.shops.Shops(t.Context(), p.Caller)
	if err != nil || len(list) > 0 {
		t.Errorf("got %v, %v, want no shop", list, err)
	}
	shop := p.shop()
	me, err := w.s.Me(t.Context(), p.Caller)
	want := []auth.Membership{{ID: shop, Name: "wei's shop", Role: "owner"}}
	if err != nil || !slices.Equal(me.Shops, want) {
		t.Errorf("got %v, %v, want %v", me, err, want)
	}
	wantCode(t, "renaming", w.shops.RenameShop(t.Context(), p.Caller, shop, "  Blue   shop "), "")
	list, err = w.shops.Shops(t.Context(), p.Caller)
	if err != nil || len(list) != 1 || list[0].Name != "Blue shop" || list[0].Role != team.Owner {
		t.Errorf("got %v, %v, want the renamed shop", list, err)
	}
	for name, code := range map[string]auth.Code{" \u200b": auth.NameMissing,
		strings.Repeat("n", 300): auth.NameTooLong} {
		_, err := w.shops.CreateShop(t.Context(), p.Caller, name)
		wantCode(t, "a shop "+name, err, code)
	}
	p.shop()
	p.shop()
	_, err = w.shops.CreateShop(t.Context(), p.Caller, "one more")
	wantCode(t, "a fourth shop", err, auth.TooManyShops)
}

// Every act on every role by every role, and by outsiders: the matrix that doc.go describes.
func TestWhoMayChangeWhom(t *testing.T) {
	acts := map[string]func(w *world, c auth.Caller, shop string, who auth.AccountID) error{
		"suspend": func(w *world, c auth.Caller, shop string, who auth.AccountID) error {
			return w.shops.SuspendMember(w.t.Context(), c, shop, who)
		},
		"resume": func(w *world, c auth.Caller, shop string, who auth.AccountID) error {
			return w.shops.ResumeMember(w.t.Context(), c, shop, who)
		},
		"remove": func(w *world, c auth.Caller, shop string, who auth.AccountID) error {
			return w.shops.RemoveMember(w.t.Context(), c, shop, who)
		},
		"read-only": func(w *world, c auth.Caller, shop string, who auth.AccountID) error {
			return w.shops.SetRole(w.t.Context(), c, shop, who, team.ReadOnly)
		},
	}
	above := map[team.Role][]team.Role{ // who may change whom
		team.Owner:         {team.Administrator, team.Member, team.ReadOnly},
		team.Administrator: {team.Member, team.ReadOnly},
	}
	for name, act := range acts {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, by := range append(team.Roles(), "suspended", "outsider") {
				w := newWorld(t)
				shop, people := w.staffed()
				people["outsider"] = w.person("outsider")
				people["suspended"] = w.person("suspended")
				people["suspended"].joins(people[team.Owner], shop, team.Administrator)
				wantCode(t, "suspending", w.shops.SuspendMember(t.Context(), people[team.Owner].Caller, shop,
					people["suspended"].id), "")
				for _, whom := range []team.Role{team.ReadOnly, team.Member, team.Administrator, team.Owner} {
					want := auth.RoleTooLow
					switch {
					case by == "outsider" || by == "suspended":
						want = auth.NotFound
					case slices.Contains(above[by], whom):
						want = ""
					}
					before := people[team.Owner].roles(shop)
					wantCode(t, string(by)+" on "+string(whom), act(w, people[by].Caller, shop, people[whom].id), want)
					after := people[team.Owner].roles(shop)
					if want != "" && after != before {
						t.Errorf("%s on %s: got %s, want %s as before", by, whom, after, before)
					}
				}
			}
		})
	}
}

// Who may give which role: those below one's own, and an owner his own.
func TestWhoMayGiveWhat(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	gives := map[team.Role][]team.Role{team.Owner: team.Roles(), team.Administrator: {team.Member, team.ReadOnly}}
	for by, p := range people {
		for _, as := range team.Roles() {
			want := auth.RoleTooLow
			if slices.Contains(gives[by], as) {
				want = ""
			}
			w.pass(time.Minute)
			p.signIn()
			to := string(by) + "-" + string(as) + "@example.com"
			info, err := w.shops.InviteMember(t.Context(), p.Caller, shop, to, as)
			wantCode(t, string(by)+" invites "+string(as), err, want)
			if err == nil {
				wantCode(t, "withdrawing", w.shops.WithdrawInvitation(t.Context(), p.Caller, shop, info.ID), "")
			}
			if as != team.Member {
				err := w.shops.SetRole(t.Context(), p.Caller, shop, people[team.ReadOnly].id, as)
				if by == team.Administrator && (as == team.Administrator || as == team.Owner) {
					wantCode(t, string(by)+" makes somebody "+string(as), err, auth.RoleTooLow)
				}
			}
		}
		seen, err := w.shops.Shop(t.Context(), p.Caller, shop)
		if err != nil || !slices.Equal(seen.Gives, gives[by]) {
			t.Errorf("%s: got %v, %v, want %v", by, seen, err, gives[by])
		}
	}
	people[team.Owner].signIn()
	_, err := w.shops.InviteMember(t.Context(), people[team.Owner].Caller, shop, "x@example.com", "king")
	wantCode(t, "what is no role", err, auth.MalformedRequest)
	wantCode(t, "what is no role", w.shops.SetRole(t.Context(), people[team.Owner].Caller, shop,
		people[team.Member].id, ""), auth.MalformedRequest)
}

// An invitation names nothing that anybody typed, is good once, and for whichever account its holder has.
func TestInvitation(t *testing.T) {
	w := newWorld(t)
	p, q := w.person("wei"), w.person("mo")
	r := w.person("li")
	shop := p.shop()
	w.mail()
	if _, err := w.shops.InviteMember(t.Context(), p.Caller, shop, "Somebody@Example.com",
		team.Member); err != nil {
		t.Fatal(err)
	}
	mails := w.mail()
	if len(mails) != 1 || len(mails[0].Args) != 1 || mails[0].Account != "" {
		t.Fatalf("got %v, want one mail with a link alone", mails)
	}
	link := mails[0].Args["link"]
	token := link[strings.LastIndex(link, "/")+1:]
	if !strings.HasPrefix(link, "http://localhost:8080/shop/invitation/") || len(token) < 64 {
		t.Errorf("got %s, want a link that nobody guesses", link)
	}
	open, err := w.shops.LookInvitation(t.Context(), auth.Caller{}, token)
	if err != nil || open.Shop != "wei's shop" || open.By != "wei" || open.Role != team.Member || !open.HasNone {
		t.Errorf("got %+v, %v, want what it is for", open, err)
	}
	if _, err := w.shops.AcceptInvitation(t.Context(), q.Caller, token); err != nil {
		t.Fatal(err)
	}
	if got := p.roles(shop); got != "wei owner, mo member" {
		t.Errorf("got %s, want both", got)
	}
	_, err = w.shops.AcceptInvitation(t.Context(), r.Caller, token)
	wantCode(t, "a second time", err, auth.InvitationOver)
	_, err = w.shops.LookInvitation(t.Context(), auth.Caller{}, token)
	wantCode(t, "looking later", err, auth.InvitationOver)
	again := p.invite(shop, "mo@example.com", team.ReadOnly)
	_, err = w.shops.AcceptInvitation(t.Context(), q.Caller, again)
	wantCode(t, "who belongs to it", err, auth.AlreadyMember)
	if _, err := w.shops.AcceptInvitation(t.Context(), r.Caller, again); err != nil {
		t.Errorf("it was used by who belongs to it: %v", err)
	}
	for _, bad := range []string{"", "x", strings.Repeat("A", 66), token[:60]} {
		_, err := w.shops.LookInvitation(t.Context(), auth.Caller{}, bad)
		wantCode(t, "no link", err, auth.InvitationOver)
	}
	_, err = w.shops.AcceptInvitation(t.Context(), r.Caller, "")
	wantCode(t, "an account that nobody has invited", err, auth.InvitationOver)
}

// What an invitation falls with: its time, its withdrawal, a later one to the same address, and whatever takes from its
// sender what he gave it with.
func TestWhatInvitationsFallWith(t *testing.T) {
	for name, falls := range map[string]func(w *world, shop string, owner, sender *person){
		"time": func(w *world, _ string, _, _ *person) { w.pass(7 * 24 * time.Hour) },
		"its withdrawal": func(w *world, shop string, owner, _ *person) {
			info, err := w.shops.Shop(w.t.Context(), owner.Caller, shop)
			wantCode(w.t, "looking", err, "")
			wantCode(w.t, "withdrawing", w.shops.WithdrawInvitation(w.t.Context(), owner.Caller, shop,
				info.Invited[0].ID), "")
		},
		"a later one": func(w *world, shop string, owner, _ *person) {
			w.pass(2 * time.Minute)
			owner.invite(shop, "GUEST@example.com", team.ReadOnly)
		},
		"its sender's place": func(w *world, shop string, owner, sender *person) {
			wantCode(w.t, "removing", w.shops.RemoveMember(w.t.Context(), owner.Caller, shop, sender.id), "")
		},
		"his leaving": func(w *world, shop string, _, sender *person) {
			wantCode(w.t, "leaving", w.shops.LeaveShop(w.t.Context(), sender.Caller, shop), "")
		},
		"his suspension": func(w *world, shop string, owner, sender *person) {
			wantCode(w.t, "suspending", w.shops.SuspendMember(w.t.Context(), owner.Caller, shop, sender.id), "")
		},
		"his rank": func(w *world, shop string, owner, sender *person) {
			wantCode(w.t, "a role", w.shops.SetRole(w.t.Context(), owner.Caller, shop, sender.id, team.Member), "")
		},
		"his account's switching off": func(w *world, _ string, _, sender *person) {
			wantCode(w.t, "switching off", w.lab.Switch(w.t.Context(), auth.Caller{}, sender.id, false), "")
		},
		"what ends all that he has begun": func(w *world, _ string, _, sender *person) {
			wantCode(w.t, "off", w.lab.Switch(w.t.Context(), auth.Caller{}, sender.id, false), "")
			wantCode(w.t, "on", w.lab.Switch(w.t.Context(), auth.Caller{}, sender.id, true), "")
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			shop, people := w.staffed()
			guest := w.person("guest")
			token := people[team.Administrator].invite(shop, "guest@example.com", team.Member)
			if _, err := w.shops.LookInvitation(t.Context(), auth.Caller{}, token); err != nil {
				t.Fatal(err)
			}
			falls(w, shop, people[team.Owner], people[team.Administrator])
			guest.signIn()
			_, err := w.shops.AcceptInvitation(t.Context(), guest.Caller, token)
			wantCode(t, "accepting", err, auth.InvitationOver)
			people[team.Owner].signIn()
			if got := people[team.Owner].roles(shop); strings.Contains(got, "guest") {
				t.Errorf("got %s, want no guest", got)
			}
		})
	}
}

// An invitation that is not mailed leaves the one of before as it was.
func TestAnInvitationThatIsNotMailedReplacesNone(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	owner := people[team.Owner]
	link := owner.invite(shop, "new@example.com", team.Member)
	_, err := w.shops.InviteMember(t.Context(), owner.Caller, shop, "new@example.com", team.Member)
	wantCode(t, "at once again", err, auth.ResendTooSoon)
	if _, err := w.shops.LookInvitation(t.Context(), owner.Caller, link); err != nil {
		t.Errorf("the one of before: got %v, want it good", err)
	}
}

func TestLimits(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	owner := people[team.Owner]
	for i := range few().Invitations {
		w.pass(time.Minute)
		owner.signIn()
		owner.invite(shop, string(rune('a'+i))+"@example.com", team.Member)
	}
	_, err := w.shops.InviteMember(t.Context(), owner.Caller, shop, "z@example.com", team.Member)
	wantCode(t, "one invitation more", err, auth.TooManyInvitations)
	if _, err := w.shops.InviteMember(t.Context(), owner.Caller, shop, "a@example.com", team.Member); err != nil {
		t.Errorf("in the place of an earlier one: got %v", err)
	}
	for _, r := range []team.Role{team.Administrator, team.Member} {
		wantCode(t, "an owner", w.shops.SetRole(t.Context(), owner.Caller, shop, people[r].id, team.Owner), "")
	}
	wantCode(t, "one owner more", w.shops.SetRole(t.Context(), owner.Caller, shop, people[team.ReadOnly].id,
		team.Owner), auth.TooManyOwners)
	w.pass(7 * 24 * time.Hour)
	owner.signIn()
	for i := range few().Members - 4 {
		w.person("more"+string(rune('a'+i))).joins(owner, shop, team.Member)
	}
	late := w.person("late")
	_, err = w.shops.AcceptInvitation(t.Context(), late.Caller, owner.invite(shop, "late@example.com",
		team.Member))
	wantCode(t, "one member more", err, auth.ShopFull)
}

// Among owners the one who has been one for longer ranks above: an owner that a thief has appointed is no match for
// the one whom he stole from, and cannot be left alone with the shop before a day has passed.
func TestAThiefsOwner(t *testing.T) {
	w := newWorld(t)
	owner, thief := w.person("wei"), w.person("thief")
	shop := owner.shop()
	wantCode(t, "the only owner leaves", w.shops.LeaveShop(t.Context(), owner.Caller, shop), auth.LastOwner)
	wantCode(t, "steps down", w.shops.StepDown(t.Context(), owner.Caller, shop, team.Member), auth.LastOwner)
	w.pass(time.Minute)
	thief.joins(owner, shop, team.Owner) // in the owner's own session
	for name, err := range map[string]error{
		"the thief suspends": w.shops.SuspendMember(t.Context(), thief.Caller, shop, owner.id),
		"the thief removes":  w.shops.RemoveMember(t.Context(), thief.Caller, shop, owner.id),
		"the thief degrades": w.shops.SetRole(t.Context(), thief.Caller, shop, owner.id, team.ReadOnly),
	} {
		wantCode(t, name, err, auth.RoleTooLow)
	}
	wantCode(t, "he has the owner leave", w.shops.LeaveShop(t.Context(), owner.Caller, shop), auth.OwnerTooNew)
	wantCode(t, "he has him step down", w.shops.StepDown(t.Context(), owner.Caller, shop, team.Member),
		auth.OwnerTooNew)
	w.pass(24*time.Hour - time.Second)
	owner.signIn()
	wantCode(t, "a second early", w.shops.LeaveShop(t.Context(), owner.Caller, shop), auth.OwnerTooNew)
	wantCode(t, "the owner's answer", w.shops.RemoveMember(t.Context(), owner.Caller, shop, thief.id), "")
	if got := owner.roles(shop); got != "wei owner" {
		t.Errorf("got %s, want the owner alone", got)
	}
	next := w.person("mo")
	next.joins(owner, shop, team.Owner)
	w.pass(24 * time.Hour)
	owner.signIn()
	next.signIn()
	wantCode(t, "to a settled owner", w.shops.LeaveShop(t.Context(), owner.Caller, shop), "")
	if got := next.roles(shop); got != "mo owner" {
		t.Errorf("got %s, want the other owner", got)
	}
}

// Leaving is one act that ends everything: the place, what the session says, the invitations that wait.
func TestLeaving(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	admin := people[team.Administrator]
	token := admin.invite(shop, "guest@example.com", team.Member)
	w.mail()
	wantCode(t, "leaving", w.shops.LeaveShop(t.Context(), admin.Caller, shop), "")
	me, err := w.s.Me(t.Context(), admin.Caller)
	if err != nil || len(me.Shops) > 0 {
		t.Errorf("got %v, %v, want no shop in the session that left", me, err)
	}
	_, err = w.shops.Shop(t.Context(), admin.Caller, shop)
	wantCode(t, "looking back", err, auth.NotFound)
	wantCode(t, "leaving again", w.shops.LeaveShop(t.Context(), admin.Caller, shop), auth.NotFound)
	_, err = w.shops.LookInvitation(t.Context(), auth.Caller{}, token)
	wantCode(t, "his invitation", err, auth.InvitationOver)
	if got := people[team.Owner].roles(shop); strings.Contains(got, "administrator") {
		t.Errorf("got %s, want him gone", got)
	}
}

// What became of somebody is in his history and in that of whoever did it, and he reads it at once; the owners do, too.
func TestPeopleHear(t *testing.T) {
	for name, c := range map[string]struct {
		act  func(w *world, shop string, by auth.Caller, who *person) error
		a    auth.Action
		self string
		did  string
	}{
		"role": {func(w *world, shop string, by auth.Caller, who *person) error {
			return w.shops.SetRole(w.t.Context(), by, shop, who.id, team.ReadOnly)
		}, team.ActRole, auth.TemplateShopRole, "role"},
		"suspended": {func(w *world, shop string, by auth.Caller, who *person) error {
			return w.shops.SuspendMember(w.t.Context(), by, shop, who.id)
		}, team.ActSuspend, auth.TemplateShopPaused, "suspended"},
		"removed": {func(w *world, shop string, by auth.Caller, who *person) error {
			return w.shops.RemoveMember(w.t.Context(), by, shop, who.id)
		}, team.ActRemove, auth.TemplateShopRemoved, "removed"},
		"left": {func(w *world, shop string, _ auth.Caller, who *person) error {
			return w.shops.LeaveShop(w.t.Context(), who.Caller, shop)
		}, team.ActLeave, auth.TemplateShopLeft, "left"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			shop, people := w.staffed()
			w.mail()
			who, admin := people[team.Member], people[team.Administrator]
			wantCode(t, name, c.act(w, shop, admin.Caller, who), "")
			heard := map[string]string{}
			for _, m := range w.mail() {
				heard[string(m.Recipient)] = m.Template + " " + m.Args["did"] + " " + m.Args["shop"]
			}
			if got, want := heard["member@example.com"], c.self+"  owner's shop"; got != want {
				t.Errorf("himself: got %q, want %q", got, want)
			}
			if got, want := heard["owner@example.com"], auth.TemplateShopPeople+" "+c.did+" owner's shop"; got != want {
				t.Errorf("the owner: got %q, want %q", got, want)
			}
			if len(heard) != 2 {
				t.Errorf("got %v, want those two alone", heard)
			}
			for _, p := range []*person{who, admin} {
				h, err := w.s.History(t.Context(), p.Caller, "", 5)
				if err != nil || len(h.Events) == 0 {
					t.Fatalf("got %v, %v", h, err)
				}
				if e := h.Events[0]; c.a != team.ActLeave && (e.Action != c.a || e.Item != "owner's shop" ||
					e.Outcome != "") {
					t.Errorf("%s: got %+v, want the act in the history", p.name, e)
				}
			}
		})
	}
}

// Every act but looking and withdrawing asks for a fresh second step.
func TestShopsAskForAFreshStep(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	token := people[team.Owner].invite(shop, "guest@example.com", team.Member)
	guest, who := w.person("guest"), people[team.Member].id
	w.pass(16 * time.Minute)
	c, ctx := people[team.Owner].Caller, t.Context()
	_, keys := w.shops.DemandKeys(ctx, c, shop, 7)
	_, create := w.shops.CreateShop(ctx, c, "x")
	_, invite := w.shops.InviteMember(ctx, c, shop, "x@example.com", team.Member)
	_, accept := w.shops.AcceptInvitation(ctx, guest.Caller, token)
	for name, err := range map[string]error{"create": create, "invite": invite, "accept": accept,
		"rename": w.shops.RenameShop(ctx, c, shop, "x"), "role": w.shops.SetRole(ctx, c, shop, who, team.ReadOnly),
		"suspend": w.shops.SuspendMember(ctx, c, shop, who), "resume": w.shops.ResumeMember(ctx, c, shop, who),
		"remove": w.shops.RemoveMember(ctx, c, shop, who), "leave": w.shops.LeaveShop(ctx, c, shop),
		"step down": w.shops.StepDown(ctx, c, shop, team.Member), "keys": keys,
		"drop keys": w.shops.DropKeys(ctx, c, shop)} {
		wantCode(t, name, err, auth.StepUpRequired)
	}
}
