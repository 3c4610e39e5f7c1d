package exchange

import (
	"slices"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// What only moves elements, of any type.

// reshape gives the operand another shape of as many elements.
func (c *call) reshape(x operand, shape ...int) operand {
	to := tensor.Shape(shape)
	c.room(to...)
	if to.Size() != x.shape().Size() {
		c.fail("shape %v to %v", x.shape(), to)
	}
	if x.known != nil {
		return known(x.known.Reshape(shape...))
	}
	return operand{typ: x.typ, node: graph.Reshape(x.as(nil), shape...)}
}

// transpose computes nothing of a node, which is only seen with other axes: axis i of the
// result is axis perm[i].
func (c *call) transpose(x operand, perm ...int) operand {
	if x.known != nil {
		return known(array.Transpose(x.known, perm...))
	}
	l, have := make(layout, len(perm)), x.layout.of(len(perm))
	for i, p := range perm {
		l[i] = have[p]
	}
	return operand{typ: x.typ, node: x.node, layout: l.plain()}
}

// slice takes n elements of an axis, from start on by steps.
func (c *call) slice(x operand, axis, start, n, step int) operand {
	switch {
	case n == x.shape()[axis] && start == 0 && step == 1:
		return x
	case x.known != nil:
		return known(array.Slice(x.known, axis, start, n, step))
	case n == 0:
		start, step = 0, 1
	}
	stop := start + n*step
	if step > 0 {
		stop = min(stop, x.shape()[axis])
	} else {
		stop = max(stop, -1)
	}
	return operand{typ: x.typ, node: graph.Slice(x.node, x.layout.of(x.rank())[axis], start, stop, step), layout: x.layout}
}

// part takes element i of an axis, and drops it.
func (c *call) part(x operand, axis, i int) operand {
	s := x.shape()
	return c.reshape(c.slice(x, axis, i, 1, 1), slices.Delete(s.Clone(), axis, axis+1)...)
}

// concat joins operands of one type.
func (c *call) concat(axis int, xs ...operand) operand {
	t := c.alike(xs...)
	all, shape := true, xs[0].shape().Clone()
	var parts []operand // those that are not empty
	for _, x := range xs {
		s := x.shape().Clone()
		if len(s) == len(shape) && s[axis] > 0 {
			parts = append(parts, x)
		}
		if len(s) == len(shape) {
			s[axis] = shape[axis]
		}
		if !s.Equal(shape) {
			c.fail("shapes %v and %v along axis %d", shape, x.shape(), axis)
		}
		all = all && x.known != nil
	}
	switch len(parts) {
	case 0:
		return xs[0]
	case 1:
		return parts[0]
	}
	xs = parts
	if all || t == pb.String || c.run != nil && array.IsWhole(t) {
		n := 0
		values := make([]*array.Array, len(xs))
		for i, x := range xs {
			values[i] = c.array(x)
			n += values[i].Len()
		}
		c.hold(n)
		return known(array.Concat(axis, values...))
	}
	var l layout
	for i, x := range xs {
		if i == 0 {
			l = x.layout
		} else if !x.layout.equal(l, len(shape)) {
			l = nil
			break
		}
	}
	nodes := make([]*graph.Node, len(xs))
	for i, x := range xs {
		nodes[i] = c.node(x).as(l)
	}
	return operand{typ: t, node: graph.Concat(l.of(len(shape))[axis], nodes...), layout: l}
}

// expand broadcasts to the shape.
func (c *call) expand(x operand, shape tensor.Shape) operand {
	c.room(shape...)
	switch {
	case x.shape().Equal(shape):
		return x
	case x.known != nil:
		c.hold(shape...)
		return known(array.Expand(x.known, shape))
	}
	return operand{typ: x.typ, node: graph.Expand(x.as(nil), shape...)}
}

// take makes a value of the given shape of elements at known places; -1 stands for 0.
func (c *call) take(x operand, shape tensor.Shape, from []int) operand {
	c.room(shape...)
	if x.known != nil {
		c.hold(shape...)
		return known(array.Take(x.known, shape, from))
	}
	if slices.Contains(from, -1) {
		x = c.concat(0, c.reshape(x, x.shape().Size()), c.reshape(num(x, 0), 1))
	}
	n := x.shape().Size()
	c.indices(n)
	at := tensor.New(shape, nil)
	for i, k := range from {
		if k < 0 {
			k = n - 1
		}
		at.F[i] = float32(k)
	}
	rows := graph.Reshape(x.as(nil), n)
	return operand{typ: x.typ, node: graph.Gather(rows, c.graph.Const(at))}
}

// indices refuses places that float32 does not count to.
func (c *call) indices(n int) {
	if n > 1<<24 {
		c.fail("an index into %d elements is beyond what float32 counts", n)
	}
}

// gather takes slices of axis 0 by index: [index..., the other axes].
func (c *call) gather(x, index operand) operand {
	s := x.shape()
	if !array.IsWhole(index.typ) || len(s) == 0 {
		c.fail("indices of type %v into shape %v", index.typ, s)
	}
	n, rest := s[0], s[1:]
	shape := append(index.shape().Clone(), rest...)
	c.room(shape...)
	if index.known == nil && (x.known == nil || c.run == nil && x.typ != pb.String) {
		c.indices(n)
		i := index.as(nil)
		i = graph.Where(graph.Less(i, c.graph.Scalar(0)), graph.Shift(i, float64(n)), i)
		return operand{typ: x.typ, node: graph.Gather(c.plain(x), i)}
	}
	at := c.places(c.array(index), n)
	switch {
	case x.known != nil:
		c.hold(shape...)
		from := make([]int, 0, shape.Size())
		for _, k := range at {
			for i := range rest.Size() {
				from = append(from, k*rest.Size()+i)
			}
		}
		return known(array.Take(x.known, shape, from))
	case len(at) == 1:
		return c.reshape(c.slice(x, 0, at[0], 1, 1), shape...)
	}
	c.indices(n)
	t := tensor.New(index.shape(), nil)
	for i, k := range at {
		t.F[i] = float32(k)
	}
	return operand{typ: x.typ, node: graph.Gather(x.as(nil), c.graph.Const(t))}
}

// places are indices into an axis of n elements, negative from its end.
func (c *call) places(index *array.Array, n int) []int {
	at := make([]int, index.Len())
	v := array.Of[int64](index)
	if v == nil && index.Type == pb.Uint64 {
		v = array.Of[int64](array.Cast(index, pb.Int64))
	}
	for i, k := range v {
		if k < int64(-n) || k >= int64(n) {
			c.fail("index %d into an axis of %d", k, n)
		}
		if k < 0 {
			k += int64(n)
		}
		at[i] = int(k)
	}
	return at
}

// swap brings axis to the place where: its other axes keep their order.
func (c *call) swap(x operand, axis, where int) operand {
	var perm []int
	for a := range x.rank() {
		if a != axis {
			perm = append(perm, a)
		}
	}
	return c.transpose(x, slices.Insert(perm, where, axis)...)
}

// pad adds elements before and after on every axis, or takes some away where the number
// is negative: those of the given value, or zeros.
func (c *call) pad(x operand, before, after []int, value operand) operand {
	shape := x.shape().Clone()
	for a := range shape {
		lo, hi := max(0, -before[a]), shape[a]-max(0, -after[a])
		if lo > hi {
			c.fail("axis %d of shape %v is padded by %d and %d", a, x.shape(), before[a], after[a])
		}
		x = c.slice(x, a, lo, hi-lo, 1)
		shape[a] = hi - lo + max(0, before[a]) + max(0, after[a])
	}
	c.room(shape...)
	zero := !value.given() || value.known != nil && len(array.NonZero(value.known)) == 0
	for a := range shape {
		lo, hi := max(0, before[a]), max(0, after[a])
		if lo+hi == 0 {
			continue
		}
		if zero && x.node != nil {
			l := x.layout.of(len(shape))
			x = operand{typ: x.typ, node: graph.Pad(x.node, l[a], lo, hi), layout: x.layout}
			continue
		}
		if zero {
			value = known(array.New(x.typ))
		}
		side := func(n int) operand {
			s := x.shape().Clone()
			s[a] = n
			return c.expand(c.reshape(value, make([]int, 0)...), s)
		}
		var parts []operand
		if lo > 0 {
			parts = append(parts, side(lo))
		}
		parts = append(parts, x)
		if hi > 0 {
			parts = append(parts, side(hi))
		}
		x = c.concat(a, parts...)
	}
	return x
}
