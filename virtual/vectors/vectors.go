// Package vectors holds the published test vectors of Web Authentication Level 3, for the tests of whoever makes,
// checks or plays authenticators: the sign that both ends of an exchange were not misread in the same way.
//
// It includes material copied from Web Authentication Level 3, section "Test Vectors",
// https://www.w3.org/TR/webauthn-3/. Copyright © 2026 World Wide Web Consortium.
// https://www.w3.org/copyright/software-license-2023/
package vectors

import (
	_ "embed"
	"encoding/json"
	"fmt"
)

//go:embed webauthn-l3.json
var level3 []byte

// A File is a selection of the specification's vectors. Every value is hexadecimal, but for names and addresses; the
// members of the halves are named as in the specification.
type File struct {
	RPID      string            `json:"rpId"`
	Origin    string            `json:"origin"`
	TopOrigin string            `json:"topOrigin"`        // where the client data carry one
	Root      map[string]string `json:"attestation_root"` // attestation_ca_cert: to which every chain leads
	Vectors   []Vector          `json:"vectors"`
	PRF       PRF               `json:"prf_hmac_secret"`
}

// A Vector is one credential, registered and then used. Authentication is nil where the specification has none.
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

// Level3 returns the vectors.
func Level3() (*File, error) {
	f := &File{}
	if err := json.Unmarshal(level3, f); err != nil {
		return nil, fmt.Errorf("reading the published vectors: %w", err)
	}
	return f, nil
}
