package totp_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

func appKey(issuer, account string) totp.Key {
	return totp.Key{
		Kind: auth.TOTP, Issuer: issuer, Account: account, Secret: []byte("12345678901234567890"),
		Algorithm: totp.SHA1, Digits: 6, Period: 30,
	}
}

func TestKeyURI(t *testing.T) {
	got := appKey("Tom & Co", "li+shop@example.com").URI()
	want := "otpauth://totp/Tom%20%26%20Co:li%2Bshop%40example.com?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" +
		"&issuer=Tom%20%26%20Co"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	k := appKey("", "li")
	k.Kind = auth.HOTP
	k.Period = 0
	k.Counter = 7
	want = "otpauth://hotp/li?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=7"
	if got := k.URI(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	k = appKey("", "li")
	k.Algorithm = totp.SHA256
	k.Digits = 8
	k.Period = 60
	want = "otpauth://totp/li?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&algorithm=SHA256&digits=8&period=60"
	if got := k.URI(); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// TestKeyURIByAnotherReader reads the URI as apps do, with a URI library and
// nothing of ours.
func TestKeyURIByAnotherReader(t *testing.T) {
	for _, issuer := range []string{"Tom & Co", "A+B", "100%", "汤姆商店", "a/b?c#d", "é=ü;", "50%25", "Zoë's 🏪"} {
		u, err := url.Parse(appKey(issuer, "li@example.com").URI())
		if err != nil {
			t.Errorf("%s: %v", issuer, err)
			continue
		}
		if u.Scheme != "otpauth" || u.Host != "totp" || u.Path != "/"+issuer+":li@example.com" || u.Fragment != "" {
			t.Errorf("%s: got %s %s %q", issuer, u.Scheme, u.Host, u.Path)
		}
		q, err := url.ParseQuery(u.RawQuery)
		if err != nil || q.Get("issuer") != issuer || q.Get("secret") == "" || len(q) != 2 {
			t.Errorf("%s: got query %v and %v", issuer, q, err)
		}
		if strings.Contains(u.RawQuery, "+") {
			t.Errorf("%s: got a plus sign for a blank, want %%20", issuer)
		}
	}
}

func TestKeyURIRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		k := totp.Key{
			Kind:      rapid.SampledFrom([]auth.Kind{auth.TOTP, auth.HOTP}).Draw(t, "kind"),
			Issuer:    rapid.String().Draw(t, "issuer"),
			Account:   rapid.StringN(1, -1, -1).Draw(t, "account"),
			Secret:    rapid.SliceOfN(rapid.Byte(), 16, 128).Draw(t, "secret"),
			Algorithm: rapid.SampledFrom([]totp.Algorithm{totp.SHA1, totp.SHA256, totp.SHA512}).Draw(t, "algorithm"),
			Digits:    rapid.SampledFrom([]int{6, 8}).Draw(t, "digits"),
		}
		if k.Kind == auth.HOTP {
			k.Counter = rapid.Uint64Range(0, 1<<53-1).Draw(t, "counter")
		} else {
			k.Period = rapid.IntRange(15, 300).Draw(t, "period")
		}
		if k.Validate() != nil {
			t.Skip("labels that no key has")
		}
		got, err := totp.ParseKeyURI(k.URI())
		if err != nil {
			t.Fatalf("%q: %v", k.URI(), err)
		}
		if d := cmp.Diff(k, got); d != "" {
			t.Fatal(d)
		}
	})
}

