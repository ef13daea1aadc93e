package webauthn_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/go-webauthn/webauthn/protocol"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

func clientData(edit func(*virtual.ClientData)) *virtual.Hooks {
	return &virtual.Hooks{ClientData: edit}
}

func clientJSON(old, with string) *virtual.Hooks {
	return &virtual.Hooks{ClientDataJSON: func(b []byte) []byte {
		return bytes.Replace(b, []byte(old),
			[]byte(with), 1)
	}}
}

func authData(edit func([]byte) []byte) *virtual.Hooks { return &virtual.Hooks{AuthData: edit} }

func attestation(edit func(*virtual.Attestation)) *virtual.Hooks {
	return &virtual.Hooks{Attestation: edit}
}

func cut(n int) func([]byte) []byte { return func(b []byte) []byte { return b[:n] } }
func more(tail ...byte) func([]byte) []byte {
	return func(b []byte) []byte { return append(b, tail...) }
}

// A flaw is one thing wrong in either ceremony, and the reason to be given; "" for what must be accepted.
type flaw struct {
	name  string
	hooks *virtual.Hooks
	want  auth.Code
}

// inBothCeremonies: each fault is refused for its own reason though the signature is right.
func inBothCeremonies(t *testing.T, faults []flaw) {
	for _, tc := range faults {
		t.Run("registration/"+tc.name, func(t *testing.T) {
			b := newBench(t, func(c *webauthn.Config) { c.Attestation.Ask = true },
				virtual.Options{Attestation: virtual.AttestSelf, AAGUID: model})
			b.browser.Hooks = tc.hooks
			c := b.binding(auth.SecurityKey)
			_, err := b.factor.FinishBind(c, b.create(c))
			wantCode(t, err, tc.want)
			wantDiscreet(t, err, c)
		})
		t.Run("authentication/"+tc.name, func(t *testing.T) {
			b := newBench(t, nil, virtual.Options{})
			b.bind(auth.SecurityKey)
			b.browser.Hooks = tc.hooks
			c, _, err := b.verify()
			wantCode(t, err, tc.want)
			wantDiscreet(t, err, c)
		})
	}
}

