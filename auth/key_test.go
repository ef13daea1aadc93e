package auth_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/virtual"
)

// publicKey returns what a page hands to the browser.
func publicKey(t testing.TB, prompt json.RawMessage) []byte {
	t.Helper()
	var p struct{ PublicKey json.RawMessage }
	if err := json.Unmarshal(prompt, &p); err != nil || p.PublicKey == nil {
		t.Fatalf("prompt %s: want a member publicKey", prompt)
	}
	return p.PublicKey
}

// addKey registers the key in a browser.
func (w *world) addKey(c auth.Caller, browser *virtual.Client, flavour auth.Flavour,
	name string) (*auth.BindInfo, auth.Caller) {
	w.t.Helper()
	ch, err := w.s.BindBegin(w.t.Context(), c, auth.BindForm{Kind: auth.WebAuthn, Flavour: flavour})
	ok(w.t, "begin to register", err)
	response, err := browser.Create(publicKey(w.t, ch.Prompt))
	ok(w.t, "the browser registers", err)
	info, err := w.s.BindFinish(w.t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Name: name, Response: response})
	ok(w.t, "register", err)
	if info.Token != "" {
		c.Token = info.Token
	}
	return info, c
}

// withKey returns a seller whose first method is a key.
func (w *world) withKey(email, phone string, o virtual.Options,
	flavour auth.Flavour) (*virtual.Client, *auth.BindInfo, auth.Caller) {
	w.t.Helper()
	w.seller(email, phone)
	info := w.signIn(caller("home"), email)
	browser := stick(w.t, o)
	bound, c := w.addKey(with(caller("home"), info.Token), browser, flavour, "Blue key")
	return browser, bound, c
}

