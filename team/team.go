package team

import (
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The actions of shops. They are API and never renamed.
const (
	ActLook     auth.Action = "shop-look"
	ActCreate   auth.Action = "shop-create"
	ActRename   auth.Action = "shop-rename"
	ActInvite   auth.Action = "shop-invite"
	ActWithdraw auth.Action = "shop-withdraw-invitation"
	ActOpen     auth.Action = "shop-open-invitation"
	ActSignUp   auth.Action = "shop-sign-up"
	ActJoin     auth.Action = "shop-join"
	ActRole     auth.Action = "shop-role"
	ActSuspend  auth.Action = "shop-suspend"
	ActResume   auth.Action = "shop-resume"
	ActRemove   auth.Action = "shop-remove"
	ActLeave    auth.Action = "shop-leave"

	ActKeys     auth.Action = "shop-keys"
	ActDropKeys auth.Action = "shop-drop-keys"
	ActTellKeys auth.Action = "shop-tell-keys" // the service itself

	ActContact     auth.Action = "shop-contact"
	ActStopContact auth.Action = "shop-stop-contact"

	ActValue auth.Action = "shop-value" // the marketplace itself

	ActHandOver        auth.Action = "shop-hand-over"
	ActTakeOver        auth.Action = "shop-take-over"
	ActConfirmHandOver auth.Action = "shop-confirm-hand-over"
	ActStopHandOver    auth.Action = "shop-stop-hand-over"
	ActHandedOver      auth.Action = "shop-handed-over" // the service itself

	ActHandAccount    auth.Action = "account-hand-over"
	ActTakeAccount    auth.Action = "account-take-over"
	ActConfirmAccount auth.Action = "account-confirm-hand-over"
	ActStopAccount    auth.Action = "account-stop-hand-over"
	ActAccountHanded  auth.Action = "account-handed-over" // the service itself
)

// Step-up ages: of what changes people's places, and of what prepares it.
const (
	ageChange  = 10 * time.Minute
	agePrepare = 15 * time.Minute
)

func rules() map[auth.Action]auth.Rule {
	change := auth.Rule{Who: auth.Enrolled, Demand: auth.Demand{Class: auth.Best, MaxAge: ageChange}, Audit: true,
		Change: true}
	prepare := change
	prepare.Demand.MaxAge = agePrepare
	strong := change
	strong.Demand.Class = auth.Strong
	return map[auth.Action]auth.Rule{
		ActLook:     {Who: auth.Enrolled, Reads: true},
		ActOpen:     {Who: auth.Anyone, Reads: true},
		ActSignUp:   {Who: auth.Anyone},
		ActWithdraw: {Who: auth.Enrolled, Audit: true}, // takes away, and gives nobody anything
		ActCreate:   prepare,
		ActRename:   prepare,
		ActInvite:   prepare,
		ActJoin:     prepare,
		ActRole:     change,
		ActSuspend:  change,
		ActResume:   change,
		ActRemove:   change,
		ActLeave:    change,

		ActKeys:     change,
		ActDropKeys: change,
		ActTellKeys: {Who: auth.System},

		ActContact:     change,
		ActStopContact: {Who: auth.Enrolled, Audit: true},

		ActValue: {Who: auth.System, Audit: true}, // no request of a seller can be it

		ActHandOver:        change,
		ActTakeOver:        change,
		ActConfirmHandOver: change,
		ActStopHandOver:    {Who: auth.Enrolled, Audit: true}, // either side: it gives nobody anything
		ActHandedOver:      {Who: auth.System, Audit: true},

		ActHandAccount:    strong, // an account that has no strong method is no one's to give
		ActTakeAccount:    strong,
		ActConfirmAccount: strong,
		ActStopAccount:    {Who: auth.Enrolled, Audit: true}, // either side: it gives nobody anything
		ActAccountHanded:  {Who: auth.System, Audit: true},
	}
}

// Service is every use case of shops. It is safe for concurrent use.
type Service struct {
	door   *auth.Door
	origin string // of links: configuration alone
	limits Limits

	shops       *auth.Records[shop]
	members     *auth.Records[member]
	places      *auth.Records[place]
	invitations *auth.Records[invitation]
	handOvers   *auth.Records[handOver]
}

// New registers shops with a service. origin is the site's public address, with its path.
func New(s *auth.Service, origin string, limits Limits) (*Service, error) {
	t := &Service{
		origin: origin, limits: limits, shops: auth.NewRecords[shop]("shop"),
		members: auth.NewRecords[member]("member"),
		places:  auth.NewRecords[place]("place"),
		// What a backup holds may have been used or withdrawn since.
		invitations: auth.NewRecords[invitation]("invitation").Perishable().Sweep(invitationOver),
	}
	t.shops.Due(tellDue, t.tellOfKeys)
	t.handOvers = auth.NewRecords("hand-over", auth.IndexOf("taker", (*handOver).takers)).Perishable().
		Due(handOverDue, t.finishHandOver)
	var err error
	t.door, err = auth.Register(s, auth.Part{Name: "team", Rules: rules(),
		Collections: []auth.Collection{t.shops, t.members, t.places, t.invitations, t.handOvers}, Shops: asked{t},
		HandedOver: t.handedOver, Held: t.heldOf, MayClose: t.mayClose, Closed: t.closed})
	if err != nil {
		return nil, fmt.Errorf("registering shops: %w", err)
	}
	return t, nil
}
