package virtual_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/virtual"
)

// Yubico's own program reads what a slot types, in the order in which it was touched and plugged in.
func TestYubicoOTP(t *testing.T) {
	const secret = "ecde18dbe76fbd0c33330f1c354871db"
	slot, err := virtual.NewYubicoOTP("vvcc cccc cccb", "87 92 eb fe 26 cc", strings.ToUpper(secret))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"counter: 1 (0x0001)|session use: 0 (", "counter: 1 (0x0001)|session use: 1 (",
		"counter: 2 (0x0002)|session use: 0 (", "counter: 2 (0x0002)|session use: 255 (",
		"counter: 3 (0x0003)|session use: 0 ("} {
		switch i {
		case 2:
			slot.PlugIn()
		case 3:
			slot.Session = 254
		}
		typed := slot.Touch()
		block, ok := strings.CutPrefix(typed, "vvcccccccccb")
		if !ok || len(typed) != 44 {
			t.Fatalf("touch %d: got %s, want 44 letters from the public id on", i, typed)
		}
		out, err := exec.Command(needs.Program(t, "ykparse"), secret, block).CombinedOutput()
		if err != nil {
			t.Fatalf("ykparse: %v: %s", err, out)
		}
		for _, part := range append(strings.Split(want, "|"), "uid: 87 92 eb fe 26 cc", "crc check: ok") {
			if !strings.Contains(string(out), part) {
				t.Errorf("touch %d: got %s, want %s", i, out, part)
			}
		}
	}
	for name, x := range map[string][3]string{"a public id in hexadecimal": {"0a", "8792ebfe26cc", secret},
		"a short private id": {"cc", "8792", secret}, "a short secret": {"cc", "8792ebfe26cc", "ec"},
		"no hexadecimal": {"cc", "8792ebfe26cc", strings.Repeat("xy", 16)}} {
		if _, err := virtual.NewYubicoOTP(x[0], x[1], x[2]); err == nil {
			t.Errorf("%s: got a slot, want it refused", name)
		}
	}
}
