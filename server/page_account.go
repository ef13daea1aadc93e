package server

import (
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

func sessionsPage(x *request) error {
	list, err := x.s.service.Sessions(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	v := &assets.Sessions{Frame: f}
	slices.SortStableFunc(list, func(a, b auth.SessionInfo) int {
		switch {
		case a.Current == b.Current:
			return 0
		case a.Current:
			return -1
		}
		return 1
	})
	for _, s := range list {
		v.Sessions = append(v.Sessions, assets.Session{ID: s.ID, Browser: s.Agent, Place: s.IP, Since: s.Opened,
			Used: s.Seen,
			Way:  assets.Way(methodUsed(x.s.methods, s.Kind, s.Flavour, s.Channel).Face.Way),
			Kept: s.Remember, Current: s.Current})
	}
	return x.show(http.StatusOK, v)
}

func endSessionPost(x *request) error {
	if err := x.s.service.EndSession(x.r.Context(), x.caller, x.param("id")); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "session-ended"})
	return toSessions(x)
}

func endOthersPost(x *request) error {
	if err := x.s.service.EndOtherSessions(x.r.Context(), x.caller); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: "sessions-ended"})
	return toSessions(x)
}

func browsersPage(x *request) error {
	list, err := x.s.service.Browsers(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	v := &assets.Browsers{Frame: f, Days: days(x.s.config.Policy.TrustLife)}
	for _, b := range list {
		if !b.TrustedUntil.IsZero() {
			v.Browsers = append(v.Browsers, assets.Browser{ID: b.ID, Browser: b.Agent, Since: b.FirstAt, Used: b.SeenAt,
				Until: b.TrustedUntil, Current: b.Current})
		}
	}
	return x.show(http.StatusOK, v)
}

// forgetPost ends trust in one browser, or in all where the path names none.
func forgetPost(x *request) error {
	if err := x.s.service.ForgetBrowser(x.r.Context(), x.caller, x.param("id")); err != nil {
		return err
	}
	x.leaveFlash(flash{Key: map[bool]string{true: "browsers-ended", false: "browser-ended"}[x.param("id") == ""]})
	return toBrowsers(x)
}
