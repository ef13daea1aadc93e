package yubiotp_test

import (
	"encoding/hex"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/needs"
)

// tool runs one of Yubico's own programs (libyubikey), which nobody here wrote.
func tool(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(needs.Program(t, name), args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v: %s", name, args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// Yubico's own codes, from the manual of ykparse and the README of yubico-c 1.13, of one key.
func TestPublishedCodes(t *testing.T) {
	const first, second = "dteffujedcflcindvdbrblehecuitvjkjevvehjd", "dteffujehknhfjbrjnlnldnhcujvddbikngjrtgh"
	f := factor(1)
	c := begin(t, f, auth.BindInput{KeyValues: auth.KeyValues{PublicID: "dteffuje", PrivateID: "8792ebfe26cc",
		Secret: "ecde18dbe76fbd0c33330f1c354871db"}})
	_, err := f.FinishBind(c, pair(second, first))
	wants(t, "in the wrong order", err, auth.CodeUsed)
	a, err := f.FinishBind(c, pair(first, second)) // use 19, the touches 16 and 17
	wants(t, "in their order", err, "")
	for _, code := range []string{first, second} {
		_, err = verify(f, code, a)
		wants(t, code, err, auth.CodeUsed)
	}
	// Of the same use and touch, by a later program, with another random number: a copy.
	copied := tool(t, "ykgenerate", "ecde18dbe76fbd0c33330f1c354871db", "8792ebfe26cc", "0013", "c230", "00", "11")
	_, err = verify(f, "dteffuje"+copied, a)
	wants(t, "another code of the same counters", err, auth.KeyFrozen)
}

// What ykgenerate types is taken, and what a key of ours types is read by ykparse as it was meant.
func TestYubicosTools(t *testing.T) {
	f := factor(1)
	k, a := bind(t, f)
	for _, x := range []struct{ use, low, high, session string }{
		{"0002", "c0a8", "00", "10"}, {"0002", "0000", "00", "11"}, {"0100", "ffff", "ff", "00"},
		{"7fff", "1234", "56", "ff"},
	} {
		block := tool(t, "ykgenerate", hex.EncodeToString(k.secret), hex.EncodeToString(k.private), x.use, x.low,
			x.high, x.session)
		var err error
		a, err = verify(f, k.public+block, a)
		wants(t, "ykgenerate "+x.use+" "+x.session, err, "")
	}
	k.use, k.session = 19, 16
	k.stamp = 0xc230
	said := tool(t, "ykparse", hex.EncodeToString(k.secret), k.touched()[12:])
	for _, want := range []string{"counter: 19 (0x0013)", "session use: 17 (0x11)", "crc check: ok",
		fmt.Sprintf("timestamp (low): %d", k.stamp&0xffff)} {
		if !strings.Contains(said, want) {
			t.Errorf("ykparse: got %s, want %s", said, want)
		}
	}
	for range 3 { // of as many keys
		k, _ := bind(t, f)
		public := tool(t, "modhex", "-d", "-h", k.public)
		if raw, err := hex.DecodeString(public); err != nil || modhex(raw) != k.public {
			t.Errorf("modhex -d -h %s: got %s", k.public, public)
		}
	}
}
