package webauthn

import (
	"bytes"
	"crypto"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/binary"
	"slices"
	"strings"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
)

// maxParts bounds a compound statement: each part costs the verification of a signature and a chain.
const maxParts = 4

// statements lists what an object holds: its own statement, or the parts of a compound one (Level 3 §8.9).
func statements(o *protocol.AttestationObject) []protocol.NonCompoundAttestationObject {
	if protocol.AttestationFormat(o.Format) == protocol.AttestationFormatCompound {
		return o.SubStatements
	}
	return []protocol.NonCompoundAttestationObject{{Format: o.Format, AttStatement: o.AttStatement}}
}

// statementShape refuses what the library would overlook: an x5c that is no array, which it takes for self
// attestation, a fido-u2f statement for a key with an AAGUID, which U2F does not have, and what a format's own
// check finds.
func statementShape(o *protocol.AttestationObject, anyU2FModel bool) error {
	list := statements(o)
	step := statementStep(o.Format)
	if step == "" {
		return auth.Refuse(auth.KeyAttestationFormat).In("7.1.21")
	}
	if len(list) > maxParts {
		return auth.Refuse(auth.KeyAttestationMalformed).In(step)
	}
	for _, s := range list {
		leafed, ok := true, certificatesShape(s.AttStatement)
		switch protocol.AttestationFormat(s.Format) {
		case protocol.AttestationFormatFIDOUniversalSecondFactor:
			ok = ok && (anyU2FModel || AAGUID(o.AuthData.AttData.AAGUID) == AAGUID{})
		case protocol.AttestationFormatPacked:
			leafed = leafShape(s.AttStatement)
		case protocol.AttestationFormatTPM:
			leafed = leafShape(s.AttStatement)
			ok = ok && tpmShape(s.AttStatement)
		}
		switch {
		case !ok:
			return auth.Refuse(auth.KeyAttestationMalformed).In(step)
		case !leafed:
			return auth.Refuse(auth.KeyAttestationCertificate).In(step)
		}
	}
	return nil
}

// statementStep is where Level 3 says what a statement of a format must be; "" of one that it does not know.
func statementStep(format string) string {
	for known, step := range map[protocol.AttestationFormat]string{
		protocol.AttestationFormatPacked: "8.2", protocol.AttestationFormatTPM: "8.3",
		protocol.AttestationFormatAndroidKey:                "8.4",
		protocol.AttestationFormatFIDOUniversalSecondFactor: "8.6", protocol.AttestationFormatNone: "8.7",
		protocol.AttestationFormatApple: "8.8", protocol.AttestationFormatCompound: "8.9",
	} {
		if format == string(known) {
			return step
		}
	}
	return ""
}

func certificatesShape(statement map[string]any) bool {
	x5c, ok := statement["x5c"]
	if !ok {
		return true
	}
	list, _ := x5c.([]any)
	return len(list) > 0 && len(list) <= 8
}

// leafShape checks what §8.2.1 and §8.3.1 demand of the first certificate: basic constraints, which the library
// takes as given, and an AAGUID extension, where there is one, of 16 bytes and nothing more.
func leafShape(statement map[string]any) bool {
	list, _ := statement["x5c"].([]any)
	if len(list) == 0 {
		return true
	}
	der, _ := list[0].([]byte)
	leaf, err := x509.ParseCertificate(der)
	if err != nil || !leaf.BasicConstraintsValid {
		return false
	}
	model := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4} // id-fido-gen-ce-aaguid
	return !slices.ContainsFunc(leaf.Extensions, func(e pkix.Extension) bool {
		return e.Id.Equal(model) && (len(e.Value) != 18 || e.Value[0] != asn1.TagOctetString || e.Value[1] != 16)
	})
}

