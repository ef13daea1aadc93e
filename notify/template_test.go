package notify

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// What a template names is there in every message it is used for, or the program does not start.
func TestTemplatesLeaveNoGap(t *testing.T) {
	mail := func(g *Gateway) { g.Channels = []auth.Channel{auth.Mail} }
	add := func(field string) func(*Gateway) {
		return func(g *Gateway) { g.Headers = map[string]string{"X-A": "{{." + field + " | url}}"} }
	}
	both := func(list ...func(*Gateway)) func(*Gateway) {
		return func(g *Gateway) {
			for _, f := range list {
				f(g)
			}
		}
	}
	for _, c := range []struct {
		name   string
		change func(*Gateway)
		want   string // "" for good
	}{
		{"from that is not set", add("From"), "from is not set"},
		{"from", both(add("From"), func(g *Gateway) { g.From = "Shop" }), ""},
		{"secret that is not set", add("Secret"), "signing.secret is not set"},
		{"signature that is not set", add("Signature"), "notify.signature is not set"},
		{"signature", both(add("Signature"), func(g *Gateway) { g.signature = "店" }), ""},
		{"site", both(add("Site"), func(g *Gateway) { g.site = "Shop" }), ""},
		{"subject of a text", add("Subject"), ".Subject is empty in some messages on sms"},
		{"HTML of a text", add("HTML"), ".HTML"},
		{"subject of a mail", both(mail, add("Subject"), func(g *Gateway) { g.Body = `{"t":{{.Text | json}}}` }), ""},
		{"code of a mail", mail, "is empty in some messages on email"},
		{"code of a mail, if it has one", both(mail, func(g *Gateway) {
			g.Body = `{"t":{{.Text | json}}{{if .Code}},"c":{{.Code | json}}{{end}}}`
		}), ""},
		{"by a variable", func(g *Gateway) { g.URL += "?a={{$.From | form}}" }, "from is not set"},
		{"a slip behind a condition", func(g *Gateway) {
			g.URL += "?a={{if .Code}}{{.Kode | form}}{{end}}"
		}, "no field .Kode"},
		{"purpose and minutes", func(g *Gateway) {
			g.URL += `?t={{if eq .Purpose "bind"}}2{{else}}1{{end}}&m={{.Minutes | form}}&k={{.Template | form}}`
		}, ""},
		{"template in a prefix", func(g *Gateway) {
			g.Signing = Signing{Scheme: "bearer", Secret: "x", Header: "X-Key", Prefix: "{{.From}} "}
		}, "prefix is no template"},
		{"template in from", func(g *Gateway) { g.From = "{{.Site}}" }, "from is no template"},
		{"template in the prefix of receipts", func(g *Gateway) { g.Receipt.Auth.Prefix = "{{.X}}" }, "no template"},
	} {
		g := gateway("first", "https://sms.example.com/")
		c.change(&g)
		_, err := NewHTTP(g, time.Now)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error that says %q", c.name, err, c.want)
		}
	}
}

// Every field of the templates is held by what is known of each of them.
func TestEveryFieldReachesTheGateway(t *testing.T) {
	want := map[string]string{
		"To": canaryPhone, "Text": "t", "Subject": "s", "HTML": "h", "Code": canaryCode, "Digits": "9, 1, 8, 2, 7, 3",
		"Label": "K7", "ID": "m1", "Language": "zh-CN", "Channel": "sms", "From": "f", "Secret": "x",
		"Timestamp": "1795338000",
		"Template":  "code", "Purpose": "bind", "Minutes": "5", "Site": "Shop", "Signature": "店",
	}
	m := sms("m1", newClock().now())
	m.Args = map[string]string{"code": canaryCode, "purpose": "bind", "minutes": "5"}
	base := Fields{From: "f", Secret: "x", Site: "Shop", Signature: "店"}
	f := base.of(m, Text{Subject: "s", Body: "t", HTML: "h"}, time.Unix(1795338000, 0))
	for name, value := range want {
		if got, is := f.value(name); !is || got != value {
			t.Errorf("%s: got %q, want %q", name, got, value)
		}
	}
	var text strings.Builder
	for name := range want {
		text.WriteString("{{." + name + "}}")
	}
	parsed, err := parse("all", text.String())
	if err != nil {
		t.Fatal(err)
	}
	if all, needed := used(parsed); len(all) != len(want) || !slices.Equal(all, needed) {
		t.Errorf("got %v used and %v needed, want all %d", all, needed, len(want))
	}
}

