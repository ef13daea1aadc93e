package desk

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
)

// A daysCase is what the test knows of one case of a day.
type daysCase struct {
	id, link  string
	fate      int // which tenth it is of: see decide
	due       time.Time
	since     time.Time     // the clock runs; zero: it pauses
	ran       time.Duration // before that
	longest   time.Duration // that it ran between an arrival and a decision
	asked     time.Time     // for more
	approved  []string      // by whom, since it was last asked for more
	refusedBy string
	over      bool
	contact   bool // the first reviewer looks after the account
}

func (c *daysCase) run(now time.Time, target time.Duration) {
	c.since, c.due = now, now.Add(target-c.ran)
}

func (c *daysCase) pause(now time.Time) {
	c.ran += now.Sub(c.since)
	c.longest = max(c.longest, c.ran)
	c.since = time.Time{}
}

// mayDecide is whether the test would let a reviewer decide it.
func (c *daysCase) mayDecide(by *browser, first bool) bool {
	return !c.over && !c.since.IsZero() && !slices.Contains(c.approved, by.email) && c.refusedBy != by.email &&
		(!c.contact || !first)
}

// A day is a desk of four reviewers, and who comes in the course of it.
type day struct {
	*world
	reviewers []*browser
	ids       []string // of theirs, in the trail
	cases     []*daysCase
	byID      map[string]*daysCase
	rng       *rand.Rand
	decisions int
	unknown   int // cases that pages offered and nobody has opened
}

const (
	slot   = 20 * time.Minute
	target = 12 * time.Hour
)

func newDay(t *testing.T, seed uint64) *day {
	d := &day{world: newWorld(t), byID: map[string]*daysCase{}, rng: rand.New(rand.NewPCG(seed, 1))}
	for _, name := range []string{"ann", "bob", "cai", "dan"} {
		b := d.worker(name, staff.Reviewer)
		d.reviewers, d.ids = append(d.reviewers, b), append(d.ids, d.id(b))
	}
	return d
}

// comes is a new case in review. The first reviewer looks after one account in ten.
func (d *day) comes(i int, boss *browser) {
	name := fmt.Sprintf("s%d", i)
	d.seller(name)
	c := &daysCase{fate: i % 10, contact: boss != nil}
	if c.contact {
		d.check(d.staff.Assign(d.t.Context(), boss.asCaller(), d.ids[0], name+"@example.com", true))
	}
	c.link = d.openCase(name)
	c.id = c.link[:22]
	d.answers(c)
	d.cases = append(d.cases, c)
	d.byID[c.id] = c
}

func (b *browser) asCaller() auth.Caller {
	return auth.Caller{Token: b.cookies["__Secure-latchkey-desk"], Browser: b.cookies["__Secure-latchkey-desk-browser"]}
}

// answers has the applicant send what there is.
func (d *day) answers(c *daysCase) {
	_, err := d.world.cases.AnswerCase(d.t.Context(), auth.Caller{}, c.link, "It fell into the sea.")
	d.check(err)
	c.asked = time.Time{}
	c.run(d.time(), target)
}

var offered = regexp.MustCompile(`<h2><a\s+href="/desk/recovery/([A-Za-z0-9_-]{22})"`)

// queue is what the first page offers a reviewer to decide. It has to begin with what is due first of all that he may
// decide, and to have room: so nobody waits for ever.
func (d *day) queue(b *browser) []*daysCase {
	rec := b.send(http.MethodGet, "/desk/recovery", nil)
	if rec.Code != http.StatusOK || rec.Body.Len() > 60<<10 {
		d.t.Fatalf("the queue: got %d, %d bytes", rec.Code, rec.Body.Len())
	}
	var list []*daysCase
	for _, m := range offered.FindAllStringSubmatch(rec.Body.String(), -1) {
		c := d.byID[m[1]]
		if c == nil {
			d.unknown++
			continue
		}
		if c.mayDecide(b, b == d.reviewers[0]) {
			list = append(list, c)
		}
	}
	var first *daysCase
	for _, c := range d.cases {
		if c.mayDecide(b, b == d.reviewers[0]) && (first == nil || c.due.Before(first.due)) {
			first = c
		}
	}
	if (first == nil) != (len(list) == 0) || first != nil && !list[0].due.Equal(first.due) {
		d.t.Fatalf("%s: got a queue that does not begin with what is due first: %v, want %v", b.email, list, first)
	}
	return list
}

