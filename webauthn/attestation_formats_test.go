package webauthn_test

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"errors"
	"slices"
	"strings"
	"testing"
	_ "unsafe" // for the two roots below

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// The library holds the makers' roots for these two formats in variables of its own, and looks at the rest of a
// statement only below them.
//
//go:linkname androidRoots github.com/go-webauthn/webauthn/protocol.attAndroidKeyHardwareRootsCertPool
var androidRoots *x509.CertPool

//go:linkname appleRoots github.com/go-webauthn/webauthn/protocol.attAppleHardwareRootsCertPool
var appleRoots *x509.CertPool

// trustMaker adds a root to one of the library's own pools for the length of a test.
func trustMaker(t *testing.T, pool **x509.CertPool, root *x509.Certificate) {
	t.Helper()
	before := *pool
	if before == nil {
		t.Fatal("the library keeps its roots elsewhere now")
	}
	t.Cleanup(func() { *pool = before })
	*pool = before.Clone()
	(*pool).AddCert(root)
}

func testCA(t testing.TB, seed string) *virtual.CA {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte(seed)})
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func below(t testing.TB, ca *virtual.CA, name string) *virtual.CA {
	t.Helper()
	child, err := ca.Intermediate(name, nil)
	if err != nil {
		t.Fatal(err)
	}
	return child
}

// creation asks for attestation and takes every algorithm.
const creation = `{"rp":{"id":"shop.example","name":"Shop"},"user":{"id":"dXNlcg","name":"mei","displayName":"Mei"},` +
	`"challenge":"Y2hhbGxlbmdlLWNoYWxsZW5nZQ","attestation":"direct","pubKeyCredParams":[{"type":"public-key","alg":-7},` +
	`{"type":"public-key","alg":-8},{"type":"public-key","alg":-35},{"type":"public-key","alg":-36},{"type":"public-key","alg":-257}]}`

// attested registers with a device and returns the object as the library reads it, and the hash of the client data.
func attested(t *testing.T, o virtual.Options, hooks *virtual.Hooks) (*protocol.AttestationObject, []byte) {
	t.Helper()
	parsed := registered(t, o, hooks)
	hash := sha256.Sum256(parsed.Raw.AttestationResponse.ClientDataJSON)
	return &parsed.Response.AttestationObject, hash[:]
}

func registered(t *testing.T, o virtual.Options, hooks *virtual.Hooks) *protocol.ParsedCredentialCreationData {
	t.Helper()
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{device(t, o)}, Hooks: hooks}
	out, err := c.Create([]byte(creation))
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := protocol.ParseCredentialCreationResponseBytes(out)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// verified lets the library verify a statement; mds may be nil.
func verified(o *protocol.AttestationObject, hash []byte, mds metadata.Provider) error {
	err := o.VerifyAttestation(hash, mds, protocol.AttestationPolicy{}, protocol.SignaturePolicy{})
	var e *protocol.Error
	if errors.As(err, &e) {
		return errors.New(e.Details + " | " + e.DevInfo)
	}
	return err
}

// A formatCase is a device and what the library calls its attestation.
type formatCase struct {
	name   string
	device virtual.Options
	kind   metadata.AuthenticatorAttestationType
}

