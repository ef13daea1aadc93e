package webauthn_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	library "github.com/go-webauthn/webauthn/webauthn"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// The tests here are named after traps of the library and after mistakes that others have made.

// TestReplayIsLeftToTheCaller: the factor keeps nothing, so an answer passes as often as it is asked; only a counter
// that moved gives a replay away. The caller spends the ceremony.
func TestReplayIsLeftToTheCaller(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Counter: virtual.CounterZero})
	b.bind(auth.SecurityKey)
	c := b.verifying()
	answer := b.get(c)
	for i := range 2 {
		if _, err := b.factor.FinishVerify(c, b.keys, answer); err != nil {
			t.Errorf("time %d: got %v, want success", i+1, err)
		}
	}
	counting := newBench(t, nil, virtual.Options{})
	counting.bind(auth.SecurityKey)
	c = counting.verifying()
	answer = counting.get(c)
	used, err := counting.factor.FinishVerify(c, counting.keys, answer)
	wantCode(t, err, "")
	_, err = counting.factor.FinishVerify(c, []*auth.Authenticator{used}, answer)
	wantCode(t, err, auth.KeyFrozen)
}

// TestChallengeIsOfOneCeremony: an answer to one challenge is worth nothing in another ceremony, begun for the same
// account or turned from registration to sign-in.
func TestChallengeIsOfOneCeremony(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	first, second := b.verifying(), b.verifying()
	_, err := b.factor.FinishVerify(second, b.keys, b.get(first))
	wantCode(t, err, auth.KeyChallengeWrong)
	bind := b.binding(auth.SecurityKey)
	if _, err := b.factor.FinishVerify(bind, b.keys, b.get(b.verifying())); err == nil {
		t.Error("got a sign-in out of the state of a registration")
	}
	if _, err := b.factor.FinishBind(b.verifying(), b.get(b.verifying())); err == nil {
		t.Error("got a registration out of the state of a sign-in")
	}
}

// TestTimeoutIsEnforced: the library does not unless told to, and then by a clock of its own.
func TestTimeoutIsEnforced(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	bind := b.binding(auth.SecurityKey)
	registration := b.create(bind)
	b.bind(auth.SecurityKey)
	verify := b.verifying()
	assertion := b.get(verify)
	for _, c := range []*auth.Ceremony{bind, verify} {
		c.Now = c.Expires
	}
	_, err := b.factor.FinishBind(bind, registration)
	wantCode(t, err, auth.CeremonyExpired)
	_, err = b.factor.FinishVerify(verify, b.keys, assertion)
	wantCode(t, err, auth.CeremonyExpired)
	verify.Now = verify.Expires.Add(-time.Nanosecond)
	_, err = b.factor.FinishVerify(verify, b.keys, assertion)
	wantCode(t, err, "")
}

// TestSessionDataIsKeptVerbatim: without its CredParams every registration would fail.
func TestSessionDataIsKeptVerbatim(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	var st struct {
		S json.RawMessage `json:"s"`
	}
	if err := json.Unmarshal(b.binding(auth.SecurityKey).State, &st); err != nil {
		t.Fatal(err)
	}
	var session library.SessionData
	if err := json.Unmarshal(st.S, &session); err != nil {
		t.Fatal(err)
	}
	if again := mustJSON(t, session); again != string(st.S) {
		t.Errorf("got %s, want %s", st.S, again)
	}
	var algs []int
	for _, p := range session.CredParams {
		algs = append(algs, int(p.Algorithm))
	}
	if want := []int{-7, -8, -35, -36, -257}; !slices.Equal(algs, want) {
		t.Errorf("got algorithms %v, want %v", algs, want)
	}
}

