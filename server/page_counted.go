package server

import (
	"encoding/json"
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/web"
)

// countedPages are those that set up what two codes in a row bind: touch codes of a key, and a hardware token.
func countedPages() []page {
	return []page{
		{path: "/security/keys/{id}/touch-code/new", who: enrolled, what: "add-touch",
			uses: []string{"Security", "BindBegin", "BindFinish"}, get: touchNewPage, post: touchNewPost},
		{path: "/security/token/new", who: session, what: "add-token", uses: []string{"BindBegin", "BindFinish"},
			get: tokenNewPage, post: tokenNewPost},
	}
}

// pairJSON is what a form says with two codes.
func (x *request) pairJSON() json.RawMessage {
	raw, _ := json.Marshal(auth.PairResponse{Code: x.field("code"), Second: x.field("second")}) // it cannot fail
	return raw
}

// typingKey is the key of the address, if it is one that can type: a stick.
func (x *request) typingKey() (*auth.AuthenticatorInfo, *auth.SecurityInfo, error) {
	a, info, err := x.authenticator("keys", x.param("id"))
	if err == nil && a.DeviceKind != auth.Stick {
		return nil, nil, auth.Refuse(auth.NoSuchMethod)
	}
	return a, info, err
}

// touchNewPage shows a new secret, or the one that is on its way to the key already: a reload must not make worthless
// what was just saved on it.
func touchNewPage(x *request) error {
	a, info, err := x.typingKey()
	if err != nil {
		return err
	}
	packed, raw := x.underWay(touchSeal + a.ID)
	if raw == nil {
		ch, err := x.s.service.BindBegin(x.r.Context(), x.caller, auth.BindForm{Kind: auth.HOTP})
		if err != nil {
			return err
		}
		packed, raw = packPrompt(ch), ch.Prompt
		x.keepUnderWay(touchSeal+a.ID, packed)
	}
	var prompt struct{ Secret, Hex, URI string }
	if err := json.Unmarshal(raw, &prompt); err != nil {
		return auth.Refuse(auth.CeremonyOtherBrowser)
	}
	return x.show(http.StatusOK, &assets.TouchNew{Frame: x.frameOf(&info.Me), Key: x.s.method(a), Ceremony: packed,
		URL: prompt.URI, Secret: prompt.Secret, Hex: prompt.Hex})
}

// touchSeal begins what the cookie of touch codes on their way is sealed for; the key follows.
const touchSeal = "touch/"

func touchNewPost(x *request) error {
	a, _, err := x.typingKey()
	if err != nil {
		return err
	}
	packed := x.field("ceremony")
	ceremony, _ := unpackPrompt(packed)
	info, err := x.bind(auth.BindDone{Ceremony: ceremony, Device: a.Device, Response: x.pairJSON()})
	if err != nil {
		if !startAgain(err) {
			x.keepUnderWay(touchSeal+a.ID, packed)
		}
		return x.refuseTo(x.local(), err)
	}
	x.leaveFlash(flash{Key: x.s.methods.Of(auth.HOTP, info.Authenticator.Flavour).Face.Made, Name: info.Authenticator.Name})
	return x.redirect("/security/keys/" + a.ID)
}

// tokenNewPage asks for the number on a token and two of its codes, where tokens can be claimed.
func tokenNewPage(x *request) error {
	if !x.s.methods.Of(auth.HOTP, auth.HardwareToken).Served {
		return auth.Refuse(auth.NotFound)
	}
	f, err := x.signedFrame()
	if err != nil {
		return err
	}
	if err := x.mayAdd(); err != nil {
		return err
	}
	return x.show(http.StatusOK, &assets.TokenNew{Frame: f, Serial: x.field("serial"), Step: x.step(f), Backup: x.backup()})
}

// tokenNewPost claims it. The same form sent twice begins once: the domain knows the request again.
func tokenNewPost(x *request) error {
	info, err := x.claim(x.field("serial"))
	if err != nil {
		return x.refuseTo(x.asBackup("/security/token/new"), err)
	}
	return x.added(info)
}

func (x *request) claim(serial string) (*auth.BindInfo, error) {
	if serial == "" { // else it would begin touch codes
		return nil, auth.RefuseField(auth.SerialMalformed, "serial")
	}
	ch, err := x.s.service.BindBegin(x.r.Context(), x.caller, auth.BindForm{Kind: auth.HOTP, Serial: serial})
	if err != nil {
		return nil, err
	}
	return x.bind(auth.BindDone{Ceremony: ch.Ceremony, Response: x.pairJSON()})
}

// keptOn are the codes that live on a key, as its page lists them.
func (s *Server) keptOn(key *auth.AuthenticatorInfo, list []auth.AuthenticatorInfo) []assets.Method {
	var out []assets.Method
	for i := range list {
		if o := &list[i]; o.Device == key.Device && s.onStick(o, list) {
			m := s.method(o)
			m.Name = ""
			out = append(out, m)
		}
	}
	return out
}

// canType are the codes that a key may be given: it is a stick, the site has them, and it has none of them yet.
func (s *Server) canType(key *auth.AuthenticatorInfo, list []auth.AuthenticatorInfo) []assets.Way {
	var out []assets.Way
	for i := range s.methods {
		row := &s.methods[i]
		has := slices.ContainsFunc(list, func(o auth.AuthenticatorInfo) bool {
			return o.Device == key.Device && s.methods.Of(o.Kind, o.Flavour) == row
		})
		if row.Joins && row.Served && key.DeviceKind == auth.Stick && !has {
			out = append(out, assets.Way(row.Face.Way))
		}
	}
	return out
}

// keepUnderWay leaves what is being set up with the browser, as its form carries it.
func (x *request) keepUnderWay(what, packed string) {
	if text, err := x.s.service.SealForBrowser(x.caller, what, []byte(packed)); err == nil && len(text) <= maxFlash {
		x.put(appCookie, text, flowLife)
	}
}

// underWay is what this session has begun to set up, as the form carries it, while it can be finished.
func (x *request) underWay(what string) (packed string, prompt json.RawMessage) {
	text, n := web.Cookie(x.r, x.s.cookieName(appCookie))
	if n == 0 {
		return "", nil
	}
	raw, err := x.s.service.OpenForBrowser(x.caller, what, text)
	if err != nil {
		return "", nil
	}
	ceremony, prompt := unpackPrompt(string(raw))
	if _, err := x.s.service.Challenge(x.r.Context(), x.caller, auth.ForBind, ceremony); err != nil {
		return "", nil
	}
	return string(raw), prompt
}
