package hid

import (
	"bytes"
	"context"
	"encoding/binary"
	"io"
	"net"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A stick is a device that says back what it is asked, and waits for a touch first when asked for 0x01.
type stick struct {
	touched chan struct{}
	deaf    chan struct{} // when set, 0x02 waits for it whatever ctx says
	answer  []byte        // when set, all it says
	seen    []byte        // the commands it began
}

const keepaliveCancel = 0x2d // CTAP2_ERR_KEEPALIVE_CANCEL

func (s *stick) Command(ctx context.Context, request []byte) []byte {
	s.seen = append(s.seen, request[0])
	switch {
	case s.answer != nil:
		return s.answer
	case request[0] == 0x01:
		select {
		case <-s.touched:
		case <-ctx.Done():
			return []byte{keepaliveCancel}
		}
	case request[0] == 0x02 && s.deaf != nil:
		<-s.deaf
	}
	return append([]byte{0}, request...)
}

func (s *stick) APDU(_ context.Context, request []byte) []byte {
	return append(bytes.Clone(request), 0x90, 0x00)
}

// A wire is the host's end of a connection, with all that the device has sent.
type wire struct {
	t    *testing.T
	conn net.Conn
	got  chan report
	err  chan error // what Serve returned
}

// plugIn connects a host to a transport; it belongs in a synctest bubble.
func plugIn(t *testing.T, transport *Transport) *wire {
	t.Helper()
	host, device := net.Pipe()
	w := &wire{t: t, conn: host, got: make(chan report, 4096), err: make(chan error, 1)}
	go func() { w.err <- transport.Serve(t.Context(), device) }()
	go func() {
		for {
			var r report
			if _, err := io.ReadFull(host, r[:]); err != nil {
				return
			}
			w.got <- r
		}
	}()
	t.Cleanup(func() { _ = host.Close() })
	return w
}

func (w *wire) send(packets ...report) {
	w.t.Helper()
	for _, r := range packets {
		if _, err := w.conn.Write(r[:]); err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *wire) call(channel uint32, c Command, data []byte) {
	w.t.Helper()
	w.send(split(channel, c, data)...)
}

// expect takes one message from the device.
func (w *wire) expect(channel uint32, c Command, want []byte) {
	w.t.Helper()
	r := <-w.got
	m := begin(&r)
	for !m.complete() {
		next := <-w.got
		if err := m.proceed(&next); err != nil || next.channel() != r.channel() {
			w.t.Fatalf("got packet %x in a message of channel %08x: %v", next, r.channel(), err)
		}
	}
	if r.channel() != channel || m.command != c || !bytes.Equal(m.data, want) {
		w.t.Fatalf("got command %02x on %08x: %x, want %02x on %08x: %x", m.command, r.channel(), m.data, c,
			channel, want)
	}
}

func (w *wire) refused(channel uint32, want Error) {
	w.t.Helper()
	w.expect(channel, CommandError, []byte{byte(want)})
}

// silent says that nothing has come and nothing is on its way.
func (w *wire) silent() {
	w.t.Helper()
	synctest.Wait()
	if len(w.got) > 0 {
		w.t.Fatalf("got %x, want silence", <-w.got)
	}
}

// channel asks for a channel.
func (w *wire) channel() uint32 {
	w.t.Helper()
	nonce := []byte("a nonce.")
	w.call(Broadcast, CommandInit, nonce)
	r := <-w.got
	if r.channel() != Broadcast || r.command() != CommandInit || r.length() != 17 || !bytes.Equal(r[7:15], nonce) {
		w.t.Fatalf("INIT is answered %x", r)
	}
	return binary.BigEndian.Uint32(r[15:])
}

// bubble plays one host against a stick.
func bubble(t *testing.T, o Options, play func(w *wire, s *stick, channel uint32)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &stick{touched: make(chan struct{})}
		w := plugIn(t, New(s, o))
		play(w, s, w.channel())
		w.silent()
		_ = w.conn.Close()
		if err := <-w.err; err != nil {
			t.Errorf("Serve after the host hung up: got %v, want nil", err)
		}
	})
}

// pattern is n bytes that are all over the place.
func pattern(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(i*7 + i>>8)
	}
	return b
}

func TestMessagesOfEveryLength(t *testing.T) {
	bubble(t, Options{}, func(w *wire, _ *stick, ch uint32) {
		for _, n := range []int{0, 1, 56, 57, 58, 57 + 59, 57 + 59 + 1, 1024, MaxMessage - 1, MaxMessage} {
			w.call(ch, CommandPing, pattern(n))
			w.expect(ch, CommandPing, pattern(n))
		}
		w.call(ch, CommandCBOR, append([]byte{4}, pattern(MaxMessage-2)...))
		w.expect(ch, CommandCBOR, append([]byte{0, 4}, pattern(MaxMessage-2)...))
		w.call(ch, CommandMsg, []byte{0, 3, 0, 0, 0, 0, 0})
		w.expect(ch, CommandMsg, []byte{0, 3, 0, 0, 0, 0, 0, 0x90, 0})
	})
}

