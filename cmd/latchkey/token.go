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

// maxKeyFile is how many bytes a file with a key or a passphrase may have.
const maxKeyFile = 4096

func tokenCommand(stdout io.Writer) *cobra.Command {
	group := &cobra.Command{Use: "token", Short: "Look after hardware tokens", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	check := &cobra.Command{
		Use:   "check FILE",
		Short: "Say what a file that came with a box of tokens holds",
		Long: `Say what a file that came with a box of tokens holds, and which of them could not be taken,
with the line and the reason: a key container (PSKC, RFC 6030), plain or encrypted by AES
with a key or a passphrase, or a table (CSV) whose first line names its columns. Nothing is
stored, and no secret is printed. It ends with 1 if a token could not be taken.`,
	}
	key := check.Flags().String("key", "", "a `file` with the key that the maker shares with you, as hexadecimal digits")
	passphrase := check.Flags().String("passphrase", "", "a `file` with the passphrase that the maker has told you")
	secrets := check.Flags().String("secrets", "", "how a table writes secrets where that cannot be told: `hex` or base32")
	maker := check.Flags().String("maker", "", "the `name` of the maker, where the file has none")
	check.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 1 {
			return misuse("%s takes one file", cmd.CommandPath())
		}
		o := inventory.Options{Maker: *maker, Now: time.Now(), Secrets: inventory.Encoding(*secrets)}
		if !o.Secrets.Valid() {
			return misuse("--secrets is hex or base32, not %q", *secrets)
		}
		var err error
		if o.Keys, err = tokenKeys(*key, *passphrase); err != nil {
			return usageError{err}
		}
		file, err := os.Open(args[0])
		if err != nil {
			return usageError{err}
		}
		defer file.Close()
		return checkTokens(stdout, file, o)
	}
	group.AddCommand(check)
	return group
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
		if n := len(k.Shared); n != 16 && n != 24 && n != 32 {
			return k, fmt.Errorf("%s holds a key of %d bytes, which is none of AES: want 16, 24 or 32", key, n)
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
	taken, refused := map[inventory.Kind]int{}, 0
	var broken error
	for t, err := range inventory.Read(file, o) {
		fault, isFault := errors.AsType[*inventory.Fault](err)
		switch {
		case isFault:
			if refused++; refused <= toldFaults {
				fmt.Fprintln(stdout, fault)
			}
		case err != nil:
			broken = err
		default:
			taken[t.Kind]++
		}
	}
	if refused > toldFaults {
		fmt.Fprintf(stdout, "and %d more\n", refused-toldFaults)
	}
	fmt.Fprintf(stdout, "%d tokens can be taken (%d by presses, %d by time), %d cannot\n", taken[inventory.HOTP]+taken[inventory.TOTP],
		taken[inventory.HOTP], taken[inventory.TOTP], refused)
	if broken != nil {
		return fmt.Errorf("reading the tokens: %w", broken)
	}
	if refused > 0 {
		return errors.New("not every token can be taken")
	}
	return nil
}
