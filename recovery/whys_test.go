package recovery

import "github.com/latchkey-auth/latchkey/pdf"

// Whys are all reasons.
func Whys() []Why {
	return []Why{Why(pdf.Locked), Why(pdf.Damaged), Why(pdf.Empty), Why(pdf.TooMany), Why(pdf.TooDear), WhyOff, WhyFailed,
		WhyNoRoom}
}
