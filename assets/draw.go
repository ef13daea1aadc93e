package assets

import (
	"crypto/sha256"
	"fmt"
	"html/template"
	"image/color"
	"strings"

	"github.com/boombuler/barcode/qr"
)

// Cuts returns the five cuts of the key with this id, each 0 to 4: byte n of SHA-256(id) mod 5. The flat key and the
// product's own cut 3-1-4-2-0 are passed over for the next five bytes.
func Cuts(id string) [5]int {
	sum := sha256.Sum256([]byte(id))
	for {
		for at := 0; at+5 <= len(sum); at += 5 {
			var cuts [5]int
			for n := range cuts {
				cuts[n] = int(sum[at+n]) % 5
			}
			if cuts != [5]int{} && cuts != [5]int{3, 1, 4, 2, 0} {
				return cuts
			}
		}
		sum = sha256.Sum256(sum[:])
	}
}

// Bitting draws a small key with the cut of this id. It stands beside the key's name and means nothing without it.
func Bitting(id string) template.HTML { return keyIcon(Cuts(id), "bit") }

// Brand draws the product's own key.
func Brand() template.HTML { return keyIcon([5]int{3, 1, 4, 2, 0}, "") }

func keyIcon(cuts [5]int, class string) template.HTML {
	var b strings.Builder
	if class != "" {
		class = ` class="` + class + `"`
	}
	b.WriteString(`<svg` + class + ` viewBox="0 0 60 20" aria-hidden="true"><path class="bit-k" d="M24 4h3`)
	for n, cut := range cuts {
		fmt.Fprintf(&b, "L%.1f %.1fh3.2", 28+5.6*float64(n), 4+1.9*float64(cut))
	}
	b.WriteString(`L56 6l4 4v3l-3 3.5H24z"/><path class="bit-b" d="M4 0h17a4 4 0 0 1 4 4v12a4 4 0 0 1-4 4H4a4 4 0 0 1-4-4V4a4 4 0 0 1 4-4z"/><circle class="bit-h" cx="4.5" cy="10" r="1.8"/><circle class="bit-d" cx="15" cy="10" r="4.5"/></svg>`)
	return template.HTML(b.String()) // numbers and our own marks only
}

// QR draws text as a QR code: SVG, dark on nothing, with the quiet zone of four modules that ISO/IEC 18004 asks for.
// Each module is five pixels of the page wide: a longer text makes a larger code and no finer one. label is what a
// screen reader says instead.
func QR(text, label string) (template.HTML, error) {
	code, err := qr.Encode(text, qr.M, qr.Auto)
	if err != nil {
		return "", fmt.Errorf("drawing a QR code: %w", err)
	}
	const quiet, module = 4, 5
	size := code.Bounds().Dx()
	var d strings.Builder
	for y := range size {
		pen := -1 // x after the last run of this row
		for x := 0; x < size; x++ {
			start := x
			for x < size && dark(code.At(x, y)) {
				x++
			}
			switch run := x - start; {
			case run == 0:
			case pen < 0:
				fmt.Fprintf(&d, "M%d %d.5h%d", start+quiet, y+quiet, run)
				pen = x
			default:
				fmt.Fprintf(&d, "m%d 0h%d", start-pen, run)
				pen = x
			}
		}
	}
	side := size + 2*quiet
	return template.HTML(fmt.Sprintf(`<svg width="%d" height="%d" viewBox="0 0 %d %d" role="img" aria-label="%s" shape-rendering="crispEdges"><path d="%s" stroke="#0b1513" fill="none"/></svg>`,
		side*module, side*module, side, side, template.HTMLEscapeString(label), d.String())), nil // the label is escaped
}

func dark(c color.Color) bool {
	r, _, _, _ := c.RGBA()
	return r < 0x8000
}
