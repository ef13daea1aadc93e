package fault

import (
	"bytes"
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"math/big"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
)

// statementFaults break attestation statements (Level 3 §8).
func statementFaults() []*Fault {
	t := func(b Baseline, check Check) rowDefaults { return rowDefaults{Registration, b, check} }
	return slices.Concat(hashFaults(), formatFaults(), packedFaults(), packedCertificateFaults(), u2fFaults(),
		algFaults("tpm", "The TPM's", t(createTPM, CheckTPMAlg)), chainFaults("tpm", "The TPM's", t(createTPM, CheckTPMX5C)), tpmFaults(),
		tpmCertificateFaults(), algFaults("android", "The Android", t(createAndroidKey, CheckAndroidAlg)),
		chainFaults("android", "The Android", t(createAndroidKey, CheckAndroidX5C)), androidFaults(),
		chainFaults("apple", "Apple's", t(createApple, CheckAppleX5C)), appleFaults(), compoundFaults())
}

// Edits of attestation statements.

func leaf(change func(c *x509.Certificate)) edit {
	return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) {
		a.Leaf = &virtual.LeafOptions{Change: change}
	})
}

func leafVersion(version int) edit {
	return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) {
		a.Leaf = &virtual.LeafOptions{Version: version}
	})
}

// leafModel certifies another model than the one in the authenticator data.
func leafModel() edit {
	return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) {
		a.Leaf = &virtual.LeafOptions{AAGUID: [16]byte([]byte("another model..."))}
	})
}

// leafKey certifies another key, with which the statement is signed as well.
func leafKey(alg virtual.Algorithm) edit {
	return attester(func(s *harness, a *virtual.Attester, _ *virtual.Credential) {
		a.Leaf = &virtual.LeafOptions{Key: s.key("leaf key", alg)}
	})
}

// signer signs the statement with a key that is not the right one.
func signer(who func(s *harness, c *virtual.Credential) crypto.Signer) edit {
	return attester(func(s *harness, a *virtual.Attester, c *virtual.Credential) { a.Key = who(s, c) })
}

func credentialKey(_ *harness, c *virtual.Credential) crypto.Signer { return c.PrivateKey() }

func strangerKey(s *harness, _ *virtual.Credential) crypto.Signer {
	return s.key("stranger", virtual.ES256)
}

// key draws a private key; nil, beside a failure, when there is none.
func (s *harness) key(label string, alg virtual.Algorithm) crypto.Signer {
	c, err := virtual.Derive(s.draw(label), 0, s.about.RPID, alg)
	if err != nil {
		s.fail(err)
		return nil
	}
	return c.PrivateKey()
}

// vouched changes what the statement is signed over.
func vouched(change func(msg []byte) []byte) edit {
	return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) { a.Message = change })
}

// chain changes x5c.
func chain(change func(s *harness, x5c [][]byte) [][]byte) edit {
	return attester(func(s *harness, a *virtual.Attester, _ *virtual.Credential) {
		a.Chain = func(x5c [][]byte) [][]byte { return change(s, x5c) }
	})
}

// stated puts an entry into the statement after it was signed; unstated takes one out.
func stated(name string, value any) edit {
	return statement(func(stmt map[string]any) { stmt[name] = value })
}

func unstated(name string) edit {
	return statement(func(stmt map[string]any) { delete(stmt, name) })
}

func flipLast(b []byte) []byte {
	b[len(b)-1] ^= 1
	return b
}

func nothing([]byte) []byte { return []byte{} }

// hashFaults send other client data than were hashed and signed: a relying party that writes them anew before it hashes
// them, as it understood them, does not notice.
func hashFaults() []*Fault {
	t := rowDefaults{Registration, createSelf, CheckCreateHash}
	why := "Bytes that are judged and not signed can be changed by anything between key and relying party."
	resent := func(change func(b []byte) []byte) edit {
		return func(_ *harness, e *edits) {
			e.Registration = also(e.Registration, func(r *virtual.RegistrationResponse) {
				r.Response.ClientDataJSON = change(r.Response.ClientDataJSON)
			})
		}
	}
	return []*Fault{
		t.row("hash-space", "A blank was put into the client data after they were signed.", why,
			resent(func(b []byte) []byte { return before(b, " ") })),
		t.row("hash-member", "A member was put into the client data after they were signed.", why,
			resent(func(b []byte) []byte { return before(b, `"more":1`) })),
		t.row("hash-mark", "A byte order mark was put before the client data after they were signed.", why,
			resent(func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) })),
		t.row("hash-escape", "A letter of the client data was written as an escape after they were signed.", why,
			resent(func(b []byte) []byte { return bytes.Replace(b, []byte("webauthn"), []byte(`\u0077ebauthn`), 1) })),
	}
}

