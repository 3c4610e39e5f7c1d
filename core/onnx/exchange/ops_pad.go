package exchange

import (
	"lab/core/onnx/array"
	"lab/core/tensor"
)

// Operators that add to the edges of a value, or move between channels and places.

func init() {
	register("Pad",
		rule{since: versions(1, 2), least: 1, most: 1, build: one(buildPad)},
		rule{since: versions(11, 13), least: 2, most: 3, build: one(buildPad)},
		rule{since: versions(18, 19, 21, 23, 24, 25), least: 2, most: 4, build: one(buildPad)})
	register("DepthToSpace", rule{since: versions(1, 11, 13, 28), least: 1, most: 1, build: one(func(c *call) operand {
		s, b := c.blocks()
		crd := c.since >= 11 && c.choice("mode", "DCR", "CRD") == "CRD"
		if s[1]%(b*b) != 0 {
			c.fail("shape %v in blocks of %d", s, b)
		}
		d := s[1] / (b * b)
		if crd {
			x := c.reshape(c.in[0], s[0], d, b, b, s[2], s[3])
			return c.reshape(c.transpose(x, 0, 1, 4, 2, 5, 3), s[0], d, s[2]*b, s[3]*b)
		}
		x := c.reshape(c.in[0], s[0], b, b, d, s[2], s[3])
		return c.reshape(c.transpose(x, 0, 3, 4, 1, 5, 2), s[0], d, s[2]*b, s[3]*b)
	})})
	register("SpaceToDepth", rule{since: versions(1, 13, 28), least: 1, most: 1, build: one(func(c *call) operand {
		s, b := c.blocks()
		crd := c.since >= 28 && c.choice("mode", "DCR", "CRD") == "CRD"
		if s[2]%b != 0 || s[3]%b != 0 {
			c.fail("shape %v in blocks of %d", s, b)
		}
		x := c.reshape(c.in[0], s[0], s[1], s[2]/b, b, s[3]/b, b)
		if crd {
			x = c.transpose(x, 0, 1, 3, 5, 2, 4)
		} else {
			x = c.transpose(x, 0, 3, 5, 1, 2, 4)
		}
		return c.reshape(x, s[0], s[1]*b*b, s[2]/b, s[3]/b)
	})})
	register("CenterCropPad", rule{since: versions(18), least: 2, most: 2, build: one(func(c *call) operand {
		x := c.in[0]
		shape, axes := c.dims(c.list(1)), c.attrs.Ints("axes")
		if axes == nil {
			for i := range x.shape() {
				axes = append(axes, int64(i))
			}
		}
		if len(axes) != len(shape) {
			c.fail("shape %v for axes %v", shape, axes)
		}
		c.marked(axes, x.rank())
		before, after := make([]int, x.rank()), make([]int, x.rank())
		for i, a := range axes {
			axis := c.axis(a, x.rank())
			if more := shape[i] - x.shape()[axis]; more >= 0 {
				before[axis], after[axis] = more/2, more-more/2
			} else {
				before[axis] = -(-more / 2)
				after[axis] = more - before[axis]
			}
		}
		return c.pad(x, before, after, operand{})
	})})
}

// blocks are the shape of images, four axes, and the size of blocks.
func (c *call) blocks() (tensor.Shape, int) {
	s := c.in[0].shape()
	if len(s) != 4 {
		c.fail("shape %v, which is none of images", s)
	}
	return s, c.size("blocksize", c.attrs.Int("blocksize", 0), 1, 1<<16)
}

func buildPad(c *call) operand {
	x := c.in[0]
	rank := x.rank()
	mode := c.choice("mode", "constant", "reflect", "edge", "wrap")
	var pads, axes []int64
	var value operand
	switch {
	case c.since == 1:
		pads, value = c.attrs.Ints("paddings"), num(x, float64(c.attrs.Float("value", 0)))
	case c.since < 11:
		pads, value = c.attrs.Ints("pads"), num(x, float64(c.attrs.Float("value", 0)))
	default:
		pads = c.list(1)
		if c.has(2) {
			value = c.in[2]
			if c.alike(x, value); value.shape().Size() != 1 {
				c.fail("a value of shape %v to pad with", value.shape())
			}
			if value.node != nil && (c.run != nil || c.constant(value.node)) {
				value = known(c.array(value))
			}
		}
		axes = c.list(3)
	}
	if axes == nil {
		for i := range rank {
			axes = append(axes, int64(i))
		}
	}
	c.marked(axes, rank)
	n := len(axes)
	if len(pads) != 2*n {
		c.fail("pads=%v for %d axes", pads, n)
	}
	before, after := make([]int, rank), make([]int, rank)
	for i, a := range axes {
		axis := c.axis(a, rank)
		before[axis], after[axis] = c.size("a pad", pads[i], -maxSize, maxSize), c.size("a pad", pads[n+i], -maxSize, maxSize)
	}
	if mode == "constant" {
		return c.pad(x, before, after, value)
	}
	// what is taken away comes first
	cut, none := make([]int, rank), make([]int, rank)
	for a := range rank {
		cut[a], none[a] = min(0, before[a]), min(0, after[a])
		before[a], after[a] = max(0, before[a]), max(0, after[a])
	}
	x = c.pad(x, cut, none, operand{})
	for a := range rank {
		if before[a]+after[a] == 0 {
			continue
		}
		d := x.shape()[a]
		shape := x.shape().Clone()
		shape[a] = before[a] + d + after[a]
		c.room(shape...)
		if d == 0 || mode == "reflect" && d == 1 {
			c.fail("axis %d of shape %v is too short to be padded by %q", a, x.shape(), mode)
		}
		places := make([]int64, shape[a])
		for i := range places {
			at := i - before[a]
			switch mode {
			case "edge":
				at = max(0, min(at, d-1))
			case "wrap":
				at = (at%d + d) % d
			default: // there and back again
				if at = (at%(2*d-2) + 2*d - 2) % (2*d - 2); at >= d {
					at = 2*d - 2 - at
				}
			}
			places[i] = int64(at)
		}
		x = c.swap(c.gather(c.swap(x, a, 0), known(array.Ints(places...))), 0, a)
	}
	return x
}
