package server

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"reflect"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/strictjson"
	"github.com/latchkey-auth/latchkey/web"
)

// The four endpoints of FIDO's server conformance tests, in a lab alone. They know no password and no session
// beforehand: whoever names a user is let past the password, and from there on the service is its own self.
//
//	POST /attestation/options   user, made if unknown ─► session ─► BindBegin ────┐
//	POST /attestation/result    BindFinish ◄──────────────────────── cookie ◄─────┘
//	POST /assertion/options     user ─► past the password ─► SignInBegin ─────────┐   (no user: SignInKeyFirst)
//	POST /assertion/result      SignInFinish ─► session ◄──────────── cookie ◄────┘
//
// Requests are read as that interface writes them: unknown members pass, rawId may be missing, and the client's
// extension outputs are getClientExtensionResults. Answers have status "ok" or, with a status of HTTP that is no
// success, "failed", and an errorMessage.
func conformRoutes() []route {
	row := func(use, path, summary string, list []auth.Code, run func(*request, []byte) (any, error)) route {
		return route{use: use, act: lab.ActMake, who: tester, method: http.MethodPost, path: path, root: true, summary: summary,
			codes: list, endpoint: endpoint{out: shapeOf(typeConform), run: conforming(run)}}
	}
	return []route{
		row("BindBegin", "/attestation/options", "FIDO conformance: begin a registration", codes(auth.TooManyMethods, auth.AccountDisabled), attestationOptions),
		row("BindFinish", "/attestation/result", "FIDO conformance: finish it", join(sealedCodes(), keyCodes()), attestationResult),
		row("SignInBegin", "/assertion/options", "FIDO conformance: begin an authentication", codes(auth.NotFound, auth.NoSuchMethod, auth.AccountDisabled), assertionOptions),
		row("SignInFinish", "/assertion/result", "FIDO conformance: finish it", join(sealedCodes(), keyCodes()), assertionResult),
	}
}

// conformCookie holds the begun ceremony.
const conformCookie = "latchkey-conform"

// typeConform is the type of every answer that has no options.
var typeConform = reflect.TypeFor[conformInfo]()

// A conformInfo is how every answer begins.
type conformInfo struct {
	Status       string
	ErrorMessage string
	Code         auth.Code
	Step         string
}

// A conformOptions is what the options of either ceremony are asked with.
type conformOptions struct {
	UserName         string
	DisplayName      string
	Selection        json.RawMessage
	Attestation      string
	UserVerification string
	Extensions       json.RawMessage
}

// conforming wraps an endpoint: it plays with browsers, and refuses in the interface's own form.
func conforming(run func(*request, []byte) (any, error)) func(*request) error {
	return func(x *request) error {
		answer, err := func() (any, error) {
			if err := x.asBrowser(); err != nil {
				return nil, err
			}
			body, err := x.Body("application/json")
			if err != nil {
				return nil, err
			}
			return run(x, body)
		}()
		if err != nil {
			x.conformRefusal(err)
			return nil
		}
		raw, err := json.Marshal(answer)
		if err != nil {
			return err
		}
		x.Send(http.StatusOK, "application/json", raw)
		return nil
	}
}

// asBrowser treats the caller as a browser whatever he looks like: the interface goes by cookies.
func (x *request) asBrowser() error {
	x.program, x.caller.Token = false, ""
	x.caller.Request = "" // a tool that sends something twice wants to see the second refused
	if x.caller.Browser != "" {
		return nil
	}
	var err error
	if x.caller.Browser, err = x.s.front.Secret(); err == nil {
		x.keepBrowser()
	}
	return err
}

func (x *request) conformRefusal(err error) {
	e := x.refusal(err)
	status := x.deny(e)
	title, _ := x.s.texts.Problem(x.caller.Language, string(e.Code), x.says(e))
	code, step := e.Code, e.Step
	if e.Cause != "" {
		code = e.Cause
	}
	raw := shapeOf(typeConform).append(nil, &conformInfo{Status: "failed", ErrorMessage: string(code) + ": " + title, Code: code, Step: step})
	x.Send(status, "application/json", raw)
}