func formatFaults() []*Fault {
	known, none := rowDefaults{Registration, createPlain, CheckFormatKnown}, rowDefaults{Registration, createPlain, CheckNoneEmpty}
	why := "A statement of a format that is not understood proves nothing, however it looks."
	format := func(name string) edit {
		return attestation(func(a *virtual.Attestation) { a.Format = name })
	}
	extra := "A none statement with content is one that somebody stripped of its name to have it waved through."
	return []*Fault{
		known.row("format-unknown", "The statement is of a format that nobody registered.", why, format("example-unregistered")),
		known.row("format-case", "The format's name is in capitals.", why, format("NONE")),
		known.row("format-blank", "A blank follows the format's name.", why, format("none ")),
		known.row("format-null-byte", "A zero byte follows the format's name.", why, format("none\x00")),
		known.row("format-empty", "The format's name is empty.", why, format("")),
		none.row("none-signature", "The none statement has a signature.", extra, stated("sig", []byte{1, 2, 3})),
		none.row("none-algorithm", "The none statement has an algorithm.", extra, stated("alg", -7)),
		none.row("none-certificates", "The none statement has an empty list of certificates.", extra, stated("x5c", []any{})),
	}
}

func packedFaults() []*Fault {
	alg, self := rowDefaults{Registration, createSelf, CheckPackedAlg}, rowDefaults{Registration, createSelf, CheckPackedSignature}
	algX, certified := rowDefaults{Registration, createPacked, CheckPackedAlg}, rowDefaults{Registration, createPacked, CheckPackedSignature}
	x5c, listX := rowDefaults{Registration, createSelf, CheckPackedX5C}, rowDefaults{Registration, createPacked, CheckPackedX5C}
	algWhy := "A signature that is verified by another algorithm than the key's is verified by one the sender chose."
	sigWhy := "Without a right signature the statement is a claim that anybody can make about any key."
	x5cWhy := "A list that cannot be read must not turn a certified key into one that vouches for itself."
	return []*Fault{
		alg.row("packed-algorithm-missing", "The self attestation has no alg.", algWhy, unstated("alg")),
		alg.row("packed-algorithm-other", "The self attestation's alg is not that of the key.", algWhy, stated("alg", -257)),
		alg.row("packed-algorithm-text", "The self attestation's alg is a text.", algWhy, stated("alg", "ES256")),
		algX.row("packed-certified-algorithm-missing", "The certified statement has no alg.", algWhy, unstated("alg")),
		algX.row("packed-certified-algorithm-text", "The certified statement's alg is a text.", algWhy, stated("alg", "ES256")),
		algX.row("packed-certified-algorithm-other", "The statement's alg is not that of the certificate's key.", algWhy, stated("alg", -35)),
		self.row("packed-signature-flipped", "The self attestation's signature has one wrong bit.", sigWhy, signature(flipLast)),
		self.row("packed-signature-empty", "The self attestation's signature is empty.", sigWhy, signature(nothing)),
		self.row("packed-signature-missing", "The self attestation has no signature.", sigWhy, unstated("sig")),
		self.row("packed-signature-text", "The self attestation's signature is a text.", sigWhy, stated("sig", "signature")),
		self.row("packed-self-stranger", "The self attestation is signed by another key.", sigWhy, signer(strangerKey)),
		self.row("packed-self-other-data", "The self attestation is signed over other authenticator data.", sigWhy,
			vouched(func(msg []byte) []byte { msg[32] ^= virtual.FlagUV; return msg })),
		self.row("packed-self-other-hash", "The self attestation is signed over another client data hash.", sigWhy, vouched(flipLast)),
		certified.row("packed-certified-flipped", "The certified statement's signature has one wrong bit.", sigWhy, signature(flipLast)),
		certified.row("packed-certified-empty", "The certified statement's signature is empty.", sigWhy, signature(nothing)),
		certified.row("packed-certified-missing", "The certified statement has no signature.", sigWhy, unstated("sig")),
		certified.row("packed-certified-other-hash", "The certified statement is signed over another client data hash.", sigWhy, vouched(flipLast)),
		certified.row("packed-certified-by-credential", "The statement shows a certificate and is signed by the new key itself.", sigWhy, signer(credentialKey)),
		certified.row("packed-certified-raw", "The certified statement's signature is two numbers side by side, not DER.", sigWhy, signature(rawSignature)),
		certified.row("packed-certified-other-data", "The certified statement is signed over other authenticator data.", sigWhy,
			vouched(func(msg []byte) []byte { msg[36] ^= 1; return msg })),
		x5c.row("packed-x5c-empty", "The statement's x5c is an empty list beside a self attestation.", x5cWhy, stated("x5c", []any{})),
		x5c.row("packed-x5c-bytes", "The statement's x5c is a byte string beside a self attestation.", x5cWhy, stated("x5c", []byte{0x30, 0})),
		x5c.row("packed-x5c-null", "The statement's x5c is null beside a self attestation.", x5cWhy, stated("x5c", nil)),
		x5c.row("packed-x5c-garbage", "The statement's x5c holds bytes that are no certificate.", x5cWhy, stated("x5c", []any{[]byte("certificate")})),
		x5c.row("packed-x5c-text", "The statement's x5c holds a text.", x5cWhy, stated("x5c", []any{"certificate"})),
		listX.row("packed-chain-garbage", "Behind the certificate x5c holds bytes that are no certificate.", x5cWhy,
			chain(func(_ *harness, x5c [][]byte) [][]byte { return append(x5c, []byte("certificate")) })),
	}
}

