package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
)

// A home is the folder of the keys:
//
//	NAME.json       one authenticator, as virtual.Authenticator.Export writes it: private keys and all, mode 0600
//	.NAME.lock      held while a program uses NAME; empty, and left behind
//	ca/NAME.json    what a CA is made of: its options, the seed among them, mode 0600
//	ca/NAME.pem     its root certificate, to be given to relying parties
type home struct{ dir string }

// openHome finds the folder. It is made when something is first written to it.
func (p *program) openHome() (home, error) {
	dir := p.home
	if dir == "" {
		dir = p.variable("VIRTUALKEY_HOME")
	}
	if dir == "" {
		settings, err := os.UserConfigDir()
		if err != nil {
			return home{}, fmt.Errorf("finding a folder for the keys: %w; name one by --home", err)
		}
		dir = filepath.Join(settings, "virtualkey")
	}
	return home{dir}, nil
}

// isName tells what keys and CAs may be called: a file name everywhere, never a hidden one.
func isName(s string) bool {
	plain := func(c rune) bool {
		return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.ContainsRune("._-", c)
	}
	return s != "" && len(s) <= 64 && s[0] != '.' && s[0] != '-' &&
		!strings.ContainsFunc(s, func(c rune) bool { return !plain(c) })
}

func (h home) path(name string) (string, error) {
	if !isName(name) {
		return "", fmt.Errorf("%q cannot be a name: want letters, digits, dots and dashes, 64 at most", name)
	}
	return filepath.Join(h.dir, name+".json"), nil
}

// names lists the keys.
func (h home) names() ([]string, error) {
	entries, err := os.ReadDir(h.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var out []string
	for _, e := range entries {
		name, ok := strings.CutSuffix(e.Name(), ".json")
		if ok && e.Type().IsRegular() && isName(name) {
			out = append(out, name)
		}
	}
	slices.Sort(out)
	return out, nil
}

// A stored authenticator is one that was taken out of the folder; others wait until it is released.
type stored struct {
	*virtual.Authenticator
	home   home
	name   string
	text   []byte // as the file has it
	unlock func()
}

// take locks a key and reads it. change, if not nil, sees its options first.
func (h home) take(name string, change func(*virtual.Options)) (*stored, error) {
	path, err := h.path(name)
	if err != nil {
		return nil, err
	}
	if err := h.known(name, path); err != nil {
		return nil, err
	}
	unlock, err := h.lock(name)
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		unlock()
		return nil, err
	}
	a, err := virtual.Import(text, change)
	if err != nil {
		unlock()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return &stored{a, h, name, text, unlock}, nil
}

// release gives the key back.
func (s *stored) release() { s.unlock() }

// save writes what has changed.
func (s *stored) save() error {
	text, err := s.Export()
	if err != nil {
		return err
	}
	if bytes.Equal(text, s.text) {
		return nil
	}
	path, err := s.home.path(s.name)
	if err != nil {
		return err
	}
	if err := replaceFile(path, text, 0o600); err != nil {
		return err
	}
	s.text = text
	return nil
}

// look reads a key without locking it: files are replaced whole.
func (h home) look(name string) (*virtual.Authenticator, []byte, error) {
	path, err := h.path(name)
	if err != nil {
		return nil, nil, err
	}
	if err := h.known(name, path); err != nil {
		return nil, nil, err
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	a, err := virtual.Import(text, nil)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", path, err)
	}
	return a, text, nil
}

func (h home) known(name, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	have, err := h.names()
	if err != nil || len(have) == 0 {
		return fmt.Errorf("there is no key %q in %s; make one: virtualkey new %s", name, h.dir, name)
	}
	return fmt.Errorf("there is no key %q in %s; there are: %s", name, h.dir, strings.Join(have, ", "))
}

// add stores a new key; a name that is taken is an error.
func (h home) add(name string, text []byte) error {
	path, err := h.path(name)
	if err != nil {
		return err
	}
	unlock, err := h.lock(name)
	if err != nil {
		return err
	}
	defer unlock()
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is a key %q already: %s", name, path)
	}
	return replaceFile(path, text, 0o600)
}

// patience is how long another program is waited for: a ceremony takes milliseconds, a served key hours.
const patience = 3 * time.Second

// lock takes the right to use a key.
func (h home) lock(name string) (unlock func(), err error) {
	if err := os.MkdirAll(h.dir, 0o700); err != nil {
		return nil, err
	}
	path := filepath.Join(h.dir, "."+name+".lock")
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		unlock, err = lockFile(path)
		if !errors.Is(err, errLocked) {
			return unlock, err
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("the key %q is in use by another program: stop it, or copy the key: virtualkey clone %s COPY", name, name)
		}
	}
}

var errLocked = errors.New("locked by another program")

// replaceFile writes a file whole or not at all: under another name first, then renamed.
func replaceFile(path string, text []byte, mode fs.FileMode) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(f.Name()))
	}
	return nil
}

// A document is the file of a key as far as it is changed without the authenticator's own doing: by an engineer with
// a probe, so to say. Its shape is that of virtual.Authenticator.Export.
type document struct {
	Version     json.RawMessage              `json:"version"`
	Options     map[string]json.RawMessage   `json:"options"`
	State       map[string]json.RawMessage   `json:"state"`
	Credentials []map[string]json.RawMessage `json:"credentials"`
	Details     json.RawMessage              `json:"details"`
}

// rewrite changes the file of a key and makes sure that it still is one.
func (s *stored) rewrite(change func(*document) error) error {
	var d document
	if err := json.Unmarshal(s.text, &d); err != nil {
		return fmt.Errorf("reading the key: %w", err)
	}
	if err := change(&d); err != nil {
		return err
	}
	text, err := json.Marshal(d)
	if err != nil {
		return fmt.Errorf("writing the key: %w", err)
	}
	if s.Authenticator, err = virtual.Import(text, nil); err != nil {
		return err
	}
	return s.save()
}

// put sets a member.
func put(into map[string]json.RawMessage, name string, v any) error {
	text, err := json.Marshal(v)
	into[name] = text
	return err
}
