package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual"
)

func (p *program) exportCommand() *cobra.Command {
	var out, credential string
	cdp := false
	cmd := &cobra.Command{
		Use:   "export NAME",
		Short: "Write a key, private keys and all, as JSON",
		Long: `Write a key, private keys and all, as JSON. With --cdp only its credentials are written, each as
WebAuthn.addCredential of the Chrome DevTools Protocol takes it: a browser under test then
holds the same credentials.`,
		Example: `  virtualkey export stick --out stick.json
  virtualkey export stick --cdp
  virtualkey export stick --cdp --credential 3q2-7w`,
		Args: takes(1, 1),
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			a, file, err := h.look(args[0])
			switch {
			case err != nil:
				return err
			case credential != "" && !cdp:
				return errors.New("--credential goes with --cdp")
			case !cdp:
				return p.write(out, file)
			}
			exported, err := cdpOf(a, credential)
			if err != nil {
				return err
			}
			text, err := json.MarshalIndent(exported, "", "  ")
			if err != nil {
				return err
			}
			return p.write(out, append(text, '\n'))
		},
	}
	cmd.Flags().BoolVar(&cdp, "cdp", false, "the credentials alone, as WebAuthn.addCredential takes them")
	cmd.Flags().StringVar(&credential, "credential", "",
		"this one alone: its `id` in base64url, or the beginning of it")
	cmd.Flags().StringVar(&out, "out", "",
		"`file` to write, which nobody else may read; the standard output when not given")
	return cmd
}

// cdpOf is all credentials, oldest first, or the one that is named.
func cdpOf(a *virtual.Authenticator, id string) (any, error) {
	all := a.Credentials()
	out := make([]virtual.CDPCredential, 0, len(all))
	for i := len(all) - 1; i >= 0; i-- {
		if id != "" && !startsWith(all[i], id) {
			continue
		}
		c, err := all[i].CDP()
		if err != nil {
			return nil, err
		}
		out = append(out, c)
	}
	switch {
	case id == "":
		return out, nil
	case len(out) != 1:
		return nil, fmt.Errorf("%d credentials have an id that begins with %q: want one", len(out), id)
	}
	return out[0], nil
}

// startsWith reports whether a credential's id begins so in base64url.
func startsWith(c *virtual.Credential, id string) bool {
	text, err := virtual.Bytes(c.ID).MarshalText()
	return err == nil && strings.HasPrefix(string(text), id)
}

func (p *program) importCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "import NAME [FILE]",
		Short: "Read a key that was exported, or credentials out of a browser",
		Long: `Read what export wrote, from a file or the standard input, and store it as a new key.

Credentials in the shape of the Chrome DevTools Protocol, one, a list, or what
WebAuthn.getCredentials answers, are added to a key that is there.`,
		Example: `  virtualkey import copy stick.json
  virtualkey export stick --cdp | virtualkey import other`,
		Args: takes(1, 2),
		RunE: func(_ *cobra.Command, args []string) error {
			h, err := p.openHome()
			if err != nil {
				return err
			}
			text, err := p.read(strings.Join(args[1:], ""))
			if err != nil {
				return err
			}
			var whole struct {
				Version json.RawMessage `json:"version"`
			}
			if json.Unmarshal(text, &whole) == nil && whole.Version != nil {
				a, err := virtual.Import(text, nil)
				if err != nil {
					return err
				}
				if text, err = a.Export(); err != nil {
					return err
				}
				return h.add(args[0], text)
			}
			return p.importCredentials(h, args[0], text)
		},
	}
}

func (p *program) importCredentials(h home, name string, text []byte) error {
	list, err := readCDP(text)
	if err != nil {
		return err
	}
	key, err := h.take(name, nil)
	if err != nil {
		return err
	}
	defer key.release()
	for _, in := range list {
		c, err := virtual.ImportCDP(in)
		if err != nil {
			return err
		}
		key.Add(c)
	}
	fmt.Fprintf(p.stdout, "%s: %d credentials added\n", name, len(list))
	return key.save()
}

// readCDP reads one credential, a list, or either as a member.
func readCDP(text []byte) ([]virtual.CDPCredential, error) {
	var wrapped struct {
		Credential  json.RawMessage `json:"credential"`
		Credentials json.RawMessage `json:"credentials"`
	}
	if json.Unmarshal(text, &wrapped) == nil {
		for _, inside := range []json.RawMessage{wrapped.Credential, wrapped.Credentials} {
			if inside != nil {
				text = inside
			}
		}
	}
	var list []virtual.CDPCredential
	one := virtual.CDPCredential{}
	err := strictly(text, &list)
	if err != nil {
		if err = strictly(text, &one); err == nil {
			list = append(list, one)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("neither an exported key nor credentials: %w", err)
	}
	for i, c := range list {
		if c.RPID == "" || len(c.CredentialID) == 0 || len(c.PrivateKey) == 0 {
			return nil, fmt.Errorf("credential %d: want credentialId, rpId and privateKey", i+1)
		}
	}
	return list, nil
}

func strictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(into)
}
