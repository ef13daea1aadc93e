// Package inventory is the stock of OATH tokens: what makers deliver with a box of them is read here and kept, and
// which token is whose. It is a subject as any other: its use cases go through auth's door by the rules that it
// registers, and what it keeps is its own.
//
//	file ──format by its first bytes──► PSKC (RFC 6030) or a table (CSV) ──► Item, Item, Fault, Item …
//	Item ──not there yet──► record, in stock
//	     ──there, and proves by the same──► nothing
//	     ──there, and proves by something else──► a Fault: what is there stays
//
// A file is read from its beginning to its end, a token at a time, in memory that does not grow with it. What
// stands in it is the word of whoever wrote it: nothing of a token is believed before its secret has proved whole, a
// token is taken whole or not at all, and one that is not taken is named with its line and the reason. Nothing of the
// file is kept but its tokens.
//
//	Item   maker, serial, model; the kind of its codes (HOTP, TOTP), secret, hash, digits; counter, or period
//	       and drift; until when its maker lets it work
//	Fault  line, serial as far as it was read, reason
//
// # PSKC
//
// Of a KeyContainer (version 1.0) each KeyPackage is one token. Secrets are in the clear, or encrypted by AES-128, -192
// or -256 in CBC mode with a key that the buyer has, or that a passphrase gives (PBKDF2, RFC 6030 §6.2). CBC proves
// nothing by itself, so the ValueMAC (§6.1.1) is checked before a byte is decrypted. What a reader must understand to
// use a key at all (§5: Policy) and does not, ends that token. A signature over the container is not checked: who
// delivers a file by a way that he does not trust encrypts it.
//
// # Tables
//
// The first line names the columns, in the words of the usual exports; comma, semicolon or tab part them. Secrets are
// hexadecimal or base32: which of the two is decided once for a file, from all of it, since one by itself can be both.
//
// # Import
//
//	read it all, compare ──broken: nothing is stored──► error
//	        │ dry run: the counts, and that is all
//	        ▼
//	read it again ──► the entry of the audit trail and the first tokens, in one transaction ──► the next ones …
//
// Tokens are stored some hundred at a time, so that nobody who signs in meanwhile waits for long. An import that ended
// half-way is simply run again: what is there already is there.
//
// # Whose a token is
//
//	stock ──► assigned ──► returned ──► stock        state.go has all of it
//
// Who holds a token claims it by its number and what it displays: an ordinary binding (auth.Tokens, claim.go), so that
// it is assigned in the pass that binds it. It comes back with how far it has come. What is assigned no act of the
// house changes.
//
// # Keys
//
// What all accounts sign in with is counted here, too (fleet.go), and recalled models of keys are shown to the staff
// (recalls.go).
//
// # The stock
//
//	inventory_token  "<key>"  record: a keyed name of maker and serial number, both folded
//
// Two tokens are the same if maker and serial number are, letters and digits of the number alone: two makers may well
// have used one number. The store shows neither: the key says nothing, and the record is sealed, its secret with it.
package inventory
