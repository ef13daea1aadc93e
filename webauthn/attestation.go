package webauthn

import (
	"crypto/x509"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/metadata"
	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
)

// statementShape refuses what the library would overlook: an x5c that is no array, which it takes for self
// attestation, and a fido-u2f statement for a key with an AAGUID, which U2F does not have.
func statementShape(o *protocol.AttestationObject, anyU2FModel bool) error {
	if x5c, ok := o.AttStatement["x5c"]; ok {
		if list, ok := x5c.([]any); !ok || len(list) == 0 || len(list) > 8 {
			return auth.Refuse(auth.KeyAttestation)
		}
	}
	u2f := protocol.AttestationFormat(o.Format) == protocol.AttestationFormatFIDOUniversalSecondFactor
	if u2f && !anyU2FModel && AAGUID(o.AuthData.AttData.AAGUID) != (AAGUID{}) {
		return auth.Refuse(auth.KeyAttestation)
	}
	return nil
}

// judge applies the policy to a verified statement (Level 3 §7.1 steps 23 and 24) and tells whether the key is
// certified. A model is proved only by a chain: anybody may write an AAGUID into a statement of format none, into a self
// attestation, or under a root made at home.
func (f *Factor) judge(c *auth.Ceremony, o *protocol.AttestationObject) (bool, error) {
	policy := &f.config.Attestation
	model := AAGUID(o.AuthData.AttData.AAGUID)
	certified := chains(o, policy.Roots, model, c.Now)
	switch {
	case slices.Contains(policy.Deny, model):
		return false, f.modelRefused(model)
	case policy.Require && !certified:
		return false, auth.Refuse(auth.KeyAttestation)
	case len(policy.Allow) > 0 && !slices.Contains(policy.Allow, model):
		return false, f.modelRefused(model)
	}
	return certified, nil
}

func (f *Factor) modelRefused(model AAGUID) error {
	return auth.Refuse(auth.KeyModelRefused, "name", f.models[model])
}

// chains tells whether the statement's certificates lead to a root that may vouch for the model.
func chains(o *protocol.AttestationObject, roots []Root, model AAGUID, now time.Time) bool {
	if o.Type == string(metadata.None) || o.Type == string(metadata.BasicSurrogate) || len(roots) == 0 {
		return false
	}
	list, _ := o.AttStatement["x5c"].([]any)
	var leaf *x509.Certificate
	between := x509.NewCertPool()
	for i, raw := range list {
		der, _ := raw.([]byte)
		cert, err := x509.ParseCertificate(der)
		if err != nil {
			return false
		}
		if i == 0 {
			leaf = cert
			continue
		}
		between.AddCert(cert)
	}
	pool := x509.NewCertPool()
	for _, r := range roots {
		if len(r.Models) == 0 || slices.Contains(r.Models, model) {
			pool.AddCert(r.Certificate)
		}
	}
	if leaf == nil {
		return false
	}
	_, err := leaf.Verify(x509.VerifyOptions{
		Roots: pool, Intermediates: between, CurrentTime: now, KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	return err == nil
}
