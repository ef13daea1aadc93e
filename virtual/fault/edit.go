package fault

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// edits are the changes made to one ceremony on its way: the hooks of the client, and the text of the response after
// them. Changes of one kind are made in the order they were added.
type edits struct {
	virtual.Hooks
	text func([]byte) []byte
}

// An edit adds changes; it may ask the harness for what it needs.
type edit func(s *harness, e *edits)

// then runs two changes one after the other; either may be nil.
func then[T any](first, second func(T) T) func(T) T {
	if first == nil {
		return second
	}
	return func(v T) T { return second(first(v)) }
}

// also runs two changes in place one after the other; first may be nil.
func also[T any](first, second func(T)) func(T) {
	if first == nil {
		return second
	}
	return func(v T) { first(v); second(v) }
}

// clientData changes the client data before it is serialised.
func clientData(change func(s *harness, d *virtual.ClientData)) edit {
	return func(s *harness, e *edits) {
		e.ClientData = also(e.ClientData, func(d *virtual.ClientData) { change(s, d) })
	}
}

// clientText changes the serialised client data before it is hashed.
func clientText(change func(text []byte) []byte) edit {
	return func(_ *harness, e *edits) { e.ClientDataJSON = then(e.ClientDataJSON, change) }
}

// clientMembers changes the members of the client data before it is hashed.
func clientMembers(change func(o *object)) edit {
	return func(s *harness, e *edits) {
		e.ClientDataJSON = then(e.ClientDataJSON, func(text []byte) []byte { return s.members(text, change) })
	}
}

// authData changes the authenticator data before it is signed.
func authData(change func(data []byte) []byte) edit {
	return func(_ *harness, e *edits) { e.AuthData = then(e.AuthData, change) }
}

// flags sets and clears flags of the authenticator data.
func flags(set, clear byte) edit {
	return authData(func(data []byte) []byte {
		data[32] = data[32]&^clear | set
		return data
	})
}

// counter sets the signature counter.
func counter(n uint32) edit {
	return authData(func(data []byte) []byte {
		binary.BigEndian.PutUint32(data[33:37], n)
		return data
	})
}

// rpIDHash replaces the hash of the RP ID by that of another text.
func rpIDHash(of func(a About) string) edit {
	return func(s *harness, e *edits) {
		e.AuthData = then(e.AuthData, func(data []byte) []byte {
			hash := sha256.Sum256([]byte(of(s.about)))
			copy(data, hash[:])
			return data
		})
	}
}

// behind appends bytes to the authenticator data.
func behind(more ...byte) edit {
	return authData(func(data []byte) []byte { return append(data, more...) })
}

// signature changes the signature of the assertion or of the attestation statement.
func signature(change func(sig []byte) []byte) edit {
	return func(_ *harness, e *edits) { e.Signature = then(e.Signature, change) }
}

// attestation changes the attestation after it was signed.
func attestation(change func(a *virtual.Attestation)) edit {
	return func(_ *harness, e *edits) { e.Attestation = also(e.Attestation, change) }
}

// statement changes the attestation statement after it was signed.
func statement(change func(stmt map[string]any)) edit {
	return attestation(func(a *virtual.Attestation) { change(a.Statement) })
}

// attester changes how the new key is attested, before the statement is signed.
func attester(change func(s *harness, a *virtual.Attester, c *virtual.Credential)) edit {
	return func(s *harness, e *edits) {
		before := e.Attester
		e.Attester = func(a *virtual.Attester, c *virtual.Credential) {
			if before != nil {
				before(a, c)
			}
			change(s, a, c)
		}
	}
}

// attestationObject changes the encoded attestation object.
func attestationObject(change func(s *harness, raw []byte) []byte) edit {
	return func(s *harness, e *edits) {
		e.Registration = also(e.Registration, func(r *virtual.RegistrationResponse) {
			r.Response.AttestationObject = change(s, r.Response.AttestationObject)
		})
	}
}

