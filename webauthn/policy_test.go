package webauthn_test

import (
	"errors"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

type policy = webauthn.AttestationPolicy

// TestPolicyOfEveryFormat holds every format of a tester's CA against every grade: what proves nothing is one
// thing at most, what leads to the house's own root is proved, and only what leads to the roots of the metadata
// has their level.
func TestPolicyOfEveryFormat(t *testing.T) {
	ca := testCA(t, "formats")
	makers(t, ca)
	for _, tc := range formatCases(ca, below(t, ca, "Batch 7")) {
		proves := tc.device.Attestation > virtual.AttestSelf
		level2 := about(t, ca, []status{{Status: "FIDO_CERTIFIED_L2"}}, tc.device)
		none := about(t, ca, nil)
		for _, grade := range []struct {
			least auth.Grade
			known *webauthn.Metadata
			own   bool // the house trusts the CA itself
			want  auth.Code
		}{
			{auth.AnyKey, none, false, ""}, {auth.BoundKey, none, false, ""},
			{auth.ProvedKey, none, false, auth.KeyAttestation}, {auth.ProvedKey, level2, false, ""},
			{auth.ProvedKey, none, true, ""},
			// of a root of the house's own nobody knows a level
			{auth.Graded(auth.L1), none, true, auth.KeyLevelTooLow},
			{auth.Graded(auth.L1), level2, false, ""}, {auth.Graded(auth.L2), level2, true, ""},
			{auth.Graded(auth.L2Plus), level2, false, auth.KeyLevelTooLow},
			{auth.Graded(auth.L1), nil, false, auth.KeyAttestation},
		} {
			want := grade.want
			if !proves && grade.least >= auth.ProvedKey {
				want = auth.KeyAttestation
			}
			rules := policy{Least: grade.least}
			if grade.own {
				rules.Roots = []webauthn.Root{{Certificate: ca.Root()}}
			}
			a, err := register(t, informed(grade.known, rules), tc.device, nil)
			if got := codeOf(t, err); got != want {
				t.Errorf("%s, %q, own root %v: got %q, want %q", tc.name, grade.least, grade.own, got, want)
			}
			if err == nil && a.Traits.Grade() < grade.least {
				t.Errorf("%s: took a key of grade %q where %q is asked", tc.name, a.Traits.Grade(), grade.least)
			}
		}
	}
}

// TestKeysOfOneThing: where keys must be bound to one thing, a passkey that a cloud account may copy is
// refused, and one that stays in its device is taken.
func TestKeysOfOneThing(t *testing.T) {
	for backup, want := range map[bool]auth.Code{true: auth.KeySynced, false: ""} {
		b := newBench(t, func(c *webauthn.Config) { c.Attestation.Least = auth.BoundKey }, virtual.Options{
			Platform: true, ResidentKeys: true, UserVerification: virtual.UVSucceeds, Backup: backup})
		c := b.binding(auth.Passkey)
		if _, err := b.factor.FinishBind(c, b.create(c)); codeOf(t, err) != want {
			t.Errorf("backup eligible %v: got %v, want %q", backup, err, want)
		}
	}
}

// TestRefusalsSayWhatIsWelcome: the level that is asked, and the models that are permitted where they are few
// and have names.
func TestRefusalsSayWhatIsWelcome(t *testing.T) {
	ca := testCA(t, "formats")
	o := virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca}
	known := about(t, ca, nil, o)
	solo := webauthn.AAGUID(mustAAGUID(t, "8876631b-d4a0-427f-5773-0ec71c9e0279"))
	somu := webauthn.AAGUID(mustAAGUID(t, "9876631b-d4a0-427f-5773-0ec71c9e0279"))
	for name, tc := range map[string]struct {
		policy      policy
		arg, naming string
	}{
		"level":     {policy{Least: auth.Graded(auth.L3Plus)}, "level", "L3+"},
		"models":    {policy{Allow: []webauthn.AAGUID{somu, solo, solo}}, "models", "Solo, Somu"},
		"no names":  {policy{Allow: []webauthn.AAGUID{solo, {9}}}, "models", ""},
		"deny only": {policy{Deny: []webauthn.AAGUID{model}}, "models", ""},
	} {
		_, err := register(t, informed(known, tc.policy), o, nil)
		var refusal *auth.Error
		if !errors.As(err, &refusal) || refusal.Args[tc.arg] != tc.naming {
			t.Errorf("%s: got %v, want %s %q", name, err, tc.arg, tc.naming)
		}
	}
}

// TestPolicyThatNobodyMeets: a policy by which nobody could register is an error of the configuration.
func TestPolicyThatNobodyMeets(t *testing.T) {
	known := func() *webauthn.Metadata { return nil }
	root := []webauthn.Root{{Certificate: testCA(t, "formats").Root()}}
	for name, tc := range map[string]struct {
		policy policy
		known  func() *webauthn.Metadata
		good   bool
	}{
		"bound":                      {policy{Least: auth.BoundKey}, nil, true},
		"proved, nothing to lead to": {policy{Least: auth.ProvedKey}, nil, false},
		"proved, a root":             {policy{Least: auth.ProvedKey, Roots: root}, nil, true},
		"level, a root alone":        {policy{Least: auth.Graded(auth.L1), Roots: root}, nil, false},
		"level, metadata":            {policy{Least: auth.Graded(auth.L1)}, known, true},
	} {
		config := webauthn.Config{RPID: rpID, Origins: []string{origin}, Attestation: tc.policy, Metadata: tc.known}
		if _, err := webauthn.New(config); (err == nil) != tc.good {
			t.Errorf("%s: got %v, want good %v", name, err, tc.good)
		}
	}
}
