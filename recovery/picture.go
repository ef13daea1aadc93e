package recovery

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"runtime/debug"

	"github.com/latchkey-auth/latchkey/auth"
)

// This file makes of a file that a stranger has sent the picture that is kept. Nothing of the file itself is: what it
// says beside the picture (where it was taken, what else it may be) ends here.
//
//	file ──kind by its first bytes──► header ──bounds──► decoded, one at a time ──turned upright, scaled──► JPEG of ours

// MaxPicture is how many bytes a file may have that is sent as a picture.
const MaxPicture = 10 << 20

// The bounds of what is decoded, read from its header: a picture of 100 megapixels is a few bytes long.
const (
	maxPixels  = 50_000_000 // phones have 12 to 50
	maxSide    = 20_000
	maxDecoded = 192 << 20 // bytes that decoding takes
	maxScans   = 40        // of a progressive JPEG, each of which goes over the whole picture; cameras make 10
)

// What is kept.
const (
	keptSide    = 2000 // pixels of the longer side: print of 3 mm on a page can be read
	keptQuality = 85
)

// A format is how a picture is written.
type format struct {
	decode func(*bytes.Reader) (image.Image, error)
	header func([]byte) (*header, error)
}

// A header is what a file says of its picture before it is decoded.
type header struct {
	wide, high int
	bytes      int  // that a pixel takes while it is decoded, in halves
	parts      int  // of a JPEG's pixel
	turn       turn // how the camera was held
}

// formatOf tells by the first bytes of a file what it is, whatever it is called. Refuses PictureHEIC and PicturePDF,
// which people have and can do something about, and PictureUnknown.
func formatOf(file []byte) (format, error) {
	starts := func(s string) bool { return bytes.HasPrefix(file, []byte(s)) }
	switch {
	case len(file) == 0:
		return format{}, auth.RefuseField(auth.PictureMissing, "picture")
	case starts("\xff\xd8\xff"):
		return format{decode: decodeJPEG, header: jpegHeader}, nil
	case starts("\x89PNG\r\n\x1a\n"):
		return format{decode: decodePNG, header: pngHeader}, nil
	case isHEIC(file):
		return format{}, auth.RefuseField(auth.PictureHEIC, "picture")
	case bytes.Contains(file[:min(len(file), 1024)], []byte("%PDF-")):
		return format{}, auth.RefuseField(auth.PicturePDF, "picture")
	}
	return format{}, auth.RefuseField(auth.PictureUnknown, "picture")
}

// isHEIC reports whether a file is of the family of formats in which phones keep pictures (ISO/IEC 23008-12).
func isHEIC(file []byte) bool {
	if len(file) < 12 || string(file[4:8]) != "ftyp" {
		return false
	}
	switch string(file[8:12]) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "mif1", "msf1", "avif", "avis":
		return true
	}
	return false
}

func decodeJPEG(r *bytes.Reader) (image.Image, error) { return jpeg.Decode(r) }
func decodePNG(r *bytes.Reader) (image.Image, error)  { return png.Decode(r) }

// pngHeader reads the header of a PNG.
func pngHeader(file []byte) (*header, error) {
	c, err := png.DecodeConfig(bytes.NewReader(file))
	if err != nil {
		return nil, err
	}
	size := 2 // halves of a byte
	switch c.ColorModel {
	case color.RGBA64Model, color.NRGBA64Model:
		size = 16
	case color.RGBAModel, color.NRGBAModel:
		size = 8
	case color.Gray16Model:
		size = 4
	}
	const interlaced = 28 // IHDR's last byte: the passes are pictures of their own
	if len(file) > interlaced && file[interlaced] != 0 {
		size *= 2
	}
	return &header{wide: c.Width, high: c.Height, bytes: size}, nil
}

// checked reads the header of a file and refuses what is too large to decode.
func checked(file []byte) (format, *header, error) {
	if len(file) > MaxPicture {
		return format{}, nil, tooLarge()
	}
	f, err := formatOf(file)
	if err != nil {
		return format{}, nil, err
	}
	h, err := f.header(file)
	if err != nil {
		return format{}, nil, auth.RefuseField(auth.PictureDamaged, "picture")
	}
	pixels := int64(h.wide) * int64(h.high)
	switch {
	case h.wide < 1 || h.high < 1:
		return format{}, nil, auth.RefuseField(auth.PictureDamaged, "picture")
	case h.wide > maxSide || h.high > maxSide || pixels > maxPixels || pixels*int64(h.bytes)/2 > maxDecoded:
		return format{}, nil, tooLarge()
	}
	return f, h, nil
}

