package exchange

import (
	"math"

	"lab/core/onnx"
	"lab/core/onnx/array"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Operators with bodies. A body is built where it is used, once for each round of a loop:
// how many there are must be known, or the model be run.

func init() {
	register("If", rule{since: versions(1, 11, 13, 16, 19, 21, 23, 24, 25), least: 1, most: 1, lists: true, build: func(c *call) []operand {
		name := "else_branch"
		if c.truth(c.in[0]) {
			name = "then_branch"
		}
		c.attrs.Ignore("then_branch", "else_branch")
		return c.bodyOf(name)()
	}})
	register("Loop",
		rule{since: versions(1), least: 3, most: many, optional: true, lists: true, build: buildLoop},
		rule{since: versions(11, 13, 16, 19, 21, 23, 24, 25), least: 2, most: many, optional: true, lists: true, build: buildLoop})
	register("Scan", rule{since: versions(8), least: 2, most: many, optional: true, build: buildBatchScan}, rule{since: versions(9, 11, 16, 19, 21, 23, 24, 25), least: 1, most: many, lists: true, build: buildScan})
	register("SequenceMap", rule{since: versions(17), least: 1, most: many, lists: true, build: buildSequenceMap})
}

// truth is a value that must be one truth.
func (c *call) truth(x operand) bool {
	a := c.array(x)
	if a.Type != pb.Bool || a.Len() != 1 {
		c.fail("a condition that is %v", known(a))
	}
	return a.At(0) != 0
}

// bodyOf makes a function of a body: of its inputs to its outputs.
func (c *call) bodyOf(name string) func(inputs ...operand) []operand {
	g := c.attrs.Graph(name)
	if g == nil {
		c.fail("it has no %s", name)
	}
	if c.depth++; c.depth > 64 {
		c.fail("bodies within bodies, more than 64 deep")
	}
	c.depth--
	fixed := constants(g.Constants)
	return func(inputs ...operand) []operand {
		if len(inputs) != len(g.Inputs) {
			c.fail("its %s has %d inputs, not %d", name, len(g.Inputs), len(inputs))
		}
		if c.nodes++; c.nodes > maxNodes {
			c.fail("more than %d rounds and nodes", maxNodes)
		}
		inner := &scope{values: make(map[string]operand, len(fixed)+len(inputs)), outer: c.scope}
		for n, x := range fixed {
			inner.values[n] = x
		}
		for i, x := range inputs {
			inner.values[g.Inputs[i].Name] = x
		}
		outer := c.scope
		c.scope = inner
		c.depth++
		defer func() { c.scope, c.depth = outer, c.depth-1 }()
		out, err := c.body(g)
		if err != nil {
			panic(err) // about a node of the body
		}
		return out
	}
}

func buildLoop(c *call) []operand {
	rounds, going := int64(math.MaxInt64), true
	if c.has(0) {
		rounds = c.int(0, 0)
	}
	if c.has(1) {
		going = c.truth(c.in[1])
	}
	body := c.bodyOf("body")
	g := c.attrs.Graph("body")
	state := append([]operand{}, c.in[2:]...)
	n := len(state)
	scans := len(g.Outputs) - 1 - n
	if scans < 0 {
		c.fail("its body has %d outputs for %d values that it carries", len(g.Outputs), n)
	}
	collected := make([][]operand, scans)
	for i := int64(0); i < rounds && going; i++ {
		out := body(append([]operand{known(array.Int(pb.Int64, i)), known(array.Truth(tensor.Shape{}, []bool{going}))}, state...)...)
		given := out[0].known != nil
		going, state = c.truth(out[0]), out[1:1+n]
		for k := range state {
			if x := &state[k]; !given && x.node != nil { // so that no round computes those before it
				*x = known(c.array(*x))
			}
		}
		for k, x := range out[1+n:] {
			collected[k] = append(collected[k], x)
		}
	}
	for k, xs := range collected {
		state = append(state[:len(state):len(state)], c.stacked(g.Outputs[1+n+k], xs, 0))
	}
	return state
}

// stacked joins what each round gave along a new axis. Of no round, the file says what
// it would be.
func (c *call) stacked(v onnx.Value, xs []operand, axis int) operand {
	if len(xs) == 0 {
		shape := tensor.Shape{}
		for _, d := range v.Dims {
			shape = append(shape, max(0, d.Size))
		}
		if v.Type == pb.Undefined || axis > len(shape) {
			c.fail("a loop of no rounds, whose body does not say what it gives")
		}
		shape = append(shape, 0)
		copy(shape[axis+1:], shape[axis:])
		shape[axis] = 0
		return known(array.New(v.Type, shape...))
	}
	parts := make([]operand, len(xs))
	for i, x := range xs {
		if x.seq != nil {
			c.fail("a loop that collects sequences")
		}
		s := x.shape().Clone()
		if axis > len(s) {
			c.fail("axis %d of shape %v", axis, s)
		}
		s = append(s, 0)
		copy(s[axis+1:], s[axis:])
		s[axis] = 1
		parts[i] = c.reshape(x, s...)
	}
	return c.concat(axis, parts...)
}

func buildScan(c *call) []operand {
	m := c.size("num_scan_inputs", c.attrs.Int("num_scan_inputs", 0), 1, int64(len(c.in)))
	body, g := c.bodyOf("body"), c.attrs.Graph("body")
	n := len(c.in) - m
	scans := len(g.Outputs) - n
	if scans < 0 {
		c.fail("its body has %d outputs for %d states", len(g.Outputs), n)
	}
	flags := func(name string, count int) []int64 {
		v := c.attrs.Ints(name)
		if v == nil {
			v = make([]int64, count)
		}
		if len(v) != count {
			c.fail("%s=%v for %d", name, v, count)
		}
		return v
	}
	axes, backward := flags("scan_input_axes", m), flags("scan_input_directions", m)
	outAxes, prepend := flags("scan_output_axes", scans), flags("scan_output_directions", scans)
	state, inputs := append([]operand{}, c.in[:n]...), c.in[n:]
	rounds := -1
	for i, x := range inputs {
		if x.seq != nil {
			c.fail("a sequence to scan")
		}
		axis := c.axis(axes[i], x.rank())
		axes[i] = int64(axis)
		if d := x.shape()[axis]; rounds >= 0 && d != rounds {
			c.fail("inputs of %d and %d elements to scan", rounds, d)
		} else {
			rounds = d
		}
	}
	collected := make([][]operand, scans)
	for t := range rounds {
		given := append([]operand{}, state...)
		for i, x := range inputs {
			at := t
			if backward[i] != 0 {
				at = rounds - 1 - t
			}
			given = append(given, c.part(x, int(axes[i]), at))
		}
		out := body(given...)
		state = out[:n]
		for k, x := range out[n:] {
			if prepend[k] != 0 {
				collected[k] = append([]operand{x}, collected[k]...)
			} else {
				collected[k] = append(collected[k], x)
			}
		}
	}
	out := append([]operand{}, state...)
	for k, xs := range collected {
		rank := len(g.Outputs[n+k].Dims) + 1
		if len(xs) > 0 && xs[0].seq == nil {
			rank = xs[0].rank() + 1
		}
		out = append(out, c.stacked(g.Outputs[n+k], xs, c.axis(outAxes[k], rank)))
	}
	return out
}

// buildBatchScan is version 8, which scans each example of a batch, the first axis.
func buildBatchScan(c *call) []operand {
	if c.has(0) {
		c.fail("sequence_lens is not supported")
	}
	m := c.size("num_scan_inputs", c.attrs.Int("num_scan_inputs", 0), 1, int64(len(c.in)-1))
	body, g := c.bodyOf("body"), c.attrs.Graph("body")
	backward := c.attrs.Ints("directions")
	inputs := c.in[1:]
	n := len(inputs) - m
	if len(g.Outputs) < n || backward != nil && len(backward) != m {
		c.fail("its body has %d outputs for %d states, directions=%v", len(g.Outputs), n, backward)
	}
	batch, rounds := -1, -1
	for i, x := range inputs {
		s := x.shape()
		if len(s) < 1 || batch >= 0 && s[0] != batch || i >= n && (len(s) < 2 || rounds >= 0 && s[1] != rounds) {
			c.fail("input %d has shape %v", i+1, s)
		}
		if batch = s[0]; i >= n {
			rounds = s[1]
		}
	}
	examples := make([][]operand, len(g.Outputs))
	for b := range batch {
		state := make([]operand, n)
		for i := range state {
			state[i] = c.part(inputs[i], 0, b)
		}
		collected := make([][]operand, len(g.Outputs)-n)
		for t := range rounds {
			given := append([]operand{}, state...)
			for i, x := range inputs[n:] {
				at := t
				if backward != nil && backward[i] != 0 {
					at = rounds - 1 - t
				}
				given = append(given, c.part(c.part(x, 0, b), 0, at))
			}
			out := body(given...)
			state = out[:n]
			for k, x := range out[n:] {
				collected[k] = append(collected[k], x)
			}
		}
		for k, x := range state {
			examples[k] = append(examples[k], x)
		}
		for k, xs := range collected {
			examples[n+k] = append(examples[n+k], c.stacked(g.Outputs[n+k], xs, 0))
		}
	}
	out := make([]operand, len(examples))
	for k, xs := range examples {
		out[k] = c.stacked(g.Outputs[k], xs, 0)
	}
	return out
}

func buildSequenceMap(c *call) []operand {
	body := c.bodyOf("body")
	first := c.sequence(0)
	out := make([]operand, len(c.attrs.Graph("body").Outputs))
	for k := range out {
		out[k].seq = &sequence{}
	}
	for i := range first {
		given := make([]operand, len(c.in))
		for k, x := range c.in {
			if given[k] = x; x.seq != nil {
				if items := c.sequence(k); len(items) != len(first) {
					c.fail("sequences of %d and %d elements", len(first), len(items))
				}
				given[k] = x.seq.items[i]
			}
		}
		for k, x := range body(given...) {
			out[k].seq.items = append(out[k].seq.items, x)
		}
	}
	return out
}
