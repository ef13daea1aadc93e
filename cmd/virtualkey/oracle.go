package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual/conform"
)

func (p *program) oracleCommand() *cobra.Command {
	group := p.group("oracle", "How the refusals of a relying party are read")
	group.AddCommand(p.learnCommand())
	return group
}

func (p *program) learnCommand() *cobra.Command {
	r, s := &runFlags{}, &selection{}
	out := ""
	cmd := &cobra.Command{
		Use:   "learn [RECORDING]",
		Short: "Draft an oracle file from one run, for you to correct",
		Long: `Draft an oracle file from one run, against the relying party of --rp or out of a recording: of
every code and every wording, the reasons of the faults that it was said of. It is a draft:
what was refused for a wrong reason stands in it as if it were right.`,
		Example: `  virtualkey oracle learn --rp http://localhost:8080 --out oracle.yaml
  virtualkey oracle learn monday.jsonl
  virtualkey conform --rp http://localhost:8080 --oracle oracle.yaml`,
		Args: takes(0, 1),
	}
	r.addAll(cmd.Flags(), s)
	cmd.Flags().StringVar(&out, "out", "", "`file` to write; the standard output when not given")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		report, err := p.lessons(cmd, args, r, s)
		if err != nil {
			return err
		}
		if report.Summary.Verdicts[conform.Inconclusive] == report.Summary.Total {
			return inconclusive("nothing was learned: %s", report.Line())
		}
		draft := conform.Learn(report)
		if out == "" {
			_, err = p.stdout.Write(draft)
			return err
		}
		if err := replaceFile(out, draft, 0o644); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s: a draft; read every line of it before you use it\n", out)
		return err
	}
	return cmd
}

// lessons is the run that is learned from.
func (p *program) lessons(cmd *cobra.Command, args []string, r *runFlags, s *selection) (*conform.Report, error) {
	if len(args) == 1 {
		if r.target.rp != "" {
			return nil, errors.New("learn from a recording or from --rp, not from both")
		}
		return readRecording(args[0])
	}
	faults, err := s.faults()
	if err != nil {
		return nil, err
	}
	return p.play(cmd, r, faults)
}
