package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
)

func (p *program) newCommand() *cobra.Command {
	k := &keyFlags{}
	cmd := &cobra.Command{
		Use:   "new NAME",
		Short: "Make a security key",
		Long: `Make a security key. Without flags it is a USB key of CTAP 2.1 that stores discoverable
credentials, is touched, and has no PIN.`,
		Example: `  virtualkey new stick
  virtualkey new phone --platform --uv succeeds --backed-up
  virtualkey new certified --aaguid 12345678-1234-1234-1234-123456789abc --attestation packed --ca acme
  virtualkey new old --protocol u2f
  virtualkey new guarded --pin 1234 --always-uv`,
		Args: takes(1, 1),
	}
	k.add(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		h, err := p.openHome()
		if err != nil {
			return err
		}
		o, err := k.options(h, cmd.Flags().Changed)
		if err != nil {
			return err
		}
		a, err := virtual.New(o)
		if err != nil {
			return err
		}
		text, err := a.Export()
		if err != nil {
			return err
		}
		if err := h.add(args[0], text); err != nil {
			return err
		}
		_, err = fmt.Fprintf(p.stdout, "%s: %s\n", args[0], describe(a, state{}).line())
		return err
	}
	return cmd
}

// A description is what there is to tell of a key, its secrets apart.
type description struct {
	Name             string                  `json:"name,omitempty"`
	Protocol         virtual.Protocol        `json:"protocol"`
	Version          virtual.Version         `json:"version,omitempty"`
	AAGUID           string                  `json:"aaguid"`
	Algorithms       []string                `json:"algorithms"`
	Attachment       string                  `json:"attachment"`
	Transports       []string                `json:"transports"`
	Resident         bool                    `json:"residentKeys"`
	ResidentLimit    int                     `json:"residentLimit,omitempty"`
	UserVerification virtual.Verification    `json:"userVerification"`
	AlwaysUV         bool                    `json:"alwaysUv"`
	PIN              pinDescription          `json:"pin"`
	BackupEligible   bool                    `json:"backupEligible"`
	BackedUp         bool                    `json:"backedUp"`
	Counter          counterDescription      `json:"counter"`
	Attestation      virtual.Format          `json:"attestation"`
	Root             string                  `json:"attestationRoot,omitempty"` // subject of the CA's root
	Extensions       []string                `json:"extensions"`
	Credentials      []credentialDescription `json:"credentials"`
}

type pinDescription struct {
	Possible  bool `json:"possible"`
	Set       bool `json:"set"`
	Retries   int  `json:"retries"`
	UVRetries int  `json:"uvRetries"`
	Minimum   int  `json:"minimumLength"`
}

type counterDescription struct {
	Mode   virtual.CounterMode `json:"mode"`
	Value  uint32              `json:"value"` // of the last signature; of a fixed counter its value
	Script []uint32            `json:"script,omitempty"`
	Used   int                 `json:"used,omitempty"` // values of the script
}

type credentialDescription struct {
	ID          virtual.Bytes `json:"id"`
	RPID        string        `json:"rpId"`
	UserHandle  virtual.Bytes `json:"userHandle,omitempty"`
	UserName    string        `json:"userName,omitempty"`
	DisplayName string        `json:"displayName,omitempty"`
	Algorithm   string        `json:"algorithm"`
	Resident    bool          `json:"resident"`
	Counter     uint32        `json:"counter"`
	Protect     int           `json:"credProtect,omitempty"`
	PublicKey   virtual.Bytes `json:"publicKey"` // COSE
}

// state is what of the exported state is told.
type state struct {
	Counter  uint32 `json:"counter"`
	Scripted int    `json:"scripted"`
	PIN      struct {
		Hash      []byte `json:"hash"`
		Retries   int    `json:"retries"`
		UVRetries int    `json:"uvRetries"`
		Minimum   int    `json:"minimum"`
		AlwaysUV  bool   `json:"alwaysUv"`
	} `json:"pin"`
}

func stateOf(text []byte) (state, error) {
	var in struct {
		State state `json:"state"`
	}
	err := json.Unmarshal(text, &in)
	return in.State, err
}

func describe(a *virtual.Authenticator, s state) *description {
	o := a.Options()
	d := &description{
		Protocol: o.Protocol, AAGUID: virtual.FormatAAGUID(o.AAGUID), Attachment: "cross-platform",
		Transports: o.Transports,
		Resident:   o.ResidentKeys, ResidentLimit: o.ResidentLimit, UserVerification: o.UserVerification,
		AlwaysUV: o.AlwaysUV || s.PIN.AlwaysUV, BackupEligible: o.Backup, BackedUp: o.BackedUp,
		Attestation: o.Attestation,
		Extensions:  o.Extensions, Credentials: []credentialDescription{},
		PIN: pinDescription{
			Possible: o.ClientPIN, Set: s.PIN.Hash != nil, Retries: s.PIN.Retries, UVRetries: s.PIN.UVRetries,
			Minimum: s.PIN.Minimum,
		},
		Counter: counterDescription{Mode: o.Counter, Value: s.Counter, Script: o.CounterScript, Used: s.Scripted},
	}
	if o.Protocol == virtual.CTAP2 {
		d.Version = o.Version
	}
	if o.Platform {
		d.Attachment = "platform"
	}
	if o.Counter == virtual.CounterFixed {
		d.Counter.Value = o.CounterStart
	}
	if o.CA != nil {
		d.Root = o.CA.Root().Subject.String()
	}
	for _, alg := range o.Algorithms {
		d.Algorithms = append(d.Algorithms, alg.String())
	}
	for _, c := range a.Credentials() {
		cose, _ := c.PublicKeyCOSE() // it has one, or it would not have been stored
		d.Credentials = append(d.Credentials, credentialDescription{
			ID: c.ID, RPID: c.RPID, UserHandle: c.UserHandle, UserName: c.UserName, DisplayName: c.DisplayName,
			Algorithm: c.Algorithm.String(), Resident: c.Resident, Counter: c.Counter, Protect: c.CredProtect,
			PublicKey: cose,
		})
	}
	return d
}

