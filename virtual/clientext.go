package virtual

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strings"
)

// creationWishes are the extensions of creation options that a Client knows: credProps, prf, largeBlob,
// appidExclude of Level 3 §10.1 and credentialProtectionPolicy, credBlob, minPinLength, hmacCreateSecret of CTAP 2.1
// §12. Others are ignored, as browsers ignore what they do not know (Level 3 §9.3).
type creationWishes struct {
	credProps    bool
	prf          *prfInput
	hmacSecret   bool
	largeBlob    string // "required", "preferred", or empty: not asked
	protect      int
	enforce      bool
	credBlob     Bytes
	minPINLength bool
	appIDExclude string
}

// prfValues are AuthenticationExtensionsPRFValuesJSON (Level 3 §10.1.4).
type prfValues struct {
	First  *Bytes `json:"first"`
	Second *Bytes `json:"second,omitempty"`
}

// prfInput is AuthenticationExtensionsPRFInputsJSON.
type prfInput struct {
	Eval             *prfValues            `json:"eval"`
	EvalByCredential map[string]*prfValues `json:"evalByCredential"`
}

// check refuses values without a first one.
func (p *prfInput) check() error {
	for _, v := range p.EvalByCredential {
		if v == nil || v.First == nil {
			return refuse("TypeError", "prf: an evaluation without first")
		}
	}
	if p.Eval != nil && p.Eval.First == nil {
		return refuse("TypeError", "prf: an evaluation without first")
	}
	return nil
}

// extension reads one extension input into v; false when it is absent.
func extension(all map[string]json.RawMessage, name string, v any) (bool, error) {
	raw, ok := all[name]
	if !ok {
		return false, nil
	}
	if err := json.Unmarshal(raw, v); err != nil {
		return false, refuse("TypeError", "reading the extension %s: %v", name, err)
	}
	return string(raw) != "null", nil
}

// simpleExtensions reads inputs that need no more than a type.
func simpleExtensions(all map[string]json.RawMessage, into map[string]any) error {
	for name, v := range into {
		if _, err := extension(all, name, v); err != nil {
			return err
		}
	}
	return nil
}

func (c *Client) creationExtensions(o *CreationOptions) (*creationWishes, error) {
	w := &creationWishes{}
	var policy string
	var blob struct {
		Support string
		Read    *bool
		Write   *Bytes
	}
	if err := simpleExtensions(o.Extensions, map[string]any{
		"credProps": &w.credProps, "hmacCreateSecret": &w.hmacSecret, "credentialProtectionPolicy": &policy,
		"enforceCredentialProtectionPolicy": &w.enforce, "credBlob": &w.credBlob, "minPinLength": &w.minPINLength,
		"appidExclude": &w.appIDExclude, "prf": &w.prf,
	}); err != nil {
		return nil, err
	}
	asked, err := extension(o.Extensions, "largeBlob", &blob)
	if err != nil {
		return nil, err
	}
	if asked {
		w.largeBlob = "preferred"
		if blob.Support == "required" {
			w.largeBlob = "required"
		}
	}
	policies := map[string]int{
		"": 0, "userVerificationOptional": ProtectOptional,
		"userVerificationOptionalWithCredentialIDList": ProtectOptionalWithList,
		"userVerificationRequired":                     ProtectRequired,
	}
	known := false
	if w.protect, known = policies[policy]; !known {
		return nil, refuse("TypeError", "no such credentialProtectionPolicy: %s", policy)
	}
	switch {
	case asked && (blob.Read != nil || blob.Write != nil):
		return nil, refuse("NotSupportedError", "largeBlob: reading or writing at registration")
	case w.prf != nil && w.prf.EvalByCredential != nil:
		return nil, refuse("NotSupportedError", "prf: evalByCredential at registration")
	case w.appIDExclude != "" && !c.mayUseAppID(w.appIDExclude):
		return nil, refuse("SecurityError", "%s may not use the AppID %s", c.Origin, w.appIDExclude)
	case w.prf != nil:
		return w, w.prf.check()
	}
	return w, nil
}

// mayUseAppID reports whether the AppID is of the caller's site (Level 3 §10.1.1). There is no list of public suffixes
// here: the last two labels are taken for the site, and lists of facets are not fetched.
func (c *Client) mayUseAppID(appID string) bool {
	app, err := url.Parse(appID)
	own, err2 := url.Parse(c.Origin)
	if err != nil || err2 != nil || app.Scheme != own.Scheme || app.Host == "" {
		return false
	}
	return site(app.Hostname()) == site(own.Hostname())
}

func site(host string) string {
	labels := strings.Split(host, ".")
	return strings.Join(labels[max(0, len(labels)-2):], ".")
}

// fits reports whether an authenticator can do what an extension insists on.
func (w *creationWishes) fits(a *Authenticator) bool {
	return !(w.largeBlob == "required" && !a.has(extLargeBlobKey)) &&
		!(w.enforce && w.protect > ProtectOptional && !a.has(extCredProtect))
}

// ask puts the wishes into the request; the secret opens what hmac-secret-mc answers.
func (w *creationWishes) ask(ctx context.Context, a *Authenticator, req *MakeRequest) (*Secret, error) {
	e := &req.Extensions
	e.CredProtect = w.protect
	e.MinPINLength = w.minPINLength
	e.CredBlob = w.credBlob
	e.HMACSecret = w.hmacSecret || w.prf != nil
	e.LargeBlobKey = w.largeBlob != "" && req.Resident && a.has(extLargeBlobKey)
	if w.prf == nil || w.prf.Eval == nil || !a.has(extHMACSecretMC) {
		return nil, nil
	}
	secret, in, err := hmacInput(ctx, a, w.prf.Eval)
	e.HMACSalts = in
	return secret, err
}

