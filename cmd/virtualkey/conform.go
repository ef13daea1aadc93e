package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// runFlags say how faults are played.
type runFlags struct {
	target   targetFlags
	seed     string
	parallel int
	strict   bool
	policy   []string
	waive    []string
	oracle   string
	patience time.Duration
	wait     time.Duration
	quiet    bool
}

func (r *runFlags) add(f *pflag.FlagSet) {
	f.StringVar(&r.seed, "seed", "",
		"`text` from which keys and names come, to repeat a run; letters, digits, dashes, 24 at most; drawn when not given")
	f.IntVar(&r.parallel, "parallel", 4, "so `many` faults at a time, 64 at most")
	f.BoolVar(&r.strict, "strict", false, "refusals for another reason, and lax hardening, are gaps, too")
	f.StringSliceVar(&r.policy, "policy", nil,
		"`ID=accept` or ID=refuse for a fault of class policy or hardening, or a JSON file with an object of these; may be repeated")
	f.StringArrayVar(&r.waive, "waive", nil,
		"`ID=REASON` for a fault that does not count; may be repeated; the reason stands in every report")
	f.StringVar(&r.oracle, "oracle", "", "YAML `file` that tells the reasons of refusals by their codes and texts")
	f.DurationVar(&r.patience, "patience", 30*time.Second, "`time` allowed for one fault")
	f.DurationVar(&r.wait, "wait", 0,
		"`time` that may be waited for a ceremony to expire, where no clock can be moved; 0: such faults are skipped")
	f.BoolVar(&r.quiet, "quiet", false, "no progress on the standard error")
}

// playFlags are all flags that make a run.
func (r *runFlags) addAll(f *pflag.FlagSet, s *selection) {
	r.target.add(f)
	s.add(f)
	r.add(f)
}

// options turns the flags into options of package conform.
func (r *runFlags) options(m *manner) (conform.Options, error) {
	out := conform.Options{
		Seed: r.seed, Parallel: r.parallel, Timeout: r.patience, Wait: r.wait, Oracle: m.oracle, Strict: r.strict,
		Target: r.target.rp, Adapter: r.target.adapter,
	}
	if r.parallel < 1 || r.parallel > 64 {
		return out, fmt.Errorf("--parallel %d: want 1 to 64", r.parallel)
	}
	var err error
	if out.Policy, err = expectations(r.policy, m.policy); err != nil {
		return out, err
	}
	if out.Waive, err = waivers(r.waive, m.waived); err != nil {
		return out, err
	}
	if r.oracle != "" {
		f, err := os.Open(r.oracle)
		if err != nil {
			return out, err
		}
		defer f.Close()
		if out.Oracle, err = conform.ReadOracle(f); err != nil {
			return out, fmt.Errorf("%s: %w", r.oracle, err)
		}
	}
	return out, nil
}

// notRepeated are flags that the line which repeats one case does not carry: what it says itself, and what concerns
// the whole run alone.
func notRepeated() map[string]bool {
	return map[string]bool{
		"only": true, "seed": true, "step": true, "class": true, "ceremony": true, "check": true,
		"report": true, "out": true, "quiet": true, "parallel": true, "waive": true,
	}
}

// again is the command that makes this run again, without what chooses faults.
func again(cmd *cobra.Command) []string {
	out := []string{"virtualkey", "conform"}
	skip := notRepeated()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if skip[f.Name] {
			return
		}
		value := f.Value.String()
		if s, ok := f.Value.(pflag.SliceValue); ok {
			value = strings.Join(s.GetSlice(), ",")
		}
		if f.Value.Type() == "bool" {
			out = append(out, "--"+f.Name+"="+value)
			return
		}
		out = append(out, "--"+f.Name, value)
	})
	return out
}

// play runs faults against the relying party of the flags. A run that was interrupted, or
// could not begin, is an error; beside an interruption there is what was found before it.
func (p *program) play(cmd *cobra.Command, r *runFlags, faults []*fault.Fault) (*conform.Report, error) {
	h, err := p.openHome()
	if err != nil {
		return nil, err
	}
	target, err := r.target.open(h)
	if err != nil {
		return nil, err
	}
	o, err := r.options(target.manner)
	if err != nil {
		return nil, err
	}
	o.Command, o.Now = again(cmd), p.now
	if !r.quiet {
		o.Progress = p.progress()
	}
	report, err := conform.Run(cmd.Context(), target.party, faults, o)
	switch {
	case report != nil && errors.Is(err, context.Canceled):
		return report, inconclusive("interrupted: %s", report.Line())
	case err != nil:
		return nil, ownHint(err)
	}
	return report, nil
}

// progressEvery is how often a long run says how far it is.
const progressEvery = time.Second

