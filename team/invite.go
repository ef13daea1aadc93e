package team

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// An invitation is a mailed link to a place that nobody has yet. It is deleted when it is used or withdrawn.
type invitation struct {
	V       int            `json:"v,omitempty"`
	ID      string         `json:"id"` // the hash of the link's secret: names it in lists
	Shop    string         `json:"s"`
	Email   ident.Email    `json:"e"` // where it went
	Role    Role           `json:"r"`
	By      auth.AccountID `json:"by"`
	Epoch   uint64         `json:"ep"` // of whoever sent it, then
	At      time.Time      `json:"t"`
	Expires time.Time      `json:"x"`
}

const (
	invitationLife = 7 * 24 * time.Hour
	invitesPerDay  = 50 // of one shop, that are mailed
)

func invitationOver(x *invitation, now time.Time) bool { return !now.Before(x.Expires) }

// InvitationInfo is an invitation that waits, as those see it who may invite.
type InvitationInfo struct {
	ID          string
	MaskedEmail ident.Masked `json:"email"`
	Role        Role
	By          string // the name of whoever sent it
	At          time.Time
	Expires     time.Time
}

// OpenInfo is what the holder of an invitation's link is shown before he joins.
type OpenInfo struct {
	Shop    string // its name
	Role    Role
	By      string // the name of whoever sent it
	Expires time.Time
	// From when on the shop asks each of its people for a security key; zero: it does not.
	KeysFrom time.Time
	HasNone  bool        // nobody has an account at the address that it went to
	Email    ident.Email `json:"-"`
}

// A link's token is the shop's id and a secret, of 22 signs and twice as many: 256 bits that nobody can guess.
const idSigns = 22

func linkParts(token string) (shop, id string, ok bool) {
	if len(token) != 3*idSigns {
		return "", "", false
	}
	h := sha256.Sum256([]byte(token[idSigns:]))
	return token[:idSigns], base64.RawURLEncoding.EncodeToString(h[:16]), true
}

// InviteMember mails a link to a place in a shop. The answer is the same for an address that has an account and for
// one that has none, and the mail says nothing that anybody has typed. Refuses NotFound, RoleTooLow, EmailMalformed,
// TooManyInvitations, ResendTooSoon, SendLimitReached, MalformedRequest for what is no role.
func (t *Service) InviteMember(
	ctx context.Context, c auth.Caller, shop, address string, as Role,
) (*InvitationInfo, error) {
	return auth.DoOnce(ctx, t.door, c, ActInvite, func(w *auth.Work) (*InvitationInfo, error) {
		if as.rank() == 0 {
			return nil, auth.RefuseField(auth.MalformedRequest, "role")
		}
		own, err := t.seatOf(w, shop)
		if err != nil {
			return nil, err
		}
		if !slices.Contains(own.Role.mayGive(), as) {
			return nil, auth.Refuse(auth.RoleTooLow)
		}
		to, err := ident.ParseEmail(address)
		if err != nil {
			return nil, auth.RefuseTyped(err)
		}
		replaced, err := t.roomFor(w, shop, to)
		if err != nil {
			return nil, err
		}
		token := shop + w.NewID() + w.NewID()
		_, id, _ := linkParts(token)
		x := &invitation{ID: id, Shop: shop, Email: to, Role: as, By: own.Account, Epoch: w.Account().Epoch,
			At: w.Now(), Expires: w.Now().Add(invitationLife)}
		err = w.Send(auth.Message{Channel: auth.Mail, Recipient: ident.Recipient(to), Language: c.Language,
			Template: auth.TemplateShopInvite, Args: map[string]string{"link": t.origin + "/shop/invitation/" + token},
			Expires: x.Expires})
		if err != nil { // what was mailed before stays good
			return nil, err
		}
		for _, old := range replaced {
			if err := t.invitations.Delete(w, shop+"/"+old); err != nil {
				return nil, err
			}
		}
		info := &InvitationInfo{ID: id, MaskedEmail: to.Mask(), Role: as, By: w.Account().Name, At: x.At,
			Expires: x.Expires}
		return info, t.invitations.Insert(w, shop+"/"+id, x)
	})
}

// roomFor counts one more invitation of a shop, and returns the earlier ones to the same address, which make room for
// it.
func (t *Service) roomFor(w *auth.Work, shop string, to ident.Email) (replaced []string, err error) {
	list, err := t.waiting(w, shop)
	if err != nil {
		return nil, err
	}
	n := len(list)
	for _, x := range list {
		if x.Email.Key() != to.Key() {
			continue
		}
		n--
		replaced = append(replaced, x.ID)
	}
	if n >= t.limits.Invitations {
		return nil, auth.Refuse(auth.TooManyInvitations)
	}
	_, err = w.Count("invite/"+shop, invitesPerDay, 0)
	return replaced, err
}

