package virtual

import (
	"encoding/base64"
)

// An Assertion says what AppendAssertion shall put into a response.
type Assertion struct {
	Challenge  string // base64url, as it stands in the options
	Origin     string
	Flags      byte   // FlagUP, FlagUV; the credential's BE and BS are added
	Counter    uint32 // the signature counter to show
	UserHandle []byte // left out when empty
	Attachment string // "cross-platform" when empty
}

// AppendAssertion appends a complete AuthenticationResponseJSON, freshly signed, to dst. It is for load generators:
// no options are parsed, no rule of browsers applied, nothing counted, and dst is the only large allocation. It may
// be called concurrently.
func (c *Credential) AppendAssertion(dst []byte, a *Assertion) ([]byte, error) {
	var clientSpace [320]byte
	var dataSpace [37]byte
	d := ClientData{Type: "webauthn.get", Challenge: a.Challenge, Origin: a.Origin}
	clientData := d.Append(clientSpace[:0])
	authData := c.AppendAuthData(dataSpace[:0], a.Flags|c.backupFlags(), a.Counter)
	sig, err := c.Sign(authData, clientData)
	if err != nil {
		return dst, err
	}
	enc := base64.RawURLEncoding
	attachment := a.Attachment
	if attachment == "" {
		attachment = "cross-platform"
	}
	dst = append(dst, `{"type":"public-key","authenticatorAttachment":"`...)
	dst = append(append(dst, attachment...), `","clientExtensionResults":{},"id":"`...)
	dst = append(enc.AppendEncode(dst, c.ID), `","rawId":"`...)
	dst = append(enc.AppendEncode(dst, c.ID), `","response":{"clientDataJSON":"`...)
	dst = append(enc.AppendEncode(dst, clientData), `","authenticatorData":"`...)
	dst = append(enc.AppendEncode(dst, authData), `","signature":"`...)
	dst = append(enc.AppendEncode(dst, sig), '"')
	if len(a.UserHandle) > 0 {
		dst = append(enc.AppendEncode(append(dst, `,"userHandle":"`...), a.UserHandle), '"')
	}
	return append(dst, `}}`...), nil
}
