package main

import (
	"context"
	"crypto/hmac"
	"crypto/sha1" //nolint:gosec // as Twilio does
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/notify"
)

// oneText is an outbox with one code in it.
type oneText struct {
	m    auth.Message
	over chan auth.Outcome
	out  bool
}

func (o *oneText) DueUpTo(context.Context, int, auth.Rank) ([]auth.Message, error) {
	if o.out {
		return nil, nil
	}
	o.out = true
	return []auth.Message{o.m}, nil
}

func (o *oneText) Settle(_ context.Context, _ string, outcome auth.Outcome) error {
	o.over <- outcome
	return nil
}

func (o *oneText) Wake() <-chan struct{} { return nil }

func sum256(b string) string { s := sha256.Sum256([]byte(b)); return hex.EncodeToString(s[:]) }

func mac256(key, text string) string {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return string(h.Sum(nil))
}

var proofForm = regexp.MustCompile(`^(\S+) Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$`)

// signedRight checks a request as the three providers say that they do: written from their documents, apart from what
// signs. It returns what is wrong.
func signedRight(r *http.Request, body, secret string) error {
	part := proofForm.FindStringSubmatch(r.Header.Get("Authorization"))
	if part == nil {
		return fmt.Errorf("no proof in %q", r.Header.Get("Authorization"))
	}
	algorithm := part[1]
	scope := strings.Split(part[2], "/")
	names := strings.Split(part[3], ";")
	var lines strings.Builder
	for _, name := range names {
		value := r.Header.Get(name)
		if name == "host" {
			value = r.Host
		}
		if algorithm == "TC3-HMAC-SHA256" {
			value = strings.ToLower(value)
		}
		lines.WriteString(name + ":" + value + "\n")
	}
	query := strings.ReplaceAll(r.URL.Query().Encode(), "+", "%20")
	canonical := strings.Join([]string{r.Method, "/", query, lines.String(), part[3], sum256(body)}, "\n")
	key := secret
	text := ""
	must := []string{"host"}
	switch algorithm {
	case "ACS3-HMAC-SHA256":
		must = append(must, "x-acs-action", "x-acs-content-sha256", "x-acs-date",
			"x-acs-signature-nonce", "x-acs-version")
		if r.Header.Get("x-acs-content-sha256") != sum256(body) || !soon(time.RFC3339, r.Header.Get("x-acs-date")) {
			return fmt.Errorf("hash or time of the body is wrong")
		}
		text = algorithm + "\n" + sum256(canonical)
	case "TC3-HMAC-SHA256":
		must = append(must, "content-type", "x-tc-action")
		at := r.Header.Get("X-TC-Timestamp")
		key = mac256(mac256(mac256("TC3"+secret, scope[1]), scope[2]), "tc3_request")
		text = strings.Join([]string{algorithm, at, strings.Join(scope[1:], "/"), sum256(canonical)}, "\n")
	case "AWS4-HMAC-SHA256":
		must = append(must, "content-type", "x-amz-date", "x-amz-target")
		at := r.Header.Get("X-Amz-Date")
		if !soon("20060102T150405Z", at) || scope[1] != at[:8] || scope[4] != "aws4_request" {
			return fmt.Errorf("scope %v is not of the time %s", scope, at)
		}
		key = mac256(mac256(mac256(mac256("AWS4"+secret, scope[1]), scope[2]), scope[3]), "aws4_request")
		text = strings.Join([]string{algorithm, at, strings.Join(scope[1:], "/"), sum256(canonical)}, "\n")
	}
	for _, name := range must {
		if !slices.Contains(names, name) {
			return fmt.Errorf("%s is not signed", name)
		}
	}
	if got, want := part[4], hex.EncodeToString([]byte(mac256(key, text))); got != want {
		return fmt.Errorf("got %s, want %s for\n%s", got, want, canonical)
	}
	return nil
}

func soon(layout, at string) bool {
	t, err := time.Parse(layout, at)
	return err == nil && time.Since(t).Abs() < time.Minute
}

