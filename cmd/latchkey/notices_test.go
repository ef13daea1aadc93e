package main

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

var updateNotices = flag.Bool("update-notices", false, "write testdata/notices.txt anew")

// shortTemplates are the notices that are sent as texts as well.
func shortTemplates() []string { return []string{auth.TemplateChange, auth.TemplateRemoval} }

// besideNotMe are the notices that say "this was not me" beside where they lead.
func besideNotMe() []string {
	return []string{auth.TemplateLocked, auth.TemplatePasswordOut, auth.TemplateResetClosed, auth.TemplateShopJoined,
		auth.TemplateShopLeft, auth.TemplateHandOverTaker, auth.TemplateHandOverDone, auth.TemplateHandOverYours,
		auth.TemplateAccountHandTaker, auth.TemplateRecoveryStopped, auth.TemplateRecoveryDone, auth.TemplateVouched}
}

// The golden table of the words of every notice: by template and by what happened, in both languages, by mail and by
// text. A notice that takes another mail's words shows here.
func TestWordsOfNotices(t *testing.T) {
	methods := builtIn(t)
	say := render(testPages(t), methods, "https://shop.example", "shop.example")
	var got strings.Builder
	words := func(template string, channel auth.Channel, args map[string]string) {
		if args = maps.Clone(args); slices.Contains(besideNotMe(), template) && channel == auth.Mail {
			args["not-me"], args["not-me-until"] = "https://shop.example/undo/abc", "2026-11-25T02:00:00Z"
		}
		for _, lang := range []string{"en", "zh-CN"} {
			text, err := say(auth.Message{Template: template, Channel: channel, Language: lang, Args: args,
				Expires: time.Date(2026, 11, 24, 2, 0, 0, 0, time.UTC)})
			if err != nil {
				t.Fatalf("%s %s %s: %v", template, args["what"], lang, err)
			}
			body := strings.TrimSpace(text.Body)
			if args["what"] != "" && args["what"] != "password" && channel == auth.Mail {
				body, _, _ = strings.Cut(body, "\n\n-- ") // the foot is the same for all
			}
			fmt.Fprintf(&got, "=== %s %s %s %s\n%s\n%s\n\n", template, args["what"], channel, lang, text.Subject, body)
		}
	}
	what := slices.Sorted(maps.Keys(changes(methods)))
	for _, template := range usedTemplates(t) {
		args := map[string]string{"at": "2026-11-22T02:00:00Z", "person": "Wei", "agent": "Chrome · Windows",
			"place": "192.0.2.7"}
		switch template {
		case auth.TemplateChange:
			for _, k := range what {
				args["what"] = k
				args["undo"] = "https://shop.example/undo/abc"
				args["due"] = "2026-11-25T02:00:00Z"
				verb, _, _ := strings.Cut(k, "-")
				if delete(args, "ends"); slices.Contains([]string{"used", "frozen", "unfrozen", "disabled"}, verb) ||
					k == "security-code-used" || k == "security-code-retired" || k == "data-taken" ||
					strings.HasPrefix(k, "keys-only") {
					args["ends"] = "yes"
				}
				words(template, auth.Mail, args)
			}
			args["what"] = "email"
			args["pause"] = "yes"
			words(template, auth.Mail, args)
		case auth.TemplateRemoval:
			args["what"] = "removed-webauthn"
			args["item"] = "Blue key"
			args["due"] = "2026-11-23T02:00:00Z"
			args["undo"] = "https://shop.example/undo/abc"
			words(template, auth.Mail, args)
		case auth.TemplateCodeWaits, auth.TemplateKeysOnlyEnds:
			args["due"] = "2026-11-25T02:00:00Z"
			args["undo"] = "https://shop.example/undo/abc"
			words(template, auth.Mail, args)
			words(template, auth.SMS, nil)
		case auth.TemplateResetClosed:
			args["until"] = "2026-11-23T02:00:00Z"
			words(template, auth.Mail, args)
		case auth.TemplateLocked:
			args["until"] = "2026-11-22T02:05:00Z"
			words(template, auth.Mail, args)
		case auth.TemplateCode:
			for _, purpose := range []auth.Purpose{auth.ForSignIn, auth.ForStepUp, auth.ForBind} {
				words(template, auth.Mail, map[string]string{"person": "Wei", "code": "482913", "label": "KQ", "minutes": "5",
					"purpose": string(purpose)})
			}
		case auth.TemplateNewBrowser:
			args["ends"] = "yes"
			args["undo"] = "https://shop.example/undo/abc"
			args["due"] = "2026-11-25T02:00:00Z"
			words(template, auth.Mail, args)
		case auth.TemplateRecalled, auth.TemplateRecallLifted:
			args["item"] = "Blue key"
			words(template, auth.Mail, args)
			args["due"] = "2026-12-22T02:00:00Z"
			words(template, auth.Mail, args)
		case auth.TemplateCodesVoid, auth.TemplatePasswordOut:
			words(template, auth.Mail, args)
		case auth.TemplateShopJoined, auth.TemplateShopRole, auth.TemplateShopPaused, auth.TemplateShopBack,
			auth.TemplateShopRemoved, auth.TemplateShopLeft:
			words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "shop": "Blue shop", "role": "member"})
		case auth.TemplateMove:
			move := map[string]string{"at": args["at"], "person": "Wei", "shop": "Blue shop", "by": "Mo",
				"email": "n•••@example.com", "due": "2026-11-23T02:00:00Z", "undo": "https://shop.example/undo/abc"}
			words(template, auth.Mail, move)
			move["phone"] = "+86 ••• •••• 8055"
			words(template, auth.Mail, move)
			words(template, auth.SMS, nil)
		case auth.TemplateHandOverLink:
			words(template, auth.Mail, map[string]string{"link": "https://shop.example/shop/hand-over/abc"})
		case auth.TemplateHandOver:
			for _, step := range []string{"begun", "taken", "agreed"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "shop": "Blue shop", "member": "Mo",
					"step": step, "due": "2026-11-23T02:00:00Z", "undo": "https://shop.example/undo/abc"})
			}
			words(template, auth.SMS, nil)
		case auth.TemplateHandOverTaker:
			for _, step := range []string{"to-taken", "to-agreed"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Mo", "shop": "Blue shop", "by": "Wei",
					"step": step, "due": "2026-11-23T02:00:00Z"})
			}
		case auth.TemplateHandOverStopped, auth.TemplateHandOverDone, auth.TemplateHandOverYours:
			words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "shop": "Blue shop", "member": "Mo",
				"payout": "2026-11-29T02:00:00Z"})
		case auth.TemplateTakesOver:
			for _, step := range []string{"case-opened", "case-approved", "case-stopped", "case-done"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "step": step,
					"due": "2026-11-25T02:00:00Z", "link": "https://shop.example/recovery/stop/abc"})
			}
		case auth.TemplateClosing:
			for _, step := range []string{"closing-asked", "closing-last", "closing-put-off"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "step": step,
					"due": "2026-12-06T02:00:00Z", "undo": "https://shop.example/undo/abc"})
			}
			words(template, auth.SMS, nil)
		case auth.TemplateClosingKept, auth.TemplateClosed:
			words(template, auth.Mail, args)
		case auth.TemplateAccountHandLink:
			words(template, auth.Mail, map[string]string{"link": "https://shop.example/hand-over/abc"})
		case auth.TemplateAccountHand:
			for _, step := range []string{"account-begun", "account-taken", "account-agreed"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "member": "Mo", "step": step,
					"due": "2026-11-23T02:00:00Z", "undo": "https://shop.example/undo/abc"})
			}
			words(template, auth.SMS, nil)
		case auth.TemplateAccountHandTaker:
			for _, step := range []string{"account-to-taken", "account-to-agreed"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Mo", "by": "Wei", "step": step,
					"due": "2026-11-23T02:00:00Z"})
			}
		case auth.TemplateAccountHandStopped, auth.TemplateAccountHandDone, auth.TemplateAccountHandYours:
			words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "member": "Mo",
				"payout": "2026-11-29T02:00:00Z"})
		case auth.TemplateShopKeys:
			words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "shop": "Blue shop",
				"due": "2026-12-01T02:00:00Z"})
		case auth.TemplateShopPeople:
			for _, did := range []string{"joined", "role", "suspended", "resumed", "removed", "left", "keys",
				"no-keys", "hand-over-begun", "hand-over-agreed", "hand-over-done", "account-handed", "account-closed"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "shop": "Blue shop",
					"role": "read-only", "member": "Mo", "did": did})
			}
		case auth.TemplateRecoveryOpened, auth.TemplateRecoveryApproved, auth.TemplateRecoveryStopped, auth.TemplateRecoveryDone:
			more := map[string]string{"at": args["at"], "person": "Wei"}
			if template == auth.TemplateRecoveryOpened || template == auth.TemplateRecoveryApproved {
				more["link"], more["due"] = "https://shop.example/recovery/stop/abc", "2026-11-23T02:00:00Z"
			}
			if template == auth.TemplateRecoveryDone {
				more["payout"] = "2026-11-25T02:00:00Z"
			}
			words(template, auth.Mail, more)
			more["becomes"] = "n•••@example.com"
			words(template, auth.Mail, more)
		case auth.TemplateVouched:
			words(template, auth.Mail, map[string]string{"at": args["at"], "person": "Wei", "member": "Mo",
				"link": "https://shop.example/security/vouch/abc"})
		case auth.TemplateRecoveryNews:
			for _, stands := range []string{"open", "review", "more", "approved", "refused", "closed", "done", "takes-done"} {
				words(template, auth.Mail, map[string]string{"at": args["at"], "stands": stands,
					"link": "https://shop.example/recovery/case/abc"})
			}
		}
		if slices.Contains(shortTemplates(), template) {
			for _, k := range what {
				if template == auth.TemplateChange || strings.HasPrefix(k, "removed-") {
					words(template, auth.SMS, map[string]string{"what": k})
				}
			}
		}
	}
	const path = "testdata/notices.txt"
	if *updateNotices {
		if err := os.WriteFile(path, []byte(got.String()), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		g, w := strings.Split(got.String(), "\n"), strings.Split(string(want), "\n")
		for i := range min(len(g), len(w)) {
			if g[i] != w[i] {
				t.Fatalf("line %d: got %q, want %q (-update-notices, and read the difference)", i+1, g[i], w[i])
			}
		}
		t.Fatalf("got %d lines, want %d", len(g), len(w))
	}
}