// Methods are listed in the order in which they were added.
func TestMethodsStandInTheOrderOfTheirAdding(t *testing.T) {
	w := newWorld(t)
	_, _, c := w.withKey("wei@example.com", sellerNumber, virtual.Options{}, auth.SecurityKey)
	want := []string{"Blue key"}
	for _, name := range []string{"2", "3", "4", "5", "6", "7"} {
		w.pass(time.Second)
		_, c = w.addKey(c, stick(t, virtual.Options{}), auth.SecurityKey, name)
		want = append(want, name)
	}
	info, err := w.s.Security(t.Context(), c)
	ok(t, "look", err)
	var got []string
	for _, m := range info.Methods {
		got = append(got, m.Name)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

// touch answers a challenge with the key.
func touch(t *testing.T, browser *virtual.Client, ch *auth.Challenge) json.RawMessage {
	t.Helper()
	response, err := browser.Get(publicKey(t, ch.Prompt))
	ok(t, "the browser signs", err)
	return response
}

func TestKeyAfterPassword(t *testing.T) {
	w := newWorld(t)
	browser, bound, _ := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	if !bound.First || !bound.BackupNeeded || bound.Session.AAL != 2 || bound.Session.Restricted {
		t.Errorf("the first key: got %+v, want two-step verification on and a backup asked for", bound)
	}
	c := caller("elsewhere")
	info := w.signIn(c, "seller@example.com")
	ch, err := w.s.SignInBegin(t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	response := touch(t, browser, ch)
	done, err := w.s.SignInFinish(t.Context(), c, ch.Ceremony, response)
	ok(t, "finish", err)
	if done.Step != auth.StepDone || done.Session.AAL != 2 {
		t.Errorf("after the touch: got %+v, want signed in at level 2", done)
	}
	_, err = w.s.SignInFinish(t.Context(), c, ch.Ceremony, response)
	wantCode(t, "the same assertion again", err, auth.CeremonyUsed)
}

// go-webauthn accepts the same assertion with the same session twice: single
// use is the service's.
func TestOneWinnerPerAssertion(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	c := caller("elsewhere")
	info := w.signIn(c, "seller@example.com")
	ch, err := w.s.SignInBegin(t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	use := w.finish(c, ch, touch(t, browser, ch))
	if won := w.winners(64, func(int) error { return use() }); won != 1 {
		t.Errorf("64 finishes of one assertion: got %d winners, want 1", won)
	}
}

// A challenge left after a failure is a fault of others (Keycloak #49921,
// Pocket ID fe003b92).
func TestFailedAssertionBurnsItsChallenge(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	c := caller("elsewhere")
	info := w.signIn(c, "seller@example.com")
	ch, err := w.s.SignInBegin(t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	good := touch(t, browser, ch)
	bad := []byte(strings.Replace(string(good), `"signature":"`, `"signature":"AAAA`, 1))
	_, err = w.s.SignInFinish(t.Context(), c, ch.Ceremony, bad)
	if err == nil {
		t.Fatal("a bogus signature was accepted")
	}
	_, err = w.s.SignInFinish(t.Context(), c, ch.Ceremony, good)
	wantCode(t, "the challenge after a failure", err, auth.CeremonyUsed)
	ch, err = w.s.SignInBegin(t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "the flow goes on", err)
	_, err = w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, browser, ch))
	ok(t, "a new challenge", err)
}

// D5: the key first, then the password, while the password is locked for
// strangers.
func TestKeyFirst(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	ctx := t.Context()
	for range 6 {
		_, err := w.s.SignIn(ctx, caller("thief"), auth.SignInForm{Identifier: "seller@example.com",
			Password: "Wrong-Horse9"})
		wantCode(t, "a stranger", err, auth.SignInRefused)
	}
	c := caller("hotel")
	_, err := w.s.SignIn(ctx, c, auth.SignInForm{Identifier: "seller@example.com", Password: password})
	wantCode(t, "the owner at an unknown browser", err, auth.SignInRefused)
	ch, err := w.s.SignInKeyFirst(ctx, c, auth.KeyFirstForm{Identifier: "seller@example.com"})
	ok(t, "key first", err)
	half, err := w.s.SignInFinish(ctx, c, ch.Ceremony, touch(t, browser, ch))
	ok(t, "the touch", err)
	if half.Step != auth.StepPassword || half.Token != "" {
		t.Fatalf("a touch alone: got %+v, want the password asked for", half)
	}
	_, err = w.s.SignInPassword(ctx, c, half.Ceremony, "Wrong-Horse9")
	wantCode(t, "a wrong password behind a key", err, auth.PasswordWrong)
	done, err := w.s.SignInPassword(ctx, c, half.Ceremony, password)
	ok(t, "the password", err)
	if done.Step != auth.StepDone || done.Session.AAL != 2 {
		t.Errorf("key and password: got %+v, want signed in at level 2", done)
	}
	_, err = w.s.SignInPassword(ctx, c, half.Ceremony, password)
	wantCode(t, "the flow again", err, auth.CeremonyUsed)
}

// The password step after a password is not a second step.
func TestPasswordTwiceIsNoSecondStep(t *testing.T) {
	w := newWorld(t)
	w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	c := caller("elsewhere")
	info := w.signIn(c, "seller@example.com")
	_, err := w.s.SignInPassword(t.Context(), c, info.Ceremony, password)
	wantCode(t, "the password again", err, auth.CeremonyOtherBrowser)
}

// A discoverable credential that verifies its user signs in without typing.
func TestPasskeySignsInAlone(t *testing.T) {
	w := newWorld(t)
	o := virtual.Options{ResidentKeys: true, UserVerification: virtual.UVSucceeds, Platform: true}
	browser, _, _ := w.withKey("seller@example.com", "+8613800138000", o, auth.Passkey)
	c := caller("elsewhere")
	ch, err := w.s.SignInKeyFirst(t.Context(), c, auth.KeyFirstForm{})
	ok(t, "begin", err)
	done, err := w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, browser, ch))
	ok(t, "finish", err)
	if done.Step != auth.StepDone || done.Session.AAL != 2 {
		t.Errorf("a verified discoverable credential: got %+v, want signed in at level 2", done)
	}
}

// Unknown accounts get challenges like any other, the same each time.
func TestKeyFirstTellsNobodyWhoHasAnAccount(t *testing.T) {
	w := newWorld(t)
	w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	ids := func(identifier string) (n int, all string, sealed int) {
		ch, err := w.s.SignInKeyFirst(t.Context(), caller("x"), auth.KeyFirstForm{Identifier: identifier})
		ok(t, "begin for "+identifier, err)
		var o struct {
			AllowCredentials []struct{ ID string }
		}
		if err := json.Unmarshal(publicKey(t, ch.Prompt), &o); err != nil {
			t.Fatal(err)
		}
		for _, c := range o.AllowCredentials {
			all += c.ID + " "
		}
		return len(o.AllowCredentials), all, len(ch.Ceremony)
	}
	known, _, knownLen := ids("seller@example.com")
	unknown, first, unknownLen := ids("nobody@example.com")
	_, again, _ := ids("NOBODY@example.com")
	_, other, _ := ids("somebody@example.com")
	if known == 0 || unknown == 0 {
		t.Errorf("credential ids: got %d for a known account, %d for an unknown one, want some for both",
			known, unknown)
	}
	if first != again || first == other {
		t.Error("decoy ids are not stable, or not each account's own")
	}
	if knownLen != unknownLen {
		t.Errorf("sealed ceremonies: got %d and %d characters, want the same", knownLen, unknownLen)
	}
}

// What happens to an account while its key is asked for shows in no answer: a
// stranger who waits for a change of password must not learn from it who has an
// account, nor from what a second answer to the same challenge gets.
func TestKeyFirstHidesWhatHappenedMeanwhile(t *testing.T) {
	garbage := json.RawMessage(`{"id":"AAAA","rawId":"AAAA","type":"public-key","response":{"clientDataJSON":"e30","authenticatorData":"AAAA","signature":"AAAA"}}`)
	for what, happen := range map[string]func(w *world, c auth.Caller, id string) error{
		"another password": func(w *world, c auth.Caller, _ string) error {
			return lastErr(w.s.ChangePassword(w.t.Context(), c, password, "Another-Horse9"))
		},
		"the key removed": func(w *world, c auth.Caller, id string) error {
			return lastErr(w.s.Remove(w.t.Context(), c, id))
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			_, bound, c := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
			begun := map[string]string{}
			for _, email := range []string{"seller@example.com", "nobody@example.com"} {
				ch, err := w.s.SignInKeyFirst(t.Context(), caller("stranger"), auth.KeyFirstForm{Identifier: email})
				ok(t, "begin", err)
				begun[email] = ch.Ceremony
			}
			ok(t, what, happen(w, c, bound.Authenticator.ID))
			for email, ceremony := range begun {
				for _, want := range []auth.Code{auth.KeyWrong, auth.CeremonyUsed} {
					_, err := w.s.SignInFinish(t.Context(), caller("stranger"), ceremony, garbage)
					wantCode(t, email, err, want)
				}
			}
		})
	}
}