// conformFault is the answer to what strictjson refuses in a response.
func conformFault(err error) *auth.Error {
	if err == strictjson.ErrMalformed {
		return auth.Refuse(auth.KeyMalformed)
	}
	return auth.Refuse(auth.DuplicateMember)
}

// A conformSelection is the member authenticatorSelection of the options.
type conformSelection struct {
	Resident     string
	Require      bool
	Verification string
	Attachment   string
}

// readOptions reads what options are asked with, and the selection in it. Unknown members pass.
func readOptions(body []byte) (o conformOptions, sel conformSelection, err error) {
	members := func(b []byte, to map[string]any) error {
		return strictjson.Each(b, func(name, value []byte) error {
			if field := to[string(name)]; field != nil {
				return json.Unmarshal(value, field)
			}
			return nil
		})
	}
	err = members(body, map[string]any{"username": &o.UserName, "displayName": &o.DisplayName,
		"authenticatorSelection": &o.Selection, "attestation": &o.Attestation, "userVerification": &o.UserVerification,
		"extensions": &o.Extensions})
	if err == nil && len(o.Selection) > 0 && string(o.Selection) != "null" {
		err = members(o.Selection, map[string]any{"residentKey": &sel.Resident, "requireResidentKey": &sel.Require,
			"userVerification": &sel.Verification, "authenticatorAttachment": &sel.Attachment})
	}
	if err == nil {
		return o, sel, nil
	}
	if _, twice := err.(*strictjson.DuplicateError); twice {
		return o, sel, auth.Refuse(auth.DuplicateMember)
	}
	return o, sel, auth.Refuse(auth.MalformedRequest)
}

func attestationOptions(x *request, body []byte) (any, error) {
	o, sel, err := readOptions(body)
	if err != nil {
		return nil, err
	}
	if err := x.conformUser(o); err != nil {
		return nil, err
	}
	form := auth.BindForm{Kind: auth.WebAuthn, Verify: sel.Verification == "required", Attest: o.Attestation != "" && o.Attestation != "none",
		Resident: sel.Require || sel.Resident == "required"}
	if sel.Attachment == "platform" {
		form.Flavour = auth.Passkey
	}
	begun, err := x.s.service.BindBegin(x.r.Context(), x.caller, form)
	if err != nil {
		return nil, err
	}
	over := map[string]any{"extensions": o.Extensions, "authenticatorSelection": o.Selection}
	if o.Attestation != "" {
		over["attestation"] = o.Attestation
	}
	options, err := x.conformPrompt(begun, over)
	if err != nil {
		return nil, err
	}
	options["user"] = overlay(options["user"], map[string]any{"name": o.UserName, "displayName": o.DisplayName})
	return options, nil
}

// conformUser signs a user in who is made if there is none of that name, and puts the session into the caller.
func (x *request) conformUser(o conformOptions) error {
	if o.UserName == "" {
		return auth.RefuseField(auth.NameMissing, "username")
	}
	ctx := x.r.Context()
	info, err := x.s.lab.Session(ctx, x.caller, lab.FixtureID(o.UserName))
	if errors.Is(err, auth.Refuse(auth.NotFound)) {
		var made *lab.FixtureInfo
		made, err = x.s.lab.Make(ctx, x.caller, lab.AccountForm{Name: o.UserName, Session: true,
			Methods: []auth.MethodForm{{Kind: auth.TOTP}}}) // so that the first key is as any other
		if err == nil {
			info = &auth.SignInInfo{Token: made.Token, Session: made.Session}
		}
	}
	if err != nil {
		return err
	}
	return x.issueSession(&info.Token, info.Session)
}

