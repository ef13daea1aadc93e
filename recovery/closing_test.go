package recovery_test

import (
	"errors"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

func (p *person) closes() error {
	_, err := p.w.s.CloseAccount(p.w.t.Context(), p.signedIn(), true)
	return err
}

// days passes so many, with a sweep after each.
func (w *world) days(n int) {
	w.t.Helper()
	for range n {
		w.pass(24 * time.Hour)
		w.does("sweeping", func() error { return w.s.Sweep(w.t.Context()) })
	}
}

func (p *person) exists() bool {
	_, err := p.w.s.AccountState(p.w.t.Context(), p.id)
	return !errors.Is(err, auth.Refuse(auth.NotFound))
}

// An account is not closed while somebody may yet say that it is his; a case that nobody has opened is in
// nobody's way.
func TestACaseIsInTheWayOfAnEnd(t *testing.T) {
	refuse := func(w *world, link string) {
		w.does("refusing", func() error {
			_, err := w.cases.RefuseCase(w.t.Context(), auth.Caller{}, by("ann"), idOf(link), recovery.NotProved)
			return err
		})
	}
	for name, c := range map[string]struct {
		begin func(*world) (link string)
		code  auth.Code
	}{
		"asked": {func(w *world) string { return w.ask(auth.Caller{}, "wei@example.com", "new@example.org") }, ""},
		"open": {func(w *world) string {
			link, _ := w.opened("wei@example.com", "new@example.org")
			return link
		}, auth.AccountDisputed},
		"in review": {func(w *world) string {
			link, _ := w.inReview("wei@example.com", "new@example.org")
			return link
		}, auth.AccountDisputed},
		"refused": {func(w *world) string {
			link, _ := w.inReview("wei@example.com", "new@example.org")
			refuse(w, link)
			return link
		}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.person("wei")
			link := c.begin(w)
			wantCode(t, "ask", p.closes(), c.code)
			if c.code != "" {
				return
			}
			if w.days(15); p.exists() {
				t.Fatal("got an account, want none")
			}
			if name == "refused" {
				if got := w.at(link).State; got == recovery.Refused {
					t.Error("got a case that has an appeal, want it over")
				}
			}
			w.days(100)
			wantCode(t, "its link, months later", lastErr(w.cases.Case(t.Context(), auth.Caller{}, link)), auth.LinkUsed)
		})
	}
}

// A case that is opened while an account waits for its end puts that off; one that reviewers approve stops it,
// and so does "this was not me" for as long as its report is open.
func TestACaseStopsAnEnd(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	wantCode(t, "ask", p.closes(), "")
	w.days(12)
	link, _ := w.inReview("wei@example.com", "new@example.org")
	w.days(5)
	info, err := w.s.Closing(t.Context(), p.signedIn())
	if err != nil || !info.PutOff || !p.exists() {
		t.Fatalf("got %+v, %v, want it put off", info, err)
	}
	w.mail()
	w.approve(link, "ann", "bob")
	wantCode(t, "approved", lastErr(w.s.Closing(t.Context(), p.signedIn())), auth.NotFound)
	if told(w.mail())[auth.TemplateClosingKept] == "" {
		t.Error("got nothing told, want that the account stays")
	}
	if w.days(40); !p.exists() {
		t.Error("got no account, want the one that the case gives back")
	}
}

func TestAReportIsInTheWayOfAnEnd(t *testing.T) {
	w := newWorld(t)
	p := w.person("wei")
	wantCode(t, "ask", p.closes(), "")
	for _, m := range w.mail() {
		if m.Template == auth.TemplateClosing && m.Channel == auth.Mail {
			w.does("not me", func() error { return lastErr(w.s.Undo(t.Context(), auth.Caller{}, lastPart(m.Args["undo"]))) })
		}
	}
	w.days(2) // the pause is over
	wantCode(t, "ask again", p.closes(), auth.AccountDisputed)
}
