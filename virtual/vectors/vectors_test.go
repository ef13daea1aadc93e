package vectors_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/virtual/vectors"
)

func TestLevel3(t *testing.T) {
	f, err := vectors.Level3()
	if err != nil {
		t.Fatal(err)
	}
	if len(f.Vectors) != 12 || len(f.PRF.Cases) < 2 || f.RPID != "example.org" || f.Root["attestation_ca_cert"] == "" {
		t.Errorf("got %d vectors and %d of prf, want all that the file has", len(f.Vectors), len(f.PRF.Cases))
	}
	for _, v := range f.Vectors {
		if v.ID == "" || v.Registration["attestationObject"] == "" || v.Registration["challenge"] == "" {
			t.Errorf("%s: got a vector that lacks its parts", v.ID)
		}
	}
}
