package pdf

import (
	"bytes"
	"compress/zlib"
	"fmt"
	"strings"
)

// A maker makes a PDF by hand, object by object.
type maker struct {
	b   bytes.Buffer
	off []int
}

// file makes a file of objects, the first of which is its catalog.
func file(objects ...string) []byte { return fileWith("", objects...) }

// fileWith is file with more in its trailer.
func fileWith(trailer string, objects ...string) []byte {
	m := &maker{}
	m.b.WriteString("%PDF-1.7\n")
	for _, o := range objects {
		m.off = append(m.off, m.b.Len())
		fmt.Fprintf(&m.b, "%d 0 obj\n%s\nendobj\n", len(m.off), o)
	}
	at := m.b.Len()
	fmt.Fprintf(&m.b, "xref\n0 %d\n0000000000 65535 f \n", len(m.off)+1)
	for _, o := range m.off {
		fmt.Fprintf(&m.b, "%010d 00000 n \n", o)
	}
	fmt.Fprintf(&m.b, "trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n", len(m.off)+1, trailer, at)
	return m.b.Bytes()
}

const (
	catalog = "<</Type/Catalog/Pages 2 0 R>>"
	onePage = "<</Type/Pages/Kids[3 0 R]/Count 1>>"
)

// stream is a stream object; head is more of its dictionary.
func stream(head, body string) string {
	return fmt.Sprintf("<<%s/Length %d>>stream\n%s\nendstream", head, len(body), body)
}

// deflated is body as FlateDecode reads it, so many times over.
func deflated(body []byte, times int) string {
	for range times {
		var b bytes.Buffer
		z, _ := zlib.NewWriterLevel(&b, 9) // the level is one
		_, _ = z.Write(body)               // into memory
		_ = z.Close()
		body = b.Bytes()
	}
	return string(body)
}

// drawing is a file of one page of a size, with what is drawn on it and what that needs.
func drawing(box, content, resources string, more ...string) []byte {
	page := "<</Type/Page/Parent 2 0 R/MediaBox[" + box + "]/Resources<<" + resources + ">>/Contents 4 0 R>>"
	return file(append([]string{catalog, onePage, page, stream("", content)}, more...)...)
}

const a4 = "0 0 595 842"

// red fills the lower left quarter of an A4 page.
const red = "1 0 0 rg 0 0 297 421 re f"

// pages is a file of so many pages, which share what is drawn.
func pages(n int) []byte {
	kids := make([]string, n)
	objects := []string{catalog, "", stream("", red)}
	for i := range n {
		kids[i] = fmt.Sprintf("%d 0 R", 4+i)
		objects = append(objects, "<</Type/Page/Parent 2 0 R/MediaBox["+a4+"]/Contents 3 0 R>>")
	}
	objects[1] = fmt.Sprintf("<</Type/Pages/Kids[%s]/Count %d>>", strings.Join(kids, " "), n)
	return file(objects...)
}

// picture is the object of a picture of one colour; bits of it a pixel, packed by as many rounds of FlateDecode.
func picture(wide, high, rounds int, more string) string {
	filters := strings.Repeat("/FlateDecode", rounds)
	head := fmt.Sprintf("/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace/DeviceRGB/BitsPerComponent 8",
		wide, high)
	return stream(fmt.Sprintf("%s/Filter[%s]%s", head, filters, more), deflated(make([]byte, wide*high*3), rounds))
}

const showPicture = "q 500 0 0 700 40 40 cm /I Do Q"

// locked is a file that wants a password: the handler is named, and no password opens it.
func locked() []byte {
	zeros := strings.Repeat("0", 64)
	return fileWith("/Encrypt 4 0 R/ID[<00><00>]", catalog, onePage,
		"<</Type/Page/Parent 2 0 R/MediaBox["+a4+"]>>",
		"<</Filter/Standard/V 2/R 3/Length 128/P -4/O<"+zeros+">/U<"+zeros+">>>")
}
