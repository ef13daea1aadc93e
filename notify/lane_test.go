package notify

import (
	"context"
	"fmt"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// ranked is a message of each rank.
func ranked(id string, template string, c auth.Channel, now time.Time) auth.Message {
	m := sms(id, now)
	m.Channel = c
	m.Template = template
	m.Expires = now.Add(24 * time.Hour)
	return m
}

// Three thousand sign-ups, resets or notices at a relay that takes 300 ms for each: what people wait for overtakes.
func TestNobodyWaitsBehindAFlood(t *testing.T) {
	templates := []string{auth.TemplateCode, auth.TemplateReset, auth.TemplateChange, auth.TemplateSignUp}
	for flood := auth.RankReset; flood <= auth.RankSignUp; flood++ {
		for _, channel := range []auth.Channel{auth.Mail, auth.SMS} {
			t.Run(fmt.Sprintf("of rank %d by %s", flood, channel), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					const each = 300 * time.Millisecond
					many := 3000
					if flood != auth.RankSignUp || channel != auth.Mail || testing.Short() {
						many = 400
					}
					b, left := newBox(time.Now), map[string]time.Time{}
					relay := &fake{name: "relay", on: []auth.Channel{channel}, limit: 6}
					relay.play = func(_ context.Context, _ int, m auth.Message) error {
						relay.mu.Lock()
						left[m.ID] = time.Now()
						relay.mu.Unlock()
						time.Sleep(each)
						return nil
					}
					d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), relay)
					for i := range many {
						b.put(ranked(fmt.Sprintf("flood%d", i), templates[flood], channel, time.Now()))
					}
					stop := start(t, d)
					time.Sleep(10*time.Second + 100*time.Millisecond) // in the midst of deliveries
					begun := time.Now()
					for r := auth.RankCode; r < flood; r++ {
						b.put(ranked(templates[r], templates[r], channel, begun))
					}
					time.Sleep(20 * time.Second)
					for r := auth.RankCode; r < flood; r++ {
						bound := time.Duration(0) // for a code and a reset a slot is kept
						if r == auth.RankNotice {
							bound = 2 * each // a notice is leased when one leaves, and the next to begin
						}
						relay.mu.Lock()
						at := left[templates[r]]
						relay.mu.Unlock()
						if at.IsZero() || at.Sub(begun) > bound {
							t.Errorf("%s: left after %s (at all: %t), want at most %s",
								templates[r], at.Sub(begun), !at.IsZero(), bound)
						}
					}
					time.Sleep(10 * time.Minute)
					if n := b.count(auth.Accepted); n != many+int(flood) {
						t.Errorf("got %d accepted in the end, want all %d", n, many+int(flood))
					}
					stop()
				})
			})
		}
	}
}

// Messages for a gateway that hangs take nothing from those for another.
func TestAGatewayThatHangsTakesNoRoomOfAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(time.Now)
		hangs := &fake{name: "hangs", play: func(ctx context.Context, _ int, _ auth.Message) error {
			<-ctx.Done()
			return &Failure{Class: Unsure, Word: WordNoAnswer}
		}}
		quick := &fake{name: "quick", on: []auth.Channel{auth.Mail}}
		d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), hangs, quick)
		many := 3000
		if testing.Short() {
			many = 500
		}
		for i := range many {
			b.put(ranked(fmt.Sprintf("code%d", i), auth.TemplateCode, auth.SMS, time.Now()))
		}
		stop := start(t, d)
		time.Sleep(time.Second)
		for i := range 200 {
			b.put(ranked(fmt.Sprintf("mail%d", i), auth.TemplateSignUp, auth.Mail, time.Now()))
		}
		begun := time.Now()
		for b.count(auth.Accepted) < 200 && time.Since(begun) < time.Minute {
			time.Sleep(time.Second)
		}
		if took := time.Since(begun); took > 5*time.Second {
			t.Errorf("got 200 mails out after %s (%d are), want 5 s", took, b.count(auth.Accepted))
		}
		stop()
	})
}

// No lane ever has more under way than its limits say, and at the end nothing is left in it.
func TestLimitsOfLanes(t *testing.T) {
	for _, slots := range []int{1, 2, 3, 4, 6, 8, 16} {
		synctest.Test(t, func(t *testing.T) {
			l := newLane(&fake{limit: slots})
			under := tally{}
			for i := range 400 {
				r := auth.Rank(rand.IntN(auth.Ranks))
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+rand.IntN(3000))*time.Millisecond)
				go func() {
					defer cancel()
					time.Sleep(time.Duration(i) * 5 * time.Millisecond)
					if l.enter(ctx, nil, r) != nil {
						return
					}
					l.mu.Lock()
					under[r]++
					for q, n := auth.Rank(0), under; q <= auth.RankSignUp; q++ {
						later := 0
						for p := q; p <= auth.RankSignUp; p++ {
							later += n[p]
						}
						if later > l.limit(q) {
							t.Errorf("%d slots: got %v under way, want at most %d of rank %d and later",
								slots, n, l.limit(q), q)
						}
					}
					l.mu.Unlock()
					time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
					l.mu.Lock()
					under[r]--
					l.mu.Unlock()
					l.leave(r)
				}()
			}
			time.Sleep(time.Hour)
			l.mu.Lock()
			if l.inside != (tally{}) || l.active != (tally{}) {
				t.Errorf("%d slots: got %v inside and %v active at the end, want none", slots, l.inside, l.active)
			}
			l.mu.Unlock()
			want := map[int][4]int{1: {1, 1, 1, 1}, 2: {2, 2, 1, 1}, 3: {3, 2, 1, 1}, 4: {4, 3, 2, 2}, 6: {6, 5, 4, 4},
				8: {8, 7, 6, 6}, 16: {16, 14, 12, 12}}[slots]
			for r, n := range want {
				if got := l.limit(auth.Rank(r)); got != n {
					t.Errorf("%d slots: got %d for rank %d, want %d", slots, got, r, n)
				}
			}
		})
	}
}

// Who waits longest within a rank is the next, and a sooner rank goes before.
func TestOrderOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBox(time.Now)
		g := &fake{name: "a", limit: 1, play: func(context.Context, int, auth.Message) error {
			time.Sleep(time.Second)
			return nil
		}}
		d := NewDispatcher(Limits{}, b, render, time.Now, (&journal{}).logger(), g)
		stop := start(t, d)
		for i, template := range []string{auth.TemplateSignUp, auth.TemplateSignUp, auth.TemplateChange,
			auth.TemplateReset, auth.TemplateCode, auth.TemplateCode} {
			b.put(ranked(fmt.Sprintf("%d %s", i, template), template, auth.SMS, time.Now()))
			synctest.Wait()
		}
		time.Sleep(time.Minute)
		want := []string{"0 sign-up", "4 code", "5 code", "3 reset", "2 change", "1 sign-up"}
		if got := g.seen(); fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("got the order %v, want %v", got, want)
		}
		stop()
	})
}
