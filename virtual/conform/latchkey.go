package conform

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// Latchkey reaches Latchkey by its own API, in a lab (latchkey serve --lab):
//
//	Visit            POST /api/v1/lab/accounts        an account with a password and an app, signed in by cookie
//	RegisterBegin    POST /api/v1/methods/begin       RegisterFinish  POST /api/v1/methods/finish
//	SignInBegin      POST /api/v1/sign-in, /begin     SignInFinish    POST /api/v1/sign-in/finish
//	  discoverable   POST /api/v1/sign-in/key
//	Again            POST /api/v1/lab/accounts/ID/session
//	Expire           header Latchkey-Lab-Later        Remove, Disable /api/v1/lab/accounts/ID/...
//
// Where the password opens no second step with a key, because there is no key any more or the account is switched off,
// the sign-in begins with the key instead, as its owner would try next.
type Latchkey struct {
	Target Target
}

// Open checks the target and returns it as a party. Whether a lab answers there is seen at the first visit.
func (l Latchkey) Open() (fault.Party, error) {
	w, err := l.Target.open()
	if err != nil {
		return nil, err
	}
	return &latchkeyParty{web: w, about: w.about([]fault.Feature{
		fault.Discoverable, fault.Verification, fault.SecondVisit, fault.SecondKey, fault.Expiry, fault.Removal, fault.Disabling,
		fault.Attestation, fault.Trust, fault.UniqueIDs, fault.SignCounter, fault.Framing, fault.OneCeremony,
		fault.FormatU2F, fault.FormatTPM, fault.FormatCompound,
	})}, nil
}

// LatchkeyOracle knows the codes of Latchkey. The code alone decides: texts are for people, and change.
func LatchkeyOracle() *Oracle {
	return &Oracle{Codes: map[string][]fault.Reason{
		"malformed-request": {fault.Malformed},
		"unknown-member":    {fault.Malformed},
		"duplicate-member":  {fault.Duplicate},
		"too-large":         {fault.Malformed},

		"ceremony-expired":       {fault.Expired},
		"ceremony-used":          {fault.Spent},
		"ceremony-void":          {fault.NoCredential, fault.Disabled}, // the account changed since
		"ceremony-other-browser": {fault.WrongSession},
		"account-disabled":       {fault.Disabled},

		"key-malformed":                     {fault.Malformed, fault.BadKey},
		"key-wrong":                         {fault.NoCredential},
		"key-challenge-wrong":               {fault.WrongChallenge},
		"key-origin-wrong":                  {fault.WrongOrigin},
		"key-rp-id-wrong":                   {fault.WrongRPID},
		"key-type-wrong":                    {fault.WrongType},
		"key-no-touch":                      {fault.NoTouch},
		"key-not-verified":                  {fault.NotVerified},
		"key-signature-wrong":               {fault.BadSignature},
		"key-algorithm-not-offered":         {fault.BadAlgorithm},
		"key-already-registered":            {fault.Registered},
		"key-model-refused":                 {fault.Untrusted},
		"key-model-revoked":                 {fault.Untrusted},
		"key-synced-refused":                {fault.Untrusted},
		"key-level-too-low":                 {fault.Untrusted},
		"key-attestation-refused":           {fault.BadAttestation, fault.Untrusted},
		"key-attestation-format-unknown":    {fault.BadAttestation},
		"key-attestation-malformed":         {fault.BadAttestation},
		"key-attestation-forged":            {fault.BadAttestation},
		"key-attestation-certificate-wrong": {fault.BadAttestation},
		"key-attestation-expired":           {fault.BadAttestation, fault.Untrusted},
		"key-frozen":                        {fault.CounterBack},
		"key-backup-flag-changed":           {fault.BackupFlags},
		"key-user-handle-wrong":             {fault.WrongHandle},
	}}
}

// LatchkeyPolicy is what Latchkey does where the specification leaves it open: it refuses, but for entries of a key
// that change nothing about what it verifies.
func LatchkeyPolicy() map[string]Expectation {
	policy := map[string]Expectation{}
	for _, f := range fault.Catalogue() {
		if f.Class == fault.Policy || f.Class == fault.Hardening {
			policy[f.ID] = ExpectRefuse
		}
		if f.Check == fault.CheckKeyOptional {
			policy[f.ID] = ExpectAccept
		}
	}
	return policy
}