// TestCloneIsFrozenAndRefused: the library only sets a warning.
func TestCloneIsFrozenAndRefused(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	honest := b.browser.Authenticators[0]
	b.browser.Authenticators[0] = honest.Clone()
	for range 3 { // the thief signs in
		_, _, err := b.verify()
		wantCode(t, err, "")
	}
	b.browser.Authenticators[0] = honest
	had := counterOf(t, b.keys[0])
	c, got, err := b.verify() // the owner's counter is behind now
	wantCode(t, err, auth.KeyFrozen)
	if got == nil || got.State != auth.Frozen || c.UserVerified {
		t.Fatalf("got %+v, want it frozen", got)
	}
	if r := got.Traits.Regression; r == nil || r.Had != had || r.Shown != had-2 || counterOf(t, got) != had-2 {
		t.Errorf("got %+v and a counter of %d, want it told: %d, then %d", r, counterOf(t, got), had, had-2)
	}
	_, got, err = b.verify()
	wantCode(t, err, auth.KeyFrozen)
	if got != nil {
		t.Errorf("a frozen key: got %+v, want nothing to store", got)
	}
}

// counterOf is what is stored of how far a key has counted.
func counterOf(t *testing.T, a *auth.Authenticator) uint32 {
	t.Helper()
	var stored struct {
		Counter uint32 `json:"c"`
	}
	if err := json.Unmarshal(a.Data, &stored); err != nil {
		t.Fatal(err)
	}
	return stored.Counter
}

// A passkey that is synced is many copies by design: no counter says anything of it.
func TestWhatIsSyncedIsNoClone(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Platform: true, UserVerification: virtual.UVSucceeds, Backup: true,
		Counter: virtual.CounterFixed, CounterStart: 9})
	b.bind(auth.Passkey)
	for range 2 {
		_, got, err := b.verify()
		wantCode(t, err, "")
		if got.State != auth.Active || got.Traits.Regression != nil {
			t.Errorf("got %+v, want it active", got)
		}
	}
}

// TestCountersOfAllKinds: keys that do not count are no clones; a counter that falls to zero is one.
func TestCountersOfAllKinds(t *testing.T) {
	for name, tc := range map[string]struct {
		device virtual.Options
		want   auth.Code
	}{
		"zero":           {virtual.Options{Counter: virtual.CounterZero}, ""},
		"per credential": {virtual.Options{Counter: virtual.CounterPerCredential}, ""},
		"standing still": {virtual.Options{Counter: virtual.CounterFixed, CounterStart: 9}, auth.KeyFrozen},
	} {
		b := newBench(t, nil, tc.device)
		b.bind(auth.SecurityKey)
		if _, _, err := b.verify(); codeOf(t, err) != tc.want {
			t.Errorf("%s: got %v, want %q", name, err, tc.want)
		}
	}
	counter := func(v byte) *virtual.Hooks {
		return authData(func(d []byte) []byte { return append(d[:33], v, v, v, v) })
	}
	b := newBench(t, nil, virtual.Options{})
	b.bind(auth.SecurityKey)
	b.browser.Hooks = counter(0xff)
	_, _, err := b.verify()
	wantCode(t, err, "")
	b.browser.Hooks = counter(0)
	_, _, err = b.verify()
	wantCode(t, err, auth.KeyFrozen)
}

// TestBackupFlagFlip: the library refuses it among other things; here it has a code, and registering again helps.
func TestBackupFlagFlip(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Platform: true, UserVerification: virtual.UVSucceeds, Backup: true})
	b.bind(auth.Passkey)
	b.browser.Authenticators[0].SetBackup(true, true)
	_, _, err := b.verify() // backed up now: that may change
	wantCode(t, err, "")
	b.browser.Authenticators[0].SetBackup(false, false)
	_, got, err := b.verify()
	wantCode(t, err, auth.KeyBackupFlags)
	if got != nil {
		t.Errorf("got %+v, want nothing to store", got)
	}
	b.keys = nil
	b.bind(auth.Passkey)
	_, _, err = b.verify()
	wantCode(t, err, "")
}

// TestUnsolicitedOutputsAreIgnored: browsers volunteer credProps; appid true must not change the RP ID expected.
func TestUnsolicitedOutputsAreIgnored(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F})
	b.bind(auth.SecurityKey)
	b.browser.Hooks = &virtual.Hooks{Assertion: func(r *virtual.AuthenticationResponse) {
		r.Extensions = map[string]any{"appid": true, "credProps": map[string]any{"rk": true},
			"remoteClientDataJSON": true}
	}}
	_, _, err := b.verify()
	wantCode(t, err, "")
}

