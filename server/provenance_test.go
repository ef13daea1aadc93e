package server

import (
	"bytes"
	"crypto/x509"
	"encoding/base64"
	"image"
	"image/png"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// modelOf is what a tester's CA attests.
func modelOf(ca *virtual.CA) virtual.Options {
	return virtual.Options{AAGUID: [16]byte{0xab, 15: 0xcd}, Attestation: virtual.AttestPacked, CA: ca}
}

// knows lets the site know metadata about that model, signed by its CA.
func knows(t testing.TB, ca *virtual.CA, word string) func(*auth.Config, *Config) {
	t.Helper()
	return graded(t, ca, word, auth.AnyKey)
}

// least asks for a grade, too, where the model is certified at level 2.
func least(t testing.TB, ca *virtual.CA, g auth.Grade) func(*auth.Config, *Config) {
	t.Helper()
	return graded(t, ca, "FIDO_CERTIFIED_L2", g)
}

func graded(t testing.TB, ca *virtual.CA, word string, g auth.Grade) func(*auth.Config, *Config) {
	t.Helper()
	var picture bytes.Buffer
	if err := png.Encode(&picture, image.NewGray(image.Rect(0, 0, 8, 8))); err != nil {
		t.Fatal(err)
	}
	key, err := virtual.New(modelOf(ca))
	if err != nil {
		t.Fatal(err)
	}
	blob, err := ca.SignMetadata(virtual.Metadata{Entries: []virtual.MetadataEntry{{Authenticator: key,
		Description: "Blue <b>model</b>", Status: []virtual.StatusReport{{Status: word}},
		Change: func(e map[string]any) {
			e["metadataStatement"].(map[string]any)["icon"] = "data:image/png;base64," +
				base64.StdEncoding.EncodeToString(picture.Bytes())
		}}}})
	if err != nil {
		t.Fatal(err)
	}
	known, err := webauthn.ParseMetadata(blob, webauthn.Trust{Roots: []*x509.Certificate{ca.Root()}}, start())
	if err != nil {
		t.Fatal(err)
	}
	return func(a *auth.Config, c *Config) {
		a.Factors = factors(t, webauthn.Config{Attestation: webauthn.AttestationPolicy{Ask: true, Least: g},
			Metadata: func() *webauthn.Metadata { return known }})
		c.Pictures = func(model string) []byte {
			id, err := webauthn.ParseAAGUID(model)
			if err != nil {
				return nil
			}
			return known.Model(id, nil).Picture()
		}
	}
}

// testCA is a maker.
func testCA(t testing.TB) *virtual.CA {
	t.Helper()
	ca, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("maker")})
	if err != nil {
		t.Fatal(err)
	}
	return ca
}

// TestWhatAKeysPageSaysOfItsMake: what is proved is called so, in both languages, with the picture of the
// model; what a key only says of itself has neither, nor has anybody else the picture.
func TestWhatAKeysPageSaysOfItsMake(t *testing.T) {
	ca := testCA(t)
	w := newWorld(t, knows(t, ca, "FIDO_CERTIFIED_L2"))
	p := w.registered()
	claiming := modelOf(ca)
	claiming.Attestation, claiming.CA = virtual.AttestNone, nil
	p.addKeyOf("Proved", modelOf(ca))
	p.addKeyOf("Claimed", claiming)
	pages := map[string]string{}
	for _, name := range []string{"Proved", "Claimed"} {
		pages[name] = "/security/keys/" + p.methodID(name)
	}
	proved, claimed := p.open(pages["Proved"]), p.open(pages["Claimed"])
	for _, said := range []string{"Blue &lt;b&gt;model&lt;/b&gt;", "made by Virtual Authenticators",
		"at level L2", `src="` + pages["Proved"] + `/picture"`} {
		if !strings.Contains(proved.text, said) {
			t.Errorf("proved: got no %q", said)
		}
	}
	if !strings.Contains(claimed.text, "It says it is this model. That is not proved.") ||
		strings.Contains(claimed.text, "level L2") || strings.Contains(claimed.text, "/picture") {
		t.Errorf("claimed: got %s", claimed.text)
	}
	if got := p.speak(proved, "zh-CN").text; !strings.Contains(got, "由 Virtual Authenticators 制造") {
		t.Errorf("in Chinese: got %s", got)
	}
	picture := p.send("GET", pages["Proved"]+"/picture", "", "")
	if _, err := png.Decode(picture.Body); err != nil || picture.Header().Get("Content-Type") != "image/png" ||
		picture.Header().Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("picture: got %v and %v", err, picture.Header())
	}
	for what, answer := range map[string]*httptest.ResponseRecorder{
		"of a claimed model": p.send("GET", pages["Claimed"]+"/picture", "", ""),
		"of no key":          p.send("GET", "/security/keys/none/picture", "", ""),
		"by a stranger":      w.browser().send("GET", pages["Proved"]+"/picture", "", ""),
	} {
		if answer.Code < 300 || strings.HasPrefix(answer.Header().Get("Content-Type"), "image/") {
			t.Errorf("picture %s: got %d %v", what, answer.Code, answer.Header())
		}
	}
}
