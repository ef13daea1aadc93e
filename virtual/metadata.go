package virtual

import (
	"context"
	"crypto"
	"encoding/asn1"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"slices"
	"time"
)

// Metadata is what a BLOB of the FIDO Metadata Service 3 says. The zero value is an empty BLOB, number 1, signed with
// ES256.
type Metadata struct {
	Number      int       // no; 1 when 0
	NextUpdate  time.Time // 2099-12-31 when zero
	LegalHeader string    // a sentence that says what it is when empty
	Entries     []MetadataEntry
	Algorithm   Algorithm // ES256 or RS256; ES256 when 0

	Payload   func(map[string]any)    // may change the payload before it is signed
	Chain     func([][]byte) [][]byte // may change x5c: the signer's certificate, those above it, the root
	Signature func([]byte) []byte     // may change the signature
}

// A MetadataEntry describes the model of one authenticator, known by its AAGUID or, without one, by the key of its
// attestation certificate.
type MetadataEntry struct {
	Authenticator *Authenticator
	Description   string               // "Virtual Authenticator" when empty
	Status        []StatusReport       // oldest first; FIDO_CERTIFIED_L1 since 2020-01-01 when nil
	Change        func(map[string]any) // may change the entry, the member metadataStatement (also a map) in it
}

// A StatusReport says that a model has a status since a day (MDS3 StatusReport): FIDO_CERTIFIED_L1, REVOKED,
// ATTESTATION_KEY_COMPROMISE, USER_KEY_REMOTE_COMPROMISE, UPDATE_AVAILABLE, and so on.
type StatusReport struct {
	Status                           string `json:"status"`
	EffectiveDate                    string `json:"effectiveDate,omitempty"` // 2006-01-02
	AuthenticatorVersion             uint32 `json:"authenticatorVersion,omitempty"`
	Certificate                      []byte `json:"certificate,omitempty"` // DER of the one that is compromised
	URL                              string `json:"url,omitempty"`
	CertificationDescriptor          string `json:"certificationDescriptor,omitempty"`
	CertificateNumber                string `json:"certificateNumber,omitempty"`
	CertificationPolicyVersion       string `json:"certificationPolicyVersion,omitempty"`
	CertificationRequirementsVersion string `json:"certificationRequirementsVersion,omitempty"`
}

// SignMetadata returns the BLOB, a JWT in compact form: header with alg, typ and x5c, payload, signature. Its signer is
// certified by ca, so that a relying party verifies it with Root as its trust anchor. The same metadata gives the same
// BLOB.
func (ca *CA) SignMetadata(m Metadata) ([]byte, error) {
	if m.Algorithm == 0 {
		m.Algorithm = ES256
	}
	name := map[Algorithm]string{ES256: "ES256", RS256: "RS256"}[m.Algorithm]
	if name == "" {
		return nil, fmt.Errorf("signing metadata: neither ES256 nor RS256: %d", m.Algorithm)
	}
	payload, err := m.payload()
	if err != nil {
		return nil, fmt.Errorf("writing metadata: %w", err)
	}
	chain, key, err := ca.metadataSigner(m.Algorithm)
	if err != nil {
		return nil, err
	}
	if m.Chain != nil {
		chain = m.Chain(chain)
	}
	header, err := json.Marshal(map[string]any{"alg": name, "typ": "JWT", "x5c": chain}) // []byte is standard base64
	if err != nil {
		return nil, fmt.Errorf("writing metadata: %w", err)
	}
	enc := base64.RawURLEncoding
	out := append(enc.AppendEncode(nil, header), '.')
	out = enc.AppendEncode(out, payload)
	sig, err := signMessage(m.Algorithm, key, out)
	if err == nil && m.Algorithm == ES256 {
		sig, err = fixedSignature(sig)
	}
	if err != nil {
		return nil, fmt.Errorf("signing metadata: %w", err)
	}
	return enc.AppendEncode(append(out, '.'), changed(m.Signature, sig)), nil
}

// metadataSigner returns the key that signs BLOBs, and its certificate with all above it.
func (ca *CA) metadataSigner(alg Algorithm) ([][]byte, crypto.Signer, error) {
	key, err := generate(alg, newStream(ca.seed("metadata"), "key", 0))
	if err != nil {
		return nil, nil, err
	}
	t := ca.template("Virtual Metadata Service", "Metadata")
	t.SerialNumber, t.AuthorityKeyId = new(big.Int).SetBytes(keyID(key.Public())), ca.cert.SubjectKeyId
	cert, err := ca.sign(t, ca.cert, key.Public())
	if err != nil {
		return nil, nil, err
	}
	chain := append([][]byte{cert.Raw}, ca.chain...)
	return append(chain, ca.root.Raw), key, nil
}

