package auth_test

import (
	"bytes"
	"image/png"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// puzzled is a puzzle of a browser, with the signs of its picture.
func (w *world) puzzled(c auth.Caller) (p *auth.PuzzleInfo, signs string) {
	w.t.Helper()
	p, err := w.s.Puzzle(w.t.Context(), c)
	ok(w.t, "puzzle", err)
	if signs = w.s.SignsOf(c, p.Puzzle); len(signs) != 6 {
		w.t.Fatalf("the signs: got %q, want six", signs)
	}
	return p, signs
}

func (w *world) forgotBy(c auth.Caller, identifier string, a auth.PuzzleAnswer) error {
	_, err := w.s.Forgot(w.t.Context(), c, auth.ForgotForm{Identifier: identifier, PuzzleAnswer: a})
	return err
}

// resets counts the reset mails that were sent since the last look.
func (w *world) resets() (n int) {
	w.t.Helper()
	for _, m := range w.mail() {
		if m.Template == auth.TemplateReset {
			n++
		}
	}
	return n
}

// What a puzzle takes, and whose: every way to answer it, for an account and for nobody's identifier alike.
func TestAPuzzleStandsBeforeAForgottenPassword(t *testing.T) {
	thief := caller("thief")
	for name, c := range map[string]struct {
		answer func(*world) auth.PuzzleAnswer
		want   auth.Code
	}{
		"nothing": {func(*world) auth.PuzzleAnswer { return auth.PuzzleAnswer{} }, auth.PuzzleNeeded},
		"no signs": {func(w *world) auth.PuzzleAnswer {
			p, _ := w.puzzled(thief)
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: " "}
		}, auth.PuzzleNeeded},
		"its signs": {func(w *world) auth.PuzzleAnswer {
			p, signs := w.puzzled(thief)
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: signs}
		}, ""},
		"small and full-width": {func(w *world) auth.PuzzleAnswer {
			p, signs := w.puzzled(thief)
			wide := ""
			for _, r := range signs {
				wide += string(r - 'A' + 'ａ')
			}
			if signs[0] >= 'A' {
				wide = string(rune(signs[0])-'A'+'ａ') + signs[1:3] + " " + signs[3:]
			} else {
				wide = string(rune(signs[0])-'0'+'０') + signs[1:]
			}
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: wide}
		}, ""},
		"other signs": {func(w *world) auth.PuzzleAnswer {
			p, _ := w.puzzled(thief)
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: "AAAAA0"}
		}, auth.PuzzleWrong},
		"another browser's": {func(w *world) auth.PuzzleAnswer {
			p, signs := w.puzzled(caller("other"))
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: signs}
		}, auth.PuzzleOver},
		"a forged one": {func(*world) auth.PuzzleAnswer {
			return auth.PuzzleAnswer{Puzzle: "AAAA", Signs: "AAAAAA"}
		}, auth.PuzzleOver},
		"too late": {func(w *world) auth.PuzzleAnswer {
			p, signs := w.puzzled(thief)
			w.pass(10 * time.Minute)
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: signs}
		}, auth.PuzzleOver},
		"before a restore": {func(w *world) auth.PuzzleAnswer {
			p, signs := w.puzzled(thief)
			_, err := w.s.Restored(w.t.Context(), false)
			ok(w.t, "restored", err)
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: signs}
		}, auth.PuzzleOver},
		"its work": {func(w *world) auth.PuzzleAnswer {
			p, _ := w.puzzled(thief)
			return auth.PuzzleAnswer{Work: worked(p.Work)}
		}, ""},
		"another browser's work": {func(w *world) auth.PuzzleAnswer {
			p, _ := w.puzzled(caller("other"))
			return auth.PuzzleAnswer{Work: worked(p.Work)}
		}, auth.PuzzleWrong},
		"work too late": {func(w *world) auth.PuzzleAnswer {
			p, _ := w.puzzled(thief)
			w.pass(10 * time.Minute)
			return auth.PuzzleAnswer{Work: worked(p.Work)}
		}, auth.PuzzleWrong},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seller("seller@example.com", sellerNumber)
			w.mail()
			for _, who := range []string{"seller@example.com", "nobody@example.com"} {
				err := w.forgotBy(thief, who, c.answer(w))
				if c.want == "" {
					ok(t, who, err)
				} else {
					wantCode(t, who, err, c.want)
				}
			}
			if want := map[bool]int{true: 1}[c.want == ""]; w.resets() != want {
				t.Errorf("got another number of mails, want %d", want)
			}
		})
	}
}

