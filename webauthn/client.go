package webauthn

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
)

// clientData reads and checks what the browser says about itself (Level 3 §7.1 steps 5 to 11, §7.2 steps 8 to 14).
func (f *Factor) clientData(raw []byte, want protocol.CeremonyType, challenge string) (*protocol.CollectedClientData, error) {
	d, err := readClientData(raw)
	if err != nil {
		return nil, err
	}
	if d.Type != want {
		return nil, auth.Refuse(auth.KeyTypeWrong)
	}
	if subtle.ConstantTimeCompare([]byte(d.Challenge), []byte(challenge)) != 1 {
		return nil, auth.Refuse(auth.KeyChallengeWrong)
	}
	// As strings: the library folds case and drops paths and user names, which no browser sends.
	if !slices.Contains(f.config.Origins, d.Origin) {
		return nil, auth.Refuse(auth.KeyOriginWrong)
	}
	if d.CrossOrigin && len(f.config.TopOrigins) == 0 {
		return nil, auth.Refuse(auth.KeyOriginWrong)
	}
	if d.TopOrigin != "" && (!d.CrossOrigin || !slices.Contains(f.config.TopOrigins, d.TopOrigin)) {
		return nil, auth.Refuse(auth.KeyOriginWrong)
	}
	return d, nil
}

// readClientData parses CollectedClientData. A byte order mark is dropped, as "UTF-8 decode" does; the hash is taken
// over the bytes as they came. A required member that is no string is treated as one that does not match.
func readClientData(raw []byte) (*protocol.CollectedClientData, error) {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	if !json.Valid(raw) {
		return nil, auth.RefuseField(auth.KeyMalformed, "clientDataJSON")
	}
	var d protocol.CollectedClientData
	err := eachMember(raw, maxDepth, func(name, value []byte) error {
		switch string(name) {
		case "type":
			s, _ := text(value)
			d.Type = protocol.CeremonyType(s)
		case "challenge":
			d.Challenge, _ = text(value)
		case "origin":
			d.Origin, _ = text(value)
		case "topOrigin":
			var ok bool
			if d.TopOrigin, ok = text(value); !ok || d.TopOrigin == "" {
				return auth.Refuse(auth.KeyOriginWrong)
			}
		case "crossOrigin":
			d.CrossOrigin = string(value) == "true"
			if !d.CrossOrigin && string(value) != "false" {
				return auth.RefuseField(auth.KeyMalformed, "clientDataJSON")
			}
		}
		return nil
	})
	return &d, err
}

// authData checks what is the same in both ceremonies (Level 3 §7.1 steps 14 to 18, §7.2 steps 15 to 19).
func (f *Factor) authData(d *protocol.AuthenticatorData, need protocol.UserVerificationRequirement) error {
	switch {
	case !bytes.Equal(d.RPIDHash, f.rpIDHash[:]):
		return auth.Refuse(auth.KeyRPIDWrong)
	case !d.Flags.HasUserPresent():
		return auth.Refuse(auth.KeyNoTouch)
	case need == protocol.VerificationRequired && !d.Flags.HasUserVerified():
		return auth.Refuse(auth.KeyNotVerified)
	case d.Flags.HasBackupState() && !d.Flags.HasBackupEligible():
		return auth.Refuse(auth.KeyBackupFlags)
	}
	return nil
}
