package notify

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

// signedAt returns the Authorization that s gives a request at a moment.
func signedAt(t *testing.T, s Signing, at time.Time, change func(*signer), r *http.Request, body string) string {
	t.Helper()
	g, err := newSigner(s, func() time.Time { return at })
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(g)
	}
	if err := g.sign(r, body, "id"); err != nil {
		t.Fatal(err)
	}
	return r.Header.Get("Authorization")
}

func asked(t *testing.T, method, address string, headers ...string) *http.Request {
	t.Helper()
	r, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return r
}

// The examples of "Signature v3" in Tencent Cloud's API documents, of three editions: the secrets are printed as they
// stand there, stars included.
func TestPublishedVectorsTC3(t *testing.T) {
	const body = `{"Limit": 1, "Filters": [{"Values": ["\u672a\u547d\u540d"], "Name": "instance-name"}]}`
	two := func(g *signer) { g.cloud.signs = nil } // older editions sign content-type and host alone
	for _, c := range []struct {
		name, id, secret, method, address, media, body string
		at                                             int64
		change                                         func(*signer)
		want                                           string
	}{
		{"POST, three headers", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******", "Gu5t9xGARNpq86cd98joQYCN3*******", "POST",
			"https://cvm.tencentcloudapi.com", "application/json; charset=utf-8", body, 1551113065, nil,
			"TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3*******/2019-02-25/cvm/tc3_request, " +
				"SignedHeaders=content-type;host;x-tc-action, " +
				"Signature=be4f67d323c78ab9acb7395e43c0dbcf822a9cfac32fea2449a7bc7726b770a3"},
		{"POST, two headers", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "POST",
			"https://cvm.tencentcloudapi.com", "application/json; charset=utf-8", body, 1551113065, two,
			"TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2019-02-25/cvm/tc3_request, " +
				"SignedHeaders=content-type;host, " +
				"Signature=72e494ea809ad7a8c8f7a4507b9bddcbaa8e581f516e8da2f66e2c5a96525168"},
		{"GET", "AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE", "Gu5t9xGARNpq86cd98joQYCN3EXAMPLE", "GET",
			"https://cvm.tencentcloudapi.com/?Limit=10&Offset=0", "application/x-www-form-urlencoded", "",
			1539084154, two,
			"TC3-HMAC-SHA256 Credential=AKIDz8krbsJ5yKBZQpn74WFkmLPx3EXAMPLE/2018-10-09/cvm/tc3_request, " +
				"SignedHeaders=content-type;host, " +
				"Signature=5da7a33f6993f0614b047e5df4582db9e9bf4672ba50567dba16c6ccf174c474"},
	} {
		r := asked(t, c.method, c.address, "Content-Type", c.media, "X-TC-Action", "DescribeInstances",
			"X-TC-Version", "2017-03-12", "X-TC-Region", "ap-guangzhou")
		s := Signing{Scheme: "tc3", User: c.id, Secret: Secret(c.secret), Service: "cvm"}
		if got := signedAt(t, s, time.Unix(c.at, 0), c.change, r, c.body); got != c.want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, c.want)
		}
	}
}

// The fixed example of "Request syntax and signature method V3" in Alibaba Cloud's SDK documents.
func TestPublishedVectorACS3(t *testing.T) {
	const query = "RegionId=cn-shanghai&ImageId=win2019_1809_x64_dtc_zh-cn_40G_alibase_20230811.vhd"
	r := asked(t, "POST", "https://ecs.cn-shanghai.aliyuncs.com/?"+query,
		"x-acs-action", "RunInstances", "x-acs-version", "2014-05-26")
	s := Signing{Scheme: "acs3", User: "YourAccessKeyId", Secret: "YourAccessKeySecret"}
	at := time.Date(2023, 10, 26, 18, 22, 32, 0, time.FixedZone("CST", 8*3600))
	fixed := func(g *signer) { g.nonce = func() string { return "3156853299f313e23d1673dc12e1703d" } }
	got := signedAt(t, s, at, fixed, r, "")
	want := "ACS3-HMAC-SHA256 Credential=YourAccessKeyId," +
		"SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version," +
		"Signature=06563a9e1b43f5dfe96b81484da74bceab24a1d853912eee15083a6f0f3283c0"
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if r.Header.Get("x-acs-date") != "2023-10-26T10:22:32Z" {
		t.Errorf("got the date %s, want that of UTC", r.Header.Get("x-acs-date"))
	}
}

