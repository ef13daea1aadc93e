package auth

import "testing"

// One core is left to everybody who does not wait for a password.
func TestHashesLeaveACoreFree(t *testing.T) {
	for cores, want := range map[int]int{1: 1, 2: 1, 4: 3, 16: 15} {
		if got := hashesAtOnce(cores); got != want {
			t.Errorf("%d cores: got %d hashes at once, want %d", cores, got, want)
		}
	}
}
