package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/lab"
)

// An Inbox is where a lab's messages end.
type Inbox interface {
	// Messages returns what the query asks for, oldest first; it waits until there is something, q.Wait has passed or
	// ctx ends.
	Messages(ctx context.Context, q auth.InboxQuery) []auth.InboxMessage
	Empty()
	Wake() // the clock was moved
	Faults() []auth.DeliveryFault
	SetFaults([]auth.DeliveryFault)
}

// laterHeader asks a lab to judge one request as if it came later.
const laterHeader = "Latchkey-Lab-Later"

// labPrefix stands before the names of a lab's cookies. Browsers keep one jar for all ports of a host: without it labs
// side by side, and a site tried out on this machine, would end each other's sessions.
func labPrefix(origin string) string {
	u, err := url.Parse(origin)
	if err != nil || u.Port() == "" {
		return "lab-"
	}
	return "lab-" + u.Port() + "-"
}

// longestWait bounds how long a request waits for a message: less than writeTimeout.
const longestWait = 20 * time.Second

// table is every route that this server has: those of a lab only in a lab.
func (s *Server) table() []route {
	if s.lab == nil {
		return routes()
	}
	return slices.Concat(routes(), labRoutes(), conformRoutes())
}

// labRoutes are the routes of testers. They are mounted in a lab alone, and the domain refuses them elsewhere.
func labRoutes() []route {
	return []route{
		{use: "State", act: auth.ActLabLook, who: tester, method: http.MethodGet, path: "/lab",
			summary: "What the lab is", endpoint: gives(labState)},
		{use: "Clock", act: auth.ActLabLook, who: tester, method: http.MethodGet, path: "/lab/clock",
			summary: "What time the lab has", endpoint: gives(labClock)},
		{use: "Move", act: auth.ActLabLook, who: tester, method: http.MethodPost, path: "/lab/clock",
			summary: "Move the clock, and do what comes due by it", endpoint: takes(moveClock)},
		{use: "Reset", act: auth.ActLabReset, who: tester, method: http.MethodPost, path: "/lab/reset",
			summary: "Empty the lab", endpoint: does(resetLab)},
		{use: "Make", act: lab.ActMake, who: tester, method: http.MethodPost, path: "/lab/accounts",
			summary: "Make an account with methods, and a session if wanted", codes: fixtureCodes(),
			endpoint: takes(makeFixture).requires("name")},
		{use: "Session", act: lab.ActMake, who: tester, method: http.MethodPost, path: "/lab/accounts/{id}/session",
			summary: "Sign an account in", codes: codes(auth.NotFound, auth.AccountDisabled), endpoint: gives(fixtureSession)},
		{use: "Switch", act: lab.ActChange, who: tester, method: http.MethodPost, path: "/lab/accounts/{id}/disable",
			summary: "Switch an account off", codes: codes(auth.NotFound), endpoint: does(switchAccount(false))},
		{use: "Switch", act: lab.ActChange, who: tester, method: http.MethodPost, path: "/lab/accounts/{id}/enable",
			summary: "Switch an account on again", codes: codes(auth.NotFound), endpoint: does(switchAccount(true))},
		{use: "Forget", act: lab.ActChange, who: tester, method: http.MethodDelete, path: "/lab/accounts/{id}/methods/{method}",
			summary: "Remove a method at once, by its id or credential id", codes: codes(auth.NotFound), endpoint: does(forgetMethod)},
		{use: "Messages", act: auth.ActLabLook, who: tester, method: http.MethodGet, path: "/lab/inbox",
			query: []string{"to", "channel", "after", "wait"}, summary: "Wait for messages", codes: codes(auth.MalformedRequest), endpoint: gives(readInbox)},
		{use: "Empty", act: auth.ActLabLook, who: tester, method: http.MethodDelete, path: "/lab/inbox",
			summary: "Forget all messages", endpoint: does(emptyInbox)},
		{use: "Faults", act: auth.ActLabLook, who: tester, method: http.MethodGet, path: "/lab/inbox/faults",
			summary: "What is done to messages", endpoint: gives(readFaults)},
		{use: "SetFaults", act: auth.ActLabLook, who: tester, method: http.MethodPut, path: "/lab/inbox/faults",
			summary: "Delay, lose, refuse or repeat messages", endpoint: takes(setFaults).requires("faults")},
		{use: "SetFaults", act: auth.ActLabLook, who: tester, method: http.MethodDelete, path: "/lab/inbox/faults",
			summary: "Deliver messages as they are", endpoint: does(endFaults)},
	}
}

func fixtureCodes() []auth.Code {
	return join(numberCodes(), codes(auth.AccountExists, auth.KeyExcluded, auth.NameMissing, auth.EmailMalformed, auth.NoSuchMethod, auth.PasswordTooLong))
}

// The bodies of a lab.
type (
	clockBody struct {
		Set       time.Time
		Advance   string
		Stop, Run bool
	}
	faultBody struct {
		Channel      auth.Channel
		Recipient    ident.Recipient `json:"to"`
		Delay        string
		Lose, Refuse bool
		Copies       int
		Times        int
	}
	faultList struct{ Faults []faultBody }
	inboxInfo struct {
		Messages []auth.InboxMessage
		Cursor   int
		Code     string // of the newest
		Link     string
	}
)

func labState(x *request) (*auth.LabInfo, error) { return x.s.lab.State(x.r.Context(), x.caller) }

