package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
)

// verifyAudit recomputes every chain of the audit trail and says how many there are. It makes no data
// folder: a wrong path must not look like a clean trail.
func verifyAudit(ctx context.Context, c *Config, stdout io.Writer) (err error) {
	if _, err := os.Stat(c.dbPath()); err != nil {
		return fmt.Errorf("looking for the data: %w", err)
	}
	db, keys, err := openStore(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c.followListen()
	c.AnyClock = true
	h, err := newHouse(c, db, keys, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	chains, events, err := h.service.VerifyAudit(ctx)
	if err != nil {
		return fmt.Errorf("the audit trail does not hold: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "%d chains, %d events, each follows from the one before it\n", chains, events)
	return err
}