// entries changes the encoded entries of the attestation object.
func entries(change func(m map[string]cbor.RawMessage)) edit {
	return attestationObject(func(s *harness, raw []byte) []byte {
		var m map[string]cbor.RawMessage
		if err := cbor.Unmarshal(raw, &m); err != nil {
			return s.fail(fmt.Errorf("reading an attestation object: %w", err))
		}
		change(m)
		return s.encode(m)
	})
}

// text changes the text of the response.
func text(change func(text []byte) []byte) edit {
	return func(_ *harness, e *edits) { e.text = then(e.text, change) }
}

// members changes the members of the response.
func members(change func(s *harness, o *object)) edit {
	return func(s *harness, e *edits) {
		e.text = then(e.text, func(text []byte) []byte {
			return s.members(text, func(o *object) { change(s, o) })
		})
	}
}

// inner changes the members of the response's member "response".
func inner(change func(s *harness, o *object)) edit {
	return members(func(s *harness, o *object) {
		o.put("response", s.members(o.get("response"), func(in *object) { change(s, in) }))
	})
}

// identifier makes the response tell another credential id.
func identifier(id []byte) edit {
	encoded := quote(base64.RawURLEncoding.EncodeToString(id))
	return members(func(_ *harness, o *object) {
		o.put("id", encoded)
		o.put("rawId", encoded)
	})
}

// attested is authenticator data with attested credential data, taken apart.
type attested struct {
	head   []byte // RP ID hash, flags, counter
	aaguid []byte
	length int // of id, as it is told
	id     []byte
	key    []byte // CBOR
	rest   []byte // extensions
}

func takeApart(data []byte) (*attested, error) {
	if len(data) < 55 {
		return nil, fmt.Errorf("taking authenticator data apart: %d bytes", len(data))
	}
	n := int(binary.BigEndian.Uint16(data[53:]))
	if len(data) < 55+n {
		return nil, fmt.Errorf("taking authenticator data apart: %d bytes with an id of %d", len(data), n)
	}
	var key cbor.RawMessage
	rest, err := cbor.UnmarshalFirst(data[55+n:], &key)
	if err != nil {
		return nil, fmt.Errorf("taking authenticator data apart: %w", err)
	}
	return &attested{head: data[:37], aaguid: data[37:53], length: n, id: data[55 : 55+n], key: key, rest: rest}, nil
}

func (a *attested) join() []byte {
	out := append(append([]byte{}, a.head...), a.aaguid...)
	out = binary.BigEndian.AppendUint16(out, uint16(a.length))
	return append(append(append(out, a.id...), a.key...), a.rest...)
}

// attestedData changes the parts of attested credential data before it is signed.
func attestedData(change func(s *harness, a *attested)) edit {
	return func(s *harness, e *edits) {
		e.AuthData = then(e.AuthData, func(data []byte) []byte {
			a, err := takeApart(data)
			if err != nil {
				return s.fail(err)
			}
			change(s, a)
			return a.join()
		})
	}
}

// keyBytes replaces the encoded COSE key. What the client says of the key beside it is left out, lest it contradict.
func keyBytes(change func(s *harness, key []byte) []byte) edit {
	return func(s *harness, e *edits) {
		attestedData(func(s *harness, a *attested) { a.key = change(s, a.key) })(s, e)
		inner(func(_ *harness, o *object) { o.drop("publicKey") })(s, e)
	}
}

// A coseKey is a COSE_Key: 1 kty, 3 alg, -1 crv or n, -2 x or e, -3 y.
type coseKey map[int]any

// key changes the entries of the COSE key before it is signed.
func key(change func(s *harness, k coseKey)) edit {
	return keyBytes(func(s *harness, raw []byte) []byte {
		var k coseKey
		if err := cbor.Unmarshal(raw, &k); err != nil {
			return s.fail(fmt.Errorf("reading a COSE key: %w", err))
		}
		if k == nil {
			return s.fail(errors.New("reading a COSE key: it is null"))
		}
		change(s, k)
		return s.encode(k)
	})
}
