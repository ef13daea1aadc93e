package webauthn_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// TestModelsAsText: a model is written in one way, and whatever else stands for one in a configuration is an error.
func TestModelsAsText(t *testing.T) {
	good := "ee882879-721c-4913-9775-3dfcce97072a"
	for _, text := range []string{good, strings.ToUpper(good)} {
		var a webauthn.AAGUID
		if err := json.Unmarshal([]byte(`"`+text+`"`), &a); err != nil || a.String() != good {
			t.Errorf("%s: got %s, %v, want %s", text, a, err, good)
		}
	}
	bad := []string{"", good[:35], good + "0", strings.ReplaceAll(good, "-", ""), "g" + good[1:],
		"ee882879-721c-4913-9775-3dfcce9707-2"}
	for i, r := range good {
		if r == '-' {
			bad = append(bad, good[:i]+"0"+good[i+1:])
		}
	}
	for _, text := range bad {
		var a webauthn.AAGUID
		if err := json.Unmarshal([]byte(`"`+text+`"`), &a); err == nil || a != (webauthn.AAGUID{}) {
			t.Errorf("%q: got %s, %v, want an error and no model", text, a, err)
		}
	}
}

// TestOrigins: what a browser would send, and nothing else, is taken.
func TestOrigins(t *testing.T) {
	for o, good := range map[string]bool{
		"https://shop.example": true, "https://shop.example:8443": true, "https://shop.example:80": true,
		"http://localhost": true, "http://localhost:8080": true, "http://shop.localhost": true,
		"http://localhost:443": true, "https://localhost": true, "http://a.shop.localhost:8080": true,
		"http://shop.example": false, "http://xlocalhost": false, "http://localhost:80": false,
		"https://shop.example:443": false, "ftp://localhost": false, "wss://shop.example": false,
		"https://": false, "https:": false, "https:shop.example": false, "shop.example": false, "//shop.example": false,
		"https://shop.example/": false, "https://shop.example?": false, "https://shop.example#": false,
		"https://u@shop.example": false, "https://SHOP.example": false, "HTTPS://shop.example": false, "": false,
		strings.Repeat("A", 43): false, "android:x": false, "https://shop.example:x": false,
	} {
		for _, top := range []bool{false, true} {
			c := webauthn.Config{RPID: rpID, Origins: []string{origin, o}}
			if top {
				c.Origins = []string{origin}
				c.TopOrigins = []string{o}
			}
			if _, err := webauthn.New(c); (err == nil) != good {
				t.Errorf("%q, around ours %v: got %v, want it taken: %v", o, top, err, good)
			}
		}
	}
	for _, id := range []string{"", "shop example", "https://shop.example", "shop.example:80"} {
		if _, err := webauthn.New(webauthn.Config{RPID: id, Origins: []string{origin}}); err == nil ||
			!strings.Contains(err.Error(), "RP ID") {
			t.Errorf("RP ID %q: got %v, want an error that names it", id, err)
		}
	}
	_, err := webauthn.New(webauthn.Config{RPID: rpID})
	if err == nil || !strings.Contains(err.Error(), "no origin") {
		t.Errorf("no origin: got %v, want an error that says so", err)
	}
	_, err = webauthn.New(webauthn.Config{RPID: rpID, Origins: []string{"android:apk-key-hash:c2hvcnQ"}})
	if err == nil || !strings.Contains(err.Error(), "android:apk-key-hash: and a SHA-256") {
		t.Errorf("a short hash of an app: got %v, want an error that says what one is", err)
	}
}

// TestChallengesAreDrawn: what stands in options is what was drawn for them, 32 bytes for each ceremony, and without
// randomness none begins.
func TestChallengesAreDrawn(t *testing.T) {
	drawn := bytes.Repeat([]byte("one of thirty-two bytes, drawn. "), 1)
	drawn = append(drawn, []byte("and the other one, for a sign-in")...)
	b := newBench(t, func(c *webauthn.Config) { c.Random = bytes.NewReader(drawn) }, virtual.Options{})
	c := b.binding(auth.SecurityKey)
	got := prompt[virtual.CreationOptions](t, c).Challenge
	if want := base64.RawURLEncoding.EncodeToString(drawn[:32]); got != want {
		t.Errorf("registration: got challenge %q, want %q", got, want)
	}
	key, err := b.factor.FinishBind(c, b.create(c))
	wantCode(t, err, "")
	b.keys = []*auth.Authenticator{key}
	got = prompt[virtual.RequestOptions](t, b.verifying()).Challenge
	if want := base64.RawURLEncoding.EncodeToString(drawn[32:]); got != want {
		t.Errorf("sign-in: got challenge %q, want %q", got, want)
	}
	c = &auth.Ceremony{Purpose: auth.ForSignIn, Now: start, Expires: start.Add(time.Minute)}
	if err := b.factor.BeginVerify(c, nil); err == nil || c.Prompt != nil {
		t.Errorf("sign-in: got %s, %v, want none to begin without randomness", c.Prompt, err)
	}
	err = b.factor.BeginBind(c, auth.Subject{Handle: b.handle})
	if err == nil || c.Prompt != nil {
		t.Errorf("registration: got %s, %v, want none to begin without randomness", c.Prompt, err)
	}
}

