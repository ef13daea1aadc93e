package team_test

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

const strangersPassword = "Marmot-Brass7"

// invited is somebody whose account is made by an invitation to a shop, where he takes his place.
func (p *person) invited(shop, name string, as team.Role) *person {
	p.w.t.Helper()
	w, ctx := p.w, p.w.t.Context()
	token := p.invite(shop, name+"@example.com", as)
	link, err := w.shops.SignUpInvited(ctx, auth.Caller{}, token)
	wantCode(w.t, "signing up", err, "")
	q := w.signsUp(link, name)
	if _, err := w.shops.AcceptInvitation(ctx, q.Caller, ""); err != nil {
		w.t.Fatal(err)
	}
	return q
}

// signsUp makes an account by a link of sign-up, with an app.
func (w *world) signsUp(link, name string) *person {
	w.t.Helper()
	ctx := w.t.Context()
	info, err := w.s.ConfirmSignUp(ctx, auth.Caller{Language: "en"}, link, auth.SignUpForm{Name: name,
		UserName: name + "'s name", Phone: "+8613900139000", Password: strangersPassword, Terms: true})
	if err != nil {
		w.t.Fatal(err)
	}
	q := &person{w: w, name: name, Caller: auth.Caller{Token: info.Token, Language: "en"}}
	me, err := w.s.Me(ctx, q.Caller)
	wantCode(w.t, "looking", err, "")
	q.id = me.Account
	begun, err := w.s.BindBegin(ctx, q.Caller, auth.BindForm{Kind: auth.TOTP})
	wantCode(w.t, "an app", err, "")
	var prompt struct{ Secret string }
	if err := json.Unmarshal(begun.Prompt, &prompt); err != nil {
		w.t.Fatal(err)
	}
	q.secret = prompt.Secret
	typed, _ := json.Marshal(auth.CodeResponse{Code: w.code(prompt.Secret)})
	if _, err := w.s.BindFinish(ctx, q.Caller, auth.BindDone{Ceremony: begun.Ceremony,
		Response: typed}); err != nil {
		w.t.Fatal(err)
	}
	q.signIn()
	return q
}

// code is what an app shows now. RFC 6238.
func (w *world) code(secret string) string {
	w.t.Helper()
	key, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(secret)
	wantCode(w.t, "the secret", err, "")
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(w.time().Unix()/30)))
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1_000_000)
}

// A helped is a shop whose administrator moves the e-mail of a member that it has made.
type helped struct {
	*world
	shop   string
	people map[team.Role]*person
	admin  *person
	guest  *person
	link   string // that stops it, as mailed
}

func help(t *testing.T) *helped {
	t.Helper()
	w := newWorld(t)
	shop, people := w.staffed()
	h := &helped{world: w, shop: shop, people: people, admin: people[team.Administrator]}
	h.guest = people[team.Owner].invited(shop, "guest", team.Member)
	w.mail()
	h.asks(t, "")
	for _, m := range w.mail() {
		if m.Template == auth.TemplateMove && m.Channel == auth.Mail {
			h.link = m.Args["undo"][strings.LastIndex(m.Args["undo"], "/")+1:]
		}
	}
	return h
}

func (h *helped) asks(t *testing.T, want auth.Code) {
	t.Helper()
	h.admin.signIn()
	_, err := h.shops.ChangeContact(t.Context(), h.admin.Caller, h.shop, h.guest.id,
		team.ContactForm{Email: "new@example.com"})
	wantCode(t, "asking", err, want)
}

// email is the guest's, masked, once the time has come.
func (h *helped) email(t *testing.T) string {
	t.Helper()
	h.pass(24 * time.Hour)
	if err := h.s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.guest.signIn()
	me, err := h.s.Me(t.Context(), h.guest.Caller)
	if err != nil {
		t.Fatal(err)
	}
	return string(me.MaskedEmail)
}

