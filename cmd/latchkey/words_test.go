package main

import (
	"maps"
	"slices"
	"testing"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/server"
)

// wordless are the audited actions that no seller's history has, each with the reason.
func wordless() map[auth.Action]string {
	byReason := map[string][]auth.Action{
		"it stands in the site's chains": {"set-clock", "rotate-keys", "rotate-checkpoint-key", "shop-value",
			"stock-import", "stock-export", "stock-lost", "stock-found", "stock-retire", "stock-note",
			"stock-give", "recall-check", "desk-recall-push", "desk-stock-token", "desk-stock-lost", "desk-stock-found",
			"desk-stock-retire", "desk-stock-note", "desk-stock-give", "desk-stock-import"},
		"it is about nobody but the staff": {"desk-sign-in", "desk-sign-out", "desk-touch", "desk-add-key",
			"desk-remove-key",
			"desk-end-own-sessions", "desk-join", "desk-command",
			"desk-staff", "desk-invite", "desk-role", "desk-suspend", "desk-ask-new-keys", "desk-grant-new-keys"},
		"it is about many accounts, and each has an event of its own": {"desk-responses", "desk-response",
			"desk-respond",
			"desk-propose", "desk-withdraw", "desk-agree", "desk-propose-undo", "desk-agree-undo"},
		"it is about many cases": {"recovery-queue", "recovery-reports"},
	}
	all := map[auth.Action]string{}
	for reason, list := range byReason {
		for _, a := range list {
			all[a] = reason
		}
	}
	return all
}

// Every act that a seller's history can have, whichever part of the house it is of, is told in words of its own, in both
// languages, done and refused, of each kind of method; and nothing is exempt that is not there, or has words all the
// same.
func TestEveryActHasWords(t *testing.T) {
	h := testHouse(t, nil)
	texts, exempt := h.pages.Texts(), wordless()
	rules := h.service.Rules()
	found := 0
	for _, a := range slices.Sorted(maps.Keys(rules)) {
		if !rules[a].Audit {
			continue
		}
		found++
		if exempt[a] != "" {
			delete(exempt, a)
			if e := server.EventOf(h.service.Methods(), auth.EventInfo{Action: a}); texts.Has("event." + e.What) {
				t.Errorf("%s is exempt, and has the words event.%s", a, e.What)
			}
			continue
		}
		for _, m := range h.service.Methods() {
			if m.Face.Path == "" || m.Kind == "password" { // nobody adds, or has a page of it
				continue
			}
			for _, outcome := range []auth.Code{"", auth.CodeWrong} {
				checkEntry(t, texts, h.service.Methods(),
					auth.EventInfo{Action: a, Kind: m.Kind, Flavour: m.Flavour, Outcome: outcome, Item: "x"})
			}
		}
	}
	if found < 110 {
		t.Errorf("got %d audited actions, want those of every part", found)
	}
	for name, reason := range exempt {
		t.Errorf("%s is exempt (%s), and is not audited", name, reason)
	}
}

// checkEntry fails unless an entry has words of its own.
func checkEntry(t *testing.T, texts *assets.Texts, methods auth.Table, e auth.EventInfo) {
	t.Helper()
	shown := server.EventOf(methods, e)
	if !texts.Has("event."+shown.What) && !texts.Has("event."+shown.Else) && e.Action != auth.ActContact {
		t.Errorf("%s of %s %s, outcome %q: got neither event.%s nor event.%s", e.Action, e.Kind, e.Flavour, e.Outcome,
			shown.What, shown.Else)
	}
	for _, lang := range []string{assets.English, assets.Chinese} {
		if texts.Entry(lang, shown).What == "" {
			t.Errorf("%s in %s: got no words", e.Action, lang)
		}
	}
}
