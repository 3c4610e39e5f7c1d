package exchange

import (
	"lab/core/graph"
	"lab/core/nn"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Normalisations.

func init() {
	register("BatchNormalization",
		rule{since: versions(1, 6), least: 5, most: 5, build: buildBatchNorm},
		rule{since: versions(7, 9), least: 5, most: 5, build: buildBatchNorm},
		rule{since: versions(14, 15), least: 5, most: 5, build: buildBatchNorm})
	register("InstanceNormalization", rule{since: versions(1, 6, 22), least: 3, most: 3, build: one(func(c *call) operand {
		c.attrs.Ignore("consumed_inputs")
		return c.groupNorm(c.in[0], c.in[1], c.in[2], 0)
	})})
	register("GroupNormalization", rule{since: versions(18, 21), least: 3, most: 3, build: one(func(c *call) operand {
		c.stash()
		groups := c.size("num_groups", c.attrs.Int("num_groups", 0), 1, maxSize)
		x, scale, bias := c.in[0], c.in[1], c.in[2]
		if c.since < 21 { // a number for each group, not for each channel
			if x.rank() < 2 || x.shape()[1]%groups != 0 {
				c.fail("shape %v in %d groups", x.shape(), groups)
			}
			each := x.shape()[1] / groups
			spread := func(w operand) operand {
				if !w.shape().Equal(tensor.Shape{groups}) {
					c.fail("weights of shape %v for %d groups", w.shape(), groups)
				}
				return c.reshape(c.expand(c.reshape(w, groups, 1), tensor.Shape{groups, each}), groups*each)
			}
			scale, bias = spread(scale), spread(bias)
		}
		return c.groupNorm(x, scale, bias, groups)
	})})
	register("LayerNormalization", rule{since: versions(17), least: 2, most: 3, build: buildLayerNorm})
	register("RMSNormalization", rule{since: versions(23), least: 2, most: 2, build: one(buildRMSNorm)})
	register("MeanVarianceNormalization", rule{since: versions(9, 13), least: 1, most: 1, build: one(func(c *call) operand {
		x := c.in[0]
		c.floats(x)
		axes := c.attrs.Ints("axes")
		if axes == nil {
			axes = []int64{0, 2, 3}
		}
		over := c.marked(axes, x.rank())
		mean, variance := c.moments(x, over)
		return c.div(c.sub(x, mean), c.add(c.apply(functions["Sqrt"], variance), num(x, 1e-9)))
	})})
	register("LpNormalization", rule{since: versions(1, 22), least: 1, most: 1, build: one(func(c *call) operand {
		x := c.in[0]
		c.floats(x)
		p, axis := c.attrs.Int("p", 2), c.axis(c.attrs.Int("axis", -1), x.rank())
		over := make([]bool, x.rank())
		over[axis] = true
		r := array.ReduceL2
		if c.size("p", p, 1, 2) == 1 {
			r = array.ReduceL1
		}
		norm := c.reduce(r, x, over)
		none := c.compare(array.Equal, norm, num(x, 0))
		return c.div(x, c.where(none, num(x, 1), norm))
	})})
	register("LRN", rule{since: versions(1, 13), least: 1, most: 1, build: one(func(c *call) operand {
		x := c.in[0]
		c.floats(x)
		alpha, beta, bias := float64(c.attrs.Float("alpha", 1e-4)), float64(c.attrs.Float("beta", 0.75)), float64(c.attrs.Float("bias", 1))
		size := c.size("size", c.attrs.Int("size", 0), 1, 1<<20)
		if x.rank() < 3 {
			c.fail("shape %v has no channels and places", x.shape())
		}
		channels := x.shape()[1]
		square := c.mul(x, x)
		before, after := make([]int, x.rank()), make([]int, x.rank())
		before[1], after[1] = (size-1)/2, size-1-(size-1)/2
		wide := c.pad(square, before, after, operand{})
		sum := c.slice(wide, 1, 0, channels, 1)
		for i := 1; i < size; i++ {
			sum = c.add(sum, c.slice(wide, 1, i, channels, 1))
		}
		scale := c.add(c.mul(sum, num(x, alpha/float64(size))), num(x, bias))
		return c.div(x, c.power(scale, beta))
	})})
}

// stash refuses statistics in anything but float32 (stash_type), which a graph computes
// in, or more.
func (c *call) stash() {
	if c.attrs.Int("stash_type", 1) != 1 {
		c.fail("stash_type=%d is not supported, only float", c.attrs.Int("stash_type", 1))
	}
}

// moments are mean and biased variance over the marked axes.
func (c *call) moments(x operand, over []bool) (mean, variance operand) {
	mean = c.reduce(array.ReduceMean, x, over)
	d := c.sub(x, mean)
	return mean, c.reduce(array.ReduceMean, c.mul(d, d), over)
}

// normed is (x-mean)/sqrt(variance+eps).
func (c *call) normed(x, mean, variance operand, eps float64) operand {
	return c.div(c.sub(x, mean), c.apply(functions["Sqrt"], c.add(variance, num(variance, eps))))
}

// perChannel lays out a number for each channel, the second of rank axes.
func (c *call) perChannel(w operand, rank int) operand {
	shape := make([]int, max(1, rank-1))
	for i := range shape {
		shape[i] = 1
	}
	shape[0] = w.shape().Size()
	return c.reshape(w, shape...)
}

func buildBatchNorm(c *call) []operand {
	eps, momentum := float64(c.attrs.Float("epsilon", 1e-5)), float64(c.attrs.Float("momentum", 0.9))
	training := false
	switch {
	case c.since >= 14:
		training = c.flag("training_mode", false)
	case c.since >= 7: // training is what has more results
		training = c.want(1) || c.want(2) || c.want(3) || c.want(4)
	default:
		c.attrs.Ignore("consumed_inputs")
		training = !c.flag("is_test", false) && (c.want(1) || c.want(2) || c.want(3) || c.want(4))
	}
	if c.since < 9 && !c.flag("spatial", true) {
		c.fail("spatial=0 is not supported")
	}
	x, rank := c.in[0], c.in[0].rank()
	c.floats(x)
	if rank < 2 {
		c.fail("shape %v has no channels", x.shape())
	}
	for i, w := range c.in[1:] {
		if !w.shape().Equal(tensor.Shape{x.shape()[1]}) {
			c.fail("input %d has shape %v for %d channels", i+1, w.shape(), x.shape()[1])
		}
	}
	w := [4]operand{c.in[1], c.in[2], c.in[3], c.in[4]} // scale, bias, mean, variance
	var stats []operand
	if training {
		over := every(rank)
		over[1] = false
		mean, variance := c.moments(x, over)
		mean, variance = c.cast(c.reshape(mean, x.shape()[1]), c.in[3].typ), c.cast(c.reshape(variance, x.shape()[1]), c.in[4].typ)
		running := func(old, batch operand) operand {
			return c.add(c.mul(old, num(old, momentum)), c.mul(batch, num(old, 1-momentum)))
		}
		stats = []operand{running(c.in[3], mean), running(c.in[4], variance)}
		if c.since < 14 {
			stats = append(stats, mean, variance)
		}
		w[2], w[3] = mean, variance
	}
	if c.onHost(append([]operand{x}, w[:]...)...) && x.typ != pb.Float {
		for i := range w {
			w[i] = c.perChannel(c.cast(w[i], x.typ), rank)
		}
		y := c.add(c.mul(c.normed(x, w[2], w[3], eps), w[0]), w[1])
		return append([]operand{y}, stats...)
	}
	l := channelsSecond(rank)
	y := nn.Normalize(c.node(x).as(l), c.plain(w[0]), c.plain(w[1]), c.plain(w[2]), c.plain(w[3]), eps)
	return append([]operand{{typ: x.typ, node: y, layout: l}}, stats...)
}

// groupNorm normalises groups of channels, 0 for a group of each channel.
func (c *call) groupNorm(x, scale, bias operand, groups int) operand {
	eps := float64(c.attrs.Float("epsilon", 1e-5))
	c.floats(x)
	s := x.shape()
	if len(s) < 2 {
		c.fail("shape %v has no channels", s)
	}
	if groups == 0 {
		groups = s[1]
	}
	want := tensor.Shape{s[1]}
	if groups < 1 || s[1]%groups != 0 || !scale.shape().Equal(want) || !bias.shape().Equal(want) {
		c.fail("shape %v in %d groups with weights of shapes %v and %v", s, groups, scale.shape(), bias.shape())
	}
	if c.onHost(x, scale, bias) && x.typ != pb.Float || s.Size() == 0 {
		flat := c.reshape(x, s[0]*groups, s.Size()/max(1, s[0]*groups))
		mean, variance := c.moments(flat, []bool{false, true})
		y := c.reshape(c.normed(flat, mean, variance, eps), s...)
		return c.add(c.mul(y, c.perChannel(scale, len(s))), c.perChannel(bias, len(s)))
	}
	l := channelsSecond(len(s))
	a := graph.GroupNormAttr{Eps: eps, Groups: groups}
	return operand{typ: x.typ, node: nn.NormalizeGroups(c.node(x).as(l), c.plain(scale), c.plain(bias), a), layout: l}
}

// rows is an input as rows of the axes from axis on, and their number of elements.
func (c *call) rows(x operand) (flat operand, outer, inner tensor.Shape) {
	s := x.shape()
	axis := c.axis(c.attrs.Int("axis", -1), len(s))
	return c.reshape(x, s[:axis].Size(), s[axis:].Size()), s[:axis], s[axis:]
}

// buildLayerNorm also gives mean and inverse deviation, if asked for.
func buildLayerNorm(c *call) []operand {
	eps := float64(c.attrs.Float("epsilon", 1e-5))
	c.stash()
	x, scale := c.in[0], c.in[1]
	c.floats(x)
	flat, outer, inner := c.rows(x)
	n := inner.Size()
	s := x.shape()
	weight := func(w operand) operand { return c.reshape(c.expand(w, inner), n) }
	var outs []operand
	var bias operand
	if c.has(2) {
		bias = c.in[2]
	}
	whole := scale.rank() <= len(inner) && (!bias.given() || bias.rank() <= len(inner))
	wide := flat
	if x.typ != pb.Double { // the stage that is in float32 at least
		wide = c.cast(flat, pb.Float)
	}
	stats := func() (mean, inv operand) {
		mean, variance := c.moments(wide, []bool{false, true})
		return mean, c.apply(functions["Reciprocal"], c.apply(functions["Sqrt"], c.add(variance, num(variance, eps))))
	}
	if !whole || c.onHost(x, scale) && x.typ != pb.Float || s.Size() == 0 {
		mean, inv := stats()
		y := c.cast(c.mul(c.sub(wide, mean), inv), x.typ)
		y = c.mul(c.reshape(y, s...), scale)
		if bias.given() {
			y = c.add(y, bias)
		}
		if !y.shape().Equal(s) {
			c.fail("weights of shape %v for shape %v", scale.shape(), s)
		}
		outs = append(outs, y)
	} else {
		b := c.graph.Const(tensor.New(tensor.Shape{n}, nil))
		if bias.given() {
			b = c.plain(weight(bias))
		}
		y := graph.LayerNorm(c.plain(flat), c.plain(weight(scale)), b, eps)
		outs = append(outs, operand{typ: x.typ, node: graph.Reshape(y, s...)})
	}
	if c.want(1) || c.want(2) {
		mean, inv := stats()
		kept := outer.Clone()
		for range inner {
			kept = append(kept, 1)
		}
		outs = append(outs, c.reshape(mean, kept...), c.reshape(inv, kept...))
	}
	return outs
}

func buildRMSNorm(c *call) operand {
	eps := float64(c.attrs.Float("epsilon", 1e-5))
	c.stash()
	x, scale := c.in[0], c.in[1]
	c.floats(x)
	flat, _, inner := c.rows(x)
	n, s := inner.Size(), x.shape()
	if scale.rank() > len(inner) || c.onHost(x, scale) && x.typ != pb.Float || scale.typ != x.typ || s.Size() == 0 {
		wide := flat
		if x.typ != pb.Double {
			wide = c.cast(flat, pb.Float)
		}
		mean := c.reduce(array.ReduceMean, c.mul(wide, wide), []bool{false, true})
		y := c.div(wide, c.apply(functions["Sqrt"], c.add(mean, num(mean, eps))))
		y = c.mul(c.reshape(c.cast(y, scale.typ), s...), scale)
		if !y.shape().Equal(s) {
			c.fail("a scale of shape %v for shape %v", scale.shape(), s)
		}
		return y
	}
	w := c.plain(c.reshape(c.expand(scale, inner), n))
	return operand{typ: scale.typ, node: graph.Reshape(graph.RMSNorm(c.plain(flat), w, eps), s...)}
}
