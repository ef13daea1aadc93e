package auth

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// This file is what a person may take away: everything that the house holds about him (GDPR Article 15 and 20, PIPL
// Article 45). What each collection adds to it, or why it adds nothing, is the table in docs/integration.md, which a
// test holds against the collections that there are. What opens the account is in none of it: hashes, seeds, keys,
// tokens and links.

// Data is all that is held about an account but its history (Service.TakeHistory). It is written as JSON: the names are
// API.
type Data struct {
	TakenAt  time.Time      `json:"takenAt"`
	Site     string         `json:"site"`
	Account  HeldAccount    `json:"account"`
	Methods  []HeldMethod   `json:"methods"`
	Devices  []HeldDevice   `json:"devices"`
	Sessions []HeldSession  `json:"sessions"`
	Browsers []HeldBrowser  `json:"browsers"`
	Changes  []HeldChange   `json:"changes"` // that wait
	Parts    map[string]any `json:"parts"`   // of each part of the house what it holds, by its name
}

// HeldAccount is what an account says of its owner.
type HeldAccount struct {
	ID                AccountID  `json:"id"`
	Parent            AccountID  `json:"parent,omitempty"`
	Name              string     `json:"name"`
	UserName          string     `json:"userName"`
	FirstUserName     string     `json:"firstUserName,omitempty"` // that of the sign-up, if it is another one
	Email             string     `json:"email"`
	Phone             string     `json:"phone,omitempty"`
	PhoneProvedAt     time.Time  `json:"phoneProvedAt,omitzero"`
	Language          string     `json:"language,omitempty"`
	CreatedAt         time.Time  `json:"createdAt"`
	EnrolledAt        time.Time  `json:"enrolledAt,omitzero"`
	KeysOnlyAt        time.Time  `json:"keysOnlyAt,omitzero"` // since when security keys alone open it
	PasswordAt        time.Time  `json:"passwordChangedAt,omitzero"`
	BreachedAt        time.Time  `json:"passwordFoundPublishedAt,omitzero"`
	TemporaryAt       time.Time  `json:"temporaryCodeAt,omitzero"`
	UsedAt            time.Time  `json:"usedAt,omitzero"`
	HandedAt          time.Time  `json:"handedOverAt,omitzero"`
	PausedUntil       time.Time  `json:"pausedUntil,omitzero"`
	NoPayoutUntil     time.Time  `json:"noPayoutUntil,omitzero"`
	NoPayoutWhy       string     `json:"noPayoutWhy,omitempty"`
	Question          string     `json:"securityQuestion,omitempty"` // its words, never the answer
	QuestionAt        time.Time  `json:"securityQuestionAt,omitzero"`
	SecurityCode      string     `json:"securityCode"`
	SecurityCodeAt    time.Time  `json:"securityCodeAt,omitzero"`
	SecurityCodeUsed  time.Time  `json:"securityCodeUsedAt,omitzero"`
	HeldByStaff       bool       `json:"heldByStaff"`
	RemindersPutOff   []Reminder `json:"remindersPutOff,omitempty"`
	FirstProvedBy     string     `json:"passwordSetBy,omitempty"` // the mailbox or number by which it was last set
	SwitchedOffUnused bool       `json:"switchedOffUnused"`
}

// HeldMethod is one way to take the second step.
type HeldMethod struct {
	ID           string    `json:"id"`
	Kind         Kind      `json:"kind"`
	Flavour      Flavour   `json:"flavour,omitempty"`
	Name         string    `json:"name,omitempty"`
	Device       string    `json:"device,omitempty"`
	Address      string    `json:"address,omitempty"` // the number or mailbox
	Model        string    `json:"model,omitempty"`
	Serial       string    `json:"serial,omitempty"` // of a hardware token
	Synced       bool      `json:"synced"`
	VerifiesUser bool      `json:"verifiesUser"`
	CodesLeft    int       `json:"codesLeft,omitempty"`
	State        State     `json:"state"`
	BoundAt      time.Time `json:"boundAt"`
	UsedAt       time.Time `json:"usedAt,omitzero"`
	FrozenAt     time.Time `json:"frozenAt,omitzero"`   // its counter went back
	RecalledAt   time.Time `json:"recalledAt,omitzero"` // when it was found that its model is recalled
}

