package exchange

import (
	"math"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators that say what shape a value has, or give it another.

func init() {
	register("Identity", rule{since: versions(1, 13, 14, 16, 19, 21, 23, 24, 25), least: 1, most: 1, lists: true, build: one(func(c *call) operand { return c.in[0] })})
	register("Shape", rule{since: versions(1, 13, 15, 19, 21, 23, 24, 25), least: 1, most: 1, build: one(func(c *call) operand {
		s := c.in[0].shape()
		clamp := func(v int64) int {
			if v < 0 {
				v = max(v+int64(len(s)), 0)
			}
			return int(min(v, int64(len(s))))
		}
		start, end := clamp(c.attrs.Int("start", 0)), clamp(c.attrs.Int("end", int64(len(s))))
		var v []int64
		for _, d := range s[start:max(start, end)] {
			v = append(v, int64(d))
		}
		return known(array.Ints(v...))
	})})
	register("Size", rule{since: versions(1, 13, 19, 21, 23, 24, 25), least: 1, most: 1, build: one(func(c *call) operand {
		return known(array.Int(pb.Int64, int64(c.in[0].shape().Size())))
	})})
	register("Reshape",
		rule{since: versions(1), least: 1, most: 1, build: one(buildReshape)},
		rule{since: versions(5, 13, 14, 19, 21, 23, 24, 25), least: 2, most: 2, build: one(buildReshape)})
	register("Flatten", rule{since: versions(1, 9, 11, 13, 21, 23, 24, 25), least: 1, most: 1, build: one(func(c *call) operand {
		s := c.in[0].shape()
		axis := c.attrs.Int("axis", 1)
		if axis < 0 {
			axis += int64(len(s))
		}
		a := c.size("axis", axis, 0, int64(len(s)))
		return c.reshape(c.in[0], s[:a].Size(), s[a:].Size())
	})})
	register("Squeeze",
		rule{since: versions(1, 11), least: 1, most: 1, build: one(buildSqueeze)},
		rule{since: versions(13, 21, 23, 24, 25), least: 1, most: 2, build: one(buildSqueeze)})
	register("Unsqueeze",
		rule{since: versions(1, 11), least: 1, most: 1, build: one(buildUnsqueeze)},
		rule{since: versions(13, 21, 23, 24, 25), least: 2, most: 2, build: one(buildUnsqueeze)})
	register("Transpose", rule{since: versions(1, 13, 21, 23, 24, 25), least: 1, most: 1, build: one(func(c *call) operand {
		rank := c.in[0].rank()
		perm := make([]int, rank)
		for i := range perm {
			perm[i] = rank - 1 - i
		}
		if p := c.attrs.Ints("perm"); p != nil {
			if len(p) != rank {
				c.fail("perm %v for shape %v", p, c.in[0].shape())
			}
			seen := make([]bool, rank)
			for i, v := range p {
				if v < 0 || v >= int64(rank) || seen[v] {
					c.fail("perm %v for shape %v", p, c.in[0].shape())
				}
				seen[v], perm[i] = true, int(v)
			}
		}
		return c.transpose(c.in[0], perm...)
	})})
	register("Expand", rule{since: versions(8, 13), least: 2, most: 2, build: one(func(c *call) operand {
		return c.expand(c.in[0], array.Broadcast(c.in[0].shape(), c.dims(c.list(1))))
	})})
	register("Tile",
		rule{since: versions(1), least: 3, most: 3, build: one(func(c *call) operand { // one axis
			x := c.in[0]
			repeats := make([]int64, x.rank())
			for i := range repeats {
				repeats[i] = 1
			}
			repeats[c.axis(int64(c.number(2, 0)), x.rank())] = int64(c.number(1, 1))
			return c.tile(x, repeats)
		})},
		rule{since: versions(6, 13), least: 2, most: 2, build: one(func(c *call) operand {
			return c.tile(c.in[0], c.list(1))
		})})
	register("ConstantOfShape", rule{since: versions(9, 20, 21, 23, 24, 25), least: 1, most: 1, build: one(func(c *call) operand {
		value := array.Float(pb.Float, 0)
		if w := c.attrs.Tensor("value"); w != nil {
			if value = w.Value; value.Len() != 1 {
				c.fail("its value is %v, not one number", known(value))
			}
		}
		shape := c.dims(c.list(0))
		c.room(shape...)
		if value.Type == pb.Float && c.graph != nil && shape.Size() > 1<<16 {
			return c.expand(c.node(known(value.Reshape())), shape)
		}
		return c.expand(known(value.Reshape()), shape)
	})})
	register("Range", rule{since: versions(11, 27), least: 3, most: 3, host: true, build: one(buildRange)})
	register("EyeLike", rule{since: versions(9, 22), least: 1, most: 1, build: one(func(c *call) operand {
		s := c.in[0].shape()
		if len(s) != 2 {
			c.fail("shape %v, which is no matrix", s)
		}
		k := int(max(-maxSize, min(c.attrs.Int("k", 0), maxSize)))
		c.hold(s...)
		diagonal := make([]bool, s.Size())
		for i := range s[0] {
			if j := i + k; j >= 0 && j < s[1] {
				diagonal[i*s[1]+j] = true
			}
		}
		return c.cast(known(array.Truth(s, diagonal)), c.typeOr("dtype", c.in[0].typ))
	})})
	register("Trilu", rule{since: versions(14), least: 1, most: 2, build: one(func(c *call) operand {
		upper, k := c.flag("upper", true), int(max(-maxSize, min(c.int(1, 0), maxSize)))
		s := c.in[0].shape()
		if len(s) < 2 {
			c.fail("shape %v, which has no matrices", s)
		}
		rows, columns := s[len(s)-2], s[len(s)-1]
		c.hold(rows, columns)
		keep := make([]bool, rows*columns)
		for i := range rows {
			for j := range columns {
				keep[i*columns+j] = j-i <= k != upper || j-i == k
			}
		}
		return c.where(known(array.Truth(tensor.Shape{rows, columns}, keep)), c.in[0], known(array.New(c.in[0].typ)))
	})})
}

func buildReshape(c *call) operand {
	allowZero := c.flag("allowzero", false)
	c.attrs.Ignore("consumed_inputs")
	list := c.listOr("shape", 1, 5)
	from := c.in[0].shape()
	to, free := make(tensor.Shape, len(list)), -1
	for i, d := range list {
		switch {
		case d == 0 && !allowZero:
			if i >= len(from) {
				c.fail("shape %v to %v", from, list)
			}
			to[i] = from[i]
		case d == -1 && free < 0:
			free, to[i] = i, 1
		default:
			to[i] = c.size("a size", d, 0, maxSize)
		}
	}
	if free >= 0 {
		c.room(to...)
		if n := to.Size(); n == 0 || from.Size()%n != 0 {
			c.fail("shape %v to %v", from, list)
		}
		to[free] = from.Size() / to.Size()
	}
	return c.reshape(c.in[0], to...)
}

func buildSqueeze(c *call) operand {
	axes := c.listOr("axes", 1, 13)
	s := c.in[0].shape()
	drop := c.marked(axes, len(s))
	for i, d := range s {
		if axes == nil {
			drop[i] = d == 1
		}
		if drop[i] && d != 1 {
			c.fail("axis %d of shape %v is not of size 1", i, s)
		}
	}
	return c.squeezed(c.in[0], drop)
}

func buildUnsqueeze(c *call) operand {
	axes := c.listOr("axes", 1, 13)
	s := c.in[0].shape()
	if len(axes)+len(s) > 64 {
		c.fail("%d axes", len(axes)+len(s))
	}
	added := c.marked(axes, len(s)+len(axes))
	to := make([]int, 0, len(added))
	for _, one := range added {
		if one {
			to = append(to, 1)
			continue
		}
		to = append(to, s[0])
		s = s[1:]
	}
	return c.reshape(c.in[0], to...)
}

// tile repeats the operand along every axis.
func (c *call) tile(x operand, repeats []int64) operand {
	s := x.shape()
	if len(repeats) != len(s) {
		c.fail("shape %v is repeated %v times", s, repeats)
	}
	apart, wide, joined := tensor.Shape{}, tensor.Shape{}, tensor.Shape{}
	for i, d := range s {
		n := c.size("a number of repeats", repeats[i], 0, maxSize)
		if n != 1 {
			apart, wide = append(apart, 1), append(wide, n)
		}
		apart, wide, joined = append(apart, d), append(wide, d), append(joined, n*d)
	}
	return c.reshape(c.expand(c.reshape(x, apart...), wide), joined...)
}

func buildRange(c *call) operand {
	t := c.alike(c.in...)
	if c.since >= 27 && c.attrs.Int("stash_type", 1) != 1 {
		c.fail("only a stash_type of float is supported")
	}
	for i := range c.in {
		if c.value(i).Len() != 1 {
			c.fail("input %d is %v, not one number", i, c.in[i])
		}
	}
	start, limit, delta := c.value(0), c.value(1), c.value(2)
	if !array.IsFloat(t) {
		d := array.Of[int64](delta)
		if d == nil || d[0] == 0 {
			c.fail("from %v to %v by %v", start.At(0), limit.At(0), delta.At(0))
		}
		from, to := array.Of[int64](start)[0], array.Of[int64](limit)[0]
		if max(from, to, d[0]) > 1<<60 || min(from, to, d[0]) < -1<<60 {
			c.fail("from %v to %v by %v", from, to, d[0])
		}
		n := max(0, (to-from+d[0]-sgn(d[0]))/d[0])
		c.hold(c.size("the number of elements", n, 0, maxHeld))
		out := array.New(t, int(n))
		for i := range array.Of[int64](out) {
			array.Of[int64](out)[i] = from + int64(i)*d[0]
		}
		return known(out)
	}
	from, by := start.At(0), delta.At(0)
	n := max(0, math.Ceil((limit.At(0)-from)/by))
	if !(n <= maxHeld) {
		c.fail("from %v to %v by %v", from, limit.At(0), by)
	}
	c.hold(int(n))
	v := make([]float64, int(n))
	for i := range v {
		v[i] = from + float64(i)*by
	}
	return known(array.Cast(array.From(pb.Double, tensor.Shape{len(v)}, v), t))
}
