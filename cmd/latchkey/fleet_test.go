package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/inventory"
	"github.com/latchkey-auth/latchkey/lab"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// keyForm is a key as a fixture takes it. A synced one is copied by a cloud account.
func keyForm(t *testing.T, name string, synced bool) auth.MethodForm {
	t.Helper()
	device, err := virtual.New(virtual.Options{Seed: []byte(name)})
	if err != nil {
		t.Fatal(err)
	}
	c := &virtual.Client{Origin: "http://localhost:8080", Authenticators: []*virtual.Authenticator{device}}
	if _, err := c.Create([]byte(`{"rp":{"id":"localhost","name":"x"},"user":{"id":"AAEC","name":"a","displayName":"a"},
		"challenge":"AAECAwQFBgcICQoLDA0ODw","pubKeyCredParams":[{"type":"public-key","alg":-7}]}`)); err != nil {
		t.Fatal(err)
	}
	held, err := device.Credentials()[0].CDP()
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(held)
	if err != nil {
		t.Fatal(err)
	}
	if synced {
		text = bytes.Replace(text, []byte(`"backupEligibility":false`), []byte(`"backupEligibility":true`), 1)
	}
	return auth.MethodForm{Kind: auth.WebAuthn, Name: name, Virtual: text}
}

// fleetHouse is a house with one account of each sort.
func fleetHouse(t *testing.T) *house {
	t.Helper()
	h := testHouse(t, func(c *Config) { c.Lab = true })
	number := auth.MethodForm{Kind: auth.Phone, Number: "+8613800138000"}
	sheet := auth.MethodForm{Kind: auth.Lookup, Codes: []string{"AAAA2222", "BBBB3333"}}
	for name, methods := range map[string][]auth.MethodForm{
		"bound":     {keyForm(t, "bound", false), keyForm(t, "spare", false)},
		"synced":    {keyForm(t, "synced", true), sheet},
		"both":      {keyForm(t, "first", false), keyForm(t, "second", true)},
		"with-app":  {keyForm(t, "third", true), {Kind: auth.TOTP, Name: "app"}},
		"with-text": {keyForm(t, "fourth", false), number},
		"text":      {number, sheet},
		"nothing":   {},
	} {
		if _, err := h.lab.Make(t.Context(), auth.Caller{}, lab.AccountForm{Name: name, Methods: methods}); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
	return h
}

// asked is what a long command writes.
func asked(t *testing.T, h *house, command string, ask fleetQuestion) string {
	t.Helper()
	text, err := json.Marshal(ask)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	if err := h.longCommand(t.Context(), controlRequest{Command: command, Ask: text}, &out); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// An account that its owner opens by security keys alone is counted by those: what else is bound lets nobody in.
func TestStatsOfKeysOnly(t *testing.T) {
	h := testHouse(t, func(c *Config) { c.Lab = true })
	methods := []auth.MethodForm{keyForm(t, "one", false), keyForm(t, "two", false), {Kind: auth.TOTP, Name: "app"},
		{Kind: auth.Phone, Number: "+8613800138000"}}
	made, err := h.lab.Make(t.Context(), auth.Caller{}, lab.AccountForm{Name: "keys", Methods: methods, Session: true})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []struct {
		n       int
		weakest string
	}{{0, "sms"}, {1, "key"}} {
		var st inventory.Fleet
		if err := json.Unmarshal([]byte(asked(t, h, cmdStats, fleetQuestion{JSON: true})), &st); err != nil {
			t.Fatal(err)
		}
		if st.KeysOnly != want.n || len(st.Weakest) != 1 || st.Weakest[0].Way != want.weakest {
			t.Errorf("got %+v, want %d of keys alone, and the weakest way %s", st, want.n, want.weakest)
		}
		said := strings.Contains(asked(t, h, cmdStats, fleetQuestion{}), "1 are opened by security keys alone")
		if said != (want.n == 1) {
			t.Errorf("got it said %v, want %d", said, want.n)
		}
		if _, err := h.service.SwitchKeysOnly(t.Context(), auth.Caller{Token: made.Token}, true); err != nil {
			t.Fatal(err)
		}
	}
}

func TestStatsOfAllAccounts(t *testing.T) {
	h := fleetHouse(t)
	const want = `7 accounts, 0 of them switched off, 1 without a second step
1 depend on texts alone, 3 have one key and no second one

methods (of them switched off; not used for a year)
  key                      7 (0; 0)
  recovery                 2 (0; 0)
  sms                      2 (0; 0)
  app                      1 (0; 0)

accounts by their weakest way in
  key                      3
  sms                      2
  app                      1

keys by model
  (model not told), bound  4
  (model not told)         3
`
	got := asked(t, h, cmdStats, fleetQuestion{})
	if !strings.HasPrefix(squeezed(got), squeezed(want)) {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
	var st inventory.Fleet
	if err := json.Unmarshal([]byte(asked(t, h, cmdStats, fleetQuestion{JSON: true})), &st); err != nil || st.Accounts != 7 {
		t.Errorf("got %+v, %v, want it as JSON", st, err)
	}
}

// squeezed is a text with single blanks.
func squeezed(text string) string {
	var lines []string
	for line := range strings.Lines(text) {
		lines = append(lines, strings.Join(strings.Fields(line), " "))
	}
	return strings.Join(lines, "\n")
}

// A policy is held against the keys of all accounts before it holds: who would be left with nothing is named.
func TestRehearsalOfAPolicy(t *testing.T) {
	h := fleetHouse(t)
	id := func(name string) string { return string(lab.FixtureID(name)) }
	for name, row := range map[string]struct {
		policy                inventory.Policy
		falls, touched, noKey int
		out                   []string
	}{
		"none":             {inventory.Policy{}, 0, 0, 0, nil},
		"bound":            {inventory.Policy{Least: auth.BoundKey}, 3, 3, 2, []string{id("synced")}},
		"proved":           {inventory.Policy{Least: auth.ProvedKey}, 7, 5, 5, []string{id("bound"), id("both"), id("synced")}},
		"models":           {inventory.Policy{Allow: []string{"cb69481e-8ff7-4039-93ec-0a2729a154a8"}}, 7, 5, 5, []string{id("bound"), id("both"), id("synced")}},
		"nobody's, denied": {inventory.Policy{Deny: []string{"cb69481e-8ff7-4039-93ec-0a2729a154a8"}}, 0, 0, 0, nil},
	} {
		var r inventory.Rehearsal
		text := asked(t, h, cmdRehearse, fleetQuestion{JSON: true, Policy: row.policy})
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, x := range r.Out {
			out = append(out, string(x.ID))
			if x.Codes != (string(x.ID) == id("synced")) {
				t.Errorf("%s: got %+v, want it said who has recovery codes", name, x)
			}
		}
		slices.Sort(out)
		slices.Sort(row.out)
		falls := 0
		for _, n := range r.Falls {
			falls += n
		}
		if r.Accounts != 5 || r.Keys != 7 || falls != row.falls || r.Touched != row.touched || r.NoKey != row.noKey ||
			!slices.Equal(out, row.out) {
			t.Errorf("%s: got %+v", name, r)
		}
	}
	got := asked(t, h, cmdRehearse, fleetQuestion{Policy: inventory.Policy{Least: auth.ProvedKey}, Limit: 1})
	for _, want := range []string{"7 of the keys would not be permitted", "5 accounts would lose a key, 5 of them their last one, " +
		"3 of those their last second step", "and 2 more: --limit"} {
		if !strings.Contains(got, want) {
			t.Errorf("got\n%s\nwant %q", got, want)
		}
	}
}

// The policy is that of the settings, a file that the site does not have yet among them, or what the flags say instead.
func TestWhichPolicyIsRehearsed(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "next.yaml")
	const settings = "webauthn:\n  attestation:\n    least: bound\n    deny: [cb69481e-8ff7-4039-93ec-0a2729a154a8]\n"
	if err := os.WriteFile(file, []byte(settings), 0o600); err != nil {
		t.Fatal(err)
	}
	c := defaults()
	c.Data = filepath.Join(dir, "data")
	db, _, err := openStore(&c)
	if err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for flags, want := range map[string]int{
		"": exitDone, "--least l2+": exitDone, "--least best": exitUsage, "--allow nothing": exitUsage, "--limit -1": exitUsage,
		"--deny ee882879-721c-4913-9775-3dfcce97072a": exitDone, "now": exitUsage,
	} {
		var stdout, stderr bytes.Buffer
		args := append([]string{"policy", "rehearse", "--data", c.Data, "--config", file}, strings.Fields(flags)...)
		if got := run(args, nil, &stdout, &stderr); got != want {
			t.Errorf("%q: got %d, want %d: %s%s", flags, got, want, &stdout, &stderr)
		}
	}
	id, err := webauthn.ParseAAGUID("ee882879-721c-4913-9775-3dfcce97072a")
	if err != nil {
		t.Fatal(err)
	}
	got := rehearsed(&webauthn.AttestationPolicy{Require: true, Least: auth.BoundKey, Allow: []webauthn.AAGUID{id}, Deny: []webauthn.AAGUID{id}})
	list := []string{id.String()}
	if want := (inventory.Policy{Least: auth.ProvedKey, Allow: list, Deny: list}); !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

// Recalled models stand among the counts, with how far the owners of their keys have come.
func TestRecalledModelsAmongTheCounts(t *testing.T) {
	var out bytes.Buffer
	err := writeFleet(&out, &inventory.Fleet{Recalled: []inventory.Recalled{{Model: "Blue key", Status: "REVOKED",
		Keys: 9, Accounts: 8, Left: 5, Waiting: 3, Replaced: 1}}})
	want := "Blue key, REVOKED                        5 of 9; 3\n"
	if err != nil || !strings.Contains(out.String(), want) {
		t.Errorf("got %q, %v, want %q", out.String(), err, want)
	}
}
