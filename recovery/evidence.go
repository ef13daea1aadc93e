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

// This file is the pictures of documents that an applicant shows. They are sealed in pieces with a key of the case's
// own, which lies in no backup: once it is destroyed nobody opens any copy of them.

// MaxPictures is how many pictures one case takes.
const MaxPictures = 10

// uploadsPerDay bounds what one case makes the site decode.
const uploadsPerDay = 40

// pieceSize is how many bytes of a picture lie in one document.
const pieceSize = 64 << 10

// A Vault keeps the keys of cases. *store.Vault is one.
type Vault interface {
	Make(id string) error                                             // unless there is one
	Seal(id, place string, parts [][]byte) ([][]byte, error)          // auth.ErrNoRecord: destroyed
	Open(id, place string, sealed [][]byte) (whole []byte, err error) // likewise
	Destroy(id string) error
	IDs() ([]string, error)
}

// A piece of a picture is a document by "<case>/<picture>/<number>", sealed with the key of the case.
type piece struct {
	Sealed []byte `json:"b"`
}

// A picture is one that the applicant has shown, as the case knows it.
type picture struct {
	ID     string    `json:"id"`
	At     time.Time `json:"t"`
	SentAt time.Time `json:"s,omitzero"` // reviewers see it from then on
	Digest string    `json:"h"`          // of the file: who presses twice shows one picture
	Pieces int       `json:"n"`
}

// ids are the documents in which a picture lies.
func (p *picture) ids(of string) []string {
	all := make([]string, p.Pieces)
	for i := range all {
		all[i] = fmt.Sprintf("%s/%s/%03d", of, p.ID, i)
	}
	return all
}

// TakePictures has cases take pictures of documents, sealed with keys of a vault. It is called before anything is
// served.
func (s *Service) TakePictures(v Vault) { s.vault = v }

// mayShow reports whether the applicant may add and take away pictures: until reviewers have the case.
func (s *Service) mayShow(x *record) bool {
	open := x.State == Open || x.State == More || x.mayAppeal()
	return s.vault != nil && s.config.Cases && open
}

// shows is the case of a link that takes pictures. Refuses LinkUsed, CaseMoved.
func (s *Service) shows(w *auth.Work, link string) (*record, error) {
	x, err := s.open(w, forApplicant, link)
	if err == nil && !s.mayShow(x) {
		err = auth.Refuse(auth.CaseMoved)
	}
	return x, err
}

// AdmitPicture is asked before anything of a picture is read: whether the case takes one more. Refuses LinkUsed,
// CaseMoved, PicturesFull, and TooManyRequests for a case that has sent too many today.
func (s *Service) AdmitPicture(ctx context.Context, c auth.Caller, link string) error {
	return s.door.Do(ctx, c, ActAdmit, func(w *auth.Work) error {
		x, err := s.shows(w, link)
		if err != nil {
			return err
		}
		if x.room() == 0 {
			return auth.RefuseField(auth.PicturesFull, "picture")
		}
		if err := countToday(w, "picture/"+x.ID, uploadsPerDay); err != nil {
			return err
		}
		if x.Keyed {
			return nil
		}
		x.Keyed = true // before there is a key, so that none outlives its case
		return s.cases.Put(w, x.ID, x)
	})
}

// countToday counts one of what a case makes the site do. Refuses TooManyRequests.
func countToday(w *auth.Work, key string, most int) error {
	_, err := w.Count(key, most, 0)
	if e := new(auth.Error); errors.As(err, &e) {
		return auth.Refuse(auth.TooManyRequests).At(e.Until)
	}
	return err
}