// progress tells of failures at once, and of the rest now and then.
func (p *program) progress() func(conform.Progress) {
	last, bad := p.now(), 0
	return func(now conform.Progress) {
		if v := now.Result.Verdict; v.Failed(false) || v == conform.Inconclusive {
			bad++
			fmt.Fprintf(p.stderr, "%s: %s: %s\n", now.Result.ID, v, now.Result.Detail)
		}
		if at := p.now(); at.Sub(last) >= progressEvery && now.Done < now.Total {
			last = at
			fmt.Fprintf(p.stderr, "%d of %d faults, %d of them bad\n", now.Done, now.Total, bad)
		}
	}
}

func (p *program) conformCommand() *cobra.Command {
	r, s := &runFlags{}, &selection{}
	var reports []string
	cmd := &cobra.Command{
		Use:   "conform --rp URL",
		Short: "Play the catalogue against a relying party and report",
		Long: `Play the catalogue against a relying party and report. Before the first fault of each set-up its
honest twin is played: where that is refused, nothing is proved, and the fault is inconclusive.
A refusal counts when it is for the fault's reason, as the party's codes or words tell.

Only servers of this machine are spoken to; name a host of your own by --i-own. Everything
that is drawn comes from the seed: every bad result comes with the line that repeats it.`,
		Example: `  virtualkey conform --rp http://localhost:8080
  virtualkey conform --rp http://localhost:8080 --adapter latchkey --report junit=report.xml,html=report.html
  virtualkey conform --rp https://staging.shop.example --i-own staging.shop.example --adapter shop.yaml
  virtualkey conform --rp http://localhost:8080 --only 'reg-origin-*' --seed 1f2e3d4c`,
		Args: takes(0, 0),
	}
	r.addAll(cmd.Flags(), s)
	cmd.Flags().StringSliceVar(&reports, "report", nil, "`list` of KIND=FILE: junit, html, json, recording")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		faults, err := s.faults()
		if err != nil {
			return err
		}
		outputs, err := outputsOf(reports)
		if err != nil {
			return err
		}
		report, ended := p.play(cmd, r, faults)
		if report == nil {
			return ended
		}
		if err := outputs.write(report); err != nil {
			return err
		}
		told := p.summary(report, outputs)
		if ended != nil && told == nil {
			return ended
		}
		return after(told, report.Summary.Exit)
	}
	return cmd
}

// outputs are the files that reports are written to, in the order they were asked for.
type outputs []struct{ kind, path string }

// kinds are the forms of a report.
func kinds() map[string]func(*conform.Report, io.Writer) error {
	return map[string]func(*conform.Report, io.Writer) error{
		"junit":     (*conform.Report).WriteJUnit,
		"html":      (*conform.Report).WriteHTML,
		"json":      (*conform.Report).WriteJSON,
		"recording": (*conform.Report).WriteRecording,
	}
}

// outputsOf checks, before anything is played, that the reports can be written.
func outputsOf(given []string) (outputs, error) {
	var out outputs
	for _, s := range given {
		kind, path, ok := strings.Cut(s, "=")
		if !ok || path == "" || kinds()[kind] == nil {
			return nil, fmt.Errorf("--report %q: want junit=FILE, html=FILE, json=FILE or recording=FILE", s)
		}
		if at, err := os.Stat(filepath.Dir(path)); err != nil || !at.IsDir() {
			return nil, fmt.Errorf("--report %q: there is no folder %s", s, filepath.Dir(path))
		}
		out = append(out, struct{ kind, path string }{kind, path})
	}
	return out, nil
}

func (o outputs) write(r *conform.Report) error {
	for _, one := range o {
		var text strings.Builder
		if err := kinds()[one.kind](r, &text); err != nil {
			return fmt.Errorf("writing the %s report: %w", one.kind, err)
		}
		if err := replaceFile(one.path, []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// summary prints the verdicts, what is bad with the line that repeats it, and the coverage.
func (p *program) summary(r *conform.Report, written outputs) error {
	rows := [][]string{{"VERDICT", "FAULTS"}}
	for _, v := range conform.Verdicts() {
		if n := r.Summary.Verdicts[v]; n > 0 {
			rows = append(rows, []string{string(v), fmt.Sprint(n)})
		}
	}
	if err := p.table(rows); err != nil {
		return err
	}
	for _, res := range r.Failures() {
		fmt.Fprintf(p.stdout, "\n%s  %s  step %s\n  %s\n  %s\n", res.Verdict, res.ID, res.Step, res.Title, res.Detail)
		if res.Repeat != "" {
			fmt.Fprintf(p.stdout, "  repeat: %s\n", res.Repeat)
		}
	}
	for _, id := range slices.Sorted(maps.Keys(r.Waivers)) {
		fmt.Fprintf(p.stdout, "\nwaived  %s: %s\n", id, r.Waivers[id])
	}
	if r.Alone {
		fmt.Fprintln(p.stdout, "\nIt keeps one state for everybody, so faults were played one at a time.")
	}
	fmt.Fprintf(p.stdout, "\n%s\nseed %s, %.1f s\n", r.Line(), r.Seed, r.TookMS/1000)
	for _, one := range written {
		fmt.Fprintf(p.stdout, "%s report: %s\n", one.kind, one.path)
	}
	return nil
}
