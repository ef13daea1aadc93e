package auth_test

import (
	"encoding/json"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
)

// A method's name shows something, as a person's and a user's do: of characters that cannot be seen it is none.
func TestMethodNamesCanBeSeen(t *testing.T) {
	w := newWorld(t)
	_, c := w.enrolled("seller@example.com", sellerNumber)
	app := w.only(c, auth.TOTP)
	for _, invisible := range []string{"\u3164", "\u200b\u2060", "\u2800", "\U000e0041", "\u202e", "\ufe0f", "\u200d"} {
		_, err := w.s.Rename(t.Context(), c, app.ID, invisible, "")
		wantCode(t, "rename", err, auth.NameMissing)
		info, err := w.s.Rename(t.Context(), c, app.ID, "Blue"+invisible+" app", invisible)
		ok(t, "rename", err)
		if got := info.Name; got != "Blue app" && invisible != "\ufe0f" && invisible != "\u200d" {
			t.Errorf("named with %q: got %q, want Blue app", invisible, got)
		}
		if info.Place != "" {
			t.Errorf("kept at %q: got %q, want nowhere", invisible, info.Place)
		}
		ch, err := w.s.BindBegin(t.Context(), c, auth.BindForm{Kind: auth.TOTP})
		ok(t, "begin", err)
		bound, err := w.s.BindFinish(t.Context(), c, auth.BindDone{Ceremony: ch.Ceremony, Name: invisible,
			Response: w.app(secretOf(t, ch))})
		ok(t, "bind", err)
		if got := bound.Authenticator.Name; got == invisible {
			t.Errorf("bound as %q: got that name, want one that shows", invisible)
		}
		_, err = w.s.Remove(t.Context(), c, bound.Authenticator.ID)
		ok(t, "remove", err)
	}
}

func secretOf(t *testing.T, ch *auth.Challenge) string {
	t.Helper()
	var prompt struct{ Secret string }
	ok(t, "read the prompt", json.Unmarshal(ch.Prompt, &prompt))
	return prompt.Secret
}