// TestOptionsTellTheCeremony: how long it lives, whose site it is, and what was wished, each by itself.
func TestOptionsTellTheCeremony(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	for _, tc := range []struct {
		left time.Duration
		want int64
	}{{90 * time.Second, 90_000}, {time.Millisecond, 1}, {0, 120_000}, {-time.Minute, 120_000}} {
		c := &auth.Ceremony{Account: "a", Now: start, Expires: start.Add(tc.left), Proofs: b.proofs}
		if err := b.factor.BeginVerify(c, b.keys); err != nil {
			t.Fatal(err)
		}
		if got := prompt[virtual.RequestOptions](t, c).Timeout; got != tc.want {
			t.Errorf("%v left, sign-in: got a timeout of %d, want %d", tc.left, got, tc.want)
		}
		if err := b.factor.BeginBind(c, auth.Subject{Handle: b.handle, Site: "Other shop"}); err != nil {
			t.Fatal(err)
		}
		o := prompt[virtual.CreationOptions](t, c)
		if o.Timeout != tc.want || o.RP.Name != "Other shop" {
			t.Errorf("%v left, registration: got a timeout of %d and site %q, want %d", tc.left, o.Timeout, o.RP.Name,
				tc.want)
		}
	}
	late := &auth.Ceremony{Account: "a",
		Now: time.Time{}.Add(-time.Minute)} // no end, and a clock that is out of its mind
	if err := b.factor.BeginVerify(late, b.keys); err != nil {
		t.Fatal(err)
	}
	if got := prompt[virtual.RequestOptions](t, late).Timeout; got != 120_000 {
		t.Errorf("no end: got a timeout of %d, want the library's", got)
	}
	forever := &auth.Ceremony{Account: "a", Now: start}
	if err := b.factor.BeginBind(forever, auth.Subject{Handle: b.handle}); err != nil {
		t.Fatal(err)
	}
	o := prompt[virtual.CreationOptions](t, forever)
	if o.Timeout != 120_000 || o.RP.Name != "Shop" {
		t.Errorf("no end: got a timeout of %d and site %q, want the library's and the configured one", o.Timeout,
			o.RP.Name)
	}
	if _, err := b.factor.FinishBind(forever, b.create(forever)); codeOf(t, err) == auth.CeremonyExpired {
		t.Error("no end: got it expired")
	}
	for name, wish := range map[string]auth.KeyWish{"attest": {Attest: true}, "certified": {Certified: true}, "": {}} {
		want := map[bool]string{false: "none", true: "direct"}[name != ""]
		c := b.bindingAs(auth.BindInput{KeyWish: wish})
		if got := prompt[virtual.CreationOptions](t, c).Attestation; got != want {
			t.Errorf("%q: got attestation %q, want %q", name, got, want)
		}
	}
}

// TestHandles: an account is named by 1 to 64 bytes.
func TestHandles(t *testing.T) {
	f := newFactor(t, nil)
	for size, good := range map[int]bool{0: false, 1: true, 64: true, 65: false} {
		c := &auth.Ceremony{Now: start, Expires: start.Add(time.Minute)}
		err := f.BeginBind(c, auth.Subject{Handle: make([]byte, size)})
		if (err == nil) != good || !good && !strings.Contains(err.Error(), "user handle") {
			t.Errorf("%d bytes: got %v, want it taken: %v", size, err, good)
		}
	}
}

