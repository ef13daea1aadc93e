package virtual_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"strings"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// site is the server under test: here one of package party, by the interface of FIDO's conformance tools.
func site() (*httptest.Server, error) {
	p, err := party.New(party.Options{Origin: "https://shop.example", RPID: "shop.example"})
	if err != nil {
		return nil, err
	}
	return httptest.NewServer(p.Handler()), nil
}

// A visitor is a browser's network: cookies, and JSON there and back.
type visitor struct {
	site   *httptest.Server
	client *http.Client
}

func visit(s *httptest.Server) (*visitor, error) {
	jar, err := cookiejar.New(nil)
	return &visitor{s, &http.Client{Jar: jar}}, err
}

func (v *visitor) post(path string, body []byte) []byte {
	r, err := v.client.Post(v.site.URL+path, "application/json", bytes.NewReader(body))
	if err != nil {
		panic(err)
	}
	defer r.Body.Close()
	out, err := io.ReadAll(r.Body)
	if err != nil {
		panic(err)
	}
	return out
}

// said is what the server says to a response.
func said(answer []byte) string {
	var in struct {
		Status string `json:"status"`
		Code   string `json:"code"`
	}
	if err := json.Unmarshal(answer, &in); err != nil {
		return err.Error()
	}
	return strings.TrimSpace(in.Status + " " + in.Code)
}

// A key in software registers at a server, over HTTP, and signs in.
func ExampleClient() {
	s, err := site()
	if err != nil {
		panic(err)
	}
	defer s.Close()
	web, err := visit(s)
	if err != nil {
		panic(err)
	}
	key, err := virtual.New(virtual.Options{})
	if err != nil {
		panic(err)
	}
	browser := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key}}

	registration, err := browser.Create(web.post("/attestation/options", []byte(`{"username":"mei"}`)))
	if err != nil {
		panic(err)
	}
	fmt.Println("registration:", said(web.post("/attestation/result", registration)))

	assertion, err := browser.Get(web.post("/assertion/options", []byte(`{"username":"mei"}`)))
	if err != nil {
		panic(err)
	}
	fmt.Println("sign-in:", said(web.post("/assertion/result", assertion)))
	// Output:
	// registration: ok
	// sign-in: ok
}

// A thief's copy counts on from where the original was; a server that watches the counter sees the second of the two.
func ExampleAuthenticator_Clone() {
	s, err := site()
	if err != nil {
		panic(err)
	}
	defer s.Close()
	web, err := visit(s)
	if err != nil {
		panic(err)
	}
	key, err := virtual.New(virtual.Options{})
	if err != nil {
		panic(err)
	}
	owner := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key}}
	registration, err := owner.Create(web.post("/attestation/options", []byte(`{"username":"mei"}`)))
	if err != nil {
		panic(err)
	}
	web.post("/attestation/result", registration)

	thief := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key.Clone()}}
	for _, one := range []struct {
		who     string
		browser *virtual.Client
	}{{"thief", thief}, {"thief", thief}, {"owner", owner}} {
		assertion, err := one.browser.Get(web.post("/assertion/options", []byte(`{"username":"mei"}`)))
		if err != nil {
			panic(err)
		}
		fmt.Println(one.who+":", said(web.post("/assertion/result", assertion)))
	}
	// Output:
	// thief: ok
	// thief: ok
	// owner: failed counter
}

// Where a server requires verification, the user types the PIN of her key into the browser. A wrong one costs an
// attempt, as it does in life.
func ExampleClient_pIN() {
	key, err := virtual.New(virtual.Options{PIN: "2580"})
	if err != nil {
		panic(err)
	}
	options := []byte(`{"rp":{"id":"shop.example","name":"Shop"},"user":{"id":"bWVp","name":"mei","displayName":"Mei"},
		"challenge":"AAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}],
		"authenticatorSelection":{"userVerification":"required"}}`)
	for _, pin := range []string{"0000", "2580"} {
		keys := []*virtual.Authenticator{key}
		browser := &virtual.Client{Origin: "https://shop.example", Authenticators: keys, PIN: pin}
		response, err := browser.Create(options)
		fmt.Printf("%s: verified %t, %d attempts left\n", pin, err == nil && verified(response), attempts(key))
	}
	// Output:
	// 0000: verified false, 7 attempts left
	// 2580: verified true, 8 attempts left
}

// verified reads flag UV of a registration.
func verified(response []byte) bool {
	var r virtual.RegistrationResponse
	err := json.Unmarshal(response, &r)
	return err == nil && r.Response.AuthenticatorData[32]&virtual.FlagUV != 0
}

func attempts(key *virtual.Authenticator) int {
	left, _, err := (&virtual.Platform{Send: key.Command}).Retries(context.Background())
	if err != nil {
		panic(err)
	}
	return left
}

// A fault in a Go test of one's own server: its handler stands behind httptest, and one fault of the catalogue is
// played after its honest twin.
func Example_fault() {
	s, err := site() // httptest.NewServer(yourHandler)
	if err != nil {
		panic(err)
	}
	defer s.Close()
	target := conform.Target{URL: s.URL, Origin: "https://shop.example", RPID: "shop.example"}
	server, err := conform.FIDO{Target: target}.Open()
	if err != nil {
		panic(err)
	}
	faults := []*fault.Fault{fault.Find("reg-origin-subdomain"), fault.Find("get-signature-flipped")}
	report, err := conform.Run(context.Background(), server, faults, conform.Options{Oracle: conform.ReasonOracle()})
	if err != nil {
		panic(err)
	}
	for _, r := range report.Results { // in a test: if r.Verdict != conform.Pass { t.Errorf(...) }
		fmt.Println(r.ID, r.Verdict)
	}
	// Output:
	// reg-origin-subdomain pass
	// get-signature-flipped pass
}