// rawSignature turns an ECDSA signature in DER into its two numbers of 32 bytes.
func rawSignature(sig []byte) []byte {
	var pair struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(sig, &pair); err != nil {
		return nil
	}
	return append(pair.R.FillBytes(make([]byte, 32)), pair.S.FillBytes(make([]byte, 32))...)
}

func packedCertificateFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createPacked, check} }
	version := t(CheckPackedVersion)
	subject := t(CheckPackedSubject)
	ca := t(CheckPackedCA)
	model, critical := t(CheckPackedAAGUID), t(CheckPackedAAGUIDCritical)
	subjectWhy := "Only the subject tells an authenticator's certificate from a web server's or a person's under the same root."
	caWhy := "Whoever has a CA certificate under a trusted root could make authenticators of any model."
	versionWhy := "Certificates before version 3 have no extensions, so neither CA nor model can be told."
	unit := func(units ...string) edit {
		return leaf(func(c *x509.Certificate) { c.Subject.OrganizationalUnit = units })
	}
	return []*Fault{
		version.row("packed-version-1", "The certificate is of version 1.", versionWhy, leafVersion(1)),
		version.row("packed-version-2", "The certificate is of version 2.", versionWhy, leafVersion(2)),
		subject.row("packed-unit-other", "The certificate's organizational unit is another.", subjectWhy, unit("Sales")),
		subject.row("packed-unit-case", "The certificate's organizational unit is in small letters.", subjectWhy, unit("authenticator attestation")),
		subject.row("packed-unit-missing", "The certificate has no organizational unit.", subjectWhy, unit()),
		subject.row("packed-country-missing", "The certificate names no country.", subjectWhy, leaf(func(c *x509.Certificate) { c.Subject.Country = nil })),
		subject.row("packed-organization-missing", "The certificate names no organization.", subjectWhy, leaf(func(c *x509.Certificate) { c.Subject.Organization = nil })),
		subject.row("packed-name-missing", "The certificate has no common name.", subjectWhy, leaf(func(c *x509.Certificate) { c.Subject.CommonName = "" })),
		subject.row("packed-country-long", "The certificate's country is no code of two letters.", subjectWhy, leaf(func(c *x509.Certificate) { c.Subject.Country = []string{"Nowhere"} })),
		ca.row("packed-ca", "The certificate is a CA's.", caWhy, leaf(func(c *x509.Certificate) { c.IsCA = true })),
		ca.row("packed-constraints-missing", "The certificate has no basic constraints.", caWhy, leaf(func(c *x509.Certificate) { c.BasicConstraintsValid = false })),
		model.row("packed-model-other", "The certificate is of another model than the authenticator data.",
			"A cheap model's certificate would vouch for a key that says it is of an expensive one.", leafModel()),
		model.row("packed-model-bare", "The AAGUID in the certificate's extension is not wrapped in an octet string of its own.",
			"A reader that skips two bytes unseen compares something else than the AAGUID.",
			leaf(func(c *x509.Certificate) { c.ExtraExtensions[0].Value = c.ExtraExtensions[0].Value[2:] })),
		critical.row("packed-model-critical", "The certificate's AAGUID extension is critical.",
			"Certificates that the rules for authenticators exclude were made for something else.",
			leaf(func(c *x509.Certificate) { c.ExtraExtensions[0].Critical = true })),
	}
}