func TestInit(t *testing.T) {
	winks := 0
	for _, c := range []struct {
		options Options
		want    byte
	}{
		{Options{}, CapabilityWink | CapabilityCBOR},
		{Options{NoCBOR: true}, CapabilityWink},
		{Options{NoMSG: true, Version: [3]byte{5, 4, 3}}, CapabilityWink | CapabilityCBOR | CapabilityNoMsg},
	} {
		c.options.Wink = func() { winks++ }
		bubble(t, c.options, func(w *wire, _ *stick, ch uint32) {
			w.call(ch, CommandInit, pattern(8))
			v := c.options.Version
			want := binary.BigEndian.AppendUint32(pattern(8), ch)
			w.expect(ch, CommandInit, append(want, 2, v[0], v[1], v[2], c.want))
			w.call(ch, CommandWink, nil)
			w.expect(ch, CommandWink, nil)
			for command, off := range map[Command]bool{CommandCBOR: c.options.NoCBOR, CommandMsg: c.options.NoMSG} {
				w.call(ch, command, []byte{4})
				if off {
					w.refused(ch, InvalidCommand)
				} else if r := <-w.got; r.command() != command {
					w.t.Errorf("command %02x is answered %x", command, r)
				}
			}
		})
	}
	if winks != 3 {
		t.Errorf("got %d winks, want 3", winks)
	}
}

func TestRefusals(t *testing.T) {
	const stranger = 0x01020304
	for name, play := range map[string]func(w *wire, ch uint32){
		"channel 0": func(w *wire, _ uint32) { w.call(0, CommandPing, nil); w.refused(0, InvalidChannel) },
		"channel never given": func(w *wire, _ uint32) {
			w.call(stranger, CommandCBOR, []byte{4})
			w.refused(stranger,
				InvalidChannel)
		},
		"INIT on such a channel": func(w *wire, _ uint32) {
			w.call(stranger, CommandInit, pattern(8))
			w.refused(stranger, InvalidChannel)
		},
		"PING on broadcast": func(w *wire, _ uint32) {
			w.call(Broadcast, CommandPing, nil)
			w.refused(Broadcast,
				InvalidChannel)
		},
		"command 0": func(w *wire, ch uint32) { w.call(ch, 0, nil); w.refused(ch, InvalidCommand) },
		"vendor command": func(w *wire, ch uint32) {
			w.call(ch, 0x40, pattern(300))
			w.refused(ch,
				InvalidCommand)
		},
		"KEEPALIVE from the host": func(w *wire, ch uint32) {
			w.call(ch, CommandKeepalive, []byte{1})
			w.refused(ch,
				InvalidCommand)
		},
		"ERROR from the host": func(w *wire, ch uint32) {
			w.call(ch, CommandError, []byte{1})
			w.refused(ch,
				InvalidCommand)
		},
		"short nonce": func(w *wire, ch uint32) { w.call(ch, CommandInit, pattern(7)); w.refused(ch, InvalidLength) },
		"long nonce": func(w *wire, _ uint32) {
			w.call(Broadcast, CommandInit, pattern(9))
			w.refused(Broadcast, InvalidLength)
		},
		"empty CBOR": func(w *wire, ch uint32) { w.call(ch, CommandCBOR, nil); w.refused(ch, InvalidLength) },
		"WINK with data": func(w *wire, ch uint32) {
			w.call(ch, CommandWink, []byte{1})
			w.refused(ch,
				InvalidLength)
		},
		"LOCK without seconds": func(w *wire, ch uint32) { w.call(ch, CommandLock, nil); w.refused(ch, InvalidLength) },
		"LOCK for 11 seconds": func(w *wire, ch uint32) {
			w.call(ch, CommandLock, []byte{11})
			w.refused(ch,
				InvalidParameter)
		},
		"7610 bytes": func(w *wire, ch uint32) {
			packets := split(ch, CommandPing, pattern(MaxMessage))
			binary.BigEndian.PutUint16(packets[0][5:], MaxMessage+1)
			w.send(packets...)
			w.refused(ch, InvalidLength)
		},
		"65535 bytes": func(w *wire, ch uint32) {
			first := split(ch, CommandCBOR, pattern(57))[0]
			binary.BigEndian.PutUint16(first[5:], 0xffff)
			w.send(first)
			w.refused(ch, InvalidLength)
		},
		"sequence with a gap": func(w *wire, ch uint32) {
			packets := split(ch, CommandPing, pattern(300))
			w.send(packets[0], packets[1], packets[3], packets[4])
			w.refused(ch, InvalidSequence)
		},
		"sequence repeated": func(w *wire, ch uint32) {
			packets := split(ch, CommandPing, pattern(300))
			w.send(packets[0], packets[1], packets[1])
			w.refused(ch, InvalidSequence)
		},
		"sequence from 1": func(w *wire, ch uint32) {
			packets := split(ch, CommandPing, pattern(300))
			w.send(packets[0], packets[2])
			w.refused(ch, InvalidSequence)
		},
		"message in a message": func(w *wire, ch uint32) {
			w.send(split(ch, CommandPing, pattern(300))[:2]...)
			w.call(ch, CommandPing, nil)
			w.refused(ch, InvalidSequence)
		},
		"continuation of nothing": func(w *wire, ch uint32) {
			w.send(split(ch, CommandPing, pattern(300))[1:]...)
			w.send(split(stranger, CommandPing, pattern(300))[1:]...)
		},
		"CANCEL of what is not complete": func(w *wire, ch uint32) {
			packets := split(ch, CommandPing, pattern(300))
			w.send(packets[:2]...)
			w.call(ch, CommandCancel, nil)
			w.send(packets[2:]...)
			w.expect(ch, CommandPing, pattern(300))
		},
		"CANCEL of nothing": func(w *wire, ch uint32) {
			w.call(ch, CommandCancel, nil)
			w.call(stranger, CommandCancel, pattern(57))
			w.call(Broadcast, CommandCancel, nil)
		},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Options{}, func(w *wire, _ *stick, ch uint32) {
				play(w, ch)
				w.silent()
				w.call(ch, CommandPing, pattern(100)) // none of it has harmed the next message
				w.expect(ch, CommandPing, pattern(100))
			})
		})
	}
}

