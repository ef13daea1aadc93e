package virtual_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual"
)

// host is the other end of the cable.
func host(a *virtual.Authenticator) *virtual.Platform { return &virtual.Platform{Send: a.Command} }

// call sends a command that must succeed.
func call(t *testing.T, a *virtual.Authenticator, code byte, params map[int]any) map[int]any {
	t.Helper()
	out, err := host(a).Call(t.Context(), code, params)
	if err != nil {
		t.Fatalf("command 0x%02x: %v", code, err)
	}
	return out
}

// refused sends a command that must be answered with a status.
func refused(t *testing.T, a *virtual.Authenticator, code byte, params map[int]any, want virtual.Status) {
	t.Helper()
	_, err := host(a).Call(t.Context(), code, params)
	if got := statusOf(err); got != want {
		t.Errorf("command 0x%02x: got %v, want %v", code, err, want)
	}
}

func statusOf(err error) virtual.Status {
	var s virtual.Status
	errors.As(err, &s)
	return s
}

func hashOf(s string) []byte {
	sum := sha256.Sum256([]byte(s))
	return sum[:]
}

// making are the parameters of makeCredential for a user, with others put in.
func making(user string, more map[int]any) map[int]any {
	p := map[int]any{
		1: hashOf("client data"), 2: map[string]any{"id": "shop.example", "name": "Shop"},
		3: map[string]any{"id": []byte(user), "name": user, "displayName": "The " + user},
		4: []any{map[string]any{"alg": -7, "type": "public-key"}},
	}
	for k, v := range more {
		p[k] = v
	}
	return p
}

func getting(more map[int]any) map[int]any {
	p := map[int]any{1: "shop.example", 2: hashOf("client data")}
	for k, v := range more {
		p[k] = v
	}
	return p
}

// withToken adds pinUvAuthParam over the client data hash.
func withToken(params map[int]any, token *virtual.Token, param, protocol int) map[int]any {
	params[param], params[protocol] = token.Authenticate(hashOf("client data")), token.Protocol
	return params
}

func pinToken(t *testing.T, a *virtual.Authenticator, protocol, permissions int, rpID string) *virtual.Token {
	t.Helper()
	p := host(a)
	p.Protocol = protocol
	token, err := p.PINToken(t.Context(), "1234", permissions, rpID)
	if err != nil {
		t.Fatalf("getting a token: %v", err)
	}
	return token
}

var resident = map[string]any{"rk": true}

// full is an authenticator that can do everything.
func full(t *testing.T) *virtual.Authenticator {
	t.Helper()
	return device(t, virtual.Options{
		ResidentKeys: true, PIN: "1234", AAGUID: model, Algorithms: []virtual.Algorithm{virtual.ES256, virtual.EdDSA},
		MinPINLengthRPIDs: []string{"shop.example"}, Version: virtual.FIDO22,
	})
}

// TestCommandRoundTrip makes a credential and signs with it, all in bytes, under both PIN protocols.
func TestCommandRoundTrip(t *testing.T) {
	for protocol := 1; protocol <= 2; protocol++ {
		a := full(t)
		token := pinToken(t, a, protocol, virtual.PermitMakeCredential, "shop.example")
		made := call(t, a, virtual.CommandMakeCredential, withToken(making("mei", map[int]any{7: resident}),
			token, 8, 9))
		data, _ := made[2].([]byte)
		if made[1] != "none" || data[32] != virtual.FlagUP|virtual.FlagUV|virtual.FlagAT {
			t.Fatalf("got format %v, flags %#x, want none, UP, UV and AT", made[1], data[32])
		}
		token = pinToken(t, a, protocol, virtual.PermitGetAssertion, "shop.example")
		got := call(t, a, virtual.CommandGetAssertion, withToken(getting(nil), token, 6, 7))
		authData, _ := got[2].([]byte)
		sig, _ := got[3].([]byte)
		if !verifies(a.Credentials()[0].Public(), authData, []byte("client data"), sig) {
			t.Error("the signature does not verify")
		}
		user, _ := got[4].(map[any]any)
		if id, _ := user["id"].([]byte); string(id) != "mei" || len(user) != 1 {
			t.Errorf("user: got %v, want the handle alone", user)
		}
	}
}

