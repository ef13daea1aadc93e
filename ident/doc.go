// Package ident reads what people call themselves by: e-mail addresses,
// telephone numbers, user names and names, in any script and from any keyboard.
// It knows when two spellings are one, and how to show one to a stranger.
//
// A raw value (Email, Phone, Recipient, Greeting) prints as its mask in every log, error
// and template; string(x) and JSON give the text itself. A Masked has a type of
// its own, so that neither can stand where the other is meant.
package ident