func tooLarge() error { return auth.RefuseField(auth.PictureTooLarge, "picture") }

// A kept picture is one as it is stored.
type kept struct {
	jpeg       []byte
	wide, high int
}

// prepare makes of a file the picture that is kept. One is decoded at a time, whoever else waits: decoding is what
// takes memory. Refuses PictureMissing, PictureUnknown, PictureHEIC, PicturePDF, PictureTooLarge, PictureDamaged.
func (s *Service) prepare(ctx context.Context, file []byte) (*kept, error) {
	f, h, err := checked(file)
	if err != nil {
		return nil, err
	}
	var k *kept
	err = s.oneAtATime(ctx, func() error {
		k, err = f.keep(file, h)
		return err
	})
	return k, err
}

// oneAtATime does what takes much memory, and gives it back.
func (s *Service) oneAtATime(ctx context.Context, do func() error) error {
	select {
	case s.turns <- struct{}{}:
	case <-ctx.Done():
		return auth.Refuse(auth.Unavailable)
	}
	defer func() { <-s.turns }()
	err := do()
	debug.FreeOSMemory()
	return err
}

// keep decodes a file and makes of it the picture that is kept.
func (f format) keep(file []byte, h *header) (*kept, error) {
	src, err := f.decode(bytes.NewReader(file))
	if err != nil {
		return nil, auth.RefuseField(auth.PictureDamaged, "picture")
	}
	if b := src.Bounds(); b.Dx() != h.wide || b.Dy() != h.high {
		return nil, auth.RefuseField(auth.PictureDamaged, "picture")
	}
	return encode(h.turn.upright(shrink(src, keptSide)))
}

func encode(p *image.RGBA) (*kept, error) {
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, &jpeg.Options{Quality: keptQuality}); err != nil {
		return nil, fmt.Errorf("writing a picture: %w", err)
	}
	return &kept{jpeg: b.Bytes(), wide: p.Rect.Dx(), high: p.Rect.Dy()}, nil
}

// shrink draws a picture so that its longer side has at most so many pixels, each the mean of those that it stands for,
// on white where it is transparent.
func shrink(src image.Image, most int) *image.RGBA {
	b := src.Bounds()
	wide, high := b.Dx(), b.Dy()
	if long := max(wide, high); long > most {
		wide, high = max(wide*most/long, 1), max(high*most/long, 1)
	}
	dst := image.NewRGBA(image.Rect(0, 0, wide, high))
	sums := make([]uint32, 4*wide) // of a row: red, green, blue, and how many
	at := pixelsOf(src)
	row := 0
	for y := range b.Dy() {
		if to := y * high / b.Dy(); to != row {
			flush(dst, row, sums)
			row = to
		}
		for x := range b.Dx() {
			r, g, bl := at(b.Min.X+x, b.Min.Y+y)
			i := 4 * (x * wide / b.Dx())
			sums[i] += uint32(r)
			sums[i+1] += uint32(g)
			sums[i+2] += uint32(bl)
			sums[i+3]++
		}
	}
	flush(dst, row, sums)
	return dst
}

// flush writes the means of a row, and begins the next.
func flush(dst *image.RGBA, y int, sums []uint32) {
	for x := range dst.Rect.Dx() {
		s := sums[4*x : 4*x+4]
		if n := s[3]; n > 0 {
			dst.SetRGBA(x, y, color.RGBA{R: uint8(s[0] / n), G: uint8(s[1] / n), B: uint8(s[2] / n), A: 255})
		}
	}
	clear(sums)
}

// pixelsOf returns what reads a pixel, on white. The formats of phones have a fast way.
func pixelsOf(src image.Image) func(x, y int) (r, g, b uint8) {
	switch p := src.(type) {
	case *image.YCbCr:
		return func(x, y int) (r, g, b uint8) {
			c := p.COffset(x, y)
			return color.YCbCrToRGB(p.Y[p.YOffset(x, y)], p.Cb[c], p.Cr[c])
		}
	case *image.Gray:
		return func(x, y int) (r, g, b uint8) {
			v := p.Pix[p.PixOffset(x, y)]
			return v, v, v
		}
	}
	at := func(x, y int) color.RGBA64 { return color.RGBA64Model.Convert(src.At(x, y)).(color.RGBA64) }
	if p, ok := src.(image.RGBA64Image); ok { // without a value on the heap for each pixel
		at = p.RGBA64At
	}
	return func(x, y int) (uint8, uint8, uint8) {
		r, g, b, a := at(x, y).RGBA()
		white := 0xffff - a
		return uint8((r + white) >> 8), uint8((g + white) >> 8), uint8((b + white) >> 8)
	}
}
