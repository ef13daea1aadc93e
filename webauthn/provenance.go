package webauthn

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"
	"fmt"
	"slices"
	"time"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
)

// A finding is what a verified statement proves of a key, and what metadata say of its model.
type finding struct {
	id    AAGUID
	chain []*x509.Certificate // from its certificate to a root that may vouch for the model; nil: none
	model *Model              // nil: nothing is known
	level auth.Level          // of a chain to the roots that metadata have for the model
	ill   string              // the status by which no key of the model should be taken
	shown []*x509.Certificate // all that the statement holds, whether they lead anywhere or not
}

// prove looks where a statement leads: to the house's own roots, or to those of the metadata for this very
// model. A model is proved only by a chain: anybody may write an AAGUID into a statement of format none, into a
// self attestation, or under a root made at home. What is bad of a model counts where it is only claimed, too.
func (f *Factor) prove(o *protocol.AttestationObject, now time.Time) finding {
	known := f.metadata()
	out := finding{id: AAGUID(o.AuthData.AttData.AAGUID), shown: shown(o)}
	own := poolOf(f.config.Attestation.Roots, out.id)
	out.model = known.Model(out.id, nil)
	for _, s := range statements(o) {
		leaf, between := trustPath(s)
		if leaf == nil {
			continue
		}
		if out.chain == nil {
			out.chain = chainTo(leaf, between, own, now)
		}
		model := known.Model(out.id, leaf)
		if model == nil {
			continue
		}
		if chain := chainTo(leaf, between, model.pool(), now); chain != nil {
			out.chain, out.model = chain, model
			out.level = model.LevelAt(now)
			break
		}
	}
	if out.model != nil {
		out.ill = out.model.Broken(now, slices.Concat(out.shown, out.chain))
	}
	return out
}

// metadata is what is in use, nil if there is nothing.
func (f *Factor) metadata() *Metadata {
	if f.config.Metadata == nil {
		return nil
	}
	return f.config.Metadata()
}

// poolOf are the roots that may vouch for a model.
func poolOf(roots []Root, model AAGUID) *x509.CertPool {
	pool := x509.NewCertPool()
	for _, r := range roots {
		if len(r.Models) == 0 || slices.Contains(r.Models, model) {
			pool.AddCert(r.Certificate)
		}
	}
	return pool
}

// pool are the roots that metadata have for the model. One may be the attestation certificate itself.
func (m *Model) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	for _, der := range m.roots {
		if cert, err := x509.ParseCertificate(der); err == nil {
			pool.AddCert(cert)
		}
	}
	return pool
}

// chainTo is the way from a certificate to one of the roots, nil if there is none.
func chainTo(leaf *x509.Certificate, between, roots *x509.CertPool, now time.Time) []*x509.Certificate {
	chains, err := leaf.Verify(x509.VerifyOptions{
		Roots: roots, Intermediates: between, CurrentTime: now,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil || len(chains) == 0 {
		return nil
	}
	return chains[0]
}

// shown are all certificates that a statement holds, whether they lead anywhere or not.
func shown(o *protocol.AttestationObject) []*x509.Certificate {
	var list []*x509.Certificate
	for _, s := range statements(o) {
		x5c, _ := s.AttStatement["x5c"].([]any)
		for _, raw := range x5c {
			der, _ := raw.([]byte)
			if cert, err := x509.ParseCertificate(der); err == nil {
				list = append(list, cert)
			}
		}
	}
	return list
}

// provenance is what is stored of it. The name that the house gives a model goes before that of the metadata,
// and that before what is built in.
func (f *Factor) provenance(x *finding) auth.Provenance {
	out := auth.Provenance{Model: f.modelName(x), Certified: x.chain != nil, Level: x.level}
	if x.id != (AAGUID{}) {
		out.ModelID = x.id.String()
	}
	if !out.Certified {
		return out
	}
	leaf := x.chain[0]
	if list := leaf.Subject.Organization; len(list) > 0 {
		out.Maker = clean(list[0])
	}
	out.Firmware = firmware(leaf)
	return out
}

// claimed is what is stored of a key that proves nothing.
func (f *Factor) claimed(id AAGUID) auth.Provenance {
	return f.provenance(&finding{id: id, model: f.metadata().Model(id, nil)})
}

func (f *Factor) modelName(x *finding) string {
	if name := f.config.Models[x.id]; name != "" {
		return name
	}
	if x.model != nil && x.model.Description != "" {
		return x.model.Description
	}
	return f.models[x.id]
}

// firmware is the version that Yubico's attestation certificates name, in three bytes; other makers tell none.
func firmware(leaf *x509.Certificate) string {
	version := asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 41482, 13, 1}
	for _, e := range leaf.Extensions {
		rest, ok := bytes.CutPrefix(e.Value, []byte{asn1.TagOctetString, 3})
		if ok && e.Id.Equal(version) && len(rest) == 3 {
			return fmt.Sprintf("%d.%d.%d", rest[0], rest[1], rest[2])
		}
	}
	return ""
}
