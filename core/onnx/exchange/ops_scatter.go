package exchange

import (
	"lab/core/graph"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators that write elements to places given by index.

func init() {
	for _, name := range []string{"Scatter", "ScatterElements"} {
		v := versions(11, 13, 16, 18)
		if name == "Scatter" {
			v = versions(9, 11)
		}
		register(name, rule{since: v, least: 3, most: 3, build: one(func(c *call) operand {
			x, index, updates := c.in[0], c.in[1], c.in[2]
			axis := c.axis(c.attrs.Int("axis", 0), x.rank())
			if !updates.shape().Equal(index.shape()) {
				c.fail("indices of shape %v and updates of shape %v", index.shape(), updates.shape())
			}
			return c.scatter(x, c.elements(x.shape(), index, axis), updates)
		})})
	}
	register("ScatterND", rule{since: versions(11, 13, 16, 18), least: 3, most: 3, build: one(func(c *call) operand {
		x, index, updates := c.in[0], c.in[1], c.in[2]
		flat, rest := c.tuples(x.shape(), index, 0)
		if want := append(flat.shape().Clone(), rest...); !updates.shape().Equal(want) {
			c.fail("updates of shape %v, not %v", updates.shape(), want)
		}
		return c.scatter(x, c.spread(flat, rest.Size()), updates)
	})})
	register("TensorScatter", rule{since: versions(24), least: 2, most: 3, build: one(buildTensorScatter)})
}

// spread makes a place of a slice of n elements into those of its elements.
func (c *call) spread(flat operand, n int) operand {
	within := make([]int64, n)
	for i := range within {
		within[i] = int64(i)
	}
	s := flat.shape()
	c.hold(append(s.Clone(), n)...)
	start := c.mul(c.reshape(flat, append(s.Clone(), 1)...), known(array.Int(pb.Int64, int64(n))))
	return c.add(start, known(array.Ints(within...)))
}

// maxRounds bounds how often one place is updated in a graph.
const maxRounds = 64

// scatter writes updates at places of x seen as flat, as the attribute reduction says.
func (c *call) scatter(x, flat, updates operand) operand {
	how := "none"
	if c.Op != "Scatter" && c.Op != "TensorScatter" && c.since >= 16 {
		how = c.choice("reduction", "none", "add", "mul", "max", "min")
	}
	return c.scatterBy(map[string]*binary{"add": &adding, "mul": &multiplying, "max": &greatest, "min": &least}[how], x, flat, updates)
}

// scatterBy is scatter with the operator that joins old and new, nil for the new alone.
func (c *call) scatterBy(by *binary, x, flat, updates operand) operand {
	c.alike(x, updates)
	s := x.shape()
	n, m := s.Size(), updates.shape().Size()
	places := make([]int, m)
	for i, v := range array.Of[int64](c.array(flat)) {
		places[i] = int(v)
	}
	if x.known != nil && updates.known != nil || !kept(x.typ) {
		var o *array.Operator
		if by != nil {
			o = &by.host
		}
		return known(array.Put(c.array(x), places, c.array(updates), o))
	}
	x, updates = c.reshape(x, n), c.reshape(updates, m)
	switch by {
	case nil:
		from := make([]int, n)
		for i := range from {
			from[i] = i
		}
		for i, p := range places {
			from[p] = n + i
		}
		x = c.take(c.concat(0, x, updates), tensor.Shape{n}, from)
	case &adding:
		c.indices(n)
		index := tensor.New(tensor.Shape{m}, nil)
		for i, p := range places {
			index.F[i] = float32(p)
		}
		sums := operand{typ: x.typ, node: graph.ScatterAdd(n, c.graph.Const(index), c.plain(updates))}
		x = c.add(x, sums)
	default: // the first update of each place, then the second
		for round, left := 0, places; len(left) > 0; round++ {
			if round == maxRounds {
				c.fail("more than %d updates of one place", maxRounds)
			}
			from, met := make([]int, n), make([]bool, n)
			for i := range from {
				from[i] = i
			}
			var again []int
			for i, p := range places {
				switch {
				case p < 0:
				case met[p]:
					again = append(again, i)
				default:
					from[p], met[p] = n+i, true
					places[i] = -1
				}
			}
			taken := c.take(c.concat(0, x, updates), tensor.Shape{n}, from)
			x = c.where(known(array.Truth(tensor.Shape{n}, met)), c.combine(*by, x, taken), x)
			left = again
		}
	}
	return c.reshape(x, s...)
}

// buildTensorScatter writes a part of a cache, for each example from an index of its own on.
func buildTensorScatter(c *call) operand {
	x, updates := c.in[0], c.in[1]
	s, u := x.shape(), updates.shape()
	axis := c.axis(c.attrs.Int("axis", -2), len(s))
	circular := c.choice("mode", "linear", "circular") == "circular"
	want := s.Clone()
	if len(u) == len(s) {
		want[axis] = u[axis]
	}
	if axis == 0 || !u.Equal(want) || u[axis] > s[axis] {
		c.fail("shape %v into shape %v along axis %d", u, s, axis)
	}
	starts := make([]int64, s[0])
	if list := c.list(2); list != nil {
		if len(list) != s[0] {
			c.fail("%d indices for %d examples", len(list), s[0])
		}
		copy(starts, list)
	}
	index := array.New(pb.Int64, u...)
	inner := u[axis+1:].Size()
	for i := range array.Of[int64](index) {
		at := starts[i/max(1, u[1:].Size())] + int64(i/inner%u[axis])
		if circular && s[axis] > 0 {
			at %= int64(s[axis])
		}
		if at < 0 {
			c.fail("index %d", at)
		}
		array.Of[int64](index)[i] = at
	}
	flat := c.elements(s, known(index), axis)
	return c.scatter(x, flat, updates)
}
