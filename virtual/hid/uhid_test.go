package hid

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
)

// A kernel is the other side of /dev/uhid: events in, events out.
type kernel struct {
	t    *testing.T
	file net.Conn
}

func (k *kernel) event(kind uint32, body ...[]byte) {
	k.t.Helper()
	e := event(kind)
	for _, b := range body {
		e = append(e, b...)
	}
	if _, err := k.file.Write(e); err != nil {
		k.t.Fatal(err)
	}
}

// output is what hidraw makes of a program's write of size bytes.
func (k *kernel) output(data []byte) {
	k.t.Helper()
	body := make([]byte, uhidData, uhidData+3)
	copy(body, data)
	k.event(uhidOutput, binary.NativeEndian.AppendUint16(body, uint16(len(data))), []byte{1})
}

// next is the next event from the device, by type.
func (k *kernel) next(kind uint32) []byte {
	k.t.Helper()
	e := make([]byte, uhidEvent)
	n, err := k.file.Read(e)
	if err != nil {
		k.t.Fatal(err)
	}
	if got := binary.NativeEndian.Uint32(e); got != kind {
		k.t.Fatalf("got event %d, want %d", got, kind)
	}
	return e[4:n]
}

// report is the next report a program would read.
func (k *kernel) report() *report {
	k.t.Helper()
	body := k.next(uhidInput2)
	if size := binary.NativeEndian.Uint16(body); size != ReportSize || len(body) != 2+ReportSize {
		k.t.Fatalf("got %d bytes in an event that says %d, want %d", len(body)-2, size, ReportSize)
	}
	return (*report)(body[2:])
}

// numbered is a report as hidraw hands it on: with the number of the report before it.
func numbered(r report) []byte { return append([]byte{0}, r[:]...) }

// plugged plays the kernel to a device that is being served.
func plugged(t *testing.T, play func(k *kernel, d *UHID)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		far, near := net.Pipe()
		k := &kernel{t: t, file: far}
		created := make(chan *UHID)
		go func() {
			d, err := plug(near, USB{Name: "A key", Serial: "000123", Vendor: 0x1234, Product: 0x5678}, func() {})
			if err != nil {
				t.Error(err)
			}
			created <- d
		}()
		checkCreated(t, k.next(uhidCreate2))
		d := <-created
		ctx, stop := context.WithCancel(t.Context())
		served := make(chan error)
		go func() { served <- d.Serve(ctx, New(&stick{touched: make(chan struct{})}, Options{})) }()
		k.event(2, make([]byte, 8)) // UHID_START with its flags
		play(k, d)
		go func() { _, _ = io.Copy(io.Discard, far) }() // a kernel never keeps a device waiting
		stop()
		if err := <-served; err != nil {
			t.Errorf("stopped: got %v, want nil", err)
		}
		_ = far.Close()
		if err := d.Close(); err == nil {
			t.Error("closing the device without a kernel: got no error")
		}
	})
}

// checkCreated compares a uhid_create2_req with the header of the kernel, field by field.
func checkCreated(t *testing.T, body []byte) {
	t.Helper()
	text := func(from, size int) string { return string(bytes.TrimRight(body[from:from+size], "\x00")) }
	if name, phys, uniq := text(0, 128), text(128, 64), text(192, 64); name != "A key" || phys != "" ||
		uniq != "000123" {
		t.Errorf("got name %q, phys %q, uniq %q", name, phys, uniq)
	}
	u16 := func(at int) uint16 { return binary.NativeEndian.Uint16(body[at:]) }
	u32 := func(at int) uint32 { return binary.NativeEndian.Uint32(body[at:]) }
	if int(u16(256)) != len(body)-276 || u16(258) != busUSB || u32(260) != 0x1234 || u32(264) != 0x5678 ||
		u32(272) != 0 {
		t.Errorf("got descriptor of %d in %d, bus %d, vendor %x, product %x, country %d",
			u16(256), len(body)-276, u16(258), u32(260), u32(264), u32(272))
	}
	// 06 d0 f1 and 09 01 are what operating systems look for.
	if rd := body[276:]; !bytes.HasPrefix(rd, []byte{0x06, 0xd0, 0xf1, 0x09, 0x01, 0xa1, 0x01}) ||
		rd[len(rd)-1] != 0xc0 {
		t.Errorf("got report descriptor %x", rd)
	}
}

