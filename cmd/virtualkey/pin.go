package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual"
)

// fullRetries is how many wrong PINs, and failed built-in verifications, a key allows when it is new.
const (
	fullRetries   = 8
	fullUVRetries = 3
)

func (p *program) pinCommand() *cobra.Command {
	group := p.group("pin", "Set, change, try or take away the PIN of a key")
	group.AddCommand(
		p.pinVerb("set NAME PIN", "Set the first PIN",
			"  virtualkey pin set stick 1234", 2,
			func(ctx context.Context, key *stored, args []string) error {
				if !key.Options().ClientPIN {
					return errors.New("this key cannot have a PIN; make one that can: virtualkey new NAME --client-pin")
				}
				return key.platform().SetPIN(ctx, args[0])
			}),
		p.pinVerb("change NAME OLD NEW", "Change the PIN; a wrong old one costs an attempt",
			"  virtualkey pin change stick 1234 567890", 3,
			func(ctx context.Context, key *stored, args []string) error {
				return key.platform().ChangePIN(ctx, args[0], args[1])
			}),
		p.pinVerb("try NAME PIN", "Type a PIN: a right one restores all attempts, a wrong one costs one",
			"  virtualkey pin try stick 0000", 2,
			func(ctx context.Context, key *stored, args []string) error {
				permissions := virtual.PermitGetAssertion
				if key.Options().Version == virtual.FIDO20 {
					permissions = 0
				}
				_, err := key.platform().PINToken(ctx, args[0], permissions, "virtualkey.invalid")
				return err
			}),
		p.pinVerb("remove NAME", "Take the PIN away, which no real key allows; credentials stay",
			"  virtualkey pin remove stick", 1,
			func(_ context.Context, key *stored, _ []string) error { return key.rewrite(withoutPIN) }),
		p.pinVerb("reset NAME", "Reset the key: credentials and PIN are gone",
			"  virtualkey pin reset stick", 1,
			func(_ context.Context, key *stored, _ []string) error {
				key.Reset()
				return nil
			}),
		p.pinStatusCommand(),
	)
	return group
}

// platform is the computer that the key is plugged into.
func (s *stored) platform() *virtual.Platform { return &virtual.Platform{Send: s.Command} }

// pinVerb is a verb that does something to a stored key; what the key refuses is exit 1.
func (p *program) pinVerb(use, short, example string, arguments int,
	do func(context.Context, *stored, []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Example: example, Args: takes(arguments, arguments),
		RunE: func(cmd *cobra.Command, args []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			key, err := h.take(args[0], nil)
			if err != nil {
				return err
			}
			defer key.release()
			err = do(cmd.Context(), key, args[1:])
			// A refused attempt was counted.
			if unsaved := key.save(); unsaved != nil {
				return unsaved
			}
			var status virtual.Status
			if errors.As(err, &status) {
				return gap("the key refuses: %s", or(pinWords(status), err.Error()))
			}
			return err
		},
	}
}

// pinWords is what a refusal means to the user.
func pinWords(s virtual.Status) string {
	return map[virtual.Status]string{
		virtual.StatusPINInvalid:         "wrong PIN",
		virtual.StatusPINBlocked:         "all attempts at the PIN are used up; virtualkey pin reset, or remove",
		virtual.StatusPINNotSet:          "no PIN is set",
		virtual.StatusPINAuthInvalid:     "a PIN is set already; virtualkey pin change",
		virtual.StatusPINPolicyViolation: "the PIN is too short, or longer than 63 bytes",
	}[s]
}

// withoutPIN is the state of a key that never had a PIN.
func withoutPIN(d *document) error {
	var pin map[string]json.RawMessage
	if err := json.Unmarshal(d.State["pin"], &pin); err != nil {
		return err
	}
	for _, name := range []string{"hash", "length", "change"} {
		delete(pin, name)
	}
	if err := errors.Join(put(pin, "retries", fullRetries), put(pin, "uvRetries", fullUVRetries)); err != nil {
		return err
	}
	return put(d.State, "pin", pin)
}