// act posts a form of a case, and reports whether it was done.
func (d *day) act(b *browser, c *daysCase, act string, pairs ...string) bool {
	rec := b.send(http.MethodPost, "/desk/recovery/"+c.id+"/"+act, form(append(pairs, "x", "y")...))
	if act == "note" {
		return rec.Code == http.StatusSeeOther
	}
	return rec.Code == http.StatusSeeOther && rec.Header().Get("Location") == "/desk/recovery"
}

// decide has a reviewer look at a case, and say what becomes of it: of ten, one is asked for more at first, two are
// refused, and one of these appeals; the others are approved, by two.
func (d *day) decide(b *browser, c *daysCase) {
	if rec := b.send(http.MethodGet, "/desk/recovery/"+c.id, nil); rec.Code != http.StatusOK {
		d.t.Fatalf("%s: got %d", c.id, rec.Code)
	}
	d.decisions++
	switch {
	case c.fate == 0:
		d.does(b, c, "more", "text", "Which goods?")
		c.fate, c.approved = 9, nil
		c.asked = d.time()
		c.pause(d.time())
		return
	case c.fate <= 2:
		d.does(b, c, "refuse", "reason", string(recovery.NotProved))
		c.pause(d.time())
		c.refusedBy = b.email
		if c.over = c.fate == 1; !c.over {
			_, err := d.world.cases.AppealCase(d.t.Context(), auth.Caller{}, c.link, "It is mine.")
			d.check(err)
			c.fate, c.approved = 9, nil
			c.ran = 0
			c.run(d.time(), target)
		}
		return
	}
	checks := []string{"note", "fits"}
	for _, k := range recovery.Checks() {
		checks = append(checks, checkField(k), "yes")
	}
	d.does(b, c, "note", checks...)
	d.does(b, c, "approve")
	if c.approved = append(c.approved, b.email); len(c.approved) == 2 {
		c.pause(d.time())
		c.over = true
		if d.rng.IntN(10) == 0 { // whoever comes too late
			for _, late := range d.reviewers {
				// no repeat of what was just sent
				again := []string{"late", "yes", "reason", string(recovery.NotProved)}
				if d.act(late, c, "approve", again...) || d.act(late, c, "refuse", again...) {
					d.t.Errorf("%s: got it decided once more by %s", c.id, late.email)
				}
			}
		}
	}
}

func (d *day) does(b *browser, c *daysCase, act string, pairs ...string) {
	if !d.act(b, c, act, pairs...) {
		d.t.Fatalf("%s of %s by %s: got it refused", act, c.id, b.email)
	}
}

// works is a slot of those who are on duty: each decides eight cases, in the order of the queue.
func (d *day) works(onDuty []*browser) {
	for _, b := range onDuty {
		b.signIn() // a touch is fresh for as long
		for n, c := range d.queue(b) {
			if n == 8 {
				break
			}
			d.decide(b, c)
		}
	}
	for _, c := range d.cases {
		if !c.asked.IsZero() && d.time().Sub(c.asked) >= time.Hour {
			d.answers(c)
		}
	}
	d.pass(slot)
}

// A day of the desk: 500 cases, most of them by daylight, two of four reviewers at a time. No case is decided twice,
// none by whoever looks after its account, every clock is right and none runs out, and every look is in the trail.
func TestADayOfADesk(t *testing.T) {
	if testing.Short() {
		t.Skip("a day takes a while")
	}
	const cases, slots = 500, int(24 * time.Hour / slot)
	d := newDay(t, 7)
	boss := d.worker("boss", staff.Administrator)
	for n := 0; n < 2*slots; n++ {
		hour := n / 3 % 24
		comes := 4
		if hour >= 9 && hour < 21 {
			comes = 10
		}
		for ; n < slots && comes > 0 && len(d.cases) < cases; comes-- {
			by := boss
			if len(d.cases)%10 != 3 {
				by = nil
			} else {
				boss.signIn()
			}
			d.comes(len(d.cases), by)
		}
		pair := hour / 6
		d.works([]*browser{d.reviewers[pair], d.reviewers[(pair+1)%4]})
		if n >= slots && !slices.ContainsFunc(d.cases, func(c *daysCase) bool { return !c.over }) {
			break
		}
	}
	d.wasRight()
}

