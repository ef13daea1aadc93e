package recovery_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
)

// A shop that is worth as much as the marketplace says needs a second reviewer, for each of its people; every other
// shop, and who has none, needs one where one is enough.
func TestASecondReviewerForShopsOfValue(t *testing.T) {
	w := newWorld(t, func(c *recovery.Config) { c.Reviewers, c.TwoFrom = 1, 1000 })
	boss := w.person("boss")
	shop, small := boss.shop(), ""
	w.person("mo").joins(boss, shop, team.Member)
	lin := w.person("lin")
	small = lin.shop()
	w.person("wei")
	set := func(of string, value int64) {
		w.does("setting", func() error { return w.shops.SetValue(t.Context(), auth.Caller{}, of, value) })
	}
	set(shop, 1000)
	set(small, 999)
	for name, needed := range map[string]int{"boss": 2, "mo": 2, "lin": 1, "wei": 1, "nobody": 1} {
		link, _ := w.inReview(name+"@example.com", map[bool]string{true: name + "@example.org"}[name == "nobody"])
		f, err := w.cases.ViewCase(t.Context(), auth.Caller{}, by("ann"), idOf(link))
		if err != nil || f.Needed != needed {
			t.Errorf("%s: got %d needed, %v, want %d", name, f.Needed, err, needed)
		}
		queue, err := w.cases.Queue(t.Context(), auth.Caller{}, by("ann"), 1)
		if err != nil {
			t.Fatal(err)
		}
		for _, item := range queue.Items {
			if item.ID == idOf(link) && item.Needed != needed {
				t.Errorf("%s: got %d needed in the queue, want %d", name, item.Needed, needed)
			}
		}
		if name == "nobody" {
			continue
		}
		w.approve(link, "ann")
		if approved := w.at(link).State == recovery.Approved; approved != (needed == 1) {
			t.Errorf("%s: one reviewer: got it approved %v", name, approved)
		}
		if needed == 2 {
			w.approve(link, "bob")
		}
		if got := w.at(link).State; got != recovery.Approved {
			t.Errorf("%s: got %s, want it approved by %d", name, got, needed)
		}
	}
}

// A value that is set while an approved case waits counts when its time has come: one reviewer was not enough.
func TestAValueThatIsSetMeanwhile(t *testing.T) {
	w := newWorld(t, func(c *recovery.Config) { c.Reviewers, c.TwoFrom = 1, 1000 })
	boss := w.person("boss")
	shop := boss.shop()
	link, _ := w.inReview("boss@example.com", "")
	w.approve(link, "ann")
	w.does("setting", func() error { return w.shops.SetValue(t.Context(), auth.Caller{}, shop, 5000) })
	w.pass(day)
	if got := w.at(link).State; got != recovery.Review || boss.methods() == 0 {
		t.Errorf("got %s, want it back with the reviewers", got)
	}
	w.approve(link, "bob")
	w.pass(day)
	if got := w.at(link).State; got != recovery.Done {
		t.Errorf("got %s, want it done by two", got)
	}
	wantCode(t, "a shop that there is not", w.shops.SetValue(t.Context(), auth.Caller{}, "none", 1), auth.NotFound)
}
