package inventory

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
)

// What a policy asks is held against what is proved of a key: an AAGUID that is only claimed permits nothing, and denies.
func TestWhatAPolicyRefuses(t *testing.T) {
	const one, other = "cb69481e-8ff7-4039-93ec-0a2729a154a8", "ee882879-721c-4913-9775-3dfcce97072a"
	l1, l2 := auth.Graded(auth.L1), auth.Graded(auth.L2)
	for name, row := range map[string]struct {
		policy Policy
		grade  auth.Grade
		model  string
		want   string
	}{
		"none, any key":               {Policy{}, auth.AnyKey, "", ""},
		"bound, synced":               {Policy{Least: auth.BoundKey}, auth.AnyKey, one, WhySynced},
		"bound, bound":                {Policy{Least: auth.BoundKey}, auth.BoundKey, one, ""},
		"proved, claimed":             {Policy{Least: auth.ProvedKey}, auth.BoundKey, one, WhyClaimed},
		"proved, synced":              {Policy{Least: auth.ProvedKey}, auth.AnyKey, one, WhySynced},
		"proved, proved":              {Policy{Least: auth.ProvedKey}, auth.ProvedKey, one, ""},
		"level, below":                {Policy{Least: l2}, l1, one, WhyLevel},
		"level, none":                 {Policy{Least: l1}, auth.ProvedKey, one, WhyLevel},
		"level, reached":              {Policy{Least: l1}, l2, one, ""},
		"permitted, proved":           {Policy{Allow: []string{one}}, auth.ProvedKey, one, ""},
		"permitted, claimed":          {Policy{Allow: []string{one}}, auth.BoundKey, one, WhyClaimed},
		"not among the permitted":     {Policy{Allow: []string{one}}, l2, other, WhyModel},
		"denied, claimed":             {Policy{Deny: []string{one}}, auth.BoundKey, one, WhyModel},
		"denied, though certified":    {Policy{Least: l1, Deny: []string{one}}, l2, one, WhyModel},
		"another is denied":           {Policy{Deny: []string{one}}, auth.BoundKey, other, ""},
		"of no model, nothing denied": {Policy{Deny: []string{""}}, auth.BoundKey, "", ""},
	} {
		m := auth.FleetMethod{Grade: auth.AnyKey, Recalled: true, ModelID: row.model}
		if got := row.policy.refuses(&m); row.policy.Least > auth.AnyKey && got != WhyRecalled && got != WhyModel {
			t.Errorf("%s, recalled: got %q, want %q", name, got, WhyRecalled)
		}
		if got := row.policy.refuses(&auth.FleetMethod{Grade: row.grade, ModelID: row.model}); got != row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

// The weakest way in is of a weaker class, or phishable where others are not; what does not work, or is a way back, is
// none.
func TestWeakestWayIn(t *testing.T) {
	key := auth.FleetMethod{Way: "key", Class: auth.Strong, State: auth.Active}
	app := auth.FleetMethod{Way: "app", Class: auth.Strong, Phishable: true, State: auth.Active}
	text := auth.FleetMethod{Way: "sms", Kind: auth.Phone, Class: auth.Weak, Phishable: true, State: auth.Active}
	off := text
	off.State = auth.Disabled
	shut := text
	shut.Shut = true
	codes := auth.FleetMethod{Way: "recovery", Class: auth.Strong, Phishable: true, Set: true, State: auth.Active}
	for name, row := range map[string]struct {
		has   []auth.FleetMethod
		want  string
		texts bool
	}{
		"a key":                        {[]auth.FleetMethod{key}, "key", false},
		"a key and an app":             {[]auth.FleetMethod{app, key}, "app", false},
		"an app after it":              {[]auth.FleetMethod{key, app}, "app", false},
		"all three":                    {[]auth.FleetMethod{key, text, app}, "sms", false},
		"texts":                        {[]auth.FleetMethod{text, codes}, "sms", true},
		"a text that rests, and a key": {[]auth.FleetMethod{off, key, codes}, "key", false},
		"keys only":                    {[]auth.FleetMethod{shut, key}, "key", false},
		"codes alone":                  {[]auth.FleetMethod{codes, off}, "", true},
	} {
		a := &auth.FleetAccount{Methods: row.has}
		got := ""
		if m := weakestOf(a); m != nil {
			got = m.Way
		}
		if got != row.want || textsAlone(a) != row.texts {
			t.Errorf("%s: got %q, texts alone %v, want %q, %v", name, got, textsAlone(a), row.want, row.texts)
		}
	}
}

// More accounts than one pass reads are counted once each; those that are switched off only as that; and a method that
// nobody has used for a year is idle.
func TestFleetOfMany(t *testing.T) {
	w := newWorld(t)
	const n = 2*fleetBatch + 7
	for i := range n {
		name := "a" + string(rune('a'+i/26/26)) + string(rune('a'+i/26%26)) + string(rune('a'+i%26))
		if _, err := w.lab.Make(t.Context(), auth.Caller{}, lab.AccountForm{Name: name,
			Methods: []auth.MethodForm{{Kind: auth.TOTP, Name: "app"}}}); err != nil {
			t.Fatal(err)
		}
	}
	w.later.Add(int64(400 * 24 * time.Hour))
	f, err := w.stock.Fleet(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if f.Accounts != n || f.Off != 0 || len(f.Ways) != 1 || f.Ways[0] != (WayCount{"app", n, 0, n}) || f.None != 0 {
		t.Errorf("got %+v, want %d apps, all of them idle", f, n)
	}
	w.pass(time.Second) // they are switched off, unused for so long
	w.pass(40 * 24 * time.Hour)
	w.pass(40 * 24 * time.Hour)
	if f, err = w.stock.Fleet(t.Context()); err != nil || f.Accounts != n || f.Off != n || f.Ways != nil || f.None != 0 {
		t.Errorf("got %+v, %v, want all switched off, and nothing else of them counted", f, err)
	}
}
