package recovery_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/pdf"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/store"
)

// A sketcher draws pages at will: the renderer is a process apart, and its own package tests it.
type sketcher struct {
	pages     int
	err       error
	meanwhile func() // while it draws
	drawn     int
	most      int // that it was last asked for
}

func (d *sketcher) Draw(_ context.Context, file []byte, most int, each func([]byte) error) error {
	d.drawn++
	d.most = most
	if d.meanwhile != nil {
		d.meanwhile()
	}
	if d.err == nil && d.pages > most {
		return pdf.TooMany
	}
	for i := range d.pages {
		p := image.NewGray(image.Rect(0, 0, 40, 60))
		for j := range p.Pix {
			p.Pix[j] = uint8(len(file) + 50*i)
		}
		var b bytes.Buffer
		if err := errors.Join(png.Encode(&b, p), each(b.Bytes())); err != nil {
			return err
		}
	}
	return d.err
}

// aPDF is a file that is taken for a PDF, and differs by what it is of.
func aPDF(of int) []byte { return fmt.Appendf(nil, "%%PDF-1.7 CANARY %d", of) }

// drafting is an open case on a site that takes PDFs.
func drafting(t testing.TB, pages int) (*world, *sketcher, string) {
	t.Helper()
	w := newWorld(t)
	w.person("wei", auth.MethodForm{Kind: auth.TOTP, Name: "app"})
	d := &sketcher{pages: pages}
	w.cases.DrawPDFs(d)
	link, _ := w.opened("wei@example.com", "", recovery.Key)
	return w, d, link
}

// draws draws all that is to be drawn.
func (w *world) draws() {
	w.t.Helper()
	for range 100 {
		more, err := w.cases.DrawNext(w.t.Context())
		if err != nil {
			w.t.Fatalf("drawing: %v", err)
		}
		if !more {
			return
		}
	}
	w.t.Fatal("there is no end to drawing")
}

// A PDF is being prepared, then its pages are pictures as others are, and nothing of it is kept; until then nothing is
// sent.
func TestAPDFBecomesPictures(t *testing.T) {
	w, _, link := drafting(t, 3)
	w.does("a photo", func() error { return w.show(link, photo(t, 9)) })
	w.does("a PDF", func() error { return w.show(link, aPDF(1)) })
	got := w.at(link)
	if len(got.Drafts) != 1 || got.Drafts[0].Why != "" || !got.Drafts[0].At.Equal(w.time()) ||
		len(got.Pictures) != 1 || got.Left != 8 {
		t.Fatalf("got %+v, want it being prepared", got)
	}
	select {
	case <-w.cases.Drafted():
	default:
		t.Error("nobody is told that there is something to draw")
	}
	wantCode(t, "sending meanwhile", w.answer(link), auth.PicturePreparing)
	if got := w.at(link); got.State != recovery.Open || len(got.Steps) != 0 {
		t.Errorf("got %+v, want nothing sent", got)
	}
	w.draws()
	got = w.at(link)
	if len(got.Drafts) != 0 || len(got.Pictures) != 4 || got.Left != 6 || w.pieces() != 4 {
		t.Fatalf("got %+v, %d pieces, want four pictures and nothing else", got, w.pieces())
	}
	w.does("sending", func() error { return w.answer(link) })
	seen := map[string]bool{}
	for _, p := range w.at(link).Pictures {
		whole, err := w.view(by("ann"), link, p.ID)
		if err != nil || bytes.Contains(whole, []byte("CANARY")) || seen[string(whole)] {
			t.Errorf("got %d bytes, %v, want a page of its own", len(whole), err)
		}
		seen[string(whole)] = true
	}
	w.does("withdrawing", func() error { return w.withdraw(link) })
	w.pass(31 * day)
	if w.keys() != 0 || w.pieces() != 0 {
		t.Errorf("got %d keys, %d pieces, want them destroyed", w.keys(), w.pieces())
	}
}

