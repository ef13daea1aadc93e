package server

import (
	"crypto/subtle"
	"net/http"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// hostRoutes are for the marketplace's own program, which shows its token. It is no seller, and has no session.
func hostRoutes() []route {
	return []route{
		{use: "SetValue", act: team.ActValue, who: host, method: http.MethodPut, path: "/shops/{shop}/value",
			summary: "Say what a shop is worth to the marketplace, in a unit of its own; 0 is nothing said",
			codes:   codes(auth.Forbidden, auth.NotFound), endpoint: doesWith(setValue).requires("value")},
		{use: "AccountState", act: auth.ActLookAccount, who: host, method: http.MethodGet,
			path:    "/accounts/{account}",
			summary: "Whether there is an account, and when it is closed if its owner has asked for that",
			codes:   codes(auth.Forbidden, auth.NotFound), endpoint: gives(accountState)},
	}
}

type valueBody struct{ Value int }

func setValue(x *request, in *valueBody) error {
	if err := x.mustBeHost(); err != nil {
		return err
	}
	return x.s.shops.SetValue(x.r.Context(), x.caller, x.param("shop"), int64(in.Value))
}

func accountState(x *request) (*auth.AccountState, error) {
	if err := x.mustBeHost(); err != nil {
		return nil, err
	}
	return x.s.service.AccountState(x.r.Context(), auth.AccountID(x.param("account")))
}

// mustBeHost refuses everybody but the marketplace's own program.
func (x *request) mustBeHost() error {
	token := x.s.config.HostToken
	if token == "" || subtle.ConstantTimeCompare([]byte(bearer(x.r)), []byte(token)) == 0 {
		return auth.Refuse(auth.Forbidden)
	}
	return nil
}
