package main

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

func (p *program) recordCommand() *cobra.Command {
	r, s := &runFlags{}, &selection{}
	cmd := &cobra.Command{
		Use:   "record FILE --rp URL",
		Short: "Run faults as conform does, and keep every exchange in a file",
		Long: `Run faults as conform does, and keep every exchange in a file, to be compared with a later
version of the relying party, or judged again without it (replay).`,
		Example: `  virtualkey record monday.jsonl --rp http://localhost:8080
  virtualkey record origins.jsonl --rp http://localhost:8080 --step 7.1.9`,
		Args: takes(1, 1),
	}
	r.addAll(cmd.Flags(), s)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		faults, err := s.faults()
		if err != nil {
			return err
		}
		files, err := outputsOf([]string{"recording=" + args[0]})
		if err != nil {
			return err
		}
		report, err := p.play(cmd, r, faults)
		if err != nil {
			return err
		}
		if err := files.write(report); err != nil {
			return err
		}
		return after(p.summary(report, files), report.Summary.Exit)
	}
	return cmd
}

func (p *program) replayCommand() *cobra.Command {
	r, s := &runFlags{}, &selection{}
	cmd := &cobra.Command{
		Use:   "replay FILE",
		Short: "Play a recorded run again and tell what changed",
		Long: `Play a recorded run again, with its seed and its faults, against the relying party of --rp, and
tell what changed: exit 0 when nothing did, 1 when something did.

Without --rp nothing is played: what was recorded is judged again by this program's faults,
oracle and policy. --only and the other filters choose among what was recorded.`,
		Example: `  virtualkey replay monday.jsonl --rp http://localhost:8080
  virtualkey replay monday.jsonl --only reg-origin-other --rp http://localhost:8080
  virtualkey replay monday.jsonl --strict`,
		Args: takes(1, 1),
	}
	r.addAll(cmd.Flags(), s)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		was, err := readRecording(args[0])
		if err != nil {
			return err
		}
		faults, err := recorded(was, s)
		if err != nil {
			return err
		}
		if !cmd.Flags().Changed("adapter") && was.Target.Adapter != "" {
			r.target.adapter = was.Target.Adapter
		}
		if r.target.rp == "" {
			return p.judgeAgain(r, was, faults)
		}
		if r.seed == "" {
			r.seed = was.Seed
		}
		is, err := p.play(cmd, r, faults)
		if err != nil {
			return err
		}
		return p.changes(was, is)
	}
	return cmd
}

func readRecording(path string) (*conform.Report, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return conform.ReadRecording(f)
}

// recorded chooses among the faults of a recording, and leaves in it what was chosen alone.
func recorded(was *conform.Report, s *selection) ([]*fault.Fault, error) {
	var faults []*fault.Fault
	for _, res := range was.Results {
		f, err := compose(strings.Split(res.ID, "+"))
		if err != nil {
			return nil, fmt.Errorf("in the recording: %w", err)
		}
		faults = append(faults, f)
	}
	chosen, err := s.faults()
	if err != nil {
		return nil, err
	}
	without := len(s.only) == 0
	faults = slices.DeleteFunc(faults, func(f *fault.Fault) bool {
		return !s.passes(f) || !without &&
			!slices.ContainsFunc(chosen, func(c *fault.Fault) bool { return c.ID == f.ID })
	})
	if len(faults) == 0 {
		return nil, errors.New("there is no such fault in the recording")
	}
	was.Results = slices.DeleteFunc(was.Results, func(res *conform.Result) bool {
		return !slices.ContainsFunc(faults, func(f *fault.Fault) bool { return f.ID == res.ID })
	})
	return faults, nil
}

// judgeAgain judges what was recorded by the rules of today.
func (p *program) judgeAgain(r *runFlags, was *conform.Report, faults []*fault.Fault) error {
	m, err := r.target.manner()
	if err != nil {
		return err
	}
	options, err := r.options(m)
	if err != nil {
		return err
	}
	report := conform.Judge(was, faults, options)
	return after(p.summary(report, nil), report.Summary.Exit)
}

// changes prints what is another than it was.
func (p *program) changes(was, is *conform.Report) error {
	all := conform.Compare(was, is)
	for _, c := range all {
		fmt.Fprintln(p.stdout, c.Says)
	}
	fmt.Fprintf(p.stdout, "%d faults played again, %d changed\n", len(is.Results), len(all))
	if len(all) > 0 {
		return exit(conform.ExitGap)
	}
	return nil
}
