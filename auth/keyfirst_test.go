package auth_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// A stolen key that is only touched must not open the account by being touched
// twice, nor together with another second step: the password is missing.
func TestKeyFirstIsNoWayRoundThePassword(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	w.enrolApp(c)
	ctx := t.Context()
	thief := caller("thief")
	ch, err := w.s.SignInKeyFirst(ctx, thief, auth.KeyFirstForm{Identifier: "seller@example.com"})
	ok(t, "key first", err)
	half, err := w.s.SignInFinish(ctx, thief, ch.Ceremony, touch(t, browser, ch))
	ok(t, "the touch", err)
	for _, kind := range []auth.Kind{auth.WebAuthn, auth.TOTP, auth.Lookup} {
		_, err = w.s.SignInBegin(ctx, thief, half.Ceremony, auth.MethodChoice{Kind: kind})
		wantCode(t, "a second step in place of the password: "+string(kind), err, auth.CeremonyOtherBrowser)
	}
}

// A challenge to a key is given to anyone who asks: it is no sign-in that has
// passed the password. Nobody gets a text, a list of methods or a guess at a
// code by it.
func TestKeyFirstChallengeOpensNothingElse(t *testing.T) {
	w := newWorld(t)
	_, _, c := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	_, c = w.enrolApp(c)
	w.addPhone(c, sellerNumber)
	ctx := t.Context()
	w.pass(time.Hour)
	w.mail()
	thief := caller("thief")
	for _, identifier := range []string{"seller@example.com", "nobody@example.com", ""} {
		ch, err := w.s.SignInKeyFirst(ctx, thief, auth.KeyFirstForm{Identifier: identifier})
		ok(t, "key first", err)
		for _, kind := range []auth.Kind{auth.Phone, auth.TOTP, auth.WebAuthn} {
			_, err = w.s.SignInBegin(ctx, thief, ch.Ceremony, auth.MethodChoice{Kind: kind})
			wantCode(t, "begin "+string(kind)+" without a password for "+identifier, err, auth.CeremonyOtherBrowser)
		}
		_, err = w.s.SignInResend(ctx, thief, ch.Ceremony, auth.SMS)
		wantCode(t, "send again without a password for "+identifier, err, auth.NoSuchMethod)
		_, err = w.s.SignInState(ctx, thief, ch.Ceremony)
		wantCode(t, "the state of a challenge for "+identifier, err, auth.CeremonyOtherBrowser)
		look, err := w.s.Challenge(ctx, thief, auth.ForSignIn, ch.Ceremony)
		ok(t, "look at the challenge for "+identifier, err)
		if len(look.Methods) != 0 || look.Delivery != nil {
			t.Errorf("look at the challenge for %q: got %+v, want no methods", identifier, look)
		}
	}
	if n := len(w.mail()); n != 0 {
		t.Errorf("before the password: got %d messages, want none", n)
	}
}

// Beginning again must not make a spent challenge good for the same assertion.
func TestSpentChallengeIsNotBegunAgain(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", sellerNumber,
		virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}, auth.Passkey)
	ctx := t.Context()
	c := caller("elsewhere")
	ch, err := w.s.SignInKeyFirst(ctx, c, auth.KeyFirstForm{Identifier: "seller@example.com"})
	ok(t, "begin", err)
	_, err = w.s.SignInFinish(ctx, c, ch.Ceremony, touch(t, browser, ch))
	ok(t, "finish", err)
	again, err := w.s.SignInResend(ctx, c, ch.Ceremony, "")
	if err == nil {
		t.Fatalf("a spent challenge begun again: got %+v, want a refusal", again)
	}
}

// A challenge for an account without keys is answered like any other: the ids
// that it names are no test for who has an account.
func TestAnswersToKeyFirstTellNobodyWhoHasAnAccount(t *testing.T) {
	w := newWorld(t)
	_, _, owner := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	handle := b64(make([]byte, 64))
	forged := func(identifier string, claim func(allowed string) string) string {
		ch, err := w.s.SignInKeyFirst(ctx, caller("x"), auth.KeyFirstForm{Identifier: identifier})
		ok(t, "begin", err)
		var o struct {
			Challenge        string
			AllowCredentials []struct{ ID string }
		}
		ok(t, "options", json.Unmarshal(publicKey(t, ch.Prompt), &o))
		allowed := ""
		if len(o.AllowCredentials) > 0 {
			allowed = o.AllowCredentials[0].ID
		}
		client := `{"type":"webauthn.get","challenge":"` + o.Challenge +
			`","origin":"http://localhost:8080","crossOrigin":false}`
		id := claim(allowed)
		answer := map[string]string{"clientDataJSON": b64([]byte(client)), "signature": b64([]byte("0123456789")),
			"authenticatorData": b64(append(rpIDHash(), 1, 0, 0, 0, 1)), "userHandle": handle}
		if handle == "" {
			delete(answer, "userHandle")
		}
		response, err := json.Marshal(map[string]any{"id": id, "rawId": id, "type": "public-key",
			"clientExtensionResults": map[string]any{}, "response": answer})
		ok(t, "response", err)
		told := ""
		for range 2 { // the second time the challenge is spent
			_, err = w.s.SignInFinish(ctx, caller("x"), ch.Ceremony, response)
			told += " " + err.Error()
			if e := new(auth.Error); errors.As(err, &e) && e.Unknown != nil {
				told += " unknown"
			}
		}
		return told
	}
	same := func(allowed string) string { return allowed }
	known, unknown := forged("seller@example.com", same), forged("nobody@example.com", same)
	if known != unknown {
		t.Errorf("a forged answer by the id that was named: got%s for a known account,%s for an unknown one",
			known, unknown)
	}
	var real, decoy string
	forged("seller@example.com", func(id string) string { real = id; return "AAAA" })
	forged("nobody@example.com", func(id string) string { decoy = id; return "AAAA" })
	for _, handle = range []string{handle, ""} {
		known = forged("", func(string) string { return real })
		unknown = forged("", func(string) string { return decoy })
		if known != unknown {
			t.Errorf("a forged answer without an identifier: got%s for a real id,%s for a decoy", known, unknown)
		}
	}
	h, err := w.s.History(ctx, owner, "", 100)
	ok(t, "history", err)
	if n := count(h, auth.ActSecondStep); n != 0 {
		t.Errorf("strangers' forged answers in the owner's history: got %d, want none", n)
	}
}