// TestReasonsOfClientData: Level 3 §7.1 steps 5 to 11, §7.2 steps 8 to 14.
func TestReasonsOfClientData(t *testing.T) {
	inBothCeremonies(t, []flaw{
		{"none", nil, ""},
		{"other ceremony", clientData(func(d *virtual.ClientData) { d.Type = "payment.get" }), auth.KeyTypeWrong},
		{"type in capitals", clientData(func(d *virtual.ClientData) { d.Type = strings.ToUpper(d.Type) }),
			auth.KeyTypeWrong},
		{"type missing", clientJSON(`"type":`, `"typ":`), auth.KeyTypeWrong},
		{"type a number", clientJSON(`"type":"webauthn.`, `"type":7,"x":"`), auth.KeyTypeWrong},
		{"other challenge", clientData(func(d *virtual.ClientData) { d.Challenge = "YW5vdGhlci1jaGFsbGVuZ2UtMTIz" }),
			auth.KeyChallengeWrong},
		{"challenge missing", clientJSON(`"challenge":`, `"chal":`), auth.KeyChallengeWrong},
		{"challenge empty", clientData(func(d *virtual.ClientData) { d.Challenge = "" }), auth.KeyChallengeWrong},
		{"challenge padded", clientData(func(d *virtual.ClientData) { d.Challenge += "=" }), auth.KeyChallengeWrong},
		{"challenge cut", clientData(func(d *virtual.ClientData) { d.Challenge = d.Challenge[:20] }),
			auth.KeyChallengeWrong},
		{"other origin", clientData(func(d *virtual.ClientData) { d.Origin = "https://evil.example" }),
			auth.KeyOriginWrong},
		{"other port", clientData(func(d *virtual.ClientData) { d.Origin += ":8443" }), auth.KeyOriginWrong},
		{"plain http", clientData(func(d *virtual.ClientData) { d.Origin = "http://shop.example" }),
			auth.KeyOriginWrong},
		{"suffix", clientData(func(d *virtual.ClientData) { d.Origin += ".evil.example" }), auth.KeyOriginWrong},
		{"subdomain", clientData(func(d *virtual.ClientData) { d.Origin = "https://www.shop.example" }),
			auth.KeyOriginWrong},
		{"user in the origin", clientData(func(d *virtual.ClientData) { d.Origin = "https://u@shop.example" }),
			auth.KeyOriginWrong},
		{"path in the origin", clientData(func(d *virtual.ClientData) { d.Origin += "/x" }), auth.KeyOriginWrong},
		{"origin in capitals", clientData(func(d *virtual.ClientData) { d.Origin = "https://Shop.example" }),
			auth.KeyOriginWrong},
		{"origin null", clientData(func(d *virtual.ClientData) { d.Origin = "null" }), auth.KeyOriginWrong},
		{"origin missing", clientJSON(`"origin":`, `"orig":`), auth.KeyOriginWrong},
		{"framed", clientData(func(d *virtual.ClientData) { d.CrossOrigin = true }), auth.KeyOriginWrong},
		{"top origin, not framed", clientData(func(d *virtual.ClientData) { d.TopOrigin = origin }),
			auth.KeyOriginWrong},
		{"top origin empty", clientJSON(`"crossOrigin":false`, `"crossOrigin":false,"topOrigin":""`),
			auth.KeyOriginWrong},
		{"top origin a number", clientJSON(`"crossOrigin":false`, `"crossOrigin":false,"topOrigin":7`),
			auth.KeyOriginWrong},
		{"crossOrigin a word", clientJSON(`"crossOrigin":false`, `"crossOrigin":"no"`), auth.KeyMalformed},
		{"not JSON", &virtual.Hooks{ClientDataJSON: func(b []byte) []byte { return b[1:] }}, auth.KeyMalformed},
		{"array", &virtual.Hooks{ClientDataJSON: func(b []byte) []byte {
			return append(append([]byte{'['}, b...),
				']')
		}}, auth.KeyMalformed},
		{"trailing bytes", &virtual.Hooks{ClientDataJSON: more('x')}, auth.KeyMalformed},
		{"duplicate member", clientJSON(`{`, `{"origin":"https://evil.example",`), auth.DuplicateMember},
		{"huge", clientData(func(d *virtual.ClientData) { d.Extra = `"x":"` + strings.Repeat("x", 5000) + `"` }),
			auth.KeyMalformed},
		{"byte order mark",
			&virtual.Hooks{ClientDataJSON: func(b []byte) []byte { return append([]byte("\xef\xbb\xbf"), b...) }}, ""},
		{"unknown member",
			clientData(func(d *virtual.ClientData) { d.Extra = `"new_keys_may_be_added_here":{"a":[1]}` }), ""},
		{"broken UTF-8 in an unknown member", clientData(func(d *virtual.ClientData) { d.Extra = "\"x\":\"\xff\"" }),
			""},
		{"token binding of long ago",
			clientData(func(d *virtual.ClientData) { d.Extra = `"tokenBinding":{"status":"odd"}` }), ""},
	})
}

// TestReasonsOfAuthenticatorData: Level 3 §7.1 steps 13 to 18, §7.2 steps 15 to 19.
func TestReasonsOfAuthenticatorData(t *testing.T) {
	inBothCeremonies(t, []flaw{
		{"UP clear", authData(clearFlag(virtual.FlagUP)), auth.KeyNoTouch},
		{"BS without BE", authData(setFlag(virtual.FlagBS)), auth.KeyBackupFlags},
		{"other RP",
			authData(func(b []byte) []byte { h := sha256.Sum256([]byte("evil.example")); copy(b, h[:]); return b }),
			auth.KeyRPIDWrong},
		{"RP ID hash of the origin",
			authData(func(b []byte) []byte { h := sha256.Sum256([]byte(origin)); copy(b, h[:]); return b }),
			auth.KeyRPIDWrong},
		{"bytes behind", authData(more(1)), auth.KeyMalformed},
		{"short", authData(cut(36)), auth.KeyMalformed},
		{"empty", authData(cut(0)), auth.KeyMalformed},
		{"ED without extensions", authData(setFlag(virtual.FlagED)), auth.KeyMalformed},
		{"extensions", authData(func(b []byte) []byte { b[32] |= virtual.FlagED; return append(b, 0xa0) }), ""},
		{"reserved flag", authData(setFlag(2)), ""},
	})
}

