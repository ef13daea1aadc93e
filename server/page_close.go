package server

import (
	"errors"
	"net/http"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// This file is how a person closes his account, and keeps it: over the API and on pages. What the marketplace's
// own program asks about it is in host.go.

func closingRoutes() []route {
	return []route{
		{use: "Closing", act: auth.ActLookClosing, who: session, method: http.MethodGet,
			path: "/account-closing", summary: "When the caller's account is closed, if that was asked for", codes: codes(auth.NotFound),
			endpoint: gives(closing)},
		{use: "CloseAccount", act: auth.ActClose, who: enrolled, method: http.MethodPost,
			path: "/account-closing", summary: "Have the caller's account closed, with all that belongs to it, once its time has passed",
			codes: join(stepCodes(), codes(auth.ClosingNotUnderstood, auth.ClosingInShop, auth.ClosingHandOver,
				auth.ClosingChangePending, auth.ClosingCooling, auth.AccountDisputed, auth.ChangePaused,
				auth.SendLimitReached)),
			endpoint: takes(closeAccount).requires("understood")},
		{use: "KeepAccount", act: auth.ActKeep, who: session, method: http.MethodDelete,
			path: "/account-closing", summary: "Keep the account that was to be closed", codes: codes(auth.NotFound),
			endpoint: does(keepAccount)},
	}
}

type closingBody struct{ Understood bool }

func closing(x *request) (*auth.ClosingInfo, error) {
	return x.s.service.Closing(x.r.Context(), x.caller)
}

func closeAccount(x *request, in *closingBody) (*auth.ClosingInfo, error) {
	return x.s.service.CloseAccount(x.r.Context(), x.caller, in.Understood)
}

func keepAccount(x *request) error { return x.s.service.KeepAccount(x.r.Context(), x.caller) }

func closingPages() []page {
	return []page{
		{path: "/security/close", who: enrolled, what: "close",
			uses: []string{"StepUp", "Closing", "MayClose", "CloseAccount"}, get: closePage, post: closePost},
		{path: "/security/close/keep", who: session, uses: []string{"KeepAccount"}, get: toOverview,
			post: keepAccountPost},
	}
}

// closePage says what closing means, or when it will be. Who cannot is told what is in the way before he is
// asked for anything.
func closePage(x *request) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	v := &assets.CloseAccount{Frame: f, Days: days(x.s.service.ClosingDelay())}
	info, err := closing(x)
	if err == nil {
		v.Due, v.PutOff = info.Due, info.PutOff
		return x.show(http.StatusOK, v)
	}
	if !errors.Is(err, auth.Refuse(auth.NotFound)) {
		return err
	}
	var barred *auth.Error
	if err := x.s.service.MayClose(x.r.Context(), x.caller); errors.As(err, &barred) {
		v.Barred, v.Until = string(barred.Code), barred.Until
		return x.show(http.StatusOK, v)
	} else if err != nil {
		return err
	}
	if err := x.mayNow(auth.ActClose); err != nil {
		return err
	}
	return x.show(http.StatusOK, v)
}

func closePost(x *request) error {
	in := &closingBody{Understood: x.field("understood") == "yes"}
	info, err := closeAccount(x, in)
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "closing-asked", Time: info.Due})
	return toOverview(x)
}

func keepAccountPost(x *request) error { return x.toldOn("/security", "account-kept", keepAccount(x)) }
