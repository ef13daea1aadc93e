package auth

import (
	"fmt"
	"slices"
)

// A Method is one row of the table of methods: all that is said of one way to
// prove the second step, in one place. The domain, the pages, the API, the
// history and the messages read rows and never ask which kind it is.
//
// Rows of one kind stand together, the usual one first; it speaks for the kind
// where nothing finer is known. Rows stand in the order in which sellers are
// asked and offered.
type Method struct {
	Kind    Kind
	Flavour Flavour // tells apart what is of one kind; "" where nothing is to be told apart
	Channel Channel // how its code is sent; "" sends nothing

	Worth  MethodPolicy
	Input  Input
	On     []DeviceKind // what it may live on, the usual first; the others are wished for at the binding
	Cloud  bool         // it is listed as what a cloud account keeps
	Joins  bool         // it is set up on a device that is there, from that one's page: nothing to begin with
	Stock  bool         // it is claimed from a stock (Tokens): served where the site keeps one
	Counts bool         // its answers count up: one that falls behind is frozen, until its owner lets it work again
	Set    bool         // made whole by one act and used up: leads back to a method, and is nothing to enrol with
	Served bool         // the site has the factor of its kind, and somebody who delivers by its channel: set by New
	Called string       // begins the name of one that nobody named, as "Key 3"; "" leaves it without

	Face Face
}

// An Input is what a person gives to answer.
type Input string

// The inputs.
const (
	NoInput   Input = ""      // a proof, never asked for as a second step
	KeyTouch  Input = "touch" // a ceremony of the browser, which asks a key
	ShortCode Input = "short" // digits that are read and typed
	LongCode  Input = "long"  // letters and digits off a list
	KeyCode   Input = "key"   // letters that a key types by itself, with Enter behind them
)

// A Face is how a method is shown. It holds plain words alone, so that the
// pages, which know nothing of this package, take it as it is.
type Face struct {
	Way     string // its name in texts ("way.app"), in ?with= and in the API of forms: never renamed
	Stem    string // of what is told of it: "<Stem>-added", "<Stem>-removed" …; "" as Way
	Path    string // its settings stand at /security/<Path>/{id}; "" as Way
	New     string // where one is set up; "" is /security/<Path>/new
	Onto    string // of what Joins: where it is set up, below the page of its key
	Icon    string // a drawing of the pages
	Cut     bool   // each is drawn with a cut of its own instead
	Joined  bool   // all of an account are one row to choose: any of them answers
	Best    bool   // offered as the best
	Placed  bool   // its pages ask and say on which device it is
	Says    string // begins the short texts that carry its code; "" where a mail does
	Help    string // what the help for its code begins with, of the texts "help.<Help>"; "" nothing of its own
	Made    string // what its making is called in all texts; "" is <Stem>-added
	Gone    string // how the page says that it went; "" is "removed"
	Contact string // how the history names a change of the account's own number or mailbox of this kind

	Input   string // as Method.Input; this and what follows is filled in
	Channel string // as Method.Channel
	Set     bool   // as Method.Set
	Weak    bool   // of the weak class
	Served  bool   // as Method.Served
}

// A Table is the rows of one site. It is never changed once a Service has it.
type Table []Method

