package factortest

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// knock is a small right factor, challenge and response over a shared secret,
// with one fault that can be switched on.
type knock struct {
	fault string
	n     *int
}

type knockData struct {
	Secret string
	Last   string
}

type knockState struct {
	For    auth.Purpose
	Secret string
	Nonce  string
}

func (k knock) Kind() auth.Kind {
	if k.fault == "kind" {
		*k.n++
		return auth.Kind(fmt.Sprint("knock", *k.n))
	}
	return "knock"
}

func (k knock) next(what string) string {
	*k.n++
	sum := sha256.Sum256([]byte(fmt.Sprint(what, *k.n)))
	return hex.EncodeToString(sum[:])
}

func (k knock) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	if k.fault == "input panics" && c.Input[0] == '[' {
		panic("input")
	}
	st := knockState{For: auth.ForBind, Secret: k.next("secret"), Nonce: k.next("nonce")}
	c.State, _ = json.Marshal(st)
	c.Prompt, _ = json.Marshal(map[string]string{"secret": st.Secret, "nonce": st.Nonce})
	return nil
}

func mac(secret, nonce string) string {
	h := hmac.New(sha256.New, []byte(secret))
	h.Write([]byte(nonce))
	return hex.EncodeToString(h.Sum(nil))
}

func (k knock) code(response json.RawMessage) (string, error) {
	if k.fault == "panics" && len(response) == 0 {
		_ = response[0]
	}
	dec := json.NewDecoder(bytes.NewReader(response))
	dec.DisallowUnknownFields()
	var r map[string]json.RawMessage
	if err := dec.Decode(&r); err != nil || len(r) != 1 || dec.More() || strings.Count(string(response), "code") != 1 {
		if k.fault == "malformed fails" {
			return "", errors.New("bad JSON")
		}
		if k.fault == "malformed is wrong" {
			return "", auth.Refuse(auth.CodeWrong)
		}
		return "", auth.Refuse(auth.CodeMalformed)
	}
	var code *string
	if err := json.Unmarshal(r["code"], &code); err != nil || code == nil || len(*code) > 64 {
		return "", auth.Refuse(auth.CodeMalformed)
	}
	if len(*code) != 64 {
		return "", auth.Refuse(auth.CodeMalformed)
	}
	return *code, nil
}

func (k knock) FinishBind(c *auth.Ceremony, response json.RawMessage) (*auth.Authenticator, error) {
	if k.fault != "verified before" {
		c.UserVerified = false
	}
	var st knockState
	if err := json.Unmarshal(c.State, &st); err != nil || (st.For != auth.ForBind && k.fault != "any purpose binds") {
		return nil, errors.New("not a state of a binding")
	}
	code, err := k.code(response)
	if err != nil {
		return nil, err
	}
	if k.fault == "any purpose binds" && st.For != auth.ForBind {
		return &auth.Authenticator{Kind: "knock"}, nil
	}
	if code != mac(st.Secret, st.Nonce) && k.fault != "binds anything" {
		return nil, auth.Refuse(auth.CodeWrong)
	}
	a := &auth.Authenticator{Kind: "knock"}
	a.Data, _ = json.Marshal(knockData{Secret: st.Secret})
	if k.fault == "no kind" {
		a.Kind = ""
	}
	if k.fault == "trait leaks" {
		a.Traits.Model = st.Secret
	}
	if k.fault == "bind differs" {
		a.Name = k.next("name")
	}
	return a, nil
}

func (k knock) BeginVerify(c *auth.Ceremony, list []*auth.Authenticator) error {
	if k.fault == "begin mutates" && len(list) > 0 {
		list[0].Name = k.next("name")
	}
	st := knockState{For: c.Purpose, Nonce: k.next("nonce")}
	if k.fault == "resend breaks" && len(c.State) > 0 {
		st.Nonce = "x"
	}
	prompt := map[string]string{"nonce": st.Nonce}
	if k.fault == "resend breaks" && len(c.State) > 0 {
		prompt["nonce"] = "y"
	}
	if k.fault == "decoy differs" && c.Decoy != nil {
		prompt["decoy"] = "yes"
	}
	if k.fault == "state not kept" {
		c.Decoy = []byte(st.Nonce)
		st.Nonce = ""
	}
	if k.fault == "prompt leaks" && len(list) > 0 {
		prompt["x"] = string(list[0].Data)
	}
	c.State, _ = json.Marshal(st)
	c.Prompt, _ = json.Marshal(prompt)
	return nil
}

