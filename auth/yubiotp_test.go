package auth_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A yubico is a seller whose key types Yubico OTPs, and that key.
type yubico struct {
	*world
	c     auth.Caller
	key   auth.AuthenticatorInfo
	otp   auth.AuthenticatorInfo
	slot  *virtual.YubicoOTP
	shown auth.KeyValues // what the key was programmed with
}

var byYubico = auth.MethodChoice{Kind: auth.YubiOTP}

func (w *world) yubico() *yubico {
	w.t.Helper()
	_, bound, c := w.withKey(sellerMail, sellerNumber, virtual.Options{}, auth.SecurityKey)
	x := &yubico{world: w, c: c, key: bound.Authenticator}
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.YubiOTP})
	ok(w.t, "begin", err)
	ok(w.t, "prompt", json.Unmarshal(ch.Prompt, &x.shown))
	x.slot = programmed(w, x.shown)
	info, err := w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Device: x.key.Device,
		Response: twoCodes(x.slot.Touch(), x.slot.Touch())})
	ok(w.t, "finish", err)
	x.otp = info.Authenticator
	return x
}

func programmed(w *world, v auth.KeyValues) *virtual.YubicoOTP {
	w.t.Helper()
	slot, err := virtual.NewYubicoOTP(v.PublicID, v.PrivateID, v.Secret)
	ok(w.t, "program the key", err)
	return slot
}

// types signs in by what a key has typed.
func (x *yubico) types(at, code string) error {
	x.t.Helper()
	c := caller(at)
	return x.finish(c, x.begun(c, byYubico), typed(code))()
}

// importing binds a key by the values that it has.
func (w *world) importing(c auth.Caller, v auth.KeyValues, slot *virtual.YubicoOTP) error {
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.YubiOTP, PublicID: v.PublicID,
		PrivateID: v.PrivateID, Secret: v.Secret})
	if err != nil {
		return err
	}
	return lastErr(w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony,
		Response: twoCodes(slot.Touch(), slot.Touch())}))
}

// A key and what it types are one thing, with one name, and are lost as one.
func TestYubicoOTPLivesOnItsKey(t *testing.T) {
	x := newWorld(t).yubico()
	if x.otp.Device != x.key.Device || x.otp.Name != "Blue key" || x.otp.DeviceKind != auth.Stick ||
		x.otp.Class != auth.Strong {
		t.Errorf("got %+v, want it on the key, named as it", x.otp)
	}
	ok(t, "rename the key", lastErr(x.s.Rename(t.Context(), x.c, x.key.ID, "Green key", "Till")))
	info, err := x.s.Security(t.Context(), x.c)
	ok(t, "overview", err)
	for _, m := range info.Methods {
		if m.Name != "Green key" || m.Place != "Till" {
			t.Errorf("after the key was renamed: got %s in %s, want both its name and place", m.Name, m.Place)
		}
	}
	if !info.BackupNeeded {
		t.Error("a key and what it types: got no backup wanted, want one on another device")
	}
	_, c := x.enrolApp(x.c)
	ok(t, "lose the key", lastErr(x.s.LoseDevice(t.Context(), c, x.key.Device)))
	if methods := x.signIn(caller("home"), sellerMail).Methods; len(methods) != 1 || methods[0].Kind != auth.TOTP {
		t.Errorf("after the key was lost: got %+v, want the app alone", methods)
	}
}

// Signing in and stepping up by what the key types: each code once, and none of before.
func TestSigningInByYubicoOTP(t *testing.T) {
	x := newWorld(t).yubico()
	early, code := x.slot.Touch(), x.slot.Touch()
	ok(t, "a code", x.types("home", code))
	wantCode(t, "again", x.types("home", code), auth.CodeUsed)
	wantCode(t, "again, elsewhere", x.types("elsewhere", code), auth.CodeUsed)
	wantCode(t, "one of before", x.types("home", early), auth.CodeUsed)
	other := programmed(x.world, auth.KeyValues{PublicID: x.shown.PublicID, PrivateID: x.shown.PrivateID,
		Secret: strings.Repeat("5a", 15) + "00"})
	other.Use = 500
	wantCode(t, "one of another key", x.types("home", other.Touch()), auth.CodeWrong)
	x.slot.PlugIn()
	ok(t, "after the key was plugged in again", x.types("elsewhere", x.slot.Touch()))
	x.pass(time.Hour)
	ch, err := x.s.StepUpBegin(t.Context(), x.c, auth.ActRename, "", byYubico)
	ok(t, "begin a step-up", err)
	ok(t, "step up", lastErr(x.s.StepUpFinish(t.Context(), x.c, ch.Ceremony, typed(x.slot.Touch()))))
}

