package auth

import "time"

// A session is a signed-in browser or program. Its token is the account id and
// 256 random bits; only the first half of their SHA-256 is stored, under
// "<account>/<hash>": nobody finds a secret to it.
type session struct {
	V          int       `json:"v,omitempty"`
	ID         string    `json:"id"` // the hash, shortened: names the session in lists
	Account    AccountID `json:"a"`
	Opened     time.Time `json:"o"`
	Seen       time.Time `json:"sn"`
	Expires    time.Time `json:"e"`
	Remember   bool      `json:"rm,omitempty"`
	Shared     bool      `json:"sh,omitempty"` // opened on what was called a shared computer
	Restricted bool      `json:"rs,omitempty"` // may only enrol a second step
	keyDue     bool      // may only bind a security key, which a shop asks for: see Work.keyDue
	Proofs     []Proof   `json:"pr"`
	OpenedBy   string    `json:"ob,omitempty"` // the authenticator that opened it: removed together
	CodeAt     time.Time `json:"ca,omitzero"`  // when the security code was last shown in it
	Approved   *approval `json:"po,omitempty"` // of a payout
	Browser    string    `json:"br,omitempty"` // hash of the browser's cookie
	Agent      string    `json:"ag,omitempty"`
	IP         string    `json:"ip,omitempty"`
	Epochs     Epochs    `json:"ep"`

	// A token that was exchanged: see exchange.
	Line      string    `json:"ln,omitempty"` // the ID that the session began with, if it is not this one
	Next      string    `json:"nx,omitempty"` // the ID that the session has now, or had next
	NextAt    time.Time `json:"na,omitzero"`
	NextAgain bool      `json:"ng,omitempty"` // by a repeated answer: nothing was proved
}

// restricted reports whether the session may do nothing but bind what it has to.
func (s *session) restricted() bool { return s.Restricted || s.keyDue }

// authTime is when the person last proved anything in this session.
func (s *session) authTime() time.Time {
	var last time.Time
	for _, p := range s.Proofs {
		if p.At.After(last) {
			last = p.At
		}
	}
	return last
}

// shown are the authenticators that the session has shown.
func (s *session) shown() []string {
	var ids []string
	for _, p := range s.Proofs {
		if p.Authenticator != "" {
			ids = append(ids, p.Authenticator)
		}
	}
	return ids
}

// A browser is a browser that an account has signed in from. Stored under
// "<account>/<hash of its cookie>". A known browser has its own count of wrong
// passwords (D5); a trusted one may skip the second step until TrustedUntil.
type browser struct {
	V            int       `json:"v,omitempty"`
	ID           string    `json:"id"`
	FirstAt      time.Time `json:"f"`
	SeenAt       time.Time `json:"s"`
	TrustedUntil time.Time `json:"t,omitzero"`
	Epochs       Epochs    `json:"ep"` // trust ends with the account's epoch
	Agent        string    `json:"ag,omitempty"`
	By           []string  `json:"by,omitempty"` // the authenticators shown in it: it is forgotten with the last
}