// text is a setting as the command line spells it.
func text(v interface{ MarshalText() ([]byte, error) }) string {
	b, err := v.MarshalText()
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// line is the key in one line.
func (d *description) line() string {
	what := text(d.Protocol)
	if d.Version != "" {
		what = string(d.Version)
	}
	parts := []string{what, strings.Join(d.Algorithms, ","), d.Attachment, "AAGUID " + d.AAGUID, "attestation " +
		text(d.Attestation)}
	return strings.Join(parts, ", ")
}

func (d *description) pin() string {
	switch {
	case !d.PIN.Possible:
		return "no"
	case !d.PIN.Set:
		return "not set"
	case d.PIN.Retries == 0:
		return "blocked"
	}
	return fmt.Sprintf("set, %d attempts left", d.PIN.Retries)
}

func (p *program) listCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List the keys",
		Example: "  virtualkey list\n  virtualkey list --json",
		Args:    takes(0, 0),
		RunE: func(*cobra.Command, []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			names, err := h.names()
			if err != nil {
				return err
			}
			all, unread := []*description{}, false
			rows := [][]string{{"NAME", "SPEAKS", "AAGUID", "ATTESTATION", "PIN", "COUNTER", "CREDENTIALS"}}
			for _, name := range names {
				d, err := h.describe(name)
				if err != nil { // the others are there all the same
					fmt.Fprintf(p.stderr, "virtualkey: %v\n", err)
					unread = true
					continue
				}
				all = append(all, d)
				speaks, _, _ := strings.Cut(d.line(), ",")
				rows = append(rows, []string{
					name, speaks, d.AAGUID, text(d.Attestation), d.pin(), d.counter(), strconv.Itoa(len(d.Credentials)),
				})
			}
			code := conform.ExitAsExpected
			if unread {
				code = conform.ExitUnusable
			}
			switch {
			case asJSON:
				return after(p.printJSON(all), code)
			case len(all) == 0 && !unread:
				fmt.Fprintf(p.stderr, "virtualkey: no key in %s; make one: virtualkey new NAME\n", h.dir)
				return nil
			}
			return after(p.table(rows), code)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (d *description) counter() string {
	if d.Counter.Mode == virtual.CounterGlobal || d.Counter.Mode == virtual.CounterFixed {
		return fmt.Sprintf("%s %d", text(d.Counter.Mode), d.Counter.Value)
	}
	return text(d.Counter.Mode)
}

func (h home) describe(name string) (*description, error) {
	a, file, err := h.look(name)
	if err != nil {
		return nil, err
	}
	s, err := stateOf(file)
	if err != nil {
		return nil, err
	}
	d := describe(a, s)
	d.Name = name
	return d, nil
}

func (p *program) showCommand() *cobra.Command {
	asJSON := false
	cmd := &cobra.Command{
		Use:     "show NAME",
		Short:   "Show a key and its credentials, without what is secret",
		Example: "  virtualkey show stick\n  virtualkey show stick --json",
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
				return p.printJSON(d)
			}
			return p.show(d)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "as JSON")
	return cmd
}

func (p *program) show(d *description) error {
	rows := [][]string{
		{"name", d.Name},
		{"speaks", strings.TrimSpace(text(d.Protocol) + " " + string(d.Version))},
		{"AAGUID", d.AAGUID},
		{"algorithms", strings.Join(d.Algorithms, ", ")},
		{"attachment", d.Attachment + ", " + strings.Join(d.Transports, ", ")},
		{"resident keys", yes(d.Resident)},
		{"verifies the user", text(d.UserVerification)},
		{"always verifies", yes(d.AlwaysUV)},
		{"PIN", d.pin()},
		{"backup", fmt.Sprintf("eligible %s, backed up %s", yes(d.BackupEligible), yes(d.BackedUp))},
		{"counter", d.counter()},
		{"attestation", strings.TrimSpace(text(d.Attestation) + "  " + d.Root)},
		{"extensions", strings.Join(d.Extensions, ", ")},
		{"credentials", strconv.Itoa(len(d.Credentials))},
	}
	if d.ResidentLimit > 0 {
		rows[5][1] += fmt.Sprintf(", %d at most", d.ResidentLimit)
	}
	if err := p.table(rows); err != nil || len(d.Credentials) == 0 {
		return err
	}
	fmt.Fprintln(p.stdout)
	rows = [][]string{{"RP ID", "USER", "ALGORITHM", "RESIDENT", "COUNTER", "ID"}}
	for _, c := range d.Credentials {
		rows = append(rows, []string{
			or(c.RPID, "(by U2F)"), or(c.UserName, "-"), c.Algorithm, yes(c.Resident),
			strconv.FormatUint(uint64(c.Counter), 10),
			base64.RawURLEncoding.EncodeToString(c.ID),
		})
	}
	return p.table(rows)
}

func yes(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func or(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

func (p *program) cloneCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "clone NAME COPY",
		Short: "Copy a key with all it holds, as a thief would who read it out",
		Long: `Copy a key with all it holds, as a thief would who read it out. From then on the two
count apart: sign in with both, and a relying party that watches the counter notices.`,
		Example: "  virtualkey clone stick stolen",
		Args:    takes(2, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			a, _, err := h.look(args[0])
			if err != nil {
				return err
			}
			copied, err := a.Clone().Export()
			if err != nil {
				return err
			}
			return h.add(args[1], copied)
		},
	}
}
