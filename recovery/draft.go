package recovery

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/pdf"
)

// This file is PDFs that an applicant shows. Drawing one takes seconds and hundreds of megabytes, in a process that may
// be ended by its file: so it is done later, one at a time, and what was sent lies sealed as a picture does until then.
//
//	AddPicture ──► preparing ──DrawNext──► pages, each a picture ; the file is gone
//	                   │           └─────► failed, with the reason ; the file is gone
//	                   └──RemovePicture, or the case has moved──► (gone)

// A Drawer draws the pages of a PDF, at most most, and hands each over as a PNG, which may be anything. What was handed
// over counts once it returns nil. It returns a pdf.Fault, pdf.ErrDied, what each returned, or why it could not begin.
// *pdf.Renderer is one.
type Drawer interface {
	Draw(ctx context.Context, file []byte, most int, each func(page []byte) error) error
}

// The bounds of drawing.
const (
	pdfsPerDay = 10        // of one case
	maxTries   = 2         // a file that has ended two renderers, or the site, ends no third
	maxWait    = time.Hour // of a draft: then something is wrong here
	maxFailed  = 3         // of one case: the oldest is forgotten
	maxDrafted = 500       // cases that are looked at for the next
)

// A Why is why a PDF became no pictures.
type Why string

// The reasons, beside those that are pdf's.
const (
	WhyOff    Why = "off"     // no PDF is taken any more
	WhyFailed Why = "failed"  // it could not be drawn, nobody knows why
	WhyNoRoom Why = "no-room" // the case has too many pictures by now
)

// A draft is a PDF whose pages are to be drawn, or that had none.
type draft struct {
	picture
	Tries int `json:"tr,omitempty"`
	Why   Why `json:"w,omitempty"` // it failed, and its pieces are gone
}

// DrawPDFs has cases take PDFs, whose pages d draws. It is called before anything is served.
func (s *Service) DrawPDFs(d Drawer) { s.drawer = d }

func (s *Service) takesPDFs() bool { return s.drawer != nil && s.config.PDF }

// Drafted tells of PDFs that are to be drawn: DrawNext has something to do.
func (s *Service) Drafted() <-chan struct{} { return s.drafted }

// preparing is how many PDFs of a case are to be drawn.
func (x *record) preparing() int {
	n := 0
	for i := range x.Drafts {
		if x.Drafts[i].Why == "" {
			n++
		}
	}
	return n
}

// drafts is the index of what has PDFs to be drawn.
func (x *record) drafts() []string {
	if x.preparing() > 0 {
		return []string{"yes"}
	}
	return nil
}

func (x *record) draftAt(id string) int {
	return slices.IndexFunc(x.Drafts, func(d draft) bool { return d.ID == id })
}

// room is how many pictures a case takes yet.
func (x *record) room() int { return max(MaxPictures-len(x.Pictures)-x.preparing(), 0) }

// dropDraft takes a draft out of a case, with what is left of it.
func (s *Service) dropDraft(w *auth.Work, x *record, at int) error {
	err := s.dropPieces(w, x, []picture{x.Drafts[at].picture})
	x.Drafts = slices.Delete(x.Drafts, at, at+1)
	return err
}

// addPDF keeps a PDF until its pages are drawn. The same file again is the same draft.
func (s *Service) addPDF(ctx context.Context, c auth.Caller, link, id string, file []byte) (*CaseInfo, error) {
	digest := sha256.Sum256(file)
	d := draft{picture: picture{ID: base64.RawURLEncoding.EncodeToString(s.door.Random(9)),
		Digest: base64.RawURLEncoding.EncodeToString(digest[:])}}
	sealed, err := s.sealPicture(id, &d.picture, file)
	if err != nil {
		return nil, err
	}
	info, err := auth.DoOnce(ctx, s.door, c, ActShow, func(w *auth.Work) (*CaseInfo, error) {
		x, err := s.takes(w, link)
		if err != nil {
			return nil, err
		}
		if at := slices.IndexFunc(x.Drafts, func(o draft) bool { return o.Digest == d.Digest }); at >= 0 {
			if x.Drafts[at].Why == "" {
				return s.info(w, x)
			}
			x.Drafts = slices.Delete(x.Drafts, at, at+1)
		}
		if x.room() == 0 {
			return nil, auth.RefuseField(auth.PicturesFull, "picture")
		}
		if err := countToday(w, "pdf/"+x.ID, pdfsPerDay); err != nil {
			return nil, err
		}
		kept := d
		kept.At = w.Now()
		x.Drafts = append(x.Drafts, kept)
		if err := s.putPieces(w, x, &kept.picture, sealed); err != nil {
			return nil, err
		}
		return s.stored(w, x)
	})
	if err == nil {
		s.wake()
	}
	return info, err
}

