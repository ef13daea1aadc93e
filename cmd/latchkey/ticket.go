package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/auth"
)

const cmdTicket = "ticket"

// ticketCommand shows what a browser found out about itself, to support on the host.
func ticketCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := controlCommand(environ, stdout, stderr, cmdTicket, "Show what a ticket number of the self-check says", `
Show what a ticket number of the page "Why can't I get in?" says: what that browser can
do, and whose account it is if a password had been right there. It proves nothing about
who reads it out. Capitals, spaces and hyphens don't matter; O is read as 0, I and L as 1.
Looking up is counted, and written in the audit trail with who did it. The site may run
or not.`)
	cmd.Use = cmdTicket + " NUMBER"
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return misuse("%s takes a ticket number, for example 7KQ4-M2XD", cmd.CommandPath())
		}
		return nil
	}
	return cmd
}

// ticket looks a ticket up.
func (h *house) ticket(ctx context.Context, name, operator string) (string, error) {
	_, number, _ := strings.Cut(name, " ")
	v, err := h.service.LookTicket(ctx, operator, number)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return "", fmt.Errorf("there is no ticket %q, or it is older than %d days", number,
			int(auth.TicketLife.Hours())/24)
	}
	if err != nil {
		return "", err
	}
	return describeTicket(v), nil
}

// describeTicket says what support is to know.
func describeTicket(v *auth.TicketView) string {
	var b strings.Builder
	at := func(t time.Time) string { return t.UTC().Format(time.RFC3339) }
	fmt.Fprintf(&b, "ticket     %s  made %s, good until %s\n", v.Ticket, at(v.At), at(v.Expires))
	account := "not named: no password had been right there"
	if v.Account != "" {
		account = fmt.Sprintf("%s  %s", v.Account, v.MaskedEmail)
	}
	fmt.Fprintf(&b, "account    %s\n", account)
	fmt.Fprintf(&b, "browser    %s  version %d\n", v.Browser, v.Check.Version)
	c := v.Check
	for _, row := range []struct {
		name string
		said auth.Finding
	}{
		{"keeps cookies", c.Cookies}, {"no window of an app", c.Window}, {"version of the last two years", c.Current},
		{"runs scripts", c.Script}, {"secure address", c.Secure}, {"can use keys", c.Key},
		{"no add-on interferes", c.AddOn},
		{"offers passkeys", c.Autofill}, {"clock right to the minute", c.Clock},
	} {
		said := row.said
		if said == "" {
			said = "not tried"
		}
		fmt.Fprintf(&b, "  %-30s %s\n", row.name, said)
	}
	fmt.Fprintf(&b, "its clock is ahead by %d s\n", c.Ahead)
	fmt.Fprintf(&b, "looked up  %d times", v.Looks)
	if !v.LookedAt.IsZero() {
		fmt.Fprintf(&b, ", before this at %s", at(v.LookedAt))
	}
	b.WriteString("\n")
	return b.String()
}
