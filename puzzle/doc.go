// Package puzzle makes what people answer at once and programs do not: a picture of a few signs, and beside it, for
// whoever cannot read a picture, a piece of work for his browser. Both cost whoever sends thousands of requests more
// than one person notices; neither proves who somebody is.
//
//	Text   the signs that are asked for, of random bytes     Fold   what somebody typed, as it is compared
//	Draw   their picture, a PNG                              Work   work in ALTCHA's wire format
//
// The package remembers nothing. Who seals the signs, binds either to a browser and lets it be used once is its caller.
package puzzle