// results is clientExtensionResults.
func (w *creationWishes) results(m *made, secret *Secret) (map[string]any, error) {
	out := map[string]any{}
	if w.credProps {
		out["credProps"] = map[string]any{"rk": m.credential.Resident}
	}
	enabled := m.outputs[extHMACSecret] == true
	if w.hmacSecret {
		out["hmacCreateSecret"] = enabled
	}
	if w.prf != nil {
		prf := map[string]any{"enabled": enabled}
		if err := openPRF(prf, m.outputs[extHMACSecretMC], secret); err != nil {
			return nil, err
		}
		out["prf"] = prf
	}
	if w.largeBlob != "" {
		out["largeBlob"] = map[string]any{"supported": m.credential.LargeBlobKey != nil}
	}
	if w.credBlob != nil {
		out["credBlob"] = m.outputs[extCredBlob] == true
	}
	if w.appIDExclude != "" {
		out["appidExclude"] = true
	}
	return out, nil
}

// requestWishes are the extensions of request options: appid, prf, largeBlob of Level 3 §10.1, getCredBlob of CTAP.
type requestWishes struct {
	appID    string
	usedApp  bool
	prf      *prfInput
	credBlob bool
	read     bool
	write    *Bytes
}

func (c *Client) requestExtensions(o *RequestOptions) (*requestWishes, error) {
	w := &requestWishes{}
	var blob struct {
		Support *string
		Read    bool
		Write   *Bytes
	}
	if err := simpleExtensions(o.Extensions, map[string]any{
		"appid": &w.appID, "prf": &w.prf, "getCredBlob": &w.credBlob, "largeBlob": &blob,
	}); err != nil {
		return nil, err
	}
	w.read, w.write = blob.Read, blob.Write
	switch {
	case w.appID != "" && !c.mayUseAppID(w.appID):
		return nil, refuse("SecurityError", "%s may not use the AppID %s", c.Origin, w.appID)
	case blob.Support != nil, w.read && w.write != nil:
		return nil, refuse("NotSupportedError",
			"largeBlob: support asked of an assertion, or reading and writing at once")
	case w.write != nil && len(o.Allow) != 1:
		return nil, refuse("NotSupportedError", "largeBlob: writing needs exactly one allowed credential")
	case w.prf == nil:
		return w, nil
	}
	if len(w.prf.EvalByCredential) > 0 && len(o.Allow) == 0 {
		return nil, refuse("NotSupportedError", "prf: evalByCredential without allowed credentials")
	}
	for id := range w.prf.EvalByCredential {
		var raw Bytes
		if raw.UnmarshalText([]byte(id)) != nil ||
			!slices.ContainsFunc(o.Allow, func(d Descriptor) bool { return string(d.ID) == string(raw) }) {
			return nil, refuse("SyntaxError", "prf: evalByCredential names a credential that is not allowed")
		}
	}
	return w, w.prf.check()
}

// scope is the RP ID, or AppID, under which the authenticator has one of the credentials; empty: it has none.
func (w *requestWishes) scope(a *Authenticator, rpID string, allow [][]byte) string {
	w.usedApp = false
	switch {
	case len(a.find(rpID, allow, true)) > 0:
		return rpID
	case w.appID != "" && len(allow) > 0 && len(a.find(w.appID, allow, true)) > 0:
		w.usedApp = true
		return w.appID
	}
	return ""
}

// ask puts the wishes into the request; the secret opens what hmac-secret answers.
func (w *requestWishes) ask(ctx context.Context, a *Authenticator, req *GetRequest) (*Secret, error) {
	req.Extensions.CredBlob = w.credBlob
	req.Extensions.LargeBlobKey = (w.read || w.write != nil) && a.has(extLargeBlobKey)
	if w.prf == nil || !a.has(extHMACSecret) {
		return nil, nil
	}
	values := w.prf.Eval
	if len(w.prf.EvalByCredential) > 0 {
		// The salts depend on the credential: the first that will answer is the one to ask for.
		if found := a.find(req.RPID, req.Allow, req.Verify || req.PINAuth != nil); len(found) > 0 {
			id, _ := Bytes(found[0].ID).MarshalText()
			if v := w.prf.EvalByCredential[string(id)]; v != nil {
				values = v
			}
			req.Allow = [][]byte{found[0].ID}
		}
	}
	if values == nil {
		return nil, nil
	}
	secret, in, err := hmacInput(ctx, a, values)
	req.Extensions.HMACSalts = in
	return secret, err
}

// results is clientExtensionResults; a large blob is read or written here, after the touch.
func (w *requestWishes) results(ctx context.Context, a *Authenticator, got *GetResponse, secret *Secret,
	token *Token) (map[string]any, error) {
	out := map[string]any{}
	if w.appID != "" {
		out["appid"] = w.usedApp
	}
	if w.prf != nil {
		prf := map[string]any{}
		if err := openPRF(prf, got.outputs[extHMACSecret], secret); err != nil {
			return nil, err
		}
		out["prf"] = prf
	}
	if blob, ok := got.outputs[extCredBlob].([]byte); ok && w.credBlob {
		out["getCredBlob"] = Bytes(blob)
	}
	if !w.read && w.write == nil {
		return out, nil
	}
	blob := map[string]any{}
	out["largeBlob"] = blob
	switch {
	case w.write != nil:
		blob["written"] = got.LargeBlobKey != nil && a.browser().WriteLargeBlob(ctx, token, got.LargeBlobKey,
			*w.write) == nil
	case got.LargeBlobKey != nil:
		plain, err := a.browser().LargeBlob(ctx, got.LargeBlobKey)
		if err != nil {
			return nil, err
		}
		if plain != nil {
			blob["blob"] = Bytes(plain)
		}
	}
	return out, nil
}
