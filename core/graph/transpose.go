package graph

import (
	"slices"

	"lab/core/internal/kernel"
	"lab/core/tensor"
)

// Transpose permutes the axes: axis i of the result is axis perm[i] of x. Without
// perm it swaps the last two.
func Transpose(x *Node, perm ...int) *Node {
	if len(perm) == 0 {
		for i := range x.shape {
			perm = append(perm, i)
		}
		if n := len(perm); n >= 2 {
			perm[n-2], perm[n-1] = n-1, n-2
		}
	}
	identity := len(perm) == len(x.shape)
	for i, p := range perm {
		identity = identity && i == p
	}
	if identity {
		return x
	}
	if len(perm) > kernel.MaxDims && mixes(x.shape, perm) {
		return transposeByMoves(x, perm)
	}
	return apply(transposeDef, append(Perm{}, perm...), x)
}

// mixes reports whether a permutation leaves more groups of neighbouring axes than one
// kernel copies.
func mixes(s tensor.Shape, perm []int) bool {
	groups, last := 0, -1
	for _, p := range perm {
		if p < 0 || p >= len(s) || s[p] == 1 {
			continue
		}
		next := last + 1
		for last >= 0 && next < len(s) && s[next] == 1 {
			next++
		}
		if last < 0 || p != next {
			groups++
		}
		last = p
	}
	return groups > kernel.MaxDims
}

// transposeByMoves brings one axis after the other to its place.
func transposeByMoves(x *Node, perm []int) *Node {
	order := make([]int, len(perm)) // the axes of x as they are so far
	for i := range order {
		order[i] = i
	}
	for i, p := range perm {
		at := slices.Index(order, p)
		if at < i {
			fail("Transpose", "%v is no permutation of the axes of %v", perm, x.shape)
		}
		move := make([]int, 0, len(perm))
		for a := range perm {
			if a == i {
				move = append(move, at)
			}
			if a != at {
				move = append(move, a)
			}
		}
		if at != i {
			x = apply(transposeDef, Perm(move), x)
		}
		order = slices.Insert(slices.Delete(order, at, at+1), i, p)
	}
	return x
}

func ones(n int) []int {
	s := make([]int, n)
	for i := range s {
		s[i] = 1
	}
	return s
}
