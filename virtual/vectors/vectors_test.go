package vectors_test

import (
	"errors"
	"io/fs"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/latchkey-auth/latchkey/virtual/vectors"
)

func TestLevel3(t *testing.T) {
	f := vectors.Level3(t)
	if len(f.Vectors) < 12 || f.RPID != "example.org" || f.Root["attestation_ca_cert"] == "" {
		t.Errorf("got %d vectors of %q in %s, want at least 12", len(f.Vectors), f.RPID, f.Source)
	}
	for _, v := range f.Vectors {
		whole(t, v)
	}
	if whole := len(f.PRF.Cases) > 2; whole == f.Partial {
		t.Errorf("%d vectors of prf in %s: got partial %v", len(f.PRF.Cases), f.Source, f.Partial)
	}
}

func whole(t *testing.T, v vectors.Vector) {
	t.Helper()
	for _, member := range []string{"credential_id", "challenge", "clientDataJSON", "attestationObject"} {
		if v.Registration[member] == "" {
			t.Errorf("%s: the registration lacks %s", v.ID, member)
		}
	}
	if v.Authentication == nil {
		return
	}
	for _, member := range []string{"challenge", "clientDataJSON", "authenticatorData", "signature"} {
		if v.Authentication[member] == "" {
			t.Errorf("%s: the authentication lacks %s", v.ID, member)
		}
	}
}

// TestModule reads the vectors as a plain clone does: every one that the specification has, but for Ed448.
func TestModule(t *testing.T) {
	f, err := vectors.ReadModule()
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Vectors) != 14 || f.TopOrigin != "https://example.com" || f.Origin != "https://example.org" {
		t.Errorf("got %d vectors of %s under %s", len(f.Vectors), f.Origin, f.TopOrigin)
	}
	for _, v := range f.Vectors {
		whole(t, v)
		if v.Authentication == nil {
			t.Errorf("%s: got no authentication", v.ID)
		}
	}
}

// TestReadingsAgree compares both, member by member, where both are.
func TestReadingsAgree(t *testing.T) {
	file, err := vectors.ReadFile()
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("nothing to compare the module's vectors with: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	module, err := vectors.ReadModule()
	if err != nil {
		t.Fatal(err)
	}
	common := func(f *vectors.File) []string {
		return []string{f.RPID, f.Origin, f.TopOrigin, f.Root["attestation_ca_cert"]}
	}
	if diff := cmp.Diff(common(file), common(module)); diff != "" {
		t.Errorf("common members, file and module:\n%s", diff)
	}
	other := map[string]vectors.Vector{}
	for _, v := range module.Vectors {
		other[v.ID] = v
	}
	for _, v := range file.Vectors {
		m, ok := other[v.ID]
		if !ok && v.ID != "packed.Ed448" { // which the module does not have
			t.Errorf("%s: the module has no such vector", v.ID)
		}
		if !ok {
			continue
		}
		if v.Format != m.Format {
			t.Errorf("%s: got the formats %s and %s", v.ID, v.Format, m.Format)
		}
		agree(t, v.ID, v.Registration, m.Registration)
		if v.Authentication != nil {
			agree(t, v.ID, v.Authentication, m.Authentication)
		}
	}
}

// agree compares the members of one half that the module has.
func agree(t *testing.T, id string, file, module map[string]string) {
	t.Helper()
	if len(module) < 4 {
		t.Errorf("%s: got %d members, want at least 4", id, len(module))
	}
	for member, want := range file {
		if got, ok := module[member]; ok && got != want {
			t.Errorf("%s %s: got %s in the module, want %s", id, member, got, want)
		}
	}
}
