package auth_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// about is the acts about one method, oldest first, as its page shows them.
func (w *world) about(c auth.Caller, id string) string {
	w.t.Helper()
	info, err := w.s.MethodHistory(w.t.Context(), c, id, auth.MaxHistory)
	ok(w.t, "history of a method", err)
	list := info.Events
	acts := make([]string, len(list))
	for i, e := range list {
		if e.ItemID != id {
			w.t.Errorf("the history of %s holds an act about %s", id, e.ItemID)
		}
		acts[len(list)-1-i] = string(e.Action)
	}
	return strings.Join(acts, " ")
}

// A method's history goes by its id: two of one name share none of it, and another name loses none.
func TestAMethodsHistoryGoesByItsID(t *testing.T) {
	w := waits(t)
	ctx := t.Context()
	two, c := w.addKey(w.owner, stick(t, virtual.Options{}), auth.SecurityKey, "Blue key")
	for name, c := range map[string]struct{ id, want string }{
		"the first":             {w.key, "add-method remove-method second-step"},
		"the second, same name": {two.Authenticator.ID, "add-method"},
	} {
		if got := w.about(w.owner, c.id); got != c.want {
			t.Errorf("%s: got %q, want %q", name, got, c.want)
		}
	}
	_, err := w.s.Rename(ctx, c, w.key, "Green key", "")
	ok(t, "rename", err)
	if got, want := w.about(c, w.key), "add-method remove-method second-step rename-method"; got != want {
		t.Errorf("after another name: got %q, want %q", got, want)
	}
	info, err := w.s.Security(ctx, c)
	ok(t, "overview", err)
	if len(info.Changes) != 1 {
		t.Fatalf("what waits: got %d changes, want 1", len(info.Changes))
	}
	ch := info.Changes[0]
	if ch.Item != "Green key" || !slices.Equal(ch.Methods, []string{w.key}) || ch.Kind != auth.WebAuthn {
		t.Errorf("what waits: got %+v, want that of %s, by its name now", ch, w.key)
	}
	for _, m := range info.Methods {
		if m.RemovalDue.IsZero() != (m.ID != w.key) {
			t.Errorf("%s %q is to go at %v, want the first key alone", m.ID, m.Name, m.RemovalDue)
		}
	}
	ok(t, "stop", w.s.CancelChange(ctx, c, info.Changes[0].ID))
	want := "remove-method second-step rename-method cancel-change"
	if got := w.about(c, w.key); !strings.HasSuffix(got, want) {
		t.Errorf("after it was stopped: got %q, want %q at its end", got, want)
	}
	_, err = w.s.MethodHistory(ctx, c, "nothing", 10)
	wantCode(t, "of no method", err, auth.NoSuchMethod)
	_, other := w.enrolled("other@example.com", "+8613800138009")
	_, err = w.s.MethodHistory(ctx, other, w.key, 10)
	wantCode(t, "of somebody else's", err, auth.NoSuchMethod)
}

// What is offered can be begun, and what is not is refused for the reason that the offer names.
func TestOffersAgreeWithBindings(t *testing.T) {
	for name, change := range map[string]func(*auth.Config){
		"marketplace":         func(*auth.Config) {},
		"no mailboxes":        func(c *auth.Config) { c.Policy.EmailSecondStep = false },
		"as many as there be": func(c *auth.Config) { c.Policy.MaxMethods = 2 },
		"one more":            func(c *auth.Config) { c.Policy.MaxMethods = 3 },
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, change)
			_, c := w.enrolled(sellerMail, sellerNumber)
			_, err := w.s.RecoveryCodes(t.Context(), c)
			ok(t, "codes", err)
			info, err := w.s.Security(t.Context(), c)
			ok(t, "overview", err)
			seen := map[string]bool{}
			for _, o := range info.Offers {
				sort := fmt.Sprint(o.Kind, o.Flavour)
				if seen[sort] {
					t.Errorf("%s is offered twice", sort)
				}
				seen[sort] = true
				if o.Kind == auth.Lookup {
					if o.Refused != auth.MethodExists {
						t.Errorf("recovery codes beside a set: got %q, want %q", o.Refused, auth.MethodExists)
					}
					continue
				}
				form := auth.BindForm{Kind: o.Kind, Flavour: o.Flavour, Number: "+8613800138007", Address: "box@example.com"}
				if o.Kind == auth.Phone {
					form.Channel = auth.SMS
				}
				_, err := w.s.BindBegin(t.Context(), c, form)
				if o.Refused != "" {
					wantCode(t, sort, err, o.Refused)
				} else {
					ok(t, sort, err)
				}
			}
			if len(seen) != 7 {
				t.Errorf("got the offers %v, want 7", seen)
			}
		})
	}
}