// formatCases has every format, with every kind of key that it knows, below a root and below an intermediate.
func formatCases(ca, child *virtual.CA) []formatCase {
	with := func(f virtual.Format, ca *virtual.CA, alg virtual.Algorithm) virtual.Options {
		return virtual.Options{AAGUID: model, Attestation: f, CA: ca, Algorithms: []virtual.Algorithm{alg}}
	}
	compound := with(virtual.AttestCompound, child, virtual.ES256)
	compound.Compound = []virtual.Format{virtual.AttestSelf, virtual.AttestPacked, virtual.AttestTPM}
	return []formatCase{
		{"none", with(virtual.AttestNone, nil, virtual.ES256), metadata.None},
		{"self", with(virtual.AttestSelf, nil, virtual.EdDSA), metadata.BasicSurrogate},
		{"packed", with(virtual.AttestPacked, ca, virtual.ES256), metadata.BasicFull},
		{"packed below an intermediate", with(virtual.AttestPacked, child, virtual.RS256), metadata.BasicFull},
		{"u2f", virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca}, metadata.BasicFull},
		{"tpm", with(virtual.AttestTPM, ca, virtual.ES256), metadata.AttCA},
		{"tpm P-384", with(virtual.AttestTPM, child, virtual.ES384), metadata.AttCA},
		{"tpm P-521", with(virtual.AttestTPM, child, virtual.ES512), metadata.AttCA},
		{"tpm RSA", with(virtual.AttestTPM, child, virtual.RS256), metadata.AttCA},
		{"android-key", with(virtual.AttestAndroidKey, ca, virtual.ES256), metadata.BasicFull},
		{"android-key RSA", with(virtual.AttestAndroidKey, child, virtual.RS256), metadata.BasicFull},
		{"apple", with(virtual.AttestApple, ca, virtual.ES256), metadata.AnonCA},
		{"apple below an intermediate", with(virtual.AttestApple, child, virtual.ES256), metadata.AnonCA},
		{"compound", with(virtual.AttestCompound, ca, virtual.ES256), metadata.BasicFull},
		{"compound of three", compound, metadata.BasicSurrogate},
	}
}

// TestLibraryVerifiesEveryFormat: what the virtual authenticator attests, the library accepts, and says the right type.
// Android's and Apple's formats fail at the makers' roots alone: with ours beside them they pass too.
func TestLibraryVerifiesEveryFormat(t *testing.T) {
	ca := testCA(t, "formats")
	for _, tc := range formatCases(ca, below(t, ca, "Batch 7")) {
		t.Run(tc.name, func(t *testing.T) {
			object, hash := attested(t, tc.device, nil)
			if want := tc.device.Attestation.String(); object.Format != want {
				t.Fatalf("got format %s, want %s", object.Format, want)
			}
			pools := map[virtual.Format]**x509.CertPool{virtual.AttestAndroidKey: &androidRoots,
				virtual.AttestApple: &appleRoots}
			if pool := pools[tc.device.Attestation]; pool != nil {
				err := verified(object, hash, nil)
				if err == nil || !strings.Contains(err.Error(), "Error validating x5c cert chain") {
					t.Errorf("under the maker's roots: got %v, want the chain refused", err)
				}
				trustMaker(t, pool, ca.Root())
			}
			if err := verified(object, hash, nil); err != nil {
				t.Fatal(err)
			}
			if object.Type != string(tc.kind) {
				t.Errorf("got type %s, want %s", object.Type, tc.kind)
			}
			other := sha256.Sum256([]byte("other client data"))
			if err := verified(object, other[:], nil); err == nil && tc.device.Attestation != virtual.AttestNone {
				t.Error("got other client data accepted, want it refused")
			}
		})
	}
}

// A formatFault is one change before signing, and words of the library's refusal.
type formatFault struct {
	name   string
	format virtual.Format
	fault  func(*virtual.Attester, *virtual.Credential)
	want   string
	code   auth.Code // the factor's
}

func leaf(change func(*x509.Certificate)) func(*virtual.Attester, *virtual.Credential) {
	return func(a *virtual.Attester, _ *virtual.Credential) { a.Leaf = &virtual.LeafOptions{Change: change} }
}

func tpm(change func(*virtual.TPMParts)) func(*virtual.Attester, *virtual.Credential) {
	return func(a *virtual.Attester, _ *virtual.Credential) { a.TPM = change }
}

func android(change func(*virtual.KeyDescription)) func(*virtual.Attester, *virtual.Credential) {
	return func(a *virtual.Attester, _ *virtual.Credential) { a.Description = change }
}