func (s *Service) wake() {
	select {
	case s.drafted <- struct{}{}:
	default: // told already
	}
}

// DraftInfo is a PDF of a case.
type DraftInfo struct {
	ID  string
	At  time.Time
	Why Why `json:",omitempty"` // it became no pictures; "": it is being prepared
}

func (x *record) describeDrafts() []DraftInfo {
	list := []DraftInfo{}
	for i := range x.Drafts {
		d := &x.Drafts[i]
		list = append(list, DraftInfo{ID: d.ID, At: d.At, Why: d.Why})
	}
	return list
}

// A job is a draft that is being drawn.
type job struct {
	of     string
	draft  draft
	most   int // pages
	sealed [][]byte
}

// DrawNext draws one PDF, that of the case that has had the fewest drawn, and reports whether there was one. One is drawn
// at a time; what breaks off is begun anew. An error is one of ours, and holds it up for all.
func (s *Service) DrawNext(ctx context.Context) (bool, error) {
	s.drawing.Lock()
	defer s.drawing.Unlock()
	c := s.door.Operator("")
	next, err := s.nextDraft(ctx, c)
	if err != nil || next == nil {
		return false, err
	}
	j, err := s.beginDraft(ctx, c, next)
	if err != nil || j == nil {
		return err == nil, err
	}
	pages, err := s.drawPages(ctx, j)
	f, isFault := errors.AsType[pdf.Fault](err)
	switch {
	case err == nil:
		return true, s.endDraft(ctx, c, j, pages, "")
	case isFault:
		return true, s.endDraft(ctx, c, j, nil, Why(f))
	case ctx.Err() == nil && errors.Is(err, pdf.ErrDied):
		if j.draft.Tries < maxTries {
			return true, nil // once more
		}
		return true, s.endDraft(ctx, c, j, nil, WhyFailed)
	case errors.Is(err, auth.ErrNoRecord): // its key was destroyed meanwhile
		return true, s.endDraft(ctx, c, j, nil, WhyFailed)
	}
	return false, errors.Join(err, s.untryDraft(context.WithoutCancel(ctx), c, j))
}

// nextDraft finds the draft that is next. Who sends many waits behind who sends one.
func (s *Service) nextDraft(ctx context.Context, c auth.Caller) (*job, error) {
	return auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (*job, error) {
		ids, err := s.cases.Find(w, "drafts", "yes", maxDrafted)
		if err != nil {
			return nil, err
		}
		var next *job
		fewest := 0
		for _, one := range ids {
			x, err := s.cases.Get(w, one)
			if errors.Is(err, auth.ErrNoRecord) {
				continue
			}
			if err != nil {
				return nil, err
			}
			at := slices.IndexFunc(x.Drafts, func(d draft) bool { return d.Why == "" })
			if at < 0 {
				continue
			}
			d := x.Drafts[at]
			if next == nil || x.Drawn < fewest || x.Drawn == fewest && d.At.Before(next.draft.At) {
				next, fewest = &job{of: one, draft: d}, x.Drawn
			}
		}
		return next, nil
	})
}

// inDraft is a pass over the draft of a job, whose index do is given; it is no error if it has gone.
func inDraft[T any](ctx context.Context, s *Service, c auth.Caller, a auth.Action, j *job,
	do func(w *auth.Work, x *record, at int) (T, error)) (T, error) {
	return auth.Do(ctx, s.door, c, a, func(w *auth.Work) (none T, err error) {
		x, err := s.cases.Get(w, j.of)
		if errors.Is(err, auth.ErrNoRecord) {
			return none, nil
		}
		if err != nil {
			return none, err
		}
		at := x.draftAt(j.draft.ID)
		if at < 0 || x.Drafts[at].Why != "" {
			return none, nil
		}
		if x.Account != "" {
			w.About(x.Account)
		}
		w.Note(x.ID, "")
		result, err := do(w, x, at)
		if err != nil {
			return none, err
		}
		return result, s.cases.Put(w, x.ID, x)
	})
}

// beginDraft counts a try before it is made, so that it counts though the site should end with it. It returns nil for a
// draft that is not to be drawn any more.
func (s *Service) beginDraft(ctx context.Context, c auth.Caller, next *job) (*job, error) {
	return inDraft(ctx, s, c, ActPrepare, next, func(w *auth.Work, x *record, at int) (*job, error) {
		d := &x.Drafts[at]
		switch {
		case !s.mayShow(x) || !x.Keyed:
			return nil, s.dropDraft(w, x, at)
		case !s.takesPDFs():
			return nil, s.failDraft(w, x, at, WhyOff)
		case d.Tries >= maxTries || w.Now().Sub(d.At) > maxWait:
			return nil, s.failDraft(w, x, at, WhyFailed)
		}
		sealed, err := s.sealedOf(w, x, &d.picture)
		if err != nil {
			return nil, err
		}
		d.Tries++
		x.Drawn++
		return &job{of: x.ID, draft: *d, most: x.room() + 1 + x.pagesOf(d.Digest), sealed: sealed}, nil
	})
}

