package recovery

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the word of the other people of an applicant's shops (D17). Each of his shops has to vouch for him, or
// who has a place in two would carry something from one into the other.

// Colleagues is asked, in the pass that needs the answer, whose word counts for whom.
type Colleagues interface {
	// WordsFor is what the people of an account's shops weigh: for each shop, who counts and how much. A shop has
	// spoken with a weight of 2.
	WordsFor(w *auth.Work, a auth.AccountID) (map[string]map[auth.AccountID]int, error)
	// PeopleOf is everybody of a shop that the caller belongs to. Refuses NotFound.
	PeopleOf(w *auth.Work, shop string) ([]auth.AccountID, error)
	// ValueFor is the largest value of an account's shops to the marketplace, 0 for none.
	ValueFor(w *auth.Work, a auth.AccountID) (int64, error)
}

// enough is the weight of a shop that has spoken.
const enough = 2

// knownMethodAfter is how long somebody has had the method by which he vouches: one that a thief has just added to an
// account says nothing.
const knownMethodAfter = 7 * 24 * time.Hour

// A word is that of somebody who knows the applicant. It falls with what ends all that its speaker has begun: his new
// password, his "this was not me".
type word struct {
	By    auth.AccountID `json:"by"`
	At    time.Time      `json:"t"`
	Epoch uint64         `json:"e,omitempty"` // of the speaker's account
}

// A Vouching is what an applicant is told of his colleagues' word.
type Vouching string

// What he is told.
const (
	NoVouching     Vouching = ""       // nothing: the site has none, or the case is over
	VouchingMaybe  Vouching = "maybe"  // he has not shown the account's own mailbox, and is told of nobody
	VouchingAlone  Vouching = "alone"  // the account is in no shop
	VouchingNobody Vouching = "nobody" // in one of its shops nobody's word counts, or too few people's
	VouchingAsk    Vouching = "ask"    // he may ask them
)

// VouchInfo is what somebody vouches for.
type VouchInfo struct {
	ID          string
	Name        string       // the applicant's, as his account has it
	MaskedEmail ident.Masked `json:"email"`
	NewEmail    ident.Masked // the address that the account moves to; "" is its own
	Lost        []Thing
	OpenedAt    time.Time
	Given       bool      // the caller has given his word
	More        bool      // somebody else's is needed as well
	Due         time.Time `json:",omitzero"` // the end of the second step
}

// words is what the people of an applicant's shops weigh, nobody for a case that is nobody's, or about an account that
// security keys alone open.
func (s *Service) words(w *auth.Work, x *record) (map[string]map[auth.AccountID]int, error) {
	if !s.config.Vouching || s.colleagues == nil || x.Account == "" || x.Takes { // colleagues know the former owner
		return nil, nil
	}
	if shut, err := s.isKeysOnly(w, x); err != nil || shut {
		return nil, err
	}
	return s.colleagues.WordsFor(w, x.Account)
}

// speakers are those whose word for a case stands.
func (s *Service) speakers(w *auth.Work, x *record) ([]auth.AccountID, error) {
	var list []auth.AccountID
	for _, v := range x.Words {
		who, err := w.AccountOf(v.By)
		if errors.Is(err, auth.Refuse(auth.NotFound)) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if who.Epoch == v.Epoch {
			list = append(list, v.By)
		}
	}
	return list, nil
}

// suffice reports whether people speak for all shops. Against an owner's objection one alone never does.
func (x *record) suffice(words map[string]map[auth.AccountID]int, people []auth.AccountID) bool {
	for _, shop := range words {
		weight, count := 0, 0
		for _, p := range people {
			if n := shop[p]; n > 0 {
				weight += n
				count++
			}
		}
		if weight < enough || count < 2 && !x.ObjectedAt.IsZero() {
			return false
		}
	}
	return len(words) > 0
}

// isVouchedFor reports whether the words that stand are enough.
func (s *Service) isVouchedFor(w *auth.Work, x *record) (bool, error) {
	words, err := s.words(w, x)
	if err != nil || len(words) == 0 {
		return false, err
	}
	people, err := s.speakers(w, x)
	return err == nil && x.suffice(words, people), err
}

