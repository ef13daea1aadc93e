package fault

import (
	"bytes"
	"encoding/base64"
	"slices"
	"strings"
)

// jsonFaults break the JSON of the response (Level 3 §5.1), which is the same in both ceremonies.
func jsonFaults(c Ceremony) []*Fault {
	out := slices.Concat(objectTextFaults(c), duplicateFaults(c), typeFaults(c), identityFaults(c), byteFaults(c))
	if c == Authentication {
		out = append(out, handleFaults()...)
	}
	return append(out, missingFaults(c)...)
}

func objectTextFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckJSONObject, CheckJSONObject)
	return []*Fault{
		t.row("json-trailing-text", "A letter follows the JSON of the response.",
			"Readers that stop at the closing brace and readers that do not see different requests.", appendText("x")),
		t.row("json-trailing-object", "A second JSON object follows the response.",
			"A filter in front may judge the second object while the relying party takes the first.",
			appendText(`{"id":"AA"}`)),
		t.row("json-trailing-brace", "A closing brace too many follows the response.",
			"Text that is no JSON must not be repaired by guesswork.", appendText("}")),
		t.row("json-trailing-null-byte", "A zero byte follows the response.",
			"Programs that end strings at a zero byte see another request than those that do not.", appendText("\x00")),
	}
}

func appendText(more string) edit {
	return text(func(b []byte) []byte { return append(b, more...) })
}

func duplicateFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckJSONDuplicate, CheckJSONDuplicate)
	twice := func(name string, first []byte) edit {
		return members(func(_ *harness, o *object) { o.before(name, first) })
	}
	innerTwice := func(name string, first []byte) edit {
		return inner(func(_ *harness, o *object) { o.before(name, first) })
	}
	why := "Two readers of one request may each take another of the two members, and so judge and use different data."
	out := []*Fault{
		t.row("json-duplicate-type", "The response has two members type.", why, twice("type", []byte(`"password"`))),
		t.row("json-duplicate-id", "The response has two members id.", why, twice("id", []byte(`"AAAA"`))),
		t.row("json-duplicate-raw-id", "The response has two members rawId.", why, twice("rawId", []byte(`"AAAA"`))),
		t.row("json-duplicate-response", "The response has two members response.", why,
			twice("response", []byte(`{}`))),
		t.row("json-duplicate-client-data", "The response has two members clientDataJSON.", why,
			innerTwice("clientDataJSON", []byte(`"e30"`))),
		t.row("json-duplicate-nested", "An extension output has two members of one name.", why,
			members(func(_ *harness, o *object) {
				o.put("clientExtensionResults", []byte(`{"credProps":{"rk":true,"rk":false}}`))
			})),
	}
	if c == Registration {
		return append(out, t.row("json-duplicate-attestation-object", "The response has two members attestationObject.",
			why, innerTwice("attestationObject", []byte(`"oA"`))))
	}
	return append(out,
		t.row("json-duplicate-signature", "The response has two members signature.", why,
			innerTwice("signature", []byte(`"AA"`))),
		t.row("json-duplicate-authenticator-data", "The response has two members authenticatorData.", why,
			innerTwice("authenticatorData", []byte(`"AA"`))),
	)
}

func put(name, value string) edit {
	return members(func(_ *harness, o *object) { o.put(name, []byte(value)) })
}

func drop(name string) edit {
	return members(func(_ *harness, o *object) { o.drop(name) })
}

func typeFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckJSONType, CheckJSONType)
	why := "What is not a public key credential must not be judged by the rules for one."
	return []*Fault{
		t.row("json-type-other", "The response says that it is a password.", why, put("type", `"password"`)),
		t.row("json-type-case", "The response's type is written in another case.", why, put("type", `"Public-Key"`)),
		t.row("json-type-missing", "The response has no type.", why, drop("type")),
		t.row("json-type-number", "The response's type is a number.", why, put("type", "1")),
		t.row("json-type-empty", "The response's type is empty.", why, put("type", `""`)),
	}
}