// Why a PDF became no pictures is said, nothing of it is kept, and nothing else waits for it.
func TestPDFsThatBecomeNoPictures(t *testing.T) {
	broken := errors.New("no process")
	for name, c := range map[string]struct {
		pages int
		err   error
		why   recovery.Why
		tries int
	}{
		"locked": {0, pdf.Locked, "locked", 1}, "damaged": {0, pdf.Damaged, "damaged", 1},
		"empty":    {0, pdf.Empty, "empty", 1},
		"too many": {11, nil, "too-many", 1}, "too dear": {2, pdf.TooDear, "too-dear", 1},
		"dies": {2, fmt.Errorf("%w: killed", pdf.ErrDied), recovery.WhyFailed, 2}, "none starts": {0, broken, "", 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, d, link := drafting(t, c.pages)
			d.err = c.err
			w.does("a PDF", func() error { return w.show(link, aPDF(1)) })
			for range 3 {
				if _, err := w.cases.DrawNext(t.Context()); errors.Is(err, broken) != (name == "none starts") {
					t.Errorf("got %v", err)
				}
				if name == "none starts" {
					break
				}
			}
			got := w.at(link)
			if len(got.Drafts) != 1 || got.Drafts[0].Why != c.why || len(got.Pictures) != 0 || d.drawn != c.tries {
				t.Fatalf("got %+v after %d tries, want %q after %d", got.Drafts, d.drawn, c.why, c.tries)
			}
			if c.why == "" { // it is ours, and no try of the file's
				d.err, d.pages = nil, 1
				w.draws()
				if got := w.at(link); len(got.Pictures) != 1 {
					t.Errorf("got %+v, want it drawn once a renderer starts", got)
				}
				return
			}
			if w.pieces() != 0 {
				t.Errorf("got %d pieces, want none", w.pieces())
			}
			if slices.Index(recovery.Whys(), got.Drafts[0].Why) < 0 {
				t.Errorf("got %q, want a reason that has its words", got.Drafts[0].Why)
			}
			w.does("the same once more", func() error { return w.show(link, aPDF(1)) })
			if n := len(w.at(link).Drafts); n != 1 {
				t.Errorf("got %d, want it in its place", n)
			}
			w.draws()
			w.does("sending", func() error { return w.answer(link) })
			if n := len(w.at(link).Drafts); n != 0 {
				t.Errorf("got %d left, want none once the case was sent", n)
			}
		})
	}
}

// What happens to a case while its PDF is drawn counts: its pages are stored where it still takes them, once, or not.
func TestWhatHappensWhileAPDFIsDrawn(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(w *world, link string) error
		want int
		keys int
	}{
		"nothing": {func(*world, string) error { return nil }, 2, 1},
		"taken away": {func(w *world, link string) error {
			_, err := w.cases.RemovePicture(w.t.Context(), auth.Caller{}, link, w.at(link).Drafts[0].ID)
			return err
		}, 0, 1},
		"withdrawn": {func(w *world, link string) error { return w.withdraw(link) }, 0, 1},
		"purged": {func(w *world, link string) error {
			return w.cases.Purge(w.t.Context(), "root", idOf(link))
		}, 0, 0},
		"the same file again": {func(w *world, link string) error { return w.show(link, aPDF(1)) }, 2, 1},
		"no room is left": {func(w *world, link string) error {
			for i := range 9 {
				if err := w.show(link, photo(w.t, uint8(20*i))); err != nil {
					return err
				}
			}
			return nil
		}, 9, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w, d, link := drafting(t, 2)
			w.does("a PDF", func() error { return w.show(link, aPDF(1)) })
			d.meanwhile = func() { w.does(name, func() error { return c.do(w, link) }) }
			w.draws()
			got := w.at(link)
			if len(got.Pictures) != c.want || w.pieces() != c.want || w.keys() != c.keys {
				t.Errorf("got %d pictures, %d pieces, %d keys, want %d pictures, %d keys", len(got.Pictures),
					w.pieces(), w.keys(), c.want, c.keys)
			}
			if name == "no room is left" {
				if len(got.Drafts) != 1 || got.Drafts[0].Why != recovery.WhyNoRoom {
					t.Errorf("got %+v, want it said", got.Drafts)
				}
			} else if len(got.Drafts) != 0 {
				t.Errorf("got %+v, want none left", got.Drafts)
			}
		})
	}
}

// A site that ends in the middle begins anew: no page is doubled and none lost; and a file that ends the site twice
// does not a third time.
func TestADrawingThatIsBrokenOff(t *testing.T) {
	w, d, link := drafting(t, 2)
	w.does("a PDF", func() error { return w.show(link, aPDF(1)) })
	ends := func(f func()) { // the goroutine goes, as all do when a process ends
		done := make(chan struct{})
		d.meanwhile = f
		go func() {
			defer close(done)
			defer func() { _ = recover() }()
			_, _ = w.cases.DrawNext(t.Context())
		}()
		<-done
	}
	ends(func() { panic("the end of the site") })
	if got := w.at(link); len(got.Drafts) != 1 || got.Drafts[0].Why != "" || len(got.Pictures) != 0 {
		t.Fatalf("got %+v, want it waiting", got)
	}
	ctx, stop := context.WithCancel(t.Context())
	d.meanwhile, d.err = stop, context.Canceled
	if _, err := w.cases.DrawNext(ctx); err == nil {
		t.Error("stopping in order: got nil, want it broken off")
	}
	d.meanwhile, d.err = nil, nil
	w.draws()
	if got := w.at(link); len(got.Pictures) != 2 || len(got.Drafts) != 0 || w.pieces() != 2 {
		t.Errorf("got %+v, want two pages: a stop in order is no fault of the file", got)
	}
	w.does("another", func() error { return w.show(link, aPDF(2)) })
	ends(func() { panic("the end of the site") })
	ends(func() { panic("the end of the site") })
	before := d.drawn
	d.meanwhile = nil
	w.draws()
	if got := w.at(link); d.drawn != before || len(got.Drafts) != 1 || got.Drafts[0].Why != recovery.WhyFailed ||
		w.pieces() != 2 {
		t.Errorf("got %+v after %d more, want it given up", got.Drafts, d.drawn-before)
	}
}