// HeldDevice is one thing that methods live on.
type HeldDevice struct {
	ID    string     `json:"id"`
	Kind  DeviceKind `json:"kind"`
	Name  string     `json:"name,omitempty"`
	Place string     `json:"place,omitempty"`
}

// HeldSession is one place where the account is signed in.
type HeldSession struct {
	ID       string    `json:"id"`
	OpenedAt time.Time `json:"openedAt"`
	SeenAt   time.Time `json:"seenAt"`
	Expires  time.Time `json:"expires"`
	Browser  string    `json:"browser,omitempty"`
	Address  string    `json:"address,omitempty"`
	Current  bool      `json:"current"`
}

// HeldBrowser is one browser that the account is known in.
type HeldBrowser struct {
	ID           string    `json:"id"`
	Browser      string    `json:"browser,omitempty"`
	FirstAt      time.Time `json:"firstAt"`
	SeenAt       time.Time `json:"seenAt"`
	TrustedUntil time.Time `json:"trustedUntil,omitzero"`
}

// HeldChange is a change that waits.
type HeldChange struct {
	What    string    `json:"what"`
	Item    string    `json:"item,omitempty"`
	AskedAt time.Time `json:"askedAt"`
	Due     time.Time `json:"due"`
}

// mostTaken is how often a day everything is handed out: each time every address is mailed.
const mostTaken = 5

func takenKey(a AccountID) string { return "d/" + string(a) }

// TakeData is everything that the house holds about the caller's account but its history. Every address is told that it
// was taken, with a link that ends all access. Refuses SendLimitReached.
func (s *Service) TakeData(ctx context.Context, c Caller) (*Data, error) {
	ids := s.newMessageIDs()
	return do(ctx, s, c, ActTakeData, func(w *Work) (*Data, error) {
		if _, err := w.takeQuota(takenKey(w.account.ID), mostTaken, 0); err != nil {
			return nil, err
		}
		d, err := w.data()
		if err != nil {
			return nil, err
		}
		return d, w.tell(w.account, toldDataTaken, nil, ids)
	})
}

func (w *Work) data() (*Data, error) {
	d := &Data{TakenAt: w.now, Site: w.s.siteName, Account: w.account.held(w.now), Methods: []HeldMethod{},
		Devices: []HeldDevice{}, Sessions: []HeldSession{}, Browsers: []HeldBrowser{}, Changes: []HeldChange{}}
	methods, err := w.authenticators(w.account.ID)
	if err != nil {
		return nil, err
	}
	for _, x := range methods {
		d.Methods = append(d.Methods, x.held())
	}
	devices, err := w.devices(w.account.ID)
	if err != nil {
		return nil, err
	}
	for _, v := range devices {
		d.Devices = append(d.Devices, v.held())
	}
	if err := w.dataOfBrowsers(d); err != nil {
		return nil, err
	}
	changes, err := w.changes(w.account.ID)
	if err != nil {
		return nil, err
	}
	for _, ch := range changes {
		x := w.describeChange(ch, methods)
		d.Changes = append(d.Changes, HeldChange{What: x.What, Item: x.Item, AskedAt: x.AskAt, Due: x.Due})
	}
	d.Parts, err = w.dataOfParts()
	return d, err
}

// dataOfBrowsers adds where the account is signed in, and where it is known.
func (w *Work) dataOfBrowsers(d *Data) error {
	sessions, err := w.sessions(w.account.ID)
	if err != nil {
		return err
	}
	for _, x := range sessions {
		if !x.exchanged() {
			d.Sessions = append(d.Sessions, x.held(w.isOwnSession(x)))
		}
	}
	browsers, err := w.browsers()
	for _, b := range browsers {
		d.Browsers = append(d.Browsers, b.held())
	}
	return err
}

