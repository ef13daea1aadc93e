package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// The commands about what all accounts sign in with.
const (
	cmdStats    = "stats"
	cmdRehearse = "policy rehearse"
)

// Flags of theirs that are no settings.
const (
	leastFlag = "least"
	allowFlag = "allow"
	denyFlag  = "deny"
)

// A fleetQuestion is what is asked about all accounts.
type fleetQuestion struct {
	JSON   bool             `json:"asJson,omitempty"`
	Limit  int              `json:"limit,omitempty"`
	Policy inventory.Policy `json:"policy"`
}

func statsCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: cmdStats, Short: "Count what sellers sign in with", Args: noArguments,
		Long: `Count what sellers sign in with: methods by kind, and how many of them are switched off or were
not used for a year; accounts by their weakest way in, and those that depend on texts alone;
keys by model, by what is proved of them, and by age; recalled models, and how far the owners
of their keys have come. Nobody is named. The site may run or not.`}
	q := new(fleetQuestion)
	cmd.Flags().BoolVar(&q.JSON, jsonFlag, false, "write JSON")
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		return runLong(cmd.Context(), c, environ, cmdStats, q, stdout)
	}
	return cmd
}

func policyCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: "policy", Short: "Look at a policy of keys, before it holds or after",
		Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	group.AddCommand(rehearseCommand(environ, stdout, stderr), matrixCommand(environ, stdout, stderr))
	return group
}

func rehearseCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: "rehearse", Short: "Say who would be locked out if a policy held for the keys of today",
		Args: noArguments, Long: `Hold a policy against the keys of all accounts: how many of them it would not permit, and
why; who would have no key left, and who no second step at all, by the ids of their accounts.
Nothing is changed. The policy is that of the settings, which may be a file that the site does
not have yet (--config), or what the flags say. The site may run or not.`}
	q := new(fleetQuestion)
	flags := policyFlags(cmd)
	f := cmd.Flags()
	f.IntVar(&q.Limit, limitFlag, 100, "how `many` accounts are named at most")
	f.BoolVar(&q.JSON, jsonFlag, false, "write JSON")
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if q.Limit < 0 {
			return misuse("--%s is no less than 0", limitFlag)
		}
		c, err := settings()
		if err != nil {
			return err
		}
		p, err := flags.over(c.WebAuthn.Attestation) // held against what is there, and not what this site has
		if err != nil {
			return err
		}
		q.Policy = rehearsed(&p)
		return runLong(cmd.Context(), c, environ, cmdRehearse, q, stdout)
	}
	return cmd
}

// A policyFlag says what of a policy of keys is not as in the settings.
type policyFlag struct {
	cmd         *cobra.Command
	least       string
	allow, deny []string
}

// policyFlags adds the flags that say it.
func policyFlags(cmd *cobra.Command) *policyFlag {
	p := &policyFlag{cmd: cmd}
	f := cmd.Flags()
	f.StringVar(&p.least, leastFlag, "",
		"what a key must be at least: `grade` bound, proved, L1, L1+, L2, L2+, L3 or L3+")
	f.StringSliceVar(&p.allow, allowFlag, nil, "only the `models` with these AAGUIDs")
	f.StringSliceVar(&p.deny, denyFlag, nil, "no `models` with these AAGUIDs")
	return p
}

// over is the policy of the settings with what the flags say in its place.
func (p *policyFlag) over(settings webauthn.AttestationPolicy) (webauthn.AttestationPolicy, error) {
	if p.cmd.Flags().Changed(leastFlag) {
		if err := settings.Least.UnmarshalText([]byte(p.least)); err != nil {
			return settings, misuse("--%s: %w", leastFlag, err)
		}
	}
	return settings, cmp.Or(readModels(&settings.Allow, allowFlag, p.allow),
		readModels(&settings.Deny, denyFlag, p.deny))
}

// readModels reads the models that a flag names in place of those of the settings, if it names any.
func readModels(to *[]webauthn.AAGUID, flag string, list []string) error {
	if len(list) == 0 {
		return nil
	}
	*to = nil
	for _, text := range list {
		id, err := webauthn.ParseAAGUID(strings.TrimSpace(text))
		if err != nil {
			return misuse("--%s: %w", flag, err)
		}
		*to = append(*to, id)
	}
	return nil
}

