// Command virtualkey is security keys in software and a kit of deliberate faults, for people who test servers that
// take part in Web Authentication.
//
//	virtualkey new|list|show|clone|export|import       keys, each a file
//	virtualkey pin|counter                             what is set on them
//	virtualkey register|signin                         options in, response out; or against a server
//	virtualkey fault list|show|run                     the catalogue of faults
//	virtualkey conform --rp URL                        the whole catalogue against a server, with reports
//	virtualkey explain FILE                            what is in a response, and the step that would refuse it
//	virtualkey record|replay                           runs kept and repeated
//	virtualkey hid --tcp ADDRESS|--uhid                a key as a USB device
//	virtualkey ca init|mds                             attestation below a root of your own
//	virtualkey doctor                                  what works on this machine
//
// A key is a JSON file in a folder: --home, VIRTUALKEY_HOME, or virtualkey in the user's folder of settings. Only
// servers of this machine are spoken to, unless a host is said to be one's own.
//
// Exit codes, of every verb: 0 as expected; 1 a gap, or something is wrong; 2 inconclusive, nothing was proved; 3 used
// wrongly, or the server cannot be reached.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/conform"
)

func main() {
	os.Exit(run(&program{
		args: os.Args[1:], environ: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, now: time.Now,
	}))
}

// A program is one call of the command and the world around it.
type program struct {
	args, environ  []string
	stdin          io.Reader
	stdout, stderr io.Writer
	now            func() time.Time

	home string // the flag --home
}

// run is the whole program.
func run(p *program) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// Once asked to stop, the next signal ends the program at once.
	context.AfterFunc(ctx, stop)

	cmd := p.commands()
	cmd.SetArgs(p.args)
	err := cmd.ExecuteContext(ctx)
	var ended outcome
	switch {
	case err == nil:
		return conform.ExitAsExpected
	case errors.As(err, &ended):
		if ended.err != nil {
			fmt.Fprintf(p.stderr, "virtualkey: %v\n", ended.err)
		}
		return ended.code
	default:
		fmt.Fprintf(p.stderr, "virtualkey: %v\n", err)
		return conform.ExitUnusable
	}
}

// An outcome is an end that is not the caller's mistake: a gap, or nothing proved. Every other error is exit 3.
type outcome struct {
	code int
	err  error // nil: all has been said already
}

func (o outcome) Error() string {
	if o.err == nil {
		return fmt.Sprintf("exit %d", o.code)
	}
	return o.err.Error()
}

func (o outcome) Unwrap() error { return o.err }

// exit ends the program with a code of package conform, without another word.
func exit(code int) error {
	if code == conform.ExitAsExpected {
		return nil
	}
	return outcome{code: code}
}

// after ends the program with a code, unless telling what was found has failed.
func after(told error, code int) error {
	if told != nil {
		return told
	}
	return exit(code)
}

// gap is something that is not as it has to be; inconclusive is something that proves nothing.
func gap(format string, args ...any) error {
	return outcome{conform.ExitGap, fmt.Errorf(format, args...)}
}

func inconclusive(format string, args ...any) error {
	return outcome{conform.ExitInconclusive, fmt.Errorf(format, args...)}
}
