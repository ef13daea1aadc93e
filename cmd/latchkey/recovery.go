package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/pdf"
)

// The commands about recovery.
const (
	cmdRecovery = "recovery"
	cmdPurge    = "recovery purge"
)

// cmdDraw is the program as it starts itself for one PDF. It is nobody's to type.
const cmdDraw = "draw-pdf"

func drawCommand() *cobra.Command {
	return &cobra.Command{Use: cmdDraw, Short: "Draw the pages of the PDF on standard input", Hidden: true, Args: noArguments,
		RunE: func(*cobra.Command, []string) error { return pdf.Serve(os.Stdin, os.Stdout) }}
}

// rendererCommand starts the program that is running, also when another has taken its place on the disk; nil where
// nobody knows which it is.
func rendererCommand() []string {
	if runtime.GOOS == "linux" {
		return []string{"/proc/self/exe", cmdDraw}
	}
	path, err := os.Executable()
	if err != nil {
		return nil
	}
	return []string{path, cmdDraw}
}

// drawEvery is how often PDFs are looked for that nobody has told of: those of before a start, and those that could not
// be begun.
const drawEvery = time.Minute

// draw draws PDFs, one at a time.
func (h *house) draw(ctx context.Context) {
	every := time.NewTicker(drawEvery)
	defer every.Stop()
	for {
		more, err := h.cases.DrawNext(ctx)
		if err != nil && ctx.Err() == nil {
			h.log.Error("drawing a PDF", "error", err)
		}
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return
		case <-every.C:
		case <-h.cases.Drafted():
		}
	}
}

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
