package fault

import (
	"slices"
	"strings"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// objectFaults break the CBOR of the attestation object (Level 3 §6.5.4).
func objectFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createPlain, check} }
	raw := func(change func(b []byte) []byte) edit {
		return attestationObject(func(_ *harness, b []byte) []byte { return change(b) })
	}
	entry := func(name string, value ...byte) edit {
		return entries(func(m map[string]cbor.RawMessage) { m[name] = value })
	}
	without := func(name string) edit {
		return entries(func(m map[string]cbor.RawMessage) { delete(m, name) })
	}
	shape, duplicate := t(CheckAttestationCBOR), t(CheckAttestationDuplicate)
	format := t(CheckAttestationFormat)
	statement := t(CheckAttestationStatement)
	data := t(CheckAttestationAuthData)
	why := "Bytes that two CBOR readers understand differently are judged as one thing and stored as another."
	missing := "A part that is taken for granted when it is missing is a part that the sender may leave out."
	return []*Fault{
		shape.row("object-trailing", "A byte follows the attestation object.", why, raw(func(b []byte) []byte { return append(b, 0) })).of(Hardening).cites(behindItem()),
		shape.row("object-trailing-map", "A second map follows the attestation object.", why, raw(func(b []byte) []byte { return append(b, 0xa0) })).of(Hardening).cites(behindItem()),
		shape.row("object-cut", "The attestation object is cut in half.", why, raw(func(b []byte) []byte { return b[:len(b)/2] })),
		shape.row("object-last-byte", "The attestation object lacks its last byte.", why, raw(func(b []byte) []byte { return b[:len(b)-1] })),
		shape.row("object-count", "The attestation object announces an entry more than it has.", why, raw(func(b []byte) []byte { b[0]++; return b })),
		shape.row("object-list", "The attestation object is in a list.", why, raw(func(b []byte) []byte { return append([]byte{0x81}, b...) })),
		shape.row("object-string", "The attestation object is in a byte string.", why,
			attestationObject(func(s *harness, b []byte) []byte { return s.encode(b) })),
		shape.row("object-text", "The attestation object is a text.", why, raw(func([]byte) []byte { return []byte("attestation") })),
		shape.row("object-empty", "The attestation object has no bytes.", why, raw(func([]byte) []byte { return []byte{} })),
		duplicate.row("object-duplicate-format", "The attestation object has two entries fmt.", why,
			raw(func(b []byte) []byte { return doubled(b, "fmt", []byte("\x66packed")) })),
		duplicate.row("object-duplicate-statement", "The attestation object has two entries attStmt.", why,
			raw(func(b []byte) []byte { return doubled(b, "attStmt", []byte{0xa1, 0x61, 'x', 0}) })),
		duplicate.row("object-duplicate-data", "The attestation object has two entries authData.", why,
			raw(func(b []byte) []byte { return doubled(b, "authData", []byte{0x41, 0}) })),
		format.row("object-format-missing", "The attestation object has no fmt.", missing, without("fmt")),
		format.row("object-format-bytes", "The attestation object's fmt is a byte string.", missing, entry("fmt", []byte("\x44none")...)),
		format.row("object-format-number", "The attestation object's fmt is a number.", missing, entry("fmt", 0)),
		format.row("object-format-null", "The attestation object's fmt is null.", missing, entry("fmt", 0xf6)),
		statement.row("object-statement-missing", "The attestation object has no attStmt.", missing, without("attStmt")),
		statement.row("object-statement-null", "The attestation object's attStmt is null.", missing, entry("attStmt", 0xf6)),
		statement.row("object-statement-text", "The attestation object's attStmt is a text.", missing, entry("attStmt", 0x60)),
		statement.row("object-statement-bytes", "The attestation object's attStmt is a byte string that holds a map.", missing, entry("attStmt", 0x41, 0xa0)),
		data.row("object-data-missing", "The attestation object has no authData.", missing, without("authData")),
		data.row("object-data-null", "The attestation object's authData is null.", missing, entry("authData", 0xf6)),
		data.row("object-data-text", "The attestation object's authData is a text.", missing, entry("authData", 0x60)),
		data.row("object-data-list", "The attestation object's authData is a list that holds it.", missing,
			entries(func(m map[string]cbor.RawMessage) { m["authData"] = append([]byte{0x81}, m["authData"]...) })),
	}
}

