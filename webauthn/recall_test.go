package webauthn_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/webauthn"
)

// bound is a key of a device as it was bound under metadata that had nothing against its model.
func bound(t *testing.T, ca *virtual.CA, o virtual.Options) *auth.Authenticator {
	t.Helper()
	a, err := register(t, informed(about(t, ca, nil, o), policy{}), o, nil)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// newsAt is what metadata say of a bound key at a time.
func newsAt(t *testing.T, m *webauthn.Metadata, a *auth.Authenticator, at time.Time) auth.ModelNews {
	t.Helper()
	list := newBench(t, informed(m, policy{}), virtual.Options{}).factor.Recalls(at)
	if list == nil {
		t.Fatal("got no list")
	}
	if list.Number != m.Number || list.Time != 30*24*time.Hour {
		t.Errorf("got list %d with %s, want %d with 30 days", list.Number, list.Time, m.Number)
	}
	return list.Of(a)
}

// TestRecalledModels: which statuses recall a model, from when to when; of several the gravest.
func TestRecalledModels(t *testing.T) {
	ca := testCA(t, "formats")
	o := virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca}
	key := bound(t, ca, o)
	ends := func(e map[string]any) { // virtual knows no day on which a status ends
		e["statusReports"] = []any{map[string]any{"status": "REVOKED", "effectiveDate": "2020-01-01",
			"sunsetDate": start.AddDate(0, 0, -1).Format(time.DateOnly)}}
	}
	for name, tc := range map[string]struct {
		reports []status
		change  func(map[string]any)
		want    string
	}{
		"certified":        {[]status{{Status: "FIDO_CERTIFIED_L2"}}, nil, ""},
		"update available": {[]status{{Status: "UPDATE_AVAILABLE"}}, nil, ""},
		"revoked":          {[]status{{Status: "REVOKED"}}, nil, "REVOKED"},
		"no check of its user": {[]status{{Status: "USER_VERIFICATION_BYPASS"}}, nil,
			"USER_VERIFICATION_BYPASS"},
		"attestation key": {[]status{{Status: "ATTESTATION_KEY_COMPROMISE"}}, nil,
			"ATTESTATION_KEY_COMPROMISE"},
		"read from afar": {[]status{{Status: "USER_KEY_REMOTE_COMPROMISE"}}, nil,
			"USER_KEY_REMOTE_COMPROMISE"},
		"read in hand": {[]status{{Status: "USER_KEY_PHYSICAL_COMPROMISE"}}, nil,
			"USER_KEY_PHYSICAL_COMPROMISE"},
		"newer, certified anew": {[]status{{Status: "REVOKED"}, {Status: "FIDO_CERTIFIED_L1"}}, nil, "REVOKED"},
		"not yet":               {[]status{{Status: "REVOKED", EffectiveDate: "2098-01-01"}}, nil, ""},
		"no more":               {nil, ends, ""},
		"two": {[]status{{Status: "REVOKED"}, {Status: "USER_KEY_REMOTE_COMPROMISE"}}, nil,
			"USER_KEY_REMOTE_COMPROMISE"},
	} {
		m := virtual.Metadata{Entries: []virtual.MetadataEntry{{Authenticator: device(t, o), Status: tc.reports,
			Change: tc.change}}}
		known, err := webauthn.ParseMetadata(signed(t, ca, m), trusting(ca), start)
		if err != nil {
			t.Fatal(err)
		}
		got := newsAt(t, known, key, start)
		if !got.Listed || got.Status != tc.want || got.Model != key.Traits.ModelID {
			t.Errorf("%s: got %+v, want it listed, with %q", name, got, tc.want)
		}
	}
}

// TestRecallOfABatch: a report about one attestation certificate is about the keys that have shown it when they
// were bound, and about no other; a key that has no AAGUID is found by its certificate.
func TestRecallOfABatch(t *testing.T) {
	ca := testCA(t, "formats")
	batch := below(t, ca, "Batch 7")
	with := func(ca *virtual.CA) virtual.Options {
		return virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca}
	}
	bad := about(t, ca, []status{{Status: "ATTESTATION_KEY_COMPROMISE", Certificate: batch.Certificate().Raw}},
		with(batch))
	for name, tc := range map[string]struct {
		o    virtual.Options
		want string
	}{
		"of the batch":     {with(batch), "ATTESTATION_KEY_COMPROMISE"},
		"of another":       {with(ca), ""},
		"claimed, no more": {virtual.Options{AAGUID: model, Attestation: virtual.AttestSelf}, ""},
	} {
		if got := newsAt(t, bad, bound(t, ca, tc.o), start); !got.Listed || got.Status != tc.want {
			t.Errorf("%s: got %+v, want %q", name, got, tc.want)
		}
	}
	u2f := virtual.Options{Protocol: virtual.U2F, Attestation: virtual.AttestFIDOU2F, CA: ca}
	revoked := about(t, ca, []status{{Status: "REVOKED"}}, u2f)
	if got := newsAt(t, revoked, bound(t, ca, u2f), start); got.Status != "REVOKED" || len(got.Model) != 40 {
		t.Errorf("U2F: got %+v, want it revoked, named by its certificate's key", got)
	}
}

// TestWhatSaysNothingOfAKey: metadata that are not there, or overdue, are no list to go by; a model that they
// do not have, and what is no key, are not listed.
func TestWhatSaysNothingOfAKey(t *testing.T) {
	ca := testCA(t, "formats")
	o := virtual.Options{AAGUID: model, Attestation: virtual.AttestPacked, CA: ca}
	other := o
	other.AAGUID = [16]byte{9}
	known := about(t, ca, []status{{Status: "REVOKED"}}, o)
	for name, list := range map[string]*auth.Recalls{
		"none":      newBench(t, informed(nil, policy{}), o).factor.Recalls(start),
		"overdue":   newBench(t, informed(known, policy{}), o).factor.Recalls(known.NextUpdate.AddDate(0, 0, 1)),
		"no source": newBench(t, func(*webauthn.Config) {}, o).factor.Recalls(start),
	} {
		if list != nil {
			t.Errorf("%s: got a list, want none", name)
		}
	}
	if got := newsAt(t, known, bound(t, ca, other), start); got != (auth.ModelNews{}) {
		t.Errorf("another model: got %+v, want it not listed", got)
	}
	unreadable := *bound(t, ca, o)
	unreadable.Data = []byte("{")
	if got := newsAt(t, known, &unreadable, start); got != (auth.ModelNews{}) {
		t.Errorf("a record that cannot be read: got %+v, want it not listed", got)
	}
}
