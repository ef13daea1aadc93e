package server

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// reports is a gateway's request with many receipts.
type reports []auth.Receipt

func (r reports) Handle(string, string, http.Header, []byte) ([]auth.Receipt, error) { return r, nil }
func (r reports) Answer(gateway string) string {
	return map[string]string{"test": `{"code":0}`, "words": "OK"}[gateway]
}

func TestReceipts(t *testing.T) {
	var list reports
	w := newWorld(t, func(_ *auth.Config, c *Config) { c.Receipts = &list })
	p := w.registered()
	s := p.fill(p.open("/security/phone/new"), "/security/phone/new", "phone", "+8613800138000", "via",
		"sms").at("/security/phone/new", 200)
	w.pass(time.Second)
	m := w.mailed(auth.TemplateCode)
	list = reports{{Gateway: "test", Reference: "nobody's", State: auth.Failed},
		{Gateway: "test", Reference: m.ID, State: auth.Failed, Reason: "undelivered"}}
	if _, err := w.service.SignUp(t.Context(), auth.Caller{}, "other@example.com"); err != nil {
		t.Fatal(err)
	}
	if under, err := w.service.Due(t.Context(), 1); err != nil || len(under) != 1 {
		t.Fatalf("got %d messages under way, %v, want one", len(under), err)
	}
	// The first is unknown, perhaps ahead of the one under way: the gateway is to come again; the second counts already.
	if got := w.program().send("POST", "/api/v1/gateways/test/receipt", "application/json", "{}"); got.Code < 500 {
		t.Errorf("one unknown: got %d %s, want the gateway to repeat it", got.Code, got.Body)
	}
	p.open(s.path).says("could not be delivered")
	list = list[1:]
	for _, c := range []struct{ gateway, body, media string }{
		{"test", `{"code":0}`, "application/json"},
		{"words", "OK", "text/plain; charset=utf-8"},
	} {
		got := w.program().send("POST", "/api/v1/gateways/"+c.gateway+"/receipt", "application/json", "{}")
		if got.Code != 200 || got.Body.String() != c.body || got.Header().Get("Content-Type") != c.media {
			t.Errorf("%s: got %d %q %s, want 200 with %q", c.gateway, got.Code, got.Body,
				got.Header().Get("Content-Type"), c.body)
		}
		list = nil // what follows has no news
	}
	if got := w.program().send("POST", "/api/v1/gateways/silent/receipt", "application/json", "{}"); got.Code != 204 {
		t.Errorf("without an answer of its own: got %d, want 204", got.Code)
	}
}

// Where no gateway reports there is no address for reports.
func TestNoReceiptsWithoutGateways(t *testing.T) {
	w := newWorld(t)
	got := w.program().send("POST", "/api/v1/gateways/test/receipt", "application/json", "{}")
	if code := codeIn(got); got.Code != 404 || code != auth.NotFound {
		t.Errorf("got %d %s, want 404", got.Code, code)
	}
}

// The secret of an address is in no line of the log and in no answer, whatever is done with it.
func TestTheSecretOfAnAddressIsNowhereElse(t *testing.T) {
	const key = "AZaz09-_AZaz09-_AZaz09"
	var log bytes.Buffer
	var got []string
	take := keeper(func(k string) ([]auth.Receipt, error) {
		if got = append(got, k); len(got) == 2 {
			panic("while reading a receipt")
		}
		return nil, auth.Refuse(auth.Forbidden)
	})
	w := newWorld(t, func(_ *auth.Config, c *Config) {
		c.Receipts, c.LogAddresses = take, true
		c.Logger = slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	})
	path := "/api/v1/gateways/silent/receipt/" + key
	for _, ask := range []struct{ method, path, body string }{
		{"POST", path, "{}"}, {"POST", path, "{}"}, {"GET", path, ""}, {"PUT", path, "{}"},
		{"HEAD", path, ""}, {"OPTIONS", path, ""},
		{"POST", path + "/", "{}"}, {"POST", path + "/more", "{}"}, {"POST", "/" + path, "{}"},
		{"POST", path + "?a=b", "{}"},
		{"POST", path, strings.Repeat("x", 1<<20)}, {"POST", strings.Replace(path, "silent", "..", 1), "{}"},
	} {
		a := w.program().send(ask.method, ask.path, "application/json", ask.body)
		if strings.Contains(a.Body.String()+fmt.Sprint(a.Header()), key) {
			t.Errorf("%s %s: got the secret in the answer %d %v %s", ask.method, ask.path, a.Code, a.Header(), a.Body)
		}
	}
	if strings.Contains(log.String(), key) || !strings.Contains(log.String(), "/gateways/{name}/receipt/{key}") {
		t.Errorf("got the secret in the log, or nothing of its route:\n%s", log.String())
	}
	if len(got) < 2 || got[0] != key {
		t.Errorf("got the keys %q, want the one of the address", got)
	}
}

// keeper is a reader of receipts that is told the key.
type keeper func(key string) ([]auth.Receipt, error)

func (k keeper) Handle(_, key string, _ http.Header, _ []byte) ([]auth.Receipt, error) { return k(key) }
func (k keeper) Answer(string) string                                                  { return "" }
