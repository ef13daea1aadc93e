package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/inventory"
)

// toldFaults is how many tokens that cannot be taken are named one by one.
const toldFaults = 100

// The commands about tokens.
const (
	cmdToken       = "token"
	cmdTokenImport = "token import"
)

// Flags of theirs that are no settings.
const (
	passphraseFlag = "passphrase"
	secretsFlag    = "secrets"
	makerFlag      = "maker"
	boxFlag        = "box"
	dryFlag        = "dry-run"
)

// maxKeyFile is how many bytes a file with a key or a passphrase may have.
const maxKeyFile = 4096

func tokenCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: cmdToken, Short: "Look after hardware tokens", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	group.AddCommand(checkCommand(stdout), importCommand(environ, stdout, stderr))
	group.AddCommand(oneTokenCommands(environ, stdout, stderr)...)
	group.AddCommand(manyTokensCommands(environ, stdout, stderr)...)
	return group
}

func checkCommand(stdout io.Writer) *cobra.Command {
	check := &cobra.Command{
		Use:   "check FILE",
		Short: "Say what a file that came with a box of tokens holds",
		Long: `Say what a file that came with a box of tokens holds, and which of them could not be taken,
with the line and the reason: a key container (PSKC, RFC 6030), plain or encrypted by AES
with a key or a passphrase, or a table (CSV) whose first line names its columns. Nothing is
stored, and no secret is printed. It ends with 1 if a token could not be taken.`,
	}
	ask := tokenFlags(check)
	check.RunE = func(cmd *cobra.Command, args []string) error {
		file, o, err := ask.open(cmd, args)
		if err != nil {
			return usageError{err}
		}
		defer file.Close()
		o.Now = time.Now()
		return checkTokens(stdout, file, o)
	}
	return check
}

// A tokenFile says which file of tokens is to be read, and how. Paths are those of the machine that the site runs on.
type tokenFile struct {
	Path       string             `json:"path"`
	Key        string             `json:"key,omitempty"`        // a file
	Passphrase string             `json:"passphrase,omitempty"` // likewise
	Secrets    inventory.Encoding `json:"secrets,omitempty"`
	Maker      string             `json:"maker,omitempty"`
}

// tokenFlags adds the flags that say what a file of tokens does not.
func tokenFlags(cmd *cobra.Command) *tokenFile {
	t := new(tokenFile)
	f := cmd.Flags()
	f.StringVar(&t.Key, verifierFlag, "", "a `file` with the key that the maker shares with you, as hexadecimal digits")
	f.StringVar(&t.Passphrase, passphraseFlag, "", "a `file` with the passphrase that the maker has told you")
	f.StringVar((*string)(&t.Secrets), secretsFlag, "",
		"how a table writes secrets where that cannot be told: `hex` or base32")
	f.StringVar(&t.Maker, makerFlag, "", "the `name` of the maker, where the file has none")
	return t
}

// open reads the command line, and opens what it names.
func (t *tokenFile) open(cmd *cobra.Command, args []string) (*os.File, inventory.Options, error) {
	if len(args) != 1 {
		return nil, inventory.Options{}, misuse("%s takes one file", cmd.CommandPath())
	}
	if !t.Secrets.Valid() {
		return nil, inventory.Options{}, misuse("--%s is hex or base32, not %q", secretsFlag, t.Secrets)
	}
	t.Path = args[0]
	return t.read()
}

// read opens the file, and reads what opens its secrets.
func (t *tokenFile) read() (*os.File, inventory.Options, error) {
	o := inventory.Options{Maker: t.Maker, Secrets: t.Secrets}
	var err error
	if o.Keys, err = tokenKeys(t.Key, t.Passphrase); err != nil {
		return nil, o, err
	}
	file, err := os.Open(t.Path)
	return file, o, err
}

// tokenKeys reads what opens a file: from files, since commands are kept in histories and seen by other users.
func tokenKeys(key, passphrase string) (k inventory.Keys, err error) {
	if key != "" {
		text, err := keyFile(key)
		if err != nil {
			return k, err
		}
		if k.Shared, err = hex.DecodeString(strings.Join(strings.Fields(text), "")); err != nil {
			return k, fmt.Errorf("%s holds no hexadecimal digits alone", key)
		}
		if !inventory.IsKey(k.Shared) {
			return k, fmt.Errorf("%s holds a key of %d bytes, which is none of AES: want 16, 24 or 32", key,
				len(k.Shared))
		}
	}
	if passphrase != "" {
		text, err := keyFile(passphrase)
		if err != nil {
			return k, err
		}
		k.Passphrase = strings.TrimRight(text, "\r\n")
	}
	return k, nil
}

func keyFile(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err == nil && len(text) > maxKeyFile {
		err = fmt.Errorf("%s is longer than any key", path)
	}
	return string(text), err
}

// checkTokens tells what a file holds.
func checkTokens(stdout io.Writer, file io.ReadSeeker, o inventory.Options) error {
	taken, faults := map[inventory.Kind]int{}, faultList{out: stdout}
	var broken error
	for t, err := range inventory.Read(file, o) {
		fault, isFault := errors.AsType[*inventory.Fault](err)
		switch {
		case isFault:
			if err := faults.tell(fault); err != nil {
				return err
			}
		case err != nil:
			broken = err
		default:
			taken[t.Kind]++
		}
	}
	if err := faults.end(); err != nil {
		return err
	}
	_, err := fmt.Fprintf(stdout, "%d tokens can be taken (%d by presses, %d by time), %d cannot\n",
		taken[inventory.HOTP]+taken[inventory.TOTP], taken[inventory.HOTP], taken[inventory.TOTP], faults.told)
	switch {
	case err != nil:
		return err
	case broken != nil:
		return fmt.Errorf("reading the tokens: %w", broken)
	case faults.told > 0:
		return errors.New("not every token can be taken")
	}
	return nil
}

// A faultList names tokens that are not taken, the first of them one by one.
type faultList struct {
	out  io.Writer
	told int
}

func (l *faultList) tell(f *inventory.Fault) error {
	if l.told++; l.told > toldFaults {
		return nil
	}
	_, err := fmt.Fprintln(l.out, f)
	return err
}

func (l *faultList) end() error {
	if l.told <= toldFaults {
		return nil
	}
	_, err := fmt.Fprintf(l.out, "and %d more\n", l.told-toldFaults)
	return err
}
