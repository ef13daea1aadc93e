package server

import (
	"html"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/web"
)

// neverNotMe are the messages that do not say "this was not me", each with the reason.
func neverNotMe() map[string]string {
	asked := "carries what whoever reads it has asked for; nothing is done before he uses it"
	waits := "its own link stops what waits, and says so: see the pages of what waits"
	objects := "its own link is the owner's objection to the case"
	others := "others have done it, by their own right; whose session did it himself has the link (Work.Notify)"
	nobody := "nobody has acted"
	desk := "to one of the staff, who has no account; another administrator ends his keys"
	protects := "the staff have ended all access already"
	return map[string]string{
		auth.TemplateCode: asked, auth.TemplateSignUp: asked, auth.TemplateSignUpExisting: asked,
		auth.TemplateReset:     asked,
		auth.TemplateResetLink: asked, auth.TemplateIntroduce: asked, auth.TemplateEmailChange: asked,
		auth.TemplateShopInvite: asked, auth.TemplateHandOverLink: asked, auth.TemplateAccountHandLink: asked,
		auth.TemplateRecoveryLink: asked, auth.TemplateRecoveryNew: asked, auth.TemplateRecoveryNews: asked,
		auth.TemplateRemoval: waits, auth.TemplateCodeWaits: waits, auth.TemplateMove: waits,
		auth.TemplateHandOver: waits, auth.TemplateKeysOnlyEnds: waits,
		auth.TemplateClosing: waits, auth.TemplateClosingKept: "the owner has done it, or who protects him",
		auth.TemplateClosed:      "there is no account any more",
		auth.TemplateAccountHand: waits, auth.TemplateRecoveryOpened: objects, auth.TemplateRecoveryApproved: objects,
		auth.TemplateTakesOver: objects, auth.TemplateShopPaused: others, auth.TemplateShopBack: others,
		auth.TemplateShopRemoved: others, auth.TemplateCodesVoid: nobody, auth.TemplateUnused: nobody,
		auth.TemplateRecalled: nobody, auth.TemplateRecallLifted: nobody,
		auth.TemplateDormant: nobody, auth.TemplateDeskInvitation: desk, auth.TemplateDeskKey: desk,
		auth.TemplateDeskKeyGone:      desk,
		auth.TemplateAccountHandDone:  "the account is another person's, and these addresses are not its any more",
		auth.TemplateAccountHandYours: "the hand-over has just ended all access but the new owner's",
		auth.TemplateSafetyEnded:      protects, auth.TemplateSafetyPassword: protects,
		auth.TemplateSafetyFrozen: protects,
		auth.TemplateSafetyBoth:   protects, auth.TemplateSafetyOver: protects,
	}
}

// deedsToldOf are the notices as auth's source has them: what is told, and the templates of parts.
func deedsToldOf(t *testing.T) (told, templates []string) {
	t.Helper()
	for file, into := range map[string]*[]string{"../auth/notice.go": &told, "../auth/message.go": &templates} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		name := regexp.MustCompile(`(?m)^(?:const )?\s*(?:told|Template)[A-Z]\w+ +(?:told +)?= "([a-z-]+)"`)
		for _, found := range name.FindAllStringSubmatch(string(text), -1) {
			*into = append(*into, found[1])
		}
	}
	if len(told) < 24 || len(templates) < 55 {
		t.Fatalf("got %d told and %d templates, want those of the source", len(told), len(templates))
	}
	return told, templates
}

// Every notice's "this was not me" is followed to its end, in both languages, and without script: the page says what it
// was, looking does nothing, the button ends every session and opens a case, and the link shows it from then on.
func TestNotMeToItsEndInBothLanguages(t *testing.T) {
	told, templates := deedsToldOf(t)
	all := slices.DeleteFunc(templates, func(s string) bool {
		return neverNotMe()[s] != "" ||
			s == auth.TemplateChange
	})
	for _, what := range told {
		if !slices.Contains([]string{"waiting", "security-code-waits", "codes-void", "unused", "dormant",
			"key-recalled", "recall-lifted"}, what) {
			all = append(all, what)
		}
	}
	all = slices.DeleteFunc(all, func(s string) bool { return s == auth.TemplateLocked }) // "locked" is told by it
	slices.Sort(all)
	all = slices.Compact(all)
	w := newWorld(t)
	p := w.program()
	w.enrolled(p)
	id := auth.AccountID(p.idOf())
	door, err := auth.Register(w.service, auth.Part{Name: "teller", Rules: map[auth.Action]auth.Rule{
		"tell": {Who: auth.System, Audit: true}}})
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range all {
		w.pass(time.Minute)
		name := web.Deed(w.service.Methods(), what, "", "")
		ofMethod := slices.Contains([]string{"added", "removed", "frozen", "unfrozen", "disabled"}, what) // here there is none
		for _, lang := range []string{"en", "zh-CN"} {
			says := w.texts.Say(lang, "change."+name, nil)
			if name == "other" && !ofMethod || !w.texts.Has("change."+name) {
				t.Errorf("%s: got no words for it (%s)", what, name)
				break
			}
			if err := door.Do(t.Context(), door.Operator("root"), "tell", func(k *auth.Work) error {
				k.About(id)
				return k.NotifyNotMe(id, what, map[string]string{})
			}); err != nil {
				t.Fatal(err)
			}
			w.followsNotMe(t, path(w.mailed(what).Args["not-me"]), lang, says)
			w.closesNotMe()
		}
	}
}

