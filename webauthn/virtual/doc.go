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
// A Client is the browser: it takes the options JSON of Web Authentication Level 3 §5.1.8 and §5.1.9, decides as a
// browser decides (RP ID against origin, exclude and allow lists, user verification, resident keys), and returns the
// response JSON of §5.1.
//
//	key, err := virtual.New(virtual.Options{AAGUID: model})
//	browser := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key}}
//	registration, err := browser.Create(options)
//	assertion, err := browser.Get(options)
//
// # Faults
//
// A Hooks value changes one thing on the way: a member of the client data, a flag, the signature. What is changed
// before signing is signed, so that only the check under test can refuse; what is changed after signing breaks the
// signature as well. Hooks belong to a Client; copy the Client to have an honest one beside it.
//
// # Sameness
//
// Everything an Authenticator draws comes from Options.Seed: keys, credential identifiers, certificates. Signatures
// are deterministic too (RFC 6979 for ECDSA). The same seed and the same calls give the same bytes; without a seed
// one is drawn from the operating system. There is no clock: certificates have fixed dates.
//
// # Load
//
// Derive makes credential i of a family from its seed alone, so a seeding program and a load generator need to share
// nothing but the rule; AppendAssertion writes a complete response with few allocations.
package virtual
