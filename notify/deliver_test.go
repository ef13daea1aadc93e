package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

func TestDefaultLimits(t *testing.T) {
	want := Limits{Poll: 10 * time.Second, First: time.Second, Most: 15 * time.Minute, Tries: 40, Unsure: 3,
		Drain: 7 * time.Second}
	if got := (Limits{}).orDefaults(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	d := NewDispatcher(Limits{}, nil, render, time.Now, (&journal{}).logger())
	for r, n := range []int{16, 12, 8, 4} {
		if got := d.most(auth.Rank(r)); got != n {
			t.Errorf("rank %d: got room for %d beside the gateways', want %d", r, got, n)
		}
	}
}

// TestTimeOfADelivery ends with the message's life or with Hold, whichever comes first.
func TestTimeOfADelivery(t *testing.T) {
	for expires, want := range map[time.Duration]time.Duration{10 * time.Second: 10 * time.Second, time.Hour: Hold, 0: Hold} {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(time.Now)
			var got time.Duration
			g := &fake{name: "a", play: func(ctx context.Context, _ int, _ auth.Message) error {
				until, _ := ctx.Deadline()
				got = time.Until(until)
				return nil
			}}
			d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), g)
			m := sms("m1", time.Now())
			if m.Expires = time.Now().Add(expires); expires == 0 {
				m.Expires = time.Time{} // good for ever
			}
			b.put(m)
			pump(d)
			if got != want || b.get("m1").State != auth.Accepted {
				t.Errorf("expires in %s: got %s and %s for it, want %s", expires, b.get("m1").State, got, want)
			}
		})
	}
}

// TestWhatCannotBePutIntoWords is tried again and told of, unless it is too late for it anyway.
func TestWhatCannotBePutIntoWords(t *testing.T) {
	for name, bad := range map[string]Render{
		"an error": func(auth.Message) (Text, error) { return Text{}, errors.New(canaryCode) },
		"a panic":  func(auth.Message) (Text, error) { panic(canaryCode) },
	} {
		c, log := newClock(), &journal{}
		b := newBox(c.now)
		d := NewDispatcher(Limits{}, b, bad, c.now, log.logger(), &fake{name: "a"})
		b.put(sms("m1", c.now()))
		pump(d)
		if m := b.get("m1"); m.State != auth.Queued || m.Reason != WordRender || m.Tries != 1 {
			t.Errorf("%s: got %s %q after %d tries, want queued %s after 1", name, m.State, m.Reason, m.Tries, WordRender)
		}
		if got := strings.Contains(log.String(), `"where":"render"`); got != (name == "a panic") {
			t.Errorf("%s: got a panic in the log %v:\n%s", name, got, log)
		}
		log.clean(t)
		late := sms("m2", c.now())
		c.add(5 * time.Minute)
		b.put(late)
		pump(d)
		if m := b.get("m2"); m.State != auth.Expired {
			t.Errorf("%s: got %s for what is too late, want %s", name, m.State, auth.Expired)
		}
	}
	c, log := newClock(), &journal{}
	b := newBox(c.now)
	d := NewDispatcher(Limits{}, b, render, c.now, log.logger(), &fake{name: "gw", play: script("panic")})
	b.put(sms("m1", c.now()))
	pump(d)
	if got := log.String(); !strings.Contains(got, `"where":"gw"`) || !strings.Contains(got, `"message":"m1"`) {
		t.Errorf("got no panic of the gateway in the log:\n%s", got)
	}
	log.clean(t)
}

