package virtual_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/virtual"
)

func tryPIN(t *testing.T, a *virtual.Authenticator, pin string) virtual.Status {
	t.Helper()
	_, err := host(a).PINToken(t.Context(), pin, virtual.PermitGetAssertion, "shop.example")
	return statusOf(err)
}

func retries(t *testing.T, a *virtual.Authenticator) (int, bool) {
	t.Helper()
	n, cycle, err := host(a).Retries(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n, cycle
}

// TestPINLock: three wrong PINs need a power cycle, eight a reset; the right one in between clears the slate.
func TestPINLock(t *testing.T) {
	a := device(t, virtual.Options{PIN: "1234"})
	for _, want := range []virtual.Status{virtual.StatusPINInvalid, virtual.StatusPINInvalid, 0,
		virtual.StatusPINInvalid, virtual.StatusPINInvalid, virtual.StatusPINAuthBlocked,
		virtual.StatusPINAuthBlocked} {
		pin := "9999"
		if want == 0 {
			pin = "1234"
		}
		if got := tryPIN(t, a, pin); got != want {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
	if n, cycle := retries(t, a); n != 5 || !cycle {
		t.Errorf("got %d retries, power cycle %v, want 5, true", n, cycle)
	}
	if got := tryPIN(t, a, "1234"); got != virtual.StatusPINAuthBlocked {
		t.Errorf("the right PIN without a power cycle: got %v, want %v", got, virtual.StatusPINAuthBlocked)
	}
	for left := 4; left >= 0; left-- {
		if left == 4 || left == 1 {
			a.PowerCycle()
		}
		tryPIN(t, a, "9999")
		if n, _ := retries(t, a); n != left {
			t.Errorf("got %d retries, want %d", n, left)
		}
	}
	a.PowerCycle()
	if got := tryPIN(t, a, "1234"); got != virtual.StatusPINBlocked {
		t.Errorf("the right PIN after eight wrong ones: got %v, want %v", got, virtual.StatusPINBlocked)
	}
	if err := host(a).ChangePIN(t.Context(), "1234", "5678"); statusOf(err) != virtual.StatusPINBlocked {
		t.Errorf("changing it: got %v, want %v", err, virtual.StatusPINBlocked)
	}
	call(t, a, virtual.CommandReset, nil)
	if err := host(a).SetPIN(t.Context(), "1234"); err != nil {
		t.Errorf("setting a PIN after a reset: %v", err)
	}
}

// TestPINLockOutlivesACopy: neither a copy nor an export gives attempts back.
func TestPINLockOutlivesACopy(t *testing.T) {
	a := device(t, virtual.Options{PIN: "1234"})
	tryPIN(t, a, "9999")
	text, err := a.Export()
	if err != nil {
		t.Fatal(err)
	}
	b, err := virtual.Import(text, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, twin := range map[string]*virtual.Authenticator{"copy": a.Clone(), "import": b} {
		if n, _ := retries(t, twin); n != 7 {
			t.Errorf("%s: got %d retries, want 7", name, n)
		}
		if got := tryPIN(t, twin, "1234"); got != 0 {
			t.Errorf("%s: the right PIN: got %v", name, got)
		}
	}
}

// TestTokensStayBehind: a copy has the keys, not the tokens.
func TestTokensStayBehind(t *testing.T) {
	a := full(t)
	token := pinToken(t, a, 2, virtual.PermitManagement, "")
	refused(t, a.Clone(), virtual.CommandCredentialManagement, managing(t, token, 1, nil), virtual.StatusPINAuthInvalid)
	call(t, a, virtual.CommandCredentialManagement, managing(t, token, 1, nil))
}

// TestPINPolicy sets and changes PINs that may not be, under both protocols.
func TestPINPolicy(t *testing.T) {
	for protocol := 1; protocol <= 2; protocol++ {
		a := device(t, virtual.Options{ClientPIN: true, MinPINLength: 5})
		p := host(a)
		p.Protocol = protocol
		long := string(bytes.Repeat([]byte("x"), 64))
		for pin, want := range map[string]virtual.Status{
			"":                  virtual.StatusPINPolicyViolation,
			"1234":              virtual.StatusPINPolicyViolation,
			"密码密码":              virtual.StatusPINPolicyViolation, // four code points, twelve bytes
			long:                virtual.StatusPINPolicyViolation,
			long + "more":       virtual.StatusInvalidParameter,
			"\xff\xfe\xff\xfe1": virtual.StatusPINPolicyViolation,
		} {
			if err := p.SetPIN(t.Context(), pin); statusOf(err) != want {
				t.Errorf("protocol %d, setting %q: got %v, want %v", protocol, pin, err, want)
			}
		}
		if _, err := p.PINToken(t.Context(), "1234", 0, ""); statusOf(err) != virtual.StatusPINNotSet {
			t.Errorf("a token without a PIN: got %v, want %v", err, virtual.StatusPINNotSet)
		}
		if err := p.ChangePIN(t.Context(), "1234", "56789"); statusOf(err) != virtual.StatusPINNotSet {
			t.Errorf("changing no PIN: got %v, want %v", err, virtual.StatusPINNotSet)
		}
		if err := p.SetPIN(t.Context(), "密码密码密"); err != nil {
			t.Fatalf("five code points: %v", err)
		}
		if err := p.SetPIN(t.Context(), "12345"); statusOf(err) != virtual.StatusPINAuthInvalid {
			t.Errorf("setting it twice: got %v, want %v", err, virtual.StatusPINAuthInvalid)
		}
		if err := p.ChangePIN(t.Context(), "密码密码密", "1234"); statusOf(err) != virtual.StatusPINPolicyViolation {
			t.Errorf("changing to four: got %v, want %v", err, virtual.StatusPINPolicyViolation)
		}
		if err := p.ChangePIN(t.Context(), "密码密码密", "123456"); err != nil {
			t.Errorf("changing: %v", err)
		}
	}
}

// TestForgedPINRequests alters what protects the exchange.
func TestForgedPINRequests(t *testing.T) {
	a := device(t, virtual.Options{ClientPIN: true})
	s, err := host(a).Agree(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sealed, err := s.Encrypt(append([]byte("1234"), make([]byte, 60)...))
	if err != nil {
		t.Fatal(err)
	}
	mac := s.Authenticate(sealed)
	off := map[int]any{1: 2, 3: -25, -1: 1, -2: make([]byte, 32), -3: make([]byte, 32)}
	set := func(more map[int]any) map[int]any {
		p := map[int]any{1: 2, 2: 3, 3: s.Key, 4: mac, 5: sealed}
		for k, v := range more {
			if p[k] = v; v == nil {
				delete(p, k)
			}
		}
		return p
	}
	for name, tc := range map[string]struct {
		params map[int]any
		want   virtual.Status
	}{
		"a point off the curve":  {set(map[int]any{3: off}), virtual.StatusInvalidParameter},
		"a key of two members":   {set(map[int]any{3: map[int]any{1: 2, 3: -25}}), virtual.StatusInvalidParameter},
		"a key that is bytes":    {set(map[int]any{3: []byte{1}}), virtual.StatusUnexpectedType},
		"no key":                 {set(map[int]any{3: nil}), virtual.StatusMissingParameter},
		"no authentication":      {set(map[int]any{4: nil}), virtual.StatusMissingParameter},
		"half an authentication": {set(map[int]any{4: mac[:16]}), virtual.StatusPINAuthInvalid},
		"a PIN altered": {set(map[int]any{5: append(bytes.Clone(sealed[:len(sealed)-1]),
			sealed[len(sealed)-1]^1)}), virtual.StatusPINAuthInvalid},
		"protocol 3": {set(map[int]any{1: 3}), virtual.StatusInvalidParameter},
		"half a block": {set(map[int]any{5: sealed[:40], 4: s.Authenticate(sealed[:40])}),
			virtual.StatusPINAuthInvalid},
		"48 bytes": {set(map[int]any{5: sealed[:64], 4: s.Authenticate(sealed[:64])}),
			virtual.StatusInvalidParameter},
		"nothing encrypted": {set(map[int]any{5: []byte{}, 4: s.Authenticate(nil)}), virtual.StatusPINAuthInvalid},
	} {
		t.Run(name, func(t *testing.T) { refused(t, a, virtual.CommandClientPIN, tc.params, tc.want) })
	}
	call(t, a, virtual.CommandClientPIN, set(nil))
}

// TestPermissions: a token serves for what it was issued for, at one relying party, once.
func TestPermissions(t *testing.T) {
	a := full(t)
	const mc, ga, cm = virtual.PermitMakeCredential, virtual.PermitGetAssertion, virtual.PermitManagement
	for name, tc := range map[string]struct {
		permissions int
		rpID        string
		want        virtual.Status
	}{
		"none":              {0x80, "", 0}, // unknown ones are ignored
		"of a finger":       {0x08, "", virtual.StatusUnauthorizedPermission},
		"without the party": {mc, "", virtual.StatusMissingParameter},
		"management of all": {cm, "", 0},
		"all that there is": {mc | ga | cm | virtual.PermitLargeBlobWrite | virtual.PermitConfiguration, "shop.example",
			0},
	} {
		if _, err := host(a).PINToken(t.Context(), "1234", tc.permissions, tc.rpID); statusOf(err) != tc.want {
			t.Errorf("%s: got %v, want %v", name, err, tc.want)
		}
	}
	use := func(token *virtual.Token) virtual.Status {
		_, err := host(a).Call(t.Context(), virtual.CommandMakeCredential, withToken(making("mei", nil), token, 8, 9))
		return statusOf(err)
	}
	for name, token := range map[string]*virtual.Token{
		"to sign":             pinToken(t, a, 2, ga, "shop.example"),
		"of another party":    pinToken(t, a, 2, mc, "other.example"),
		"of another protocol": {Protocol: 1},
	} {
		if got := use(token); got != virtual.StatusPINAuthInvalid {
			t.Errorf("a token %s: got %v, want %v", name, got, virtual.StatusPINAuthInvalid)
		}
	}
	old := pinToken(t, a, 2, mc, "shop.example")
	token := pinToken(t, a, 1, mc|ga, "shop.example")
	if got := use(old); got != virtual.StatusPINAuthInvalid {
		t.Errorf("a token after a newer one: got %v, want %v", got, virtual.StatusPINAuthInvalid)
	}
	if got := use(token); got != 0 {
		t.Errorf("the right token: got %v", got)
	}
	if got := use(token); got != virtual.StatusPINAuthInvalid {
		t.Errorf("the right token again: got %v, want %v", got, virtual.StatusPINAuthInvalid)
	}
	token = pinToken(t, a, 2, 0, "") // of CTAP 2.0: bound where it is first used
	params := withToken(map[int]any{1: "other.example", 2: hashOf("client data")}, token, 6, 7)
	refused(t, a, virtual.CommandGetAssertion, params, virtual.StatusNoCredentials)
	if got := use(token); got != virtual.StatusPINAuthInvalid {
		t.Errorf("a token bound elsewhere: got %v, want %v", got, virtual.StatusPINAuthInvalid)
	}
	token = pinToken(t, a, 2, mc, "shop.example")
	a.PowerCycle()
	if got := use(token); got != virtual.StatusPINAuthInvalid {
		t.Errorf("a token after a power cycle: got %v, want %v", got, virtual.StatusPINAuthInvalid)
	}
}

// TestTokenAges: 30 s for the first use, ten minutes in all.
func TestTokenAges(t *testing.T) {
	now := time.Unix(0, 0)
	a := device(t, virtual.Options{PIN: "1234", ResidentKeys: true, Now: func() time.Time { return now }})
	manage := func(token *virtual.Token) virtual.Status {
		_, err := host(a).Call(t.Context(), virtual.CommandCredentialManagement,
			map[int]any{1: 1, 3: token.Protocol, 4: token.Authenticate([]byte{1})})
		return statusOf(err)
	}
	token := pinToken(t, a, 2, virtual.PermitManagement, "")
	now = now.Add(31 * time.Second)
	if got := manage(token); got != virtual.StatusPINAuthInvalid {
		t.Errorf("unused for 31 s: got %v, want %v", got, virtual.StatusPINAuthInvalid)
	}
	token = pinToken(t, a, 2, virtual.PermitManagement, "")
	if got := manage(token); got != 0 {
		t.Fatalf("at once: got %v", got)
	}
	now = now.Add(9 * time.Minute)
	if got := manage(token); got != 0 {
		t.Errorf("used, after 9 minutes: got %v", got)
	}
	now = now.Add(2 * time.Minute)
	if got := manage(token); got != virtual.StatusPINAuthInvalid {
		t.Errorf("after 11 minutes: got %v, want %v", got, virtual.StatusPINAuthInvalid)
	}
}

// TestBuiltInVerification: a finger that fails is blocked after three attempts, a right PIN frees it, and a token by
// finger stands for a touch.
func TestBuiltInVerification(t *testing.T) {
	uv := map[string]any{"uv": true}
	a := device(t, virtual.Options{UserVerification: virtual.UVFails, PIN: "1234"})
	for _, want := range []virtual.Status{virtual.StatusOperationDenied, virtual.StatusOperationDenied,
		virtual.StatusPINBlocked, virtual.StatusPINBlocked} {
		refused(t, a, virtual.CommandMakeCredential, making("mei", map[int]any{7: uv}), want)
	}
	if _, err := host(a).UVToken(t.Context(), virtual.PermitMakeCredential,
		"shop.example"); statusOf(err) != virtual.StatusUVBlocked {
		t.Errorf("a token: got %v, want %v", err, virtual.StatusUVBlocked)
	}
	if got := call(t, a, virtual.CommandClientPIN, map[int]any{2: 7})[5]; got != uint64(0) {
		t.Errorf("uvRetries: got %v, want 0", got)
	}
	tryPIN(t, a, "1234")
	if got := call(t, a, virtual.CommandClientPIN, map[int]any{2: 7})[5]; got != uint64(3) {
		t.Errorf("uvRetries after the right PIN: got %v, want 3", got)
	}
	if _, err := host(a).UVToken(t.Context(), virtual.PermitMakeCredential,
		"shop.example"); statusOf(err) != virtual.StatusUVInvalid {
		t.Errorf("a token: got %v, want %v", err, virtual.StatusUVInvalid)
	}
	touches := 0
	a = device(t, virtual.Options{UserVerification: virtual.UVSucceeds,
		Presence: func(string) bool { touches++; return true }})
	token, err := host(a).UVToken(t.Context(), virtual.PermitMakeCredential, "shop.example")
	if err != nil {
		t.Fatal(err)
	}
	data, _ := call(t, a, virtual.CommandMakeCredential, withToken(making("mei", nil), token, 8, 9))[2].([]byte)
	if touches != 1 || data[32]&(virtual.FlagUP|virtual.FlagUV) != virtual.FlagUP|virtual.FlagUV {
		t.Errorf("got %d touches, flags %#x, want 1, UP and UV", touches, data[32])
	}
}

// configure sends authenticatorConfig with a token.
func configure(t *testing.T, a *virtual.Authenticator, sub int, params map[int]any) error {
	t.Helper()
	token := pinToken(t, a, 2, virtual.PermitConfiguration, "")
	request := map[int]any{1: sub, 3: token.Protocol}
	message := append(bytes.Repeat([]byte{0xff}, 32), virtual.CommandConfig, byte(sub))
	if params != nil {
		request[2] = params
		message = append(message, canonical(t, params)...)
	}
	request[4] = token.Authenticate(message)
	_, err := host(a).Call(t.Context(), virtual.CommandConfig, request)
	return err
}

// TestConfig raises the minimum length, which makes the short PIN useless until it is changed, and toggles alwaysUv.
func TestConfig(t *testing.T) {
	a := full(t)
	if err := configure(t, a, 3, map[int]any{1: 3}); statusOf(err) != virtual.StatusPINPolicyViolation {
		t.Errorf("lowering: got %v, want %v", err, virtual.StatusPINPolicyViolation)
	}
	if err := configure(t, a, 9, nil); statusOf(err) != virtual.StatusInvalidSubcommand {
		t.Errorf("an unknown subcommand: got %v, want %v", err, virtual.StatusInvalidSubcommand)
	}
	refused(t, a, virtual.CommandConfig, map[int]any{1: 2}, virtual.StatusPUATRequired)
	token := pinToken(t, a, 2, virtual.PermitManagement, "")
	forged := append(bytes.Repeat([]byte{0xff}, 32), virtual.CommandConfig, 2)
	refused(t, a, virtual.CommandConfig, map[int]any{1: 2, 3: 2, 4: token.Authenticate(forged)},
		virtual.StatusPINAuthInvalid)
	if err := configure(t, a, 2, nil); err != nil {
		t.Fatal(err)
	}
	refused(t, a, virtual.CommandMakeCredential, making("mei", nil), virtual.StatusPUATRequired)
	refused(t, a, virtual.CommandGetAssertion, getting(nil), virtual.StatusPUATRequired)
	if err := configure(t, a, 2, nil); err != nil {
		t.Fatal(err)
	}
	call(t, a, virtual.CommandMakeCredential, making("mei", nil))
	if err := configure(t, a, 3, map[int]any{1: 6, 2: []any{"other.example"}}); err != nil {
		t.Fatal(err)
	}
	info := call(t, a, virtual.CommandGetInfo, nil)
	if info[12] != true || info[13] != uint64(6) {
		t.Errorf("got forcePINChange %v, minPINLength %v, want true, 6", info[12], info[13])
	}
	if got := tryPIN(t, a, "1234"); got != virtual.StatusPINPolicyViolation {
		t.Errorf("a token for the short PIN: got %v, want %v", got, virtual.StatusPINPolicyViolation)
	}
	if _, err := host(a).PINToken(t.Context(), "1234", 0, ""); statusOf(err) != virtual.StatusPINInvalid {
		t.Errorf("a token of CTAP 2.0 for it: got %v, want %v", err, virtual.StatusPINInvalid)
	}
	if err := host(a).ChangePIN(t.Context(), "1234", "123456"); err != nil {
		t.Fatal(err)
	}
	if got := tryPIN(t, a, "123456"); got != 0 {
		t.Errorf("the new PIN: got %v", got)
	}
}

// TestForcedChangeWantsAnother: a change to the same PIN is none.
func TestForcedChangeWantsAnother(t *testing.T) {
	a := full(t)
	if err := configure(t, a, 3, map[int]any{3: true}); err != nil {
		t.Fatal(err)
	}
	if err := host(a).ChangePIN(t.Context(), "1234", "1234"); statusOf(err) != virtual.StatusPINPolicyViolation {
		t.Errorf("got %v, want %v", err, virtual.StatusPINPolicyViolation)
	}
	if err := host(a).ChangePIN(t.Context(), "1234", "4321"); err != nil {
		t.Error(err)
	}
}
