package auth_test

import (
	"crypto/sha1"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	hashing "github.com/latchkey-auth/latchkey/password"
	"github.com/latchkey-auth/latchkey/virtual"
)

// loneOwner is a part whose shop has several people and one owner.
type loneOwner struct{ demanding }

// OwnedAlone implements auth.Shops.
func (*loneOwner) OwnedAlone(*auth.Work, auth.AccountID) ([]auth.Membership, error) {
	return []auth.Membership{{ID: "blue", Name: "Blue shop", Role: "owner"}}, nil
}

// publishedList is a list of one breached password.
func publishedList(t *testing.T, text string) *hashing.Breached {
	t.Helper()
	in := filepath.Join(t.TempDir(), "in")
	ok(t, "writing hashes", os.WriteFile(in, fmt.Appendf(nil, "%X:1\n", sha1.Sum([]byte(text))), 0o600))
	_, err := hashing.BuildBreached(t.Context(), in, in+".list")
	ok(t, "building", err)
	list, file, err := hashing.OpenBreached(in + ".list")
	ok(t, "opening", err)
	t.Cleanup(func() { file.Close() })
	return list
}

// Every reminder is due when its reason is there, in the order of the table, says what it is about and where it leads;
// put off it stays away for the time of its row and no longer, and takes no other with it.
func TestReminders(t *testing.T) {
	const day = 24 * time.Hour
	l := newListed(t)
	l.says(map[[16]byte]string{blueModel: ""})
	w := newWorld(t, l.in, func(c *auth.Config) {
		c.Policy.PasswordAge, c.Policy.ReviewAfter = 200*day, 300*day
		c.Policy.Dormant = 0
		c.Policy.SessionLife = 2000 * day
		c.Policy.SessionIdle = c.Policy.SessionLife
		c.Policy.SessionShort = c.Policy.SessionLife
	})
	_, err := auth.Register(w.s, auth.Part{Name: "lone", Shops: new(loneOwner), Rules: map[auth.Action]auth.Rule{}})
	ok(t, "registering", err)
	_, bound, c := w.withKey(sellerMail, sellerNumber, l.key(blueModel), auth.SecurityKey)
	due := func() (list []auth.ReminderInfo) {
		t.Helper()
		info, err := w.s.Security(t.Context(), c)
		ok(t, "looking", err)
		return info.Reminders
	}
	wants := func(what string, want ...auth.Reminder) {
		t.Helper()
		var got []auth.Reminder
		for _, r := range due() {
			got = append(got, r.Reminder)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", what, got, want)
		}
	}
	wants("at first", auth.RemindSecondKey, auth.RemindPhone, auth.RemindOneOwner)
	set, err := w.s.RecoveryCodes(t.Context(), c)
	ok(t, "codes", err)
	for i := range 7 {
		in := caller("home")
		ch, err := w.s.SignInBegin(t.Context(), in, w.signIn(in, sellerMail).Ceremony, auth.MethodChoice{Kind: auth.Lookup})
		ok(t, "begin", err)
		_, err = w.s.SignInFinish(t.Context(), in, ch.Ceremony, typed(set.Codes[i]))
		ok(t, "a code", err)
	}
	wants("few codes", auth.RemindFewCodes, auth.RemindSecondKey, auth.RemindPhone, auth.RemindOneOwner)
	w.pass(180*day - time.Hour)
	wants("nearly half a year", auth.RemindFewCodes, auth.RemindSecondKey, auth.RemindPhone, auth.RemindOneOwner)
	w.pass(time.Hour)
	wants("half a year", auth.RemindFewCodes, auth.RemindSecondKey, auth.RemindUntested, auth.RemindPhone, auth.RemindOneOwner)
	w.pass(120 * day)
	w.cfg.Breached = publishedList(t, password)
	w.restartWith(func(*auth.Config) {})
	_, err = auth.Register(w.s, auth.Part{Name: "lone", Shops: new(loneOwner), Rules: map[auth.Action]auth.Rule{}})
	ok(t, "registering again", err)
	w.signIn(caller("home"), sellerMail) // no reason to be refused
	l.says(map[[16]byte]string{blueModel: "REVOKED"})
	w.recalls()
	all := due()
	var names []string
	for _, r := range all {
		names = append(names, string(r.Reminder))
	}
	if want := []string{"breached-password", "recalled-key", "few-codes", "second-key", "untested-key",
		"phone-not-proved", "one-owner", "old-password", "old-settings"}; !slices.Equal(names, want) {
		t.Fatalf("got %q, want every one in the order of the table: %q", names, want)
	}
	key := "/security/keys/" + bound.Authenticator.ID + "/test"
	paths := []string{"/security/password", strings.TrimSuffix(key, "/test"), "/security/codes",
		"/security/keys/new", key, "/security/contact", "/shop/blue",
		"/security/password", "/security"}
	days := []int{7, 7, 7, 30, 30, 90, 90, 90, 180}
	for i, r := range all {
		if r.Path != paths[i] {
			t.Errorf("%s: got %q, want %q", r.Reminder, r.Path, paths[i])
		}
		ok(t, "putting off", w.s.PutOff(t.Context(), c, r.Reminder))
		if now := due(); len(now) != len(all)-1-i {
			t.Errorf("%s put off: got %+v", r.Reminder, now)
		}
	}
	at := w.time()
	for i, r := range all {
		end := at.Add(time.Duration(days[i]) * day)
		has := func() bool {
			return slices.ContainsFunc(due(), func(o auth.ReminderInfo) bool { return o.Reminder == r.Reminder })
		}
		if w.pass(max(0, end.Add(-time.Hour).Sub(w.time()))); w.time().Before(end) && has() {
			t.Errorf("%s: got it back before %d days", r.Reminder, days[i])
		}
		if w.pass(max(0, end.Sub(w.time()))); !has() {
			t.Errorf("%s: got it not back after %d days", r.Reminder, days[i])
		}
	}
	wantCode(t, "no reminder", w.s.PutOff(t.Context(), c, "none"), auth.NotFound)
}

