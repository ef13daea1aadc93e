package server

import (
	"net/http"
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
	// The first is unknown, perhaps ahead of its message: the gateway is to come again; the second counts already.
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
