package party_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/fault"
	"github.com/latchkey-auth/latchkey/virtual/party"
)

// The fuzz targets feed responses to two parties: one with every check, and one without any, which has to live with
// whatever a response lacks. Neither may panic; the first accepts what an honest key made, the second refuses nothing.

const (
	origin = "https://shop.example"
	rpID   = "shop.example"
)

// pair is a strict and an unchecking party that draw the same challenges, with a user each.
func pair(t testing.TB) [2]fault.Visit {
	t.Helper()
	o := party.Options{Origin: origin, RPID: rpID, Seed: []byte("fuzz")}
	var out [2]fault.Visit
	for i := range out {
		if i == 1 {
			for _, d := range fault.Demands() {
				o.Without = append(o.Without, d.Check)
			}
		}
		p, err := party.New(o)
		if err != nil {
			t.Fatal(err)
		}
		if out[i], err = p.Visit(t.Context(), "mei"); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// sample makes an honest registration and an honest assertion against a fresh pair.
func sample(t testing.TB, format virtual.Format) (create, get []byte) {
	t.Helper()
	v := pair(t)[0]
	o := virtual.Options{Seed: []byte("fuzz"), Attestation: format}
	if format == virtual.AttestCompound {
		o.Compound = []virtual.Format{virtual.AttestPacked, virtual.AttestTPM}
	}
	key, err := virtual.New(o)
	if err != nil {
		t.Fatal(err)
	}
	client := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{key}}
	b, err := v.RegisterBegin(t.Context(), fault.Wish{})
	if err != nil {
		t.Fatal(err)
	}
	if create, err = client.Create(b.Options); err != nil {
		t.Fatal(err)
	}
	if a, err := v.RegisterFinish(t.Context(), b, create); err != nil || !a.Accepted {
		t.Fatalf("an honest registration: %+v, %v", a, err)
	}
	if b, err = v.SignInBegin(t.Context(), fault.Wish{}); err != nil {
		t.Fatal(err)
	}
	if get, err = client.Get(b.Options); err != nil {
		t.Fatal(err)
	}
	return create, get
}

func formats() []virtual.Format {
	return []virtual.Format{
		virtual.AttestNone, virtual.AttestSelf, virtual.AttestPacked, virtual.AttestFIDOU2F, virtual.AttestTPM,
		virtual.AttestAndroidKey, virtual.AttestApple, virtual.AttestCompound,
	}
}

// wrap puts the members into a response; with text, that is the response.
func wrap(t testing.TB, text []byte, id string, members map[string][]byte) []byte {
	t.Helper()
	if len(text) > 0 {
		return text
	}
	inner := map[string]string{}
	for name, value := range members {
		inner[name] = base64.RawURLEncoding.EncodeToString(value)
	}
	out, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key", "response": inner})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// judge finishes a ceremony that was begun and checks what both parties have to keep to.
func judge(t *testing.T, n int, a *fault.Answer, err error, honest bool) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	if n == 1 && !a.Accepted {
		t.Fatalf("without any check: refused for %s", a.Code)
	}
	if honest && !a.Accepted {
		t.Fatalf("an honest response was refused: %s", a.Response)
	}
}

// FuzzRegister fuzzes registrations: client data and attestation object, or the text of the response.
func FuzzRegister(f *testing.F) {
	honest := map[string]bool{}
	id := ""
	for _, format := range formats() {
		create, get := sample(f, format)
		var r virtual.RegistrationResponse
		if err := json.Unmarshal(create, &r); err != nil {
			f.Fatal(err)
		}
		id = r.ID
		honest[string(r.Response.ClientDataJSON)+string(r.Response.AttestationObject)] = true
		f.Add([]byte{}, []byte(r.Response.ClientDataJSON), []byte(r.Response.AttestationObject))
		f.Add(create, []byte{}, []byte{})
		f.Add(get, []byte{}, []byte{})
	}
	f.Fuzz(func(t *testing.T, text, clientData, object []byte) {
		response := wrap(t, text, id, map[string][]byte{"clientDataJSON": clientData, "attestationObject": object})
		for n, v := range pair(t) {
			b, err := v.RegisterBegin(t.Context(), fault.Wish{})
			if err != nil {
				t.Fatal(err)
			}
			a, err := v.RegisterFinish(t.Context(), b, response)
			judge(t, n, a, err, len(text) == 0 && honest[string(clientData)+string(object)])
		}
	})
}

// FuzzSignIn fuzzes assertions for a credential that is registered: client data, authenticator data and signature, or
// the text of the response.
func FuzzSignIn(f *testing.F) {
	create, get := sample(f, virtual.AttestPacked)
	var r virtual.AuthenticationResponse
	if err := json.Unmarshal(get, &r); err != nil {
		f.Fatal(err)
	}
	good := r.Response
	f.Add([]byte{}, []byte(good.ClientDataJSON), []byte(good.AuthenticatorData), []byte(good.Signature))
	f.Add(get, []byte{}, []byte{}, []byte{})
	f.Add(create, []byte{}, []byte{}, []byte{})
	f.Fuzz(func(t *testing.T, text, clientData, data, sig []byte) {
		response := wrap(t, text, r.ID, map[string][]byte{"clientDataJSON": clientData, "authenticatorData": data,
			"signature": sig})
		for n, v := range pair(t) {
			b, err := v.RegisterBegin(t.Context(), fault.Wish{})
			if err != nil {
				t.Fatal(err)
			}
			a, err := v.RegisterFinish(t.Context(), b, create)
			judge(t, n, a, err, true)
			if b, err = v.SignInBegin(t.Context(), fault.Wish{}); err != nil {
				t.Fatal(err)
			}
			a, err = v.SignInFinish(t.Context(), b, response)
			same := bytes.Equal(clientData, good.ClientDataJSON) && bytes.Equal(data, good.AuthenticatorData) &&
				bytes.Equal(sig, good.Signature)
			judge(t, n, a, err, len(text) == 0 && same)
			if n == 0 && a.Accepted && len(text) == 0 && !bytes.Equal(clientData, good.ClientDataJSON) {
				t.Fatalf("signed client data were changed, and accepted: %s", clientData)
			}
		}
	})
}