func u2fFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createU2F, check} }
	x5c, sig := t(CheckU2FX5C), t(CheckU2FSignature)
	x5cWhy := "U2F tokens show one certificate; a list leaves it to the reader which of them signed."
	sigWhy := "Without a right signature the statement is a claim that anybody can make about any key."
	return []*Fault{
		x5c.row("u2f-two-certificates", "The U2F statement's x5c holds the certificate twice.", x5cWhy,
			chain(func(_ *harness, x5c [][]byte) [][]byte { return append(x5c, x5c...) })),
		x5c.row("u2f-with-root", "The U2F statement's x5c holds the root behind the certificate.", x5cWhy,
			attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) {
				root := a.CA.Root().Raw
				a.Chain = func(x5c [][]byte) [][]byte { return append(x5c, root) }
			})),
		x5c.row("u2f-no-certificate", "The U2F statement's x5c is empty.", x5cWhy, stated("x5c", []any{})),
		x5c.row("u2f-x5c-missing", "The U2F statement has no x5c.", x5cWhy, unstated("x5c")),
		x5c.row("u2f-garbage", "The U2F statement's x5c holds bytes that are no certificate.", x5cWhy, stated("x5c", []any{[]byte("certificate")})),
		t(CheckU2FCertificateKey).row("u2f-certificate-p384", "The U2F certificate's key is on P-384.",
			"U2F knows P-256 only; what reads another curve as if it were P-256 verifies nothing.", leafKey(virtual.ES384), signedBySHA256()),
		t(CheckU2FKey).row("u2f-key-es384", "The credential's key is on P-384.",
			"The message that U2F signs has room for a P-256 point only, so another key is not what was signed.", other(virtual.ES384), told(virtual.ES384)).needs(OffersES384),
		t(CheckU2FKey).row("u2f-key-eddsa", "The credential's key is an Ed25519 key.",
			"The message that U2F signs has room for a P-256 point only, so another key is not what was signed.", other(virtual.EdDSA), told(virtual.EdDSA)).needs(OffersEdDSA),
		sig.row("u2f-signature-flipped", "The U2F statement's signature has one wrong bit.", sigWhy, signature(flipLast)),
		sig.row("u2f-signature-missing", "The U2F statement has no signature.", sigWhy, unstated("sig")),
		sig.row("u2f-signature-empty", "The U2F statement's signature is empty.", sigWhy, signature(nothing)),
		sig.row("u2f-signature-by-credential", "The U2F statement is signed by the new key itself.", sigWhy, signer(credentialKey)),
		sig.row("u2f-reserved-byte", "The message signed does not begin with the reserved zero byte.", sigWhy,
			vouched(func(msg []byte) []byte { msg[0] = 5; return msg })),
		sig.row("u2f-other-id", "The message signed has another credential id in it.", sigWhy,
			vouched(func(msg []byte) []byte { msg[65] ^= 1; return msg })),
		sig.row("u2f-other-site", "The message signed has another site's RP ID hash in it.", sigWhy,
			vouched(func(msg []byte) []byte { msg[1] ^= 1; return msg })),
		t(CheckU2FAAGUID).row("u2f-model", "The authenticator data beside a U2F statement have an AAGUID.",
			"U2F tokens have no AAGUID and do not sign one, so anybody can write one in.",
			attestedData(func(_ *harness, a *attested) { m := model(); a.aaguid = m[:] })),
	}
}

