// Command latchkey serves the accounts of a marketplace: registration, sign-in with a password and a
// security key, every fallback, and the settings of all of them.
//
//	latchkey serve            serve until SIGTERM or SIGINT
//	latchkey store compact    write the data anew without its free space
//	latchkey store restored   say that a backup was put back
//	latchkey audit verify     recompute the chains of the audit trail
//	latchkey version          print what this is
//
// With nothing configured, serve keeps its data in ./latchkey-data, answers at http://localhost:8080
// and delivers messages to a file that a page of this machine shows. Exit codes: 0 done, 1 failed,
// 2 used wrongly.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// Exit codes. They are API: scripts and supervisors read them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
)

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

// run is the whole program.
func run(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Once asked to stop, the next signal ends the program at once.
	context.AfterFunc(ctx, stop)

	cmd := commands(environ, stdout, stderr)
	cmd.SetArgs(args)
	err := cmd.ExecuteContext(ctx)
	var misused usageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &misused):
		fmt.Fprintf(stderr, "latchkey: %v\n", err)
		return exitUsage
	default:
		fmt.Fprintf(stderr, "latchkey: %v\n", err)
		return exitFailed
	}
}