// One puzzle is one request, whoever wins; a wrong answer uses it up, and its picture is drawn no more.
func TestAPuzzleIsUsedOnce(t *testing.T) {
	for name, make := range map[string]func(*world) auth.PuzzleAnswer{
		"signs": func(w *world) auth.PuzzleAnswer {
			p, signs := w.puzzled(caller("x"))
			return auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: signs}
		},
		"work": func(w *world) auth.PuzzleAnswer {
			p, _ := w.puzzled(caller("x"))
			return auth.PuzzleAnswer{Work: worked(p.Work)}
		},
	} {
		w := newWorld(t)
		answer := make(w)
		if won := w.winners(64, func(int) error { return w.forgotBy(caller("x"), "nobody@example.com", answer) }); won != 1 {
			t.Errorf("%s: got %d winners of 64, want 1", name, won)
		}
	}
	w := newWorld(t)
	ctx := t.Context()
	p, signs := w.puzzled(caller("x"))
	first, err := w.s.PuzzlePicture(ctx, caller("x"), p.Puzzle)
	ok(t, "the picture", err)
	again, err := w.s.PuzzlePicture(ctx, caller("x"), p.Puzzle)
	ok(t, "the picture again", err)
	if _, bad := png.Decode(bytes.NewReader(first)); bad != nil || !bytes.Equal(first, again) {
		t.Errorf("the picture: got %v and another the second time, want one PNG", bad)
	}
	_, err = w.s.PuzzlePicture(ctx, caller("y"), p.Puzzle)
	wantCode(t, "another browser's picture", err, auth.PuzzleOver)
	wrong := auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: "WRONG9"}
	wantCode(t, "wrong", w.forgotBy(caller("x"), "nobody@example.com", wrong), auth.PuzzleWrong)
	right := auth.PuzzleAnswer{Puzzle: p.Puzzle, Signs: signs}
	wantCode(t, "right behind wrong", w.forgotBy(caller("x"), "nobody@example.com", right), auth.PuzzleOver)
	_, err = w.s.PuzzlePicture(ctx, caller("x"), p.Puzzle)
	wantCode(t, "its picture", err, auth.PuzzleOver)
	w.pass(time.Hour)
	_, err = w.s.PuzzlePicture(ctx, caller("x"), p.Puzzle)
	wantCode(t, "an old picture", err, auth.PuzzleOver)
}

// A browser that the account knows is asked for nothing, until the account has had its day's mails; that it is known to
// one account helps it with no other.
func TestKnownBrowsersAreSparedThePuzzle(t *testing.T) {
	w := newWorld(t)
	secret, _ := w.enrolled("seller@example.com", sellerNumber)
	w.seller("other@example.com", "+8613900139000")
	home := caller("home")
	none := auth.PuzzleAnswer{}
	wantCode(t, "unknown", w.forgotBy(caller("x"), "seller@example.com", none), auth.PuzzleNeeded)
	w.second(home, w.signIn(home, "seller@example.com"), secret)
	w.mail()
	ok(t, "known", w.forgotBy(home, "seller@example.com", none))
	wantCode(t, "known to another account", w.forgotBy(home, "other@example.com", none), auth.PuzzleNeeded)
	wantCode(t, "nobody", w.forgotBy(home, "nobody@example.com", none), auth.PuzzleNeeded)
	for range 9 {
		w.pass(time.Minute)
		ok(t, "known", w.forgotBy(home, "seller@example.com", none))
	}
	w.pass(time.Minute)
	wantCode(t, "after the day's mails", w.forgotBy(home, "seller@example.com", none), auth.PuzzleNeeded)
	if n := w.resets(); n != 10 {
		t.Errorf("got %d mails, want 10", n)
	}
	w.pass(24 * time.Hour)
	ok(t, "the day after", w.forgotBy(home, "seller@example.com", none))
}
