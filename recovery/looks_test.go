package recovery_test

import (
	"bytes"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// Across a picture stands the name of whoever looks, as far as there are signs for it, else his name in the trail: no
// two people's marks are the same for want of signs.
func TestWhoseMarkStandsAcrossAPicture(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link, picture := w.showing("wei")
	sees := func(id, name string) []byte {
		got, err := w.view(recovery.Reviewer{ID: id, Name: name}, link, picture)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	for name, written := range map[string]bool{"Ann Archer": true, "Zoë Müller": true, "Łukasz": true, "Ирина": true,
		"王芳": false, "李娜": false, "Ann 王": false, "王 Ann": false, "Ann 🙂": false, "": false} {
		want := "reviewer-7"
		if written {
			want = name
		}
		if !bytes.Equal(sees("reviewer-7", name), sees(want, "")) {
			t.Errorf("%q: got another mark than %q", name, want)
		}
	}
	if bytes.Equal(sees("reviewer-7", "王芳"), sees("reviewer-8", "李娜")) {
		t.Error("two whose names cannot be written have the same mark")
	}
}

// Every look at a case's pictures is in the trail with the case and the picture.
func TestTheTrailNamesThePicture(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	link, _ := w.opened("wei@example.com", "")
	for i := range 3 {
		w.does("showing", func() error { return w.show(link, photo(t, uint8(i*40))) })
	}
	w.does("answering", func() error { return w.answer(link) })
	left := map[string]bool{}
	for _, shown := range w.at(link).Pictures {
		left[shown.ID] = true
		if _, err := w.view(by("ann"), link, shown.ID); err != nil {
			t.Fatal(err)
		}
	}
	history, err := w.s.History(t.Context(), p.signedIn(), "", 50)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range history.Events {
		if e.Action == recovery.ActPicture {
			delete(left, e.Item)
		}
	}
	if len(left) > 0 {
		t.Errorf("got no look at %v in the trail %+v", left, history.Events)
	}
}

// What comes due of a case that is gone by then, or was never there, is nothing, and no failure.
func TestNothingIsDueOfACaseThatIsGone(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link := w.ask(auth.Caller{Language: "en"}, "wei@example.com", "")
	wantCode(t, "one that is there", w.cases.ComesDue(t.Context(), idOf(link)), "")
	w.pass(2 * day)
	if _, err := w.cases.Case(t.Context(), auth.Caller{}, link); err == nil {
		t.Fatal("the case is there still")
	}
	wantCode(t, "one that is gone", w.cases.ComesDue(t.Context(), idOf(link)), "")
	wantCode(t, "one that never was", w.cases.ComesDue(t.Context(), "AAAAAAAAAAAAAAAAAAAAAA"), "")
}

// Whoever says that more was lost than there is has sent no form of ours.
func TestMoreLostThanThereIs(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	for _, c := range []struct {
		lost []recovery.Thing
		want auth.Code
	}{
		{nil, auth.LostMissing},
		{[]recovery.Thing{"a boat"}, auth.LostMissing},
		{recovery.Things(), ""},
		{append(recovery.Things(), recovery.Phone), auth.LostMissing},
		{append(recovery.Things(), "a boat"), auth.LostMissing},
	} {
		err := w.cases.Ask(t.Context(), auth.Caller{}, recovery.AskForm{Identifier: "wei@example.com", Lost: c.lost,
			PuzzleAnswer: w.solved(auth.Caller{})})
		if wantCode(t, "asking", err, c.want); t.Failed() {
			t.Fatalf("with %v lost", c.lost)
		}
	}
}
