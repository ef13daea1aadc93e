package auth

import (
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/password"
)

// A Class ranks methods where one replaces another: a weak method never
// removes a strong one on the spot (D6).
type Class int

// The classes. Best and Same stand in demands only.
const (
	NoClass Class = iota
	Weak
	Strong
	Best // the strongest class that the account has
	Same // the class of what the action is about
)

// MethodPolicy is what a method is worth: the columns of the table of methods that
// every decision about levels, step-up, removal and backup reads.
type MethodPolicy struct {
	WithPassword int  // authenticator assurance level together with the password
	Alone        int  // level without it; 0: not alone
	Phishable    bool // false: the browser binds the answer to the real address
	Class        Class
	Backup       bool // counts as the reliable backup of R61
	Guessable    bool // wrong answers are guesses: counted, waited for, limited to 100
	AMR          string
	SyncedAMR    string // of one that a cloud account may keep; "" as AMR
	Verified     Levels // once it has verified its user; the zero value adds nothing
}

// Levels are authenticator assurance levels, with the password and without.
// One that a cloud account may keep never reaches more with the password than
// its Worth says.
type Levels struct{ WithPassword, Alone int }

// A Demand is what a session must have shown for an action: a proof of at
// least Class, at most MaxAge old. The zero Demand asks for nothing.
type Demand struct {
	Class  Class
	MaxAge time.Duration
}

// Policy holds every number that a site may choose. Marketplace returns the
// default.
type Policy struct {
	Password  password.Policy
	Guesses   GuessPolicy // wrong codes, per account, kind and side; the limit is on all known browsers together
	Passwords GuessPolicy // wrong passwords, per account and known browser
	Strangers GuessPolicy // wrong passwords from browsers never seen, per account and network
	Proven    GuessPolicy // wrong passwords behind a proven key
	// StrangersPerDay is how many wrong answers all strangers together have for one account.
	StrangersPerDay int
	OneLimit        bool // what strangers answer wrongly counts towards the limits as well

	CeremonyLife    time.Duration // a challenge
	SignInLife      time.Duration // from the password to the second step
	LinkLife        time.Duration // a mailed link that confirms an address
	ResetLife       time.Duration // a mailed link that sets a new password
	MailCodeLife    time.Duration // a mailed code that introduces a browser
	CodeLife        time.Duration // a code by SMS, voice or e-mail
	ResendAfter     time.Duration // before a code may be asked for again
	SendsPerDay     int           // codes a day to one number or mailbox
	SignUpsPerDay   int           // mails about a sign-up a day to one mailbox, aliases folded; then one a LinkLife
	SendsPerNumber  int           // texts and calls a day to one number, whoever asks; 0: no limit
	SendsPerPrefix  int           // to numbers that begin alike (country code and four or more digits)
	SendsPerCountry int           // to one country
	SendsPerSite    int           // of the whole site; each of the three in parts for sign-ins and for new numbers
	BindsPerNetwork int           // texts a day to new numbers from one address, while there is no second step
	// Texts a day of forgotten passwords, to a number, from one address and of the whole site; 0: no limit.
	ResetTextsPerNumber, ResetTextsPerNetwork, ResetTextsPerSite int

	SessionIdle     time.Duration // without use, a session ends
	SessionLife     time.Duration // kept signed in
	SessionShort    time.Duration // not kept signed in: at most this, ended with the browser
	TrustLife       time.Duration // a trusted browser; 0: sites that do not want it
	Dormant         time.Duration // without a sign-in, an account is switched off, after two mails; 0: never
	Closing         time.Duration // from the wish to close an account to its end; a week at least
	RemovalDelay    time.Duration // a weak method removes a strong one after this; so long "not me" pauses changes
	UndoLife        time.Duration // a link in a notice that says "not me"
	CodeDelay       time.Duration // the security code stands in for the second step after this
	CodeOpen        time.Duration // and for so long
	EmailSecondStep bool          // codes by e-mail may complete a sign-in
	TemporaryCodes  bool          // what resets a password may stand in for it once instead
	PasswordAge     time.Duration // after this a new password is recommended; 0: never
	TestKeysAfter   time.Duration // a key that was not touched for so long is to be tried; 0: never
	ReviewAfter     time.Duration // settings that were not changed for so long are to be looked at; 0: never
	MustEnrol       bool          // two-step verification is compulsory (R62)
	MaxMethods      int           // authenticators per account
	Countries       []string      // ISO regions served by SMS and voice; empty: all
}

