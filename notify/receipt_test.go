package notify

import (
	"crypto/hmac"
	"crypto/sha256"
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

// receiving returns rules for three gateways, one for each proof.
func receiving(t testing.TB, now func() time.Time) *Receipts {
	t.Helper()
	rule := ReceiptRule{Format: "json", Reference: "msg.id", Status: "msg.state", Delivered: []string{"DELIVRD", "0"},
		Failed: []string{"UNDELIV"}, Answer: `{"code":0}`}
	bearer := rule
	basic := rule
	sum := rule
	bearer.Auth = Signing{Scheme: "bearer", Secret: canarySecret}
	basic.Auth = Signing{Scheme: "basic", User: "gw", Secret: canarySecret}
	basic.Format = "form"
	basic.Reference = "id"
	basic.Status = "state"
	sum.Auth = Signing{Scheme: "hmac-sha256", Secret: canarySecret, Header: "X-Signature", Prefix: "sha256=",
		TimestampHeader: "X-Time"}
	sum.Items = "reports"
	r, err := NewReceipts(Config{Gateways: []Gateway{{Name: "bearer", Receipt: bearer}, {Name: "basic", Receipt: basic},
		{Name: "hmac", Receipt: sum}, {Name: "none"}}}, now)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func signedHeader(body string, at time.Time, secret string) http.Header {
	stamp := fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "." + body))
	return http.Header{"X-Signature": {"sha256=" + hex.EncodeToString(mac.Sum(nil))}, "X-Time": {stamp}}
}

func TestReceipts(t *testing.T) {
	c := newClock()
	r := receiving(t, c.now)
	bearer := http.Header{"Authorization": {"Bearer " + canarySecret}}
	basic := http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("gw:"+canarySecret))}}
	const one = `{"msg":{"id":77,"state":"DELIVRD"}}`
	const many = `{"reports":[{"msg":{"id":"a","state":"UNDELIV"}},{"msg":{"id":"b","state":0}},` +
		`{"msg":{"id":"c","state":"SENT"}}]}`
	got := func(gateway string, s ...string) (list []auth.Receipt) {
		for _, v := range s {
			id, state, _ := strings.Cut(v, " ")
			x := auth.Receipt{Gateway: gateway, Reference: id, State: auth.Delivery(state)}
			if x.State == auth.Failed {
				x.Reason = WordUndelivered
			}
			list = append(list, x)
		}
		return list
	}
	tests := []struct {
		name, gateway string
		header        http.Header
		body          string
		want          []auth.Receipt
		code          auth.Code // "" if read
	}{
		{"bearer", "bearer", bearer, one, got("bearer", "77 delivered"), ""},
		{"a bare list", "bearer", bearer, "[" + one + "," + one + "]", got("bearer", "77 delivered", "77 delivered"),
			""},
		{"an empty list", "bearer", bearer, "[]", nil, ""},
		{"no news", "bearer", bearer, `{"msg":{"id":"a","state":"ACCEPTED"}}`, nil, ""},
		{"form", "basic", basic, "id=x1&state=UNDELIV", got("basic", "x1 failed"), ""},
		{"list under a path", "hmac", signedHeader(many, c.now(), canarySecret), many,
			got("hmac", "a failed", "b delivered"), ""},
		{"recorded 4 minutes ago", "hmac", signedHeader(many, c.now().Add(-4*time.Minute), canarySecret), many,
			got("hmac", "a failed", "b delivered"), ""},
		{"recorded 6 minutes ago", "hmac", signedHeader(many, c.now().Add(-6*time.Minute), canarySecret), many, nil,
			auth.Forbidden},
		{"from the future", "hmac", signedHeader(many, c.now().Add(6*time.Minute), canarySecret), many, nil,
			auth.Forbidden},
		{"another secret", "hmac", signedHeader(many, c.now(), "guess"), many, nil, auth.Forbidden},
		{"another body", "hmac", signedHeader(one, c.now(), canarySecret), many, nil, auth.Forbidden},
		{"another time", "hmac", http.Header{"X-Signature": signedHeader(many, c.now(), canarySecret)["X-Signature"],
			"X-Time": {fmt.Sprint(c.now().Unix() + 1)}}, many, nil, auth.Forbidden},
		{"no time", "hmac", http.Header{"X-Signature": signedHeader(many, c.now(), canarySecret)["X-Signature"]}, many,
			nil, auth.Forbidden},
		{"unsigned", "hmac", http.Header{}, many, nil, auth.Forbidden},
		{"two signatures", "bearer", http.Header{"Authorization": {"Bearer " + canarySecret, "Bearer x"}}, one, nil,
			auth.Forbidden},
		{"empty bearer", "bearer", http.Header{"Authorization": {"Bearer "}}, one, nil, auth.Forbidden},
		{"no header", "bearer", nil, one, nil, auth.Forbidden},
		{"wrong user", "basic",
			http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte("xx:"+canarySecret))}},
			"id=a&state=0", nil, auth.Forbidden},
		{"unknown gateway", "nobody", bearer, one, nil, auth.Forbidden},
		{"gateway without receipts", "none", bearer, one, nil, auth.Forbidden},
		{"no JSON", "bearer", bearer, "id=1", nil, auth.MalformedRequest},
		{"two values", "bearer", bearer, one + one, nil, auth.MalformedRequest},
		{"no reference", "bearer", bearer, `{"msg":{"state":"0"}}`, nil, auth.MalformedRequest},
		{"empty reference", "bearer", bearer, `{"msg":{"id":"","state":"0"}}`, nil, auth.MalformedRequest},
		{"unfit reference", "bearer", bearer, `{"msg":{"id":"a\u0000","state":"0"}}`, nil, auth.MalformedRequest},
		{"no status", "bearer", bearer, `{"msg":{"id":"a"}}`, nil, auth.MalformedRequest},
		{"status is a list", "bearer", bearer, `{"msg":{"id":"a","state":["0"]}}`, nil, auth.MalformedRequest},
		{"field twice", "basic", basic, "id=a&id=b&state=0", nil, auth.MalformedRequest},
		{"broken form", "basic", basic, "id=%zz", nil, auth.MalformedRequest},
		{"too many", "bearer", bearer, "[" + strings.Repeat("1,", 1000) + "1]", nil, auth.MalformedRequest},
		{"too deep", "bearer", bearer, strings.Repeat("[", 60000), nil, auth.MalformedRequest},
		{"too large", "bearer", bearer, strings.Repeat(" ", receiptBytes+1), nil, auth.TooLarge},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 2 { // a repetition reads the same
				list, err := r.Handle(tt.gateway, "", tt.header, []byte(tt.body))
				if tt.code == "" && (err != nil || !slices.Equal(list, tt.want)) {
					t.Errorf("got %v, %v, want %v", list, err, tt.want)
				}
				if tt.code != "" && (!errors.Is(err, auth.Refuse(tt.code)) || list != nil) {
					t.Errorf("got %v, %v, want refused: %s", list, err, tt.code)
				}
			}
		})
	}
	if r.Answer("bearer") != `{"code":0}` || r.Answer("nobody") != "" {
		t.Errorf("got answers %q and %q", r.Answer("bearer"), r.Answer("nobody"))
	}
}

