package auth

import (
	"strconv"
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// A Message is one thing to be delivered: a text, a call or a mail. It is
// written in the transaction that decided it and delivered after commit, at
// least once, with ID as idempotency key.
//
//	queued ──► accepted ──► delivered
//	   │           └──────► failed
//	   ├──► failed   (every gateway refused, or tries are used up)
//	   └──► expired  (its code is too old to be of use)
type Message struct {
	V         int               `json:"v,omitempty"`
	ID        string            `json:"id"`
	Account   AccountID         `json:"a,omitempty"`
	Channel   Channel           `json:"c"`
	Recipient ident.Recipient   `json:"to"`
	Language  string            `json:"l,omitempty"`
	Template  string            `json:"t"`           // one of the Template constants
	Args      map[string]string `json:"g,omitempty"` // what the template says, the code included
	Label     string            `json:"lb,omitempty"`
	State     Delivery          `json:"s"`
	Tries     int               `json:"n,omitempty"`
	Gateway   string            `json:"gw,omitempty"` // the gateway that accepted it
	Reference string            `json:"rf,omitempty"` // that gateway's own id, for its receipts
	Reason    string            `json:"rs,omitempty"` // why it failed, as a word of ours
	CreatedAt time.Time         `json:"ca"`
	NextAt    time.Time         `json:"na,omitzero"` // not before; also the lease of who delivers it
	ChangedAt time.Time         `json:"ch,omitzero"`
	Expires   time.Time         `json:"e"`
	Restore   uint64            `json:"r,omitempty"` // restore epoch: one of a backup has been sent since, or is out of date
}

// A Delivery is how far a message has come, as its sender may tell the seller.
type Delivery string

// The states of delivery.
const (
	Queued    Delivery = "queued"
	Accepted  Delivery = "accepted"
	Delivered Delivery = "delivered"
	Failed    Delivery = "failed"
	Expired   Delivery = "expired"
)

// Templates of messages. The texts are in package assets.
const (
	TemplateCode           = "code"             // args: code, label, purpose, minutes
	TemplateSignUp         = "sign-up"          // args: link
	TemplateSignUpExisting = "sign-up-existing" // args: name
	TemplateReset          = "reset"            // args: link, code, name
	TemplateResetLink      = "reset-link"       // args: link, name
	TemplateIntroduce      = "introduce"        // args: code, name, minutes
	TemplateChange         = "change"           // args: what, item, at, undo
	TemplateNewBrowser     = "new-browser"      // args: at, agent
	TemplateRemoval        = "removal-delayed"  // args: item, at, due, undo
	TemplateLocked         = "password-locked"  // args: at, until
	TemplatePasswordOut    = "password-out"     // args: at, agent
	TemplateResetClosed    = "reset-closed"     // args: at, until, agent. A reset by phone
	TemplateEmailChange    = "email-change"     // args: link
	TemplateCodesVoid      = "codes-void"       // args: at

	TemplateCodeWaits = "security-code-waits" // args: at, due, undo
)

// Templates of messages about shops. args: shop, role, at; for the owners member and did as well.
const (
	TemplateShopInvite  = "shop-invite"  // args: link. It goes where nobody has shown the mailbox yet, and names nothing
	TemplateShopJoined  = "shop-joined"  // to who joined
	TemplateShopRole    = "shop-role"    // to whose role is another
	TemplateShopPaused  = "shop-paused"  // to who is suspended
	TemplateShopBack    = "shop-back"    // to who is let in again
	TemplateShopRemoved = "shop-removed" // to who was removed
	TemplateShopLeft    = "shop-left"    // to who left
	TemplateShopPeople  = "shop-people"  // to the owners, of all of these
	TemplateShopKeys    = "shop-keys"    // to who has no security key, and will need one. args: shop, at, due
	TemplateMove        = "contact-move" // to whose contact data will change. args: by, shop, email, phone, at, due, undo
)

// Templates of messages about a shop that gets another owner. args: shop, at.
const (
	TemplateHandOverLink    = "hand-over-link"    // args: link. To a mailbox that nobody has shown yet: it names nothing
	TemplateHandOver        = "hand-over"         // to the owner; args: step, member, due, undo
	TemplateHandOverTaker   = "hand-over-taker"   // to who has taken it; args: step, by, due
	TemplateHandOverStopped = "hand-over-stopped" // to both
	TemplateHandOverDone    = "hand-over-done"    // to the former owner; args: member, payout
	TemplateHandOverYours   = "hand-over-yours"   // to the new one; args: payout

	TemplateTakesOver = "takes-over" // to the owner, of a case by who has taken the account over; args: at, step, due, payout, link

	TemplateAccountHandLink    = "account-hand-link"    // args: link. As that of a shop: it names nothing
	TemplateAccountHand        = "account-hand"         // to the owner; args: step, member, due, undo
	TemplateAccountHandTaker   = "account-hand-taker"   // to who takes it over; args: step, by, due
	TemplateAccountHandStopped = "account-hand-stopped" // to both
	TemplateAccountHandDone    = "account-hand-done"    // to the former owner, while he has addresses here; args: member
	TemplateAccountHandYours   = "account-hand-yours"   // to the new one; args: payout
)

// Templates of messages about cases for who has lost every second step. args: at, and to the owner's addresses link, by
// which he objects.
const (
	TemplateRecoveryLink     = "recovery-link"     // args: link. To the account's own mailbox
	TemplateRecoveryNew      = "recovery-new"      // args: link. To a mailbox that nobody has shown yet: it names nothing
	TemplateRecoveryNews     = "recovery-news"     // to who applied; args: stands, link
	TemplateRecoveryOpened   = "recovery-opened"   // to the owner, as those below
	TemplateRecoveryApproved = "recovery-approved" // args: due
	TemplateRecoveryStopped  = "recovery-stopped"  // it came to nothing
	TemplateRecoveryDone     = "recovery-done"     // the second step is off
	TemplateVouched          = "recovery-vouched"  // to who has vouched for somebody; args: member, link
)

// TemplateDeskInvitation invites somebody to work at the desk, or to begin anew with his keys there. args: link.
const TemplateDeskInvitation = "desk-invitation"

// TemplateDeskKey tells one of the staff that a key of his was registered. args: at, agent, link.
const TemplateDeskKey = "desk-key"

// TemplateDeskKeyGone tells one of the staff that a key of his was removed. args: at, agent, link.
const TemplateDeskKeyGone = "desk-key-gone"

// Of an account that nobody uses.
const (
	TemplateUnused       = "unused"        // args: at, person, due
	TemplateRecalled     = "key-recalled"  // args: at, person, item, due unless it is over
	TemplateRecallLifted = "recall-lifted" // args: at, person, item
	TemplateDormant      = "dormant"       // it was switched off; args: at, person
	TemplateAwake        = "awake"         // it is switched on again; args: at, person

	// Of keys-only protection, which will end. args: at, person, due, undo, agent.
	TemplateKeysOnlyEnds = "keys-only-ends"

	TemplateClosing     = "closing"        // of an account that is to be closed; args: at, person, step, due, undo
	TemplateClosingKept = "closing-kept"   // it stays; args: at, person
	TemplateClosed      = "account-closed" // it is no more; args: at, person

	// What a response of the staff has done to an account; args: at, person.
	TemplateSafetyEnded    = "safety-ended"    // all access ended
	TemplateSafetyPassword = "safety-password" // and a new password is asked for
	TemplateSafetyFrozen   = "safety-frozen"   // or nobody comes in but by a strong method of before
	TemplateSafetyBoth     = "safety-both"     // or both
	TemplateSafetyOver     = "safety-over"     // it is taken back
)

// A Rank is how soon a message is needed: the lower, the sooner.
type Rank int

// The ranks, in the order in which messages leave.
const (
	RankCode   Rank = iota // somebody looks at a field and waits
	RankReset              // somebody waits for a link to an account of his own
	RankNotice             // somebody should know
	RankSignUp             // anybody can ask for these, for any address
)

// Ranks is how many ranks there are.
const Ranks = int(RankSignUp) + 1

// Rank returns the rank of m. What is not named here is a notice.
func (m *Message) Rank() Rank {
	switch m.Template {
	case TemplateCode, TemplateIntroduce:
		return RankCode
	case TemplateReset, TemplateResetLink, TemplateEmailChange, TemplateRecoveryLink, TemplateDeskInvitation:
		return RankReset
	case TemplateSignUp, TemplateSignUpExisting, TemplateShopInvite, TemplateRecoveryNew, TemplateHandOverLink,
		TemplateAccountHandLink:
		return RankSignUp
	}
	return RankNotice
}

// rankedID is the id of m in the outbox. Its rank leads, so that whoever reads
// the outbox in order meets what is needed first.
func (m *Message) rankedID(drawn string) string { return strconv.Itoa(int(m.Rank())) + drawn }

// A Receipt is a gateway's later word about a message that it had accepted.
type Receipt struct {
	Gateway   string
	Reference string   // as in Outcome.Reference
	State     Delivery // Delivered or Failed, nothing else
	Reason    string   // a word of ours, "" for Delivered
}

// An Outcome is what became of one attempt to deliver a Message.
type Outcome struct {
	State     Delivery  // Queued for "try again at NextAt"
	Gateway   string    // who took or refused it
	Reference string    // the gateway's id
	Reason    string    // a word for the audit trail; never the provider's text
	NextAt    time.Time // for Queued
}
