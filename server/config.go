package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
	"github.com/latchkey-auth/latchkey/web"
)

// Config is what a Server is made of. Service, Texts and Origin are required.
type Config struct {
	Service *auth.Service
	Texts   Texts
	Pages   assets.Renderer // nil: the API alone
	Static  http.Handler    // serves what stands under /assets/

	Origin         string       // the public address: https://host[:port][/path], or http://localhost[:port]
	AndroidApps    []AndroidApp // native apps that may use the same keys, for assetlinks.json
	AppleApps      []string     // likewise, as team and bundle, for apple-app-site-association
	RelatedOrigins []string     // other sites with the same keys (WebAuthn Level 3 §5.11), origins of Android apps
	TrustedProxies web.Networks // whose X-Forwarded-For is believed
	Site           string       // the site's name, for the contract and the file of recovery codes
	Contact        string       // support: a mailto: or https: address, for security.txt and pages
	Phone          string       // support's number, for pages
	HostToken      string       // of the marketplace's own program; "": it may do nothing
	Policy         auth.Policy  // what pages say of rules and times; the domain decides by its own

	Logger       *slog.Logger // nil: nothing is logged
	LogAddresses bool         // write clients' addresses to the access log

	Ready    func(context.Context) error // nil: always ready
	Alarms   func() []string             // what an operator should look at though requests are served; nil: nothing
	Receipts Receipts                    // nil: no gateway reports back
	Sink     Sink                        // nil: no page of sent messages
	Shops    *team.Service               // the use cases of shops
	Recovery *recovery.Service           // of who has lost every second step
	Desk     web.Face                    // answers what stands under /desk; nil: nobody does
	Pictures func(model string) []byte   // of models of keys, as PNG; nil: there are none
	Lab      *lab.Service                // the use cases of a lab; nil: a real site
	Inbox    Inbox                       // of a lab; nil: its messages cannot be read

	Rate     web.Rate         // of unsafe requests to open routes, by client; zero: web.DefaultRate
	InFlight int              // requests answered at once, of one client a quarter of what is free; 0: 1024
	Now      func() time.Time // nil: time.Now
	Random   io.Reader        // nil: crypto/rand
}

// Texts are the texts of refusals; *assets.Texts is.
type Texts interface {
	// Match chooses the language: what the person chose, else the best of Accept-Language.
	Match(chosen, accept string) string
	// Problem returns what happened, and what to do now.
	Problem(lang, code string, args assets.Args) (title, detail string)
	// Say puts a text that has no page.
	Say(lang, key string, args assets.Args) string
	// Entry puts an entry of the history into words.
	Entry(lang string, e assets.Event) assets.EntryWords
	// EntryColumns are the heads of their columns.
	EntryColumns(lang string) assets.EntryHeads
}

// Receipts reads the delivery receipts of gateways.
type Receipts interface {
	// Handle checks that the report is the named gateway's own and reads it; one request may hold many receipts, or
	// none. A refusal (auth.Error) is the sender's fault.
	// key is what follows the path in the address, a secret where the gateway signs nothing.
	Handle(gateway, key string, h http.Header, body []byte) ([]auth.Receipt, error)
	// Answer returns the body that the gateway wants in our 200, "" for an answer without one.
	Answer(gateway string) string
}

// A Sink remembers messages that were not sent, for trying Latchkey on one's own machine.
type Sink interface {
	// Recent returns at most max messages, newest first.
	Recent(max int) ([]Sent, error)
}

// Sent is one message as it would have been sent. Subject is empty for texts and calls.
type Sent struct {
	At            time.Time
	Channel       auth.Channel
	Recipient     ident.Recipient
	Subject, Text string
}