func labClock(x *request) (*auth.ClockInfo, error) { return x.s.lab.Clock(x.r.Context(), x.caller) }

func moveClock(x *request, in *clockBody) (*auth.ClockInfo, error) {
	form := auth.ClockForm{Set: in.Set, Stop: in.Stop, Run: in.Run}
	var err error
	if form.Advance, err = length(in.Advance, "advance"); err != nil {
		return nil, err
	}
	info, err := x.s.lab.Move(x.r.Context(), x.caller, form)
	if inbox := x.s.config.Inbox; err == nil && inbox != nil {
		inbox.Wake()
	}
	return info, err
}

// length reads a length of time with its unit, "" for none.
func length(s, field string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(s)
	if err != nil {
		return 0, auth.RefuseField(auth.MalformedRequest, field)
	}
	return d, nil
}

func resetLab(x *request) error {
	if err := x.s.lab.Reset(x.r.Context(), x.caller); err != nil {
		return err
	}
	if inbox := x.s.config.Inbox; inbox != nil {
		inbox.SetFaults(nil)
		inbox.Empty()
	}
	return nil
}

func makeFixture(x *request, in *lab.AccountForm) (*lab.FixtureInfo, error) {
	info, err := x.s.lab.Make(x.r.Context(), x.caller, *in)
	if err != nil {
		return nil, err
	}
	return info, x.issueSession(&info.Token, info.Session)
}

func fixtureSession(x *request) (*auth.SignInInfo, error) {
	return x.signedIn(x.s.lab.Session(x.r.Context(), x.caller, auth.AccountID(x.param("id"))))
}

func switchAccount(on bool) func(*request) error {
	return func(x *request) error {
		return x.s.lab.Switch(x.r.Context(), x.caller, auth.AccountID(x.param("id")), on)
	}
}

func forgetMethod(x *request) error {
	return x.s.lab.Forget(x.r.Context(), x.caller, auth.AccountID(x.param("id")), x.param("method"))
}

// inbox is the lab's inbox, for those who may look: everybody in a lab, nobody elsewhere.
func (x *request) inbox() (Inbox, error) {
	if _, err := x.s.lab.State(x.r.Context(), x.caller); err != nil {
		return nil, err
	}
	if x.s.config.Inbox == nil {
		return nil, auth.Refuse(auth.NotFound)
	}
	return x.s.config.Inbox, nil
}

func readInbox(x *request) (*inboxInfo, error) {
	inbox, err := x.inbox()
	if err != nil {
		return nil, err
	}
	q := auth.InboxQuery{Recipient: ident.Recipient(x.query("to")), Channel: auth.Channel(x.query("channel"))}
	if digits, ok := strings.CutPrefix(string(q.Recipient), " "); ok { // a plus sign that was not escaped
		q.Recipient = ident.Recipient("+" + digits)
	}
	if after := x.query("after"); after != "" {
		if q.After, err = strconv.Atoi(after); err != nil {
			return nil, auth.RefuseField(auth.MalformedRequest, "after")
		}
	}
	if q.Wait, err = length(x.query("wait"), "wait"); err != nil {
		return nil, err
	}
	q.Wait = min(q.Wait, longestWait)
	ctx, cancel := context.WithCancel(x.r.Context())
	defer cancel()
	defer context.AfterFunc(x.s.stopping, cancel)()
	info := &inboxInfo{Messages: inbox.Messages(ctx, q), Cursor: q.After}
	if n := len(info.Messages); n > 0 {
		newest := info.Messages[n-1]
		info.Cursor = newest.Cursor
		info.Code = newest.Code
		info.Link = newest.Link
	}
	return info, nil
}

func emptyInbox(x *request) error {
	inbox, err := x.inbox()
	if err == nil {
		inbox.Empty()
	}
	return err
}

func readFaults(x *request) (*faultList, error) {
	inbox, err := x.inbox()
	if err != nil {
		return nil, err
	}
	out := new(faultList)
	for _, f := range inbox.Faults() {
		out.Faults = append(out.Faults, faultBody{f.Channel, f.Recipient, f.Delay.String(), f.Lose, f.Refuse, f.Copies, f.Times})
	}
	return out, nil
}

func setFaults(x *request, in *faultList) (*faultList, error) {
	inbox, err := x.inbox()
	if err != nil {
		return nil, err
	}
	var list []auth.DeliveryFault
	for _, f := range in.Faults {
		delay, err := length(f.Delay, "faults")
		if err != nil || delay < 0 || f.Copies < 0 || f.Times < 0 {
			return nil, auth.RefuseField(auth.MalformedRequest, "faults")
		}
		list = append(list, auth.DeliveryFault{Channel: f.Channel, Recipient: f.Recipient, Delay: delay, Lose: f.Lose, Refuse: f.Refuse, Copies: f.Copies, Times: f.Times})
	}
	inbox.SetFaults(list)
	return readFaults(x)
}

func endFaults(x *request) error {
	inbox, err := x.inbox()
	if err == nil {
		inbox.SetFaults(nil)
	}
	return err
}

// judgedLater reads the header by which testers let time pass for one request.
func (x *request) judgedLater() error {
	text := x.r.Header.Get(laterHeader)
	if x.s.lab == nil || text == "" {
		return nil
	}
	var err error
	if x.caller.Later, err = length(text, laterHeader); err == nil && x.caller.Later < 0 {
		err = auth.RefuseField(auth.MalformedRequest, laterHeader) // rather than pass it over: time goes one way
	}
	return err
}
