package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// storeRestored tells the domain that the data are an old backup. It makes no data folder: there must
// be something that was put back.
func storeRestored(ctx context.Context, c *Config, keepCodes bool, stdout io.Writer) (err error) {
	if _, err := os.Stat(c.dbPath()); err != nil {
		return fmt.Errorf("looking for the data: %w", err)
	}
	db, keys, err := openStore(c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	h, err := newStoppedHouse(c, db, keys)
	if err != nil {
		return err
	}
	info, err := h.service.Restored(ctx, keepCodes)
	if err != nil {
		return fmt.Errorf("after a restore: %w; run this again before you start the service", err)
	}
	codes := fmt.Sprintf("%d sets of recovery codes are void, and their owners will be told", info.Codes)
	if keepCodes {
		codes = "recovery codes were kept: those used since the backup work once more"
	}
	_, err = fmt.Fprintf(stdout, `restored at %s: what was under way is void, app codes of until then are dead
%s
passwords, methods and addresses are those of the backup: what was changed or removed since has to be once more
`, info.At.Format(time.RFC3339), codes)
	return err
}
