package exchange

import (
	"math"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators that pick elements by index.

func init() {
	register("Gather", rule{since: versions(1, 11, 13), least: 2, most: 2, build: one(func(c *call) operand {
		x, index := c.in[0], c.in[1]
		axis := c.axis(c.attrs.Int("axis", 0), x.rank())
		if index.known != nil && index.rank() == 0 && array.IsWhole(index.typ) {
			return c.part(x, axis, c.places(index.known, x.shape()[axis])[0])
		}
		y := c.gather(c.swap(x, axis, 0), index) // [index...,before...,after...]
		k := index.rank()
		var perm []int
		for a := range axis {
			perm = append(perm, k+a)
		}
		for a := range k {
			perm = append(perm, a)
		}
		for a := k + axis; a < y.rank(); a++ {
			perm = append(perm, a)
		}
		return c.transpose(y, perm...)
	})})
	register("GatherElements", rule{since: versions(11, 13), least: 2, most: 2, build: one(func(c *call) operand {
		x, index := c.in[0], c.in[1]
		axis := c.axis(c.attrs.Int("axis", 0), x.rank())
		single := x.shape().Clone()
		single[axis] = 1
		if x.node != nil && kept(x.typ) && array.IsWhole(index.typ) && index.shape().Equal(single) {
			return c.pick(x, index, axis)
		}
		return c.gather(c.reshape(x, x.shape().Size()), c.elements(x.shape(), index, axis))
	})})
	register("GatherND", rule{since: versions(11, 12, 13), least: 2, most: 2, build: one(func(c *call) operand {
		x, index := c.in[0], c.in[1]
		batch := 0
		if c.since >= 12 {
			batch = c.size("batch_dims", c.attrs.Int("batch_dims", 0), 0, int64(min(x.rank(), index.rank())-1))
		}
		flat, rest := c.tuples(x.shape(), index, batch)
		rows := x.shape().Size() / max(1, rest.Size())
		if rest.Size() == 0 {
			return known(array.New(x.typ, append(flat.shape().Clone(), rest...)...))
		}
		return c.gather(c.reshape(x, append(tensor.Shape{rows}, rest...)...), flat)
	})})
	register("Compress", rule{since: versions(9, 11, 28), least: 2, most: 2, build: one(func(c *call) operand {
		x := c.in[0]
		axis := 0
		if c.attrs.Has("axis") {
			axis = c.axis(c.attrs.Int("axis", 0), x.rank())
		} else {
			x = c.reshape(x, x.shape().Size())
		}
		cond := c.value(1)
		if cond.Type != pb.Bool || len(cond.Shape) != 1 {
			c.fail("a condition that is %v", known(cond))
		}
		at := array.NonZero(cond)
		index := make([]int64, len(at))
		for i, k := range at {
			index[i] = int64(k)
		}
		return c.swap(c.gather(c.swap(x, axis, 0), known(array.Ints(index...))), 0, axis)
	})})
	register("NonZero", rule{since: versions(9, 13), least: 1, most: 1, host: true, build: one(func(c *call) operand {
		a := c.value(0)
		at, rank := array.NonZero(a), len(a.Shape)
		out := array.New(pb.Int64, rank, len(at))
		for k, strides := 0, a.Shape.Strides(); k < rank; k++ {
			for i, p := range at {
				array.Of[int64](out)[k*len(at)+i] = int64(p / strides[k] % a.Shape[k])
			}
		}
		return known(out)
	})})
	register("OneHot", rule{since: versions(9, 11, 28), least: 3, most: 3, build: one(buildOneHot)})
	register("ReverseSequence", rule{since: versions(10, 28), least: 2, most: 2, build: one(buildReverseSequence)})
}

// pick takes one element of each row along an axis: the sum of what is not masked, for any
// number of elements. An index that is none is an error or, where it is not known, NaN.
func (c *call) pick(x, index operand, axis int) operand {
	n := x.shape()[axis]
	if index.known != nil {
		c.places(index.known, n)
	}
	index = c.cast(index, pb.Int64)
	index = c.where(c.compare(array.Less, index, num(index, 0)), c.add(index, num(index, float64(n))), index)
	over := make([]bool, x.rank())
	over[axis] = true
	y := c.reduce(array.ReduceSum, c.where(c.compare(array.Equal, index, c.count(n, x.rank()-axis)), x, num(x, 0)), over)
	if index.known != nil {
		return y
	}
	valid := c.combine(and, c.compare(array.LessEqual, num(index, 0), index), c.compare(array.Less, index, num(index, float64(n))))
	return c.where(valid, y, num(y, math.NaN()))
}

// count is 0, 1, … n-1, int64, along the first of so many axes.
func (c *call) count(n, axes int) operand {
	v := make([]int64, n)
	for i := range v {
		v[i] = int64(i)
	}
	shape := make([]int, axes)
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = n
	return known(array.Ints(v...).Reshape(shape...))
}

// elements are the places in a shape, seen as flat, that indices along an axis mean.
func (c *call) elements(s tensor.Shape, index operand, axis int) operand {
	in := index.shape()
	if len(in) != len(s) {
		c.fail("indices of shape %v into shape %v", in, s)
	}
	for a, d := range in {
		if a != axis && d > s[a] {
			c.fail("indices of shape %v into shape %v", in, s)
		}
	}
	strides := s.Strides()
	step := strides[axis]
	strides[axis] = 0
	c.hold(in...)
	base := array.New(pb.Int64, in...)
	next := array.Walk(in, strides, 0)
	for i := range array.Of[int64](base) {
		array.Of[int64](base)[i] = int64(next())
	}
	return c.flat(known(base), index, s[axis], step, s.Size())
}

// tuples are the places in a shape, seen as flat, that tuples of indices mean (the last
// axis of index), one for every slice of the axes that they leave, which are returned too.
// The first batch axes are those of both.
func (c *call) tuples(s tensor.Shape, index operand, batch int) (flat operand, rest tensor.Shape) {
	in := index.shape()
	if len(in) == 0 || len(s) == 0 || !in[:batch].Equal(s[:batch]) || batch+in[len(in)-1] > len(s) {
		c.fail("indices of shape %v into shape %v", in, s)
	}
	k := in[len(in)-1]
	rest = s[batch+k:]
	outer := in[:len(in)-1]
	rows := s[:batch+k]
	strides := make([]int, len(outer))
	copy(strides, rows.Strides()[:batch])
	c.hold(outer...)
	base := array.New(pb.Int64, outer...)
	next := array.Walk(outer, strides, 0)
	for i := range array.Of[int64](base) {
		array.Of[int64](base)[i] = int64(next())
	}
	flat = known(base)
	for i := range k {
		flat = c.flat(flat, c.part(index, len(in)-1, i), rows[batch+i], rows.Strides()[batch+i], rows.Size())
	}
	return flat, rest
}

// flat adds index times step to places; an index that is none of n gives the place after
// all, which a graph reads as NaN.
func (c *call) flat(places, index operand, n, step, all int) operand {
	index = c.cast(index, pb.Int64)
	whole := func(v int) operand { return known(array.Int(pb.Int64, int64(v))) }
	if index.known != nil {
		c.places(index.known, n)
	}
	negative := c.compare(array.Less, index, whole(0))
	index = c.where(negative, c.add(index, whole(n)), index)
	sum := c.add(places, c.mul(index, whole(step)))
	if index.known == nil {
		c.indices(all)
		valid := c.combine(and, c.compare(array.LessEqual, whole(0), index), c.compare(array.Less, index, whole(n)))
		sum = c.where(valid, sum, whole(all))
	}
	return sum
}

// buildOneHot has one value at an index and another elsewhere, along a new axis.
func buildOneHot(c *call) operand {
	index, values := c.in[0], c.in[2]
	if values.rank() != 1 || values.shape()[0] != 2 {
		c.fail("values of shape %v, not (2)", values.shape())
	}
	d := c.array(c.in[1])
	if d.Len() != 1 {
		c.fail("a depth that is %v", known(d))
	}
	depth := c.size("depth", array.Of[int64](array.Cast(d, pb.Int64))[0], 0, maxSize)
	axis := c.axis(c.attrs.Int("axis", -1), index.rank()+1)
	index = c.cast(index, pb.Int64)
	index = c.where(c.compare(array.Less, index, num(index, 0)), c.add(index, num(index, float64(depth))), index)
	shape := append(index.shape().Clone(), 0)
	copy(shape[axis+1:], shape[axis:])
	shape[axis] = 1
	wide := shape.Clone()
	wide[axis] = depth
	c.room(wide...)
	c.hold(depth)
	here := c.compare(array.Equal, c.reshape(index, shape...), c.count(depth, len(shape)-axis))
	return c.where(here, c.part(values, 0, 1), c.part(values, 0, 0))
}

func buildReverseSequence(c *call) operand {
	x := c.in[0]
	s := x.shape()
	if len(s) < 2 {
		c.fail("shape %v has no batch and time", s)
	}
	batch, time := c.size("batch_axis", c.attrs.Int("batch_axis", 1), 0, 1), c.size("time_axis", c.attrs.Int("time_axis", 0), 0, 1)
	lengths := c.list(1)
	if batch == time || len(lengths) != s[batch] {
		c.fail("%d lengths for axis %d of shape %v, time being axis %d", len(lengths), batch, s, time)
	}
	from := make([]int, s.Size())
	strides := s.Strides()
	for i := range from {
		b, t := i/strides[batch]%s[batch], i/strides[time]%s[time]
		n := c.size("a length", lengths[b], 0, int64(s[time]))
		if from[i] = i; t < n {
			from[i] = i + (n-1-2*t)*strides[time]
		}
	}
	return c.take(x, s, from)
}
