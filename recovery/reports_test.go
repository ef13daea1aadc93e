package recovery_test

import (
	"slices"
	"strconv"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// A teller is a part that tells accounts of what was done in their name.
type teller struct {
	w    *world
	door *auth.Door
}

const actTell auth.Action = "tell"

func (w *world) teller() *teller {
	w.t.Helper()
	door, err := auth.Register(w.s, auth.Part{Name: "teller", Rules: map[auth.Action]auth.Rule{
		actTell: {Who: auth.System, Audit: true}}})
	if err != nil {
		w.t.Fatal(err)
	}
	return &teller{w, door}
}

// tells has a notice go out, and returns the link in it.
func (x *teller) tells(id auth.AccountID, template string) string {
	x.w.t.Helper()
	x.w.mail()
	x.w.does("telling", func() error {
		return x.door.Do(x.w.t.Context(), x.door.Operator("root"), actTell, func(k *auth.Work) error {
			k.About(id)
			return k.NotifyNotMe(id, template, map[string]string{"at": k.Now().Format("2006-01-02T15:04:05Z07:00")})
		})
	})
	for _, m := range x.w.mail() {
		if m.Template == template {
			return lastPart(m.Args["not-me"])
		}
	}
	x.w.t.Fatalf("no %s with a link", template)
	return ""
}

func (w *world) notMe(link string) {
	w.t.Helper()
	w.does("not me", func() error {
		_, err := w.s.Undo(w.t.Context(), auth.Caller{Browser: "mail"}, link)
		return err
	})
}

func (w *world) reports(r recovery.Reviewer) []recovery.ReportFile {
	w.t.Helper()
	list, err := w.cases.Reports(w.t.Context(), auth.Caller{}, r)
	if err != nil {
		w.t.Fatal(err)
	}
	return list
}

// However often somebody says "this was not me", one report is open, with what happened filled in: of the first twenty,
// and how many more there were. Who has one of its links reads it, the owner signed in, and nobody else; after it is
// closed the next one is another.
func TestNotMeOpensOneReport(t *testing.T) {
	w := newWorld(t)
	wei, mo := w.person("wei"), w.person("mo")
	tell := w.teller()
	first := tell.tells(wei.id, auth.TemplateHandOverDone)
	reported := func(link string) error { _, err := w.cases.Reported(t.Context(), auth.Caller{}, link); return err }
	wantCode(t, "before the press", reported(first), auth.LinkUsed)
	at := w.time()
	w.pass(day / 24)
	w.notMe(first)
	for i := range 24 {
		w.notMe(tell.tells(wei.id, "told-"+strconv.Itoa(i)))
	}
	w.pass(day / 24)
	w.notMe(tell.tells(mo.id, auth.TemplateShopLeft))
	list := w.reports(by("ann"))
	if len(list) != 2 || list[0].Account != wei.id || list[1].Account != mo.id {
		t.Fatalf("got the reports %+v, want one of each, the oldest first", list)
	}
	f := list[0]
	if got := f.Happened[0]; len(f.Happened) != 20 || f.More != 5 || got.What != auth.TemplateHandOverDone ||
		!got.At.Equal(at) || got.Became != auth.BecameEnded || f.MaskedEmail != "w•••@example.com" {
		t.Errorf("got %d lines and %d more, the first %+v of %s; want 20, 5 and what happened", len(f.Happened),
			f.More, got,
			f.MaskedEmail)
	}
	wantCode(t, "by a link of long ago", reported(first), auth.LinkUsed)
	for who, want := range map[*person]int{wei: 20, mo: 1} {
		own, err := w.cases.OwnReports(t.Context(), who.signedIn())
		if err != nil || len(own) != 1 || len(own[0].Happened) != want {
			t.Errorf("%s: got %+v, %v, want his own alone", who.name, own, err)
		}
	}
	if _, err := w.cases.CloseReport(t.Context(), auth.Caller{}, by("ann"), f.ID, recovery.OutcomeSafe,
		""); err != nil {
		t.Fatal(err)
	}
	w.pass(day / 24)
	last := tell.tells(wei.id, "told-again")
	w.notMe(last)
	w.does("reading it by its link", func() error { return reported(last) })
	if list := w.reports(by("ann")); len(list) != 2 || list[1].Account != wei.id || len(list[1].Happened) != 1 {
		t.Errorf("after it was closed: got %+v, want another one", list)
	}
	w.pass(90 * day)
	wantCode(t, "a link after its time", reported(last), auth.LinkUsed)
	if list := w.reports(by("ann")); len(list) != 0 {
		t.Errorf("after 90 days: got %+v, want none", list)
	}
}

// Who helps closes a report once, with what came of it, and the owner reads that; never his own, nor that of somebody
// whom he looks after.
func TestWhoClosesAReport(t *testing.T) {
	w := newWorld(t)
	wei, tell := w.person("wei"), w.teller()
	link := tell.tells(wei.id, auth.TemplateAwake)
	w.notMe(link)
	id := w.reports(by("ann"))[0].ID
	own := recovery.Reviewer{ID: "eve", Accounts: []auth.AccountID{wei.id}}
	closes := func(r recovery.Reviewer, id string, as recovery.Outcome, note string) error {
		_, err := w.cases.CloseReport(t.Context(), auth.Caller{}, r, id, as, note)
		return err
	}
	if list := w.reports(own); len(list) != 0 {
		t.Errorf("of one's own contact: got %+v, want none", list)
	}
	_, err := w.cases.ViewReport(t.Context(), auth.Caller{}, own, id)
	wantCode(t, "to look at one's own contact", err, auth.Forbidden)
	wantCode(t, "to close one's own contact", closes(own, id, recovery.OutcomeSafe, ""), auth.Forbidden)
	wantCode(t, "by nobody", closes(by(""), id, recovery.OutcomeSafe, ""), auth.Forbidden)
	wantCode(t, "what is no outcome", closes(by("ann"), id, "fine", ""), auth.MalformedRequest)
	wantCode(t, "one that there is not", closes(by("ann"), "x"+id[1:], recovery.OutcomeSafe, ""), auth.NotFound)
	w.does("closing", func() error { return closes(by("ann"), id, recovery.OutcomeGoesOn, " Called back ") })
	wantCode(t, "again", closes(by("bob"), id, recovery.OutcomeSafe, ""), auth.CaseMoved)
	f, err := w.cases.ViewReport(t.Context(), auth.Caller{}, by("bob"), id)
	if err != nil || f.By != "ann" || f.ClosedAt.IsZero() || len(f.Notes) != 1 || f.Notes[0].Text != "Called back" ||
		f.Notes[0].Own {
		t.Errorf("got %+v, %v, want it closed by ann with her note", f, err)
	}
	info, err := w.cases.Reported(t.Context(), auth.Caller{}, link)
	if err != nil || info.Outcome != recovery.OutcomeGoesOn || !info.ClosedAt.Equal(f.ClosedAt) {
		t.Errorf("its owner: got %+v, %v, want what came of it", info, err)
	}
	if !slices.Contains(recovery.Outcomes(), info.Outcome) {
		t.Errorf("got %s, want one of those that are offered", info.Outcome)
	}
}

// Of an account that has another owner by now nobody reads what was reported before, and nothing is added to it, but those who help see it.
func TestAHandOverEndsWhatWasReported(t *testing.T) {
	w := newWorld(t)
	wei, tell := w.person("wei"), w.teller()
	link := tell.tells(wei.id, auth.TemplateAwake)
	w.notMe(link)
	w.pass(day)
	w.does("handing over", func() error {
		return tell.door.Do(t.Context(), tell.door.Operator("ann"), actTell, func(k *auth.Work) error {
			return k.HandOver(wei.id, auth.Successor{Name: "Mei", Email: "buyer@example.org"})
		})
	})
	_, err := w.cases.Reported(t.Context(), auth.Caller{}, link)
	wantCode(t, "the former owner", err, auth.LinkUsed)
	w.pass(day)
	w.notMe(tell.tells(wei.id, auth.TemplateShopLeft))
	if list := w.reports(by("ann")); len(list) != 2 {
		t.Errorf("those who help: got %d reports, want that of before and the new owner's", len(list))
	}
}
