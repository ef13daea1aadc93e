package server

import (
	"encoding/json"
	"strconv"
	"testing"
)

// The bounds that the document tells are those that the API keeps: outside of them it refuses and clamps nothing.
func TestLimitOfHistoryIsTheDomains(t *testing.T) {
	w := newWorld(t)
	p := w.program()
	w.enrolled(p)
	var doc struct {
		Paths map[string]map[string]struct {
			Parameters []struct {
				Name   string
				Schema struct{ Minimum, Maximum, Default int }
			}
		}
	}
	if err := json.Unmarshal(ask(w.server, "GET", "/openapi.json", "").Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	found := false
	for _, q := range doc.Paths["/history"]["get"].Parameters {
		if q.Name != "limit" {
			continue
		}
		found = true
		if got, want := q.Schema.Maximum, 100; got != want {
			t.Errorf("the document: got a maximum of %d, want %d", got, want)
		}
		for _, n := range []int{q.Schema.Minimum, q.Schema.Default, q.Schema.Maximum} {
			p.must("GET", "/history?limit="+strconv.Itoa(n), nil, nil)
		}
		for _, bad := range []string{strconv.Itoa(q.Schema.Minimum - 1), strconv.Itoa(q.Schema.Maximum + 1), "200",
			"-1", "x", "1e1"} {
			if got := refused(t, p.api("GET", "/history?limit="+bad, nil, nil)); got.Code != "malformed-request" {
				t.Errorf("a limit of %s: got %s, want malformed-request", bad, got.Code)
			}
		}
	}
	if !found {
		t.Error("got no limit in the document, want one")
	}
}
