package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/inventory"
)

// The commands about many tokens.
const (
	cmdTokenList   = "token list"
	cmdTokenExport = "token export"
	cmdTokenStats  = "token stats"
)

// Flags of theirs that are no settings.
const (
	stateFlag = "state"
	modelFlag = "model"
	ownerFlag = "owner"
	wornFlag  = "worn"
	yearsFlag = "years"
	limitFlag = "limit"
	afterFlag = "after"
	jsonFlag  = "json"
	lowFlag   = "low"
)

// A tokenQuestion is what is asked about many tokens.
type tokenQuestion struct {
	inventory.Selection
	After string `json:"after,omitempty"`
	Limit int    `json:"limit,omitempty"`
	JSON  bool   `json:"asJson,omitempty"`
	Low   int    `json:"low,omitempty"`
	Years int    `json:"years,omitempty"`
	AtEnd bool   `json:"atEnd,omitempty"` // those whose battery is at its end
}

// selectionFlags adds the flags that say which tokens are meant.
func selectionFlags(cmd *cobra.Command, q *tokenQuestion) {
	f := cmd.Flags()
	f.StringVar((*string)(&q.State), stateFlag, "", "`what` they are: stock, assigned, returned, lost or retired")
	f.StringVar(&q.Box, boxFlag, "", "the `name` of their box")
	f.StringVar(&q.Model, modelFlag, "", "the `name` of their model")
	f.StringVar(&q.Maker, makerFlag, "", "the `name` of their maker")
	f.StringVar((*string)(&q.Owner), ownerFlag, "", "the `id` of the account that has them")
}

// wearFlag adds the flag that says when a battery is at its end.
func wearFlag(cmd *cobra.Command, q *tokenQuestion) {
	cmd.Flags().IntVar(&q.Years, yearsFlag, 0,
		"after so many `years` in the stock a battery is at its end, where the maker names no day")
}

// manyTokensCommand is a command about many tokens.
func manyTokensCommand(environ []string, stdout, stderr io.Writer, name, short, long string,
	flags func(*cobra.Command, *tokenQuestion), ready func(*tokenQuestion) error) *cobra.Command {
	cmd := &cobra.Command{Use: strings.TrimPrefix(name, cmdToken+" "), Short: short,
		Long: strings.TrimSpace(long), Args: noArguments}
	q := new(tokenQuestion)
	flags(cmd, q)
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.State != "" && !q.State.Valid() {
			return misuse("--%s is stock, assigned, returned, lost or retired, not %q", stateFlag, q.State)
		}
		if q.Years < 0 || q.Low < 0 {
			return misuse("--%s and --%s are no less than 0", yearsFlag, lowFlag)
		}
		if err := ready(q); err != nil {
			return err
		}
		c, err := settings()
		if err != nil {
			return err
		}
		return runLong(cmd.Context(), c, environ, name, q, stdout)
	}
	return cmd
}

// manyTokensCommands are all of them.
func manyTokensCommands(environ []string, stdout, stderr io.Writer) []*cobra.Command {
	list := manyTokensCommand(environ, stdout, stderr, cmdTokenList, "List tokens", `
List tokens, by serial number: all, or those that the flags say; --worn those whose battery is
at its end. A page has --limit of them, and the last line says how to get the next one. With
--json each is a line of JSON, and the next page begins after the key of the last one. The
site may run or not.`,
		func(cmd *cobra.Command, q *tokenQuestion) {
			selectionFlags(cmd, q)
			wearFlag(cmd, q)
			cmd.Flags().BoolVar(&q.AtEnd, wornFlag, false,
				"those whose battery is at its end, by the maker's word or by --years")
			cmd.Flags().StringVar(&q.After, afterFlag, "", "the `key` of the last token of the page before")
			cmd.Flags().IntVar(&q.Limit, limitFlag, 100, "how `many` tokens a page has")
			cmd.Flags().BoolVar(&q.JSON, jsonFlag, false, "write lines of JSON")
		},
		func(q *tokenQuestion) error {
			if q.Limit < 1 || q.Limit > inventory.MaxPage {
				return misuse("--%s is 1 to %d", limitFlag, inventory.MaxPage)
			}
			return nil
		})
	export := manyTokensCommand(environ, stdout, stderr, cmdTokenExport, "Write tokens as a table", `
Write tokens to standard output as a table (CSV), without their secrets: all, or those that
the flags say, in an order that says nothing. The audit trail keeps who has had them. The
site may run or not.`, selectionFlags, func(*tokenQuestion) error { return nil })
	stats := manyTokensCommand(environ, stdout, stderr, cmdTokenStats, "Count tokens", `
Count the tokens by model, by box and by state; name the boxes that have fewer than --low in
stock, and count those whose battery is at its end: on the day that the maker names, or
--years after they were imported. The site may run or not.`,
		func(cmd *cobra.Command, q *tokenQuestion) {
			wearFlag(cmd, q)
			cmd.Flags().IntVar(&q.Low, lowFlag, 10, "boxes with `fewer` in stock are named")
			cmd.Flags().BoolVar(&q.JSON, jsonFlag, false, "write JSON")
		}, func(*tokenQuestion) error { return nil })
	return []*cobra.Command{list, export, stats}
}