// What could not have been right is no guess; what could is counted, and rests as elsewhere.
func TestWrongYubicoOTPsAreCounted(t *testing.T) {
	x := newWorld(t).yubico()
	wrong := "cc" + x.slot.Touch()[2:]
	for range 20 {
		wantCode(t, "another keyboard", x.types("home", "123456"), auth.CodeLayout)
		wantCode(t, "half a code", x.types("home", wrong[:20]), auth.CodeIncomplete)
	}
	for range 5 {
		wantCode(t, "a wrong code", x.types("home", wrong), auth.CodeWrong)
	}
	_, err := x.s.SignInBegin(t.Context(), caller("home"), x.signIn(caller("home"), sellerMail).Ceremony, byYubico)
	wantCode(t, "after five", err, auth.MethodResting)
	x.pass(time.Hour)
	ok(t, "later", x.types("home", x.slot.Touch()))
}

// One code in many sign-ins opens one session.
func TestOneWinnerPerYubicoOTP(t *testing.T) {
	x := newWorld(t).yubico()
	code := typed(x.slot.Touch())
	var begun [16]func() error
	for i := range begun {
		c := caller("b" + string(rune('0'+i%3)))
		begun[i] = x.finish(c, x.begun(c, byYubico), code)
	}
	if won := x.winners(16, func(i int) error { return begun[i]() }); won != 1 {
		t.Errorf("one code in 16 sign-ins: got %d winners, want 1", won)
	}
}

// A copy of the key shows itself by a code that the key has not typed: the codes of both stop, and the owner is
// told. The touch of the same key and every other method go on.
func TestACopyOfYubicoOTPIsFrozen(t *testing.T) {
	x := newWorld(t).yubico()
	copied := *x.slot
	ok(t, "the key", x.types("home", x.slot.Touch()))
	x.mail()
	wantCode(t, "its copy", x.types("elsewhere", copied.Touch()), auth.KeyFrozen)
	told := false
	for _, m := range x.mail() {
		told = told || m.Args["what"] == "frozen-yubiotp"
	}
	if !told {
		t.Error("the owner: got no notice that it was frozen, want one")
	}
	info := x.signIn(caller("home"), sellerMail)
	if len(info.Methods) != 1 || info.Methods[0].Kind != auth.WebAuthn {
		t.Errorf("got %+v, want the key's touch left", info.Methods)
	}
	ok(t, "its owner lets it work again", lastErr(x.s.Unfreeze(t.Context(), x.c, x.otp.ID)))
	ok(t, "the copy goes on", x.types("elsewhere", copied.Touch()))
	wantCode(t, "and the key's, of the same counters", x.types("home", x.slot.Touch()), auth.KeyFrozen)
}

// A secret that comes from outside is bound once on the whole site: a code would else count once for each
// account that has it. Who does not know the secret cannot keep its owner out.
func TestASecretIsBoundOnce(t *testing.T) {
	w := newWorld(t)
	x := w.yubico()
	w.seller("other@example.com", "+8613800138009")
	c := with(caller("shop"), w.signIn(caller("shop"), "other@example.com").Token)
	wantCode(t, "in another account", w.importing(c, x.shown, x.slot), auth.KeyExcluded)
	wantCode(t, "in the same account", w.importing(x.c, x.shown, x.slot), auth.KeyExcluded)
	ahead := auth.KeyValues{PublicID: "vvcccccccccc", PrivateID: x.shown.PrivateID, Secret: x.shown.Secret}
	wantCode(t, "with another public id", w.importing(c, ahead, programmed(w, ahead)), auth.KeyExcluded)
	squats := auth.KeyValues{PublicID: x.shown.PublicID, PrivateID: "010203040506",
		Secret: "000102030405060708090a0b0c0d0e0f"}
	ok(t, "the public id alone", w.importing(c, squats, programmed(w, squats)))
	ok(t, "the owner's own", x.types("home", x.slot.Touch()))
}

// An import that is no key's is refused before it is begun, by the field it stands in.
func TestAnImportThatIsNone(t *testing.T) {
	x := newWorld(t).yubico()
	bad := x.shown
	bad.Secret = bad.Secret[2:]
	err := x.importing(x.c, bad, x.slot)
	wantCode(t, "a short secret", err, auth.KeyValuesMalformed)
	if e, ok := err.(*auth.Error); ok && e.Field != "secret" {
		t.Errorf("got the field %q, want secret", e.Field)
	}
}

// After a backup was put back nobody knows how far the key has typed, and the key itself goes on.
func TestYubicoOTPAfterARestore(t *testing.T) {
	x := newWorld(t).yubico()
	x.pass(time.Hour)
	ok(t, "restore", lastErr(x.s.Restored(t.Context(), true)))
	wantCode(t, "a code of before", x.types("home", x.slot.Touch()), auth.CodeUsed)
}
