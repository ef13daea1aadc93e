package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/inventory"
)

// The commands about one token. What each is about follows, with tabs between: the serial number, the maker, and
// what is noted, or for whom it is.
const (
	cmdTokenShow   = "token show"
	cmdTokenLost   = "token lost"
	cmdTokenFound  = "token found"
	cmdTokenRetire = "token retire"
	cmdTokenNote   = "token note"
	cmdTokenGive   = "token give"
)

// oneToken does what an operator asks about a token, and returns what he is to read.
func (h *house) oneToken(ctx context.Context, name, operator string) (string, error) {
	asked := strings.Split(name, "\t")
	if len(asked) != 4 {
		return "", fmt.Errorf("no such command: %q", asked[0])
	}
	serial, maker := asked[1], asked[2]
	var info *inventory.Info
	var err error
	switch asked[0] {
	case cmdTokenShow:
		info, err = h.stock.Show(ctx, serial, maker)
	case cmdTokenLost:
		info, err = h.stock.Lose(ctx, operator, serial, maker)
	case cmdTokenFound:
		info, err = h.stock.Regain(ctx, operator, serial, maker)
	case cmdTokenRetire:
		info, err = h.stock.Retire(ctx, operator, serial, maker)
	case cmdTokenGive:
		info, err = h.stock.Give(ctx, operator, serial, maker, asked[3])
	case cmdTokenNote:
		info, err = h.stock.Note(ctx, operator, serial, maker, asked[3])
	default:
		return "", fmt.Errorf("no such command: %q", asked[0])
	}
	if err != nil {
		return "", fmt.Errorf("token %s: %w", serial, err)
	}
	if asked[0] != cmdTokenShow {
		h.log.Warn("a token was changed", "command", asked[0], "operator", operator,
			"serial", info.Serial, "maker", info.Maker)
	}
	return describe(info), nil
}

// describe is a token in lines for people.
func describe(x *inventory.Info) string {
	codes := fmt.Sprintf("by time, every %d s", x.Period)
	if x.Kind == inventory.HOTP {
		codes = "by presses"
	}
	var b strings.Builder
	for _, line := range [][2]string{
		{"serial", x.Serial}, {"maker", x.Maker}, {"model", x.Model},
		{"codes", fmt.Sprintf("%s, %d digits, %s", codes, x.Digits, x.Hash)},
		{"works until", dayOf(x.Until)}, {"box", x.Box}, {"note", x.Note},
		{"state", stateWord(x.State) + ", since " + dayOf(x.MovedAt)},
		{ownerWord(x.State), string(x.Owner)}, {"imported", dayOf(x.TakenAt)},
	} {
		if line[1] != "" {
			fmt.Fprintf(&b, "%-14s %s\n", line[0], line[1])
		}
	}
	return b.String()
}

// stateWord is a state as people say it.
func stateWord(s inventory.State) string {
	if s == inventory.InStock {
		return "in stock"
	}
	return string(s)
}

// ownerWord says what the account is to a token in a state.
func ownerWord(s inventory.State) string {
	switch s {
	case inventory.InStock:
		return "set aside for"
	case inventory.Assigned:
		return "account"
	}
	return "was of"
}

func dayOf(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.DateOnly)
}

// oneTokenCommand is a command about one token; more says what follows its serial number.
func oneTokenCommand(environ []string, stdout, stderr io.Writer, name, more, short, long string) *cobra.Command {
	use := strings.TrimSpace(strings.TrimPrefix(name, cmdToken+" ") + " SERIAL " + more)
	cmd := &cobra.Command{Use: use, Short: short, Long: strings.TrimSpace(long) + `

Where several makers have used the number, --maker says whose it is. The site may run or not.`}
	maker := cmd.Flags().String(makerFlag, "", "the `name` of its maker")
	settings := settable(cmd, environ, stderr)
	want := len(strings.Fields(use)) - 1
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != want {
			return misuse("%s takes %s", cmd.CommandPath(), strings.TrimPrefix(use, cmd.Name()+" "))
		}
		text := ""
		if want > 1 {
			text = args[1]
		}
		if strings.ContainsAny(args[0]+*maker+text, "\t\n") {
			return misuse("%s takes no tabs and no lines", cmd.CommandPath())
		}
		c, err := settings()
		if err != nil {
			return err
		}
		return runCommand(cmd.Context(), c, environ, strings.Join([]string{name, args[0], *maker, text}, "\t"), stdout)
	}
	return cmd
}

// oneTokenCommands are all of them.
func oneTokenCommands(environ []string, stdout, stderr io.Writer) []*cobra.Command {
	of := func(name, more, short, long string) *cobra.Command {
		return oneTokenCommand(environ, stdout, stderr, name, more, short, long)
	}
	return []*cobra.Command{
		of(cmdTokenShow, "", "Show what is known of a token", `
Show what is known of a token, by the serial number that is printed on it: all but its
secret.`),
		of(cmdTokenLost, "", "Say that a token is lost", `
Say that a token of the stock, or one that was given back, is lost: nobody can claim it
until it is found. One that somebody has for his account is reported by him, on his
security page. The audit trail keeps who said so.`),
		of(cmdTokenFound, "", "Say that a token is here, and can be given out", `
Say that a token is here: one that was lost, or one that somebody has given back. It is in
stock from then on, for whoever it is handed to. The audit trail keeps who said so.`),
		of(cmdTokenRetire, "", "Take a token out of use for good", `
Take a token out of use for good: a broken one, or one whose battery is at its end. Nobody
can claim it any more. The audit trail keeps who said so.`),
		of(cmdTokenGive, "ACCOUNT", "Set a token aside for an account", `
Set a token aside for an account, named by its id or by the address or number that it signs in
with: nobody else can claim it then. It is bound to the account once its owner claims it, with
the codes that it shows. The audit trail keeps who said so.`),
		of(cmdTokenNote, "TEXT", "Write a note to a token", `
Write a note to a token, in place of the one before; "" deletes it. The audit trail keeps
who did.`),
	}
}
