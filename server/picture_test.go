package server

import (
	"bytes"
	"context"
	"image"
	"image/jpeg"
	"image/png"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// photo is a JPEG of one shade.
func photo(shade uint8) string {
	p := image.NewGray(image.Rect(0, 0, 64, 40))
	for i := range p.Pix {
		p.Pix[i] = shade
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, p, nil) // into memory, of a picture that there is
	return b.String()
}

// sends sends a picture to a case as a program does.
func (p *person) sends(link, file string) *httptest.ResponseRecorder {
	return p.send("POST", "/api/v1/recovery/case/"+link+"/pictures", "image/jpeg", file)
}

// uploads sends the form of the page of a case with a file.
func (p *person) uploads(page, file string) *sheet { return p.uploadsWith(page, file, "") }

// uploadsWith is uploads with what is written below the file.
func (p *person) uploadsWith(page, file, text string) *sheet {
	p.w.t.Helper()
	const mark = "----form"
	body := "--" + mark + "\r\nContent-Disposition: form-data; name=\"picture\"; filename=\"photo.jpg\"\r\n" +
		"Content-Type: image/jpeg\r\n\r\n" + file + "\r\n--" + mark +
		"\r\nContent-Disposition: form-data; name=\"text\"\r\n\r\n" + text + "\r\n--" + mark + "--\r\n"
	return p.follow(page+"/pictures", p.send("POST", page+"/pictures", "multipart/form-data; boundary="+mark, body))
}

// openCase is a case that waits for what its applicant has to say.
func (p *person) openCase(identifier string) string {
	p.w.t.Helper()
	link := p.askCase(identifier, "phone")
	p.must("POST", "/recovery/case/open", m{"link": link}, nil)
	return link
}

// pictureFaults provoke the codes of files that are no pictures.
func pictureFaults() map[auth.Code]provocation {
	all := map[auth.Code]provocation{}
	for code, file := range map[auth.Code]string{
		auth.PictureMissing: "", auth.PictureUnknown: "GIF89a", auth.PicturePDF: "%PDF-1.7",
		auth.PictureDamaged:  photo(1)[:99],
		auth.PictureHEIC:     "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
		auth.PictureTooLarge: photo(1) + strings.Repeat(" ", recovery.MaxPicture),
	} {
		all[code] = do(func(c *trial) *httptest.ResponseRecorder {
			p := c.program()
			link := p.openCase(testEmail)
			p.lang = c.lang
			return p.sends(link, file)
		})
	}
	all[auth.PicturePreparing] = do(func(c *trial) *httptest.ResponseRecorder {
		c.cases.DrawPDFs(c.sketches)
		p := c.program()
		link := p.openCase(testEmail)
		p.sends(link, "%PDF-1.7")
		p.lang = c.lang
		return p.send("POST", "/api/v1/recovery/case/answer", "application/json",
			`{"link":"`+link+`","text":"It fell into the sea."}`)
	})
	all[auth.PicturesFull] = do(func(c *trial) *httptest.ResponseRecorder {
		p := c.program()
		link := p.openCase(testEmail)
		for i := range recovery.MaxPictures {
			p.sends(link, photo(uint8(9*i)))
		}
		p.lang = c.lang
		return p.sends(link, photo(255))
	})
	return all
}

// apiPictures adds two pictures to a case and takes one away.
func (o *tour) apiPictures(q *person, link string) {
	var now struct{ Pictures []struct{ ID string } }
	for _, shade := range []uint8{10, 200} {
		if got := q.sends(link, photo(shade)); got.Code != http.StatusOK {
			o.t.Fatalf("a picture: got %d %s", got.Code, got.Body)
		}
	}
	q.must("POST", "/recovery/case", m{"link": link}, &now)
	q.must("DELETE", "/recovery/case/"+link+"/pictures/"+now.Pictures[0].ID, nil, nil)
}

// A sketcher draws one page of whatever it gets: package pdf tests the real renderer, and the whole program's journeys
// have it.
type sketcher struct{}

func (*sketcher) Draw(_ context.Context, _ []byte, _ int, each func([]byte) error) error {
	var b bytes.Buffer
	_ = png.Encode(&b, image.NewGray(image.Rect(0, 0, 64, 40))) // into memory, of a picture that there is
	return each(b.Bytes())
}

// A PDF over the page: it is being prepared, sending says so, looking again keeps what is written, and then it is a
// picture.
func TestAPDFOnThePageOfACase(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	w.cases.DrawPDFs(w.sketches)
	page := "/recovery/case/" + w.program().openCase(testEmail)
	const story = "It fell into the sea.\r\nTwice."
	p := w.browser()
	p.open(page).says("Choose a picture or PDF")
	s := p.uploadsWith(page, "%PDF-1.7 CANARY", story).at(page, 200).says("The PDF was received", "being prepared",
		"It fell into the sea.", "You can add 9 more pictures")
	s = p.fill(s, page+"/answer", "text", story).at(page, 200).says("A PDF is still being prepared", "It fell into the sea.")
	s = p.fill(s, page+"/look", "text", story).at(page, 200).says("Still being prepared", "It fell into the sea.")
	if more, err := w.cases.DrawNext(t.Context()); err != nil || !more {
		t.Fatal(err)
	}
	s = p.fill(s, page+"/look", "text", story).at(page, 200).says("Nothing is being prepared any more", "Picture 1",
		"It fell into the sea.")
	p.fill(s, page+"/answer", "text", story).says("Sent to the reviewers")
}

// What is written on the page of a case, and is not sent yet, stays whatever else is done there, done or refused, and
// however long it is.
func TestWhatIsWrittenBesidePicturesStays(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	page := "/recovery/case/" + w.program().openCase(testEmail)
	p := w.browser()
	p.open(page)
	for name, story := range map[string]string{"short": "掉进海里了 into the sea",
		"long": strings.Repeat("掉进海里了", 400) + "END"} {
		keeps := func(what string, s *sheet) *sheet {
			t.Helper()
			if !strings.Contains(s.text, story) {
				t.Errorf("%s, %s: got it lost, want it in its field", name, what)
			}
			return s
		}
		s := keeps("a picture", p.uploadsWith(page, photo(uint8(len(story))), story))
		keeps("no picture", p.uploadsWith(page, "GIF89a", story).says("Error:"))
		keeps("none at all", p.uploadsWith(page, "", story).says("Error:"))
		huge := photo(1) + strings.Repeat(" ", recovery.MaxPicture+1<<20) // longer than its form may be
		keeps("too large", p.uploadsWith(page, huge, story).says("too large"))
		keeps("another language", p.speak(s, "zh-CN", "text", story))
		s = keeps("and back", p.speak(p.open(page), "en", "text", story))
		keeps("taken away", p.fill(s, pictureIn.FindStringSubmatch(s.text)[1], "text", story).says("was removed"))
		w.pass(time.Minute)
	}
	long := strings.Repeat("掉进海里了", 400)
	s := p.fill(p.open(page), page+"/answer", "text", long).says("Error:")
	if !strings.Contains(s.text, long) {
		t.Error("a story that is too long is lost")
	}
}

var pictureIn = regexp.MustCompile(`action="([^"]*/pictures/[^"]+)"`)

// pictures is a case whose applicant adds pictures, and takes one away.
func (o *tour) pictures(q *person, page string) {
	q.uploads(page, "%PDF-1.7")
	q.uploads(page, photo(10))
	s := q.uploads(page, photo(200))
	first := pictureIn.FindStringSubmatch(s.text)[1]
	q.open(page + "/pictures")
	q.open(page + "/look")
	q.open("/help/pictures")
	q.open(first)
	q.fill(s, first)
	q.uploads(page, photo(90))
	q.follow(page+"/look", q.send("POST", page+"/look", "application/x-www-form-urlencoded", ""))
}

// Pictures over the pages, from the first to the reviewers: the form says what is wrong with a file, what was
// received and what was sent, in a browser that runs no script.
func TestPicturesOnThePageOfACase(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	page := "/recovery/case/" + w.program().openCase(testEmail)
	p := w.browser()
	p.open(page).says("Pictures of documents", "No picture received yet", "You can add 10 more")
	p.uploads(page, "").at(page, 200).says("Error:", "Choose a picture first")
	p.uploads(page, "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00").at(page, 200).says("Error:", "This is a HEIC picture")
	p.uploads(page, photo(1)+strings.Repeat(" ", recovery.MaxPicture)).at(page, 200).says("Error:", "too large")
	p.uploads(page, photo(1)).at(page, 200).says("The picture was received", "Picture 1", "Not sent yet",
		"You can add 9 more")
	w.pass(time.Minute)
	s := p.uploads(page, photo(2)).at(page, 200).says("Picture 2")
	s = p.fill(s, pictureIn.FindStringSubmatch(s.text)[1]).at(page, 200).says("The picture was removed")
	s = p.fill(s, page+"/answer", "text", "It fell into the sea.").says("Sent to the reviewers")
	if strings.Contains(s.text, `type="file"`) || strings.Contains(s.text, "Remove picture") {
		t.Error("pictures may be added and taken away while reviewers have the case")
	}
	p.uploads(page, photo(3)).at(page, 200).says("Error:")
	w.reviewers(page[len("/recovery/case/"):], "more")
	p.open(page).says("Sent to the reviewers", "You can add 9 more")
}

// A body is taken for a file where the table says that one is posted, and nowhere else: everywhere else the limit of
// bodies holds.
func TestFilesArePostedWhereTheTableSays(t *testing.T) {
	w := newWorld(t)
	ids := strings.NewReplacer("{id}", "x", "{link}", "x", "{kind}", "phone", "{name}", "x", "{key}", "x", "{case}", "x",
		"{picture}", "x", "{shop}", "x", "{member}", "x", "{ticket}", "x", "{puzzle}", "x")
	uploads := func(method, path string) bool {
		r := httptest.NewRequest(method, testOrigin+path, nil)
		return w.server.Open(w.server.front.Exchange(httptest.NewRecorder(), r)).(*request).Uploads()
	}
	files := 0
	for _, pg := range w.server.pageTable() {
		path := ids.Replace(pg.path)
		if got := uploads("POST", path); got != pg.file {
			t.Errorf("POST %s: got taken for a file %v, want %v", path, got, pg.file)
		}
		if uploads("GET", path) {
			t.Errorf("GET %s: got taken for a file", path)
		}
		if pg.file {
			files++
		}
	}
	for _, rt := range routes() {
		path := "/api/v1" + ids.Replace(rt.path)
		if got := uploads(rt.method, path); got != rt.file {
			t.Errorf("%s %s: got taken for a file %v, want %v", rt.method, path, got, rt.file)
		}
		if rt.file {
			files++
		}
	}
	if files != 2 {
		t.Errorf("got %d places for files, want two", files)
	}
}

// Who sends a picture by a link that is no good, to a case that takes none, or from another site, is refused before
// anything of it is read.
func TestPicturesAreRefusedUnread(t *testing.T) {
	w := newWorld(t)
	w.enrolled(w.program())
	p := w.program()
	asked := p.askCase(testEmail, "phone")
	review := p.caseInReview(testEmail, "key")
	for name, c := range map[string]struct {
		link, site string
		want       auth.Code
	}{
		"no such link": {strings.Repeat("A", 65), "", auth.LinkUsed}, "not open yet": {asked, "", auth.CaseMoved},
		"with the reviewers": {review, "", auth.CaseMoved}, "another site": {asked, "cross-site", auth.CrossOrigin},
	} {
		body := &untouched{}
		r := httptest.NewRequest("POST", testOrigin+"/api/v1/recovery/case/"+c.link+"/pictures", body)
		r.ContentLength = 5 << 20
		if c.site != "" {
			r.Header.Set("Sec-Fetch-Site", c.site)
		}
		rec := httptest.NewRecorder()
		w.server.ServeHTTP(rec, r)
		if got := codeIn(rec); got != c.want || body.read {
			t.Errorf("%s: got %q, read %v, want %q, unread", name, got, body.read, c.want)
		}
	}
}

// untouched is a body that tells whether somebody has read it.
type untouched struct{ read bool }

func (u *untouched) Read([]byte) (int, error) {
	u.read = true
	return 0, http.ErrBodyReadAfterClose
}
