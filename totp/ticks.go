package totp

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// ticks is the Data of a hardware token by time: see the package's drawing. Its
// clock cannot be set, so how far it is off is remembered (RFC 6238 §6), each
// time that one of its codes is taken.
type ticks struct {
	Secret    string    `json:"s"` // base32, unpadded
	Algorithm Algorithm `json:"a"`
	Digits    int       `json:"d"`
	Period    int64     `json:"p"`
	Last      int64     `json:"l"`
	Drift     int64     `json:"o,omitempty"`
	Far       int64     `json:"r,omitempty"`
	Until     time.Time `json:"u,omitzero"`
}

// byTime reports whether what is stored of an authenticator is ticks.
func byTime(a *auth.Authenticator) bool {
	var is struct {
		Period *int64 `json:"p"`
	}
	return json.Unmarshal(a.Data, &is) == nil && is.Period != nil
}

// check says what is wrong with stored ticks.
func (k ticks) check() error {
	if k.Period < minPeriod || k.Period > maxPeriod {
		return fmt.Errorf("period of %d seconds", k.Period)
	}
	return stored(k.Secret, k.Algorithm, k.Digits)
}

func (k ticks) length() int { return k.Digits }

// code is the code of a step.
func (k ticks) code(at int64) (string, error) {
	return code(k.Secret, k.Algorithm, k.Digits, uint64(at))
}

// at is the ticks once the code of a step was taken, at the step here of our clock.
func (k ticks) at(step, here int64) ticks {
	k.Last, k.Drift = step, step-here
	k.Far, k.Until = 0, time.Time{}
	return k
}

func (k ticks) judge(f *Counter, c *auth.Ceremony, digits string) (moving, auth.Code, error) {
	now := wall(c)
	if now.Unix() < 0 {
		return k, "", errors.New("checking a code: the time is not set")
	}
	window := int64(f.config.Window)
	if !c.Restored.IsZero() { // the last step that the backup knows is not the last that was used
		k.Last = max(k.Last, c.Restored.Unix()/k.Period+k.Drift+window)
	}
	here := now.Unix() / k.Period
	near := here + k.Drift
	step, err := k.search(digits, near-window, near+window)
	if err != nil {
		return k, "", err
	}
	if step > k.Last {
		return k.at(step, here), "", nil
	}
	if step >= 0 {
		return k, auth.CodeUsed, nil
	}
	if k.Far > k.Last && c.Now.Before(k.Until) {
		if step, err = k.search(digits, k.Far+1, k.Far+1); err != nil {
			return k, "", err
		}
		if step >= 0 {
			return k.at(step, here), "", nil
		}
	}
	return k.remember(f, c.Now, digits, near)
}

// remember looks further away for the digits. What is found there is a wrong
// code, whose successor will be believed.
func (k ticks) remember(f *Counter, now time.Time, digits string, near int64) (moving, auth.Code, error) {
	reach, window := int64(f.config.reach()/2), int64(f.config.Window)
	for _, side := range [][2]int64{{near + window + 1, near + reach}, {near - reach, near - window - 1}} {
		step, err := k.search(digits, side[0], side[1])
		switch {
		case err != nil:
			return k, "", err
		case step >= 0 && step <= k.Last:
			return k, auth.CodeUsed, nil
		case step >= 0:
			k.Far, k.Until = step, now.Add(successorWait).UTC()
			return k, auth.CodeWrong, nil
		}
	}
	return k, auth.CodeWrong, nil
}

// search returns the latest of the given steps whose code the digits are, -1
// if there is none. It looks at every step, in constant time each.
func (k ticks) search(digits string, from, to int64) (int64, error) {
	found := int64(-1)
	for s := max(from, 0); s <= to; s++ {
		want, err := k.code(s)
		if err != nil {
			return -1, err
		}
		if subtle.ConstantTimeCompare([]byte(want), []byte(digits)) == 1 {
			found = s
		}
	}
	return found, nil
}