// manyTokens answers a question about many tokens.
func (h *house) manyTokens(ctx context.Context, q controlRequest, out io.Writer) error {
	var ask tokenQuestion
	if err := json.Unmarshal(q.Ask, &ask); err != nil {
		return fmt.Errorf("reading the command: %w", err)
	}
	wear := inventory.Wear{At: h.now(), Years: ask.Years}
	switch q.Command {
	case cmdTokenList:
		if ask.AtEnd {
			ask.Worn = &wear
		}
		return h.listTokens(ctx, &ask, out)
	case cmdTokenExport:
		n, err := h.stock.Export(ctx, q.Operator, ask.Selection, out)
		if err == nil {
			h.log.Info("tokens were exported", "operator", q.Operator, "tokens", n)
		}
		return err
	}
	st, err := h.stock.Stats(ctx, ask.Low, wear)
	if err != nil {
		return err
	}
	if ask.JSON {
		return json.NewEncoder(out).Encode(st)
	}
	return writeStats(out, st, ask.Low)
}

// listTokens writes a page of tokens.
func (h *house) listTokens(ctx context.Context, q *tokenQuestion, out io.Writer) error {
	page, more, err := h.stock.List(ctx, q.Selection, q.After, q.Limit)
	if errors.Is(err, inventory.ErrUnknown) {
		return fmt.Errorf("--%s: no token has the key %q: it stands in the last line of the page before",
			afterFlag, q.After)
	}
	if err != nil {
		return err
	}
	lines := json.NewEncoder(out)
	lines.SetEscapeHTML(false)
	for _, x := range page {
		if q.JSON {
			err = lines.Encode(x)
		} else {
			_, err = fmt.Fprintln(out, tokenLine(x))
		}
		if err != nil {
			return err
		}
	}
	if more && !q.JSON {
		_, err = fmt.Fprintf(out, "there are more: --%s=%s\n", afterFlag, page[len(page)-1].Key)
	}
	return err
}

// tokenLine is a token in one line.
func tokenLine(x *inventory.Info) string {
	line := fmt.Sprintf("%-16s %-24s %s", x.Serial, strings.TrimSpace(x.Maker+" "+x.Model), stateWord(x.State))
	for _, more := range [][2]string{{"box", x.Box}, {ownerWord(x.State), string(x.Owner)},
		{"works until", dayOf(x.Until)}, {"note", x.Note}} {
		if more[1] != "" {
			line += fmt.Sprintf(", %s %s", more[0], more[1])
		}
	}
	return line
}

// writeStats writes counts for people.
func writeStats(out io.Writer, st *inventory.Stats, low int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d tokens: %s\n", st.All.Sum(), countLine(st.All))
	write := func(title, unnamed string, list []inventory.Group) {
		if len(list) > 0 {
			fmt.Fprintf(&b, "\n%s\n", title)
		}
		for _, g := range list {
			name := g.Name
			if name == "" {
				name = unnamed
			}
			fmt.Fprintf(&b, "  %-24s %s\n", name, countLine(g.Count))
		}
	}
	write("by model", "", st.Models)
	write("by box", "(no box)", st.Boxes)
	write(fmt.Sprintf("boxes with fewer than %d in stock", low), "", st.Low)
	write("batteries at their end", "", st.Worn)
	_, err := io.WriteString(out, b.String())
	return err
}

// countLine is a count in words.
func countLine(n inventory.Count) string {
	var parts []string
	for _, s := range inventory.States() {
		if n[s] > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n[s], stateWord(s)))
		}
	}
	if parts == nil {
		return "none"
	}
	return strings.Join(parts, ", ")
}
