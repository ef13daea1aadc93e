package conform

import (
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Said is a fault.Answer as reports and recordings keep it.
type Said struct {
	Accepted bool    `json:"accepted"`
	Status   int     `json:"status,omitempty"` // HTTP; 0 in process
	Code     string  `json:"code,omitempty"`
	Text     string  `json:"text,omitempty"`
	Step     string  `json:"step,omitempty"`     // that the party says refused
	Request  string  `json:"request,omitempty"`  // as sent: method, path and body
	Response string  `json:"response,omitempty"` // as received: status and body
	TookMS   float64 `json:"tookMs"`
}

func said(a *fault.Answer) *Said {
	if a == nil {
		return nil
	}
	return &Said{
		Accepted: a.Accepted, Status: a.Status, Code: a.Code, Text: a.Text, Step: a.Step,
		Request: visible(a.Request), Response: visible(a.Response), TookMS: milliseconds(a.Took),
	}
}

func (s *Said) answer() *fault.Answer {
	if s == nil {
		return nil
	}
	return &fault.Answer{
		Accepted: s.Accepted, Status: s.Status, Code: s.Code, Text: s.Text, Step: s.Step,
		Request: []byte(s.Request), Response: []byte(s.Response),
	}
}

// visible makes bytes a string that JSON, XML and HTML can carry: what is no character of theirs is replaced.
func visible(b []byte) string {
	return strings.Map(func(r rune) rune {
		if r < 0x20 && r != '\t' && r != '\n' && r != '\r' || r == 0xFFFE || r == 0xFFFF {
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(string(b), "\uFFFD"))
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}
