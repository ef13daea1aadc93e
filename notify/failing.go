package notify

import (
	"slices"

	"github.com/latchkey-auth/latchkey/auth"
)

// A channel fails when so many messages in a row were taken by no gateway of it at their first round: a number that
// nobody has, or a slow minute, is none of it.
const failingAfter = 5

// took notes that a gateway took a message: the channel works.
func (d *Dispatcher) took(m auth.Message) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.missed, m.Channel)
}

// tookNot notes that no gateway took a message, once for each message.
func (d *Dispatcher) tookNot(m auth.Message) {
	if m.Tries > 0 {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.missed[m.Channel]++; d.missed[m.Channel] == failingAfter {
		d.log.Error("no gateway takes messages of a channel", "channel", m.Channel, "in-a-row", failingAfter)
	}
}

// Failing are the channels by which nothing goes out, for an operator to look at.
func (d *Dispatcher) Failing() []auth.Channel {
	d.mu.Lock()
	defer d.mu.Unlock()
	var list []auth.Channel
	for c, n := range d.missed {
		if n >= failingAfter {
			list = append(list, c)
		}
	}
	slices.Sort(list)
	return list
}
