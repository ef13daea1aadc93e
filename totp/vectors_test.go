package totp

import "testing"

// TestRFC4226 has the table of RFC 4226 Appendix D.
func TestRFC4226(t *testing.T) {
	const secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ" // 12345678901234567890
	for counter, want := range []string{
		"755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489",
	} {
		got, err := code(secret, SHA1, 6, uint64(counter))
		if err != nil || got != want {
			t.Errorf("counter %d: got %s and %v, want %s", counter, got, err, want)
		}
	}
}

// TestRFC6238 has the table of RFC 6238 Appendix B. The seeds are those of its reference code: the published one,
// repeated to the length of the hash.
func TestRFC6238(t *testing.T) {
	const seed = "1234567890123456789012345678901234567890123456789012345678901234"
	algorithms := []struct {
		Algorithm
		bytes int
	}{{SHA1, 20}, {SHA256, 32}, {SHA512, 64}}
	for at, want := range map[int64][3]string{
		59:          {"94287082", "46119246", "90693936"},
		1111111109:  {"07081804", "68084774", "25091201"},
		1111111111:  {"14050471", "67062674", "99943326"},
		1234567890:  {"89005924", "91819424", "93441116"},
		2000000000:  {"69279037", "90698825", "38618901"},
		20000000000: {"65353130", "77737706", "47863826"},
	} {
		for i, a := range algorithms {
			checkRFC6238(t, seed[:a.bytes], a.Algorithm, at, want[i])
		}
	}
}

func checkRFC6238(t *testing.T, seed string, a Algorithm, at int64, want string) {
	t.Helper()
	got, err := code(b32().EncodeToString([]byte(seed)), a, 8, uint64(at/30))
	if err != nil || got != want {
		t.Errorf("%s at %d: got %s and %v, want %s", a, at, got, err, want)
	}
}
