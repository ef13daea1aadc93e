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

// security is the overview.
func (w *world) security(c auth.Caller) *auth.SecurityInfo {
	w.t.Helper()
	info, err := w.s.Security(w.t.Context(), c)
	ok(w.t, "overview", err)
	return info
}

// Whether a browser may be trusted is asked where that could help: not where it is trusted, on a shared computer,
// before enrolment, or where sites want no trust.
func TestWhetherABrowserMayBeTrusted(t *testing.T) {
	noTrust := func(c *auth.Config) { c.Policy.TrustLife = 0 }
	for name, c := range map[string]struct {
		change  func(*auth.Config)
		sign    func(w *world, secret string) auth.Caller
		may     bool
		trusted int
	}{
		"a known browser": {func(*auth.Config) {}, func(w *world, secret string) auth.Caller {
			return with(caller("home"), w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret).Token)
		}, true, 0},
		"one that is trusted": {func(*auth.Config) {}, func(w *world, secret string) auth.Caller {
			c := with(caller("home"), w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret).Token)
			b, err := w.s.TrustBrowser(w.t.Context(), c)
			ok(w.t, "trust", err)
			c.Browser = b.Cookie
			return c
		}, false, 1},
		"one beside a trusted one": {func(*auth.Config) {}, func(w *world, secret string) auth.Caller {
			c := with(caller("other"), w.second(caller("other"), w.signIn(caller("other"), sellerMail), secret).Token)
			ok(w.t, "trust", lastErr(w.s.TrustBrowser(w.t.Context(), c)))
			return with(caller("home"), w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret).Token)
		}, true, 1},
		"where nobody trusts": {noTrust, func(w *world, secret string) auth.Caller {
			return with(caller("home"), w.second(caller("home"), w.signIn(caller("home"), sellerMail), secret).Token)
		}, false, 0},
		"a known browser called shared": {func(*auth.Config) {}, func(w *world, secret string) auth.Caller {
			f := auth.SignInForm{Identifier: sellerMail, Password: password, Shared: true}
			info, err := w.s.SignIn(w.t.Context(), caller("home"), f)
			ok(w.t, "sign in", err)
			return with(caller("home"), w.second(caller("home"), info, secret).Token)
		}, false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, c.change)
			secret, _ := w.enrolled(sellerMail, sellerNumber)
			info := w.security(c.sign(w, secret))
			until := info.TrustUntil
			if info.MayTrust != c.may || info.Trusted != c.trusted || (c.trusted > 0) != until.After(w.time()) {
				t.Errorf("got %v, %d until %v, want %v, %d", info.MayTrust, info.Trusted, until, c.may, c.trusted)
			}
		})
	}
}

// Before enrolment an account is offered methods and no codes that lead back to them, is covered by nothing, and sees
// its own addresses masked; nor is its browser asked to be trusted.
func TestWhatAnAccountIsShownBeforeItEnrols(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	info := w.security(with(caller("home"), w.signIn(caller("home"), sellerMail).Token))
	if info.MayTrust || info.Covered || info.Email != "" || info.Phone != "" || !info.EnrolledAt.IsZero() {
		t.Errorf("got %+v, want nothing shown", info)
	}
	if offers := offered(info); strings.Contains(offers, "lookup") || !strings.Contains(offers, "totp ") {
		t.Errorf("got the offers %q, want an app and no codes", offers)
	}
}

// offered lists what may be set up, with why not.
func offered(info *auth.SecurityInfo) string {
	var list []string
	for _, o := range info.Offers {
		list = append(list, fmt.Sprint(o.Kind, " ", o.Refused))
	}
	return strings.Join(list, ", ")
}

