package server

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/latchkey-auth/latchkey/assets"
	"github.com/latchkey-auth/latchkey/auth"
)

// wordless are the actions that no seller's history has, each with the reason.
func wordless() map[string]string {
	const (
		looks = "it only looks, or counts"
		site  = "it stands in the site's chains"
	)
	byReason := map[string][]string{
		looks: {"check-password", "look-session", "look-ceremony", "look-step-up", "look-binding", "look-outbox",
			"look-security", "look-own-email", "look-history", "look-question", "deliver", "sweep", "look-clock", "lab-look", "lab-clock",
			"lab-reset", "take-checkpoint", "look-checkpoints"},
		site: {"set-clock", "rotate-keys", "rotate-checkpoint-key"},
	}
	all := map[string]string{}
	for reason, list := range byReason {
		for _, a := range list {
			all[a] = reason
		}
	}
	return all
}

// actionsOf reads which actions a package has.
func actionsOf(t *testing.T, dir string) (list []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", dir, "*.go"))
	if err != nil || len(files) == 0 {
		t.Fatalf("reading %s: %v", dir, err)
	}
	is := regexp.MustCompile(`(?m)^(?:const )?\s*Act\w+\s+(?:auth\.)?Action\s*=\s*"([^"]+)"`)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range is.FindAllSubmatch(text, -1) {
			list = append(list, string(m[1]))
		}
	}
	return list
}

// Every act that a seller's history can have is told in words of its own, in both languages, done and refused, of each kind of
// method; and nothing is exempt that is not there.
func TestEveryActHasWords(t *testing.T) {
	s := newServer(t, nil)
	texts, err := assets.NewTexts(nil)
	if err != nil {
		t.Fatal(err)
	}
	exempt := wordless()
	found := 0
	for _, dir := range []string{"auth", "audit"} {
		for _, name := range actionsOf(t, dir) {
			found++
			if exempt[name] != "" {
				delete(exempt, name)
				continue
			}
			for _, m := range s.methods {
				if m.Face.Path == "" || m.Kind == "password" { // nobody adds, or has a page of it
					continue
				}
				for _, outcome := range []auth.Code{"", auth.CodeWrong} {
					e := s.event(auth.EventInfo{Action: auth.Action(name), Kind: m.Kind, Flavour: m.Flavour, Outcome: outcome, Item: "x"})
					if !texts.Has("event."+e.What) && !texts.Has("event."+e.Else) && name != "change-contact" {
						t.Errorf("%s of %s %s, outcome %q: got neither event.%s nor event.%s", name, m.Kind, m.Flavour, outcome, e.What, e.Else)
					}
					for _, lang := range []string{assets.English, assets.Chinese} {
						if texts.Has("event."+e.What) && texts.Say(lang, "event."+e.What, e.Args) == "" {
							t.Errorf("%s in %s: got no words", name, lang)
						}
					}
				}
			}
		}
	}
	if found < 60 {
		t.Errorf("got %d actions, want all of them", found)
	}
	for name, reason := range exempt {
		t.Errorf("%s is exempt (%s), and is not there", name, reason)
	}
}