// signedBySHA256 signs with ES256's hash, whatever curve the certified key is on.
func signedBySHA256() edit {
	return attester(func(s *harness, a *virtual.Attester, _ *virtual.Credential) {
		var message []byte
		a.Message = func(msg []byte) []byte { message = msg; return msg }
		a.Signature = func([]byte) []byte {
			digest := sha256.Sum256(message)
			sig, err := a.Leaf.Key.Sign(nil, digest[:], crypto.SHA256) // no randomness: RFC 6979
			if err != nil {
				return s.fail(err)
			}
			return sig
		}
	})
}

// chainFaults break x5c of a format that cannot do without.
func chainFaults(prefix, whose string, t rowDefaults) []*Fault {
	why := "Without a certificate there is nobody who vouches, and code that counts on one being there breaks down."
	return []*Fault{
		t.row(prefix+"-x5c-missing", whose+" statement has no x5c.", why, unstated("x5c")),
		t.row(prefix+"-x5c-empty", whose+" statement's x5c is an empty list.", why, stated("x5c", []any{})),
		t.row(prefix+"-x5c-null", whose+" statement's x5c is null.", why, stated("x5c", nil)),
		t.row(prefix+"-x5c-garbage", whose+" statement's x5c holds bytes that are no certificate.", why, stated("x5c", []any{[]byte("certificate")})),
		t.row(prefix+"-x5c-empty-certificate", whose+" statement's x5c holds a certificate of no bytes.", why, stated("x5c", []any{[]byte{}})),
	}
}

// algFaults break alg of a format whose certificate's key signs.
func algFaults(prefix, whose string, t rowDefaults) []*Fault {
	why := "A signature that is verified by another algorithm than the key's is verified by one the sender chose."
	return []*Fault{
		t.row(prefix+"-algorithm-missing", whose+" statement has no alg.", why, unstated("alg")),
		t.row(prefix+"-algorithm-other", whose+" statement's alg is that of RSA keys.", why, stated("alg", -257)),
		t.row(prefix+"-algorithm-text", whose+" statement's alg is a text.", why, stated("alg", "ES256")),
	}
}

func androidFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createAndroidKey, check} }
	described := func(change func(d *virtual.KeyDescription)) edit {
		return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) { a.Description = change })
	}
	sig := t(CheckAndroidSignature)
	key := t(CheckAndroidKey)
	challenge := t(CheckAndroidChallenge)
	everywhere := t(CheckAndroidApplications)
	origin := t(CheckAndroidOrigin)
	purpose := t(CheckAndroidPurpose)
	sigWhy := "Without a right signature the statement is a claim that anybody can make about any key."
	challengeWhy := "A key description without this challenge in it may have been made long ago, for another registration."
	return []*Fault{
		sig.row("android-signature-flipped", "The Android statement's signature has one wrong bit.", sigWhy, signature(flipLast)),
		sig.row("android-signature-empty", "The Android statement's signature is empty.", sigWhy, signature(nothing)),
		sig.row("android-signature-stranger", "The Android statement is signed by another key.", sigWhy, signer(strangerKey)),
		sig.row("android-other-data", "The Android statement is signed over other authenticator data.", sigWhy,
			vouched(func(msg []byte) []byte { msg[32] ^= virtual.FlagUV; return msg })),
		key.row("android-key-other", "The Android certificate is of another key than the credential's.",
			"The keystore vouched for a key, but not for the one that is registered.", leafKey(virtual.ES256)),
		challenge.row("android-challenge-zero", "The key description's challenge is zero.", challengeWhy,
			described(func(d *virtual.KeyDescription) { d.Challenge = make([]byte, 32) })),
		challenge.row("android-challenge-empty", "The key description's challenge is empty.", challengeWhy,
			described(func(d *virtual.KeyDescription) { d.Challenge = nil })),
		challenge.row("android-challenge-cut", "The key description's challenge is half of the right one.", challengeWhy,
			described(func(d *virtual.KeyDescription) { d.Challenge = d.Challenge[:16] })),
		challenge.row("android-description-missing", "The Android certificate has no key description.", challengeWhy,
			leaf(func(c *x509.Certificate) { c.ExtraExtensions = nil })).also(CheckAndroidOrigin, CheckAndroidPurpose),
		everywhere.row("android-all-applications", "The key may be used by every application.",
			"A key that is not bound to the RP ID can be used by any program on the phone.",
			described(func(d *virtual.KeyDescription) {
				d.Hardware = d.Hardware.With(virtual.AndroidAllApplications, asn1.NullRawValue)
			})),
		everywhere.row("android-all-applications-software", "The software's list lets every application use the key.",
			"A key that is not bound to the RP ID can be used by any program on the phone.",
			described(func(d *virtual.KeyDescription) {
				d.Software = d.Software.With(virtual.AndroidAllApplications, asn1.NullRawValue)
			})),
		origin.row("android-origin-imported", "The key was imported.",
			"A key that came from outside has a copy outside.",
			described(func(d *virtual.KeyDescription) { d.Hardware = d.Hardware.With(virtual.AndroidOrigin, 2) })),
		origin.row("android-origin-missing", "The key description does not say where the key is from.",
			"A key that came from outside has a copy outside.",
			described(func(d *virtual.KeyDescription) { d.Hardware = d.Hardware.With(virtual.AndroidOrigin, nil) })),
		purpose.row("android-purpose-verify", "The key is for verifying signatures, not for making them.",
			"A key made for another purpose may be put to use by other programs, which then sign what they like.",
			described(func(d *virtual.KeyDescription) { d.Hardware = d.Hardware.With(virtual.AndroidPurpose, []int{3}) })),
		purpose.row("android-purpose-missing", "The key description names no purpose.",
			"A key made for another purpose may be put to use by other programs, which then sign what they like.",
			described(func(d *virtual.KeyDescription) { d.Hardware = d.Hardware.With(virtual.AndroidPurpose, nil) })),
	}
}

func appleFaults() []*Fault {
	nonce, key := rowDefaults{Registration, createApple, CheckAppleNonce}, rowDefaults{Registration, createApple, CheckAppleKey}
	why := "A certificate without this ceremony's nonce in it may have been made for another key or another site."
	changed := func(change func(b []byte) []byte) edit {
		return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) { a.Nonce = change })
	}
	return []*Fault{
		nonce.row("apple-nonce-flipped", "Apple's certificate's nonce has one wrong bit.", why, changed(flipLast)),
		nonce.row("apple-nonce-zero", "Apple's certificate's nonce is zero.", why, changed(func(b []byte) []byte { return make([]byte, len(b)) })),
		nonce.row("apple-nonce-missing", "Apple's certificate has no nonce.", why,
			leaf(func(c *x509.Certificate) { c.ExtraExtensions = nil })),
		key.row("apple-key-other", "Apple's certificate is of another key than the credential's.",
			"Apple's certificate proves the possession of a key, but not of the one that is registered.", leafKey(virtual.ES256)),
	}
}

func compoundFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createCompound, check} }
	parts := func(change func(list []virtual.Substatement) []virtual.Substatement) edit {
		return attestation(func(a *virtual.Attestation) { a.Parts = change(a.Parts) })
	}
	count := t(CheckCompoundCount)
	each := t(CheckCompoundEach)
	nested := t(CheckCompoundNested)
	countWhy := "A compound of one, or of none, is a way around the rules for the format that it hides."
	eachWhy := "If one right part is enough, a worthless statement carries any number of forged ones with it."
	part := func(i int, change func(stmt map[string]any)) edit {
		return parts(func(list []virtual.Substatement) []virtual.Substatement { change(list[i].Statement); return list })
	}
	return []*Fault{
		count.row("compound-one", "The compound statement has one part.", countWhy,
			parts(func(list []virtual.Substatement) []virtual.Substatement { return list[:1] })),
		count.row("compound-none", "The compound statement has no part.", countWhy,
			parts(func([]virtual.Substatement) []virtual.Substatement { return []virtual.Substatement{} })),
		each.row("compound-first", "The first part has a wrong signature.", eachWhy,
			part(0, func(stmt map[string]any) { stmt["sig"] = flipLast(slices.Clone(stmt["sig"].([]byte))) })),
		each.row("compound-second", "The second part has a wrong signature.", eachWhy,
			part(1, func(stmt map[string]any) { stmt["sig"] = flipLast(slices.Clone(stmt["sig"].([]byte))) })),
		each.row("compound-unknown", "The second part is of a format that nobody registered.", eachWhy,
			parts(func(list []virtual.Substatement) []virtual.Substatement {
				list[1].Format = "example-unregistered"
				return list
			})),
		nested.row("compound-nested", "A part is a compound statement itself.",
			"Nesting without end costs the relying party more than the sender, and hides parts from policy.",
			parts(func(list []virtual.Substatement) []virtual.Substatement {
				return append(list, virtual.Substatement{Format: "compound", Statement: map[string]any{}})
			})),
	}
}

