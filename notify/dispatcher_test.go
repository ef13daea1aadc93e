package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// TestChoice holds the table of the package comment: which gateway is asked
// in which order, and what the seller is told.
func TestChoice(t *testing.T) {
	tests := []struct {
		name, first, second string
		want                string // order of gateways
		state               auth.Delivery
		reason              string
	}{
		{"accepted at once", "ok", "ok", "a", auth.Accepted, ""},
		{"later goes on at once", "later", "ok", "a b", auth.Accepted, ""},
		{"never goes on at once", "never", "ok", "a b", auth.Accepted, ""},
		{"never by all fails", "never", "never", "a b", auth.Failed, WordRefused},
		{"never then later comes back to the second", "never", "later ok", "a b b", auth.Accepted, ""},
		{"later by all begins with the preferred", "later ok", "later", "a b a", auth.Accepted, ""},
		{"unsure stays", "unsure ok", "ok", "a a", auth.Accepted, ""},
		{"unsure stays though the next try is later", "unsure later ok", "ok", "a a a", auth.Accepted, ""},
		{"unsure then never goes on", "unsure never", "ok", "a a b", auth.Accepted, ""},
		{"unsure until used up", "unsure", "ok", "a a a b", auth.Accepted, ""},
		{"unsure and later until used up", "unsure later later", "ok", "a a a b", auth.Accepted, ""},
		{"unsure at the second stays there", "later", "unsure unsure ok", "a b b b", auth.Accepted, ""},
		{"an error of unknown kind is unsure", "plain ok", "ok", "a a", auth.Accepted, ""},
		{"a panic is unsure", "panic ok", "ok", "a a", auth.Accepted, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := newClock()
			log := &journal{}
			order := []string{}
			b := newBox(c.now)
			a := &fake{name: "a", play: script(tt.first), log: &order}
			z := &fake{name: "b", play: script(tt.second), log: &order}
			d := NewDispatcher(Limits{}, b, render, c.now, log.logger(), a, z)
			b.put(sms("m1", c.now()))
			settleAll(d, b, c, 12)
			if got := strings.Join(order, " "); got != tt.want {
				t.Errorf("got gateways %q, want %q", got, tt.want)
			}
			if m := b.get("m1"); m.State != tt.state || m.Reason != tt.reason {
				t.Errorf("got %s %q, want %s %q", m.State, m.Reason, tt.state, tt.reason)
			}
			log.clean(t)
		})
	}
}

func TestAnotherProcessGoesOnWhereTheFirstStopped(t *testing.T) {
	c, order := newClock(), []string{}
	b := newBox(c.now)
	b.put(sms("m1", c.now()))
	for i, want := range []string{"b", "b b", "b b b", "b b b a"} {
		// Each round is a process of its own, as after a kill.
		a := &fake{name: "a", log: &order}
		z := &fake{name: "b", play: script("unsure"), log: &order}
		if i == 0 {
			a.play = script("later")
		}
		d := NewDispatcher(Limits{}, b, render, c.now, (&journal{}).logger(), a, z)
		pump(d)
		if i == 0 {
			order = order[1:] // a, busy
		}
		if got := strings.Join(order, " "); got != want {
			t.Fatalf("round %d: got gateways %q, want %q", i, got, want)
		}
		c.add(30 * time.Second)
	}
	if m := b.get("m1"); m.State != auth.Accepted || m.Gateway != "a" {
		t.Errorf("got %s by %q, want accepted by a", m.State, m.Gateway)
	}
}

func TestRunWakesRetriesAndStops(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, log := newBox(time.Now), &journal{}
		g := &fake{name: "a", play: script("later later later later ok")}
		d := NewDispatcher(Limits{}, b, render, time.Now, log.logger(), g)
		d.Jitter = func() float64 { return 0.5 }
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- d.Run(ctx) }()
		synctest.Wait()
		time.Sleep(3 * time.Second) // between two looks of Poll
		begun := time.Now()
		b.put(sms("m1", begun))
		time.Sleep(time.Minute)
		stop()
		if err := <-ended; err != nil {
			t.Errorf("got %v, want no error", err)
		}
		const ms = time.Millisecond
		want := []time.Duration{0, 750 * ms, 2250 * ms, 5250 * ms, 11250 * ms}
		for i, at := range g.times {
			if i >= len(want) || at.Sub(begun) != want[i] {
				t.Errorf("try %d: got it after %s, want %v", i, at.Sub(begun), want)
			}
		}
		if m := b.get("m1"); m.State != auth.Accepted || m.Reference != "a/m1" || len(g.times) != len(want) {
			t.Errorf("got %s %q after %d tries, want accepted a/m1 after %d",
				m.State, m.Reference, len(g.times), len(want))
		}
		log.clean(t)
	})
}