// AddPicture adds a picture to a case that has admitted it. What is kept is made anew from what the file shows; the
// file is not. The same file again is the same picture. The pages of a PDF come later (draft.go). Refuses LinkUsed,
// CaseMoved, PicturesFull, TooManyRequests for too many PDFs a day, and what is no picture as PictureMissing,
// PictureUnknown, PictureHEIC, PicturePDF where none is taken, PictureTooLarge, PictureDamaged.
func (s *Service) AddPicture(ctx context.Context, c auth.Caller, link string, file []byte) (*CaseInfo, error) {
	id, err := auth.Do(ctx, s.door, c, ActLook, func(w *auth.Work) (string, error) {
		x, err := s.shows(w, link)
		if err != nil {
			return "", err
		}
		if !x.Keyed {
			return "", auth.Refuse(auth.CaseMoved)
		}
		return x.ID, nil
	})
	if err != nil {
		return nil, err
	}
	if _, err := formatOf(file); s.takesPDFs() && errors.Is(err, auth.Refuse(auth.PicturePDF)) && len(file) <= pdf.MaxFile {
		return s.addPDF(ctx, c, link, id, file)
	}
	k, err := s.prepare(ctx, file)
	if err != nil {
		return nil, err
	}
	digest := sha256.Sum256(file)
	p := picture{ID: base64.RawURLEncoding.EncodeToString(s.door.Random(9)),
		Digest: base64.RawURLEncoding.EncodeToString(digest[:])}
	sealed, err := s.sealPicture(id, &p, k.jpeg)
	if err != nil {
		return nil, err
	}
	return auth.DoOnce(ctx, s.door, c, ActShow, func(w *auth.Work) (*CaseInfo, error) {
		return s.store(w, link, p, sealed)
	})
}

// sealPicture seals a picture in pieces.
func (s *Service) sealPicture(id string, p *picture, whole []byte) ([][]byte, error) {
	if err := s.vault.Make(id); err != nil {
		return nil, err
	}
	return s.sealParts(id, p, whole)
}

// sealParts is sealPicture for a case that has a key.
func (s *Service) sealParts(id string, p *picture, whole []byte) ([][]byte, error) {
	parts := slices.Collect(slices.Chunk(whole, pieceSize))
	p.Pieces = len(parts)
	sealed, err := s.vault.Seal(id, p.ID, parts)
	if errors.Is(err, auth.ErrNoRecord) { // destroyed just now
		return nil, auth.Refuse(auth.CaseMoved)
	}
	return sealed, err
}

// takes is the case of a link that has admitted a picture, and takes it.
func (s *Service) takes(w *auth.Work, link string) (*record, error) {
	x, err := s.shows(w, link)
	if err == nil && !x.Keyed {
		err = auth.Refuse(auth.CaseMoved)
	}
	return x, err
}

// store writes a sealed picture into a case that still takes it.
func (s *Service) store(w *auth.Work, link string, p picture, sealed [][]byte) (*CaseInfo, error) {
	x, err := s.takes(w, link)
	if err != nil {
		return nil, err
	}
	switch {
	case slices.ContainsFunc(x.Pictures, func(o picture) bool { return o.Digest == p.Digest }):
		return s.info(w, x)
	case x.room() == 0:
		return nil, auth.RefuseField(auth.PicturesFull, "picture")
	}
	p.At = w.Now()
	x.Pictures = append(x.Pictures, p)
	if err := s.putPieces(w, x, &p, sealed); err != nil {
		return nil, err
	}
	return s.stored(w, x)
}

// putPieces writes the pieces of what was sealed.
func (s *Service) putPieces(w *auth.Work, x *record, p *picture, sealed [][]byte) error {
	for i, id := range p.ids(x.ID) {
		if err := s.pieces.Put(w, id, &piece{Sealed: sealed[i]}); err != nil {
			return err
		}
	}
	return nil
}

// stored writes a case, and is what its applicant is told of it.
func (s *Service) stored(w *auth.Work, x *record) (*CaseInfo, error) {
	if err := s.cases.Put(w, x.ID, x); err != nil {
		return nil, err
	}
	return s.info(w, x)
}

