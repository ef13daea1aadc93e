package conform_test

import (
	"context"
	"fmt"
	"net/http/httptest"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// A fault in a Go test of one's own server: its handler stands behind httptest, and one fault of the catalogue is
// played after its honest twin.
func ExampleRun() {
	p, err := party.New(party.Options{Origin: "https://shop.example", RPID: "shop.example"})
	if err != nil {
		panic(err)
	}
	s := httptest.NewServer(p.Handler()) // your own handler
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
