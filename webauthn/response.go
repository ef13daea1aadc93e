package webauthn

import (
	"bytes"
	"encoding/base64"
	"encoding/json"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/strictjson"
)

// Bounds of what a response may hold. A TPM attestation with its chain has 6 KiB; credential ids have at most 1023
// bytes (Level 3 §6.5.1), user handles 64 (§5.4.3).
const (
	maxResponse   = 32 << 10
	maxID         = 1023
	maxHandle     = 64
	maxClientData = 4 << 10
)

// A response is a PublicKeyCredential in the JSON of Level 3 §5.1, of either ceremony.
type response struct {
	id         string // base64url
	rawID      []byte
	attachment string
	rk         bool // clientExtensionResults.credProps.rk
	clientData []byte
	// of registrations
	object     []byte
	transports []string
	// of assertions
	authData  []byte
	signature []byte
	handle    []byte
}

// readResponse reads a response of either ceremony: what Level 3 §5.1 says of its form, the step of §7 asks for.
func readResponse(data []byte, at *steps) (*response, error) {
	r, err := parseResponse(data)
	if err == nil && (len(r.clientData) == 0 || len(r.clientData) > maxClientData) {
		err = auth.RefuseField(auth.KeyMalformed, "clientDataJSON").In(at.present)
	}
	return r, in(err, at.response)
}

// parseResponse reads a response. Unknown members are ignored, duplicates (in any case: parsers further on may fold it)
// are refused, byte strings must be base64url without padding.
func parseResponse(data []byte) (*response, error) {
	if len(data) > maxResponse {
		return nil, auth.Refuse(auth.TooLarge)
	}
	var r response
	var id, kind, inner []byte
	err := eachMember(data, func(name, value []byte) (err error) {
		switch string(name) {
		case "id":
			id = value
		case "type":
			kind = value
		case "rawId":
			r.rawID, err = byteString(value, name)
		case "authenticatorAttachment":
			r.attachment, err = optionalText(value, name)
		case "clientExtensionResults":
			r.rk = credProps(value)
		case "response":
			inner = value
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	if err := r.identity(id, kind); err != nil {
		return nil, err
	}
	return &r, r.readInner(inner)
}

// identity checks id, rawId and type, which must agree (Level 3 §5.1).
func (r *response) identity(id, kind []byte) error {
	if r.id, _ = text(id); r.id == "" {
		return auth.RefuseField(auth.KeyMalformed, "id")
	}
	if len(r.rawID) > maxID || r.id != base64.RawURLEncoding.EncodeToString(r.rawID) {
		return auth.RefuseField(auth.KeyMalformed, "rawId")
	}
	if k, _ := text(kind); k != "public-key" {
		return auth.RefuseField(auth.KeyMalformed, "type")
	}
	return nil
}

// readInner reads the member "response" of either ceremony.
func (r *response) readInner(data []byte) error {
	err := eachMember(data, func(name, value []byte) (err error) {
		switch string(name) {
		case "clientDataJSON":
			r.clientData, err = byteString(value, name)
		case "attestationObject":
			r.object, err = byteString(value, name)
		case "authenticatorData":
			r.authData, err = byteString(value, name)
		case "signature":
			r.signature, err = byteString(value, name)
		case "userHandle":
			if string(value) != "null" {
				r.handle, err = byteString(value, name)
			}
		case "transports":
			if json.Unmarshal(value, &r.transports) != nil {
				err = auth.RefuseField(auth.KeyMalformed, string(name))
			}
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case len(r.handle) > maxHandle:
		return auth.RefuseField(auth.KeyMalformed, "userHandle")
	}
	return nil
}

// credProps reads whether the client says that the credential is discoverable (Level 3 §10.1.3). All other outputs,
// and anything odd, are unsolicited and ignored.
func credProps(value []byte) bool {
	var out struct {
		CredProps struct {
			RK bool `json:"rk"`
		} `json:"credProps"`
	}
	return json.Unmarshal(value, &out) == nil && out.CredProps.RK
}

// eachMember calls f with every member of the object that data holds, read as strictly as all that strangers send.
func eachMember(data []byte, f func(name, value []byte) error) error {
	err := strictjson.Each(data, f)
	if err == strictjson.ErrMalformed {
		return auth.Refuse(auth.KeyMalformed)
	}
	if _, twice := err.(*strictjson.DuplicateError); twice {
		return auth.Refuse(auth.DuplicateMember)
	}
	return err
}

// text returns what a JSON string says.
func text(value []byte) (string, bool) {
	if len(value) < 2 || value[0] != '"' {
		return "", false
	}
	if bytes.IndexByte(value, '\\') < 0 {
		return string(value[1 : len(value)-1]), true
	}
	var s string
	err := json.Unmarshal(value, &s)
	return s, err == nil
}

func optionalText(value, name []byte) (string, error) {
	s, ok := text(value)
	if !ok && string(value) != "null" {
		return "", auth.RefuseField(auth.KeyMalformed, string(name))
	}
	return s, nil
}

// byteString decodes a Base64URLString (Level 3 §5.1): no padding, no stray bits, none of the line breaks that the
// standard library skips.
func byteString(value, name []byte) ([]byte, error) {
	malformed := func() error { return auth.RefuseField(auth.KeyMalformed, string(name)) }
	if len(value) < 2 || value[0] != '"' {
		return nil, malformed()
	}
	if bytes.IndexByte(value, '\\') >= 0 {
		s, _ := text(value)
		value = append(append([]byte{'"'}, s...), '"')
	}
	value = value[1 : len(value)-1]
	if bytes.ContainsAny(value, "\r\n") {
		return nil, malformed()
	}
	out, err := base64.RawURLEncoding.Strict().AppendDecode(make([]byte, 0, len(value)*3/4), value)
	if err != nil {
		return nil, malformed()
	}
	return out, nil
}
