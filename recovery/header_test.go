package recovery

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// framed is a JPEG up to its scan: a frame of one pixel, of parts by name, each as often as a number says.
func framed(marker byte, often byte, parts string) []byte {
	body := []byte{8, 0, 1, 0, 1, byte(len(parts))}
	for i, name := range []byte(parts) {
		by := byte(0x11)
		if i == 0 {
			by = often
		}
		body = append(body, name, by, 0)
	}
	return withSegment([]byte("\xff\xd8\xff\xda\x00\x02"), marker, string(body))
}

// How much memory a pixel takes while it is decoded follows from the header alone, for every way to write one: too
// little and the bound on memory does not hold, too much and somebody's photo is refused.
func TestWhatAPixelTakesByItsHeader(t *testing.T) {
	adobe := func(file []byte, kind string) []byte {
		return withSegment(file, markerAdobe, "Adobe\x00\x64\x00\x00\x00\x00"+kind)
	}
	for name, c := range map[string]struct {
		file []byte
		want int // halves of a byte
	}{
		"gray":                        {framed(markerBaseline, 0x11, "\x01"), 2},
		"a photo":                     {framed(markerBaseline, 0x22, "\x01\x02\x03"), 3},
		"every pixel in full":         {framed(markerBaseline, 0x11, "\x01\x02\x03"), 6},
		"of the extended kind":        {framed(markerExtended, 0x11, "\x01\x02\x03"), 6},
		"progressive":                 {framed(markerProgressive, 0x11, "\x01\x02\x03"), 30},
		"red, green, blue":            {framed(markerBaseline, 0x11, "RGB"), 14},
		"the first by another name":   {framed(markerBaseline, 0x11, "xGB"), 6},
		"the second by another name":  {framed(markerBaseline, 0x11, "RxB"), 6},
		"the third by another name":   {framed(markerBaseline, 0x11, "RGx"), 6},
		"for print":                   {framed(markerBaseline, 0x11, "CMYK"), 16},
		"red, green, blue, by Adobe":  {adobe(framed(markerBaseline, 0x11, "\x01\x02\x03"), "\x00"), 14},
		"as cameras, by Adobe":        {adobe(framed(markerBaseline, 0x11, "\x01\x02\x03"), "\x01"), 6},
		"by Adobe, and no word of it": {adobe(framed(markerBaseline, 0x11, "\x01\x02\x03"), ""), 14},
	} {
		h, err := jpegHeader(c.file)
		if err != nil || h.bytes != c.want {
			t.Errorf("%s: got %+v, %v, want %d", name, h, err, c.want)
		}
	}
	for _, kind := range []byte{0, 2, 4, 6} { // gray, colours, gray and colours with transparency
		for _, depth := range []byte{8, 16} {
			file := headerOf(100, 100, depth, kind)
			plain, err := pngHeader(file)
			if err != nil {
				t.Fatal(err)
			}
			file[28] = 1
			binary.BigEndian.PutUint32(file[29:], crc32.ChecksumIEEE(file[12:29]))
			laced, err := pngHeader(file)
			if err != nil || plain.bytes < 2 || laced.bytes != 2*plain.bytes {
				t.Errorf("kind %d of %d bits: got %+v interlaced, %v, want twice of %+v", kind, depth, laced, err, plain)
			}
		}
	}
}

// A header that is cut off anywhere, or says that it is longer than it is, is none.
func TestHeadersThatAreCutOff(t *testing.T) {
	photo := asJPEG(t, drawn(64, 48))
	at := bytes.Index(photo, []byte{0xff, markerBaseline})
	frame := photo[at+4:][:15]
	rest := photo[at+2+17:]
	whole := func(body []byte) []byte {
		return withSegment(append([]byte("\xff\xd8"), rest...), markerBaseline, string(body))
	}
	if _, _, err := checked(whole(frame)); err != nil {
		t.Fatalf("got %v, want the frame taken when it is whole", err)
	}
	for n := range frame {
		if _, _, err := checked(whole(frame[:n])); !errors.Is(err, auth.Refuse(auth.PictureDamaged)) {
			t.Errorf("%d of %d bytes of a frame: got %v, want it damaged", n, len(frame), err)
		}
	}
	for parts := 4; parts < 256; parts++ {
		body := bytes.Clone(frame)
		body[5] = byte(parts)
		if _, _, err := checked(whole(body)); !errors.Is(err, auth.Refuse(auth.PictureDamaged)) {
			t.Errorf("a frame that says it has %d parts: got %v, want it damaged", parts, err)
		}
	}
	for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
		said := exif(order, 6)
		for n := range said {
			if got := exifTurn([]byte(said[:n])); got != 0 && got != 6 {
				t.Errorf("%d bytes of EXIF: got %d", n, got)
			}
		}
		for place := range len(said) + 4 { // where its directory is to be
			body := []byte(said)
			copy(body[10:], order.AppendUint32(nil, uint32(place)))
			exifTurn(body) // without falling over
		}
	}
}

// An empty segment is one: nothing is said in it.
func TestEmptySegments(t *testing.T) {
	for _, marker := range []byte{0xfe, 0xe0, markerEXIF, 0xe2, 0xed} {
		file := withSegment(asJPEG(t, image.NewGray(image.Rect(0, 0, 9, 9))), marker, "")
		if _, err := newService().prepare(t.Context(), file); err != nil {
			t.Errorf("an empty segment %x: got %v, want the picture taken", marker, err)
		}
	}
}
