package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// A Vault keeps keys that can be destroyed, each for one thing, in a folder that is no part of a backup. What such a
// key has sealed lies in the store, and in every copy that was made of it: once the key is destroyed, nobody opens any.
//
//	<folder>/<id>   32 bytes, sealed with the keyset for the purpose "vault", bound to the id
//
// It serves any number of goroutines.
type Vault struct {
	folder string
	keys   *Keys
}

// OpenVault returns the vault in a folder, which is made with its first key.
func OpenVault(folder string, keys *Keys) *Vault { return &Vault{folder: folder, keys: keys} }

// path is the file of a key. Ids are names of files: base64url, and nothing that leads elsewhere.
func (v *Vault) path(id string) (string, error) {
	const signs = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if id == "" || len(id) > 64 || strings.Trim(id, signs) != "" {
		return "", fmt.Errorf("the vault's key %q: %w", id, ErrInvalid)
	}
	return filepath.Join(v.folder, id), nil
}

// Make makes the key with the id, unless there is one. It is durable on return.
func (v *Vault) Make(id string) error {
	path, err := v.path(id)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); err == nil {
		return nil
	}
	if err := v.makeFolder(); err != nil {
		return err
	}
	key := Secret{}.fresh()
	sealed, err := v.keys.Seal("vault", []byte(id), key[:])
	if err != nil {
		return err
	}
	if err := WriteFile(path, sealed, false); err != nil && !errors.Is(err, fs.ErrExist) { // another has made it
		return fmt.Errorf("making a key of the vault: %w", err)
	}
	return nil
}

func (v *Vault) makeFolder() error {
	if _, err := os.Stat(v.folder); err == nil {
		return nil
	}
	if err := os.MkdirAll(v.folder, 0o700); err != nil {
		return fmt.Errorf("making the vault: %w", err)
	}
	return giveToOwner(v.folder, filepath.Dir(v.folder))
}

// aead reads the key with the id. ErrNotFound: it was destroyed, or never made.
func (v *Vault) aead(id string) (tink.AEAD, error) {
	path, err := v.path(id)
	if err != nil {
		return nil, err
	}
	sealed, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading a key of the vault: %w", err)
	}
	raw, err := v.keys.Open("vault", []byte(id), sealed)
	if err != nil || len(raw) != len(Secret{}) {
		return nil, fmt.Errorf("reading a key of the vault: %w", ErrSealed)
	}
	return Secret(raw).aead()
}

// Seal encrypts each of the parts with the key of an id, bound to a place and to their order. ErrNotFound says that the
// key was destroyed.
func (v *Vault) Seal(id, place string, parts [][]byte) ([][]byte, error) {
	a, err := v.aead(id)
	if err != nil {
		return nil, err
	}
	sealed := make([][]byte, len(parts))
	for i, part := range parts {
		if sealed[i], err = a.Encrypt(part, partPlace(place, i, len(parts))); err != nil {
			return nil, fmt.Errorf("sealing with a key of the vault: %w", err)
		}
	}
	return sealed, nil
}

// Open returns the parts that Seal has sealed for the same id and place, in one piece; ErrSealed if one is missing, or
// is not where it was. ErrNotFound says that the key was destroyed.
func (v *Vault) Open(id, place string, sealed [][]byte) ([]byte, error) {
	a, err := v.aead(id)
	if err != nil {
		return nil, err
	}
	var whole []byte
	for i, part := range sealed {
		plain, err := a.Decrypt(part, partPlace(place, i, len(sealed)))
		if err != nil {
			return nil, ErrSealed
		}
		whole = append(whole, plain...)
	}
	return whole, nil
}

func partPlace(place string, i, of int) []byte { return fmt.Appendf(nil, "%s\x00%d/%d", place, i, of) }

// Destroy destroys the key with the id: it is written over before its file goes. It is no error if there is none.
func (v *Vault) Destroy(id string) error {
	path, err := v.path(id)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("destroying a key of the vault: %w", err)
	}
	info, err := file.Stat()
	if err == nil {
		_, err = file.WriteAt(make([]byte, info.Size()), 0)
	}
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Remove(path)
	}
	if err == nil || errors.Is(err, fs.ErrNotExist) {
		err = syncFolder(v.folder)
	}
	if err != nil {
		return fmt.Errorf("destroying a key of the vault: %w", err)
	}
	return nil
}

// IDs are those of all keys.
func (v *Vault) IDs() ([]string, error) {
	entries, err := os.ReadDir(v.folder)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("looking through the vault: %w", err)
	}
	var ids []string
	for _, e := range entries {
		if _, err := v.path(e.Name()); err == nil && e.Type().IsRegular() { // others are left-overs of a crash
			ids = append(ids, e.Name())
		}
	}
	return ids, nil
}
