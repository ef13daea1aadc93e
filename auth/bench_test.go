package auth_test

import (
	"bytes"
	"fmt"
	"path/filepath"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
	"github.com/latchkey-auth/latchkey/store"
	"github.com/latchkey-auth/latchkey/store/bolt"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// BenchmarkKeySignIn is a complete sign-in with a key in process, sealed and
// audited: begin and finish, with the browser's part left out of the time.
func BenchmarkKeySignIn(b *testing.B) {
	db, err := bolt.Open(filepath.Join(b.TempDir(), "l.db"), bolt.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	keys, err := store.NewKeys(store.Secret{1}, func([]byte) error { return nil })
	if err != nil {
		b.Fatal(err)
	}
	factor, err := webauthn.New(webauthn.Config{RPID: "localhost", Origins: []string{"http://localhost:8080"}})
	if err != nil {
		b.Fatal(err)
	}
	s, err := auth.New(auth.Config{DB: db, Keys: keys, Factors: []auth.Factor{factor}, Policy: auth.Marketplace(),
		Site: "Latchkey", Origin: "http://localhost:8080", RPID: "localhost"})
	if err != nil {
		b.Fatal(err)
	}
	const sellers = 100 // each signs in now and then, as sellers do
	var browsers []*virtual.Client
	var seeded []auth.Seeded
	for i := range sellers {
		browser, one := benchSeller(b, factor, i)
		browsers, seeded = append(browsers, browser), append(seeded, one)
	}
	if err := auth.Seed(b.Context(), db, keys, seeded); err != nil {
		b.Fatal(err)
	}
	c := auth.Caller{Browser: "a browser that each of them knows"}
	for i := range sellers { // the first sign-in from a browser is mailed about
		ch, err := s.SignInKeyFirst(b.Context(), c, auth.KeyFirstForm{Identifier: benchEmail(i)})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := s.SignInFinish(b.Context(), c, ch.Ceremony, benchTouch(b, browsers[i], ch)); err != nil {
			b.Fatal(err)
		}
	}
	i := 0
	before := db.Stats().Commits
	b.ReportAllocs()
	for b.Loop() {
		ch, err := s.SignInKeyFirst(b.Context(), c, auth.KeyFirstForm{Identifier: benchEmail(i % sellers)})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		response := benchTouch(b, browsers[i%sellers], ch)
		i++
		b.StartTimer()
		done, err := s.SignInFinish(b.Context(), c, ch.Ceremony, response)
		if err != nil || done.Step != auth.StepDone {
			b.Fatalf("got %+v, %v", done, err)
		}
	}
	b.ReportMetric(float64(db.Stats().Commits-before)/float64(b.N), "commits/op")
}

// benchSeller makes a seller with one key that verifies its user.
func benchSeller(b *testing.B, f *webauthn.Factor, i int) (*virtual.Client, auth.Seeded) {
	key, err := virtual.New(virtual.Options{UserVerification: virtual.UVSucceeds})
	if err != nil {
		b.Fatal(err)
	}
	browser := &virtual.Client{Origin: "http://localhost:8080", Authenticators: []*virtual.Authenticator{key}}
	a := auth.Account{ID: auth.AccountID(fmt.Sprintf("AAAAAAAAAAAAAAAAAA%04d", i)), Name: "Wei", UserName: "Wei",
		Email: ident.Email(benchEmail(i)), Handle: bytes.Repeat([]byte{byte(i)}, 64)}
	c := &auth.Ceremony{ID: "x", Input: []byte(`{"flavour":"key"}`), Purpose: auth.ForBind, Kind: auth.WebAuthn}
	if err := f.BeginBind(c, auth.Subject{Handle: a.Handle, Name: string(a.Email), Display: "Wei",
		Site: "Latchkey"}); err != nil {
		b.Fatal(err)
	}
	response, err := browser.Create(publicKey(b, c.Prompt))
	if err != nil {
		b.Fatal(err)
	}
	x, err := f.FinishBind(c, response)
	if err != nil {
		b.Fatal(err)
	}
	x.ID = "key"
	x.Account = a.ID
	x.State = auth.Active
	x.Device = "dev"
	return browser, auth.Seeded{Account: a, Devices: []auth.Device{{ID: "dev", Kind: auth.Stick}},
		Authenticators: []auth.Authenticator{*x}}
}

func benchEmail(i int) string { return fmt.Sprintf("seller%d@example.com", i) }

func benchTouch(b *testing.B, browser *virtual.Client, ch *auth.Challenge) []byte {
	response, err := browser.Get(publicKey(b, ch.Prompt))
	if err != nil {
		b.Fatal(err)
	}
	return response
}