func (x *Authenticator) held() HeldMethod {
	h := HeldMethod{ID: x.ID, Kind: x.Kind, Flavour: x.Traits.Flavour, Name: x.Name, Device: x.Device,
		Address: string(x.Recipient), Model: x.Traits.Model, Serial: x.Traits.Serial, Synced: x.Traits.Synced,
		VerifiesUser: x.Traits.VerifiesUser, CodesLeft: x.Traits.Left, State: x.State, BoundAt: x.BoundAt,
		UsedAt: x.UsedAt, FrozenAt: x.FrozenAt}
	if r := x.Traits.Recall; r != nil {
		h.RecalledAt = r.At
	}
	return h
}

func (d *Device) held() HeldDevice {
	return HeldDevice{ID: d.ID, Kind: d.Kind, Name: d.Name, Place: d.Place}
}

func (s *session) held(own bool) HeldSession {
	return HeldSession{ID: s.ID, OpenedAt: s.Opened, SeenAt: s.Seen, Expires: s.Expires, Browser: s.Agent, Address: s.IP,
		Current: own}
}

func (b *BrowserInfo) held() HeldBrowser {
	return HeldBrowser{ID: b.ID, Browser: b.Agent, FirstAt: b.FirstAt, SeenAt: b.SeenAt, TrustedUntil: b.TrustedUntil}
}

// held is an account as its owner takes it away.
func (a *Account) held(now time.Time) HeldAccount {
	h := HeldAccount{ID: a.ID, Parent: a.Parent, Name: a.Name, UserName: string(a.UserName),
		FirstUserName: string(a.FirstUserName),
		Email:         string(a.Email), Phone: string(a.Phone), PhoneProvedAt: a.PhoneAt, Language: a.Language,
		CreatedAt:  a.CreatedAt,
		EnrolledAt: a.EnrolledAt, KeysOnlyAt: a.KeysOnlyAt, PasswordAt: a.PasswordAt, BreachedAt: a.BreachedAt,
		TemporaryAt: a.TemporaryAt,
		UsedAt:      a.UsedAt, HandedAt: a.HandedAt, SecurityCode: string(a.SecurityCode.state()),
		HeldByStaff: len(a.Holds) > 0, FirstProvedBy: string(a.FirstBy), SwitchedOffUnused: a.Dormancy == asleep}
	if now.Before(a.PausedUntil) {
		h.PausedUntil = a.PausedUntil
	}
	if now.Before(a.CoolUntil) {
		h.NoPayoutUntil, h.NoPayoutWhy = a.CoolUntil, a.CoolWhy
	}
	if a.Question != nil {
		h.Question, h.QuestionAt = a.Question.Text, a.Question.SetAt
	}
	if x := a.SecurityCode; x != nil {
		h.SecurityCodeAt, h.SecurityCodeUsed = x.SetAt, x.UsedAt
	}
	for _, r := range slices.Sorted(maps.Keys(a.PutOff)) {
		if now.Before(a.PutOff[r]) {
			h.RemindersPutOff = append(h.RemindersPutOff, r)
		}
	}
	return h
}

// dataOfParts is what every part holds about the caller's account.
func (w *Work) dataOfParts() (map[string]any, error) {
	own, all := w.door, map[string]any{}
	defer func() { w.door = own }()
	for _, d := range w.s.rulebook.Load().doors {
		if d.part.Held == nil {
			continue
		}
		w.door = d
		held, err := d.part.Held(w, w.account.ID)
		if err != nil {
			return nil, fmt.Errorf("part %s: %w", d.part.Name, err)
		}
		all[d.part.Name] = held
	}
	return all, nil
}