// The fourth way in for a thief: a credential id that is bound already.
func TestCredentialIDIsBoundOnce(t *testing.T) {
	w := newWorld(t)
	browser, _, _ := w.withKey("seller@example.com", "+8613800138000", virtual.Options{Seed: []byte("one")},
		auth.SecurityKey)
	_ = browser
	w.seller("thief@example.com", "+8613800138001")
	info := w.signIn(caller("home"), "thief@example.com")
	c := with(caller("home"), info.Token)
	ch, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.WebAuthn, Flavour: auth.SecurityKey})
	ok(t, "begin", err)
	copied := stick(t, virtual.Options{Seed: []byte("one")}) // draws the same credential id
	response, err := copied.Create(publicKey(t, ch.Prompt))
	ok(t, "create", err)
	_, err = w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Response: response})
	wantCode(t, "a credential id of another account", err, auth.KeyExcluded)
}

// A counter that goes back: the key is frozen and refused, the account's other
// methods work.
func TestCloneIsFrozen(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	secret, _ := w.enrolApp(c)
	clone := *browser
	clone.Authenticators = []*virtual.Authenticator{browser.Authenticators[0].Clone()}
	sign := func(b *virtual.Client) error {
		c := caller("elsewhere")
		info := w.signIn(c, "seller@example.com")
		ch, err := w.s.SignInBegin(t.Context(), c, info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
		if err != nil {
			return err
		}
		_, err = w.s.SignInFinish(t.Context(), c, ch.Ceremony, touch(t, b, ch))
		return err
	}
	ok(t, "the original", sign(browser))
	ok(t, "the original again", sign(browser))
	wantCode(t, "the copy, behind", sign(&clone), auth.KeyFrozen)
	if err := sign(browser); err == nil {
		t.Error("a frozen key still signs in")
	}
	x := caller("elsewhere")
	w.second(x, w.signIn(x, "seller@example.com"), secret)
}

func TestStepUpTellsWhichKey(t *testing.T) {
	w := newWorld(t)
	_, _, c := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	spare := stick(t, virtual.Options{})
	_, c = w.addKey(c, spare, auth.SecurityKey, "Spare key")
	ch, err := w.s.StepUpBegin(t.Context(), c, auth.ActTest, "", auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	done, err := w.s.StepUpFinish(t.Context(), c, ch.Ceremony, touch(t, spare, ch))
	ok(t, "finish", err)
	if done.Answered.Name != "Spare key" {
		t.Errorf("which key: got %q, want Spare key", done.Answered.Name)
	}
	w.exchanged(c)
	_, err = w.s.Me(t.Context(), with(c, done.Token))
	ok(t, "the new token", err)
}

// A step-up of one session is not another's.
func TestStepUpBelongsToItsSession(t *testing.T) {
	w := newWorld(t)
	browser, _, c := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	b, err := w.s.TrustBrowser(t.Context(), c)
	ok(t, "trust", err)
	c.Browser = b.Cookie
	other := with(c, w.signIn(caller(b.Cookie), "seller@example.com").Token)
	ch, err := w.s.StepUpBegin(t.Context(), c, auth.ActRename, "", auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	_, err = w.s.StepUpFinish(t.Context(), other, ch.Ceremony, touch(t, browser, ch))
	wantCode(t, "finished in another session", err, auth.CeremonyOtherBrowser)
}

func TestRemoveNeedsAFreshProofAndEndsWhatRestedOnIt(t *testing.T) {
	w := newWorld(t)
	browser, bound, c := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	spare := stick(t, virtual.Options{})
	spareInfo, c := w.addKey(c, spare, auth.SecurityKey, "Spare key")
	ctx := t.Context()
	elsewhere := caller("elsewhere")
	info := w.signIn(elsewhere, "seller@example.com")
	ch, err := w.s.SignInBegin(ctx, elsewhere, info.Ceremony, auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "begin", err)
	done, err := w.s.SignInFinish(ctx, elsewhere, ch.Ceremony, touch(t, spare, ch))
	ok(t, "sign in with the spare key", err)
	w.pass(11 * time.Minute)
	_, err = w.s.Remove(ctx, c, spareInfo.Authenticator.ID)
	wantCode(t, "without a fresh proof", err, auth.StepUpRequired)
	ch, err = w.s.StepUpBegin(ctx, c, auth.ActRemove, spareInfo.Authenticator.ID,
		auth.MethodChoice{Kind: auth.WebAuthn})
	ok(t, "step up", err)
	up, err := w.s.StepUpFinish(ctx, c, ch.Ceremony, touch(t, browser, ch))
	ok(t, "step up", err)
	c.Token = up.Token
	gone, err := w.s.Remove(ctx, c, spareInfo.Authenticator.ID)
	ok(t, "remove", err)
	if gone.Signal == nil || len(gone.Signal.Accepted) != 1 || gone.Signal.RPID != "localhost" || gone.Ended ||
		!gone.Due.IsZero() {
		t.Errorf("removal: got %+v, want it done and one credential still accepted", gone)
	}
	_, err = w.s.Me(ctx, with(elsewhere, done.Token))
	wantCode(t, "the session that the removed key opened", err, auth.SessionEnded)
	_, err = w.s.Me(ctx, c)
	ok(t, "the caller's own session", err)
	last, err := w.s.Remove(ctx, c, bound.Authenticator.ID)
	ok(t, "remove the last", err)
	if last.Ended {
		t.Error("removing the last method: the session ended, want it to enrol again")
	}
	me, err := w.s.Me(ctx, c)
	ok(t, "after the last was removed", err)
	if !me.Session.Restricted {
		t.Error("without a second step the session must only enrol (R80)")
	}
	_, err = w.s.Remove(ctx, c, "x")
	wantCode(t, "anything else", err, auth.MustEnrol)
}

func TestHistoryTellsWhatHappened(t *testing.T) {
	w := newWorld(t)
	_, _, c := w.withKey("seller@example.com", "+8613800138000", virtual.Options{}, auth.SecurityKey)
	h, err := w.s.History(t.Context(), c, "", 2)
	ok(t, "history", err)
	if len(h.Events) != 2 || h.Events[0].Action != auth.ActAdd || h.Events[0].Item != "Blue key" || h.Next == "" {
		t.Errorf("newest events: got %+v, want the key added first, and more", h)
	}
	seen := 2
	for h.Next != "" {
		h, err = w.s.History(t.Context(), c, h.Next, 2)
		ok(t, "older", err)
		seen += len(h.Events)
	}
	if seen != 3 { // confirmed, signed in, key added
		t.Errorf("events in all: got %d, want 3", seen)
	}
	_, err = w.s.History(t.Context(), c, "x", 2)
	wantCode(t, "a bad cursor", err, auth.MalformedRequest)
	for limit, bad := range map[int]bool{-1: true, 0: true, 1: false, auth.MaxHistory: false, auth.MaxHistory +
		1: true} {
		switch _, err = w.s.History(t.Context(), c, "", limit); {
		case bad:
			wantCode(t, "a bad limit", err, auth.MalformedRequest)
		default:
			ok(t, "the bounds of the limit", err)
		}
	}
}
