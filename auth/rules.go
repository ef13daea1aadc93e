package auth

import (
	"maps"
	"time"
)

// An Action is what a caller wants to do: the vocabulary of the rules, of
// step-up and of the audit trail. Actions are API and never renamed.
type Action string

// The actions of people.
const (
	ActSignUp        Action = "sign-up"
	ActConfirmSignUp Action = "confirm-sign-up"
	ActPassword      Action = "check-password"
	ActSignIn        Action = "sign-in"
	ActSecondStep    Action = "second-step"
	ActSendCode      Action = "send-code"
	ActSignOut       Action = "sign-out"
	ActStepUp        Action = "step-up"
	ActTest          Action = "test-method"
	ActAdd           Action = "add-method"
	ActCodes         Action = "recovery-codes"
	ActRename        Action = "rename-method"
	ActRemove        Action = "remove-method"
	ActLose          Action = "lose-device"
	ActUnfreeze      Action = "unfreeze-method"
	ActUndo          Action = "undo-change"
	ActCancelChange  Action = "cancel-change"
	ActEndSession    Action = "end-session"
	ActTrust         Action = "trust-browser"
	ActForget        Action = "forget-browser"
	ActItWasMe       Action = "it-was-me"
	ActNewPassword   Action = "change-password"
	ActContact       Action = "change-contact"
	ActConfirmEmail  Action = "confirm-email"
	ActUserName      Action = "change-user-name"
	ActForgot        Action = "forgot-password"
	ActForgotCode    Action = "take-reset-code"
	ActForgotPhone   Action = "forgot-password-phone"
	ActForgotName    Action = "take-reset-name"
	ActReset         Action = "reset-password"
	ActTemporary     Action = "temporary-sign-in" // what could reset it stands in for the password
	ActKeepPassword  Action = "keep-password"     // after that, no new one
	ActPutOff        Action = "put-off-reminder"
	ActKeysOnly      Action = "keys-only"     // nothing but security keys opens the account from now on
	ActKeysOnlyOff   Action = "keys-only-off" // that ends, after a while
	ActTakeData      Action = "take-data"     // everything that is held about the account
	ActClose         Action = "close-account"
	ActKeep          Action = "keep-account" // which was to be closed
	ActAskMail       Action = "mail-code"
	ActIntroduce     Action = "introduce-browser"
	ActAnswerAgain   Action = "answer-again" // the same request again: it got the same answer
)

// The actions on what only the owner knows, beside the password.
const (
	ActQuestion        Action = "change-question"
	ActOwnQuestion     Action = "look-question"
	ActSetSecurityCode Action = "set-security-code"
	ActSecurityCode    Action = "use-security-code"
	ActMailPassword    Action = "mail-password-link" // a link of a forgotten password, from the settings
	ActCodeSignIn      Action = "code-sign-in"       // by the password and the security code
)

// ActPayout is the approval of money by a strong proof for one text.
const ActPayout Action = "payout"

// The actions about a ticket of the self-check: to ask for one, and to look it up.
const (
	ActTicket     Action = "make-ticket"
	ActLookTicket Action = "open-ticket"
)

// The actions that only look, and those of the service itself.
const (
	ActMe           Action = "look-session"
	ActLook         Action = "look-ceremony"
	ActLookStep     Action = "look-step-up"
	ActLookBind     Action = "look-binding"
	ActOutbox       Action = "look-outbox"
	ActSecurity     Action = "look-security"
	ActLookKeysOnly Action = "look-keys-only"
	ActOwnEmail     Action = "look-own-email"
	ActHistory      Action = "look-history"

	ActTakeHistory Action = "take-history" // nothing that the page does not show, so it leaves no event either

	ActDeliver       Action = "deliver"
	ActSweep         Action = "sweep"
	ActRemoved       Action = "delayed-removal" // a waiting removal came due
	ActKeysOnlyEnded Action = "keys-only-ended" // its end came due
	ActMoved         Action = "delayed-move"    // contact data that a shop moves came due
	ActDormant       Action = "dormant"         // of an account that nobody uses
	ActRecalled      Action = "key-recalled"    // its model is recalled
	ActRecallLifted  Action = "recall-lifted"
	ActRecallTold    Action = "recall-told"  // once more, as the staff have asked
	ActRecallCheck   Action = "recall-check" // of all keys, come to its end
	ActLifted        Action = "hold-lifted"  // beside the sign-in by which an owner lifts what the staff did
	ActRestore       Action = "restore"      // a backup was put back
	ActLookClosing   Action = "look-closing"
	ActMayClose      Action = "look-may-close"
	ActLookAccount   Action = "look-account"   // the marketplace, by its id
	ActClosingTold   Action = "closing-told"   // its last day has begun, or something is in the way of it
	ActClosed        Action = "account-closed" // and all that belonged to it was deleted

	ActLookClock Action = "look-clock"
	ActClock     Action = "set-clock" // an operator has set service time

	ActRotateKeys Action = "rotate-keys" // an operator has had the data sealed with a new key
)

