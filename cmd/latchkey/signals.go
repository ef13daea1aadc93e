package main

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
)

// errHungUp is why the service stopped when its terminal, or whoever held it, was gone.
var errHungUp = errors.New("stopped in order after a hang-up")

// untilAsked returns a context that ends when the program is asked to stop, with errHungUp as its cause after a
// hang-up.
// Who started it with hang-ups ignored (nohup) wants it to live on. Once asked to stop, the next SIGTERM or SIGINT ends
// the program at once; hang-ups come in pairs, from the terminal and from its shell, so that a second one does nothing.
func untilAsked(parent context.Context) (ctx context.Context, stop func()) {
	ctx, cancel := context.WithCancelCause(parent)
	asked := []os.Signal{os.Interrupt, syscall.SIGTERM}
	if !signal.Ignored(syscall.SIGHUP) {
		asked = append(asked, syscall.SIGHUP)
	}
	caught := make(chan os.Signal, 1)
	signal.Notify(caught, asked...)
	go func() {
		select {
		case which := <-caught:
			signal.Ignore(syscall.SIGHUP)
			signal.Reset(os.Interrupt, syscall.SIGTERM)
			if which == syscall.SIGHUP {
				cancel(errHungUp)
			}
			cancel(nil)
		case <-ctx.Done():
		}
	}()
	return ctx, func() {
		signal.Stop(caught)
		cancel(nil)
	}
}

// outliveReaders lets writing to a log that nobody reads any more fail, instead of ending the program undrained.
func outliveReaders() { signal.Ignore(syscall.SIGPIPE) }