func TestReceiptSettings(t *testing.T) {
	good := ReceiptRule{Format: "json", Reference: "id", Status: "s", Delivered: []string{"1"},
		Auth: Signing{Scheme: "bearer", Secret: "x"}}
	tests := []struct {
		name   string
		change func(*ReceiptRule)
		want   string // "" for good
	}{
		{"good", func(*ReceiptRule) {}, ""},
		{"format", func(r *ReceiptRule) { r.Format = "xml" }, "xml"},
		{"no reference", func(r *ReceiptRule) { r.Reference = "" }, "reference"},
		{"no values", func(r *ReceiptRule) { r.Delivered = nil }, "no value"},
		{"both", func(r *ReceiptRule) { r.Failed = []string{"1"} }, "both"},
		{"unproved", func(r *ReceiptRule) { r.Auth = Signing{} }, "auth is missing"},
		{"bad proof", func(r *ReceiptRule) { r.Auth.Secret = "" }, "secret"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rule := good
			tt.change(&rule)
			_, err := NewReceipts(Config{Gateways: []Gateway{{Name: "a", Receipt: rule}}}, time.Now)
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want an error that says %q", err, tt.want)
			}
		})
	}
}

// FuzzReceipt holds: no panic; what is not proved is refused; what is read has
// a final state and a reference that may be stored.
func FuzzReceipt(f *testing.F) {
	f.Add("bearer", "Bearer "+canarySecret, []byte(`[{"msg":{"id":"a","state":"DELIVRD"}}]`))
	f.Add("basic", "Basic "+base64.StdEncoding.EncodeToString([]byte("gw:"+canarySecret)), []byte("id=a&state=UNDELIV"))
	f.Add("bearer", "Bearer x", []byte(`{"msg":{"id":1e999,"state":true}}`))
	f.Add("hmac", "", []byte(`{"reports":{"0":1}}`))
	f.Add("none", "", []byte{0xff})
	r := receiving(f, newClock().now)
	f.Fuzz(func(t *testing.T, gateway, proof string, body []byte) {
		list, err := r.Handle(gateway, "", http.Header{"Authorization": {proof}}, body)
		if err != nil && list != nil {
			t.Errorf("got %v beside %v", list, err)
		}
		if err == nil && !strings.Contains(proof, canarySecret) && gateway != "basic" {
			t.Errorf("got an unproved receipt of %q read: %q", gateway, proof)
		}
		for _, x := range list {
			if _, fit := reference(x.Reference); !fit || x.Gateway != gateway ||
				(x.State != auth.Delivered && x.State != auth.Failed) {
				t.Errorf("got %+v", x)
			}
		}
	})
}
