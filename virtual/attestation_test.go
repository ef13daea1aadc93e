package virtual_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/hex"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/vectors"
)

func newCA(t *testing.T, seed string) *virtual.CA {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte(seed)})
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

func fromHex(t *testing.T, s string) []byte {
	t.Helper()
	raw, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// extension returns the value of an extension of the first certificate of a statement.
func extension(t *testing.T, statement map[string]any, id asn1.ObjectIdentifier) []byte {
	t.Helper()
	cert, err := x509.ParseCertificate(statement["x5c"].([]any)[0].([]byte))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range cert.Extensions {
		if e.Id.Equal(id) {
			return e.Value
		}
	}
	t.Fatalf("no extension %v", id)
	return nil
}

// TestPublishedStatements attests the keys of the published vectors of Level 3 §16 and arrives at the same structures,
// byte for byte: the TPM's two, Android's key description, Apple's nonce.
func TestPublishedStatements(t *testing.T) {
	file := vectors.Level3(t)
	if file.Partial {
		t.Skipf("no private keys in %s", file.Source)
	}
	ca := newCA(t, "vectors")
	for _, v := range file.Vectors {
		attester := &virtual.Attester{CA: ca}
		same := func(name string, got, want []byte) {
			t.Helper()
			if !bytes.Equal(got, want) {
				t.Errorf("%s, %s: got %x, want %x", v.ID, name, got, want)
			}
		}
		var compare func(got, want map[string]any)
		switch v.ID {
		case "tpm.ES256":
			attester.Format = virtual.AttestTPM
			attester.TPM = func(p *virtual.TPMParts) { // what the vector chose
				p.Attributes = 0x00040000
				p.QualifiedSigner = nil
				p.QualifiedName = nil
				p.Clock = 0
				p.Resets = 0x11111111
				p.Restarts = 0x22222222
				p.Firmware = 0
			}
			compare = func(got, want map[string]any) {
				same("pubArea", got["pubArea"].([]byte), want["pubArea"].([]byte))
				info := want["certInfo"].([]byte)
				info[58] = 1 // clockInfo.safe: the vector has 0x33, which is neither YES nor NO
				same("certInfo", got["certInfo"].([]byte), info)
			}
		case "android-key.ES256":
			attester.Format = virtual.AttestAndroidKey
			attester.Description = func(d *virtual.KeyDescription) {
				d.Version = 300
				d.SecurityLevel = 0
				d.KeymasterVersion = 0
				d.KeymasterSecurityLevel = 0
				d.Software, d.Hardware = nil, nil
			}
			compare = func(got, want map[string]any) {
				id := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 11129, 2, 1, 17}
				same("key description", extension(t, got, id), extension(t, want, id))
			}
		case "apple.ES256":
			attester.Format = virtual.AttestApple
			compare = func(got, want map[string]any) {
				id := asn1.ObjectIdentifier{1, 2, 840, 113635, 100, 8, 2}
				same("nonce", extension(t, got, id), extension(t, want, id))
			}
		default:
			continue
		}
		var want virtual.Attestation
		if err := cbor.Unmarshal(fromHex(t, v.Registration["attestationObject"]), &want); err != nil {
			t.Fatal(err)
		}
		key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), fromHex(t, v.Registration["credential_private_key"]))
		if err != nil {
			t.Fatal(err)
		}
		cred, err := virtual.NewCredential("example.org", fromHex(t, v.Registration["credential_id"]), key)
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(fromHex(t, v.Registration["clientDataJSON"]))
		got, err := attester.Attest(cred, want.AuthData, hash[:])
		if err != nil {
			t.Fatal(err)
		}
		compare(got.Statement, want.Statement)
	}
}

// attestedBy registers with a device, hooks in force, and decodes the attestation object.
func attestedBy(t *testing.T, o virtual.Options, hooks *virtual.Hooks) *virtual.Attestation {
	t.Helper()
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{device(t, o)}, Hooks: hooks}
	var att virtual.Attestation
	if err := cbor.Unmarshal(register(t, c, options(`"attestation":"direct"`)).Response.AttestationObject,
		&att); err != nil {
		t.Fatal(err)
	}
	return &att
}

func certificates(t *testing.T, statement map[string]any) []*x509.Certificate {
	t.Helper()
	var out []*x509.Certificate
	for _, der := range statement["x5c"].([]any) {
		cert, err := x509.ParseCertificate(der.([]byte))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, cert)
	}
	return out
}

