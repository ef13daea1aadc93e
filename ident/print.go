package ident

import (
	"fmt"
	"log/slog"
)

// What a raw value prints as in a log or an error is its mask, whatever the
// verb. Only string(x), and JSON, give it away. fmt cannot ask the methods of a
// field that is not exported: keep raw values in exported ones.

// String returns the mask of e.
func (e Email) String() string { return string(e.Mask()) }

// String returns the mask of p.
func (p Phone) String() string { return string(p.Mask()) }

// String returns the mask of r.
func (r Recipient) String() string { return string(r.Mask()) }

// String returns the mask of g.
func (g Greeting) String() string { return string(g.Mask()) }

// GoString returns the mask of e as Go text.
func (e Email) GoString() string { return fmt.Sprintf("ident.Email(%q)", string(e.Mask())) }

// GoString returns the mask of p as Go text.
func (p Phone) GoString() string { return fmt.Sprintf("ident.Phone(%q)", string(p.Mask())) }

// GoString returns the mask of r as Go text.
func (r Recipient) GoString() string { return fmt.Sprintf("ident.Recipient(%q)", string(r.Mask())) }

// GoString returns the mask of g as Go text.
func (g Greeting) GoString() string { return fmt.Sprintf("ident.Greeting(%q)", string(g.Mask())) }

// Format prints the mask of e.
func (e Email) Format(s fmt.State, verb rune) { format(s, verb, e.GoString(), e.Mask()) }

// Format prints the mask of p.
func (p Phone) Format(s fmt.State, verb rune) { format(s, verb, p.GoString(), p.Mask()) }

// Format prints the mask of r.
func (r Recipient) Format(s fmt.State, verb rune) { format(s, verb, r.GoString(), r.Mask()) }

// Format prints the mask of g.
func (g Greeting) Format(s fmt.State, verb rune) { format(s, verb, g.GoString(), g.Mask()) }

func format(s fmt.State, verb rune, source string, m Masked) {
	if verb == 'v' && s.Flag('#') {
		_, _ = fmt.Fprint(s, source) // as fmt itself: whoever prints learns nothing of a writer that failed
		return
	}
	_, _ = fmt.Fprintf(s, fmt.FormatString(s, verb), string(m))
}

// LogValue returns the mask of e.
func (e Email) LogValue() slog.Value { return slog.StringValue(e.String()) }

// LogValue returns the mask of p.
func (p Phone) LogValue() slog.Value { return slog.StringValue(p.String()) }

// LogValue returns the mask of r.
func (r Recipient) LogValue() slog.Value { return slog.StringValue(r.String()) }

// LogValue returns the mask of g.
func (g Greeting) LogValue() slog.Value { return slog.StringValue(g.String()) }
