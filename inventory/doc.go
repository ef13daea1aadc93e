// Package inventory reads what makers of OATH tokens deliver with a box of them: which token has which secret.
//
//	file ──format by its first bytes──► PSKC (RFC 6030) or a table (CSV) ──► Item, Item, Fault, Item …
//
// A file is read once, from its beginning to its end, a token at a time, in memory that does not grow with it. What
// stands in it is the word of whoever wrote it: nothing of a token is believed before its secret has proved whole, a
// token is taken whole or not at all, and one that is not taken is named with its line and the reason.
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
package inventory
