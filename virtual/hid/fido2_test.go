package hid_test

import (
	"bytes"
	"context"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/needs"
	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/hid"
)

// touch is a user who touches at once, but for waiting.example never.
func touch(ctx context.Context, rpID string) bool {
	if rpID != "waiting.example" {
		return true
	}
	<-ctx.Done()
	return false
}

// TestPythonClient has python3-fido2 do over loopback TCP what a browser and a key manager do with a stick.
func TestPythonClient(t *testing.T) {
	path := needs.Python(t, "fido2")
	watched, waiting := hid.Watch(touch)
	key, err := virtual.New(virtual.Options{
		ResidentKeys: true, ClientPIN: true, Attestation: virtual.AttestSelf, Touch: watched, Seed: []byte("python"),
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := hid.Listen("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	winks := 0
	transport := hid.New(key, hid.Options{Version: [3]byte{1, 2, 3}, Waiting: waiting, Wink: func() { winks++ }})
	served := make(chan error)
	go func() { served <- transport.ServeListener(ctx, l) }()

	limit, release := context.WithTimeout(t.Context(), 2*time.Minute)
	defer release()
	c := exec.CommandContext(limit, path, "-W", "ignore", "testdata/client.py",
		strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("%v after %q: %s", err, strings.Fields(string(out)), stderr.String())
	}
	want := "channel ping wink lock info pin wrong_pin register assertion resident management cancel busy u2f pin_lock reset"
	if got := strings.Join(strings.Fields(string(out)), " "); got != want {
		t.Errorf("got the scenes %s, want %s", got, want)
	}
	stop()
	if err := <-served; err != nil {
		t.Error(err)
	}
	if winks != 1 {
		t.Errorf("got %d winks, want 1", winks)
	}
	if n := len(key.Credentials()); n != 0 {
		t.Errorf("got %d credentials after the reset, want none", n)
	}
}
