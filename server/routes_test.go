package server

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/latchkey-auth/latchkey/auth"
	"github.com/latchkey-auth/latchkey/recovery"
	"github.com/latchkey-auth/latchkey/team"
)

// everyUseCase lists the exported methods of auth.Service and of the subjects.
func everyUseCase() []string {
	var names []string
	for _, typ := range []reflect.Type{reflect.TypeFor[*auth.Service](), reflect.TypeFor[*team.Service](),
		reflect.TypeFor[*recovery.Service]()} {
		for i := range typ.NumMethod() {
			names = append(names, typ.Method(i).Name)
		}
	}
	return names
}

func TestEveryUseCaseHasARoute(t *testing.T) {
	elsewhere := map[string]string{
		"Do":        "the door that every use case goes through",
		"LookLink":  "the pages of mailed links",
		"OwnEmail":  "the form that password managers fill in",
		"LookUndo":  "the page of a link in a notice",
		"CodesFile": "the page that downloads recovery codes",

		"TakeData":     "the page that downloads everything",
		"TakeHistory":  "the page that downloads the history",
		"MayClose":     "the page that closes an account, before it asks for anything",
		"ClosingDelay": "no use case: what the site has set",
		"Rules":        "no use case: the matrix itself",

		"SecurityCodeAgain": "the page that shows a fresh code, loaded again",

		"Due": "package notify", "DueUpTo": "package notify", "Settle": "package notify", "Wake": "package notify",
		"Sweep":       "the program's own clock",
		"VerifyAudit": "the program's own command",
		"Restored":    "the program's own command",
		"ClockState":  "the program's own command",
		"AcceptClock": "the program's own command",
		"RepairClock": "the program's own command",
		"RotateKeys":  "the program's own command",
		"LookTicket":  "the program's own command",
		"Roots":       "the program's own command",
		"ClockAlarm":  "no use case: for the page of health", "StoreAlarm": "likewise", "BreachedAlarm": "likewise",
		"Reclaim":  "package notify",
		"Now":      "no use case: service time",
		"DemandOf": "no use case: the rules, for pages",
		"Lab":      "no use case: the way to those of testers",
		"Methods":  "no use case: the table of methods, for pages and messages",
		"MayAsk":   "no use case: what the site has set",
		"Times":    "likewise",
		"WordsFor": "no use case: asked in a pass of another part",
		"ValueFor": "likewise",
		"PeopleOf": "likewise",

		"AdmitPicture": "asked before a picture is read", "TakePictures": "no use case: the program's own wiring",
		"Purge": "the program's own command", "PurgeDecided": "likewise", "Tidy": "the program's own start",
		"ViewPicture": "the desk of reviewers", "DrawPDFs": "no use case: the program's own wiring",
		"DrawNext": "the program's own work", "Drafted": "likewise",

		"Queue": "the desk of reviewers", "ViewCase": "likewise", "NoteCase": "likewise", "AskMore": "likewise",
		"ApproveCase": "likewise", "RefuseCase": "likewise", "Reports": "likewise", "ViewReport": "likewise",
		"CloseReport": "likewise",

		"SealForBrowser": "no use case: what a page leaves with its browser",
		"OpenForBrowser": "no use case: what a page left with its browser",
	}
	routed := map[string]bool{}
	for _, rt := range routes() {
		routed[rt.use] = true
	}
	for _, use := range everyUseCase() {
		if _, not := elsewhere[use]; routed[use] == not {
			t.Errorf("%s: got routed %v and listed as not the API's %v, want exactly one", use, routed[use], not)
		}
	}
	all := everyUseCase()
	for use := range routed {
		if !slices.Contains(all, use) {
			t.Errorf("%s: got a route to it, want a use case of that name", use)
		}
	}
}

func TestEveryRouteDeclaresItself(t *testing.T) {
	seen := map[string]bool{}
	s := newLabWorld(t).server
	for _, rt := range s.table() {
		name := rt.method + " " + rt.path
		if seen[name] {
			t.Errorf("%s: got two routes, want one", name)
		}
		seen[name] = true
		if rt.who == 0 || rt.act == "" || rt.summary == "" || rt.run == nil {
			t.Errorf("%s: got who %d, action %q, summary %q, want all of them", name, rt.who, rt.act, rt.summary)
		}
		for _, c := range rt.answers() {
			if s.statuses[c] == 0 {
				t.Errorf("%s: got code %q, want one of the table", name, c)
			}
		}
		// in a new browser it-was-me asks as well
		fresh := s.service.DemandOf(rt.act) != (auth.Demand{}) || rt.act == auth.ActItWasMe
		if fresh != slices.Contains(rt.codes, auth.StepUpRequired) {
			t.Errorf("%s: got step-up in its codes %v, want %v as the domain's rules", name, !fresh, fresh)
		}
		for _, m := range rt.required {
			if _, there := rt.in.byName[m]; !there {
				t.Errorf("%s: got required member %q, want one of the body", name, m)
			}
		}
		if rt.in != nil && len(rt.in.members) > 64 {
			t.Errorf("%s: got %d members, want at most 64", name, len(rt.in.members))
		}
	}
}

// The document is whole: every operation, every reference, every code.
func TestOpenAPI(t *testing.T) {
	t.Run("site", func(t *testing.T) { checkOpenAPI(t, newServer(t, nil)) })
	t.Run("lab", func(t *testing.T) { checkOpenAPI(t, newLabWorld(t).server) })
}

func checkOpenAPI(t *testing.T, s *Server) {
	var doc struct {
		OpenAPI string
		Paths   map[string]map[string]struct {
			OperationID string
			Responses   map[string]any
		}
		Components struct{ Schemas map[string]map[string]any }
	}
	w := ask(s, "GET", "/openapi.json", "")
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("got version %s, want 3.1.0", doc.OpenAPI)
	}
	ids, n := map[string]bool{}, 0
	for path, ops := range doc.Paths {
		for method, op := range ops {
			n++
			if op.OperationID == "" || ids[op.OperationID] {
				t.Errorf("%s %s: got operation id %q, want one of its own", method, path, op.OperationID)
			}
			ids[op.OperationID] = true
			if len(op.Responses) < 3 {
				t.Errorf("%s %s: got %d answers, want the problems as well", method, path, len(op.Responses))
			}
		}
	}
	if n != len(s.table()) {
		t.Errorf("got %d operations, want %d", n, len(s.table()))
	}
	for name := range strings.SplitSeq(w.Body.String(), `"$ref":"`) {
		ref, _, _ := strings.Cut(name, `"`)
		if short, ok := strings.CutPrefix(ref, "#/components/schemas/"); ok && doc.Components.Schemas[short] == nil {
			t.Errorf("got a reference to %s, want its schema", short)
		}
	}
}
