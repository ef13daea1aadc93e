package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// explainFlags say what a response is judged against.
type explainFlags struct {
	options, registration, key string
	origin, rpID, ca           string
	tops                       []string
	counter                    uint32
	asJSON                     bool
}

func (p *program) explainCommand() *cobra.Command {
	e := &explainFlags{}
	cmd := &cobra.Command{
		Use:   "explain [FILE]",
		Short: "Decode a response, and name the step that would refuse it",
		Long: `Decode a response of a registration or a sign-in, as it goes over the network, or bare options,
from a file or the standard input: client data, authenticator data, attestation statement,
public key. A response may also stand where servers put it: in a member named response,
credential, or publicKeyCredential.

With --options, the options it answers, every check of Level 3 §7.1 or §7.2 is made, and those
that it breaks are named in the order of the specification: the first is the step that refuses
it. A sign-in needs the credential as well, from --registration or from --key; without it
signature and counter are left out. Exit 1 when a check is broken, or what is there cannot be
read.`,
		Example: `  virtualkey explain response.json
  virtualkey explain response.json --options options.json --origin https://shop.example
  virtualkey explain assertion.json --options options.json --registration registration.json
  virtualkey signin stick options.json | virtualkey explain --options options.json --key stick`,
		Args: takes(0, 1),
	}
	f := cmd.Flags()
	f.StringVar(&e.options, "options", "", "`file` with the options that the response answers")
	f.StringVar(&e.registration, "registration", "",
		"`file` with the registration response of the credential that signs in")
	f.StringVar(&e.key, "key", "", "stored `key` that holds the credential that signs in")
	f.StringVar(&e.origin, "origin", "", "`origin` of the page; https:// and the RP ID when not given")
	f.StringVar(&e.rpID, "rp-id", "", "RP `ID`, where the options do not tell it")
	f.StringSliceVar(&e.tops, "top-origin", nil, "`origin` of a page that may frame it; may be repeated")
	f.StringVar(&e.ca, "ca", "", "`name` of the CA that must have certified the key")
	f.Uint32Var(&e.counter, "counter", 0, "the `value` of the counter that the relying party has seen last")
	f.BoolVar(&e.asJSON, "json", false, "as JSON")
	cmd.RunE = func(_ *cobra.Command, args []string) error {
		h, err := p.openHome()
		if err != nil {
			return err
		}
		text, err := p.read(strings.Join(args, ""))
		if err != nil {
			return err
		}
		return p.explain(h, e, text)
	}
	return cmd
}

func (p *program) explain(h home, e *explainFlags, text []byte) error {
	response := unwrapped(text)
	root := &node{}
	d := &decoder{}
	if e.rpID != "" {
		d.rpIDs = append(d.rpIDs, e.rpID)
	}
	bad := d.decode(root, response)
	if e.options != "" {
		found, err := p.judge(e, h, root, response)
		if err != nil {
			return err
		}
		bad = bad || found
	}
	if e.asJSON {
		if err := p.printJSON(root); err != nil {
			return err
		}
	} else {
		root.write(p.stdout, 0)
	}
	if bad {
		return exit(conform.ExitGap)
	}
	return nil
}

// unwrapped finds the response where servers and pages put it.
func unwrapped(text []byte) []byte {
	var members map[string]json.RawMessage
	if json.Unmarshal(text, &members) != nil || holdsResponse(members) {
		return text
	}
	for _, name := range []string{"response", "credential", "publicKeyCredential"} {
		var inside map[string]json.RawMessage
		if json.Unmarshal(members[name], &inside) == nil && holdsResponse(inside) {
			return members[name]
		}
	}
	return text
}

// holdsResponse reports whether an object is a response as §5.1 has it: its member response holds the client data.
func holdsResponse(members map[string]json.RawMessage) bool {
	var data map[string]json.RawMessage
	if json.Unmarshal(members["response"], &data) != nil {
		return false
	}
	return data["clientDataJSON"] != nil || data["attestationObject"] != nil || data["signature"] != nil
}

// decode puts what is in text below n; it reports whether something cannot be read.
func (d *decoder) decode(n *node, text []byte) (bad bool) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		if other := new(json.UnmarshalTypeError); errors.As(err, &other) {
			n.problem("not one JSON object") // but a list, a text, a number
			return true
		}
		n.problem("not one JSON object: %v", err)
		return true
	}
	var data map[string]json.RawMessage
	switch {
	case members["response"] == nil && (members["challenge"] != nil || members["publicKey"] != nil):
		decodeOptions(n, text)
		return false
	case json.Unmarshal(members["response"], &data) != nil:
		n.problem("neither a response nor options: there is no object response, and no challenge")
		return true
	}
	kind := fault.Authentication
	if data["attestationObject"] != nil {
		kind = fault.Registration
	}
	n.add("kind", "response of a "+plainly(kind))
	decodeOuter(n, members)
	if raw := n.member(data, "clientDataJSON"); raw != nil {
		d.clientData(n.below("clientDataJSON"), raw)
	} else if data["clientDataJSON"] == nil {
		n.problem("clientDataJSON is missing")
	}
	if kind == fault.Registration {
		d.registration(n, data)
	} else {
		d.assertion(n, data)
	}
	return n.troubled()
}

// plainly is a ceremony in everyday words.
func plainly(c fault.Ceremony) string {
	if c == fault.Authentication {
		return "sign-in"
	}
	return string(c)
}

// troubled reports whether a problem is noted anywhere below n.
func (n *node) troubled() bool {
	return n.name == "problem" || slices.ContainsFunc(n.nodes, (*node).troubled)
}

