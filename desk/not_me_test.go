package desk

import (
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/staff"
)

// saysNotMe has a seller say "this was not me" to a notice, and returns the case that it opens.
func (w *world) saysNotMe(id auth.AccountID, template string) string {
	w.t.Helper()
	door, err := auth.Register(w.s, auth.Part{Name: "teller", Rules: map[auth.Action]auth.Rule{
		"tell": {Who: auth.System, Audit: true}}})
	w.check(err)
	w.check(door.Do(w.t.Context(), door.Operator("root"), "tell", func(k *auth.Work) error {
		k.About(id)
		return k.NotifyNotMe(id, template, map[string]string{})
	}))
	link := w.mailed(template).Args["not-me"]
	_, err = w.s.Undo(w.t.Context(), auth.Caller{Browser: "m"}, link[strings.LastIndexByte(link, '/')+1:])
	w.check(err)
	list, err := w.cases.Reports(w.t.Context(), auth.Caller{}, recovery.Reviewer{ID: "x"})
	w.check(err)
	return list[len(list)-1].ID
}

// Support and reviewers read what a seller has said was not him, in both languages, and close it with what came of it;
// nobody else does.
func TestTheDeskOfNotMe(t *testing.T) {
	w := newWorld(t)
	id := w.saysNotMe(w.seller("wei"), auth.TemplateShopLeft)
	one := notMePath + "/" + id
	for _, r := range staff.Roles() {
		b := w.worker("a-"+string(r), r)
		want := http.StatusForbidden
		if r == staff.Support || r == staff.Reviewer {
			want = http.StatusOK
		}
		for _, path := range []string{notMePath, one} {
			if got := b.send(http.MethodGet, path, nil).Code; got != want {
				t.Errorf("%s at %s: got %d, want %d", r, path, got, want)
			}
		}
		if want == http.StatusOK {
			continue
		}
		if got := b.send(http.MethodPost, one+"/close", form("outcome", "safe")).Code; got != want {
			t.Errorf("%s closes: got %d, want %d", r, got, want)
		}
	}
	ann := w.worker("ann", staff.Support)
	for lang, says := range map[string][]string{"en": {"Your account left a shop", "We ended every session",
		"w•••@example.com"},
		"zh-CN": {"您的账号退出了店铺", "已结束所有会话", "w•••@example.com"}} {
		ann.lang = lang
		for _, want := range says {
			if page := html.UnescapeString(ann.open(one)); !strings.Contains(page, want) {
				t.Errorf("%s: got %s, want %q", lang, page, want)
			}
		}
		if page := ann.open(notMePath); !strings.Contains(page, one) || !strings.Contains(page, says[0]) {
			t.Errorf("%s: got the list %s, want it there", lang, page)
		}
	}
	ann.lang = "en"
	if page := ann.post(one+"/close", "outcome", "nonsense", "note", "typed before"); !strings.Contains(page,
		"typed before") {
		t.Errorf("no outcome: got %s, want what was typed again", page)
	}
	page := ann.post(one+"/close", "outcome", "safe", "note", "Called back.")
	if !strings.Contains(page, "Case "+id[:8]+": closed") || !strings.Contains(page, "There are no open cases now") {
		t.Errorf("closing: got %s", page)
	}
	w.pass(time.Minute)
	if page := ann.open(one); !strings.Contains(page, "Called back.") || strings.Contains(page, one+"/close") {
		t.Errorf("closed: got %s, want the note and no form", page)
	}
}
