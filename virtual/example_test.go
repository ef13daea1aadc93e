package virtual_test

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/sha256"
	"crypto/x509"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/latchkey-auth/latchkey/virtual"
)

// A site is a server under test of a few lines. It checks the signature and the counter, and so far less than it must.
type site struct {
	key     *ecdsa.PublicKey
	counter uint32
}

func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	const named = `"rp":{"id":"shop.example","name":"Shop"},"user":{"id":"bWVp","name":"mei","displayName":"Mei"}`
	switch r.URL.Path {
	case "/register/begin":
		fmt.Fprintf(w, `{%s,"challenge":"AAAA","pubKeyCredParams":[{"type":"public-key","alg":-7}],
			"authenticatorSelection":{"residentKey":"required"}}`, named)
	case "/sign-in/begin":
		fmt.Fprint(w, `{"rpId":"shop.example","challenge":"AAAA"}`)
	case "/register":
		var in virtual.RegistrationResponse
		err := json.NewDecoder(r.Body).Decode(&in)
		public, wrong := x509.ParsePKIXPublicKey(in.Response.PublicKey)
		s.key, _ = public.(*ecdsa.PublicKey)
		fmt.Fprint(w, err == nil && wrong == nil && s.key != nil)
	case "/sign-in":
		var in virtual.AuthenticationResponse
		err := json.NewDecoder(r.Body).Decode(&in)
		fmt.Fprint(w, err == nil && s.signedIn(in.Response))
	}
}

// signedIn verifies the signature and that the counter went up.
func (s *site) signedIn(in virtual.AssertionData) bool {
	client := sha256.Sum256(in.ClientDataJSON)
	signed := sha256.Sum256(append(append([]byte{}, in.AuthenticatorData...), client[:]...))
	if len(in.AuthenticatorData) < 37 || !ecdsa.VerifyASN1(s.key, signed[:], in.Signature) {
		return false
	}
	before := s.counter
	s.counter = binary.BigEndian.Uint32(in.AuthenticatorData[33:37])
	return s.counter > before
}

// post sends a body to a path of a server and returns its answer.
func post(s *httptest.Server, path string, body []byte) []byte {
	r, err := http.Post(s.URL+path, "application/json", bytes.NewReader(body))
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

// registerAt makes a credential at a server with a browser's key.
func registerAt(s *httptest.Server, browser *virtual.Client) string {
	response, err := browser.Create(post(s, "/register/begin", nil))
	if err != nil {
		panic(err)
	}
	return string(post(s, "/register", response))
}

// signInAt signs in at a server with a browser's key.
func signInAt(s *httptest.Server, browser *virtual.Client) string {
	response, err := browser.Get(post(s, "/sign-in/begin", nil))
	if err != nil {
		panic(err)
	}
	return string(post(s, "/sign-in", response))
}

// A key in software registers at a handler, and signs in.
func ExampleClient() {
	s := httptest.NewServer(&site{})
	defer s.Close()
	key, err := virtual.New(virtual.Options{ResidentKeys: true})
	if err != nil {
		panic(err)
	}
	browser := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key}}
	fmt.Println("registered:", registerAt(s, browser))
	fmt.Println("signed in:", signInAt(s, browser))
	// Output:
	// registered: true
	// signed in: true
}

// A thief's copy counts on from where the original was; a server that watches the counter sees the second of the two.
func ExampleAuthenticator_Clone() {
	s := httptest.NewServer(&site{})
	defer s.Close()
	key, err := virtual.New(virtual.Options{ResidentKeys: true})
	if err != nil {
		panic(err)
	}
	owner := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key}}
	registerAt(s, owner)
	thief := &virtual.Client{Origin: "https://shop.example", Authenticators: []*virtual.Authenticator{key.Clone()}}
	fmt.Println("thief:", signInAt(s, thief))
	fmt.Println("thief:", signInAt(s, thief))
	fmt.Println("owner:", signInAt(s, owner))
	// Output:
	// thief: true
	// thief: true
	// owner: false
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
