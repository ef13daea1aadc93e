package main

import (
	"bufio"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/virtual"
)

// A touch that is asked for is the line typed after the question, and neither one before nor the end of the input.
func TestTouchByEnter(t *testing.T) {
	typing, keyboard := io.Pipe()
	screen, printing := io.Pipe()
	p := &program{stdin: typing, stderr: printing}
	f := p.asking()
	var o virtual.Options
	f.attach(&o)
	questions := bufio.NewReader(screen)
	touch := func(ctx context.Context) chan bool {
		done := make(chan bool, 1)
		go func() { done <- o.Touch(ctx, "shop.example") }()
		if line, err := questions.ReadString('\n'); err != nil ||
			!strings.Contains(line, "shop.example wants a touch") {
			t.Fatalf("got %q, %v, want the question", line, err)
		}
		return done
	}
	press := func(keys string) {
		if _, err := io.WriteString(keyboard, keys); err != nil {
			t.Fatal(err)
		}
	}

	if f.wanted() {
		t.Error("got a key that waits, want one that nobody asked")
	}
	press("too early\n")
	press(" ") // read once the line before was dealt with
	done := touch(t.Context())
	if !f.wanted() {
		t.Error("got a key that does not wait, want one that was asked")
	}
	press("\n")
	if !<-done {
		t.Error("Enter after the question: got no touch")
	}

	ctx, cancel := context.WithCancel(t.Context())
	done = touch(ctx)
	cancel()
	if <-done {
		t.Error("a cancelled request: got a touch")
	}
	done = touch(t.Context())
	if err := keyboard.Close(); err != nil {
		t.Fatal(err)
	}
	if <-done {
		t.Error("the end of the input: got a touch")
	}
}
