package recovery

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"sync"
	"time"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"
)

// typeface reads the one font when a picture is first looked at.
var typeface = sync.OnceValues(func() (*opentype.Font, error) { return opentype.Parse(gobold.TTF) })

// mark writes all over a picture who looks at it, and when.
func mark(whole []byte, r Reviewer, at time.Time) ([]byte, error) {
	src, err := jpeg.Decode(bytes.NewReader(whole))
	if err != nil {
		return nil, fmt.Errorf("reading a picture: %w", err)
	}
	f, err := typeface()
	if err != nil {
		return nil, fmt.Errorf("reading the font: %w", err)
	}
	dst := image.NewRGBA(image.Rect(0, 0, src.Bounds().Dx(), src.Bounds().Dy()))
	draw.Draw(dst, dst.Rect, src, src.Bounds().Min, draw.Src)
	size := max(dst.Rect.Dx(), dst.Rect.Dy())/40 + 8
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("sizing the font: %w", err)
	}
	line := nameOf(f, r) + "   " + at.UTC().Format("2006-01-02 15:04") + " UTC      "
	wide := max(font.MeasureString(face, line).Ceil(), 1)
	for row, y := 0, size; y < dst.Rect.Dy()+size; row, y = row+1, y+3*size {
		for x := -wide * (row % 3) / 3; x < dst.Rect.Dx(); x += wide {
			write(dst, face, line, x, y)
		}
	}
	k, err := encode(dst)
	if err != nil {
		return nil, err
	}
	return k.jpeg, nil
}

// write writes a line that is seen on light and on dark, and that leaves what is below it readable.
func write(dst *image.RGBA, face font.Face, line string, x, y int) {
	for _, ink := range []struct {
		off int
		c   color.Color
	}{{2, color.NRGBA{255, 255, 255, 80}}, {0, color.NRGBA{160, 0, 0, 80}}} {
		d := font.Drawer{Dst: dst, Src: image.NewUniform(ink.c), Face: face, Dot: fixed.P(x+ink.off, y+ink.off)}
		d.DrawString(line)
	}
}

// nameOf is the name of whoever looks, as far as the font has its signs: else his name in the trail.
func nameOf(f *opentype.Font, r Reviewer) string {
	for _, sign := range r.Name {
		if i, err := f.GlyphIndex(nil, sign); err != nil || i == 0 {
			return r.ID
		}
	}
	if r.Name == "" {
		return r.ID
	}
	return r.Name
}