// TestWhereAMessageStands after a round in which nobody took it.
func TestWhereAMessageStands(t *testing.T) {
	c := newClock()
	a, b := &fake{name: "a", limit: 1, play: script("later")}, &fake{name: "b", play: script("later")}
	d := NewDispatcher(Limits{}, newBox(c.now), render, c.now, (&journal{}).logger(), a, b)
	m := sms("m1", c.now())
	m.Gateway, m.Reason = "b", WordBusy
	if o := d.round(t.Context(), nil, m, Text{}); o.Gateway != "a" || o.State != auth.Queued || o.Reason != WordBusy {
		t.Errorf("got %+v, want it to wait for the preferred gateway, though the other was asked first", o)
	}
	for d.lanes[auth.SMS][0].knock(auth.RankCode) != nil { // its room is full
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	m.Gateway, m.Reason = "a", WordNoAnswer
	if o := d.round(ctx, nil, m, Text{}); o.Gateway != "a" || o.State != auth.Queued || o.Reason != WordNoAnswer {
		t.Errorf("got %+v, want it to stay where it may have been sent, with no try counted", o)
	}
	for _, tt := range []struct {
		word, reason string
		n            int
		want         string
	}{
		{WordNoAnswer, "", 1, "no-answer"}, {WordUnreadable, "no-answer", 2, "unreadable-2"},
		{WordBusy, "server-error", 2, "server-error-2"}, {WordBusy, "fault-2", 3, "fault-3"},
		{WordUnreachable, "no-answer-2", 3, "no-answer-3"}, {WordBusy, "unreadable", 1, "unreadable"},
		{WordBusy, "", 1, "no-answer"},
	} {
		if got := counted(&Failure{Word: tt.word}, auth.Message{Reason: tt.reason}, tt.n); got != tt.want {
			t.Errorf("%s after %q: got %q, want %q", tt.word, tt.reason, got, tt.want)
		}
	}
}

// TestWaitsDouble up to the longest, whatever the first is and however many there were.
func TestWaitsDouble(t *testing.T) {
	c := newClock()
	for _, first := range []time.Duration{time.Second, 16 * time.Second, time.Minute, time.Hour} {
		l := Limits{First: first, Most: 30 * time.Minute, Tries: 200}
		d := NewDispatcher(l, newBox(c.now), render, c.now, (&journal{}).logger())
		d.Jitter = func() float64 { return 1 }
		want := min(first, l.Most)
		for tries := range 100 {
			if got := d.again(auth.Message{Tries: tries}, "a", "busy", 0).NextAt.Sub(c.now()); got != want {
				t.Fatalf("%s, %d tries: got a wait of %s, want %s", first, tries, got, want)
			}
			want = min(2*want, l.Most)
		}
	}
}

// A shelf of outcomes that is closed.
type broken struct {
	*box
	times []time.Duration // of each try since began
	left  []time.Duration // for each
	began time.Time
}

func (b *broken) Settle(ctx context.Context, _ string, _ auth.Outcome) error {
	until, _ := ctx.Deadline()
	b.times = append(b.times, time.Since(b.began))
	b.left = append(b.left, until.Sub(b.began))
	return errors.New("disk full")
}

// TestOutcomeIsStoredInTime: three more tries with growing waits, in 5 seconds for all.
func TestOutcomeIsStoredInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := &broken{box: newBox(time.Now), began: time.Now()}
		d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), &fake{name: "a"})
		d.settle(t.Context(), sms("m1", time.Now()), auth.Outcome{State: auth.Accepted})
		const ms = time.Millisecond
		if want := []time.Duration{0, 50 * ms, 250 * ms, 1050 * ms}; !slices.Equal(b.times, want) {
			t.Errorf("got tries after %v, want %v", b.times, want)
		}
		for _, left := range b.left {
			if left != 5*time.Second {
				t.Errorf("got %s for the tries, want 5 s", left)
			}
		}
		if o, ok := d.owes("m1"); !ok || o.State != auth.Accepted {
			t.Errorf("got %v, %v owed, want the outcome kept", o, ok)
		}
		if o, ok := d.owes("m1"); ok {
			t.Errorf("got %v owed again, want it told once", o)
		}
	})
}

// TestDebtsAreBounded in time and number.
func TestDebtsAreBounded(t *testing.T) {
	c := newClock()
	d := NewDispatcher(Limits{}, newBox(c.now), render, c.now, (&journal{}).logger())
	first := sms("first", c.now())
	d.owe(first, auth.Outcome{})
	c.add(5*time.Minute + time.Hour) // an hour after it was over
	d.owe(sms("second", c.now()), auth.Outcome{})
	if _, there := d.owed["first"]; !there || len(d.owed) != 2 {
		t.Errorf("got %d debts, want both: the first is good until now", len(d.owed))
	}
	c.add(1)
	for i := range 9999 {
		d.owed[fmt.Sprint(i)] = debt{until: c.now().Add(time.Hour)}
	}
	d.owe(sms("third", c.now()), auth.Outcome{})
	if _, there := d.owed["first"]; there || len(d.owed) != 10_000 {
		t.Errorf("got %d debts, the first there: %v, want 10000 without it", len(d.owed), there)
	}
	if _, there := d.owed["third"]; there {
		t.Error("got one debt more than are kept")
	}
	d.owes("second")
	if d.owe(first, auth.Outcome{}); len(d.owed) != 10_000 {
		t.Errorf("got %d debts, want the last place filled", len(d.owed))
	}
}