// Of security keys alone it is said that there is one, and that nobody has touched one for long: a passkey is none, and
// the one that has lain the longest is named.
func TestRemindersOfKeys(t *testing.T) {
	const day = 24 * time.Hour
	w := newWorld(t, func(c *auth.Config) {
		c.Policy.Dormant = 0
		c.Policy.SessionLife = 2000 * day
		c.Policy.SessionIdle = c.Policy.SessionLife
		c.Policy.SessionShort = c.Policy.SessionLife
	})
	_, first, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	says := func(r auth.Reminder) (item, path string) {
		t.Helper()
		info, err := w.s.Security(t.Context(), c)
		ok(t, "looking", err)
		for _, x := range info.Reminders {
			if x.Reminder == r {
				return x.Item, x.Path
			}
		}
		return "", ""
	}
	_, c = w.addKey(c, stick(t, virtual.Options{ResidentKeys: true, Platform: true}), auth.Passkey, "PC")
	if item, _ := says(auth.RemindSecondKey); item != "Blue key" {
		t.Errorf("a key and a passkey: got %q, want it said that there is one key", item)
	}
	w.pass(time.Minute)
	_, c = w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, "Red key")
	if item, _ := says(auth.RemindSecondKey); item != "" {
		t.Errorf("two keys: got it said of %q, want nothing", item)
	}
	w.pass(200 * day)
	want := "/security/keys/" + first.Authenticator.ID + "/test"
	if item, path := says(auth.RemindUntested); item != "Blue key" || path != want {
		t.Errorf("both untouched: got %q %s, want the older one", item, path)
	}
	for age, due := range map[time.Duration]bool{300 * day: false, 100 * day: true, 0: false} {
		w.restartWith(func(c *auth.Config) { c.Policy.TestKeysAfter = age })
		if item, _ := says(auth.RemindUntested); (item != "") != due {
			t.Errorf("untouched for 200 days, to be tested after %v: got %q, want a reminder %v", age, item, due)
		}
	}
}

// A new password ends the reminder of a published one.
func TestANewPasswordEndsTheReminder(t *testing.T) {
	w := newWorld(t, func(c *auth.Config) { c.Breached = publishedList(t, "Other-Horse9") })
	secret, c := w.enrolled(sellerMail, sellerNumber)
	breached := func() bool {
		t.Helper()
		info, err := w.s.Security(t.Context(), c)
		ok(t, "looking", err)
		return slices.ContainsFunc(info.Reminders, func(r auth.ReminderInfo) bool { return r.Reminder == auth.RemindBreached })
	}
	w.signIn(caller("home"), sellerMail)
	if breached() {
		t.Error("a password that was never published: got a reminder")
	}
	w.cfg.Breached = publishedList(t, password)
	w.restartWith(func(*auth.Config) {})
	w.signIn(caller("home"), sellerMail)
	if !breached() {
		t.Error("a published password: got no reminder")
	}
	c = w.stepUp(c, secret)
	token, err := w.s.ChangePassword(t.Context(), c, password, "Another-Horse9")
	ok(t, "a new password", err)
	if c.Token = token; breached() {
		t.Error("after a new password: got the reminder still")
	}
}
