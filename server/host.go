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
	}
}

type valueBody struct{ Value int }

// setValue is for the marketplace's own program alone, which shows its token.
func setValue(x *request, in *valueBody) error {
	token := x.s.config.HostToken
	if token == "" || subtle.ConstantTimeCompare([]byte(bearer(x.r)), []byte(token)) == 0 {
		return auth.Refuse(auth.Forbidden)
	}
	return x.s.shops.SetValue(x.r.Context(), x.caller, x.param("shop"), int64(in.Value))
}
