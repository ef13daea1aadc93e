package auth

import (
	"errors"
	"time"
)

// A Code names one expected refusal. Codes are API: they are the last part of
// a problem's type, the key of its texts in both languages, and are never
// renamed.
type Code string

// The codes of requests that cannot be read.
const (
	MalformedRequest Code = "malformed-request"
	UnknownMember    Code = "unknown-member"
	DuplicateMember  Code = "duplicate-member"
	TooLarge         Code = "too-large"
	TooSlow          Code = "too-slow"
	NotFound         Code = "not-found"
	MethodNotAllowed Code = "method-not-allowed"
	CrossOrigin      Code = "cross-origin"
	TooManyRequests  Code = "too-many-requests"
	Unavailable      Code = "unavailable"
	Internal         Code = "internal"
	CookiesOff       Code = "cookies-off"
)

// The codes of sessions and ceremonies.
const (
	SessionRequired      Code = "session-required"
	SessionEnded         Code = "session-ended"
	MustEnrol            Code = "must-enrol"
	StepUpRequired       Code = "fresh-step-needed" // any method will do
	TooWeak              Code = "too-weak"          // a strong method is needed
	Forbidden            Code = "forbidden"
	CeremonyExpired      Code = "ceremony-expired"
	CeremonyVoid         Code = "ceremony-void" // the account has changed since it began
	CeremonyUsed         Code = "ceremony-used"
	CeremonyOtherBrowser Code = "ceremony-other-browser" // also: forged, or sealed by another site
	LinkUsed             Code = "link-used"              // used, too old or never issued
	SignedUp             Code = "signed-up"              // the address that a sign-up link went to has an account by now
	LinkOtherAccount     Code = "link-other-account"     // the session is not of the account that the link is for
)

// The codes of passwords and identifiers.
const (
	SignInRefused      Code = "sign-in-refused"
	SignInLocked       Code = "sign-in-locked"
	MailCodeNeeded     Code = "mail-code-needed" // strangers have the password: it alone opens no unknown browser
	NameMissing        Code = "name-missing"
	NameTooLong        Code = "name-too-long"
	UserNameMissing    Code = "user-name-missing"
	UserNameMalformed  Code = "user-name-malformed"
	EmailMalformed     Code = "email-malformed"
	PhoneMissing       Code = "phone-missing"
	PhoneMalformed     Code = "phone-malformed"
	PhoneNoCountry     Code = "sms-no-country"
	PhoneOtherCountry  Code = "phone-other-country" // not a number of the region that was chosen
	PhoneLandline      Code = "sms-landline"
	CountryNotServed   Code = "country-not-served"
	TermsNotAccepted   Code = "terms-not-accepted"
	PasswordTooShort   Code = "password-too-short"
	PasswordTooLong    Code = "password-too-long"
	PasswordNoUpper    Code = "password-no-upper"
	PasswordNoLower    Code = "password-no-lower"
	PasswordNoDigit    Code = "password-no-digit"
	PasswordNoSign     Code = "password-no-sign"
	PasswordIsUserName Code = "password-is-user-name"
	PasswordTooCommon  Code = "password-too-common"
	PasswordTooSimple  Code = "password-too-simple"
	PasswordBreached   Code = "password-breached"
	AccountDisabled    Code = "account-disabled" // told only to who has shown a password or a key
	AccountHeld        Code = "account-held"     // likewise: a strong method of before lets its owner in
	PasswordDue        Code = "password-due"     // told only to who has shown it: a new one is asked for
	AddressTaken       Code = "address-taken"    // by a seller, or somebody of the staff
	NotRegistered      Code = "not-registered"   // not the account's e-mail: told to the staff alone
	AccountExists      Code = "account-exists"   // in a lab: elsewhere nobody is told
	PasswordWrong      Code = "password-wrong"   // the current password, asked again while signed in
	UserNameIsPassword Code = "user-name-is-password"
	QuestionMissing    Code = "question-missing"
	QuestionTooLong    Code = "question-too-long"
	QuestionNotSet     Code = "question-not-set"
	AnswerMissing      Code = "answer-missing"
	AnswerTooPlain     Code = "answer-too-plain"
	AnswerWrong        Code = "answer-wrong"
	SecurityCodeSet    Code = "security-code-set" // there is one, and it is never replaced
	SecurityCodeNotSet Code = "security-code-not-set"
	SecurityCodeWrong  Code = "security-code-wrong"
	PayoutRefused      Code = "payout-refused" // for a time

	PayoutTextMalformed Code = "payout-text-malformed"

	SecurityCodeWaits Code = "security-code-waits" // a weak proof has set it, which can still be undone
)

