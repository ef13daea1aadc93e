package notify

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// The examples of Twilio's documents and of its libraries' tests, one with a field that comes three times.
func TestPublishedVectorsTwilio(t *testing.T) {
	const address = "https://mycompany.com/myapp.php?foo=1&bar=2"
	for want, form := range map[string]url.Values{
		"RSOYDt4T1cUTdK1PDd93/VVr8B8=": {"CallSid": {"CA1234567890ABCDE"}, "Caller": {"+14158675309"},
			"Digits": {"1234"}, "From": {"+14158675309"}, "To": {"+18005551212"}},
		"IK+Dwps556ElfBT0I3Rgjkr1wJU=": {"Sid": {"CA123"}, "SidAccount": {"AC123"}, "Digits": {"5678", "1234", "1234"}},
	} {
		if got := twilioProof("12345", address, form); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

// The token of the tests of Vonage's own library. It was not made for a webhook: so its signature is right, and it
// proves nothing all the same. A whole example of a signed webhook, with its secret, is not published.
func TestPublishedVectorVonage(t *testing.T) {
	const token = "eyJ0eXAiOiJKV1QiLCJhbGciOiJIUzI1NiJ9." +
		"eyJpc3MiOiJPbmxpbmUgSldUIEJ1aWxkZXIiLCJpYXQiOjE2OTc2MzQ2ODAs" +
		"ImV4cCI6MzMyNTQ1NDA4MjgsImF1ZCI6IiIsInN1YiI6IiJ9." +
		"88vJc3I2HhuqEDixHXVhc9R30tA6U_HQHZTC29y6CGM"
	const secret = "qwertyuiopasdfghjklzxcvbnm123456"
	var claims struct{ IAT int64 }
	if !readToken(token, secret, &claims) || claims.IAT != 1697634680 {
		t.Errorf("got the token refused or read as %+v", claims)
	}
	altered := strings.Replace(token, "J0e", "J1e", 1)
	for _, bad := range []string{token + "x", token[:len(token)-1], "asdf", "", "..", altered} {
		if readToken(bad, secret, &claims) {
			t.Errorf("got %q read", bad)
		}
	}
	if readToken(token, "asdf", &claims) {
		t.Error("got the token read with another secret")
	}
	at := func() time.Time { return time.Unix(1697634680, 0) }
	prove, err := vonage(Signing{Secret: secret}, at)
	if err != nil {
		t.Fatal(err)
	}
	if prove("", http.Header{"Authorization": {"Bearer " + token}}, nil) {
		t.Error("got a token proved that tells no hash of the body")
	}
}

// webhook signs a body as Vonage does.
func webhook(head, secret, body string, at time.Time, change func(map[string]any)) http.Header {
	claims := map[string]any{"iat": at.Unix(), "jti": "c5ba8f24", "iss": "Vonage", "api_key": "a1b2c3d",
		"payload_hash": hexHash(body)}
	if change != nil {
		change(claims)
	}
	b, _ := json.Marshal(claims)
	said := base64.RawURLEncoding.EncodeToString([]byte(head)) + "." + base64.RawURLEncoding.EncodeToString(b)
	proof := base64.RawURLEncoding.EncodeToString(hmac256([]byte(secret), said))
	return http.Header{"Authorization": {"Bearer " + said + "." + proof}}
}

const (
	oldKey = "0123456789abcdef0123456789abcdef"
	newKey = "AZaz09-_AZaz09-_AZaz09"
)

func TestProofsOfReceipts(t *testing.T) {
	c := newClock()
	rule := ReceiptRule{Format: "json", Reference: "id", Status: "s", Delivered: []string{"ok"}}
	with := func(a Signing, format string) ReceiptRule {
		r := rule
		r.Auth, r.Format = a, format
		return r
	}
	r, err := NewReceipts(Config{Origin: "https://shop.example/account", Gateways: []Gateway{
		{Name: "path", Receipt: with(Signing{Scheme: "path", Secret: oldKey + "\n" + newKey}, "json")},
		{Name: "bearer", Receipt: with(Signing{Scheme: "bearer", Secret: "x"}, "json")},
		{Name: "twilio", Receipt: with(Signing{Scheme: "twilio", Secret: "12345"}, "form")},
		{Name: "vonage", Receipt: with(Signing{Scheme: "vonage", Secret: "s3", User: "a1b2c3d"}, "json")},
	}}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	const body, form, jwt = `{"id":"1","s":"ok"}`, "id=1&s=ok", `{"alg":"HS256","typ":"JWT"}`
	twilio := func(address, body string) http.Header {
		v, _ := url.ParseQuery(body)
		return http.Header{"X-Twilio-Signature": {twilioProof("12345", address, v)}}
	}
	const here = "https://shop.example/account/api/v1/gateways/twilio/receipt"
	for _, tt := range []struct {
		name, gateway, key string
		header             http.Header
		body               string
		good               bool
	}{
		{"the old secret", "path", oldKey, nil, body, true},
		{"the new secret", "path", newKey, nil, body, true},
		{"no secret", "path", "", nil, body, false},
		{"both", "path", oldKey + newKey, nil, body, false},
		{"a part", "path", oldKey[:31], nil, body, false},
		{"in capitals", "path", strings.ToUpper(oldKey), nil, body, false},
		{"of another gateway", "bearer", oldKey, nil, body, false},
		{"a secret beside a proof", "bearer", oldKey, http.Header{"Authorization": {"Bearer x"}}, body, false},
		{"a proof alone", "bearer", "", http.Header{"Authorization": {"Bearer x"}}, body, true},
		{"twilio", "twilio", "", twilio(here, form), form, true},
		{"twilio, another form", "twilio", "", twilio(here, form), "id=2&s=ok", false},
		{"twilio, one field more", "twilio", "", twilio(here, form), form + "&a=b", false},
		{"twilio, another address", "twilio", "", twilio("https://shop.example/receipt", form), form, false},
		{"twilio, unsigned", "twilio", "", nil, form, false},
		{"twilio, with a secret", "twilio", newKey, twilio(here, form), form, false},
		{"vonage", "vonage", "", webhook(jwt, "s3", body, c.now(), nil), body, true},
		{"vonage, hash in capitals", "vonage", "", webhook(jwt, "s3", body, c.now(), func(m map[string]any) {
			m["payload_hash"] = strings.ToUpper(hexHash(body))
		}), body, true},
		{"vonage, another body", "vonage", "", webhook(jwt, "s3", body, c.now(), nil), `{"id":"2","s":"ok"}`, false},
		{"vonage, no hash", "vonage", "", webhook(jwt, "s3", body, c.now(), func(m map[string]any) {
			delete(m, "payload_hash")
		}), body, false},
		{"vonage, another account", "vonage", "", webhook(jwt, "s3", body, c.now(), func(m map[string]any) {
			m["api_key"] = "other"
		}), body, false},
		{"vonage, another secret", "vonage", "", webhook(jwt, "s4", body, c.now(), nil), body, false},
		{"vonage, no algorithm", "vonage", "", webhook(`{"alg":"none"}`, "s3", body, c.now(), nil), body, false},
		{"vonage, 4 minutes ago", "vonage", "", webhook(jwt, "s3", body, c.now().Add(-4*time.Minute), nil), body, true},
		{"vonage, 6 minutes ago", "vonage", "", webhook(jwt, "s3", body, c.now().Add(-6*time.Minute), nil), body,
			false},
		{"vonage, in 6 minutes", "vonage", "", webhook(jwt, "s3", body, c.now().Add(6*time.Minute), nil), body, false},
		{"vonage, unsigned", "vonage", "", nil, body, false},
	} {
		list, err := r.Handle(tt.gateway, tt.key, tt.header, []byte(tt.body))
		if tt.good && (err != nil || len(list) != 1) || !tt.good && !errors.Is(err, auth.Refuse(auth.Forbidden)) {
			t.Errorf("%s: got %v, %v, want good %t", tt.name, list, err, tt.good)
		}
	}
}

func TestSettingsOfProofs(t *testing.T) {
	file := filepath.Join(t.TempDir(), "keys")
	if err := os.WriteFile(file, []byte(oldKey+"\n"+newKey+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		auth   Signing
		format string
		want   string // "" for good
	}{
		{Signing{Scheme: "path", Secret: oldKey}, "json", ""},
		{Signing{Scheme: "path", SecretFile: file}, "form", ""},
		{Signing{Scheme: "path"}, "json", "one secret"},
		{Signing{Scheme: "path", Secret: oldKey + " " + newKey + " " + newKey + "x"}, "json", "two during a change"},
		{Signing{Scheme: "path", Secret: Secret(oldKey[:31])}, "json", "128 bits"},
		{Signing{Scheme: "path", Secret: Secret(newKey[:21])}, "json", "128 bits"},
		{Signing{Scheme: "path", Secret: oldKey + " short"}, "json", "128 bits"},
		{Signing{Scheme: "path", Secret: newKey + "/../x"}, "json", "128 bits"},
		{Signing{Scheme: "twilio", Secret: "x"}, "json", "format: form"},
		{Signing{Scheme: "twilio"}, "form", "auth token"},
		{Signing{Scheme: "vonage"}, "json", "signature secret"},
		{Signing{Scheme: "none"}, "json", "auth is missing"},
	} {
		rule := ReceiptRule{Format: tt.format, Reference: "id", Status: "s", Delivered: []string{"1"}, Auth: tt.auth}
		_, err := NewReceipts(Config{Gateways: []Gateway{{Name: "a", Receipt: rule}}}, time.Now)
		if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want an error that says %q", tt.auth.Scheme, err, tt.want)
		}
		if err != nil && tt.auth.Secret != "" && strings.Contains(fmt.Sprint(err), string(tt.auth.Secret)) {
			t.Errorf("%s: got the secret in %v", tt.auth.Scheme, err)
		}
	}
}
