package totp_test

import (
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/totp"
)

// After a backup was put back, the last step that is known is not the last one
// that was used: a code works once none of its time can have been.
func TestStepsBeforeARestoreAreDead(t *testing.T) {
	f := app(t, totp.Config{Window: 1})
	d, a := bindAt(t, f, noon)
	restored := noon.Add(time.Hour + 29*time.Second)
	verify := func(at time.Time, step int) auth.Code {
		c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.TOTP, Now: at, Restored: restored}
		_, err := f.FinishVerify(c, []*auth.Authenticator{a}, reply(d.step(noon.Add(time.Hour), step)))
		return codeOf(err)
	}
	for _, c := range []struct {
		after time.Duration // the restore
		step  int           // from the one in which it was
		want  auth.Code
	}{
		{0, -1, auth.CodeUsed}, {0, 0, auth.CodeUsed}, {0, 1, auth.CodeUsed}, // a fast app's, within the window
		{time.Second, 1, auth.CodeUsed}, {time.Second, 2, ""}, {time.Minute, 2, ""}, {time.Minute, 1, auth.CodeUsed},
	} {
		if got := verify(restored.Add(c.after), c.step); got != c.want {
			t.Errorf("step %+d, %v after the restore: got %q, want %q", c.step, c.after, got, c.want)
		}
	}
}

// How far a token had counted is not known after a restore: it must be bound anew.
func TestTokensFromBeforeARestoreAreDead(t *testing.T) {
	f := token(t, totp.Config{})
	d, old := bindAt(t, f, noon)
	old.BoundAt = noon
	restored := noon.Add(time.Hour)
	c := &auth.Ceremony{Purpose: auth.ForSignIn, Kind: auth.HOTP, Now: restored.Add(time.Hour), Restored: restored}
	next := d.count(d.next)
	_, err := f.FinishVerify(c, []*auth.Authenticator{old}, reply(next))
	wants(t, err, auth.CodeUsed)
	c.Restored = time.Time{}
	_, err = f.FinishVerify(c, []*auth.Authenticator{old}, reply(next))
	wants(t, err, "")
	c.Restored = restored
	fresh := *old
	fresh.BoundAt = restored.Add(time.Minute)
	_, err = f.FinishVerify(c, []*auth.Authenticator{&fresh}, reply(next))
	wants(t, err, "")
}