// The codes of typed codes and of their delivery.
const (
	CodeWrong        Code = "code-wrong"
	CodeMalformed    Code = "code-malformed"
	CodeUsed         Code = "code-used"
	CodeExpired      Code = "code-expired"
	CodeUnavailable  Code = "code-unavailable"
	AppClock         Code = "app-clock"
	TokenWrong       Code = "token-wrong" // a claim: the number or the codes, and never said which
	SerialMalformed  Code = "serial-malformed"
	CodeLayout       Code = "code-layout"     // signs that the key does not type: another keyboard or input method
	CodeIncomplete   Code = "code-incomplete" // shorter or longer than what the key types at a touch
	RecoveryWrong    Code = "recovery-code-wrong"
	RecoveryUsed     Code = "recovery-code-used"
	MethodResting    Code = "method-resting"
	MethodDisabled   Code = "method-disabled"
	ResendTooSoon    Code = "resend-too-soon"
	SendLimitReached Code = "send-limit-reached"
	TextsLater       Code = "texts-later" // to new numbers; a key or an app needs none
)

// The codes of a password that is forgotten, by phone.
const (
	PhoneResetLater  Code = "phone-reset-later" // no more texts for now; a mail needs none
	TicketLater      Code = "ticket-later"      // no more tickets for support for now
	NumberIsOnlyStep Code = "number-only-step"  // behind the number stands no other second step
	UserNameWrong    Code = "user-name-wrong"
	UserNameClosed   Code = "user-name-closed" // too many wrong ones: this way alone, for a time
)

// The codes of the puzzle before what anybody can ask for.
const (
	PuzzleNeeded Code = "puzzle-needed"
	PuzzleWrong  Code = "puzzle-wrong" // used up by that
	PuzzleOver   Code = "puzzle-over"  // used, too old, or another browser's
)

// The codes of methods and of what is done with them.
const (
	NoSuchMethod    Code = "no-such-method"
	MethodExists    Code = "method-exists"
	TooManyMethods  Code = "too-many-methods"
	ChangePending   Code = "change-pending"
	ChangePaused    Code = "change-paused" // one was stopped not long ago
	BackupFallsWith Code = "backup-falls-with-it"
	MethodRefused   Code = "method-refused" // policy does not take this kind here
	MailboxResets   Code = "mailbox-resets" // it resets the password, and cannot be the only second step
)

// The codes of shops and their people.
const (
	InvitationOver     Code = "invitation-over" // used, withdrawn, too old or never issued
	RoleTooLow         Code = "role-too-low"    // somebody of a higher rank may
	LastOwner          Code = "last-owner"      // a shop has an owner always
	OwnerTooNew        Code = "owner-too-new"
	AlreadyMember      Code = "already-member"
	ShopFull           Code = "shop-full"
	TooManyShops       Code = "too-many-shops"
	TooManyOwners      Code = "too-many-owners"
	TooManyInvitations Code = "too-many-invitations"
	NotShopsAccount    Code = "not-shops-account" // not made by the shop's invitation, or in another shop as well
	MoveStopped        Code = "move-stopped"      // by whom it was about, not long ago
	DaysOutOfRange     Code = "days-out-of-range" // until a date

	HandOverOver     Code = "hand-over-over"      // used, stopped, too old or never issued
	HandOverOwn      Code = "hand-over-own"       // nobody takes over what is his
	HandOverNotTaken Code = "hand-over-not-taken" // by nobody yet, or not by whom the owner means
	HandOverTooSoon  Code = "hand-over-too-soon"  // the owner is one for less than a day

	HandOverInShop     Code = "hand-over-in-shop"     // an account alone is handed over, and this one is in a shop
	HandOverCooling    Code = "hand-over-cooling"     // not in a cooling-off
	HandOverSignsWrong Code = "hand-over-signs-wrong" // those that the new owner reads to the former one
	HandOverOther      Code = "hand-over-other"       // an account that was not made to take one over

	ClosingNotUnderstood  Code = "closing-not-understood"   // what closing an account means
	ClosingInShop         Code = "closing-in-shop"          // with other people
	ClosingHandOver       Code = "closing-hand-over"        // somebody takes something over, and has not ended that
	ClosingChangePending  Code = "closing-change-pending"   // it would land on nothing
	ClosingCooling        Code = "closing-cooling"          // not in a cooling-off, nor soon after a change was stopped
	KeysOnly              Code = "keys-only"                // the account takes security keys alone
	KeysOnlyNeedsKeys     Code = "keys-only-needs-keys"     // two that count
	KeysOnlyLastKey       Code = "keys-only-last-key"       // it would be shut
	KeysOnlyNotUnderstood Code = "keys-only-not-understood" // what it costs
	AccountDisputed       Code = "account-disputed"         // something about it is open, such as a case
)

