package server

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/latchkey-auth/latchkey/auth"
)

// settingsPages are the settings that open by their path alone.
func (w *world) settingsPages() []string {
	var paths []string
	for _, pg := range w.server.pageTable() {
		if pg.get != nil && strings.HasPrefix(pg.path, "/security") && !strings.Contains(pg.path, "{") {
			paths = append(paths, pg.path)
		}
	}
	return paths
}

// After a fresh second step a seller reads his own addresses on every page; whoever finds the session later reads
// masks.
func TestOwnAddressesAreReadableAfterAFreshStep(t *testing.T) {
	w := newWorld(t)
	p, _ := w.withApp()
	for path, typed := range map[string][2]string{"/security/phone/new": {"phone", "+86 138 0013 8001"},
		"/security/email/new": {"email", "spare@example.com"}} {
		s := p.fill(p.open(path), path, typed[0], typed[1]).says(typed[1])
		p.fill(s, path, "code", w.mailed(auth.TemplateCode).Args["code"])
	}
	own := []string{"seller@example.com", "spare@example.com", "+86 138 0013 8000", "+86 138 0013 8001"}
	paths := w.settingsPages()
	if len(paths) < 15 {
		t.Errorf("got the pages %v, want all of the settings", paths)
	}
	for _, fresh := range []bool{true, false} {
		seen := map[string]bool{}
		for _, path := range paths {
			says := wordsOf(p.open(path).text)
			if strings.Contains(says, "•••") && fresh {
				t.Errorf("%s: got a mask shown to its owner after a fresh step", path)
			}
			for _, a := range own {
				seen[a] = seen[a] || strings.Contains(says, a)
				if strings.Contains(says, a) && !fresh {
					t.Errorf("%s: got %s without a fresh step, want it masked", path, a)
				}
			}
			if !strings.Contains(says, "小明的店") {
				t.Errorf("%s: got no user name, want the account's", path)
			}
		}
		if fresh && slices.ContainsFunc(own, func(a string) bool { return !seen[a] }) {
			t.Errorf("got %v seen, want each of %v", seen, own)
		}
		w.pass(time.Hour)
	}
}

// Who has nothing but the password must not read the number that the account claims by asking for a code to it.
func TestPasswordAloneReadsNoNumber(t *testing.T) {
	w := newWorld(t)
	p := w.registered()
	s := p.open("/security/phone/new").says("+86 ••• •••• 8000")
	if s = p.fill(s, "/security/phone/new").says("+86 ••• •••• 8000"); strings.Contains(wordsOf(s.text), "138 0013") {
		t.Error("got the number of the account, want it masked")
	}
	p.fill(p.open("/security/phone/new?other=1"), "/security/phone/new", "phone", "+86 138 0013 8002").says("+86 138 0013 8002")
}