// TestTransportsAreWhitelisted: what the client says is sent to every browser later.
func TestTransportsAreWhitelisted(t *testing.T) {
	b := newBench(t, nil, virtual.Options{Transports: []string{"usb", "<script>", "usb", "ble", "cable"}})
	b.bind(auth.SecurityKey)
	got := prompt[virtual.RequestOptions](t, b.verifying()).Allow[0].Transports
	if want := []string{"ble", "usb"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	b = newBench(t, nil, virtual.Options{Transports: []string{"<script>"}})
	b.bind(auth.SecurityKey)
	if strings.Contains(string(b.keys[0].Data), "script") {
		t.Errorf("got %s stored", b.keys[0].Data)
	}
}

// TestEd448IsNeverOffered: the library registers it and cannot verify it.
func TestEd448IsNeverOffered(t *testing.T) {
	b := newBench(t, nil, virtual.Options{})
	for _, p := range prompt[virtual.CreationOptions](t, b.binding(auth.SecurityKey)).Parameters {
		if p.Algorithm == -53 || p.Type != "public-key" {
			t.Errorf("got %+v offered", p)
		}
	}
}

// TestServerChecksWhatTheBrowserChecks: a page or a program may change the options on their way (CVE-2026-8830).
func TestServerChecksWhatTheBrowserChecks(t *testing.T) {
	change := func(c *auth.Ceremony, old, with string) *auth.Ceremony {
		if !bytes.Contains(c.Prompt, []byte(old)) {
			t.Fatalf("no %s in %s", old, c.Prompt)
		}
		c.Prompt = bytes.ReplaceAll(c.Prompt, []byte(old), []byte(with))
		return c
	}
	t.Run("algorithm", func(t *testing.T) {
		b := newBench(t, nil, virtual.Options{})
		b.browser.Hooks = coseAlg(0x2e) // ES256K, -47
		c := b.binding(auth.SecurityKey)
		_, err := b.factor.FinishBind(c, b.create(c))
		wantCode(t, err, auth.KeyAlgorithm)
	})
	t.Run("exclude list", func(t *testing.T) {
		b := newBench(t, nil, virtual.Options{})
		b.bind(auth.SecurityKey)
		c := change(b.binding(auth.SecurityKey), `"excludeCredentials"`, `"x"`)
		// of the same seed: it makes the same credential again
		b.browser.Authenticators[0] = device(t, virtual.Options{})
		_, err := b.factor.FinishBind(c, b.create(c))
		wantCode(t, err, auth.KeyExcluded)
		if e := err.(*auth.Error); e.Args["name"] != "Blue key" {
			t.Errorf("got %v, want the name of the key", e.Args)
		}
	})
	platform := virtual.Options{Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds}
	for name, tc := range map[string]struct {
		flavour  auth.Flavour
		device   virtual.Options
		old, new string
		want     auth.Code
	}{
		"this device for a USB key": {auth.SecurityKey, platform, `"cross-platform"`, `"platform"`,
			auth.KeyNotUSB},
		"this device for a USB key, transports not told": {auth.SecurityKey, virtual.Options{Platform: true,
			ResidentKeys: true, UserVerification: virtual.UVSucceeds, Transports: []string{}}, `"cross-platform"`,
			`"platform"`, auth.KeyNotUSB},
		"a phone for a USB key": {auth.SecurityKey,
			virtual.Options{Transports: []string{"hybrid", "internal"}}, `"key"`, `"key"`, auth.KeyNotUSB},
		"a USB key for a passkey": {auth.Passkey, virtual.Options{}, `"platform"`, `"cross-platform"`,
			auth.MethodRefused},
		"a USB key, transports not told": {auth.SecurityKey, virtual.Options{Transports: []string{}}, `"`, `"`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil, tc.device)
			c := b.binding(tc.flavour)
			c.Prompt = bytes.ReplaceAll(c.Prompt, []byte(tc.old), []byte(tc.new))
			_, err := b.factor.FinishBind(c, b.create(c))
			wantCode(t, err, tc.want)
		})
	}
	t.Run("user verification", func(t *testing.T) {
		b := newBench(t, func(c *webauthn.Config) { c.UserVerification = "required" },
			virtual.Options{UserVerification: virtual.UVSucceeds})
		c := change(b.binding(auth.SecurityKey), `"userVerification":"required"`, `"userVerification":"discouraged"`)
		_, err := b.factor.FinishBind(c, b.create(c))
		wantCode(t, err, auth.KeyNotVerified)
		b.bind(auth.SecurityKey)
		c = change(b.verifying(), `"userVerification":"required"`, `"userVerification":"discouraged"`)
		_, err = b.factor.FinishVerify(c, b.keys, b.get(c))
		wantCode(t, err, auth.KeyNotVerified)
	})
}