// Codes are made once, and again when none is left; nothing is set up beyond what an account may have.
func TestWhatAnAccountIsOffered(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Policy.MaxMethods = 3 })
	o := owner(w) // a key and a number
	if got := offered(w.security(o.owner)); !strings.Contains(got, "lookup ,") && !strings.HasSuffix(got, "lookup ") {
		t.Errorf("got %q, want codes offered", got)
	}
	set, err := w.s.RecoveryCodes(t.Context(), o.owner)
	ok(t, "codes", err)
	if got := offered(w.security(o.owner)); !strings.Contains(got, "lookup "+string(auth.MethodExists)) ||
		!strings.Contains(got, "totp "+string(auth.TooManyMethods)) {
		t.Errorf("got %q, want the codes made and no room for an app", got)
	}
	for i, code := range set.Codes {
		ch := w.begun(caller("home"), auth.MethodChoice{Kind: auth.Lookup})
		ok(t, "a code", w.finish(caller("home"), ch, typed(code))())
		if i < len(set.Codes)-1 {
			continue
		}
		info := w.signIn(caller("home"), sellerMail)
		if slices.ContainsFunc(info.Methods, func(m auth.MethodInfo) bool { return m.Kind == auth.Lookup }) {
			t.Errorf("got %+v, want no codes asked for that nobody has", info.Methods)
		}
	}
	if got := offered(w.security(o.byKey("home"))); strings.Contains(got, "lookup "+string(auth.MethodExists)) {
		t.Errorf("got %q, want codes to be made again", got)
	}
}

// The last method that works is called the last, were there others that do not.
func TestWhichMethodIsTheLast(t *testing.T) {
	b := newBesieged(t, fewAllowed)
	last := func() (list []string) {
		c := caller("home")
		info := b.security(with(c, b.second(c, b.signIn(c, target), b.secret).Token))
		for _, m := range info.Methods {
			if m.Last {
				list = append(list, string(m.Kind))
			}
		}
		return list
	}
	if got := last(); len(got) > 0 {
		t.Errorf("with all: got %v called the last, want none", got)
	}
	for _, k := range []auth.Kind{auth.Phone, auth.Email} {
		b.fail(caller("shop"), k, 7, 2*time.Hour)
	}
	if got := last(); !slices.Equal(got, []string{"totp"}) {
		t.Errorf("the others disabled: got %v, want the app", got)
	}
}

// The region of an account is that of its number, else of one that it gets codes at.
func TestTheRegionOfAnAccount(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled(sellerMail, sellerNumber)
	region := func(want string) {
		t.Helper()
		if got := w.security(c).Region; got != want {
			t.Errorf("got the region %q, want %q", got, want)
		}
	}
	region("CN")
	ok(t, "take the number away", lastErr(w.s.ChangePhone(t.Context(), c, "", "")))
	region("")
	w.addMailbox(c, otherMail)
	region("")
	w.addPhone(c, "+85251234567")
	region("HK")
	ok(t, "another", lastErr(w.s.ChangePhone(t.Context(), c, "+8613800138005", "")))
	region("CN")
}

// A name is what can be seen of what was typed, and no longer than it may be.
func TestNamesOfMethodsHaveTheirLength(t *testing.T) {
	w := newWorld(t)
	o := owner(w)
	o.owner = o.byKey("home")
	for name, want := range map[string]string{
		strings.Repeat("钥", 40):                           strings.Repeat("钥", 40),
		"  Red   key ":                                    "Red key",
		strings.Repeat("钥", 41):                           "",
		"k" + strings.Repeat("\u200b", 2000):              "",
		strings.Repeat("k", 40) + " ":                     strings.Repeat("k", 40),
		strings.Repeat("k", 39) + strings.Repeat(" ", 20): strings.Repeat("k", 39),
	} {
		info, err := w.s.Rename(t.Context(), o.owner, o.key, name, "")
		if want == "" {
			if e := wantCode(t, "a long one", err, auth.NameTooLong); e.Args["n"] != "40" {
				t.Errorf("got %v, want to be told 40", e.Args)
			}
			continue
		}
		ok(t, "rename", err)
		if info.Name != want {
			t.Errorf("got %q, want %q", info.Name, want)
		}
	}
}

// A method that nobody has named is called by its model, else by its sort and number, each by a name of its own.
func TestNewMethodsHaveNamesOfTheirOwn(t *testing.T) {
	w := newWorld(t)
	w.seller(sellerMail, sellerNumber)
	c := with(caller("home"), w.signIn(caller("home"), sellerMail).Token)
	var names []string
	for range 3 {
		info, next := w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "")
		c = next
		names = append(names, info.Authenticator.Name)
		w.pass(31 * time.Second)
		w.enrolApp(c) // another kind has its own
	}
	long, _ := w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, strings.Repeat("k", 39)+" and more")
	names = append(names, long.Authenticator.Name)
	want := []string{"Key 1", "Key 2", "Key 3", strings.Repeat("k", 39)}
	if !slices.Equal(names, want) {
		t.Errorf("got %q, want %q", names, want)
	}
}