func identityFaults(c Ceremony) []*Fault {
	id, raw := rowDefaultsOf(c, CheckJSONID, CheckJSONID), rowDefaultsOf(c, CheckJSONRawID, CheckJSONRawID)
	idWhy := "The id is what credentials are looked up by; without a proper one the look-up is a guess."
	rawWhy := "Where id and rawId may differ, one part of the relying party looks up the one and another stores the other."
	return []*Fault{
		id.row("json-id-missing", "The response has no id.", idWhy, drop("id")),
		id.row("json-id-number", "The response's id is a number.", idWhy, put("id", "7")),
		id.row("json-id-null", "The response's id is null.", idWhy, put("id", "null")),
		id.row("json-id-array", "The response's id is a list that holds it.", idWhy,
			members(func(_ *harness, o *object) { o.put("id", slices.Concat([]byte("["), o.get("id"), []byte("]"))) })),
		id.row("json-id-broken", "The response's id has a line break in it.", idWhy, respell("id", broken)),
		raw.row("json-raw-id-missing", "The response has no rawId.", rawWhy, drop("rawId")).unless(BareID),
		raw.row("json-raw-id-differs", "The response's rawId is not what id encodes.", rawWhy,
			put("rawId", `"AAAAAAAAAAAAAAAAAAAAAA"`)),
		raw.row("json-id-differs", "The response's id is not what rawId tells.", rawWhy,
			put("id", `"AAAAAAAAAAAAAAAAAAAAAA"`)),
		raw.row("json-raw-id-number", "The response's rawId is a number.", rawWhy, put("rawId", "7")),
		raw.row("json-raw-id-short", "The response's rawId lacks the last byte of what id encodes.", rawWhy,
			members(func(_ *harness, o *object) {
				b, err := base64.RawURLEncoding.DecodeString(unquote(o.get("rawId")))
				if err == nil && len(b) > 0 {
					o.put("rawId", byteString(b[:len(b)-1]))
				}
			})),
	}
}

// respell writes a string member of the response in another way.
func respell(name string, how func(string) string) edit {
	return members(func(_ *harness, o *object) { o.put(name, quote(how(unquote(o.get(name))))) })
}

// respellInner does so within the member "response".
func respellInner(name string, how func(string) string) edit {
	return inner(func(_ *harness, o *object) { o.put(name, quote(how(unquote(o.get(name))))) })
}

// broken puts a line break into the middle, as encoders for mail do.
func broken(s string) string { return s[:len(s)/2] + "\r\n" + s[len(s)/2:] }

// spaced puts a blank into the middle.
func spaced(s string) string { return s[:len(s)/2] + " " + s[len(s)/2:] }

// padded fills the last group up.
func padded(s string) string { return s + strings.Repeat("=", -len(s)&3) }

// standard uses the alphabet of plain base64.
func standard(s string) string { return strings.NewReplacer("-", "+", "_", "/").Replace(s) }

// stray sets the lowest of the bits that the last letter has beyond the last byte.
func stray(s string) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	if len(s)%4 < 2 {
		return s
	}
	last := strings.IndexByte(alphabet, s[len(s)-1])
	return s[:len(s)-1] + alphabet[last|1:][:1]
}

// uneven makes the client data no multiple of three bytes long, so that its base64 has room for padding; the blanks
// are JSON's own.
func uneven() edit {
	return clientText(func(b []byte) []byte {
		b = b[:len(b)-1]
		for b = append(b, ' '); (len(b)+1)%3 == 0; {
			b = append(b, ' ')
		}
		return append(b, '}')
	})
}

// dashed gives the client data a member whose base64 has letters that plain base64 writes differently.
func dashed() edit {
	return clientText(func(b []byte) []byte {
		return append(bytes.TrimSuffix(b, []byte("}")), `,"note":"????>>>>"}`...)
	})
}

// What demands these forms does so with less weight than it forbids foreign letters.
func padding() string {
	return "Level 3 §3: The term Base64url Encoding refers to the base64 encoding with all trailing '=' characters omitted (as permitted by Section 3.2)."
}

func strayBits() string {
	return "RFC 4648 §3.5: Decoders MAY choose to reject an encoding if the pad bits have not been set to zero."
}