// decodeOuter tells of the members around the response.
func decodeOuter(n *node, members map[string]json.RawMessage) {
	id, rawID := n.member(members, "id"), n.member(members, "rawId")
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name != "response" {
			n.add(name, plainJSON(members[name]))
		}
	}
	if id != nil && rawID != nil && !bytes.Equal(id, rawID) {
		n.problem("id and rawId differ")
	}
}

func (d *decoder) registration(n *node, data map[string]json.RawMessage) {
	var inside []byte
	if raw := n.member(data, "attestationObject"); raw != nil {
		object := n.below("attestationObject")
		if inside = d.attestation(object, raw); inside != nil {
			d.authData(object.below("authData"), inside)
		}
	}
	// What stands beside it is for pages; relying parties go by the attestation object.
	if beside := n.member(data, "authenticatorData"); beside != nil && inside != nil && !bytes.Equal(beside, inside) {
		n.problem("authenticatorData is not the authData of the attestation object")
	}
	for _, name := range []string{"transports", "publicKeyAlgorithm", "publicKey"} {
		if data[name] != nil {
			n.add(name, plainJSON(data[name]))
		}
	}
}

func (d *decoder) assertion(n *node, data map[string]json.RawMessage) {
	if raw := n.member(data, "authenticatorData"); raw != nil {
		d.authData(n.below("authenticatorData"), raw)
	} else if data["authenticatorData"] == nil {
		n.problem("authenticatorData is missing")
	}
	if sig := n.member(data, "signature"); sig != nil {
		n.add("signature", fmt.Sprintf("%d bytes, %s", len(sig), base64.RawURLEncoding.EncodeToString(sig)))
	} else if data["signature"] == nil {
		n.problem("signature is missing")
	}
	if handle := n.member(data, "userHandle"); handle != nil {
		n.add("userHandle", fmt.Sprintf("%d bytes, %s (%s)", len(handle), base64.RawURLEncoding.EncodeToString(handle),
			printable(handle)))
	}
}

// decodeOptions tells what options ask for.
func decodeOptions(n *node, text []byte) {
	var wrapped struct {
		PublicKey json.RawMessage `json:"publicKey"`
	}
	if json.Unmarshal(text, &wrapped) == nil && wrapped.PublicKey != nil {
		text = wrapped.PublicKey
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(text, &members); err != nil {
		n.problem("not one JSON object: %v", err)
		return
	}
	kind := "options of a sign-in"
	if members["pubKeyCredParams"] != nil || members["rp"] != nil || members["user"] != nil {
		kind = "options of a registration"
	}
	n.add("kind", kind)
	for _, name := range slices.Sorted(maps.Keys(members)) {
		if name != "pubKeyCredParams" {
			n.add(name, plainJSON(members[name]))
			continue
		}
		var params []virtual.Parameter
		if err := json.Unmarshal(members[name], &params); err != nil {
			n.problem("pubKeyCredParams: %v", err)
			continue
		}
		var names []string
		for _, p := range params {
			names = append(names, algorithm(int64(p.Algorithm)))
		}
		n.add(name, strings.Join(names, ", "))
	}
}

// judge puts what the response breaks below n, and reports whether it breaks anything.
func (p *program) judge(e *explainFlags, h home, n *node, response []byte) (bool, error) {
	options, err := p.read(e.options)
	if err != nil {
		return false, err
	}
	about, err := aboutOptions(options, e.origin, e.rpID)
	if err != nil {
		return false, err
	}
	o := party.Options{Origin: about.Origin, RPID: about.RPID, Tops: e.tops}
	if e.ca != "" {
		if o.CA, err = h.ca(e.ca); err != nil {
			return false, err
		}
	}
	records, err := p.records(e, h)
	if err != nil {
		return false, err
	}
	kind, findings, err := party.Judge(o, options, records, response)
	if err != nil {
		return false, err
	}
	v := n.below("judgement")
	v.add("as", fmt.Sprintf("a %s at %s, RP ID %s", plainly(kind), about.Origin, about.RPID))
	if kind == fault.Authentication && len(records) == 0 {
		v.add("left out", "signature, counter, backup eligibility and user handle: give --registration or --key")
	}
	if len(findings) == 0 {
		v.add("verdict", "accepted: nothing is broken")
		return false, nil
	}
	v.add("verdict", fmt.Sprintf("refused at step %s: %s", findings[0].Step, findings[0].What))
	for i, f := range findings {
		b := v.below(fmt.Sprintf("broken %d", i+1))
		b.add("step", f.Step).add("check", string(f.Check)).add("what", f.What).add("must", f.Says)
		b.add("reason", string(f.Reason)).add("clause", clauseURL(f.Clause))
	}
	return true, nil
}

// records reads what the relying party knows of the credential.
func (p *program) records(e *explainFlags, h home) ([]party.Record, error) {
	var out []party.Record
	switch {
	case e.registration != "" && e.key != "":
		return nil, errors.New("want --registration or --key, not both")
	case e.registration != "":
		text, err := p.read(e.registration)
		if err != nil {
			return nil, err
		}
		r, err := party.RecordOf(unwrapped(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", e.registration, err)
		}
		out = append(out, r)
	case e.key != "":
		a, _, err := h.look(e.key)
		if err != nil {
			return nil, err
		}
		for _, c := range a.Credentials() {
			cose, err := c.PublicKeyCOSE()
			if err != nil {
				return nil, err
			}
			out = append(out, party.Record{ID: c.ID, PublicKey: cose, BackupEligible: c.Backup,
				UserHandle: c.UserHandle})
		}
	}
	for i := range out {
		if e.counter > 0 {
			out[i].Counter = e.counter
		}
	}
	return out, nil
}
