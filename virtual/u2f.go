package virtual

import (
	"context"
	"crypto"
	"crypto/x509"
	"encoding/binary"
)

const u2fIDSize = 64 // of key handles made by U2F

// The status words of U2F (FIDO U2F Raw Message Formats 1.2 §3.3).
const (
	swNoError              uint16 = 0x9000
	swWrongLength          uint16 = 0x6700
	swConditionsUnmet      uint16 = 0x6985 // a touch is needed
	swCommandNotAllowed    uint16 = 0x6986
	swWrongData            uint16 = 0x6a80 // not a key handle of this authenticator for this application
	swClassUnsupported     uint16 = 0x6e00
	swInstructionUnknown   uint16 = 0x6d00
	swFailure              uint16 = 0x6f00
	u2fRegister                   = 0x01
	u2fAuthenticate               = 0x02
	u2fVersion                    = 0x03
	u2fCheckOnly                  = 0x07
	u2fEnforcePresence            = 0x03
	u2fDontEnforcePresence        = 0x08
)

// APDU answers one CTAP1/U2F request as it crosses the cable (FIDO U2F Raw Message Formats 1.2): a command APDU of
// short or extended length in; data, if any, and a status word of two bytes out. A touch that does not come, or ctx
// that ends, is 0x6985, after which the host asks again.
func (a *Authenticator) APDU(ctx context.Context, request []byte) []byte {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return binary.BigEndian.AppendUint16(nil, swConditionsUnmet)
	}
	a.forget(0)
	out, sw := a.u2f(ctx, request)
	if sw != swNoError {
		out = nil
	}
	return binary.BigEndian.AppendUint16(out, sw)
}

// u2f runs the instruction of a request.
func (a *Authenticator) u2f(ctx context.Context, request []byte) ([]byte, uint16) {
	data, ok := apduData(request)
	switch {
	case !ok:
		return nil, swWrongLength
	case request[0] != 0:
		return nil, swClassUnsupported
	case !a.speaksU2F():
		return nil, swCommandNotAllowed
	}
	if a.wait(ctx) != nil {
		return nil, swConditionsUnmet
	}
	switch request[1] {
	case u2fRegister:
		return a.u2fRegister(ctx, data)
	case u2fAuthenticate:
		return a.u2fAuthenticate(ctx, request[2], data)
	case u2fVersion:
		if len(data) > 0 {
			return nil, swWrongLength
		}
		return []byte("U2F_V2"), swNoError
	}
	return nil, swInstructionUnknown
}

// apduData returns the data of a command APDU (ISO 7816-4 §5.1), whose length takes one byte or, behind a zero, two:
//
//	CLA INS P1 P2 [Lc data] [Le]
func apduData(apdu []byte) ([]byte, bool) {
	if len(apdu) < 4 {
		return nil, false
	}
	body := apdu[4:]
	switch {
	case len(body) <= 1: // nothing, or Le alone
		return nil, true
	case body[0] != 0: // short
		n := int(body[0])
		rest := len(body) - 1 - n
		if rest != 0 && rest != 1 {
			return nil, false
		}
		return body[1 : 1+n], true
	case len(body) < 3:
		return nil, false
	case len(body) == 3: // extended Le alone
		return nil, true
	}
	n := int(binary.BigEndian.Uint16(body[1:3]))
	rest := len(body) - 3 - n
	if rest != 0 && rest != 2 {
		return nil, false
	}
	return body[3 : 3+n], true
}

// u2fRegister makes a credential for an application of which the hash alone is known:
//
//	challenge (32) | application (32)  ->  0x05 | point (65) | length of id (1) | id | certificate | signature
func (a *Authenticator) u2fRegister(ctx context.Context, data []byte) ([]byte, uint16) {
	if len(data) != 64 {
		return nil, swWrongLength
	}
	if a.ask(ctx, "", StatusOperationDenied) != nil {
		return nil, swConditionsUnmet
	}
	c, err := a.addU2F([32]byte(data[32:]))
	if err != nil {
		return nil, swFailure
	}
	message, err := u2fMessage(c, data[:32])
	if err != nil {
		return nil, swFailure
	}
	cert, key, err := a.u2fCertificate()
	if err != nil {
		return nil, swFailure
	}
	sig, err := signMessage(ES256, key, message)
	if err != nil {
		return nil, swFailure
	}
	point := message[len(message)-65:]
	return join([]byte{5}, point, []byte{byte(len(c.ID))}, c.ID, cert.Raw, sig), swNoError
}

// addU2F derives and stores a credential for an application; it does not count, for nothing shows the counter.
func (a *Authenticator) addU2F(application [32]byte) (*Credential, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	size := a.options.IDSize
	if size > 255 { // the length has one byte
		size = u2fIDSize
	}
	c, err := derive(a.options.Seed, a.made, "", ES256, size)
	if err != nil {
		return nil, err
	}
	c.rpHash, c.Counter = application, a.options.CounterStart
	a.put(c)
	return c.clone(), nil
}

// u2fCertificate is the attestation certificate of U2F, which does not carry an AAGUID.
func (a *Authenticator) u2fCertificate() (*x509.Certificate, crypto.Signer, error) {
	o := a.Options()
	if a.cert != nil && o.AAGUID == [16]byte{} {
		return a.cert, a.certKey, nil
	}
	if o.CA == nil {
		var err error
		if o.CA, err = NewCA(CAOptions{Seed: join(o.Seed, []byte("ca"))}); err != nil {
			return nil, nil, err
		}
	}
	return o.CA.Issue([16]byte{})
}

// u2fAuthenticate signs with a key handle, or reports whether it is known:
//
//	challenge (32) | application (32) | length of id (1) | id  ->  presence (1) | counter (4) | signature
func (a *Authenticator) u2fAuthenticate(ctx context.Context, control byte, data []byte) ([]byte, uint16) {
	if len(data) < 65 || len(data) != 65+int(data[64]) {
		return nil, swWrongLength
	}
	c := a.u2fCredential([32]byte(data[32:64]), data[65:])
	if c == nil {
		return nil, swWrongData
	}
	present := FlagUP
	switch control {
	case u2fEnforcePresence:
		if a.ask(ctx, c.RPID, StatusOperationDenied) != nil {
			return nil, swConditionsUnmet
		}
	case u2fDontEnforcePresence:
		present = 0
	case u2fCheckOnly: // known: the host is told to go on as if a touch were missing
		return nil, swConditionsUnmet
	default:
		return nil, swWrongData
	}
	counter, ok := a.advance(c)
	if !ok {
		return nil, swWrongData
	}
	signed := c.AppendAuthData(nil, present, counter)
	sig, err := c.signHash(signed, data[:32])
	if err != nil {
		return nil, swFailure
	}
	return append(signed[32:], sig...), swNoError
}

// u2fCredential returns a copy of the credential that U2F may use: of ES256, and not one that demands verification
// (CTAP 2.1 §12.1).
func (a *Authenticator) u2fCredential(application [32]byte, id []byte) *Credential {
	a.mu.Lock()
	defer a.mu.Unlock()
	c := a.credentials[keyFor(application, id)]
	if c == nil || c.Algorithm != ES256 || c.CredProtect == ProtectRequired {
		return nil
	}
	return c.clone()
}