// vouching is what the applicant is told. Who asked for a new address has not shown the account's own: he learns
// neither whether there is one, nor of its shops.
func (s *Service) vouching(w *auth.Work, x *record) (Vouching, error) {
	switch {
	case !s.config.Vouching || !x.State.isLive() || x.State == Approved || x.Takes:
		return NoVouching, nil
	case x.Email != "":
		return VouchingMaybe, nil
	}
	if shut, err := s.isKeysOnly(w, x); err != nil || shut {
		return NoVouching, err
	}
	words, err := s.words(w, x)
	if err != nil {
		return NoVouching, err
	}
	var all []auth.AccountID
	for _, shop := range words {
		for id := range shop {
			all = append(all, id)
		}
	}
	slices.Sort(all)
	switch {
	case len(words) == 0:
		return VouchingAlone, nil
	case !x.suffice(words, slices.Compact(all)):
		return VouchingNobody, nil
	}
	return VouchingAsk, nil
}

// describeWords fills in what an applicant is told of his colleagues' word.
func (s *Service) describeWords(w *auth.Work, x *record, info *CaseInfo) (err error) {
	if info.Vouching, err = s.vouching(w, x); err != nil || info.Vouching != VouchingAsk {
		return err
	}
	people, err := s.speakers(w, x)
	info.Words = len(people)
	return err
}

// toVouch is a case as the caller sees it whose word counts for it. Refuses NotFound for everybody else: he learns
// of no case.
func (s *Service) toVouch(w *auth.Work, x *record) (*VouchInfo, error) {
	if !x.State.isLive() || isOver(x, w.Now()) {
		return nil, auth.Refuse(auth.NotFound)
	}
	words, err := s.words(w, x)
	if err != nil {
		return nil, err
	}
	own, counts := w.Account().ID, false
	for _, shop := range words {
		counts = counts || shop[own] > 0
	}
	if !counts {
		return nil, auth.Refuse(auth.NotFound)
	}
	who, err := w.AccountOf(x.Account)
	if err != nil {
		return nil, err
	}
	people, err := s.speakers(w, x)
	return &VouchInfo{ID: x.ID, Name: who.Name, MaskedEmail: who.MaskedEmail, NewEmail: x.Email.Mask(), Lost: x.Lost,
		OpenedAt: x.OpenAt, Given: slices.Contains(people, own), More: !x.suffice(words, people), Due: x.Due}, err
}

// CasesToVouch are the cases of a shop's people in which the caller's word counts. Refuses NotFound for a shop that
// he does not belong to.
func (s *Service) CasesToVouch(ctx context.Context, c auth.Caller, shop string) ([]VouchInfo, error) {
	return auth.Do(ctx, s.door, c, ActToVouch, func(w *auth.Work) ([]VouchInfo, error) {
		list := []VouchInfo{}
		if !s.config.Vouching || s.colleagues == nil {
			return list, nil
		}
		people, err := s.colleagues.PeopleOf(w, shop)
		if err != nil {
			return nil, err
		}
		for _, p := range people {
			cases, err := s.casesOf(w, p)
			if err != nil {
				return nil, err
			}
			for _, x := range cases {
				info, err := s.toVouch(w, x)
				if errors.Is(err, auth.Refuse(auth.NotFound)) {
					continue
				}
				if err != nil {
					return nil, err
				}
				list = append(list, *info)
			}
		}
		slices.SortFunc(list, func(a, b VouchInfo) int {
			return cmp.Or(b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(a.ID, b.ID))
		})
		return list, nil
	})
}

// CaseToVouch is one of them. Refuses NotFound.
func (s *Service) CaseToVouch(ctx context.Context, c auth.Caller, id string) (*VouchInfo, error) {
	return auth.Do(ctx, s.door, c, ActToVouch, func(w *auth.Work) (*VouchInfo, error) {
		x, err := s.theirs(w, id)
		if err != nil {
			return nil, err
		}
		return s.toVouch(w, x)
	})
}

// theirs is a case of somebody else's, for the caller's history alone. Refuses NotFound.
func (s *Service) theirs(w *auth.Work, id string) (*record, error) {
	x, err := s.cases.Get(w, id)
	if errors.Is(err, auth.ErrNoRecord) {
		return nil, auth.Refuse(auth.NotFound)
	}
	return x, err
}