// fixedSignature turns an ECDSA signature of P-256 from DER into r || s, as JSON Web Algorithms want it (RFC 7518
// §3.4).
func fixedSignature(der []byte) ([]byte, error) {
	var sig struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &sig); err != nil {
		return nil, fmt.Errorf("reading a signature: %w", err)
	}
	out := make([]byte, 64)
	sig.R.FillBytes(out[:32])
	sig.S.FillBytes(out[32:])
	return out, nil
}

// payload is the MetadataBLOBPayload dictionary (MDS3).
func (m *Metadata) payload() ([]byte, error) {
	number := m.Number
	next := m.NextUpdate
	legal := m.LegalHeader
	if number == 0 {
		number = 1
	}
	if next.IsZero() {
		next = time.Date(2099, 12, 31, 0, 0, 0, 0, time.UTC)
	}
	if legal == "" {
		legal = "Metadata of software authenticators, for tests. It is no statement of the FIDO Alliance."
	}
	entries := []any{}
	for i := range m.Entries {
		e, err := m.Entries[i].entry()
		if err != nil {
			return nil, fmt.Errorf("entry %d: %w", i, err)
		}
		entries = append(entries, e)
	}
	out := map[string]any{
		"legalHeader": legal, "no": number, "nextUpdate": next.Format(time.DateOnly), "entries": entries,
	}
	if m.Payload != nil {
		m.Payload(out)
	}
	return json.Marshal(out)
}

// entry is the MetadataBLOBPayloadEntry dictionary (MDS3).
func (e *MetadataEntry) entry() (map[string]any, error) {
	if e.Authenticator == nil {
		return nil, errors.New("no authenticator to describe")
	}
	statement, err := e.statement()
	if err != nil {
		return nil, err
	}
	status := e.Status
	if status == nil {
		status = []StatusReport{{
			Status: "FIDO_CERTIFIED_L1", EffectiveDate: "2020-01-01", CertificationDescriptor: "Virtual Authenticator",
			CertificateNumber: "VIRTUAL0001", CertificationPolicyVersion: "1.4.0",
			CertificationRequirementsVersion: "1.5.0",
		}}
	}
	since := "2020-01-01"
	if n := len(status); n > 0 && status[n-1].EffectiveDate != "" {
		since = status[n-1].EffectiveDate
	}
	out := map[string]any{"metadataStatement": statement, "statusReports": status, "timeOfLastStatusChange": since}
	for _, name := range []string{"aaguid", "attestationCertificateKeyIdentifiers"} {
		if v, ok := statement[name]; ok {
			out[name] = v
		}
	}
	if e.Change != nil {
		e.Change(out)
	}
	return out, nil
}

// statement is the MetadataStatement dictionary (FIDO Metadata Statement 3).
func (e *MetadataEntry) statement() (map[string]any, error) {
	o := e.Authenticator.Options()
	description := e.Description
	if description == "" {
		description = "Virtual Authenticator"
	}
	roots := [][]byte{}
	if o.Attestation.certified() {
		roots = append(roots, o.CA.Root().Raw)
	}
	out := map[string]any{
		"legalHeader": "Metadata of a software authenticator, for tests.", "description": description,
		"authenticatorVersion": 1, "schema": 3, "attestationRootCertificates": roots,
		"keyProtection": []string{"software"}, "matcherProtection": []string{"software"}, "cryptoStrength": 128,
		"tcDisplay": []string{}, "attestationTypes": o.attestationTypes(),
		"multiDeviceCredentialSupport": "unsupported",
		"userVerificationDetails":      o.verificationDetails(), "attachmentHint": []string{"external", "wired"},
		"protocolFamily": "fido2", "publicKeyAlgAndEncodings": []string{"cose"},
		"upv": []any{map[string]int{"major": 1, "minor": 0}, map[string]int{"major": 1, "minor": 1}},
	}
	if o.Backup {
		out["multiDeviceCredentialSupport"] = "explicit"
	}
	if o.Platform {
		out["attachmentHint"] = []string{"internal"}
	}
	names := map[Algorithm]string{
		ES256: "secp256r1_ecdsa_sha256_raw", ES384: "secp384r1_ecdsa_sha384_raw", ES512: "secp521r1_ecdsa_sha512_raw",
		EdDSA: "ed25519_eddsa_sha512_raw", RS256: "rsassa_pkcsv15_sha256_raw",
	}
	algorithms := []string{}
	for _, alg := range o.Algorithms {
		algorithms = append(algorithms, names[alg])
	}
	out["authenticationAlgorithms"] = algorithms
	return out, e.identify(&o, out)
}