// An approved template for codes does not take what has no code.
func TestANoticeIsNotSentAsACode(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) { answer(w, 200, `{"code":0}`) })
	m := sms("m1", time.Now())
	m.Template, m.Args = auth.TemplateChange, map[string]string{"what": "password"}
	_, err := driver(t, gateway("first", p.URL)).Deliver(context.Background(), m, Text{Body: "x"})
	if f, _ := errors.AsType[*Failure](err); f == nil || f.Class != Never || f.Word != WordRender || len(p.seen) != 0 {
		t.Errorf("got %v and %d requests, want it to go elsewhere", err, len(p.seen))
	}
}

func TestFailureInTheAnswer(t *testing.T) {
	const tencent = `{"Response":{"Error":{"Code":"%","Message":"` + canaryAnswer + `"},"RequestId":"r"}}`
	const sent = `{"Response":{"SendStatusSet":[{"SerialNo":"5000:1","Code":"Ok"}],"RequestId":"r"}}`
	code := func(word string) string { return strings.Replace(tencent, "%", word, 1) }
	for _, c := range []struct {
		name   string
		status int
		body   string
		class  Class
		word   string
		ref    string
	}{
		{"sent", 200, sent, 0, "", "5000:1"},
		{"an error is a refusal", 200, code("AuthFailure.SignatureFailure"), Never, WordRefused, ""},
		{"one that passes", 200, code("RequestLimitExceeded"), Later, WordBusy, ""},
		{"an error beside a status", 400, code("RequestLimitExceeded"), Later, WordBusy, ""},
		{"an error beside a status, for good", 400, code("InvalidParameter"), Never, WordRefused, ""},
		{"refused without a word", 400, "", Never, WordRefused, ""},
		{"the account is refused", 403, "", Later, WordRefused, ""},
		{"the money is used up", 402, code("InsufficientBalance"), Never, WordRefused, ""},
		{"the status knows better", 503, code("InvalidParameter"), Later, WordBusy, ""},
		{"an error of the proxy", 502, code("InvalidParameter"), Unsure, WordServerError, ""},
		{"unreadable", 200, "<html>", Unsure, WordUnreadable, ""},
		{"no error in its place", 200, `{"Response":{"Error":null,"SendStatusSet":[{"SerialNo":"7","Code":"Ok"}]}}`,
			0, "", "7"},
		{"refused in its place", 200,
			`{"Response":{"SendStatusSet":[{"Code":"FailedOperation.PhoneNumberInBlacklist"}]}}`,
			Never, WordRefused, ""},
	} {
		p := newProvider(t, func(w http.ResponseWriter, _ *http.Request, _ int, _ func()) {
			answer(w, c.status, c.body)
		})
		g := gateway("first", p.URL)
		g.Success = Success{Path: "Response.SendStatusSet.0.Code", Equals: []string{"Ok"}}
		g.Failure = Refusal{Path: "Response.Error.Code", Temporary: []string{"RequestLimitExceeded"}}
		g.Reference = "Response.SendStatusSet.0.SerialNo"
		ref, err := driver(t, g).Deliver(context.Background(), sms("m1", time.Now()), Text{Body: "x"})
		f, _ := errors.AsType[*Failure](err)
		if c.word == "" && (err != nil || ref != c.ref) {
			t.Errorf("%s: got %q, %v, want %q accepted", c.name, ref, err, c.ref)
		}
		if c.word != "" && (f == nil || f.Class != c.class || f.Word != c.word) {
			t.Errorf("%s: got %#v, want %s %s", c.name, f, c.class, c.word)
		}
		if said := strings.Contains(c.body, `"Code"`); f != nil && c.status == 200 && (f.Detail != "") != said {
			t.Errorf("%s: got the detail %q, want the provider's code where there is one", c.name, f.Detail)
		}
	}
	if got := word("13800138000") + word("Wei Li") + word(""); got != "" {
		t.Errorf("got %q in the log, want nothing that is no code", got)
	}
	g := gateway("first", "https://sms.example.com/")
	g.Failure.Temporary = []string{"x"}
	if _, err := NewHTTP(g, time.Now); err == nil || !strings.Contains(err.Error(), "failure") {
		t.Errorf("got %v, want a path to be asked for", err)
	}
}

func TestOverOfReceiptsLeavesNoGap(t *testing.T) {
	for over, good := range map[string]bool{
		"{{.Body}}": true, "{{.Timestamp}}{{.Body}}": false, "{{.Path}}{{.Body}}": false, "{{.Host}}{{.Body}}": false,
		"{{.Method}}{{.Body}}": false, "{{.ID}}{{.Body}}": false,
	} {
		rule := ReceiptRule{Format: "json", Reference: "id", Status: "s", Delivered: []string{"1"},
			Auth: Signing{Scheme: "hmac-sha256", Secret: "x", Header: "X-S", Over: over}}
		if _, err := NewReceipts(Config{Gateways: []Gateway{{Name: "a", Receipt: rule}}},
			time.Now); (err == nil) != good {
			t.Errorf("%s: got %v, want good %t", over, err, good)
		}
	}
}
