// Package notify delivers the outbox: texts, calls and mails that the domain
// has decided to send and has stored before anybody tried to send them.
//
//	auth.Service ──Due──► Dispatcher ──► Render ──► Driver ──► SMTP relay
//	     ▲ ▲                  │                       ├──────► SMS or voice gateway
//	     │ └─────Settle───────┘                       └──────► file sink
//	     └───────Receipt──────── Receipts ◄── POST …/gateways/{name}/receipt
//
// # Promises
//
// Delivery is at least once, with Message.ID as idempotency key: it travels in
// a header or in the body of every request to a gateway and, hashed, as the
// Message-ID of a mail. A message that was leased and never settled, because
// the program died, comes back when its lease lapses. One message is handled
// for at most Hold, so a lease must last longer than that.
//
// A message past its Expires is never given to anybody. A driver that panics,
// hangs or is slow holds up its own gateway only: each gateway has its own
// slots and its own waiting room, and what finds the room full is put off.
//
// Messages leave by rank: codes, then resets, then notices, then sign-ups, which
// anybody can ask for. Part of every gateway's slots and waiting room is kept
// for the first two (see lane): a flood of the others, or a gateway that takes
// long for each, never holds up a code.
//
// # What an attempt may come to
//
// The danger in trying again is a second text; the danger in not trying is
// none. So a driver says what it knows, and only what was certainly not sent
// may go to another gateway at once.
//
//	class   seen as                                       was it sent?    what follows
//	nil     success rule met; 250 after the final dot     yes             accepted
//	Later   no connection, TLS refused, 408 425 429,      certainly not   the next gateway at once; if
//	        501 503 505 511, SMTP 4xx, connection lost                    none takes it, queued with
//	        before the final dot, waiting room full                       growing waits
//	Never   3xx, other 4xx, SMTP 5xx, an answer whose     certainly not   the next gateway at once; if
//	        value the success rule does not know                          all say Never, failed
//	Unsure  time-out or connection lost once the request  perhaps         queued, then the SAME gateway
//	        was begun, other 5xx (a proxy may say so of                   with the same key; after
//	        a request that went through), an answer that                  Limits.Unsure such tries in a
//	        cannot be read, a panic                                       row the next gateway
//
// A gateway that is Unsure keeps the message even when the next try ends in
// Later: that answer speaks of the second request, not of the first. Only a
// Never to the same idempotency key settles it. Tries are counted in
// Message.Tries and, for Unsure, in the reason ("no-answer", "no-answer-2"), so
// that another process goes on where this one stopped.
//
// A message whose next try would come after its expiry, or that has been
// tried Limits.Tries times, fails at once, so that the seller is told while
// he can still choose another method. "accepted" means that the gateway took it;
// only a receipt makes it "delivered", or "failed" after all.
//
// # Configuration
//
// With nothing configured every channel goes to the file sink. A channel that
// nothing serves fails with the reason "no-gateway"; the sink then takes only
// the channels it is told to.
//
//	notify:
//	  smtp:
//	    host: mail.example.com
//	    port: 587                  # 465 with tls: implicit
//	    tls: mandatory             # mandatory, implicit, opportunistic, none (loopback only)
//	    username: latchkey
//	    password-file: /run/secrets/smtp
//	    from: "Example Shop <no-reply@example.com>"
//	    hello: auth.example.com
//	  gateways:                    # the order is the order of preference
//	    - name: first
//	      channels: [sms]
//	      url: https://sms.example.com/v1/messages
//	      content-type: application/json
//	      body: '{"to":{{.To | json}},"text":{{.Text | json}},"ref":{{.ID | json}}}'
//	      idempotency-header: Idempotency-Key
//	      success: {path: code, equals: ["0"], temporary: ["busy"]}
//	      reference: data.id
//	      signing:
//	        scheme: hmac-sha256    # none, basic, bearer, hmac-sha256, acs3, tc3, aws4
//	        secret-file: /run/secrets/first
//	        header: X-Signature
//	        timestamp-header: X-Timestamp
//	        over: "{{.Timestamp}}.{{.Body}}"
//	      receipt:
//	        format: json
//	        reference: id
//	        status: status
//	        delivered: [DELIVRD]
//	        failed: [UNDELIV, EXPIRED, REJECTD]
//	        auth: {scheme: bearer, secret-file: /run/secrets/first-receipt}
//	    - name: second
//	      channels: [sms, voice]
//	      method: GET
//	      url: https://voice.example.com/call?to={{.To | form}}&say={{.Digits | form}}&ref={{.ID | form}}
//	  sink:
//	    path: /var/lib/latchkey/messages.jsonl
//	    channels: []
//
// Logs name messages by their id and say which gateway, which state and which
// word; never an address, a text, a code, a secret or what a provider wrote.
package notify
