// Package webauthn is the factor of USB security keys and passkeys: the registration and authentication ceremonies of
// Web Authentication Level 3 (§7.1, §7.2) over go-webauthn, with every check that a browser also makes made again here.
//
// # Who decides what
//
//	auth (caller)        seals and opens the ceremony, lets it expire, spends it once, keeps credential ids unique
//	this package         options, every step of §7.1 and §7.2 in order, policy on models and attestation, frozen clones
//	go-webauthn          CBOR, COSE keys, signatures, attestation statement formats
//
// The steps are taken here first, in the order of the specification, each with a code of its own, and then again in the
// library: a refusal names the first step that fails, and a mistake on one side is caught by the other. Responses are
// read by a parser of this package, because the library's takes the last of two members, matches names in any case and
// fails on a byte order mark. Nothing of the library's errors leaves this package: they carry the expected challenge.
//
// # Two flavours
//
//	            asked of the browser                                       userVerification   residentKey
//	key         cross-platform, hint security-key                          as configured      discouraged
//	passkey     platform, hint client-device                               preferred          preferred
//
// A key that comes before the password is asked to verify its user if it can. userVerification is always sent: without
// it Chromium raises the protection of the credential, and a later ceremony does not find it.
//
// # What is stored
//
// Ceremony.State holds a state, Authenticator.Data a record; both are drawn at their types. The sign counter lives in
// the
// record, so the caller must store what FinishVerify returns by compare-and-set, a frozen clone beside its refusal
// included.
package webauthn
