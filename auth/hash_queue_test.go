package auth_test

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	hashing "github.com/latchkey-auth/latchkey/password"
)

// hashless is a hasher of the test's cost that hashes nothing: of whom it has room for it keeps waiting.
func hashless(from io.Reader, busy, waiting int) *hashing.Hasher {
	h := hashing.NewHasher(from, busy, waiting)
	h.Cost = hashing.Cost{Memory: 64, Time: 1, Threads: 1}
	return h
}

// charged are the tries at a password that are counted before they are judged. Each is ready to be made.
func charged(k *keyed) map[string]func() func(context.Context) error {
	signIn := func(c auth.Caller) func() func(context.Context) error {
		return func() func(context.Context) error {
			return func(ctx context.Context) error {
				_, err := k.s.SignIn(ctx, c, auth.SignInForm{Identifier: target, Password: password})
				return err
			}
		}
	}
	introduced := behind("new", "203.0.113.7")
	ok(k.t, "the mailed code", k.introduce(introduced))
	return map[string]func() func(context.Context) error{
		"a stranger":            signIn(behind("late", "203.0.113.9")),
		"an introduced browser": signIn(introduced),
		"a known browser":       signIn(caller("home")),
		"behind a key": func() func(context.Context) error {
			c := behind("elsewhere", "203.0.113.10")
			ch, err := k.s.SignInKeyFirst(k.t.Context(), c, auth.KeyFirstForm{Identifier: target})
			ok(k.t, "the key first", err)
			at, err := k.s.SignInFinish(k.t.Context(), c, ch.Ceremony, touch(k.t, k.stick, ch))
			ok(k.t, "the key", err)
			return func(ctx context.Context) error {
				_, err := k.s.SignInPassword(ctx, c, at.Ceremony, password)
				return err
			}
		},
		"in the settings": func() func(context.Context) error {
			done := k.second(caller("home"), k.signIn(caller("home"), target), k.secret)
			return func(ctx context.Context) error {
				_, err := k.s.ChangePassword(ctx, with(caller("home"), done.Token), password, password)
				return err
			}
		},
	}
}

// wants fails unless err is there and says so: a code of auth, or the error.
func wantError(t *testing.T, what string, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("%s: got %v, want %v", what, err, want)
	}
}

// A password that was not judged was no guess: who fills the hasher's queue must not use up the owner's tries, nor does
// who leaves it. Nobody is told of a lock.
func TestUnjudgedPasswordIsNoGuess(t *testing.T) {
	for who := range charged(newKeyed(t)) {
		for how, unjudged := range map[string]func(*keyed, func(context.Context) error){
			"a full queue": func(k *keyed, try func(context.Context) error) {
				k.s.HashWith(hashless(rand.Reader, 0, 0))
				wantError(k.t, "with a full queue", try(k.t.Context()), auth.Refuse(auth.Unavailable))
			},
			"cut off": func(k *keyed, try func(context.Context) error) {
				k.s.HashWith(hashless(rand.Reader, 0, 1))
				ctx, cancel := context.WithCancel(k.t.Context())
				answer := make(chan error)
				go func() { answer <- try(ctx) }()
				synctest.Wait()
				cancel()
				wantError(k.t, "cut off", <-answer, context.Canceled)
			},
		} {
			t.Run(who+", "+how, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					k := newKeyed(t)
					ready, free := charged(k)[who], k.s.Hasher()
					for range 7 {
						try := ready()
						unjudged(k, try)
						k.s.HashWith(free)
					}
					ok(t, "the right password afterwards", ready()(t.Context()))
					for _, m := range k.mail() {
						if m.Template == auth.TemplateLocked {
							t.Error("a mail tells of a lock")
						}
					}
				})
			})
		}
	}
}

// A try that waits made possible and that was not judged leaves no wait behind.
func TestUnjudgedPasswordAfterAWait(t *testing.T) {
	k := newKeyed(t)
	k.fail(caller("home"), auth.Password, 5, 0)
	k.pass(time.Minute)
	free := k.s.Hasher()
	k.s.HashWith(hashless(rand.Reader, 0, 0))
	try := func() error {
		_, err := k.s.SignIn(t.Context(), caller("home"), auth.SignInForm{Identifier: target, Password: password})
		return err
	}
	wantCode(t, "with a full queue", try(), auth.Unavailable)
	k.s.HashWith(free)
	ok(t, "the right password", try())
}

// A full queue ends no wait: what a locked try was not charged is not given back to it.
func TestAFullQueueEndsNoLock(t *testing.T) {
	k := newKeyed(t)
	stranger := behind("stranger", "203.0.113.7")
	try := func(c auth.Caller, password string) error {
		return lastErr(k.s.SignIn(t.Context(), c, auth.SignInForm{Identifier: target, Password: password}))
	}
	for range 5 {
		wantCode(t, "a wrong password", try(stranger, "Wrong-Horse9"), auth.SignInRefused)
	}
	wantCode(t, "the right one of a stranger, locked", try(stranger, password), auth.SignInRefused)
	free := k.s.Hasher()
	k.s.HashWith(hashless(rand.Reader, 0, 0))
	for range 7 {
		wantCode(t, "with a full queue", try(stranger, password), auth.Unavailable)
	}
	k.s.HashWith(free)
	wantCode(t, "the right one afterwards", try(stranger, password), auth.SignInRefused)
}

// noSalt is randomness that has run out: a password is judged without, and hashed not.
type noSalt struct{}

func (noSalt) Read([]byte) (int, error) { return 0, errors.New("no entropy") }

// A right password is no guess either where the new one beside it could not be hashed.
func TestRightPasswordIsNoGuess(t *testing.T) {
	k := newKeyed(t)
	ready, free := charged(k)["in the settings"], k.s.Hasher()
	for range 7 {
		try := ready()
		k.s.HashWith(hashless(noSalt{}, 1, 0))
		if err := try(t.Context()); err == nil {
			t.Fatal("a new password was hashed without salt")
		}
		k.s.HashWith(free)
	}
	ok(t, "afterwards", ready()(t.Context()))
}

// The fifth try of strangers tells the owner of a lock only if it was wrong.
func TestARightFifthTryLocksNothing(t *testing.T) {
	k := newKeyed(t)
	c := behind("late", "203.0.113.9")
	k.fail(c, auth.Password, 4, 0)
	ok(t, "the fifth", k.succeed(c, auth.Password))
	k.fail(c, auth.Password, 4, 0)
	for _, m := range k.mail() {
		if m.Template == auth.TemplateLocked {
			t.Error("after four wrong ones, a right one, and four wrong ones: a mail tells of a lock")
		}
	}
	k.fail(c, auth.Password, 1, 0)
	k.lastMail(auth.TemplateLocked)
}

// A judged password is concluded, though who typed it has gone: a right one is no guess.
func TestJudgedPasswordIsConcluded(t *testing.T) {
	// which look at the clock comes once the hash is done
	for who, concludes := range map[string]int{"a stranger": 2, "a known browser": 2, "behind a key": 3,
		"in the settings": 2} {
		atPass := func() {}
		k := newKeyed(t, func(c *auth.Config) {
			now := c.Now
			c.Now = func() time.Time { atPass(); return now() }
		})
		ready := charged(k)[who]
		for range 7 {
			try := ready()
			ctx, leave := context.WithCancel(t.Context())
			looks := 0
			atPass = func() {
				if looks++; looks == concludes {
					leave()
				}
			}
			_ = try(ctx)
			atPass = func() {}
			if looks != concludes {
				t.Fatalf("%s: got %d looks at the clock, want %d", who, looks, concludes)
			}
		}
		if err := ready()(t.Context()); err != nil {
			t.Errorf("%s: got %v, want no error", who, err)
		}
	}
}

// Strangers wait in a queue of their own: however full it is, who has shown that he may be the owner waits in the
// first.
func TestOwnersWaitApart(t *testing.T) {
	first := map[string]bool{"an introduced browser": true, "a known browser": true, "behind a key": true,
		"in the settings": true}
	for who := range charged(newKeyed(t)) {
		t.Run(who, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newKeyed(t)
				try := charged(k)[who]()
				k.s.HashWith(hashless(rand.Reader, 0, 1))
				ctx, cancel := context.WithCancel(t.Context())
				flood := make(chan error)
				go func() {
					f := auth.SignInForm{Identifier: "nobody@example.com", Password: "x"}
					_, err := k.s.SignIn(ctx, caller("thief"), f)
					flood <- err
				}()
				synctest.Wait()
				answer := make(chan error, 1)
				go func() { answer <- try(ctx) }()
				synctest.Wait()
				select {
				case err := <-answer:
					if first[who] {
						t.Errorf("while strangers fill their queue: got %v, want it to wait", err)
					}
					wantError(t, "a stranger", err, auth.Refuse(auth.Unavailable))
				default:
					if !first[who] {
						t.Error("a stranger found room in a full queue")
					}
				}
				cancel()
				<-flood
			})
		})
	}
}

// What was not judged counts towards nothing: neither the limit of an account's own browsers, nor the day of strangers.
func TestUnjudgedPasswordsCountTowardsNothing(t *testing.T) {
	k := newKeyed(t, fewAllowed, func(c *auth.Config) { c.Policy.StrangersPerDay = 6 })
	free := k.s.Hasher()
	f := auth.SignInForm{Identifier: target, Password: password}
	callers := map[string]auth.Caller{"a known browser": caller("home"), "a stranger": behind("late", "203.0.113.9")}
	for what, c := range callers {
		for range 8 {
			k.s.HashWith(hashless(rand.Reader, 0, 0))
			wantError(t, what, lastErr(k.s.SignIn(t.Context(), c, f)), auth.Refuse(auth.Unavailable))
			k.s.HashWith(free)
		}
		ok(t, what+", judged", lastErr(k.s.SignIn(t.Context(), c, f)))
	}
}