// The codes of cases for who has lost every second step.
const (
	LostMissing   Code = "lost-missing" // it was not said what is lost
	CaseMoved     Code = "case-moved"   // it stands elsewhere by now
	StoryMissing  Code = "story-missing"
	ChecksMissing Code = "checks-missing" // a reviewer has not checked all
	StoryTooLong  Code = "story-too-long"
	SpokeMissing  Code = "spoke-missing"        // whoever vouches has not said that he spoke to the person
	VouchTooNew   Code = "vouch-method-too-new" // he has shown no strong method that he has had for long enough
)

// The codes of a response of the staff to what reaches many accounts.
const (
	AccountsMissing  Code = "accounts-missing"  // none is named
	TooManyAccounts  Code = "too-many-accounts" // for one act, or for a day
	NetworkMalformed Code = "network-malformed"
	HoursMalformed   Code = "hours-malformed"
	ListNotText      Code = "list-not-text" // a file of something else
	ListTooLarge     Code = "list-too-large"
)

// The codes of a trail that one of the staff takes out.
const (
	TimeMalformed  Code = "time-malformed"
	TimesReversed  Code = "times-reversed" // the first is not before the last
	AccountUnknown Code = "account-unknown"
	TicketUnknown  Code = "ticket-unknown"
	TokenUnknown   Code = "token-unknown"
	TokenMoved     Code = "token-moved"   // it is in another state than the act is for
	RecallPushed   Code = "recall-pushed" // the owners of keys of the model were told within the last days
	NoteMalformed  Code = "note-malformed"
	ExportRuns     Code = "export-runs"  // one before is still being handed out
	ExportLater    Code = "export-later" // no more of them today
)

// The codes of files that are sent as pictures.
const (
	PictureMissing   Code = "picture-missing"
	PictureUnknown   Code = "picture-unknown" // neither a JPEG nor a PNG, by its content
	PictureHEIC      Code = "picture-heic"
	PicturePDF       Code = "picture-pdf"
	PicturePreparing Code = "picture-preparing" // a PDF whose pages are not drawn yet
	PictureTooLarge  Code = "picture-too-large" // in bytes or pixels
	PictureDamaged   Code = "picture-damaged"
	PicturesFull     Code = "pictures-full" // the case has as many as it takes
)

