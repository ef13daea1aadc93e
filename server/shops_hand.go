package server

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// handOverRoutes are a shop that gets another owner, for both sides.
func handOverRoutes() []route {
	return []route{
		{use: "HandOver", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/shops/{shop}/hand-over",
			summary: "The hand-over of the caller's own place that is under way",
			codes:   codes(auth.NotFound, auth.RoleTooLow), endpoint: gives(handOver)},
		{use: "BeginHandOver", act: team.ActHandOver, who: enrolled, method: http.MethodPost,
			path:    "/shops/{shop}/hand-over",
			summary: "Mail a link by which somebody else becomes owner in the caller's place",
			codes: join(placeCodes(), codes(auth.HandOverTooSoon, auth.ChangePending, auth.EmailMalformed,
				auth.ResendTooSoon, auth.SendLimitReached)),
			endpoint: takes(beginHandOver).requires("email")},
		{use: "ConfirmHandOver", act: team.ActConfirmHandOver, who: enrolled, method: http.MethodPost,
			path:     "/shops/{shop}/hand-over/confirm",
			summary:  "Say that it is this account that is to be owner: it waits from then on",
			codes:    join(placeCodes(), codes(auth.HandOverNotTaken)),
			endpoint: takes(confirmHandOver).requires("to")},
		{use: "StopHandOver", act: team.ActStopHandOver, who: enrolled, method: http.MethodDelete,
			path: "/shops/{shop}/hand-over", summary: "Stop the hand-over of the caller's own place",
			codes: codes(auth.NotFound, auth.RoleTooLow), endpoint: does(stopHandOver)},
		{use: "LookHandOver", act: team.ActOpen, who: holder, method: http.MethodPost, path: "/shop-hand-over",
			link: true, summary: "What the link of a hand-over is for; nothing is used up",
			codes: codes(auth.HandOverOver), endpoint: takes(lookHandOver).requires("link")},
		{use: "TakeHandOver", act: team.ActTakeOver, who: enrolled, method: http.MethodPost,
			path:    "/shop-hand-over/take",
			summary: "Take a shop over by the mailed link; its owner has to confirm it",
			codes: join(stepCodes(), codes(auth.HandOverOver, auth.HandOverOwn, auth.TooManyShops, auth.NotFound,
				auth.ChangePaused)),
			endpoint: takes(takeHandOver).requires("link")},
		{use: "HandOversTo", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/shop-hand-overs",
			summary: "The shops that the caller is taking over", endpoint: gives(handOversTo)},
		{use: "DeclineHandOver", act: team.ActStopHandOver, who: enrolled, method: http.MethodDelete,
			path: "/shop-hand-overs/{offer}", summary: "Take a shop over no more", codes: codes(auth.NotFound),
			endpoint: does(declineHandOver)},
	}
}

type (
	handOverBody    struct{ Email string }
	confirmOverBody struct{ To auth.AccountID }
	handOverList    struct{ HandOvers []team.HandOverInfo }
)

func handOver(x *request) (*team.HandOverInfo, error) {
	return x.s.shops.HandOver(x.r.Context(), x.caller, x.param("shop"))
}

func beginHandOver(x *request, in *handOverBody) (*team.HandOverInfo, error) {
	return x.s.shops.BeginHandOver(x.r.Context(), x.caller, x.param("shop"), in.Email)
}

func confirmHandOver(x *request, in *confirmOverBody) (*team.HandOverInfo, error) {
	return x.s.shops.ConfirmHandOver(x.r.Context(), x.caller, x.param("shop"), in.To)
}

func stopHandOver(x *request) error {
	return x.s.shops.StopHandOver(x.r.Context(), x.caller, x.param("shop"))
}

func lookHandOver(x *request, in *linkBody) (*team.OfferInfo, error) {
	return x.s.shops.LookHandOver(x.r.Context(), x.caller, in.Link)
}

func takeHandOver(x *request, in *linkBody) (*team.HandOverInfo, error) {
	return x.s.shops.TakeHandOver(x.r.Context(), x.caller, in.Link)
}

func handOversTo(x *request) (*handOverList, error) {
	list, err := x.s.shops.HandOversTo(x.r.Context(), x.caller)
	return &handOverList{list}, err
}

func declineHandOver(x *request) error {
	return x.s.shops.DeclineHandOver(x.r.Context(), x.caller, x.param("offer"))
}
