package hid

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"io"
)

// A Host is a program with a channel to a device: the other side of a Transport. It asks one thing at a time.
type Host struct {
	rw      io.ReadWriter
	channel uint32

	Version      [3]byte           // the device's own: major, minor, build
	Capabilities byte              // CapabilityWink and the others
	Keepalive    func(status byte) // sees every KEEPALIVE; may be nil
}

// Open asks the device at the other end of rw for a channel.
func Open(ctx context.Context, rw io.ReadWriter) (*Host, error) {
	h := &Host{rw: rw, channel: Broadcast}
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails
	answer, err := h.Call(ctx, CommandInit, nonce)
	if err != nil {
		return nil, fmt.Errorf("opening a channel: %w", err)
	}
	if len(answer) < 17 || !bytes.Equal(answer[:nonceSize], nonce) || answer[12] != version {
		return nil, fmt.Errorf("opening a channel: INIT is answered %x", answer)
	}
	h.channel = binary.BigEndian.Uint32(answer[8:])
	h.Version, h.Capabilities = [3]byte(answer[13:16]), answer[16]
	return h, nil
}

// Call sends a message and returns the answer; what the device refuses is an Error. When ctx ends the device is sent
// CANCEL, and its answer to the request is waited for still: to give that up as well, close the stream.
func (h *Host) Call(ctx context.Context, c Command, data []byte) ([]byte, error) {
	if len(data) > MaxMessage {
		return nil, fmt.Errorf("calling a device: %d bytes, %d at most", len(data), MaxMessage)
	}
	if err := h.write(split(h.channel, c, data)); err != nil {
		return nil, fmt.Errorf("calling a device: %w", err)
	}
	done := make(chan struct{})
	cancelled := context.AfterFunc(ctx, func() {
		defer close(done)
		_ = h.write(split(h.channel, CommandCancel, nil))
	})
	answer, err := h.answer(c)
	if !cancelled() {
		<-done // the stream is the next call's
	}
	if err != nil {
		return nil, fmt.Errorf("calling a device: %w", err)
	}
	return answer, nil
}

func (h *Host) write(packets []report) error {
	for i := range packets {
		if _, err := h.rw.Write(packets[i][:]); err != nil {
			return err
		}
	}
	return nil
}

// answer reads packets until the answer to c is complete, passing over those for other channels.
func (h *Host) answer(c Command) ([]byte, error) {
	var m message
	for begun := false; ; {
		var r report
		if _, err := io.ReadFull(h.rw, r[:]); err != nil {
			return nil, err
		}
		switch {
		case r.channel() != h.channel:
			continue
		case begun:
			if err := m.proceed(&r); err != nil {
				return nil, err
			}
		case r.initial() && r.command() == CommandKeepalive:
			if h.Keepalive != nil {
				h.Keepalive(r[initialHeader])
			}
			continue
		case r.initial() && r.command() == CommandError:
			return nil, Error(r[initialHeader])
		case !r.initial() || r.command() != c || r.length() > MaxMessage:
			return nil, fmt.Errorf("command 0x%02x is answered by packet 0x%02x", byte(c), r[4])
		default:
			begun, m = true, begin(&r)
		}
		if m.complete() {
			return m.data, nil
		}
	}
}
