package staff

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is responses: what the staff do to many accounts at once, when thieves have got into many at once.
//
//	ListAccounts ───────────────────► ready ──Propose──► proposed ──Agree, another──► running ──► done
//	SearchSignIns ──► searching ──────► ▲  ◄──Withdraw──────┘                            │          │
//	                                    │                                                 ▼          ▼
//	                        24 h later: (gone)                     ProposeUndo ──AgreeUndo, another──► undoing ──► undone
//
// Nothing happens to an account before two persons have said so. Then the service does one account a pass, each in a
// transaction of its own that also notes how far it has come: broken off anywhere, it goes on there, and no account has
// it twice. To undo takes two persons as well: it opens as many doors as were shut, and a thief with one session at the
// desk would have the use of that.
//
//	staff_response  "<id>"            what is done, who has said so, how far it is
//	staff_target    "<id>/<account>"  read by no sweep: its response knows when it goes

// Most accounts of one response: one in a hundred, but ten on any site, and never more than five hundred. In a day all
// responses together reach three times as many.
const (
	mostTargets    = 500
	fewTargets     = 10
	shareOfTargets = 100 // one in so many
	dailyTargets   = 3
)

const (
	draftLife        = 24 * time.Hour      // of what nobody has agreed to
	responseLife     = 90 * 24 * time.Hour // of what was done
	responsesPerDay  = 50                  // begun by one of the staff
	searchesPerDay   = 20                  // of all of them together
	mostWindow       = 72 * time.Hour      // of a search
	oldestSearch     = 60 * 24 * time.Hour
	mostReason       = 300 // characters
	mostUnknown      = 50  // that are shown
	mostShown        = 50
	fewestBits4      = 16 // of a network
	fewestBits6      = 32
	accountsPerLook  = 500     // of a search, in one snapshot
	accountsPerSweep = 100_000 // of a search, in one sweep
)

// A Stage is how far a response has come. It is API and never renamed.
type Stage string

// The stages.
const (
	Searching Stage = "searching"
	Ready     Stage = "ready"
	Proposed  Stage = "proposed"
	Running   Stage = "running"
	Done      Stage = "done"
	Undoing   Stage = "undoing"
	Undone    Stage = "undone"
)

// A Reason is why an account that was named is not reached. It is API and never renamed.
type Reason string

// The reasons.
const (
	Double Reason = "double" // it is named twice
	Staff  Reason = "staff"  // one of the staff, who is no seller
	Cared  Reason = "cared"  // who began this looks after it
	Off    Reason = "off"    // it is switched off already
	Gone   Reason = "gone"   // or held by too many, by the time it is reached
)

// Reasons are all of them.
func Reasons() []Reason { return []Reason{Double, Staff, Cared, Off, Gone} }

// A response is one act on many accounts, as stored.
type response struct {
	ID     string        `json:"id"`
	Stage  Stage         `json:"s"`
	Begun  proposal      `json:"b"` // who has begun it
	Why    string        `json:"w"`
	Does   Measures      `json:"d"`
	Since  time.Time     `json:"si"`
	Search *signInSearch `json:"q,omitempty"`

	Unknown  []string       `json:"u,omitempty"` // as typed: the first of them
	Unknowns int            `json:"un,omitempty"`
	Unread   []UnreadLine   `json:"ur,omitempty"` // the first lines that name no account
	Unreads  int            `json:"urn,omitempty"`
	Left     map[Reason]int `json:"l,omitempty"` // left out, by why
	Count    int            `json:"n"`

	Proposed proposal  `json:"p,omitzero"`
	Agreed   proposal  `json:"a,omitzero"`
	Undo     proposal  `json:"up,omitzero"`
	Undone   proposal  `json:"ua,omitzero"`
	Cursor   string    `json:"c,omitempty"` // the last account of this direction
	Reached  int       `json:"r,omitempty"`
	Lifted   int       `json:"li,omitempty"`
	EndedAt  time.Time `json:"e,omitzero"`
}

// Measures are what a response does. All access ends with any of them.
type Measures struct {
	Freeze   bool `json:"f,omitempty"` // nobody comes in but by a strong method of before
	Password bool `json:"p,omitempty"` // a new password is asked for
}

// A signInSearch is a search of the trail.
type signInSearch struct {
	Network netip.Prefix   `json:"n"`
	From    time.Time      `json:"f"`
	To      time.Time      `json:"t"`
	After   auth.AccountID `json:"a,omitempty"`
	Read    int            `json:"r,omitempty"`
	Cut     int            `json:"c,omitempty"`
	Full    bool           `json:"fu,omitempty"` // there were more than one response reaches
}

// A target is one account of a response.
type target struct {
	Account auth.AccountID `json:"a"`
	Reached bool           `json:"r,omitempty"`
}

func targetKey(id string, a auth.AccountID) string { return id + "/" + string(a) }

// leaveOut counts an account that a response does not reach.
func (x *response) leaveOut(why Reason) {
	if x.Left == nil { // nobody was left out so far
		x.Left = map[Reason]int{}
	}
	x.Left[why]++
}

// isOver reports whether a response may go.
func (x *response) isOver(now time.Time) bool {
	switch x.Stage {
	case Running, Undoing:
		return false
	case Done, Undone:
		return now.Sub(x.EndedAt) >= responseLife
	}
	return now.Sub(x.Begun.At) >= draftLife && !x.Proposed.isOpen(now)
}

// isDue reports whether the service has something to do for it.
func (x *response) isDue(now time.Time) bool {
	return x.Stage == Searching || x.Stage == Running || x.Stage == Undoing || x.isOver(now)
}

// ResponseForm is what every response begins with.
type ResponseForm struct {
	Why      string
	Measures Measures
}