func TestJitterSpreads(t *testing.T) {
	c := newClock()
	d := NewDispatcher(Limits{}, newBox(c.now), render, c.now, (&journal{}).logger())
	m := auth.Message{Tries: 4}
	for _, tt := range []struct {
		jitter float64
		after  time.Duration
		want   time.Duration
	}{
		{0, 0, 8 * time.Second}, {0.5, 0, 12 * time.Second},
		{0.5, time.Minute, time.Minute}, {0, 24 * time.Hour, 15 * time.Minute},
	} {
		d.Jitter = func() float64 { return tt.jitter }
		if got := d.again(m, "a", "busy", tt.after).NextAt.Sub(c.now()); got != tt.want {
			t.Errorf("jitter %v, after %s: got a wait of %s, want %s", tt.jitter, tt.after, got, tt.want)
		}
	}
	for _, n := range []int{11, 29, 30, 38, -1} { // no overflow
		m.Tries = n
		if got := d.again(m, "a", "busy", 0).NextAt.Sub(c.now()); got <= 0 || got > 15*time.Minute {
			t.Errorf("tries %d: got a wait of %s, want one up to 15 minutes", n, got)
		}
	}
}

func TestExpiry(t *testing.T) {
	t.Run("a code that is too old is never sent", func(t *testing.T) {
		c := newClock()
		b, g := newBox(c.now), &fake{name: "a"}
		d := NewDispatcher(Limits{}, b, render, c.now, (&journal{}).logger(), g)
		b.put(sms("m1", c.now()))
		c.add(5 * time.Minute)
		pump(d)
		if m := b.get("m1"); m.State != auth.Expired || len(g.seen()) != 0 {
			t.Errorf("got %s after %d deliveries, want expired after none", m.State, len(g.seen()))
		}
	})
	t.Run("nor one that got too old while it waited for a slot", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			b := newBox(time.Now)
			g := &fake{name: "a", limit: 1, play: func(ctx context.Context, n int, _ auth.Message) error {
				if n == 0 {
					time.Sleep(20 * time.Second)
				}
				return nil
			}}
			d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), g)
			stop := start(t, d)
			b.put(sms("slow", time.Now()))
			synctest.Wait()
			m := sms("late", time.Now())
			m.Expires = time.Now().Add(10 * time.Second)
			b.put(m)
			time.Sleep(time.Minute)
			if got := b.get("late"); got.State != auth.Expired || slices.Contains(g.seen(), "late") {
				t.Errorf("got %s, sent %v, want expired and not sent", got.State, g.seen())
			}
			stop()
		})
	})
	t.Run("no time for another try fails at once", func(t *testing.T) {
		c := newClock()
		b, g := newBox(c.now), &fake{name: "a", play: script("later")}
		d := NewDispatcher(Limits{}, b, render, c.now, (&journal{}).logger(), g)
		m := sms("m1", c.now())
		m.Expires = c.now().Add(400 * time.Millisecond)
		b.put(m)
		pump(d)
		if got := b.get("m1"); got.State != auth.Failed || got.Reason != WordBusy {
			t.Errorf("got %s %q, want failed busy", got.State, got.Reason)
		}
	})
	t.Run("tries are bounded", func(t *testing.T) {
		c := newClock()
		b, g := newBox(c.now), &fake{name: "a", play: script("unsure")}
		d := NewDispatcher(Limits{Tries: 5, Most: time.Second}, b, render, c.now, (&journal{}).logger(), g)
		m := sms("m1", c.now())
		m.Expires = c.now().Add(24 * time.Hour)
		b.put(m)
		settleAll(d, b, c, 50)
		if got := b.get("m1"); got.State != auth.Failed || len(g.seen()) != 5 {
			t.Errorf("got %s after %d tries, want failed after 5", got.State, len(g.seen()))
		}
	})
}