// wantDiscreet: an error must not carry the library's, whose details hold the challenge.
func wantDiscreet(t *testing.T, err error, c *auth.Ceremony) {
	t.Helper()
	var theirs *protocol.Error
	if errors.As(err, &theirs) {
		t.Errorf("got the library's error %v inside", theirs)
	}
	var st struct {
		S struct{ Challenge string }
	}
	if json.Unmarshal(c.State, &st) != nil || st.S.Challenge == "" {
		t.Fatal("no challenge in the state")
	}
	if err != nil && strings.Contains(err.Error(), st.S.Challenge) {
		t.Errorf("got the challenge in %q", err)
	}
}

// TestReasonsOfSignatures: steps 20 and 21 of §7.2.
func TestReasonsOfSignatures(t *testing.T) {
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	type pair struct{ R, S *big.Int }
	for _, tc := range []struct {
		name string
		sig  func([]byte) []byte
		want auth.Code
	}{
		{"flipped", func(b []byte) []byte { b[len(b)-1] ^= 1; return b }, auth.KeySignatureWrong},
		{"empty", cut(0), auth.KeySignatureWrong},
		{"zeros", func(b []byte) []byte { clear(b); return b }, auth.KeySignatureWrong},
		{"r and s zero", func([]byte) []byte { out, _ := asn1.Marshal(pair{new(big.Int), new(big.Int)}); return out },
			auth.KeySignatureWrong},
		{"raw r and s", func([]byte) []byte { return make([]byte, 64) }, auth.KeySignatureWrong},
		{"bytes behind", more(0), auth.KeySignatureWrong},
		{"of another key", func([]byte) []byte {
			h := sha256.Sum256(nil)
			out, _ := other.Sign(rand.Reader, h[:],
				nil)
			return out
		}, auth.KeySignatureWrong},
		{"n - s", func(b []byte) []byte {
			var p pair
			if _, err := asn1.Unmarshal(b, &p); err != nil {
				t.Fatal(err)
			}
			p.S.Sub(elliptic.P256().Params().N, p.S)
			out, _ := asn1.Marshal(p)
			return out
		}, ""}, // the same signature, written otherwise: valid ECDSA
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, nil, virtual.Options{})
			b.bind(auth.SecurityKey)
			b.browser.Hooks = &virtual.Hooks{Signature: tc.sig}
			_, _, err := b.verify()
			wantCode(t, err, tc.want)
		})
	}
	t.Run("over other client data", func(t *testing.T) {
		b := newBench(t, nil, virtual.Options{})
		b.bind(auth.SecurityKey)
		b.browser.Hooks = &virtual.Hooks{Assertion: func(r *virtual.AuthenticationResponse) {
			r.Response.ClientDataJSON = append(bytes.TrimSuffix(r.Response.ClientDataJSON, []byte("}")), `,"x":1}`...)
		}}
		_, _, err := b.verify()
		wantCode(t, err, auth.KeySignatureWrong)
	})
}

