package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/latchkey-auth/latchkey/auth"
)

// verifyAudit recomputes every chain of the audit trail and says how many there are, or which do not hold. It makes
// no data folder: a wrong path must not look like a clean trail.
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
	h, err := newStoppedHouse(c, db, keys)
	if err != nil {
		return err
	}
	chains, events, err := h.service.VerifyAudit(ctx)
	if broken := new(auth.BrokenAudit); errors.As(err, &broken) {
		return fmt.Errorf("the audit trail (%d chains, %d events) does not hold:\n%w", chains, events, err)
	}
	if err != nil {
		return fmt.Errorf("reading the audit trail: %w", err)
	}
	_, err = fmt.Fprintf(stdout, "%d chains, %d events, each follows from the one before it\n", chains, events)
	return err
}
