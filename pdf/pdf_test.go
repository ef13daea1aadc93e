package pdf

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// The test's own program is the renderer, as the real one is, and renderers that behave otherwise.
func TestMain(m *testing.M) {
	if len(os.Args) != 2 || strings.HasPrefix(os.Args[1], "-") {
		os.Exit(m.Run())
	}
	var err error
	switch os.Args[1] {
	case "draw":
		err = Serve(os.Stdin, os.Stdout)
	case "hangs":
		select {}
	case "dies":
		os.Exit(3)
	case "says":
		file, _, _ := readRequest(os.Stdin)
		_, err = os.Stdout.Write(file)
	case "endless":
		for err == nil {
			err = writeFrame(os.Stdout, framePage, nil)
		}
	case "looks":
		err = errors.Join(limit(), confine(), writeFrame(os.Stdout, framePage, []byte(whatItMay())),
			writeFrame(os.Stdout, frameEnd, nil))
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func renderer(does string) *Renderer { return &Renderer{Command: []string{os.Args[0], does}} }

// whatItMay tries what a renderer has no business with, and returns what could be done.
func whatItMay() string {
	var may []string
	if len(os.Environ()) > 0 {
		may = append(may, "environment")
	}
	for name, try := range map[string]func() error{
		"read a file":  func() error { _, err := os.ReadFile("/etc/hostname"); return err },
		"list":         func() error { _, err := os.ReadDir("/"); return err },
		"write a file": func() error { return os.WriteFile("/tmp/renderer", nil, 0o600) },
		"a socket":     func() error { _, err := net.Listen("tcp", "127.0.0.1:0"); return err },
		"a program":    func() error { return exec.Command("/bin/true").Run() },
		"a signal":     func() error { p, _ := os.FindProcess(os.Getppid()); return p.Signal(os.Interrupt) },
	} {
		if try() == nil {
			may = append(may, name)
		}
	}
	return strings.Join(may, ", ")
}

// one is PDFium for all tests: compiling it takes seconds.
var one = sync.OnceValues(func() (*engine, error) { return newEngine(context.Background()) })

func drawnHere(t testing.TB, file []byte, most int) ([]image.Image, [][]byte, error) {
	t.Helper()
	e, err := one()
	if err != nil {
		t.Fatal(err)
	}
	var all []image.Image
	var raw [][]byte
	err = e.draw(file, most, func(page []byte) error {
		p, err := png.Decode(bytes.NewReader(page))
		all, raw = append(all, p), append(raw, page)
		return err
	})
	return all, raw, err
}

func isRed(p image.Image, x, y int) bool {
	r, g, b, _ := p.At(x, y).RGBA()
	return r > 0xf000 && g < 0x1000 && b < 0x1000
}

func isWhite(p image.Image, x, y int) bool {
	r, g, b, _ := p.At(x, y).RGBA()
	return r > 0xf000 && g > 0xf000 && b > 0xf000
}

// What a file is, and what becomes of it: pages of bounded pixels, or the reason.
func TestFilesOfAllKinds(t *testing.T) {
	form := "/Type/XObject/Subtype/Form/BBox[0 0 595 842]"
	withPicture := "/XObject<</I 5 0 R>>"
	for name, c := range map[string]struct {
		file []byte
		want error // nil: its pages
		wide int
		high int
	}{
		"a page":                {drawing(a4, red, ""), nil, 1413, 2000},
		"a stamp":               {drawing("0 0 72 36", red, ""), nil, 300, 150},
		"behind something":      {append([]byte("<html>PK\x03\x04"), drawing(a4, red, "")...), nil, 1413, 2000},
		"something behind it":   {append(drawing(a4, red, ""), "PK\x03\x04<script>"...), nil, 1413, 2000},
		"a box without end":     {drawing("0 0 1e30 1e30", red, ""), nil, 1522, 1970},
		"a box of nothing":      {drawing("0 0 0 0", red, ""), nil, 1522, 1970},
		"a line":                {drawing("0 0 14400 0.01", red, ""), nil, 2000, 1},
		"a wrong way round":     {drawing("595 842 0 0", red, ""), nil, 1413, 2000},
		"wants a password":      {locked(), Locked, 0, 0},
		"eleven pages":          {pages(11), TooMany, 0, 0},
		"ten thousand":          {pages(10_000), TooMany, 0, 0},
		"says it has a million": {file(catalog, "<</Type/Pages/Kids[]/Count 1000000>>"), TooMany, 0, 0},
		"no pages":              {file(catalog, "<</Type/Pages/Kids[]/Count 0>>"), Empty, 0, 0},
		"its own child": {file(catalog, "<</Type/Pages/Kids[2 0 R 2 0 R]/Count 2/Parent 2 0 R>>"), Damaged, 0,
			0},
		"its own grandchild": {file(catalog, onePage, "<</Type/Pages/Parent 2 0 R/Kids[2 0 R]/Count 1>>"), Damaged,
			0, 0},
		"a page that is none": {file(catalog, onePage, "(no page)"), Damaged, 0, 0},
		"cut off":             {drawing(a4, red, "")[:150], Damaged, 0, 0},
		"its first bytes":     {[]byte("%PDF-1.7"), Damaged, 0, 0},
		"nothing":             {nil, Damaged, 0, 0},
		"draws itself": {drawing(a4, "/F Do", "/XObject<</F 5 0 R>>",
			stream(form+"/Resources<</XObject<</F 5 0 R>>>>", "/F Do /F Do")), TooDear, 0, 0},
		"75 MB in three rounds": {drawing(a4, showPicture, withPicture, picture(5000, 5000, 3, "")), nil, 1413,
			2000},
		"a picture of no pixels": {drawing(a4, showPicture, withPicture, picture(0, 0, 1, "")), nil, 1413, 2000},
		"a letter that draws itself": {drawing(a4, "BT /T 20 Tf (aa) Tj ET", "/Font<</T 5 0 R>>",
			"<</Type/Font/Subtype/Type3/FontBBox[0 0 9 9]/FontMatrix[1 0 0 1 0 0]/CharProcs<</a 6 0 R>>"+
				"/Encoding<</Differences[97/a]>>/FirstChar 97/LastChar 97/Widths[9]/Resources<</Font<</T 5 0 R>>>>>>",
			stream("", "9 0 d0 BT /T 20 Tf (aa) Tj ET")), nil, 1413, 2000},
		"340 MB of drawing": {file(catalog, onePage, "<</Type/Page/Parent 2 0 R/MediaBox["+a4+"]/Contents 4 0 R>>",
			stream("/Filter[/FlateDecode/FlateDecode]", deflated(bytes.Repeat([]byte("0 0 5 8 re f\n"), 26_000_000),
				2))),
			TooDear, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, _, err := drawnHere(t, c.file, 10)
			if !errors.Is(err, c.want) || c.want != nil && len(got) > 0 {
				t.Fatalf("got %d pages, %v, want %v", len(got), err, c.want)
			}
			if c.want != nil {
				return
			}
			if len(got) != 1 || got[0].Bounds().Dx() != c.wide || got[0].Bounds().Dy() != c.high {
				t.Errorf("got %d pages of %v, want one of %d by %d", len(got), got[0].Bounds(), c.wide, c.high)
			}
		})
	}
}

// Pages are what a viewer shows: all of them, in their order, with what stands in forms, on white; scripts do not run
// and nothing else of the file is in them.
func TestPagesAreWhatAViewerShows(t *testing.T) {
	field := func(content string) []byte {
		return file("<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[5 0 R]/XFA(CANARY)>>"+
			"/OpenAction<</S/JavaScript/JS(CANARY)>>"+
			"/Names<</EmbeddedFiles<</Names[(CANARY) 7 0 R]>>>>>>", onePage,
			"<</Type/Page/Parent 2 0 R/MediaBox["+a4+"]/Contents 4 0 R/Annots[5 0 R]>>", stream("", content),
			"<</Type/Annot/Subtype/Widget/FT/Tx/T(n)/V(CANARY)/F 4/Rect[0 421 297 842]/AP<</N 6 0 R>>>>",
			stream("/Type/XObject/Subtype/Form/BBox[0 0 297 421]", red), stream("/Type/EmbeddedFile", "CANARY"))
	}
	got, raw, err := drawnHere(t, field(red), 1)
	if err != nil || len(got) != 1 {
		t.Fatalf("got %d pages, %v, want one", len(got), err)
	}
	if !isRed(got[0], 300, 1500) || !isRed(got[0], 300, 500) || !isWhite(got[0], 1200, 500) {
		t.Errorf("got %v, %v, %v, want what is drawn and what the form shows, on white", got[0].At(300, 1500),
			got[0].At(300, 500), got[0].At(1200, 500))
	}
	if bytes.Contains(raw[0], []byte("CANARY")) {
		t.Error("got more of the file than its page")
	}
	clear, _, err := drawnHere(t, drawing(a4, "/G gs "+red, "/ExtGState<</G<</ca .5>>>>"), 1)
	if err != nil {
		t.Fatal(err)
	}
	if r, g, _, _ := clear[0].At(300, 1500).RGBA(); r < 0xf000 || g < 0x7000 || g > 0x9000 || !isWhite(clear[0],
		1200, 500) {
		t.Errorf("got %x, %x where red covers half, want it on white", r, g)
	}
	three, _, err := drawnHere(t, pages(3), 3)
	if err != nil || len(three) != 3 || !isRed(three[2], 300, 1500) {
		t.Errorf("got %d pages, %v, want three", len(three), err)
	}
}

// A picture that is larger than the memory of a renderer leaves its page without it or none at all: never memory that
// is not bounded.
func TestMemoryIsBounded(t *testing.T) {
	for _, side := range []int{9_000, 12_000} {
		file := drawing(a4, showPicture, "/XObject<</I 5 0 R>>", picture(side, side, 2, ""))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, _, err := drawnHere(t, file, 1)
		runtime.ReadMemStats(&after)
		if took := after.TotalAlloc - before.TotalAlloc; took > maxMemory+128<<20 {
			t.Errorf("%d: took %d MB, %v, want no more than the bound", side, took>>20, err)
		}
	}
}

// A page has so many pixels at most, whatever it says; and one that has no size is none.
func TestPixels(t *testing.T) {
	for _, c := range []struct {
		wide, high float64
		w, h       int
		ok         bool
	}{{595, 842, 1413, 2000, true}, {842, 595, 2000, 1413, true}, {1000, 1000, 1732, 1732, true}, {72, 72, 300,
		300, true},
		{1e30, 1, 2000, 1, true}, {1e-9, 1e-9, 1, 1, true}, {0, 5, 0, 0, false}, {-5, 5, 0, 0, false}} {
		if w, h, ok := pixels(c.wide, c.high); w != c.w || h != c.h || ok != c.ok {
			t.Errorf("%v by %v: got %d, %d, %v, want %d, %d, %v", c.wide, c.high, w, h, ok, c.w, c.h, c.ok)
		}
	}
}

// A renderer of its own process draws, and is ended in the middle of a page that would take for ever.
func TestARendererInItsProcess(t *testing.T) {
	form := func(next string, resources string) string {
		return stream("/Type/XObject/Subtype/Form/BBox[0 0 595 842]"+resources, strings.Repeat(next, 30))
	}
	level := func(n int) string { return fmt.Sprintf("/Resources<</XObject<</F %d 0 R>>>>", n) }
	blank := "<</Type/Page/Parent 2 0 R/MediaBox[" + a4 + "]"
	objects := []string{catalog, "<</Type/Pages/Kids[3 0 R 5 0 R]/Count 2>>", blank + "/Contents 4 0 R>>",
		stream("", red),
		blank + "/Contents 6 0 R" + level(7) + ">>", stream("", "/F Do")}
	for n := range 12 {
		objects = append(objects, form("/F Do ", level(8+n)))
	}
	objects = append(objects, form(red+" ", ""))
	ctx, stop := context.WithCancel(t.Context())
	var page image.Image
	err := renderer("draw").Draw(ctx, file(objects...), 2, func(p []byte) (err error) {
		stop() // it is at the second page by now
		page, err = png.Decode(bytes.NewReader(p))
		return err
	})
	if !errors.Is(err, ErrDied) || page == nil || !isRed(page, 300, 1500) {
		t.Errorf("got %v, %v, want a page, and the renderer ended", page, err)
	}
}

// What is no answer counts for nothing, and nothing that a renderer says is believed that it was not asked.
func TestRenderersThatGiveNoAnswer(t *testing.T) {
	frame := func(k kind, body string) string {
		var b bytes.Buffer
		_ = writeFrame(&b, k, []byte(body)) // into memory
		return b.String()
	}
	page, end := frame(framePage, "p"), frame(frameEnd, "")
	for name, c := range map[string]struct {
		does, says string
		want       error
		deadline   time.Duration
	}{
		"hangs":                  {"hangs", "", ErrDied, time.Millisecond},
		"dies":                   {"dies", "", ErrDied, 0},
		"more pages than asked":  {"endless", "", ErrDied, 0},
		"nothing":                {"says", "", ErrDied, 0},
		"no end":                 {"says", page, ErrDied, 0},
		"an end without pages":   {"says", end, ErrDied, 0},
		"a page and the end":     {"says", page + end, nil, 0},
		"a fault":                {"says", frame(frameFault, "locked"), Locked, 0},
		"a fault that is none":   {"says", frame(frameFault, "<script>"), ErrDied, 0},
		"a frame without an end": {"says", "p\xff\xff\xff\xff", ErrDied, 0},
		"something else":         {"says", frame('?', ""), ErrDied, 0},
	} {
		r := renderer(c.does)
		r.Deadline = c.deadline
		err := r.Draw(t.Context(), []byte(c.says), 2, func([]byte) error { return nil })
		if !errors.Is(err, c.want) || c.want == nil && err != nil {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
	full := errors.New("no room")
	if err := renderer("endless").Draw(t.Context(), nil, 2, func([]byte) error { return full }); !errors.Is(err,
		full) {
		t.Errorf("got %v, want what its caller said", err)
	}
	none := &Renderer{Command: []string{"/nowhere"}}
	if err := none.Draw(t.Context(), nil, 2, nil); err == nil || errors.Is(err, ErrDied) {
		t.Errorf("got %v, want it said that none was started", err)
	}
}

// A renderer has no file, no socket, no program, no environment, and no hold on who has started it.
func TestARendererMayNothing(t *testing.T) {
	if _, ok := os.LookupEnv("PATH"); !ok {
		t.Error("the test has no environment to keep from it")
	}
	may := "nothing heard"
	err := renderer("looks").Draw(t.Context(), nil, 1, func(b []byte) error { may = string(b); return nil })
	confined := runtime.GOOS == "linux" && (runtime.GOARCH == "amd64" || runtime.GOARCH == "arm64")
	if err != nil || may != "" && (confined || strings.Contains(may, "environment")) {
		t.Errorf("got it able to %q, %v, want nothing", may, err)
	}
}