func (k knock) FinishVerify(c *auth.Ceremony, list []*auth.Authenticator,
	response json.RawMessage) (*auth.Authenticator, error) {
	c.UserVerified = k.fault == "user verified"
	var st knockState
	err := json.Unmarshal(c.State, &st)
	if (err != nil || st.For == auth.ForBind) && k.fault != "any purpose verifies" {
		return nil, errors.New("not a state of a verification")
	}
	code, err := k.code(response)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 && k.fault == "lets nobody in" {
		return &auth.Authenticator{}, nil
	}
	for _, a := range list {
		var d knockData
		err := json.Unmarshal(a.Data, &d)
		if (err != nil || d.Secret == "") && k.fault != "believes corrupt data" {
			return nil, errors.New("corrupt data")
		}
		right := code == mac(d.Secret, st.Nonce) || k.fault == "passes anybody" && strings.Trim(code, "0") != ""
		if k.fault == "believes corrupt data" && d.Secret == "" {
			right = true
		}
		if k.fault == "any purpose verifies" && st.For == auth.ForBind && code == mac(st.Secret, st.Nonce) {
			right = true
		}
		if !right {
			continue
		}
		if d.Last == st.Nonce && k.fault != "replays" {
			return nil, auth.Refuse(auth.CodeUsed)
		}
		d.Last = st.Nonce
		b := *a
		if k.fault != "shares channels" {
			b.Traits.Channels = slices.Clone(a.Traits.Channels)
		}
		if k.fault == "changes its argument" {
			a.Name = k.next("name")
		}
		if k.fault == "names the wrong one" {
			b.ID = list[len(list)-1].ID
		}
		if k.fault == "loses the secret" {
			d.Secret = d.Secret[1:]
		}
		b.Data, _ = json.Marshal(d)
		if k.fault == "shares data" {
			b.Data = a.Data
		}
		return &b, nil
	}
	if k.fault == "returns beside refusal" && len(list) > 0 {
		return list[0], auth.Refuse(auth.CodeWrong)
	}
	return nil, auth.Refuse(auth.CodeWrong)
}

// knocker is the other side of knock.
type knocker struct{ secret *string }

func reply(code string) (json.RawMessage, error) { return json.Marshal(auth.CodeResponse{Code: code}) }

func (k knocker) Bind(c *auth.Ceremony) (json.RawMessage, error) {
	var p struct{ Secret, Nonce string }
	err := json.Unmarshal(c.Prompt, &p)
	*k.secret = p.Secret
	return json.RawMessage(`{"code":"` + mac(p.Secret, p.Nonce) + `"}`), err
}

func (k knocker) Answer(c *auth.Ceremony) (json.RawMessage, error) {
	var p struct{ Nonce string }
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		return nil, err
	}
	return reply(mac(*k.secret, p.Nonce))
}

func (k knocker) Wrong(*auth.Ceremony) (json.RawMessage, error) {
	return reply(strings.Repeat("0", 64))
}

func knockSuite(fault string) Suite {
	return Suite{
		New:       func() auth.Factor { return knock{fault: fault, n: new(int)} },
		Claimant:  func(int) Claimant { return knocker{new(string)} },
		Wrong:     []auth.Code{auth.CodeWrong},
		Malformed: []auth.Code{auth.CodeMalformed},
		Replayed:  []auth.Code{auth.CodeUsed},
		Secrets: func(_ *auth.Ceremony, a *auth.Authenticator) []string {
			var d knockData
			_ = json.Unmarshal(a.Data, &d)
			return []string{d.Secret}
		},
	}
}

// TestSuitePasses runs the suite on a factor without a fault.
func TestSuitePasses(t *testing.T) { Run(t, knockSuite("")) }

// TestSuiteFindsFaults switches each fault on; the named check must see it.
func TestSuiteFindsFaults(t *testing.T) {
	for fault, want := range map[string]string{
		"kind": "Kind", "no kind": "Bind", "binds anything": "BindWrong",
		"panics": "BindMalformed", "malformed fails": "VerifyMalformed",
		"input panics": "BindInputMalformed", "bind differs": "BindPure",
		"begin mutates": "VerifyPure", "changes its argument": "VerifyPure", "shares data": "VerifyPure",
		"shares channels": "VerifyPure", "verified before": "Leftover",
		"user verified": "Verify", "loses the secret": "VerifyAgain",
		"returns beside refusal": "VerifyWrong", "malformed is wrong": "VerifyMalformed",
		"replays": "ReplayHere", "passes anybody": "Stranger", "resend breaks": "Resend",
		"names the wrong one": "OneOfSeveral", "lets nobody in": "NoAuthenticator",
		"any purpose binds": "OtherPurpose", "any purpose verifies": "OtherPurpose",
		"decoy differs": "Decoy", "prompt leaks": "Secrets", "trait leaks": "Secrets",
		"believes corrupt data": "CorruptData", "state not kept": "Verify",
	} {
		t.Run(fault, func(t *testing.T) {
			var found []string
			for _, c := range checks() {
				if guarded(c, knockSuite(fault)) != nil {
					found = append(found, c.name)
				}
			}
			if !slices.Contains(found, want) {
				t.Errorf("got the fault found by %v, want by %s", found, want)
			}
		})
	}
}
