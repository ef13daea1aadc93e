package main

import (
	"cmp"
	"maps"
	"math/rand/v2"
	"slices"
)

// sample draws n of the sites. Every package and every kind in it has its share, at least one; which ones is up to the
// seed alone. The drawn sites are numbered from 1, in the order of the sources.
func sample(all []*site, n int, seed uint64) []*site {
	type layer struct{ pkg, kind string }
	layers := map[layer][]int{}
	for i, s := range all {
		at := layer{s.pkg.short, s.kind}
		layers[at] = append(layers[at], i)
	}
	order := slices.SortedFunc(maps.Keys(layers), func(a, b layer) int {
		return cmp.Or(cmp.Compare(a.pkg, b.pkg), cmp.Compare(a.kind, b.kind))
	})
	draw := rand.New(rand.NewPCG(seed, 0))
	var first, rest []int
	for _, at := range order {
		mine := layers[at]
		draw.Shuffle(len(mine), func(i, j int) { mine[i], mine[j] = mine[j], mine[i] })
		share := min(len(mine), max(1, n*len(mine)/max(1, len(all))))
		first = append(first, mine[:share]...)
		rest = append(rest, mine[share:]...)
	}
	shuffle := func(of []int) { draw.Shuffle(len(of), func(i, j int) { of[i], of[j] = of[j], of[i] }) }
	shuffle(first)
	shuffle(rest)
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