func packedFaults(ca *virtual.CA, other crypto.Signer) []formatFault {
	return []formatFault{
		{"unit", virtual.AttestPacked,
			leaf(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = []string{"Sales"} }),
			"Organizational Unit is invalid", auth.KeyAttestationCertificate},
		{"country", virtual.AttestPacked, leaf(func(c *x509.Certificate) { c.Subject.Country = []string{"Xx"} }),
			"Country Code is invalid", auth.KeyAttestationCertificate},
		{"a CA as leaf", virtual.AttestPacked, leaf(func(c *x509.Certificate) { c.IsCA = true }),
			"Basic Constraints marked as CA", auth.KeyAttestationCertificate},
		{"expired", virtual.AttestPacked, leaf(func(c *x509.Certificate) { c.NotAfter = c.NotBefore.AddDate(1, 0, 0) }),
			"no longer valid or not yet valid", auth.KeyAttestationExpired},
		{"not yet valid", virtual.AttestPacked,
			leaf(func(c *x509.Certificate) { c.NotBefore = c.NotAfter.AddDate(-1, 0, 0) }),
			"no longer valid or not yet valid", auth.KeyAttestationExpired},
		{"critical AAGUID", virtual.AttestPacked,
			leaf(func(c *x509.Certificate) { c.ExtraExtensions[0].Critical = true }), "marked as critical",
			auth.KeyAttestationCertificate},
		{"version 2", virtual.AttestPacked, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Leaf = &virtual.LeafOptions{Version: 2}
		}, "incorrect version", auth.KeyAttestationCertificate},
		{"version 1", virtual.AttestPacked, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Leaf = &virtual.LeafOptions{Version: 1}
		}, "incorrect version", auth.KeyAttestationCertificate},
		{"AAGUID of another model", virtual.AttestPacked, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Leaf = &virtual.LeafOptions{AAGUID: [16]byte{1}}
		}, "AAGUID does not match", auth.KeyAttestationCertificate},
		{"signed by the credential's key", virtual.AttestPacked, func(a *virtual.Attester, c *virtual.Credential) {
			a.Key = c.PrivateKey()
		}, "Signature validation error", auth.KeyAttestationForged},
		{"signature", virtual.AttestPacked, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Signature = func(b []byte) []byte { return flipLast(b) }
		}, "Signature validation error", auth.KeyAttestationForged},
		{"other data signed", virtual.AttestPacked, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Message = func(b []byte) []byte { b[32] ^= virtual.FlagUV; return b }
		}, "Signature validation error", auth.KeyAttestationForged},
		{"empty x5c", virtual.AttestPacked, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Chain = func([][]byte) [][]byte { return nil }
		}, "Error getting certificate", auth.KeyAttestationMalformed},
		{"self by another key", virtual.AttestSelf, func(a *virtual.Attester, _ *virtual.Credential) { a.Key = other },
			"Unable to verify signature", auth.KeyAttestationForged},
		{"two certificates", virtual.AttestFIDOU2F, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Chain = func(c [][]byte) [][]byte { return append(c, ca.Root().Raw) }
		}, "exactly one element", auth.KeyAttestationMalformed},
	}
}

func tpmFaults(other crypto.Signer) []formatFault {
	return []formatFault{
		{"version", virtual.AttestTPM, tpm(func(p *virtual.TPMParts) { p.Version = "1.2" }), "only supports TPM 2.0",
			auth.KeyAttestationMalformed},
		{"magic", virtual.AttestTPM, tpm(func(p *virtual.TPMParts) { p.Magic = 0xff544348 }), "TPM_GENERATED_VALUE",
			auth.KeyAttestationMalformed},
		{"type", virtual.AttestTPM, tpm(func(p *virtual.TPMParts) { p.Attest = 0x801a }), "TPM_ST_ATTEST_CERTIFY",
			auth.KeyAttestationMalformed},
		{"extraData", virtual.AttestTPM, tpm(func(p *virtual.TPMParts) { flipLast(p.ExtraData) }),
			"ExtraData is not set to hash", auth.KeyAttestationForged},
		{"name", virtual.AttestTPM, tpm(func(p *virtual.TPMParts) { p.Name = flipLast(p.NameOf(p.PubArea())) }),
			"attested and pubArea", auth.KeyAttestationMalformed},
		{"another key in pubArea", virtual.AttestTPM, tpm(func(p *virtual.TPMParts) { p.X, p.Y = p.Y, p.X }),
			"Mismatch between ECCParameters", auth.KeyAttestationForged},
		{"another curve", virtual.AttestTPM, tpm(func(p *virtual.TPMParts) { p.Curve = 4 }),
			"Mismatch between ECCParameters", auth.KeyAttestationForged},
		{"subject", virtual.AttestTPM, leaf(func(c *x509.Certificate) { c.Subject.CommonName = "TPM" }),
			"subject must be empty", auth.KeyAttestationCertificate},
		{"no usage", virtual.AttestTPM, leaf(func(c *x509.Certificate) { c.UnknownExtKeyUsage = nil }), "missing EKU",
			auth.KeyAttestationCertificate},
		{"other usage", virtual.AttestTPM,
			leaf(func(c *x509.Certificate) { c.UnknownExtKeyUsage[0] = []int{2, 23, 133, 8, 1} }),
			"missing 2.23.133.8.3", auth.KeyAttestationCertificate},
		{"no alternative name", virtual.AttestTPM,
			leaf(func(c *x509.Certificate) { c.ExtraExtensions = c.ExtraExtensions[1:] }), "Invalid SAN data",
			auth.KeyAttestationCertificate},
		{"maker", virtual.AttestTPM, leaf(func(c *x509.Certificate) {
			c.ExtraExtensions[0].Value = bytes.Replace(c.ExtraExtensions[0].Value, []byte("FFFFF1D0"),
				[]byte("FFFFFFFF"), 1)
		}), "Invalid TPM manufacturer", auth.KeyAttestationCertificate},
		{"AIK a CA", virtual.AttestTPM, leaf(func(c *x509.Certificate) { c.IsCA = true }), "CA is true",
			auth.KeyAttestationCertificate},
		{"AIK of another model", virtual.AttestTPM, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Leaf = &virtual.LeafOptions{AAGUID: [16]byte{1}}
		}, "AAGUID does not match", auth.KeyAttestationCertificate},
		{"signed by another key", virtual.AttestTPM, func(a *virtual.Attester, _ *virtual.Credential) { a.Key = other },
			"Signature validation error", auth.KeyAttestationForged},
	}
}

