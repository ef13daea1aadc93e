package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/draw"
	"image/png"
	"io"
	"math"
	"runtime/debug"
	"strings"

	"github.com/klippa-app/go-pdfium"
	"github.com/klippa-app/go-pdfium/enums"
	pdfiumerrors "github.com/klippa-app/go-pdfium/errors"
	"github.com/klippa-app/go-pdfium/references"
	"github.com/klippa-app/go-pdfium/requests"
	"github.com/klippa-app/go-pdfium/webassembly"
	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/experimental"
)

// The bounds of a page that is drawn, whatever size the file says that it has.
const (
	maxSide   = 2000      // pixels
	maxPixels = 3_000_000 // an A4 page of 170 dots an inch has 2.8 million
	maxDots   = 300       // an inch: a stamp is not blown up
)

// maxMemory is how many bytes PDFium has. It asks for no more than its file needs.
const maxMemory = 256 << 20

// A memory is PDFium's: all that it may ever have lies in one piece, of which the machine gives what is touched.
type memory []byte

// Reallocate implements experimental.LinearMemory.
func (m memory) Reallocate(size uint64) []byte {
	if size > uint64(cap(m)) {
		return nil // it is told that there is no more
	}
	return m[:size]
}

// Free implements experimental.LinearMemory.
func (m memory) Free() {}

// Serve is the renderer's side: it reads a request, draws the pages and ends. It gives up what a process may do before
// it reads anything of the file.
func Serve(in io.Reader, out io.Writer) error {
	if err := limit(); err != nil {
		return fmt.Errorf("limiting the renderer: %w", err)
	}
	file, most, err := readRequest(in)
	if err != nil {
		return err
	}
	e, err := newEngine(context.Background())
	if err != nil {
		return err
	}
	debug.FreeOSMemory() // what compiling took
	if err := confine(); err != nil {
		return fmt.Errorf("confining the renderer: %w", err)
	}
	return answer(out, e.draw(file, most, func(page []byte) error { return writeFrame(out, framePage, page) }))
}

// answer writes how it ended.
func answer(out io.Writer, err error) error {
	if f, ok := errors.AsType[Fault](err); ok {
		return writeFrame(out, frameFault, []byte(f))
	}
	if err != nil {
		return err
	}
	return writeFrame(out, frameEnd, nil)
}

// An engine is PDFium, compiled. It has no file of this machine and no environment.
type engine struct{ pool pdfium.Pool }

func newEngine(ctx context.Context) (*engine, error) {
	config := wazero.NewRuntimeConfigCompiler().
		WithCoreFeatures(api.CoreFeaturesV2 | experimental.CoreFeaturesExceptionHandling)
	bounded := func(_, _ uint64) experimental.LinearMemory { return make(memory, 0, maxMemory) }
	ctx = experimental.WithMemoryAllocator(ctx, experimental.MemoryAllocatorFunc(bounded))
	pool, err := webassembly.Init(webassembly.Config{Context: ctx, MaxIdle: 1, MaxTotal: 1, RuntimeConfig: config,
		FSConfig: wazero.NewFSConfig(), Stdout: io.Discard, Stderr: io.Discard})
	if err != nil {
		return nil, fmt.Errorf("starting PDFium: %w", err)
	}
	return &engine{pool}, nil
}

// draw draws every page of a file, at most most. What PDFium gives up is a Fault: it has read the file, and nothing
// else.
func (e *engine) draw(file []byte, most int, each func(page []byte) error) (err error) {
	p, err := e.pool.GetInstanceWithContext(context.Background())
	if err != nil {
		return fmt.Errorf("starting PDFium: %w", err)
	}
	defer func() {
		_ = p.Close() // after a fault in it there is nothing to close
	}()
	doc, err := p.OpenDocument(&requests.OpenDocument{File: &file})
	if err != nil {
		return faultOf(err)
	}
	n, err := p.FPDF_GetPageCount(&requests.FPDF_GetPageCount{Document: doc.Document})
	switch {
	case err != nil:
		return faultOf(err)
	case n.PageCount < 1:
		return Empty
	case n.PageCount > most:
		return TooMany
	}
	for i := range n.PageCount {
		page, err := drawPage(p, doc.Document, i)
		if err != nil {
			return err
		}
		if err := each(page); err != nil {
			return err
		}
	}
	return nil
}

// faultOf is what an error of PDFium's means.
func faultOf(err error) Fault {
	switch {
	case errors.Is(err, pdfiumerrors.ErrPassword), errors.Is(err, pdfiumerrors.ErrSecurity):
		return Locked
	case strings.Contains(err.Error(), "unreachable"): // how it ends when it gets no more memory
		return TooDear
	}
	return Damaged
}

// drawPage draws a page as a PNG.
func drawPage(p pdfium.Pdfium, doc references.FPDF_DOCUMENT, i int) ([]byte, error) {
	page := requests.Page{ByIndex: &requests.PageByIndex{Document: doc, Index: i}}
	size, err := p.GetPageSize(&requests.GetPageSize{Page: page})
	if err != nil {
		return nil, faultOf(err)
	}
	wide, high, ok := pixels(size.Width, size.Height)
	if !ok {
		return nil, Damaged
	}
	r, err := p.RenderPageInPixels(&requests.RenderPageInPixels{Page: page, Width: wide, Height: high,
		RenderFlags: enums.FPDF_RENDER_FLAG_ANNOT, RenderForm: true, Document: &doc})
	if err != nil {
		return nil, faultOf(err)
	}
	defer r.Cleanup()
	drawn, ok := r.Result.RenderedImage.(*image.RGBA)
	if !ok {
		return nil, Damaged
	}
	return encode(drawn)
}

// encode writes what was drawn on white. PDFium leaves a page with transparent parts as colours that are not
// multiplied by how much covers.
func encode(drawn *image.RGBA) ([]byte, error) {
	if b := drawn.Rect; b.Dx() < 1 || b.Dy() < 1 || b.Dx()*b.Dy() > maxPixels+2*maxSide {
		return nil, Damaged
	}
	plain := image.NewRGBA(drawn.Rect)
	draw.Draw(plain, plain.Rect, image.White, image.Point{}, draw.Src)
	straight := &image.NRGBA{Pix: drawn.Pix, Stride: drawn.Stride, Rect: drawn.Rect}
	draw.Draw(plain, plain.Rect, straight, drawn.Rect.Min, draw.Over)
	var b bytes.Buffer
	if err := (&png.Encoder{CompressionLevel: png.BestSpeed}).Encode(&b, plain); err != nil {
		return nil, fmt.Errorf("writing a page: %w", err)
	}
	return b.Bytes(), nil
}

// pixels is how large a page of so many points is drawn, and reports whether it can be.
func pixels(wide, high float64) (w, h int, ok bool) {
	if !(wide > 0 && high > 0) || math.IsInf(wide, 0) || math.IsInf(high, 0) {
		return 0, 0, false
	}
	scale := min(maxDots/72., maxSide/max(wide, high), math.Sqrt(maxPixels/(wide*high)))
	w, h = int(wide*scale), int(high*scale)
	return max(w, 1), max(h, 1), w <= maxSide && h <= maxSide
}
