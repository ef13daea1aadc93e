package auth

import "testing"

// Grades are named in settings, each above the one before, and a key has the highest that it proves.
func TestGrades(t *testing.T) {
	var before Grade
	for i, name := range []string{"", "bound", "proved", "L1", "L1+", "L2", "L2+", "L3", "L3+"} {
		var g Grade
		if err := g.UnmarshalText([]byte(name)); err != nil || g.String() != name || i > 0 && g <= before {
			t.Errorf("%q: got %q, %v, want it above %q", name, g, err, before)
		}
		before = g
	}
	var g Grade
	err := g.UnmarshalText([]byte("l2+"))
	if err != nil || g.Level() != L2Plus || Graded(L2Plus) != g || BoundKey.Level() != 0 {
		t.Errorf("got %q of level %q, want L2+ in either case", g, g.Level())
	}
	for _, wrong := range []string{"L4", "hardware", "L1 "} {
		if err := g.UnmarshalText([]byte(wrong)); err == nil {
			t.Errorf("%q: got it taken", wrong)
		}
	}
	for _, tc := range []struct {
		key  Traits
		want Grade
	}{
		{Traits{}, BoundKey},
		{Traits{Synced: true}, AnyKey},
		{Traits{Provenance: Provenance{Certified: true}}, ProvedKey},
		{Traits{Provenance: Provenance{Certified: true, Level: L3}}, Graded(L3)},
		{Traits{Synced: true, Provenance: Provenance{Certified: true, Level: L3}}, AnyKey},
		{Traits{Provenance: Provenance{Level: L3}}, BoundKey},
	} {
		if got := tc.key.Grade(); got != tc.want {
			t.Errorf("%+v: got %q, want %q", tc.key, got, tc.want)
		}
	}
}