// trustFaults break the chain to a root (Level 3 §7.1 step 24), where one is demanded.
func trustFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createTrusted, check} }
	chainOf := t(CheckTrustChain)
	begun := t(CheckTrustBegun)
	ended := t(CheckTrustEnded)
	none := t(CheckTrustNone)
	why := "Anybody can make a root at home and certify any model under it."
	noneWhy := "Where only certified models may register, a key that says nothing of itself must not pass as one."
	early := func(c *x509.Certificate) { c.NotAfter = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC) }
	late := func(c *x509.Certificate) { c.NotBefore = time.Date(2090, 1, 1, 0, 0, 0, 0, time.UTC) }
	as := func(format virtual.Format) edit {
		return attester(func(_ *harness, a *virtual.Attester, _ *virtual.Credential) { a.Format = format })
	}
	return []*Fault{
		chainOf.row("trust-stranger", "The certificate is under another root.", why, foreignCA("Another Root")),
		chainOf.row("trust-impostor", "The certificate is under a root of the trusted root's name.", why, foreignCA("")),
		chainOf.row("trust-intermediate-missing", "The certificate is under an intermediate that is not shown.",
			"What cannot be followed to the root may lead anywhere.",
			below(nil), chain(func(_ *harness, x5c [][]byte) [][]byte { return x5c[:1] })),
		chainOf.row("trust-intermediate-no-ca", "The intermediate is no CA.",
			"Whoever has any certificate under the root could issue more.",
			below(func(c *x509.Certificate) { c.IsCA, c.KeyUsage = false, 0 })),
		begun.row("trust-leaf-early", "The certificate is not valid yet.", "A certificate counts in its time only.", leaf(late)),
		begun.row("trust-intermediate-early", "The intermediate is not valid yet.", "A certificate counts in its time only.", below(late)),
		ended.row("trust-leaf-late", "The certificate is not valid any more.", "Old keys leak, and nobody revokes what has expired.", leaf(early)),
		ended.row("trust-intermediate-late", "The intermediate is not valid any more.", "Old keys leak, and nobody revokes what has expired.", below(early)),
		none.row("trust-none", "The key is not attested, where a chain is demanded.", noneWhy, as(virtual.AttestNone)),
		none.row("trust-self", "The key attests itself, where a chain is demanded.", noneWhy, as(virtual.AttestSelf)),
	}
}

// foreignCA certifies under a root that the party does not know; without a name it takes the trusted one's.
func foreignCA(name string) edit {
	return attester(func(s *harness, a *virtual.Attester, _ *virtual.Credential) {
		o := virtual.CAOptions{Name: name, Seed: s.draw("foreign root")}
		if name == "" {
			o.Name = a.CA.Root().Subject.CommonName
		}
		ca, err := virtual.NewCA(o)
		if err != nil {
			s.fail(err)
			return
		}
		a.CA, a.Leaf = ca, &virtual.LeafOptions{}
	})
}

// below certifies under an intermediate CA.
func below(change func(c *x509.Certificate)) edit {
	return attester(func(s *harness, a *virtual.Attester, _ *virtual.Credential) {
		ca, err := a.CA.Intermediate("Intermediate", change)
		if err != nil {
			s.fail(err)
			return
		}
		a.CA, a.Leaf = ca, &virtual.LeafOptions{}
	})
}
