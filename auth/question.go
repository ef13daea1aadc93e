package auth

import (
	"context"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/latchkey-auth/latchkey/ident"
)

// This file is the security question (R28): the seller's own words, and the answer
// to them. It never suffices alone (D11): it stands in for the current password,
// never for the second step.

const (
	maxQuestion = 100 // characters, of both
	leastAnswer = 2   // folded: a name in Chinese may have no more
)

// question is what an account keeps of its security question.
type question struct {
	Text  string    `json:"q"`
	Hash  string    `json:"h"` // of the answer, folded
	SetAt time.Time `json:"t"`
}

// SetQuestion sets the account's security question, or another one. Refuses
// QuestionMissing, AnswerMissing, AnswerTooPlain, QuestionTooLong.
func (s *Service) SetQuestion(ctx context.Context, c Caller, asked, answer string) error {
	if err := s.admitted(ctx, c, ActQuestion); err != nil { // a hash follows
		return err
	}
	text, folded := ident.CleanName(asked), foldAnswer(answer)
	if err := acceptQuestion(text, folded, len(asked)+len(answer)); err != nil {
		return err
	}
	messages := s.newMessageIDs()
	_, err := once(ctx, s, c, ActQuestion, "", func(c Caller) (struct{}, error) {
		hash, err := HashPassword(ctx, s.hasher.First(), folded)
		if err != nil {
			return struct{}{}, err
		}
		return do(ctx, s, c, ActQuestion, func(w *Work) (struct{}, error) {
			return struct{}{}, w.putQuestion(&question{Text: text, Hash: hash, SetAt: w.now}, messages)
		})
	}, recall[struct{}])
	return err
}

// acceptQuestion refuses what nobody should set, all of it at once.
func acceptQuestion(text, answer string, typed int) error {
	var badText, badAnswer error
	switch {
	case text == "":
		badText = RefuseField(QuestionMissing, "question")
	case typed > 2*ident.MaxTyped || max(utf8.RuneCountInString(text), utf8.RuneCountInString(answer)) > maxQuestion:
		badText = RefuseField(QuestionTooLong, "question")
	}
	switch {
	case answer == "":
		badAnswer = RefuseField(AnswerMissing, "answer")
	case utf8.RuneCountInString(answer) < leastAnswer || strings.Contains(foldAnswer(text), answer):
		badAnswer = RefuseField(AnswerTooPlain, "answer")
	}
	return refuseAll(badText, badAnswer)
}

// foldAnswer is the form in which answers are compared: as user names are, and without
// any blank and dash. Nobody remembers years later which of them he typed.
func foldAnswer(typed string) string { return ident.Fold(ident.CleanCode(ident.Fold(typed))) }

// RemoveQuestion takes the security question away. Refuses QuestionNotSet.
func (s *Service) RemoveQuestion(ctx context.Context, c Caller) error {
	messages := s.newMessageIDs()
	_, err := doOnce(ctx, s, c, ActQuestion, "", func(w *Work) (struct{}, error) {
		if w.account.Question == nil {
			return struct{}{}, Refuse(QuestionNotSet)
		}
		return struct{}{}, w.putQuestion(nil, messages)
	})
	return err
}

// putQuestion stores the account's question, nil for none, and tells of it.
func (w *Work) putQuestion(q *question, ids messageIDs) error {
	w.entry.Kind = Question
	before, what := *w.account, toldQuestion
	if q == nil {
		what = toldQuestionGone
	}
	w.account.Question = q
	w.noteStrong(w.account, toldQuestion)
	if err := w.s.accounts.Put(w.tx, string(w.account.ID), w.account); err != nil {
		return err
	}
	if err := w.endCountsOf(w.account.ID, Question); err != nil {
		return err
	}
	if err := w.tell(&before, what, nil, ids); err != nil {
		return err
	}
	return w.remember(struct{}{}, nil)
}

// OwnQuestion is the account's security question, "" for none: for the pages that
// ask it, behind a fresh second step.
func (s *Service) OwnQuestion(ctx context.Context, c Caller) (string, error) {
	return do(ctx, s, c, ActOwnQuestion, func(w *Work) (string, error) {
		if w.account.Question == nil {
			return "", nil
		}
		return w.account.Question.Text, nil
	})
}