// wasRight looks at every case and at the trail of every reviewer.
func (d *day) wasRight() {
	d.t.Helper()
	longest := time.Duration(0)
	for _, c := range d.cases {
		info, err := d.world.cases.Case(d.t.Context(), auth.Caller{}, c.link)
		d.check(err)
		longest = max(longest, c.longest)
		want := recovery.Approved
		if len(c.approved) == 0 {
			want = recovery.Refused
		}
		if (info.State != want && info.State != recovery.Done) || !c.over ||
			info.Clock.Used != int(c.ran/time.Minute) ||
			!info.Clock.Paused {
			d.t.Errorf("%s: got %s, the clock %+v; want %s after %s", c.id, info.State, info.Clock, want, c.ran)
		}
	}
	if longest >= target || d.unknown > 0 || len(d.cases) < 500 {
		d.t.Errorf("got the longest wait %s and %d of %d cases unknown, want none late", longest, d.unknown,
			len(d.cases))
	}
	auditor := d.worker("eve", staff.Auditor)
	for i, b := range d.reviewers {
		views, queues := 0, b.shown["/desk/recovery"]
		for path, n := range b.shown {
			if strings.HasPrefix(path, "/desk/recovery/") {
				views += n
			}
		}
		if views < 100 {
			d.t.Errorf("%s: got %d looks at cases, want a day's work", b.email, views)
		}
		for a, want := range map[auth.Action]int{recovery.ActView: views, recovery.ActQueue: queues} {
			if got := d.countAll(auditor, d.ids[i], a); got != want {
				d.t.Errorf("%s: got %d times %s in the trail, want %d", b.email, got, a, want)
			}
		}
	}
	d.t.Logf("%d cases, %d decisions, the longest waited %s", len(d.cases), d.decisions, longest)
}

// countAll is how often an act stands in all of somebody's trail.
func (d *day) countAll(auditor *browser, of string, a auth.Action) (n int) {
	d.t.Helper()
	for before := uint64(0); ; {
		info, err := d.staff.Trail(d.t.Context(), auditor.asCaller(), of, before)
		d.check(err)
		for _, e := range info.Events {
			if e.Action == a && e.Outcome == "" {
				n += e.Times
			}
		}
		if before = info.Next; before == 0 {
			return n
		}
	}
}

// The queue of 500 open cases is shown by the page, each within what a page may weigh; all of them are on one page or
// another, and a page that is none is the nearest.
func TestTheQueueHasPages(t *testing.T) {
	w := newWorld(t)
	for i := range 60 {
		w.seller(fmt.Sprint("s", i))
		w.caseInReview(fmt.Sprint("s", i))
		w.pass(time.Minute)
	}
	b := w.worker("ann", staff.Reviewer)
	seen := map[string]bool{}
	for page, want := range map[string]int{"": 25, "?page=2": 25, "?page=3": 10} {
		text := b.open("/desk/recovery" + page)
		found := offered.FindAllStringSubmatch(text, -1)
		for _, m := range found {
			seen[m[1]] = true
		}
		if len(found) != want || !strings.Contains(text, "Waiting for reviewers: 60") ||
			strings.Contains(text, "Overdue") {
			t.Errorf("page %q: got %d cases, want %d", page, len(found), want)
		}
	}
	if len(seen) != 60 {
		t.Errorf("got %d cases on all pages, want 60", len(seen))
	}
	for page, says := range map[string]string{"?page=9": "Page 3 of 3", "?page=0": "Page 1 of 3",
		"?page=x": "Page 1 of 3"} {
		if text := b.open("/desk/recovery" + page); !strings.Contains(text, says) {
			t.Errorf("page %q: got %s, want %q", page, text, says)
		}
	}
	w.pass(target)
	b.signIn()
	if text := b.open("/desk/recovery"); !strings.Contains(text, "Overdue: 60") {
		t.Errorf("after %s: got %s, want them overdue", target, text)
	}
}
