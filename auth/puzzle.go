package auth

import (
	"context"
	"crypto/hmac"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/puzzle"
)

// This file is the puzzle that stands before what anybody can ask for anybody: a mail
// or a text to an account's owner (R10). Beginning writes nothing: the signs are
// sealed for the browser that asked. What is consumed is consumed with the act that
// it was solved for, a wrong answer too.

// A PuzzleInfo is one puzzle, for the browser that asked: a picture of signs, or work for the browser instead.
type PuzzleInfo struct {
	Puzzle  string      // names the picture, and goes back with what was read from it
	Expires time.Time   // of both
	Work    puzzle.Work // in ALTCHA's wire format; goes back solved, and alone
}

// A PuzzleAnswer is what was made of a puzzle: the signs of its picture, or its work.
type PuzzleAnswer struct {
	Puzzle, Signs string
	Work          string // base64 of ALTCHA's JSON; nothing else is asked for then
}

// sealedPuzzle is a picture's token before it is sealed for its browser.
type sealedPuzzle struct {
	ID      string    `json:"i"`
	Signs   string    `json:"s"`
	Expires time.Time `json:"e"`
	Restore uint64    `json:"r,omitempty"`
}

const (
	puzzleLife  = 10 * time.Minute
	drawAtOnce  = 2 // pictures
	puzzleUse   = "puzzle"
	puzzleBytes = 32 // of randomness for the signs
)

// Puzzle begins a puzzle.
func (s *Service) Puzzle(ctx context.Context, c Caller) (*PuzzleInfo, error) {
	sealed := sealedPuzzle{ID: s.newID(), Signs: puzzle.Text(s.random(puzzleBytes)), Restore: s.restoreEpoch()}
	salt := s.random(12)
	chance := binary.BigEndian.Uint32(s.random(4))
	info, err := do(ctx, s, c, ActLook, func(w *Work) (*PuzzleInfo, error) {
		return &PuzzleInfo{Expires: w.now.Add(puzzleLife)}, nil
	})
	if err != nil {
		return nil, err
	}
	sealed.Expires = info.Expires
	raw, err := json.Marshal(sealed)
	if err != nil {
		return nil, fmt.Errorf("writing a puzzle: %w", err)
	}
	token, err := s.keys.Seal(puzzleUse, s.sealContext(puzzleUse, c), raw)
	if err != nil {
		return nil, fmt.Errorf("sealing a puzzle: %w", err)
	}
	info.Puzzle = base64.RawURLEncoding.EncodeToString(token)
	info.Work = puzzle.NewWork(s.workKey(c), salt, chance, info.Expires)
	return info, nil
}

// PuzzlePicture draws the picture of a puzzle, a PNG: the same one each time. It draws nothing for a token that is not
// this browser's, over, or used. Refuses PuzzleOver.
func (s *Service) PuzzlePicture(ctx context.Context, c Caller, token string) ([]byte, error) {
	p, err := do(ctx, s, c, ActLook, func(w *Work) (*sealedPuzzle, error) {
		p, err := w.openPuzzle(token)
		if err != nil {
			return nil, err
		}
		return p, w.notConsumed(p.ID, PuzzleOver)
	})
	if err != nil {
		return nil, err
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, fmt.Errorf("waiting to draw: %w", ctx.Err())
	}
	return puzzle.Draw(p.Signs, [32]byte(s.mac(puzzleUse, p.ID)))
}

// openPuzzle returns the puzzle that a token is of. Whether it is used is another question. Refuses PuzzleOver.
func (w *Work) openPuzzle(token string) (*sealedPuzzle, error) {
	sealed, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil {
		return nil, Refuse(PuzzleOver)
	}
	raw, err := w.s.keys.Open(puzzleUse, w.s.sealContext(puzzleUse, w.caller), sealed)
	if err != nil {
		return nil, Refuse(PuzzleOver)
	}
	p := new(sealedPuzzle)
	if err := json.Unmarshal(raw, p); err != nil {
		return nil, fmt.Errorf("reading a puzzle: %w", err)
	}
	if !w.now.Before(p.Expires) || p.Restore != w.s.restoreEpoch() {
		return nil, Refuse(PuzzleOver)
	}
	return p, nil
}

// takePuzzle consumes the puzzle that was answered, and refuses a wrong answer:
// PuzzleNeeded for none, PuzzleOver for one to a puzzle that is used, too old or
// another browser's, and PuzzleWrong.
func (w *Work) takePuzzle(a PuzzleAnswer) error {
	if a.Work != "" {
		challenge, expires, err := puzzle.CheckWork(w.s.workKey(w.caller), a.Work, w.now)
		if errors.Is(err, puzzle.ErrWork) {
			return RefuseField(PuzzleWrong, "work")
		}
		if err != nil {
			return err
		}
		return w.consume(w.s.shortMAC("work", challenge), expires, PuzzleOver)
	}
	signs := puzzle.Fold(a.Signs)
	if a.Puzzle == "" || signs == "" {
		return RefuseField(PuzzleNeeded, "signs")
	}
	p, err := w.openPuzzle(a.Puzzle)
	if err != nil {
		return err
	}
	if err := w.consume(p.ID, p.Expires, PuzzleOver); err != nil {
		return err
	}
	if !hmac.Equal([]byte(signs), []byte(p.Signs)) {
		return RefuseField(PuzzleWrong, "signs")
	}
	return nil
}

// sparesPuzzle reports whether the caller's browser is one that the account knows, and the account has not had its
// day's mails: to strangers it tells nothing, for it is a fact of that browser's own cookie.
func (w *Work) sparesPuzzle(a *Account) (bool, error) {
	if a == nil {
		return false, nil
	}
	p, err := w.partyOf(a.ID)
	if err != nil || p.side != known {
		return false, err
	}
	q, err := w.quota(resetKey(a.ID))
	return q.Count < w.s.policy.SendsPerDay, err
}

// workKey signs the work of one browser, and no other's.
func (s *Service) workKey(c Caller) []byte {
	return s.mac("work", fmt.Sprintf("%d/%s", s.restoreEpoch(), s.sealContext(puzzleUse, c)))
}
