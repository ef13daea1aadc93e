package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

func (p *program) faultCommand() *cobra.Command {
	group := p.group("fault", "The catalogue of deliberate faults")
	group.AddCommand(p.faultListCommand(), p.faultShowCommand(), p.faultRunCommand())
	return group
}

// A faultEntry is one fault as fault list --json tells it. Members may be added; what is there stays.
type faultEntry struct {
	ID       string          `json:"id"`
	Title    string          `json:"title"`
	Step     string          `json:"step"`
	Clause   string          `json:"clause"`
	Cites    string          `json:"cites,omitempty"`
	Ceremony fault.Ceremony  `json:"ceremony"`
	Class    fault.Class     `json:"class"`
	Check    fault.Check     `json:"check,omitempty"`
	Reason   fault.Reason    `json:"reason,omitempty"`
	Why      string          `json:"why"`
	Baseline fault.Baseline  `json:"baseline"`
	Needs    []fault.Feature `json:"needs"`
	Unless   []fault.Feature `json:"unless"`
}

func entryOf(f *fault.Fault) faultEntry {
	e := faultEntry{
		ID: f.ID, Title: f.Title, Step: f.Step, Clause: clauseURL(f.Clause), Cites: f.Cites, Ceremony: f.Ceremony,
		Class: f.Class, Check: f.Check,
		Reason: f.Reason, Why: f.Why, Baseline: f.Baseline, Needs: f.Needs, Unless: f.Unless,
	}
	if e.Needs == nil {
		e.Needs = []fault.Feature{}
	}
	if e.Unless == nil {
		e.Unless = []fault.Feature{}
	}
	return e
}

func clauseURL(fragment string) string { return "https://www.w3.org/TR/webauthn-3/" + fragment }

func (p *program) faultListCommand() *cobra.Command {
	s := &selection{}
	asJSON := false
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the faults",
		Example: `  virtualkey fault list
  virtualkey fault list --step 7.1.9
  virtualkey fault list --ceremony authentication --class reject --json`,
		Args: takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			all, err := s.faults()
			if err != nil {
				return err
			}
			if asJSON {
				entries := make([]faultEntry, 0, len(all))
				for _, f := range all {
					entries = append(entries, entryOf(f))
				}
				return p.printJSON(entries)
			}
			rows := [][]string{{"ID", "STEP", "CLASS", "REASON", "TITLE"}}
			for _, f := range all {
				rows = append(rows, []string{f.ID, f.Step, string(f.Class), or(string(f.Reason), "-"), f.Title})
			}
			if err := p.table(rows); err != nil {
				return err
			}
			_, err = fmt.Fprintf(p.stdout, "%d faults\n", len(all))
			return err
		},
	}
	s.add(cmd.Flags())
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (p *program) faultShowCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "show ID",
		Short:   "Tell what a fault is, why it matters, and what must refuse it",
		Example: "  virtualkey fault show reg-origin-other\n  virtualkey fault show reg-origin-other --json",
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := compose(strings.Split(args[0], "+"))
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(entryOf(f))
			}
			return p.showFault(f)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

// must says what a relying party has to do with a class of faults.
func must(c fault.Class) string {
	return map[fault.Class]string{
		fault.Reject:    "refuse: the specification demands it",
		fault.Policy:    "decide: the specification leaves it to the relying party",
		fault.Hardening: "better refuse: the specification does not demand it",
		fault.Accept:    "accept: it is unusual, and right",
	}[c]
}

func (p *program) showFault(f *fault.Fault) error {
	rows := [][]string{
		{"id", f.ID},
		{"what", f.Title},
		{"why", f.Why},
		{"ceremony", string(f.Ceremony)},
		{"step", f.Step + " of Web Authentication Level 3"},
		{"clause", clauseURL(f.Clause)},
		{"must", must(f.Class)},
	}
	if f.Cites != "" {
		rows = append(rows, []string{"source", f.Cites})
	}
	if f.Check != "" {
		rows = append(rows, []string{"check", fmt.Sprintf("%s: %s", f.Check, says(f.Check))},
			[]string{"reason", string(f.Reason)})
	}
	rows = append(rows, []string{"played", fmt.Sprintf("as %s, after its honest twin was accepted", f.Baseline)})
	if len(f.Needs) > 0 {
		rows = append(rows, []string{"needs", list(f.Needs)})
	}
	if len(f.Unless) > 0 {
		rows = append(rows, []string{"no fault with", list(f.Unless)})
	}
	rows = append(rows, []string{"run it", "virtualkey fault run " + f.ID + " --rp http://localhost:8080"})
	return p.table(rows)
}

// says is what must hold, by a check.
func says(c fault.Check) string {
	for _, d := range fault.Demands() {
		if d.Check == c {
			return d.Says
		}
	}
	return ""
}

func (p *program) faultRunCommand() *cobra.Command {
	r := &runFlags{}
	cmd := &cobra.Command{
		Use:   "run ID",
		Short: "Play one fault against a relying party and show every exchange",
		Example: `  virtualkey fault run reg-origin-other --rp http://localhost:8080
  virtualkey fault run get-presence+get-type-missing --rp http://localhost:8080 --adapter latchkey`,
		Args: takes(1, 1),
	}
	r.target.add(cmd.Flags())
	r.add(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		f, err := compose(strings.Split(args[0], "+"))
		if err != nil {
			return err
		}
		report, err := p.play(cmd, r, []*fault.Fault{f})
		if err != nil {
			return err
		}
		return after(p.exchanges(report, report.Results[0]), report.Summary.Exit)
	}
	return cmd
}

// exchanges prints what was said, and what comes of it.
func (p *program) exchanges(report *conform.Report, res *conform.Result) error {
	if twin := report.Twins[res.Baseline]; twin != nil {
		fmt.Fprintf(p.stdout, "The honest twin (%s):\n\n", res.Baseline)
		p.ceremonies(twin.Exchanges)
		if twin.Error != "" {
			fmt.Fprintf(p.stdout, "  failed: %s\n\n", twin.Error)
		}
	}
	fmt.Fprintf(p.stdout, "The fault: %s\n\n", res.Title)
	p.ceremonies(res.Exchanges)
	rows := [][]string{
		{"id", res.ID}, {"step", res.Step}, {"clause", res.Clause}, {"must", must(res.Class)},
		{"verdict", string(res.Verdict)}, {"detail", res.Detail},
	}
	if res.Repeat != "" {
		rows = append(rows, []string{"repeat", res.Repeat})
	}
	return p.table(rows)
}

func (p *program) ceremonies(all []conform.Exchange) {
	for _, e := range all {
		fmt.Fprintf(p.stdout, "  %s of %s\n    options   %s\n    response  %s\n", e.Ceremony, e.User,
			oneLine(e.Options), oneLine(e.Response))
		if a := e.Answer; a != nil {
			verdict := "refused"
			if a.Accepted {
				verdict = "accepted"
			}
			fmt.Fprintf(p.stdout, "    answer    %s\n",
				strings.Join(strings.Fields(fmt.Sprint(verdict, " ", or(a.Code, ""), " ", or(a.Step, ""), " ", a.Text)),
					" "))
			if a.Response != "" {
				fmt.Fprintf(p.stdout, "    received  %s\n", oneLine(a.Response))
			}
		}
		fmt.Fprintln(p.stdout)
	}
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