// tpmShape checks that certInfo ends where its structure ends and names pubArea byte for byte (§8.3): the
// library names what it has decoded, and ignores what stands behind.
func tpmShape(statement map[string]any) bool {
	info, _ := statement["certInfo"].([]byte)
	pubArea, _ := statement["pubArea"].([]byte)
	ok := true
	take := func(n int) (out []byte) {
		if ok = ok && n <= len(info); ok {
			out, info = info[:n], info[n:]
		}
		return out
	}
	sized := func() []byte {
		if n := take(2); ok {
			return take(int(binary.BigEndian.Uint16(n)))
		}
		return nil
	}
	take(6)  // magic, type
	sized()  // qualifiedSigner
	sized()  // extraData
	take(25) // clockInfo, firmwareVersion
	name := sized()
	sized() // qualifiedName
	if !ok || len(info) > 0 || len(name) < 2 {
		return false
	}
	hash := map[uint16]crypto.Hash{4: crypto.SHA1, 11: crypto.SHA256, 12: crypto.SHA384,
		13: crypto.SHA512}[binary.BigEndian.Uint16(name)]
	if !hash.Available() { // 0, of what is not listed, is not either
		return false
	}
	h := hash.New()
	h.Write(pubArea)
	return bytes.Equal(h.Sum(nil), name[2:])
}

// judge applies the policy to a verified statement (Level 3 §7.1 steps 23 and 24), and returns what it proves.
func (f *Factor) judge(c *auth.Ceremony, st *state, o *protocol.AttestationObject) (*finding, error) {
	policy := &f.config.Attestation
	found := f.prove(o, c.Now)
	switch {
	case slices.Contains(policy.Deny, found.id):
		return nil, f.modelRefused(&found)
	case found.ill != "":
		return nil, auth.Refuse(auth.KeyModelRevoked, "name", f.modelName(&found)).In("7.1.24")
	case policy.Least >= auth.BoundKey && o.AuthData.Flags.HasBackupEligible():
		return nil, auth.Refuse(auth.KeySynced).In("7.1.24")
	case (policy.Require || st.Certified) && found.chain == nil:
		return nil, auth.Refuse(auth.KeyAttestation).In("7.1.24")
	case found.level < policy.Least.Level():
		return nil, auth.Refuse(auth.KeyLevelTooLow, "level", policy.Least.Level().String()).In("7.1.24")
	case len(policy.Allow) > 0 && !slices.Contains(policy.Allow, found.id):
		return nil, f.modelRefused(&found)
	}
	return &found, nil
}

func (f *Factor) modelRefused(x *finding) error {
	refusal := auth.Refuse(auth.KeyModelRefused, "name", f.modelName(x)).In("7.1.24")
	if names := f.welcome(); names != "" {
		refusal = refusal.With("models", names)
	}
	return refusal
}

// maxNamed bounds how many models a refusal names: more than these nobody reads.
const maxNamed = 8

// welcome names the models that are permitted, "" if that is not said in few words.
func (f *Factor) welcome() string {
	var names []string
	for _, id := range f.config.Attestation.Allow {
		name := f.modelName(&finding{id: id, model: f.metadata().Model(id, nil)})
		if name == "" {
			return ""
		}
		names = append(names, name)
	}
	slices.Sort(names)
	if names = slices.Compact(names); len(names) > maxNamed {
		return ""
	}
	return strings.Join(names, ", ")
}

// trustPath reads the certificates of a statement, of those formats alone whose verification rests on x5c:
// beside the signed response of another one anybody's certificates could be put. The leaf is nil if there is
// none.
func trustPath(s protocol.NonCompoundAttestationObject) (*x509.Certificate, *x509.CertPool) {
	between := x509.NewCertPool()
	switch protocol.AttestationFormat(s.Format) {
	case protocol.AttestationFormatPacked, protocol.AttestationFormatFIDOUniversalSecondFactor,
		protocol.AttestationFormatTPM, protocol.AttestationFormatAndroidKey, protocol.AttestationFormatApple:
	default:
		return nil, between
	}
	list, _ := s.AttStatement["x5c"].([]any)
	var leaf *x509.Certificate
	for i, raw := range list {
		der, _ := raw.([]byte)
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return nil, between
		}
		if i == 0 {
			leaf = cert
			continue
		}
		between.AddCert(cert)
	}
	if leaf != nil && protocol.AttestationFormat(s.Format) == protocol.AttestationFormatTPM {
		// Critical, because the subject is empty (§8.3.1); the library has read it, crypto/x509 knows no such
		// name.
		name := asn1.ObjectIdentifier{2, 5, 29, 17}
		leaf.UnhandledCriticalExtensions = slices.DeleteFunc(leaf.UnhandledCriticalExtensions, name.Equal)
	}
	return leaf, between
}
