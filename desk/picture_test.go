package desk

import (
	"bytes"
	"image"
	"image/jpeg"
	"net/http"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/staff"
)

// caseWithPicture is a case that reviewers have, with a picture, about somebody.
func (w *world) caseWithPicture(name string) (id, picture string) {
	w.t.Helper()
	link := w.openCase(name)
	var file bytes.Buffer
	w.check(jpeg.Encode(&file, image.NewGray(image.Rect(0, 0, 400, 300)), nil))
	w.check(w.cases.AdmitPicture(w.t.Context(), auth.Caller{}, link))
	_, err := w.cases.AddPicture(w.t.Context(), auth.Caller{}, link, file.Bytes())
	w.check(err)
	info, err := w.cases.AnswerCase(w.t.Context(), auth.Caller{}, link, "It fell into the sea.")
	w.check(err)
	return link[:22], info.Pictures[0].ID
}

// A reviewer finds the pictures of a case on its page, and sees each with his own name across it; nobody of another
// role does, and each look is in the trail of who looked.
func TestPicturesAtTheDesk(t *testing.T) {
	w := newWorld(t)
	w.seller("wei")
	id, picture := w.caseWithPicture("wei")
	page, path := "/desk/recovery/"+id, "/desk/recovery/"+id+"/pictures/"+picture

	ann, bob := w.worker("ann", staff.Reviewer), w.worker("bob", staff.Reviewer)
	if got := ann.open(page); !strings.Contains(got, `src="`+path+`"`) || !strings.Contains(got, `loading="lazy"`) {
		t.Errorf("got %s, want the picture on it, loaded when it is opened", got)
	}
	seen := map[string]bool{}
	for _, b := range []*browser{ann, bob} {
		got := b.send(http.MethodGet, path, nil)
		if got.Code != http.StatusOK || got.Header().Get("Content-Type") != "image/jpeg" || seen[got.Body.String()] {
			t.Fatalf("%s: got %d %s, want a picture of his own", b.email, got.Code, got.Header().Get("Content-Type"))
		}
		seen[got.Body.String()] = true
		if p, err := jpeg.Decode(got.Body); err != nil || p.Bounds().Dx() != 400 {
			t.Errorf("%s: got %v, want the picture", b.email, err)
		}
	}
	for _, r := range staff.Roles() {
		if r == staff.Reviewer {
			continue
		}
		if got := w.worker("c-"+string(r), r).send(http.MethodGet, path, nil); got.Code != http.StatusForbidden {
			t.Errorf("%s: got %d, want it refused", r, got.Code)
		}
	}
	if got := w.browser().send(http.MethodGet, path, nil); got.Code != http.StatusSeeOther {
		t.Errorf("nobody: got %d, want him led to signing in", got.Code)
	}
	for _, wrong := range []string{page + "/pictures/nothing", "/desk/recovery/" + strings.Repeat("A", 22) + "/pictures/x"} {
		if got := ann.send(http.MethodGet, wrong, nil); got.Code != http.StatusNotFound {
			t.Errorf("%s: got %d, want nothing there", wrong, got.Code)
		}
	}
	who, err := w.staff.Me(t.Context(), auth.Caller{Token: ann.cookies["__Secure-latchkey-desk"]})
	w.check(err)
	auditor := w.worker("dan", staff.Auditor)
	if got := auditor.open("/desk/audit/" + who.ID); !strings.Contains(got, "recovery-picture") {
		t.Errorf("got the trail %s, want her look in it", got)
	}
}