func byteFaults(c Ceremony) []*Fault {
	t := rowDefaultsOf(c, CheckJSONBytes, CheckJSONBytes)
	why := "A second way to write the same bytes lets a request pass by what compares texts: caches, filters, replay lists."
	out := []*Fault{
		t.row("json-client-data-padded", "The response's clientDataJSON is base64url with padding.", why, uneven(),
			respellInner("clientDataJSON", padded)).of(Hardening).cites(padding()),
		t.row("json-client-data-standard", "The response's clientDataJSON is in the alphabet of plain base64.", why,
			dashed(), respellInner("clientDataJSON", standard)),
		t.row("json-client-data-stray", "The last letter of clientDataJSON has bits that belong to no byte.", why,
			uneven(), respellInner("clientDataJSON", stray)).of(Hardening).cites(strayBits()),
		t.row("json-client-data-broken", "The response's clientDataJSON has a line break in it.", why,
			respellInner("clientDataJSON", broken)),
		t.row("json-client-data-spaced", "The response's clientDataJSON has a blank in it.", why,
			respellInner("clientDataJSON", spaced)),
	}
	if c == Registration {
		return append(out, t.row("json-attestation-object-broken",
			"The response's attestationObject has a line break in it.", why, respellInner("attestationObject", broken)))
	}
	handle := rowDefaults{c, getDiscoverable, CheckJSONBytes}
	return append(out,
		t.row("json-signature-broken", "The response's signature has a line break in it.", why,
			respellInner("signature", broken)),
		t.row("json-authenticator-data-padded", "The response's authenticatorData is base64url with padding.", why,
			respellInner("authenticatorData", padded)).of(Hardening).cites(padding()),
		t.row("json-authenticator-data-stray", "The last letter of authenticatorData has bits that belong to no byte.",
			why, respellInner("authenticatorData", stray)).of(Hardening).cites(strayBits()),
		handle.row("json-handle-broken", "The response's userHandle has a line break in it.", why,
			respellInner("userHandle", broken)),
	)
}

func putInner(name, value string) edit {
	return inner(func(_ *harness, o *object) { o.put(name, []byte(value)) })
}

func dropInner(name string) edit {
	return inner(func(_ *harness, o *object) { o.drop(name) })
}

func handleFaults() []*Fault {
	t := rowDefaults{Authentication, getPlain, CheckJSONHandle}
	why := "A user handle that cannot be compared must not count as one that was not sent."
	return []*Fault{
		t.row("json-handle-number", "The response's userHandle is a number.", why, putInner("userHandle", "7")),
		t.row("json-handle-object", "The response's userHandle is an object.", why,
			putInner("userHandle", `{"id":"AA"}`)),
		t.row("json-handle-true", "The response's userHandle is true.", why, putInner("userHandle", "true")),
		t.row("json-handle-long", "The response's userHandle has 65 bytes.", why,
			putInner("userHandle", `"`+strings.Repeat("A", 87)+`"`)),
	}
}

// missingFaults leave parts of the response out.
func missingFaults(c Ceremony) []*Fault {
	present := rowDefaultsOf(c, CheckClientDataPresent, CheckClientDataPresent)
	shape := rowDefaultsOf(c, CheckResponseIsAttestation, CheckResponseIsAssertion)
	why := "A check that is skipped when its input is missing is switched off by whoever sends the request."
	out := []*Fault{
		present.row("json-client-data-missing", "The response has no clientDataJSON.", why,
			dropInner("clientDataJSON")),
		present.row("json-client-data-null", "The response's clientDataJSON is null.", why,
			putInner("clientDataJSON", "null")),
		shape.row("json-response-missing", "The response has no member response.", why, drop("response")),
		shape.row("json-response-null", "The member response is null.", why, put("response", "null")),
		shape.row("json-response-array", "The member response is a list.", why, put("response", "[]")),
	}
	if c == Registration {
		return append(out,
			shape.row("json-attestation-object-missing",
				"The response has no attestationObject, only what repeats parts of it.", why,
				dropInner("attestationObject")),
			shape.row("json-attestation-object-null", "The response's attestationObject is null.", why,
				putInner("attestationObject", "null")),
			shape.row("json-assertion-instead", "The response has the members of an assertion.", why,
				dropInner("attestationObject"), putInner("signature", `"MAYCAQECAQE"`)),
		)
	}
	return append(out,
		shape.row("json-signature-missing", "The response has no signature.", why, dropInner("signature")),
		shape.row("json-signature-null", "The response's signature is null.", why, putInner("signature", "null")),
		shape.row("json-authenticator-data-missing", "The response has no authenticatorData.", why,
			dropInner("authenticatorData")),
		shape.row("json-attestation-instead", "The response has the members of a registration.", why,
			dropInner("signature"), putInner("attestationObject", `"oA"`)),
	)
}
