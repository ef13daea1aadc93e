package notify

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// Five messages in a row that no gateway takes are a channel that fails, each once however often it is tried; the next
// that is taken ends it. Other channels are none of it.
func TestAChannelFailsAfterFiveInARow(t *testing.T) {
	for name, class := range map[string]string{"refused for good": "never", "not now": "later", "no answer": "unsure"} {
		t.Run(name, func(t *testing.T) {
			c, log := newClock(), &journal{}
			b := newBox(c.now)
			row := strings.Repeat(class+" ", 5)
			plays := strings.Repeat(class+" ", 4) + "ok " + row + "ok"
			d := NewDispatcher(Limits{}, b, render, c.now, log.logger(), &fake{name: "a", play: script(plays)})
			send := func(n, from int) {
				for i := range n {
					m := sms(fmt.Sprint("m", from+i), c.now())
					d.round(t.Context(), nil, m, Text{})
				}
			}
			send(5, 0)
			if got := d.Failing(); len(got) > 0 {
				t.Fatalf("after four and a good one: got %v failing", got)
			}
			send(4, 5)
			again := sms("m8", c.now())
			again.Tries = 1
			d.tookNot(again)
			if got := d.Failing(); len(got) > 0 {
				t.Fatalf("after four, one of them twice: got %v failing", got)
			}
			send(1, 9)
			if got := d.Failing(); !slices.Equal(got, []auth.Channel{auth.SMS}) {
				t.Fatalf("after five: got %v failing, want the texts", got)
			}
			line := `"no gateway takes messages of a channel","channel":"sms","in-a-row":5`
			if n := strings.Count(log.String(), line); n != 1 {
				t.Errorf("in the log: got %d lines, want 1: %s", n, log)
			}
			send(1, 10)
			if got := d.Failing(); len(got) > 0 {
				t.Fatalf("after a good one: got %v failing", got)
			}
		})
	}
}
