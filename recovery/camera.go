package recovery

import (
	"bytes"
	"encoding/binary"
	"errors"
	"image"
)

// This file reads what stands before the picture in a JPEG: how large it is, how it is written, and how the camera was
// held. It decodes nothing.

var errHeader = errors.New("no header of a JPEG")

// The markers of a JPEG (ITU-T T.81, table B.1).
const (
	markerBaseline    = 0xc0
	markerExtended    = 0xc1
	markerProgressive = 0xc2
	markerEnd         = 0xd9
	markerScan        = 0xda
	markerEXIF        = 0xe1
	markerAdobe       = 0xee
)

// jpegHeader reads the segments of a JPEG up to its first scan.
func jpegHeader(file []byte) (*header, error) {
	if bytes.Count(file, []byte{0xff, markerScan}) > maxScans {
		return nil, errHeader
	}
	h := &header{turn: 1}
	at, again := 2, false // decoding makes another picture of it: four bytes a pixel
	for {
		marker, body, next := segment(file, at)
		if next < 0 {
			return nil, errHeader
		}
		at = next
		switch marker {
		case markerBaseline, markerExtended, markerProgressive:
			if h.wide > 0 || !h.readFrame(body, marker == markerProgressive) {
				return nil, errHeader
			}
		case markerEXIF:
			if t := exifTurn(body); t > 0 {
				h.turn = t
			}
		case markerAdobe:
			again = again || len(body) < 12 || body[11] == 0
		case markerScan, markerEnd:
			if h.wide == 0 {
				return nil, errHeader
			}
			if again || h.parts == 4 {
				h.bytes += 8
			}
			return h, nil
		}
	}
}

// segment is the one that begins at a place, and where the next begins; -1 for none.
func segment(file []byte, at int) (marker byte, body []byte, next int) {
	for at+1 < len(file) && file[at] == 0xff && file[at+1] == 0xff { // fill
		at++
	}
	if at+4 > len(file) || file[at] != 0xff {
		return 0, nil, -1
	}
	marker = file[at+1]
	if marker == markerEnd {
		return marker, nil, at + 2
	}
	end := at + 2 + int(binary.BigEndian.Uint16(file[at+2:]))
	if end < at+4 || end > len(file) {
		return 0, nil, -1
	}
	return marker, file[at+4 : end], end
}

// readFrame reads the header of a frame, and how much memory a pixel takes. A progressive one is kept as coefficients,
// four bytes each, before it is a picture.
func (h *header) readFrame(body []byte, progressive bool) bool {
	if len(body) < 6 || len(body) < 6+3*int(body[5]) {
		return false
	}
	h.high, h.wide = int(binary.BigEndian.Uint16(body[1:])), int(binary.BigEndian.Uint16(body[3:]))
	across, samples := 1, 0
	parts := int(body[5])
	h.parts = parts
	for i := range parts {
		by := body[6+3*i+1]
		across = max(across, int(by>>4)*int(by&15))
	}
	for i := range parts {
		by := body[6+3*i+1]
		samples += int(by>>4) * int(by&15)
	}
	h.bytes = (2*samples + across - 1) / across // halves of a byte for a pixel
	if progressive {
		h.bytes *= 5
	}
	if parts == 3 && body[6] == 'R' && body[9] == 'G' && body[12] == 'B' {
		h.bytes += 8
	}
	return h.wide > 0 && h.high > 0 && parts > 0
}

// A turn says where the top of a picture is, as cameras write it (EXIF 2.32, tag 0x0112): 1 to 8; 1 and 0 are upright.
type turn int

// exifTurn reads it from the segment in which it may stand, 0 if it does not.
func exifTurn(body []byte) turn {
	tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if string(tiff[:2]) == "MM" {
		order = binary.BigEndian
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return 0
	}
	entries := int64(order.Uint16(tiff[at:]))
	for i := range entries {
		from := at + 2 + 12*i
		if from+12 > int64(len(tiff)) {
			return 0
		}
		if entry := tiff[from : from+12]; order.Uint16(entry) == 0x0112 {
			if t := order.Uint16(entry[8:]); t >= 1 && t <= 8 {
				return turn(t)
			}
			return 0
		}
	}
	return 0
}

// upright turns a picture.
func (t turn) upright(src *image.RGBA) *image.RGBA {
	if t < 2 || t > 8 {
		return src
	}
	wide, high := src.Rect.Dx(), src.Rect.Dy()
	to := image.Rect(0, 0, wide, high)
	if t >= 5 {
		to = image.Rect(0, 0, high, wide)
	}
	dst := image.NewRGBA(to)
	for y := range high {
		for x := range wide {
			dx, dy := t.place(x, y, wide, high)
			dst.SetRGBA(dx, dy, src.RGBAAt(x, y))
		}
	}
	return dst
}

// place is where a pixel comes to stand.
func (t turn) place(x, y, wide, high int) (int, int) {
	right, low := wide-1-x, high-1-y
	switch t {
	case 2:
		return right, y
	case 3:
		return right, low
	case 4:
		return x, low
	case 5:
		return y, x
	case 6:
		return low, x
	case 7:
		return low, right
	}
	return y, right
}
