package recovery_test

import (
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// An account that gets another owner takes every case of before with it, however far that had come: a former owner who
// has applied gets nothing by it.
func TestAHandOverEndsEveryCase(t *testing.T) {
	for name, apply := range map[string]func(*world) (link string){
		"asked": func(w *world) string { return w.ask(auth.Caller{}, "wei@example.com", "new@example.org") },
		"open": func(w *world) string {
			link, _ := w.opened("wei@example.com", "new@example.org")
			return link
		},
		"in review": func(w *world) string {
			link, _ := w.inReview("wei@example.com", "new@example.org")
			return link
		},
		"refused": func(w *world) string {
			link, _ := w.inReview("wei@example.com", "new@example.org")
			w.does("refusing", func() error {
				_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, by("ann"), idOf(link), recovery.NotProved)
				return err
			})
			return link
		},
		"approved": func(w *world) string {
			link, _ := w.inReview("wei@example.com", "new@example.org")
			w.approve(link, "ann", "bob")
			return link
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.person("wei")
			link := apply(w)
			door, err := auth.Register(w.s, auth.Part{Name: "notary", Rules: map[auth.Action]auth.Rule{
				"handed": {Who: auth.System, Audit: true}}})
			if err != nil {
				t.Fatal(err)
			}
			w.does("handing over", func() error {
				return door.Do(t.Context(), door.Operator("ann"), "handed", func(k *auth.Work) error {
					return k.HandOver(p.id, auth.Successor{Name: "Mei", Email: "buyer@example.org"})
				})
			})
			if got := w.at(link).State; got != recovery.Closed {
				t.Errorf("got it %s, want it closed", got)
			}
			_, err = w.cases.OpenCase(t.Context(), auth.Caller{}, link)
			wantCode(t, "opening", err, auth.CaseMoved)
			_, err = w.cases.AppealCase(t.Context(), auth.Caller{}, link, "Again")
			wantCode(t, "appealing", err, auth.CaseMoved)
			w.mail()
			w.pass(30 * day)
			me, err := w.s.Me(t.Context(), p.signedIn())
			if err != nil || me.MaskedEmail != "b•••@example.org" {
				t.Errorf("afterwards: got the account at %+v, %v, want the buyer's address", me, err)
			}
		})
	}
}