type latchkeyParty struct {
	web   *web
	about fault.About
}

// About tells origin, RP ID and features.
func (p *latchkeyParty) About() fault.About { return p.about }

// laterBy is longer than any ceremony lives, and shorter than a session.
const laterBy = time.Hour

// A latchkeyVisit is an account in a browser of its own.
type latchkeyVisit struct {
	party   *latchkeyParty
	browser *browser
	account latchkeyAccount

	mu    sync.Mutex
	later time.Duration // how much later than it is the account lives
	sent  int           // requests, so that no two are the same
}

type latchkeyAccount struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Password string `json:"password"`
}

// Visit makes an account with an app, so that a key is never all it has, and signs it in.
func (p *latchkeyParty) Visit(ctx context.Context, name string) (fault.Visit, error) {
	v := &latchkeyVisit{party: p, browser: p.web.browser()}
	handle := sha256.Sum256([]byte(name)) // shorter than 64 bytes, so that longer ones can be tried
	form := map[string]any{"name": name, "session": true, "handle": base64.RawURLEncoding.EncodeToString(handle[:]), "methods": []any{map[string]any{"kind": "totp"}}}
	r, err := v.post(ctx, "/lab/accounts", form)
	if err == nil && r.status == http.StatusConflict { // known from another run: the same account, once more
		form["name"] = name + "-" + drawn(4)
		r, err = v.post(ctx, "/lab/accounts", form)
	}
	if err != nil {
		return nil, err
	}
	if r.status == http.StatusNotFound {
		return nil, fmt.Errorf("making an account: no lab answers here; start one with latchkey serve --lab: %w", ErrUnreachable)
	}
	if r.status != http.StatusOK || json.Unmarshal(r.body, &v.account) != nil {
		return nil, r.refused("making an account")
	}
	return v, nil
}

// post sends an object to the API.
func (v *latchkeyVisit) post(ctx context.Context, path string, in any) (*reply, error) {
	body, err := json.Marshal(in)
	if err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	return v.send(ctx, http.MethodPost, path, body)
}

// send sends a request to the API. No two with a body are the same: Latchkey answers the same request of a browser
// again for some seconds, for whoever has pressed twice, and what a fault sends again is none of that.
func (v *latchkeyVisit) send(ctx context.Context, method, path string, body []byte) (*reply, error) {
	header := map[string]string{"Sec-Fetch-Site": "same-origin", "Accept-Language": "en"}
	v.mu.Lock()
	if v.sent++; len(body) > 0 {
		body = slices.Concat(body, bytes.Repeat([]byte(" "), v.sent))
	}
	if v.later > 0 {
		header["Latchkey-Lab-Later"] = v.later.String()
	}
	v.mu.Unlock()
	return v.browser.do(ctx, request{method: method, path: "/api/v1" + path, header: header, body: body})
}

// A latchkeyChallenge is what begins a ceremony, and what ends it answers.
type latchkeyChallenge struct {
	Ceremony string          `json:"ceremony"`
	Prompt   json.RawMessage `json:"prompt"`
}

// begun reads the answer of a request that begins a ceremony.
func begun(r *reply, doing string) (*fault.Begun, error) {
	var c latchkeyChallenge
	if r.status != http.StatusOK || json.Unmarshal(r.body, &c) != nil || c.Ceremony == "" {
		return nil, r.refused(doing)
	}
	return &fault.Begun{Options: Unpadded(c.Prompt), State: c.Ceremony}, nil
}

// RegisterBegin begins to add a key.
func (v *latchkeyVisit) RegisterBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	r, err := v.post(ctx, "/methods/begin", map[string]any{
		"kind": "webauthn", "flavour": "key", "verify": w.Verify, "resident": w.Discoverable, "attest": true, "certified": w.Trust,
	})
	if err != nil {
		return nil, err
	}
	return begun(r, "beginning to add a key")
}

// RegisterFinish sends a registration response.
func (v *latchkeyVisit) RegisterFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(ctx, "/methods/finish", b, response)
}

