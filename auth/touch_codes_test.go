package auth_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/hotp"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A typing is a seller whose key types codes: the secret that it has in its slot.
type typing struct {
	*world
	c      auth.Caller
	key    auth.AuthenticatorInfo
	touch  auth.AuthenticatorInfo
	secret string
}

func (w *world) typing() *typing {
	w.t.Helper()
	_, bound, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	x := &typing{world: w, c: c, key: bound.Authenticator}
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.HOTP})
	ok(w.t, "begin", err)
	var prompt struct{ Secret string }
	ok(w.t, "prompt", json.Unmarshal(ch.Prompt, &prompt))
	x.secret = prompt.Secret
	info, err := w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Device: x.key.Device, Name: "Codes",
		Response: twoCodes(x.types(0), x.types(1))})
	ok(w.t, "finish", err)
	x.touch = info.Authenticator
	return x
}

// types is what the key types at a counter.
func (x *typing) types(at uint64) string {
	x.t.Helper()
	code, err := hotp.GenerateCodeCustom(x.secret, at, hotp.ValidateOpts{Digits: otp.DigitsSix})
	ok(x.t, "compute a code", err)
	return code
}

func (x *typing) methods() []auth.AuthenticatorInfo {
	x.t.Helper()
	info, err := x.s.Security(x.t.Context(), x.c)
	ok(x.t, "overview", err)
	return info.Methods
}

// A key and the codes that it types are one thing: one device, one name, one loss.
func TestTouchCodesLiveOnTheirKey(t *testing.T) {
	x := newWorld(t).typing()
	if x.touch.Device != x.key.Device || x.touch.Name != "Blue key" || x.touch.Flavour != auth.TouchCode ||
		x.touch.DeviceKind != auth.Stick {
		t.Errorf("got %+v, want it on the key, named as it", x.touch)
	}
	ok(t, "rename the key", lastErr(x.s.Rename(t.Context(), x.c, x.key.ID, "Green key", "Till")))
	for _, m := range x.methods() {
		if m.Name != "Green key" || m.Place != "Till" {
			t.Errorf("after the key was renamed: got %s in %s, want both its name and place", m.Name, m.Place)
		}
	}
	ok(t, "rename the codes", lastErr(x.s.Rename(t.Context(), x.c, x.touch.ID, "Red key", "Till")))
	for _, m := range x.methods() {
		if m.Name != "Red key" {
			t.Errorf("after the codes were renamed: got %s, want one name", m.Name)
		}
	}
	secret, c := x.enrolApp(x.c)
	ok(t, "lose the key", lastErr(x.s.LoseDevice(t.Context(), c, x.key.Device)))
	x.c = with(c, x.second(caller("home"), x.signIn(caller("home"), sellerMail), secret).Token)
	if left := x.methods(); len(left) != 1 || left[0].Kind != auth.TOTP {
		t.Errorf("after the key was lost: got %+v, want the app alone", left)
	}
}

// What falls with the key is no backup of it, and nothing on the choice of methods offers it.
func TestTouchCodesAreNoBackupOfTheirKey(t *testing.T) {
	x := newWorld(t).typing()
	info, err := x.s.Security(t.Context(), x.c)
	ok(t, "overview", err)
	if !info.BackupNeeded {
		t.Error("a key and its codes: got no backup wanted, want one on another device")
	}
	if slices.ContainsFunc(info.Offers, func(o auth.OfferInfo) bool { return o.Flavour == auth.TouchCode }) {
		t.Errorf("got %+v, want touch codes offered on the key's page alone", info.Offers)
	}
}

// Signing in and stepping up by what the key types: ahead a little, far ahead by two in a row, and each code once.
func TestSigningInByTouchCode(t *testing.T) {
	x := newWorld(t).typing()
	home := caller("home")
	try := func(at uint64) error {
		ch := x.begun(home, auth.MethodChoice{Kind: auth.HOTP})
		return lastErr(x.s.SignInFinish(t.Context(), home, ch.Ceremony, typed(x.types(at))))
	}
	ok(t, "a few ahead", try(6))
	wantCode(t, "again", try(6), auth.CodeUsed)
	wantCode(t, "one before", try(5), auth.CodeUsed)
	wantCode(t, "far ahead", try(60), auth.CodeWrong)
	ok(t, "and the next", try(61))
	wantCode(t, "far ahead again", try(120), auth.CodeWrong)
	x.pass(6 * time.Minute)
	wantCode(t, "and the next, too late", try(121), auth.CodeWrong)
	ch, err := x.s.StepUpBegin(t.Context(), x.c, auth.ActRename, "", auth.MethodChoice{Kind: auth.HOTP})
	ok(t, "begin a step-up", err)
	ok(t, "step up", lastErr(x.s.StepUpFinish(t.Context(), x.c, ch.Ceremony, typed(x.types(122)))))
}

// A choice of methods tells apart what an account has: touch codes, a token, or both.
func TestWaysOfCountedCodes(t *testing.T) {
	w := newWorld(t)
	withBox(w, "AB-1234")
	x := w.typing()
	flavours := func() []auth.Flavour {
		info := w.signIn(caller("elsewhere"), sellerMail)
		for _, m := range info.Methods {
			if m.Kind == auth.HOTP {
				return m.Flavours
			}
		}
		return nil
	}
	if got := flavours(); !slices.Equal(got, []auth.Flavour{auth.TouchCode}) {
		t.Errorf("got %v, want touch codes", got)
	}
	info, err := w.claim(x.c, "AB-1234", 9)
	ok(t, "claim", err)
	if info.Authenticator.DeviceKind != auth.Display || info.Authenticator.Device == x.key.Device {
		t.Errorf("got %+v, want the token a thing of its own", info.Authenticator)
	}
	if got := flavours(); !slices.Equal(got, []auth.Flavour{auth.TouchCode, auth.HardwareToken}) {
		t.Errorf("got %v, want both", got)
	}
}

// After a backup was put back nobody knows how far the key has typed: its codes are dead until they are set up again,
// and the key itself is not.
func TestTouchCodesAfterARestore(t *testing.T) {
	x := newWorld(t).typing()
	x.pass(time.Hour)
	ok(t, "restore", lastErr(x.s.Restored(t.Context(), true)))
	ch := x.begun(caller("home"), auth.MethodChoice{Kind: auth.HOTP})
	wantCode(t, "a code of before",
		lastErr(x.s.SignInFinish(t.Context(), caller("home"), ch.Ceremony, typed(x.types(2)))), auth.CodeUsed)
}