// TestVerificationAsked: of a key that comes first and of passkeys at least "preferred", of every other what is
// configured, and "required" where the ceremony wants it.
func TestVerificationAsked(t *testing.T) {
	f := newFactor(t, nil)
	password := []auth.Proof{{Kind: auth.Password}}
	record := json.RawMessage(`{"k":"","h":"AA==","f":0}`)
	key := &auth.Authenticator{Kind: auth.WebAuthn, Credential: "AAAA", Data: record,
		Traits: auth.Traits{Flavour: auth.SecurityKey}}
	passkey := &auth.Authenticator{Kind: auth.WebAuthn, Credential: "BBBB", Data: record,
		Traits: auth.Traits{Flavour: auth.Passkey}}
	app := &auth.Authenticator{Kind: auth.TOTP, Credential: "no key at all", Data: json.RawMessage(`!`)}
	for _, tc := range []struct {
		name string
		c    auth.Ceremony
		list []*auth.Authenticator
		want string
	}{
		{"behind the password", auth.Ceremony{Purpose: auth.ForSignIn, Proofs: password}, []*auth.Authenticator{key},
			"discouraged"},
		{"first", auth.Ceremony{Purpose: auth.ForSignIn}, []*auth.Authenticator{key}, "preferred"},
		{"nobody named", auth.Ceremony{Purpose: auth.ForSignIn}, nil, "preferred"},
		{"step-up", auth.Ceremony{Purpose: auth.ForStepUp}, []*auth.Authenticator{key}, "discouraged"},
		{"a passkey among others", auth.Ceremony{Purpose: auth.ForStepUp}, []*auth.Authenticator{key, passkey},
			"preferred"},
		{"beside an app", auth.Ceremony{Purpose: auth.ForStepUp}, []*auth.Authenticator{app, key}, "discouraged"},
		{"demanded", auth.Ceremony{Purpose: auth.ForStepUp, Verify: true}, []*auth.Authenticator{key}, "required"},
		{"demanded, first", auth.Ceremony{Purpose: auth.ForSignIn, Verify: true}, nil, "required"},
	} {
		c := tc.c
		if err := f.BeginVerify(&c, tc.list); err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		o := prompt[virtual.RequestOptions](t, &c)
		if o.UserVerification != tc.want {
			t.Errorf("%s: got %q, want %q", tc.name, o.UserVerification, tc.want)
		}
		for _, d := range o.Allow {
			if !bytes.Equal(d.ID, []byte{0, 0, 0}) && !bytes.Equal(d.ID, []byte{4, 16, 65}) {
				t.Errorf("%s: got %x among the credentials, want keys alone", tc.name, d.ID)
			}
		}
	}
}

// TestDecoysAreForNobody: who has keys is shown them, whatever seed comes with him.
func TestDecoysAreForNobody(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	key := b.bind(auth.SecurityKey)
	c := &auth.Ceremony{Account: "a", Now: start, Expires: start.Add(time.Minute), Decoy: []byte("seed")}
	if err := b.factor.BeginVerify(c, b.keys); err != nil {
		t.Fatal(err)
	}
	list := prompt[virtual.RequestOptions](t, c).Allow
	if len(list) != 1 || base64.RawURLEncoding.EncodeToString(list[0].ID) != key.Credential {
		t.Errorf("got %v, want the key alone", list)
	}
}

// TestOtherKindsAnswerNothing: an authenticator of another kind is no key, whatever its name.
func TestOtherKindsAnswerNothing(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	key := b.bind(auth.SecurityKey)
	app := &auth.Authenticator{ID: "app", Kind: auth.TOTP, Credential: key.Credential, Data: key.Data,
		State: auth.Active}
	b.keys = []*auth.Authenticator{app, key}
	if _, got, err := b.verify(); err != nil || got.ID != key.ID {
		t.Errorf("got %+v, %v, want the key", got, err)
	}
	c := b.verifying()
	_, err := b.factor.FinishVerify(c, []*auth.Authenticator{app}, b.get(c))
	wantCode(t, err, auth.KeyWrong)
	bind := b.binding(auth.SecurityKey)
	if n := len(prompt[virtual.CreationOptions](t, bind).Exclude); n != 1 {
		t.Errorf("got %d credentials excluded, want the key alone", n)
	}
}

// TestFlagsAreRemembered: what a key said of itself last is kept: whether it is backed up may change at every answer.
func TestFlagsAreRemembered(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Platform: true, UserVerification: virtual.UVSucceeds, Backup: true})
	b.bind(auth.Passkey)
	for _, backed := range []bool{true, false, true} {
		b.browser.Authenticators[0].SetBackup(true, backed)
		_, a, err := b.verify()
		wantCode(t, err, "")
		var kept struct{ F byte }
		if err := json.Unmarshal(a.Data, &kept); err != nil || kept.F&virtual.FlagBS != 0 != backed {
			t.Errorf("got flags %#x, %v, want backed up: %v", kept.F, err, backed)
		}
	}
}

