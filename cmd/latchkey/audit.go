package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/audit"
	"github.com/latchkey-auth/latchkey/auth"
)

// The commands about the audit trail.
const (
	cmdAudit           = "audit"
	cmdAuditVerify     = "audit verify"
	cmdAuditExport     = "audit export"
	cmdAuditCheckpoint = "audit checkpoint"
	cmdAuditKey        = "audit key"
	cmdAuditKeyRotate  = "audit key rotate"
)

// Flags of theirs that are no settings.
const (
	checkpointsFlag = "checkpoints"
	verifierFlag    = "key"
	backupFlag      = "backup"
	newFileFlag     = "new-file"
	accountFlag     = "account"
	fromFlag        = "from"
	toFlag          = "to"
	addressesFlag   = "addresses"
)

func auditCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: cmdAudit, Short: "Look after the audit trail", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	key := controlCommand(environ, stdout, stderr, cmdAuditKey, "Show the keys by which checkpoints are told", `
Show the verifier keys by which checkpoints are told, the newest last. Keep the first one
elsewhere, and give it to latchkey audit verify: the keys that came after it are known by
it. The site may run or not.`)
	key.AddCommand(controlCommand(environ, stdout, stderr, cmdAuditKeyRotate, "Sign checkpoints with a new key from now on", `
Sign checkpoints with a new key from now on. The last checkpoint of the key before names
it. The audit trail keeps who asked. The site may run or not.`))
	group.AddCommand(verifyCommand(environ, stdout, stderr), checkpointCommand(environ, stdout, stderr),
		exportCommand(environ, stdout, stderr), key)
	return group
}

func verifyCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "verify",
		Short: "Recompute every chain of the audit trail, and hold it against checkpoints",
		Long: `Recompute every chain of the audit trail, and hold it against the checkpoints that were
made of it. An entry that was edited, cut out or moved is named, and so is a checkpoint; an
older copy of the store is found. The command goes on after what does not hold, and exits 1.

Without --checkpoints a trail that was written anew as a whole is not told from the real
one. The site may run or not; of one that runs, the files must be readable to its user.`,
		Args: noArguments,
	}
	var q audit.Question
	cmd.Flags().StringArrayVar(&q.Files, checkpointsFlag, nil, "`file` of checkpoints; of several, give the oldest first")
	cmd.Flags().StringArrayVar(&q.Keys, verifierFlag, nil, "verifier `key` that was kept elsewhere; none: those of the store")
	cmd.Flags().BoolVar(&q.Backup, backupFlag, false, "the data are a backup: later checkpoints say nothing of them")
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		if q.Files, err = absolute(q.Files); err != nil {
			return err
		}
		return runLong(cmd.Context(), c, environ, cmdAuditVerify, q, stdout)
	}
	return cmd
}

func checkpointCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "checkpoint",
		Short: "Make a checkpoint of the audit trail now",
		Long: `Make a checkpoint of the audit trail now, and write those that wait. With --new-file it
may be the first of a new file: where the one before was put away, or is lost. The site may
run or not.`,
		Args: noArguments,
	}
	begin := cmd.Flags().Bool(newFileFlag, false, "begin a new file of checkpoints if there is none")
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		command := cmdAuditCheckpoint
		if *begin {
			command += " " + newFileFlag
		}
		return runCommand(cmd.Context(), c, environ, command, stdout)
	}
	return cmd
}

func exportCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Write the audit trail as lines of JSON",
		Long: `Write the audit trail to standard output, an event a line: of one account or of all, chain
after chain, each in its order. Times are RFC 3339, or days as 2026-03-31; --to is the first
moment that is no more in it. Of network addresses the network is written, unless --addresses
asks for whole ones. That somebody has had it is in the trail, and in the account's own
history. The site may run or not.`,
		Args: noArguments,
	}
	var sel audit.Selection
	f := cmd.Flags()
	f.StringVar(&sel.Account, accountFlag, "", "`id` of an account, or the e-mail address or number that it signs in with")
	from := f.String(fromFlag, "", "first `time`")
	to := f.String(toFlag, "", "`time` up to which")
	f.BoolVar(&sel.Addresses, addressesFlag, false, "write whole network addresses")
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		var err1, err2 error
		sel.From, err1 = momentOf(fromFlag, *from)
		sel.To, err2 = momentOf(toFlag, *to)
		if err := errors.Join(err1, err2); err != nil {
			return err
		}
		return runLong(cmd.Context(), c, environ, cmdAuditExport, sel, stdout)
	}
	return cmd
}

