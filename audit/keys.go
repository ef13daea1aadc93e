package audit

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/latchkey-auth/latchkey/auth"
)

// maxKeys bounds how often a key is exchanged.
const maxKeys = 9999

// verifiers are those of all keys of the store, the oldest first.
func (s *Service) verifiers(w *auth.Work) ([]note.Verifier, error) {
	var list []note.Verifier
	for item, err := range s.keys.Prefix(w, "", maxKeys) {
		if err != nil {
			return nil, err
		}
		v, err := note.NewVerifier(item.Doc.Verifier)
		if err != nil {
			return nil, fmt.Errorf("a key that signs: %w", err)
		}
		list = append(list, v)
	}
	return list, nil
}

// verifierList is note.VerifierList without what is in it twice, which that takes for an attack.
func verifierList(list []note.Verifier) note.Verifiers {
	same := func(a note.Verifier) func(note.Verifier) bool {
		return func(b note.Verifier) bool { return a.Name() == b.Name() && a.KeyHash() == b.KeyHash() }
	}
	var once []note.Verifier
	for _, v := range list {
		if !slices.ContainsFunc(once, same(v)) {
			once = append(once, v)
		}
	}
	return note.VerifierList(once...)
}

// learn adds the keys that a file itself introduces, signed by keys that are known.
func learn(path string, known []note.Verifier) ([]note.Verifier, error) {
	err := eachLine(path, func(line []byte, torn bool) error {
		c, err := parse(line)
		if torn || err != nil || c.Next == "" || c.check(verifierList(known)) != nil {
			return nil
		}
		if v, err := note.NewVerifier(c.Next); err == nil {
			known = append(known, v)
		}
		return nil
	})
	return known, err
}

// Keys returns the verifier keys, the newest last: what to keep elsewhere, and to give to verify.
func (s *Service) Keys(ctx context.Context) ([]string, error) {
	return auth.Do(ctx, s.door, s.system(), ActLook, func(w *auth.Work) ([]string, error) {
		var list []string
		for item, err := range s.keys.Prefix(w, "", maxKeys) {
			if err != nil {
				return nil, err
			}
			list = append(list, item.Doc.Verifier)
		}
		return list, nil
	})
}

// RotateKey has another key sign from the next checkpoint on, on an operator's word. The last one of the old key names
// the new one, so that who knows the old one goes on. It returns the new verifier key.
func (s *Service) RotateKey(ctx context.Context, operator string) (string, error) {
	drawn, err := s.newSigner()
	if err != nil {
		return "", err
	}
	s.turn.Lock()
	defer s.turn.Unlock()
	if err := s.publish(ctx, false); err != nil {
		return "", err
	}
	if err := s.takeAll(ctx, false, ""); err != nil { // there is a first key then
		return "", err
	}
	next, err := auth.Do(ctx, s.door, s.door.Operator(operator), ActNewKey, func(w *auth.Work) (string, error) {
		list, err := s.verifiers(w)
		if err != nil {
			return "", err
		}
		id := fmt.Sprintf("%04d", len(list)+1)
		w.AboutSite("keys")
		w.Note(id, drawn.Verifier)
		return id, s.keys.Insert(w, id, drawn)
	})
	if err != nil {
		return "", err
	}
	return drawn.Verifier, s.takeAll(ctx, false, next)
}

// merge joins two lists of heads in the order of chains, each chain once.
func merge(a, b []auth.Head) []auth.Head {
	all := slices.Concat(a, b)
	slices.SortStableFunc(all, func(x, y auth.Head) int { return strings.Compare(x.Chain, y.Chain) })
	return slices.CompactFunc(all, func(x, y auth.Head) bool { return x.Chain == y.Chain })
}