// behindItem is why bytes behind a CBOR item are an error to those alone who expect none.
func behindItem() string {
	return "RFC 8949 Appendix F: Too much data: This is only an error if the application assumed that the input bytes would span exactly one data item."
}

// doubled puts an entry of that name in front of a small CBOR map.
func doubled(m []byte, name string, value []byte) []byte {
	return slices.Concat([]byte{m[0] + 1, 0x60 + byte(len(name))}, []byte(name), value, m[1:])
}

// rpIDFaults break the RP ID hash of either ceremony.
func rpIDFaults(t rowDefaults) []*Fault {
	why := "A key that answers for another site's RP ID was not made, or not asked, for this one."
	hashOf := func(of string) edit { return rpIDHash(func(About) string { return of }) }
	return []*Fault{
		t.row("rp-id-other", "The RP ID hash is that of another site.", why, hashOf("evil.example")),
		t.row("rp-id-origin", "The RP ID hash is that of the origin.", why, rpIDHash(func(a About) string { return a.Origin })),
		t.row("rp-id-subdomain", "The RP ID hash is that of a subdomain.", why, rpIDHash(func(a About) string { return "user-content." + a.RPID })),
		t.row("rp-id-app-id", "The RP ID hash is that of a U2F application id, which was not asked for.", why,
			rpIDHash(func(a About) string { return a.Origin + "/app-id.json" })),
		t.row("rp-id-case", "The RP ID hash is that of the RP ID in capitals.", why, rpIDHash(func(a About) string { return strings.ToUpper(a.RPID) })),
		t.row("rp-id-empty", "The RP ID hash is that of nothing.", why, hashOf("")),
		t.row("rp-id-zero", "The RP ID hash is zero.", why, authData(func(b []byte) []byte { clear(b[:32]); return b })),
		t.row("rp-id-flipped", "The RP ID hash has one wrong bit, the last.", why, authData(func(b []byte) []byte { b[31] ^= 1; return b })),
	}
}

// tailFaults break what follows the fixed part of authenticator data in either ceremony.
func tailFaults(extensions, leftover rowDefaults) []*Fault {
	why := "Extension outputs that are there for one reader and not for another carry what nobody judged."
	rest := "Bytes that nothing accounts for are signed, kept and passed on without ever being judged."
	output := []byte{0xa1, 0x63, 'o', 'u', 't', 0xf5} // {"out": true}
	return []*Fault{
		extensions.row("extension-missing", "Flag ED is set, but there are no extension data.", why, flags(virtual.FlagED, 0)),
		extensions.row("extension-unannounced", "There are extension data, but flag ED is not set.", why, behind(output...)),
		extensions.row("extension-list", "The extension data are a list.", why, flags(virtual.FlagED, 0), behind(0x80)),
		extensions.row("extension-text", "The extension data are a text.", why, flags(virtual.FlagED, 0), behind(0x60)),
		extensions.row("extension-cut", "The extension data are cut.", why, flags(virtual.FlagED, 0), behind(output[:4]...)),
		leftover.row("leftover-byte", "A zero byte follows the authenticator data.", rest, behind(0)),
		leftover.row("leftover-bytes", "Sixteen bytes that are no CBOR follow the authenticator data.", rest, behind(slices.Repeat([]byte{0xff}, 16)...)),
		leftover.row("leftover-behind-extensions", "A byte follows the extension data.", rest, flags(virtual.FlagED, 0), behind(append(output, 0)...)),
		leftover.row("leftover-second-map", "A second map follows the extension data.", rest, flags(virtual.FlagED, 0), behind(append(output, 0xa0)...)),
	}
}

// flagFaults break the flags of either ceremony.
func flagFaults(presence, verification, backup rowDefaults) []*Fault {
	return []*Fault{
		presence.row("presence", "Flag UP is not set, though the user was verified.",
			"Without a touch a program on the user's computer could use the key while nobody is there.", flags(0, virtual.FlagUP)),
		presence.row("presence-no-flags", "Neither UP nor UV is set.",
			"Without a touch a program on the user's computer could use the key while nobody is there.", flags(0, virtual.FlagUP|virtual.FlagUV)),
		verification.row("verification", "User verification was required, but flag UV is not set.",
			"Whoever finds the key would be let in without its PIN.", flags(0, virtual.FlagUV)),
		backup.row("backup", "Flag BS is set without BE.",
			"A key that says it is copied and cannot be copied lies, and its class cannot be told.", flags(virtual.FlagBS, virtual.FlagBE)),
	}
}

