// Package party is a relying party of Web Authentication Level 3 with a verifier of its own, in which every check of
// package fault can be removed by a switch: the fixture that shows that a fault names the right check, and that a
// test kit tells a correct relying party from a broken one. It is for tests; it keeps everything in memory.
//
// # How it decides
//
//	response --read, however broken--> reading --every check of fault.Demands--> broken --first not in Without--> Answer
//
// A response is read as leniently as can be, and every check it breaks is noted. The refusal is the first of them, in
// the order of the specification, that has not been removed; without any, the response is accepted. So removing a
// check removes nothing else. What cannot be read at all makes the checks that would need it vacuous: with
// "attestation-cbor" removed, an attestation object that is not CBOR is passed over.
//
// # What is written here
//
// Client data, CBOR shapes, authenticator data, COSE keys, curves, the statements none, packed, fido-u2f, tpm,
// android-key, apple and compound, the chain to a root, counters, and the state between two requests, all from the
// text of Level 3 and on the standard library. Nothing is shared with the authenticators of package virtual or with
// any WebAuthn library, so agreement with them is evidence.
//
// # Which ceremony a response belongs to
//
// The one whose challenge its client data carries, if this party drew it; else the one it was sent for, else the
// newest of its session. A response in the session and for the purpose it was made for ends its ceremony, accepted or
// not.
package party
