package exchange

import (
	"math"
	"slices"

	"lab/core/graph"
	"lab/core/tensor"
)

// Whole numbers and truths that are known while a graph is built are computed then and
// there: shapes that follow from shapes, and positions that masks are made of.

// maxWholes bounds what a few numbers in a file may blow up to.
const maxWholes = 1 << 26

// integers are operators on two whole numbers.
var integers = map[string]func(a, b int64) int64{
	"Add": func(a, b int64) int64 { return a + b },
	"Sub": func(a, b int64) int64 { return a - b },
	"Mul": func(a, b int64) int64 { return a * b },
	"Div": func(a, b int64) int64 {
		if b == 0 || b == -1 && a == math.MinInt64 {
			return 0
		}
		return a / b
	},
	"Max": func(a, b int64) int64 { return max(a, b) }, "Min": func(a, b int64) int64 { return min(a, b) },
	"Less": func(a, b int64) int64 { return truth(a < b) }, "LessOrEqual": func(a, b int64) int64 { return truth(a <= b) },
	"Greater": func(a, b int64) int64 { return truth(a > b) }, "GreaterOrEqual": func(a, b int64) int64 { return truth(a >= b) },
	"Equal": func(a, b int64) int64 { return truth(a == b) }, "And": func(a, b int64) int64 { return a * b }, "Or": func(a, b int64) int64 { return max(a, b) },
}

// typed names the input whose type the result has, -1 for results that are truths: nodes
// hold whole numbers as floats, and must not be divided as such.
var typed = map[string]int{"Identity": 0, "Reshape": 0, "Transpose": 0, "Flatten": 0, "Slice": 0, "Concat": 0, "Gather": 0, "Expand": 0,
	"Squeeze": 0, "Split": 0, "Trilu": 0, "Clip": 0, "Dropout": 0, "Unsqueeze": 0, "Neg": 0, "Abs": 0, "Sign": 0, "Add": 0, "Sub": 0, "Mul": 0, "Max": 0, "Min": 0, "Pow": 0,
	"ReduceSum": 0, "ReduceMax": 0, "Where": 1, "Not": -1, "And": -1, "Or": -1, "Equal": -1,
	"Less": -1, "LessOrEqual": -1, "Greater": -1, "GreaterOrEqual": -1}

func (x operand) isWhole() bool { return x.whole || x.node == nil && x.known != nil }

func truth(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// wholes computes f of two inputs that are known, if both are.
func (c *call) wholes(f func(a, b int64) int64) (operand, bool, error) {
	if f == nil || len(c.in) != 2 || c.in[0].node != nil || c.in[1].node != nil {
		return operand{}, false, nil
	}
	if err := c.arity(2, 2); err != nil {
		return operand{}, false, err
	}
	a, b := c.in[0].known, c.in[1].known
	shape, err := graph.Broadcast(a.Shape, b.Shape)
	if err == nil && shape.Size() > maxWholes {
		err = c.Errorf("%d whole numbers are too many", shape.Size())
	}
	if err != nil {
		return operand{}, false, c.Errorf("%v", err)
	}
	out := tensor.NewInt(shape, nil)
	ia, ib := spread(a.Shape, shape), spread(b.Shape, shape)
	for i := range out.I {
		out.I[i] = f(a.I[ia(i)], b.I[ib(i)])
	}
	return operand{known: out}, true, nil
}

// spread maps places in shape to places in one that is broadcast to it.
func spread(from, shape tensor.Shape) func(i int) int {
	strides := make([]int, len(shape))
	for a, st := range from.Strides() {
		if from[a] != 1 {
			strides[len(shape)-len(from)+a] = st
		}
	}
	return func(i int) int {
		at := 0
		for a := len(shape) - 1; a >= 0; a-- {
			at += i % shape[a] * strides[a]
			i /= shape[a]
		}
		return at
	}
}

// eachWhole is f of each whole number.
func (x operand) eachWhole(f func(int64) int64) operand {
	out := tensor.NewInt(x.known.Shape, nil)
	for i, v := range x.known.I {
		out.I[i] = f(v)
	}
	return operand{known: out}
}

// reshaped gives known whole numbers another shape, of which one size may be -1.
func (x operand) reshaped(c *call, to tensor.Shape) (operand, error) {
	for i := range to {
		if known := -to.Size(); to[i] == -1 && known > 0 {
			to[i] = len(x.known.I) / known
		}
	}
	if to.Size() != len(x.known.I) || slices.Contains(to, -1) {
		return operand{}, c.Errorf("shape %v to %v", x.known.Shape, to)
	}
	return operand{known: &tensor.Tensor{Shape: to, I: x.known.I}}, c.arity(2, 2)
}

// asNode is the operand as a node in its layout; known whole numbers become a constant.
// It is nil for an input left out.
func (x operand) asNode(g *graph.Graph) *graph.Node {
	if x.node != nil || x.known == nil {
		return x.node
	}
	t := tensor.New(x.known.Shape, nil)
	for i, v := range x.known.I {
		t.F[i] = float32(v)
	}
	return g.Const(t)
}

// of is the operand as a node in the file's layout.
func (x operand) of(g *graph.Graph) *graph.Node {
	x.node = x.asNode(g)
	return x.as(nil)
}

// list is input i, which must be a known list of whole numbers, or one; nil if left
// out.
func (c *call) list(i int) ([]int64, error) {
	x := c.in[i]
	if x.node == nil && x.known == nil {
		return nil, nil
	}
	if x.known == nil || x.known.F != nil || len(x.known.Shape) > 1 {
		return nil, c.Errorf("input %d is not a known list of integers", i)
	}
	return x.known.I, nil
}

func buildRange(c *call) (operand, error) {
	if err := c.arity(3, 3); err != nil {
		return operand{}, err
	}
	var v [3]int64
	for i := range v {
		list, err := c.list(i)
		if err != nil || len(list) != 1 {
			return operand{}, c.Errorf("input %d is not a known integer", i)
		}
		v[i] = list[0]
	}
	start, limit, step := v[0], v[1], v[2]
	if step == 0 || max(start, limit) > 1<<40 || min(start, limit) < -1<<40 || (limit-start)/step > maxWholes {
		return operand{}, c.Errorf("from %d to %d by %d", start, limit, step)
	}
	known := tensor.NewInt(tensor.Shape{0}, nil)
	for x := start; step > 0 && x < limit || step < 0 && x > limit; x += step {
		known.I = append(known.I, x)
	}
	known.Shape[0] = len(known.I)
	return operand{known: known}, nil
}

func buildWhere(c *call) (operand, error) {
	if err := c.check(3, 3); err != nil {
		return operand{}, err
	}
	var l layout
	for _, x := range c.in {
		if x.layout != nil {
			l = x.layout
		}
	}
	for _, x := range c.in {
		if r := len(x.node.Shape()); r != len(l) && r != 0 {
			l = nil
		}
	}
	var n [3]*graph.Node
	for i, x := range c.in {
		if n[i] = x.node; len(x.node.Shape()) > 0 {
			n[i] = x.as(l)
		}
	}
	return operand{node: graph.Where(n[0], n[1], n[2]), layout: l}, nil
}