func TestUHIDCarriesReports(t *testing.T) {
	plugged(t, func(k *kernel, _ *UHID) {
		for range 2 { // one program after the other
			k.event(4) // UHID_OPEN
			k.output(numbered(split(Broadcast, CommandInit, pattern(8))[0]))
			r := k.report()
			if r.channel() != Broadcast || r.command() != CommandInit || r.length() != 17 {
				t.Fatalf("INIT is answered %x", r)
			}
			ch := binary.BigEndian.Uint32(r[15:])
			ping := numbered(split(ch, CommandPing, nil)[0])
			k.output(ping[:40])                                     // no whole report
			k.output(append([]byte{1}, ping[1:]...))                // with a number that the descriptor does not have
			k.output(append(bytes.Clone(ping), make([]byte, 9)...)) // too long for any
			for _, packet := range split(ch, CommandPing, pattern(100)) {
				k.output(packet[:]) // without a number
			}
			r = k.report()
			m := begin(r)
			if err := m.proceed(k.report()); err != nil || !bytes.Equal(m.data, pattern(100)) {
				t.Fatalf("got %x, %v, want the bytes sent", m.data, err)
			}
			k.event(uhidClose)
		}
	})
}

// What one program began is no burden on the next.
func TestUHIDCloseAborts(t *testing.T) {
	plugged(t, func(k *kernel, _ *UHID) {
		var first uint32
		for _, end := range []uint32{uhidClose, uhidStop, uhidClose} {
			k.output(numbered(split(Broadcast, CommandInit, pattern(8))[0]))
			ch := binary.BigEndian.Uint32(k.report()[15:])
			k.output(numbered(split(ch, CommandCBOR, []byte{4})[0]))
			if r := k.report(); r.command() != CommandCBOR {
				t.Fatalf("got %x, want an answer", r)
			}
			if first != 0 {
				k.output(numbered(split(first, CommandPing, nil)[0]))
				if r := k.report(); r.command() != CommandError || Error(r[7]) != InvalidChannel {
					t.Fatalf("the last program's channel is answered %x", r)
				}
			}
			first = ch
			k.output(numbered(split(ch, CommandCBOR, []byte{1})[0])) // waits for a touch that never comes
			if r := k.report(); r.command() != CommandKeepalive {
				t.Fatalf("got %x, want KEEPALIVE", r)
			}
			k.event(end)
		}
	})
}

func TestUHIDHasNoReportsToGet(t *testing.T) {
	plugged(t, func(k *kernel, _ *UHID) {
		k.event(uhidGetReport, []byte{1, 2, 3, 4, 0, 0})
		if got := k.next(uhidGetReportReply); !bytes.Equal(got[:4], []byte{1, 2, 3, 4}) ||
			binary.NativeEndian.Uint16(got[4:]) != errnoIO || len(got) != 8 {
			t.Errorf("GET_REPORT is answered %x", got)
		}
		k.event(uhidSetReport, []byte{5, 6, 7, 8, 0, 0, 1, 0, 9})
		if got := k.next(uhidSetReportReply); !bytes.Equal(got[:4], []byte{5, 6, 7, 8}) ||
			binary.NativeEndian.Uint16(got[4:]) != errnoIO || len(got) != 6 {
			t.Errorf("SET_REPORT is answered %x", got)
		}
	})
}

func TestUHIDIsPluggedOut(t *testing.T) {
	plugged(t, func(k *kernel, d *UHID) {
		closed := make(chan error)
		go func() { closed <- d.Close() }()
		k.next(uhidDestroy)
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// A kernel that is gone is an error, not the end of a session.
func TestUHIDKernelFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		far, near := net.Pipe()
		go func() { _, _ = far.Read(make([]byte, uhidEvent)) }()
		d, err := plug(near, USB{}, func() {})
		if err != nil {
			t.Fatal(err)
		}
		_ = far.Close()
		if err := d.Serve(t.Context(), New(&stick{}, Options{})); !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("got %v, want %v", err, io.ErrUnexpectedEOF)
		}
		_ = d.Close()
	})
}

func TestUHIDNeedsShortNames(t *testing.T) {
	for _, u := range []USB{{Name: strings.Repeat("n", 128)}, {Serial: strings.Repeat("1", 64)}} {
		if _, err := plug(nil, u, nil); err == nil {
			t.Errorf("%d bytes of name and %d of serial number were taken", len(u.Name), len(u.Serial))
		}
	}
}

// On a machine without the device node, or without the right to it, the error says what is missing.
func TestOpenUHIDExplains(t *testing.T) {
	d, err := OpenUHID(USB{})
	switch {
	case err == nil: // a machine that has it, and root
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	case errors.Is(err, fs.ErrNotExist):
		if !strings.Contains(err.Error(), "modprobe uhid") {
			t.Errorf("got %q, want how to get the device node", err)
		}
	case errors.Is(err, fs.ErrPermission):
		if !strings.Contains(err.Error(), "root") {
			t.Errorf("got %q, want who may", err)
		}
	default:
		if _, stat := os.Stat("/dev/uhid"); stat != nil {
			t.Errorf("got %v, want why", err)
		}
	}
}
