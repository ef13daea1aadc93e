package virtual

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strings"
)

// A YubicoOTP is the slot of a key that types Yubico OTPs, as its own program has set it up. It is not safe for
// concurrent use: a key is touched by one finger at a time.
type YubicoOTP struct {
	Use     uint16 // how often it was plugged in and has typed since; 0 to 0x7fff
	Session uint8  // how often it has typed since it was plugged in
	Stamp   uint32 // 24 bits of a clock of 8 Hz

	public  string
	private []byte
	block   cipher.Block
	awake   bool
}

// NewYubicoOTP sets a slot up: the public id in modhex, the private id (6 bytes) and the secret (16) in
// hexadecimal. Blanks in them do not matter.
func NewYubicoOTP(publicID, privateID, secret string) (*YubicoOTP, error) {
	bare := func(s string) string { return strings.Join(strings.Fields(s), "") }
	public := bare(publicID)
	private, err := hex.DecodeString(bare(privateID))
	if err != nil || len(private) != 6 || strings.Trim(public, modhexSigns) != "" {
		return nil, errors.New("setting up a slot: the public id is no modhex, or the private id has not 6 bytes")
	}
	key, err := hex.DecodeString(bare(secret))
	if err != nil || len(key) != 16 {
		return nil, errors.New("setting up a slot: the secret has not 16 bytes")
	}
	block, err := aes.NewCipher(key)
	return &YubicoOTP{public: public, private: private, block: block}, err
}

const modhexSigns = "cbdefghijklnrtuv"

// PlugIn is what happens when the key is pulled out and put in again.
func (y *YubicoOTP) PlugIn() { y.awake = false }

// Touch returns what the key types at a touch, without the Enter behind it.
func (y *YubicoOTP) Touch() string {
	switch {
	case !y.awake:
		y.awake = true
		y.Use, y.Session = y.Use+1, 0
		y.Stamp = uint32(drawn()) << 8
	case y.Session == 0xff:
		y.Use, y.Session = y.Use+1, 0
	default:
		y.Session++
	}
	y.Stamp += 9
	p := append(make([]byte, 0, aes.BlockSize), y.private...)
	p = binary.LittleEndian.AppendUint16(p, y.Use&0x7fff)
	p = append(p, byte(y.Stamp), byte(y.Stamp>>8), byte(y.Stamp>>16), y.Session)
	p = binary.LittleEndian.AppendUint16(p, drawn())
	p = binary.LittleEndian.AppendUint16(p, ^crc16(p))
	y.block.Encrypt(p, p)
	var b strings.Builder
	b.WriteString(y.public)
	for _, c := range p {
		b.WriteByte(modhexSigns[c>>4])
		b.WriteByte(modhexSigns[c&15])
	}
	return b.String()
}

// drawn is a random number of 16 bits.
func drawn() uint16 {
	var b [2]byte
	rand.Read(b[:]) // it never fails
	return binary.LittleEndian.Uint16(b[:])
}

// crc16 is the CRC of ISO/IEC 13239 before its last step, which turns every bit round.
func crc16(p []byte) uint16 {
	sum := uint16(0xffff)
	for _, b := range p {
		sum ^= uint16(b)
		for range 8 {
			odd := sum & 1
			sum >>= 1
			if odd == 1 {
				sum ^= 0x8408
			}
		}
	}
	return sum
}
