package fault

import (
	"bytes"
	"crypto/x509"
	"encoding/asn1"

	"github.com/latchkey-auth/latchkey/virtual"
)

func parts(change func(p *virtual.TPMParts)) edit {
	return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) { a.TPM = change })
}

// tpmFaults break TPM statements (Level 3 §8.3).
func tpmFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createTPM, check} }
	version := t(CheckTPMVersion)
	key := t(CheckTPMKey)
	magic := t(CheckTPMMagic)
	kind := t(CheckTPMType)
	extra := t(CheckTPMExtraData)
	name := t(CheckTPMName)
	sig := t(CheckTPMSignature)
	versionWhy := "A statement of another version has another layout, and its fields mean something else."
	keyWhy := "The TPM vouched for a key, but not for the one that is registered."
	magicWhy := "Only this mark tells what the TPM made from what it was given to sign."
	kindWhy := "The TPM signs other things with the same key, such as quotes and times, which say nothing of a new key."
	extraWhy := "A certification without this ceremony in it may have been made long ago."
	nameWhy := "The TPM certified a key, but not the one whose public area is shown."
	sigWhy := "Without a right signature the statement is a claim that anybody can make about any key."
	return []*Fault{
		version.row("tpm-version-1", "The TPM's statement is of TPM 1.2.", versionWhy, parts(func(p *virtual.TPMParts) { p.Version = "1.2" })),
		version.row("tpm-version-empty", "The TPM's statement's version is empty.", versionWhy, parts(func(p *virtual.TPMParts) { p.Version = "" })),
		version.row("tpm-version-missing", "The TPM's statement has no version.", versionWhy, unstated("ver")),
		version.row("tpm-version-number", "The TPM's statement's version is a number.", versionWhy, stated("ver", 2)),
		key.row("tpm-key-x", "The public area's x has one wrong bit.", keyWhy, parts(func(p *virtual.TPMParts) { p.X = flipLast(bytes.Clone(p.X)) })),
		key.row("tpm-key-swapped", "The public area has x and y exchanged.", keyWhy, parts(func(p *virtual.TPMParts) { p.X, p.Y = p.Y, p.X })),
		key.row("tpm-key-curve", "The public area is on P-384.", keyWhy, parts(func(p *virtual.TPMParts) { p.Curve = 4 })),
		key.row("tpm-key-other", "The public area is that of another key.", keyWhy, attester(strangerArea)),
		magic.row("tpm-magic", "The TPM's statement's certInfo has another magic number.", magicWhy, parts(func(p *virtual.TPMParts) { p.Magic = 0xff544348 })),
		magic.row("tpm-magic-zero", "The TPM's statement's magic number is zero.", magicWhy, parts(func(p *virtual.TPMParts) { p.Magic = 0 })),
		kind.row("tpm-type-quote", "The TPM's statement's certInfo is a quote of platform registers.", kindWhy, parts(func(p *virtual.TPMParts) { p.Attest = 0x8018 })),
		kind.row("tpm-type-creation", "The statement's certInfo attests a creation.", kindWhy, parts(func(p *virtual.TPMParts) { p.Attest = 0x801a })),
		extra.row("tpm-extra-flipped", "The TPM's statement's extraData has one wrong bit.", extraWhy, parts(func(p *virtual.TPMParts) { p.ExtraData = flipLast(bytes.Clone(p.ExtraData)) })),
		extra.row("tpm-extra-empty", "The TPM's statement's extraData is empty.", extraWhy, parts(func(p *virtual.TPMParts) { p.ExtraData = nil })),
		extra.row("tpm-extra-cut", "The TPM's statement's extraData is half of the hash.", extraWhy, parts(func(p *virtual.TPMParts) { p.ExtraData = p.ExtraData[:16] })),
		extra.row("tpm-extra-other-data", "The TPM's statement's extraData is the hash over other authenticator data.", extraWhy,
			vouched(func(msg []byte) []byte { msg[32] ^= virtual.FlagUV; return msg })),
		name.row("tpm-name-flipped", "The certified name has one wrong bit.", nameWhy,
			parts(func(p *virtual.TPMParts) { p.Name = flipLast(p.NameOf(p.PubArea())) })),
		name.row("tpm-name-other", "The certified name is that of another key.", nameWhy, parts(func(p *virtual.TPMParts) {
			q := *p
			q.X, q.Y = p.Y, p.X
			p.Name = p.NameOf(q.PubArea())
		})),
		name.row("tpm-name-empty", "The certified name is empty.", nameWhy, parts(func(p *virtual.TPMParts) { p.Name = []byte{} })),
		sig.row("tpm-signature-flipped", "The TPM's statement's signature has one wrong bit.", sigWhy, signature(flipLast)),
		sig.row("tpm-signature-empty", "The TPM's statement's signature is empty.", sigWhy, signature(nothing)),
		sig.row("tpm-signature-missing", "The TPM's statement has no signature.", sigWhy, unstated("sig")),
		sig.row("tpm-signature-by-credential", "The TPM's statement's certInfo is signed by the new key itself.", sigWhy, signer(credentialKey)),
		sig.row("tpm-signature-stranger", "The TPM's statement's certInfo is signed by a key without a certificate.", sigWhy, signer(strangerKey)),
	}
}

