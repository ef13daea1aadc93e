package auth

import (
	"time"

	"github.com/latchkey-auth/latchkey/ident"
)

// An InboxQuery asks for messages of a lab: those to Recipient and by Channel ("" is
// any) behind the cursor After. If there is none yet it waits for one, Wait of
// real time at most.
type InboxQuery struct {
	Recipient ident.Recipient
	Channel   Channel
	After     int
	Wait      time.Duration
}

// An InboxMessage is one message as its reader got it. Code and Link are what
// stands in its text.
type InboxMessage struct {
	Cursor    int
	At        time.Time // when it arrived, in the lab's time
	Channel   Channel
	Recipient ident.Recipient `json:"to"`
	Language  string
	Label     string
	Subject   string
	Text      string
	HTML      string
	Code      string
	Link      string
}

// A DeliveryFault is what a lab does to messages to Recipient and by Channel ("" is
// any), to so many of them as Times says; 0: to all.
type DeliveryFault struct {
	Channel   Channel
	Recipient ident.Recipient
	Delay     time.Duration // in the lab's time
	Lose      bool          // accepted by the gateway, and never seen again
	Refuse    bool          // the gateway will not take it
	Copies    int           // how often it arrives; 0: once
	Times     int
}