// A counter hands out what it is told to, and notes how much it is asked for.
type counter struct {
	*box
	list []auth.Message
	err  error
	asks []int
}

func (c *counter) DueUpTo(_ context.Context, n int, _ auth.Rank) ([]auth.Message, error) {
	c.asks = append(c.asks, n)
	list := c.list
	c.list = nil
	return list, c.err
}

// TestWhenToLookAgain at once: if all that was asked for came, and something of it was begun.
func TestWhenToLookAgain(t *testing.T) {
	list := func(n int) (all []auth.Message) {
		for i := range n {
			all = append(all, sms(fmt.Sprint(i), time.Now()))
		}
		return all
	}
	for _, tt := range []struct {
		name string
		list int
		fly  bool // they are under way already
		full bool
		err  error
		want bool
		asks int
	}{
		{"as many as asked for", 64, false, false, nil, true, 2},
		{"one fewer", 63, false, false, nil, false, 2},
		{"none", 0, false, false, nil, false, 2},
		{"all under way", 64, true, false, nil, false, 2},
		{"no room", 0, false, true, nil, false, 0},
		{"unreadable", 0, false, false, errors.New("disk"), false, 1},
	} {
		o := &counter{box: newBox(time.Now), list: list(tt.list), err: tt.err}
		for _, m := range list(tt.list) {
			o.put(m)
		}
		d := NewDispatcher(Limits{}, o, render, time.Now, (&journal{}).logger(), &fake{name: "a", limit: 100})
		for _, m := range o.list {
			d.flying[m.ID] = tt.fly
		}
		if tt.full {
			d.leased[auth.RankCode] = d.most(auth.RankCode)
		}
		got := d.lease(t.Context(), t.Context())
		d.working.Wait()
		if got != tt.want || len(o.asks) != tt.asks || slices.Contains(o.asks, 0) {
			t.Errorf("%s: got %v after asking for %v, want %v after %d", tt.name, got, o.asks, tt.want, tt.asks)
		}
	}
}

// TestRoomIsUsedAtOnce: who waits for room is told when there is some, not at the next look.
func TestRoomIsUsedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, log := newBox(time.Now), &journal{}
		g := &fake{name: "a", play: func(context.Context, int, auth.Message) error {
			time.Sleep(time.Millisecond)
			return nil
		}}
		d := NewDispatcher(Limits{}, b, render, time.Now, log.logger(), g)
		for i := range 500 {
			b.put(ranked(fmt.Sprint(i), auth.TemplateSignUp, auth.SMS, time.Now()))
		}
		stop := start(t, d)
		time.Sleep(5 * time.Second) // what finds a gateway's room full is put off for one, a look comes after ten
		if n := b.count(auth.Accepted); n != 500 {
			t.Errorf("got %d accepted after 5 seconds, want all 500", n)
		}
		stop()
		if strings.Contains(log.String(), "left behind") {
			t.Errorf("got deliveries left behind where all had ended:\n%s", log)
		}
	})
}

// TestAPlaceGivenUpIsGivenOn: a slot that came together with the end of its waiter's patience is the next one's.
func TestAPlaceGivenUpIsGivenOn(t *testing.T) {
	l := newLane(&fake{limit: 1})
	first, second := l.knock(auth.RankCode), l.knock(auth.RankCode)
	l.giveUp(first)
	select {
	case <-second.begin:
	default:
		t.Error("got the second still waiting, want it to begin")
	}
	l.leave(auth.RankCode)
	if l.inside != (tally{}) || l.active != (tally{}) {
		t.Errorf("got %v inside and %v active, want none", l.inside, l.active)
	}
}
