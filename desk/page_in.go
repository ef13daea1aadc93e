package desk

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/staff"
)

const signOutPath = "/desk/sign-out"

func inPages() []page {
	return []page{
		{path: "/desk", act: staff.ActMe, get: func(x *exchange) error { return x.redirect(x.home(x.me.Role)) }},
		{path: "/desk/sign-in", get: signInPage, post: signInPost},
		{path: "/desk/sign-in/key", back: "/desk/sign-in/key", get: signInKeyPage, post: signInKeyPost},
		{path: "/desk/join/{link}", back: "/desk/join/{link}", get: joinPage, post: joinPost},
		{path: "/desk/keys", act: staff.ActAddKey, back: "/desk/keys", get: keysPage, post: keysPost},
		{path: "/desk/keys/sessions", act: staff.ActEndOwn, back: "/desk/keys", post: ownPost},
		{path: "/desk/keys/{id}/remove", act: staff.ActRemoveKey, get: removeAsk, post: removePost},
		{path: "/desk/touch", act: staff.ActTouch, get: touchPage, post: touchPost},
		{path: signOutPath, back: "/desk/sign-in", post: signOutPost},
	}
}

// prompt is a ceremony of the browser as a page carries it.
func prompt(p *staff.Prompt) *assets.KeyPrompt {
	var options struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	var timeout struct {
		Timeout int `json:"timeout"`
	}
	if json.Unmarshal(p.Options, &options) != nil || json.Unmarshal(options.PublicKey, &timeout) != nil {
		return nil
	}
	return &assets.KeyPrompt{Options: string(options.PublicKey), Ceremony: p.Ceremony, Seconds: timeout.Timeout / 1000,
		PIN: "required"}
}

// response is the key's answer in the form. The factor reads it strictly.
func (x *exchange) response() json.RawMessage {
	if text := x.field("response"); strings.HasPrefix(text, "{") {
		return json.RawMessage(text)
	}
	return json.RawMessage("null")
}

func signInPage(x *exchange) error {
	if x.caller.Token != "" {
		if _, err := x.d.Staff.Me(x.r.Context(), x.caller); err == nil {
			return x.redirect("/desk")
		}
	}
	return x.show(http.StatusOK, &assets.DeskSignIn{Frame: x.frame(), Email: x.posted.Get("email")})
}

func signInPost(x *exchange) error {
	email := x.field("email")
	if _, err := ident.ParseEmail(email); err != nil {
		return auth.RefuseTyped(err)
	}
	x.seal(whoCookie, email, flowLife)
	return x.redirect("/desk/sign-in/key")
}

func signInKeyPage(x *exchange) error {
	var email string
	if !x.opened(whoCookie, &email) {
		return x.redirect("/desk/sign-in")
	}
	p, err := x.d.Staff.SignIn(x.r.Context(), x.caller, email)
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.DeskKey{Frame: x.frame(), Action: "/desk/sign-in/key", Key: prompt(p),
		Email: email})
}

func signInKeyPost(x *exchange) error {
	done, err := x.d.Staff.FinishSignIn(x.r.Context(), x.caller, x.field("ceremony"), x.response())
	if err != nil {
		return err
	}
	x.put(sessionCookie, done.Token, 0)
	x.drop(whoCookie)
	return x.redirect("/desk")
}

// joinPage shows who is invited, and asks for the first key.
func joinPage(x *exchange) error {
	link := x.r.PathValue("link")
	v := &assets.DeskJoin{Frame: x.frame(), Link: link}
	info, err := x.d.Staff.Invited(x.r.Context(), x.caller, link)
	if err != nil {
		return err
	}
	p, err := x.d.Staff.Join(x.r.Context(), x.caller, link)
	if err != nil {
		return err
	}
	v.Name, v.Email = info.Name, info.Email
	v.Role, v.Again = string(info.Role), info.Again
	v.Key = prompt(p)
	return x.show(http.StatusOK, v)
}

