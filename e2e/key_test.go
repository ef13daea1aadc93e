package e2e

import (
	"encoding/base64"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/webauthn"
)

// A key is a software authenticator in a person's window.
type key struct {
	p  *person
	id webauthn.AuthenticatorID
}

// usb is a USB security key of today, touch only.
func usb() webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2,
		Ctap2version: webauthn.Ctap2versionCtap21,
		Transport:    webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true}
}

// u2f is a USB security key of before 2018.
func u2f() webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolU2f,
		Transport: webauthn.AuthenticatorTransportUsb, AutomaticPresenceSimulation: true}
}

// platform is what a phone or PC has built in: it knows its user and finds accounts by itself.
func platform() webauthn.VirtualAuthenticatorOptions {
	return webauthn.VirtualAuthenticatorOptions{Protocol: webauthn.AuthenticatorProtocolCtap2,
		Ctap2version: webauthn.Ctap2versionCtap21,
		Transport:    webauthn.AuthenticatorTransportInternal, HasResidentKey: true, HasUserVerification: true,
		IsUserVerified:              true,
		AutomaticPresenceSimulation: true}
}

// plug puts an authenticator into the person's machine.
func (p *person) plug(o webauthn.VirtualAuthenticatorOptions) *key {
	p.t.Helper()
	send(p, webauthn.Enable, webauthn.EnableParams{})
	r := send(p, webauthn.AddVirtualAuthenticator, webauthn.AddVirtualAuthenticatorParams{Options: &o})
	return &key{p: p, id: r.AuthenticatorID}
}

// unplug takes it out again.
func (k *key) unplug() {
	k.p.t.Helper()
	send(k.p, webauthn.RemoveVirtualAuthenticator, webauthn.RemoveVirtualAuthenticatorParams{AuthenticatorID: k.id})
}

// holds are the credentials on it.
func (k *key) holds() []*webauthn.Credential {
	k.p.t.Helper()
	return send(k.p, webauthn.GetCredentials, webauthn.GetCredentialsParams{AuthenticatorID: k.id}).Credentials
}

// touched reports whether a touch comes by itself.
func (k *key) touched(yes bool) {
	k.p.t.Helper()
	send(k.p, webauthn.SetAutomaticPresenceSimulation,
		webauthn.SetAutomaticPresenceSimulationParams{AuthenticatorID: k.id, Enabled: yes})
}

// carry moves the credentials of a key into an equal one in another window: the same stick in
// another machine.
func (k *key) carry(to *person, o webauthn.VirtualAuthenticatorOptions) *key {
	k.p.t.Helper()
	other := to.plug(o)
	for _, c := range k.holds() {
		send(to, cdp.Command[addCredentialParams, cdp.Empty]{Method: webauthn.CommandAddCredential},
			addCredentialParams{other.id, credential{c.CredentialID, c.IsResidentCredential, c.RpID, c.PrivateKey,
				c.UserHandle, c.SignCount}})
	}
	return other
}

// behind is the key with a count that it has passed already, in the place of the key.
func (k *key) behind(o webauthn.VirtualAuthenticatorOptions) *key {
	k.p.t.Helper()
	held := k.holds()
	k.unplug()
	other := k.p.plug(o)
	for _, c := range held {
		send(k.p, cdp.Command[addCredentialParams, cdp.Empty]{Method: webauthn.CommandAddCredential},
			addCredentialParams{other.id, credential{c.CredentialID, c.IsResidentCredential, c.RpID, c.PrivateKey,
				c.UserHandle, 0}})
	}
	return other
}

// addCredentialParams says only what every authenticator takes: the library's own always names an
// extension as well, and is refused.
type addCredentialParams struct {
	AuthenticatorID webauthn.AuthenticatorID `json:"authenticatorId"`
	Credential      credential               `json:"credential"`
}

type credential struct {
	CredentialID         []byte  `json:"credentialId"`
	IsResidentCredential bool    `json:"isResidentCredential"`
	RpID                 string  `json:"rpId"`
	PrivateKey           []byte  `json:"privateKey"`
	UserHandle           []byte  `json:"userHandle,omitempty"`
	SignCount            float64 `json:"signCount"`
}

func text64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }
