package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
)

// What lies in the data folder.
//
//	latchkey.db    the documents, sealed; at the place that Config.Store names, if it does
//	keyset         the keys that seal them, themselves sealed with the secret
//	secret         the secret; elsewhere, if Config.SecretFile says so
//	evidence       the keys of pictures of documents, one a case, sealed with the keyset; in no backup
//	checkpoints    signed checkpoints of the audit trail; elsewhere, if Config.Audit says so
//	metadata       what is known of models of security keys: the signed BLOB, the one before, and their numbers
//	control.sock   where a running site takes commands
//	messages.jsonl what would have been sent, while no gateway is configured
const (
	dbFile     = "latchkey.db"
	keysetFile = "keyset"
	secretFile = "secret"

	vaultFolder = "evidence"

	messagesFile = "messages.jsonl"

	checkpointsFile = "checkpoints"
)

// checkpoints is the file that checkpoints of the audit trail go to.
func (c *Config) checkpoints() string {
	return cmp.Or(c.Audit.Checkpoints, filepath.Join(c.Data, checkpointsFile))
}

// dbPath is the file of the store.
func (c *Config) dbPath() string {
	if c.Store != "" {
		return strings.TrimPrefix(c.Store, "bolt:")
	}
	return filepath.Join(c.Data, dbFile)
}

// openStore opens the data, making all of it at the first start. The folder is its owner's alone.
func openStore(c *Config) (*bolt.DB, *store.Keys, error) {
	if err := os.MkdirAll(c.Data, 0o700); err != nil {
		return nil, nil, fmt.Errorf("making the data folder: %w", err)
	}
	path := c.dbPath()
	keys, err := openKeys(c, path)
	if err != nil {
		return nil, nil, err
	}
	have, err := exists(path)
	if err != nil {
		return nil, nil, err
	}
	c.Fresh = !have[0]
	db, err := bolt.Open(path, bolt.Options{})
	if errors.Is(err, store.ErrInUse) {
		return nil, nil,
			fmt.Errorf("the data in %s is in use by another latchkey process: stop that one, or give this one another folder with --data", path)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("opening the data: %w", ofAnother(path, err))
	}
	return db, keys, nil
}

// openKeys opens the keyset. It makes one only where there is no data yet: new keys beside old data
// would open nothing, and hide that the right ones are lost. Keys without their data are refused, too,
// unless the operator says so: an empty site in place of a full one must not start without a word.
func openKeys(c *Config, db string) (*store.Keys, error) {
	keyset := filepath.Join(c.Data, keysetFile)
	have, err := exists(db, keyset)
	if err != nil {
		return nil, err
	}
	secret, err := openSecret(c, !have[0] && !have[1])
	if err != nil {
		return nil, err
	}
	if !have[1] && have[0] {
		return nil, fmt.Errorf("%s is missing, and %s cannot be read without it: restore it from the backup", keyset,
			db)
	}
	if have[1] && !have[0] && !c.StartEmpty {
		return nil, fmt.Errorf("%s is there, but its data are not in %s: put the backup back or mend the setting store;"+
			" if nothing of it is missed, start an empty site with --start-empty", keyset, db)
	}
	if !have[1] {
		keys, err := store.CreateKeys(keyset, secret)
		if !errors.Is(err, fs.ErrExist) { // another process has made it just now: open that one
			return keys, err
		}
	}
	keys, err := store.OpenKeys(keyset, secret)
	if err != nil {
		return nil, fmt.Errorf("opening %s: %w", keyset, ofAnother(keyset, err))
	}
	return keys, nil
}

// ofAnother says what to do about a file that this user may not open: most likely root put it there.
func ofAnother(path string, err error) error {
	if !errors.Is(err, fs.ErrPermission) {
		return err
	}
	return fmt.Errorf("%w: it may be another user's, of a backup that root put back: give it to the service's user, chown %s",
		err, path)
}

// openSecret reads the secret that seals the keyset, and makes one where nothing exists yet.
func openSecret(c *Config, fresh bool) (store.Secret, error) {
	if c.SecretFile != "" {
		return store.ReadSecret(c.SecretFile)
	}
	path := filepath.Join(c.Data, secretFile)
	if fresh {
		secret, err := store.CreateSecret(path)
		if !errors.Is(err, fs.ErrExist) {
			return secret, err
		}
	}
	return store.ReadSecret(path)
}

// warnReadable names what others on this machine could read or change, though it is the service's alone.
func (c *Config) warnReadable(log *slog.Logger) {
	secret := c.SecretFile
	if secret == "" {
		secret = filepath.Join(c.Data, secretFile)
	}
	for _, path := range []string{c.Data, secret, filepath.Join(c.Data, keysetFile), c.dbPath(),
		filepath.Join(c.Data, messagesFile)} {
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm()&0o007 == 0 { // what is not there is nobody's to read
			continue
		}
		want := "chmod 600"
		if info.IsDir() {
			want = "chmod 700"
		}
		log.Warn("everybody on this machine may get at this, and only the service should", "path", path, "mode",
			info.Mode().Perm().String(), "mend", want)
	}
}

// exists says of each path whether something is there.
func exists(paths ...string) ([]bool, error) {
	have := make([]bool, len(paths))
	for i, path := range paths {
		_, err := os.Stat(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("looking for the data: %w", err)
		}
		have[i] = err == nil
	}
	return have, nil
}

// waiters is longer than any process waits for the lock on a store.
const waiters = 2 * time.Second

// compactStore replaces the store's file by a copy without free space. The old file stays locked until
// nobody can be waiting for it any more: whoever got it later would write into a file without a name.
func compactStore(c *Config, stdout io.Writer) (err error) {
	path := c.dbPath()
	before, err := os.Stat(path)
	if err != nil {
		return fmt.Errorf("looking for the data: %w", err)
	}
	db, err := bolt.Open(path, bolt.Options{})
	if err != nil {
		return fmt.Errorf("opening the data: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	fresh := path + ".compacting"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a run that was cut off
		return fmt.Errorf("compacting: %w", err)
	}
	if err := db.Compact(fresh); err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	after, err := os.Stat(fresh)
	if err != nil {
		return fmt.Errorf("compacting: %w", err)
	}
	if err := store.MoveFile(fresh, path, true); err != nil {
		return fmt.Errorf("putting the compacted data in place: %w", err)
	}
	time.Sleep(waiters)
	_, err = fmt.Fprintf(stdout, "%s: %d bytes before, %d after\n", path, before.Size(), after.Size())
	return err
}