func joinPost(x *exchange) error {
	done, err := x.d.Staff.FinishJoin(x.r.Context(), x.caller, x.r.PathValue("link"), x.field("ceremony"), x.response())
	if err != nil {
		return err
	}
	x.put(sessionCookie, done.Token, 0)
	return x.redirect("/desk/keys")
}

func keysPage(x *exchange) error {
	v := &assets.DeskKeys{Frame: x.frame(), Ready: x.me.Ready}
	working := 0
	for _, k := range x.me.Keys {
		if !k.Frozen {
			working++
		}
	}
	for _, k := range x.me.Keys {
		v.Keys = append(v.Keys, assets.Method{ID: k.ID, Way: assets.WayKey, Model: k.Model, Made: k.BoundAt,
			Used: k.UsedAt})
		v.Removable = append(v.Removable, k.Frozen && working >= 2 || !k.Frozen && working > 2)
	}
	sessions, err := x.d.Staff.Sessions(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	for _, s := range sessions {
		v.Sessions = append(v.Sessions, assets.DeskSession{ID: s.ID, Browser: s.Agent, Seen: s.SeenAt, Own: s.Own})
	}
	p, err := x.d.Staff.AddKey(x.r.Context(), x.caller)
	if err == nil {
		v.Key = prompt(p)
	} else if e, ok := errors.AsType[*auth.Error](err); !ok || e.Code != auth.StepUpRequired {
		return err
	}
	return x.show(http.StatusOK, v)
}

// ownPost ends the caller's other sessions, or one of them.
func ownPost(x *exchange) error {
	if err := x.d.Staff.EndOwnSessions(x.r.Context(), x.caller, x.field("session")); err != nil {
		return err
	}
	return x.done("/desk/keys", "desk-own-ended", "")
}

// removeAsk asks first.
func removeAsk(x *exchange) error {
	return x.show(http.StatusOK, x.asks("desk-ask.remove-key", "/desk/keys"))
}

func removePost(x *exchange) error {
	if err := x.d.Staff.RemoveKey(x.r.Context(), x.caller, x.r.PathValue("id")); err != nil {
		return err
	}
	return x.done("/desk/keys", "desk-key-removed", "") // or to the sign-in, if that was by this key
}

func keysPost(x *exchange) error {
	me, err := x.d.Staff.FinishAddKey(x.r.Context(), x.caller, x.field("ceremony"), x.response())
	if err != nil {
		return err
	}
	if len(me.Keys) == 2 {
		return x.done(x.home(me.Role), "desk-ready", "")
	}
	return x.done("/desk/keys", "desk-key-added", "")
}

// home is the first page of a role.
func (x *exchange) home(r staff.Role) string {
	for _, l := range stations() {
		if x.d.Staff.May(r, l.act) {
			return l.path
		}
	}
	return "/desk/keys"
}

// touchPage asks for a key again before what cannot be taken back.
func touchPage(x *exchange) error {
	p, err := x.d.Staff.Touch(x.r.Context(), x.caller)
	if err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.DeskKey{Frame: x.frame(), Action: "/desk/touch", Key: prompt(p),
		Next: next(x.r.URL.Query().Get("next")), Touch: true})
}

func touchPost(x *exchange) error {
	if err := x.d.Staff.FinishTouch(x.r.Context(), x.caller, x.field("ceremony"), x.response()); err != nil {
		return err
	}
	return x.redirect(next(x.field("next")))
}

// next is where a touch leads on to: a page of the desk, and nothing else.
func next(path string) string {
	if path != "/desk" && !strings.HasPrefix(path, "/desk/") || strings.ContainsAny(path, "\\\r\n\t\x00") ||
		strings.Contains(path, "..") {
		return "/desk"
	}
	return path
}

func signOutPost(x *exchange) error {
	_ = x.d.Staff.SignOut(x.r.Context(), x.caller) // a session that is over is out already
	for _, name := range []string{sessionCookie, whoCookie, toldCookie} {
		x.drop(name)
	}
	return x.redirect("/desk/sign-in")
}
