package webauthn

import (
	"bytes"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"slices"

	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
)

// steps are where Level 3 asks for what both ceremonies check.
type steps struct {
	ceremony                                       protocol.CeremonyType
	response, present                              string
	json, kind, challenge, origin                  string
	cross, top                                     string
	data, rpID, presence, verification, backupFlag string
}

// registering are the steps of §7.1.
func registering() *steps {
	return &steps{protocol.CreateCeremony, "7.1.3", "7.1.5", "7.1.6", "7.1.7", "7.1.8", "7.1.9", "7.1.10", "7.1.11",
		"7.1.13", "7.1.14", "7.1.15", "7.1.16", "7.1.17"}
}

// authenticating are the steps of §7.2.
func authenticating() *steps {
	return &steps{protocol.AssertCeremony, "7.2.3", "7.2.8", "7.2.9", "7.2.10", "7.2.11", "7.2.12", "7.2.13", "7.2.14",
		"7.2.7", "7.2.15", "7.2.16", "7.2.17", "7.2.18"}
}

// in sets the step of a refusal that has none yet.
func in(err error, step string) error {
	var e *auth.Error
	if errors.As(err, &e) && e.Step == "" {
		e.Step = step
	}
	return err
}

// clientData reads and checks what the browser says about itself (Level 3 §7.1 steps 5 to 11, §7.2 steps 8 to 14).
func (f *Factor) clientData(raw []byte, at *steps, challenge string) (*protocol.CollectedClientData, error) {
	d, err := readClientData(raw)
	if err != nil {
		return nil, in(err, at.json)
	}
	if d.Type != at.ceremony {
		return nil, auth.Refuse(auth.KeyTypeWrong).In(at.kind)
	}
	if subtle.ConstantTimeCompare([]byte(d.Challenge), []byte(challenge)) != 1 {
		return nil, auth.Refuse(auth.KeyChallengeWrong).In(at.challenge)
	}
	// As strings: the library folds case and drops paths and user names, which no browser sends.
	if !slices.Contains(f.config.Origins, d.Origin) {
		return nil, auth.Refuse(auth.KeyOriginWrong).In(at.origin)
	}
	if d.CrossOrigin && len(f.config.TopOrigins) == 0 {
		return nil, auth.Refuse(auth.KeyOriginWrong).In(at.cross)
	}
	if d.TopOrigin != "" && (!d.CrossOrigin || !slices.Contains(f.config.TopOrigins, d.TopOrigin)) {
		return nil, auth.Refuse(auth.KeyOriginWrong).In(at.top)
	}
	return d, nil
}

// readClientData parses CollectedClientData. A byte order mark is dropped and broken UTF-8 replaced, as "UTF-8 decode"
// does; the hash is taken over the bytes as they came. A required member that is no string is treated as one that
// does not match.
func readClientData(raw []byte) (*protocol.CollectedClientData, error) {
	raw = bytes.TrimSpace(bytes.TrimPrefix(raw, []byte("\xef\xbb\xbf")))
	raw = bytes.ToValidUTF8(raw, []byte("\ufffd"))
	if !json.Valid(raw) {
		return nil, auth.RefuseField(auth.KeyMalformed, "clientDataJSON")
	}
	var d protocol.CollectedClientData
	err := eachMember(raw, func(name, value []byte) error {
		switch string(name) {
		case "type":
			s, _ := text(value)
			d.Type = protocol.CeremonyType(s)
		case "challenge":
			d.Challenge, _ = text(value)
		case "origin":
			d.Origin, _ = text(value)
		case "topOrigin":
			if d.TopOrigin, _ = text(value); d.TopOrigin == "" {
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
func (f *Factor) authData(d *protocol.AuthenticatorData, at *steps, need protocol.UserVerificationRequirement) error {
	switch {
	case !bytes.Equal(d.RPIDHash, f.rpIDHash[:]):
		return auth.Refuse(auth.KeyRPIDWrong).In(at.rpID)
	case !d.Flags.HasUserPresent():
		return auth.Refuse(auth.KeyNoTouch).In(at.presence)
	case need == protocol.VerificationRequired && !d.Flags.HasUserVerified():
		return auth.Refuse(auth.KeyNotVerified).In(at.verification)
	case d.Flags.HasBackupState() && !d.Flags.HasBackupEligible():
		return auth.Refuse(auth.KeyBackupFlags).In(at.backupFlag)
	}
	return nil
}