// example returns the settings of the operator's guide for one gateway, at an address of this machine.
func example(t *testing.T, name, host, here string) *Config {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, rest, found := strings.Cut(string(text), "    - name: "+name+"\n")
	block, _, ends := strings.Cut(rest, "```")
	head := string(text)[:strings.Index(string(text), rest)]
	if !found || !ends || strings.Count(block, "https://"+host) != 1 {
		t.Fatalf("%s: got no example of its own that asks https://%s", name, host)
	}
	block = head[strings.LastIndex(head, "```yaml\n")+8:] + strings.Replace(block, "https://"+host, here, 1)
	dir := t.TempDir()
	writeFile(t, filepath.Join(dir, name), "secret-of-"+name+"\n")
	writeFile(t, filepath.Join(dir, name+"-receipts"), "0123456789abcdef0123456789abcdef\n")
	return load(t, strings.ReplaceAll(block, "/run/secrets/", dir+"/"), nil, nil)
}

// The worked settings of the guide send a code that the provider would take: its proof is right, its fields are there,
// its answers are understood, and its receipts find the message.
func TestWorkedSettingsOfGateways(t *testing.T) {
	for _, c := range []struct {
		name, host string
		sees       func(r *http.Request, body string) []string // what the provider reads
		want       []string
		yes        string // its answer
		no         map[string]string
		ref        string
		receipt    string
	}{
		{name: "aliyun", host: "dysmsapi.aliyuncs.com", sees: func(r *http.Request, _ string) []string {
			q := r.URL.Query()
			return []string{q.Get("PhoneNumbers"), q.Get("SignName"), q.Get("TemplateCode"), q.Get("TemplateParam"),
				q.Get("OutId")}
		}, want: []string{"+8613800138000", "示例商城", "SMS_100000001", `{"code":"482913"}`, "m1"},
			yes: `{"Message":"OK","RequestId":"r","Code":"OK","BizId":"9006197469364984^0"}`,
			no: map[string]string{
				`{"Code":"isv.AMOUNT_NOT_ENOUGH"}`: "refused", `{"Code":"isv.BUSINESS_LIMIT_CONTROL"}`: "busy"},
			ref:     "9006197469364984^0",
			receipt: `[{"phone_number":"1381111","success":true,"biz_id":"9006197469364984^0","out_id":"m1"}]`},
		{name: "tencent", host: "sms.tencentcloudapi.com", sees: func(_ *http.Request, body string) []string {
			var m struct {
				PhoneNumberSet, TemplateParamSet      []string
				SignName, SessionContext, SmsSdkAppId string
			}
			_ = json.Unmarshal([]byte(body), &m)
			return append(append(m.PhoneNumberSet, m.SignName, m.SessionContext), m.TemplateParamSet...)
		}, want: []string{"+8613800138000", "示例商城", "m1", "482913", "5"},
			yes: `{"Response":{"SendStatusSet":[{"SerialNo":"5000:104","Code":"Ok"}],"RequestId":"r"}}`,
			no: map[string]string{
				`{"Response":{"Error":{"Code":"AuthFailure.SignatureFailure","Message":"x"}}}`:         "refused",
				`{"Response":{"Error":{"Code":"RequestLimitExceeded","Message":"x"},"RequestId":"r"}}`: "busy",
				`{"Response":{"SendStatusSet":[{"Code":"FailedOperation.TemplateUnapproved"}]}}`:       "refused",
			},
			ref: "5000:104", receipt: `[{"mobile":"13800138000","report_status":"SUCCESS","sid":"5000:104"}]`},
		{name: "amazon", host: "sms-voice.eu-central-1.amazonaws.com",
			sees: func(r *http.Request, body string) []string {
				var m struct{ DestinationPhoneNumber, OriginationIdentity, MessageType string }
				_ = json.Unmarshal([]byte(body), &m)
				return []string{r.Header.Get("X-Amz-Target"), m.DestinationPhoneNumber, m.OriginationIdentity,
					m.MessageType}
			}, want: []string{"PinpointSMSVoiceV2.SendTextMessage", "+8613800138000", "ExampleShop", "TRANSACTIONAL"},
			yes: `{"MessageId":"b4f6"}`, no: map[string]string{
				`{"__type":"ThrottlingException"}`: "busy", `{"__type":"ConflictException"}`: "refused"},
			ref: "b4f6"},
		{name: "twilio", host: "api.twilio.com", sees: func(_ *http.Request, body string) []string {
			v, _ := url.ParseQuery(body)
			return []string{v.Get("To"), v.Get("From"), v.Get("StatusCallback")}
		}, want: []string{"+8613800138000", "+15005550006",
			"https://account.shop.example/api/v1/gateways/twilio/receipt"},
			yes: `{"sid":"SM1"}`, ref: "SM1", receipt: "MessageSid=SM1&MessageStatus=delivered"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var wrong error
			var seen []string
			reply, status := c.yes, http.StatusOK
			provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				wrong, seen = checkProof(r, string(b), c.name), c.sees(r, string(b))
				w.WriteHeader(status)
				fmt.Fprint(w, reply)
			}))
			defer provider.Close()
			config := example(t, c.name, c.host, provider.URL)
			if got := deliverOne(t, config); got.State != auth.Accepted || got.Reference != c.ref || wrong != nil {
				t.Errorf("got %+v, %v, want it taken as %s", got, wrong, c.ref)
			}
			if !slices.Equal(seen, c.want) {
				t.Errorf("got %q at the provider, want %q", seen, c.want)
			}
			for answer, word := range c.no {
				reply = answer
				if strings.Contains(answer, "__type") {
					status = http.StatusBadRequest
				}
				if got := deliverOne(t, config); got.Reason != word || got.State == auth.Accepted {
					t.Errorf("%s: got %+v, want %s", answer, got, word)
				}
			}
			if c.receipt != "" {
				receiptOf(t, config, c.name, c.receipt, c.ref)
			}
		})
	}
}