// pagesOf is how many pictures of a case are pages of a file.
func (x *record) pagesOf(digest string) int {
	n := 0
	for i := range x.Pictures {
		if len(x.Pictures[i].Digest) > len(digest) && x.Pictures[i].Digest[:len(digest)] == digest {
			n++
		}
	}
	return n
}

func pageDigest(file string, number int) string { return fmt.Sprintf("%s/%d", file, number) }

// drawPages draws a draft, and makes of each page the picture that is kept.
func (s *Service) drawPages(ctx context.Context, j *job) ([]*kept, error) {
	file, err := s.vault.Open(j.of, j.draft.ID, j.sealed)
	if err != nil {
		return nil, err
	}
	var pages []*kept
	err = s.drawer.Draw(ctx, file, j.most, func(page []byte) error {
		k, err := s.prepare(ctx, page)
		if e, ok := errors.AsType[*auth.Error](err); ok && e.Code != auth.Unavailable { // no renderer of ours says that
			return fmt.Errorf("%w: a page is %s", pdf.ErrDied, e.Code)
		}
		pages = append(pages, k)
		return err
	})
	return pages, err
}

// endDraft puts the pages of a draft in its place, all at once; or the reason. A draft that has gone, or whose case
// takes no pictures any more, leaves nothing.
func (s *Service) endDraft(ctx context.Context, c auth.Caller, j *job, pages []*kept, why Why) error {
	list := make([]picture, len(pages))
	sealed := make([][][]byte, len(pages))
	for i, k := range pages {
		list[i] = picture{ID: base64.RawURLEncoding.EncodeToString(s.door.Random(9)),
			Digest: pageDigest(j.draft.Digest, i+1)}
		var err error
		sealed[i], err = s.sealParts(j.of, &list[i], k.jpeg)
		if errors.Is(err, auth.Refuse(auth.CaseMoved)) {
			list, why = nil, WhyFailed
			break
		}
		if err != nil {
			return err
		}
	}
	type nothing = struct{}
	_, err := inDraft(ctx, s, c, ActDraw, j, func(w *auth.Work, x *record, at int) (nothing, error) {
		if !s.mayShow(x) || !x.Keyed {
			return nothing{}, s.dropDraft(w, x, at)
		}
		if why != "" {
			return nothing{}, s.failDraft(w, x, at, why)
		}
		return nothing{}, s.putPages(w, x, at, list, sealed)
	})
	return err
}

// putPages puts the pages of a draft in its place, but for those that the case has.
func (s *Service) putPages(w *auth.Work, x *record, at int, list []picture, sealed [][][]byte) error {
	has := func(p picture) bool {
		return slices.ContainsFunc(x.Pictures, func(o picture) bool { return o.Digest == p.Digest })
	}
	missing := 0
	for _, p := range list {
		if !has(p) {
			missing++
		}
	}
	if missing > x.room()+1 { // pictures came in meanwhile
		return s.failDraft(w, x, at, WhyNoRoom)
	}
	for i, p := range list {
		if has(p) {
			continue
		}
		p.At = x.Drafts[at].At
		if err := s.putPieces(w, x, &p, sealed[i]); err != nil {
			return err
		}
		x.Pictures = append(x.Pictures, p)
	}
	return s.dropDraft(w, x, at)
}

// failDraft leaves of a draft why it failed.
func (s *Service) failDraft(w *auth.Work, x *record, at int, why Why) error {
	err := s.dropPieces(w, x, []picture{x.Drafts[at].picture})
	x.Drafts[at].Why, x.Drafts[at].Pieces = why, 0
	failed := 0
	for i := len(x.Drafts) - 1; i >= 0; i-- {
		if x.Drafts[i].Why == "" {
			continue
		}
		if failed++; failed > maxFailed {
			x.Drafts = slices.Delete(x.Drafts, i, i+1)
		}
	}
	return err
}

// untryDraft takes a try back in which the file had no part.
func (s *Service) untryDraft(ctx context.Context, c auth.Caller, j *job) error {
	type nothing = struct{}
	_, err := inDraft(ctx, s, c, ActPrepare, j, func(_ *auth.Work, x *record, at int) (nothing, error) {
		x.Drafts[at].Tries = max(x.Drafts[at].Tries-1, 0)
		x.Drawn = max(x.Drawn-1, 0)
		return nothing{}, nil
	})
	return err
}
