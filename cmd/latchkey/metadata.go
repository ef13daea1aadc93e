package main

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// metadataFolder is where the metadata of security keys are kept, in the data folder.
const metadataFolder = "metadata"

// leastMetadata is how often metadata are read at most: who gives them away serves everybody.
const leastMetadata = time.Hour

// checkMetadata refuses settings of metadata that cannot be meant.
func (c *Config) checkMetadata() error {
	m := &c.Metadata
	if err := m.CheckSource(); err != nil {
		return misuse("metadata.source: %w", err)
	}
	if m.Every < leastMetadata {
		return misuse("metadata.every: want an hour at least, such as 24h")
	}
	if m.Signer != "" && len(m.Roots) == 0 {
		return misuse("metadata.signer: goes with metadata.roots; of FIDO's own metadata it is known")
	}
	return nil
}

// metadataTrust is whose metadata are believed: FIDO's, or those of roots of the operator's own.
func (c *Config) metadataTrust() (webauthn.Trust, error) {
	if len(c.Metadata.Roots) == 0 {
		return webauthn.FIDOTrust()
	}
	roots, err := readRoots("metadata.roots", c.Metadata.Roots)
	trust := webauthn.Trust{Signer: c.Metadata.Signer}
	for _, r := range roots {
		trust.Roots = append(trust.Roots, r.Certificate)
	}
	return trust, err
}

func (c *Config) metadataFolder() string { return filepath.Join(c.Data, metadataFolder) }

// catalogue opens the metadata of security keys, if there is a source of them. That they are late or damaged is
// no error of the start.
func (h *house) catalogue(*url.URL) error {
	c := h.config
	if c.Metadata.Source == "" {
		return nil
	}
	trust, err := c.metadataTrust()
	if err != nil {
		return err
	}
	write := func(path string, text []byte) error { return store.WriteFile(path, text, true) }
	shelf := webauthn.Shelf{Folder: c.metadataFolder(), Write: write}
	h.metadata = webauthn.OpenMetadata(c.Metadata, shelf, trust, h.wall, h.log)
	return nil
}

// pictureOf is the picture that the metadata in use have of a model, nil if there is none.
func (h *house) pictureOf(model string) []byte {
	id, err := webauthn.ParseAAGUID(model)
	if err != nil {
		return nil
	}
	if m := h.metadata.Metadata().Model(id, nil); m != nil {
		return m.Picture()
	}
	return nil
}

// renewMetadata reads them again when that is due.
func (h *house) renewMetadata(ctx context.Context) {
	if h.metadata != nil {
		h.metadata.Run(ctx)
	}
}

func metadataCommand(environ []string, stdout, stderr io.Writer) *cobra.Command {
	group := &cobra.Command{Use: "metadata", Short: "Look at metadata of security keys", Args: unknownCommand}
	group.RunE = func(cmd *cobra.Command, _ []string) error { return misuse("say what to do: %s", verbs(cmd)) }
	check := &cobra.Command{
		Use:   "check FILE",
		Short: "Verify metadata that are in a file, and say what is in them",
		Long: `Verify a BLOB of the FIDO Metadata Service as the site would: its signature, the chain of its
signer to the trusted root, and that it is not older than what is kept in the data folder, if
there is one. It says what is in it, and changes nothing. Exit 1 if the site would not take it.`,
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return misuse("%s takes the file to look at", cmd.CommandPath())
			}
			return nil
		},
	}
	settings := settable(check, environ, stderr)
	check.RunE = func(_ *cobra.Command, args []string) error {
		c, err := settings()
		if err != nil {
			return err
		}
		return checkBLOB(c, args[0], time.Now(), stdout)
	}
	show := &cobra.Command{
		Use:   "show",
		Short: "Show which metadata are kept, and whether they are overdue",
		Long: `Show the metadata of security keys that are kept in the data folder: their number, the day by
which the next ones are due, how many models they describe, and what came of the last reading.
The site may run or not.`,
		Args: noArguments,
	}
	shown := settable(show, environ, stderr)
	show.RunE = func(*cobra.Command, []string) error {
		c, err := shown()
		if err != nil {
			return err
		}
		return showMetadata(c, time.Now(), stdout)
	}
	group.AddCommand(check, show)
	return group
}

// checkBLOB verifies a file as the site would, and writes what is in it.
func checkBLOB(c *Config, path string, now time.Time, stdout io.Writer) error {
	trust, err := c.metadataTrust()
	if err != nil {
		return err
	}
	blob, err := webauthn.ReadMetadataFile(path)
	if err != nil {
		return err
	}
	m, err := webauthn.ParseMetadata(blob, trust, now)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	kept, err := webauthn.ReadKept(c.metadataFolder(), trust, now)
	if err != nil {
		return err
	}
	if err := kept.Newer(m, blob); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return describeMetadata(m, now, stdout)
}

// describeMetadata writes what is in metadata, and whether they are overdue.
func describeMetadata(m *webauthn.Metadata, now time.Time, out io.Writer) error {
	text := m.Summary(now)
	if m.Overdue(now) {
		text += "overdue: the next ones should be there; what was revoked since is not known\n"
	}
	_, err := io.WriteString(out, text)
	return err
}

// showMetadata writes what is kept in the data folder.
func showMetadata(c *Config, now time.Time, stdout io.Writer) error {
	trust, err := c.metadataTrust()
	if err != nil {
		return err
	}
	kept, errKept := webauthn.ReadKept(c.metadataFolder(), trust, now)
	m := kept.Current
	if m == nil {
		m = kept.Previous
	}
	if m == nil {
		return errors.Join(errKept, errors.New("no metadata are kept: name their source in metadata.source"))
	}
	if err := describeMetadata(m, now, stdout); err != nil {
		return err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "taken         %s\n", kept.Taken.UTC().Format(time.RFC3339))
	if !kept.Tried.IsZero() {
		fmt.Fprintf(&b, "last read     %s\n", kept.Tried.UTC().Format(time.RFC3339))
	}
	if kept.Previous != nil && m != kept.Previous {
		fmt.Fprintf(&b, "before it     %d\n", kept.Previous.Number)
	}
	if kept.Error != "" {
		fmt.Fprintf(&b, "the last reading came to nothing: %s\n", kept.Error)
	}
	_, err = io.WriteString(stdout, b.String())
	return errors.Join(err, errKept)
}

// readRoots reads trust anchors from the PEM files that a setting names.
func readRoots(setting string, paths []string) ([]webauthn.Root, error) {
	var roots []webauthn.Root
	for _, path := range paths {
		certificates, err := readCertificates(path)
		if err != nil {
			return nil, fmt.Errorf("reading %s: %w", setting, err)
		}
		for _, c := range certificates {
			roots = append(roots, webauthn.Root{Certificate: c})
		}
	}
	return roots, nil
}

// readCertificates reads all certificates of a PEM file.
func readCertificates(path string) ([]*x509.Certificate, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var list []*x509.Certificate
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		certificate, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		list = append(list, certificate)
	}
	if len(list) == 0 {
		return nil, fmt.Errorf("no certificate in %s", path)
	}
	return list, nil
}
