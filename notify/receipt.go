package notify

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// A ReceiptRule says how a gateway reports what became of a message.
type ReceiptRule struct {
	Format    string   // json or form; no receipts if ""
	Items     string   // JSON path of the list, if one request reports many; a bare list needs none
	Reference string   // path or form field of the id that the gateway answered with
	Status    string   // path or form field of the state
	Delivered []string // values of Status; values in neither list are no news
	Failed    []string
	Auth      Signing // basic, bearer or hmac-sha256 over {{.Timestamp}} and {{.Body}}
	Answer    string  // body of our 200, where the gateway insists on one
}

const (
	receiptBytes = 64 << 10
	receiptItems = 1000
)

// Receipts reads the delivery receipts of all gateways that send some.
type Receipts struct {
	rules map[string]receiptRule
}

type receiptRule struct {
	ReceiptRule
	proof prover
}

// ReceiptPath is where a gateway's receipts come to, below the origin; a secret
// follows it where the gateway signs nothing.
func ReceiptPath(gateway string) string { return "/api/v1/gateways/" + gateway + "/receipt" }

// NewReceipts checks the receipt rules of c. A rule without a proof of who
// sends is an error: whoever guessed a reference could declare a code undelivered.
func NewReceipts(c Config, now func() time.Time) (*Receipts, error) {
	r := &Receipts{rules: map[string]receiptRule{}}
	for _, g := range c.Gateways {
		rule := g.Receipt
		if rule.Format == "" {
			continue
		}
		proof, err := newReceiptRule(rule, c.Origin+ReceiptPath(g.Name), now)
		if err != nil {
			return nil, fmt.Errorf("gateway %s: receipt: %w", g.Name, err)
		}
		r.rules[g.Name] = receiptRule{rule, proof}
	}
	return r, nil
}

func newReceiptRule(rule ReceiptRule, open string, now func() time.Time) (prover, error) {
	switch {
	case rule.Format != "json" && rule.Format != "form":
		return nil, fmt.Errorf("format %q is neither json nor form", rule.Format)
	case rule.Reference == "" || rule.Status == "":
		return nil, errors.New("reference and status must be named")
	case len(rule.Delivered)+len(rule.Failed) == 0:
		return nil, errors.New("no value of status means delivered or failed")
	case slices.ContainsFunc(rule.Delivered, func(v string) bool { return slices.Contains(rule.Failed, v) }):
		return nil, errors.New("one value of status means both delivered and failed")
	}
	return newProver(rule, open, now)
}

// Handle reads one request of a gateway, which came to its path, followed by
// key. It returns final states only, so that
// applying a receipt twice, late or out of order changes nothing once a message
// is delivered or failed; it may return none where the gateway has no news. A
// receipt may overtake the Settle that stores its reference: one whose
// reference is unknown is best answered with 503, so that it comes again.
//
// It refuses with auth.Forbidden what is not proved, an unknown gateway
// included, with auth.TooLarge and with auth.MalformedRequest.
func (r *Receipts) Handle(gateway, key string, header http.Header, body []byte) ([]auth.Receipt, error) {
	if len(body) > receiptBytes {
		return nil, auth.Refuse(auth.TooLarge)
	}
	rule, ok := r.rules[gateway]
	if !ok || !rule.proof(key, header, body) {
		return nil, auth.Refuse(auth.Forbidden)
	}
	items, err := rule.items(body)
	if err != nil || len(items) > receiptItems {
		return nil, auth.Refuse(auth.MalformedRequest)
	}
	var list []auth.Receipt
	for _, item := range items {
		id, found := item(rule.Reference)
		ref, fit := reference(id)
		status, known := item(rule.Status)
		if !found || !fit || !known {
			return nil, auth.Refuse(auth.MalformedRequest)
		}
		switch {
		case slices.Contains(rule.Delivered, status):
			list = append(list, auth.Receipt{Gateway: gateway, Reference: ref, State: auth.Delivered})
		case slices.Contains(rule.Failed, status):
			list = append(list, auth.Receipt{Gateway: gateway, Reference: ref, State: auth.Failed,
				Reason: WordUndelivered})
		}
	}
	return list, nil
}

// Answer returns the body that the gateway wants in our 200, "" if none.
func (r *Receipts) Answer(gateway string) string { return r.rules[gateway].Answer }

// items returns a reader of fields for each receipt in body.
func (r *receiptRule) items(body []byte) ([]func(path string) (string, bool), error) {
	if r.Format == "form" {
		form, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, err
		}
		return []func(string) (string, bool){func(name string) (string, bool) {
			return form.Get(name), len(form[name]) == 1
		}}, nil
	}
	v, err := decode(body)
	if err != nil {
		return nil, err
	}
	if r.Items != "" {
		if v, err = branch(v, r.Items); err != nil {
			return nil, err
		}
	}
	list, many := v.([]any)
	if !many {
		list = []any{v}
	}
	items := make([]func(string) (string, bool), 0, len(list))
	for _, one := range list {
		items = append(items, func(path string) (string, bool) { return pick(one, path) })
	}
	return items, nil
}