// momentOf reads a time or the beginning of a day, in UTC where no zone is given; "" is none.
func momentOf(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, misuse("--%s: want a time as 2026-03-31T12:00:00Z, or a day as 2026-03-31", flag)
}

// exportTrail writes the audit trail, or a part of it.
func (h *house) exportTrail(ctx context.Context, q controlRequest, out io.Writer) error {
	var sel audit.Selection
	if err := json.Unmarshal(q.Ask, &sel); err != nil {
		return fmt.Errorf("reading the command: %w", err)
	}
	n, err := h.trail.Export(ctx, q.Operator, sel, out)
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		return fmt.Errorf("there is no account %q", sel.Account)
	}
	if errors.Is(err, auth.Refuse(auth.TimesReversed)) {
		return fmt.Errorf("--%s has to be before --%s", fromFlag, toFlag)
	}
	if err == nil {
		h.log.Info("the audit trail was exported", "operator", q.Operator, "events", n)
	}
	return err
}

// checkpoints does what an operator asks about checkpoints, and returns what he is to read.
func (h *house) checkpoints(ctx context.Context, name, operator string) (string, error) {
	switch name {
	case cmdAuditCheckpoint, cmdAuditCheckpoint + " " + newFileFlag:
		n, err := h.trail.Take(ctx, name != cmdAuditCheckpoint)
		if err != nil {
			return "", err
		}
		return fmt.Sprintf("checkpoint %d is written to %s\n", n, h.config.checkpoints()), nil
	case cmdAuditKey:
		keys, err := h.trail.Keys(ctx)
		if len(keys) == 0 && err == nil {
			return "", errors.New("no checkpoint was made yet, and no key: latchkey audit checkpoint makes both")
		}
		return strings.Join(keys, "\n") + "\n", err
	case cmdAuditKeyRotate:
		key, err := h.trail.RotateKey(ctx, operator)
		if err != nil {
			return "", err
		}
		h.log.Warn("another key signs checkpoints of the audit trail", "operator", operator, "key", key)
		return key + "\n", nil
	}
	return "", fmt.Errorf("no such command: %q", name)
}

// verifyTrail recomputes the audit trail, and says how much there is, or what does not hold.
func (h *house) verifyTrail(ctx context.Context, q controlRequest, out io.Writer) error {
	var ask audit.Question
	if err := json.Unmarshal(q.Ask, &ask); err != nil {
		return fmt.Errorf("reading the command: %w", err)
	}
	r, err := h.trail.Verify(ctx, ask)
	if err != nil {
		return fmt.Errorf("reading the audit trail: %w", err)
	}
	for _, remark := range r.Remarks {
		if _, err := fmt.Fprintf(out, "note: %s\n", remark); err != nil {
			return err
		}
	}
	if len(r.Findings) > 0 {
		for _, f := range r.Findings {
			if _, err := fmt.Fprintln(out, f); err != nil {
				return err
			}
		}
		return fmt.Errorf("the audit trail (%d chains, %d events, %d checkpoints) does not hold: %d findings", r.Chains,
			r.Events, r.Checkpoints, len(r.Findings)+r.More)
	}
	text := fmt.Sprintf("%d chains, %d events, each follows from the one before it\n", r.Chains, r.Events)
	if len(ask.Files) > 0 {
		text += fmt.Sprintf("%d checkpoints, the last is %d: each follows from the one before it, and the trail is as they say\n",
			r.Checkpoints, r.Last)
	}
	_, err = io.WriteString(out, text)
	return err
}
