package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/auth"
)

// The commands about recovery.
const (
	cmdRecovery = "recovery"
	cmdPurge    = "recovery purge"
)

func recoveryCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: cmdRecovery, Short: "Look after what applicants have shown", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	purge := controlCommand(environ, stdout, stderr, cmdPurge, "Destroy pictures of documents at once", `
Destroy the pictures of documents of every request that is decided, before their time; or
of the one with the number given, however far it has come. The key goes with them, and it
lies in no backup: no copy of the pictures opens from then on. The audit trail keeps who
said so. The site may run or not.`)
	purge.Use = "purge [NUMBER]"
	purge.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) > 1 {
			return misuse("%s takes the number of one request at most", cmd.CommandPath())
		}
		return nil
	}
	group.AddCommand(purge)
	return group
}

// purge destroys pictures, and returns what the operator is to read.
func (h *house) purge(ctx context.Context, name, operator string) (string, error) {
	number := strings.TrimSpace(strings.TrimPrefix(name, cmdPurge))
	if number == "" {
		n, err := h.cases.PurgeDecided(ctx, operator)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("the pictures of %d decided requests are destroyed\n", n), nil
	}
	err := h.cases.Purge(ctx, operator, number)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return "", fmt.Errorf("there is no request %q: its number has 8 signs at least", number)
	}
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("the pictures of request %s are destroyed\n", number), nil
}