// A fresh step is offered by what shows what the act demands; a removal alone may be asked for weakly, and waits.
func TestWhoMayBeAskedWeakly(t *testing.T) {
	w := newWorld(t)
	_, bound, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	phone, c := w.addPhone(c, sellerNumber)
	w.pass(time.Hour)
	me, err := w.s.Security(t.Context(), c)
	ok(t, "overview", err)
	key := me.Methods[slices.IndexFunc(me.Methods, func(m auth.AuthenticatorInfo) bool {
		return m.ID == bound.Authenticator.ID
	})]
	for _, row := range []struct {
		act    auth.Action
		target string
		want   string
	}{
		{auth.ActRename, "", "webauthn phone"},
		{auth.ActAdd, "", "webauthn"},
		{auth.ActCodes, "", "webauthn"},
		{auth.ActNewPassword, "", "webauthn"},
		{auth.ActContact, "", "webauthn"},
		{auth.ActUserName, "", "webauthn"},
		{auth.ActQuestion, "", "webauthn"},
		{auth.ActOwnQuestion, "", "webauthn"},
		{auth.ActSetSecurityCode, "", "webauthn"},
		{auth.ActSecurityCode, "", "webauthn phone"},
		{auth.ActMailPassword, "", "webauthn"},
		{auth.ActTrust, "", "webauthn phone"},
		{auth.ActRemove, key.ID, "webauthn phone"},
		{auth.ActRemove, phone.Authenticator.ID, "webauthn phone"},
		{auth.ActLose, key.Device, "webauthn phone"},
	} {
		info, err := w.s.StepUp(t.Context(), c, row.act, row.target)
		ok(t, string(row.act), err)
		var got []string
		for _, m := range info.Methods {
			got = append(got, string(m.Kind))
		}
		if strings.Join(got, " ") != row.want || info.Waits || !info.Due.IsZero() {
			t.Errorf("%s: got %v, waits %v, want %q", row.act, got, info.Waits, row.want)
		}
	}
	w.mail()
	weak := (&waiting{world: w}).byText("thief")
	info, err := w.s.StepUp(t.Context(), weak, auth.ActRemove, key.ID)
	ok(t, "asked weakly", err)
	if !info.Waits || !info.Due.Equal(w.time().Add(24*time.Hour)) {
		t.Errorf("asked weakly: got waits %v until %v, want a day", info.Waits, info.Due)
	}
}

// What is left after a loss, and how soon it helps, is decided once.
func TestWhatIsLeftDecidesHowSoon(t *testing.T) {
	w := newWorld(t)
	_, bound, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	state := func(what string, covered bool, few int, last bool, want ...string) {
		t.Helper()
		info, err := w.s.Security(t.Context(), c)
		ok(t, what, err)
		var got []string
		for _, r := range info.Forecast {
			var lost []string
			for _, d := range r.Lost {
				lost = append(lost, string(d.Kind))
			}
			slices.Sort(lost)
			got = append(got, strings.Join(lost, "+")+": "+string(r.Soon))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) || info.Covered != covered || info.FewCodes != few {
			t.Errorf("%s: got %v, covered %v, few codes %d, want %v, %v, %d",
				what, got, info.Covered, info.FewCodes, want, covered, few)
		}
		for _, m := range info.Methods {
			if m.Last != (last && m.ID == bound.Authenticator.ID) {
				t.Errorf("%s: %s %q is the last: got %v", what, m.Kind, m.Name, m.Last)
			}
		}
	}
	state("a key", false, 0, true, "stick: documents", ": documents")
	set, err := w.s.RecoveryCodes(t.Context(), c)
	ok(t, "codes", err)
	state("and codes", true, 0, true, "stick: later", "paper: now", ": documents")
	for i := range 7 {
		in := caller("home")
		ch, err := w.s.SignInBegin(t.Context(), in, w.signIn(in, sellerMail).Ceremony, auth.MethodChoice{Kind: auth.Lookup})
		ok(t, "begin", err)
		_, err = w.s.SignInFinish(t.Context(), in, ch.Ceremony, typed(set.Codes[i]))
		ok(t, "a code", err)
	}
	state("and few codes", true, 3, true, "stick: later", "paper: now", ": documents")
	_, c = w.addPhone(c, sellerNumber)
	state("and a number", true, 3, false, "stick: now", "phone: now", "paper: now", "phone+stick: later", ": documents")
}
