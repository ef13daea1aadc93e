package notify

import (
	"context"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// An Outbox holds the messages to deliver; *auth.Service is one.
type Outbox interface {
	// DueUpTo leases up to max messages of the ranks up to last that are queued
	// and whose NextAt has come, in the order of their ranks. A leased message
	// is not returned again until its lease lapses, which must take longer than
	// Hold.
	DueUpTo(ctx context.Context, max int, last auth.Rank) ([]auth.Message, error)

	// Settle stores what became of one attempt, durably. For Queued it keeps
	// Gateway and Reason as the message's own and adds one to its Tries: the
	// choice of the next gateway depends on all three. Settling a message that
	// is no longer queued changes nothing and is no error.
	Settle(ctx context.Context, id string, o auth.Outcome) error

	// Wake is signalled after a message was written. A nil channel is allowed:
	// messages are then found by looking every Limits.Poll.
	Wake() <-chan struct{}
}

// A Driver hands messages to one provider.
type Driver interface {
	// Name names the gateway in outcomes, receipts and logs.
	Name() string

	// Channels lists the channels it serves.
	Channels() []auth.Channel

	// Deliver hands over one message once and returns the provider's own id
	// of it. It must end soon after ctx does and may be called concurrently.
	// An error that is not a *Failure is taken as Unsure.
	Deliver(ctx context.Context, m auth.Message, t Text) (reference string, err error)
}

// A Text is a message in words, rendered for its language and channel. Subject
// and HTML are for mail and may be "".
type Text struct {
	Subject string
	Body    string
	HTML    string
}

// A Render puts a message into words. It must be safe for concurrent use.
type Render func(auth.Message) (Text, error)

// Hold is the longest time that one leased message is worked on, waiting for a
// free slot included.
const Hold = 45 * time.Second

// A Class says what a Driver knows about a message that was not accepted. The
// zero value is the careful one.
type Class int

// The classes of failure. See the table in the package comment.
const (
	Unsure Class = iota // it may have been sent
	Later               // certainly not sent; worth trying later or elsewhere
	Never               // certainly not sent; this gateway will not take it
)

// A Failure is why a Driver could not have a message accepted. It holds
// nothing that the provider wrote and nothing about the person.
type Failure struct {
	Class  Class
	Word   string        // one of the Word constants
	Status int           // HTTP status or SMTP reply code, 0 if there was none
	After  time.Duration // not sooner than this, 0 if not said
	Detail string        // of the connection, safe for logs; may be ""
}

// The words of failures, as they appear in Outcome.Reason.
const (
	WordNoGateway   = "no-gateway"   // nothing serves the channel
	WordBusy        = "busy"         // the gateway, or our queue for it, is full
	WordUnreachable = "unreachable"  // no connection
	WordRefused     = "refused"      // the gateway said no
	WordRedirect    = "redirect"     // the gateway wants us elsewhere; we do not follow
	WordNoAnswer    = "no-answer"    // time-out or loss after the request was begun
	WordServerError = "server-error" // the gateway failed, perhaps after sending
	WordUnreadable  = "unreadable"   // the answer could not be read
	WordFault       = "fault"        // the driver panicked or returned a plain error
	WordRender      = "render"       // the text could not be made
	WordAddress     = "bad-address"  // the address cannot be used
	WordStopped     = "stopped"      // the program ended before it was tried
	WordUndelivered = "undelivered"  // a receipt says so
)

// Error says the word and the status.
func (f *Failure) Error() string {
	if f.Status != 0 {
		return fmt.Sprintf("not accepted: %s (%d)", f.Word, f.Status)
	}
	return "not accepted: " + f.Word
}

// errorOf returns f as an error, nil if f is nil: a nil *Failure in an error
// would not be nil.
func errorOf(f *Failure) error {
	if f == nil {
		return nil
	}
	return f
}
