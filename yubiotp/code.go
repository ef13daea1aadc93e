package yubiotp

import (
	"crypto/aes"
	"crypto/subtle"
	"encoding/binary"
	"errors"

	"github.com/latchkey-auth/latchkey/auth"
)

// residue is what the CRC-16 over a block with its own CRC is, in the reflected polynomial of ISO/IEC 13239.
const residue = 0xf0b8

// A code is what a key has typed.
type code struct {
	public string // modhex
	block  [aes.BlockSize]byte
}

// parse reads what was typed. Refuses CodeLayout, and CodeIncomplete for what is shorter or longer than a code.
func parse(typed string) (code, error) {
	text, err := signs(typed)
	if err != nil {
		return code{}, err
	}
	at := len(text) - blockSigns
	if at < 0 || at > maxIDSigns || at%signsInByte != 0 {
		return code{}, auth.Refuse(auth.CodeIncomplete)
	}
	raw, ok := decode(text[at:])
	if !ok {
		return code{}, errors.New("reading a code: its signs are no modhex")
	}
	c := code{public: text[:at]}
	copy(c.block[:], raw)
	return c, nil
}

// A told is what an opened block says.
type told struct {
	counts uint32 // use·256 + session
	rest   [5]byte
	right  int // 1 if the CRC is right and the private id is the wanted one
}

// open opens a block, in the same time whatever it says.
func (c code) open(key, private []byte) (told, error) {
	cipher, err := aes.NewCipher(key)
	if err != nil {
		return told{}, errors.New("opening a code: the key has not 16 bytes")
	}
	var p [aes.BlockSize]byte
	cipher.Decrypt(p[:], c.block[:])
	use := uint32(binary.LittleEndian.Uint16(p[6:8])) & 0x7fff // the highest bit says that Caps Lock was on
	t := told{counts: use<<8 | uint32(p[11])}
	copy(t.rest[:3], p[8:11])
	copy(t.rest[3:], p[12:14])
	t.right = subtle.ConstantTimeCompare(p[:6], private) & subtle.ConstantTimeEq(int32(crc(p[:])), residue)
	return t, nil
}

// crc is the CRC-16 of a block, in the same time for each.
func crc(block []byte) uint16 {
	sum := uint16(0xffff)
	for _, b := range block {
		sum ^= uint16(b)
		for range 8 {
			sum = sum>>1 ^ 0x8408&-(sum&1)
		}
	}
	return sum
}
