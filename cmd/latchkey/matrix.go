package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// A maker is what a site knows of whoever made a key: a column of the matrix.
type maker struct {
	name   string
	status string // of his models, in the metadata; "" is not in them
	root   bool   // the house trusts him itself
}

func makers() []maker {
	return []maker{{name: "unknown"}, {name: "house's own", root: true}, {name: "L1", status: "FIDO_CERTIFIED_L1"},
		{name: "L2", status: "FIDO_CERTIFIED_L2"}, {name: "L3", status: "FIDO_CERTIFIED_L3"},
		{name: "L3+", status: "FIDO_CERTIFIED_L3plus"}, {name: "revoked", status: "REVOKED"}}
}

// matrixOrigin is the site that the software keys are registered at.
const matrixOrigin = "https://accounts.example"

func matrixCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	cmd := &cobra.Command{Use: "matrix", Short: "Say which kinds of keys a policy takes", Args: noArguments,
		Long: `Register software keys of all kinds under a policy, and print what becomes of each: "yes", or the
code that it is refused with. Each column is what the site knows of the maker: nothing, that it
trusts his root itself (key-roots), the level that the metadata have for the model, or that the
model is revoked there. The policy is that of the settings, or what the flags say. Nothing is
read of the site, and nothing is stored.`}
	p := policyFlags(cmd)
	settings := settable(cmd, environ, stderr)
	cmd.RunE = func(*cobra.Command, []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		policy, err := p.over(c.WebAuthn.Attestation)
		if err != nil {
			return err
		}
		return writeMatrix(stdout, policy, time.Now())
	}
	return cmd
}

// writeMatrix registers every persona with every maker.
func writeMatrix(out io.Writer, policy webauthn.AttestationPolicy, now time.Time) error {
	ca, err := virtual.NewCA(virtual.CAOptions{})
	if err != nil {
		return err
	}
	personas := virtual.Personas(ca)
	for i, model := range policy.Allow {
		name := fmt.Sprintf("key of permitted model %d", i+1)
		personas = append(personas, virtual.Persona{Name: name, Options: virtual.Options{AAGUID: model,
			Attestation: virtual.AttestPacked, CA: ca}})
	}
	table := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, m := range makers() {
		fmt.Fprintf(table, "\t%s", m.name)
	}
	fmt.Fprintln(table)
	for _, who := range personas {
		fmt.Fprint(table, who.Name)
		for _, m := range makers() {
			answer, err := m.answer(policy, ca, who.Options, now)
			if err != nil {
				return fmt.Errorf("registering a %s: %w", who.Name, err)
			}
			fmt.Fprintf(table, "\t%s", answer)
		}
		fmt.Fprintln(table)
	}
	return table.Flush()
}

// answer is what a policy makes of a persona's key.
func (m maker) answer(policy webauthn.AttestationPolicy, ca *virtual.CA, o virtual.Options, now time.Time) (string,
	error) {
	device, err := virtual.New(o)
	if err != nil {
		return "", err
	}
	known, err := m.metadata(ca, device, now)
	if err != nil {
		return "", err
	}
	policy.Ask, policy.Roots = true, nil
	if m.root {
		policy.Roots = []webauthn.Root{{Certificate: ca.Root()}}
	}
	factor, err := webauthn.New(webauthn.Config{RPID: "accounts.example", Origins: []string{matrixOrigin},
		Attestation: policy, Metadata: func() *webauthn.Metadata { return known }})
	if err != nil {
		return "", err
	}
	flavour := auth.SecurityKey
	if o.Platform {
		flavour = auth.Passkey
	}
	input, err := json.Marshal(auth.BindInput{Flavour: flavour})
	if err != nil {
		return "", err
	}
	c := &auth.Ceremony{ID: "matrix", Account: "matrix", Purpose: auth.ForBind, Kind: auth.WebAuthn, Now: now,
		Expires: now.Add(time.Minute), Input: input}
	subject := auth.Subject{Handle: bytes.Repeat([]byte{7}, 64), Name: "matrix", Display: "matrix", Site: "matrix"}
	if err := factor.BeginBind(c, subject); err != nil {
		return "", err
	}
	browser := &virtual.Client{Origin: matrixOrigin, Authenticators: []*virtual.Authenticator{device}, PIN: o.PIN}
	response, err := browser.Create(c.Prompt)
	if err != nil {
		return "", err
	}
	_, err = factor.FinishBind(c, response)
	if refused, is := errors.AsType[*auth.Error](err); is {
		return string(refused.Code), nil
	}
	return "yes", err
}

// metadata are those that say of a key's model what the maker's column says: of an unknown one, nothing.
func (m maker) metadata(ca *virtual.CA, device *virtual.Authenticator, now time.Time) (*webauthn.Metadata, error) {
	var all virtual.Metadata
	if m.status != "" {
		all.Entries = []virtual.MetadataEntry{{Authenticator: device, Status: []virtual.StatusReport{{Status: m.status}}}}
	}
	blob, err := ca.SignMetadata(all)
	if err != nil {
		return nil, err
	}
	return webauthn.ParseMetadata(blob, webauthn.Trust{Roots: []*x509.Certificate{ca.Root()}}, now)
}