// TestRequestsAsBytes sends what a careless or a hostile platform sends.
func TestRequestsAsBytes(t *testing.T) {
	good, err := cbor.Marshal(map[int]any{2: 1})
	if err != nil {
		t.Fatal(err)
	}
	deep := bytes.Repeat([]byte{0x81}, 4000)
	for _, tc := range []struct {
		name, request string
		want          virtual.Status
	}{
		{"nothing", "", virtual.StatusInvalidLength},
		{"a command nobody knows", "55", virtual.StatusInvalidCommand},
		{"a vendor's command", "40a0", virtual.StatusInvalidCommand},
		{"getInfo with parameters", "04a0", virtual.StatusInvalidLength},
		{"parameters left out", "01", virtual.StatusMissingParameter},
		{"an empty map", "01a0", virtual.StatusMissingParameter},
		{"truncated map", "01a401", virtual.StatusInvalidCBOR},
		{"truncated bytes", "01a1015820aabb", virtual.StatusInvalidCBOR},
		{"an array", "0180", virtual.StatusUnexpectedType},
		{"a number", "0101", virtual.StatusUnexpectedType},
		{"bytes behind", "06" + hex.EncodeToString(good) + "00", virtual.StatusInvalidCBOR},
		{"a key twice", "06a202010201", virtual.StatusInvalidCBOR},
		{"keys out of order", "06a202010102", virtual.StatusInvalidCBOR},
		{"a long integer", "06a1021801", virtual.StatusInvalidCBOR},
		{"a long key", "06a1180201", virtual.StatusInvalidCBOR},
		{"indefinite map", "06bf0201ff", virtual.StatusInvalidCBOR},
		{"a tag", "06c1a10201", virtual.StatusInvalidCBOR},
		{"a length of 2^63", "015b8000000000000000", virtual.StatusInvalidCBOR},
		{"a map of 2^32 members", "01ba ffffffff", virtual.StatusInvalidCBOR},
		{"text that is not UTF-8", "06a10261ff", virtual.StatusInvalidCBOR},
		{"too deep", "01" + hex.EncodeToString(deep), virtual.StatusInvalidCBOR},
		{"subcommand as text", "06a1026131", virtual.StatusUnexpectedType},
		{"subcommand that is not", "06a10208", virtual.StatusInvalidSubcommand},
		{"subcommand below zero", "06a10220", virtual.StatusUnexpectedType},
		{"a huge protocol", "06a2011b7fffffffffffffff0202", virtual.StatusInvalidParameter},
		{"protocol 3", "06a201030202", virtual.StatusInvalidParameter},
		{"credential management without a token", "0aa10101", virtual.StatusPUATRequired},
		{"next of no enumeration", "0aa10103", virtual.StatusNotAllowed},
		{"next of no assertion", "08", virtual.StatusNotAllowed},
	} {
		t.Run(tc.name, func(t *testing.T) {
			raw, err := hex.DecodeString(string(bytes.ReplaceAll([]byte(tc.request), []byte(" "), nil)))
			if err != nil {
				t.Fatal(err)
			}
			got := full(t).Command(t.Context(), raw)
			if len(got) != 1 || virtual.Status(got[0]) != tc.want {
				t.Errorf("got %x, want %v", got, tc.want)
			}
		})
	}
	got := full(t).Command(t.Context(), make([]byte, 7610))
	if len(got) != 1 || virtual.Status(got[0]) != virtual.StatusRequestTooLarge {
		t.Errorf("7610 bytes: got %x, want %v", got, virtual.StatusRequestTooLarge)
	}
}