// The actions of testers, in a lab. Package lab has more.
const (
	ActLabLook  Action = "lab-look"
	ActLabClock Action = "lab-clock"
	ActLabReset Action = "lab-reset"
)

// Who says which callers a rule admits.
type Who int

// The callers, from the most to the least open.
const (
	Anyone   Who = iota // no session is read
	SignedIn            // a session, even one that may only enrol
	Stepped             // a session beyond the second step, even one that may only bind the key that a shop asks for
	Enrolled            // a session that may do everything
	OfStaff             // a member of the staff, whom the part that keeps them admits
	System              // the service itself; no request can be it
	Tester              // whoever reaches a lab; elsewhere nobody can be it
)

// signedIn reports whether a rule for who reads the caller's session.
func (who Who) signedIn() bool { return who == SignedIn || who == Stepped || who == Enrolled }

// A Rule is one row of the authorisation matrix: who may act, what the session
// must have shown, and whether the act is audited. Reads runs on a snapshot
// and can change nothing.
type Rule struct {
	Who    Who
	Demand Demand
	Reads  bool
	Audit  bool // done or refused, the act is an Event of its account
	Key    bool // what was shown must be a security key, whatever else is as strong
	Change bool // it changes what guards the account: see refusePaused
}

// Step-up ages (design, "what each method is worth").
const (
	ageRename = 15 * time.Minute
	ageAdd    = 15 * time.Minute
	ageRemove = 10 * time.Minute
)

// rules returns the matrix. An action that is not in it cannot be done.
func rules() map[Action]Rule {
	all := secretRules()
	maps.Copy(all, resetRules())
	maps.Copy(all, ownRules())
	maps.Copy(all, methodRules())
	maps.Copy(all, map[Action]Rule{
		ActSignUp:        {Who: Anyone, Audit: true},
		ActConfirmSignUp: {Who: Anyone, Audit: true},
		ActPassword:      {Who: Anyone},
		ActSignIn:        {Who: Anyone, Audit: true},
		ActSecondStep:    {Who: Anyone, Audit: true},
		ActSendCode:      {Who: Anyone, Audit: true},
		ActAskMail:       {Who: Anyone, Audit: true},
		ActIntroduce:     {Who: Anyone, Audit: true},
		ActUndo:          {Who: Anyone, Audit: true},
		ActAnswerAgain:   {Who: System, Audit: true}, // by the rule of what is repeated, but for its demand
		ActLook:          {Who: Anyone, Reads: true},

		ActMe:       {Who: SignedIn, Reads: true},
		ActLookBind: {Who: SignedIn, Reads: true, Demand: Demand{Best, ageAdd}, Change: true},
		ActSecurity: {Who: SignedIn, Reads: true},
		ActSignOut:  {Who: SignedIn, Audit: true},
		ActAdd:      {Who: SignedIn, Demand: Demand{Best, ageAdd}, Audit: true, Change: true},

		ActOwnEmail:     {Who: Enrolled, Reads: true, Demand: Demand{Best, ageRemove}},
		ActLookStep:     {Who: Stepped, Reads: true},
		ActStepUp:       {Who: Stepped, Audit: true},
		ActEndSession:   {Who: Enrolled, Audit: true},
		ActTrust:        {Who: Enrolled, Demand: Demand{Weak, ageAdd}, Audit: true, Change: true},
		ActForget:       {Who: Enrolled, Audit: true},
		ActItWasMe:      {Who: Enrolled, Audit: true}, // and Strong, but in a known browser
		ActContact:      {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true, Change: true},
		ActConfirmEmail: {Who: Enrolled, Audit: true, Change: true},
		ActUserName:     {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true, Change: true},
		ActNewPassword:  {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true, Change: true},

		ActLabLook:  {Who: Tester, Reads: true},
		ActLabClock: {Who: Tester},
		ActLabReset: {Who: Tester},

		ActOutbox:    {Who: System, Reads: true},
		ActDeliver:   {Who: System},
		ActSweep:     {Who: System},
		ActRemoved:   {Who: System, Audit: true},
		ActMoved:     {Who: System, Audit: true},
		ActDormant:   {Who: System, Audit: true},
		ActLifted:    {Who: System, Audit: true},
		ActRestore:   {Who: System, Audit: true},
		ActLookClock: {Who: System, Reads: true},
		ActClock:     {Who: System, Audit: true},

		ActRecalled:     {Who: System, Audit: true},
		ActRecallLifted: {Who: System, Audit: true},
		ActRecallTold:   {Who: System, Audit: true},
		ActRecallCheck:  {Who: System, Audit: true},

		ActRotateKeys: {Who: System, Audit: true},
	})
	return all
}

