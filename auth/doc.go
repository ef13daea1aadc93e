// Package auth is Latchkey's domain: accounts, the second factors bound to
// them, the ceremonies that prove them, and the sessions that result. It knows
// no HTTP and no HTML; it is used by package server and fed by the factors.
//
// # Nouns
//
//	Account ──< Authenticator >── Device      what is bound, and what it is lost with
//	   │
//	   ├──< session       signed in: proofs, their times, the level they amount to
//	   ├──< browser       known (own count of wrong passwords), perhaps trusted
//	   ├──< change        what waits and can be undone, the end of the account among it
//	   └──< Event         the audit chain
//	Ceremony              one begun, unfinished exchange: sealed, not stored
//	link, Message         what travels by mail, text and call
//
// # Collections
//
//	account        "<account>"             by e-mail (unique) and by phone: blind indexes
//	authenticator  "<account>/<id>"        by credential id (unique): blind index
//	device         "<account>/<id>"
//	session        "<account>/<hash>"      the token's SHA-256, first 128 bits
//	browser        "<account>/<hash>"
//	introduction   "<account>/<hash>"
//	mailed-code    "<account>"
//	ticket         "<hash>"                of the signs that are read over a telephone
//	throttle       see types attempts and quota
//	spent          "<id>"                  ceremonies, flows and links that had their one success
//	recall-run     "run"                   the check of keys against the list of models
//	recall-model   "<model>"               one that was recalled
//	link, change, outbox, sent, event, chain, meta
//
// Keys hold no personal data; values are sealed by package store.
//
// # How a person gets in
//
//	SignIn(identifier, password) ─┬─ no second step yet ──► restricted session ── BindBegin, BindFinish ──► session
//	                              ├─ trusted browser ─────► session (level 1; every change asks for a step-up)
//	                              └─ sealed flow ── SignInBegin(method) ── SignInFinish(response) ──► session
//	SignInKeyFirst([identifier]) ── SignInFinish ─┬─ key verified its user ──► session
//	                                              └─ touched only ── SignInPassword ──► session
//
// Every arrow into "session" ends in one function, grant. A right password
// alone is no session: it is a flow, sealed to the browser that it came from.
//
// # How a change is made
//
//	act ──refused: fresh-step-needed──► StepUp, StepUpBegin, StepUpFinish ──► the session holds the proof ──► act
//
// What an act demands is one row of the rules; what a method is worth is one
// row of the table in table.go. Both are data.
//
// # The lab
//
// A service over a store that was marked when it was made has a Lab: testers move
// its clock, make accounts, empty it. Outside of one its actions find nothing.
//
// # The door
//
// Do is the only way to the data. See there for its laws, and docs/decisions
// for why they are what they are.
package auth
