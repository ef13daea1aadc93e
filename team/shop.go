package team

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// A shop is what its people have in common.
type shop struct {
	V         int            `json:"v,omitempty"`
	ID        string         `json:"id"`
	Name      string         `json:"n"`
	CreatedAt time.Time      `json:"c"`
	CreatedBy auth.AccountID `json:"by"`
	Keys      *keysAsked     `json:"k,omitempty"`
	Value     int64          `json:"va,omitempty"` // to the marketplace; 0: it has said none
}

// A member is one person's place in one shop.
type member struct {
	V           int            `json:"v,omitempty"`
	Shop        string         `json:"s"`
	Account     auth.AccountID `json:"a"`
	Role        Role           `json:"r"`
	RoleAt      time.Time      `json:"rt"` // since when he has this role
	JoinedAt    time.Time      `json:"j"`
	InvitedBy   auth.AccountID `json:"by,omitempty"` // "" for who made the shop
	Made        bool           `json:"m,omitempty"`  // the account was made by this shop's invitation
	SuspendedAt time.Time      `json:"su,omitzero"`
}

func (m *member) suspended() bool { return !m.SuspendedAt.IsZero() }

// A place says that an account has a member in a shop.
type place struct {
	Shop string `json:"s"`
}

// Limits bound what a shop holds, and what one pass reads.
type Limits struct {
	Shops       int // of one account
	Members     int // of one shop
	Owners      int
	Invitations int // of one shop, that wait
}

// DefaultLimits are those of a site that sets none.
func DefaultLimits() Limits { return Limits{Shops: 20, Members: 200, Owners: 10, Invitations: 50} }

func memberKey(shop string, a auth.AccountID) string { return shop + "/" + string(a) }
func placeKey(a auth.AccountID, shop string) string  { return string(a) + "/" + shop }

// ShopInfo is one shop as one of its people sees it.
type ShopInfo struct {
	ID        string
	Name      string
	CreatedAt time.Time
	Role      Role         // his own
	Gives     []Role       // what he may give to others; none: he may not invite
	KeysFrom  time.Time    // when everybody needs a security key; zero: never
	Members   []MemberInfo // from the highest rank to the lowest
	Invited   []InvitationInfo
	MayLeave  bool // false: he is the only owner, or the other one is too new
}

// MemberInfo is one of a shop's people as another one sees them.
type MemberInfo struct {
	ID          auth.AccountID
	Name        string
	MaskedEmail ident.Masked `json:"email"` // for those who may change people; else ""
	Role        Role
	JoinedAt    time.Time
	InvitedBy   string // that one's name; "" for who made the shop, and who is here no more
	Suspended   bool
	SuspendedAt time.Time
	Self        bool
	MayChange   bool           // whoever looks may change him
	MayMove     bool           // and his contact data
	Moves       *auth.MoveInfo // a change of it that waits; nil: none
}

// PlaceInfo is one shop of one's own, in short.
type PlaceInfo struct {
	ID       string
	Name     string
	Role     Role
	JoinedAt time.Time
	KeysFrom time.Time // when everybody needs a security key; zero: never
}

// Shops lists the shops that the caller belongs to and is not suspended in, by name.
func (t *Service) Shops(ctx context.Context, c auth.Caller) ([]PlaceInfo, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) ([]PlaceInfo, error) {
		return t.liveIn(w, w.Account().ID)
	})
}

func (t *Service) liveIn(w *auth.Work, a auth.AccountID) ([]PlaceInfo, error) {
	list, err := t.placesOf(w, a)
	if err != nil || len(list) == 0 {
		return []PlaceInfo{}, err
	}
	infos := []PlaceInfo{}
	for _, m := range list {
		if m.suspended() {
			continue
		}
		x, err := t.shops.Get(w, m.Shop)
		if err != nil {
			return nil, err
		}
		infos = append(infos, PlaceInfo{ID: x.ID, Name: x.Name, Role: m.Role, JoinedAt: m.JoinedAt,
			KeysFrom: x.from()})
	}
	slices.SortFunc(infos, func(a, b PlaceInfo) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.ID, b.ID))
	})
	return infos, nil
}