// TestMakeCredentialParameters breaks one parameter at a time.
func TestMakeCredentialParameters(t *testing.T) {
	text := func(m map[string]any, k string, v any) map[string]any {
		out := map[string]any{"id": "shop.example"}
		for key, value := range m {
			out[key] = value
		}
		if v == nil {
			delete(out, k)
		} else {
			out[k] = v
		}
		return out
	}
	for _, tc := range []struct {
		name  string
		key   int
		value any // nil: left out
		want  virtual.Status
	}{
		{"no hash", 1, nil, virtual.StatusMissingParameter},
		{"hash of 31 bytes", 1, make([]byte, 31), virtual.StatusInvalidLength},
		{"hash as text", 1, "hash", virtual.StatusUnexpectedType},
		{"no relying party", 2, nil, virtual.StatusMissingParameter},
		{"relying party without id", 2, text(nil, "id", nil), virtual.StatusMissingParameter},
		{"RP ID as bytes", 2, text(nil, "id", []byte("x")), virtual.StatusUnexpectedType},
		{"RP name as a number", 2, text(nil, "name", 7), virtual.StatusUnexpectedType},
		{"no user", 3, nil, virtual.StatusMissingParameter},
		{"user without handle", 3, map[string]any{"name": "mei"}, virtual.StatusMissingParameter},
		{"handle as text", 3, map[string]any{"id": "mei"}, virtual.StatusUnexpectedType},
		{"handle of 65 bytes", 3, map[string]any{"id": make([]byte, 65)}, virtual.StatusInvalidLength},
		{"no parameters", 4, nil, virtual.StatusMissingParameter},
		{"empty parameters", 4, []any{}, virtual.StatusUnsupportedAlgorithm},
		{"unknown algorithm", 4, []any{map[string]any{"alg": -999, "type": "public-key"}},
			virtual.StatusUnsupportedAlgorithm},
		{"other type", 4, []any{map[string]any{"alg": -7, "type": "password"}}, virtual.StatusUnsupportedAlgorithm},
		{"algorithm as text", 4, []any{map[string]any{"alg": "ES256", "type": "public-key"}},
			virtual.StatusUnexpectedType},
		{"algorithm missing", 4, []any{map[string]any{"type": "public-key"}}, virtual.StatusMissingParameter},
		{"parameter as text", 4, []any{"ES256"}, virtual.StatusUnexpectedType},
		{"exclude list as map", 5, map[string]any{}, virtual.StatusUnexpectedType},
		{"descriptor without type", 5, []any{map[string]any{"id": []byte{1}}}, virtual.StatusMissingParameter},
		{"extensions as list", 6, []any{}, virtual.StatusUnexpectedType},
		{"rk as number", 7, map[string]any{"rk": 1}, virtual.StatusUnexpectedType},
		{"up false", 7, map[string]any{"up": false}, virtual.StatusInvalidOption},
		{"uv of a key without", 7, map[string]any{"uv": true}, virtual.StatusInvalidOption},
		{"rk without a token", 7, resident, virtual.StatusPUATRequired},
		{"token without protocol", 8, make([]byte, 32), virtual.StatusMissingParameter},
		{"a token of nothing", 8, []byte{}, virtual.StatusPINInvalid},
		{"enterprise attestation", 10, 1, virtual.StatusInvalidParameter},
		{"credProtect 4", 6, map[string]any{"credProtect": 4}, virtual.StatusInvalidOption},
		{"credProtect as text", 6, map[string]any{"credProtect": "1"}, virtual.StatusUnexpectedType},
		{"largeBlobKey without rk", 6, map[string]any{"largeBlobKey": true}, virtual.StatusInvalidOption},
		{"largeBlobKey false", 6, map[string]any{"largeBlobKey": false}, virtual.StatusInvalidOption},
		{"hmac-secret-mc alone", 6, map[string]any{"hmac-secret-mc": map[int]any{1: map[int]any{}, 2: []byte{},
			3: []byte{}}}, virtual.StatusMissingParameter},
	} {
		t.Run(tc.name, func(t *testing.T) {
			params := making("mei", nil)
			if params[tc.key] = tc.value; tc.value == nil {
				delete(params, tc.key)
			}
			a := full(t)
			refused(t, a, virtual.CommandMakeCredential, params, tc.want)
			if n := len(a.Credentials()); n != 0 {
				t.Errorf("got %d credentials, want none", n)
			}
		})
	}
	call(t, full(t), virtual.CommandMakeCredential, making("mei", map[int]any{
		6: map[string]any{"unheardOf": []any{1, 2}}, 7: map[string]any{"unheardOf": false}, 99: "unheard of",
	}))
}

