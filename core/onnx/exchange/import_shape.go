package exchange

import (
	"lab/core/graph"
	"lab/core/onnx/pb"
	"lab/core/tensor"
)

// Builders of nodes that compute shapes and pick elements. Whole numbers that are known
// while a graph is built (sizes, axes, positions) are computed at once: see whole.go.
// maxElements bounds what an Expand may make of a few numbers.
const maxElements = 1 << 31

func buildShape(c *call) (operand, error) {
	start, end := int(c.attrs.Int("start", 0)), int(c.attrs.Int("end", 1<<30))
	if err := c.arity(1, 1); err != nil {
		return operand{}, err
	}
	s := c.in[0].shape()
	start, end = clamp(start, len(s)), clamp(end, len(s))
	known := tensor.NewInt(tensor.Shape{max(0, end-start)}, nil)
	for i := range known.I {
		known.I[i] = int64(s[start+i])
	}
	return operand{known: known}, nil
}

// clamp is an index into n elements, negative from the end, within 0 to n.
func clamp(i, n int) int {
	if i < 0 {
		i += n
	}
	return max(0, min(i, n))
}

func buildGather(c *call) (operand, error) {
	axis := int(c.attrs.Int("axis", 0))
	if err := c.arity(2, 2); err != nil {
		return operand{}, err
	}
	x, index := c.in[0], c.in[1]
	s := x.shape()
	if axis < 0 {
		axis += len(s)
	}
	if axis < 0 || axis >= len(s) {
		return operand{}, c.Errorf("axis %d of shape %v", axis, s)
	}
	if index.known != nil && index.known.I != nil {
		at := make([]int, len(index.known.I))
		for i, v := range index.known.I {
			if v < 0 {
				v += int64(s[axis])
			}
			if v < 0 || v >= int64(s[axis]) {
				return operand{}, c.Errorf("index %d of axis %d of shape %v", index.known.I[i], axis, s)
			}
			at[i] = int(v)
		}
		if x.node == nil && len(s) == 1 {
			known := tensor.NewInt(index.known.Shape, nil)
			for i, k := range at {
				known.I[i] = x.known.I[k]
			}
			return operand{known: known}, nil
		}
		if len(at) == 1 && len(index.known.Shape) == 0 { // a part, without the axis
			n := graph.Slice(x.of(c.graph), axis, at[0], at[0]+1, 1)
			return operand{node: graph.Reshape(n, append(s[:axis:axis].Clone(), s[axis+1:]...)...)}, nil
		}
		positions := tensor.New(index.known.Shape, nil)
		for i, k := range at {
			positions.F[i] = float32(k)
		}
		index = operand{node: c.graph.Const(positions)}
	}
	n, i := x.of(c.graph), index.of(c.graph)
	if axis == 0 {
		return operand{node: graph.Gather(n, i)}, nil
	}
	there := []int{axis} // that axis first, and what is gathered back to its place
	for a := range s {
		if a != axis {
			there = append(there, a)
		}
	}
	y := graph.Gather(graph.Transpose(n, there...), i) // [index...,before...,after...]
	rank, k := len(y.Shape()), len(i.Shape())
	var back []int
	for a := range axis {
		back = append(back, k+a)
	}
	for a := range k {
		back = append(back, a)
	}
	for a := k + axis; a < rank; a++ {
		back = append(back, a)
	}
	return operand{node: graph.Transpose(y, back...)}, nil
}

