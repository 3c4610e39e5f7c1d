package exchange

import (
	"slices"

	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators on sequences and on optional values. An optional value that is present is the
// value itself.

func init() {
	of := func(items []operand) operand { return operand{seq: &sequence{items: items}} }
	register("SequenceEmpty", rule{since: versions(11), least: 0, most: 0, build: one(func(c *call) operand {
		c.typeOr("dtype", pb.Float)
		return of(nil)
	})})
	register("SequenceConstruct", rule{since: versions(11), least: 1, most: many, build: one(func(c *call) operand {
		c.alike(c.in...)
		return of(slices.Clone(c.in))
	})})
	register("SequenceAt", rule{since: versions(11), least: 2, most: 2, lists: true, build: one(func(c *call) operand {
		items := c.sequence(0)
		return items[c.position(1, len(items), len(items)-1)]
	})})
	register("SequenceInsert", rule{since: versions(11), least: 2, most: 3, lists: true, build: one(func(c *call) operand {
		items := c.sequence(0)
		at := len(items)
		if c.has(2) {
			at = c.position(2, len(items), len(items))
		}
		if x := c.in[1]; x.seq != nil {
			c.fail("a sequence into a sequence")
		} else if len(items) > 0 && items[0].typ != x.typ {
			c.fail("%v into a sequence of %v", x.typ, items[0].typ)
		}
		return of(slices.Insert(slices.Clone(items), at, c.in[1]))
	})})
	register("SequenceErase", rule{since: versions(11), least: 1, most: 2, lists: true, build: one(func(c *call) operand {
		items := c.sequence(0)
		at := len(items) - 1
		if c.has(1) || at < 0 {
			at = c.position(1, len(items), len(items)-1)
		}
		return of(slices.Delete(slices.Clone(items), at, at+1))
	})})
	register("SequenceLength", rule{since: versions(11), least: 1, most: 1, lists: true, build: one(func(c *call) operand {
		return known(array.Int(pb.Int64, int64(len(c.sequence(0)))))
	})})
	register("SplitToSequence", rule{since: versions(11, 24), least: 1, most: 2, build: one(func(c *call) operand {
		x := c.in[0]
		axis := c.axis(c.attrs.Int("axis", 0), x.rank())
		keep := c.flag("keepdims", true) || c.has(1)
		d := int64(x.shape()[axis])
		sizes := c.list(1)
		if sizes == nil || c.in[1].rank() == 0 {
			each := c.int(1, 1)
			c.size("a part", each, 1, maxSize)
			sizes = nil
			for at := int64(0); at < d; at += each {
				sizes = append(sizes, min(each, d-at))
			}
		}
		if len(sizes) > maxNodes {
			c.fail("%d parts", len(sizes))
		}
		parts := c.split(x, axis, sizes)
		for i := range parts {
			if !keep {
				parts[i] = c.part(parts[i], axis, 0)
			}
		}
		return of(parts)
	})})
	register("ConcatFromSequence", rule{since: versions(11), least: 1, most: 1, lists: true, build: one(func(c *call) operand {
		items := c.sequence(0)
		if len(items) == 0 {
			c.fail("an empty sequence")
		}
		axis, rank := c.attrs.Int("axis", 0), items[0].rank()
		if !c.flag("new_axis", false) {
			return c.concat(c.axis(axis, rank), items...)
		}
		at := c.axis(axis, rank+1)
		parts := make([]operand, len(items))
		for i, x := range items {
			if x.rank() != rank {
				c.fail("shapes %v and %v", items[0].shape(), x.shape())
			}
			parts[i] = c.reshape(x, slices.Insert(x.shape().Clone(), at, 1)...)
		}
		return c.concat(at, parts...)
	})})

	register("Optional", rule{since: versions(15, 28), least: 0, most: 1, lists: true, build: one(func(c *call) operand {
		c.attrs.Ignore("type")
		if c.has(0) {
			return c.in[0]
		}
		return operand{seq: &sequence{optional: true}}
	})})
	absent := func(x operand) bool { return !x.given() || x.seq != nil && x.seq.optional }
	has := one(func(c *call) operand {
		return known(array.Truth(tensor.Shape{}, []bool{len(c.in) > 0 && !absent(c.in[0])}))
	})
	register("OptionalHasElement",
		rule{since: versions(15), least: 1, most: 1, lists: true, build: has},
		rule{since: versions(18, 28), least: 0, most: 1, lists: true, build: has})
	register("OptionalGetElement", rule{since: versions(15, 18, 28), least: 1, most: 1, lists: true, build: one(func(c *call) operand {
		if absent(c.in[0]) {
			c.fail("an optional value that is absent")
		}
		return c.in[0]
	})})
}

// sequence is input i, which must be one.
func (c *call) sequence(i int) []operand {
	if s := c.in[i].seq; s != nil && !s.optional {
		return s.items
	}
	c.fail("input %d is no sequence", i)
	return nil
}

// position is input i as a place in a sequence of n elements, at most last.
func (c *call) position(i, n, last int) int {
	at := c.int(i, int64(n)-1)
	if at < 0 {
		at += int64(n)
	}
	return c.size("a position", at, 0, int64(last))
}