// The codes of security keys. WebAuthn Level 3 §7.1 and §7.2.
const (
	KeyMalformed       Code = "key-malformed"
	KeyWrong           Code = "key-wrong"
	KeyChallengeWrong  Code = "key-challenge-wrong"
	KeyOriginWrong     Code = "key-origin-wrong"
	KeyRPIDWrong       Code = "key-rp-id-wrong"
	KeyTypeWrong       Code = "key-type-wrong"
	KeyNoTouch         Code = "key-no-touch"
	KeyNotVerified     Code = "key-not-verified"
	KeySignatureWrong  Code = "key-signature-wrong"
	KeyAlgorithm       Code = "key-algorithm-not-offered"
	KeyNotUSB          Code = "key-not-usb"
	KeyExcluded        Code = "key-already-registered"
	KeyModelRefused    Code = "key-model-refused"
	KeySynced          Code = "key-synced-refused"      // a passkey that a cloud account copies
	KeyLevelTooLow     Code = "key-level-too-low"       // of its model's certification
	KeyModelRevoked    Code = "key-model-revoked"       // metadata say that it is broken
	KeyAttestation     Code = "key-attestation-refused" // no chain to a root that is trusted
	KeyFrozen          Code = "key-frozen"
	KeyBackupFlags     Code = "key-backup-flag-changed"
	KeyUserHandleWrong Code = "key-user-handle-wrong"
	KeyValuesMalformed Code = "key-values-malformed" // of a key that was programmed before

	KeyAttestationFormat      Code = "key-attestation-format-unknown"
	KeyAttestationMalformed   Code = "key-attestation-malformed"
	KeyAttestationForged      Code = "key-attestation-forged" // its signature, or it is about another key or challenge
	KeyAttestationCertificate Code = "key-attestation-certificate-wrong"
	KeyAttestationExpired     Code = "key-attestation-expired" // of certificates, where attestation is asked for
)

// An Error is an expected refusal: its effects are committed, and its code and
// public values reach the caller. Anything else that goes wrong is a failure
// and rolls back.
type Error struct {
	Code  Code
	Field string            // the member that was refused, "" if none in particular
	Args  map[string]string // values that the texts say: n, label, name, names, reason
	Until time.Time         // when trying again makes sense, zero if waiting won't help
	// Step is where the standard asks for what was refused, "7.1.9" of WebAuthn
	// Level 3; "" for what no standard asks for. It says of the response no more
	// than the code says, and a code that is deliberately blunt has none.
	Step string
	// Cause, in a lab alone, is the code of the check that refused where Code is
	// deliberately blunt: testers see what strangers may not.
	Cause Code
	// Also is what else is wrong with what was sent: forms are told all at once.
	Also []*Error
	// Unknown is the credential of the caller's own response where nobody has it
	// here: his browser should offer it no more.
	Unknown *UnknownCredential
	// InSession reports whether the caller showed a session that is good: whom it is said to is no stranger.
	InSession bool
	// Demand is set on StepUpRequired and TooWeak: what the caller must show.
	Demand Demand
}

// Error returns the code, the operation's public name for what happened.
func (e *Error) Error() string { return "refused: " + string(e.Code) }

// Refuse returns a refusal with the given code and pairs of public values.
func Refuse(code Code, pairs ...string) *Error {
	e := &Error{Code: code}
	for i := 0; i+1 < len(pairs); i += 2 {
		e.With(pairs[i], pairs[i+1])
	}
	return e
}

// RefuseField returns a refusal that names the member at fault.
func RefuseField(code Code, field string) *Error { return &Error{Code: code, Field: field} }

// refuseAll returns the first of the refusals with the others in Also, and nil
// for none; a failure among them is returned as it is.
func refuseAll(list ...error) error {
	var all []*Error
	for _, err := range list {
		var e *Error
		switch {
		case err == nil:
			continue
		case !errors.As(err, &e):
			return err
		}
		one := *e
		one.Also = nil
		all = append(append(all, &one), e.Also...)
	}
	if len(all) == 0 {
		return nil
	}
	all[0].Also = all[1:]
	return all[0]
}

// With adds a public value and returns e.
func (e *Error) With(key, value string) *Error {
	if e.Args == nil {
		e.Args = map[string]string{}
	}
	e.Args[key] = value
	return e
}

// At sets the time at which trying again makes sense and returns e.
func (e *Error) At(t time.Time) *Error {
	e.Until = t
	return e
}

// In sets the step of the standard that asks for what was refused and returns e.
func (e *Error) In(step string) *Error {
	e.Step = step
	return e
}

// Is reports whether target is a refusal with the same code, so that
// errors.Is(err, auth.Refuse(code)) reads well.
func (e *Error) Is(target error) bool {
	t, ok := target.(*Error)
	return ok && t.Code == e.Code
}

// String returns the code.
func (c Code) String() string { return string(c) }
