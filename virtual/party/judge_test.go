package party_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// remembered reports whether a check is about what a party remembers besides the options and the user's credentials:
// other users, other ceremonies, time.
func remembered(c fault.Check) bool {
	return strings.HasPrefix(string(c), "state-") ||
		slices.Contains([]fault.Check{fault.CheckCreateIDNew, fault.CheckCreateIDAgain, fault.CheckGetOwner}, c)
}

// TestJudge shows that a pasted response is judged as it was when it was sent, over the whole catalogue.
func TestJudge(t *testing.T) {
	all := worlds(t, party.Options{})
	judged := 0
	for _, f := range fault.Catalogue() {
		p := fits(f, all)
		if p == nil || remembered(f.Check) {
			continue
		}
		played, err := f.Play(t.Context(), p, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		last := played.Exchanges[len(played.Exchanges)-1]
		records := recordsOf(t, played.Exchanges[:len(played.Exchanges)-1], last.User)
		about := p.About()
		o := party.Options{Origin: about.Origin, RPID: about.RPID, Tops: about.TopOrigins}
		if f.Baseline == "registration-trusted" {
			o.CA = about.CA
		}
		o.Now = worldTime
		kind, findings, err := party.Judge(o, last.Options, records, last.Response)
		if err != nil {
			t.Errorf("%s: %v", f.ID, err)
			continue
		}
		var got []fault.Check
		for _, one := range findings {
			got = append(got, one.Check)
			if one.Step == "" || one.Says == "" || one.What == "" || one.Clause == "" || one.Reason == "" {
				t.Errorf("%s: got a finding without all its words: %+v", f.ID, one)
			}
		}
		if want := broken(t, played.Answer); kind != last.Ceremony || !slices.Equal(got, want) {
			t.Errorf("%s (%d ceremonies): got %s, %v, want %s, %v", f.ID, len(played.Exchanges), kind, got,
				last.Ceremony, want)
		}
		judged++
	}
	if judged < 500 {
		t.Errorf("got %d faults judged, want most of the catalogue", judged)
	}
}

// recordsOf makes the records that a party has of a user after these ceremonies.
func recordsOf(t *testing.T, before []fault.Exchange, user string) []party.Record {
	t.Helper()
	var out []party.Record
	for _, e := range before {
		switch {
		case e.User != user || !e.Answer.Accepted:
		case e.Ceremony == fault.Registration:
			r, err := party.RecordOf(e.Response)
			if err != nil {
				t.Fatal(err)
			}
			var o virtual.CreationOptions
			if err := json.Unmarshal(e.Options, &o); err != nil {
				t.Fatal(err)
			}
			r.UserHandle = o.User.ID
			out = append(out, r)
		default:
			var a virtual.AuthenticationResponse
			if err := json.Unmarshal(e.Response, &a); err != nil {
				t.Fatal(err)
			}
			for i := range out {
				if bytes.Equal(out[i].ID, a.RawID) {
					out[i].Counter = binary.BigEndian.Uint32(a.Response.AuthenticatorData[33:])
				}
			}
		}
	}
	return out
}

// TestJudgeWithoutRecord leaves out what nobody can know.
func TestJudgeWithoutRecord(t *testing.T) {
	const options = `{"challenge":"AAAA","rpId":"shop.example","allowCredentials":[{"type":"public-key","id":"AQID"}]}`
	k, err := virtual.Derive([]byte("judge"), 0, rpID, virtual.ES256)
	if err != nil {
		t.Fatal(err)
	}
	key, err := virtual.New(virtual.Options{Seed: []byte("judge")})
	if err != nil {
		t.Fatal(err)
	}
	key.Add(k)
	browser := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{key}}
	response, err := browser.Get([]byte(strings.Replace(options, "AQID", id(k), 1)))
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, options string
		want          []fault.Check
	}{
		{"allowed", strings.Replace(options, "AQID", id(k), 1), nil},
		{"within publicKey", `{"publicKey":` + strings.Replace(options, "AQID", id(k), 1) + `}`, nil},
		{"not allowed", options, []fault.Check{fault.CheckGetAllowed}},
		{"another challenge", strings.Replace(strings.Replace(options, "AQID", id(k), 1), "AAAA", "AAAB", 1),
			[]fault.Check{fault.CheckGetChallenge}},
		{"nobody named", `{"challenge":"AAAA","rpId":"shop.example"}`, []fault.Check{fault.CheckGetHandlePresent}},
	} {
		kind, findings, err := party.Judge(party.Options{Origin: origin}, []byte(c.options), nil, response)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		var got []fault.Check
		for _, f := range findings {
			got = append(got, f.Check)
		}
		if kind != fault.Authentication || !slices.Equal(got, c.want) {
			t.Errorf("%s: got %s, %v, want %v", c.name, kind, got, c.want)
		}
	}
}

func id(c *virtual.Credential) string {
	text, err := virtual.Bytes(c.ID).MarshalText()
	if err != nil {
		panic(err)
	}
	return string(text)
}

// TestJudgeRefusesWhatAreNoOptions names what is missing.
func TestJudgeRefusesWhatAreNoOptions(t *testing.T) {
	for options, want := range map[string]string{
		`[]`:                              "reading options",
		`{"rpId":"shop.example"}`:         "there is no challenge",
		`{"publicKey":3}`:                 "reading options",
		`{"challenge":"AA","user":3}`:     "options of the registration",
		`{"challenge":"AA","timeout":""}`: "options of the authentication",
	} {
		_, _, err := party.Judge(party.Options{Origin: origin, RPID: rpID}, []byte(options), nil, []byte(`{}`))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", options, err, want)
		}
	}
	if r, err := party.RecordOf([]byte(`{"response":{}}`)); err == nil {
		t.Errorf("a registration without data: got %+v, want an error", r)
	}
}