// SignInBegin begins a sign-in: with the password, then the key; or with the key, and nobody named.
func (v *latchkeyVisit) SignInBegin(ctx context.Context, w fault.Wish) (*fault.Begun, error) {
	if w.Discoverable {
		return v.keyFirst(ctx, "", w)
	}
	r, err := v.post(ctx, "/sign-in", map[string]any{"identifier": v.account.Email, "password": v.account.Password})
	if err != nil {
		return nil, err
	}
	var flow latchkeyChallenge
	if r.status != http.StatusOK || json.Unmarshal(r.body, &flow) != nil || flow.Ceremony == "" {
		return v.keyFirst(ctx, v.account.Email, w)
	}
	r, err = v.post(ctx, "/sign-in/begin", map[string]any{"ceremony": flow.Ceremony, "kind": "webauthn", "verify": w.Verify})
	if err != nil {
		return nil, err
	}
	if r.status == http.StatusNotFound {
		return v.keyFirst(ctx, v.account.Email, w)
	}
	return begun(r, "beginning the second step")
}

func (v *latchkeyVisit) keyFirst(ctx context.Context, who string, w fault.Wish) (*fault.Begun, error) {
	r, err := v.post(ctx, "/sign-in/key", map[string]any{"identifier": who, "verify": w.Verify})
	if err != nil {
		return nil, err
	}
	return begun(r, "beginning a sign-in with the key")
}

// SignInFinish sends an assertion.
func (v *latchkeyVisit) SignInFinish(ctx context.Context, b *fault.Begun, response []byte) (*fault.Answer, error) {
	return v.finish(ctx, "/sign-in/finish", b, response)
}

// finish sends a response, byte for byte, within the envelope of the API.
func (v *latchkeyVisit) finish(ctx context.Context, path string, b *fault.Begun, response []byte) (*fault.Answer, error) {
	ceremony, err := json.Marshal(b.State)
	if err != nil {
		return nil, fmt.Errorf("writing a request: %w", err)
	}
	body := bytes.Join([][]byte{[]byte(`{"ceremony":`), ceremony, []byte(`,"response":`), response, {'}'}}, nil)
	r, err := v.send(ctx, http.MethodPost, path, body)
	if err != nil {
		return nil, err
	}
	a := r.answer()
	if a.Accepted = r.status == http.StatusOK; a.Accepted {
		return a, nil
	}
	var problem struct{ Code, Cause, Step, Title string }
	if json.Unmarshal(r.body, &problem) != nil || problem.Code == "" {
		return nil, r.refused("reading the answer")
	}
	a.Code = problem.Code
	a.Step = problem.Step
	a.Text = problem.Title
	if problem.Cause != "" { // the code was blunt on purpose; a lab tells which check refused
		a.Code = problem.Cause
	}
	return a, nil
}

// Again signs the same account in, in another browser.
func (v *latchkeyVisit) Again(ctx context.Context) (fault.Visit, error) {
	again := &latchkeyVisit{party: v.party, browser: v.party.web.browser(), account: v.account}
	r, err := again.post(ctx, "/lab/accounts/"+v.account.ID+"/session", struct{}{})
	if err != nil {
		return nil, err
	}
	if r.status != http.StatusOK {
		return nil, r.refused("signing in elsewhere")
	}
	return again, nil
}

// Expire lets the account live later than it is; nobody else's time moves.
func (v *latchkeyVisit) Expire(context.Context) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.later += laterBy
	return nil
}

// Remove deletes a credential of the account.
func (v *latchkeyVisit) Remove(ctx context.Context, credential []byte) error {
	return v.done(ctx, http.MethodDelete, "/methods/"+base64.RawURLEncoding.EncodeToString(credential), "removing a key")
}

// Disable switches the account off.
func (v *latchkeyVisit) Disable(ctx context.Context) error {
	return v.done(ctx, http.MethodPost, "/disable", "switching an account off")
}

func (v *latchkeyVisit) done(ctx context.Context, method, path, doing string) error {
	r, err := v.send(ctx, method, "/lab/accounts/"+v.account.ID+path, nil)
	if err == nil && r.status != http.StatusNoContent {
		err = r.refused(doing)
	}
	return err
}