// strangerArea puts another key's point into the public area.
func strangerArea(s *harness, a *virtual.Attester, _ *virtual.Credential) {
	point, err := x509.MarshalPKIXPublicKey(s.key("stranger", virtual.ES256).Public())
	if err != nil {
		s.fail(err)
		return
	}
	a.TPM = func(p *virtual.TPMParts) { p.X, p.Y = point[len(point)-64:len(point)-32], point[len(point)-32:] }
}

// tpmCertificateFaults break the certificate of the attestation identity key (Level 3 §8.3.1).
func tpmCertificateFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createTPM, check} }
	version := t(CheckTPMVersion3)
	subject := t(CheckTPMSubject)
	vendor := t(CheckTPMVendor)
	usage := t(CheckTPMUsage)
	ca := t(CheckTPMCA)
	model := t(CheckTPMAAGUID)
	versionWhy := "Certificates before version 3 have no extensions, so neither usage nor CA can be told."
	vendorWhy := "Who made the TPM is all that tells a real one from a simulator under the same root."
	usageWhy := "Only the usage tells a TPM's identity key from other keys under the same root."
	otherUsage := func(list ...asn1.ObjectIdentifier) edit {
		return leaf(func(c *x509.Certificate) { c.UnknownExtKeyUsage = list })
	}
	return []*Fault{
		version.row("tpm-certificate-version-1", "The TPM's certificate is of version 1.", versionWhy, leafVersion(1)),
		version.row("tpm-certificate-version-2", "The TPM's certificate is of version 2.", versionWhy, leafVersion(2)),
		subject.row("tpm-subject", "The TPM's certificate has a subject.",
			"Certificates that the rules for TPMs exclude were made for something else.",
			leaf(func(c *x509.Certificate) { c.Subject.CommonName = "TPM" })),
		vendor.row("tpm-alternative-name-missing", "The TPM's certificate has no alternative name.", vendorWhy,
			leaf(func(c *x509.Certificate) { c.ExtraExtensions = c.ExtraExtensions[1:] })),
		vendor.row("tpm-maker-missing", "The TPM's certificate does not tell the TPM's maker.", vendorWhy, unnamed(1)),
		vendor.row("tpm-maker-unknown", "The TPM's certificate tells a maker that nobody registered.", vendorWhy,
			leaf(func(c *x509.Certificate) {
				san := &c.ExtraExtensions[0]
				san.Value = bytes.Replace(san.Value, []byte("FFFFF1D0"), []byte("5A5A5A5A"), 1)
			})),
		vendor.row("tpm-product-missing", "The TPM's certificate does not tell the TPM's model.", vendorWhy, unnamed(2)),
		vendor.row("tpm-firmware-missing", "The TPM's certificate does not tell the TPM's version.", vendorWhy, unnamed(3)),
		usage.row("tpm-usage-missing", "The TPM's certificate has no extended key usage.", usageWhy, otherUsage()),
		usage.row("tpm-usage-other", "The TPM's certificate is for endorsement keys.", usageWhy, otherUsage(asn1.ObjectIdentifier{2, 23, 133, 8, 1})),
		ca.row("tpm-constraints-missing", "The TPM's certificate has no basic constraints.", "Whoever has a CA certificate under a trusted root could make TPMs.",
			leaf(func(c *x509.Certificate) { c.BasicConstraintsValid = false })),
		ca.row("tpm-ca", "The TPM's certificate is a CA's.", "Whoever has a CA certificate under a trusted root could make TPMs.",
			leaf(func(c *x509.Certificate) { c.IsCA = true })),
		model.row("tpm-model-other", "The TPM's certificate is of another model than the authenticator data.",
			"A cheap model's certificate would vouch for a key that says it is of an expensive one.", leafModel()),
	}
}

// unnamed gives one of the attributes of the TPM (1 maker, 2 model, 3 version) a type that nobody knows.
func unnamed(attribute byte) edit {
	return leaf(func(c *x509.Certificate) {
		san := &c.ExtraExtensions[0]
		kind := []byte{0x06, 0x05, 0x67, 0x81, 0x05, 0x02, attribute} // 2.23.133.2
		san.Value = bytes.Replace(san.Value, kind, append(kind[:6:6], 0x7f), 1)
	})
}
