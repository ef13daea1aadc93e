package virtual

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"unicode/utf8"
)

// Bytes is a byte string that JSON carries as base64url without padding.
type Bytes []byte

// MarshalText encodes b.
func (b Bytes) MarshalText() ([]byte, error) {
	return base64.RawURLEncoding.AppendEncode(nil, b), nil
}

// UnmarshalText decodes base64url without padding, the only form Level 3 §5.1.8 allows.
func (b *Bytes) UnmarshalText(text []byte) error {
	out, err := base64.RawURLEncoding.Strict().AppendDecode(nil, text)
	if err != nil {
		return fmt.Errorf("not base64url: %w", err)
	}
	*b = out
	return nil
}

// ClientData is CollectedClientData (Level 3 §5.8.1).
type ClientData struct {
	Type        string // "webauthn.create" or "webauthn.get"
	Challenge   string // base64url, as it stands in the options
	Origin      string
	CrossOrigin bool
	TopOrigin   string // left out when empty
	Extra       string // raw JSON members put at the end, such as `"new":true`; browsers may add some
}

// Append serialises d as Level 3 §5.8.1.1 lays down, byte for byte: browsers have no freedom here, so verifiers may
// compare prefixes.
func (d *ClientData) Append(dst []byte) []byte {
	dst = appendJSONString(append(dst, `{"type":`...), d.Type)
	dst = appendJSONString(append(dst, `,"challenge":`...), d.Challenge)
	dst = appendJSONString(append(dst, `,"origin":`...), d.Origin)
	if d.CrossOrigin {
		dst = append(dst, `,"crossOrigin":true`...)
	} else {
		dst = append(dst, `,"crossOrigin":false`...)
	}
	if d.TopOrigin != "" {
		dst = appendJSONString(append(dst, `,"topOrigin":`...), d.TopOrigin)
	}
	if d.Extra != "" {
		dst = append(append(dst, ','), d.Extra...)
	}
	return append(dst, '}')
}

// appendJSONString is CCDToString of Level 3 §5.8.1.1.
func appendJSONString(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			dst = append(dst, '\\', byte(r))
		case r < 0x20:
			dst = fmt.Appendf(dst, `\u%04x`, r)
		default:
			dst = utf8.AppendRune(dst, r)
		}
	}
	return append(dst, '"')
}

// A Descriptor is PublicKeyCredentialDescriptorJSON.
type Descriptor struct {
	ID         Bytes    `json:"id"`
	Type       string   `json:"type"`
	Transports []string `json:"transports,omitempty"`
}

// CreationOptions is PublicKeyCredentialCreationOptionsJSON (Level 3 §5.1.8), as far as a Client looks at it.
type CreationOptions struct {
	RP struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"rp"`
	User struct {
		ID          Bytes  `json:"id"`
		Name        string `json:"name"`
		DisplayName string `json:"displayName"`
	} `json:"user"`
	Challenge              string       `json:"challenge"`
	Parameters             []Parameter  `json:"pubKeyCredParams"`
	Timeout                int64        `json:"timeout,omitempty"` // ms
	Exclude                []Descriptor `json:"excludeCredentials,omitempty"`
	AuthenticatorSelection struct {
		Attachment         string `json:"authenticatorAttachment,omitempty"`
		ResidentKey        string `json:"residentKey,omitempty"`
		RequireResidentKey bool   `json:"requireResidentKey,omitempty"`
		UserVerification   string `json:"userVerification,omitempty"`
	} `json:"authenticatorSelection"`
	Hints       []string                   `json:"hints,omitempty"`
	Attestation string                     `json:"attestation,omitempty"`
	Extensions  map[string]json.RawMessage `json:"extensions,omitempty"`
}

// normalise puts defaults where there is nothing, or a value that nobody knows: browsers treat the two alike
// (Level 3 §2.1.1), so that new values do not break old browsers.
func (o *CreationOptions) normalise() {
	known := func(value *string, fallback string, values ...string) {
		if !slices.Contains(values, *value) {
			*value = fallback
		}
	}
	sel := &o.AuthenticatorSelection
	resident := "discouraged"
	if sel.RequireResidentKey {
		resident = "required"
	}
	known(&sel.ResidentKey, resident, "required", "preferred", "discouraged")
	known(&sel.Attachment, "", "platform", "cross-platform")
	known(&sel.UserVerification, "preferred", "required", "preferred", "discouraged")
	known(&o.Attestation, "none", "none", "indirect", "direct", "enterprise")
}

// RequestOptions is PublicKeyCredentialRequestOptionsJSON (Level 3 §5.1.9), as far as a Client looks at it.
type RequestOptions struct {
	Challenge        string                     `json:"challenge"`
	Timeout          int64                      `json:"timeout,omitempty"` // ms
	RPID             string                     `json:"rpId,omitempty"`
	Allow            []Descriptor               `json:"allowCredentials,omitempty"`
	UserVerification string                     `json:"userVerification,omitempty"`
	Hints            []string                   `json:"hints,omitempty"`
	Extensions       map[string]json.RawMessage `json:"extensions,omitempty"`
}

// unmarshalOptions reads options, either bare or as the publicKey member that navigator.credentials takes.
func unmarshalOptions(data []byte, into any) error {
	var wrapped struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if err := json.Unmarshal(data, &wrapped); err != nil {
		return refuse("TypeError", "the options are not a JSON object: %v", err)
	}
	if len(wrapped.PublicKey) > 0 {
		data = wrapped.PublicKey
	}
	if err := json.Unmarshal(data, into); err != nil {
		return refuse("TypeError", "reading the options: %v", err)
	}
	return nil
}

// RegistrationResponse is RegistrationResponseJSON (Level 3 §5.1).
type RegistrationResponse struct {
	ID         string           `json:"id"`
	RawID      Bytes            `json:"rawId"`
	Response   RegistrationData `json:"response"`
	Attachment string           `json:"authenticatorAttachment,omitempty"`
	Extensions map[string]any   `json:"clientExtensionResults"`
	Type       string           `json:"type"`
}

// RegistrationData is AuthenticatorAttestationResponseJSON.
type RegistrationData struct {
	ClientDataJSON     Bytes     `json:"clientDataJSON"`
	AuthenticatorData  Bytes     `json:"authenticatorData"`
	Transports         []string  `json:"transports"`
	PublicKey          Bytes     `json:"publicKey,omitempty"` // SubjectPublicKeyInfo
	PublicKeyAlgorithm Algorithm `json:"publicKeyAlgorithm"`
	AttestationObject  Bytes     `json:"attestationObject"`
}

// AuthenticationResponse is AuthenticationResponseJSON (Level 3 §5.1).
type AuthenticationResponse struct {
	ID         string         `json:"id"`
	RawID      Bytes          `json:"rawId"`
	Response   AssertionData  `json:"response"`
	Attachment string         `json:"authenticatorAttachment,omitempty"`
	Extensions map[string]any `json:"clientExtensionResults"`
	Type       string         `json:"type"`
}

// AssertionData is AuthenticatorAssertionResponseJSON.
type AssertionData struct {
	ClientDataJSON    Bytes `json:"clientDataJSON"`
	AuthenticatorData Bytes `json:"authenticatorData"`
	Signature         Bytes `json:"signature"`
	UserHandle        Bytes `json:"userHandle,omitempty"`
}
