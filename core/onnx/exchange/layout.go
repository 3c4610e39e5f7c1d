package exchange

import "slices"

// layout is the order of a value's axes in the file: axis i there is axis layout[i]
// of the node. nil means the same order.
type layout []int

// nchw is how files lay out an image that is NHWC in the graph.
var nchw = layout{0, 3, 1, 2}

// of returns the layout for rank axes, spelled out.
func (l layout) of(rank int) layout {
	if l != nil {
		return l
	}
	id := make(layout, rank)
	for i := range id {
		id[i] = i
	}
	return id
}

// plain is l, or nil when it changes nothing.
func (l layout) plain() layout {
	for i, a := range l {
		if i != a {
			return l
		}
	}
	return nil
}

// inverse is the order of the node's axes in terms of the file's.
func (l layout) inverse() layout {
	inv := make(layout, len(l))
	for i, a := range l {
		inv[a] = i
	}
	return inv
}

// to is the permutation that takes a value of rank axes laid out as l to the layout
// want: axis i of the result is axis to[i].
func (l layout) to(want layout, rank int) []int {
	inv, perm := l.of(rank).inverse(), make([]int, rank)
	for i, a := range want.of(rank) {
		perm[i] = inv[a]
	}
	return perm
}

// transposed is the layout of the same file value seen from the node's transposition
// by perm: its axis i is axis perm[i] of the node.
func (l layout) transposed(perm []int) layout {
	inv, out := layout(perm).inverse(), make(layout, len(perm))
	for i, a := range l.of(len(perm)) {
		out[i] = inv[a]
	}
	return out.plain()
}

func (l layout) equal(m layout, rank int) bool { return slices.Equal(l.of(rank), m.of(rank)) }