// edit changes the JSON of a response as a tree.
func edit(t *testing.T, raw json.RawMessage, f func(top, inner map[string]any)) json.RawMessage {
	t.Helper()
	var top map[string]any
	if err := json.Unmarshal(raw, &top); err != nil {
		t.Fatal(err)
	}
	inner, _ := top["response"].(map[string]any)
	f(top, inner)
	out, err := json.Marshal(top)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// TestReasonsOfEnvelopes: the JSON around, in both ceremonies.
func TestReasonsOfEnvelopes(t *testing.T) {
	set := func(name string, v any) func(top, inner map[string]any) {
		return func(top, _ map[string]any) { top[name] = v }
	}
	for _, tc := range []struct {
		name string
		edit func(top, inner map[string]any)
		want auth.Code
	}{
		{"unknown member", set("x", []any{map[string]any{"y": 1}}), ""},
		{"no client extension results", func(top, _ map[string]any) { delete(top, "clientExtensionResults") }, ""},
		{"unsolicited outputs", set("clientExtensionResults", map[string]any{"credProps": map[string]any{"rk": true},
			"appid": true, "uvm": []any{}}), ""},
		{"odd outputs", set("clientExtensionResults", map[string]any{"credProps": 4, "appid": "x", "prf": nil}), ""},
		{"attachment null", set("authenticatorAttachment", nil), ""},
		{"attachment unknown", set("authenticatorAttachment", "pocket"), ""},
		{"user handle null", func(_, inner map[string]any) { inner["userHandle"] = nil }, ""},
		{"attachment of no letter", set("authenticatorAttachment", ""), ""},
		{"attachment a number", set("authenticatorAttachment", 7), auth.KeyMalformed},
		{"id of no byte", func(top, _ map[string]any) { top["id"], top["rawId"] = "", "" }, auth.KeyMalformed},
		{"id null", set("id", nil), auth.KeyMalformed},
		{"id a number", func(top, _ map[string]any) { top["id"], top["rawId"] = 123456, "2345" }, auth.KeyMalformed},
		{"rawId a number", func(top, _ map[string]any) { top["id"], top["rawId"] = "2345", 123456 },
			auth.KeyMalformed},
		{"id too long", func(top, _ map[string]any) {
			long := base64.RawURLEncoding.EncodeToString(make([]byte, 1024))
			top["id"], top["rawId"] = long, long
		}, auth.KeyMalformed},
		{"type null", set("type", nil), auth.KeyMalformed},
		{"transports a text", func(_, inner map[string]any) { inner["transports"] = "usb" }, auth.KeyMalformed},
		{"transports of numbers", func(_, inner map[string]any) { inner["transports"] = []int{1} }, auth.KeyMalformed},
		{"no id", func(top, _ map[string]any) { delete(top, "id") }, auth.KeyMalformed},
		{"id in capitals", func(top, _ map[string]any) { top["ID"] = top["id"]; delete(top, "id") }, auth.KeyMalformed},
		{"no rawId", func(top, _ map[string]any) { delete(top, "rawId") }, auth.KeyMalformed},
		{"rawId of another", set("rawId", "AAAA"), auth.KeyMalformed},
		{"no type", func(top, _ map[string]any) { delete(top, "type") }, auth.KeyMalformed},
		{"other type", set("type", "password"), auth.KeyMalformed},
		{"no response", func(top, _ map[string]any) { delete(top, "response") }, auth.KeyMalformed},
		{"response a word", set("response", "x"), auth.KeyMalformed},
		{"no client data", func(_, inner map[string]any) { delete(inner, "clientDataJSON") }, auth.KeyMalformed},
		{"padded", func(_, inner map[string]any) { inner["clientDataJSON"] = inner["clientDataJSON"].(string) + "=" },
			auth.KeyMalformed},
		{"line break in base64",
			func(_, inner map[string]any) { inner["clientDataJSON"] = inner["clientDataJSON"].(string) + "\n" },
			auth.KeyMalformed},
		{"standard base64", func(_, inner map[string]any) { inner["clientDataJSON"] = "+/+/" }, auth.KeyMalformed},
		{"a number", func(_, inner map[string]any) { inner["clientDataJSON"] = 1234 }, auth.KeyMalformed},
		{"deep nesting", set("x", json.RawMessage(strings.Repeat("[", 50)+strings.Repeat("]", 50))), auth.KeyMalformed},
		{"too large", set("x", strings.Repeat("x", 40_000)), auth.TooLarge},
	} {
		t.Run("registration/"+tc.name, func(t *testing.T) {
			b := newBench(t, nil, virtual.Options{})
			c := b.binding(auth.SecurityKey)
			_, err := b.factor.FinishBind(c, edit(t, b.create(c), tc.edit))
			wantCode(t, err, tc.want)
		})
		t.Run("authentication/"+tc.name, func(t *testing.T) {
			b := newBench(t, nil, virtual.Options{})
			b.bind(auth.SecurityKey)
			c := b.verifying()
			_, err := b.factor.FinishVerify(c, b.keys, edit(t, b.get(c), tc.edit))
			wantCode(t, err, tc.want)
		})
	}
}

// TestDuplicateMembersAreRefused at every depth and in any case: the library would take the last.
func TestDuplicateMembersAreRefused(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	c := b.verifying()
	good := string(b.get(c))
	for name, bad := range map[string]string{
		"id":            strings.Replace(good, `{"id":`, `{"id":"AAAA","id":`, 1),
		"another case":  strings.Replace(good, `{"id":`, `{"ID":"AAAA","id":`, 1),
		"escaped":       strings.Replace(good, `{"id":`, `{"\u0069d":"AAAA","id":`, 1),
		"inside":        strings.Replace(good, `"signature":`, `"signature":"AAAA","signature":`, 1),
		"in an unknown": strings.Replace(good, `{"id":`, `{"x":[{"a":1,"a":2}],"id":`, 1),
		"with blanks":   strings.Replace(good, `{"id":`, "{ \"id\" \n:\t\"AAAA\" , \"id\" :", 1),
		"in the outputs": strings.Replace(good, `"clientExtensionResults":{}`, `"clientExtensionResults":{"a":1,"a":1}`,
			1),
	} {
		_, err := b.factor.FinishVerify(c, b.keys, json.RawMessage(bad))
		if got := codeOf(t, err); got != auth.DuplicateMember {
			t.Errorf("%s: got %q, want %q", name, got, auth.DuplicateMember)
		}
	}
	spaced := strings.NewReplacer(`":`, "\" :\n ", `,"`, " ,\t\"").Replace(good)
	if _, err := b.factor.FinishVerify(c, b.keys, json.RawMessage(" "+spaced+" ")); err != nil {
		t.Errorf("blanks between: got %v, want success", err)
	}
}

// TestReasonsOfAssertions: what only an assertion can get wrong.
func TestReasonsOfAssertions(t *testing.T) {
	for _, tc := range []struct {
		name string
		edit func(top, inner map[string]any)
		want auth.Code
	}{
		{"a key never registered", func(top, _ map[string]any) { top["id"], top["rawId"] = "AAAA", "AAAA" },
			auth.KeyWrong},
		{"another account's handle", func(_, inner map[string]any) { inner["userHandle"] = "b3RoZXI" },
			auth.KeyUserHandleWrong},
		{"handle not a string", func(_, inner map[string]any) { inner["userHandle"] = 4 }, auth.KeyMalformed},
		{"handle too long", func(_, inner map[string]any) { inner["userHandle"] = strings.Repeat("A", 88) },
			auth.KeyMalformed},
		{"no signature", func(_, inner map[string]any) { delete(inner, "signature") }, auth.KeyMalformed},
		{"empty signature", func(_, inner map[string]any) { inner["signature"] = "" }, auth.KeySignatureWrong},
		{"no authenticator data", func(_, inner map[string]any) { delete(inner, "authenticatorData") },
			auth.KeyMalformed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, nil, virtual.Options{})
			b.bind(auth.SecurityKey)
			c := b.verifying()
			_, err := b.factor.FinishVerify(c, b.keys, edit(t, b.get(c), tc.edit))
			wantCode(t, err, tc.want)
		})
	}
	t.Run("a registration instead", func(t *testing.T) {
		b := newBench(t, nil, virtual.Options{})
		b.bind(auth.SecurityKey)
		bind := b.binding(auth.SecurityKey)
		b.browser.Authenticators = []*virtual.Authenticator{device(t, virtual.Options{Seed: []byte("2")})}
		_, err := b.factor.FinishVerify(b.verifying(), b.keys, b.create(bind))
		wantCode(t, err, auth.KeyMalformed)
	})
	t.Run("not listed any more", func(t *testing.T) {
		b := newBench(t, nil, virtual.Options{})
		b.bind(auth.SecurityKey)
		c := b.verifying()
		_, err := b.factor.FinishVerify(c, nil, b.get(c))
		wantCode(t, err, auth.KeyWrong)
	})
	t.Run("not asked for", func(t *testing.T) {
		b := newBench(t, nil, virtual.Options{Seed: []byte("1")})
		b.bind(auth.SecurityKey)
		c := b.verifying()
		b.browser.Authenticators[0] = device(t, virtual.Options{Seed: []byte("2")})
		b.bind(auth.SecurityKey) // registered meanwhile
		other := b.verifying()
		answer := b.get(other)
		_, err := b.factor.FinishVerify(c, b.keys, answer)
		wantCode(t, err, auth.KeyWrong)
	})
}