// checkProof checks a request's proof by its provider's way.
func checkProof(r *http.Request, body, name string) error {
	if name != "twilio" {
		return signedRight(r, body, "secret-of-"+name)
	}
	_, password, _ := r.BasicAuth()
	if password != "secret-of-twilio" || r.Header.Get("I-Twilio-Idempotency-Token") != "m1" {
		return fmt.Errorf("got password or key wrong")
	}
	return nil
}

// deliverOne sends one code by the settings and returns what became of it.
func deliverOne(t *testing.T, c *Config) auth.Outcome {
	t.Helper()
	n := c.Notify
	n.Site, n.Limits.Tries = c.Site, 2
	out := &oneText{over: make(chan auth.Outcome, 1), m: auth.Message{ID: "m1", Channel: auth.SMS,
		Recipient: "+8613800138000", Template: auth.TemplateCode, Language: "zh-CN", Label: "KQ", Expires: time.Now().Add(time.Hour),
		Args: map[string]string{"code": "482913", "purpose": "sign-in", "minutes": "5", "label": "KQ"}}}
	d, err := notify.New(n, out, func(auth.Message) (notify.Text, error) { return notify.Text{Body: "【店】482913"}, nil },
		time.Now, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.Run(ctx)
	}()
	defer func() { stop(); <-done }()
	return <-out.over
}

// receiptOf lets the provider report that the text arrived.
func receiptOf(t *testing.T, c *Config, name, body, ref string) {
	t.Helper()
	n := c.Notify
	n.Origin = "https://account.shop.example"
	reports, err := notify.NewReceipts(n, time.Now)
	if err != nil {
		t.Fatal(err)
	}
	key, header := "0123456789abcdef0123456789abcdef", http.Header{}
	if name == "twilio" {
		h := hmac.New(sha1.New, []byte("secret-of-twilio"))
		h.Write([]byte(n.Origin + "/api/v1/gateways/twilio/receipt" + "MessageSid" + ref + "MessageStatusdelivered"))
		key = ""
		header.Set("X-Twilio-Signature", base64.StdEncoding.EncodeToString(h.Sum(nil)))
	}
	list, err := reports.Handle(name, key, header, []byte(body))
	if err != nil || len(list) != 1 || list[0].Reference != ref || list[0].State != auth.Delivered {
		t.Errorf("got %+v, %v of its receipt, want %s delivered", list, err, ref)
	}
	if _, err := reports.Handle(name, "x", http.Header{}, []byte(body)); err == nil {
		t.Error("got a stranger's receipt read")
	}
}