// TestGetInfo compares what each kind of authenticator says of itself.
func TestGetInfo(t *testing.T) {
	for _, tc := range []struct {
		name     string
		device   virtual.Options
		versions []any
		options  map[any]any
	}{
		{"touch only", virtual.Options{}, []any{"U2F_V2", "FIDO_2_0", "FIDO_2_1"},
			map[any]any{"rk": false, "up": true, "plat": false, "makeCredUvNotRqd": true}},
		{"2.0 with a PIN", virtual.Options{Version: virtual.FIDO20, PIN: "1234", ResidentKeys: true},
			[]any{"U2F_V2", "FIDO_2_0", "FIDO_2_1_PRE"},
			map[any]any{"rk": true, "up": true, "plat": false, "clientPin": true, "credentialMgmtPreview": true}},
		{"2.2 with a finger", virtual.Options{Version: virtual.FIDO22, UserVerification: virtual.UVSucceeds,
			Platform: true, NoU2F: true, Extensions: []string{}},
			[]any{"FIDO_2_0", "FIDO_2_1", "FIDO_2_2"},
			map[any]any{"rk": false, "up": true, "plat": true, "uv": true, "pinUvAuthToken": true,
				"makeCredUvNotRqd": true,
				"alwaysUv":         false, "authnrCfg": true, "setMinPINLength": false}},
		{"always verifying", virtual.Options{AlwaysUV: true, ClientPIN: true, Extensions: []string{}},
			[]any{"FIDO_2_0", "FIDO_2_1"}, // no U2F, which cannot verify
			map[any]any{"rk": false, "up": true, "plat": false, "clientPin": false, "pinUvAuthToken": true,
				"makeCredUvNotRqd": false,
				"alwaysUv":         true, "authnrCfg": true, "setMinPINLength": true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			info := call(t, device(t, tc.device), virtual.CommandGetInfo, nil)
			compare(t, "versions", info[1], tc.versions)
			compare(t, "options", info[4], tc.options)
		})
	}
	refused(t, device(t, virtual.Options{Protocol: virtual.U2F}), virtual.CommandGetInfo, nil,
		virtual.StatusInvalidCommand)
}

