package conform_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/conform"
	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// The catalogue is played against the service itself in package server, whose tests may import it.

// Every code with which Latchkey refuses an answer of a key has its reasons, and no code is made up.
func TestLatchkeyCodes(t *testing.T) {
	source, err := os.ReadFile("../../auth/error.go")
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]bool{}
	for _, m := range regexp.MustCompile(`Code = "([a-z-]+)"`).FindAllStringSubmatch(string(source), -1) {
		codes[m[1]] = true
	}
	oracle := conform.LatchkeyOracle()
	for code := range oracle.Codes {
		if !codes[code] {
			t.Errorf("%s: got reasons for it, want a code of the service", code)
		}
	}
	for code := range codes {
		// no catalogue has what is no USB key, nor what somebody types of one
		none := code == "key-not-usb" || code == "key-values-malformed"
		if _, known := oracle.Codes[code]; !known && strings.HasPrefix(code, "key-") && !none {
			t.Errorf("%s: got no reasons for it, want some", code)
		}
	}
	if len(oracle.Texts) > 0 {
		t.Error("got rules about texts, want the code alone to decide")
	}
}

func TestLatchkeyPolicyRefuses(t *testing.T) {
	policy := conform.LatchkeyPolicy()
	for _, f := range fault.Catalogue() {
		want := conform.Expectation("")
		if f.Class == fault.Policy || f.Class == fault.Hardening {
			want = conform.ExpectRefuse
		}
		if f.Check == fault.CheckKeyOptional { // the one thing it passes over: entries that change nothing it verifies
			want = conform.ExpectAccept
		}
		if policy[f.ID] != want {
			t.Errorf("%s (%s): got %q, want %q", f.ID, f.Class, policy[f.ID], want)
		}
	}
}

// What is no lab is said to be none, and nobody else's server is ever asked.
func TestLatchkeyWantsALab(t *testing.T) {
	site := httptest.NewServer(http.NotFoundHandler())
	defer site.Close()
	party, err := conform.Latchkey{Target: conform.Target{URL: site.URL}}.Open()
	if err != nil {
		t.Fatal(err)
	}
	_, err = conform.Run(t.Context(), party, fault.Catalogue()[:1], conform.Options{})
	if !errors.Is(err, conform.ErrUnreachable) || !strings.Contains(err.Error(), "latchkey serve --lab") {
		t.Errorf("got %v, want it said how to start a lab", err)
	}
	if _, err := (conform.Latchkey{Target: conform.Target{URL: "https://shop.example"}}).Open(); !errors.Is(err,
		conform.ErrNotLoopback) {
		t.Errorf("got %v, want %v", err, conform.ErrNotLoopback)
	}
}