// Methods is the table of what is built in. A site with more factors hands
// Config this table with their rows appended or inserted.
func Methods() Table {
	key := MethodPolicy{WithPassword: 2, Class: Strong, Backup: true, AMR: "hwk", SyncedAMR: "swk",
		Verified: Levels{WithPassword: 3, Alone: 2}}
	code := MethodPolicy{WithPassword: 2, Phishable: true, Class: Strong, Backup: true, Guessable: true, AMR: "otp"}
	number := MethodPolicy{WithPassword: 2, Phishable: true, Class: Weak, Backup: true, Guessable: true, AMR: "sms"}
	mailbox := MethodPolicy{WithPassword: 1, Phishable: true, Class: Weak, Backup: true, Guessable: true, AMR: "email"}
	sheet := MethodPolicy{WithPassword: 2, Phishable: true, Class: Strong, Guessable: true, AMR: "otp"}
	carried := []DeviceKind{Handset, Computer, Extension, Stick}
	return Table{
		{Kind: WebAuthn, Flavour: SecurityKey, Worth: key, Input: KeyTouch, On: []DeviceKind{Stick}, Counts: true,
			Called: "Key",
			Face:   Face{Way: "key", Path: "keys", Icon: "key", Cut: true, Joined: true, Best: true, Gone: "key-removed"}},
		{Kind: WebAuthn, Flavour: Passkey, Worth: key, Input: KeyTouch, On: []DeviceKind{Computer}, Cloud: true,
			Counts: true, Called: "Key",
			Face: Face{Way: "passkey", Path: "keys", New: "/security/keys/new?kind=passkey", Icon: "app", Joined: true,
				Gone: "key-removed"}},
		{Kind: TOTP, Worth: code, Input: ShortCode, On: carried,
			Face: Face{Way: "app", Icon: "app", Joined: true, Placed: true, Help: "clock"}},
		{Kind: HOTP, Flavour: TouchCode, Worth: code, Input: ShortCode, On: []DeviceKind{Stick}, Joins: true,
			Face: Face{Way: "touch", New: "/security/keys", Onto: "touch-code", Icon: "key", Help: "count"}},
		{Kind: HOTP, Flavour: HardwareToken, Worth: code, Input: ShortCode, On: []DeviceKind{Display}, Stock: true,
			Face: Face{Way: "token", Icon: "list", Help: "count"}},
		{Kind: YubiOTP, Worth: code, Input: KeyCode, On: []DeviceKind{Stick}, Joins: true, Counts: true,
			Face: Face{Way: "yubiotp", New: "/security/keys", Onto: "yubico-otp", Icon: "key", Help: "keyboard"}},
		{Kind: Phone, Channel: SMS, Worth: number, Input: ShortCode, On: carried,
			Face: Face{Way: "sms", Stem: "phone", Path: "phone", Icon: "sms", Says: "sms", Help: "phone",
				Contact: "phone-changed"}},
		{Kind: Phone, Channel: Voice, Worth: number, Input: ShortCode, On: carried,
			Face: Face{Way: "call", Stem: "phone", Path: "phone", Icon: "call", Says: "voice", Help: "phone",
				Contact: "phone-changed"}},
		{Kind: Email, Channel: Mail, Worth: mailbox, Input: ShortCode, On: []DeviceKind{Mailbox},
			Face: Face{Way: "email", Icon: "mail", Help: "mail", Contact: "email-asked"}},
		{Kind: Lookup, Worth: sheet, Input: LongCode, On: []DeviceKind{Paper}, Set: true,
			Face: Face{Way: "recovery", Stem: "codes", Path: "codes", New: "/security/codes", Icon: "codes",
				Made: "codes-made", Gone: "codes-removed"}},
		{Kind: Password, Worth: MethodPolicy{Alone: 1, Phishable: true, AMR: "pwd"}, Face: Face{Way: "password"}},
		{Kind: Temporary, Worth: MethodPolicy{Alone: 1, Phishable: true, AMR: "email"}},
		{Kind: Trusted, Worth: MethodPolicy{WithPassword: 1, Phishable: true, AMR: "rba"}},
	}
}

// Complete returns the table with what follows from a row's other columns
// filled in, or says what is wrong with it. New completes the table it is given.
func (t Table) Complete() (Table, error) {
	t = slices.Clone(t)
	ways := map[string]bool{"": true}
	for i := range t {
		m := &t[i]
		if m.Kind == "" || m.Input != NoInput && (ways[m.Face.Way] || len(m.On) == 0) {
			return nil, fmt.Errorf("row %d of the methods (%s): want a kind, a device, and a way of its own", i, m.Kind)
		}
		if m.Joins && m.Face.Onto == "" {
			return nil, fmt.Errorf("row %d of the methods (%s): want the page that joins it to a key", i, m.Kind)
		}
		first := t.Of(m.Kind, "")
		if first.Worth != m.Worth || first.Set != m.Set || i > 0 && t[i-1].Kind != m.Kind && first != m {
			return nil, fmt.Errorf("row %d of the methods: rows of %s are not together, or not worth the same", i, m.Kind)
		}
		ways[m.Face.Way] = true
		f := &m.Face
		f.Input, f.Channel = string(m.Input), string(m.Channel)
		f.Set, f.Weak = m.Set, m.Worth.Class == Weak
		if f.Stem == "" {
			f.Stem = f.Way
		}
		if f.Made == "" {
			f.Made = f.Stem + "-added"
		}
		if f.Path == "" {
			f.Path = f.Way
		}
		if f.New == "" && f.Path != "" {
			f.New = "/security/" + f.Path + "/new"
		}
	}
	return t, nil
}

// Of returns the row of a kind and flavour, the kind's usual one for a flavour
// that it does not tell apart, and a row that is worth nothing for a kind that
// is not in the table.
func (t Table) Of(k Kind, f Flavour) *Method {
	var usual *Method
	for i := range t {
		m := &t[i]
		if m.Kind != k {
			continue
		}
		if f == "" || m.Flavour == f {
			return m
		}
		if usual == nil {
			usual = m
		}
	}
	if usual == nil {
		usual = &Method{Kind: k, Worth: MethodPolicy{Phishable: true}}
	}
	return usual
}

// By returns the row of a kind whose code goes by the channel, the kind's usual
// one if there is none.
func (t Table) By(k Kind, c Channel) *Method {
	for i := range t {
		if t[i].Kind == k && t[i].Channel == c {
			return &t[i]
		}
	}
	return t.Of(k, "")
}

