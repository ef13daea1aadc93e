package notify

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// TestProvesByHMAC: a receipt is proved by the hash of this body at this time, in either encoding, and by nothing else.
func TestProvesByHMAC(t *testing.T) {
	c := newClock()
	const body = "body"
	sum := func(over string) []byte { return hmac256([]byte(canarySecret), over) }
	stamp := func(d time.Duration) string { return fmt.Sprint(c.now().Add(d).Unix()) }
	bare := Signing{Scheme: "hmac-sha256", Secret: canarySecret, Header: "X-S"}
	timed, coded := bare, bare
	timed.TimestampHeader, coded.Encoding = "X-T", "base64"
	picky := bare
	picky.Over = `{{if eq .Body "body"}}{{slice .Body 9}}{{end}}{{.Body}}` // fails for this body
	tall := hex.EncodeToString(sum(body))
	at := func(stamp, over string) http.Header {
		return http.Header{"X-S": {hex.EncodeToString(sum(over))}, "X-T": {stamp}}
	}
	hexed := fmt.Sprintf("0x%x", c.now().Unix())
	for _, tt := range []struct {
		name   string
		s      Signing
		header http.Header
		want   bool
	}{
		{"hex", bare, http.Header{"X-S": {tall}}, true},
		{"hex in capitals", bare, http.Header{"X-S": {strings.ToUpper(tall)}}, true},
		{"base64 for hex", bare, http.Header{"X-S": {base64.StdEncoding.EncodeToString(sum(body))}}, false},
		{"base64", coded, http.Header{"X-S": {base64.StdEncoding.EncodeToString(sum(body))}}, true},
		{"base64 in capitals", coded,
			http.Header{"X-S": {strings.ToUpper(base64.StdEncoding.EncodeToString(sum(body)))}}, false},
		{"what cannot be signed", picky, http.Header{"X-S": {hex.EncodeToString(sum(""))}}, false},
		{"5 minutes ago", timed, at(stamp(-5*time.Minute), stamp(-5*time.Minute)+"."+body), true},
		{"a second more", timed, at(stamp(-301*time.Second), stamp(-301*time.Second)+"."+body), false},
		{"in 5 minutes", timed, at(stamp(5*time.Minute), stamp(5*time.Minute)+"."+body), true},
		{"a second later", timed, at(stamp(301*time.Second), stamp(301*time.Second)+"."+body), false},
		{"before all time", timed, at("-9223372036854775808", "-9223372036854775808."+body), false},
		{"after all time", timed, at("9223372036854775807", "9223372036854775807."+body), false},
		{"no number", timed, at("soon", "."+body), false},
		{"a number of sixteens", timed, at(hexed, hexed+"."+body), false},
		{"no time", timed, http.Header{"X-S": {hex.EncodeToString(sum("." + body))}}, false},
		{"two times", timed, http.Header{"X-S": {hex.EncodeToString(sum("." + body))},
			"X-T": {stamp(0), stamp(0)}}, false},
	} {
		g, err := newSigner(tt.s, c.now)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if got := g.proves(tt.header, []byte(body)); got != tt.want {
			t.Errorf("%s: got proved %v, want %v", tt.name, got, tt.want)
		}
	}
	r := asked(t, "POST", "https://a.example/")
	g, err := newSigner(coded, c.now)
	if err == nil {
		err = g.sign(r, body, "id")
	}
	if want := base64.StdEncoding.EncodeToString(sum(body)); err != nil || r.Header.Get("X-S") != want {
		t.Errorf("got the signature %q, %v, want %q", r.Header.Get("X-S"), err, want)
	}
	if none := (&signer{Signing: Signing{Scheme: "none", Header: "X-S"}}); none.proves(http.Header{"X-S": {""}}, nil) {
		t.Error("got a receipt proved by no scheme")
	}
}

