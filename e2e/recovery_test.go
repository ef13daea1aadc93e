package e2e

import (
	"bytes"
	"image"
	"image/jpeg"
	"os"
	"path/filepath"
	"strings"

	"github.com/chromedp/chromedp"
)

// asksForCase is asks, and returns the path that the mail leads to.
func (p *person) asksForCase() string {
	p.t.Helper()
	p.asks()
	return strings.TrimPrefix(p.house.letter(p.t, "email", p.email, "/recovery/case/").link(p.t, p.house.origin), p.house.origin)
}

// asks says that the phone is lost.
func (p *person) asks() {
	p.t.Helper()
	p.open("/recovery").follow(`main a[href="/recovery/ask"]`).fill("identifier", p.email).press("main [name=lost-phone]")
	p.until("the picture", "document.querySelector('main img').naturalWidth === 300")
	p.follow("main [data-work]").at("/recovery/sent")
}

// recovering are the pages of whoever has nothing left, and of the owner who finds that it was not he.
func (w *sweep) recovering() {
	w.see("/recovery")
	w.see("/recovery/ask")
	w.fill("identifier", w.email, "signs", "no").submit("/recovery/ask").problem("lost-missing")
	w.look("a request, refused")
	path := w.asksForCase()
	w.look("/recovery/sent")
	w.see(path)
	w.submit(path + "/open").at(path).says(w.word("recovery-case.open.title"))
	w.look("a request, open")
	w.sends("<html>").at(path).problem("picture-unknown")
	w.look("a request, its picture refused")
	w.sends(photo(90)).at(path).says(w.word("done.picture-added.title"))
	w.sends(photo(200)).at(path)
	w.look("a request, with pictures")
	w.follow(`main button[formaction*="/pictures/"]`).at(path).says(w.word("done.picture-removed.title"))
	w.until("an old browser, which knows no longest text", `document.querySelector('textarea').removeAttribute('maxlength') === undefined`)
	w.fill("text", strings.Repeat("long ", 200)).submit(path + "/answer").problem("story-too-long")
	w.look("a request, too long")
	w.fill("text", "It fell into the sea. 掉进海里了。").submit(path + "/answer").at(path).says(w.word("recovery-case.review.title"))
	w.look("a request, in review")
	w.see(path + "/withdraw")
	stop := w.house.letter(w.t, "email", w.email, "/recovery/stop/").link(w.t, w.house.origin)
	w.see(stop)
	w.submit(strings.TrimPrefix(stop, w.house.origin)).at("/done/case-waits")
	w.look("a request, delayed")
	w.see(stop)
	w.open("/security").says(w.word("security.case"))
	w.look("overview, with a request")
	w.follow(`main a[href^="/security/recovery/"]`)
	w.look("a request of the owner's own account")
	w.submit(eval[string](w.person, "location.pathname")).at("/security").says(w.word("done.case-stopped.title"))
	w.look("a request, stopped")
	w.open(path).says(w.word("recovery-case.closed.title"))
	w.look("a request, closed")
	w.open("/security") // what follows signs out from there
}

func recoveryJourneys() []journey {
	return []journey{
		{"nothing left", (*person).nothingLeft},
		{"pictures of documents", func(p *person) { p.shows(false) }},
		{"pictures of documents without script", func(p *person) { p.shows(true) }},
		{"nothing left without script", func(p *person) {
			p.scriptOff()
			p.open("/recovery/ask").fill("identifier", p.email, "signs", "no").press("main [name=lost-key]")
			p.submit("/recovery/ask").problem("puzzle-wrong")
			if !p.has("main [name=lost-key]:checked") {
				p.t.Error("after a refusal: got what was ticked forgotten, want it kept")
			}
		}},
	}
}

// photo is a JPEG of one shade.
func photo(shade uint8) string {
	p := image.NewGray(image.Rect(0, 0, 640, 400))
	for i := range p.Pix {
		p.Pix[i] = shade
	}
	var b bytes.Buffer
	_ = jpeg.Encode(&b, p, nil) // into memory, of a picture that there is
	return b.String()
}

