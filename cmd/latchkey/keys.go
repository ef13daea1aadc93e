package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

// The commands about the keys that the data are sealed with.
const (
	cmdKeys       = "keys"
	cmdKeysRotate = "keys rotate"
)

// rootKeys does what an operator asks about the keys of the data, and returns what he is to read.
func (h *house) rootKeys(ctx context.Context, name, operator string) (string, error) {
	if name != cmdKeysRotate {
		return describeRoots(h.service.Roots()), nil
	}
	n, err := h.service.RotateKeys(ctx, operator)
	if err != nil {
		return "", err
	}
	h.log.Warn("the keys of the data were rotated", "operator", operator, "keys", n)
	return describeRoots(n) + "back up the keyset now: an older copy does not open what is written from here on\n", nil
}

// describeRoots says with how many keys the data are sealed.
func describeRoots(n int) string {
	if n == 1 {
		return "1 key: everything is sealed with it\n"
	}
	return fmt.Sprintf("%d keys: the newest seals, all of them open\n", n)
}

func keysCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := controlCommand(environ, stdout, stderr, cmdKeys, "Show the keys that the data are sealed with", `
Show how many keys the data are sealed with. The site may run or not.`)
	group.AddCommand(controlCommand(environ, stdout, stderr, cmdKeysRotate, "Seal with a new key from now on", `
Make a new key and seal with it from now on. What older keys have sealed stays readable,
and is sealed anew when it is written next; nobody is signed out. The keyset changes:
back it up again. The audit trail keeps who asked.`))
	return group
}