// Cases of Amazon's Signature Version 4 test suite, by their names in it, and the example of the IAM user guide.
func TestPublishedVectorsAWS4(t *testing.T) {
	const form = "application/x-www-form-urlencoded"
	for _, c := range []struct {
		name, method, address, media, body, service, signed, want string
	}{
		{"get-vanilla", "GET", "https://example.amazonaws.com/", "", "", "service", "host;x-amz-date",
			"5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"},
		{"get-vanilla-query-order-key-case", "GET", "https://example.amazonaws.com/?Param2=value2&Param1=value1",
			"", "", "service", "host;x-amz-date",
			"b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"},
		{"post-vanilla", "POST", "https://example.amazonaws.com/", "", "", "service", "host;x-amz-date",
			"5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"},
		{"post-x-www-form-urlencoded", "POST", "https://example.amazonaws.com/", form, "Param1=value1", "service",
			"content-type;host;x-amz-date",
			"ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a"},
		{"IAM ListUsers", "GET", "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
			form + "; charset=utf-8", "", "iam", "content-type;host;x-amz-date",
			"5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"},
	} {
		r := asked(t, c.method, c.address)
		if c.media != "" {
			r.Header.Set("Content-Type", c.media)
		}
		s := Signing{Scheme: "aws4", User: "AKIDEXAMPLE", Secret: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
			Region: "us-east-1", Service: c.service}
		got := signedAt(t, s, time.Date(2015, 8, 30, 12, 36, 0, 0, time.UTC), nil, r, c.body)
		want := "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/" + c.service +
			"/aws4_request, SignedHeaders=" + c.signed + ", Signature=" + c.want
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", c.name, got, want)
		}
	}
}

// A nonce that comes twice is refused by the provider, and what is signed differs with every part of the request.
func TestEveryPartOfARequestIsSigned(t *testing.T) {
	for name, s := range map[string]Signing{
		"acs3": {Scheme: "acs3", User: "id", Secret: "k"},
		"tc3":  {Scheme: "tc3", User: "id", Secret: "k", Service: "sms"},
		"aws4": {Scheme: "aws4", User: "id", Secret: "k", Region: "r", Service: "sms"},
	} {
		still := func(g *signer) { g.nonce = func() string { return "n" } }
		base := func() (*http.Request, string, time.Time, Signing) {
			r := asked(t, "POST", "https://a.example/?q=1", "x-acs-action", "A", "x-tc-action", "A", "x-amz-target",
				"A",
				"Content-Type", "text/x")
			return r, "body", time.Unix(1700000000, 0), s
		}
		r, body, at, set := base()
		seen := map[string]string{signedAt(t, set, at, still, r, body): "nothing"}
		for part, change := range map[string]func(r *http.Request, body *string, at *time.Time, s *Signing){
			"host":   func(r *http.Request, _ *string, _ *time.Time, _ *Signing) { r.URL.Host = "b.example" },
			"body":   func(_ *http.Request, b *string, _ *time.Time, _ *Signing) { *b = "other" },
			"time":   func(_ *http.Request, _ *string, at *time.Time, _ *Signing) { *at = at.Add(time.Second) },
			"day":    func(_ *http.Request, _ *string, at *time.Time, _ *Signing) { *at = at.Add(24 * time.Hour) },
			"secret": func(_ *http.Request, _ *string, _ *time.Time, s *Signing) { s.Secret = "l" },
			"content-type": func(r *http.Request, _ *string, _ *time.Time, _ *Signing) {
				r.Header.Set("Content-Type", "text/y")
			},
			"action": func(r *http.Request, _ *string, _ *time.Time, _ *Signing) {
				for _, h := range []string{"x-acs-action", "x-tc-action", "x-amz-target"} {
					r.Header.Set(h, "B")
				}
			},
			"method": func(r *http.Request, _ *string, _ *time.Time, _ *Signing) { r.Method = "PUT" },
			"query": func(r *http.Request, _ *string, _ *time.Time, _ *Signing) {
				r.URL.RawQuery = "q=2"
				if name == "tc3" {
					r.Method = "GET" // it has none in the query of a POST
				}
			},
		} {
			r, body, at, set := base()
			change(r, &body, &at, &set)
			got := signedAt(t, set, at, still, r, body)
			if before, is := seen[got]; is {
				t.Errorf("%s: got one proof for another %s and for %s", name, part, before)
			}
			seen[got] = part
		}
	}
	if a, b := freshNonce(), freshNonce(); a == b || len(a) < 22 {
		t.Errorf("got the nonces %q and %q, want two of 128 bits", a, b)
	}
	if got := plainEscape("a b*c~d/é+="); got != "a%20b%2Ac~d%2F%C3%A9%2B%3D" {
		t.Errorf("got %q", got)
	}
}