// attesting is a device of the model that attests in a format.
func attesting(f virtual.Format, ca *virtual.CA, parts ...virtual.Format) virtual.Options {
	return virtual.Options{AAGUID: model, Attestation: f, CA: ca, Compound: parts}
}

// TestCertifiedKeysOnly: what it takes, and what does not get round it.
func TestCertifiedKeysOnly(t *testing.T) {
	maker, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("maker")})
	if err != nil {
		t.Fatal(err)
	}
	home, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("home")})
	if err != nil {
		t.Fatal(err)
	}
	late, err := virtual.NewCA(virtual.CAOptions{Seed: []byte("maker"), NotBefore: start.Add(-48 * time.Hour),
		NotAfter: time.Now().Add(48 * time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	other := [16]byte{1}
	root := func(ca *virtual.CA, models ...webauthn.AAGUID) webauthn.Root {
		return webauthn.Root{Certificate: ca.Root(), Models: models}
	}
	require := webauthn.AttestationPolicy{Require: true, Roots: []webauthn.Root{root(maker)}}
	allow := webauthn.AttestationPolicy{Allow: []webauthn.AAGUID{model}, Roots: []webauthn.Root{root(maker)}}
	packed := virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: maker}
	for _, tc := range []struct {
		name      string
		policy    webauthn.AttestationPolicy
		device    virtual.Options
		want      auth.Code
		certified bool
	}{
		{"certified", require, packed, "", true},
		{"certified U2F", require, virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F,
			CA: maker}, "", true},
		{"certified TPM", require, attesting(virtual.AttestTPM, maker), "", true},
		{"certified below an intermediate", require, attesting(virtual.AttestPacked, below(t, maker, "Batch 7")), "",
			true},
		{"certified TPM below an intermediate", require, attesting(virtual.AttestTPM, below(t, maker, "Batch 7")), "",
			true},
		{"TPM under a CA made at home", require, attesting(virtual.AttestTPM, home), auth.KeyAttestation, false},
		{"compound", require, attesting(virtual.AttestCompound, maker), "", true},
		{"compound, one part certified", allow, attesting(virtual.AttestCompound, maker, virtual.AttestSelf,
			virtual.AttestPacked), "", true},
		{"compound, no part certified", require, attesting(virtual.AttestCompound, nil, virtual.AttestSelf,
			virtual.AttestSelf), auth.KeyAttestation, false},
		{"compound under a CA made at home", require, attesting(virtual.AttestCompound, home), auth.KeyAttestation,
			false},
		{"android-key under a root that is not the maker's", require, attesting(virtual.AttestAndroidKey, maker),
			auth.KeyAttestation, false},
		{"apple under a root that is not the maker's", require, attesting(virtual.AttestApple, maker),
			auth.KeyAttestation, false},
		{"not required, certified", webauthn.AttestationPolicy{Ask: true, Roots: require.Roots}, packed, "", true},
		{"not required, not certified", webauthn.AttestationPolicy{Ask: true, Roots: require.Roots},
			virtual.Options{AAGUID: model}, "", false},
		{"not asked for", webauthn.AttestationPolicy{Roots: require.Roots}, packed, "", false},
		{"none where direct was asked", require, virtual.Options{AAGUID: model}, auth.KeyAttestation, false},
		{"self attestation", require, virtual.Options{Attestation: virtual.AttestSelf, AAGUID: model},
			auth.KeyAttestation, false},
		{"a CA made at home", require, virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: home},
			auth.KeyAttestation, false},
		{"a root of another model", webauthn.AttestationPolicy{Require: true,
			Roots: []webauthn.Root{root(maker, other)}}, packed, auth.KeyAttestation, false},
		{"a root of this model", webauthn.AttestationPolicy{Require: true,
			Roots: []webauthn.Root{root(maker, other, model)}}, packed, "", true},
		{"permitted", allow, packed, "", true},
		{"none, claiming a permitted model", allow, virtual.Options{AAGUID: model}, auth.KeyAttestation, false},
		{"self, claiming a permitted model", allow, virtual.Options{Attestation: virtual.AttestSelf, AAGUID: model},
			auth.KeyAttestation, false},
		{"certified, not permitted", allow, virtual.Options{Attestation: virtual.AttestPacked, AAGUID: other,
			CA: maker}, auth.KeyModelRefused, false},
		{"denied, only claimed", webauthn.AttestationPolicy{Deny: []webauthn.AAGUID{model}},
			virtual.Options{AAGUID: model}, auth.KeyModelRefused, false},
		{"chain not valid at the ceremony's time", webauthn.AttestationPolicy{Require: true,
			Roots: []webauthn.Root{root(late)}},
			virtual.Options{Attestation: virtual.AttestPacked, AAGUID: model, CA: late},
			auth.KeyAttestationExpired, false},
	} {
		t.Run(tc.name, func(t *testing.T) {
			b := newBench(t, func(c *webauthn.Config) { c.Attestation = tc.policy }, tc.device)
			c := b.binding(auth.SecurityKey)
			if tc.name == "chain not valid at the ceremony's time" {
				c.Now = start.Add(-72 * time.Hour)
			}
			a, err := b.factor.FinishBind(c, b.create(c))
			wantCode(t, err, tc.want)
			if a != nil && a.Traits.Certified != tc.certified {
				t.Errorf("certified: got %v, want %v", a.Traits.Certified, tc.certified)
			}
		})
	}
}

