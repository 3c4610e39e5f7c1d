package data

import (
	"fmt"
	"math/rand/v2"
	"sort"
)

// View is some of the examples, in a fixed order; it copies none of them.
type View struct {
	Examples *Examples
	Index    []int32 // which ones, as positions in Examples
}

// All is the view of every example in the source's order.
func All(e *Examples) View {
	v := View{Examples: e, Index: make([]int32, e.Len())}
	for i := range v.Index {
		v.Index[i] = int32(i)
	}
	return v
}

// Len is the number of examples in the view.
func (v View) Len() int { return len(v.Index) }

// Streams keep apart what is drawn from the same seed for different purposes;
// without them the split and the batches would reuse each other's numbers. The
// values are arbitrary and must never change.
const (
	streamCut     = 0x6375740000000000
	streamShuffle = 0x7368750000000000 // the epoch is added
	streamAugment = 0x6175670000000000
)

// Cut takes n examples at random and returns them and the rest, both in the
// view's order. Where there are labels each class gives its share of n, rounded
// by largest remainder. The seed determines which; it panics unless
// 0 <= n <= v.Len().
func (v View) Cut(n int, seed uint64) (taken, rest View) {
	if n < 0 || n > v.Len() {
		panic(fmt.Sprintf("data: cut %d of %d examples", n, v.Len()))
	}
	groups := v.classes()
	take := shares(groups, n, v.Len())
	rnd := rand.New(rand.NewPCG(seed, streamCut))
	chosen := make([]bool, v.Len())
	for g, group := range groups {
		shuffle(group, rnd)
		for _, pos := range group[:take[g]] {
			chosen[pos] = true
		}
	}
	taken = View{v.Examples, make([]int32, 0, n)}
	rest = View{v.Examples, make([]int32, 0, v.Len()-n)}
	for pos, at := range v.Index {
		if chosen[pos] {
			taken.Index = append(taken.Index, at)
		} else {
			rest.Index = append(rest.Index, at)
		}
	}
	return taken, rest
}

// classes groups the positions in the view by label, lowest label first; without
// labels there is one group.
func (v View) classes() [][]int32 {
	groups := [][]int32{nil}
	for pos, at := range v.Index {
		var l int32
		if v.Examples.Labels != nil {
			l = v.Examples.Labels[at]
		}
		for int(l) >= len(groups) {
			groups = append(groups, nil)
		}
		groups[l] = append(groups[l], int32(pos))
	}
	return groups
}

// shares divides n among the groups in proportion to their sizes, whose sum is
// total. What rounding down leaves goes to the largest remainders, one each; of
// equal ones to the lowest group.
func shares(groups [][]int32, n, total int) []int {
	take := make([]int, len(groups))
	if total == 0 {
		return take
	}
	order := make([]int, len(groups))
	remainder := make([]int, len(groups))
	left := n
	for g, group := range groups {
		take[g] = n * len(group) / total
		remainder[g] = n * len(group) % total
		left -= take[g]
		order[g] = g
	}
	sort.SliceStable(order, func(i, j int) bool { return remainder[order[i]] > remainder[order[j]] })
	for _, g := range order[:left] {
		take[g]++
	}
	return take
}

// shuffle permutes s uniformly (Fisher and Yates). It is written out because
// the order it gives is part of what a seed promises.
func shuffle(s []int32, rnd *rand.Rand) {
	for i := len(s) - 1; i > 0; i-- {
		j := rnd.IntN(i + 1)
		s[i], s[j] = s[j], s[i]
	}
}