func compare(t *testing.T, what string, got, want any) {
	t.Helper()
	g, err := cbor.CTAP2EncOptions().EncMode()
	if err != nil {
		t.Fatal(err)
	}
	x, err := g.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	y, err := g.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(x, y) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// TestNextAssertion walks three accounts, newest first; names are told only to a verified user, and any other command
// ends the walk.
func TestNextAssertion(t *testing.T) {
	now := time.Unix(0, 0)
	a := device(t, virtual.Options{ResidentKeys: true, PIN: "1234", Now: func() time.Time { return now }})
	for _, user := range []string{"one", "two", "three"} {
		token := pinToken(t, a, 2, virtual.PermitMakeCredential, "shop.example")
		call(t, a, virtual.CommandMakeCredential, withToken(making(user, map[int]any{7: resident}), token, 8, 9))
	}
	begin := func(verified bool) map[int]any {
		params := getting(nil)
		if verified {
			params = withToken(params, pinToken(t, a, 2, virtual.PermitGetAssertion, "shop.example"), 6, 7)
		}
		return call(t, a, virtual.CommandGetAssertion, params)
	}
	got := begin(true)
	if got[5] != uint64(3) {
		t.Errorf("numberOfCredentials: got %v, want 3", got[5])
	}
	for _, want := range []string{"three", "two", "one"} {
		compare(t, "user", got[4], map[any]any{"id": []byte(want), "name": want, "displayName": "The " + want})
		if want != "one" {
			if got = call(t, a, virtual.CommandGetNextAssertion, nil); got[5] != nil || got[6] != nil {
				t.Errorf("got count %v and selected %v of the next, want neither", got[5], got[6])
			}
		}
	}
	refused(t, a, virtual.CommandGetNextAssertion, nil, virtual.StatusNotAllowed)
	compare(t, "user not verified", begin(false)[4], map[any]any{"id": []byte("three")})
	call(t, a, virtual.CommandGetInfo, nil)
	refused(t, a, virtual.CommandGetNextAssertion, nil, virtual.StatusNotAllowed)
	begin(false)
	for range 2 { // each answer gives another 30 s
		now = now.Add(29 * time.Second)
		call(t, a, virtual.CommandGetNextAssertion, nil)
	}
	begin(false)
	now = now.Add(31 * time.Second)
	refused(t, a, virtual.CommandGetNextAssertion, nil, virtual.StatusNotAllowed)
	begin(false)
	a.PowerCycle()
	refused(t, a, virtual.CommandGetNextAssertion, nil, virtual.StatusNotAllowed)
}

// TestDisplay: an authenticator that lets the user choose says so, and has nothing left for getNextAssertion.
func TestDisplay(t *testing.T) {
	cancel := false
	a := device(t, virtual.Options{ResidentKeys: true, Display: func(list []*virtual.Credential) *virtual.Credential {
		if cancel {
			return nil
		}
		return list[len(list)-1]
	}})
	call(t, a, virtual.CommandMakeCredential, making("one", map[int]any{7: resident}))
	call(t, a, virtual.CommandMakeCredential, making("two", map[int]any{7: resident}))
	got := call(t, a, virtual.CommandGetAssertion, getting(nil))
	user, _ := got[4].(map[any]any)
	if id, _ := user["id"].([]byte); string(id) != "one" || got[5] != nil || got[6] != true {
		t.Errorf("got user %v, count %v, selected %v, want the one chosen, no count, true", user, got[5], got[6])
	}
	refused(t, a, virtual.CommandGetNextAssertion, nil, virtual.StatusNotAllowed)
	list := []any{map[string]any{"id": a.Credentials()[0].ID, "type": "public-key"}}
	if got := call(t, a, virtual.CommandGetAssertion, getting(map[int]any{3: list})); got[6] != nil {
		t.Errorf("selected with an allow list: got %v, want none", got[6])
	}
	cancel = true
	refused(t, a, virtual.CommandGetAssertion, getting(nil), virtual.StatusOperationDenied)
}

// TestGetAssertionParameters asks for what is not there.
func TestGetAssertionParameters(t *testing.T) {
	a := device(t, virtual.Options{ResidentKeys: true})
	call(t, a, virtual.CommandMakeCredential, making("mei", map[int]any{7: resident}))
	id := a.Credentials()[0].ID
	for _, tc := range []struct {
		name   string
		params map[int]any
		want   virtual.Status
	}{
		{"another relying party", map[int]any{1: "other.example", 2: hashOf("x")}, virtual.StatusNoCredentials},
		{"no hash", map[int]any{1: "shop.example"}, virtual.StatusMissingParameter},
		{"rk", getting(map[int]any{5: resident}), virtual.StatusUnsupportedOption},
		{"uv", getting(map[int]any{5: map[string]any{"uv": true}}), virtual.StatusInvalidOption},
		{"a list of passwords", getting(map[int]any{3: []any{map[string]any{"id": id, "type": "password"}}}),
			virtual.StatusNoCredentials},
		{"a list of strangers", getting(map[int]any{3: []any{map[string]any{"id": []byte("x"), "type": "public-key"}}}),
			virtual.StatusNoCredentials},
	} {
		t.Run(tc.name, func(t *testing.T) { refused(t, a, virtual.CommandGetAssertion, tc.params, tc.want) })
	}
	got := call(t, a, virtual.CommandGetAssertion, getting(map[int]any{5: map[string]any{"up": false}}))
	if data, _ := got[2].([]byte); data[32] != 0 {
		t.Errorf("flags without a touch: got %#x, want none", data[32])
	}
}

// TestCancel: whoever waits for a touch, or for the time an answer takes, is let go when ctx ends, and nothing is made.
func TestCancel(t *testing.T) {
	a := device(t, virtual.Options{Touch: func(ctx context.Context, _ string) bool { <-ctx.Done(); return false }})
	for name, send := range map[string]func(context.Context) error{
		"make": func(ctx context.Context) error {
			_, err := host(a).Call(ctx, virtual.CommandMakeCredential, making("mei", nil))
			return err
		},
		"selection": func(ctx context.Context) error {
			_, err := host(a).Call(ctx, virtual.CommandSelection, nil)
			return err
		},
		"reset": func(ctx context.Context) error {
			_, err := host(a).Call(ctx, virtual.CommandReset, nil)
			return err
		},
	} {
		ctx, cancel := context.WithCancel(t.Context())
		answer := make(chan error)
		go func() { answer <- send(ctx) }()
		cancel()
		if got := statusOf(<-answer); got != virtual.StatusKeepaliveCancel {
			t.Errorf("%s: got %v, want %v", name, got, virtual.StatusKeepaliveCancel)
		}
	}
	if n := len(a.Credentials()); n != 0 {
		t.Errorf("got %d credentials, want none", n)
	}
}

// TestLatency takes the time it is told to, on the clock of the test, and no longer than the platform waits.
func TestLatency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := device(t, virtual.Options{Latency: 3 * time.Second})
		begin := time.Now()
		call(t, a, virtual.CommandMakeCredential, making("mei", nil))
		if took := time.Since(begin); took != 3*time.Second {
			t.Errorf("got %v, want 3 s", took)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := host(a).Call(ctx, virtual.CommandMakeCredential,
			making("mei", nil)); statusOf(err) != virtual.StatusKeepaliveCancel {
			t.Errorf("got %v, want %v", err, virtual.StatusKeepaliveCancel)
		}
		c := &virtual.Client{Origin: origin, Authenticators: []*virtual.Authenticator{a}}
		_, err := c.CreateContext(ctx, options(""))
		checkException(t, err, "NotAllowedError")
		ctx, stop := context.WithCancel(t.Context())
		stop()
		_, err = c.CreateContext(ctx, options(""))
		checkException(t, err, "AbortError")
	})
}

