package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/auth"
)

// The commands about the clock.
const (
	cmdClock       = "clock"
	cmdClockAccept = "clock accept"
	cmdClockRepair = "clock repair"
)

// clocks does what an operator asks about the clock, and returns what he is to read.
func (h *house) clocks(ctx context.Context, name, operator string) (string, error) {
	var state *auth.ClockState
	var err error
	switch name {
	case cmdClockAccept:
		state, err = h.service.AcceptClock(ctx, operator)
	case cmdClockRepair:
		state, err = h.service.RepairClock(ctx, operator)
	default:
		state, err = h.service.ClockState(ctx)
	}
	if err != nil {
		return "", err
	}
	if name != cmdClock {
		h.log.Warn("the clock was set", "command", name, "operator", operator, "service", state.Service)
	}
	return describeClock(state), nil
}

// describeClock says what time it is, by which clock, and what is to be done.
func describeClock(s *auth.ClockState) string {
	var b strings.Builder
	fmt.Fprintf(&b, "wall clock    %s  app codes follow it\n", s.Wall.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "service time  %s  waits, locks and lives follow it\n", s.Service.UTC().Format(time.RFC3339))
	fmt.Fprintf(&b, "last stored   %s\n", s.Saved.UTC().Format(time.RFC3339))
	off := s.Wall.Sub(s.Service).Round(time.Second)
	switch {
	case off.Abs() < time.Minute:
		b.WriteString("they agree\n")
	case off > 0:
		fmt.Fprintf(&b, "the wall clock is ahead by %s: if it is right, latchkey clock accept; else set it right\n", off)
	default:
		fmt.Fprintf(&b, "the wall clock is behind by %s: if it is right, latchkey clock repair, which ends all sessions; "+
			"else set it right\n", -off)
	}
	return b.String()
}

func clockCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := controlCommand(environ, stdout, stderr, cmdClock, "Show the clocks that the service goes by", `
Show the machine's clock and service time, and what to do if they are apart. Waits,
locks and lives follow service time, which follows steps of the machine's clock of ten
minutes a day at most. The site may run or not.`)
	group.AddCommand(
		controlCommand(environ, stdout, stderr, cmdClockAccept, "Say that the machine's clock is right, though it is ahead", `
Say that the machine's clock is right, though it is ahead: service time follows it, and
every wait that ends by it is over. A site that was not used for more than 30 days
starts after this. The audit trail keeps who said so.`),
		controlCommand(environ, stdout, stderr, cmdClockRepair, "Say that the machine's clock is right, though it is behind", `
Say that the machine's clock is right, though it is behind, because the service was once
started with a clock that was ahead. Time going back could revive what was over, so all
of it ends: sessions, sign-ins under way, mailed links, codes, trusted browsers, waiting
removals, unsent messages. Passwords, methods and recovery codes stay. The audit trail
keeps who said so.`))
	return group
}
