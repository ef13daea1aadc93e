package conform

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"slices"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// FIDO reaches a relying party by the interface of the FIDO conformance tools, as the transport binding profile of
// "Server Requirements and Transport Binding Profile" lays it down:
//
//	POST /attestation/options  {username, displayName, authenticatorSelection, attestation}  -> options and status "ok"
//	POST /attestation/result   the registration response                                     -> {"status":"ok","errorMessage":""}
//	POST /assertion/options    {username, userVerification}                                  -> options and status "ok"
//	POST /assertion/result     the assertion                                                 -> {"status":"ok","errorMessage":""}
//
// A refusal is another status than "ok", or an HTTP status that is not 2xx; its members code and step are read where
// a server has them.
type FIDO struct {
	Target Target

	// Features that the relying party offers; nil: those of the interface itself.
	Features []fault.Feature

	// NoRawID leaves out rawId where it repeats id, as old versions of the tools did.
	NoRawID bool
}

// Open checks the target and returns it as a party.
func (f FIDO) Open() (fault.Party, error) {
	w, err := f.Target.open()
	if err != nil {
		return nil, err
	}
	features := f.Features
	if features == nil {
		features = []fault.Feature{
			fault.Verification, fault.SecondVisit, fault.SecondKey, fault.Attestation, fault.UniqueIDs, fault.SignCounter,
		}
	}
	features = append(slices.Clone(features), fault.BareID) // ServerPublicKeyCredential has no rawId
	return &fidoParty{web: w, about: w.about(features), noRawID: f.NoRawID}, nil
}

type fidoParty struct {
	web     *web
	about   fault.About
	noRawID bool
}

// About tells origin, RP ID and features.
func (p *fidoParty) About() fault.About { return p.about }

// Visit makes a user out of a name: the interface has no accounts beside usernames.
func (p *fidoParty) Visit(_ context.Context, name string) (fault.Visit, error) {
	return &fidoVisit{party: p, browser: p.web.browser(), name: name}, nil
}

type fidoVisit struct {
	party   *fidoParty
	browser *browser
	name    string
}

// fidoSelection is AuthenticatorSelectionCriteria as the options requests carry it.
type fidoSelection struct {
	RequireResidentKey bool   `json:"requireResidentKey"`
	ResidentKey        string `json:"residentKey"`
	UserVerification   string `json:"userVerification"`
}

func verification(w fault.Wish) string {
	if w.Verify {
		return "required"
	}
	return "preferred"
}

// RegisterBegin asks for creation options.
func (v *fidoVisit) RegisterBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	selection := fidoSelection{ResidentKey: "discouraged", UserVerification: verification(w)}
	if w.Discoverable {
		selection.ResidentKey, selection.RequireResidentKey = "required", true
	}
	conveyance := "none"
	if v.party.about.Has(fault.Attestation) {
		conveyance = "direct"
	}
	return v.begin(ctx, "/attestation/options", map[string]any{
		"username": v.name, "displayName": v.name, "attestation": conveyance, "authenticatorSelection": selection,
	})
}

// SignInBegin asks for request options; without a username for a discoverable credential.
func (v *fidoVisit) SignInBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	body := map[string]any{"userVerification": verification(w)}
	if !w.Discoverable {
		body["username"] = v.name
	}
	return v.begin(ctx, "/assertion/options", body)
}

func (v *fidoVisit) begin(ctx context.Context, path string, members map[string]any) (*fault.Begun, error) {
	body, err := json.Marshal(members)
	if err != nil {
		return nil, err
	}
	r, err := v.browser.do(ctx, request{method: http.MethodPost, path: path, body: body})
	if err != nil {
		return nil, err
	}
	object, ok := decodeObject(r.body)
	if !ok || r.status/100 != 2 || object["status"] != "ok" {
		return nil, r.refused("asking for options")
	}
	return &fault.Begun{Options: Unpadded(r.body)}, nil
}