func platformFaults(other crypto.Signer) []formatFault {
	return []formatFault{
		{"challenge", virtual.AttestAndroidKey,
			android(func(d *virtual.KeyDescription) { d.Challenge = make([]byte, 32) }), "challenge not equal",
			auth.KeyAttestationForged},
		{"all applications", virtual.AttestAndroidKey, android(func(d *virtual.KeyDescription) {
			d.Hardware = d.Hardware.With(virtual.AndroidAllApplications, asn1.NullRawValue)
		}), "all applications", auth.KeyAttestationCertificate},
		{"origin", virtual.AttestAndroidKey, android(func(d *virtual.KeyDescription) {
			d.Hardware = d.Hardware.With(virtual.AndroidOrigin, 2)
		}), "KM_ORIGIN_GENERATED", auth.KeyAttestationCertificate},
		{"no origin", virtual.AttestAndroidKey, android(func(d *virtual.KeyDescription) {
			d.Hardware = d.Hardware.With(virtual.AndroidOrigin, nil)
		}), "KM_ORIGIN_GENERATED", auth.KeyAttestationCertificate},
		{"purpose", virtual.AttestAndroidKey, android(func(d *virtual.KeyDescription) {
			d.Hardware = d.Hardware.With(virtual.AndroidPurpose, []int{3})
		}), "KM_PURPOSE_SIGN", auth.KeyAttestationCertificate},
		{"certificate of another key", virtual.AttestAndroidKey, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Leaf = &virtual.LeafOptions{Key: other}
		}, "public key", auth.KeyAttestationForged},
		{"nonce", virtual.AttestApple, func(a *virtual.Attester, _ *virtual.Credential) { a.Nonce = flipLast },
			"expected nonce", auth.KeyAttestationForged},
		{"certificate of another key", virtual.AttestApple, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Leaf = &virtual.LeafOptions{Key: other}
		}, "public key", auth.KeyAttestationForged},
		{"one part", virtual.AttestCompound, func(a *virtual.Attester, _ *virtual.Credential) {
			a.Formats = []virtual.Format{virtual.AttestPacked}
		}, "at least two other", auth.KeyAttestationMalformed},
		{"second part", virtual.AttestCompound, tpm(func(p *virtual.TPMParts) { p.Magic++ }), "TPM_GENERATED_VALUE",
			auth.KeyAttestationMalformed},
	}
}

