package hid

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"sync"
)

// The events of linux/uhid.h that are spoken here.
const (
	uhidDestroy        = 1
	uhidStop           = 3
	uhidClose          = 5
	uhidOutput         = 6
	uhidGetReport      = 9
	uhidGetReportReply = 10
	uhidCreate2        = 11
	uhidInput2         = 12
	uhidSetReport      = 13
	uhidSetReportReply = 14
)

const (
	uhidData  = 4096 // bytes of a report or of a report descriptor in an event
	uhidEvent = 4380 // bytes of the longest event
	busUSB    = 3
	errnoIO   = 5
)

// A USB is how the device presents itself to the kernel.
type USB struct {
	Name    string // at most 127 bytes; "Latchkey virtual key" when empty
	Serial  string // at most 63 bytes
	Vendor  uint16 // 0x1209:0x0001, the identifiers that pid.codes keeps for tests, when both are 0
	Product uint16
}

// A UHID is a HID device of this machine's Linux kernel. Programs find it like one that is plugged in, as a
// /dev/hidraw node.
type UHID struct {
	kernel  io.ReadWriteCloser
	events  chan kernelEvent // closed when the kernel has no more
	failed  error            // why; set before
	removed chan struct{}    // closed by Close
	once    sync.Once
}

// A kernelEvent is what a session is told: a report, or with another kind its end.
type kernelEvent struct {
	kind   uint32
	report report
}

// OpenUHID plugs the device in. It needs write access to /dev/uhid, which usually means root. It raises GOMAXPROCS to
// 4,
// so that what the kernel has to say is heard at once.
func OpenUHID(u USB) (*UHID, error) {
	kernel, err := openKernel()
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("plugging the key in: the kernel has no user-space HID (modprobe uhid): %w", err)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("plugging the key in: this user may not (root may): %w", err)
	case err != nil:
		return nil, fmt.Errorf("plugging the key in: %w", err)
	}
	d, err := plug(kernel, u, urgent)
	if err != nil {
		return nil, errors.Join(err, kernel.Close())
	}
	return d, nil
}

// plug creates the device over an open /dev/uhid. The goroutine that reads it calls prepare first.
func plug(kernel io.ReadWriteCloser, u USB, prepare func()) (*UHID, error) {
	if u.Name == "" {
		u.Name = "Latchkey virtual key"
	}
	if u.Vendor == 0 && u.Product == 0 {
		u.Vendor, u.Product = 0x1209, 0x0001
	}
	if len(u.Name) > 127 || len(u.Serial) > 63 {
		return nil, fmt.Errorf("plugging the key in: a name of %d bytes and a serial number of %d", len(u.Name),
			len(u.Serial))
	}
	if _, err := kernel.Write(u.create()); err != nil {
		return nil, fmt.Errorf("plugging the key in: %w", err)
	}
	d := &UHID{kernel: kernel, events: make(chan kernelEvent, 1024), removed: make(chan struct{})}
	go func() {
		prepare()
		d.pump()
	}()
	return d, nil
}

// create is the event that makes the device: uhid_create2_req. Numbers are the machine's own.
func (u USB) create() []byte {
	descriptor := descriptor()
	e := event(uhidCreate2)
	e = append(e, fixed(u.Name, 128)...)
	e = append(e, fixed("", 64)...)
	e = append(e, fixed(u.Serial, 64)...)
	e = binary.NativeEndian.AppendUint16(e, uint16(len(descriptor)))
	e = binary.NativeEndian.AppendUint16(e, busUSB)
	e = binary.NativeEndian.AppendUint32(e, uint32(u.Vendor))
	e = binary.NativeEndian.AppendUint32(e, uint32(u.Product))
	e = binary.NativeEndian.AppendUint32(e, 0x0100) // version
	e = binary.NativeEndian.AppendUint32(e, 0)      // country
	return append(e, descriptor...)
}

// descriptor is the report descriptor of a FIDO device (CTAP 2.1 §11.2.8.1).
func descriptor() []byte {
	return []byte{
		0x06, 0xd0, 0xf1, // usage page 0xf1d0: FIDO
		0x09, 0x01, // usage: CTAPHID
		0xa1, 0x01, // collection: application
		0x09, 0x20, // usage: data in
		0x15, 0x00, 0x26, 0xff, 0x00, // 0 to 255
		0x75, 0x08, 0x95, ReportSize, // 64 of 8 bits
		0x81, 0x02, // input: data, variable, absolute
		0x09, 0x21, // usage: data out
		0x15, 0x00, 0x26, 0xff, 0x00,
		0x75, 0x08, 0x95, ReportSize,
		0x91, 0x02, // output: data, variable, absolute
		0xc0, // end
	}
}

