// Package vectors reads the published test vectors of Web Authentication Level 3, for the tests of whoever makes,
// checks or plays authenticators: the sign that both ends of an exchange were not misread in the same way.
//
// The vectors are not part of this module. They come from the file webauthn-l3.json in the folder that
// LATCHKEY_VECTORS names, by default ../shared/vectors beside the module; where that is not, from the tests of the
// go-webauthn module that this one is pinned to, which carry the same ones without private keys and without prf.
package vectors

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
)

// A File is a selection of the specification's vectors. Every value is hexadecimal, but for names and addresses; the
// members of the halves are named as in the specification.
type File struct {
	Source    string            `json:"-"`    // where they were read
	Partial   bool              `json:"-"`    // without private keys, how things were generated, and prf
	RPID      string            `json:"rpId"` // all of them are of one relying party
	Origin    string            `json:"origin"`
	TopOrigin string            `json:"topOrigin"`        // where the client data carry one
	Root      map[string]string `json:"attestation_root"` // attestation_ca_cert: to which every chain leads
	Vectors   []Vector          `json:"vectors"`
	PRF       PRF               `json:"prf_hmac_secret"`
}

// A Vector is one credential, registered and then used. Authentication is nil where the source has none.
type Vector struct {
	ID             string            `json:"id"`
	Format         string            `json:"fmt"`
	Registration   map[string]string `json:"registration"`
	Authentication map[string]string `json:"authentication"`
}

// PRF are the vectors of the prf extension over hmac-secret.
type PRF struct {
	Cases []struct {
		Protocol     int    `json:"pin_protocol"`
		First        string `json:"prf_eval_first"`
		Second       string `json:"prf_eval_second"`
		SharedSecret string `json:"shared_secret"`
		Salt1        string `json:"salt1"`
		Salt2        string `json:"salt2"`
		SaltEnc      string `json:"salt_enc"`
		Output1      string `json:"output1"`
		Output2      string `json:"output2"`
		OutputEnc    string `json:"output_enc"`
	} `json:"cases"`
	Shared struct {
		Platform      string            `json:"platform_key_agreement_private_key"`
		Authenticator map[string]string `json:"authenticator_key_agreement_public_key"`
		CredRandom    string            `json:"authenticator_cred_random"`
	} `json:"shared"`
}

// Level3 returns the vectors, from the file or from the module. Where neither is, the test is skipped, and fails in a
// run that has to be whole.
func Level3(t testing.TB) *File {
	t.Helper()
	f, err := ReadFile()
	if errors.Is(err, fs.ErrNotExist) {
		f, err = ReadModule()
	}
	switch {
	case err == nil:
		return f
	case errors.Is(err, fs.ErrNotExist):
		needs.Missing(t, fmt.Sprintf("no published vectors: %v", err))
	default:
		t.Fatal(err)
	}
	return nil
}

// ReadFile reads the vectors from webauthn-l3.json.
func ReadFile() (*File, error) {
	folder, err := folder()
	if err != nil {
		return nil, err
	}
	path := filepath.Join(folder, "webauthn-l3.json")
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the published vectors: %w", err)
	}
	f := &File{Source: path}
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("reading the published vectors in %s: %w", path, err)
	}
	return f, nil
}

// folder is where the file lies: tests run in the folder of their package, somewhere below the top of the module.
func folder() (string, error) {
	if named := os.Getenv("LATCHKEY_VECTORS"); named != "" {
		return named, nil
	}
	at, err := os.Getwd()
	if err != nil {
		return "", fmt.Errorf("finding the published vectors: %w", err)
	}
	for {
		if _, err := os.Stat(filepath.Join(at, "go.mod")); err == nil {
			return filepath.Join(at, "..", "shared", "vectors"), nil
		}
		above := filepath.Dir(at)
		if above == at {
			return "", fmt.Errorf("finding the published vectors: no module around this folder: %w", fs.ErrNotExist)
		}
		at = above
	}
}