func buildSlice(c *call) (operand, error) {
	var lists [4][]int64 // starts, ends, axes, steps
	if c.Opset < 10 {
		for i, name := range []string{"starts", "ends", "axes"} {
			lists[i] = c.attrs.Ints(name)
		}
	}
	if err := c.arity(1, 5); err != nil {
		return operand{}, err
	}
	for i := 1; i < len(c.in); i++ {
		var err error
		if lists[i-1], err = c.list(i); err != nil {
			return operand{}, err
		}
	}
	x := c.in[0]
	s := x.shape()
	for i, start := range lists[0] {
		axis, step := int64(i), int64(1)
		if lists[2] != nil && i < len(lists[2]) {
			axis = lists[2][i]
		}
		if lists[3] != nil && i < len(lists[3]) {
			step = lists[3][i]
		}
		if axis < 0 {
			axis += int64(len(s))
		}
		if i >= len(lists[1]) || axis < 0 || axis >= int64(len(s)) || step == 0 {
			return operand{}, c.Errorf("starts %v, ends %v, axes %v, steps %v of shape %v", lists[0], lists[1], lists[2], lists[3], s)
		}
		d := int64(s[axis])
		low, high := int64(0), d // of both ends, from front to back
		if step < 0 {
			low, high = -1, d-1
		}
		bound := func(v int64) int64 {
			if v < 0 {
				v = max(v, -2*d-2) + d
			}
			return max(low, min(v, high))
		}
		from, to := bound(start), bound(lists[1][i])
		if step > 0 && to < from || step < 0 && to > from {
			to = from
		}
		step = max(-d-1, min(step, d+1))
		if x.node == nil {
			if len(s) != 1 {
				return operand{}, c.Errorf("it slices whole numbers of shape %v", s)
			}
			known := tensor.NewInt(tensor.Shape{0}, nil)
			for k := from; step > 0 && k < to || step < 0 && k > to; k += step {
				known.I = append(known.I, x.known.I[k])
			}
			known.Shape[0] = len(known.I)
			x = operand{known: known}
		} else {
			l := x.layout.of(len(s))
			x = operand{node: graph.Slice(x.node, l[axis], int(from), int(to), int(step)), layout: x.layout}
		}
		s = x.shape()
	}
	return x, nil
}

func buildConcat(c *call) (operand, error) {
	axis := int(c.attrs.Int("axis", 0))
	if err := c.arity(1, 1<<16); err != nil {
		return operand{}, err
	}
	known := tensor.NewInt(tensor.Shape{0}, nil)
	for _, x := range c.in {
		if x.node != nil || x.known == nil || len(x.known.Shape) != 1 {
			known = nil
			break
		}
		known.I = append(known.I, x.known.I...)
	}
	if known != nil {
		known.Shape[0] = len(known.I)
		return operand{known: known}, nil
	}
	var ns []*graph.Node
	for i, x := range c.in {
		if x.node == nil && x.known == nil {
			return operand{}, c.Errorf("input %d is left out", i)
		}
		ns = append(ns, x.of(c.graph))
	}
	return operand{node: graph.Concat(axis, ns...)}, nil
}

func buildExpand(c *call) (operand, error) {
	if err := c.arity(2, 2); err != nil {
		return operand{}, err
	}
	list, err := c.list(1)
	if err != nil {
		return operand{}, err
	}
	to := make(tensor.Shape, len(list))
	for i, d := range list {
		if d < 0 || d > maxElements {
			return operand{}, c.Errorf("shape %v", list)
		}
		to[i] = int(d)
	}
	x := c.in[0].of(c.graph)
	if to, err = graph.Broadcast(x.Shape(), to); err != nil {
		return operand{}, c.Errorf("%v", err)
	}
	n := 1
	for _, d := range to {
		if n *= d; n > maxElements {
			return operand{}, c.Errorf("shape %v is too large", to)
		}
	}
	return operand{node: graph.Expand(x, to...)}, nil
}