// methodRules are those of the methods that an account has.
func methodRules() map[Action]Rule {
	return map[Action]Rule{
		ActTest:         {Who: Enrolled, Audit: true},
		ActRename:       {Who: Enrolled, Demand: Demand{Weak, ageRename}, Audit: true},
		ActCodes:        {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true, Change: true},
		ActRemove:       {Who: Enrolled, Demand: Demand{Weak, ageRemove}, Audit: true, Change: true}, // and Same, or it waits
		ActLose:         {Who: Enrolled, Demand: Demand{Weak, ageRemove}, Audit: true, Change: true},
		ActUnfreeze:     {Who: Enrolled, Demand: Demand{Strong, ageRemove}, Audit: true, Change: true},
		ActCancelChange: {Who: Enrolled, Audit: true},

		ActLookKeysOnly:  {Who: Enrolled, Reads: true},
		ActKeysOnly:      {Who: Enrolled, Demand: Demand{Strong, ageRemove}, Key: true, Audit: true, Change: true},
		ActKeysOnlyOff:   {Who: Enrolled, Demand: Demand{Strong, ageRemove}, Key: true, Audit: true, Change: true},
		ActKeysOnlyEnded: {Who: System, Audit: true},
	}
}

// ownRules are those of what a person reads of his own and takes away, and of the end of his account.
func ownRules() map[Action]Rule {
	return map[Action]Rule{
		ActHistory:     {Who: Enrolled, Reads: true},
		ActTakeHistory: {Who: Enrolled, Reads: true},
		ActTakeData:    {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true},
		ActClose:       {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true, Change: true},
		ActMayClose:    {Who: Enrolled, Reads: true},
		ActLookClosing: {Who: SignedIn, Reads: true},
		ActKeep:        {Who: SignedIn, Audit: true}, // what owners need, and it gives nobody anything
		ActLookAccount: {Who: System, Reads: true},
		ActClosingTold: {Who: System, Audit: true},
		ActClosed:      {Who: System, Audit: true},
	}
}

// resetRules are those of a password that is forgotten, and of who does not get in.
func resetRules() map[Action]Rule {
	return map[Action]Rule{
		ActForgot:       {Who: Anyone, Audit: true},
		ActForgotCode:   {Who: Anyone, Audit: true},
		ActForgotPhone:  {Who: Anyone, Audit: true},
		ActForgotName:   {Who: Anyone, Audit: true},
		ActReset:        {Who: Anyone, Audit: true},
		ActTemporary:    {Who: Anyone, Audit: true},
		ActKeepPassword: {Who: Enrolled, Audit: true},
		ActPutOff:       {Who: Enrolled, Audit: true},
		ActTicket:       {Who: Anyone, Audit: true},
		ActLookTicket:   {Who: System, Audit: true},
	}
}

// secretRules are those of what only the owner knows, beside the password.
func secretRules() map[Action]Rule {
	return map[Action]Rule{
		ActQuestion:        {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true, Change: true},
		ActOwnQuestion:     {Who: Enrolled, Reads: true, Demand: Demand{Best, ageRemove}},
		ActMailPassword:    {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true},
		ActSetSecurityCode: {Who: Enrolled, Demand: Demand{Best, ageRemove}, Audit: true, Change: true},
		ActSecurityCode:    {Who: Enrolled, Demand: Demand{Weak, ageRemove}, Audit: true, Change: true},
		ActPayout:          {Who: Enrolled, Demand: Demand{Strong, agePayout}, Audit: true},
		ActCodeSignIn:      {Who: Anyone, Audit: true},
	}
}

// DemandOf returns what an action asks a session to show, for pages that ask
// beforehand.
func (s *Service) DemandOf(a Action) Demand {
	rule, _ := s.rule(a)
	return rule.Demand
}

// Rules is the whole matrix: the rules of this package and of every part that is registered.
func (s *Service) Rules() map[Action]Rule { return maps.Clone(s.rulebook.Load().rules) }