// TestReasonsOfRegistrations: what only a registration can get wrong.
func TestReasonsOfRegistrations(t *testing.T) {
	self := virtual.Options{Attestation: virtual.AttestSelf, AAGUID: model}
	packed := virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model}
	u2f := virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F}
	compound := attesting(virtual.AttestCompound, nil, virtual.AttestSelf, virtual.AttestSelf)
	rsa := virtual.Options{Algorithms: []virtual.Algorithm{virtual.RS256}}
	flip := &virtual.Hooks{Signature: func(b []byte) []byte { b[len(b)-1] ^= 1; return b }}
	statement := func(f func(map[string]any)) *virtual.Hooks {
		return attestation(func(a *virtual.Attestation) { f(a.Statement) })
	}
	part := func(f func(map[string]any)) *virtual.Hooks {
		return attestation(func(a *virtual.Attestation) { f(a.Parts[1].Statement) })
	}
	object := func(raw ...byte) *virtual.Hooks {
		return &virtual.Hooks{Registration: func(r *virtual.RegistrationResponse) {
			r.Response.AttestationObject = raw
		}}
	}
	for _, tc := range []struct {
		name   string
		device virtual.Options
		hooks  *virtual.Hooks
		want   auth.Code
	}{
		{"self, flipped", self, flip, auth.KeyAttestationForged},
		{"packed, flipped", packed, flip, auth.KeyAttestationForged},
		{"fido-u2f, flipped", u2f, flip, auth.KeyAttestationForged},
		{"fido-u2f with a model", u2f, authData(func(b []byte) []byte { b[40] = 1; return b }),
			auth.KeyAttestationMalformed},
		{"unknown format", self, attestation(func(a *virtual.Attestation) { a.Format = "mine" }),
			auth.KeyAttestationFormat},
		{"format in capitals", self, attestation(func(a *virtual.Attestation) { a.Format = "Packed" }),
			auth.KeyAttestationFormat},
		{"none with a statement", self, attestation(func(a *virtual.Attestation) { a.Format = "none" }),
			auth.KeyAttestationMalformed},
		{"statement without alg", self, statement(func(s map[string]any) { delete(s, "alg") }),
			auth.KeyAttestationMalformed},
		{"statement without sig", self, statement(func(s map[string]any) { delete(s, "sig") }),
			auth.KeyAttestationMalformed},
		{"x5c no array", self, statement(func(s map[string]any) { s["x5c"] = []byte{1} }),
			auth.KeyAttestationMalformed},
		{"x5c empty", self, statement(func(s map[string]any) { s["x5c"] = []any{} }), auth.KeyAttestationMalformed},
		{"x5c garbage", self, statement(func(s map[string]any) { s["x5c"] = []any{[]byte{1, 2}} }),
			auth.KeyAttestationCertificate},
		{"compound, x5c of a part no array", compound, part(func(s map[string]any) { s["x5c"] = []byte{1} }),
			auth.KeyAttestationMalformed},
		{"compound, u2f part of a key with a model", compound,
			&virtual.Hooks{Attester: func(a *virtual.Attester, _ *virtual.Credential) {
				a.Formats = []virtual.Format{virtual.AttestSelf, virtual.AttestFIDOU2F}
			}}, auth.KeyAttestationMalformed},
		{"compound, one part forged", compound, part(func(s map[string]any) { s["sig"] = []byte{1} }),
			auth.KeyAttestationForged},
		{"compound of five", compound, &virtual.Hooks{Attester: func(a *virtual.Attester, _ *virtual.Credential) {
			a.Formats = slices.Repeat([]virtual.Format{virtual.AttestSelf}, 5)
		}}, auth.KeyAttestationMalformed},
		{"compound of four", compound, &virtual.Hooks{Attester: func(a *virtual.Attester, _ *virtual.Credential) {
			a.Formats = slices.Repeat([]virtual.Format{virtual.AttestSelf}, 4)
		}}, ""},
		{"object missing", self, object(), auth.KeyMalformed},
		{"object no map", self, object(0x80), auth.KeyMalformed},
		{"object with a key twice", self, twice("fmt"), auth.DuplicateMember},
		{"object without a format", self, attestationObject(func(o map[string]any) { delete(o, "fmt") }),
			auth.KeyMalformed},
		{"format of no letter", self, attestationObject(func(o map[string]any) { o["fmt"] = "" }),
			auth.KeyAttestationFormat},
		{"statement null", virtual.Options{}, attestationObject(func(o map[string]any) { o["attStmt"] = nil }),
			auth.KeyMalformed},
		{"statement an array", virtual.Options{}, attestationObject(func(o map[string]any) { o["attStmt"] = []any{} }),
			auth.KeyMalformed},
		{"object cut", self, object(0xa3, 0x63, 'f'), auth.KeyMalformed},
		{"AT clear", virtual.Options{}, authData(clearFlag(virtual.FlagAT)), auth.KeyMalformed},
		{"id longer than the data", virtual.Options{}, authData(func(b []byte) []byte { b[53] = 3; return b }),
			auth.KeyMalformed},
		{"id of no bytes", virtual.Options{IDSize: 1},
			authData(func(b []byte) []byte { b[54] = 0; return append(b[:55], b[56:]...) }), auth.KeyMalformed},
		{"id other than attested", virtual.Options{},
			&virtual.Hooks{Registration: func(r *virtual.RegistrationResponse) {
				r.ID, r.RawID = "AAAA",
					[]byte{0, 0, 0}
			}}, auth.KeyMalformed},
		{"long id", virtual.Options{IDSize: 1023}, nil, ""},
		{"Ed448", virtual.Options{}, coseAlg(0x38, 52), auth.KeyAlgorithm},
		{"alg of another key type", virtual.Options{}, coseAlg(0x27), auth.KeyMalformed},
		{"alg a text", virtual.Options{}, coseAlg(0x61, 'x'), auth.KeyAlgorithm},
		{"alg null", virtual.Options{}, coseAlg(0xf6), auth.KeyAlgorithm},
		{"key null", virtual.Options{}, authData(func(b []byte) []byte { return append(b[:55+int(b[54])], 0xf6) }),
			auth.KeyMalformed},
		{"RSA with an exponent of 1", rsa, exponent(0, 0, 1), auth.KeyMalformed},
		{"RSA with an even exponent", rsa, exponent(1, 0, 0), auth.KeyMalformed},
		{"RSA with an exponent of 3", rsa, exponent(0, 0, 3), ""},
		{"point off the curve", virtual.Options{}, authData(func(b []byte) []byte { b[len(b)-1] ^= 1; return b }),
			auth.KeyMalformed},
		{"getter that disagrees", virtual.Options{},
			&virtual.Hooks{Registration: func(r *virtual.RegistrationResponse) {
				r.Response.AuthenticatorData, r.Response.PublicKey = []byte{1}, []byte{2}
			}}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, func(c *webauthn.Config) { c.Attestation.Ask = true }, tc.device)
			b.browser.Hooks = tc.hooks
			c := b.binding(auth.SecurityKey)
			_, err := b.factor.FinishBind(c, b.create(c))
			wantCode(t, err, tc.want)
		})
	}
}

