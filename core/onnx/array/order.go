package array

import (
	"cmp"
	"slices"
)

// Rank puts the elements of each row, the last axis, in order: it returns, row by row,
// their places in the row. Equal ones keep their order; NaN is the greatest.
func Rank(a *Array, descending bool) [][]int {
	n := a.Shape[len(a.Shape)-1]
	rows := make([][]int, a.Shape[:len(a.Shape)-1].Size())
	for r := range rows {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		at := r * n
		slices.SortStableFunc(order, func(i, j int) int {
			c := a.Compare(at+i, at+j)
			if descending {
				c = -c
			}
			return c
		})
		rows[r] = order
	}
	return rows
}

// Compare orders two elements of a: -1, 0 or 1. NaN is the greatest.
func (a *Array) Compare(i, j int) int {
	switch d := a.data.(type) {
	case []float32:
		return compareFloats(d[i], d[j])
	case []float64:
		return compareFloats(d[i], d[j])
	case []int64:
		return cmp.Compare(d[i], d[j])
	case []uint64:
		return cmp.Compare(d[i], d[j])
	}
	return cmp.Compare(Of[string](a)[i], Of[string](a)[j])
}

func compareFloats[T float32 | float64](x, y T) int {
	switch {
	case x != x && y != y:
		return 0
	case x != x:
		return 1
	case y != y:
		return -1
	}
	return cmp.Compare(x, y)
}
