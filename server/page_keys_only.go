package server

import (
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// This file is keys-only protection: over the API and on pages.

func keysOnlyRoutes() []route {
	return []route{
		{use: "KeysOnly", act: auth.ActLookKeysOnly, who: enrolled, method: http.MethodGet, path: "/keys-only",
			summary: "Whether security keys alone open the caller's account", endpoint: gives(keysOnly)},
		{use: "SwitchKeysOnly", act: auth.ActKeysOnly, who: enrolled, method: http.MethodPost, path: "/keys-only",
			summary: "Have nothing but security keys open the caller's account",
			codes: join(stepCodes(), codes(auth.KeysOnlyNeedsKeys, auth.KeysOnlyNotUnderstood,
				auth.ChangePaused)),
			endpoint: takes(switchKeysOnly).requires("understood")},
		{use: "EndKeysOnly", act: auth.ActKeysOnlyOff, who: enrolled, method: http.MethodDelete, path: "/keys-only",
			summary:  "Have the caller's other methods open his account again, after a delay",
			codes:    join(stepCodes(), codes(auth.KeysOnlyNeedsKeys, auth.ChangePaused, auth.NotFound)),
			endpoint: gives(endKeysOnly)},
	}
}

type keysOnlyBody struct{ Understood bool }

func keysOnly(x *request) (*auth.KeysOnlyInfo, error) {
	return x.s.service.KeysOnly(x.r.Context(), x.caller)
}

func switchKeysOnly(x *request, in *keysOnlyBody) (*auth.KeysOnlyInfo, error) {
	return x.s.service.SwitchKeysOnly(x.r.Context(), x.caller, in.Understood)
}

func endKeysOnly(x *request) (*auth.KeysOnlyInfo, error) {
	return x.s.service.EndKeysOnly(x.r.Context(), x.caller)
}

func keysOnlyPages() []page {
	return []page{
		{path: "/security/keys-only", who: enrolled, what: "keys-only",
			uses: []string{"StepUp", "KeysOnly", "SwitchKeysOnly"}, get: keysOnlyPage, post: keysOnlyPost},
		{path: "/security/keys-only/off", who: enrolled, what: "keys-only-off",
			uses: []string{"StepUp", "KeysOnly", "EndKeysOnly"}, get: keysOnlyOffPage, post: keysOnlyOffPost},
	}
}

// keysOnlyPage says what the protection costs, or how it stands. Who has too few keys is told so before he is asked
// for anything.
func keysOnlyPage(x *request) error {
	info, err := keysOnly(x)
	if err != nil {
		return err
	}
	if !info.On && info.Keys >= info.Wanted {
		if err := x.mayNow(auth.ActKeysOnly); err != nil {
			return err
		}
	}
	return x.showKeysOnly(info, false)
}

func (x *request) showKeysOnly(info *auth.KeysOnlyInfo, off bool) error {
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.KeysOnly{Frame: f, Since: info.Since, Keys: info.Keys, Wanted: info.Wanted,
		From: info.From, Due: info.Due, Change: info.Change, Off: off,
		Hours: int(x.s.config.Policy.RemovalDelay.Hours())})
}

func keysOnlyPost(x *request) error {
	in := &keysOnlyBody{Understood: x.field("understood") == "yes"}
	if _, err := switchKeysOnly(x, in); err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "keys-only"})
	return x.redirect("/security/keys-only")
}

// keysOnlyOffPage asks before the protection ends. Where it does not hold, or ends already, the page before says so.
func keysOnlyOffPage(x *request) error {
	info, err := keysOnly(x)
	if err != nil {
		return err
	}
	if !info.On || info.Change != "" {
		return x.redirect("/security/keys-only")
	}
	if err := x.mayNow(auth.ActKeysOnlyOff); err != nil {
		return err
	}
	return x.showKeysOnly(info, true)
}

func keysOnlyOffPost(x *request) error {
	info, err := endKeysOnly(x)
	if err != nil {
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: "keys-only-ends", Time: info.Due})
	return x.redirect("/security/keys-only")
}

// toldApart reports whether a change that waits is told in words of its own: it is no removal.
func toldApart(what string) bool {
	return strings.HasPrefix(what, "contact") || strings.HasPrefix(what, "hand-over") || what == "keys-only-off"
}
