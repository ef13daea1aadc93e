package virtual_test

import (
	"context"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
)

// TestConcurrentUse has many browsers, hosts and testers at one authenticator at once (for the race detector), after
// which every credential still signs.
func TestConcurrentUse(t *testing.T) {
	a := full(t)
	c := stick(a)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for range 5 {
				register(t, c, options(`"authenticatorSelection":{"userVerification":"discouraged"}`))
				call(t, a, virtual.CommandGetInfo, nil)
				call(t, a, virtual.CommandMakeCredential, making("mei", nil))
				a.APDU(t.Context(), []byte{0, 3, 0, 0})
				a.SetBackup(true, false)
				if _, err := a.Export(); err != nil {
					t.Error(err)
				}
				a.Clone().Reset()
				a.PowerCycle()
			}
		})
	}
	wg.Wait()
	if n := len(a.Credentials()); n != 40 {
		t.Errorf("got %d credentials, want 40", n)
	}
	for _, cred := range a.Credentials() {
		list := []any{map[string]any{"id": cred.ID, "type": "public-key"}}
		call(t, a, virtual.CommandGetAssertion, getting(map[int]any{3: list}))
	}
}

// TestOneCommandAtATime: a second request waits for the first, and gives up when its own ctx ends.
func TestOneCommandAtATime(t *testing.T) {
	touch, asked := make(chan bool), make(chan struct{})
	a := device(t, virtual.Options{Touch: func(context.Context, string) bool {
		close(asked)
		return <-touch
	}})
	answer := make(chan error)
	go func() {
		_, err := host(a).Call(context.Background(), virtual.CommandSelection, nil)
		answer <- err
	}()
	<-asked
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := host(a).Call(ctx, virtual.CommandGetInfo, nil); statusOf(err) != virtual.StatusKeepaliveCancel {
		t.Errorf("meanwhile: got %v, want %v", err, virtual.StatusKeepaliveCancel)
	}
	if out := a.APDU(ctx, []byte{0, 3, 0, 0}); len(out) != 2 || out[0] != 0x69 {
		t.Errorf("meanwhile by U2F: got %x, want 6985", out)
	}
	touch <- false
	if err := <-answer; statusOf(err) != virtual.StatusUserActionTimeout {
		t.Errorf("not touched: got %v, want %v", err, virtual.StatusUserActionTimeout)
	}
}