// exponent replaces the exponent of an RSA key, which is its last member: 21 43 01 00 01.
func exponent(e ...byte) *virtual.Hooks {
	return authData(func(b []byte) []byte { return append(b[:len(b)-3], e...) })
}

// attestationObject changes the members of the object, after the statement was made.
func attestationObject(edit func(map[string]any)) *virtual.Hooks {
	return &virtual.Hooks{Registration: func(r *virtual.RegistrationResponse) {
		var o map[string]any
		if err := cbor.Unmarshal(r.Response.AttestationObject, &o); err != nil {
			panic(err)
		}
		edit(o)
		r.Response.AttestationObject, _ = cbor.Marshal(o)
	}}
}

// twice puts a text member into the object a second time: its head is a map of three.
func twice(name string) *virtual.Hooks {
	return &virtual.Hooks{Registration: func(r *virtual.RegistrationResponse) {
		more, _ := cbor.Marshal(name)
		value, _ := cbor.Marshal("none")
		r.Response.AttestationObject = append(append(append([]byte{0xa4}, r.Response.AttestationObject[1:]...),
			more...), value...)
	}}
}

// coseAlg replaces the alg of an ES256 key: 01 02 03 26 are its first two members.
func coseAlg(alg ...byte) *virtual.Hooks {
	return authData(func(b []byte) []byte {
		return bytes.Replace(b, []byte{1, 2, 3, 0x26}, append([]byte{1, 2, 3}, alg...), 1)
	})
}

// TestCompressedPoint: a COSE key with a sign bit for y is refused at registration, not at the first sign-in.
func TestCompressedPoint(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.browser.Hooks = authData(func(d []byte) []byte { return append(d[:len(d)-34], 0xf5) }) // -3: true
	c := b.binding(auth.SecurityKey)
	_, err := b.factor.FinishBind(c, b.create(c))
	wantCode(t, err, auth.KeyMalformed)
}

// TestIdentifyRefusesGarbage: it reads before anything is verified.
func TestIdentifyRefusesGarbage(t *testing.T) {
	f := newFactor(t, nil)
	for _, bad := range []string{``, `null`, `{}`, `[]`, `{"id":"`, `{"id":"AA"}`,
		`{"id":"AAAA","rawId":"AAAA","type":"public-key"}`} {
		if id, handle, err := f.Identify(json.RawMessage(bad)); err == nil {
			t.Errorf("%q: got %q, %x, want a refusal", bad, id, handle)
		}
	}
}