// TestIntermediates: what an intermediate issues is shown with the certificates up to the root, the root left out, and
// only with them does it chain. U2F shows the leaf alone.
func TestIntermediates(t *testing.T) {
	root := newCA(t, "root")
	upper, err := root.Intermediate("Upper", nil)
	if err != nil {
		t.Fatal(err)
	}
	lower, err := upper.Intermediate("Lower", func(c *x509.Certificate) { c.MaxPathLen, c.MaxPathLenZero = 0, true })
	if err != nil {
		t.Fatal(err)
	}
	if !lower.Root().Equal(root.Root()) || lower.Certificate().CheckSignatureFrom(upper.Certificate()) != nil {
		t.Error("got another root or issuer than the one it was made below")
	}
	chain := certificates(t, attestedBy(t, virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: lower},
		nil).Statement)
	if len(chain) != 3 || !chain[1].Equal(lower.Certificate()) || !chain[2].Equal(upper.Certificate()) {
		t.Fatalf("got a chain of %d, want the leaf and two intermediates", len(chain))
	}
	roots, between := x509.NewCertPool(), x509.NewCertPool()
	roots.AddCert(root.Root())
	verify := x509.VerifyOptions{Roots: roots, Intermediates: between, CurrentTime: chain[0].NotBefore}
	if _, err := chain[0].Verify(verify); err == nil {
		t.Error("got a chain without its intermediates")
	}
	between.AddCert(chain[1])
	between.AddCert(chain[2])
	if _, err := chain[0].Verify(verify); err != nil {
		t.Error(err)
	}
	u2f := attestedBy(t, virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: lower}, nil)
	if n := len(certificates(t, u2f.Statement)); n != 1 {
		t.Errorf("U2F: got %d certificates, want 1", n)
	}
}

// TestCertificateVersions: a certificate of version 1 or 2 is still signed by its issuer.
func TestCertificateVersions(t *testing.T) {
	ca := newCA(t, "root")
	for _, version := range []int{0, 1, 2, 3} {
		leaf, _, err := ca.IssueWith(virtual.LeafOptions{AAGUID: model, Version: version})
		if err != nil {
			t.Fatal(err)
		}
		want := version
		if want == 0 {
			want = 3
		}
		if err := ca.Root().CheckSignature(leaf.SignatureAlgorithm, leaf.RawTBSCertificate,
			leaf.Signature); err != nil || leaf.Version != want {
			t.Errorf("version %d: got %d, %v", version, leaf.Version, err)
		}
	}
}

// TestFaultsAreSigned: what hooks change in the authenticator data is vouched for in every format, so that a relying
// party can refuse the change alone.
func TestFaultsAreSigned(t *testing.T) {
	ca := newCA(t, "root")
	other := sha256.Sum256([]byte("evil.example"))
	hooks := &virtual.Hooks{AuthData: func(b []byte) []byte { return append(other[:], b[32:]...) }}
	client := sha256.Sum256([]byte(`{"type":"webauthn.create","challenge":"Y2hhbGxlbmdlLWNoYWxsZW5nZQ","origin":"https://shop.example","crossOrigin":false}`))
	packed := attestedBy(t, virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: ca}, hooks)
	message := append(bytes.Clone(packed.AuthData), client[:]...)
	leaf := certificates(t, packed.Statement)[0]
	if err := leaf.CheckSignature(x509.ECDSAWithSHA256, message, packed.Statement["sig"].([]byte)); err != nil ||
		!bytes.HasPrefix(message, other[:]) {
		t.Errorf("packed: %v", err)
	}
	tpm := attestedBy(t, virtual.Options{Attestation: virtual.AttestTPM, AAGUID: model, CA: ca}, hooks)
	extra := sha256.Sum256(append(bytes.Clone(tpm.AuthData), client[:]...))
	if !bytes.Contains(tpm.Statement["certInfo"].([]byte), extra[:]) {
		t.Error("tpm: got a certInfo that does not vouch for the authenticator data")
	}
	u2f := attestedBy(t, virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca}, hooks)
	var key struct {
		X []byte `cbor:"-2,keyasint"`
		Y []byte `cbor:"-3,keyasint"`
	}
	id := u2f.AuthData[55 : 55+64]
	if err := cbor.Unmarshal(u2f.AuthData[55+64:], &key); err != nil {
		t.Fatal(err)
	}
	message = slices.Concat([]byte{0}, other[:], client[:], id, []byte{4}, key.X, key.Y)
	leaf = certificates(t, u2f.Statement)[0]
	if err := leaf.CheckSignature(x509.ECDSAWithSHA256, message, u2f.Statement["sig"].([]byte)); err != nil {
		t.Errorf("fido-u2f: %v", err)
	}
}

