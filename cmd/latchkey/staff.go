package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/desk"
	"github.com/latchkey-auth/latchkey/staff"
	"github.com/latchkey-auth/latchkey/web"
)

// cmdStaffAdd is the command that lets somebody in at the desk; what it is about follows, with tabs between.
const cmdStaffAdd = "staff add"

// roleFlag is a flag of it that is no setting.
const roleFlag = "role"

// people does what an operator asks about the staff, and returns what he is to read.
func (h *house) people(ctx context.Context, name, operator string) (string, error) {
	asked := strings.Split(name, "\t")
	if len(asked) != 4 || asked[0] != cmdStaffAdd {
		return "", fmt.Errorf("no such command: %q", asked[0])
	}
	link, err := h.staff.Add(ctx, operator, asked[1], asked[3], staff.Role(asked[2]))
	if e, ok := errors.AsType[*auth.Error](err); ok {
		title, detail := h.pages.Texts().Problem("en", string(e.Code), nil)
		return "", fmt.Errorf("%s: %s. %s", asked[1], title, detail)
	}
	if err != nil {
		return "", err
	}
	h.log.Warn("somebody was let in at the desk", "role", cmp.Or(asked[2], "not named"), "operator", operator)
	return link + "\nThe link works once, for 24 hours, in the browser of whoever is to work here: hand it over yourself.\n", nil
}

// desk makes the staff's face.
func (h *house) desk() (web.Face, error) {
	return desk.New(desk.Config{Service: h.service, Staff: h.staff, Cases: h.cases, Trail: h.trail, Stock: h.stock,
		Texts: h.pages.Texts(), Pages: h.pages, Origin: h.config.Origin, Now: h.now})
}

func staffCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: "staff", Short: "Look after the people at the desk", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	add := &cobra.Command{
		Use:   "add EMAIL NAME",
		Short: "Print a link by which somebody registers keys for the desk",
		Long: `Print a link by which somebody registers two security keys and then works at the desk.
With the e-mail of somebody who is there already, his keys and sessions end and begin
anew, and he is let in again: for who has lost a key and has no colleagues to see to it. The site may run or
not. The audit trail keeps who asked.`,
	}
	role := add.Flags().String(roleFlag, "",
		"`what` he may do: "+roleNames()+"; of somebody new administrator if not said")
	settings := settable(add, environ, stderr)
	add.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) != 2 {
			return misuse("%s takes an e-mail and a name, such as: %s ann@shop.example \"Ann Li\"", cmd.CommandPath(),
				cmd.CommandPath())
		}
		if strings.ContainsAny(args[0]+args[1]+*role, "\t\n") {
			return misuse("%s takes no tabs", cmd.CommandPath())
		}
		c, err := settings()
		if err != nil {
			return err
		}
		return runCommand(cmd.Context(), c, environ, strings.Join([]string{cmdStaffAdd, args[0], *role, args[1]},
			"\t"), stdout)
	}
	group.AddCommand(add)
	return group
}

func roleNames() string {
	var names []string
	for _, r := range staff.Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}