// TestReset wipes everything, and is refused late after power-up.
func TestReset(t *testing.T) {
	now := time.Unix(0, 0)
	a := device(t, virtual.Options{ResidentKeys: true, PIN: "1234", Now: func() time.Time { return now }})
	call(t, a, virtual.CommandMakeCredential, making("mei", nil))
	old := a.Credentials()[0].ID
	now = now.Add(11 * time.Second)
	refused(t, a, virtual.CommandReset, nil, virtual.StatusNotAllowed)
	a.PowerCycle()
	call(t, a, virtual.CommandReset, nil)
	options, _ := call(t, a, virtual.CommandGetInfo, nil)[4].(map[any]any)
	if len(a.Credentials()) != 0 || options["clientPin"] != false {
		t.Errorf("got %d credentials, clientPin %v, want none, false", len(a.Credentials()), options["clientPin"])
	}
	call(t, a, virtual.CommandMakeCredential, making("mei", nil))
	if bytes.Equal(a.Credentials()[0].ID, old) {
		t.Error("the credential made after the reset is the one before it")
	}
}

// TestScriptedCounter shows the values of the script, then the last one again and again.
func TestScriptedCounter(t *testing.T) {
	a := device(t, virtual.Options{Counter: virtual.CounterScripted, CounterScript: []uint32{9, 8, 0, 7}})
	data, _ := call(t, a, virtual.CommandMakeCredential, making("mei", nil))[2].([]byte)
	got := []uint32{binary.BigEndian.Uint32(data[33:])}
	list := []any{map[string]any{"id": a.Credentials()[0].ID, "type": "public-key"}}
	for range 4 {
		data, _ = call(t, a, virtual.CommandGetAssertion, getting(map[int]any{3: list}))[2].([]byte)
		got = append(got, binary.BigEndian.Uint32(data[33:]))
	}
	compare(t, "counters", got, []uint32{9, 8, 0, 7, 7})
}

// TestU2F registers and signs by APDU with short and extended lengths, and by CTAP2 with the same credential.