func TestCloudSettings(t *testing.T) {
	tencent := func() Gateway {
		g := gateway("t", "https://sms.tencentcloudapi.com/")
		g.Headers = map[string]string{"X-TC-Action": "SendSms", "X-TC-Version": "2021-01-11"}
		g.Signing = Signing{Scheme: "tc3", User: "id", Secret: "k", Service: "sms"}
		return g
	}
	for _, c := range []struct {
		name   string
		change func(*Gateway)
		want   string // "" for good
	}{
		{"good", func(*Gateway) {}, ""},
		{"no action", func(g *Gateway) { delete(g.Headers, "X-TC-Action") }, "X-TC-Action"},
		{"small letters", func(g *Gateway) {
			g.Headers = map[string]string{"x-tc-action": "SendSms", "x-tc-version": "2021-01-11"}
		}, ""},
		{"no id", func(g *Gateway) { g.Signing.User = "" }, "access key"},
		{"no service", func(g *Gateway) { g.Signing.Service = "" }, "service"},
		{"no secret", func(g *Gateway) { g.Signing.Secret = "" }, "secret"},
		{"a header", func(g *Gateway) { g.Signing.Header = "X-Sig" }, "its own headers"},
		{"no content-type", func(g *Gateway) {
			g.Method = "GET"
			g.Body = ""
			g.ContentType = ""
			g.URL = g.URL + "?to={{.To | form}}&id={{.ID | form}}"
		}, "content-type"},
		{"acs3 without version", func(g *Gateway) {
			g.Signing.Scheme, g.Headers = "acs3", map[string]string{"x-acs-action": "SendSms"}
		}, "x-acs-version"},
		{"aws4 without region", func(g *Gateway) { g.Signing.Scheme = "aws4" }, "region"},
		{"aws4", func(g *Gateway) { g.Signing.Scheme, g.Signing.Region = "aws4", "cn-north-1" }, ""},
	} {
		g := tencent()
		c.change(&g)
		_, err := NewHTTP(g, time.Now)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error that says %q", c.name, err, c.want)
		}
	}
	rule := ReceiptRule{Format: "json", Reference: "id", Status: "s", Delivered: []string{"1"},
		Auth: Signing{Scheme: "acs3", User: "u", Secret: "x"}}
	if _, err := NewReceipts(Config{Gateways: []Gateway{{Name: "a", Receipt: rule}}}, time.Now); err == nil {
		t.Error("got a receipt proved by a scheme for requests of ours")
	}
}
