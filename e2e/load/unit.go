package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"time"

	"golang.org/x/sys/unix"
)

// A unit measures V, the CPU time of one bare P-256 verification, while something else is being
// measured: a machine that is slowed down by its neighbours is slow for both, and the ratio stays.
type unit struct {
	stop chan struct{}
	done chan []time.Duration
}

// startUnit verifies two signatures every 25 ms, on a thread of its own, by that thread's CPU clock.
func startUnit() (*unit, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key for V: %w", err)
	}
	digest := sha256.Sum256([]byte("one verification"))
	signature, err := ecdsa.SignASN1(rand.Reader, key, digest[:])
	if err != nil {
		return nil, fmt.Errorf("signing for V: %w", err)
	}
	u := &unit{stop: make(chan struct{}), done: make(chan []time.Duration, 1)}
	go u.sample(&key.PublicKey, digest[:], signature)
	return u, nil
}

func (u *unit) sample(key *ecdsa.PublicKey, digest, signature []byte) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	every := time.NewTicker(25 * time.Millisecond)
	defer every.Stop()
	var took []time.Duration
	for {
		before, err := threadClock()
		for range 2 {
			if !ecdsa.VerifyASN1(key, digest, signature) {
				err = fmt.Errorf("a right signature was refused")
			}
		}
		after, err2 := threadClock()
		if err == nil && err2 == nil {
			took = append(took, (after-before)/2)
		}
		select {
		case <-u.stop:
			u.done <- took
			return
		case <-every.C:
		}
	}
}

// end returns the median V since the start.
func (u *unit) end() time.Duration {
	close(u.stop)
	return median(<-u.done)
}

func threadClock() (time.Duration, error) {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_THREAD_CPUTIME_ID, &t); err != nil {
		return 0, err
	}
	return time.Duration(t.Nano()), nil
}

// median returns the middle value, the mean of the two middle ones if their number is even, 0 of none.
func median[T ~int64 | ~float64](values []T) T {
	if len(values) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(values))
	half := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return sorted[half]
	}
	return (sorted[half-1] + sorted[half]) / 2
}

// quantile returns the value below which the share q of sorted lies, by the nearest rank.
func quantile(sorted []time.Duration, q float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(q*float64(len(sorted)) + 0.999999)
	return sorted[min(max(rank, 1), len(sorted))-1]
}
