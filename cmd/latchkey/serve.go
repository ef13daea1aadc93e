package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/store"
)

// serve runs the service until ctx ends (nil, or errHungUp) or it can go on no longer (an error).
func serve(ctx context.Context, c *Config, stdout, stderr io.Writer) (err error) {
	outliveReaders()
	log := slog.New(slog.NewJSONHandler(stderr, nil))
	if c.Lab {
		remove, err := c.ownFolder()
		if err != nil {
			return err
		}
		defer remove()
	}
	db, keys, err := openStore(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()

	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return fmt.Errorf("listening: %w", err)
	}
	c.followPort(listener.Addr())
	h, err := newHouse(c, db, keys, log)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	// a path may be too long for a socket: the site serves all the same
	if h.control, err = openControl(c); err != nil {
		log.Warn("commands are taken only while the site is stopped", "error", err)
	}
	c.warnOpen(log, listener.Addr())
	c.warnReadable(log)
	if c.Fresh && !c.Lab {
		log.Warn("made a new, empty site: if there was one before, its data are elsewhere", "store", c.dbPath())
	}
	if err := h.cases.Tidy(ctx); err != nil {
		log.Error("clearing away pictures that no request has", "error", err)
	}
	h.greet(stdout, listener.Addr())
	sparingly(os.Getenv)
	debug.FreeOSMemory() // what only the start needed
	err = h.serve(ctx, listener, db.Failed())
	if err == nil && errors.Is(context.Cause(ctx), errHungUp) {
		return errHungUp
	}
	return err
}

// sparingly lets garbage grow to three times what lives before it is collected: what lives is a few
// megabytes, and collecting it twenty times a second is an eighth of a sign-in's work. Above the soft
// limit the collector goes back to its diligence, since password hashes are 19 MiB each. What the
// operator set himself stays.
func sparingly(env func(string) string) {
	if env("GOGC") == "" {
		debug.SetGCPercent(300)
	}
	if env("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(160 << 20)
	}
}

// lastPatience is how long the last checkpoint may take before the service ends.
const lastPatience = 2 * time.Second

// serve answers requests and does the work behind them until ctx ends (nil), or failed is closed, or
// the listener fails. It ends in less than 10 s: requests and deliveries under way are finished at the
// same time, each within a bound of their own.
func (h *house) serve(ctx context.Context, listener net.Listener, failed <-chan struct{}) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	context.AfterFunc(ctx, func() { h.draining.Store(true) })
	go func() {
		select {
		case <-failed:
			// Nothing more may be promised: requests under way have been told already that they failed.
			stop(store.ErrUnknownOutcome)
		case <-ctx.Done():
		}
	}()
	var work sync.WaitGroup
	for _, job := range h.jobs() {
		work.Go(func() { job(ctx) })
	}
	err := h.face.Serve(ctx, listener)
	asked := ctx.Err() != nil
	stop(nil)
	work.Wait()
	switch cause := context.Cause(ctx); {
	case errors.Is(cause, store.ErrUnknownOutcome):
		return cause
	case asked && err != nil:
		// A client that would not finish was cut off; the promise to end in time is worth more.
		h.log.Warn("stopped with requests under way", "error", err)
		err = nil
	}
	last, stopLast := context.WithTimeout(context.WithoutCancel(ctx), lastPatience)
	defer stopLast()
	h.takeCheckpoint(last, h.trail.TakeLast)
	return err
}
