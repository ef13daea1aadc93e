package recovery_test

import (
	"maps"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
)

// Whoever applied and whoever owns the account hear of every end of a case, each in his language; and nothing is due
// any more.
func TestBothHearOfEveryEnd(t *testing.T) {
	const owner, other = "wei@example.com", "new@example.org"
	ended := map[string]string{auth.TemplateRecoveryStopped: owner, auth.TemplateRecoveryNews: other}
	for name, row := range map[string]struct {
		end  func(w *world, p *person, link string)
		want map[string]string
	}{
		"the owner stops it": {func(w *world, p *person, link string) {
			w.approve(link, "ann", "bob")
			w.mail()
			w.does("stopping", func() error { _, err := w.cases.StopCase(t.Context(), p.signedIn(), idOf(link)); return err })
		}, ended},
		"it is refused": {func(w *world, _ *person, link string) {
			w.does("refusing", func() error {
				_, err := w.cases.RefuseCase(t.Context(), auth.Caller{}, by("ann"), idOf(link), recovery.NotProved)
				return err
			})
		}, ended},
		"who applied withdraws it": {func(w *world, _ *person, link string) {
			w.does("withdrawing", func() error { _, err := w.cases.WithdrawCase(t.Context(), auth.Caller{}, link); return err })
		}, map[string]string{auth.TemplateRecoveryStopped: owner}},
		"it comes due": {func(w *world, _ *person, link string) {
			w.approve(link, "ann", "bob")
			w.mail()
			w.pass(3 * day)
		}, map[string]string{auth.TemplateRecoveryDone: owner, auth.TemplateRecoveryNews: other}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			p := w.person("wei", auth.MethodForm{Kind: auth.TOTP, Name: "app"})
			link := w.ask(auth.Caller{Language: "zh-CN"}, owner, other, recovery.Key, recovery.Mailbox)
			w.does("opening", func() error { _, err := w.cases.OpenCase(t.Context(), auth.Caller{}, link); return err })
			w.does("answering", func() error {
				_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "It fell into the sea.")
				return err
			})
			w.mail()
			row.end(w, p, link)
			list := w.mail()
			got := told(list)
			for template := range got {
				if _, wanted := row.want[template]; !wanted && template != auth.TemplateRecoveryStopped {
					delete(got, template) // such as of the owner's sign-in
				}
			}
			if !maps.Equal(got, row.want) {
				t.Errorf("got %v told, want %v", got, row.want)
			}
			for _, m := range list {
				if want := map[string]string{owner: "en", other: "zh-CN"}[string(m.Recipient)]; want != "" && m.Language != want {
					t.Errorf("%s to %s: got it in %q, want %q", m.Template, m.Recipient, m.Language, want)
				}
			}
			if due := w.at(link).Due; name != "it comes due" && !due.IsZero() {
				t.Errorf("got it due at %s, want nothing due", due)
			}
		})
	}
}

// The owner is told when it happens as soon as there is a time, and not before; everything may be named as lost.
func TestOwnersHearWhen(t *testing.T) {
	w := newWorld(t)
	w.person("wei")
	link := w.ask(auth.Caller{Language: "en"}, "wei@example.com", "", recovery.Things()...)
	dues := func() map[string]bool {
		all := map[string]bool{}
		for _, m := range w.mail() {
			all[m.Template] = m.Args["due"] != ""
		}
		return all
	}
	w.does("opening", func() error { _, err := w.cases.OpenCase(t.Context(), auth.Caller{}, link); return err })
	if has, told := dues()[auth.TemplateRecoveryOpened]; has || !told {
		t.Errorf("opened: told %v, with a time %v, want none yet", told, has)
	}
	w.does("answering", func() error {
		_, err := w.cases.AnswerCase(t.Context(), auth.Caller{}, link, "It fell into the sea.")
		return err
	})
	w.approve(link, "ann", "bob")
	if has, told := dues()[auth.TemplateRecoveryApproved]; !has || !told {
		t.Errorf("approved: told %v, with a time %v, want the time", told, has)
	}
}