// TestFormatFaults plays one fault at a time through Hooks.Attester. Everything else is signed anew, so the library's
// words name the one check that refuses.
func TestFormatFaults(t *testing.T) {
	ca := testCA(t, "formats")
	trustMaker(t, &androidRoots, ca.Root())
	trustMaker(t, &appleRoots, ca.Root())
	_, other, err := ca.Issue([16]byte{9})
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range slices.Concat(packedFaults(ca, other), tpmFaults(other), platformFaults(other)) {
		t.Run(tc.format.String()+" "+tc.name, func(t *testing.T) {
			o := virtual.Options{AAGUID: model, Attestation: tc.format, CA: ca}
			if tc.format == virtual.AttestFIDOU2F {
				o.AAGUID = [16]byte{}
			}
			object, hash := attested(t, o, &virtual.Hooks{Attester: tc.fault})
			err := verified(object, hash, nil)
			if err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("got %v, want a refusal that says %q", err, tc.want)
			}
		})
	}
}

// TestFactorJudgesEveryFormat: the factor takes each format when it is right, and refuses each of the faults above, and
// those that the library overlooks, for its own reason.
func TestFactorJudgesEveryFormat(t *testing.T) {
	ca := testCA(t, "formats")
	trustMaker(t, &androidRoots, ca.Root())
	trustMaker(t, &appleRoots, ca.Root())
	_, other, err := ca.Issue([16]byte{9})
	if err != nil {
		t.Fatal(err)
	}
	judge := func(name string, o virtual.Options, hooks *virtual.Hooks, want auth.Code) {
		t.Run(o.Attestation.String()+" "+name, func(t *testing.T) {
			b := newBench(t, func(c *webauthn.Config) {
				c.Attestation = webauthn.AttestationPolicy{Ask: true, Roots: []webauthn.Root{{Certificate: ca.Root()}}}
			}, o)
			b.browser.Hooks = hooks
			c := b.binding(auth.SecurityKey)
			a, err := b.factor.FinishBind(c, b.create(c))
			wantCode(t, err, want)
			if certified := o.Attestation > virtual.AttestSelf; want == "" && a.Traits.Certified != certified {
				t.Errorf("certified: got %v, want %v", a.Traits.Certified, certified)
			}
		})
	}
	for _, tc := range formatCases(ca, below(t, ca, "Batch 7")) {
		judge(tc.name, tc.device, nil, "")
	}
	for _, tc := range slices.Concat(packedFaults(ca, other), tpmFaults(other), platformFaults(other), overlooked()) {
		o := virtual.Options{AAGUID: model, Attestation: tc.format, CA: ca}
		if tc.format == virtual.AttestFIDOU2F {
			o.AAGUID = [16]byte{}
		}
		judge(tc.name, o, &virtual.Hooks{Attester: tc.fault}, tc.code)
	}
}

// overlooked are faults that the library lets pass.
func overlooked() []formatFault {
	return []formatFault{
		{name: "no basic constraints", format: virtual.AttestPacked, code: auth.KeyAttestationCertificate,
			fault: leaf(func(c *x509.Certificate) { c.BasicConstraintsValid = false })},
		{name: "empty AAGUID", format: virtual.AttestPacked, code: auth.KeyAttestationCertificate,
			fault: leaf(func(c *x509.Certificate) { c.ExtraExtensions[0].Value = nil })},
		{name: "AAGUID and more", format: virtual.AttestPacked, code: auth.KeyAttestationCertificate,
			fault: leaf(func(c *x509.Certificate) {
				c.ExtraExtensions[0].Value = append(c.ExtraExtensions[0].Value, 0)
			})},
		{name: "empty AAGUID", format: virtual.AttestTPM, code: auth.KeyAttestationCertificate,
			fault: leaf(func(c *x509.Certificate) { c.ExtraExtensions[1].Value = nil })},
		{name: "pubArea and more", format: virtual.AttestTPM, code: auth.KeyAttestationMalformed,
			fault: tpm(func(p *virtual.TPMParts) {
				p.Name, p.PubAreaTail = p.NameOf(p.PubArea()), []byte{0}
			})},
		{name: "certInfo and more", format: virtual.AttestTPM, code: auth.KeyAttestationMalformed,
			fault: tpm(func(p *virtual.TPMParts) { p.CertInfoTail = []byte{0} })},
	}
}

func flipLast(b []byte) []byte { b[len(b)-1] ^= 1; return b }
