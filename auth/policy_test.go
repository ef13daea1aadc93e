package auth

import (
	"reflect"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/password"
)

// The preset after NIST SP 800-63B-4 is the default but for what the standard says otherwise: §3.1.1.2 for passwords,
// §2.2.3 for sessions, §3.1.3.1 for mailboxes, §3.2.2 for the hundred, and no browser spares a second step.
func TestTheNISTPreset(t *testing.T) {
	const hour, day = 3600 * time.Second, 86400 * time.Second
	got, want := NIST(), Marketplace()
	want.Password = password.Policy{Min: 15, Max: 128}
	want.SessionIdle, want.SessionShort = hour, day
	want.SessionLife, want.TrustLife = day, 0
	want.EmailSecondStep, want.OneLimit = false, true
	want.TemporaryCodes = false
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
