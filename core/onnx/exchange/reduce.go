package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// reduce reduces over the marked axes, which keep size 1.
func (c *call) reduce(r array.Reduction, x operand, over []bool) operand {
	t := x.typ
	if c.onHost(x) || !kept(t) && !counted(t) {
		return known(array.Reduce(r, c.array(x), over))
	}
	s := x.shape().Clone()
	var axes []int
	for i, m := range over {
		if m {
			axes = append(axes, x.layout.of(len(over))[i])
			s[i] = 1
		}
	}
	switch c.room(s...); {
	case x.shape().Size() == 0: // what comes of nothing does not depend on it
		c.hold(s...)
		return known(array.Reduce(r, array.New(t, x.shape()...), over))
	case axes == nil:
		one := append(x.shape().Clone(), 1)
		return c.reshape(c.reduce(r, c.reshape(x, one...), last(len(one))), s...)
	}
	n := x.node
	sum := func(n *graph.Node) *graph.Node { return graph.SumKeep(n, axes...) }
	if !kept(t) {
		switch r {
		case array.ReduceMax:
			n = graph.AmaxKeep(n, axes...)
		case array.ReduceMin:
			n = graph.Neg(graph.AmaxKeep(graph.Neg(n), axes...))
		case array.ReduceSum: // exact if the sum of the sizes is
			fits := graph.Less(sum(graph.Abs(n)), c.graph.Scalar(1<<24))
			n = graph.Where(fits, sum(n), c.graph.Scalar(math.NaN()))
		default:
			c.fail("%s of %v within a graph is not supported", r, x)
		}
		return operand{typ: t, node: n, layout: x.layout}
	}
	switch r {
	case array.ReduceSum:
		n = sum(n)
	case array.ReduceMean:
		n = graph.MeanKeep(n, axes...)
	case array.ReduceMax:
		n = graph.AmaxKeep(n, axes...)
	case array.ReduceMin:
		n = graph.Neg(graph.AmaxKeep(graph.Neg(n), axes...))
	case array.ReduceSumSquare:
		n = sum(graph.Square(n))
	case array.ReduceL1:
		n = sum(graph.Abs(n))
	case array.ReduceL2:
		n = graph.Sqrt(sum(graph.Square(n)))
	case array.ReduceLogSum:
		n = graph.Log(sum(n))
	case array.ReduceLogSumExp:
		top := graph.StopGradient(graph.AmaxKeep(n, axes...))
		// where all are -Inf, the difference is NaN and the sum must be 0
		finite := graph.Where(graph.Equal(top, c.graph.Scalar(math.Inf(-1))), c.graph.Scalar(0), top)
		n = graph.Add(graph.Log(sum(graph.Exp(graph.Sub(n, finite)))), finite)
	case array.ReduceProd:
		return c.product(x, over)
	}
	return operand{typ: t, node: n, layout: x.layout}
}

// product multiplies along the axes, halving each again and again.
func (c *call) product(x operand, over []bool) operand {
	for a, m := range over {
		for m && x.shape()[a] > 1 {
			n := x.shape()[a]
			y := c.mul(c.slice(x, a, 0, n/2, 1), c.slice(x, a, n/2, n/2, 1))
			if n%2 == 1 {
				y = c.concat(a, y, c.slice(x, a, n-1, 1, 1))
			}
			x = y
		}
	}
	return x
}

// squeezed drops the marked axes, which have size 1.
func (c *call) squeezed(x operand, over []bool) operand {
	var shape []int
	for i, d := range x.shape() {
		if !over[i] {
			shape = append(shape, d)
		}
	}
	return c.reshape(x, shape...)
}

// last marks the last of rank axes; these are all marked by every.
func last(rank int) []bool {
	m := make([]bool, rank)
	m[rank-1] = true
	return m
}

func every(rank int) []bool {
	m := make([]bool, rank)
	for i := range m {
		m[i] = true
	}
	return m
}

// matmul is the matrix product as NumPy has it: over the last two axes, the others
// broadcast; a vector has a further axis of size 1, which the result loses.
func (c *call) matmul(a, b operand) operand {
	t := c.alike(a, b)
	row, column := a.rank() == 1, b.rank() == 1
	if row {
		a = c.reshape(a, 1, a.shape()[0])
	}
	if column {
		b = c.reshape(b, b.shape()[0], 1)
	}
	if a.rank() < 2 || b.rank() < 2 {
		c.fail("a product of shapes %v and %v", a.shape(), b.shape())
	}
	sa, sb := a.shape(), b.shape()
	ra, rb := len(sa), len(sb)
	if sa[ra-1] != sb[rb-2] {
		c.fail("a product of shapes %v and %v", sa, sb)
	}
	batch := array.Broadcast(sa[:ra-2], sb[:rb-2])
	shape := append(batch.Clone(), sa[ra-2], sb[rb-1])
	c.room(shape...)
	var y operand
	switch {
	case c.onHost(a, b) && (t == pb.Double || half(t) && shape.Size()*sa[ra-1] < 1<<20), !kept(t):
		c.hold(shape...)
		c.room(append(shape.Clone(), max(1, sa[ra-1]/1024))...)
		wide := func(x operand) *array.Array {
			s := x.shape()
			return c.array(c.expand(x, append(batch.Clone(), s[len(s)-2:]...)))
		}
		y = known(array.MatMul(wide(a), wide(b)))
	case shape.Size() == 0 || sa[ra-1] == 0:
		y = c.expand(num(a, 0), shape)
	default:
		y = c.settle(operand{typ: t, node: graph.MatMul(c.plain(a), c.plain(b))})
	}
	if row || column {
		var to tensor.Shape
		to = append(to, batch...)
		if !row {
			to = append(to, sa[ra-2])
		}
		if !column {
			to = append(to, sb[rb-1])
		}
		y = c.reshape(y, to...)
	}
	return y
}

// softmax is over one axis; log gives its logarithm.
func (c *call) softmax(x operand, axis int, log bool) operand {
	rank := x.rank()
	if x.shape().Size() == 0 {
		return x
	}
	if kept(x.typ) && !c.onHost(x) || x.typ == pb.Float {
		n := c.plain(c.swap(x, axis, rank-1))
		f := graph.Softmax
		if log {
			f = graph.LogSoftmax
		}
		return c.swap(operand{typ: x.typ, node: f(n)}, rank-1, axis)
	}
	over := make([]bool, rank)
	over[axis] = true
	d := c.sub(x, c.reduce(array.ReduceMax, x, over))
	e := c.apply(functions["Exp"], d)
	sum := c.reduce(array.ReduceSum, e, over)
	if log {
		return c.sub(d, c.apply(functions["Log"], sum))
	}
	return c.div(e, sum)
}
