package puzzle

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/png"
	"math"
	"math/rand/v2"
	"sync"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// The picture's size in pixels, as a page shows it.
const (
	Width  = 300
	Height = 100
)

// The shape of the signs, in pixels.
const (
	signSize  = 65 // of a font's square
	baseline  = 73
	waveMost  = 6.0
	lineWidth = 4.5
)

// typeface reads the one font when a picture is first drawn: at the start nobody needs it.
var typeface = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(gobold.TTF) })

// Draw draws signs as a PNG. The same seed draws the same picture: whoever asks for it often gets nothing to average.
// Other characters than those of Text are an error.
func Draw(text string, seed [32]byte) ([]byte, error) {
	f, err := typeface()
	if err != nil {
		return nil, fmt.Errorf("reading the font: %w", err)
	}
	chance := rand.New(rand.NewChaCha8(seed))
	p := &pen{bend: newBend(chance), r: vector.NewRasterizer(Width, Height)}
	const edge = 12
	step := float64(Width-2*edge) / float64(max(len(text), 1))
	for i, sign := range text {
		if err := p.sign(f, sign, edge+step*(float64(i)+0.5), chance); err != nil {
			return nil, err
		}
	}
	p.line(chance)
	p.line(chance)
	ink := p.flow()
	p.line(chance)
	gap := p.flow()
	for i, a := range gap.Pix {
		ink.Pix[i] = uint8(int(ink.Pix[i]) * (255 - int(a)) / 255)
	}
	return encode(ink)
}

// A bend moves every point a little: two waves across each other, so that no sign stands as in its font.
type bend struct{ a, b, c, d, x, y float64 }

func newBend(chance *rand.Rand) bend {
	between := func(from, to float64) float64 { return from + chance.Float64()*(to-from) }
	return bend{a: between(0, 2*math.Pi), b: between(0, 2*math.Pi), c: between(45, 75), d: between(25, 45),
		x: between(waveMost/2, waveMost), y: between(waveMost/2, waveMost)}
}

func (b bend) move(x, y float64) (float32, float32) {
	return float32(x + b.x*math.Sin(y/b.d+b.a)), float32(y + b.y*math.Sin(x/b.c*2+b.b))
}

// A pen draws into a rasterizer through a bend.
type pen struct {
	bend bend
	r    *vector.Rasterizer
}

// sign adds the outline of one sign, turned, stretched and moved by chance.
func (p *pen) sign(f *sfnt.Font, sign rune, middle float64, chance *rand.Rand) error {
	var b sfnt.Buffer
	index, err := f.GlyphIndex(&b, sign)
	if err != nil || index == 0 {
		return fmt.Errorf("drawing: the font has no such sign: %w", err)
	}
	outline, err := f.LoadGlyph(&b, index, fixed.I(signSize), nil)
	if err != nil {
		return fmt.Errorf("drawing a sign: %w", err)
	}
	wide, err := f.GlyphAdvance(&b, index, fixed.I(signSize), font.HintingNone)
	if err != nil {
		return fmt.Errorf("measuring a sign: %w", err)
	}
	turn := (chance.Float64() - 0.5) * 0.7
	sin, cos := math.Sincos(turn)
	stretch := 0.88 + chance.Float64()*0.24
	dx, dy := (chance.Float64()-0.5)*8, (chance.Float64()-0.5)*12
	half, rise := pixels(wide)/2, float64(signSize)*0.36
	at := func(q fixed.Point26_6) (float32, float32) { // turned about the sign's middle
		x, y := (pixels(q.X)-half)*stretch, pixels(q.Y)+rise
		return p.bend.move(middle+dx+x*cos-y*sin, baseline-rise+dy+x*sin+y*cos)
	}
	for _, s := range outline {
		x, y := at(s.Args[0])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			p.r.ClosePath()
			p.r.MoveTo(x, y)
		case sfnt.SegmentOpLineTo:
			p.r.LineTo(x, y)
		case sfnt.SegmentOpQuadTo:
			x2, y2 := at(s.Args[1])
			p.r.QuadTo(x, y, x2, y2)
		case sfnt.SegmentOpCubeTo:
			x2, y2 := at(s.Args[1])
			x3, y3 := at(s.Args[2])
			p.r.CubeTo(x, y, x2, y2, x3, y3)
		}
	}
	p.r.ClosePath()
	return nil
}

func pixels(v fixed.Int26_6) float64 { return float64(v) / 64 }

// line adds a bent line across all signs.
func (p *pen) line(chance *rand.Rand) {
	from, to := Height*(0.2+chance.Float64()*0.6), Height*(0.2+chance.Float64()*0.6)
	turn := newBend(chance)
	across := func(x, below float64) (float32, float32) {
		return p.bend.move(x, below+from+(to-from)*x/Width+14*math.Sin(x/turn.c+turn.a))
	}
	const pace = 6
	p.r.MoveTo(across(0, 0))
	for x := pace; x <= Width; x += pace {
		p.r.LineTo(across(float64(x), 0))
	}
	for x := Width; x >= 0; x -= pace {
		p.r.LineTo(across(float64(x), lineWidth))
	}
	p.r.ClosePath()
}

// flow returns what was drawn, and empties the pen.
func (p *pen) flow() *image.Alpha {
	drawn := image.NewAlpha(image.Rect(0, 0, Width, Height))
	p.r.Draw(drawn, drawn.Bounds(), image.Opaque, image.Point{})
	p.r.Reset(Width, Height)
	return drawn
}

// tones is how many greys a picture has: enough for smooth edges, few enough to be small.
const tones = 8

// encode writes ink on paper.
func encode(ink *image.Alpha) ([]byte, error) {
	paper, dark := color.Gray{Y: 255}, color.Gray{Y: 40}
	palette := make(color.Palette, tones)
	for i := range palette {
		palette[i] = color.Gray{Y: uint8(int(paper.Y) - (int(paper.Y)-int(dark.Y))*i/(tones-1))}
	}
	picture := image.NewPaletted(ink.Bounds(), palette)
	for i, a := range ink.Pix {
		picture.Pix[i] = uint8((int(a)*(tones-1) + 127) / 255)
	}
	var out bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&out, picture); err != nil {
		return nil, fmt.Errorf("writing a picture: %w", err)
	}
	return out.Bytes(), nil
}
