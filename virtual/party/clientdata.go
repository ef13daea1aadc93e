package party

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A set is the checks that both ceremonies make, by the names they have in one of them.
type set struct {
	kind                                                  string // clientData.type
	typ, challenge, origin, crossOrigin, topOrigin        fault.Check
	length, attested, attestedLength, extensions, left    fault.Check
	rpID, presence, verification, backup, once, old, sess fault.Check
}

func setOf(c fault.Ceremony) set {
	if c == fault.Registration {
		return set{
			kind: "webauthn.create", typ: fault.CheckCreateType, challenge: fault.CheckCreateChallenge,
			origin:      fault.CheckCreateOrigin,
			crossOrigin: fault.CheckCreateCrossOrigin, topOrigin: fault.CheckCreateTopOrigin,
			length: fault.CheckCreateDataLength, attested: fault.CheckCreateAttested,
			attestedLength: fault.CheckCreateAttestedLength,
			extensions:     fault.CheckCreateExtensions, left: fault.CheckCreateLeftover, rpID: fault.CheckCreateRPID,
			presence: fault.CheckCreatePresence, verification: fault.CheckCreateVerification,
			backup: fault.CheckCreateBackup,
			once:   fault.CheckStateCreateOnce, old: fault.CheckStateCreateTime, sess: fault.CheckStateCreateSession,
		}
	}
	return set{
		kind: "webauthn.get", typ: fault.CheckGetType, challenge: fault.CheckGetChallenge, origin: fault.CheckGetOrigin,
		crossOrigin: fault.CheckGetCrossOrigin, topOrigin: fault.CheckGetTopOrigin,
		length: fault.CheckGetDataLength, attested: fault.CheckGetAttested, attestedLength: fault.CheckGetAttested,
		extensions: fault.CheckGetExtensions, left: fault.CheckGetLeftover, rpID: fault.CheckGetRPID,
		presence: fault.CheckGetPresence, verification: fault.CheckGetVerification, backup: fault.CheckGetBackup,
		once: fault.CheckStateGetOnce, old: fault.CheckStateGetTime, sess: fault.CheckStateGetSession,
	}
}

// A clientData is CollectedClientData (Level 3 §5.8.1), as far as it could be read.
type clientData struct {
	raw     []byte         // as sent; nil: absent
	members map[string]any // nil: not an object
}

// clientData reads clientDataJSON: Level 3 §7.1 steps 5 and 6, §7.2 steps 8 and 9.
func (v verdict) clientData(e envelope) clientData {
	c := clientData{raw: v.bytes(e, "clientDataJSON", fault.CheckClientDataPresent)}
	if c.raw == nil {
		return c
	}
	text := bytes.TrimPrefix(c.raw, []byte("\ufeff")) // "UTF-8 decode" drops it, and replaces what is not UTF-8
	doc, err := readJSON(text)
	object, isObject := doc.value.(map[string]any)
	if !v.must(fault.CheckClientDataJSON, err == nil && isObject, "clientDataJSON is not a JSON object") {
		return c
	}
	v.must(fault.CheckClientDataJSON, doc.whole, "something stands behind clientDataJSON")
	v.must(fault.CheckClientDataDuplicate, doc.duplicate == "", "member %q of clientDataJSON occurs twice",
		doc.duplicate)
	c.members = object
	return c
}

// page checks type and origins: Level 3 §7.1 steps 7 and 9 to 11, §7.2 steps 10 and 12 to 14.
func (v verdict) page(c clientData, o *Options, s set) {
	if c.members == nil {
		return
	}
	v.must(s.typ, c.members["type"] == s.kind, "type is %v", c.members["type"])
	v.must(s.origin, c.members["origin"] == o.Origin, "origin is %v", c.members["origin"])
	cross := c.members["crossOrigin"]
	allowed := cross == nil || cross == false || cross == true && len(o.Tops) > 0
	v.must(s.crossOrigin, allowed, "crossOrigin is %v", cross)
	if top, have := c.members["topOrigin"]; have {
		text, isText := top.(string)
		v.must(s.topOrigin, isText && slices.Contains(o.Tops, text), "topOrigin is %v", top)
	}
}

// hash is the hash of the client data that was sent, over which authenticators sign; nil if none was.
func (c clientData) hash() []byte {
	if c.raw == nil {
		return nil
	}
	sum := sha256.Sum256(c.raw)
	return sum[:]
}

// rewritten is the hash of the client data that a browser would have sent with these values (Level 3 §5.8.1.1): what
// a relying party goes by that hashes what it expects instead of what it got. nil if they cannot be read.
func (c clientData) rewritten() []byte {
	kind, ok1 := c.members["type"].(string)
	challenge, ok2 := c.members["challenge"].(string)
	origin, ok3 := c.members["origin"].(string)
	if !ok1 || !ok2 || !ok3 {
		return nil
	}
	text := fmt.Sprintf(`{"type":%s,"challenge":%s,"origin":%s,"crossOrigin":%t`,
		quote(kind), quote(challenge), quote(origin), c.members["crossOrigin"] == true)
	if top, ok := c.members["topOrigin"].(string); ok {
		text += `,"topOrigin":` + quote(top)
	}
	sum := sha256.Sum256([]byte(text + "}"))
	return sum[:]
}

// quote is CCDToString of Level 3 §5.8.1.1.
func quote(s string) string {
	out := []byte{'"'}
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			out = append(out, '\\', byte(r))
		case r < 0x20:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = append(out, string(r)...)
		}
	}
	return string(append(out, '"'))
}
