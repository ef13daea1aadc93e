package recovery

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// drawn is a picture whose upper left corner alone is red, so that it is seen how it was turned.
func drawn(wide, high int) *image.RGBA {
	p := image.NewRGBA(image.Rect(0, 0, wide, high))
	for y := range high {
		for x := range wide {
			c := color.RGBA{G: uint8(x), B: uint8(y), A: 255}
			if x < wide/2 && y < high/2 {
				c = color.RGBA{R: 255, A: 255}
			}
			p.SetRGBA(x, y, c)
		}
	}
	return p
}

func asJPEG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func asPNG(t testing.TB, p image.Image) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, p); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// withSegment puts a segment behind the first two bytes of a JPEG.
func withSegment(file []byte, marker byte, body string) []byte {
	head := binary.BigEndian.AppendUint16([]byte{0xff, marker}, uint16(len(body)+2))
	return bytes.Join([][]byte{file[:2], head, []byte(body), file[2:]}, nil)
}

// exif is the body of a segment that says how the camera was held, and where.
func exif(order binary.AppendByteOrder, held uint16) string {
	b := []byte("Exif\x00\x00II*\x00")
	if order.String() == "BigEndian" {
		b = []byte("Exif\x00\x00MM\x00*")
	}
	b = order.AppendUint32(b, 8)
	b = order.AppendUint16(b, 2)
	b = order.AppendUint16(b, 0x010f) // the maker
	b = order.AppendUint16(b, 2)
	b = order.AppendUint32(b, 14)
	b = order.AppendUint32(b, 38)
	b = order.AppendUint16(b, 0x0112)
	b = order.AppendUint16(b, 3)
	b = order.AppendUint32(b, 1)
	b = order.AppendUint16(b, held)
	b = order.AppendUint16(b, 0)
	b = order.AppendUint32(b, 0)
	return string(b) + "CANARY-CAMERA\x00"
}

// headerOf is a PNG that says it is of a size, and has next to nothing.
func headerOf(wide, high uint32, depth, kind byte) []byte {
	ihdr := binary.BigEndian.AppendUint32([]byte("IHDR"), wide)
	ihdr = append(binary.BigEndian.AppendUint32(ihdr, high), depth, kind, 0, 0, 0)
	b := binary.BigEndian.AppendUint32([]byte("\x89PNG\r\n\x1a\n"), 13)
	b = append(b, ihdr...)
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE(ihdr))
	return append(b, "\x00\x00\x00\x00IDAT"...)
}

// sized makes a JPEG say that it is of another size.
func sized(file []byte, wide, high uint16) []byte {
	b := bytes.Clone(file)
	at := bytes.Index(b, []byte{0xff, 0xc0})
	binary.BigEndian.PutUint16(b[at+5:], high)
	binary.BigEndian.PutUint16(b[at+7:], wide)
	return b
}