// The move waits a day, is told to the old address before and after, changes neither password nor second step, and is
// in both histories.
func TestContactMovesAfterADay(t *testing.T) {
	h := help(t)
	if h.link == "" {
		t.Fatal("got no mail to the old address with a link that stops it")
	}
	before, err := h.s.Security(t.Context(), h.guest.Caller)
	wantCode(t, "looking", err, "")
	if c := before.Changes; len(c) != 1 || c[0].What != "contact" || c[0].Item != "owner's shop" {
		t.Errorf("got %+v, want the move among what waits", c)
	}
	mine, err := h.s.Security(t.Context(), h.admin.Caller)
	if c := mine.Changes; err != nil || len(c) != 1 || c[0].What != "contact-asked" || c[0].Item != "guest" {
		t.Errorf("got %+v, %v, want it among what the administrator has asked for", c, err)
	}
	h.pass(24*time.Hour - time.Second)
	wantCode(t, "sweeping", h.s.Sweep(t.Context()), "")
	if me, err := h.s.Me(t.Context(), h.signedIn(h.guest)); err != nil || me.MaskedEmail != before.Me.MaskedEmail {
		t.Fatalf("got %+v, %v a second early, want the old e-mail", me, err)
	}
	h.mail()
	if got := h.email(t); !strings.HasPrefix(got, "n") {
		t.Errorf("got %s, want the new e-mail", got)
	}
	told := map[string]string{}
	for _, m := range h.mail() {
		told[string(m.Recipient)] = m.Template + " " + m.Args["what"]
		if m.Args["undo"] == "" {
			t.Errorf("%s: got no way to put it back, want one", m.Recipient)
		}
	}
	if len(told) != 1 || told["guest@example.com"] != auth.TemplateChange+" email" {
		t.Errorf("got %v, want the old address told", told)
	}
	after, err := h.s.Security(t.Context(), h.guest.Caller)
	if err != nil || len(after.Methods) != len(before.Methods) || !after.PasswordAt.Equal(before.PasswordAt) ||
		len(after.Changes) > 0 {
		t.Errorf("got %+v, %v, want password and second step as they were", after, err)
	}
	for _, p := range []*person{h.guest, h.admin} {
		got := map[auth.Action]bool{}
		list, err := h.s.History(t.Context(), h.signedIn(p), "", 20)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range list.Events {
			got[e.Action] = e.Outcome == "" && e.Item == "owner's shop"
		}
		if !got[team.ActContact] || !got[auth.ActMoved] {
			t.Errorf("%s: got %v in the history, want the asking and the move", p.name, got)
		}
	}
}

func (h *helped) signedIn(p *person) auth.Caller {
	p.signIn()
	return p.Caller
}

// What a move falls with: the owner's word, the shop's second thoughts, and whatever takes from the administrator what
// he asked with, or from the shop its right.
func TestWhatAMoveFallsWith(t *testing.T) {
	for name, falls := range map[string]func(h *helped, t *testing.T) error{
		"the link in the mail": func(h *helped, t *testing.T) error {
			_, err := h.s.Undo(t.Context(), auth.Caller{}, h.link)
			return err
		},
		"its owner's settings": func(h *helped, t *testing.T) error {
			info, err := h.s.Security(t.Context(), h.guest.Caller)
			wantCode(t, "looking", err, "")
			return h.s.CancelChange(t.Context(), h.guest.Caller, info.Changes[0].ID)
		},
		"the administrator's settings": func(h *helped, t *testing.T) error {
			info, err := h.s.Security(t.Context(), h.admin.Caller)
			wantCode(t, "looking", err, "")
			return h.s.CancelChange(t.Context(), h.admin.Caller, info.Changes[0].ID)
		},
		"an owner of the shop": func(h *helped, t *testing.T) error {
			return h.shops.StopContact(t.Context(), h.people[team.Owner].Caller, h.shop, h.guest.id)
		},
		"the session that asked": func(h *helped, t *testing.T) error {
			return h.s.SignOut(t.Context(),
				h.admin.Caller)
		},
		"the administrator's switching off": func(h *helped, t *testing.T) error {
			return h.lab.Switch(t.Context(), auth.Caller{}, h.admin.id, false)
		},
		"his rank": func(h *helped, t *testing.T) error {
			return h.shops.SetRole(t.Context(), h.people[team.Owner].Caller, h.shop, h.admin.id, team.Member)
		},
		"his place": func(h *helped, t *testing.T) error {
			return h.shops.LeaveShop(t.Context(), h.admin.Caller, h.shop)
		},
		"his suspension": func(h *helped, t *testing.T) error {
			return h.shops.SuspendMember(t.Context(), h.people[team.Owner].Caller, h.shop, h.admin.id)
		},
		"the member's rise": func(h *helped, t *testing.T) error {
			return h.shops.SetRole(t.Context(), h.people[team.Owner].Caller, h.shop, h.guest.id, team.Administrator)
		},
		"the member's leaving": func(h *helped, t *testing.T) error {
			return h.shops.LeaveShop(t.Context(), h.guest.Caller, h.shop)
		},
		"another shop of the member": func(h *helped, t *testing.T) error {
			_, err := h.shops.CreateShop(t.Context(), h.guest.Caller, "his own")
			return err
		},
		"an account at the address": func(h *helped, t *testing.T) error {
			h.person("new")
			return nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := help(t)
			h.guest.signIn()
			wantCode(t, name, falls(h, t), "")
			if got := h.email(t); !strings.HasPrefix(got, "g") {
				t.Errorf("got %s, want the old e-mail", got)
			}
			for _, p := range []*person{h.guest, h.admin} {
				if name == "the administrator's switching off" && p == h.admin {
					continue
				}
				if info, err := h.s.Security(t.Context(), h.signedIn(p)); err != nil || len(info.Changes) > 0 {
					t.Errorf("%s: got %+v, %v, want nothing that waits", p.name, info, err)
				}
			}
		})
	}
}

