package recovery_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

func (w *world) file(link, id string) *recovery.CaseFile {
	w.t.Helper()
	f, err := w.cases.ViewCase(w.t.Context(), auth.Caller{}, by(id), idOf(link))
	if err != nil {
		w.t.Fatal(err)
	}
	return f
}

// What a reviewer has checked and written is there for the next one, in the file, the queue and the trail, and not
// for the applicant. It is of what had been said by then.
func TestReviewersWriteForEachOther(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	link, _ := w.inReview("wei@example.com", "")
	ctx, id := t.Context(), idOf(link)
	c := auth.Caller{}
	some := []recovery.Check{recovery.CheckFits, recovery.CheckOwner}
	if _, err := w.cases.NoteCase(ctx, c, by("ann"), id, some, " He knows\r\nthe first order. "); err != nil {
		t.Fatal(err)
	}
	for who, own := range map[string]bool{"ann": true, "bob": false} {
		f, checked := w.file(link, who), 0
		if own {
			checked = 2
		}
		if len(f.Notes) != 2 || f.Notes[0].Text != "He knows\nthe first order." || f.Notes[0].Own != own ||
			!slices.Equal(f.Notes[1].Checks, []recovery.Check{recovery.CheckOwner, recovery.CheckFits}) ||
			!f.Notes[1].Stands || len(f.Checked) != checked {
			t.Errorf("%s: got %+v, checked %v", who, f.Notes, f.Checked)
		}
		q, err := w.cases.Queue(ctx, c, by(who), 1)
		if err != nil || len(q.Items) != 1 || q.Items[0].Notes != 1 || q.Items[0].Checked != checked {
			t.Errorf("%s: got the queue %+v, %v", who, q, err)
		}
	}
	_, err := w.cases.ApproveCase(ctx, c, by("ann"), id)
	wantCode(t, "two of three", err, auth.ChecksMissing)
	if text, err := json.Marshal(w.at(link)); err != nil || strings.Contains(string(text), "first order") {
		t.Errorf("the applicant: got %s, want no note", text)
	}
	w.checks(link, "ann")
	wants := []recovery.Want{recovery.WantShop}
	if _, err := w.cases.AskMore(ctx, c, by("bob"), id, wants, "Which goods?"); err != nil {
		t.Fatal(err)
	}
	if q, err := w.cases.Queue(ctx, c, by("ann"), 1); err != nil || !slices.Equal(q.Items[0].Wants, wants) ||
		!q.Items[0].Clock.Paused || q.Items[0].Checked != 3 {
		t.Errorf("got the queue %+v, %v, want what was asked for", q, err)
	}
	if _, err := w.cases.AnswerCase(ctx, c, link, "Pots."); err != nil {
		t.Fatal(err)
	}
	if f := w.file(link, "ann"); len(f.Checked) != 0 || f.Notes[1].Stands || len(f.Notes[1].Checks) != 3 {
		t.Errorf("after an answer: got %+v, checked %v, want it of before", f.Notes, f.Checked)
	}
	_, err = w.cases.ApproveCase(ctx, c, by("ann"), id)
	wantCode(t, "what was checked before", err, auth.ChecksMissing)
	history, err := w.s.History(ctx, p.signedIn(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	said := ""
	for _, e := range history.Events {
		if e.Action == recovery.ActNote {
			said += e.Item + ";"
		}
	}
	if said != "owner fits only;owner fits;" {
		t.Errorf("got %q in the trail, want what was checked", said)
	}
}

// Who may not look at a case writes nothing in it, and nothing in one that is over.
func TestWhoWritesNoNotes(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	link, _ := w.inReview("wei@example.com", "")
	write := func(r recovery.Reviewer, check recovery.Check, text string) error {
		_, err := w.cases.NoteCase(t.Context(), auth.Caller{}, r, idOf(link), []recovery.Check{check}, text)
		return err
	}
	wantCode(t, "nobody", write(by(""), recovery.CheckFits, "x"), auth.Forbidden)
	own := recovery.Reviewer{ID: "ann", Accounts: []auth.AccountID{p.id}}
	wantCode(t, "his own", write(own, recovery.CheckFits, "x"), auth.Forbidden)
	wantCode(t, "what nobody asks", write(by("ann"), "looks", "x"), auth.MalformedRequest)
	err := write(by("ann"), recovery.CheckFits, strings.Repeat("长", 601))
	if e := new(auth.Error); !errors.As(err, &e) || e.Code != auth.StoryTooLong || e.Field != "note" {
		t.Errorf("too long: got %v, want it said of the note", err)
	}
	for i := range 61 {
		want := auth.Code("")
		if i == 60 {
			want = auth.CaseMoved
		}
		wantCode(t, fmt.Sprint("note ", i), write(by("ann"), recovery.CheckFits, "x"), want)
	}
	n := atOnce(t, func(int) error { return write(by("ann"), recovery.CheckFits, "") })
	if f := w.file(link, "ann"); n != 64 || len(f.Notes) != 61 {
		t.Errorf("64 at once: got %d done, %d notes, want one list of what was checked", n, len(f.Notes))
	}
	w.does("refusing", func() error {
		_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, by("bob"), idOf(link), recovery.NoMatch)
		return err
	})
	wantCode(t, "in one that is over", write(by("ann"), recovery.CheckFits, "x"), auth.CaseMoved)
}
