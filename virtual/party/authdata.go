package party

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/fxamacker/cbor/v2"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// The flags of authenticator data (Level 3 §6.1).
const (
	flagUP = 0x01
	flagUV = 0x04
	flagBE = 0x08
	flagBS = 0x10
	flagAT = 0x40
	flagED = 0x80
)

// An authData is authenticator data, as far as it could be read:
//
//	rpIdHash (32) | flags (1) | counter (4) | [ aaguid (16) | length (2) | id | COSE key ] | [ extensions ]
type authData struct {
	raw      []byte // nil: absent
	fixed    bool   // the first 37 bytes are there
	flags    byte
	counter  uint32
	attested bool // aaguid, id and key are there
	aaguid   []byte
	id       []byte
	key      []byte // CBOR, not yet looked at
}

// authData takes authenticator data apart.
func (v verdict) authData(raw []byte, s set) authData {
	d := authData{raw: raw}
	if raw == nil || !v.must(s.length, len(raw) >= 37, "authenticator data has %d bytes", len(raw)) {
		return d
	}
	d.fixed = true
	d.flags = raw[32]
	d.counter = binary.BigEndian.Uint32(raw[33:37])
	rest, err := d.attestedData(raw[37:], v, s)
	if err != nil {
		v.must(s.attestedLength, false, "attested credential data: %v", err)
		return d
	}
	if d.flags&flagED == 0 {
		if _, isMap := soleMap(rest); isMap {
			v.must(s.extensions, false, "there are extensions without flag ED")
			return d
		}
		v.must(s.left, len(rest) == 0, "%d bytes are left over", len(rest))
		return d
	}
	var raws cbor.RawMessage
	left, err := firstItem(rest, &raws)
	if err != nil || len(raws) == 0 || raws[0]>>5 != 5 || unique(raws) != nil {
		v.must(s.extensions, false, "flag ED is set, and no map of extensions follows")
		return d
	}
	v.must(s.left, len(left) == 0, "%d bytes are left over", len(left))
	return d
}

// attestedData reads attested credential data, if there is any, and returns what stands behind it. Registrations have
// to carry it. Without flag AT it is recognised by filling the space there is.
func (d *authData) attestedData(data []byte, v verdict, s set) ([]byte, error) {
	if d.flags&flagAT != 0 {
		return d.readAttested(data)
	}
	create := s.attested == fault.CheckCreateAttested
	if create {
		v.must(s.attested, false, "flag AT is not set")
	}
	if d.flags&flagED != 0 {
		if _, isMap := soleMap(data); isMap {
			return data, nil
		}
	}
	var try authData
	rest, err := try.readAttested(data)
	if err != nil || len(rest) > 0 && d.flags&flagED == 0 || !try.plausibleKey() {
		return data, nil
	}
	v.must(s.attested, false, "there is attested credential data without flag AT")
	if create {
		d.attested = true
		d.aaguid = try.aaguid
		d.id = try.id
		d.key = try.key
	}
	return rest, nil
}

// readAttested reads attested credential data at the beginning of data. A key that is not CBOR takes all there is.
func (d *authData) readAttested(data []byte) ([]byte, error) {
	if len(data) < 18 {
		return nil, fmt.Errorf("%d bytes where an AAGUID and a length should be", len(data))
	}
	n := int(binary.BigEndian.Uint16(data[16:18]))
	if len(data) < 18+n {
		return nil, fmt.Errorf("a credential id of %d bytes in %d", n, len(data)-18)
	}
	var key cbor.RawMessage
	rest, err := firstItem(data[18+n:], &key)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil, errors.New("the key is cut off")
	}
	if err != nil {
		key, rest = data[18+n:], nil
	}
	d.attested = true
	d.aaguid = data[:16]
	d.id = data[18 : 18+n]
	d.key = key
	return rest, nil
}

// plausibleKey reports whether the key is a CBOR map, so that bytes without flag AT may be taken for one.
func (d *authData) plausibleKey() bool {
	_, isMap := soleMap(d.key)
	return isMap
}

// flagged checks rpIdHash and flags: Level 3 §7.1 steps 14 to 17, §7.2 steps 15 to 18.
func (v verdict) flagged(d authData, o *Options, verify bool, s set) {
	if !d.fixed {
		return
	}
	want := sha256.Sum256([]byte(o.RPID))
	v.must(s.rpID, bytes.Equal(d.raw[:32], want[:]), "rpIdHash is not that of %s", o.RPID)
	v.must(s.presence, d.flags&flagUP != 0, "flag UP is not set")
	v.must(s.verification, !verify || d.flags&flagUV != 0, "flag UV is not set, and verification was required")
	v.must(s.backup, d.flags&flagBS == 0 || d.flags&flagBE != 0, "flag BS is set without BE")
}

// decoding returns a mode that takes every well-formed CBOR item; strict refuses keys that occur twice.
func decoding(strict bool) cbor.DecMode {
	o := cbor.DecOptions{
		IntDec: cbor.IntDecConvertSignedOrBigInt, TimeTag: cbor.DecTagIgnored, TimeTagToAny: cbor.TimeTagToRFC3339Nano,
		MaxNestedLevels: 16,
	}
	if strict {
		o.DupMapKey = cbor.DupMapKeyEnforcedAPF
	}
	mode, err := o.DecMode()
	if err != nil {
		panic(err) // the options are constant, and tested
	}
	return mode
}

// firstItem reads the first CBOR item of data into out and returns what stands behind it.
func firstItem(data []byte, out any) ([]byte, error) {
	return decoding(false).UnmarshalFirst(data, out)
}

// unique errors when a key of a map in item occurs twice, at any depth.
func unique(item []byte) error {
	var into any
	err := decoding(true).Unmarshal(item, &into)
	var twice *cbor.DupMapKeyError
	if errors.As(err, &twice) {
		return err
	}
	return nil
}

// soleMap reads data as one CBOR map with nothing behind it.
func soleMap(data []byte) (map[any]any, bool) {
	var m map[any]any
	rest, err := firstItem(data, &m)
	return m, err == nil && len(rest) == 0 && m != nil
}