// waiting are the invitations of a shop that still lead somewhere, the newest first.
func (t *Service) waiting(w *auth.Work, shop string) ([]*invitation, error) {
	var list []*invitation
	for item, err := range t.invitations.Prefix(w, shop+"/", 4*t.limits.Invitations) {
		if err != nil {
			return nil, err
		}
		live, err := t.isLive(w, item.Doc)
		if err != nil {
			return nil, err
		}
		if live {
			list = append(list, item.Doc)
		}
	}
	slices.SortStableFunc(list, func(a, b *invitation) int { return b.At.Compare(a.At) })
	return list, nil
}

// isLive reports whether an invitation leads somewhere: its sender still has a place that may give the role, and
// nothing has happened to his account that ends what waits.
func (t *Service) isLive(w *auth.Work, x *invitation) (bool, error) {
	if invitationOver(x, w.Now()) {
		return false, nil
	}
	by, err := t.members.Get(w, memberKey(x.Shop, x.By))
	if errors.Is(err, auth.ErrNoRecord) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	a, err := w.AccountOf(x.By)
	if err != nil {
		return false, err
	}
	return !by.suspended() && slices.Contains(by.Role.mayGive(), x.Role) && a.Epoch == x.Epoch &&
		a.FrozenAt.IsZero(), nil
}

func (t *Service) invited(w *auth.Work, shop string) ([]InvitationInfo, error) {
	list, err := t.waiting(w, shop)
	infos := []InvitationInfo{}
	for _, x := range list {
		by, err := w.AccountOf(x.By)
		if err != nil {
			return nil, err
		}
		infos = append(infos, InvitationInfo{ID: x.ID, MaskedEmail: x.Email.Mask(), Role: x.Role, By: by.Name,
			At:      x.At,
			Expires: x.Expires})
	}
	return infos, err
}

// WithdrawInvitation ends an invitation that waits. Whoever may give its role may. Refuses NotFound, RoleTooLow.
func (t *Service) WithdrawInvitation(ctx context.Context, c auth.Caller, shop, id string) error {
	return t.door.DoOnce(ctx, c, ActWithdraw, func(w *auth.Work) error {
		own, err := t.seatOf(w, shop)
		if err != nil {
			return err
		}
		if own.Role.rank() < Administrator.rank() {
			return auth.Refuse(auth.RoleTooLow)
		}
		x, err := t.invitations.Get(w, shop+"/"+id)
		if errors.Is(err, auth.ErrNoRecord) {
			return auth.Refuse(auth.NotFound)
		}
		if err != nil {
			return err
		}
		if !slices.Contains(own.Role.mayGive(), x.Role) {
			return auth.Refuse(auth.RoleTooLow)
		}
		return t.invitations.Delete(w, shop+"/"+id)
	})
}

// open is the invitation that a link leads to. Refuses InvitationOver for one that is used, withdrawn, too old or never
// issued: the answers are alike.
func (t *Service) open(w *auth.Work, token string) (*invitation, error) {
	shop, id, ok := linkParts(token)
	if !ok {
		return nil, auth.Refuse(auth.InvitationOver)
	}
	x, err := t.invitations.Get(w, shop+"/"+id)
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, auth.Refuse(auth.InvitationOver)
	}
	if err != nil {
		return nil, err
	}
	live, err := t.isLive(w, x)
	if err == nil && !live {
		err = auth.Refuse(auth.InvitationOver)
	}
	return x, err
}

// LookInvitation says what a link leads to, without using it: mail scanners open links. Refuses InvitationOver.
func (t *Service) LookInvitation(ctx context.Context, c auth.Caller, token string) (*OpenInfo, error) {
	return auth.Do(ctx, t.door, c, ActOpen, func(w *auth.Work) (*OpenInfo, error) {
		x, err := t.open(w, token)
		if err != nil {
			return nil, err
		}
		info, err := t.openInfo(w, x)
		if err != nil {
			return nil, err
		}
		has, err := w.HasAccount(x.Email)
		info.HasNone = !has
		return info, err
	})
}