// Serve lets the programs of this machine reach t until ctx ends or the device is closed (nil), or the kernel fails.
// While any program holds the device open they are one host to t; when the last one closes it, what it had begun is
// aborted.
func (d *UHID) Serve(ctx context.Context, t *Transport) error {
	for {
		err := t.Serve(ctx, &session{device: d, closed: make(chan struct{})})
		switch {
		case ctx.Err() != nil || d.closed():
			return nil
		case err != nil:
			return err
		}
	}
}

// Close plugs the device out.
func (d *UHID) Close() error {
	d.once.Do(func() { close(d.removed) })
	_, err := d.kernel.Write(event(uhidDestroy)) // what it says to that, UHID_STOP, ends pump
	return errors.Join(err, d.kernel.Close())
}

func (d *UHID) closed() bool {
	select {
	case <-d.removed:
		return true
	default:
		return false
	}
}

// pump takes events from the kernel as they come, and at once: the kernel queues 32 of them and then drops what
// programs send, while a real bus would hold the programs up.
func (d *UHID) pump() {
	defer close(d.events)
	e := make([]byte, uhidEvent)
	for !d.closed() {
		clear(e)
		n, err := d.kernel.Read(e)
		switch {
		case errors.Is(err, io.EOF): // a session's end is another thing
			err = io.ErrUnexpectedEOF
		case err == nil && n < 4:
			err = fmt.Errorf("an event of %d bytes", n)
		}
		if err == nil {
			err = d.handle(binary.NativeEndian.Uint32(e), e[4:])
		}
		if err != nil {
			d.failed = err
			return
		}
	}
}

// tell hands an event on to the session.
func (d *UHID) tell(e kernelEvent) {
	select {
	case d.events <- e:
	case <-d.removed:
	}
}

// handle answers an event or hands it on.
func (d *UHID) handle(kind uint32, body []byte) error {
	var err error
	switch kind {
	case uhidOutput:
		if r, ok := output(body); ok {
			d.tell(kernelEvent{kind, r})
		}
	case uhidClose, uhidStop:
		d.tell(kernelEvent{kind: kind})
	case uhidGetReport: // a FIDO device has none to get or set: an I/O error, at once instead of after 5 s
		reply := binary.NativeEndian.AppendUint16(append(event(uhidGetReportReply), body[:4]...), errnoIO)
		_, err = d.kernel.Write(binary.NativeEndian.AppendUint16(reply, 0)) // of no bytes
	case uhidSetReport:
		reply := append(event(uhidSetReportReply), body[:4]...)
		_, err = d.kernel.Write(binary.NativeEndian.AppendUint16(reply, errnoIO))
	}
	return err
}

// A session is the time from one UHID_CLOSE to the next, as a stream of reports.
type session struct {
	device *UHID
	once   sync.Once
	closed chan struct{}
}

// Read returns the next report that a program wrote; io.EOF when the last program has closed the device.
func (s *session) Read(b []byte) (int, error) {
	select {
	case e, ok := <-s.device.events:
		switch {
		case !ok && s.device.failed != nil:
			return 0, s.device.failed
		case !ok || e.kind != uhidOutput:
			return 0, io.EOF
		}
		return copy(b, e.report[:]), nil
	case <-s.device.removed:
		return 0, io.EOF
	case <-s.closed:
		return 0, fs.ErrClosed
	}
}

// Write sends one report.
func (s *session) Write(report []byte) (int, error) {
	e := binary.NativeEndian.AppendUint16(event(uhidInput2), uint16(len(report)))
	if _, err := s.device.kernel.Write(append(e, report...)); err != nil {
		return 0, err
	}
	return len(report), nil
}

// Close ends a Read that waits. The device stays plugged in for the next session.
func (s *session) Close() error {
	s.once.Do(func() { close(s.closed) })
	return nil
}

// output is the report in a uhid_output_req, if it is one of 64 bytes. hidraw leaves the number of the report, 0,
// before it; the bus of a real key would not carry that.
func output(body []byte) (r report, ok bool) {
	switch size := binary.NativeEndian.Uint16(body[uhidData:]); {
	case size == ReportSize:
		return report(body[:ReportSize]), true
	case size == ReportSize+1 && body[0] == 0:
		return report(body[1 : ReportSize+1]), true
	}
	return r, false
}

// event begins an event of that type.
func event(kind uint32) []byte { return binary.NativeEndian.AppendUint32(nil, kind) }

// fixed is s in n bytes.
func fixed(s string, n int) []byte {
	b := make([]byte, n)
	copy(b, s)
	return b
}