// RegisterFinish posts a registration response.
func (v *fidoVisit) RegisterFinish(ctx context.Context, _ *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(ctx, "/attestation/result", response)
}

// SignInFinish posts an assertion.
func (v *fidoVisit) SignInFinish(ctx context.Context, _ *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(ctx, "/assertion/result", response)
}

func (v *fidoVisit) finish(ctx context.Context, path string, response []byte) (*fault.Answer, error) {
	body := fidoCredential(response, v.party.noRawID)
	r, err := v.browser.do(ctx, request{method: http.MethodPost, path: path, body: body})
	if err != nil {
		return nil, err
	}
	a := r.answer()
	object, ok := decodeObject(r.body)
	if !ok && r.status/100 == 2 {
		return nil, r.refused("reading the answer")
	}
	a.Accepted = r.status/100 == 2 && object["status"] == "ok"
	a.Code, a.Step = text(object["code"]), text(object["step"])
	if a.Text = text(object["errorMessage"]); a.Text == "" && !a.Accepted {
		a.Text = excerpt(r.body)
	}
	return a, nil
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

// Again is the same user in another browser.
func (v *fidoVisit) Again(context.Context) (fault.Visit, error) {
	return &fidoVisit{party: v.party, browser: v.party.web.browser(), name: v.name}, nil
}

// fidoCredential turns the response JSON of Level 3 into ServerPublicKeyCredential: clientExtensionResults is called
// getClientExtensionResults there. Everything else stays byte for byte, for the fault may be in it; what is not one
// JSON object is sent as it is.
func fidoCredential(response []byte, noRawID bool) []byte {
	members, ok := topMembers(response)
	if !ok {
		return response
	}
	value := func(name string) []byte {
		for _, m := range members {
			if m.name == name {
				return response[m.value:m.end]
			}
		}
		return nil
	}
	repeats := noRawID && value("id") != nil && bytes.Equal(value("id"), value("rawId"))
	out := []byte{'{'}
	for _, m := range members {
		switch {
		case repeats && m.name == "rawId":
			continue
		case m.name == "clientExtensionResults":
			out = appendMember(out, `"getClientExtensionResults"`, response[m.value:m.end])
		default:
			out = appendMember(out, string(response[m.begin:m.nameEnd]), response[m.value:m.end])
		}
	}
	return append(out, '}')
}

func appendMember(out []byte, name string, value []byte) []byte {
	if len(out) > 1 {
		out = append(out, ',')
	}
	return append(append(append(out, name...), ':'), value...)
}

// A member is where one member of a JSON object lies.
type member struct {
	name                       string
	begin, nameEnd, value, end int
}

// topMembers finds the members of one JSON object, in their order and with duplicates; ok is false unless there is
// exactly one object and nothing behind it.
func topMembers(data []byte) (members []member, ok bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for dec.More() {
		t, err := dec.Token()
		name, isName := t.(string)
		if err != nil || !isName {
			return nil, false
		}
		m := member{name: name, nameEnd: int(dec.InputOffset())}
		var raw json.RawMessage
		if err := dec.Decode(&raw); err != nil {
			return nil, false
		}
		m.end = int(dec.InputOffset())
		m.value = m.end - len(raw)
		m.begin = m.nameEnd - quotedLength(data[:m.nameEnd])
		members = append(members, m)
	}
	if _, err := dec.Token(); err != nil {
		return nil, false
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, false
	}
	return members, true
}

// quotedLength is the length of the JSON string at the end of data, with its quotes.
func quotedLength(data []byte) int {
	for i := len(data) - 2; i >= 0; i-- {
		if data[i] != '"' {
			continue
		}
		slashes := 0
		for j := i - 1; j >= 0 && data[j] == '\\'; j-- {
			slashes++
		}
		if slashes%2 == 0 {
			return len(data) - i
		}
	}
	return len(data)
}