func (p *program) pinStatusCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "status NAME",
		Short:   "Tell whether a PIN is set, and how many attempts are left",
		Example: "  virtualkey pin status stick",
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			d, err := h.describe(args[0])
			if err != nil {
				return err
			}
			if asJSON {
				return p.printJSON(d.PIN)
			}
			_, err = fmt.Fprintf(p.stdout, "%s: PIN %s; built-in verification: %s, %d attempts left\n",
				args[0], d.pin(), text(d.UserVerification), d.PIN.UVRetries)
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (p *program) counterCommand() *cobra.Command {
	var set uint32
	var script []uint
	mode, credential := "", ""
	cmd := &cobra.Command{
		Use:   "counter NAME",
		Short: "Show or set how a key counts its signatures",
		Long: `Show or set how a key counts its signatures. With --set the next signature shows the number
after the one given: set it below what a relying party has seen, and the key looks cloned.`,
		Example: `  virtualkey counter stick
  virtualkey counter stick --set 41
  virtualkey counter stick --script 5,6,2,7
  virtualkey counter stick --mode zero`,
		Args: takes(1, 1),
	}
	f := cmd.Flags()
	f.Uint32Var(&set, "set", 0, "the `value` of the last signature; of a fixed counter, of every one")
	f.UintSliceVar(&script, "script", nil, "`list` of the values to come, the last one again and again")
	f.StringVar(&mode, "mode", "", "`way` of counting: global, per-credential, zero, fixed or scripted")
	f.StringVar(&credential, "credential", "",
		"with --set, of this one alone: its `id` in base64url, or the beginning of it")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		h, err := p.openHome()
		if err != nil {
			return err
		}
		change := counterChange{credential: credential, script: script}
		if f.Changed("set") {
			change.set = &set
		}
		switch {
		case len(script) > 0 && change.set != nil:
			return errors.New("want --set or --script, not both")
		case len(script) > 0 && mode == "":
			mode = text(virtual.CounterScripted)
		}
		change.mode = mode
		if change.set != nil || mode != "" {
			if err := h.recount(args[0], change); err != nil {
				return err
			}
		}
		return p.showCounter(h, args[0])
	}
	return cmd
}

func (p *program) showCounter(h home, name string) error {
	d, err := h.describe(name)
	if err != nil {
		return err
	}
	line := d.counter()
	switch d.Counter.Mode {
	case virtual.CounterScripted:
		line += " " + strings.Trim(strings.Join(strings.Fields(fmt.Sprint(d.Counter.Script)), ","), "[]")
		line += fmt.Sprintf(", %d of them used", d.Counter.Used)
	case virtual.CounterPerCredential:
		for _, c := range d.Credentials {
			id, _ := c.ID.MarshalText()
			line += fmt.Sprintf("\n  %s %d", id, c.Counter)
		}
	}
	_, err = fmt.Fprintf(p.stdout, "%s: %s\n", name, line)
	return err
}

// A counterChange is what is done to a counter.
type counterChange struct {
	set        *uint32
	mode       string // empty: stays
	script     []uint
	credential string
}

// recount rewrites the counter of a stored key.
func (h home) recount(name string, change counterChange) error {
	key, err := h.take(name, nil)
	if err != nil {
		return err
	}
	defer key.release()
	return key.rewrite(func(d *document) error {
		if change.mode != "" {
			if err := put(d.Options, "counter", change.mode); err != nil {
				return err
			}
		}
		if len(change.script) > 0 {
			if err := errors.Join(put(d.Options, "counterScript", change.script),
				put(d.State, "scripted", 0)); err != nil {
				return err
			}
		}
		if change.set == nil {
			return nil
		}
		return d.setCounter(*change.set, change.credential)
	})
}

// setCounter sets the counter of all, or of the one credential whose id begins so.
func (d *document) setCounter(n uint32, credential string) error {
	var mode string
	if err := json.Unmarshal(d.Options["counter"], &mode); err != nil {
		return err
	}
	if mode == text(virtual.CounterZero) || mode == text(virtual.CounterScripted) {
		return fmt.Errorf("a %s counter cannot be set; want --mode as well", mode)
	}
	found := 0
	for _, c := range d.Credentials {
		var id []byte
		if err := json.Unmarshal(c["credentialId"], &id); err != nil {
			return err
		}
		if !strings.HasPrefix(base64.RawURLEncoding.EncodeToString(id), credential) {
			continue
		}
		found++
		if err := put(c, "signCount", n); err != nil {
			return err
		}
	}
	switch {
	case credential == "":
		return errors.Join(put(d.State, "counter", n), put(d.Options, "counterStart", n))
	case found != 1:
		return fmt.Errorf("%d credentials have an id that begins with %q: want one", found, credential)
	case mode != text(virtual.CounterPerCredential):
		return fmt.Errorf("a %s counter is that of all credentials; want --mode per-credential as well", mode)
	}
	return nil
}