// buildSqueeze drops or adds axes of size 1.
func buildSqueeze(c *call) (operand, error) {
	var axes []int64
	if c.Opset < 13 {
		axes = c.attrs.Ints("axes")
	}
	if err := c.arity(1, 2); err != nil {
		return operand{}, err
	}
	if len(c.in) == 2 {
		list, err := c.list(1)
		if err != nil {
			return operand{}, err
		}
		if list != nil {
			axes = list
		}
	}
	s := c.in[0].shape()
	rank := len(s)
	if c.Op == "Unsqueeze" {
		rank += len(axes)
	}
	marked := make([]bool, rank)
	for _, a := range axes {
		if a < 0 {
			a += int64(rank)
		}
		if a < 0 || a >= int64(rank) || marked[a] {
			return operand{}, c.Errorf("axes %v for shape %v", axes, s)
		}
		marked[a] = true
	}
	to := tensor.Shape{}
	if c.Op == "Unsqueeze" {
		for i, k := 0, 0; i < rank; i++ {
			if marked[i] {
				to = append(to, 1)
				continue
			}
			to = append(to, s[k])
			k++
		}
	} else {
		for i, d := range s {
			if marked[i] && d != 1 {
				return operand{}, c.Errorf("axis %d of shape %v is not 1", i, s)
			}
			if !marked[i] && (axes != nil || d != 1) {
				to = append(to, d)
			}
		}
	}
	if c.in[0].node == nil {
		return operand{known: &tensor.Tensor{Shape: to, I: c.in[0].known.I}}, nil
	}
	return operand{node: graph.Reshape(c.in[0].as(nil), to...)}, nil
}

// buildCast casts between floats and whole numbers, which graphs hold as floats.
func buildCast(c *call) (operand, error) {
	to := pb.DataType(c.attrs.Int("to", 0))
	c.attrs.Ignore("saturate")
	if err := c.arity(1, 1); err != nil {
		return operand{}, err
	}
	x := c.in[0]
	switch to {
	case pb.Float, pb.Double, pb.Float16, pb.BFloat16:
		return operand{node: x.asNode(c.graph), layout: x.layout}, nil
	case pb.Int64, pb.Int32:
		if x.node == nil || x.whole {
			return x, nil
		}
		size := graph.Floor(graph.Abs(x.node)) // towards zero
		return operand{node: graph.Mul(graph.Sign(x.node), size), layout: x.layout, whole: true}, nil
	case pb.Bool:
		if x.node == nil {
			return c.in[0].eachWhole(func(v int64) int64 { return truth(v != 0) }), nil
		}
		zero := graph.Equal(x.node, c.graph.Scalar(0))
		return operand{node: graph.Sub(c.graph.Scalar(1), zero), layout: x.layout, whole: true}, nil
	}
	return operand{}, c.Errorf("a cast to %v is not supported", to)
}

func buildReduce(c *call) (operand, error) {
	keep, empty := c.attrs.Int("keepdims", 1) != 0, c.attrs.Int("noop_with_empty_axes", 0) != 0
	axes := c.attrs.Ints("axes")
	if err := c.arity(1, 2); err != nil {
		return operand{}, err
	}
	if len(c.in) == 2 {
		list, err := c.list(1)
		if err != nil {
			return operand{}, err
		}
		if list != nil {
			axes = list
		}
	}
	if c.Op == "ReduceMean" && c.in[0].isWhole() {
		return operand{}, c.Errorf("a mean of whole numbers is not supported")
	}
	x := c.in[0].of(c.graph)
	if len(axes) == 0 && empty {
		return operand{node: x}, nil
	}
	over := make([]int, len(axes))
	for i, a := range axes {
		if a < int64(-len(x.Shape())) || a >= int64(len(x.Shape())) {
			return operand{}, c.Errorf("axes %v of shape %v", axes, x.Shape())
		}
		over[i] = int(a)
	}
	f := map[string][2]func(*graph.Node, ...int) *graph.Node{"ReduceSum": {graph.Sum, graph.SumKeep},
		"ReduceMean": {graph.Mean, graph.MeanKeep}, "ReduceMax": {graph.Amax, graph.AmaxKeep}}[c.Op]
	if keep {
		return operand{node: f[1](x, over...)}, nil
	}
	return operand{node: f[0](x, over...)}, nil
}
