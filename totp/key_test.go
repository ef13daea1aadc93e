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
		"otpauth://hotp/li?" + secret + "&counter=0x1":                         false,
		"otpauth://totp/li?" + secret + "&digits=0x6":                          false,
		"otpauth://totp/li\xff?" + secret:                                      false,
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

// TestKeyBounds validates keys at the ends of what they may be, and beyond.
func TestKeyBounds(t *testing.T) {
	counted := func() totp.Key {
		k := appKey("Shop", "li")
		k.Kind = auth.HOTP
		k.Period = 0
		return k
	}
	for name, tt := range map[string]struct {
		key   totp.Key
		edit  func(*totp.Key)
		wrong string // part of what is said; "" if nothing is wrong
	}{
		"an app's":            {appKey("Shop", "li"), func(*totp.Key) {}, ""},
		"a token's":           {counted(), func(*totp.Key) {}, ""},
		"15 seconds":          {appKey("Shop", "li"), func(k *totp.Key) { k.Period = 15 }, ""},
		"14 seconds":          {appKey("Shop", "li"), func(k *totp.Key) { k.Period = 14 }, "15 to 300"},
		"300 seconds":         {appKey("Shop", "li"), func(k *totp.Key) { k.Period = 300 }, ""},
		"301 seconds":         {appKey("Shop", "li"), func(k *totp.Key) { k.Period = 301 }, "15 to 300"},
		"a counter in an app": {appKey("Shop", "li"), func(k *totp.Key) { k.Counter = 1 }, "no counter"},
		"a period in a token": {counted(), func(k *totp.Key) { k.Period = 30 }, "no period"},
		"the last counter":    {counted(), func(k *totp.Key) { k.Counter = maxCounter }, ""},
		"one beyond":          {counted(), func(k *totp.Key) { k.Counter = maxCounter + 1 }, "too high"},
		"16 bytes":            {appKey("Shop", "li"), func(k *totp.Key) { k.Secret = make([]byte, 16) }, ""},
		"15 bytes":            {appKey("Shop", "li"), func(k *totp.Key) { k.Secret = make([]byte, 15) }, "16 to 128"},
		"128 bytes":           {appKey("Shop", "li"), func(k *totp.Key) { k.Secret = make([]byte, 128) }, ""},
		"129 bytes":           {appKey("Shop", "li"), func(k *totp.Key) { k.Secret = make([]byte, 129) }, "16 to 128"},
		"an issuer of 64":     {appKey(strings.Repeat("店", 64), "li"), func(*totp.Key) {}, ""},
		"an issuer of 65": {appKey("Shop", "li"), func(k *totp.Key) { k.Issuer = strings.Repeat("店", 65) },
			"too long"},
		"an issuer with a colon":  {appKey("Shop", "li"), func(k *totp.Key) { k.Issuer = "a:b" }, "colon"},
		"an account with a colon": {appKey("Shop", "li"), func(k *totp.Key) { k.Account = "a:b" }, "colon"},
		"an account of no UTF-8":  {appKey("Shop", "li"), func(k *totp.Key) { k.Account = "a\ufffd" }, "control"},
		"no account":              {appKey("Shop", "li"), func(k *totp.Key) { k.Account = "" }, "no account"},
		"no kind":                 {appKey("Shop", "li"), func(k *totp.Key) { k.Kind = "" }, "neither"},
	} {
		k := tt.key
		tt.edit(&k)
		err := k.Validate()
		if tt.wrong == "" && err != nil || tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
			t.Errorf("%s: got %v, want %q", name, err, tt.wrong)
		}
	}
	for counter, want := range map[uint64]bool{maxCounter: true, maxCounter + 1: false} {
		tok := &auth.Token{Kind: auth.HOTP, Serial: "7", Secret: make([]byte, 20), Counter: counter, Digits: 6,
			Algorithm: "SHA1"}
		if _, err := claim(t, token(t, totp.Config{}), tok, noon, "000000", "000000"); (codeOf(err) == auth.TokenWrong) != want {
			t.Errorf("a token at %d: got %v, want it read %v", counter, err, want)
		}
	}
}

// TestKeyURINames reads the issuer from the label and from its parameter, and URIs up to their greatest length.
func TestKeyURINames(t *testing.T) {
	const secret = "secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
	for uri, want := range map[string][2]string{
		"otpauth://totp/Shop%3Ali?" + secret:                {"Shop", "li"},
		"otpauth://totp/Shop:%20li?" + secret:               {"Shop", "li"},
		"otpauth://totp/Shop:li?" + secret + "&issuer=Shop": {"Shop", "li"},
		"otpauth://totp/li?" + secret + "&issuer=Shop":      {"Shop", "li"},
		"otpauth://totp/:li?" + secret + "&issuer=Shop":     {"Shop", "li"},
		"otpauth://totp/li?" + secret:                       {"", "li"},
	} {
		k, err := totp.ParseKeyURI(uri)
		if err != nil || k.Issuer != want[0] || k.Account != want[1] {
			t.Errorf("%s: got %q, %q, %v, want %q", uri, k.Issuer, k.Account, err, want)
		}
	}
	const uri = "otpauth://totp/li?" + secret
	if _, err := totp.ParseKeyURI(uri + strings.Repeat("=", 4096-len(uri))); err != nil {
		t.Errorf("of 4096 bytes: got %v, want it read", err)
	}
	if _, err := totp.ParseKeyURI(uri + strings.Repeat("=", 4097-len(uri))); err == nil {
		t.Errorf("of 4097 bytes: got it read, want an error")
	}
}
