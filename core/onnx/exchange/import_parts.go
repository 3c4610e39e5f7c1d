package exchange

import (
	"math"

	"lab/core/graph"
	"lab/core/tensor"
)

// buildSplit cuts an axis into parts: of given sizes, or equal ones, the last smaller.
func buildSplit(c *call) (operand, error) {
	axis, count := int(c.attrs.Int("axis", 0)), int(c.attrs.Int("num_outputs", int64(len(c.Outputs))))
	sizes := c.attrs.Ints("split") // before opset 13
	if err := c.arity(1, 2); err != nil {
		return operand{}, err
	}
	if len(c.in) == 2 {
		list, err := c.list(1)
		if err != nil {
			return operand{}, err
		}
		if list != nil {
			sizes = list
		}
	}
	x := c.in[0].of(c.graph)
	if axis < 0 {
		axis += len(x.Shape())
	}
	if axis < 0 || axis >= len(x.Shape()) || count != len(c.Outputs) {
		return operand{}, c.Errorf("axis %d of shape %v into %d parts", axis, x.Shape(), count)
	}
	d := x.Shape()[axis]
	if sizes == nil {
		each := (d + count - 1) / count
		for i := range count {
			sizes = append(sizes, int64(max(0, min(each, d-i*each))))
		}
	}
	at := 0
	for _, n := range sizes {
		if n < 0 || n > int64(d-at) {
			return operand{}, c.Errorf("parts %v of axis %d of shape %v", sizes, axis, x.Shape())
		}
		c.more = append(c.more, operand{node: graph.Slice(x, axis, at, at+int(n), 1)})
		at += int(n)
	}
	if at != d || len(sizes) != count {
		return operand{}, c.Errorf("parts %v of axis %d of shape %v", sizes, axis, x.Shape())
	}
	first := c.more[0]
	c.more = c.more[1:]
	return first, nil
}

// buildTrilu keeps the upper or lower triangle of the last two axes.
func buildTrilu(c *call) (operand, error) {
	upper := c.attrs.Int("upper", 1) != 0
	if err := c.arity(1, 2); err != nil {
		return operand{}, err
	}
	k := 0
	if len(c.in) == 2 {
		list, err := c.list(1)
		if err != nil || len(list) > 1 {
			return operand{}, c.Errorf("its diagonal is not a known integer")
		}
		if len(list) == 1 {
			k = int(max(-1<<31, min(list[0], 1<<31)))
		}
	}
	x := c.in[0].of(c.graph)
	if upper {
		return operand{node: graph.Triu(x, k)}, nil
	}
	return operand{node: graph.Tril(x, k)}, nil
}

func buildConstantOfShape(c *call) (operand, error) {
	value := c.attrs.Tensor("value")
	if err := c.arity(1, 1); err != nil {
		return operand{}, err
	}
	list, err := c.list(0)
	if err != nil {
		return operand{}, err
	}
	shape, n := make(tensor.Shape, len(list)), int64(1)
	for i, d := range list {
		if d < 0 || d > maxWholes || n*d > maxWholes {
			return operand{}, c.Errorf("shape %v", list)
		}
		shape[i], n = int(d), n*d
	}
	if value == nil {
		return operand{node: c.graph.Full(0, shape...)}, nil
	}
	switch t := value.Tensor; {
	case len(t.F) == 1:
		return operand{node: c.graph.Full(float64(t.F[0]), shape...)}, nil
	case len(t.I) == 1:
		known := tensor.NewInt(shape, nil)
		for i := range known.I {
			known.I[i] = t.I[0]
		}
		return operand{known: known}, nil
	}
	return operand{}, c.Errorf("its value is not one number")
}

// buildClip bounds by inputs, of which any may be left out. A bound is never trained: the
// exporters of PyTorch keep it among the weights.
func buildClip(c *call) (operand, error) {
	if c.Opset < 11 {
		lo, hi := float64(c.attrs.Float("min", -math.MaxFloat32)), float64(c.attrs.Float("max", math.MaxFloat32))
		return c.unary(func(x *graph.Node) *graph.Node { return graph.Clip(x, lo, hi) })
	}
	if err := c.check(1, 3); err != nil {
		return operand{}, err
	}
	y := c.in[0].node
	for i, bound := range c.in[1:] {
		switch n := bound.node; {
		case n == nil:
		case n.Shape().Size() != 1:
			return operand{}, c.Errorf("bound %d has shape %v", i, n.Shape())
		case i == 0:
			y = graph.Max(y, graph.StopGradient(graph.Reshape(n)))
		default:
			y = graph.Min(y, graph.StopGradient(graph.Reshape(n)))
		}
	}
	return operand{node: y, layout: c.in[0].layout}, nil
}
