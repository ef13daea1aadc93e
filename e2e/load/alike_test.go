package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

func TestAreaUnderTheCurve(t *testing.T) {
	for _, c := range []struct {
		what       string
		one, other []time.Duration
		want       float64
	}{
		{"always slower", []time.Duration{5, 6}, []time.Duration{1, 2, 3}, 1},
		{"always faster", []time.Duration{1}, []time.Duration{2, 3}, 0},
		{"the same", []time.Duration{4, 4}, []time.Duration{4, 4}, 0.5},
		{"in between", []time.Duration{2, 4}, []time.Duration{1, 3}, 0.75},
		{"a tie counts half", []time.Duration{1, 3}, []time.Duration{1, 2}, 0.625},
		{"nothing", nil, []time.Duration{1}, 0.5},
	} {
		if got := area(c.one, c.other); got != c.want {
			t.Errorf("%s: got %v, want %v", c.what, got, c.want)
		}
	}
	for area, want := range map[float64]bool{0.5: true, 0.471: true, 0.529: true, 0.54: false, 0.46: false} {
		if got := (difference{Area: area}).hidden(); got != want {
			t.Errorf("an area of %v: got hidden %t, want %t", area, got, want)
		}
	}
}

// Every arm is asked once for each of its sellers, and a wrong status is an error.
func TestEveryArmIsAskedAsOften(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	s := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		var who identified
		if err := json.NewDecoder(r.Body).Decode(&who); err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		asked[who.Identifier]++
	}))
	defer s.Close()
	named := func(who string) func(int) any { return func(i int) any { return identified{fmt.Sprint(who, i)} } }
	a := act{"x", "/x", 7, []arm{{"known", 200, named("known")}, {"nobody", 200, named("nobody")}}, nil}
	addr := strings.TrimPrefix(s.URL, "http://")
	took, err := a.sample(t.Context(), addr, 60)
	if err != nil || len(took[0]) != 60 || len(took[1]) != 60 || len(asked) != 120 {
		t.Fatalf("got %d and %d samples of %d sellers, %v, want 60 each", len(took[0]), len(took[1]), len(asked), err)
	}
	for who, n := range asked {
		if n != 1 {
			t.Errorf("%s was asked about %d times, want once", who, n)
		}
	}
	a.arms[1].status = 422
	if _, err := a.sample(t.Context(), addr, 1); err == nil || !strings.Contains(err.Error(), "got status 200") {
		t.Errorf("got %v, want the wrong status", err)
	}
}
