package party

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
)

// descriptor is PublicKeyCredentialDescriptorJSON.
type descriptor struct {
	Type string `json:"type"`
	ID   string `json:"id"`
}

type parameter struct {
	Type string `json:"type"`
	Alg  int64  `json:"alg"`
}

type entity struct {
	ID          string `json:"id"`
	Name        string `json:"name"`
	DisplayName string `json:"displayName,omitempty"`
}

type selection struct {
	Attachment       string `json:"authenticatorAttachment,omitempty"`
	ResidentKey      string `json:"residentKey,omitempty"`
	RequireResident  bool   `json:"requireResidentKey"`
	UserVerification string `json:"userVerification,omitempty"`
}

// creationOptions is PublicKeyCredentialCreationOptionsJSON (Level 3 §5.1.8).
type creationOptions struct {
	RP          entity         `json:"rp"`
	User        entity         `json:"user"`
	Challenge   string         `json:"challenge"`
	Parameters  []parameter    `json:"pubKeyCredParams"`
	Timeout     int64          `json:"timeout"`
	Exclude     []descriptor   `json:"excludeCredentials"`
	Selection   selection      `json:"authenticatorSelection"`
	Attestation string         `json:"attestation"`
	Extensions  map[string]any `json:"extensions,omitempty"`
}

// requestOptions is PublicKeyCredentialRequestOptionsJSON (Level 3 §5.1.9).
type requestOptions struct {
	Challenge        string         `json:"challenge"`
	Timeout          int64          `json:"timeout"`
	RPID             string         `json:"rpId"`
	Allow            []descriptor   `json:"allowCredentials"`
	UserVerification string         `json:"userVerification"`
	Extensions       map[string]any `json:"extensions,omitempty"`
}

func (p *Party) creation(c *ceremony, sel selection) *creationOptions {
	o := &creationOptions{
		RP: entity{ID: p.options.RPID, Name: "Fixture"},
		User: entity{ID: base64.RawURLEncoding.EncodeToString(c.user.handle), Name: c.user.name,
			DisplayName: c.user.name},
		Challenge: c.challenge, Timeout: lifetime.Milliseconds(), Exclude: []descriptor{}, Selection: sel,
		Attestation: "direct",
	}
	for _, alg := range p.offered {
		o.Parameters = append(o.Parameters, parameter{"public-key", alg})
	}
	for _, k := range c.user.keys {
		if !k.deleted {
			o.Exclude = append(o.Exclude, describe(k.id))
		}
	}
	return o
}

func (p *Party) request(c *ceremony) *requestOptions {
	o := &requestOptions{
		Challenge: c.challenge, Timeout: lifetime.Milliseconds(), RPID: p.options.RPID, Allow: []descriptor{},
		UserVerification: verification(c.verify),
	}
	for _, id := range c.allow {
		o.Allow = append(o.Allow, describe(id))
	}
	return o
}

func describe(id []byte) descriptor {
	return descriptor{"public-key", base64.RawURLEncoding.EncodeToString(id)}
}

func verification(required bool) string {
	if required {
		return "required"
	}
	return "preferred"
}

func encodeJSON(v any) ([]byte, error) {
	out, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding options: %w", err)
	}
	return out, nil
}