func testdata(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newService() *Service { return &Service{turns: make(chan struct{}, 1)} }

// What is a picture is told by its content, whatever it is called; what cannot be one is refused before it is decoded.
func TestWhatIsTakenAsAPicture(t *testing.T) {
	photo, shot := asJPEG(t, drawn(64, 48)), asPNG(t, drawn(64, 48))
	many := testdata(t, "progressive.jpeg")
	scan := bytes.Clone(many[bytes.LastIndex(many, []byte{0xff, markerScan}):])
	for range maxScans {
		many = append(many[:len(many)-2], scan...)
	}
	frame := string(photo[bytes.Index(photo, []byte{0xff, 0xc0})+4:][:15])
	for name, c := range map[string]struct {
		file []byte
		want auth.Code
	}{
		"a photo":                   {photo, ""},
		"a screenshot":              {shot, ""},
		"a progressive JPEG":        {testdata(t, "progressive.jpeg"), ""},
		"a JPEG for print":          {testdata(t, "cmyk.jpeg"), ""},
		"a JPEG of red, green":      {testdata(t, "rgb.jpeg"), ""},
		"an interlaced PNG":         {testdata(t, "interlaced.png"), ""},
		"gray":                      {asJPEG(t, image.NewGray(image.Rect(0, 0, 9, 9))), ""},
		"sixteen bits":              {asPNG(t, image.NewNRGBA64(image.Rect(0, 0, 9, 9))), ""},
		"colours of a palette":      {asPNG(t, image.NewPaletted(image.Rect(0, 0, 9, 9), color.Palette{color.Black})), ""},
		"one pixel":                 {asPNG(t, drawn(1, 1)), ""},
		"a line":                    {asJPEG(t, drawn(4000, 1)), ""},
		"nothing":                   {nil, auth.PictureMissing},
		"a GIF":                     {[]byte("GIF89a\x01\x00\x01\x00"), auth.PictureUnknown},
		"a page":                    {[]byte("<html><script>alert(1)</script>"), auth.PictureUnknown},
		"a drawing with script":     {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), auth.PictureUnknown},
		"a WebP":                    {[]byte("RIFF\x24\x00\x00\x00WEBPVP8 "), auth.PictureUnknown},
		"a ZIP with a JPEG in it":   {append([]byte("PK\x03\x04"), photo...), auth.PictureUnknown},
		"a HEIC":                    {[]byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), auth.PictureHEIC},
		"an AVIF":                   {[]byte("\x00\x00\x00\x18ftypavif\x00\x00\x00\x00"), auth.PictureHEIC},
		"a film":                    {[]byte("\x00\x00\x00\x18ftypisom\x00\x00\x00\x00"), auth.PictureUnknown},
		"a PDF":                     {[]byte("%PDF-1.7\n"), auth.PicturePDF},
		"a PDF behind something":    {append(bytes.Repeat([]byte(" "), 900), "%PDF-1.7\n"...), auth.PicturePDF},
		"too many bytes":            {append(bytes.Clone(photo), make([]byte, MaxPicture)...), auth.PictureTooLarge},
		"half a photo":              {photo[:len(photo)/2], auth.PictureDamaged},
		"half a screenshot":         {shot[:len(shot)/2], auth.PictureDamaged},
		"three bytes":               {photo[:3], auth.PictureDamaged},
		"a PNG's first bytes":       {shot[:8], auth.PictureDamaged},
		"a JPEG of no height":       {sized(photo, 64, 0), auth.PictureDamaged},
		"a JPEG of 100 megapixels":  {sized(photo, 10_000, 10_000), auth.PictureTooLarge},
		"the largest JPEG":          {sized(photo, 65_535, 65_535), auth.PictureTooLarge},
		"a JPEG that is too wide":   {sized(photo, 20_001, 1), auth.PictureTooLarge},
		"a PNG of 100 megapixels":   {headerOf(10_000, 10_000, 8, 2), auth.PictureTooLarge},
		"the largest PNG":           {headerOf(1<<31-1, 1<<31-1, 8, 0), auth.PictureDamaged},
		"a PNG of 16 bits":          {headerOf(7_000, 7_000, 16, 6), auth.PictureTooLarge},
		"a JPEG that says 40 MP":    {sized(photo, 8_000, 5_000), auth.PictureDamaged},
		"more scans than a camera":  {many, auth.PictureDamaged},
		"two frames":                {withSegment(photo, 0xc0, frame), auth.PictureDamaged},
		"a segment without an end":  {[]byte("\xff\xd8\xff\xe1\xff\xff"), auth.PictureDamaged},
		"a segment of no length":    {[]byte("\xff\xd8\xff\xe1\x00\x00\xff\xd9"), auth.PictureDamaged},
		"a scan before its frame":   {[]byte("\xff\xd8\xff\xda\x00\x02\xff\xd9"), auth.PictureDamaged},
		"an end before its picture": {[]byte("\xff\xd8\xff\xd9"), auth.PictureDamaged},
	} {
		k, err := newService().prepare(t.Context(), c.file)
		if c.want == "" && err == nil && k.wide > 0 && k.high > 0 {
			continue
		}
		if c.want == "" || !errors.Is(err, auth.Refuse(c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// What would take long, or more memory than it says, is refused by its header: nothing of it is decoded.
func TestWhatIsRefusedBeforeItIsDecoded(t *testing.T) {
	photo, progressive := asJPEG(t, drawn(64, 48)), testdata(t, "progressive.jpeg")
	frame := string(photo[bytes.Index(photo, []byte{0xff, 0xc0})+4:][:15])
	scans := bytes.Count(progressive, []byte{0xff, markerScan})
	more := func(n int) []byte {
		return append(bytes.Clone(progressive), bytes.Repeat([]byte{0xff, markerScan}, n)...)
	}
	for name, c := range map[string]struct {
		file []byte
		want auth.Code
	}{
		"as many scans as are taken": {more(maxScans - scans), ""},
		"one scan more":              {more(maxScans - scans + 1), auth.PictureDamaged},
		"two frames":                 {withSegment(photo, 0xc0, frame), auth.PictureDamaged},
		"no frame":                   {[]byte("\xff\xd8\xff\xda\x00\x02\xff\xd9"), auth.PictureDamaged},
		"a hundred megapixels":       {sized(photo, 10_000, 10_000), auth.PictureTooLarge},
	} {
		_, _, err := checked(c.file)
		if (c.want == "") != (err == nil) || err != nil && !errors.Is(err, auth.Refuse(c.want)) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// What is kept is what is seen, drawn anew: nothing that stands in the file beside it, and nothing behind it.
func TestNothingOfTheFileIsKept(t *testing.T) {
	const canary = "CANARY"
	photo, shot := asJPEG(t, drawn(64, 48)), asPNG(t, drawn(64, 48))
	text := binary.BigEndian.AppendUint32(nil, uint32(len("Comment\x00"+canary)))
	text = append(text, "tEXtComment\x00"+canary...)
	text = binary.BigEndian.AppendUint32(text, crc32.ChecksumIEEE(text[4:]))
	for name, file := range map[string][]byte{
		"where it was taken":   withSegment(photo, markerEXIF, exif(binary.LittleEndian, 1)),
		"a comment":            withSegment(photo, 0xfe, "<script>"+canary+"</script>"),
		"colours":              withSegment(photo, 0xe2, "ICC_PROFILE\x00"+canary),
		"a program behind it":  append(bytes.Clone(photo), "PK\x03\x04"+canary+"<?php"...),
		"a text":               bytes.Join([][]byte{shot[:33], text, shot[33:]}, nil),
		"a page behind a shot": append(bytes.Clone(shot), "<html>"+canary...),
	} {
		if !bytes.Contains(file, []byte(canary)) {
			t.Fatalf("%s: the file has no canary", name)
		}
		k, err := newService().prepare(t.Context(), file)
		if err != nil {
			t.Errorf("%s: got %v, want it taken", name, err)
			continue
		}
		if bytes.Contains(k.jpeg, []byte(canary)) || bytes.Contains(k.jpeg, []byte("Exif")) {
			t.Errorf("%s: got it kept, want it gone", name)
		}
		if c, err := jpeg.DecodeConfig(bytes.NewReader(k.jpeg)); err != nil || c.Width != 64 || c.Height != 48 {
			t.Errorf("%s: got %+v, %v, want a JPEG of the size", name, c, err)
		}
	}
}

// A picture stands upright, however the camera was held: EXIF says it, and goes.
func TestPicturesStandUpright(t *testing.T) {
	red := func(p image.Image, x, y int) bool {
		r, g, b, _ := p.At(x, y).RGBA()
		return r > 0xb000 && g < 0x5000 && b < 0x5000
	}
	for held, want := range []string{0: "left top", 1: "left top", 2: "right top", 3: "right low", 4: "left low",
		5: "left top", 6: "right top", 7: "right low", 8: "left low", 9: "left top"} {
		for _, order := range []binary.AppendByteOrder{binary.LittleEndian, binary.BigEndian} {
			file := withSegment(asJPEG(t, drawn(64, 32)), markerEXIF, exif(order, uint16(held)))
			k, err := newService().prepare(t.Context(), file)
			if err != nil {
				t.Fatal(err)
			}
			p, err := jpeg.Decode(bytes.NewReader(k.jpeg))
			if err != nil {
				t.Fatal(err)
			}
			wide, high := p.Bounds().Dx(), p.Bounds().Dy()
			if lies := wide > high; lies == (held >= 5 && held <= 8) {
				t.Errorf("%d, %v: got %d by %d", held, order, wide, high)
			}
			x, y := "right", "low"
			if red(p, 4, 4) || red(p, 4, high-5) {
				x = "left"
			}
			if red(p, 4, 4) || red(p, wide-5, 4) {
				y = "top"
			}
			if got := x + " " + y; got != want {
				t.Errorf("%d, %v: got the corner %s, want it %s", held, order, got, want)
			}
		}
	}
	for name, body := range map[string]string{"cut off": exif(binary.LittleEndian, 6)[:30],
		"no directory": "Exif\x00\x00II*\x00\xff\xff\xff\xff",
		"endless":      "Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff", "another": "http://ns.adobe.com/xap/1.0/\x00"} {
		if got := exifTurn([]byte(body)); got != 0 {
			t.Errorf("%s: got %d, want nothing said", name, got)
		}
	}
}

// A large picture is kept small enough to store, each pixel the mean of those that it stands for, and no smaller.
func TestPicturesAreScaledDown(t *testing.T) {
	for _, c := range []struct{ wide, high, wantWide, wantHigh int }{{4000, 3000, 2000, 1500}, {3000, 4000, 1500, 2000},
		{2000, 10, 2000, 10}, {2001, 10, 2000, 9}, {9, 20_000, 1, 2000}, {20_000, 1, 2000, 1}} {
		k, err := newService().prepare(t.Context(), asPNG(t, image.NewGray(image.Rect(0, 0, c.wide, c.high))))
		if err != nil || k.wide != c.wantWide || k.high != c.wantHigh {
			t.Errorf("%d by %d: got %+v, %v, want %d by %d", c.wide, c.high, k, err, c.wantWide, c.wantHigh)
		}
	}
	stripes := image.NewGray(image.Rect(0, 0, 4000, 4))
	for x := range 4000 {
		for y := range 4 {
			stripes.SetGray(x, y, color.Gray{Y: uint8(x % 2 * 200)})
		}
	}
	if got := shrink(stripes, 2000).RGBAAt(1000, 1); got.R != 100 || got.G != 100 || got.A != 255 {
		t.Errorf("got %v, want the mean of the stripes", got)
	}
	clear := shrink(image.NewNRGBA(image.Rect(0, 0, 2, 2)), 2000).RGBAAt(0, 0)
	if clear != (color.RGBA{R: 255, G: 255, B: 255, A: 255}) {
		t.Errorf("got %v where nothing is, want white", clear)
	}
}

// What a header says that decoding takes is what it takes: by that the bound on memory holds.
func TestDecodingTakesWhatItsHeaderSays(t *testing.T) {
	for name, file := range map[string][]byte{
		"progressive":     testdata(t, "progressive.jpeg"),
		"progressive 444": testdata(t, "progressive-444.jpeg"),
		"print":           testdata(t, "cmyk.jpeg"),
		"red, green":      testdata(t, "rgb.jpeg"),
		"interlaced":      testdata(t, "interlaced.png"),
		"a photo":         asJPEG(t, drawn(800, 600)),
		"gray":            asJPEG(t, image.NewGray(image.Rect(0, 0, 800, 600))),
		"a screenshot":    asPNG(t, drawn(800, 600)),
		"half clear":      asPNG(t, image.NewNRGBA(image.Rect(0, 0, 800, 600))),
		"sixteen bits":    asPNG(t, image.NewNRGBA64(image.Rect(0, 0, 800, 600))),
		"gray of sixteen": asPNG(t, image.NewGray16(image.Rect(0, 0, 800, 600))),
	} {
		f, h, err := checked(file)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := f.decode(bytes.NewReader(file)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		runtime.ReadMemStats(&after)
		apart := uint64(48 << 10) // buffers and tables, whatever the picture
		if bytes.HasPrefix(file, []byte("\x89PNG")) {
			apart = 80 << 10
		}
		took, said := after.TotalAlloc-before.TotalAlloc, uint64(h.wide*h.high*h.bytes/2)
		if took > said*11/10+apart {
			t.Errorf("%s: took %d bytes, and its header says %d", name, took, said)
		}
	}
}

// One picture is decoded at a time; whoever waits for his turn and goes leaves the queue.
func TestOnePictureAtATime(t *testing.T) {
	s := newService()
	file := asPNG(t, drawn(8, 8))
	s.turns <- struct{}{}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error)
	go func() {
		_, err := s.prepare(ctx, file)
		done <- err
	}()
	stop()
	if err := <-done; !errors.Is(err, auth.Refuse(auth.Unavailable)) {
		t.Errorf("while another is decoded: got %v, want it to wait", err)
	}
	<-s.turns
	if _, err := s.prepare(t.Context(), file); err != nil {
		t.Errorf("after it: got %v, want nil", err)
	}
	if len(s.turns) != 0 {
		t.Error("the turn is not given back")
	}
	if _, err := s.prepare(t.Context(), []byte("%PDF-")); err == nil || len(s.turns) != 0 {
		t.Errorf("a refusal: got %v, want it without a turn", err)
	}
}

// Nothing that a stranger sends makes reading it panic, or keep what is no picture.
func FuzzPicture(f *testing.F) {
	f.Add(asJPEG(f, drawn(8, 8)))
	f.Add(asPNG(f, drawn(8, 8)))
	f.Add(withSegment(asJPEG(f, drawn(8, 8)), markerEXIF, exif(binary.BigEndian, 6)))
	for _, name := range []string{"progressive.jpeg", "cmyk.jpeg", "rgb.jpeg", "interlaced.png"} {
		f.Add(testdata(f, name))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		_, h, err := checked(file)
		if err != nil {
			if e := new(auth.Error); !errors.As(err, &e) || !strings.HasPrefix(string(e.Code), "picture-") {
				t.Errorf("got %v, want a refusal", err)
			}
			return
		}
		if h.wide*h.high > 1<<16 {
			return // it would take long, and nothing else
		}
		if k, err := newService().prepare(t.Context(), file); err == nil {
			if _, err := jpeg.Decode(bytes.NewReader(k.jpeg)); err != nil {
				t.Errorf("got what is kept unreadable: %v", err)
			}
		}
	})
}