// TestCloudSignsThePath, and the query where the provider wants it.
func TestCloudSignsThePath(t *testing.T) {
	for _, tt := range []struct {
		scheme, a, b string
		same         bool
	}{
		{"acs3", "https://a.example/one", "https://a.example/two", false},
		{"aws4", "https://a.example/one", "https://a.example/two", false},
		{"tc3", "https://a.example/?a=1", "https://a.example/?a=2", true}, // a POST has none
	} {
		s := Signing{Scheme: tt.scheme, User: "id", Secret: "k", Service: "sms", Region: "r"}
		still := func(g *signer) { g.nonce = func() string { return "n" } }
		one, two := asked(t, "POST", tt.a), asked(t, "POST", tt.b)
		at := time.Unix(1700000000, 0)
		if a, b := signedAt(t, s, at, still, one, ""), signedAt(t, s, at, still, two, ""); (a == b) != tt.same {
			t.Errorf("%s: got %s and %s, want the same: %v", tt.scheme, a, b, tt.same)
		}
		if got := one.Header.Get("X-TC-Timestamp"); tt.scheme == "tc3" && got != "1700000000" {
			t.Errorf("got the time %q in the header, want what was signed", got)
		}
	}
}

// TestEndsOfProofs holds the ages of a token, what it says of whom, and how much one request may report.
func TestEndsOfProofs(t *testing.T) {
	c := newClock()
	const body, jwt = `{"id":"1","s":"ok"}`, `{"alg":"HS256"}`
	rule := ReceiptRule{Format: "json", Reference: "id", Status: "s", Delivered: []string{"ok"},
		Auth: Signing{Scheme: "vonage", Secret: "s3"}}
	r, err := NewReceipts(Config{Gateways: []Gateway{{Name: "a", Receipt: rule}}}, c.now)
	if err != nil {
		t.Fatal(err)
	}
	ago := func(d time.Duration) http.Header { return webhook(jwt, "s3", body, c.now().Add(-d), nil) }
	bare := ago(0)
	bare.Set("Authorization", strings.TrimPrefix(bare.Get("Authorization"), "Bearer "))
	for _, tt := range []struct {
		name, key string
		header    http.Header
		want      bool
	}{
		{"of any account", "", ago(0), true},
		{"5 minutes ago", "", ago(5 * time.Minute), true},
		{"a second more", "", ago(301 * time.Second), false},
		{"in 5 minutes", "", ago(-5 * time.Minute), true},
		{"a second later", "", ago(-301 * time.Second), false},
		{"with a secret in the address", newKey, ago(0), false},
		{"no bearer", "", bare, false},
		{"an account that is a number", "", webhook(jwt, "s3", body, c.now(), func(m map[string]any) {
			m["api_key"] = 5
		}), false},
	} {
		if _, err := r.Handle("a", tt.key, tt.header, []byte(body)); (err == nil) != tt.want {
			t.Errorf("%s: got error %v, want it proved: %v", tt.name, err, tt.want)
		}
	}
	for name, change := range map[string]func(*ReceiptRule){
		"reference and status": func(r *ReceiptRule) { r.Status = "" },
		".ID is empty": func(r *ReceiptRule) {
			r.Auth = Signing{Scheme: "hmac-sha256", Secret: "x", Header: "X-S", TimestampHeader: "X-T",
				Over: "{{.ID}}{{.Timestamp}}{{.Body}}"}
		},
	} {
		bad := rule
		change(&bad)
		if _, err := NewReceipts(Config{Gateways: []Gateway{{Name: "a", Receipt: bad}}}, c.now); err == nil ||
			!strings.Contains(err.Error(), name) {
			t.Errorf("got %v, want an error that says %q", err, name)
		}
	}
	many := func(n int) string { return "[" + strings.Join(slices.Repeat([]string{body}, n), ",") + "]" }
	for _, tt := range []struct {
		body string
		list int
		code auth.Code
	}{
		{many(receiptItems), receiptItems, ""},
		{many(receiptItems + 1), 0, auth.MalformedRequest},
		{body + strings.Repeat(" ", receiptBytes-len(body)), 1, ""},
		{body + strings.Repeat(" ", receiptBytes-len(body)+1), 0, auth.TooLarge},
	} {
		list, err := r.Handle("a", "", webhook(jwt, "s3", tt.body, c.now(), nil), []byte(tt.body))
		if len(list) != tt.list || tt.code == "" && err != nil || tt.code != "" && !errors.Is(err, auth.Refuse(tt.code)) {
			t.Errorf("%d bytes: got %d receipts, %v, want %d, %q", len(tt.body), len(list), err, tt.list, tt.code)
		}
	}
}
