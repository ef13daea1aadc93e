// Command latchkey serves the accounts of a marketplace: registration, sign-in with a password and a
// security key, every fallback, and the settings of all of them.
//
//	latchkey serve            serve until SIGTERM, SIGINT or a hang-up
//	latchkey store compact    write the data anew without its free space
//	latchkey store restored   say that a backup was put back
//	latchkey audit verify     recompute the chains of the audit trail
//	latchkey password-list build   make the list of breached passwords
//	latchkey token import     take a box of hardware tokens into the stock
//	latchkey stats            count what sellers sign in with
//	latchkey policy rehearse  say who would be locked out if a policy of keys held
//	latchkey version          print what this is
//
// With nothing configured, serve keeps its data in ./latchkey-data, answers at http://localhost:8080
// and delivers messages to a file that a page of this machine shows. Exit codes: 0 done, 1 failed,
// 2 used wrongly, 3 stopped in order by a hang-up, which nobody asked for.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // the zones of pages and mails, also where the system has none
)

// Exit codes. They are API: scripts and supervisors read them.
const (
	exitDone   = 0
	exitFailed = 1
	exitUsage  = 2
	exitHungUp = 3 // no success: a supervisor that restarts on failure brings the service back
)

func main() { os.Exit(run(os.Args[1:], os.Environ(), os.Stdout, os.Stderr)) }

// run is the whole program.
func run(args, environ []string, stdout, stderr io.Writer) int {
	ctx, stop := untilAsked(context.Background())
	defer stop()

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
	case errors.Is(err, errHungUp):
		fmt.Fprintf(stderr, "latchkey: %v\n", err)
		return exitHungUp
	default:
		fmt.Fprintf(stderr, "latchkey: %v\n", err)
		return exitFailed
	}
}
