package party

import (
	"fmt"

	"github.com/latchkey-auth/latchkey/virtual/fault"
)

// A verdict collects every check that one response breaks, and the first thing that was wrong with each.
type verdict map[fault.Check]string

// must notes that c is broken unless ok, and returns ok.
func (v verdict) must(c fault.Check, ok bool, format string, args ...any) bool {
	if _, noted := v[c]; !ok && !noted {
		v[c] = fmt.Sprintf(format, args...)
	}
	return ok
}

// broken lists which of demands are broken, in their order.
func (v verdict) broken(demands []fault.Demand) []fault.Demand {
	var out []fault.Demand
	for _, d := range demands {
		if _, ok := v[d.Check]; ok {
			out = append(out, d)
		}
	}
	return out
}
