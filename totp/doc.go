// Package totp holds the factors whose codes an OATH authenticator computes:
// app codes by time (TOTP, RFC 6238), touch codes by count (HOTP, RFC 4226),
// and hardware tokens of both sorts.
//
// A hardware token is of kind HOTP, whichever sort it is: its owner reads
// digits off it and need not know how they come about, and whoever claims one
// must not learn it before his codes were right.
//
// An authenticator is a secret and a moving number. What is kept in
// auth.Authenticator.Data, as JSON:
//
//	TOTP  {"s":"BASE32","a":"SHA1","d":6,"p":30,"l":59174567,"v":[59174572]}
//	      secret, algorithm, digits, period in seconds, the last step that was
//	      accepted, later steps that are void
//	HOTP  {"s":"BASE32","a":"SHA1","d":6,"c":42,"r":77,"u":"2026-03-03T14:08:07Z"}
//	      secret, algorithm, digits, the next counter; the counter of a code
//	      far ahead, and until when its successor is waited for
//	      {"s":"BASE32","a":"SHA1","d":6,"p":60,"l":29583,"o":-3,"r":29601,"u":"2026-03-03T14:08:07Z"}
//	      by time: period, the last step that was accepted, by how many steps
//	      its clock was off then; the step of a code far away, and until when
//	      its successor is waited for
//
// The number only ever rises, and a code at or below it is dead: that is what
// makes every code count once. Storing it by compare-and-set is the caller's.
//
// # Time
//
// TOTP takes the codes of Window steps (1) either side of now, so a code lives
// for 90 seconds at most. A code that is right for one of the Drift steps (10)
// either side but not within the window is refused with auth.AppClock, so that
// its owner learns that the clock is off. To the caller it is a wrong code like
// any other. The hint is of no use to a guesser: a code of a past step never
// becomes valid again, and a code of a future step is made void in the
// authenticator that is returned beside the refusal. A hint therefore speaks
// only of steps that will never be accepted.
//
// After a backup was put back (Ceremony.Restored) every step that can have been
// used until then is dead, the window ahead included. A count of that time
// nobody knows: touch codes and tokens by count must be bound anew.
//
// # Count
//
// HOTP takes the codes of LookAhead counters (10) from the next one on. A code
// further ahead, up to Resync counters (100), is refused like any wrong code,
// but its place is remembered for five minutes in the authenticator that is
// returned beside the refusal: if the next counter's code follows, both
// together are believed (RFC 4226 §7.4). The answer to the first is that of a
// wrong code, so it tells a guesser nothing.
//
// # Hardware tokens
//
// The clock of a token by time cannot be set, and it wanders. Each code that is
// taken says by how many steps it is off, and the window lies around there the
// next time (RFC 6238 §6). What lies further away, up to half of Resync either
// side, is a wrong code whose successor is believed, as above.
//
// # Binding
//
// One code could be a guess, so binding takes two in a row. The secret of touch
// codes is made here and shown. That of a hardware token its maker delivered:
// it is claimed by its number, in a binding like any other (auth.Tokens).
//
//	BeginBind   {"serial"}            the same for every number
//	FinishBind  Ceremony.Token        two codes within Resync of where the stock says it is
//	            nil: not to be had    nobody's two codes, for as much work
//	                                  TokenWrong, for whatever is wrong
//
// # Several authenticators
//
// A code is compared with every authenticator of the list. A guess is right
// with probability 3·10⁻⁶ for each app and 10·10⁻⁶ for each token; the caller
// counts guesses for the kind as a whole. An empty list costs the same work as
// one authenticator.
package totp
