package server

import (
	"net/http"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// shopRoutes are the use cases of shops. To outsiders there are none: whoever has no place in a shop finds nothing.
func shopRoutes() []route {
	return []route{
		{use: "Shops", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/shops",
			summary: "The shops that the account belongs to", endpoint: gives(shops)},
		{use: "CreateShop", act: team.ActCreate, who: enrolled, method: http.MethodPost, path: "/shops",
			summary: "Make a shop; its maker is its owner",
			codes: join(stepCodes(),
				codes(auth.NameMissing, auth.NameTooLong, auth.TooManyShops, auth.ChangePaused)),
			endpoint: takes(createShop).requires("name")},
		{use: "Shop", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/shops/{shop}",
			summary: "A shop with its people", codes: codes(auth.NotFound), endpoint: gives(shop)},
		{use: "RenameShop", act: team.ActRename, who: enrolled, method: http.MethodPatch, path: "/shops/{shop}",
			summary: "Give a shop another name", codes: join(placeCodes(), codes(auth.NameMissing, auth.NameTooLong)),
			endpoint: doesWith(renameShop).requires("name")},
	}
}

// shopKeyRoutes are the security keys that a shop asks of its people.
func shopKeyRoutes() []route {
	return []route{
		{use: "Keys", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/shops/{shop}/keys",
			summary: "Who of a shop has a security key, and from when everybody needs one",
			codes:   codes(auth.NotFound, auth.RoleTooLow), endpoint: gives(shopKeys)},
		{use: "DemandKeys", act: team.ActKeys, who: enrolled, method: http.MethodPost, path: "/shops/{shop}/keys",
			summary: "Ask each of a shop's people for a security key, from a number of days on",
			codes:   join(placeCodes(), codes(auth.DaysOutOfRange)), endpoint: takes(demandKeys).requires("days")},
		{use: "DropKeys", act: team.ActDropKeys, who: enrolled, method: http.MethodDelete, path: "/shops/{shop}/keys",
			summary: "Ask for security keys no more", codes: placeCodes(), endpoint: does(dropKeys)},
	}
}

// peopleRoutes are what is done to the people of a shop, and by them.
func peopleRoutes() []route {
	return []route{
		{use: "LeaveShop", act: team.ActLeave, who: enrolled, method: http.MethodDelete,
			path:     "/shops/{shop}/membership",
			summary:  "Leave a shop",
			codes:    join(stepCodes(), codes(auth.NotFound, auth.LastOwner, auth.OwnerTooNew, auth.ChangePaused)),
			endpoint: does(leaveShop)},
		{use: "StepDown", act: team.ActRole, who: enrolled, method: http.MethodPatch, path: "/shops/{shop}/membership",
			summary: "Take a lower role in a shop", codes: join(placeCodes(), codes(auth.LastOwner, auth.OwnerTooNew)),
			endpoint: doesWith(stepDown).requires("role")},
		{use: "SetRole", act: team.ActRole, who: enrolled, method: http.MethodPatch,
			path:     "/shops/{shop}/members/{member}",
			summary:  "Give somebody another role",
			codes:    join(placeCodes(), codes(auth.TooManyOwners, auth.MalformedRequest)),
			endpoint: doesWith(setRole).requires("role")},
		{use: "SuspendMember", act: team.ActSuspend, who: enrolled, method: http.MethodPost,
			path:    "/shops/{shop}/members/{member}/suspend",
			summary: "Keep somebody out of a shop for a while", codes: placeCodes(), endpoint: does(suspendMember)},
		{use: "ResumeMember", act: team.ActResume, who: enrolled, method: http.MethodPost,
			path:    "/shops/{shop}/members/{member}/resume",
			summary: "Let somebody into a shop again", codes: placeCodes(), endpoint: does(resumeMember)},
		{use: "ChangeContact", act: team.ActContact, who: enrolled, method: http.MethodPost,
			path:    "/shops/{shop}/members/{member}/contact",
			summary: "Move the e-mail or the number of somebody who cannot verify, after a delay",
			codes: join(placeCodes(), codes(auth.NotShopsAccount, auth.ChangePending, auth.MoveStopped,
				auth.MailboxResets, auth.EmailMalformed, auth.PhoneNoCountry, auth.PhoneOtherCountry,
				auth.PhoneMalformed)),
			endpoint: takes(changeContact)},
		{use: "StopContact", act: team.ActStopContact, who: enrolled, method: http.MethodDelete,
			path:    "/shops/{shop}/members/{member}/contact",
			summary: "Stop what was to become of somebody's contact data", codes: codes(auth.NotFound, auth.RoleTooLow),
			endpoint: does(stopContact)},
		{use: "RemoveMember", act: team.ActRemove, who: enrolled, method: http.MethodDelete,
			path:    "/shops/{shop}/members/{member}",
			summary: "Take somebody's place in a shop away", codes: placeCodes(), endpoint: does(removeMember)},
	}
}

func invitationRoutes() []route {
	return []route{
		{use: "InviteMember", act: team.ActInvite, who: enrolled, method: http.MethodPost,
			path:    "/shops/{shop}/invitations",
			summary: "Mail a link to a place in a shop; the same for known and unknown addresses",
			codes: join(placeCodes(), codes(auth.EmailMalformed, auth.TooManyInvitations, auth.ResendTooSoon,
				auth.SendLimitReached)),
			endpoint: takes(inviteMember).requires("email", "role")},
		{use: "WithdrawInvitation", act: team.ActWithdraw, who: enrolled, method: http.MethodDelete,
			path:    "/shops/{shop}/invitations/{invitation}",
			summary: "End an invitation that waits", codes: codes(auth.NotFound, auth.RoleTooLow),
			endpoint: does(withdrawInvitation)},
		{use: "LookInvitation", act: team.ActOpen, who: holder, method: http.MethodPost, path: "/shop-invitation",
			link: true, summary: "What an invitation is for; nothing is used up", codes: codes(auth.InvitationOver),
			endpoint: takes(lookInvitation).requires("link")},
		{use: "SignUpInvited", act: team.ActSignUp, who: holder, method: http.MethodPost,
			path: "/shop-invitation/sign-up",
			link: true, summary: "A link to sign up with, for the mailbox that an invitation went to",
			codes:    codes(auth.InvitationOver, auth.SignedUp),
			endpoint: takes(signUpInvited).requires("link")},
		{use: "WaitingInvitation", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/shop-invitation",
			summary: "The invitation that the account was made by, if it still waits", codes: codes(auth.NotFound),
			endpoint: gives(waitingInvitation)},
		{use: "AcceptInvitation", act: team.ActJoin, who: enrolled, method: http.MethodPost,
			path:    "/shop-invitation/accept",
			summary: "Take the place that an invitation is for; without a link, that of the one the account was made by",
			codes: join(stepCodes(), codes(auth.InvitationOver, auth.AlreadyMember, auth.ShopFull, auth.TooManyShops,
				auth.TooManyOwners, auth.ChangePaused)),
			endpoint: takes(acceptInvitation)},
	}
}

// placeCodes are those of acts on a shop and its people.
func placeCodes() []auth.Code {
	return join(stepCodes(), codes(auth.NotFound, auth.RoleTooLow, auth.ChangePaused))
}

type (
	shopBody   struct{ Name string }
	roleBody   struct{ Role team.Role }
	inviteBody struct {
		Email string
		Role  team.Role
	}
	contactBody struct{ Email, Phone, Region string }
	linkInfo    struct{ Link string }
	shopList    struct{ Shops []team.PlaceInfo }
	daysBody    struct{ Days int }
	keysFrom    struct{ From time.Time }
)

func shops(x *request) (*shopList, error) {
	list, err := x.s.shops.Shops(x.r.Context(), x.caller)
	return &shopList{list}, err
}

func createShop(x *request, in *shopBody) (*team.PlaceInfo, error) {
	return x.s.shops.CreateShop(x.r.Context(), x.caller, in.Name)
}

func shop(x *request) (*team.ShopInfo, error) {
	return x.s.shops.Shop(x.r.Context(), x.caller, x.param("shop"))
}

func renameShop(x *request, in *shopBody) error {
	return x.s.shops.RenameShop(x.r.Context(), x.caller, x.param("shop"), in.Name)
}

func leaveShop(x *request) error {
	return x.s.shops.LeaveShop(x.r.Context(), x.caller, x.param("shop"))
}

func stepDown(x *request, in *roleBody) error {
	return x.s.shops.StepDown(x.r.Context(), x.caller, x.param("shop"), in.Role)
}

func shopKeys(x *request) (*team.KeysInfo, error) {
	return x.s.shops.Keys(x.r.Context(), x.caller, x.param("shop"))
}

func demandKeys(x *request, in *daysBody) (*keysFrom, error) {
	from, err := x.s.shops.DemandKeys(x.r.Context(), x.caller, x.param("shop"), in.Days)
	return &keysFrom{from}, err
}

func dropKeys(x *request) error {
	return x.s.shops.DropKeys(x.r.Context(), x.caller, x.param("shop"))
}

// memberID is whom a path is about.
func (x *request) memberID() auth.AccountID { return auth.AccountID(x.param("member")) }

func setRole(x *request, in *roleBody) error {
	return x.s.shops.SetRole(x.r.Context(), x.caller, x.param("shop"), x.memberID(), in.Role)
}

func suspendMember(x *request) error {
	return x.s.shops.SuspendMember(x.r.Context(), x.caller, x.param("shop"), x.memberID())
}

func resumeMember(x *request) error {
	return x.s.shops.ResumeMember(x.r.Context(), x.caller, x.param("shop"), x.memberID())
}

func removeMember(x *request) error {
	return x.s.shops.RemoveMember(x.r.Context(), x.caller, x.param("shop"), x.memberID())
}

func changeContact(x *request, in *contactBody) (*auth.MoveInfo, error) {
	return x.s.shops.ChangeContact(x.r.Context(), x.caller, x.param("shop"), x.memberID(), team.ContactForm(*in))
}

func stopContact(x *request) error {
	return x.s.shops.StopContact(x.r.Context(), x.caller, x.param("shop"), x.memberID())
}

func inviteMember(x *request, in *inviteBody) (*team.InvitationInfo, error) {
	return x.s.shops.InviteMember(x.r.Context(), x.caller, x.param("shop"), in.Email, in.Role)
}

func withdrawInvitation(x *request) error {
	return x.s.shops.WithdrawInvitation(x.r.Context(), x.caller, x.param("shop"), x.param("invitation"))
}

func lookInvitation(x *request, in *linkBody) (*team.OpenInfo, error) {
	return x.s.shops.LookInvitation(x.r.Context(), x.caller, in.Link)
}

func signUpInvited(x *request, in *linkBody) (*linkInfo, error) {
	link, err := x.s.shops.SignUpInvited(x.r.Context(), x.caller, in.Link)
	return &linkInfo{link}, err
}

func waitingInvitation(x *request) (*team.OpenInfo, error) {
	info, err := x.s.shops.WaitingInvitation(x.r.Context(), x.caller)
	if err == nil && info == nil {
		err = auth.Refuse(auth.NotFound)
	}
	return info, err
}

func acceptInvitation(x *request, in *linkBody) (*team.PlaceInfo, error) {
	return x.s.shops.AcceptInvitation(x.r.Context(), x.caller, in.Link)
}
