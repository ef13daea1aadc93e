package assets

import "time"

// Shops is /shop: those that the seller belongs to. Joining the one that his account was made for posts the button to
// /shop/joined.
type Shops struct {
	Frame
	Shops  []ShopLine
	Invite ShopLine // the shop that invites him and that his account was made for; zero: none
	Taken  []HandOver
}

// A HandOver is a shop on its way to another owner. Who has taken it declines by a button to /shop/taken/{ID}/decline.
type HandOver struct {
	ID      string
	State   string // "begun", "taken" or "agreed"
	Shop    string // its name
	By      string // the owner's name
	Sent    string // where the link went, masked
	To      string // who has taken it: an id, "" for nobody yet
	ToName  string
	ToEmail string // masked
	Signs   string // that who has taken an account reads to its owner; "" where they are not his to see
	Until   time.Time
}

// AccountHandOver is /security/hand-over. It posts email to the same path or, once one is under way, signs to …/confirm
// and the button to …/stop.
type AccountHandOver struct {
	Frame
	Email string     // as typed
	Shops []ShopLine // that the account is in: it is not handed over as long as it is
	Hand  *HandOver  // nil: none is under way
}

// AccountOffer is /hand-over/{link}, for whoever holds the link, and without Link /hand-over. It posts the button to the
// same path or, to make an account, to …/sign-up; declining posts to /hand-over/decline.
type AccountOffer struct {
	Frame
	Link     string // "" with a problem: the link is no good
	UserName string // of the account
	SignUp   bool   // nobody has an account at the address that the link went to
	Hand     *HandOver
}

// ShopHandOver is /shop/{shop}/hand-over. It posts email to the same path or, once one is under way, to to …/confirm
// and the button to …/stop.
type ShopHandOver struct {
	Frame
	ShopLine
	Email string    // as typed
	Hand  *HandOver // nil: none is under way
}

// ShopOffer is /shop/hand-over/{link}. It posts the button to the same path.
type ShopOffer struct {
	Frame
	ShopLine
	Link     string // "" with a problem: the link is no good
	By       string
	Until    time.Time
	KeysFrom time.Time // when everybody needs a security key; zero: never
}

// A ShopLine is one shop of one's own in short. Role is a text "role.<Role>".
type ShopLine struct {
	ID, Name, Role string
}

// ShopName is /shop/new and, with the shop's ID, /shop/{shop}/name. It posts name to the same path.
type ShopName struct {
	Frame
	ID    string
	Typed string
}

// Shop is /shop/{shop}. Withdrawing posts the button to /shop/{shop}/invitations/{invitation}/withdraw.
type Shop struct {
	Frame
	ShopLine
	People    []Person
	Waits     []Waiting
	Asks      []WordAsked // of people whom the seller may vouch for
	MayInvite bool
	MayRename bool
	KeysFrom  time.Time // when everybody needs a security key; zero: never
}

// ShopKeys is /shop/{shop}/keys: who of a shop has a security key, and from when everybody needs one. It posts days to
// the same path, and the button to …/drop.
type ShopKeys struct {
	Frame
	ShopLine
	From    time.Time // zero: the shop does not ask
	By      string    // who asked; "" unknown
	Days    string    // as typed, or proposed
	People  []Ready
	Lacking int
}

// Ready is whether somebody of a shop has a security key.
type Ready struct {
	Name, Role string
	Ready      bool
	Self       bool
	Paused     bool
}

// Asking is a shop that asks for a security key.
type Asking struct {
	Shop string
	From time.Time
}

// A Person is somebody of a shop.
type Person struct {
	ID        string
	Name      string
	Email     string // masked; "" for those who may not see it
	Role      string
	InvitedBy string // a name; "" unknown
	Since     time.Time
	Paused    bool // suspended
	Self      bool
	MayChange bool
	MayMove   bool         // the contact data as well
	Moves     *ContactMove // a change of them that waits; nil: none
}

// A ContactMove is contact data that will be other ones.
type ContactMove struct {
	Email, Phone string // masked; "" stays
	At           time.Time
}

// A Waiting is an invitation that waits.
type Waiting struct {
	ID, To, Role, By string
	Until            time.Time
}

// ShopInvite is /shop/{shop}/invite. It posts email and role to the same path.
type ShopInvite struct {
	Frame
	ShopLine // Role: as chosen
	Roles    []string
	Email    string
}

// ShopPerson is /shop/{shop}/members/{member}. It posts role to the same path, and the buttons to …/suspend,
// …/resume and …/contact/stop.
type ShopPerson struct {
	Frame
	ShopLine
	Person Person
	Roles  []string
}

// ShopContact is /shop/{shop}/members/{member}/contact. It posts email to …/email and phone with region to …/phone.
type ShopContact struct {
	Frame
	ShopLine
	Person       Person
	Email, Phone string // as typed
	Countries    Countries
}

// ShopRemove is /shop/{shop}/members/{member}/remove: it asks first, and posts the button to the same path.
type ShopRemove struct {
	Frame
	ShopLine
	Person Person
}

// ShopLeave is /shop/{shop}/leave: it asks first. It posts the button to the same path, and role to /shop/{shop}/role.
type ShopLeave struct {
	Frame
	ShopLine
	MayLeave bool
	Roles    []string // below the seller's own
}

// ShopInvitation is /shop/invitation/{link}. It posts the button to the same path and, of somebody without an account,
// to …/sign-up.
type ShopInvitation struct {
	Frame
	ShopLine        // Role: the one that is offered
	Link     string // "" with a problem: the link is no good
	By       string
	Until    time.Time
	KeysFrom time.Time // when everybody needs a security key; zero: never
	SignUp   bool
}