// TestCredentialIdIsNamed, so that the caller's unique index can refuse an id registered to another account: the
// library does not look.
func TestCredentialIdIsNamed(t *testing.T) {
	one, two := newBench(t, nil, virtual.Options{}), newBench(t, nil, virtual.Options{})
	two.handle = bytes.Repeat([]byte{8}, 64)
	if a, b := one.bind(auth.SecurityKey), two.bind(auth.SecurityKey); a.Credential == "" ||
		a.Credential != b.Credential {
		t.Errorf("got %q and %q, want the id of the one credential twice", a.Credential, b.Credential)
	}
}

// TestRelatedOrigins: one RP ID, several sites (R77); a framed page only where it is configured.
func TestRelatedOrigins(t *testing.T) {
	many := func(c *webauthn.Config) {
		c.Origins = []string{origin, "https://retail.test"}
		c.TopOrigins = []string{"https://partner.test"}
	}
	b := newBench(t, many, virtual.Options{})
	b.browser.Hooks = clientData(func(d *virtual.ClientData) { d.TopOrigin = "https://partner.test" })
	c := b.binding(auth.SecurityKey)
	_, err := b.factor.FinishBind(c, b.create(c))
	wantCode(t, err, auth.KeyOriginWrong) // it names the page around, and says that there is none
	related := func(string) []string { return []string{"https://retail.test"} }
	for _, tc := range []struct {
		origin, top string
		want        auth.Code
	}{
		{origin, "", ""}, {"https://retail.test", "", ""}, {"https://seller.shop.example", "", auth.KeyOriginWrong},
		{origin, "https://partner.test", ""}, {origin, "https://evil.test", auth.KeyOriginWrong},
	} {
		b := newBench(t, many, virtual.Options{})
		b.browser.Related = related
		b.browser.Origin = tc.origin
		b.browser.TopOrigin = tc.top
		c := b.binding(auth.SecurityKey)
		if _, err := b.factor.FinishBind(c, b.create(c)); codeOf(t, err) != tc.want {
			t.Errorf("%s in %q: got %v, want %q", tc.origin, tc.top, err, tc.want)
		}
	}
}
