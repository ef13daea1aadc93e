package main

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual"
)

// caFile is a CA as it is stored: it is its options.
type caFile struct {
	Version   int       `json:"version"` // 1
	Name      string    `json:"name"`
	Country   string    `json:"country"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	NotAfter  time.Time `json:"notAfter,omitzero"`
	Seed      []byte    `json:"seed"`
}

// caPath is where a CA's file of that kind is: "json" or "pem".
func (h home) caPath(name, kind string) (string, error) {
	if !isName(name) {
		return "", fmt.Errorf("%q cannot be the name of a CA: want letters, digits, dots and dashes, 64 at most", name)
	}
	return filepath.Join(h.dir, "ca", name+"."+kind), nil
}

// ca makes a stored CA again.
func (h home) ca(name string) (*virtual.CA, error) {
	path, err := h.caPath(name, "json")
	if err != nil {
		return nil, err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no CA %q in %s; make one: virtualkey ca init %s", name, h.dir, name)
	}
	if err != nil {
		return nil, err
	}
	var f caFile
	if err := strictly(text, &f); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if f.Version != 1 || len(f.Seed) == 0 {
		return nil, fmt.Errorf("%s: not a CA of version 1", path)
	}
	return virtual.NewCA(virtual.CAOptions{Name: f.Name, Country: f.Country, NotBefore: f.NotBefore,
		NotAfter: f.NotAfter, Seed: f.Seed})
}

func (p *program) caCommand() *cobra.Command {
	group := p.group("ca", "Attestation below a root of your own, and the metadata that goes with it")
	group.AddCommand(p.caInitCommand(), p.caMetadataCommand())
	return group
}

func (p *program) caInitCommand() *cobra.Command {
	f := caFile{Version: 1}
	seed := ""
	from := ""
	until := ""
	cmd := &cobra.Command{
		Use:   "init NAME",
		Short: "Make a root that certifies keys",
		Long: `Make a root that certifies keys. Its certificate is written beside it: give that to the
relying party under test as a trust anchor, and name the CA when you make keys
(virtualkey new --ca NAME) or run faults (virtualkey conform --ca NAME).`,
		Example: "  virtualkey ca init acme\n  virtualkey ca init expired --until 2021-01-01",
		Args:    takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			if f.NotBefore, err = day(from); err != nil {
				return err
			}
			if f.NotAfter, err = day(until); err != nil {
				return err
			}
			f.Seed = []byte(seed)
			return p.initCA(h, args[0], f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.Name, "subject", "Virtual Attestation Root", "common `name` of the root")
	flags.StringVar(&f.Country, "country", "AA", "`code` of the country in every subject")
	flags.StringVar(&from, "from", "", "first `day` of every certificate; 2020-01-01 when not given")
	flags.StringVar(&until, "until", "", "last `day` of every certificate; 2100-01-01 when not given")
	flags.StringVar(&seed, "seed", "", "`text` from which its keys come; drawn when not given")
	return cmd
}

// day reads a date; nothing is no date.
func day(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	t, err := time.Parse(time.DateOnly, s)
	if err != nil {
		return t, fmt.Errorf("%q is no day: want one such as 2027-12-31", s)
	}
	return t, nil
}

func (p *program) initCA(h home, name string, f caFile) error {
	secret, err := h.caPath(name, "json")
	if err != nil {
		return err
	}
	public, err := h.caPath(name, "pem")
	if err != nil {
		return err
	}
	if len(f.Seed) == 0 {
		f.Seed = drawSeed()
	}
	ca, err := virtual.NewCA(virtual.CAOptions{Name: f.Name, Country: f.Country, NotBefore: f.NotBefore,
		NotAfter: f.NotAfter, Seed: f.Seed})
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(secret), 0o700); err != nil {
		return err
	}
	if _, err := os.Stat(secret); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is a CA %q already: %s", name, secret)
	}
	text, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	root := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Root().Raw})
	if err := errors.Join(replaceFile(public, root, 0o644), replaceFile(secret, append(text, '\n'),
		0o600)); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, public)
	return err
}

func (p *program) caMetadataCommand() *cobra.Command {
	var ca, out, next string
	var number int
	var status []string
	cmd := &cobra.Command{
		Use:   "mds KEY...",
		Short: "Write signed FIDO metadata (an MDS3 BLOB) for the models of keys",
		Long: `Write signed FIDO metadata (an MDS3 BLOB) for the models of keys. A relying party that is given
the root of the CA as the trust anchor of its metadata verifies it.`,
		Example: `  virtualkey ca mds certified --ca acme --out blob.jwt
  virtualkey ca mds certified stolen --ca acme --status stolen=REVOKED`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return fmt.Errorf("want %s", cmd.UseLine())
			}
			return nil
		},
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			if ca == "" {
				return errors.New("say which CA signs: --ca NAME")
			}
			signer, err := h.ca(ca)
			if err != nil {
				return err
			}
			m := virtual.Metadata{Number: number}
			if m.NextUpdate, err = day(next); err != nil {
				return err
			}
			if m.Entries, err = p.metadataEntries(h, args, status); err != nil {
				return err
			}
			blob, err := signer.SignMetadata(m)
			if err != nil {
				return err
			}
			if out == "" || out == "-" {
				blob = append(blob, '\n')
			}
			return p.write(out, blob)
		},
	}
	f := cmd.Flags()
	f.StringVar(&ca, "ca", "", "`name` of the CA that signs")
	f.StringVar(&out, "out", "", "`file` to write; the standard output when not given")
	f.IntVar(&number, "number", 1, "serial `number` of the BLOB")
	f.StringVar(&next, "next-update", "", "`day` of the next one; 2099-12-31 when not given")
	f.StringSliceVar(&status, "status", nil,
		"`list` of KEY=STATUS, such as stick=REVOKED; FIDO_CERTIFIED_L1 when not given")
	return cmd
}

func (p *program) metadataEntries(h home, names, status []string) ([]virtual.MetadataEntry, error) {
	reports := map[string]string{}
	for _, s := range status {
		name, word, ok := strings.Cut(s, "=")
		if !ok || !slices.Contains(names, name) || word == "" {
			return nil, fmt.Errorf("status %q: want KEY=STATUS of one of the keys", s)
		}
		reports[name] = word
	}
	var out []virtual.MetadataEntry
	for _, name := range names {
		a, _, err := h.look(name)
		if err != nil {
			return nil, err
		}
		e := virtual.MetadataEntry{Authenticator: a, Description: name}
		if word := reports[name]; word != "" {
			e.Status = []virtual.StatusReport{{Status: word, EffectiveDate: p.now().UTC().Format(time.DateOnly)}}
		}
		out = append(out, e)
	}
	return out, nil
}
