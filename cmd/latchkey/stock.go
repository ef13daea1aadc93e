package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/inventory"
)

// A tokenImport is a file of tokens that is to be taken into the stock.
type tokenImport struct {
	tokenFile
	Box string `json:"box,omitempty"`
	Dry bool   `json:"dry,omitempty"`
}

func importCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Take a file that came with a box of tokens into the stock",
		Long: `Take a file that came with a box of tokens into the stock: what latchkey token check reads.
Tokens that are there already stay as they are, so that an import that ended half-way is
simply run again. One that is there with another secret, or counts in another way, is in
conflict: it is named with its line, and what is there stays. With --dry-run it says what it
would do, and stores nothing.

Of a file that is broken nothing is stored. Secrets are sealed, and nothing else of the file
is kept: delete it. The audit trail keeps who asked, and how many tokens there were. The site
may run or not; of one that runs, the files must be readable to its user. It ends with 1 if a
token could not be taken.`,
	}
	q := &tokenImport{}
	ask := tokenFlags(cmd)
	cmd.Flags().StringVar(&q.Box, boxFlag, "", "the `name` of the box that they lie in")
	cmd.Flags().BoolVar(&q.Dry, dryFlag, false, "say what would be done, and store nothing")
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		file, _, err := ask.open(cmd, args)
		if err != nil {
			return usageError{err}
		}
		file.Close() // whoever has the store opens it
		if q.tokenFile, err = ask.absolute(); err != nil {
			return err
		}
		c, err := settings()
		if err != nil {
			return err
		}
		return runLong(cmd.Context(), c, environ, cmdTokenImport, q, stdout)
	}
	return cmd
}

// absolute makes paths mean to the site what they mean here.
func (t tokenFile) absolute() (tokenFile, error) {
	for _, path := range []*string{&t.Path, &t.Key, &t.Passphrase} {
		if *path == "" {
			continue
		}
		list, err := absolute([]string{*path})
		if err != nil {
			return t, err
		}
		*path = list[0]
	}
	return t, nil
}

// importTokens takes a file of tokens into the stock, and says what became of them.
func (h *house) importTokens(ctx context.Context, q controlRequest, out io.Writer) error {
	var ask tokenImport
	if err := json.Unmarshal(q.Ask, &ask); err != nil {
		return fmt.Errorf("reading the command: %w", err)
	}
	file, o, err := ask.read()
	if err != nil {
		return fmt.Errorf("reading the tokens: %w", err)
	}
	defer file.Close()
	faults := faultList{out: out}
	sum, err := h.stock.Import(ctx, q.Operator, file, inventory.Order{Options: o, File: filepath.Base(ask.Path),
		Box: ask.Box, Dry: ask.Dry}, faults.tell)
	if told := faults.end(); err == nil {
		err = told
	}
	what := "were taken"
	if ask.Dry {
		what = "would be taken"
	} else if sum.New > 0 {
		h.log.Warn("tokens were taken into the stock", "operator", q.Operator, "tokens", sum.New, "box", ask.Box)
	}
	switch {
	case err != nil && !ask.Dry && sum.New > 0:
		return fmt.Errorf("taking the tokens: %w; %d were taken before that: do the same once more", err, sum.New)
	case err != nil:
		return fmt.Errorf("reading the tokens: %w; nothing was stored", err)
	}
	_, err = fmt.Fprintf(out, "%d tokens %s, %d are here already, %d are in conflict with one that is here, "+
		"%d cannot be taken\n", sum.New, what, sum.Here, sum.Conflicts, sum.Faults)
	if err == nil && sum.Conflicts+sum.Faults > 0 {
		err = errors.New("not every token can be taken")
	}
	return err
}