// createDataFaults break the authenticator data of a registration (Level 3 §6.1, §6.5.1).
func createDataFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createPlain, check} }
	verified := rowDefaults{Registration, createVerified, CheckCreateVerification}
	length := t(CheckCreateDataLength)
	attestedFlag := t(CheckCreateAttested)
	whole := t(CheckCreateAttestedLength)
	why := "Reading past the end, or not reading at all, lets a key through that was never looked at."
	cut := func(n int) edit { return authData(func(b []byte) []byte { return b[:n] }) }
	out := []*Fault{
		length.row("data-empty", "The authenticator data have no bytes.", why, cut(0)),
		length.row("data-hash-only", "The authenticator data end behind the RP ID hash.", why, cut(32)),
		length.row("data-short", "The authenticator data lack the last byte of the counter.", why, cut(36)),
		attestedFlag.row("attested-unannounced", "There are attested credential data, but flag AT is not set.", why, flags(0, virtual.FlagAT)),
		attestedFlag.row("attested-none", "There are no attested credential data, and flag AT is not set.", why, flags(0, virtual.FlagAT), cut(37)),
		whole.row("attested-missing", "Flag AT is set, but nothing follows.", why, cut(37)),
		whole.row("attested-model-cut", "The attested credential data end within the AAGUID.", why, cut(45)),
		whole.row("attested-length-cut", "The attested credential data end within the length of the id.", why, cut(54)),
		whole.row("attested-id-cut", "The attested credential data end within the id.", why, cut(60)),
		whole.row("attested-id-beyond", "The length of the id goes beyond the end.", why,
			attestedData(func(_ *harness, a *attested) { a.length = 1000 })),
		whole.row("attested-key-missing", "The attested credential data end behind the id.", why,
			attestedData(func(_ *harness, a *attested) { a.key = nil })),
		whole.row("attested-key-cut", "The attested credential data lack the last byte of the key.", why,
			attestedData(func(_ *harness, a *attested) { a.key = a.key[:len(a.key)-1] })),
	}
	return slices.Concat(out, rpIDFaults(t(CheckCreateRPID)), flagFaults(t(CheckCreatePresence), verified, t(CheckCreateBackup)),
		tailFaults(t(CheckCreateExtensions), t(CheckCreateLeftover)))
}

// idFaults break the credential id of a registration.
func idFaults() []*Fault {
	t := func(check Check) rowDefaults { return rowDefaults{Registration, createPlain, check} }
	match := t(CheckCreateIDMatch)
	empty := t(CheckCreateIDEmpty)
	length := t(CheckCreateIDLength)
	why := "The id that is stored and the id that is attested must be one, or a key can be stored under another key's name."
	ownID := func(id []byte) edit {
		return attestedData(func(_ *harness, a *attested) { a.id, a.length = id, len(id) })
	}
	both := func(id []byte) []edit { return []edit{ownID(id), identifier(id)} }
	return []*Fault{
		match.row("id-differs", "The response tells another credential id than the authenticator data.", why, identifier(slices.Repeat([]byte{7}, 32))),
		match.row("id-attested-differs", "The authenticator data tell another credential id than the response.", why, ownID(slices.Repeat([]byte{7}, 32))),
		match.row("id-longer", "The response's credential id goes on behind the attested one.", why,
			members(func(_ *harness, o *object) { lengthen(o) })),
		match.row("id-shorter", "The attested credential id lacks its last byte.", why,
			attestedData(func(_ *harness, a *attested) { a.id = a.id[:len(a.id)-1]; a.length = len(a.id) })),
		empty.row("id-empty", "The credential id is empty.",
			"All keys with an empty id are one to the look-up, so one user's signature may be judged by another's key.", both([]byte{})...),
		length.row("id-1024", "The credential id has 1024 bytes.",
			"Ids without bound fill the store and the options of every sign-in.", both(slices.Repeat([]byte{7}, 1024))...),
		length.row("id-4096", "The credential id has 4096 bytes.",
			"Ids without bound fill the store and the options of every sign-in.", both(slices.Repeat([]byte{7}, 4096))...),
	}
}

func lengthen(o *object) {
	longer := quote(unquote(o.get("id"))[:40] + "AAAA")
	o.put("id", longer)
	o.put("rawId", longer)
}