func b64(b []byte) string { return base64.RawURLEncoding.EncodeToString(b) }

func rpIDHash() []byte {
	h := sha256.Sum256([]byte("localhost"))
	return h[:]
}

// A sealed challenge has one length for strangers: for who has keys and who has none, whatever was typed around.
func TestSealedChallengesAreOfOneLength(t *testing.T) {
	w := newWorld(t)
	w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	w.seller("keyless@example.com", "+8613800138001")
	want := 0
	step := 1
	if testing.Short() {
		step = 11 // all remainders of what a cipher or an encoding pads to
	}
	for pad := 0; pad < 1024; pad += step {
		for _, identifier := range []string{"seller@example.com", "keyless@example.com", "nobody@example.com", sellerNumber} {
			for _, typed := range []string{strings.Repeat(" ", pad) + identifier, "  " + identifier + strings.Repeat("\u200b", pad),
				identifier + strings.Repeat("\x01<", pad)} {
				ch, err := w.s.SignInKeyFirst(t.Context(), caller("x"), auth.KeyFirstForm{Identifier: typed})
				ok(t, "begin", err)
				if want == 0 {
					want = len(ch.Ceremony)
				}
				if got := len(ch.Ceremony); got != want {
					t.Fatalf("%d signs around %q: got a ceremony of %d, want %d", pad, identifier, got, want)
				}
			}
		}
	}
}

// shownIDs are the credential ids that a browser is shown for an identifier.
func (w *world) shownIDs(c auth.Caller, identifier string) string {
	w.t.Helper()
	ch, err := w.s.SignInKeyFirst(w.t.Context(), c, auth.KeyFirstForm{Identifier: identifier})
	ok(w.t, "begin", err)
	var o struct{ AllowCredentials []struct{ ID string } }
	ok(w.t, "options", json.Unmarshal(publicKey(w.t, ch.Prompt), &o))
	if len(o.AllowCredentials) == 0 {
		w.t.Fatalf("%s: got no credentials, want keys or decoys", identifier)
	}
	var ids []string
	for _, k := range o.AllowCredentials {
		ids = append(ids, k.ID)
	}
	return strings.Join(ids, " ")
}

// An address and a number of one person show a stranger nothing in common, whether he has a key or not; a browser
// that he has signed in from finds his keys by both.
func TestAddressAndNumberTellNothingOfEachOther(t *testing.T) {
	w := newWorld(t)
	_, _, home := w.withKey("seller@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	_, home = w.addPhone(home, sellerNumber)
	w.seller("keyless@example.com", "+8613800138001")
	w.addPhone(with(caller("desk"), w.signIn(caller("desk"), "keyless@example.com").Token), "+8613800138001")
	for email, number := range map[string]string{"seller@example.com": sellerNumber, "keyless@example.com": "+8613800138001"} {
		if a, b := w.shownIDs(caller("stranger"), email), w.shownIDs(caller("stranger"), number); a == b {
			t.Errorf("%s and %s: got the same ids, want nothing in common", email, number)
		}
	}
	if a, b := w.shownIDs(home, "seller@example.com"), w.shownIDs(home, sellerNumber); a != b {
		t.Errorf("at home: got %s by address and %s by number, want the same keys", a, b)
	}
}

// Decoys stay for months and move on by themselves, each at a time of its own: else the first key of an account would
// show as the only change that there is.
func TestDecoysMoveOn(t *testing.T) {
	w := newWorld(t)
	changes := map[string]int{}
	before := map[string]string{}
	moved := map[int]bool{}
	for month := range 14 {
		for n := range 12 {
			who := fmt.Sprintf("nobody%d@example.com", n)
			ids := w.shownIDs(caller("x"), who)
			if month > 0 && ids != before[who] {
				changes[who]++
				moved[month] = true
			}
			before[who] = ids
		}
		w.pass(30 * 24 * time.Hour)
	}
	for who, n := range changes {
		if n < 2 || n > 3 { // 390 days of 180 each
			t.Errorf("%s: got %d changes in 13 months, want 2 or 3", who, n)
		}
	}
	if len(changes) != 12 || len(moved) < 4 {
		t.Errorf("got changes of %d identifiers in %d months, want all 12 spread over several", len(changes), len(moved))
	}
}
