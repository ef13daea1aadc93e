package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/spf13/cobra"

	"github.com/latchkey-auth/latchkey/virtual"
	"github.com/latchkey-auth/latchkey/virtual/hid"
)

func (p *program) hidCommand() *cobra.Command {
	var tcp, usb, touch string
	cmd := &cobra.Command{
		Use:   "hid NAME --tcp ADDRESS | --uhid",
		Short: "Serve a key as a USB device is spoken to, until interrupted",
		Long: `Serve a key as a USB device is spoken to (CTAPHID), until interrupted. What changes on it is
stored at once. With --tcp programs of this machine connect to an address of it and exchange
reports of 64 bytes; the address is the first line on the standard output. With --uhid the
kernel of this Linux machine has the key plugged in, and browsers and libfido2 find it.`,
		Example: `  virtualkey hid stick --tcp 127.0.0.1:7700
  virtualkey hid stick --tcp 127.0.0.1:0 --touch ask
  sudo virtualkey hid stick --uhid --home ~/.config/virtualkey`,
		Args: takes(1, 1),
	}
	f := cmd.Flags()
	f.StringVar(&tcp, "tcp", "", "`address` of this machine to listen on; port 0: one that is free")
	f.StringVar(&usb, "uhid", "", "plug it in as a USB device of this `name`")
	f.Lookup("uhid").NoOptDefVal = "Latchkey virtual key"
	f.StringVar(&touch, "touch", "always", "`when` the user touches the key: always, never, or ask (press Enter)")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if (tcp == "") == (usb == "") {
			return errors.New("want one of --tcp ADDRESS and --uhid")
		}
		h, err := p.openHome()
		if err != nil {
			return err
		}
		finger, err := p.finger(touch)
		if err != nil {
			return err
		}
		key, err := h.take(args[0], finger.attach)
		if err != nil {
			return err
		}
		defer key.release()
		device := &keeper{key: key}
		transport := hid.New(device, hid.Options{
			NoCBOR: key.Options().Protocol == virtual.U2F, NoMSG: key.Options().NoU2F, Waiting: finger.wanted,
			Wink: func() { fmt.Fprintf(p.stderr, "virtualkey: %s winks\n", key.name) },
		})
		if tcp != "" {
			err = p.serveTCP(cmd.Context(), transport, tcp)
		} else {
			err = p.serveUHID(cmd.Context(), transport, usb)
		}
		return errors.Join(err, device.failure(), key.save())
	}
	return cmd
}

func (p *program) serveTCP(ctx context.Context, t *hid.Transport, address string) error {
	l, err := hid.Listen(address)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(p.stdout, l.Addr()); err != nil {
		return errors.Join(err, l.Close())
	}
	return t.ServeListener(ctx, l)
}

func (p *program) serveUHID(ctx context.Context, t *hid.Transport, name string) error {
	device, err := hid.OpenUHID(hid.USB{Name: name})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(p.stdout, "plugged in as %q\n", name); err != nil {
		return errors.Join(err, device.Close())
	}
	return errors.Join(device.Serve(ctx, t), device.Close())
}

// A keeper stores the key after each command that changed it, before the answer goes out: a host never sees a
// signature whose counter could be lost.
type keeper struct {
	key *stored

	mu     sync.Mutex
	failed error // the first failure to store
}

// Command answers a CTAP2 request.
func (k *keeper) Command(ctx context.Context, request []byte) []byte {
	answer := k.key.Command(ctx, request)
	if k.keep() {
		return answer
	}
	return []byte{byte(virtual.StatusOther)}
}

// APDU answers a U2F request.
func (k *keeper) APDU(ctx context.Context, request []byte) []byte {
	answer := k.key.APDU(ctx, request)
	if k.keep() {
		return answer
	}
	return []byte{0x6f, 0x00} // ISO 7816-4: no precise diagnosis
}

func (k *keeper) keep() bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.key.save(); err != nil && k.failed == nil {
		k.failed = err
	}
	return k.failed == nil
}

func (k *keeper) failure() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.failed
}

// A finger touches the key.
type finger struct {
	attach func(*virtual.Options)
	wanted func() bool // the key waits for it now; nil: never
}

// finger makes the user who is asked for.
func (p *program) finger(when string) (*finger, error) {
	switch when {
	case "always":
		return &finger{attach: func(*virtual.Options) {}}, nil
	case "never":
		return &finger{attach: func(o *virtual.Options) { o.Presence = virtual.Untouched }}, nil
	case "ask":
		return p.asking(), nil
	}
	return nil, fmt.Errorf("--touch %q: want always, never or ask", when)
}

// asking touches when a line is typed. One typed before the key waits is no touch, nor is the end of the input.
func (p *program) asking() *finger {
	lines := make(chan struct{}, 1)
	go func() {
		defer close(lines)
		in := bufio.NewScanner(p.stdin)
		for in.Scan() {
			select {
			case lines <- struct{}{}:
			default: // one that was typed before is waiting, or stale
			}
		}
	}()
	touch, wanted := hid.Watch(func(ctx context.Context, rpID string) bool {
		select {
		case <-lines:
		default:
		}
		fmt.Fprintf(p.stderr, "virtualkey: %s wants a touch: press Enter\n", or(rpID, "the computer"))
		select {
		case _, typed := <-lines:
			return typed
		case <-ctx.Done():
			return false
		}
	})
	return &finger{func(o *virtual.Options) { o.Touch = touch }, wanted}
}