// asked answers what auth asks of shops.
type asked struct{ t *Service }

// ShopsOf implements auth.Shops.
func (x asked) ShopsOf(w *auth.Work, a auth.AccountID) ([]auth.Membership, error) {
	list, err := x.t.liveIn(w, a)
	infos := make([]auth.Membership, len(list))
	for i, p := range list {
		infos[i] = auth.Membership{ID: p.ID, Name: p.Name, Role: string(p.Role), KeysFrom: p.KeysFrom}
	}
	return infos, err
}

// placesOf is every place of an account, those that he is suspended in included.
func (t *Service) placesOf(w *auth.Work, a auth.AccountID) ([]*member, error) {
	var list []*member
	for item, err := range t.places.Prefix(w, string(a)+"/", 2*t.limits.Shops) {
		if err != nil {
			return nil, err
		}
		m, err := t.members.Get(w, memberKey(item.Doc.Shop, a))
		if err != nil {
			return nil, err
		}
		list = append(list, m)
	}
	return list, nil
}

// membersOf is everybody of a shop, from the highest rank to the lowest, who came first before who came later.
func (t *Service) membersOf(w *auth.Work, shop string) ([]*member, error) {
	var list []*member
	for item, err := range t.members.Prefix(w, shop+"/", 2*t.limits.Members) {
		if err != nil {
			return nil, err
		}
		list = append(list, item.Doc)
	}
	slices.SortFunc(list, func(a, b *member) int {
		return cmp.Or(cmp.Compare(b.Role.rank(), a.Role.rank()), a.RoleAt.Compare(b.RoleAt),
			cmp.Compare(a.Account, b.Account))
	})
	return list, nil
}

// A seat is the caller's own place in the shop that he acts on.
type seat struct {
	shop *shop
	*member
}

// seatOf is the caller's place in a shop. Refuses NotFound for a shop that he has no place in, or is suspended in: to
// outsiders there are no shops.
func (t *Service) seatOf(w *auth.Work, shop string) (*seat, error) {
	m, err := t.memberOf(w, shop, w.Account().ID)
	if err != nil {
		return nil, err
	}
	if m.suspended() {
		return nil, auth.Refuse(auth.NotFound)
	}
	x, err := t.shops.Get(w, shop)
	if err != nil {
		return nil, err
	}
	w.Note(x.ID, x.Name)
	return &seat{x, m}, nil
}

// memberOf refuses NotFound for who has no place in the shop.
func (t *Service) memberOf(w *auth.Work, shop string, a auth.AccountID) (*member, error) {
	m, err := t.members.Get(w, memberKey(shop, a))
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, auth.Refuse(auth.NotFound)
	}
	return m, err
}

// CreateShop makes a shop that the caller owns. Refuses NameMissing, NameTooLong, TooManyShops.
func (t *Service) CreateShop(ctx context.Context, c auth.Caller, name string) (*PlaceInfo, error) {
	return auth.DoOnce(ctx, t.door, c, ActCreate, func(w *auth.Work) (*PlaceInfo, error) {
		said, err := ident.ParseName(name)
		if err != nil {
			return nil, auth.RefuseTyped(err)
		}
		x := &shop{ID: w.NewID(), Name: said, CreatedAt: w.Now(), CreatedBy: w.Account().ID}
		w.Note(x.ID, x.Name)
		m := &member{Shop: x.ID, Account: x.CreatedBy, Role: Owner, RoleAt: w.Now(), JoinedAt: w.Now()}
		if err := t.seat(w, m); err != nil {
			return nil, err
		}
		return &PlaceInfo{ID: x.ID, Name: x.Name, Role: Owner, JoinedAt: m.JoinedAt}, t.shops.Insert(w, x.ID, x)
	})
}

