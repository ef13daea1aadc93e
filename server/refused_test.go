package server

import (
	"net/http"
	"runtime"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/password"
)

// dearFactors count what their factors are asked: every call may be a derivation or a check of a signature.
type dearFactor struct {
	auth.Factor
	asked *int
}

func (f dearFactor) BeginBind(c *auth.Ceremony, s auth.Subject) error {
	*f.asked++
	return f.Factor.BeginBind(c, s)
}

// plausible is a body that a route would take.
func plausible(rt route) any {
	if rt.in == nil {
		return nil
	}
	body := m{}
	for name, value := range map[string]any{"identifier": "seller@example.com", "password": "Tr0ub4dor&3xyz", "current": "Tr0ub4dor&3xyz",
		"kind": "totp", "code": "123456", "ceremony": strings.Repeat("A", 1400), "link": strings.Repeat("A", 43), "action": "rename-method",
		"email": "other@example.com", "phone": "+8613800138000", "name": "Key", "userName": "Tr0ub4dor&3xyz",
		"question": "The first?", "answer": "nobody at all", "securityCode": strings.Repeat("A", 20),
		"text": "¥ 100.00", "response": m{"code": "123456"}} {
		if i, known := rt.in.byName[name]; known && rt.in.members[i].kind != kindBool {
			body[name] = value
		}
	}
	if rt.use == "BindBegin" { // the dearest input of those that may be sent
		body["kind"], body["number"] = "phone", "+8613800138000"
	}
	return body
}

// Whoever is refused has cost next to nothing (promise 14): the rule is held against him before anything dear is done,
// and nothing is written. Hashing of sign-in, which is for anybody, is bounded otherwise.
func TestWhoIsRefusedHasCostNextToNothing(t *testing.T) {
	asked := 0
	w := newWorld(t, func(d *auth.Config, _ *Config) {
		d.Hash = password.Cost{Memory: 16 << 10, Time: 1, Threads: 1} // a hash shows as 16 MiB
		for i, f := range d.Factors {
			d.Factors[i] = dearFactor{f, &asked}
		}
	})
	w.seller()
	restricted := w.program()
	if info := restricted.password(); info.Step != "enrol" {
		t.Fatalf("got %+v, want a session that must enrol", info)
	}
	var from, to runtime.MemStats
	w.program().api(http.MethodGet, "/session", nil, nil)
	runtime.ReadMemStats(&from)
	w.program().api(http.MethodGet, "/session", nil, nil)
	runtime.ReadMemStats(&to)
	look := to.Mallocs - from.Mallocs
	tries := 0
	for _, rt := range routes() {
		if rt.method == http.MethodGet || rt.who != session && rt.who != enrolled && rt.who != holder {
			continue
		}
		path := strings.NewReplacer("{id}", "x").Replace(rt.path)
		for who, p := range map[string]*person{"nobody": w.program(), "a session that must enrol": restricted} {
			if who != "nobody" && rt.who != enrolled {
				continue // it may do what it needs to enrol
			}
			before, commits := asked, w.db.Stats().Commits
			body := plausible(rt)
			runtime.ReadMemStats(&from)
			res := p.api(rt.method, path, body, nil)
			runtime.ReadMemStats(&to)
			tries++
			if res.Code < 400 {
				t.Errorf("%s %s by %s: got %d, want a refusal", rt.method, path, who, res.Code)
			}
			if n := asked - before; n != 0 {
				t.Errorf("%s %s by %s: got %d factors asked to begin, want none", rt.method, path, who, n)
			}
			if n := w.db.Stats().Commits - commits; n != 0 {
				t.Errorf("%s %s by %s: got %d commits, want none", rt.method, path, who, n)
			}
			if n := to.Mallocs - from.Mallocs; n > 5*look {
				t.Errorf("%s %s by %s: got %d allocations, want at most 5 times the %d of a look at the session", rt.method, path, who, n, look)
			}
			if n := to.TotalAlloc - from.TotalAlloc; n > 8<<20 {
				t.Errorf("%s %s by %s: got %d MiB allocated, want no hash", rt.method, path, who, n>>20)
			}
		}
	}
	if tries < 30 {
		t.Errorf("got %d refusals tried, want those of the whole table", tries)
	}
}
