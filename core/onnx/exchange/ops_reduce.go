package exchange

import (
	"math"
	"slices"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators that reduce an axis, or walk along it.

func init() {
	for r, v := range map[array.Reduction][]int64{
		array.ReduceSum: {1, 11, 13}, array.ReduceMean: {1, 11, 13, 18}, array.ReduceProd: {1, 11, 13, 18},
		array.ReduceMax: {1, 11, 12, 13, 18, 20}, array.ReduceMin: {1, 11, 12, 13, 18, 20},
		array.ReduceSumSquare: {1, 11, 13, 18}, array.ReduceL1: {1, 11, 13, 18}, array.ReduceL2: {1, 11, 13, 18},
		array.ReduceLogSum: {1, 11, 13, 18, 28}, array.ReduceLogSumExp: {1, 11, 13, 18, 28},
	} {
		list := int64(18) // the version at which the axes became an input
		if r == array.ReduceSum {
			list = 13
		}
		build := one(func(c *call) operand {
			x := c.in[0]
			keep, noop := c.flag("keepdims", true), false
			axes := c.listOr("axes", 1, list)
			if c.since >= list {
				noop = c.flag("noop_with_empty_axes", false)
			}
			if truths := r == array.ReduceMax || r == array.ReduceMin; x.typ == pb.Bool && truths && c.since >= 20 {
				return c.reduceTruths(r, x, axes, keep, noop)
			}
			if !array.IsFloat(x.typ) && !array.IsWhole(x.typ) {
				c.fail("an input of type %v", x.typ)
			}
			over := c.marked(axes, x.rank())
			if len(axes) == 0 && !noop {
				over = every(x.rank())
			}
			y := c.reduce(r, x, over)
			if keep {
				return y
			}
			return c.squeezed(y, over)
		})
		first := slices.Index(v, list)
		register(string(r), rule{since: v[:first], least: 1, most: 1, build: build}, rule{since: v[first:], least: 1, most: 2, build: build})
	}
	for _, name := range []string{"ArgMax", "ArgMin"} {
		register(name, rule{since: versions(1, 11, 12, 13), least: 1, most: 1, build: one(func(c *call) operand {
			x := c.in[0]
			axis := c.axis(c.attrs.Int("axis", 0), x.rank())
			keep, later := c.flag("keepdims", true), c.since >= 12 && c.flag("select_last_index", false)
			over := make([]bool, x.rank())
			over[axis] = true
			if x.shape()[axis] == 0 {
				c.fail("axis %d of shape %v is empty", axis, x.shape())
			}
			y := c.arg(x, axis, c.Op == "ArgMax", later)
			if keep {
				return y
			}
			return c.squeezed(y, over)
		})})
	}
	register("TopK",
		rule{since: versions(1), least: 1, most: 1, build: buildTopK},
		rule{since: versions(10, 11, 24), least: 2, most: 2, build: buildTopK})
	register("CumSum", rule{since: versions(11, 14), least: 2, most: 2, build: one(func(c *call) operand { return c.scan(adding, 0) })})
	register("CumProd", rule{since: versions(26), least: 2, most: 2, host: true, build: one(func(c *call) operand { return c.scan(multiplying, 1) })})
	register("Unique", rule{since: versions(11, 28), least: 1, most: 1, host: true, build: buildUnique})
	for _, name := range []string{"Softmax", "LogSoftmax", "Hardmax"} {
		register(name, rule{since: versions(1, 11, 13), least: 1, most: 1, build: one(func(c *call) operand {
			x := c.in[0]
			c.floats(x)
			if x.rank() == 0 {
				c.fail("an input of shape ()")
			}
			if c.since >= 13 {
				return c.maximal(x, c.axis(c.attrs.Int("axis", -1), x.rank()))
			}
			// a matrix of the axes before and those from axis on
			s := x.shape()
			axis := c.attrs.Int("axis", 1)
			if axis != int64(len(s)) {
				axis = int64(c.axis(axis, len(s)))
			}
			rows := c.reshape(x, s[:axis].Size(), s[axis:].Size())
			return c.reshape(c.maximal(rows, 1), s...)
		})})
	}
}

// maximal is the node's function over an axis.
func (c *call) maximal(x operand, axis int) operand {
	if c.Op != "Hardmax" {
		return c.softmax(x, axis, c.Op == "LogSoftmax")
	}
	n := x.shape()[axis]
	if n == 0 {
		return x
	}
	here := c.compare(array.Equal, c.arg(x, axis, true, false), c.count(n, x.rank()-axis))
	return c.cast(here, x.typ)
}

// reduceTruths is the greatest or the least of truths: whether one is true, or all.
func (c *call) reduceTruths(r array.Reduction, x operand, axes []int64, keep, noop bool) operand {
	over := c.marked(axes, x.rank())
	if len(axes) == 0 && !noop {
		over = every(x.rank())
	}
	y := c.cast(c.reduce(r, c.cast(x, pb.Int32), over), pb.Bool)
	if x.known != nil {
		y = known(array.Reduce(r, x.known, over))
	}
	if keep {
		return y
	}
	return c.squeezed(y, over)
}

// arg is the place of the greatest or least element along an axis, int64: the first, or
// the last, of equal ones.
func (c *call) arg(x operand, axis int, greatest, later bool) operand {
	n := x.shape()[axis]
	if c.onHost(x) || !kept(x.typ) {
		a := array.Transpose(c.array(x), append(without(x.rank(), axis), axis)...)
		s := x.shape().Clone()
		s[axis] = 1
		out := array.New(pb.Int64, s...)
		for i := range out.Len() {
			best := 0
			for k := 1; k < n; k++ {
				order := a.Compare(i*n+k, i*n+best)
				if !greatest {
					order = -order
				}
				if order > 0 || order == 0 && later {
					best = k
				}
			}
			array.Of[int64](out)[i] = int64(best)
		}
		return known(out)
	}
	over := make([]bool, x.rank())
	over[axis] = true
	r := array.ReduceMax
	if !greatest {
		r = array.ReduceMin
	}
	best := c.reduce(r, x, over)
	c.indices(n)
	shape := make([]int, x.rank())
	for i := range shape {
		shape[i] = 1
	}
	shape[axis] = n
	place := graph.Reshape(graph.Iota(c.graph, n), shape...)
	here := c.plain(c.compare(array.Equal, x, best))
	none := float64(n)
	if later {
		none = -1
	}
	at := operand{typ: pb.Float, node: graph.Where(here, place, c.graph.Scalar(none))}
	r = array.ReduceMin
	if later {
		r = array.ReduceMax
	}
	y := c.reduce(r, at, over)
	y.typ = pb.Int64
	return y
}

// without lists the axes but one.
func without(rank, axis int) []int {
	var axes []int
	for a := range rank {
		if a != axis {
			axes = append(axes, a)
		}
	}
	return axes
}

// buildTopK orders an axis by its values, which are then picked by their places.
func buildTopK(c *call) []operand {
	x := c.in[0]
	axis := c.axis(c.attrs.Int("axis", -1), x.rank())
	largest := c.since < 11 || c.flag("largest", true)
	c.attrs.Ignore("sorted") // any order will do where none is asked for
	k64 := int64(0)
	if c.since < 10 {
		k64 = c.attrs.Int("k", -1)
	} else {
		k64 = c.int(1, 0)
	}
	k := c.size("k", k64, 0, int64(x.shape()[axis]))
	perm := append(without(x.rank(), axis), axis)
	back := slices.Insert(without(x.rank(), x.rank()-1), axis, x.rank()-1)
	a := array.Transpose(c.array(x), perm...)
	shape := append(a.Shape[:len(perm)-1].Clone(), k)
	c.hold(shape...)
	index := array.New(pb.Int64, shape...)
	for r, order := range array.Rank(a, largest) {
		for i, at := range order[:k] {
			array.Of[int64](index)[r*k+i] = int64(at)
		}
	}
	places := known(array.Transpose(index, back...))
	return []operand{c.gather(c.reshape(x, x.shape().Size()), c.elements(x.shape(), places, axis)), places}
}

// scan is CumSum or CumProd.
func (c *call) scan(o binary, start int64) operand {
	x := c.in[0]
	exclusive, reverse := c.flag("exclusive", false), c.flag("reverse", false)
	axis := c.axis(c.int(1, 0), x.rank())
	if c.onHost(x) || start != 0 || x.shape().Size() == 0 || !kept(x.typ) && !counted(x.typ) {
		return known(array.Scan(o.host, c.array(x), axis, start, exclusive, reverse))
	}
	n := x.shape()[axis]
	c.hold(n, n)
	triangle := tensor.New(tensor.Shape{n, n}, nil) // [from, to]
	for i := range n {
		for j := range n {
			if i == j && !exclusive || i < j && !reverse || i > j && reverse {
				triangle.F[i*n+j] = 1
			}
		}
	}
	t := operand{typ: x.typ, node: c.graph.Const(triangle)}
	rows := c.swap(x, axis, x.rank()-1)
	s := rows.shape()
	product := func(rows operand) operand {
		y := graph.MatMul(graph.Reshape(rows.as(nil), s.Size()/max(1, n), n), t.node)
		return operand{typ: x.typ, node: graph.Reshape(y, s...)}
	}
	y := product(rows)
	if !kept(x.typ) { // exact if the sums of the sizes are
		sizes := product(operand{typ: x.typ, node: graph.Abs(rows.as(nil))})
		y.node = graph.Where(graph.Less(sizes.node, c.graph.Scalar(1<<24)), y.node, c.graph.Scalar(math.NaN()))
	}
	return c.swap(y, x.rank()-1, axis)
}

// buildUnique lists the different elements, or slices of an axis, in their order or in
// that of their first occurrence; the places of these; for each element its place in the
// list; and how often each occurs.
func buildUnique(c *call) []operand {
	a := c.value(0)
	sorted := c.flag("sorted", true)
	rows, axis := a.Reshape(a.Len(), 1), -1
	if c.attrs.Has("axis") {
		axis = c.axis(c.attrs.Int("axis", 0), len(a.Shape))
		perm := append([]int{axis}, without(len(a.Shape), axis)...)
		t := array.Transpose(a, perm...)
		rows = t.Reshape(a.Shape[axis], t.Shape[1:].Size())
	}
	n, width := rows.Shape[0], rows.Shape[1]
	compare := func(i, j int) int {
		for k := range width {
			if order := rows.Compare(i*width+k, j*width+k); order != 0 {
				return order
			}
		}
		return 0
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, compare)
	var first, counts []int64
	group := make([]int, n) // place among the sorted
	for i, row := range order {
		if i == 0 || compare(order[i-1], row) != 0 {
			first, counts = append(first, int64(row)), append(counts, 0)
		}
		group[row] = len(first) - 1
		counts[len(counts)-1]++
	}
	rank := make([]int, len(first)) // place among the sorted → in the result
	for i := range rank {
		rank[i] = i
	}
	if !sorted {
		slices.SortFunc(rank, func(i, j int) int { return int(first[i] - first[j]) })
	}
	out := [3]*array.Array{array.New(pb.Int64, len(first)), array.New(pb.Int64, n), array.New(pb.Int64, len(first))}
	place := make([]int, len(first))
	for at, g := range rank {
		place[g] = at
		array.Of[int64](out[0])[at] = first[g]
		array.Of[int64](out[2])[at] = counts[g]
	}
	for i, g := range group {
		array.Of[int64](out[1])[i] = int64(place[g])
	}
	x := known(a)
	if axis < 0 {
		x, axis = known(a.Reshape(a.Len())), 0
	}
	y := c.swap(c.gather(c.swap(x, axis, 0), known(out[0])), 0, axis)
	return []operand{y, known(out[0]), known(out[1]), known(out[2])}
}