// sends chooses a file on the page of a case and sends it.
func (p *person) sends(file string) *person {
	p.t.Helper()
	path := filepath.Join(p.t.TempDir(), "photo.jpg")
	if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
		p.t.Fatal(err)
	}
	if err := chromedp.Do(p.ctx, chromedp.SetUploadFiles(chromedp.CSS("main [name=picture]"), []string{path})); err != nil {
		p.t.Fatalf("choosing a file: %v", err)
	}
	return p.follow(`main button[formenctype]`)
}

// shows adds pictures to a case, is told which are none, takes one away, and sends the rest.
func (p *person) shows(bare bool) {
	p.registered()
	path := p.asksForCase()
	p.open(path).submit(path + "/open").says(p.word("recovery-show.title"))
	if bare {
		p.scriptOff()
		p.open(path)
	}
	p.sends("<html>").at(path).problem("picture-unknown")
	p.sends(photo(1)).at(path).says(p.word("done.picture-added.title"))
	p.sends(photo(1)).at(path) // once more is the same one
	p.fill("text", "掉进海里了 into the sea")
	p.sends(photo(90)).at(path).says(p.word("recovery-show.unsent"))
	p.keepsStory()
	if n := eval[int](p, "document.querySelectorAll('main button[formaction*=\"/pictures/\"]').length"); n != 2 {
		p.t.Errorf("got %d pictures that may be taken away, want two", n)
	}
	p.follow(`main button[formaction*="/pictures/"]`).at(path).says(p.word("done.picture-removed.title"))
	p.keepsStory()
	p.showsPDF(path)
	p.submit(path + "/answer").says(p.word("recovery-show.sent"))
	if p.has("main [name=picture]") {
		p.t.Error("pictures may be added while reviewers have the case")
	}
}

// keepsStory fails the test if what was written below the pictures is lost.
func (p *person) keepsStory() {
	p.t.Helper()
	if got := eval[string](p, "document.querySelector('textarea').value"); got != "掉进海里了 into the sea" {
		p.t.Errorf("got %q in the field, want what was written", got)
	}
}

// showsPDF adds a PDF of two pages, and waits for them to be pictures.
func (p *person) showsPDF(path string) {
	p.t.Helper()
	p.sends(twoPages()).at(path).says(p.word("done.pdf-added.title"))
	p.keepsStory()
	p.isDrawn()
	p.follow(`main button[formaction$="/look"]`).at(path).says(p.word("done.pdf-ready.title"))
	p.keepsStory()
	if n := eval[int](p, "document.querySelectorAll('main button[formaction*=\"/pictures/\"]').length"); n != 3 {
		p.t.Errorf("got %d pictures that may be taken away, want a photo and two pages", n)
	}
}

// isDrawn waits until a PDF of the case on the page has become pictures.
func (p *person) isDrawn() {
	p.t.Helper()
	const drawn = `(x => (x.open('GET', location.href, false), x.send(), !x.responseText.includes('/look"')))(new XMLHttpRequest())`
	if !try(4*patience, func() bool { return eval[bool](p, drawn) }) { // the renderer has a low priority
		p.t.Fatal("the PDF is not drawn")
	}
}

// twoPages is a PDF made by hand, without a table of its objects: a reader finds them by looking.
func twoPages() string {
	return "%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R 4 0 R]/Count 2>>endobj\n" +
		"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 5 0 R>>endobj\n" +
		"4 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 842 595]/Contents 5 0 R>>endobj\n" +
		"5 0 obj<</Length 28>>stream\n1 0 0 rg 50 50 300 300 re f \nendstream endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n"
}

// nothingLeft asks for a case, says what happened, and takes it back; the owner hears of both.
func (p *person) nothingLeft() {
	p.registered().signIn().at("/security/start")
	p.addApp().at("/security/start")
	q := p.another()
	q.email = p.email
	path := q.asksForCase()
	q.open(path).submit(path + "/open").says(q.word("recovery-case.open.title"))
	q.fill("text", "掉进海里了 into the sea").submit(path+"/answer").says(q.word("recovery-case.review.title"),
		"掉进海里了 into the sea")
	p.open("/security").says(p.word("security.case"))
	q.follow("main a[href$='/withdraw']").submit(path + "/withdraw").says(q.word("recovery-case.withdrawn.title"))
	p.open("/security").silent(p.word("security.case"))
}