func TestUnfinishedMessageTimesOut(t *testing.T) {
	for options, want := range map[*Options]time.Duration{{}: 3 * time.Second,
		{Timeout: 500 * time.Millisecond}: 500 * time.Millisecond} {
		bubble(t, *options, func(w *wire, _ *stick, ch uint32) {
			start, packets := time.Now(), split(ch, CommandPing, pattern(300))
			w.send(packets[0], packets[1])
			other := w.channel()
			w.call(other, CommandPing, nil)
			w.refused(other, ChannelBusy)
			w.refused(ch, MessageTimeout)
			if got := time.Since(start); got != want {
				w.t.Errorf("timed out after %v, want %v", got, want)
			}
			w.send(packets[2:]...) // too late, and no message of its own
			w.silent()
			w.call(other, CommandPing, nil)
			w.expect(other, CommandPing, nil)
			w.send(packets...) // a complete one never does
			w.expect(ch, CommandPing, pattern(300))
			time.Sleep(time.Minute)
		})
	}
}

func TestInterleavedChannels(t *testing.T) {
	bubble(t, Options{}, func(w *wire, _ *stick, first uint32) {
		second := w.channel()
		if first == second || first == 0 || second == 0 {
			w.t.Fatalf("got channels %08x and %08x", first, second)
		}
		packets := split(first, CommandPing, pattern(500))
		for i, r := range packets {
			w.send(r)
			if i == len(packets)-1 {
				break
			}
			w.call(second, CommandPing, pattern(10)) // alone
			w.refused(second, ChannelBusy)
			w.send(split(second, CommandPing, pattern(500))[i+1]) // as if it belonged to what was refused
			w.call(second, CommandInit, pattern(8))               // its own business
			if answer := <-w.got; answer.channel() != second || answer.command() != CommandInit {
				w.t.Fatalf("INIT on another channel is answered %x", answer)
			}
		}
		w.expect(first, CommandPing, pattern(500))
		w.call(second, CommandPing, pattern(10))
		w.expect(second, CommandPing, pattern(10))
	})
}

func TestResynchronizeWhileReceiving(t *testing.T) {
	bubble(t, Options{}, func(w *wire, _ *stick, ch uint32) {
		w.send(split(ch, CommandPing, pattern(300))[:3]...)
		w.call(ch, CommandInit, pattern(8))
		if r := <-w.got; r.channel() != ch || r.command() != CommandInit {
			w.t.Fatalf("INIT is answered %x", r)
		}
		w.send(split(ch, CommandPing, pattern(300))[3:]...) // flushed with the rest
		w.silent()
		time.Sleep(time.Minute) // nor does it time out
	})
}