// RemovePicture takes a picture away that was not sent to the reviewers, or a PDF, prepared or not. Refuses LinkUsed, CaseMoved, and NotFound for
// one that is not there, or was sent.
func (s *Service) RemovePicture(ctx context.Context, c auth.Caller, link, id string) (*CaseInfo, error) {
	return auth.DoOnce(ctx, s.door, c, ActUnshow, func(w *auth.Work) (*CaseInfo, error) {
		x, err := s.shows(w, link)
		if err != nil {
			return nil, err
		}
		if at := x.draftAt(id); at >= 0 {
			if err := s.dropDraft(w, x, at); err != nil {
				return nil, err
			}
			return s.stored(w, x)
		}
		at := slices.IndexFunc(x.Pictures, func(p picture) bool { return p.ID == id && p.SentAt.IsZero() })
		if at < 0 {
			return nil, auth.Refuse(auth.NotFound)
		}
		if err := s.dropPieces(w, x, x.Pictures[at:at+1]); err != nil {
			return nil, err
		}
		x.Pictures = slices.Delete(x.Pictures, at, at+1)
		return s.stored(w, x)
	})
}

func (s *Service) dropPieces(w *auth.Work, x *record, of []picture) error {
	for i := range of {
		for _, id := range of[i].ids(x.ID) {
			if err := s.pieces.Delete(w, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// send hands the pictures to the reviewers.
func (x *record) send(now time.Time) {
	for i := range x.Pictures {
		if x.Pictures[i].SentAt.IsZero() {
			x.Pictures[i].SentAt = now
		}
	}
}

// A shown picture is what a pass finds of one.
type shown struct {
	of, id string
	sealed [][]byte
}

// ViewPicture is a picture as a reviewer sees it who may see its case: a JPEG, with his name and the time across it.
// Every look is in the trail. Refuses NotFound, also for one that was not sent or is destroyed; Forbidden for one's own
// case.
func (s *Service) ViewPicture(ctx context.Context, c auth.Caller, r Reviewer, id, picture string) ([]byte, error) {
	found, err := auth.Do(ctx, s.door, s.door.Staff(c, r.ID), ActPicture, func(w *auth.Work) (*shown, error) {
		x, err := s.viewed(w, r, id)
		if err != nil {
			return nil, err
		}
		w.Note(x.ID, picture)
		return s.find(w, x, picture)
	})
	if err != nil {
		return nil, err
	}
	whole, err := s.vault.Open(found.of, found.id, found.sealed)
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, auth.Refuse(auth.NotFound)
	}
	if err != nil {
		return nil, fmt.Errorf("opening a picture: %w", err)
	}
	var marked []byte
	err = s.oneAtATime(ctx, func() error {
		marked, err = mark(whole, r, s.door.Now(c))
		return err
	})
	return marked, err
}

// find reads the pieces of a picture that was sent.
func (s *Service) find(w *auth.Work, x *record, id string) (*shown, error) {
	at := slices.IndexFunc(x.Pictures, func(p picture) bool { return p.ID == id && !p.SentAt.IsZero() })
	if at < 0 || s.vault == nil {
		return nil, auth.Refuse(auth.NotFound)
	}
	sealed, err := s.sealedOf(w, x, &x.Pictures[at])
	return &shown{of: x.ID, id: id, sealed: sealed}, err
}

// sealedOf reads the pieces of a picture.
func (s *Service) sealedOf(w *auth.Work, x *record, p *picture) ([][]byte, error) {
	var sealed [][]byte
	for _, id := range p.ids(x.ID) {
		one, err := s.pieces.Get(w, id)
		if err != nil {
			return nil, fmt.Errorf("reading a picture: %w", err)
		}
		sealed = append(sealed, one.Sealed)
	}
	return sealed, nil
}

// PictureInfo is a picture of a case.
type PictureInfo struct {
	ID   string
	At   time.Time
	Sent bool // reviewers see it
}

// describePictures fills in what an applicant is told of his pictures.
func (s *Service) describePictures(x *record, info *CaseInfo) {
	info.Pictures, info.MayShow = []PictureInfo{}, s.mayShow(x)
	info.Left = x.room()
	info.Drafts, info.PDF = x.describeDrafts(), s.takesPDFs()
	info.ShredAt = s.shredAt(x)
	info.Shredded = x.ShreddedAt
	for i := range x.Pictures {
		p := &x.Pictures[i]
		info.Pictures = append(info.Pictures, PictureInfo{ID: p.ID, At: p.At, Sent: !p.SentAt.IsZero()})
	}
}
