package conform_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A relying party that nobody here wrote: @simplewebauthn/server under node, by the preset for its example server.
// The library is where .ci/needs puts it.
func TestARelyingPartyNobodyHereWrote(t *testing.T) {
	url := simpleWebAuthn(t)
	m, err := conform.Preset("simplewebauthn")
	if err != nil {
		t.Fatal(err)
	}
	p, err := m.Open(conform.Target{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	rep, err := conform.Run(t.Context(), p, fault.Catalogue(), conform.Options{Seed: "node", Oracle: m.Oracle(),
		Parallel: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep.Line())
	expect(t, rep, map[string]conform.Verdict{
		// What the library verifies:
		"reg-type-other-ceremony": conform.Pass, "reg-challenge-other": conform.Pass, "reg-origin-port": conform.Pass,
		"reg-rp-id-other": conform.Pass, "reg-presence": conform.Pass, "reg-key-unoffered-es512": conform.Pass,
		"get-type-other-ceremony": conform.Pass, "get-challenge-other": conform.Pass, "get-origin-port": conform.Pass,
		"get-rp-id-other": conform.Pass, "get-presence": conform.Pass, "get-signature-flipped": conform.Pass,
		// And what version 14.0.3 does not: registrations in a cross-origin frame, compressed points, userHandle.
		"reg-cross-origin": conform.Gap, "reg-key-compressed": conform.Gap, "get-handle-other": conform.Gap,
	})
}

// expect finds verdicts as they should be, every fault decided, and nothing over-strict that is not among them.
func expect(t *testing.T, rep *conform.Report, verdicts map[string]conform.Verdict) {
	t.Helper()
	got := map[string]conform.Verdict{}
	for _, res := range rep.Results {
		got[res.ID] = res.Verdict
		if res.Verdict == conform.Inconclusive || res.Verdict == conform.OverStrict &&
			verdicts[res.ID] != conform.OverStrict {
			t.Errorf("%s: got %s (%s), want it decided, and what is correct accepted", res.ID, res.Verdict, res.Detail)
		}
	}
	for id, want := range verdicts {
		if got[id] != want {
			t.Errorf("%s: got %q, want %s", id, got[id], want)
		}
	}
}

// simpleWebAuthn starts the server and returns its address.
func simpleWebAuthn(t *testing.T) string {
	t.Helper()
	if testing.Short() {
		t.Skip("it starts node")
	}
	home, err := filepath.Abs(filepath.Join("..", "..", ".cache", "simplewebauthn"))
	if err != nil {
		t.Fatal(err)
	}
	node := needs.Program(t, "node")
	if _, err := os.Stat(filepath.Join(home, "node_modules", "@simplewebauthn", "server")); err != nil {
		needs.Missing(t, "@simplewebauthn/server is not here (.ci/needs fetches it)")
	}
	return start(t, node, filepath.Join("testdata", "simplewebauthn.mjs"), home)
}

// start runs a server that prints its port, until the test ends.
func start(t *testing.T, program string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("starting the server: %v", err)
	}
	return "http://localhost:" + strings.TrimSpace(line)
}

// Another one: Debian's python3-fido2, by the interface of the conformance tools, its words read by WordOracle.
func TestAnotherOneByTheConformanceAPI(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts python")
	}
	python := needs.Python(t, "fido2.server")
	if err := exec.Command(python, "-c", "import fido2.ctap2; fido2.ctap2.AttestationObject").Run(); err != nil {
		t.Skip("this python3-fido2 has another interface than 0.9")
	}
	p, err := conform.FIDO{
		Target:   conform.Target{URL: start(t, python, filepath.Join("testdata", "fido2_server.py"))},
		Features: []fault.Feature{fault.Verification, fault.SecondVisit, fault.SecondKey},
	}.Open()
	if err != nil {
		t.Fatal(err)
	}
	rep, err := conform.Run(t.Context(), p, fault.Catalogue(), conform.Options{Seed: "python", Parallel: 4})
	if err != nil {
		t.Fatal(err)
	}
	t.Log(rep.Line())
	expect(t, rep, map[string]conform.Verdict{
		"reg-type-other-ceremony": conform.Pass, "reg-challenge-other": conform.Pass, "reg-origin-port": conform.Pass,
		"reg-rp-id-other": conform.Pass, "reg-presence": conform.Pass, "reg-verification": conform.Pass,
		"get-type-other-ceremony": conform.Pass, "get-challenge-other": conform.Pass, "get-origin-port": conform.Pass,
		"get-rp-id-other": conform.Pass, "get-presence": conform.Pass, "get-verification": conform.Pass,
		"get-signature-flipped": conform.Pass, "get-credential-of-another": conform.Pass,
		// Fido2Server leaves these to its caller: attestation, and frames.
		"reg-none-signature": conform.Gap, "reg-cross-origin": conform.Gap,
		// "UTF-8 decode" drops a byte order mark and replaces what is no character (Level 3 §7.1 step 5); it does not.
		"reg-client-data-mark": conform.OverStrict, "get-client-data-mark": conform.OverStrict,
		"reg-client-data-bad-utf-8": conform.OverStrict, "get-client-data-bad-utf-8": conform.OverStrict,
	})
}