// openInfo is what an invitation is for, and who has sent it.
func (t *Service) openInfo(w *auth.Work, x *invitation) (*OpenInfo, error) {
	to, err := t.shops.Get(w, x.Shop)
	if err != nil {
		return nil, err
	}
	by, err := w.AccountOf(x.By)
	if err != nil {
		return nil, err
	}
	return &OpenInfo{Shop: to.Name, Role: x.Role, By: by.Name, Expires: x.Expires, KeysFrom: to.from(),
		Email: x.Email}, nil
}

// SignUpInvited opens the form of sign-up for whoever holds an invitation and has no account: he reads the mailbox
// that it went to. It returns the token of a link as auth's ConfirmSignUp takes it. The invitation stays good for the
// account that is made. Refuses InvitationOver, and SignedUp for an address that has an account.
func (t *Service) SignUpInvited(ctx context.Context, c auth.Caller, token string) (string, error) {
	return auth.Do(ctx, t.door, c, ActSignUp, func(w *auth.Work) (string, error) {
		x, err := t.open(w, token)
		if err != nil {
			return "", err
		}
		return w.SignUpLink(x.Email, x.Shop+"/"+x.ID)
	})
}

// WaitingInvitation is the invitation that the caller's account was made by, nil if it is used, withdrawn or too
// old: whoever has just signed up by one goes on without looking for its mail.
func (t *Service) WaitingInvitation(ctx context.Context, c auth.Caller) (*OpenInfo, error) {
	return auth.Do(ctx, t.door, c, ActLook, func(w *auth.Work) (*OpenInfo, error) {
		x, err := t.madeBy(w)
		if err != nil || x == nil {
			return nil, err
		}
		return t.openInfo(w, x)
	})
}

func (t *Service) madeBy(w *auth.Work) (*invitation, error) {
	by := w.Account().MadeBy
	if by == "" {
		return nil, nil
	}
	x, err := t.invitations.Get(w, by)
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	live, err := t.isLive(w, x)
	if err != nil || !live {
		return nil, err
	}
	return x, nil
}

// AcceptInvitation gives the caller the place that an invitation is for. token "" is the one that his account was
// made by. Refuses InvitationOver, AlreadyMember, ShopFull, TooManyShops, TooManyOwners.
func (t *Service) AcceptInvitation(ctx context.Context, c auth.Caller, token string) (*PlaceInfo, error) {
	return auth.DoOnce(ctx, t.door, c, ActJoin, func(w *auth.Work) (*PlaceInfo, error) {
		x, err := t.openOwn(w, token)
		if err != nil {
			return nil, err
		}
		to, err := t.shops.Get(w, x.Shop)
		if err != nil {
			return nil, err
		}
		w.Note(to.ID, to.Name)
		list, err := t.membersOf(w, x.Shop)
		if err != nil {
			return nil, err
		}
		m := &member{Shop: x.Shop, Account: w.Account().ID, Role: x.Role, RoleAt: w.Now(), JoinedAt: w.Now(),
			InvitedBy: x.By, Made: w.Account().MadeBy == x.Shop+"/"+x.ID}
		if err := t.mayJoin(list, m); err != nil {
			return nil, err
		}
		if err := w.Consume(x.ID, x.Expires, auth.InvitationOver); err != nil {
			return nil, err
		}
		if err := t.invitations.Delete(w, x.Shop+"/"+x.ID); err != nil {
			return nil, err
		}
		if err := t.seat(w, m); err != nil {
			return nil, err
		}
		info := &PlaceInfo{ID: to.ID, Name: to.Name, Role: m.Role, JoinedAt: m.JoinedAt, KeysFrom: to.from()}
		return info, t.tell(w, to, m, list, news{self: auth.TemplateShopJoined, did: "joined"})
	})
}

func (t *Service) openOwn(w *auth.Work, token string) (*invitation, error) {
	if token != "" {
		return t.open(w, token)
	}
	x, err := t.madeBy(w)
	if err == nil && x == nil {
		err = auth.Refuse(auth.InvitationOver)
	}
	return x, err
}

// mayJoin refuses who has a place already, and whom there is no room for. Nothing is used up by that.
func (t *Service) mayJoin(list []*member, m *member) error {
	switch {
	case slices.ContainsFunc(list, func(o *member) bool { return o.Account == m.Account }):
		return auth.Refuse(auth.AlreadyMember)
	case len(list) >= t.limits.Members:
		return auth.Refuse(auth.ShopFull)
	case m.Role == Owner && ownersOf(list) >= t.limits.Owners:
		return auth.Refuse(auth.TooManyOwners)
	}
	return nil
}
