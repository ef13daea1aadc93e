package main

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// keepCodesFlag is a flag of store restored that is no setting.
const keepCodesFlag = "keep-recovery-codes"

// noSettings are the flags that are no settings.
func noSettings() []string {
	return []string{keepCodesFlag, roleFlag, checkpointsFlag, verifierFlag, backupFlag, newFileFlag,
		accountFlag, fromFlag, toFlag, addressesFlag, passphraseFlag, secretsFlag, makerFlag, boxFlag, dryFlag,
		stateFlag, modelFlag, ownerFlag, wornFlag, yearsFlag, limitFlag, afterFlag, jsonFlag, lowFlag,
		leastFlag, allowFlag, denyFlag}
}

// commands is the command line. Errors of usage come back as usageError; nothing is printed twice.
func commands(environ []string, stdout, stderr io.Writer) *cobra.Command {
	root := &cobra.Command{
		Use:           "latchkey",
		Short:         "Account security for a marketplace: password, security key, and every fallback",
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return misuse("say what to do: %s", verbs(cmd))
		},
	}
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.CompletionOptions.DisableDefaultCmd = true
	root.AddCommand(serveCommand(environ, stdout, stderr), storeCommand(environ, stdout, stderr),
		auditCommand(environ, stdout, stderr), clockCommand(environ, stdout, stderr),
		keysCommand(environ, stdout, stderr), metadataCommand(environ, stdout, stderr),
		policyCommand(environ, stdout, stderr), statsCommand(environ, stdout, stderr), passwordListCommand(stdout, stderr),
		staffCommand(environ, stdout, stderr), ticketCommand(environ, stdout, stderr),
		recoveryCommand(environ, stdout, stderr), tokenCommand(environ, stdout, stderr), drawCommand(),
		versionCommand(stdout))
	return root
}

func unknownCommand(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse("unknown command %q; there are: %s", args[0], verbs(cmd))
	}
	return nil
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

func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) > 0 {
		return misuse("%s takes no argument, got %q", cmd.CommandPath(), args[0])
	}
	return nil
}

// settable adds the flags that say where the data and the settings are, and returns what reads all
// layers once the command line is parsed.
func settable(cmd *cobra.Command, environ []string, stderr io.Writer) func() (*Config, error) {
	d, f := defaults(), cmd.Flags()
	f.String("data", d.Data, "`folder` for the data")
	f.String("store", d.Store,
		"data source `name`, for example bolt:/var/lib/latchkey/latchkey.db; none: a file in the data folder")
	path := f.String("config", "", "YAML `file` with more settings")
	return func() (*Config, error) {
		if !f.Changed("config") {
			*path = variable(environ, envPrefix+"CONFIG")
		}
		set := map[string]string{}
		f.Visit(func(f *pflag.Flag) {
			if f.Name != "config" && f.Name != "help" && !slices.Contains(noSettings(), f.Name) {
				set[f.Name] = f.Value.String()
			}
		})
		c, ignored, err := loadConfig(*path, environ, set)
		if err == nil && len(ignored) > 0 {
			fmt.Fprintf(stderr, "latchkey: no such setting, ignored: %s\n", strings.Join(ignored, ", "))
		}
		return c, err
	}
}

func serveCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	d := defaults()
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the pages and the API until SIGTERM or SIGINT",
		Long: `Serve the pages and the API until SIGTERM or SIGINT; then finish what is under way
and exit 0 within 10 seconds. After a hang-up (SIGHUP) likewise, and exit 3.

Every flag can also be set in the environment (--listen as LATCHKEY_LISTEN) and in a
YAML file (listen: ...). A flag wins over the environment, the environment over the file.

With --lab it serves a lab for testers: a clock that can be moved, accounts made in one call,
an inbox, a reset; see the operator's guide. Without --data a lab has a folder that is gone
when it ends. One line of JSON on standard output says where it listens.`,
		Args: noArguments,
	}
	cmd.Flags().String("listen", d.Listen, "`host:port` to listen on")
	cmd.Flags().String("origin", d.Origin,
		"`address` at which browsers find the site; none: http://localhost at the port of --listen")
	cmd.Flags().Bool("start-empty", d.StartEmpty, "make a new store beside a keyset whose store is gone")
	cmd.Flags().Bool("lab", d.Lab, "serve a lab for tests, over data of its own")
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		return serve(cmd.Context(), c, stdout, stderr)
	}
	return cmd
}

func storeCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: "store", Short: "Look after the data, with the service stopped", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	compact := &cobra.Command{
		Use:   "compact",
		Short: "Write the data anew without its free space",
		Long: `Write the data anew without its free space. The file grows with what it holds and never
shrinks by itself. The service must be stopped; the old file is replaced once the new
one is complete.`,
		Args: noArguments,
	}
	settings := settable(compact, environ, stderr)
	compact.RunE = func(*cobra.Command, []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		return compactStore(c, stdout)
	}
	group.AddCommand(compact, restoredCommand(environ, stdout, stderr))
	return group
}

func restoredCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "restored",
		Short: "Say that a backup was put back, so that nothing in it comes back to life",
		Long: `Say that a backup was put back in place of the data, before the service is started on
it: what was used up since the backup was taken is unused in it. Sessions, sign-ins under
way, mailed links, codes, trusted browsers and waiting removals end, messages that were
not sent yet are not sent, app codes of until now are dead, and recovery codes are void:
their owners get a mail. The service must be stopped.`,
		Args: noArguments,
	}
	settings := settable(cmd, environ, stderr)
	keep := cmd.Flags().Bool(keepCodesFlag, false,
		"leave recovery codes as they are in the backup: those used since work once more")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		return storeRestored(cmd.Context(), c, *keep, stdout)
	}
	return cmd
}

// variable returns the value of name in NAME=value pairs, "" if it is not there.
func variable(environ []string, name string) string {
	for _, pair := range environ {
		if n, v, ok := strings.Cut(pair, "="); ok && n == name {
			return v
		}
	}
	return ""
}

func versionCommand(stdout io.Writer) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit if known, and the Go version",
		Args:  noArguments,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(stdout, version())
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
	return fmt.Sprintf("latchkey %s (%s) %s %s/%s", v, commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
}
