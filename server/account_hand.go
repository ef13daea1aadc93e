package server

import (
	"net/http"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// accountHandRoutes are an account that gets another owner, for both sides.
func accountHandRoutes() []route {
	return []route{
		{use: "AccountHandOver", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/account-hand-over",
			summary: "The hand-over of the caller's account that is under way", codes: codes(auth.NotFound),
			endpoint: gives(accountHandOver)},
		{use: "HandAccountOver", act: team.ActHandAccount, who: enrolled, method: http.MethodPost,
			path:    "/account-hand-over",
			summary: "Mail a link by which somebody else takes the caller's account over",
			codes: join(stepCodes(), codes(auth.HandOverInShop, auth.HandOverCooling, auth.ChangePending,
				auth.ChangePaused, auth.EmailMalformed, auth.ResendTooSoon, auth.SendLimitReached)),
			endpoint: takes(handAccountOver).requires("email")},
		{use: "ConfirmAccount", act: team.ActConfirmAccount, who: enrolled, method: http.MethodPost,
			path:    "/account-hand-over/confirm",
			summary: "Say, by the signs that the new owner reads out, that it is he: it waits from then on",
			codes: join(stepCodes(), codes(auth.NotFound, auth.HandOverNotTaken, auth.HandOverSignsWrong,
				auth.ChangePaused)),
			endpoint: takes(confirmAccount).requires("signs")},
		{use: "StopAccount", act: team.ActStopAccount, who: enrolled, method: http.MethodDelete,
			path: "/account-hand-over", summary: "Stop the hand-over of the caller's account",
			codes: codes(auth.NotFound), endpoint: does(stopAccount)},
		{use: "LookAccountOffer", act: team.ActOpen, who: holder, method: http.MethodPost, path: "/account-offer/look",
			link: true, summary: "What the link of an account's hand-over is for; nothing is used up",
			codes: codes(auth.HandOverOver), endpoint: takes(lookAccountOffer).requires("link")},
		{use: "SignUpOffered", act: team.ActSignUp, who: holder, method: http.MethodPost,
			path: "/account-offer/sign-up", link: true,
			summary:  "A link to sign up with, for the mailbox that the link went to",
			codes:    codes(auth.HandOverOver, auth.SignedUp),
			endpoint: takes(signUpOffered).requires("link")},
		{use: "MyAccountOffer", act: team.ActLook, who: enrolled, method: http.MethodGet, path: "/account-offer",
			summary: "The account that the caller takes over, or may: his own was made for it",
			codes:   codes(auth.NotFound), endpoint: gives(myAccountOffer)},
		{use: "TakeAccount", act: team.ActTakeAccount, who: enrolled, method: http.MethodPost,
			path:    "/account-offer/take",
			summary: "Take an account over; without a link, the one that the caller's was made for",
			codes: join(stepCodes(), codes(auth.NotFound, auth.HandOverOver, auth.HandOverOther, auth.HandOverInShop,
				auth.ChangePaused)),
			endpoint: takes(takeAccount)},
		{use: "DeclineAccount", act: team.ActStopAccount, who: enrolled, method: http.MethodDelete,
			path: "/account-offer", summary: "Take the account over no more", codes: codes(auth.NotFound),
			endpoint: does(declineAccount)},
	}
}

type signsBody struct{ Signs string }

func accountHandOver(x *request) (*team.AccountHandOver, error) {
	return x.s.shops.AccountHandOver(x.r.Context(), x.caller)
}

func handAccountOver(x *request, in *handOverBody) (*team.AccountHandOver, error) {
	return x.s.shops.HandAccountOver(x.r.Context(), x.caller, in.Email)
}

func confirmAccount(x *request, in *signsBody) (*team.AccountHandOver, error) {
	return x.s.shops.ConfirmAccount(x.r.Context(), x.caller, in.Signs)
}

func stopAccount(x *request) error { return x.s.shops.StopAccount(x.r.Context(), x.caller) }

func lookAccountOffer(x *request, in *linkBody) (*team.AccountOffer, error) {
	return x.s.shops.LookAccountOffer(x.r.Context(), x.caller, in.Link)
}

func signUpOffered(x *request, in *linkBody) (*linkInfo, error) {
	link, err := x.s.shops.SignUpOffered(x.r.Context(), x.caller, in.Link)
	return &linkInfo{link}, err
}

func myAccountOffer(x *request) (*team.AccountHandOver, error) {
	return x.s.shops.MyAccountOffer(x.r.Context(), x.caller)
}

func takeAccount(x *request, in *linkBody) (*team.AccountHandOver, error) {
	return x.s.shops.TakeAccount(x.r.Context(), x.caller, in.Link)
}

func declineAccount(x *request) error { return x.s.shops.DeclineAccount(x.r.Context(), x.caller) }
