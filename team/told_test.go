package team_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/team"
)

// Of a demand for keys nobody is told but when it is due: by no sweep, and by none that has found it due a moment ago,
// when it was dropped, or told of, in between.
func TestNobodyIsToldOfKeysButWhenItIsDue(t *testing.T) {
	for name, row := range map[string]struct {
		before func(w *world, shop string, owner *person)
		told   int
	}{
		"at once":      {func(*world, string, *person) {}, 4},
		"told already": {func(w *world, _ string, _ *person) { w.heardOfKeys() }, 0},
		"a day before": {func(w *world, _ string, _ *person) { w.heardOfKeys(); w.pass(6 * keyDay) },
			4},
		"twice told": {func(w *world, _ string,
			_ *person) {
			w.heardOfKeys()
			w.pass(6 * keyDay)
			w.heardOfKeys()
		}, 0},
		"long before": {func(w *world, _ string,
			_ *person) {
			w.heardOfKeys()
			w.pass(6*keyDay - time.Second)
		}, 0},
		"a second early":    {func(w *world, _ string, _ *person) { w.pass(7*keyDay - time.Second) }, 4},
		"the date has come": {func(w *world, _ string, _ *person) { w.pass(7 * keyDay) }, 0},
		"the date has come, told once": {func(w *world, _ string, _ *person) { w.heardOfKeys(); w.pass(7 * keyDay) },
			0},
		"dropped": {func(w *world, shop string, owner *person) {
			wantCode(w.t, "dropping", w.shops.DropKeys(w.t.Context(), owner.Caller, shop), "")
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, shop, people := askedForKeys(t)
			w.mail()
			row.before(w, shop, people[team.Owner])
			wantCode(t, "a sweep that has found it due", w.shops.TellOfKeys(t.Context(), shop), "")
			got := 0
			for _, m := range w.mail() {
				if m.Template == auth.TemplateShopKeys {
					got++
				}
			}
			if got != row.told {
				t.Errorf("got %d told, want %d", got, row.told)
			}
		})
	}
	w, _, _ := askedForKeys(t)
	wantCode(t, "a shop that there never was", w.shops.TellOfKeys(t.Context(), "nothing"), "")
	w.mail()
	w.pass(7 * keyDay) // the service had been off for as long
	if got := w.heardOfKeys(); len(got) > 0 {
		t.Errorf("by a sweep after the date: got %q, want nobody told", got)
	}
}

// Who is suspended in a shop does not take it over, whichever of his shops it is; let in again he does.
func TestWhoIsSuspendedTakesNoShopOver(t *testing.T) {
	for others := range few().Shops {
		h := hand(t)
		for range others {
			h.member.shop()
		}
		wantCode(t, "suspending", h.shops.SuspendMember(t.Context(), h.senior.Caller, h.shop, h.member.id), "")
		wantCode(t, "begin", h.begin(), "")
		wantCode(t, "suspended", h.take(h.member), auth.NotFound)
		wantCode(t, "letting in", h.shops.ResumeMember(t.Context(), h.senior.Caller, h.shop, h.member.id), "")
		wantCode(t, "let in again", h.take(h.member), "")
	}
}

// Whatever ends a hand-over, at whatever step: both sides hear that nothing comes of it, once, and nothing waits in the
// owner's settings any more.
func TestWhoHearsThatAHandOverIsStopped(t *testing.T) {
	stops := handOverStops()
	stops["the other one has no room any more"] = func(h *handing) error {
		for range few().Shops {
			h.buyer.shop()
		}
		return nil
	}
	for at, come := range map[string]func(*handing){
		"begun": func(h *handing) { wantCode(h.t, "begin", h.begin(), "") },
		"taken": func(h *handing) {
			wantCode(h.t, "begin", h.begin(), "")
			wantCode(h.t, "take", h.take(h.buyer),
				"")
		},
		"agreed": (*handing).agreed,
	} {
		for what, stop := range stops {
			if strings.HasPrefix(what, "the other one") && at == "begun" || what == "nobody goes on" && at == "agreed" {
				continue
			}
			t.Run(at+": "+what, func(t *testing.T) {
				t.Parallel()
				h := hand(t)
				come(h)
				wantCode(t, "stopping", stop(h), "")
				var heard []string
				for i := range 3 { // told once, however often it is looked at
					if i > 0 {
						h.due(day + time.Minute)
					}
					for _, m := range h.mail() {
						if m.Template == auth.TemplateHandOverStopped {
							to, _, _ := strings.Cut(string(m.Recipient), "@")
							heard = append(heard, to)
						}
					}
				}
				want := []string{"buyer", "owner"}
				if at == "begun" {
					want = want[1:]
				}
				if slices.Sort(heard); !slices.Equal(heard, want) {
					t.Errorf("got %q told, want %q", heard, want)
				}
				if info, err := h.s.Security(t.Context(), h.owner.Caller); err != nil || len(info.Changes) > 0 {
					t.Errorf("got %+v, %v, want nothing waiting", info, err)
				}
			})
		}
	}
}
