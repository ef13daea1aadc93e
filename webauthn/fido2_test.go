package webauthn_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os/exec"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/virtual"
)

// pythonCase and pythonAnswer are what testdata/attestation.py reads and writes.
type pythonCase struct {
	Object []byte `json:"object"`
	Hash   []byte `json:"hash"`
	Root   []byte `json:"root"`
}

type pythonAnswer struct{ Type, Error string }

// python lets python3-fido2 judge attestation objects.
func python(t *testing.T, cases []pythonCase) []pythonAnswer {
	t.Helper()
	path := needs.Python(t, "fido2")
	in, err := json.Marshal(cases)
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(path, "-W", "ignore", "testdata/attestation.py")
	var stderr bytes.Buffer
	c.Stdin, c.Stderr = bytes.NewReader(in), &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v: %s", err, stderr.String())
	}
	var answers []pythonAnswer
	if err := json.Unmarshal(out, &answers); err != nil || len(answers) != len(cases) {
		t.Fatalf("got %s, want %d answers", out, len(cases))
	}
	return answers
}

// TestPythonVerifiesEveryFormatItKnows: a second verifier follows each statement up to our root and refuses it for
// other client data. It knows neither android-key nor compound, and it cannot read a TPM's curve (0.9.1 calls a
// function that its class does not have), so those keys are RSA here.
func TestPythonVerifiesEveryFormatItKnows(t *testing.T) {
	ca := testCA(t, "formats")
	child := below(t, ca, "Batch 7")
	with := func(f virtual.Format, ca *virtual.CA, alg virtual.Algorithm) virtual.Options {
		return virtual.Options{AAGUID: model, Attestation: f, CA: ca, Algorithms: []virtual.Algorithm{alg}}
	}
	u2f := virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca}
	table := []struct {
		name       string
		device     virtual.Options
		want       string // attestation type, or words of the error
		wantOthers string // for other client data
	}{
		{"none", with(virtual.AttestNone, nil, virtual.ES256), "NONE", "NONE"},
		{"self", with(virtual.AttestSelf, nil, virtual.ES256), "SELF", "InvalidSignature"},
		{"self EdDSA", with(virtual.AttestSelf, nil, virtual.EdDSA), "SELF", "InvalidSignature"},
		{"packed", with(virtual.AttestPacked, ca, virtual.ES256), "BASIC", "InvalidSignature"},
		{"packed below an intermediate", with(virtual.AttestPacked, child, virtual.EdDSA), "BASIC", "InvalidSignature"},
		{"u2f", u2f, "BASIC", "InvalidSignature"},
		{"tpm", with(virtual.AttestTPM, ca, virtual.RS256), "ATT_CA", "InvalidSignature"},
		{"tpm below an intermediate", with(virtual.AttestTPM, child, virtual.RS256), "ATT_CA", "InvalidSignature"},
		{"apple", with(virtual.AttestApple, ca, virtual.ES256), "ANON_CA", "Nonce does not match"},
		{"apple below an intermediate", with(virtual.AttestApple, child, virtual.ES256), "ANON_CA",
			"Nonce does not match"},
		{"android-key", with(virtual.AttestAndroidKey, ca, virtual.ES256), "Unsupported", "Unsupported"},
		{"compound", with(virtual.AttestCompound, ca, virtual.ES256), "Unsupported", "Unsupported"},
	}
	var cases []pythonCase
	strange := testCA(t, "another").Root().Raw
	for _, tc := range table {
		raw := registered(t, tc.device, nil).Raw.AttestationResponse
		object, sum := []byte(raw.AttestationObject), sha256.Sum256(raw.ClientDataJSON)
		hash, other := sum[:], bytes.Clone(sum[:])
		other[0] ^= 1
		cases = append(cases, pythonCase{object, hash, ca.Root().Raw}, pythonCase{object, other, ca.Root().Raw},
			pythonCase{object, hash, strange})
	}
	answers := python(t, cases)
	for i, tc := range table {
		right := answers[3*i]
		other := answers[3*i+1]
		root := answers[3*i+2]
		if got := right.Type + right.Error; !strings.Contains(got, tc.want) {
			t.Errorf("%s: got %s, want %s", tc.name, got, tc.want)
		}
		if got := other.Type + other.Error; !strings.Contains(got, tc.wantOthers) {
			t.Errorf("%s, other client data: got %s, want %s", tc.name, got, tc.wantOthers)
		}
		if tc.device.CA != nil && right.Error == "" && root.Error == "" {
			t.Errorf("%s, another root: got %s, want the chain refused", tc.name, root.Type)
		}
	}
}
