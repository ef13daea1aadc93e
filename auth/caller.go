package auth

import (
	"net/netip"
	"time"
)

// A Caller is who asks: what the face knows about one request. It proves
// nothing by itself; Do reads the session behind Token in the transaction that
// acts on it.
type Caller struct {
	Token     string     // the session token presented, "" for none
	Browser   string     // the browser's own random cookie, "" for programs
	IP        netip.Addr // the client's address, as far as configured proxies vouch for it
	Agent     string     // a short description of the browser, for its owner
	Language  string     // "en" or "zh-CN"
	RequestID string
	Request   string        // a hash of what a browser sent, where sending it twice is once; "" for programs
	Later     time.Duration // in a lab: judge this call as if so much time had passed

	once     onceMark // where the request finds the success that it has had: set in this package only
	system   bool     // the service itself: set in this package only
	staff    bool     // a member of the staff, by his token: likewise
	operator string   // who asked the service for it, if somebody did; likewise
}
