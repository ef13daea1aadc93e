package notify

import (
	"fmt"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A gateway that was silent three times in a row is passed over by new messages, but for one a minute; a message that
// began there goes on there, and the first answer, whatever it says, makes it the first again.
func TestASilentGatewayIsPassedOver(t *testing.T) {
	for _, answer := range []string{"ok", "never", "later"} {
		t.Run(answer, func(t *testing.T) {
			c := newClock()
			first := &fake{name: "a", play: script("unsure unsure unsure unsure " + answer)}
			second := &fake{name: "b", play: script("ok")}
			d := NewDispatcher(Limits{}, newBox(c.now), render, c.now, (&journal{}).logger(), first, second)
			n := 0
			send := func(want string) {
				t.Helper()
				n++
				if got := d.round(t.Context(), nil, sms(fmt.Sprint("m", n), c.now()), Text{}); got.Gateway != want {
					t.Errorf("message %d: got it at %s, want it at %s", n, got.Gateway, want)
				}
			}
			for range 3 {
				send("a")
			}
			send("a") // it is probed at once,
			send("b") // and then passed over
			c.add(probeEvery - time.Second)
			send("b")
			c.add(time.Second)
			want := map[string]string{"ok": "a", "never": "b", "later": "b"}[answer]
			send(want) // the next probe, which is answered
			send(want)
			if n := len(first.calls); n != 6 {
				t.Errorf("got %d tries at the first, want each new message to ask it first again", n)
			}
			begun := sms("begun", c.now())
			first.play = script("unsure")
			begun.Gateway, begun.Reason = "a", WordNoAnswer
			for range 4 {
				d.lanes[auth.SMS][0].heard(true)
			}
			if got := d.round(t.Context(), nil, begun, Text{}); got.Gateway != "a" {
				t.Errorf("one that began there: got it at %s, want it to go on there", got.Gateway)
			}
		})
	}
	d := NewDispatcher(Limits{}, newBox(time.Now), render, time.Now, (&journal{}).logger(), &fake{name: "a"})
	for range 9 {
		d.lanes[auth.SMS][0].heard(true)
		if d.speaking(d.lanes[auth.SMS]) != 0 {
			t.Error("the only gateway was passed over")
		}
	}
}

// A gateway whose slots are all taken was not asked: that it has no room is no answer.
func TestNoRoomIsNoAnswer(t *testing.T) {
	c := newClock()
	first, second := &fake{name: "a", play: script("ok")}, &fake{name: "b", play: script("ok")}
	d := NewDispatcher(Limits{}, newBox(c.now), render, c.now, (&journal{}).logger(), first, second)
	l := d.lanes[auth.SMS][0]
	for range silentAfter {
		l.heard(true)
	}
	m := sms("m1", c.now())
	l.inside[m.Rank()] = 1000
	if got := d.round(t.Context(), nil, m, Text{}); got.Gateway != "b" || len(first.calls) > 0 {
		t.Fatalf("with no room at the first: got it at %s", got.Gateway)
	}
	if l.silent != silentAfter {
		t.Errorf("got %d silent tries at the first, want %d still", l.silent, silentAfter)
	}
}
