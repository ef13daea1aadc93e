package hid

import (
	"encoding/binary"
	"fmt"
)

// The measures of CTAPHID (CTAP 2.1 §11.2.4).
const (
	ReportSize = 64         // bytes of a report, and of a record over TCP
	MaxMessage = 7609       // bytes of a message: 57 in the first packet and 59 in each of 128 more
	Broadcast  = 0xffffffff // the channel that a host without one asks on
)

const (
	initialHeader      = 7 // channel, command, length
	continuationHeader = 5 // channel, sequence
	version            = 2 // the protocol's, §11.2.7
	nonceSize          = 8
)

// A Command says what a message is (CTAP 2.1 §11.2.9).
type Command byte

// The commands. CommandKeepalive and CommandError are what a device alone sends.
const (
	CommandPing      Command = 0x01
	CommandMsg       Command = 0x03
	CommandLock      Command = 0x04
	CommandInit      Command = 0x06
	CommandWink      Command = 0x08
	CommandCBOR      Command = 0x10
	CommandCancel    Command = 0x11
	CommandKeepalive Command = 0x3b
	CommandError     Command = 0x3f
)

// The states a KEEPALIVE tells (CTAP 2.1 §11.2.9.1.7).
const (
	StatusProcessing = 1 // the device works
	StatusUPNeeded   = 2 // it waits for its user
)

// The capabilities of an answer to INIT (CTAP 2.1 §11.2.9.1.3).
const (
	CapabilityWink  = 0x01 // it knows WINK
	CapabilityCBOR  = 0x04 // it knows CBOR
	CapabilityNoMsg = 0x08 // it does not know MSG
)

// An Error is a code of ERROR (CTAP 2.1 §11.2.9.1.6).
type Error byte

// The codes.
const (
	InvalidCommand   Error = 0x01
	InvalidParameter Error = 0x02
	InvalidLength    Error = 0x03
	InvalidSequence  Error = 0x04
	MessageTimeout   Error = 0x05
	ChannelBusy      Error = 0x06
	LockRequired     Error = 0x0a
	InvalidChannel   Error = 0x0b
	OtherError       Error = 0x7f
)

// Error names the code as the specification does.
func (e Error) Error() string {
	names := map[Error]string{
		InvalidCommand: "ERR_INVALID_CMD", InvalidParameter: "ERR_INVALID_PAR", InvalidLength: "ERR_INVALID_LEN",
		InvalidSequence: "ERR_INVALID_SEQ", MessageTimeout: "ERR_MSG_TIMEOUT", ChannelBusy: "ERR_CHANNEL_BUSY",
		LockRequired: "ERR_LOCK_REQUIRED", InvalidChannel: "ERR_INVALID_CHANNEL", OtherError: "ERR_OTHER",
	}
	if name, ok := names[e]; ok {
		return "ctaphid: " + name
	}
	return fmt.Sprintf("ctaphid: error 0x%02x", byte(e))
}

// A report is one packet.
type report [ReportSize]byte

func (r *report) channel() uint32  { return binary.BigEndian.Uint32(r[:4]) }
func (r *report) initial() bool    { return r[4]&0x80 != 0 }
func (r *report) command() Command { return Command(r[4] &^ 0x80) }
func (r *report) length() int      { return int(binary.BigEndian.Uint16(r[5:7])) }
func (r *report) sequence() byte   { return r[4] }

// split puts data, of at most MaxMessage bytes, into packets.
func split(channel uint32, c Command, data []byte) []report {
	packets := make([]report, 1, 1+(len(data)+1)/(ReportSize-continuationHeader))
	first := &packets[0]
	binary.BigEndian.PutUint32(first[:], channel)
	first[4] = byte(c) | 0x80
	binary.BigEndian.PutUint16(first[5:], uint16(len(data)))
	data = data[copy(first[initialHeader:], data):]
	for sequence := byte(0); len(data) > 0; sequence++ {
		var next report
		binary.BigEndian.PutUint32(next[:], channel)
		next[4] = sequence
		data = data[copy(next[continuationHeader:], data):]
		packets = append(packets, next)
	}
	return packets
}

// fail is the ERROR that tells a channel e.
func fail(channel uint32, e Error) []report { return split(channel, CommandError, []byte{byte(e)}) }

// A message is being put together from packets.
type message struct {
	command Command
	data    []byte
	want    int // bytes the first packet announced
	next    byte
}

// begin starts a message with its first packet.
func begin(r *report) message {
	m := message{command: r.command(), want: r.length()}
	m.take(r[initialHeader:])
	return m
}

// proceed adds a continuation packet; it errors on one that is not the next.
func (m *message) proceed(r *report) error {
	if r.sequence() != m.next {
		return InvalidSequence
	}
	m.next++
	m.take(r[continuationHeader:])
	return nil
}

func (m *message) take(data []byte) {
	m.data = append(m.data, data[:min(len(data), m.want-len(m.data))]...)
}

func (m *message) complete() bool { return len(m.data) == m.want }