// Who may move whose contact data: only who ranks above by role, and only of accounts that the shop's invitation has
// made and that belong to no other shop.
func TestWhoMovesWhoseContact(t *testing.T) {
	w := newWorld(t)
	shop, people := w.staffed()
	owner := people[team.Owner]
	people["outsider"] = w.person("outsider")
	made := map[team.Role]*person{}
	for _, r := range []team.Role{team.Owner, team.Administrator, team.Member} {
		w.pass(2 * time.Minute)
		owner.signIn()
		made[r] = owner.invited(shop, "made-"+string(r), r)
	}
	above := map[team.Role][]team.Role{
		team.Owner: {team.Administrator, team.Member}, team.Administrator: {team.Member},
	}
	for by, p := range people {
		for of, q := range made {
			want := auth.RoleTooLow
			switch {
			case by == "outsider":
				want = auth.NotFound
			case slices.Contains(above[by], of):
				want = ""
			}
			p.signIn()
			_, err := w.shops.ChangeContact(t.Context(), p.Caller, shop, q.id, team.ContactForm{Phone: "+8613800138001"})
			wantCode(t, string(by)+" moves "+string(of), err, want)
			if want == "" {
				_, err := w.shops.ChangeContact(t.Context(), p.Caller, shop, q.id, team.ContactForm{Email: "x@example.com"})
				wantCode(t, "a second one", err, auth.ChangePending)
				wantCode(t, "stopping it", w.shops.StopContact(t.Context(), p.Caller, shop, q.id), "")
				wantCode(t, "stopping it again", w.shops.StopContact(t.Context(), p.Caller, shop, q.id), auth.NotFound)
			}
		}
	}
	owner.signIn()
	ask := func(what string, of *person, f team.ContactForm, want auth.Code) {
		t.Helper()
		_, err := w.shops.ChangeContact(t.Context(), owner.Caller, shop, of.id, f)
		wantCode(t, what, err, want)
	}
	email := team.ContactForm{Email: "x@example.com"}
	ask("an account that was there before", people[team.Member], email, auth.NotShopsAccount)
	ask("nothing", made[team.Member], team.ContactForm{}, auth.EmailMalformed)
	ask("no number", made[team.Member], team.ContactForm{Phone: "12"}, auth.PhoneNoCountry)
	w.pass(2 * time.Minute)
	other := w.person("other")
	token := other.invite(other.shop(), "made-member@example.com", team.Member)
	made[team.Member].signIn()
	_, err := w.shops.AcceptInvitation(t.Context(), made[team.Member].Caller, token)
	wantCode(t, "joining another shop", err, "")
	ask("a member of two shops", made[team.Member], email, auth.NotShopsAccount)
}

// Whoever has stopped a move is left alone for a day.
func TestAStoppedMovePauses(t *testing.T) {
	h := help(t)
	_, err := h.s.Undo(t.Context(), auth.Caller{}, h.link)
	wantCode(t, "stopping", err, "")
	if _, err := h.s.Me(t.Context(), h.guest.Caller); err != nil {
		t.Errorf("got %v, want the member's session as it was: nobody else had one", err)
	}
	h.asks(t, auth.MoveStopped)
	h.pass(24*time.Hour - time.Second)
	h.asks(t, auth.MoveStopped)
	h.pass(time.Second)
	h.asks(t, "")
}