// seat gives an account a new place. Refuses TooManyShops.
func (t *Service) seat(w *auth.Work, m *member) error {
	list, err := t.placesOf(w, m.Account)
	if err != nil {
		return err
	}
	if len(list) >= t.limits.Shops {
		return auth.Refuse(auth.TooManyShops)
	}
	if err := t.members.Insert(w, memberKey(m.Shop, m.Account), m); err != nil {
		return err
	}
	return t.places.Insert(w, placeKey(m.Account, m.Shop), &place{Shop: m.Shop})
}

// RenameShop gives a shop another name. Only owners may. Refuses NotFound, RoleTooLow, NameMissing, NameTooLong.
func (t *Service) RenameShop(ctx context.Context, c auth.Caller, shop, name string) error {
	return t.door.DoOnce(ctx, c, ActRename, func(w *auth.Work) error {
		own, err := t.seatOf(w, shop)
		if err != nil {
			return err
		}
		said, err := ident.ParseName(name)
		if err != nil {
			return auth.RefuseTyped(err)
		}
		if own.Role != Owner {
			return auth.Refuse(auth.RoleTooLow)
		}
		own.shop.Name = said
		w.Note(shop, said)
		return t.shops.Put(w, shop, own.shop)
	})
}

// Shop is one of the caller's shops with its people. Refuses NotFound.
func (t *Service) Shop(ctx context.Context, c auth.Caller, id string) (*ShopInfo, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) (*ShopInfo, error) {
		own, err := t.seatOf(w, id)
		if err != nil {
			return nil, err
		}
		info := &ShopInfo{ID: own.shop.ID, Name: own.shop.Name, CreatedAt: own.shop.CreatedAt, Role: own.Role,
			Gives: own.Role.mayGive(), KeysFrom: own.shop.from(), Invited: []InvitationInfo{}}
		list, err := t.membersOf(w, id)
		if err != nil {
			return nil, err
		}
		info.MayLeave = mayGo(list, own.member, w.Now()) == nil
		for _, m := range list {
			one, err := t.describe(w, own, m, list)
			if err != nil {
				return nil, err
			}
			info.Members = append(info.Members, one)
		}
		if len(info.Gives) > 0 {
			info.Invited, err = t.invited(w, id)
		}
		return info, err
	})
}

func (t *Service) describe(w *auth.Work, own *seat, m *member, list []*member) (MemberInfo, error) {
	a, err := w.AccountOf(m.Account)
	if err != nil {
		return MemberInfo{}, err
	}
	info := MemberInfo{ID: m.Account, Name: a.Name, Role: m.Role, JoinedAt: m.JoinedAt, Suspended: m.suspended(),
		SuspendedAt: m.SuspendedAt, Self: m.Account == own.Account, MayChange: own.outranks(m)}
	if own.Role.rank() >= Administrator.rank() || info.Self {
		info.MaskedEmail = a.MaskedEmail
	}
	if slices.ContainsFunc(list, func(o *member) bool { return o.Account == m.InvitedBy }) {
		by, err := w.AccountOf(m.InvitedBy)
		if err != nil {
			return info, err
		}
		info.InvitedBy = by.Name
	}
	return info, t.describeMove(w, own, m, &info)
}

// ownerSettles is for how long somebody is owner before another owner can leave the shop to him: else a thief appoints
// himself and has the one he stole from leave, before that one has read a notice.
const ownerSettles = 24 * time.Hour

// mayGo refuses an owner to leave a shop, or to step down in it, that has no other one who is settled and not
// suspended.
func mayGo(list []*member, own *member, now time.Time) error {
	if own.Role != Owner {
		return nil
	}
	refused := auth.Refuse(auth.LastOwner)
	for _, m := range list {
		if m.Role != Owner || m.suspended() || m.Account == own.Account {
			continue
		}
		settled := m.RoleAt.Add(ownerSettles)
		if !now.Before(settled) {
			return nil
		}
		if refused.Until.IsZero() || settled.Before(refused.Until) {
			refused = auth.Refuse(auth.OwnerTooNew).At(settled)
		}
	}
	return refused
}

// ownersOf counts a shop's owners.
func ownersOf(list []*member) int {
	n := 0
	for _, m := range list {
		if m.Role == Owner {
			n++
		}
	}
	return n
}