// Whoever is signed in reads what became of what he has said was not him, from his history; nobody else's is there.
func TestOwnNotMeCases(t *testing.T) {
	w := newWorld(t)
	p, secret := w.withApp()
	if s := p.open("/security/history").at("/security/history", http.StatusOK); strings.Contains(s.text, "/security/not-me") {
		t.Error("got a link to cases, want none where there is no case")
	}
	p.open("/security/not-me").at("/security/not-me", http.StatusOK).says("You have opened none")
	door, err := auth.Register(w.service, auth.Part{Name: "teller", Rules: map[auth.Action]auth.Rule{
		"tell": {Who: auth.System, Audit: true}}})
	if err != nil {
		t.Fatal(err)
	}
	id := auth.AccountID(p.idOf())
	if err := door.Do(t.Context(), door.Operator("root"), "tell", func(k *auth.Work) error {
		k.About(id)
		return k.NotifyNotMe(id, "new-browser", map[string]string{})
	}); err != nil {
		t.Fatal(err)
	}
	link := path(w.mailed("new-browser").Args["not-me"])
	q := w.browser()
	q.fill(q.open(link), link)
	q.open("/security/not-me").at("/sign-in", http.StatusOK)
	w.pass(time.Minute)
	q.signInAs(testEmail)
	q.fill(q.open("/sign-in/verify?with=app"), "/sign-in/verify", "code", w.code(secret))
	q.open("/security/history").says("What you told us was not you (1)")
	q.open("/security/not-me").says("Your case", "A sign-in in a new browser", "We ended every session.")
	w.closesNotMe()
	q.open("/security/not-me").says("Closed:", "It turned out to be you")
}

// closesNotMe closes what is open, so that the next notice opens a case of its own.
func (w *world) closesNotMe() {
	w.t.Helper()
	by := recovery.Reviewer{ID: "ann"}
	list, err := w.cases.Reports(w.t.Context(), auth.Caller{}, by)
	if err != nil || len(list) != 1 {
		w.t.Fatalf("got %d open, %v, want one", len(list), err)
	}
	if _, err := w.cases.CloseReport(w.t.Context(), auth.Caller{}, by, list[0].ID, recovery.OutcomeOwn,
		""); err != nil {
		w.t.Fatal(err)
	}
}

// followsNotMe follows one link to its end.
func (w *world) followsNotMe(t *testing.T, link, lang, says string) {
	t.Helper()
	b := w.browser()
	b.lang = lang
	for range 2 {
		b.open(link).at(link, http.StatusOK)
	}
	b.send(http.MethodHead, link, "", "")
	s := b.open(link).at(link, http.StatusOK)
	if !strings.Contains(html.UnescapeString(s.text), says) {
		t.Errorf("%s: got %s, want %q", lang, wordsOf(s.text), says)
	}
	s = b.fill(s, link)
	if !strings.Contains(html.UnescapeString(s.text), w.texts.Say(lang, "done.not-me.title", nil)) ||
		!strings.Contains(s.text, link) {
		t.Errorf("%s: got %s, want that a case is open, and where it stands", lang, wordsOf(s.text))
	}
	s = b.open(link).at(link, http.StatusOK)
	for _, want := range []string{says, w.texts.Say(lang, "not-me.happened", nil), w.texts.Say(lang,
		"not-me.next", nil)} {
		if !strings.Contains(html.UnescapeString(s.text), want) {
			t.Errorf("%s: got %s, want %q", lang, wordsOf(s.text), want)
		}
	}
}
