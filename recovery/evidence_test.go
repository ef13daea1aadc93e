package recovery_test

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/jpeg"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// photo is a file that differs by what it is of.
func photo(t testing.TB, of uint8) []byte {
	t.Helper()
	p := image.NewRGBA(image.Rect(0, 0, 640, 400))
	for i := range p.Pix {
		p.Pix[i] = of
	}
	p.SetRGBA(0, 0, color.RGBA{A: 255})
	var b bytes.Buffer
	if err := jpeg.Encode(&b, p, nil); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// show adds a picture to a case, as a face does.
func (w *world) show(link string, file []byte) error {
	w.t.Helper()
	if err := w.cases.AdmitPicture(w.t.Context(), auth.Caller{}, link); err != nil {
		return err
	}
	_, err := w.cases.AddPicture(w.t.Context(), auth.Caller{}, link, file)
	return err
}

// showing is a case in review with a picture, and the picture's id.
func (w *world) showing(name string) (link, picture string) {
	w.t.Helper()
	link, _ = w.opened(name+"@example.com", "")
	w.does("showing", func() error { return w.show(link, photo(w.t, 200)) })
	w.does("answering", func() error {
		_, err := w.cases.AnswerCase(w.t.Context(), auth.Caller{}, link, "It fell into the sea.")
		return err
	})
	return link, w.at(link).Pictures[0].ID
}

func (w *world) view(r recovery.Reviewer, link, picture string) ([]byte, error) {
	return w.cases.ViewPicture(w.t.Context(), auth.Caller{}, r, idOf(link), picture)
}

// Pictures come in, may be taken away again, and go to the reviewers with what is said; from then on they stay.
func TestPicturesOfACase(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	link, _ := w.opened("wei@example.com", "")
	if got := w.at(link); !got.MayShow || got.Left != recovery.MaxPictures || len(got.Pictures) != 0 {
		t.Errorf("got %+v, want pictures asked for", got)
	}
	for i := range 3 {
		w.does("showing", func() error { return w.show(link, photo(t, uint8(i*40))) })
	}
	shown := w.at(link).Pictures
	if len(shown) != 3 || shown[0].Sent || !shown[0].At.Equal(w.time()) || w.at(link).Left != recovery.MaxPictures-3 {
		t.Fatalf("got %+v, want three that are not sent", w.at(link))
	}
	remove := func(id string) error {
		_, err := w.cases.RemovePicture(t.Context(), auth.Caller{}, link, id)
		return err
	}
	wantCode(t, "removing", remove(shown[1].ID), "")
	wantCode(t, "removing it again", remove(shown[1].ID), auth.NotFound)
	_, err := w.view(by("ann"), link, shown[0].ID)
	wantCode(t, "a look before it is sent", err, auth.NotFound)
	if f, err := w.cases.ViewCase(t.Context(), auth.Caller{}, by("ann"), idOf(link)); err != nil || len(f.Pictures) != 0 {
		t.Errorf("got %+v, %v, want reviewers to see none yet", f.Pictures, err)
	}
	w.does("answering", func() error {
		_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "It fell into the sea.")
		return err
	})
	got := w.at(link)
	if got.MayShow || len(got.Pictures) != 2 || !got.Pictures[0].Sent || got.Pictures[1].ID != shown[2].ID {
		t.Errorf("got %+v, want two that are sent", got)
	}
	wantCode(t, "adding while it is reviewed", w.show(link, photo(t, 9)), auth.CaseMoved)
	wantCode(t, "removing what was sent", remove(shown[0].ID), auth.CaseMoved)
	w.does("asking", func() error {
		_, err := w.cases.AskMore(t.Context(), auth.Caller{}, by("ann"), idOf(link),
			[]recovery.Want{recovery.WantDocument}, "The back?")
		return err
	})
	wantCode(t, "what was sent, when more is asked for", remove(shown[0].ID), auth.NotFound)
	wantCode(t, "adding what was asked for", w.show(link, photo(t, 9)), "")
	if f, err := w.cases.ViewCase(t.Context(), auth.Caller{}, by("ann"), idOf(link)); err != nil || len(f.Pictures) != 2 {
		t.Errorf("got %+v, %v, want reviewers to see the two that were sent", f.Pictures, err)
	}
	history, err := w.s.History(t.Context(), p.signedIn(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	var acts []auth.Action
	for _, e := range history.Events {
		acts = append(acts, e.Action)
	}
	for act, want := range map[auth.Action]int{recovery.ActShow: 4, recovery.ActUnshow: 1} {
		if got := len(slices.Collect(func(yield func(bool) bool) {
			for _, a := range acts {
				if a == act && !yield(true) {
					return
				}
			}
		})); got < want {
			t.Errorf("got %d of %s in the history, want %d", got, act, want)
		}
	}
}

// A reviewer sees the picture with his name across it, never the file; that he has looked is in the trail.
func TestALookAtAPicture(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	link, picture := w.showing("wei")
	seen := map[string]bool{}
	for _, r := range []recovery.Reviewer{{ID: "ann", Name: "Ann Archer"}, {ID: "bob", Name: "Bob Baker"},
		{ID: "id-of-wang", Name: "王芳"}, {ID: "id-of-li", Name: "李"}} {
		got, err := w.view(r, link, picture)
		if err != nil {
			t.Fatal(err)
		}
		p, err := jpeg.Decode(bytes.NewReader(got))
		if err != nil || p.Bounds().Dx() != 640 || p.Bounds().Dy() != 400 {
			t.Fatalf("%s: got %v, want the picture", r.Name, err)
		}
		if seen[string(got)] || bytes.Equal(got, photo(t, 200)) {
			t.Errorf("%s: got what another has seen, want his own", r.Name)
		}
		seen[string(got)] = true
		for _, corner := range []image.Rectangle{image.Rect(0, 0, 320, 200), image.Rect(320, 200, 640, 400)} {
			if !isMarked(p, corner, 200) {
				t.Errorf("%s: got no mark in %v", r.Name, corner)
			}
		}
	}
	w.pass(2 * hour)
	later, err := w.view(recovery.Reviewer{ID: "ann", Name: "Ann Archer"}, link, picture)
	if err != nil || seen[string(later)] {
		t.Errorf("%v: got the same picture later, want the time in it", err)
	}
	history, err := w.s.History(t.Context(), p.signedIn(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	looks := 0
	for _, e := range history.Events {
		if e.Action == recovery.ActPicture && e.Outcome == "" {
			looks++
		}
	}
	if looks != 5 {
		t.Errorf("got %d looks in the history, want all five", looks)
	}
}

// isMarked reports whether something was written across a part of a picture of one shade.
func isMarked(p image.Image, in image.Rectangle, shade uint32) bool {
	written := 0
	for y := in.Min.Y; y < in.Max.Y; y++ {
		for x := in.Min.X; x < in.Max.X; x++ {
			if r, g, _, _ := p.At(x, y).RGBA(); r>>8+20 < shade || g>>8+20 < shade {
				written++
			}
		}
	}
	return written > 200
}

// Who may not see a case sees none of its pictures; and a picture is found in its own case alone.
func TestWhoSeesAPicture(t *testing.T) {
	w := newWorld(t)
	wei := w.person("wei")
	w.person("lin")
	link, picture := w.showing("wei")
	others, other := w.showing("lin")
	self := recovery.Reviewer{ID: "ann", Accounts: []auth.AccountID{wei.id}}
	for name, c := range map[string]struct {
		r             recovery.Reviewer
		link, picture string
		want          auth.Code
	}{
		"a reviewer":                      {by("ann"), link, picture, ""},
		"his own case":                    {self, link, picture, auth.Forbidden},
		"nobody":                          {recovery.Reviewer{}, link, picture, auth.Forbidden},
		"a picture of another case":       {by("ann"), link, other, auth.NotFound},
		"its other way round":             {by("ann"), others, picture, auth.NotFound},
		"a picture that there never was":  {by("ann"), link, "nothing", auth.NotFound},
		"a case that there never was":     {by("ann"), strings.Repeat("A", 43), picture, auth.NotFound},
		"a piece instead of a picture":    {by("ann"), link, picture + "/000", auth.NotFound},
		"a case instead of a picture":     {by("ann"), link, "", auth.NotFound},
		"a way to another case's picture": {by("ann"), link, "../" + idOf(others) + "/" + other, auth.NotFound},
	} {
		got, err := w.view(c.r, c.link, c.picture)
		wantCode(t, name, err, c.want)
		if c.want != "" && got != nil {
			t.Errorf("%s: got a picture", name)
		}
	}
	_, err := w.cases.RemovePicture(t.Context(), auth.Caller{}, link, other)
	wantCode(t, "removing in review", err, auth.CaseMoved)
}

// A link that was never issued takes no picture, and neither does one that is over, nor a case that nobody reviews.
func TestWhichCasesTakePictures(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	asked := w.ask(auth.Caller{Language: "en"}, "wei@example.com", "")
	forged := asked[:22] + strings.Repeat("A", 43)
	wantCode(t, "one that is not open", w.show(asked, photo(t, 1)), auth.CaseMoved)
	wantCode(t, "a forged link", w.show(forged, photo(t, 1)), auth.LinkUsed)
	wantCode(t, "no link", w.show("", photo(t, 1)), auth.LinkUsed)
	_, err := w.cases.AddPicture(t.Context(), auth.Caller{}, forged, photo(t, 1))
	wantCode(t, "a forged link, past the admission", err, auth.LinkUsed)
	w.does("opening", func() error { _, err := w.cases.OpenCase(t.Context(), auth.Caller{}, asked); return err })
	_, err = w.cases.AddPicture(t.Context(), auth.Caller{}, asked, photo(t, 1))
	wantCode(t, "what was not admitted", err, auth.CaseMoved)
	if ids, err := w.vault.IDs(); err != nil || len(ids) != 0 {
		t.Errorf("got the keys %v, %v, want none: nothing was taken", ids, err)
	}
	wantCode(t, "an open one", w.show(asked, photo(t, 1)), "")
	w.pass(31 * day)
	wantCode(t, "one that is over", w.show(asked, photo(t, 1)), auth.LinkUsed)

	words := newWorld(t, func(c *recovery.Config) { c.Cases = false })
	words.person("wei")
	link, _ := words.opened("wei@example.com", "")
	wantCode(t, "where nobody reviews", words.show(link, photo(t, 1)), auth.CaseMoved)
	if words.at(link).MayShow {
		t.Error("where nobody reviews: pictures are asked for")
	}
}

// A case that is nobody's takes pictures as every other, and says the same of them.
func TestPicturesOfNobodysCase(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	var got [2][]auth.Code
	var infos [2]recovery.CaseInfo
	for i, identifier := range []string{"wei@example.com", "nobody@example.com"} {
		link, _ := w.opened(identifier, "new"+string(rune('a'+i))+"@example.org")
		for _, file := range [][]byte{photo(t, 1), photo(t, 1), photo(t, 2), []byte("%PDF-"), nil} {
			e := new(auth.Error)
			errors.As(w.show(link, file), &e)
			got[i] = append(got[i], e.Code)
		}
		_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "It is me.")
		wantCode(t, "answering", err, "")
		infos[i] = *w.at(link)
		for j := range infos[i].Pictures {
			infos[i].Pictures[j].ID = ""
		}
	}
	if !slices.Equal(got[0], got[1]) || !slices.Equal(infos[0].Pictures, infos[1].Pictures) ||
		infos[0].MayShow != infos[1].MayShow {
		t.Errorf("got %v and %v, %+v and %+v, want them alike", got[0], got[1], infos[0], infos[1])
	}
}

// A case takes so many pictures and no more, whoever comes at the same time, and so many tries in a day.
func TestPicturesAreBounded(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.opened("wei@example.com", "")
	for i := range recovery.MaxPictures - 1 {
		w.does("showing", func() error { return w.show(link, photo(t, uint8(i))) })
	}
	var wait sync.WaitGroup
	codes := make([]error, 8)
	for range codes { // all are admitted before any has come
		w.does("asking", func() error { return w.cases.AdmitPicture(t.Context(), auth.Caller{}, link) })
	}
	for i := range codes {
		wait.Go(func() { _, codes[i] = w.cases.AddPicture(t.Context(), auth.Caller{}, link, photo(t, uint8(100+i))) })
	}
	wait.Wait()
	taken := 0
	for _, err := range codes {
		if err == nil {
			taken++
		} else {
			wantCode(t, "one too many", err, auth.PicturesFull)
		}
	}
	if n := len(w.at(link).Pictures); taken > 1 || n > recovery.MaxPictures {
		t.Errorf("got %d taken at once, %d in all, want one and %d", taken, n, recovery.MaxPictures)
	}
	wantCode(t, "a full case", w.cases.AdmitPicture(t.Context(), auth.Caller{}, link), auth.PicturesFull)

	other, _ := w.opened("lin@example.com", "lin@example.org")
	for range 40 {
		wantCode(t, "a try", w.cases.AdmitPicture(t.Context(), auth.Caller{}, other), "")
	}
	err := w.cases.AdmitPicture(t.Context(), auth.Caller{}, other)
	wantCode(t, "one try too many", err, auth.TooManyRequests)
	if e := new(auth.Error); !errors.As(err, &e) || !e.Until.After(w.time()) {
		t.Errorf("got %+v, want it said until when", e)
	}
	w.pass(day)
	wantCode(t, "the day after", w.cases.AdmitPicture(t.Context(), auth.Caller{}, other), "")
}

// Who presses twice, or has the page in two tabs, shows one picture.
func TestTheSamePictureTwice(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, _ := w.opened("wei@example.com", "")
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			if err := w.show(link, photo(t, 7)); err != nil {
				t.Errorf("got %v, want the same success", err)
			}
		})
	}
	wait.Wait()
	w.pass(hour)
	w.does("again", func() error { return w.show(link, photo(t, 7)) })
	w.does("another", func() error { return w.show(link, photo(t, 8)) })
	if n := len(w.at(link).Pictures); n != 2 {
		t.Errorf("got %d pictures, want two", n)
	}
}