// Reaching returns those of the channels of a kind that somebody delivers by.
func (t Table) Reaching(k Kind, by []Channel) []Channel {
	return slices.DeleteFunc(slices.Clone(by), func(c Channel) bool { return !t.By(k, c).Served })
}

// Serves reports whether the site has a kind of that flavour, by whichever channel.
func (t Table) Serves(k Kind, f Flavour) bool {
	return slices.ContainsFunc(t, func(m Method) bool { return m.Kind == k && m.Flavour == f && m.Served })
}

// Sending returns the row of what sends its code by the channel.
func (t Table) Sending(c Channel) *Method {
	for i := range t {
		if c != "" && t[i].Channel == c {
			return &t[i]
		}
	}
	return &Method{}
}

// Way returns the row of a way, and one of no kind for a way that is none.
func (t Table) Way(way string) *Method {
	for i := range t {
		if way != "" && t[i].Face.Way == way {
			return &t[i]
		}
	}
	return &Method{}
}

// MessageKey is what stored messages call a method: its flavour where that is not the
// usual one of its kind, since a passkey is another item than a security key
// (D10), else its kind.
func (t Table) MessageKey(k Kind, f Flavour) string {
	if m := t.Of(k, f); f != "" && m != t.Of(k, "") {
		return string(f)
	}
	return string(k)
}

// Values are the different values of a column among the methods, in their
// order and without "".
func (t Table) Values(column func(*Method) string) []string {
	var all []string
	for i := range t {
		if v := column(&t[i]); v != "" && t[i].Input != NoInput && !slices.Contains(all, v) {
			all = append(all, v)
		}
	}
	return all
}

// Methods is the site's table of methods.
func (s *Service) Methods() Table { return s.methods }

// worthOfProof is what a proof is worth. A verified user adds to a key: one bound to a
// device then stands alone at level 2 and reaches 3 with the password (NIST SP
// 800-63B-4 §2.3); what a cloud account may keep stays at 2.
func (t Table) worthOfProof(p Proof) MethodPolicy {
	w := t.Of(p.Kind, "").Worth
	if p.Kind == Temporary {
		w.AMR = t.Sending(p.Channel).Worth.AMR
	}
	if p.UserVerified && w.Verified != (Levels{}) {
		w.Alone = w.Verified.Alone
		if !p.Synced {
			w.WithPassword = w.Verified.WithPassword
		}
	}
	if p.Synced && w.SyncedAMR != "" {
		w.AMR = w.SyncedAMR
	}
	return w
}

// order is the order in which sellers are asked.
func (t Table) order(k Kind) int {
	for i := range t {
		if t[i].Kind == k {
			return i
		}
	}
	return len(t)
}

// place is where the row of a flavour stands.
func (t Table) place(k Kind, f Flavour) int {
	return slices.IndexFunc(t, func(m Method) bool { return m.Kind == k && m.Flavour == f })
}

// device is the sort of device that a new authenticator lives on: the one
// wished for, if it may live there.
func (m *Method) device(x *Authenticator, wish string) DeviceKind {
	switch k := DeviceKind(wish); {
	case x.Traits.Synced:
		return Cloud
	case slices.Contains(m.On, k):
		return k
	}
	return m.On[0]
}

// row is the row of an authenticator.
func (s *Service) row(x *Authenticator) *Method { return s.methods.Of(x.Kind, x.Traits.Flavour) }

// worth is what a kind is worth.
func (s *Service) worth(k Kind) MethodPolicy { return s.methods.Of(k, "").Worth }

// isSet reports whether a kind is recovery codes, or the like of them.
func (s *Service) isSet(k Kind) bool { return s.methods.Of(k, "").Set }

// messageKey is how messages name the sort of method.
func (s *Service) messageKey(x *Authenticator) string {
	return s.methods.MessageKey(x.Kind, x.Traits.Flavour)
}

// setFactors takes over the factors and their rows.
func (s *Service) setFactors(cfg Config) error {
	table := cfg.Methods
	if table == nil {
		table = Methods()
	}
	var err error
	if s.methods, err = table.Complete(); err != nil {
		return err
	}
	for _, f := range cfg.Factors {
		if s.methods.Of(f.Kind(), "").Input == NoInput {
			return fmt.Errorf("no row for the factor of kind %s", f.Kind())
		}
		if _, twice := s.factors[f.Kind()]; twice {
			return fmt.Errorf("two factors of kind %s", f.Kind())
		}
		s.factors[f.Kind()] = f
	}
	for i := range s.methods {
		m := &s.methods[i]
		m.Served = s.factors[m.Kind] != nil && (!m.Stock || cfg.Tokens) &&
			(m.Channel == "" || cfg.Channels == nil || slices.Contains(cfg.Channels, m.Channel))
		m.Face.Served = m.Served
	}
	return nil
}