func (f *ResponseForm) clean() error {
	f.Why = ident.CleanName(f.Why)
	switch n := len([]rune(f.Why)); {
	case n == 0:
		return auth.RefuseField(auth.StoryMissing, "why")
	case n > mostReason:
		return auth.RefuseField(auth.StoryTooLong, "why")
	}
	return nil
}

// limit is how many accounts one response reaches.
func limit(w *auth.Work) (int, error) {
	n, err := w.CountAccounts(mostTargets * shareOfTargets)
	return min(mostTargets, max(fewTargets, n/shareOfTargets)), err
}

// begin counts a new response, whose targets are found or not.
func (s *Service) beginResponse(w *auth.Work, f ResponseForm, since time.Time) (*response, error) {
	if _, err := w.Count("respond/"+w.Staff().ID, responsesPerDay, 0); err != nil {
		return nil, err
	}
	return &response{ID: w.NewID(), Begun: propose(w), Why: f.Why, Does: f.Measures, Since: since}, nil
}

// listed is a line of a list, and whose it is.
type listed struct {
	line    string
	account auth.AccountID
	left    Reason
}

// ListAccounts begins a response to the accounts of a list: an exact e-mail or number each line. since is from when on
// thieves may have been in. Nothing happens to them yet. Refuses AccountsMissing, TooManyAccounts, HoursMalformed,
// StoryMissing, StoryTooLong, SendLimitReached, ListNotText.
func (s *Service) ListAccounts(ctx context.Context, c auth.Caller, f ResponseForm, list AccountList,
	since time.Time) (string, error) {
	read, err := s.resolve(ctx, c, list)
	if err != nil {
		return "", err
	}
	return auth.DoOnce(ctx, s.door, c, ActRespond, func(w *auth.Work) (string, error) {
		if err := errors.Join(f.clean(), checkList(w, read.names, since)); err != nil {
			return "", first(err)
		}
		x, err := s.beginResponse(w, f, since)
		if err != nil {
			return "", err
		}
		x.Stage = Ready
		x.Unread, x.Unreads = read.unread[:min(len(read.unread), mostUnread)], len(read.unread)
		for _, l := range read.found {
			switch {
			case l.left != "":
				x.leaveOut(l.left)
				continue
			case l.account == "":
				if x.Unknowns++; len(x.Unknown) < mostUnknown {
					x.Unknown = append(x.Unknown, l.line)
				}
				continue
			}
			if err := s.addTarget(w, x, l.account); err != nil {
				return "", err
			}
		}
		w.Note(x.ID, x.words())
		return x.ID, s.responses.Put(w, x.ID, x)
	})
}

// first is the first refusal of several.
func first(err error) error {
	if e, ok := errors.AsType[*auth.Error](err); ok {
		return e
	}
	return err
}

func checkList(w *auth.Work, lines []string, since time.Time) error {
	most, err := limit(w)
	switch {
	case err != nil:
		return err
	case len(lines) == 0:
		return auth.RefuseField(auth.AccountsMissing, "list")
	case len(lines) > most:
		return tooMany("list", most)
	case since.IsZero() || since.After(w.Now()) || w.Now().Sub(since) > oldestSearch:
		return auth.RefuseField(auth.HoursMalformed, "since")
	}
	return nil
}

// addTarget adds an account that is named for the first time.
func (s *Service) addTarget(w *auth.Work, x *response, id auth.AccountID) error {
	err := s.targets.Insert(w, targetKey(x.ID, id), &target{Account: id})
	if errors.Is(err, auth.ErrRecordExists) {
		x.leaveOut(Double)
		return nil
	}
	x.Count++
	return err
}

// resolve reads a list, and finds out whose its lines are, on a snapshot: to read five hundred of them is nothing for
// the one who writes. Whoever may not respond is refused first.
func (s *Service) resolve(ctx context.Context, c auth.Caller, list AccountList) (*readList, error) {
	return auth.Do(ctx, s.door, c, ActMe, func(w *auth.Work) (*readList, error) {
		m, x, _, err := s.load(w, c.Token)
		if err == nil {
			_, err = s.judge(w, m, x, ActRespond)
		}
		if err != nil {
			return nil, err
		}
		read, err := readAccounts(list)
		if err != nil {
			return nil, err
		}
		for _, line := range read.names[:min(len(read.names), mostTargets)] {
			l := listed{line: line}
			a, err := w.Find(line)
			if err != nil {
				return nil, err
			}
			if a != nil {
				l.account, l.left = a.ID, leftOut(a, m)
			} else if email, bad := ident.ParseEmail(line); bad == nil {
				if is, err := s.HasStaff(w, email); err != nil {
					return nil, err
				} else if is {
					l.left = Staff
				}
			}
			read.found = append(read.found, l)
		}
		return read, nil
	})
}

// leftOut is why an account is not reached by what one of the staff begins; "" if it is.
func leftOut(a *auth.AccountInfo, by *member) Reason {
	switch {
	case !a.FrozenAt.IsZero():
		return Off
	case slices.Contains(by.Accounts, a.ID):
		return Cared
	}
	return ""
}

func tooMany(field string, most int) error {
	return auth.RefuseField(auth.TooManyAccounts, field).With("n", itoa(most))
}

// words are what a response does, for the trail.
func (x *response) words() string {
	list := []string{"sessions"}
	if x.Does.Freeze {
		list = append(list, "freeze")
	}
	if x.Does.Password {
		list = append(list, "password")
	}
	return strings.Join(list, "+") + " " + itoa(x.Count)
}

// getResponse is a response that is not over. Refuses NotFound.
func (s *Service) getResponse(w *auth.Work, id string) (*response, error) {
	x, err := s.responses.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) || err == nil && x.isOver(w.Now()) {
		return nil, auth.Refuse(auth.NotFound)
	}
	return x, err
}
