package store

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/aead/xaesgcm"
	"github.com/tink-crypto/tink-go/v2/insecuresecretdataaccess"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/secretdata"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// A Secret seals the keyset. It comes from the configuration or from a key file, and is the one thing
// that a backup of the data must not contain.
type Secret [32]byte

// String hides the secret from logs and errors.
func (Secret) String() string { return "(secret)" }

// GoString hides the secret from logs and errors.
func (Secret) GoString() string { return "(secret)" }

// ParseSecret reads a secret as 32 bytes in base64, standard or for URLs, padded or not; blanks around
// it and the byte order mark that some editors put before it are ignored. The error never shows the text.
func ParseSecret(text string) (Secret, error) {
	text = strings.TrimPrefix(text, "\ufeff")
	text = strings.TrimRight(strings.TrimSpace(text), "=")
	text = strings.NewReplacer("+", "-", "/", "_").Replace(text)
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) != len(Secret{}) {
		return Secret{}, errors.New("the store's secret must be 32 bytes in base64")
	}
	return Secret(raw), nil
}

// ReadSecret reads a secret in base64 from a file.
func ReadSecret(path string) (Secret, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, fmt.Errorf("reading the store's secret: %w", err)
	}
	secret, err := ParseSecret(string(text))
	if err != nil {
		return Secret{}, fmt.Errorf("reading %s: %w", path, err)
	}
	return secret, nil
}

// CreateSecret writes a new secret in base64 to a new file that only its owner reads, and returns it.
// It fails with fs.ErrExist rather than replace a file: without the old secret the data is lost.
func CreateSecret(path string) (Secret, error) {
	secret := Secret{}.fresh()
	text := base64.StdEncoding.EncodeToString(secret[:]) + "\n"
	if err := WriteFile(path, []byte(text), false); err != nil {
		return Secret{}, fmt.Errorf("creating the store's secret: %w", err)
	}
	return secret, nil
}

// fresh returns a new random secret.
func (Secret) fresh() (s Secret) {
	rand.Read(s[:]) // never fails: crypto/rand ends the process instead
	return s
}

func (s Secret) aead() (tink.AEAD, error) {
	params, err := xaesgcm.NewParameters(xaesgcm.VariantNoPrefix, 12)
	if err != nil {
		return nil, err
	}
	key, err := xaesgcm.NewKey(secretdata.NewBytesFromData(s[:], insecuresecretdataaccess.Token{}), 0, params)
	if err != nil {
		return nil, err
	}
	m := keyset.NewManager()
	id, err := m.AddKey(key)
	if err != nil {
		return nil, err
	}
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	handle, err := m.Handle()
	if err != nil {
		return nil, err
	}
	return aead.New(handle)
}

// CreateKeys makes new keys in a new file, sealed with secret. It fails with fs.ErrExist rather than
// replace a file: without the old keys the data is lost.
func CreateKeys(path string, secret Secret) (*Keys, error) {
	k, err := NewKeys(secret, func(sealed []byte) error { return WriteFile(path, sealed, false) })
	if err != nil {
		return nil, err
	}
	k.save = func(sealed []byte) error { return WriteFile(path, sealed, true) }
	return k, nil
}

// OpenKeys returns the keys in a file; rotations replace the file. fs.ErrNotExist says that there is
// none, ErrSealed that the secret is another one.
func OpenKeys(path string, secret Secret) (*Keys, error) {
	sealed, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loading keys: %w", err)
	}
	return LoadKeys(sealed, secret, func(sealed []byte) error { return WriteFile(path, sealed, true) })
}

// WriteFile writes a file with mode 0600 so that after a crash there is either all of it or what was
// there before: a temporary file beside it, fsync, rename, fsync of the folder. Unless replace is set
// it fails with fs.ErrExist where a file is.
func WriteFile(path string, data []byte, replace bool) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*") // mode 0600
	if err != nil {
		return err
	}
	defer os.Remove(tmp.Name()) // gone already after a rename
	_, err = tmp.Write(data)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err != nil {
		return err
	}
	return MoveFile(tmp.Name(), path, replace)
}

// MoveFile renames a synced file in its folder and syncs the folder. Unless replace is set it fails
// with fs.ErrExist where a file is; two processes at once cannot both succeed. What root moves is then
// the folder's owner's: a command by root leaves nothing that the service cannot open.
func MoveFile(from, to string, replace bool) error {
	if err := giveToOwner(from, filepath.Dir(to)); err != nil {
		return err
	}
	move := os.Rename
	if !replace {
		move = os.Link // unlike rename it never replaces; the other name is removed below
	}
	err := move(from, to)
	if !replace && err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the file system must support hard links: %w", err)
	}
	if err != nil {
		return err
	}
	if !replace {
		if err := os.Remove(from); err != nil {
			return err
		}
	}
	return syncFolder(filepath.Dir(to))
}

// syncFolder makes what was renamed or removed in a folder durable.
func syncFolder(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