// TestAttestAnew: an Attester by itself signs what it is given, with the same key and certificate.
func TestAttestAnew(t *testing.T) {
	a := device(t, virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model})
	c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
	var first virtual.Attestation
	if err := cbor.Unmarshal(register(t, c, options(`"attestation":"direct"`)).Response.AttestationObject,
		&first); err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte("client data"))
	changed := bytes.Clone(first.AuthData)
	changed[32] |= virtual.FlagUV
	again, err := a.Attester().Attest(a.Credentials()[0], changed, hash[:])
	if err != nil {
		t.Fatal(err)
	}
	old, leaf := certificates(t, first.Statement)[0], certificates(t, again.Statement)[0]
	message := append(changed, hash[:]...)
	if err := leaf.CheckSignature(x509.ECDSAWithSHA256, message, again.Statement["sig"].([]byte)); err != nil ||
		!leaf.Equal(old) {
		t.Errorf("got %v, the same certificate %v", err, leaf.Equal(old))
	}
}

// TestEveryFormatIsDetermined by the seed, and is dropped by a browser that was not asked for attestation.
func TestEveryFormatIsDetermined(t *testing.T) {
	for f := virtual.AttestNone; f <= virtual.AttestCompound; f++ {
		o := virtual.Options{Seed: []byte("a"), Attestation: f, AAGUID: model}
		if f == virtual.AttestFIDOU2F {
			o.AAGUID = [16]byte{}
		}
		run := func(o virtual.Options, extra string) []byte {
			c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{device(t, o)}}
			return register(t, c, options(extra)).Response.AttestationObject
		}
		direct := `"attestation":"direct"`
		one, same := run(o, direct), run(o, direct)
		o.Seed = []byte("b")
		if other := run(o, direct); !bytes.Equal(one, same) || bytes.Equal(one, other) {
			t.Errorf("%s: got a registration that the seed does not determine", f)
		}
		var att virtual.Attestation
		if err := cbor.Unmarshal(run(o, ""), &att); err != nil || att.Format != "none" || len(att.Statement)+
			len(att.Parts) > 0 {
			t.Errorf("%s, not asked for: got %+v, %v", f, att, err)
		}
	}
}

// TestAuthorizationLists keep the order of their tags.
func TestAuthorizationLists(t *testing.T) {
	list := virtual.Authorizations{{Tag: 1, Value: []int{2}}, {Tag: 702, Value: 0}}
	tags := func(list virtual.Authorizations) (out []int) {
		for _, a := range list {
			out = append(out, a.Tag)
		}
		return out
	}
	for _, tc := range []struct {
		tag   int
		value any
		want  []int
	}{
		{600, asn1.NullRawValue, []int{1, 600, 702}}, {704, 1, []int{1, 702, 704}}, {702, 2, []int{1, 702}},
		{1, nil, []int{702}}, {5, nil, []int{1, 702}}, {0, 1, []int{0, 1, 702}},
	} {
		if got := tags(list.With(tc.tag, tc.value)); !slices.Equal(got, tc.want) {
			t.Errorf("with %d: got %v, want %v", tc.tag, got, tc.want)
		}
	}
	if got := list.With(702, 2)[1].Value; got != 2 {
		t.Errorf("got origin %v, want the new one", got)
	}
}

// TestContradictoryFormats are refused when the device is made, or when it attests.
func TestContradictoryFormats(t *testing.T) {
	eddsa := []virtual.Algorithm{virtual.EdDSA}
	for name, o := range map[string]virtual.Options{
		"U2F with tpm":               {Protocol: virtual.U2F, Attestation: virtual.AttestTPM},
		"U2F with compound":          {Protocol: virtual.U2F, Attestation: virtual.AttestCompound},
		"a TPM with EdDSA":           {Attestation: virtual.AttestTPM, Algorithms: eddsa},
		"Android with EdDSA":         {Attestation: virtual.AttestAndroidKey, Algorithms: eddsa},
		"compound with EdDSA in TPM": {Attestation: virtual.AttestCompound, Algorithms: eddsa},
	} {
		if _, err := virtual.New(o); err == nil {
			t.Errorf("%s: got an authenticator, want an error", name)
		}
	}
	cred, err := virtual.Derive([]byte("x"), 1, "shop.example", virtual.EdDSA)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range []virtual.Format{virtual.AttestFIDOU2F, virtual.AttestTPM, virtual.AttestAndroidKey,
		virtual.AttestCompound, 99} {
		at := &virtual.Attester{Format: f, CA: newCA(t, "root")}
		if _, err := at.Attest(cred, make([]byte, 37), make([]byte, 32)); err == nil {
			t.Errorf("%s: got an EdDSA key attested, want an error", f)
		}
	}
	if _, err := (&virtual.Attester{Format: virtual.AttestPacked}).Attest(cred, make([]byte, 37),
		make([]byte, 32)); err == nil {
		t.Error("packed without a CA: got a statement, want an error")
	}
}
