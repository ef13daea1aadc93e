package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"
)

// commands is the command line. Nothing is printed twice.
func (p *program) commands() *cobra.Command {
	root := p.group("virtualkey", "Security keys in software, and deliberate faults, for tests of relying parties")
	root.Long = `Security keys in software, and deliberate faults, for tests of relying parties.

Exit codes, of every verb: 0 as expected; 1 a gap, or something is wrong; 2 inconclusive,
nothing was proved; 3 used wrongly, or the server cannot be reached.`
	root.SilenceUsage, root.SilenceErrors = true, true
	root.SetOut(p.stdout)
	root.SetErr(p.stderr)
	root.CompletionOptions.DisableDefaultCmd = true
	root.PersistentFlags().StringVar(&p.home, "home", "",
		"`folder` of the keys; else VIRTUALKEY_HOME, else virtualkey in the user's folder of settings")
	root.AddCommand(
		p.newCommand(), p.listCommand(), p.showCommand(), p.cloneCommand(), p.exportCommand(), p.importCommand(),
		p.pinCommand(), p.counterCommand(), p.registerCommand(), p.signInCommand(),
		p.faultCommand(), p.conformCommand(), p.oracleCommand(), p.explainCommand(), p.recordCommand(),
		p.replayCommand(),
		p.hidCommand(), p.caCommand(), p.doctorCommand(), p.versionCommand(),
	)
	return root
}

// group is a command that only has others below it.
func (p *program) group(use, short string) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return fmt.Errorf("unknown command %q; there are: %s", args[0], verbs(cmd))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, _ []string) error { return fmt.Errorf("say what to do: %s", verbs(cmd)) },
	}
}

// verbs lists the commands for an error message.
func verbs(cmd *cobra.Command) string {
	var names []string
	for _, c := range cmd.Commands() {
		if c.IsAvailableCommand() {
			names = append(names, c.CommandPath())
		}
	}
	return strings.Join(names, ", ")
}

// takes wants so many arguments, no more and no fewer than usage says.
func takes(least, most int) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) < least || len(args) > most {
			return fmt.Errorf("%d arguments: want %s", len(args), cmd.UseLine())
		}
		return nil
	}
}

// variable returns the value of name in the environment, "" if it is not there.
func (p *program) variable(name string) string {
	for _, pair := range p.environ {
		if n, v, ok := strings.Cut(pair, "="); ok && n == name {
			return v
		}
	}
	return ""
}

// inputLimit is more than any file that is read here has.
const inputLimit = 64 << 20

// read reads a file, or the standard input for "-" and for nothing.
func (p *program) read(path string) ([]byte, error) {
	from := p.stdin
	if path != "" && path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		from = f
	}
	text, err := io.ReadAll(io.LimitReader(from, inputLimit+1))
	if err != nil {
		return nil, fmt.Errorf("reading: %w", err)
	}
	if len(text) > inputLimit {
		return nil, fmt.Errorf("reading: more than %d bytes", inputLimit)
	}
	return text, nil
}

// write writes a result to a file that nobody else may read, or to the standard output for "" and "-".
func (p *program) write(path string, text []byte) error {
	if path == "" || path == "-" {
		_, err := p.stdout.Write(text)
		return err
	}
	return replaceFile(path, text, 0o600)
}

// printJSON writes a value as JSON to the standard output.
func (p *program) printJSON(v any) error {
	enc := json.NewEncoder(p.stdout)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}

// table writes rows in columns to the standard output.
func (p *program) table(rows [][]string) error {
	w := tabwriter.NewWriter(p.stdout, 0, 8, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, strings.TrimRight(strings.Join(row, "\t"), "\t "))
	}
	return w.Flush()
}

func (p *program) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version, the commit if known, and the Go version",
		Example: "  virtualkey version",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(p.stdout, version())
			return err
		},
	}
}

// version says what this program was built from, as far as the build recorded it.
func version() string {
	v, commit := "unreleased", "commit unknown"
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" && info.Main.Version != "(devel)" {
			v = info.Main.Version
		}
		for _, s := range info.Settings {
			switch {
			case s.Key == "vcs.revision":
				commit = "commit " + s.Value
			case s.Key == "vcs.modified" && s.Value == "true":
				commit += " with changes"
			}
		}
	}
	return fmt.Sprintf("virtualkey %s (%s) %s %s/%s", v, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