func TestKeepaliveWhileTheDeviceWorks(t *testing.T) {
	var waiting atomic.Bool
	bubble(t, Options{Waiting: waiting.Load}, func(w *wire, s *stick, ch uint32) {
		start := time.Now()
		w.call(ch, CommandCBOR, []byte{1, 2, 3})
		w.expect(ch, CommandKeepalive, []byte{StatusProcessing})
		waiting.Store(true)
		for range 20 {
			w.expect(ch, CommandKeepalive, []byte{StatusUPNeeded})
		}
		if got := time.Since(start); got != 2100*time.Millisecond {
			w.t.Errorf("21 keepalives took %v, want one each 100 ms", got)
		}
		w.call(ch, CommandCBOR, []byte{4})
		w.refused(ch, ChannelBusy)
		other := w.channel()
		w.call(other, CommandCBOR, []byte{4})
		w.refused(other, ChannelBusy)
		w.call(other, CommandCancel, nil) // not its to cancel
		w.silent()
		s.touched <- struct{}{}
		w.expect(ch, CommandCBOR, []byte{0, 1, 2, 3})
		time.Sleep(time.Second) // and not one more
	})
}

func TestCancelWhileTheDeviceWaits(t *testing.T) {
	bubble(t, Options{}, func(w *wire, _ *stick, ch uint32) {
		w.call(ch, CommandCBOR, []byte{1})
		w.call(ch, CommandCancel, nil)
		w.call(ch, CommandCancel, nil) // hosts repeat it
		w.expect(ch, CommandCBOR, []byte{keepaliveCancel})
		w.call(ch, CommandCBOR, []byte{4})
		w.expect(ch, CommandCBOR, []byte{0, 4})
	})
}

func TestResynchronizeWhileTheDeviceWorks(t *testing.T) {
	bubble(t, Options{}, func(w *wire, s *stick, ch uint32) {
		s.deaf = make(chan struct{})
		for _, command := range []byte{2, 3} { // the second is taken, though the device is not done with the first
			w.call(ch, CommandCBOR, []byte{command})
			synctest.Wait()
			w.call(ch, CommandInit, pattern(8))
			if r := <-w.got; r.channel() != ch || r.command() != CommandInit {
				w.t.Fatalf("INIT is answered %x", r)
			}
		}
		w.call(ch, CommandCBOR, []byte{4})
		w.expect(ch, CommandKeepalive, []byte{StatusProcessing})
		close(s.deaf)
		w.expect(ch, CommandCBOR, []byte{0, 4}) // and what was aborted is not answered
		if want := []byte{2, 4}; !bytes.Equal(s.seen, want) {
			w.t.Errorf("the device began %x, want %x: not what was aborted before", s.seen, want)
		}
	})
}

func TestLock(t *testing.T) {
	bubble(t, Options{}, func(w *wire, _ *stick, holder uint32) {
		other := w.channel()
		ping := func(ch uint32) { w.call(ch, CommandPing, nil); w.expect(ch, CommandPing, nil) }
		lock := func(seconds byte) { w.call(holder, CommandLock, []byte{seconds}); w.expect(holder, CommandLock, nil) }
		shut := func() {
			w.call(other, CommandPing, nil)
			w.refused(other, ChannelBusy)
			w.call(Broadcast, CommandInit, pattern(8))
			w.refused(Broadcast, ChannelBusy)
			w.call(other, CommandLock, []byte{0})
			w.refused(other, ChannelBusy)
		}
		lock(10)
		shut()
		ping(holder)
		time.Sleep(9 * time.Second)
		shut()
		lock(10) // prolonged
		time.Sleep(9 * time.Second)
		shut()
		time.Sleep(time.Second)
		ping(other)
		lock(5)
		shut()
		lock(0)
		ping(other)
	})
}

func TestAnswersThatNoFrameCarries(t *testing.T) {
	for _, answer := range [][]byte{{}, pattern(MaxMessage + 1)} {
		bubble(t, Options{}, func(w *wire, s *stick, ch uint32) {
			s.answer = answer
			w.call(ch, CommandCBOR, []byte{4})
			w.refused(ch, OtherError)
		})
	}
}

func TestOldestChannelIsForgotten(t *testing.T) {
	bubble(t, Options{}, func(w *wire, _ *stick, first uint32) {
		w.call(first, CommandCBOR, []byte{1}) // waits
		channels := []uint32{first}
		for range maxChannels {
			channels = append(channels, w.channel())
		}
		slices.Sort(channels[1:])
		if len(slices.Compact(channels[1:])) != maxChannels || slices.Contains(channels[1:], first) {
			w.t.Error("a channel was given twice")
		}
		w.call(first, CommandPing, nil)
		w.refused(first, InvalidChannel)
		w.call(channels[9], CommandPing, nil) // not busy: what the forgotten one did went with it
		w.expect(channels[9], CommandPing, nil)
	})
}