// conformPrompt puts a challenge into its cookie and returns its options with others laid over them.
func (x *request) conformPrompt(c *auth.Challenge, over map[string]any) (map[string]any, error) {
	var prompt struct {
		PublicKey map[string]any `json:"publicKey"`
	}
	if err := json.Unmarshal(c.Prompt, &prompt); err != nil {
		return nil, err
	}
	x.put(conformCookie, c.Ceremony, flowLife)
	out := prompt.PublicKey
	for name, value := range over {
		if raw, ok := value.(json.RawMessage); !ok {
			out[name] = value
		} else if members := map[string]any{}; json.Unmarshal(raw, &members) == nil {
			out[name] = overlay(out[name], members)
		}
	}
	out["status"], out["errorMessage"] = "ok", ""
	return out, nil
}

// overlay lays members over those of an object.
func overlay(object any, members map[string]any) map[string]any {
	out, _ := object.(map[string]any)
	if out == nil {
		out = map[string]any{}
	}
	for name, value := range members {
		out[name] = value
	}
	return out
}

func attestationResult(x *request, body []byte) (any, error) {
	ceremony, response, err := x.conformResult(body, "7.1.3")
	if err != nil {
		return nil, err
	}
	if token, n := web.Cookie(x.r, x.s.cookieName(sessionCookie)); n == 1 {
		x.caller.Token = token
	}
	info, err := x.s.service.BindFinish(x.r.Context(), x.caller, auth.BindDone{Ceremony: ceremony, Response: response})
	if err != nil {
		return nil, err
	}
	return conformDone(), x.issueSession(&info.Token, info.Session)
}

func assertionOptions(x *request, body []byte) (any, error) {
	o, _, err := readOptions(body)
	if err != nil {
		return nil, err
	}
	ctx, verify := x.r.Context(), o.UserVerification == "required"
	var begun *auth.Challenge
	if o.UserName == "" {
		begun, err = x.s.service.SignInKeyFirst(ctx, x.caller, auth.KeyFirstForm{Verify: verify})
	} else {
		var flow *auth.SignInInfo
		if flow, err = x.s.lab.PastPassword(ctx, x.caller, lab.FixtureID(o.UserName)); err == nil {
			begun, err = x.s.service.SignInBegin(ctx, x.caller, flow.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn, Verify: verify})
		}
	}
	if err != nil {
		return nil, err
	}
	over := map[string]any{"extensions": o.Extensions}
	if o.UserVerification != "" {
		over["userVerification"] = o.UserVerification
	}
	return x.conformPrompt(begun, over)
}

func assertionResult(x *request, body []byte) (any, error) {
	ceremony, response, err := x.conformResult(body, "7.2.3")
	if err != nil {
		return nil, err
	}
	info, err := x.s.service.SignInFinish(x.r.Context(), x.caller, ceremony, response)
	if err != nil {
		return nil, err
	}
	return conformDone(), x.issueSession(&info.Token, info.Session)
}

func conformDone() any { return map[string]string{"status": "ok", "errorMessage": ""} }

// conformResult returns the begun ceremony and the response as browsers write it. The step of Level 3 asks for its
// form.
func (x *request) conformResult(body []byte, step string) (ceremony string, response []byte, err error) {
	ceremony, n := web.Cookie(x.r, x.s.cookieName(conformCookie))
	if n != 1 {
		return "", nil, auth.Refuse(auth.CeremonyOtherBrowser)
	}
	if response, err = browserForm(body); err != nil {
		return "", nil, conformFault(err).In(step)
	}
	return ceremony, response, nil
}

// browserForm adds what the interface leaves out or names otherwise: rawId, which says the same as id, and
// clientExtensionResults. Everything else stays as it was sent, for the factor to judge.
func browserForm(body []byte) ([]byte, error) {
	body = bytes.TrimSpace(body)
	members := map[string][]byte{}
	if err := strictjson.Each(body, func(name, value []byte) error {
		members[string(name)] = value
		return nil
	}); err != nil {
		return nil, err
	}
	out := bytes.Clone(body[:len(body)-1])
	add := func(name string, value []byte) {
		if members[name] == nil && value != nil {
			if len(members) > 0 {
				out = append(out, ',')
			}
			out = append(append(append(out, '"'), name...), `":`...)
			out = append(out, value...)
		}
	}
	add("rawId", members["id"])
	add("clientExtensionResults", members["getClientExtensionResults"])
	return append(out, '}'), nil
}
