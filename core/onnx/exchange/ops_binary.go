package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
)

// Operators on elements of two inputs or more.

var (
	and = binary{host: array.And, graph: graph.Mul, exact: true}
	or  = binary{host: array.Or, graph: graph.Max, exact: true}
	xor = binary{host: array.Xor, exact: true, graph: func(a, b *graph.Node) *graph.Node {
		return graph.Equal(graph.Equal(a, b), a.Graph().Scalar(0))
	}}
)

func init() {
	// arithmetic registers an operator that version 7 gave NumPy's broadcasting.
	arithmetic := func(name string, o binary, before, v []int64, types func(pb.DataType) bool) {
		build := one(func(c *call) operand {
			if c.since < 7 {
				c.olderBroadcast()
			}
			if t := c.alike(c.in...); !types(t) {
				c.fail("inputs of type %v", t)
			}
			return c.combine(o, c.in[0], c.in[1])
		})
		register(name, rule{since: append(before, v...), least: 2, most: 2, host: o.graph == nil, build: build})
	}
	numbers := func(t pb.DataType) bool { return array.IsFloat(t) || array.IsWhole(t) }
	truths := func(t pb.DataType) bool { return t == pb.Bool }
	for name, o := range map[string]binary{"Add": adding, "Sub": subtracting, "Mul": multiplying, "Div": dividing} {
		arithmetic(name, o, versions(1, 6), versions(7, 13, 14), numbers)
	}
	arithmetic("And", and, versions(1), versions(7), truths)
	arithmetic("Or", or, versions(1), versions(7), truths)
	arithmetic("Xor", xor, versions(1), versions(7), truths)
	for name, o := range map[string]array.Operator{"BitwiseAnd": array.And, "BitwiseOr": array.Or, "BitwiseXor": array.Xor} {
		arithmetic(name, binary{host: o}, nil, versions(18), array.IsWhole)
	}
	register("BitShift", rule{since: versions(11, 28), least: 2, most: 2, host: true, build: one(func(c *call) operand {
		left := c.choice("direction", "", "LEFT", "RIGHT")
		if left == "" {
			c.fail("it has no direction")
		}
		if !array.IsWhole(c.alike(c.in...)) {
			c.fail("inputs of type %v", c.in[0].typ)
		}
		c.hold(array.Broadcast(c.in[0].shape(), c.in[1].shape())...)
		return known(array.Shift(c.value(0), c.value(1), left == "LEFT"))
	})})
	register("Mod", rule{since: versions(10, 13, 28), least: 2, most: 2, host: true, build: one(func(c *call) operand {
		o := array.Mod
		if c.flag("fmod", false) {
			o = array.Rem
		} else if t := c.in[0].typ; c.since < 28 && array.IsFloat(t) {
			c.fail("fmod=0 of %v", t)
		}
		return c.combine(binary{host: o}, c.in[0], c.in[1])
	})})
	register("Pow", rule{since: versions(1, 7, 12, 13, 15), least: 2, most: 2, build: one(buildPow)})

	comparison := func(name string, before, v []int64, how array.Comparison, swap, equal bool) {
		build := one(func(c *call) operand {
			if c.since < 7 {
				c.olderBroadcast()
			}
			if t := c.alike(c.in...); !numbers(t) && !equal {
				c.fail("inputs of type %v", t)
			}
			if swap {
				c.in[0], c.in[1] = c.in[1], c.in[0]
			}
			return c.compare(how, c.in[0], c.in[1])
		})
		register(name, rule{since: append(before, v...), least: 2, most: 2, build: build})
	}
	comparison("Equal", versions(1), versions(7, 11, 13, 19), array.Equal, false, true)
	comparison("Less", versions(1), versions(7, 9, 13), array.Less, false, false)
	comparison("Greater", versions(1), versions(7, 9, 13), array.Less, true, false)
	comparison("LessOrEqual", nil, versions(12, 16), array.LessEqual, false, false)
	comparison("GreaterOrEqual", nil, versions(12, 16), array.LessEqual, true, false)

	// fold registers an operator on any number of inputs.
	fold := func(name string, o binary, v ...int64) {
		register(name, rule{since: v, least: 1, most: many, build: one(func(c *call) operand {
			c.attrs.Ignore("consumed_inputs")
			x := c.in[0]
			if t := c.alike(c.in...); !numbers(t) {
				c.fail("inputs of type %v", t)
			}
			for _, y := range c.in[1:] {
				x = c.combine(o, x, y)
			}
			if name == "Mean" {
				c.floats(x)
				x = c.div(x, num(x, float64(len(c.in))))
			}
			return x
		})})
	}
	fold("Max", greatest, 1, 6, 8, 12, 13)
	fold("Min", least, 1, 6, 8, 12, 13)
	fold("Sum", adding, 1, 6, 8, 13)
	fold("Mean", adding, 1, 6, 8, 13)

	register("Where", rule{since: versions(9, 16), least: 3, most: 3, build: one(func(c *call) operand { return c.where(c.in[0], c.in[1], c.in[2]) })})
	register("PRelu", rule{since: versions(1, 6, 7, 9, 16), least: 2, most: 2, build: one(func(c *call) operand {
		c.attrs.Ignore("consumed_inputs")
		x, slope := c.in[0], c.in[1]
		if r := slope.rank(); c.since < 7 && r == 1 && slope.shape()[0] > 1 && x.rank() > 2 { // of the channels
			shape := make([]int, x.rank()-1)
			for i := range shape {
				shape[i] = 1
			}
			shape[0] = slope.shape()[0]
			slope = c.reshape(slope, shape...)
		}
		if !array.Broadcast(x.shape(), slope.shape()).Equal(x.shape()) {
			c.fail("a slope of shape %v for shape %v", slope.shape(), x.shape())
		}
		return c.where(c.compare(array.Less, x, num(x, 0)), c.mul(slope, x), x)
	})})
	register("Clip",
		rule{since: versions(1, 6), least: 1, most: 1, build: one(func(c *call) operand {
			c.attrs.Ignore("consumed_inputs")
			c.floats(c.in[0])
			lo, hi := c.attrs.Float("min", -math.MaxFloat32), c.attrs.Float("max", math.MaxFloat32)
			return c.clip(c.in[0], num(c.in[0], float64(lo)), num(c.in[0], float64(hi)))
		})},
		rule{since: versions(11, 12, 13), least: 1, most: 3, build: one(func(c *call) operand {
			var bounds [2]operand
			for i := range bounds {
				if c.has(i + 1) {
					if bounds[i] = c.in[i+1]; bounds[i].shape().Size() != 1 {
						c.fail("bound %d has shape %v", i, bounds[i].shape())
					}
				}
			}
			return c.clip(c.in[0], bounds[0], bounds[1])
		})})
}