func TestParseKeyURI(t *testing.T) {
	const secret = "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for uri, want := range map[string]bool{
		"otpauth://totp/li?" + secret:                                          true,
		"otpauth://totp/Shop:%20li?" + secret + "&issuer=Shop":                 true,
		"otpauth://totp/Shop%3Ali?" + secret:                                   true,
		"otpauth://totp/li?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq":            true,
		"otpauth://totp/li?" + secret + "&algorithm=sha256&digits=8&period=60": true,
		"otpauth://hotp/li?" + secret + "&counter=0":                           true,
		"otpauth://hotp/li?" + secret:                                          false,
		"otpauth://hotp/li?" + secret + "&counter=-1":                          false,
		"otpauth://hotp/li?" + secret + "&counter=99999999999999999999":        false,
		"otpauth://hotp/li?" + secret + "&counter=0&period=30":                 false,
		"otpauth://totp/li?" + secret + "&counter=0":                           true,
		"otpauth://totp/li?" + secret + "&counter=1":                           false,
		"https://totp/li?" + secret:                                            false,
		"otpauth:totp/li?" + secret:                                            false,
		"otpauth://steam/li?" + secret:                                         false,
		"otpauth://totp/li?" + secret + "&digits=9999":                         false,
		"otpauth://totp/li?" + secret + "&digits=7":                            false,
		"otpauth://totp/li?" + secret + "&digits=":                             false,
		"otpauth://totp/li?" + secret + "&algorithm=MD5":                       false,
		"otpauth://totp/li?" + secret + "&algorithm=":                          false,
		"otpauth://totp/li?" + secret + "&encoder=steam":                       false,
		"otpauth://totp/li?" + secret + "&period=0":                            false,
		"otpauth://totp/li?" + secret + "&" + secret:                           false,
		"otpauth://totp/li?" + secret + "&digits=6&digits=8":                   false,
		"otpauth://totp/li?" + secret + "#x":                                   false,
		"otpauth://me@totp/li?" + secret:                                       false,
		"otpauth://totp:80/li?" + secret:                                       false,
		"otpauth://totp/Shop:li?" + secret + "&issuer=Other":                   false,
		"otpauth://totp/a:b:c?" + secret:                                       false,
		"otpauth://totp/?" + secret:                                            false,
		"otpauth://totp?" + secret:                                             false,
		"otpauth://totp/li":                                                    false,
		"otpauth://totp/li?secret=":                                            false,
		"otpauth://totp/li?secret=GEZDGNBVGY3TQOJQ":                            false,
		"otpauth://totp/li?secret=0189":                                        false,
		"otpauth://totp/li?" + secret + "&digits=%zz":                          false,
		"otpauth://totp/" + strings.Repeat("a", 65) + "?" + secret:             false,
		"otpauth://totp/li?secret=" + strings.Repeat("GEZDGNBVGY3TQOJQ", 300):  false,
		"":         false,
		"otpauth:": false,
	} {
		_, err := totp.ParseKeyURI(uri)
		if (err == nil) != want {
			t.Errorf("%s: got %v, want readable %t", uri, err, want)
		}
		if err != nil && strings.Contains(err.Error(), "GEZDGN") {
			t.Errorf("%s: the error holds the secret: %v", uri, err)
		}
	}
}

// FuzzParseKeyURI: what is read is a valid key, and reads the same again.
func FuzzParseKeyURI(f *testing.F) {
	f.Add(appKey("Tom & Co", "li@example.com").URI())
	f.Add("otpauth://hotp/A%2BB:li?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&counter=3&digits=8&algorithm=SHA512")
	f.Add("otpauth://totp/%E6%B1%A4:%20li?secret=gezdgnbvgy3tqojqgezdgnbvgy3tqojq====&issuer=%E6%B1%A4")
	f.Add("https://totp/li?secret=&digits=9999&algorithm=MD5")
	f.Fuzz(func(t *testing.T, uri string) {
		k, err := totp.ParseKeyURI(uri)
		if err != nil {
			return
		}
		if err := k.Validate(); err != nil {
			t.Fatalf("%q: read a key that is not valid: %v", uri, err)
		}
		again, err := totp.ParseKeyURI(k.URI())
		if err != nil {
			t.Fatalf("%q: its own URI %q: %v", uri, k.URI(), err)
		}
		if d := cmp.Diff(k, again); d != "" {
			t.Fatal(d)
		}
	})
}
