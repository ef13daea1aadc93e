package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/password"
)

// allRanges is how many ranges hashes are published in.
const allRanges = 1 << 20

func passwordListCommand(stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: "password-list", Short: "Look after the list of breached passwords", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	group.AddCommand(&cobra.Command{
		Use:   "build IN OUT",
		Short: "Make the list of breached passwords from published hashes",
		Long: `Make the list that the setting password.breached names, from SHA-1 hashes of passwords as
they are published: IN is one file of lines HASH:COUNT in the order of the hashes, or a
folder of the ranges, files ABCDE or ABCDE.txt of lines SUFFIX:COUNT. Of each hash 2.7
bytes are kept; of other passwords one in a million is taken for a published one. A
machine with little memory will do, however long IN is. OUT is replaced once the new list
is complete: start the site again then.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 2 {
				return misuse("%s takes the published hashes and the file to make", cmd.CommandPath())
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			return buildPasswordList(cmd.Context(), args[0], args[1], stdout, stderr)
		},
	})
	return group
}

// buildPasswordList makes a list, and says what is in it.
func buildPasswordList(ctx context.Context, in, out string, stdout, stderr io.Writer) error {
	made, err := password.BuildBreached(ctx, in, out)
	if err != nil {
		return err
	}
	if made.Ranges < allRanges {
		fmt.Fprintf(stderr, "latchkey: %d of %d ranges have no hash: look whether the download is complete\n",
			allRanges-made.Ranges, allRanges)
	}
	_, err = fmt.Fprintf(stdout, "%d hashes in %d ranges, %d bytes in %s\n", made.Entries, made.Ranges, made.Bytes, out)
	return err
}
