package exchange

// Operators that take values apart and join them.

func init() {
	register("Concat",
		rule{since: versions(1), least: 1, most: many, build: one(buildConcat)},
		rule{since: versions(4, 11, 13), least: 1, most: many, build: one(buildConcat)})
	register("Split",
		rule{since: versions(1), least: 1, most: 2, build: buildSplit},
		rule{since: versions(2, 11), least: 1, most: 1, build: buildSplit},
		rule{since: versions(13, 18), least: 1, most: 2, build: buildSplit})
	register("Slice",
		rule{since: versions(1), least: 1, most: 1, build: one(buildSlice)},
		rule{since: versions(10, 11, 13), least: 3, most: 5, build: one(buildSlice)})
}

func buildConcat(c *call) operand {
	def := int64(1)
	if c.since >= 4 {
		def = 0
		if !c.attrs.Has("axis") {
			c.fail("it has no axis")
		}
	}
	return c.concat(c.axis(c.attrs.Int("axis", def), c.in[0].rank()), c.in...)
}

// buildSplit cuts an axis into parts: of given sizes, or equal ones, the last smaller.
func buildSplit(c *call) []operand {
	x := c.in[0]
	axis := c.axis(c.attrs.Int("axis", 0), x.rank())
	sizes := c.listOr("split", 1, 13)
	count := int64(len(c.Outputs))
	if c.since == 1 && len(c.in) == 2 {
		sizes = c.list(1)
	}
	if c.since >= 18 {
		if count = c.attrs.Int("num_outputs", count); count != int64(len(c.Outputs)) {
			c.fail("it has %d outputs, and num_outputs=%d", len(c.Outputs), count)
		}
	}
	d := x.shape()[axis]
	if sizes == nil {
		each := (d + int(count) - 1) / int(count)
		if c.since < 18 && d%int(count) != 0 {
			c.fail("axis %d of shape %v into %d equal parts", axis, x.shape(), count)
		}
		for i := range int(count) {
			sizes = append(sizes, int64(max(0, min(each, d-i*each))))
		}
	}
	return c.split(x, axis, sizes)
}

// split cuts an axis into parts that must fill it.
func (c *call) split(x operand, axis int, sizes []int64) []operand {
	d, at := x.shape()[axis], 0
	var parts []operand
	for _, v := range sizes {
		n := c.size("a part", v, 0, int64(d-at))
		parts = append(parts, c.slice(x, axis, at, n, 1))
		at += n
	}
	if at != d {
		c.fail("parts %v of axis %d of shape %v", sizes, axis, x.shape())
	}
	return parts
}

func buildSlice(c *call) operand {
	starts, ends, axes, steps := c.listOr("starts", 1, 10), c.listOr("ends", 2, 10), c.listOr("axes", 3, 10), []int64(nil)
	if c.since >= 10 {
		steps = c.list(4)
	}
	x := c.in[0]
	if axes == nil {
		for i := range starts {
			axes = append(axes, int64(i))
		}
	}
	if len(ends) != len(starts) || len(axes) != len(starts) || steps != nil && len(steps) != len(starts) {
		c.fail("starts %v, ends %v, axes %v, steps %v", starts, ends, axes, steps)
	}
	c.marked(axes, x.rank())
	for i, start := range starts {
		axis, step := c.axis(axes[i], x.rank()), int64(1)
		if steps != nil {
			step = steps[i]
		}
		if step == 0 {
			c.fail("a step of 0")
		}
		d := int64(x.shape()[axis])
		low, high := int64(0), d // of both ends, from front to back
		if step < 0 {
			low, high = -1, d-1
		}
		bound := func(v, low int64) int64 {
			if v < 0 {
				v = max(v, -2*d-2) + d
			}
			return max(low, min(v, high))
		}
		from, to := bound(start, 0), bound(ends[i], low)
		if from > high {
			from = high
		}
		step = max(-d-1, min(step, d+1))
		n := (to - from + step - sgn(step)) / step
		x = c.slice(x, axis, int(max(from, 0)), int(max(n, 0)), int(step))
	}
	return x
}

func sgn(v int64) int64 {
	if v < 0 {
		return -1
	}
	return 1
}
