package totp_test

// One test for each trap of pquerna/otp v1.5.

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

// TestTrapEmptySecret: the library computes, and so accepts, the code of an
// empty secret.
func TestTrapEmptySecret(t *testing.T) {
	for _, f := range []auth.Factor{app(t, totp.Config{}), token(t, totp.Config{})} {
		_, a := bindAt(t, f, noon)
		for _, secret := range []string{"", "=", "        ", "AAAA"} {
			var data map[string]any
			if err := json.Unmarshal(a.Data, &data); err != nil {
				t.Fatal(err)
			}
			data["s"] = secret
			empty := *a
			empty.Data, _ = json.Marshal(data)
			for _, at := range []uint64{1, 2, uint64(noon.Unix()/30) + 120} {
				got, err := verifyAt(f, &empty, noon.Add(3600e9), oath(nil, totp.SHA1, 6, at))
				if err == nil || got != nil {
					t.Errorf("%s with secret %q: got %v and %v, want a failure", f.Kind(), secret, got, err)
				}
			}
		}
	}
	k := appKey("s", "li")
	k.Secret = nil
	if k.Validate() == nil {
		t.Error("a key without a secret validates")
	}
}

// TestTrapReuse: the library says right to the same code for 90 seconds.
func TestTrapReuse(t *testing.T) {
	f := app(t, totp.Config{})
	d, a := bindAt(t, f, noon)
	at := noon.Add(3600e9)
	code := d.step(at, 0)
	a, err := verifyAt(f, a, at, code)
	wants(t, err, "")
	for range 3 {
		_, err = verifyAt(f, a, at, code)
		wants(t, err, auth.CodeUsed)
		at = at.Add(10e9)
	}
}

// TestTrapMD5: the library panics for it.
func TestTrapMD5(t *testing.T) {
	k := appKey("s", "li")
	k.Algorithm = "MD5"
	if k.Validate() == nil {
		t.Error("a key of MD5 validates")
	}
	f := app(t, totp.Config{})
	_, a := bindAt(t, f, noon)
	a.Data = json.RawMessage(strings.Replace(string(a.Data), "SHA1", "MD5", 1))
	if _, err := verifyAt(f, a, noon, "123456"); err == nil || codeOf(err) == auth.CodeWrong {
		t.Errorf("got %v, want a failure", err)
	}
}

// TestTrapKeyURL: the library takes digits=9999 and https.
func TestTrapKeyURL(t *testing.T) {
	good := appKey("s", "li").URI()
	for _, bad := range []string{
		good + "&digits=9999", strings.Replace(good, "otpauth:", "https:", 1),
	} {
		if _, err := totp.ParseKeyURI(bad); err == nil {
			t.Errorf("%s: got it read, want an error", bad)
		}
	}
}

// TestTrapShortSecret: the library makes counted secrets of 80 bits.
func TestTrapShortSecret(t *testing.T) {
	for _, f := range []auth.Factor{app(t, totp.Config{}), token(t, totp.Config{})} {
		d, _ := bindAt(t, f, noon)
		if len(d.secret) != 20 {
			t.Errorf("%s: got a secret of %d bits, want 160", f.Kind(), 8*len(d.secret))
		}
	}
}

// TestTrapNoCounter: the library's hotp URIs lack the counter.
func TestTrapNoCounter(t *testing.T) {
	k := appKey("s", "li")
	k.Kind = auth.HOTP
	k.Period = 0
	k.Counter = 5
	if !strings.HasSuffix(k.URI(), "&counter=5") {
		t.Errorf("got %s, want the counter in it", k.URI())
	}
}

// TestTrapIssuer: issuers that break the library's URIs.
func TestTrapIssuer(t *testing.T) {
	for _, issuer := range []string{"Tom & Co", "A+B", "100%", "汤姆商店"} {
		f := app(t, totp.Config{})
		c := &auth.Ceremony{Now: noon}
		if err := f.BeginBind(c, auth.Subject{Name: "li+1@example.com", Site: issuer}); err != nil {
			t.Fatal(err)
		}
		var p struct{ URI string }
		if err := json.Unmarshal(c.Prompt, &p); err != nil {
			t.Fatal(err)
		}
		k, err := totp.ParseKeyURI(p.URI)
		if err != nil || k.Issuer != issuer || k.Account != "li+1@example.com" {
			t.Errorf("%s: got %q %q and %v", issuer, k.Issuer, k.Account, err)
		}
	}
}

// TestTrapColon: a colon in a name would be read as the end of the issuer.
func TestTrapColon(t *testing.T) {
	f := app(t, totp.Config{})
	c := &auth.Ceremony{Now: noon}
	if err := f.BeginBind(c, auth.Subject{Name: "li:x\x00@example.com", Site: "Shop: Tom\n"}); err != nil {
		t.Fatal(err)
	}
	var p struct{ URI, Issuer, Account string }
	if err := json.Unmarshal(c.Prompt, &p); err != nil {
		t.Fatal(err)
	}
	k, err := totp.ParseKeyURI(p.URI)
	if err != nil || k.Issuer != "Shop Tom" || k.Account != "li x @example.com" || p.Issuer != k.Issuer ||
		p.Account != k.Account {
		t.Errorf("got %q %q and %v", k.Issuer, k.Account, err)
	}
}
