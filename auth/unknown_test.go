package auth_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// wantUnknown fails the test unless the refusal says whether the credential of that response is known here.
func wantUnknown(t *testing.T, what string, err error, response json.RawMessage, want bool) {
	t.Helper()
	var r struct{ ID string }
	ok(t, what, json.Unmarshal(response, &r))
	e, refused := err.(*auth.Error)
	switch {
	case !refused:
		t.Errorf("%s: got %v, want a refusal", what, err)
	case want != (e.Unknown != nil):
		t.Errorf("%s (%s): got unknown %+v, want %v", what, e.Code, e.Unknown, want)
	case want && (e.Unknown.CredentialID != r.ID || e.Unknown.RPID != "localhost"):
		t.Errorf("%s: got %+v, want %s of localhost", what, e.Unknown, r.ID)
	}
}

// Whoever made a key for a registration that is refused is told that nobody has it here, whatever it was refused for;
// never of a key that somebody has.
func TestRefusedRegistrationsNameTheUnknownKey(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	begin := func() (*auth.Challenge, json.RawMessage) {
		ch, err := w.s.BindBegin(ctx, c, auth.BindForm{Kind: auth.WebAuthn, Flavour: auth.Passkey})
		ok(t, "begin", err)
		response, err := stick(t, virtual.Options{Platform: true, ResidentKeys: true,
			UserVerification: virtual.UVSucceeds}).Create(publicKey(t, ch.Prompt))
		ok(t, "create", err)
		return ch, response
	}
	finish := func(c auth.Caller, ceremony string, response json.RawMessage) error {
		_, err := w.s.BindFinish(ctx, c, auth.BindDone{Ceremony: ceremony, Name: "This PC", Response: response})
		return err
	}
	ch, response := begin()
	wantUnknown(t, "a torn ceremony", finish(c, ch.Ceremony[1:], response), response, true)
	other, _ := begin()
	wantUnknown(t, "an answer to another challenge", finish(c, other.Ceremony, response), response, true)
	wantUnknown(t, "without a session", finish(caller("home"), ch.Ceremony, response), response, false)
	ok(t, "in time", finish(c, ch.Ceremony, response))
	wantUnknown(t, "the same once more", finish(c, ch.Ceremony, response), response, false)
	late, response := begin()
	w.pass(20 * time.Minute)
	wantUnknown(t, "after the ceremony's life", finish(c, late.Ceremony, response), response, true)
	own, err := w.s.SignInKeyFirst(ctx, caller("home"), auth.KeyFirstForm{Identifier: "seller@example.com"})
	ok(t, "key first", err)
	touched := touch(t, browser, own)
	wantUnknown(t, "a key that is bound", finish(c, ch.Ceremony, touched), touched, false)
	for what, text := range map[string]string{"a code": `{"code":"123456"}`, "no id": `{"type":"public-key"}`,
		"no base64url": `{"type":"public-key","id":"<b>"}`, "no JSON": `{`} {
		if e, is := finish(c, ch.Ceremony, json.RawMessage(text)).(*auth.Error); !is || e.Unknown != nil {
			t.Errorf("%s: got %+v, want a refusal that names no credential", what, e)
		}
	}
}

// A passkey that was removed here is told to its browser at the next sign-in without typing; one that is merely refused
// is not, and neither is any that answers for an identifier.
func TestSignInNamesTheUnknownPasskey(t *testing.T) {
	w := newWorld(t)
	passkey := virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}
	browser, bound, c := w.withKey("seller@example.com", sellerNumber, passkey, auth.Passkey)
	_, c = w.enrolApp(c)
	ctx := t.Context()
	answer := func(identifier string, edit func(string) string) (json.RawMessage, error) {
		ch, err := w.s.SignInKeyFirst(ctx, caller("home"), auth.KeyFirstForm{Identifier: identifier})
		ok(t, "key first", err)
		response := touch(t, browser, ch)
		_, err = w.s.SignInFinish(ctx, caller("home"), ch.Ceremony, json.RawMessage(edit(string(response))))
		return response, err
	}
	as := func(s string) string { return s }
	_, err := answer("", as)
	ok(t, "a passkey that is bound", err)
	response, err := answer("", withSignature)
	wantUnknown(t, "a wrong signature", err, response, false)
	w.pass(time.Second)
	_, err = w.s.Remove(ctx, c, bound.Authenticator.ID)
	ok(t, "remove", err)
	response, err = answer("", as)
	wantUnknown(t, "a passkey that was removed", err, response, true)
}

// withSignature is a response whose signature is wrong.
func withSignature(response string) string {
	var r struct {
		ID                     string            `json:"id"`
		RawID                  string            `json:"rawId"`
		Type                   string            `json:"type"`
		ClientExtensionResults map[string]any    `json:"clientExtensionResults"`
		Response               map[string]string `json:"response"`
	}
	_ = json.Unmarshal([]byte(response), &r)
	r.ClientExtensionResults = map[string]any{}
	r.Response["signature"] = b64([]byte("0123456789"))
	raw, _ := json.Marshal(r)
	return string(raw)
}