// Takes reports whether a method may complete a sign-in at all.
func (p *Policy) Takes(m *Method) bool { return p.EmailSecondStep || m.Channel != Mail }

// HomeRegion is the ISO region whose numbers need no country code on a page in
// that language: the one that is served, or among several that of the language.
// It is "" where nobody could tell.
func (p *Policy) HomeRegion(language string) string {
	if len(p.Countries) == 1 {
		return p.Countries[0]
	}
	_, region, _ := strings.Cut(language, "-")
	if len(p.Countries) == 0 || slices.Contains(p.Countries, region) {
		return region
	}
	return ""
}

// GuessPolicy bounds wrong answers: Free of them at once, then waits that
// double from Wait to Cap; after Limit consecutive ones the method is
// disabled (NIST SP 800-63B-4 §3.2.2). Limit 0: never.
type GuessPolicy struct {
	Free  int
	Wait  time.Duration
	Cap   time.Duration
	Limit int
}

// Marketplace is the default policy.
func Marketplace() Policy {
	return Policy{
		Password:  password.Policy{Min: 8, Max: 20, Classes: true},
		Guesses:   GuessPolicy{Free: 5, Wait: time.Minute, Cap: time.Hour, Limit: 100},
		Passwords: GuessPolicy{Free: 5, Wait: time.Minute, Cap: time.Hour, Limit: 100},
		Strangers: GuessPolicy{Free: 5, Wait: time.Minute, Cap: time.Hour},
		Proven:    GuessPolicy{Free: 5, Wait: time.Minute, Cap: time.Hour, Limit: 100},

		StrangersPerDay: 100,

		CeremonyLife: 5 * time.Minute, SignInLife: 15 * time.Minute,
		LinkLife: 24 * time.Hour, ResetLife: 30 * time.Minute, MailCodeLife: 30 * time.Minute,
		CodeLife:    5 * time.Minute,
		ResendAfter: 30 * time.Second, SendsPerDay: 10, SignUpsPerDay: 3,
		SendsPerNumber: 20, SendsPerPrefix: 1000, SendsPerCountry: 32000, SendsPerSite: 80000, BindsPerNetwork: 30,
		ResetTextsPerNumber: 3, ResetTextsPerNetwork: 10, ResetTextsPerSite: 2000,
		SessionIdle: 12 * time.Hour, SessionLife: 30 * 24 * time.Hour, SessionShort: 24 * time.Hour,
		Dormant: 365 * 24 * time.Hour, Closing: 14 * 24 * time.Hour,
		TrustLife: 30 * 24 * time.Hour, RemovalDelay: 24 * time.Hour, UndoLife: 72 * time.Hour,
		CodeDelay: 72 * time.Hour, CodeOpen: 7 * 24 * time.Hour,
		TestKeysAfter: 180 * 24 * time.Hour, ReviewAfter: 365 * 24 * time.Hour,
		EmailSecondStep: true, TemporaryCodes: true, MustEnrol: true, MaxMethods: 20,
	}
}

// NIST is the preset after NIST SP 800-63B-4: no composition rules, longer
// passwords, shorter sessions, no e-mail codes.
func NIST() Policy {
	p := Marketplace()
	p.Password = password.Policy{Min: 15, Max: 128}
	p.SessionIdle = time.Hour
	p.SessionLife = 24 * time.Hour
	p.SessionShort = 24 * time.Hour
	p.EmailSecondStep = false
	p.TemporaryCodes = false
	p.TrustLife = 0
	p.OneLimit = true
	return p
}