// identify puts in what the model is known by.
func (e *MetadataEntry) identify(o *Options, out map[string]any) error {
	if o.AAGUID != [16]byte{} {
		out["aaguid"] = formatAAGUID(o.AAGUID)
		var err error
		out["authenticatorGetInfo"], err = e.Authenticator.metadataInfo()
		return err
	}
	if o.Protocol == U2F {
		out["protocolFamily"], out["publicKeyAlgAndEncodings"] = "u2f", []string{"ecc_x962_raw"}
		out["upv"] = []any{map[string]int{"major": 1, "minor": 1}}
	}
	if !o.Attestation.ofModel() {
		return errors.New("neither an AAGUID nor an attestation certificate of the model")
	}
	cert, _, err := o.CA.IssueWith(LeafOptions{Format: o.Attestation})
	if err != nil {
		return err
	}
	out["attestationCertificateKeyIdentifiers"] = []string{keyIdentifier(cert)}
	return nil
}

// metadataInfo is the AuthenticatorGetInfo dictionary: CTAP's getInfo in JSON, of a device that nobody has set up yet
// (FIDO Metadata Statement 3).
func (a *Authenticator) metadataInfo() (map[string]any, error) {
	answer, err := a.commandInfo(context.Background(), nil)
	if err != nil {
		return nil, fmt.Errorf("asking for its capabilities: %w", err)
	}
	members, ok := answer.(map[int]any)
	if !ok {
		return nil, fmt.Errorf("asking for its capabilities: got a %T", answer)
	}
	names := map[int]string{
		1: "versions", 2: "extensions", 4: "options", 5: "maxMsgSize", 6: "pinUvAuthProtocols",
		7: "maxCredentialCountInList",
		8: "maxCredentialIdLength", 9: "transports", 10: "algorithms", 11: "maxSerializedLargeBlobArray",
		13: "minPINLength",
		14: "firmwareVersion", 15: "maxCredBlobLength", 16: "maxRPIDsForSetMinPINLength",
	}
	o := &a.options
	out := map[string]any{"aaguid": hex.EncodeToString(o.AAGUID[:])}
	for number, name := range names {
		if v, ok := members[number]; ok {
			out[name] = v
		}
	}
	if options, ok := members[4].(map[string]bool); ok && o.ClientPIN {
		options["clientPin"] = false
	}
	out["attestationFormats"] = o.attestationFormats()
	return out, nil
}

// attestationFormats lists the formats that a key of this device is attested in.
func (o *Options) attestationFormats() []string {
	formats := []string{o.Attestation.String()}
	if o.Attestation == AttestCompound {
		for _, f := range compoundParts(o.Compound) {
			formats = append(formats, f.String())
		}
	}
	return slices.Compact(formats)
}

// attestationTypes are the ATTESTATION names of the FIDO Registry of Predefined Values.
func (o *Options) attestationTypes() []string {
	names := map[Format]string{
		AttestNone: "none", AttestSelf: "basic_surrogate", AttestPacked: "basic_full", AttestFIDOU2F: "basic_full",
		AttestTPM: "attca", AttestAndroidKey: "basic_full", AttestApple: "anonca",
	}
	parts := []Format{o.Attestation}
	if o.Attestation == AttestCompound {
		parts = compoundParts(o.Compound)
	}
	var out []string
	for _, f := range parts {
		out = append(out, names[f])
	}
	return out
}

// verificationDetails lists the ways to verify the user, each a list of methods that must come together.
func (o *Options) verificationDetails() [][]map[string]string {
	out := [][]map[string]string{{{"userVerificationMethod": "presence_internal"}}}
	if o.ClientPIN {
		out = append(out, []map[string]string{{"userVerificationMethod": "passcode_external"}})
	}
	if o.UserVerification != UVNone {
		out = append(out, []map[string]string{{"userVerificationMethod": "fingerprint_internal"}})
	}
	return out
}

// formatAAGUID writes an AAGUID as metadata does: 8-4-4-4-12 digits.
func formatAAGUID(id [16]byte) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}