// Vouch is the caller's word for somebody of his shop, whom he has spoken to. With the last that is needed the delay
// begins, and every address of the account hears of it; his own addresses hear that he has vouched. Refuses NotFound,
// SpokeMissing, and VouchTooNew for who has not shown a strong method that he has had for a week.
func (s *Service) Vouch(ctx context.Context, c auth.Caller, id string, spoke bool) (*VouchInfo, error) {
	return auth.DoOnce(ctx, s.door, c, ActVouch, func(w *auth.Work) (*VouchInfo, error) {
		x, err := s.theirs(w, id)
		if err != nil {
			return nil, err
		}
		info, err := s.toVouch(w, x)
		if err != nil || info.Given && (info.More || x.State == Approved) {
			return info, err
		}
		if err := s.mayVouch(w, spoke); err != nil {
			return nil, err
		}
		own := w.Account()
		w.Note(x.ID, info.Name)
		w.NoteFor(x.Account)
		x.Words = append(x.without(own.ID), word{By: own.ID, At: w.Now(), Epoch: own.Epoch})
		if err := s.approveByWords(w, x); err != nil {
			return nil, err
		}
		if err := s.tellSpeaker(w, x, info.Name); err != nil {
			return nil, err
		}
		if err := s.cases.Put(w, x.ID, x); err != nil {
			return nil, err
		}
		return s.toVouch(w, x)
	})
}

func (s *Service) mayVouch(w *auth.Work, spoke bool) error {
	shown, err := w.Shown(ageVouch)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(shown, func(m auth.Shown) bool {
		return m.Class == auth.Strong && w.Now().Sub(m.BoundAt) >= knownMethodAfter
	}) {
		return auth.Refuse(auth.VouchTooNew)
	}
	if !spoke {
		return auth.RefuseField(auth.SpokeMissing, "spoke")
	}
	return nil
}

// without are the words for a case but somebody's.
func (x *record) without(id auth.AccountID) []word {
	return slices.DeleteFunc(slices.Clone(x.Words), func(v word) bool { return v.By == id })
}

// approveByWords begins the delay of a case if enough was said.
func (s *Service) approveByWords(w *auth.Work, x *record) error {
	if x.State == Approved {
		return nil
	}
	if yes, err := s.isVouchedFor(w, x); err != nil || !yes {
		return err
	}
	x.ByWords = true
	return s.approve(w, x)
}

// tellSpeaker tells whoever has vouched at all his addresses: it may have been somebody in his session.
func (s *Service) tellSpeaker(w *auth.Work, x *record, name string) error {
	own := w.Account()
	err := w.Notify(own.ID, auth.TemplateVouched, map[string]string{"at": w.Now().Format(time.RFC3339),
		"person": own.Name, "member": name, "link": s.origin + "/security/vouch/" + x.ID})
	if err != nil {
		return err
	}
	return w.TextOwner(own.ID, "vouched")
}

// TakeWordBack takes the caller's word back, until the second step is off. Refuses NotFound.
func (s *Service) TakeWordBack(ctx context.Context, c auth.Caller, id string) error {
	return s.door.DoOnce(ctx, c, ActUnvouch, func(w *auth.Work) error {
		x, err := s.theirs(w, id)
		if err != nil {
			return err
		}
		rest := x.without(w.Account().ID)
		if !x.State.isLive() || len(rest) == len(x.Words) {
			return auth.Refuse(auth.NotFound)
		}
		who, err := w.AccountOf(x.Account)
		if err != nil {
			return err
		}
		w.Note(x.ID, who.Name)
		w.NoteFor(x.Account)
		x.Words = rest
		if err := s.judgeAgain(w, x); err != nil {
			return err
		}
		return s.cases.Put(w, x.ID, x)
	})
}

// isApproved reports whether an approved case is that still: whose word counted may have taken it back, or have left.
func (s *Service) isApproved(w *auth.Work, x *record) (bool, error) {
	if x.ByWords {
		return s.isVouchedFor(w, x)
	}
	votes, err := s.standing(w, x)
	if err != nil {
		return false, err
	}
	needed, err := s.needed(w, x)
	return len(votes) >= needed, err
}

// judgeAgain brings an approved case that is that no more back to where it was; the applicant hears of it.
func (s *Service) judgeAgain(w *auth.Work, x *record) error {
	if x.State != Approved {
		return nil
	}
	if still, err := s.isApproved(w, x); err != nil || still {
		return err
	}
	to := Open
	if len(x.Steps) > 0 && s.config.Cases {
		to = Review
	}
	votes, err := s.standing(w, x)
	if err != nil {
		return err
	}
	x.Votes, x.ByWords = votes, false
	x.Due = time.Time{}
	x.move(to, w.Now())
	return s.tellApplicant(w, x)
}
