package main

import (
	"bytes"
	"crypto/sha256"
	"crypto/x509"
	"encoding/asn1"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// A decoder decodes what it is given as far as that goes, and notes what is wrong beside it.
type decoder struct {
	rpIDs []string // whose hashes are known by name
}

// unbase64 decodes base64url; plain is false for any other alphabet, padding or blanks, which are decoded as well.
func unbase64(s string) (out []byte, plain bool, err error) {
	if out, err := base64.RawURLEncoding.Strict().DecodeString(s); err == nil && !strings.ContainsAny(s, "\r\n") {
		return out, true, nil
	}
	lax := strings.NewReplacer("+", "-", "/", "_", "=", "", " ", "", "\t", "", "\r", "", "\n", "").Replace(s)
	out, err = base64.RawURLEncoding.DecodeString(lax)
	return out, false, err
}

// member decodes a byte string of a response; nil when it is not there or cannot be read.
func (n *node) member(members map[string]json.RawMessage, name string) []byte {
	raw, have := members[name]
	if !have || string(raw) == "null" {
		return nil
	}
	var s string
	if json.Unmarshal(raw, &s) != nil {
		n.problem("%s is not a text", name)
		return nil
	}
	out, plain, err := unbase64(s)
	switch {
	case err != nil:
		n.problem("%s is not base64url: %v", name, err)
		return nil
	case !plain:
		n.problem("%s is not base64url without padding", name)
	}
	return append([]byte{}, out...)
}

// clientData decodes CollectedClientData (Level 3 §5.8.1).
func (d *decoder) clientData(n *node, raw []byte) {
	n.add("JSON", printable(raw))
	n.add("SHA-256", hashOf(raw))
	var members map[string]json.RawMessage
	text := bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf"))
	if len(text) != len(raw) {
		n.problem("a byte order mark stands before it")
	}
	if err := json.Unmarshal(text, &members); err != nil {
		n.problem("not a JSON object: %v", err)
		return
	}
	var origin string
	if json.Unmarshal(members["origin"], &origin) == nil {
		d.origin(origin)
	}
	for _, name := range []string{"type", "challenge", "origin", "crossOrigin", "topOrigin"} {
		value, have := members[name]
		delete(members, name)
		if have {
			n.add(name, plainJSON(value))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(members)) {
		n.add(name, plainJSON(members[name]))
	}
}

// origin makes the hashes known of all RP IDs that an origin may use.
func (d *decoder) origin(origin string) {
	at, err := url.Parse(origin)
	if err != nil {
		return
	}
	for host := at.Hostname(); host != ""; {
		d.rpIDs = append(d.rpIDs, host)
		_, host, _ = strings.Cut(host, ".")
	}
}

// authData decodes authenticator data (Level 3 §6.1) and returns the COSE key in it.
func (d *decoder) authData(n *node, data []byte) {
	n.add("length", len(data))
	if len(data) < 37 {
		n.problem("authenticator data has at least 37 bytes")
		return
	}
	hash := hex.EncodeToString(data[:32])
	for _, id := range d.rpIDs {
		if sum := sha256.Sum256([]byte(id)); bytes.Equal(sum[:], data[:32]) {
			hash += " (of " + id + ")"
			break
		}
	}
	n.add("rpIdHash", hash)
	flags := data[32]
	n.add("flags", flagNames(flags))
	n.add("signCount", binary.BigEndian.Uint32(data[33:37]))
	rest := data[37:]
	if flags&virtual.FlagAT != 0 {
		rest = d.attested(n.below("attestedCredentialData"), rest)
	}
	if flags&virtual.FlagED != 0 && rest != nil {
		rest = d.extensions(n, rest)
	}
	if len(rest) > 0 {
		n.problem("%d bytes are left over: %x", len(rest), rest)
	}
}

// flagNames spells the flags byte out.
func flagNames(flags byte) string {
	var names []string
	for bit, name := range []string{"UP", "reserved bit 1", "UV", "BE", "BS", "reserved bit 5", "AT", "ED"} {
		if flags&(1<<bit) != 0 {
			names = append(names, name)
		}
	}
	return fmt.Sprintf("0x%02x: %s", flags, or(strings.Join(names, ", "), "none"))
}

// attested decodes attested credential data (Level 3 §6.5.1) and returns what stands behind it; nil: unknown.
func (d *decoder) attested(n *node, data []byte) []byte {
	if len(data) < 18 {
		n.problem("flag AT is set, and only %d bytes follow", len(data))
		return nil
	}
	n.add("aaguid", virtual.FormatAAGUID([16]byte(data[:16])))
	length := int(binary.BigEndian.Uint16(data[16:18]))
	n.add("credentialIdLength", length)
	if len(data) < 18+length {
		n.problem("the credential id is said to have %d bytes, and only %d follow", length, len(data)-18)
		return nil
	}
	n.add("credentialId", base64.RawURLEncoding.EncodeToString(data[18:18+length]))
	var key cbor.RawMessage
	rest, err := cbor.UnmarshalFirst(data[18+length:], &key)
	if err != nil {
		n.problem("the public key is not CBOR: %v", err)
		return nil
	}
	coseKey(n.below("credentialPublicKey"), key)
	return rest
}

// extensions decodes extension outputs and returns what stands behind them.
func (d *decoder) extensions(n *node, data []byte) []byte {
	var value any
	rest, err := cbor.UnmarshalFirst(data, &value)
	if err != nil {
		n.problem("flag ED is set, and what follows is not CBOR: %v", err)
		return nil
	}
	into := n.below("extensions")
	outputs, ok := value.(map[any]any)
	if !ok {
		into.problem("not a map: %v", plainCBOR(value))
		return rest
	}
	for _, name := range sortedKeys(outputs) {
		into.add(fmt.Sprint(name), plainCBOR(outputs[name]))
	}
	return rest
}

// coseKey decodes a COSE_Key (RFC 9052 §7).
func coseKey(n *node, raw []byte) {
	var value any
	if err := cbor.Unmarshal(raw, &value); err != nil {
		n.problem("not CBOR: %v", err)
		return
	}
	k, ok := value.(map[any]any)
	if !ok {
		n.problem("not a map: %v", plainCBOR(value))
		return
	}
	kinds := map[int64]string{1: "OKP", 2: "EC2", 3: "RSA"}
	curves := map[int64]string{1: "P-256", 2: "P-384", 3: "P-521", 6: "Ed25519", 7: "Ed448", 8: "secp256k1"}
	labels := map[int64]string{1: "kty", 3: "alg", -1: "crv", -2: "x", -3: "y"}
	if kind, ok := integer(k[uint64(1)]); ok && kinds[kind] == "RSA" {
		labels[-1], labels[-2] = "n", "e"
	}
	for _, label := range sortedKeys(k) {
		name := plainCBOR(label)
		if i, ok := integer(label); ok {
			name = or(labels[i], name)
		}
		value := k[label]
		switch name {
		case "kty":
			n.add(name, named(kinds, value))
		case "alg":
			n.add(name, algorithm(value))
		case "crv":
			n.add(name, named(curves, value))
		default:
			n.add(name, plainCBOR(value))
		}
	}
}

// integer is a CBOR integer.
func integer(v any) (int64, bool) {
	switch n := v.(type) {
	case uint64:
		return int64(n), n <= math.MaxInt64
	case int64:
		return n, true
	}
	return 0, false
}

// named is a number with its name before it.
func named(names map[int64]string, value any) string {
	n, ok := integer(value)
	if !ok || names[n] == "" {
		return plainCBOR(value) + " (unknown)"
	}
	return fmt.Sprintf("%s (%d)", names[n], n)
}

// algorithm names a COSE algorithm.
func algorithm(value any) string {
	return named(map[int64]string{
		-7: "ES256", -8: "EdDSA", -9: "ESP256", -19: "Ed25519", -35: "ES384", -36: "ES512", -37: "PS256", -38: "PS384",
		-39: "PS512",
		-47: "ES256K", -51: "ESP384", -52: "ESP512", -53: "Ed448", -257: "RS256", -258: "RS384", -259: "RS512",
		-65535: "RS1",
	}, value)
}

// attestation decodes an attestation object (Level 3 §6.5.4) and returns the authenticator data in it.
func (d *decoder) attestation(n *node, raw []byte) []byte {
	var value any
	if err := cbor.Unmarshal(raw, &value); err != nil {
		n.problem("not CBOR: %v", err)
		return nil
	}
	object, ok := value.(map[any]any)
	if !ok {
		n.problem("not a map: %v", plainCBOR(value))
		return nil
	}
	n.add("fmt", plainCBOR(object["fmt"]))
	statement(n.below("attStmt"), object["attStmt"])
	for _, name := range sortedKeys(object) {
		if name != "fmt" && name != "attStmt" && name != "authData" {
			n.problem("an entry that does not belong there: %v", plainCBOR(name))
		}
	}
	data, ok := object["authData"].([]byte)
	if !ok {
		n.problem("authData is not a byte string: %v", plainCBOR(object["authData"]))
	}
	return data
}

// statement decodes an attestation statement of any format.
func statement(n *node, value any) {
	switch stmt := value.(type) {
	case map[any]any:
		for _, name := range sortedKeys(stmt) {
			entry(n, fmt.Sprint(name), stmt[name])
		}
		if len(stmt) == 0 {
			n.add("empty", true)
		}
	case []any: // of compound statements
		for i, part := range stmt {
			statement(n.below(fmt.Sprintf("part %d", i+1)), part)
		}
	default:
		n.problem("neither a map nor a list: %v", plainCBOR(value))
	}
}

// entry decodes one entry of a statement.
func entry(n *node, name string, value any) {
	raw, isBytes := value.([]byte)
	certificates, isList := value.([]any)
	switch {
	case name == "alg":
		n.add(name, algorithm(value))
	case name == "attStmt":
		statement(n.below(name), value)
	case name == "x5c" && isList:
		for i, c := range certificates {
			der, _ := c.([]byte)
			certificate(n.below(fmt.Sprintf("x5c %d", i+1)), der)
		}
	case name == "certInfo" && isBytes:
		certInfo(n.below(name), raw)
	default:
		n.add(name, plainCBOR(value))
	}
}

// certificate tells what of an X.509 certificate matters to attestation.
func certificate(n *node, der []byte) {
	c, err := x509.ParseCertificate(der)
	if err != nil {
		n.problem("not a certificate: %v", err)
		return
	}
	n.add("subject", c.Subject.String()).add("issuer", c.Issuer.String()).add("serial", c.SerialNumber.String())
	n.add("valid", c.NotBefore.UTC().Format(time.DateOnly)+" to "+c.NotAfter.UTC().Format(time.DateOnly))
	n.add("key", c.PublicKeyAlgorithm.String()).add("signed", c.SignatureAlgorithm.String()).add("CA", yes(c.IsCA))
	for _, e := range c.Extensions {
		if !e.Id.Equal(asn1.ObjectIdentifier{1, 3, 6, 1, 4, 1, 45724, 1, 1, 4}) { // id-fido-gen-ce-aaguid
			continue
		}
		var id []byte
		if rest, err := asn1.Unmarshal(e.Value, &id); err == nil && len(rest) == 0 && len(id) == 16 {
			n.add("aaguid", virtual.FormatAAGUID([16]byte(id)))
		} else {
			n.problem("the AAGUID in it is not 16 bytes: %x", e.Value)
		}
	}
}

// certInfo decodes the head of TPMS_ATTEST (Level 3 §8.3): magic, type, qualifiedSigner, extraData.
func certInfo(n *node, raw []byte) {
	n.add("bytes", hex.EncodeToString(raw))
	signer, extra, err := attestHead(raw)
	if err != nil {
		n.problem("%v", err)
		return
	}
	n.add("magic", fmt.Sprintf("0x%08x", binary.BigEndian.Uint32(raw))).add("type",
		fmt.Sprintf("0x%04x", binary.BigEndian.Uint16(raw[4:])))
	n.add("qualifiedSigner", hex.EncodeToString(signer)).add("extraData", hex.EncodeToString(extra))
}

func attestHead(raw []byte) (signer, extra []byte, err error) {
	if len(raw) < 6 {
		return nil, nil, errors.New("cut off")
	}
	rest := raw[6:]
	for _, into := range []*[]byte{&signer, &extra} {
		if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
			return nil, nil, errors.New("cut off")
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		*into, rest = rest[2:end], rest[end:]
	}
	return signer, extra, nil
}

// plainCBOR is a decoded CBOR value in one line, as CBOR's diagnostic notation has it (RFC 8949 §8), a text without its
// quotes.
func plainCBOR(v any) string {
	if s, ok := v.(string); ok {
		return printable([]byte(s))
	}
	sorted, err := cbor.CoreDetEncOptions().EncMode()
	if err != nil {
		return fmt.Sprint(v)
	}
	raw, err := sorted.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	text, err := cbor.Diagnose(raw)
	if err != nil {
		return fmt.Sprint(v)
	}
	return text
}

// plainJSON is a JSON value in one line, a text without its quotes.
func plainJSON(raw json.RawMessage) any {
	var s string
	if json.Unmarshal(raw, &s) == nil {
		return s
	}
	var out bytes.Buffer
	if json.Compact(&out, raw) != nil {
		return printable(raw)
	}
	return out.String()
}

// printable is text with what cannot be shown escaped.
func printable(raw []byte) string {
	s := fmt.Sprintf("%q", raw)
	return strings.ReplaceAll(s[1:len(s)-1], `\"`, `"`)
}

func hashOf(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// sortedKeys returns the keys of a CBOR map: numbers first, as COSE counts them, then texts.
func sortedKeys(m map[any]any) []any {
	keys := slices.Collect(maps.Keys(m))
	rank := func(k any) (int, string) {
		switch n := k.(type) {
		case uint64:
			return 0, fmt.Sprintf("%020d", n)
		case int64:
			return 1, fmt.Sprintf("%020d", -n)
		}
		return 2, fmt.Sprint(k)
	}
	slices.SortFunc(keys, func(a, b any) int {
		x, s := rank(a)
		y, t := rank(b)
		if x != y {
			return x - y
		}
		return strings.Compare(s, t)
	})
	return keys
}
