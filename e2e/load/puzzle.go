package main

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"

	"github.com/latchkey-auth/latchkey/puzzle"
)

// work asks for a puzzle and does its work, as a program does that asks for a new password.
func (c *client) work(ctx context.Context) (string, error) {
	raw, err := c.get(ctx, "/api/v1/puzzle", "")
	if err != nil {
		return "", fmt.Errorf("asking for a puzzle: %w", err)
	}
	var p struct{ Work puzzle.Work }
	if err := json.Unmarshal(raw, &p); err != nil {
		return "", fmt.Errorf("reading a puzzle: %w", err)
	}
	w := p.Work
	for n := 0; n <= w.MaxNumber; n++ {
		sum := sha256.Sum256([]byte(w.Salt + strconv.Itoa(n)))
		if hex.EncodeToString(sum[:]) != w.Challenge {
			continue
		}
		raw, err := json.Marshal(puzzle.Solution{Algorithm: w.Algorithm, Challenge: w.Challenge, Number: n, Salt: w.Salt,
			Signature: w.Signature})
		return base64.StdEncoding.EncodeToString(raw), err
	}
	return "", fmt.Errorf("the work has no number up to %d", w.MaxNumber)
}