// TestSizesAtTheirEdge: the longest that may come is taken, one byte more is refused, in either ceremony.
func TestSizesAtTheirEdge(t *testing.T) {
	for _, tc := range []struct {
		name string
		n    int
		want auth.Code
	}{
		{"clientDataJSON", 4096, ""}, {"clientDataJSON", 4097, auth.KeyMalformed}, {"clientDataJSON", 0,
			auth.KeyMalformed},
		{"whole", 32 << 10, ""}, {"whole", 32<<10 + 1, auth.TooLarge},
	} {
		for _, purpose := range []auth.Purpose{auth.ForBind, auth.ForSignIn} {
			b := newBench(t, nil, virtual.Options{})
			if tc.name == "clientDataJSON" {
				b.browser.Hooks = &virtual.Hooks{ClientDataJSON: func(raw []byte) []byte {
					return append(raw, bytes.Repeat([]byte(" "), max(tc.n, len(raw))-len(raw))...)[:tc.n]
				}}
			}
			fill := func(raw json.RawMessage) json.RawMessage {
				if tc.name == "whole" {
					raw = append(raw, bytes.Repeat([]byte(" "), tc.n-len(raw))...)
				}
				return raw
			}
			c := b.binding(auth.SecurityKey)
			var err error
			if purpose == auth.ForBind {
				_, err = b.factor.FinishBind(c, fill(b.create(c)))
			} else {
				hooks := b.browser.Hooks
				b.browser.Hooks = nil
				b.bind(auth.SecurityKey)
				b.browser.Hooks = hooks
				c = b.verifying()
				_, err = b.factor.FinishVerify(c, b.keys, fill(b.get(c)))
			}
			if codeOf(t, err) != tc.want {
				t.Errorf("%s, %s of %d bytes: got %v, want %q", purpose, tc.name, tc.n, err, tc.want)
			}
		}
	}
}

// TestEscapesAreText: JSON may write any letter as an escape, and a byte string too.
func TestEscapesAreText(t *testing.T) {
	escape := func(raw json.RawMessage) json.RawMessage {
		text := string(raw)
		for _, name := range []string{"id", "rawId", "type", "clientDataJSON", "attestationObject", "authenticatorData",
			"signature", "authenticatorAttachment"} {
			at := strings.Index(text, `"`+name+`":"`)
			if at < 0 {
				continue
			}
			at += len(name) + 4
			text = fmt.Sprintf(`%s\u%04x%s`, text[:at], text[at], text[at+1:])
		}
		return json.RawMessage(text)
	}
	b := newBench(t, nil, virtual.Options{})
	c := b.binding(auth.SecurityKey)
	plain := b.create(c)
	if escaped := escape(plain); len(escaped) < len(plain)+5*5 {
		t.Fatalf("got %s, want its letters escaped", escaped)
	}
	_, err := b.factor.FinishBind(c, escape(plain))
	wantCode(t, err, "")
	b.bind(auth.SecurityKey)
	b.browser.Hooks = &virtual.Hooks{ClientDataJSON: func(raw []byte) []byte {
		return bytes.Replace(raw, []byte("webauthn.get"), []byte("webauthn\\u002eget"), 1)
	}}
	c = b.verifying()
	_, err = b.factor.FinishVerify(c, b.keys, escape(b.get(c)))
	wantCode(t, err, "")
}

// TestDecoysStay: what stands for an account that nobody has must be the same after every update of the program, or it
// would tell that nobody has it; and its looks are those of keys that there are, as often as they are drawn.
func TestDecoysStay(t *testing.T) {
	f := newFactor(t, nil)
	sum := sha256.New()
	looks := map[string]int{}
	for i := range 1000 {
		c := &auth.Ceremony{Account: "nobody", Now: start, Expires: start.Add(time.Minute),
			Decoy: fmt.Append(nil, "seed ", i)}
		if err := f.BeginVerify(c, []*auth.Authenticator{}); err != nil {
			t.Fatal(err)
		}
		list := prompt[virtual.RequestOptions](t, c).Allow
		fmt.Fprintf(sum, "%d\n", len(list))
		for _, d := range list {
			fmt.Fprintf(sum, "%x %v\n", d.ID, d.Transports)
			looks[fmt.Sprint(len(d.ID), d.Transports)]++
		}
	}
	if got, want := hex.EncodeToString(sum.Sum(nil)[:8]), "d79b331c69b661af"; got != want {
		t.Errorf("got decoys with the sum %s, want those of before, %s: %v", got, want, looks)
	}
}
