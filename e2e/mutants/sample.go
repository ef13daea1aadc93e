package main

import (
	"cmp"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
)

// sample draws n of the sites. Every package and every kind in it has its share, at least one. Which ones is up to the
// seed and to the keys alone, so that a change draws others in the functions that it touches and nearly none elsewhere:
// a run before and one after tell of the change, not of their luck. The drawn sites are numbered from 1, in the order
// of the sources.
func sample(all []*site, n int, seed uint64) []*site {
	type layer struct{ pkg, kind string }
	layers := map[layer][]int{}
	lots := make([]string, len(all))
	for i, s := range all {
		at := layer{s.pkg.short, s.kind}
		layers[at] = append(layers[at], i)
		lots[i] = lot(seed, s.key())
	}
	byLot := func(a, b int) int { return cmp.Or(cmp.Compare(lots[a], lots[b]), cmp.Compare(a, b)) }
	var first, rest []int
	for _, at := range slices.Collect(maps.Keys(layers)) {
		mine := layers[at]
		slices.SortFunc(mine, byLot)
		share := min(len(mine), max(1, n*len(mine)/max(1, len(all))))
		first = append(first, mine[:share]...)
		rest = append(rest, mine[share:]...)
	}
	slices.SortFunc(first, byLot)
	slices.SortFunc(rest, byLot)
	drawn := append(first, rest...)
	drawn = drawn[:min(n, len(drawn))]
	slices.Sort(drawn)
	var out []*site
	for i, at := range drawn {
		all[at].id = i + 1
		out = append(out, all[at])
	}
	return out
}

// lot is what a key draws: the least are tried.
func lot(seed uint64, key string) string {
	return fmt.Sprintf("%x", sha256.Sum256(fmt.Appendf(nil, "%d %s", seed, key)))
}
