package notify

import (
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // Twilio signs with HMAC-SHA1
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"
)

// A prover reports whether a request with receipts is the gateway's own. key is
// the last part of the path it came to, "" for the open path.
type prover func(key string, header http.Header, body []byte) bool

// newProver returns the proof that a rule asks for. open is the address that
// receipts of the gateway come to.
//
//	basic, bearer, hmac-sha256   a header, as for requests of ours
//	twilio                       X-Twilio-Signature
//	vonage                       a token in Authorization, with the hash of the body
//	path                         nothing but the secret in the address
func newProver(rule ReceiptRule, open string, now func() time.Time) (prover, error) {
	switch rule.Auth.Scheme {
	case "path":
		return secretPath(rule.Auth)
	case "twilio":
		return twilio(rule, open)
	case "vonage":
		return vonage(rule.Auth, now)
	}
	sign, err := newSigner(rule.Auth, now)
	if err != nil {
		return nil, err
	}
	if sign.Scheme == "none" || sign.cloud != nil {
		return nil, errors.New(
			"auth is missing: basic, bearer, hmac-sha256, twilio, vonage or, for gateways that sign nothing, path")
	}
	if sign.over != nil {
		all, _ := used(sign.over)
		for _, field := range all {
			if field != "Body" && (field != "Timestamp" || rule.Auth.TimestampHeader == "") {
				return nil, fmt.Errorf("auth: over: .%s is empty in a receipt", field)
			}
		}
	}
	return func(key string, header http.Header, body []byte) bool { return key == "" && sign.proves(header, body) }, nil
}

var (
	pathKey = regexp.MustCompile(`^[A-Za-z0-9_-]{22,100}$`)
	hexKey  = regexp.MustCompile(`^[0-9a-fA-F]{0,31}$`)
)

// secretPath is for gateways that sign nothing. Whoever knows the address may
// say what was delivered: so it has 128 bits, is never logged, and such a
// receipt changes what is shown and nothing else. Two are good at one time, so
// that it can be changed without losing any.
func secretPath(s Signing) (prover, error) {
	text, err := reveal(s.Secret, s.SecretFile)
	if err != nil {
		return nil, err
	}
	keys := strings.Fields(text)
	if len(keys) < 1 || len(keys) > 2 {
		return nil, errors.New("auth: path needs one secret, or two during a change")
	}
	for _, k := range keys {
		if !pathKey.MatchString(k) || hexKey.MatchString(k) {
			return nil, errors.New("auth: path: a secret has 128 bits at least: " +
				"32 hexadecimal digits, or 22 of A-Z, a-z, 0-9, - and _")
		}
	}
	return func(key string, _ http.Header, _ []byte) bool {
		good := false
		for _, k := range keys {
			good = same(key, k) || good
		}
		return good
	}, nil
}

// twilio checks X-Twilio-Signature: an HMAC-SHA1 over the address and the sorted
// fields of the form.
// https://www.twilio.com/docs/usage/security#validating-requests
func twilio(rule ReceiptRule, open string) (prover, error) {
	token, err := reveal(rule.Auth.Secret, rule.Auth.SecretFile)
	switch {
	case err != nil:
		return nil, err
	case token == "":
		return nil, errors.New("auth: twilio needs a secret: the auth token")
	case rule.Format != "form":
		return nil, errors.New("auth: twilio signs forms: set format: form")
	}
	return func(key string, header http.Header, body []byte) bool {
		got := header.Values("X-Twilio-Signature")
		form, err := url.ParseQuery(string(body))
		return key == "" && err == nil && len(got) == 1 && same(got[0], twilioProof(token, open, form))
	}, nil
}

func twilioProof(token, address string, form url.Values) string {
	h := hmac.New(sha1.New, []byte(token))
	h.Write([]byte(address))
	var names []string
	for name := range form {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		values := slices.Clone(form[name])
		slices.Sort(values)
		for _, v := range slices.Compact(values) {
			h.Write([]byte(name + v))
		}
	}
	return base64.StdEncoding.EncodeToString(h.Sum(nil))
}

// vonage checks the token that comes with a signed webhook. It must be fresh
// and, beyond what Vonage asks for, tell the hash of this very body: else a
// recorded token would go with any.
// https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks
func vonage(s Signing, now func() time.Time) (prover, error) {
	secret, err := reveal(s.Secret, s.SecretFile)
	if err != nil {
		return nil, err
	}
	if secret == "" {
		return nil, errors.New("auth: vonage needs a secret: the signature secret")
	}
	if s.Tolerance <= 0 {
		s.Tolerance = 5 * time.Minute
	}
	return func(key string, header http.Header, body []byte) bool {
		got := header.Values("Authorization")
		if key != "" || len(got) != 1 {
			return false
		}
		token, bearer := strings.CutPrefix(got[0], "Bearer ")
		var claims struct {
			IssuedAt int64  `json:"iat"`
			Hash     string `json:"payload_hash"`
			Key      string `json:"api_key"`
		}
		if !bearer || !readToken(token, secret, &claims) {
			return false
		}
		age := now().Sub(time.Unix(claims.IssuedAt, 0))
		return age <= s.Tolerance && age >= -s.Tolerance && same(strings.ToLower(claims.Hash), hexHash(string(body))) &&
			(s.User == "" || claims.Key == s.User)
	}, nil
}

// readToken reads the claims of a JWT (RFC 7519) if it was signed with secret
// by HS256: the algorithm is ours to choose, never the token's.
func readToken(token, secret string, claims any) bool {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return false
	}
	want := base64.RawURLEncoding.EncodeToString(hmac256([]byte(secret), parts[0]+"."+parts[1]))
	head, err1 := base64.RawURLEncoding.DecodeString(parts[0])
	body, err2 := base64.RawURLEncoding.DecodeString(parts[1])
	if !same(parts[2], want) || errors.Join(err1, err2) != nil {
		return false
	}
	var header struct {
		Algorithm string `json:"alg"`
	}
	return json.Unmarshal(head, &header) == nil && header.Algorithm == "HS256" && json.Unmarshal(body, claims) == nil
}
