package auth

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"

	"github.com/latchkey-auth/latchkey/store"
)

// This file is what a browser is told about a key that it has and the site has
// not: made for a registration that was refused, or removed here meanwhile.
//
// At a sign-in the answer must not tell a real credential id from an invented
// one, or the ids that are shown for an identifier would tell who has an account.
// So it goes by credential and user handle together: nobody but their owner knows
// both, and without the handle no id is called unknown.

// An UnknownCredential is the argument of
// PublicKeyCredential.signalUnknownCredential (WebAuthn Level 3 §5.1.10.2).
type UnknownCredential struct {
	RPID         string `json:"rpId"`
	CredentialID string `json:"credentialId"` // base64url
}

// maxCredentialText bounds a credential id in base64url: 1,023 bytes.
const maxCredentialText = 1364

// credentialOf returns the credential id in a key's response, "" for none.
func credentialOf(response json.RawMessage) string {
	var r struct{ ID, Type string }
	if json.Unmarshal(response, &r) != nil || r.Type != "public-key" || len(r.ID) > maxCredentialText {
		return ""
	}
	if _, err := base64.RawURLEncoding.DecodeString(r.ID); err != nil {
		return ""
	}
	return r.ID
}

// signalRefused adds to the refusal of a registration that its key is unknown, if
// it is: it was made on the device before we refused it.
func (s *Service) signalRefused(ctx context.Context, c Caller, response json.RawMessage, err error) error {
	var e *Error
	id := credentialOf(response)
	if id == "" || !errors.As(err, &e) {
		return err
	}
	unknown, failed := do(ctx, s, c, ActMe, func(w *Work) (bool, error) {
		_, err := w.s.authenticators.One(w.tx, "credential", id)
		return errors.Is(err, store.ErrNotFound), ignoreMissing(err)
	})
	if failed != nil || !unknown {
		return err
	}
	refused := *e
	refused.Unknown = &UnknownCredential{RPID: s.rpID, CredentialID: id}
	return &refused
}