// Many send, take away and draw at the same time: what comes of it is as many pages as there are pictures, and nothing
// is left over.
func TestManyPDFsAtOnce(t *testing.T) {
	w, _, link := drafting(t, 2)
	var wait sync.WaitGroup
	for i := range 32 {
		wait.Go(func() {
			wantCode(t, "a PDF", w.show(link, aPDF(i%3)), "")
		})
	}
	wait.Wait()
	if got := w.at(link); len(got.Drafts) != 3 || got.Left != 7 {
		t.Fatalf("got %+v, want three: the same file is the same PDF", got.Drafts)
	}
	gone := w.at(link).Drafts[1].ID
	wait.Go(func() {
		_, err := w.cases.RemovePicture(t.Context(), auth.Caller{}, link, gone)
		wantCode(t, "taking one away", err, "")
	})
	for range 4 {
		wait.Go(func() { _, _ = w.cases.DrawNext(t.Context()) })
	}
	wait.Wait()
	w.draws()
	got := w.at(link)
	if n := len(got.Pictures); n != 4 && n != 6 || w.pieces() != n || len(got.Drafts) != 0 {
		t.Errorf("got %d pictures, %d pieces, %+v, want two of each file that stayed", n, w.pieces(), got.Drafts)
	}
}

// Who sends many PDFs waits behind who sends one, and there is an end to them.
func TestPDFsInTurn(t *testing.T) {
	w, d, link := drafting(t, 1)
	other, _ := w.opened("lin@example.com", "lin@example.org")
	for i := range 3 {
		w.does("one of many", func() error { return w.show(link, aPDF(i)) })
	}
	w.pass(time.Minute)
	w.does("the only one", func() error { return w.show(other, aPDF(9)) })
	for range 2 {
		if _, err := w.cases.DrawNext(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if len(w.at(link).Pictures) != 1 || len(w.at(other).Pictures) != 1 {
		t.Errorf("got %d and %d drawn, want one of each", len(w.at(link).Pictures), len(w.at(other).Pictures))
	}
	w.draws()
	d.err = pdf.Damaged
	var err error
	for i := 10; err == nil && i < 100; i++ {
		err = w.show(link, aPDF(i))
		w.draws()
	}
	wantCode(t, "too many a day", err, auth.TooManyRequests)
	if n := len(w.at(link).Drafts); n != 3 {
		t.Errorf("got %d that failed, want the last three", n)
	}
}

// Where no PDF is taken it is refused with the reason, and what was sent before is not drawn.
func TestPDFsAreSwitchedOff(t *testing.T) {
	w := newWorld(t, func(c *recovery.Config) { c.PDF = false })
	w.person("wei")
	d := &sketcher{pages: 1}
	w.cases.DrawPDFs(d)
	link, _ := w.opened("wei@example.com", "")
	wantCode(t, "a PDF", w.show(link, aPDF(1)), auth.PicturePDF)
	if w.at(link).PDF {
		t.Error("PDFs are offered")
	}

	folder := t.TempDir()
	on := newWorldIn(t, folder, w.time(), store.Plain())
	on.person("wei")
	on.cases.DrawPDFs(d)
	link, _ = on.opened("wei@example.com", "")
	on.does("a PDF", func() error { return on.show(link, aPDF(1)) })
	on.cases.DrawPDFs(nil)
	on.draws()
	if got := on.at(link); len(got.Drafts) != 1 || got.Drafts[0].Why != recovery.WhyOff || d.drawn != 0 {
		t.Errorf("got %+v, %d drawn, want it said that none is taken any more", got.Drafts, d.drawn)
	}
}

// Pages that are none, which a renderer sends that its file has taken over, are no pictures.
func TestPagesThatAreNone(t *testing.T) {
	w, d, link := drafting(t, 0)
	w.cases.DrawPDFs(liar{d})
	w.does("a PDF", func() error { return w.show(link, aPDF(1)) })
	w.draws()
	if got := w.at(link); len(got.Drafts) != 1 || got.Drafts[0].Why != recovery.WhyFailed || len(got.Pictures) != 0 {
		t.Errorf("got %+v, want it given up", got)
	}
}

type liar struct{ *sketcher }

func (l liar) Draw(_ context.Context, _ []byte, _ int, each func([]byte) error) error {
	return each([]byte("<script>"))
}
