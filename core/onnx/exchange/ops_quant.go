package exchange

import (
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
)

// Quantisation: whole numbers of few bits, or small floats, that stand for y scale + zero.

func init() {
	register("QuantizeLinear",
		rule{since: versions(10, 13, 19), least: 2, most: 3, build: one(buildQuantize)},
		rule{since: versions(21, 23, 24, 25, 28), least: 2, most: 3, build: one(buildQuantize)})
	register("DequantizeLinear",
		rule{since: versions(10, 13, 19), least: 2, most: 3, build: one(buildDequantize)},
		rule{since: versions(21, 23, 24, 25, 28), least: 2, most: 3, build: one(buildDequantize)})
	register("DynamicQuantizeLinear", rule{since: versions(11), least: 1, most: 1, build: func(c *call) []operand {
		x := c.in[0]
		c.floats(x)
		all, zero := every(x.rank()), num(x, 0)
		bound := func(r array.Reduction, o binary) operand {
			return c.combine(o, c.squeezed(c.reduce(r, x, all), all), zero)
		}
		hi, lo := bound(array.ReduceMax, greatest), bound(array.ReduceMin, least)
		scale := c.div(c.sub(hi, lo), num(x, 255))
		point := c.round(c.sub(zero, c.div(lo, scale)), pb.Uint8)
		return []operand{c.quantize(x, scale, point, pb.Uint8, true), scale, point}
	}})
	register("QLinearMatMul", rule{since: versions(10, 21), least: 8, most: 8, build: one(func(c *call) operand {
		row := func(v operand) operand { // of the rows of a
			if v.rank() == 1 && v.shape()[0] > 1 {
				return c.reshape(v, v.shape()[0], 1)
			}
			return v
		}
		a := c.sub(c.cast(c.in[0], pb.Int32), row(c.cast(c.in[2], pb.Int32)))
		b := c.sub(c.cast(c.in[3], pb.Int32), c.cast(c.in[5], pb.Int32))
		sum := c.matmul(a, b)
		scale := c.mul(row(c.in[1]), c.in[4])
		return c.requantize(sum, scale, c.in[6], c.in[7])
	})})
	register("QLinearConv", rule{since: versions(10), least: 8, most: 9, build: one(func(c *call) operand {
		x := c.sub(c.cast(c.in[0], pb.Int32), c.reshape(c.cast(c.in[2], pb.Int32)))
		w := c.cast(c.in[3], pb.Int32)
		w = c.sub(w, c.perOutput(c.cast(c.in[5], pb.Int32), w))
		var bias operand
		if c.has(8) {
			bias = c.in[8]
		}
		sum := c.conv(x, w, bias)
		scale := c.in[4]
		if scale.shape().Size() > 1 {
			scale = c.perChannel(scale, sum.rank())
		} else {
			scale = c.reshape(scale)
		}
		return c.requantize(sum, c.mul(c.reshape(c.in[1]), scale), c.in[6], c.in[7])
	})})
}

// requantize scales sums of products of quantised numbers to a type of their own.
func (c *call) requantize(sum, scale, to, zero operand) operand {
	y := c.mul(c.cast(sum, pb.Float), c.div(c.cast(scale, pb.Float), c.cast(to, pb.Float)))
	return c.shifted(y, zero, zero.typ)
}

// granular lays out numbers beside x: one for all, one for each place of an axis, or one
// for each block along it.
func (c *call) granular(v, x operand, axis, block int64) operand {
	s, g := x.shape(), v.shape()
	switch {
	case g.Size() == 1 && len(g) <= 1:
		return c.reshape(v)
	case len(g) == 1:
		a := c.axis(axis, len(s))
		if g[0] != s[a] {
			c.fail("%d scales for axis %d of shape %v", g[0], a, s)
		}
		shape := make([]int, len(s)-a)
		for i := range shape {
			shape[i] = 1
		}
		shape[0] = g[0]
		return c.reshape(v, shape...)
	}
	a := c.axis(axis, len(s))
	want := s.Clone()
	if len(g) == len(s) {
		want[a] = g[a]
	}
	n := c.size("block_size", block, 1, maxSize)
	if !g.Equal(want) || (s[a]+n-1)/n != g[a] {
		c.fail("scales of shape %v for shape %v in blocks of %d along axis %d", g, s, n, a)
	}
	places := make([]int64, s[a])
	for i := range places {
		places[i] = int64(i / n)
	}
	return c.swap(c.gather(c.swap(v, a, 0), known(array.Ints(places...))), 0, a)
}

