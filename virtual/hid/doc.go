// Package hid gives a software authenticator the face of a USB security key: CTAPHID, the framing of Client to
// Authenticator Protocol 2.1 §11.2, over any stream of 64-byte reports, over TCP, and as a HID device of the Linux
// kernel through /dev/uhid. It needs no USB stack and no library.
//
//	touch, waiting := hid.Watch(askTheUser)
//	key, err := virtual.New(virtual.Options{ResidentKeys: true, Touch: touch})
//	transport := hid.New(key, hid.Options{Waiting: waiting})
//	listener, err := hid.Listen("127.0.0.1:0")
//	err = transport.ServeListener(ctx, listener)
//
// # Reports
//
// A message is one initialization packet and up to 128 continuation packets, 7609 bytes at most (§11.2.4):
//
//	channel (4)  0x80|command (1)  length (2)  data (57)
//	channel (4)  sequence 0..127 (1)           data (59)
//
// All numbers are big endian; what a packet does not fill is zero.
//
// # Commands
//
//	command    code  request     answer
//	PING       0x01  0..7609     the same bytes
//	MSG        0x03  0..7609     Device.APDU (U2F); refused with Options.NoMSG
//	LOCK       0x04  seconds     empty; other channels are busy for up to 10 s; 0 unlocks
//	INIT       0x06  8: a nonce  nonce, channel, versions, capabilities; on a channel of its own: aborts and resynchronizes
//	WINK       0x08  empty       empty; Options.Wink sees it
//	CBOR       0x10  1..7609     Device.Command (CTAP2); refused with Options.NoCBOR
//	CANCEL     0x11  any         none: the request of that channel is cancelled, if there is one, and answers itself
//	KEEPALIVE  0x3b  -           every 100 ms while a request is worked on: PROCESSING, or UPNEEDED by Options.Waiting
//	ERROR      0x3f  -           one Error
//
// # Concurrency
//
// A Transport works on one transaction at a time, however many hosts it serves and channels they have (§11.2.5.1). A
// request on another channel meanwhile is answered CHANNEL_BUSY, and so is another on the same one; only INIT is
// answered at any time, for it gives the asker a channel and disturbs nobody. A message that has begun has to be
// complete
// within Options.Timeout, or it ends in MSG_TIMEOUT. Channels are numbers drawn at random: on loopback a web page can
// send bytes to the port blindly, and must not be able to guess one.
//
// A host that hangs up takes its transaction, its lock and its channels with it.
//
// # Over TCP
//
// The stream is nothing but reports, each a record of exactly 64 bytes, in both directions, without a greeting. Every
// connection is one host: it begins with INIT on channel 0xffffffff. For python-fido2 it is a connection of a few
// lines:
//
//	class TCP(CtapHidConnection):
//	    def __init__(self, port):      self.s = socket.create_connection(("127.0.0.1", port))
//	    def write_packet(self, data):  self.s.sendall(data)
//	    def read_packet(self):         return self.s.recv(64, socket.MSG_WAITALL)
//	    def close(self):               self.s.close()
//	device = CtapHidDevice(HidDescriptor("tcp", 0, 0, 64, 64), TCP(port))
//
// # As a USB key
//
// OpenUHID makes the kernel believe that a key was plugged in: every program of the machine finds a /dev/hidraw node,
// and browsers offer it. All of them are one host, from the moment the first opens the node until the last closes it.
package hid
