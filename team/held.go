package team

import (
	"errors"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file is what a person takes away of his shops. Other people of a shop are not in it: they are no data of his.

// A heldShop is a place in a shop.
type heldShop struct {
	ID            string    `json:"id"`
	Name          string    `json:"name"`
	ShopCreatedAt time.Time `json:"shopCreatedAt"`
	Role          Role      `json:"role"`
	RoleAt        time.Time `json:"roleSince"`
	JoinedAt      time.Time `json:"joinedAt"`
	MadeByShop    bool      `json:"accountMadeByInvitation"`
	SuspendedAt   time.Time `json:"suspendedAt,omitzero"`
}

// A heldInvitation is one that he has sent and that waits. Whom to is masked: it is somebody else's address.
type heldInvitation struct {
	Shop    string    `json:"shop"`
	Email   string    `json:"email"`
	Role    Role      `json:"role"`
	At      time.Time `json:"sentAt"`
	Expires time.Time `json:"expires"`
}

// A heldHandOver is one that he gives or has taken.
type heldHandOver struct {
	Shop  string        `json:"shop,omitempty"` // "": an account itself
	Gives bool          `json:"gives"`
	State HandOverState `json:"state"`
	At    time.Time     `json:"begunAt"`
	Until time.Time     `json:"until"`
}

type held struct {
	Shops       []heldShop       `json:"shops"`
	Invitations []heldInvitation `json:"invitationsSent"`
	HandOvers   []heldHandOver   `json:"handOvers"`
}

// heldOf is auth.Part.Held.
func (t *Service) heldOf(w *auth.Work, a auth.AccountID) (any, error) {
	h := held{Shops: []heldShop{}, Invitations: []heldInvitation{}, HandOvers: []heldHandOver{}}
	places, err := t.placesOf(w, a)
	if err != nil {
		return nil, err
	}
	of := []string{ofAccount + string(a)}
	for _, m := range places {
		x, err := t.shops.Get(w, m.Shop)
		if err != nil {
			return nil, err
		}
		of = append(of, m.Shop)
		h.Shops = append(h.Shops, heldShop{ID: x.ID, Name: x.Name, ShopCreatedAt: x.CreatedAt, Role: m.Role,
			RoleAt:   m.RoleAt,
			JoinedAt: m.JoinedAt, MadeByShop: m.Made, SuspendedAt: m.SuspendedAt})
		for item, err := range t.invitations.Prefix(w, m.Shop+"/", 2*t.limits.Invitations) {
			if err != nil {
				return nil, err
			}
			if i := item.Doc; i.By == a {
				h.Invitations = append(h.Invitations, heldInvitation{Shop: i.Shop,
					Email: string(i.Email.Mask()), Role: i.Role,
					At: i.At, Expires: i.Expires})
			}
		}
	}
	taken, err := t.takenBy(w, a)
	for _, x := range taken {
		h.HandOvers = append(h.HandOvers, heldHandOver{Shop: x.Shop, State: x.state(), At: x.At, Until: x.Until})
	}
	for _, what := range of {
		x, err := t.handOverOf(w, what, a)
		if err != nil && !errors.Is(err, auth.Refuse(auth.NotFound)) {
			return nil, err
		}
		if x != nil {
			h.HandOvers = append(h.HandOvers, heldHandOver{Shop: x.Shop, Gives: true, State: x.state(),
				At: x.At, Until: x.Until})
		}
	}
	return h, err
}