// What happens to a case while its picture is on the way counts: nothing is added to one that is decided.
func TestACaseThatIsDecidedMeanwhile(t *testing.T) {
	for name, end := range map[string]func(w *world, p *person, link string) error{
		"sent":      func(w *world, _ *person, link string) error { return w.answer(link) },
		"withdrawn": func(w *world, _ *person, link string) error { return w.withdraw(link) },
		"stopped": func(w *world, p *person, link string) error {
			_, err := w.cases.StopCase(w.t.Context(), p.signedIn(), idOf(link))
			return err
		},
		"purged": func(w *world, _ *person, link string) error {
			return w.cases.Purge(w.t.Context(), "root", idOf(link))
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			p := w.person("wei", auth.MethodForm{Kind: auth.TOTP, Name: "app"})
			link, _ := w.opened("wei@example.com", "", recovery.Key)
			w.does("admitting", func() error { return w.cases.AdmitPicture(t.Context(), auth.Caller{}, link) })
			w.does(name, func() error { return end(w, p, link) })
			_, err := w.cases.AddPicture(t.Context(), auth.Caller{}, link, photo(t, 1))
			wantCode(t, name, err, auth.CaseMoved)
			if n := len(w.at(link).Pictures); n != 0 {
				t.Errorf("got %d pictures, want none", n)
			}
		})
	}
}

func (w *world) answer(link string) error {
	_, err := w.cases.AnswerCase(w.t.Context(), auth.Caller{}, link, "It is me.")
	return err
}

func (w *world) withdraw(link string) error {
	_, err := w.cases.WithdrawCase(w.t.Context(), auth.Caller{}, link)
	return err
}
