// Package yubiotp is the factor of Yubico OTP: a code of 44 letters that a key types by itself when it is
// touched. Codes are checked here; no service of anybody else is asked.
//
// What a key types is its public id as it is, then one block of AES-128 in modhex, then Enter:
//
//	vvcbdefghijk  hknhfjbrjnlnldnhcujvddbikngjrtgh
//	public id     block, always 32 letters
//	0 to 16
//
//	the block, opened    private id  use   timestamp  session  random  CRC-16
//	                     6 bytes     2     3          1        2       2       the numbers little-endian
//
// Use counts how often the key was plugged in and has typed since, session how often it has typed since then.
// Both together only ever rise, and a code at or below the last one is dead: that is what makes every code
// count once. Storing it by compare-and-set is the caller's. What is kept in auth.Authenticator.Data, as JSON:
//
//	{"p":"vvcbdefghijk","i":"8792ebfe26cc","k":"ecde18dbe76fbd0c33330f1c354871db","c":4881,"l":"c230009fc8"}
//	public id in modhex, private id and key in hexadecimal, use·256 + session of the last code, and its
//	timestamp and random number as they stood in its block
//
// # Modhex
//
// The sixteen letters lie where most keyboards agree. Capitals are taken (Caps Lock), and what a Dvorak or a
// Turkish keyboard makes of them. Anything else is refused with auth.CodeLayout, which says how to set the
// keyboard: it could not have been right, so it is no guess. So is what is too short or too long, with
// auth.CodeIncomplete.
//
// # What is believed
//
// A code is a key's if its block opens to the key's private id and its CRC is right, and the public id before
// it is the key's. All are compared with every authenticator of the list, in constant time each, and an empty
// list costs as much as one. The timestamp is that of a clock of 8 Hz that begins anywhere when the key is
// plugged in and wraps within 24 days: it says neither when a code was typed nor which of two was typed first,
// so it is not judged.
//
// A code whose counters are those of the last one, and whose timestamp or random number is not, was typed by
// another key with the same secret: no key types twice with the same counters. It is refused with
// auth.KeyFrozen, beside the authenticator frozen. An older code is refused with auth.CodeUsed and freezes
// nothing: whoever once saw a code that was typed into the wrong window could else stop its owner.
//
// After a backup was put back (Ceremony.Restored) nobody knows which codes were used until then: every
// authenticator that was bound before is dead, and must be bound anew.
//
// # Binding
//
//	BeginBind   {}                                   public id, private id and key are made, and shown once
//	            {"publicId","privateId","secret"}    those of a key that has them already
//	FinishBind  two codes, the second one later      shows that the key types on
//
// The same secret is never bound twice on one site (Authenticator.Digest): a code would else count once for
// each.
//
// # What it is worth
//
// A single-factor one-time password device, as a touch code by HOTP (NIST SP 800-63B-4 §3.1.4): strong, and
// phishable, since whoever is typed a code on a false site can use it here first. 64 bits of a block are
// checked, so it is not guessed.
package yubiotp