func TestNothingServesTheChannel(t *testing.T) {
	c := newClock()
	b := newBox(c.now)
	d := NewDispatcher(Limits{}, b, render, c.now, (&journal{}).logger(), &fake{name: "a"})
	b.put(letter("m1", c.now()))
	pump(d)
	if m := b.get("m1"); m.State != auth.Failed || m.Reason != WordNoGateway {
		t.Errorf("got %s %q, want failed no-gateway", m.State, m.Reason)
	}
}

func TestPoisonHarmsItselfAlone(t *testing.T) {
	c, log := newClock(), &journal{}
	b := newBox(c.now)
	g := &fake{name: "a", play: func(_ context.Context, _ int, m auth.Message) error {
		if m.ID == "m0" {
			panic(canaryPhone)
		}
		return nil
	}}
	bad := func(m auth.Message) (Text, error) {
		switch m.ID {
		case "m1":
			panic(canaryCode)
		case "m2":
			return Text{}, errors.New("no text for " + canaryCode)
		}
		return render(m)
	}
	d := NewDispatcher(Limits{}, b, bad, c.now, log.logger(), g)
	for i := range 100 {
		b.put(sms(fmt.Sprintf("m%d", i), c.now()))
	}
	pump(d)
	if got := b.count(auth.Accepted); got != 97 {
		t.Errorf("got %d accepted beside three bad ones, want 97", got)
	}
	for range 40 {
		c.add(time.Minute)
		pump(d)
	}
	for _, id := range []string{"m0", "m1", "m2"} {
		if m := b.get(id); m.State != auth.Failed && m.State != auth.Expired {
			t.Errorf("%s: got %s, want an end", id, m.State)
		}
	}
	log.clean(t)
}

func TestSlowGatewayBlocksNobodyElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(time.Now)
		var under, most atomic.Int32
		slow := &fake{name: "slow", limit: 3, play: func(ctx context.Context, _ int, _ auth.Message) error {
			if n := under.Add(1); n > most.Load() {
				most.Store(n)
			}
			defer under.Add(-1)
			<-ctx.Done()
			return &Failure{Class: Unsure, Word: WordNoAnswer}
		}}
		quick := &fake{name: "quick", on: []auth.Channel{auth.Mail}}
		d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), slow, quick)
		for i := range 300 {
			b.put(sms(fmt.Sprintf("s%d", i), time.Now()))
		}
		for i := range 50 {
			b.put(letter(fmt.Sprintf("m%d", i), time.Now()))
		}
		stop := start(t, d)
		synctest.Wait() // no time has passed
		if got := b.count(auth.Accepted); got != 50 {
			t.Errorf("got %d mails accepted while the other gateway hangs, want 50", got)
		}
		time.Sleep(20 * time.Minute)
		if got := b.count(auth.Queued); got != 0 {
			t.Errorf("got %d still queued after their expiry, want 0", got)
		}
		if most.Load() != 3 {
			t.Errorf("got %d deliveries at one time, want 3", most.Load())
		}
		stop()
	})
}

func TestSecondGatewayWhenTheFirstIsFull(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(time.Now)
		slow := &fake{name: "slow", limit: 1, play: func(ctx context.Context, _ int, _ auth.Message) error {
			<-ctx.Done()
			return &Failure{Class: Unsure, Word: WordNoAnswer}
		}}
		spare := &fake{name: "spare"}
		d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), slow, spare)
		for i := range 30 {
			b.put(sms(fmt.Sprintf("s%d", i), time.Now()))
		}
		stop := start(t, d)
		synctest.Wait()
		if got, want := len(spare.seen()), 30-roomPerSlot; got != want {
			t.Errorf("got %d taken by the second gateway at once, want %d", got, want)
		}
		stop()
	})
}

