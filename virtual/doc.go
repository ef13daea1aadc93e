// Package virtual holds software authenticators and the browser in front of them, for tests of relying parties.
// It imports nothing of the service it lives beside, so any relying party may be tested with it.
//
// # The parts
//
//	relying party --options JSON--> Client --CTAP request--> Authenticator --> Credential (key, counter, flags)
//	relying party <-response JSON-- Client <-CTAP response-- Authenticator <-- signature
//	                                  |                         |
//	                                  +---------- Hooks --------+   deliberate faults, before or after signing
//
// An Authenticator is the stick or the phone: it makes credentials, signs with them and counts. It does no I/O.
// Options say which one it is: generation and version of CTAP, model, algorithms, resident keys, PIN and built-in
// verification, transports, backup flags, ways of counting, extensions, attestation.
// A Client is the browser: it takes the options JSON of Web Authentication Level 3 §5.1.8 and §5.1.9, decides as a
// browser decides (RP ID against origin, exclude and allow lists, user verification, resident keys), and returns the
// response JSON of §5.1.
//
//	key, err := virtual.New(virtual.Options{AAGUID: model})
//	browser := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key}}
//	registration, err := browser.Create(options)
//	assertion, err := browser.Get(options)
//
// # Bytes
//
// An Authenticator also answers what crosses the cable: Command takes a CTAP2 request, APDU one of CTAP1/U2F. Both are
// strict: what is not canonical CBOR, of another type, missing or out of order is refused with the code of CTAP 2.1.
//
//	byte  command                  for
//	0x01  makeCredential           every CTAP2 authenticator
//	0x02  getAssertion, 0x08 next  every CTAP2 authenticator
//	0x04  getInfo                  every CTAP2 authenticator
//	0x06  clientPIN                protocols 1 and 2, of CTAP 2.0 the first; key agreement alone without PIN and finger
//	0x07  reset                    every CTAP2 authenticator; with a clock, in the first 10 s of power
//	0x0a  credentialManagement     ResidentKeys, and a PIN or a finger; 0x41 is its number before CTAP 2.1
//	0x0b  selection                CTAP 2.1
//	0x0c  largeBlobs               ResidentKeys and CTAP 2.1
//	0x0d  config                   CTAP 2.1, and a PIN or a finger: toggleAlwaysUv, setMinPINLength
//
// A Platform is the other end of that cable: it sets PINs, trades them for tokens, and reads and writes large blobs.
// What an authenticator keeps in between (tokens, key agreements, the assertions of getNextAssertion) is lost by
// PowerCycle, and by that alone: no time passes unless Options.Now tells it.
//
//	err := (&virtual.Platform{Send: key.Command}).SetPIN(ctx, "123456")
//
// Not there: enterprise attestation, enrolment of fingers, vendor commands, ES256K.
//
// # Verification and extensions
//
// Whether the user is verified follows from the options of the relying party, from the authenticator, and from
// Client.PIN, which is what she types. A wrong PIN costs an attempt, as it does in life. These extensions are played:
//
//	in the options                       to the authenticator           in clientExtensionResults
//	credProps                            -                              credProps.rk
//	prf, hmacCreateSecret                hmac-secret, hmac-secret-mc    prf.enabled, prf.results; hmacCreateSecret
//	largeBlob                            largeBlobKey, largeBlobs       largeBlob.supported, blob, written
//	credentialProtectionPolicy           credProtect                    -
//	credBlob, getCredBlob                credBlob                       credBlob, getCredBlob
//	minPinLength                         minPinLength                   -
//	appid, appidExclude                  the hash of the AppID          appid, appidExclude
//
// Others are ignored, as browsers ignore what they do not know.
//
// # Copies
//
// Clone is the thief's copy: same keys and counters. Export writes an authenticator as JSON and Import reads it; each
// member of its "credentials" can be given to WebAuthn.addCredential of the Chrome DevTools Protocol as it is. Keys for
// hmac-secret follow from the private key, so a credential keeps its secrets wherever it goes.
//
// # Faults
//
// A Hooks value changes one thing on the way: a member of the client data, a flag, the signature. What is changed
// before signing is signed, so that only the check under test can refuse; what is changed after signing breaks the
// signature as well. Hooks belong to a Client; copy the Client to have an honest one beside it. Package fault has
// hundreds of them, and package conform plays them: its example is a test of one's own server in ten lines.
//
// # Attestation
//
// A CA is a root that the tester owns. An Authenticator attests below it in any format of Level 3 §8, and SignMetadata
// describes the models in a BLOB that a relying party verifies with the same root:
//
//	ca, err := virtual.NewCA(virtual.CAOptions{Seed: seed})
//	key, err := virtual.New(virtual.Options{AAGUID: model, Attestation: virtual.AttestTPM, CA: ca})
//	blob, err := ca.SignMetadata(virtual.Metadata{Entries: []virtual.MetadataEntry{{Authenticator: key}}})
//
// An Attester is what signs: Hooks.Attester may alter the certificate, the key, or a part of the statement before it
// does.
//
// # Sameness
//
// Everything an Authenticator draws comes from Options.Seed: keys, credential identifiers, certificates. Signatures
// are deterministic too (RFC 6979 for ECDSA). The same seed and the same calls give the same bytes; without a seed
// one is drawn from the operating system. There is no clock but Options.Now: certificates have fixed dates.
//
// # Load
//
// Derive makes credential i of a family from its seed alone, so a seeding program and a load generator need to share
// nothing but the rule; AppendAssertion writes a complete response with few allocations.
package virtual