func buildQuantize(c *call) operand {
	x, scale := c.in[0], c.in[1]
	axis, block := int64(1), int64(0)
	to := pb.Uint8
	saturate := true
	precision := scale.typ
	if c.since >= 13 {
		axis = c.attrs.Int("axis", 1)
	}
	if c.since >= 19 {
		saturate = c.flag("saturate", true)
	}
	if c.since >= 21 {
		block = c.attrs.Int("block_size", 0)
		to = c.typeOr("output_dtype", pb.Undefined)
	}
	if c.since >= 23 {
		if p := c.typeOr("precision", pb.Undefined); p != pb.Undefined {
			precision = p
		}
	}
	var zero operand
	if c.has(2) {
		zero = c.in[2]
		if to != pb.Undefined && c.since >= 21 && to != zero.typ {
			c.fail("output_dtype=%v and a zero point of type %v", to, zero.typ)
		}
		to = zero.typ
		zero = c.granular(zero, x, axis, block)
	} else {
		if to == pb.Undefined {
			to = pb.Uint8
		}
		zero = known(array.Int(to, 0))
	}
	if !kept(precision) {
		precision = pb.Float
	}
	scale = c.granular(c.cast(scale, precision), x, axis, block)
	return c.quantize(c.cast(x, precision), scale, zero, to, saturate)
}

// quantize is x/scale + zero in the type.
func (c *call) quantize(x, scale, zero operand, to pb.DataType, saturate bool) operand {
	y := c.div(x, scale)
	if array.IsFloat(to) {
		return c.castAs(c.add(y, c.cast(zero, y.typ)), to, saturate, "up")
	}
	return c.shifted(y, zero, to)
}

// shifted is the nearest whole number plus zero, within the type.
func (c *call) shifted(y, zero operand, to pb.DataType) operand {
	return c.round(c.add(c.apply(functions["Round"], y), c.cast(zero, y.typ)), to)
}

// round is the nearest whole number of the type, of two equally near ones the even one.
func (c *call) round(y operand, to pb.DataType) operand {
	if !array.IsWhole(to) || array.Bits(to) > 16 {
		c.fail("quantisation to %v", to)
	}
	lo, hi := array.Range(to)
	y = c.apply(functions["Round"], y)
	y = c.min(c.max(y, num(y, float64(lo))), num(y, float64(hi)))
	if y.known != nil {
		return c.cast(y, to)
	}
	return operand{typ: to, node: y.node, layout: y.layout}
}

func buildDequantize(c *call) operand {
	x, scale := c.in[0], c.in[1]
	axis, block := int64(1), int64(0)
	out := scale.typ
	if c.since >= 13 {
		axis = c.attrs.Int("axis", 1)
	}
	if c.since >= 21 {
		block = c.attrs.Int("block_size", 0)
	}
	if c.since >= 23 {
		if t := c.typeOr("output_dtype", pb.Undefined); t != pb.Undefined {
			out = t
		}
	}
	if !kept(out) {
		out = pb.Float
	}
	q := x
	if c.has(2) {
		if c.alike(x, c.in[2]); array.IsWhole(x.typ) && x.known != nil && c.in[2].known != nil {
			// exactly, before it is a float
			q = c.sub(c.cast(x, pb.Int64), c.cast(c.granular(c.in[2], x, axis, block), pb.Int64))
		} else {
			q = c.sub(c.cast(x, pb.Float), c.cast(c.granular(c.in[2], x, axis, block), pb.Float))
		}
	}
	wide := pb.Float
	if out == pb.Double {
		wide = pb.Double
	}
	y := c.mul(c.cast(q, wide), c.granular(c.cast(scale, wide), x, axis, block))
	return c.cast(y, out)
}