// clip is min(hi, max(x, lo)), of bounds that may be left out. A bound is never trained:
// the exporters of PyTorch keep it among the weights.
func (c *call) clip(x, lo, hi operand) operand {
	for i, bound := range []operand{lo, hi} {
		if !bound.given() {
			continue
		}
		if bound = c.reshape(bound); bound.node != nil && c.constant(bound.node) {
			bound.node = graph.StopGradient(bound.node)
		}
		if i == 0 {
			x = c.max(x, bound)
		} else {
			x = c.min(x, bound)
		}
	}
	return x
}

// olderBroadcast brings the second input to the first's axes as before version 7: from
// the given one on, by default to the last ones; only if asked for.
func (c *call) olderBroadcast() {
	c.attrs.Ignore("consumed_inputs")
	a, b := c.in[0].shape(), c.in[1].shape()
	broadcast, axis := c.flag("broadcast", false), c.attrs.Int("axis", int64(len(a)-len(b)))
	if !broadcast {
		if !a.Equal(b) {
			c.fail("shapes %v and %v without broadcast", a, b)
		}
		return
	}
	if axis < 0 {
		axis += int64(len(a))
	}
	if axis < 0 || int(axis)+len(b) > len(a) {
		c.fail("shape %v at axis %d of shape %v", b, axis, a)
	}
	to := b.Clone()
	for range len(a) - len(b) - int(axis) {
		to = append(to, 1)
	}
	c.in[1] = c.reshape(c.in[1], to...)
}

// buildPow has the base's type, whatever the exponent's.
func buildPow(c *call) operand {
	if c.since < 7 {
		c.olderBroadcast()
	}
	x, y := c.in[0], c.in[1]
	if x.typ == y.typ {
		return c.combine(raising, x, y)
	}
	if c.since < 12 {
		c.alike(x, y)
	}
	if array.IsFloat(x.typ) {
		return c.combine(raising, x, c.cast(y, x.typ))
	}
	if array.IsWhole(y.typ) { // both are whole numbers
		return c.cast(c.combine(raising, c.cast(x, pb.Int64), c.cast(y, pb.Int64)), x.typ)
	}
	return c.cast(c.combine(raising, c.cast(x, pb.Double), c.cast(y, pb.Double)), x.typ)
}
