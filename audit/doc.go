// Package audit keeps the evidence that the audit trail is whole: signed checkpoints of its chains, written to a file
// that lies elsewhere, and the check that holds the trail against them; and it hands the trail out as lines of JSON.
//
// # Why the chains are not enough
//
// Events of an account are chained (package auth), so that an edit, a cut or a reordering shows. Whoever has the store
// and its keys can write a chain anew from the place that he has changed, or put an older copy of the whole store back:
// every chain holds then. A checkpoint says what the ends of chains were, signed, where he cannot reach it.
//
// # A checkpoint
//
// It is one line of the file: a signed note (golang.org/x/mod/sumdb/note) and the heads that it commits to, those of all
// chains that have moved since the checkpoint before. The first ones together have every chain there is.
//
//	{"note": NOTE, "heads": ["CHAIN SEQ HASH", ...]}     heads in the order of chains, at most 1,000 a checkpoint
//
//	latchkey audit checkpoint 17                          its number, one more than that of the line before
//	at 2026-03-03T12:00:00Z
//	after wqX…                                            SHA-256 of the note before, "-" for the first
//	heads 3 5dR…                                          how many, and the root of their Merkle tree (RFC 6962)
//	restored 12                                           only where a backup whose last was 12 was put back
//	next account.example.com/audit+8e…+…                  only where this is the last that its key signs
//
//	— account.example.com/audit 8e…                       the signature, Ed25519
//
// A line has exactly one spelling: whatever does not come out the same when it is written again is no checkpoint.
//
// # How one is made
//
//	marks (auth) ──one transaction──► state: the line, waiting ──append, fsync──► file, log ──► state: nothing waits
//
// The line is durable in the store before it is written, so that what fails, or dies half-way, is written later, byte by
// byte the same, behind what of it is there. A file that is gone, or does not end where it should, is not begun anew
// without an operator's word. None of this is in the way of anybody who signs in: an alarm says that checkpoints wait.
//
// Collections: "audit_state" has one document, see type state; "audit_key" the keys that sign, see type signer.
package audit