func TestDrain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, log := newBox(time.Now), &journal{}
		g := &fake{name: "a", limit: 3, play: func(ctx context.Context, _ int, m auth.Message) error {
			switch m.ID {
			case "quick":
				time.Sleep(5 * time.Second)
				return nil
			case "hangs":
				<-ctx.Done()
				return &Failure{Class: Unsure, Word: WordNoAnswer}
			}
			time.Sleep(time.Hour) // heeds nothing
			return nil
		}}
		d := NewDispatcher(Limits{}, b, render, time.Now, log.logger(), g)
		for _, id := range []string{"quick", "hangs", "deaf"} {
			b.put(sms(id, time.Now()))
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- d.Run(ctx) }()
		synctest.Wait()
		b.put(sms("waits", time.Now()))
		synctest.Wait()
		begun := time.Now()
		stop()
		if err := <-ended; err != nil || time.Since(begun) != 8*time.Second {
			t.Errorf("got %v after %s, want no error after 8s", err, time.Since(begun))
		}
		if m := b.get("quick"); m.State != auth.Accepted {
			t.Errorf("quick: got %s, want accepted", m.State)
		}
		if m := b.get("hangs"); m.State != auth.Queued || m.Reason != WordNoAnswer || m.Gateway != "a" {
			t.Errorf("hangs: got %s %q, want queued no-answer", m.State, m.Reason)
		}
		if m := b.get("waits"); m.State != auth.Queued || slices.Contains(g.seen(), "waits") || m.NextAt.After(begun) {
			t.Errorf("waits: got %s for %s, want it put back untried and due", m.State, m.NextAt)
		}
		if m := b.get("deaf"); m.State != auth.Queued {
			t.Errorf("deaf: got %s, want queued", m.State)
		}
		if got := log.String(); !strings.Contains(got, "left behind") || !strings.Contains(got, `"count":1`) {
			t.Errorf("got no word of the one left behind in the log:\n%s", got)
		}
		time.Sleep(2 * time.Hour)
	})
}

func TestLapsedLeaseIsDeliveredAgain(t *testing.T) {
	c := newClock()
	b := newBox(c.now)
	b.put(sms("m1", c.now()))
	if list, _ := b.DueUpTo(context.Background(), 1, auth.RankSignUp); len(list) != 1 { // a process that dies here
		t.Fatalf("got %d leased, want 1", len(list))
	}
	g := &fake{name: "a"}
	d := NewDispatcher(Limits{}, b, render, c.now, (&journal{}).logger(), g)
	pump(d)
	if got := len(g.seen()); got != 0 {
		t.Errorf("got %d deliveries under another's lease, want 0", got)
	}
	c.add(lease)
	pump(d)
	if got := g.seen(); !slices.Equal(got, []string{"m1"}) {
		t.Errorf("got %v, want the same message once", got)
	}
}

func TestOutcomeThatCannotBeStoredIsNotSentTwice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, log := newBox(time.Now), &journal{}
		g := &fake{name: "a"}
		d := NewDispatcher(Limits{}, b, render, time.Now, log.logger(), g)
		b.broken = 7
		b.put(sms("m1", time.Now()))
		stop := start(t, d)
		time.Sleep(4 * time.Minute)
		if m := b.get("m1"); m.State != auth.Accepted || len(g.seen()) != 1 {
			t.Errorf("got %s after %d deliveries, want accepted after 1", m.State, len(g.seen()))
		}
		stop()
		log.clean(t)
	})
}

// A driver that hangs past the lease and heeds nothing has its message to itself: leased again, it is not begun again.
func TestAMessageLeasedTwiceIsDeliveredOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(time.Now)
		leases := map[time.Time]bool{}
		g := &fake{name: "a", play: func(_ context.Context, _ int, _ auth.Message) error {
			time.Sleep(5*lease + time.Second)
			return nil
		}}
		d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), g)
		m := sms("m1", time.Now())
		m.Expires = time.Now().Add(time.Hour)
		b.put(m)
		stop := start(t, d)
		for range 10 {
			time.Sleep(lease / 2)
			leases[b.get("m1").NextAt] = true
		}
		time.Sleep(time.Minute)
		if got := b.get("m1"); got.State != auth.Accepted || len(g.seen()) != 1 || len(b.settled["m1"]) != 1 {
			t.Errorf("got %s after %d deliveries and %d outcomes, want it accepted once",
				got.State, len(g.seen()), len(b.settled["m1"]))
		}
		if len(leases) < 4 || len(d.flying) != 0 || d.leased != (tally{}) {
			t.Errorf("got %d leases, %v and %v left, want 4 at least and nothing left", len(leases), d.flying, d.leased)
		}
		stop()
	})
}