// rehearsed is the policy of settings, as keys that are bound are held against it.
func rehearsed(p *webauthn.AttestationPolicy) inventory.Policy {
	names := func(list []webauthn.AAGUID) (all []string) {
		for _, id := range list {
			all = append(all, id.String())
		}
		return all
	}
	out := inventory.Policy{Least: p.Least, Allow: names(p.Allow), Deny: names(p.Deny)}
	if p.Require {
		out.Least = max(out.Least, auth.ProvedKey)
	}
	return out
}

// fleet answers a question about all accounts.
func (h *house) fleet(ctx context.Context, q controlRequest, out io.Writer) error {
	var ask fleetQuestion
	if err := json.Unmarshal(q.Ask, &ask); err != nil {
		return fmt.Errorf("reading the command: %w", err)
	}
	if q.Command == cmdRehearse {
		r, err := h.stock.Rehearse(ctx, ask.Policy)
		if err != nil {
			return err
		}
		if ask.JSON {
			return json.NewEncoder(out).Encode(r)
		}
		return writeRehearsal(out, r, ask.Limit)
	}
	st, err := h.stock.Fleet(ctx)
	if err != nil {
		return err
	}
	if ask.JSON {
		return json.NewEncoder(out).Encode(st)
	}
	return writeFleet(out, st)
}

// writeFleet writes counts for people.
func writeFleet(out io.Writer, st *inventory.Fleet) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d accounts, %d of them switched off, %d without a second step\n", st.Accounts, st.Off, st.None)
	fmt.Fprintf(&b, "%d depend on texts alone, %d have one key and no second one\n", st.Texts, st.OneKey)
	if st.KeysOnly > 0 {
		fmt.Fprintf(&b, "%d are opened by security keys alone, as their owners have chosen\n", st.KeysOnly)
	}
	title := func(text string, n int) {
		if n > 0 {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
	}
	title("methods (of them switched off; not used for a year)", len(st.Ways))
	for _, w := range st.Ways {
		fmt.Fprintf(&b, "  %-24s %d (%d; %d)\n", w.Way, w.N, w.Off, w.Idle)
	}
	title("accounts by their weakest way in", len(st.Weakest))
	for _, w := range st.Weakest {
		fmt.Fprintf(&b, "  %-24s %d\n", w.Way, w.N)
	}
	title("keys by model", len(st.Models))
	for _, m := range st.Models {
		name := m.Model
		for _, other := range []string{m.ModelID, "(model not told)"} {
			if name == "" {
				name = other
			}
		}
		if m.Grade != "" {
			name += ", " + m.Grade
		}
		fmt.Fprintf(&b, "  %-40s %d\n", name, m.N)
	}
	title("keys by years since they were registered", len(st.Ages))
	for _, y := range st.Ages {
		fmt.Fprintf(&b, "  %-24d %d\n", y.Years, y.N)
	}
	title("recalled models (keys that are there, of those that were found; accounts that have done nothing)",
		len(st.Recalled))
	for _, m := range st.Recalled {
		fmt.Fprintf(&b, "  %-40s %d of %d; %d\n", m.Model+", "+m.Status, m.Left, m.Keys, m.Waiting)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// writeRehearsal writes it for people.
func writeRehearsal(out io.Writer, r *inventory.Rehearsal, limit int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%d accounts have %d keys that work\n", r.Accounts, r.Keys)
	falls := 0
	for _, n := range r.Falls {
		falls += n
	}
	fmt.Fprintf(&b, "%d of the keys would not be permitted\n", falls)
	for _, why := range slices.Sorted(maps.Keys(r.Falls)) {
		fmt.Fprintf(&b, "  %-24s %d\n", why, r.Falls[why])
	}
	fmt.Fprintf(&b, "%d accounts would lose a key, %d of them their last one, %d of those their last second step\n",
		r.Touched, r.NoKey, len(r.Out))
	for _, x := range r.Out[:min(len(r.Out), limit)] {
		back := "no recovery codes"
		if x.Codes {
			back = "recovery codes"
		}
		fmt.Fprintf(&b, "  %s  %s; %s\n", x.ID, strings.Join(x.Why, ", "), back)
	}
	if more := len(r.Out) - limit; more > 0 {
		fmt.Fprintf(&b, "  and %d more: --%s, or --%s for all of them\n", more, limitFlag, jsonFlag)
	}
	_, err := io.WriteString(out, b.String())
	return err
}
